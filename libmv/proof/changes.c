/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/judge.h"
#include "libmv/gate/past.h"
#include "libmv/git/objects.h"
#include "libmv/proof/telling.h"

/*
 * Changes of .gitmodel/ on the trusted branch: each is judged by the policy
 * that was there before it.
 */
enum { MOMENTS_MAX = 256 };

struct changing {
	struct mv_proof *p;
	int no_records;		/* none are here, and may be elsewhere */
	/* When somebody who may said something of it after its date. */
	int64_t from, until;
	int64_t moments[MOMENTS_MAX];
	size_t count;
};

static void keep_moments(struct changing *c, const struct mv_policy_facts *f)
{
	for (size_t i = 0; i < f->vote_count; i++) {
		const struct mv_vote *v = &f->votes[i];

		if (!v->malformed && c->count < MOMENTS_MAX &&
		    v->signature.state == MV_SIGNATURE_GOOD &&
		    v->statement.issued_at > c->from &&
		    v->statement.issued_at <= c->until)
			c->moments[c->count++] = v->statement.issued_at;
	}
}

static int blame(const struct changing *c, const struct mv_finding *f)
{
	/* Who approved it stands in the records alone. */
	if (c->no_records && !strncmp(f->rule, "policy-approvals ", 17))
		return mv_proof_add(c->p, MV_VERIFY_UNKNOWN, ".gitmodel/ was "
				    "changed, and the policy before it asks "
				    "for %s: there are no records here; git "
				    "model fetch brings them", f->rule);
	return mv_proof_add(c->p, MV_VERIFY_BAD, ".gitmodel/ was changed "
			    "without what the policy before it asks for: %s: "
			    "expected %s, found %s", f->rule, f->expected,
			    f->actual);
}

static int on_change(void *payload, const char *subject,
		     const struct mv_policy_facts *facts,
		     const struct mv_verdict *verdict, struct mv_err *err)
{
	struct changing *c = payload;
	int rc = 0;

	(void)subject;
	if (strcmp(facts->action, "policy") ||
	    verdict->result == MV_RESULT_YES ||
	    verdict->result == MV_RESULT_OVERRIDDEN)
		return 0;
	keep_moments(c, facts);
	for (size_t i = 0; i < verdict->count && !rc; i++) {
		const struct mv_finding *f = &verdict->v[i];

		if (f->mode == MV_MODE_ENFORCE &&
		    f->result != MV_RESULT_YES &&
		    f->result != MV_RESULT_OVERRIDDEN)
			rc = blame(c, f);
	}
	return rc ? mv_nomem(err) : 0;
}

