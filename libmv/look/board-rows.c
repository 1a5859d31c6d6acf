/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/path.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/look/boarding.h"
#include "libmv/meta/registry.h"
#include "libmv/report/views.h"
#include "libmv/subject/subject.h"

/*
 * The rows of a board, each a commit and a path or blob: of every commit that
 * touched a path, of versions, or of branches.
 */

struct mv_row *mv_look_board_row(struct mv_boarding *t, size_t target,
				 const char *commit, const char *path,
				 struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_row *row;
	int failed = 0;

	if (MV_GROW(b->v, t->row_alloc, b->count + 1, err) < 0 ||
	    MV_GROW(t->of, t->of_alloc, b->count + 1, err) < 0)
		return NULL;
	t->of[b->count] = target;
	row = &b->v[b->count++];
	memset(row, 0, sizeof(*row));
	row->artifact = mv_look_dup(t->targets[target].artifact, &failed);
	row->commit = mv_look_dup(commit, &failed);
	row->path = mv_look_dup(path, &failed);
	if (!failed)
		return row;
	mv_nomem(err);
	return NULL;
}

int mv_look_board_label(struct mv_row *row, const char *text,
			struct mv_err *err)
{
	free(row->label);
	row->label = strdup(text);
	return row->label ? 0 : mv_nomem(err);
}

