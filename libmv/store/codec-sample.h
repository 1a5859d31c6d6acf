/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_CODEC_SAMPLE_H
#define MV_STORE_CODEC_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a few kilobytes of a chunk tell about all of it: guesses by which the
 * encoder chooses. Nothing here is part of a format, and a wrong guess costs
 * only space or time. Integers only, so that the same bytes are guessed
 * alike everywhere. Pure functions, a few microseconds each.
 */
#define MV_SAMPLE_BIT 256u	/* estimates count 1/256 bits */

/* How many bits a byte of `data` is worth to a coder of single bytes. */
uint32_t mv_sample_bits(const uint8_t *data, size_t len);

/* Do enough places of `data` repeat what stood before them? */
int mv_sample_repeats(const uint8_t *data, size_t len);

struct mv_structure {
	unsigned int kind;	/* enum mv_plane; NONE: no structure seen */
	unsigned int phase;	/* where the first whole number begins */
	uint32_t bits;		/* without regard to structure */
};

/* Bytes of unknown origin: numbers of which width? */
void mv_sample_structure(struct mv_structure *out, const uint8_t *data,
			 size_t len);

#endif
