/* SPDX-License-Identifier: MIT */
#include "libmv/store/lfsdir.h"

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
	int fd, ret;

	ret = open_object(&path, &fd, &st, dir, oid, err);
	if (!ret && size)
		*size = (uint64_t)st.st_size;
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

int mv_lfsdir_read_at(const char *dir, const struct mv_oid *oid, uint64_t off,
		      void *data, size_t len, size_t *got, struct mv_err *err)
{
	struct stat st;
	char *path;
	int fd, ret;

	*got = 0;
	ret = open_object(&path, &fd, &st, dir, oid, err);
	if (!ret)
		ret = mv_pread_full(fd, data, len, off, got, path, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

/* -- reading all -- */

static int check_sum(struct mv_hasher *hasher, const struct mv_oid *oid,
		     const char *path, struct mv_err *err)
{
	struct mv_oid sum;
	int ret;

	ret = mv_hasher_final(sum.b, hasher, err);
	if (!ret && !mv_oid_eq(&sum, oid))
		ret = mv_fail(err, MV_ECORRUPT,
			      "the LFS object '%s' is damaged: its sha256 is another",
			      path);
	return ret;
}

/* One piece behind: the last one waits until the sum is known. */
static int copy_verified(struct mv_writer *out, int fd, const char *path,
			 const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	char *mem = malloc(2 * BLOCK), *piece = mem, *next;
	size_t len = 0, got = 0;
	uint64_t off = 0;
	int ret;

	ret = mem ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
		    mv_nomem(err);
	while (!ret) {
		next = piece == mem ? mem + BLOCK : mem;
		ret = mv_pread_full(fd, next, BLOCK, off, &got, path, err);
		if (!ret && got)
			ret = mv_hasher_update(hasher, next, got, err);
		else if (!ret)
			ret = check_sum(hasher, oid, path, err);
		if (!ret && len)
			ret = out->write(out->payload, piece, len, err);
		if (!got)
			break;
		off += got;
		piece = next;
		len = got;
	}
	mv_hasher_free(hasher);
	free(mem);
	return ret;
}

int mv_lfsdir_read(const char *dir, const struct mv_oid *oid,
		   struct mv_writer *out, struct mv_err *err)
{
	struct stat st;
	char *path;
	int fd, ret;

	ret = open_object(&path, &fd, &st, dir, oid, err);
	if (!ret)
		ret = copy_verified(out, fd, path, oid, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

struct target {
	int fd;
	const char *path;
};

static int target_write(void *payload, const void *data, size_t len,
			struct mv_err *err)
{
	struct target *t = payload;

	return mv_write_full(t->fd, data, len, t->path, err);
}

int mv_lfsdir_restore(const char *dir, const struct mv_oid *oid,
		      uint64_t size, int fd, const char *path,
		      struct mv_err *err)
{
	struct target target = { fd, path };
	struct mv_writer out = { target_write, &target };
	struct stat st;
	char *from;
	int in, ret;

	ret = open_object(&from, &in, &st, dir, oid, err);
	if (!ret && (uint64_t)st.st_size != size)
		ret = mv_fail(err, MV_ECORRUPT,
			      "the LFS object '%s' has %llu bytes, its pointer says %llu",
			      from, (unsigned long long)st.st_size,
			      (unsigned long long)size);
	if (!ret)
		ret = copy_verified(&out, in, from, oid, err);
	if (in >= 0)
		close(in);
	free(from);
	return ret;
}

/* -- writing -- */

static int take_all(struct mv_oid *oid, uint64_t *size, struct mv_tmp *tmp,
		    struct mv_reader *in, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	char *mem = malloc(BLOCK);
	size_t got;
	int ret;

	*size = 0;
	ret = mem ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
		    mv_nomem(err);
	while (!ret) {
		ret = mv_read_full(in, mem, BLOCK, &got, err);
		if (ret || !got)
			break;
		ret = mv_hasher_update(hasher, mem, got, err);
		if (!ret)
			ret = mv_write_full(tmp->fd, mem, got, tmp->path, err);
		*size += got;
	}
	if (!ret)
		ret = mv_hasher_final(oid->b, hasher, err);
	mv_hasher_free(hasher);
	free(mem);
	return ret;
}

/*
 * The folder for the object, durably: a folder that was made just now is an
 * entry in its parent, which has to reach the disk as well.
 */
static int make_folder(const char *dir, const struct mv_oid *oid,
		       struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	char *objects, *first = NULL, *second = NULL;
	int ret = 0;

	mv_oid_hex(hex, oid);
	objects = mv_strf("%s/objects", dir);
	first = mv_strf("%s/objects/%.2s", dir, hex);
	second = mv_strf("%s/objects/%.2s/%.2s", dir, hex, hex + 2);
	if (!objects || !first || !second)
		ret = mv_nomem(err);
	else if (access(second, F_OK) < 0) {
		ret = mv_mkdirs(second, err);
		if (!ret)
			ret = mv_fsync_dir(first, err);
		if (!ret)
			ret = mv_fsync_dir(objects, err);
		if (!ret)
			ret = mv_fsync_dir(dir, err);
	}
	free(second);
	free(first);
	free(objects);
	return ret;
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
	char *path;
	int ret;

	ret = make_folder(dir, oid, err);
	if (ret)
		return ret;
	path = object_path(dir, oid);
	if (!path)
		return mv_nomem(err);
	if (is_good(dir, oid, size))
		flags = MV_TMP_KEEP_EXISTING;
	ret = mv_tmp_commit(tmp, path, 0644, flags, err);
	free(path);
	return ret;
}

int mv_lfsdir_put(struct mv_oid *oid, uint64_t *size, const char *dir,
		  struct mv_reader *in, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	char *folder = mv_path_join(dir, "tmp");
	int ret;

	ret = folder ? mv_mkdirs(folder, err) : mv_nomem(err);
	if (!ret)
		ret = mv_tmp_open(&tmp, folder, "git-model", err);
	if (!ret)
		ret = take_all(oid, size, &tmp, in, err);
	if (!ret && *size)
		ret = publish(&tmp, dir, oid, *size, err);
	mv_tmp_discard(&tmp);
	free(folder);
	return ret;
}
