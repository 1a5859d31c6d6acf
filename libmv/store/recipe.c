/* SPDX-License-Identifier: MIT */
#include "libmv/store/recipe.h"

#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/chunker.h"

/* Every length in range, and their sum what it should be. */
static int check_entries(const uint8_t *data, size_t count, uint64_t sum,
			 struct mv_err *err)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t len = mv_le32(data + i * MV_RECIPE_ENTRY + 32);

		if (!len || len > MV_CHUNK_MAX)
			return mv_fail(err, MV_ECORRUPT,
				       "recipe has a chunk of impossible length");
		total += len;
	}
	if (total != sum)
		return mv_fail(err, MV_ECORRUPT,
			       "recipe does not add up to its size");
	return 0;
}

static int check_parts(const uint8_t *data, size_t count, uint64_t sum,
		       struct mv_err *err)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *entry = data + i * MV_RECIPE_PART;
		uint32_t len = mv_le32(entry + 32);
		uint64_t covers = mv_le64(entry + 36);

		if (!len || len % MV_RECIPE_ENTRY || len > MV_CHUNK_MAX ||
		    !covers ||
		    covers > (uint64_t)len / MV_RECIPE_ENTRY * MV_CHUNK_MAX)
			return mv_fail(err, MV_ECORRUPT,
				       "recipe has a part of impossible length");
		total += covers;	/* at most 2^21 * 2^31 */
	}
	if (total != sum)
		return mv_fail(err, MV_ECORRUPT,
			       "recipe does not add up to its size");
	return 0;
}

int mv_recipe_parse(struct mv_recipe *out, const uint8_t *data, size_t len,
		    struct mv_err *err)
{
	size_t entry;

	if (len < MV_RECIPE_HEAD)
		return mv_fail(err, MV_ECORRUPT, "recipe is truncated");
	memcpy(out->oid.b, data, 32);
	out->size = mv_le64(data + 32);
	out->depth = data[40];
	out->count = mv_le32(data + 44);
	out->entries = data + MV_RECIPE_HEAD;
	if (out->depth > 1)
		return mv_fail(err, MV_ENOTSUP,
			       "recipe has depth %d; this program knows 0 and 1",
			       out->depth);
	if (data[41] || data[42] || data[43])
		return mv_fail(err, MV_ECORRUPT, "recipe has a damaged header");
	entry = out->depth ? MV_RECIPE_PART : MV_RECIPE_ENTRY;
	if (!out->count || (len - MV_RECIPE_HEAD) / entry != out->count ||
	    (len - MV_RECIPE_HEAD) % entry)
		return mv_fail(err, MV_ECORRUPT,
			       "recipe has another length than it says");
	if (out->depth)
		return check_parts(out->entries, out->count, out->size, err);
	return check_entries(out->entries, out->count, out->size, err);
}

int mv_recipe_check_part(const uint8_t *data, size_t len, uint64_t covers,
			 struct mv_err *err)
{
	if (!len || len % MV_RECIPE_ENTRY)
		return mv_fail(err, MV_ECORRUPT,
			       "recipe part has an impossible length");
	return check_entries(data, len / MV_RECIPE_ENTRY, covers, err);
}

int mv_recipe_begin(struct mv_buf *out, const struct mv_oid *oid,
		    uint64_t size, int depth, uint32_t count)
{
	uint8_t head[MV_RECIPE_HEAD] = { 0 };

	memcpy(head, oid->b, 32);
	mv_put_le64(head + 32, size);
	head[40] = (uint8_t)depth;
	mv_put_le32(head + 44, count);
	return mv_buf_add(out, head, sizeof(head));
}
