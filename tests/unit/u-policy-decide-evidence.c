/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy-world.h"

#define EVAL_ON(oid) "\"data\":[{\"content\":\"" oid "\",\"role\":\"eval\"," \
	"\"size\":1}]"
#define RUN(id) "\"run\":{\"command\":[\"train\"],\"cwd\":\"\"," \
	"\"duration_ms\":1,\"exit\":0,\"id\":\"" id "\",\"started\":" \
	"\"2026-11-21T00:00:00.000Z\"}"
#define COMMIT "\"commit\":\"dddddddddddddddddddddddddddddddddddddddd\""
#define DIRTY "\"dirty\":\"" OID("ee") "\""
#define AUC "\"metrics\":{\"auc\":0.9}"

static struct world w;

static int begin(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_release(&w);
	return 0;
}

/* -- eval-on -------------------------------------------------------------- */

static void test_policy_decide_evidence__measured_on_the_data(void **state)
{
	const struct mv_finding *f;

	(void)state;
	f = check(&w, "eval-on = data/h.csv", UNKNOWN,
		  "data/h.csv is no content of the trusted branch");
	EXPECTED_IS(f, "metrics measured on data/h.csv, and on nothing else");
	ADVICE_IS(f, "have it there: git add data/h.csv, commit, and merge "
		  "that");
	answer(&w, "content data/h.csv", 1, HOLDOUT);
	f = check(&w, "eval-on = data/h.csv", UNKNOWN, "nothing is recorded "
		  "that was measured on " HOLDOUT);
	ADVICE_IS(f, "evaluate it there: git model record fraud@v1.2.0 "
		  "--metric NAME=VALUE --eval-data "
		  "data/h.csv");
	/* Data alone is no measurement. */
	record(&w, EVAL_ON(HOLDOUT));
	check(&w, "eval-on = data/h.csv", UNKNOWN, NULL);
	record(&w, AUC "," EVAL_ON(HOLDOUT));
	record(&w, AUC "," EVAL_ON(EASY));
	f = check(&w, "eval-on = data/h.csv", YES, "1 metrics measured on it");
	EVIDENCE_IS(f, "0000000000000002");
	assert_null(f->advice);
	record(&w, AUC "," EVAL_ON(HOLDOUT));
	f = check(&w, "eval-on = data/h.csv", YES, "1 metrics measured on it");
	EVIDENCE_IS(f, "0000000000000004");
	check(&w, "eval-on = " OID("dd"), UNKNOWN, NULL);
	/* Nor is one measured that is yet to come. */
	record_at(&w, -601, "\"metrics\":{\"auc\":0.9,\"f1\":1},"
		  EVAL_ON(HOLDOUT));
	f = check(&w, "eval-on = data/h.csv", YES, "1 metrics measured on it");
	EVIDENCE_IS(f, "0000000000000004");
	/* Both at once were never measured. */
	check(&w, "eval-on = " EASY "\neval-on = " HOLDOUT, UNKNOWN, NULL);
}

static void test_policy_decide_evidence__the_only_record(void **state)
{
	(void)state;
	record(&w, AUC "," EVAL_ON(HOLDOUT) "," COMMIT);
	check(&w, "eval-on = " HOLDOUT, YES, NULL);
	check(&w, "require-clean = true", YES, NULL);
	world_release(&w);
	world_init(&w);
	record(&w, RUN("000000000000000a"));
	check(&w, "min-runs = 1", YES, "1");
}

static void test_policy_decide_evidence__at_no_moment(void **state)
{
	struct mv_policy policy;
	struct mv_verdict v;

	(void)state;
	record(&w, AUC);
	fold(&w.f.evidence, w.lines, w.line_count);
	set(&w.f.evidence.records[0].t, "yesterday");
	parse(&policy, "[stage \"production\"]\neval-max-age = 9999d\n");
	assert_int_equal(mv_decide(&v, &w.f, &policy, NOW, NULL), 0);
	assert_int_equal(v.result, MV_RESULT_UNKNOWN);
	ACTUAL_IS(&v.v[0], "the newest measurement has no moment that can be "
		  "read");
	mv_verdict_release(&v);
	mv_policy_release(&policy);
}

