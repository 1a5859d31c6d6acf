/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/priv.h"
#include "libmv/work/work.h"

/* The work tree: its files, the patterns that give them to us, its index. */
#define LOCK_OLD_S 600

struct files {
	const struct checks *c;
	char **paths;			/* of all that are ours */
	size_t count, alloc;
	uint64_t raw, pointers, missing, lfs;
	char *first_raw;
};

static int see_file(void *payload, const struct mv_file *file,
		    struct mv_err *err)
{
	struct files *f = payload;

	if (!file->mode)
		return 0;	/* on its way out */
	if (MV_GROW(f->paths, f->alloc, f->count + 1, err))
		return MV_ENOMEM;
	f->paths[f->count] = strdup(file->path);
	if (!f->paths[f->count])
		return mv_nomem(err);
	f->count++;
	if (file->state == MV_FILE_RAW && !f->raw++)
		f->first_raw = f->paths[f->count - 1];
	f->pointers += file->state == MV_FILE_POINTER;
	f->missing += file->state == MV_FILE_MISSING && !file->left_out;
	return 0;
}

static const char *files(uint64_t n)
{
	return n == 1 ? "file" : "files";
}

static void tell_files(const struct files *f)
{
	const struct checks *c = f->c;

	if (f->raw)
		say(c, MV_DOCTOR_BAD, "files", "git model add PATH, and "
		    "commit", "%llu %s in git as raw bytes, not as a pointer; "
		    "the first is '%s'", (unsigned long long)f->raw,
		    f->raw == 1 ? "file is" : "files are", f->first_raw);
	if (f->pointers)
		say(c, MV_DOCTOR_WARN, "files", "git model checkout",
		    "%llu %s in the work tree though the content is here",
		    (unsigned long long)f->pointers,
		    f->pointers == 1 ? "pointer lies" : "pointers lie");
	if (f->missing)
		say(c, MV_DOCTOR_WARN, "files", "git model fetch, then git "
		    "model checkout", "the content of %llu %s is not here",
		    (unsigned long long)f->missing, files(f->missing));
	if (!f->raw && !f->pointers && !f->missing)
		say(c, MV_DOCTOR_OK, "files", NULL, "%zu %s", f->count,
		    files(f->count));
}

/* The first of some paths, and their number. */
struct found {
	char *first;
	uint64_t n;
};

static int count_path(struct found *f, const char *path, struct mv_err *err)
{
	if (!f->n++ && !(f->first = strdup(path)))
		return mv_nomem(err);
	return 0;
}

static int see_caught(void *payload, const char *path, struct mv_err *err)
{
	return count_path(payload, path, err);
}

/* Strays by the attributes of the work tree, and those that only the index
   has: what is committed now is one for everybody else. */
struct strays {
	char **path;
	size_t count, alloc;
	struct found unstaged;
};

static int see_stray(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct strays *s = payload;

	if (MV_GROW(s->path, s->alloc, s->count + 1, err) < 0)
		return MV_ENOMEM;
	s->path[s->count] = strdup(file->path);
	if (!s->path[s->count])
		return mv_nomem(err);
	s->count++;
	return 0;
}

static int see_staged_stray(void *payload, const struct mv_file *file,
			    struct mv_err *err)
{
	struct strays *s = payload;

	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->path[i], file->path))
			return 0;
	return count_path(&s->unstaged, file->path, err);
}

static void strays_release(struct strays *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->path[i]);
	free(s->path);
	free(s->unstaged.first);
}

/* Patterns that catch too much, and too little. */
static void check_reach(const struct checks *c)
{
	struct found caught = { NULL, 0 };
	struct strays strays = { NULL, 0, 0, { NULL, 0 } };
	struct mv_err err;

	if (mv_work_caught(c->repo, see_caught, &caught, &err) ||
	    mv_repo_strays(c->repo, 0, NULL, see_stray, &strays, &err) ||
	    mv_repo_strays(c->repo, 1, NULL, see_staged_stray, &strays, &err))
		say(c, MV_DOCTOR_BAD, "attributes", NULL, "%s", err.msg);
	if (caught.n)
		say(c, MV_DOCTOR_BAD, "attributes", "git model untrack the "
		    "pattern that is too wide, git add the files again, and "
		    "commit", "a pattern catches %llu %s that git must read "
		    "as %s stand%s; the first is '%s'",
		    (unsigned long long)caught.n, files(caught.n),
		    caught.n == 1 ? "it" : "they", caught.n == 1 ? "s" : "",
		    caught.first);
	if (strays.count)
		say(c, MV_DOCTOR_BAD, "files", "git model track PATH, or git "
		    "add --renormalize PATH for the bytes, and commit; a line "
		    "'PATH -filter' says that it is meant", "git holds %zu "
		    "pointer%s where no pattern gives the file to git-model; "
		    "the first is '%s'", strays.count,
		    strays.count == 1 ? "" : "s", strays.path[0]);
	if (strays.unstaged.n)
		say(c, MV_DOCTOR_WARN, "attributes", "git add .gitattributes, "
		    "and commit", "%llu pointer%s staged or committed without "
		    "the line of .gitattributes that gives the file to "
		    "git-model, which is only in the work tree: clones get "
		    "the pointer, not the content; the first is '%s'",
		    (unsigned long long)strays.unstaged.n,
		    strays.unstaged.n == 1 ? " is" : "s are",
		    strays.unstaged.first);
	free(caught.first);
	strays_release(&strays);
}

struct cursor {
	size_t field, at;
};

