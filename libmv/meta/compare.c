/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"

/*
 * What changed between two contents' facts, and whether that is better. A
 * change is always new - old, whichever direction is the good one: judging
 * looks at the order of the two values only, so that "lower is better" is
 * the exact mirror of "higher is better", for negative values, too.
 */

static void release_change(struct mv_change *c)
{
	free(c->key);
	free(c->old.text);
	free(c->new.text);
}

void mv_changes_release(struct mv_changes *c)
{
	for (size_t i = 0; i < c->count; i++)
		release_change(&c->v[i]);
	free(c->v);
	*c = (struct mv_changes){ NULL, 0 };
}

/* -- judging one change --------------------------------------------------- */

static int is_nan(const struct mv_value *v)
{
	return v->type != MV_VALUE_INT && isnan(v->r);
}

int mv_metric_same(const struct mv_metric_rule *rule, double a, double b)
{
	char shown_a[400], shown_b[400];

	if (!isfinite(a) || !isfinite(b))
		return 0;
	if (fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b)))
		return 1;
	/* Beyond that, digits behind the point are no question. */
	if (!rule || rule->precision < 0 || fabs(a) > 1e15 || fabs(b) > 1e15)
		return 0;
	snprintf(shown_a, sizeof(shown_a), "%.*f", rule->precision, a);
	snprintf(shown_b, sizeof(shown_b), "%.*f", rule->precision, b);
	return !strcmp(shown_a, shown_b);
}

/* Equal in size, be they written as 1 or as 1.0. Without a fraction they are
   compared exactly. */
static int same_size(const struct mv_value *a, const struct mv_value *b,
		     const struct mv_metric_rule *rule)
{
	if (is_nan(a) || is_nan(b))
		return is_nan(a) && is_nan(b);
	if (!mv_value_cmp(a, b))
		return 1;
	if (a->type != MV_VALUE_REAL && b->type != MV_VALUE_REAL)
		return 0;
	return isfinite(a->r) && isfinite(b->r) &&
	       mv_metric_same(rule, a->r, b->r);
}

static enum mv_judgement meta_compare_judge(const struct mv_value *old,
					    const struct mv_value *new,
					    const struct mv_metric_rule *rule)
{
	enum mv_direction direction = rule ? rule->direction :
					     MV_DIRECTION_NONE;
	int cmp;

	if (!mv_value_is_number(old) || !mv_value_is_number(new))
		return MV_JUDGE_NONE;
	if (same_size(old, new, rule))
		return MV_JUDGE_SAME;
	if (direction == MV_DIRECTION_NONE)
		return MV_JUDGE_NONE;
	/* A training that fell apart is worse than any that did not. */
	if (is_nan(new))
		return MV_JUDGE_WORSE;
	if (is_nan(old))
		return MV_JUDGE_BETTER;
	cmp = mv_value_cmp(new, old);
	/* Nor is without end what anybody wanted. */
	if (!isfinite(new->r) && (cmp > 0) == (direction == MV_DIRECTION_UP))
		return MV_JUDGE_NONE;
	return (cmp > 0) == (direction == MV_DIRECTION_UP) ?
	       MV_JUDGE_BETTER : MV_JUDGE_WORSE;
}

/* A difference that double cannot hold is none. */
static void set_diff(struct mv_change *c)
{
	int64_t exact;

	c->relative = NAN;
	if (!c->has_old || !c->has_new || !mv_value_is_number(&c->old) ||
	    !mv_value_is_number(&c->new) || !isfinite(c->old.r) ||
	    !isfinite(c->new.r))
		return;
	c->diff = c->new.r - c->old.r;
	if (c->old.type == MV_VALUE_INT && c->new.type == MV_VALUE_INT &&
	    !__builtin_sub_overflow(c->new.i, c->old.i, &exact))
		c->diff = (double)exact;
	c->has_diff = isfinite(c->diff);
	if (!c->has_diff)
		c->diff = 0;
	else if (c->old.r != 0 && isfinite(c->diff / fabs(c->old.r)))
		c->relative = c->diff / fabs(c->old.r);
}

static int copy_value(struct mv_value *out, const struct mv_value *v)
{
	*out = *v;
	out->text = strdup(v->text);
	return out->text ? 0 : MV_ENOMEM;
}

/* Either side may be NULL. */
static int set_change(struct mv_change *c, const struct mv_fact *old,
		      const struct mv_fact *new, struct mv_err *err)
{
	memset(c, 0, sizeof(*c));
	c->key = strdup(old ? old->key : new->key);
	c->has_old = old != NULL;
	c->has_new = new != NULL;
	if (!c->key || (old && copy_value(&c->old, &old->value) < 0) ||
	    (new && copy_value(&c->new, &new->value) < 0)) {
		release_change(c);
		return mv_nomem(err);
	}
	set_diff(c);
	return 0;
}

/* -- what metrics were measured on ---------------------------------------- */

/* Asked once for each record: a record may have thousands of metrics. */
struct measured {
	const struct mv_evidence *e;
	char **on;		/* by record; NULL: not asked yet */
};

