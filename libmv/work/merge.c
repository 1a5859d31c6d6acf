/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/work/priv.h"

#define BLOCK ((size_t)1 << 20)

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

/* Theirs becomes the result: git reads it from the file of ours. */
static int merge_take(const struct side *ours, const struct side *theirs,
		      struct mv_err *err)
{
	int fd = open(ours->file, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (fd < 0)
		return mv_fail_errno(err, errno, "cannot write '%s'",
				     ours->file);
	rc = mv_work_copy_fd(theirs->fd, theirs->file, fd, ours->file, err);
	if (close(fd) && !rc)
		rc = mv_fail_errno(err, errno, "cannot write '%s'",
				   ours->file);
	return rc;
}

/* -- -X ours, -X theirs --------------------------------------------------- */

/*
 * Git tells no driver what -X said. The command line that the caller has seen
 * does; where a command goes on ("--continue"), what it noted when it began.
 */
static enum mv_merge_favor noted_favor(const struct mv_repo *repo)
{
	static const char *const files[] = {
		"rebase-merge/strategy_opts", "sequencer/opts"
	};
	enum mv_merge_favor favor = MV_FAVOR_NONE;

	for (size_t i = 0; i < 2 && favor == MV_FAVOR_NONE; i++) {
		char *path = mv_path_join(repo->info->git_dir, files[i]);
		const char *ours, *theirs;
		struct mv_buf text;

		mv_buf_init(&text, 64 * 1024);
		if (path && !mv_read_file(&text, path, NULL)) {
			ours = strstr(text.data, i ? "strategy-option = ours" :
						     "--ours");
			theirs = strstr(text.data,
					i ? "strategy-option = theirs" :
					    "--theirs");
			if (ours || theirs)
				favor = !theirs || ours > theirs ?
					MV_FAVOR_OURS : MV_FAVOR_THEIRS;
		}
		mv_buf_release(&text);
		free(path);
	}
	return favor;
}

/* 1: there is a result. */
static int settle_by_favor(enum mv_merge_favor favor, const struct side *ours,
			   const struct side *theirs, struct mv_err *err)
{
	int rc;

	if (favor == MV_FAVOR_NONE)
		return 0;
	rc = favor == MV_FAVOR_THEIRS ? merge_take(ours, theirs, err) : 0;
	return rc ? rc : 1;
}

static void offer_sides(struct mv_merge_result *out, struct mv_repo *repo,
			const struct mv_merge *merge, const struct side *base,
			const struct side *theirs)
{
	const struct mv_offer t = {
		theirs->file, theirs->fd,
		theirs->is_pointer ? &theirs->pointer : NULL
	};
	const struct mv_offer b = {
		base->file, base->fd, base->is_pointer ? &base->pointer : NULL
	};

	/* Added on both sides: there is no base. */
	mv_work_offer(out, repo, merge->path, &t,
		      base->pointer.size ? &b : NULL);
}

/* Both changed it. Bytes that git holds, and what is added on both sides, have
   nobody who could tell. */
static int merge_both(struct mv_merge_result *out, struct mv_repo *repo,
		      const struct mv_merge *merge, const struct side *base,
		      const struct side *ours, const struct side *theirs,
		      struct mv_err *err)
{
	const struct mv_pointer sides[] = { base->pointer, ours->pointer,
					    theirs->pointer };
	enum mv_merge_favor favor = merge->favor;
	int rc = 0;

	if (favor == MV_FAVOR_NOTED)
		favor = noted_favor(repo);
	if (base->is_pointer && ours->is_pointer && theirs->is_pointer &&
	    !base->odd && !ours->odd && !theirs->odd)
		rc = mv_work_merge_tensors(&out->tensors, repo, merge->path,
					   sides, favor, err);
	if (rc || out->tensors.done)
		return rc;
	rc = settle_by_favor(favor, ours, theirs, err);
	out->conflict = !rc;
	if (out->conflict)
		offer_sides(out, repo, merge, base, theirs);
	return rc > 0 ? 0 : rc;
}

/* -- the verb ------------------------------------------------------------- */

int mv_work_merge(struct mv_repo *repo, const struct mv_merge *merge,
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
			rc = merge_take(&ours, &theirs, err);
	} else if (same(&base, &ours)) {
		rc = merge_take(&ours, &theirs, err);
	} else if (!same(&base, &theirs)) {
		rc = merge_both(out, repo, merge, &base, &ours, &theirs, err);
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

int mv_work_merge_keep(const struct mv_merge *merge,
		       const struct mv_merge_result *result,
		       struct mv_err *err)
{
	struct mv_buf text;
	int fd, rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_pointer_print(&text, &result->tensors.result, err);
	fd = rc ? -1 : open(merge->ours, O_WRONLY | O_TRUNC | O_CLOEXEC |
					 O_NOFOLLOW);
	if (!rc && fd < 0)
		rc = mv_fail_errno(err, errno, "cannot write '%s'",
				   merge->ours);
	if (!rc)
		rc = mv_write_full(fd, text.data, text.len, merge->ours, err);
	if (fd >= 0 && close(fd) && !rc)
		rc = mv_fail_errno(err, errno, "cannot write '%s'",
				   merge->ours);
	mv_buf_release(&text);
	return rc;
}

void mv_work_merge_release(struct mv_merge_result *result)
{
	free(result->tensors.list);
	free(result->tensors.clashes);
	free(result->theirs);
	free(result->base);
	memset(result, 0, sizeof(*result));
}
