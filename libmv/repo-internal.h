/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_INTERNAL_H
#define MV_REPO_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "libmv/base/fs.h"
#include "libmv/base/hash.h"
#include "libmv/base/pool.h"
#include "libmv/base/statcache.h"
#include "libmv/repo.h"

/*
 * What the repo*.c files share; nobody else includes this. Everything but
 * `git` is made at the first use, so that a process that is asked nothing
 * pays for nothing.
 */
struct mv_repo_pending;
struct mv_repo_job;
struct mv_repo_guest;

/*
 * Bytes that wait until it is known what becomes of them: in memory first, in
 * an unlinked file below the git directory from 1 MiB on (repo-spool.c).
 */
struct mv_spool {
	struct mv_buf memory;
	struct mv_tmp file;
	uint64_t in_file, pos;
};
void mv_spool_init(struct mv_spool *spool);
void mv_spool_release(struct mv_spool *spool);
/* All of `in`; `hasher` (NULL: none) is fed as well. */
int mv_spool_fill(struct mv_spool *spool, struct mv_repo *repo,
		  struct mv_reader *in, struct mv_hasher *hasher,
		  struct mv_err *err);
uint64_t mv_spool_size(const struct mv_spool *spool);
/* From the beginning; one reader at a time. */
struct mv_reader mv_spool_reader(struct mv_spool *spool);
int mv_spool_drain(struct mv_spool *spool, struct mv_writer *out,
		   struct mv_err *err);

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
	struct mv_spool kept;		/* repo-raw.c */
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
	struct mv_fs_clock clock;	/* repo-twin.c */
	int64_t clock_at;		/* ms, monotonic */
	pthread_mutex_t clock_lock;
	struct mv_repo_setting *team;	/* .gitmodel/config (repo-config.c) */
	int team_known;
	struct mv_repo_projects *projects;	/* repo-subject.c */
	int doubt_said;		/* repo-holders.c */
	struct mv_repo_moment *moment;		/* repo-record.c */
	struct mv_repo_lfs *lfs;		/* repo-lfs.c */
	struct mv_oid lfs_verified;		/* the last one */
	struct mv_repo_filter filter;

	/* Temporaries in the work tree, for mv_repo_interrupt(). Whoever makes
	   or removes one, or locks the index, holds the guard for reading;
	   interrupting takes it for writing. */
	pthread_rwlock_t guard;
	struct mv_repo_job *jobs;
	size_t job_count;
	struct mv_repo_guest *guest;	/* a temporary work tree, or NULL */
};

/* Tell the person; never fails, and does nothing when nobody listens. */
__attribute__((format(printf, 2, 3)))
void mv_repo_warn(struct mv_repo *repo, const char *fmt, ...);

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
/*
 * The common directory of the repository that has the content of the one in
 * `git_dir`, which lies at `place` (may be NULL), as an experiment of DVC inside
 * of it (repo-host.c); NULL: it is none. *common_dir is yours.
 */
int mv_repo_host(char **common_dir, struct mv_repo *repo, const char *git_dir,
		 const char *place, struct mv_err *err);
/* Was the repository of this common directory such an experiment, and is it
   gone for good? */
int mv_host_is_over(const char *common_dir);
/*
 * A side of a conflict: the file that git made of it, and the pointer in it
 * where it is one. Puts them where the person can choose (repo-offers.c).
 */
struct mv_offer {
	const char *file;
	int fd;
	const struct mv_pointer *pointer;
};
void mv_repo_offer(struct mv_merge_result *out, struct mv_repo *repo,
		   const char *path, const struct mv_offer *theirs,
		   const struct mv_offer *base);
/* Remove those of paths that are in conflict no more. */
void mv_repo_sweep_offers(struct mv_repo *repo);
/*
 * "big.bin" of "big.bin.theirs", ".theirs.2" or ".base": merges put such files
 * beside others once, where their own names match no pattern. Yours; NULL for
 * other names, and without memory.
 */
char *mv_repo_offered_beside(const char *path);
int mv_copy_fd(int from, const char *from_name, int to, const char *to_name,
	       struct mv_err *err);

/* The same; a `format` of it that is missing or damaged is written again. */
int mv_repo_store_mend(struct mv_store **out, struct mv_repo *repo,
		       struct mv_err *err);
/* <common dir>/lfs or what lfs.storage says; borrowed. */
int mv_repo_lfs_dir(const char **out, struct mv_repo *repo,
		    struct mv_err *err);
/* The top of the work tree, opened; MV_EINVALID in a bare repository. */
int mv_repo_root(int *fd, struct mv_repo *repo, struct mv_err *err);
/* The stat cache of this work tree; never NULL after success. */
int mv_repo_cache(struct mv_statcache **out, struct mv_repo *repo,
		  struct mv_err *err);