static const char *branch_of(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

static int judge_change(struct mv_proof *p, struct changing *changing,
			struct mv_gates *gates, struct mv_gate_then *g,
			const struct mv_past_commit *c,
			const struct mv_past_commit *parent, int64_t when,
			struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc;

	changing->p = p;
	g->gate.registry = gates->today->registry;
	g->gate.now = when * 1000;
	rc = mv_gate_set(&g->gate.notes, gates->today->notes, err);
	if (!rc)
		rc = mv_gate_check_branch(&g->gate,
					  branch_of(gates->today->trusted_name),
					  parent->hex, c->hex, on_change,
					  changing, &why);
	memset(&g->gate.registry, 0, sizeof(g->gate.registry));
	if (rc && rc != MV_ENOMEM)
		rc = mv_proof_add(p, MV_VERIFY_BAD, "it cannot be judged: %s",
				  why.msg);
	return rc ? mv_nomem(err) : 0;
}

static int by_moment(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * People commit, then approve, then push: the date of the commit is not when
 * it came to be in force. When that was nobody knows; but it was good if it
 * would have been at any moment until it was made use of.
 */
static int judge_later(struct mv_proof *p, struct changing *found,
		       struct mv_gates *gates, struct mv_gate_then *g,
		       const struct mv_past_commit *c,
		       const struct mv_past_commit *parent,
		       struct mv_err *err)
{
	int rc = 0;

	qsort(found->moments, found->count, sizeof(*found->moments),
	      by_moment);
	for (size_t i = 0; i < found->count && !rc && p->problem_count; i++) {
		/* It says the same again, and collects nothing new. */
		struct changing again = { .no_records = found->no_records };
		struct mv_proof then;

		memset(&then, 0, sizeof(then));
		rc = judge_change(&then, &again, gates, g, c, parent,
				  found->moments[i], err);
		if (!rc && !then.problem_count) {
			for (size_t k = 0; k < p->problem_count; k++)
				free(p->problems[k]);
			p->problem_count = 0;
			p->state = MV_VERIFY_OK;
		}
		mv_proof_release(&then);
	}
	return rc;
}

int mv_proof_change(struct mv_proof *p, struct mv_gates *gates,
		    const struct mv_past_commit *c,
		    const struct mv_past_commit *parent, int64_t until,
		    struct mv_err *err)
{
	struct changing changing = { .no_records = gates->today->no_records,
				     .from = c->when, .until = until };
	struct mv_err why = { MV_OK, "" };
	struct mv_gate_then *g;
	int rc = mv_proof_gates_at(&g, gates, parent->hex, &why);

	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			mv_proof_add(p, MV_VERIFY_BAD, "the policy before it "
				     "cannot be read: %s", why.msg);
	if (!g->gate.has_policy)
		return 0;
	rc = judge_change(p, &changing, gates, g, c, parent, c->when, err);
	return rc ? rc : judge_later(p, &changing, gates, g, c, parent, err);
}

/* By when a change must have been approved: then the first decision was made
   by it, or by one that came after it. */
static int64_t used_from(const struct telling *t, const struct mv_proof *proofs,
			 const struct mv_past_commit *on)
{
	int64_t until = t->gate->now / 1000;
	const int64_t skew = mv_gate_clock_skew(t->gate);

	for (size_t i = 0; i < t->gate->registry.count; i++) {
		const struct mv_past_commit *by =
			mv_gate_past_find(&t->past->branch,
					  proofs[i].policy_commit);

		if (by && by->at <= on->at && proofs[i].when < until)
			until = proofs[i].when;
	}
	return until < INT64_MAX - skew ? until + skew : until;
}

/* Whoever may can still say yes to the last one, until it is made use of. */
static int judge_step(struct mv_proof *p, const struct telling *t,
		      const struct mv_proof *proofs, struct mv_gates *gates,
		      const struct mv_past_commit *c,
		      const struct mv_past_commit *on, struct mv_err *err)
{
	const int64_t until = used_from(t, proofs, on);
	int rc = mv_proof_change(p, gates, c, &t->past->branch.v[on->at + 1],
				 until, err);

	if (!rc && p->state == MV_VERIFY_BAD && c == t->past->changes.v &&
	    until > t->gate->now / 1000 &&
	    mv_proof_add(p, MV_VERIFY_BAD, "as long as nothing is decided by "
			 "it, who may can approve it: git model approve "
			 "--policy %.10s", c->hex))
		rc = mv_nomem(err);
	return rc;
}

static int tell_change(const struct telling *t, const struct mv_proof *proofs,
		       struct mv_gates *gates, const struct mv_past_commit *c,
		       struct mv_err *err)
{
	const struct mv_past_commit *on = mv_gate_past_find(&t->past->branch,
							    c->hex);
	const char *name = c->hex;
	struct mv_proof p;
	int rc;

	memset(&p, 0, sizeof(p));
	rc = mv_git_objects(mv_repo_git(gates->repo), &name, 1,
			    mv_proof_take_author, &p, err);
	if (!rc && on && on->at + 1 < t->past->branch.count)
		rc = judge_step(&p, t, proofs, gates, c, on, err);
	else if (!rc && t->past->shallow)
		rc = mv_proof_add(&p, MV_VERIFY_UNKNOWN, "history is cut off "
				  "before it; git fetch --unshallow brings "
				  "it");
	if (!rc) {
		struct mv_verified v = { .artifact = ".gitmodel",
					 .version = c->hex,
					 .promoter = p.promoter,
					 .when = c->when };

		rc = mv_proof_tell(t, &p, &v, err);
	}
	mv_proof_release(&p);
	return rc;
}

/* Somebody merged another beginning in: which one is the branch's own nobody
   can tell from here. */
static int tell_beginnings(const struct telling *t, struct mv_err *err)
{
	const struct mv_past *past = t->past;
	struct mv_verified v = { .artifact = ".gitmodel" };
	struct mv_proof p;
	int rc;

	if (past->beginning_count < 2 || past->pinned)
		return 0;
	memset(&p, 0, sizeof(p));
	v.version = past->beginnings[0];
	rc = mv_proof_add(&p, MV_VERIFY_BAD, "the policy of %s begins twice, "
			  "at %.10s and at %.10s: a merge brought in a "
			  "history of its own; say which one is true: git "
			  "config model.policyRoot COMMIT",
			  t->gate->trusted_name, past->beginnings[0],
			  past->beginnings[1]) ? mv_nomem(err) : 0;
	v.when = t->gate->now / 1000;
	if (!rc)
		rc = mv_proof_tell(t, &p, &v, err);
	mv_proof_release(&p);
	return rc;
}

int mv_proof_tell_changes(const struct telling *t,
			  const struct mv_proof *proofs, struct mv_err *err)
{
	struct mv_gates gates = { .repo = t->gate->repo, .today = t->gate };
	int rc = tell_beginnings(t, err);

	for (size_t i = t->past->changes.count; i-- > 0 && !rc;)
		rc = tell_change(t, proofs, &gates, &t->past->changes.v[i],
				 err);
	mv_proof_gates_release(&gates);
	return rc;
}
