/* SPDX-License-Identifier: MIT */
/* tensor/number.h: the values here are worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libmv/base/bytes.h"
#include "libmv/tensor/number.h"

static double widen1(enum mv_dtype dtype, uint64_t bits)
{
	uint8_t little[8];
	double out;

	mv_put_le64(little, bits);
	mv_number_widen(&out, dtype, 0, little, 1);
	return out;
}

static uint64_t narrow1(enum mv_dtype dtype, double x)
{
	uint8_t little[8] = { 0 };

	mv_number_narrow(little, dtype, 0, &x, 1);
	return mv_le64(little);
}

#define same(dtype, bits, value) do { \
	assert_true(widen1((dtype), (bits)) == (value)); \
	assert_int_equal(narrow1((dtype), (value)), (bits)); \
} while (0)

static void test_tensor_number__what_bits_stand_for(void **state)
{
	(void)state;
	same(MV_DTYPE_BOOL, 1, 1);
	same(MV_DTYPE_U8, 255, 255);
	same(MV_DTYPE_I8, 0x80, -128);
	same(MV_DTYPE_U16, 0xffff, 65535);
	same(MV_DTYPE_I16, 0x8000, -32768);
	same(MV_DTYPE_U32, 0xffffffff, 4294967295.0);
	same(MV_DTYPE_I32, 0x80000000, -2147483648.0);
	same(MV_DTYPE_I64, UINT64_MAX, -1);
	same(MV_DTYPE_U64, UINT64_C(1) << 63, 0x1p63);
	same(MV_DTYPE_F32, 0x3f800000, 1);
	same(MV_DTYPE_F32, 1, 0x1p-149);
	same(MV_DTYPE_F64, UINT64_C(0xc000000000000000), -2);
	same(MV_DTYPE_BF16, 0x3f80, 1);
	same(MV_DTYPE_BF16, 0x0001, 0x1p-133);
	same(MV_DTYPE_BF16, 0x7f7f, 0x1.fep127);
	same(MV_DTYPE_BF16, 0xff80, -INFINITY);
	same(MV_DTYPE_F16, 0x3c00, 1);
	same(MV_DTYPE_F16, 0x0001, 0x1p-24);
	same(MV_DTYPE_F16, 0x03ff, 1023 * 0x1p-24);
	same(MV_DTYPE_F16, 0x0400, 0x1p-14);
	same(MV_DTYPE_F16, 0xfbff, -65504);
	same(MV_DTYPE_F16, 0x7c00, INFINITY);
	same(MV_DTYPE_F8_E4M3, 0x38, 1);
	same(MV_DTYPE_F8_E4M3, 0x01, 0x1p-9);
	same(MV_DTYPE_F8_E4M3, 0x08, 0x1p-6);
	same(MV_DTYPE_F8_E4M3, 0x7e, 448);
	same(MV_DTYPE_F8_E4M3, 0xfe, -448);
	same(MV_DTYPE_F8_E5M2, 0x3c, 1);
	same(MV_DTYPE_F8_E5M2, 0x01, 0x1p-16);
	same(MV_DTYPE_F8_E5M2, 0x7b, 57344);
	same(MV_DTYPE_F8_E5M2, 0xfc, -INFINITY);
	assert_true(isnan(widen1(MV_DTYPE_F8_E4M3, 0xff)));
	assert_true(isnan(widen1(MV_DTYPE_F8_E5M2, 0x7d)));
	assert_true(isnan(widen1(MV_DTYPE_F16, 0x7c01)));
	assert_true(isnan(widen1(MV_DTYPE_BF16, 0x7fc0)));
	assert_true(signbit(widen1(MV_DTYPE_F16, 0x8000)));
	assert_int_equal(narrow1(MV_DTYPE_F16, -0.0), 0x8000);
}

/* Every value of the small ones, there and back. */
static void test_tensor_number__every_value_comes_back(void **state)
{
	static const enum mv_dtype small[] = {
		MV_DTYPE_F8_E4M3, MV_DTYPE_F8_E5M2, MV_DTYPE_F16,
		MV_DTYPE_BF16, MV_DTYPE_I16, MV_DTYPE_U16, MV_DTYPE_I8
	};

	(void)state;
	for (size_t k = 0; k < sizeof(small) / sizeof(*small); k++) {
		const uint32_t count = mv_number_size(small[k]) == 1 ? 256 :
								       65536;

		for (uint32_t bits = 0; bits < count; bits++) {
			double x = widen1(small[k], bits);

			if (isnan(x))
				assert_true(isnan(widen1(small[k],
					narrow1(small[k], x))));
			else
				assert_int_equal(narrow1(small[k], x), bits);
		}
	}
}

