/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/base/json.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/meta/version.h"

/*
 * Rules about metrics. A value is what the newest record says that was
 * measured on the demanded data; one that is missing, no number, or not
 * finite is no.
 */
enum { EVAL_MAX = 1 << 16 };

/* -- reading -------------------------------------------------------------- */

const char *mv_eval_content(const struct mv_deciding *d,
			    const struct mv_rule *rule)
{
	const char *oid = rule->args->text;
	const struct mv_answer *a;

	if (strncmp(oid, "sha256:", 7)) {
		a = mv_known(d->facts, "content", oid);
		oid = a && a->text ? a->text : "";
	}
	return strncmp(oid, "sha256:", 7) || strlen(oid) != 7 + MV_OID_HEX ?
		NULL : oid + 7;
}

/* Is it one of the ids that are joined with "+"? */
static int names_content(const char *eval, const char *oid)
{
	size_t len = strlen(oid);

	for (const char *s = eval; *s; s += *s == '+') {
		size_t n = strcspn(s, "+");

		if (n == len && !memcmp(s, oid, n))
			return 1;
		s += n;
	}
	return 0;
}

/* Does some eval-on rule demand the content whose id begins here? */
static int is_demanded(const struct mv_deciding *d, const char *id, size_t len)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *rule;

	while ((rule = mv_next_setting(d, MV_RULE_EVAL_ON, &at))) {
		const char *oid = mv_eval_content(d, rule);

		if (oid && strlen(oid) == len && !memcmp(oid, id, len))
			return 1;
	}
	return 0;
}

int mv_measured_as_demanded(const struct mv_deciding *d, const char *eval)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *rule;
	size_t demanded = 0;

	while ((rule = mv_next_setting(d, MV_RULE_EVAL_ON, &at))) {
		const char *oid = mv_eval_content(d, rule);

		if (!oid || !names_content(eval, oid))
			return 0;
		demanded++;
	}
	/* Easy data beside the demanded would make any model look good. */
	for (const char *s = eval; demanded && *s; s += *s == '+') {
		size_t n = strcspn(s, "+");

		if (!is_demanded(d, s, n))
			return 0;
		s += n;
	}
	return 1;
}

int mv_is_future(const struct mv_deciding *d, int64_t when)
{
	return mv_seconds_since(when, d->now) > mv_policy_clock_skew(d->policy);
}

/* One that cannot be read is not known to be any earlier. */
int mv_is_ahead(const struct mv_deciding *d, const struct mv_record *r)
{
	int64_t ms;

	return !r->t || mv_time_parse(&ms, r->t, NULL) ||
	       mv_is_future(d, ms / 1000);
}

static const struct mv_value *metric_in(const struct mv_deciding *d,
					const struct mv_evidence *e, size_t i,
					const char *key, struct mv_buf *eval)
{
	const struct mv_value *v = mv_facts_get(&e->records[i].metrics, key);
	const struct mv_fact fact = { .from = (uint32_t)i };

	if (!v)
		return NULL;
	mv_buf_clear(eval);
	if (mv_evidence_eval_data(eval, e, &fact))
		return NULL;
	return mv_measured_as_demanded(d, eval->data) ? v : NULL;
}

const char *mv_run_id(const struct mv_record *r)
{
	const struct mv_value *id;

	if (r->run.id)
		return r->run.id;
	id = mv_facts_get(&r->source, "id");
	return id ? id->text : NULL;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double aggregated(double *v, size_t n, const char *how)
{
	double sum = 0;

	qsort(v, n, sizeof(*v), by_value);
	if (!strcmp(how, "min"))
		return v[0];
	if (!strcmp(how, "max"))
		return v[n - 1];
	if (!strcmp(how, "median"))
		return n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
	for (size_t i = 0; i < n; i++)
		sum += v[i] / (double)n;
	return sum;
}

static const char *how_to_aggregate(const struct mv_deciding *d,
				    const char *key)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *r;

	while ((r = mv_next_setting(d, MV_RULE_AGGREGATE, &at)))
		if (!strcmp(r->args->metric, key))
			return r->args->text;
	return NULL;
}

static int same_eval(const struct mv_deciding *d)
{
	const struct mv_rule *r = mv_section_rule(d->section,
						  MV_RULE_SAME_EVAL);

	return !r || r->args->number;
}

