/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

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
 *     and copied. So go packs all of whose records others have, too.
 *  4. Publish the new packs; then an index without what is gone; only then
 *     unlink. A crash in between leaves doubles, never a hole.
 *
 * Readers take no lock: one that finds its pack gone looks again.
 *
 * Memory: a bit per entry of the index, 24 bytes for each of at most
 * BATCH_ENTRIES entries, and what a transaction needs for FLUSH_RECORDS.
 */
#define DEAD_PERCENT 30
#define SMALL_PACKS 8
#define BATCH_ENTRIES (1024u * 1024)
#define FLUSH_RECORDS (256u * 1024)

struct gc_pack {
	uint64_t size;
	uint64_t live, dead;	/* entries */
	uint64_t dead_bytes;	/* known for candidates */
	int young;		/* or of somebody who cannot be asked: */
	int foreign;
	int candidate;		/* look at its records */
	int gone;		/* removed or rewritten */
};

struct gc {
	struct mv_store *store;
	const struct mv_gc_options *options;
	struct mv_gc_stats *stats;
	struct mv_snapshot *snapshot;
	struct mv_index *index;		/* the one and only; NULL: empty store */
	struct mv_index *own;		/* the same, if nobody else has it */
	struct mv_oid *known;		/* packs before indexes were merged */
	size_t known_count;
	struct mv_oid *strangers;	/* packs of owners nobody can ask */
	size_t stranger_count;
	struct mv_parts parts;		/* recipes of which not all is here */
	uint8_t *live[2];		/* bitmaps over the tables */
	struct gc_pack *packs;
	struct mv_err *err;		/* of the callback under way */
	struct mv_tx *tx;
	struct mv_buf record;		/* the one being copied */
	uint64_t copied;		/* records since the last flush */
};

static int bit_get(const uint8_t *map, uint64_t i)
{
	return map[i / 8] >> (i % 8) & 1;
}

static void bit_set(uint8_t *map, uint64_t i)
{
	map[i / 8] |= (uint8_t)(1 << (i % 8));
}

/* -- mark ----------------------------------------------------------------- */

static int find_chunk(uint64_t *pos, struct gc *gc, const struct mv_oid *id,
		      struct mv_err *err)
{
	int64_t found = mv_index_find(gc->index, MV_INDEX_CHUNKS, id);
	char hex[MV_OID_HEX + 1];

	if (found < 0)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk %s is missing from store '%s'; run 'git model fsck' first",
			       mv_oid_hex(hex, id), gc->store->dir);
	*pos = (uint64_t)found;
	return 0;
}

/* 1: the entry leans on the one at *base. */
static int base_of(uint64_t *base, struct gc *gc, uint64_t pos,
		   struct mv_err *err)
{
	struct mv_place place;
	struct mv_oid id;
	uint32_t pack;
	int rc;

	if (!(mv_index_about(gc->index, MV_INDEX_CHUNKS, pos) &
	      MV_ABOUT_DEPTH))
		return 0;
	rc = mv_index_locate(&pack, &place.off, gc->index, MV_INDEX_CHUNKS,
			     pos, err);
	if (rc)
		return rc;
	place.file = gc->index->files[pack];
	rc = mv_place_base(&id, gc->store, &place, err);
	if (!rc)
		rc = mv_fail(err, MV_ECORRUPT,
			     "the index of store '%s' says otherwise what a chunk leans on; run 'git model fsck --repair' first",
			     gc->store->dir);
	if (rc == 1)
		rc = find_chunk(base, gc, &id, err);
	return rc ? rc : 1;
}

/* And with it what it leans on: without that it is nothing. */
static int mark_at(struct gc *gc, uint64_t pos, struct mv_err *err)
{
	int rc = 1;

	while (rc == 1 && !bit_get(gc->live[MV_INDEX_CHUNKS], pos)) {
		bit_set(gc->live[MV_INDEX_CHUNKS], pos);
		rc = base_of(&pos, gc, pos, err);
	}
	return rc < 0 ? rc : 0;
}

static int mark_chunk(struct gc *gc, const struct mv_oid *id,
		      struct mv_err *err)
{
	uint64_t pos = 0;
	int rc = find_chunk(&pos, gc, id, err);

	return rc ? rc : mark_at(gc, pos, err);
}

static int mark_if_here(struct gc *gc, const struct mv_oid *id,
			struct mv_err *err)
{
	int64_t pos = mv_index_find(gc->index, MV_INDEX_CHUNKS, id);

	return pos < 0 ? 0 : mark_at(gc, (uint64_t)pos, err);
}

