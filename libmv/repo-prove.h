/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_PROVE_H
#define MV_REPO_PROVE_H

#include <stdio.h>

#include "libmv/repo-gate.h"
#include "libmv/repo-judge.h"

/* What the repo-verify*.c and repo-audit.c share; nobody else. */

/* The name of an object, room for 65; what is longer is none. */
static inline void mv_past_name(char *out, const char *hex)
{
	snprintf(out, 65, "%.64s", hex);
}

/* -- what a clone knows of the past (repo-verify-past.c) ---------------------- */

/* A list of commits, newest first, that can be asked where one stands. */
struct mv_past_commit {
	char hex[65];
	int64_t when;		/* s, the committer's claim */
	size_t at;		/* place in the list: 0 is the newest */
	size_t parents;		/* of notes: where the graph's edges begin ... */
	size_t parent_count;	/* ... and how many there are */
};
struct mv_past_list {
	struct mv_past_commit *v;
	size_t count;
	const struct mv_past_commit **sorted;	/* by name */
	size_t *edge;		/* places of parents */
	size_t edges;
};
/* A statement as it stands in the notes; its signature is not checked yet. */
struct mv_past_statement {
	struct mv_statement s;
	struct mv_buf payload, sig;
	char object[65];	/* the pointer blob that it was found on */
	char line[72];		/* digest of the line */
	int malformed;		/* `s` says nothing */
};
struct mv_past_statements {
	struct mv_past_statement *v;
	size_t count;
};
/* Lines that a commit of the notes took away from an object's note. */
struct mv_past_loss {
	char object[65], commit[65];
	size_t lines;
	char *line;		/* the first of them */
};
struct mv_past {
	/* What the trusted branch held, newest first (repo-verify-line.c), and
	   those of it that changed .gitmodel/. */
	struct mv_past_list branch, changes;
	/* Commits that have a policy and none behind them; more than one: some
	   were brought in by a merge. */
	char (*beginnings)[65];
	size_t beginning_count;
	char root[65];		/* the one that counts; "": not known */
	int pinned;		/* model.policyRoot says so */
	struct mv_past_list notes;	/* all commits of the notes */
	struct mv_past_statements receipts;	/* by the tag's name */
	struct mv_past_loss *losses;
	size_t loss_count;
	int shallow;
};
int mv_past_read(struct mv_past *out, struct mv_gate *gate,
		 struct mv_err *err);
/* The same without receipts and lost lines, for a branch at `tip` (hex, or ""):
   what is asked of a push. */
int mv_past_read_lines(struct mv_past *out, struct mv_gate *gate,
		       const char *tip, struct mv_err *err);
/* Lines that commits of the notes behind `new`, and not behind `old` (hex, or
   ""), took out, into past->losses. MV_ENOMEM: `max` bytes cannot list what
   they change. */
int mv_past_read_losses(struct mv_past *past, struct mv_git *git,
			const char *old, const char *new, size_t max,
			struct mv_err *err);
void mv_past_release(struct mv_past *past);
/* Lists that git rev-list prints with --timestamp. */
int mv_past_list_read(struct mv_past_list *list, struct mv_git *git,
		      const char *const *args, struct mv_err *err);
int mv_past_list_sort(struct mv_past_list *list, struct mv_err *err);
void mv_past_list_release(struct mv_past_list *list);
const struct mv_past_commit *mv_past_find(const struct mv_past_list *list,
					  const char *hex);
/* Is `old` strictly behind `new`, both of the notes? -1: no memory. */
int mv_past_is_behind(const struct mv_past_list *list,
		      const struct mv_past_commit *old,
		      const struct mv_past_commit *new);
/* The oldest change of .gitmodel/ that came after `commit` on the branch but
   before `when`, or NULL. */
const struct mv_past_commit *mv_past_overtaken(const struct mv_past *past,
					       const struct mv_past_commit *p,
					       int64_t when);
/* The change that was the last one at `when`; NULL: none was there. */
const struct mv_past_commit *mv_past_in_force(const struct mv_past *past,
					      int64_t when);

/* -- the line of policies (repo-verify-line.c) --------------------------------- */

/* Fills branch, changes, beginnings and root. */
int mv_past_read_branch(struct mv_past *past, struct mv_git *git,
			const char *tip, struct mv_err *err);
/*
 * Where on the line `commit` (hex, from a tag) stands: itself, or beside it,
 * brought in by a merge, with the same .gitmodel/ and the same at each of
 * `paths` (NULL-terminated, or NULL). *out NULL: the branch never held what
 * it says, as far as can be told from here.
 */
int mv_past_place(const struct mv_past_commit **out,
		  const struct mv_past *past, struct mv_git *git,
		  const char *commit, const char *const *paths,
		  struct mv_err *err);
