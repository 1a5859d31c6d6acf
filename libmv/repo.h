/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_H
#define MV_REPO_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/hash.h"
#include "libmv/base/proc.h"
#include "libmv/base/progress.h"
#include "libmv/base/stream.h"
#include "libmv/git/git.h"
#include "libmv/store/pointer.h"
#include "libmv/store/store.h"

/*
 * The one place where the parts are put together: a git repository, its
 * store, the stores it can borrow from, and the verbs that people use. What
 * it hides: where content is looked for, how pointers, index and work tree
 * are kept in step, and in which order things become durable.
 *
 * Content is looked for in: the store (`model.store`, else
 * <common dir>/model); the stores beside git alternates; for LFS pointers
 * <common dir>/lfs/objects and those of alternates; last, the remotes (see
 * below), from where it is copied into the store.
 *
 * Configuration (git config; docs/man/git-model-config.adoc):
 *	model.store		directory shared by several clones
 *	model.smudgeLimit	from this size on files are written when git has
 *				gone, not through git (default 8m)
 *	model.threads		default: one per processor
 *	model.allowIncompletePush, model.lockTimeout
 *	modelremote.<name>.url	a remote; one with a git remote's name goes
 *				with that git remote
 *
 * A repo is used by one thread at a time; it owns a pool and uses it.
 * Implementation: repo*.c, one file per verb.
 */
struct mv_repo;

struct mv_repo_options {
	const char *dir;			/* NULL: current directory */
	struct mv_proc_env env;			/* borrowed contents */
	const struct mv_progress *progress;	/* borrowed; may be NULL */
	void (*warn)(void *payload, const char *message);
	void *warn_payload;
	unsigned threads;			/* 0: configuration decides */
	int reads;		/* objects will be read at once */
	int attended;		/* a person can be asked, at a terminal */
};

int mv_repo_open(struct mv_repo **out, const struct mv_repo_options *options,
		 struct mv_err *err);
void mv_repo_close(struct mv_repo *repo);
struct mv_git *mv_repo_git(struct mv_repo *repo);
/*
 * For a program that is about to be ended by a signal: remove the temporary
 * files that lie in the work tree, wait for a locked index. May be called
 * from another thread (not from a signal handler); whoever calls it must end
 * the process then, because nobody else can go on.
 */
void mv_repo_interrupt(struct mv_repo *repo);
/* Opened at the first call; borrowed. Made when missing. */
int mv_repo_store(struct mv_store **out, struct mv_repo *repo,
		  struct mv_err *err);
struct mv_pool *mv_repo_pool(struct mv_repo *repo, struct mv_err *err);

/* -- content -------------------------------------------------------------- */

/*
 * What does `spec` stand for: "REV:PATH", ":PATH" (index), or an oid (64 hex
 * digits, "sha256:" may precede)? MV_ENOENT, MV_EINVALID (not a pointer).
 */
int mv_repo_resolve(struct mv_pointer *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err);

/*
 * Make sure that these contents can be read, fetching what is missing.
 * `present` (may be NULL) gets one byte each. Missing content is not an
 * error here.
 */
int mv_repo_need(struct mv_repo *repo, const struct mv_pointer *pointers,
		 size_t count, uint8_t *present, struct mv_err *err);
/* Is it here, without fetching? 0 or MV_ENOENT. */
int mv_repo_has(struct mv_repo *repo, const struct mv_pointer *pointer,
		struct mv_err *err);
/* Stream it; MV_ENOENT says where it was looked for and what to do. */
int mv_repo_read(struct mv_repo *repo, const struct mv_pointer *pointer,
		 struct mv_writer *out, struct mv_err *err);
int mv_repo_read_at(struct mv_repo *repo, const struct mv_pointer *pointer,
		    uint64_t off, void *data, size_t len, size_t *got,
		    struct mv_err *err);

/* -- add (repo-add.c) ------------------------------------------------------ */

enum mv_add_flags {
	MV_ADD_DRY_RUN = 1 << 0,
	MV_ADD_FORCE = 1 << 1	/* ignored files, too, and small texts */
};
struct mv_add_stats {
	uint64_t files;		/* staged as pointers */
	uint64_t unchanged;	/* already staged so; nothing was read */
	uint64_t plain;		/* not ours: handed to `git add` */
	uint64_t removed;
	struct mv_tx_stats tx;
};
/*
 * Store and stage, as `git add` would, but in parallel and without a pipe.
 * A file named explicitly that no attribute gives to us is tracked first
 * (a line in the top .gitattributes; `tracked` is told). Files below a named
 * directory that are not ours go to `git add`. MV_EDENIED, and nothing is
 * added: a pattern catches what must stay readable in git (.gitattributes,
 * .gitmodel/), or what is named is a small text file that no pattern names.
 */
