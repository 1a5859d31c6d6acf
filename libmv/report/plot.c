/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/curves.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * Curves in a terminal. In colour, eight braille dots a cell; without, where
 * several curves must be told apart by their shape, one mark a cell.
 */
enum {
	HEIGHT_MIN = 3, HEIGHT_MAX = 200,
	WIDTH_MIN = 24, WIDTH_MAX = 400,
	TICKS_MAX = 64,
	COLORS = 6, MARKS = 8
};
static const double BIGGEST = 1e300;	/* so that differences are finite */

struct range {
	double lo, hi, step;
};
struct canvas {
	int width, height;	/* in cells */
	int braille;
	unsigned char *dots;	/* of each cell, bits as in U+2800 */
	unsigned char *owner;	/* 1 + the line drawn there last */
};

/* -- ranges and ticks ----------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, not below v. */
static double round_step(double v)
{
	double p = pow(10, floor(log10(v)));
	double m = v / p;

	if (!(p > 0) || !isfinite(m))
		return v;
	return (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * p;
}

static double clamp(double v)
{
	return v > BIGGEST ? BIGGEST : v < -BIGGEST ? -BIGGEST : v;
}

static int find_range(struct range *x, struct range *y,
		      const struct mv_plot *p)
{
	int any = 0;

	for (size_t i = 0; i < p->count; i++)
		for (size_t j = 0; j < p->v[i].count; j++) {
			const struct mv_point *pt = &p->v[i].points[j];
			double v = clamp(pt->value), s = (double)pt->step;

			if (!isfinite(pt->value))
				continue;
			x->lo = !any || s < x->lo ? s : x->lo;
			x->hi = !any || s > x->hi ? s : x->hi;
			y->lo = !any || v < y->lo ? v : y->lo;
			y->hi = !any || v > y->hi ? v : y->hi;
			any = 1;
		}
	return any;
}

/* Out to round numbers on both sides. */
static void round_range(struct range *r, int ticks)
{
	double pad;

	if (!(r->hi > r->lo)) {
		pad = fabs(r->lo) > 1e-9 ? fabs(r->lo) / 10 : 1;
		r->lo -= pad;
		r->hi += pad;
	}
	r->step = round_step((r->hi - r->lo) / ticks);
	r->lo = floor(r->lo / r->step) * r->step;
	r->hi = ceil(r->hi / r->step) * r->step;
	if (!(r->hi > r->lo)) {		/* too close for a double's digits */
		r->hi = r->lo + 1;
		r->step = 1;
	}
}

/* Steps are whole numbers, and a curve begins where it begins. */
static void step_range(struct range *r, int ticks)
{
	double pad = fmax(1, fabs(r->lo) / 1e9);

	if (!(r->hi > r->lo)) {
		r->lo -= pad;
		r->hi += pad;
	}
	r->step = round_step((r->hi - r->lo) / ticks);
	if (r->step < 1)
		r->step = 1;
}

static double part(const struct range *r, double v)
{
	return (v - r->lo) / (r->hi - r->lo);
}

static void tick_label(char *text, double v, const struct range *r)
{
	double most = fmax(fabs(r->lo), fabs(r->hi));
	int digits = 0;

	if (fabs(v) < r->step / 1000)
		v = 0;
	if (most >= 1e7 || r->step < 1e-6)
		digits = -1;
	else if (r->step < 1)
		digits = (int)ceil(-log10(r->step) - 1e-9);
	if (v == 0 && digits > 0)
		digits = 0;
	mv_number_print(text, v, digits);
}

/* -- drawing -------------------------------------------------------------- */

static void dot(struct canvas *c, long x, long y, size_t line)
{
	static const unsigned char bits[4][2] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};
	long cx = c->braille ? x / 2 : x, cy = c->braille ? y / 4 : y;
	size_t at;

	if (x < 0 || y < 0 || cx >= c->width || cy >= c->height)
		return;
	at = (size_t)cy * (size_t)c->width + (size_t)cx;
	c->dots[at] |= bits[y & 3][x & 1];
	c->owner[at] = (unsigned char)(line % 250 + 1);
}

