/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

/*
 * What a commit is about to bring, beside what the filter is for: pointers
 * that no .gitattributes of that commit explains, bytes in the place of a
 * pointer, files that must never be one, and bytes that are too many for git.
 */
#define CAUGHT "a pattern of git-model catches it, but git must read it as " \
	"it stands"
#define LISTED 10		/* of one kind; the rest is a number */

struct change {
	const char *path;	/* into the text */
	char *old, *blob;	/* "0000..." where there is none */
	char word[8];		/* of the filter: model, lfs, -, or "" */
	uint64_t size, old_size;
	int is_pointer, was_pointer;
};

struct look {
	struct mv_repo *repo;
	struct mv_buf text;
	struct change *c;
	size_t count, alloc;
	int attributes;		/* a .gitattributes changes */
	mv_commit_fn fn;
	void *payload;
};

/* -- what is staged ------------------------------------------------------- */

static int is_attributes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, ".gitattributes");
}

/* ":<mode> <mode> <old> <new> <status>" NUL path NUL */
static int staged_parse(struct look *l, struct mv_err *err)
{
	const size_t hex = l->repo->info->hex_len, head = 15 + hex + 1;
	char *p = l->text.data, *end = p + l->text.len;
	struct change *c;

	while (p < end) {
		char *path = p + strlen(p) + 1;

		if (*p != ':' || path >= end ||
		    (size_t)(path - p) < head + hex + 2)
			return mv_fail(err, MV_EIO, "cannot understand the "
				       "list of git diff");
		l->attributes |= is_attributes(path);
		if (MV_GROW(l->c, l->alloc, l->count + 1, err))
			return MV_ENOMEM;
		c = &l->c[l->count];
		memset(c, 0, sizeof(*c));
		c->path = path;
		c->old = p + 15;
		c->blob = p + head;
		c->old[hex] = c->blob[hex] = '\0';
		/* Regular files that are there afterwards. */
		l->count += !strncmp(p + 8, "100", 3);
		p = path + strlen(path) + 1;
	}
	return 0;
}

static int keep_word(void *payload, size_t i, const char *word,
		     struct mv_err *err)
{
	struct look *l = payload;

	(void)err;
	snprintf(l->c[i].word, sizeof(l->c[i].word), "%s",
		 !strcmp(word, "unspecified") ? "" :
		 !strcmp(word, "model") || !strcmp(word, "lfs") ? word : "-");
	return 0;
}

static int ask_words(struct look *l, struct mv_err *err)
{
	const char **paths = calloc(l->count + 1, sizeof(*paths));
	int rc;

	if (!paths)
		return mv_nomem(err);
	for (size_t i = 0; i < l->count; i++)
		paths[i] = l->c[i].path;
	rc = mv_git_filter_words(l->repo->git, 1, paths, l->count, keep_word,
				 l, err);
	free(paths);
	return rc;
}

/* -- how large they are, and which are pointers --------------------------- */

static int is_zero(const char *hex)
{
	return !hex[strspn(hex, "0")];
}

/* "<hex> blob <size>" or "<hex> missing", a line for each question. */
static int parse_sizes(struct look *l, const struct mv_buf *out,
		       struct mv_err *err)
{
	char *line = out->data, *save = NULL;

	line = out->len ? strtok_r(out->data, "\n", &save) : NULL;
	for (size_t i = 0; i < 2 * l->count; i++) {
		struct change *c = &l->c[i / 2];
		char *blob = line ? strstr(line, " blob ") : NULL;
		uint64_t size = blob ? strtoull(blob + 6, NULL, 10) : 0;

		if (!line)
			return mv_fail(err, MV_EIO, "cannot understand the "
				       "answer of git cat-file");
		*(i % 2 ? &c->old_size : &c->size) = size;
		line = strtok_r(NULL, "\n", &save);
	}
	return 0;
}

