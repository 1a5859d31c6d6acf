/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_STATCACHE_H
#define MV_BASE_STATCACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "libmv/base/err.h"
#include "libmv/base/hash.h"

/*
 * Which content does this file hold? Answered without reading it, when it
 * was read before and its stat did not change since: (path, dev, ino, size,
 * mtime, ctime in nanoseconds) -> oid. Git asks clean again and
 * again for files that nobody touched; this is what makes that cheap.
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
 * 1. open the file, take `now` (CLOCK_REALTIME), then fstat();
 * 2. mv_statcache_get(): 0 is the answer;
 * 3. otherwise read and hash the file;
 * 4. fstat() again: if anything differs from the first, forget it;
 * 5. mv_statcache_put() with that stat and the `now` of step 1.
 * Stamps have a granularity: a file written twice within it shows the same
 * stamp. So put refuses a file whose stamps were younger than 20 ms at
 * `now`, that is, before it was read: the second write could have come
 * after the reading. Where stamps are whole seconds (both nanosecond fields
 * are zero) they must be 3 s old. The time of put itself would not do: a
 * long reading makes every stamp look old.
 *
 * Not seen: a change that keeps size, inode and both stamps (only with the
 * clock set back), and a network file system whose clock lags behind ours.
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

/*
 * Remember. MV_EBUSY: the file is too young. MV_ENOMEM is as harmless.
 * `now` may be NULL: then the time of mv_statcache_open() counts, which is
 * safe for everything read since, and remembers nothing changed since.
 */
int mv_statcache_put(struct mv_statcache *cache, const char *path,
		     const struct stat *st, const struct mv_oid *oid,
		     const struct timespec *now);

/*
 * Append what was put since the last save, with one write; or, when more
 * than half of more than 4096 records are dead, make a new file. The folder
 * must exist. Nothing is synced. A failure loses only time.
 */
int mv_statcache_save(struct mv_statcache *cache, struct mv_err *err);

#endif
