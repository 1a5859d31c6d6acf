/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/transfer.h"
#include "libmv/setup/setup.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model fetch [--all] [--json] [<remote> [<revision>...]]",
	NULL
};

int cmd_fetch(int argc, const char **argv, struct cmd_env *env)
{
	static const char *const everything[] = { "--all", NULL };
	const char *const *revs = NULL;
	struct mv_transfer_stats stats;
	int all = 0, json = 0, records, fetched, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "all", &all,
			 "what any ref reaches, not only the index"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-')
			return opt_usage_error(opts, usage,
					       "'%s' is not a revision",
					       argv[i]);
	if (argc > 1)
		revs = argv + 1;
	if (all)
		revs = everything;
	if (mv_transfer_fetch(env->repo, argc ? argv[0] : NULL, revs, &stats,
			      &err))
		return out_fatal(&err);
	/* A bare clone has no filter that would see to it. */
	mv_setup_hooks_ensure(env->repo, 0, NULL);
	fetched = transfer_fetch_records(&records, env->repo,
					 argc ? argv[0] : NULL);
	status = transfer_print("downloaded", &stats, records, json);
	if (stats.missing)
		transfer_say_where(env->repo, argc ? argv[0] : NULL);
	return fetched == CMD_OK ? status : fetched;
}
