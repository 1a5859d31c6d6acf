/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/project.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char config[] =
	"[metric \"acc\"]\ndirection = up\n"
	"[metric \"loss\"]\ndirection = down\n"
	"[metric \"*.loss\"]\ndirection = down\n"
	"[metric \"val.*\"]\ndirection = up\n"
	"[metric \"plain\"]\ndirection = none\n"
	"[metric \"shown\"]\ndirection = up\nprecision = 2\n"
	"[metric \"val.loss\"]\nunit = nats\n";

/* The evidence of one record with these metrics, measured on that. */
static void evidence(struct mv_evidence *e, const char *metrics,
		     const char *data)
{
	char *line = mv_strf("{\"t\":\"2026-11-21T08:15:00.001Z\",\"kind\":"
			     "\"evidence\",\"content\":\"sha256:" A64 "\","
			     "\"data\":[%s],\"metrics\":{%s}}", data, metrics);
	const char *v[1] = { line };
	struct mv_lines lines = { v, 1, NULL };

	assert_non_null(line);
	assert_int_equal(mv_evidence_fold(e, &lines, NULL), 0);
	assert_int_equal(e->skipped, 0);
	free(line);
}

static void compare_on(struct mv_changes *out, const char *old,
		       const char *old_data, const char *new,
		       const char *new_data, int all)
{
	struct mv_evidence a, b;
	struct mv_project p;
	struct mv_err err;

	evidence(&a, old, old_data);
	evidence(&b, new, new_data);
	assert_int_equal(mv_project_parse(&p, "c", config, strlen(config),
					  NULL), 0);
	assert_int_equal(mv_compare_metrics(out, &a, &b, &p, NULL, all,
					    &err), 0);
	/* What it holds is its own, but for the rules. */
	for (size_t i = 0; i < out->count; i++)
		out->v[i].rule = NULL;
	mv_evidence_release(&a);
	mv_evidence_release(&b);
	mv_project_release(&p);
}

/* One metric on both sides; with all, because equal ones are left out. */
static enum mv_judgement judge(const char *key, const char *old,
			       const char *new)
{
	char *a = mv_strf("\"%s\":%s", key, old);
	char *b = mv_strf("\"%s\":%s", key, new);
	enum mv_judgement j;
	struct mv_changes c;

	assert_true(a && b);
	compare_on(&c, a, "", b, "", 1);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.v[0].key, key);
	j = c.v[0].judgement;
	mv_changes_release(&c);
	free(a);
	free(b);
	return j;
}

#define NAN_ "{\"number\":\"nan\"}"
#define INF "{\"number\":\"inf\"}"
#define NINF "{\"number\":\"-inf\"}"
#define BIG "{\"number\":\"123456789012345678901234567890\"}"

