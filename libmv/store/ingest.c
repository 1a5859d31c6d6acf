/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * Bytes in, chunks and a recipe out.
 *
 *	reader (caller) --> segments --> hasher thread	SHA-256 of everything
 *	  cuts chunks		   \--> pool workers	BLAKE3 of each chunk,
 *						      lookup, encode, append
 *
 * A segment is about 1 MiB of whole chunks. It is free again when both sides
 * are done with it; there is a fixed number of them, which bounds memory and
 * holds the reader back. Small content takes the same steps in the caller's
 * thread, with one segment and no hand-over.
 */
#define SEGMENT_ROOM	STORE_SEGMENT_ROOM
#define SEGMENT_CHUNKS	STORE_SEGMENT_CHUNKS
#define HEAD_FIRST	(64u * 1024)
#define INLINE_BELOW	(1024u * 1024)

struct segment {
	struct ingest *in;
	struct segment *next;		/* in the free list or the hash queue */
	uint8_t *data;			/* SEGMENT_ROOM */
	size_t cut;			/* bytes in whole chunks */
	size_t len;			/* bytes read: cut plus the tail */
	uint32_t count;
	struct { uint32_t len; uint8_t plane; } chunk[SEGMENT_CHUNKS];
	uint64_t first;			/* number of its first chunk */
	uint8_t kind;			/* of its chunks: see is_whole() */
	int refs;
};

/* Entries of MV_RECIPE_FAN chunks, filled in any order. */
struct part {
	struct part *next;
	uint64_t first;
	uint32_t filled;
	uint8_t entry[MV_RECIPE_FAN * MV_RECIPE_ENTRY];
};

struct ingest {
	struct mv_tx *tx;
	struct mv_store *store;
	struct mv_reader *reader;
	struct mv_runs runs;
	struct mv_cutter cutter;
	uint8_t *head;			/* what the plan has read ahead */
	size_t head_len, head_pos;
	int eof;

	struct mv_hasher *hasher;	/* of the content */
	uint64_t size;
	uint64_t total_hint;

	uint64_t chunks;
	int whole;			/* one chunk, named by the oid alone */
	uint64_t hits;			/* chunks that were there already */
	struct part *parts, *last_part;
	struct mv_buf part_list;	/* entries of emitted parts */

	/* the pipeline */
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct segment *segments;
	size_t segment_count;
	struct segment *free;
	struct segment *queue, **queue_end;
	int closing, stop;
	struct mv_group *group;
	pthread_t thread;
	int threaded;
	int failed;
	struct mv_err why;
};

/* -- reading and planning ------------------------------------------------- */

static int source_read(struct ingest *in, uint8_t *data, size_t len,
		       size_t *got, struct mv_err *err)
{
	size_t ahead = in->head_len - in->head_pos, n;
	int rc;

	if (ahead > len)
		ahead = len;
	if (ahead)
		memcpy(data, in->head + in->head_pos, ahead);
	in->head_pos += ahead;
	if (in->head_pos == in->head_len) {
		free(in->head);
		in->head = NULL;
		in->head_pos = in->head_len = 0;
	}
	*got = ahead;
	if (in->eof || ahead == len)
		return 0;
	rc = mv_read_full(in->reader, data + ahead, len - ahead, &n, err);
	if (rc)
		return rc;
	if (n < len - ahead)
		in->eof = 1;
	*got += n;
	return 0;
}

static int head_grow(struct ingest *in, size_t want, struct mv_err *err)
{
	uint8_t *head;
	size_t got;
	int rc;

	head = realloc(in->head, want);
	if (!head)
		return mv_nomem(err);
	in->head = head;
	rc = mv_read_full(in->reader, head + in->head_len,
			  want - in->head_len, &got, err);
	if (rc)
		return rc;
	in->eof = got < want - in->head_len;
	in->head_len += got;
	return 0;
}

