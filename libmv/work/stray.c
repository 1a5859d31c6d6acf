/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/base/grow.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

/*
 * Where the attributes and what git holds have parted: files that a pattern
 * catches and must not, bytes in git under our filter.
 */
#define LOCK_MS 2000

struct path_list {
	char **path;
	char (*blob)[65];
	size_t count, alloc, blob_alloc;
};

static int keep_path(struct path_list *l, const char *path, const char *blob,
		     struct mv_err *err)
{
	if (MV_GROW(l->path, l->alloc, l->count + 1, err) ||
	    MV_GROW(l->blob, l->blob_alloc, l->count + 1, err))
		return MV_ENOMEM;
	l->path[l->count] = strdup(path);
	if (!l->path[l->count])
		return mv_nomem(err);
	memcpy(l->blob[l->count++], blob, strlen(blob) + 1);
	return 0;
}

static void paths_release(struct path_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->path[i]);
	free(l->path);
	free(l->blob);
}

/* -- caught by a pattern -------------------------------------------------- */

struct caught {
	struct path_list list;
	int (*fn)(void *payload, const char *path, struct mv_err *err);
	void *payload;
};

static int keep_plain(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct caught *c = payload;

	if ((e->mode & 0170000) != 0100000 || !mv_work_stays_plain(e->path))
		return 0;
	return keep_path(&c->list, e->path, "", err);
}

static int tell_caught(void *payload, size_t i, const char *filter,
		       struct mv_err *err)
{
	struct caught *c = payload;

	return *filter ? c->fn(c->payload, c->list.path[i], err) : 0;
}

int mv_work_caught(struct mv_repo *repo,
		   int (*fn)(void *payload, const char *path,
			     struct mv_err *err),
		   void *payload, struct mv_err *err)
{
	struct caught c = { .fn = fn, .payload = payload };
	int rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED, NULL, keep_plain, &c,
			   err);

	if (!rc)
		rc = mv_git_filters(repo->git, (const char *const *)
				    c.list.path, c.list.count, tell_caught,
				    &c, err);
	paths_release(&c.list);
	return rc;
}

/* -- bytes in git under our filter ---------------------------------------- */

static int keep_raw(void *payload, const struct mv_file *file,
		    struct mv_err *err)
{
	return file->state == MV_FILE_RAW &&
	       !mv_work_stays_plain(file->path) ?
	       keep_path(payload, file->path, file->blob, err) : 0;
}

int mv_work_wake_raw(struct mv_repo *repo,
		     void (*fn)(void *payload, const char *path,
				uint64_t size),
		     void *payload, struct mv_err *err)
{
	struct path_list l = { NULL, NULL, 0, 0, 0 };
	struct mv_git_patch *patch = NULL;
	struct stat st;
	int root, rc = mv_repo_root(&root, repo, err);

	if (!rc)
		rc = mv_repo_ls(repo, NULL, keep_raw, &l, err);
	if (!rc && l.count)
		rc = mv_git_patch_open(&patch, repo->git, LOCK_MS, err);
	for (size_t i = 0; !rc && i < l.count; i++) {
		if (fstatat(root, l.path[i], &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		if (fn)
			fn(payload, l.path[i], (uint64_t)st.st_size);
		/* A time that no file has: git compares the bytes again. */
		st.st_mtim.tv_sec = 1;
		st.st_mtim.tv_nsec = 0;
		rc = mv_git_patch_set(patch, l.path[i], l.blob[i], &st, 1,
				      err);
		if (rc == MV_ENOENT)	/* it moved on meanwhile */
			rc = 0;
	}
	if (!rc && patch)
		rc = mv_git_patch_commit(patch, err);
	mv_git_patch_close(patch);
	paths_release(&l);
	return rc;
}
