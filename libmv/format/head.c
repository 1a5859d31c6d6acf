/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>

int mv_head_need(struct mv_head *head, uint64_t pos, uint64_t len,
		 uint64_t cap, int guess, struct mv_err *err)
{
	uint64_t end;

	if (__builtin_add_overflow(pos, len, &end) || end > head->file_size)
		return mv_fail(err, MV_EINVALID,
			       "the file ends inside its header");
	if (end > cap)
		return mv_fail(err, MV_EINVALID,
			       "the header is longer than %" PRIu64 " bytes",
			       cap);
	if (end <= head->len)
		return 0;
	if (guess && end < 2 * (uint64_t)head->len)
		end = 2 * (uint64_t)head->len;
	if (end > cap)
		end = cap;
	head->need = end < head->file_size ? end : head->file_size;
	return mv_fail(err, MV_EBUSY, "more of the header is needed");
}
