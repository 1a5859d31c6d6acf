/* SPDX-License-Identifier: MIT */
#ifndef MV_TENSOR_DIFF_H
#define MV_TENSOR_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/pool.h"
#include "libmv/base/progress.h"
#include "libmv/format/format.h"
#include "libmv/tensor/number.h"

/*
 * diff: which tensors are others, and by how much? Two sides, each of one file
 * or several (shards); a tensor is known by its name. Memory is constant but
 * for the list of what changed, whatever the size of the files; the result is
 * the same whatever the number of threads.
 */
struct mv_tensor_source {
	const struct mv_layout *layout;	/* borrowed, as all of this */
	mv_read_at_fn read;		/* by several threads at once */
	void *payload;
	/* Something that is the same only where the bytes are, without reading
	   them (mv_store_part_names); MV_ENOENT: not known. NULL: never. */
	int (*names)(struct mv_buf *out, void *payload, uint64_t off,
		     uint64_t len, struct mv_err *err);
	/* Is all of this to be had? NULL: yes. */
	int (*has)(void *payload, uint64_t off, uint64_t len);
};

enum mv_tensor_change_kind {
	MV_TENSOR_ADDED, MV_TENSOR_REMOVED, MV_TENSOR_RESHAPED,
	MV_TENSOR_RETYPED, MV_TENSOR_CHANGED,
	MV_TENSOR_UNKNOWN	/* could not be compared; `why` says it */
};

struct mv_tensor_form_of {
	char *dtype;
	uint32_t rank;
	uint64_t *shape;
	uint64_t bytes;
};

struct mv_tensor_change {
	enum mv_tensor_change_kind kind;
	char *name;
	struct mv_tensor_form_of old, new;	/* dtype NULL: not there */
	const char *why;	/* MV_TENSOR_UNKNOWN; static, a word or two */
	int numbers;		/* `delta` has sums; else only `count` and
				   `changed`, of blocks or bytes */
	struct mv_number_delta delta;
};

/* Tensors of one layer ("model.layers.3"), or of what has no number in its
   name: what changed in it. */
struct mv_tensor_layer {
	char *name;
	size_t tensors, changed;
	struct mv_number_delta delta;	/* over those that changed */
};

struct mv_tensor_diff {
	size_t old_count, new_count;
	size_t same, added, removed, reshaped, retyped, changed, unknown;
	uint64_t read, skipped;	/* bytes of tensors of both sides: read, and
				   known to be the same without that */
	int brief;		/* `delta`s were not asked for */
	struct mv_number_delta delta;	/* over all that changed */
	struct mv_tensor_change *v;	/* the largest relative L2 first, then
					   by name; see mv_tensor_change_cmp */
	size_t count;
	struct mv_tensor_layer *layers;	/* by name, numbers as numbers */
	size_t layer_count;
};

enum mv_tensor_diff_flags {
	MV_TENSOR_DIFF_BRIEF = 1 << 0	/* only which changed: reading ends at
					   the first difference */
};

int mv_tensor_diff_run(struct mv_tensor_diff *out,
		       const struct mv_tensor_source *a, size_t a_count,
		       const struct mv_tensor_source *b, size_t b_count,
		       struct mv_pool *pool, unsigned flags,
		       const struct mv_progress *progress, struct mv_err *err);
void mv_tensor_diff_release(struct mv_tensor_diff *diff);

/* Is there anything to tell? */
int mv_tensor_diff_differs(const struct mv_tensor_diff *diff);
/* "added", "removed", "reshaped", "retyped", "changed", "unknown". */
const char *mv_tensor_change_word(enum mv_tensor_change_kind kind);

#endif
