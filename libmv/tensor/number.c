/* SPDX-License-Identifier: MIT */
#include "libmv/tensor/number.h"

#include <math.h>
#include <string.h>

#include "libmv/base/bytes.h"

/*
 * Numbers are looked at BLOCK pairs at a time: widened to double, then summed
 * up in LANES columns, so that a compiler may use vectors of any width and the
 * sums are the same. A sum that is not finite says that a number was not (or
 * that the sum was too large): then the block is gone through pair by pair.
 */
#define BLOCK 2048
#define LANES 8

/* -- dtypes --------------------------------------------------------------- */

/* Floating point: bits of the fraction, the smallest exponent of a number that
   is normal, and the largest value. */
struct shape {
	int fraction, least;
	double most;
};

static int shape_of(struct shape *out, enum mv_dtype dtype)
{
	static const struct shape e4m3 = { 3, -6, 448 };
	static const struct shape e5m2 = { 2, -14, 57344 };
	static const struct shape half = { 10, -14, 65504 };
	static const struct shape brain = { 7, -126, 0x1.fep127 };

	if (dtype == MV_DTYPE_F8_E4M3)
		*out = e4m3;
	else if (dtype == MV_DTYPE_F8_E5M2)
		*out = e5m2;
	else if (dtype == MV_DTYPE_F16)
		*out = half;
	else if (dtype == MV_DTYPE_BF16)
		*out = brain;
	else
		return 0;
	return 1;
}

unsigned mv_number_parts(enum mv_dtype dtype)
{
	switch (dtype) {
	case MV_DTYPE_UNKNOWN:
	case MV_DTYPE_F8_OTHER:
	case MV_DTYPE_BLOCK:
	case MV_DTYPE_FILE:
		return 0;
	case MV_DTYPE_C64:
	case MV_DTYPE_C128:
		return 2;
	default:
		return 1;
	}
}

size_t mv_number_size(enum mv_dtype dtype)
{
	switch (dtype) {
	case MV_DTYPE_BOOL:
	case MV_DTYPE_U8:
	case MV_DTYPE_I8:
	case MV_DTYPE_F8_E4M3:
	case MV_DTYPE_F8_E5M2:
		return 1;
	case MV_DTYPE_U16:
	case MV_DTYPE_I16:
	case MV_DTYPE_F16:
	case MV_DTYPE_BF16:
		return 2;
	case MV_DTYPE_U32:
	case MV_DTYPE_I32:
	case MV_DTYPE_F32:
	case MV_DTYPE_C64:
		return 4;
	case MV_DTYPE_U64:
	case MV_DTYPE_I64:
	case MV_DTYPE_F64:
	case MV_DTYPE_C128:
		return 8;
	default:
		return 0;
	}
}

int mv_number_fits_float32(enum mv_dtype dtype)
{
	return mv_number_parts(dtype) == 1 &&
	       (mv_number_size(dtype) <= 2 || dtype == MV_DTYPE_F32);
}

/* -- from bytes ----------------------------------------------------------- */

static float float_of(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* The exponent is moved by a product, which makes subnormal numbers normal. */
static float float_of_half(uint16_t h)
{
	uint32_t rest = (uint32_t)(h & 0x7fff) << 13;
	float f = float_of(rest) * 0x1p112f;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	if ((h & 0x7c00) == 0x7c00)
		bits = rest | 0x7f800000;
	return float_of(bits | (uint32_t)(h & 0x8000) << 16);
}

static double float8(uint8_t b, int e4m3)
{
	const int fraction = e4m3 ? 3 : 2, bias = e4m3 ? 7 : 15;
	const int exponent = (b & 0x7f) >> fraction;
	const int rest = b & ((1 << fraction) - 1);
	double d;

	if (e4m3 && (b & 0x7f) == 0x7f)
		d = NAN;
	else if (!e4m3 && exponent == 31)
		d = rest ? NAN : INFINITY;
	else if (exponent)
		d = ldexp((1 << fraction) + rest, exponent - bias - fraction);
	else
		d = ldexp(rest, 1 - bias - fraction);
	return b & 0x80 ? -d : d;
}

static void widen_float8(double *out, int e4m3, const uint8_t *p, size_t n)
{
	double all[256];

	for (int i = 0; i < 256; i++)
		all[i] = float8((uint8_t)i, e4m3);
	for (size_t i = 0; i < n; i++)
		out[i] = all[p[i]];
}

static void swap_bytes(uint8_t *out, const uint8_t *in, size_t size, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < size; k++)
			out[i * size + k] = in[i * size + size - 1 - k];
}