/* -- eval-max-age --------------------------------------------------------- */

#define AGE "eval-max-age = 2h\n"

static void test_policy_decide_evidence__fresh_enough(void **state)
{
	const struct mv_finding *f;

	(void)state;
	check(&w, AGE, UNKNOWN, "no metrics are recorded");
	record_at(&w, 2 * HOUR, AUC);
	f = check(&w, AGE, YES, "the newest measurement is from "
		  "2026-11-21T06:00:00.000Z");
	EVIDENCE_IS(f, "0000000000000001");
	EXPECTED_IS(f, "2h");
	record_at(&w, HOUR, "\"params\":{\"a\":1}");
	check(&w, "eval-max-age = 7199s", NO, NULL);
	check(&w, AGE "metric = auc >= 0", YES, NULL);
}

static void test_policy_decide_evidence__from_the_future(void **state)
{
	(void)state;
	record_at(&w, -600, AUC);
	check(&w, AGE, YES, NULL);
	record_at(&w, -601, AUC);
	check(&w, AGE, NO, "the newest measurement is from the future: "
	      "2026-11-21T08:10:01.000Z");
}

/* A fresh number beside the old one that is judged is no help. */
static void test_policy_decide_evidence__what_is_judged_is_fresh(
		void **state)
{
	static const char *const rules[] = {
		"metric = auc >= 0", "metric = au* >= 0", "improve = auc",
		"no-regression = auc", "any = auc >= 0.5",
		"any = fresh >= 0 | auc >= 0.5", "metric = auc >= 0 optional"
	};
	char text[128];

	(void)state;
	record_at(&w, 2 * HOUR + 1, AUC);
	record_at(&w, 0, "\"metrics\":{\"fresh\":1}");
	check(&w, AGE, YES, NULL);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		/* Only "age" is looked at: the last one. */
		snprintf(text, sizeof(text), "%s\n" AGE, rules[i]);
		check_at(&w, text, MV_RESULT_NO, NULL, __FILE__, (int)i);
	}
	check(&w, "metric = fresh >= 0\n" AGE, YES,
	      "fresh is from 2026-11-21T08:00:00.000Z");
	check(&w, "metric = gone >= 0\n" AGE, UNKNOWN, "gone is not recorded");
	check(&w, "metric = gone >= 0 optional\n" AGE, YES, NULL);
	check(&w, "metric = g* >= 0\n" AGE, YES, NULL);
	check(&w, "any = gone >= 0 | fresh >= 0\n" AGE, YES, NULL);
	/* In another section that speaks of it. */
	assert_int_equal(decide(&w, "[stage \"fraud#production\"]\n" AGE
				"[stage \"production\"]\n"
				"metric = auc >= 0\n"), MV_RESULT_NO);
	assert_int_equal(decide(&w, "[stage \"fraud#production\"]\n" AGE
				"[stage \"production\"]\nmode = warn\n"
				"metric = auc >= 0\n"), MV_RESULT_YES);
}

static void test_policy_decide_evidence__fresh_on_the_demanded_data(
		void **state)
{
	(void)state;
	record_at(&w, 3 * HOUR, AUC "," EVAL_ON(HOLDOUT));
	record_at(&w, HOUR, AUC "," EVAL_ON(EASY));
	check(&w, "metric = auc >= 0\n" AGE, YES, NULL);
	check(&w, "eval-on = " HOLDOUT "\nmetric = auc >= 0\n" AGE, NO, NULL);
	check(&w, "eval-on = " OID("dd") "\nmetric = auc >= 0\n" AGE, UNKNOWN,
	      NULL);
}

/* -- min-runs ------------------------------------------------------------- */

