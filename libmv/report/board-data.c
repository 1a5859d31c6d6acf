/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/report/parts.h"
#include "libmv/report/views.h"

/*
 * Values of one metric are compared only where they were measured on the same
 * evaluation data: those that most rows have, or of as many the first ones.
 * "Says nothing of it" is data of its own.
 */
struct measured {
	char *data;		/* NULL: the row has no such metric */
	size_t row;
};

static int by_data(const void *a, const void *b)
{
	const struct measured *x = a, *y = b;
	int cmp = !x->data || !y->data ? !x->data - !y->data :
		  strcmp(x->data, y->data);

	return cmp ? cmp : (x->row > y->row) - (x->row < y->row);
}

static int data_of(char **out, const struct mv_row *row, const char *metric)
{
	const struct mv_fact *f = mv_fact_find(&row->evidence.metrics, metric);
	struct mv_buf text;
	int bad;

	*out = NULL;
	if (!f)
		return 0;
	mv_buf_init(&text, 1 << 20);
	bad = mv_evidence_eval_data(&text, &row->evidence, f);
	*out = bad ? NULL : strdup(text.len ? text.data : "");
	mv_buf_release(&text);
	return *out ? 0 : MV_ENOMEM;
}

/* Sorted: where the run of equal ones begins that counts; its length. */
static size_t most(size_t *from, const struct measured *v, size_t count)
{
	size_t best = 0, n;

	*from = 0;
	for (size_t i = 0; i < count; i += n) {
		for (n = 1; i + n < count &&
		     !strcmp(v[i + n].data, v[i].data); n++)
			;
		if (n > best || (n == best && v[i].row < v[*from].row)) {
			best = n;
			*from = i;
		}
	}
	return best;
}

int mv_rows_other_data(unsigned char *other, const struct mv_row *const *rows,
		       size_t count, const char *metric)
{
	struct measured *v = calloc(count + 1, sizeof(*v));
	size_t have = 0, from, n;
	int rc = v ? 0 : MV_ENOMEM;

	memset(other, 0, count);
	for (size_t i = 0; !rc && i < count; i++) {
		v[i].row = i;
		rc = data_of(&v[i].data, rows[i], metric);
		have += v[i].data != NULL;
	}
	if (!rc && have > 1) {
		qsort(v, count, sizeof(*v), by_data);
		n = most(&from, v, have);
		for (size_t i = 0; i < have; i++)
			other[v[i].row] = i < from || i >= from + n;
	}
	for (size_t i = 0; v && i < count; i++)
		free(v[i].data);
	free(v);
	return rc;
}

int mv_rows_same_data(const struct mv_row *a, const struct mv_row *b,
		      const char *metric)
{
	const struct mv_row *const both[] = { a, b };
	unsigned char other[2];

	return !mv_rows_other_data(other, both, 2, metric) && !other[1];
}
