/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Any bytes as a file: listed with and without its size, and asked for cut
 * hints. What is promised of the answers is checked by abort(); ASan does
 * the rest.
 */
struct file {
	const uint8_t *data;
	size_t size;
};

static int read_at(void *payload, uint64_t off, void *data, size_t len,
		   size_t *got, struct mv_err *err)
{
	const struct file *f = payload;

	(void)err;
	*got = off >= f->size ? 0 :
		len < f->size - off ? len : (size_t)(f->size - off);
	if (*got)
		memcpy(data, f->data + off, *got);
	return 0;
}

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_layout(const struct mv_layout *l, uint64_t size, int npz)
{
	uint64_t end = 0;

	check(l->format != NULL);
	for (size_t i = 0; i < l->count; i++) {
		const struct mv_tensor *t = &l->tensors[i];

		check(t->name && t->dtype_name && t->unit);
		if (npz)
			continue;
		check(t->offset >= end && t->offset + t->length >= t->offset);
		end = t->offset + t->length;
		check(end <= size);
	}
}

static void list(const uint8_t *data, size_t size)
{
	struct file f = { data, size };
	struct mv_layout l;
	struct mv_buf text;
	struct mv_err err;

	if (mv_format_parse_at(&l, read_at, &f, size, &err) < 0)
		return;
	check_layout(&l, size, !strcmp(l.format, "npz"));
	mv_buf_init(&text, 64u << 20);
	if (!mv_layout_print(&text, &l, &err))
		for (size_t i = 0; i < text.len; i++)
			check(text.data[i] == '\n' ||
			      (uint8_t)text.data[i] >= 0x20);
	mv_buf_release(&text);
	mv_layout_release(&l);
}

/* The answer must not depend on how much of the head was offered. */
static void hints(const uint8_t *data, size_t size)
{
	struct mv_runs whole, grown;
	struct mv_err err;
	size_t need = 0, len = 1;
	uint64_t end = 0;
	int rc;

	check(!mv_format_runs(&whole, &need, data, size, 1, &err));
	do {
		len = len < size ? len : size;
		rc = mv_format_runs(&grown, &need, data, len, len == size,
				    &err);
		check(!rc || (rc == MV_EBUSY && len < size && need > len));
		len = need;
	} while (rc);
	check(whole.count == grown.count);
	check(!whole.count || !memcmp(whole.run, grown.run,
				      whole.count * sizeof(*whole.run)));
	for (size_t i = 0; i < whole.count; i++) {
		const struct mv_run *r = &whole.run[i];

		check(r->offset >= end && r->length && r->unit &&
		      r->unit <= 4096);
		check(r->offset + r->length > r->offset);
		end = r->offset + r->length;
	}
	mv_runs_release(&whole);
	mv_runs_release(&grown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_layout l;
	struct mv_err err;
	uint64_t need;

	list(data, size);
	hints(data, size);
	if (!mv_format_parse(&l, &need, data, size, UINT64_MAX, &err)) {
		check_layout(&l, UINT64_MAX, 0);
		mv_layout_release(&l);
	}
	return 0;
}