/* Ask the plan with as much of the head as it wants. */
static int make_plan(struct ingest *in, struct mv_err *err)
{
	size_t need = HEAD_FIRST;
	int rc;

	if (!in->store->options.plan)
		return 0;
	do {
		rc = head_grow(in, need, err);
		if (rc)
			return rc;
		need = 0;
		rc = in->store->options.plan(&in->runs, &need, in->head,
					     in->head_len, in->eof, err);
		if (rc == MV_EBUSY && (in->eof || need > MV_RUN_HEAD_MAX ||
				       need <= in->head_len))
			return 0;	/* no hints */
	} while (rc == MV_EBUSY);
	return rc;
}

/* -- recipe entries ------------------------------------------------------- */

static struct part *part_for(struct ingest *in, uint64_t number,
			     struct mv_err *err)
{
	uint64_t first = number - number % MV_RECIPE_FAN;
	struct part *p;

	for (p = in->parts; p; p = p->next)
		if (p->first == first)
			return p;
	p = malloc(sizeof(*p));
	if (!p) {
		mv_nomem(err);
		return NULL;
	}
	p->next = NULL;
	p->first = first;
	p->filled = 0;
	/* Parts are asked for in order by the reader before workers fill
	   them, so the list stays sorted. */
	if (in->last_part)
		in->last_part->next = p;
	else
		in->parts = p;
	in->last_part = p;
	return p;
}

/* The reader makes sure that a segment's entries have a place. */
static int reserve_entries(struct ingest *in, const struct segment *s,
			   struct mv_err *err)
{
	struct part *a, *b;

	pthread_mutex_lock(&in->mutex);
	a = part_for(in, s->first, err);
	b = a ? part_for(in, s->first + s->count - 1, err) : NULL;
	pthread_mutex_unlock(&in->mutex);
	return b ? 0 : MV_ENOMEM;
}

static void fill_entries(struct ingest *in, const struct segment *s,
			 const struct mv_oid *ids, uint64_t hits)
{
	pthread_mutex_lock(&in->mutex);
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t number = s->first + i;
		struct part *p = part_for(in, number, NULL);
		uint8_t *e = p->entry + number % MV_RECIPE_FAN *
			     MV_RECIPE_ENTRY;

		memcpy(e, ids[i].b, 32);
		mv_put_le32(e + 32, s->chunk[i].len);
		p->filled++;
	}
	in->hits += hits;
	pthread_mutex_unlock(&in->mutex);
}

/* Store one chunk of the store's own (a recipe part), uncompressed. */
static int put_raw_chunk(struct mv_tx *tx, const struct mv_oid *id,
			 const uint8_t *data, uint32_t len,
			 struct mv_scratch *scratch, struct mv_err *err)
{
	struct mv_pack_record record = { .kind = MV_RECORD_CHUNK };
	struct mv_new_record new = { *id, MV_RECORD_CHUNK, 0, 0 };
	int rc = mv_tx_claim(tx, MV_RECORD_CHUNK, id, err);

	if (rc != 1)
		return rc;
	record.raw_len = record.stored_len = len;
	memcpy(scratch->out + MV_RECORD_HEADER, data, len);
	mv_pack_record_seal(scratch->out, &record, data);
	return mv_tx_append(tx, scratch->out, MV_RECORD_HEADER + len, &new, 1,
			    err);
}

/* Turn the oldest part into a chunk and an entry of the list of parts. */
static int emit_part(struct ingest *in, struct mv_err *err)
{
	uint8_t entry[MV_RECIPE_PART];
	struct part *p = in->parts;
	uint32_t len = p->filled * MV_RECIPE_ENTRY;
	struct mv_scratch *scratch;
	uint64_t covers = 0;
	struct mv_oid id;
	int rc;

	for (uint32_t i = 0; i < p->filled; i++)
		covers += mv_le32(p->entry + i * MV_RECIPE_ENTRY + 32);
	rc = mv_scratch_get(&scratch, in->store, err);
	if (rc)
		return rc;
	rc = mv_blake3(&id, p->entry, len, err);
	if (!rc)
		rc = put_raw_chunk(in->tx, &id, p->entry, len, scratch, err);
	mv_scratch_put(in->store, scratch);
	memcpy(entry, id.b, 32);
	mv_put_le32(entry + 32, len);
	mv_put_le64(entry + 36, covers);
	if (!rc && mv_buf_add(&in->part_list, entry, sizeof(entry)))
		rc = mv_nomem(err);
	pthread_mutex_lock(&in->mutex);
	in->parts = p->next;
	if (!in->parts)
		in->last_part = NULL;
	pthread_mutex_unlock(&in->mutex);
	free(p);
	return rc;
}

