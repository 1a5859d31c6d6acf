/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"

/*
 * History is walked by the git program: it has the commit graph, bitmaps,
 * shallow boundaries and partial clones right. Output is read as it comes,
 * so memory does not grow with the history.
 */
#define LINE_MAX_BYTES (1 << 20)

/*
 * Contents are asked for in windows: that many names are sent before the
 * first answer is read. Small enough to fit into a pipe, so that both
 * sides can never wait for each other.
 */
#define WINDOW 32

struct want {
	char hex[MV_GIT_HEX_MAX];
	char *path;
};

struct small {
	struct mv_git *git;
	struct mv_git_child contents;
	struct want want[WINDOW];
	size_t count;
	size_t max_len;
	struct mv_buf data;
	mv_git_blob_fn fn;
	void *payload;
};

/* One answer of cat-file --batch; what is not wanted is skipped. */
static int take_one(struct small *s, const struct want *w, struct mv_err *err)
{
	struct mv_buf line;
	char hex[MV_GIT_HEX_MAX], type[8];
	uint64_t size = 0;
	int end = 0;
	int rc;

	mv_buf_init(&line, 1024);
	rc = mv_git_child_until(&s->contents, '\n', &line, &end, err);
	/* Each was named by git a moment ago. */
	if (!rc && (end || mv_git_parse_batch(line.data, line.len,
					      s->git->info.hex_len, hex, type,
					      &size)))
		rc = mv_fail(err, MV_EIO, "object '%s' cannot be read; try "
			     "git fsck", w->hex);
	mv_buf_release(&line);
	if (rc)
		return rc;
	if (strcmp(type, "blob") || !size || size > s->max_len)
		return mv_git_child_read(&s->contents, NULL, (size_t)size + 1,
					 err);
	mv_buf_clear(&s->data);
	if (mv_buf_reserve(&s->data, (size_t)size))
		return mv_nomem(err);
	rc = mv_git_child_read(&s->contents, s->data.data, (size_t)size, err);
	if (!rc)
		rc = mv_git_child_read(&s->contents, NULL, 1, err);
	if (!rc)
		rc = mv_git_check_name(s->git, hex, MV_GIT_BLOB, s->data.data,
				       (size_t)size, err);
	if (rc)
		return rc;
	s->data.data[size] = '\0';
	return s->fn(s->payload, hex, w->path, s->data.data, (size_t)size,
		     err);
}

static void drop_wants(struct small *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->want[i].path);
	s->count = 0;
}

static int flush_wants(struct small *s, struct mv_err *err)
{
	struct mv_buf names;
	int rc = 0;

	mv_buf_init(&names, WINDOW * MV_GIT_HEX_MAX);
	for (size_t i = 0; !rc && i < s->count; i++)
		if (mv_buf_addf(&names, "%s\n", s->want[i].hex))
			rc = mv_nomem(err);
	if (!rc && s->count)
		rc = mv_git_child_send(&s->contents, names.data, names.len,
				       err);
	for (size_t i = 0; !rc && i < s->count; i++)
		rc = take_one(s, &s->want[i], err);
	drop_wants(s);
	mv_buf_release(&names);
	return rc;
}

static int add_want(struct small *s, const char *hex, const char *path,
		    struct mv_err *err)
{
	struct want *w = &s->want[s->count];

	memcpy(w->hex, hex, s->git->info.hex_len + 1);
	w->path = NULL;
	if (path && *path) {
		w->path = strdup(path);
		if (!w->path)
			return mv_nomem(err);
	}
	s->count++;
	return s->count == WINDOW ? flush_wants(s, err) : 0;
}

/* A line of cat-file --batch-check: all objects, of which few are wanted. */
static int take_check_line(struct small *s, const struct mv_buf *line,
			   struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX], type[8];
	uint64_t size;

	if (mv_git_parse_batch(line->data, line->len, s->git->info.hex_len,
			       hex, type, &size))
		return mv_fail(err, MV_EIO, "cannot understand the list of "
			       "git cat-file; try git fsck");
	if (strcmp(type, "blob") || !size || size > s->max_len)
		return 0;
	return add_want(s, hex, NULL, err);
}

