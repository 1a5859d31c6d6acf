/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/path.h"
#include "libmv/git/files.h"
#include "libmv/git/history.h"
#include "libmv/look/comparing.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"

/*
 * What is compared with what? Git says which files differ (one process for
 * all); named artifacts may have a base of their own (what holds their stage)
 * or another path there; files below a directory artifact become one item.
 */

/* Files that are in the head and that git did not name, because they are
   the same. */
static int unchanged(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	struct mv_comparing *w = payload;
	const struct mv_git_delta d = { e->path, e->path, e->blob, e->blob,
					0, 0 };

	if ((e->mode & 0170000) != 0100000 || e->stage)
		return 0;
	return mv_look_comparing_delta(w, &d, err);
}

static int by_new_path(const void *a, const void *b)
{
	const struct mv_compared *x = a, *y = b;
	const char *p = x->new_path ? x->new_path : "";
	const char *q = y->new_path ? y->new_path : "";
	int cmp = strcmp(p, q);

	return cmp ? cmp : strcmp(x->old_path ? x->old_path : "",
				  y->old_path ? y->old_path : "");
}

static int add_unchanged(struct mv_comparing *w, struct mv_err *err)
{
	size_t changed = w->count;
	int rc;

	if (changed)
		qsort(w->items, changed, sizeof(*w->items), by_new_path);
	rc = w->head ? mv_git_walk_tree(w->repo->git, w->head, unchanged, w,
					err)
		     : mv_git_ls(w->repo->git, MV_GIT_LS_CACHED, NULL,
				 unchanged, w, err);
	/* Both lists are in the order of the paths' bytes. */
	for (size_t i = changed, j = 0; !rc && i < w->count; i++) {
		const char *path = w->items[i].new_path;

		while (j < changed && (!w->items[j].new_path ||
				       strcmp(w->items[j].new_path, path) < 0))
			j++;
		if (j < changed && !strcmp(w->items[j].new_path, path))
			w->items[i].dropped = 1;
	}
	return rc;
}

static int differing_files(struct mv_comparing *w, struct mv_err *err)
{
	int rc;

	if (!w->has_base)
		return 0;
	/* A few trees that name each other would be walked for ever. */
	rc = mv_git_bound_diff(w->repo->git, w->head ? w->base_hex : "",
			       w->head ? w->head : w->base_hex,
			       MV_GIT_PATHS_MAX, err);
	if (rc)
		return rc;
	if (w->head && !strcmp(w->base_hex, w->head))
		rc = 0;
	else if (w->head)
		rc = mv_git_diff(w->repo->git, w->base_hex, w->head,
				 MV_GIT_DIFF_RENAMES | MV_GIT_DIFF_ODD, NULL,
				 mv_look_comparing_delta, w, err);
	else
		rc = mv_look_comparing_index(w, w->base_hex, err);
	if (!rc && w->flags & MV_COMPARE_ALL)
		rc = add_unchanged(w, err);
	return rc;
}

/* Is this path the artifact's, or below it? Either may be NULL. */
static int within(const char *path, const char *artifact_path)
{
	return path && artifact_path && mv_path_below(path, artifact_path);
}

static int add_named(struct mv_comparing *w, const char *old_commit,
		     const char *old_path, const char *new_path, int directory,
		     struct mv_err *err)
{
	struct mv_compared *item = mv_look_comparing_add(w, err);
	int failed = 0;

