/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/newer.h"
#include "cmd/out.h"
#include "libmv/git/git.h"
#include "libmv/repo/repo.h"
#include "libmv/work/work.h"

struct seen {
	size_t modified, staged;
};

static int see(void *payload, const struct mv_file *file, struct mv_err *err)
{
	struct seen *seen = payload;

	(void)err;
	/* A pointer that lies there is the same content. */
	seen->modified += file->state == MV_FILE_MODIFIED ||
			  file->state == MV_FILE_DELETED;
	seen->staged += file->staged != 0;
	return 0;
}

void newer_warn(struct cmd_env *env, const char *path, int committed,
		const char *again)
{
	const struct mv_git_info *info = mv_git_info(mv_repo_git(env->repo));
	char *spec = mv_strf(":(top,literal)%s", path);
	const char *specs[] = { spec, NULL };
	struct seen seen = { 0, 0 };
	struct mv_err err;

	if (!spec || !info->work_tree)
		goto out;
	if (mv_work_status(env->repo, specs, 0, see, &seen, &err))
		out_warn("whether there are newer bytes at '%s' cannot be "
			 "told: %s", path, err.msg);
	else if (seen.modified)
		out_warn("that is not what lies at '%s' in the work tree; to "
			 "take that: `git model add %s`, %s%s", path, path,
			 committed ? "`git commit`, " : "", again);
	else if (committed && seen.staged)
		out_warn("that is not what is staged at '%s'; to take that: "
			 "`git commit`, %s", path, again);
out:
	free(spec);
}