static int mark_recipe(struct gc *gc, const struct mv_oid *oid,
		       struct mv_err *err)
{
	struct mv_recipe_reader r;
	const uint8_t *entry;
	int rc = mv_recipe_open(&r, gc->store, oid, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; !rc && r.recipe.depth && i < r.recipe.count; i++)
		rc = mark_chunk(gc, mv_recipe_id(r.recipe.entries +
						 i * MV_RECIPE_PART), err);
	while (!rc && (rc = mv_recipe_next(&entry, &r, err)) == 1)
		rc = mark_chunk(gc, mv_recipe_id(entry), err);
	mv_recipe_close(&r);
	return rc;
}

/* What is here of a content of which not all is. */
static int mark_part(struct gc *gc, const struct mv_oid *oid,
		     struct mv_err *err)
{
	int64_t at = mv_ids_find(gc->parts.oids, gc->parts.count, oid);
	struct mv_recipe_reader r;
	const uint8_t *entry;
	int rc;

	if (at < 0 || gc->parts.kept[at])
		return 0;
	gc->parts.kept[at] = 1;
	rc = mv_part_open(&r, gc->store, oid, err);
	if (rc == MV_ENOENT)	/* nobody can read it */
		return 0;
	if (rc) {
		mv_err_prefix(err, "nothing was dropped; run 'git model fsck "
			      "--repair' first");
		return rc;
	}
	for (uint32_t i = 0; !rc && r.recipe.depth && i < r.recipe.count; i++)
		rc = mark_if_here(gc, mv_recipe_id(r.recipe.entries +
						   i * MV_RECIPE_PART), err);
	while (!rc && (rc = mv_recipe_next(&entry, &r, err)) == 1)
		rc = mark_if_here(gc, mv_recipe_id(entry), err);
	mv_recipe_close(&r);
	return rc;
}

/* Content that is not here needs no marking. */
static int mark_content(struct gc *gc, const struct mv_oid *oid,
			struct mv_err *err)
{
	int64_t pos;
	int rc = 0;

	if (!gc->index)
		return 0;
	rc = mark_if_here(gc, oid, err);
	if (rc)
		return rc;
	pos = mv_index_find(gc->index, MV_INDEX_CONTENTS, oid);
	if (pos < 0)
		return mark_part(gc, oid, err);
	if (bit_get(gc->live[MV_INDEX_CONTENTS], (uint64_t)pos))
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

/*
 * A transaction that relies on a young pack does not say so in recent/. Its
 * grace must not end with that pack's: so a pack stays young a bit longer.
 */
static int is_young_pack(const struct gc *gc, time_t mtime)
{
	int64_t more = gc->options->grace_s < MV_RECENT_AGE_S ?
		       gc->options->grace_s : MV_RECENT_AGE_S;

	return is_young(gc, mtime + (time_t)(more > 0 ? more : 0));
}

static int is_strangers(const struct gc *gc, const struct mv_oid *pack)
{
	return mv_ids_find(gc->strangers, gc->stranger_count, pack) >= 0;
}

static int mark_recent_file(void *payload, const char *name,
			    struct mv_err *err)
{
	struct gc *gc = payload;
	struct mv_buf oids;
	struct stat st;
	char *path;
	int rc = 0;

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
	rc = mv_read_file(&oids, path, err);
	for (size_t i = 0; !rc && i + 32 <= oids.len; i += 32)
		rc = mark_content(gc, (const struct mv_oid *)(const void *)
				      (oids.data + i), err);
out:
	mv_buf_release(&oids);
	free(path);
	return rc;
}

static int mark_recent(struct gc *gc, struct mv_err *err)
{
	char *dir = mv_path_join(gc->store->dir, "recent");
	int rc;

	if (!dir)
		return mv_nomem(err);
	rc = mv_each_entry(dir, mark_recent_file, gc, err);
	free(dir);
	return rc == MV_ENOENT ? 0 : rc;
}

/* One that came just now, whoever names it. */
static int mark_young_parts(struct gc *gc, struct mv_err *err)
{
	time_t when;
	int rc = 0;

	for (size_t i = 0; !rc && i < gc->parts.count; i++)
		if (mv_part_time(&when, gc->store, &gc->parts.oids[i]) &&
		    is_young(gc, when))
			rc = mark_content(gc, &gc->parts.oids[i], err);
	return rc;
}

/* Those that nobody needs, and those of contents that are here now. */
static void drop_parts(struct gc *gc)
{
	for (size_t i = 0; i < gc->parts.count; i++)
		if (!gc->parts.kept[i])
			mv_part_remove(gc->store, &gc->parts.oids[i]);
}

/* A young content may rest on chunks in old packs, a young chunk too. */
static int mark_young(struct gc *gc, struct mv_err *err)
{
	uint32_t pack;
	uint64_t off;
	int rc = 0;

	for (uint64_t i = 0; !rc && i < gc->index->count[0]; i++) {
		if (!(mv_index_about(gc->index, MV_INDEX_CHUNKS, i) &
		      MV_ABOUT_DEPTH))
			continue;
		rc = mv_index_locate(&pack, &off, gc->index, MV_INDEX_CHUNKS,
				     i, err);
		if (!rc && gc->packs[pack].young)
			rc = mark_at(gc, i, err);
	}

	for (uint64_t i = 0; !rc && i < gc->index->count[1]; i++) {
		rc = mv_index_locate(&pack, &off, gc->index,
				     MV_INDEX_CONTENTS, i, err);
		if (!rc && gc->packs[pack].young)
			rc = mark_content(gc, &gc->index->ids[1][i], err);
	}
	return rc;
}

/*
 * The merged index leads to one of two equal records, perhaps to the one in
 * an old pack. The young pack's reason to be kept holds for its ids, then.
 */
static int mark_ids(struct gc *gc, const struct mv_entries *entries,
		    struct mv_err *err)
{
	int rc = 0;

