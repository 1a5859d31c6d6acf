/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/policy/priv.h"

static int parse(struct mv_rule *rule, const char *where, const char *key,
		 const char *value, struct mv_err *err)
{
	memset(rule, 0, sizeof(*rule));
	return mv_rule_parse(rule, where, key, value, err);
}

static void release(struct mv_rule *rule)
{
	free(rule->key);
	free(rule->value);
	mv_rule_args_free(rule->args);
}

static struct mv_rule good(const char *where, const char *key,
			   const char *value)
{
	struct mv_rule rule;
	struct mv_err err;

	if (parse(&rule, where, key, value, &err))
		fail_msg("%s = %s: %s", key, value, err.msg);
	assert_string_equal(rule.key, key);
	assert_string_equal(rule.value, value);
	return rule;
}

static void bad(const char *where, const char *key, const char *value,
		const char *message)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_rule rule;

	if (parse(&rule, where, key, value, &err) != MV_EINVALID)
		fail_msg("%s = %s: accepted", key, value);
	if (message)
		assert_string_equal(err.msg, message);
	assert_true(*err.msg);
	release(&rule);
}

/* -- numbers -------------------------------------------------------------- */

static void test_policy_rules__thresholds(void **state)
{
	static const struct {
		const char *value;
		enum mv_op op;
		double a, b;
		int optional;
	} rows[] = {
		{ "auc < 1", MV_OP_LT, 1, 0, 0 },
		{ "auc <= -1.5", MV_OP_LE, -1.5, 0, 0 },
		{ "auc == 1e-3", MV_OP_EQ, 1e-3, 0, 0 },
		{ "auc != 0", MV_OP_NE, 0, 0, 0 },
		{ "auc >= +.5", MV_OP_GE, 0.5, 0, 0 },
		{ "auc > 1E2 optional", MV_OP_GT, 100, 0, 1 },
		{ "auc in 0..0.2", MV_OP_IN, 0, 0.2, 0 },
		{ "auc in -2..-1 optional", MV_OP_IN, -2, -1, 1 },
		{ "auc in 1..1", MV_OP_IN, 1, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mv_rule r = good("stage", "metric", rows[i].value);

		assert_int_equal(r.kind, MV_RULE_METRIC);
		assert_string_equal(r.args->metric, "auc");
		assert_int_equal(r.args->op, rows[i].op);
		assert_true(r.args->a == rows[i].a);
		assert_true(r.args->b == rows[i].b);
		assert_int_equal(r.args->optional, rows[i].optional);
		release(&r);
	}
}

static void test_policy_rules__what_is_no_threshold(void **state)
{
	static const char *const values[] = {
		"", "auc", "auc >=", "auc >= x", "auc >= nan", "auc >= inf",
		"auc >= -inf", "auc >= 0x10", "auc >= 1e999", "auc >= 1,5",
		"auc >= 1e", "auc >= --1", "auc >= .", "auc => 1", "auc = 1",
		"auc in", "auc in 1", "auc in 1..", "auc in ..1",
		"auc in 2..1", "auc in nan..1", "auc in 1..nan",
		"auc >= 1 optional x", "auc >= 1 x", "auc >= 1 2",
		"auc in 0..1 2", "auc >=1", "auc in 0 ..1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		bad("stage", "metric", values[i], NULL);
	bad("stage", "metric", "auc >= x", "'auc >= x': expected KEY OPERATOR "
	    "NUMBER, such as auc >= 0.92");
	bad("stage", "metric", "auc >= 1 x", "'auc >= 1 x': 'x' is too much");
}

static void test_policy_rules__changes(void **state)
{
	struct mv_rule r = good("stage", "no-regression", "auc");

	(void)state;
	assert_string_equal(r.args->vs, "current");
	assert_true(r.args->a == 0);
	release(&r);
	r = good("stage", "improve", "auc margin 0.5% vs v1.2.0 optional");
	assert_int_equal(r.kind, MV_RULE_IMPROVE);
	assert_string_equal(r.args->vs, "v1.2.0");
	assert_true(r.args->a == 0.5);
	assert_true(r.args->percent);
	assert_true(r.args->optional);
	release(&r);
	r = good("branch", "no-regression", "auc vs merge-base");
	assert_string_equal(r.args->vs, "merge-base");
	assert_false(r.args->percent);
	release(&r);
	bad("stage", "improve", "", "'': expected KEY margin NUMBER");
	bad("stage", "improve", "auc.*", NULL);
	bad("stage", "improve", "auc margin", NULL);
	bad("stage", "improve", "auc margin %", NULL);
	bad("stage", "improve", "auc margin -1", NULL);
	bad("stage", "improve", "auc margin -1%", NULL);
	bad("stage", "improve", "auc margin nan", NULL);
	bad("stage", "improve", "auc margin 1 %", NULL);
	bad("stage", "improve", "auc vs", NULL);
	bad("stage", "improve", "auc vs a~b", NULL);
	bad("stage", "improve", "auc vs current staging", NULL);
	bad("stage", "improve", "auc optional vs current", NULL);
}

static void test_policy_rules__alternatives(void **state)
{
	struct mv_rule r = good("stage", "any", "auc margin 0.01 | f1 | "
				"loss <= 2 | x in 0..1 | y vs staging");
	const struct mv_rule_args *a = r.args;

	(void)state;
	assert_true(a->improve && a->a == 0.01);
	a = a->next;
	assert_true(a->improve && !strcmp(a->metric, "f1"));
	assert_string_equal(a->vs, "current");
	a = a->next;
	assert_true(!a->improve && a->op == MV_OP_LE && a->a == 2);
	a = a->next;
	assert_true(!a->improve && a->op == MV_OP_IN && a->b == 1);
	a = a->next;
	assert_true(a->improve && !strcmp(a->vs, "staging"));
	assert_null(a->next);
	release(&r);
	bad("stage", "any", "", NULL);
	bad("stage", "any", "| auc", NULL);
	bad("stage", "any", "auc |", NULL);
	bad("stage", "any", "auc | | f1", NULL);
	bad("stage", "any", "auc x", NULL);
	bad("stage", "any", "auc optional", NULL);
}

/* -- the other shapes ----------------------------------------------------- */

static void test_policy_rules__people(void **state)
{
	struct mv_rule r = good("stage", "approvals", "2 from leads");

	(void)state;
	assert_true(r.args->number == 2);
	assert_string_equal(r.args->text, "leads");
	release(&r);
	r = good("stage", "veto", "999999999");
	assert_true(r.args->number == 999999999);
	assert_null(r.args->text);
	release(&r);
	r = good("stage", "override", "1 from oncall ttl 48h");
	assert_true(r.args->seconds == 48 * 3600);
	release(&r);
	r = good("stage", "rollback", "previously-held within 90d");
	assert_true(r.args->seconds == 90 * 86400 && r.args->number == 0);
	release(&r);
	r = good("stage", "rollback",
		 "previously-held within 90d approvals 1 from leads");
	assert_true(r.args->number == 1);
	assert_string_equal(r.args->text, "leads");
	release(&r);
	bad("stage", "approvals", "", NULL);
	bad("stage", "approvals", "0", NULL);
	bad("stage", "approvals", "-1", NULL);
	bad("stage", "approvals", "1.5", NULL);
	bad("stage", "approvals", "1000000000", NULL);
	bad("stage", "approvals", "18446744073709551617", NULL);
	bad("stage", "approvals", "2 from", NULL);
	bad("stage", "approvals", "2 of leads", NULL);
	bad("stage", "approvals", "2 from leads risk", NULL);
	bad("stage", "override", "1", NULL);
	bad("stage", "override", "1 ttl", NULL);
	bad("stage", "override", "1 ttl 0", NULL);
	bad("stage", "override", "1 ttl x", NULL);
	bad("stage", "rollback", "within 90d", NULL);
	bad("stage", "rollback", "previously-held", NULL);
	bad("stage", "rollback", "previously-held within now", NULL);
	bad("stage", "rollback", "previously-held within 9d approvals 0", NULL);
}

static void test_policy_rules__words_and_files(void **state)
{
	struct mv_rule r = good("stage", "format", "a b c");

	(void)state;
	assert_string_equal(r.args->words[2], "c");
	assert_null(r.args->words[3]);
	release(&r);
	r = good("stage", "card", "docs/C.md sections a b");
	assert_string_equal(r.args->text, "docs/C.md");
	assert_string_equal(r.args->words[1], "b");
	release(&r);
	r = good("stage", "card", "C.md");
	assert_null(r.args->words);
	release(&r);
	r = good("stage", "aggregate", "auc median");
	assert_string_equal(r.args->metric, "auc");
	assert_string_equal(r.args->text, "median");
	release(&r);
	bad("stage", "format", "", NULL);
	/* A comment would widen what is allowed. */
	bad("stage", "license", "mit # never gpl",
	    "'mit # never gpl': expected words; '#' behind a value begins no "
	    "comment, put it on a line of its own");
	bad("stage", "license", "mit #gpl", NULL);
	bad("stage", "forbid-format", "pickle # x", NULL);
	bad("stage", "card", "C.md sections a # b", NULL);
	bad("stage", "card", "", NULL);
	bad("stage", "card", "C.md sections", NULL);
	bad("stage", "card", "C.md a", NULL);
	bad("stage", "card", "/etc/passwd", NULL);
	bad("stage", "card", "../x", NULL);
	bad("stage", "card", "a/../x", NULL);
	bad("stage", "card", "a/..", NULL);
	bad("stage", "card", "./a", NULL);
	bad("stage", "card", "a//b", NULL);
	bad("stage", "card", "a/", NULL);
	bad("stage", "card", "-x", NULL);
	bad("stage", "aggregate", "auc", NULL);
	bad("stage", "aggregate", "", NULL);
	bad("stage", "aggregate", "auc best", NULL);
	bad("stage", "dismiss-on", "content weather",
	    "'weather' is not known in dismiss-on");
	bad("stage", "require-signature", "record", NULL);
	bad("stage", "forbid-self-approval", "me", NULL);
	bad("stage", "require-lineage", "data git", NULL);
	release((r = good("stage", "card", "..a/b..c/...d"), &r));
}

static void test_policy_rules__data(void **state)
{
	struct mv_rule r = good("stage", "eval-on", "data/holdout.csv");

	(void)state;
	release(&r);
	r = good("stage", "eval-on", "sha256:"
		 "0123456789abcdef0123456789abcdef"
		 "0123456789abcdef0123456789abcdef");
	release(&r);
	bad("stage", "eval-on", "", NULL);
	bad("stage", "eval-on", "sha256:", NULL);
	bad("stage", "eval-on", "sha256:0123456789abcdef", NULL);
	bad("stage", "eval-on", "sha256:"
	    "0123456789ABCDEF0123456789abcdef"
	    "0123456789abcdef0123456789abcdef", NULL);
	bad("stage", "eval-on", "sha256:"
	    "0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdef0", NULL);
	bad("stage", "eval-on", "../x", NULL);
	bad("stage", "eval-on", "a b", NULL);
}

static void test_policy_rules__scalars(void **state)
{
	struct mv_rule r = good("stage", "max-size", "2GiB");

	(void)state;
	assert_true(r.args->number == UINT64_C(2) << 30);
	release(&r);
	r = good("stage", "max-size", "64 KiB");
	assert_true(r.args->number == 65536);
	release(&r);
	r = good("stage", "max-params", "7e9");
	assert_true(r.args->a == 7e9);
	release(&r);
	r = good("stage", "eval-max-age", "30d");
	assert_true(r.args->seconds == 30 * 86400);
	release(&r);
	r = good("stage", "same-eval", "false");
	assert_true(r.args->number == 0);
	release(&r);
	r = good("stage", "same-eval", "true");
	assert_true(r.args->number == 1);
	release(&r);
	r = good("stage", "freeze", "Fri 16:00..Mon 08:00 Europe/Berlin");
	assert_non_null(r.args->window);
	release(&r);
	bad("stage", "max-size", "2 apples", NULL);
	bad("stage", "max-size", "", NULL);
	bad("stage", "max-size", "-1", NULL);
	bad("stage", "max-params", "-1", NULL);
	bad("stage", "max-params", "nan", NULL);
	bad("stage", "eval-max-age", "30", NULL);
	bad("stage", "eval-max-age", "-30d", NULL);
	bad("stage", "eval-max-age", "9999999999999999999d", NULL);
	bad("stage", "same-eval", "yes", NULL);
	bad("stage", "same-eval", "", NULL);
	bad("stage", "same-eval", "true false", NULL);
	bad("stage", "min-runs", "0", NULL);
	bad("stage", "min-runs", "x", NULL);
	bad("stage", "freeze", "never", NULL);
	bad("stage", "require-stage", "a~b", NULL);
	bad("stage", "requires-holder", "#", NULL);
	bad("stage", "require-stage", "a b", NULL);
	bad("stage", "reachable-from", "-x", NULL);
	bad("stage", "reachable-from", "main..topic", NULL);
	bad("stage", "reachable-from", "main~1", NULL);
	bad("stage", "reachable-from", "@{u}", NULL);
	release((r = good("stage", "reachable-from", "refs/heads/main"), &r));
}

/* -- keys ----------------------------------------------------------------- */

static void test_policy_rules__unknown_ones_are_refused(void **state)
{
	(void)state;
	bad("stage", "Metric", "auc >= 1", "'Metric' is no rule that this "
	    "version knows; see git-model-policy(1)");
	bad("stage", "", "x", NULL);
	bad("stage", "not-worse-than", "auc", "rule 'not-worse-than' needs "
	    "statistics that this version does not have; use no-regression "
	    "or metric");
}

static void test_policy_rules__where_they_belong(void **state)
{
	struct mv_rule r;

	(void)state;
	bad("", "metric", "auc >= 1", "'metric' does not belong into a [top] "
	    "section");
	bad("branch", "approvals", "1", "'approvals' does not belong into a "
	    "[branch] section");
	bad("stage", "policy-approvals", "1", NULL);
	bad("stage", "append-only", "true", NULL);
	bad("branch", "freeze", "2026-01-01..2026-01-02", NULL);
	release((r = good("", "policy-approvals", "2 from g"), &r));
	release((r = good("", "immutable-tags", "true"), &r));
	release((r = good("", "append-only", "false"), &r));
	release((r = good("", "forbid-self-approval", "author"), &r));
	release((r = good("branch", "metric", "auc >= 1"), &r));
}

static void test_policy_rules__too_many_words(void **state)
{
	char text[400];
	struct mv_rule r;

	(void)state;
	memset(text, 0, sizeof(text));
	for (int i = 0; i < 64; i++)
		memcpy(text + 2 * i, "a ", 2);
	release((r = good("stage", "format", text), &r));
	memcpy(text + 128, "a", 2);
	bad("stage", "format", text, NULL);
}

static void test_policy_rules__stars(void **state)
{
	static const struct {
		const char *pattern, *text;
		int match;
	} rows[] = {
		{ "", "", 1 }, { "", "a", 0 }, { "a", "", 0 }, { "*", "", 1 },
		{ "*", "abc", 1 }, { "a*", "abc", 1 }, { "*c", "abc", 1 },
		{ "a*c", "abc", 1 }, { "a*c", "ac", 1 }, { "a*c", "acb", 0 },
		{ "*b*", "abc", 1 }, { "*b", "abc", 0 }, { "a**c", "abc", 1 },
		{ "abc", "abc", 1 }, { "ab", "abc", 0 }, { "abc", "ab", 0 },
		{ "*ab*ab", "aabab", 1 }, { "*aab", "aaaab", 1 },
		{ "a?c", "abc", 0 }, { "[ab]", "a", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mv_glob(rows[i].pattern, rows[i].text) != rows[i].match)
			fail_msg("%s ~ %s", rows[i].pattern, rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_rules__thresholds),
		cmocka_unit_test(test_policy_rules__what_is_no_threshold),
		cmocka_unit_test(test_policy_rules__changes),
		cmocka_unit_test(test_policy_rules__alternatives),
		cmocka_unit_test(test_policy_rules__people),
		cmocka_unit_test(test_policy_rules__words_and_files),
		cmocka_unit_test(test_policy_rules__data),
		cmocka_unit_test(test_policy_rules__scalars),
		cmocka_unit_test(test_policy_rules__unknown_ones_are_refused),
		cmocka_unit_test(test_policy_rules__where_they_belong),
		cmocka_unit_test(test_policy_rules__too_many_words),
		cmocka_unit_test(test_policy_rules__stars),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
