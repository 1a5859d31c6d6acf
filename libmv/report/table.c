/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"

enum {
	GAP = 2,		/* blanks between columns */
	TITLE_MAX = 20,
	SHRINK_MIN = 8,		/* a column is never cut to less, */
	TAIL_MIN = 14,		/* nor a path, */
	TITLE_MIN = 6,		/* nor a title */
	TEXT_MAX = 64 << 20
};

void mv_table_init(struct mv_table *t)
{
	memset(t, 0, sizeof(*t));
	mv_buf_init(&t->text, TEXT_MAX);
	mv_pen_init(&t->pen, &t->text, NULL);
	t->pen.style.flags = MV_STYLE_UNICODE;
}

void mv_table_release(struct mv_table *t)
{
	mv_buf_release(&t->text);
	free(t->cells);
	mv_table_init(t);
}

static struct mv_cell *next_cell(struct mv_table *t)
{
	if (MV_GROW(t->cells, t->alloc, t->count + 1, NULL) < 0) {
		t->pen.failed = 1;
		return NULL;
	}
	return &t->cells[t->count++];
}

static struct mv_pen *add_cell(struct mv_table *t, enum mv_tone tone,
			       int foreign)
{
	struct mv_cell *cell = next_cell(t);

	if (cell) {
		cell->off = t->text.len;
		cell->tone = tone;
		cell->foreign = foreign;
	}
	return &t->pen;
}

struct mv_pen *mv_table_cell(struct mv_table *t, enum mv_tone tone)
{
	return add_cell(t, tone, 0);
}

struct mv_pen *mv_table_foreign(struct mv_table *t, enum mv_tone tone)
{
	return add_cell(t, tone, 1);
}

int mv_table_column(struct mv_table *t, unsigned flags, const char *title,
		    int foreign)
{
	if (t->columns == MV_TABLE_COLUMNS)
		return 0;
	t->flags[t->columns++] = flags;
	mv_pen_safe_cut(add_cell(t, MV_TONE_DIM, foreign), title, TITLE_MAX);
	return 1;
}

size_t mv_table_rows(const struct mv_table *t)
{
	return t->columns ? t->count / t->columns - (t->count > 0) : 0;
}

void mv_table_cut(struct mv_table *t, size_t rows)
{
	size_t count = (rows + 1) * t->columns;

	if (count >= t->count)
		return;
	t->text.len = t->cells[count].off;
	t->count = count;
}

const char *mv_table_at(const struct mv_table *t, size_t row, size_t column,
			size_t *len, const struct mv_cell **cell)
{
	size_t i = row * t->columns + column;

	if (i >= t->count) {
		*len = 0;
		*cell = NULL;
		return "";
	}
	*cell = &t->cells[i];
	*len = (i + 1 < t->count ? t->cells[i + 1].off : t->text.len) -
	       t->cells[i].off;
	return t->text.data + t->cells[i].off;
}

int mv_table_is_empty(const struct mv_table *t, size_t column)
{
	const struct mv_cell *cell;
	size_t len;

	if (t->flags[column] & MV_COLUMN_KEEP)
		return 0;
	for (size_t row = 1; row <= mv_table_rows(t); row++) {
		mv_table_at(t, row, column, &len, &cell);
		if (len)
			return 0;
	}
	return 1;
}

/* -- how wide ------------------------------------------------------------- */

