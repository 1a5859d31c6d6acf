/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/refs.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/proving.h"

/* The artifact's events as they were when one of them was made. */
/* The version's own registration, as it was before this tag. */
const struct mv_event *mv_proof_own_tag(const struct mv_registry *r,
					const struct mv_event *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->v[i].ref, e->ref))
			return &r->v[i];
	return NULL;
}

static int add_ref(struct mv_git_ref *ref, const struct mv_event *e)
{
	ref->name = e->ref;
	ref->oid = e->oid;
	ref->type = "tag";
	ref->commit = e->commit;
	return 1;
}

/*
 * An assignment without a number stands before all that have one, whenever it
 * was made. So it was there when this was decided only if this says so: what
 * it displaced is at that commit.
 */
static int slipped_in(const struct proving *x, const struct mv_event *e)
{
	const struct mv_registry *r = &x->gates->today->registry;
	const char *from = mv_proof_said(&x->trailers, "Model-From");

	if (e->tag.kind != MV_EVENT_ASSIGN || e->tag.counter >= 0 ||
	    x->event->tag.counter < 0 ||
	    strcmp(e->tag.stage, x->event->tag.stage))
		return 0;
	for (size_t i = 0; i < x->event->order && *from; i++)
		if (r->v[i].tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(r->v[i].tag.artifact, e->tag.artifact) &&
		    !strcmp(r->v[i].tag.version, from) &&
		    !strcmp(r->v[i].commit, e->commit))
			return 0;
	return 1;
}

/*
 * The artifact's events up to this one. Only a later event that takes a
 * version back, or one whose place is not known, makes a difference: then the
 * past must be built again.
 */
int mv_proof_registry_then(struct mv_registry *out, const struct proving *x,
			   struct mv_err *err)
{
	const struct mv_registry *all = &x->gates->today->registry;
	struct mv_git_ref *refs;
	size_t n = 0;
	int again = 0, rc;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < all->count && !again; i++)
		again = !strcmp(all->v[i].tag.artifact,
				x->event->tag.artifact) &&
			(i <= x->event->order ? slipped_in(x, &all->v[i]) :
			 all->v[i].tag.kind == MV_EVENT_DEREGISTER);
	if (!again)
		return 0;
	refs = calloc(x->event->order + 1, sizeof(*refs));
	if (!refs)
		return mv_nomem(err);
	for (size_t i = 0; i <= x->event->order; i++)
		if (!strcmp(all->v[i].tag.artifact, x->event->tag.artifact) &&
		    !slipped_in(x, &all->v[i]))
			n += (size_t)add_ref(&refs[n], &all->v[i]);
	rc = mv_registry_from_refs(out, refs, n, x->event->tag.artifact, err);
	free(refs);
	return rc;
}

/* A tag of this stage (NULL: of any of the artifact) that is none here, and so
   what was decided before cannot be told. */
const struct mv_event *mv_proof_in_doubt(const struct proving *x,
					 const char *stage)
{
	const struct mv_registry *r = &x->gates->today->registry;
	const struct mv_event *found = NULL;

	for (size_t i = 0; i < r->ignored_count && !found; i++) {
		const struct mv_tag *t = &r->ignored[i].tag;

		if (t->stage && (!stage || !strcmp(t->stage, stage)))
			found = mv_registry_ignored_before(r, t->stage,
							   x->event);
	}
	return found;
}

int mv_proof_say_doubt(struct proving *x, const struct mv_event *e)
{
	struct mv_err why;

	mv_registry_refuse_ignored(e, &why);
	return UNKNOWN(x, "%s", why.msg);
}
