/* SPDX-License-Identifier: MIT */
#include "libmv/base/worktree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libmv/base/buf.h"
#include "libmv/base/fs.h"
#include "libmv/base/utf8.h"

/* Folders are held by descriptor only; they need not be readable. */
#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* O_NONBLOCK: a FIFO that stands where a file should must not hang us. */
#define READ_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* -- names that we never touch -------------------------------------------- */

/*
 * Code points that a file system may ignore when it compares names: those of
 * HFS+ and the default ignorable ones of Unicode, as ext4's casefold does.
 */
static int is_ignorable(uint32_t cp)
{
	static const struct { uint32_t first, last; } range[] = {
		{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c },
		{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfff8 }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }
	};

	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		if (cp >= range[i].first && cp <= range[i].last)
			return 1;
	return 0;
}

/*
 * Could some file system take this name for `want` (lower case)? Equal but
 * for case and ignorable code points, and at the end dots, spaces (Windows
 * drops them) or ":stream" (NTFS).
 */
static int looks_like(const char *s, size_t len, const char *want)
{
	while (len) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		if (!n)
			return 0;
		s += n;
		len -= n;
		if (is_ignorable(cp))
			continue;
		if (*want) {
			if (cp >= 'A' && cp <= 'Z')
				cp += 'a' - 'A';
			if (cp != (uint8_t)*want++)
				return 0;
		} else if (cp == ':') {
			return 1;
		} else if (cp != '.' && cp != ' ') {
			return 0;
		}
	}
	return !*want;
}

/* A backslash separates on some systems: each piece is looked at, too. */
static int looks_like_git(const char *s, size_t len)
{
	while (len) {
		const char *sep = memchr(s, '\\', len);
		size_t n = sep ? (size_t)(sep - s) : len;

		if (looks_like(s, n, ".git") || looks_like(s, n, "git~1"))
			return 1;
		if (!sep)
			break;
		s += n + 1;
		len -= n + 1;
	}
	return 0;
}

static int worktree_refuse(const char *path, const char *why,
			   struct mv_err *err)
{
	return mv_fail(err, MV_EDENIED, "refusing '%s': %s", path, why);
}

int mv_wt_check_path(const char *path, struct mv_err *err)
{
	const char *s = path;

	if (!*path)
		return worktree_refuse(path, "the path is empty", err);
	if (*path == '/')
		return worktree_refuse(path, "the path is absolute", err);
	for (;;) {
		size_t n = strcspn(s, "/");

		if (!n)
			return worktree_refuse(path, "a component is empty",
					       err);
		if (s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')))
			return worktree_refuse(path,
					       "it has a '.' or '..' component",
					       err);
		if (looks_like_git(s, n))
			return worktree_refuse(path,
					       "a component could mean '.git'",
					       err);
		if (!s[n])
			return 0;
		s += n + 1;
	}
}

/* -- opening without following links -------------------------------------- */

static int openat2_beneath(int rootfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS
	};

	return (int)syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
}

static int is_link(int dirfd, const char *name)
{
	struct stat st;

	return !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISLNK(st.st_mode);
}

/* One folder down, never through a link; missing ones are made on request. */
static int worktree_step(int dirfd, const char *name, int mkdirs)
{
	int fd;

	if (mkdirs && mkdirat(dirfd, name, 0777) < 0 && errno != EEXIST)
		return -1;
	fd = openat(dirfd, name, DIR_FLAGS | O_NOFOLLOW);
	/* With O_DIRECTORY the kernel says ENOTDIR of links, too. */
	if (fd < 0 && errno == ENOTDIR)
		errno = is_link(dirfd, name) ? ELOOP : ENOTDIR;
	return fd;
}

/*
 * The slow way: one descriptor for each component. `path` was checked, so
 * that no component leads upwards. `path` "" is the root itself.
 */
