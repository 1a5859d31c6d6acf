/* SPDX-License-Identifier: MIT */
#ifndef MV_META_HOLDING_H
#define MV_META_HOLDING_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/near.h"
#include "libmv/meta/registry.h"

/*
 * holding: who holds a stage, and which event registered a version, for every
 * command that acts on the answer; and the names that are near a mistyped one.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
/*
 * "; did you mean ...?" (see base/near.h) for a stage that no event of the
 * artifact (NULL: of any) names, and for a version that is not active; "" when
 * nothing is near, or the stage is only held by nobody now. Returns `out`.
 */
const char *mv_registry_near_stage(char out[MV_NEAREST_WORDS],
				   const struct mv_registry *r,
				   const char *artifact, const char *stage);
const char *mv_registry_near_version(char out[MV_NEAREST_WORDS],
				     const struct mv_registry *r,
				     const char *artifact,
				     const char *version);
/*
 * A tag that is no event, and would be the newest of this stage (`stage` NULL:
 * the greatest version, or `version` itself): what the others say is not to be
 * relied on then. NULL: there is none.
 */
const struct mv_event *mv_registry_ignored(const struct mv_registry *r,
					   const char *artifact,
					   const char *stage,
					   const char *version);
/*
 * The same for what the event `tag` of the artifact was decided on: a tag that
 * is no event, and would stand between `tag` and the last one of this stage
 * before it. NULL: there is none.
 */
const struct mv_event *mv_registry_ignored_before(const struct mv_registry *r,
						  const char *stage,
						  const struct mv_event *tag);
/* MV_EDENIED: why a tag of mv_registry_ignored() is none, and what brings it. */
int mv_registry_refuse_ignored(const struct mv_event *e, struct mv_err *err);
/*
 * Who holds the stage, and which event registered the version (NULL: the
 * greatest)? For every command that acts on the answer (holding.c): 0 and NULL
 * is nobody, MV_EDENIED that it cannot be told.
 */
int mv_registry_who(const struct mv_event **out, const struct mv_registry *r,
		    const char *artifact, const char *stage,
		    struct mv_err *err);
int mv_registry_which(const struct mv_event **out,
		      const struct mv_registry *r, const char *artifact,
		      const char *version, struct mv_err *err);
/* From *at (0 first) on, the next tag that keeps a stage (NULL: any) of the
   artifact (NULL: of any) from being known; NULL: there is no more. */
const struct mv_event *mv_registry_in_doubt(const struct mv_registry *r,
					    const char *artifact,
					    const char *stage, size_t *at);

#endif
