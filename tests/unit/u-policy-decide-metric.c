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
#define AUC(v) "\"metrics\":{\"auc\":" v "}"

/* -- thresholds ----------------------------------------------------------- */

static void test_policy_decide_metric__thresholds_and_their_edges(void **state)
{
	static const struct {
		const char *rule;
		enum mv_result result;
	} rows[] = {
		{ "metric = auc < 0.9", MV_RESULT_NO },
		{ "metric = auc < 0.91", MV_RESULT_YES },
		{ "metric = auc <= 0.9", MV_RESULT_YES },
		{ "metric = auc <= 0.89", MV_RESULT_NO },
		{ "metric = auc == 0.9", MV_RESULT_YES },
		{ "metric = auc == 0.91", MV_RESULT_NO },
		{ "metric = auc != 0.9", MV_RESULT_NO },
		{ "metric = auc != 0.91", MV_RESULT_YES },
		{ "metric = auc >= 0.9", MV_RESULT_YES },
		{ "metric = auc >= 0.91", MV_RESULT_NO },
		{ "metric = auc > 0.9", MV_RESULT_NO },
		{ "metric = auc > 0.89", MV_RESULT_YES },
		{ "metric = auc in 0.9..1", MV_RESULT_YES },
		{ "metric = auc in 0.8..0.9", MV_RESULT_YES },
		{ "metric = auc in 0.91..1", MV_RESULT_NO },
		{ "metric = auc in 0..0.89", MV_RESULT_NO },
	};
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.9"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_at(&w, rows[i].rule, rows[i].result, "auc = 0.9",
			 __FILE__, __LINE__);
	EVIDENCE_IS(check(&w, "metric = auc >= 0.9", YES, NULL),
		    "0000000000000001");
	EXPECTED_IS(&w.verdict.v[0], "auc >= 0.9");
	assert_string_equal(w.verdict.v[0].rule, "metric = auc >= 0.9");
	assert_string_equal(w.verdict.v[0].section, "stage production");
	assert_int_equal(w.verdict.v[0].line, 2);
	assert_null(w.verdict.v[0].advice);
	world_release(&w);
}

static void test_policy_decide_metric__what_is_no_number_is_no(void **state)
{
	static const char *const values[] = {
		"{\"number\":\"nan\"}", "{\"number\":\"inf\"}",
		"{\"number\":\"-inf\"}", "\"0.95\"", "true", "null",
		"{\"number\":\"1e999\"}",
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct world w;

		world_init(&w);
		snprintf(text, sizeof(text), "\"metrics\":{\"auc\":%s}",
			 values[i]);
		record(&w, text);
		check(&w, "metric = auc >= -1e300", NO,
		      "auc is no finite number");
		EVIDENCE_IS(check(&w, "metric = auc != 5", NO, NULL),
			    "0000000000000001");
		check(&w, "metric = auc >= -1e300 optional", NO, NULL);
		check(&w, "metric = a* >= -1e300", NO, NULL);
		world_release(&w);
	}
}

static void test_policy_decide_metric__integers_are_numbers(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, "\"metrics\":{\"n\":9007199254740993,\"zero\":-0.0}");
	check(&w, "metric = n >= 9e15", YES, NULL);
	check(&w, "metric = zero >= 0", YES, "zero = -0.0");
	check(&w, "metric = zero == 0", YES, NULL);
	world_release(&w);
}

static void test_policy_decide_metric__what_is_missing_is_unknown(void **state)
{
	struct world w;
	const struct mv_finding *f;

	(void)state;
	world_init(&w);
	record(&w, "\"metrics\":{\"other\":1}");
	f = check(&w, "metric = auc >= 0", UNKNOWN, "auc is not recorded");
	ADVICE_IS(f, "record it on the data that is asked for: git model "
		  "record ... --metric auc=VALUE --eval-data PATH; what was "
		  "recorded elsewhere (a fork) is not in refs/notes/model "
		  "here: git model fetch URL, then git model push");
	assert_null(f->evidence);
	check(&w, "metric = auc >= 0 optional", YES,
	      "auc is not recorded; optional");
	world_release(&w);
}

static void test_policy_decide_metric__the_newest_record_counts(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.99"));
	record(&w, AUC("0.5"));
	record(&w, "\"metrics\":{\"other\":1}");
	EVIDENCE_IS(check(&w, "metric = auc >= 0.9", NO, "auc = 0.5"),
		    "0000000000000002");
	world_release(&w);
}

