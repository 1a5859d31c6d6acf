/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_WALK_H
#define TESTS_FUZZ_WALK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/format/parts.h"

/*
 * Any bytes as one kind of container, whatever a bid would say of them: listed
 * and walked for cut hints, with windows of exactly the right size.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_file {
	const uint8_t *data;
	size_t size;
};

static inline void fuzz_check(int holds)
{
	if (!holds)
		abort();
}

static inline int fuzz_read(void *payload, uint64_t off, void *data,
			    size_t len, size_t *got, struct mv_err *err)
{
	const struct fuzz_file *f = payload;

	(void)err;
	*got = off >= f->size ? 0 :
		len < f->size - off ? len : (size_t)(f->size - off);
	if (*got)
		memcpy(data, f->data + off, *got);
	return 0;
}

static inline void fuzz_listed(struct mv_layout *l, int rc, size_t size)
{
	struct mv_buf text;

	if (rc < 0) {
		fuzz_check(!l->count && !l->arena);
		return;
	}
	for (size_t i = 0; i < l->count; i++) {
		const struct mv_tensor *t = &l->tensors[i];

		fuzz_check(t->name && t->dtype_name && t->unit);
		if (t->offset && !t->elsewhere)
			fuzz_check(t->offset <= size &&
				   t->length <= size - t->offset);
	}
	mv_buf_init(&text, 64u << 20);
	mv_layout_print(&text, l, NULL);
	mv_buf_release(&text);
	mv_layout_release(l);
}

struct fuzz_walked {
	uint64_t at;
	size_t found;
};

static inline int fuzz_found(void *payload, const struct mv_tensor *t,
			     struct mv_err *err)
{
	struct fuzz_walked *w = payload;

	(void)err;
	fuzz_check(t->offset >= w->at && t->dtype <= MV_DTYPE_FILE);
	w->found++;
	return 0;
}

static inline void fuzz_hints(const struct mv_walker *walker,
			      const uint8_t *data, size_t size)
{
	struct fuzz_walked w = { 0, 0 };
	struct mv_walk *walk;
	int rc = 0;

	fuzz_check(!walker->open(&walk, NULL));
	walk->file_size = UINT64_MAX;
	walk->found = fuzz_found;
	walk->payload = &w;
	while (!rc && walk->at < size) {
		size_t left = size - (size_t)walk->at;
		size_t n = left < MV_LOOK_MAX ? left : MV_LOOK_MAX;
		uint8_t *copy = malloc(n);

		fuzz_check(copy != NULL);
		memcpy(copy, data + walk->at, n);
		w.at = walk->at;
		rc = walk->step(walk, copy, n, NULL);
		free(copy);
		if (walk->at <= w.at)
			break;
	}
	walk->free(walk);
}

#endif
