/* SPDX-License-Identifier: MIT */
#include "libmv/store/codec-numbers.h"

#include <string.h>

#include "libmv/base/bytes.h"

/*
 * One kind of number is described by its row; the two widths that models are
 * made of have loops of their own, which the compiler vectorises.
 */
struct kind {
	uint8_t width;
	uint8_t is_float;
	uint8_t shift;		/* where the exponent begins */
	uint16_t exponents;	/* a power of two; 0: none */
};

static const struct kind kinds[] = {
	[MV_NUMBERS_I16] = { 2, 0, 0, 0 },
	[MV_NUMBERS_BF16] = { 2, 1, 7, 256 },
	[MV_NUMBERS_I32] = { 4, 0, 0, 0 },
	[MV_NUMBERS_F32] = { 4, 1, 23, 256 },
	[MV_NUMBERS_I64] = { 8, 0, 0, 0 },
	[MV_NUMBERS_F64] = { 8, 1, 52, 2048 },
	[MV_NUMBERS_F16] = { 2, 1, 10, 32 },
	[MV_NUMBERS_I8] = { 1, 0, 0, 0 },
	[MV_NUMBERS_F8] = { 1, 1, 3, 16 },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

unsigned int mv_numbers_width(unsigned int kind)
{
	return kind < KINDS ? kinds[kind].width : 0;
}

unsigned int mv_numbers_exponents(unsigned int kind)
{
	return kind < KINDS ? kinds[kind].exponents : 0;
}

/* -- any width ------------------------------------------------------------ */

static uint64_t load(const uint8_t *p, unsigned int width)
{
	switch (width) {
	case 1:
		return p[0];
	case 2:
		return mv_le16(p);
	case 4:
		return mv_le32(p);
	default:
		return mv_le64(p);
	}
}

static void store(uint8_t *p, unsigned int width, uint64_t v)
{
	for (unsigned int k = 0; k < width; k++)
		p[k] = (uint8_t)(v >> 8 * k);
}

/* Its place among all floats: from the least, over zero, to the greatest. */
static uint64_t float_place(uint64_t v, unsigned int bits)
{
	uint64_t sign = 1ull << (bits - 1);

	return v & sign ? ~v : v | sign;
}

static uint64_t float_at(uint64_t place, unsigned int bits)
{
	uint64_t sign = 1ull << (bits - 1);

	return place & sign ? place ^ sign : ~place;
}

static uint64_t mask_of(unsigned int bits)
{
	return ~0ull >> (64 - bits);
}

uint64_t mv_numbers_fold(unsigned int kind, const uint8_t *number,
			 const uint8_t *base)
{
	unsigned int bits = 8u * kinds[kind].width;
	uint64_t a = load(number, kinds[kind].width);
	uint64_t b = load(base, kinds[kind].width);
	uint64_t d, negative;

	if (kinds[kind].is_float) {
		a = float_place(a, bits);
		b = float_place(b, bits);
	}
	d = a - b;
	negative = d >> (bits - 1) & 1;
	return (d << 1 ^ (0 - negative)) & mask_of(bits);
}

void mv_numbers_unfold(uint8_t *number, unsigned int kind, uint64_t folded,
		       const uint8_t *base)
{
	unsigned int bits = 8u * kinds[kind].width;
	uint64_t b = load(base, kinds[kind].width);
	uint64_t d = folded >> 1 ^ (0 - (folded & 1)), v;

	if (!kinds[kind].is_float)
		v = b + d;
	else
		v = float_at((float_place(b, bits) + d) & mask_of(bits), bits);
	store(number, kinds[kind].width, v);
}

static unsigned int exponent_of(unsigned int kind, const uint8_t *base)
{
	return (unsigned int)(load(base, kinds[kind].width) >>
			      kinds[kind].shift) &
	       (kinds[kind].exponents - 1u);
}

/* -- 16 and 32 bits ------------------------------------------------------- */

static uint16_t place16(uint16_t v, uint16_t is_float)
{
	uint16_t negative = (uint16_t)((int16_t)v >> 15);

	return (uint16_t)(v ^ ((negative | 0x8000) & is_float));
}

static uint16_t at16(uint16_t place, uint16_t is_float)
{
	uint16_t negative = (uint16_t)~((int16_t)place >> 15);

	return (uint16_t)(place ^ ((negative | 0x8000) & is_float));
}

static void split16(uint8_t *restrict p0, uint8_t *restrict p1,
		    const uint8_t *restrict data, const uint8_t *restrict base,
		    size_t n, uint16_t is_float)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t a = place16(mv_le16(data + 2 * i), is_float);
		uint16_t b = place16(mv_le16(base + 2 * i), is_float);
		uint16_t d = (uint16_t)(a - b);
		uint16_t z = (uint16_t)(d << 1 ^ (int16_t)d >> 15);

		p0[i] = (uint8_t)z;
		p1[i] = (uint8_t)(z >> 8);
	}
}

