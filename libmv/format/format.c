/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"

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

static int is_zip(const uint8_t *head, size_t len)
{
	return len >= 4 && (!memcmp(head, "PK\3\4", 4) ||
			    !memcmp(head, "PK\5\6", 4));
}

/* Its first bytes are a name, which may begin like another format. */
static int is_tar(const uint8_t *head, size_t len)
{
	return mv_walker_for(head, len) == &mv_walker_tar;
}

/* What has no header that says it all. */
static int list_other(struct mv_layout *out, const uint8_t *head, size_t len,
		      mv_read_at_fn fn, void *payload, uint64_t size,
		      struct mv_err *err)
{
	const struct mv_walker *walker = mv_walker_for(head, len);
	int rc;

	if (is_zip(head, len))
		return mv_zip_list(out, fn, payload, size, err);
	rc = mv_recognise(out, head, len, err);
	if (rc != MV_ENOENT)
		return rc;
	if (walker == &mv_walker_parquet)
		return mv_parquet_list(out, fn, payload, size, err);
	if (walker)
		return mv_walk_list(out, walker, fn, payload, size, err);
	return mv_shards_list(out, head, len, fn, payload, size, err);
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
	if (rc == MV_ENOENT || (rc == MV_EINVALID && is_tar(head, have)))
		rc = list_other(out, head, have, fn, payload, size, err);
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

static struct mv_run *run_add(struct mv_runs *out, const struct mv_tensor *t,
			      struct mv_err *err)
{
	struct mv_run *run;

	if (MV_GROW(out->run, out->alloc, out->count + 1, err) < 0)
		return NULL;
	run = &out->run[out->count++];
	run->offset = t->offset;
	run->length = t->length;
	run->unit = t->unit && t->unit <= 4096 ? t->unit : 1;
	run->plane = plane_of(t);
	return run;
}

/* What is not numbers is cut by content, but anew where it begins. */
static int member_run(struct mv_runs *out, const struct mv_tensor *t,
		      struct mv_err *err)
{
	struct mv_run *run;

	run = run_add(out, t, err);
	if (!run)
		return MV_ENOMEM;
	run->unit = 0;
	return 0;
}

static int runs_of(struct mv_runs *out, const struct mv_layout *layout,
		   struct mv_err *err)
{
	int small = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct mv_tensor *t = &layout->tensors[i];

		if (!t->length)
			continue;
		if (out->count && joins(&out->run[out->count - 1], small, t)) {
			format_join(&out->run[out->count - 1], t);
			continue;
		}
		if (!run_add(out, t, err))
			return MV_ENOMEM;
		small = t->length < SMALL;
	}
	return 0;
}

/* -- the same of what is read along --------------------------------------- */

struct along {
	struct mv_scout scout;
	struct mv_walk *walk;
	struct mv_runs *out;
	uint64_t end;		/* of the last run */
};

static int along_found(void *payload, const struct mv_tensor *t,
		       struct mv_err *err)
{
	struct along *a = payload;

	/* with headers between them, small ones are like nothing else */
	if (t->length < SMALL || t->offset < a->end ||
	    t->length > INT64_MAX - t->offset)
		return 0;
	a->end = t->offset + t->length;
	if (t->dtype == MV_DTYPE_FILE)
		return member_run(a->out, t, err);
	return run_add(a->out, t, err) ? 0 : MV_ENOMEM;
}

static int along_look(struct mv_scout *scout, struct mv_runs *out,
		      const uint8_t *data, size_t len, struct mv_err *err)
{
	struct along *a = (struct along *)scout;
	int rc;

	a->out = out;
	rc = a->walk->step(a->walk, data, len, err);
	scout->at = rc < 0 ? UINT64_MAX : a->walk->at;
	return rc == MV_ENOMEM ? rc : 0;
}

static void along_free(struct mv_scout *scout)
{
	struct along *a = (struct along *)scout;

	a->walk->free(a->walk);
	free(a);
}

static int along_new(struct mv_runs *out, const struct mv_walker *walker,
		     struct mv_err *err)
{
	struct along *a = calloc(1, sizeof(*a));
	int rc;

	if (!a)
		return mv_nomem(err);
	rc = walker->open(&a->walk, err);
	if (rc < 0) {
		free(a);
		return rc;
	}
	a->walk->file_size = UINT64_MAX;
	a->walk->found = along_found;
	a->walk->payload = a;
	a->scout.at = a->walk->at;
	a->scout.want = MV_LOOK_MAX;
	a->scout.look = along_look;
	a->scout.free = along_free;
	out->scout = &a->scout;
	return 0;
}

/* No header says it all, or it is wrong: is it something that is read along? */
static int scout_of(struct mv_runs *out, size_t *need, const uint8_t *head,
		    size_t len, int eof, int wrong, struct mv_err *err)
{
	const struct mv_walker *walker;

	if (len < MV_BID_AHEAD && !eof) {
		*need = MV_BID_AHEAD;
		return mv_fail(err, MV_EBUSY, "more of the head is needed");
	}
	walker = mv_walker_for(head, len);
	if (!walker || (wrong && walker != &mv_walker_tar))
		return 0;
	return along_new(out, walker, err);
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
		return scout_of(out, need, head, len, eof, rc != MV_ENOENT,
				err);
	rc = runs_of(out, &layout, err);
	mv_layout_release(&layout);
	return rc;
}
