/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/views.h"
#include "report-views.h"

/* Three rows: a, b and c. */
static void init_board(struct mv_board *b)
{
	memset(b, 0, sizeof(*b));
	b->v = zeroed(3, sizeof(*b->v));
	b->count = 3;
	for (size_t i = 0; i < 3; i++) {
		const char label[] = { (char)('a' + i), '\0' };

		b->v[i].label = dup(label);
		init_evidence(&b->v[i].evidence, NULL, 0);
	}
	b->v[0].version = dup("v1.9.0");
	b->v[1].version = dup("v1.10.0");
	b->v[0].stages = dup("production, staging");
	b->v[0].commit = dup(BASE_COMMIT);
	b->v[0].author = dup("Ada Lovelace");
	add_facts(&b->v[0].evidence.metrics, "auc=0.9", "lr=7", NULL);
	add_facts(&b->v[1].evidence.metrics, "auc=0.95", NULL);
	add_real(&b->v[2].evidence.metrics, "auc", NAN);
	add_facts(&b->v[0].evidence.params, "lr=0.01", "opt=adam",
		  "deep=true", NULL);
	add_facts(&b->v[1].evidence.params, "lr=1e-3", "opt=sgd",
		  "odd key=1", NULL);
	add_text(&b->v[2].evidence.params, "size", "large");
	add_facts(&b->v[1].evidence.tags, "who=me", "opt=tag", NULL);
}

/* Which rows are left: "ab". */
static void check(const char *expression, const char *expected)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_board b;
	char left[4] = "";

	init_board(&b);
	if (mv_board_where(&b, expression, &err))
		fail_msg("%s: %s", expression, err.msg);
	for (size_t i = 0; i < b.count; i++)
		left[i] = *b.v[i].label;
	mv_board_release(&b);
	if (strcmp(left, expected))
		fail_msg("%s: '%s', not '%s'", expression, left, expected);
}

static void check_fails(const char *expression, const char *message)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_board b;

	init_board(&b);
	assert_int_equal(mv_board_where(&b, expression, &err), MV_EINVALID);
	assert_string_equal(err.msg, message);
	assert_int_equal(b.count, 3);
	mv_board_release(&b);
}

static void test_report_where__compares_numbers(void **state)
{
	(void)state;
	check("auc > 0.9", "b");
	check("auc>=0.9", "ab");
	check("auc<0.95", "a");
	check("auc <= 0.950", "ab");
	check("auc = 0.90", "a");
	check("auc == 0.9", "a");
	check("auc != 0.9", "bc");
	check("params.lr = 0.001", "b");
	check("params.lr > -1", "ab");
}

static void test_report_where__nan_is_neither_more_nor_less(void **state)
{
	(void)state;
	check("auc > 0 or auc <= 0", "ab");
	check("auc = nan", "c");
	check("auc != nan", "ab");
}

static void test_report_where__a_bare_key_is_a_metric_first(void **state)
{
	(void)state;
	check("lr = 7", "a");
	check("lr = 1e-3", "b");
	check("metrics.lr = 7", "a");
	check("params.lr = 7", "");
	check("opt = tag", "");
	check("tags.opt = tag", "b");
	check("who = me", "b");
}

static void test_report_where__what_is_missing_is_false(void **state)
{
	(void)state;
	check("who = me or who != me", "b");
	check("not who = me", "ac");
	check("nothing = 1", "");
	check("nothing != 1", "");
	check("author ~ '*'", "a");
}

static void test_report_where__binds_as_in_other_languages(void **state)
{
	(void)state;
	check("label=a or label=b and auc>0.9", "ab");
	check("(label=a or label=b) and auc>0.9", "b");
	check("label=a || label=b && auc>0.9", "ab");
	check("not label=a and auc>0.9", "b");
	check("not (label=a and auc>0.9)", "abc");
	check("!(label=a)AND!label=c", "b");
	check("not not label=a", "a");
	check("((label=a))", "a");
}

static void test_report_where__texts_in_quotes_or_bare(void **state)
{
	(void)state;
	check("opt = adam", "a");
	check("opt='sgd'", "b");
	check("opt = \"adam\"", "a");
	check("author = 'Ada Lovelace'", "a");
	check("'odd key' = 1", "b");
	check("author = 'Ada\\' Lovelace'", "");
	check("opt > adam", "b");
	check("deep = true", "a");
	check("opt ~ 'ad*'", "a");
	check("opt ~ s?d", "b");
	check("opt !~ *d*", "");
	check("opt ~ *m", "a");
}

static void test_report_where__numbers_and_texts_do_not_order(void **state)
{
	(void)state;
	check("auc > large", "");
	check("size > 1", "");
	check("size != 1", "c");
	check("auc = '0.9'", "a");
}

static void test_report_where__versions_stages_commits(void **state)
{
	(void)state;
	check("version > v1.9.0", "b");
	check("version < v1.10.0", "a");
	check("version = v1.9.0", "a");
	check("version ~ v1.*", "ab");
	check("stage = staging", "a");
	check("stage = production", "a");
	check("stage = prod", "");
	check("commit = 3f2a91c", "a");
	check("branch = b", "b");
}

static void test_report_where__says_the_column(void **state)
{
	(void)state;
	check_fails("", "column 1: expected a key, such as auc");
	check_fails("auc", "column 4: expected one of < <= = != >= > ~ !~");
	check_fails("auc >", "column 6: expected a number or a text");
	check_fails("auc > 1 lr < 2",
		    "column 9: expected 'and', 'or' or the end");
	check_fails("(auc > 1", "column 9: expected ')'");
	check_fails("auc > 1)", "column 8: expected 'and', 'or' or the end");
	check_fails("auc = 'x", "column 7: the quote is not closed");
	check_fails("opt = é and", "column 12: expected a key, such as auc");
	check_fails("and auc > 1", "column 5: expected one of < <= = != >= > "
		    "~ !~");
}

static void test_report_where__is_bounded(void **state)
{
	char deep[200], *wide = zeroed(1, 20000);
	size_t n = 0;

	(void)state;
	memset(deep, '(', 199);
	deep[199] = '\0';
	check_fails(deep, "column 65: nested more than 64 deep");
	memset(deep, '!', 199);
	check_fails(deep, "column 65: nested more than 64 deep");
	for (size_t i = 0; i < 501; i++)
		n += (size_t)sprintf(wide + n, "%sauc>%zu", i ? " or " : "",
				     i);
	check_fails(wide, "column 5398: the expression is too long");
	free(wide);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_where__compares_numbers),
		cmocka_unit_test(test_report_where__nan_is_neither_more_nor_less),
		cmocka_unit_test(test_report_where__a_bare_key_is_a_metric_first),
		cmocka_unit_test(test_report_where__what_is_missing_is_false),
		cmocka_unit_test(test_report_where__binds_as_in_other_languages),
		cmocka_unit_test(test_report_where__texts_in_quotes_or_bare),
		cmocka_unit_test(test_report_where__numbers_and_texts_do_not_order),
		cmocka_unit_test(test_report_where__versions_stages_commits),
		cmocka_unit_test(test_report_where__says_the_column),
		cmocka_unit_test(test_report_where__is_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