static void segment(struct canvas *c, long x0, long y0, long x1, long y1,
		    size_t line)
{
	long dx = labs(x1 - x0), dy = -labs(y1 - y0), e = dx + dy, e2;

	for (;;) {
		dot(c, x0, y0, line);
		if (x0 == x1 && y0 == y1)
			return;
		e2 = 2 * e;
		if (e2 >= dy) {
			e += dy;
			x0 += x0 < x1 ? 1 : -1;
		}
		if (e2 <= dx) {
			e += dx;
			y0 += y0 < y1 ? 1 : -1;
		}
	}
}

/* What is no number is a gap. */
static void draw(struct canvas *c, const struct mv_plot_line *l, size_t line,
		 const struct range *x, const struct range *y)
{
	long w = (c->braille ? c->width * 2 : c->width) - 1;
	long h = (c->braille ? c->height * 4 : c->height) - 1;
	long px = 0, py = 0, nx, ny;
	int joined = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (!isfinite(l->points[i].value)) {
			joined = 0;
			continue;
		}
		nx = lround(part(x, (double)l->points[i].step) * (double)w);
		ny = lround((1 - part(y, clamp(l->points[i].value))) *
			    (double)h);
		segment(c, joined ? px : nx, joined ? py : ny, nx, ny, line);
		px = nx;
		py = ny;
		joined = 1;
	}
}

/* -- printing ------------------------------------------------------------- */

static void line_color(struct mv_pen *pen, size_t line)
{
	static const char *const colors[COLORS] = {
		"36", "33", "35", "32", "34", "31"
	};

	if (pen->style.flags & MV_STYLE_COLOR)
		mv_pen_f(pen, "\033[%sm", colors[line % COLORS]);
}

static void color_end(struct mv_pen *pen)
{
	if (pen->style.flags & MV_STYLE_COLOR)
		mv_pen_str(pen, "\033[m");
}

static void put_mark(struct mv_pen *pen, size_t line)
{
	mv_pen_f(pen, "%c", "*+ox#@%&"[line % MARKS]);
}

static void plot_put_cell(struct mv_pen *pen, const struct canvas *c, size_t at)
{
	if (!c->owner[at])
		mv_pen_str(pen, " ");
	else if (c->braille)		/* U+2800 + dots, in UTF-8 */
		mv_pen_f(pen, "\xe2%c%c", 0xa0 + (c->dots[at] >> 6),
			 0x80 + (c->dots[at] & 0x3f));
	else
		put_mark(pen, c->owner[at] - 1u);
}

static void plot_put_row(struct mv_pen *pen, const struct canvas *c, int row,
			 const char *label, int margin)
{
	size_t at = (size_t)row * (size_t)c->width;
	unsigned char before = 0;
	int last = c->width;

	mv_pen_f(pen, "%*s ", margin, label);
	mv_pen_glyph(pen, *label ? MV_GLYPH_AXIS_TICK : MV_GLYPH_AXIS_UP);
	while (last > 0 && !c->owner[at + (size_t)last - 1])
		last--;
	for (int x = 0; x < last; x++) {
		unsigned char owner = c->owner[at + (size_t)x];

		if (owner != before && before)
			color_end(pen);
		if (owner != before && owner)
			line_color(pen, owner - 1u);
		plot_put_cell(pen, c, at + (size_t)x);
		before = owner;
	}
	if (before)
		color_end(pen);
	mv_pen_str(pen, "\n");
}

/* The cell of the n-th tick, or -1. */
static int tick_cell(const struct range *r, size_t n, int cells, double *v)
{
	double first = ceil(r->lo / r->step - 1e-9);

	*v = (first + (double)n) * r->step;
	if (*v > r->hi + r->step / 1000 || n >= TICKS_MAX)
		return -1;
	return (int)lround(part(r, *v) * (cells - 1));
}

