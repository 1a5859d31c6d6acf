/* SPDX-License-Identifier: MIT */
#ifndef MV_WORK_H
#define MV_WORK_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/repo/files.h"
#include "libmv/store/tx.h"

/*
 * work: what stands in the work tree, and how do files become pointers and
 * pointers files? Adding, tracking, writing out, status, and what a commit is
 * looked at for. Hidden: the stat cache, racy stamps, how the index is patched
 * and what a killed run leaves behind.
 *
 * Files are written through base/worktree.h and nowhere else; nothing that
 * nobody tracks is overwritten without MV_CHECKOUT_FORCE.
 */
struct mv_repo;

/* -- add ------------------------------------------------------------------ */

enum mv_add_flags {
	MV_ADD_DRY_RUN = 1 << 0,
	MV_ADD_FORCE = 1 << 1,	/* ignored files, too, and small texts */
	MV_ADD_TYPED = 1 << 2	/* a person typed the paths: mv_git_typed() */
};

struct mv_add_stats {
	uint64_t files;		/* staged as pointers */
	uint64_t unchanged;	/* already staged so; nothing was read */
	uint64_t plain;		/* not ours: handed to `git add` */
	uint64_t removed;
	struct mv_tx_stats tx;
};

/*
 * Store and stage, as `git add` would, but in parallel and without a pipe.
 * A file named explicitly that no attribute gives to us is tracked first
 * (a line in the top .gitattributes; `tracked` is told). Files below a named
 * directory that are not ours go to `git add`. MV_EDENIED, and nothing is
 * added: a pattern catches what must stay readable in git (.gitattributes,
 * .gitmodel/), or what is named is a small text file that no pattern names.
 */
struct mv_add_options {
	unsigned flags;
	void (*tracked)(void *payload, const char *path);
	/* NULL in a dry run, where nothing is read; or for a removal */
	void (*staged)(void *payload, const char *path,
		       const struct mv_pointer *pointer);
	void *payload;
};

int mv_work_add(struct mv_repo *repo, const char *const *paths,
		const struct mv_add_options *options,
		struct mv_add_stats *stats, struct mv_err *err);

/* Would git diff give files to another program than ours? */
int mv_work_has_external_diff(struct mv_repo *repo);

/* -- checkout ------------------------------------------------------------- */

/*
 * Replace pointers in the work tree by the bytes they stand for. Only a
 * regular file that holds exactly the pointer that the index has (or, with
 * MV_CHECKOUT_FORCE, is missing) is touched. MV_ENOENT: a pathspec matches
 * nothing that git knows, or names what is deleted in the work tree.
 */
enum mv_checkout_flags { MV_CHECKOUT_FORCE = 1 << 0 };

struct mv_checkout_stats {
	uint64_t files, bytes;	/* written */
	uint64_t missing;	/* content not to be had; pointer left */
	uint64_t failed;	/* could not be written; pointer left */
	uint64_t skipped;	/* already there, or changed by the user */
};

int mv_work_checkout(struct mv_repo *repo, const char *const *pathspecs,
		     unsigned flags, struct mv_checkout_stats *stats,
		     struct mv_err *err);

/* One path to be written; used by checkout and by the filter's end. */
struct mv_materialize {
	const char *path;
	const char *blob;	/* hex name of the pointer blob in the index */
	struct mv_pointer pointer;
	int executable;		/* -1: as what stands there now */
	int absent_ok;		/* write also when nothing stands there */
};

int mv_work_materialize(struct mv_repo *repo, const struct mv_materialize *m,
			size_t count, struct mv_checkout_stats *stats,
			struct mv_err *err);

/* What there is of ours, and how it stands. `typed`: by a person, who may have
   said how pathspecs are read (mv_git_typed). */
int mv_work_status(struct mv_repo *repo, const char *const *pathspecs,
		   int typed, mv_file_fn fn, void *payload,
		   struct mv_err *err);

