/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400)
#define WEEK (7 * DAY)

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, year, day;

	y -= m <= 2;
	era = y / 400;
	year = y - era * 400;
	day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day -
	       719468;
}

/* Exactly `digits` digits; -1 when there are not. *s is moved. */
static int64_t digits_of(const char **s, int digits)
{
	int64_t v = 0;

	for (; digits; digits--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static int expect(const char **s, char c)
{
	if (**s != c)
		return 0;
	(*s)++;
	return 1;
}

static int days_in(int64_t y, int64_t m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
				    30, 31 };
	int leap = (y % 4 == 0 && y % 100) || y % 400 == 0;

	return days[m - 1] + (m == 2 && leap);
}

/* "HH:MM" to seconds; -1. 24:00 is the end of a day. */
static int64_t clock_of(const char **s)
{
	int64_t h = digits_of(s, 2), m;

	if (h < 0 || !expect(s, ':'))
		return -1;
	m = digits_of(s, 2);
	if (m < 0 || m > 59 || h > 24 || (h == 24 && m))
		return -1;
	return h * 3600 + m * 60;
}

/* One end: *whole says that it is a day without a time. */
static int moment_of(int64_t *out, int *whole, const char **s)
{
	int64_t y = digits_of(s, 4), m, d, t = 0;

	if (y < 1970 || !expect(s, '-'))
		return -1;
	m = digits_of(s, 2);
	if (m < 1 || m > 12 || !expect(s, '-'))
		return -1;
	d = digits_of(s, 2);
	if (d < 1 || d > days_in(y, m))
		return -1;
	*whole = !expect(s, 'T');
	if (!*whole)
		t = clock_of(s);
	if (t < 0)
		return -1;
	*out = days_of(y, m, d) * DAY + t;
	return 0;
}

static int weekday_of(int64_t *out, const char **s)
{
	static const char names[] = "MonTueWedThuFriSatSun";
	int64_t t;

	for (int day = 0; day < 7; day++) {
		if (strncmp(*s, names + 3 * day, 3))
			continue;
		*s += 3;
		if (!expect(s, ' '))
			return -1;
		t = clock_of(s);
		if (t < 0)
			return -1;
		*out = day * DAY + t;
		return 0;
	}
	return -1;
}

static int zone_ok(const char *zone)
{
	size_t n = strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "abcdefghijklmnopqrstuvwxyz0123456789_+-/");

	return n && n < 64 && !zone[n] && *zone != '/' && *zone != '-';
}

static int take_zone(struct mv_window *w, const char *s, struct mv_err *err)
{
	if (!*s)
		return 0;
	if (*s != ' ' || !zone_ok(s + 1))
		return mv_fail(err, MV_EINVALID,
			       "'%s' is no time zone, such as "
			       "Europe/Berlin", s);
	if (!strcmp(s + 1, "UTC"))
		return 0;
	return mv_set_str(&w->zone, s + 1, err);
}

static int take_ends(struct mv_window *w, const char **s)
{
	int whole = 0, ignored;

	w->weekly = **s >= 'A' && **s <= 'Z';
	if (w->weekly ? weekday_of(&w->from, s) :
			moment_of(&w->from, &ignored, s))
		return -1;
	if (!expect(s, '.') || !expect(s, '.'))
		return -1;
	if (w->weekly ? weekday_of(&w->to, s) : moment_of(&w->to, &whole, s))
		return -1;
	if (whole)
		w->to += DAY;
	if (w->weekly)
		w->from %= WEEK;	/* Sun 24:00 is Mon 00:00 */
	return w->from == w->to || (!w->weekly && w->from > w->to) ? -1 : 0;
}

int mv_window_parse(struct mv_window **out, const char *text,
		    struct mv_err *err)
{
	struct mv_window *w = calloc(1, sizeof(*w));
	const char *s = text;
	int rc;

	if (!w)
		return mv_nomem(err);
	if (take_ends(w, &s))
		rc = mv_fail(err, MV_EINVALID, "'%s' is no window, such as "
			     "2026-12-20..2027-01-03 or Fri 16:00..Mon 08:00",
			     text);
	else
		rc = take_zone(w, s, err);
	if (rc) {
		mv_window_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void mv_window_free(struct mv_window *w)
{
	if (!w)
		return;
	free(w->zone);
	free(w);
}

int mv_window_covers(const struct mv_window *w, int64_t local)
{
	int64_t t;

	if (!w->weekly)
		return local >= w->from && local < w->to;
	/* 1970-01-01 was a Thursday. */
	t = (local % WEEK + WEEK + 3 * DAY) % WEEK;
	if (w->from < w->to)
		return t >= w->from && t < w->to;
	return t >= w->from || t < w->to;
}
