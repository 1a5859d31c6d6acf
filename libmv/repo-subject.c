/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "libmv/base/near.h"
#include "libmv/repo-evidence.h"
#include "libmv/repo-internal.h"
#include "libmv/repo-registry.h"

/*
 * What a person names, and what that is in git: a pointer blob, on which
 * notes hang. Of a directory it is the pointer of its manifest, which no tree
 * holds; whoever records on it writes that blob.
 */
#define CONFIG_PATH ".gitmodel/config"
#define CONFIG_MAX ((size_t)1 << 20)
#define SPLITS_MAX 8			/* "@" that are tried as separators */

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

void mv_subjects_release(struct mv_subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mv_subject_release(&subjects[i]);
	free(subjects);
}

static int set_str(char **to, const char *s, struct mv_err *err)
{
	char *copy = NULL;

	if (s && !(copy = strdup(s)))
		return mv_nomem(err);
	free(*to);
	*to = copy;
	return 0;
}

/* -- .gitmodel/config -------------------------------------------------------- */

/* There is room for all that one may have: what is larger is no config, as
   one with a mistake is none. */
static int read_config(struct mv_buf *text, struct mv_repo *repo,
		       const char *spec, struct mv_err *err)
{
	int rc = mv_git_read_blob(repo->git, spec, text, NULL, err);

	return rc != MV_ENOMEM ? rc :
		mv_fail(err, MV_EINVALID, "%s: more than %zu bytes", spec,
			CONFIG_MAX);
}

int mv_repo_project(struct mv_project *out, struct mv_repo *repo,
		    const char *commit, struct mv_err *err)
{
	char *spec = NULL;
	struct mv_buf text;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&text, CONFIG_MAX + 2);
	if (!commit && repo->info->work_tree) {
		rc = mv_repo_team_file(&text, repo, err);
	} else {
		spec = mv_strf("%s:" CONFIG_PATH, commit ? commit : "HEAD");
		rc = spec && !mv_buf_reserve(&text, CONFIG_MAX + 1) ?
			read_config(&text, repo, spec, err) : mv_nomem(err);
	}
	if (!rc)
		rc = mv_project_parse(out, spec ? spec : CONFIG_PATH,
				      text.data, text.len, err);
	else if (rc == MV_ENOENT)
		rc = 0;
	mv_buf_release(&text);
	free(spec);
	return rc;
}

/* That of the commit that was asked for last: many paths are looked up in
   one. The work tree's can change. */
struct mv_repo_projects {
	char *commit;
	struct mv_project project;
};

void mv_repo_projects_release(struct mv_repo *repo)
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
int mv_repo_project_at(const struct mv_project **out, struct mv_repo *repo,
		       const char *commit, struct mv_err *err)
{
	struct mv_repo_projects *p = repo->projects;
	struct mv_err why;
	int rc;

	if (p && commit && p->commit && !strcmp(p->commit, commit)) {
		*out = &p->project;
		return 0;
	}
	mv_repo_projects_release(repo);
	p = calloc(1, sizeof(*p));
	if (!p || (commit && !(p->commit = strdup(commit)))) {
		free(p);
		return mv_nomem(err);
	}
	repo->projects = p;
	rc = mv_repo_project(&p->project, repo, commit, &why);
	if (rc == MV_EINVALID && commit) {
		mv_repo_warn(repo, "%s", why.msg);
		rc = 0;
	}
	if (rc) {
		/* What could not be read must not be known as empty. */
		mv_repo_projects_release(repo);
		*out = NULL;
		return mv_fail(err, rc, "%s", why.msg);
	}
	*out = &p->project;
	return 0;
}

/* -- names, versions and stages ---------------------------------------------- */