static void test_tensor_number__rounds_to_even_and_ends_somewhere(void **state)
{
	(void)state;
	/* Half way between two: the even one; a little more: the next. */
	assert_int_equal(narrow1(MV_DTYPE_BF16, 1 + 0x1p-8), 0x3f80);
	assert_int_equal(narrow1(MV_DTYPE_BF16, 1 + 3 * 0x1p-8), 0x3f82);
	assert_int_equal(narrow1(MV_DTYPE_BF16, 1 + 0x1.01p-8), 0x3f81);
	assert_int_equal(narrow1(MV_DTYPE_F16, 1 + 0x1p-11), 0x3c00);
	assert_int_equal(narrow1(MV_DTYPE_F16, 0x1p-25), 0);
	assert_int_equal(narrow1(MV_DTYPE_F16, 0x1.8p-24), 2);
	assert_int_equal(narrow1(MV_DTYPE_F16, 0x1.ffep-15), 0x0400);
	assert_int_equal(narrow1(MV_DTYPE_F16, 65519.9), 0x7bff);
	assert_int_equal(narrow1(MV_DTYPE_F16, 65520), 0x7c00);
	assert_int_equal(narrow1(MV_DTYPE_BF16, 0x1.ff8p127), 0x7f80);
	assert_int_equal(narrow1(MV_DTYPE_F8_E4M3, 464), 0x7e);
	assert_int_equal(narrow1(MV_DTYPE_F8_E4M3, 464.1), 0x7f);
	assert_int_equal(narrow1(MV_DTYPE_F8_E4M3, -INFINITY), 0xff);
	assert_int_equal(narrow1(MV_DTYPE_F8_E5M2, 61440), 0x7c);
	assert_int_equal(narrow1(MV_DTYPE_F8_E4M3, NAN), 0x7f);
	assert_int_equal(narrow1(MV_DTYPE_F16, NAN), 0x7e00);
	assert_int_equal(narrow1(MV_DTYPE_BF16, NAN), 0x7fc0);
	assert_int_equal(narrow1(MV_DTYPE_F8_E5M2, NAN), 0x7e);
	assert_int_equal(narrow1(MV_DTYPE_F32, NAN), 0x7fc00000);
	assert_int_equal(narrow1(MV_DTYPE_U8, 2.5), 2);
	assert_int_equal(narrow1(MV_DTYPE_U8, 999), 255);
	assert_int_equal(narrow1(MV_DTYPE_I8, -999), 0x80);
	assert_int_equal(narrow1(MV_DTYPE_I8, NAN), 0);
	assert_int_equal(narrow1(MV_DTYPE_I64, 1e300), INT64_MAX);
	assert_true(narrow1(MV_DTYPE_U64, 1e300) == UINT64_MAX);
	assert_true(narrow1(MV_DTYPE_I64, -1e300) == UINT64_C(1) << 63);
	assert_int_equal(narrow1(MV_DTYPE_BOOL, 7), 1);
}

static void test_tensor_number__the_other_byte_order(void **state)
{
	const uint8_t big[] = { 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0 };
	const double want[2] = { 1, -2 };
	uint8_t back[8];
	double out[2];

	(void)state;
	mv_number_widen(out, MV_DTYPE_F32, 1, big, 2);
	assert_memory_equal(out, want, sizeof(out));
	mv_number_narrow(back, MV_DTYPE_F32, 1, out, 2);
	assert_memory_equal(back, big, sizeof(big));
}