struct mv_add_options {
	unsigned flags;
	void (*tracked)(void *payload, const char *path);
	/* NULL in a dry run, where nothing is read; or for a removal */
	void (*staged)(void *payload, const char *path,
		       const struct mv_pointer *pointer);
	void *payload;
};
int mv_repo_add(struct mv_repo *repo, const char *const *paths,
		const struct mv_add_options *options,
		struct mv_add_stats *stats, struct mv_err *err);

/* -- the filter (repo-filter.c) -------------------------------------------- */

/*
 * What git is about, as far as that can be known (filters/asker.h): it decides
 * where the answer to clean goes, and whether anybody will put bytes in the
 * place of a pointer that was smudged.
 */
enum mv_asker {
	MV_ASKER_LOOKS = 1 << 0,	/* compares: nothing is recorded */
	MV_ASKER_MOVES = 1 << 1,	/* goes from one commit to another */
	MV_ASKER_EXPORTS = 1 << 2,	/* hands bytes to somebody else */
	MV_ASKER_BLAMES = 1 << 3	/* cleans what textconv said of a file */
};
void mv_repo_filter_asker(struct mv_repo *repo, unsigned asker);
/* Would git diff give files to another program than ours? */
int mv_repo_has_external_diff(struct mv_repo *repo);
/*
 * clean and smudge as filter/filter.h wants them; `dialect` by driver. An
 * empty path is none: then nothing is known of a file, and smudge gives bytes.
 */
int mv_repo_clean(struct mv_repo *repo, const char *path,
		  enum mv_dialect dialect, struct mv_reader *in,
		  struct mv_buf *out, struct mv_err *err);
/* The bytes, after mv_repo_clean() returned MV_FILTER_KEPT. */
int mv_repo_clean_kept(struct mv_repo *repo, struct mv_writer *out,
		       struct mv_err *err);
int mv_repo_smudge(struct mv_repo *repo, const char *path, const char *blob,
		   struct mv_reader *in, struct mv_writer *out,
		   struct mv_err *err);
/*
 * Git has closed its end: make what was cleaned durable, then write the
 * large files that were smudged as pointers. Problems that leave pointers
 * in place are warnings, not errors.
 */
int mv_repo_filter_finish(struct mv_repo *repo, struct mv_err *err);

/* -- checkout (repo-checkout.c) -------------------------------------------- */

/*
 * Replace pointers in the work tree by the bytes they stand for. Only a
 * regular file that holds exactly the pointer that the index has (or, with
 * MV_CHECKOUT_FORCE, is missing) is touched. MV_ENOENT: a pathspec matches
 * nothing that git knows, or names what is deleted in the work tree.
 */
enum mv_checkout_flags { MV_CHECKOUT_FORCE = 1 << 0 };
struct mv_checkout_stats {
	uint64_t files, bytes;	/* written */
	uint64_t missing;	/* content not to be had; pointer left */
	uint64_t failed;	/* could not be written; pointer left */
	uint64_t skipped;	/* already there, or changed by the user */
};
int mv_repo_checkout(struct mv_repo *repo, const char *const *pathspecs,
		     unsigned flags, struct mv_checkout_stats *stats,
		     struct mv_err *err);

/* One path to be written; used by checkout and by the filter's end. */
struct mv_materialize {
	const char *path;
	const char *blob;	/* hex name of the pointer blob in the index */
	struct mv_pointer pointer;
	int executable;		/* -1: as what stands there now */
	int absent_ok;		/* write also when nothing stands there */
};
int mv_repo_materialize(struct mv_repo *repo, const struct mv_materialize *m,
			size_t count, struct mv_checkout_stats *stats,
			struct mv_err *err);

/* -- looking (repo-status.c) ------------------------------------------------ */

