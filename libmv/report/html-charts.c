/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/report/html.h"
#include "libmv/report/views.h"

/*
 * Charts: what is drawn is JSON beside a canvas, and the same numbers stand
 * in a table below it, so that nobody needs the picture. Everything that the
 * script would have to decide is decided here.
 */
enum {
	CHARTS_MAX = 24,	/* of one kind on a page */
	LINES_MAX = 12,		/* in one chart */
	POINTS_MAX = 240,	/* of one line */
	AXES_MAX = 10, PARAM_AXES_MAX = 6,
	ROWS_MAX = 60		/* of parallel coordinates */
};

/* -- JSON in a page ------------------------------------------------------- */

/* Within a script: what could end it is written as JSON's own escapes. */
static void put_json(struct mv_html *h, struct mv_json *json)
{
	struct mv_buf text;
	struct mv_err err;

	mv_buf_init(&text, (size_t)64 << 20);
	if (mv_json_print(&text, json, 0, &err))
		h->pen.failed = 1;
	mv_html_raw(h, "<script type=\"application/json\">");
	for (size_t i = 0; i < text.len && !h->pen.failed; i++) {
		size_t plain = i;

		while (plain < text.len && !strchr("<>&", text.data[plain]))
			plain++;
		h->pen.failed |= mv_buf_add(&h->body, text.data + i,
					    plain - i) != 0;
		i = plain;
		if (i < text.len)
			mv_html_f(h, "\\u%04x", (unsigned)text.data[i]);
	}
	mv_html_raw(h, "</script>\n");
	mv_buf_release(&text);
	mv_json_free(json);
}

/* As it is shown elsewhere: safe, and not longer than a label may be. */
static struct mv_json *json_text(const char *s)
{
	struct mv_json *json;
	struct mv_buf text;
	size_t fit;

	mv_buf_init(&text, 64 << 10);
	if (mv_buf_add_safe(&text, s ? s : "", s ? strnlen(s, 1000) : 0)) {
		mv_buf_release(&text);
		return NULL;	/* remembered by who takes it */
	}
	fit = mv_width_fit(text.data, text.len, 80);
	json = mv_json_strn(text.data, fit);
	mv_buf_release(&text);
	return json;
}

static struct mv_json *json_value(const struct mv_value *v, int precision)
{
	struct mv_json *json;
	struct mv_buf text;
	struct mv_pen pen;

	if (!v)
		return mv_json_str("none");
	mv_buf_init(&text, 1 << 20);
	mv_pen_init(&pen, &text, NULL);
	mv_words_value(&pen, v, precision);
	json = mv_json_strn(text.data, mv_width_fit(text.data, text.len, 80));
	mv_buf_release(&text);
	return json;
}

static struct mv_json *json_label(const struct mv_row *row)
{
	struct mv_json *json;
	struct mv_buf text;

	mv_buf_init(&text, 4096);
	mv_html_row_label(&text, row);
	json = mv_json_strn(text.data, text.len);
	mv_buf_release(&text);
	return json;
}

/* -- the frame of a chart ------------------------------------------------- */

/* Then the legend, the JSON and the table, then end_chart(). The label of the
   picture is what `say` makes of it. */
static void begin_chart(struct mv_html *h, const char *kind,
			const char *title, const char *under)
{
	h->charts++;
	mv_html_f(h, "<figure data-chart=\"%s\">\n<figcaption>", kind);
	mv_html_name(h, title);
	mv_html_f(h, " <span class=\"dim\">%s</span></figcaption>\n"
		  "<div class=\"canvas\"><canvas role=\"img\" aria-label=\"",
		  under);
}

static void end_label(struct mv_html *h)
{
	mv_html_raw(h, "\"></canvas></div>\n");
}

static void begin_data(struct mv_html *h, const char *caption)
{
	mv_html_raw(h, "<details><summary>Data</summary>\n");
	mv_html_table_begin(h, caption, 0, 0);
}

static void end_chart(struct mv_html *h)
{
	mv_html_table_end(h);
	mv_html_raw(h, "</details>\n</figure>\n");
}

/* -- curves --------------------------------------------------------------- */

struct line {
	const struct mv_plot_line *of;
	struct mv_point v[POINTS_MAX + 2];
	size_t count;
};

