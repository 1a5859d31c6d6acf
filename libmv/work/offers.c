/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/priv.h"

#define BLOCK ((size_t)1 << 20)

/*
 * What a conflict leaves to choose from: theirs and the base, with their
 * bytes, in <git dir>/model-conflict, below the path of the file. Not in the
 * work tree: `git add -A` would put gigabytes into git there, and
 * `git merge --abort` would leave them.
 */

#define FOLDER "model-conflict"

static const char *const ends[] = { ".theirs", ".base" };

/*
 * `git merge-tree` and the like ask, too, but record no conflict. Whoever
 * does holds the lock of the index while asking.
 */
static int index_is_locked(const struct mv_repo *repo)
{
	char *lock = mv_strf("%s.lock", repo->info->index_path);
	int yes = lock && !access(lock, F_OK);

	free(lock);
	return yes;
}

static char *folder_of(const struct mv_repo *repo)
{
	return mv_path_join(repo->info->git_dir, FOLDER);
}

/* -- making them ---------------------------------------------------------- */

static int open_folder(int *fd, char **folder, const struct mv_repo *repo,
		       struct mv_err *err)
{
	int rc;

	*fd = -1;
	*folder = folder_of(repo);
	rc = *folder ? mv_mkdirs(*folder, err) : mv_nomem(err);
	if (!rc)
		*fd = open(*folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
			   O_NOFOLLOW);
	if (!rc && *fd < 0)
		rc = mv_fail(err, MV_EIO, "cannot open '%s'", *folder);
	return rc;
}

/* The bytes where they can be had, else what git has. */
static int offers_fill(struct mv_wt_file *file, int *missing,
		       struct mv_repo *repo,
		       const struct mv_offer *o, const char *name, struct mv_err *err)
{
	uint8_t present = 0;

	if (o->pointer)
		mv_transfer_need(repo, o->pointer, 1, &present, NULL);
	*missing = o->pointer && !present;
	return present ? mv_repo_write_to(repo, o->pointer, file->fd, name, 1,
					  err) :
			 mv_work_copy_fd(o->fd, o->file, file->fd, name, err);
}

/* *where gets its path. */
static int offer(char **where, int *missing, struct mv_repo *repo,
		 const struct mv_offer *o, const char *path, const char *end,
		 struct mv_err *err)
{
	struct mv_wt_file file = MV_WT_FILE_INIT;
	char *folder = NULL, *name = mv_strf("%s%s", path, end);
	int fd = -1;
	int rc = name ? open_folder(&fd, &folder, repo, err) : mv_nomem(err);

	if (!rc)
		rc = mv_wt_replace(&file, fd, name, 0, 1, err);
	if (!rc)
		rc = offers_fill(&file, missing, repo, o, name, err);
	if (!rc)
		rc = mv_wt_commit(&file, NULL, err);
	mv_wt_discard(&file);
	if (!rc && !(*where = mv_strf("%s/%s", folder, name)))
		rc = mv_nomem(err);
	if (fd >= 0)
		close(fd);
	free(folder);
	free(name);
	return rc;
}

/* A conflict is one with and without these: no error of theirs counts. */
void mv_work_offer(struct mv_merge_result *out, struct mv_repo *repo,
		   const char *path, const struct mv_offer *theirs,
		   const struct mv_offer *base)
{
	struct mv_err err;
	int missing;

	if (!repo->info->work_tree || !index_is_locked(repo))
		return;
	if (offer(&out->theirs, &out->theirs_missing, repo, theirs, path,
		  ends[0], &err))
		mv_repo_warn(repo, "theirs of '%s' could not be put anywhere: "
			     "%s", path, err.msg);
	if (base && offer(&out->base, &missing, repo, base, path, ends[1],
			  &err))
		mv_repo_warn(repo, "the base of '%s' could not be put "
			     "anywhere: %s", path, err.msg);
}

/* -- as they were made once, beside the file ------------------------------ */

char *mv_work_offered_beside(const char *path)
{
	size_t len = strlen(path), digits = len;

	/* "big.bin.theirs.2", where there was one already. */
	while (digits && path[digits - 1] >= '0' && path[digits - 1] <= '9')
		digits--;
	if (digits && digits < len && path[digits - 1] == '.')
		len = digits - 1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && path[len - n - 1] != '/' &&
		    !strncmp(path + len - n, ends[i], n))
			return strndup(path, len - n);
	}
	return NULL;
}

/* -- and taking them away ------------------------------------------------- */

struct unmerged {
	char **path;
	size_t count, alloc;
};

static int note_unmerged(void *payload, const struct mv_git_entry *e,
			 struct mv_err *err)
{
	struct unmerged *u = payload;

	if (!e->stage || (u->count && !strcmp(u->path[u->count - 1], e->path)))
		return 0;
	if (MV_GROW(u->path, u->alloc, u->count + 1, err))
		return MV_ENOMEM;
	u->path[u->count] = strdup(e->path);
	return u->path[u->count++] ? 0 : mv_nomem(err);
}

static int is_wanted(const struct unmerged *u, const char *name)
{
	for (size_t i = 0; i < u->count; i++)
		for (size_t n = 0; n < sizeof(ends) / sizeof(*ends); n++) {
			size_t len = strlen(u->path[i]);

			if (!strncmp(name, u->path[i], len) &&
			    !strcmp(name + len, ends[n]))
				return 1;
		}
	return 0;
}

static void remove_unwanted(const struct unmerged *u, char *folder)
{
	char *const roots[] = { folder, NULL };
	const size_t len = strlen(folder) + 1;
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		if (e->fts_info == FTS_DP)
			rmdir(e->fts_accpath);	/* if nothing is left in it */
		else if (e->fts_info != FTS_D &&
			 (strlen(e->fts_path) <= len ||
			  !is_wanted(u, e->fts_path + len)))
			unlink(e->fts_accpath);
	}
	if (fts)
		fts_close(fts);
}

void mv_work_sweep_offers(struct mv_repo *repo)
{
	struct unmerged u = { NULL, 0, 0 };
	char *folder = folder_of(repo);
	struct stat st;

	/* While an index is being written its conflicts are not in it yet. */
	if (folder && !lstat(folder, &st) && S_ISDIR(st.st_mode) &&
	    !index_is_locked(repo) &&
	    !mv_git_ls(repo->git, MV_GIT_LS_CACHED, NULL, note_unmerged, &u,
		       NULL))
		remove_unwanted(&u, folder);
	for (size_t i = 0; i < u.count; i++)
		free(u.path[i]);
	free(u.path);
	free(folder);
}

int mv_work_copy_fd(int from, const char *from_name, int to,
		    const char *to_name,
		    struct mv_err *err)
{
	uint8_t *block = malloc(BLOCK);
	uint64_t off = 0;
	size_t got = 1;
	int rc = block ? 0 : mv_nomem(err);

	for (; !rc && got; off += got) {
		rc = mv_pread_full(from, block, BLOCK, off, &got, from_name,
				   err);
		if (!rc && got)
			rc = mv_write_full(to, block, got, to_name, err);
	}
	free(block);
	return rc;
}
