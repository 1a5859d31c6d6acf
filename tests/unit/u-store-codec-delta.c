/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libmv/base/bytes.h"
#include "libmv/store/chunker.h"
#include "libmv/store/codec-numbers.h"
#include "libmv/store/codec.h"

#define CHUNK ((size_t)128 * 1024)

/* Canaries stand around what is decoded. */
enum { GUARD = 64 };

static const struct mv_oid base_id = { { 0xb1, 0xa5, 0xe0 } };

struct fixture {
	struct mv_encoder *encoder;
	struct mv_decoder *decoder;
	uint8_t base[MV_CHUNK_MAX];
	uint8_t data[MV_CHUNK_MAX];
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

/* Exponents like those of weights, every mantissa; `width` bytes each. */
static void make_base(uint8_t *out, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)next_random(&seed);
	for (size_t i = 3; i < len; i += 4) {
		out[i - 2] = (uint8_t)((out[i - 2] & 0x80) | 0x3c);
		out[i] = (uint8_t)((out[i] & 0x80) | 0x3c);
	}
}

/* One in `every` numbers goes a few places up or down. */
static void nudge(uint8_t *data, const uint8_t *base, size_t len,
		  unsigned int kind, unsigned int phase, unsigned int every,
		  uint64_t seed)
{
	unsigned int width = mv_numbers_width(kind);

	memcpy(data, base, len);
	for (size_t i = phase; i + width <= len; i += width) {
		uint64_t r = next_random(&seed);

		if (r % every == 0)
			mv_numbers_unfold(data + i, kind, 1 + (r >> 40) % 14,
					  base + i);
	}
}

static int decode(struct fixture *f, const struct mv_encoded *e, size_t len)
{
	/* Memory of exactly this size, for the sanitizer. */
	uint8_t *copy = malloc(e->len ? e->len : 1);
	uint8_t *base = malloc(len);
	int rc;

	assert_non_null(copy);
	assert_non_null(base);
	memcpy(copy, e->data, e->len);
	memcpy(base, f->base, len);
	memset(f->back, 0xc5, sizeof(f->back));
	rc = mv_decode_lean(f->back + GUARD, len, f->decoder, e->codec,
			    e->param, base, copy, e->len, NULL);
	free(copy);
	free(base);
	for (size_t i = 0; i < GUARD; i++) {
		assert_int_equal(f->back[i], 0xc5);
		assert_int_equal(f->back[GUARD + len + i], 0xc5);
	}
	return rc;
}

static struct mv_encoded round_trip(struct fixture *f, size_t len,
				    unsigned int kind, unsigned int phase,
				    unsigned int depth, int by_exponent)
{
	struct mv_lean lean = { &base_id, f->base, depth, kind, phase,
				by_exponent };
	struct mv_encoded e;
	struct mv_oid id;
	unsigned int said;

	assert_int_equal(mv_encode_lean(&e, f->encoder, f->data, len, &lean,
					NULL), 0);
	assert_true(e.len <= len);
	if (e.codec == MV_CODEC_RAW) {
		assert_true(e.data == f->data && e.len == len && !e.param);
	} else {
		assert_int_equal(e.param, depth);
		assert_int_equal(mv_codec_base(&id, &said, e.codec, e.param,
					       e.data, e.len, NULL), 1);
		assert_int_equal(said, depth);
		assert_int_equal(mv_codec_depth(e.codec, e.param), depth);
		assert_true(mv_oid_eq(&id, &base_id));
	}
	assert_int_equal(decode(f, &e, len), 0);
	assert_memory_equal(f->back + GUARD, f->data, len);
	return e;
}

/* -- numbers -------------------------------------------------------------- */

