/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/store.h"

/*
 * Chunks out, bytes back. Every chunk is checked against its hash before any
 * of its bytes leave. That the recipe belongs to the oid was checked
 * when it came in (put hashes the whole content, copy does so again), and
 * its record carries a checksum; fsck hashes whole contents once more.
 */

/* Opening again after recovery: a killed writer may have left it in tmp/. */
static int open_recipe(struct mv_recipe_reader *r, struct mv_store *store,
		       const struct mv_oid *oid, struct mv_err *err)
{
	int rc = mv_recipe_open(r, store, oid, err);

	if (rc == MV_ENOENT &&
	    !(store->options.flags & MV_STORE_READ_ONLY) &&
	    !mv_store_recover(store, NULL) &&
	    !mv_store_refresh(store, NULL))
		rc = mv_recipe_open(r, store, oid, err);
	return rc;
}

static int rely_on(struct mv_snapshot *s, enum mv_index_table table,
		   const struct mv_oid *id, struct mv_err *err)
{
	struct mv_place place;

	return mv_snapshot_rely(&place, s, table, id, err);
}

/* Where packs are missing, a recipe proves nothing: each chunk is looked for. */
static int has_chunks(struct mv_recipe_reader *r, struct mv_snapshot *s,
		      struct mv_err *err)
{
	const uint8_t *entry;
	int rc = 0;

	for (uint32_t i = 0; !rc && r->recipe.depth && i < r->recipe.count; i++)
		rc = rely_on(s, MV_INDEX_CHUNKS,
			     mv_recipe_id(r->recipe.entries +
					  i * MV_RECIPE_PART), err);
	while (!rc && (rc = mv_recipe_next(&entry, r, err)) == 1)
		rc = rely_on(s, MV_INDEX_CHUNKS, mv_recipe_id(entry), err);
	return rc;
}

/* An oid leads to a whole; what a recipe calls by that name is no content. */
static int rely_on_whole(uint64_t *size, struct mv_store *store,
			 struct mv_snapshot *s, const struct mv_oid *oid,
			 struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	struct mv_place place;
	int rc = mv_snapshot_rely(&place, s, MV_INDEX_CHUNKS, oid, err);

	if (rc)
		return rc;
	rc = mv_place_record(&record, head, NULL, 0, store, &place, err);
	if (rc)		/* damaged it is here all the same */
		return rc == MV_ECORRUPT && !size ? 0 : rc;
	if (record.kind != MV_RECORD_WHOLE)
		return MV_ENOENT;
	if (size)
		*size = record.raw_len;
	return 0;
}

/* In that snapshot; its size is in the recipe only. */
static int has_in(uint64_t *size, struct mv_store *store,
		  struct mv_snapshot *s, const struct mv_oid *oid,
		  struct mv_err *err)
{
	struct mv_recipe_reader r;
	int whole, rc = rely_on(s, MV_INDEX_CONTENTS, oid, err);

	if (rc == MV_ENOENT)
		return rely_on_whole(size, store, s, oid, err);
	whole = rc || mv_snapshot_whole(s);
	if (rc || (whole && !size))
		return rc;
	rc = mv_recipe_open(&r, store, oid, err);
	if (rc)
		return rc;
	if (!whole)
		rc = has_chunks(&r, s, err);
	if (!rc && size)
		*size = r.recipe.size;
	mv_recipe_close(&r);
	return rc;
}

int mv_store_has(struct mv_store *store, const struct mv_oid *oid,
		 uint64_t *size, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_snapshot *s;
	int rc;

	if (mv_oid_is_empty(oid)) {
		if (size)
			*size = 0;
		return 0;
	}
	for (int tries = 0;; tries++) {
		rc = mv_store_snapshot(&s, store, err);
		if (rc)
			return rc;
		rc = has_in(size, store, s, oid, err);
		mv_snapshot_release(store, s);
		if (rc != MV_ENOENT)
			return rc;
		if (tries)
			return mv_fail(err, MV_ENOENT,
				       "content %s is not in store '%s'",
				       mv_oid_hex(hex, oid), store->dir);
		/* A killed writer may have left it in tmp/. */
		if (!(store->options.flags & MV_STORE_READ_ONLY))
			(void)mv_store_recover(store, NULL);
		rc = mv_store_refresh(store, err);
		if (rc)
			return rc;
	}
}

/* -- in order ------------------------------------------------------------- */

int mv_store_read_ahead(struct mv_store *store, struct mv_err *err)
{
	return store->ahead ? 0 : mv_ahead_new(&store->ahead, store, err);
}

/* mv_chunk_load(), from what was read ahead if it is there. */
static int next_chunk(uint8_t *out, uint32_t *len, struct mv_store *store,
		      struct mv_scratch *scratch, const struct mv_oid *id,
		      struct mv_err *err)
{
	struct mv_snapshot *s;
	struct mv_place place;

