/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdlib.h>
#include <string.h>

int mv_read_exactly(mv_read_at_fn fn, void *payload, uint64_t size,
		    uint64_t off, void *data, size_t len, struct mv_err *err)
{
	size_t have = 0, got;

	if (off > size || len > size - off)
		return mv_fail(err, MV_EINVALID,
			       "the file ends before its parts do");
	while (have < len) {
		int rc = fn(payload, off + have, (uint8_t *)data + have,
			    len - have, &got, err);

		if (rc < 0)
			return rc;
		if (!got || got > len - have)
			return mv_fail(err, MV_EIO,
				       "the file became shorter while it was read");
		have += got;
	}
	return 0;
}

static int list_found(void *payload, const struct mv_tensor *t,
		      struct mv_err *err)
{
	return mv_layout_copy(payload, t, t->name, strlen(t->name), err);
}

/* What is read: places that follow each other closely are read at once. */
struct window {
	mv_read_at_fn fn;
	void *payload;
	uint64_t size;		/* of the file */
	uint8_t *data;		/* WINDOW bytes */
	uint64_t at;
	size_t len;
};

#define WINDOW (4u * MV_LOOK_MAX)

static int look_at(struct window *w, uint64_t at, const uint8_t **data,
		   size_t *len, struct mv_err *err)
{
	uint64_t left = w->size - at;
	size_t want = left < MV_LOOK_MAX ? (size_t)left : MV_LOOK_MAX;
	int near = at >= w->at && at - w->at <= w->len;
	int rc = 0;

	if (!near || w->len - (size_t)(at - w->at) < want) {
		size_t n = near && w->len ? WINDOW : want;

		w->at = at;
		w->len = left < n ? (size_t)left : n;
		rc = mv_read_exactly(w->fn, w->payload, w->size, at, w->data,
				     w->len, err);
	}
	*data = w->data + (at - w->at);
	*len = want;
	return rc;
}

static int walk_all(struct mv_walk *walk, struct window *w, struct mv_err *err)
{
	int rc = 0;

	while (!rc && walk->at < w->size) {
		uint64_t at = walk->at;
		const uint8_t *data;
		size_t len;

		rc = look_at(w, at, &data, &len, err);
		if (!rc)
			rc = walk->step(walk, data, len, err);
		if (!rc && walk->at <= at)
			rc = mv_fail(err, MV_EINVALID,
				     "a part of the file has no length");
	}
	if (!rc && walk->at > w->size && walk->at != UINT64_MAX)
		rc = mv_fail(err, MV_EINVALID,
			     "the file ends before its parts do");
	return rc;
}

int mv_walk_list(struct mv_layout *out, const struct mv_walker *walker,
		 mv_read_at_fn fn, void *payload, uint64_t size,
		 struct mv_err *err)
{
	struct window w = { .fn = fn, .payload = payload, .size = size };
	struct mv_walk *walk = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	out->format = walker->name;
	w.data = malloc(WINDOW);
	rc = w.data ? walker->open(&walk, err) : mv_nomem(err);
	if (!rc) {
		walk->file_size = size;
		walk->layout = out;
		walk->found = list_found;
		walk->payload = out;
		rc = walk_all(walk, &w, err);
	}
	if (!rc)
		rc = mv_layout_note_twice(out, err);
	if (!rc)
		mv_layout_sort(out);
	if (walk)
		walk->free(walk);
	free(w.data);
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}

int mv_member_array(struct mv_tensor *out, struct mv_layout *layout,
		    const uint8_t *data, size_t len, uint64_t size,
		    struct mv_err *err)
{
	struct mv_head head = { data, len, UINT64_MAX, 1, 0 };
	int rc;

	memset(layout, 0, sizeof(*layout));
	if (len < MV_BID_BYTES || !mv_format_npy.bid(data, MV_BID_BYTES))
		return 0;
	rc = mv_format_npy.parse(layout, &head, err);
	if (!rc) {
		*out = layout->tensors[0];
		if (layout->note_count ||	/* objects: of no length */
		    (size != UINT64_MAX && out->offset + out->length != size))
			rc = MV_EINVALID;
	}
	if (rc < 0)
		mv_layout_release(layout);
	return rc == MV_ENOMEM ? rc : !rc;
}
