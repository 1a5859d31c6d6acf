/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/stream.h"
#include "libmv/base/words.h"
#include "libmv/git/git.h"

#define CHILD_BUF (64 * 1024)
#define ERR_MAX 4096

const char **mv_git_argv(const char *program, const char *const *args)
{
	const char **argv;
	size_t n = 0;

	while (args[n])
		n++;
	argv = malloc((n + 2) * sizeof(*argv));
	if (!argv)
		return NULL;
	argv[0] = program;
	memcpy(argv + 1, args, (n + 1) * sizeof(*argv));
	return argv;
}

const char **mv_git_join(const char *const *before, const char *const *args)
{
	size_t n = 0, m = 0;
	const char **out;
	int ended = 0;

	while (before[n])
		n++;
	for (; args && args[m]; m++)
		ended |= !strcmp(args[m], "--");
	out = malloc((n + m + 2) * sizeof(*out));
	if (!out)
		return NULL;
	memcpy(out, before, n * sizeof(*out));
	if (m)
		memcpy(out + n, args, m * sizeof(*out));
	/* A file of the name of a revision would make git doubt. */
	out[n + m] = ended ? NULL : "--";
	out[n + m + 1] = NULL;
	return out;
}

/* "ls-files" of { "-c", "a=b", "ls-files", "-z", NULL }. */
static const char *subcommand(const char *const *args)
{
	for (; *args; args++) {
		if (!strcmp(*args, "-c") && args[1])
			args++;
		else if (**args != '-')
			return *args;
	}
	return "";
}

void mv_git_words(char *out, size_t size, const struct mv_buf *text)
{
	struct mv_buf safe;
	const char *p = text->data;
	const char *end = p + text->len;

	mv_buf_init(&safe, 4 * ERR_MAX);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end;

		if (!strncmp(p, "fatal: ", 7))
			p += 7;
		else if (!strncmp(p, "error: ", 7))
			p += 7;
		while (p < stop && (*p == ' ' || *p == '\t'))
			p++;
		if (p < stop && safe.len)
			(void)mv_buf_addstr(&safe, "; ");
		(void)mv_buf_add_safe(&safe, p, (size_t)(stop - p));
		p = nl ? nl + 1 : end;
	}
	mv_words(out, size, "%s", safe.data);
	mv_buf_release(&safe);
}

int mv_git_spawn(int *status, struct mv_buf *errout, const struct mv_git *git,
		 const char *const *args, const void *in, size_t in_len,
		 struct mv_buf *out, struct mv_err *err)
{
	const char **argv = mv_git_argv(git->program, args);
	int rc;

	if (!argv)
		return mv_nomem(err);
	rc = mv_proc_run_for(git->limit_ms, status, argv, git->dir, git->env,
			     in, in_len, out, errout, err);
	free(argv);
	return rc;
}

void mv_git_limit(struct mv_git *git, int limit_ms)
{
	git->limit_ms = limit_ms;
}

/*
 * All that git prints for us is lines or fields, so that an answer which was
 * cut short (a list of revoked keys without one, say) mostly shows.
 */
static int check_end(const struct mv_buf *out, size_t before,
		     const char *const *args, struct mv_err *err)
{
	if (!out || out->len == before || out->data[out->len - 1] == '\n' ||
	    !out->data[out->len - 1])
		return 0;
	return mv_fail(err, MV_EIO, "git %s ended in the middle of a line",
		       subcommand(args));
}

int mv_git_run(struct mv_git *git, const char *const *args, const void *in,
	       size_t in_len, struct mv_buf *out, struct mv_err *err)
{
	const size_t before = out ? out->len : 0;
	struct mv_buf errout;
	char words[640];
	int status = 0;
	int rc;

	mv_buf_init(&errout, ERR_MAX);
	rc = mv_git_spawn(&status, &errout, git, args, in, in_len, out, err);
	if (!rc && status) {
		mv_git_words(words, sizeof(words), &errout);
		rc = mv_fail(err, MV_EIO, "git %s failed: %s",
			     subcommand(args),
			     *words ? words : "it gave no reason");
	}
	mv_buf_release(&errout);
	return rc ? rc : check_end(out, before, args, err);
}

int mv_git_ask(int *status, struct mv_git *git, const char *const *args,
	       int last, struct mv_buf *out, struct mv_err *err)
{
	const size_t before = out ? out->len : 0;
	struct mv_buf errout;
	char words[640];
	int rc;

	*status = -1;
	mv_buf_init(&errout, ERR_MAX);
	rc = mv_git_spawn(status, &errout, git, args, NULL, 0, out, err);
	if (!rc && (*status < 0 || *status > last)) {
		mv_git_words(words, sizeof(words), &errout);
		rc = mv_fail(err, MV_EIO, "git %s failed: %s",
			     subcommand(args),
			     *words ? words : "it gave no reason");
	}
	mv_buf_release(&errout);
	return rc ? rc : check_end(out, before, args, err);
}

