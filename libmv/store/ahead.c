/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"
#include "libmv/store/store.h"

#include <stdlib.h>
#include <string.h>

/*
 * Reading ahead: git asks for small files one after the other, in the order
 * in which they were added, and waits for each. Meanwhile a thread of ours
 * decodes the records that follow in the pack, so that the next answers are
 * ready. A record does not say its id: hashing what it decodes to verifies
 * and names it at once, so nothing unverified can come from here.
 *
 * A ring of SLOTS chunks. A chunk that is asked for and not in the ring,
 * near the end of the last one that was not, moves the ring there. Whatever
 * goes wrong in the thread only ends the reading ahead: the reader comes to
 * the same record and reports it.
 */
#define SLOTS 64
#define NEAR (4u * 1024 * 1024)
#define LAG 16		/* passed over that far, a slot is given up */

struct slot {
	struct mv_oid id;
	uint32_t len;
	uint8_t *data;		/* malloc'ed; NULL: taken */
};

struct mv_ahead {
	struct mv_store *store;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	int running, stop;
	struct mv_pack_file *file;	/* NULL: nothing to read */
	uint64_t off;			/* of the next record */
	unsigned generation;		/* the ring was moved */
	struct slot slot[SLOTS];
	size_t first, count;		/* ring */
	struct mv_pack_file *last_file;	/* of the last miss */
	uint64_t last_off;
};

static struct slot *slot_at(struct mv_ahead *a, size_t i)
{
	return &a->slot[(a->first + i) % SLOTS];
}

static void drop_first(struct mv_ahead *a, size_t n)
{
	for (; n && a->count; n--) {
		free(slot_at(a, 0)->data);
		slot_at(a, 0)->data = NULL;
		a->first = (a->first + 1) % SLOTS;
		a->count--;
	}
}

/* Decode the record at `off` into fresh memory; its stored length counts. */
static int ahead_load(struct slot *out, uint32_t *stored, struct mv_ahead *a,
		      const struct mv_place *place, struct mv_scratch *scratch)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc;

	out->data = NULL;
	rc = mv_place_record(&record, head, scratch->stored, MV_CHUNK_MAX,
			     a->store, place, NULL);
	if (rc)
		return rc;
	*stored = record.stored_len;
	/* Passed over: a recipe, and what is no small content for sure. */
	if (record.kind == MV_RECORD_RECIPE ||
	    mv_codec_depth(record.codec, record.param))
		return 0;
	out->data = malloc(record.raw_len);
	if (!out->data)
		return MV_ENOMEM;
	out->len = record.raw_len;
	rc = mv_decode(out->data, record.raw_len, scratch->decoder,
		       record.codec, record.param, scratch->stored,
		       record.stored_len, NULL);
	if (!rc)
		rc = mv_record_name(&out->id, record.kind, out->data, out->len,
				    NULL);
	if (rc) {
		free(out->data);
		out->data = NULL;
	}
	return rc;
}

/* One record further; called and left with the mutex held. */
static void ahead_step(struct mv_ahead *a, struct mv_scratch *scratch)
{
	struct mv_place place = { a->file, a->off };
	unsigned generation = a->generation;
	struct slot fresh = { .data = NULL };
	uint32_t stored = 0;
	int rc;

	pthread_mutex_unlock(&a->mutex);
	rc = ahead_load(&fresh, &stored, a, &place, scratch);
	pthread_mutex_lock(&a->mutex);
	if (generation != a->generation) {
		free(fresh.data);
		return;
	}
	if (rc) {
		a->file = NULL;		/* the end of the pack, or damage */
		return;
	}
	a->off += MV_RECORD_HEADER + stored;
	if (fresh.data) {
		*slot_at(a, a->count) = fresh;
		a->count++;
		pthread_cond_broadcast(&a->wake);
	}
}

static void *ahead_thread(void *arg)
{
	struct mv_ahead *a = arg;
	struct mv_scratch *scratch;

	if (mv_scratch_get(&scratch, a->store, NULL))
		return NULL;
	if (!mv_scratch_decoder(scratch, NULL)) {
		pthread_mutex_lock(&a->mutex);
		while (!a->stop) {
			if (a->file && a->count < SLOTS)
				ahead_step(a, scratch);
			else
				pthread_cond_wait(&a->wake, &a->mutex);
		}
		pthread_mutex_unlock(&a->mutex);
	}
	mv_scratch_put(a->store, scratch);
	return NULL;
}

void mv_ahead_free(struct mv_ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->mutex);
	a->stop = 1;
	pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->mutex);
	if (a->running)
		pthread_join(a->thread, NULL);
	drop_first(a, SLOTS);
	pthread_cond_destroy(&a->wake);
	pthread_mutex_destroy(&a->mutex);
	free(a);
}

int mv_ahead_new(struct mv_ahead **out, struct mv_store *store,
		 struct mv_err *err)
{
	struct mv_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return mv_nomem(err);
	a->store = store;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->wake, NULL);
	store->ahead_free = mv_ahead_free;
	*out = a;
	return 0;
}

int mv_ahead_take(uint8_t *out, uint32_t *len, struct mv_ahead *a,
		  const struct mv_oid *id)
{
	int found = 0;

	pthread_mutex_lock(&a->mutex);
	for (size_t i = 0; !found && i < a->count; i++) {
		struct slot *s = slot_at(a, i);

		if (!s->data || !mv_oid_eq(&s->id, id) ||
		    (*len && *len != s->len))
			continue;
		memcpy(out, s->data, s->len);
		*len = s->len;
		free(s->data);
		s->data = NULL;
		drop_first(a, i > LAG ? i - LAG : 0);
		found = 1;
	}
	while (a->count && !slot_at(a, 0)->data)
		drop_first(a, 1);
	if (found)
		pthread_cond_broadcast(&a->wake);
	pthread_mutex_unlock(&a->mutex);
	return found;
}

void mv_ahead_missed(struct mv_ahead *a, const struct mv_place *place)
{
	pthread_mutex_lock(&a->mutex);
	/* Two misses close together are a walk through this pack; when the
	   thread is there already, it will come to what is missed. */
	if (a->last_file == place->file && place->off >= a->last_off &&
	    place->off - a->last_off < NEAR &&
	    !(a->file == place->file && a->off > place->off &&
	      a->off - place->off < NEAR)) {
		drop_first(a, SLOTS);
		a->file = place->file;
		a->off = place->off;
		a->generation++;
		if (!a->running)
			a->running = !pthread_create(&a->thread, NULL,
						     ahead_thread, a);
		pthread_cond_broadcast(&a->wake);
	}
	a->last_file = place->file;
	a->last_off = place->off;
	pthread_mutex_unlock(&a->mutex);
}
