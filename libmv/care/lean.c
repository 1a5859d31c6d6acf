/* SPDX-License-Identifier: MIT */
#include "libmv/care/lean.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/history.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/store/codec-numbers.h"

/*
 * What may lean on what: each version of a path on the next one of that path,
 * and the newest, where another path had the same tensors before, on that one's
 * newest. Versions are those of all refs, in the order of history.
 */
enum {
	OTHERS_MAX = 8	/* so many other paths are looked at, the last ones */
};

/* -- tensors -------------------------------------------------------------- */

static unsigned int numbers_of(const struct mv_tensor *t)
{
	if (t->big_endian)
		return 0;
	switch (t->dtype) {
	case MV_DTYPE_BOOL:
	case MV_DTYPE_U8:
	case MV_DTYPE_I8:
	case MV_DTYPE_BLOCK:
		return MV_NUMBERS_I8;
	case MV_DTYPE_F8_E4M3:
	case MV_DTYPE_F8_E5M2:
	case MV_DTYPE_F8_OTHER:
		return MV_NUMBERS_F8;
	case MV_DTYPE_U16:
	case MV_DTYPE_I16:
		return MV_NUMBERS_I16;
	case MV_DTYPE_F16:
		return MV_NUMBERS_F16;
	case MV_DTYPE_BF16:
		return MV_NUMBERS_BF16;
	case MV_DTYPE_U32:
	case MV_DTYPE_I32:
		return MV_NUMBERS_I32;
	case MV_DTYPE_F32:
	case MV_DTYPE_C64:
		return MV_NUMBERS_F32;
	case MV_DTYPE_U64:
	case MV_DTYPE_I64:
		return MV_NUMBERS_I64;
	case MV_DTYPE_F64:
	case MV_DTYPE_C128:
		return MV_NUMBERS_F64;
	default:
		return 0;
	}
}

