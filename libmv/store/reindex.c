/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"
#include "libmv/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Merging indexes on disk: many into one, in one pass over sorted inputs,
 * with or without a filter. Used to keep their number small, by gc to
 * forget what it dropped, and by fsck to forget damaged packs.
 */
struct merge {
	struct mv_index **index;
	size_t count;
	uint32_t **number;		/* of each index's packs in the new one */
	uint64_t *pos;
	enum mv_index_table table;
	const struct mv_wanted *wanted;	/* NULL: everything */
};

static int merge_rewind(void *payload, enum mv_index_table table,
			struct mv_err *err)
{
	struct merge *m = payload;

	(void)err;
	m->table = table;
	memset(m->pos, 0, m->count * sizeof(*m->pos));
	return 0;
}

/* Move input i to its next entry that is wanted; 1 when there is one. */
static int reindex_settle(struct merge *m, size_t i, struct mv_err *err)
{
	const struct mv_index *x = m->index[i];
	uint32_t pack;
	uint64_t off;

	while (m->pos[i] < x->count[m->table]) {
		int rc = mv_index_locate(&pack, &off, x, m->table, m->pos[i],
					 err);

		if (rc)
			return rc;
		if (!m->wanted ||
		    m->wanted->entry(m->wanted->payload, x, m->table,
				     m->pos[i], pack))
			return 1;
		m->pos[i]++;
	}
	return 0;
}

static int has_head(const struct merge *m, size_t i, const struct mv_oid *id)
{
	const struct mv_index *x = m->index[i];

	return m->pos[i] < x->count[m->table] &&
	       mv_oid_eq(&x->ids[m->table][m->pos[i]], id);
}

/*
 * Of heads equal to that of input `i`: one that leads to a sound pack, and of
 * these one that leans on another chunk, which is smaller. gc made that, and
 * what else it makes rests on seeing it.
 */
static int reindex_choose(size_t *out, const struct merge *m, size_t i,
			  const struct mv_oid *id, struct mv_err *err)
{
	size_t doubles = 0, k;
	int deepest = -1, depth;
	uint32_t pack;
	uint64_t off;
	int rc = 0;

	*out = i;
	for (k = i + 1; k < m->count; k++)
		doubles += has_head(m, k, id);
	for (k = i; doubles && k < m->count; k++) {
		if (!has_head(m, k, id))
			continue;
		rc = mv_index_locate(&pack, &off, m->index[k], m->table,
				     m->pos[k], err);
		if (rc)
			return rc;
		depth = (int)(mv_index_about(m->index[k], m->table,
					     m->pos[k]) & MV_ABOUT_DEPTH);
		if (depth > deepest &&
		    !mv_pack_sound(m->index[k]->files[pack], NULL)) {
			*out = k;
			deepest = depth;
		}
	}
	return 0;
}

/* The smallest head of all inputs; equal heads are passed over together. */
static int merge_next(void *payload, struct mv_index_entry *out,
		      struct mv_err *err)
{
	struct merge *m = payload;
	enum mv_index_table t = m->table;
	size_t best = m->count, from;
	uint32_t pack;
	int rc;

	for (size_t i = 0; i < m->count; i++) {
		rc = reindex_settle(m, i, err);
		if (rc < 0)
			return rc;
		if (rc && (best == m->count ||
			   mv_oid_cmp(&m->index[i]->ids[t][m->pos[i]],
				      &m->index[best]->ids[t][m->pos[best]]) < 0))
			best = i;
	}
	if (best == m->count)
		return 0;
	out->id = m->index[best]->ids[t][m->pos[best]];
	rc = reindex_choose(&from, m, best, &out->id, err);
	if (!rc)
		rc = mv_index_locate(&pack, &out->off, m->index[from], t,
				     m->pos[from], err);
	if (rc)
		return rc;
	out->about = (uint16_t)mv_index_about(m->index[from], t, m->pos[from]);
	if (m->wanted && m->wanted->about)
		out->about |= m->wanted->about(m->wanted->payload,
					       m->index[from], t,
					       m->pos[from]);
	out->pack = m->number[from][pack];
	for (size_t i = best; i < m->count; i++)
		if (has_head(m, i, &out->id))
			m->pos[i]++;
	return 1;
}

#define PACK_UNUSED UINT32_MAX

/*
 * A dry pass: how many entries will there be, and which packs do they use?
 * merge_next() gives numbers; here each pack's number is its place in the
 * list of all packs, and `used` remembers it.
 */
