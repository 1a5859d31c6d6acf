/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_PART_H
#define MV_STORE_PART_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * part: some bytes of a content, where the rest of it is not here. What is
 * brought are the chunks that hold them, and the recipe, which is kept beside
 * the packs (docs/format/store-layout.md, partial/). No index names it: for
 * everybody else, mv_store_has() first, the content is as missing as before.
 *
 * Each chunk is verified as always. That they are chunks of that content only
 * its SHA-256 can prove, which takes all of its bytes: a part is what the
 * store says that it came from, and `vouched` is 0 for it.
 *
 * gc keeps a part, with its chunks, as it keeps a content: while a root names
 * it, or it is younger than the grace period. When the whole has come the part
 * goes.
 */
struct mv_range {
	uint64_t off, len;
};

/*
 * What can be read of it: its size, and whether the recipe was verified with
 * the whole. Either may be NULL. MV_ENOENT: nothing at all; MV_ECORRUPT.
 */
int mv_store_part_has(struct mv_store *store, const struct mv_oid *oid,
		      uint64_t *size, int *vouched, struct mv_err *err);

/*
 * As mv_store_read_at(), of a content or of a part. MV_ENOENT: some of these
 * bytes are not here, and *got is 0.
 */
int mv_store_part_read_at(struct mv_store *store, const struct mv_oid *oid,
			  uint64_t off, void *data, size_t len, size_t *got,
			  struct mv_err *err);

/* Is all of this here? MV_ENOENT. Nothing is read but the recipe. */
int mv_store_part_holds(struct mv_store *store, const struct mv_oid *oid,
			const struct mv_range *ranges, size_t count,
			struct mv_err *err);

/*
 * The ids of the chunks that hold these bytes, one after the other as 32 bytes
 * each, behind where the range begins in the first (8 bytes, little-endian):
 * ranges of which this says the same have the same bytes, whichever contents
 * they are in. That the same bytes say the same is not promised. MV_ENOENT as
 * above, but it only looks at the recipe.
 */
int mv_store_part_names(struct mv_buf *out, struct mv_store *store,
			const struct mv_oid *oid, const struct mv_range *range,
			struct mv_err *err);

/*
 * Copy what holds these ranges from a store that has the whole. *found is 0
 * where it has not. A content of one chunk, or ranges that need all chunks,
 * are copied by mv_tx_copy(), with its proof. `size`: what the content has
 * (UINT64_MAX: not known); MV_ECORRUPT, and nothing stays, where that store
 * says otherwise. A part that came from elsewhere before, cut otherwise, is
 * replaced.
 */
int mv_tx_copy_part(struct mv_tx *tx, struct mv_store *from,
		    const struct mv_oid *oid, uint64_t size,
		    const struct mv_range *ranges, size_t count,
		    uint8_t *found, struct mv_err *err);

#endif
