/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"
#include "libmv/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * How files get their names in the store, and who may read them.
 *
 * Rights follow the store's own folder, whose mode somebody chose: by their
 * umask, by core.sharedRepository, or by hand. What it lets a group or the
 * world do, its folders and files do too, and no more than that.
 */
static mode_t store_mode(const struct mv_store *store)
{
	struct stat st;

	return stat(store->dir, &st) < 0 ? 0755 : st.st_mode & 07777;
}

mode_t mv_store_file_mode(const struct mv_store *store)
{
	return store_mode(store) & 0444;
}

/* Ours alone to change, and only where we made it. */
static void follow_mode(const char *path, mode_t want)
{
	struct stat st;

	if (!stat(path, &st) && (st.st_mode & 07777) != want)
		(void)!chmod(path, want);
}

/* What root makes in somebody's store is theirs: they could not go on
   otherwise. */
static void follow_owner(const struct mv_store *store, const char *path)
{
	struct stat st;

	if (!geteuid() && !stat(store->dir, &st))
		(void)!lchown(path, st.st_uid, st.st_gid);
}

void mv_store_share_file(const struct mv_store *store, int fd)
{
	struct stat st;

	if (stat(store->dir, &st) < 0)
		return;
	if (!geteuid())
		(void)!fchown(fd, st.st_uid, st.st_gid);
	/* Whoever else may write here may go on with it when we are killed. */
	if (st.st_mode & 0022)
		(void)!fchmod(fd, (st.st_mode & 0666) | 0600);
}

/* As git does it: who may read a folder may enter it. */
static mode_t share_of_dir(const struct mv_store *store)
{
	mode_t share = store->options.share;

	return share | (share & 0444) >> 2;
}

int mv_store_lacks_share(const struct mv_store *store)
{
	mode_t share = share_of_dir(store);
	struct stat st;

	return share && store->options.flags & MV_STORE_CREATE &&
	       !stat(store->dir, &st) && st.st_uid == geteuid() &&
	       (st.st_mode & share) != share;
}

/* What is made in it has its group. The folder around it says whose it is. */
void mv_store_share_dir(struct mv_store *store, int made)
{
	char *up = mv_path_join(store->dir, "..");
	mode_t share = share_of_dir(store);
	struct stat st, above;

	if (up && !stat(store->dir, &st) && !stat(up, &above)) {
		if (made && !geteuid())
			(void)!chown(store->dir, above.st_uid, above.st_gid);
		else if (made && share && st.st_gid != above.st_gid)
			(void)!chown(store->dir, (uid_t)-1, above.st_gid);
		if (share && (st.st_mode & share) != share)
			(void)!chmod(store->dir, (st.st_mode & 07777) | share |
						 S_ISGID);
	}
	free(up);
}

int mv_store_mkdir(struct mv_store *store, const char *name,
		   struct mv_err *err)
{
	char *path = mv_path_join(store->dir, name);
	struct stat st;
	int rc;

	if (!path)
		return mv_nomem(err);
	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		if (store->options.share && st.st_uid == geteuid())
			follow_mode(path, store_mode(store));
		free(path);
		return 0;
	}
	rc = mv_mkdirs(path, err);
	if (!rc) {
		follow_mode(path, store_mode(store));
		follow_owner(store, path);
	}
	free(path);
	return rc;
}

int mv_store_make_lock(struct mv_store *store, const char *name,
		       struct mv_err *err)
{
	char *path = mv_path_join(store->dir, name);
	int fd, rc = 0;

	if (!path)
		return mv_nomem(err);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0) {
		follow_mode(path, store_mode(store) & 0666);
		follow_owner(store, path);
	} else if (errno != EEXIST) {
		rc = mv_fail_errno(err, errno, "cannot make '%s'", path);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* bad/<name>; a name that is taken gets a number. */
static char *bad_name(struct mv_store *store, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char *target = NULL;

	for (int i = 0; i < 1000; i++) {
		free(target);
		target = i ? mv_strf("%s/bad/%s.%d", store->dir, name, i)
			   : mv_strf("%s/bad/%s", store->dir, name);
		if (!target || access(target, F_OK))
			break;
	}
	return target;
}

int mv_store_put_aside(struct mv_store *store, const char *path, int stay,
		       struct mv_err *err)
{
	char *target, *dir;
	int rc;

	rc = mv_store_mkdir(store, "bad", err);
	if (rc)
		return rc;
	dir = mv_path_join(store->dir, "bad");
	target = bad_name(store, path);
	if (!dir || !target)
		rc = mv_nomem(err);
	else if ((!stay || link(path, target) < 0) && rename(path, target) < 0)
		rc = mv_fail_errno(err, errno, "cannot move '%s' to '%s'",
				   path, target);
	if (!rc)
		rc = mv_fsync_dir(dir, err);
	free(target);
	free(dir);
	return rc;
}

#define COMPARE_STEP (256u * 1024)

static int same_bytes(int a, int b, uint8_t *buf, const char *path)
{
	uint64_t off = 0;
	size_t n, m;

	for (;;) {
		if (mv_pread_full(a, buf, COMPARE_STEP, off, &n, path, NULL) ||
		    mv_pread_full(b, buf + COMPARE_STEP, COMPARE_STEP, off, &m,
				  path, NULL) ||
		    n != m || memcmp(buf, buf + COMPARE_STEP, n))
			return 0;
		if (!n)
			return 1;
		off += n;
	}
}

/* Is there a file of that name which is not what the name says? */
static int is_damaged(int ours, const char *target, int *damaged,
		      struct mv_err *err)
{
	uint8_t *buf;
	int fd, rc;

	*damaged = 0;
	rc = mv_open_read(&fd, NULL, target, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	buf = malloc(2 * COMPARE_STEP);
	if (buf)
		*damaged = !same_bytes(ours, fd, buf, target);
	free(buf);
	close(fd);
	return buf ? 0 : mv_nomem(err);
}

/*
 * Names say the content, so an existing file is normally kept. But one that
 * was damaged since must not swallow good bytes: it goes to bad/. 1: it did.
 */
int mv_store_make_way(struct mv_store *store, int fd, const char *target,
		      struct mv_err *err)
{
	int damaged, rc = is_damaged(fd, target, &damaged, err);

	if (!rc && damaged)
		rc = mv_store_put_aside(store, target, 1, err);
	return rc ? rc : damaged;
}

/*
 * The lock on a temporary file is what tells recovery that it has an owner;
 * mv_tmp_commit() closes the descriptor before it renames, so hold on to it.
 */
int mv_store_publish(struct mv_store *store, struct mv_tmp *tmp,
		     const char *target, unsigned flags, struct mv_err *err)
{
	int lock = fcntl(tmp->fd, F_DUPFD_CLOEXEC, 0);
	int rc;

	if (lock < 0)
		return mv_fail_errno(err, errno,
				     "cannot duplicate a descriptor");
	rc = mv_store_make_way(store, lock, target, err);
	if (rc >= 0)
		rc = mv_tmp_commit(tmp, target, mv_store_file_mode(store),
				   rc ? flags : flags | MV_TMP_KEEP_EXISTING,
				   err);
	close(lock);
	return rc;
}