/* Parts that are complete and surely not the only one. Reader only. */
static int emit_full_parts(struct ingest *in, struct mv_err *err)
{
	for (;;) {
		int ready, rc;

		pthread_mutex_lock(&in->mutex);
		ready = in->parts && in->parts->filled == MV_RECIPE_FAN &&
			in->chunks > MV_RECIPE_FAN;
		pthread_mutex_unlock(&in->mutex);
		if (!ready)
			return 0;
		rc = emit_part(in, err);
		if (rc)
			return rc;
	}
}

/* -- work on a segment ---------------------------------------------------- */

struct batch {
	struct mv_scratch *scratch;
	struct mv_new_record new[SEGMENT_CHUNKS];
	struct mv_oid ids[SEGMENT_CHUNKS];
	size_t count, len;
	uint64_t raw, hits;
};

static int encode_chunk(struct batch *b, const uint8_t *data, uint32_t len,
			enum mv_plane plane, uint8_t kind,
			const struct mv_oid *id, struct mv_err *err)
{
	struct mv_pack_record record = { .kind = kind };
	struct mv_encoded enc;
	uint8_t *out = b->scratch->out + b->len;
	int rc;

	rc = mv_encode(&enc, b->scratch->encoder, data, len, plane, err);
	if (rc)
		return rc;
	record.codec = enc.codec;
	record.param = enc.param;
	record.raw_len = len;
	record.stored_len = (uint32_t)enc.len;
	memcpy(out + MV_RECORD_HEADER, enc.data, enc.len);
	mv_pack_record_seal(out, &record, out + MV_RECORD_HEADER);
	b->new[b->count].id = *id;
	b->new[b->count].kind = kind;
	b->new[b->count].tried = 0;
	b->new[b->count++].off = (uint32_t)b->len;
	b->len += MV_RECORD_HEADER + enc.len;
	b->raw += len;
	return 0;
}

static int work_chunks(struct ingest *in, struct segment *s, struct batch *b,
		       struct mv_err *err)
{
	const uint8_t *data = s->data;
	int rc = mv_scratch_encoder(b->scratch, err);

	for (uint32_t i = 0; !rc && i < s->count; i++) {
		uint32_t len = s->chunk[i].len;

		rc = mv_record_name(&b->ids[i], s->kind, data, len, err);
		if (!rc)
			rc = mv_tx_claim(in->tx, s->kind, &b->ids[i], err);
		if (rc == 1)
			rc = encode_chunk(b, data, len,
					  (enum mv_plane)s->chunk[i].plane,
					  s->kind, &b->ids[i], err);
		else if (!rc)
			b->hits++;
		data += len;
	}
	return rc;
}

static int work_segment(struct ingest *in, struct segment *s,
			struct mv_err *err)
{
	struct batch *b = malloc(sizeof(*b));
	struct mv_err why = { 0 };
	int rc;

	if (!b)
		return mv_nomem(err);
	b->count = b->len = 0;
	b->raw = b->hits = 0;
	rc = mv_scratch_get(&b->scratch, in->store, err);
	if (rc) {
		free(b);
		return rc;
	}
	rc = work_chunks(in, s, b, &why);
	if (rc) {
		mv_tx_poison(in->tx, rc, &why);
		if (err)
			*err = why;
	}
	if (!rc && b->count)
		rc = mv_tx_append(in->tx, b->scratch->out, b->len, b->new,
				  b->count, err);
	if (!rc) {
		mv_tx_count_raw(in->tx, b->count, b->raw);
		fill_entries(in, s, b->ids, b->hits);
	}
	mv_scratch_put(in->store, b->scratch);
	free(b);
	return rc;
}

/* -- the pipeline --------------------------------------------------------- */