static int ask_sizes(struct look *l, struct mv_err *err)
{
	static const char *const args[] = { "cat-file", "--batch-check",
					    NULL };
	struct mv_buf in, out;
	int rc = 0;

	mv_buf_init(&in, SIZE_MAX / 2);
	mv_buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; !rc && i < l->count; i++)
		if (mv_buf_addf(&in, "%s\n%s\n", l->c[i].blob, l->c[i].old))
			rc = mv_nomem(err);
	if (!rc)
		rc = mv_git_run(l->repo->git, args, in.data, in.len, &out,
				err);
	if (!rc)
		rc = parse_sizes(l, &out, err);
	mv_buf_release(&in);
	mv_buf_release(&out);
	return rc;
}

static int may_be_pointer(uint64_t size)
{
	return size && size < MV_POINTER_MAX;
}

struct reading {
	int **flag;
};

static int see_blob(void *payload, size_t i, const char *hex,
		    const void *data, size_t len, struct mv_err *err)
{
	struct reading *r = payload;
	struct mv_pointer p;

	(void)hex;
	(void)err;
	*r->flag[i] = data && !mv_pointer_parse(&p, data, len, NULL);
	return 0;
}

static int find_pointers(struct look *l, struct mv_err *err)
{
	const char **names = calloc(2 * l->count + 1, sizeof(*names));
	struct reading r = { calloc(2 * l->count + 1, sizeof(*r.flag)) };
	size_t n = 0;
	int rc = names && r.flag ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < l->count; i++) {
		struct change *c = &l->c[i];

		if (may_be_pointer(c->size)) {
			names[n] = c->blob;
			r.flag[n++] = &c->is_pointer;
		}
		if (may_be_pointer(c->old_size) && !is_zero(c->old)) {
			names[n] = c->old;
			r.flag[n++] = &c->was_pointer;
		}
	}
	if (!rc)
		rc = mv_git_read_many(l->repo->git, names, n,
				      MV_POINTER_MAX - 1, see_blob, &r, err);
	free(r.flag);
	free(names);
	return rc;
}

/* -- what is wrong -------------------------------------------------------- */

static void staged_judge(struct look *l, const struct change *c, uint64_t limit)
{
	const int ours = !strcmp(c->word, "model") || !strcmp(c->word, "lfs");
	char size[32], why[160];

	if (mv_wt_is_tmp(c->path)) {
		l->fn(l->payload, MV_COMMIT_TEMPORARY, c->path, "a temporary "
		      "file of a git-model that was killed");
		return;
	}
	if (mv_work_stays_plain(c->path) && (ours || c->is_pointer)) {
		l->fn(l->payload, MV_COMMIT_PLAIN, c->path, ours ?
		      CAUGHT : "a pointer stands where git must "
		      "read the file itself");
	} else if (!*c->word && c->is_pointer) {
		l->fn(l->payload, MV_COMMIT_STRAY, c->path, "a pointer that no "
		      "staged .gitattributes gives to git-model: clones get "
		      "the pointer, not the content");
	} else if (!ours && c->was_pointer) {
		l->fn(l->payload, MV_COMMIT_BYTES, c->path, "git had a pointer "
		      "here and gets the bytes themselves now: no pattern "
		      "gives the file to git-model");
	} else if (!ours && c->size > limit) {
		snprintf(why, sizeof(why), "%s go into git itself, for ever "
			 "(model.warnAbove)", mv_print_size(size, c->size));
		l->fn(l->payload, MV_COMMIT_BYTES, c->path, why);
	}
}

/* -- the patterns change: what is it about the rest? ---------------------- */

struct rest {
	struct look *l;
	size_t strays, raw;
};

static int is_staged(const struct look *l, const char *path)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->c[i].path, path))
			return 1;
	return 0;
}

static int tell_stray(void *payload, const struct mv_file *file,
		      struct mv_err *err)
{
	struct rest *r = payload;

	(void)err;
	if (!is_staged(r->l, file->path) && ++r->strays <= LISTED)
		r->l->fn(r->l->payload, MV_COMMIT_STRAY, file->path, "git "
			 "holds a pointer, and no pattern gives the file to "
			 "git-model any more");
	return 0;
}

