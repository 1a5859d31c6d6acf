/* SPDX-License-Identifier: MIT */
#ifndef MV_HOOK_PRIV_H
#define MV_HOOK_PRIV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "libmv/gate/gate.h"
#include "libmv/git/refs.h"
#include "libmv/hook/hook.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/repo/state.h"
#include "libmv/store/pointer.h"

/*
 * What the files of hook share: one push that is being judged. What it says
 * is read in updates.c; a server judges in receive.c, and signs in receipt.c
 * what it decided; a client is advised in advise.c.
 */
/* Does `remote`, as git calls it, name one, and is it no URL or path? What only
   looks like a name has no refs here, and nobody minds. */
int mv_hook_is_remote_name(const char *remote);

#define HEADS "refs/heads/"

#define TAGS "refs/tags/"

enum { MV_PUSH_REFS_MAX = 100000 };

struct mv_push {
	struct mv_repo *repo;
	struct mv_git *git;
	const struct mv_ref_update *updates;
	size_t count;
	const struct mv_receive *receive;
	int advice;		/* a client asks, before it pushes */
	char *branch;		/* full name of the one that is trusted */
	int is_named;		/* by model.trustedBranch */
	char trusted[65];	/* what it is now; "": it is not there */
	struct mv_ref_update *own;	/* the updates, where there are aliases */
	size_t own_count;
	struct mv_ref_update *targets;	/* then: each ref that moves, once */
	size_t target_count;
	struct mv_git_ref *refs;	/* one for each update, as it would be */
	struct mv_gate gate;	/* of the state that the push leads to */
	int is_open;		/* is the gate? */
	size_t refused;
	size_t older;		/* of advice: events of another policy */
	const char *oldest;	/* the first of them */
	int64_t deadline;	/* ms; 0: none */
};

/* Say no, once more; anything in the text that a terminal would obey is
   masked. Always 0, so that the next reason is found, too. */
__attribute__((format(printf, 2, 3)))
int mv_hook_refuse(struct mv_push *push, const char *fmt, ...);

/* MV_EBUSY when the time is up. */
int mv_hook_in_time(const struct mv_push *push, struct mv_err *err);

/* Of a rule of the policy's top level: true unless it says false. */
int mv_hook_rule(const struct mv_push *push, const char *key);

static inline int mv_hook_is_zero(const char *hex)
{
	return hex[strspn(hex, "0")] == '\0';
}

/* A branch whose moves are judged: full name. */
int mv_hook_is_protected(const struct mv_push *push, const char *ref);

/*
 * One push from beginning to end: settle its names and its
 * time; find the trusted branch and what it is; take each update into the
 * state that the push leads to; open the gate of that state, by the policy of
 * commit `trusted`. End it whatever happened.
 */
int mv_hook_begin(struct mv_push *push, struct mv_err *err);

int mv_hook_find_trusted(struct mv_push *push, struct mv_err *err);

int mv_hook_look_at(struct mv_push *push, size_t i, struct mv_err *err);

int mv_hook_open_gate(struct mv_push *push, const char *trusted,
		      struct mv_err *err);

void mv_hook_end(struct mv_push *push);

int mv_hook_changes_policy(int *yes, struct mv_push *push,
			   const struct mv_ref_update *u, struct mv_err *err);

/* A protected branch's move; refuses. */
int mv_hook_check_branch(struct mv_push *push, const struct mv_ref_update *u,
			 struct mv_err *err);

/* MV_EDENIED when anything was refused. */
int mv_hook_answer(const struct mv_push *push, struct mv_err *err);

/* -- which refs ----------------------------------------------------------- */
/* Make push->updates all the names that the push moves. */
int mv_hook_settle_names(struct mv_push *push, struct mv_err *err);

void mv_hook_release_names(struct mv_push *push);

/* Follow a symbolic ref of the server; *ref is replaced. */
int mv_hook_resolve(char **ref, struct mv_push *push, struct mv_err *err);

/* Refuse a push of which git would do only a part. */
int mv_hook_check_moves(struct mv_push *push, struct mv_err *err);

/* Refuse a push of which git, or a hook of others, would refuse a part after
   us: more than one ref that counts. */
int mv_hook_check_after(struct mv_push *push, const struct mv_git_move *v,
			size_t count, struct mv_err *err);