static void test_policy_decide_evidence__distinct_runs(void **state)
{
	const struct mv_finding *f;

	(void)state;
	f = check(&w, "min-runs = 2", UNKNOWN, "0");
	EXPECTED_IS(f, "2 or more runs with the same parameters");
	record(&w, "\"params\":{\"lr\":1,\"seed\":1}," RUN("000000000000000a"));
	record(&w, AUC);
	record(&w, "\"params\":{\"lr\":1,\"seed\":1}," RUN("000000000000000a"));
	check(&w, "min-runs = 2", NO, "1");
	check(&w, "min-runs = 1", YES, "1");
	record(&w, "\"params\":{\"lr\":2,\"seed\":2}," RUN("000000000000000b"));
	check(&w, "min-runs = 2", NO, "1");
	record(&w, "\"params\":{\"lr\":1,\"model.seed\":9},\"source\":"
	       "{\"id\":\"7\"}");
	f = check(&w, "min-runs = 2", YES, "2");
	EVIDENCE_IS(f, "0000000000000005 0000000000000003");
	check(&w, "min-runs = 3", NO, "2");
}

static void test_policy_decide_evidence__the_same_parameters(void **state)
{
	static const char *const others[] = {
		"\"params\":{}", "\"params\":{\"a\":1}",
		"\"params\":{\"a\":1,\"b\":3}", "\"params\":{\"a\":1,\"c\":2}",
		"\"params\":{\"a\":1,\"b\":2,\"c\":3}",
		"\"params\":{\"a\":1,\"b\":2.0}",
		"\"params\":{\"A\":0,\"a\":1,\"b\":2}"
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		world_release(&w);
		world_init(&w);
		snprintf(text, sizeof(text), "%s," RUN("000000000000000a"),
			 others[i]);
		record(&w, text);
		record(&w, "\"params\":{\"a\":1,\"b\":2,\"seed\":3},"
		       RUN("000000000000000b"));
		check_at(&w, "min-runs = 2", MV_RESULT_NO, "1", __FILE__,
			 (int)i);
	}
	record(&w, "\"params\":{\"SEED0\":0,\"a\":1,\"b\":2},"
	       RUN("000000000000000c"));
	check(&w, "min-runs = 2", YES, NULL);
}

/* -- lineage -------------------------------------------------------------- */

static void test_policy_decide_evidence__lineage(void **state)
{
	const struct mv_finding *f;

	(void)state;
	f = check(&w, "require-lineage = data code params env run", UNKNOWN,
		  "data: not recorded, or not to be found here; "
		  "code: not recorded, or not to be found here; "
		  "params: not recorded, or not to be found here; "
		  "env: not recorded, or not to be found here; "
		  "run: not recorded, or not to be found here");
	ADVICE_IS(f, "train with git model run, or record what is missing "
		  "with git model record");
	record(&w, "\"params\":{\"a\":1},\"environment\":{\"os\":\"x\"},"
	       EVAL_ON(HOLDOUT) "," RUN("000000000000000a"));
	check(&w, "require-lineage = params env run", YES,
	      "params: recorded; env: recorded; run: recorded");
	assert_null(w.verdict.v[0].advice);
	check(&w, "require-lineage = data", UNKNOWN, NULL);
	answer(&w, "lineage-data", 0, NULL);
	check(&w, "require-lineage = data", UNKNOWN, NULL);
	answer(&w, "lineage-data", 1, NULL);
	check(&w, "require-lineage = data", YES, "data: recorded");
	answer(&w, "lineage-code", -1, NULL);
	check(&w, "require-lineage = code", UNKNOWN, NULL);
	answer(&w, "lineage-code", 1, NULL);
	check(&w, "require-lineage = code", YES, NULL);
	forget(&w, "lineage-code");
	check(&w, "require-lineage = code", UNKNOWN, NULL);
}

