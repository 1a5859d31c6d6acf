/* SPDX-License-Identifier: MIT */
#include "libmv/store/codec-sample.h"

#include "libmv/base/bytes.h"
#include "libmv/base/runs.h"
#include "libmv/store/codec-planes.h"

/* 4096 times the binary logarithm of v > 0, within 10. */
static uint32_t log2_4096(uint32_t v)
{
	uint32_t whole = 31 - (uint32_t)__builtin_clz(v);
	uint32_t x = (v << (31 - whole) >> 15) & 0xffff;	/* 0 .. 1 */
	uint32_t bend = 28482 - (12098 * x >> 16);

	x += (uint32_t)((uint64_t)(x * (uint64_t)(65536 - x) >> 16) * bend >>
			16);
	return whole << 12 | x >> 4;
}

/*
 * The entropy of `n` bytes that were counted, in 1/256 bits a byte, with
 * Miller's correction: few samples of many values look too regular.
 */
static uint32_t bits_of_counts(const uint16_t *count, uint32_t n)
{
	uint32_t sum = 0;	/* < 13 * 4096 * 8192 */
	uint32_t seen = 0;
	int32_t bits;

	if (!n)
		return 0;
	/* No branches: which values occur is hard to predict. */
	for (int i = 0; i < 256; i++) {
		sum += count[i] * log2_4096(count[i] + !count[i]);
		seen += !!count[i];
	}
	bits = (int32_t)(log2_4096(n) + (seen - 1) * 2955 / n) -
	       (int32_t)(sum / n);
	if (bits < 0)	/* the logarithms are not exact */
		return 0;
	bits /= 4096 / (int)MV_SAMPLE_BIT;
	return bits < 8 * (int)MV_SAMPLE_BIT ? (uint32_t)bits :
					       8 * MV_SAMPLE_BIT;
}

/*
 * Are equal pairs no more frequent than chance has it, plus a quarter? This
 * cannot overlook a gain, only suspect one, and vectorises, unlike the
 * logarithms.
 */
static int is_flat(const uint16_t *count, uint32_t n)
{
	uint64_t pairs = 0;

	for (int i = 0; i < 256; i++)
		pairs += (uint32_t)count[i] * count[i];
	return (pairs - n) * 256 <= (uint64_t)n * (n - 1) / 4 * 5;
}

enum {
	BITS_PIECES = 16,
	BITS_PIECE = 128,
	LANE_PIECES = 32,
	LANE_PIECE = 256,
	LANE_BYTES = LANE_PIECES * LANE_PIECE,
};

/* Four tables, or equal neighbours would wait for each other. */
static void count_bytes(uint16_t count[4][256], const uint8_t *data,
			size_t len)
{
	size_t i = 0;

	for (; i + 4 <= len; i += 4) {
		count[0][data[i]]++;
		count[1][data[i + 1]]++;
		count[2][data[i + 2]]++;
		count[3][data[i + 3]]++;
	}
	for (; i < len; i++)
		count[0][data[i]]++;
}

uint32_t mv_sample_bits(const uint8_t *data, size_t len)
{
	uint16_t count[4][256] = { { 0 } };
	uint32_t n = BITS_PIECES * BITS_PIECE;
	size_t step;

	if (len <= n) {
		n = (uint32_t)len;
		count_bytes(count, data, len);
	} else {
		step = (len - BITS_PIECE) / (BITS_PIECES - 1);
		for (size_t i = 0; i < BITS_PIECES; i++)
			count_bytes(count, data + i * step, BITS_PIECE);
	}
	for (int i = 0; i < 256; i++)
		count[0][i] = (uint16_t)(count[0][i] + count[1][i] +
					 count[2][i] + count[3][i]);
	if (n > 1 && is_flat(count[0], n))
		return 8 * MV_SAMPLE_BIT;
	return bits_of_counts(count[0], n);
}

/*
 * Repeats: 8 bytes at every 32nd place are remembered; from 32 places,
 * spread evenly, 32 neighbours each are looked up, so that a repeat at any
 * distance is seen. A match must go on for 16 bytes: the exponents of
 * weights carry so little that 8 of them repeat by chance.
 */
enum { REPEAT_STEP = 32, REPEAT_PLACES = 32, REPEAT_LOG = 12 };

static uint32_t repeat_slot(uint64_t v)
{
	return (uint32_t)((v * 0x9e3779b97f4a7c15u) >> (64 - REPEAT_LOG));
}

static int repeats_at(const uint16_t *table, const uint8_t *data, size_t from)
{
	for (size_t i = from; i < from + REPEAT_STEP; i++) {
		uint64_t v = mv_le64(data + i);
		const uint8_t *past = data + (size_t)REPEAT_STEP *
					     table[repeat_slot(v)];

		if (mv_le64(past) == v &&
		    mv_le64(past + 8) == mv_le64(data + i + 8))
			return 1;
	}
	return 0;
}

