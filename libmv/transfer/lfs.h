/* SPDX-License-Identifier: MIT */
#ifndef MV_TRANSFER_LFS_H
#define MV_TRANSFER_LFS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Git LFS beside us: what its settings say, and the program itself where it
 * has to ask for locks.
 */
struct mv_err;
struct mv_pointer;
struct mv_repo;

/* Where the objects of Git LFS go to a server and lfs.locksverify is set: has
   somebody else locked what is pushed? Asked by git-lfs, after the upload.
   MV_EDENIED says which files. */
int mv_transfer_lfs_check_locks(struct mv_repo *repo, const char *remote,
				const char *url, const char *text, size_t len,
				struct mv_err *err);

/*
 * Is the content of this path wanted in the work tree? Not with
 * GIT_LFS_SKIP_SMUDGE, nor where lfs.fetchinclude and lfs.fetchexclude (git's
 * configuration, else .lfsconfig) say otherwise.
 */
int mv_transfer_lfs_wants(int *wanted, struct mv_repo *repo, const char *path,
			  struct mv_err *err);

/*
 * Which of Git LFS (others are not touched) are at the default remote, or at one
 * that is a path? An LFS server is not asked, but believed: for a report, never
 * for a gate.
 */
int mv_transfer_lfs_elsewhere(struct mv_repo *repo,
			      const struct mv_pointer *pointers, size_t count,
			      uint8_t *elsewhere, struct mv_err *err);

/* Forget the settings. */
void mv_transfer_lfs_release(struct mv_repo *repo);

#endif
