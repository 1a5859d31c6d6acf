/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_H
#define MV_REPO_H

#include "libmv/base/proc.h"

/*
 * repo: which repository is this, which store has its content, and what do its
 * settings say? Everything above is handed a struct mv_repo and knows no
 * other way to git and to the store.
 *
 * Content is looked for in: the store (`model.store`, else
 * <common dir>/model); the stores beside git alternates; for LFS pointers
 * <common dir>/lfs/objects and those of alternates; last, by `transfer`, the
 * remotes, from where it is copied into the store.
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
 * A repo is used by one thread at a time; it owns a pool and uses it. Beside
 * this header: content.h (the store's bytes), files.h (what lies in the index
 * and in the work tree), clients.h (who shares a store), and state.h, for the
 * parts that work on a repository, never for the doors.
 */
struct mv_git;
struct mv_pool;
struct mv_progress;
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

struct mv_pool *mv_repo_pool(struct mv_repo *repo, struct mv_err *err);

/* The branch that it names is not there. What is? */
enum mv_trusted_absence {
	MV_TRUSTED_FRESH,	/* no branch at all */
	MV_TRUSTED_LATE,	/* others */
	MV_TRUSTED_INSTEAD,	/* that of HEAD, and it has a policy */
};

/*
 * The store in its default place may be a mount point or a link: then a mark
 * says that it was there (of a folder like any other none is made), and `away`
 * is 1 where there is the folder or link, and nothing of a store in it.
 */
int mv_repo_store_is_away(int *away, const char *common_dir, const char *store,
			  struct mv_err *err);

int mv_repo_store_note_apart(const char *common_dir, const char *store,
			     struct mv_err *err);

#endif
