/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_LOOK_H
#define MV_REPO_LOOK_H

#include "libmv/format/format.h"
#include "libmv/repo-evidence.h"
#include "libmv/repo-internal.h"

/*
 * What the looking verbs share (repo-compare.c, repo-board.c, repo-card.c,
 * repo-plot.c); nobody else includes this. Everything asks for many at once:
 * a process of git costs more than all else that they do.
 */

/* An object's name into room for 65; longer text is cut. */
void mv_look_hex(char *out, const char *hex);
/* A copy, or NULL for NULL; *failed is set when there is no memory. */
char *mv_look_dup(const char *s, int *failed);

/* Which of these blobs ("<hex>", "<commit>:<path>", ":<path>") are pointers?
   A spec may be NULL; what is missing or is no pointer has `ours` 0. */
struct mv_look_blob {
	int ours;
	int there;		/* there is such a blob, pointer or not */
	char hex[65];
	struct mv_pointer pointer;
};
int mv_look_blobs(struct mv_look_blob *out, struct mv_repo *repo,
		  const char *const *specs, size_t count, struct mv_err *err);

/*
 * Is one missing that was asked for by its name, which git has from a tree?
 * Then nothing may be said: what cannot be read is not "gone". MV_ECORRUPT
 * names the object.
 */
int mv_look_missing(const struct mv_look_blob *blobs,
		    const char *const *specs, size_t count,
		    struct mv_err *err);

/* Who and when of commits; a hex may be NULL, unknown ones stay empty. */
struct mv_look_commit {
	char *subject, *author;
	int64_t when;
};
void mv_look_commit_release(struct mv_look_commit *c);
int mv_look_commits(struct mv_look_commit *out, struct mv_repo *repo,
		    const char *const *hexes, size_t count,
		    struct mv_err *err);

/* Full hex of HEAD; MV_ENOENT says that nothing is committed yet. */
int mv_look_head(char *hex, struct mv_repo *repo, struct mv_err *err);
/* A revision; MV_ENOENT says what to do where history is cut off. */
int mv_look_commit(char *hex, struct mv_repo *repo, const char *rev,
		   struct mv_err *err);

/* What is inside a content that is here. Nothing is fetched. MV_ENOENT: not
   here, or no format that we read; MV_EINVALID: a malformed one. */
int mv_look_layout(struct mv_layout *out, struct mv_repo *repo,
		   const struct mv_pointer *pointer, struct mv_err *err);

/*
 * What changed between two contents (repo-changes.c), as lines of text that
 * are safe for a terminal; *out stays NULL when it cannot be said, because a
 * content is not here or no format that we read.
 */
int mv_look_changes(char **out, struct mv_repo *repo,
		    const struct mv_pointer *old, const struct mv_pointer *new,
		    struct mv_err *err);
int mv_look_members(char **out, const struct mv_manifest *old,
		    const struct mv_manifest *new, struct mv_err *err);

/* The attached curves of these records that are here (repo-plot.c): of each
   metric the newest. *missing (may be NULL) counts what is not here. */
int mv_look_curves(struct mv_curves *out, struct mv_repo *repo,
		   const struct mv_evidence *e, size_t *missing,
		   struct mv_err *err);

/*
 * Artifacts of a project by exact path and by name, without a walk over all
 * of them for each of a thousand. Borrows from the project.
 */
struct mv_look_names {
	const struct mv_artifact **by_path, **by_name;
	size_t count;
};
int mv_look_names_init(struct mv_look_names *out, const struct mv_project *p,
		       struct mv_err *err);
void mv_look_names_release(struct mv_look_names *n);
const struct mv_artifact *mv_look_by_path(const struct mv_look_names *n,
					  const char *path);
const struct mv_artifact *mv_look_by_name(const struct mv_look_names *n,
					  const char *name);

/*
 * What commits are called that only refs beside branches, tags and remotes
 * have: "stash@{0}", "exps/ab/cdef/calm-sea", and those below such a tip with
 * their number behind it (repo-board-refs.c).
 */
struct mv_look_ref {
	char hex[65];
	char *name;
};
struct mv_look_refs {
	struct mv_repo *repo;
	struct mv_look_ref *v;
	size_t count, alloc;
};
int mv_look_refs(struct mv_look_refs *out, struct mv_repo *repo,
		 struct mv_err *err);
/* NULL: it needs no such name. Borrowed. */
const char *mv_look_ref(const struct mv_look_refs *refs, const char *commit);
void mv_look_refs_release(struct mv_look_refs *refs);

/* Append to a list "a, b", without doubles; *list is yours. */
int mv_look_join(char **list, const char *word, struct mv_err *err);

#endif
