/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"

/*
 * Mark and sweep, under the store's exclusive lock, so that no writer can
 * rely on a chunk while it is being dropped.
 *
 *  1. Recover leftovers; merge all indexes into one.
 *  2. Mark: contents that the caller's roots name, that recent/ names within
 *     the grace period, and all contents in packs younger than it. Marking a
 *     content marks its recipe's parts and chunks.
 *  3. Old packs without a live record go. Those with much dead weight, and
 *     small ones if there are many, are rewritten: live records are verified
 *     and copied.
 *  4. Publish the new packs; then an index without what is gone; only then
 *     unlink. A crash in between leaves doubles, never a hole.
 *
 * Readers take no lock: one that finds its pack gone looks again.
 */
#define LOCK_TIMEOUT_MS 60000
#define DEAD_PERCENT 30
#define SMALL_PACKS 8

struct gc_pack {
	uint64_t size;
	uint64_t live, dead;	/* entries */
	uint64_t dead_bytes;	/* known for candidates */
	int young;
	int candidate;		/* look at its records */
	int gone;		/* removed or rewritten */
};

struct gc {
	struct mv_store *store;
	const struct mv_gc_options *options;
	struct mv_gc_stats *stats;
	struct mv_snapshot *snapshot;
	struct mv_index *index;		/* the one and only; NULL: empty store */
	uint8_t *live[2];		/* bitmaps over the tables */
	struct gc_pack *packs;
	struct mv_err *err;		/* of the callback under way */
	struct mv_tx *tx;
};

static int bit_get(const uint8_t *map, uint64_t i)
{
	return map[i / 8] >> (i % 8) & 1;
}

static void bit_set(uint8_t *map, uint64_t i)
{
	map[i / 8] |= (uint8_t)(1 << (i % 8));
}

/* -- mark -- */

static int mark_chunk(struct gc *gc, const struct mv_oid *id,
		      struct mv_err *err)
{
	int64_t pos = mv_index_find(gc->index, MV_INDEX_CHUNKS, id);
	char hex[MV_OID_HEX + 1];

	if (pos < 0)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk %s is missing from store '%s'; run 'git model fsck' first",
			       mv_oid_hex(hex, id), gc->store->dir);
	bit_set(gc->live[MV_INDEX_CHUNKS], (uint64_t)pos);
	return 0;
}

static int mark_recipe(struct gc *gc, const struct mv_oid *oid,
		       struct mv_err *err)
{
	struct mv_recipe_reader r;
	const uint8_t *entry;
	int ret = mv_recipe_open(&r, gc->store, oid, err);

	if (ret)
		return ret;
	for (uint32_t i = 0; !ret && r.recipe.depth && i < r.recipe.count; i++)
		ret = mark_chunk(gc, mv_recipe_id(r.recipe.entries +
						  i * MV_RECIPE_PART), err);
	while (!ret && (ret = mv_recipe_next(&entry, &r, err)) == 1)
		ret = mark_chunk(gc, mv_recipe_id(entry), err);
	mv_recipe_close(&r);
	return ret;
}

/* Content that is not here needs no marking. */
static int mark_content(struct gc *gc, const struct mv_oid *oid,
			struct mv_err *err)
{
	int64_t pos;

	if (!gc->index)
		return 0;
	pos = mv_index_find(gc->index, MV_INDEX_CHUNKS, oid);
	if (pos >= 0)
		bit_set(gc->live[MV_INDEX_CHUNKS], (uint64_t)pos);
	pos = mv_index_find(gc->index, MV_INDEX_CONTENTS, oid);
	if (pos < 0 || bit_get(gc->live[MV_INDEX_CONTENTS], (uint64_t)pos))
		return 0;
	bit_set(gc->live[MV_INDEX_CONTENTS], (uint64_t)pos);
	return mark_recipe(gc, oid, err);
}

static int add_root(void *sink, const struct mv_oid *oid)
{
	struct gc *gc = sink;

	return mark_content(gc, oid, gc->err);
}

static int is_young(const struct gc *gc, time_t mtime)
{
	return gc->options->now - (int64_t)mtime < gc->options->grace_s;
}

static int mark_recent_file(void *payload, const char *name,
			    struct mv_err *err)
{
	struct gc *gc = payload;
	struct mv_buf oids;
	struct stat st;
	char *path;
	int ret = 0;

