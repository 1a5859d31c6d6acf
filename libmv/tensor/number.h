/* SPDX-License-Identifier: MIT */
#ifndef MV_TENSOR_NUMBER_H
#define MV_TENSOR_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/format/format.h"

/*
 * number: from bytes to numbers and back, and what two lists of numbers say
 * of each other. Pure: memory in, structs out; nothing fails, nothing is
 * allocated. The same input gives the same bits on every machine that has
 * IEEE arithmetic, however wide its vectors are: sums go over a fixed number
 * of lanes, and no product is fused with a sum.
 */

/* Numbers of one element: 1; 2 of complex ones (real, imaginary); 0: what it
   holds are no numbers that we read (blocks, other float8s, members). */
unsigned mv_number_parts(enum mv_dtype dtype);
/* Bytes of one such number. */
size_t mv_number_size(enum mv_dtype dtype);
/* Does each of its values fit float32 without rounding? */
int mv_number_fits_float32(enum mv_dtype dtype);

/* `count` numbers; 64-bit integers are rounded to double. */
void mv_number_widen(double *out, enum mv_dtype dtype, int big_endian,
		     const void *data, size_t count);

/*
 * Back again, rounded to the nearest, ties to even. What is too large becomes
 * infinite, in float8 e4m3 (which has no infinity) NaN; integers and bools
 * take the nearest value that they have, NaN is 0.
 */
void mv_number_narrow(void *out, enum mv_dtype dtype, int big_endian,
		      const double *numbers, size_t count);

/* Sums over pairs, which can be added up. */
struct mv_number_delta {
	uint64_t count;			/* pairs */
	uint64_t changed;		/* other bits; of two dtypes: values */
	uint64_t finite;		/* pairs of two finite numbers: the sums
					   below are over these */
	uint64_t nan[2], inf[2];	/* before, after */
	double max_abs;			/* |after - before| */
	double sum_abs, sum_sq;
	double sum_aa, sum_bb, sum_ab;	/* before, after, their product */
};

void mv_number_compare(struct mv_number_delta *out, enum mv_dtype a_dtype,
		       int a_big_endian, const void *a, enum mv_dtype b_dtype,
		       int b_big_endian, const void *b, size_t count);
void mv_number_add(struct mv_number_delta *to,
		   const struct mv_number_delta *more);

/* What is shown. Not finite where it has no value: no pairs; a length of 0. */
double mv_number_mean_abs(const struct mv_number_delta *d);
double mv_number_relative_l2(const struct mv_number_delta *d);
double mv_number_cosine(const struct mv_number_delta *d);

/*
 * The mean of two, number by number: (a + b) / 2 in float32, rounded to the
 * dtype. MV_ENOTSUP where the dtype is no floating point one. `out` may be
 * either of them. Equal bits give the same bits.
 */
int mv_number_average(void *out, enum mv_dtype dtype, int big_endian,
		      const void *a, const void *b, size_t count);

#endif