static void test_store_codec_delta__differences_are_what_the_page_says(
	void **state)
{
	static const struct {
		unsigned int kind;
		uint64_t chunk, base, z;
	} rows[] = {
		{ MV_NUMBERS_I16, 5, 3, 4 },
		{ MV_NUMBERS_I16, 3, 5, 3 },
		{ MV_NUMBERS_I16, 0, 0xffff, 2 },
		{ MV_NUMBERS_BF16, 0x3f81, 0x3f80, 2 },
		{ MV_NUMBERS_BF16, 0xbf81, 0xbf80, 1 },	/* less: more below 0 */
		{ MV_NUMBERS_BF16, 0x0000, 0x8000, 2 },	/* 0 follows -0 */
		{ MV_NUMBERS_BF16, 0x8001, 0x0001, 5 },
		{ MV_NUMBERS_F16, 0x7c00, 0x7bff, 2 },	/* infinity */
		{ MV_NUMBERS_I32, 0x80000000, 0, 0xffffffff },
		{ MV_NUMBERS_F32, 0x7fc00001, 0x7fc00000, 2 },	/* NaNs */
		{ MV_NUMBERS_F32, 0xffffffff, 0x7fffffff, 2 },	/* around */
		{ MV_NUMBERS_I64, 1, 0, 2 },
		{ MV_NUMBERS_F64, 0x8000000000000000, 0, 1 },
		{ MV_NUMBERS_I8, 0x80, 0x7f, 2 },
		{ MV_NUMBERS_F8, 0x00, 0x80, 2 },
	};
	uint8_t chunk[8], base[8], back[8];

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		unsigned int width = mv_numbers_width(rows[r].kind);

		mv_put_le64(chunk, rows[r].chunk);
		mv_put_le64(base, rows[r].base);
		assert_true(mv_numbers_fold(rows[r].kind, chunk, base) ==
			    rows[r].z);
		mv_numbers_unfold(back, rows[r].kind, rows[r].z, base);
		assert_memory_equal(back, chunk, width);
	}
	assert_int_equal(mv_numbers_width(0), 0);
	assert_int_equal(mv_numbers_width(10), 0);
	assert_int_equal(mv_numbers_exponents(MV_NUMBERS_I32), 0);
	assert_int_equal(mv_numbers_exponents(10), 0);
}

/* Every pattern of 16 bits against bases of all sorts. */
static void test_store_codec_delta__every_pattern_comes_back(void **state)
{
	static const uint16_t bases[] = { 0, 1, 0x8000, 0x8001, 0x7f80, 0xff80,
					  0x7fff, 0xffff, 0x3f80, 0x7c00 };
	static const unsigned int kinds[] = { MV_NUMBERS_I16, MV_NUMBERS_BF16,
					      MV_NUMBERS_F16 };
	uint8_t *data = malloc(4 * 65536), *base = malloc(2 * 65536);
	uint8_t *planes = malloc(2 * 65536), *back = data + 2 * 65536;
	const uint8_t *at[2] = { planes, planes + 65536 };

	(void)state;
	for (size_t k = 0; k < 3; k++)
		for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
			for (size_t i = 0; i < 65536; i++) {
				mv_put_le16(data + 2 * i, (uint16_t)i);
				mv_put_le16(base + 2 * i, bases[b]);
			}
			mv_numbers_split(planes, kinds[k], data, base, 65536);
			mv_numbers_join(back, kinds[k], at, base, 65536);
			assert_memory_equal(back, data, 2 * 65536);
			/* The short way says the same as the long one. */
			for (size_t i = 0; i < 65536; i += 257)
				assert_true(mv_numbers_fold(kinds[k],
							    data + 2 * i,
							    base) ==
					    ((uint64_t)planes[i] |
					     (uint64_t)planes[65536 + i] <<
					     8));
		}
	free(data);
	free(base);
	free(planes);
}

static void test_store_codec_delta__by_exponent_is_sorted_and_stable(
	void **state)
{
	struct fixture *f = *state;
	struct mv_order order;
	uint8_t planes[2 * 1003], back[2 * 1003];
	const uint8_t *at[2] = { planes, planes + 1003 };

	make_base(f->base, sizeof(back), 7);
	nudge(f->data, f->base, sizeof(back), MV_NUMBERS_F16, 0, 1, 8);
	mv_numbers_order(&order, MV_NUMBERS_F16, f->base, 1003);
	mv_numbers_split_ordered(planes, MV_NUMBERS_F16, f->data, f->base,
				 1003, &order);
	for (unsigned int e = 0, to = 0; e < 32; e++)
		for (size_t i = 0; i < 1003; i++) {
			uint16_t b = mv_le16(f->base + 2 * i);
			uint64_t z = mv_numbers_fold(MV_NUMBERS_F16,
						     f->data + 2 * i,
						     f->base + 2 * i);

			if ((b >> 10 & 31u) != e)
				continue;
			assert_int_equal(planes[to], z & 255);
			assert_int_equal(planes[1003 + to], z >> 8);
			to++;
		}
	mv_numbers_order(&order, MV_NUMBERS_F16, f->base, 1003);
	mv_numbers_join_ordered(back, MV_NUMBERS_F16, at, f->base, 1003,
				&order);
	assert_memory_equal(back, f->data, sizeof(back));
}

