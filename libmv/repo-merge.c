/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/worktree.h"
#include "libmv/repo-internal.h"

#define BLOCK ((size_t)1 << 20)
#define NAMES_MAX 100

/* One of the three files. */
struct side {
	const char *file;
	int fd;
	int is_pointer;
	int odd;		/* equal only to itself */
	struct mv_pointer pointer;	/* of the bytes, where git has those */
};

static int hash_side(struct side *s, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	uint8_t *block = malloc(BLOCK);
	size_t got = 1;
	int rc = block ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
			 mv_nomem(err);

	s->pointer.size = 0;
	for (; !rc && got; s->pointer.size += got) {
		rc = mv_pread_full(s->fd, block, BLOCK, s->pointer.size, &got,
				   s->file, err);
		if (!rc)
			rc = mv_hasher_update(hasher, block, got, err);
	}
	if (!rc)
		rc = mv_hasher_final(s->pointer.oid.b, hasher, err);
	mv_hasher_free(hasher);
	free(block);
	return rc;
}

static int look_at_side(struct side *s, const char *file, struct mv_err *err)
{
	char head[MV_POINTER_MAX];
	size_t len;
	int rc;

	s->file = file;
	rc = mv_open_read(&s->fd, NULL, file, err);
	if (!rc)
		rc = mv_pread_full(s->fd, head, sizeof(head), 0, &len, file,
				   err);
	if (rc)
		return rc;
	s->is_pointer = len < sizeof(head) &&
			!mv_pointer_parse(&s->pointer, head, len, NULL);
	/* "ext-" lines say more than the content does. */
	s->odd = s->is_pointer && s->pointer.extended;
	return s->is_pointer ? 0 : hash_side(s, err);
}

static int same(const struct side *a, const struct side *b)
{
	return !a->odd && !b->odd && a->pointer.size == b->pointer.size &&
	       mv_oid_eq(&a->pointer.oid, &b->pointer.oid);
}

static int copy(int from, const char *from_name, int to, const char *to_name,
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

/* Theirs becomes the result: git reads it from the file of ours. */
static int take(const struct side *ours, const struct side *theirs,
		struct mv_err *err)
{
	int fd = open(ours->file, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (fd < 0)
		return mv_fail_errno(err, errno, "cannot write '%s'",
				     ours->file);
	rc = copy(theirs->fd, theirs->file, fd, ours->file, err);
	if (close(fd) && !rc)
		rc = mv_fail_errno(err, errno, "cannot write '%s'",
				   ours->file);
	return rc;
}

/* -- what is put beside the file ------------------------------------------------- */

/*
 * `git merge-tree` and the like ask, too, but write no work tree. Whoever
 * does write it holds the lock of the index while asking.
 */
static int work_tree_is_merged(const struct mv_repo *repo)
{
	char *lock = mv_strf("%s.lock", repo->info->index_path);
	int yes = repo->info->work_tree && lock && !access(lock, F_OK);

	free(lock);
	return yes;
}

/*
 * Nobody's file is replaced: where "x.theirs" stands already, "x.theirs.2"
 * is next. `file` waits for its bytes then.
 */
static int begin_offer(char **name, struct mv_wt_file *file, int rootfd,
		       const char *path, const char *what, struct mv_err *err)
{
	struct stat st;
	size_t len;
	int rc;

	for (int i = 1; i < NAMES_MAX; i++) {
		*name = i == 1 ? mv_strf("%s.%s", path, what) :
				 mv_strf("%s.%s.%d", path, what, i);
		if (!*name)
			return mv_nomem(err);
		rc = mv_wt_replace(file, rootfd, *name, 0, 1, err);
		if (rc)
			break;
		if (mv_wt_current(file, NULL, 0, &len, &st, NULL) == MV_ENOENT)
			return 0;
		mv_wt_discard(file);
		free(*name);
		*name = NULL;
	}
	if (*name) {
		free(*name);
		*name = NULL;
		return rc;
	}
	return mv_fail(err, MV_EEXISTS, "'%s.%s' and many more exist already",
		       path, what);
}

/* The bytes where they can be had, else what git has. */
static int offer(char **name, int *missing, struct mv_repo *repo,
		 const struct side *s, const char *path, const char *what,
		 struct mv_err *err)
{
	struct mv_wt_file file = MV_WT_FILE_INIT;
	struct stat st;
	uint8_t present = 0;
	int rootfd, rc;

	if (s->is_pointer)
		mv_repo_need(repo, &s->pointer, 1, &present, NULL);
	rc = mv_repo_root(&rootfd, repo, err);
	if (!rc)
		rc = begin_offer(name, &file, rootfd, path, what, err);
	if (rc)
		return rc;
	if (present) {
		rc = mv_repo_write_to(repo, &s->pointer, file.fd, *name, 1,
				      err);
	} else {
		*missing = s->is_pointer;
		rc = copy(s->fd, s->file, file.fd, *name, err);
	}
	if (!rc)
		rc = mv_wt_commit(&file, &st, err);
	mv_wt_discard(&file);
	if (rc) {
		free(*name);
		*name = NULL;
	}
	return rc;
}

/* A conflict is one with and without these: no error of theirs counts. */
static void offer_sides(struct mv_merge_result *out, struct mv_repo *repo,
			const struct mv_merge *merge, const struct side *base,
			const struct side *theirs)
{
	struct mv_err err;
	int missing = 0;

	if (!work_tree_is_merged(repo))
		return;
	if (offer(&out->theirs, &out->theirs_missing, repo, theirs,
		  merge->path, "theirs", &err))
		mv_repo_warn(repo, "theirs could not be put beside '%s': %s",
			     merge->path, err.msg);
	/* Added on both sides: there is no base. */
	if (base->pointer.size &&
	    offer(&out->base, &missing, repo, base, merge->path, "base", &err))
		mv_repo_warn(repo, "the base could not be put beside '%s': %s",
			     merge->path, err.msg);
}

/* -- the verb ------------------------------------------------------------------------ */

int mv_repo_merge(struct mv_repo *repo, const struct mv_merge *merge,
		  struct mv_merge_result *out, struct mv_err *err)
{
	struct side base = { .fd = -1 }, ours = { .fd = -1 };
	struct side theirs = { .fd = -1 };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = look_at_side(&base, merge->base, err);
	if (!rc)
		rc = look_at_side(&ours, merge->ours, err);
	if (!rc)
		rc = look_at_side(&theirs, merge->theirs, err);
	if (rc)
		goto out;
	if (same(&ours, &theirs)) {
		/* One of them may be the bytes: the pointer is better. */
		if (!ours.is_pointer && theirs.is_pointer)
			rc = take(&ours, &theirs, err);
	} else if (same(&base, &ours)) {
		rc = take(&ours, &theirs, err);
	} else if (!same(&base, &theirs)) {
		out->conflict = 1;
		offer_sides(out, repo, merge, &base, &theirs);
	}
out:
	if (base.fd >= 0)
		close(base.fd);
	if (ours.fd >= 0)
		close(ours.fd);
	if (theirs.fd >= 0)
		close(theirs.fd);
	return rc;
}

void mv_merge_result_release(struct mv_merge_result *result)
{
	free(result->theirs);
	free(result->base);
	memset(result, 0, sizeof(*result));
}
