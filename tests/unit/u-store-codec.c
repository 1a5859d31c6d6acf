/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libmv/base/bytes.h"
#include "libmv/base/hash.h"
#include "libmv/store/chunker.h"
#include "libmv/store/codec-planes.h"
#include "libmv/store/codec.h"

#define CHUNK ((size_t)128 * 1024)
#define PLANES_OF(hint, phase) ((uint8_t)((hint) | (phase) << 4))

/* Canaries stand around what is decoded. */
enum { GUARD = 64 };

struct fixture {
	struct mv_encoder *encoder;
	struct mv_decoder *decoder;
	uint8_t data[MV_CHUNK_MAX + 16];
	uint8_t back[GUARD + MV_CHUNK_MAX + GUARD];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return !f || mv_encoder_new(&f->encoder, NULL) ||
	       mv_decoder_new(&f->decoder, NULL);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mv_encoder_free(f->encoder);
	mv_decoder_free(f->decoder);
	free(f);
	return 0;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void make_random(uint8_t *data, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)next_random(&seed);
}

/* Near enough to normal: the sum of twelve. */
static double weight(uint64_t *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(next_random(state) >> 11) * 0x1p-53;
	return 0.03 * sum;
}

static void make_weights(uint8_t *data, size_t len, enum mv_plane hint,
			 uint64_t seed)
{
	size_t width = mv_planes_width(hint);

	for (size_t i = 0; i + width <= len; i += width) {
		double wide = weight(&seed);
		float f = (float)wide;
		uint32_t bits;
		uint64_t wide_bits;

		memcpy(&bits, &f, 4);
		memcpy(&wide_bits, &wide, 8);
		if (width == 2)
			mv_put_le16(data + i, (uint16_t)(bits >> 16));
		else if (width == 4)
			mv_put_le32(data + i, bits);
		else
			mv_put_le64(data + i, wide_bits);
	}
}

static void make_text(uint8_t *data, size_t len, uint64_t seed)
{
	char line[64];
	size_t at = 0;

	while (at < len) {
		int n = snprintf(line, sizeof(line), "%zu,%u.%03u,%s\n", at,
				 (unsigned)(next_random(&seed) % 10),
				 (unsigned)(next_random(&seed) % 1000),
				 next_random(&seed) & 1 ? "yes" : "no");

		if ((size_t)n > len - at)
			n = (int)(len - at);
		memcpy(data + at, line, (size_t)n);
		at += (size_t)n;
	}
}

static int decode(struct fixture *f, const struct mv_encoded *e, size_t len)
{
	/* Memory of exactly this size, for the sanitizer. */
	uint8_t *copy = malloc(e->len ? e->len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, e->data, e->len);
	memset(f->back, 0xc5, sizeof(f->back));
	rc = mv_decode(f->back + GUARD, len, f->decoder, e->codec, e->param,
		       copy, e->len, NULL);
	free(copy);
	for (size_t i = 0; i < GUARD; i++) {
		assert_int_equal(f->back[i], 0xc5);
		assert_int_equal(f->back[GUARD + len + i], 0xc5);
	}
	return rc;
}

/* Encode, check what must always hold, decode, compare. */
static struct mv_encoded round_trip(struct fixture *f, const uint8_t *data,
				    size_t len, enum mv_plane hint)
{
	struct mv_encoded e;

	assert_int_equal(mv_encode(&e, f->encoder, data, len, hint, NULL), 0);
	assert_true(e.len <= len);
	if (e.codec == MV_CODEC_RAW)
		assert_true(e.data == data && e.len == len && !e.param);
	else
		assert_true(e.len < len);
	assert_int_equal(decode(f, &e, len), 0);
	assert_memory_equal(f->back + GUARD, data, len);
	return e;
}

