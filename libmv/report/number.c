/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"

/* Whatever the process's locale has for a decimal point becomes a ".". */
static void neutral(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (strchr("0123456789+-eE", *s))
			*to++ = *s;
		else if (to[-1] != '.')
			*to++ = '.';
	}
	*to = '\0';
}

static void strip_zeros(char *s)
{
	char *end = s + strlen(s);

	if (!strchr(s, '.') || strchr(s, 'e'))
		return;
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
}

/* Six significant digits, but never fewer than a whole number has. */
static void print_short(char *text, size_t size, double v)
{
	double a = fabs(v);
	int digits;

	if (a != 0 && (a < 1e-4 || a >= 1e15)) {
		snprintf(text, size, "%.6g", v);
		neutral(text);
		return;
	}
	digits = a > 0 ? 5 - (int)floor(log10(a)) : 0;
	snprintf(text, size, "%.*f", digits < 0 ? 0 : digits, v);
	neutral(text);
	strip_zeros(text);
}

void mv_number_print(char *text, double v, int precision)
{
	const size_t size = MV_NUMBER_MAX;

	if (isnan(v)) {
		snprintf(text, size, "nan");
	} else if (isinf(v)) {
		snprintf(text, size, v < 0 ? "-inf" : "inf");
	} else if (precision < 0 || fabs(v) >= 1e15) {
		print_short(text, size, v);
	} else if (v != 0 && fabs(v) < 0.5 * pow(10, -precision)) {
		/* 0.000 would say that there is nothing. */
		snprintf(text, size, "%.1e", v);
		neutral(text);
	} else {
		snprintf(text, size, "%.*f", precision > 17 ? 17 : precision,
			 v);
		neutral(text);
	}
	if (!strcmp(text, "-0"))
		snprintf(text, size, "0");
}

int mv_buf_add_number(struct mv_buf *out, const struct mv_value *value,
		      int precision)
{
	char text[MV_NUMBER_MAX];

	switch (value->type) {
	case MV_VALUE_INT:
		if (mv_buf_addf(out, "%lld", (long long)value->i))
			return MV_ENOMEM;
		return 0;
	case MV_VALUE_REAL:
		mv_number_print(text, value->r, precision);
		return mv_buf_addstr(out, text);
	default:
		return mv_buf_add_safe(out, value->text ? value->text : "",
				       value->text ? strlen(value->text) : 0);
	}
}
