/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/report/pages.h"
#include "libmv/report/parts.h"
#include "libmv/report/views.h"

/*
 * A script for gnuplot, on its standard input. Points are numbers in inline
 * data; names stand in single quotes, where gnuplot looks for nothing but the
 * quote itself (no backquotes, no macros, no escapes), which is doubled. They
 * are made safe for a terminal first, so that no name has a line end in it.
 * gnuplot escapes what it writes into the SVG, but for "&#x", which it takes
 * for a character that is escaped already.
 */
enum { NAME_MAX_COLUMNS = 80 };

static void put_name(struct mv_pen *pen, const char *s)
{
	struct mv_buf safe;
	size_t len = s ? strnlen(s, 4096) : 0, fit;

	mv_buf_init(&safe, 64 << 10);
	pen->failed |= mv_buf_add_safe(&safe, s ? s : "", len) != 0;
	fit = mv_width_fit(safe.data, safe.len, NAME_MAX_COLUMNS);
	mv_pen_str(pen, "'");
	for (size_t i = 0; i < fit; i++) {
		char c = safe.data[i];

		if (c == '&' && safe.data[i + 1] == '#')
			mv_pen_str(pen, "＆");
		else
			mv_pen_f(pen, "%s%c", c == '\'' ? "'" : "", c);
	}
	mv_pen_str(pen, fit < safe.len ? "…'" : "'");
	mv_buf_release(&safe);
}

/* gnuplot breaks a line at what is no number. */
static void put_data(struct mv_pen *pen, const struct mv_plot_line *l,
		     size_t n)
{
	char text[32];

	mv_pen_f(pen, "$d%zu << EOD\n", n);
	for (size_t i = 0; i < l->count && !pen->failed; i++) {
		double v = l->points[i].value;

		if (isfinite(v))
			mv_pen_f(pen, "%lld %s\n",
				 (long long)l->points[i].step,
				 mv_print_real(text, v));
		else
			mv_pen_str(pen, "\n");
	}
	mv_pen_str(pen, "EOD\n");
}

static void put_line(struct mv_pen *pen, const struct mv_plot *p, size_t i)
{
	static const char *const colors[] = {
		"#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989",
		"#57606a", "#9a6700", "#1b7c83"
	};
	const struct mv_plot_line *l = &p->v[i];
	struct mv_buf title;

	mv_pen_f(pen, "$d%zu using 1:2 with %s linewidth 1.75 dashtype %zu "
		 "linecolor rgb '%s' noenhanced title ", i,
		 l->count < 40 ? "linespoints pointtype 7 pointsize 0.35"
			       : "lines",
		 i / 8 % 4 + 1, colors[i % 8]);
	mv_buf_init(&title, 1 << 20);
	pen->failed |= mv_buf_addf(&title, "%s  %s", l->label ? l->label : "",
				   l->metric ? l->metric : "") != 0;
	put_name(pen, title.data);
	mv_buf_release(&title);
}

static size_t drawn(const struct mv_plot_line *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += isfinite(l->points[i].value) != 0;
	return n;
}

static void put_settings(struct mv_pen *pen, const struct mv_plot *p,
			 int width, int height)
{
	mv_pen_str(pen, "set encoding utf8\n");
	mv_pen_f(pen, "set terminal svg size %d,%d noenhanced font "
		 "'sans-serif,13' background '#ffffff'\n", width, height);
	mv_pen_str(pen, "set border 3 linecolor '#8c959f'\n"
		   "set tics nomirror\n"
		   "set grid linecolor '#d8dee4' linetype 1\n"
		   "set key outside below left Left reverse noenhanced\n"
		   "set format x '%.0f'\n"
		   "set offsets graph 0, 0, 0.04, 0.04\n"
		   "set title ");
	put_name(pen, p->title);
	mv_pen_str(pen, " noenhanced\nset xlabel ");
	put_name(pen, p->x_label);
	mv_pen_str(pen, " noenhanced\nset ylabel ");
	put_name(pen, p->y_label);
	mv_pen_str(pen, " noenhanced\n");
}

int mv_plot_gnuplot(struct mv_buf *out, const struct mv_plot *p, int width,
		    int height, struct mv_err *err)
{
	struct mv_pen pen;
	size_t lines = 0;

	mv_pen_init(&pen, out, NULL);
	put_settings(&pen, p, width, height);
	for (size_t i = 0; i < p->count; i++)
		if (drawn(&p->v[i])) {
			put_data(&pen, &p->v[i], i);
			lines++;
		}
	if (!lines)
		mv_pen_str(&pen, "set xrange [0:1]\nset yrange [0:1]\n"
			   "plot NaN notitle\n");
	for (size_t i = 0, n = 0; i < p->count && !pen.failed; i++) {
		if (!drawn(&p->v[i]))
			continue;
		mv_pen_str(&pen, n++ ? ", " : "plot ");
		put_line(&pen, p, i);
	}
	mv_pen_str(&pen, "\n");
	return mv_pen_done(&pen, err);
}
