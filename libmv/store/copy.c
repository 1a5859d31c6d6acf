/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/part.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * From store to store. Chunks travel as they are stored; each is decoded
 * and checked on the way, and the content's SHA-256 is computed over the
 * decoded bytes in order, because the other store's recipe is not to be
 * trusted. Several contents are copied side by side, one job each; a large
 * one is bound by its SHA-256 anyway.
 */
struct copy {
	struct mv_tx *tx;
	struct mv_store *from;
	pthread_mutex_t mutex;
	uint64_t done, total;
};

struct copy_job {
	struct copy *copy;
	const struct mv_oid *oid;
	uint8_t *found;
};

/* Records of a few chunks, appended together. */
struct outbox {
	struct mv_tx *tx;
	struct mv_scratch *scratch;
	struct mv_new_record new[64];
	size_t count, len;
	uint64_t raw, hits;
};

static int outbox_flush(struct outbox *o, struct mv_err *err)
{
	int rc = 0;

	if (o->count)
		rc = mv_tx_append(o->tx, o->scratch->out, o->len, o->new,
				  o->count, err);
	if (!rc)
		mv_tx_count_raw(o->tx, o->count, o->raw);
	o->count = o->len = 0;
	o->raw = 0;
	return rc;
}

/*
 * What a chunk leans on here need not be there, and may be let go of there: so
 * it travels as what it is. It fits where raw_len bytes have room.
 */
static int stand_alone(struct outbox *o, struct mv_pack_record *record,
		       struct mv_err *err)
{
	struct mv_scratch *s = o->scratch;
	struct mv_encoded e;
	int rc;

	if (!mv_codec_depth(record->codec, record->param))
		return 0;
	rc = mv_scratch_encoder(s, err);
	if (!rc)
		rc = mv_encode(&e, s->encoder, s->raw, record->raw_len,
			       mv_codec_plane(s->stored), err);
	if (rc)
		return rc;
	memcpy(s->stored, e.data, e.len);
	record->codec = e.codec;
	record->param = e.param;
	record->stored_len = (uint32_t)e.len;
	return 0;
}

/* One chunk: verified into scratch->raw, and its record into the outbox. */
static int copy_chunk(struct outbox *o, struct mv_store *from,
		      const struct mv_oid *id, uint32_t *len,
		      struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc;

	rc = mv_chunk_load_record(o->scratch->raw, &record, head, from,
				  o->scratch, id, err);
	if (rc)
		return rc;
	if (*len && *len != record.raw_len)
		return mv_fail(err, MV_ECORRUPT,
			       "a recipe in store '%s' gives a chunk another length",
			       from->dir);
	*len = record.raw_len;
	/* Room first: what was claimed must get into the outbox. */
	if (o->count == sizeof(o->new) / sizeof(o->new[0]) ||
	    o->len + MV_RECORD_HEADER + record.raw_len > STORE_OUT_SIZE) {
		rc = outbox_flush(o, err);
		if (rc)
			return rc;
	}
	rc = mv_tx_claim(o->tx, record.kind, id, err);
	if (rc != 1) {
		o->hits += !rc;
		return rc;
	}
	rc = stand_alone(o, &record, err);
	if (rc) {
		mv_tx_poison(o->tx, rc, err);
		return rc;
	}
	/* Seal again: the header is ours to vouch for now. */
	memcpy(o->scratch->out + o->len + MV_RECORD_HEADER,
	       o->scratch->stored, record.stored_len);
	mv_pack_record_seal(o->scratch->out + o->len, &record,
		       o->scratch->out + o->len + MV_RECORD_HEADER);
	o->new[o->count].id = *id;
	o->new[o->count].kind = record.kind;
	o->new[o->count].tried = 0;
	o->new[o->count++].off = (uint32_t)o->len;
	o->len += MV_RECORD_HEADER + record.stored_len;
	o->raw += record.raw_len;
	return 0;
}