static int tell_raw(void *payload, const struct mv_file *file,
		    struct mv_err *err)
{
	struct rest *r = payload;

	(void)err;
	if (is_staged(r->l, file->path))
		return 0;
	if (mv_work_stays_plain(file->path))
		r->l->fn(r->l->payload, MV_COMMIT_PLAIN, file->path, CAUGHT);
	else if (file->state == MV_FILE_RAW && ++r->raw <= LISTED)
		r->l->fn(r->l->payload, MV_COMMIT_RAW, file->path, "git holds "
			 "the bytes themselves, though a pattern gives the "
			 "file to git-model");
	return 0;
}

static int look_at_rest(struct look *l, struct mv_err *err)
{
	struct rest r = { l, 0, 0 };
	char why[64];
	int rc = mv_repo_strays(l->repo, 1, NULL, tell_stray, &r, err);

	if (!rc)
		rc = mv_repo_ls(l->repo, NULL, tell_raw, &r, err);
	if (!rc && (r.strays > LISTED || r.raw > LISTED)) {
		snprintf(why, sizeof(why), "and %zu more; git model status "
			 "lists them", (r.strays > LISTED ? r.strays - LISTED :
			 0) + (r.raw > LISTED ? r.raw - LISTED : 0));
		l->fn(l->payload, MV_COMMIT_RAW, "...", why);
	}
	return rc;
}

/* model.warnAbove, in bytes. */
static int warn_above(uint64_t *out, struct mv_repo *repo, struct mv_err *err)
{
	return mv_repo_config_size(out, repo, "model.warnabove",
				   (uint64_t)50 << 20, err);
}

int mv_work_look_at_commit(struct mv_repo *repo, mv_commit_fn fn,
			   void *payload, struct mv_err *err)
{
	static const char *const args[] = {
		"diff", "--cached", "--raw", "-z", "--no-abbrev",
		"--no-renames", "--no-relative", "--no-ext-diff",
		"--ignore-submodules=all", NULL
	};
	struct look l = { .repo = repo, .fn = fn, .payload = payload };
	uint64_t limit;
	int rc = warn_above(&limit, repo, err);

	mv_buf_init(&l.text, SIZE_MAX / 2);
	if (!rc)
		rc = mv_git_run(repo->git, args, NULL, 0, &l.text, err);
	if (!rc)
		rc = staged_parse(&l, err);
	if (!rc && l.count)
		rc = ask_words(&l, err);
	if (!rc && l.count)
		rc = ask_sizes(&l, err);
	if (!rc && l.count)
		rc = find_pointers(&l, err);
	for (size_t i = 0; !rc && i < l.count; i++)
		staged_judge(&l, &l.c[i], limit);
	if (!rc && l.attributes)
		rc = look_at_rest(&l, err);
	free(l.c);
	mv_buf_release(&l.text);
	return rc;
}

/* -- what a push brings --------------------------------------------------- */

struct large {
	struct mv_repo *repo;
	uint64_t count;
};

static int tell_large(void *payload, const char *path, uint64_t size,
		      struct mv_err *err)
{
	struct large *l = payload;
	char text[32];

	(void)err;
	if (++l->count <= LISTED)
		mv_repo_warn(l->repo, "'%s': %s go into git itself, for ever; "
			     "`git model track` and `git model add` before "
			     "the commit keep a pointer there "
			     "(model.warnAbove)", path,
			     mv_print_size(text, size));
	return 0;
}

void mv_work_warn_large(struct mv_repo *repo, const char *const *revs)
{
	struct large l = { repo, 0 };
	struct mv_err why;
	uint64_t limit;
	int rc = warn_above(&limit, repo, &why);

	if (!rc)
		rc = mv_git_each_large_blob(repo->git, revs, limit, tell_large,
					    &l, &why);
	if (rc)
		mv_repo_warn(repo, "it is not known whether large files are "
			     "pushed: %s", why.msg);
	if (l.count > LISTED)
		mv_repo_warn(repo, "and %llu more",
			     (unsigned long long)(l.count - LISTED));
}