static void put_area(struct mv_pen *pen, const struct canvas *c,
		     const struct range *y, int margin)
{
	char labels[HEIGHT_MAX][MV_NUMBER_MAX];
	double v;
	int cell;

	for (int row = 0; row < c->height; row++)
		labels[row][0] = '\0';
	for (size_t n = 0; (cell = tick_cell(y, n, c->height, &v)) >= 0; n++)
		if (cell < c->height)
			tick_label(labels[c->height - 1 - cell], v, y);
	for (int row = 0; row < c->height; row++)
		plot_put_row(pen, c, row, labels[row], margin);
}

static int margin_of(const struct range *y, int height)
{
	char text[MV_NUMBER_MAX];
	int most = 1, cell;
	double v;

	for (size_t n = 0; (cell = tick_cell(y, n, height, &v)) >= 0; n++) {
		tick_label(text, v, y);
		if ((int)strlen(text) > most)
			most = (int)strlen(text);
	}
	return most;
}

/* The axis with its ticks, and a line of labels centred below them. */
static void put_x_axis(struct mv_pen *pen, const struct range *x, int width,
		       int margin, const char *label)
{
	char text[MV_NUMBER_MAX], labels[WIDTH_MAX + MV_NUMBER_MAX];
	unsigned char ticks[WIDTH_MAX] = { 0 };
	int cell, at, len, used = 0, room = (int)sizeof(labels);
	double v;

	memset(labels, ' ', sizeof(labels));
	for (size_t n = 0; (cell = tick_cell(x, n, width, &v)) >= 0; n++) {
		tick_label(text, v, x);
		len = (int)strlen(text);
		at = cell - (len - 1) / 2;
		at = at < 0 ? 0 : at;
		if (cell >= width || at + len > room || (used && at < used + 1))
			continue;
		ticks[cell] = 1;
		memcpy(labels + at, text, (size_t)len);
		used = at + len;
	}
	mv_pen_f(pen, "%*s ", margin, "");
	mv_pen_glyph(pen, MV_GLYPH_AXIS_ORIGIN);
	for (int i = 0; i < width; i++)
		mv_pen_glyph(pen, ticks[i] ? MV_GLYPH_AXIS_DOWN :
			     MV_GLYPH_AXIS_RIGHT);
	mv_pen_f(pen, "\n%*s  %.*s", margin, "", used, labels);
	if (label && *label) {
		mv_pen_str(pen, "  ");
		mv_pen_safe_cut(pen, label, 20);
	}
	mv_pen_str(pen, "\n");
}

static int metrics_differ(const struct mv_plot *p)
{
	for (size_t i = 1; i < p->count; i++)
		if (!p->v[i].metric != !p->v[0].metric ||
		    (p->v[i].metric && strcmp(p->v[i].metric, p->v[0].metric)))
			return 1;
	return 0;
}

static void plot_put_legend(struct mv_pen *pen, const struct mv_plot *p,
			    int braille)
{
	int metrics = metrics_differ(p) || !p->y_label;
	char text[MV_NUMBER_MAX];

	for (size_t i = 0; i < p->count && !pen->failed; i++) {
		const struct mv_plot_line *l = &p->v[i];

		mv_pen_str(pen, "  ");
		line_color(pen, i);
		if (braille)
			mv_pen_str(pen, "──");
		else
			put_mark(pen, i);
		color_end(pen);
		mv_pen_str(pen, " ");
		mv_pen_safe_cut(pen, l->label, 60);
		if (metrics && l->metric) {
			mv_pen_str(pen, "  ");
			mv_pen_safe_cut(pen, l->metric, 40);
		}
		mv_pen_begin(pen, MV_TONE_DIM);
		if (l->count) {
			mv_number_print(text, l->points[l->count - 1].value,
					-1);
			mv_pen_f(pen, "  last %s", text);
		} else {
			mv_pen_str(pen, "  no points");
		}
		mv_pen_end(pen, MV_TONE_DIM);
		mv_pen_str(pen, "\n");
	}
}

