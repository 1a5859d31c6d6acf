/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/hash.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"

/*
 * Objects come from one of two sources. `git cat-file --batch`, kept open,
 * serves everything that git can, names like "HEAD:path" included, and
 * fetches what a partial clone was promised. libgit2 is quicker per object
 * but costs 6 ms to load; so it takes over after MV_GIT_PATIENCE objects, and what
 * it does not have is asked from git all the same.
 */
#define SKIP_MAX (1 << 20)		/* cheaper to restart git beyond */
#define TREE_MAX ((size_t)512 << 20)
#define DEPTH_MAX 1024
#define PATH_BYTES_MAX (1 << 16)

/* The answer's bytes, its newline, and then the child is ready again. */
static int take_body(struct mv_git *git, const char *spec, const char *hex,
		     enum mv_git_type type, const char *is, uint64_t size,
		     struct mv_buf *out, struct mv_err *err)
{
	struct mv_git_child *b = &git->batch;
	char nl;
	int rc = 0;

	if (strcmp(is, mv_git_type_name[type]))
		rc = mv_fail(err, MV_EINVALID, "'%s' is a %s, not a %s", spec,
			     is, mv_git_type_name[type]);
	else if (size > SIZE_MAX - 1 || mv_buf_reserve(out, (size_t)size))
		rc = mv_fail(err, MV_ENOMEM, "'%s' has %llu bytes: too many",
			     spec, (unsigned long long)size);
	if (rc) {
		if (size > SKIP_MAX ||
		    mv_git_child_read(b, NULL, (size_t)size + 1, NULL))
			mv_git_child_abort(b);
		return rc;
	}
	rc = mv_git_child_read(b, out->data + out->len, (size_t)size, err);
	if (!rc)
		rc = mv_git_child_read(b, &nl, 1, err);
	if (!rc)
		rc = mv_git_check_name(git, hex, type, out->data + out->len,
				       (size_t)size, err);
	if (rc)
		return rc;
	out->len += (size_t)size;
	if (size)
		out->data[out->len] = '\0';
	return 0;
}

/* `spec` has no newline; `hex` has room for 65. */
static int batch_read(struct mv_git *git, const char *spec,
		      enum mv_git_type type, struct mv_buf *out, char *hex,
		      struct mv_err *err)
{
	struct mv_buf line;
	char is[8];
	uint64_t size = 0;
	int end = 0;
	int rc = mv_git_batch_open(git, err);

	if (rc)
		return rc;
	mv_buf_init(&line, PATH_BYTES_MAX + 1024);
	if (mv_buf_addf(&line, "%s\n", spec)) {
		rc = mv_fail(err, MV_EINVALID, "an object name is too long");
		goto out;
	}
	rc = mv_git_child_send(&git->batch, line.data, line.len, err);
	mv_buf_clear(&line);
	if (!rc)
		rc = mv_git_child_until(&git->batch, '\n', &line, &end, err);
	if (!rc && end)
		rc = mv_fail(err, MV_EIO, "git cat-file ended at '%s'", spec);
	if (rc) {
		mv_git_child_abort(&git->batch);
		goto out;
	}
	rc = mv_git_parse_batch(line.data, line.len, git->info.hex_len, hex,
				is, &size);
	if (rc == MV_ENOENT) {
		rc = git->is_absent(git, spec, err);
		if (!rc)
			rc = mv_fail(err, MV_ENOENT, "'%s' is not in the "
				     "repository", spec);
	} else if (rc) {
		rc = mv_fail(err, rc, "cannot understand what git cat-file "
			     "says of '%s'", spec);
	} else {
		rc = take_body(git, spec, hex, type, is, size, out, err);
	}
	if (rc == MV_EIO)
		mv_git_child_abort(&git->batch);
out:
	mv_buf_release(&line);
	return rc;
}

int mv_git_object(struct mv_git *git, const char *hex, enum mv_git_type type,
		  struct mv_buf *out, struct mv_err *err)
{
	struct mv_git_libgit2 *lib = NULL;
	char name[MV_GIT_HEX_MAX];
	int rc;

	if (git->reads++ >= MV_GIT_PATIENCE && !mv_git_libgit2_get(&lib, git,
								   NULL)) {
		rc = mv_git_libgit2_read(lib, hex, type, out, err);
		if (rc != MV_ENOENT && rc != MV_EIO)
			return rc;
	}
	return batch_read(git, hex, type, out, name, err);
}

int mv_git_read_blob(struct mv_git *git, const char *spec, struct mv_buf *out,
		     char *hex, struct mv_err *err)
{
	char name[MV_GIT_HEX_MAX] = "";
	int rc, may;

	if (!*spec || *spec == '-')
		return mv_fail(err, MV_EINVALID, "'%s' names no object", spec);
	if (mv_is_hex(spec, git->info.hex_len)) {
		memcpy(name, spec, git->info.hex_len + 1);
		rc = mv_git_object(git, name, MV_GIT_BLOB, out, err);
	} else if ((may = mv_git_batch_may(git, spec, err)) < 0) {
		return may;
	} else if (!may) {
		rc = mv_git_resolve(git, name, spec, err);
		if (!rc)
			rc = mv_git_object(git, name, MV_GIT_BLOB, out, err);
	} else {
		rc = batch_read(git, spec, MV_GIT_BLOB, out, name, err);
	}
	if (!rc && hex)
		memcpy(hex, name, strlen(name) + 1);
	return rc;
}

/* -- trees ---------------------------------------------------------------- */

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
		rc = batch_read(git, spec.data, MV_GIT_TREE, &tree, hex, err);
	if (rc == MV_ENOENT)
		rc = no_tree(git, rev, err);
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
	rc = batch_read(git, spec, MV_GIT_TREE, &tree, hex, err);
	if (!rc)
		rc = find_mode(mode, git, &tree, slash ? slash + 1 : path,
			       err);
	mv_buf_release(&tree);
	free(spec);
	return rc;
}

int mv_git_write_blob(char *hex, struct mv_git *git, const void *data,
		      size_t len, struct mv_err *err)
{
	static const char *const args[] = {
		"hash-object", "-w", "--stdin", NULL
	};
	const size_t n = git->info.hex_len;
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 4096);
	rc = mv_git_run(git, args, len ? data : "", len, &out, err);
	if (!rc) {
		memcpy(hex, out.data, out.len < n ? out.len : n);
		hex[out.len < n ? out.len : n] = '\0';
		if (!mv_is_hex(hex, n))
			rc = mv_fail(err, MV_EIO,
				     "git hash-object gave no object name");
	}
	mv_buf_release(&out);
	return rc;
}

int mv_git_tree(struct mv_git *git, const char *hex, struct mv_buf *out,
		struct mv_err *err)
{
	int rc = mv_git_object(git, hex, MV_GIT_TREE, out, err);

	/* Something names it, so it has to be there. */
	if (rc == MV_ENOENT || rc == MV_EINVALID)
		rc = mv_fail(err, MV_ECORRUPT, "tree '%s' is not here or is "
			     "damaged; see git fsck", hex);
	return rc;
}
