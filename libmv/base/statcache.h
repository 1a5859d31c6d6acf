/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_STATCACHE_H
#define MV_BASE_STATCACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libmv/base/err.h"
#include "libmv/base/fs.h"
#include "libmv/base/hash.h"

/*
 * Which content does this file hold? Answered without reading it, when it
 * was read before and its stat did not change since: (path, dev, ino, size,
 * mtime, ctime in nanoseconds) -> oid. That is all that it may be asked:
 * whoever is given bytes hashes those, and whoever puts a file's content
 * into the index for the first time reads it.
 *
 * What is hidden: a file of fixed records, each with its own checksum, that
 * is only ever appended to; later records win. It is a cache: a file that
 * is missing, damaged or of another version is an empty cache, never an
 * error, and what is lost is read again.
 *
 *	offset size
 *	 0	4   "MVs1"; other versions have other letters
 *	 4	4   zero
 *	 8	16  first half of the sha256 of the path's bytes
 *	24	8   device
 *	32	8   inode
 *	40	8   size
 *	48	8   mtime in ns since 1970, modulo 2^64
 *	56	8   ctime, the same
 *	64	32  oid
 *	96	8   XXH3 of the 96 bytes before		(little-endian)
 *
 * How to call it, so that no answer is ever wrong:
 * 1. open the file, read the clock of its file system, then fstat();
 * 2. mv_statcache_get(): 0 is the answer;
 * 3. otherwise read and hash the file;
 * 4. fstat() again: if anything differs from the first, forget it;
 * 5. mv_statcache_put() with that stat and the clock of step 1.
 * A file can be written twice and show the same stamps: within their
 * granularity, and through a mapping as long as the page is dirty. So put
 * refuses a file that was not quiet (base/fs.h) at that clock, that is,
 * before it was read. The time of put itself would not do: a long reading
 * makes every stamp look old.
 *
 * Not seen, as git does not see it: a change that keeps size, inode and both
 * stamps. That takes a clock that was set back, or a page that was mapped,
 * written, kept dirty for more than a second, and written again.
 *
 * Several processes may append at once; one that compacts at the same time
 * can lose the others' last records, which are then made again. One thread
 * at a time.
 */
struct mv_statcache;

/* Reads nothing before the first question; fails only for lack of memory. */
int mv_statcache_open(struct mv_statcache **out, const char *path,
		      struct mv_err *err);
/* What was not saved is forgotten. NULL is fine. */
void mv_statcache_close(struct mv_statcache *cache);

/* 0 or MV_ENOENT: not known, or changed since. */
int mv_statcache_get(struct mv_oid *oid, struct mv_statcache *cache,
		     const char *path, const struct stat *st);

/* Remember. MV_EBUSY: it was not quiet. MV_ENOMEM is as harmless. */
int mv_statcache_put(struct mv_statcache *cache, const char *path,
		     const struct stat *st, const struct mv_oid *oid,
		     const struct mv_fs_clock *clock);
/* What is remembered of the path turned out to be wrong. */
void mv_statcache_forget(struct mv_statcache *cache, const char *path);

/*
 * Append what was put since the last save, with one write; or, when more
 * than half of more than 4096 records are dead, make a new file. The folder
 * must exist. Nothing is synced. A failure loses only time.
 */
int mv_statcache_save(struct mv_statcache *cache, struct mv_err *err);

#endif