static void plot_put_title(struct mv_pen *pen, const struct mv_plot *p)
{
	if (p->title && *p->title) {
		mv_pen_begin(pen, MV_TONE_BOLD);
		mv_pen_safe(pen, p->title);
		mv_pen_end(pen, MV_TONE_BOLD);
		mv_pen_str(pen, "\n");
	}
	if (p->y_label && *p->y_label) {
		mv_pen_safe(pen, p->y_label);
		mv_pen_str(pen, "\n");
	}
}

static void put_chart(struct mv_pen *pen, const struct mv_plot *p, int height)
{
	struct canvas c = { .height = height };
	struct range x = { 0, 0, 1 }, y = { 0, 0, 1 };
	int margin, width = pen->style.width;

	if (!find_range(&x, &y, p)) {
		mv_pen_str(pen, "no points to draw\n");
		return;
	}
	round_range(&y, height / 3 > 2 ? height / 3 : 2);
	margin = margin_of(&y, height);
	width = width < WIDTH_MIN ? WIDTH_MIN : width;
	c.width = width > WIDTH_MAX ? WIDTH_MAX : width;
	c.width = c.width - margin - 2 > 8 ? c.width - margin - 2 : 8;
	step_range(&x, c.width / 12 > 1 ? c.width / 12 : 1);
	c.braille = pen->style.flags & MV_STYLE_UNICODE &&
		    (p->count == 1 || pen->style.flags & MV_STYLE_COLOR);
	c.dots = calloc((size_t)c.width, (size_t)c.height);
	c.owner = calloc((size_t)c.width, (size_t)c.height);
	if (c.dots && c.owner) {
		for (size_t i = 0; i < p->count; i++)
			draw(&c, &p->v[i], i, &x, &y);
		put_area(pen, &c, &y, margin);
		put_x_axis(pen, &x, c.width, margin,
			   p->x_label ? p->x_label : "step");
		plot_put_legend(pen, p, c.braille);
	} else {
		pen->failed = 1;
	}
	free(c.dots);
	free(c.owner);
}

int mv_plot_text(struct mv_buf *out, const struct mv_plot *p, int height,
		 const struct mv_style *style, struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, style);
	height = height < HEIGHT_MIN ? HEIGHT_MIN : height;
	plot_put_title(&pen, p);
	put_chart(&pen, p, height > HEIGHT_MAX ? HEIGHT_MAX : height);
	return mv_pen_done(&pen, err);
}

/* -- a curve in a word ---------------------------------------------------- */

/* The mean of the numbers in one part of the points; NaN: there are none. */
static double mean(const struct mv_point *points, size_t from, size_t to)
{
	double m = 0;
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		if (isfinite(points[i].value)) {
			n++;
			m += (clamp(points[i].value) - m) / (double)n;
		}
	return n ? m : NAN;
}

static int put_bar(struct mv_buf *out, double v, const struct range *r)
{
	static const char *const bars[] = {
		"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"
	};

	if (isnan(v))
		return mv_buf_addch(out, ' ');
	return mv_buf_addstr(out, r->hi > r->lo ?
			     bars[(int)lround(part(r, v) * 7)] : bars[3]);
}

/* The mean of the i-th of so many equal parts. */
static double bucket(const struct mv_point *points, size_t count,
		     size_t cells, size_t i)
{
	size_t from = count / cells * i + count % cells * i / cells;
	size_t to = count / cells * (i + 1) + count % cells * (i + 1) / cells;

	return mean(points, from, to);
}

int mv_sparkline(struct mv_buf *out, const struct mv_point *points,
		 size_t count, int width)
{
	struct range r = { NAN, NAN, 0 };
	size_t cells = width < 0 ? 0 : (size_t)width;
	int rc = 0;

	cells = count < cells ? count : cells;
	for (size_t i = 0; i < cells; i++) {
		double v = bucket(points, count, cells, i);

		r.lo = fmin(r.lo, v);
		r.hi = fmax(r.hi, v);
	}
	for (size_t i = 0; i < cells && !rc && !isnan(r.hi); i++)
		rc = put_bar(out, bucket(points, count, cells, i), &r);
	return rc;
}
