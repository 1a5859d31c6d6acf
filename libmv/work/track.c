/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

#define FILE_MAX ((size_t)100 << 20)	/* git reads no longer ones */
#define BLANK " \t\r"
#define NAME ".gitattributes"

static const char *const ours[] = {
	"filter=model", "diff=model", "merge=model", "-text"
};
#define OURS (sizeof(ours) / sizeof(*ours))

/* -- patterns as gitattributes(5) has them -------------------------------- */

static int needs_quotes(const char *pattern)
{
	if (strchr("\"#", *pattern))
		return 1;
	for (const unsigned char *p = (const unsigned char *)pattern; *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			return 1;
	return 0;
}

static int add_quoted(struct mv_buf *out, const char *pattern)
{
	static const char named[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"";
	int rc = mv_buf_addch(out, '"');

	for (const char *p = pattern; !rc && *p; p++) {
		const char *hit = NULL;

		for (const char *n = named; *n && !hit; n += 2)
			if (n[1] == *p)
				hit = n;
		if (hit)
			rc = mv_buf_addf(out, "\\%c", *hit);
		else if ((unsigned char)*p < ' ' || *p == 0x7f)
			rc = mv_buf_addf(out, "\\%03o", (unsigned)*p);
		else
			rc = mv_buf_addch(out, *p);
	}
	return rc ? rc : mv_buf_addch(out, '"');
}

static int octal(char *c, const char *p, const char *end)
{
	unsigned v = 0;

	if (end - p < 3)
		return -1;
	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '7')
			return -1;
		v = v * 8 + (unsigned)(p[i] - '0');
	}
	if (v > 255)
		return -1;
	*c = (char)v;
	return 0;
}