/* -- tracking ------------------------------------------------------------- */

/* Write a line for the pattern into the .gitattributes of the start
   directory; *changed says whether it was new. MV_EDENIED: it would catch
   what git must read as it stands (.gitattributes, .gitmodel/). */
int mv_work_track(struct mv_repo *repo, const char *pattern, int *changed,
		  struct mv_err *err);

/* Track each file that is larger than `size`, matches a pathspec (NULL:
   all of the repository) and is not ours yet, by its own path; `fn` is told. */
int mv_work_track_above(struct mv_repo *repo, uint64_t size,
			const char *const *pathspecs,
			void (*fn)(void *payload, const char *path,
				   uint64_t size),
			void *payload, struct mv_err *err);

/* Take our attributes off every line with this pattern there; or, when
   there is none, off the line of the file with this path. */
int mv_work_untrack(struct mv_repo *repo, const char *pattern, int *changed,
		    struct mv_err *err);

/*
 * Files of the index that a pattern of ours catches and that must stay
 * readable in git, one call each.
 */
int mv_work_caught(struct mv_repo *repo,
		   int (*fn)(void *payload, const char *path,
			     struct mv_err *err),
		   void *payload, struct mv_err *err);

/*
 * Files under our filter that git holds as bytes, because they were staged
 * before: git is made to look at them again, so that `git status` names them
 * and the next add stores them. The files themselves are not touched. `fn` is
 * told each, with its size.
 */
int mv_work_wake_raw(struct mv_repo *repo,
		     void (*fn)(void *payload, const char *path,
				uint64_t size),
		     void *payload, struct mv_err *err);

/* Does git call anything for filter=model? */
int mv_work_has_filter(int *yes, struct mv_repo *repo, struct mv_err *err);

/* What would go wrong because it does not, all 0 where it does: lines of
   .gitattributes, and pointers in the index. */
struct mv_left {
	uint64_t patterns, pointers;
};

int mv_work_left(struct mv_left *out, struct mv_repo *repo,
		 struct mv_err *err);

/* Every pattern in every .gitattributes that gives files to filter `model`
   or `lfs`. */
int mv_work_tracked(struct mv_repo *repo,
		    int (*fn)(void *payload, const char *pattern,
			      const char *filter, const char *file, int line),
		    void *payload, struct mv_err *err);

/*
 * What else is wrong with a commit that is about to be made
 *. Only MV_COMMIT_PLAIN breaks clones for good; the others
 * may be meant, by whoever untracks a file.
 */
enum mv_commit_kind {
	MV_COMMIT_PLAIN,	/* .gitattributes and the like as a pointer */
	MV_COMMIT_STRAY,	/* a pointer that no pattern explains */
	MV_COMMIT_BYTES,	/* bytes where a pointer was, or very many */
	MV_COMMIT_TEMPORARY,	/* what a killed process left; refused, too */
	MV_COMMIT_RAW		/* in git as bytes, under a new pattern */
};

typedef void (*mv_commit_fn)(void *payload, enum mv_commit_kind kind,
			     const char *path, const char *why);

int mv_work_look_at_commit(struct mv_repo *repo, mv_commit_fn fn,
			   void *payload, struct mv_err *err);

/* Remove those of paths that are in conflict no more. */
void mv_work_sweep_offers(struct mv_repo *repo);

/*
 * Give these files to us, by a line each in the top .gitattributes that
 * means this path and no other: one rewrite of the file.
 */
int mv_work_track_paths(struct mv_repo *repo, const char *const *paths,
			size_t count, size_t *changed, struct mv_err *err);

/* Warn of blobs above that among what these rev-list arguments reach. */
void mv_work_warn_large(struct mv_repo *repo, const char *const *revs);

/* The same of bytes where there should be pointers; MV_EDENIED: some of them
   were put there by a merge. */
int mv_work_check_raw(struct mv_repo *repo, const char *const *revs,
		      struct mv_err *err);

#endif
