/* SPDX-License-Identifier: MIT */
#include "libmv/transfer/part.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/objects.h"
#include "libmv/remote/remote.h"
#include "libmv/repo/files.h"
#include "libmv/repo/repo.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/store/store.h"
#include "libmv/transfer/priv.h"

/* Each reading of what is not here costs a transaction; but what is beside a
   header are tensors that nobody has asked for. */
#define STEP ((uint64_t)1 << 16)

struct mv_transfer_part {
	struct mv_repo *repo;
	struct mv_pointer pointer;
	const char *remote;
	unsigned flags;
	int whole;
	atomic_int failed;	/* of the last reading */
	int checked;		/* check_part() was 0 since the last bringing */
	struct mv_content_source source;	/* where it is, whole */
	struct mv_tx_stats tx;
};

/* 0: all of it is here now. */
static int look_for_whole(struct mv_transfer_part *p, struct mv_err *err)
{
	int rc = mv_repo_find(&p->source, p->repo, &p->pointer, err);

	if (!rc && p->source.lfs_dir)
		rc = mv_transfer_lfs_verify(p->repo, p->source.lfs_dir,
					    &p->pointer.oid, err);
	p->whole = !rc;
	return rc;
}

static int refuse_lfs(const struct mv_transfer_part *p, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];

	return mv_fail(err, p->flags & MV_PART_FETCH ? MV_EINVALID : MV_ENOENT,
		       "content %s is an object of Git LFS, which comes whole "
		       "or not at all: `git model fetch`",
		       mv_oid_hex(hex, &p->pointer.oid));
}

int mv_transfer_part_open(struct mv_transfer_part **out, struct mv_repo *repo,
			  const struct mv_pointer *pointer, const char *remote,
			  unsigned flags, struct mv_err *err)
{
	struct mv_transfer_part *p = calloc(1, sizeof(*p));
	int rc;

	*out = p;
	if (!p)
		return mv_nomem(err);
	p->repo = repo;
	p->pointer = *pointer;
	p->remote = remote;
	p->flags = flags;
	rc = mv_transfer_refuse_extended(pointer, err);
	if (!rc && pointer->size)
		rc = look_for_whole(p, err);
	else
		p->whole = 1;
	if (rc == MV_ENOENT)
		rc = pointer->dialect == MV_DIALECT_LFS ? refuse_lfs(p, err) :
							  0;
	if (rc) {
		mv_transfer_part_close(p);
		*out = NULL;
	}
	return rc;
}

void mv_transfer_part_close(struct mv_transfer_part *p)
{
	free(p);
}

static int nothing_here(const struct mv_transfer_part *p, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];

	return mv_fail(err, MV_ENOENT, "nothing of content %s is here",
		       mv_oid_hex(hex, &p->pointer.oid));
}

/* -- bringing ------------------------------------------------------------- */

static int bring_from(struct mv_transfer_part *p, const char *url,
		      const struct mv_range *ranges, size_t count,
		      struct mv_err *err)
{
	struct mv_store_options options = { .progress = p->repo->progress };
	struct mv_tx_stats got = { 0 };
	struct mv_remote *remote = NULL;
	struct mv_store *store;
	struct mv_tx *tx = NULL;
	int rc;

	options.pool = mv_repo_pool(p->repo, err);
	if (!options.pool)
		return MV_ENOMEM;
	rc = mv_remote_open(&remote, url, MV_REMOTE_READ, &options, err);
	if (!rc)
		rc = mv_repo_store(&store, p->repo, err);
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_remote_fetch_part(remote, tx, &p->pointer.oid,
					  p->pointer.size, ranges, count,
					  err);
	if (!rc) {
		rc = mv_tx_commit(tx, &got, err);
		tx = NULL;
	}
	if (!rc)
		mv_tx_stats_add(&p->tx, &got);
	mv_tx_abort(tx);
	mv_remote_close(remote);
	return rc;
}

/* The pointer is git's word; who keeps the store has only given his own. */
static int check_part(struct mv_transfer_part *p, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_store *store;
	uint64_t size;
	int rc = mv_repo_store_if_any(&store, p->repo, err);

	if (!rc)
		rc = mv_store_part_has(store, &p->pointer.oid, &size, NULL,
				       err);
	if (rc == MV_ENOENT)
		return nothing_here(p, err);
	if (!rc && p->pointer.size != UINT64_MAX && size != p->pointer.size)
		rc = mv_fail(err, MV_ECORRUPT, "the pointer says that content "
			     "%s has %llu bytes, but the part that is here is "
			     "of one that has %llu",
			     mv_oid_hex(hex, &p->pointer.oid),
			     (unsigned long long)p->pointer.size,
			     (unsigned long long)size);
	p->checked = !rc;
	return rc;
}

