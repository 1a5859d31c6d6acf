/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"
#include "libmv/look/priv.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/project.h"
#include "libmv/repo/files.h"
#include "libmv/report/pages.h"

/*
 * Files without a name in .gitmodel/config: those of which something is
 * recorded, and those of which nothing is. A folder of five thousand images
 * is one thing to a reader, not five thousand.
 */

void mv_look_plain_release(struct mv_plain *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->v[i].path);
	free(p->v);
	memset(p, 0, sizeof(*p));
}

void mv_look_plain_groups_release(struct mv_file_group *groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(groups[i].folder);
	free(groups);
}

/* -- the files ------------------------------------------------------------ */

struct gathering {
	struct mv_plain *out;
	const struct mv_project *project;
};

static int take_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct gathering *g = payload;
	struct mv_plain *p = g->out;
	struct mv_plain_file *f;

	if ((file->state != MV_FILE_OK && file->state != MV_FILE_MISSING) ||
	    mv_project_by_path(g->project, file->path))
		return 0;
	if (MV_GROW(p->v, p->alloc, p->count + 1, err) < 0)
		return MV_ENOMEM;
	f = &p->v[p->count];
	memset(f, 0, sizeof(*f));
	f->path = strdup(file->path);
	f->size = file->pointer.size;
	mv_look_hex(f->blob, file->blob);
	if (!f->path)
		return mv_nomem(err);
	p->count++;
	return 0;
}

/* -- which of them have a note -------------------------------------------- */

static int by_blob(const void *a, const void *b)
{
	return strcmp((*(const struct mv_plain_file *const *)a)->blob,
		      (*(const struct mv_plain_file *const *)b)->blob);
}

struct marking {
	struct mv_plain_file **v;	/* sorted by blob */
	size_t count;
};

static int mark(void *payload, const char *object, const char *note_blob,
		struct mv_err *err)
{
	struct marking *m = payload;
	size_t low = 0, high = m->count;

	(void)note_blob;
	(void)err;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(m->v[mid]->blob, object) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < m->count && !strcmp(m->v[low]->blob, object); low++)
		m->v[low]->noted = 1;
	return 0;
}

static int mark_noted(struct mv_plain *p, struct mv_git *git,
		      struct mv_err *err)
{
	struct marking m = { .count = p->count };
	int rc;

	if (!p->count)
		return 0;
	m.v = reallocarray(NULL, p->count, sizeof(*m.v));
	if (!m.v)
		return mv_nomem(err);
	for (size_t i = 0; i < p->count; i++)
		m.v[i] = &p->v[i];
	qsort(m.v, m.count, sizeof(*m.v), by_blob);
	rc = mv_git_notes_each(git, MV_NOTES_REF, mark, &m, err);
	free(m.v);
	return rc;
}

int mv_look_plain_files(struct mv_plain *out, struct mv_repo *repo,
			const struct mv_project *project, struct mv_err *err)
{
	struct gathering g = { out, project };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_repo_ls(repo, repo->info->work_tree ? NULL : "HEAD", take_file,
			&g, err);
	if (rc == MV_ENOENT && !repo->info->work_tree)
		rc = 0;			/* nothing is committed yet */
	if (!rc)
		rc = mark_noted(out, repo->git, err);
	for (size_t i = 0; i < out->count; i++)
		out->bare += !out->v[i].noted;
	if (rc)
		mv_look_plain_release(out);
	return rc;
}

/* -- by folders ----------------------------------------------------------- */

static int add_to_group(struct mv_file_group **v, size_t *count,
			const struct mv_plain_file *f)
{
	const char *slash = strrchr(f->path, '/');
	size_t len = slash ? (size_t)(slash - f->path) + 1 : 0;
	struct mv_file_group *g = *count ? &(*v)[*count - 1] : NULL;

	/* The index is in the order of paths; a folder that was interrupted by
	   its subfolders is further back. */
	for (size_t i = *count; i--; ) {
		g = &(*v)[i];
		if (strlen(g->folder) == len && !memcmp(g->folder, f->path,
							len))
			break;
		g = NULL;
	}
	if (!g) {
		g = MV_GROW_ONE(*v, *count, NULL);
		if (!g)
			return MV_ENOMEM;
		g->folder = strndup(f->path, len);
		if (!g->folder)
			return MV_ENOMEM;
	}
	g->files++;
	g->bytes += f->size;
	return 0;
}

int mv_look_plain_groups(struct mv_file_group **out, size_t *count,
			 const struct mv_plain *p, struct mv_err *err)
{
	*out = NULL;
	*count = 0;
	for (size_t i = 0; i < p->count; i++)
		if (!p->v[i].noted && add_to_group(out, count, &p->v[i])) {
			mv_look_plain_groups_release(*out, *count);
			*out = NULL;
			*count = 0;
			return mv_nomem(err);
		}
	return 0;
}
