/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/report/parts.h"

enum {
	GAP = 2,		/* blanks between columns */
	TITLE_MAX = 20,
	SHRINK_MIN = 8,		/* a column is never cut to less */
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
	struct mv_cell *cells;
	size_t alloc;

	if (t->count == t->alloc) {
		alloc = t->alloc ? t->alloc * 2 : 64;
		cells = reallocarray(t->cells, alloc, sizeof(*cells));
		if (!cells) {
			t->pen.failed = 1;
			return NULL;
		}
		t->cells = cells;
		t->alloc = alloc;
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

/* -- how wide ------------------------------------------------------------------- */

/* 0: the column is not shown. */
static void measure(size_t *widths, const struct mv_table *t, int titles)
{
	const struct mv_cell *cell;
	size_t len, w;
	const char *s;

	for (size_t c = 0; c < t->columns; c++) {
		widths[c] = 0;
		if (mv_table_is_empty(t, c))
			continue;
		for (size_t r = titles ? 0 : 1; r <= mv_table_rows(t); r++) {
			s = mv_table_at(t, r, c, &len, &cell);
			w = mv_width(s, len);
			if (w > widths[c])
				widths[c] = w;
		}
	}
}

static size_t total(const size_t *widths, size_t columns)
{
	size_t sum = 0;

	for (size_t c = 0; c < columns; c++)
		sum += widths[c] ? widths[c] + GAP : 0;
	return sum ? sum - GAP : 0;
}

/* The widest column that may be cut gives way first. */
static void shrink(size_t *widths, const struct mv_table *t, size_t room)
{
	while (total(widths, t->columns) > room) {
		size_t widest = t->columns;

		for (size_t c = 0; c < t->columns; c++)
			if (t->flags[c] & MV_COLUMN_SHRINK &&
			    widths[c] > SHRINK_MIN &&
			    (widest == t->columns ||
			     widths[c] > widths[widest]))
				widest = c;
		if (widest == t->columns)
			return;
		widths[widest]--;
	}
}

/* Half a number would be a lie: a column without room goes as a whole, and
   what it leaves is for the others. */
static size_t make_fit(size_t *widths, const struct mv_table *t, size_t room)
{
	size_t wanted[MV_TABLE_COLUMNS], out = 0;

	memcpy(wanted, widths, t->columns * sizeof(*widths));
	shrink(widths, t, room);
	for (size_t c = t->columns; c-- > 1 &&
	     total(widths, t->columns) > room;) {
		out += widths[c] > 0;
		widths[c] = wanted[c] = 0;
	}
	if (out) {
		memcpy(widths, wanted, t->columns * sizeof(*widths));
		shrink(widths, t, room);
	}
	return out;
}

/* -- printing --------------------------------------------------------------------- */

static void put_cell(struct mv_pen *pen, const struct mv_cell *cell,
		     const char *s, size_t len, size_t width)
{
	const char *dots = pen->style.flags & MV_STYLE_UNICODE ? "…" : "...";
	size_t dots_width = pen->style.flags & MV_STYLE_UNICODE ? 1 : 3;
	int cut = mv_width(s, len) > width;

	if (cut)
		len = mv_width_fit(s, len, width > dots_width ?
				   width - dots_width : 0);
	mv_pen_begin(pen, cell->tone);
	pen->failed |= mv_buf_add(pen->out, s, len) != 0;
	if (cut)
		mv_pen_str(pen, dots);
	mv_pen_end(pen, cell->tone);
}

static size_t shown_width(const char *s, size_t len, size_t width,
			  unsigned flags)
{
	size_t w = mv_width(s, len);
	size_t dots = flags & MV_STYLE_UNICODE ? 1 : 3;

	if (w <= width)
		return w;
	len = mv_width_fit(s, len, width > dots ? width - dots : 0);
	return mv_width(s, len) + dots;
}

/* Blanks are owed and paid before the next text, so none ends a line. */
static void put_row(struct mv_pen *pen, const struct mv_table *t, size_t row,
		    const size_t *widths, size_t indent)
{
	const struct mv_cell *cell;
	size_t owed = indent, len, w;
	const char *s;

	for (size_t c = 0; c < t->columns; c++) {
		if (!widths[c])
			continue;
		s = mv_table_at(t, row, c, &len, &cell);
		w = shown_width(s, len, widths[c], pen->style.flags);
		if (w > widths[c])
			w = widths[c];
		if (t->flags[c] & MV_COLUMN_RIGHT)
			owed += widths[c] - w;
		if (len) {
			mv_pen_repeat(pen, " ", owed);
			put_cell(pen, cell, s, len, widths[c]);
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

size_t mv_table_print(struct mv_pen *pen, const struct mv_table *t,
		      size_t indent, int titles)
{
	size_t widths[MV_TABLE_COLUMNS];
	size_t room = (size_t)pen->style.width, out;

	pen->failed |= t->pen.failed;
	if (pen->failed || !mv_table_rows(t))
		return 0;
	room = room > indent ? room - indent : 1;
	measure(widths, t, titles);
	out = make_fit(widths, t, room);
	for (size_t r = titles ? 0 : 1; r <= mv_table_rows(t); r++)
		put_row(pen, t, r, widths, indent);
	return out;
}
