/* SPDX-License-Identifier: MIT */
#include "libmv/store/codec-inner.h"

#include <stdlib.h>
#include <string.h>
#include <zstd_errors.h>

#include "libmv/base/bytes.h"
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
enum { KIND_MASK = 15, PHASE_SHIFT = 4 };

/* Below this, samples and tables cost more than a try. */
enum { TINY = 512, TINY_PLANE = 32 };

/* Order-0 coding must promise 3 %. */
#define WORTH_CODING (8 * MV_SAMPLE_BIT - MV_SAMPLE_BIT / 4)
/* Text and code are below it, numbers that are packed densely are above. */
#define LOOKS_LIKE_TEXT (6 * MV_SAMPLE_BIT)

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
static size_t set_method(ZSTD_CCtx *zstd, enum mv_method method)
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
	if (method != MV_HUFFMAN && !ZSTD_isError(r))
		return ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel,
					      method == MV_QUICK ? 1 : 3);
	for (size_t i = 0; i < 5 && !ZSTD_isError(r); i++)
		r = ZSTD_CCtx_setParameter(zstd, huffman[i].parameter,
					   huffman[i].value);
	return r;
}

/* `out` has room for ZSTD_COMPRESSBOUND(len). */
static int compress(size_t *out_len, struct mv_encoder *encoder, uint8_t *out,
		    const uint8_t *data, size_t len, enum mv_method method,
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

/*
 * With Huffman codes for each piece alone: a frame's blocks have their own, so
 * the pieces are its blocks. 0 in *out_len: it does not fit, and gains nothing.
 */
static int compress_pieces(size_t *out_len, struct mv_encoder *encoder,
			   uint8_t *out, const uint8_t *data, size_t len,
			   const struct mv_plane_cuts *cuts,
			   struct mv_err *err)
{
	size_t r = set_method(encoder->zstd, MV_HUFFMAN), from = 0;
	ZSTD_outBuffer to = { out, ZSTD_COMPRESSBOUND(len), 0 };

	for (size_t i = 0; !ZSTD_isError(r) && i <= cuts->count; i++) {
		int last = i == cuts->count;
		size_t end = last ? len : cuts->at[i];
		ZSTD_inBuffer in = { data + from, end - from, 0 };

		r = ZSTD_compressStream2(encoder->zstd, &to, &in,
					 last ? ZSTD_e_end : ZSTD_e_flush);
		from = end;
		if (!ZSTD_isError(r) && r) {
			*out_len = 0;
			return 0;
		}
	}
	if (ZSTD_isError(r))
		return ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation ?
		       mv_nomem(err) :
		       mv_fail(err, MV_EINVALID, "zstd cannot compress: %s",
			       ZSTD_getErrorName(r));
	*out_len = to.pos;
	return 0;
}

/* Bytes one by one, behind the *best that there is, if they are fewer. */
static int try_bytes(size_t *best, struct mv_encoder *encoder, uint8_t *out,
		     const uint8_t *plane, size_t n,
		     const struct mv_plane_cuts *cuts, struct mv_err *err)
{
	uint8_t *to = *best < n ? out + *best : out;
	size_t got = 0;
	int rc = cuts ? compress_pieces(&got, encoder, to, plane, n, cuts,
					err) :
			compress(&got, encoder, to, plane, n, MV_HUFFMAN, err);

	if (rc || !got || got >= *best)
		return rc;
	memmove(out, to, got);
	*best = got;
	return 0;
}

static int try_matches(size_t *best, struct mv_encoder *encoder, uint8_t *out,
		       const uint8_t *plane, size_t n, struct mv_err *err)
{
	uint8_t *to = *best < n ? out + *best : out;
	size_t got;
	int rc = compress(&got, encoder, to, plane, n, MV_QUICK, err);

	/* Huffman alone decodes faster: two percent's worth. */
	if (rc || got >= *best - *best / 50)
		return rc;
	memmove(out, to, got);
	*best = got;
	return 0;
}

int mv_plane_encode(size_t *out_len, uint8_t entry[MV_ENTRY],
		    struct mv_encoder *encoder, uint8_t *out,
		    const uint8_t *plane, size_t n,
		    const struct mv_plane_cuts *cuts, struct mv_err *err)
{
	uint32_t how = MV_PLANE_FRAME, bits = mv_sample_bits(plane, n);
	/* No code is shorter than a bit: matches do better there. */
	int runs = bits < MV_SAMPLE_BIT;
	size_t best = n;
	int rc = 0;

	if (runs && n >= TINY_PLANE)
		rc = try_matches(&best, encoder, out, plane, n, err);
	if (!rc && n >= TINY_PLANE && bits <= WORTH_CODING &&
	    (!runs || best > n / 8))
		rc = try_bytes(&best, encoder, out, plane, n, cuts, err);
	/* What is next to nothing already needs no second try. */
	if (!rc && !runs && best > n / 64 && mv_sample_repeats(plane, n))
		rc = try_matches(&best, encoder, out, plane, n, err);
	if (rc)
		return rc;
	if (!is_gain(best, n)) {
		memcpy(out, plane, n);
		best = n;
		how = MV_PLANE_AS_IT_IS;
	}
	mv_put_le32(entry, (uint32_t)best | how << MV_ENTRY_SHIFT);
	*out_len = best;
	return 0;
}

static int encode_planes(struct mv_encoded *out, struct mv_encoder *encoder,
			 const uint8_t *data, size_t len, unsigned int kind,
			 unsigned int phase, struct mv_err *err)
{
	unsigned int width = mv_planes_width(kind);
	size_t n = (len - phase) / width, rest = len - phase - n * width;
	size_t used = MV_ENTRY * width, plane_len;
	int rc;

	mv_planes_split(encoder->scratch, kind, data + phase, n);
	memcpy(encoder->out + used, data, phase);
	used += phase;
	for (unsigned int k = 0; k < width; k++) {
		rc = mv_plane_encode(&plane_len, encoder->out + MV_ENTRY * k,
				     encoder, encoder->out + used,
				     encoder->scratch + k * n, n, NULL, err);
		if (rc)
			return rc;
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
			const uint8_t *data, size_t len, enum mv_method method,
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
		return encode_whole(out, encoder, data, len, MV_THOROUGH, err);
	if (guess.kind == MV_PLANE_NONE && guess.bits <= WORTH_CODING)
		return encode_whole(out, encoder, data, len, MV_HUFFMAN, err);
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
		rc = encode_whole(out, encoder, data, len, MV_THOROUGH, err);
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

int mv_plane_decode(const uint8_t **plane, uint8_t *scratch, size_t n,
		    struct mv_decoder *decoder, const uint8_t *entry,
		    const uint8_t **at, const uint8_t *end, struct mv_err *err)
{
	uint32_t how = mv_le32(entry) >> MV_ENTRY_SHIFT;
	size_t len = mv_le32(entry) & ((1u << MV_ENTRY_SHIFT) - 1);
	const uint8_t *data = *at;

	if (len > (size_t)(end - data))
		return mv_fail(err, MV_ECORRUPT, "split chunk is cut short");
	*at = data + len;
	switch (how) {
	case MV_PLANE_AS_IT_IS:
		*plane = data;
		if (len != n)
			return mv_fail(err, MV_ECORRUPT,
				       "plane has %zu bytes instead of %zu",
				       len, n);
		return 0;
	case MV_PLANE_FRAME:
		*plane = scratch;
		return decompress(scratch, n, decoder, data, len, err);
	default:
		return mv_fail(err, MV_ENOTSUP,
			       "plane is stored in an unknown way (%u)",
			       (unsigned int)how);
	}
}

static int decode_planes(uint8_t *out, size_t raw_len,
			 struct mv_decoder *decoder, uint8_t param,
			 const uint8_t *data, size_t len, struct mv_err *err)
{
	unsigned int kind = param & KIND_MASK, phase = param >> PHASE_SHIFT;
	unsigned int width = mv_planes_width(kind);
	const uint8_t *planes[MV_PLANES_MAX];
	const uint8_t *at = data, *end = data + len;
	size_t n, rest, head = (size_t)MV_ENTRY * width + phase;
	int rc;

	if (!width || phase >= width)
		return mv_fail(err, MV_ENOTSUP,
			       "chunk is split in an unknown way (%u)", param);
	if (raw_len < phase + width || head > len)
		return mv_fail(err, MV_ECORRUPT, "split chunk is too short");
	n = (raw_len - phase) / width;
	rest = raw_len - phase - n * width;
	at += head;
	for (unsigned int k = 0; k < width; k++) {
		rc = mv_plane_decode(&planes[k], decoder->planes + k * n, n,
				     decoder, data + MV_ENTRY * k, &at, end,
				     err);
		if (rc)
			return rc;
	}
	if ((size_t)(end - at) != rest)
		return mv_fail(err, MV_ECORRUPT,
			       "split chunk ends with %zu bytes instead of %zu",
			       (size_t)(end - at), rest);
	memcpy(out, data + MV_ENTRY * width, phase);
	mv_planes_join(out + phase, kind, planes, n);
	memcpy(out + raw_len - rest, at, rest);
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
	if (codec == MV_CODEC_DELTA || codec == MV_CODEC_SPARSE)
		return mv_fail(err, MV_ENOTSUP,
			       "chunk leans on another one, which is not at hand");
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
