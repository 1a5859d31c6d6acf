/* SPDX-License-Identifier: MIT */
#include "libmv/repo-judge.h"

#include <stdlib.h>
#include <string.h>

/*
 * The history of one stage, in the registry's order. Taking a version off a
 * stage leaves it without a holder, but not without a past: who compares with
 * "current" compares with the last that held it.
 */
void mv_stage_release(struct mv_stage *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->v[i].version);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

struct reading {
	struct mv_stage *stage;
	struct mv_gate *gate;
};

/* The version that a tag's message names, or the one at its commit. */
static int set_version(struct mv_stage_event *e, const struct mv_registry *r,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct mv_facts trailers = MV_FACTS_INIT;
	const struct mv_event *version = NULL;
	const struct mv_value *named;

	if (info && mv_event_is(e->event, info) &&
	    !mv_tag_trailers(&trailers, info->message, NULL)) {
		named = mv_facts_get(&trailers, "Model-Version");
		version = mv_registry_assigned(r, e->event,
					       named ? named->text : NULL);
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
	struct mv_stage_event *e = &r->stage->v[i];

	e->when = info ? info->author.when : -1;
	return set_version(e, &r->gate->registry, info, err);
}

static int is_of(const struct mv_event *e, const char *artifact,
		 const char *stage)
{
	return e->tag.stage && !strcmp(e->tag.stage, stage) &&
	       !strcmp(e->tag.artifact, artifact) &&
	       (e->tag.kind == MV_EVENT_ASSIGN ||
		e->tag.kind == MV_EVENT_UNASSIGN);
}

static int collect(struct mv_stage *out, const struct mv_gate *gate,
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

static int read_tags(struct mv_stage *out, struct mv_gate *gate,
		     struct mv_err *err)
{
	struct reading reading = { out, gate };
	const char **oids = calloc(out->count + 1, sizeof(*oids));
	int ret;

	if (!oids)
		return mv_nomem(err);
	for (size_t i = 0; i < out->count; i++)
		oids[i] = out->v[i].event->oid;
	ret = out->count ? mv_git_objects(mv_repo_git(gate->repo), oids,
					  out->count, take_info, &reading,
					  err) : 0;
	free(oids);
	return ret;
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

int mv_gate_stage(struct mv_stage *out, struct mv_gate *gate,
		  const char *artifact, const char *stage,
		  const struct mv_event *tag, struct mv_err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	ret = collect(out, gate, artifact, stage, tag, err);
	if (!ret)
		ret = read_tags(out, gate, err);
	if (ret) {
		mv_stage_release(out);
		return ret;
	}
	find_holder(out);
	return 0;
}
