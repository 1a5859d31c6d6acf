/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CODEC_H
#define MV_STORE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
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
 * 3 and 4 are kept for differences to another chunk; numbers are never reused.
 * An encoder or decoder is scratch memory for one thread: up to 1.7 MiB and
 * 0.4 MiB.
 */
enum mv_codec { MV_CODEC_RAW = 0, MV_CODEC_ZSTD = 1, MV_CODEC_PLANES = 2 };

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
 * for a codec or parameter that this version does not know.
 */
int mv_decode(uint8_t *out, size_t raw_len, struct mv_decoder *decoder,
	      uint8_t codec, uint8_t param, const uint8_t *data, size_t len,
	      struct mv_err *err);

#endif
