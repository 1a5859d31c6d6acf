/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "report-views.h"

static void row(struct mv_table *t, const char *a, const char *b,
		const char *c)
{
	mv_pen_safe(mv_table_foreign(t, MV_TONE_PLAIN), a);
	mv_pen_safe(mv_table_cell(t, MV_TONE_BAD), b);
	mv_pen_safe(mv_table_cell(t, MV_TONE_PLAIN), c);
}

static size_t print(struct mv_buf *out, struct mv_table *t, unsigned flags,
		    int width, size_t indent)
{
	struct mv_style style = { .flags = flags, .width = width };
	struct mv_pen pen;
	size_t left;

	mv_buf_init(out, 1 << 20);
	mv_pen_init(&pen, out, &style);
	left = mv_table_print(&pen, t, indent, 1);
	assert_int_equal(mv_pen_done(&pen, NULL), 0);
	mv_table_release(t);
	return left;
}

static void columns(struct mv_table *t)
{
	mv_table_init(t);
	mv_table_column(t, MV_COLUMN_SHRINK, "Name", 0);
	mv_table_column(t, MV_COLUMN_RIGHT, "Number", 0);
	mv_table_column(t, 0, "Word", 0);
}

static void test_report_table__aligns_by_columns(void **state)
{
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	columns(&t);
	row(&t, "模型", "1.5", "x");
	row(&t, "a", "-12.25", "");
	assert_int_equal(mv_table_rows(&t), 2);
	assert_int_equal(print(&out, &t, 0, 80, 2), 0);
	check_text(&out,
		   "  Name  Number  Word\n"
		   "  模型     1.5  x\n"
		   "  a     -12.25\n");
}

static void test_report_table__an_empty_column_is_not_there(void **state)
{
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	columns(&t);
	row(&t, "a", "", "x");
	print(&out, &t, 0, 80, 0);
	check_text(&out, "Name  Word\na     x\n");
	columns(&t);
	assert_int_equal(print(&out, &t, 0, 80, 0), 0);
	check_text(&out, "");
}

static void test_report_table__names_are_cut_numbers_never(void **state)
{
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	columns(&t);
	row(&t, "a-very-long-name", "123456", "word");
	assert_int_equal(print(&out, &t, MV_STYLE_UNICODE, 26, 0), 0);
	check_text(&out,
		   "Name          Number  Word\n"
		   "a-very-long…  123456  word\n");
	columns(&t);
	row(&t, "a-very-long-name", "123456", "word");
	assert_int_equal(print(&out, &t, 0, 26, 0), 0);
	check_text(&out,
		   "Name          Number  Word\n"
		   "a-very-lo...  123456  word\n");
	columns(&t);
	row(&t, "a-very-long-name", "123456", "word");
	assert_int_equal(print(&out, &t, MV_STYLE_UNICODE, 17, 0), 1);
	check_text(&out,
		   "Name       Number\n"
		   "a-very-l…  123456\n");
}

static void test_report_table__colours_only_when_asked(void **state)
{
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	columns(&t);
	row(&t, "a", "1", "x");
	print(&out, &t, MV_STYLE_COLOR, 80, 0);
	check_text(&out,
		   "\033[2mName\033[m  \033[2mNumber\033[m  \033[2mWord\033[m\n"
		   "a          \033[31m1\033[m  x\n");
}

static void test_report_table__what_is_in_a_cell_stays_there(void **state)
{
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	columns(&t);
	row(&t, "a\n\033[31mb\xe2\x80\xae", "1", "x\ty");
	print(&out, &t, 0, 80, 0);
	check_text(&out,
		   "Name                    Number  Word\n"
		   "a\\x0a\\x1b[31mb\\u{202e}       1  x\\x09y\n");
}

static void test_report_table__keeps_the_first_rows(void **state)
{
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	columns(&t);
	row(&t, "a", "1", "x");
	row(&t, "b", "2", "y");
	mv_table_cut(&t, 5);
	assert_int_equal(mv_table_rows(&t), 2);
	mv_table_cut(&t, 1);
	assert_int_equal(mv_table_rows(&t), 1);
	print(&out, &t, 0, 80, 0);
	check_text(&out, "Name  Number  Word\na          1  x\n");
}

