/* SPDX-License-Identifier: MIT */
#include "libmv/store/lfsdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/* -- piece by piece ------------------------------------------------------- */

struct mv_lfsdir_part {
	char *dir;
	struct mv_oid oid;
	uint64_t size, have;
	struct mv_tmp tmp;
	struct mv_hasher *hasher;
	int shared;		/* under the name that others go on with */
};

/* The file of that name, for us alone; MV_EBUSY: somebody has it. */
static int open_shared(struct mv_lfsdir_part *part, const char *folder,
		       struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct stat st, named;

	part->tmp.path = mv_strf("%s/%s-git-model.part", folder,
				 mv_oid_hex(hex, &part->oid));
	if (!part->tmp.path)
		return mv_nomem(err);
	part->tmp.fd = open(part->tmp.path, O_RDWR | O_CREAT | O_NOFOLLOW |
			    O_CLOEXEC | O_NONBLOCK, 0600);
	if (part->tmp.fd < 0)
		return mv_fail_errno(err, errno, "cannot open '%s'",
				     part->tmp.path);
	part->shared = 1;
	/* Who had it before may have given it its name, or removed it. */
	if (flock(part->tmp.fd, LOCK_EX | LOCK_NB) ||
	    fstat(part->tmp.fd, &st) || !S_ISREG(st.st_mode) ||
	    lstat(part->tmp.path, &named) || named.st_ino != st.st_ino)
		return mv_fail(err, MV_EBUSY, "'%s' is in use",
			       part->tmp.path);
	return 0;
}

static int open_own(struct mv_lfsdir_part *part, struct mv_err *err)
{
	char *folder = NULL;
	int rc;

	mv_tmp_leave(&part->tmp);
	part->shared = 0;
	rc = make_in(&folder, part->dir, "tmp", 3, err);
	if (!rc)
		rc = mv_tmp_open(&part->tmp, folder, "git-model", err);
	free(folder);
	return rc;
}

/* What is there is hashed; more than there may be is nothing. */
static int take_up(struct mv_lfsdir_part *part, struct mv_err *err)
{
	char *mem = malloc(BLOCK);
	size_t got = 1;
	int rc = mem ? 0 : mv_nomem(err);

	while (!rc && got) {
		rc = mv_pread_full(part->tmp.fd, mem, BLOCK, part->have, &got,
				   part->tmp.path, err);
		if (!rc && part->have + got > part->size)
			break;
		if (!rc && got)
			rc = mv_hasher_update(part->hasher, mem, got, err);
		part->have += got;
	}
	free(mem);
	return rc || !got ? rc : mv_lfsdir_part_restart(part, err);
}

static int part_begin(struct mv_lfsdir_part *part, struct mv_err *err)
{
	char *folder = NULL;
	int rc = make_top(part->dir, err);

	if (!rc)
		rc = make_in(&folder, part->dir, "incomplete", 10, err);
	if (!rc)
		rc = open_shared(part, folder, err);
	if (rc == MV_EBUSY)
		rc = open_own(part, err);
	if (!rc)
		rc = mv_hasher_new(&part->hasher, MV_HASH_SHA256, err);
	if (!rc)
		rc = take_up(part, err);
	/* All of it came, and no more: then it is this or nothing. */
	if (!rc && part->have == part->size) {
		rc = mv_lfsdir_part_finish(part, err);
		if (!rc)
			rc = mv_fail(err, MV_EEXISTS, "it has come before");
		else if (rc == MV_ECORRUPT)
			rc = mv_lfsdir_part_restart(part, err);
	}
	free(folder);
	return rc;
}

int mv_lfsdir_part_open(struct mv_lfsdir_part **out, uint64_t *have,
			const char *dir, const struct mv_oid *oid,
			uint64_t size, struct mv_err *err)
{
	struct mv_lfsdir_part *part = calloc(1, sizeof(*part));
	int rc;

	*out = NULL;
	if (!part)
		return mv_nomem(err);
	part->tmp = (struct mv_tmp)MV_TMP_INIT;
	part->oid = *oid;
	part->size = size;
	rc = mv_set_str(&part->dir, dir, err);
	if (!rc)
		rc = part_begin(part, err);
	if (rc) {
		mv_lfsdir_part_close(part);
		return rc;
	}
	*have = part->have;
	*out = part;
	return 0;
}

int mv_lfsdir_part_write(struct mv_lfsdir_part *part, const void *data,
			 size_t len, struct mv_err *err)
{
	int rc = 0;

	if (len > part->size - part->have)
		rc = mv_fail(err, MV_ECORRUPT, "an LFS object has more bytes "
			     "than its pointer says");
	if (!rc)
		rc = mv_pwrite_full(part->tmp.fd, data, len, part->have,
				    part->tmp.path, err);
	if (!rc)
		rc = mv_hasher_update(part->hasher, data, len, err);
	if (!rc)
		part->have += len;
	return rc;
}

int mv_lfsdir_part_restart(struct mv_lfsdir_part *part, struct mv_err *err)
{
	part->have = 0;
	if (ftruncate(part->tmp.fd, 0))
		return mv_fail_errno(err, errno, "cannot cut '%s'",
				     part->tmp.path);
	return mv_hasher_reset(part->hasher, err);
}

int mv_lfsdir_part_finish(struct mv_lfsdir_part *part, struct mv_err *err)
{
	struct mv_oid sum;
	int rc = mv_hasher_final(sum.b, part->hasher, err);

	if (!rc && (part->have != part->size || !mv_oid_eq(&sum, &part->oid))) {
		/* Nobody may go on with it. */
		rc = ftruncate(part->tmp.fd, 0) ?
		     mv_fail_errno(err, errno, "cannot cut '%s'",
				   part->tmp.path) :
		     mv_fail(err, MV_ECORRUPT, "an LFS object arrived with "
			     "other bytes than its name says");
		part->have = 0;
		return rc;
	}
	return rc ? rc : publish(&part->tmp, part->dir, &part->oid, part->size,
				 err);
}

void mv_lfsdir_part_close(struct mv_lfsdir_part *part)
{
	if (!part)
		return;
	if (part->shared && part->have && part->tmp.fd >= 0)
		mv_tmp_leave(&part->tmp);
	else
		mv_tmp_discard(&part->tmp);
	mv_hasher_free(part->hasher);
	free(part->dir);
	free(part);
}
