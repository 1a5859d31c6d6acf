/* SPDX-License-Identifier: MIT */
#ifndef MV_WORK_ADDING_H
#define MV_WORK_ADDING_H

#include <stdatomic.h>

#include "libmv/store/tx.h"
#include "libmv/work/priv.h"

/*
 * One `git model add` on its way: which files, whose, and what is to be done
 * with each (add.c); what the paths that were typed name (add-list.c); reading
 * those that must be read (add-read.c). Private to work.
 */

enum mv_adding_owner { PLAIN, MODEL, LFS };
enum mv_adding_action {
	NOTHING,	/* not in the work tree, and not for us to remove */
	UNCHANGED,
	READ,		/* its bytes must be read */
	STAGE,		/* `pointer` says what */
	REMOVE
};

struct mv_adding_item {
	char *path;
	char blob[MV_OID_HEX + 1];	/* in the index; "" when it is not */
	unsigned mode;			/* there; 0: untracked */
	enum mv_adding_owner owner;
	enum mv_adding_action action;
	int named;			/* by the user, not by a folder or glob */
	int unmerged;
	int assumed;			/* marked assume-unchanged */
	int intended;			/* `git add -N`: to be added yet */
	struct mv_pointer pointer;
	char *text;			/* of git-lfs's, as somebody wrote it */
	struct mv_repo_seen seen;
	int fresh;			/* read just now: the cache wants it */
	int claimed;			/* the file is a pointer itself */
};

struct mv_adding {
	struct mv_repo *repo;
	const struct mv_add_options *options;
	struct mv_add_stats *stats;
	struct mv_adding_item *items;
	size_t count, alloc;
	int rootfd;
	struct mv_tx *tx;
	const char *lfs_dir;
	int no_links;			/* core.symlinks is off */
	int attributes_changed;
	uint64_t total;
	atomic_uint_fast64_t done;
};

/* Into `items`, sorted by path: all that these name. MV_ENOENT, MV_EDENIED as
   mv_work_add() says. */
int mv_work_adding_list(struct mv_adding *add, const char *const *paths,
			struct mv_err *err);

struct mv_adding_item *mv_work_adding_find(const struct mv_adding *add,
					   const char *path);

/* Store all items that must be read; each is STAGE or UNCHANGED then. */
int mv_work_adding_read(struct mv_adding *add, struct mv_err *err);

#endif
