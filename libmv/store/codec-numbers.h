/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CODEC_NUMBERS_H
#define MV_STORE_CODEC_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Differences of numbers to those of a base, in one order or another, taken
 * apart into planes (docs/format/codecs.md, codecs 3 and 4). What is a float
 * is subtracted as the integer that stands where it stands among all floats:
 * that is exact for every pattern of bits, and near numbers have a small
 * difference. Pure functions.
 */
enum mv_numbers {
	MV_NUMBERS_I16 = 1, MV_NUMBERS_BF16 = 2, MV_NUMBERS_I32 = 3,
	MV_NUMBERS_F32 = 4, MV_NUMBERS_I64 = 5, MV_NUMBERS_F64 = 6,
	MV_NUMBERS_F16 = 7, MV_NUMBERS_I8 = 8, MV_NUMBERS_F8 = 9
};

#define MV_EXPONENTS 2048	/* at most, of a kind of float */

/* Bytes a number, which is the count of planes; 0: no such kind. */
unsigned int mv_numbers_width(unsigned int kind);
/* How many exponents its floats can have; 0: they are integers. */
unsigned int mv_numbers_exponents(unsigned int kind);

/* The folded difference of one number to its base, and the reverse. */
uint64_t mv_numbers_fold(unsigned int kind, const uint8_t *number,
			 const uint8_t *base);
void mv_numbers_unfold(uint8_t *number, unsigned int kind, uint64_t folded,
		       const uint8_t *base);

/* `n` differences; plane k begins at out + k * n. */
void mv_numbers_split(uint8_t *out, unsigned int kind, const uint8_t *data,
		      const uint8_t *base, size_t n);
/* The reverse; planes may lie anywhere but in `out`. */
void mv_numbers_join(uint8_t *out, unsigned int kind,
		     const uint8_t *const *planes, const uint8_t *base,
		     size_t n);

/*
 * The same in the order of the base's exponents, which a kind of float has:
 * numbers of one exponent stand together, in their own order. What
 * mv_numbers_order() finds is used up by one split or join; before that,
 * at[0][e] is where the numbers with exponent e begin.
 */
#define MV_QUARTERS 4
struct mv_order {
	/* Not a multiple of a page apart: the processor would take what is
	   written in one quarter for what is read in another. */
	uint32_t at[MV_QUARTERS][MV_EXPONENTS + 80];
};
void mv_numbers_order(struct mv_order *order, unsigned int kind,
		      const uint8_t *base, size_t n);
void mv_numbers_split_ordered(uint8_t *out, unsigned int kind,
			      const uint8_t *data, const uint8_t *base,
			      size_t n, struct mv_order *order);
void mv_numbers_join_ordered(uint8_t *out, unsigned int kind,
			     const uint8_t *const *planes, const uint8_t *base,
			     size_t n, struct mv_order *order);

/* How many of the numbers differ from their base. */
size_t mv_numbers_changed(unsigned int kind, const uint8_t *data,
			  const uint8_t *base, size_t n);

#endif
