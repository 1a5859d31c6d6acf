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

static void check(const char *text, size_t width, size_t hang,
		  const char *want)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 16);
	assert_int_equal(mv_wrap(&out, text, strlen(text), width, hang), 0);
	check_text(&out, want);
}

static void test_report_wrap__ends_lines_between_words(void **state)
{
	(void)state;
	check("ok   one two three", 40, 5, "ok   one two three");
	check("ok   one two three", 0, 5, "ok   one two three");
	check("ok   one two three", 13, 5, "ok   one two\n     three");
	check("a  b   c", 7, 0, "a  b\nc");
	check("", 5, 2, "");
	check("   ", 2, 2, "   ");
}

static void test_report_wrap__keeps_what_is_quoted_together(void **state)
{
	(void)state;
	check("so say 'git add x' now", 12, 0, "so say\n'git add x'\nnow");
	check("say `git add` (see 'a b')", 14, 2,
	      "say `git add`\n  (see 'a b')");
	check("others' first, it's so", 14, 0, "others' first,\nit's so");
	check("x [--a <b> | c] y", 15, 0, "x [--a <b> | c]\ny");
	/* No line can hold it: then it is words. */
	check("'aaaa bbbb cccc'", 10, 0, "'aaaa bbbb\ncccc'");
}

static void test_report_wrap__a_long_word_stays_whole(void **state)
{
	(void)state;
	check("at '/a/very/long/path' here", 10, 2,
	      "at\n'/a/very/long/path'\n  here");
	check("at '/a/path' here", 10, 4, "at\n '/a/path'\n    here");
}

static void test_report_wrap__columns_not_bytes(void **state)
{
	(void)state;
	check("\033[31mred\033[m one", 7, 0, "\033[31mred\033[m one");
	check("模型 模型", 9, 0, "模型 模型");
	check("模型 模型", 8, 0, "模型\n模型");
}

static void test_report_wrap__lines_go_on_behind_their_indent(void **state)
{
	static const char text[] = "a\n  one two three\n\nb";
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 16);
	assert_int_equal(mv_wrap_lines(&out, text, strlen(text), 10), 0);
	check_text(&out, "a\n  one two\n    three\n\nb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_wrap__ends_lines_between_words),
		cmocka_unit_test(test_report_wrap__keeps_what_is_quoted_together),
		cmocka_unit_test(test_report_wrap__a_long_word_stays_whole),
		cmocka_unit_test(test_report_wrap__columns_not_bytes),
		cmocka_unit_test(test_report_wrap__lines_go_on_behind_their_indent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
