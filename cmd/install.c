/* SPDX-License-Identifier: MIT */
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/setup/setup.h"

static const char *const usage[] = {
	"git model install [--global | --local | --system] [--skip-repo] [--lfs]",
	"git model install --server <dir> [--policy <file>] "
	"[--no-receipt-key]",
	NULL
};

int cmd_install(int argc, const char **argv, struct cmd_env *env)
{
	struct setup_flags flags = { 0 };
	const char *server = NULL, *policy = NULL;
	int receipts = 1;
	const struct opt opts[] = {
		OPT_BOOL(0, "global", &flags.global,
			 "for everything you do (the default)"),
		OPT_BOOL(0, "local", &flags.local, "for this repository only"),
		OPT_BOOL(0, "system", &flags.system,
			 "for everybody on this machine"),
		OPT_BOOL(0, "skip-repo", &flags.skip_repo,
			 "no hooks in the repository around us"),
		OPT_BOOL(0, "lfs", &flags.lfs,
			 "serve the files of git-lfs (filter=lfs), too"),
		OPT_STRING(0, "server", &server, "dir",
			   "let the repository <dir> judge what is pushed to "
			   "it"),
		OPT_STRING(0, "policy", &policy, "file",
			   "of the server, until its branch has one"),
		OPT_BOOL(0, "receipt-key", &receipts,
			 "make the server a key that signs receipts (the "
			 "default; --no-receipt-key: none)"),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	if (flags.global + flags.local + flags.system > 1)
		return opt_usage_error(opts, usage, "one of --global, --local "
				       "and --system, please");
	if (policy && !server)
		return opt_usage_error(opts, usage, "--policy goes with "
				       "--server");
	if (server)
		return setup_server(server, policy, receipts ? 0 :
				    MV_INSTALL_NO_RECEIPTS, env);
	return setup_run(&flags, 0, env);
}
