/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_LFS_H
#define MV_REPO_LFS_H

#include <stddef.h>
#include <stdint.h>

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
/* Does the default remote have an LFS server, and we no git-lfs for it? */
int mv_repo_lfs_lacks_program(int *lacks, struct mv_repo *repo,
			      struct mv_err *err);
/* git's configuration, else .lfsconfig; borrowed, NULL: not set. */
int mv_repo_lfs_setting(const char **out, struct mv_repo *repo,
			const char *key, struct mv_err *err);
/* Is such a variable set, to what git-lfs takes for yes? */
int mv_repo_lfs_variable_on(const struct mv_repo *repo, const char *name);
/* May a push leave out what is nowhere? model.allowIncompletePush, or
   lfs.allowincompletepush. */
int mv_repo_lfs_may_lack(int *yes, struct mv_repo *repo, struct mv_err *err);
/*
 * Are there objects of Git LFS here, and is the remote a path, so that we are
 * the ones who bring them? `url` may be NULL: the remote's own.
 */
int mv_repo_lfs_has_dir(int *yes, struct mv_repo *repo, const char *remote,
			const char *url, struct mv_err *err);
/*
 * Get what is missing of Git LFS (others are not touched) from this remote
 * (NULL: the default one, then every one that is a path and where the last
 * `git fetch` was), by git-lfs where an LFS server has it. `present`
 * is 1 for what is here, and set for what came. Not to get something is no
 * error (repo-lfs-move.c).
 */
int mv_repo_fetch_lfs(struct mv_repo *repo, const char *remote,
		      const struct mv_pointer *pointers, size_t count,
		      uint8_t *present, struct mv_err *err);
/*
 * Which of Git LFS (others are not touched) are at the default remote, or at one
 * that is a path? An LFS server is not asked, but believed: for a report, never
 * for a gate.
 */
int mv_repo_lfs_elsewhere(struct mv_repo *repo,
			  const struct mv_pointer *pointers, size_t count,
			  uint8_t *elsewhere, struct mv_err *err);
/*
 * Is the object in this LFS directory what its name says? All of it is read
 * once; the stat cache remembers. MV_ECORRUPT.
 */
int mv_repo_lfs_verify(struct mv_repo *repo, const char *dir,
		       const struct mv_oid *oid, struct mv_err *err);
/* Forget the settings. */
void mv_repo_lfs_release(struct mv_repo *repo);

#endif
