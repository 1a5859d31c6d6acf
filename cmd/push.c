/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/transfer.h"
#include "libmv/setup/setup.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model push [--all] [--json] [<remote> [<revision>...]]",
	NULL
};

int cmd_push(int argc, const char **argv, struct cmd_env *env)
{
	static const char *const head[] = { "HEAD", NULL };
	const char *const *revs = head;
	struct mv_transfer_stats stats;
	int all = 0, json = 0, records;
	const struct opt opts[] = {
		OPT_BOOL(0, "all", &all, "what any ref reaches, not only HEAD"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (transfer_revisions(&revs, argc, argv, all, opts, usage))
		return CMD_USAGE;
	if (mv_transfer_push(env->repo, argc ? argv[0] : NULL, revs, &stats,
			     &err))
		return out_fatal(&err);
	/* A bare clone has no filter that would see to it. */
	mv_setup_hooks_ensure(env->repo, 0, NULL);
	records = transfer_push_records(env->repo, argc ? argv[0] : NULL);
	return transfer_print("uploaded", &stats, records, json);
}