	if (!store->ahead)
		return mv_chunk_load(out, len, store, scratch, id, err);
	if (mv_ahead_take(out, len, store->ahead, id))
		return 0;
	if (!mv_store_snapshot(&s, store, NULL)) {
		if (!mv_snapshot_find(&place, s, MV_INDEX_CHUNKS, id, NULL))
			mv_ahead_missed(store->ahead, &place);
		mv_snapshot_release(store, s);
	}
	return mv_chunk_load(out, len, store, scratch, id, err);
}

int mv_store_read(struct mv_store *store, const struct mv_oid *oid,
		  struct mv_writer *out, struct mv_err *err)
{
	struct mv_scratch *scratch;
	struct mv_recipe_reader r;
	const uint8_t *entry;
	int rc;

	rc = mv_scratch_get(&scratch, store, err);
	if (rc)
		return rc;
	rc = open_recipe(&r, store, oid, err);
	if (rc) {
		mv_scratch_put(store, scratch);
		return rc;
	}
	while ((rc = mv_recipe_next(&entry, &r, err)) == 1) {
		uint32_t len = mv_le32(entry + 32);

		rc = next_chunk(scratch->raw, &len, store, scratch,
				    mv_recipe_id(entry), err);
		if (!rc)
			rc = out->write(out->payload, scratch->raw, len, err);
		if (rc)
			break;
	}
	mv_recipe_close(&r);
	mv_scratch_put(store, scratch);
	return rc;
}

int mv_store_read_at(struct mv_store *store, const struct mv_oid *oid,
		     uint64_t off, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct mv_scratch *scratch;
	struct mv_recipe_reader r;
	const uint8_t *entry;
	uint64_t pos = 0;
	int rc;

	*got = 0;
	rc = mv_scratch_get(&scratch, store, err);
	if (rc)
		return rc;
	rc = open_recipe(&r, store, oid, err);
	if (rc) {
		mv_scratch_put(store, scratch);
		return rc;
	}
	mv_recipe_skip(&r, off, &pos);
	while (*got < len && (rc = mv_recipe_next(&entry, &r, err)) == 1) {
		uint32_t n = mv_le32(entry + 32), from;

		pos += n;
		if (pos <= off)
			continue;
		rc = mv_chunk_load(scratch->raw, &n, store, scratch,
				   mv_recipe_id(entry), err);
		if (rc)
			break;
		from = (uint32_t)(off + *got - (pos - n));
		if (n - from > len - *got)
			n = from + (uint32_t)(len - *got);
		memcpy((char *)data + *got, scratch->raw + from, n - from);
		*got += n - from;
	}
	if (rc > 0)
		rc = 0;
	mv_recipe_close(&r);
	mv_scratch_put(store, scratch);
	return rc;
}

static int how_held(struct mv_chunk_how *how, struct mv_oid *base,
		    struct mv_store *store, struct mv_scratch *scratch,
		    const struct mv_oid *id, struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	unsigned int depth;
	int rc = mv_record_find(&record, head, NULL, store, MV_INDEX_CHUNKS,
				id, err);

	if (!rc && mv_codec_depth(record.codec, record.param))
		rc = mv_record_find(&record, head, scratch->stored, store,
				    MV_INDEX_CHUNKS, id, err);
	if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_ECORRUPT,
			     "a chunk of the content is missing");
	if (rc)
		return rc;
	if (record.codec >= MV_HELD_KINDS)
		return mv_fail(err, MV_ENOTSUP,
			       "chunk has an unknown codec (%u)", record.codec);
	rc = mv_codec_base(base, &depth, record.codec, record.param,
			   scratch->stored, record.stored_len, err);
	how->chunk = id;
	how->base = rc == 1 ? base : NULL;
	how->stored = record.stored_len + MV_RECORD_HEADER;
	how->held = (enum mv_held)record.codec;
	return rc < 0 ? rc : 0;
}

int mv_store_each_how(struct mv_store *store, const struct mv_oid *oid,
		      mv_how_fn fn, void *payload, struct mv_err *err)
{
	struct mv_scratch *scratch;
	struct mv_recipe_reader r;
	const uint8_t *entry;
	int rc = mv_scratch_get(&scratch, store, err);

	if (rc)
		return rc;
	rc = open_recipe(&r, store, oid, err);
	if (rc) {
		mv_scratch_put(store, scratch);
		return rc;
	}
	while ((rc = mv_recipe_next(&entry, &r, err)) == 1) {
		struct mv_chunk_how how = { .raw = mv_le32(entry + 32) };
		struct mv_oid base;

		rc = how_held(&how, &base, store, scratch,
			      mv_recipe_id(entry), err);
		if (!rc)
			rc = fn(payload, &how, err);
		if (rc)
			break;
	}
	mv_recipe_close(&r);
	mv_scratch_put(store, scratch);
	return rc;
}

struct each_chunk {
	mv_chunk_fn fn;
	void *payload;
};