static void test_policy_decide_metric__all_that_match_a_star(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, "\"metrics\":{\"psi.a\":0.1,\"psi.b\":0.3,\"x\":9}");
	check(&w, "metric = psi.* <= 0.3", YES, "psi.a = 0.1; psi.b = 0.3");
	check(&w, "metric = psi.* < 0.3", NO, "psi.a = 0.1; psi.b = 0.3");
	check(&w, "metric = *.a <= 0.3", YES, "psi.a = 0.1");
	check(&w, "metric = * <= 0.3", NO, NULL);
	check(&w, "metric = psu.* <= 0.3", UNKNOWN, "no metric matches psu.*");
	check(&w, "metric = psu.* <= 0.3 optional", YES, NULL);
	/* One bad value is not made good by a missing one, nor by order. */
	check(&w, "eval-on = " EASY "\nmetric = psi.* <= 0.3", UNKNOWN, NULL);
	check(&w, "eval-on = " EASY "\nmetric = psi.* <= 0.3 optional",
	      UNKNOWN, NULL);
	world_release(&w);
}

/* -- on which data -------------------------------------------------------- */

static void test_policy_decide_metric__only_the_demanded_data(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.8") "," EVAL_ON(HOLDOUT));
	record(&w, AUC("0.99") "," EVAL_ON(EASY));
	record(&w, AUC("0.98"));
	check(&w, "eval-on = " HOLDOUT "\nmetric = auc >= 0.9", NO,
	      "auc = 0.8");
	check(&w, "eval-on = " EASY "\nmetric = auc >= 0.9", YES,
	      "auc = 0.99");
	check(&w, "metric = auc >= 0.9", YES, "auc = 0.98");
	/* Recorded, but elsewhere: not "missing". */
	check(&w, "eval-on = " OID("dd") "\nmetric = auc >= 0.1 optional",
	      UNKNOWN, "auc is not recorded");
	world_release(&w);
}

/* The easy data beside the hard is another measurement. */
static void test_policy_decide_metric__no_other_data_beside_it(void **state)
{
	static const char both[] = AUC("0.99") ",\"data\":["
		"{\"content\":\"" HOLDOUT "\",\"role\":\"eval\",\"size\":1},"
		"{\"content\":\"" EASY "\",\"role\":\"eval\",\"size\":1}]";
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, both);
	check(&w, "eval-on = " HOLDOUT "\nmetric = auc >= 0.9", UNKNOWN, NULL);
	check(&w, "eval-on = " EASY "\nmetric = auc >= 0.9", UNKNOWN, NULL);
	check(&w, "eval-on = " EASY "\neval-on = " HOLDOUT
	      "\nmetric = auc >= 0.9", YES, "auc = 0.99");
	world_release(&w);
}

/* A foreign digest that looks like the ids that are asked for. */
static void test_policy_decide_metric__half_an_id_is_none(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.99") ",\"data\":[{\"digest\":\"x" HEX("aa")
	       "\",\"role\":\"eval\"}]");
	record(&w, AUC("0.99") ",\"data\":[{\"digest\":\"" HEX("aa")
	       "x\",\"role\":\"eval\"}]");
	check(&w, "eval-on = " HOLDOUT "\nmetric = auc >= 0.9", UNKNOWN, NULL);
	world_release(&w);
}

static void test_policy_decide_metric__data_by_its_path(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.99") "," EVAL_ON(HOLDOUT));
	check(&w, "eval-on = data/h.csv\nmetric = auc >= 0.9", UNKNOWN, NULL);
	answer(&w, "content data/h.csv", 1, HOLDOUT);
	check(&w, "eval-on = data/h.csv\nmetric = auc >= 0.9", YES, NULL);
	answer(&w, "content data/h.csv", 1, EASY);
	check(&w, "eval-on = data/h.csv\nmetric = auc >= 0.9", UNKNOWN, NULL);
	answer(&w, "content data/h.csv", 1, "sha256:");
	check(&w, "eval-on = data/h.csv\nmetric = auc >= 0.9", UNKNOWN, NULL);
	answer(&w, "content data/h.csv", 1, "");
	check(&w, "eval-on = data/h.csv\nmetric = auc >= 0.9", UNKNOWN, NULL);
	answer(&w, "content data/h.csv", 1, NULL);
	check(&w, "eval-on = data/h.csv\nmetric = auc >= 0.9", UNKNOWN, NULL);
	/* Neither half an id nor something of its length. */
	answer(&w, "content data/h.csv", 1, HOLDOUT "a");
	check(&w, "metric = auc > 0\neval-on = data/h.csv", UNKNOWN,
	      "data/h.csv is no content of the trusted branch");
	answer(&w, "content data/h.csv", 1, "sha256 " HEX("aa"));
	check(&w, "metric = auc > 0\neval-on = data/h.csv", UNKNOWN,
	      "data/h.csv is no content of the trusted branch");
	answer(&w, "content sha256/h.csv", 1, HOLDOUT);
	check(&w, "eval-on = sha256/h.csv\nmetric = auc >= 0.9", YES, NULL);
	world_release(&w);
}