/* Best effort: a cache that cannot be saved is only a slower next time. */
void mv_repo_cache_save(struct mv_repo *repo);
int mv_repo_config_size(uint64_t *out, struct mv_repo *repo, const char *key,
			uint64_t otherwise, struct mv_err *err);

/*
 * Write content that is here (mv_repo_has) into a new file. With `parallel`
 * the pool is used (large content); without, the caller's thread does it
 * all, which may then be a job of the pool.
 */
int mv_repo_write_to(struct mv_repo *repo, const struct mv_pointer *pointer,
		     int fd, const char *path, int parallel,
		     struct mv_err *err);

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
 * may be silent for ever (repo.c).
 */
int mv_repo_talk(struct mv_repo *repo, const char *const *args,
		 struct mv_buf *out, struct mv_err *err);

/*
 * The common dir of a git remote that is a path on this machine
 * (repo-remote.c); MV_ENOENT for all others.
 */
int mv_repo_remote_git_dir(char **out, struct mv_repo *repo, const char *name,
			   struct mv_err *err);
/* mv_repo_need() that says what arrived; `stats` is added to. */
int mv_repo_need_counted(struct mv_repo *repo,
			 const struct mv_pointer *pointers, size_t count,
			 uint8_t *present, struct mv_tx_stats *stats,
			 struct mv_err *err);
/*
 * Which of these contents are at a remote? Nothing is fetched; a remote that
 * does not answer has nothing (repo.c).
 */
int mv_repo_elsewhere(struct mv_repo *repo, const struct mv_pointer *pointers,
		      size_t count, uint8_t *elsewhere, struct mv_err *err);

/* The same of `url`, where that is known (NULL: ask git). */
int mv_repo_git_dir_at(char **out, struct mv_repo *repo, const char *remote,
		       const char *url, struct mv_err *err);

/*
 * Give these files to us, by a line each in the top .gitattributes that
 * means this path and no other: one rewrite of the file (repo-track.c).
 */
int mv_repo_track_paths(struct mv_repo *repo, const char *const *paths,
			size_t count, size_t *changed, struct mv_err *err);

/*
 * Must this file be readable in git as it stands (.gitattributes and the
 * like)? It may never become a pointer (repo-pattern.c).
 */
int mv_repo_stays_plain(const char *path);
/* Does a pattern of gitattributes(5) match a path below its folder? */
int mv_repo_pattern_matches(const char *pattern, const char *path);
/* MV_EDENIED: this pattern in the .gitattributes of `folder` ("" or "a/b/")
   would catch such a file, one that is there or one that may come. */
int mv_repo_check_pattern(struct mv_repo *repo, const char *folder,
			  const char *pattern, struct mv_err *err);

/* model.warnAbove, in bytes (repo-staged.c). */
int mv_repo_warn_above(uint64_t *out, struct mv_repo *repo,
		       struct mv_err *err);
/* Warn of blobs above that among what these rev-list arguments reach. */
void mv_repo_warn_large(struct mv_repo *repo, const char *const *revs);
/* The same of bytes where there should be pointers; MV_EDENIED: some of them
   were put there by a merge (repo-raw.c). */
int mv_repo_check_raw(struct mv_repo *repo, const char *const *revs,
		      struct mv_err *err);

/*
 * Does what git streams to us equal the file that stands in the work tree?
 * A reader that hands `in` through, unchanged, and compares each byte with
 * the file.
 */
#define MV_TWIN_BLOCK (1024u * 1024)
struct mv_twin {
	struct mv_reader *in;
	int fd;			/* the file; -1: there is none to compare */
	struct stat st;		/* when it was opened */
	const char *path;	/* for messages */
	char *ours;		/* a block of the file */
	uint64_t agreed;	/* bytes that both have in common so far */
	int differs, ended;
};
int mv_twin_init(struct mv_twin *twin, struct mv_reader *in, int fd,
		 const struct stat *st, const char *path, struct mv_err *err);
void mv_twin_release(struct mv_twin *twin);	/* does not close fd */
/* Was all of `in` all of the file, and did the file stand still? */
int mv_twin_equal(const struct mv_twin *twin);
struct mv_reader mv_twin_reader(struct mv_twin *twin);

/* A mv_git_vouch_fn whose payload is the repo (repo-vouch.c). */
int mv_repo_vouch(void *repo, const struct mv_git_racy *e);

/* The same file, unchanged? */
int mv_same_stat(const struct stat *a, const struct stat *b);

