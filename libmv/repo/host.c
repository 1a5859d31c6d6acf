/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/git/git.h"
#include "libmv/repo/clients.h"
#include "libmv/repo/priv.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"

/*
 * DVC runs experiments in repositories of their own (dvc exp run --temp, dvc
 * queue), takes their commits back with git, and removes them with all that is
 * in them. They have no remote and no alternates; where they lie is what they
 * can be told by. So their store is that of the repository that they lie in:
 * they find its content there, and leave theirs. They enter themselves as its
 * clients, and gc takes those that are gone off its list.
 */
#define EXPERIMENTS "/.dvc/tmp/exps/"

/* Of one in whose experiments this path lies, from the front; 0: none. */
static size_t outer_len(const char *path)
{
	const char *hit = strstr(path, EXPERIMENTS);

	return hit && hit != path ? (size_t)(hit - path) : 0;
}

static int same_path(const char *a, const char *b)
{
	char *x = realpath(a, NULL), *y = realpath(b, NULL);
	int same = x && y && !strcmp(x, y);

	free(x);
	free(y);
	return same;
}

/* The common directory of the repository around this folder; MV_ENOENT. */
static int common_dir_of(char **out, struct mv_repo *repo, const char *dir,
			 struct mv_err *err)
{
	struct mv_proc_env env;
	struct mv_git *git = NULL;
	int rc = mv_repo_client_env(&env, &repo->env, err);

	if (rc)
		return rc;
	rc = mv_git_open(&git, dir, &env, err);
	if (!rc && !(*out = strdup(mv_git_info(git)->common_dir)))
		rc = mv_nomem(err);
	mv_git_close(git);
	free(env.env == repo->env.env ? NULL : (void *)(uintptr_t)env.env);
	return rc;
}

int mv_repo_host(char **common_dir, struct mv_repo *repo, const char *git_dir,
		 const char *place, struct mv_err *err)
{
	char *real = place ? realpath(place, NULL) : NULL;
	size_t len = real ? outer_len(real) : 0;
	struct mv_err why;
	int rc = 0;

	*common_dir = NULL;
	if (len) {
		real[len] = '\0';
		rc = common_dir_of(common_dir, repo, real, &why);
		if (rc && rc != MV_ENOENT)
			rc = mv_fail(err, rc, "the repository around '%s', "
				     "which keeps the content of this "
				     "experiment, cannot be read: %s", real,
				     why.msg);
		else
			rc = 0;
	}
	/* A work tree of that repository is no other one, and nobody is led on
	   from one experiment to the next. */
	if (*common_dir && (same_path(*common_dir, git_dir) ||
			    outer_len(*common_dir))) {
		free(*common_dir);
		*common_dir = NULL;
	}
	free(real);
	return rc;
}

int mv_repo_host_is_over(const char *common_dir)
{
	size_t len = outer_len(common_dir);
	char *dvc;
	int over;

	if (!len || !access(common_dir, F_OK))
		return 0;
	/* Gone it is only where the folder that it lay in can be seen. */
	dvc = mv_strf("%.*s/.dvc", (int)len, common_dir);
	over = dvc && !access(dvc, F_OK);
	free(dvc);
	return over;
}
