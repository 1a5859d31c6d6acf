/* SPDX-License-Identifier: MIT */
#ifndef MV_CARE_H
#define MV_CARE_H

#include <stdint.h>

#include "libmv/store/store.h"

/*
 * care: is the store well, and what may go? Garbage collection takes whatever
 * git still has a pointer of as a root, and asks all who share the store; what
 * cannot be asked keeps everything.
 */
struct mv_repo;

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

/* Oldest first. MV_EINVALID: a commit changes more paths than anybody can walk
   (MV_GIT_PATHS_MAX). */
int mv_care_du(struct mv_repo *repo,
	       int (*fn)(void *payload, const struct mv_du_version *v,
			 struct mv_err *err),
	       void *payload, struct mv_du_total *total, struct mv_err *err);

/* -- how versions are held ------------------------------------------------ */

struct mv_explain_part {
	uint64_t chunks, raw, stored;
};
/* What leans on chunks of that version. */
struct mv_explain_on {
	const char *commit;	/* NULL: of no version of this path */
	struct mv_explain_part part;
};
struct mv_explain_version {
	const char *commit, *subject;
	int64_t when;
	struct mv_oid oid;
	uint64_t logical;
	int missing;			/* not here: nothing is known */
	struct mv_explain_part held[MV_HELD_KINDS];	/* its own */
	struct mv_explain_part shared;	/* of a newer version; stored is 0 */
	const struct mv_explain_on *on;
	size_t on_count;
};
/*
 * The versions of a path (from the top of the work tree) in the history of all
 * refs, the newest first. MV_ENOENT: there is none.
 */
int mv_care_explain(struct mv_repo *repo, const char *path,
		    int (*fn)(void *payload,
			      const struct mv_explain_version *v,
			      struct mv_err *err),
		    void *payload, struct mv_err *err);

/* -- the store's health --------------------------------------------------- */

/*
 * gc with every pointer blob that git still has, in this and every other
 * registered clone of the store, as roots. Old versions of what this repository
 * has in its history become differences to newer ones.
 */
enum mv_care_gc_flags {
	MV_CARE_GC_DRY_RUN = 1 << 0,
	MV_CARE_GC_NO_DELTA = 1 << 1,
	MV_CARE_GC_AGGRESSIVE = 1 << 2	/* smaller, and slower to read */
};
int mv_care_gc(struct mv_repo *repo, unsigned flags, int64_t grace_s,
	       int64_t now, struct mv_gc_stats *stats, struct mv_err *err);

/* Store fsck, then every pointer blob of this repository: is its content
   there? With repair, missing content is fetched, or taken from the work
   tree where it is still there. */
enum mv_care_fsck_flags {
	MV_CARE_REPAIR = 1 << 0,
	MV_CARE_UPGRADE = 1 << 1	/* first, a store of an older version */
};
int mv_care_fsck(struct mv_repo *repo, unsigned flags, mv_fsck_fn fn,
		 void *payload, uint64_t *bad, struct mv_err *err);

#endif
