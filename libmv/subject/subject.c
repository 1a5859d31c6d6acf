/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "libmv/base/near.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/repo/files.h"
#include "libmv/subject/priv.h"

/*
 * What a person names, and what that is in git: a pointer blob, on which
 * notes hang. Of a directory it is the pointer of its manifest, which no tree
 * holds; whoever records on it writes that blob.
 */
#define CONFIG_PATH ".gitmodel/config"
#define SPLITS_MAX 8			/* "@" that are tried as separators */

/* -- names, versions and stages ------------------------------------------- */

/* What else the registry knows of this artifact at this commit. */
static int add_titles(struct mv_subject *s, const struct mv_registry *r,
		      const struct mv_holders *holders, struct mv_err *err)
{
	const struct mv_event *v = mv_registry_version_at(r, s->artifact,
							  s->commit);
	int rc = 0;

	if (!s->version && v)
		rc = mv_set_str(&s->version, v->tag.version, err);
	for (size_t i = 0; !rc && !s->stage && i < holders->count; i++) {
		const struct mv_holder *h = &holders->v[i];

		if (h->stands && !strcmp(h->event->commit, s->commit) &&
		    (!h->version || !s->version ||
		     !strcmp(h->version->tag.version, s->version)))
			rc = mv_set_str(&s->stage, h->event->tag.stage, err);
	}
	return rc;
}

static int find_titles(struct mv_subject *s, struct mv_repo *repo,
		       struct mv_err *err)
{
	struct mv_holders holders = { 0 };
	struct mv_registry r = { 0 };
	int rc;

	if (!s->artifact || !s->commit)
		return 0;
	rc = mv_registry_load(&r, repo->git, s->artifact, err);
	if (!rc)
		rc = mv_subject_holders(&holders, repo, &r, s->artifact, err);
	if (!rc)
		rc = add_titles(s, &r, &holders, err);
	mv_subject_holders_release(&holders);
	mv_registry_release(&r);
	return rc;
}

/* NAME@version, NAME@latest, NAME#stage: what the registry believes. */
static int by_title(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	struct mv_release release;
	int rc = mv_subject_version(&release, repo, spec, err);

	if (!rc)
		rc = mv_subject_of_version(out, repo, &release, err);
	if (!rc)
		rc = find_titles(out, repo, err);
	mv_subject_version_clear(&release);
	return rc;
}

/* NAME and what can follow it. A name has neither '@' nor '#'. */
static int subject_by_name(struct mv_subject *out, struct mv_repo *repo,
			   const char *spec, struct mv_err *err)
{
	size_t len = strcspn(spec, "@#");
	const char *title = spec[len] ? spec + len + 1 : NULL;
	const struct mv_project *project;
	char *name = strndup(spec, len);
	int rc = MV_ENOENT;

	if (!name)
		return mv_nomem(err);
	if (!mv_artifact_name_ok(name))
		goto out;
	if (!title) {
		rc = mv_subject_project_at(&project, repo, NULL, err);
		if (!rc)
			rc = mv_project_by_name(project, name) ?
			     mv_subject_artifact_at(out, repo, name, NULL,
						    err) : MV_ENOENT;
	} else if (mv_subject_version_spec_ok(spec)) {
		rc = by_title(out, repo, spec, err);
	}
out:
	free(name);
	return rc;
}

/* -- paths ---------------------------------------------------------------- */

int mv_subject_lies_there(struct mv_repo *repo, const char *path)
{
	struct stat st;
	int root;

	return repo->info->work_tree && !mv_repo_root(&root, repo, NULL) &&
	       !fstatat(root, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW);
}

static int subject_by_path(struct mv_subject *out, struct mv_repo *repo,
			   const char *spec, struct mv_err *err)
{
	char *path = mv_repo_from_top(repo, spec);
	struct mv_err why;
	int rc;

	if (!path)
		return MV_ENOENT;
	rc = mv_subject_find_at(out, repo, NULL, path, &why);
	/* Of what is nowhere, others may know more. */
	if (rc && (rc != MV_ENOENT || mv_subject_lies_there(repo, path)))
		rc = mv_fail(err, rc, "%s", why.msg);
	free(path);
	return rc;
}

/* MV_ENOENT without words: it may be something else. */
static int commit_of(char *hex, struct mv_repo *repo, const char *rev,
		     struct mv_err *err)
{
	struct mv_err why;
	int rc = mv_git_commit_sure(hex, repo->git, rev, &why);

	return rc && rc != MV_ENOENT ? mv_fail(err, rc, "%s", why.msg) : rc;
}

/* What stands before "@REV": a name at that commit, else a path. */
static int at_rev(struct mv_subject *out, struct mv_repo *repo,
		  const char *what, const char *rev, struct mv_err *err)
{
	char hex[65], *path;
	int rc;

	if (!*what || !*rev || *rev == '-')
		return MV_ENOENT;
	rc = commit_of(hex, repo, rev, err);
	if (rc)
		return rc;
	rc = mv_artifact_name_ok(what) ?
	     mv_subject_artifact_at(out, repo, what, hex, err) : MV_ENOENT;
	if (rc != MV_ENOENT)
		return rc;
	path = mv_repo_from_top(repo, what);
	if (!path)
		return MV_ENOENT;
	rc = mv_subject_find_at(out, repo, hex, path, err);
	free(path);
	return rc;
}