static void test_store_codec__planes_are_what_the_page_says(void **state)
{
	static const struct {
		enum mv_plane kind;
		uint64_t value;
		uint8_t planes[8];
	} rows[] = {
		{ MV_PLANE_B16, 0x1234, { 0x34, 0x12 } },
		{ MV_PLANE_BF16, 0x3f80, { 0x7f, 0x00 } },
		{ MV_PLANE_BF16, 0xbf81, { 0x7f, 0x81 } },
		{ MV_PLANE_B32, 0x12345678, { 0x78, 0x56, 0x34, 0x12 } },
		{ MV_PLANE_F32, 0x3f800000, { 0, 0, 0, 0x7f } },
		{ MV_PLANE_F32, 0xbf800101, { 0x03, 0x02, 0, 0x7f } },
		{ MV_PLANE_B64, 0x0102030405060708,
		  { 8, 7, 6, 5, 4, 3, 2, 1 } },
		{ MV_PLANE_F64, 0xbff0000000000001,
		  { 0x1b, 0, 0, 0, 0, 0, 0, 0xff } },
	};
	uint8_t number[8 * 3], planes[8 * 3], back[8 * 3];
	const uint8_t *at[8];

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		unsigned width = mv_planes_width(rows[r].kind);

		memset(number, 0, sizeof(number));
		for (unsigned k = 0; k < width; k++) {
			number[width + k] = (uint8_t)(rows[r].value >> 8 * k);
			at[k] = planes + 3 * k;
		}
		mv_planes_split(planes, rows[r].kind, number, 3);
		for (unsigned k = 0; k < width; k++) {
			assert_int_equal(planes[3 * k], 0);
			assert_int_equal(planes[3 * k + 1], rows[r].planes[k]);
			assert_int_equal(planes[3 * k + 2], 0);
		}
		mv_planes_join(back, rows[r].kind, at, 3);
		assert_memory_equal(back, number, (size_t)3 * width);
	}
	assert_int_equal(mv_planes_width(MV_PLANE_NONE), 0);
	assert_int_equal(mv_planes_width(MV_PLANE_F64 + 1), 0);
}

static void test_store_codec__every_length_and_hint_comes_back(void **state)
{
	static const size_t lengths[] = {
		1, 2, 7, 8, 63, 511, 512, 513, 515, 1000, 4097, 8200, 8207,
		65536, 100003, CHUNK, MV_CHUNK_MAX - 1, MV_CHUNK_MAX
	};
	struct fixture *f = *state;

	for (int kind = 0; kind < 4; kind++) {
		if (kind == 0)
			make_random(f->data, MV_CHUNK_MAX, 1);
		else if (kind == 1)
			make_weights(f->data, MV_CHUNK_MAX, MV_PLANE_F32, 2);
		else if (kind == 2)
			make_text(f->data, MV_CHUNK_MAX, 3);
		else
			memset(f->data, 0, MV_CHUNK_MAX);
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
			for (int hint = MV_PLANE_NONE; hint <= MV_PLANE_F64;
			     hint++)
				round_trip(f, f->data, lengths[i],
					   (enum mv_plane)hint);
	}
}

/* What all planes take if each is coded byte by byte, as well as possible. */
static double order0_bytes(const uint8_t *data, size_t len, enum mv_plane hint)
{
	size_t width = mv_planes_width(hint), n = len / width;
	uint8_t *planes = malloc(len);
	double bits = 0;

	assert_non_null(planes);
	mv_planes_split(planes, hint, data, n);
	for (size_t k = 0; k < width; k++) {
		size_t count[256] = { 0 };

		for (size_t i = 0; i < n; i++)
			count[planes[k * n + i]]++;
		for (int i = 0; i < 256; i++)
			if (count[i])
				bits -= (double)count[i] *
					log2((double)count[i] / (double)n);
	}
	free(planes);
	return bits / 8;
}