static int copy_parts(struct outbox *o, struct mv_recipe_reader *r,
		      struct mv_err *err)
{
	for (uint32_t i = 0; r->recipe.depth && i < r->recipe.count; i++) {
		const uint8_t *part = r->recipe.entries + i * MV_RECIPE_PART;
		uint32_t len = mv_le32(part + 32);
		int rc = copy_chunk(o, r->store, mv_recipe_id(part), &len,
				    err);

		if (rc)
			return rc;
	}
	return 0;
}

static void count_progress(struct copy *c, uint64_t n)
{
	uint64_t done;

	pthread_mutex_lock(&c->mutex);
	done = c->done += n;
	pthread_mutex_unlock(&c->mutex);
	mv_progress_update(c->from->options.progress, "Copying", done,
			   c->total);
}

static int relieve(struct outbox *o, struct mv_err *err)
{
	int rc;

	if (!mv_tx_crowded(o->tx))
		return 0;
	rc = outbox_flush(o, err);
	return rc ? rc : mv_tx_put_yield(o->tx, 0, err);
}

static int copy_chunks(struct copy *c, struct outbox *o,
		       struct mv_recipe_reader *r, struct mv_err *err)
{
	struct mv_hasher *whole = NULL;
	char hex[MV_OID_HEX + 1];
	const uint8_t *entry;
	struct mv_oid have;
	int rc;