static int each_chunk_how(void *payload, const struct mv_chunk_how *how,
			  struct mv_err *err)
{
	struct each_chunk *each = payload;

	return each->fn(each->payload, how->chunk, how->raw, how->stored, err);
}

int mv_store_each_chunk(struct mv_store *store, const struct mv_oid *oid,
			mv_chunk_fn fn, void *payload, struct mv_err *err)
{
	struct each_chunk each = { fn, payload };

	return mv_store_each_how(store, oid, each_chunk_how, &each, err);
}

/* -- in parallel ---------------------------------------------------------- */

#define RUN_CHUNKS 256

struct restore {
	struct mv_store *store;
	int fd;
	const char *path;
	uint64_t size;
	uint64_t done;		/* under mutex */
	pthread_mutex_t mutex;
};

/* Consecutive chunks, about STORE_SEGMENT of them. */
struct run {
	struct restore *restore;
	uint64_t off;
	size_t len;
	uint32_t count;
	uint8_t entry[RUN_CHUNKS * MV_RECIPE_ENTRY];
};

static int run_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct run *run = arg;
	struct restore *re = run->restore;
	struct mv_scratch *scratch = NULL;
	size_t pos = 0;
	int rc;

	(void)worker;
	rc = mv_scratch_get(&scratch, re->store, err);
	for (uint32_t i = 0; !rc && i < run->count; i++) {
		const uint8_t *entry = run->entry + i * MV_RECIPE_ENTRY;
		uint32_t len = mv_le32(entry + 32);

		rc = mv_chunk_load(scratch->raw + pos, &len, re->store,
				   scratch, mv_recipe_id(entry), err);
		pos += len;
	}
	if (!rc)
		rc = mv_pwrite_full(re->fd, scratch->raw, run->len, run->off,
				    re->path, err);
	mv_scratch_put(re->store, scratch);
	if (!rc) {
		uint64_t done;

		pthread_mutex_lock(&re->mutex);
		done = re->done += run->len;
		pthread_mutex_unlock(&re->mutex);
		mv_progress_update(re->store->options.progress, "Writing",
				   done, re->size);
	}
	free(run);
	return rc;
}

/* Hand out runs until the recipe ends. */
static int submit_runs(struct restore *re, struct mv_recipe_reader *r,
		       struct mv_group *group, struct mv_err *err)
{
	struct run *run = NULL;
	const uint8_t *entry;
	uint64_t off = 0;
	int rc;

	while ((rc = mv_recipe_next(&entry, r, err)) == 1) {
		if (!run) {
			run = malloc(sizeof(*run));
			if (!run)
				return mv_nomem(err);
			run->restore = re;
			run->off = off;
			run->len = 0;
			run->count = 0;
		}
		memcpy(run->entry + run->count++ * MV_RECIPE_ENTRY, entry,
		       MV_RECIPE_ENTRY);
		run->len += mv_le32(entry + 32);
		off += mv_le32(entry + 32);
		if (run->len >= STORE_SEGMENT || run->count == RUN_CHUNKS) {
			mv_group_submit(group, run_job, free, run);
			run = NULL;
			if (mv_group_failed(group))
				return 0;
		}
	}
	if (run && !rc)
		mv_group_submit(group, run_job, free, run);
	else
		free(run);
	if (!rc && off != re->size)
		rc = mv_fail(err, MV_ECORRUPT,
			     "recipe does not add up to its size");
	return rc;
}

int mv_store_restore(struct mv_store *store, const struct mv_oid *oid,
		     int fd, const char *path, struct mv_err *err)
{
	struct restore re = { .store = store, .fd = fd, .path = path };
	struct mv_recipe_reader r;
	struct mv_group *group = NULL;
	struct mv_err why = { 0 };
	int rc, waited;

	if (!store->options.pool) {
		struct mv_writer out = mv_writer_fd(&fd);

		return mv_store_read(store, oid, &out, err);
	}
	rc = open_recipe(&r, store, oid, err);
	if (rc)
		return rc;
	re.size = r.recipe.size;
	pthread_mutex_init(&re.mutex, NULL);
	/* Reserving first is cheaper for the file system and finds a full
	   disk before any work is done. */
	if (fallocate(fd, 0, 0, (off_t)re.size) < 0 && errno == ENOSPC)
		rc = mv_fail(err, MV_EIO,
			     "no space left for the %llu bytes of '%s'",
			     (unsigned long long)re.size, path);
	if (!rc)
		rc = mv_group_new(&group, store->options.pool, err);
	if (!rc) {
		rc = submit_runs(&re, &r, group, err);
		waited = mv_group_wait(group, &why);
		if (!rc && waited) {
			rc = waited;
			if (err)
				*err = why;
		}
	}
	mv_group_free(group);
	pthread_mutex_destroy(&re.mutex);
	mv_recipe_close(&r);
	return rc;
}
