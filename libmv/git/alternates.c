/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"
#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"

#define DEPTH_MAX 5		/* git's own */
#define COUNT_MAX 1000

/*
 * Where else objects may be: objects/info/alternates (a path on each line,
 * relative to the objects folder it belongs to), followed from there, and
 * GIT_ALTERNATE_OBJECT_DIRECTORIES. Folders that are not there are named,
 * too: what to make of them is the caller's business.
 */
struct search {
	int (*fn)(void *payload, const char *objects_dir, struct mv_err *err);
	void *payload;
	char **seen;
	size_t count;
};

static int is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' &&
	       p[2] >= '0' && p[2] <= '7';
}

/* Undo git's C quoting up to the closing quote; the end, or NULL. */
static const char *unquote(struct mv_buf *out, const char *p)
{
	static const char from[] = "abfnrtv\"\\";
	static const char to[] = "\a\b\f\n\r\t\v\"\\";

	while (*p != '"') {
		const char *hit;
		char c = *p++;

		if (!c)
			return NULL;
		if (c == '\\') {
			hit = *p ? strchr(from, *p) : NULL;
			if (hit) {
				c = to[hit - from];
				p++;
			} else if (is_octal(p)) {
				c = (char)((p[0] - '0') << 6 |
					   (p[1] - '0') << 3 | (p[2] - '0'));
				p += 3;
			} else {
				return NULL;
			}
		}
		if (mv_buf_addch(out, c))
			return NULL;
	}
	return p + 1;
}

static int alternates_follow(struct search *s, const char *objects_dir,
			     int depth,
			     struct mv_err *err);

static int visit(struct search *s, const char *base, const char *path,
		 int depth, struct mv_err *err)
{
	char *dir, *real, **one;
	int rc;

	dir = *path == '/' ? strdup(path) : mv_path_join(base, path);
	if (!dir)
		return mv_nomem(err);
	real = realpath(dir, NULL);
	if (real) {
		free(dir);
		dir = real;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (!strcmp(s->seen[i], dir)) {
			free(dir);
			return 0;
		}
	}
	one = s->count < COUNT_MAX ? MV_GROW_ONE(s->seen, s->count, err) : NULL;
	if (!one) {
		free(dir);
		return mv_fail(err, MV_ENOMEM, "too many alternates");
	}
	*one = dir;
	rc = s->fn(s->payload, dir, err);
	return rc ? rc : alternates_follow(s, dir, depth, err);
}

/* Paths between `sep`, "#" comments, "quoted" ones. */
static int each_path(struct search *s, const char *base, const char *list,
		     char sep, int depth, struct mv_err *err)
{
	const char ends[] = { sep, '\0' };
	struct mv_buf path;
	int rc = 0;

	mv_buf_init(&path, 1 << 16);
	while (!rc && *list) {
		const char *end = NULL;

		mv_buf_clear(&path);
		if (*list == '"')
			end = unquote(&path, list + 1);
		if (!end || (*end && *end != sep)) {
			mv_buf_clear(&path);
			end = list + strcspn(list, ends);
			if (mv_buf_add(&path, list, (size_t)(end - list)))
				rc = mv_nomem(err);
		}
		if (!rc && path.len && *list != '#')
			rc = visit(s, base, path.data, depth, err);
		list = end + (*end == sep);
	}
	mv_buf_release(&path);
	return rc;
}

static int alternates_follow(struct search *s, const char *objects_dir,
			     int depth,
			     struct mv_err *err)
{
	struct mv_buf text;
	char *file;
	int rc;

	if (depth >= DEPTH_MAX)
		return 0;
	file = mv_path_join(objects_dir, "info/alternates");
	if (!file)
		return mv_nomem(err);
	mv_buf_init(&text, 1 << 20);
	rc = mv_read_file(&text, file, err);
	if (!rc)
		rc = each_path(s, objects_dir, text.data, '\n', depth + 1,
			       err);
	else if (rc == MV_ENOENT)
		rc = 0;
	mv_buf_release(&text);
	free(file);
	return rc;
}

int mv_git_each_alternate(struct mv_git *git,
			  int (*fn)(void *payload, const char *objects_dir,
				    struct mv_err *err),
			  void *payload, struct mv_err *err)
{
	struct search s = { fn, payload, NULL, 0 };
	const char *list = mv_proc_getenv(git->env,
				"GIT_ALTERNATE_OBJECT_DIRECTORIES");
	const char *base = git->info.work_tree ? git->info.work_tree :
						 git->info.git_dir;
	int rc = 0;

	if (list)
		rc = each_path(&s, base, list, ':', 1, err);
	if (!rc)
		rc = alternates_follow(&s, git->objects_dir, 0, err);
	for (size_t i = 0; i < s.count; i++)
		free(s.seen[i]);
	free(s.seen);
	return rc;
}