	rc = mv_hasher_new(&whole, MV_HASH_SHA256, err);
	while (!rc && (rc = mv_recipe_next(&entry, r, err)) == 1) {
		uint32_t len = mv_le32(entry + 32);

		rc = copy_chunk(o, c->from, mv_recipe_id(entry), &len, err);
		if (!rc)
			rc = mv_hasher_update(whole, o->scratch->raw, len, err);
		if (rc)
			break;
		count_progress(c, len);
		rc = relieve(o, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = mv_hasher_final(have.b, whole, err);
	if (!rc && !mv_oid_eq(&have, &r->recipe.oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "store '%s' gives other bytes for content %s",
			     c->from->dir, mv_oid_hex(hex, &r->recipe.oid));
	mv_hasher_free(whole);
	return rc;
}

static int copy_content(struct copy *c, struct mv_recipe_reader *r,
			struct mv_err *err)
{
	struct outbox o = { .tx = c->tx };
	struct mv_place place;
	int rc, sent;

	rc = mv_scratch_get(&o.scratch, c->from, err);
	if (rc)
		return rc;
	rc = copy_chunks(c, &o, r, err);
	if (!rc)
		rc = copy_parts(&o, r, err);
	/* Also after a failure: others rely on what we have claimed. */
	sent = outbox_flush(&o, rc ? NULL : err);
	rc = rc ? rc : sent;
	mv_scratch_put(c->from, o.scratch);
	if (rc)
		return rc;
	if (r->bytes.len && mv_tx_find(&place, c->tx, MV_INDEX_CONTENTS,
				       &r->recipe.oid))
		rc = mv_tx_append_recipe(c->tx, &r->bytes, &r->recipe.oid,
					 err);
	if (!rc)
		mv_tx_count_content(c->tx, &r->recipe.oid, r->recipe.size,
				    o.hits > 0);
	return rc;
}

static int copy_one(void *arg, unsigned worker, struct mv_err *err)
{
	struct copy_job *job = arg;
	struct copy *c = job->copy;
	struct mv_recipe_reader r;
	int rc;

	(void)worker;
	rc = mv_recipe_open(&r, c->from, job->oid, err);
	if (rc == MV_ENOENT) {
		*job->found = 0;
		return 0;
	}
	if (rc)
		return rc;
	rc = mv_tx_put_enter(c->tx, 0, err);
	if (!rc) {
		rc = copy_content(c, &r, err);
		mv_tx_put_leave(c->tx, 0);
	}
	mv_recipe_close(&r);
	if (!rc)
		*job->found = 1;
	return rc;
}

static int run_jobs(struct copy *c, struct copy_job *jobs, size_t count,
		    struct mv_err *err)
{
	struct mv_pool *pool = c->from->options.pool;
	struct mv_group *group;
	int rc;

	if (!pool)
		pool = mv_tx_store(c->tx)->options.pool;
	if (!pool) {
		rc = 0;
		for (size_t i = 0; !rc && i < count; i++)
			rc = copy_one(&jobs[i], 0, err);
		return rc;
	}
	rc = mv_group_new(&group, pool, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count && !mv_group_failed(group); i++)
		mv_group_submit(group, copy_one, NULL, &jobs[i]);
	rc = mv_group_wait(group, err);
	mv_group_free(group);
	return rc;
}

int mv_tx_copy(struct mv_tx *tx, struct mv_store *from,
	       const struct mv_oid *oids, size_t count, uint8_t *found,
	       struct mv_err *err)
{
	struct copy c = { .tx = tx, .from = from };
	struct copy_job *jobs = calloc(count ? count : 1, sizeof(*jobs));
	uint8_t *marks = calloc(count ? count : 1, 1);
	size_t n = 0;
	int rc = 0;

	if (!jobs || !marks) {
		free(jobs);
		free(marks);
		return mv_nomem(err);
	}
	pthread_mutex_init(&c.mutex, NULL);
	for (size_t i = 0; i < count; i++) {
		uint64_t size;

		if (!mv_tx_has(tx, &oids[i], NULL, NULL)) {
			marks[i] = 1;
			mv_tx_count_content(tx, &oids[i], 0, 1);
			continue;
		}
		if (!mv_store_has(from, &oids[i], &size, NULL))
			c.total += size;
		jobs[n].copy = &c;
		jobs[n].oid = &oids[i];
		jobs[n++].found = &marks[i];
	}
	rc = run_jobs(&c, jobs, n, err);
	if (!rc && found)
		memcpy(found, marks, count);
	pthread_mutex_destroy(&c.mutex);
	free(jobs);
	free(marks);
	return rc;
}

/* -- a part --------------------------------------------------------------- */

/* Sorted ranges, asked from the beginning to the end. */
struct wants {
	struct mv_range *range;
	size_t count, at;
};

static int copy_by_off(const void *a, const void *b)
{
	const struct mv_range *x = a, *y = b;

	return (x->off > y->off) - (x->off < y->off);
}

/* Those that overlap become one: the end of the last is the furthest then. */
static int wants_new(struct wants *w, const struct mv_range *ranges,
		     size_t count, struct mv_err *err)
{
	memset(w, 0, sizeof(*w));
	w->range = calloc(count + 1, sizeof(*w->range));
	if (!w->range)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++)
		if (ranges[i].len && ranges[i].off <= INT64_MAX)
			w->range[w->count++] = ranges[i];
	qsort(w->range, w->count, sizeof(*w->range), copy_by_off);
	count = w->count;
	w->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct mv_range next = w->range[i], *last = NULL;

		if (next.len > INT64_MAX - next.off)
			next.len = INT64_MAX - next.off;
		if (w->count)
			last = &w->range[w->count - 1];
		if (!last || next.off > last->off + last->len)
			w->range[w->count++] = next;
		else if (next.off + next.len > last->off + last->len)
			last->len = next.off + next.len - last->off;
	}
	return 0;
}

static int wants_some(struct wants *w, uint64_t begin, uint64_t end)
{
	while (w->at < w->count &&
	       w->range[w->at].off + w->range[w->at].len <= begin)
		w->at++;
	return w->at < w->count && w->range[w->at].off < end;
}

static int copy_ranges(struct copy *c, struct outbox *o,
		       struct mv_recipe_reader *r, struct wants *w,
		       struct mv_err *err)
{
	struct mv_place place;
	const uint8_t *entry;
	uint64_t pos = 0;
	int rc;

