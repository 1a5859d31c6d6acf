/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/oid-set.h"
#include "libmv/care/care.h"
#include "libmv/git/history.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/store/store.h"

/* How much the versions of each file take, and what of it is their own. */

struct du {
	struct mv_repo *repo;
	struct mv_store *store;		/* NULL: none yet */
	struct mv_pointer_set pointers;
	struct mv_oid_set contents, chunks;
	int (*fn)(void *payload, const struct mv_du_version *v,
		  struct mv_err *err);
	void *payload;
	struct mv_du_total *total;
	struct mv_du_version *version;	/* under way */
};

static int du_chunk(void *payload, const struct mv_oid *chunk, uint32_t raw,
		    uint32_t stored, struct mv_err *err)
{
	struct du *du = payload;
	int rc = mv_oid_set_add(&du->chunks, chunk, err);

	if (rc == 1) {
		du->version->added_raw += raw;
		du->version->added_stored += stored;
	}
	return rc < 0 ? rc : 0;
}

static int du_version(struct du *du, struct mv_du_version *v,
		      const struct mv_pointer *p, struct mv_err *err)
{
	int rc = mv_oid_set_add(&du->contents, &p->oid, err);

	if (rc <= 0 || !p->size)
		return rc;
	v->oid = p->oid;
	v->logical = p->size;
	du->version = v;
	if (p->dialect == MV_DIALECT_LFS && !mv_repo_has(du->repo, p, NULL)) {
		v->added_raw = v->added_stored = p->size;
		rc = 0;
	} else {
		rc = du->store ? mv_store_each_chunk(du->store, &p->oid,
						     du_chunk, du, err)
			       : MV_ENOENT;
	}
	if (rc && rc != MV_ENOENT)
		return rc;
	du->total->missing += rc == MV_ENOENT;
	du->total->versions++;
	du->total->logical += v->logical;
	du->total->unique += v->added_raw;
	du->total->stored += v->added_stored;
	return du->fn ? du->fn(du->payload, v, err) : 0;
}

static int du_change(void *payload, const char *commit, const char *subject,
		     int64_t when, const char *path, const char *blob,
		     struct mv_err *err)
{
	struct du *du = payload;
	const struct mv_pointer *p = mv_repo_pointer_set_find(&du->pointers,
							      blob);
	struct mv_du_version v = { .commit = commit, .subject = subject,
				   .path = path, .when = when };

	return p ? du_version(du, &v, p, err) : 0;
}

static int du_staged(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct mv_du_version v = { .commit = "", .subject = "(staged)",
				   .path = file->path };

	if (file->state != MV_FILE_OK && file->state != MV_FILE_MISSING)
		return 0;
	return du_version(payload, &v, &file->pointer, err);
}

static int du_disk(struct du *du, struct mv_err *err)
{
	struct mv_store_stats stats;
	int rc;

	if (!du->store)
		return 0;
	rc = mv_store_stats(du->store, &stats, err);
	if (!rc)
		du->total->disk = stats.pack_bytes + stats.index_bytes;
	return rc;
}

int mv_care_du(struct mv_repo *repo,
	       int (*fn)(void *payload, const struct mv_du_version *v,
			 struct mv_err *err),
	       void *payload, struct mv_du_total *total, struct mv_err *err)
{
	static const char *const all[] = { "--all", NULL };
	struct du du = { .repo = repo, .fn = fn, .payload = payload,
			 .total = total };
	int rc;

	memset(total, 0, sizeof(*total));
	rc = mv_repo_store_if_any(&du.store, repo, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = mv_repo_pointer_set_read(&du.pointers, repo, all, err);
	if (!rc)
		rc = mv_git_each_change(repo->git, all, du_change, &du, err);
	if (!rc && repo->info->work_tree)
		rc = mv_repo_ls(repo, NULL, du_staged, &du, err);
	if (!rc)
		rc = du_disk(&du, err);
	free(du.pointers.k);
	mv_oid_set_release(&du.contents);
	mv_oid_set_release(&du.chunks);
	return rc;
}
