/* SPDX-License-Identifier: MIT */
#include "libmv/store/codec-inner.h"

#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/store/codec-numbers.h"
#include "libmv/store/codec-sample.h"

/*
 * Codecs 3 and 4 (docs/format/codecs.md). Both begin with the base's id, and a
 * byte with the kind of number and how many bytes stand before the first:
 *
 *	3	33	1		order: 0 their own, 1 by exponent
 *		34	4 * width	an entry for each plane
 *			phase		the bytes before the first number
 *			...		the planes
 *			rest		the bytes after the last number
 *
 *	4	33	3		how many numbers differ
 *		36	4		length of the positions
 *		40	4		their entry
 *		44	4 * width	an entry for each plane
 *			phase
 *			...		the positions, the planes
 *			rest
 */
enum { AT_KIND = MV_LEAN_HEAD, AT_ORDER, DELTA_HEAD };
enum { AT_COUNT = AT_KIND + 1, AT_LENGTH = 36, AT_POSITIONS = 40 };
enum { SPARSE_HEAD = 44 };
enum { KIND_MASK = 15, PHASE_SHIFT = 4 };
enum { OWN_ORDER = 0, BY_EXPONENT = 1 };

/* A piece with Huffman codes of its own has so many numbers at least. */
enum { PIECE_MIN = 4096, PIECES = MV_CHUNK_MAX / PIECE_MIN };

/* More changes than one in 12 cost less among all the others. */
enum { SPARSE_ABOVE = 12 };

/* A position takes three bytes at most: 2^18 numbers and no more. */
enum { POSITION_MAX = 3 };

/* The chunk as numbers. */
struct shape {
	unsigned int kind, phase, width;
	size_t n, rest;
};

unsigned int mv_codec_depth(uint8_t codec, uint8_t param)
{
	return codec == MV_CODEC_DELTA || codec == MV_CODEC_SPARSE ?
	       param : 0;
}

int mv_codec_base(struct mv_oid *base, unsigned int *depth, uint8_t codec,
		  uint8_t param, const uint8_t *data, size_t len,
		  struct mv_err *err)
{
	*depth = 0;
	if (codec < MV_CODEC_DELTA)
		return 0;
	if (codec > MV_CODEC_SPARSE || !param || param > MV_DEPTH_MAX)
		return mv_fail(err, MV_ENOTSUP,
			       "chunk has an unknown codec (%u, %u)", codec,
			       param);
	if (len < MV_LEAN_HEAD)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk does not say what it leans on");
	memcpy(base->b, data, sizeof(base->b));
	*depth = param;
	return 1;
}

enum mv_plane mv_codec_plane(const uint8_t *data)
{
	unsigned int kind = data[AT_KIND] & KIND_MASK;

	if (kind == MV_NUMBERS_F16)
		return MV_PLANE_B16;
	/* Up to there both count alike. Elsewhere samples tell. */
	return kind <= MV_NUMBERS_F64 && !(data[AT_KIND] >> PHASE_SHIFT) ?
	       (enum mv_plane)kind : MV_PLANE_NONE;
}

/* 0 when there is not a single number. */
static int shape_of(struct shape *s, unsigned int kind, unsigned int phase,
		    size_t len)
{
	s->kind = kind;
	s->phase = phase;
	s->width = mv_numbers_width(kind);
	if (!s->width || phase >= s->width || len < phase + s->width)
		return 0;
	s->n = (len - phase) / s->width;
	s->rest = len - phase - s->n * s->width;
	return 1;
}

/* -- encoding ------------------------------------------------------------- */

/* What both begin with; the planes of differences are in encoder->scratch. */
static size_t begin(struct mv_encoder *encoder, const struct mv_lean *lean,
		    const struct shape *s, size_t head, const uint8_t *data)
{
	memcpy(encoder->out, lean->id->b, MV_LEAN_HEAD);
	encoder->out[AT_KIND] = (uint8_t)(s->kind | s->phase << PHASE_SHIFT);
	head += (size_t)MV_ENTRY * s->width;
	memcpy(encoder->out + head, data, s->phase);
	return head + s->phase;
}

