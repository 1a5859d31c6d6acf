/* SPDX-License-Identifier: MIT */
#include "libmv/store/gc-inner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/store/tx.h"

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

int mv_gc_base(uint64_t *base, struct gc *gc, uint64_t pos,
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
	unsigned int depth;
	int rc = 1;

	while (rc == 1 && !mv_bit_get(gc->live[MV_INDEX_CHUNKS], pos)) {
		mv_bit_set(gc->live[MV_INDEX_CHUNKS], pos);
		depth = mv_index_about(gc->index, MV_INDEX_CHUNKS, pos) &
			MV_ABOUT_DEPTH;
		rc = mv_gc_base(&pos, gc, pos, err);
		if (rc == 1)
			mv_gc_note_leaner(gc, pos, depth);
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

typedef int (*mark_fn)(struct gc *gc, const struct mv_oid *id,
		       struct mv_err *err);

/* All that an open recipe names; closes it. */
static int mark_entries(struct gc *gc, struct mv_recipe_reader *r,
			mark_fn mark, struct mv_err *err)
{
	const uint8_t *entry;
	int rc = 0;

	for (uint32_t i = 0; !rc && r->recipe.depth && i < r->recipe.count; i++)
		rc = mark(gc, mv_recipe_id(r->recipe.entries +
					   i * MV_RECIPE_PART), err);
	while (!rc && (rc = mv_recipe_next(&entry, r, err)) == 1)
		rc = mark(gc, mv_recipe_id(entry), err);
	mv_recipe_close(r);
	return rc;
}

static int mark_recipe(struct gc *gc, const struct mv_oid *oid,
		       struct mv_err *err)
{
	struct mv_recipe_reader r;
	int rc = mv_recipe_open(&r, gc->store, oid, err);

	return rc ? rc : mark_entries(gc, &r, mark_chunk, err);
}

/* What is here of a content of which not all is. */
static int mark_part(struct gc *gc, const struct mv_oid *oid,
		     struct mv_err *err)
{
	int64_t at = mv_ids_find(gc->parts.oids, gc->parts.count, oid);
	struct mv_recipe_reader r;
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
	return mark_entries(gc, &r, mark_if_here, err);
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
	if (mv_bit_get(gc->live[MV_INDEX_CONTENTS], (uint64_t)pos))
		return 0;
	mv_bit_set(gc->live[MV_INDEX_CONTENTS], (uint64_t)pos);
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
int mv_gc_is_young(const struct gc *gc, time_t mtime)
{
	int64_t more = gc->options->grace_s < MV_RECENT_AGE_S ?
		       gc->options->grace_s : MV_RECENT_AGE_S;

	return is_young(gc, mtime + (time_t)(more > 0 ? more : 0));
}

int mv_gc_is_strangers(const struct gc *gc, const struct mv_oid *pack)
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

void mv_gc_drop_parts(struct gc *gc)
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

/* `p` is NULL where the index does not name the pack any more. */
static int mark_pack(struct gc *gc, const struct mv_oid *id,
		     struct gc_pack *p, struct mv_err *err)
{
	uint64_t entries = p ? p->live + p->dead : 0;
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
	if (rc || st.st_size < MV_PACK_TRAILER)
		goto out;
	rc = mv_pread_full(fd, count, sizeof(count),
			   (uint64_t)st.st_size - MV_PACK_TRAILER + 8, &got,
			   path, err);
	if (rc || mv_le64(count) == entries)
		goto out;
	if (p)
		p->hiding = mv_le64(count) - entries > entries / 8;
	if (!mv_gc_is_young(gc, st.st_mtime) && !mv_gc_is_strangers(gc, id))
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
	struct gc_pack **packs;		/* by their numbers in the store */
	struct mv_pack_file *file;
	size_t files;
	int rc = 0;

	pthread_mutex_lock(&gc->store->mutex);
	files = gc->store->file_count;
	pthread_mutex_unlock(&gc->store->mutex);
	packs = calloc(files + 1, sizeof(*packs));
	if (!packs)
		return mv_nomem(err);
	for (uint32_t i = 0; i < gc->index->packs; i++)
		packs[gc->index->files[i]->number] = &gc->packs[i];
	for (size_t i = 0; !rc && i < gc->known_count; i++) {
		rc = mv_store_pack_file(&file, gc->store, &gc->known[i], err);
		if (!rc)
			rc = mark_pack(gc, &gc->known[i], packs[file->number],
				       err);
	}
	free(packs);
	return rc;
}

/* -- packs ---------------------------------------------------------------- */

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
		gc->packs[i].young = mv_gc_is_young(gc, st.st_mtime);
		if (!gc->packs[i].young &&
		    mv_gc_is_strangers(gc, &gc->index->pack_ids[i])) {
			gc->packs[i].young = gc->packs[i].foreign = 1;
			gc->stats->kept_foreign += gc->packs[i].size;
		}
	}
	return 0;
}

int mv_gc_count(struct gc *gc, struct mv_err *err)
{
	uint32_t pack;
	uint64_t off;

	for (uint32_t i = 0; i < gc->index->packs; i++)
		gc->packs[i].live = gc->packs[i].dead =
		gc->packs[i].moved = 0;
	for (int t = 0; t < 2; t++)
		for (uint64_t i = 0; i < gc->index->count[t]; i++) {
			int rc = mv_index_locate(&pack, &off, gc->index,
						 (enum mv_index_table)t, i,
						 err);

			if (rc)
				return rc;
			if (t == MV_INDEX_CHUNKS && mv_gc_is_moved(gc, i))
				gc->packs[pack].moved++;
			else if (mv_bit_get(gc->live[t], i))
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

int mv_gc_mark(struct gc *gc, struct mv_err *err)
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
		rc = mv_gc_count(gc, err);
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
	return rc ? rc : mv_gc_count(gc, err);
}