/* Of fields that end with NUL, going on from `c`; NULL: not so many. */
static const char *nth_field(const struct mv_buf *text, size_t n,
			     struct cursor *c)
{
	for (; c->field < n && c->at < text->len; c->field++)
		c->at += strlen(text->data + c->at) + 1;
	return c->at < text->len ? text->data + c->at : NULL;
}

/* "path\0text\0value\0" for each; git converts what is not `unset`. */
static uint64_t convertible(struct files *f, const char *first[1])
{
	static const char *const args[] = { "check-attr", "--stdin", "-z",
					    "text", NULL };
	struct cursor pos = { 0, 0 };
	struct mv_buf in, out;
	struct mv_err err;
	uint64_t n = 0;

	mv_buf_init(&in, SIZE_MAX / 2);
	mv_buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < f->count; i++)
		if (mv_buf_add(&in, f->paths[i], strlen(f->paths[i]) + 1))
			goto out;
	if (mv_git_run(f->c->repo->git, args, in.data, in.len, &out, &err)) {
		say(f->c, MV_DOCTOR_BAD, "attributes", NULL,
		    "git could not be asked for them: %s", err.msg);
		goto out;
	}
	for (size_t i = 0; i < f->count; i++) {
		const char *value = nth_field(&out, 3 * i + 2, &pos);

		if (value && strcmp(value, "unset") && !n++)
			first[0] = f->paths[i];
	}
out:
	mv_buf_release(&in);
	mv_buf_release(&out);
	return n;
}

/* Line ends in a pointer are changed before smudge sees it. */
static void check_text(struct files *f)
{
	const char *autocrlf = mv_setup_doctor_config(f->c, "core.autocrlf");
	const char *eol = mv_setup_doctor_config(f->c, "core.eol");
	int now = mv_setup_doctor_is_yes(autocrlf) || (eol && !strcasecmp(eol,
									  "crlf"));
	const char *first[1] = { NULL };
	uint64_t n = f->count ? convertible(f, first) : 0;

	if (n)
		say(f->c, now ? MV_DOCTOR_BAD : MV_DOCTOR_WARN, "attributes",
		    "add -text to its line in .gitattributes",
		    "git %s line ends in %llu of our files; the first is '%s'",
		    now ? "converts" : "may convert", (unsigned long long)n,
		    first[0]);
}

static void check_files(const struct checks *c)
{
	struct files f = { .c = c };
	struct mv_err err;

	if (mv_work_status(c->repo, NULL, 0, see_file, &f, &err))
		say(c, MV_DOCTOR_BAD, "files", NULL, "%s", err.msg);
	else
		tell_files(&f);
	check_text(&f);
	for (size_t i = 0; i < f.count; i++)
		free(f.paths[i]);
	free(f.paths);
}

struct patterns {
	uint64_t model, lfs;
};

static int see_pattern(void *payload, const char *pattern, const char *filter,
		       const char *file, int line)
{
	struct patterns *p = payload;

	(void)pattern;
	(void)file;
	(void)line;
	p->model += !strcmp(filter, "model");
	p->lfs += !strcmp(filter, "lfs");
	return 0;
}

static void check_attributes(const struct checks *c)
{
	struct patterns p = { 0, 0 };
	struct mv_err err;

	if (mv_work_tracked(c->repo, see_pattern, &p, &err)) {
		say(c, MV_DOCTOR_BAD, "attributes", NULL, "%s", err.msg);
		return;
	}
	if (!p.model && !p.lfs)
		say(c, MV_DOCTOR_WARN, "attributes", "git model track PATTERN",
		    "no pattern gives files to git-model");
	else
		say(c, MV_DOCTOR_OK, "attributes", NULL, "%llu pattern%s",
		    (unsigned long long)(p.model + p.lfs),
		    p.model + p.lfs == 1 ? "" : "s");
	mv_setup_doctor_lfs(c, p.lfs != 0);
}

/* What killed processes left in the work tree. */
static void check_temporaries(const struct checks *c)
{
	static const char *const args[] = {
		"ls-files", "--others", "-z", "--full-name", "--",
		":(top,glob)**/.git-model-*.tmp", NULL
	};
	struct mv_buf out;
	struct mv_err err;
	uint64_t n = 0;

	mv_buf_init(&out, SIZE_MAX / 2);
	if (mv_git_run(c->repo->git, args, NULL, 0, &out, &err)) {
		say(c, MV_DOCTOR_BAD, "files", NULL, "files that killed "
		    "processes left cannot be looked for: %s", err.msg);
		mv_buf_clear(&out);
	}
	for (size_t i = 0; i < out.len; i++)
		n += !out.data[i];
	if (n)
		say(c, MV_DOCTOR_WARN, "files", "remove them, unless git-model "
		    "runs just now", "%llu temporary %s in the work tree; the "
		    "first is '%s'", (unsigned long long)n, files(n),
		    out.data);
	mv_buf_release(&out);
}

static void check_index_lock(const struct checks *c)
{
	char *lock = mv_strf("%s.lock", c->repo->info->index_path);
	struct stat st;

	if (lock && !stat(lock, &st) && time(NULL) - st.st_mtime > LOCK_OLD_S)
		say(c, MV_DOCTOR_WARN, "index", "remove it, if no git runs",
		    "'%s' is %lld minutes old", lock,
		    (long long)(time(NULL) - st.st_mtime) / 60);
	free(lock);
}

void mv_setup_doctor_work_tree(const struct checks *c)
{
	check_attributes(c);
	check_files(c);
	check_reach(c);
	check_temporaries(c);
	check_index_lock(c);
}
