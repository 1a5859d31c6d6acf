/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/look/priv.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
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
struct target {
	char *artifact, *path;	/* artifact NULL: a path without a name */
	char *commit;		/* where to begin; NULL: HEAD */
	int directory;
};

struct table {
	struct mv_repo *repo;
	struct mv_board *out;
	unsigned flags;
	size_t limit;
	size_t row_alloc;
	struct target *targets;
	size_t target_count, target_alloc;
	size_t *of;		/* row's target; parallel to out->v */
	struct mv_registry registry;
	int stopped;		/* enough rows */
	size_t current;		/* target that rows are gathered for */
	const char *folder;	/* what it was called before, and the commit */
	const char *moved;	/* that moved it; or NULL */
};

static void *board_grow(void *v, size_t *alloc, size_t count, size_t size,
			struct mv_err *err)
{
	size_t want = *alloc ? 2 * *alloc : 64;
	void *bigger;

	if (count < *alloc)
		return v;
	bigger = realloc(v, want * size);
	if (!bigger) {
		mv_nomem(err);
		return NULL;
	}
	*alloc = want;
	return bigger;
}

/* -- which artifacts ------------------------------------------------------ */

static int add_target(struct table *t, const char *artifact, const char *path,
		      const char *commit, int directory, struct mv_err *err)
{
	struct target *v = board_grow(t->targets, &t->target_alloc,
				      t->target_count,
				      sizeof(*v), err);
	int failed = 0;

	if (!v)
		return MV_ENOMEM;
	t->targets = v;
	v += t->target_count++;
	v->artifact = mv_look_dup(artifact, &failed);
	v->path = mv_look_dup(path, &failed);
	v->commit = mv_look_dup(commit, &failed);
	v->directory = directory;
	return failed ? mv_nomem(err) : 0;
}

/* Release rows that are taken out of a board. */
static int discard(const struct mv_row *rows, size_t count,
		   struct mv_err *err)
{
	struct mv_board b = { .count = count };

	if (!count)
		return 0;
	b.v = malloc(count * sizeof(*b.v));
	if (!b.v)
		return mv_nomem(err);
	memcpy(b.v, rows, count * sizeof(*b.v));
	mv_board_release(&b);
	return 0;
}

static int listed(void *payload, const struct mv_file *file,
		  struct mv_err *err)
{
	if (file->state != MV_FILE_OK && file->state != MV_FILE_MISSING)
		return 0;
	return add_target(payload, NULL, file->path, NULL, 0, err);
}

