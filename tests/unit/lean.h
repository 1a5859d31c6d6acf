/* SPDX-License-Identifier: MIT */
#ifndef MV_TESTS_LEAN_H
#define MV_TESTS_LEAN_H

/* Contents of one chunk each that lean on one another, written by hand. */
#include "libmv/base/buf.h"
#include "libmv/store/codec-numbers.h"
#include "libmv/store/codec.h"
#include "tests/unit/store.h"

#define LEAN_LEN ((size_t)3000)

/* Version `v`: a few numbers are not those of version 0. */
static UNUSED uint8_t *lean_data(unsigned v)
{
	uint8_t *data = make_data(LEAN_LEN, 77);

	for (unsigned i = 0; i < 20 * v; i++)
		data[(i * 131) % LEAN_LEN] += (uint8_t)(v + i);
	return data;
}

static UNUSED void lean_id(struct mv_oid *id, unsigned v)
{
	uint8_t *data = lean_data(v);

	assert_ok(mv_blake3(id, data, LEAN_LEN, err));
	free(data);
}

static UNUSED void lean_oid(struct mv_oid *oid, unsigned v)
{
	uint8_t *data = lean_data(v);

	name_data(oid, data, LEAN_LEN);
	free(data);
}

static UNUSED void lean_append(struct mv_tx *tx, struct mv_pack_record *record,
			       const struct mv_oid *id, const uint8_t *stored)
{
	struct mv_new_record new = { *id, record->kind, 0, 0 };
	uint8_t *out = malloc(MV_RECORD_HEADER + record->stored_len);

	assert_non_null(out);
	mv_pack_record_seal(out, record, stored);
	memcpy(out + MV_RECORD_HEADER, stored, record->stored_len);
	assert_ok(mv_tx_append(tx, out, MV_RECORD_HEADER + record->stored_len,
			       &new, 1, err));
	free(out);
}

/* The chunk of version `v`, over that of version `on` unless depth is 0. */
static UNUSED void lean_chunk_as(struct mv_tx *tx, unsigned v, unsigned on,
				 unsigned depth, unsigned numbers,
				 unsigned phase, int by_exponent)
{
	struct mv_pack_record record = { .kind = MV_RECORD_CHUNK,
					 .raw_len = LEAN_LEN,
					 .stored_len = LEAN_LEN };
	uint8_t *data = lean_data(v), *base = lean_data(on);
	struct mv_encoder *encoder;
	struct mv_encoded e = { 0, 0, data, LEAN_LEN };
	struct mv_oid id, base_id;
	struct mv_lean lean = { &base_id, base, depth, numbers, phase,
				by_exponent };

	lean_id(&id, v);
	lean_id(&base_id, on);
	assert_ok(mv_encoder_new(&encoder, err));
	if (depth) {
		assert_ok(mv_encode_lean(&e, encoder, data, LEAN_LEN, &lean,
					 err));
		assert_true(e.codec >= MV_CODEC_DELTA);
	}
	record.codec = e.codec;
	record.param = e.param;
	record.stored_len = (uint32_t)e.len;
	lean_append(tx, &record, &id, e.data);
	mv_encoder_free(encoder);
	free(data);
	free(base);
}

static UNUSED void lean_chunk(struct mv_tx *tx, unsigned v, unsigned on,
			      unsigned depth)
{
	lean_chunk_as(tx, v, on, depth, MV_NUMBERS_I16, 0, 0);
}

/* A recipe that says only this chunk. */
static UNUSED void lean_recipe(struct mv_tx *tx, unsigned v)
{
	uint8_t entry[MV_RECIPE_ENTRY];
	struct mv_oid oid, id;
	struct mv_buf recipe;

	lean_oid(&oid, v);
	lean_id(&id, v);
	memcpy(entry, id.b, 32);
	mv_put_le32(entry + 32, LEAN_LEN);
	mv_buf_init(&recipe, 1000);
	assert_ok(mv_recipe_begin(&recipe, &oid, LEAN_LEN, 0, 1));
	assert_ok(mv_buf_add(&recipe, entry, sizeof(entry)));
	assert_ok(mv_tx_append_recipe(tx, &recipe, &oid, err));
	mv_buf_release(&recipe);
}

/* In a pack of its own. */
static UNUSED void lean_add(struct mv_store *store, unsigned v, unsigned on,
			    unsigned depth)
{
	struct mv_tx *tx = begin(store);

	lean_chunk(tx, v, on, depth);
	lean_recipe(tx, v);
	assert_ok(mv_tx_commit(tx, NULL, err));
}

static UNUSED int lean_try(struct mv_store *store, unsigned v)
{
	struct mv_oid oid;
	uint8_t *data = lean_data(v);
	uint8_t *back = malloc(LEAN_LEN);
	size_t got;
	int rc;

	lean_oid(&oid, v);
	rc = mv_store_read_at(store, &oid, 0, back, LEAN_LEN, &got, NULL);
	if (!rc) {
		assert_int_equal(got, LEAN_LEN);
		assert_memory_equal(back, data, LEAN_LEN);
	}
	free(data);
	free(back);
	return rc;
}

static UNUSED void lean_check(struct mv_store *store, unsigned v)
{
	struct mv_oid oid;
	uint8_t *data = lean_data(v);

	lean_oid(&oid, v);
	check_data(store, &oid, data, LEAN_LEN);
	assert_ok(lean_try(store, v));
	free(data);
}

/* 4 on 3 on 2 on 1 on 0, each in a pack of its own, the leaning ones first. */
static UNUSED void lean_tower(struct mv_store *store)
{
	for (unsigned v = 4; v; v--)
		lean_add(store, v, v - 1, v);
	lean_add(store, 0, 0, 0);
}

/* The pack that has version `v`, which was added alone, moves to `to`. */
static UNUSED void lean_move_pack(struct mv_store *store, unsigned v,
				  const char *to)
{
	struct mv_snapshot *s;
	struct mv_place place;
	struct mv_oid id;

	lean_id(&id, v);
	assert_ok(mv_store_snapshot(&s, store, err));
	assert_ok(mv_snapshot_find(&place, s, MV_INDEX_CHUNKS, &id, err));
	assert_int_equal(rename(place.file->path, to), 0);
	mv_snapshot_release(store, s);
}

#endif
