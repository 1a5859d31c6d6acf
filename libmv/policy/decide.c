/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/meta/version.h"

/*
 * The decision: every rule of every section that speaks of this, in the
 * policy's order, one finding each. Evaluating a rule is in decide-metric.c,
 * decide-evidence.c, decide-people.c and decide-state.c; overriding one, and
 * what all of them add up to, is here.
 */

/* -- one rule ------------------------------------------------------------- */

/* Taking something off a stage needs the right person and moment, not a
   better model. */
static int counts_for(const char *action, enum mv_rule_kind kind)
{
	if (strcmp(action, "demote"))
		return 1;
	return kind == MV_RULE_PROMOTER || kind == MV_RULE_FREEZE ||
	       kind == MV_RULE_REQUIRE_SIGNATURE;
}

/* What a rollback to a version that held the stage before need not show. */
static int spared(enum mv_rule_kind kind)
{
	switch (kind) {
	case MV_RULE_APPROVALS:
	case MV_RULE_NO_REGRESSION:
	case MV_RULE_IMPROVE:
	case MV_RULE_ANY:
	case MV_RULE_REQUIRE_STAGE:
	case MV_RULE_MIN_SOAK:
	case MV_RULE_MIN_INTERVAL:
	case MV_RULE_EVAL_MAX_AGE:
	case MV_RULE_MONOTONIC:
		return 1;
	default:
		return 0;
	}
}

/* Settings of other rules: nothing to find. */
static int is_setting(enum mv_rule_kind kind)
{
	switch (kind) {
	case MV_RULE_SAME_EVAL:
	case MV_RULE_AGGREGATE:
	case MV_RULE_APPROVAL_MAX_AGE:
	case MV_RULE_DISMISS_ON:
	case MV_RULE_FORBID_SELF:
	case MV_RULE_OVERRIDE:
	case MV_RULE_IMMUTABLE_TAGS:
	case MV_RULE_APPEND_ONLY:
	case MV_RULE_MAX_CLOCK_SKEW:
		return 1;
	default:
		return 0;
	}
}

static void evaluate(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f)
{
	if (d->fast && spared(rule->kind)) {
		mv_actual(f, "not asked: %s held this stage before",
			  d->facts->version);
		return;
	}
	switch ((enum mv_rule_kind)rule->kind) {
	case MV_RULE_METRIC:
	case MV_RULE_NO_REGRESSION:
	case MV_RULE_IMPROVE:
	case MV_RULE_ANY:
		mv_decide_metric(d, rule, f);
		break;
	case MV_RULE_EVAL_ON:
	case MV_RULE_EVAL_MAX_AGE:
	case MV_RULE_MIN_RUNS:
	case MV_RULE_REQUIRE_LINEAGE:
	case MV_RULE_REQUIRE_CLEAN:
	case MV_RULE_DATA_IN_REPO:
	case MV_RULE_LICENSE:
		mv_decide_evidence(d, rule, f);
		break;
	case MV_RULE_APPROVALS:
	case MV_RULE_POLICY_APPROVALS:
	case MV_RULE_VETO:
	case MV_RULE_REQUIRE_SIGNATURE:
	case MV_RULE_PROMOTER:
	case MV_RULE_ROLLBACK:
		mv_decide_people(d, rule, f);
		break;
	default:
		mv_decide_state(d, rule, f);
		break;
	}
}

static char *detach(struct mv_found *f, struct mv_buf *text, int optional)
{
	char *s;

	if (optional && !text->len)
		return NULL;
	s = mv_buf_detach(text);
	f->nomem |= !s;
	return s;
}

static int add_finding(struct mv_verdict *out, const struct mv_deciding *d,
		       const struct mv_rule *rule, struct mv_found *f)
{
	struct mv_finding *found = MV_GROW_ONE(out->v, out->count, NULL);

	if (!found)
		return -1;
	found->result = f->result;
	found->mode = d->section->mode;
	found->line = rule->line;
	found->section = mv_strf("%s%s%s", d->section->kind,
				 *d->section->kind ? " " : "policy",
				 d->section->name);
	found->rule = mv_strf("%s = %s", rule->key, rule->value);
	found->expected = detach(f, &f->expected, 0);
	found->actual = detach(f, &f->actual, 0);
	found->evidence = detach(f, &f->evidence, 1);
	found->advice = detach(f, &f->advice, 1);
	return f->nomem || !found->section || !found->rule ? -1 : 0;
}

static int decide_rule(struct mv_verdict *out, const struct mv_deciding *d,
		       const struct mv_rule *rule)
{
	const struct mv_rule *over = mv_section_rule(d->section,
						     MV_RULE_OVERRIDE);
	struct mv_found f = { .result = MV_RESULT_YES };
	int rc;

	mv_buf_init(&f.expected, MV_FOUND_MAX);
	mv_buf_init(&f.actual, MV_FOUND_MAX);
	mv_buf_init(&f.evidence, MV_FOUND_MAX);
	mv_buf_init(&f.advice, MV_FOUND_MAX);
	evaluate(d, rule, &f);
	mv_expected(&f, "%s", rule->value);
	if (f.result != MV_RESULT_YES && over && mv_may_override(rule->kind) &&
	    mv_is_overridden(d, over, rule->key, &f))
		f.result = MV_RESULT_OVERRIDDEN;
	mv_advise(d, over, rule, &f);
	rc = add_finding(out, d, rule, &f);
	mv_buf_release(&f.expected);
	mv_buf_release(&f.actual);
	mv_buf_release(&f.evidence);
	mv_buf_release(&f.advice);
	return rc;
}

