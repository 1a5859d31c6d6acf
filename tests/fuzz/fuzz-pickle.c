/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/format/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Any bytes as a pickle, in pieces and as a whole: the values must be the
 * same, and within what was allowed.
 */
#define VALUES_MAX 4096u

static void check(int holds)
{
	if (!holds)
		abort();
}

static int feed(struct mv_pickle *p, const uint8_t *data, size_t size,
		size_t step)
{
	size_t here = 0;
	uint64_t done = 0, used;
	int rc = 0;

	while (!rc && here < size && done <= size) {
		here = step < size - here ? here + step : size;
		if (done >= here)
			continue;
		rc = mv_pickle_feed(p, data + done, here - (size_t)done,
				    &used, NULL);
		check(rc >= 0 ? used <= UINT64_MAX / 2 : 1);
		done += rc < 0 ? 0 : used;
	}
	return rc;
}

/* Items of all values, with a bound: they may go in circles. */
static uint64_t walk(const struct mv_pickle *p)
{
	uint64_t sum = 0, steps = 0;

	for (uint32_t v = 0; v < mv_pickle_count(p); v++) {
		const struct mv_pickle_value *value = mv_pickle_at(p, v);
		uint32_t n = mv_pickle_first(p, v);

		sum = 31 * sum + value->kind + value->count;
		for (; n && steps < 4 * VALUES_MAX; steps++) {
			uint32_t item = mv_pickle_item(p, n);

			check(item < mv_pickle_count(p));
			sum = 31 * sum + item;
			n = mv_pickle_next(p, n);
		}
		if (value->kind == MV_PICKLE_TEXT ||
		    value->kind == MV_PICKLE_GLOBAL)
			check(!value->u.text[value->count]);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_pickle *whole, *pieces;
	int a, b;

	check(!mv_pickle_new(&whole, VALUES_MAX, NULL));
	check(!mv_pickle_new(&pieces, VALUES_MAX, NULL));
	a = feed(whole, data, size, size ? size : 1);
	b = feed(pieces, data, size, 7);
	check(a == b || (a < 0 && b < 0));
	check(mv_pickle_count(whole) <= VALUES_MAX);
	if (a >= 0)
		check(walk(whole) == walk(pieces));
	if (a == 1)
		check(mv_pickle_root(whole) == mv_pickle_root(pieces));
	mv_pickle_free(whole);
	mv_pickle_free(pieces);
	return 0;
}
