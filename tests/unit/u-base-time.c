/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/base/time.h"

static void both(int64_t ms, const char *expected)
{
	char text[32];
	int64_t back = -1;

	assert_string_equal(mv_time_print(text, ms), expected);
	assert_int_equal(strlen(text), MV_TIME_LEN);
	assert_int_equal(mv_time_parse(&back, text, NULL), 0);
	assert_true(back == ms);
}

static void test_base_time__prints_and_reads_back(void **state)
{
	(void)state;
	both(0, "1970-01-01T00:00:00.000Z");
	both(-1, "1969-12-31T23:59:59.999Z");
	both(1795248900123, "2026-11-21T08:15:00.123Z");
	both(951782400000, "2000-02-29T00:00:00.000Z");
	both(4107542399999, "2100-02-28T23:59:59.999Z");
	both(-62167219200000, "0000-01-01T00:00:00.000Z");
	both(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void test_base_time__years_are_clamped(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(mv_time_print(text, INT64_MIN),
			    "0000-01-01T00:00:00.000Z");
	assert_string_equal(mv_time_print(text, INT64_MAX),
			    "9999-12-31T23:59:59.999Z");
}

static void reads(const char *text, const char *as)
{
	char printed[32];
	int64_t ms;

	assert_int_equal(mv_time_parse(&ms, text, NULL), 0);
	assert_string_equal(mv_time_print(printed, ms), as);
}

static void test_base_time__reads_every_rfc_3339_moment(void **state)
{
	(void)state;
	reads("2026-11-21", "2026-11-21T00:00:00.000Z");
	reads("2026-11-21t08:15:00z", "2026-11-21T08:15:00.000Z");
	reads("2026-11-21 08:15:00+01:30", "2026-11-21T06:45:00.000Z");
	reads("2026-11-21T23:30:00-01:00", "2026-11-22T00:30:00.000Z");
	reads("2026-11-21T08:15:00.1Z", "2026-11-21T08:15:00.100Z");
	reads("2026-11-21T08:15:00.123999999Z", "2026-11-21T08:15:00.123Z");
	reads("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
}

static void test_base_time__refuses_the_rest(void **state)
{
	static const char *const bad[] = {
		"", "2026", "2026-13-01", "2026-00-01", "2026-02-29",
		"1900-02-29", "2026-04-31", "2026-11-21T", "2026-11-21T08:15Z",
		"2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z",
		"2026-11-21T08:15:00", "2026-11-21T08:15:00.Z",
		"2026-11-21T08:15:00Zx", "2026-11-21T08:15:00+1:00",
		"2026-11-21T08:15:00+24:00", " 2026-11-21", "2026-1-1", "now"
	};
	struct mv_err err;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (mv_time_parse(&ms, bad[i], &err) != MV_EINVALID)
			fail_msg("accepted '%s'", bad[i]);
	assert_non_null(strstr(err.msg, "'now'"));
}

static void relative(int64_t seconds, const char *expected)
{
	char text[32];

	assert_string_equal(mv_time_relative(text, seconds * 1000, 0),
			    expected);
}

static void test_base_time__relative_is_for_people(void **state)
{
	char text[32];

	(void)state;
	relative(0, "now");
	relative(-1, "1 second ago");
	relative(-59, "59 seconds ago");
	relative(-60, "1 minute ago");
	relative(-3 * 86400, "3 days ago");
	relative(2 * 3600, "in 2 hours");
	relative(-20 * 86400, "2 weeks ago");
	relative(-100 * 86400, "3 months ago");
	relative(-1000 * 86400, "2 years ago");
	assert_string_equal(mv_time_relative(text, INT64_MAX, INT64_MIN),
			    "in 584554049 years");
}

static void test_base_time__now_is_after_this_was_written(void **state)
{
	(void)state;
	assert_true(mv_now_ms() > 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_time__prints_and_reads_back),
		cmocka_unit_test(test_base_time__years_are_clamped),
		cmocka_unit_test(test_base_time__reads_every_rfc_3339_moment),
		cmocka_unit_test(test_base_time__refuses_the_rest),
		cmocka_unit_test(test_base_time__relative_is_for_people),
		cmocka_unit_test(test_base_time__now_is_after_this_was_written)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