/* Refuse what nobody may push. */
int mv_hook_check_refs(struct mv_push *push, struct mv_err *err);

/* Refuse trees that stand for more paths than anybody can walk. */
int mv_hook_check_paths(struct mv_push *push, struct mv_err *err);

/* And commits behind `new` and not behind `old` ("": all of them) that do. */
int mv_hook_bound_history(struct mv_push *push, const char *old,
			  const char *new, struct mv_err *err);

/* ms that a date may be from our clock: the policy's max-clock-skew. */
int64_t mv_hook_skew(const struct mv_push *push);

/* -- notes only grow ------------------------------------------------------ */
int mv_hook_check_notes(struct mv_push *push, const struct mv_ref_update *u,
			struct mv_err *err);

/* Any ref that readers may take notes from: is it all notes? */
int mv_hook_check_notes_tree(struct mv_push *push,
			     const struct mv_ref_update *u,
			     struct mv_err *err);

/* -- and what is in them -------------------------------------------------- */
struct mv_push_line {
	const char *s;
	size_t len;
};

struct mv_push_text {
	char *data;
	size_t len;
	struct mv_push_line *v;	/* sorted by bytes, each once */
	size_t count;
	size_t copies;		/* that stood there besides */
};

struct mv_push_note {
	const char *object;		/* that it hangs on: hex */
	int has_pointer;		/* is that here, and a pointer? */
	struct mv_pointer pointer;
};

/* A new line; refuses. */
int mv_hook_check_line(struct mv_push *push, const struct mv_push_note *note,
		       const struct mv_push_line *line, struct mv_err *err);

int mv_hook_has_line(const struct mv_push_text *text,
		     const struct mv_push_line *line);

/* A note that got new lines, those that `old` has not: is there room left for
   votes? */
int mv_hook_check_room(struct mv_push *push, const char *object,
		       const struct mv_push_text *old,
		       const struct mv_push_text *text, struct mv_err *err);

/* Must this old line be in the new text? */
int mv_hook_must_stay(struct mv_push *push, const struct mv_push_note *note,
		      const struct mv_push_text *old,
		      const struct mv_push_line *line);

/* -- tags only grow, and stages are judged -------------------------------- */
/* Fill push->refs[i], which speaks of a tag: its object. */
int mv_hook_look_at_tag(struct mv_push *push, size_t i, struct mv_err *err);

int mv_hook_check_tags(struct mv_push *push, struct mv_err *err);

/* Stage events in the order of their counters. */
int mv_hook_judge_stages(struct mv_push *push, struct mv_err *err);

/* Told for each of the push's events that a stage's section governs; the
   facts and verdict are released afterwards. */
typedef int (*mv_push_judged_fn)(struct mv_push *push,
				 const struct mv_event *event,
				 const struct mv_facts *trailers,
				 const struct mv_policy_facts *facts,
				 const struct mv_verdict *verdict,
				 struct mv_err *err);

int mv_hook_each_stage(struct mv_push *push, mv_push_judged_fn fn,
		       struct mv_err *err);

/* What tags say of themselves: refuses a stage event
   that does not say all that proves it, or says it otherwise than `f`; and a
   registration (`tag`, to be at `commit`) that would change what events of
   the registry before the push meant. */
int mv_hook_check_claims(struct mv_push *push, const struct mv_event *event,
			 const struct mv_facts *trailers,
			 const struct mv_policy_facts *f, struct mv_err *err);

int mv_hook_check_meanings(struct mv_push *push,
			   const struct mv_registry *before,
			   const struct mv_tag *tag, const char *commit,
			   const char *name, struct mv_err *err);

/* Nothing comes in that verify would call BAD. */
int mv_hook_prove(struct mv_push *push, struct mv_err *err);

/* Refuse with every finding that is a no. */
void mv_hook_tell_verdict(struct mv_push *push, const char *subject,
			  const struct mv_verdict *verdict);

/* For qsort() and bsearch() of lines. */
int mv_hook_by_bytes(const void *a, const void *b);

/* Tell something that is no reason to refuse. */
__attribute__((format(printf, 2, 3)))
void mv_hook_warn(struct mv_push *push, const char *fmt, ...);

#endif
