/* SPDX-License-Identifier: MIT */
#ifndef MV_TENSOR_MERGE_H
#define MV_TENSOR_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/stream.h"
#include "libmv/tensor/diff.h"

/*
 * merge: two changes of one file, tensor by tensor. What only one side changed
 * is taken from there; what both changed alike is no question; what both
 * changed differently is a clash, unless a rule says what to do.
 *
 * What stands around the tensors (header, metadata, padding) is the frame. It
 * comes whole from one side: only one may have changed it, or both alike. So
 * added, removed, reshaped and renamed tensors come from one side, too. The
 * result has its size. Only formats are merged of which no byte depends on the
 * tensors' bytes (mv_tensor_merges): a zip has checksums.
 */
struct mv_tensor_merge_file {
	struct mv_tensor_source source;
	uint64_t size;
};

enum mv_tensor_rule {
	MV_TENSOR_RULE_NONE, MV_TENSOR_RULE_OURS, MV_TENSOR_RULE_THEIRS,
	MV_TENSOR_RULE_AVERAGE
};

enum mv_tensor_pick {
	MV_TENSOR_PICK_SAME, MV_TENSOR_PICK_OURS, MV_TENSOR_PICK_THEIRS,
	MV_TENSOR_PICK_AVERAGE
};

struct mv_tensor_piece {
	const struct mv_tensor *frame;	/* its place in the result */
	const struct mv_tensor *ours, *theirs;	/* NULL: not there */
	enum mv_tensor_pick pick;
	int ruled;			/* both had changed it */
};

struct mv_tensor_clash {
	const char *name;		/* borrowed from a layout */
	const char *why;		/* static, a few words */
};

struct mv_tensor_merge {
	const char *refused;	/* why this is no question of tensors, or the
				   frame is one; static. NULL: it is merged,
				   or there are clashes */
	struct mv_tensor_clash *clash;	/* by name */
	size_t clashes;
	int frame;		/* MV_TENSOR_PICK_OURS or _THEIRS: whose it is */
	struct mv_tensor_piece *piece;	/* in the order of the frame */
	size_t count;
	size_t same, ours, theirs, averaged, ruled;
	uint64_t size;		/* of the result */
	struct mv_tensor_merge_file side[3];	/* base, ours, theirs; copied */
};

/* Are files of this format (mv_layout.format) merged by tensors? */
int mv_tensor_merges(const char *format);

/* "ours", "theirs", "average"; MV_EINVALID. */
int mv_tensor_rule_parse(enum mv_tensor_rule *out, const char *word);
const char *mv_tensor_rule_word(enum mv_tensor_rule rule);

/* What a merge would be. The files must last as long as it does. 0 also where
   it cannot be done: see `refused` and `clash`. */
int mv_tensor_merge_plan(struct mv_tensor_merge *out,
			 const struct mv_tensor_merge_file *base,
			 const struct mv_tensor_merge_file *ours,
			 const struct mv_tensor_merge_file *theirs,
			 enum mv_tensor_rule rule, struct mv_err *err);
void mv_tensor_merge_release(struct mv_tensor_merge *merge);

/* The result, from its beginning to its end. */
struct mv_tensor_merge_reader {
	const struct mv_tensor_merge *merge;
	uint64_t pos;
	size_t piece;		/* the first that ends behind `pos` */
	uint8_t *mean;		/* of two: a block, and the two of it */
	uint64_t mean_at;
	size_t mean_len;
};
struct mv_reader mv_tensor_merge_read(struct mv_tensor_merge_reader *state,
				      const struct mv_tensor_merge *merge);
void mv_tensor_merge_reader_release(struct mv_tensor_merge_reader *state);

#endif