static int count_merged(uint64_t *out, struct merge *m,
			enum mv_index_table t, uint8_t *used,
			struct mv_err *err)
{
	struct mv_index_entry e;
	int rc;

	*out = 0;
	merge_rewind(m, t, err);
	while ((rc = merge_next(m, &e, err)) == 1) {
		(*out)++;
		used[e.pack] = 1;
	}
	return rc;
}

struct numbering {
	uint32_t *all;		/* one number per pack of every index */
	struct mv_index_pack *packs;	/* those that are used */
	uint32_t count;
};

static int start_numbers(struct merge *m, struct numbering *n,
			 uint64_t total, struct mv_err *err)
{
	uint64_t k = 0;

	n->all = calloc(total ? total : 1, sizeof(*n->all));
	n->packs = calloc(total ? total : 1, sizeof(*n->packs));
	m->number = calloc(m->count, sizeof(*m->number));
	m->pos = calloc(m->count, sizeof(*m->pos));
	if (!n->all || !n->packs || !m->number || !m->pos)
		return mv_nomem(err);
	for (size_t i = 0; i < m->count; i++) {
		m->number[i] = n->all + k;
		for (uint32_t j = 0; j < m->index[i]->packs; j++, k++)
			n->all[k] = (uint32_t)k;
	}
	return 0;
}

/* Packs that stay named without an entry. */
static void keep_packs(struct merge *m, uint8_t *used)
{
	uint64_t k = 0;

	for (size_t i = 0; i < m->count; i++)
		for (uint32_t j = 0; j < m->index[i]->packs; j++, k++)
			used[k] |= !m->wanted ||
				   m->wanted->pack(m->wanted->payload,
						   m->index[i], j);
}

/* A pack can be named by several indexes: the new one names it once. */
struct pack_ref {
	struct mv_index_pack pack;
	uint64_t k;
};

static int by_pack(const void *a, const void *b)
{
	const struct pack_ref *x = a, *y = b;
	int cmp = mv_oid_cmp(&x->pack.id, &y->pack.id);

	return cmp ? cmp : (x->k > y->k) - (x->k < y->k);
}

static int final_numbers(struct merge *m, struct numbering *n,
			 const uint8_t *used, uint64_t total,
			 struct mv_err *err)
{
	struct pack_ref *ref = calloc(total ? total : 1, sizeof(*ref));
	uint64_t k = 0, count = 0;

	if (!ref)
		return mv_nomem(err);
	for (size_t i = 0; i < m->count; i++)
		for (uint32_t j = 0; j < m->index[i]->packs; j++, k++) {
			n->all[k] = PACK_UNUSED;
			if (used[k]) {
				ref[count].pack = mv_index_pack(m->index[i], j);
				ref[count++].k = k;
			}
		}
	qsort(ref, count, sizeof(*ref), by_pack);
	for (k = 0; k < count; k++) {
		if (!k || !mv_oid_eq(&ref[k].pack.id, &ref[k - 1].pack.id))
			n->packs[n->count++] = ref[k].pack;
		n->all[ref[k].k] = n->count - 1;
	}
	free(ref);
	return 0;
}

/* One index of all into `tmp`. Damaged ones are refused: fsck must see. */
static int write_merged(struct mv_oid *id, struct mv_tmp *tmp,
			struct mv_index **index, size_t count,
			const struct mv_wanted *wanted, struct mv_err *err)
{
	struct merge m = { index, count, NULL, NULL, MV_INDEX_CHUNKS, wanted };
	struct mv_index_source source = { merge_rewind, merge_next, &m };
	struct numbering n = { NULL, NULL, 0 };
	uint64_t counts[2], total = 0;
	uint8_t *used = NULL;
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		rc = mv_index_verify(index[i], err);
		total += index[i]->packs;
	}
	if (!rc)
		rc = start_numbers(&m, &n, total, err);
	used = calloc(total ? total : 1, 1);
	if (!rc && !used)
		rc = mv_nomem(err);
	if (!rc)
		rc = count_merged(&counts[0], &m, MV_INDEX_CHUNKS, used, err);
	if (!rc)
		rc = count_merged(&counts[1], &m, MV_INDEX_CONTENTS, used, err);
	if (!rc) {
		keep_packs(&m, used);
		rc = final_numbers(&m, &n, used, total, err);
	}
	if (!rc)
		rc = mv_index_write(id, tmp, n.packs, n.count, counts,
				    &source, err);
	free(used);
	free(n.all);
	free(n.packs);
	free(m.number);
	free(m.pos);
	return rc;
}