static int worktree_walk(int rootfd, const char *path, int mkdirs)
{
	char *copy = strdup(path);
	char *s = copy;
	int fd, next, e;

	if (!copy) {
		errno = ENOMEM;
		return -1;
	}
	fd = openat(rootfd, ".", DIR_FLAGS);
	while (fd >= 0 && *s) {
		size_t n = strcspn(s, "/");
		int last = !s[n];

		s[n] = '\0';
		next = worktree_step(fd, s, 0);
		if (next < 0 && errno == ENOENT && mkdirs)
			next = worktree_step(fd, s, 1);
		e = errno;
		close(fd);
		errno = e;
		fd = next;
		s += n + !last;
	}
	e = errno;
	free(copy);
	errno = e;
	return fd;
}

/* The part of a checked path before the last '/', in fresh memory. */
static char *worktree_split(const char **name, const char *path)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return strndup(path, slash ? (size_t)(slash - path) : 0);
}

static int walk_open(int rootfd, const char *path, int flags)
{
	const char *name;
	char *parent = worktree_split(&name, path);
	int dirfd, fd, e;

	if (!parent) {
		errno = ENOMEM;
		return -1;
	}
	dirfd = worktree_walk(rootfd, parent, 0);
	fd = dirfd < 0 ? -1 : openat(dirfd, name, flags | O_NOFOLLOW);
	e = errno;
	if (dirfd >= 0)
		close(dirfd);
	free(parent);
	errno = e;
	return fd;
}

/*
 * EPERM and EINVAL come from sandboxes and old kernels that do not know the
 * call, EAGAIN from a rename somewhere on the machine during the look-up;
 * the walk decides then, and is no less strict.
 */
static int use_walk(int e)
{
	return e == ENOSYS || e == EPERM || e == EINVAL || e == E2BIG ||
	       e == EAGAIN;
}

static int open_beneath(int rootfd, const char *path, int flags)
{
	int fd = openat2_beneath(rootfd, path, flags);

	if (fd < 0 && use_walk(errno))
		fd = walk_open(rootfd, path, flags);
	return fd;
}

static int open_dir(int rootfd, const char *dir, int mkdirs)
{
	int fd = openat2_beneath(rootfd, *dir ? dir : ".", DIR_FLAGS);

	if (fd < 0 && (use_walk(errno) || (mkdirs && errno == ENOENT)))
		fd = worktree_walk(rootfd, dir, mkdirs);
	return fd;
}

/* The meaning of errno for a name that strangers chose. */
static int fail_open(const char *path, int e, struct mv_err *err)
{
	switch (e) {
	case ELOOP:
	case EXDEV:
		return worktree_refuse(path, "a symbolic link is in the way",
				       err);
	case ENXIO:
		return worktree_refuse(path, "it is not a regular file", err);
	case ENOTDIR:
		return mv_fail(err, MV_ENOENT,
			       "'%s' does not exist: a file is in the way", path);
	default:
		return mv_fail_errno(err, e, "cannot open '%s'", path);
	}
}

/* Takes the descriptor: what is no regular file is closed again. */
static int accept_regular(int *out, struct stat *st, int fd, const char *path,
			  struct mv_err *err)
{
	int rc = 0;

	*out = -1;
	if (fd < 0)
		return fail_open(path, errno, err);
	if (fstat(fd, st) < 0)
		rc = mv_fail_errno(err, errno, "cannot stat '%s'", path);
	else if (!S_ISREG(st->st_mode))
		rc = worktree_refuse(path, "it is not a regular file", err);
	if (rc < 0)
		close(fd);
	else
		*out = fd;
	return rc;
}

int mv_wt_open_read(int *fd, struct stat *st, int rootfd, const char *path,
		    struct mv_err *err)
{
	struct stat own;
	int rc;

	*fd = -1;
	rc = mv_wt_check_path(path, err);
	if (rc < 0)
		return rc;
	return accept_regular(fd, st ? st : &own,
			      open_beneath(rootfd, path,
					   READ_FLAGS), path, err);
}