static void test_store_codec__weights_reach_their_entropy(void **state)
{
	static const enum mv_plane hints[] = { MV_PLANE_BF16, MV_PLANE_F32,
					       MV_PLANE_F64 };
	static const unsigned percent[] = { 67, 84, 88 };
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		struct mv_encoded e;

		make_weights(f->data, CHUNK, hints[i], 4);
		e = round_trip(f, f->data, CHUNK, hints[i]);
		assert_int_equal(e.codec, MV_CODEC_PLANES);
		assert_int_equal(e.param, PLANES_OF(hints[i], 0));
		assert_true((double)e.len <
			    1.01 * order0_bytes(f->data, CHUNK, hints[i]));
		assert_true(e.len * 100 < CHUNK * percent[i]);
	}
}

static void test_store_codec__structure_is_found_untold(void **state)
{
	static const enum mv_plane hints[] = { MV_PLANE_BF16, MV_PLANE_F32,
					       MV_PLANE_F64 };
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		unsigned width = mv_planes_width(hints[i]);
		struct mv_encoded e;
		size_t told;

		make_weights(f->data, MV_CHUNK_MAX, hints[i], 5);
		told = round_trip(f, f->data, CHUNK, hints[i]).len;
		for (unsigned cut = 0; cut < width; cut++) {
			e = round_trip(f, f->data + cut, CHUNK, MV_PLANE_NONE);
			assert_int_equal(e.codec, MV_CODEC_PLANES);
			assert_int_equal(e.param,
					 PLANES_OF(hints[i],
						   (width - cut) % width));
			assert_true(e.len < told + told / 100);
		}
	}
}

static void test_store_codec__plain_integers_are_found_untold(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 6;
	struct mv_encoded e;

	for (size_t i = 0; i < CHUNK; i += 4)
		mv_put_le32(f->data + i,
			    (uint32_t)(next_random(&seed) % 50000));
	e = round_trip(f, f->data, CHUNK, MV_PLANE_NONE);
	assert_int_equal(e.codec, MV_CODEC_PLANES);
	/* log2(50000) bits of 32 are 48.8 %. */
	assert_true(e.len * 100 < CHUNK * 51);
}

static void test_store_codec__noise_stays_raw(void **state)
{
	struct fixture *f = *state;

	make_random(f->data, MV_CHUNK_MAX, 9);
	for (int hint = MV_PLANE_NONE; hint <= MV_PLANE_F64; hint++)
		assert_int_equal(round_trip(f, f->data, CHUNK,
					    (enum mv_plane)hint).codec,
				 MV_CODEC_RAW);
	/* One value in 64 twice as often: 0.2 %, not worth the decoding. */
	for (size_t i = 0; i < CHUNK; i += 64)
		f->data[i] = 'x';
	assert_int_equal(round_trip(f, f->data, CHUNK, MV_PLANE_NONE).codec,
			 MV_CODEC_RAW);
	/* A repeat of 26 bytes: zstd saves less than 3 % of 500. */
	make_random(f->data, 500, 10);
	memcpy(f->data + 474, f->data, 26);
	assert_int_equal(round_trip(f, f->data, 500, MV_PLANE_NONE).codec,
			 MV_CODEC_RAW);
}

static void test_store_codec__text_and_zeros_get_small(void **state)
{
	struct fixture *f = *state;
	struct mv_encoded e;

	make_text(f->data, CHUNK, 10);
	e = round_trip(f, f->data, CHUNK, MV_PLANE_NONE);
	assert_int_equal(e.codec, MV_CODEC_ZSTD);
	assert_true(e.len < CHUNK * 45 / 100);
	/* Tiny ones too. */
	e = round_trip(f, f->data, 300, MV_PLANE_NONE);
	assert_int_equal(e.codec, MV_CODEC_ZSTD);
	memset(f->data, 0, CHUNK);
	assert_true(round_trip(f, f->data, CHUNK, MV_PLANE_NONE).len < 40);
	assert_true(round_trip(f, f->data, CHUNK, MV_PLANE_F32).len < 120);
}

