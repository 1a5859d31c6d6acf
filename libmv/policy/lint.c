/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/words.h"
#include "libmv/format/format.h"
#include "libmv/meta/project.h"

/*
 * What can be said of a policy without any model: rules that can never hold,
 * that mean less than they seem to, or that name nobody.
 */
struct linting {
	const struct mv_policy *policy;
	const char *const *principals;
	struct mv_complaints said;
};
#define say(who, ...) mv_complain(&(who)->said, __VA_ARGS__)

void mv_complain(struct mv_complaints *c, int line, int serious,
		 const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (c->rc)
		return;
	va_start(ap, fmt);
	mv_vwords(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->rc = c->fn(c->payload, line, serious, text, c->err);
}

/* -- people --------------------------------------------------------------- */

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
	    r->kind != MV_RULE_VETO && r->kind != MV_RULE_ROLLBACK &&
	    r->kind != MV_RULE_POLICY_APPROVALS)
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

/* Two spellings of one address are one person, who has two keys then. */
static void lint_principals(struct linting *l)
{
	const char *const *p = l->principals;

	for (size_t i = 0; p && p[i]; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(p[i], p[j]) && !strcasecmp(p[i], p[j]))
				say(l, 0, 0, "the lists of signers spell one "
				    "address in two ways: '%s' and '%s'",
				    p[j], p[i]);
}

/* -- metrics -------------------------------------------------------------- */

/* For all artifacts, or at least for one. */
static const struct mv_metric_rule *direction_of(const struct linting *l,
						 const char *key)
{
	const struct mv_project *p = &l->policy->project;
	const struct mv_metric_rule *m = mv_project_metric(p, NULL, key);

	for (size_t i = 0; (!m || m->direction == MV_DIRECTION_NONE) &&
	     i < p->artifact_count; i++)
		m = mv_project_metric(p, p->artifacts[i].name, key);
	return m;
}

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
		if (a->percent && a->a >= 100)
			say(l, r->line, 0, "a margin of 100%% and more allows "
			    "nearly everything for %s", a->metric);
		m = direction_of(l, a->metric);
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

/* Can no value satisfy both? */
static int exclude_each_other(const struct mv_rule_args *r,
			      const struct mv_rule_args *q)
{
	double low, high, a, b;

	if (r->op == MV_OP_NE && q->op == MV_OP_EQ)
		return r->a == q->a;
	if (r->op == MV_OP_EQ && q->op == MV_OP_NE)
		return r->a == q->a;
	if (!interval(r, &low, &high) || !interval(q, &a, &b))
		return 0;
	return a > high || low > b ||
	       ((a == high || low == b) && (strict(q->op) || strict(r->op)));
}

/* Against those of another section, or of the same (then: those before). */
static void lint_thresholds(struct linting *l, const struct mv_rule *r,
			    const struct mv_section *others, int same)
{
	if (r->kind != MV_RULE_METRIC)
		return;
	for (size_t j = 0; j < others->count; j++) {
		const struct mv_rule *q = &others->rules[j];

		if (same && q == r)
			return;
		if (q->kind == MV_RULE_METRIC &&
		    !strcmp(q->args->metric, r->args->metric) &&
		    exclude_each_other(r->args, q->args))
			say(l, r->line, 1, "'%s = %s' contradicts line %d",
			    r->key, r->value, q->line);
	}
}

/* "fraud" of "fraud#production", as long as *len; NULL: all artifacts. */
static const char *artifacts_of(const struct mv_section *s, int *len)
{
	const char *hash = strrchr(s->name, '#');

	*len = hash ? (int)(hash - s->name) : 0;
	return hash ? s->name : NULL;
}

/* Can both speak of the same thing? */
static int overlap(const struct mv_section *a, const struct mv_section *b)
{
	char x[64], y[64];
	int a_len, b_len;

	if (strcmp(a->kind, b->kind))
		return 0;
	if (strcmp(a->kind, "stage"))
		return mv_glob(a->name, b->name) || mv_glob(b->name, a->name);
	if (strcmp(mv_policy_stage_of(a), mv_policy_stage_of(b)))
		return 0;
	if (!artifacts_of(a, &a_len) || !artifacts_of(b, &b_len))
		return 1;
	snprintf(x, sizeof(x), "%.*s", a_len, a->name);
	snprintf(y, sizeof(y), "%.*s", b_len, b->name);
	return mv_glob(x, y) || mv_glob(y, x);
}

static void lint_others(struct linting *l, const struct mv_section *s)
{
	const struct mv_policy *p = l->policy;

	for (const struct mv_section *q = p->sections; q < s; q++)
		for (size_t i = 0; overlap(s, q) && i < s->count; i++)
			lint_thresholds(l, &s->rules[i], q, 0);
}

