/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/base/err.h"
#include "libmv/policy/policy.h"

static const char config[] = "[metric \"auc\"]\ndirection = up\n"
	"[metric \"rf:loss\"]\ndirection = down\n";

static int collect(void *payload, int line, int serious, const char *message,
		   struct mv_err *err)
{
	char *text = payload;
	size_t len = strlen(text);

	(void)err;
	snprintf(text + len, 4096 - len, "%d%s %s\n", line, serious ? "!" : "",
		 message);
	return 0;
}

/* `tags`: the stages that tags have. */
static void check(const char *policy, const char *const *tags,
		  const char *expected)
{
	char text[4096] = "";
	struct mv_policy p;
	struct mv_err err;

	if (mv_policy_parse(&p, policy, strlen(policy), config,
			    strlen(config), &err))
		fail_msg("%s", err.msg);
	assert_int_equal(mv_policy_lint_names(&p, tags, collect, text, &err),
			 0);
	assert_string_equal(text, expected);
	mv_policy_release(&p);
}

static const char *const none[] = { NULL };
static const char *const held[] = { "production", "staging", NULL };

static void test_policy_lint_names__stages_of_rules(void **state)
{
	(void)state;
	check("[stage \"production\"]\nrequire-stage = staging\n", held, "");
	check("[stage \"production\"]\nrequire-stage = staging\n"
	      "[stage \"staging\"]\nmax-size = 1\n", none, "");
	check("[stage \"production\"]\nrequire-stage = stagign\n", held,
	      "2! require-stage: there is no stage 'stagign'; did you mean "
	      "'staging'?\n");
	check("[stage \"production\"]\nrequire-stage = canary\n", held,
	      "2 require-stage: no rule speaks of the stage 'canary', and "
	      "nothing ever was on it\n");
	check("[stage \"production\"]\nrequires-holder = prodution\n", none,
	      "2! requires-holder: there is no stage 'prodution'; did you mean "
	      "'production'?\n");
}

static void test_policy_lint_names__stages_of_sections(void **state)
{
	(void)state;
	check("[stage \"produciton\"]\nmax-size = 1\n", held,
	      "1! nothing ever was on the stage 'produciton', so these rules "
	      "never applied, and none speaks of 'production': did you mean "
	      "that?\n");
	/* An artifact's own section is of the same stage. */
	check("[stage \"rf#produciton\"]\nmax-size = 1\n", held,
	      "1! nothing ever was on the stage 'produciton', so these rules "
	      "never applied, and none speaks of 'production': did you mean "
	      "that?\n");
	/* The right one has its own: this one may be to come. */
	check("[stage \"produciton\"]\nmax-size = 1\n"
	      "[stage \"production\"]\nmax-size = 1\n", held, "");
	check("[stage \"canary\"]\nmax-size = 1\n", held, "");
	check("[stage \"produciton\"]\nmax-size = 1\n", none, "");
}

static void test_policy_lint_names__metrics(void **state)
{
	(void)state;
	check("[stage \"s\"]\nmetric = auc >= 1\n", none, "");
	/* Nobody has to write down what a metric is. */
	check("[stage \"s\"]\nmetric = precision_at_5 >= 1\n", none, "");
	check("[stage \"s\"]\nmetric = acu >= 1\n", none,
	      "2 metric: .gitmodel/config has no [metric \"acu\"]; did you "
	      "mean 'auc'?\n");
	check("[stage \"s\"]\nany = auc | aucc >= 1\n", none,
	      "2 any: .gitmodel/config has no [metric \"aucc\"]; did you mean "
	      "'auc'?\n");
}

static void check_config(const char *text, const char *expected)
{
	char said[4096] = "";
	struct mv_err err;

	if (mv_policy_lint_config(text, strlen(text), collect, said, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(said, expected);
}

static void test_policy_lint_names__keys_of_the_config(void **state)
{
	(void)state;
	check_config(config, "");
	check_config("[artifact \"rf\"]\npath = rf.bin\ntype = model\n"
		     "description = d\nlabel = l\n[repository]\nid = x\n"
		     "[filter]\nsmudge-limit = 1\n[metric \"m\"]\nunit = s\n"
		     "precision = 3\n", "");
	check_config("[artifact \"rf\"]\npaht = rf.bin\n",
		     "2 key 'paht' of artifact is not known, and ignored; did "
		     "you mean 'path'?\n");
	check_config("[metirc \"auc\"]\ndirection = up\n",
		     "2 section 'metirc' is not known, and ignored; did you "
		     "mean 'metric'?\n");
	check_config("[filter]\nsmudge-limit = banana\n",
		     "2! smudge-limit: 'banana' is not a size, such as 8M, "
		     "64 KiB or 512\n");
	check_config("[metric \"auc\"]\nzzzz = up\n",
		     "2 key 'zzzz' of metric is not known, and ignored\n");
}

static int stop(void *payload, int line, int serious, const char *message,
		struct mv_err *err)
{
	(void)line;
	(void)serious;
	(void)message;
	(void)err;
	++*(int *)payload;
	return MV_ECANCELLED;
}

static void test_policy_lint_names__who_listens_may_stop(void **state)
{
	static const char text[] = "[stage \"s\"]\nmetric = acu >= 1\n"
		"metric = aucc >= 1\n";
	struct mv_policy p;
	struct mv_err err;
	int calls = 0;

	(void)state;
	assert_int_equal(mv_policy_parse(&p, text, strlen(text), config,
					 strlen(config), &err), 0);
	assert_int_equal(mv_policy_lint_names(&p, none, stop, &calls, &err),
			 MV_ECANCELLED);
	assert_int_equal(calls, 1);
	mv_policy_release(&p);
	calls = 0;
	assert_int_equal(mv_policy_lint_config("[a]\nb = 1\nc = 1\n", 15, stop,
					       &calls, &err), MV_ECANCELLED);
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_lint_names__stages_of_rules),
		cmocka_unit_test(test_policy_lint_names__stages_of_sections),
		cmocka_unit_test(test_policy_lint_names__metrics),
		cmocka_unit_test(test_policy_lint_names__keys_of_the_config),
		cmocka_unit_test(test_policy_lint_names__who_listens_may_stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