static void test_tensor_number__which_have_numbers(void **state)
{
	(void)state;
	assert_int_equal(mv_number_parts(MV_DTYPE_BF16), 1);
	assert_int_equal(mv_number_parts(MV_DTYPE_C64), 2);
	assert_int_equal(mv_number_size(MV_DTYPE_C64), 4);
	assert_int_equal(mv_number_parts(MV_DTYPE_BLOCK), 0);
	assert_int_equal(mv_number_size(MV_DTYPE_BLOCK), 0);
	assert_int_equal(mv_number_parts(MV_DTYPE_F8_OTHER), 0);
	assert_int_equal(mv_number_fits_float32(MV_DTYPE_BF16), 1);
	assert_int_equal(mv_number_fits_float32(MV_DTYPE_I16), 1);
	assert_int_equal(mv_number_fits_float32(MV_DTYPE_F32), 1);
	assert_int_equal(mv_number_fits_float32(MV_DTYPE_I32), 0);
	assert_int_equal(mv_number_fits_float32(MV_DTYPE_F64), 0);
	assert_int_equal(mv_number_fits_float32(MV_DTYPE_C64), 0);
}

/* -- two lists ------------------------------------------------------------ */

static struct mv_number_delta compare(enum mv_dtype dtype, const double *a,
				      const double *b, size_t n)
{
	uint8_t *x = malloc(8 * n + 1), *y = malloc(8 * n + 1);
	struct mv_number_delta d;

	mv_number_narrow(x, dtype, 0, a, n);
	mv_number_narrow(y, dtype, 0, b, n);
	mv_number_compare(&d, dtype, 0, x, dtype, 0, y, n);
	free(x);
	free(y);
	return d;
}

static void test_tensor_number__what_two_lists_say(void **state)
{
	const double a[] = { 1, -2, 3, 0, 4 }, b[] = { 1, 2, 3, 0, 1 };
	static const enum mv_dtype all[] = {
		MV_DTYPE_F64, MV_DTYPE_F32, MV_DTYPE_F16, MV_DTYPE_BF16,
		MV_DTYPE_F8_E4M3, MV_DTYPE_F8_E5M2, MV_DTYPE_I8,
		MV_DTYPE_I16, MV_DTYPE_I32, MV_DTYPE_I64
	};

	(void)state;
	for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) {
		struct mv_number_delta d = compare(all[k], a, b, 5);

		assert_int_equal(d.count, 5);
		assert_int_equal(d.finite, 5);
		assert_int_equal(d.changed, 2);
		assert_true(d.max_abs == 4);
		assert_true(mv_number_mean_abs(&d) == 7.0 / 5);
		/* sqrt(16 + 9) / sqrt(1 + 4 + 9 + 16) */
		assert_true(mv_number_relative_l2(&d) == 5 / sqrt(30));
		/* (1 - 4 + 9 + 4) / sqrt(30 * 15) */
		assert_true(fabs(mv_number_cosine(&d) - 10 / sqrt(450)) <
			    1e-15);
	}
}

static void test_tensor_number__unsigned_and_bool(void **state)
{
	const double a[] = { 0, 1, 1 }, b[] = { 1, 1, 0 };
	static const enum mv_dtype all[] = {
		MV_DTYPE_BOOL, MV_DTYPE_U8, MV_DTYPE_U16, MV_DTYPE_U32,
		MV_DTYPE_U64
	};

	(void)state;
	for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) {
		struct mv_number_delta d = compare(all[k], a, b, 3);

		assert_int_equal(d.changed, 2);
		assert_true(d.max_abs == 1);
		assert_true(d.sum_abs == 2);
		assert_true(d.sum_ab == 1);
	}
}

static void test_tensor_number__steps_that_a_double_does_not_see(void **state)
{
	const uint64_t a[] = { UINT64_C(1) << 60, 5 };
	const uint64_t b[] = { (UINT64_C(1) << 60) + 1, 5 };
	const uint64_t low[] = { UINT64_C(1) << 63 }, high[] = { 1 };
	struct mv_number_delta d;

	(void)state;
	mv_number_compare(&d, MV_DTYPE_I64, 0, a, MV_DTYPE_I64, 0, b, 2);
	assert_int_equal(d.changed, 1);
	assert_true(d.max_abs == 1);
	mv_number_compare(&d, MV_DTYPE_U64, 0, b, MV_DTYPE_U64, 0, a, 2);
	assert_true(d.max_abs == 1);
	mv_number_compare(&d, MV_DTYPE_I64, 0, low, MV_DTYPE_I64, 0, high, 1);
	assert_true(d.max_abs == 0x1p63);	/* -2^63 to 1 */
}