/*
 * The merged ones must be gone for good before gc unlinks packs: after a
 * power failure an old index would lead to packs that are not there.
 */
static int unlink_merged(struct mv_store *store, struct mv_index **index,
			 size_t count, const struct mv_oid *id,
			 struct mv_err *err)
{
	char *target = mv_store_index_path(store, id);

	if (!target)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++)
		if (strcmp(index[i]->path, target))
			unlink(index[i]->path);
	free(target);
	return mv_fsync_dir(store->index_dir, err);
}

static int merge_indexes(struct mv_store *store, struct mv_index **index,
			 size_t count, const struct mv_wanted *wanted,
			 struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	struct mv_oid id;
	int rc;

	rc = mv_store_tmp(&tmp, store, "index", err);
	if (!rc)
		rc = write_merged(&id, &tmp, index, count, wanted, err);
	if (!rc)
		rc = mv_store_commit_index(store, &tmp, &id, err);
	if (!rc)
		rc = unlink_merged(store, index, count, &id, err);
	mv_tmp_discard(&tmp);
	return rc;
}

int mv_store_merge_private(struct mv_index **out, struct mv_store *store,
			   struct mv_snapshot *s, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	struct mv_index *x = NULL;
	struct mv_oid id;
	int rc;

	rc = mv_store_tmp(&tmp, store, "index", err);
	if (!rc)
		rc = write_merged(&id, &tmp, s->index, s->count, NULL, err);
	if (!rc)
		rc = mv_index_open(&x, tmp.path, err);
	for (uint32_t i = 0; !rc && i < x->packs; i++)
		rc = mv_store_pack_file(&x->files[i], store, &x->pack_ids[i],
					err);
	mv_tmp_discard(&tmp);	/* the map stays */
	if (rc)
		mv_index_free(x);
	else
		*out = x;
	return rc;
}

int mv_store_reindex(struct mv_store *store, const struct mv_wanted *wanted,
		     struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc;

	rc = mv_store_refresh(store, err);
	if (!rc)
		rc = mv_store_snapshot(&s, store, err);
	if (rc)
		return rc;
	if (s->count)
		rc = merge_indexes(store, s->index, s->count, wanted, err);
	mv_snapshot_release(store, s);
	return rc ? rc : mv_store_refresh(store, err);
}

#define COMPACT_AT 12

/*
 * The snapshot is sorted by size, largest first. Take the tail: small ones,
 * as long as the next is not more than twice all of those already taken, so
 * that each entry is rewritten only a logarithmic number of times.
 */
static size_t compact_from(const struct mv_snapshot *s)
{
	uint64_t sum = 0;
	size_t i = s->count;

	while (i) {
		uint64_t n = s->index[i - 1]->count[0] +
			     s->index[i - 1]->count[1];

		if (s->count - i >= COMPACT_AT / 2 && n > 2 * sum)
			break;
		sum += n;
		i--;
	}
	return i;
}

int mv_store_compact(struct mv_store *store, int all, struct mv_err *err)
{
	struct mv_lock lock = MV_LOCK_INIT;
	struct mv_snapshot *s = NULL;
	char *path;
	size_t from;
	int rc;

	rc = mv_store_snapshot(&s, store, err);
	if (rc)
		return rc;
	if (s->count < 2 || (!all && s->count <= COMPACT_AT))
		goto out;
	path = mv_path_join(store->dir, "compact.lock");
	rc = path ? mv_lock_take(&lock, path, MV_LOCK_EXCLUSIVE,
				 all ? 60000 : 0, err)
		   : mv_nomem(err);
	free(path);
	if (rc)
		goto out;
	/* Somebody may have merged while we waited. */
	mv_snapshot_release(store, s);
	s = NULL;
	rc = mv_store_refresh(store, err);
	if (!rc)
		rc = mv_store_snapshot(&s, store, err);
	if (rc)
		goto out;
	from = all ? 0 : compact_from(s);
	if (s->count - from > 1)
		rc = merge_indexes(store, s->index + from, s->count - from,
				   NULL, err);
	if (!rc)
		rc = mv_store_refresh(store, err);
out:
	mv_lock_drop(&lock);
	if (s)
		mv_snapshot_release(store, s);
	return rc;
}
