/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/store/store.h"

/* Collecting index entries in memory, and publishing them. */

int mv_entries_add(struct mv_entries *x, enum mv_index_table t,
		   const struct mv_index_entry *entry, struct mv_err *err)
{
	if (MV_GROW(x->e[t], x->alloc[t], x->count[t] + 1, err) < 0)
		return MV_ENOMEM;
	x->e[t][x->count[t]++] = *entry;
	return 0;
}

void mv_entries_release(struct mv_entries *x)
{
	free(x->e[0]);
	free(x->e[1]);
	free(x->leaning);
	memset(x, 0, sizeof(*x));
}

static int by_id(const void *a, const void *b)
{
	const struct mv_index_entry *x = a, *y = b;
	int cmp = mv_oid_cmp(&x->id, &y->id);

	if (cmp)
		return cmp;
	/* Of doubles the least deep: whatever leans on it may lean on that. A
	   deeper one can be what gc has forgotten, and no index tells. */
	cmp = (int)(x->about & MV_ABOUT_DEPTH) -
	      (int)(y->about & MV_ABOUT_DEPTH);
	if (cmp)
		return cmp;
	if (x->pack != y->pack)
		return x->pack < y->pack ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
}

static void sort_unique(struct mv_entries *x, int t)
{
	size_t n = 0;

	if (x->count[t])
		qsort(x->e[t], x->count[t], sizeof(*x->e[t]), by_id);
	for (size_t i = 0; i < x->count[t]; i++)
		if (!n || !mv_oid_eq(&x->e[t][n - 1].id, &x->e[t][i].id))
			x->e[t][n++] = x->e[t][i];
	x->count[t] = x->sorted[t] = n;
}

void mv_entries_sort(struct mv_entries *x)
{
	sort_unique(x, 0);
	sort_unique(x, 1);
}

const struct mv_index_entry *mv_entries_find(const struct mv_entries *x,
					     enum mv_index_table t,
					     const struct mv_oid *id)
{
	size_t lo = 0, hi = x->sorted[t];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = mv_oid_cmp(&x->e[t][mid].id, id);

		if (!cmp)
			return &x->e[t][mid];
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

struct entries_cursor {
	struct mv_entries *entries;
	enum mv_index_table table;
	size_t pos;
};

static int entries_rewind(void *payload, enum mv_index_table table,
			  struct mv_err *err)
{
	struct entries_cursor *c = payload;

	(void)err;
	c->table = table;
	c->pos = 0;
	return 0;
}

static int entries_next(void *payload, struct mv_index_entry *out,
			struct mv_err *err)
{
	struct entries_cursor *c = payload;

	(void)err;
	if (c->pos == c->entries->count[c->table])
		return 0;
	*out = c->entries->e[c->table][c->pos++];
	return 1;
}

int mv_entries_write(struct mv_oid *id, struct mv_tmp *tmp,
		     struct mv_entries *entries,
		     const struct mv_index_pack *packs, uint32_t count, struct mv_err *err)
{
	struct entries_cursor cursor = { entries, MV_INDEX_CHUNKS, 0 };
	struct mv_index_source source = { entries_rewind, entries_next,
					  &cursor };
	uint64_t counts[2];

	mv_entries_sort(entries);
	counts[0] = entries->count[0];
	counts[1] = entries->count[1];
	return mv_index_write(id, tmp, packs, count, counts, &source, err);
}

int mv_store_commit_index(struct mv_store *store, struct mv_tmp *tmp,
			  const struct mv_oid *id, struct mv_err *err)
{
	char *path = mv_store_index_path(store, id);
	int rc;

	rc = path ? mv_store_publish(store, tmp, path, 0, err)
		  : mv_nomem(err);
	free(path);
	return rc;
}