static void test_meta_compare__judged_by_direction(void **state)
{
	(void)state;
	assert_int_equal(judge("acc", "0.5", "0.6"), MV_JUDGE_BETTER);
	assert_int_equal(judge("acc", "0.6", "0.5"), MV_JUDGE_WORSE);
	assert_int_equal(judge("loss", "0.5", "0.6"), MV_JUDGE_WORSE);
	assert_int_equal(judge("loss", "0.6", "0.5"), MV_JUDGE_BETTER);
	assert_int_equal(judge("plain", "0.6", "0.5"), MV_JUDGE_NONE);
	/* The last bits of a sum are nobody's regression. */
	assert_int_equal(judge("loss", "0.3", "0.30000000000000004"),
			 MV_JUDGE_SAME);
	assert_int_equal(judge("loss", "0.3", "0.300000000001"),
			 MV_JUDGE_WORSE);
	/* What prints the same is the same. */
	assert_int_equal(judge("shown", "0.914", "0.906"), MV_JUDGE_SAME);
	assert_int_equal(judge("shown", "0.914", "0.904"), MV_JUDGE_WORSE);
	assert_int_equal(judge("shown", "0.904", "0.906"), MV_JUDGE_BETTER);
	assert_int_equal(judge("shown", "0.5", NAN_), MV_JUDGE_WORSE);
	assert_int_equal(judge("loss", "9007199254740992", "9007199254740993"),
			 MV_JUDGE_WORSE);
	assert_int_equal(judge("other", "0.6", "0.5"), MV_JUDGE_NONE);
	assert_int_equal(judge("x.loss", "0.6", "0.5"), MV_JUDGE_BETTER);
	assert_int_equal(judge("val.x", "0.6", "0.5"), MV_JUDGE_WORSE);
	/* Its own rule says nothing, and no glob is asked then. */
	assert_int_equal(judge("val.loss", "0.6", "0.5"), MV_JUDGE_NONE);
	assert_int_equal(judge("acc", "1", "1.0"), MV_JUDGE_SAME);
	assert_int_equal(judge("acc", "0.0", "-0.0"), MV_JUDGE_SAME);
	assert_int_equal(judge("other", "5", "5"), MV_JUDGE_SAME);
	assert_int_equal(judge("acc", "\"a\"", "\"b\""), MV_JUDGE_NONE);
	assert_int_equal(judge("acc", "1", "\"1\""), MV_JUDGE_NONE);
	assert_int_equal(judge("acc", "true", "false"), MV_JUDGE_NONE);
	assert_int_equal(judge("acc", "\"a\"", "\"a\""), MV_JUDGE_SAME);
	assert_int_equal(judge("acc", "9007199254740993", "9007199254740992"),
			 MV_JUDGE_WORSE);
	assert_int_equal(judge("acc", "1", BIG), MV_JUDGE_BETTER);
	assert_int_equal(judge("acc", INF, "1"), MV_JUDGE_WORSE);
	assert_int_equal(judge("loss", NINF, "1"), MV_JUDGE_WORSE);
	assert_int_equal(judge("loss", INF, INF), MV_JUDGE_SAME);
}

static void test_meta_compare__nan_is_worse_than_any_number(void **state)
{
	static const char *const keys[] = { "acc", "loss" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(judge(keys[i], "0.5", NAN_), MV_JUDGE_WORSE);
		assert_int_equal(judge(keys[i], NAN_, "0.5"),
				 MV_JUDGE_BETTER);
		assert_int_equal(judge(keys[i], NAN_, NAN_), MV_JUDGE_SAME);
		assert_int_equal(judge(keys[i], INF, NAN_), MV_JUDGE_WORSE);
		assert_int_equal(judge(keys[i], NAN_, NINF), MV_JUDGE_BETTER);
	}
	assert_int_equal(judge("other", "0.5", NAN_), MV_JUDGE_NONE);
	assert_int_equal(judge("other", NAN_, NAN_), MV_JUDGE_SAME);
}

static double number(const char *text)
{
	return strtod(text, NULL);
}

/*
 * MLflow's comparison for "lower is better" was not the mirror of the one for
 * "higher is better" (mlflow#6328): there the sign of the old value, or of
 * the change, counted twice. Here turning the direction and turning the sign
 * of both values are one thing.
 */
static void test_meta_compare__lower_is_the_mirror_of_higher(void **state)
{
	static const char *const v[] = { "-2.5", "-1", "-0.1", "0", "0.1",
					 "1", "2.5" };

	(void)state;
	for (size_t i = 0; i < 7; i++)
		for (size_t k = 0; k < 7; k++) {
			enum mv_judgement up = judge("acc", v[i], v[k]);
			enum mv_judgement down = judge("loss", v[i], v[k]);

			assert_int_equal(up, i == k ? MV_JUDGE_SAME : k > i ?
					 MV_JUDGE_BETTER : MV_JUDGE_WORSE);
			assert_int_equal(down, i == k ? MV_JUDGE_SAME : k < i ?
					 MV_JUDGE_BETTER : MV_JUDGE_WORSE);
			assert_int_equal(judge("loss", v[6 - i], v[6 - k]),
					 up);
		}
}

static void assert_change(const char *old, const char *new, int has,
			  double diff, double relative)
{
	static const char *const keys[] = { "acc", "loss", "other" };

	/* The same figures, whatever the direction. */
	for (size_t i = 0; i < 3; i++) {
		char *a = mv_strf("\"%s\":%s", keys[i], old);
		char *b = mv_strf("\"%s\":%s", keys[i], new);
		struct mv_changes c;

		compare_on(&c, a, "", b, "", 1);
		assert_int_equal(c.v[0].has_diff, has);
		assert_true(c.v[0].diff == diff);
		if (isnan(relative))
			assert_true(isnan(c.v[0].relative));
		else
			assert_true(fabs(c.v[0].relative - relative) < 1e-12);
		mv_changes_release(&c);
		free(a);
		free(b);
	}
}

