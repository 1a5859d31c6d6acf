/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_FS_H
#define MV_BASE_FS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/path.h"

/*
 * The file system as this project uses it: whole reads and writes, files
 * that appear complete or not at all, maps, locks. Paths here are our own
 * (store, git directory); files of the work tree go through
 * base/worktree.h, which trusts nothing.
 *
 * Everything is close-on-exec. EINTR and short counts are handled. Every
 * error names the path.
 */

/* -- whole reads and writes ----------------------------------------------- */
int mv_pread_full(int fd, void *data, size_t len, uint64_t off, size_t *got,
		  const char *path, struct mv_err *err);
int mv_pwrite_full(int fd, const void *data, size_t len, uint64_t off,
		   const char *path, struct mv_err *err);
int mv_write_full(int fd, const void *data, size_t len, const char *path,
		  struct mv_err *err);
/*
 * A whole file, in place of what the buffer held; longer than the buffer's
 * maximum is MV_ENOMEM. MV_ENOENT is expected.
 */
int mv_read_file(struct mv_buf *out, const char *path, struct mv_err *err);

/*
 * O_RDONLY on a regular file; anything else, and a symlink as last
 * component, is MV_EDENIED. `st` may be NULL.
 */
int mv_open_read(int *fd, struct stat *st, const char *path,
		 struct mv_err *err);

/* -- directories ---------------------------------------------------------- */
/*
 * mkdir -p with mode 0777 & ~umask; an existing directory is success. The
 * parent of each folder made is fsynced.
 */
int mv_mkdirs(const char *path, struct mv_err *err);
int mv_fsync_dir(const char *path, struct mv_err *err);
/* One call per entry except "." and ".."; a non-zero return stops. */
typedef int (*mv_dir_fn)(void *payload, const char *name, struct mv_err *err);
int mv_each_entry(const char *dir, mv_dir_fn fn, void *payload,
		  struct mv_err *err);

/*
 * -- files that appear complete or not at all --
 * 1. mv_tmp_open() makes `<dir>/<prefix>-XXXXXX.tmp` with O_EXCL, mode 0600;
 * 2. write to `fd`;
 * 3. mv_tmp_commit() does fchmod -> fsync -> close -> rename -> fsync of the
 *    folder, or mv_tmp_discard() unlinks it. Both leave the struct empty;
 *    discarding an empty one is fine.
 * With MV_TMP_KEEP_EXISTING an existing target is kept and our file dropped
 * (for names that say the content); success either way. With MV_TMP_NO_SYNC
 * nothing is fsynced (for caches only). With MV_TMP_LEAVE a file that cannot
 * be committed stays under its temporary name, for whoever can use it.
 */
struct mv_tmp {
	int fd;
	char *path;
};
#define MV_TMP_INIT { -1, NULL }
enum mv_tmp_flags {
	MV_TMP_KEEP_EXISTING = 1 << 0,
	MV_TMP_NO_SYNC = 1 << 1,
	MV_TMP_LEAVE = 1 << 2
};

int mv_tmp_open(struct mv_tmp *out, const char *dir, const char *prefix,
		struct mv_err *err);
int mv_tmp_commit(struct mv_tmp *tmp, const char *target, mode_t mode,
		  unsigned flags, struct mv_err *err);
void mv_tmp_discard(struct mv_tmp *tmp);
/* Let go of it; the file stays under its temporary name. */
void mv_tmp_leave(struct mv_tmp *tmp);
/* open + write + commit. */
int mv_write_file(const char *path, const void *data, size_t len, mode_t mode,
		  unsigned flags, struct mv_err *err);

/*
 * -- the clock of a file system --
 * What time a file is given that is written there now: in the stamps' own
 * granularity, and by the clock that makes them, which for a network file
 * system is another machine's. (Ours may be ahead of it by any amount, and a
 * file that was written just now would look old.)
 */
struct mv_fs_clock {
	dev_t dev;		/* of the file system that was asked */
	struct timespec now;
	int known;		/* 0: could not be asked; nothing is quiet */
};
/*
 * Ask the file system of an open folder: by a file without a name, so that
 * the folder is not changed. Where that cannot be made, `fallback` (a folder,
 * may be NULL) gets a file that is removed at once. A failure is `known` 0.
 */
void mv_fs_clock_read(struct mv_fs_clock *out, int dirfd,
		      const char *fallback);
/*
 * Had the second of the file's last change passed when the clock was read?
 * Then whatever changes the file after that gives it another stamp, even
 * where only seconds are kept or compared: what is read after the clock
 * stays true as long as the stat stays the same. This is git's rule for its
 * index ("racy git"), for both stamps. Stamps of the future, another file
 * system, and a clock that is not known are never quiet.
 */
int mv_is_quiet(const struct stat *st, const struct mv_fs_clock *clock);

/* -- read-only maps ------------------------------------------------------- */
struct mv_map {
	const uint8_t *data;	/* never NULL after success */
	size_t len;
};
int mv_map_open(struct mv_map *out, const char *path, struct mv_err *err);
void mv_map_close(struct mv_map *map);

/*
 * -- advisory locks (flock) on a file that is made if missing --
 * Waits up to `timeout_ms` (0: try once; then MV_EBUSY). The lock dies with
 * the process, so there are no stale ones.
 */
enum mv_lock_mode { MV_LOCK_SHARED, MV_LOCK_EXCLUSIVE };
struct mv_lock {
	int fd;
};
#define MV_LOCK_INIT { -1 }
int mv_lock_take(struct mv_lock *out, const char *path,
		 enum mv_lock_mode mode, int timeout_ms, struct mv_err *err);
void mv_lock_drop(struct mv_lock *lock);	/* an empty one is fine */

#endif