	for (int t = 0; t < 2; t++)
		for (size_t i = 0; !rc && i < entries->count[t]; i++)
			rc = mark_content(gc, &entries->e[t][i].id, err);
	return rc;
}

static int mark_pack(struct gc *gc, const struct mv_oid *id, uint64_t entries,
		     struct mv_err *err)
{
	struct mv_entries found = MV_ENTRIES_INIT;
	const struct mv_index_pack pack = { *id, 0 };
	char *path = mv_store_pack_path(gc->store, id);
	uint8_t count[8] = { 0 };
	struct stat st;
	uint64_t end;
	size_t got;
	int fd = -1, rc;

	if (!path)
		return mv_nomem(err);
	rc = mv_open_read(&fd, &st, path, err);
	if (rc || (!is_young_pack(gc, st.st_mtime) && !is_strangers(gc, id)) ||
	    st.st_size < MV_PACK_TRAILER)
		goto out;
	rc = mv_pread_full(fd, count, sizeof(count),
			   (uint64_t)st.st_size - MV_PACK_TRAILER + 8, &got,
			   path, err);
	if (rc || mv_le64(count) == entries)
		goto out;
	rc = mv_pack_collect(&found, gc->store, fd, path, id, 0, &end, err);
	if (!rc)
		rc = mv_entries_settle(&found, gc->store, &pack, err);
	if (!rc)
		rc = mark_ids(gc, &found, err);
out:
	if (fd >= 0)
		close(fd);
	mv_entries_release(&found);
	free(path);
	return rc == MV_ENOENT ? 0 : rc;
}

static int mark_doubles(struct gc *gc, struct mv_err *err)
{
	uint32_t *entries;	/* of each pack, by its number in the store */
	struct mv_pack_file *file;
	size_t files;
	int rc = 0;

	pthread_mutex_lock(&gc->store->mutex);
	files = gc->store->file_count;
	pthread_mutex_unlock(&gc->store->mutex);
	entries = calloc(files + 1, sizeof(*entries));
	if (!entries)
		return mv_nomem(err);
	for (uint32_t i = 0; i < gc->index->packs; i++)
		entries[gc->index->files[i]->number] +=
			(uint32_t)(gc->packs[i].live + gc->packs[i].dead);
	for (size_t i = 0; !rc && i < gc->known_count; i++) {
		rc = mv_store_pack_file(&file, gc->store, &gc->known[i], err);
		if (!rc)
			rc = mark_pack(gc, &gc->known[i],
				       entries[file->number], err);
	}
	free(entries);
	return rc;
}

/* -- weigh ---------------------------------------------------------------- */

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
		gc->packs[i].young = is_young_pack(gc, st.st_mtime);
		if (!gc->packs[i].young &&
		    is_strangers(gc, &gc->index->pack_ids[i])) {
			gc->packs[i].young = gc->packs[i].foreign = 1;
			gc->stats->kept_foreign += gc->packs[i].size;
		}
	}
	return 0;
}

static int count_entries(struct gc *gc, struct mv_err *err)
{
	uint32_t pack;
	uint64_t off;

	for (uint32_t i = 0; i < gc->index->packs; i++)
		gc->packs[i].live = gc->packs[i].dead = 0;
	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; i < gc->index->count[t]; i++) {
			int rc = mv_index_locate(&pack, &off, gc->index,
						 (enum mv_index_table)t, i,
						 err);

			if (rc)
				return rc;
			if (bit_get(gc->live[t], i))
				gc->packs[pack].live++;
			else
				gc->packs[pack].dead++;
		}
	return 0;
}