/* What else the registry knows of this artifact at this commit. */
static int add_titles(struct mv_subject *s, const struct mv_registry *r,
		      const struct mv_holders *holders, struct mv_err *err)
{
	const struct mv_event *v = mv_registry_version_at(r, s->artifact,
							  s->commit);
	int rc = 0;

	if (!s->version && v)
		rc = set_str(&s->version, v->tag.version, err);
	for (size_t i = 0; !rc && !s->stage && i < holders->count; i++) {
		const struct mv_holder *h = &holders->v[i];

		if (h->stands && !strcmp(h->event->commit, s->commit) &&
		    (!h->version || !s->version ||
		     !strcmp(h->version->tag.version, s->version)))
			rc = set_str(&s->stage, h->event->tag.stage, err);
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
		rc = mv_repo_holders(&holders, repo, &r, s->artifact, err);
	if (!rc)
		rc = add_titles(s, &r, &holders, err);
	mv_holders_release(&holders);
	mv_registry_release(&r);
	return rc;
}

/* Where this artifact is at a commit: as its own .gitmodel/config says, else
   as the present one does. *path is yours; MV_ENOENT. */
static int path_of(char **path, struct mv_repo *repo, const char *name,
		   const char *commit, struct mv_err *err)
{
	const struct mv_project *project;
	const struct mv_artifact *a = NULL;
	int rc = 0;

	*path = NULL;
	if (commit) {
		rc = mv_repo_project_at(&project, repo, commit, err);
		a = rc ? NULL : mv_project_by_name(project, name);
	}
	if (!rc && !a) {
		rc = mv_repo_project_at(&project, repo, NULL, err);
		a = rc ? NULL : mv_project_by_name(project, name);
	}
	if (rc)
		return rc;
	if (!a)
		return mv_fail(err, MV_ENOENT, "no [artifact \"%s\"] in "
			       CONFIG_PATH " says where it is", name);
	return set_str(path, a->path, err);
}

int mv_repo_artifact_at(struct mv_subject *out, struct mv_repo *repo,
			const char *name, const char *commit,
			struct mv_err *err)
{
	struct mv_err why = { .code = MV_OK };
	char *path;
	int rc = path_of(&path, repo, name, commit, &why);

	if (!rc)
		rc = mv_repo_subject_at(out, repo, commit, path, &why);
	if (rc == MV_ENOENT && path)
		mv_err_prefix(&why, "artifact '%s'", name);
	if (rc == MV_ENOENT && commit) {
		struct mv_err other;

		rc = mv_repo_artifact_elsewhere(out, repo, name, commit,
						&other);
		if (rc && rc != MV_ENOENT)
			why = other;
	} else if (rc == MV_ENOENT && path) {
		rc = mv_repo_artifact_moved(repo, name, path, &why);
	}
	free(path);
	if (rc)
		return mv_fail(err, rc, "%s", why.msg);
	return set_str(&out->artifact, name, err);
}

/* NAME@version, NAME@latest, NAME#stage: what the registry believes. */
static int by_title(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	struct mv_release release;
	int rc = mv_repo_release(&release, repo, spec, err);

	if (!rc)
		rc = mv_repo_release_subject(out, repo, &release, err);
	if (!rc)
		rc = find_titles(out, repo, err);
	mv_release_clear(&release);
	return rc;
}

/* NAME and what can follow it. A name has neither '@' nor '#'. */
static int by_name(struct mv_subject *out, struct mv_repo *repo,
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
		rc = mv_repo_project_at(&project, repo, NULL, err);
		if (!rc)
			rc = mv_project_by_name(project, name) ?
			     mv_repo_artifact_at(out, repo, name, NULL,
						 err) : MV_ENOENT;
	} else if (mv_release_spec_ok(spec)) {
		rc = by_title(out, repo, spec, err);
	}
out:
	free(name);
	return rc;
}

/* -- paths ------------------------------------------------------------------- */

static int lies_there(struct mv_repo *repo, const char *path)
{
	struct stat st;
	int root;

	return repo->info->work_tree && !mv_repo_root(&root, repo, NULL) &&
	       !fstatat(root, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW);
}

static int by_path(struct mv_subject *out, struct mv_repo *repo,
		   const char *spec, struct mv_err *err)
{
	char *path = mv_repo_from_top(repo, spec);
	struct mv_err why;
	int rc;

	if (!path)
		return MV_ENOENT;
	rc = mv_repo_subject_at(out, repo, NULL, path, &why);
	/* Of what is nowhere, others may know more. */
	if (rc && (rc != MV_ENOENT || lies_there(repo, path)))
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
	     mv_repo_artifact_at(out, repo, what, hex, err) : MV_ENOENT;
	if (rc != MV_ENOENT)
		return rc;
	path = mv_repo_from_top(repo, what);
	if (!path)
		return MV_ENOENT;
	rc = mv_repo_subject_at(out, repo, hex, path, err);
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
	rc = mv_repo_subject_at(out, repo, *rev ? hex : NULL, path, err);
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

/* -- what might have been meant ---------------------------------------------- */

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
	if (!mv_repo_project_at(&project, repo, NULL, NULL)) {
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

int mv_repo_subject(struct mv_subject *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	static int (*const ways[])(struct mv_subject *, struct mv_repo *,
				   const char *, struct mv_err *) = {
		by_name, by_path, by_commit, mv_repo_subject_by_oid
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
		rc = set_str(&out->spec, spec, err);
	else if (rc == MV_ENOENT && first.code)
		rc = mv_fail(err, MV_ENOENT, "%s", first.msg);
	else if (rc == MV_ENOENT)
		rc = not_found(repo, spec, err);
	else
		rc = mv_fail(err, rc, "%s", why.msg);
	return rc;
}
