/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/repo/state.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"

/*
 * What holds the stages, by what their tags say: of two versions at one commit
 * only one was promoted, and it may have been taken back since. Then another
 * at that commit does not hold the stage in its place.
 */
struct reading {
	struct mv_holders *out;
	const struct mv_registry *registry;
};

static int holders_take_tag(void *payload, size_t i,
			    const struct mv_git_object_info *tag, struct mv_err *err)
{
	const struct reading *r = payload;
	struct mv_holder *h = &r->out->v[i];
	struct mv_facts trailers = MV_FACTS_INIT;
	const struct mv_value *said = NULL;
	int rc = MV_ENOENT;

	if (tag && mv_event_is(h->event, tag))
		rc = mv_tag_trailers(&trailers, tag->message, err);
	if (!rc) {
		said = mv_facts_get(&trailers, "Model-Version");
		h->version = mv_registry_assigned(r->registry, h->event,
						  said ? said->text : NULL);
		h->stands = h->version || !said;
	}
	mv_facts_release(&trailers);
	/* One that is malformed says nothing. */
	return rc == MV_ENOMEM ? rc : 0;
}

/* Once: one command asks several times. */
static void warn_of_doubt(struct mv_repo *repo,
			  const struct mv_registry *registry,
			  const char *artifact)
{
	const struct mv_event *e;
	struct mv_err why;
	size_t at = 0;

	while (!repo->doubt_said &&
	       (e = mv_registry_in_doubt(registry, artifact, NULL, &at))) {
		mv_registry_refuse_ignored(e, &why);
		mv_repo_warn(repo, "who holds '%s#%s' cannot be told: %s",
			     e->tag.artifact, e->tag.stage, why.msg);
	}
	repo->doubt_said |= at > 0;
}

int mv_subject_holders(struct mv_holders *out, struct mv_repo *repo,
		       const struct mv_registry *registry, const char *artifact,
		       struct mv_err *err)
{
	struct reading reading = { out, registry };
	const struct mv_event *const *v;
	const char **oids;
	size_t n;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	warn_of_doubt(repo, registry, artifact);
	v = mv_registry_holders(registry, artifact, &n);
	if (!n)
		return 0;
	oids = calloc(n, sizeof(*oids));
	out->v = calloc(n, sizeof(*out->v));
	if (!oids || !out->v) {
		rc = mv_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		out->v[i].event = v[i];
		oids[i] = v[i]->oid;
	}
	out->count = n;
	rc = mv_git_objects(repo->git, oids, n, holders_take_tag, &reading,
			    err);
out:
	if (rc)
		mv_subject_holders_release(out);
	free(oids);
	return rc;
}

void mv_subject_holders_release(struct mv_holders *h)
{
	free(h->v);
	memset(h, 0, sizeof(*h));
}
