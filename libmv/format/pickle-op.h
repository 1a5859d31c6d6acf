/* SPDX-License-Identifier: MIT */
#ifndef MV_FORMAT_PICKLE_OP_H
#define MV_FORMAT_PICKLE_OP_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * One opcode of a pickle with its argument, of all protocols up to 5; private.
 * What it does is pickle.c's.
 */
struct mv_pickle_op {
	uint8_t code;
	uint8_t bare;		/* it has no argument */
	uint64_t number;
	const char *text;	/* what is here of it */
	size_t text_len;
	int cut;
	const char *text2;	/* the second line */
	size_t text2_len;
	uint64_t size;		/* of opcode and argument */
};

/*
 * The opcode at the beginning of `data`, which is what is here; `pos` is where
 * that stands in the pickle, for messages. 1: it is read; 0: not all of it that
 * must be is here; MV_EINVALID: none has this code, or a line or text is too
 * long. `text` points into `data`.
 */
int mv_pickle_op_read(struct mv_pickle_op *op, const uint8_t *data, size_t len,
		      uint64_t pos, struct mv_err *err);

#endif
