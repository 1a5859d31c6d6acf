/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/interrupt.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model merge-driver <base> <ours> <theirs> <marker-size> <path>",
	NULL
};

/* Git names the conflict itself; here is what it cannot know. */
static void explain(const char *path, const struct mv_merge_result *result)
{
	out_hint("'%s' was changed on both sides; ours stays there", path);
	if (result->theirs)
		out_hint("theirs is in '%s'%s", result->theirs,
			 result->theirs_missing ? ", as a pointer: its "
			 "content is not here, git model fetch gets it" : "");
	if (result->base)
		out_hint("what both began from is in '%s'", result->base);
	out_hint("keep ours:   git add '%s'", path);
	out_hint("take theirs: git checkout --theirs '%s' && git add '%s'",
		 path, path);
	if (result->theirs || result->base)
		out_hint("and remove what was put beside it");
}

int cmd_merge_driver(int argc, const char **argv, struct cmd_env *env)
{
	const struct opt opts[] = {
		OPT_END
	};
	struct mv_merge_result result;
	struct mv_merge merge;
	struct mv_err err;
	int status = CMD_OK;

	argc = opt_parse(argc, argv, opts, usage);
	if (argc != 5)
		return opt_usage(opts, usage);
	merge.base = argv[0];
	merge.ours = argv[1];
	merge.theirs = argv[2];
	merge.path = argv[4];
	if (mv_repo_merge(env->repo, &merge, &result, &err)) {
		mv_err_prefix(&err, "'%s'", merge.path);
		return out_fatal(&err);
	}
	if (result.conflict) {
		explain(merge.path, &result);
		status = CMD_NO;
	}
	mv_merge_result_release(&result);
	return status;
}
