/* SPDX-License-Identifier: MIT */
#include "libmv/base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define FIRST_MS INT64_C(-62167219200000)	/* 0000-01-01 */
#define LAST_MS INT64_C(253402300799999)	/* the end of 9999 */

int64_t mv_now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Days since 1970 of a date in the Gregorian calendar, and back. Years are
 * counted from March, so that the leap day is a year's last. (gmtime_r() and
 * timegm() look into TZ: where it names a zone with leap seconds, they are 27
 * seconds off, and with them the text that was signed.)
 */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
			  day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

char *mv_time_print(char *text, int64_t ms)
{
	int year, month, day;
	unsigned of_day;
	int64_t days;

	ms = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
	days = (ms - FIRST_MS) / DAY_MS + FIRST_MS / DAY_MS;
	of_day = (unsigned)(ms - days * DAY_MS);
	date_of(days, &year, &month, &day);
	/* The remainders change nothing; they show that it cannot be longer. */
	snprintf(text, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (unsigned)year % 10000, (unsigned)month % 100,
		 (unsigned)day % 100, of_day / 3600000 % 100,
		 of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
	return text;
}

/* `n` digits; -1 when there are not as many. */
static int number(const char **s, int n)
{
	int value = 0;

	for (; n; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static int skip(const char **s, const char *any)
{
	if (!**s || !strchr(any, **s))
		return 0;
	(*s)++;
	return 1;
}

static int parse_date(int64_t *days, const char **s)
{
	static const int length[] = {
		31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int year = number(s, 4), month, day, leap;

	if (year < 0 || !skip(s, "-"))
		return -1;
	month = number(s, 2);
	if (month < 1 || month > 12 || !skip(s, "-"))
		return -1;
	day = number(s, 2);
	leap = year % 4 == 0 && (year % 100 || year % 400 == 0);
	if (day < 1 || day > length[month - 1] ||
	    (month == 2 && day == 29 && !leap))
		return -1;
	*days = days_of(year, month, day);
	return 0;
}

static int parse_clock(int64_t *ms, const char **s)
{
	int hour = number(s, 2), minute, second, weight = 100;

	if (hour < 0 || hour > 23 || !skip(s, ":"))
		return -1;
	minute = number(s, 2);
	if (minute < 0 || minute > 59 || !skip(s, ":"))
		return -1;
	second = number(s, 2);
	if (second < 0 || second > 60)
		return -1;
	*ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
	if (!skip(s, "."))
		return 0;
	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9'; (*s)++, weight /= 10)
		*ms += (**s - '0') * weight;
	return 0;
}

static int parse_offset(int64_t *ms, const char **s)
{
	int sign = **s == '-' ? -1 : 1, hour, minute;

	*ms = 0;
	if (skip(s, "Zz"))
		return 0;
	if (!skip(s, "+-"))
		return -1;
	hour = number(s, 2);
	if (hour < 0 || hour > 23 || !skip(s, ":"))
		return -1;
	minute = number(s, 2);
	if (minute < 0 || minute > 59)
		return -1;
	*ms = sign * (hour * 60 + minute) * INT64_C(60000);
	return 0;
}

int mv_time_parse(int64_t *ms, const char *text, struct mv_err *err)
{
	const char *s = text;
	int64_t days = 0, clock = 0, offset = 0;
	int bad = parse_date(&days, &s);

	if (!bad && *s)
		bad = !skip(&s, "Tt ") || parse_clock(&clock, &s) ||
		      parse_offset(&offset, &s);
	if (bad || *s)
		return mv_fail(err, MV_EINVALID, "'%.40s' is no moment like "
			       "2026-11-21T08:15:00Z", text);
	*ms = days * DAY_MS + clock - offset;
	return 0;
}

char *mv_time_relative(char *text, int64_t ms, int64_t now_ms)
{
	static const struct {
		int64_t below, seconds;
		const char *name;
	} units[] = {
		{ 60, 1, "second" },
		{ 3600, 60, "minute" },
		{ 86400, 3600, "hour" },
		{ 14 * 86400, 86400, "day" },
		{ 70 * 86400, 7 * 86400, "week" },
		{ 730 * 86400, 2629746, "month" },
		{ INT64_MAX, 31556952, "year" }
	};
	int future = ms > now_ms;
	/* Unsigned: the two may be further apart than an int64 reaches. */
	uint64_t apart = future ? (uint64_t)ms - (uint64_t)now_ms :
				  (uint64_t)now_ms - (uint64_t)ms;
	int64_t s = (int64_t)(apart / 1000), n;
	size_t i = 0;

	if (!s) {
		memcpy(text, "now", 4);
		return text;
	}
	while (s >= units[i].below)
		i++;
	n = s / units[i].seconds;
	snprintf(text, 32, "%.3s%u %.6s%.1s%.4s", future ? "in " : "",
		 (unsigned)(n % 1000000000), units[i].name, n == 1 ? "" : "s",
		 future ? "" : " ago");
	return text;
}
