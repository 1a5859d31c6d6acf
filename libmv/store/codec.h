/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CODEC_H
#define MV_STORE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/base/runs.h"

/*
 * How one chunk is written: the only user of libzstd. Formats are in
 * docs/format/codecs.md. The choice among codecs is made per chunk and per
 * plane from a cheap sample and is not part of the format; decoding is.
 *
 *	0 raw	 the bytes
 *	1 zstd	 one zstd frame
 *	2 planes numbers split into planes: `param` is their kind (enum
 *		 mv_plane; for data whose structure was only guessed too) and
 *		 how many bytes stand before the first; each plane is stored
 *		 raw or as a zstd frame that uses Huffman coding only, or full
 *		 matching where repeats were seen
 *
 *	3 delta	 planes of the differences to the numbers of another chunk
 *	4 sparse where the few numbers are that differ, and those differences
 *
 * Numbers are never reused. An encoder or decoder is scratch memory for one
 * thread: up to 2.2 MiB and 0.4 MiB.
 */
enum mv_codec {
	MV_CODEC_RAW = 0, MV_CODEC_ZSTD = 1, MV_CODEC_PLANES = 2,
	MV_CODEC_DELTA = 3, MV_CODEC_SPARSE = 4
};

struct mv_encoded {
	uint8_t codec;
	uint8_t param;
	const uint8_t *data;	/* the input, or in the encoder until its next use */
	size_t len;		/* never more than the input's length */
};

struct mv_encoder;
int mv_encoder_new(struct mv_encoder **out, struct mv_err *err);
void mv_encoder_free(struct mv_encoder *encoder);
/* len is 1 .. MV_CHUNK_MAX. */
int mv_encode(struct mv_encoded *out, struct mv_encoder *encoder,
	      const uint8_t *data, size_t len, enum mv_plane hint,
	      struct mv_err *err);

struct mv_decoder;
int mv_decoder_new(struct mv_decoder **out, struct mv_err *err);
void mv_decoder_free(struct mv_decoder *decoder);
/*
 * Decode into exactly `raw_len` bytes at `out`. The input is hostile:
 * MV_ECORRUPT for anything that does not decode to that length, MV_ENOTSUP
 * for a codec or parameter that this version does not know, or that needs a
 * base: mv_decode_lean().
 */
int mv_decode(uint8_t *out, size_t raw_len, struct mv_decoder *decoder,
	      uint8_t codec, uint8_t param, const uint8_t *data, size_t len,
	      struct mv_err *err);

/* -- chunks that lean on another one -------------------------------------- */

/* How many bases, at most, lie under a chunk. */
#define MV_DEPTH_MAX 4
/* Where the id of the base is in what is stored: at the front. */
#define MV_LEAN_HEAD 32

/* 0: what is stored so stands alone; else how many bases may lie under it. */
unsigned int mv_codec_depth(uint8_t codec, uint8_t param);
/*
 * The same for somebody who follows it: 1 and the base's id and the depth, or
 * 0. MV_ENOTSUP: a codec or a depth that nobody knows; MV_ECORRUPT.
 */
int mv_codec_base(struct mv_oid *base, unsigned int *depth, uint8_t codec,
		  uint8_t param, const uint8_t *data, size_t len,
		  struct mv_err *err);

/* How the numbers of such a chunk are split when it stands alone. */
enum mv_plane mv_codec_plane(const uint8_t *data);

/* What to lean on. The base has as many bytes as the chunk. */
struct mv_lean {
	const struct mv_oid *id;	/* of the base */
	const uint8_t *base;
	unsigned int depth;		/* 1 .. MV_DEPTH_MAX */
	unsigned int numbers;		/* enum mv_numbers */
	unsigned int phase;		/* bytes before the first of them */
	int by_exponent;		/* of floats: smaller, slower to read */
};

/* What mv_encode_lean() is likely to need, from a few thousand numbers. */
size_t mv_lean_estimate(const uint8_t *data, size_t len,
			const struct mv_lean *lean);
/* out->codec is RAW where nothing is gained. */
int mv_encode_lean(struct mv_encoded *out, struct mv_encoder *encoder,
		   const uint8_t *data, size_t len,
		   const struct mv_lean *lean, struct mv_err *err);
/* mv_decode() with the base, of `raw_len` bytes, too. */
int mv_decode_lean(uint8_t *out, size_t raw_len, struct mv_decoder *decoder,
		   uint8_t codec, uint8_t param, const uint8_t *base,
		   const uint8_t *data, size_t len, struct mv_err *err);

#endif
