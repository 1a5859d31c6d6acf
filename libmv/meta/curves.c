/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/utf8.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/priv.h"

/* docs/format/curves.md */
#define RUN_POINTS 1000
#define NAME_MAX_BYTES 512
#define SERIES_MAX 100000
#define RUN_BYTES ((size_t)1 << 20)	/* of a line, with room for members to come */

/* -- in memory ------------------------------------------------------------ */

void mv_curves_release(struct mv_curves *curves)
{
	for (size_t i = 0; i < curves->count; i++) {
		free(curves->series[i].name);
		free(curves->series[i].points);
	}
	free(curves->series);
	memset(curves, 0, sizeof(*curves));
}

static size_t curves_find(const struct mv_curves *c, const char *name,
			  int *found)
{
	size_t low = 0, high = c->count;

	*found = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(c->series[mid].name, name);

		if (!cmp) {
			*found = 1;
			return mid;
		}
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int curves_check_name(const char *name, struct mv_err *err)
{
	size_t len = strlen(name);

	if (!len || len > NAME_MAX_BYTES)
		return mv_fail(err, MV_EINVALID, "a metric's name has 1 to %d "
			       "bytes: '%.40s'", NAME_MAX_BYTES, name);
	if (!mv_utf8_ok(name, len))
		return mv_fail(err, MV_EINVALID, "the name of metric "
			       "'%.80s' is not UTF-8", name);
	return 0;
}

static int insert_series(struct mv_curves *c, size_t at, const char *name,
			 struct mv_err *err)
{
	int rc = curves_check_name(name, err);
	char *copy;

	if (rc)
		return rc;
	if (c->count >= SERIES_MAX)
		return mv_fail(err, MV_EINVALID, "more than %d metrics",
			       SERIES_MAX);
	if (MV_GROW(c->series, c->alloc, c->count + 1, err) < 0)
		return MV_ENOMEM;
	copy = strdup(name);
	if (!copy)
		return mv_nomem(err);
	memmove(&c->series[at + 1], &c->series[at],
		(c->count - at) * sizeof(*c->series));
	memset(&c->series[at], 0, sizeof(*c->series));
	c->series[at].name = copy;
	c->count++;
	return 0;
}

static int add_point(struct mv_curves *c, size_t at,
		     const struct mv_point *point, struct mv_err *err)
{
	struct mv_series *s = &c->series[at];

	if (c->points >= MV_CURVES_POINTS_MAX)
		return mv_fail(err, MV_EINVALID, "more than %zu points: record "
			       "fewer of them, every tenth step for one",
			       MV_CURVES_POINTS_MAX);
	if (MV_GROW(s->points, s->alloc, s->count + 1, err) < 0)
		return MV_ENOMEM;
	s->points[s->count++] = *point;
	c->points++;
	return 0;
}

int mv_curves_add(struct mv_curves *curves, const char *name, int64_t step,
		  int64_t ms, double value, struct mv_err *err)
{
	const struct mv_point point = { step, ms, value };
	int found, rc = 0;
	size_t at = curves_find(curves, name, &found);

	if (!found)
		rc = insert_series(curves, at, name, err);
	return rc ? rc : add_point(curves, at, &point, err);
}

int mv_curves_restart_one(struct mv_curves *curves, size_t i, int64_t step)
{
	struct mv_series *series = &curves->series[i];
	const size_t before = series->count;
	size_t kept = 0;

	for (size_t j = 0; j < before; j++)
		if (series->points[j].step < step)
			series->points[kept++] = series->points[j];
	series->count = kept;
	curves->points -= before - kept;
	return kept < before;
}

int mv_steps_go_back(size_t rows, size_t back)
{
	return back && 3 * back <= rows;
}

/* Points are in the order in which they were measured. */
size_t mv_curves_begin_anew(struct mv_curves *curves, size_t i)
{
	struct mv_series *s = &curves->series[i];
	size_t back = 0, kept = 0;

	for (size_t j = 1; j < s->count; j++)
		back += s->points[j].step < s->points[j - 1].step;
	if (!mv_steps_go_back(s->count, back))
		return 0;
	for (size_t j = 0, last = 0; j < s->count; j++) {
		const struct mv_point p = s->points[j];
		const int anew = j && p.step < s->points[last].step;

		while (anew && kept && s->points[kept - 1].step >= p.step)
			kept--;
		s->points[last = kept++] = p;
	}
	curves->points -= s->count - kept;
	s->count = kept;
	return back;
}

void mv_curves_restart(struct mv_curves *curves, int64_t step)
{
	for (size_t i = 0; i < curves->count; i++)
		(void)mv_curves_restart_one(curves, i, step);
	curves->restarts++;
}

static int is_sorted(const struct mv_series *s)
{
	for (size_t i = 1; i < s->count; i++)
		if (s->points[i].step < s->points[i - 1].step)
			return 0;
	return 1;
}

/* Merge two sorted halves of `v` through `half`, the first one winning ties. */
static void merge(struct mv_point *v, size_t left, size_t count,
		  struct mv_point *half)
{
	size_t i = 0, j = left, to = 0;

	memcpy(half, v, left * sizeof(*v));
	while (i < left)
		v[to++] = j < count && v[j].step < half[i].step ? v[j++] :
								  half[i++];
}

static void sort_points(struct mv_point *v, size_t count,
			struct mv_point *half)
{
	size_t left = count / 2;

	if (count < 2)
		return;
	sort_points(v, left, half);
	sort_points(v + left, count - left, half);
	if (v[left].step < v[left - 1].step)
		merge(v, left, count, half);
}

static void insertion_sort(struct mv_point *v, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct mv_point p = v[i];
		size_t j = i;

		for (; j && v[j - 1].step > p.step; j--)
			v[j] = v[j - 1];
		v[j] = p;
	}
}

