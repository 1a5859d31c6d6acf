/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"

/*
 * Is a tree one of notes and nothing else (a server asks, of all of it), and
 * what is in one that is not (who mends it asks)?
 */
#define LINE_MAX_BYTES (1 << 16)
#define NOTES_MAX ((size_t)4 << 20)
#define TREE_MAX ((size_t)512 << 20)
#define DEPTH_MAX 64

/* -- a tree that must be all notes ---------------------------------------- */

struct check {
	size_t oid_len, max_len;
	struct mv_git_oidmap trees;
	uint8_t *object;	/* those that have a note, oid_len each */
	size_t count, alloc;
};

static int note_object(struct check *c, const uint8_t *oid, struct mv_err *err)
{
	if (c->count == NOTES_MAX)
		return mv_fail(err, MV_ECORRUPT, "there are more than %zu "
			       "notes", NOTES_MAX);
	if (mv_grow(&c->object, &c->alloc, c->count + 1, c->oid_len, err) < 0)
		return MV_ENOMEM;
	memcpy(c->object + c->count++ * c->oid_len, oid, c->oid_len);
	return 0;
}

/* Objects whose names end alike are not found by anybody, so a folder that
   stands in two places was made to be walked more often than it is long. */
static int check_folder(struct check *c, const char *hex, const char *path,
			struct mv_err *err)
{
	const size_t n = strlen(path);
	uint8_t oid[32];

	for (size_t i = 0; i < n; i++)
		if (i % 3 == 2 ? path[i] != '/' :
				 !strchr("0123456789abcdef", path[i]))
			return mv_git_notes_odd(err, path);
	if (n % 3 != 2 || n / 3 + 1 >= c->oid_len ||
	    mv_unhex(oid, hex, c->oid_len))
		return mv_git_notes_odd(err, path);
	if (mv_git_oidmap_get(&c->trees, oid, c->oid_len))
		return mv_fail(err, MV_ECORRUPT, "folder '%s' of the notes "
			       "stands somewhere else, too: these are no names "
			       "of objects", path);
	return mv_git_oidmap_put(&c->trees, oid, c->oid_len, 1, err);
}

/* "<mode> <type> <hex> <size padded>\t<path>" */
static int check_line(struct check *c, const char *line, struct mv_err *err)
{
	const char *path = strchr(line, '\t');
	const size_t head = strlen("100644 blob ");
	unsigned long long size;
	uint8_t oid[32];

	if (!path || (size_t)(path - line) < head + 2 * c->oid_len)
		return mv_fail(err, MV_EIO, "cannot understand what git "
			       "ls-tree says");
	path++;
	if (!strncmp(line, "040000 tree ", head))
		return check_folder(c, line + head, path, err);
	if (strncmp(line, "100644 blob ", head) ||
	    mv_git_note_path(oid, path, c->oid_len) < 0)
		return mv_git_notes_odd(err, path);
	/* Git says "BAD" where a size should be. */
	if (sscanf(line + head + 2 * c->oid_len, " %llu", &size) != 1)
		return mv_fail(err, MV_EIO, "blob %.*s, the note of '%s', is "
			       "not here or damaged (then remove its file); a "
			       "clone may have it: git cat-file blob there, "
			       "git hash-object -w --stdin --no-filters here",
			       2 * (int)c->oid_len, line + head, path);
	if (size > c->max_len)
		return mv_fail(err, MV_ECORRUPT, "note '%s' has more than %zu "
			       "bytes; git model fsck --repair makes it one "
			       "that can be read", path, c->max_len);
	return note_object(c, oid, err);
}

static int check_lines(struct check *c, struct mv_git_child *child,
		       struct mv_err *err)
{
	struct mv_buf line;
	int end = 0, rc = 0;

	mv_buf_init(&line, LINE_MAX_BYTES);
	while (!rc) {
		mv_buf_clear(&line);
		rc = mv_git_child_until(child, '\0', &line, &end, err);
		if (rc || end)
			break;
		rc = check_line(c, line.data, err);
	}
	mv_buf_release(&line);
	return rc;
}

static int by_bytes_20(const void *a, const void *b)
{
	return memcmp(a, b, 20);
}

static int by_bytes_32(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

static int check_once(struct check *c, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];

	if (c->count)
		qsort(c->object, c->count, c->oid_len,
		      c->oid_len == 20 ? by_bytes_20 : by_bytes_32);
	for (size_t i = 1; i < c->count; i++) {
		const uint8_t *a = c->object + (i - 1) * c->oid_len;

		if (!memcmp(a, a + c->oid_len, c->oid_len))
			return mv_fail(err, MV_ECORRUPT, "object %.10s has "
				       "two notes; git model fsck --repair "
				       "makes it one",
				       mv_hex(hex, a, c->oid_len));
	}
	return 0;
}

