/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/past.h"
#include "libmv/git/objects.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/proof/priv.h"

/*
 * The questions of verify, asked of a push before it is taken: by the same
 * function, so that nothing comes in that is BAD for ever, and nothing that is
 * there becomes so.
 */

/* -- events of a push ----------------------------------------------------- */

/* Of an event that is there already: what its tag names, for the order. */
struct earlier {
	struct mv_gate *gate;
	const struct mv_past *past;
	struct mv_proof *proofs;
	size_t *which;
};

static int take_names(void *payload, size_t i,
		      const struct mv_git_object_info *tag,
		      struct mv_err *err)
{
	struct earlier *x = payload;
	struct mv_proof *p = &x->proofs[x->which[i]];
	struct mv_facts trailers = MV_FACTS_INIT;
	const struct mv_past_commit *place = NULL;
	const char *commit;
	int rc = 0;

	if (!tag || mv_tag_trailers(&trailers, tag->message, NULL))
		goto out;
	mv_gate_past_name(p->notes, mv_proof_said(&trailers, "Model-Notes"));
	commit = mv_proof_said(&trailers, "Model-Policy-Commit");
	if (strspn(commit, "0123456789abcdef") >= 40)
		rc = mv_gate_past_place(&place, x->past,
					mv_repo_git(x->gate->repo), commit, NULL,
					err);
	if (place)
		mv_gate_past_name(p->policy_commit, place->hex);
out:
	mv_facts_release(&trailers);
	return rc;
}

static int same_stage(const struct mv_event *a, const struct mv_event *b)
{
	return a->tag.stage && b->tag.stage &&
	       !strcmp(a->tag.stage, b->tag.stage) &&
	       !strcmp(a->tag.artifact, b->tag.artifact);
}

/* Tags of the stages that events of the push speak of. */
static int read_earlier(struct mv_gate *gate, const struct mv_past *past,
			struct mv_proof *proofs, const char *want,
			struct mv_err *err)
{
	const struct mv_registry *r = &gate->registry;
	const char **oids = calloc(r->count + 1, sizeof(*oids));
	struct earlier x = { gate, past, proofs,
			     calloc(r->count + 1, sizeof(size_t)) };
	size_t n = 0, last = r->count;
	int rc = oids && x.which ? 0 : mv_nomem(err);

	/* From the end: what comes after the last one is of no interest. */
	for (size_t i = r->count; i-- > 0 && !rc;) {
		if (want[i]) {
			last = i;
			continue;
		}
		if (last < r->count && same_stage(&r->v[i], &r->v[last])) {
			x.which[n] = i;
			oids[n++] = r->v[i].oid;
		}
	}
	if (!rc && n)
		rc = mv_git_objects(mv_repo_git(gate->repo), oids, n,
				    take_names, &x, err);
	free(x.which);
	free(oids);
	return rc;
}

static int push_tell(const struct mv_event *e, struct mv_proof *p,
		     mv_verify_fn fn,
		     void *payload, struct mv_err *err)
{
	static const char *const none[] = { NULL };
	const struct mv_verified v = {
		.state = p->state, .event = e, .artifact = e->tag.artifact,
		.version = p->version, .stage = e->tag.stage,
		.promoter = p->promoter, .when = p->when,
		.problems = p->problem_count ?
			    (const char *const *)p->problems : none
	};

	return fn(payload, &v, err);
}

int mv_proof_some(struct mv_gate *gate, const struct mv_past *past,
		  int (*wanted)(void *payload, const struct mv_event *event),
		  mv_verify_fn fn, void *payload, struct mv_err *err)
{
	const struct mv_registry *r = &gate->registry;
	struct mv_gates gates = { .repo = gate->repo, .today = gate };
	struct mv_proof *proofs = calloc(r->count + 1, sizeof(*proofs));
	char *want = calloc(r->count + 1, 1);
	int rc = proofs && want ? 0 : mv_nomem(err);

	for (size_t i = 0; i < r->count && !rc; i++) {
		want[i] = wanted(payload, &r->v[i]) != 0;
		if (want[i])
			rc = mv_proof_event(&proofs[i], &gates, past,
					    &r->v[i], err);
	}
	if (!rc)
		rc = read_earlier(gate, past, proofs, want, err);
	if (!rc)
		rc = mv_proof_order(gate, past, proofs, err);
	for (size_t i = 0; i < r->count && !rc; i++)
		if (want[i])
			rc = push_tell(&r->v[i], &proofs[i], fn, payload, err);
	for (size_t i = 0; proofs && i < r->count; i++)
		mv_proof_release(&proofs[i]);
	free(proofs);
	free(want);
	mv_proof_gates_release(&gates);
	return rc;
}

