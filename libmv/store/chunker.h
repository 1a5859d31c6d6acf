/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CHUNKER_H
#define MV_STORE_CHUNKER_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/runs.h"

/*
 * Where content is cut into chunks (docs/format/chunking.md). Integers only,
 * a published table, no dependence on buffer edges, threads or the size of
 * the content, except that content of at most MV_CHUNK_SMALL bytes without
 * runs is one chunk.
 *
 * Between runs: a gear hash (64 bits, h = (h << 1) + table[byte]) with
 * normalised chunking: no cut before MIN, a stricter mask up to NORMAL, a
 * laxer one after it, a forced cut at MAX. The masks test the most
 * significant bits. Inside a run: fixed pieces (base/runs.h).
 */
#define MV_CHUNK_SMALL	(64u * 1024)
#define MV_CHUNK_MIN	(32u * 1024)
#define MV_CHUNK_NORMAL	(96u * 1024)
#define MV_CHUNK_MAX	(256u * 1024)	/* no chunk of any kind is longer */
#define MV_CHUNK_MASK_STRICT_BITS 18
#define MV_CHUNK_MASK_LAX_BITS 15

/*
 * Cut by content: the length of the chunk that begins at `data`, or 0 when
 * `len` bytes are too few to know (less than MV_CHUNK_MAX and not `eof`).
 * With `eof` the rest is a chunk; len 0 gives 0.
 */
size_t mv_chunk_cut(const uint8_t *data, size_t len, int eof);

/* Cut along runs. `runs` is borrowed. Zero-initialise, set runs, go. */
struct mv_cutter {
	const struct mv_runs *runs;
	size_t next_run;	/* the first run that does not end before pos */
	uint64_t pos;		/* where the next chunk begins */
};

/*
 * The chunk that begins at the cutter's position, whose bytes are at
 * `data`. Returns its length and moves on, or 0 when more bytes are needed
 * (never when MV_CHUNK_MAX bytes are there). *plane is its split hint; NONE
 * between runs.
 */
size_t mv_cutter_next(struct mv_cutter *cutter, enum mv_plane *plane,
		      const uint8_t *data, size_t len, int eof);

/*
 * To be called before mv_cutter_next(), with the same bytes: lets the scout of
 * `runs` (the cutter's) find all that begins where the next chunk may reach,
 * and forgets runs that are over. 1: go on; 0: more bytes are needed (never
 * when MV_CHUNK_MAX + MV_LOOK_MAX are there); or MV_ENOMEM.
 */
int mv_cutter_look(struct mv_cutter *cutter, struct mv_runs *runs,
		   const uint8_t *data, size_t len, int eof,
		   struct mv_err *err);

#endif
