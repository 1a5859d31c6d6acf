/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * What can be said of a policy without any model: rules that can never hold,
 * that mean less than they seem to, or that name nobody.
 */
struct linting {
	const struct mv_policy *policy;
	const char *const *principals;
	mv_lint_fn fn;
	void *payload;
	struct mv_err *err;
	int ret;
};

__attribute__((format(printf, 4, 5)))
static void say(struct linting *l, int line, int serious, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (l->ret)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->ret = l->fn(l->payload, line, serious, text, l->err);
}

/* -- people ----------------------------------------------------------------------- */

static int uses_group(const struct mv_rule *r, const char *name)
{
	switch ((enum mv_rule_kind)r->kind) {
	case MV_RULE_APPROVALS:
	case MV_RULE_VETO:
	case MV_RULE_PROMOTER:
	case MV_RULE_OVERRIDE:
	case MV_RULE_ROLLBACK:
	case MV_RULE_POLICY_APPROVALS:
		return r->args->text && !strcmp(r->args->text, name);
	default:
		return 0;
	}
}

static int is_used(const struct mv_policy *p, const char *group)
{
	for (size_t i = 0; i < p->section_count; i++)
		for (size_t j = 0; j < p->sections[i].count; j++)
			if (uses_group(&p->sections[i].rules[j], group))
				return 1;
	return 0;
}

static int is_listed(const struct linting *l, const char *principal)
{
	for (const char *const *p = l->principals; *p; p++)
		if (!strcmp(*p, principal))
			return 1;
	return 0;
}

static void lint_group(struct linting *l, const struct mv_policy_group *g)
{
	if (!g->count)
		say(l, g->line, 1, "group '%s' has no members", g->name);
	if (!is_used(l->policy, g->name))
		say(l, g->line, 0, "group '%s' is used by no rule", g->name);
	for (size_t i = 0; l->principals && i < g->count; i++)
		if (!is_listed(l, g->members[i]))
			say(l, g->line, 1, "'%s' of group '%s' is on no list "
			    "of signers, so nothing that they sign counts",
			    g->members[i], g->name);
}

static void lint_people(struct linting *l, const struct mv_rule *r)
{
	const struct mv_policy_group *g;
	size_t all = 0;

	if (r->kind != MV_RULE_APPROVALS && r->kind != MV_RULE_OVERRIDE &&
	    r->kind != MV_RULE_VETO && r->kind != MV_RULE_POLICY_APPROVALS)
		return;
	while (l->principals && l->principals[all])
		all++;
	g = r->args->text ? mv_policy_group(l->policy, r->args->text) : NULL;
	if (g && g->count < r->args->number)
		say(l, r->line, 1, "%s asks for %" PRIu64 " people, but group "
		    "'%s' has %zu", r->key, r->args->number, g->name,
		    g->count);
	else if (!g && l->principals && all < r->args->number)
		say(l, r->line, 1, "%s asks for %" PRIu64 " people, but the "
		    "lists of signers name %zu", r->key, r->args->number, all);
}

/* -- metrics ---------------------------------------------------------------------- */

static void lint_direction(struct linting *l, const struct mv_rule *r)
{
	const struct mv_rule_args *a = r->args;

	if (r->kind != MV_RULE_NO_REGRESSION && r->kind != MV_RULE_IMPROVE &&
	    r->kind != MV_RULE_ANY)
		return;
	for (; a; a = a->next) {
		const struct mv_metric_rule *m;

		if (r->kind == MV_RULE_ANY && !a->improve)
			continue;
		m = mv_project_metric(&l->policy->project, a->metric);
		if (!m || m->direction == MV_DIRECTION_NONE)
			say(l, r->line, 1, "nobody can say whether %s got "
			    "better: no direction for it in .gitmodel/config",
			    a->metric);
	}
}

/* The interval that a threshold leaves; open ends are not looked at. */
static int interval(const struct mv_rule_args *a, double *low, double *high)
{
	*low = -INFINITY;
	*high = INFINITY;
	switch (a->op) {
	case MV_OP_LT:
	case MV_OP_LE:
		*high = a->a;
		return 1;
	case MV_OP_GT:
	case MV_OP_GE:
		*low = a->a;
		return 1;
	case MV_OP_EQ:
		*low = *high = a->a;
		return 1;
	case MV_OP_IN:
		*low = a->a;
		*high = a->b;
		return 1;
	default:
		return 0;
	}
}

static int strict(enum mv_op op)
{
	return op == MV_OP_LT || op == MV_OP_GT;
}

