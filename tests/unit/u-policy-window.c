/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/policy/priv.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define MONDAY INT64_C(1795392000)	/* 2026-11-23T00:00:00 */

static struct mv_window *window(const char *text)
{
	struct mv_window *w = NULL;
	struct mv_err err;

	if (mv_window_parse(&w, text, &err))
		fail_msg("%s: %s", text, err.msg);
	return w;
}

static void check(const char *text, int64_t local, int covered)
{
	struct mv_window *w = window(text);

	if (mv_window_covers(w, local) != covered)
		fail_msg("%s at %lld: not %d", text, (long long)local,
			 covered);
	mv_window_free(w);
}

static void test_policy_window__days_are_whole(void **state)
{
	(void)state;
	check("2026-11-23..2026-11-23", MONDAY - 1, 0);
	check("2026-11-23..2026-11-23", MONDAY, 1);
	check("2026-11-23..2026-11-23", MONDAY + DAY - 1, 1);
	check("2026-11-23..2026-11-23", MONDAY + DAY, 0);
	check("2026-11-22..2026-11-24", MONDAY + 2 * DAY - 1, 1);
}

static void test_policy_window__moments(void **state)
{
	static const char text[] = "2026-11-23T08:30..2026-11-23T24:00";

	(void)state;
	check(text, MONDAY + 8 * HOUR + 1799, 0);
	check(text, MONDAY + 8 * HOUR + 1800, 1);
	check(text, MONDAY + DAY - 1, 1);
	check(text, MONDAY + DAY, 0);
	check("2026-11-22T12:00..2026-11-23", MONDAY + DAY - 1, 1);
	check("2026-11-22..2026-11-23T00:00", MONDAY, 0);
	check("1970-01-01..1970-01-01", 0, 1);
	check("1970-01-01..1970-01-01", -1, 0);
}

static void test_policy_window__the_calendar(void **state)
{
	(void)state;
	check("2024-02-29..2024-02-29", 1709164800, 1);
	check("2024-03-01..2024-03-01", 1709251200, 1);
	check("2000-02-29..2000-02-29", 951782400, 1);
	check("9999-12-31..9999-12-31", INT64_C(253402300799), 1);
	check("9999-12-31..9999-12-31", INT64_C(253402300800), 0);
	check("1999-12-31..1999-12-31", 946684799, 1);
}

static void test_policy_window__every_week(void **state)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri",
					    "Sat", "Sun" };
	char text[64];

	(void)state;
	for (int day = 0; day < 7; day++) {
		snprintf(text, sizeof(text), "%s 10:00..%s 11:00", days[day],
			 days[day]);
		for (int other = 0; other < 7; other++) {
			int64_t ten = MONDAY + other * DAY + 10 * HOUR;

			check(text, ten - 1, 0);
			check(text, ten, day == other);
			check(text, ten + HOUR - 1, day == other);
			check(text, ten + HOUR, 0);
			check(text, ten + 520 * 7 * DAY, day == other);
			/* before 1970 */
			check(text, ten - 5200 * 7 * DAY, day == other);
		}
	}
}

static void test_policy_window__over_the_weekend(void **state)
{
	static const char text[] = "Fri 16:00..Mon 08:00";
	int64_t friday = MONDAY + 4 * DAY;

	(void)state;
	check(text, friday + 16 * HOUR - 1, 0);
	check(text, friday + 16 * HOUR, 1);
	check(text, friday + 2 * DAY + DAY - 1, 1);
	check(text, MONDAY, 1);
	check(text, MONDAY + 8 * HOUR - 1, 1);
	check(text, MONDAY + 8 * HOUR, 0);
}