/* Named ones; where nothing is named, every file of ours. */
static int all_targets(struct table *t, struct mv_err *err)
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
static int lost_artifact(struct table *t, const char *name,
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
static int lost_target(struct table *t, const char *spec, struct mv_err *err)
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

static int one_target(struct table *t, const char *spec, struct mv_err *err)
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

/* -- rows ----------------------------------------------------------------- */

static struct mv_row *board_add_row(struct table *t, size_t target,
				    const char *commit, const char *path,
				    struct mv_err *err)
{
	struct mv_board *b = t->out;
	size_t alloc = t->row_alloc;
	struct mv_row *row = board_grow(b->v, &t->row_alloc, b->count,
					sizeof(*row),
					err);
	size_t *of;
	int failed = 0;

	if (!row)
		return NULL;
	b->v = row;
	if (alloc != t->row_alloc) {
		of = realloc(t->of, t->row_alloc * sizeof(*of));
		if (!of) {
			t->row_alloc = alloc;
			mv_nomem(err);
			return NULL;
		}
		t->of = of;
	}
	t->of[b->count] = target;
	row += b->count++;
	memset(row, 0, sizeof(*row));
	row->artifact = mv_look_dup(t->targets[target].artifact, &failed);
	row->commit = mv_look_dup(commit, &failed);
	row->path = mv_look_dup(path, &failed);
	if (!failed)
		return row;
	mv_nomem(err);
	return NULL;
}

static int label(struct mv_row *row, const char *text, struct mv_err *err)
{
	free(row->label);
	row->label = strdup(text);
	return row->label ? 0 : mv_nomem(err);
}

static int enough(struct table *t, struct mv_err *err)
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
	struct table *t = payload;
	const struct target *target = &t->targets[t->current];
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
	row = board_add_row(t, t->current, commit, path, err);
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
static int other_path(struct table *t, struct mv_err *err)
{
	struct target *target = &t->targets[t->current];
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

static int follow_folder(struct table *t, struct mv_err *err)
{
	const struct target *target = &t->targets[t->current];
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

static int follow_one(struct table *t, struct mv_err *err)
{
	const struct target *target = &t->targets[t->current];

	if (target->directory > 0)
		return follow_folder(t, err);
	return mv_git_follow(t->repo->git, t->flags & MV_BOARD_ALL ? "--all" :
			     target->commit, target->path, board_step, t, err);
}

static int board_follow(struct table *t, struct mv_err *err)
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
	struct table *t;
	struct mv_look_names names;
};

static int change(void *payload, const char *commit, const char *subject,
		  int64_t when, const char *path, const char *blob,
		  struct mv_err *err)
{
	struct changes *c = payload;
	struct table *t = c->t;

	for (size_t i = 0; i < t->target_count; i++) {
		const struct target *target = &t->targets[i];
		size_t len = strlen(target->path);

		if (strncmp(path, target->path, len) ||
		    (path[len] && path[len] != '/'))
			continue;
		t->current = i;
		t->targets[i].directory = path[len] == '/';
		return board_step(t, commit, when, NULL, subject, path, blob,
				  err);
	}
	return 0;
}

static int by_newest(const void *a, const void *b)
{
	const struct mv_row *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? 1 : -1;
	return strcmp(x->path, y->path);
}

static int all_commits(struct table *t, struct mv_err *err)
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

static int add_place(struct table *t, const char *commit, const char *name,
		     size_t target, const char *version, struct mv_err *err)
{
	struct mv_row *row = board_add_row(t, target, commit,
					   t->targets[target].path, err);
	int failed = 0;

	if (!row)
		return MV_ENOMEM;
	row->version = mv_look_dup(version, &failed);
	return failed ? mv_nomem(err) : label(row, name, err);
}

/* Versions of one artifact and HEAD, which is a row only where it is none. */
static int versions_of(struct table *t, size_t target, const char *head,
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

static int versions(struct table *t, struct mv_err *err)
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
	struct table *t = payload;
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

static int branches(struct table *t, struct mv_err *err)
{
	static const char *const ours[] = { "refs/heads/", NULL };
	static const char *const theirs[] = { "refs/remotes/", NULL };
	int rc = mv_git_each_ref(t->repo->git, ours, branch, t, err);

	return rc ? rc : mv_git_each_ref(t->repo->git, theirs, branch, t, err);
}

/* -- what stands there ---------------------------------------------------- */

/* A version whose commit has it at neither path. */
static int look_elsewhere(struct mv_subject *out, struct mv_row *row,
			  struct table *t, const char *artifact,
			  struct mv_err *err)
{
	int rc = mv_subject_artifact_elsewhere(out, t->repo, artifact,
					       row->commit, err);

	if (rc)
		return rc;
	free(row->path);
	row->path = strdup(out->path);
	if (row->path)
		return 0;
	mv_subject_release(out);
	return mv_nomem(err);
}

/* Under another name then, or a directory? */
static int look_again(struct table *t, size_t i, struct mv_err *err)
{
	struct mv_row *row = &t->out->v[i];
	const struct target *target = &t->targets[t->of[i]];
	const struct mv_artifact *then = NULL;
	struct mv_project project = { .artifacts = NULL };
	struct mv_subject s;
	char *found = NULL;
	int failed = 0, rc = 0;

	if (target->artifact)
		rc = mv_subject_project(&project, t->repo, row->commit, NULL);
	if (!rc && target->artifact)
		then = mv_project_by_name(&project, target->artifact);
	if (then && strcmp(then->path, row->path)) {
		found = row->path;
		row->path = mv_look_dup(then->path, &failed);
	}
	if (!rc)
		mv_project_release(&project);
	if (failed) {
		free(found);
		return mv_nomem(err);
	}
	rc = mv_subject_find_at(&s, t->repo, row->commit, row->path, err);
	/* It was moved there, and the config changed later. */
	if (rc == MV_ENOENT && found && !row->version) {
		free(row->path);
		row->path = found;
		found = NULL;
		rc = mv_subject_find_at(&s, t->repo, row->commit, row->path,
					err);
	}
	free(found);
	if (rc == MV_ENOENT && target->artifact && row->version)
		rc = look_elsewhere(&s, row, t, target->artifact, err);
	if (rc == MV_ENOENT || rc == MV_EINVALID)
		return 0;
	if (rc)
		return rc;
	row->pointer = s.pointer;
	memcpy(row->blob, s.blob, sizeof(row->blob));
	mv_subject_release(&s);
	return 0;
}

static int read_pointers(struct table *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_look_blob *blobs = calloc(b->count + 1, sizeof(*blobs));
	char **specs = calloc(b->count + 1, sizeof(*specs));
	int rc = blobs && specs ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < b->count; i++) {
		struct mv_row *row = &b->v[i];

		if (t->targets[t->of[i]].directory > 0)
			continue;
		specs[i] = *row->blob ? strdup(row->blob) :
			   mv_strf("%s:%s", row->commit, row->path);
		if (!specs[i])
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_look_blobs(blobs, t->repo, (const char *const *)specs,
				   b->count, err);
	if (!rc)
		rc = mv_look_missing(blobs, (const char *const *)specs,
				     b->count, err);
	for (size_t i = 0; !rc && i < b->count; i++) {
		struct mv_row *row = &b->v[i];

		if (blobs[i].ours) {
			row->pointer = blobs[i].pointer;
			mv_look_hex(row->blob, blobs[i].hex);
		} else if (*row->blob) {
			*row->blob = '\0';	/* no pointer */
		} else {
			rc = look_again(t, i, err);
		}
	}
	for (size_t i = 0; specs && i < b->count; i++)
		free(specs[i]);
	free(specs);
	free(blobs);
	return rc;
}

static int drop_foreign(struct table *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (!rc && !*b->v[i].blob) {
			rc = discard(&b->v[i], 1, err);
			if (!rc)
				continue;
		}
		t->of[kept] = t->of[i];
		b->v[kept++] = b->v[i];
	}
	b->count = kept;
	return rc;
}

static int read_commits(struct table *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_look_commit *info = calloc(b->count + 1, sizeof(*info));
	const char **hexes = calloc(b->count + 1, sizeof(*hexes));
	int rc = info && hexes ? 0 : mv_nomem(err);
	size_t wanted = 0;

	for (size_t i = 0; !rc && i < b->count; i++)
		if (!b->v[i].author) {
			hexes[i] = b->v[i].commit;
			wanted++;
		}
	if (!rc && wanted)
		rc = mv_look_commits(info, t->repo, hexes, b->count, err);
	for (size_t i = 0; !rc && wanted && i < b->count; i++) {
		struct mv_row *row = &b->v[i];

		if (!hexes[i])
			continue;
		free(row->subject_line);
		row->subject_line = info[i].subject;
		row->author = info[i].author;
		if (info[i].when)
			row->when = info[i].when;
	}
	free(info);
	free(hexes);
	return rc;
}

static int read_evidence(struct table *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_known_as *of = calloc(b->count + 1, sizeof(*of));
	struct mv_evidence *got = calloc(b->count + 1, sizeof(*got));
	int rc = of && got ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < b->count; i++)
		of[i] = (struct mv_known_as){ b->v[i].blob,
					      &b->v[i].pointer.oid,
					      b->v[i].artifact };
	if (!rc && b->count)
		rc = mv_evidence_of(got, t->repo, of, b->count, err);
	for (size_t i = 0; !rc && i < b->count; i++) {
		b->v[i].evidence = got[i];
		b->skipped_lines += got[i].skipped;
	}
	free(of);
	free(got);
	return rc;
}

/* -- versions and stages of rows ------------------------------------------ */

/* What a tag's commit had at the paths that this artifact went by. */
static int blob_at(char *hex, struct table *t, size_t target,
		   const char *commit, struct mv_err *err)
{
	struct mv_board *b = t->out;
	const char *last = NULL;
	int rc = 0;

	*hex = '\0';
	for (size_t i = 0; !rc && !*hex && i < b->count; i++) {
		struct mv_subject s;

		if (t->of[i] != target || (last && !strcmp(last,
							   b->v[i].path)))
			continue;
		last = b->v[i].path;
		rc = mv_subject_find_at(&s, t->repo, commit, last, err);
		if (!rc) {
			memcpy(hex, s.blob, sizeof(s.blob));
			mv_subject_release(&s);
		} else if (rc == MV_ENOENT || rc == MV_EINVALID) {
			rc = 0;
		}
	}
	return rc;
}

/* The row of a version: it has no other. */
static int is_version(const struct mv_row *row)
{
	return row->label && row->version && !strcmp(row->label, row->version);
}

/*
 * Rows that a tag on this commit speaks of: the commit's own, or else the
 * newest that has the same content.
 */
static int tag_rows(struct table *t, size_t target, const char *commit,
		    const char *version, const char *stage,
		    struct mv_err *err)
{
	struct mv_board *b = t->out;
	char hex[65];
	size_t found = 0;
	int rc = 0;

	for (int pass = 0; !rc && !found && pass < 2; pass++) {
		if (pass)
			rc = blob_at(hex, t, target, commit, err);
		if (rc || (pass && !*hex))
			break;
		for (size_t i = 0; !rc && i < b->count; i++) {
			struct mv_row *row = &b->v[i];

			if (t->of[i] != target || row->run ||
			    strcmp(pass ? row->blob : row->commit,
				   pass ? hex : commit) || (pass && found))
				continue;
			found++;
			if (version && !is_version(row))
				rc = mv_look_join(&row->version, version, err);
			if (!rc && stage)
				rc = mv_look_join(&row->stages, stage, err);
		}
	}
	return rc;
}

static int decorate_one(struct table *t, size_t target, struct mv_err *err)
{
	const char *name = t->targets[target].artifact;
	const struct mv_event *const *v;
	struct mv_holders holders;
	size_t n;
	int rc = mv_subject_holders(&holders, t->repo, &t->registry, name, err);

	v = mv_registry_versions(&t->registry, name, &n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = tag_rows(t, target, v[i]->commit, v[i]->tag.version, NULL,
			      err);
	for (size_t i = 0; !rc && i < holders.count; i++)
		if (holders.v[i].stands)
			rc = tag_rows(t, target, holders.v[i].event->commit,
				      NULL, holders.v[i].event->tag.stage,
				      err);
	mv_subject_holders_release(&holders);
	return rc;
}

static int decorate(struct table *t, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < t->target_count; i++)
		if (t->targets[i].artifact && t->registry.count)
			rc = decorate_one(t, i, err);
	return rc;
}

/* -- runs ----------------------------------------------------------------- */

static int is_run(const struct mv_record *r)
{
	return r->kind && !strcmp(r->kind, "run") && r->run.id;
}

static size_t runs_of(const struct mv_row *row, size_t *first)
{
	size_t n = 0;

	for (size_t i = 0; i < row->evidence.count; i++)
		if (is_run(&row->evidence.records[i]) && !n++)
			*first = i;
	return n;
}

/* What this record alone says. */
static int fold_one(struct mv_evidence *out, const struct mv_record *record,
		    struct mv_err *err)
{
	struct mv_buf text;
	const char *line;
	struct mv_lines lines = { &line, 1, NULL };
	int rc;

	mv_buf_init(&text, MV_RECORD_MAX);
	rc = mv_record_print(&text, record, err);
	line = text.data;
	if (!rc)
		rc = mv_evidence_fold(out, &lines, err);
	mv_buf_release(&text);
	return rc;
}

static int add_run(struct table *t, size_t from, const struct mv_record *run,
		   struct mv_err *err)
{
	struct mv_row *row = board_add_row(t, t->of[from],
					   t->out->v[from].commit,
					   t->out->v[from].path, err);
	const struct mv_row *of = &t->out->v[from];
	int failed = 0, rc;

	if (!row)
		return MV_ENOMEM;
	row->author = mv_look_dup(of->author, &failed);
	row->subject_line = mv_look_dup(of->subject_line, &failed);
	row->run = mv_look_dup(run->run.id, &failed);
	row->when = of->when;
	row->pointer = of->pointer;
	memcpy(row->blob, of->blob, sizeof(row->blob));
	rc = failed ? mv_nomem(err) : fold_one(&row->evidence, run, err);
	return rc ? rc : label(row, run->run.name ? run->run.name :
			       run->run.id, err);
}

/* A row with one run is that run; of several, each has a row of its own. */
static int expand_runs(struct table *t, struct mv_err *err)
{
	size_t count = t->out->count;
	int failed = 0, rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		struct mv_row *row = &t->out->v[i];
		size_t first = 0, n = runs_of(row, &first);

		if (n == 1)
			row->run = mv_look_dup(row->evidence.records[first]
					       .run.id, &failed);
		/* The records stay where they are when rows move. */
		for (size_t j = 0; !rc && n > 1 && j < t->out->v[i]
		     .evidence.count; j++) {
			const struct mv_record *r =
				&t->out->v[i].evidence.records[j];

			if (is_run(r))
				rc = add_run(t, i, r, err);
		}
	}
	return rc ? rc : failed ? mv_nomem(err) : 0;
}

