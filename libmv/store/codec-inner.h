/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CODEC_INNER_H
#define MV_STORE_CODEC_INNER_H

#define ZSTD_STATIC_LINKING_ONLY	/* for the compression of literals */
#include <zstd.h>

#include "libmv/store/chunker.h"
#include "libmv/store/codec.h"

/* What the files of the codec share: frames, planes, and room for them. */
enum mv_method { MV_HUFFMAN, MV_QUICK, MV_THOROUGH };
enum mv_plane_way { MV_PLANE_AS_IT_IS = 0, MV_PLANE_FRAME = 1 };
enum { MV_ENTRY = 4, MV_ENTRY_SHIFT = 24 };	/* what is said of a plane */

struct mv_encoder {
	ZSTD_CCtx *zstd;
	/* A plane is tried twice, behind those before it. */
	uint8_t out[128 + 2 * ZSTD_COMPRESSBOUND(MV_CHUNK_MAX)];
	/* The planes; afterwards a second try at the whole chunk. */
	uint8_t scratch[ZSTD_COMPRESSBOUND(MV_CHUNK_MAX)];
};

struct mv_decoder {
	ZSTD_DCtx *zstd;
	uint8_t planes[MV_CHUNK_MAX];
};

/*
 * One plane to `out`, with its entry; where no way gains, as it is. `out` has
 * room for 2 * ZSTD_COMPRESSBOUND(n). With `cut`, places between 0 and n in
 * ascending order, the frame has a block for each piece.
 */
struct mv_plane_cuts {
	const uint32_t *at;
	size_t count;
};
int mv_plane_encode(size_t *len, uint8_t entry[MV_ENTRY],
		    struct mv_encoder *encoder, uint8_t *out,
		    const uint8_t *plane, size_t n,
		    const struct mv_plane_cuts *cuts, struct mv_err *err);

/*
 * The plane of `n` bytes that `entry` describes, wherever its bytes are then:
 * in `scratch`, or at *at, which goes behind it and not beyond `end`.
 */
int mv_plane_decode(const uint8_t **plane, uint8_t *scratch, size_t n,
		    struct mv_decoder *decoder, const uint8_t *entry,
		    const uint8_t **at, const uint8_t *end,
		    struct mv_err *err);

#endif
