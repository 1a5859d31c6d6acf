/* SPDX-License-Identifier: MIT */
/*
 * Input: a recipe. If it parses, what it says must be consistent; its bytes
 * are also tried as a part.
 */
#include <stdlib.h>

#include "libmv/base/bytes.h"
#include "libmv/store/chunker.h"
#include "libmv/store/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mv_recipe *r, const uint8_t *data, size_t size)
{
	size_t entry = r->depth ? MV_RECIPE_PART : MV_RECIPE_ENTRY;
	uint64_t sum = 0;

	if (!r->count || r->entries != data + MV_RECIPE_HEAD ||
	    MV_RECIPE_HEAD + r->count * entry != size)
		abort();
	for (uint32_t i = 0; i < r->count; i++) {
		const uint8_t *e = r->entries + i * entry;
		uint32_t len = mv_le32(e + 32);

		if (!len || len > MV_CHUNK_MAX)
			abort();
		sum += r->depth ? mv_le64(e + 36) : len;
	}
	if (sum != r->size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_recipe r;

	if (!mv_recipe_parse(&r, data, size, NULL))
		check(&r, data, size);
	mv_recipe_check_part(data, size, size, NULL);
	if (size >= MV_RECIPE_HEAD)
		mv_recipe_check_part(data + MV_RECIPE_HEAD,
				     size - MV_RECIPE_HEAD,
				     mv_le64(data + 32), NULL);
	return 0;
}
