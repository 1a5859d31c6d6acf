/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_JUDGE_H
#define MV_REPO_JUDGE_H

#include "libmv/repo-evidence.h"
#include "libmv/repo-gate.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-registry.h"

/* What the repo-gate*.c and the verbs that judge share; nobody else. */

/* -- the history of one stage (repo-gate-stage.c) ------------------------------ */

/*
 * Events of an artifact's stage before `tag` (NULL: all), oldest first, with
 * what their tag objects say. Moments are the tagger's claim, -1: not known;
 * who needs one looks for a receipt, too (repo-gate-answers.c).
 */
struct mv_stage_event {
	const struct mv_event *event;
	char *version;		/* that it names; "" when that is not known */
	int64_t when;		/* s; -1 */
	int witnessed;		/* by a receipt */
};
struct mv_stage {
	struct mv_stage_event *v;
	size_t count;
	/* Into v, or NULL: who holds it now, and the last one that ever did. */
	const struct mv_stage_event *holder, *last;
};
void mv_stage_release(struct mv_stage *s);
/* The registration that a version meant just before `tag` (NULL: means now):
   what was taken back later was there then. NULL: none. */
const struct mv_event *mv_gate_version(const struct mv_gate *gate,
				       const char *artifact,
				       const char *version,
				       const struct mv_event *tag);
/* What tags say is read of the holder, of the last events and of those at (or
   just after) one of `commit` ("": of no more); NULL: of all. `version` is ""
   for the others. */
int mv_gate_stage(struct mv_stage *out, struct mv_gate *gate,
		  const char *artifact, const char *stage,
		  const struct mv_event *tag, const char *commit,
		  struct mv_err *err);

/* -- notes of one content (repo-gate-votes.c) ------------------------------------ */

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
void mv_testimony_release(struct mv_testimony *t);
/* `artifact` limits evidence, not votes. `at`: s, when keys must be valid. */
int mv_gate_testimony(struct mv_testimony *out, struct mv_gate *gate,
		      const char *blob, const struct mv_pointer *pointer,
		      const char *artifact, int64_t at, struct mv_err *err);
/* What approvals are bound to: the digest of the evidence lines about this
   content. `out` has room for 72. */
int mv_gate_evidence_digest(char *out, const struct mv_lines *lines,
			    const struct mv_oid *content, struct mv_err *err);
void mv_votes_release(struct mv_vote *votes, size_t count);

/* -- answers (repo-gate-answers.c) -------------------------------------------------- */

struct mv_asked {
	struct mv_gate *gate;
	const struct mv_promotion *promotion;
	const struct mv_subject *subject;
	const char *base;	/* of a branch's change: the old commit */
	struct mv_policy_facts *facts;
};
/* Answers one question of mv_policy_each_question() into the facts. What
   cannot be found out is left unknown. */
int mv_gate_answer(void *asked, const char *question, struct mv_err *err);

/* The content of an artifact at a commit, by the .gitmodel/config there. */
int mv_gate_subject(struct mv_subject *out, struct mv_gate *gate,
		    const char *artifact, const char *commit,
		    struct mv_err *err);
/* Facts that statements are bound to, and no others: what nobody needs who
   only signs is not looked for (repo-gate-facts.c). */
int mv_gate_bindings(struct mv_policy_facts *out, struct mv_gate *gate,
		     const struct mv_promotion *promotion,
		     struct mv_err *err);
/* What is to be approved where .gitmodel/ becomes that of `commit`, and what
   it displaces (repo-gate-branch.c). */
int mv_gate_policy_facts(struct mv_policy_facts *out, struct mv_gate *gate,
			 const char *old, const char *commit,
			 struct mv_err *err);
/* Whose that change is: the commit (room for 65) behind `new`, and not behind
   `old`, that made .gitmodel/ what it is; a merge that only took it from a side
   that is new is not (repo-gate-origin.c). `new` itself where none did. */
int mv_gate_policy_origin(char *out, struct mv_gate *gate, const char *old,
			  const char *new, struct mv_err *err);

/*
 * What stands at each of these paths in a commit ("": in none), as git lists
 * it: the entry there, or what is in the place of a folder above it; "" for
 * nothing. Each is yours (repo-gate-stands.c).
 */
int mv_gate_stands(char **out, struct mv_git *git, const char *commit,
		   const char *const *paths, size_t count, struct mv_err *err);
/* Of what was found, rule by rule; `out` has room for 72. It is the same for
   the promotion and for its replay (repo-promote.c). */
int mv_verdict_digest(char *out, const struct mv_verdict *verdict,
		      struct mv_err *err);
/* A copy into *out; what was there is freed. */
int mv_gate_set(char **out, const char *s, struct mv_err *err);
/* The e-mail address of "Name <a@b>", in fresh memory; NULL: none. */
char *mv_gate_email(const char *by);

#endif