static void test_policy_window__the_end_of_sunday(void **state)
{
	(void)state;
	check("Mon 00:00..Sun 24:00", MONDAY, 1);
	check("Mon 00:00..Sun 24:00", MONDAY + 7 * DAY - 1, 1);
	check("Sun 23:00..Sun 24:00", MONDAY - 1, 1);
	check("Sun 23:00..Sun 24:00", MONDAY, 0);
	check("Sun 24:00..Mon 01:00", MONDAY, 1);
	check("Sun 24:00..Mon 01:00", MONDAY + HOUR, 0);
	check("Sun 24:00..Mon 01:00", MONDAY - 1, 0);
	check("Mon 00:00..Sun 24:00", INT64_MAX, 1);
	check("Mon 00:00..Sun 24:00", INT64_MIN, 1);
}

static void test_policy_window__zones(void **state)
{
	struct mv_window *w = window("Fri 16:00..Mon 08:00 Europe/Berlin");

	(void)state;
	assert_string_equal(w->zone, "Europe/Berlin");
	assert_true(w->weekly);
	mv_window_free(w);
	w = window("2026-11-23..2026-11-24 America/Port-au-Prince");
	assert_string_equal(w->zone, "America/Port-au-Prince");
	mv_window_free(w);
	w = window("2026-11-23..2026-11-24 Etc/GMT+1");
	assert_string_equal(w->zone, "Etc/GMT+1");
	mv_window_free(w);
	w = window("2026-11-23..2026-11-24 UTC");
	assert_null(w->zone);
	assert_int_equal(w->from, MONDAY);
	assert_int_equal(w->to, MONDAY + 2 * DAY);
	mv_window_free(w);
	mv_window_free(NULL);
}

static void test_policy_window__what_is_none(void **state)
{
	static const char *const bad[] = {
		"", "2026-11-23", "2026-11-23..", "2026-11-23.2026-11-24",
		"..2026-11-23", "2026-11-24..2026-11-23",
		"2026-11-23T10:00..2026-11-23T10:00",
		"2026-11-23T10:00..2026-11-23T09:59",
		"1969-12-31..2026-01-01", "2026-13-01..2027-01-01",
		"2026-00-01..2027-01-01", "2026-11-00..2027-01-01",
		"2026-11-31..2027-01-01", "2026-02-29..2027-01-01",
		"2100-02-29..2101-01-01", "26-11-23..2026-11-24",
		"2026-1-23..2026-11-24", "2026-11-23T24:01..2027-01-01",
		"2026-11-23T10:60..2027-01-01", "2026-11-23T25:00..2027-01-01",
		"2026-11-23T1:00..2027-01-01", "2026-11-23T10.00..2027-01-01",
		"2026-11-23T10:00:00..2027-01-01", "2026/11/23..2026/11/24",
		"2026-11-23 ..2026-11-24", "2026-11-23..2026-11-24x",
		"Mon 10:00..Mon 10:00", "Mon 00:00..Mon 00:00",
		"Sun 24:00..Mon 00:00", "Mon..Tue", "Mon 10:00..11:00",
		"mon 10:00..Tue 10:00", "Foo 10:00..Tue 10:00",
		"Mon 10:00..Tue 10", "Mon  10:00..Tue 10:00",
		"Mon 10:00..2026-11-23", "2026-11-23..Mon 10:00",
		"2026-11-23..2026-11-24 ", "2026-11-23..2026-11-24  UTC",
		"2026-11-23..2026-11-24 /etc/passwd",
		"2026-11-23..2026-11-24 ../x", "2026-11-23..2026-11-24 -x",
		"2026-11-23..2026-11-24 UTC x",
		"2026-11-23..2026-11-24 Europe/B\xc3\xa9rlin",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mv_window *w = NULL;
		struct mv_err err = { MV_OK, "" };

		if (mv_window_parse(&w, bad[i], &err) != MV_EINVALID || w ||
		    !*err.msg)
			fail_msg("'%s' is a window", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_window__days_are_whole),
		cmocka_unit_test(test_policy_window__moments),
		cmocka_unit_test(test_policy_window__the_calendar),
		cmocka_unit_test(test_policy_window__every_week),
		cmocka_unit_test(test_policy_window__over_the_weekend),
		cmocka_unit_test(test_policy_window__the_end_of_sunday),
		cmocka_unit_test(test_policy_window__zones),
		cmocka_unit_test(test_policy_window__what_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
