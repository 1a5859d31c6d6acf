/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/err.h"
#include "libmv/hook/hook.h"

#define ZERO "0000000000000000000000000000000000000000"
#define ONE "1111111111111111111111111111111111111111"
#define ONE64 ONE "111111111111111111111111"
#define ZERO64 ZERO "000000000000000000000000"

static int parse(const char *text, size_t len, int pre_push, size_t count)
{
	struct mv_ref_updates u;
	struct mv_err err = { MV_OK, "" };
	int rc = mv_hook_updates_parse(&u, text, len, pre_push, &err);

	if (rc) {
		assert_int_equal(err.code, rc);
		assert_null(u.v);
		return rc;
	}
	assert_int_equal(u.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(u.v[i].new, strlen(u.v[i].new) == 40 ? ONE :
				    ONE64);
	mv_hook_updates_release(&u);
	return 0;
}

static void test_repo_receive__reads_what_git_says(void **state)
{
	static const char one[] = ZERO " " ONE " refs/heads/main\n";
	static const char two[] = ZERO " " ONE " refs/heads/main\n"
				  ONE " " ONE " refs/tags/fraud#prod#1\n";
	static const char sha256[] = ZERO64 " " ONE64 " refs/heads/\xc3\xbc\n";
	static const char push[] = "refs/heads/main " ONE " refs/heads/x "
				   ZERO "\nHEAD^{/fix the bug} " ONE " refs/heads/y "
				   ONE "\n";
	struct mv_ref_updates u;

	(void)state;
	assert_int_equal(parse("", 0, 0, 0), 0);
	assert_int_equal(parse(one, strlen(one), 0, 1), 0);
	assert_int_equal(parse(two, strlen(two), 0, 2), 0);
	assert_int_equal(parse(sha256, strlen(sha256), 0, 1), 0);
	assert_int_equal(parse(push, strlen(push), 1, 2), 0);
	assert_int_equal(mv_hook_updates_parse(&u, push, strlen(push), 1, NULL),
			 0);
	assert_string_equal(u.v[0].ref, "refs/heads/x");
	assert_string_equal(u.v[0].old, ZERO);
	mv_hook_updates_release(&u);
}

/* What two programs could read differently is not judged but refused. */
static void test_repo_receive__refuses_everything_else(void **state)
{
	static const char *const bad[] = {
		"\n", " \n", ZERO "\n", ZERO " " ONE "\n", ZERO " " ONE " \n",
		ZERO " " ONE " refs/heads/main",
		ZERO " " ONE " refs/heads/main more\n",
		ZERO " " ONE "  refs/heads/main\n",
		ZERO "  " ONE " refs/heads/main\n",
		" " ZERO " " ONE " refs/heads/main\n",
		ZERO "\t" ONE "\trefs/heads/main\n",
		ZERO " " ONE " refs/heads/main\r\n",
		ZERO " " ONE " refs/heads/a\tb\n",
		ZERO " " ONE " refs/heads/../x\n",
		ZERO " " ONE " heads/main\n", ZERO " " ONE " HEAD\n",
		ZERO " " ONE "1 refs/heads/main\n",
		ZERO " " ONE64 " refs/heads/main\n",
		ZERO " 111111111111111111111111111111111111111A refs/heads/m\n",
		ZERO " main refs/heads/main\n",
		ZERO " " ONE " refs/heads/main\n\n",
		ZERO " " ONE " refs/heads/main\n" ZERO,
	};
	static const char nul[] = ZERO " " ONE " refs/heads/a\0b\n";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], strlen(bad[i]), 0, 0) != MV_EINVALID)
			fail_msg("read: %s", bad[i]);
	assert_int_equal(parse(nul, sizeof(nul) - 1, 0, 0), MV_EINVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repo_receive__reads_what_git_says),
		cmocka_unit_test(test_repo_receive__refuses_everything_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
