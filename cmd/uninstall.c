/* SPDX-License-Identifier: MIT */
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/setup/setup.h"

static const char *const usage[] = {
	"git model uninstall [--global | --local | --system] [--skip-repo] [--lfs]",
	"git model uninstall --server <dir>",
	NULL
};

int cmd_uninstall(int argc, const char **argv, struct cmd_env *env)
{
	struct setup_flags flags = { 0 };
	const char *server = NULL;
	const struct opt opts[] = {
		OPT_BOOL(0, "global", &flags.global,
			 "for everything you do (the default)"),
		OPT_BOOL(0, "local", &flags.local, "for this repository only"),
		OPT_BOOL(0, "system", &flags.system,
			 "for everybody on this machine"),
		OPT_BOOL(0, "skip-repo", &flags.skip_repo,
			 "leave the hooks of the repository around us"),
		OPT_BOOL(0, "lfs", &flags.lfs,
			 "give the files of git-lfs back to it"),
		OPT_STRING(0, "server", &server, "dir",
			   "pushes to the repository <dir> are not judged any "
			   "more"),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	if (flags.global + flags.local + flags.system > 1)
		return opt_usage_error(opts, usage, "one of --global, --local "
				       "and --system, please");
	if (server)
		return setup_server(server, NULL, MV_INSTALL_REMOVE, env);
	return setup_run(&flags, 1, env);
}
