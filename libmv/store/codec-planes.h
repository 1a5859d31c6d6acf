/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CODEC_PLANES_H
#define MV_STORE_CODEC_PLANES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers taken apart into planes: the first bytes of all of them, then the
 * second bytes of all, and so on, so that what resembles stands together
 * (docs/format/codecs.md). Pure functions; `kind` is enum mv_plane, whose
 * values are part of the format.
 */
#define MV_PLANES_MAX 8

/* Bytes a number, which is the count of planes; 0: no such kind. */
unsigned int mv_planes_width(unsigned int kind);

/* `n` numbers; plane k begins at out + k * n. */
void mv_planes_split(uint8_t *out, unsigned int kind, const uint8_t *data,
		     size_t n);

/* The reverse; the planes may lie anywhere but in `out`. */
void mv_planes_join(uint8_t *out, unsigned int kind,
		    const uint8_t *const *planes, size_t n);

#endif
