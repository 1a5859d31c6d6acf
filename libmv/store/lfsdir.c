/* SPDX-License-Identifier: MIT */
#include "libmv/store/lfsdir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/fs.h"

#define BLOCK ((size_t)1 << 20)

/* "<dir>/objects/ab/cd/<oid>" in fresh memory. */
static char *object_path(const char *dir, const struct mv_oid *oid)
{
	char hex[MV_OID_HEX + 1];

	mv_oid_hex(hex, oid);
	return mv_strf("%s/objects/%.2s/%.2s/%s", dir, hex, hex + 2, hex);
}

static int open_object(char **path, int *fd, struct stat *st, const char *dir,
		       const struct mv_oid *oid, struct mv_err *err)
{
	*fd = -1;
	*path = object_path(dir, oid);
	if (!*path)
		return mv_nomem(err);
	return mv_open_read(fd, st, *path, err);
}

int mv_lfsdir_has(const char *dir, const struct mv_oid *oid, uint64_t *size,
		  struct mv_err *err)
{
	struct stat st;
	char *path;
	int fd, rc;

	rc = open_object(&path, &fd, &st, dir, oid, err);
	if (!rc && size)
		*size = (uint64_t)st.st_size;
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

int mv_lfsdir_read_at(const char *dir, const struct mv_oid *oid, uint64_t off,
		      void *data, size_t len, size_t *got, struct mv_err *err)
{
	struct stat st;
	char *path;
	int fd, rc;

	*got = 0;
	rc = open_object(&path, &fd, &st, dir, oid, err);
	if (!rc)
		rc = mv_pread_full(fd, data, len, off, got, path, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* -- reading all ---------------------------------------------------------- */

static int check_sum(struct mv_hasher *hasher, const struct mv_oid *oid,
		     const char *path, struct mv_err *err)
{
	struct mv_oid sum;
	int rc;

	rc = mv_hasher_final(sum.b, hasher, err);
	if (!rc && !mv_oid_eq(&sum, oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "the LFS object '%s' is damaged: its sha256 is another",
			     path);
	return rc;
}

/* One piece behind: the last one waits until the sum is known. */
static int copy_verified(struct mv_writer *out, int fd, const char *path,
			 const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	char *mem = malloc(2 * BLOCK), *piece = mem, *next;
	size_t len = 0, got = 0;
	uint64_t off = 0;
	int rc;

	rc = mem ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
		   mv_nomem(err);
	while (!rc) {
		next = piece == mem ? mem + BLOCK : mem;
		rc = mv_pread_full(fd, next, BLOCK, off, &got, path, err);
		if (!rc && got)
			rc = mv_hasher_update(hasher, next, got, err);
		else if (!rc)
			rc = check_sum(hasher, oid, path, err);
		if (!rc && len)
			rc = out->write(out->payload, piece, len, err);
		if (!got)
			break;
		off += got;
		piece = next;
		len = got;
	}
	mv_hasher_free(hasher);
	free(mem);
	return rc;
}

int mv_lfsdir_read(const char *dir, const struct mv_oid *oid,
		   struct mv_writer *out, struct mv_err *err)
{
	struct stat st;
	char *path;
	int fd, rc;

	rc = open_object(&path, &fd, &st, dir, oid, err);
	if (!rc)
		rc = copy_verified(out, fd, path, oid, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* -- writing -------------------------------------------------------------- */

static int take_all(struct mv_oid *oid, uint64_t *size, struct mv_tmp *tmp,
		    struct mv_reader *in, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	char *mem = malloc(BLOCK);
	size_t got;
	int rc;

	*size = 0;
	rc = mem ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
		   mv_nomem(err);
	while (!rc) {
		rc = mv_read_full(in, mem, BLOCK, &got, err);
		if (rc || !got)
			break;
		rc = mv_hasher_update(hasher, mem, got, err);
		if (!rc)
			rc = mv_write_full(tmp->fd, mem, got, tmp->path, err);
		*size += got;
	}
	if (!rc)
		rc = mv_hasher_final(oid->b, hasher, err);
	mv_hasher_free(hasher);
	free(mem);
	return rc;
}

/*
 * Rights follow the folder above, as in our own store: who may go on in the
 * repository may go on here, and what root makes in it is theirs. Not where
 * anybody may make folders (/tmp): there is nothing to be followed.
 */
static void lfsdir_follow(const char *path, const struct stat *above)
{
	const mode_t too = above->st_mode & (S_IRWXG | S_IROTH | S_IXOTH |
					     S_ISGID);
	/* What was made just now, not what somebody has put there since. */
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && !(above->st_mode & S_ISVTX)) {
		if (!geteuid())
			(void)!fchown(fd, above->st_uid, above->st_gid);
		else if (above->st_mode & S_IWGRP &&
			 st.st_gid != above->st_gid)
			(void)!fchown(fd, (uid_t)-1, above->st_gid);
		if ((st.st_mode & too) != too)
			(void)!fchmod(fd, (st.st_mode & 07777) | too);
	}
	if (fd >= 0)
		close(fd);
}

/* <up>/<name>, durably: a folder is an entry in the one above it. */
static int make_in(char **path, const char *up, const char *name, size_t len,
		   struct mv_err *err)
{
	struct stat above;
	int rc = 0;

	*path = mv_strf("%s/%.*s", up, (int)len, name);
	if (!*path)
		return mv_nomem(err);
	if (!access(*path, F_OK))
		return 0;
	rc = mv_mkdirs(*path, err);
	if (!rc && !stat(up, &above))
		lfsdir_follow(*path, &above);
	return rc ? rc : mv_fsync_dir(up, err);
}

/* <dir> itself, which lfs.storage may put anywhere. */
static int make_top(const char *dir, struct mv_err *err)
{
	char *up = mv_strf("%s/..", dir);
	struct stat above;
	int rc = up ? 0 : mv_nomem(err);

	if (!rc && access(dir, F_OK)) {
		rc = mv_mkdirs(dir, err);
		if (!rc && !stat(up, &above))
			lfsdir_follow(dir, &above);
	}
	free(up);
	return rc;
}

static int make_folder(const char *dir, const struct mv_oid *oid,
		       struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	char *objects = NULL, *first = NULL, *second = NULL;
	int rc;

	mv_oid_hex(hex, oid);
	rc = make_in(&objects, dir, "objects", 7, err);
	if (!rc)
		rc = make_in(&first, objects, hex, 2, err);
	if (!rc)
		rc = make_in(&second, first, hex + 2, 2, err);
	free(second);
	free(first);
	free(objects);
	return rc;
}

static int discard(void *payload, const void *data, size_t len,
		   struct mv_err *err)
{
	(void)payload;
	(void)data;
	(void)len;
	(void)err;
	return 0;
}

/* A good object is kept; a damaged one must not be taken for stored. */
static int is_good(const char *dir, const struct mv_oid *oid, uint64_t size)
{
	struct mv_writer nowhere = { discard, NULL };
	uint64_t present;

	return !mv_lfsdir_has(dir, oid, &present, NULL) && present == size &&
	       !mv_lfsdir_read(dir, oid, &nowhere, NULL);
}

static int publish(struct mv_tmp *tmp, const char *dir,
		   const struct mv_oid *oid, uint64_t size,
		   struct mv_err *err)
{
	unsigned flags = 0;
	struct stat st;
	char *path;
	int rc;

	rc = make_folder(dir, oid, err);
	if (rc)
		return rc;
	path = object_path(dir, oid);
	if (!path)
		return mv_nomem(err);
	if (!geteuid() && !stat(dir, &st))
		(void)!fchown(tmp->fd, st.st_uid, st.st_gid);
	if (is_good(dir, oid, size))
		flags = MV_TMP_KEEP_EXISTING;
	rc = mv_tmp_commit(tmp, path, 0644, flags, err);
	free(path);
	return rc;
}

int mv_lfsdir_put(struct mv_oid *oid, uint64_t *size, const char *dir,
		  struct mv_reader *in, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	char *folder = NULL;
	int rc = make_top(dir, err);

	if (!rc)
		rc = make_in(&folder, dir, "tmp", 3, err);
	if (!rc)
		rc = mv_tmp_open(&tmp, folder, "git-model", err);
	if (!rc)
		rc = take_all(oid, size, &tmp, in, err);
	if (!rc && *size)
		rc = publish(&tmp, dir, oid, *size, err);
	mv_tmp_discard(&tmp);
	free(folder);
	return rc;
}