int mv_git_notes_check(struct mv_git *git, const char *commit,
		       size_t max_len, struct mv_err *err)
{
	struct check c = { .oid_len = git->info.hex_len / 2,
			   .max_len = max_len };
	const char *args[] = {
		"--no-replace-objects", "ls-tree", "-r", "-t", "-l", "-z",
		"--full-tree", commit, NULL
	};
	struct mv_git_child child = MV_GIT_CHILD_INIT;
	int rc = mv_git_child_open(&child, git, args, err);

	if (!rc)
		mv_git_child_eof(&child);
	if (!rc)
		rc = check_lines(&c, &child, err);
	if (!rc)
		rc = mv_git_child_finish(&child, err);
	mv_git_child_abort(&child);
	if (!rc)
		rc = check_once(&c, err);
	mv_git_oidmap_release(&c.trees);
	free(c.object);
	return rc;
}

/* -- a tree of anything --------------------------------------------------- */

struct walk {
	struct mv_git *git;
	size_t oid_len;
	struct mv_git_oidmap seen;
	mv_git_notes_entry_fn fn;
	void *payload;
};

/* What its path names without the slashes; "" for what is no object. */
static void notes_check_object_of(char *object, const char *path,
				  size_t hex_len)
{
	size_t n = 0;

	for (; *path && n <= hex_len; path++) {
		if (*path == '/')
			continue;
		if (n == hex_len || !strchr("0123456789abcdef", *path))
			break;
		object[n++] = *path;
	}
	object[*path || n != hex_len ? 0 : n] = '\0';
}

static int walk_tree(struct walk *w, const uint8_t *tree, const char *folder,
		     unsigned depth, struct mv_err *err);

static int notes_check_walk_entry(struct walk *w,
				  const struct mv_git_tree_entry *e,
				  const char *folder, unsigned depth, struct mv_err *err)
{
	const unsigned type = e->mode & 0170000;
	const int blob = type == 0100000 || type == 0120000;
	char object[MV_GIT_HEX_MAX], hex[MV_GIT_HEX_MAX];
	char *path = mv_strf("%s%s%s", folder, *folder ? "/" : "", e->name);
	uint8_t oid[32];
	int rc = path ? 0 : mv_nomem(err);

	if (!rc && type == 0040000) {
		rc = walk_tree(w, e->oid, path, depth + 1, err);
	} else if (!rc) {
		notes_check_object_of(object, path, 2 * w->oid_len);
		if (!blob)
			*object = '\0';
		rc = w->fn(w->payload, path, object,
			   mv_hex(hex, e->oid,
				  w->oid_len), e->mode == 0100644 &&
			   mv_git_note_path(oid, path, w->oid_len) >= 0, err);
	}
	free(path);
	return rc;
}

static int walk_tree(struct walk *w, const uint8_t *tree, const char *folder,
		     unsigned depth, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	const char *p, *end;
	struct mv_buf data;
	int rc;

	if (depth > DEPTH_MAX || mv_git_oidmap_get(&w->seen, tree, w->oid_len))
		return w->fn(w->payload, folder, "", "", 0, err);
	rc = mv_git_oidmap_put(&w->seen, tree, w->oid_len, 1, err);
	mv_buf_init(&data, TREE_MAX);
	if (!rc)
		rc = mv_git_object(w->git, mv_hex(hex, tree, w->oid_len),
				   MV_GIT_TREE, &data, err);
	p = data.data;
	end = p + data.len;
	while (!rc && p < end) {
		struct mv_git_tree_entry e = { 0 };

		rc = mv_git_parse_tree(&e, &p, end, w->oid_len) ?
			mv_fail(err, MV_ECORRUPT, "tree '%s' of the notes is "
				"damaged", hex) :
			notes_check_walk_entry(w, &e, folder, depth, err);
	}
	mv_buf_release(&data);
	return rc;
}

int mv_git_notes_entries(struct mv_git *git, const char *commit,
			 mv_git_notes_entry_fn fn, void *payload,
			 struct mv_err *err)
{
	struct walk w = { .git = git, .oid_len = git->info.hex_len / 2,
			  .fn = fn, .payload = payload };
	char *spec = mv_strf("%s^{tree}", commit);
	char hex[MV_GIT_HEX_MAX], type[8] = "";
	uint8_t tree[32];
	int rc = spec ? mv_git_batch_name(git, hex, type, spec, err) :
		mv_nomem(err);

	free(spec);
	if (rc == MV_ENOENT || (!rc && strcmp(type, "tree")))
		rc = mv_fail(err, MV_ECORRUPT, "'%s' cannot be read, or is "
			     "not a commit", commit);
	if (!rc)
		mv_unhex(tree, hex, w.oid_len);
	if (!rc)
		rc = walk_tree(&w, tree, "", 0, err);
	mv_git_oidmap_release(&w.seen);
	return rc;
}
