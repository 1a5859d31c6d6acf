/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/meta/project.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

/*
 * A person named paths: does git know them, and are they there? Whoever
 * names what does not exist made a mistake, and "nothing to do" would hide
 * it.
 */
struct named {
	struct mv_repo *repo;
	struct mv_buf text;	/* of git ls-files: "<tag> <path>" each */
	const char **row;	/* in the order of the paths */
	size_t count;
	int rootfd;
};

static int pathspec_by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a + 2, *(const char *const *)b + 2);
}

/* Which of them matches nothing? Git ends with 1 for any. */
static int say_unmatched(struct mv_repo *repo, const char *const *specs,
			 struct mv_err *err)
{
	const char *args[] = { "ls-files", "--error-unmatch", "-z", "--", NULL,
			       NULL };
	struct mv_buf text;
	int status = 0, rc = 0;

	mv_buf_init(&text, SIZE_MAX / 2);
	for (; !rc && !status && *specs; specs++) {
		args[4] = *specs;
		mv_buf_clear(&text);
		mv_git_typed(repo->git, 1);
		rc = mv_git_ask(&status, repo->git, args, 1, &text, err);
		mv_git_typed(repo->git, 0);
	}
	mv_buf_release(&text);
	return rc ? rc : mv_fail(err, MV_ENOENT, "pathspec '%s' did not match "
				 "any file known to git; did you forget to "
				 "'git add'?", args[4]);
}

/* Git knows pathspecs best, and says whether one of them matched nothing. */
static int pathspec_list(struct named *n, const char *const *specs,
			 struct mv_err *err)
{
	static const char *const head[] = { "ls-files", "--error-unmatch",
					    "-z", "-t", "--full-name", "--" };
	const size_t fixed = sizeof(head) / sizeof(head[0]);
	const char **args;
	size_t count = 0;
	int status = 0, rc;

	while (specs[count])
		count++;
	args = calloc(fixed + count + 1, sizeof(*args));
	if (!args)
		return mv_nomem(err);
	memcpy(args, head, sizeof(head));
	memcpy(args + fixed, specs, count * sizeof(*args));
	mv_git_typed(n->repo->git, 1);
	rc = mv_git_ask(&status, n->repo->git, args, 1, &n->text, err);
	mv_git_typed(n->repo->git, 0);
	free(args);
	return rc || !status ? rc : say_unmatched(n->repo, specs, err);
}

static int index_rows(struct named *n, struct mv_err *err)
{
	const char *end = n->text.data + n->text.len;
	size_t count = 0;

	for (size_t i = 0; i < n->text.len; i++)
		count += !n->text.data[i];
	n->row = calloc(count + 1, sizeof(*n->row));
	if (!n->row)
		return mv_nomem(err);
	for (const char *p = n->text.data; p < end; p += strlen(p) + 1)
		if (strlen(p) > 2)
			n->row[n->count++] = p;
	if (n->count)
		qsort(n->row, n->count, sizeof(*n->row), pathspec_by_path);
	return 0;
}

static int is_absent(const struct named *n, const char *row)
{
	struct stat st;

	return fstatat(n->rootfd, row + 2, &st, AT_SYMLINK_NOFOLLOW) &&
	       (errno == ENOENT || errno == ENOTDIR);
}