static inline __attribute__((always_inline))
void widen_little(double *out, enum mv_dtype dtype, const uint8_t *p,
		  size_t n)
{
	switch (dtype) {
	case MV_DTYPE_BOOL:
		for (size_t i = 0; i < n; i++)
			out[i] = p[i] != 0;
		break;
	case MV_DTYPE_U8:
		for (size_t i = 0; i < n; i++)
			out[i] = p[i];
		break;
	case MV_DTYPE_I8:
		for (size_t i = 0; i < n; i++)
			out[i] = (int8_t)p[i];
		break;
	case MV_DTYPE_F8_E4M3:
	case MV_DTYPE_F8_E5M2:
		widen_float8(out, dtype == MV_DTYPE_F8_E4M3, p, n);
		break;
	case MV_DTYPE_U16:
		for (size_t i = 0; i < n; i++)
			out[i] = mv_le16(p + 2 * i);
		break;
	case MV_DTYPE_I16:
		for (size_t i = 0; i < n; i++)
			out[i] = (int16_t)mv_le16(p + 2 * i);
		break;
	case MV_DTYPE_F16:
		for (size_t i = 0; i < n; i++)
			out[i] = float_of_half(mv_le16(p + 2 * i));
		break;
	case MV_DTYPE_BF16:
		for (size_t i = 0; i < n; i++)
			out[i] = float_of((uint32_t)mv_le16(p + 2 * i) << 16);
		break;
	case MV_DTYPE_U32:
		for (size_t i = 0; i < n; i++)
			out[i] = mv_le32(p + 4 * i);
		break;
	case MV_DTYPE_I32:
		for (size_t i = 0; i < n; i++)
			out[i] = (int32_t)mv_le32(p + 4 * i);
		break;
	case MV_DTYPE_F32:
	case MV_DTYPE_C64:
		for (size_t i = 0; i < n; i++)
			out[i] = float_of(mv_le32(p + 4 * i));
		break;
	case MV_DTYPE_U64:
		for (size_t i = 0; i < n; i++)
			out[i] = (double)mv_le64(p + 8 * i);
		break;
	case MV_DTYPE_I64:
		for (size_t i = 0; i < n; i++)
			out[i] = (double)(int64_t)mv_le64(p + 8 * i);
		break;
	case MV_DTYPE_F64:
	case MV_DTYPE_C128:
		for (size_t i = 0; i < n; i++)
			out[i] = double_of(mv_le64(p + 8 * i));
		break;
	default:
		memset(out, 0, n * sizeof(*out));
		break;
	}
}

void mv_number_widen(double *out, enum mv_dtype dtype, int big_endian,
		     const void *data, size_t count)
{
	const size_t size = mv_number_size(dtype);
	const uint8_t *p = data;
	uint8_t turned[BLOCK * 8];

	if (!big_endian || size < 2) {
		widen_little(out, dtype, p, count);
		return;
	}
	for (size_t i = 0; i < count; i += BLOCK) {
		size_t n = count - i < BLOCK ? count - i : BLOCK;

		swap_bytes(turned, p + i * size, size, n);
		widen_little(out + i, dtype, turned, n);
	}
}

/* -- to bytes ------------------------------------------------------------- */

/* Rounded to what `s` has room for: the last bit's value is `unit`, so that
   nearbyint() rounds where it should, to even. */
static uint32_t small_bits(double x, const struct shape *s)
{
	int exponent;
	uint32_t bits;
	double unit;

	frexp(x, &exponent);
	exponent--;
	if (exponent < s->least)
		exponent = s->least;
	unit = ldexp(1, exponent - s->fraction);
	x = nearbyint(x / unit) * unit;
	if (x == 0)
		return 0;
	frexp(x, &exponent);
	exponent--;
	if (exponent < s->least)
		return (uint32_t)ldexp(x, s->fraction - s->least);
	bits = (uint32_t)ldexp(x, s->fraction - exponent);
	return bits - (1u << s->fraction) +
	       ((uint32_t)(exponent - s->least + 1) << s->fraction);
}