/* The least and the greatest of each part of a long line, in their order: a
   peak stays a peak. */
static void thin(struct line *line)
{
	const struct mv_plot_line *l = line->of;
	size_t parts = POINTS_MAX / 2, from, to, lo, hi;

	if (l->count <= POINTS_MAX) {
		for (size_t i = 0; i < l->count; i++)
			line->v[line->count++] = l->points[i];
		return;
	}
	line->v[line->count++] = l->points[0];
	for (size_t p = 0; p < parts; p++) {
		from = l->count / parts * p + l->count % parts * p / parts;
		to = l->count / parts * (p + 1) +
		     l->count % parts * (p + 1) / parts;
		lo = hi = from;
		for (size_t i = from + 1; i < to; i++) {
			if (l->points[i].value < l->points[lo].value)
				lo = i;
			if (l->points[i].value > l->points[hi].value)
				hi = i;
		}
		if (p || (lo && hi))
			line->v[line->count++] = l->points[lo < hi ? lo : hi];
		if (lo != hi)
			line->v[line->count++] = l->points[lo < hi ? hi : lo];
	}
	if (line->v[line->count - 1].step != l->points[l->count - 1].step)
		line->v[line->count - 1] = l->points[l->count - 1];
}

static struct mv_json *line_json(const struct line *line)
{
	struct mv_json *o = mv_json_object(), *points = mv_json_array();

	for (size_t i = 0; i < line->count; i++) {
		struct mv_json *point = mv_json_array();

		mv_json_push(point, mv_json_int(line->v[i].step));
		mv_json_push(point, mv_json_real(line->v[i].value));
		mv_json_push(points, point);
	}
	mv_json_set(o, "label", json_text(line->of->label));
	mv_json_set(o, "points", points);
	return o;
}

static void put_number(struct mv_html *h, double v)
{
	char text[MV_NUMBER_MAX];

	mv_number_print(text, v, -1);
	mv_html_raw(h, text);
}

/* "fraud@v1.2.0: 100 points, from 0.9 to 0.3." */
static void say_line(struct mv_html *h, const struct mv_plot_line *l)
{
	mv_html_raw(h, " ");
	mv_html_text(h, l->label);
	mv_html_f(h, ": %zu points, from ", l->count);
	put_number(h, l->points[0].value);
	mv_html_raw(h, " to ");
	put_number(h, l->points[l->count - 1].value);
	mv_html_raw(h, ".");
}

static void html_charts_put_legend(struct mv_html *h, const struct line *lines,
				   size_t count)
{
	static const char *const dashes[] = { "", "7 3", "2 3", "9 3 2 3" };

	mv_html_raw(h, "<ul class=\"legend\">");
	for (size_t i = 0; i < count; i++) {
		const struct mv_plot_line *l = lines[i].of;

		/* As report.js draws them. */
		mv_html_f(h, "<li><svg aria-hidden=\"true\" viewBox=\""
			  "0 0 26 10\"><line class=\"s%zu\" x1=\"0\" y1=\"5\" "
			  "x2=\"26\" y2=\"5\" stroke-dasharray=\"%s\"/></svg>",
			  i % 8, dashes[(i + i / 8) % 4]);
		mv_html_name(h, l->label);
		mv_html_raw(h, " <span class=\"last\">");
		put_number(h, l->points[l->count - 1].value);
		mv_html_raw(h, "</span></li>\n");
	}
	mv_html_raw(h, "</ul>\n");
}

/* A row for each step that some line has. */
static void put_points(struct mv_html *h, const struct line *lines,
		       size_t count)
{
	size_t at[LINES_MAX] = { 0 };

	for (;;) {
		int64_t step = 0;
		int any = 0;

		for (size_t i = 0; i < count; i++)
			if (at[i] < lines[i].count &&
			    (!any || lines[i].v[at[i]].step < step)) {
				step = lines[i].v[at[i]].step;
				any = 1;
			}
		if (!any || h->pen.failed)
			return;
		mv_html_f(h, "<tr><th scope=\"row\" class=\"num\">%lld</th>",
			  (long long)step);
		for (size_t i = 0; i < count; i++) {
			mv_html_raw(h, "<td class=\"num\">");
			if (at[i] < lines[i].count &&
			    lines[i].v[at[i]].step == step)
				put_number(h, lines[i].v[at[i]++].value);
			mv_html_raw(h, "</td>");
		}
		mv_html_raw(h, "</tr>\n");
	}
}