static void test_tensor_number__what_is_not_finite_is_counted(void **state)
{
	const double a[] = { 1, NAN, INFINITY, -INFINITY, NAN, 2 };
	const double b[] = { 1, 7, INFINITY, 3, NAN, INFINITY };
	struct mv_number_delta d = compare(MV_DTYPE_F32, a, b, 6);

	(void)state;
	assert_int_equal(d.nan[0], 2);
	assert_int_equal(d.nan[1], 1);
	assert_int_equal(d.inf[0], 2);
	assert_int_equal(d.inf[1], 2);
	assert_int_equal(d.finite, 1);
	assert_int_equal(d.changed, 3);	/* NaN stays NaN */
	assert_true(d.max_abs == 0);
	assert_true(mv_number_relative_l2(&d) == 0);
	assert_true(mv_number_cosine(&d) == 1);
}

static void test_tensor_number__nothing_has_no_value(void **state)
{
	const double zero[] = { 0, 0 }, one[] = { 0, 1 };
	struct mv_number_delta d = { 0 };

	(void)state;
	assert_true(isnan(mv_number_mean_abs(&d)));
	assert_true(isnan(mv_number_relative_l2(&d)));
	assert_true(isnan(mv_number_cosine(&d)));
	d = compare(MV_DTYPE_F32, zero, zero, 2);
	assert_true(mv_number_relative_l2(&d) == 0);
	assert_true(isnan(mv_number_cosine(&d)));
	d = compare(MV_DTYPE_F32, zero, one, 2);
	assert_true(isinf(mv_number_relative_l2(&d)));
	mv_number_compare(&d, MV_DTYPE_BLOCK, 0, one, MV_DTYPE_BLOCK, 0, zero,
			  2);
	assert_int_equal(d.count, 0);
}

static void test_tensor_number__minus_zero_is_another_value(void **state)
{
	const double a[] = { 0.0 }, b[] = { -0.0 };
	struct mv_number_delta d = compare(MV_DTYPE_F32, a, b, 1);

	(void)state;
	assert_int_equal(d.changed, 1);		/* its bits are */
	assert_true(d.max_abs == 0);
}

static void test_tensor_number__across_dtypes(void **state)
{
	const double a[] = { 1, 1.001, NAN, 3 };
	uint8_t wide[16], narrow[8];
	struct mv_number_delta d;

	(void)state;
	mv_number_narrow(wide, MV_DTYPE_F32, 1, a, 4);
	mv_number_narrow(narrow, MV_DTYPE_BF16, 0, a, 4);
	mv_number_compare(&d, MV_DTYPE_F32, 1, wide, MV_DTYPE_BF16, 0, narrow,
			  4);
	assert_int_equal(d.count, 4);
	assert_int_equal(d.changed, 1);
	assert_true(fabs(d.max_abs - 0.001) < 1e-6);
	assert_int_equal(d.nan[0] + d.nan[1], 2);
}

/* Cut where one likes: added up in order it is the same; and what is too large
   for a square does not become NaN. */