/*
 * What time it is on the work tree's file system, or was at most half a
 * second ago. Without a repository (NULL) or a work tree it is not known.
 */
void mv_repo_clock(struct mv_fs_clock *out, struct mv_repo *repo);
/*
 * Wait for the next second of that clock, at which what was written until
 * now has become quiet, if that takes less long than to read so many bytes
 * once more. Did it?
 */
int mv_repo_outwait(struct mv_repo *repo, uint64_t bytes);

/*
 * What an open file looks like before it is read, and what time it was then:
 * what the stat cache and the index want to know. When `patient`, a large
 * file that was written in this second is waited for as above.
 */
struct mv_repo_seen {
	struct stat st;
	struct mv_fs_clock clock;
};
int mv_repo_see(struct mv_repo_seen *out, struct mv_repo *repo, int fd,
		const char *path, int patient, struct mv_err *err);

/*
 * A setting of .gitmodel/config, borrowed; NULL when it has none. MV_EINVALID
 * names file and line.
 */
int mv_repo_team_config(const char **out, struct mv_repo *repo,
			const char *section, const char *subname,
			const char *key, struct mv_err *err);
void mv_repo_team_release(struct mv_repo *repo);
/* The file itself; MV_ENOENT: there is none, or no work tree. */
int mv_repo_team_file(struct mv_buf *text, struct mv_repo *repo,
		      struct mv_err *err);

/*
 * "./x", "../y", "/top/z" as a path from the top of the work tree, in fresh
 * memory (repo-add.c). NULL: leads out of it, or is no plain path; git will
 * judge.
 */
char *mv_repo_from_top(struct mv_repo *repo, const char *typed);

/*
 * MV_ENOENT where a pathspec that a person typed matches nothing that git
 * knows (repo-named.c); with `there`, also where a path is deleted in the
 * work tree or outside of a sparse checkout. NULL is all of the repository.
 */
int mv_repo_check_named(struct mv_repo *repo, const char *const *pathspecs,
			int there, struct mv_err *err);

/* As mv_repo_project(), but borrowed until the next call (repo-subject.c). */
struct mv_project;
int mv_repo_project_at(const struct mv_project **out, struct mv_repo *repo,
		       const char *commit, struct mv_err *err);
/* "sha256:<hex>" or at least 7 digits of it (repo-oid.c); MV_ENOENT. */
struct mv_record;
struct mv_subject;
int mv_repo_subject_by_oid(struct mv_subject *out, struct mv_repo *repo,
			   const char *spec, struct mv_err *err);

/* Store bytes, durable at return (repo-record.c). */
int mv_repo_put_bytes(struct mv_pointer *out, struct mv_repo *repo,
		      const void *data, size_t len, struct mv_err *err);
/* Git's name of a pointer's blob (room for 65), writing it when asked. */
int mv_repo_pointer_blob(char *hex, struct mv_repo *repo,
			 const struct mv_pointer *pointer, int write,
			 struct mv_err *err);
/* Is `object` (hex) the pointer to this content, in either dialect, as we would
   write it? What is asked of a note whose pointer is not here to be read. */
int mv_repo_is_pointer_to(struct mv_repo *repo, const char *object,
			  const struct mv_oid *content, uint64_t size);
/* The text of a manifest and the pointer that stands for it. */
#define MV_MANIFEST_BYTES ((size_t)256 << 20)
struct mv_manifest;
int mv_repo_manifest_pointer(struct mv_pointer *out, struct mv_buf *text,
			     struct mv_manifest *members, struct mv_err *err);

/*
 * Contents that records have attached (repo-notes.c), of the notes of `ref`
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
/* Upload what records have attached that this remote is not known to have
   (`since`: the notes that it has; NULL: look at all), to where `url` (NULL:
   ask git) leads. Never an error. */
void mv_repo_push_attached(struct mv_repo *repo, const char *remote,
			   const char *url, const char *since,
			   struct mv_transfer_stats *stats);
/* Are there notes that this remote is not known to have? Asks nobody. `since`
   (room for 65) gets what it is known to have, or "". */
int mv_repo_notes_unpushed(char *since, struct mv_repo *repo,
			   const char *remote);
/* Does `remote`, as git calls it, name one, and is it no URL or path? What only
   looks like a name has no refs here, and nobody minds (repo-events.c). */
int mv_repo_is_remote_name(const char *remote);
/* The git remote where notes travel: model.remote where git knows it, else
   origin, else the only one; NULL: there is none (repo-notes.c). */
int mv_repo_default_remote(char **out, struct mv_repo *repo,
			   struct mv_err *err);
/* What the records meet there: superseded, and said (repo-supersede.c). */
int mv_repo_record_before(struct mv_repo *repo,
			  const struct mv_subject *subjects,
			  struct mv_record *records, size_t count,
			  struct mv_err *err);
