/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/evidence/evidence.h"
#include "libmv/look/priv.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/report/views.h"
#include "libmv/subject/subject.h"

/*
 * Curves laid over each other: training curves that records have attached,
 * by step; or one metric over the versions of an artifact.
 */
enum {
	ATTACHMENTS_MAX = 16,	/* of one content; the newest count */
	LINES_MAX = 64		/* in one plot */
};

/* -- training curves ------------------------------------------------------ */

static int has_series(const struct mv_curves *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->series[i].name, name))
			return 1;
	return 0;
}

static int plot_by_name(const void *a, const void *b)
{
	const struct mv_series *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Move what `out` does not have yet. */
static int take_series(struct mv_curves *out, struct mv_curves *from,
		       struct mv_err *err)
{
	size_t kept = 0;

	if (MV_GROW(out->series, out->alloc, out->count + from->count + 1,
		    err) < 0)
		return MV_ENOMEM;
	for (size_t i = 0; i < from->count; i++) {
		if (has_series(out, from->series[i].name))
			from->series[kept++] = from->series[i];
		else
			out->series[out->count++] = from->series[i];
	}
	from->count = kept;
	qsort(out->series, out->count, sizeof(*out->series), plot_by_name);
	return 0;
}

static const struct mv_ref *curves_of(const struct mv_record *r)
{
	for (size_t i = 0; i < r->attached.count; i++)
		if (r->attached.v[i].role && r->attached.v[i].has_oid &&
		    !strcmp(r->attached.v[i].role, "curves"))
			return &r->attached.v[i];
	return NULL;
}

/* A writer that goes on to the end, whatever it is given. */
struct lenient {
	struct mv_writer to;
	int failed;
	struct mv_err why;
};

static int write_lenient(void *payload, const void *data, size_t len,
			 struct mv_err *err)
{
	struct lenient *l = payload;

	(void)err;
	if (!l->failed)
		l->failed = l->to.write(l->to.payload, data, len, &l->why);
	return 0;
}

/* Malformed curves are nobody's: they are passed over. */
static int read_curves(struct mv_curves *out, struct mv_repo *repo,
		       const struct mv_record *r, struct mv_err *err)
{
	struct mv_curves curves;
	struct mv_curves_writer state;
	struct lenient l = { .to = mv_curves_writer(&state, &curves) };
	struct mv_writer to = { write_lenient, &l };
	int rc = mv_evidence_attached(&to, repo, r, "curves", err);

	l.failed = mv_curves_writer_end(&state, rc ? rc : l.failed, &l.why);
	if (!rc && l.failed)
		mv_repo_warn(repo, "recorded curves are passed over: %s",
			     l.why.msg);
	else if (!rc)
		rc = take_series(out, &curves, err);
	mv_curves_release(&curves);
	return rc;
}

int mv_look_curves(struct mv_curves *out, struct mv_repo *repo,
		   const struct mv_evidence *e, size_t *missing,
		   struct mv_err *err)
{
	size_t read = 0;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = e->count; !rc && i-- > 0 && read < ATTACHMENTS_MAX;) {
		const struct mv_ref *ref = curves_of(&e->records[i]);
		struct mv_pointer p = { .canonical = 1 };

		if (!ref)
			continue;
		p.oid = ref->oid;
		p.size = ref->size;
		if (mv_repo_has(repo, &p, NULL)) {
			if (missing)
				++*missing;
			continue;
		}
		read++;
		rc = read_curves(out, repo, &e->records[i], err);
	}
	if (rc)
		mv_curves_release(out);
	return rc;
}

/* -- lines ---------------------------------------------------------------- */

struct plotting {
	struct mv_repo *repo;
	struct mv_plot *out;
	const char *const *metrics;
	struct mv_buf others;	/* metrics that have curves, not chosen */
	struct mv_buf away;	/* specs of which some are not here, */
	struct mv_buf bare;	/* or of which there are none */
};

static int chosen(const struct plotting *p, const char *metric)
{
	if (!p->metrics || !p->metrics[0])
		return 1;
	for (size_t i = 0; p->metrics[i]; i++)
		if (!strcmp(p->metrics[i], metric))
			return 1;
	return 0;
}

enum { NAMED_MAX = 5 };

/* For a message; at most a line of it. */
static void name_another(struct mv_buf *names, const char *name)
{
	if (names->len < 200)
		mv_buf_addf(names, "%s'%s'", names->len ? ", " : "", name);
}

