/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void init_board(struct mv_board *b)
{
	static const double auc[] = { 0.9, 0.95, NAN, 0.93, 0.95, 0.8 };
	static const double ms[] = { 10, 30, 1, 20, 40, 20 };
	static const char *const versions[] = {
		"v1.9.0", "v1.10.0", NULL, "v2.0.0", "v0.1.0", "v1.0.0"
	};

	memset(b, 0, sizeof(*b));
	b->v = zeroed(7, sizeof(*b->v));
	b->count = 7;
	for (size_t i = 0; i < 7; i++) {
		const char label[] = { (char)('a' + i), '\0' };

		b->v[i].label = dup(label);
		b->v[i].when = (int64_t)(i * 7 % 4);
		init_evidence(&b->v[i].evidence, NULL, 0);
		if (i == 6)
			continue;	/* knows nothing */
		b->v[i].version = dup(versions[i]);
		add_real(&b->v[i].evidence.metrics, "auc", auc[i]);
		add_real(&b->v[i].evidence.metrics, "latency", ms[i]);
	}
	init_project(&b->project);
}

static void check_order(struct mv_board *b, const char *expected)
{
	char got[8] = "";

	for (size_t i = 0; i < b->count; i++)
		got[i] = *b->v[i].label;
	assert_string_equal(got, expected);
}

static void check_sort(const char *keys, const char *expected)
{
	struct mv_board b;

	init_board(&b);
	assert_int_equal(mv_board_sort(&b, keys, NULL), 0);
	check_order(&b, expected);
	mv_board_release(&b);
}

static void test_report_board__sorts_with_the_unknown_last(void **state)
{
	(void)state;
	check_sort("auc", "fadbecg");
	check_sort("-auc", "bedafcg");
	check_sort("-auc,latency", "bedafcg");
	check_sort("-auc, -latency", "ebdafcg");
	check_sort("metrics.latency", "cadfbeg");
	check_sort("-label", "gfedcba");
	check_sort("nothing", "abcdefg");
	check_sort("version", "efabdcg");
	check_sort("date", "dcgbfae");
	check_sort("-date", "bfcgdae");
}

static void test_report_board__refuses_lists_that_are_none(void **state)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_board b;
	char many[100];

	(void)state;
	init_board(&b);
	assert_int_equal(mv_board_sort(&b, "", &err), MV_EINVALID);
	assert_string_equal(err.msg, "a key is missing in ''");
	assert_int_equal(mv_board_sort(&b, "auc,,lr", &err), MV_EINVALID);
	assert_int_equal(mv_board_sort(&b, "auc,-", &err), MV_EINVALID);
	for (size_t i = 0; i < 65; i++)
		many[i] = i % 2 ? ',' : 'a';
	many[65] = '\0';
	assert_int_equal(mv_board_sort(&b, many, &err), MV_EINVALID);
	assert_string_equal(err.msg, "more than 32 keys in one list");
	check_order(&b, "abcdefg");
	mv_board_release(&b);
}

static void test_report_board__keeps_what_nothing_beats(void **state)
{
	struct mv_board b;

	(void)state;
	init_board(&b);
	assert_int_equal(mv_board_pareto(&b, "auc,latency", NULL), 0);
	check_order(&b, "abd");
	for (size_t i = 0; i < b.count; i++)
		assert_int_equal(b.v[i].pareto, 1);
	mv_board_release(&b);

	init_board(&b);
	assert_int_equal(mv_board_pareto(&b, "metrics.auc", NULL), 0);
	check_order(&b, "be");		/* equals do not beat each other */
	mv_board_release(&b);
}

static void test_report_board__keeps_rows_that_are_named(void **state)
{
	static const unsigned char keep[7] = { 0, 1, 0, 1, 1, 0, 1 };
	struct mv_board b;

	(void)state;
	init_board(&b);
	mv_board_keep(&b, keep);
	check_order(&b, "bdeg");
	mv_board_first(&b, 9);
	check_order(&b, "bdeg");
	mv_board_first(&b, 2);
	check_order(&b, "bd");
	mv_board_first(&b, 0);
	assert_int_equal(b.count, 0);
	mv_board_release(&b);
}

static void test_report_board__a_front_needs_directions(void **state)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_board b;

	(void)state;
	init_board(&b);
	assert_int_equal(mv_board_pareto(&b, "auc,recall", &err), MV_EINVALID);
	assert_string_equal(err.msg, "which way 'recall' is better is not "
			    "known: give it a direction in .gitmodel/config");
	check_order(&b, "abcdefg");
	mv_board_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_board__sorts_with_the_unknown_last),
		cmocka_unit_test(test_report_board__refuses_lists_that_are_none),
		cmocka_unit_test(test_report_board__keeps_what_nothing_beats),
		cmocka_unit_test(test_report_board__keeps_rows_that_are_named),
		cmocka_unit_test(test_report_board__a_front_needs_directions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
