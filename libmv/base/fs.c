/* SPDX-License-Identifier: MIT */
#include "libmv/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* -- whole reads and writes ----------------------------------------------- */

static int offset_fits(uint64_t off, size_t len)
{
	return off <= INT64_MAX && len <= INT64_MAX - off;
}

int mv_pread_full(int fd, void *data, size_t len, uint64_t off, size_t *got,
		  const char *path, struct mv_err *err)
{
	char *p = data;

	*got = 0;
	if (!offset_fits(off, len))
		return mv_fail(err, MV_EINVALID,
			       "cannot read '%s': offset too large", path);
	while (*got < len) {
		ssize_t n = pread(fd, p + *got, len - *got,
				  (off_t)(off + *got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mv_fail_errno(err, errno, "cannot read '%s'",
					     path);
		if (!n)
			break;
		*got += (size_t)n;
	}
	return 0;
}

int mv_pwrite_full(int fd, const void *data, size_t len, uint64_t off,
		   const char *path, struct mv_err *err)
{
	const char *p = data;

	if (!offset_fits(off, len))
		return mv_fail(err, MV_EINVALID,
			       "cannot write '%s': offset too large", path);
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mv_fail_errno(err, n ? errno : ENOSPC,
					     "cannot write '%s'", path);
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int mv_write_full(int fd, const void *data, size_t len, const char *path,
		  struct mv_err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mv_fail_errno(err, n ? errno : ENOSPC,
					     "cannot write '%s'", path);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* O_NONBLOCK: a FIFO where a file should be must not hang us. */
static int open_regular(int *out, struct stat *st, const char *path, int flags,
			struct mv_err *err)
{
	int rc = 0;
	int fd;

	*out = -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	if (fd < 0 && errno == ELOOP && flags & O_NOFOLLOW)
		return mv_fail(err, MV_EDENIED, "'%s' is a symbolic link",
			       path);
	if (fd < 0)
		return mv_fail_errno(err, errno, "cannot open '%s'", path);

	if (fstat(fd, st) < 0)
		rc = mv_fail_errno(err, errno, "cannot stat '%s'", path);
	else if (!S_ISREG(st->st_mode))
		rc = mv_fail(err, MV_EDENIED, "'%s' is not a regular file",
			     path);
	if (rc < 0)
		close(fd);
	else
		*out = fd;
	return rc;
}

static int read_all(struct mv_buf *out, int fd, size_t expected,
		    const char *path, struct mv_err *err)
{
	size_t room = expected < out->max - out->len ?
		      expected + 1 : out->max - out->len;

	/* One byte more than expected shows in one call that it has ended. */
	for (;;) {
		size_t got;
		char probe;
		int rc;

		if (!room) {
			rc = mv_pread_full(fd, &probe, 1, out->len, &got,
					   path, err);
			if (!rc && got)
				rc = mv_fail(err, MV_ENOMEM,
					     "'%s' is larger than %zu bytes",
					     path, out->max);
			return rc;
		}
		if (mv_buf_reserve(out, room) < 0)
			return mv_nomem(err);
		rc = mv_pread_full(fd, out->data + out->len, room, out->len,
				   &got, path, err);
		out->len += got;
		out->data[out->len] = '\0';
		if (rc < 0 || got < room)
			return rc;
		room = out->max - out->len < 65536 ? out->max - out->len : 65536;
	}
}

int mv_read_file(struct mv_buf *out, const char *path, struct mv_err *err)
{
	struct stat st;
	int fd;
	int rc;

	mv_buf_clear(out);
	rc = open_regular(&fd, &st, path, 0, err);
	if (rc < 0)
		return rc;
	rc = read_all(out, fd, (size_t)st.st_size, path, err);
	if (rc < 0)
		mv_buf_clear(out);
	close(fd);
	return rc;
}

int mv_open_read(int *fd, struct stat *st, const char *path,
		 struct mv_err *err)
{
	struct stat own;

	return open_regular(fd, st ? st : &own, path, O_NOFOLLOW, err);
}

/* -- directories ---------------------------------------------------------- */

static int is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The folder that holds `path`, in fresh memory. */
static char *parent_of(const char *path)
{
	const char *end = path + strlen(path);

	while (end > path && end[-1] == '/')
		end--;
	while (end > path && end[-1] != '/')
		end--;
	while (end > path + 1 && end[-1] == '/')
		end--;
	return end == path ? strdup(".") : strndup(path, (size_t)(end - path));
}

/*
 * A new folder is made durable at once: a pack that is renamed into a folder
 * whose own name was never written would be lost with it.
 */
static int mkdir_one(const char *path, struct mv_err *err)
{
	char *parent = NULL;
	int rc = 0;

	if (mkdir(path, 0777) < 0) {
		rc = errno;
		if (rc == EEXIST && is_dir(path))
			return 0;
		return mv_fail_errno(err, rc, "cannot make the folder '%s'",
				     path);
	}
	parent = parent_of(path);
	rc = parent ? mv_fsync_dir(parent, err) : mv_nomem(err);
	free(parent);
	/* One may add to a folder that one may not list, and so not open. */
	return rc == MV_EDENIED ? 0 : rc;
}

int mv_mkdirs(const char *path, struct mv_err *err)
{
	char *copy, *p;
	int rc = 0;

	if (is_dir(path))
		return 0;
	copy = strdup(path);
	if (!copy)
		return mv_nomem(err);
	for (p = copy + (*copy == '/'); !rc && (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (!is_dir(copy))
			rc = mkdir_one(copy, err);
		*p = '/';
	}
	if (!rc)
		rc = mkdir_one(path, err);
	free(copy);
	return rc;
}

int mv_fsync_dir(const char *path, struct mv_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return mv_fail_errno(err, errno, "cannot open the folder '%s'",
				     path);
	/* EINVAL: a file system that cannot sync folders, and need not. */
	if (fsync(fd) < 0 && errno != EINVAL)
		rc = mv_fail_errno(err, errno, "cannot sync the folder '%s'",
				   path);
	close(fd);
	return rc;
}

int mv_each_entry(const char *dir, mv_dir_fn fn, void *payload,
		  struct mv_err *err)
{
	struct dirent *e;
	DIR *d;
	int rc = 0;

	d = opendir(dir);
	if (!d)
		return mv_fail_errno(err, errno, "cannot open the folder '%s'",
				     dir);
	while (!rc) {
		errno = 0;
		e = readdir(d);
		if (!e) {
			if (errno)
				rc = mv_fail_errno(err, errno,
						   "cannot list '%s'", dir);
			break;
		}
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = fn(payload, e->d_name, err);
	}
	closedir(d);
	return rc;
}

/* -- files that appear complete or not at all ----------------------------- */

int mv_tmp_open(struct mv_tmp *out, const char *dir, const char *prefix,
		struct mv_err *err)
{
	int rc;

	out->fd = -1;
	out->path = mv_strf("%s/%.64s-XXXXXX.tmp", dir, prefix);
	if (!out->path)
		return mv_nomem(err);
	out->fd = mkostemps(out->path, 4, O_CLOEXEC);
	if (out->fd >= 0)
		return 0;
	rc = mv_fail_errno(err, errno, "cannot make a file in '%s'", dir);
	free(out->path);
	out->path = NULL;
	return rc;
}

void mv_tmp_leave(struct mv_tmp *tmp)
{
	free(tmp->path);
	tmp->path = NULL;
	mv_tmp_discard(tmp);
}

void mv_tmp_discard(struct mv_tmp *tmp)
{
	if (tmp->fd >= 0)
		close(tmp->fd);
	if (tmp->path)
		unlink(tmp->path);
	free(tmp->path);
	tmp->fd = -1;
	tmp->path = NULL;
}

/* rename() that never replaces, also where the file system lacks the flag. */
static int rename_new(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(from, to) < 0)
		return -1;
	unlink(from);
	return 0;
}

static int seal(struct mv_tmp *tmp, mode_t mode, unsigned flags,
		const char *target, struct mv_err *err)
{
	int fd = tmp->fd;
	int rc = 0;

	if (fchmod(fd, mode) < 0 ||
	    (!(flags & MV_TMP_NO_SYNC) && fsync(fd) < 0))
		rc = mv_fail_errno(err, errno, "cannot write '%s'", target);
	tmp->fd = -1;
	if (close(fd) < 0 && !rc)
		rc = mv_fail_errno(err, errno, "cannot write '%s'", target);
	return rc;
}

/* Gives the file its name; whoever loses a race with KEEP_EXISTING is fine. */
static int publish(struct mv_tmp *tmp, const char *target, unsigned flags,
		   struct mv_err *err)
{
	int keep = flags & MV_TMP_KEEP_EXISTING;

	if (!(keep ? rename_new(tmp->path, target) :
		     rename(tmp->path, target))) {
		free(tmp->path);
		tmp->path = NULL;
		return 0;
	}
	if (keep && errno == EEXIST)
		return 0;
	return mv_fail_errno(err, errno, "cannot rename to '%s'", target);
}

int mv_tmp_commit(struct mv_tmp *tmp, const char *target, mode_t mode,
		  unsigned flags, struct mv_err *err)
{
	char *dir = NULL;
	int rc;

	rc = seal(tmp, mode, flags, target, err);
	if (!rc)
		rc = publish(tmp, target, flags, err);
	if (rc < 0 && flags & MV_TMP_LEAVE)
		mv_tmp_leave(tmp);
	mv_tmp_discard(tmp);
	if (rc < 0 || flags & MV_TMP_NO_SYNC)
		return rc;

	/* A kept target, too: its writer may not have come this far yet. */
	dir = parent_of(target);
	rc = dir ? mv_fsync_dir(dir, err) : mv_nomem(err);
	free(dir);
	return rc;
}

int mv_write_file(const char *path, const void *data, size_t len, mode_t mode,
		  unsigned flags, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	dir = parent_of(path);
	if (!dir)
		return mv_nomem(err);
	rc = mv_tmp_open(&tmp, dir, slash ? slash + 1 : path, err);
	if (!rc)
		rc = mv_write_full(tmp.fd, data, len, path, err);
	if (!rc)
		rc = mv_tmp_commit(&tmp, path, mode, flags, err);
	mv_tmp_discard(&tmp);
	free(dir);
	return rc;
}

/* -- the clock of a file system ------------------------------------------- */

void mv_fs_clock_read(struct mv_fs_clock *out, int dirfd,
		      const char *fallback)
{
	struct mv_tmp named = MV_TMP_INIT;
	struct stat st;
	int fd = openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	memset(out, 0, sizeof(*out));
	if (fd < 0 && fallback && !mv_tmp_open(&named, fallback, "clock", NULL))
		fd = named.fd;
	if (fd >= 0 && !fstat(fd, &st)) {
		out->dev = st.st_dev;
		out->now = st.st_mtim;
		out->known = 1;
	}
	if (fd >= 0 && fd != named.fd)
		close(fd);
	mv_tmp_discard(&named);
}

int mv_is_quiet(const struct stat *st, const struct mv_fs_clock *clock)
{
	return clock->known && st->st_dev == clock->dev &&
	       st->st_mtim.tv_sec < clock->now.tv_sec &&
	       st->st_ctim.tv_sec < clock->now.tv_sec;
}

/* -- read-only maps ------------------------------------------------------- */

int mv_map_open(struct mv_map *out, const char *path, struct mv_err *err)
{
	static const uint8_t nothing[1];
	struct stat st;
	void *p;
	int fd;
	int rc;

	out->data = nothing;
	out->len = 0;
	rc = open_regular(&fd, &st, path, 0, err);
	if (rc < 0)
		return rc;
	if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd,
			 0);
		if (p == MAP_FAILED) {
			rc = mv_fail_errno(err, errno, "cannot map '%s'", path);
		} else {
			out->data = p;
			out->len = (size_t)st.st_size;
		}
	}
	close(fd);
	return rc;
}

void mv_map_close(struct mv_map *map)
{
	if (map->len)
		munmap((void *)map->data, map->len);
	map->data = NULL;
	map->len = 0;
}

/* -- advisory locks ------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A file that is there and that we may only read can still be locked: it is
   another one's of our group, or a store that is somebody else's. */
static int open_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	const int why = errno;

	if (fd < 0 && (why == EACCES || why == EROFS)) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)	/* that it is not there is not why */
			errno = why;
	}
	return fd;
}

int mv_lock_take(struct mv_lock *out, const char *path,
		 enum mv_lock_mode mode, int timeout_ms, struct mv_err *err)
{
	int how = (mode == MV_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB;
	struct timespec pause = { 0, 1000000 };
	int64_t end = now_ms() + timeout_ms;
	int rc;

	out->fd = open_lock(path);
	if (out->fd < 0)
		return mv_fail_errno(err, errno, "cannot open the lock '%s'",
				     path);
	for (;;) {
		if (!flock(out->fd, how))
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			rc = mv_fail_errno(err, errno, "cannot lock '%s'",
					   path);
			break;
		}
		if (timeout_ms <= 0 || now_ms() >= end) {
			rc = mv_fail(err, MV_EBUSY,
				     "'%s' is locked by another process", path);
			break;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 32000000)
			pause.tv_nsec *= 2;
	}
	mv_lock_drop(out);
	return rc;
}

void mv_lock_drop(struct mv_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