enum mv_file_state {
	MV_FILE_OK,		/* the bytes are there, stat says unchanged */
	MV_FILE_MODIFIED,	/* the work tree differs from the index */
	MV_FILE_POINTER,	/* a pointer lies there; content is in the store */
	MV_FILE_MISSING,	/* a pointer lies there; content is not here */
	MV_FILE_DELETED,	/* not in the work tree */
	MV_FILE_CONFLICT,	/* unmerged */
	MV_FILE_RAW		/* git holds the bytes themselves, not a pointer */
};
struct mv_file {
	const char *path;
	const char *blob;
	struct mv_pointer pointer;	/* not for CONFLICT and RAW */
	enum mv_file_state state;
	int staged;			/* differs from HEAD */
	int stored;			/* the staged content is in the store */
	int outside;			/* of the sparse checkout: not looked at */
	int left_out;			/* MISSING, as git-lfs was told to */
	unsigned mode;			/* 0: removed from the index; the blob
					   and pointer are HEAD's */
};
typedef int (*mv_file_fn)(void *payload, const struct mv_file *file,
			  struct mv_err *err);
int mv_repo_status(struct mv_repo *repo, const char *const *pathspecs,
		   mv_file_fn fn, void *payload, struct mv_err *err);
/* MV_ENOENT, with a message, when one of them names nothing: no file here,
   none that is staged, and none of HEAD. */
int mv_repo_paths_exist(struct mv_repo *repo, const char *const *pathspecs,
			struct mv_err *err);
/*
 * Pointers in the index at paths that no line of any .gitattributes speaks
 * of (`git mv` out of a pattern, untrack): clones get the pointer, and the
 * next commit the bytes. By the files of the work tree, or with `staged` of
 * the index. A line "-filter" says that it is meant.
 */
int mv_repo_strays(struct mv_repo *repo, int staged,
		   const char *const *pathspecs, mv_file_fn fn, void *payload,
		   struct mv_err *err);
/* The pointers of a revision (NULL: the index); state says OK or MISSING by
   whether the content is in the store. */
int mv_repo_ls(struct mv_repo *repo, const char *rev, mv_file_fn fn,
	       void *payload, struct mv_err *err);

struct mv_du_version {
	const char *commit, *subject, *path;
	int64_t when;
	struct mv_oid oid;
	uint64_t logical;	/* size of the content */
	uint64_t added_raw;	/* bytes in chunks that no earlier one had */
	uint64_t added_stored;	/* what those take in packs */
};
struct mv_du_total {
	uint64_t versions;
	uint64_t logical;	/* sum over distinct contents */
	uint64_t unique;	/* bytes in distinct chunks: dedup saved the rest */
	uint64_t stored;	/* those chunks in packs: compression saved the rest */
	uint64_t disk;		/* all files of the store */
	uint64_t missing;	/* versions whose content is not here */
};
int mv_repo_du(struct mv_repo *repo,
	       int (*fn)(void *payload, const struct mv_du_version *v,
			 struct mv_err *err),
	       void *payload, struct mv_du_total *total, struct mv_err *err);

/* -- tracking (repo-track.c) ------------------------------------------------ */

/* Write a line for the pattern into the .gitattributes of the start
   directory; *changed says whether it was new. MV_EDENIED: it would catch
   what git must read as it stands (.gitattributes, .gitmodel/). */
int mv_repo_track(struct mv_repo *repo, const char *pattern, int *changed,
		  struct mv_err *err);
/* Track each file that is larger than `size`, matches a pathspec (NULL:
   all of the repository) and is not ours yet, by its own path; `fn` is told. */
int mv_repo_track_above(struct mv_repo *repo, uint64_t size,
			const char *const *pathspecs,
			void (*fn)(void *payload, const char *path,
				   uint64_t size),
			void *payload, struct mv_err *err);
/* Take our attributes off every line with this pattern there; or, when
   there is none, off the line of the file with this path. */
int mv_repo_untrack(struct mv_repo *repo, const char *pattern, int *changed,
		    struct mv_err *err);
/*
 * Files of the index that a pattern of ours catches and that must stay
 * readable in git, one call each.
 */
int mv_repo_caught(struct mv_repo *repo,
		   int (*fn)(void *payload, const char *path,
			     struct mv_err *err),
		   void *payload, struct mv_err *err);
/*
 * Files under our filter that git holds as bytes, because they were staged
 * before: git is made to look at them again, so that `git status` names them
 * and the next add stores them. The files themselves are not touched. `fn` is
 * told each, with its size.
 */
int mv_repo_wake_raw(struct mv_repo *repo,
		     void (*fn)(void *payload, const char *path,
				uint64_t size),
		     void *payload, struct mv_err *err);
/* Does git call anything for filter=model? (repo-filterless.c) */
int mv_repo_has_filter(int *yes, struct mv_repo *repo, struct mv_err *err);
/* What would go wrong because it does not, all 0 where it does: lines of
   .gitattributes, and pointers in the index. */