int mv_sample_repeats(const uint8_t *data, size_t len)
{
	/* An empty slot says block 0, which is as good a place to compare. */
	uint16_t table[1 << REPEAT_LOG] = { 0 };
	size_t blocks = len / REPEAT_STEP;
	size_t every = blocks / REPEAT_PLACES + 1;
	size_t due = 0, looked = 0, found = 0;

	/* The last block has no 16 bytes after it to compare. */
	for (size_t i = 1; i + 1 < blocks; i++) {
		size_t from = i * REPEAT_STEP;

		if (++due == every) {
			due = 0;
			looked++;
			found += (size_t)repeats_at(table, data, from);
		}
		table[repeat_slot(mv_le64(data + from))] = (uint16_t)i;
	}
	return found && found * 16 >= looked;
}

/* Evenly spread pieces, at offsets that keep the lanes apart. */
static size_t codec_sample_gather(uint8_t *out, const uint8_t *data, size_t len)
{
	size_t step = (len - LANE_PIECE) / (LANE_PIECES - 1) & ~(size_t)7;

	for (size_t i = 0; i < LANE_PIECES; i++)
		memcpy(out + i * LANE_PIECE, data + i * step, LANE_PIECE);
	return LANE_BYTES;
}

static void fold_lanes(uint16_t lanes[8][256], unsigned int width)
{
	for (unsigned int k = 0; k < width; k++)
		for (int i = 0; i < 256; i++)
			lanes[k][i] = (uint16_t)(lanes[k][i] +
						 lanes[k + width][i]);
}

/* The mean over the lanes, and the lane with the least. */
static uint32_t lane_bits(unsigned int *least, uint16_t lanes[8][256],
			  unsigned int width)
{
	uint32_t sum = 0, lowest = UINT32_MAX;

	for (unsigned int k = 0; k < width; k++) {
		uint32_t bits = bits_of_counts(lanes[k], LANE_BYTES / width);

		sum += bits;
		if (bits < lowest) {
			lowest = bits;
			*least = k;
		}
	}
	return sum / width;
}

/* What splitting so would bring, tried on the sample. */
static uint32_t split_bits(const uint8_t *sample, size_t len,
			   unsigned int kind)
{
	uint8_t planes[LANE_BYTES];
	unsigned int width = mv_planes_width(kind);
	size_t n = len / width;
	uint32_t sum = 0;

	mv_planes_split(planes, kind, sample, n);
	for (unsigned int k = 0; k < width; k++) {
		uint16_t count[4][256] = { { 0 } };

		count_bytes(count, planes + k * n, n);
		for (int i = 0; i < 256; i++)
			count[0][i] = (uint16_t)(count[0][i] + count[1][i] +
						 count[2][i] + count[3][i]);
		sum += bits_of_counts(count[0], (uint32_t)n);
	}
	return sum / width;
}

/*
 * The byte with the exponent is the most regular one and, little-endian, the
 * last: the next number begins after it. Whether these are floating-point
 * numbers at all is tried.
 */
static void guess_kind(struct mv_structure *out, const uint8_t *data,
		       size_t len, unsigned int width, unsigned int least)
{
	static const uint8_t plain[] = { MV_PLANE_B16, MV_PLANE_B32,
					 MV_PLANE_B64 };
	uint8_t sample[LANE_BYTES];
	unsigned int kind = plain[width / 4], phase = (least + 1) % width;
	size_t n = codec_sample_gather(sample, data + phase, len - phase);
	uint32_t as_plain = split_bits(sample, n, kind);
	uint32_t as_float = split_bits(sample, n, kind + 1);

	/* Near a tie, the exponent in one piece is easier for Huffman codes. */
	if (as_float < as_plain + MV_SAMPLE_BIT / 16)
		as_plain = as_float + 1;
	/* Two percent of a byte, or it is not worth taking them apart. */
	if ((as_float < as_plain ? as_float : as_plain) +
	    MV_SAMPLE_BIT / 6 > out->bits)
		return;
	out->kind = as_float < as_plain ? kind + 1 : kind;
	out->phase = as_float < as_plain ? phase : 0;
}

void mv_sample_structure(struct mv_structure *out, const uint8_t *data,
			 size_t len)
{
	uint16_t lanes[8][256] = { { 0 } };
	unsigned int width, best_width = 1, least = 0, best_least = 0;
	uint8_t sample[LANE_BYTES];
	uint32_t bits = 0, best = UINT32_MAX;
	int flat = 1;

	*out = (struct mv_structure){ .kind = MV_PLANE_NONE };
	if (len < LANE_BYTES + 8) {
		out->bits = mv_sample_bits(data, len);
		return;
	}
	codec_sample_gather(sample, data, len);
	for (size_t i = 0; i < LANE_BYTES; i += 8)
		for (unsigned int k = 0; k < 8; k++)
			lanes[k][sample[i + k]]++;
	for (unsigned int k = 0; k < 8; k++)
		flat &= is_flat(lanes[k], LANE_BYTES / 8);
	out->bits = 8 * MV_SAMPLE_BIT;
	if (flat)
		return;
	/* The narrowest width that explains as much as the best. */
	for (width = 8; width; width /= 2) {
		bits = lane_bits(&least, lanes, width);
		if (bits <= best || bits - best < MV_SAMPLE_BIT / 20) {
			best = bits < best ? bits : best;
			best_width = width;
			best_least = least;
		}
		if (width > 1)
			fold_lanes(lanes, width / 2);
	}
	out->bits = bits;
	if (best_width > 1)
		guess_kind(out, data, len, best_width, best_least);
}
