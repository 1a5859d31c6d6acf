/* SPDX-License-Identifier: MIT */
#include "libmv/store/gc-inner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/store/tx.h"

/*
 * Mark and sweep, under the store's exclusive lock, so that no writer can
 * rely on a chunk while it is being dropped.
 *
 *  1. Recover leftovers; merge all indexes into one.
 *  2. Mark: contents that the caller's roots name, that recent/ names within
 *     the grace period, and all contents in packs younger than it. Marking a
 *     content marks its recipe's parts and chunks.
 *  3. Old versions get smaller records, as differences (gc-lean.c); those that
 *     they had weigh nothing any more.
 *  4. Old packs without a live record go. Those with much dead weight, and
 *     small ones if there are many, are rewritten: live records are verified
 *     and copied. So go packs all of whose records others have, too. Young
 *     packs are rewritten for their smaller records only, and lose nothing.
 *  5. Publish the new packs; then an index without what is gone; only then
 *     unlink. A crash in between leaves doubles, never a hole.
 *
 * Readers take no lock: one that finds its pack gone looks again.
 *
 * Memory: a bit per entry of the index (a byte with differences), 24 bytes for each of at most
 * BATCH_ENTRIES entries, and what a transaction needs for FLUSH_RECORDS.
 */
#define DEAD_PERCENT 30
#define MOVED_PERCENT 10	/* of a pack in which records became smaller */
#define SMALL_PACKS 8
#define BATCH_ENTRIES (1024u * 1024)
#define FLUSH_RECORDS (256u * 1024)

/* -- weigh ---------------------------------------------------------------- */

static void choose_candidates(struct gc *gc)
{
	uint64_t small = gc->store->options.pack_size / 4;
	size_t smalls = 0;

	for (uint32_t i = 0; i < gc->index->packs; i++) {
		struct gc_pack *p = &gc->packs[i];

		p->candidate = !p->foreign &&
			       (p->moved || (!p->young &&
					     (p->dead || p->hiding)));
		smalls += !p->young && p->live && p->size < small;
	}
	for (uint32_t i = 0; smalls >= SMALL_PACKS && i < gc->index->packs; i++)
		if (!gc->packs[i].young && gc->packs[i].size < small)
			gc->packs[i].candidate = 1;
}

/* -- sweep ---------------------------------------------------------------- */

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

/* Goes on when its pack is written anew: all that is young, or lives. */
static int goes_on(const struct gc *gc, uint32_t pack,
		   const struct gc_entry *e)
{
	if (e->table == MV_INDEX_CHUNKS && mv_gc_is_moved(gc, e->pos))
		return 0;
	return gc->packs[pack].young || mv_bit_get(gc->live[e->table], e->pos);
}

struct gc_walk {
	struct gc *gc;
	uint32_t pack;
	const struct gc_entry *entry;
	size_t count, pos;
};

/* Which entry, if any, does the record at this offset stand for? */
static const struct gc_entry *gc_walk_entry(struct gc_walk *w, uint64_t off)
{
	while (w->pos < w->count && w->entry[w->pos].off < off)
		w->pos++;
	return w->pos < w->count && w->entry[w->pos].off == off ?
		&w->entry[w->pos] : NULL;
}

/* Append what lives; the walk has verified it. */
static int copy_record(void *payload, uint64_t off,
		       const struct mv_pack_record *record, const uint8_t *head,
		       const uint8_t *stored, struct mv_err *err)
{
	struct gc_walk *w = payload;
	const struct gc_entry *e = gc_walk_entry(w, off);
	struct mv_new_record new = { .kind = record->kind };
	struct gc *gc = w->gc;

	if (!e || !goes_on(gc, w->pack, e))
		return 0;
	new.id = gc->index->ids[e->table][e->pos];
	new.tried = (uint16_t)(mv_index_about(gc->index, e->table, e->pos) &
			       MV_ABOUT_TRIED);
	mv_buf_clear(&gc->record);
	if (mv_buf_add(&gc->record, head, MV_RECORD_HEADER) ||
	    mv_buf_add(&gc->record, stored, record->stored_len))
		return mv_nomem(err);
	gc->copied++;
	return mv_tx_append(gc->tx, (uint8_t *)gc->record.data,
			    gc->record.len, &new, 1, err);
}

static int copy_pack(struct gc *gc, uint32_t pack,
		     const struct gc_entry *entry, size_t count,
		     struct mv_err *err)
{
	struct gc_walk w = { gc, pack, entry, count, 0 };
	struct mv_pack_file *file = gc->index->files[pack];
	uint64_t end;
	int fd, rc;

