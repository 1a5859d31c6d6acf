/* SPDX-License-Identifier: MIT */
/* For ZSTD_c_literalCompressionMode, which the stable part does not have. */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include "libmv/store/codec.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/chunker.h"
#include "libmv/store/codec-planes.h"
#include "libmv/store/codec-sample.h"

/*
 * Codec 2 (docs/format/codecs.md), with `param` = kind | phase << 4:
 *
 *	0		4 * width	a u32 for each plane: stored length in
 *					the low 24 bits, how it is stored in
 *					the high 8
 *	4 * width	phase		the bytes before the first number
 *			...		the planes
 *			rest		the bytes after the last number
 */
enum { PLANE_RAW = 0, PLANE_ZSTD = 1 };
enum { KIND_MASK = 15, PHASE_SHIFT = 4, ENTRY = 4, ENTRY_SHIFT = 24 };

enum { PLANE_MAX = MV_CHUNK_MAX / 2 };

/* Below this, samples and tables cost more than a try. */
enum { TINY = 512, TINY_PLANE = 32 };

/* Order-0 coding must promise 3 %. */
#define WORTH_CODING (8 * MV_SAMPLE_BIT - MV_SAMPLE_BIT / 4)
/* Text and code are below it, numbers that are packed densely are above. */
#define LOOKS_LIKE_TEXT (6 * MV_SAMPLE_BIT)

struct mv_encoder {
	ZSTD_CCtx *zstd;
	/* A plane is tried twice, behind the one of half the chunk. */
	uint8_t out[64 + PLANE_MAX + 2 * ZSTD_COMPRESSBOUND(PLANE_MAX)];
	/* The planes; afterwards a second try at the whole chunk. */
	uint8_t scratch[ZSTD_COMPRESSBOUND(MV_CHUNK_MAX)];
};

struct mv_decoder {
	ZSTD_DCtx *zstd;
	uint8_t planes[MV_CHUNK_MAX];
};

int mv_encoder_new(struct mv_encoder **out, struct mv_err *err)
{
	struct mv_encoder *encoder = malloc(sizeof(*encoder));

	*out = NULL;
	if (!encoder)
		return mv_nomem(err);
	encoder->zstd = ZSTD_createCCtx();
	if (!encoder->zstd) {
		free(encoder);
		return mv_nomem(err);
	}
	*out = encoder;
	return 0;
}

void mv_encoder_free(struct mv_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->zstd);
	free(encoder);
}

/*
 * HUFFMAN looks for a match so seldom that it finds none: what remains of
 * zstd is its entropy coder, at the entropy of the bytes and several times
 * as fast as any level. (Negative levels switch that coder off.)
 */
enum method { HUFFMAN, QUICK, THOROUGH };

static size_t set_method(ZSTD_CCtx *zstd, enum method method)
{
	static const struct {
		ZSTD_cParameter parameter;
		int value;
	} huffman[] = {
		{ ZSTD_c_strategy, ZSTD_fast },
		{ ZSTD_c_minMatch, 7 },
		{ ZSTD_c_hashLog, ZSTD_HASHLOG_MIN },
		{ ZSTD_c_targetLength, ZSTD_TARGETLENGTH_MAX },
		{ ZSTD_c_literalCompressionMode, ZSTD_ps_enable },
	};
	size_t r;

	r = ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters);
	/* The chunk's record has its length already. */
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
	if (method != HUFFMAN && !ZSTD_isError(r))
		return ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel,
					      method == QUICK ? 1 : 3);
	for (size_t i = 0; i < 5 && !ZSTD_isError(r); i++)
		r = ZSTD_CCtx_setParameter(zstd, huffman[i].parameter,
					   huffman[i].value);
	return r;
}

/* `out` has room for ZSTD_COMPRESSBOUND(len). */
static int compress(size_t *out_len, struct mv_encoder *encoder, uint8_t *out,
		    const uint8_t *data, size_t len, enum method method,
		    struct mv_err *err)
{
	size_t r = set_method(encoder->zstd, method);

