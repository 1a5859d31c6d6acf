/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_LFS_H
#define MV_REPO_LFS_H

#include "libmv/repo.h"

/*
 * Git LFS beside us: what its settings say, and the program itself where it
 * has to do what we cannot. Private to libmv/repo*.c.
 */

/* Does lfs.fetchinclude/fetchexclude (as a line of .gitignore) mean it? Pure. */
int mv_lfs_pattern_matches(const char *pattern, const char *path);
/*
 * Is the content of this path wanted in the work tree? Not with
 * GIT_LFS_SKIP_SMUDGE, nor where lfs.fetchinclude and lfs.fetchexclude (git's
 * configuration, else .lfsconfig) say otherwise.
 */
int mv_repo_lfs_wants(int *wanted, struct mv_repo *repo, const char *path,
		      struct mv_err *err);
/*
 * Is the object in this LFS directory what its name says? All of it is read
 * once; the stat cache remembers. MV_ECORRUPT.
 */
int mv_repo_lfs_verify(struct mv_repo *repo, const char *dir,
		       const struct mv_oid *oid, struct mv_err *err);
/* Forget the settings. */
void mv_repo_lfs_release(struct mv_repo *repo);

#endif