struct mv_left {
	uint64_t patterns, pointers;
};
int mv_repo_left(struct mv_left *out, struct mv_repo *repo,
		 struct mv_err *err);
/* Every pattern in every .gitattributes that gives files to filter `model`
   or `lfs`. */
int mv_repo_tracked(struct mv_repo *repo,
		    int (*fn)(void *payload, const char *pattern,
			      const char *filter, const char *file, int line),
		    void *payload, struct mv_err *err);

/* -- remotes (repo-remote.c) ------------------------------------------------ */

/*
 * Which store goes with a git remote (NULL: the default one)? In order:
 * modelremote.<name>.url; `model.remote` (a name); where the git remote is a
 * local path, the store in that repository (*url is yours). MV_ENOENT says
 * how to configure one.
 */
int mv_repo_remote_url(char **url, struct mv_repo *repo, const char *name,
		       struct mv_err *err);
/*
 * Make the store of a remote that is about to be configured, where it is a
 * directory of its own. In a git repository a push makes it. Nothing else ever
 * makes one: an empty folder may be the mount point of a disk that is away.
 */
int mv_repo_remote_make(struct mv_repo *repo, const char *url,
			struct mv_err *err);
struct mv_transfer_stats {
	uint64_t contents, skipped, missing;
	struct mv_tx_stats tx;
};
/* Upload what `revs` (rev-list arguments) reach. */
int mv_repo_push(struct mv_repo *repo, const char *remote,
		 const char *const *revs, struct mv_transfer_stats *stats,
		 struct mv_err *err);
/* Download what `revs` reach (NULL: the index). MV_ENOENT: a `remote` that is
   no remote, URL or path of a repository, whether anything is to come or not;
   NULL: from wherever it is. */
int mv_repo_fetch(struct mv_repo *repo, const char *remote,
		  const char *const *revs, struct mv_transfer_stats *stats,
		  struct mv_err *err);

/* -- the store's health (repo-gc.c) ----------------------------------------- */

/* gc with every pointer blob that git still has, in this and every other
   registered clone of the store, as roots. */
int mv_repo_gc(struct mv_repo *repo, int dry_run, int64_t grace_s,
	       int64_t now, struct mv_gc_stats *stats, struct mv_err *err);
/* Store fsck, then every pointer blob of this repository: is its content
   there? With repair, missing content is fetched, or taken from the work
   tree where it is still there. */
int mv_repo_fsck(struct mv_repo *repo, int repair, mv_fsck_fn fn,
		 void *payload, uint64_t *bad, struct mv_err *err);

/* -- merge and diff (repo-merge.c, repo-diff.c) ------------------------------ */

/*
 * The three files that git hands to a merge driver hold what git has: a
 * pointer, or the bytes themselves when somebody committed those. Contents
 * are compared, never mixed. A clear result is left in `ours`. In a conflict
 * `ours` stays as it is, unless a side is favoured (-X); and where a work tree
 * is being merged the other sides are put into <git dir>/model-conflict, for
 * as long as the path is in conflict.
 */
enum mv_merge_favor {
	MV_FAVOR_NONE,
	MV_FAVOR_OURS,
	MV_FAVOR_THEIRS,
	MV_FAVOR_NOTED	/* as git noted when the rebase or pick began */
};
struct mv_merge {
	const char *base, *ours, *theirs;	/* files */
	const char *path;	/* from the top of the work tree */
	enum mv_merge_favor favor;
};
struct mv_merge_result {
	int conflict;
	char *theirs, *base;	/* where they were put, or NULL; yours */
	int theirs_missing;	/* only the pointer could be put there */
};
int mv_repo_merge(struct mv_repo *repo, const struct mv_merge *merge,
		  struct mv_merge_result *out, struct mv_err *err);
void mv_merge_result_release(struct mv_merge_result *result);

/*
 * What stands in this file, or behind the pointer in it, as stable text.
 * Nothing is fetched. `repo` may be NULL. Fails only when the file cannot
 * be read.
 */
int mv_repo_diff_text(struct mv_buf *out, struct mv_repo *repo,
		      const char *file, struct mv_err *err);
/*
 * For a patch that somebody will apply: what git has of this file, which is
 * the pointer, as clean says it. Bytes that are not here yet are stored.
 */
int mv_repo_diff_pointer(struct mv_buf *out, struct mv_repo *repo,
			 const char *file, struct mv_err *err);
/* Could this be the beginning of what mv_repo_diff_text() says? */
int mv_repo_is_diff_text(const char *text, size_t len);