/* What only its age keeps, in proportion to the number of records. */
static void weigh_young(struct gc *gc)
{
	for (uint32_t i = 0; i < gc->index->packs; i++) {
		const struct gc_pack *p = &gc->packs[i];

		if (p->young && !p->foreign && p->dead)
			gc->stats->kept_young += (uint64_t)
				((double)p->size * (double)p->dead /
				 (double)(p->live + p->dead));
	}
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

static int is_live(const struct gc *gc, const struct gc_entry *e)
{
	return bit_get(gc->live[e->table], e->pos);
}

struct gc_walk {
	struct gc *gc;
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

	if (!e || !is_live(gc, e))
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
	struct gc_walk w = { gc, entry, count, 0 };
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
		if (!is_live(gc, &entry[i]))
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
	int rc;

	if (!p->live) {
		p->gone = 1;
		gc->stats->packs_removed++;
		gc->stats->freed += p->size;
		return 0;
	}
	qsort(entry, count, sizeof(*entry), by_off);
	rc = weigh_pack(gc, i, entry, count, err);
	if (rc || (p->dead_bytes * 100 <= p->size * DEAD_PERCENT &&
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

	return p->candidate ? (size_t)(p->live + p->dead) : 0;
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
	if (gc->packs[pack].gone)
		return 0;
	return gc->packs[pack].young || bit_get(gc->live[table], pos) ||
	       (table == MV_INDEX_CHUNKS &&
		!(mv_index_about(index, table, pos) & MV_ABOUT_DEPTH));
}

/* A young pack of doubles need not be read again next time. */
static int still_named(void *payload, const struct mv_index *index,
		       uint32_t pack)
{
	struct gc *gc = payload;

	return index != gc->index || gc->packs[pack].young;
}

static void count_dropped(struct gc *gc)
{
	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; i < gc->index->count[t]; i++) {
			uint32_t pack;
			uint64_t off;

			if (bit_get(gc->live[t], i) ||
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

static int names_pack(const struct gc *gc, const struct mv_pack_file *file)
{
	for (uint32_t i = 0; i < gc->index->packs; i++)
		if (gc->index->files[i] == file)
			return 1;
	return 0;
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
		struct mv_pack_file *file;
		struct stat st;

		if (mv_ids_find(named, count, &gc->known[i]) >= 0)
			continue;
		rc = mv_store_pack_file(&file, gc->store, &gc->known[i], err);
		if (rc || stat(file->path, &st) < 0 ||
		    is_young_pack(gc, st.st_mtime) ||
		    is_strangers(gc, &gc->known[i]))
			continue;
		mv_pack_forget(gc->store, file);
		if (!names_pack(gc, file)) {
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
	struct mv_wanted wanted = { still_wanted, still_named, gc };
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

static int mark(struct gc *gc, struct mv_err *err)
{
	int rc = mv_store_strangers(&gc->strangers, &gc->stranger_count,
				    gc->store, err);

	if (!rc)
		rc = stat_packs(gc, err);
	gc->err = err;
	if (!rc)
		rc = gc->options->roots(gc->options->payload, add_root, gc,
					err);
	if (!rc)
		rc = count_entries(gc, err);
	if (rc)
		return rc;
	weigh_young(gc);
	rc = mark_young(gc, err);
	if (!rc)
		rc = mark_doubles(gc, err);
	if (!rc)
		rc = mark_recent(gc, err);
	if (!rc)
		rc = mark_young_parts(gc, err);
	return rc ? rc : count_entries(gc, err);
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
	for (int t = 0; t < 2; t++) {
		gc->live[t] = calloc(gc->index->count[t] / 8 + 1, 1);
		if (!gc->live[t])
			return mv_nomem(err);
	}
	rc = mark(gc, err);
	if (rc)
		return rc;
	choose_candidates(gc);
	if (!gc->options->dry_run)
		rc = mv_tx_new(&gc->tx, gc->store, err);
	if (!rc)
		rc = sweep(gc, err);
	if (!rc && !gc->options->dry_run) {
		rc = mv_tx_flush(gc->tx, MV_TX_SYNC, err);
		if (!rc)
			rc = drop_files(gc, err);
		if (!rc)
			drop_parts(gc);
	}
	if (!rc)
		count_dropped(gc);
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
	free(gc.packs);
	mv_buf_release(&gc.record);
	mv_store_shared(&lock, store);
	return rc;
}
