/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/look/priv.h"
#include "libmv/repo/repo.h"
#include "libmv/subject/subject.h"
#include "libmv/tensor/diff.h"
#include "libmv/transfer/part.h"
#include "libmv/transfer/transfer.h"

/*
 * The tensors of two contents: of each side one file or, of a folder, several.
 * Chunk lists say without reading which tensors are the same.
 */
struct weighed {
	int fd;				/* of a file of the work tree; or -1 */
	const char *path;
	struct mv_transfer_part *part;	/* of a content */
	int failed;			/* of a reading: MV_ENOENT is no answer */
	struct mv_layout layout;
};

struct weigh_side {
	struct weighed *v;
	struct mv_tensor_source *from;
	size_t count;
};

/* -- one file ------------------------------------------------------------- */

static int weigh_read(void *payload, uint64_t off, void *data, size_t len,
		      size_t *got, struct mv_err *err)
{
	struct weighed *w = payload;

	return w->part ? mv_transfer_part_read_at(w->part, off, data, len, got,
						  err) :
			 mv_pread_full(w->fd, data, len, off, got, w->path,
				       err);
}

static int weigh_head(void *payload, uint64_t off, void *data, size_t len,
		      size_t *got, struct mv_err *err)
{
	struct weighed *w = payload;

	w->failed = weigh_read(w, off, data, len, got, err);
	return w->failed;
}

static int weigh_names(struct mv_buf *out, void *payload, uint64_t off,
		       uint64_t len, struct mv_err *err)
{
	struct weighed *w = payload;
	const struct mv_range range = { off, len };

	return w->part ? mv_transfer_part_names(out, w->part, &range, err) :
			 MV_ENOENT;
}

static int weigh_has(void *payload, uint64_t off, uint64_t len)
{
	struct weighed *w = payload;
	const struct mv_range range = { off, len };

	return !w->part || !mv_transfer_part_bring(w->part, &range, 1, NULL);
}

/* What has no layout has no tensors; what cannot be read is another thing. */
static int weigh_list(struct weighed *w, uint64_t size, struct mv_err *err)
{
	int rc = mv_format_parse_at(&w->layout, weigh_head, w, size, err);

	if (rc != MV_ENOENT || w->failed)
		return rc;
	memset(&w->layout, 0, sizeof(w->layout));
	return 0;
}

static int weigh_content(struct weighed *w, struct mv_repo *repo,
			 const struct mv_pointer *pointer, struct mv_err *err)
{
	uint64_t size;
	int rc = mv_transfer_part_open(&w->part, repo, pointer, NULL, 0, err);

	if (!rc)
		rc = mv_transfer_part_size(&size, w->part, err);
	return rc ? rc : weigh_list(w, size, err);
}

/* -- a side --------------------------------------------------------------- */

static int side_room(struct weigh_side *side, size_t count,
		     struct mv_err *err)
{
	side->v = calloc(count + 1, sizeof(*side->v));
	side->from = calloc(count + 1, sizeof(*side->from));
	for (size_t i = 0; side->v && i < count; i++)
		side->v[i].fd = -1;
	return side->v && side->from ? 0 : mv_nomem(err);
}

static void side_close(struct weigh_side *side)
{
	for (size_t i = 0; i < side->count; i++) {
		mv_layout_release(&side->v[i].layout);
		mv_transfer_part_close(side->v[i].part);
		if (side->v[i].fd >= 0)
			close(side->v[i].fd);
	}
	free(side->v);
	free(side->from);
}

static void side_sources(struct weigh_side *side)
{
	for (size_t i = 0; i < side->count; i++) {
		side->from[i].layout = &side->v[i].layout;
		side->from[i].read = weigh_read;
		side->from[i].payload = &side->v[i];
		side->from[i].names = weigh_names;
		side->from[i].has = weigh_has;
	}
}

