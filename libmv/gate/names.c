/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/gate.h"
#include "libmv/gate/names.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/repo/state.h"

/*
 * Git keeps refs as files: where a tag "a/b" is there can be no tag "a", and
 * the reverse. So a tag that is none of the registry's can keep one of those
 * from ever being made.
 */

/* -- names of artifacts, as tags spell them ------------------------------- */

static int tag_names_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int tag_names_add(struct mv_tag_names *n, const char *artifact,
			 struct mv_err *err)
{
	char *name, *colon;

	if (n->count && !strcmp(n->v[n->count - 1], artifact))
		return 0;
	name = strdup(artifact);
	if (!name)
		return mv_nomem(err);
	colon = strchr(name, ':');
	if (colon)
		*colon = '=';
	n->v[n->count++] = name;
	return 0;
}

int mv_gate_names_read(struct mv_tag_names *out, const struct mv_registry *r,
		       const struct mv_policy *policy, struct mv_err *err)
{
	const struct mv_project *project = policy ? &policy->project : NULL;
	size_t more = project ? project->artifact_count : 0;
	int rc = 0;

	out->count = 0;
	out->policy = policy;
	out->v = calloc(r->count + more + 1, sizeof(*out->v));
	if (!out->v)
		return mv_nomem(err);
	for (size_t i = 0; i < r->count && !rc; i++)
		if (!i || strcmp(r->v[i].tag.artifact,
				 r->v[i - 1].tag.artifact))
			rc = tag_names_add(out, r->v[i].tag.artifact, err);
	for (size_t i = 0; i < more && !rc; i++)
		rc = tag_names_add(out, project->artifacts[i].name, err);
	if (rc)
		mv_gate_names_release(out);
	else
		qsort(out->v, out->count, sizeof(*out->v), tag_names_by_name);
	return rc;
}

void mv_gate_names_release(struct mv_tag_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->v[i]);
	free(names->v);
	memset(names, 0, sizeof(*names));
}

/* -- what a tag stands in the way of -------------------------------------- */

/* The tag of the registry that would have to be a folder for `name`. */
static int above(char **what, const char *name, struct mv_err *err)
{
	int rc = MV_ENOENT;

	for (const char *slash = strchr(name, '/'); slash && rc == MV_ENOENT;
	     slash = strchr(slash + 1, '/')) {
		struct mv_tag tag;
		char *head = strndup(name, (size_t)(slash - name));

		if (!head)
			return mv_nomem(err);
		rc = mv_tag_parse(&tag, head, err);
		if (rc) {
			free(head);
			continue;
		}
		mv_tag_release(&tag);
		*what = head;
	}
	return rc == MV_ENOENT ? 0 : rc;
}

/* The first one that is not before `name`. */
static size_t place_of(const struct mv_tag_names *names, const char *name)
{
	size_t lo = 0, hi = names->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(names->v[mid], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int mv_gate_names_have(const struct mv_tag_names *names, const char *name)
{
	size_t at = place_of(names, name);

	return at < names->count && !strcmp(names->v[at], name);
}

/* An artifact of which `name` would have to be a folder. */
static int below(char **what, const struct mv_tag_names *names,
		 const char *name, struct mv_err *err)
{
	char *folder = mv_strf("%s/", name);
	int rc = folder ? 0 : mv_nomem(err);
	size_t at = rc ? names->count : place_of(names, folder);

	if (at < names->count &&
	    !strncmp(names->v[at], folder, strlen(folder))) {
		*what = strdup(names->v[at]);
		rc = *what ? 0 : mv_nomem(err);
	}
	free(folder);
	return rc;
}

/* A stage without a number, of which the tags of another would have to be in a
   folder: "fraud#prod", where the policy has "prod/eu". */
static int beneath(char **what, const struct mv_tag_names *names,
		   const struct mv_tag *tag, const char *name,
		   struct mv_err *err)
{
	const struct mv_policy *p = names->policy;
	size_t len;

	if (!p || tag->kind != MV_EVENT_ASSIGN || tag->counter >= 0)
		return 0;
	len = strlen(tag->stage);
	for (size_t i = 0; i < p->section_count; i++) {
		const char *stage = mv_policy_stage_of(&p->sections[i]);

		if (!stage || strncmp(stage, tag->stage, len) || stage[len] != '/' ||
		    !mv_policy_governs(p, "stage", tag->artifact, stage))
			continue;
		*what = mv_strf("%s%s", name, stage + len);
		return *what ? 0 : mv_nomem(err);
	}
	return 0;
}

int mv_gate_tag_blocks(char **what, const struct mv_tag_names *names,
		       const char *name, struct mv_err *err)
{
	struct mv_tag tag;
	int rc = mv_tag_parse(&tag, name, err);

	*what = NULL;
	if (!rc) {
		rc = beneath(what, names, &tag, name, err);
		mv_tag_release(&tag);
		return rc;
	}
	if (rc != MV_ENOENT)
		return rc;
	rc = above(what, name, err);
	return rc || *what ? rc : below(what, names, name, err);
}
