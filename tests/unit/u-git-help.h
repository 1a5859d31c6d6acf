/* SPDX-License-Identifier: MIT */
#ifndef MV_U_GIT_HELP_H
#define MV_U_GIT_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libmv/git/git.h"
#include "libmv/git/priv.h"

/*
 * Real repositories, made by the real git, in a folder of the test's own.
 * The environment is ours alone: no configuration of the person who runs
 * the tests can reach them.
 */
#define ENV_MAX 24

struct repo {
	char root[200];		/* everything is below it; also HOME */
	char dir[240];		/* the repository's work tree */
	char var[ENV_MAX][4096];
	char *list[ENV_MAX + 1];
	struct mv_proc_env env;
	struct mv_git *git;
	struct mv_err err;
};

__attribute__((format(printf, 2, 3), unused))
static void repo_env(struct repo *r, const char *fmt, ...)
{
	va_list ap;
	size_t n = 0;

	while (r->list[n])
		n++;
	assert_true(n < ENV_MAX);
	va_start(ap, fmt);
	assert_in_range(vsnprintf(r->var[n], sizeof(r->var[n]), fmt, ap), 1,
			sizeof(r->var[n]) - 1);
	va_end(ap);
	r->list[n] = r->var[n];
}

/* Run a shell line in r->dir; its output is yours. It must succeed. */
__attribute__((format(printf, 2, 3), unused))
static char *sh(struct repo *r, const char *fmt, ...)
{
	const char *argv[] = { "/bin/sh", "-ec", NULL, NULL };
	struct mv_buf out;
	char line[4096];
	int status = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	argv[2] = line;
	mv_buf_init(&out, 64 << 20);
	assert_int_equal(mv_proc_run(&status, argv, r->dir, &r->env, NULL, 0,
				     &out, NULL, &r->err), 0);
	if (status)
		fprintf(stderr, "# failed (%d): %s\n", status, line);
	assert_int_equal(status, 0);
	return mv_buf_detach(&out);
}

#define run(...) free(sh(__VA_ARGS__))

/* What the line prints is exactly this. */
#define assert_prints(r, expected, ...) do { \
	char *prints_ = sh(r, __VA_ARGS__); \
	assert_string_equal(prints_, expected); \
	free(prints_); \
} while (0)

/* An absolute path below the repository, in a buffer of the caller. */
__attribute__((unused))
static const char *at(const struct repo *r, char *buf, size_t size,
		      const char *name)
{
	snprintf(buf, size, "%s/%s", r->dir, name);
	return buf;
}

__attribute__((unused))
static void put_file(struct repo *r, const char *name, const void *data,
		     size_t len)
{
	char path[600];
	FILE *f = fopen(at(r, path, sizeof(path), name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

__attribute__((unused))
static void repo_new(struct repo *r, const char *init)
{
	static const char config[] = "[init]\n\tdefaultBranch = main\n"
				     "[protocol \"file\"]\n\tallow = always\n";
	const char *tmp = getenv("TMPDIR");
	const char *path = getenv("PATH");

	memset(r, 0, sizeof(*r));
	signal(SIGPIPE, SIG_IGN);
	snprintf(r->root, sizeof(r->root), "%s/u-git-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(r->root));
	snprintf(r->dir, sizeof(r->dir), "%s/r", r->root);
	assert_int_equal(mkdir(r->dir, 0777), 0);
	r->env.search_path = path;
	r->env.env = r->list;
	repo_env(r, "PATH=%s", path);
	repo_env(r, "HOME=%s", r->root);
	repo_env(r, "ROOT=%s", r->root);
	repo_env(r, "GIT_CONFIG_NOSYSTEM=1");
	repo_env(r, "GIT_AUTHOR_NAME=A");
	repo_env(r, "GIT_AUTHOR_EMAIL=a@example.org");
	repo_env(r, "GIT_COMMITTER_NAME=C");
	repo_env(r, "GIT_COMMITTER_EMAIL=c@example.org");
	repo_env(r, "GIT_AUTHOR_DATE=1700000000 +0000");
	repo_env(r, "GIT_COMMITTER_DATE=1700000000 +0000");
	put_file(r, "../.gitconfig", config, sizeof(config) - 1);
	if (init)
		run(r, "git init -q %s .", init);
}

__attribute__((unused))
static void repo_open(struct repo *r, const char *dir)
{
	int rc;

	mv_git_close(r->git);
	rc = mv_git_open(&r->git, dir ? dir : r->dir, &r->env, &r->err);
	if (rc)
		fprintf(stderr, "# %s\n", r->err.msg);
	assert_int_equal(rc, 0);
}

__attribute__((unused))
static void repo_drop(struct repo *r)
{
	mv_git_close(r->git);
	r->git = NULL;
	run(r, "cd / && chmod -R u+w \"$ROOT\" && rm -rf \"$ROOT\"");
}

__attribute__((unused))
static void get_file(struct repo *r, const char *name, struct mv_buf *out)
{
	char path[600], piece[4096];
	FILE *f = fopen(at(r, path, sizeof(path), name), "rb");
	size_t n;

	assert_non_null(f);
	mv_buf_init(out, 64 << 20);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_int_equal(mv_buf_add(out, piece, n), 0);
	fclose(f);
}

/* Let the file look as if it was written `age` seconds ago. */
__attribute__((unused))
static void make_old(struct repo *r, const char *name, int age)
{
	struct timespec ts[2];
	char path[600];

	clock_gettime(CLOCK_REALTIME, &ts[0]);
	ts[0].tv_sec -= age;
	ts[1] = ts[0];
	assert_int_equal(utimensat(AT_FDCWD, at(r, path, sizeof(path), name),
				   ts, AT_SYMLINK_NOFOLLOW), 0);
}

__attribute__((unused))
static struct stat stat_file(struct repo *r, const char *name)
{
	struct stat st;
	char path[600];

	assert_int_equal(lstat(at(r, path, sizeof(path), name), &st), 0);
	return st;
}

/*
 * A clean filter that answers "pointer <size>" for anything but a pointer
 * and writes a line to $ROOT/log each time that it is run.
 */
__attribute__((unused))
static void log_filter(struct repo *r)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/clean", r->root);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho ran >>'%s/log'\n"
		"cat >\"$ROOT/in.$$\"\nprintf 'pointer %%s\\n' "
		"$(wc -c <\"$ROOT/in.$$\")\nrm \"$ROOT/in.$$\"\n", r->root);
	fclose(f);
	chmod(path, 0755);
	run(r, "git config filter.model.clean '%s';"
	    "git config filter.model.required true;"
	    "echo '*.bin filter=model' >.gitattributes; : >\"$ROOT/log\"",
	    path);
}

#endif