	rc = mv_tx_inherit(gc->tx, &file->id, err);
	if (!rc)
		rc = mv_pack_use(&fd, gc->store, file, err);
	if (rc)
		return rc;
	rc = mv_pack_walk(fd, file->path, &file->id, &end, copy_record, &w,
			  err);
	mv_pack_done(gc->store, file);
	if (rc == MV_ECORRUPT)
		mv_err_prefix(err,
			      "nothing was dropped; run 'git model fsck --repair' first");
	return rc;
}

/* The headers of what lives say what the rest takes. */
static int weigh_pack(struct gc *gc, uint32_t pack,
		      const struct gc_entry *entry, size_t count,
		      struct mv_err *err)
{
	uint64_t need = MV_PACK_HEADER + MV_PACK_TRAILER;
	struct mv_place place = { gc->index->files[pack], 0 };
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		if (!goes_on(gc, pack, &entry[i]))
			continue;
		place.off = entry[i].off;
		rc = mv_place_record(&record, head, NULL, 0, gc->store,
				     &place, err);
		need += MV_RECORD_HEADER + record.stored_len;
	}
	if (!rc && need > gc->packs[pack].size)
		rc = mv_fail(err, MV_ECORRUPT,
			     "pack '%s' is shorter than its records; run 'git model fsck --repair' first",
			     place.file->path);
	gc->packs[pack].dead_bytes = gc->packs[pack].size - need;
	return rc;
}

static int sweep_pack(struct gc *gc, uint32_t i, struct gc_entry *entry,
		      size_t count, struct mv_err *err)
{
	uint64_t small = gc->store->options.pack_size / 4;
	struct gc_pack *p = &gc->packs[i];
	unsigned percent = p->moved ? MOVED_PERCENT : DEAD_PERCENT;
	int rc;

	if (!p->live && !(p->young && p->dead)) {
		p->gone = 1;
		gc->stats->packs_removed++;
		gc->stats->freed += p->size;
		return 0;
	}
	qsort(entry, count, sizeof(*entry), by_off);
	rc = weigh_pack(gc, i, entry, count, err);
	if (rc || (p->dead_bytes * 100 <= p->size * percent &&
		   p->size >= small))
		return rc;
	p->gone = 1;
	gc->stats->packs_rewritten++;
	gc->stats->freed += p->dead_bytes;
	return gc->options->dry_run ? 0 : copy_pack(gc, i, entry, count, err);
}

/* Packs lo .. hi - 1, whose entries take a bounded amount of memory. */
struct batch {
	uint32_t lo, hi;
	struct gc_entry *entry;
	size_t *start;		/* of each pack's, and the end */
};

static size_t pack_entries(const struct gc *gc, uint32_t i)
{
	const struct gc_pack *p = &gc->packs[i];

	return p->candidate ? (size_t)(p->live + p->dead + p->moved) : 0;
}

static int batch_begin(struct batch *b, struct gc *gc, struct mv_err *err)
{
	size_t total = 0;

	for (b->hi = b->lo; b->hi < gc->index->packs; b->hi++) {
		if (total && total + pack_entries(gc, b->hi) > BATCH_ENTRIES)
			break;
		total += pack_entries(gc, b->hi);
	}
	b->entry = calloc(total ? total : 1, sizeof(*b->entry));
	b->start = calloc((size_t)(b->hi - b->lo) + 1, sizeof(*b->start));
	if (!b->entry || !b->start)
		return mv_nomem(err);
	return 0;
}

static int batch_collect(struct batch *b, struct gc *gc, struct mv_err *err)
{
	size_t *at = b->start;
	uint32_t pack;
	uint64_t off;

	for (uint32_t i = b->lo; i < b->hi; i++)
		at[i - b->lo + 1] = at[i - b->lo] + pack_entries(gc, i);
	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; i < gc->index->count[t]; i++) {
			struct gc_entry *e;
			int rc = mv_index_locate(&pack, &off, gc->index,
						 (enum mv_index_table)t, i,
						 err);

			if (rc)
				return rc;
			if (pack < b->lo || pack >= b->hi ||
			    !gc->packs[pack].candidate)
				continue;
			e = &b->entry[at[pack - b->lo]++];
			e->off = off;
			e->pos = i;
			e->table = (uint8_t)t;
		}
	for (uint32_t i = b->hi - b->lo; i; i--)	/* to the beginnings */
		at[i] = at[i - 1];
	at[0] = 0;
	return 0;
}

