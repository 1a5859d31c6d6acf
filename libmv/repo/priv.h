/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_PRIV_H
#define MV_REPO_PRIV_H

#include <sys/types.h>

/* What the files of repo share. */
struct mv_err;
struct mv_repo;

/*
 * The common directory of the repository that has the content of the one in
 * `git_dir`, which lies at `place` (may be NULL), as an experiment of DVC inside
 * of it; NULL: it is none. *common_dir is yours.
 */
int mv_repo_host(char **common_dir, struct mv_repo *repo, const char *git_dir,
		 const char *place, struct mv_err *err);

/*
 * What core.sharedRepository says, as rights for others (mv_store_options.share).
 * Of another repository on this machine: `common_dir`; a setting that cannot be
 * read is an error.
 */
int mv_repo_share(mode_t *share, struct mv_repo *repo, struct mv_err *err);

#endif
