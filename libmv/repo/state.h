/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_STATE_H
#define MV_REPO_STATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "libmv/base/hash.h"
#include "libmv/base/progress.h"
#include "libmv/git/git.h"
#include "libmv/repo/content.h"

/*
 * A repository from the inside, for the parts above it (transfer, subject,
 * work, evidence, ...); no door includes this. Everything but `git` is made at
 * the first use, so that a process that is asked nothing pays for nothing.
 */
struct mv_git;
struct mv_pool;
struct mv_repo_guest;
struct mv_repo_job;
struct mv_repo_lfs;
struct mv_repo_moment;
struct mv_repo_pending;
struct mv_repo_projects;
struct mv_repo_setting;
struct mv_statcache;
struct mv_store;
struct mv_tx;
struct mv_repo;

typedef void (*mv_repo_end_fn)(struct mv_repo *repo);

struct mv_repo_filter {
	struct mv_tx *tx;
	uint64_t unsynced;		/* bytes put since the last sync */
	struct mv_repo_pending *pending;	/* pointers to be written later */
	size_t count, alloc, compacted;
	uint64_t limit;			/* model.smudgeLimit */
	int limit_known;
	int frozen;			/* 1: the store cannot be written, -1:
					   it can, 0: not looked yet */
	uint64_t raw;			/* smudged contents that were no pointer */
	uint64_t raw_kept;		/* the same, cleaned */
	unsigned asker;			/* enum mv_asker */
	int odd_told;			/* of pointers that are left as they are */
	int lfs_told;			/* of a server that gave nothing */
	struct mv_spool kept;		/* work/raw.c */
	int has_kept;
};

struct mv_repo {
	struct mv_git *git;
	const struct mv_git_info *info;
	struct mv_proc_env env;
	const struct mv_progress *progress;
	void (*warn)(void *payload, const char *message);
	void *warn_payload;
	unsigned threads;
	int attended;
	/* What the store says of one content, as part of the whole. */
	struct mv_progress store_progress;
	uint64_t progress_base, progress_total;

	struct mv_pool *pool;
	struct mv_store *store;
	struct mv_store **alternates;
	char **lfs_dirs;		/* own first, then those of alternates */
	size_t alternate_count, lfs_count;
	int alternates_known;
	struct mv_statcache *cache;
	int root_fd;			/* the work tree; -1: not opened yet */
	struct mv_fs_clock clock;	/* work/twin.c */
	int64_t clock_at;		/* ms, monotonic */
	pthread_mutex_t clock_lock;
	struct mv_repo_projects *projects;	/* subject/subject.c */
	int doubt_said;		/* subject/holders.c */
	struct mv_repo_moment *moment;		/* evidence/record.c */
	struct mv_repo_lfs *lfs;		/* transfer/lfs.c */
	struct mv_oid lfs_verified;		/* the last one */
	struct mv_repo_filter filter;

	/* Temporaries in the work tree, for mv_repo_interrupt(). Whoever makes
	   or removes one, or locks the index, holds the guard for reading;
	   interrupting takes it for writing. */
	pthread_rwlock_t guard;
	struct mv_repo_job *jobs;
	size_t job_count;
	struct mv_repo_guest *guest;	/* a temporary work tree, or NULL */

	/* What others keep in here they let go, and undo, themselves. */
	mv_repo_end_fn at_close[8], at_interrupt[4];
};

/*
 * To be called once, by mv_repo_close() or by mv_repo_interrupt(): whoever
 * keeps something in here lets it go, and undoes what must not stay. Twice is
 * once. From the thread that opened the repository.
 */
void mv_repo_at_close(struct mv_repo *repo, mv_repo_end_fn fn);

void mv_repo_at_interrupt(struct mv_repo *repo, mv_repo_end_fn fn);

/* Tell the person; never fails, and does nothing when nobody listens. */
__attribute__((format(printf, 2, 3)))
void mv_repo_warn(struct mv_repo *repo, const char *fmt, ...);

/* The top of the work tree, opened; MV_EINVALID in a bare repository. */
int mv_repo_root(int *fd, struct mv_repo *repo, struct mv_err *err);

/* The stat cache of this work tree; never NULL after success. */
int mv_repo_cache(struct mv_statcache **out, struct mv_repo *repo,
		  struct mv_err *err);

/* Best effort: a cache that cannot be saved is only a slower next time. */
void mv_repo_cache_save(struct mv_repo *repo);

int mv_repo_config_size(uint64_t *out, struct mv_repo *repo, const char *key,
			uint64_t otherwise, struct mv_err *err);

/* How long ssh-keygen or gpg may take for one signature; ms, 0 for ever. */
int mv_repo_program_limit(int *ms, struct mv_repo *repo, struct mv_err *err);

/* The same to make one: 0, for ever, where somebody can be asked for the key's
   passphrase, else model.signTimeout. */
int mv_repo_sign_limit(int *ms, struct mv_repo *repo, struct mv_err *err);

/* How long a `git fetch` of commits may take in all: model.fetchTimeout. */
int mv_repo_fetch_limit(int *ms, struct mv_repo *repo, struct mv_err *err);

/*
 * A git that talks to a remote for something small, within the time that
 * model.remoteTimeout gives it (MV_EBUSY): a credential helper or a server
 * may be silent for ever.
 */
int mv_repo_talk(struct mv_repo *repo, const char *const *args,
		 struct mv_buf *out, struct mv_err *err);

/*
 * `smudge-limit` of .gitmodel/config; *out stays what it is when it has none.
 * MV_EINVALID names file and line. Warns of keys that nobody knows.
 */
int mv_repo_team_limit(uint64_t *out, struct mv_repo *repo,
		       struct mv_err *err);

/* A file of the work tree's .gitmodel/ ("config"); MV_ENOENT: there is none, or
   no work tree; MV_EINVALID: more than `max` bytes. */
int mv_repo_team_file(struct mv_buf *text, struct mv_repo *repo,
		      const char *name, size_t max, struct mv_err *err);

#endif