static int side_content(struct weigh_side *side, struct mv_repo *repo,
			const struct mv_pointer *pointer, unsigned flags,
			struct mv_err *err)
{
	int rc = side_room(side, 1, err);

	if (rc)
		return rc;
	side->count = 1;
	if (flags & MV_COMPARE_FETCH)
		rc = mv_transfer_need(repo, pointer, 1, NULL, err);
	return rc ? rc : weigh_content(side->v, repo, pointer, err);
}

/* Shards: what git holds itself (a config, a vocabulary) has no tensors. */
static int side_members(struct weigh_side *side, struct mv_repo *repo,
			const struct mv_manifest *m, unsigned flags,
			struct mv_err *err)
{
	int rc = side_room(side, m->count, err);

	for (size_t i = 0; !rc && i < m->count; i++) {
		struct mv_pointer p = { .oid = m->v[i].oid,
					.size = m->v[i].size,
					.canonical = 1 };

		if (m->v[i].kind || m->v[i].in_git || !p.size)
			continue;
		if (flags & MV_COMPARE_FETCH)
			rc = mv_transfer_need(repo, &p, 1, NULL, err);
		if (!rc)
			rc = weigh_content(&side->v[side->count++], repo, &p,
					   err);
		if (rc)
			mv_err_prefix(err, "'%s'", m->v[i].path);
	}
	return rc;
}

/* A file as it lies there. MV_ENOENT: none; or a pointer, in *pointer. */
static int side_file(struct weigh_side *side, struct mv_pointer *pointer,
		     int *points, const char *path, struct mv_err *err)
{
	char head[MV_POINTER_MAX];
	struct stat st;
	size_t len;
	int fd, rc = mv_open_read(&fd, &st, path, err);

	*points = 0;
	if (rc)
		return MV_ENOENT;
	rc = mv_pread_full(fd, head, sizeof(head), 0, &len, path, err);
	if (!rc && len < sizeof(head))
		*points = !mv_pointer_parse(pointer, head, len, NULL);
	if (rc || *points) {
		close(fd);
		return rc ? rc : MV_ENOENT;
	}
	rc = side_room(side, 1, err);
	if (rc) {
		close(fd);
		return rc;
	}
	side->count = 1;
	side->v->fd = fd;
	side->v->path = path;
	return weigh_list(side->v, (uint64_t)st.st_size, err);
}

/* MV_ENOENT: it names no content, so perhaps a revision. */
static int side_named(struct weigh_side *side, struct mv_repo *repo,
		      const char *spec, unsigned flags, struct mv_err *err)
{
	struct mv_subject s = { .spec = NULL };
	struct mv_pointer pointer;
	int points, rc = side_file(side, &pointer, &points, spec, err);

	if (rc != MV_ENOENT || side->count)
		return rc;
	if (points)
		return side_content(side, repo, &pointer, flags, err);
	rc = mv_subject_find(&s, repo, spec, err);
	if (rc && !mv_transfer_resolve(&pointer, repo, spec, NULL))
		return side_content(side, repo, &pointer, flags, err);
	if (!rc && s.is_directory && s.path)
		rc = side_members(side, repo, &s.members, flags, err);
	else if (!rc)
		rc = side_content(side, repo, &s.pointer, flags, err);
	else
		rc = rc == MV_EINVALID ? MV_ENOENT : rc;
	mv_subject_release(&s);
	return rc;
}

/* -- both ----------------------------------------------------------------- */

static int weigh_both(struct mv_tensor_diff *out, struct mv_repo *repo,
		      struct weigh_side *a, struct weigh_side *b,
		      unsigned flags, struct mv_err *err)
{
	struct mv_pool *pool = mv_repo_pool(repo, err);

	if (!pool)
		return MV_ENOMEM;
	side_sources(a);
	side_sources(b);
	return mv_tensor_diff_run(out, a->from, a->count, b->from, b->count,
				  pool, flags & MV_COMPARE_WEIGHTS ? 0 :
				  MV_TENSOR_DIFF_BRIEF, repo->progress, err);
}

