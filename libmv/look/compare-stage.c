/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/look/comparing.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"
#include "libmv/subject/release.h"

/* What holds the stage that is compared with, and how that base is called. */

const char *mv_look_comparing_holder(const struct mv_comparing *w,
				     const char *artifact)
{
	const struct mv_event *e = w->stage ?
		mv_registry_holder(&w->registry, artifact, w->stage) : NULL;

	if (!e || !*e->commit || (w->head && !strcmp(e->commit, w->head)))
		return NULL;
	return e->commit;
}

/* Of the one artifact that has such a base: what holds the stage. NULL: that
   is no registered version. */
static int held_by(const struct mv_event **version, const char **commit,
		   struct mv_comparing *w, struct mv_err *err)
{
	struct mv_holders holders;
	int rc = mv_subject_holders(&holders, w->repo, &w->registry, NULL, err);

	for (size_t i = 0; !rc && i < holders.count; i++) {
		const struct mv_event *e = holders.v[i].event;

		if (strcmp(e->tag.stage, w->stage) ||
		    !mv_look_comparing_holder(w, e->tag.artifact))
			continue;
		*commit = e->commit;
		*version = holders.v[i].version;
	}
	mv_subject_holders_release(&holders);
	return rc;
}

/* Alone, it is the base: a version and its own commit. */
static int only_stage(struct mv_comparing *w, size_t held, struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	const struct mv_event *version = NULL;
	const char *commit = NULL;
	int rc = held == 1 ? held_by(&version, &commit, w, err) : 0;

	if (rc)
		return rc;
	free(c->base);		/* each has its own */
	c->base = NULL;
	rc = commit ? mv_look_take(&c->base, strdup(commit), err) : 0;
	if (!rc && version)
		rc = mv_look_take(&c->base_version,
				  strdup(version->tag.version), err);
	return rc ? rc : mv_look_take(&c->base_name, strdup(w->stage), err);
}

/* Beside the commit that is for the others, the version has its own commit with
   it: the other one is not where it is. */
static int stage_and_base(struct mv_comparing *w, size_t held,
			  struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	const struct mv_event *version = NULL;
	const char *commit = NULL;
	const char *name = c->base_name ? c->base_name : "the base";
	char *text;
	int rc = held == 1 ? held_by(&version, &commit, w, err) : 0;

	if (rc)
		return rc;
	if (c->base && !strncmp(c->base, name, strlen(name)))
		name = "the base";
	if (!commit)
		text = mv_strf("%s, else %s", w->stage, name);
	else if (!version)
		text = mv_strf("%s %.7s, else %s", w->stage, commit, name);
	else
		text = mv_strf("%s %s (%.7s), else %s", w->stage,
			       version->tag.version, commit, name);
	return mv_look_take(&c->base_name, text, err);
}

/* The base is named once it is known what is compared: the commit that is for
   what no stage holds is not spoken of where there is no such thing. */
int mv_look_comparing_say_stage(struct mv_comparing *w, size_t held,
				struct mv_err *err)
{
	struct mv_comparison *c = w->out;
	int alone = w->stage_only || (c->count && !w->general);
	int rc;

	if (!held)
		return 0;
	rc = mv_look_take(&c->why, alone ? mv_strf("what holds '%s'",
						   w->stage) :
		 mv_strf("what holds '%s'; where nothing does: %s", w->stage,
			 c->why), err);
	if (rc)
		return rc;
	return alone ? only_stage(w, held, err) : stage_and_base(w, held, err);
}
