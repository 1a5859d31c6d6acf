/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/judge.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/proving.h"

/* What was overridden, and is owed as long as it holds its stage. */
static const struct mv_finding *same_rule(const struct mv_verdict *v,
					  const struct mv_finding *f)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->v[i].rule, f->rule) &&
		    !strcmp(v->v[i].section, f->section))
			return &v->v[i];
	return NULL;
}

/*
 * What was overridden is owed, as long as it holds the stage: approvals that
 * came since, or evidence, make it good. Approvals are looked for as for a
 * promotion today, evidence as for the one that was.
 */
int mv_proof_check_debt(struct proving *x, const struct mv_event *tag,
			const struct mv_verdict *was, struct mv_err *err)
{
	const struct mv_gate *today = x->gates->today;
	struct mv_gate_then *now;
	struct replay again;
	struct mv_verdict fresh;
	struct mv_policy_facts facts;
	const struct mv_promotion p = {
		.action = "promote", .artifact = tag->tag.artifact,
		.version = x->p->version, .stage = tag->tag.stage,
		.commit = tag->commit, .promoter = x->p->promoter
	};
	int rc = mv_proof_gates_at(&now, x->gates, today->trusted, err);

	if (rc)
		return rc;
	now->gate.registry = today->registry;
	now->gate.now = today->now;
	rc = mv_gate_set(&now->gate.notes, today->notes, err);
	if (!rc)
		rc = mv_proof_decide_then(&again, &now->gate, x, tag, err);
	if (!rc) {
		rc = mv_gate_check(&fresh, &facts, &now->gate, &p, err);
		if (rc)
			mv_proof_replay_release(&again);
		else
			mv_policy_facts_release(&facts);
	}
	memset(&now->gate.registry, 0, sizeof(now->gate.registry));
	if (rc)
		return rc;
	for (size_t i = 0; i < was->count && !x->p->debt; i++) {
		const struct mv_finding *f = &was->v[i];
		int votes = !strncmp(f->rule, "approvals ", 10);
		const struct mv_finding *g;

		if (f->result != MV_RESULT_OVERRIDDEN)
			continue;
		g = same_rule(votes ? &fresh : &again.verdict, f);
		if (!g || g->result == MV_RESULT_YES)
			continue;
		g = same_rule(&again.verdict, f);
		x->p->overdue = !g || g->result != MV_RESULT_OVERRIDDEN;
		x->p->debt = mv_strf("%s: %s was overridden and is not made "
				     "good%s", f->section, f->rule,
				     x->p->overdue ? "; its time is up" : "");
		rc = x->p->debt ? 0 : mv_nomem(err);
	}
	mv_verdict_release(&fresh);
	mv_proof_replay_release(&again);
	return rc;
}
