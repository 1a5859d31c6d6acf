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

/* Tensors of a head lie behind each other; others may share bytes, lie in
   another file, or be packed (offset 0). */
static void check_layout(const struct mv_layout *l, uint64_t size, int head)
{
	uint64_t end = 0;

	check(l->format != NULL);
	for (size_t i = 0; i < l->count; i++) {
		const struct mv_tensor *t = &l->tensors[i];

		check(t->name && t->dtype_name && t->unit);
		if (!head && (!t->offset || t->elsewhere))
			continue;
		check(t->offset + t->length >= t->offset);
		check(t->offset + t->length <= size);
		check(!head || t->offset >= end);
		end = t->offset + t->length;
	}
}

static int is_head_format(const struct mv_layout *l)
{
	return !strcmp(l->format, "safetensors") ||
		!strcmp(l->format, "gguf") || !strcmp(l->format, "npy");
}

static void list(const uint8_t *data, size_t size)
{
	struct file f = { data, size };
	struct mv_layout l;
	struct mv_buf text;
	struct mv_err err;

	if (mv_format_parse_at(&l, read_at, &f, size, &err) < 0)
		return;
	check_layout(&l, size, is_head_format(&l));
	mv_buf_init(&text, 64u << 20);
	if (!mv_layout_print(&text, &l, &err))
		for (size_t i = 0; i < text.len; i++)
			check(text.data[i] == '\n' ||
			      (uint8_t)text.data[i] >= 0x20);
	mv_buf_release(&text);
	mv_layout_release(&l);
}

/* To the end, as the cutter does: what the scout adds lies at or behind the
   place that it looked at. */
static void follow(struct mv_runs *runs, const uint8_t *data, size_t size)
{
	struct mv_err err;

	while (runs->scout && runs->scout->at < size) {
		uint64_t at = runs->scout->at;
		size_t left = size - (size_t)at, count = runs->count;
		size_t n = left < runs->scout->want ? left : runs->scout->want;
		uint8_t *copy = malloc(n);

		check(copy && n);
		memcpy(copy, data + at, n);
		check(!runs->scout->look(runs->scout, runs, copy, n, &err));
		free(copy);
		for (; count < runs->count; count++)
			check(runs->run[count].offset >= at);
		if (runs->scout->at <= at)
			return;
	}
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
	check(!whole.scout == !grown.scout);
	follow(&whole, data, size);
	follow(&grown, data, size);
	check(whole.count == grown.count);
	check(!whole.count || !memcmp(whole.run, grown.run,
				      whole.count * sizeof(*whole.run)));
	for (size_t i = 0; i < whole.count; i++) {
		const struct mv_run *r = &whole.run[i];

		check(r->offset >= end && r->length && r->unit <= 4096);
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
		check_layout(&l, UINT64_MAX, 1);
		mv_layout_release(&l);
	}
	return 0;
}
