/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/statcache.h"
#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/repo/repo.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/tx.h"
#include "libmv/work/adding.h"

/*
 * Bytes into the store: small files by jobs of many, large ones one after the
 * other, each cut and compressed by all threads.
 */
#define LARGE (1024u * 1024)	/* cut and compressed by all threads together */
#define JOB_FILES 16u		/* small files in one job */
#define WHAT "Storing"

static void progress(struct mv_adding *add, uint64_t bytes)
{
	mv_progress_update(add->repo->progress, WHAT,
			   atomic_fetch_add(&add->done, bytes) + bytes,
			   add->total);
}

static int add_read_put(struct mv_adding *add, struct mv_adding_item *item,
			struct mv_reader *in,
			struct mv_err *err)
{
	struct mv_pointer *p = &item->pointer;

	if (item->owner == LFS)
		return mv_lfsdir_put(&p->oid, &p->size, add->lfs_dir, in, err);
	return mv_tx_put(&p->oid, &p->size, add->tx, in,
			 (uint64_t)item->seen.st.st_size, err);
}

/* Read it whole; MV_EEXISTS when it is longer or shorter than it was. */
static int slurp(char *data, struct mv_adding_item *item, int fd,
		 struct mv_err *err)
{
	struct mv_reader r = mv_reader_fd(&fd);
	const size_t size = (size_t)item->seen.st.st_size;
	size_t got;
	int rc = mv_read_full(&r, data, size + 1, &got, err);

	return !rc && got != size ? MV_EEXISTS : rc;
}

/* Damaged, but not by the user: so it was committed. */
static int is_staged(struct mv_adding *add, const struct mv_adding_item *item,
		     const char *data, size_t len)
{
	char hex[MV_OID_HEX + 1];

	return *item->blob && !mv_git_blob_name(add->repo->git, hex, data, len,
						NULL) &&
	       !strcmp(hex, item->blob);
}

static int put_small(struct mv_adding *add, struct mv_adding_item *item, int fd,
		     struct mv_err *err)
{
	const size_t size = (size_t)item->seen.st.st_size;
	struct mv_mem_reader mem = { NULL, size, 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	struct mv_pointer pointer;
	char *data = malloc(size + 1);
	int rc;

	if (!data)
		return mv_nomem(err);
	rc = slurp(data, item, fd, err);
	if (rc)
		goto out;
	mem.data = data;
	if (size < MV_POINTER_MAX) {
		rc = mv_pointer_parse(&pointer, data, size, err);
		/* Already one: never a pointer to a pointer. */
		if (!rc) {
			item->pointer = pointer;
			item->claimed = 1;
			if (pointer.dialect == MV_DIALECT_LFS &&
			    !(item->text = strndup(data, size)))
				rc = mv_nomem(err);
			goto out;
		}
		if (rc == MV_ECORRUPT && is_staged(add, item, data, size)) {
			item->action = NOTHING;
			rc = 0;
		}
		if (rc != MV_ENOENT)
			goto out;
	}
	rc = add_read_put(add, item, &in, err);
	item->fresh = !rc;
out:
	free(data);
	return rc;
}

struct progress_reader {
	struct mv_adding *add;
	struct mv_reader in;
};

static int read_with_progress(void *payload, void *data, size_t len,
			      size_t *got, struct mv_err *err)
{
	struct progress_reader *r = payload;
	int rc = r->in.read(r->in.payload, data, len, got, err);

	if (!rc)
		progress(r->add, *got);
	return rc;
}

static int put_large(struct mv_adding *add, struct mv_adding_item *item, int fd,
		     struct mv_err *err)
{
	struct progress_reader r = { add, mv_reader_fd(&fd) };
	struct mv_reader in = { read_with_progress, &r };
	int rc;

	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	rc = add_read_put(add, item, &in, err);
	item->fresh = !rc;
	return rc;
}

static int is_large(const struct mv_adding_item *item)
{
	return item->seen.st.st_size >= LARGE;
}

/* MV_EEXISTS: it did not hold still. */
static int read_once(struct mv_adding *add, struct mv_adding_item *item,
		     int large,
		     struct mv_err *err)
{
	struct stat after;
	int fd, rc;

	rc = mv_wt_open_read(&fd, NULL, add->rootfd, item->path, err);
	if (rc)
		return rc;
	rc = mv_repo_see(&item->seen, add->repo, fd, item->path, large, err);
	if (!rc && is_large(item) != large)
		rc = MV_EEXISTS;	/* planned as the other kind */
	if (!rc)
		rc = large ? put_large(add, item, fd, err) :
			     put_small(add, item, fd, err);
	if (!rc && fstat(fd, &after))
		rc = mv_fail_errno(err, errno, "cannot stat '%s'", item->path);
	if (!rc && !mv_repo_same_stat(&item->seen.st, &after))
		rc = MV_EEXISTS;
	close(fd);
	return rc;
}

static int read_item(struct mv_adding *add, struct mv_adding_item *item,
		     struct mv_err *err)
{
	const int large = is_large(item);
	int rc = read_once(add, item, large, err);

	if (rc == MV_EEXISTS)
		rc = read_once(add, item, large, err);
	if (rc == MV_EEXISTS)
		rc = mv_fail(err, MV_EEXISTS,
			     "'%s' changed while it was being read",
			     item->path);
	else if (rc)
		mv_err_prefix(err, "cannot add '%s'", item->path);
	return rc;
}

struct bundle {
	struct mv_adding *add;
	size_t first, end;
};

static int read_bundle(void *arg, unsigned worker, struct mv_err *err)
{
	struct bundle *b = arg;
	uint64_t bytes = 0;
	int rc = 0;

	(void)worker;
	for (size_t i = b->first; !rc && i < b->end; i++) {
		struct mv_adding_item *item = &b->add->items[i];

		if (item->action != READ || is_large(item))
			continue;
		bytes += (uint64_t)item->seen.st.st_size;
		rc = read_item(b->add, item, err);
	}
	if (bytes)
		progress(b->add, bytes);
	free(b);
	return rc;
}

static int read_small(struct mv_adding *add, struct mv_err *err)
{
	struct mv_pool *pool = mv_repo_pool(add->repo, err);
	struct mv_group *group = NULL;
	struct bundle *b;
	int rc, waited;

	if (!pool)
		return MV_ENOMEM;
	rc = mv_group_new(&group, pool, err);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < add->count; i += JOB_FILES) {
		b = malloc(sizeof(*b));
		if (!b) {
			rc = mv_nomem(err);
			break;
		}
		b->add = add;
		b->first = i;
		b->end = i + JOB_FILES < add->count ? i + JOB_FILES :
						      add->count;
		mv_group_submit(group, read_bundle, free, b);
		if (mv_group_failed(group))
			break;
	}
	waited = mv_group_wait(group, rc ? NULL : err);
	mv_group_free(group);
	return rc ? rc : waited;
}

int mv_work_adding_read(struct mv_adding *add, struct mv_err *err)
{
	size_t small = 0;
	int rc = 0;

	for (size_t i = 0; i < add->count; i++)
		small += add->items[i].action == READ &&
			 !is_large(&add->items[i]);
	if (small)
		rc = read_small(add, err);
	for (size_t i = 0; !rc && i < add->count; i++)
		if (add->items[i].action == READ && is_large(&add->items[i]))
			rc = read_item(add, &add->items[i], err);
	return rc;
}
