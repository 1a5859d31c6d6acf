/* SPDX-License-Identifier: MIT */
#ifndef MV_TRANSFER_ASKED_H
#define MV_TRANSFER_ASKED_H

#include "libmv/base/err.h"

/*
 * asked: a clone that has none of something does not know whether there is
 * none, or whether it was never brought here. So what a remote said when it
 * was asked is kept, with its name and URL.
 */
struct mv_repo;

#define MV_ASKED_RECORDS "records"
#define MV_ASKED_TAGS "tags"	/* of versions and stages */

/* This remote was asked for all of `what`, and had none, or had some. */
int mv_transfer_asked(struct mv_repo *repo, const char *what,
		      const char *remote, int none, struct mv_err *err);

/*
 * Where none is here: may there be some elsewhere? Not where there is no
 * remote, nor when the default one was asked and had none.
 */
int mv_transfer_may_have(int *yes, struct mv_repo *repo, const char *what,
			 struct mv_err *err);

#endif