static int encode_all_planes(size_t *used, struct mv_encoder *encoder,
			     size_t entries, unsigned int width, size_t n,
			     const struct mv_plane_cuts *cuts,
			     struct mv_err *err)
{
	size_t len;
	int rc = 0;

	for (unsigned int k = 0; !rc && k < width; k++) {
		rc = mv_plane_encode(&len,
				     encoder->out + entries + MV_ENTRY * k,
				     encoder, encoder->out + *used,
				     encoder->scratch + k * n, n, cuts, err);
		*used += rc ? 0 : len;
	}
	return rc;
}

static void finish(struct mv_encoded *out, struct mv_encoder *encoder,
		   enum mv_codec codec, const struct mv_lean *lean,
		   const uint8_t *end, size_t rest, size_t used)
{
	memcpy(encoder->out + used, end - rest, rest);
	out->codec = (uint8_t)codec;
	out->param = (uint8_t)lean->depth;
	out->data = encoder->out;
	out->len = used + rest;
}

/* Exponents that are rare share a piece with the next. */
static size_t choose_cuts(uint32_t cuts[PIECES], const struct mv_order *order,
			  unsigned int exponents, size_t n)
{
	const uint32_t *start = order->at[0];
	uint32_t last = 0;
	size_t count = 0;

	for (unsigned int e = 1; e < exponents; e++) {
		if (start[e] - last < PIECE_MIN || n - start[e] < PIECE_MIN)
			continue;
		cuts[count++] = last = start[e];
	}
	return count;
}

static int encode_dense(struct mv_encoded *out, struct mv_encoder *encoder,
			const uint8_t *data, size_t len,
			const struct mv_lean *lean, const struct shape *s,
			int order, struct mv_err *err)
{
	struct mv_order by_exponent;
	uint32_t cut[PIECES];
	struct mv_plane_cuts cuts = { cut, 0 };
	const uint8_t *base = lean->base + s->phase;
	size_t used = begin(encoder, lean, s, DELTA_HEAD, data);
	int rc;

	encoder->out[AT_ORDER] = (uint8_t)order;
	if (order == BY_EXPONENT) {
		mv_numbers_order(&by_exponent, s->kind, base, s->n);
		cuts.count = choose_cuts(cut, &by_exponent,
					 mv_numbers_exponents(s->kind), s->n);
		mv_numbers_split_ordered(encoder->scratch, s->kind,
					 data + s->phase, base, s->n,
					 &by_exponent);
	} else {
		mv_numbers_split(encoder->scratch, s->kind, data + s->phase,
				 base, s->n);
	}
	rc = encode_all_planes(&used, encoder, DELTA_HEAD, s->width, s->n,
			       cuts.count ? &cuts : NULL, err);
	if (!rc)
		finish(out, encoder, MV_CODEC_DELTA, lean, data + len, s->rest,
		       used);
	return rc;
}

static size_t put_position(uint8_t *out, size_t gap)
{
	size_t len = 0;

	for (; gap > 127; gap >>= 7)
		out[len++] = (uint8_t)(gap | 128);
	out[len++] = (uint8_t)gap;
	return len;
}

/* Gaps to `at`, differences to the planes, each `changed` bytes long. */
static size_t collect_changes(uint8_t *planes, uint8_t *at, size_t changed,
			      const uint8_t *data, const uint8_t *base,
			      const struct shape *s)
{
	size_t len = 0, found = 0, next = 0;

	for (size_t i = 0; i < s->n && found < changed; i++) {
		const uint8_t *a = data + s->width * i;
		const uint8_t *b = base + s->width * i;
		uint64_t z;

		if (!memcmp(a, b, s->width))
			continue;
		z = mv_numbers_fold(s->kind, a, b);
		len += put_position(at + len, i - next);
		next = i + 1;
		for (unsigned int k = 0; k < s->width; k++)
			planes[k * changed + found] = (uint8_t)(z >> 8 * k);
		found++;
	}
	return len;
}

