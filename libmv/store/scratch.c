/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"
#include "libmv/store/store.h"

#include <stdlib.h>

/* Memory and contexts for one thread at work are used again by the next. */

void mv_scratch_free(struct mv_scratch *s)
{
	if (!s)
		return;
	mv_encoder_free(s->encoder);
	mv_decoder_free(s->decoder);
	free(s->stored);
	free(s->raw);
	free(s->out);
	free(s->bases);
	free(s);
}

int mv_scratch_get(struct mv_scratch **out, struct mv_store *store,
		   struct mv_err *err)
{
	struct mv_scratch *s;

	pthread_mutex_lock(&store->mutex);
	s = store->scratch;
	if (s)
		store->scratch = s->next;
	pthread_mutex_unlock(&store->mutex);
	if (s) {
		*out = s;
		return 0;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return mv_nomem(err);
	s->stored = malloc(MV_CHUNK_MAX);
	s->raw = malloc(STORE_SEGMENT_ROOM);
	s->out = malloc(STORE_OUT_SIZE);
	if (!s->stored || !s->raw || !s->out) {
		mv_scratch_free(s);
		return mv_nomem(err);
	}
	*out = s;
	return 0;
}

void mv_scratch_put(struct mv_store *store, struct mv_scratch *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&store->mutex);
	s->next = store->scratch;
	store->scratch = s;
	pthread_mutex_unlock(&store->mutex);
}

int mv_scratch_encoder(struct mv_scratch *s, struct mv_err *err)
{
	return s->encoder ? 0 : mv_encoder_new(&s->encoder, err);
}

int mv_scratch_decoder(struct mv_scratch *s, struct mv_err *err)
{
	return s->decoder ? 0 : mv_decoder_new(&s->decoder, err);
}

int mv_scratch_bases(struct mv_scratch *s, struct mv_err *err)
{
	if (!s->bases)
		s->bases = malloc(MV_SCRATCH_BASES);
	return s->bases ? 0 : mv_nomem(err);
}