/* -- chunks --------------------------------------------------------------- */

static void test_store_codec_delta__every_kind_length_and_phase_comes_back(
	void **state)
{
	static const size_t lengths[] = { 1, 2, 3, 7, 8, 9, 15, 16, 31, 511,
					  1000, 4097, 40003, CHUNK - 1,
					  MV_CHUNK_MAX };
	static const unsigned int every[] = { 1, 3, 40, 1000000 };
	struct fixture *f = *state;
	size_t leaning = 0;

	make_base(f->base, MV_CHUNK_MAX, 1);
	for (unsigned int kind = 1; kind <= MV_NUMBERS_F8; kind++)
		for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++)
			for (unsigned int v = 0; v < 4; v++) {
				unsigned int width = mv_numbers_width(kind);
				unsigned int phase = (unsigned int)(l + v) %
						     width;
				unsigned int depth = 1 + (v + kind) % 4;

				nudge(f->data, f->base, lengths[l], kind,
				      phase, every[v], l);
				leaning += round_trip(f, lengths[l], kind,
						      phase, depth, v & 1)
					.codec != MV_CODEC_RAW;
			}
	assert_true(leaning > 200);
}

/* NaNs with payloads, infinities, -0, subnormals, in chunk and base. */
static void test_store_codec_delta__special_values_come_back(void **state)
{
	static const uint64_t special[] = {
		0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x7f80, 0xff80, 0x7fc1,
		0x7c00, 0xfc00, 0x7e01, 0x80000000, 0x7f800000, 0xff800000,
		0x7fc12345, 0xffffffff, 0x00000001, 0x807fffff,
		0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000abcdef,
		0x8000000000000000, 0x000fffffffffffff, UINT64_MAX
	};
	const size_t count = sizeof(special) / sizeof(special[0]);
	struct fixture *f = *state;

	for (unsigned int kind = 1; kind <= MV_NUMBERS_F8; kind++)
		for (int ordered = 0; ordered < 2; ordered++) {
			unsigned int width = mv_numbers_width(kind);
			uint64_t seed = kind;

			for (size_t i = 0; i + 8 <= CHUNK; i += width) {
				uint64_t r = next_random(&seed);

				mv_put_le64(f->base + i, special[r % count]);
				if (r >> 62)
					mv_put_le64(f->data + i,
						    special[r % count]);
				else
					mv_put_le64(f->data + i,
						    special[(r >> 8) % count]);
			}
			round_trip(f, CHUNK - 8, kind, 0, 4, ordered);
		}
}

static void test_store_codec_delta__few_changes_are_told_one_by_one(
	void **state)
{
	struct fixture *f = *state;
	struct mv_encoded e;

	make_base(f->base, CHUNK, 2);
	nudge(f->data, f->base, CHUNK, MV_NUMBERS_BF16, 0, 100, 3);
	e = round_trip(f, CHUNK, MV_NUMBERS_BF16, 0, 1, 0);
	assert_int_equal(e.codec, MV_CODEC_SPARSE);
	assert_true(e.len < CHUNK / 100);
	/* Only what stands around the numbers. */
	memcpy(f->data, f->base, CHUNK);
	f->data[0] ^= 1;
	f->data[CHUNK - 1] ^= 1;
	e = round_trip(f, CHUNK, MV_NUMBERS_F32, 3, 1, 0);
	assert_int_equal(e.codec, MV_CODEC_SPARSE);
	assert_int_equal(e.len, 44 + 16 + 4);
	/* The first and the last number, and a long way between them. */
	memcpy(f->data, f->base, CHUNK);
	f->data[0] ^= 1;
	f->data[CHUNK - 2] ^= 1;
	e = round_trip(f, CHUNK, MV_NUMBERS_I16, 0, 1, 0);
	assert_int_equal(e.codec, MV_CODEC_SPARSE);
	assert_int_equal(e.len, 44 + 8 + 4 + 4);
}