static void put_curves(struct mv_html *h, const char *metric,
		       const char *x_label, const struct line *lines,
		       size_t count)
{
	struct mv_json *spec = mv_json_object(), *list = mv_json_array();

	begin_chart(h, "curves", metric, "over steps");
	mv_html_raw(h, "Line chart of ");
	mv_html_text(h, metric);
	mv_html_raw(h, " over steps.");
	for (size_t i = 0; i < count; i++) {
		say_line(h, lines[i].of);
		mv_json_push(list, line_json(&lines[i]));
	}
	end_label(h);
	if (count > 1)
		html_charts_put_legend(h, lines, count);
	mv_json_set(spec, "x", json_text(x_label ? x_label : "step"));
	mv_json_set(spec, "lines", list);
	put_json(h, spec);
	begin_data(h, metric);
	mv_html_th(h, MV_TH_NUMBER, x_label ? x_label : "step", NULL);
	for (size_t i = 0; i < count; i++)
		mv_html_th(h, MV_TH_NUMBER, lines[i].of->label, NULL);
	mv_html_tbody(h);
	put_points(h, lines, count);
	end_chart(h);
}

static const char *metric_of(const struct mv_plot_line *l)
{
	return l->metric ? l->metric : "";
}

/* Is this the first line with points of its metric? */
static int is_first(const struct mv_plot *p, size_t i)
{
	if (!p->v[i].count)
		return 0;
	for (size_t j = 0; j < i; j++)
		if (p->v[j].count &&
		    !strcmp(metric_of(&p->v[j]), metric_of(&p->v[i])))
			return 0;
	return 1;
}

int mv_html_can_curves(const struct mv_plot *p)
{
	for (size_t i = 0; p && i < p->count; i++)
		if (p->v[i].count)
			return 1;
	return 0;
}

static void put_left(struct mv_html *h, size_t n, const char *what)
{
	if (n)
		mv_html_f(h, "<p class=\"more\">%zu more %s not drawn.</p>\n",
			  n, what);
}

void mv_html_curves(struct mv_html *h, const struct mv_plot *p)
{
	struct line *lines = calloc(LINES_MAX, sizeof(*lines));
	size_t charts = 0, left = 0, n;

	if (!lines) {
		h->pen.failed = 1;
		return;
	}
	mv_html_raw(h, "<div class=\"charts\">\n");
	for (size_t i = 0; i < p->count && !h->pen.failed; i++) {
		if (!is_first(p, i) || ++charts > CHARTS_MAX)
			continue;
		n = 0;
		for (size_t j = i; j < p->count; j++) {
			if (!p->v[j].count || strcmp(metric_of(&p->v[j]),
						     metric_of(&p->v[i])))
				continue;
			if (n == LINES_MAX) {
				left++;
				continue;
			}
			lines[n].of = &p->v[j];
			lines[n].count = 0;
			thin(&lines[n++]);
		}
		put_curves(h, metric_of(&p->v[i]), p->x_label, lines, n);
	}
	mv_html_raw(h, "</div>\n");
	put_left(h, charts > CHARTS_MAX ? charts - CHARTS_MAX : 0,
		 "metrics are");
	put_left(h, left, "curves are");
	free(lines);
}

/* -- metrics over versions ------------------------------------------------ */

static const struct mv_value *number_of(const struct mv_row *row,
					const char *key, int metric)
{
	const struct mv_value *v = mv_facts_get(metric ? &row->evidence.metrics
						: &row->evidence.params, key);

	return v && mv_value_is_number(v) && isfinite(v->r) ? v : NULL;
}

static size_t numbers_of(const struct mv_html_rows *rows, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->count; i++)
		n += number_of(rows->v[i], key, 1) != NULL;
	return n;
}

