/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/worktree.h"
#include "libmv/git/refs.h"
#include "libmv/meta/project.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

/*
 * A name for a file or folder: a section of .gitmodel/config. It counts from
 * the commit on that has it.
 */
#define TEAM_FILE ".gitmodel/config"
#define TEXT_MAX ((size_t)2 << 20)

/* What the file would say; whatever of the name or path its grammar has no
   place for is seen by reading it back. */
static int add_section(struct mv_buf *text, const char *name, const char *path,
		       struct mv_err *err)
{
	struct mv_project p = { 0 };
	const struct mv_artifact *a;
	int rc = 0;

	if (text->len)
		rc = mv_buf_addstr(text, text->data[text->len - 1] == '\n' ?
				   "\n" : "\n\n");
	if (rc || mv_buf_addf(text, "[artifact \"%s\"]\npath = %s\n", name,
			      path))
		return mv_nomem(err);
	rc = mv_project_parse(&p, TEAM_FILE, text->data, text->len, err);
	if (rc)
		return rc;
	a = mv_project_by_name(&p, name);
	if (!a || strcmp(a->path, path))
		rc = mv_fail(err, MV_EINVALID, "'%s' cannot be written into "
			     TEAM_FILE ": its grammar has no place for such a "
			     "path", path);
	mv_project_release(&p);
	return rc;
}

static int write_name(struct mv_repo *repo, const char *name, const char *path,
		      struct mv_err *err)
{
	struct mv_buf text;
	int rootfd, rc;

	mv_buf_init(&text, TEXT_MAX);
	rc = mv_repo_team_file(&text, repo, "config", TEXT_MAX / 2, err);
	if (!rc || rc == MV_ENOENT)
		rc = add_section(&text, name, path, err);
	if (!rc)
		rc = mv_repo_root(&rootfd, repo, err);
	if (!rc)
		rc = mv_wt_write(rootfd, TEAM_FILE, 0, text.data, text.len,
				 err);
	mv_buf_release(&text);
	return rc;
}

static const struct mv_artifact *name_by_path(const struct mv_project *p,
					      const char *path)
{
	for (size_t i = 0; i < p->artifact_count; i++)
		if (!strcmp(p->artifacts[i].path, path))
			return &p->artifacts[i];
	return NULL;
}

/* `why` is what is wrong with what stands at the path, if anything is. */
static int name_path(enum mv_naming *out, struct mv_repo *repo,
		     const struct mv_project *p, const char *name,
		     const char *path, int only_name, int why,
		     struct mv_err *err)
{
	const struct mv_artifact *known = mv_project_by_name(p, name);
	const struct mv_artifact *other = name_by_path(p, path);

	*out = known ? MV_NAMING_SAME : MV_NAMING_NEW;
	if (known && strcmp(known->path, path))
		return mv_fail(err, MV_EEXISTS, "'%s' is '%s' in " TEAM_FILE
			       " already; whoever means another file changes "
			       "its path there, or takes another name", name,
			       known->path);
	if (other && other != known)
		return mv_fail(err, MV_EEXISTS, "'%s' has the name '%s' in "
			       TEAM_FILE " already", path, other->name);
	for (size_t i = 0; !known && i < p->artifact_count; i++)
		if (!strcasecmp(p->artifacts[i].name, name))
			return mv_fail(err, MV_EEXISTS, "'%s' differs from "
				       "'%s' in " TEAM_FILE " only in the case "
				       "of letters; take another name", name,
				       p->artifacts[i].name);
	if (!known && !why && !only_name)
		return mv_fail(err, MV_EINVALID, "'%s' has no name yet, and a "
			       "version needs a commit that has it: `git model "
			       "register %s <path>`, without anything else, "
			       "gives it one", path, name);
	return known || why ? why : write_name(repo, name, path, err);
}

int mv_subject_name_artifact(enum mv_naming *out, struct mv_repo *repo,
			     const char *name, const char *arg, int only_name,
			     struct mv_err *err)
{
	char *path = repo->info->work_tree ? mv_repo_path_to_top(repo,
								 arg) : NULL;
	struct mv_subject s = { 0 };
	struct mv_project p = { 0 };
	char commit[65];
	int rc = 0, why, is_rev;

	*out = MV_NAMING_NONE;
	if (!repo->info->work_tree)
		return 0;
	if (!path)
		return mv_nomem(err);
	why = *path && *path != '/' ?
	      mv_subject_find_at(&s, repo, NULL, path, err) : MV_ENOENT;
	is_rev = mv_git_commit(commit, repo->git, arg, NULL);
	if (is_rev && is_rev != MV_ENOENT && is_rev != MV_EINVALID)
		rc = mv_git_commit(commit, repo->git, arg, err);
	is_rev = !is_rev;
	if (rc || why == MV_ENOENT)
		goto out;
	if (!mv_artifact_name_ok(name))
		rc = mv_fail(err, MV_EINVALID, "'%s' cannot be the name of an "
			     "artifact", name);
	if (!rc)
		rc = mv_subject_project(&p, repo, NULL, err);
	if (rc)
		goto out;
	if (is_rev && !mv_project_by_name(&p, name))
		rc = mv_fail(err, MV_EINVALID, "'%s' is a revision and a path; "
			     "'./%s' means the path", arg, arg);
	else if (!is_rev)
		rc = name_path(out, repo, &p, name, path, only_name, why, err);
out:
	mv_project_release(&p);
	mv_subject_release(&s);
	free(path);
	return rc;
}
