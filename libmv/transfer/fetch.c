/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/objects.h"
#include "libmv/remote/remote.h"
#include "libmv/repo/files.h"
#include "libmv/repo/repo.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "libmv/transfer/priv.h"

/* Which contents are wanted, and bringing them from a remote. */

static int by_pointer(const void *a, const void *b)
{
	const struct mv_pointer *x = a, *y = b;

	if (x->dialect != y->dialect)
		return x->dialect < y->dialect ? -1 : 1;
	return mv_oid_cmp(&x->oid, &y->oid);
}

/* Sort, natives first, and drop doubles. */
void mv_transfer_wanted_settle(struct mv_wanted_list *w)
{
	size_t n = 0;

	if (w->count)
		qsort(w->p, w->count, sizeof(*w->p), by_pointer);
	for (size_t i = 0; i < w->count; i++)
		if (!n || by_pointer(&w->p[n - 1], &w->p[i]))
			w->p[n++] = w->p[i];
	w->count = n;
}

int mv_transfer_wanted_add(struct mv_wanted_list *w, const struct mv_pointer *p,
			   struct mv_err *err)
{
	if (MV_GROW(w->p, w->alloc, w->count + 1, err))
		return MV_ENOMEM;
	w->p[w->count++] = *p;
	return 0;
}

static int want_blob(void *payload, const char *hex, const char *path,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer p;

	(void)hex;
	(void)path;
	if (mv_pointer_parse(&p, data, len, NULL) || !p.size)
		return 0;
	return mv_transfer_wanted_add(payload, &p, err);
}

struct of_index {
	struct mv_wanted_list *w;
	struct mv_repo *repo;
};

/* What git-lfs is told to leave out of the work tree is not wanted, nor what a
   sparse checkout leaves out. */
static int want_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct of_index *of = payload;
	int wanted = 1, rc = 0;

	if (file->state == MV_FILE_RAW || file->state == MV_FILE_CONFLICT ||
	    !file->pointer.size || file->outside)
		return 0;
	if (file->pointer.dialect == MV_DIALECT_LFS)
		rc = mv_transfer_lfs_wants(&wanted, of->repo, file->path, err);
	return rc || !wanted ? rc : mv_transfer_wanted_add(of->w,
							   &file->pointer, err);
}

int mv_transfer_wanted_find(struct mv_wanted_list *w, struct mv_repo *repo,
			    const char *const *revs, struct mv_err *err)
{
	struct of_index of = { w, repo };
	int rc;

	if (revs)
		rc = mv_git_each_small_blob(repo->git, revs,
					    MV_POINTER_MAX - 1, want_blob, w,
					    err);
	else
		rc = mv_repo_ls(repo, NULL, want_file, &of, err);
	mv_transfer_wanted_settle(w);
	return rc;
}

size_t mv_transfer_wanted_natives(const struct mv_wanted_list *w)
{
	size_t n = 0;

	while (n < w->count && w->p[n].dialect == MV_DIALECT_NATIVE)
		n++;
	return n;
}

static int fetch_natives(struct mv_repo *repo, const char *remote_name,
			 const struct mv_oid *oids, size_t count,
			 struct mv_transfer_stats *stats, struct mv_err *err)
{
	struct mv_store_options options = { .progress = repo->progress };
	uint8_t *found = calloc(count, 1);
	struct mv_remote *remote = NULL;
	struct mv_tx *tx = NULL;
	struct mv_store *store;
	char *url = NULL;
	int rc;

	if (!found)
		return mv_nomem(err);
	rc = mv_transfer_remote_url(&url, repo, remote_name, err);
	if (rc)
		goto out;
	options.pool = mv_repo_pool(repo, err);
	rc = options.pool ? mv_remote_open(&remote, url, MV_REMOTE_READ,
					   &options, err)
			  : MV_ENOMEM;
	if (!rc)
		rc = mv_repo_store(&store, repo, err);
	if (!rc)
		rc = mv_tx_begin(&tx, store, err);
	if (!rc)
		rc = mv_remote_fetch(remote, tx, oids, count, found, err);
	if (!rc) {
		rc = mv_tx_commit(tx, &stats->tx, err);
		tx = NULL;
	}
	for (size_t i = 0; !rc && i < count; i++) {
		stats->contents += found[i];
		stats->missing += !found[i];
	}
out:
	mv_tx_abort(tx);
	mv_remote_close(remote);
	free(url);
	free(found);
	return rc;
}

/* No remote named: ask all, the default one first. */
static int fetch_anywhere(struct mv_repo *repo, const struct mv_wanted_list *w,
			  struct mv_transfer_stats *stats, struct mv_err *err)
{
	uint8_t *before = calloc(2 * w->count + 1, 1);
	uint8_t *after = before + w->count;
	int rc = 0;

	if (!before)
		return mv_nomem(err);
	for (size_t i = 0; i < w->count; i++)
		before[i] = !mv_repo_has(repo, &w->p[i], NULL);
	rc = mv_transfer_need_counted(repo, w->p, w->count, after, &stats->tx,
				      err);
	for (size_t i = 0; !rc && i < w->count; i++) {
		stats->skipped += before[i];
		stats->contents += !before[i] && after[i];
		stats->missing += !after[i];
	}
	free(before);
	return rc;
}

/*
 * A name that nobody has (a branch, a revision) is no place to fetch from,
 * even when nothing has to come, and whatever else model.remote has. A URL or
 * a path is asked by those who fetch.
 */
static int check_remote(struct mv_repo *repo, const char *name,
			struct mv_err *err)
{
	const char *configured = NULL;
	char *url = NULL;
	int rc;

	if (!*name || *name == '-')
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	rc = mv_transfer_configured_url(&configured, repo, name, err);
	if (!rc && !configured)
		rc = mv_transfer_git_urls(&url, repo, name, 0, err);
	free(url);
	return rc;
}

int mv_transfer_fetch(struct mv_repo *repo, const char *remote,
		      const char *const *revs, struct mv_transfer_stats *stats,
		      struct mv_err *err)
{
	struct mv_wanted_list w = { NULL, 0, 0 };
	struct mv_oid *oids = NULL;
	uint8_t *here = NULL;
	size_t count = 0, still = 0, n;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = remote ? check_remote(repo, remote, err) : 0;
	if (!rc && revs)
		rc = mv_transfer_bring(repo, NULL, revs, err);
	if (!rc)
		rc = mv_transfer_wanted_find(&w, repo, revs, err);
	if (!remote) {
		if (!rc)
			rc = fetch_anywhere(repo, &w, stats, err);
		free(w.p);
		return rc;
	}
	n = mv_transfer_wanted_natives(&w);
	oids = calloc(n ? n : 1, sizeof(*oids));
	here = calloc(w.count + 1, 1);
	if (!rc && (!oids || !here))
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < w.count; i++) {
		here[i] = !mv_repo_has(repo, &w.p[i], NULL);
		stats->skipped += here[i];
		if (!here[i] && i < n)
			oids[count++] = w.p[i].oid;
		else if (!here[i])
			stats->missing++;
	}
	if (!rc && stats->missing)
		rc = mv_transfer_lfs_fetch(repo, remote, w.p + n, w.count - n,
					   here + n, err);
	for (size_t i = n; !rc && i < w.count; i++)
		still += !here[i];
	stats->contents = stats->missing - still;
	stats->missing = still;
	if (!rc && count)
		rc = fetch_natives(repo, remote, oids, count, stats, err);
	free(here);
	free(oids);
	free(w.p);
	return rc;
}