/* The first row of this path, or of what is below it. */
static size_t lower_bound(const struct named *n, const char *path)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(n->row[mid] + 2, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int tell_absent(const char *typed, const char *row, struct mv_err *err)
{
	if (*row == 'S')
		return mv_fail(err, MV_ENOENT, "'%s' is outside of the sparse "
			       "checkout; `git sparse-checkout add` takes it "
			       "in", typed);
	return mv_fail(err, MV_ENOENT, "'%s' is deleted in the work tree; "
		       "`git checkout -- %s` brings it back", typed, typed);
}

/* A path that is a file, or a folder of which nothing is left. */
static int pathspec_check_one(const struct named *n, const char *typed,
			      const char *path, struct mv_err *err)
{
	const size_t len = strlen(path);
	const char *below = NULL;

	for (size_t i = lower_bound(n, path); len && i < n->count; i++) {
		const char *row = n->row[i], *p = row + 2;

		if (strncmp(p, path, len))
			break;
		/* "a-b" stands between "a" and "a/b". */
		if (p[len] && p[len] != '/')
			continue;
		if (!is_absent(n, row))
			return 0;
		if (!below || *below == 'S')
			below = row;
	}
	return below ? tell_absent(typed, below, err) : 0;
}

static int nothing_left(const struct named *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (!is_absent(n, n->row[i]))
			return 0;
	return n->count > 0;
}

int mv_subject_check_named(struct mv_repo *repo, const char *const *pathspecs,
			   int there, struct mv_err *err)
{
	struct named n = { .repo = repo };
	int rc;

	if (!pathspecs || !*pathspecs)
		return 0;
	mv_buf_init(&n.text, SIZE_MAX / 2);
	rc = mv_repo_root(&n.rootfd, repo, err);
	if (!rc)
		rc = pathspec_list(&n, pathspecs, err);
	if (!rc && there)
		rc = index_rows(&n, err);
	for (size_t i = 0; !rc && there && pathspecs[i]; i++) {
		char *path = mv_repo_from_top(repo, pathspecs[i]);

		if (path)
			rc = pathspec_check_one(&n, pathspecs[i], path, err);
		free(path);
	}
	if (!rc && there && nothing_left(&n))
		rc = tell_absent(pathspecs[0], n.row[0], err);
	free(n.row);
	mv_buf_release(&n.text);
	return rc;
}

/* -- what may be gone, or not yet there ----------------------------------- */

static int pathspec_is_there(struct mv_repo *repo, const char *typed)
{
	char *path = mv_repo_from_top(repo, typed);
	struct stat st;
	int root, yes;

	yes = path && !mv_repo_root(&root, repo, NULL) &&
	      !fstatat(root, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW);
	free(path);
	return yes;
}

/* Does it match anything that is staged, or that HEAD has? */
static int pathspec_is_known(int *yes, struct mv_repo *repo, const char *typed,
			     struct mv_err *err)
{
	char head[65];
	const char *args[] = { "ls-files", "--error-unmatch", "-z",
			       "--with-tree=HEAD", "--", typed, NULL };
	const char *bare[] = { "ls-files", "--error-unmatch", "-z", "--",
			       typed, NULL };
	struct mv_buf text;
	int status = 0;
	int rc = mv_git_commit(head, repo->git, "HEAD", err);
	int born = !rc;

	if (rc && rc != MV_ENOENT)
		return rc;
	mv_buf_init(&text, (size_t)1 << 30);
	mv_git_typed(repo->git, 1);
	rc = mv_git_ask(&status, repo->git, born ? args : bare, 1, &text, err);
	mv_git_typed(repo->git, 0);
	*yes = !status;
	mv_buf_release(&text);
	return rc;
}

static int nowhere(struct mv_repo *repo, const char *typed, struct mv_err *err)
{
	const struct mv_project *project;
	const struct mv_artifact *a = NULL;

	if (!mv_subject_project_at(&project, repo, NULL, NULL))
		a = mv_project_by_name(project, typed);
	if (a)
		return mv_fail(err, MV_ENOENT, "there is no file '%s'; the "
			       "artifact of that name is '%s'", typed, a->path);
	return mv_fail(err, MV_ENOENT, "'%s' is no file here, nor one that is "
		       "staged or that HEAD has", typed);
}

int mv_subject_paths_exist(struct mv_repo *repo, const char *const *pathspecs,
			   struct mv_err *err)
{
	int yes = 1, rc = 0;

	for (; pathspecs && *pathspecs && !rc && yes; pathspecs++) {
		if (pathspec_is_there(repo, *pathspecs))
			continue;
		rc = pathspec_is_known(&yes, repo, *pathspecs, err);
		if (!rc && !yes)
			rc = nowhere(repo, *pathspecs, err);
	}
	return rc;
}
