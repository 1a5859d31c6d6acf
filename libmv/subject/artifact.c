/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/files.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/subject/priv.h"

/* An artifact by its name, in a commit or the index, wherever it went. */
#define CONFIG_PATH ".gitmodel/config"

/*
 * An artifact whose path is not where .gitmodel/config says: its file was
 * moved, and the config was not changed with it, or came later. Only those who
 * look ask here; what is judged goes by the commit's own config.
 */
#define PLACES_MAX 64u		/* other paths that are tried in a commit */

struct places {
	char *path[PLACES_MAX];
	size_t count;
};

static void places_release(struct places *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->path[i]);
}

static int add_place(struct places *p, const char *path, struct mv_err *err)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->path[i], path))
			return 0;
	if (!*path || p->count == PLACES_MAX)
		return 0;
	p->path[p->count] = strdup(path);
	if (!p->path[p->count])
		return mv_nomem(err);
	p->count++;
	return 0;
}

/* What the artifact's tags say: those of this commit, then the newest. */
static int add_said(struct places *p, const struct mv_events *events,
		    const char *commit, struct mv_err *err)
{
	const struct mv_registry *r = &events->registry;
	int rc = 0;

	for (int here = 1; here >= 0; here--)
		for (size_t i = r->count; !rc && i-- > 0;) {
			const struct mv_value *v = mv_facts_get(
				&events->info[i].trailers, "Model-Path");

			if (v && v->text && !events->info[i].problem &&
			    (strcmp(r->v[i].commit, commit) != 0) != here)
				rc = add_place(p, v->text, err);
		}
	return rc;
}

static int artifact_step(void *payload, const char *commit, int64_t when,
			 const char *author, const char *subject, const char *path,
			 const char *blob, struct mv_err *err)
{
	(void)commit;
	(void)when;
	(void)author;
	(void)subject;
	(void)blob;
	return add_place(payload, path, err);
}

/* The names that the present path went by. */
static int add_earlier(struct places *p, struct mv_repo *repo,
		       const char *present, struct mv_err *err)
{
	char head[65];
	int rc = mv_git_commit(head, repo->git, "HEAD", err);

	if (rc == MV_ENOENT)
		return 0;
	return rc ? rc : mv_git_follow(repo->git, head, present, artifact_step,
				       p, err);
}

/* MV_ENOENT when it is at none of them. */
static int try_places(struct mv_subject *out, struct mv_repo *repo,
		      const char *commit, const struct places *p,
		      size_t *tried, struct mv_err *err)
{
	int rc = MV_ENOENT;

	while (rc == MV_ENOENT && *tried < p->count)
		rc = mv_subject_find_at(out, repo, commit,
					p->path[(*tried)++], err);
	return rc;
}

int mv_subject_artifact_elsewhere(struct mv_subject *out, struct mv_repo *repo,
				  const char *name, const char *commit,
				  struct mv_err *err)
{
	const struct mv_project *project;
	const struct mv_artifact *now;
	struct places p = { .count = 0 };
	struct mv_events events;
	size_t tried = 0, known;
	int rc = mv_subject_events(&events, repo, name, err);

	if (rc)
		return rc;
	rc = mv_subject_project_at(&project, repo, NULL, err);
	now = rc ? NULL : mv_project_by_name(project, name);
	if (now)
		rc = add_place(&p, now->path, err);
	known = p.count;
	if (!rc)
		rc = add_said(&p, &events, commit, err);
	if (!rc)
		rc = try_places(out, repo, commit, &p, &tried, err);
	if (rc == MV_ENOENT && known) {
		rc = add_earlier(&p, repo, p.path[0], err);
		if (!rc)
			rc = try_places(out, repo, commit, &p, &tried, err);
	}
	mv_subject_events_release(&events);
	places_release(&p);
	return rc;
}

