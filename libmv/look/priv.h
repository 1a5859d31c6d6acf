/* SPDX-License-Identifier: MIT */
#ifndef MV_LOOK_PRIV_H
#define MV_LOOK_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/look/look.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/repo/state.h"
#include "libmv/report/pages.h"

/* What the files of look share. */
struct mv_layout;

/*
 * Files of ours that no artifact of .gitmodel/config names, for a report:
 * which of them have evidence, and the others by their folders
 *. For look/site.c only.
 */
struct mv_plain_file {
	char *path;		/* from the work tree's top */
	char blob[65];		/* of the pointer */
	uint64_t size;		/* of the content */
	int noted;		/* something is recorded on it */
};

struct mv_plain {
	struct mv_plain_file *v;	/* in the order of the index */
	size_t count, alloc;
	size_t bare;		/* how many have no note */
};

/* Of the index, or of HEAD where there is no work tree. */
int mv_look_plain_files(struct mv_plain *out, struct mv_repo *repo,
			const struct mv_project *project, struct mv_err *err);

void mv_look_plain_release(struct mv_plain *p);

/* Those without a note, by folder; yours. */
int mv_look_plain_groups(struct mv_file_group **out, size_t *count,
			 const struct mv_plain *p, struct mv_err *err);

void mv_look_plain_groups_release(struct mv_file_group *groups, size_t count);

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
 * What changed between two contents, as lines of text that
 * are safe for a terminal; *out stays NULL when it cannot be said, because a
 * content is not here or no format that we read.
 */
int mv_look_changes(char **out, struct mv_repo *repo,
		    const struct mv_pointer *old, const struct mv_pointer *new,
		    struct mv_err *err);

/*
 * Which tensors changed (with MV_COMPARE_WEIGHTS by how much), from the bytes of
 * both; *out stays NULL where that cannot be said: a content is not here, or has
 * no tensors.
 */
int mv_look_weigh(struct mv_tensor_diff **out, struct mv_repo *repo,
		  const char *path, const struct mv_pointer *old,
		  const struct mv_pointer *new, unsigned flags,
		  struct mv_err *err);
int mv_look_weigh_members(struct mv_tensor_diff **out, struct mv_repo *repo,
			  const char *path, const struct mv_manifest *old,
			  const struct mv_manifest *new, unsigned flags,
			  struct mv_err *err);

int mv_look_members(char **out, const struct mv_manifest *old,
		    const struct mv_manifest *new, struct mv_err *err);

/* The attached curves of these records that are here: of each
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

/* The name of the one with that path, or NULL. */
const char *mv_look_name_at(const struct mv_look_names *n, const char *path);

const struct mv_artifact *mv_look_by_name(const struct mv_look_names *n,
					  const char *name);

/*
 * What commits are called that only refs beside branches, tags and remotes
 * have: "stash@{0}", "exps/ab/cdef/calm-sea", and those below such a tip with
 * their number behind it.
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

/*
 * What a clone made by a CI system lacks. Those are shallow: one
 * commit or a few, no tags, no notes; a comparison needs the records, the
 * registry's tags, both commits and where they parted.
 *
 * History is deepened in growing steps until the two meet, and never past
 * `max_depth`. Nothing that is here is taken away: `git fetch --depth` on a
 * clone that has more would cut it off, so it is used only for commits that
 * are not here, and only where history is cut off already. Needs a server
 * that gives commits by their id (protocol 2: git 2.18 and later, GitHub,
 * GitLab); from others, what `remote.<name>.fetch` says is deepened.
 */
#define MV_CI_DEPTH 10000

/* Where the two commits are found afterwards, whatever they were called. */
#define MV_CI_BASE "refs/model-ci/base"

#define MV_CI_HEAD "refs/model-ci/head"

/* `text` (NULL: there was no memory for it) into the place of another. */
int mv_look_take(char **place, char *text, struct mv_err *err);

#endif
