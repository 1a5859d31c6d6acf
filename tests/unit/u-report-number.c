/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "report-views.h"

static void check(double v, int precision, const char *expected)
{
	char text[MV_NUMBER_MAX];

	mv_number_print(text, v, precision);
	assert_string_equal(text, expected);
}

static void test_report_number__six_digits_and_whole_numbers(void **state)
{
	(void)state;
	check(0, -1, "0");
	check(-0.0, -1, "0");
	check(1, -1, "1");
	check(0.1, -1, "0.1");
	check(0.9123456789, -1, "0.912346");
	check(-0.019000000000000017, -1, "-0.019");
	check(1234567.89, -1, "1234568");
	check(123456.789, -1, "123457");
	check(12345.6789, -1, "12345.7");
	check(0.0001, -1, "0.0001");
	check(0.00001234, -1, "1.234e-05");
	check(1e15, -1, "1e+15");
	check(1e300, -1, "1e+300");
}

static void test_report_number__precision_is_kept(void **state)
{
	(void)state;
	check(0.9, 4, "0.9000");
	check(2, 0, "2");
	check(1.5, 2, "1.50");
	check(0, 3, "0.000");
	check(1e14, 17, "100000000000000.00000000000000000");
	check(1e200, 4, "1e+200");
}

static void test_report_number__little_is_not_nothing(void **state)
{
	(void)state;
	check(0.0004, 3, "4.0e-04");
	check(-1e-9, 4, "-1.0e-09");
	check(0.0005, 3, "0.001");
}

static void test_report_number__what_is_no_number_is_a_word(void **state)
{
	(void)state;
	check(NAN, -1, "nan");
	check(NAN, 3, "nan");
	check(INFINITY, 2, "inf");
	check(-INFINITY, -1, "-inf");
}

static void test_report_number__values_of_every_type(void **state)
{
	struct mv_facts f = MV_FACTS_INIT;
	struct mv_buf out;

	(void)state;
	add_facts(&f, "b=true", "i=9007199254740993", "r=0.5", NULL);
	add_text(&f, "s", "a\nb");
	mv_buf_init(&out, 1000);
	for (size_t i = 0; i < f.count; i++) {
		assert_int_equal(mv_buf_add_number(&out, &f.v[i].value, 2), 0);
		mv_buf_addch(&out, ' ');
	}
	check_text(&out, "true 9007199254740993 0.50 a\\x0ab ");
	mv_facts_release(&f);
}

static void test_report_number__sizes_and_times(void **state)
{
	const uint64_t sizes[] = {
		0, 1023, 1024, 1536, 102347, 1048575, 1048576, 5ull << 30,
		UINT64_MAX
	};
	const int64_t times[] = { 0, 1250, 59999, 192000, 4000000, 200000000 };
	struct mv_buf out;
	struct mv_pen pen;

	(void)state;
	mv_buf_init(&out, 1000);
	mv_pen_init(&pen, &out, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		mv_words_size(&pen, sizes[i]);
		mv_pen_str(&pen, ", ");
	}
	check_text(&out, "0 B, 1023 B, 1.0 KiB, 1.5 KiB, 99.9 KiB, 1.0 MiB, "
		   "1.0 MiB, 5.0 GiB, 16.0 EiB, ");
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		mv_words_duration(&pen, times[i]);
		mv_pen_str(&pen, ", ");
	}
	check_text(&out, "0 s, 1.2 s, 59 s, 3 min 12 s, 1 h 6 min, 2 d 7 h, ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_number__six_digits_and_whole_numbers),
		cmocka_unit_test(test_report_number__precision_is_kept),
		cmocka_unit_test(test_report_number__little_is_not_nothing),
		cmocka_unit_test(test_report_number__what_is_no_number_is_a_word),
		cmocka_unit_test(test_report_number__values_of_every_type),
		cmocka_unit_test(test_report_number__sizes_and_times),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
