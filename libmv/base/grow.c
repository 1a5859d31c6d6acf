/* SPDX-License-Identifier: MIT */
#include "libmv/base/grow.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 16 };	/* elements */

/* The pointer is read and set by its bytes: its type is not ours to know. */
static char *resize(void *list, size_t count, size_t size, struct mv_err *err)
{
	size_t bytes;
	void *old;
	char *new;

	memcpy(&old, list, sizeof(old));
	if (__builtin_mul_overflow(count, size, &bytes) ||
	    !(new = realloc(old, bytes))) {
		mv_nomem(err);
		return NULL;
	}
	memcpy(list, &new, sizeof(new));
	return new;
}

int mv_grow(void *list, size_t *alloc, size_t want, size_t size,
	    struct mv_err *err)
{
	size_t room = *alloc ? 2 * *alloc : FIRST;

	if (want <= *alloc)
		return 0;
	if (room < want)
		room = want;	/* also when twice as much is no size_t */
	if (!resize(list, room, size, err))
		return MV_ENOMEM;
	*alloc = room;
	return 0;
}

void *mv_grow_one(void *list, size_t *count, size_t size, struct mv_err *err)
{
	char *v = resize(list, *count + 1, size, err);

	return v ? memset(v + size * (*count)++, 0, size) : NULL;
}