/* The text behind the closing quote, or NULL when it is not well-formed. */
static const char *unquote(struct mv_buf *out, const char *p, const char *end)
{
	static const char named[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"";
	char c;

	for (p++; p < end && *p != '"'; p++) {
		c = *p;
		if (c == '\\') {
			const char *hit = NULL;

			if (++p == end)
				return NULL;
			for (const char *n = named; *n && !hit; n += 2)
				if (n[0] == *p)
					hit = n;
			if (hit) {
				c = hit[1];
			} else {
				if (octal(&c, p, end))
					return NULL;
				p += 2;
			}
		}
		if (!c || mv_buf_addch(out, c))
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

/* "/a/b[1].bin" means that file alone: anchored, and nothing is special. */
static int add_literal(struct mv_buf *out, const char *path)
{
	int rc = mv_buf_addch(out, '/');

	for (; !rc && *path; path++) {
		if (strchr("*?[\\", *path))
			rc = mv_buf_addch(out, '\\');
		if (!rc)
			rc = mv_buf_addch(out, *path);
	}
	return rc;
}

/* -- lines ---------------------------------------------------------------- */

struct line {
	const char *start, *attrs, *end;	/* end: before the newline */
	struct mv_buf pattern;
};

/* 0: a line with a pattern; else a comment, a macro, or nothing. */
static int parse_line(struct line *line, const char *start, const char *end)
{
	const char *p = start;

	line->start = start;
	line->end = end;
	mv_buf_clear(&line->pattern);
	while (p < end && memchr(BLANK, *p, 3))
		p++;
	if (p == end || *p == '#')
		return -1;
	if (*p == '"') {
		p = unquote(&line->pattern, p, end);
		if (!p)
			return -1;
	} else {
		const char *word = p;

		while (p < end && !memchr(BLANK, *p, 3))
			p++;
		if (mv_buf_add(&line->pattern, word, (size_t)(p - word)))
			return -1;
	}
	line->attrs = p;
	return strncmp(line->pattern.data, "[attr]", 6) ? 0 : -1;
}

/* The next attribute from *p, or 0. */
static size_t next_attr(const char **p, const char *end)
{
	const char *word;

	while (*p < end && memchr(BLANK, **p, 3))
		++*p;
	word = *p;
	while (word < end && !memchr(BLANK, *word, 3))
		word++;
	return (size_t)(word - *p);
}

/* The last filter that the line gives: its name, "" for none, NULL unsaid. */
static const char *filter_of(const struct line *line, size_t *len)
{
	const char *p = line->attrs, *found = NULL;
	size_t n;

	for (; (n = next_attr(&p, line->end)) > 0; p += n) {
		if (n >= 7 && !strncmp(p, "filter=", 7)) {
			found = p + 7;
			*len = n - 7;
		} else if ((n == 7 && !strncmp(p, "-filter", 7)) ||
			   (n == 7 && !strncmp(p, "!filter", 7))) {
			found = p + n;
			*len = 0;
		}
	}
	return found;
}

static int is_filter(const struct line *line, const char *name)
{
	size_t len = 0;
	const char *filter = filter_of(line, &len);

	return filter && len == strlen(name) && !memcmp(filter, name, len);
}

/* -- files ---------------------------------------------------------------- */

static int read_attributes(struct mv_buf *out, struct mv_repo *repo,
			   const char *file, int *executable,
			   struct mv_err *err)
{
	struct mv_writer to = mv_writer_buf(out);
	struct mv_reader from;
	char block[8192];
	struct stat st;
	size_t got;
	int rootfd, fd, rc;

	*executable = 0;
	rc = mv_repo_root(&rootfd, repo, err);
	if (!rc)
		rc = mv_wt_open_read(&fd, &st, rootfd, file, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	*executable = !!(st.st_mode & S_IXUSR);
	if (st.st_size > (off_t)FILE_MAX) {
		close(fd);
		return mv_fail(err, MV_EINVALID, "'%s' has more than %zu "
			       "bytes, which git does not read", file, FILE_MAX);
	}
	from = mv_reader_fd(&fd);
	do {
		rc = mv_read_full(&from, block, sizeof(block), &got, err);
		if (!rc && got)
			rc = to.write(to.payload, block, got, err);
	} while (!rc && got);
	close(fd);
	if (!rc && memchr(out->data, '\0', out->len))
		rc = mv_fail(err, MV_EINVALID, "'%s' has a zero byte in it",
			     file);
	return rc;
}

static int write_attributes(struct mv_repo *repo, const char *file,
			    int executable, const struct mv_buf *text,
			    struct mv_err *err)
{
	int rootfd, rc = mv_repo_root(&rootfd, repo, err);

	return rc ? rc : mv_wt_write(rootfd, file, executable, text->data,
				     text->len, err);
}

typedef int (*line_fn)(void *payload, const struct line *line, int number,
		       int has_pattern, struct mv_err *err);

static int each_line(const struct mv_buf *text, line_fn fn, void *payload,
		     struct mv_err *err)
{
	const char *p = text->data, *end = p + text->len, *stop;
	struct line line = { 0 };
	int rc = 0;

	mv_buf_init(&line.pattern, FILE_MAX);
	for (int number = 1; !rc && p < end; number++) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop)
			stop = end;
		rc = fn(payload, &line, number,
			!parse_line(&line, p, stop), err);
		p = stop < end ? stop + 1 : end;
	}
	mv_buf_release(&line.pattern);
	return rc;
}

/* -- track ---------------------------------------------------------------- */

struct wish {
	const char *pattern;
	int done;		/* what the file says of it now: ours */
};

struct wishes {
	struct wish *wish;	/* sorted by pattern */
	size_t count;
};

static int by_pattern(const void *a, const void *b)
{
	return strcmp(((const struct wish *)a)->pattern,
		      ((const struct wish *)b)->pattern);
}

static int note_line(void *payload, const struct line *line, int number,
		     int has_pattern, struct mv_err *err)
{
	struct wishes *wishes = payload;
	struct wish key, *hit;
	size_t len;

	(void)number;
	(void)err;
	if (!has_pattern || !filter_of(line, &len))
		return 0;
	key.pattern = line->pattern.data;
	hit = bsearch(&key, wishes->wish, wishes->count, sizeof(key),
		      by_pattern);
	if (hit)
		hit->done = is_filter(line, "model");
	return 0;
}

static int append_line(struct mv_buf *text, const char *pattern)
{
	int rc = 0;

	if (text->len && text->data[text->len - 1] != '\n')
		rc = mv_buf_addch(text, '\n');
	if (!rc)
		rc = needs_quotes(pattern) ? add_quoted(text, pattern) :
					     mv_buf_addstr(text, pattern);
	for (size_t i = 0; !rc && i < OURS; i++)
		rc = mv_buf_addf(text, " %s", ours[i]);
	return rc ? rc : mv_buf_addch(text, '\n');
}

/* `folder`: the patterns are somebody's, and count in there; NULL: each is
   of one path that was looked at. */
static int track_all(struct mv_repo *repo, const char *file,
		     const char *folder, const char *const *patterns,
		     size_t count, size_t *changed, struct mv_err *err)
{
	struct wishes wishes = { calloc(count + 1,
					sizeof(struct wish)), count };
	struct mv_buf text;
	int executable, rc = 0;

	*changed = 0;
	mv_buf_init(&text, FILE_MAX);
	if (!wishes.wish)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++)
		wishes.wish[i].pattern = patterns[i];
	qsort(wishes.wish, count, sizeof(*wishes.wish), by_pattern);
	rc = read_attributes(&text, repo, file, &executable, err);
	if (!rc)
		rc = each_line(&text, note_line, &wishes, err);
	for (size_t i = 0; !rc && i < count; i++) {
		const struct wish *w = &wishes.wish[i];

		if (w->done || (i && !strcmp(w[-1].pattern, w->pattern)))
			continue;
		++*changed;
		if (folder)
			rc = mv_work_check_pattern(repo, folder, w->pattern,
						   err);
		if (!rc && append_line(&text, w->pattern))
			rc = mv_nomem(err);
	}
	if (!rc && *changed)
		rc = write_attributes(repo, file, executable, &text, err);
	mv_buf_release(&text);
	free(wishes.wish);
	return rc;
}

/* "data/" means nothing in this file; what may be said instead? */
static int refuse_folder(struct mv_repo *repo, const char *pattern,
			 struct mv_err *err)
{
	char *all = mv_strf("%s**", pattern);
	int rc = all ? mv_work_check_pattern(repo, repo->info->prefix, all,
					     err) : mv_nomem(err);

	if (!rc)
		rc = mv_fail(err, MV_EINVALID, "'%s' would match no file; "
			     "'%s' matches all below", pattern, all);
	else if (rc == MV_EDENIED)
		mv_err_prefix(err, "'%s' would match no file", pattern);
	free(all);
	return rc;
}

static int check_pattern(struct mv_repo *repo, const char *pattern,
			 struct mv_err *err)
{
	size_t len = strlen(pattern);

	if (!len)
		return mv_fail(err, MV_EINVALID, "a pattern is empty");
	if (*pattern == '!' || !strncmp(pattern, "[attr]", 6))
		return mv_fail(err, MV_EINVALID, "'%s' means something else in "
			       "a .gitattributes file", pattern);
	if (pattern[len - 1] == '/')
		return refuse_folder(repo, pattern, err);
	return 0;
}

static char *here(struct mv_repo *repo)
{
	return mv_strf("%s" NAME, repo->info->prefix);
}

int mv_work_track(struct mv_repo *repo, const char *pattern, int *changed,
		  struct mv_err *err)
{
	const char *relative = !strncmp(pattern, "./", 2) ? pattern + 1 :
							    pattern;
	size_t n = 0;
	char *file;
	int rc;

	*changed = 0;
	rc = check_pattern(repo, relative, err);
	if (rc)
		return rc;
	file = here(repo);
	rc = file ? track_all(repo, file, repo->info->prefix, &relative, 1,
			      &n, err) : mv_nomem(err);
	*changed = !rc && n > 0;
	free(file);
	return rc;
}

int mv_work_track_paths(struct mv_repo *repo, const char *const *paths,
			size_t count, size_t *changed, struct mv_err *err)
{
	const char **patterns = calloc(count + 1, sizeof(*patterns));
	struct mv_buf text;
	size_t at = 0;
	int rc = patterns ? 0 : mv_nomem(err);

	*changed = 0;
	mv_buf_init(&text, FILE_MAX);
	for (size_t i = 0; !rc && i < count; i++)
		if (add_literal(&text, paths[i]) || mv_buf_add(&text, "", 1))
			rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		patterns[i] = text.data + at;
		at += strlen(patterns[i]) + 1;
	}
	if (!rc)
		rc = track_all(repo, NAME, NULL, patterns, count, changed,
			       err);
	mv_buf_release(&text);
	free(patterns);
	return rc;
}

