/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/gate/priv.h"
#include "libmv/git/git.h"

/*
 * What stands at a path in a commit, whatever it is. Where a folder above it
 * is a link or a submodule, that is what people get who check it out.
 */
enum { AT_ONCE = 200, FOLDERS_MAX = 256 };
#define OUT_MAX ((size_t)64 << 20)

struct question {
	const char **argv;
	size_t argc, alloc;
	char **text;		/* what argv points into, one for each path */
	size_t count;
};

static int add_arg(struct question *q, const char *arg, struct mv_err *err)
{
	if (MV_GROW(q->argv, q->alloc, q->argc + 2, err) < 0)
		return MV_ENOMEM;
	q->argv[q->argc++] = arg;
	q->argv[q->argc] = NULL;
	return 0;
}

/* "a", "a/b", "a/b/c": the path and all folders above it. */
static int add_prefixes(struct question *q, const char *path,
			struct mv_err *err)
{
	size_t len = strlen(path), parts = 1;
	int rc = 0;
	char *p;

	for (size_t i = 0; i < len; i++)
		parts += path[i] == '/';
	if (parts > FOLDERS_MAX)
		return mv_fail(err, MV_EINVALID, "'%.80s...' has more than %d "
			       "folders", path, FOLDERS_MAX);
	p = malloc(parts * (len + 1));
	if (!p)
		return mv_nomem(err);
	q->text[q->count++] = p;
	for (size_t i = 1; i <= len && !rc; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(p, path, i);
		p[i] = '\0';
		rc = add_arg(q, p, err);
		p += i + 1;
	}
	return rc;
}

/* Of "<mode> <type> <oid>\t<path>": the path itself, or what is no folder
   where one above it would be. */
static int answers(const char *line, const char *path)
{
	const char *tab = strchr(line, '\t');
	size_t n = tab ? strlen(tab + 1) : 0;

	if (!n || strncmp(tab + 1, path, n))
		return 0;
	return !path[n] || (path[n] == '/' && strncmp(line, "040000 ", 7));
}

static int keep_answer(char **out, const struct mv_buf *lines,
		       const char *path, struct mv_err *err)
{
	const char *found = "";

	for (size_t at = 0; at < lines->len; at += strlen(lines->data + at) + 1)
		if (answers(lines->data + at, path))
			found = lines->data + at;
	*out = strdup(found);
	return *out ? 0 : mv_nomem(err);
}

static int stands_ask(char **out, struct mv_git *git, const char *commit,
		      const char *const *paths, size_t count, struct mv_err *err)
{
	const char *head[] = {
		"--no-replace-objects", "--literal-pathspecs", "ls-tree",
		"-z", "--full-tree", commit, "--"
	};
	char *text[AT_ONCE] = { NULL };
	struct question q = { .text = text };
	struct mv_buf lines;
	int rc = 0;

	mv_buf_init(&lines, OUT_MAX);
	for (size_t i = 0; i < sizeof(head) / sizeof(*head) && !rc; i++)
		rc = add_arg(&q, head[i], err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = add_prefixes(&q, paths[i], err);
	if (!rc && *commit)
		rc = mv_git_run(git, q.argv, NULL, 0, &lines, err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = keep_answer(&out[i], &lines, paths[i], err);
	mv_buf_release(&lines);
	for (size_t i = 0; i < q.count; i++)
		free(q.text[i]);
	free(q.argv);
	return rc;
}

int mv_gate_stands(char **out, struct mv_git *git, const char *commit,
		   const char *const *paths, size_t count, struct mv_err *err)
{
	int rc = 0;

	memset(out, 0, count * sizeof(*out));
	for (size_t i = 0; i < count && !rc; i += AT_ONCE)
		rc = stands_ask(out + i, git, commit, paths + i,
				count - i < AT_ONCE ? count - i : AT_ONCE, err);
	for (size_t i = 0; rc && i < count; i++) {
		free(out[i]);
		out[i] = NULL;
	}
	return rc;
}
