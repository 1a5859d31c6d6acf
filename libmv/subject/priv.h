/* SPDX-License-Identifier: MIT */
#ifndef MV_SUBJECT_PRIV_H
#define MV_SUBJECT_PRIV_H

#include "libmv/meta/facts.h"
#include "libmv/repo/state.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"

/* What the files of subject share. */

/* "sha256:<hex>" or at least 7 digits of it; MV_ENOENT. */
int mv_subject_by_oid(struct mv_subject *out, struct mv_repo *repo,
		      const char *spec, struct mv_err *err);

/* Is anything at this path of the work tree? */
int mv_subject_lies_there(struct mv_repo *repo, const char *path);

/* NULL: there is none of that name. */
const char *mv_subject_trailer(const struct mv_facts *trailers,
			       const char *key);

#endif