/* A line of rev-list --objects: "<hex> <path>"; git cuts at a newline. */
static int take_list_line(struct small *s, const struct mv_buf *line,
			  struct mv_err *err)
{
	const size_t n = s->git->info.hex_len;
	char hex[MV_GIT_HEX_MAX];

	if (line->len < n)
		return mv_fail(err, MV_EIO, "cannot understand the list of "
			       "git rev-list");
	memcpy(hex, line->data, n);
	hex[n] = '\0';
	if (!mv_is_hex(hex, n) || (line->len > n && line->data[n] != ' '))
		return mv_fail(err, MV_EIO, "cannot understand the list of "
			       "git rev-list");
	return add_want(s, hex, line->len > n ? line->data + n + 1 : NULL,
			err);
}

static int pump(struct small *s, const char *const *args,
		int (*take)(struct small *s, const struct mv_buf *line,
			    struct mv_err *err), struct mv_err *err)
{
	static const char *const batch[] = {
		"cat-file", "--batch", NULL
	};
	struct mv_git_child names = MV_GIT_CHILD_INIT;
	struct mv_buf line;
	int end = 0;
	int rc;

	mv_buf_init(&line, LINE_MAX_BYTES);
	rc = mv_git_child_open(&names, s->git, args, err);
	if (!rc) {
		mv_git_child_eof(&names);
		rc = mv_git_child_open(&s->contents, s->git, batch, err);
	}
	while (!rc) {
		mv_buf_clear(&line);
		rc = mv_git_child_until(&names, '\n', &line, &end, err);
		if (rc || end)
			break;
		rc = take(s, &line, err);
	}
	if (!rc)
		rc = flush_wants(s, err);
	if (!rc)
		rc = mv_git_child_finish(&names, err);
	if (!rc)
		rc = mv_git_child_finish(&s->contents, err);
	mv_git_child_abort(&names);
	mv_git_child_abort(&s->contents);
	drop_wants(s);
	mv_buf_release(&line);
	return rc;
}

int mv_git_each_small_blob(struct mv_git *git, const char *const *args,
			   size_t max_len, mv_git_blob_fn fn, void *payload,
			   struct mv_err *err)
{
	static const char *const everything[] = {
		"cat-file", "--batch-all-objects", "--unordered",
		"--batch-check=%(objectname) %(objecttype) %(objectsize)",
		NULL
	};
	const struct mv_git_child none = MV_GIT_CHILD_INIT;
	struct small s = { .git = git, .contents = none, .max_len = max_len,
			   .fn = fn, .payload = payload };
	const char **list = NULL;
	char limit[64];
	int rc;

	mv_buf_init(&s.data, max_len);
	if (!args) {
		rc = pump(&s, everything, take_check_line, err);
	} else {
		/*
		 * --missing also keeps rev-list from fetching what a partial
		 * clone does not have; those are not printed, so cat-file is
		 * never asked for them.
		 */
		const char *const reachable[] = {
			"rev-list", "--objects", "--missing=allow-promisor",
			"--filter=object:type=blob", limit,
			"--filter-provided-objects", NULL
		};

		snprintf(limit, sizeof(limit), "--filter=blob:limit=%zu",
			 max_len + 1);
		list = mv_git_join(reachable, args);
		rc = list ? pump(&s, list, take_list_line, err) :
			    mv_nomem(err);
	}
	free(list);
	mv_buf_release(&s.data);
	return rc;
}

/* -- large blobs ---------------------------------------------------------- */

struct large {
	char (*hex)[MV_GIT_HEX_MAX];
	char **path;
	size_t count, alloc;
};