/* The oldest commit of the line that has it behind it, whatever it holds. */
int mv_past_brought(const struct mv_past_commit **out,
		    const struct mv_past *past, struct mv_git *git,
		    const char *commit, struct mv_err *err);
/* Of all notes: `receipts` only well-formed receipts, else every statement. */
int mv_past_read_statements(struct mv_past_statements *out,
			    struct mv_gate *gate, int receipts,
			    struct mv_err *err);
void mv_past_statements_release(struct mv_past_statements *list);
/* Receipts of a tag: *count of them from the one returned. */
const struct mv_past_statement *mv_past_receipts(const struct mv_past *past,
						 const char *tag,
						 size_t *count);

/* -- gates as they were (repo-verify-gates.c) ------------------------------------ */

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
/* Borrowed until MV_GATES others were asked for. */
int mv_gates_at(struct mv_gate_then **out, struct mv_gates *gates,
		const char *commit, struct mv_err *err);
void mv_gates_release(struct mv_gates *gates);

/* -- one event (repo-verify-event.c) ------------------------------------------------ */

/* By which clocks may differ (s): as far as the policy lets dates of a push be
   from the server's, and never less than five minutes. */
static inline int64_t mv_prove_skew(const struct mv_gate *gate)
{
	const int64_t skew = gate->has_policy ?
		mv_policy_clock_skew(&gate->policy) : MV_CLOCK_SKEW;

	return skew < 300 ? 300 : skew;
}

struct mv_proof {
	enum mv_verify_state state;
	char **problems;		/* NULL-terminated */
	size_t problem_count;
	char *version, *promoter, *debt, *records, *policy;
	int64_t when;
	int witnessed, overdue;
	struct mv_verdict verdict;
	int has_verdict;
	/* What its tag names, for who compares it with others; "" none. */
	char policy_commit[65], notes[65];
	int governed_then;
};
void mv_proof_release(struct mv_proof *p);
__attribute__((format(printf, 3, 4)))
int mv_proof_add(struct mv_proof *p, enum mv_verify_state state,
		 const char *fmt, ...);
/* `event` is of gates->today's registry. What is wrong is said in the proof;
   an error is returned when there can be no proof at all. */
int mv_prove_event(struct mv_proof *out, struct mv_gates *gates,
		   const struct mv_past *past, const struct mv_event *event,
		   struct mv_err *err);
/* A statement's signature, as of the moment that it names. */
int mv_prove_statement(struct mv_signature *out, struct mv_trust *trust,
		       const struct mv_past_statement *s,
		       struct mv_err *err);
/* Is a receipt's good, by today's lists, and of this repository? */
int mv_prove_receipt(int *good, struct mv_trust *trust, const char *repo_id,
		     const struct mv_past_statement *r, struct mv_err *err);

/* -- a push (repo-verify-push.c) -------------------------------------------------------- */

/*
 * What verify would say of the events for which `wanted` says yes, if the
 * gate's state were there and the trusted branch at `tip`. `fn` is told of
 * each of them.
 */
int mv_prove_some(struct mv_gate *gate, const struct mv_past *past,
		  int (*wanted)(void *payload, const struct mv_event *event),
		  mv_verify_fn fn, void *payload, struct mv_err *err);
/* Promotions that would turn BAD if the branch moved on to `past`, whose
   changes above `old` are new: dated before what was decided without them,
   with no receipt that tells what came first. */
int mv_prove_not_overtaken(struct mv_gate *gate, const struct mv_past *past,
			   const struct mv_past_commit *old, mv_verify_fn fn,
			   void *payload, struct mv_err *err);

/* -- all of them (repo-verify.c) -------------------------------------------------------- */

/* What only several events show: numbers that are missing, two of one number
   that contradict each other, older policies and older records than before.
   `proofs` is as the gate's registry. */
int mv_prove_order(const struct mv_gate *gate, const struct mv_past *past,
		   struct mv_proof *proofs, struct mv_err *err);
/* A commit of the trusted branch that changed .gitmodel/, by the policy that
   stood there before it (`parent`); the first one is nobody's to judge. It may
   be approved after its date, until then (s). */
int mv_prove_change(struct mv_proof *p, struct mv_gates *gates,
		    const struct mv_past_commit *c,
		    const struct mv_past_commit *parent, int64_t until,
		    struct mv_err *err);
/* As mv_repo_verify(), for who knows the past already. */
int mv_verify_with(struct mv_gate *gate, const struct mv_past *past,
		   const struct mv_verify_options *options,
		   mv_verify_fn fn, void *payload, struct mv_err *err);

#endif
