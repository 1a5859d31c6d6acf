/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_CLIENTS_H
#define MV_REPO_CLIENTS_H

#include <sys/types.h>

/*
 * Who shares a store: each repository that uses a store outside of itself
 * enters itself there, so that gc can ask all of them what they still need; and
 * remembers that it saw the store, so that an empty mount point is not taken
 * for a new one (docs/format/store.md).
 */
struct mv_err;
struct mv_proc_env;
struct mv_repo;

/* Was the repository of this common directory such an experiment, and is it
   gone for good? */
int mv_repo_host_is_over(const char *common_dir);

/* A file in a repository's common directory: the path of the store outside of
   it that it was seen to have. */
#define MV_STORE_SEEN "model-store"

/* Has this repository had a store at this path? */
int mv_repo_store_was_seen(int *seen, const char *common_dir, const char *store,
			   struct mv_err *err);

int mv_repo_store_note_seen(const char *common_dir, const char *store,
			    struct mv_err *err);

int mv_repo_share_of(mode_t *share, struct mv_repo *repo,
		     const char *common_dir, struct mv_err *err);

/*
 * Every repository that may need what is in this store: that of `common_dir`
 * itself first, that around the store, all in clients/, and copies of one of
 * them that lie beside it and have not entered themselves yet (they are
 * entered). Paths without links, each once. `file` is what says so, for
 * messages, or NULL.
 */
typedef int (*mv_client_fn)(void *payload, const char *common_dir,
			    const char *file, struct mv_err *err);

int mv_repo_each_client(const char *store, const char *common_dir,
			mv_client_fn fn, void *payload, struct mv_err *err);

/*
 * The environment without what ties git to one repository (GIT_DIR and its
 * like), so that another one can be asked; free() the list.
 */
int mv_repo_client_env(struct mv_proc_env *out, const struct mv_proc_env *env,
		       struct mv_err *err);

/* How a repository is called in clients/ and as the owner of packs, cut to
   MV_OWNER_HEX (room for one more); of the path without links. */
int mv_repo_client_name(char *name, const char *common_dir, struct mv_err *err);

/* Enter a repository in clients/ of a store, so that gc asks it. */
int mv_repo_client_register(const char *store, const char *common_dir,
			    struct mv_err *err);

#endif