static void flagged(struct mv_table *t, const unsigned flags[4])
{
	static const char *const titles[] = { "Name", "Commit", "Long title",
					      "Verdict" };
	static const char *const cells[] = { "models/fraud.bin", "3f2a91c",
					     "12.5", "worse" };

	mv_table_init(t);
	for (size_t i = 0; i < 4; i++)
		mv_table_column(t, flags[i], titles[i], 0);
	for (size_t i = 0; i < 4; i++)
		mv_pen_str(mv_table_cell(t, MV_TONE_PLAIN), cells[i]);
}

static void test_report_table__titles_give_way_to_values(void **state)
{
	static const unsigned flags[] = { MV_COLUMN_SHRINK, 0,
					  MV_COLUMN_RIGHT, MV_COLUMN_LATE };
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	flagged(&t, flags);
	assert_int_equal(print(&out, &t, 0, 36, 0), 0);
	check_text(&out, "Name      Commit   Long ...  Verdict\n"
			 "model...  3f2a91c      12.5  worse\n");
}

static void test_report_table__the_verdict_is_the_last_to_go(void **state)
{
	static const unsigned flags[] = { MV_COLUMN_SHRINK, 0,
					  MV_COLUMN_RIGHT, MV_COLUMN_LATE };
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	flagged(&t, flags);
	assert_int_equal(print(&out, &t, 0, 25, 0), 1);
	check_text(&out, "Name      Commit   Ver...\n"
			 "model...  3f2a91c  worse\n");
	flagged(&t, flags);
	assert_int_equal(print(&out, &t, 0, 17, 0), 2);
	check_text(&out, "Name      Verdict\n"
			 "model...  worse\n");
}

static void test_report_table__spare_and_early_go_before_others(void **state)
{
	static const unsigned spare[] = { MV_COLUMN_SHRINK, MV_COLUMN_SPARE,
					  MV_COLUMN_RIGHT, 0 };
	static const unsigned early[] = { MV_COLUMN_EARLY, 0, MV_COLUMN_RIGHT,
					  0 };
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	flagged(&t, spare);
	assert_int_equal(print(&out, &t, 0, 40, 0), 1);
	check_text(&out, "Name              Long title  Verdict\n"
			 "models/fraud.bin        12.5  worse\n");
	flagged(&t, early);
	assert_int_equal(print(&out, &t, 0, 28, 0), 1);
	check_text(&out, "Commit   Long title  Verdict\n"
			 "3f2a91c        12.5  worse\n");
}

static void test_report_table__a_path_is_cut_at_its_front(void **state)
{
	static const unsigned flags[] = { MV_COLUMN_TAIL, 0, MV_COLUMN_RIGHT,
					  MV_COLUMN_LATE };
	struct mv_table t;
	struct mv_buf out;

	(void)state;
	flagged(&t, flags);
	assert_int_equal(print(&out, &t, MV_STYLE_UNICODE, 41, 0), 0);
	check_text(&out, "Name            Commit   Long t…  Verdict\n"
			 "…els/fraud.bin  3f2a91c     12.5  worse\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_table__aligns_by_columns),
		cmocka_unit_test(test_report_table__an_empty_column_is_not_there),
		cmocka_unit_test(test_report_table__names_are_cut_numbers_never),
		cmocka_unit_test(test_report_table__colours_only_when_asked),
		cmocka_unit_test(test_report_table__what_is_in_a_cell_stays_there),
		cmocka_unit_test(test_report_table__keeps_the_first_rows),
		cmocka_unit_test(test_report_table__titles_give_way_to_values),
		cmocka_unit_test(test_report_table__the_verdict_is_the_last_to_go),
		cmocka_unit_test(test_report_table__spare_and_early_go_before_others),
		cmocka_unit_test(test_report_table__a_path_is_cut_at_its_front),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
