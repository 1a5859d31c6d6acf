/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"

/*
 * Who holds a stage, and which version is the latest, for whoever acts on the
 * answer: when a tag that would be newer than all others is no event here,
 * there is none. A CI checkout makes a bare commit of the tag that it was
 * started by; what that tag said is not known then, and the one before it is
 * no answer.
 */
#define TAGS "refs/tags/"

int mv_registry_refuse_ignored(const struct mv_event *e, struct mv_err *err)
{
	const char *name = e->ref + strlen(TAGS);
	struct mv_tag tag;
	int rc = mv_tag_parse(&tag, name, NULL);

	if (rc)
		return mv_fail(err, MV_EDENIED, "tag '%s' has a number that "
			       "is too large: whether it counts cannot be "
			       "told; delete it", name);
	mv_tag_release(&tag);
	return mv_fail(err, MV_EDENIED, "tag '%s' is no annotated tag here (a "
		       "CI checkout may have made it a bare commit), so what "
		       "it decided is not known; git model fetch brings it, "
		       "or delete it", name);
}

/* The answer, unless what is left out may be another one. */
static int unless(const struct mv_event **out, const struct mv_event *e,
		  const struct mv_event *ignored, struct mv_err *err)
{
	*out = ignored ? NULL : e;
	return ignored ? mv_registry_refuse_ignored(ignored, err) : 0;
}

int mv_registry_who(const struct mv_event **out, const struct mv_registry *r,
		    const char *artifact, const char *stage,
		    struct mv_err *err)
{
	return unless(out, mv_registry_holder(r, artifact, stage),
		      mv_registry_ignored(r, artifact, stage, NULL), err);
}

int mv_registry_which(const struct mv_event **out,
		      const struct mv_registry *r, const char *artifact,
		      const char *version, struct mv_err *err)
{
	return unless(out, version ? mv_registry_version(r, artifact, version) :
		      mv_registry_greatest(r, artifact),
		      mv_registry_ignored(r, artifact, NULL, version), err);
}

const struct mv_event *mv_registry_in_doubt(const struct mv_registry *r,
					    const char *artifact,
					    const char *stage, size_t *at)
{
	while (*at < r->ignored_count) {
		const struct mv_event *e = &r->ignored[(*at)++];

		if (e->tag.stage &&
		    (!artifact || !strcmp(e->tag.artifact, artifact)) &&
		    (!stage || !strcmp(e->tag.stage, stage)) &&
		    mv_registry_ignored(r, e->tag.artifact, e->tag.stage,
					NULL) == e)
			return e;
	}
	return NULL;
}