struct widths {
	size_t now[MV_TABLE_COLUMNS];	/* 0: the column is not shown */
	size_t wanted[MV_TABLE_COLUMNS];
	size_t least[MV_TABLE_COLUMNS];	/* cut to no less */
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Half a number would be a lie; half a title is better than no number. */
static size_t least(size_t values, size_t title, unsigned flags)
{
	size_t all = values > title ? values : title;

	if (flags & MV_COLUMN_TAIL)
		return smaller(all, TAIL_MIN);
	if (flags & MV_COLUMN_SHRINK)
		return smaller(all, SHRINK_MIN);
	return values > TITLE_MIN ? values : smaller(all, TITLE_MIN);
}

static void measure(struct widths *w, const struct mv_table *t, int titles)
{
	const struct mv_cell *cell;
	size_t len, title, values, one;
	const char *s;

	memset(w, 0, sizeof(*w));
	for (size_t c = 0; c < t->columns; c++) {
		if (mv_table_is_empty(t, c))
			continue;
		s = mv_table_at(t, 0, c, &len, &cell);
		title = titles ? mv_width(s, len) : 0;
		values = 0;
		for (size_t r = 1; r <= mv_table_rows(t); r++) {
			s = mv_table_at(t, r, c, &len, &cell);
			one = mv_width(s, len);
			values = one > values ? one : values;
		}
		w->wanted[c] = values > title ? values : title;
		w->least[c] = least(values, title, t->flags[c]);
	}
	memcpy(w->now, w->wanted, sizeof(w->now));
}

static size_t total(const size_t *widths, size_t columns)
{
	size_t sum = 0;

	for (size_t c = 0; c < columns; c++)
		sum += widths[c] ? widths[c] + GAP : 0;
	return sum ? sum - GAP : 0;
}

/* The widest column of those that may be cut gives way first. */
static void shrink(struct widths *w, const struct mv_table *t, size_t room,
		   unsigned flags)
{
	while (total(w->now, t->columns) > room) {
		size_t widest = t->columns;

		for (size_t c = 0; c < t->columns; c++)
			if (w->now[c] > w->least[c] &&
			    (!flags || t->flags[c] & flags) &&
			    (widest == t->columns ||
			     w->now[c] > w->now[widest]))
				widest = c;
		if (widest == t->columns)
			return;
		w->now[widest]--;
	}
}

/* In which round a column goes. */
static int round_of(unsigned flags)
{
	if (flags & MV_COLUMN_SPARE)
		return 0;
	if (flags & MV_COLUMN_EARLY)
		return 1;
	return flags & MV_COLUMN_LATE ? 3 : 2;
}

/* Which column goes next, of these rounds; t->columns: none may. The first
   one says what a line is about, unless it says that it may go. */
static size_t next_out(const struct widths *w, const struct mv_table *t,
		       int rounds)
{
	for (int round = 0; round < rounds; round++)
		for (size_t c = t->columns; c-- > 0;)
			if (w->now[c] && round_of(t->flags[c]) == round &&
			    (c || round < 2))
				return c;
	return t->columns;
}

static size_t leave_out(struct widths *w, const struct mv_table *t,
			const size_t *needed, int rounds, size_t room)
{
	size_t out = 0, c;

	while (total(needed, t->columns) > room &&
	       (c = next_out(w, t, rounds)) < t->columns) {
		w->now[c] = w->wanted[c] = w->least[c] = 0;
		out++;
	}
	return out;
}

/* A column without room goes as a whole, and what it leaves is for the
   others. */
static size_t make_fit(struct widths *w, const struct mv_table *t, size_t room)
{
	size_t out = leave_out(w, t, w->wanted, 1, room);

	out += leave_out(w, t, w->least, 4, room);
	shrink(w, t, room, MV_COLUMN_SHRINK | MV_COLUMN_TAIL);
	shrink(w, t, room, 0);
	return out;
}

/* -- printing ------------------------------------------------------------- */

/* Where the part of a text begins that has at most so many columns. */
static size_t tail_from(const char *s, size_t len, size_t columns)
{
	size_t at = 0, all = mv_width(s, len);

	while (at < len && all - mv_width(s, at) > columns)
		do
			at++;
		while (at < len && ((unsigned char)s[at] & 0xc0) == 0x80);
	return at;
}

/* The part of a cell that has room, beside the dots where it is cut. */
static size_t fit_cell(const char **s, size_t len, size_t room, int tail)
{
	size_t from;

	if (!tail)
		return mv_width_fit(*s, len, room);
	from = tail_from(*s, len, room);
	*s += from;
	return len - from;
}

static void table_put_cell(struct mv_pen *pen, const struct mv_cell *cell,
			   const char *s, size_t len, size_t width, int tail)
{
	const char *dots = pen->style.flags & MV_STYLE_UNICODE ? "…" : "...";
	size_t dots_width = pen->style.flags & MV_STYLE_UNICODE ? 1 : 3;
	int cut = mv_width(s, len) > width;

	if (cut)
		len = fit_cell(&s, len, width > dots_width ?
			       width - dots_width : 0, tail);
	mv_pen_begin(pen, cell->tone);
	if (cut && tail)
		mv_pen_str(pen, dots);
	pen->failed |= mv_buf_add(pen->out, s, len) != 0;
	if (cut && !tail)
		mv_pen_str(pen, dots);
	mv_pen_end(pen, cell->tone);
}

static size_t shown_width(const char *s, size_t len, size_t width,
			  unsigned flags, int tail)
{
	size_t w = mv_width(s, len);
	size_t dots = flags & MV_STYLE_UNICODE ? 1 : 3;

	if (w <= width)
		return w;
	len = fit_cell(&s, len, width > dots ? width - dots : 0, tail);
	return mv_width(s, len) + dots;
}

/* Blanks are owed and paid before the next text, so none ends a line. */
static void table_put_row(struct mv_pen *pen, const struct mv_table *t,
			  size_t row,
			  const size_t *widths, size_t indent)
{
	const struct mv_cell *cell;
	size_t owed = indent, len, w;
	const char *s;
	int tail;

	for (size_t c = 0; c < t->columns; c++) {
		if (!widths[c])
			continue;
		s = mv_table_at(t, row, c, &len, &cell);
		tail = row && t->flags[c] & MV_COLUMN_TAIL;
		w = shown_width(s, len, widths[c], pen->style.flags, tail);
		if (w > widths[c])
			w = widths[c];
		if (t->flags[c] & MV_COLUMN_RIGHT)
			owed += widths[c] - w;
		if (len) {
			mv_pen_repeat(pen, " ", owed);
			table_put_cell(pen, cell, s, len, widths[c], tail);
			owed = 0;
		}
		if (t->flags[c] & MV_COLUMN_RIGHT)
			owed += len ? 0 : w;
		else
			owed += widths[c] - w;
		owed += GAP;
	}
	mv_pen_trim(pen);
	mv_pen_str(pen, "\n");
}

static size_t fit(struct widths *w, const struct mv_pen *pen,
		  const struct mv_table *t, size_t indent, int titles)
{
	size_t room = (size_t)pen->style.width;

	measure(w, t, titles);
	return make_fit(w, t, room > indent ? room - indent : 1);
}

void mv_table_left_out(unsigned char out[MV_TABLE_COLUMNS],
		       const struct mv_pen *pen, const struct mv_table *t,
		       size_t indent, int titles)
{
	struct widths widths;

	memset(out, 0, MV_TABLE_COLUMNS);
	if (pen->failed || t->pen.failed || !mv_table_rows(t))
		return;
	fit(&widths, pen, t, indent, titles);
	for (size_t c = 0; c < t->columns; c++)
		out[c] = !widths.now[c];
}

size_t mv_table_print(struct mv_pen *pen, const struct mv_table *t,
		      size_t indent, int titles)
{
	struct widths widths;
	size_t out;

	pen->failed |= t->pen.failed;
	if (pen->failed || !mv_table_rows(t))
		return 0;
	out = fit(&widths, pen, t, indent, titles);
	for (size_t r = titles ? 0 : 1; r <= mv_table_rows(t); r++)
		table_put_row(pen, t, r, widths.now, indent);
	return out;
}