static int measured_init(struct measured *m, const struct mv_evidence *e)
{
	m->e = e;
	m->on = calloc(e->count + 1, sizeof(*m->on));
	return m->on ? 0 : MV_ENOMEM;
}

static void measured_release(struct measured *m)
{
	for (size_t i = 0; m->on && i < m->e->count; i++)
		free(m->on[i]);
	free(m->on);
}

static const char *measured_on(struct measured *m, const struct mv_fact *f)
{
	struct mv_buf text;

	if (f->from >= m->e->count)
		return "";
	if (!m->on[f->from]) {
		mv_buf_init(&text, MV_RECORD_MAX);
		if (!mv_evidence_eval_data(&text, m->e, f))
			m->on[f->from] = mv_buf_detach(&text);
		mv_buf_release(&text);
	}
	return m->on[f->from];
}

/*
 * Two that are both silent may have used the same data, as far as anybody
 * knows; one that is silent beside one that is not is no comparison.
 */
static int set_incomparable(struct mv_change *c, struct measured *m_old,
			    struct measured *m_new, const struct mv_fact *old,
			    const struct mv_fact *new, struct mv_err *err)
{
	const char *a, *b;

	if (!old || !new)
		return 0;
	a = measured_on(m_old, old);
	b = measured_on(m_new, new);
	if (!a || !b)
		return mv_nomem(err);
	c->incomparable = strcmp(a, b) != 0;
	return 0;
}

/* -- side by side --------------------------------------------------------- */

/* The next key of two sorted lists; *a or *b is NULL where it is not. */
static int next_pair(const struct mv_fact **a, const struct mv_fact **b,
		     const struct mv_facts *old, const struct mv_facts *new,
		     size_t *i, size_t *j)
{
	int cmp;

	*a = *i < old->count ? &old->v[*i] : NULL;
	*b = *j < new->count ? &new->v[*j] : NULL;
	if (!*a && !*b)
		return 0;
	cmp = !*a ? 1 : !*b ? -1 : strcmp((*a)->key, (*b)->key);
	*i += cmp <= 0;
	*j += cmp >= 0;
	if (cmp > 0)
		*a = NULL;
	if (cmp < 0)
		*b = NULL;
	return 1;
}

static int changes_init(struct mv_changes *out, const struct mv_facts *old,
			const struct mv_facts *new, struct mv_err *err)
{
	*out = (struct mv_changes){ NULL, 0 };
	out->v = calloc(old->count + new->count + 1, sizeof(*out->v));
	return out->v ? 0 : mv_nomem(err);
}

static int same_metric(const struct mv_fact *a, const struct mv_fact *b)
{
	if (!a || !b)
		return 0;
	if (mv_value_is_number(&a->value) && mv_value_is_number(&b->value))
		return same_size(&a->value, &b->value, NULL);
	return mv_value_eq(&a->value, &b->value);
}

static int add_metric(struct mv_change *c, const struct mv_fact *a,
		      const struct mv_fact *b,
		      const struct mv_project *project, const char *artifact,
		      struct mv_err *err)
{
	int rc = set_change(c, a, b, err);

	if (rc < 0)
		return rc;
	c->rule = project ? mv_project_metric(project, artifact,
					      c->key) : NULL;
	if (same_metric(a, b))
		c->judgement = MV_JUDGE_SAME;
	else if (a && b)
		c->judgement = meta_compare_judge(&c->old, &c->new, c->rule);
	return 0;
}

int mv_compare_metrics(struct mv_changes *out, const struct mv_evidence *old,
		       const struct mv_evidence *new,
		       const struct mv_project *project, const char *artifact,
		       int all, struct mv_err *err)
{
	struct measured m_old = { 0 }, m_new = { 0 };
	const struct mv_fact *a, *b;
	size_t i = 0, j = 0;
	int rc = changes_init(out, &old->metrics, &new->metrics, err);

	if (!rc && (measured_init(&m_old, old) < 0 ||
		    measured_init(&m_new, new) < 0))
		rc = mv_nomem(err);
	while (!rc && next_pair(&a, &b, &old->metrics, &new->metrics, &i,
				&j)) {
		struct mv_change *c = &out->v[out->count];

		if (!all && same_metric(a, b))
			continue;
		rc = add_metric(c, a, b, project, artifact, err);
		if (rc < 0)
			break;
		out->count++;
		rc = set_incomparable(c, &m_old, &m_new, a, b, err);
	}
	measured_release(&m_old);
	measured_release(&m_new);
	if (rc < 0)
		mv_changes_release(out);
	return rc;
}

int mv_compare_facts(struct mv_changes *out, const struct mv_facts *old,
		     const struct mv_facts *new, int all, struct mv_err *err)
{
	const struct mv_fact *a, *b;
	size_t i = 0, j = 0;
	int rc = changes_init(out, old, new, err);

	while (!rc && next_pair(&a, &b, old, new, &i, &j)) {
		int same = a && b && mv_value_eq(&a->value, &b->value);

		if (same && !all)
			continue;
		rc = set_change(&out->v[out->count], a, b, err);
		if (!rc && same)
			out->v[out->count].judgement = MV_JUDGE_SAME;
		out->count += !rc;
	}
	if (rc < 0)
		mv_changes_release(out);
	return rc;
}
