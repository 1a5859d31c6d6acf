/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_CLIENTS_H
#define MV_REPO_CLIENTS_H

#include <sys/types.h>

#include "libmv/base/err.h"

/*
 * Which repositories use a store that is not their own folder, and which store
 * a repository uses (repo-clients.c). Private to libmv/repo*.c.
 */

/* A file in a repository's common directory: the path of the store outside of
   it that it was seen to have. */
#define MV_STORE_SEEN "model-store"
/* Has this repository had a store at this path? */
int mv_store_was_seen(int *seen, const char *common_dir, const char *store,
		      struct mv_err *err);
int mv_store_note_seen(const char *common_dir, const char *store,
		       struct mv_err *err);

/*
 * What core.sharedRepository says, as rights for others (mv_store_options.share).
 * Of another repository on this machine: `common_dir`; a setting that cannot be
 * read is an error.
 */
struct mv_repo;
int mv_repo_share(mode_t *share, struct mv_repo *repo, struct mv_err *err);
int mv_repo_share_of(mode_t *share, struct mv_repo *repo,
		     const char *common_dir, struct mv_err *err);

/* Enter a repository in clients/ of a store, so that gc asks it. */
int mv_client_register(const char *store, const char *common_dir,
		       struct mv_err *err);

#endif