static void put_metric_over(struct mv_html *h, const struct mv_html_rows *rows,
			    const char *key)
{
	const struct mv_metric_rule *rule = mv_project_metric(rows->project,
							      rows->artifact,
							      key);
	int precision = rule ? rule->precision : -1;
	const char *unit = rule && rule->unit ? rule->unit : "";
	struct mv_json *spec = mv_json_object(), *labels = mv_json_array();
	struct mv_json *values = mv_json_array(), *texts = mv_json_array();

	begin_chart(h, "versions", key, "over versions");
	mv_html_raw(h, "Line chart of ");
	mv_html_text(h, key);
	mv_html_f(h, " over %zu versions.", numbers_of(rows, key));
	end_label(h);
	/* The rows are newest first, a chart goes the other way. */
	for (size_t i = rows->count; i-- > 0;) {
		const struct mv_value *v = number_of(rows->v[i], key, 1);

		mv_json_push(labels, json_label(rows->v[i]));
		mv_json_push(values, v ? mv_json_real(v->r) : mv_json_null());
		mv_json_push(texts, json_value(v, precision));
	}
	mv_json_set(spec, "y", json_text(unit));
	mv_json_set(spec, "labels", labels);
	mv_json_set(spec, "values", values);
	mv_json_set(spec, "texts", texts);
	put_json(h, spec);
	begin_data(h, key);
	mv_html_th(h, 0, "Version", NULL);
	mv_html_th(h, MV_TH_NUMBER, key, unit);
	mv_html_tbody(h);
	for (size_t i = rows->count; i-- > 0 && !h->pen.failed;) {
		mv_html_raw(h, "<tr><th scope=\"row\">");
		mv_html_row_label(mv_html_words(h)->out, rows->v[i]);
		mv_html_say(h);
		mv_html_raw(h, "</th>");
		mv_html_td_value(h, number_of(rows->v[i], key, 1), precision,
				 0);
		mv_html_raw(h, "</tr>\n");
	}
	end_chart(h);
}

int mv_html_can_metrics_over(const struct mv_html_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct mv_facts *f = &rows->v[i]->evidence.metrics;

		for (size_t j = 0; j < f->count; j++)
			if (numbers_of(rows, f->v[j].key) > 1)
				return 1;
	}
	return 0;
}

void mv_html_metrics_over(struct mv_html *h, const struct mv_html_rows *rows)
{
	struct mv_facts keys = MV_FACTS_INIT;
	size_t charts = 0;

	h->pen.failed |= mv_html_keys(&keys, rows, 1, 0) != 0;
	mv_html_raw(h, "<div class=\"charts\">\n");
	for (int judged = 1; judged >= 0; judged--)
		for (size_t i = 0; i < keys.count && !h->pen.failed; i++) {
			const char *key = keys.v[i].key;

			if (mv_html_is_judged(rows, key) == judged &&
			    numbers_of(rows, key) > 1 &&
			    ++charts <= CHARTS_MAX)
				put_metric_over(h, rows, key);
		}
	mv_html_raw(h, "</div>\n");
	put_left(h, charts > CHARTS_MAX ? charts - CHARTS_MAX : 0,
		 "metrics are");
	mv_facts_release(&keys);
}

/* -- parallel coordinates ------------------------------------------------- */

struct axis {
	const char *key;
	int metric, numbers, log;
	const struct mv_metric_rule *rule;
	double lo, hi;			/* of numbers */
	const struct mv_value **words;	/* of texts, sorted, each once */
	size_t word_count;
};
struct axes {
	struct mv_facts metrics, params;
	struct axis v[AXES_MAX];
	size_t count;
};

static const struct mv_value *on_axis(const struct mv_row *row,
				      const struct axis *a)
{
	return mv_facts_get(a->metric ? &row->evidence.metrics
			    : &row->evidence.params, a->key);
}

static int by_value(const void *a, const void *b)
{
	return mv_value_cmp(*(const struct mv_value *const *)a,
			    *(const struct mv_value *const *)b);
}

/* 0: not with these rows. */
static int axis_words(struct axis *a, const struct mv_html_rows *rows)
{
	size_t n = 0, kept = 0;

	a->words = calloc(rows->count + 1, sizeof(*a->words));
	if (!a->words)
		return 0;
	for (size_t i = 0; i < rows->count; i++)
		if (on_axis(rows->v[i], a))
			a->words[n++] = on_axis(rows->v[i], a);
	qsort(a->words, n, sizeof(*a->words), by_value);
	for (size_t i = 0; i < n; i++)
		if (!kept || mv_value_cmp(a->words[kept - 1], a->words[i]))
			a->words[kept++] = a->words[i];
	a->word_count = kept;
	return kept > 1;
}

