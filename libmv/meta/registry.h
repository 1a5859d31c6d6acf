/* SPDX-License-Identifier: MIT */
#ifndef MV_META_REGISTRY_H
#define MV_META_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/tags.h"

/*
 * registry: the events of artifacts that a repository's tags tell, in their order
 * (docs/format/tags.md), and what they amount to. Who acts on an answer asks
 * meta/holding.h, which also knows when it cannot be told.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
/* One event of the registry: an annotated tag in GTO's grammar. */
struct mv_event {
	struct mv_tag tag;
	char *ref;		/* full ref name */
	char *oid;		/* of the tag object */
	char *commit;		/* hex of what it leads to; "" for no commit */
	size_t order;		/* its place in mv_registry.v */
};
/*
 * Events of one artifact (NULL: all). Lightweight tags and those that lead to
 * no commit are left out and counted. The events' order never depends on the tagger's dates, which anybody can set:
 *
 * 1. What has a counter is in the order of counters; equal ones: what gives
 *    before what takes away, then by the refs' bytes.
 * 2. A registration without one is in the order of Semantic Versioning among
 *    its like, and as late as can be: just before the first event that names
 *    that version, is at its commit, or is a deprecation.
 * 3. An assignment without one is before everything that has one.
 * 4. A deregistration or unassignment without one takes back the first event
 *    that it can, as late as can be: just before the next one that gives the
 *    same, else after all. What was decided in between is not rewritten.
 * 5. A deprecation without one is the last word as long as it exists.
 *
 * Only names and targets of refs are read. Who relies on an event compares
 * mv_git_object_info.name with the ref: a signed tag object can be put under
 * another name (mv_event_is).
 */
struct mv_registry {
	struct mv_event *v;	/* artifact by artifact, each in order */
	size_t count;
	size_t lightweight;	/* of them in `ignored`; the rest have numbers
				   that are too large */
	struct mv_event *ignored;	/* named like events, and none */
	size_t ignored_count;
	struct mv_registry_index *index;
};
#define MV_REGISTRY_INIT { NULL, 0, 0, NULL, 0, NULL }
void mv_registry_release(struct mv_registry *r);
/* It will be loaded soon, by who only looks: git may begin. */
void mv_registry_ahead(struct mv_git *git, const char *artifact);
int mv_registry_load(struct mv_registry *out, struct mv_git *git,
		     const char *artifact, struct mv_err *err);
/* The same from a list of refs that somebody hands in (a hook: the state
   that a push would lead to). */
int mv_registry_from_refs(struct mv_registry *out,
			  const struct mv_git_ref *refs, size_t count,
			  const char *artifact, struct mv_err *err);
/*
 * What follows is borrowed from the registry. A version means the commit of
 * its registration until it is deregistered: registering it again before
 * that changes nothing, wherever the second tag points.
 */
/* Its registration, unless deregistered since; NULL. */
const struct mv_event *mv_registry_version(const struct mv_registry *r,
					   const char *artifact,
					   const char *version);
/* Greatest active version by Semantic Versioning; NULL. */
const struct mv_event *mv_registry_greatest(const struct mv_registry *r,
					    const char *artifact);
/* All active versions, lowest first (`artifact` NULL: artifact by artifact). */
const struct mv_event *const *mv_registry_versions(const struct mv_registry *r,
						   const char *artifact,
						   size_t *count);
/*
 * The assignment that holds the stage now: the last one, unless it was
 * unassigned (at the same commit) since; NULL. What it names is
 * mv_registry_assigned(). Of a stage whose newest tag is none
 * (mv_registry_ignored) nobody is said to hold it, here and in the list: who
 * acts on the answer asks mv_registry_who().
 */
const struct mv_event *mv_registry_holder(const struct mv_registry *r,
					  const char *artifact,
					  const char *stage);
/* Of every stage that is held, by artifact and stage (`artifact` NULL: all). */
const struct mv_event *const *mv_registry_holders(const struct mv_registry *r,
						  const char *artifact,
						  size_t *count);
/* The greatest active version of the artifact at this commit; NULL. */
const struct mv_event *mv_registry_version_at(const struct mv_registry *r,
					      const char *artifact,
					      const char *commit);
/*
 * The version that an assignment (or unassignment) names: `version` when it
 * is active at the same commit, NULL when it is not. With `version` NULL (its
 * message has no trailer Model-Version): _version_at its commit.
 */
const struct mv_event *mv_registry_assigned(const struct mv_registry *r,
					    const struct mv_event *assignment,
					    const char *version);
/* Deprecated, and nothing with a greater counter registered or assigned? The
   deprecation, or NULL. */
const struct mv_event *mv_registry_deprecated(const struct mv_registry *r,
					      const char *artifact);
/* Next counter: the greatest of the artifact's plus one; -1: none is left. */
int64_t mv_registry_next(const struct mv_registry *r, const char *artifact);
/*
 * Names that `tags` bring, and that differ from one of `before` (or of another
 * tag) in the case of letters only: of an artifact, a folder of artifacts, or a
 * stage or version of one. A spelling that was there stays as it is. Each is
 * told once; what `fn` returns, if not 0, ends it.
 */
typedef int (*mv_twin_fn)(void *payload, const char *name, const char *other,
			  struct mv_err *err);
int mv_registry_twins(const struct mv_registry *before,
		      const struct mv_tag *const *tags, size_t count,
		      mv_twin_fn fn, void *payload, struct mv_err *err);
/* Has it any event at all? */
int mv_registry_knows(const struct mv_registry *r, const char *artifact);
/* Does the tag object say the same name as the ref that holds it? */
int mv_event_is(const struct mv_event *event,
		const struct mv_git_object_info *info);

#endif
