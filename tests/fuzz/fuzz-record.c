/* SPDX-License-Identifier: MIT */
/*
 * A note of any bytes: whatever line is read as a record of a known kind is
 * the same record when it is printed and read again; uniting loses and
 * invents nothing; evidence comes of it in any case.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const char *line, size_t len)
{
	struct mv_record r, again;
	struct mv_buf one, two;
	struct mv_err err;
	int known;

	if (mv_record_parse(&r, line, len, &err) < 0)
		return;
	mv_buf_init(&one, MV_RECORD_MAX);
	mv_buf_init(&two, MV_RECORD_MAX);
	known = !strcmp(r.kind, "evidence") || !strcmp(r.kind, "run");
	/* Escapes may make the printed line longer than there may be. */
	if (known && !mv_record_print(&one, &r, &err)) {
		if (memchr(one.data, '\n', one.len) ||
		    mv_record_parse(&again, one.data, one.len, &err) < 0 ||
		    mv_record_print(&two, &again, &err) < 0 ||
		    one.len != two.len ||
		    memcmp(one.data, two.data, one.len))
			abort();
		mv_record_release(&again);
	} else if (known && err.code != MV_ENOMEM) {
		abort();
	}
	mv_record_release(&r);
	mv_buf_release(&one);
	mv_buf_release(&two);
}

/* Sorted, each once, none blank. */
static size_t check_lines(const char *s, size_t len, struct mv_lines *lines)
{
	const char *last = NULL;
	size_t last_len = 0, count = 0;

	while (len) {
		const char *lf = memchr(s, '\n', len);
		size_t n, shorter;
		int cmp;

		if (!lf || lf == s)
			abort();
		n = (size_t)(lf - s);
		shorter = n < last_len ? n : last_len;
		cmp = last ? memcmp(last, s, shorter) : -1;
		if (cmp > 0 || (!cmp && last_len >= n))
			abort();
		if (!memchr(s, '\0', n)) {
			lines->v[lines->count] = strndup(s, n);
			lines->count += lines->v[lines->count] != NULL;
		}
		last = s;
		last_len = n;
		len -= n + 1;
		s = lf + 1;
		count++;
	}
	return count;
}

static void check_note(const char *data, size_t size)
{
	struct mv_lines lines = { calloc(size + 1, sizeof(*lines.v)), 0,
				  NULL };
	size_t half = size / 2;
	struct mv_evidence e;
	struct mv_buf out, twice;
	struct mv_err err;

	mv_buf_init(&out, size + 2);
	mv_buf_init(&twice, size + 2);
	if (!lines.v ||
	    mv_lines_unite(&out, data, half, data + half, size - half, &err) ||
	    mv_lines_unite(&twice, data, size - (size - half), out.data,
			   out.len, &err) ||
	    out.len != twice.len || memcmp(out.data, twice.data, out.len))
		abort();
	check_lines(out.data, out.len, &lines);
	if (mv_evidence_fold(&e, &lines, &err) < 0 ||
	    e.count + e.skipped != lines.count)
		abort();
	for (size_t i = 0; i < e.metrics.count; i++) {
		mv_buf_clear(&out);
		if (e.metrics.v[i].from >= e.count)
			abort();
		mv_evidence_eval_data(&out, &e, &e.metrics.v[i]);
	}
	mv_evidence_release(&e);
	for (size_t i = 0; i < lines.count; i++)
		free((char *)lines.v[i]);
	free(lines.v);
	mv_buf_release(&out);
	mv_buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;

	if (size > 1 << 20)
		return 0;
	check_note(s, size);
	while (size) {
		const char *lf = memchr(s, '\n', size);
		size_t n = lf ? (size_t)(lf - s) : size;

		check_record(s, n);
		size -= n + (lf != NULL);
		s += n + (lf != NULL);
	}
	return 0;
}