void mv_curves_sort(struct mv_curves *curves)
{
	for (size_t i = 0; i < curves->count; i++) {
		struct mv_series *s = &curves->series[i];
		struct mv_point *half;

		if (is_sorted(s))
			continue;
		half = malloc((s->count / 2 + 1) * sizeof(*half));
		/* Without memory it is slow, not wrong. */
		if (half)
			sort_points(s->points, s->count, half);
		else
			insertion_sort(s->points, s->count);
		free(half);
	}
}

int mv_curves_last(struct mv_facts *facts, const struct mv_curves *curves,
		   struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < curves->count && !rc; i++) {
		const struct mv_series *s = &curves->series[i];
		struct mv_value v;

		if (!s->count)
			continue;
		rc = mv_value_real(&v, s->points[s->count - 1].value, err);
		if (!rc)
			rc = mv_facts_set(facts, s->name, &v, 0, err);
		mv_value_release(&v);
	}
	return rc;
}

/* -- the file ------------------------------------------------------------- */

static int print_point(struct mv_buf *out, const struct mv_point *p)
{
	char text[32];
	int bad;

	bad = mv_buf_addf(out, "[%" PRId64 ",%" PRId64 ",", p->step, p->ms);
	mv_print_real(text, p->value);
	if (isfinite(p->value))
		bad |= mv_buf_addf(out, "%s]", text);
	else
		bad |= mv_buf_addf(out, "{\"number\":\"%s\"}]", text);
	return bad;
}

static int print_run(struct mv_buf *out, const char *name,
		     const struct mv_point *points, size_t count)
{
	int bad = mv_buf_addf(out, "{\"metric\":%s,\"points\":[", name);

	for (size_t i = 0; i < count && !bad; i++)
		bad = (i && mv_buf_addch(out, ',')) ||
		      print_point(out, &points[i]);
	return bad || mv_buf_addstr(out, "]}\n");
}

/* The next run, in place of what `out` held; 1, or 0 when all is printed. */
static int next_run(struct mv_buf *out, struct mv_curves_reader *r,
		    struct mv_err *err)
{
	const struct mv_series *s;
	struct mv_json *v;
	struct mv_buf name;
	size_t n;
	int rc;

	mv_buf_clear(out);
	while (r->series < r->curves->count &&
	       r->at >= r->curves->series[r->series].count) {
		r->series++;
		r->at = 0;
	}
	if (r->series >= r->curves->count)
		return 0;
	s = &r->curves->series[r->series];
	n = s->count - r->at < RUN_POINTS ? s->count - r->at : RUN_POINTS;
	v = mv_json_str(s->name);
	mv_buf_init(&name, 8 * NAME_MAX_BYTES);
	rc = mv_json_print(&name, v, 0, err);
	if (!rc && print_run(out, name.data, s->points + r->at, n))
		rc = mv_nomem(err);
	mv_buf_release(&name);
	mv_json_free(v);
	r->at += n;
	return rc ? rc : 1;
}

static int read_runs(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct mv_curves_reader *r = payload;

	*got = 0;
	if (r->sent == r->run.len) {
		int rc = next_run(&r->run, r, err);

		r->sent = 0;
		if (rc <= 0)
			return rc;
	}
	*got = r->run.len - r->sent < len ? r->run.len - r->sent : len;
	memcpy(data, r->run.data + r->sent, *got);
	r->sent += *got;
	return 0;
}

