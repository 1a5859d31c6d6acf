/* SPDX-License-Identifier: MIT */
#ifndef MV_GATE_PRIV_H
#define MV_GATE_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/gate/gate.h"
#include "libmv/gate/judge.h"
#include "libmv/gate/past.h"
#include "libmv/meta/registry.h"
#include "libmv/repo/state.h"

/* What the files of gate share. */
struct mv_git;
struct mv_subject;

/* -- the key that a person signs with ------------------------------------- */
/* What git's configuration says; the strings are its own. */
int mv_gate_signer_key(struct mv_signing_key *key, struct mv_git *git,
		       struct mv_err *err);

/* -- the history of one stage --------------------------------------------- */

/*
 * Events of an artifact's stage before `tag` (NULL: all), oldest first, with
 * what their tag objects say. Moments are the tagger's claim, -1: not known;
 * who needs one looks for a receipt, too.
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

void mv_gate_stage_release(struct mv_stage *s);

/* The registration that a version meant just before `tag` (NULL: means now):
   what was taken back later was there then. NULL: none. */
const struct mv_event *mv_gate_version(const struct mv_gate *gate,
				       const char *artifact,
				       const char *version,
				       const struct mv_event *tag);

/* MV_EDENIED: what was on the stage just before `tag` (NULL: now) cannot be
   told, because a tag of it is none here; says which. */
int mv_gate_stage_known(const struct mv_gate *gate, const char *artifact,
			const char *stage, const struct mv_event *tag,
			struct mv_err *err);

/* What tags say is read of the holder, of the last events and of those at (or
   just after) one of `commit` ("": of no more); NULL: of all. `version` is ""
   for the others. */
int mv_gate_stage(struct mv_stage *out, struct mv_gate *gate,
		  const char *artifact, const char *stage,
		  const struct mv_event *tag, const char *commit,
		  struct mv_err *err);

/* -- answers -------------------------------------------------------------- */

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

/* Facts that statements are bound to, and no others: what nobody needs who
   only signs is not looked for. */
int mv_gate_bindings(struct mv_policy_facts *out, struct mv_gate *gate,
		     const struct mv_promotion *promotion,
		     struct mv_err *err);

/* What is to be approved where .gitmodel/ becomes that of `commit`, and what
   it displaces. */
int mv_gate_policy_facts(struct mv_policy_facts *out, struct mv_gate *gate,
			 const char *old, const char *commit,
			 struct mv_err *err);

/* Of what stands in .gitmodel/ of a commit ("": of none), whatever it is:
   modes, git's names and paths. `out` has room for 72. */
int mv_gate_policy_digest(char *out, struct mv_gate *gate, const char *commit,
			  struct mv_err *err);

/* What the gate's policy says of that change; `fn` is told, if it is asked. */
int mv_gate_check_policy(struct mv_gate *gate, const char *old,
			 const char *new, mv_gate_fn fn, void *payload,
			 struct mv_err *err);

/* Whose that change is: the commit (room for 65) behind `new`, and not behind
   `old`, that made .gitmodel/ what it is; a merge that only took it from a side
   that is new is not. `new` itself where none did. */
int mv_gate_policy_origin(char *out, struct mv_gate *gate, const char *old,
			  const char *new, struct mv_err *err);

/*
 * What stands at each of these paths in a commit ("": in none), as git lists
 * it: the entry there, or what is in the place of a folder above it; "" for
 * nothing. Each is yours.
 */
int mv_gate_stands(char **out, struct mv_git *git, const char *commit,
		   const char *const *paths, size_t count, struct mv_err *err);

/* "sha256:<hex>" of these bytes; `out` has room for 72. */
int mv_gate_digest(char *out, const void *data, size_t len, struct mv_err *err);

/* The e-mail address of "Name <a@b>", in fresh memory; NULL: none. */
char *mv_gate_email(const char *by);

/* Lists that git rev-list prints with --timestamp. */
int mv_gate_past_list_read(struct mv_past_list *list, struct mv_git *git,
			   const char *const *args, struct mv_err *err);

int mv_gate_past_list_sort(struct mv_past_list *list, struct mv_err *err);

void mv_gate_past_list_release(struct mv_past_list *list);

/* -- the line of policies ------------------------------------------------- */

/* Fills branch, changes, beginnings and root. */
int mv_gate_past_read_branch(struct mv_past *past, struct mv_git *git,
			     const char *tip, struct mv_err *err);

#endif