/* -- what a move of the branch would turn --------------------------------- */

struct moving {
	struct mv_gate *gate;
	const struct mv_past *past;
	const struct mv_past_commit *old;
	struct mv_past_statements receipts;
	const struct mv_event **events;
	mv_verify_fn fn;
	void *payload;
};

/* The oldest change that is new and says that it is older than `when`. */
static const struct mv_past_commit *overtaking(const struct moving *m,
					       int64_t when)
{
	const struct mv_past_commit *found = NULL, *c;

	for (size_t i = 0; i < m->past->changes.count; i++) {
		c = mv_gate_past_find(&m->past->branch,
				      m->past->changes.v[i].hex);
		if (!c || c->at >= m->old->at)
			break;
		if (c->when < when)
			found = c;
	}
	return found;
}

static int look_at(void *payload, size_t i,
		   const struct mv_git_object_info *tag, struct mv_err *err)
{
	const struct moving *m = payload;
	const struct mv_event *e = m->events[i];
	const struct mv_past_statement *receipt;
	const struct mv_past_commit *c;
	struct mv_facts trailers = MV_FACTS_INIT;
	struct mv_proof p;
	int ours, rc;

	if (!tag || mv_tag_trailers(&trailers, tag->message, NULL)) {
		mv_facts_release(&trailers);
		return 0;
	}
	ours = *mv_proof_said(&trailers, "Model-Policy-Commit") != '\0';
	mv_facts_release(&trailers);
	c = ours ? overtaking(m, tag->author.when) : NULL;
	if (!c)
		return 0;
	rc = mv_proof_witness(&receipt, m->gate, m->receipts.v,
			      m->receipts.count, e, err);
	if (rc || receipt)
		return rc;
	memset(&p, 0, sizeof(p));
	rc = mv_proof_add(&p, MV_VERIFY_BAD, "%.10s changes .gitmodel/ and "
			  "says that it is older than %s, which was decided "
			  "without it: nobody could tell later what came "
			  "first. Make that commit again, so that it has the "
			  "date of today", c->hex, e->ref +
			  strlen("refs/tags/")) ? mv_nomem(err) : 0;
	if (!rc)
		rc = push_tell(e, &p, m->fn, m->payload, err);
	mv_proof_release(&p);
	return rc;
}

int mv_proof_not_overtaken(struct mv_gate *gate, const struct mv_past *past,
			   const struct mv_past_commit *old, mv_verify_fn fn,
			   void *payload, struct mv_err *err)
{
	const struct mv_registry *r = &gate->registry;
	struct moving m = { .gate = gate, .past = past, .old = old, .fn = fn,
			    .payload = payload };
	const char **oids;
	size_t n = 0;
	int rc = 0;

	if (!overtaking(&m, INT64_MAX))
		return 0;
	oids = calloc(r->count + 1, sizeof(*oids));
	m.events = calloc(r->count + 1, sizeof(*m.events));
	if (!oids || !m.events)
		rc = mv_nomem(err);
	for (size_t i = 0; i < r->count && !rc; i++)
		if (r->v[i].tag.stage) {
			m.events[n] = &r->v[i];
			oids[n++] = r->v[i].oid;
		}
	if (!rc && n)
		rc = mv_gate_past_read_statements(&m.receipts, gate, 1, err);
	if (!rc && n)
		rc = mv_git_objects(mv_repo_git(gate->repo), oids, n,
				    look_at, &m, err);
	mv_gate_past_statements_release(&m.receipts);
	free(m.events);
	free(oids);
	return rc;
}