/* -- track --above -------------------------------------------------------- */

struct above {
	struct mv_repo *repo;
	uint64_t size;
	int rootfd;
	char **path;
	uint64_t *sizes;
	const char **chosen;
	size_t count, alloc, sizes_alloc, chosen_count;
	void (*fn)(void *payload, const char *path, uint64_t size);
	void *payload;
};

static int note_large(void *payload, const struct mv_git_entry *e,
		      struct mv_err *err)
{
	struct above *a = payload;
	struct stat st;

	if (e->skip_worktree ||
	    fstatat(a->rootfd, e->path, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode) || (uint64_t)st.st_size <= a->size ||
	    (a->count && !strcmp(a->path[a->count - 1], e->path)))
		return 0;
	if (MV_GROW(a->path, a->alloc, a->count + 1, err) ||
	    MV_GROW(a->sizes, a->sizes_alloc, a->count + 1, err))
		return MV_ENOMEM;
	a->sizes[a->count] = (uint64_t)st.st_size;
	a->path[a->count] = strdup(e->path);
	return a->path[a->count++] ? 0 : mv_nomem(err);
}

static int track_choose(void *payload, size_t i, const char *filter,
			struct mv_err *err)
{
	struct above *a = payload;

	(void)err;
	if (*filter || mv_work_stays_plain(a->path[i]))
		return 0;
	a->chosen[a->chosen_count++] = a->path[i];
	if (a->fn)
		a->fn(a->payload, a->path[i], a->sizes[i]);
	return 0;
}

