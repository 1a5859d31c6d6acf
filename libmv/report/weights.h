/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_WEIGHTS_H
#define MV_REPORT_WEIGHTS_H

#include <stddef.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/json.h"
#include "libmv/report/text.h"
#include "libmv/tensor/diff.h"

/*
 * weights: which tensors are others, and by how much. Names are a file's own
 * and made safe. `top`: how many tensors; 0: MV_WEIGHTS_TOP, or all with
 * MV_STYLE_ALL.
 */
#define MV_WEIGHTS_TOP 10

/* A summary line, then a table. */
int mv_weights_text(struct mv_buf *out, const struct mv_tensor_diff *d,
		    size_t top, const struct mv_style *style,
		    struct mv_err *err);
/* All tensors, with `top` the first so many. */
struct mv_json *mv_weights_json(const struct mv_tensor_diff *d, size_t top);

#endif
