/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_CONTENT_H
#define MV_REPO_CONTENT_H

#include <stdint.h>

#include "libmv/base/fs.h"
#include "libmv/base/stream.h"

/*
 * Where content is, on this machine: our store, those that we borrow from, and
 * folders of Git LFS objects. Nothing is fetched; that is `transfer`. Errors
 * are MV_ENOENT where it is in none of them, else what the store says.
 */
struct mv_git;
struct mv_hasher;
struct mv_pointer;
struct mv_repo;
struct mv_store;

/* Opened at the first call; borrowed. Made when missing. */
int mv_repo_store(struct mv_store **out, struct mv_repo *repo,
		  struct mv_err *err);

/* Is it here, without fetching? 0 or MV_ENOENT. */
int mv_repo_has(struct mv_repo *repo, const struct mv_pointer *pointer,
		struct mv_err *err);

/*
 * Bytes that wait until it is known what becomes of them: in memory first, in
 * an unlinked file below the git directory from 1 MiB on.
 */
struct mv_spool {
	struct mv_buf memory;
	struct mv_tmp file;
	uint64_t in_file, pos;
};

void mv_repo_spool_init(struct mv_spool *spool);

void mv_repo_spool_release(struct mv_spool *spool);

/* All of `in`; `hasher` (NULL: none) is fed as well. */
int mv_repo_spool_fill(struct mv_spool *spool, struct mv_repo *repo,
		       struct mv_reader *in, struct mv_hasher *hasher,
		       struct mv_err *err);

uint64_t mv_repo_spool_size(const struct mv_spool *spool);

/* From the beginning; one reader at a time. */
struct mv_reader mv_repo_spool_reader(struct mv_spool *spool);

int mv_repo_spool_drain(struct mv_spool *spool, struct mv_writer *out,
			struct mv_err *err);

/* The store when there is one; MV_ENOENT otherwise: nothing is made. */
int mv_repo_store_if_any(struct mv_store **out, struct mv_repo *repo,
			 struct mv_err *err);

/*
 * A path from the configuration of the repository at `common_dir`: absolute,
 * below ~, or relative to it; yours. `key` is for messages.
 */
int mv_repo_expand_path(char **out, struct mv_repo *repo,
			const char *common_dir, const char *key,
			const char *path, struct mv_err *err);

/* What the configuration of the repository in `git_dir` calls its store, or
   that of the one that has its content. */
int mv_repo_store_of(char **out, struct mv_repo *repo, const char *git_dir,
		     struct mv_err *err);

/* The same; a `format` of it that is missing or damaged is written again. */
int mv_repo_store_mend(struct mv_store **out, struct mv_repo *repo,
		       struct mv_err *err);
/* The same, of an older version, too: for mv_store_upgrade(). */
int mv_repo_store_upgrade(struct mv_store **out, struct mv_repo *repo,
			  struct mv_err *err);

/* <common dir>/lfs or what lfs.storage says; borrowed. */
int mv_repo_lfs_dir(const char **out, struct mv_repo *repo,
		    struct mv_err *err);

/*
 * Write content that is here (mv_repo_has) into a new file. With `parallel`
 * the pool is used (large content); without, the caller's thread does it
 * all, which may then be a job of the pool.
 */
int mv_repo_write_to(struct mv_repo *repo, const struct mv_pointer *pointer,
		     int fd, const char *path, int parallel,
		     struct mv_err *err);

/* Where a content is: in a store (ours or an alternate's), or in a folder of
   Git LFS objects; borrowed. MV_ENOENT: in none. Nothing is fetched. */
struct mv_content_source {
	struct mv_store *store;
	const char *lfs_dir;		/* NULL: in the store */
};

int mv_repo_find(struct mv_content_source *out, struct mv_repo *repo,
		 const struct mv_pointer *pointer, struct mv_err *err);

int mv_repo_write_content(const struct mv_content_source *source,
			  const struct mv_pointer *pointer, struct mv_writer *out,
			  struct mv_err *err);

/* Git's name of a pointer's blob (room for 65), writing it when asked. */
int mv_repo_pointer_blob(char *hex, struct mv_repo *repo,
			 const struct mv_pointer *pointer, int write,
			 struct mv_err *err);

/*
 * Contents that records have attached, of the notes of `ref`
 * that `since` (a commit or NULL: all) has not. A content may come more than
 * once. A ref that is not there has none.
 */
typedef int (*mv_attached_fn)(void *payload, const char *role,
			      const struct mv_pointer *pointer,
			      struct mv_err *err);

int mv_repo_each_attached(struct mv_git *git, const char *ref,
			  const char *since, mv_attached_fn fn, void *payload,
			  struct mv_err *err);

/* The same of MV_NOTES_REF and of all that was fetched of remotes. */
int mv_repo_each_attached_anywhere(struct mv_git *git, mv_attached_fn fn,
				   void *payload, struct mv_err *err);

#endif
