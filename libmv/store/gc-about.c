/* SPDX-License-Identifier: MIT */
#include "libmv/store/gc-inner.h"

/* What gc knows of each chunk while differences are made: gc->lean. */

unsigned int mv_gc_about(const struct gc *gc, uint64_t pos)
{
	return mv_index_about(gc->index, MV_INDEX_CHUNKS, pos);
}

unsigned int mv_gc_cap(const struct gc *gc, uint64_t pos)
{
	return MV_DEPTH_MAX - (gc->lean[pos] & MV_GC_CAP);
}

void mv_gc_lower_cap(struct gc *gc, uint64_t pos, unsigned int cap)
{
	if (cap < mv_gc_cap(gc, pos))
		gc->lean[pos] = (uint8_t)((gc->lean[pos] & ~MV_GC_CAP) |
					  (MV_DEPTH_MAX - cap));
}

void mv_gc_note_leaner(struct gc *gc, uint64_t base, unsigned int depth)
{
	if (gc->lean && depth)
		mv_gc_lower_cap(gc, base, depth - 1);
}

int mv_gc_is_moved(const struct gc *gc, uint64_t pos)
{
	return gc->lean && gc->lean[pos] & MV_GC_MADE;
}

uint16_t mv_gc_tried(const struct gc *gc, uint64_t pos)
{
	unsigned int tried = mv_gc_about(gc, pos);

	if (gc->lean)
		tried |= (unsigned int)gc->lean[pos] >> MV_GC_TRIED_SHIFT;
	return (uint16_t)(tried & MV_ABOUT_TRIED);
}
