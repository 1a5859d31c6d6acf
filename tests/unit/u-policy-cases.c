/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/policy/policy.h"

static const char policy_text[] =
	"[stage \"production\"]\n"
	"metric = auc >= 0.9\n"
	"no-regression = auc margin 0.002\n"
	"eval-on = data/holdout.csv\n"
	"eval-max-age = 30d\n"
	"max-size = 2MiB\n"
	"approvals = 1 from leads\n"
	"forbid-self-approval = author\n"
	"veto = 1 from risk\n"
	"override = 1 from risk ttl 1d\n"
	"require-clean = true\n"
	"[stage \"staging\"]\n"
	"promoter = leads\n"
	"format = safetensors\nmax-params = 7e9\nlicense = mit\n"
	"require-stage = dev\nmin-soak = 1d\nmin-interval = 1d\n"
	"reachable-from = main\ncard = C.md\nmonotonic = true\n"
	"freeze = Sat 00:00..Sun 24:00 Europe/Berlin\n"
	"[stage \"warned\"]\nmode = warn\nmax-size = 1\n"
	"[branch \"main\"]\nmax-size = 10\n"
	"[group \"leads\"]\nmember = alice@example.com\n"
	"[group \"risk\"]\nmember = carol@example.com\n";
static const char config_text[] = "[metric \"auc\"]\ndirection = up\n";

static int collect(void *payload, const char *name, int line, int passed,
		   const struct mv_verdict *verdict, const char *message,
		   struct mv_err *err)
{
	char *text = payload;
	size_t len = strlen(text);

	(void)err;
	assert_non_null(verdict);
	snprintf(text + len, 4096 - len, "%d %s: %s%s\n", line, name,
		 passed ? "ok" : "", message);
	return 0;
}

static int run(char *text, const char *cases, struct mv_err *err)
{
	struct mv_policy p;
	int rc;

	*text = '\0';
	assert_int_equal(mv_policy_parse(&p, policy_text, strlen(policy_text),
					 config_text, strlen(config_text),
					 NULL), 0);
	rc = mv_policy_run_cases(&p, "cases", cases, strlen(cases), collect,
				 text, err);
	mv_policy_release(&p);
	return rc;
}