static void lint_thresholds(struct linting *l, const struct mv_section *s,
			    size_t i)
{
	const struct mv_rule *r = &s->rules[i];
	double low, high, a, b;

	if (r->kind != MV_RULE_METRIC || !interval(r->args, &low, &high))
		return;
	for (size_t j = 0; j < i; j++) {
		const struct mv_rule *q = &s->rules[j];

		if (q->kind != MV_RULE_METRIC ||
		    strcmp(q->args->metric, r->args->metric) ||
		    !interval(q->args, &a, &b))
			continue;
		if (a > high || low > b ||
		    ((a == high || low == b) &&
		     (strict(q->args->op) || strict(r->args->op))))
			say(l, r->line, 1, "'%s = %s' contradicts line %d",
			    r->key, r->value, q->line);
	}
}

/* -- the rest --------------------------------------------------------------------- */

static void lint_settings(struct linting *l, const struct mv_section *s,
			  const struct mv_rule *r)
{
	int approvals = mv_section_rule(s, MV_RULE_APPROVALS) ||
			mv_section_rule(s, MV_RULE_ROLLBACK);

	if (r->kind == MV_RULE_MIN_SOAK &&
	    !mv_section_rule(s, MV_RULE_REQUIRE_STAGE))
		say(l, r->line, 1, "min-soak needs a require-stage beside it");
	if ((r->kind == MV_RULE_APPROVAL_MAX_AGE ||
	     r->kind == MV_RULE_DISMISS_ON ||
	     r->kind == MV_RULE_FORBID_SELF) && !approvals &&
	    !mv_section_rule(s, MV_RULE_OVERRIDE))
		say(l, r->line, 0, "%s changes nothing: no approvals are asked "
		    "for in this section", r->key);
	if (r->kind == MV_RULE_DISMISS_ON)
		say(l, r->line, 0, "approvals survive all changes that are "
		    "not named here");
	if (r->kind == MV_RULE_REQUIRE_STAGE &&
	    !strcmp(r->args->text, strrchr(s->name, '#') ?
		    strrchr(s->name, '#') + 1 : s->name))
		say(l, r->line, 1, "nothing can hold '%s' before it holds it",
		    r->args->text);
	if (r->kind == MV_RULE_SAME_EVAL && !r->args->number)
		say(l, r->line, 0, "values measured on different data are "
		    "compared");
	if (r->kind == MV_RULE_AGGREGATE && !mv_section_rule(s, MV_RULE_MIN_RUNS))
		say(l, r->line, 0, "aggregate without min-runs is satisfied by "
		    "one run");
}

static void lint_formats(struct linting *l, const struct mv_section *s)
{
	const struct mv_rule *yes = mv_section_rule(s, MV_RULE_FORMAT);
	const struct mv_rule *no = mv_section_rule(s, MV_RULE_FORBID_FORMAT);

	for (char **a = yes && no ? yes->args->words : NULL; a && *a; a++)
		for (char **b = no->args->words; *b; b++)
			if (!strcmp(*a, *b))
				say(l, no->line, 1, "format '%s' is allowed in "
				    "line %d and forbidden here", *a,
				    yes->line);
}

static void lint_section(struct linting *l, const struct mv_section *s)
{
	if (!s->count && *s->kind)
		say(l, s->line, 0, "%s '%s' has no rules: everything passes",
		    s->kind, s->name);
	if (s->mode != MV_MODE_ENFORCE)
		say(l, s->line, 0, "%s '%s' stops nothing: its mode is %s",
		    s->kind, s->name,
		    s->mode == MV_MODE_WARN ? "warn" : "evaluate");
	for (size_t i = 0; i < s->count; i++) {
		lint_people(l, &s->rules[i]);
		lint_direction(l, &s->rules[i]);
		lint_thresholds(l, s, i);
		lint_settings(l, s, &s->rules[i]);
	}
	lint_formats(l, s);
}

static void lint_whole(struct linting *l)
{
	const struct mv_policy *p = l->policy;
	int protected = 0;

	for (size_t i = 0; i < p->section_count; i++)
		protected |= !!mv_section_rule(&p->sections[i],
					       MV_RULE_POLICY_APPROVALS);
	if (!protected)
		say(l, 1, 0, "the policy does not protect itself: "
		    "policy-approvals, before the first section, would");
}

int mv_policy_lint(const struct mv_policy *p, const char *const *principals,
		   mv_lint_fn fn, void *payload, struct mv_err *err)
{
	struct linting l = { p, principals, fn, payload, err, 0 };

	lint_whole(&l);
	for (size_t i = 0; i < p->group_count; i++)
		lint_group(&l, &p->groups[i]);
	for (size_t i = 0; i < p->section_count; i++)
		lint_section(&l, &p->sections[i]);
	return l.ret;
}