/* REV:PATH as git has it: from the top, or "./x" from here; ":PATH" is the
   index. */
static int rev_path(struct mv_subject *out, struct mv_repo *repo,
		    const char *rev, const char *typed, struct mv_err *err)
{
	char hex[65], *path;
	size_t len;
	int rc;

	if (*rev == '-')
		return MV_ENOENT;
	rc = *rev ? commit_of(hex, repo, rev, err) : 0;
	if (rc)
		return rc;
	path = !strncmp(typed, "./", 2) || !strncmp(typed, "../", 3) ?
	       mv_repo_from_top(repo, typed) : strdup(typed);
	if (!path)
		return MV_ENOENT;
	len = strlen(path);
	if (len && path[len - 1] == '/')
		path[len - 1] = '\0';
	rc = mv_subject_find_at(out, repo, *rev ? hex : NULL, path, err);
	free(path);
	return rc;
}

/* A path may contain '@', and so may a revision: the shortest revision that
   is one wins. None contains ':' but those that search ("HEAD^{/a:b}"). */
static int by_commit(struct mv_subject *out, struct mv_repo *repo,
		     const char *spec, struct mv_err *err)
{
	char *text = strdup(spec);
	size_t tried = 0;
	int rc = MV_ENOENT;

	if (!text)
		return mv_nomem(err);
	for (size_t i = strlen(text); i-- && rc == MV_ENOENT;) {
		if (text[i] != '@' || tried++ >= SPLITS_MAX)
			continue;
		text[i] = '\0';
		rc = at_rev(out, repo, text, text + i + 1, err);
		text[i] = '@';
	}
	if (rc == MV_ENOENT && strchr(text, ':')) {
		*strchr(text, ':') = '\0';
		rc = rev_path(out, repo, text, text + strlen(text) + 1, err);
	}
	if (!rc)
		rc = find_titles(out, repo, err);
	free(text);
	return rc;
}

/* -- what might have been meant ------------------------------------------- */

struct near {
	const char *spec;
	struct mv_buf *out;
	size_t count;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void consider(struct near *n, const char *candidate)
{
	const char *base = base_name(n->spec);
	size_t limit = strlen(base) / 3;

	if (limit > 2)
		limit = 2;
	if (n->count >= 3 || (strcasecmp(base_name(candidate), base) &&
			      mv_edit_distance(base_name(candidate), base) >
			      limit))
		return;
	if (!mv_buf_addf(n->out, "%s'%s'", n->count ? ", " : "", candidate))
		n->count++;
}

static int consider_entry(void *payload, const struct mv_git_entry *e,
			  struct mv_err *err)
{
	(void)err;
	consider(payload, e->path);
	return 0;
}

static int not_found(struct mv_repo *repo, const char *spec,
		     struct mv_err *err)
{
	const struct mv_project *project;
	struct near n = { .spec = spec };
	const char *at = strrchr(spec, '@');
	struct mv_buf near;
	char head[65];
	int rc;

	mv_buf_init(&near, 256);
	n.out = &near;
	if (!mv_subject_project_at(&project, repo, NULL, NULL)) {
		for (size_t i = 0; at && i < project->artifact_count; i++) {
			const char *name = project->artifacts[i].name;

			if (strlen(name) == (size_t)(at - spec) &&
			    !strncmp(name, spec, strlen(name)))
				return mv_fail(err, MV_ENOENT, "'%s' has no "
					       "version '%s', and no commit "
					       "that is called so has it; what "
					       "holds a stage is '%s#<stage>'",
					       name, at + 1, name);
		}
		for (size_t i = 0; i < project->artifact_count; i++)
			consider(&n, project->artifacts[i].name);
	}
	if (repo->info->work_tree)
		mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_FILTERED,
			  NULL, consider_entry, &n, NULL);
	rc = mv_fail(err, MV_ENOENT, "'%s' is no artifact of " CONFIG_PATH
		     ", no path in the index, no path in a commit and no "
		     "content%s%s%s%s", spec,
		     mv_git_commit(head, repo->git, "HEAD", NULL) ?
		     "; there is no commit yet" : "",
		     n.count ? "; did you mean " : "", near.data,
		     n.count ? "?" : "");
	mv_buf_release(&near);
	return rc;
}

int mv_subject_find(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	static int (*const ways[])(struct mv_subject *, struct mv_repo *,
				   const char *, struct mv_err *) = {
		subject_by_name, subject_by_path, by_commit, mv_subject_by_oid
	};
	struct mv_err why = { .code = MV_OK }, first = { .code = MV_OK };
	int rc = MV_ENOENT;

	memset(out, 0, sizeof(*out));
	if (!*spec)
		return mv_fail(err, MV_EINVALID, "an empty name names nothing");
	for (size_t i = 0; rc == MV_ENOENT && i < 4; i++) {
		why.code = MV_OK;
		rc = ways[i](out, repo, spec, &why);
		/* Who had something to say of it knows best. */
		if (rc == MV_ENOENT && why.code && !first.code)
			first = why;
		if (rc)
			mv_subject_release(out);
	}
	if (!rc)
		rc = mv_set_str(&out->spec, spec, err);
	else if (rc == MV_ENOENT && first.code)
		rc = mv_fail(err, MV_ENOENT, "%s", first.msg);
	else if (rc == MV_ENOENT)
		rc = not_found(repo, spec, err);
	else
		rc = mv_fail(err, rc, "%s", why.msg);
	return rc;
}