	path = mv_strf("%s/recent/%s", gc->store->dir, name);
	if (!path)
		return mv_nomem(err);
	mv_buf_init(&oids, SIZE_MAX / 2);
	if (stat(path, &st) < 0)
		goto out;
	if (!is_young(gc, st.st_mtime)) {
		if (!gc->options->dry_run)
			unlink(path);
		goto out;
	}
	ret = mv_read_file(&oids, path, err);
	for (size_t i = 0; !ret && i + 32 <= oids.len; i += 32)
		ret = mark_content(gc, (const struct mv_oid *)(const void *)
				       (oids.data + i), err);
out:
	mv_buf_release(&oids);
	free(path);
	return ret;
}

static int mark_recent(struct gc *gc, struct mv_err *err)
{
	char *dir = mv_path_join(gc->store->dir, "recent");
	int ret;

	if (!dir)
		return mv_nomem(err);
	ret = mv_each_entry(dir, mark_recent_file, gc, err);
	free(dir);
	return ret == MV_ENOENT ? 0 : ret;
}

/* A young content may rest on chunks in old packs. */
static int mark_young(struct gc *gc, struct mv_err *err)
{
	uint32_t pack;
	uint64_t off;
	int ret = 0;

	for (uint64_t i = 0; !ret && i < gc->index->count[1]; i++) {
		ret = mv_index_locate(&pack, &off, gc->index,
				      MV_INDEX_CONTENTS, i, err);
		if (!ret && gc->packs[pack].young)
			ret = mark_content(gc, &gc->index->ids[1][i], err);
	}
	return ret;
}

/* -- weigh -- */

static int stat_packs(struct gc *gc, struct mv_err *err)
{
	gc->packs = calloc(gc->index->packs ? gc->index->packs : 1,
			   sizeof(*gc->packs));
	if (!gc->packs)
		return mv_nomem(err);
	for (uint32_t i = 0; i < gc->index->packs; i++) {
		const char *path = gc->index->files[i]->path;
		struct stat st;

		if (stat(path, &st) < 0)
			return mv_fail(err, MV_ECORRUPT,
				       "pack '%s' is missing; run 'git model fsck' first",
				       path);
		gc->packs[i].size = (uint64_t)st.st_size;
		gc->packs[i].young = is_young(gc, st.st_mtime);
	}
	return 0;
}

static int count_entries(struct gc *gc, struct mv_err *err)
{
	uint32_t pack;
	uint64_t off;

	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; i < gc->index->count[t]; i++) {
			int ret = mv_index_locate(&pack, &off, gc->index,
						  (enum mv_index_table)t, i,
						  err);

			if (ret)
				return ret;
			if (bit_get(gc->live[t], i))
				gc->packs[pack].live++;
			else
				gc->packs[pack].dead++;
		}
	return 0;
}

static void choose_candidates(struct gc *gc)
{
	uint64_t small = gc->store->options.pack_size / 4;
	size_t smalls = 0;

	for (uint32_t i = 0; i < gc->index->packs; i++) {
		struct gc_pack *p = &gc->packs[i];

		p->candidate = !p->young && p->dead;
		smalls += !p->young && p->live && p->size < small;
	}
	for (uint32_t i = 0; smalls >= SMALL_PACKS && i < gc->index->packs; i++)
		if (!gc->packs[i].young && gc->packs[i].size < small)
			gc->packs[i].candidate = 1;
}

/* -- sweep -- */

/* The index's entries of one pack, by offset. */
struct gc_entry {
	uint64_t off;
	uint64_t pos;
	uint8_t table;
};

