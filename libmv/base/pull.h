/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_PULL_H
#define MV_BASE_PULL_H

#include <stddef.h>

#include "libmv/base/buf.h"
#include "libmv/base/stream.h"

/*
 * What a stream yields, as far as the next thing in it reaches: a line, a row
 * of a table, a record. Memory is that of the longest of them, up to a
 * maximum, whatever the length of the stream.
 */
struct mv_pull {
	struct mv_reader in;
	struct mv_buf held;
	size_t at;		/* where in `held` the next thing begins */
	size_t max;		/* bytes that may be asked for at once */
	int ended;		/* the stream; `held` may have more */
};
void mv_pull_init(struct mv_pull *p, struct mv_reader in, size_t max);
void mv_pull_release(struct mv_pull *p);
/* Forget what is held: the stream was set back to its beginning. */
void mv_pull_reset(struct mv_pull *p);

/*
 * At least `len` bytes, or all that come until the end. MV_ENOMEM: more than
 * the maximum. What was held before has moved.
 */
int mv_pull_need(struct mv_pull *p, size_t len, struct mv_err *err);
/* What is held, until the next call. */
const char *mv_pull_data(const struct mv_pull *p);
size_t mv_pull_len(const struct mv_pull *p);
void mv_pull_skip(struct mv_pull *p, size_t len);

/*
 * The next line without its LF, valid until the next call: 1, or 0 at the
 * end. MV_ENOMEM: it is longer than the maximum.
 */
int mv_pull_line(const char **line, size_t *len, struct mv_pull *p,
		 struct mv_err *err);

#endif