static void test_store_codec_delta__a_fine_tune_takes_a_third(void **state)
{
	struct fixture *f = *state;
	struct mv_lean lean = { &base_id, f->base, 1, MV_NUMBERS_BF16, 0, 0 };
	struct mv_encoded e;
	uint64_t seed = 6;
	size_t guess;

	make_base(f->base, CHUNK, 4);
	nudge(f->data, f->base, CHUNK, MV_NUMBERS_BF16, 0, 2, 5);
	e = round_trip(f, CHUNK, MV_NUMBERS_BF16, 0, 1, 0);
	assert_int_equal(e.codec, MV_CODEC_DELTA);
	assert_true(e.len < CHUNK / 3);
	guess = mv_lean_estimate(f->data, CHUNK, &lean);
	assert_true(guess > e.len * 3 / 4 && guess < e.len * 5 / 4);
	/* Unrelated numbers: it says so, and gains nothing. */
	for (size_t i = 0; i < CHUNK; i++)
		f->data[i] = (uint8_t)next_random(&seed);
	assert_true(mv_lean_estimate(f->data, CHUNK, &lean) > CHUNK * 9 / 10);
	round_trip(f, CHUNK, MV_NUMBERS_BF16, 0, 1, 0);
}

static void test_store_codec_delta__bad_calls_are_refused(void **state)
{
	struct fixture *f = *state;
	struct mv_lean lean = { &base_id, f->base, 5, MV_NUMBERS_BF16, 0, 0 };
	struct mv_encoded e;

	assert_int_equal(mv_encode_lean(&e, f->encoder, f->data, 10, &lean,
					NULL), MV_EINVALID);
	lean.depth = 0;
	assert_int_equal(mv_encode_lean(&e, f->encoder, f->data, 10, &lean,
					NULL), MV_EINVALID);
	lean.depth = 1;
	assert_int_equal(mv_encode_lean(&e, f->encoder, f->data, 0, &lean,
					NULL), MV_EINVALID);
	assert_int_equal(mv_encode_lean(&e, f->encoder, f->data,
					MV_CHUNK_MAX + 1, &lean, NULL),
			 MV_EINVALID);
	lean.numbers = 0;
	assert_int_equal(mv_encode_lean(&e, f->encoder, f->data, 10, &lean,
					NULL), 0);
	assert_int_equal(e.codec, MV_CODEC_RAW);
}

/* -- bytes of others ------------------------------------------------------ */

/* By hand, from the page: two bf16, 1.0 and -2.0, over 1.0 and -1.0. */
static void test_store_codec_delta__a_delta_by_hand_decodes(void **state)
{
	struct fixture *f = *state;
	uint8_t d[34 + 8 + 1 + 4 + 1] = { 0 };
	struct mv_encoded e = { MV_CODEC_DELTA, 2, d, sizeof(d) };

	memcpy(f->base, "\x77\x80\x3f\x80\xbf\x99", 6);
	d[32] = MV_NUMBERS_BF16 | 1 << 4;
	mv_put_le32(d + 34, 2);
	mv_put_le32(d + 38, 2);
	d[42] = 0x11;				/* the phase */
	d[43] = 0, d[44] = 0xff;		/* -128: z = 255 */
	d[45] = 0, d[46] = 0;
	d[47] = 0x22;				/* the rest */
	assert_int_equal(decode(f, &e, 6), 0);
	assert_memory_equal(f->back + GUARD, "\x11\x80\x3f\x00\xc0\x22", 6);
	/* In the order of exponents, which are the same. */
	d[33] = 1;
	assert_int_equal(decode(f, &e, 6), 0);
	assert_memory_equal(f->back + GUARD, "\x11\x80\x3f\x00\xc0\x22", 6);
	d[33] = 2;
	assert_int_equal(decode(f, &e, 6), MV_ENOTSUP);
	d[33] = 1, d[32] = MV_NUMBERS_I16 | 1 << 4;
	assert_int_equal(decode(f, &e, 6), MV_ENOTSUP);
	d[33] = 0, d[32] = MV_NUMBERS_BF16 | 2 << 4;
	assert_int_equal(decode(f, &e, 6), MV_ENOTSUP);
	d[32] = 0x1a;
	assert_int_equal(decode(f, &e, 6), MV_ENOTSUP);
}

