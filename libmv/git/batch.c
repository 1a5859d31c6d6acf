/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/priv.h"
#include "libmv/git/refs.h"

#include <stdlib.h>
#include <string.h>

/*
 * Many questions to the one `git cat-file --batch` that is kept open, or to
 * libgit2 where it can serve: names go out in windows, and all answers of a
 * window are in memory before a callback sees the first, so that callbacks
 * may ask questions themselves. A window fits into a pipe, so that both sides
 * can never wait for each other.
 */
#define WINDOW 256
#define SEND_MAX (32 * 1024)
#define SPEC_MAX (1 << 16)
#define SKIP_MAX (1 << 20)		/* cheaper to restart git beyond */
#define HELD_MAX ((size_t)32 << 20)	/* answers in memory, about */

struct window {
	struct mv_git_answer answer[WINDOW];
	int here[WINDOW];		/* libgit2 had it: git is not asked */
	struct mv_buf names;
	struct mv_buf line;
	int near;			/* ask libgit2 first */
};

int mv_git_batch_open(struct mv_git *git, struct mv_err *err)
{
	static const char *const args[] = {
		"cat-file", "--batch", NULL
	};

	if (git->batch.buf && git->batch.proc.in >= 0)
		return 0;
	mv_git_child_abort(&git->batch);
	git->index_asked = 0;
	return mv_git_child_open(&git->batch, git, args, err);
}

/* Every writer of the index renames a new file into its place. */
static int same_index(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/*
 * The process reads the index at the first such question, after we looked at
 * the file: what it then has is as old as that or newer.
 */
int mv_git_batch_may(struct mv_git *git, const char *spec, struct mv_err *err)
{
	struct stat now;
	int rc = 0;

	if (strchr(spec, '\n'))
		return 0;
	if (*spec != ':')
		return 1;
	if (stat(git->info.index_path, &now))
		memset(&now, 0, sizeof(now));
	if (git->index_asked && !same_index(&now, &git->index_was))
		mv_git_child_abort(&git->batch);
	rc = mv_git_batch_open(git, err);
	if (!git->index_asked)
		git->index_was = now;
	git->index_asked = !rc;
	return rc ? rc : 1;
}

static void drop_answers(struct window *w)
{
	for (size_t i = 0; i < WINDOW; i++) {
		free(w->answer[i].data);
		memset(&w->answer[i], 0, sizeof(w->answer[i]));
	}
}

/* "<name>\n"; one that cannot be anything's name becomes an empty line. */
static int batch_add_name(struct mv_git *git, struct mv_buf *names,
			  const char *spec,
			  struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX] = "";
	int rc = 0, may = 0;

	if (strlen(spec) >= SPEC_MAX) {
		spec = hex;
	} else if ((may = mv_git_batch_may(git, spec, err)) < 0) {
		rc = may;
	} else if (!may) {
		rc = mv_git_resolve(git, hex, spec, err);
		if (rc == MV_ENOENT)
			rc = 0;
		spec = hex;
	}
	if (!rc && mv_buf_addf(names, "%s\n", spec))
		rc = mv_nomem(err);
	return rc;
}

static int wanted(const char *type, unsigned types)
{
	return (types & MV_GIT_WANT_BLOB && !strcmp(type, "blob")) ||
	       (types & MV_GIT_WANT_COMMIT && !strcmp(type, "commit")) ||
	       (types & MV_GIT_WANT_TAG && !strcmp(type, "tag"));
}

static enum mv_git_type type_of(const char *type)
{
	return !strcmp(type, "blob") ? MV_GIT_BLOB :
	       !strcmp(type, "tag") ? MV_GIT_TAG : MV_GIT_COMMIT;
}

/* The bytes of an answer that is wanted. */
static int batch_keep(struct mv_git *git, struct mv_git_answer *a,
		      struct mv_err *err)
{
	const size_t size = (size_t)a->size;
	int rc;

	a->data = malloc(size + 1);
	if (!a->data)
		return mv_nomem(err);
	rc = mv_git_child_read(&git->batch, a->data, size, err);
	if (!rc)
		rc = mv_git_child_read(&git->batch, NULL, 1, err);
	if (!rc)
		rc = mv_git_check_name(git, a->hex, type_of(a->type), a->data,
				       size, err);
	a->data[size] = '\0';
	return rc;
}