/* -- set-up (repo-install.c, repo-hooks.c; docs/design/hooks.md) -------------- */

enum mv_install_flags {
	MV_INSTALL_REMOVE = 1 << 0,	/* take it away again */
	MV_INSTALL_LFS = 1 << 1,	/* files under filter=lfs, too */
	MV_INSTALL_NO_HOOKS = 1 << 2,
	MV_INSTALL_SERVER = 1 << 3,	/* hooks of a repository others push to */
	MV_INSTALL_NO_RECEIPTS = 1 << 4	/* a server that makes no key */
};
struct mv_install {
	const char *scope;	/* "--global", "--local" or "--system" */
	unsigned flags;
	const char *program;	/* absolute; for when PATH has no git-model */
	/* What was changed, and what could not be. */
	void (*tell)(void *payload, int warning, const char *message);
	void *payload;
};
/* `repo` NULL: there is none around us; then no hooks, and not --local. */
int mv_repo_install(struct mv_repo *repo, const struct mv_proc_env *env,
		    const struct mv_install *install, struct mv_err *err);
/*
 * Make of this repository one that judges what is pushed to it (repo-server.c;
 * docs/design/trust.md). `policy`: a file that counts until the branch has
 * one of its own; NULL: none. With MV_INSTALL_REMOVE, not any more.
 */
int mv_repo_install_server(struct mv_repo *repo, const char *policy,
			   const struct mv_install *install,
			   struct mv_err *err);
/* Where git looks for hooks by default and finds none of that name, write
   ours (unless model.hooks is false). For clones in which nobody ran
   install: without the hook, a push would leave the content behind. Where that
   cannot be helped, `tell` warns of it and says what to run. */
int mv_repo_hooks_ensure(struct mv_repo *repo, int tell, struct mv_err *err);

/* The hook that stood there before ours and is run first; MV_ENOENT. */
int mv_repo_hook_chained(char **path, struct mv_repo *repo, const char *name,
			 struct mv_err *err);
/* Upload what a push will need, and what earlier ones have left behind;
   `remote`, `url` and `text` are what git told the hook. */
int mv_repo_pre_push(struct mv_repo *repo, const char *remote,
		     const char *url, const char *text, size_t len,
		     struct mv_transfer_stats *stats, struct mv_err *err);
/* Where the objects of Git LFS go to a server and lfs.locksverify is set: has
   somebody else locked what is pushed? Asked by git-lfs, after the upload.
   MV_EDENIED says which files. */
int mv_repo_lfs_check_locks(struct mv_repo *repo, const char *remote,
			    const char *url, const char *text, size_t len,
			    struct mv_err *err);
/* Every staged path that must not be committed so, and why. */
int mv_repo_pre_commit(struct mv_repo *repo,
		       void (*fn)(void *payload, const char *path,
				  const char *why),
		       void *payload, struct mv_err *err);

/*
 * What else is wrong with a commit that is about to be made
 * (repo-staged.c). Only MV_COMMIT_PLAIN breaks clones for good; the others
 * may be meant, by whoever untracks a file.
 */
enum mv_commit_kind {
	MV_COMMIT_PLAIN,	/* .gitattributes and the like as a pointer */
	MV_COMMIT_STRAY,	/* a pointer that no pattern explains */
	MV_COMMIT_BYTES,	/* bytes where a pointer was, or very many */
	MV_COMMIT_TEMPORARY,	/* what a killed process left; refused, too */
	MV_COMMIT_RAW		/* in git as bytes, under a new pattern */
};
typedef void (*mv_commit_fn)(void *payload, enum mv_commit_kind kind,
			     const char *path, const char *why);
int mv_repo_look_at_commit(struct mv_repo *repo, mv_commit_fn fn,
			   void *payload, struct mv_err *err);

/* -- what is wrong with the set-up (repo-doctor.c) ---------------------------- */

enum mv_doctor_level { MV_DOCTOR_OK, MV_DOCTOR_WARN, MV_DOCTOR_BAD };
struct mv_doctor {
	const char *program;	/* absolute path of who asks */
	/* `mend` is NULL when there is nothing to do. */
	void (*fn)(void *payload, enum mv_doctor_level level,
		   const char *check, const char *message, const char *mend);
	void *payload;
};
/* Nothing is changed. `repo` NULL: only what needs no repository. */
int mv_repo_doctor(struct mv_repo *repo, const struct mv_proc_env *env,
		   const struct mv_doctor *doctor, struct mv_err *err);

#endif
