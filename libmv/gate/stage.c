/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/priv.h"
#include "libmv/git/objects.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/subject/subject.h"

/*
 * The history of one stage, in the registry's order. Taking a version off a
 * stage leaves it without a holder, but not without a past: who compares with
 * "current" compares with the last that held it.
 */
void mv_gate_stage_release(struct mv_stage *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->v[i].version);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

/* Goes on from `from`, where it meant `found`. */
static const struct mv_event *scan(const struct mv_registry *r,
				   const char *artifact, const char *version,
				   size_t from, size_t end,
				   const struct mv_event *found)
{
	for (size_t i = from; i < end; i++) {
		const struct mv_event *e = &r->v[i];

		if (!e->tag.version || strcmp(e->tag.version, version) ||
		    strcmp(e->tag.artifact, artifact))
			continue;
		if (e->tag.kind == MV_EVENT_REGISTER && !found)
			found = e;
		else if (e->tag.kind == MV_EVENT_DEREGISTER)
			found = NULL;
	}
	return found;
}

const struct mv_event *mv_gate_version(const struct mv_gate *gate,
				       const char *artifact,
				       const char *version,
				       const struct mv_event *tag)
{
	const struct mv_registry *r = &gate->registry;

	return tag ? scan(r, artifact, version, 0, tag->order, NULL) :
		     mv_registry_version(r, artifact, version);
}

/* The greatest version that was at the commit of an event then. */
static const struct mv_event *version_at(const struct mv_gate *gate,
					 const struct mv_event *event)
{
	const struct mv_registry *r = &gate->registry;
	const struct mv_event *best = NULL;

	for (size_t i = 0; i < event->order; i++) {
		const struct mv_event *e = &r->v[i];

		if (e->tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(e->tag.artifact, event->tag.artifact) &&
		    !strcmp(e->commit, event->commit) &&
		    mv_gate_version(gate, e->tag.artifact, e->tag.version,
				    event) == e &&
		    (!best || mv_version_cmp(e->tag.version,
					     best->tag.version) > 0))
			best = e;
	}
	return best;
}

/* What a version meant as of event `upto`: events are asked for in their
   order, and mostly name few versions. */
enum { KNOWN = 8 };
struct known {
	char *version;
	size_t upto;
	const struct mv_event *found;
};
struct reading {
	struct mv_stage *stage;
	struct mv_gate *gate;
	size_t *which;		/* of the stage's events each tag is */
	struct known known[KNOWN];
	size_t next;		/* of them, to be given up */
};

static const struct mv_event *known_version(struct reading *r,
					    const struct mv_event *event,
					    const char *version)
{
	struct known *k = r->known;

	while (k < r->known + KNOWN && (!k->version ||
					strcmp(k->version, version) ||
					k->upto > event->order))
		k++;
	if (k == r->known + KNOWN) {
		k = &r->known[r->next++ % KNOWN];
		free(k->version);
		memset(k, 0, sizeof(*k));
		k->version = strdup(version);
	}
	if (!k->version)
		return mv_gate_version(r->gate, event->tag.artifact, version,
				       event);
	k->found = scan(&r->gate->registry, event->tag.artifact, version,
			k->upto, event->order, k->found);
	k->upto = event->order;
	return k->found;
}

/*
 * The version that a tag's message names, or the one at its commit, as it was
 * then: a version that is taken back later does not change what was decided
 * before.
 */
static int set_version(struct mv_stage_event *e, struct reading *r,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct mv_facts trailers = MV_FACTS_INIT;
	const struct mv_event *version = NULL;
	const struct mv_value *named;

	if (info && mv_event_is(e->event, info) &&
	    !mv_tag_trailers(&trailers, info->message, NULL)) {
		named = mv_facts_get(&trailers, "Model-Version");
		version = named ? known_version(r, e->event, named->text) :
				  version_at(r->gate, e->event);
		if (version && strcmp(version->commit, e->event->commit))
			version = NULL;
	}
	mv_facts_release(&trailers);
	return mv_gate_set(&e->version, version ? version->tag.version : "",
			   err);
}

static int take_info(void *payload, size_t i,
		     const struct mv_git_object_info *info,
		     struct mv_err *err)
{
	struct reading *r = payload;
	struct mv_stage_event *e = &r->stage->v[r->which[i]];

	e->when = info ? info->author.when : -1;
	return set_version(e, r, info, err);
}

static int is_of(const struct mv_event *e, const char *artifact,
		 const char *stage)
{
	return e->tag.stage && !strcmp(e->tag.stage, stage) &&
	       !strcmp(e->tag.artifact, artifact) &&
	       (e->tag.kind == MV_EVENT_ASSIGN ||
		e->tag.kind == MV_EVENT_UNASSIGN);
}