/* Resolved, but nothing was recorded. */
static void test_policy_decide_evidence__lineage_of_nothing(void **state)
{
	(void)state;
	answer(&w, "lineage-data", 1, NULL);
	record(&w, AUC);
	check(&w, "require-lineage = data", UNKNOWN, NULL);
	check(&w, "require-lineage = params", UNKNOWN, NULL);
	check(&w, "require-lineage = env", UNKNOWN, NULL);
	check(&w, "require-lineage = run", UNKNOWN, NULL);
	record(&w, "\"params\":{\"a\":1}");
	check(&w, "require-lineage = params", YES, NULL);
	check(&w, "require-lineage = env", UNKNOWN, NULL);
	check(&w, "require-lineage = run", UNKNOWN, NULL);
	record(&w, "\"environment\":{\"os\":\"x\"}");
	check(&w, "require-lineage = env", YES, NULL);
	check(&w, "require-lineage = run", UNKNOWN, NULL);
}

static void test_policy_decide_evidence__a_clean_tree(void **state)
{
	const struct mv_finding *f;

	(void)state;
	check(&w, "require-clean = true", UNKNOWN,
	      "nobody recorded from which commit it comes");
	check(&w, "require-clean = false", YES, "");
	record(&w, COMMIT);
	check(&w, "require-clean = true", UNKNOWN, NULL);
	record(&w, AUC);
	check(&w, "require-clean = true", UNKNOWN, NULL);
	record(&w, AUC "," COMMIT);
	f = check(&w, "require-clean = true", YES, "commit dddddddddd");
	EVIDENCE_IS(f, "0000000000000003");
	record(&w, AUC "," COMMIT "," DIRTY);
	f = check(&w, "require-clean = true", NO,
		  "commit dddddddddd with uncommitted changes");
	ADVICE_IS(f, "commit what has changed, and train it again: git model "
		  "run");
	/* A run is what made it; the other record only measured. */
	record(&w, COMMIT "," RUN("000000000000000a"));
	f = check(&w, "require-clean = true", YES, NULL);
	EVIDENCE_IS(f, "0000000000000005");
	record(&w, COMMIT "," DIRTY "," RUN("000000000000000b"));
	check(&w, "require-clean = true", NO, NULL);
	record(&w, RUN("000000000000000c"));
	check(&w, "require-clean = true", UNKNOWN, NULL);
}

static void test_policy_decide_evidence__data_in_the_repository(void **state)
{
	(void)state;
	check(&w, "data-in-repo = true", UNKNOWN,
	      "no data is recorded, or it is not to be found");
	check(&w, "data-in-repo = false", YES, "");
	answer(&w, "data-in-repo", 0, NULL);
	check(&w, "data-in-repo = true", NO,
	      "no data is recorded, or it is not to be found");
	answer(&w, "data-in-repo", 0, "data/x is not there");
	check(&w, "data-in-repo = true", NO, "data/x is not there");
	answer(&w, "data-in-repo", 1, NULL);
	check(&w, "data-in-repo = true", YES,
	      "all data is in the code's commit");
}

static void test_policy_decide_evidence__licences(void **state)
{
	const struct mv_finding *f;

	(void)state;
	f = check(&w, "license = mit apache-2.0", UNKNOWN,
		  "no licence is recorded");
	ADVICE_IS(f, "git model record fraud@v1.2.0 --tag license=NAME");
	record(&w, "\"tags\":{\"license\":\"Apache-2.0\"}");
	check(&w, "license = mit apache-2.0", YES, "Apache-2.0");
	check(&w, "license = mit apache", NO, "Apache-2.0");
	check(&w, "license = mit apache-2.00", NO, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown( \
	test_policy_decide_evidence__##name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(measured_on_the_data),
		T(the_only_record),
		T(at_no_moment),
		T(fresh_enough),
		T(from_the_future),
		T(what_is_judged_is_fresh),
		T(fresh_on_the_demanded_data),
		T(distinct_runs),
		T(the_same_parameters),
		T(lineage),
		T(lineage_of_nothing),
		T(a_clean_tree),
		T(data_in_the_repository),
		T(licences),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