	if (!item)
		return MV_ENOMEM;
	item->old_commit = mv_look_dup(old_commit, &failed);
	item->old_path = mv_look_dup(old_path, &failed);
	item->new_path = mv_look_dup(new_path, &failed);
	item->directory = directory;
	return failed ? mv_nomem(err) : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int index_paths(struct mv_comparing *w, struct mv_err *err)
{
	w->paths = calloc(2 * w->count + 1, sizeof(*w->paths));
	if (!w->paths)
		return mv_nomem(err);
	for (size_t i = 0; i < w->count; i++) {
		if (w->items[i].new_path)
			w->paths[w->path_count++] = w->items[i].new_path;
		if (w->items[i].old_path)
			w->paths[w->path_count++] = w->items[i].old_path;
	}
	if (w->path_count)
		qsort(w->paths, w->path_count, sizeof(*w->paths), by_text);
	return 0;
}

/* Did git name a file below this one? */
static int is_above(const struct mv_comparing *w, const char *path)
{
	size_t low = 0, high = w->path_count, len = path ? strlen(path) : 0;

	while (path && low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strncmp(w->paths[mid], path, len);

		if (!cmp && w->paths[mid][len] == '/')
			return 1;
		if (!cmp)
			cmp = (unsigned char)w->paths[mid][len] < '/' ? -1 : 1;
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/*
 * One artifact has one item: those that git named are replaced when it is a
 * directory, when it has another path or a base of its own.
 */
static int one_artifact(struct mv_comparing *w, const char *old_commit,
			const char *old_path, const char *new_path,
			struct mv_err *err)
{
	const char *general = old_commit ? NULL : old_path;
	struct mv_compared *whole = NULL;
	int directory = 0, touched = 0;

	if (!old_commit && old_path && new_path &&
	    !strcmp(old_path, new_path) && !is_above(w, new_path))
		return 0;	/* as git has it: nearly all */
	for (size_t i = 0; i < w->count; i++) {
		struct mv_compared *item = &w->items[i];
		int new = within(item->new_path, new_path);
		int old = within(item->old_path, general);

		if (item->dropped || (!new && !old))
			continue;
		touched = 1;
		if ((new && item->new_path[strlen(new_path)]) ||
		    (old && item->old_path[strlen(general)]))
			directory = 1;
		else if (new && old)
			whole = item;
	}
	if (!old_commit && !directory &&
	    (whole || !old_path || !new_path || !strcmp(old_path, new_path)))
		return 0;	/* as git has it, or not touched at all */
	if (old_commit || touched)
		for (size_t i = 0; i < w->count; i++)
			if (within(w->items[i].new_path, new_path) ||
			    within(w->items[i].old_path, general))
				w->items[i].dropped = 1;
	/* Whether what was not touched is a directory, its subject will say. */
	return add_named(w, old_commit, old_path, new_path,
			 directory ? 1 : -1, err);
}

/* The artifact as that commit's config had it; else by today's path. */
static int path_then(char **out, struct mv_comparing *w, const char *commit,
		     const char *artifact, const char *otherwise,
		     struct mv_err *err)
{
	const struct mv_artifact *then;
	struct mv_project project;
	int rc = mv_subject_project(&project, w->repo, commit, err);

	if (rc)
		return rc;
	then = mv_project_by_name(&project, artifact);
	otherwise = then ? then->path : otherwise;
	*out = otherwise ? strdup(otherwise) : NULL;
	mv_project_release(&project);
	return !*out && otherwise ? mv_nomem(err) : 0;
}

static int named_artifact(struct mv_comparing *w,
			  const struct mv_artifact *artifact,
			  size_t *held, struct mv_err *err)
{
	const char *commit = mv_look_comparing_holder(w, artifact->name);
	const struct mv_artifact *base =
		mv_look_by_name(&w->base_names, artifact->name);
	char *path = NULL;
	int rc = 0;

	if (commit) {
		++*held;
		rc = path_then(&path, w, commit, artifact->name,
			       artifact->path, err);
		if (!rc)
			rc = one_artifact(w, commit, path, artifact->path, err);
	} else if (w->stage_only) {
		rc = add_named(w, NULL, NULL, artifact->path, -1, err);
	} else if (w->has_base) {
		rc = one_artifact(w, NULL, base ? base->path : artifact->path,
				  artifact->path, err);
	}
	free(path);
	return rc;
}

/* It holds the stage and is named no more. */
static int unnamed_artifacts(struct mv_comparing *w, size_t *held,
			     struct mv_err *err)
{
	size_t n;
	const struct mv_event *const *v = mv_registry_holders(&w->registry,
							      NULL, &n);
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		const char *name = v[i]->tag.artifact;
		const char *commit;
		char *path = NULL;

		if (strcmp(v[i]->tag.stage, w->stage) ||
		    mv_look_by_name(&w->names, name))
			continue;
		commit = mv_look_comparing_holder(w, name);
		if (!commit)
			continue;
		++*held;
		rc = path_then(&path, w, commit, name, NULL, err);
		if (!rc && path)
			rc = one_artifact(w, commit, path, path, err);
		free(path);
	}
	return rc;
}

/* Directories and paths that the base's config alone knew. */
static int gone_artifacts(struct mv_comparing *w, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < w->base_project.artifact_count; i++) {
		const struct mv_artifact *a = &w->base_project.artifacts[i];

		if (!mv_look_by_name(&w->names, a->name))
			rc = one_artifact(w, NULL, a->path, a->path, err);
	}
	return rc;
}

int mv_look_comparing_artifacts(struct mv_comparing *w, size_t *held,
				struct mv_err *err)
{
	int rc = differing_files(w, err);

	if (!rc)
		rc = index_paths(w, err);
	for (size_t i = 0; !rc && i < w->out->project.artifact_count; i++)
		rc = named_artifact(w, &w->out->project.artifacts[i], held,
				    err);
	if (!rc && w->stage)
		rc = unnamed_artifacts(w, held, err);
	if (!rc && w->has_base)
		rc = gone_artifacts(w, err);
	if (!rc && w->stage_only && !*held)
		rc = mv_fail(err, MV_EINVALID, "what holds the stage '%s' is "
			     "'%s' itself; name a base", w->stage,
			     w->out->head_name);
	return rc;
}
