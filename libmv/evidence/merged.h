/* SPDX-License-Identifier: MIT */
#ifndef MV_EVIDENCE_MERGED_H
#define MV_EVIDENCE_MERGED_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/store/pointer.h"

/* merged: how a content came to be that a merge made of two others. */
struct mv_repo;

struct mv_evidence_merge {
	const char *path;		/* from the top of the work tree */
	struct mv_pointer result, base, ours, theirs;
	const char *rule;		/* or NULL */
	size_t same, from_ours, from_theirs, averaged, ruled;	/* tensors */
	const char *list;		/* of them, to be attached; or "" */
};

/*
 * Record it on the result, whose pointer becomes an object of git: the three
 * contents as its data (roles "base", "ours", "theirs"), the rest as its
 * source. `now` is milliseconds since 1970. Names are those of HEAD's config.
 */
int mv_evidence_merged(struct mv_repo *repo,
		       const struct mv_evidence_merge *merge, int64_t now,
		       struct mv_err *err);

#endif
