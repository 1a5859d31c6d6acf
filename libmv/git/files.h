/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_FILES_H
#define MV_GIT_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libmv/git/git.h"
#include "libmv/git/objects.h"

/*
 * files: the index and the files of the work tree: what is there, which filter is
 * for it, staging blobs, and the stat data by which git believes a file unread.
 *
 * Object names are hex, 40 or 64 digits; paths are relative to the top of the
 * work tree, any bytes but NUL.
 */
enum mv_git_ls_flags {
	MV_GIT_LS_CACHED = 1 << 0,
	MV_GIT_LS_OTHERS = 1 << 1,	/* untracked, not ignored */
	MV_GIT_LS_FILTERED = 1 << 2,	/* only filter=model or filter=lfs */
	MV_GIT_LS_TYPED = 1 << 3	/* a person typed the pathspecs */
};
/*
 * `pathspecs` are relative to info->prefix (NULL: all of the repository).
 * MV_GIT_LS_FILTERED uses attributes, one process for all; MV_GIT_LS_TYPED
 * reads them as mv_git_typed() says.
 */
int mv_git_ls(struct mv_git *git, unsigned flags, const char *const *pathspecs,
	      mv_git_entry_fn fn, void *payload, struct mv_err *err);

/* The `filter` attribute of each path: "model", "lfs", or "" for others. */
typedef int (*mv_git_attr_fn)(void *payload, size_t i, const char *filter,
			      struct mv_err *err);
int mv_git_filters(struct mv_git *git, const char *const *paths, size_t count,
		   mv_git_attr_fn fn, void *payload, struct mv_err *err);
/*
 * The same in git's own words: "unspecified", "unset" where a line says
 * "-filter", "set", or the name of any filter. With `staged` by the
 * .gitattributes files of the index, as the next commit will have them.
 */
int mv_git_filter_words(struct mv_git *git, int staged,
			const char *const *paths, size_t count,
			mv_git_attr_fn fn, void *payload, struct mv_err *err);

/*
 * Stage blobs: write their objects (loose for a few, one pack for many) and
 * put them into the index with the stat data given, so that `git status`
 * need not read the files that were settled. `remove` entries leave the index. Modes are those
 * of the file, or of the present entry where core.fileMode is off.
 */
struct mv_git_stage {
	const char *path;
	const void *data;	/* the blob's bytes (a pointer) */
	size_t len;
	int executable;
	int remove;
	int same;		/* the index has this blob and mode already,
				   and maybe flags: only the stat is news */
	int settled;		/* st is of a file that was quiet, see below */
	struct stat st;
};
int mv_git_stage(struct mv_git *git, const struct mv_git_stage *entries,
		 size_t count, struct mv_err *err);

/* Name of a blob with these bytes; `hex` has room for 65. Pure. */
int mv_git_blob_name(struct mv_git *git, char *hex, const void *data,
		     size_t len, struct mv_err *err);

/*
 * Patch stat data: open takes index.lock (waiting up to timeout_ms; then
 * MV_EBUSY), set finds the stage-0 entry with this path and blob and
 * replaces its stat block (NULL: only looks), commit seals and renames. An
 * entry that is not there or has moved on is MV_ENOENT from set, and left as
 * it is. Close without commit changes nothing. MV_ENOENT from open: there is
 * no index. A split index is patched, too, with a new shared file where
 * needed.
 */
/*
 * Which entries git believes without reading depends on the time of the
 * index file: not those that are as young ("racy git"). That time stays what
 * it was, so that nothing becomes believed by our writing. `settled` says of
 * a file that it was quiet (base/fs.h) before its content became known; for
 * an entry that is not, the index is dated back as far as it takes to keep
 * git's distrust. Only where `vouch` says of each other entry in question
 * that its file holds now what the entry says does the index get the time at
 * which it was locked, and settled entries are believed. It is not asked
 * when that would read more than the settled files are long.
 */
struct mv_git_racy {
	const char *path;
	const char *blob;	/* hex */
	unsigned mode;		/* a regular file or a link */
};
/* Are the bytes of the file at this path, right now, those of the entry? */
typedef int (*mv_git_vouch_fn)(void *payload, const struct mv_git_racy *e);

struct mv_git_patch;
int mv_git_patch_open(struct mv_git_patch **out, struct mv_git *git,
		      int timeout_ms, struct mv_err *err);
int mv_git_patch_set(struct mv_git_patch *patch, const char *path,
		     const char *blob, const struct stat *st, int settled,
		     struct mv_err *err);
/* For the commit that follows. Without it nobody vouches. */
void mv_git_patch_vouch(struct mv_git_patch *patch, mv_git_vouch_fn fn,
			void *payload);
int mv_git_patch_commit(struct mv_git_patch *patch, struct mv_err *err);
void mv_git_patch_close(struct mv_git_patch *patch);	/* NULL is fine */

#endif
