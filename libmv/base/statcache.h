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
 * mtime, ctime in nanoseconds) -> (oid, dialect). Git asks clean again and
 * again for files that nobody touched; this is what makes that cheap.
 *
 * What is hidden: a file of fixed records, each with its own checksum, that
 * is only ever appended to; later records win. It is a cache: a file that
 * is missing, damaged or of another version is an empty cache, never an
 * error, and what is lost is read again.
 *
 *	offset size
 *	 0	4   "MVs1"; other versions have other letters
 *	 4	1   dialect
 *	 5	3   zero
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
 * 5. mv_statcache_put() with the stat and the `now` of step 1.
 * A stamp has a granularity: a file written twice within it shows the same
 * stamp. So put refuses a file whose stamps were younger than 20 ms at
 * `now`, before it was read; it would otherwise be possible that the second
 * write came after the reading. Where stamps are whole seconds (both
 * nanosecond fields zero), they must be older than 3 s. Whoever has just
 * seen a young file and is about to read much may as well wait 20 ms first.
 *
 * Not seen: a change that keeps size, inode and ctime (only with the clock
 * set back), and a network file system whose clock lags behind ours.
 *
 * Several processes may append at once; one that compacts at the same time
 * can lose the others' last records, which are then made again. One thread
 * at a time.
 */
struct mv_statcache;

/* Nothing is read before the first question. Fails only for lack of memory. */
int mv_statcache_open(struct mv_statcache **out, const char *path,
		      struct mv_err *err);
/* What was not saved is forgotten. NULL is fine. */
void mv_statcache_close(struct mv_statcache *cache);

/* 0 or MV_ENOENT: unknown, or changed since. `dialect` may be NULL. */
int mv_statcache_get(struct mv_oid *oid, uint8_t *dialect,
		     struct mv_statcache *cache, const char *path,
		     const struct stat *st);

/*
 * Remember; returns 0, or MV_EBUSY for a file that is too young. Lack of
 * memory is MV_ENOMEM, and harmless.
 */
int mv_statcache_put(struct mv_statcache *cache, const char *path,
		     const struct stat *st, const struct mv_oid *oid,
		     uint8_t dialect, const struct timespec *now);

/*
 * Append what was put since the last save, with one write; or, when more
 * than half of more than 4096 records are dead, write a new file. The folder
 * must exist. Nothing is synced. A failure loses only time.
 */
int mv_statcache_save(struct mv_statcache *cache, struct mv_err *err);

#endif