int mv_work_track_above(struct mv_repo *repo, uint64_t size,
			const char *const *pathspecs,
			void (*fn)(void *payload, const char *path,
				   uint64_t size),
			void *payload, struct mv_err *err)
{
	struct above a = { .repo = repo, .size = size, .fn = fn,
			   .payload = payload };
	size_t changed;
	int rc;

	rc = mv_repo_root(&a.rootfd, repo, err);
	if (!rc)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS |
			       MV_GIT_LS_TYPED, pathspecs, note_large, &a,
			       err);
	if (!rc && !(a.chosen = calloc(a.count + 1, sizeof(*a.chosen))))
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_git_filters(repo->git, (const char *const *)a.path,
				    a.count, track_choose, &a, err);
	if (!rc && a.chosen_count)
		rc = mv_work_track_paths(repo, a.chosen, a.chosen_count,
					 &changed, err);
	for (size_t i = 0; i < a.count; i++)
		free(a.path[i]);
	free(a.path);
	free(a.sizes);
	free(a.chosen);
	return rc;
}

/* -- untrack -------------------------------------------------------------- */

struct untrack {
	const char *pattern;
	struct mv_buf out;
	int changed;
};

static int track_is_ours(const char *attr, size_t len)
{
	for (size_t i = 0; i < OURS; i++)
		if (len == strlen(ours[i]) && !memcmp(attr, ours[i], len))
			return 1;
	return 0;
}

/* What the line says besides; nothing at all: it goes. */
static int add_rest(struct mv_buf *out, const struct line *line)
{
	const char *p = line->attrs;
	size_t n, kept = 0;
	int rc = 0;

	for (; !rc && (n = next_attr(&p, line->end)) > 0; p += n) {
		if (track_is_ours(p, n))
			continue;
		if (!kept++)
			rc = mv_buf_add(out, line->start, (size_t)
					(line->attrs - line->start));
		if (!rc)
			rc = mv_buf_addch(out, ' ');
		if (!rc)
			rc = mv_buf_add(out, p, n);
	}
	return rc || !kept ? rc : mv_buf_addch(out, '\n');
}

static int untrack_line(void *payload, const struct line *line, int number,
			int has_pattern, struct mv_err *err)
{
	struct untrack *u = payload;
	int rc;

	(void)number;
	if (has_pattern && !strcmp(line->pattern.data, u->pattern) &&
	    is_filter(line, "model")) {
		u->changed = 1;
		rc = add_rest(&u->out, line);
	} else {
		/* The newline, too, unless the file ends without one. */
		rc = mv_buf_add(&u->out, line->start,
				(size_t)(line->end - line->start));
		if (!rc && *line->end == '\n')
			rc = mv_buf_addch(&u->out, '\n');
	}
	return rc ? mv_nomem(err) : 0;
}