/* The values of a key in distinct runs, newest first. */
struct runs {
	double *v;
	const char **ids;
	struct mv_buf eval;	/* of the record that is looked at */
};

/* Was a newer record of this run taken already? */
static int is_taken(const struct runs *runs, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(runs->ids[i], id))
			return 1;
	return 0;
}

/* All on the data of the newest one, or numbers of different things would be
   mixed; one that is no finite number spoils it. */
static void take_run(struct mv_reading *out, const struct mv_deciding *d,
		     const struct mv_evidence *e, size_t i, const char *key,
		     struct runs *runs, struct mv_buf *eval)
{
	const char *id = mv_run_id(&e->records[i]);
	const struct mv_value *m = id ? metric_in(d, e, i, key, &runs->eval) :
					NULL;

	if (!m || is_taken(runs, out->runs, id))
		return;
	if (!out->record) {
		struct mv_buf newest = runs->eval;

		out->record = &e->records[i];
		runs->eval = *eval;
		*eval = newest;
	} else if (same_eval(d) && strcmp(runs->eval.data, eval->data)) {
		return;
	}
	if (!mv_value_is_number(m) || !isfinite(m->r))
		out->number = 0;
	if (mv_is_ahead(d, &e->records[i]))
		out->ahead = e->records[i].t;
	runs->ids[out->runs] = id;
	runs->v[out->runs++] = m->r;
}

static void read_runs(struct mv_reading *out, const struct mv_deciding *d,
		      const struct mv_evidence *e, const char *key,
		      const char *how, struct mv_buf *eval)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *min = mv_next_setting(d, MV_RULE_MIN_RUNS, &at);
	struct runs runs;

	runs.v = mv_zeroed(e->count, sizeof(*runs.v));
	runs.ids = mv_zeroed(e->count, sizeof(*runs.ids));
	mv_buf_init(&runs.eval, EVAL_MAX);
	out->number = 1;
	for (size_t i = e->count; runs.v && runs.ids && i-- > 0;)
		take_run(out, d, e, i, key, &runs, eval);
	out->few = min && e == &d->facts->evidence &&
		   out->runs < min->args->number;
	if (out->runs)
		out->value = aggregated(runs.v, out->runs, how);
	mv_buf_release(&runs.eval);
	free(runs.v);
	free(runs.ids);
}

void mv_read_metric(struct mv_reading *out, const struct mv_deciding *d,
		    const struct mv_evidence *e, const char *key,
		    struct mv_buf *eval)
{
	const char *how = how_to_aggregate(d, key);

	memset(out, 0, sizeof(*out));
	if (how) {
		read_runs(out, d, e, key, how, eval);
		return;
	}
	for (size_t i = e->count; i-- > 0;) {
		const struct mv_value *v = metric_in(d, e, i, key, eval);

		if (!v)
			continue;
		out->record = &e->records[i];
		out->value = v->r;
		out->number = mv_value_is_number(v) && isfinite(v->r);
		out->whole = v->type == MV_VALUE_INT ? v : NULL;
		if (mv_is_ahead(d, out->record))
			out->ahead = out->record->t;
		return;
	}
}

/* -- thresholds ----------------------------------------------------------- */

static int holds(const struct mv_rule_args *a, double v)
{
	switch (a->op) {
	case MV_OP_LT:
		return v < a->a;
	case MV_OP_LE:
		return v <= a->a;
	case MV_OP_EQ:
		return v == a->a;
	case MV_OP_NE:
		return v != a->a;
	case MV_OP_GE:
		return v >= a->a;
	case MV_OP_GT:
		return v > a->a;
	default:
		return v >= a->a && v <= a->b;
	}
}

/* Says what was read; the result is for the caller when it is a number. */
static int usable(const struct mv_reading *r, const char *who,
		  const char *key, struct mv_found *f)
{
	char text[32];

	if (!r->record) {
		mv_actual(f, "%s%s is not recorded", who, key);
		mv_advice(f, "record it on the data that is asked for: git "
			  "model record ... --metric %s=VALUE --eval-data "
			  "PATH; what was recorded elsewhere (a fork) is not "
			  "in refs/notes/model here: git model fetch URL, then "
			  "git model push", key);
		return 0;
	}
	mv_rests_on(f, r->record->id);
	if (!r->number) {
		mv_actual(f, "%s%s is no finite number", who, key);
		return 0;
	}
	/* Nothing older in its place: the later word may be the worse one. */
	if (r->ahead) {
		mv_actual(f, "%s%s is dated %s, after the moment of deciding",
			  who, key, r->ahead);
		mv_advice(f, "record it again with a clock that is right: the "
			  "new record supersedes that one");
		return 0;
	}
	mv_actual(f, "%s%s = %s", who, key, mv_print_real(text, r->value));
	if (r->runs)
		mv_actual(f, "over %zu runs", r->runs);
	if (r->few)
		mv_advice(f, "train it again with another seed, and record "
			  "what comes out of it");
	return !r->few;
}

