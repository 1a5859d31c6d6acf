/* SPDX-License-Identifier: MIT */
#include "libmv/base/near.h"

#include <string.h>
#include <strings.h>

size_t mv_edit_distance(const char *a, const char *b)
{
	enum { MAX = 48 };
	size_t row[MAX + 1], len = strlen(b);

	if (len > MAX || strlen(a) > MAX)
		return MV_FAR;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

void mv_nearest_try(struct mv_nearest *n, const char *candidate)
{
	size_t limit = strlen(n->word) / 3, d;

	limit = limit < 1 ? 1 : limit > 3 ? 3 : limit;
	d = strcasecmp(n->word, candidate) ?
	    mv_edit_distance(n->word, candidate) : 0;
	/* A word of which every letter would be another is no likeness. */
	if (d <= limit && d < n->distance && d < strlen(candidate)) {
		n->distance = d;
		n->best = candidate;
	}
}