static void segment_done(struct segment *s)
{
	struct ingest *in = s->in;

	pthread_mutex_lock(&in->mutex);
	if (!--s->refs) {
		s->next = in->free;
		in->free = s;
		pthread_cond_broadcast(&in->wake);
	}
	pthread_mutex_unlock(&in->mutex);
}

static int segment_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct segment *s = arg;
	int rc;

	(void)worker;
	rc = work_segment(s->in, s, err);
	segment_done(s);
	return rc;
}

static void segment_skip(void *arg)
{
	segment_done(arg);
}

static void *hash_thread(void *arg)
{
	struct ingest *in = arg;

	for (;;) {
		struct segment *s;
		struct mv_err why;
		int rc = 0;

		pthread_mutex_lock(&in->mutex);
		while (!in->queue && !in->closing)
			pthread_cond_wait(&in->wake, &in->mutex);
		s = in->queue;
		if (s) {
			in->queue = s->next;
			if (!in->queue)
				in->queue_end = &in->queue;
		}
		pthread_mutex_unlock(&in->mutex);
		if (!s)
			return NULL;
		if (!in->failed)
			rc = mv_hasher_update(in->hasher, s->data, s->cut,
					      &why);
		if (rc) {
			in->failed = rc;
			in->why = why;
		}
		segment_done(s);
	}
}

static struct segment *take_segment(struct ingest *in)
{
	struct segment *s;

	pthread_mutex_lock(&in->mutex);
	while (!in->free)
		pthread_cond_wait(&in->wake, &in->mutex);
	s = in->free;
	in->free = s->next;
	pthread_mutex_unlock(&in->mutex);
	s->len = s->cut = 0;
	s->count = 0;
	s->first = in->chunks;
	return s;
}

static void give_back(struct ingest *in, struct segment *s)
{
	pthread_mutex_lock(&in->mutex);
	s->next = in->free;
	in->free = s;
	pthread_mutex_unlock(&in->mutex);
}

/*
 * Content that is one chunk is named by its oid alone. A segment has room for
 * more than the longest chunk, so the first one already knows.
 */
static int is_whole(const struct ingest *in, const struct segment *s)
{
	return in->chunks == 1 && s->count == 1 && s->cut == s->len &&
	       in->eof && !in->head;
}

/* Read until the segment is full, and cut what can be cut. */
static int fill_segment(struct ingest *in, struct segment *s,
			struct mv_err *err)
{
	size_t got;
	int rc;

	rc = source_read(in, s->data + s->len, SEGMENT_ROOM - s->len, &got,
			 err);
	if (rc)
		return rc;
	s->len += got;
	while (s->cut < s->len && s->count < SEGMENT_CHUNKS) {
		const uint8_t *data = s->data + s->cut;
		size_t len = s->len - s->cut, n;
		int eof = in->eof && !in->head;
		enum mv_plane plane;

		rc = mv_cutter_look(&in->cutter, &in->runs, data, len, eof,
				    err);
		if (rc < 0)
			return rc;
		n = rc ? mv_cutter_next(&in->cutter, &plane, data, len, eof) :
			0;
		if (!n)
			break;
		s->chunk[s->count].len = (uint32_t)n;
		s->chunk[s->count++].plane = (uint8_t)plane;
		s->cut += n;
	}
	in->size += s->cut;
	in->chunks += s->count;
	in->whole |= is_whole(in, s);
	s->kind = in->whole ? MV_RECORD_WHOLE : MV_RECORD_CHUNK;
	return 0;
}

static void submit(struct ingest *in, struct segment *s)
{
	s->refs = 2;
	pthread_mutex_lock(&in->mutex);
	s->next = NULL;
	*in->queue_end = s;
	in->queue_end = &s->next;
	pthread_cond_broadcast(&in->wake);
	pthread_mutex_unlock(&in->mutex);
	mv_group_submit(in->group, segment_job, segment_skip, s);
}

/* Everything of a put that is under way comes to rest; then publish. */
static int relieve(struct ingest *in, struct mv_err *err)
{
	if (!mv_tx_crowded(in->tx))
		return 0;
	if (in->group) {
		int rc = mv_group_wait(in->group, err);

		if (rc)
			return rc;
	}
	return mv_tx_put_yield(in->tx, in->group != NULL, err);
}