/* *restart: the process is gone, and with it what was asked after this. */
static int batch_take(struct mv_git *git, struct mv_git_answer *a,
		      struct mv_buf *line, unsigned types, size_t max_len,
		      int *restart, struct mv_err *err)
{
	int end = 0;
	int rc;

	mv_buf_clear(line);
	rc = mv_git_child_until(&git->batch, '\n', line, &end, err);
	if (rc || end)
		return rc ? rc : mv_fail(err, MV_EIO, "git cat-file ended");
	rc = mv_git_parse_batch(line->data, line->len, git->info.hex_len,
				a->hex, a->type, &a->size);
	if (rc == MV_ENOENT) {
		*a->hex = *a->type = '\0';
		return 0;
	}
	if (rc)
		return mv_fail(err, rc, "cannot understand what git cat-file "
			       "says");
	if (wanted(a->type, types) && a->size <= max_len &&
	    a->size < SIZE_MAX - 1)
		return batch_keep(git, a, err);
	if (a->size <= SKIP_MAX)
		return mv_git_child_read(&git->batch, NULL,
					 (size_t)a->size + 1, err);
	mv_git_child_abort(&git->batch);
	*restart = 1;
	return 0;
}

/*
 * Blobs by their names, when they are many, cost a tenth in this process. One
 * that is missing there, or has another type, or is too large, is for git to
 * say; after the first that is missing all are, because libgit2 looks at the
 * whole disk again each time.
 */
static int have_near(struct mv_git *git, struct window *w,
		     struct mv_git_answer *a, const char *spec, size_t max_len)
{
	struct mv_git_libgit2 *lib = NULL;
	struct mv_buf data;
	int rc;

	if (!w->near || !mv_is_hex(spec, git->info.hex_len) ||
	    mv_git_libgit2_get(&lib, git, NULL))
		return 0;
	mv_buf_init(&data, max_len);
	rc = mv_git_libgit2_read(lib, spec, MV_GIT_BLOB, &data, NULL);
	if (rc == MV_ENOENT)
		w->near = 0;
	if (!rc) {
		a->size = data.len;
		a->data = mv_buf_detach(&data);
	}
	mv_buf_release(&data);
	if (!a->data)
		return 0;
	memcpy(a->hex, spec, git->info.hex_len + 1);
	memcpy(a->type, "blob", 5);
	return 1;
}

/* Answers to the first *count of these specs, at least one. */
static int batch_ask(struct mv_git *git, struct window *w,
		     const char *const *specs,
		     size_t *count, unsigned types, size_t max_len,
		     struct mv_err *err)
{
	size_t held = 0, asked = 0, got = 0;
	int restart = 0;
	int rc = mv_git_batch_open(git, err);

	mv_buf_clear(&w->names);
	while (!rc && asked < *count && asked < WINDOW && held <= HELD_MAX &&
	       (!asked || w->names.len + strlen(specs[asked]) < SEND_MAX)) {
		struct mv_git_answer *a = &w->answer[asked];

		w->here[asked] = have_near(git, w, a, specs[asked], max_len);
		if (w->here[asked])
			held += (size_t)a->size;
		else
			rc = batch_add_name(git, &w->names, specs[asked], err);
		asked++;
	}
	if (!rc && w->names.len)
		rc = mv_git_child_send(&git->batch, w->names.data,
				       w->names.len, err);
	while (!rc && got < asked && !restart) {
		struct mv_git_answer *a = &w->answer[got];

		if (w->here[got++])
			continue;
		rc = batch_take(git, a, &w->line, types, max_len, &restart,
				err);
		held += a->data ? (size_t)a->size : 0;
		if (!rc && held > HELD_MAX && got < asked) {
			mv_git_child_abort(&git->batch);
			restart = 1;
		}
	}
	if (rc)
		mv_git_child_abort(&git->batch);
	*count = got;
	return rc;
}

