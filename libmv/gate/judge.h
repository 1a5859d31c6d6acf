/* SPDX-License-Identifier: MIT */
#ifndef MV_GATE_JUDGE_H
#define MV_GATE_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/evidence.h"

/*
 * What proof and the hooks ask of the gate beyond a verdict: the facts of one
 * decision, and what the notes of its state say. Nobody else includes this.
 */
struct mv_gate;
struct mv_pointer;
struct mv_policy_facts;
struct mv_promotion;
struct mv_subject;
struct mv_verdict;
struct mv_vote;

/* Facts and decision in one; the facts are kept for who makes the tag. */
int mv_gate_check(struct mv_verdict *out, struct mv_policy_facts *facts,
		  struct mv_gate *gate, const struct mv_promotion *promotion,
		  struct mv_err *err);

/* Votes on a content, checked; see mv_vote. Used by facts and by audit. */
int mv_gate_votes(struct mv_vote **votes, size_t *count, struct mv_gate *gate,
		  const char *blob, struct mv_err *err);

/* -- notes of one content ------------------------------------------------- */

/*
 * What the notes of the gate's state say of one content: lines whose content
 * is another are not looked at (a note can be moved to another object).
 */
struct mv_testimony {
	struct mv_evidence evidence;
	char records[72];	/* digest of the evidence lines */
	struct mv_vote *votes;	/* with receipts; all signatures checked */
	size_t count;
};

void mv_gate_testimony_release(struct mv_testimony *t);

/* `artifact` limits evidence, not votes. `at`: s, when keys must be valid. */
int mv_gate_testimony(struct mv_testimony *out, struct mv_gate *gate,
		      const char *blob, const struct mv_pointer *pointer,
		      const char *artifact, int64_t at, struct mv_err *err);

/* Is no tag of a version or stage here, of any artifact? And if so, may there
   be some elsewhere (transfer/asked.h)? */
int mv_gate_no_tags(int *none, int *elsewhere, const struct mv_gate *gate,
		    struct mv_err *err);

void mv_gate_votes_release(struct mv_vote *votes, size_t count);

/* The content of an artifact at a commit, by the .gitmodel/config there. */
int mv_gate_subject(struct mv_subject *out, struct mv_gate *gate,
		    const char *artifact, const char *commit,
		    struct mv_err *err);

#endif