static int enough(struct mv_boarding *t, struct mv_err *err)
{
	if (!t->limit || t->out->count < t->limit)
		return 0;
	t->stopped = 1;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

/* -- every commit --------------------------------------------------------- */

static int board_step(void *payload, const char *commit, int64_t when,
		      const char *author, const char *subject, const char *path,
		      const char *blob, struct mv_err *err)
{
	struct mv_boarding *t = payload;
	const struct mv_board_target *target = &t->targets[t->current];
	struct mv_row *last = t->out->count ?
		&t->out->v[t->out->count - 1] : NULL;
	int failed = 0;
	struct mv_row *row;

	if (target->directory) {	/* many files, one commit */
		if (t->moved && !strcmp(t->moved, commit))
			return 0;	/* it went away here */
		path = t->folder ? t->folder : target->path;
		blob = "";
		if (last && t->of[t->out->count - 1] == t->current &&
		    !strcmp(last->commit, commit))
			return 0;
	} else if (!*blob) {
		return 0;		/* deleted here */
	}
	if (enough(t, err))
		return MV_ECANCELLED;
	row = mv_look_board_row(t, t->current, commit, path, err);
	if (!row)
		return MV_ENOMEM;
	if (strlen(blob) < sizeof(row->blob))
		mv_look_hex(row->blob, blob);
	row->when = when;
	row->author = mv_look_dup(author, &failed);
	row->subject_line = mv_look_dup(subject, &failed);
	return failed ? mv_nomem(err) : 0;
}

/* The path that HEAD, or else the greatest version, has it at: what the work
   tree's config names need not be committed. 1: that is another one. */
static int other_path(struct mv_boarding *t, struct mv_err *err)
{
	struct mv_board_target *target = &t->targets[t->current];
	struct mv_subject s = { .path = NULL };
	char head[65];
	int rc;

	if (!target->artifact)
		return 0;
	rc = mv_git_commit(head, t->repo->git, target->commit ?
			   target->commit : "HEAD", err);
	if (!rc)
		rc = mv_subject_artifact_at(&s, t->repo, target->artifact, head,
					    err);
	if (rc == MV_ENOENT)
		rc = mv_subject_artifact_newest(&s, t->repo, target->artifact,
						err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	rc = s.path && strcmp(s.path, target->path);
	if (rc) {
		free(target->path);
		target->path = s.path;
		target->directory = s.is_directory;
		s.path = NULL;
	}
	mv_subject_release(&s);
	return rc;
}

/* All names that a folder went by: git follows only files. */
#define FOLDER_NAMES_MAX 64

static int follow_folder(struct mv_boarding *t, struct mv_err *err)
{
	const struct mv_board_target *target = &t->targets[t->current];
	const int all = t->flags & MV_BOARD_ALL;
	char *path = NULL, *earlier = NULL, moved[65] = "";
	size_t before = t->out->count;
	int rc = mv_git_follow(t->repo->git, all ? "--all" : target->commit,
			       target->path, board_step, t, err);

	for (int i = 0; !rc && t->out->count > before &&
	     i < FOLDER_NAMES_MAX; i++) {
		mv_look_hex(moved, t->out->v[t->out->count - 1].commit);
		rc = mv_git_folder_from(&earlier, t->repo->git, moved, path ?
					path : target->path, err);
		if (rc || !earlier)
			break;
		free(path);
		t->folder = path = earlier;
		t->moved = moved;
		before = t->out->count;
		rc = mv_git_follow(t->repo->git, all ? "--all" : moved, path,
				   board_step, t, err);
	}
	t->folder = t->moved = NULL;
	free(path);
	return rc;
}

static int follow_one(struct mv_boarding *t, struct mv_err *err)
{
	const struct mv_board_target *target = &t->targets[t->current];

	if (target->directory > 0)
		return follow_folder(t, err);
	return mv_git_follow(t->repo->git, t->flags & MV_BOARD_ALL ? "--all" :
			     target->commit, target->path, board_step, t, err);
}

static int board_follow(struct mv_boarding *t, struct mv_err *err)
{
	int rc = 0;

	for (t->current = 0; !rc && t->current < t->target_count;
	     t->current++) {
		size_t before = t->out->count;

		rc = follow_one(t, err);
		if (!rc && t->out->count == before) {
			rc = other_path(t, err);
			if (rc == 1)
				rc = follow_one(t, err);
		}
		if (t->stopped && rc == MV_ECANCELLED)
			return 0;
	}
	return rc;
}

/* Of all artifacts at once: one process, but renames are not followed. */
struct changes {
	struct mv_boarding *t;
	struct mv_look_names names;
};

static int change(void *payload, const char *commit, const char *subject,
		  int64_t when, const char *path, const char *blob,
		  struct mv_err *err)
{
	struct changes *c = payload;
	struct mv_boarding *t = c->t;

	for (size_t i = 0; i < t->target_count; i++) {
		const struct mv_board_target *target = &t->targets[i];
		const char *rest = mv_path_below(path, target->path);

		if (!rest)
			continue;
		t->current = i;
		t->targets[i].directory = !!*rest;
		return board_step(t, commit, when, NULL, subject, path, blob,
				  err);
	}
	return 0;
}
static int all_commits(struct mv_boarding *t, struct mv_err *err)
{
	static const char *const args[] = { "--all", NULL };
	struct changes c = { .t = t };
	size_t limit = t->limit;
	int rc;

	t->limit = 0;		/* they come oldest first */
	rc = mv_git_each_change(t->repo->git, args, change, &c, err);
	t->limit = limit;
	return rc;
}

/* -- versions and branches ------------------------------------------------ */

static int add_place(struct mv_boarding *t, const char *commit,
		     const char *name, size_t target, const char *version,
		     struct mv_err *err)
{
	struct mv_row *row = mv_look_board_row(t, target, commit,
					   t->targets[target].path, err);
	int failed = 0;

	if (!row)
		return MV_ENOMEM;
	row->version = mv_look_dup(version, &failed);
	return failed ? mv_nomem(err) : mv_look_board_label(row, name, err);
}

/* Versions of one artifact and HEAD, which is a row only where it is none. */
static int versions_of(struct mv_boarding *t, size_t target, const char *head,
		       struct mv_err *err)
{
	const char *name = t->targets[target].artifact;
	const struct mv_event *const *v = NULL;
	size_t n = 0, at;
	int rc = 0;

	if (name)
		v = mv_registry_versions(&t->registry, name, &n);
	for (at = n; at > 0; at--)
		if (!strcmp(v[at - 1]->commit, head))
			break;
	if (*head && !at)
		rc = add_place(t, head, "HEAD", target, NULL, err);
	while (!rc && n-- > 0) {
		rc = add_place(t, v[n]->commit, v[n]->tag.version, target,
			       v[n]->tag.version, err);
		if (!rc && n + 1 == at)
			t->out->v[t->out->count - 1].head = 1;
	}
	return rc;
}

static int versions(struct mv_boarding *t, struct mv_err *err)
{
	char head[65];
	int rc = mv_git_commit(head, t->repo->git, "HEAD", err);

	if (rc == MV_ENOENT)
		*head = '\0';
	else if (rc)
		return rc;
	rc = 0;
	for (size_t i = 0; !rc && i < t->target_count; i++)
		rc = versions_of(t, i, head, err);
	return rc;
}

static int branch(void *payload, const struct mv_git_ref *ref,
		  struct mv_err *err)
{
	struct mv_boarding *t = payload;
	int remote = !strncmp(ref->name, "refs/remotes/", 13);
	const char *name = ref->name + (remote ? 13 : 11);
	size_t len = strlen(name);
	int rc = 0;

	if (!*ref->commit ||
	    (remote && len > 5 && !strcmp(name + len - 5, "/HEAD")))
		return 0;
	for (size_t i = 0; !rc && i < t->target_count; i++) {
		int known = 0;

		/* A tracking ref that is where a branch of ours is. */
		for (size_t j = 0; remote && !known && j < t->out->count; j++)
			known = t->of[j] == i && t->out->v[j].commit &&
				!strcmp(t->out->v[j].commit, ref->commit);
		if (!known)
			rc = add_place(t, ref->commit, name, i, NULL, err);
	}
	return rc;
}

static int branches(struct mv_boarding *t, struct mv_err *err)
{
	static const char *const ours[] = { "refs/heads/", NULL };
	static const char *const theirs[] = { "refs/remotes/", NULL };
	int rc = mv_git_each_ref(t->repo->git, ours, branch, t, err);

	return rc ? rc : mv_git_each_ref(t->repo->git, theirs, branch, t, err);
}

int mv_look_board_gather(struct mv_boarding *t, int all, struct mv_err *err)
{
	if (t->flags & MV_BOARD_FOLLOW || (!all && t->flags & MV_BOARD_ALL))
		return board_follow(t, err);
	if (t->flags & MV_BOARD_ALL)
		return all_commits(t, err);
	if (t->flags & MV_BOARD_BRANCHES)
		return branches(t, err);
	return versions(t, err);
}