static int by_off(const void *a, const void *b)
{
	const struct gc_entry *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

struct gc_walk {
	struct gc *gc;
	uint32_t pack;
	const struct gc_entry *entry;
	size_t count, pos;
	int copy;		/* second pass: append what lives */
};

/* Which entry, if any, does the record at this offset stand for? */
static const struct gc_entry *walk_entry(struct gc_walk *w, uint64_t off)
{
	while (w->pos < w->count && w->entry[w->pos].off < off)
		w->pos++;
	return w->pos < w->count && w->entry[w->pos].off == off ?
		&w->entry[w->pos] : NULL;
}

static int walk_record(void *payload, uint64_t off,
		       const struct mv_record *record, const uint8_t *head,
		       const uint8_t *stored, struct mv_err *err)
{
	struct gc_walk *w = payload;
	const struct gc_entry *e = walk_entry(w, off);
	int live = e && bit_get(w->gc->live[e->table], e->pos);
	struct mv_new_record new = { .kind = record->kind };

	if (!w->copy) {
		if (!live)
			w->gc->packs[w->pack].dead_bytes +=
				MV_RECORD_HEADER + record->stored_len;
		return 0;
	}
	if (!live)
		return 0;
	/* head and stored are neighbours in the walker's window or not:
	   put them together. */
	new.id = w->gc->index->ids[e->table][e->pos];
	{
		struct mv_buf out;
		int ret;

		mv_buf_init(&out, MV_RECIPE_MAX + 64);
		ret = mv_buf_add(&out, head, MV_RECORD_HEADER);
		if (!ret)
			ret = mv_buf_add(&out, stored, record->stored_len);
		if (ret)
			mv_nomem(err);
		else
			ret = mv_tx_append(w->gc->tx, (uint8_t *)out.data,
					   out.len, &new, 1, err);
		mv_buf_release(&out);
		return ret;
	}
}

static int walk_pack(struct gc *gc, uint32_t pack,
		     const struct gc_entry *entry, size_t count, int copy,
		     struct mv_err *err)
{
	struct gc_walk w = { gc, pack, entry, count, 0, copy };
	struct mv_pack_file *file = gc->index->files[pack];
	uint64_t end;
	int fd, ret;

	ret = mv_pack_use(&fd, gc->store, file, err);
	if (ret)
		return ret;
	ret = mv_pack_walk(fd, file->path, &file->id, &end, walk_record, &w,
			   err);
	mv_pack_done(gc->store, file);
	if (ret == MV_ECORRUPT)
		mv_err_prefix(err, "nothing was dropped; run 'git model fsck --repair' first");
	return ret;
}

static int collect_entries(struct gc *gc, struct gc_entry **out,
			   size_t **start, struct mv_err *err)
{
	uint32_t n = gc->index->packs, pack;
	size_t total = 0, *at;
	uint64_t off;
	int ret = 0;

	at = *start = calloc((size_t)n + 1, sizeof(**start));
	if (!at)
		return mv_nomem(err);
	for (uint32_t i = 0; i < n; i++) {
		at[i] = total;
		if (gc->packs[i].candidate)
			total += gc->packs[i].live + gc->packs[i].dead;
	}
	at[n] = total;
	*out = calloc(total ? total : 1, sizeof(**out));
	if (!*out)
		return mv_nomem(err);
	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; !ret && i < gc->index->count[t]; i++) {
			ret = mv_index_locate(&pack, &off, gc->index,
					      (enum mv_index_table)t, i, err);
			if (!ret && gc->packs[pack].candidate) {
				struct gc_entry *e = &(*out)[at[pack]++];

				e->off = off;
				e->pos = i;
				e->table = (uint8_t)t;
			}
		}
	for (uint32_t i = n; i; i--)	/* back to the beginnings */
		at[i] = at[i - 1];
	at[0] = 0;
	return ret;
}

static int sweep_pack(struct gc *gc, uint32_t i, struct gc_entry *entry,
		      size_t count, struct mv_err *err)
{
	uint64_t small = gc->store->options.pack_size / 4;
	struct gc_pack *p = &gc->packs[i];
	int ret;

	if (!p->live) {
		p->gone = 1;
		gc->stats->packs_removed++;
		gc->stats->freed += p->size;
		return 0;
	}
	qsort(entry, count, sizeof(*entry), by_off);
	ret = walk_pack(gc, i, entry, count, 0, err);
	if (ret)
		return ret;
	if (p->dead_bytes * 100 <= p->size * DEAD_PERCENT && p->size >= small)
		return 0;
	p->gone = 1;
	gc->stats->packs_rewritten++;
	gc->stats->freed += p->dead_bytes;
	return gc->options->dry_run ? 0 : walk_pack(gc, i, entry, count, 1, err);
}

static int sweep(struct gc *gc, struct mv_err *err)
{
	struct gc_entry *entry = NULL;
	size_t *start = NULL;
	int ret;

	ret = collect_entries(gc, &entry, &start, err);
	for (uint32_t i = 0; !ret && i < gc->index->packs; i++)
		if (gc->packs[i].candidate)
			ret = sweep_pack(gc, i, entry + start[i],
					 start[i + 1] - start[i], err);
	free(entry);
	free(start);
	return ret;
}

/* -- publish -- */

/* Dead chunks in packs that stay are still good for dedup; a dead recipe is
   not, its chunks may be gone. */
