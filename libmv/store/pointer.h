/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_POINTER_H
#define MV_STORE_POINTER_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/hash.h"

/*
 * The pointer: the small text that git keeps for the content. Grammar and
 * rules are in docs/format/pointer.md. A native pointer is a pure function
 * of the content; a Git LFS pointer (docs/format/pointer.md, "dialects") is
 * read leniently and written canonically. The empty file is its own pointer.
 *
 * Pure functions; nothing here does I/O.
 */
#define MV_POINTER_MAX 1024	/* a blob this long or longer is no pointer */

enum mv_dialect { MV_DIALECT_NATIVE, MV_DIALECT_LFS };

struct mv_pointer {
	struct mv_oid oid;
	uint64_t size;
	enum mv_dialect dialect;
	int canonical;		/* the text is the one that we would write */
	int extended;		/* LFS: has "ext-" lines. They are not kept, so
				   it must never be written again */
};

/*
 * What is this text?
 * 0            a pointer (of either dialect)
 * MV_ENOENT    ordinary content (also the empty text)
 * MV_ECORRUPT  starts as a native pointer but does not go on as one, or is a
 *              pointer (of either dialect) with conflict markers in it:
 *              never content, the message says which
 */
int mv_pointer_parse(struct mv_pointer *out, const void *data, size_t len,
		     struct mv_err *err);

/* Add the canonical text in pointer->dialect; nothing for size 0. */
int mv_pointer_print(struct mv_buf *out, const struct mv_pointer *pointer,
		     struct mv_err *err);

/* The pointer of no bytes at all. */
void mv_pointer_of_empty(struct mv_pointer *out, enum mv_dialect dialect);

#endif