/* What spans orders of magnitude, as a learning rate does, is spread. */
static int axis_init(struct axis *a, const struct mv_html_rows *rows,
		     const char *key, int metric)
{
	size_t n = 0;

	memset(a, 0, sizeof(*a));
	a->key = key;
	a->metric = metric;
	a->rule = metric ? mv_project_metric(rows->project, rows->artifact,
					      key) : NULL;
	a->numbers = 1;
	for (size_t i = 0; i < rows->count; i++) {
		const struct mv_value *v = on_axis(rows->v[i], a);

		if (!v || (mv_value_is_number(v) && !isfinite(v->r)))
			continue;
		a->numbers &= mv_value_is_number(v);
		a->lo = !n || v->r < a->lo ? v->r : a->lo;
		a->hi = !n++ || v->r > a->hi ? v->r : a->hi;
	}
	if (!a->numbers)
		return !metric && axis_words(a, rows);
	a->log = a->lo > 0 && a->hi / a->lo >= 10;
	return n > 1 && a->hi > a->lo && isfinite(a->hi - a->lo);
}

/* Those with a direction first, of params and metrics each. */
static void add_axes(struct axes *axes, const struct mv_html_rows *rows,
		     const struct mv_facts *keys, int metric, size_t most)
{
	for (int judged = 1; judged >= 0; judged--)
		for (size_t i = 0; i < keys->count; i++) {
			struct axis *a = &axes->v[axes->count];
			int known;

			if (axes->count == most)
				return;
			if (!axis_init(a, rows, keys->v[i].key, metric)) {
				free(a->words);
				continue;
			}
			known = a->rule &&
				a->rule->direction != MV_DIRECTION_NONE;
			if (metric ? known == judged : judged)
				axes->count++;
			else
				free(a->words);
		}
}

static void axes_release(struct axes *axes)
{
	for (size_t i = 0; i < axes->count; i++)
		free(axes->v[i].words);
	mv_facts_release(&axes->metrics);
	mv_facts_release(&axes->params);
}

/* At least a param and a metric, in at least two rows. */
static int axes_init(struct axes *axes, const struct mv_html_rows *rows)
{
	size_t params;

	memset(axes, 0, sizeof(*axes));
	if (mv_html_keys(&axes->params, rows, 0, 1) ||
	    mv_html_keys(&axes->metrics, rows, 1, 1))
		return 0;
	add_axes(axes, rows, &axes->params, 0, PARAM_AXES_MAX);
	params = axes->count;
	add_axes(axes, rows, &axes->metrics, 1, AXES_MAX);
	return params && axes->count > params;
}

/* NaN: nowhere. */
static double html_charts_place(const struct axis *a, const struct mv_value *v)
{
	if (!v)
		return NAN;
	if (!a->numbers) {
		for (size_t i = 0; i < a->word_count; i++)
			if (!mv_value_cmp(a->words[i], v))
				return (double)i / (double)(a->word_count - 1);
		return NAN;
	}
	if (!isfinite(v->r))
		return NAN;
	if (a->log)
		return (log(v->r) - log(a->lo)) / (log(a->hi) - log(a->lo));
	return (v->r - a->lo) / (a->hi - a->lo);
}

static struct mv_json *axis_end(const struct axis *a, double v, size_t word)
{
	const struct mv_value number = { .type = MV_VALUE_REAL, .r = v };

	if (!a->numbers)
		return json_value(a->words[word], -1);
	return json_value(&number, a->rule ? a->rule->precision : -1);
}

static struct mv_json *axis_json(const struct axis *a)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "name", json_text(a->key));
	mv_json_set(o, "low", axis_end(a, a->lo, 0));
	mv_json_set(o, "high", axis_end(a, a->hi, a->numbers ? 0 :
					a->word_count - 1));
	mv_json_set(o, "log", mv_json_bool(a->log));
	return o;
}

/* The first metric that is judged, or NULL. */
static const struct axis *html_charts_judge(const struct axes *axes)
{
	for (size_t i = 0; i < axes->count; i++)
		if (axes->v[i].rule &&
		    axes->v[i].rule->direction != MV_DIRECTION_NONE)
			return &axes->v[i];
	return NULL;
}