static int encode_sparse(struct mv_encoded *out, struct mv_encoder *encoder,
			 const uint8_t *data, size_t len,
			 const struct mv_lean *lean, const struct shape *s,
			 size_t changed, struct mv_err *err)
{
	size_t used = begin(encoder, lean, s, SPARSE_HEAD, data), got;
	uint8_t *gaps = encoder->scratch + s->width * changed;
	int rc;

	encoder->out[AT_COUNT] = (uint8_t)changed;
	mv_put_le16(encoder->out + AT_COUNT + 1, (uint16_t)(changed >> 8));
	got = collect_changes(encoder->scratch, gaps, changed, data + s->phase,
			      lean->base + s->phase, s);
	mv_put_le32(encoder->out + AT_LENGTH, (uint32_t)got);
	rc = mv_plane_encode(&got, encoder->out + AT_POSITIONS, encoder,
			     encoder->out + used, gaps, got, NULL, err);
	used += got;
	if (!rc)
		rc = encode_all_planes(&used, encoder, SPARSE_HEAD, s->width,
				       changed, NULL, err);
	if (!rc)
		finish(out, encoder, MV_CODEC_SPARSE, lean, data + len,
		       s->rest, used);
	return rc;
}

int mv_encode_lean(struct mv_encoded *out, struct mv_encoder *encoder,
		   const uint8_t *data, size_t len,
		   const struct mv_lean *lean, struct mv_err *err)
{
	const struct mv_encoded raw = { MV_CODEC_RAW, 0, data, len };
	struct shape s = { 0 };
	size_t changed;
	int rc;

	*out = raw;
	if (!len || len > MV_CHUNK_MAX || !lean->depth ||
	    lean->depth > MV_DEPTH_MAX)
		return mv_fail(err, MV_EINVALID,
			       "a chunk of %zu bytes cannot lean at depth %u",
			       len, lean->depth);
	if (!shape_of(&s, lean->numbers, lean->phase, len))
		return 0;
	changed = mv_numbers_changed(s.kind, data + s.phase,
				     lean->base + s.phase, s.n);
	if (changed <= s.n / SPARSE_ABOVE)
		rc = encode_sparse(out, encoder, data, len, lean, &s, changed,
				   err);
	else
		rc = encode_dense(out, encoder, data, len, lean, &s,
				  lean->by_exponent &&
				  mv_numbers_exponents(s.kind) ?
				  BY_EXPONENT : OWN_ORDER, err);
	if (rc || out->len >= len)
		*out = raw;
	return rc;
}

enum { SAMPLE_PIECES = 16, SAMPLE_PIECE = 128 };

size_t mv_lean_estimate(const uint8_t *data, size_t len,
			const struct mv_lean *lean)
{
	uint8_t planes[8 * SAMPLE_PIECES * SAMPLE_PIECE];
	uint8_t piece[8 * SAMPLE_PIECE];
	struct shape s = { 0 };
	size_t n = 0, step;
	uint64_t bits = 0;

	if (!shape_of(&s, lean->numbers, lean->phase, len))
		return len;
	step = s.n / SAMPLE_PIECES;
	if (step < SAMPLE_PIECE)
		step = s.n < SAMPLE_PIECE ? s.n : SAMPLE_PIECE;
	for (size_t i = 0; i < SAMPLE_PIECES; i++) {
		size_t many = step < SAMPLE_PIECE ? step : SAMPLE_PIECE;
		size_t off = s.phase + i * step * s.width;

		if ((i + 1) * step > s.n)
			break;
		mv_numbers_split(piece, s.kind, data + off, lean->base + off,
				 many);
		for (unsigned int k = 0; k < s.width; k++)
			memcpy(planes + k * (SAMPLE_PIECES * SAMPLE_PIECE) + n,
			       piece + k * many, many);
		n += many;
	}
	for (unsigned int k = 0; k < s.width; k++)
		bits += mv_sample_bits(planes +
				       k * (SAMPLE_PIECES * SAMPLE_PIECE), n);
	return DELTA_HEAD + s.phase + s.rest +
	       (size_t)(bits * s.n / (8 * MV_SAMPLE_BIT));
}

