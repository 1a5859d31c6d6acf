/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"

/* What is below a commit or tree. */
#define TREE_MAX ((size_t)512 << 20)
#define DEPTH_MAX 1024
#define PATH_BYTES_MAX (1 << 16)

struct walk {
	struct mv_git *git;
	mv_git_entry_fn fn;
	void *payload;
	struct mv_buf path;
};

/* As git does with what very old versions of it wrote. */
static unsigned canonical_mode(unsigned mode)
{
	switch (mode & 0170000) {
	case 0100000:
		return mode & 0100 ? 0100755 : 0100644;
	case 0120000:
		return 0120000;
	case 0040000:
		return 0040000;
	default:
		return 0160000;
	}
}

static int walk_tree(struct walk *w, const struct mv_buf *tree, int depth,
		     struct mv_err *err);

static int walk_below(struct walk *w, const char *hex, int depth,
		      struct mv_err *err)
{
	struct mv_buf tree;
	int rc;

	if (depth >= DEPTH_MAX)
		return mv_fail(err, MV_ECORRUPT, "trees are nested deeper "
			       "than %d", DEPTH_MAX);
	mv_buf_init(&tree, TREE_MAX);
	rc = mv_git_tree(w->git, hex, &tree, err);
	if (!rc)
		rc = walk_tree(w, &tree, depth, err);
	mv_buf_release(&tree);
	return rc;
}

static int object_walk_entry(struct walk *w, const struct mv_git_tree_entry *t,
			     int depth, struct mv_err *err)
{
	struct mv_git_entry e = { .stage = 0 };
	char hex[MV_GIT_HEX_MAX];

	mv_hex(hex, t->oid, w->git->info.hex_len / 2);
	e.path = w->path.data;
	e.blob = hex;
	e.mode = canonical_mode(t->mode);
	if (e.mode != 0040000)
		return w->fn(w->payload, &e, err);
	if (mv_buf_addch(&w->path, '/'))
		return mv_fail(err, MV_ECORRUPT, "a path is too long");
	return walk_below(w, hex, depth + 1, err);
}

static int walk_tree(struct walk *w, const struct mv_buf *tree, int depth,
		     struct mv_err *err)
{
	const size_t base = w->path.len;
	const char *p = tree->data;
	const char *end = p + tree->len;
	int rc = 0;

	while (!rc && p < end) {
		struct mv_git_tree_entry t = { 0 };

		if (mv_git_parse_tree(&t, &p, end, w->git->info.hex_len / 2))
			return mv_fail(err, MV_ECORRUPT, "a tree below '%s' "
				       "is damaged", w->path.data);
		if (mv_buf_addstr(&w->path, t.name))
			return mv_fail(err, MV_ECORRUPT, "a path is too long");
		rc = object_walk_entry(w, &t, depth, err);
		w->path.len = base;
		if (base)
			w->path.data[base] = '\0';
	}
	return rc;
}

/* "REV^{tree}" is missing: because there is no REV, or its tree is damaged? */
static int no_tree(struct mv_git *git, const char *rev, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	int rc = strchr(rev, ':') ? MV_ENOENT :
		 mv_git_commit(hex, git, rev, err);

	if (rc == MV_ENOENT)
		return mv_fail(err, rc, "'%s' is not a revision", rev);
	return rc ? rc : mv_fail(err, MV_ECORRUPT, "the tree of '%s' is not "
				 "here or is damaged; see git fsck", rev);
}

int mv_git_walk_tree(struct mv_git *git, const char *rev, mv_git_entry_fn fn,
		     void *payload, struct mv_err *err)
{
	struct walk w = { .git = git, .fn = fn, .payload = payload };
	struct mv_buf spec, tree;
	char hex[MV_GIT_HEX_MAX];
	int rc;

	if (!*rev || *rev == '-' || strchr(rev, '\n'))
		return mv_fail(err, MV_EINVALID, "'%s' names no revision", rev);
	mv_buf_init(&spec, PATH_BYTES_MAX);
	mv_buf_init(&tree, TREE_MAX);
	mv_buf_init(&w.path, PATH_BYTES_MAX);
	if (mv_buf_addf(&spec, "%s%s", rev, strchr(rev, ':') ? "" : "^{tree}"))
		rc = mv_fail(err, MV_EINVALID, "a revision is too long");
	else
		rc = mv_git_batch_read(git, spec.data, MV_GIT_TREE, &tree, hex,
				       err);
	if (rc == MV_ENOENT)
		rc = no_tree(git, rev, err);
	/* A few trees that name each other would be walked for ever. */
	if (!rc)
		rc = mv_git_bound_diff(git, "", hex, MV_GIT_PATHS_MAX, err);
	if (!rc)
		rc = walk_tree(&w, &tree, 0, err);
	mv_buf_release(&spec);
	mv_buf_release(&tree);
	mv_buf_release(&w.path);
	return rc;
}

/* The mode of one name in a tree; MV_ENOENT. */
static int find_mode(unsigned *mode, struct mv_git *git,
		     const struct mv_buf *tree, const char *name,
		     struct mv_err *err)
{
	const char *p = tree->data;
	const char *end = p + tree->len;

	while (p < end) {
		struct mv_git_tree_entry t = { 0 };

		if (mv_git_parse_tree(&t, &p, end, git->info.hex_len / 2))
			return mv_fail(err, MV_ECORRUPT, "the tree that '%s' "
				       "is in is damaged", name);
		if (!strcmp(t.name, name)) {
			*mode = canonical_mode(t.mode);
			return 0;
		}
	}
	return mv_fail(err, MV_ENOENT, "there is no '%s'", name);
}

int mv_git_mode_at(unsigned *mode, struct mv_git *git, const char *rev,
		   const char *path, struct mv_err *err)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) : 0;
	struct mv_buf tree;
	char hex[MV_GIT_HEX_MAX];
	char *spec;
	int rc;

	if (!*rev || *rev == '-' || strchr(rev, '\n') || strchr(path, '\n'))
		return mv_fail(err, MV_EINVALID, "'%s' cannot be asked for in "
			       "'%s'", path, rev);
	spec = folder ? mv_strf("%s:%.*s", rev, folder, path) :
			mv_strf("%s^{tree}", rev);
	if (!spec)
		return mv_nomem(err);
	mv_buf_init(&tree, TREE_MAX);
	rc = mv_git_batch_read(git, spec, MV_GIT_TREE, &tree, hex, err);
	if (!rc)
		rc = find_mode(mode, git, &tree, slash ? slash + 1 : path,
			       err);
	mv_buf_release(&tree);
	free(spec);
	return rc;
}