/* What a value that cannot be used makes of the rule. */
static enum mv_result useless(const struct mv_reading *r,
			      const struct mv_evidence *e, const char *key,
			      struct mv_found *f)
{
	if (!r->record && !mv_facts_get(&e->metrics, key))
		f->missing = 1;
	return r->record && !r->number ? MV_RESULT_NO : MV_RESULT_UNKNOWN;
}

static enum mv_result one_threshold(const struct mv_deciding *d,
				    const struct mv_rule_args *a,
				    const char *key, struct mv_found *f)
{
	struct mv_reading r;
	struct mv_buf eval;
	enum mv_result result;

	mv_buf_init(&eval, EVAL_MAX);
	mv_read_metric(&r, d, &d->facts->evidence, key, &eval);
	if (!usable(&r, "", key, f))
		result = useless(&r, &d->facts->evidence, key, f);
	else
		result = holds(a, r.value) ? MV_RESULT_YES : MV_RESULT_NO;
	mv_buf_release(&eval);
	return result;
}

/* All keys that match; at least one must. */
static enum mv_result threshold(const struct mv_deciding *d,
				const struct mv_rule_args *a,
				struct mv_found *f)
{
	const struct mv_facts *all = &d->facts->evidence.metrics;
	struct mv_found worst = { .result = MV_RESULT_YES };
	size_t matched = 0;

	if (!strchr(a->metric, '*'))
		return one_threshold(d, a, a->metric, f);
	for (size_t i = 0; i < all->count; i++) {
		if (!mv_glob(a->metric, all->v[i].key))
			continue;
		matched++;
		mv_found_set(&worst, one_threshold(d, a, all->v[i].key, f));
	}
	if (matched)
		return worst.result;
	mv_actual(f, "no metric matches %s", a->metric);
	f->missing = 1;
	return MV_RESULT_UNKNOWN;
}

/* -- changes -------------------------------------------------------------- */

static int comparable(const struct mv_deciding *d, const struct mv_buf *ours,
		      const struct mv_buf *theirs, struct mv_found *f)
{
	if (!same_eval(d) ||
	    (ours->len && !strcmp(ours->data, theirs->data)))
		return 1;
	mv_actual(f, ours->len && theirs->len ?
		  "measured on different evaluation data" :
		  "nobody said on which data it was measured");
	mv_advice(f, "evaluate both on the same data and record it with "
		  "--eval-data, or say same-eval = false");
	return 0;
}

/*
 * How much better the new value may or must be. Sums of decimals are a few
 * bits off in binary, so that "0.93 - 0.002 = 0.928" needs some slack. What
 * every comparison calls the same is no gain and no loss here either.
 */
static enum mv_result decide_metric_judge(const struct mv_rule_args *a,
					  int improve,
					  const struct mv_metric_rule *m,
					  const struct mv_reading *before,
					  const struct mv_reading *now)
{
	double old = before->value, new = now->value;
	double more = mv_metric_same(m, old, new) ? 0 : new - old;
	double margin = a->percent ? fabs(old) * a->a / 100 : a->a;
	double slack = 1e-12 * fmax(fmax(fabs(old), fabs(new)), margin);
	double gain;
	int64_t exact;

	/* Nothing is lost of what has no fraction: then one is one. */
	if (before->whole && now->whole &&
	    !__builtin_sub_overflow(now->whole->i, before->whole->i, &exact)) {
		more = (double)exact;
		slack = 1e-12 * margin;
	}
	gain = m->direction == MV_DIRECTION_UP ? more : -more;
	if (!isfinite(gain) || !isfinite(margin))
		return MV_RESULT_NO;
	if (!improve)
		return gain >= -margin - slack ? MV_RESULT_YES : MV_RESULT_NO;
	/* The slack must not make an improvement of nothing. */
	return gain > slack && gain >= margin - slack ? MV_RESULT_YES :
							MV_RESULT_NO;
}