static void join16(uint8_t *restrict out, const uint8_t *restrict p0,
		   const uint8_t *restrict p1, const uint8_t *restrict base,
		   size_t n, uint16_t is_float)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t z = (uint16_t)(p0[i] | p1[i] << 8);
		uint16_t d = (uint16_t)(z >> 1 ^ -(z & 1));
		uint16_t b = place16(mv_le16(base + 2 * i), is_float);

		mv_put_le16(out + 2 * i, at16((uint16_t)(b + d), is_float));
	}
}

static uint32_t place32(uint32_t v, uint32_t is_float)
{
	uint32_t negative = (uint32_t)((int32_t)v >> 31);

	return v ^ ((negative | 0x80000000) & is_float);
}

static uint32_t at32(uint32_t place, uint32_t is_float)
{
	uint32_t negative = ~(uint32_t)((int32_t)place >> 31);

	return place ^ ((negative | 0x80000000) & is_float);
}

static void split32(uint8_t *restrict p0, uint8_t *restrict p1,
		    uint8_t *restrict p2, uint8_t *restrict p3,
		    const uint8_t *restrict data, const uint8_t *restrict base,
		    size_t n, uint32_t is_float)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t a = place32(mv_le32(data + 4 * i), is_float);
		uint32_t b = place32(mv_le32(base + 4 * i), is_float);
		uint32_t d = a - b;
		uint32_t z = d << 1 ^ (uint32_t)((int32_t)d >> 31);

		p0[i] = (uint8_t)z;
		p1[i] = (uint8_t)(z >> 8);
		p2[i] = (uint8_t)(z >> 16);
		p3[i] = (uint8_t)(z >> 24);
	}
}

static void join32(uint8_t *restrict out, const uint8_t *restrict p0,
		   const uint8_t *restrict p1, const uint8_t *restrict p2,
		   const uint8_t *restrict p3, const uint8_t *restrict base,
		   size_t n, uint32_t is_float)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t z = (uint32_t)p0[i] | (uint32_t)p1[i] << 8 |
			     (uint32_t)p2[i] << 16 | (uint32_t)p3[i] << 24;
		uint32_t d = z >> 1 ^ (0 - (z & 1));
		uint32_t b = place32(mv_le32(base + 4 * i), is_float);

		mv_put_le32(out + 4 * i, at32(b + d, is_float));
	}
}

/* -- in the numbers' own order -------------------------------------------- */

void mv_numbers_split(uint8_t *out, unsigned int kind, const uint8_t *data,
		      const uint8_t *base, size_t n)
{
	unsigned int width = kinds[kind].width;

	if (width == 2) {
		split16(out, out + n, data, base, n,
			kinds[kind].is_float ? UINT16_MAX : 0);
		return;
	}
	if (width == 4) {
		split32(out, out + n, out + 2 * n, out + 3 * n, data, base, n,
			kinds[kind].is_float ? UINT32_MAX : 0);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t z = mv_numbers_fold(kind, data + width * i,
					     base + width * i);

		for (unsigned int k = 0; k < width; k++)
			out[k * n + i] = (uint8_t)(z >> 8 * k);
	}
}

static uint64_t gather(const uint8_t *const *planes, unsigned int width,
		       size_t i)
{
	uint64_t z = 0;

	for (unsigned int k = 0; k < width; k++)
		z |= (uint64_t)planes[k][i] << 8 * k;
	return z;
}

void mv_numbers_join(uint8_t *out, unsigned int kind,
		     const uint8_t *const *planes, const uint8_t *base,
		     size_t n)
{
	unsigned int width = kinds[kind].width;

	if (width == 2) {
		join16(out, planes[0], planes[1], base, n,
		       kinds[kind].is_float ? UINT16_MAX : 0);
		return;
	}
	if (width == 4) {
		join32(out, planes[0], planes[1], planes[2], planes[3], base,
		       n, kinds[kind].is_float ? UINT32_MAX : 0);
		return;
	}
	for (size_t i = 0; i < n; i++)
		mv_numbers_unfold(out + width * i, kind,
				  gather(planes, width, i), base + width * i);
}

