/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/repo/state.h"
#include "libmv/work/work.h"

/*
 * A repository whose .gitattributes give files to git-model, under a git that
 * does not know what that is: it takes and gives such files as they are, with
 * exit status 0.
 */
int mv_work_has_filter(int *yes, struct mv_repo *repo, struct mv_err *err)
{
	static const char *const keys[] = {
		"filter.model.process", "filter.model.clean"
	};
	int rc = 0;

	*yes = 0;
	for (size_t i = 0; !rc && !*yes && i < 2; i++) {
		const char *value = NULL;

		rc = mv_git_config(&value, repo->git, keys[i], err);
		*yes = !rc && value && *value;
	}
	return rc;
}

static int count_pattern(void *payload, const char *pattern,
			 const char *filter, const char *file, int line)
{
	struct mv_left *left = payload;

	(void)pattern;
	(void)file;
	(void)line;
	left->patterns += !strcmp(filter, "model");
	return 0;
}

static int count_file(void *payload, const struct mv_file *file,
		      struct mv_err *err)
{
	struct mv_left *left = payload;

	(void)err;
	left->pointers += file->state != MV_FILE_RAW &&
			  file->state != MV_FILE_CONFLICT &&
			  file->pointer.dialect == MV_DIALECT_NATIVE;
	return 0;
}

int mv_work_left(struct mv_left *out, struct mv_repo *repo, struct mv_err *err)
{
	int has = 1, rc;

	memset(out, 0, sizeof(*out));
	if (!repo->info->work_tree)
		return 0;
	rc = mv_work_has_filter(&has, repo, err);
	if (rc || has)
		return rc;
	rc = mv_work_tracked(repo, count_pattern, out, err);
	if (!rc)
		rc = mv_repo_ls(repo, NULL, count_file, out, err);
	return rc ? rc : mv_repo_strays(repo, 0, NULL, count_file, out, err);
}
