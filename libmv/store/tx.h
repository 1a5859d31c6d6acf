/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_TX_H
#define MV_STORE_TX_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/store/store.h"

/*
 * tx: writing into a store. Begin, put or copy any number of times, commit; what
 * was not committed is invisible. Threads: puts run side by side; commit and
 * abort do not.
 */
struct mv_tx;

int mv_tx_begin(struct mv_tx **out, struct mv_store *store,
		struct mv_err *err);

/*
 * Store everything that `in` yields until its end. `size_hint` is the
 * expected number of bytes (UINT64_MAX: unknown) and only chooses how: below
 * 1 MiB the caller's thread does all the work, so that many threads can put
 * many small files (this may be called from a pool job with a hint below
 * 1 MiB); otherwise the pool is used and only one such put runs at a time.
 * The result must not be handed out before mv_tx_commit() or, for content
 * that may be lost in a power failure, mv_tx_flush().
 */
int mv_tx_put(struct mv_oid *oid, uint64_t *size, struct mv_tx *tx,
	      struct mv_reader *in, uint64_t size_hint, struct mv_err *err);

/* Is this content in the store or in this transaction? 0 or MV_ENOENT. */
int mv_tx_has(struct mv_tx *tx, const struct mv_oid *oid, uint64_t *size,
	      struct mv_err *err);

/*
 * Hand everything put so far to the kernel in a form that another process
 * finds after this one was killed (mv_store_recover), without waiting for
 * the disk; it waits for puts under way, and is not for use inside one.
 * What was flushed stays for recovery also after abort or a failed commit.
 * MV_TX_SYNC waits for the disk and makes it visible at once: the
 * same as commit, but the transaction goes on.
 */
enum mv_tx_flush_flags { MV_TX_SYNC = 1 << 0 };
int mv_tx_flush(struct mv_tx *tx, unsigned flags, struct mv_err *err);

struct mv_tx_stats {
	uint64_t contents;	/* put, or copied */
	uint64_t logical;	/* their bytes */
	uint64_t new_chunks;	/* stored because nobody had them */
	uint64_t new_raw;	/* their bytes before compression */
	uint64_t new_stored;	/* bytes added to packs and indexes */
};
void mv_tx_stats_add(struct mv_tx_stats *to, const struct mv_tx_stats *more);

/*
 * Make everything durable and visible: temp -> fsync -> rename -> fsync of
 * the folder, packs first, then the index that names them. Frees the
 * transaction in every case. `stats` may be NULL.
 */
int mv_tx_commit(struct mv_tx *tx, struct mv_tx_stats *stats,
		 struct mv_err *err);
void mv_tx_abort(struct mv_tx *tx);		/* NULL is fine */

/*
 * Copy content from another store, chunks as they are stored there; every
 * chunk and every whole content is verified on the way in. `found` (may be
 * NULL) gets one byte per oid: 1 present in `tx` now, 0 unknown to `from`.
 * Content of `tx`'s store already is not read again.
 */
int mv_tx_copy(struct mv_tx *tx, struct mv_store *from,
	       const struct mv_oid *oids, size_t count, uint8_t *found,
	       struct mv_err *err);

#endif