static int run_pipeline(struct ingest *in, struct mv_err *err)
{
	struct segment *s = take_segment(in), *next = NULL;
	int rc;

	for (;;) {
		rc = fill_segment(in, s, err);
		if (rc || !s->count)
			break;
		rc = reserve_entries(in, s, err);
		if (rc)
			break;
		next = take_segment(in);
		next->len = s->len - s->cut;
		memcpy(next->data, s->data + s->cut, next->len);
		submit(in, s);
		s = next;
		rc = emit_full_parts(in, err);
		if (!rc)
			rc = relieve(in, err);
		if (rc || mv_group_failed(in->group))
			break;
		mv_progress_update(in->store->options.progress, "Storing",
				   in->size, in->total_hint);
	}
	give_back(in, s);
	return rc;
}

static int pipeline_start(struct ingest *in, struct mv_err *err)
{
	struct mv_pool *pool = in->store->options.pool;
	size_t count = 2 * mv_pool_threads(pool) + 3;
	int rc;

	in->segments = calloc(count, sizeof(*in->segments));
	if (!in->segments)
		return mv_nomem(err);
	for (; in->segment_count < count; in->segment_count++) {
		struct segment *s = &in->segments[in->segment_count];

		s->in = in;
		s->data = malloc(SEGMENT_ROOM);
		if (!s->data)
			return mv_nomem(err);
		s->next = in->free;
		in->free = s;
	}
	in->queue_end = &in->queue;
	rc = mv_group_new(&in->group, pool, err);
	if (rc)
		return rc;
	if (pthread_create(&in->thread, NULL, hash_thread, in))
		return mv_fail(err, MV_ENOMEM, "cannot start a thread");
	in->threaded = 1;
	return 0;
}

static int pipeline_end(struct ingest *in, int rc, struct mv_err *err)
{
	struct mv_err why = { 0 };
	int waited = in->group ? mv_group_wait(in->group, &why) : 0;

	if (!rc && waited) {
		rc = waited;
		if (err)
			*err = why;
	}
	if (in->threaded) {
		pthread_mutex_lock(&in->mutex);
		in->closing = 1;
		pthread_cond_broadcast(&in->wake);
		pthread_mutex_unlock(&in->mutex);
		pthread_join(in->thread, NULL);
		in->threaded = 0;
		if (!rc && in->failed) {
			rc = in->failed;
			if (err)
				*err = in->why;
		}
	}
	mv_group_free(in->group);
	in->group = NULL;
	for (size_t i = 0; i < in->segment_count; i++)
		free(in->segments[i].data);
	free(in->segments);
	in->segments = NULL;
	in->segment_count = 0;
	return rc;
}

/* -- the same in one thread ----------------------------------------------- */

static int run_inline(struct ingest *in, struct mv_oid *only,
		      struct mv_err *err)
{
	struct segment *s = malloc(sizeof(*s));
	struct mv_scratch *scratch;
	int rc;

	if (!s)
		return mv_nomem(err);
	rc = mv_scratch_get(&scratch, in->store, err);
	if (rc) {
		free(s);
		return rc;
	}
	s->in = in;
	s->data = scratch->raw;
	s->len = s->cut = 0;
	for (;;) {
		memmove(s->data, s->data + s->cut, s->len - s->cut);
		s->len -= s->cut;
		s->cut = 0;
		s->count = 0;
		s->first = in->chunks;
		rc = fill_segment(in, s, err);
		if (rc || !s->count)
			break;
		rc = reserve_entries(in, s, err);
		if (!rc)
			rc = work_segment(in, s, err);
		if (!rc && !in->whole)
			rc = mv_hasher_update(in->hasher, s->data, s->cut, err);
		if (!rc)
			rc = emit_full_parts(in, err);
		if (!rc)
			rc = relieve(in, err);
		if (rc)
			break;
	}
	if (!rc && in->whole)
		memcpy(only->b, in->parts->entry, sizeof(only->b));
	mv_scratch_put(in->store, scratch);
	free(s);
	return rc;
}

