/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model untrack [--] <pattern>...",
	NULL
};

int cmd_untrack(int argc, const char **argv, struct cmd_env *env)
{
	const struct opt opts[] = { OPT_END };
	int changed, status = CMD_OK;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, OPT_ANY, opts, usage))
		return CMD_USAGE;
	for (int i = 0; i < argc; i++) {
		if (mv_repo_untrack(env->repo, argv[i], &changed, &err))
			return out_fatal(&err);
		if (changed) {
			out_line("Untracking '%s'", argv[i]);
			continue;
		}
		out_error("'%s' is not tracked by a line of its own; `git model "
			  "track` lists what is", argv[i]);
		status = CMD_NO;
	}
	return status;
}
