/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/store.h"

/* The chunks of a content, one after the other. */

int mv_oid_is_empty(const struct mv_oid *oid)
{
	static const struct mv_oid empty = { {
		0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
		0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
		0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
		0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
	} };

	return mv_oid_eq(oid, &empty);
}

static int load_recipe(struct mv_recipe_reader *r, struct mv_snapshot *s,
		       const struct mv_oid *oid, struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_store *store = r->store;
	struct mv_place place;
	struct mv_pack_record record;
	int rc;

	rc = mv_snapshot_find(&place, s, MV_INDEX_CONTENTS, oid, err);
	if (!rc)
		rc = mv_place_record(&record, head, NULL, 0, store, &place,
				     err);
	if (!rc && record.kind != MV_RECORD_RECIPE)
		rc = mv_fail(err, MV_ECORRUPT, "not a recipe");
	if (!rc && mv_buf_reserve(&r->bytes, record.stored_len))
		rc = mv_nomem(err);
	if (!rc) {
		rc = mv_place_record(&record, head, (uint8_t *)r->bytes.data,
				     record.stored_len, store, &place, err);
		r->bytes.len = rc ? 0 : record.stored_len;
	}
	if (rc)
		return rc;
	if (!mv_record_intact(head, (uint8_t *)r->bytes.data, r->bytes.len))
		return mv_fail(err, MV_ECORRUPT, "damaged recipe");
	rc = mv_recipe_parse(&r->recipe, (uint8_t *)r->bytes.data,
			     r->bytes.len, err);
	if (!rc && !mv_oid_eq(&r->recipe.oid, oid))
		rc = mv_fail(err, MV_ECORRUPT, "recipe of another content");
	return rc;
}

static int single_chunk(struct mv_recipe_reader *r, const struct mv_oid *oid,
			struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc;

	rc = mv_record_find(&record, head, NULL, r->store, MV_INDEX_CHUNKS,
			    oid, err);
	if (rc)
		return rc;
	/* Only its kind says that the name is a SHA-256: it is no content. */
	if (record.kind != MV_RECORD_WHOLE)
		return MV_ENOENT;
	r->recipe.oid = *oid;
	r->recipe.size = record.raw_len;
	r->recipe.count = 1;
	memcpy(r->single, oid->b, 32);
	mv_put_le32(r->single + 32, record.raw_len);
	r->recipe.entries = r->single;
	return 0;
}

int mv_recipe_enter(struct mv_recipe_reader *r, struct mv_err *err)
{
	if (!r->recipe.depth) {
		r->entries = r->recipe.entries;
		r->count = r->recipe.count;
		return 0;
	}
	r->part = malloc(MV_CHUNK_MAX);
	return r->part ? mv_scratch_get(&r->scratch, r->store, err) :
			 mv_nomem(err);
}

int mv_recipe_open(struct mv_recipe_reader *r, struct mv_store *store,
		   const struct mv_oid *oid, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_snapshot *s;
	int rc;

	memset(r, 0, sizeof(*r));
	r->store = store;
	mv_buf_init(&r->bytes, MV_RECIPE_MAX + 1);
	if (mv_oid_is_empty(oid)) {
		r->recipe.oid = *oid;
		return 0;
	}
	rc = mv_store_snapshot(&s, store, err);
	if (rc)
		return rc;
	for (int tries = 0; tries < MV_LOOK_AGAIN; tries++) {
		rc = load_recipe(r, s, oid, err);
		if (rc == MV_ENOENT)
			rc = single_chunk(r, oid, err);
		if (rc != MV_ENOENT || !mv_snapshot_newer(&s, store))
			break;
	}
	mv_snapshot_release(store, s);
	if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_ENOENT, "content %s is not in store '%s'",
			     mv_oid_hex(hex, oid), store->dir);
	else if (rc)
		mv_err_prefix(err,
			      "recipe of content %s in store '%s' cannot be read",
			      mv_oid_hex(hex, oid), store->dir);
	if (rc)
		goto fail;
	rc = mv_recipe_enter(r, err);
	if (!rc)
		return 0;
fail:
	mv_recipe_close(r);
	return rc;
}

void mv_recipe_skip(struct mv_recipe_reader *r, uint64_t off, uint64_t *pos)
{
	*pos = 0;
	while (r->recipe.depth && r->next_part < r->recipe.count) {
		const uint8_t *part = r->recipe.entries +
				      r->next_part * MV_RECIPE_PART;
		uint64_t covers = mv_le64(part + 36);

		if (*pos + covers > off)
			break;
		*pos += covers;
		r->next_part++;
	}
}

int mv_recipe_next(const uint8_t **entry, struct mv_recipe_reader *r,
		   struct mv_err *err)
{
	while (r->pos == r->count) {
		const uint8_t *part;
		uint32_t len;
		int rc;

		if (!r->recipe.depth || r->next_part == r->recipe.count)
			return 0;
		part = r->recipe.entries + r->next_part++ * MV_RECIPE_PART;
		len = mv_le32(part + 32);
		rc = mv_chunk_load(r->part, &len, r->store, r->scratch,
				   mv_recipe_id(part), err);
		if (!rc)
			rc = mv_recipe_check_part(r->part, len,
						  mv_le64(part + 36), err);
		if (rc)
			return rc;
		r->entries = r->part;
		r->count = len / MV_RECIPE_ENTRY;
		r->pos = 0;
	}
	*entry = r->entries + r->pos++ * MV_RECIPE_ENTRY;
	return 1;
}

void mv_recipe_close(struct mv_recipe_reader *r)
{
	mv_scratch_put(r->store, r->scratch);
	free(r->part);
	mv_buf_release(&r->bytes);
	r->scratch = NULL;
	r->part = NULL;
}
