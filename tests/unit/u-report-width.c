/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/report/parts.h"

static size_t width(const char *s)
{
	return mv_width(s, strlen(s));
}

static size_t fit(const char *s, size_t columns)
{
	return mv_width_fit(s, strlen(s), columns);
}

static void test_report_width__counts_columns_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(width(""), 0);
	assert_int_equal(width("abc"), 3);
	assert_int_equal(width("naïve"), 5);
	assert_int_equal(width("模型"), 4);
	assert_int_equal(width("한"), 2);
	assert_int_equal(width("🚀"), 2);
	assert_int_equal(width("e\xcc\x81"), 1);	/* e and an accent */
	assert_int_equal(width("a\xe2\x80\x8b" "b"), 2);	/* U+200B */
	assert_int_equal(width("→…█▁"), 4);
	assert_int_equal(width("\xff\xfe"), 2);	/* not UTF-8: one each */
}

static void test_report_width__never_cuts_a_character(void **state)
{
	(void)state;
	assert_int_equal(fit("abc", 2), 2);
	assert_int_equal(fit("abc", 9), 3);
	assert_int_equal(fit("模型", 3), 3);
	assert_int_equal(fit("模型", 1), 0);
	assert_int_equal(fit("e\xcc\x81x", 1), 3);
	assert_int_equal(fit("", 0), 0);
}

static void test_report_width__marks_without_end_are_cut(void **state)
{
	char s[1001];

	(void)state;
	s[0] = 'e';
	for (size_t i = 1; i < 999; i += 2)
		memcpy(s + i, "\xcc\x81", 2);
	s[999] = '\0';
	assert_int_equal(width(s), 1);
	assert_in_range(fit(s, 10), 40, 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_width__counts_columns_not_bytes),
		cmocka_unit_test(test_report_width__never_cuts_a_character),
		cmocka_unit_test(test_report_width__marks_without_end_are_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