/* Takes the points. */
static int plot_add_line(struct plotting *p, const char *label,
			 const char *metric, struct mv_point *take_points,
			 size_t count, struct mv_err *err)
{
	struct mv_plot *plot = p->out;
	struct mv_plot_line *v;
	int failed = 0;

	if (plot->count == LINES_MAX) {
		free(take_points);
		return mv_fail(err, MV_EINVALID, "more than %d curves; choose "
			       "with --metric", LINES_MAX);
	}
	v = MV_GROW_ONE(plot->v, plot->count, err);
	if (!v) {
		free(take_points);
		return MV_ENOMEM;
	}
	v->label = mv_look_dup(label, &failed);
	v->metric = mv_look_dup(metric, &failed);
	v->points = take_points;
	v->count = count;
	return failed ? mv_nomem(err) : 0;
}

static int plot_curves(struct plotting *p, const char *spec,
		       struct mv_err *err)
{
	struct mv_evidence e = { .count = 0 };
	struct mv_curves curves = { .count = 0 };
	const size_t before = p->out->count;
	struct mv_known_as of;
	struct mv_subject s;
	size_t missing = 0;
	int rc = mv_subject_find(&s, p->repo, spec, err);

	if (rc)
		return rc;
	of = (struct mv_known_as){ s.blob, &s.pointer.oid, s.artifact };
	rc = mv_evidence_of(&e, p->repo, &of, 1, err);
	if (!rc)
		rc = mv_look_curves(&curves, p->repo, &e, &missing, err);
	for (size_t i = 0; !rc && i < curves.count; i++) {
		struct mv_series *series = &curves.series[i];

		if (!series->count)
			continue;
		if (!chosen(p, series->name)) {
			name_another(&p->others, series->name);
			continue;
		}
		rc = plot_add_line(p, spec, series->name, series->points,
				   series->count, err);
		series->points = NULL;	/* given away */
		series->count = 0;
	}
	if (missing)
		name_another(&p->away, spec);
	else if (p->out->count == before)
		name_another(&p->bare, spec);
	mv_curves_release(&curves);
	mv_evidence_release(&e);
	mv_subject_release(&s);
	return rc;
}

/* -- over versions -------------------------------------------------------- */

static const struct mv_value *number_of(const struct mv_row *row,
					const char *metric)
{
	const struct mv_value *v = mv_facts_get(&row->evidence.metrics,
						metric);

	return v && mv_value_is_number(v) && isfinite(v->r) ? v : NULL;
}

/* The board is newest first; x is the version's place, oldest is 1. */
static int version_line(struct plotting *p, const struct mv_board *b,
			const char *spec, const char *metric,
			struct mv_err *err)
{
	struct mv_point *points = calloc(b->count + 1, sizeof(*points));
	size_t n = 0;

	if (!points)
		return mv_nomem(err);
	for (size_t i = b->count; i-- > 0;) {
		const struct mv_value *v = number_of(&b->v[i], metric);

		if (!v)
			continue;
		points[n].step = (int64_t)(b->count - i);
		points[n].ms = b->v[i].when * 1000;
		points[n++].value = v->r;
	}
	if (n)
		return plot_add_line(p, spec, metric, points, n, err);
	free(points);
	return 0;
}