/* -- all of it ------------------------------------------------------------ */

static const char *run_name(const struct mv_row *row)
{
	for (size_t i = 0; row->run && i < row->evidence.count; i++) {
		const struct mv_record *r = &row->evidence.records[i];

		if (is_run(r) && !strcmp(r->run.id, row->run))
			return r->run.name;
	}
	return NULL;
}

static int label_rows(struct table *t, struct mv_err *err)
{
	struct mv_board *b = t->out;
	struct mv_look_refs refs = { .count = 0 };
	char hex[65];
	int rc = t->flags & MV_BOARD_ALL && b->count ?
		 mv_look_refs(&refs, t->repo, err) : 0;

	for (size_t i = 0; !rc && i < b->count; i++) {
		struct mv_row *row = &b->v[i];
		const char *name;

		if (row->label)
			continue;
		mv_look_hex(hex, row->commit);
		hex[7] = '\0';
		name = mv_look_ref(&refs, row->commit);
		rc = label(row, row->version ? row->version : name ? name :
			   run_name(row) ? run_name(row) : hex, err);
	}
	mv_look_refs_release(&refs);
	return rc;
}

static int board_gather(struct table *t, const char *spec, struct mv_err *err)
{
	int rc = spec ? one_target(t, spec, err) : all_targets(t, err);
	const char *one = spec && t->target_count == 1 ?
			  t->targets[0].artifact : NULL;

	if (!rc && (one || !spec))
		rc = mv_registry_load(&t->registry, t->repo->git, one, err);
	if (rc)
		return rc;
	if (t->flags & MV_BOARD_FOLLOW || (spec && t->flags & MV_BOARD_ALL))
		return board_follow(t, err);
	if (t->flags & MV_BOARD_ALL)
		return all_commits(t, err);
	if (t->flags & MV_BOARD_BRANCHES)
		return branches(t, err);
	return versions(t, err);
}