static int open_child(struct mv_git_child *child, const struct mv_git *git,
		      const char *const *args,
		      int (*open)(struct mv_proc *, const char *const *,
				  const char *, const struct mv_proc_env *,
				  struct mv_err *), struct mv_err *err)
{
	const char **argv = NULL;
	int rc = 0;

	child->pos = child->len = 0;
	child->what = subcommand(args);
	argv = mv_git_argv(git->program, args);
	if (!child->buf)
		child->buf = malloc(CHILD_BUF);
	if (!argv || !child->buf)
		rc = mv_nomem(err);
	if (!rc)
		rc = open(&child->proc, argv, git->dir, git->env, err);
	free(argv);
	if (rc) {
		free(child->buf);
		child->buf = NULL;
	}
	return rc;
}

int mv_git_child_open(struct mv_git_child *child, const struct mv_git *git,
		      const char *const *args, struct mv_err *err)
{
	return open_child(child, git, args, mv_proc_open, err);
}

int mv_git_child_start(struct mv_git_child *child, const struct mv_git *git,
		       const char *const *args, struct mv_err *err)
{
	return open_child(child, git, args, mv_proc_start, err);
}

int mv_git_child_send(struct mv_git_child *child, const void *data, size_t len,
		      struct mv_err *err)
{
	return mv_write_full(child->proc.in, data, len, "pipe to git", err);
}

void mv_git_child_eof(struct mv_git_child *child)
{
	if (child->proc.in >= 0)
		close(child->proc.in);
	child->proc.in = -1;
}

/* Bytes are waiting afterwards, or it is the end (*len == *pos). */
static int child_fill(struct mv_git_child *child, struct mv_err *err)
{
	struct mv_reader r = mv_reader_fd(&child->proc.out);
	size_t got = 0;
	int rc;

	if (child->pos < child->len)
		return 0;
	rc = r.read(r.payload, child->buf, CHILD_BUF, &got, err);
	child->pos = 0;
	child->len = rc ? 0 : got;
	return rc;
}

int mv_git_child_until(struct mv_git_child *child, char delim,
		       struct mv_buf *out, int *end, struct mv_err *err)
{
	const size_t before = out->len;

	*end = 0;
	for (;;) {
		const char *p, *hit;
		size_t n;
		int rc = child_fill(child, err);

		if (rc)
			return rc;
		if (child->pos == child->len) {
			*end = 1;
			if (out->len != before)
				return mv_fail(err, MV_EIO, "git %s ended in "
					       "the middle of a line",
					       child->what);
			return 0;
		}
		p = child->buf + child->pos;
		n = child->len - child->pos;
		hit = memchr(p, delim, n);
		if (hit)
			n = (size_t)(hit - p);
		if (mv_buf_add(out, p, n))
			return mv_nomem(err);
		child->pos += n + (hit ? 1 : 0);
		if (hit)
			return 0;
	}
}

int mv_git_stream(struct mv_git *git, const char *const *args,
		  mv_git_piece_fn fn, void *payload, struct mv_err *err)
{
	struct mv_git_child child = MV_GIT_CHILD_INIT;
	int rc = mv_git_child_open(&child, git, args, err);

	if (!rc) {
		mv_git_child_eof(&child);
		rc = child_fill(&child, err);
	}
	while (!rc && child.pos < child.len) {
		rc = fn(payload, child.buf + child.pos, child.len - child.pos,
			err);
		child.pos = child.len;
		if (!rc)
			rc = child_fill(&child, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&child, err);
	mv_git_child_abort(&child);
	return rc;
}

int mv_git_child_read(struct mv_git_child *child, void *data, size_t len,
		      struct mv_err *err)
{
	char *to = data;

	while (len) {
		size_t n;
		int rc = child_fill(child, err);

		if (rc)
			return rc;
		n = child->len - child->pos;
		if (!n)
			return mv_fail(err, MV_EIO, "git %s ended too early",
				       child->what);
		if (n > len)
			n = len;
		if (to) {
			memcpy(to, child->buf + child->pos, n);
			to += n;
		}
		child->pos += n;
		len -= n;
	}
	return 0;
}

int mv_git_child_all(struct mv_git_child *child, struct mv_buf *out,
		     struct mv_err *err)
{
	for (;;) {
		int rc = child_fill(child, err);

		if (rc || child->pos == child->len)
			return rc;
		if (mv_buf_add(out, child->buf + child->pos,
			       child->len - child->pos))
			return mv_nomem(err);
		child->pos = child->len;
	}
}

static int close_child(struct mv_git_child *child, int *status,
		       struct mv_err *err)
{
	free(child->buf);
	child->buf = NULL;
	child->pos = child->len = 0;
	return mv_proc_close(status, &child->proc, err);
}

int mv_git_child_finish(struct mv_git_child *child, struct mv_err *err)
{
	int status = 0;
	int rc = close_child(child, &status, err);

	if (!rc && status)
		rc = mv_fail(err, MV_EIO, "git %s failed with exit code %d",
			     child->what, status);
	return rc;
}

void mv_git_child_abort(struct mv_git_child *child)
{
	int status;

	(void)close_child(child, &status, NULL);
}