	if (!ZSTD_isError(r))
		r = ZSTD_compress2(encoder->zstd, out, ZSTD_COMPRESSBOUND(len),
				   data, len);
	if (!ZSTD_isError(r)) {
		*out_len = r;
		return 0;
	}
	if (ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
		return mv_nomem(err);
	return mv_fail(err, MV_EINVALID, "zstd cannot compress: %s",
		       ZSTD_getErrorName(r));
}

/* So little gain is not worth decoding: raw bytes come at memcpy's speed. */
static int is_gain(size_t encoded, size_t raw)
{
	return encoded < raw - raw / 32;
}

/* One plane to `out`; where neither way gains, as it is. */
static int encode_plane(size_t *out_len, uint32_t *how,
			struct mv_encoder *encoder, uint8_t *out,
			const uint8_t *plane, size_t n, struct mv_err *err)
{
	size_t best = n, matched;
	int rc = 0;

	if (n >= TINY_PLANE && mv_sample_bits(plane, n) <= WORTH_CODING)
		rc = compress(&best, encoder, out, plane, n, HUFFMAN, err);
	/* What is next to nothing already needs no second try. */
	if (!rc && best > n / 64 && mv_sample_repeats(plane, n)) {
		rc = compress(&matched, encoder, out + best, plane, n, QUICK,
			      err);
		/* Huffman alone decodes faster: two percent's worth. */
		if (!rc && matched < best - best / 50) {
			memmove(out, out + best, matched);
			best = matched;
		}
	}
	if (rc)
		return rc;
	*how = PLANE_ZSTD;
	if (!is_gain(best, n)) {
		memcpy(out, plane, n);
		best = n;
		*how = PLANE_RAW;
	}
	*out_len = best;
	return 0;
}

static int encode_planes(struct mv_encoded *out, struct mv_encoder *encoder,
			 const uint8_t *data, size_t len, unsigned int kind,
			 unsigned int phase, struct mv_err *err)
{
	unsigned int width = mv_planes_width(kind);
	size_t n = (len - phase) / width, rest = len - phase - n * width;
	size_t used = ENTRY * width, plane_len;
	uint32_t how;
	int rc;

	mv_planes_split(encoder->scratch, kind, data + phase, n);
	memcpy(encoder->out + used, data, phase);
	used += phase;
	for (unsigned int k = 0; k < width; k++) {
		rc = encode_plane(&plane_len, &how, encoder,
				  encoder->out + used,
				  encoder->scratch + k * n, n, err);
		if (rc)
			return rc;
		mv_put_le32(encoder->out + ENTRY * k,
			    (uint32_t)plane_len | how << ENTRY_SHIFT);
		used += plane_len;
	}
	memcpy(encoder->out + used, data + len - rest, rest);
	out->codec = MV_CODEC_PLANES;
	out->param = (uint8_t)(kind | phase << PHASE_SHIFT);
	out->data = encoder->out;
	out->len = used + rest;
	return 0;
}

/* As one frame, if that is smaller than what *out has. */
static int encode_whole(struct mv_encoded *out, struct mv_encoder *encoder,
			const uint8_t *data, size_t len, enum method method,
			struct mv_err *err)
{
	size_t n;
	int rc = compress(&n, encoder, encoder->scratch, data, len, method,
			  err);

	if (rc || n >= out->len)
		return rc;
	out->codec = MV_CODEC_ZSTD;
	out->param = 0;
	out->data = encoder->scratch;
	out->len = n;
	return 0;
}

/* Bytes of which nobody knows what they are. */
static int encode_unknown(struct mv_encoded *out, struct mv_encoder *encoder,
			  const uint8_t *data, size_t len, struct mv_err *err)
{
	struct mv_structure guess;
	int repeats, rc;

	mv_sample_structure(&guess, data, len);
	repeats = mv_sample_repeats(data, len);
	if (guess.kind != MV_PLANE_NONE) {
		rc = encode_planes(out, encoder, data, len, guess.kind,
				   guess.phase, err);
		if (rc)
			return rc;
	}
	if (repeats || guess.bits < LOOKS_LIKE_TEXT)
		return encode_whole(out, encoder, data, len, THOROUGH, err);
	if (guess.kind == MV_PLANE_NONE && guess.bits <= WORTH_CODING)
		return encode_whole(out, encoder, data, len, HUFFMAN, err);
	return 0;
}

int mv_encode(struct mv_encoded *out, struct mv_encoder *encoder,
	      const uint8_t *data, size_t len, enum mv_plane hint,
	      struct mv_err *err)
{
	const struct mv_encoded raw = { MV_CODEC_RAW, 0, data, len };
	int rc;