int mv_look_weights(struct mv_tensor_diff *out, struct mv_repo *repo,
		    const char *old, const char *new, unsigned flags,
		    struct mv_err *err)
{
	struct weigh_side a = { NULL, NULL, 0 }, b = { NULL, NULL, 0 };
	int rc = side_named(&a, repo, old, flags, err);

	memset(out, 0, sizeof(*out));
	if (rc && a.count) {
		mv_err_prefix(err, "'%s'", old);
		rc = rc == MV_ENOENT ? MV_EINVALID : rc;
	}
	if (!rc) {
		rc = side_named(&b, repo, new, flags, err);
		if (rc)
			mv_err_prefix(err, "'%s'", new);
		if (rc == MV_ENOENT)
			rc = MV_EINVALID;
	}
	if (!rc)
		rc = weigh_both(out, repo, &a, &b, flags | MV_COMPARE_WEIGHTS,
				err);
	side_close(&a);
	side_close(&b);
	return rc;
}

/* Is there anything to weigh? */
static int weigh_lists(const struct weigh_side *side)
{
	size_t n = 0;

	for (size_t i = 0; i < side->count; i++)
		n += side->v[i].layout.count -
		     mv_layout_members(&side->v[i].layout);
	return n > 0;
}

static int weigh_pair(struct mv_tensor_diff **out, struct mv_repo *repo,
		      struct weigh_side *a, struct weigh_side *b,
		      unsigned flags, struct mv_err *err)
{
	int rc;

	if (!weigh_lists(a) || !weigh_lists(b))
		return 0;
	*out = calloc(1, sizeof(**out));
	rc = *out ? weigh_both(*out, repo, a, b, flags, err) : mv_nomem(err);
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

/* What is not here, or is malformed, has nothing to say of its tensors, unless
   it was asked for them: then that is a warning. */
static int weigh_rest(struct mv_repo *repo, const char *path, unsigned flags,
		      int rc, const struct mv_err *why, struct mv_err *err)
{
	if (rc == MV_ENOMEM || rc == MV_ECANCELLED)
		return mv_fail(err, rc, "%s", why->msg);
	if (rc && flags & MV_COMPARE_WEIGHTS)
		mv_repo_warn(repo, "the tensors of '%s' are not compared: %s",
			     path, why->msg);
	return 0;
}

int mv_look_weigh(struct mv_tensor_diff **out, struct mv_repo *repo,
		  const char *path, const struct mv_pointer *old,
		  const struct mv_pointer *new, unsigned flags,
		  struct mv_err *err)
{
	struct weigh_side a = { NULL, NULL, 0 }, b = { NULL, NULL, 0 };
	struct mv_err why;
	int rc = side_content(&a, repo, old, 0, &why);

	*out = NULL;
	if (!rc)
		rc = side_content(&b, repo, new, 0, &why);
	if (!rc)
		rc = weigh_pair(out, repo, &a, &b, flags, &why);
	side_close(&a);
	side_close(&b);
	return weigh_rest(repo, path, flags, rc, &why, err);
}

int mv_look_weigh_members(struct mv_tensor_diff **out, struct mv_repo *repo,
			  const char *path, const struct mv_manifest *old,
			  const struct mv_manifest *new, unsigned flags,
			  struct mv_err *err)
{
	struct weigh_side a = { NULL, NULL, 0 }, b = { NULL, NULL, 0 };
	struct mv_err why;
	int rc = side_members(&a, repo, old, flags, &why);

	*out = NULL;
	if (!rc)
		rc = side_members(&b, repo, new, flags, &why);
	if (!rc)
		rc = weigh_pair(out, repo, &a, &b, flags, &why);
	side_close(&a);
	side_close(&b);
	return weigh_rest(repo, path, flags, rc, &why, err);
}
