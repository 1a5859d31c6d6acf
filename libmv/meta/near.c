/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"

/*
 * What was meant by a name that is not there: of what an artifact's tags say
 * (or those of all), the nearest.
 */
static int is_of(const struct mv_tag *t, const char *artifact)
{
	return !artifact || !strcmp(t->artifact, artifact);
}

const char *mv_registry_near_stage(char out[MV_NEAREST_WORDS],
				   const struct mv_registry *r,
				   const char *artifact, const char *stage)
{
	struct mv_nearest near = MV_NEAREST_INIT(stage);

	for (size_t i = 0; i < r->count; i++) {
		const struct mv_tag *t = &r->v[i].tag;

		if (!t->stage || !is_of(t, artifact))
			continue;
		/* It was held once, so it is no slip. */
		if (!strcmp(t->stage, stage)) {
			*out = '\0';
			return out;
		}
		mv_nearest_try(&near, t->stage);
	}
	return mv_nearest_words(out, &near);
}

const char *mv_registry_near_version(char out[MV_NEAREST_WORDS],
				     const struct mv_registry *r,
				     const char *artifact, const char *version)
{
	struct mv_nearest near = MV_NEAREST_INIT(version);
	const struct mv_event *const *v;
	size_t n;

	v = mv_registry_versions(r, artifact, &n);
	for (size_t i = 0; i < n; i++)
		mv_nearest_try(&near, v[i]->tag.version);
	return mv_nearest_words(out, &near);
}
