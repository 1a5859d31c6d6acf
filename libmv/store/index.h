/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_INDEX_H
#define MV_STORE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/fs.h"
#include "libmv/base/hash.h"

/*
 * Indexes: which pack holds this id, and where. One index covers one or
 * many packs; a pack is part of the store when an index covers it.
 * docs/format/index.md, repeated (little-endian):
 *
 *	0	4    "MVIX"
 *	4	1    version, 2
 *	5	1    hash algorithm, 2 = BLAKE3
 *	6	2    zero
 *	8	4    number of packs, P
 *	12	4    zero
 *	16	8    number of chunks and wholes, N
 *	24	8    number of contents with a recipe, M
 *	32	32*P pack ids
 *		8*P  their lengths
 *		32*N their ids, ascending, no two alike
 *		12*N locators: pack number (4), offset in that pack (8)
 *		32*M content ids, likewise
 *		12*M locators of their recipes
 *		32   BLAKE3 of everything before; in hex the file's name
 *
 * An index is mapped and searched in place by interpolation (ids are
 * uniform), with a binary search behind it for ids that are not. Opening
 * checks the structure, not the hash: fsck does that. A wrong locator can
 * only lead to bytes that fail verification.
 */
enum mv_index_table { MV_INDEX_CHUNKS, MV_INDEX_CONTENTS };

struct mv_pack_file;

/* A pack as its writer left it: a file of that length. */
struct mv_index_pack {
	struct mv_oid id;
	uint64_t len;
};

struct mv_index {
	struct mv_map map;
	char *path;
	dev_t dev;		/* which file was mapped */
	ino_t ino;
	int refs;		/* under the store's mutex */
	uint32_t packs;
	const struct mv_oid *pack_ids;
	const uint8_t *pack_lens;	/* mv_index_pack() reads them */
	uint64_t count[2];
	const struct mv_oid *ids[2];
	const uint8_t *locs[2];
	struct mv_pack_file **files;	/* filled by the store */
};

/* MV_ENOENT (just merged away), MV_ECORRUPT, MV_ENOTSUP (other version). */
int mv_index_open(struct mv_index **out, const char *path,
		  struct mv_err *err);
void mv_index_free(struct mv_index *index);
/* 1: a file of version 1, which is of no use; everything is in the packs. 0,
   or an error. */
int mv_index_is_old(const char *path, struct mv_err *err);
/* Does the hash hold, are tables sorted and locators in range? */
int mv_index_verify(const struct mv_index *index, struct mv_err *err);

/* Position in the table, or -1. */
int64_t mv_index_find(const struct mv_index *index, enum mv_index_table table,
		      const struct mv_oid *id);
/* The same over any sorted array of ids. */
int64_t mv_ids_find(const struct mv_oid *ids, uint64_t count,
		    const struct mv_oid *id);
void mv_ids_sort(struct mv_oid *ids, size_t count);
/* Number `k`, less than index->packs. */
struct mv_index_pack mv_index_pack(const struct mv_index *index, uint32_t k);
/*
 * What is known of a record without reading it, in the two bytes above its
 * offset: how deep it leans on others (codec.h), and what gc has tried.
 */
#define MV_ABOUT_DEPTH	7u	/* 0: it stands alone */
#define MV_ABOUT_TRIED	24u	/* mask; 0: never */
#define MV_ABOUT_OTHERS	8u	/* to lean on the same tensor elsewhere */
#define MV_ABOUT_NEWER	16u	/* on the next version of a path */
unsigned int mv_index_about(const struct mv_index *index,
			    enum mv_index_table table, uint64_t pos);
/* MV_ECORRUPT when the pack number is out of range. */
int mv_index_locate(uint32_t *pack, uint64_t *off,
		    const struct mv_index *index, enum mv_index_table table,
		    uint64_t pos, struct mv_err *err);

/* -- writing: a stream of sorted entries per table ------------------------ */
struct mv_index_entry {
	struct mv_oid id;
	uint32_t pack;
	uint64_t off;		/* less than 2^48 */
	uint16_t about;		/* MV_ABOUT_ */
};
/*
 * `next` gives the entries of a table in ascending order, each id once:
 * 1 for an entry, 0 at the end, or an error. It is called for each table
 * twice (ids, then locators) after `rewind`, and must repeat itself.
 */
struct mv_index_source {
	int (*rewind)(void *payload, enum mv_index_table table,
		      struct mv_err *err);
	int (*next)(void *payload, struct mv_index_entry *out,
		    struct mv_err *err);
	void *payload;
};
/*
 * Write an index of `count[2]` entries into `tmp` (already open) and say
 * its id. The caller commits it as <id in hex>.idx.
 */
int mv_index_write(struct mv_oid *id, struct mv_tmp *tmp,
		   const struct mv_index_pack *packs, uint32_t pack_count,
		   const uint64_t count[2],
		   const struct mv_index_source *source, struct mv_err *err);

#endif
