/* SPDX-License-Identifier: MIT */
#ifndef MV_PROOF_PROVING_H
#define MV_PROOF_PROVING_H

#include "libmv/gate/past.h"
#include "libmv/meta/facts.h"
#include "libmv/proof/priv.h"

/*
 * One event being looked at: event.c asks the questions in their order, each
 * of the other files answers one of them. What is wrong goes into the proof;
 * an error is returned when nothing can be said at all.
 */
struct mv_subject;

struct proving {
	struct mv_proof *p;
	struct mv_gates *gates;
	const struct mv_past *past;
	const struct mv_event *event;	/* of today's registry */
	struct mv_facts trailers;
	int ours;			/* it has trailers */
	char *tagger;			/* e-mail */
	int64_t said;			/* the tagger's date */
	const struct mv_past_statement *receipt;
	struct mv_gate_then *then;
	/* Where the policy's commit stands on the branch's line. */
	const struct mv_past_commit *policy, *notes;
};

#define BAD(x, ...) mv_proof_add((x)->p, MV_VERIFY_BAD, __VA_ARGS__)
#define UNKNOWN(x, ...) mv_proof_add((x)->p, MV_VERIFY_UNKNOWN, __VA_ARGS__)

/* "2026-11-21 08:15:00 UTC"; `text` has room for 32. Returns it. */
const char *mv_proof_moment(char *text, int64_t s);

/* By the policy that it was decided by, as the server that took it. */
int64_t mv_proof_skew(const struct proving *x);

/* A tag cannot be older than what it names. */
int mv_proof_check_date(struct proving *x, int64_t when, const char *what);

/* A whole name: a short one, or a branch's, means something else later. */
int mv_proof_is_name(const char *hex);

/* Does the gate's policy speak of the event's stage? */
int mv_proof_governed(const struct mv_gate *gate, const struct mv_event *e);

int mv_proof_is_yes(const struct mv_verdict *v);

/* -- which policy, which notes -------------------------------------------- */

/* Sets `then` and `policy`, NULL where there is nothing to decide by. */
int mv_proof_check_policy(struct proving *x, struct mv_err *err);

/* Sets `notes`. */
int mv_proof_check_notes(struct proving *x);

/* Notes only grow: every line that was there is there today. */
int mv_proof_check_grown(struct proving *x, const char *blob,
			 struct mv_err *err);

/* 1: has the note of today a statement that the one of then had not? */
int mv_proof_has_more(struct proving *x, const char *blob, struct mv_err *err);

/* -- the past that it was decided on -------------------------------------- */

/* The artifact's events up to this one; empty: they are as today's. */
int mv_proof_registry_then(struct mv_registry *out, const struct proving *x,
			   struct mv_err *err);

/* The event itself in that registry; NULL. */
const struct mv_event *mv_proof_own_tag(const struct mv_registry *r,
					const struct mv_event *e);

/* A tag of this stage (NULL: of any of the artifact) that is none here, and so
   what was decided before cannot be told; NULL: there is none. */
const struct mv_event *mv_proof_in_doubt(const struct proving *x,
					 const char *stage);

int mv_proof_say_doubt(struct proving *x, const struct mv_event *e);

/* -- the decision, again -------------------------------------------------- */

struct replay {
	struct mv_verdict verdict;
	struct mv_policy_facts facts;
};

int mv_proof_decide_then(struct replay *out, struct mv_gate *gate,
			 const struct proving *x, const struct mv_event *tag,
			 struct mv_err *err);

void mv_proof_replay_release(struct replay *r);

/* All of it, with what is wrong; the verdict is kept in the proof. */
int mv_proof_decide_again(struct proving *x, const struct mv_subject *s,
			  const struct mv_event *tag, struct mv_err *err);

/* What was overridden is owed, as long as it holds the stage. */
int mv_proof_check_debt(struct proving *x, const struct mv_event *tag,
			const struct mv_verdict *was, struct mv_err *err);

#endif