	w->at = 0;
	while ((rc = mv_recipe_next(&entry, r, err)) == 1) {
		uint32_t len = mv_le32(entry + 32);

		rc = 0;
		pos += len;
		if (!wants_some(w, pos - len, pos) ||
		    !mv_tx_find(&place, c->tx, MV_INDEX_CHUNKS,
				mv_recipe_id(entry)))
			continue;
		rc = copy_chunk(o, c->from, mv_recipe_id(entry), &len, err);
		if (!rc)
			rc = relieve(o, err);
		if (rc)
			break;
		count_progress(c, len);
	}
	return rc;
}

/* How many bytes the chunks have that hold the ranges. */
static int weigh_ranges(uint64_t *out, struct mv_store *from,
			const struct mv_oid *oid, struct wants *w,
			struct mv_err *err)
{
	struct mv_recipe_reader r;
	const uint8_t *entry;
	uint64_t pos = 0;
	int rc = mv_recipe_open(&r, from, oid, err);

	*out = 0;
	if (rc)
		return rc;
	while ((rc = mv_recipe_next(&entry, &r, err)) == 1) {
		uint32_t len = mv_le32(entry + 32);

		if (wants_some(w, pos, pos + len))
			*out += len;
		pos += len;
	}
	mv_recipe_close(&r);
	return rc;
}

static int copy_part(struct copy *c, struct mv_recipe_reader *r,
		     struct wants *w, struct mv_err *err)
{
	struct outbox o = { .tx = c->tx };
	int sent, rc = mv_scratch_get(&o.scratch, c->from, err);

	if (rc)
		return rc;
	rc = copy_ranges(c, &o, r, w, err);
	if (!rc)
		rc = copy_parts(&o, r, err);
	sent = outbox_flush(&o, rc ? NULL : err);
	mv_scratch_put(c->from, o.scratch);
	return rc ? rc : sent;
}

static int copy_wanted(struct copy *c, const struct mv_oid *oid,
		       struct wants *w, struct mv_err *err)
{
	struct mv_recipe_reader r;
	int rc = mv_recipe_open(&r, c->from, oid, err);

	if (rc)
		return rc;
	rc = mv_tx_put_enter(c->tx, 0, err);
	if (!rc) {
		rc = copy_part(c, &r, w, err);
		mv_tx_put_leave(c->tx, 0);
	}
	/* Before its chunks are visible: it may lack any of them. */
	if (!rc)
		rc = mv_part_publish(mv_tx_store(c->tx), &r.bytes, oid, err);
	mv_recipe_close(&r);
	return rc;
}

int mv_tx_copy_part(struct mv_tx *tx, struct mv_store *from,
		    const struct mv_oid *oid, uint64_t size,
		    const struct mv_range *ranges, size_t count,
		    uint8_t *found, struct mv_err *err)
{
	struct copy c = { .tx = tx, .from = from };
	struct wants w = { NULL, 0, 0 };
	char hex[MV_OID_HEX + 1];
	uint64_t has = 0;
	int rc = mv_store_has(from, oid, &has, err);

	*found = 0;
	if (!rc && size != UINT64_MAX && size != has)
		rc = mv_fail(err, MV_ECORRUPT, "content %s has %llu bytes, but "
			     "store '%s' has %llu for it",
			     mv_oid_hex(hex, oid), (unsigned long long)size,
			     from->dir, (unsigned long long)has);
	if (!rc)
		rc = wants_new(&w, ranges, count, err);
	if (!rc)
		rc = weigh_ranges(&c.total, from, oid, &w, err);
	if (!rc && c.total == has) {
		rc = mv_tx_copy(tx, from, oid, 1, found, err);
	} else if (!rc) {
		pthread_mutex_init(&c.mutex, NULL);
		rc = copy_wanted(&c, oid, &w, err);
		pthread_mutex_destroy(&c.mutex);
		*found = !rc;
	}
	free(w.range);
	return rc == MV_ENOENT ? 0 : rc;
}