	*out = raw;
	if (!len || len > MV_CHUNK_MAX)
		return mv_fail(err, MV_EINVALID,
			       "a chunk of %zu bytes cannot be encoded", len);
	if (len < TINY)
		rc = encode_whole(out, encoder, data, len, THOROUGH, err);
	else if (mv_planes_width(hint))
		rc = encode_planes(out, encoder, data, len, hint, 0, err);
	else
		rc = encode_unknown(out, encoder, data, len, err);
	if (rc || !is_gain(out->len, len))
		*out = raw;
	return rc;
}

int mv_decoder_new(struct mv_decoder **out, struct mv_err *err)
{
	struct mv_decoder *decoder = malloc(sizeof(*decoder));

	*out = NULL;
	if (!decoder)
		return mv_nomem(err);
	decoder->zstd = ZSTD_createDCtx();
	if (!decoder->zstd) {
		free(decoder);
		return mv_nomem(err);
	}
	*out = decoder;
	return 0;
}

void mv_decoder_free(struct mv_decoder *decoder)
{
	if (!decoder)
		return;
	ZSTD_freeDCtx(decoder->zstd);
	free(decoder);
}

/*
 * Exactly one frame of today's zstd: the library would also take several, or
 * skippable ones, or those of its first drafts, whose decoders allocate.
 */
static int decompress(uint8_t *out, size_t raw_len, struct mv_decoder *decoder,
		      const uint8_t *data, size_t len, struct mv_err *err)
{
	size_t r;

	if (len < 4 || mv_le32(data) != ZSTD_MAGICNUMBER)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk does not begin as a zstd frame");
	r = ZSTD_findFrameCompressedSize(data, len);
	if (!ZSTD_isError(r) && r != len)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk has %zu bytes after its zstd frame",
			       len - r);
	if (!ZSTD_isError(r))
		r = ZSTD_decompressDCtx(decoder->zstd, out, raw_len, data, len);
	if (ZSTD_isError(r))
		return mv_fail(err, MV_ECORRUPT, "chunk does not decode: %s",
			       ZSTD_getErrorName(r));
	if (r != raw_len)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk decodes to %zu bytes instead of %zu", r,
			       raw_len);
	return 0;
}

/* The plane that `entry` describes, wherever its bytes are then. */
static int decode_plane(const uint8_t **plane, uint8_t *scratch, size_t n,
			struct mv_decoder *decoder, uint32_t entry,
			const uint8_t *data, struct mv_err *err)
{
	size_t len = entry & ((1u << ENTRY_SHIFT) - 1);

	switch (entry >> ENTRY_SHIFT) {
	case PLANE_RAW:
		*plane = data;
		if (len != n)
			return mv_fail(err, MV_ECORRUPT,
				       "plane has %zu bytes instead of %zu",
				       len, n);
		return 0;
	case PLANE_ZSTD:
		*plane = scratch;
		return decompress(scratch, n, decoder, data, len, err);
	default:
		return mv_fail(err, MV_ENOTSUP,
			       "plane is stored in an unknown way (%u)",
			       (unsigned int)(entry >> ENTRY_SHIFT));
	}
}

static int decode_planes(uint8_t *out, size_t raw_len,
			 struct mv_decoder *decoder, uint8_t param,
			 const uint8_t *data, size_t len, struct mv_err *err)
{
	unsigned int kind = param & KIND_MASK, phase = param >> PHASE_SHIFT;
	unsigned int width = mv_planes_width(kind);
	const uint8_t *planes[MV_PLANES_MAX];
	size_t at = (size_t)ENTRY * width + phase, n, rest;
	int rc;

	if (!width || phase >= width)
		return mv_fail(err, MV_ENOTSUP,
			       "chunk is split in an unknown way (%u)", param);
	if (raw_len < phase + width || at > len)
		return mv_fail(err, MV_ECORRUPT, "split chunk is too short");
	n = (raw_len - phase) / width;
	rest = raw_len - phase - n * width;
	for (unsigned int k = 0; k < width; k++) {
		uint32_t entry = mv_le32(data + ENTRY * k);
		size_t stored = entry & ((1u << ENTRY_SHIFT) - 1);

		if (stored > len - at)
			return mv_fail(err, MV_ECORRUPT,
				       "split chunk is cut short");
		rc = decode_plane(&planes[k], decoder->planes + k * n, n,
				  decoder, entry, data + at, err);
		if (rc)
			return rc;
		at += stored;
	}
	if (len - at != rest)
		return mv_fail(err, MV_ECORRUPT,
			       "split chunk ends with %zu bytes instead of %zu",
			       len - at, rest);
	memcpy(out, data + ENTRY * width, phase);
	mv_planes_join(out + phase, kind, planes, n);
	memcpy(out + raw_len - rest, data + at, rest);
	return 0;
}

int mv_decode(uint8_t *out, size_t raw_len, struct mv_decoder *decoder,
	      uint8_t codec, uint8_t param, const uint8_t *data, size_t len,
	      struct mv_err *err)
{
	if (raw_len > MV_CHUNK_MAX)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk claims to be %zu bytes long", raw_len);
	if (codec == MV_CODEC_PLANES)
		return decode_planes(out, raw_len, decoder, param, data, len,
				     err);
	if (codec > MV_CODEC_PLANES || param)
		return mv_fail(err, MV_ENOTSUP,
			       "chunk has an unknown codec (%u, %u)", codec,
			       param);
	if (codec == MV_CODEC_ZSTD)
		return decompress(out, raw_len, decoder, data, len, err);
	if (len != raw_len)
		return mv_fail(err, MV_ECORRUPT,
			       "raw chunk has %zu bytes instead of %zu", len,
			       raw_len);
	if (len)
		memcpy(out, data, len);
	return 0;
}