/* How good a row is by that: 1 is best. */
static struct mv_json *tone_json(const struct axes *axes,
				 const struct mv_row *row)
{
	const struct axis *a = html_charts_judge(axes);
	double at;

	if (!a)
		return mv_json_null();
	at = html_charts_place(a, on_axis(row, a));
	if (isnan(at))
		return mv_json_real(0);
	return mv_json_real(a->rule->direction == MV_DIRECTION_UP ? at :
			    1 - at);
}

static void say_tone(struct mv_html *h, const struct axes *axes)
{
	const struct axis *a = html_charts_judge(axes);

	if (!a)
		return;
	mv_html_raw(h, "<p class=\"more\">The stronger a line's colour, the "
		    "better its ");
	mv_html_name(h, a->key);
	mv_html_raw(h, ".</p>\n");
}

static struct mv_json *row_json(const struct axes *axes,
				const struct mv_row *row)
{
	struct mv_json *o = mv_json_object();
	struct mv_json *at = mv_json_array(), *text = mv_json_array();

	for (size_t i = 0; i < axes->count; i++) {
		const struct axis *a = &axes->v[i];
		const struct mv_value *v = on_axis(row, a);

		mv_json_push(at, mv_json_real(html_charts_place(a, v)));
		mv_json_push(text, json_value(v, a->rule ? a->rule->precision
						 : -1));
	}
	mv_json_set(o, "label", json_label(row));
	mv_json_set(o, "at", at);
	mv_json_set(o, "text", text);
	mv_json_set(o, "tone", tone_json(axes, row));
	return o;
}

int mv_html_can_parallel(const struct mv_html_rows *rows)
{
	struct axes axes;
	int can = axes_init(&axes, rows);

	axes_release(&axes);
	return can;
}

static void put_parallel_data(struct mv_html *h, const struct axes *axes,
			      const struct mv_html_rows *rows, size_t count)
{
	begin_data(h, "Params and metrics");
	mv_html_th(h, 0, "Version", NULL);
	for (size_t i = 0; i < axes->count; i++)
		mv_html_th(h, axes->v[i].numbers ? MV_TH_NUMBER : 0,
			   axes->v[i].key, axes->v[i].rule ?
			   axes->v[i].rule->unit : NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < count && !h->pen.failed; i++) {
		mv_html_raw(h, "<tr><th scope=\"row\">");
		mv_html_row_label(mv_html_words(h)->out, rows->v[i]);
		mv_html_say(h);
		mv_html_raw(h, "</th>");
		for (size_t j = 0; j < axes->count; j++) {
			const struct axis *a = &axes->v[j];

			mv_html_td_value(h, on_axis(rows->v[i], a), a->rule ?
					 a->rule->precision : -1, 0);
		}
		mv_html_raw(h, "</tr>\n");
	}
	end_chart(h);
}

void mv_html_parallel(struct mv_html *h, const struct mv_html_rows *rows)
{
	size_t count = rows->count > ROWS_MAX ? ROWS_MAX : rows->count;
	struct mv_html_rows shown = { rows->project, rows->v, count,
				      rows->artifact };
	struct mv_json *spec, *axis_list, *row_list;
	struct axes axes;

	if (!axes_init(&axes, &shown)) {
		axes_release(&axes);
		return;
	}
	spec = mv_json_object();
	axis_list = mv_json_array();
	row_list = mv_json_array();
	mv_html_raw(h, "<div class=\"charts wide\">\n");
	begin_chart(h, "parallel", "Params against metrics",
		    "a line for each version");
	mv_html_f(h, "Parallel coordinates of %zu versions over", count);
	for (size_t i = 0; i < axes.count; i++) {
		mv_html_raw(h, i ? ", " : " ");
		mv_html_text(h, axes.v[i].key);
		mv_json_push(axis_list, axis_json(&axes.v[i]));
	}
	mv_html_raw(h, ".");
	end_label(h);
	say_tone(h, &axes);
	for (size_t i = 0; i < count; i++)
		mv_json_push(row_list, row_json(&axes, rows->v[i]));
	mv_json_set(spec, "axes", axis_list);
	mv_json_set(spec, "rows", row_list);
	put_json(h, spec);
	put_parallel_data(h, &axes, rows, count);
	mv_html_raw(h, "</div>\n");
	put_left(h, rows->count - count, "versions are");
	axes_release(&axes);
}