static uint32_t narrow_small(double x, enum mv_dtype dtype)
{
	const int e4m3 = dtype == MV_DTYPE_F8_E4M3;
	const uint32_t sign = dtype == MV_DTYPE_F8_E4M3 ||
			      dtype == MV_DTYPE_F8_E5M2 ? 0x80 : 0x8000;
	struct shape s = { 0, 0, 0 };
	uint32_t bits, infinite;

	shape_of(&s, dtype);
	infinite = (sign - 1) >> s.fraction << s.fraction;
	if (isnan(x))
		return e4m3 ? 0x7f : infinite | 1u << (s.fraction - 1);
	bits = isinf(x) ? sign : small_bits(fabs(x), &s);
	if (e4m3 && bits >= 0x7f)
		bits = 0x7f;
	else if (!e4m3 && bits > infinite)
		bits = infinite;
	return bits | (signbit(x) ? sign : 0);
}

static uint64_t narrow_integer(double x, double least, double most)
{
	if (isnan(x))
		return 0;
	x = nearbyint(x);
	if (x < least)
		x = least;
	/* 2^63 and 2^64 are no values of their types, and round to them. */
	if (x >= most)
		return most >= 0x1p64 ? UINT64_MAX :
		       most >= 0x1p63 ? INT64_MAX : (uint64_t)most;
	return x < 0 ? (uint64_t)(int64_t)x : (uint64_t)x;
}

static uint64_t narrow_float(double x)
{
	float f = (float)x;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return isnan(x) ? 0x7fc00000 : bits;
}

static uint64_t narrow_double(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return isnan(x) ? UINT64_C(0x7ff8000000000000) : bits;
}

static uint64_t narrow_one(double x, enum mv_dtype dtype)
{
	switch (dtype) {
	case MV_DTYPE_BOOL:
		return narrow_integer(x, 0, 1);
	case MV_DTYPE_U8:
		return narrow_integer(x, 0, UINT8_MAX);
	case MV_DTYPE_I8:
		return narrow_integer(x, INT8_MIN, INT8_MAX);
	case MV_DTYPE_U16:
		return narrow_integer(x, 0, UINT16_MAX);
	case MV_DTYPE_I16:
		return narrow_integer(x, INT16_MIN, INT16_MAX);
	case MV_DTYPE_U32:
		return narrow_integer(x, 0, UINT32_MAX);
	case MV_DTYPE_I32:
		return narrow_integer(x, INT32_MIN, INT32_MAX);
	case MV_DTYPE_U64:
		return narrow_integer(x, 0, 0x1p64);
	case MV_DTYPE_I64:
		return narrow_integer(x, -0x1p63, 0x1p63);
	case MV_DTYPE_F32:
	case MV_DTYPE_C64:
		return narrow_float(x);
	case MV_DTYPE_F64:
	case MV_DTYPE_C128:
		return narrow_double(x);
	default:
		return narrow_small(x, dtype);
	}
}

void mv_number_narrow(void *out, enum mv_dtype dtype, int big_endian,
		      const double *numbers, size_t count)
{
	const size_t size = mv_number_size(dtype);
	uint8_t *p = out;

	for (size_t i = 0; size && i < count; i++) {
		uint8_t little[8];

		mv_put_le64(little, narrow_one(numbers[i], dtype));
		if (big_endian)
			swap_bytes(p + i * size, little, size, 1);
		else
			memcpy(p + i * size, little, size);
	}
}

/* -- two lists of numbers ------------------------------------------------- */

struct sums {
	double max[LANES], abs[LANES], sq[LANES];
	double aa[LANES], bb[LANES], ab[LANES];
};

static inline __attribute__((always_inline))
void sum_lane(struct sums *s, size_t lane, double a, double b, double d)
{
	double size = fabs(d);

	s->max[lane] = size > s->max[lane] ? size : s->max[lane];
	s->abs[lane] += size;
	s->sq[lane] += d * d;
	s->aa[lane] += a * a;
	s->bb[lane] += b * b;
	s->ab[lane] += a * b;
}

static inline __attribute__((always_inline))
void sum_all(struct sums *s, const double *a, const double *b, size_t n)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t lane = 0; lane < LANES; lane++)
			sum_lane(s, lane, a[i + lane], b[i + lane],
				 b[i + lane] - a[i + lane]);
	for (; i < n; i++)
		sum_lane(s, i % LANES, a[i], b[i], b[i] - a[i]);
}

static int count_odd(struct mv_number_delta *out, int side, double x)
{
	if (isnan(x))
		out->nan[side]++;
	else if (isinf(x))
		out->inf[side]++;
	else
		return 0;
	return 1;
}

static uint64_t sum_finite(struct sums *s, struct mv_number_delta *out,
			   const double *a, const double *b, size_t n)
{
	uint64_t finite = 0;

	for (size_t i = 0; i < n; i++) {
		int odd = count_odd(out, 0, a[i]);

		odd |= count_odd(out, 1, b[i]);
		if (odd)
			continue;
		sum_lane(s, i % LANES, a[i], b[i], b[i] - a[i]);
		finite++;
	}
	return finite;
}

