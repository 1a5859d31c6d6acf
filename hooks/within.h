/* SPDX-License-Identifier: MIT */
#ifndef HOOKS_WITHIN_H
#define HOOKS_WITHIN_H

#include <stdint.h>

#include "libmv/base/err.h"

/*
 * Work that has a time, and is ended when that is up, wherever it is: in a
 * process of its own, with everything that it starts. To be called before
 * there are threads or children.
 */
struct mv_within_work {
	int fd;
};
enum mv_within {
	MV_WITHIN_WORK,		/* this is the process that does it */
	MV_WITHIN_DONE,		/* it is done; *status is its exit status */
	MV_WITHIN_LATE,		/* it was ended */
	MV_WITHIN_FAILED	/* there is none; `err` says why */
};
enum mv_within mv_within_begin(struct mv_within_work *work, int *status,
			       struct mv_err *err);
/* The worker says how long it may take from now on, in ms (0: as long as it
   likes); until then nobody counts. Once. */
int mv_within_limit(const struct mv_within_work *work, int64_t ms,
		    struct mv_err *err);

#endif
