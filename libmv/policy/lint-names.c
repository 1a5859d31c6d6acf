/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <string.h>

#include "libmv/base/config.h"
#include "libmv/base/near.h"
#include "libmv/meta/project.h"

/*
 * Names that a policy and its config write down and that mean nothing: a key
 * that is nearly one of ours, a stage or a metric that is nowhere else. A rule
 * about such a name never holds, or never applies.
 */
struct naming {
	const struct mv_policy *policy;
	const char *const *stages;	/* that tags have */
	struct mv_complaints said;
};
#define say(who, ...) mv_complain(&(who)->said, __VA_ARGS__)

/* -- keys of .gitmodel/config --------------------------------------------- */

static int see_key(void *payload, const char *section, const char *subname,
		   const char *key, const char *value, int line,
		   struct mv_err *err)
{
	struct naming *n = payload;
	const char *near;
	enum mv_known known = mv_project_knows(&near, section, subname, key);
	int of_key = known == MV_UNKNOWN_KEY;
	struct mv_err why;
	uint64_t size;

	(void)err;
	/* The one value that parsing the file leaves to who reads it. */
	if (known == MV_KNOWN && !strcmp(section, "filter") &&
	    mv_parse_size(&size, value, &why))
		say(n, line, 1, "%s: %s", key, why.msg);
	if (known != MV_KNOWN)
		say(n, line, 0, "%s '%s'%s%s is not known, and ignored%s%s%s",
		    of_key ? "key" : "section", of_key ? key : section,
		    of_key ? " of " : "", of_key ? section : "",
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
	return n->said.rc;
}

int mv_policy_lint_config(const char *data, size_t len, mv_lint_fn fn,
			  void *payload, struct mv_err *err)
{
	struct naming n = { .said = { fn, payload, err, 0 } };

	return mv_config_parse(".gitmodel/config", data, len, see_key, &n,
			       err);
}

/* -- stages --------------------------------------------------------------- */

static int has_section(const struct mv_policy *p, const char *stage)
{
	for (size_t i = 0; i < p->section_count; i++) {
		const char *name = mv_policy_stage_of(&p->sections[i]);

		if (name && !strcmp(name, stage))
			return 1;
	}
	return 0;
}

static int has_tag(const struct naming *n, const char *stage)
{
	for (const char *const *s = n->stages; *s; s++)
		if (!strcmp(*s, stage))
			return 1;
	return 0;
}

/* Of the stages that are written down elsewhere; `ruled` 0: only of those that
   no section speaks of. */
static void nearest_stage(struct mv_nearest *near, const struct naming *n,
			  int ruled)
{
	const struct mv_policy *p = n->policy;

	for (size_t i = 0; ruled && i < p->section_count; i++) {
		const char *name = mv_policy_stage_of(&p->sections[i]);

		if (name && strcmp(name, near->word))
			mv_nearest_try(near, name);
	}
	for (const char *const *s = n->stages; *s; s++)
		if (strcmp(*s, near->word) && (ruled || !has_section(p, *s)))
			mv_nearest_try(near, *s);
}

/* Rules for a stage on which nothing ever was, while something was on one that
   is nearly called so and that no rule speaks of. */
static void lint_section_name(struct naming *n, const struct mv_section *s)
{
	const char *stage = mv_policy_stage_of(s);
	struct mv_nearest near = MV_NEAREST_INIT(stage ? stage : "");

	if (!stage || has_tag(n, stage))
		return;
	nearest_stage(&near, n, 0);
	if (near.best)
		say(n, s->line, 1, "nothing ever was on the stage '%s', so "
		    "these rules never applied, and none speaks of '%s': did "
		    "you mean that?", stage, near.best);
}

static void lint_stage(struct naming *n, const struct mv_rule *r)
{
	const char *stage = r->args->text;
	struct mv_nearest near = MV_NEAREST_INIT(stage);

	if (has_section(n->policy, stage) || has_tag(n, stage))
		return;
	nearest_stage(&near, n, 1);
	if (near.best)
		say(n, r->line, 1, "%s: there is no stage '%s'; did you mean "
		    "'%s'?", r->key, stage, near.best);
	else
		say(n, r->line, 0, "%s: no rule speaks of the stage '%s', and "
		    "nothing ever was on it", r->key, stage);
}

/* -- metrics -------------------------------------------------------------- */

static int is_declared(const struct mv_project *p, const char *metric)
{
	int yes = mv_project_metric(p, NULL, metric) != NULL;

	for (size_t i = 0; !yes && i < p->artifact_count; i++)
		yes = mv_project_metric(p, p->artifacts[i].name, metric) !=
		      NULL;
	return yes;
}

/* What is recorded may have names of which the config says nothing. */
static void lint_metrics(struct naming *n, const struct mv_rule *r)
{
	const struct mv_project *p = &n->policy->project;

	for (const struct mv_rule_args *a = r->args; a; a = a->next) {
		struct mv_nearest near = MV_NEAREST_INIT(a->metric);

		if (!a->metric || is_declared(p, a->metric))
			continue;
		for (size_t i = 0; i < p->metric_count; i++)
			mv_nearest_try(&near, p->metrics[i].name);
		if (near.best)
			say(n, r->line, 0,
			    "%s: .gitmodel/config has no [metric "
			    "\"%s\"]; did you mean '%s'?", r->key, a->metric,
			    near.best);
	}
}

static void lint_rule(struct naming *n, const struct mv_rule *r)
{
	switch ((enum mv_rule_kind)r->kind) {
	case MV_RULE_REQUIRE_STAGE:
	case MV_RULE_REQUIRES_HOLDER:
		lint_stage(n, r);
		break;
	case MV_RULE_METRIC:
	case MV_RULE_NO_REGRESSION:
	case MV_RULE_IMPROVE:
	case MV_RULE_ANY:
		lint_metrics(n, r);
		break;
	default:
		break;
	}
}

int mv_policy_lint_names(const struct mv_policy *p, const char *const *stages,
			 mv_lint_fn fn, void *payload, struct mv_err *err)
{
	struct naming n = { p, stages, { fn, payload, err, 0 } };

	for (size_t i = 0; i < p->section_count; i++) {
		lint_section_name(&n, &p->sections[i]);
		for (size_t j = 0; j < p->sections[i].count; j++)
			lint_rule(&n, &p->sections[i].rules[j]);
	}
	return n.said.rc;
}