/* -- the rest ------------------------------------------------------------- */

/* Does holding `from` need, over whatever stages, that `to` was held? */
static int leads_to(const struct mv_policy *p, const char *from,
		    const char *to, char *seen)
{
	if (!strcmp(from, to))
		return 1;
	for (size_t i = 0; i < p->section_count; i++) {
		const struct mv_section *s = &p->sections[i];

		if (seen[i] || strcmp(s->kind, "stage") ||
		    strcmp(mv_policy_stage_of(s), from))
			continue;
		seen[i] = 1;
		for (size_t j = 0; j < s->count; j++)
			if (s->rules[j].kind == MV_RULE_REQUIRE_STAGE &&
			    leads_to(p, s->rules[j].args->text, to, seen))
				return 1;
	}
	return 0;
}

/* Once a stage. What was seen and led nowhere leads nowhere from the next rule
   either, so that many stages take no time. */
static void lint_order(struct linting *l, const struct mv_section *s)
{
	char *seen = calloc(l->policy->section_count, 1);

	if (!seen && !l->said.rc)
		l->said.rc = mv_nomem(l->said.err);
	for (size_t i = 0; seen && i < s->count; i++) {
		const struct mv_rule *r = &s->rules[i];

		if (r->kind != MV_RULE_REQUIRE_STAGE ||
		    !leads_to(l->policy, r->args->text, mv_policy_stage_of(s), seen))
			continue;
		say(l, r->line, 1, "nothing can hold '%s' before '%s': that "
		    "needs it first", r->args->text, mv_policy_stage_of(s));
		break;
	}
	free(seen);
}

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
	if ((r->kind == MV_RULE_APPEND_ONLY ||
	     r->kind == MV_RULE_IMMUTABLE_TAGS) && !r->args->number)
		say(l, r->line, 0, "%s = false: what was decided can be taken "
		    "out of history", r->key);
	if (r->kind == MV_RULE_SAME_EVAL && !r->args->number)
		say(l, r->line, 0, "values measured on different data are "
		    "compared");
	if (r->kind == MV_RULE_AGGREGATE && !mv_section_rule(s,
							     MV_RULE_MIN_RUNS))
		say(l, r->line, 0, "aggregate without min-runs is satisfied by "
		    "one run");
}

static void lint_format_names(struct linting *l, const struct mv_rule *r)
{
	for (char **word = r ? r->args->words : NULL; word && *word; word++) {
		size_t i = 0;

		while (mv_format_names[i] &&
		       strcasecmp(mv_format_names[i], *word))
			i++;
		if (!mv_format_names[i])
			say(l, r->line, 0, "no file is ever found to be '%s': "
			    "safetensors, gguf, npy, npz, pytorch, onnx and "
			    "others are known (git help model-inspect), and "
			    "what is not known is no", *word);
	}
}

static void lint_formats(struct linting *l, const struct mv_section *s)
{
	const struct mv_rule *yes = mv_section_rule(s, MV_RULE_FORMAT);
	const struct mv_rule *no = mv_section_rule(s, MV_RULE_FORBID_FORMAT);

	lint_format_names(l, yes);
	lint_format_names(l, no);

	for (char **a = yes && no ? yes->args->words : NULL; a && *a; a++)
		for (char **b = no->args->words; *b; b++)
			if (!strcasecmp(*a, *b))
				say(l, no->line, 1, "format '%s' is allowed in "
				    "line %d and forbidden here", *a,
				    yes->line);
}

/* With letters in the place of stars, is it a name that there can be? */
static int can_be_named(const struct mv_section *s)
{
	char name[64];
	int len;

	if (strcmp(s->kind, "stage") || !artifacts_of(s, &len))
		return 1;
	snprintf(name, sizeof(name), "%.*s", len, s->name);
	for (char *c = name; *c; c++)
		if (*c == '*')
			*c = 'a';
	return mv_artifact_name_ok(name);
}

static void lint_section(struct linting *l, const struct mv_section *s)
{
	if (!can_be_named(s))
		say(l, s->line, 1, "no artifact can be called like '%s'",
		    s->name);
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
		lint_thresholds(l, &s->rules[i], s, 1);
		lint_settings(l, s, &s->rules[i]);
	}
	lint_order(l, s);
	lint_formats(l, s);
	lint_others(l, s);
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
	struct linting l = { p, principals, { fn, payload, err, 0 } };

	lint_whole(&l);
	lint_principals(&l);
	for (size_t i = 0; i < p->group_count; i++)
		lint_group(&l, &p->groups[i]);
	for (size_t i = 0; i < p->section_count; i++)
		lint_section(&l, &p->sections[i]);
	return l.said.rc;
}
