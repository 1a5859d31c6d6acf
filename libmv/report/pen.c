/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/text.h"

void mv_pen_init(struct mv_pen *pen, struct mv_buf *out,
		 const struct mv_style *style)
{
	memset(pen, 0, sizeof(*pen));
	pen->out = out;
	pen->from = out->len;
	if (style)
		pen->style = *style;
	if (pen->style.width <= 0)
		pen->style.width = 80;
}

int mv_pen_done(struct mv_pen *pen, struct mv_err *err)
{
	if (!pen->failed)
		return 0;
	pen->out->len = pen->from;
	if (pen->out->alloc)
		pen->out->data[pen->from] = '\0';
	return mv_nomem(err);
}

void mv_pen_str(struct mv_pen *pen, const char *s)
{
	pen->failed |= mv_buf_addstr(pen->out, s) != 0;
}

void mv_pen_f(struct mv_pen *pen, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || mv_buf_reserve(pen->out, (size_t)n)) {
		pen->failed = 1;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(pen->out->data + pen->out->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	pen->out->len += (size_t)n;
}

void mv_pen_safe(struct mv_pen *pen, const char *s)
{
	if (s)
		pen->failed |= mv_buf_add_safe(pen->out, s, strlen(s)) != 0;
}

void mv_pen_safe_cut(struct mv_pen *pen, const char *s, size_t columns)
{
	size_t from = pen->out->len, len, fit;
	const char *dots = pen->style.flags & MV_STYLE_UNICODE ? "…" : "...";

	mv_pen_safe(pen, s);
	len = pen->out->len - from;
	if (mv_width_fit(pen->out->data + from, len, columns) == len)
		return;
	fit = mv_width(dots, strlen(dots));
	fit = mv_width_fit(pen->out->data + from, len,
			   columns > fit ? columns - fit : 0);
	pen->out->len = from + fit;
	pen->out->data[pen->out->len] = '\0';
	mv_pen_str(pen, dots);
}

void mv_pen_trim(struct mv_pen *pen)
{
	struct mv_buf *out = pen->out;

	while (out->len > pen->from && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

void mv_pen_repeat(struct mv_pen *pen, const char *s, size_t times)
{
	while (times-- && !pen->failed)
		mv_pen_str(pen, s);
}

void mv_pen_glyph(struct mv_pen *pen, enum mv_glyph glyph)
{
	static const char *const glyphs[][2] = {
		[MV_GLYPH_ARROW] = { "->", "→" },
		[MV_GLYPH_ELLIPSIS] = { "...", "…" },
		[MV_GLYPH_DOT] = { "-", "·" },
		[MV_GLYPH_TEE] = { "|- ", "├─ " },
		[MV_GLYPH_ELBOW] = { "`- ", "└─ " },
		[MV_GLYPH_BAR] = { "|  ", "│  " },
		[MV_GLYPH_WARN] = { "!", "!" },
		[MV_GLYPH_AXIS_UP] = { "|", "│" },
		[MV_GLYPH_AXIS_TICK] = { "+", "┤" },
		[MV_GLYPH_AXIS_ORIGIN] = { "+", "└" },
		[MV_GLYPH_AXIS_RIGHT] = { "-", "─" },
		[MV_GLYPH_AXIS_DOWN] = { "+", "┬" }
	};

	mv_pen_str(pen, glyphs[glyph][!!(pen->style.flags &
					 MV_STYLE_UNICODE)]);
}

void mv_pen_begin(struct mv_pen *pen, enum mv_tone tone)
{
	static const char *const codes[] = {
		[MV_TONE_PLAIN] = "", [MV_TONE_BOLD] = "\033[1m",
		[MV_TONE_DIM] = "\033[2m", [MV_TONE_GOOD] = "\033[32m",
		[MV_TONE_BAD] = "\033[31m", [MV_TONE_WARN] = "\033[33m"
	};

	if (pen->style.flags & MV_STYLE_COLOR)
		mv_pen_str(pen, codes[tone]);
}

void mv_pen_end(struct mv_pen *pen, enum mv_tone tone)
{
	if (tone != MV_TONE_PLAIN && pen->style.flags & MV_STYLE_COLOR)
		mv_pen_str(pen, "\033[m");
}

void mv_pen_toned(struct mv_pen *pen, enum mv_tone tone, const char *s)
{
	mv_pen_begin(pen, tone);
	mv_pen_str(pen, s);
	mv_pen_end(pen, tone);
}