static int bring_anywhere(struct mv_transfer_part *p,
			  const struct mv_range *ranges, size_t count,
			  struct mv_err *err)
{
	struct mv_sources urls = { NULL, 0 };
	char hex[MV_OID_HEX + 1];
	struct mv_err why;
	size_t silent = 0;
	int rc = mv_transfer_sources(&urls, p->repo, err);
	int found = MV_ENOENT;

	for (size_t u = 0; !rc && found && u < urls.count; u++) {
		found = bring_from(p, urls.url[u], ranges, count, &why);
		if (!found || found == MV_ENOENT)
			continue;
		silent++;
		mv_repo_warn(p->repo, "cannot fetch from '%s': %s",
			     urls.url[u], why.msg);
	}
	mv_transfer_sources_release(&urls);
	if (rc || !found)
		return rc;
	return mv_fail(err, MV_ENOENT, "what is asked for of content %s is not "
		       "here, and not to be had at a remote%s",
		       mv_oid_hex(hex, &p->pointer.oid),
		       silent ? " that answers" : "");
}

int mv_transfer_part_bring(struct mv_transfer_part *p,
			   const struct mv_range *ranges, size_t count,
			   struct mv_err *err)
{
	struct mv_store *store;
	char *url = NULL;
	int rc;

	if (p->whole || !count)
		return 0;
	if (!mv_repo_store_if_any(&store, p->repo, NULL) &&
	    !mv_store_part_holds(store, &p->pointer.oid, ranges, count, NULL))
		return check_part(p, err);
	if (!(p->flags & MV_PART_FETCH))
		return mv_fail(err, MV_ENOENT, "what is asked for is not here");
	if (!p->remote) {
		rc = bring_anywhere(p, ranges, count, err);
	} else {
		rc = mv_transfer_remote_url(&url, p->repo, p->remote, err);
		if (!rc)
			rc = bring_from(p, url, ranges, count, err);
		free(url);
	}
	if (rc)
		return rc;
	rc = look_for_whole(p, err);
	return rc == MV_ENOENT ? check_part(p, err) : rc;
}

/* -- reading -------------------------------------------------------------- */

static int read_here(struct mv_transfer_part *p, uint64_t off, void *data,
		     size_t len, size_t *got, struct mv_err *err)
{
	struct mv_store *store;
	int rc;

	if (!p->whole) {
		rc = mv_repo_store_if_any(&store, p->repo, err);
		if (rc == MV_ENOENT)
			return nothing_here(p, err);
		if (!rc && !p->checked)
			rc = check_part(p, err);
		return rc ? rc : mv_store_part_read_at(store, &p->pointer.oid,
						       off, data, len, got,
						       err);
	}
	if (!p->pointer.size)
		return 0;
	if (p->source.lfs_dir)
		return mv_lfsdir_read_at(p->source.lfs_dir, &p->pointer.oid,
					 off, data, len, got, err);
	return mv_store_read_at(p->source.store, &p->pointer.oid, off, data,
				len, got, err);
}

int mv_transfer_part_read_at(void *payload, uint64_t off, void *data,
			     size_t len, size_t *got, struct mv_err *err)
{
	struct mv_transfer_part *p = payload;
	struct mv_range range = { off, len < STEP ? STEP : len };
	int rc;

	*got = 0;
	rc = read_here(p, off, data, len, got, err);
	if (rc == MV_ENOENT && p->flags & MV_PART_FETCH) {
		rc = mv_transfer_part_bring(p, &range, 1, err);
		if (!rc)
			rc = read_here(p, off, data, len, got, err);
	}
	atomic_store_explicit(&p->failed, rc, memory_order_relaxed);
	return rc;
}

int mv_transfer_part_failed(const struct mv_transfer_part *p)
{
	return atomic_load_explicit(&p->failed, memory_order_relaxed);
}

int mv_transfer_part_size(uint64_t *size, struct mv_transfer_part *p,
			  struct mv_err *err)
{
	struct mv_store *store;
	uint8_t first;
	size_t got;
	int rc;