/* No numbers, no repeats, no text: but not all bytes are as frequent. */
static void test_store_codec__dense_bytes_get_huffman_codes(void **state)
{
	struct fixture *f = *state;
	struct mv_encoded e;
	uint64_t seed = 14;

	for (size_t i = 0; i < CHUNK; i++)
		f->data[i] = (uint8_t)(int)(800 * weight(&seed));
	e = round_trip(f, f->data, CHUNK, MV_PLANE_NONE);
	assert_int_equal(e.codec, MV_CODEC_ZSTD);
	assert_in_range(e.len, CHUNK * 78 / 100, CHUNK * 84 / 100);
}

/* Random rows, each stored twice: flat to a histogram, half to a matcher. */
static void test_store_codec__repeats_are_seen(void **state)
{
	static const size_t rows[] = { 4096, 5004 };
	struct fixture *f = *state;

	for (int r = 0; r < 2; r++) {
		make_random(f->data, CHUNK, 11);
		for (size_t at = rows[r]; at + rows[r] < CHUNK;
		     at += 2 * rows[r])
			memcpy(f->data + at, f->data + at - rows[r], rows[r]);
		for (int hint = MV_PLANE_NONE; hint <= MV_PLANE_B32; hint++)
			assert_true(round_trip(f, f->data, CHUNK,
					       (enum mv_plane)hint).len <
				    CHUNK * 56 / 100);
	}
}

static void test_store_codec__impossible_lengths_are_refused(void **state)
{
	struct fixture *f = *state;
	struct mv_encoded e = { MV_CODEC_RAW, 0, f->data, MV_CHUNK_MAX + 1 };

	assert_int_equal(mv_encode(&e, f->encoder, f->data, 0, MV_PLANE_NONE,
				   NULL), MV_EINVALID);
	assert_int_equal(mv_encode(&e, f->encoder, f->data, MV_CHUNK_MAX + 1,
				   MV_PLANE_NONE, NULL), MV_EINVALID);
	assert_int_equal(mv_decode(f->back, MV_CHUNK_MAX + 1, f->decoder,
				   MV_CODEC_RAW, 0, f->data, MV_CHUNK_MAX + 1,
				   NULL), MV_ECORRUPT);
}

static void test_store_codec__unknown_numbers_are_not_supported(void **state)
{
	struct fixture *f = *state;
	struct mv_encoded e = { MV_CODEC_RAW, 0, f->data, 100 };

	memset(f->data, 1, 100);
	assert_int_equal(decode(f, &e, 100), 0);
	for (int codec = 0; codec < 256; codec++)
		for (int param = 0; param < 256; param++) {
			int width = (int)mv_planes_width(param & 15);
			int known = codec == MV_CODEC_PLANES ?
					    param >> 4 < width :
					    codec < 2 && !param;

			e.codec = (uint8_t)codec;
			e.param = (uint8_t)param;
			if (known)
				assert_int_not_equal(decode(f, &e, 100),
						     MV_ENOTSUP);
			else
				assert_int_equal(decode(f, &e, 100),
						 MV_ENOTSUP);
		}
}

/* All damages that must be noticed by the codec itself. */
static void expect_corrupt(struct fixture *f, const struct mv_encoded *good,
			   size_t len)
{
	struct mv_encoded e = *good;
	uint8_t *copy = malloc(good->len + 16);

	assert_non_null(copy);
	memcpy(copy, good->data, good->len);
	memset(copy + good->len, 0, 16);
	e.data = copy;
	assert_int_equal(decode(f, &e, len), 0);
	assert_int_equal(decode(f, &e, len - 1), MV_ECORRUPT);
	assert_int_equal(decode(f, &e, len + 1), MV_ECORRUPT);
	for (e.len = good->len + 16; e.len > good->len; e.len--)
		assert_int_equal(decode(f, &e, len), MV_ECORRUPT);
	for (size_t cut = 1; cut < 50 && cut <= good->len; cut++) {
		e.len = good->len - cut;
		assert_int_equal(decode(f, &e, len), MV_ECORRUPT);
	}
	for (size_t n = 0; n < 50 && n < good->len; n++) {
		e.len = n;
		assert_int_equal(decode(f, &e, len), MV_ECORRUPT);
	}
	free(copy);
}