/* -- all of them ---------------------------------------------------------- */

/*
 * Back is what is lower: else whoever was taken off the stage by a rollback
 * could return the same way.
 */
static int goes_back(const struct mv_policy_facts *facts)
{
	const char *version = facts->version, *last;
	int first;

	last = mv_last_version(facts, &first);
	return last && version && mv_version_ok(last) &&
	       mv_version_ok(version) && mv_version_cmp(version, last) < 0;
}

/* Is the fast path of a rollback open? Then its rule says so itself. */
static int fast_path(const struct mv_deciding *d)
{
	const struct mv_rule *rule = mv_section_rule(d->section,
						     MV_RULE_ROLLBACK);
	const struct mv_answer *held;

	if (!rule || strcmp(d->facts->action, "promote") ||
	    !goes_back(d->facts))
		return 0;
	held = mv_known(d->facts, "previously-held", NULL);
	if (!held || held->number < 0 || held->number > rule->args->seconds)
		return 0;
	return mv_count_approvals(d, rule->args->text, NULL) >=
	       rule->args->number;
}

static int decide_section(struct mv_verdict *out, struct mv_deciding *d)
{
	d->fast = fast_path(d);
	for (size_t i = 0; i < d->section->count; i++) {
		const struct mv_rule *rule = &d->section->rules[i];

		if (is_setting(rule->kind) ||
		    !counts_for(d->facts->action, rule->kind))
			continue;
		if (decide_rule(out, d, rule))
			return -1;
	}
	return 0;
}

/* From yes on, which it is to begin with. */
static void sum_up(struct mv_verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct mv_finding *f = &verdict->v[i];

		if (f->mode == MV_MODE_ENFORCE &&
		    mv_severity(f->result) > mv_severity(verdict->result))
			verdict->result = f->result;
	}
}

/* No rule speaks of what is not named; that must not be a yes. */
static const char *not_named(const struct mv_policy_facts *facts,
			     const struct mv_deciding *d)
{
	static const char *const actions[] = { "promote", "demote", "change",
					       "policy" };
	size_t i = 0;

	while (i < 4 && strcmp(actions[i], facts->action ? facts->action : ""))
		i++;
	if (i == 4)
		return "what is to be done";
	if (*d->kind && !*d->name)
		return d->kind;
	if (!strcmp(d->kind, "stage") &&
	    (!facts->artifact || !*facts->artifact))
		return "artifact";
	return NULL;
}

static int add_not_named(struct mv_verdict *out, const char *what)
{
	struct mv_finding *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	out->governed = 1;
	out->v = f;
	out->count = 1;
	f->result = MV_RESULT_UNKNOWN;
	f->section = strdup("policy");
	f->rule = strdup("built-in");
	f->expected = mv_strf("%s is known", what);
	f->actual = strdup("nobody said");
	return f->section && f->rule && f->expected && f->actual ? 0 : -1;
}

/* Every section that speaks of it. */
static int decide_all(struct mv_verdict *out, struct mv_deciding *d)
{
	const struct mv_policy *policy = d->policy;

	for (size_t i = 0; i < policy->section_count; i++) {
		d->section = &policy->sections[i];
		if (!mv_section_applies(d->section, d->kind,
					d->facts->artifact, d->name))
			continue;
		out->governed = 1;
		if (decide_section(out, d))
			return -1;
	}
	return 0;
}

int mv_decide(struct mv_verdict *out, const struct mv_policy_facts *facts,
	      const struct mv_policy *policy, int64_t now,
	      struct mv_err *err)
{
	struct mv_deciding d = { .policy = policy, .facts = facts, .now = now };
	const char *lacking;

	memset(out, 0, sizeof(*out));
	d.kind = mv_action_kind(facts->action ? facts->action : "");
	d.name = mv_plain_name(!*d.kind ? "" : !strcmp(d.kind, "branch") ?
			       facts->branch : facts->stage);
	lacking = not_named(facts, &d);
	if (lacking ? add_not_named(out, lacking) : decide_all(out, &d)) {
		mv_verdict_release(out);
		return mv_nomem(err);
	}
	sum_up(out);
	return 0;
}

void mv_verdict_release(struct mv_verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++) {
		struct mv_finding *f = &verdict->v[i];

		free(f->section);
		free(f->rule);
		free(f->expected);
		free(f->actual);
		free(f->evidence);
		free(f->advice);
	}
	free(verdict->v);
	memset(verdict, 0, sizeof(*verdict));
}
