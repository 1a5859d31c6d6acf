/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_RECIPE_H
#define MV_STORE_RECIPE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"

/*
 * The recipe of a content: the ordered list of its chunks.
 * docs/format/recipe.md, repeated (little-endian):
 *
 *	0	32   oid of the content
 *	32	8    its size
 *	40	1    depth, 0 or 1
 *	41	3    zero
 *	44	4    number of entries
 *	48	     entries
 *
 *	depth 0: chunk id (32), length (4)
 *	depth 1: id of a part (32), length of the part (4), content bytes that
 *		 it covers (8). A part is a chunk like others whose bytes are
 *		 depth-0 entries, MV_RECIPE_FAN of them but for the last part.
 *
 * A content that is one chunk has no recipe: its oid is the chunk's id.
 * Parts keep memory small for any size of content.
 */
#define MV_RECIPE_HEAD	48
#define MV_RECIPE_ENTRY	36
#define MV_RECIPE_PART	44
#define MV_RECIPE_FAN	4096
#define MV_RECIPE_MAX	(64u * 1024 * 1024)

struct mv_recipe {
	struct mv_oid oid;
	uint64_t size;
	int depth;
	uint32_t count;
	const uint8_t *entries;	/* borrowed from the bytes parsed */
};

/* Structure and sums are checked; MV_ECORRUPT. Pure. */
int mv_recipe_parse(struct mv_recipe *out, const uint8_t *data, size_t len,
		    struct mv_err *err);
/* The bytes of a part: only the length can be wrong. */
int mv_recipe_check_part(const uint8_t *data, size_t len, uint64_t covers,
			 struct mv_err *err);
int mv_recipe_begin(struct mv_buf *out, const struct mv_oid *oid,
		    uint64_t size, int depth, uint32_t count);

static inline const struct mv_oid *mv_recipe_id(const uint8_t *entry)
{
	return (const struct mv_oid *)(const void *)entry;
}

#endif