/* -- finishing ------------------------------------------------------------ */

static int put_recipe(struct ingest *in, const struct mv_oid *oid,
		      struct mv_err *err)
{
	struct mv_place place;
	struct mv_buf recipe;
	int rc = 0;

	/* Does the store have one already? Ours would say the same. */
	if (!mv_tx_find(&place, in->tx, MV_INDEX_CONTENTS, oid))
		return 0;
	mv_buf_init(&recipe, MV_RECIPE_MAX);
	if (in->chunks > MV_RECIPE_FAN) {
		while (!rc && in->parts)
			rc = emit_part(in, err);
		if (!rc &&
		    (mv_recipe_begin(&recipe, oid, in->size, 1,
				     (uint32_t)(in->part_list.len /
						MV_RECIPE_PART)) ||
		     mv_buf_add(&recipe, in->part_list.data,
				in->part_list.len)))
			rc = mv_nomem(err);
	} else if (mv_recipe_begin(&recipe, oid, in->size, 0,
				   (uint32_t)in->chunks) ||
		   mv_buf_add(&recipe, in->parts->entry,
			      in->chunks * MV_RECIPE_ENTRY)) {
		rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_tx_append_recipe(in->tx, &recipe, oid, err);
	mv_buf_release(&recipe);
	return rc;
}

static void ingest_release(struct ingest *in)
{
	while (in->parts) {
		struct part *next = in->parts->next;

		free(in->parts);
		in->parts = next;
	}
	mv_runs_release(&in->runs);
	mv_hasher_free(in->hasher);
	mv_buf_release(&in->part_list);
	free(in->head);
	pthread_cond_destroy(&in->wake);
	pthread_mutex_destroy(&in->mutex);
}

static int ingest_chunks(struct ingest *in, struct mv_oid *oid, int large,
			 struct mv_err *err)
{
	struct mv_oid only;
	int rc;

	if (large) {
		rc = pipeline_start(in, err);
		if (!rc)
			rc = run_pipeline(in, err);
		rc = pipeline_end(in, rc, err);
	} else {
		rc = run_inline(in, &only, err);
	}
	if (rc)
		return rc;
	if (!large && in->whole) {
		*oid = only;
		return 0;
	}
	rc = mv_hasher_final(oid->b, in->hasher, err);
	if (!rc && in->chunks && !in->whole)
		rc = put_recipe(in, oid, err);
	return rc;
}

static int ingest_all(struct ingest *in, struct mv_oid *oid, uint64_t *size,
		      int large, struct mv_err *err)
{
	int rc;

	pthread_mutex_init(&in->mutex, NULL);
	pthread_cond_init(&in->wake, NULL);
	mv_buf_init(&in->part_list, MV_RECIPE_MAX);
	in->cutter.runs = &in->runs;
	rc = mv_hasher_new(&in->hasher, MV_HASH_SHA256, err);
	if (!rc)
		rc = make_plan(in, err);
	if (!rc)
		rc = ingest_chunks(in, oid, large, err);
	if (!rc) {
		*size = in->size;
		mv_tx_count_content(in->tx, oid, in->size, in->hits > 0);
	}
	ingest_release(in);
	return rc;
}

int mv_tx_put(struct mv_oid *oid, uint64_t *size, struct mv_tx *tx,
	      struct mv_reader *reader, uint64_t size_hint,
	      struct mv_err *err)
{
	struct ingest in = { .tx = tx, .store = mv_tx_store(tx),
			     .reader = reader };
	int large = size_hint >= INLINE_BELOW && in.store->options.pool;
	int rc;

	in.total_hint = size_hint == UINT64_MAX ? 0 : size_hint;
	if (large)
		pthread_mutex_lock(&in.store->put_mutex);
	rc = mv_tx_put_enter(tx, large, err);
	if (!rc) {
		rc = ingest_all(&in, oid, size, large, err);
		mv_tx_put_leave(tx, large);
	}
	if (large)
		pthread_mutex_unlock(&in.store->put_mutex);
	return rc;
}