static int stage_collect(struct mv_stage *out, const struct mv_gate *gate,
			 const char *artifact, const char *stage,
			 const struct mv_event *tag, struct mv_err *err)
{
	const struct mv_registry *r = &gate->registry;

	out->v = calloc(r->count + 1, sizeof(*out->v));
	if (!out->v)
		return mv_nomem(err);
	for (size_t i = 0; i < r->count; i++) {
		if (tag && r->v[i].order >= tag->order)
			break;
		if (is_of(&r->v[i], artifact, stage))
			out->v[out->count++].event = &r->v[i];
	}
	return 0;
}

/* An event at another commit cannot name a version that is at this one; but
   the first after one that does says when that was over. */
static int is_wanted(const struct mv_stage *s, size_t i, const char *commit)
{
	const struct mv_stage_event *e = &s->v[i];

	return !commit || e == s->holder || e == s->last ||
	       i + 1 == s->count || !strcmp(e->event->commit, commit) ||
	       (i && !strcmp(e[-1].event->commit, commit));
}

/* Only tags that somebody asks about: a stage may have had thousands. */
static int read_tags(struct mv_stage *out, struct mv_gate *gate,
		     const char *commit, struct mv_err *err)
{
	struct reading reading = { .stage = out, .gate = gate };
	const char **oids = calloc(out->count + 1, sizeof(*oids));
	size_t n = 0;
	int rc = 0;

	reading.which = calloc(out->count + 1, sizeof(*reading.which));
	if (!oids || !reading.which)
		rc = mv_nomem(err);
	for (size_t i = 0; i < out->count && !rc; i++) {
		rc = mv_gate_set(&out->v[i].version, "", err);
		out->v[i].when = -1;
		if (rc || !is_wanted(out, i, commit))
			continue;
		reading.which[n] = i;
		oids[n++] = out->v[i].event->oid;
	}
	if (!rc && n)
		rc = mv_git_objects(mv_repo_git(gate->repo), oids, n,
				    take_info, &reading, err);
	for (size_t i = 0; i < KNOWN; i++)
		free(reading.known[i].version);
	free(reading.which);
	free(oids);
	return rc;
}

static void find_holder(struct mv_stage *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct mv_stage_event *e = &s->v[i];

		if (e->event->tag.kind == MV_EVENT_ASSIGN)
			s->holder = s->last = e;
		else if (s->holder &&
			 !strcmp(s->holder->event->commit, e->event->commit))
			s->holder = NULL;
	}
}

int mv_gate_stage_known(const struct mv_gate *gate, const char *artifact,
			const char *stage, const struct mv_event *tag,
			struct mv_err *err)
{
	const struct mv_event *e;

	if (!tag)
		return mv_registry_who(&e, &gate->registry, artifact, stage,
				       err);
	e = mv_registry_ignored_before(&gate->registry, stage, tag);
	return e ? mv_registry_refuse_ignored(e, err) : 0;
}

int mv_gate_stage(struct mv_stage *out, struct mv_gate *gate,
		  const char *artifact, const char *stage,
		  const struct mv_event *tag, const char *commit,
		  struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_gate_stage_known(gate, artifact, stage, tag, err);
	if (!rc)
		rc = stage_collect(out, gate, artifact, stage, tag, err);
	if (!rc) {
		find_holder(out);
		rc = read_tags(out, gate, commit, err);
	}
	if (rc)
		mv_gate_stage_release(out);
	return rc;
}

/* -- stages that there are ------------------------------------------------ */

/* Rules that name a stage without governing it. */
static int is_named(const struct mv_section *s, const char *stage,
		    struct mv_nearest *near)
{
	size_t n = strlen(stage);

	for (size_t i = 0; i < s->count; i++) {
		const struct mv_rule *r = &s->rules[i];

		if (strcmp(r->key, "require-stage") &&
		    strcmp(r->key, "requires-holder"))
			continue;
		if (!strncmp(r->value, stage, n) &&
		    (!r->value[n] || r->value[n] == ' '))
			return 1;
		if (!strchr(r->value, ' '))
			mv_nearest_try(near, r->value);
	}
	return 0;
}

/* What helps whom: only who promotes can make a stage. */
static const char *no_stage_advice(int make, const struct mv_nearest *near,
				   int governs)
{
	if (make)
		return governs ? "; git model promote --new-stage makes one "
				 "that no policy governs" :
				 " git model promote --new-stage makes one";
	return near->best ? "" : "; git model stages lists those that are "
				 "held, git model policy show those with rules";
}

/* Without a policy any name will do; but one that is nearly that of a stage
   which some artifact has is a slip. */
