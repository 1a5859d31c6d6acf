/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_RUNS_H
#define MV_BASE_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * Cut hints: what `format` knows about a file and `store` needs to know,
 * and nothing more. The rules that make them (docs/format/chunking.md) are
 * part of the store's format: they may be added to, never changed, because
 * a changed boundary is content stored twice.
 *
 * Runs are sorted by offset, do not overlap and are not empty; what lies
 * between them is cut by content. Inside a run, chunks restart at its
 * beginning and are fixed pieces of MV_RUN_PIECE rounded down to a multiple
 * of `unit`; a run of unit 0 is cut by content, anew from its beginning.
 * `plane` says how its bytes are best split for compression; it never decides
 * a boundary.
 */
enum mv_plane {
	MV_PLANE_NONE,		/* bytes without known structure */
	MV_PLANE_B16,		/* two byte planes: f16, i16, u16 */
	MV_PLANE_BF16,		/* exponent | sign and mantissa */
	MV_PLANE_B32,		/* four byte planes: i32, u32, complex */
	MV_PLANE_F32,		/* four, after a rotation that joins the exponent */
	MV_PLANE_B64,		/* eight */
	MV_PLANE_F64		/* eight, after a rotation by four */
};

#define MV_RUN_PIECE (128u * 1024)
#define MV_RUN_HEAD_MAX (16u * 1024 * 1024)	/* longer heads: no hints */

struct mv_run {
	uint64_t offset;
	uint64_t length;
	uint32_t unit;		/* 1 .. 4096, or 0: by content */
	enum mv_plane plane;
};

struct mv_scout;

struct mv_runs {
	struct mv_run *run;	/* malloc'ed; mv_runs_release() */
	size_t count;
	size_t alloc;
	struct mv_scout *scout;	/* finds more of them; NULL: these are all */
};

/*
 * Archives say what a part is, and how long, where that part begins. A scout
 * goes from one such place to the next, ahead of the cutter.
 *
 * `look` is shown the `want` bytes at `at` (fewer only where the content
 * ends). It adds runs that begin at `at` or later, and names the next place,
 * which lies behind this one; UINT64_MAX: there are no more. What it cannot
 * read is no error, it is the end of the runs. 0, or MV_ENOMEM.
 */
#define MV_LOOK_MAX (64u * 1024)

struct mv_scout {
	uint64_t at;
	size_t want;		/* 1 .. MV_LOOK_MAX */
	int (*look)(struct mv_scout *scout, struct mv_runs *out,
		    const uint8_t *data, size_t len, struct mv_err *err);
	void (*free)(struct mv_scout *scout);
};

void mv_runs_release(struct mv_runs *runs);	/* and its scout */

/*
 * Asked with a growing head of the content until it answers:
 * 0            *out is filled; count 0 means "no hints"
 * MV_EBUSY     ask again with *need bytes of head, or with `eof`
 * MV_ENOMEM    the only real error
 * `eof` says that `head` is the whole content. Never looks at anything but
 * the head (and what its scout is shown), so that a stream and a file are cut
 * alike.
 */
typedef int (*mv_runs_fn)(struct mv_runs *out, size_t *need,
			  const uint8_t *head, size_t len, int eof,
			  struct mv_err *err);

#endif