static double lanes(const double *v)
{
	double sum = 0;

	for (size_t i = 0; i < LANES; i++)
		sum += v[i];
	return sum;
}

static void add_sums(struct mv_number_delta *out, const struct sums *s)
{
	for (size_t i = 0; i < LANES; i++)
		if (s->max[i] > out->max_abs)
			out->max_abs = s->max[i];
	out->sum_abs += lanes(s->abs);
	out->sum_sq += lanes(s->sq);
	out->sum_aa += lanes(s->aa);
	out->sum_bb += lanes(s->bb);
	out->sum_ab += lanes(s->ab);
}

static inline __attribute__((always_inline))
uint64_t count_unequal(const uint8_t *a, const uint8_t *b, size_t size,
		       size_t n)
{
	uint64_t unequal = 0;

	switch (size) {
	case 1:
		for (size_t i = 0; i < n; i++)
			unequal += a[i] != b[i];
		break;
	case 2:
		for (size_t i = 0; i < n; i++)
			unequal += mv_le16(a + 2 * i) != mv_le16(b + 2 * i);
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			unequal += mv_le32(a + 4 * i) != mv_le32(b + 4 * i);
		break;
	default:
		for (size_t i = 0; i < n; i++)
			unequal += mv_le64(a + 8 * i) != mv_le64(b + 8 * i);
		break;
	}
	return unequal;
}

/* What is compared: one dtype on both sides, mostly. */
struct pair {
	enum mv_dtype dtype[2];
	int big_endian[2];
	const uint8_t *data[2];
};

static int same_kind(const struct pair *p)
{
	return p->dtype[0] == p->dtype[1] &&
	       p->big_endian[0] == p->big_endian[1];
}

/* Of 64-bit integers the double may be the same where they are not. */
static double integer_step(const struct pair *p, size_t i)
{
	uint8_t turned[2][8];
	uint64_t v[2];

	for (int side = 0; side < 2; side++) {
		const uint8_t *at = p->data[side] + 8 * i;

		if (p->big_endian[side])
			swap_bytes(turned[side], at, 8, 1);
		else
			memcpy(turned[side], at, 8);
		v[side] = mv_le64(turned[side]);
		if (p->dtype[0] == MV_DTYPE_I64)	/* in the same order */
			v[side] ^= UINT64_C(1) << 63;
	}
	return v[1] >= v[0] ? (double)(v[1] - v[0]) : -(double)(v[0] - v[1]);
}

static uint64_t sum_integers(struct sums *s, const struct pair *p,
			     const double *a, const double *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum_lane(s, i % LANES, a[i], b[i], integer_step(p, i));
	return n;
}

static inline __attribute__((always_inline))
void compare_block(struct mv_number_delta *out, const struct pair *p, size_t n)
{
	const int wide = p->dtype[0] == p->dtype[1] &&
			 (p->dtype[0] == MV_DTYPE_I64 ||
			  p->dtype[0] == MV_DTYPE_U64);
	double a[BLOCK], b[BLOCK];
	struct sums s = { 0 };
	uint64_t finite = n;

	if (p->big_endian[0])
		mv_number_widen(a, p->dtype[0], 1, p->data[0], n);
	else
		widen_little(a, p->dtype[0], p->data[0], n);
	if (p->big_endian[1])
		mv_number_widen(b, p->dtype[1], 1, p->data[1], n);
	else
		widen_little(b, p->dtype[1], p->data[1], n);
	if (wide)
		finite = sum_integers(&s, p, a, b, n);
	else
		sum_all(&s, a, b, n);
	if (!isfinite(lanes(s.aa)) || !isfinite(lanes(s.bb))) {
		memset(&s, 0, sizeof(s));
		finite = sum_finite(&s, out, a, b, n);
	}
	add_sums(out, &s);
	out->count += n;
	out->finite += finite;
	if (same_kind(p))
		out->changed += count_unequal(p->data[0], p->data[1],
					      mv_number_size(p->dtype[0]), n);
	else
		for (size_t i = 0; i < n; i++)
			out->changed += a[i] != b[i] &&
					!(isnan(a[i]) && isnan(b[i]));
}