/* More data than anybody evaluates on; less is fine. */
static void test_policy_decide_metric__a_bound_on_data(void **state)
{
	static const struct {
		int count;
		enum mv_result result;
	} rows[] = {
		{ 900, MV_RESULT_YES },
		/* 64 KiB, with a "+" between: 1008 * 65 - 1 */
		{ 1008, MV_RESULT_YES },
		{ 1009, MV_RESULT_UNKNOWN },
		{ 1500, MV_RESULT_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char *text = malloc(200000), *s = text;
		struct world w;

		world_init(&w);
		s += sprintf(s, AUC("0.9") ",\"data\":[");
		for (int j = 0; j < rows[i].count; j++)
			s += sprintf(s, "%s{\"content\":\"sha256:%064x\","
				     "\"role\":\"eval\",\"size\":1}",
				     j ? "," : "", (unsigned)j);
		sprintf(s, "]");
		record(&w, text);
		free(text);
		check_at(&w, "metric = auc >= 0.9", rows[i].result, NULL,
			 __FILE__, (int)i);
		check_at(&w, "metric = auc >= 0.9\neval-max-age = 30d",
			 rows[i].result, NULL, __FILE__, (int)i);
		world_release(&w);
	}
}

/* What narrows in one section narrows in the other. */
static void test_policy_decide_metric__data_demanded_by_another_section(
		void **state)
{
	static const char text[] =
		"[stage \"fraud#production\"]\neval-on = " HOLDOUT "\n"
		"[stage \"production\"]\nmetric = auc >= 0.9\n";
	static const char warn[] =
		"[stage \"fraud#production\"]\nmode = warn\n"
		"eval-on = " HOLDOUT "\n"
		"[stage \"production\"]\nmetric = auc >= 0.9\n";
	static const char elsewhere[] =
		"[stage \"spam#production\"]\neval-on = " HOLDOUT "\n"
		"[stage \"production\"]\nmetric = auc >= 0.9\n";
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.5") "," EVAL_ON(HOLDOUT));
	record(&w, AUC("0.99") "," EVAL_ON(EASY));
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	ACTUAL_IS(&w.verdict.v[1], "auc = 0.5");
	assert_int_equal(decide(&w, warn), MV_RESULT_YES);
	assert_int_equal(decide(&w, elsewhere), MV_RESULT_YES);
	world_release(&w);
}

/* -- against another version ---------------------------------------------- */

static struct mv_other *current(struct world *w, const char *members)
{
	struct mv_other *o = other(w, "current");

	set(&o->version, "v1.1.0");
	base_record(w, members);
	return o;
}

static void test_policy_decide_metric__not_worse_than_the_holder(void **state)
{
	static const struct {
		const char *rule, *old, *new;
		enum mv_result result;
	} rows[] = {
		{ "auc", "0.9", "0.9", MV_RESULT_YES },
		{ "auc", "0.9", "0.91", MV_RESULT_YES },
		{ "auc", "0.9", "0.8999", MV_RESULT_NO },
		/* a few bits are not worse; a few more are */
		{ "auc", "1.0", "0.9999999999995", MV_RESULT_YES },
		{ "auc", "1.0", "0.999999999995", MV_RESULT_NO },
		{ "auc margin 0.002", "0.93", "0.928", MV_RESULT_YES },
		{ "auc margin 0.002", "0.93", "0.927999", MV_RESULT_NO },
		{ "auc margin 1%", "0.9", "0.891", MV_RESULT_YES },
		{ "auc margin 1%", "0.9", "0.8909", MV_RESULT_NO },
		/* of a negative base, and of none */
		{ "auc margin 10%", "-10.0", "-11.0", MV_RESULT_YES },
		{ "auc margin 10%", "-10.0", "-11.01", MV_RESULT_NO },
		{ "auc margin 10%", "0.0", "0.0", MV_RESULT_YES },
		{ "auc margin 10%", "0.0", "-0.01", MV_RESULT_NO },
		{ "loss", "2.0", "2.0", MV_RESULT_YES },
		{ "loss", "2.0", "1.9", MV_RESULT_YES },
		{ "loss", "2.0", "2.1", MV_RESULT_NO },
		{ "loss margin 0.1", "2.0", "2.1", MV_RESULT_YES },
		/* beyond all numbers */
		{ "auc", "-1e308", "1e308", MV_RESULT_NO },
		{ "auc margin 1e307%", "1e300", "0.5", MV_RESULT_NO },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *key = strncmp(rows[i].rule, "auc", 3) ? "loss" :
								    "auc";
		struct world w;

		world_init(&w);
		snprintf(text, sizeof(text), "\"metrics\":{\"%s\":%s},"
			 EVAL_ON(HOLDOUT), key, rows[i].old);
		current(&w, text);
		snprintf(text, sizeof(text), "\"metrics\":{\"%s\":%s},"
			 EVAL_ON(HOLDOUT), key, rows[i].new);
		record(&w, text);
		snprintf(text, sizeof(text), "no-regression = %s",
			 rows[i].rule);
		check_at(&w, text, rows[i].result, NULL, __FILE__,
			 (int)i);
		world_release(&w);
	}
}

static void test_policy_decide_metric__improves_on_the_holder(void **state)
{
	static const struct {
		const char *rule, *old, *new;
		enum mv_result result;
	} rows[] = {
		{ "auc", "0.9", "0.91", MV_RESULT_YES },
		{ "auc", "0.9", "0.9", MV_RESULT_NO },
		{ "auc margin 0.01", "0.9", "0.91", MV_RESULT_YES },
		{ "auc margin 0.01", "0.9", "0.90999", MV_RESULT_NO },
		{ "auc margin 1%", "0.9", "0.909", MV_RESULT_YES },
		{ "auc margin 1%", "0.0", "0.0", MV_RESULT_NO },
		{ "auc margin 1%", "0.0", "0.001", MV_RESULT_YES },
		/* a margin below what a double can tell is no free pass */
		{ "auc margin 1e-9", "1000000.0", "1000000.0", MV_RESULT_NO },
		{ "auc margin 1e-9", "1000000.0", "999999.9999999",
		  MV_RESULT_NO },
		{ "loss margin 0.5", "2.0", "1.5", MV_RESULT_YES },
		{ "loss margin 0.5", "2.0", "2.5", MV_RESULT_NO },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *key = strncmp(rows[i].rule, "auc", 3) ? "loss" :
								    "auc";
		struct world w;

		world_init(&w);
		snprintf(text, sizeof(text), "\"metrics\":{\"%s\":%s},"
			 EVAL_ON(HOLDOUT), key, rows[i].old);
		current(&w, text);
		snprintf(text, sizeof(text), "\"metrics\":{\"%s\":%s},"
			 EVAL_ON(HOLDOUT), key, rows[i].new);
		record(&w, text);
		snprintf(text, sizeof(text), "improve = %s", rows[i].rule);
		check_at(&w, text, rows[i].result, NULL, __FILE__, (int)i);
		world_release(&w);
	}
}

static void test_policy_decide_metric__what_prints_the_same_is_the_same(
		void **state)
{
	static const struct {
		const char *old, *new;
		enum mv_result same, better;
	} rows[] = {
		{ "0.914", "0.906", MV_RESULT_YES, MV_RESULT_NO },
		{ "0.906", "0.914", MV_RESULT_YES, MV_RESULT_NO },
		{ "0.914", "0.904", MV_RESULT_NO, MV_RESULT_NO },
		{ "0.904", "0.914", MV_RESULT_YES, MV_RESULT_YES },
		{ "0.914", "{\"number\":\"nan\"}", MV_RESULT_NO,
		  MV_RESULT_NO },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		world_init(&w);
		snprintf(text, sizeof(text), "\"metrics\":{\"rounded\":%s},"
			 EVAL_ON(HOLDOUT), rows[i].old);
		current(&w, text);
		snprintf(text, sizeof(text), "\"metrics\":{\"rounded\":%s},"
			 EVAL_ON(HOLDOUT), rows[i].new);
		record(&w, text);
		check_at(&w, "no-regression = rounded", rows[i].same, NULL,
			 __FILE__, (int)i);
		check_at(&w, "improve = rounded", rows[i].better, NULL,
			 __FILE__, (int)i);
		world_release(&w);
	}
}

/* A double cannot tell these apart. One with a fraction is no whole number. */
static void test_policy_decide_metric__whole_numbers_are_exact(void **state)
{
	static const struct {
		const char *old, *new, *margin;
		enum mv_result same, better;
	} rows[] = {
		{ "9007199254740993", "9007199254740992", "", MV_RESULT_NO,
		  MV_RESULT_NO },
		{ "9007199254740992", "9007199254740993", "", MV_RESULT_YES,
		  MV_RESULT_YES },
		{ "9007199254740993", "9007199254740993", "", MV_RESULT_YES,
		  MV_RESULT_NO },
		{ "9007199254740993", "9007199254740992", " margin 1",
		  MV_RESULT_YES, MV_RESULT_NO },
		{ "9007199254740994", "9007199254740992", " margin 1",
		  MV_RESULT_NO, MV_RESULT_NO },
		/* as much as a margin may be off: one of 1e12 */
		{ "0", "999999999999", " margin 1e12", MV_RESULT_YES,
		  MV_RESULT_YES },
		{ "0", "999999999998", " margin 1e12", MV_RESULT_YES,
		  MV_RESULT_NO },
		{ "9007199254740994.0", "9007199254740992", "", MV_RESULT_YES,
		  MV_RESULT_NO },
		{ "9007199254740994", "9007199254740992.0", "", MV_RESULT_YES,
		  MV_RESULT_NO },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		world_init(&w);
		snprintf(text, sizeof(text), "\"metrics\":{\"auc\":%s},"
			 EVAL_ON(HOLDOUT), rows[i].old);
		current(&w, text);
		snprintf(text, sizeof(text), "\"metrics\":{\"auc\":%s},"
			 EVAL_ON(HOLDOUT), rows[i].new);
		record(&w, text);
		snprintf(text, sizeof(text), "no-regression = auc%s",
			 rows[i].margin);
		check_at(&w, text, rows[i].same, NULL, __FILE__, (int)i);
		snprintf(text, sizeof(text), "improve = auc%s",
			 rows[i].margin);
		check_at(&w, text, rows[i].better, NULL, __FILE__, (int)i);
		world_release(&w);
	}
}

static void test_policy_decide_metric__what_it_says_of_a_comparison(
		void **state)
{
	const struct mv_finding *f;
	struct world w;

	(void)state;
	world_init(&w);
	current(&w, AUC("0.93") "," EVAL_ON(HOLDOUT));
	record(&w, AUC("0.91") "," EVAL_ON(HOLDOUT));
	f = check(&w, "no-regression = auc margin 0.002 vs current", NO,
		  "against current v1.1.0; auc = 0.91; before: auc = 0.93");
	EVIDENCE_IS(f, "0000000000000001 00000000000000b0");
	EXPECTED_IS(f, "auc margin 0.002 vs current");
	set(&other(&w, "current")->version, NULL);
	check(&w, "no-regression = auc", NO,
	      "against current; auc = 0.91; base: auc = 0.93");
	world_release(&w);
}

static void test_policy_decide_metric__a_direction_must_be_known(void **state)
{
	const struct mv_finding *f;
	struct world w;

	(void)state;
	world_init(&w);
	current(&w, "\"metrics\":{\"neutral\":1,\"x\":1}," EVAL_ON(HOLDOUT));
	record(&w, "\"metrics\":{\"neutral\":2,\"x\":2}," EVAL_ON(HOLDOUT));
	f = check(&w, "no-regression = x", UNKNOWN,
		  "nobody said whether more of x is better");
	ADVICE_IS(f, "say direction = up or down for [metric \"x\"] in "
		  ".gitmodel/config");
	check(&w, "no-regression = neutral", UNKNOWN, NULL);
	check(&w, "no-regression = neutral optional", UNKNOWN, NULL);
	world_release(&w);
}

static void test_policy_decide_metric__whom_to_compare_with(void **state)
{
	struct mv_other *o;
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.9") "," EVAL_ON(HOLDOUT));
	check(&w, "no-regression = auc vs staging", UNKNOWN,
	      "staging is not known");
	check(&w, "no-regression = auc vs staging optional", UNKNOWN, NULL);
	o = other(&w, "current");
	o->nobody = 1;
	check(&w, "no-regression = auc", YES,
	      "first: nobody held production before");
	check(&w, "improve = auc margin 0.5", YES, NULL);
	other(&w, "v1.0.0")->nobody = 1;
	check(&w, "no-regression = auc vs v1.0.0", UNKNOWN,
	      "there is no v1.0.0");
	w.f.action = "change";		/* there is no stage */
	set(&w.f.branch, "main");
	set(&w.f.stage, NULL);
	decide(&w, "[branch \"main\"]\nno-regression = auc\n");
	ACTUAL_IS(&w.verdict.v[0], "first: nobody held current before");
	w.f.action = "promote";
	set(&w.f.stage, "production");
	o->nobody = 0;
	o->same_content = 1;
	set(&o->version, "v1.1.0");
	check(&w, "no-regression = auc", YES,
	      "against current v1.1.0; identical content");
	check(&w, "improve = auc", NO, NULL);
	o->same_content = 0;
	check(&w, "no-regression = auc", UNKNOWN, "against current v1.1.0; "
	      "auc = 0.9; before: auc is not recorded");
	/* Nothing is known of either: that may be optional. */
	check(&w, "no-regression = auc optional", YES, NULL);
	world_release(&w);
}

static void test_policy_decide_metric__missing_on_either_side(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	current(&w, AUC("0.9") "," EVAL_ON(HOLDOUT));
	record(&w, "\"metrics\":{\"other\":1}");
	check(&w, "no-regression = auc", UNKNOWN,
	      "against current v1.1.0; auc is not recorded");
	check(&w, "no-regression = auc optional", YES, NULL);
	record(&w, AUC("{\"number\":\"nan\"}") "," EVAL_ON(HOLDOUT));
	check(&w, "no-regression = auc", NO,
	      "against current v1.1.0; auc is no finite number");
	world_release(&w);
	world_init(&w);
	current(&w, AUC("{\"number\":\"inf\"}") "," EVAL_ON(HOLDOUT));
	record(&w, AUC("0.9") "," EVAL_ON(HOLDOUT));
	check(&w, "no-regression = auc optional", UNKNOWN, "against current "
	      "v1.1.0; auc = 0.9; before: auc is no finite number");
	world_release(&w);
}

static void test_policy_decide_metric__on_the_same_data(void **state)
{
	const struct mv_finding *f;
	struct world w;

	(void)state;
	world_init(&w);
	current(&w, AUC("0.8") "," EVAL_ON(HOLDOUT));
	record(&w, AUC("0.9") "," EVAL_ON(EASY));
	f = check(&w, "no-regression = auc", UNKNOWN, "against current "
		  "v1.1.0; auc = 0.9; before: auc = 0.8; measured on "
		  "different evaluation data");
	ADVICE_IS(f, "evaluate both on the same data and record it with "
		  "--eval-data, or say same-eval = false");
	/* A bad value does not go away by being recorded elsewhere. */
	check(&w, "no-regression = auc optional", UNKNOWN, NULL);
	check(&w, "same-eval = true\nno-regression = auc", UNKNOWN, NULL);
	check(&w, "same-eval = false\nno-regression = auc", YES, NULL);
	record(&w, AUC("0.95"));
	check(&w, "no-regression = auc", UNKNOWN, "against current v1.1.0; "
	      "auc = 0.95; before: auc = 0.8; nobody said on which data it "
	      "was measured");
	world_release(&w);
	world_init(&w);
	current(&w, AUC("0.8"));
	record(&w, AUC("0.9"));
	check(&w, "no-regression = auc", UNKNOWN, NULL);
	world_release(&w);
}

/* -- of another moment ---------------------------------------------------- */

/* A clock may be ten minutes wrong; what is later than that is no word of now,
   and nothing older stands in for it. */
static void test_policy_decide_metric__dated_after_the_decision(void **state)
{
	static const char ahead[] = "auc is dated 2026-11-21T08:10:01.000Z, "
		"after the moment of deciding";
	const struct mv_finding *f;
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.9") "," RUN("000000000000000a"));
	record_at(&w, -600, AUC("0.8") "," RUN("000000000000000b"));
	check(&w, "metric = auc >= 0.8", YES, "auc = 0.8");
	check(&w, "aggregate = auc min\nmetric = auc >= 0.8", YES,
	      "auc = 0.8; over 2 runs");
	record_at(&w, -601, AUC("0.7") "," RUN("000000000000000c"));
	f = check(&w, "metric = auc >= 0.1", UNKNOWN, ahead);
	ADVICE_IS(f, "record it again with a clock that is right: the new "
		  "record supersedes that one");
	EVIDENCE_IS(f, "0000000000000003");
	check(&w, "metric = auc >= 0.1 optional", UNKNOWN, ahead);
	check(&w, "aggregate = auc min\nmetric = auc >= 0.1", UNKNOWN, ahead);
	world_release(&w);
}

static void test_policy_decide_metric__dated_at_no_moment(void **state)
{
	static const char text[] =
		"[stage \"production\"]\nmetric = auc >= 0.1\n";
	struct mv_policy policy;
	struct mv_verdict v;
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.9"));
	fold(&w.f.evidence, w.lines, w.line_count);
	set(&w.f.evidence.records[0].t, "yesterday");
	parse(&policy, text);
	assert_int_equal(mv_decide(&v, &w.f, &policy, NOW, NULL), 0);
	assert_int_equal(v.result, MV_RESULT_UNKNOWN);
	ACTUAL_IS(&v.v[0], "auc is dated yesterday, after the moment of "
		  "deciding");
	mv_verdict_release(&v);
	mv_policy_release(&policy);
	world_release(&w);
}

/* -- any of --------------------------------------------------------------- */

static void test_policy_decide_metric__one_of_several_is_enough(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	current(&w, "\"metrics\":{\"auc\":0.9,\"loss\":2.0},"
		EVAL_ON(HOLDOUT));
	record(&w, "\"metrics\":{\"auc\":0.91,\"loss\":2.0},"
	       EVAL_ON(HOLDOUT));
	check(&w, "any = auc margin 0.01 | loss margin 0.5", YES, NULL);
	check(&w, "any = loss margin 0.5 | auc margin 0.01", YES, NULL);
	check(&w, "any = loss margin 0.5 | auc margin 0.02", NO, NULL);
	check(&w, "any = loss | auc", YES, NULL);
	check(&w, "any = loss", NO, NULL);
	check(&w, "any = loss vs current | auc >= 0.92", NO, NULL);
	check(&w, "any = auc >= 0.92 | auc >= 0.91", YES,
	      "auc = 0.91; auc = 0.91");
	/* What is unknown may have been a yes, and is none. */
	check(&w, "any = auc >= 0.92 | f1 >= 0.5", UNKNOWN, NULL);
	check(&w, "any = f1 >= 0.5 | auc >= 0.92", UNKNOWN, NULL);
	check(&w, "any = f1 >= 0.5 | auc >= 0.91", YES, NULL);
	world_release(&w);
}

/* -- over several runs ---------------------------------------------------- */

static void test_policy_decide_metric__aggregates_distinct_runs(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.1") "," RUN("000000000000000a"));
	record(&w, AUC("0.6") "," RUN("000000000000000b"));
	record(&w, AUC("0.9") "," RUN("000000000000000a"));
	record(&w, AUC("0.7") ",\"source\":{\"id\":\"mlflow-c\"}");
	record(&w, AUC("0.99"));	/* of no run */
	record(&w, "\"metrics\":{\"x\":1}," RUN("000000000000000a"));
	check(&w, "aggregate = auc median\nmetric = auc >= 0.7", YES,
	      "auc = 0.7; over 3 runs");
	check(&w, "aggregate = auc min\nmetric = auc >= 0.7", NO,
	      "auc = 0.6; over 3 runs");
	check(&w, "aggregate = auc max\nmetric = auc >= 0.7", YES,
	      "auc = 0.9; over 3 runs");
	check(&w, "aggregate = auc mean\nmetric = auc >= 0.7", YES,
	      "auc = 0.7333333333333333; over 3 runs");
	check(&w, "aggregate = loss mean\nmetric = auc >= 0.7", YES,
	      "auc = 0.99");
	record(&w, AUC("0.8") "," RUN("000000000000000d"));
	EVIDENCE_IS(check(&w, "aggregate = auc median\nmetric = auc >= 0.7",
			  YES, "auc = 0.75; over 4 runs"),
		    "0000000000000007");
	record(&w, AUC("0.85") "," RUN("000000000000000e"));
	record(&w, AUC("0.65") "," RUN("000000000000000e"));
	check(&w, "aggregate = auc median\nmetric = auc >= 0.7", YES,
	      "auc = 0.7; over 5 runs");
	record(&w, AUC("{\"number\":\"nan\"}") "," RUN("000000000000000f"));
	check(&w, "aggregate = auc max\nmetric = auc >= 0.7", NO,
	      "auc is no finite number");
	world_release(&w);
}

static void test_policy_decide_metric__too_few_runs_are_unknown(void **state)
{
	const struct mv_finding *f;
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.9"));
	check(&w, "aggregate = auc mean\nmetric = auc >= 0.1", UNKNOWN,
	      "auc is not recorded");
	record(&w, AUC("0.9") "," RUN("000000000000000a"));
	f = check(&w, "min-runs = 2\naggregate = auc mean\nmetric = auc >= 0.1",
		  UNKNOWN, "auc = 0.9; over 1 runs");
	ADVICE_IS(f, "train it again with another seed, and record what "
		  "comes out of it");
	check(&w, "min-runs = 1\naggregate = auc mean\nmetric = auc >= 0.1",
	      YES, NULL);
	/* Of the base, what there is. */
	current(&w, AUC("0.9") "," EVAL_ON(HOLDOUT) ","
		RUN("00000000000000ba"));
	record(&w, AUC("0.9") "," EVAL_ON(HOLDOUT) ","
	       RUN("000000000000000b"));
	record(&w, AUC("0.9") "," EVAL_ON(HOLDOUT) ","
	       RUN("000000000000000c"));
	check(&w, "min-runs = 2\naggregate = auc mean\nno-regression = auc",
	      YES, "against current v1.1.0; auc = 0.9; over 2 runs; "
	      "before: auc = 0.9; over 1 runs");
	world_release(&w);
}

/* Runs on easy data do not help; nor does one hide a bad run. */
static void test_policy_decide_metric__aggregates_on_the_same_data(
		void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	record(&w, AUC("0.2") "," EVAL_ON(HOLDOUT) ","
	       RUN("000000000000000a"));
	record(&w, AUC("0.99") "," EVAL_ON(EASY) ","
	       RUN("000000000000000a"));
	record(&w, AUC("0.98") "," EVAL_ON(EASY) ","
	       RUN("000000000000000b"));
	record(&w, AUC("0.9") "," EVAL_ON(HOLDOUT) ","
	       RUN("000000000000000c"));
	check(&w, "eval-on = " HOLDOUT "\naggregate = auc min\n"
	      "metric = auc >= 0.5", NO, "auc = 0.2; over 2 runs");
	check(&w, "aggregate = auc mean\nmetric = auc >= 0.5", YES,
	      "auc = 0.55; over 2 runs");
	check(&w, "same-eval = false\naggregate = auc min\n"
	      "metric = auc >= 0.95", NO, "auc = 0.9; over 3 runs");
	/* The base was measured where the newest run was. */
	current(&w, AUC("0.5") "," EVAL_ON(HOLDOUT) ","
		RUN("00000000000000ba"));
	check(&w, "aggregate = auc mean\nno-regression = auc", YES, NULL);
	record(&w, AUC("0.97") "," EVAL_ON(EASY) ","
	       RUN("000000000000000d"));
	check(&w, "aggregate = auc mean\nno-regression = auc", UNKNOWN, NULL);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_decide_metric__thresholds_and_their_edges),
		cmocka_unit_test(test_policy_decide_metric__what_is_no_number_is_no),
		cmocka_unit_test(test_policy_decide_metric__integers_are_numbers),
		cmocka_unit_test(test_policy_decide_metric__what_is_missing_is_unknown),
		cmocka_unit_test(test_policy_decide_metric__the_newest_record_counts),
		cmocka_unit_test(test_policy_decide_metric__all_that_match_a_star),
		cmocka_unit_test(test_policy_decide_metric__only_the_demanded_data),
		cmocka_unit_test(test_policy_decide_metric__no_other_data_beside_it),
		cmocka_unit_test(test_policy_decide_metric__half_an_id_is_none),
		cmocka_unit_test(test_policy_decide_metric__data_by_its_path),
		cmocka_unit_test(test_policy_decide_metric__a_bound_on_data),
		cmocka_unit_test(test_policy_decide_metric__data_demanded_by_another_section),
		cmocka_unit_test(test_policy_decide_metric__not_worse_than_the_holder),
		cmocka_unit_test(test_policy_decide_metric__improves_on_the_holder),
		cmocka_unit_test(test_policy_decide_metric__whole_numbers_are_exact),
		cmocka_unit_test(test_policy_decide_metric__what_it_says_of_a_comparison),
		cmocka_unit_test(test_policy_decide_metric__what_prints_the_same_is_the_same),
		cmocka_unit_test(test_policy_decide_metric__a_direction_must_be_known),
		cmocka_unit_test(test_policy_decide_metric__whom_to_compare_with),
		cmocka_unit_test(test_policy_decide_metric__missing_on_either_side),
		cmocka_unit_test(test_policy_decide_metric__on_the_same_data),
		cmocka_unit_test(test_policy_decide_metric__dated_after_the_decision),
		cmocka_unit_test(test_policy_decide_metric__dated_at_no_moment),
		cmocka_unit_test(test_policy_decide_metric__one_of_several_is_enough),
		cmocka_unit_test(test_policy_decide_metric__aggregates_distinct_runs),
		cmocka_unit_test(test_policy_decide_metric__too_few_runs_are_unknown),
		cmocka_unit_test(test_policy_decide_metric__aggregates_on_the_same_data),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