static int board_fill(struct table *t, struct mv_err *err)
{
	int rc = read_pointers(t, err);

	if (!rc)
		rc = drop_foreign(t, err);
	if (!rc)
		rc = read_commits(t, err);
	if (!rc)
		rc = read_evidence(t, err);
	if (!rc)
		rc = decorate(t, err);
	if (!rc)
		rc = label_rows(t, err);
	if (!rc && t->flags & MV_BOARD_ALL && !(t->flags & MV_BOARD_FOLLOW))
		rc = expand_runs(t, err);
	return rc;
}

/* From here on rows may move: nothing asks for their targets any more. */
static int cut(struct table *t, const char *spec, struct mv_err *err)
{
	struct mv_board *b = t->out;
	size_t count = b->count;

	if (!spec && t->flags & MV_BOARD_ALL && count)
		qsort(b->v, count, sizeof(*b->v), by_newest);
	if (!t->limit || count <= t->limit)
		return 0;
	b->count = t->limit;
	return discard(b->v + t->limit, count - t->limit, err);
}

/* Where git would only say that it does not know 'HEAD'. */
static int check_head(struct table *t, const char *spec, struct mv_err *err)
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
	struct table t = { .repo = repo, .out = out, .flags = flags,
			   .limit = limit };
	int rc;

	memset(out, 0, sizeof(*out));
	out->mixed = !spec;
	rc = mv_subject_project(&out->project, repo, NULL, err);
	if (!rc)
		rc = check_head(&t, spec, err);
	if (!rc)
		rc = board_gather(&t, spec, err);
	if (!rc)
		rc = board_fill(&t, err);
	if (!rc)
		rc = cut(&t, spec, err);
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