/* -- replacing ------------------------------------------------------------ */

/* A name that nobody could have put in our way beforehand. */
#define TMP_HEAD ".git-model-"
#define TMP_HEX 16
#define TMP_TAIL ".tmp"

static char *random_name(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return NULL;
	return mv_strf(TMP_HEAD "%016llx" TMP_TAIL, (unsigned long long)r);
}

static int is_tmp_name(const char *s)
{
	const size_t head = sizeof(TMP_HEAD) - 1;

	return !strncmp(s, TMP_HEAD, head) &&
	       strspn(s + head, "0123456789abcdef") == TMP_HEX &&
	       !strcmp(s + head + TMP_HEX, TMP_TAIL);
}

int mv_wt_is_tmp(const char *path)
{
	const char *slash = strrchr(path, '/');

	return is_tmp_name(slash ? slash + 1 : path);
}

/*
 * From now on nobody sweeps it away. 0 when somebody was faster. Where the
 * file system has no locks, nobody sweeps either.
 */
static int keep_tmp(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno != EWOULDBLOCK;
	return fstat(fd, &st) < 0 || st.st_nlink;
}

static int make_tmp(struct mv_wt_file *f, mode_t mode, const char *path,
		    struct mv_err *err)
{
	for (int i = 0; i < 100; i++) {
		f->tmp = random_name();
		if (!f->tmp)
			return mv_nomem(err);
		/* The kernel applies the umask: we could not ask for it
		 * without changing it for all threads. */
		f->fd = openat(f->dirfd, f->tmp, O_RDWR | O_CREAT | O_EXCL |
			       O_NOFOLLOW | O_CLOEXEC, mode);
		if (f->fd >= 0 && keep_tmp(f->fd))
			return 0;
		if (f->fd >= 0) {
			close(f->fd);
			f->fd = -1;
			errno = EEXIST;
		}
		free(f->tmp);
		f->tmp = NULL;
		if (errno != EEXIST)
			break;
	}
	return mv_fail_errno(err, errno, "cannot make a file beside '%s'",
			     path);
}

int mv_wt_replace(struct mv_wt_file *out, int rootfd, const char *path,
		  int executable, int mkdirs, struct mv_err *err)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;
	char *parent = NULL;
	const char *name;
	int rc;

	*out = f;
	rc = mv_wt_check_path(path, err);
	if (rc < 0)
		return rc;
	parent = worktree_split(&name, path);
	f.name = strdup(name);
	if (!parent || !f.name) {
		rc = mv_nomem(err);
		goto out;
	}
	f.dirfd = open_dir(rootfd, parent, mkdirs);
	if (f.dirfd < 0) {
		rc = fail_open(path, errno, err);
		goto out;
	}
	rc = make_tmp(&f, executable ? 0777 : 0666, path, err);
	if (rc < 0)
		goto out;
	*out = f;
	f = (struct mv_wt_file)MV_WT_FILE_INIT;
out:
	free(parent);
	mv_wt_discard(&f);
	return rc;
}

int mv_wt_current(const struct mv_wt_file *file, char *data, size_t max,
		  size_t *len, struct stat *st, struct mv_err *err)
{
	struct stat own;
	size_t got = 0;
	ssize_t n = 1;
	int fd;
	int rc;

	*len = 0;
	st = st ? st : &own;
	rc = accept_regular(&fd, st,
			    openat(file->dirfd, file->name, READ_FLAGS),
			    file->name, err);
	if (rc < 0)
		return rc;
	while (got < max && n > 0) {
		n = read(fd, data + got, max - got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			got += (size_t)n;
	}
	if (n < 0)
		rc = mv_fail_errno(err, errno, "cannot read '%s'", file->name);
	/* It may have shrunk or grown since the stat: believe the bytes. */
	*len = got < max ? got : (size_t)st->st_size;
	if (*len < got)
		*len = got;
	close(fd);
	return rc;
}

/*
 * Some file systems report a lost write only at close(); the descriptor is
 * still needed for the stat afterwards, so a copy of it is closed.
 */
static int flush(int fd, const char *name, struct mv_err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0 || close(copy) < 0)
		return mv_fail_errno(err, errno, "cannot write '%s'", name);
	return 0;
}