/* -- decoding ------------------------------------------------------------- */

/* Every place is there, and nothing is over. */
static int begin_decode(struct shape *s, const uint8_t **at, size_t raw_len,
			size_t head, const uint8_t *data, size_t len,
			struct mv_err *err)
{
	unsigned int kind, phase;

	if (len < head)
		return mv_fail(err, MV_ECORRUPT, "difference is cut short");
	kind = data[AT_KIND] & KIND_MASK;
	phase = data[AT_KIND] >> PHASE_SHIFT;
	if (!mv_numbers_width(kind) || phase >= mv_numbers_width(kind))
		return mv_fail(err, MV_ENOTSUP,
			       "difference of an unknown kind (%u)",
			       data[AT_KIND]);
	head += (size_t)MV_ENTRY * mv_numbers_width(kind) + phase;
	if (!shape_of(s, kind, phase, raw_len) || head > len)
		return mv_fail(err, MV_ECORRUPT, "difference is too short");
	*at = data + head;
	return 0;
}

static int decode_all_planes(const uint8_t *planes[8],
			     struct mv_decoder *decoder, const uint8_t *entry,
			     unsigned int width, size_t n, const uint8_t **at,
			     const uint8_t *end, struct mv_err *err)
{
	int rc = 0;

	for (unsigned int k = 0; !rc && k < width; k++)
		rc = mv_plane_decode(&planes[k], decoder->planes + k * n, n,
				     decoder, entry + MV_ENTRY * k, at, end,
				     err);
	return rc;
}

static int end_decode(uint8_t *out, size_t raw_len, const struct shape *s,
		      const uint8_t *before, const uint8_t *at,
		      const uint8_t *end, struct mv_err *err)
{
	if ((size_t)(end - at) != s->rest)
		return mv_fail(err, MV_ECORRUPT,
			       "difference ends with %zu bytes instead of %zu",
			       (size_t)(end - at), s->rest);
	memcpy(out, before, s->phase);
	memcpy(out + raw_len - s->rest, at, s->rest);
	return 0;
}

static int decode_dense(uint8_t *out, size_t raw_len,
			struct mv_decoder *decoder, const uint8_t *base,
			const uint8_t *data, size_t len, struct mv_err *err)
{
	struct mv_order by_exponent;
	const uint8_t *planes[8], *at = NULL, *before;
	struct shape s = { 0 };
	int rc = begin_decode(&s, &at, raw_len, DELTA_HEAD, data, len, err);

	if (rc)
		return rc;
	before = at - s.phase;
	if (data[AT_ORDER] > BY_EXPONENT ||
	    (data[AT_ORDER] && !mv_numbers_exponents(s.kind)))
		return mv_fail(err, MV_ENOTSUP,
			       "difference in an unknown order (%u)",
			       data[AT_ORDER]);
	rc = decode_all_planes(planes, decoder, data + DELTA_HEAD, s.width,
			       s.n, &at, data + len, err);
	if (!rc)
		rc = end_decode(out, raw_len, &s, before, at, data + len, err);
	if (rc)
		return rc;
	base += s.phase;
	if (data[AT_ORDER] == OWN_ORDER) {
		mv_numbers_join(out + s.phase, s.kind, planes, base, s.n);
		return 0;
	}
	mv_numbers_order(&by_exponent, s.kind, base, s.n);
	mv_numbers_join_ordered(out + s.phase, s.kind, planes, base, s.n,
				&by_exponent);
	return 0;
}