static void test_store_codec_delta__a_sparse_one_by_hand_decodes(void **state)
{
	struct fixture *f = *state;
	uint8_t d[44 + 4 + 3 + 2] = { 0 };
	struct mv_encoded e = { MV_CODEC_SPARSE, 1, d, sizeof(d) };

	for (int i = 0; i < 300; i++)
		f->base[i] = (uint8_t)i;
	d[32] = MV_NUMBERS_I8;
	d[33] = 2;
	mv_put_le32(d + 36, 3);
	mv_put_le32(d + 40, 3);
	mv_put_le32(d + 44, 2);
	d[48] = 5, d[49] = 0x80 | 2, d[50] = 2;	/* 5, and 258 further */
	d[51] = 2, d[52] = 1;			/* + 1, - 1 */
	assert_int_equal(decode(f, &e, 300), 0);
	f->base[5] += 1;
	f->base[264] -= 1;
	assert_memory_equal(f->back + GUARD, f->base, 300);
	/* The second number would be the one behind the last. */
	assert_int_equal(decode(f, &e, 264), MV_ECORRUPT);
	assert_int_equal(decode(f, &e, 265), 0);
	d[50] = 0x82;				/* does not end */
	assert_int_equal(decode(f, &e, 300), MV_ECORRUPT);
	d[49] = 1, d[50] = 2;			/* three positions, two numbers */
	assert_int_equal(decode(f, &e, 300), MV_ECORRUPT);
	d[33] = 0, d[34] = 2;			/* 512 of 300 numbers */
	assert_int_equal(decode(f, &e, 300), MV_ECORRUPT);
	d[33] = 2, d[34] = 0, d[36] = 7;	/* more than three bytes each */
	assert_int_equal(decode(f, &e, 300), MV_ECORRUPT);
}

static void test_store_codec_delta__depths_are_one_to_four(void **state)
{
	uint8_t d[64] = { 9, 8, 7 };
	struct mv_oid id;
	unsigned int depth;

	(void)state;
	for (unsigned int codec = 0; codec < 3; codec++)
		assert_int_equal(mv_codec_base(&id, &depth, (uint8_t)codec, 3,
					       d, 64, NULL), 0);
	for (unsigned int codec = 3; codec < 6; codec++)
		for (unsigned int param = 0; param < 256; param++) {
			int known = codec < 5 && param >= 1 && param <= 4;

			assert_int_equal(mv_codec_base(&id, &depth,
						       (uint8_t)codec,
						       (uint8_t)param, d, 64,
						       NULL),
					 known ? 1 : MV_ENOTSUP);
			assert_true(!known || (depth == param &&
					       !memcmp(id.b, d, 32)));
		}
	assert_int_equal(mv_codec_base(&id, &depth, 3, 1, d, 31, NULL),
			 MV_ECORRUPT);
}

/* Wherever it is cut or changed: an error, or bytes of the right length. */
static void test_store_codec_delta__damage_is_never_followed(void **state)
{
	struct fixture *f = *state;

	for (unsigned int every = 2; every < 200; every += 97) {
		struct mv_encoded e;
		uint8_t *copy;
		size_t len;

		make_base(f->base, 3000, 9);
		nudge(f->data, f->base, 3000, MV_NUMBERS_BF16, 1, every, 10);
		e = round_trip(f, 3000, MV_NUMBERS_BF16, 1, 4, every < 50);
		assert_true(e.codec >= MV_CODEC_DELTA);
		len = e.len;
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, e.data, len);
		e.data = copy;
		for (e.len = 0; e.len < len; e.len++)
			assert_int_not_equal(decode(f, &e, 3000), 0);
		for (size_t i = 0; i < len; i++)
			for (unsigned int bit = 0; bit < 8; bit += 3) {
				copy[i] ^= (uint8_t)(1 << bit);
				decode(f, &e, 3000);
				copy[i] ^= (uint8_t)(1 << bit);
			}
		/* Planes of another length cannot be right. */
		if (e.codec == MV_CODEC_DELTA) {
			assert_int_not_equal(decode(f, &e, 2990), 0);
			assert_int_not_equal(decode(f, &e, 3010), 0);
		}
		assert_int_equal(decode(f, &e, 3000), 0);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_store_codec_delta__differences_are_what_the_page_says),
		cmocka_unit_test(
			test_store_codec_delta__every_pattern_comes_back),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__by_exponent_is_sorted_and_stable,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__every_kind_length_and_phase_comes_back,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__special_values_come_back,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__few_changes_are_told_one_by_one,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__a_fine_tune_takes_a_third,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__bad_calls_are_refused, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__a_delta_by_hand_decodes,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__a_sparse_one_by_hand_decodes,
			set_up, tear_down),
		cmocka_unit_test(
			test_store_codec_delta__depths_are_one_to_four),
		cmocka_unit_test_setup_teardown(
			test_store_codec_delta__damage_is_never_followed,
			set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