int mv_subject_artifact_newest(struct mv_subject *out, struct mv_repo *repo,
			       const char *name, struct mv_err *err)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	const struct mv_event *e = NULL;
	int rc = mv_registry_load(&r, repo->git, name, err);

	if (!rc)
		rc = mv_registry_which(&e, &r, name, NULL, err);
	if (!rc)
		rc = e ? mv_subject_artifact_at(out, repo, name, e->commit,
						err) :
		     MV_ENOENT;
	mv_registry_release(&r);
	return rc;
}

struct twin {
	const char *blob;
	struct mv_buf *out;
	int found;
};

static int same_blob(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	struct twin *t = payload;

	if (t->found || strcmp(e->blob, t->blob))
		return 0;
	t->found = 1;
	return mv_buf_addstr(t->out, e->path) ? mv_nomem(err) : 0;
}

/* The path in the index that has what HEAD, or the greatest version, had. */
static void find_twin(struct mv_buf *path, struct mv_repo *repo,
		      const char *name, const char *old)
{
	struct twin t = { .out = path };
	struct mv_subject s;
	char head[65];
	int rc = mv_git_commit(head, repo->git, "HEAD", NULL);

	if (!rc)
		rc = mv_subject_find_at(&s, repo, head, old, NULL);
	if (rc == MV_ENOENT)
		rc = mv_subject_artifact_newest(&s, repo, name, NULL);
	if (rc)
		return;
	t.blob = s.blob;
	if (!s.is_directory)
		mv_git_ls(repo->git, MV_GIT_LS_CACHED, NULL, same_blob, &t,
			  NULL);
	mv_subject_release(&s);
}

/* Its path is not in the index: say so, and what to change. MV_ENOENT. */
static int has_moved(struct mv_repo *repo, const char *name, const char *path,
		     struct mv_err *err)
{
	struct mv_buf now;

	mv_buf_init(&now, 1 << 16);
	find_twin(&now, repo, name, path);
	if (now.len)
		mv_fail(err, MV_ENOENT, "artifact '%s': '%s' is not in the "
			"index, but '%s' has its content: put path = %s into "
			".gitmodel/config; `git model log %s` lists what it "
			"was", name, path, now.data, now.data, name);
	else
		mv_fail(err, MV_ENOENT, "artifact '%s': '%s' is not in the "
			"index; `git model add` puts it there; if it was "
			"moved, put its new path into .gitmodel/config",
			name, path);
	mv_buf_release(&now);
	return MV_ENOENT;
}

/* -- where it should be, else where it went -------------------------------- */

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
		rc = mv_subject_project_at(&project, repo, commit, err);
		a = rc ? NULL : mv_project_by_name(project, name);
	}
	if (!rc && !a) {
		rc = mv_subject_project_at(&project, repo, NULL, err);
		a = rc ? NULL : mv_project_by_name(project, name);
	}
	if (rc)
		return rc;
	if (!a)
		return mv_fail(err, MV_ENOENT, "no [artifact \"%s\"] in "
			       CONFIG_PATH " says where it is", name);
	return mv_set_str(path, a->path, err);
}

int mv_subject_artifact_at(struct mv_subject *out, struct mv_repo *repo,
			   const char *name, const char *commit,
			   struct mv_err *err)
{
	struct mv_err why = { .code = MV_OK };
	char *path;
	int rc = path_of(&path, repo, name, commit, &why);

	if (!rc)
		rc = mv_subject_find_at(out, repo, commit, path, &why);
	if (rc == MV_ENOENT && path)
		mv_err_prefix(&why, "artifact '%s'", name);
	if (rc == MV_ENOENT && commit) {
		struct mv_err other;

		rc = mv_subject_artifact_elsewhere(out, repo, name, commit,
						   &other);
		if (rc && rc != MV_ENOENT)
			why = other;
	} else if (rc == MV_ENOENT && path) {
		rc = has_moved(repo, name, path, &why);
	}
	free(path);
	if (rc)
		return mv_fail(err, rc, "%s", why.msg);
	return mv_set_str(&out->artifact, name, err);
}