static void check(const char *cases, const char *expected)
{
	char text[4096];
	struct mv_err err;

	if (run(text, cases, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(text, expected);
}

static void bad(const char *cases, const char *message)
{
	char text[4096];
	struct mv_err err = { MV_OK, "" };

	assert_int_equal(run(text, cases, &err), MV_EINVALID);
	assert_true(*err.msg);
	if (message)
		assert_string_equal(err.msg, message);
}

#define HEAD "[case \"c\"]\nartifact = fraud\nstage = production\n"
#define GOOD HEAD "metric = auc 0.95\neval = data/holdout.csv\n" \
	"approval = alice@example.com\nauthor = dora@example.com\n"

static void test_policy_cases__what_passes_and_what_does_not(void **state)
{
	(void)state;
	check(GOOD "expect = yes\n", "1 c: ok\n");
	check(GOOD "expect = no\n", "1 c: expected no, got yes\n");
	check(HEAD "metric = auc 0.5\nexpect = no\n", "1 c: ok\n");
	check("", "");
	check("# nothing\n", "");
}

static void test_policy_cases__several_do_not_mix(void **state)
{
	(void)state;
	check(GOOD "expect = yes\n[case \"d\"]\nartifact = fraud\n"
	      "stage = production\nexpect = no\nbecause = metric\n"
	      "[case \"e\"]\nartifact = fraud\nstage = staging\n"
	      "expect = no\nbecause = metric\n",
	      "1 c: ok\n9 d: ok\n14 e: it is not because of metric\n");
}

static void test_policy_cases__against_the_holder(void **state)
{
	(void)state;
	check(GOOD "current = v0.9.0\ncurrent.metric = auc 0.951\n"
	      "expect = yes\n", "1 c: ok\n");
	check(GOOD "current.metric = auc 0.96\nexpect = no\n"
	      "because = no-regression\n", "1 c: ok\n");
	check(GOOD "current.metric = auc 0.96\nexpect = no\n"
	      "because = metric\n", "1 c: it is not because of metric\n");
	/* On other data: not comparable. */
	check(GOOD "current.metric = auc 0.9\ncurrent.eval = data/old.csv\n"
	      "expect = unknown\nbecause = no-regression\n", "1 c: ok\n");
	/* Not known is no. */
	check(GOOD "current.metric = auc 0.9\ncurrent.eval = data/old.csv\n"
	      "expect = no\n", "1 c: ok\n");
	/* A holder of which nothing is known. */
	check(GOOD "current = v0.9.0\nexpect = unknown\n", "1 c: ok\n");
}

static void test_policy_cases__what_is_judged(void **state)
{
	(void)state;
	check(GOOD "size = 2MiB\nexpect = yes\n", "1 c: ok\n");
	check(GOOD "size = 3MiB\nexpect = no\nbecause = max-size\n",
	      "1 c: ok\n");
	check(GOOD "dirty = true\nexpect = no\nbecause = require-clean\n",
	      "1 c: ok\n");
	check(GOOD "dirty = false\nexpect = yes\n", "1 c: ok\n");
	check(GOOD "evaluated = 2025-11-01\nexpect = no\n"
	      "because = eval-max-age\n", "1 c: ok\n");
	check(GOOD "now = 2026-03-01\nexpect = no\nbecause = eval-max-age\n",
	      "1 c: ok\n");
	check(GOOD "now = 2026-01-03\nexpect = yes\n", "1 c: ok\n");
}

static void test_policy_cases__who_says_what(void **state)
{
	(void)state;
	check(HEAD "metric = auc 0.95\neval = data/holdout.csv\nauthor = x\n"
	      "expect = no\nbecause = approvals\n", "1 c: ok\n");
	check(HEAD "metric = auc 0.95\neval = data/holdout.csv\nauthor = x\n"
	      "approval = bob@example.com\nexpect = no\n", "1 c: ok\n");
	check(HEAD "metric = auc 0.95\neval = data/holdout.csv\n"
	      "author = alice@example.com\napproval = alice@example.com\n"
	      "expect = no\nbecause = approvals\n", "1 c: ok\n");
	check(GOOD "reject = carol@example.com\nexpect = no\n"
	      "because = veto\n", "1 c: ok\n");
	check(GOOD "reject = carol@example.com\n"
	      "approval = carol@example.com\nexpect = yes\n", "1 c: ok\n");
	check(GOOD "approval = carol@example.com\n"
	      "reject = carol@example.com\nexpect = no\n", "1 c: ok\n");
	check(GOOD "reject = alice@example.com\nexpect = no\n"
	      "because = approvals\n", "1 c: ok\n");
	check(GOOD "size = 3MiB\noverride = carol@example.com max-size\n"
	      "expect = overridden\nbecause = max-size\n", "1 c: ok\n");
	check(GOOD "size = 3MiB\noverride = carol@example.com metric\n"
	      "expect = no\n", "1 c: ok\n");
	check(GOOD "since-last-event = 1h\nexpect = yes\n", "1 c: ok\n");
	check(GOOD "since-last-event = 0s\nexpect = no\n"
	      "because = approvals\n", "1 c: ok\n");
}

#define STAGING "[case \"c\"]\nartifact = fraud\nstage = staging\n" \
	"promoter = alice@example.com\nformat = safetensors\n" \
	"parameters = 7000000000\ntag = license MIT\nheld = dev\n" \
	"soak = dev 2d\nsince-last-event = 25h\nreachable-from = main\n" \
	"card = C.md\nutc-offset = Europe/Berlin 1h\nversion = v1.1.0\n" \
	"current = v1.0.0\nnow = 2026-11-20T08:00:00Z\n"

static void test_policy_cases__facts_of_all_kinds(void **state)
{
	static const struct {
		const char *key, *line, *rule;
	} rows[] = {
		{ "promoter", "promoter = bob@example.com\n", "promoter" },
		{ "promoter", "", "promoter" },
		{ "format", "format = gguf\n", "format" },
		{ "format", "", "format" },
		{ "parameters", "parameters = 7000000001\n", "max-params" },
		{ "tag", "tag = license gpl\n", "license" },
		{ "held", "", "require-stage" },
		{ "soak", "soak = dev 2h\n", "min-soak" },
		{ "since-last-event", "since-last-event = 1h\n",
		  "min-interval" },
		{ "reachable-from", "not-reachable-from = main\n",
		  "reachable-from" },
		{ "card", "", "card" },
		{ "now", "now = 2026-11-20T23:00:00Z\n", "freeze" },
		{ "version", "version = v1.0.0\n", "monotonic" },
	};
	char text[2048];

	(void)state;
	check(STAGING "expect = yes\n", "1 c: ok\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[64], *at;

		snprintf(text, sizeof(text), STAGING);
		snprintf(line, sizeof(line), "\n%s = ", rows[i].key);
		at = strstr(text, line);
		assert_non_null(at);
		memmove(at + 1, strchr(at + 1, '\n') + 1,
			strlen(strchr(at + 1, '\n') + 1) + 1);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%sexpect = no\nbecause = %s\n", rows[i].line,
			 rows[i].rule);
		check(text, "1 c: ok\n");
	}
	check(STAGING "action = demote\nexpect = yes\nlineage-data = 1\n"
	      "lineage-code = 1\ndata-in-repo = yes\nparam = lr 0.1\n"
	      "holder = champion\npreviously-held = 3d\ncommitter = x\n"
	      "pusher = x\nrunner = x\nfrom = dev\n", "1 c: ok\n");
}

static void test_policy_cases__branches_and_ungoverned(void **state)
{
	(void)state;
	check("[case \"c\"]\nartifact = fraud\nbranch = main\nsize = 11\n"
	      "expect = no\nbecause = max-size\n", "1 c: ok\n");
	check("[case \"c\"]\nartifact = fraud\nbranch = topic\n"
	      "expect = yes\n",
	      "1 c: no section of the policy speaks of this\n");
	check("[case \"c\"]\nartifact = fraud\nstage = x\nexpect = yes\n",
	      "1 c: no section of the policy speaks of this\n");
	/* What only warns is no reason. */
	check("[case \"c\"]\nartifact = fraud\nstage = warned\nsize = 2\n"
	      "expect = yes\n", "1 c: ok\n");
	check("[case \"c\"]\nartifact = fraud\nstage = warned\nsize = 2\n"
	      "expect = yes\nbecause = max-size\n",
	      "1 c: it is not because of max-size\n");
}

static void test_policy_cases__what_a_case_cannot_say(void **state)
{
	(void)state;
	bad("[kase \"c\"]\n", "cases:1: a case is [case \"what it shows\"], "
	    "not 'kase'");
	bad("[case]\nexpect = no\n", "cases:1: a case is [case \"what it "
	    "shows\"], not 'case'");
	bad(HEAD, "cases:1: nothing is expected of case 'c'");
	bad(HEAD "expect = maybe\n", "cases:1: expect is yes, no, unknown or "
	    "overridden, not 'maybe'");
	bad("[case \"c\"]\nexpect = no\nstage = s\n", "cases:1: artifact and "
	    "stage (or branch) are missing in case 'c'");
	bad("[case \"c\"]\nexpect = no\nartifact = s\n", "cases:1: artifact "
	    "and stage (or branch) are missing in case 'c'");
	bad(HEAD "colour = red\n", "cases:4: a case cannot say 'colour'");
	bad(HEAD "dirty = maybe\n", "cases:4: a case cannot say 'dirty'");
	bad(HEAD "metric = auc\n", "cases:4: 'auc': expected KEY VALUE");
	bad(HEAD "size = big\n", NULL);
}

static int stop(void *payload, const char *name, int line, int passed,
		const struct mv_verdict *verdict, const char *message,
		struct mv_err *err)
{
	(void)payload;
	(void)name;
	(void)line;
	(void)passed;
	(void)verdict;
	(void)message;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_policy_cases__who_listens_may_stop(void **state)
{
	static const char text[] = GOOD "expect = yes\n";
	struct mv_policy p;

	(void)state;
	mv_policy_parse(&p, policy_text, strlen(policy_text), NULL, 0, NULL);
	assert_int_equal(mv_policy_run_cases(&p, "c", text, strlen(text), stop,
					     NULL, NULL), MV_ECANCELLED);
	mv_policy_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_cases__what_passes_and_what_does_not),
		cmocka_unit_test(test_policy_cases__several_do_not_mix),
		cmocka_unit_test(test_policy_cases__against_the_holder),
		cmocka_unit_test(test_policy_cases__what_is_judged),
		cmocka_unit_test(test_policy_cases__who_says_what),
		cmocka_unit_test(test_policy_cases__facts_of_all_kinds),
		cmocka_unit_test(test_policy_cases__branches_and_ungoverned),
		cmocka_unit_test(test_policy_cases__what_a_case_cannot_say),
		cmocka_unit_test(test_policy_cases__who_listens_may_stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
