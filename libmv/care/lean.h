/* SPDX-License-Identifier: MIT */
#ifndef MV_CARE_LEAN_H
#define MV_CARE_LEAN_H

#include "libmv/format/format.h"
#include "libmv/store/store.h"

/* Which tensors of one content are those of another: for gc alone. */
struct mv_repo;

/*
 * Runs of `of`, in order of offset, whose numbers stand in `base` under the
 * same name, with the same type and shape; free(*out). *bytes is how many
 * bytes they have together.
 */
int mv_care_lean_runs(struct mv_lean_run **out, size_t *count, uint64_t *bytes,
		      const struct mv_layout *of, const struct mv_layout *base,
		      struct mv_err *err);

/* options.leans of mv_store_gc(); `payload` is the struct mv_repo. */
int mv_care_leans(void *payload, struct mv_gc_leaner *leaner,
		  struct mv_err *err);

#endif