static void test_meta_compare__difference_and_relative(void **state)
{
	(void)state;
	assert_change("0.5", "0.75", 1, 0.25, 0.5);
	assert_change("0.75", "0.5", 1, -0.25, -1.0 / 3);
	assert_change("-2", "-1", 1, 1, 0.5);
	assert_change("-1", "-2", 1, -1, -1);
	assert_change("0", "1", 1, 1, NAN);
	assert_change("2", "2", 1, 0, 0);
	assert_change("9007199254740993", "9007199254740994", 1, 1,
		      1 / number("9007199254740993"));
	assert_change("-9223372036854775808", "9223372036854775807", 1,
		      18446744073709551615.0, 2);
	assert_change("1", NAN_, 0, 0, NAN);
	assert_change(INF, "1", 0, 0, NAN);
	assert_change("\"1\"", "2", 0, 0, NAN);
	assert_change("-1e308", "1e308", 0, 0, NAN);
	assert_change("5e-324", "1e300", 1, 1e300, NAN);
	assert_change("true", "1", 0, 0, NAN);
}

static void test_meta_compare__sorted_and_without_equal_ones(void **state)
{
	struct mv_changes c;

	(void)state;
	compare_on(&c, "\"gone\":1,\"same\":2,\"x\":\"a\",\"one\":1", "",
		   "\"added\":\"s\",\"same\":2,\"x\":\"b\",\"one\":1.0", "", 0);
	assert_int_equal(c.count, 3);
	assert_string_equal(c.v[0].key, "added");
	assert_false(c.v[0].has_old);
	assert_true(c.v[0].has_new);
	assert_null(c.v[0].old.text);
	assert_string_equal(c.v[0].new.text, "s");
	assert_int_equal(c.v[0].judgement, MV_JUDGE_NONE);
	assert_string_equal(c.v[1].key, "gone");
	assert_true(c.v[1].has_old);
	assert_false(c.v[1].has_new);
	assert_null(c.v[1].new.text);
	assert_false(c.v[1].has_diff);
	assert_string_equal(c.v[2].key, "x");
	assert_string_equal(c.v[2].old.text, "a");
	assert_string_equal(c.v[2].new.text, "b");
	mv_changes_release(&c);
	assert_int_equal(c.count, 0);
	compare_on(&c, "\"same\":2", "", "\"same\":2", "", 1);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.v[0].judgement, MV_JUDGE_SAME);
	mv_changes_release(&c);
	compare_on(&c, "", "", "", "", 1);
	assert_int_equal(c.count, 0);
	mv_changes_release(&c);
}

#define REF(role, oid) "{\"content\":\"sha256:" oid "\",\"role\":\"" role "\"}"

static int incomparable(const char *old_data, const char *new_data)
{
	struct mv_changes c;
	int rc;

	compare_on(&c, "\"acc\":1,\"gone\":1", old_data,
		   "\"acc\":2,\"new\":1", new_data, 0);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.v[0].judgement, MV_JUDGE_BETTER);
	rc = c.v[0].incomparable;
	/* What stands alone is compared with nothing. */
	assert_int_equal(c.v[1].incomparable, 0);
	assert_int_equal(c.v[2].incomparable, 0);
	mv_changes_release(&c);
	return rc;
}

static void test_meta_compare__other_evaluation_data_is_said(void **state)
{
	(void)state;
	assert_int_equal(incomparable("", ""), 0);
	assert_int_equal(incomparable(REF("eval", A64), REF("eval", A64)), 0);
	assert_int_equal(incomparable(REF("eval", A64), REF("eval", B64)), 1);
	assert_int_equal(incomparable("", REF("eval", B64)), 1);
	assert_int_equal(incomparable(REF("eval", B64), ""), 1);
	assert_int_equal(incomparable(REF("train", A64) "," REF("eval", B64),
				      REF("eval", B64)), 0);
	assert_int_equal(incomparable(REF("train", A64), REF("train", B64)),
			 0);
	assert_int_equal(incomparable(REF("", A64), REF("eval", A64)), 0);
}

