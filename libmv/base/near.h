/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_NEAR_H
#define MV_BASE_NEAR_H

#include <stddef.h>

/*
 * "Did you mean ...?": which known word is the nearest to one that is not
 * known. Words are bytes; nothing is allocated.
 */

/* How many times a byte must be changed, added, dropped or swapped with the
   next to make one word of the other (Damerau and Levenshtein's, each place
   edited once); a word of more than 48 bytes is MV_FAR from all. */
#define MV_FAR ((size_t)99)
size_t mv_edit_distance(const char *a, const char *b);

/*
 * The search, one candidate after the other:
 *
 *	struct mv_nearest n = MV_NEAREST_INIT("prodution");
 *	mv_nearest_try(&n, "staging");
 *	mv_nearest_try(&n, "production");
 *	n.best		"production"; NULL: none is near enough
 *
 * Near enough is a third of the word's letters, at least one and at most
 * three; another case of letters counts as nothing. Else the word may be the
 * first letters of the other, two at least, of which more follow ("prod"). The
 * first of equals stays. The strings are borrowed.
 */
struct mv_nearest {
	const char *word, *best;
	size_t distance;
};
#define MV_NEAREST_INIT(w) { (w), NULL, MV_FAR }
void mv_nearest_try(struct mv_nearest *n, const char *candidate);
/* "; did you mean 'production'?" into `out`, or "" when nothing is near. */
#define MV_NEAREST_WORDS 80
const char *mv_nearest_words(char out[MV_NEAREST_WORDS],
			     const struct mv_nearest *n);

#endif
