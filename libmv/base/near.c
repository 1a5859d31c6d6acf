/* SPDX-License-Identifier: MIT */
#include "libmv/base/near.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX = 48 };	/* letters of a word that is compared */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* row[i % 3][j]: what it takes to make the first j of b of the first i of a. */
size_t mv_edit_distance(const char *a, const char *b)
{
	size_t row[3][MAX + 1], rows = strlen(a), columns = strlen(b);

	if (columns > MAX || rows > MAX)
		return MV_FAR;
	for (size_t j = 0; j <= columns; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= rows; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3];
		const size_t *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[rows % 3][columns];
}

/* "prod" for "production": more than a letter of it, and it ends within a word,
   so that "eu" is not short for "eu-west", a name of its own. The shorter word
   is the nearer one; all are farther than a slip. */
static size_t short_for(const char *word, const char *candidate)
{
	size_t n = strlen(word), all = strlen(candidate);

	if (n < 2 || all > MAX || all <= n || strncasecmp(word, candidate, n) ||
	    !isalpha((unsigned char)word[n - 1]) ||
	    !isalpha((unsigned char)candidate[n]))
		return MV_FAR;
	return 4 + all - n;
}

void mv_nearest_try(struct mv_nearest *n, const char *candidate)
{
	size_t limit = strlen(n->word) / 3, d;

	if (!strcmp(n->word, candidate))	/* "x"; did you mean "x"? */
		return;
	limit = limit < 1 ? 1 : limit > 3 ? 3 : limit;
	d = strcasecmp(n->word, candidate) ?
	    mv_edit_distance(n->word, candidate) : 0;
	/* A word of which every letter would be another is no likeness. */
	if (d > limit || d >= strlen(candidate))
		d = short_for(n->word, candidate);
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
	}
}

const char *mv_nearest_words(char out[MV_NEAREST_WORDS],
			     const struct mv_nearest *n)
{
	*out = '\0';
	if (n->best)
		snprintf(out, MV_NEAREST_WORDS, "; did you mean '%.*s'?", MAX,
			 n->best);
	return out;
}
