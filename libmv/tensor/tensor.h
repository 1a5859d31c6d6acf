/* SPDX-License-Identifier: MIT */
#ifndef MV_TENSOR_TENSOR_H
#define MV_TENSOR_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/stream.h"
#include "libmv/format/format.h"

/*
 * tensor: what are the numbers in it? One tensor out of a file whose layout
 * is known (format.h), as bytes or as a .npy. Only its own bytes are read.
 *
 * Pure but for the callback that reads; no state, any thread.
 */

/* May this tensor be read out of this file? MV_ENOTSUP says why not (packed in
   its container; in another file). */
int mv_tensor_readable(const struct mv_tensor *t, struct mv_err *err);

/*
 * The one of that name. MV_ENOENT names the nearest one, MV_EINVALID: there
 * are several.
 */
int mv_tensor_find(const struct mv_tensor **out,
		   const struct mv_layout *layout, const char *name,
		   struct mv_err *err);

/* Does a pattern of fnmatch() mean it? "*" goes over dots. */
int mv_tensor_matches(const struct mv_tensor *t, const char *pattern);

enum mv_tensor_form {
	MV_TENSOR_RAW,		/* its bytes, row after row, as they are */
	MV_TENSOR_NPY,		/* the same behind a header of NumPy's */
	MV_TENSOR_NPY_FLOAT32	/* each number as float32, little-endian */
};

/*
 * Stream it. MV_ENOTSUP: NumPy has no such dtype (bf16, float8, quantised
 * blocks), or float32 would not hold all of its values (f64, 32 and 64-bit
 * integers); or a tensor with holes has more than MV_TENSOR_HOLES_MAX bytes,
 * which are brought into order in memory.
 */
#define MV_TENSOR_HOLES_MAX ((uint64_t)256 << 20)
int mv_tensor_write(struct mv_writer *out, const struct mv_tensor *t,
		    enum mv_tensor_form form, mv_read_at_fn fn, void *payload,
		    struct mv_err *err);

/*
 * All of its elements, row after row, into fresh memory; *len is theirs. For
 * tensors with holes (t->stride), as above.
 */
int mv_tensor_gather(uint8_t **out, size_t *len, const struct mv_tensor *t,
		     mv_read_at_fn fn, void *payload, struct mv_err *err);

/* Exactly `len` bytes at `off`, or MV_EIO. */
int mv_tensor_read_exact(mv_read_at_fn fn, void *payload, uint64_t off,
			 void *data, size_t len, struct mv_err *err);

#endif