struct mv_reader mv_curves_reader(struct mv_curves_reader *state,
				  const struct mv_curves *curves)
{
	memset(state, 0, sizeof(*state));
	state->curves = curves;
	mv_buf_init(&state->run, RUN_BYTES);
	return (struct mv_reader){ read_runs, state };
}

void mv_curves_reader_release(struct mv_curves_reader *state)
{
	mv_buf_release(&state->run);
}

static int parse_point(struct mv_point *out, const struct mv_json *v)
{
	const struct mv_json *value = mv_json_at(v, 2);
	enum mv_json_type type = mv_json_type(value);
	const char *text = mv_json_number_text(value);

	if (mv_json_size(v) != 3 || mv_json_type(v) != MV_JSON_ARRAY ||
	    mv_json_type(mv_json_at(v, 0)) != MV_JSON_INT ||
	    mv_json_type(mv_json_at(v, 1)) != MV_JSON_INT)
		return -1;
	out->step = mv_json_get_int(mv_json_at(v, 0));
	out->ms = mv_json_get_int(mv_json_at(v, 1));
	out->value = mv_json_get_real(value);
	if (type == MV_JSON_INT || type == MV_JSON_REAL)
		return 0;
	if (!text || (strcmp(text, "nan") && strcmp(text, "inf") &&
		      strcmp(text, "-inf")))
		return -1;
	out->value = strtod(text, NULL);
	return 0;
}

static int parse_run(struct mv_curves *out, const struct mv_json *v,
		     struct mv_err *err)
{
	const struct mv_json *points = mv_json_get(v, "points");
	size_t len, count = mv_json_size(points), at;
	const char *name = mv_json_get_str(mv_json_get(v, "metric"), &len);
	struct mv_point point;
	int found, rc;

	if (!name || strlen(name) != len ||
	    mv_json_type(points) != MV_JSON_ARRAY || !count ||
	    count > RUN_POINTS)
		return mv_fail(err, MV_EINVALID, "no run of points");
	at = curves_find(out, name, &found);
	rc = found ? 0 : insert_series(out, at, name, err);
	for (size_t i = 0; i < count && !rc; i++) {
		if (parse_point(&point, mv_json_at(points, i)))
			return mv_fail(err, MV_EINVALID, "point %zu is not "
				       "[step, ms, value]", i + 1);
		rc = add_point(out, at, &point, err);
	}
	return rc;
}

static int curves_take_line(struct mv_curves_writer *w, const char *line,
			    size_t len,
			    struct mv_err *err)
{
	struct mv_json *v = NULL;
	int rc;

	w->lines++;
	rc = len > RUN_BYTES ? mv_fail(err, MV_EINVALID, "it is too long") :
			       mv_json_parse(&v, line, len, err);
	if (!rc)
		rc = parse_run(w->out, v, err);
	if (rc)
		mv_err_prefix(err, "curves, line %zu", w->lines);
	mv_json_free(v);
	return rc;
}

static int take_piece(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	struct mv_curves_writer *w = payload;
	const char *at = data, *end = at + len;
	int rc = 0;

	while (!rc && at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		const size_t n = (size_t)((lf ? lf : end) - at);

		if (lf && !w->line.len) {
			rc = curves_take_line(w, at, n, err);
		} else if (mv_buf_add(&w->line, at, n)) {
			rc = mv_fail(err, MV_EINVALID, "curves, line %zu: it "
				     "is too long", w->lines + 1);
		} else if (lf) {
			rc = curves_take_line(w, w->line.data, w->line.len,
					      err);
			mv_buf_clear(&w->line);
		}
		at = lf ? lf + 1 : end;
	}
	return rc;
}

struct mv_writer mv_curves_writer(struct mv_curves_writer *state,
				  struct mv_curves *out)
{
	memset(state, 0, sizeof(*state));
	memset(out, 0, sizeof(*out));
	state->out = out;
	mv_buf_init(&state->line, RUN_BYTES);
	return (struct mv_writer){ take_piece, state };
}

int mv_curves_writer_end(struct mv_curves_writer *state, int failed,
			 struct mv_err *err)
{
	int rc = failed;

	if (!rc && state->line.len)
		rc = curves_take_line(state, state->line.data, state->line.len,
				      err);
	mv_buf_release(&state->line);
	if (rc)
		mv_curves_release(state->out);
	else
		mv_curves_sort(state->out);
	return rc;
}