/* Of each metric its own record's data, not the newest. */
static void test_meta_compare__each_metric_has_its_own_data(void **state)
{
	static const char *const v[] = {
		"{\"t\":\"2026-11-21T08:15:00.001Z\",\"kind\":\"evidence\","
		"\"content\":\"sha256:" A64 "\",\"data\":[" REF("eval", A64)
		"],\"metrics\":{\"a\":1}}",
		"{\"t\":\"2026-11-21T08:15:00.002Z\",\"kind\":\"evidence\","
		"\"content\":\"sha256:" A64 "\",\"data\":[" REF("eval", B64)
		"],\"metrics\":{\"b\":1}}",
	};
	struct mv_lines lines = { (const char **)v, 2, NULL };
	struct mv_evidence old, new;
	struct mv_changes c;

	(void)state;
	assert_int_equal(mv_evidence_fold(&old, &lines, NULL), 0);
	evidence(&new, "\"a\":2,\"b\":2", REF("eval", A64));
	assert_int_equal(mv_compare_metrics(&c, &old, &new, NULL, NULL, 0,
					    NULL), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.v[0].incomparable, 0);
	assert_int_equal(c.v[1].incomparable, 1);
	assert_null(c.v[0].rule);
	mv_changes_release(&c);
	mv_evidence_release(&old);
	mv_evidence_release(&new);
}

static void test_meta_compare__rules_are_named(void **state)
{
	struct mv_evidence e;
	struct mv_project p;
	struct mv_changes c;

	(void)state;
	evidence(&e, "\"loss\":1,\"other\":1", "");
	assert_int_equal(mv_project_parse(&p, "c", config, strlen(config),
					  NULL), 0);
	assert_int_equal(mv_compare_metrics(&c, &e, &e, &p, NULL, 1, NULL), 0);
	assert_ptr_equal(c.v[0].rule, mv_project_metric(&p, NULL, "loss"));
	assert_null(c.v[1].rule);
	mv_changes_release(&c);
	mv_project_release(&p);
	mv_evidence_release(&e);
}

static void test_meta_compare__facts_are_compared_exactly(void **state)
{
	struct mv_facts old = MV_FACTS_INIT, new = MV_FACTS_INIT;
	struct mv_changes c;

	(void)state;
	assert_int_equal(mv_facts_set_arg(&old, "epochs=10", NULL), 0);
	assert_int_equal(mv_facts_set_arg(&new, "epochs=10.0", NULL), 0);
	assert_int_equal(mv_facts_set_arg(&old, "lr=0.1", NULL), 0);
	assert_int_equal(mv_facts_set_arg(&new, "lr=0.1", NULL), 0);
	assert_int_equal(mv_facts_set_arg(&new, "opt=adam", NULL), 0);
	assert_int_equal(mv_compare_facts(&c, &old, &new, 0, NULL), 0);
	assert_int_equal(c.count, 2);
	assert_string_equal(c.v[0].key, "epochs");
	assert_string_equal(c.v[0].old.text, "10");
	assert_string_equal(c.v[0].new.text, "10.0");
	assert_int_equal(c.v[0].judgement, MV_JUDGE_NONE);
	assert_string_equal(c.v[1].key, "opt");
	assert_false(c.v[1].has_old);
	mv_changes_release(&c);
	assert_int_equal(mv_compare_facts(&c, &old, &new, 1, NULL), 0);
	assert_int_equal(c.count, 3);
	assert_string_equal(c.v[1].key, "lr");
	assert_int_equal(c.v[1].judgement, MV_JUDGE_SAME);
	mv_changes_release(&c);
	mv_facts_release(&old);
	mv_facts_release(&new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_compare__judged_by_direction),
		cmocka_unit_test(test_meta_compare__nan_is_worse_than_any_number),
		cmocka_unit_test(test_meta_compare__lower_is_the_mirror_of_higher),
		cmocka_unit_test(test_meta_compare__difference_and_relative),
		cmocka_unit_test(test_meta_compare__sorted_and_without_equal_ones),
		cmocka_unit_test(test_meta_compare__other_evaluation_data_is_said),
		cmocka_unit_test(test_meta_compare__each_metric_has_its_own_data),
		cmocka_unit_test(test_meta_compare__rules_are_named),
		cmocka_unit_test(test_meta_compare__facts_are_compared_exactly),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