	*size = p->pointer.size;
	if (*size != UINT64_MAX)
		return 0;
	rc = mv_transfer_part_read_at(p, 0, &first, 1, &got, err);
	if (!rc && p->whole && p->source.lfs_dir)
		return mv_lfsdir_has(p->source.lfs_dir, &p->pointer.oid, size,
				     err);
	if (!rc && p->whole)
		return mv_store_has(p->source.store, &p->pointer.oid, size,
				    err);
	if (!rc)
		rc = mv_repo_store_if_any(&store, p->repo, err);
	return rc ? rc : mv_store_part_has(store, &p->pointer.oid, size, NULL,
					   err);
}

int mv_transfer_part_names(struct mv_buf *out, struct mv_transfer_part *p,
			   const struct mv_range *range, struct mv_err *err)
{
	struct mv_store *store = p->source.store;
	int rc = 0;

	if (!p->pointer.size || (p->whole && p->source.lfs_dir))
		return MV_ENOENT;
	if (!p->whole)
		rc = mv_repo_store_if_any(&store, p->repo, err);
	return rc ? rc : mv_store_part_names(out, store, &p->pointer.oid,
					     range, err);
}

void mv_transfer_part_state(struct mv_transfer_part_state *out,
			    struct mv_transfer_part *p)
{
	struct mv_store *store;

	memset(out, 0, sizeof(*out));
	out->whole = out->vouched = p->whole;
	out->tx = p->tx;
	if (!p->whole && !mv_repo_store_if_any(&store, p->repo, NULL) &&
	    mv_store_part_has(store, &p->pointer.oid, NULL, &out->vouched,
			      NULL))
		out->vouched = 0;
}

/* -- which contents ------------------------------------------------------- */

struct part_wanted {
	struct part_content {
		struct mv_pointer pointer;
		char *path;
	} *v;
	size_t count, alloc;
};

static int part_want(struct part_wanted *w, const struct mv_pointer *pointer,
		     const char *path, struct mv_err *err)
{
	char *copy;

	if (MV_GROW(w->v, w->alloc, w->count + 1, err))
		return MV_ENOMEM;
	copy = strdup(path ? path : "");
	if (!copy)
		return mv_nomem(err);
	w->v[w->count].pointer = *pointer;
	w->v[w->count++].path = copy;
	return 0;
}

static int part_want_blob(void *payload, const char *hex, const char *path,
			  const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer p;

	(void)hex;
	if (mv_pointer_parse(&p, data, len, NULL) || !p.size)
		return 0;
	return part_want(payload, &p, path, err);
}

static int part_want_file(void *payload, const struct mv_file *file,
			  struct mv_err *err)
{
	if (file->state == MV_FILE_RAW || file->state == MV_FILE_CONFLICT ||
	    !file->pointer.size || file->outside)
		return 0;
	return part_want(payload, &file->pointer, file->path, err);
}

static int part_by_oid(const void *a, const void *b)
{
	const struct part_content *x = a, *y = b;
	int c = mv_oid_cmp(&x->pointer.oid, &y->pointer.oid);

	return c ? c : strcmp(x->path, y->path);
}

static int part_by_path(const void *a, const void *b)
{
	const struct part_content *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c ? c : mv_oid_cmp(&x->pointer.oid, &y->pointer.oid);
}

/* Each content once, in order of paths. */
static void part_settle(struct part_wanted *w)
{
	size_t n = 0;

	if (!w->count)
		return;
	qsort(w->v, w->count, sizeof(*w->v), part_by_oid);
	for (size_t i = 0; i < w->count; i++) {
		if (n && mv_oid_eq(&w->v[n - 1].pointer.oid,
				   &w->v[i].pointer.oid))
			free(w->v[i].path);
		else
			w->v[n++] = w->v[i];
	}
	w->count = n;
	qsort(w->v, w->count, sizeof(*w->v), part_by_path);
}

int mv_transfer_part_each(struct mv_repo *repo, const char *const *revs,
			  mv_transfer_part_fn fn, void *payload,
			  struct mv_err *err)
{
	struct part_wanted w = { NULL, 0, 0 };
	int rc = revs ? mv_transfer_bring(repo, NULL, revs, err) : 0;

	if (!rc && revs)
		rc = mv_git_each_small_blob(repo->git, revs,
					    MV_POINTER_MAX - 1, part_want_blob,
					    &w, err);
	else if (!rc)
		rc = mv_repo_ls(repo, NULL, part_want_file, &w, err);
	if (!rc)
		part_settle(&w);
	for (size_t i = 0; !rc && i < w.count; i++)
		rc = fn(payload, w.v[i].path, &w.v[i].pointer, err);
	for (size_t i = 0; i < w.count; i++)
		free(w.v[i].path);
	free(w.v);
	return rc;
}