static void compare_plain(struct mv_number_delta *out, const struct pair *p,
			  size_t n)
{
	compare_block(out, p, n);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same steps, four numbers at a time. */
__attribute__((target("avx2")))
static void compare_avx2(struct mv_number_delta *out, const struct pair *p,
			 size_t n)
{
	compare_block(out, p, n);
}

static int has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define compare_avx2 compare_plain
static int has_avx2(void)
{
	return 0;
}
#endif

void mv_number_compare(struct mv_number_delta *out, enum mv_dtype a_dtype,
		       int a_big_endian, const void *a, enum mv_dtype b_dtype,
		       int b_big_endian, const void *b, size_t count)
{
	const size_t size[2] = { mv_number_size(a_dtype),
				 mv_number_size(b_dtype) };
	const int wide = has_avx2();
	struct pair p = { { a_dtype, b_dtype },
			  { a_big_endian && size[0] > 1,
			    b_big_endian && size[1] > 1 },
			  { a, b } };

	memset(out, 0, sizeof(*out));
	if (!size[0] || !size[1])
		return;
	for (size_t i = 0; i < count; i += BLOCK) {
		size_t n = count - i < BLOCK ? count - i : BLOCK;

		if (wide)
			compare_avx2(out, &p, n);
		else
			compare_plain(out, &p, n);
		p.data[0] += n * size[0];
		p.data[1] += n * size[1];
	}
}

void mv_number_add(struct mv_number_delta *to,
		   const struct mv_number_delta *more)
{
	to->count += more->count;
	to->changed += more->changed;
	to->finite += more->finite;
	for (int i = 0; i < 2; i++) {
		to->nan[i] += more->nan[i];
		to->inf[i] += more->inf[i];
	}
	if (more->max_abs > to->max_abs)
		to->max_abs = more->max_abs;
	to->sum_abs += more->sum_abs;
	to->sum_sq += more->sum_sq;
	to->sum_aa += more->sum_aa;
	to->sum_bb += more->sum_bb;
	to->sum_ab += more->sum_ab;
}

double mv_number_mean_abs(const struct mv_number_delta *d)
{
	return d->finite ? d->sum_abs / (double)d->finite : NAN;
}

double mv_number_relative_l2(const struct mv_number_delta *d)
{
	if (!d->finite)
		return NAN;
	if (d->sum_sq == 0)
		return 0;
	return sqrt(d->sum_sq) / sqrt(d->sum_aa);
}

double mv_number_cosine(const struct mv_number_delta *d)
{
	double c = d->sum_ab / (sqrt(d->sum_aa) * sqrt(d->sum_bb));

	return c > 1 ? 1 : c < -1 ? -1 : c;
}

/* -- the mean of two ------------------------------------------------------ */

static double mean_double(double a, double b)
{
	double sum = a + b;

	return isinf(sum) && isfinite(a) && isfinite(b) ? a / 2 + b / 2 :
							  sum / 2;
}

static float mean_float(float a, float b)
{
	float sum = a + b;

	return isinf(sum) && isfinite(a) && isfinite(b) ? a / 2 + b / 2 :
							  sum / 2;
}

static void average_block(uint8_t *out, enum mv_dtype dtype, int big_endian,
			  const uint8_t *a, const uint8_t *b, size_t n)
{
	const size_t size = mv_number_size(dtype);
	const int full = dtype == MV_DTYPE_F64 || dtype == MV_DTYPE_C128;
	double x[BLOCK], y[BLOCK];

	mv_number_widen(x, dtype, big_endian, a, n);
	mv_number_widen(y, dtype, big_endian, b, n);
	for (size_t i = 0; i < n; i++) {
		double mean = full ? mean_double(x[i], y[i]) :
			mean_float((float)x[i], (float)y[i]);

		if (!memcmp(a + i * size, b + i * size, size))
			memmove(out + i * size, a + i * size, size);
		else
			mv_number_narrow(out + i * size, dtype, big_endian,
					 &mean, 1);
	}
}

int mv_number_average(void *out, enum mv_dtype dtype, int big_endian,
		      const void *a, const void *b, size_t count)
{
	const size_t size = mv_number_size(dtype);
	struct shape s;

	if (dtype != MV_DTYPE_F32 && dtype != MV_DTYPE_F64 &&
	    dtype != MV_DTYPE_C64 && dtype != MV_DTYPE_C128 &&
	    !shape_of(&s, dtype))
		return MV_ENOTSUP;
	for (size_t i = 0; i < count; i += BLOCK)
		average_block((uint8_t *)out + i * size, dtype, big_endian,
			      (const uint8_t *)a + i * size,
			      (const uint8_t *)b + i * size,
			      count - i < BLOCK ? count - i : BLOCK);
	return 0;
}