/* Every metric that some version has, each once. */
static int plot_versions(struct plotting *p, const char *spec,
			 struct mv_err *err)
{
	struct mv_facts seen = MV_FACTS_INIT;
	struct mv_board b;
	int rc = mv_look_board(&b, p->repo, spec, MV_BOARD_FOLLOW, 0, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < b.count; i++) {
		const struct mv_facts *m = &b.v[i].evidence.metrics;

		for (size_t j = 0; !rc && j < m->count; j++) {
			const char *key = m->v[j].key;

			if (!chosen(p, key) || mv_facts_get(&seen, key))
				continue;
			rc = mv_facts_set(&seen, key, &m->v[j].value, 0, err);
			if (!rc)
				rc = version_line(p, &b, spec, key, err);
		}
	}
	mv_facts_release(&seen);
	mv_board_release(&b);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

static int titles(struct plotting *p, int over_versions, struct mv_err *err)
{
	struct mv_plot *plot = p->out;
	const char *metric = plot->v[0].metric, *label = plot->v[0].label;
	int same_metric = 1, same_label = 1;

	for (size_t i = 1; i < plot->count; i++) {
		same_metric &= !strcmp(metric, plot->v[i].metric);
		same_label &= !strcmp(label, plot->v[i].label);
	}
	plot->x_label = strdup(over_versions ? "version" : "step");
	plot->y_label = strdup(same_metric ? metric : "value");
	if (same_metric && same_label)
		plot->title = mv_strf("%s: %s", label, metric);
	else if (same_metric)
		plot->title = strdup(metric);
	else
		plot->title = strdup(same_label ? label : "metrics");
	return plot->x_label && plot->y_label && plot->title ? 0 :
							       mv_nomem(err);
}

static int has_curves(const struct mv_evidence *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (curves_of(&e->records[i]))
			return 1;
	return 0;
}

/* As one types it. */
static int name_version(struct mv_buf *out, const struct mv_row *row)
{
	const char *comma = out->len ? ", " : "";

	/* Where a commit has several, one is enough. */
	if (row->artifact && row->version)
		return mv_buf_addf(out, "%s%s@%.*s", comma, row->artifact,
				   (int)strcspn(row->version, ","),
				   row->version);
	return mv_buf_addf(out, "%s%s@%.10s", comma, row->artifact ?
			   row->artifact : row->path ? row->path : "",
			   row->commit ? row->commit : "");
}

/* Other versions of what was asked for that have curves, the newest first;
   empty where there are none or they cannot be listed. */
static void name_versions(struct mv_buf *out, struct mv_repo *repo,
			  const char *const *specs, size_t count)
{
	size_t named = 0, more = 0;
	struct mv_board b;

	for (size_t k = 0; k < count; k++) {
		if (mv_look_board(&b, repo, specs[k], MV_BOARD_FOLLOW, 0,
				  NULL))
			continue;
		for (size_t i = 0; i < b.count; i++) {
			if (!has_curves(&b.v[i].evidence))
				continue;
			if (named++ == NAMED_MAX || more)
				more++;
			else
				name_version(out, &b.v[i]);
		}
		mv_board_release(&b);
	}
	if (more)
		mv_buf_addf(out, " and %zu more", more);
}

static const char *which_metric(const struct plotting *p)
{
	return p->metrics && p->metrics[0] ? " of that metric" : "";
}

/* Beside what is drawn: what is not. */
static void say_left_out(const struct plotting *p)
{
	if (p->away.len)
		mv_repo_warn(p->repo, "recorded curves of %s are not here, and "
			     "not drawn: 'git model fetch' asks all remotes "
			     "for them", p->away.data);
	if (p->bare.len)
		mv_repo_warn(p->repo, "no curves%s are recorded of %s",
			     which_metric(p), p->bare.data);
}

static int nothing(const struct plotting *p, const char *const *specs,
		   size_t count, int over_versions, struct mv_err *err)
{
	const char *which = which_metric(p);
	struct mv_buf names;

	if (over_versions)
		return mv_fail(err, MV_ENOENT, "no version has a recorded "
			       "number%s", which);
	if (p->away.len)
		return mv_fail(err, MV_ENOENT, "recorded curves are not here: "
			       "'git model fetch' asks all remotes for them");
	if (p->others.len)
		return mv_fail(err, MV_ENOENT, "no curves of that metric are "
			       "recorded; there are curves of %s",
			       p->others.data);
	mv_buf_init(&names, 4096);
	name_versions(&names, p->repo, specs, count);
	if (names.len)
		mv_fail(err, MV_ENOENT, "no curves%s are recorded of this "
			"content; versions that have some: %s", which,
			names.data);
	else
		mv_fail(err, MV_ENOENT, "no curves%s are recorded; --over "
			"versions draws metrics over versions", which);
	mv_buf_release(&names);
	return MV_ENOENT;
}

int mv_look_plot(struct mv_plot *out, struct mv_repo *repo,
		 const char *const *specs, size_t count,
		 const char *const *metrics, unsigned flags,
		 struct mv_err *err)
{
	struct plotting p = { .repo = repo, .out = out, .metrics = metrics };
	int over_versions = !!(flags & MV_PLOT_VERSIONS);
	int rc = 0;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&p.others, 4096);
	mv_buf_init(&p.away, 4096);
	mv_buf_init(&p.bare, 4096);
	for (size_t i = 0; !rc && i < count; i++)
		rc = over_versions ? plot_versions(&p, specs[i], err) :
				     plot_curves(&p, specs[i], err);
	if (!rc && !out->count)
		rc = nothing(&p, specs, count, over_versions, err);
	if (!rc)
		rc = titles(&p, over_versions, err);
	if (rc)
		mv_plot_release(out);
	else
		say_left_out(&p);
	mv_buf_release(&p.others);
	mv_buf_release(&p.away);
	mv_buf_release(&p.bare);
	return rc;
}
