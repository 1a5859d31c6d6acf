/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/subject/priv.h"

/* An artifact's tags, read: events, versions, what a version is. */

/* "NAME@v1.2.0", "NAME@latest", "NAME#stage" in pieces; the name is yours. */
static int is_latest(const char *word)
{
	return !strcmp(word, "latest") || !strcmp(word, "greatest");
}

static int parse_spec(struct mv_release_spec *out, const char *text)
{
	size_t n = strcspn(text, "@#");
	char *separator;

	memset(out, 0, sizeof(*out));
	if (!text[n])
		return MV_EINVALID;
	out->sign = text[n];
	out->word = text + n + 1;
	if (out->sign == '#' && !mv_stage_ok(out->word))
		return MV_EINVALID;
	if (out->sign == '@' && !mv_version_ok(out->word) &&
	    !is_latest(out->word))
		return MV_EINVALID;
	out->artifact = strndup(text, n);
	if (!out->artifact)
		return MV_ENOMEM;
	separator = strchr(out->artifact, '=');	/* as it stands in the tag */
	if (separator && !strchr(out->artifact, ':'))
		*separator = ':';
	if (mv_artifact_name_ok(out->artifact))
		return 0;
	free(out->artifact);
	out->artifact = NULL;
	return MV_EINVALID;
}

int mv_subject_version_spec_ok(const char *text)
{
	struct mv_release_spec spec;
	int rc = parse_spec(&spec, text);

	free(spec.artifact);
	return !rc;
}

void mv_subject_version_clear(struct mv_release *r)
{
	free(r->artifact);
	free(r->version);
	free(r->stage);
	free(r->commit);
	free(r->tag);
	free(r->tag_oid);
	mv_facts_release(&r->trailers);
	memset(r, 0, sizeof(*r));
}

int mv_subject_was_registered(const struct mv_registry *r, const char *artifact,
			      const char *version)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i].tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(r->v[i].tag.artifact, artifact) &&
		    !strcmp(r->v[i].tag.version, version))
			return 1;
	return 0;
}

int mv_subject_no_version(const struct mv_release_spec *spec,
			  const struct mv_registry *r, struct mv_err *err)
{
	char words[MV_NEAREST_WORDS];

	if (spec->sign == '#')
		return mv_fail(err, MV_ENOENT, "nothing of '%s' holds the "
			       "stage '%s'%s", spec->artifact, spec->word,
			       mv_registry_near_stage(words, r, spec->artifact,
						      spec->word));
	if (is_latest(spec->word))
		return mv_fail(err, MV_ENOENT, "no version of '%s' is "
			       "registered; are the tags here? (`git fetch "
			       "--tags`)", spec->artifact);
	if (mv_subject_was_registered(r, spec->artifact, spec->word))
		return mv_fail(err, MV_ENOENT, "version '%s' of '%s' was taken "
			       "back", spec->word, spec->artifact);
	return mv_fail(err, MV_ENOENT, "version '%s' of '%s' is not "
		       "registered%s", spec->word, spec->artifact,
		       mv_registry_near_version(words, r, spec->artifact,
						spec->word));
}

static int fill_release(struct mv_release *out,
			const struct mv_release_spec *spec,
			const struct mv_event *e, struct mv_event_info *info,
			struct mv_err *err)
{
	int rc = 0;

	if (info->problem)
		return mv_fail(err, MV_EDENIED, "tag '%s' is not believed: %s",
			       mv_subject_event_name(e), info->problem);
	if (!info->active)
		return mv_fail(err, MV_ECORRUPT, "tag '%s' assigns the stage "
			       "'%s' to %s%s, which is not registered at its "
			       "commit %.12s; git model demote '%s#%s' takes "
			       "it off, git model promote puts another there",
			       mv_subject_event_name(e), spec->word,
			       info->version ? "version " : "a version",
			       info->version ? info->version : "", e->commit,
			       spec->artifact, spec->word);
	rc = mv_set_str(&out->artifact, spec->artifact, err);
	if (!rc)
		rc = mv_set_str(&out->version, info->version, err);
	if (!rc && spec->sign == '#')
		rc = mv_set_str(&out->stage, spec->word, err);
	if (!rc)
		rc = mv_set_str(&out->commit, e->commit, err);
	if (!rc)
		rc = mv_set_str(&out->tag, mv_subject_event_name(e), err);
	if (!rc)
		rc = mv_set_str(&out->tag_oid, e->oid, err);
	if (rc)
		return rc;
	out->trailers = info->trailers;
	memset(&info->trailers, 0, sizeof(info->trailers));
	return 0;
}

static int find_release(struct mv_release *out, struct mv_repo *repo,
			const struct mv_release_spec *spec, struct mv_err *err)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	struct mv_event_info info = { 0 };
	const struct mv_event *e = NULL;
	int rc = mv_registry_load(&r, repo->git, spec->artifact, err);

	if (!rc && spec->sign == '#')
		rc = mv_registry_who(&e, &r, spec->artifact, spec->word, err);
	else if (!rc)
		rc = mv_registry_which(&e, &r, spec->artifact,
				       is_latest(spec->word) ? NULL :
				       spec->word, err);
	if (rc) {
		mv_registry_release(&r);
		return rc;
	}
	rc = e ? mv_subject_event_read(&info, repo, &r, e, err) :
		 mv_subject_no_version(spec, &r, err);
	if (!rc)
		rc = fill_release(out, spec, e, &info, err);
	mv_subject_event_release(&info);
	mv_registry_release(&r);
	return rc;
}

int mv_subject_version(struct mv_release *out, struct mv_repo *repo,
		       const char *text, struct mv_err *err)
{
	struct mv_release_spec spec;
	int rc = parse_spec(&spec, text);

	memset(out, 0, sizeof(*out));
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		return mv_fail(err, rc, "'%s' is neither NAME@VERSION nor "
			       "NAME#STAGE", text);
	rc = find_release(out, repo, &spec, err);
	if (rc)
		mv_subject_version_clear(out);
	free(spec.artifact);
	return rc;
}

static int release_check_content(const struct mv_release *r,
				 const struct mv_subject *s, struct mv_err *err)
{
	const char *said = mv_subject_trailer(&r->trailers, "Model-Content");
	char name[MV_OID_NAME];

	if (!said || !strcmp(said, mv_oid_name(name, &s->pointer.oid)))
		return 0;
	return mv_fail(err, MV_EDENIED, "tag '%s' says that the content is "
		       "'%s', but '%s' in %.12s is %s", r->tag, said, s->path,
		       r->commit, name);
}

int mv_subject_of_version(struct mv_subject *out, struct mv_repo *repo,
			  const struct mv_release *release,
			  struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_subject_artifact_at(out, repo, release->artifact,
				    release->commit, err);
	if (!rc)
		rc = mv_set_str(&out->version, release->version, err);
	if (!rc && release->stage)
		rc = mv_set_str(&out->stage, release->stage, err);
	if (!rc)
		rc = release_check_content(release, out, err);
	if (rc)
		mv_subject_release(out);
	return rc;
}
