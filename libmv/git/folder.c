/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/priv.h"
#include "libmv/git/refs.h"

#include <stdlib.h>
#include <string.h>

/* A folder that was renamed is many files that were. */
#define FROM_MAX 32		/* folders that one was gathered from */

struct from {
	const char *path;	/* where it is now */
	size_t len, files;
	struct {
		char *folder;
		size_t files;
	} v[FROM_MAX];
	size_t count;
};

static int count_folder(struct from *f, const char *folder, size_t len,
			struct mv_err *err)
{
	for (size_t i = 0; i < f->count; i++)
		if (strlen(f->v[i].folder) == len &&
		    !memcmp(f->v[i].folder, folder, len)) {
			f->v[i].files++;
			return 0;
		}
	if (f->count == FROM_MAX)
		return 0;
	f->v[f->count].folder = strndup(folder, len);
	if (!f->v[f->count].folder)
		return mv_nomem(err);
	f->v[f->count++].files = 1;
	return 0;
}

static int take_delta(void *payload, const struct mv_git_delta *d,
		      struct mv_err *err)
{
	struct from *f = payload;
	const char *name;
	size_t old, rest;

	if (!d->new_path || strncmp(d->new_path, f->path, f->len) ||
	    d->new_path[f->len] != '/')
		return 0;
	f->files++;
	name = d->new_path + f->len;	/* with its slash */
	rest = strlen(name);
	old = d->old_path ? strlen(d->old_path) : 0;
	if (old <= rest || strcmp(d->old_path + old - rest, name) ||
	    !strcmp(d->old_path, d->new_path))
		return 0;
	return count_folder(f, d->old_path, old - rest, err);
}

int mv_git_folder_from(char **out, struct mv_git *git, const char *commit,
		       const char *path, struct mv_err *err)
{
	struct from f = { .path = path, .len = strlen(path) };
	char *spec = mv_strf("%s^", commit);
	char parent[MV_GIT_HEX_MAX];
	int rc = spec ? mv_git_commit(parent, git, spec, err) : mv_nomem(err);

	*out = NULL;
	free(spec);
	if (rc == MV_ENOENT)
		return 0;		/* the first commit that is here */
	if (!rc)
		rc = mv_git_diff(git, parent, commit, MV_GIT_DIFF_RENAMES |
				 MV_GIT_DIFF_ODD, NULL, take_delta, &f, err);
	for (size_t i = 0; i < f.count; i++) {
		if (!rc && 2 * f.v[i].files > f.files)
			*out = f.v[i].folder;
		else
			free(f.v[i].folder);
	}
	return rc;
}
