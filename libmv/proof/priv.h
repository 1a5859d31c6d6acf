/* SPDX-License-Identifier: MIT */
#ifndef MV_PROOF_PRIV_H
#define MV_PROOF_PRIV_H

#include "libmv/meta/registry.h"
#include "libmv/proof/proof.h"
#include "libmv/repo/state.h"

/* What the files of proof share. */
struct mv_facts;
struct mv_past;
struct mv_past_statement;
struct mv_trust;

/* Borrowed until MV_GATES others were asked for. */
int mv_proof_gates_at(struct mv_gate_then **out, struct mv_gates *gates,
		      const char *commit, struct mv_err *err);

__attribute__((format(printf, 3, 4)))
int mv_proof_add(struct mv_proof *p, enum mv_verify_state state,
		 const char *fmt, ...);

/* A trailer; "" when there is none. */
const char *mv_proof_said(const struct mv_facts *trailers, const char *key);

/* `event` is of gates->today's registry. What is wrong is said in the proof;
   an error is returned when there can be no proof at all. */
int mv_proof_event(struct mv_proof *out, struct mv_gates *gates,
		   const struct mv_past *past, const struct mv_event *event,
		   struct mv_err *err);

/* A statement's signature, as of the moment that it names. */
int mv_proof_statement(struct mv_signature *out, struct mv_trust *trust,
		       const struct mv_past_statement *s,
		       struct mv_err *err);

/* Is a receipt's good, by today's lists, and of this repository? */
int mv_proof_receipt(int *good, struct mv_trust *trust, const char *repo_id,
		     const struct mv_past_statement *r, struct mv_err *err);

/* Of these receipts (by any key) the oldest good one of this very tag object;
   NULL: there is none. */
int mv_proof_witness(const struct mv_past_statement **out,
		     const struct mv_gate *today,
		     const struct mv_past_statement *receipts, size_t count,
		     const struct mv_event *event, struct mv_err *err);

/* Why none of these does, for a person; yours. NULL: nothing speaks of it, and
   `others`, receipts of other tags, are not there either. */
int mv_proof_unwitnessed(char **why, const struct mv_gate *today,
			 const struct mv_past_statement *receipts,
			 size_t count, size_t others,
			 const struct mv_event *event, struct mv_err *err);

/* -- all of them ---------------------------------------------------------- */

/* What only several events show: numbers that are missing, two of one number
   that contradict each other, older policies and older records than before.
   `proofs` is as the gate's registry. */
int mv_proof_order(const struct mv_gate *gate, const struct mv_past *past,
		   struct mv_proof *proofs, struct mv_err *err);

/* As mv_proof_verify(), for who knows the past already. */
int mv_proof_verify_with(struct mv_gate *gate, const struct mv_past *past,
			 const struct mv_verify_options *options,
			 mv_verify_fn fn, void *payload, struct mv_err *err);

#endif
