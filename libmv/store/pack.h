/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_PACK_H
#define MV_STORE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"

/*
 * Packs: immutable files of records. docs/format/pack.md, repeated:
 *
 *	offset size
 *	0	4    "MVPK"
 *	4	1    version, 2
 *	5	1    hash algorithm, 2 = BLAKE3
 *	6	10   zero
 *	16	     records
 *
 *	record
 *	0	1    kind: 1 chunk, 2 recipe, 3 whole
 *	1	1    codec	(docs/format/codecs.md; recipes: 0)
 *	2	1    param	(of the codec)
 *	3	1    zero
 *	4	4    length of the bytes it stands for
 *	8	4    length as stored, never more than that
 *	12	8    XXH3 of the stored bytes, seeded by XXH3 of bytes 0..11
 *	20	     stored bytes
 *
 *	trailer
 *	0	4    "MVPE"
 *	4	4    zero
 *	8	8    number of records
 *	16	32   pack id: BLAKE3 of all record headers, in order
 *
 * The file's name is its pack id. A record does not say its own id: what it
 * decodes to does, by the hash that its kind says, so an index can be rebuilt
 * from packs alone. A chunk is a piece of a content and named by BLAKE3; a
 * whole is a content that is one piece, and named by SHA-256: that is its oid.
 * All integers are little-endian.
 */
#define MV_PACK_HEADER	16
#define MV_PACK_TRAILER	48
#define MV_RECORD_HEADER 20

enum mv_record_kind {
	MV_RECORD_CHUNK = 1, MV_RECORD_RECIPE = 2, MV_RECORD_WHOLE = 3
};

struct mv_pack_record {
	uint8_t kind;
	uint8_t codec;
	uint8_t param;
	uint32_t raw_len;
	uint32_t stored_len;
	uint64_t checksum;
};

/* The id of a chunk or a whole with these bytes. */
int mv_record_name(struct mv_oid *out, uint8_t kind, const void *data,
		   size_t len, struct mv_err *err);

void mv_pack_header(uint8_t out[MV_PACK_HEADER]);
int mv_pack_check_header(const uint8_t *head, size_t len, const char *path,
			 struct mv_err *err);
void mv_pack_trailer(uint8_t out[MV_PACK_TRAILER], uint64_t count,
		     const struct mv_oid *id);

/* Fill in lengths and checksum and write the header's 20 bytes. */
void mv_pack_record_seal(uint8_t out[MV_RECORD_HEADER], struct mv_pack_record *record,
		    const uint8_t *stored);
/*
 * Parse a header; `room` is the bytes of the file that can follow it. Bounds
 * the lengths (chunks, wholes: MV_CHUNK_MAX; recipes: 64 MiB). MV_ECORRUPT.
 */
int mv_pack_record_parse(struct mv_pack_record *out, const uint8_t *head,
		    uint64_t room, struct mv_err *err);
/* Are these the stored bytes? */
int mv_record_intact(const uint8_t *head,
		     const uint8_t *stored, size_t len);

/*
 * Walk all records of a pack file in order. `fn` gets the header, its
 * bytes, and the stored bytes. *end is where the last good record ended,
 * also on failure. With `expect` the trailer is checked, too, and must carry
 * that id: afterwards every byte of the file has been verified. MV_ECORRUPT
 * at the first thing that is wrong.
 */
typedef int (*mv_record_fn)(void *payload, uint64_t off,
			    const struct mv_pack_record *record,
			    const uint8_t *head, const uint8_t *stored,
			    struct mv_err *err);
int mv_pack_walk(int fd, const char *path, const struct mv_oid *expect,
		 uint64_t *end, mv_record_fn fn, void *payload,
		 struct mv_err *err);
/* The same without the header's bytes: does all the rest say version 2? */
int mv_pack_check_body(int fd, const char *path, const struct mv_oid *expect,
		       struct mv_err *err);
/* Of version 1, whose records are the same and whose id was a SHA-256: is it
   one (1, 0, or an error)? And is it whole? */
int mv_pack_is_old(int fd, const char *path, struct mv_err *err);
int mv_pack_check_old(int fd, const char *path, const struct mv_oid *expect,
		      struct mv_err *err);
/* Every intact record of a damaged file, wherever it stands. */
int mv_pack_salvage(int fd, const char *path, mv_record_fn fn, void *payload,
		    struct mv_err *err);

#endif