/*
 * rename() itself replaces a link, not what it points to, and refuses a
 * folder; the look before only gives a kept link and a clear message.
 */
static int may_replace(const struct mv_wt_file *f, struct mv_err *err)
{
	struct stat st;

	if (fstatat(f->dirfd, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return mv_fail_errno(err, errno, "cannot stat '%s'", f->name);
	}
	if (!S_ISREG(st.st_mode))
		return worktree_refuse(f->name,
				       "what stands there is not a regular file",
				       err);
	return 0;
}

static int rename_into_place(struct mv_wt_file *f, struct mv_err *err)
{
	if (renameat(f->dirfd, f->tmp, f->dirfd, f->name) < 0) {
		if (errno == EISDIR)
			return worktree_refuse(f->name, "a folder stands there",
					       err);
		return mv_fail_errno(err, errno, "cannot replace '%s'",
				     f->name);
	}
	free(f->tmp);
	f->tmp = NULL;
	return 0;
}

/*
 * Now, by the clock of the file system, less a nanosecond: stamps are those
 * of the kernel's last tick, and a write that follows within the same tick
 * gets another one that way. Where times cannot be set, that of the last
 * byte has to do.
 */
static void set_time(int fd)
{
	struct timespec t[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	struct stat st;

	if (futimens(fd, t) || fstat(fd, &st) || !st.st_mtim.tv_nsec)
		return;
	t[1] = st.st_mtim;
	t[1].tv_nsec--;
	(void)futimens(fd, t);
}

int mv_wt_commit(struct mv_wt_file *file, struct stat *st,
		 struct mv_err *err)
{
	int rc;

	set_time(file->fd);
	rc = flush(file->fd, file->name, err);
	if (!rc)
		rc = may_replace(file, err);
	if (!rc)
		rc = rename_into_place(file, err);
	/* Of our descriptor, not of the name: these are the bytes that we
	 * wrote, whatever another process has put there meanwhile. */
	if (!rc && st && fstat(file->fd, st) < 0)
		rc = mv_fail_errno(err, errno, "cannot stat '%s'", file->name);
	mv_wt_discard(file);
	return rc;
}

void mv_wt_discard(struct mv_wt_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->tmp)
		unlinkat(file->dirfd, file->tmp, 0);
	if (file->dirfd >= 0)
		close(file->dirfd);
	free(file->tmp);
	free(file->name);
	*file = (struct mv_wt_file)MV_WT_FILE_INIT;
}

int mv_wt_write(int rootfd, const char *path, int executable, const void *data,
		size_t len, struct mv_err *err)
{
	struct mv_wt_file file = MV_WT_FILE_INIT;
	int rc = mv_wt_replace(&file, rootfd, path, executable, 1, err);

	if (!rc)
		rc = mv_write_full(file.fd, data, len, path, err);
	if (!rc)
		rc = mv_wt_commit(&file, NULL, err);
	mv_wt_discard(&file);
	return rc;
}

/* -- what killed processes left ------------------------------------------- */

static void sweep_one(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, READ_FLAGS);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(dirfd, name, 0);
	close(fd);
}

void mv_wt_sweep(int rootfd, const char *path)
{
	const char *name;
	char *parent = mv_wt_check_path(path, NULL) ? NULL :
						      worktree_split(&name,
								     path);
	int dirfd = parent ? open_dir(rootfd, parent, 0) : -1;
	int fd = dirfd < 0 ? -1 : openat(dirfd, ".", O_RDONLY | O_DIRECTORY |
					 O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (is_tmp_name(e->d_name))
			sweep_one(dirfd, e->d_name);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	if (dirfd >= 0)
		close(dirfd);
	free(parent);
}
