/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include "libmv/store/codec.h"
#include "libmv/store/store.h"

/*
 * A chunk that leans on others: from the one that is asked for down to the one
 * that stands alone, then decoded upwards. Each says how many can be under it,
 * and less than the one above: so there are at most MV_DEPTH_MAX, and no
 * circle, whoever wrote the records.
 *
 * What is decoded on the way is not named: the caller compares the last with
 * its id, and that has all bits of all bases in it.
 */
struct link {
	struct mv_pack_record record;
	const uint8_t *stored;
};

struct chain {
	struct mv_store *store;
	struct mv_scratch *scratch;
	const struct mv_base_source *source;
	struct link link[MV_DEPTH_MAX + 1];
	size_t count;
};

static int find_in_store(void *payload, struct mv_pack_record *record,
			 uint8_t *head, uint8_t *stored,
			 const struct mv_oid *id, struct mv_err *err)
{
	return mv_record_find(record, head, stored, payload, MV_INDEX_CHUNKS,
			      id, err);
}

static int read_base(struct chain *c, const struct mv_oid *id,
		     struct mv_err *err)
{
	const struct mv_base_source stored = { find_in_store, c->store };
	const struct mv_base_source *source = c->source ? c->source : &stored;
	struct link *base = &c->link[c->count];
	uint8_t *room = c->scratch->bases + (c->count - 1) * MV_CHUNK_MAX;
	uint8_t head[MV_RECORD_HEADER];
	char hex[MV_OID_HEX + 1];
	int rc = source->find(source->payload, &base->record, head, room, id,
			      err);

	if (rc == MV_ENOENT)
		return mv_fail(err, MV_ECORRUPT,
			       "it leans on chunk %s, which is missing from store '%s'",
			       mv_oid_hex(hex, id), c->store->dir);
	if (rc)
		return rc;
	if (base->record.kind != MV_RECORD_CHUNK ||
	    base->record.raw_len != c->link[0].record.raw_len)
		return mv_fail(err, MV_ECORRUPT,
			       "it leans on %s, which is no chunk of its length",
			       mv_oid_hex(hex, id));
	base->stored = room;
	c->count++;
	return 0;
}

/* The records of all that is under it. */
static int read_chain(struct chain *c, struct mv_err *err)
{
	unsigned int above = MV_DEPTH_MAX + 1, depth;
	struct mv_oid id;
	int rc;

	for (;;) {
		const struct link *last = &c->link[c->count - 1];

		rc = mv_codec_base(&id, &depth, last->record.codec,
				   last->record.param, last->stored,
				   last->record.stored_len, err);
		if (rc <= 0)
			return rc;
		if (depth >= above)
			return mv_fail(err, MV_ECORRUPT,
				       "it leans on a chunk that leans as deep as itself");
		above = depth;
		rc = mv_scratch_bases(c->scratch, err);
		if (!rc)
			rc = read_base(c, &id, err);
		if (rc)
			return rc;
	}
}

static int decode_chain(uint8_t *out, struct chain *c, struct mv_err *err)
{
	uint8_t *room = c->scratch->bases + MV_DEPTH_MAX * MV_CHUNK_MAX;
	const uint8_t *base = NULL;
	int rc = 0;

	for (size_t i = c->count; !rc && i--;) {
		const struct mv_pack_record *r = &c->link[i].record;
		uint8_t *to = i ? room + i % 2 * MV_CHUNK_MAX : out;

		rc = mv_decode_lean(to, r->raw_len, c->scratch->decoder,
				    r->codec, r->param, base,
				    c->link[i].stored, r->stored_len, err);
		base = to;
	}
	return rc;
}

int mv_record_decode(uint8_t *out, const struct mv_pack_record *record,
		     const uint8_t *stored, struct mv_store *store,
		     struct mv_scratch *scratch,
		     const struct mv_base_source *source, struct mv_err *err)
{
	struct chain c = { .store = store, .scratch = scratch,
			   .source = source, .count = 1 };
	int rc;

	/* A whole has no base: nothing could say which. */
	if (!mv_codec_depth(record->codec, record->param) ||
	    record->kind != MV_RECORD_CHUNK)
		return mv_decode(out, record->raw_len, scratch->decoder,
				 record->codec, record->param, stored,
				 record->stored_len, err);
	c.link[0].record = *record;
	c.link[0].stored = stored;
	rc = read_chain(&c, err);
	return rc ? rc : decode_chain(out, &c, err);
}

int mv_chunk_load_record(uint8_t *out, struct mv_pack_record *record,
			 uint8_t *head,
			 struct mv_store *store, struct mv_scratch *scratch,
			 const struct mv_oid *id, struct mv_err *err)
{
	char hex[MV_OID_HEX + 1];
	struct mv_oid have;
	int rc;

	rc = mv_scratch_decoder(scratch, err);
	if (!rc)
		rc = mv_record_find(record, head, scratch->stored, store,
				    MV_INDEX_CHUNKS, id, err);
	/* The content is known: without its chunk the store is damaged. */
	if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_ECORRUPT,
			     "chunk %s is missing from store '%s' (git model fsck tells more)",
			     mv_oid_hex(hex, id), store->dir);
	if (rc)
		return rc;
	if (record->kind == MV_RECORD_RECIPE) {
		rc = mv_fail(err, MV_ECORRUPT, "not a chunk");
		goto damaged;
	}
	rc = mv_record_decode(out, record, scratch->stored, store, scratch,
			      NULL, err);
	if (rc)
		goto damaged;
	rc = mv_record_name(&have, record->kind, out, record->raw_len, err);
	if (rc)
		return rc;
	if (!mv_oid_eq(&have, id)) {
		rc = mv_fail(err, MV_ECORRUPT,
			     "its bytes have another hash");
		goto damaged;
	}
	return 0;
damaged:
	mv_err_prefix(err,
		      "chunk %s in store '%s' is damaged (git model fsck tells more)",
		      mv_oid_hex(hex, id), store->dir);
	return rc;
}

int mv_chunk_load(uint8_t *out, uint32_t *len, struct mv_store *store,
		  struct mv_scratch *scratch, const struct mv_oid *id,
		  struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc;

	rc = mv_chunk_load_record(out, &record, head, store, scratch, id, err);
	if (rc)
		return rc;
	if (*len && *len != record.raw_len)
		return mv_fail(err, MV_ECORRUPT,
			       "a recipe in store '%s' gives a chunk another length",
			       store->dir);
	*len = record.raw_len;
	return 0;
}