/* -- in the order of exponents -------------------------------------------- */

/*
 * A place is counted up and then read again, and that takes its time: so four
 * quarters of the numbers are gone through side by side, with places of their
 * own. What is left over behind them belongs to the last.
 */
void mv_numbers_order(struct mv_order *order, unsigned int kind,
		      const uint8_t *base, size_t n)
{
	const struct kind *k = &kinds[kind];
	uint32_t sum = 0, had;

	for (size_t q = 0; q < MV_QUARTERS; q++) {
		uint32_t *count = order->at[q];
		const uint8_t *b = base + k->width * (n / 4) * q;
		size_t many = q + 1 < MV_QUARTERS ? n / 4 : n - n / 4 * q;

		memset(count, 0, k->exponents * sizeof(*count));
		if (k->width == 2)
			for (size_t i = 0; i < many; i++)
				count[mv_le16(b + 2 * i) >> k->shift &
				      (k->exponents - 1)]++;
		else if (k->width == 4)
			for (size_t i = 0; i < many; i++)
				count[mv_le32(b + 4 * i) >> k->shift &
				      (k->exponents - 1u)]++;
		else
			for (size_t i = 0; i < many; i++)
				count[exponent_of(kind, b + k->width * i)]++;
	}
	for (unsigned int e = 0; e < k->exponents; e++)
		for (size_t q = 0; q < MV_QUARTERS; q++) {
			had = order->at[q][e];
			order->at[q][e] = sum;
			sum += had;
		}
}

static inline void split16_one(uint8_t *planes, size_t n, const uint8_t *data,
			       const uint8_t *base, size_t i, uint32_t *at,
			       const struct kind *k)
{
	uint16_t b = mv_le16(base + 2 * i), a = mv_le16(data + 2 * i);
	uint32_t to = at[b >> k->shift & (k->exponents - 1)]++;
	uint16_t d = (uint16_t)(place16(a, UINT16_MAX) -
				place16(b, UINT16_MAX));
	uint16_t z = (uint16_t)(d << 1 ^ (int16_t)d >> 15);

	planes[to] = (uint8_t)z;
	planes[n + to] = (uint8_t)(z >> 8);
}

static void split16_ordered(uint8_t *planes, const struct kind *k,
			    const uint8_t *data, const uint8_t *base, size_t n,
			    struct mv_order *order)
{
	size_t quarter = n / 4;

	for (size_t i = 0; i < quarter; i++)
		for (size_t q = 0; q < MV_QUARTERS; q++)
			split16_one(planes, n, data, base, i + q * quarter,
				    order->at[q], k);
	for (size_t i = 4 * quarter; i < n; i++)
		split16_one(planes, n, data, base, i, order->at[3], k);
}

static inline void join16_one(uint8_t *out, const uint8_t *p0,
			      const uint8_t *p1, const uint8_t *base, size_t i,
			      uint32_t *at, unsigned int shift,
			      unsigned int mask)
{
	uint16_t b = mv_le16(base + 2 * i);
	uint32_t from = at[b >> shift & mask]++;
	uint16_t z = (uint16_t)(p0[from] | p1[from] << 8);
	uint16_t d = (uint16_t)(z >> 1 ^ -(z & 1));

	mv_put_le16(out + 2 * i,
		    at16((uint16_t)(place16(b, UINT16_MAX) + d), UINT16_MAX));
}

static void join16_ordered(uint8_t *restrict out, const struct kind *k,
			   const uint8_t *restrict p0,
			   const uint8_t *restrict p1,
			   const uint8_t *restrict base, size_t n,
			   struct mv_order *restrict order)
{
	unsigned int shift = k->shift, mask = k->exponents - 1u;
	size_t quarter = n / 4;

	for (size_t i = 0; i < quarter; i++)
		for (size_t q = 0; q < MV_QUARTERS; q++)
			join16_one(out, p0, p1, base, i + q * quarter,
				   order->at[q], shift, mask);
	for (size_t i = 4 * quarter; i < n; i++)
		join16_one(out, p0, p1, base, i, order->at[3], shift, mask);
}

static inline void split32_one(uint8_t *planes, size_t n, const uint8_t *data,
			       const uint8_t *base, size_t i, uint32_t *at,
			       const struct kind *k)
{
	uint32_t b = mv_le32(base + 4 * i), a = mv_le32(data + 4 * i);
	uint32_t to = at[b >> k->shift & (k->exponents - 1u)]++;
	uint32_t d = place32(a, UINT32_MAX) - place32(b, UINT32_MAX);
	uint32_t z = d << 1 ^ (uint32_t)((int32_t)d >> 31);

	planes[to] = (uint8_t)z;
	planes[n + to] = (uint8_t)(z >> 8);
	planes[2 * n + to] = (uint8_t)(z >> 16);
	planes[3 * n + to] = (uint8_t)(z >> 24);
}

