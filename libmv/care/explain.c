/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/care/care.h"
#include "libmv/git/history.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/store/store.h"

/*
 * How the versions of a path are held: what is each one's own, and how, what
 * it shares with newer ones, and on which versions its differences lean.
 */
struct explain_version {
	char *commit, *subject;
	int64_t when;
	struct mv_oid oid;
	uint64_t size;
};

/* The newest version that has this chunk. */
struct owner {
	struct mv_oid chunk;
	uint32_t version;
	int counted;
};

struct explain {
	const char *path;
	struct mv_store *store;		/* NULL: none yet */
	struct mv_pointer_set pointers;
	struct explain_version *v;	/* oldest first */
	size_t count, alloc;
	struct owner *owner;
	size_t owners, owner_alloc;
	uint32_t now;			/* the version under way */
	struct mv_explain_version *out;
	struct mv_explain_on *on;	/* by version; the last: others */
};

static int explain_change(void *payload, const char *commit,
			  const char *subject, int64_t when, const char *path,
			  const char *blob, struct mv_err *err)
{
	struct explain *x = payload;
	const struct mv_pointer *p = mv_repo_pointer_set_find(&x->pointers,
							      blob);
	struct explain_version *v;

	if (!p || strcmp(path, x->path))
		return 0;
	for (size_t i = 0; i < x->count; i++)
		if (mv_oid_eq(&x->v[i].oid, &p->oid))
			return 0;
	if (MV_GROW(x->v, x->alloc, x->count + 1, err) < 0)
		return MV_ENOMEM;
	v = &x->v[x->count++];
	memset(v, 0, sizeof(*v));
	v->commit = strdup(commit);
	v->subject = strdup(subject);
	v->when = when;
	v->oid = p->oid;
	v->size = p->size;
	return v->commit && v->subject ? 0 : mv_nomem(err);
}

/* -- whose chunks --------------------------------------------------------- */

static int note_owner(void *payload, const struct mv_chunk_how *how,
		      struct mv_err *err)
{
	struct explain *x = payload;

	if (MV_GROW(x->owner, x->owner_alloc, x->owners + 1, err) < 0)
		return MV_ENOMEM;
	x->owner[x->owners++] = (struct owner){ *how->chunk, x->now, 0 };
	return 0;
}

static int by_chunk_newest_first(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	int cmp = mv_oid_cmp(&x->chunk, &y->chunk);

	if (cmp)
		return cmp;
	return x->version > y->version ? -1 : x->version < y->version;
}

static int find_owners(struct explain *x, struct mv_err *err)
{
	size_t n = 0;
	int rc = 0;

	for (x->now = 0; !rc && x->now < x->count; x->now++) {
		rc = x->store ? mv_store_each_how(x->store,
						  &x->v[x->now].oid,
						  note_owner, x, err) : 0;
		if (rc == MV_ENOENT)
			rc = 0;
	}
	if (x->owners)
		qsort(x->owner, x->owners, sizeof(*x->owner),
		      by_chunk_newest_first);
	for (size_t i = 0; i < x->owners; i++)
		if (!n || !mv_oid_eq(&x->owner[n - 1].chunk,
				     &x->owner[i].chunk))
			x->owner[n++] = x->owner[i];
	x->owners = n;
	return rc;
}

static int by_chunk(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return mv_oid_cmp(&x->chunk, &y->chunk);
}

static struct owner *owner_of(const struct explain *x,
			      const struct mv_oid *chunk)
{
	struct owner key = { .chunk = *chunk };

	return x->owners ? bsearch(&key, x->owner, x->owners,
				   sizeof(*x->owner), by_chunk) : NULL;
}

/* -- one version ---------------------------------------------------------- */

static void add_part(struct mv_explain_part *part, uint64_t raw,
		     uint64_t stored)
{
	part->chunks++;
	part->raw += raw;
	part->stored += stored;
}

static int explain_chunk(void *payload, const struct mv_chunk_how *how,
			 struct mv_err *err)
{
	struct explain *x = payload;
	struct owner *own = owner_of(x, how->chunk), *base;

	(void)err;
	/* A chunk that it has twice is its own once. */
	if (!own || own->version != x->now || own->counted) {
		add_part(&x->out->shared, how->raw, 0);
		return 0;
	}
	own->counted = 1;
	add_part(&x->out->held[how->held], how->raw, how->stored);
	if (!how->base)
		return 0;
	base = owner_of(x, how->base);
	add_part(&x->on[base ? base->version : x->count].part, how->raw,
		 how->stored);
	return 0;
}

/* Those that something leans on, the newest first, other paths last. */
static size_t gather_on(struct mv_explain_on *out, const struct explain *x)
{
	size_t n = 0;

	for (size_t i = x->count; i--;)
		if (x->on[i].part.chunks)
			out[n++] = x->on[i];
	if (x->on[x->count].part.chunks)
		out[n++] = x->on[x->count];
	return n;
}

static int explain_one(struct explain *x, struct mv_explain_on *on,
		       int (*fn)(void *payload,
				 const struct mv_explain_version *v,
				 struct mv_err *err),
		       void *payload, struct mv_err *err)
{
	const struct explain_version *v = &x->v[x->now];
	struct mv_explain_version out = {
		.commit = v->commit, .subject = v->subject, .when = v->when,
		.oid = v->oid, .logical = v->size, .on = on
	};
	int rc;

	for (size_t i = 0; i <= x->count; i++)
		x->on[i] = (struct mv_explain_on){
			.commit = i < x->count ? x->v[i].commit : NULL
		};
	x->out = &out;
	rc = x->store ? mv_store_each_how(x->store, &v->oid, explain_chunk, x,
					  err) : MV_ENOENT;
	if (rc == MV_ENOENT) {
		out.missing = v->size > 0;
		rc = 0;
	}
	out.on_count = gather_on(on, x);
	return rc ? rc : fn(payload, &out, err);
}

int mv_care_explain(struct mv_repo *repo, const char *path,
		    int (*fn)(void *payload,
			      const struct mv_explain_version *v,
			      struct mv_err *err),
		    void *payload, struct mv_err *err)
{
	static const char *const all[] = { "--all", NULL };
	struct explain x = { .path = path };
	struct mv_explain_on *on = NULL;
	int rc = mv_repo_store_if_any(&x.store, repo, err);

	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = mv_repo_pointer_set_read(&x.pointers, repo, all, err);
	if (!rc)
		rc = mv_git_each_change(repo->git, all, explain_change, &x,
					err);
	if (!rc && !x.count)
		rc = mv_fail(err, MV_ENOENT,
			     "'%s' has no version in the history of any ref",
			     path);
	if (!rc)
		rc = find_owners(&x, err);
	x.on = calloc(x.count + 1, sizeof(*x.on));
	on = calloc(x.count + 1, sizeof(*on));
	if (!rc && (!x.on || !on))
		rc = mv_nomem(err);
	for (x.now = (uint32_t)x.count; !rc && x.now--;)
		rc = explain_one(&x, on, fn, payload, err);
	for (size_t i = 0; i < x.count; i++) {
		free(x.v[i].commit);
		free(x.v[i].subject);
	}
	free(x.v);
	free(x.owner);
	free(x.on);
	free(on);
	free(x.pointers.k);
	return rc;
}
