/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_GROW_H
#define MV_BASE_GROW_H

#include <stddef.h>

#include "libmv/base/err.h"

/*
 * Lists that grow: a pointer, how many are in it, and how many it has room for.
 *
 *	struct mv_oid *v = NULL;
 *	size_t count = 0, alloc = 0;
 *
 *	if (MV_GROW(v, alloc, count + 1, err) < 0)
 *		return MV_ENOMEM;
 *	v[count++] = *oid;
 *
 * Room doubles, so that adding one by one stays linear; what is new in it is
 * not set to anything. The list is the caller's to free().
 *
 * Both functions fail with MV_ENOMEM (no memory, or more bytes than size_t
 * holds), and leave the list, and what was in it, as they were. `list` is the
 * address of the pointer, of whatever type. Not for two threads at once.
 */
#define MV_GROW(list, alloc, want, err) \
	mv_grow(&(list), &(alloc), (want), sizeof(*(list)), (err))

/* Room for `want` elements of `size` bytes; *alloc says how many there is. */
int mv_grow(void *list, size_t *alloc, size_t want, size_t size,
	    struct mv_err *err);

/*
 * For a list that stays short and knows its count only: one more element, all
 * zeros, which is counted and pointed to. NULL when it failed.
 */
#define MV_GROW_ONE(list, count, err) \
	mv_grow_one(&(list), &(count), sizeof(*(list)), (err))
void *mv_grow_one(void *list, size_t *count, size_t size, struct mv_err *err);

#endif
