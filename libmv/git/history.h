/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_HISTORY_H
#define MV_GIT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/git/git.h"

/*
 * history: which commit is behind which, what differs between two, and what they
 * bring in.
 *
 * Object names are hex, 40 or 64 digits; paths are relative to the top of the
 * work tree, any bytes but NUL.
 */
/* Best common ancestor. MV_ENOENT: there is none (or history is shallow). */
int mv_git_merge_base(char *hex, struct mv_git *git, const char *a,
		      const char *b, struct mv_err *err);
/*
 * 1, 0, or an error code below 0. Where history is cut off before the two
 * could meet, a no cannot be known: MV_ENOTSUP.
 */
MV_GIT_MUST_LOOK
int mv_git_is_ancestor(struct mv_git *git, const char *ancestor,
		       const char *descendant, struct mv_err *err);

/*
 * History, oldest first: blobs that each commit brings in at a path, regular
 * files only. Of a merge: what is in none of its parents. `args` as above,
 * "--" and paths allowed. A few trees that name each other would be walked for
 * ever: MV_EINVALID, before any is told, where a commit changes more paths than
 * a machine goes through in seconds.
 */
enum { MV_GIT_PATHS_MAX = 10000000 };
typedef int (*mv_git_change_fn)(void *payload, const char *commit,
				const char *subject, int64_t when,
				const char *path, const char *blob,
				struct mv_err *err);
int mv_git_each_change(struct mv_git *git, const char *const *args,
		       mv_git_change_fn fn, void *payload,
		       struct mv_err *err);

/*
 * Regular files that differ between two commits or trees ("" as `old`: the
 * empty tree), renames followed when asked. Paths and blobs are NULL on the
 * side where there is no file. With MV_GIT_DIFF_ODD links and submodules are
 * told, too: `old_odd` or `new_odd` is set on the side where there is one,
 * whose blob is its target, or the submodule's commit.
 */
struct mv_git_delta {
	const char *old_path, *new_path;
	const char *old_blob, *new_blob;
	int old_odd, new_odd;
};
enum mv_git_diff_flags {
	MV_GIT_DIFF_RENAMES = 1 << 0,
	MV_GIT_DIFF_ODD = 1 << 1
};
typedef int (*mv_git_delta_fn)(void *payload, const struct mv_git_delta *d,
			       struct mv_err *err);
int mv_git_diff(struct mv_git *git, const char *old, const char *new,
		unsigned flags, const char *const *pathspecs,
		mv_git_delta_fn fn, void *payload, struct mv_err *err);
/*
 * Could a walk of these commits' trees be done, that looks at what is not in
 * `base` ("": at all of it)? MV_EINVALID: it would see more than `max` files
 * and folders, or folders too deep. Reads each tree once, so a few that name
 * each other cost no more than they are long.
 */
int mv_git_bound_paths(struct mv_git *git, const char *const *revs,
		       size_t count, const char *base, uint64_t max,
		       struct mv_err *err);
/*
 * The same for the commits that are behind `tip` and not behind `old` or `base`
 * ("": all), for who walks their history: each beside its first parent, and
 * together no more than MV_GIT_HISTORY_PATHS times `max`.
 */
enum { MV_GIT_HISTORY_PATHS = 4 };
int mv_git_bound_history(struct mv_git *git, const char *tip, const char *old,
			 const char *base, uint64_t max, struct mv_err *err);
/*
 * The same for whoever walks what each of the commits changed that rev-list
 * finds with `args`, as mv_git_each_change() does: beside all its parents, what
 * came and what went.
 */
int mv_git_bound_changes(struct mv_git *git, const char *const *args,
			 uint64_t max, struct mv_err *err);
/* And what differs between two commits or trees ("": nothing is there), both
   ways, as mv_git_diff() looks at it. */
int mv_git_bound_diff(struct mv_git *git, const char *old, const char *new,
		      uint64_t max, struct mv_err *err);
/*
 * The history of one path, newest first, its renames followed; `rev` NULL is
 * HEAD, "--all" every ref. One call per commit that changed it; blob ""
 * where it was deleted. MV_EINVALID: with "--all" as for mv_git_each_change().
 * `author` is "Name <email>", `path` what the file was
 * called then. What `git log --follow --raw` costs.
 */
typedef int (*mv_git_step_fn)(void *payload, const char *commit, int64_t when,
			      const char *author, const char *subject,
			      const char *path, const char *blob,
			      struct mv_err *err);
int mv_git_follow(struct mv_git *git, const char *rev, const char *path,
		  mv_git_step_fn fn, void *payload, struct mv_err *err);

/*
 * Where the folder was, that this commit brought to `path`: the one folder of
 * its first parent that more than half of the files in it came from under the
 * same names. NULL: none, or it was the top. Yours. Git itself follows files
 * alone.
 */
int mv_git_folder_from(char **out, struct mv_git *git, const char *commit,
		       const char *path, struct mv_err *err);

#endif
