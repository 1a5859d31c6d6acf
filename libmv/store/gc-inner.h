/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_GC_INNER_H
#define MV_STORE_GC_INNER_H

#include "libmv/store/internal.h"
#include "libmv/store/part.h"
#include "libmv/store/store.h"

/*
 * What the files of gc share: gc.c weighs, sweeps and publishes, gc-mark.c says
 * what lives, gc-lean.c writes old versions as differences, gc-about.c has what
 * is known of each chunk for that.
 */
struct gc_pack {
	uint64_t size;
	uint64_t live, dead;	/* entries */
	uint64_t moved;		/* those of which there is a smaller record */
	uint64_t dead_bytes;	/* known for candidates */
	int young;		/* or of somebody who cannot be asked: */
	int foreign;
	int hiding;		/* many records that no entry leads to */
	int candidate;		/* look at its records */
	int gone;		/* removed or rewritten */
};

struct gc {
	struct mv_store *store;
	const struct mv_gc_options *options;
	struct mv_gc_stats *stats;
	struct mv_snapshot *snapshot;
	struct mv_index *index;		/* the one and only; NULL: empty store */
	struct mv_index *own;		/* the same, if nobody else has it */
	struct mv_oid *known;		/* packs before indexes were merged */
	size_t known_count;
	struct mv_oid *strangers;	/* packs of owners nobody can ask */
	size_t stranger_count;
	struct mv_parts parts;		/* recipes of which not all is here */
	uint8_t *live[2];		/* bitmaps over the tables */
	uint8_t *lean;			/* a byte per chunk: gc-lean.c; NULL */
	struct gc_pack *packs;
	struct mv_err *err;		/* of the callback under way */
	uint64_t lean_bytes;		/* what was written for it */
	struct mv_tx *tx;
	struct mv_buf record;		/* the one being copied */
	uint64_t copied;		/* records since the last flush */
};

static inline int mv_bit_get(const uint8_t *map, uint64_t i)
{
	return map[i / 8] >> (i % 8) & 1;
}

static inline void mv_bit_set(uint8_t *map, uint64_t i)
{
	map[i / 8] |= (uint8_t)(1 << (i % 8));
}

/* gc-mark.c */
int mv_gc_mark(struct gc *gc, struct mv_err *err);
/* Live, dead and moved entries of each pack, anew. */
int mv_gc_count(struct gc *gc, struct mv_err *err);
int mv_gc_is_young(const struct gc *gc, time_t mtime);
int mv_gc_is_strangers(const struct gc *gc, const struct mv_oid *pack);
/* 1: the entry leans on the one at *base. */
int mv_gc_base(uint64_t *base, struct gc *gc, uint64_t pos,
	       struct mv_err *err);

/* Files of parts that nobody needs, and of contents that are here now. */
void mv_gc_drop_parts(struct gc *gc);

/* gc-about.c */
/* A byte per chunk of the index: */
enum {
	MV_GC_CAP = 7,		/* MV_DEPTH_MAX less the cap */
	MV_GC_MADE_SHIFT = 3,		/* how deep it leans since now; 0 */
	MV_GC_MADE = 7 << MV_GC_MADE_SHIFT,
	MV_GC_TRIED_SHIFT = 3		/* from MV_ABOUT_TRIED to the highest bits */
};
/* MV_ABOUT_ of the index. */
unsigned int mv_gc_about(const struct gc *gc, uint64_t pos);
/* How deep it may lean, for what leans on it: MV_DEPTH_MAX .. 0. */
unsigned int mv_gc_cap(const struct gc *gc, uint64_t pos);
void mv_gc_lower_cap(struct gc *gc, uint64_t pos, unsigned int cap);
/* What lives leans so deep on this entry. */
void mv_gc_note_leaner(struct gc *gc, uint64_t base, unsigned int depth);
/* 1: it has a smaller record since now; nobody needs the one it had. */
int mv_gc_is_moved(const struct gc *gc, uint64_t pos);
/* What gc has tried so far: MV_ABOUT_TRIED of the entry, with what is new. */
uint16_t mv_gc_tried(const struct gc *gc, uint64_t pos);

/* gc-lean.c */
/* What may lean on what is asked, tried, and written to gc->tx where it pays. */
int mv_gc_lean_all(struct gc *gc, struct mv_err *err);

#endif