static enum mv_result decide_metric_compare(const struct mv_deciding *d,
					    const struct mv_rule_args *a, int improve,
					    const struct mv_metric_rule *m,
					    const struct mv_other *base, struct mv_found *f)
{
	struct mv_reading new, old;
	struct mv_buf ours, theirs;
	enum mv_result result;

	mv_buf_init(&ours, EVAL_MAX);
	mv_buf_init(&theirs, EVAL_MAX);
	mv_read_metric(&new, d, &d->facts->evidence, a->metric, &ours);
	mv_read_metric(&old, d, &base->evidence, a->metric, &theirs);
	result = MV_RESULT_UNKNOWN;
	if (!usable(&new, "", a->metric, f))
		result = useless(&new, &d->facts->evidence, a->metric, f);
	else if (!usable(&old, base->version ? "before: " : "base: ",
			 a->metric, f))
		useless(&old, &base->evidence, a->metric, f);
	else if (comparable(d, &ours, &theirs, f))
		result = decide_metric_judge(a, improve, m, &old, &new);
	mv_buf_release(&ours);
	mv_buf_release(&theirs);
	return result;
}

static enum mv_result change(const struct mv_deciding *d,
			     const struct mv_rule_args *a, int improve,
			     struct mv_found *f)
{
	const struct mv_other *base = mv_other_of(d->facts, a->vs);
	const struct mv_metric_rule *m;

	m = mv_project_metric(&d->policy->project, d->facts->artifact,
			      a->metric);
	if (!m || m->direction == MV_DIRECTION_NONE) {
		mv_actual(f, "nobody said whether more of %s is better",
			  a->metric);
		mv_advice(f, "say direction = up or down for [metric \"%s\"] "
			  "in .gitmodel/config", a->metric);
		return MV_RESULT_UNKNOWN;
	}
	if (!base) {
		mv_actual(f, "%s is not known", a->vs);
		return MV_RESULT_UNKNOWN;
	}
	/* A stage can be empty; a version that is not there is a mistake. */
	if (base->nobody && mv_version_ok(a->vs)) {
		mv_actual(f, "there is no %s", a->vs);
		return MV_RESULT_UNKNOWN;
	}
	if (base->nobody) {
		mv_actual(f, "first: nobody held %s before",
			  !strcmp(a->vs, "current") && d->facts->stage ?
			  d->facts->stage : a->vs);
		return MV_RESULT_YES;
	}
	mv_actual(f, "against %s%s%s", a->vs, base->version ? " " : "",
		  base->version ? base->version : "");
	if (base->same_content) {
		mv_actual(f, "identical content");
		return improve ? MV_RESULT_NO : MV_RESULT_YES;
	}
	return decide_metric_compare(d, a, improve, m, base, f);
}

/* Yes as soon as one alternative says so; what is unknown may have been a
   yes, so it is worse than nothing only when no other says yes. */
static enum mv_result any(const struct mv_deciding *d,
			  const struct mv_rule_args *a, struct mv_found *f)
{
	enum mv_result result = MV_RESULT_NO;

	for (; a; a = a->next) {
		enum mv_result r = a->improve ? change(d, a, 1, f) :
						threshold(d, a, f);

		if (r == MV_RESULT_YES)
			return MV_RESULT_YES;
		if (r == MV_RESULT_UNKNOWN)
			result = r;
	}
	return result;
}

void mv_decide_metric(const struct mv_deciding *d, const struct mv_rule *rule,
		      struct mv_found *f)
{
	const struct mv_rule_args *a = rule->args;
	enum mv_result result;

	if (rule->kind == MV_RULE_METRIC)
		result = threshold(d, a, f);
	else if (rule->kind == MV_RULE_ANY)
		result = any(d, a, f);
	else
		result = change(d, a, rule->kind == MV_RULE_IMPROVE, f);
	/* What was recorded, but cannot be judged, is not missing: else a bad
	   value would go away by recording it again on other data. */
	if (result == MV_RESULT_UNKNOWN && a->optional && f->missing) {
		mv_actual(f, "optional");
		result = MV_RESULT_YES;
	}
	mv_found_set(f, result);
}