static int still_wanted(void *payload, const struct mv_index *index,
			enum mv_index_table table, uint64_t pos, uint32_t pack)
{
	struct gc *gc = payload;

	if (index != gc->index)
		return 1;	/* written by this very gc */
	if (gc->packs[pack].gone)
		return 0;
	return table == MV_INDEX_CHUNKS || gc->packs[pack].young ||
	       bit_get(gc->live[table], pos);
}

static void count_dropped(struct gc *gc)
{
	for (uint32_t i = 0; i < gc->index->packs; i++) {
		struct gc_pack *p = &gc->packs[i];

		if (p->gone)
			gc->stats->dropped_chunks += p->dead;
		else if (p->young && !p->live)
			gc->stats->kept_young += p->size;
	}
	for (uint64_t i = 0; i < gc->index->count[1]; i++) {
		uint32_t pack;
		uint64_t off;

		if (bit_get(gc->live[1], i) ||
		    mv_index_locate(&pack, &off, gc->index, MV_INDEX_CONTENTS,
				    i, NULL))
			continue;
		if (!gc->packs[pack].young)
			gc->stats->dropped_contents++;
		if (gc->packs[pack].gone && gc->stats->dropped_chunks)
			gc->stats->dropped_chunks--;	/* it was a recipe */
	}
}

static int drop_files(struct gc *gc, struct mv_err *err)
{
	int ret = mv_store_reindex(gc->store, still_wanted, gc, err);

	for (uint32_t i = 0; !ret && i < gc->index->packs; i++)
		if (gc->packs[i].gone)
			unlink(gc->index->files[i]->path);
	return ret ? ret : mv_fsync_dir(gc->store->packs_dir, err);
}

static int gc_locked(struct gc *gc, struct mv_err *err)
{
	int ret;

	ret = mv_store_recover_force(gc->store, err);
	if (!ret)
		ret = mv_store_refresh(gc->store, NULL, err);
	if (!ret)
		ret = mv_store_compact(gc->store, 1, err);
	if (!ret)
		ret = mv_store_snapshot(&gc->snapshot, gc->store, err);
	if (ret)
		return ret;
	if (gc->snapshot->count > 1)
		return mv_fail(err, MV_EBUSY,
			       "store '%s' is being written to; try again",
			       gc->store->dir);
	if (!gc->snapshot->count)
		return 0;
	gc->index = gc->snapshot->index[0];
	for (int t = 0; t < 2; t++) {
		gc->live[t] = calloc(gc->index->count[t] / 8 + 1, 1);
		if (!gc->live[t])
			return mv_nomem(err);
	}
	ret = stat_packs(gc, err);
	if (!ret)
		ret = mark_young(gc, err);
	if (!ret)
		ret = mark_recent(gc, err);
	gc->err = err;
	if (!ret)
		ret = gc->options->roots(gc->options->payload, add_root, gc,
					 err);
	if (!ret)
		ret = count_entries(gc, err);
	if (ret)
		return ret;
	choose_candidates(gc);
	if (!gc->options->dry_run)
		ret = mv_tx_new(&gc->tx, gc->store, err);
	if (!ret)
		ret = sweep(gc, err);
	if (!ret && !gc->options->dry_run) {
		ret = mv_tx_flush(gc->tx, MV_TX_SYNC, err);
		if (!ret)
			ret = drop_files(gc, err);
	}
	if (!ret)
		count_dropped(gc);
	return ret;
}

int mv_store_gc(struct mv_store *store, const struct mv_gc_options *options,
		struct mv_gc_stats *stats, struct mv_err *err)
{
	struct gc gc = { .store = store, .options = options, .stats = stats };
	struct mv_lock lock = MV_LOCK_INIT;
	char *path;
	int ret;

	memset(stats, 0, sizeof(*stats));
	mv_lock_drop(&store->hold);	/* or we would wait for ourselves */
	path = mv_path_join(store->dir, "lock");
	ret = path ? mv_lock_take(&lock, path, MV_LOCK_EXCLUSIVE,
				  LOCK_TIMEOUT_MS, err)
		   : mv_nomem(err);
	free(path);
	if (!ret)
		ret = gc_locked(&gc, err);
	mv_tx_abort(gc.tx);
	if (gc.snapshot)
		mv_snapshot_release(store, gc.snapshot);
	free(gc.live[0]);
	free(gc.live[1]);
	free(gc.packs);
	mv_lock_drop(&lock);
	return ret;
}
