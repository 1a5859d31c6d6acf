/* SPDX-License-Identifier: MIT */
#ifndef MV_GATE_PAST_H
#define MV_GATE_PAST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "libmv/trust/trust.h"

/*
 * What a clone knows of the past: the trusted branch by first parent, which
 * of its commits changed .gitmodel/, all commits of the notes, whether a note
 * ever lost a line, and the server's receipts. Each is read once.
 */
struct mv_gate;
struct mv_git;

/* The name of an object, room for 65; what is longer is none. */
static inline void mv_gate_past_name(char *out, const char *hex)
{
	snprintf(out, 65, "%.64s", hex);
}

/* -- what a clone knows of the past --------------------------------------- */

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
	/* What the trusted branch held, newest first, and
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

int mv_gate_past_read(struct mv_past *out, struct mv_gate *gate,
		      struct mv_err *err);

/* The same without receipts and lost lines, for a branch at `tip` (hex, or ""):
   what is asked of a push. */
int mv_gate_past_read_lines(struct mv_past *out, struct mv_gate *gate,
			    const char *tip, struct mv_err *err);

/* Lines that commits of the notes behind `new`, and not behind `old` (hex, or
   ""), took out, into past->losses. MV_ENOMEM: `max` bytes cannot list what
   they change. */
int mv_gate_past_read_losses(struct mv_past *past, struct mv_git *git,
			     const char *old, const char *new, size_t max,
			     struct mv_err *err);

void mv_gate_past_release(struct mv_past *past);

const struct mv_past_commit *mv_gate_past_find(const struct mv_past_list *list,
					       const char *hex);

/* Is `old` strictly behind `new`, both of the notes? -1: no memory. */
int mv_gate_past_is_behind(const struct mv_past_list *list,
			   const struct mv_past_commit *old,
			   const struct mv_past_commit *new);

/* The oldest change of .gitmodel/ that came after `commit` on the branch but
   before `when`, or NULL. */
const struct mv_past_commit *mv_gate_past_overtaken(const struct mv_past *past,
						    const struct mv_past_commit *p,
						    int64_t when);

/* The change that was the last one at `when`; NULL: none was there. */
const struct mv_past_commit *mv_gate_past_in_force(const struct mv_past *past,
						   int64_t when);

/*
 * Where on the line `commit` (hex, from a tag) stands: itself, or beside it,
 * brought in by a merge, with the same .gitmodel/ and the same at each of
 * `paths` (NULL-terminated, or NULL). *out NULL: the branch never held what
 * it says, as far as can be told from here.
 */
int mv_gate_past_place(const struct mv_past_commit **out,
		       const struct mv_past *past, struct mv_git *git,
		       const char *commit, const char *const *paths,
		       struct mv_err *err);

/* The oldest commit of the line that has it behind it, whatever it holds. */
int mv_gate_past_brought(const struct mv_past_commit **out,
			 const struct mv_past *past, struct mv_git *git,
			 const char *commit, struct mv_err *err);

/* Of all notes: `receipts` only well-formed receipts, else every statement. */
int mv_gate_past_read_statements(struct mv_past_statements *out,
				 struct mv_gate *gate, int receipts,
				 struct mv_err *err);

void mv_gate_past_statements_release(struct mv_past_statements *list);

/* Receipts of a tag: *count of them from the one returned. */
const struct mv_past_statement *mv_gate_past_receipts(const struct mv_past *past,
						      const char *tag,
						      size_t *count);

#endif
