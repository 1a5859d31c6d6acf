/* SPDX-License-Identifier: MIT */
#ifndef MV_META_VERSION_H
#define MV_META_VERSION_H

#include "libmv/base/err.h"

/*
 * version: "v1.2.3-rc.1", their order and the next one.
 */

/* Semantic Versioning 2.0 with a leading "v"; numbers of any length. Compares
   by precedence, build metadata last by bytes, so that the order is total. */
int mv_version_ok(const char *version);
int mv_version_cmp(const char *a, const char *b);
enum mv_bump { MV_BUMP_PATCH, MV_BUMP_MINOR, MV_BUMP_MAJOR };
/* The next one; `from` NULL: v0.0.1, v0.1.0, v1.0.0. *out is yours. */
int mv_version_bump(char **out, const char *from, enum mv_bump bump,
		    struct mv_err *err);

#endif