static int batch_sweep(struct batch *b, struct gc *gc, struct mv_err *err)
{
	int rc = batch_begin(b, gc, err);

	if (!rc)
		rc = batch_collect(b, gc, err);
	for (uint32_t i = b->lo; !rc && i < b->hi; i++) {
		const size_t *at = &b->start[i - b->lo];

		if (!gc->packs[i].candidate)
			continue;
		rc = sweep_pack(gc, i, b->entry + at[0], at[1] - at[0], err);
		mv_progress_update(gc->store->options.progress,
				   "Dropping packs", i + 1, gc->index->packs);
		/* New packs may appear already: they only double old ones. */
		if (!rc && gc->copied >= FLUSH_RECORDS) {
			rc = mv_tx_flush(gc->tx, MV_TX_SYNC, err);
			gc->copied = 0;
		}
	}
	free(b->entry);
	free(b->start);
	b->lo = b->hi;
	return rc;
}

static int sweep(struct gc *gc, struct mv_err *err)
{
	struct batch b = { 0, 0, NULL, NULL };
	int rc = 0;

	while (!rc && b.lo < gc->index->packs)
		rc = batch_sweep(&b, gc, err);
	return rc;
}

/* -- publish -------------------------------------------------------------- */

/* Dead chunks in packs that stay are still good for dedup. A dead recipe is
   not, its chunks may be gone, nor one that leans on what may be gone. */
static int still_wanted(void *payload, const struct mv_index *index,
			enum mv_index_table table, uint64_t pos, uint32_t pack)
{
	struct gc *gc = payload;

	if (index != gc->index)
		return 1;	/* written by this very gc */
	if (gc->packs[pack].gone ||
	    (table == MV_INDEX_CHUNKS && mv_gc_is_moved(gc, pos)))
		return 0;
	return gc->packs[pack].young || mv_bit_get(gc->live[table], pos) ||
	       (table == MV_INDEX_CHUNKS &&
		!(mv_index_about(index, table, pos) & MV_ABOUT_DEPTH));
}

/* A young pack of doubles need not be read again next time. */
static int still_named(void *payload, const struct mv_index *index,
		       uint32_t pack)
{
	struct gc *gc = payload;

	return index != gc->index ||
	       (gc->packs[pack].young && !gc->packs[pack].gone);
}

static uint16_t still_known(void *payload, const struct mv_index *index,
			    enum mv_index_table table, uint64_t pos)
{
	struct gc *gc = payload;

	return index == gc->index && table == MV_INDEX_CHUNKS ?
	       mv_gc_tried(gc, pos) : 0;
}

static void count_dropped(struct gc *gc)
{
	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; i < gc->index->count[t]; i++) {
			uint32_t pack;
			uint64_t off;

			if (mv_bit_get(gc->live[t], i) ||
			    mv_index_locate(&pack, &off, gc->index,
					    (enum mv_index_table)t, i, NULL) ||
			    gc->packs[pack].young)
				continue;
			if (t == MV_INDEX_CONTENTS)
				gc->stats->dropped_contents++;
			else if (gc->packs[pack].gone)
				gc->stats->dropped_chunks++;
		}
}

static const struct gc_pack *named_pack(const struct gc *gc,
					const struct mv_pack_file *file)
{
	for (uint32_t i = 0; i < gc->index->packs; i++)
		if (gc->index->files[i] == file)
			return &gc->packs[i];
	return NULL;
}

/* Not what is young, unless all of it was written anew. */
static int may_unlink(const struct gc *gc, const struct gc_pack *p,
		      const struct mv_oid *id, time_t mtime)
{
	return !mv_gc_is_strangers(gc, id) &&
	       (!mv_gc_is_young(gc, mtime) || (p && p->gone));
}

/*
 * Of the packs that were known before: those that no index names now. The
 * index decides, not what we meant to drop: a rewritten pack may have come
 * out the same, with the same name.
 */
static int unlink_unnamed(struct gc *gc, const struct mv_snapshot *now,
			  struct mv_err *err)
{
	struct mv_oid *named;
	size_t count;
	int rc = mv_snapshot_packs(&named, &count, now, err);

	for (size_t i = 0; !rc && i < gc->known_count; i++) {
		const struct gc_pack *p;
		struct mv_pack_file *file;
		struct stat st;

		if (mv_ids_find(named, count, &gc->known[i]) >= 0)
			continue;
		rc = mv_store_pack_file(&file, gc->store, &gc->known[i], err);
		if (rc || stat(file->path, &st) < 0)
			continue;
		p = named_pack(gc, file);
		if (!may_unlink(gc, p, &gc->known[i], st.st_mtime))
			continue;
		mv_pack_forget(gc->store, file);
		if (!p) {
			gc->stats->packs_removed++;	/* all doubles */
			gc->stats->freed += (uint64_t)st.st_size;
		}
		unlink(file->path);
	}
	free(named);
	if (!rc)
		rc = mv_fsync_dir(gc->store->packs_dir, err);
	return rc ? rc : mv_store_drop_owners(gc->store, err);
}