static void test_tensor_number__sums_are_the_same_bits(void **state)
{
	enum { N = 10000, CUT = 4096 };
	double *a = malloc(N * sizeof(*a)), *b = malloc(N * sizeof(*b));
	struct mv_number_delta all, first, rest;
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		a[i] = (double)(int64_t)seed * 0x1p-60;
		b[i] = a[i] * 1.01;
	}
	all = compare(MV_DTYPE_F64, a, b, N);
	first = compare(MV_DTYPE_F64, a, b, CUT);
	rest = compare(MV_DTYPE_F64, a + CUT, b + CUT, N - CUT);
	mv_number_add(&first, &rest);
	assert_int_equal(first.count, all.count);
	assert_int_equal(first.changed, all.changed);
	assert_true(first.max_abs == all.max_abs);
	assert_true(fabs(first.sum_sq - all.sum_sq) < 1e-9 * all.sum_sq);
	assert_true(fabs(mv_number_relative_l2(&all) - 0.01) < 1e-12);
	a[5] = b[5] = 1e200;
	all = compare(MV_DTYPE_F64, a, b, N);
	assert_int_equal(all.finite, N);
	assert_true(isinf(all.sum_aa));
	assert_int_equal(all.inf[0] + all.nan[0], 0);
	free(a);
	free(b);
}

/* -- the mean ------------------------------------------------------------- */

static uint64_t mean1(enum mv_dtype dtype, uint64_t a, uint64_t b)
{
	uint8_t x[8], y[8], out[8] = { 0 };

	mv_put_le64(x, a);
	mv_put_le64(y, b);
	assert_int_equal(mv_number_average(out, dtype, 0, x, y, 1), 0);
	return mv_le64(out);
}

static void test_tensor_number__the_mean_of_two(void **state)
{
	uint8_t bytes[8] = { 0 };

	(void)state;
	assert_int_equal(mean1(MV_DTYPE_F32, 0x3f800000, 0x40400000),
			 0x40000000);			/* 1, 3: 2 */
	assert_int_equal(mean1(MV_DTYPE_BF16, 0x3f80, 0x3f81), 0x3f80);
	assert_int_equal(mean1(MV_DTYPE_BF16, 0x3f81, 0x3f82), 0x3f82);
	assert_int_equal(mean1(MV_DTYPE_F16, 0x0001, 0x0002), 0x0002);
	assert_int_equal(mean1(MV_DTYPE_F8_E4M3, 0x38, 0x40), 0x3c); /* 1.5 */
	/* The sum of these is too large, their mean is not. */
	assert_int_equal(mean1(MV_DTYPE_F32, 0x7f7fffff, 0x7f7ffffe),
			 0x7f7ffffe);
	/* Bits that are the same stay, NaN's too; else NaN is the usual one. */
	assert_int_equal(mean1(MV_DTYPE_BF16, 0xffc1, 0xffc1), 0xffc1);
	assert_int_equal(mean1(MV_DTYPE_BF16, 0xffc1, 0x3f80), 0x7fc0);
	assert_int_equal(mean1(MV_DTYPE_F32, 0x7f800000, 0xff800000),
			 0x7fc00000);
	assert_true(mean1(MV_DTYPE_F64, UINT64_C(0x3ff0000000000000),
			  UINT64_C(0x3ff0000000000002)) ==
		    UINT64_C(0x3ff0000000000001));
	assert_int_equal(mv_number_average(bytes, MV_DTYPE_I32, 0, bytes,
					   bytes, 1), MV_ENOTSUP);
	assert_int_equal(mv_number_average(bytes, MV_DTYPE_BLOCK, 0, bytes,
					   bytes, 1), MV_ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tensor_number__what_bits_stand_for),
		cmocka_unit_test(test_tensor_number__every_value_comes_back),
		cmocka_unit_test(test_tensor_number__rounds_to_even_and_ends_somewhere),
		cmocka_unit_test(test_tensor_number__the_other_byte_order),
		cmocka_unit_test(test_tensor_number__which_have_numbers),
		cmocka_unit_test(test_tensor_number__what_two_lists_say),
		cmocka_unit_test(test_tensor_number__unsigned_and_bool),
		cmocka_unit_test(test_tensor_number__steps_that_a_double_does_not_see),
		cmocka_unit_test(test_tensor_number__what_is_not_finite_is_counted),
		cmocka_unit_test(test_tensor_number__nothing_has_no_value),
		cmocka_unit_test(test_tensor_number__minus_zero_is_another_value),
		cmocka_unit_test(test_tensor_number__across_dtypes),
		cmocka_unit_test(test_tensor_number__sums_are_the_same_bits),
		cmocka_unit_test(test_tensor_number__the_mean_of_two),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