int mv_git_batch_each(struct mv_git *git, const char *const *specs,
		      size_t count, unsigned types, size_t max_len,
		      mv_git_answer_fn fn, void *payload, struct mv_err *err)
{
	struct window *w = calloc(1, sizeof(*w));
	int rc = 0;

	if (!w)
		return mv_nomem(err);
	mv_buf_init(&w->names, SEND_MAX + SPEC_MAX + 2);
	mv_buf_init(&w->line, SPEC_MAX + 1024);
	w->near = (types & ~(unsigned)MV_GIT_WANT_BELIEVE) ==
		  MV_GIT_WANT_BLOB &&
		  (git->libgit2 || count > MV_GIT_PATIENCE);
	for (size_t i = 0; !rc && i < count;) {
		size_t n = count - i;

		rc = batch_ask(git, w, specs + i, &n, types, max_len, err);
		for (size_t k = 0; !rc && k < n; k++) {
			if (!*w->answer[k].hex &&
			    !(types & MV_GIT_WANT_BELIEVE))
				rc = git->is_absent(git, specs[i + k], err);
			if (!rc)
				rc = fn(payload, i + k, &w->answer[k], err);
		}
		drop_answers(w);
		i += n;
	}
	mv_buf_release(&w->names);
	mv_buf_release(&w->line);
	free(w);
	return rc;
}

struct name {
	char *hex;
	char *type;
};

static int copy_name(void *payload, size_t i, const struct mv_git_answer *a,
		     struct mv_err *err)
{
	const struct name *n = payload;

	(void)i;
	(void)err;
	memcpy(n->hex, a->hex, sizeof(a->hex));
	memcpy(n->type, a->type, sizeof(a->type));
	return 0;
}

int mv_git_batch_name(struct mv_git *git, char *hex, char *type,
		      const char *spec, struct mv_err *err)
{
	struct name n = { hex, type };
	int rc = mv_git_batch_each(git, &spec, 1, 0, 0, copy_name, &n, err);

	return rc || *hex ? rc : MV_ENOENT;
}

/* -- blobs ---------------------------------------------------------------- */

struct blobs {
	mv_git_data_fn fn;
	void *payload;
};

static int give_blob(void *payload, size_t i, const struct mv_git_answer *a,
		     struct mv_err *err)
{
	const struct blobs *b = payload;
	const int is_blob = !strcmp(a->type, "blob");

	return b->fn(b->payload, i, is_blob ? a->hex : "", a->data,
		     is_blob ? (size_t)a->size : 0, err);
}

int mv_git_read_many(struct mv_git *git, const char *const *specs,
		     size_t count, size_t max_len, mv_git_data_fn fn,
		     void *payload, struct mv_err *err)
{
	struct blobs b = { fn, payload };

	return mv_git_batch_each(git, specs, count, MV_GIT_WANT_BLOB, max_len,
				 give_blob, &b, err);
}

/* What the kept-open process cannot be asked: a name with a newline. */
int mv_git_resolve(struct mv_git *git, char *hex, const char *spec,
		   struct mv_err *err)
{
	const char *args[] = {
		"rev-parse", "--verify", "--quiet", "--end-of-options", spec,
		NULL
	};
	const size_t n = git->info.hex_len;
	struct mv_buf out;
	int status;
	int rc;

	mv_buf_init(&out, 4096);
	rc = mv_git_ask(&status, git, args, 1, &out, err);
	if (!rc && status)
		rc = mv_fail(err, MV_ENOENT, "'%s' is not in the repository",
			     spec);
	if (!rc && out.len != n + 1)
		rc = mv_fail(err, MV_EIO, "git rev-parse gave no object name");
	if (!rc) {
		memcpy(hex, out.data, n);
		hex[n] = '\0';
		if (!mv_is_hex(hex, n))
			rc = mv_fail(err, MV_EIO,
				     "git rev-parse gave no object name");
	}
	mv_buf_release(&out);
	return rc;
}

/* "^{}" and not "^{commit}", which makes git complain of trees and blobs. */
int mv_git_commit(char *hex, struct mv_git *git, const char *rev,
		  struct mv_err *err)
{
	char *spec = mv_strf("%s^{}", rev);
	char type[8] = "";
	int rc;

	if (!spec)
		return mv_nomem(err);
	rc = *rev && !strchr(rev, '\n') ?
	     mv_git_batch_name(git, hex, type, spec, err) : MV_ENOENT;
	if (!rc && strcmp(type, "commit"))
		rc = MV_ENOENT;
	if (rc == MV_ENOENT)
		rc = mv_fail(err, rc, "'%s' is not a commit", rev);
	free(spec);
	return rc;
}