static int untrack_in(struct mv_repo *repo, const char *file,
		      const char *pattern, int *changed, struct mv_err *err)
{
	struct untrack u = { .pattern = pattern };
	struct mv_buf text;
	int executable, rc;

	mv_buf_init(&text, FILE_MAX);
	mv_buf_init(&u.out, FILE_MAX);
	rc = read_attributes(&text, repo, file, &executable, err);
	if (!rc)
		rc = each_line(&text, untrack_line, &u, err);
	if (!rc && u.changed)
		rc = write_attributes(repo, file, executable, &u.out, err);
	*changed = u.changed;
	mv_buf_release(&text);
	mv_buf_release(&u.out);
	return rc;
}

int mv_work_untrack(struct mv_repo *repo, const char *pattern, int *changed,
		    struct mv_err *err)
{
	char *file = here(repo);
	char *path = mv_strf("%s%s", repo->info->prefix, pattern);
	const char *relative = !strncmp(pattern, "./", 2) ? pattern + 1 :
							    pattern;
	struct mv_buf literal;
	int rc = 0;

	*changed = 0;
	mv_buf_init(&literal, FILE_MAX);
	if (!file || !path || add_literal(&literal, path))
		rc = mv_nomem(err);
	if (!rc)
		rc = untrack_in(repo, file, relative, changed, err);
	if (!rc && !*changed)
		rc = untrack_in(repo, NAME, literal.data, changed, err);
	mv_buf_release(&literal);
	free(path);
	free(file);
	return rc;
}

/* -- list ----------------------------------------------------------------- */

struct tracked {
	struct mv_repo *repo;
	int (*fn)(void *payload, const char *pattern, const char *filter,
		  const char *file, int line);
	void *payload;
	const char *file;
	char *last;		/* unmerged files are listed once for each side */
};

static int list_line(void *payload, const struct line *line, int number,
		     int has_pattern, struct mv_err *err)
{
	struct tracked *t = payload;
	const char *filter;

	(void)err;
	if (!has_pattern)
		return 0;
	filter = is_filter(line, "model") ? "model" :
		 is_filter(line, "lfs") ? "lfs" : NULL;
	if (!filter)
		return 0;
	return t->fn(t->payload, line->pattern.data, filter, t->file, number);
}

static int list_file(void *payload, const struct mv_git_entry *e,
		     struct mv_err *err)
{
	struct tracked *t = payload;
	struct mv_buf text;
	int executable, rc;

	if (t->last && !strcmp(t->last, e->path))
		return 0;
	free(t->last);
	t->last = strdup(e->path);
	t->file = e->path;
	mv_buf_init(&text, FILE_MAX);
	rc = read_attributes(&text, t->repo, e->path, &executable, err);
	if (!rc)
		rc = each_line(&text, list_line, t, err);
	mv_buf_release(&text);
	return rc;
}

static int list_info(struct tracked *t, struct mv_err *err)
{
	char *path = mv_path_join(t->repo->info->common_dir,
				  "info/attributes");
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, FILE_MAX);
	rc = path ? mv_read_file(&text, path, err) : mv_nomem(err);
	t->file = "$GIT_DIR/info/attributes";
	if (!rc)
		rc = each_line(&text, list_line, t, err);
	mv_buf_release(&text);
	free(path);
	return rc == MV_ENOENT ? 0 : rc;
}

int mv_work_tracked(struct mv_repo *repo,
		    int (*fn)(void *payload, const char *pattern,
			      const char *filter, const char *file, int line),
		    void *payload, struct mv_err *err)
{
	static const char *const specs[] = {
		":(top,glob)**/" NAME, NULL
	};
	struct tracked t = { .repo = repo, .fn = fn, .payload = payload };
	int rootfd, rc;

	rc = mv_repo_root(&rootfd, repo, err);
	if (!rc)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS,
			       specs, list_file, &t, err);
	if (!rc)
		rc = list_info(&t, err);
	free(t.last);
	return rc;
}
