/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/look/boarding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/repo/files.h"
#include "libmv/report/views.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"

/*
 * Tables over versions. Rows are gathered first, each a commit and a path or
 * blob; then all pointers are read in one go, then who and when of the
 * commits, then all notes. What turns out to be no pointer of ours (deleted,
 * or held by git itself) is dropped.
 */

/* -- which artifacts ------------------------------------------------------ */

static int add_target(struct mv_boarding *t, const char *artifact,
		      const char *path, const char *commit, int directory,
		      struct mv_err *err)
{
	struct mv_board_target *v;
	int failed = 0;

	if (MV_GROW(t->targets, t->target_alloc, t->target_count + 1, err) < 0)
		return MV_ENOMEM;
	v = &t->targets[t->target_count++];
	v->artifact = mv_look_dup(artifact, &failed);
	v->path = mv_look_dup(path, &failed);
	v->commit = mv_look_dup(commit, &failed);
	v->directory = directory;
	return failed ? mv_nomem(err) : 0;
}

static int listed(void *payload, const struct mv_file *file,
		  struct mv_err *err)
{
	if (file->state != MV_FILE_OK && file->state != MV_FILE_MISSING)
		return 0;
	return add_target(payload, NULL, file->path, NULL, 0, err);
}

/* Named ones; where nothing is named, every file of ours. */
static int all_targets(struct mv_boarding *t, struct mv_err *err)
{
	const struct mv_project *p = &t->out->project;
	int rc = 0;

	for (size_t i = 0; !rc && i < p->artifact_count; i++)
		rc = add_target(t, p->artifacts[i].name, p->artifacts[i].path,
				NULL, -1, err);
	if (!rc && !t->target_count)
		rc = mv_repo_ls(t->repo, "HEAD", listed, t, err);
	return rc;
}

/* An artifact whose path is not in the index, but which has versions. */
static int lost_artifact(struct mv_boarding *t, const char *name,
			 struct mv_err *err)
{
	const struct mv_artifact *a = mv_project_by_name(&t->out->project,
							 name);
	struct mv_subject s;
	struct mv_err why;
	int rc = mv_subject_artifact_newest(&s, t->repo, name, &why);

	if (rc == MV_ENOENT)
		return rc;
	if (rc)
		return mv_fail(err, rc, "%s", why.msg);
	if (a)
		mv_repo_warn(t->repo, "'%s', the path of '%s', is not in the "
			     "index; if it was moved, put its new path into "
			     ".gitmodel/config", a->path, name);
	rc = add_target(t, name, a ? a->path : s.path, NULL, s.is_directory,
			err);
	mv_subject_release(&s);
	return rc;
}

/* A path that is gone today still has a history. */
static int lost_target(struct mv_boarding *t, const char *spec,
		       struct mv_err *err)
{
	const char *prefix = t->repo->info->prefix;
	char *path;
	int rc;

	if (strpbrk(spec, "@#:") || *spec == '/')
		return err->code;
	path = mv_strf("%s%s", prefix ? prefix : "", spec);
	if (!path)
		return mv_nomem(err);
	rc = add_target(t, NULL, path, NULL, 0, err);
	free(path);
	return rc;
}

static int one_target(struct mv_boarding *t, const char *spec,
		      struct mv_err *err)
{
	struct mv_subject s;
	int rc = mv_subject_find(&s, t->repo, spec, err);

	if (rc == MV_ENOENT && mv_artifact_name_ok(spec)) {
		struct mv_err why;
		int lost = lost_artifact(t, spec, &why);

		if (lost != MV_ENOENT)
			return lost ? mv_fail(err, lost, "%s", why.msg) : 0;
	}
	if ((rc == MV_ENOENT || rc == MV_EINVALID) &&
	    t->flags & MV_BOARD_FOLLOW)
		return lost_target(t, spec, err);
	if (rc)
		return rc;
	if (!s.path)
		rc = mv_fail(err, MV_EINVALID, "'%s' is a content, which has "
			     "no history; name an artifact or a path", spec);
	else
		rc = add_target(t, s.artifact, s.path, s.commit,
				s.is_directory, err);
	mv_subject_release(&s);
	return rc;
}
/* -- all of it ------------------------------------------------------------ */

static int by_newest(const void *a, const void *b)
{
	const struct mv_row *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? 1 : -1;
	return strcmp(x->path, y->path);
}

static int find_targets(struct mv_boarding *t, const char *spec,
			struct mv_err *err)
{
	int rc = spec ? one_target(t, spec, err) : all_targets(t, err);
	const char *one = spec && t->target_count == 1 ?
			  t->targets[0].artifact : NULL;

	if (!rc && (one || !spec))
		rc = mv_registry_load(&t->registry, t->repo->git, one, err);
	return rc;
}

/*
 * As many rows as were asked for: of those that history gives some are no
 * pointers of ours, which is known only when they were looked at. Then it is
 * gone through again, further back.
 */
static int find_rows(struct mv_boarding *t, int all, struct mv_err *err)
{
	const size_t wanted = t->limit;
	int rc;

	for (;;) {
		t->stopped = 0;
		rc = mv_look_board_gather(t, all, err);
		if (!rc)
			rc = mv_look_board_pointers(t, err);
		if (rc || !t->stopped || t->out->count >= wanted)
			break;
		mv_board_first(t->out, 0);
		t->limit = t->limit > SIZE_MAX / 4 ? 0 : 4 * t->limit;
	}
	t->limit = wanted;
	return rc;
}

/* From here on rows may move: nothing asks for their targets any more. */
static void cut(struct mv_boarding *t, const char *spec)
{
	struct mv_board *b = t->out;

	if (!spec && t->flags & MV_BOARD_ALL && b->count)
		qsort(b->v, b->count, sizeof(*b->v), by_newest);
	if (t->limit)
		mv_board_first(b, t->limit);
}

/* Where git would only say that it does not know 'HEAD'. */
static int check_head(struct mv_boarding *t, const char *spec,
		      struct mv_err *err)
{
	int needed = t->flags & MV_BOARD_FOLLOW ? !(t->flags & MV_BOARD_ALL) :
		     !spec && !t->out->project.artifact_count;
	char head[65];

	return needed && mv_git_commit(head, t->repo->git, "HEAD", NULL) ==
	       MV_ENOENT ? mv_fail(err, MV_ENOENT, "nothing is committed here "
				   "yet") : 0;
}

int mv_look_board(struct mv_board *out, struct mv_repo *repo,
		  const char *spec, unsigned flags, size_t limit,
		  struct mv_err *err)
{
	struct mv_boarding t = { .repo = repo, .out = out, .flags = flags,
			   .limit = limit };
	int rc;

	memset(out, 0, sizeof(*out));
	out->mixed = !spec;
	rc = mv_subject_project(&out->project, repo, NULL, err);
	if (!rc)
		rc = check_head(&t, spec, err);
	if (!rc)
		rc = find_targets(&t, spec, err);
	if (!rc)
		rc = find_rows(&t, !spec, err);
	if (!rc)
		rc = mv_look_board_fill(&t, err);
	if (!rc)
		cut(&t, spec);
	for (size_t i = 0; i < t.target_count; i++) {
		free(t.targets[i].artifact);
		free(t.targets[i].path);
		free(t.targets[i].commit);
	}
	free(t.targets);
	free(t.of);
	mv_registry_release(&t.registry);
	if (rc)
		mv_board_release(out);
	return rc;
}
