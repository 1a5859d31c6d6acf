/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/subject/priv.h"

#define TAGS "refs/tags/"

/* What the tags of an artifact say: one event each. */

#define TAGS "refs/tags/"

void mv_subject_event_release(struct mv_event_info *info)
{
	free(info->name);
	free(info->email);
	free(info->message);
	mv_facts_release(&info->trailers);
	memset(info, 0, sizeof(*info));
}

/* `tag` NULL: there is no such object, or it is no tag. */
static int read_info(struct mv_event_info *out, const struct mv_event *e,
		     const struct mv_git_object_info *tag,
		     struct mv_err *err)
{
	const struct mv_git_person *by = tag ? &tag->author : NULL;
	int rc;

	out->name = strdup(by && by->name ? by->name : "");
	out->email = strdup(by && by->email ? by->email : "");
	out->message = strdup(tag && tag->message ? tag->message : "");
	if (!out->name || !out->email || !out->message)
		return mv_nomem(err);
	out->when = by ? by->when : 0;
	rc = mv_tag_trailers(&out->trailers, out->message, err);
	if (rc == MV_ENOMEM)
		return rc;
	if (!tag)
		out->problem = "the tag object cannot be read";
	else if (!mv_event_is(e, tag))
		out->problem = "the tag object has another name inside";
	else if (rc)
		out->problem = "its trailers are malformed";
	return 0;
}

const char *mv_subject_trailer(const struct mv_facts *trailers, const char *key)
{
	const struct mv_value *v = mv_facts_get(trailers, key);

	return v ? v->text : NULL;
}

/* A version that was registered at this commit once: the last of them. */
static const char *once_at(const struct mv_registry *r,
			   const struct mv_event *e)
{
	for (size_t i = e->order; i--;) {
		const struct mv_event *other = &r->v[i];

		if (strcmp(other->tag.artifact, e->tag.artifact))
			break;
		if (other->tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(other->commit, e->commit))
			return other->tag.version;
	}
	return NULL;
}

static void name_version(struct mv_event_info *info,
			 const struct mv_registry *r,
			 const struct mv_event *e)
{
	const char *said = mv_subject_trailer(&info->trailers, "Model-Version");
	const struct mv_event *v = NULL;

	if (e->tag.stage) {
		v = mv_registry_assigned(r, e, said);
		info->version = v ? v->tag.version :
				said ? said : once_at(r, e);
	} else if (e->tag.version) {
		v = mv_registry_version(r, e->tag.artifact, e->tag.version);
		info->version = e->tag.version;
		if (v && strcmp(v->commit, e->commit))
			v = NULL;
	}
	info->active = v != NULL && !info->problem;
}

struct reading {
	struct mv_events *out;
};

static int take_object(void *payload, size_t i,
		       const struct mv_git_object_info *tag,
		       struct mv_err *err)
{
	struct mv_events *out = ((struct reading *)payload)->out;

	return read_info(&out->info[i], &out->registry.v[i], tag, err);
}

void mv_subject_events_release(struct mv_events *events)
{
	for (size_t i = 0; events->info && i < events->registry.count; i++)
		mv_subject_event_release(&events->info[i]);
	free(events->info);
	mv_registry_release(&events->registry);
	memset(events, 0, sizeof(*events));
}

int mv_subject_events(struct mv_events *out, struct mv_repo *repo,
		      const char *artifact, struct mv_err *err)
{
	struct reading reading = { out };
	const char **names = NULL;
	size_t count;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_registry_load(&out->registry, repo->git, artifact, err);
	if (rc)
		return rc;
	count = out->registry.count;
	out->info = calloc(count + 1, sizeof(*out->info));
	names = calloc(count + 1, sizeof(*names));
	if (!out->info || !names)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++)
		names[i] = out->registry.v[i].oid;
	if (!rc)
		rc = mv_git_objects(repo->git, names, count, take_object,
				    &reading, err);
	for (size_t i = 0; !rc && i < count; i++)
		name_version(&out->info[i], &out->registry,
			     &out->registry.v[i]);
	free(names);
	if (rc)
		mv_subject_events_release(out);
	return rc;
}

struct one {
	struct mv_event_info *info;
	const struct mv_event *event;
};

static int take_one(void *payload, size_t i,
		    const struct mv_git_object_info *tag, struct mv_err *err)
{
	struct one *one = payload;

	(void)i;
	return read_info(one->info, one->event, tag, err);
}

int mv_subject_event_read(struct mv_event_info *out, struct mv_repo *repo,
			  const struct mv_registry *r, const struct mv_event *e,
			  struct mv_err *err)
{
	const char *const names[] = { e->oid };
	struct one one = { out, e };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_git_objects(repo->git, names, 1, take_one, &one, err);
	if (rc)
		mv_subject_event_release(out);
	else
		name_version(out, r, e);
	return rc;
}

const char *mv_subject_event_name(const struct mv_event *e)
{
	return e->ref + strlen(TAGS);
}
