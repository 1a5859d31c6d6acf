/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- reading the head ----------------------------------------------------- */

static int read_head(uint8_t **head, size_t *have, size_t want,
		     mv_read_at_fn fn, void *payload, struct mv_err *err)
{
	uint8_t *p = realloc(*head, want ? want : 1);

	if (!p)
		return mv_nomem(err);
	*head = p;
	while (*have < want) {
		size_t got = 0;
		int rc = fn(payload, *have, p + *have, want - *have, &got,
			    err);

		if (rc < 0)
			return rc;
		if (!got || got > want - *have)
			return mv_fail(err, MV_EIO,
				       "the file became shorter while it was read");
		*have += got;
	}
	return 0;
}

int mv_format_parse_at(struct mv_layout *out, mv_read_at_fn fn, void *payload,
		       uint64_t size, struct mv_err *err)
{
	uint64_t need = size < 65536 ? size : 65536;
	uint8_t *head = NULL;
	size_t have = 0;
	int rc;

	memset(out, 0, sizeof(*out));
	do {
		rc = read_head(&head, &have, (size_t)need, fn, payload, err);
		if (rc < 0)
			goto out;
		rc = mv_format_parse(out, &need, head, have, size, err);
	} while (rc == MV_EBUSY && need > have);
	if (rc == MV_ENOENT && have >= 4 && !memcmp(head, "PK\3\4", 4))
		rc = mv_npz_list(out, fn, payload, size, err);
out:
	free(head);
	return rc;
}

/* -- cut hints: docs/format/chunking.md has these rules, final ------------ */

#define SMALL 4096u		/* a tensor of this size has its own run */
#define JOINED_MAX 65536u	/* a run of smaller ones is not longer */

/* Bytes that belong together; rotated planes want little-endian numbers. */
static enum mv_plane plane_of(const struct mv_tensor *t)
{
	switch (t->dtype) {
	case MV_DTYPE_BF16:
		return t->big_endian ? MV_PLANE_B16 : MV_PLANE_BF16;
	case MV_DTYPE_F16:
	case MV_DTYPE_I16:
	case MV_DTYPE_U16:
		return MV_PLANE_B16;
	case MV_DTYPE_F32:
		return t->big_endian ? MV_PLANE_B32 : MV_PLANE_F32;
	case MV_DTYPE_I32:
	case MV_DTYPE_U32:
	case MV_DTYPE_C64:
		return MV_PLANE_B32;
	case MV_DTYPE_F64:
		return t->big_endian ? MV_PLANE_B64 : MV_PLANE_F64;
	case MV_DTYPE_I64:
	case MV_DTYPE_U64:
	case MV_DTYPE_C128:
		return MV_PLANE_B64;
	default:
		return MV_PLANE_NONE;
	}
}

static uint32_t plane_width(enum mv_plane plane)
{
	switch (plane) {
	case MV_PLANE_B16:
	case MV_PLANE_BF16:
		return 2;
	case MV_PLANE_B32:
	case MV_PLANE_F32:
		return 4;
	case MV_PLANE_B64:
	case MV_PLANE_F64:
		return 8;
	default:
		return 1;
	}
}

/* May the small tensor `t` become part of the run before it? */
static int joins(const struct mv_run *last, int last_small,
		 const struct mv_tensor *t)
{
	uint64_t end = last->offset + last->length;

	return last_small && t->length < SMALL && t->offset - end < SMALL &&
	       t->offset + t->length - last->offset <= JOINED_MAX;
}

static void format_join(struct mv_run *run, const struct mv_tensor *t)
{
	enum mv_plane plane = plane_of(t);

	if (run->unit != t->unit)
		run->unit = 1;
	if (run->plane != plane ||
	    (t->offset - run->offset) % plane_width(plane))
		run->plane = MV_PLANE_NONE;
	run->length = t->offset + t->length - run->offset;
}

static int runs_of(struct mv_runs *out, const struct mv_layout *layout,
		   struct mv_err *err)
{
	int small = 0;

	if (!layout->count)
		return 0;
	out->run = calloc(layout->count, sizeof(*out->run));
	if (!out->run)
		return mv_nomem(err);
	for (size_t i = 0; i < layout->count; i++) {
		const struct mv_tensor *t = &layout->tensors[i];
		struct mv_run *run;

		if (!t->length)
			continue;
		if (out->count && joins(&out->run[out->count - 1], small, t)) {
			format_join(&out->run[out->count - 1], t);
			continue;
		}
		run = &out->run[out->count++];
		run->offset = t->offset;
		run->length = t->length;
		run->unit = t->unit && t->unit <= 4096 ? t->unit : 1;
		run->plane = plane_of(t);
		small = t->length < SMALL;
	}
	return 0;
}

int mv_format_runs(struct mv_runs *out, size_t *need, const uint8_t *head,
		   size_t len, int eof, struct mv_err *err)
{
	struct mv_head h = { head, len, UINT64_MAX, 1, 0 };
	struct mv_layout layout;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_head_parse(&layout, &h, err);
	if (rc == MV_EBUSY && !eof) {
		*need = (size_t)h.need;
		return rc;
	}
	if (rc == MV_ENOMEM)
		return rc;
	if (rc < 0)
		return 0;
	rc = runs_of(out, &layout, err);
	mv_layout_release(&layout);
	return rc;
}