static void test_store_codec__wrong_lengths_are_corrupt(void **state)
{
	struct fixture *f = *state;
	struct mv_encoded e;

	make_random(f->data, CHUNK, 12);
	e = round_trip(f, f->data, 1000, MV_PLANE_NONE);
	assert_int_equal(e.codec, MV_CODEC_RAW);
	expect_corrupt(f, &e, 1000);
	make_text(f->data, CHUNK, 12);
	e = round_trip(f, f->data, 5000, MV_PLANE_NONE);
	assert_int_equal(e.codec, MV_CODEC_ZSTD);
	expect_corrupt(f, &e, 5000);
	make_weights(f->data, CHUNK, MV_PLANE_BF16, 12);
	e = round_trip(f, f->data, 5000, MV_PLANE_BF16);
	assert_int_equal(e.codec, MV_CODEC_PLANES);
	expect_corrupt(f, &e, 5000);
}

/* Things that libzstd itself would take. */
static void test_store_codec__only_one_plain_frame_is_taken(void **state)
{
	struct fixture *f = *state;
	struct mv_encoded good, e;
	uint8_t *copy;

	make_text(f->data, 5000, 13);
	good = round_trip(f, f->data, 5000, MV_PLANE_NONE);
	e = good;
	copy = calloc(1, 2 * good.len + 8);
	assert_non_null(copy);
	e.data = copy;
	/* A skippable frame, before and after. */
	memcpy(copy, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	memcpy(copy + 8, good.data, good.len);
	e.len = good.len + 8;
	assert_int_equal(decode(f, &e, 5000), MV_ECORRUPT);
	memcpy(copy, good.data, good.len);
	memcpy(copy + good.len, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	assert_int_equal(decode(f, &e, 5000), MV_ECORRUPT);
	/* And one that is all there is, and stands for nothing. */
	memcpy(copy, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	e.len = 8;
	assert_int_equal(decode(f, &e, 0), MV_ECORRUPT);
	memcpy(copy, good.data, good.len);
	/* Two frames, one after the other. */
	memcpy(copy + good.len, good.data, good.len);
	e.len = 2 * good.len;
	assert_int_equal(decode(f, &e, 10000), MV_ECORRUPT);
	/* The magic numbers of the first drafts. */
	for (uint8_t version = 0x22; version < 0x28; version++) {
		memcpy(copy, good.data, good.len);
		copy[0] = version;
		e.len = good.len;
		assert_int_equal(decode(f, &e, 5000), MV_ECORRUPT);
	}
	free(copy);
}

static void test_store_codec__planes_must_add_up(void **state)
{
	/* Two bf16 numbers, raw; then the table is changed. */
	static const uint8_t good[] = { 2, 0, 0, 0, 2, 0, 0, 0,
					0x7f, 0x7f, 0x00, 0x80 };
	struct fixture *f = *state;
	uint8_t bytes[sizeof(good)];
	struct mv_encoded e = { MV_CODEC_PLANES, MV_PLANE_BF16, bytes,
				sizeof(bytes) };

	memcpy(bytes, good, sizeof(good));
	assert_int_equal(decode(f, &e, 4), 0);
	assert_memory_equal(f->back + GUARD, "\x80\x3f\x80\xbf", 4);
	bytes[0] = 1;
	bytes[4] = 3;
	assert_int_equal(decode(f, &e, 4), MV_ECORRUPT);
	memcpy(bytes, good, sizeof(good));
	bytes[6] = 0xff;
	assert_int_equal(decode(f, &e, 4), MV_ECORRUPT);
	memcpy(bytes, good, sizeof(good));
	bytes[3] = 2;
	assert_int_equal(decode(f, &e, 4), MV_ENOTSUP);
	memcpy(bytes, good, sizeof(good));
	assert_int_equal(decode(f, &e, 5), MV_ECORRUPT);
	assert_int_equal(decode(f, &e, 1), MV_ECORRUPT);
	assert_int_equal(decode(f, &e, 0), MV_ECORRUPT);
	/* No number at all; less than what stands before the first. */
	memset(bytes, 0, sizeof(bytes));
	e.len = 9;
	assert_int_equal(decode(f, &e, 1), MV_ECORRUPT);
	e.param = PLANES_OF(MV_PLANE_BF16, 1);
	assert_int_equal(decode(f, &e, 0), MV_ECORRUPT);
	assert_int_equal(decode(f, &e, 2), MV_ECORRUPT);
}

static uint8_t *read_golden(size_t *len, const char *name)
{
	char path[256];
	uint8_t *data = malloc(65536);
	FILE *in;

	snprintf(path, sizeof(path), "tests/golden/v1/codec/%s", name);
	in = fopen(path, "rb");
	assert_non_null(in);
	assert_non_null(data);
	*len = fread(data, 1, 65536, in);
	fclose(in);
	return data;
}

/* Every byte damaged and every length: an error or bytes, nothing worse. */
static void damage(struct fixture *f, struct mv_encoded e, uint8_t *data,
		   size_t raw_len)
{
	for (size_t i = 0; i < e.len; i++) {
		int rc;

		data[i] ^= (uint8_t)(1 << (i & 7));
		rc = decode(f, &e, raw_len);
		assert_true(!rc || rc == MV_ECORRUPT || rc == MV_ENOTSUP);
		data[i] ^= (uint8_t)(1 << (i & 7));
	}
	for (; e.len; e.len--)
		if (decode(f, &e, raw_len))
			assert_true(e.len > 0);
}

/*
 * Frozen frames, put together by an independent program and the zstd tool:
 * should this fail, the decoder is wrong, never the files.
 */
static void test_store_codec__frozen_frames_decode(void **state)
{
	struct fixture *f = *state;
	FILE *in = fopen("tests/golden/v1/codec/frames", "r");
	char line[256], name[64], hex[65];
	unsigned codec, param;
	size_t raw_len, len;
	int count = 0;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		struct mv_encoded e;
		struct mv_oid oid, expected;
		uint8_t *data;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%63s %u %u %zu %64s", name,
					&codec, &param, &raw_len, hex), 5);
		assert_int_equal(mv_oid_parse(&expected, hex, 64), 0);
		data = read_golden(&len, name);
		e = (struct mv_encoded){ (uint8_t)codec, (uint8_t)param, data,
					 len };
		assert_int_equal(decode(f, &e, raw_len), 0);
		assert_int_equal(mv_sha256(&oid, f->back + GUARD, raw_len,
					   NULL), 0);
		assert_true(mv_oid_eq(&oid, &expected));
		damage(f, e, data, raw_len);
		free(data);
		count++;
	}
	fclose(in);
	assert_int_equal(count, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_codec__planes_are_what_the_page_says),
		cmocka_unit_test(test_store_codec__every_length_and_hint_comes_back),
		cmocka_unit_test(test_store_codec__weights_reach_their_entropy),
		cmocka_unit_test(test_store_codec__structure_is_found_untold),
		cmocka_unit_test(test_store_codec__plain_integers_are_found_untold),
		cmocka_unit_test(test_store_codec__noise_stays_raw),
		cmocka_unit_test(test_store_codec__text_and_zeros_get_small),
		cmocka_unit_test(test_store_codec__dense_bytes_get_huffman_codes),
		cmocka_unit_test(test_store_codec__repeats_are_seen),
		cmocka_unit_test(test_store_codec__impossible_lengths_are_refused),
		cmocka_unit_test(test_store_codec__unknown_numbers_are_not_supported),
		cmocka_unit_test(test_store_codec__wrong_lengths_are_corrupt),
		cmocka_unit_test(test_store_codec__only_one_plain_frame_is_taken),
		cmocka_unit_test(test_store_codec__planes_must_add_up),
		cmocka_unit_test(test_store_codec__frozen_frames_decode),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
