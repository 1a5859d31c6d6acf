/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/repo/files.h"
#include "libmv/subject/priv.h"

/*
 * What people type in two words, "fraud production" or "fraud @v1.2.0". Where
 * a command takes one name only there is nothing to be told; in a list of
 * them it must not be anything else.
 */
char *mv_subject_join(const char *name, const char *word)
{
	if (*word == '@')
		return mv_strf("%s%s", name, word);
	return mv_strf(mv_version_ok(word) ? "%s@%s" : "%s#%s", name, word);
}

/* Does a tag speak of it, whatever became of it? */
static int is_title(const struct mv_registry *r, const char *name,
		    const char *word)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct mv_tag *tag = &r->v[i].tag;

		if (!strcmp(tag->artifact, name) && tag->stage &&
		    !strcmp(tag->stage, word))
			return 1;
	}
	return mv_subject_was_registered(r, name, word);
}

/* A file of the work tree or of the index, or an artifact: MV_ENOENT. */
static int is_taken(struct mv_repo *repo, const char *word, int only_path,
		    struct mv_err *err)
{
	const struct mv_project *project;
	struct mv_err why;
	struct mv_subject s;
	char *path;
	int rc = mv_subject_project_at(&project, repo, NULL, err);

	if (rc || (!only_path && mv_project_by_name(project, word)))
		return rc;
	path = mv_repo_from_top(repo, word);
	if (!path)
		return MV_ENOENT;
	if (mv_subject_lies_there(repo, path)) {
		free(path);
		return 0;
	}
	rc = mv_subject_find_at(&s, repo, NULL, path, &why);
	free(path);
	if (!rc)
		mv_subject_release(&s);
	/* One that git holds itself is a path all the same. */
	if (rc == MV_EINVALID)
		rc = 0;
	return rc && rc != MV_ENOENT ? mv_fail(err, rc, "%s", why.msg) : rc;
}

int mv_subject_two_words(char **spec, struct mv_repo *repo, const char *name,
			 const char *word, struct mv_err *err)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	int rc, known;

	*spec = NULL;
	if (!mv_artifact_name_ok(name) ||
	    (*word != '@' && !mv_version_ok(word) && !mv_stage_ok(word)))
		return 0;
	rc = mv_registry_load(&r, repo->git, name, err);
	known = !rc && (*word == '@' || is_title(&r, name, word));
	mv_registry_release(&r);
	if (rc || !known)
		return rc;
	rc = is_taken(repo, word, 0, err);
	if (rc == MV_ENOENT)
		rc = is_taken(repo, name, 1, err);
	if (rc != MV_ENOENT)
		return rc;
	*spec = mv_subject_join(name, word);
	return *spec ? 0 : mv_nomem(err);
}