static int by_tensor_name(const void *a, const void *b)
{
	const struct mv_tensor *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int same_tensor(const struct mv_tensor *a, const struct mv_tensor *b)
{
	return a->dtype == b->dtype && a->rank == b->rank &&
	       a->length == b->length && a->big_endian == b->big_endian &&
	       !a->elsewhere && !b->elsewhere && a->offset && b->offset &&
	       (!a->rank || !memcmp(a->shape, b->shape,
				    a->rank * sizeof(*a->shape)));
}

static const struct mv_tensor *find_tensor(
	const struct mv_tensor *const *sorted, size_t count,
	const struct mv_tensor *t)
{
	const struct mv_tensor *const *found =
		count ? bsearch(&t, sorted, count, sizeof(*sorted),
				by_tensor_name) : NULL;

	return found && same_tensor(*found, t) ? *found : NULL;
}

/* Chunks may go across tensors that are next to each other in both. */
static void add_run(struct mv_lean_run *run, size_t *count,
		    const struct mv_tensor *t, const struct mv_tensor *base)
{
	struct mv_lean_run *last = *count ? &run[*count - 1] : NULL;
	unsigned int numbers = numbers_of(t);

	if (last && last->numbers == numbers &&
	    last->off + last->len == t->offset &&
	    last->base_off + last->len == base->offset) {
		last->len += t->length;
		return;
	}
	run[(*count)++] = (struct mv_lean_run){ t->offset, base->offset,
						t->length, numbers };
}

int mv_care_lean_runs(struct mv_lean_run **out, size_t *count, uint64_t *bytes,
		      const struct mv_layout *of, const struct mv_layout *base,
		      struct mv_err *err)
{
	const struct mv_tensor **sorted =
		calloc(base->count + 1, sizeof(*sorted)), *b;
	uint64_t end = 0;

	*count = 0;
	*bytes = 0;
	*out = calloc(of->count + 1, sizeof(**out));
	if (!sorted || !*out) {
		free(sorted);
		free(*out);
		*out = NULL;
		return mv_nomem(err);
	}
	for (size_t i = 0; i < base->count; i++)
		sorted[i] = &base->tensors[i];
	if (base->count)
		qsort(sorted, base->count, sizeof(*sorted), by_tensor_name);
	for (size_t i = 0; i < of->count; i++) {
		const struct mv_tensor *t = &of->tensors[i];

		/* Tensors that share bytes: the first speaks for them. */
		if (!numbers_of(t) || t->offset < end || !t->length)
			continue;
		b = find_tensor(sorted, base->count, t);
		if (!b)
			continue;
		add_run(*out, count, t, b);
		*bytes += t->length;
		end = t->offset + t->length;
	}
	free(sorted);
	return 0;
}

/* -- contents ------------------------------------------------------------- */

struct lean_version {
	char *path;
	struct mv_oid oid;
	uint64_t size;
	size_t order;
};

struct leans {
	struct mv_repo *repo;
	struct mv_store *store;
	struct mv_gc_leaner *leaner;
	struct mv_pointer_set pointers;
	struct lean_version *v;
	size_t count, alloc;
	const struct lean_version **newest;	/* of each path, oldest first */
	size_t newest_count;
};

struct source {
	struct mv_store *store;
	const struct mv_oid *oid;
	struct mv_err err;		/* why it could not be read */
	int failed;
};

static int lean_read_at(void *payload, uint64_t off, void *data, size_t len,
			size_t *got, struct mv_err *err)
{
	struct source *s = payload;
	int rc = mv_store_read_at(s->store, s->oid, off, data, len, got,
				  &s->err);

	if (rc) {
		s->failed = rc;
		if (err)
			*err = s->err;
	}
	return rc;
}

/* No tensors where nobody can tell: that is no error, what cannot be read is. */
static int read_layout(struct mv_layout *out, struct leans *l,
		       const struct lean_version *v, struct mv_err *err)
{
	struct source s = { .store = l->store, .oid = &v->oid };
	int rc = mv_format_parse_at(out, lean_read_at, &s, v->size, NULL);

	if (!rc)
		return 0;
	memset(out, 0, sizeof(*out));
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	return s.failed ? mv_fail(err, s.failed, "%s", s.err.msg) : 0;
}

static int let_lean(struct leans *l, const struct lean_version *v,
		    const struct mv_layout *layout,
		    const struct lean_version *base,
		    const struct mv_layout *base_layout, int newer,
		    struct mv_err *err)
{
	struct mv_lean_run *runs;
	uint64_t bytes;
	size_t count;
	int rc = mv_care_lean_runs(&runs, &count, &bytes, layout, base_layout,
				   err);

	if (!rc)
		rc = mv_gc_may_lean(l->leaner, &v->oid, &base->oid, runs,
				    count, newer, err);
	free(runs);
	return rc;
}

/* -- the next version ----------------------------------------------------- */

/* Each version of v[0 .. count - 1], oldest first, on the one behind it. */
static int lean_path(struct leans *l, const struct lean_version *v,
		     size_t count, struct mv_err *err)
{
	struct mv_layout layout[2];
	int have = 0, rc = 0;

	memset(layout, 0, sizeof(layout));
	for (size_t i = count - 1; !rc && i; i--) {
		rc = mv_gc_wants(l->leaner, &v[i - 1].oid, 1, err);
		if (rc == 1 && !have)
			rc = read_layout(&layout[0], l, &v[i], err);
		else if (rc == 1)
			rc = 0;
		else if (!rc) {
			mv_layout_release(&layout[0]);
			have = 0;
			continue;
		}
		if (!rc)
			rc = read_layout(&layout[1], l, &v[i - 1], err);
		if (!rc)
			rc = let_lean(l, &v[i - 1], &layout[1], &v[i],
				      &layout[0], 1, err);
		mv_layout_release(&layout[0]);
		layout[0] = layout[1];
		memset(&layout[1], 0, sizeof(layout[1]));
		have = 1;
	}
	mv_layout_release(&layout[0]);
	return rc;
}

/* -- another path --------------------------------------------------------- */

static const char *name_end(const char *path)
{
	const char *name = strrchr(path, '/'), *dot;

	name = name ? name + 1 : path;
	dot = strrchr(name, '.');
	return dot ? dot : "";
}

static int may_be_like(const struct lean_version *a,
		       const struct lean_version *b)
{
	return !strcmp(name_end(a->path), name_end(b->path)) &&
	       a->size / 2 <= b->size && b->size / 2 <= a->size &&
	       !mv_oid_eq(&a->oid, &b->oid);
}

/* The one of the others with the most bytes in the same tensors. */
static int find_like(const struct lean_version **out, struct mv_layout *layout,
		     struct leans *l, size_t i, const struct mv_layout *own,
		     struct mv_err *err)
{
	const struct lean_version *v = l->newest[i];
	uint64_t most = v->size / 2, bytes;
	struct mv_lean_run *runs = NULL;
	size_t count, looked = 0;
	int rc = 0;

	*out = NULL;
	while (!rc && i-- && looked < OTHERS_MAX) {
		struct mv_layout other;

		if (!may_be_like(v, l->newest[i]))
			continue;
		looked++;
		rc = read_layout(&other, l, l->newest[i], err);
		if (rc)
			break;
		rc = mv_care_lean_runs(&runs, &count, &bytes, own, &other,
				       err);
		free(runs);
		if (!rc && bytes > most) {
			mv_layout_release(layout);
			*layout = other;
			*out = l->newest[i];
			most = bytes;
		} else {
			mv_layout_release(&other);
		}
	}
	return rc;
}

static int lean_newest(struct leans *l, size_t i, struct mv_err *err)
{
	const struct lean_version *v = l->newest[i], *base = NULL;
	struct mv_layout layout[2];
	int rc = mv_gc_wants(l->leaner, &v->oid, 0, err);

	if (rc <= 0)
		return rc;
	memset(layout, 0, sizeof(layout));
	rc = read_layout(&layout[0], l, v, err);
	if (!rc && layout[0].count)
		rc = find_like(&base, &layout[1], l, i, &layout[0], err);
	if (!rc && base)
		rc = let_lean(l, v, &layout[0], base, &layout[1], 0, err);
	mv_layout_release(&layout[0]);
	mv_layout_release(&layout[1]);
	return rc;
}

/* -- history -------------------------------------------------------------- */

static int note_version(void *payload, const char *commit, const char *subject,
			int64_t when, const char *path, const char *blob,
			struct mv_err *err)
{
	struct leans *l = payload;
	const struct mv_pointer *p = mv_repo_pointer_set_find(&l->pointers,
							      blob);
	struct lean_version *v;

	(void)commit;
	(void)subject;
	(void)when;
	if (!p || p->dialect != MV_DIALECT_NATIVE || !p->size)
		return 0;
	if (MV_GROW(l->v, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	v = &l->v[l->count];
	v->path = strdup(path);
	v->oid = p->oid;
	v->size = p->size;
	v->order = l->count;
	if (!v->path)
		return mv_nomem(err);
	l->count++;
	return 0;
}

static int by_path_and_order(const void *a, const void *b)
{
	const struct lean_version *x = a, *y = b;
	int cmp = strcmp(x->path, y->path);

	return cmp ? cmp : (x->order > y->order) - (x->order < y->order);
}

static int by_first_seen(const void *a, const void *b)
{
	const struct lean_version *const *x = a, *const *y = b;

	return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

/* What came twice counts where it came last. Gives how many are left. */
static size_t drop_repeats(struct lean_version *v, size_t count)
{
	size_t keep = count;

	for (size_t i = count; i--;) {
		size_t k = keep;

		while (k < count && !mv_oid_eq(&v[k].oid, &v[i].oid))
			k++;
		if (k == count) {
			struct lean_version swap = v[--keep];

			v[keep] = v[i];
			v[i] = swap;
		}
	}
	return count - keep;
}

static int lean_versions(struct leans *l, struct mv_err *err)
{
	size_t from = 0, to;
	int rc = 0;

	l->newest = calloc(l->count + 1, sizeof(*l->newest));
	if (!l->newest)
		return mv_nomem(err);
	if (l->count)
		qsort(l->v, l->count, sizeof(*l->v), by_path_and_order);
	for (; !rc && from < l->count; from = to) {
		size_t count;

		for (to = from + 1; to < l->count; to++)
			if (strcmp(l->v[from].path, l->v[to].path))
				break;
		count = drop_repeats(&l->v[from], to - from);
		rc = lean_path(l, &l->v[to - count], count, err);
		l->newest[l->newest_count++] = &l->v[to - 1];
	}
	if (l->newest_count)
		qsort(l->newest, l->newest_count, sizeof(*l->newest),
		      by_first_seen);
	for (size_t i = 0; !rc && i < l->newest_count; i++)
		rc = lean_newest(l, i, err);
	return rc;
}

int mv_care_leans(void *payload, struct mv_gc_leaner *leaner,
		  struct mv_err *err)
{
	static const char *const all[] = { "--all", NULL };
	struct leans l = { .repo = payload, .leaner = leaner };
	int rc = mv_repo_store(&l.store, l.repo, err);

	if (!rc)
		rc = mv_repo_pointer_set_read(&l.pointers, l.repo, all, err);
	if (!rc)
		rc = mv_git_each_change(l.repo->git, all, note_version, &l,
					err);
	if (!rc)
		rc = lean_versions(&l, err);
	for (size_t i = 0; i < l.count; i++)
		free(l.v[i].path);
	free(l.v);
	free(l.newest);
	free(l.pointers.k);
	return rc;
}