/* "~<hex>": what the limit left out. */
static int note_omitted(void *payload, const struct mv_git *git,
			const struct mv_buf *line, struct mv_err *err)
{
	struct large *l = payload;
	size_t alloc = l->alloc;	/* both lists have the same room */

	if (*line->data != '~' ||
	    !mv_is_hex(line->data + 1, git->info.hex_len))
		return 0;
	if (MV_GROW(l->hex, alloc, l->count + 1, err) < 0 ||
	    MV_GROW(l->path, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	l->path[l->count] = NULL;
	memcpy(l->hex[l->count++], line->data + 1, git->info.hex_len + 1);
	return 0;
}

/* "<hex> <path>" of all objects: those that were left out have one, too. */
static int note_path(void *payload, const struct mv_git *git,
		     const struct mv_buf *line, struct mv_err *err)
{
	const size_t n = git->info.hex_len;
	struct large *l = payload;

	if (line->len < n + 2)
		return 0;
	for (size_t i = 0; i < l->count; i++)
		if (!l->path[i] && !memcmp(l->hex[i], line->data, n) &&
		    !(l->path[i] = strdup(line->data + n + 1)))
			return mv_nomem(err);
	return 0;
}

int mv_git_each_line(struct mv_git *git, const char *const *before,
		     const char *const *args, mv_git_line_fn take,
		     void *payload, struct mv_err *err)
{
	struct mv_git_child list = MV_GIT_CHILD_INIT;
	const char **all = mv_git_join(before, args);
	struct mv_buf line;
	int end = 0;
	int rc;

	mv_buf_init(&line, LINE_MAX_BYTES);
	rc = all ? mv_git_child_open(&list, git, all, err) : mv_nomem(err);
	if (!rc)
		mv_git_child_eof(&list);
	while (!rc) {
		mv_buf_clear(&line);
		rc = mv_git_child_until(&list, '\n', &line, &end, err);
		if (rc || end)
			break;
		rc = take(payload, git, &line, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&list, err);
	mv_git_child_abort(&list);
	mv_buf_release(&line);
	free(all);
	return rc;
}

static int tell_large(struct mv_git *git, struct large *l, mv_git_large_fn fn,
		      void *payload, struct mv_err *err)
{
	static const char *const args[] = { "cat-file", "--batch-check",
					    NULL };
	char hex[MV_GIT_HEX_MAX], type[8], *line, *save = NULL;
	struct mv_buf in, out;
	uint64_t size;
	int rc = 0;

	mv_buf_init(&in, MV_GIT_OUT_MAX);
	mv_buf_init(&out, MV_GIT_OUT_MAX);
	for (size_t i = 0; !rc && i < l->count; i++)
		if (mv_buf_addf(&in, "%s\n", l->hex[i]))
			rc = mv_nomem(err);
	if (!rc)
		rc = mv_git_run(git, args, in.data, in.len, &out, err);
	line = !rc && out.len ? strtok_r(out.data, "\n", &save) : NULL;
	for (size_t i = 0; !rc && line && i < l->count; i++) {
		if (!mv_git_parse_batch(line, strlen(line), git->info.hex_len,
					hex, type, &size))
			rc = fn(payload, l->path[i] ? l->path[i] : "", size,
				err);
		line = strtok_r(NULL, "\n", &save);
	}
	mv_buf_release(&in);
	mv_buf_release(&out);
	return rc;
}

int mv_git_each_large_blob(struct mv_git *git, const char *const *args,
			   uint64_t limit, mv_git_large_fn fn, void *payload,
			   struct mv_err *err)
{
	char filter[64];
	const char *const without[] = {
		"rev-list", "--objects", "--missing=allow-promisor", filter,
		"--filter-print-omitted", NULL
	};
	static const char *const with[] = {
		"rev-list", "--objects", "--missing=allow-promisor", NULL
	};
	struct large l = { NULL, NULL, 0, 0 };
	int rc;

	snprintf(filter, sizeof(filter), "--filter=blob:limit=%llu",
		 (unsigned long long)limit + (limit != UINT64_MAX));
	rc = mv_git_each_line(git, without, args, note_omitted, &l, err);
	if (!rc && l.count)
		rc = mv_git_each_line(git, with, args, note_path, &l, err);
	if (!rc && l.count)
		rc = tell_large(git, &l, fn, payload, err);
	for (size_t i = 0; i < l.count; i++)
		free(l.path[i]);
	free(l.path);
	free(l.hex);
	return rc;
}

/* -- changes -------------------------------------------------------------- */

/*
 * The output is fields that end with NUL. A commit is "\1<hex>", time,
 * subject; after it come pairs of ":<modes> <blobs> <status>" and path,
 * where the first has a newline in front, and a merge (which shows only
 * what differs from all its parents) a field of nothing and one colon for
 * each parent. Paths may hold anything, but their place says what they are.
 */
struct changes {
	size_t hex_len;
	char commit[MV_GIT_HEX_MAX];
	int64_t when;
	struct mv_buf subject;
	mv_git_change_fn fn;
	void *payload;
};

static int garbled(struct mv_err *err)
{
	return mv_fail(err, MV_EIO, "cannot understand what git log says");
}

static int next_field(struct mv_git_child *log, struct mv_buf *field, int *end,
		      struct mv_err *err)
{
	mv_buf_clear(field);
	return mv_git_child_until(log, '\0', field, end, err);
}

static int history_take_commit(struct changes *c, struct mv_git_child *log,
			       struct mv_buf *field, struct mv_err *err)
{
	int end = 0;
	int rc;

	if (field->len != c->hex_len + 1 ||
	    !mv_is_hex(field->data + 1, c->hex_len))
		return garbled(err);
	memcpy(c->commit, field->data + 1, c->hex_len + 1);
	rc = next_field(log, field, &end, err);
	if (rc || end)
		return rc ? rc : garbled(err);
	c->when = strtoll(field->data, NULL, 10);
	mv_buf_clear(&c->subject);
	rc = mv_git_child_until(log, '\0', &c->subject, &end, err);
	return rc || !end ? rc : garbled(err);
}

/* ":100644 100755 <old> <new> M", with as many colons as parents. */
static int parse_raw(unsigned *mode, char *hex, const char *p, size_t hex_len)
{
	size_t parents = strspn(p, ":");
	char *end;

	p += parents;
	for (size_t i = 0; i <= parents; i++) {
		*mode = (unsigned)strtoul(p, &end, 8);
		if (end == p || *end != ' ')
			return -1;
		p = end + 1;
	}
	for (size_t i = 0; i <= parents; i++) {
		if (strspn(p, "0123456789abcdef") != hex_len ||
		    p[hex_len] != ' ')
			return -1;
		memcpy(hex, p, hex_len);
		hex[hex_len] = '\0';
		p += hex_len + 1;
	}
	return 0;
}

static int take_change(struct changes *c, struct mv_git_child *log,
		       struct mv_buf *field, struct mv_err *err)
{
	const char *raw = field->data + (*field->data == '\n');
	char hex[MV_GIT_HEX_MAX];
	unsigned mode = 0;
	int end = 0;
	int rc;

	if (*raw != ':' || !*c->commit ||
	    parse_raw(&mode, hex, raw, c->hex_len))
		return garbled(err);
	rc = next_field(log, field, &end, err);
	if (rc || end)
		return rc ? rc : garbled(err);
	if ((mode & 0170000) != 0100000)
		return 0;
	return c->fn(c->payload, c->commit, c->subject.data, c->when,
		     field->data, hex, err);
}

int mv_git_each_change(struct mv_git *git, const char *const *args,
		       mv_git_change_fn fn, void *payload,
		       struct mv_err *err)
{
	static const char *const log_args[] = {
		"log", "-z", "--topo-order", "--reverse", "--raw", "-c",
		"--root", "--no-renames", "--no-abbrev", "--no-relative",
		"--no-color", "--no-show-signature", "--no-notes",
		"--ignore-submodules=none", "--encoding=UTF-8",
		"--format=%x01%H%x00%ct%x00%s", NULL
	};
	struct changes c = { .hex_len = git->info.hex_len, .fn = fn,
			     .payload = payload };
	struct mv_git_child log = MV_GIT_CHILD_INIT;
	const char **list = mv_git_join(log_args, args);
	struct mv_buf field;
	int end = 0;
	int rc;

	mv_buf_init(&field, LINE_MAX_BYTES);
	mv_buf_init(&c.subject, LINE_MAX_BYTES);
	rc = list ? mv_git_bound_changes(git, args, MV_GIT_PATHS_MAX, err) :
		    mv_nomem(err);
	if (!rc)
		rc = mv_git_child_open(&log, git, list, err);
	if (!rc)
		mv_git_child_eof(&log);
	while (!rc) {
		rc = next_field(&log, &field, &end, err);
		if (rc || end)
			break;
		if (*field.data == '\1')
			rc = history_take_commit(&c, &log, &field, err);
		else if (field.len)
			rc = take_change(&c, &log, &field, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&log, err);
	mv_git_child_abort(&log);
	mv_buf_release(&field);
	mv_buf_release(&c.subject);
	free(list);
	return rc;
}