static int check_slip(const struct mv_gate *gate, const char *artifact,
		      const char *stage, int make, struct mv_err *err)
{
	struct mv_nearest near = MV_NEAREST_INIT(stage);
	char words[MV_NEAREST_WORDS];
	struct mv_registry all = MV_REGISTRY_INIT;
	int known = 0;
	int rc = mv_registry_load(&all, mv_repo_git(gate->repo), NULL, err);

	for (size_t i = 0; !rc && !known && i < all.count; i++) {
		const struct mv_tag *t = &all.v[i].tag;

		if (!t->stage)
			continue;
		known = !strcmp(t->stage, stage);
		mv_nearest_try(&near, t->stage);
	}
	if (!rc && !known && near.best)
		rc = mv_fail(err, MV_EINVALID, "no version of '%s' was ever on "
			     "a stage '%s'%s%s", artifact, stage,
			     mv_nearest_words(words, &near),
			     no_stage_advice(make, &near, 0));
	mv_registry_release(&all);
	return rc;
}

int mv_gate_check_stage(const struct mv_gate *gate, const char *artifact,
			const char *stage, int make, struct mv_err *err)
{
	const struct mv_policy *p = &gate->policy;
	const struct mv_registry *r = &gate->registry;
	struct mv_nearest near = MV_NEAREST_INIT(stage);
	const struct mv_section *others = NULL;
	char words[MV_NEAREST_WORDS];
	int any = 0;

	if (!gate->has_policy)
		return check_slip(gate, artifact, stage, make, err);
	if (mv_policy_governs(p, "stage", artifact, stage))
		return 0;
	for (size_t i = 0; i < r->count; i++) {
		if (!r->v[i].tag.stage || strcmp(r->v[i].tag.artifact,
						 artifact))
			continue;
		if (!strcmp(r->v[i].tag.stage, stage))
			return 0;
		mv_nearest_try(&near, r->v[i].tag.stage);
	}
	for (size_t i = 0; i < p->section_count; i++) {
		const char *name = mv_policy_stage_of(&p->sections[i]);

		any |= name != NULL;
		if (is_named(&p->sections[i], stage, &near))
			return 0;
		/* What is near and is another artifact's would be refused,
		   too. */
		if (name && mv_policy_governs(p, "stage", artifact, name))
			mv_nearest_try(&near, name);
		else if (name && !strcmp(name, stage))
			others = &p->sections[i];
	}
	if (!any)
		return check_slip(gate, artifact, stage, make, err);
	if (others)
		return mv_fail(err, MV_EINVALID, "the policy of %s knows no "
			       "stage '%s' of '%s', only [stage \"%s\"]%s",
			       gate->trusted_name, stage, artifact,
			       others->name, no_stage_advice(make, &near, 1));
	return mv_fail(err, MV_EINVALID,
		       "the policy of %s knows no stage '%s'%s"
		       "%s", gate->trusted_name, stage,
		       mv_nearest_words(words, &near),
		       no_stage_advice(make, &near, 1));
}

/* -- artifacts that there are --------------------------------------------- */

/* What somebody wrote down: here (the work tree's, else HEAD's), and on the
   trusted branch. */
static int is_configured(int *yes, const struct mv_gate *gate,
			 const char *commit, struct mv_nearest *near,
			 struct mv_err *err)
{
	const struct mv_project *p;
	int rc = mv_subject_project_at(&p, gate->repo, commit, err);

	for (size_t i = 0; !rc && i < p->artifact_count; i++) {
		*yes |= !strcmp(p->artifacts[i].name, near->word);
		mv_nearest_try(near, p->artifacts[i].name);
	}
	return rc;
}

static int stage_unknown(const struct mv_nearest *near, struct mv_err *err)
{
	return mv_fail(err, MV_ENOENT, "no artifact '%s': no tag and no "
		       "[artifact] in .gitmodel/config has that name%s%s%s",
		       near->word, near->best ? "; did you mean '" : "",
		       near->best ? near->best : "", near->best ? "'?" : "");
}

int mv_gate_check_artifact(const struct mv_gate *gate, const char *artifact,
			   struct mv_err *err)
{
	struct mv_nearest near = MV_NEAREST_INIT(artifact);
	struct mv_registry all = MV_REGISTRY_INIT;
	char *best = NULL;	/* the config that was read last is lent only */
	int yes = mv_registry_knows(&gate->registry, artifact);
	int rc = 0;

	for (size_t i = 0; !yes && i < gate->registry.ignored_count; i++)
		yes = !strcmp(gate->registry.ignored[i].tag.artifact,
			      artifact);
	if (yes)
		return 0;
	rc = is_configured(&yes, gate, NULL, &near, err);
	if (!rc && near.best) {
		best = strdup(near.best);
		near.best = best;
		rc = best ? 0 : mv_nomem(err);
	}
	if (!rc && !yes && *gate->trusted)
		rc = is_configured(&yes, gate, gate->trusted, &near, err);
	if (!rc && !yes)
		rc = mv_registry_load(&all, mv_repo_git(gate->repo), NULL, err);
	for (size_t i = 0; !rc && !yes && i < all.count; i++)
		mv_nearest_try(&near, all.v[i].tag.artifact);
	if (!rc && !yes)
		rc = stage_unknown(&near, err);
	mv_registry_release(&all);
	free(best);
	return rc;
}