static void split32_ordered(uint8_t *planes, const struct kind *k,
			    const uint8_t *data, const uint8_t *base, size_t n,
			    struct mv_order *order)
{
	size_t quarter = n / 4;

	for (size_t i = 0; i < quarter; i++)
		for (size_t q = 0; q < MV_QUARTERS; q++)
			split32_one(planes, n, data, base, i + q * quarter,
				    order->at[q], k);
	for (size_t i = 4 * quarter; i < n; i++)
		split32_one(planes, n, data, base, i, order->at[3], k);
}

static inline void join32_one(uint8_t *out, const uint8_t *const *p,
			      const uint8_t *base, size_t i, uint32_t *at,
			      unsigned int shift, unsigned int mask)
{
	uint32_t b = mv_le32(base + 4 * i);
	uint32_t from = at[b >> shift & mask]++;
	uint32_t z = (uint32_t)p[0][from] | (uint32_t)p[1][from] << 8 |
		     (uint32_t)p[2][from] << 16 | (uint32_t)p[3][from] << 24;
	uint32_t d = z >> 1 ^ (0 - (z & 1));

	mv_put_le32(out + 4 * i, at32(place32(b, UINT32_MAX) + d, UINT32_MAX));
}

static void join32_ordered(uint8_t *restrict out, const struct kind *k,
			   const uint8_t *const *planes,
			   const uint8_t *restrict base, size_t n,
			   struct mv_order *restrict order)
{
	const uint8_t *const p[4] = { planes[0], planes[1], planes[2],
				      planes[3] };
	unsigned int shift = k->shift, mask = k->exponents - 1u;
	size_t quarter = n / 4;

	for (size_t i = 0; i < quarter; i++)
		for (size_t q = 0; q < MV_QUARTERS; q++)
			join32_one(out, p, base, i + q * quarter, order->at[q],
				   shift, mask);
	for (size_t i = 4 * quarter; i < n; i++)
		join32_one(out, p, base, i, order->at[3], shift, mask);
}

/* Which quarter a number belongs to. */
static uint32_t *places_of(struct mv_order *order, size_t i, size_t n)
{
	size_t q = n < 4 ? 3 : i / (n / 4);

	return order->at[q < MV_QUARTERS ? q : 3];
}

void mv_numbers_split_ordered(uint8_t *out, unsigned int kind,
			      const uint8_t *data, const uint8_t *base,
			      size_t n, struct mv_order *order)
{
	const struct kind *k = &kinds[kind];

	if (k->width == 2) {
		split16_ordered(out, k, data, base, n, order);
		return;
	}
	if (k->width == 4) {
		split32_ordered(out, k, data, base, n, order);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *b = base + k->width * i;
		uint64_t z = mv_numbers_fold(kind, data + k->width * i, b);
		uint32_t to = places_of(order, i, n)[exponent_of(kind, b)]++;

		for (unsigned int j = 0; j < k->width; j++)
			out[j * n + to] = (uint8_t)(z >> 8 * j);
	}
}

void mv_numbers_join_ordered(uint8_t *out, unsigned int kind,
			     const uint8_t *const *planes, const uint8_t *base,
			     size_t n, struct mv_order *order)
{
	const struct kind *k = &kinds[kind];

	if (k->width == 2) {
		join16_ordered(out, k, planes[0], planes[1], base, n, order);
		return;
	}
	if (k->width == 4) {
		join32_ordered(out, k, planes, base, n, order);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *b = base + k->width * i;
		uint32_t from = places_of(order, i, n)[exponent_of(kind, b)]++;

		mv_numbers_unfold(out + k->width * i, kind,
				  gather(planes, k->width, from), b);
	}
}

size_t mv_numbers_changed(unsigned int kind, const uint8_t *data,
			  const uint8_t *base, size_t n)
{
	unsigned int width = kinds[kind].width;
	size_t changed = 0;

	if (width == 2) {
		for (size_t i = 0; i < n; i++)
			changed += mv_le16(data + 2 * i) !=
				   mv_le16(base + 2 * i);
		return changed;
	}
	for (size_t i = 0; i < n; i++)
		changed += load(data + width * i, width) !=
			   load(base + width * i, width);
	return changed;
}
