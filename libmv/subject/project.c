/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

/* What .gitmodel/config says in a commit. */
#define CONFIG_PATH ".gitmodel/config"
#define CONFIG_MAX ((size_t)1 << 20)

void mv_subject_release(struct mv_subject *s)
{
	free(s->spec);
	free(s->artifact);
	free(s->path);
	free(s->commit);
	free(s->version);
	free(s->stage);
	mv_manifest_release(&s->members);
	free(s->beyond);
	memset(s, 0, sizeof(*s));
}

void mv_subject_list_release(struct mv_subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mv_subject_release(&subjects[i]);
	free(subjects);
}

/* There is room for all that one may have: what is larger is no config, as
   one with a mistake is none. */
int mv_subject_team_file(struct mv_buf *text, struct mv_repo *repo,
			 const char *commit, const char *name, size_t max,
			 struct mv_err *err)
{
	char *spec;
	int rc;

	if (!commit)
		return mv_repo_team_file(text, repo, name, max, err);
	spec = mv_strf("%s:.gitmodel/%s", commit, name);
	if (!spec || mv_buf_reserve(text, max + 1)) {
		free(spec);
		return mv_nomem(err);
	}
	rc = mv_git_read_blob(repo->git, spec, text, NULL, err);
	if (rc == MV_ENOMEM || (!rc && text->len > max))
		rc = mv_fail(err, MV_EINVALID, "%s: more than %zu bytes", spec,
			     max);
	free(spec);
	return rc;
}

int mv_subject_project(struct mv_project *out, struct mv_repo *repo,
		       const char *commit, struct mv_err *err)
{
	char name[128] = CONFIG_PATH;
	struct mv_buf text;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&text, CONFIG_MAX + 2);
	if (!commit && !repo->info->work_tree)
		commit = "HEAD";
	if (commit)
		snprintf(name, sizeof(name), "%s:" CONFIG_PATH, commit);
	rc = mv_subject_team_file(&text, repo, commit, "config", CONFIG_MAX,
				  err);
	if (!rc)
		rc = mv_project_parse(out, name, text.data, text.len, err);
	else if (rc == MV_ENOENT)
		rc = 0;
	mv_buf_release(&text);
	return rc;
}

/* That of the commit that was asked for last: many paths are looked up in
   one. The work tree's can change. */
struct mv_repo_projects {
	char *commit;
	struct mv_project project;
};

static void projects_release(struct mv_repo *repo)
{
	if (!repo->projects)
		return;
	mv_project_release(&repo->projects->project);
	free(repo->projects->commit);
	free(repo->projects);
	repo->projects = NULL;
}

/* An old commit's file that cannot be read must not keep anybody from looking
   at the rest of it. */
int mv_subject_project_at(const struct mv_project **out, struct mv_repo *repo,
			  const char *commit, struct mv_err *err)
{
	struct mv_repo_projects *p = repo->projects;
	struct mv_err why;
	int rc;

	if (p && commit && p->commit && !strcmp(p->commit, commit)) {
		*out = &p->project;
		return 0;
	}
	projects_release(repo);
	p = calloc(1, sizeof(*p));
	if (!p || (commit && !(p->commit = strdup(commit)))) {
		free(p);
		return mv_nomem(err);
	}
	repo->projects = p;
	mv_repo_at_close(repo, projects_release);
	rc = mv_subject_project(&p->project, repo, commit, &why);
	if (rc == MV_EINVALID && commit) {
		mv_repo_warn(repo, "%s", why.msg);
		rc = 0;
	}
	if (rc) {
		/* What could not be read must not be known as empty. */
		projects_release(repo);
		*out = NULL;
		return mv_fail(err, rc, "%s", why.msg);
	}
	*out = &p->project;
	return 0;
}