/* Where those who write notes wait for each other; yours (repo-record.c). */
/* The remote of this name was asked for notes, and has none (repo-notes-none.c). */
int mv_repo_notes_asked(struct mv_repo *repo, const char *remote, int none,
			struct mv_err *err);
int mv_repo_notes_lock(char **out, struct mv_repo *repo, struct mv_err *err);
/* Unite another ref with our notes (repo-record.c). */
int mv_repo_notes_merge(struct mv_repo *repo, const char *other, int *changed,
			struct mv_err *err);
/* fsck's part for notes: ours and those of remotes (repo-notes-mend.c). */
int mv_repo_fsck_notes(struct mv_repo *repo, int repair, mv_fsck_fn fn,
		       void *payload, uint64_t *bad, struct mv_err *err);
/* An artifact in a commit (NULL: the index), where that commit's own
   .gitmodel/config has it, else elsewhere (repo-subject.c). */
struct mv_subject;
int mv_repo_artifact_at(struct mv_subject *out, struct mv_repo *repo,
			const char *name, const char *commit,
			struct mv_err *err);
/* In a commit, where the present config, the artifact's tags (Model-Path) or
   the names that its path went by have it; MV_ENOENT (repo-moved.c). */
int mv_repo_artifact_elsewhere(struct mv_subject *out, struct mv_repo *repo,
			       const char *name, const char *commit,
			       struct mv_err *err);
/* Of its greatest version; MV_ENOENT: none is registered (repo-moved.c). */
int mv_repo_artifact_newest(struct mv_subject *out, struct mv_repo *repo,
			    const char *name, struct mv_err *err);
/* Its path is not in the index: say so, and what to change. MV_ENOENT
   (repo-moved.c). */
int mv_repo_artifact_moved(struct mv_repo *repo, const char *name,
			   const char *path, struct mv_err *err);
void mv_repo_projects_release(struct mv_repo *repo);
void mv_repo_moment_release(struct mv_repo *repo);

/* The content of an open file (repo-diff.c). */
int mv_repo_hash_file(struct mv_oid *oid, uint64_t *size, int fd,
		      const char *file, struct mv_err *err);
/* Index entries that a killed checkout did not come to (repo-mend.c). */
int mv_repo_mend(struct mv_repo *repo, int lock_ms, struct mv_err *err);

/* Remove the temporary work tree, as far as it came (repo-reproduce.c). */
void mv_repo_guest_remove(struct mv_repo *repo);

/*
 * Has the index at this path, as bytes, just what `in` yields, and does git
 * only move between commits (repo-raw.c)? 1: answer with mv_repo_clean_kept().
 * 0: no; `in` may have been replaced by one that yields the same.
 */
int mv_repo_keep_bytes(struct mv_repo *repo, const char *path,
		       struct mv_reader *in, struct mv_err *err);
/* All of `in` is the answer to clean as it is: MV_FILTER_KEPT, or an error. */
int mv_repo_keep(struct mv_repo *repo, struct mv_reader *in,
		 struct mv_err *err);
void mv_repo_kept_release(struct mv_repo *repo);

/* Forget what the filter remembered (repo-filter.c). */
void mv_repo_filter_release(struct mv_repo *repo);

/* `git fetch` with --no-tags and nothing but what is said (repo-registry-fetch.c):
   `how` is one more option, `specs` refspecs, `in` refspecs by lines; each may
   be NULL. */
int mv_repo_git_fetch(struct mv_repo *repo, const char *remote,
		      const char *how, const char *const *specs,
		      const struct mv_buf *in, struct mv_err *err);

/* The git remote that notes and tags are fetched from (repo-notes.c): a name or
   URL, yours; NULL: there is none. */
int mv_repo_git_peer(char **name, struct mv_repo *repo, const char *remote,
		     struct mv_err *err);

/* -- the branch that a server trusts (repo-trusted.c) -- */

/* What model.trustedBranch says, as a full ref that is yours to free(); NULL:
   it is not set. MV_EINVALID: it names no branch, an empty one among them. */
int mv_trusted_setting(char **ref, struct mv_git *git, struct mv_err *err);
/* The branch that it names is not there. What is? */
enum mv_trusted_absence {
	MV_TRUSTED_FRESH,	/* no branch at all */
	MV_TRUSTED_LATE,	/* others */
	MV_TRUSTED_INSTEAD,	/* that of HEAD, and it has a policy */
};
int mv_trusted_absent(enum mv_trusted_absence *out, struct mv_repo *repo,
		      struct mv_err *err);

#endif
