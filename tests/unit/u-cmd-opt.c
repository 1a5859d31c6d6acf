/* SPDX-License-Identifier: MIT */
/* cmd/opt.c: what is understood, and where wrong options end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"

static const char *const usage[] = {
	"git model planted [<options>]",
	"git model planted --all",
	NULL
};

struct values {
	int all, dry;
	const char *name;
	unsigned jobs;
	uint64_t above;
	int64_t grace;
	struct opt_list params;
	char words[128];	/* the line, cut up; the strings point into it */
};

enum { MAX_ARGS = 32 };

/*
 * Parse the words of `line` with all options; the arguments that are left
 * come back in `line_out`, joined by '|'.
 */
static int parse(struct values *v, char line_out[256], const char *line,
		 int sub)
{
	const struct opt opts[] = {
		OPT_BOOL('a', "all", &v->all, "everything"),
		OPT_BOOL('n', "dry-run", &v->dry, "only say"),
		OPT_STRING('m', "name", &v->name, "name", "its name"),
		OPT_UINT('j', "jobs", &v->jobs, "count", "at once"),
		OPT_SIZE(0, "above", &v->above, "size", "at least"),
		OPT_DURATION(0, "grace", &v->grace, "time", "at least"),
		OPT_LIST('p', "param", &v->params, "k=v", "one of several"),
		OPT_LIST(0, "other", &v->params, "k=v", "in the same list"),
		OPT_END
	};
	const char *argv[MAX_ARGS + 1];
	char *save = NULL;
	int argc = 0, kept;

	memset(v, 0, sizeof(*v));
	assert_true(strlen(line) < sizeof(v->words));
	strcpy(v->words, line);
	for (char *w = strtok_r(v->words, " ", &save); w && argc < MAX_ARGS;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	kept = sub ? opt_parse_sub(argc, argv, opts, usage) :
		     opt_parse(argc, argv, opts, usage);
	assert_null(argv[kept]);
	line_out[0] = '\0';
	for (int i = 0; i < kept; i++) {
		strcat(line_out, argv[i]);
		strcat(line_out, "|");
	}
	return kept;
}

static void check_left(const char *line, const char *want)
{
	struct values v;
	char left[256];

	parse(&v, left, line, 0);
	assert_string_equal(left, want);
}

/* The exit code of a parse that does not come back. */
static int exit_code(const char *line)
{
	struct values v;
	char left[256];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (!freopen("/dev/null", "w", stderr) ||
		    !freopen("/dev/null", "w", stdout))
			_exit(99);
		parse(&v, left, line, 0);
		_exit(77);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_cmd_opt__long_and_short(void **state)
{
	struct values v;
	char left[256];

	(void)state;
	assert_int_equal(parse(&v, left, "x --all --name=a=b --jobs 7", 0), 0);
	assert_true(v.all);
	assert_string_equal(v.name, "a=b");
	assert_int_equal(v.jobs, 7);
	assert_int_equal(parse(&v, left, "x -anj8 -m name", 0), 0);
	assert_true(v.all && v.dry);
	assert_int_equal(v.jobs, 8);
	assert_string_equal(v.name, "name");
}

static void test_cmd_opt__sizes_and_times(void **state)
{
	struct values v;
	char left[256];

	(void)state;
	parse(&v, left, "x --above 8M --grace=2d", 0);
	assert_true(v.above == 8u << 20);
	assert_true(v.grace == 2 * 24 * 60 * 60);
}

static void test_cmd_opt__the_last_one_wins(void **state)
{
	struct values v;
	char left[256];

	(void)state;
	parse(&v, left, "x --all --no-all -j1 -j2", 0);
	assert_false(v.all);
	assert_int_equal(v.jobs, 2);
}

static void test_cmd_opt__a_list_keeps_them_all(void **state)
{
	struct values v;
	char left[256];

	(void)state;
	parse(&v, left, "x one", 0);
	assert_null(v.params.v);
	opt_list_release(&v.params);
	assert_int_equal(parse(&v, left, "x --param a=1 -pb=2 one --param=a=1 "
			       "-p c --other d -p e -p f -p g -p h -p i", 0), 1);
	assert_int_equal(v.params.count, 10);
	assert_string_equal(v.params.v[0], "a=1");
	assert_string_equal(v.params.v[1], "b=2");
	assert_string_equal(v.params.v[2], "a=1");
	assert_string_equal(v.params.v[9], "i");
	assert_null(v.params.v[10]);
	assert_string_equal(v.params.by[2], "param");
	assert_string_equal(v.params.by[4], "other");
	opt_list_release(&v.params);
	assert_null(v.params.v);
	assert_int_equal(v.params.count, 0);
}

static void test_cmd_opt__arguments_stay_in_order(void **state)
{
	(void)state;
	check_left("x", "");
	check_left("x one --all two -n three", "one|two|three|");
	check_left("x one - two", "one|-|two|");
	check_left("x one -- --all -- -z", "one|--all|--|-z|");
}

static void test_cmd_opt__sub_stops_at_the_first_argument(void **state)
{
	struct values v;
	char left[256];

	(void)state;
	parse(&v, left, "x --all add --dry-run -z", 1);
	assert_true(v.all);
	assert_false(v.dry);
	assert_string_equal(left, "add|--dry-run|-z|");
}

static void test_cmd_opt__help_is_success(void **state)
{
	(void)state;
	assert_int_equal(exit_code("x -h"), CMD_OK);
	assert_int_equal(exit_code("x --all --help"), CMD_OK);
	assert_int_equal(exit_code("x -ah"), CMD_OK);
	assert_int_equal(exit_code("x -- -h"), 77);
}

static void test_cmd_opt__wrong_is_usage(void **state)
{
	static const char *const wrong[] = {
		"x --nothing", "x -z", "x -az", "x --no-name", "x --name",
		"x -m", "x --all=1", "x --jobs=x", "x --jobs=-1", "x --jobs=",
		"x --param", "x --no-param", "x -p",
		"x --jobs=4294967296", "x -j7x", "x --above=much",
		"x --grace=soon", "x --al", "x --no-", "x --=1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (exit_code(wrong[i]) != CMD_USAGE)
			fail_msg("'%s' passes", wrong[i]);
	assert_int_equal(exit_code("x --jobs=4294967295"), 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmd_opt__long_and_short),
		cmocka_unit_test(test_cmd_opt__sizes_and_times),
		cmocka_unit_test(test_cmd_opt__the_last_one_wins),
		cmocka_unit_test(test_cmd_opt__a_list_keeps_them_all),
		cmocka_unit_test(test_cmd_opt__arguments_stay_in_order),
		cmocka_unit_test(test_cmd_opt__sub_stops_at_the_first_argument),
		cmocka_unit_test(test_cmd_opt__help_is_success),
		cmocka_unit_test(test_cmd_opt__wrong_is_usage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
