/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/hook/priv.h"

/* The lines of a note. */

int mv_hook_by_bytes(const void *a, const void *b)
{
	const struct mv_push_line *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int d = n ? memcmp(x->s, y->s, n) : 0;

	return d ? d : (x->len > y->len) - (x->len < y->len);
}

int mv_hook_has_line(const struct mv_push_text *text,
		     const struct mv_push_line *line)
{
	return text->count && bsearch(line, text->v, text->count,
				      sizeof(*text->v), mv_hook_by_bytes) != NULL;
}
