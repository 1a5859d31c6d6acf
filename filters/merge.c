/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/interrupt.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "filters/asker.h"

static const char *const usage[] = {
	"git model merge-driver <base> <ours> <theirs> <marker-size> <path>",
	NULL
};

/* Git names the conflict itself; here is what it cannot know. */
static void explain(const char *path, const struct mv_merge_result *result)
{
	out_note("git-model: '%s' was changed on both sides; ours stays there",
		 path);
	if (result->theirs)
		out_note("git-model: theirs is in '%s'%s%s%s%s until the "
			 "conflict is over", result->theirs,
			 result->theirs_missing ? " (a pointer: `git model "
			 "fetch` gets its content)" : "",
			 result->base ? ", what both began from in '" : "",
			 result->base ? result->base : "",
			 result->base ? "'" : "");
	out_hint("`git add` keeps ours; `git checkout --theirs '%s'` and then "
		 "`git add` takes theirs", path);
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
	if (opt_count(argc, argv, 5, 5, opts, usage))
		return CMD_USAGE;
	merge.base = argv[0];
	merge.ours = argv[1];
	merge.theirs = argv[2];
	merge.path = argv[4];
	merge.favor = asker_favor_find();
	if (mv_work_merge(env->repo, &merge, &result, &err)) {
		mv_err_prefix(&err, "'%s'", merge.path);
		return out_fatal(&err);
	}
	if (result.conflict) {
		explain(merge.path, &result);
		status = CMD_NO;
	}
	mv_work_merge_release(&result);
	return status;
}