static int drop_files(struct gc *gc, struct mv_err *err)
{
	struct mv_wanted wanted = { still_wanted, still_named, still_known,
				    gc };
	struct mv_snapshot *s;
	int rc, ours = 0;

	rc = mv_store_snapshot(&s, gc->store, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < s->count; i++)
		ours |= s->index[i] == gc->index;
	mv_snapshot_release(gc->store, s);
	if (!ours)
		return mv_fail(err, MV_EBUSY,
			       "the indexes of store '%s' were changed; try again",
			       gc->store->dir);
	rc = mv_store_reindex(gc->store, &wanted, err);
	if (!rc)
		rc = mv_store_snapshot(&s, gc->store, err);
	if (rc)
		return rc;
	rc = unlink_unnamed(gc, s, err);
	mv_snapshot_release(gc->store, s);
	return rc;
}

static int one_index(struct gc *gc, struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc;

	rc = mv_store_refresh(gc->store, err);
	if (!rc)
		rc = mv_store_snapshot(&s, gc->store, err);
	if (rc)
		return rc;
	rc = mv_snapshot_packs(&gc->known, &gc->known_count, s, err);
	if (!rc && s->count > 1 && gc->options->dry_run) {
		rc = mv_store_merge_private(&gc->own, gc->store, s, err);
		gc->index = gc->own;
	} else if (!rc) {
		rc = mv_store_compact(gc->store, 1, err);
	}
	mv_snapshot_release(gc->store, s);
	if (!rc)
		rc = mv_store_snapshot(&gc->snapshot, gc->store, err);
	if (rc || gc->index)
		return rc;
	if (gc->snapshot->count > 1)
		return mv_fail(err, MV_EBUSY,
			       "store '%s' is being written to; try again",
			       gc->store->dir);
	gc->index = gc->snapshot->count ? gc->snapshot->index[0] : NULL;
	return 0;
}

static int gc_locked(struct gc *gc, struct mv_err *err)
{
	int rc = 0;

	if (!gc->options->dry_run)
		rc = mv_store_recover_force(gc->store, err);
	if (!rc)
		rc = mv_part_list(&gc->parts, gc->store, err);
	if (!rc)
		rc = one_index(gc, err);
	if (rc || !gc->index)
		return rc;
	if (gc->options->leans && !gc->options->dry_run) {
		gc->lean = calloc(gc->index->count[MV_INDEX_CHUNKS] + 1, 1);
		if (!gc->lean)
			return mv_nomem(err);
	}
	for (int t = 0; t < 2; t++) {
		gc->live[t] = calloc(gc->index->count[t] / 8 + 1, 1);
		if (!gc->live[t])
			return mv_nomem(err);
	}
	rc = mv_gc_mark(gc, err);
	if (rc)
		return rc;
	if (!gc->options->dry_run)
		rc = mv_tx_new(&gc->tx, gc->store, err);
	if (!rc)
		rc = mv_gc_lean_all(gc, err);
	/* What has a smaller record now is dead weight where it was. */
	if (!rc)
		rc = mv_gc_count(gc, err);
	if (rc)
		return rc;
	choose_candidates(gc);
	rc = sweep(gc, err);
	if (!rc && !gc->options->dry_run) {
		rc = mv_tx_flush(gc->tx, MV_TX_SYNC, err);
		if (!rc)
			rc = drop_files(gc, err);
		if (!rc)
			mv_gc_drop_parts(gc);
	}
	if (!rc)
		count_dropped(gc);
	gc->stats->freed -= gc->lean_bytes < gc->stats->freed ?
			    gc->lean_bytes : gc->stats->freed;
	return rc;
}

int mv_store_gc(struct mv_store *store, const struct mv_gc_options *options,
		struct mv_gc_stats *stats, struct mv_err *err)
{
	struct gc gc = { .store = store, .options = options, .stats = stats };
	struct mv_lock lock;
	int rc;

	memset(stats, 0, sizeof(*stats));
	rc = mv_store_alone(&lock, store, err);
	if (rc)
		return rc;
	mv_buf_init(&gc.record, MV_RECIPE_MAX + 64);
	rc = gc_locked(&gc, err);
	mv_tx_abort(gc.tx);
	if (gc.snapshot)
		mv_snapshot_release(store, gc.snapshot);
	mv_index_free(gc.own);
	free(gc.known);
	free(gc.strangers);
	mv_part_list_release(&gc.parts);
	free(gc.live[0]);
	free(gc.live[1]);
	free(gc.lean);
	free(gc.packs);
	mv_buf_release(&gc.record);
	mv_store_shared(&lock, store);
	return rc;
}