/* 0 when it is none, or longer than any of ours. */
static size_t take_position(size_t *gap, const uint8_t *at, size_t len)
{
	*gap = 0;
	for (size_t i = 0; i < len && i < POSITION_MAX; i++) {
		*gap |= (size_t)(at[i] & 127) << 7 * i;
		if (at[i] < 128)
			return i + 1;
	}
	return 0;
}

static int apply_changes(uint8_t *out, const struct shape *s,
			 const uint8_t *const *planes, size_t changed,
			 const uint8_t *at, size_t len, const uint8_t *base,
			 struct mv_err *err)
{
	size_t next = 0;

	for (size_t i = 0; i < changed; i++) {
		size_t gap, used = take_position(&gap, at, len), place;
		uint64_t z = 0;

		if (!used || gap >= s->n - next)
			return mv_fail(err, MV_ECORRUPT,
				       "difference changes what is not there");
		at += used;
		len -= used;
		place = s->width * (next + gap);
		next += gap + 1;
		for (unsigned int k = 0; k < s->width; k++)
			z |= (uint64_t)planes[k][i] << 8 * k;
		mv_numbers_unfold(out + place, s->kind, z, base + place);
	}
	return len ? mv_fail(err, MV_ECORRUPT,
			     "difference has positions without a number") : 0;
}

static int decode_sparse(uint8_t *out, size_t raw_len,
			 struct mv_decoder *decoder, const uint8_t *base,
			 const uint8_t *data, size_t len, struct mv_err *err)
{
	const uint8_t *planes[8], *gaps, *at = NULL, *before;
	size_t changed, gaps_len;
	struct shape s = { 0 };
	int rc = begin_decode(&s, &at, raw_len, SPARSE_HEAD, data, len, err);

	if (rc)
		return rc;
	before = at - s.phase;
	changed = data[AT_COUNT] |
		  (size_t)mv_le16(data + AT_COUNT + 1) << 8;
	gaps_len = mv_le32(data + AT_LENGTH);
	if (changed > s.n || gaps_len > POSITION_MAX * changed ||
	    s.width * changed + gaps_len > sizeof(decoder->planes))
		return mv_fail(err, MV_ECORRUPT,
			       "difference changes more than there is");
	rc = mv_plane_decode(&gaps, decoder->planes + s.width * changed,
			     gaps_len, decoder, data + AT_POSITIONS, &at,
			     data + len, err);
	if (!rc)
		rc = decode_all_planes(planes, decoder, data + SPARSE_HEAD,
				       s.width, changed, &at, data + len, err);
	if (!rc)
		rc = end_decode(out, raw_len, &s, before, at, data + len, err);
	if (rc)
		return rc;
	base += s.phase;
	memcpy(out + s.phase, base, s.n * s.width);
	return apply_changes(out + s.phase, &s, planes, changed, gaps,
			     gaps_len, base, err);
}

int mv_decode_lean(uint8_t *out, size_t raw_len, struct mv_decoder *decoder,
		   uint8_t codec, uint8_t param, const uint8_t *base,
		   const uint8_t *data, size_t len, struct mv_err *err)
{
	struct mv_oid id;
	unsigned int depth;
	int rc = mv_codec_base(&id, &depth, codec, param, data, len, err);

	if (rc <= 0)
		return rc ? rc : mv_decode(out, raw_len, decoder, codec, param,
					   data, len, err);
	if (!raw_len || raw_len > MV_CHUNK_MAX)
		return mv_fail(err, MV_ECORRUPT,
			       "chunk claims to be %zu bytes long", raw_len);
	return codec == MV_CODEC_DELTA ?
	       decode_dense(out, raw_len, decoder, base, data, len, err) :
	       decode_sparse(out, raw_len, decoder, base, data, len, err);
}
