/* SPDX-License-Identifier: MIT */
#ifndef MV_PROOF_H
#define MV_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/gate/gate.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"

/*
 * proof: did what happened hold? Every decision that the history holds is
 * judged again, by the policy and the evidence of its moment, from a clone
 * alone; and whatever a push brings, before a server takes it, by the same
 * functions. What was not looked at is named.
 */
struct mv_past;
struct mv_past_commit;
struct mv_repo;
struct mv_trust;

/* -- proving (proof/verify.c; docs/design/verify.md) ---------------------- */

enum mv_verify_state {
	MV_VERIFY_OK, MV_VERIFY_BAD,
	MV_VERIFY_UNKNOWN	/* cannot be told here: shallow, not fetched */
};

struct mv_verified {
	enum mv_verify_state state;
	/* NULL: not about one tag but about the notes as a whole, about a
	   tag that was seen once and is not there any more, or (`version` is
	   its name, and there is no artifact) about one that is none of the
	   registry's and stands in the way of those. */
	const struct mv_event *event;
	const char *artifact, *version, *stage;	/* NULL where there is none */
	const char *promoter;		/* principal, or the tagger's claim */
	int64_t when;			/* s: the receipt's, else the tagger's */
	int witnessed;			/* by a receipt whose signature is good */
	/* Of a decision about a stage that is not: why, where there are receipts
	   here at all; else NULL. */
	const char *unwitnessed;
	const struct mv_verdict *verdict;	/* of the replay; or NULL */
	const char *const *problems;	/* NULL-terminated, for a person */
	/* Of a promotion that holds its stage by an override which nobody made
	   good since: what is owed; else NULL. Overdue: its time is up. */
	const char *debt;
	int overdue;
	const char *evidence, *policy;	/* digests that its tag names, or NULL */
};

typedef int (*mv_verify_fn)(void *payload, const struct mv_verified *v,
			    struct mv_err *err);

struct mv_verify_options {
	const char *artifact;	/* that the gate was opened for; NULL: all, and
				   the notes as a whole */
	/* Gets the commit from which on policies counted: the first one that
	   had one, or model.policyRoot. "": there is none, or it is not known.
	   NULL: not asked. */
	char (*root)[65];
	/* Gets 1 when no tag of the registry is here, though the policy speaks
	   of stages and there may be some elsewhere, or somebody on the lists
	   signed something about one: then nothing is proved by nothing being
	   wrong. NULL: not asked. */
	int *tagless;
};

/*
 * Replay every promotion under the policy that was in force: the trailer's
 * commit must say what the trusted branch held (docs/design/verify.md), and
 * never be older than that of an earlier event of the same stage; its digest must fit; notes
 * are read as of Model-Notes, which must be an ancestor of today's; the
 * facts' digests must equal the trailers. Registrations are checked, too:
 * content at the commit equals the trailer. Events come in the registry's
 * order. Each processor replays its share, in a repository of its own.
 * MV_ENOENT: nothing that can be relied on knows the artifact.
 */
int mv_proof_verify(struct mv_gate *gate,
		    const struct mv_verify_options *options,
		    mv_verify_fn fn, void *payload, struct mv_err *err);

/* -- who did what --------------------------------------------------------- */

struct mv_audit_entry {
	int64_t when;		/* s */
	int witnessed;		/* `when` is a receipt's */
	const char *who;	/* principal, or the writer's claim */
	const char *action;	/* "registration", "promotion", "approval",
				   "policy change" ... */
	const char *artifact, *version, *stage;	/* "" where there is none */
	const char *object;	/* tag, commit, or digest of the line */
	const char *evidence;	/* digest of records, or "" */
	const char *policy;	/* digest, or "" */
	const char *reason;	/* as its writer gave it, or "" */
	enum mv_verify_state state;
	const char *problem;	/* "" when there is none */
};

typedef int (*mv_audit_fn)(void *payload, const struct mv_audit_entry *e,
			   struct mv_err *err);

struct mv_audit_options {
	const char *artifact;	/* that the gate was opened for; NULL: all, and
				   changes of the policy */
	int64_t since, until;	/* s; until 0: to the end */
};

/* Everything that is known to have happened, oldest first. */
int mv_proof_audit(struct mv_gate *gate,
		   const struct mv_audit_options *options, mv_audit_fn fn,
		   void *payload, struct mv_err *err);

/* -- gates as they were --------------------------------------------------- */

/*
 * A gate per commit of the trusted branch, and beside it the same lists of
 * signers with what is revoked today: a key that was stolen can sign with
 * any date, so a signature that nobody witnessed must do without it.
 */
struct mv_gate_then {
	struct mv_gate gate;
	struct mv_trust *then;		/* the gate's own */
	struct mv_trust *strict;	/* NULL: nothing was revoked since */
	char commit[65];
	uint64_t used;
};

#define MV_GATES 4

struct mv_gates {
	struct mv_repo *repo;
	const struct mv_gate *today;
	struct mv_gate_then v[MV_GATES];
	uint64_t clock;
};

void mv_proof_gates_release(struct mv_gates *gates);

struct mv_proof {
	enum mv_verify_state state;
	char **problems;		/* NULL-terminated */
	size_t problem_count;
	char *version, *promoter, *debt, *records, *policy, *unwitnessed;
	int64_t when;
	int witnessed, overdue;
	struct mv_verdict verdict;
	int has_verdict;
	/* What its tag names, for who compares it with others; "" none. */
	char policy_commit[65], notes[65];
	int governed_then;
};

void mv_proof_release(struct mv_proof *p);

/* -- a push --------------------------------------------------------------- */

/*
 * What verify would say of the events for which `wanted` says yes, if the
 * gate's state were there and the trusted branch at `tip`. `fn` is told of
 * each of them.
 */
int mv_proof_some(struct mv_gate *gate, const struct mv_past *past,
		  int (*wanted)(void *payload, const struct mv_event *event),
		  mv_verify_fn fn, void *payload, struct mv_err *err);

/* Promotions that would turn BAD if the branch moved on to `past`, whose
   changes above `old` are new: dated before what was decided without them,
   with no receipt that tells what came first. */
int mv_proof_not_overtaken(struct mv_gate *gate, const struct mv_past *past,
			   const struct mv_past_commit *old, mv_verify_fn fn,
			   void *payload, struct mv_err *err);

/* A commit of the trusted branch that changed .gitmodel/, by the policy that
   stood there before it (`parent`); the first one is nobody's to judge. It may
   be approved after its date, until then (s). */
int mv_proof_change(struct mv_proof *p, struct mv_gates *gates,
		    const struct mv_past_commit *c,
		    const struct mv_past_commit *parent, int64_t until,
		    struct mv_err *err);

/* What an event of that kind is called where people decided: "promotion". */
const char *mv_proof_decided_word(enum mv_event_kind kind);

#endif
