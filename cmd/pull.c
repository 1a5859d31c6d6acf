/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/transfer.h"
#include "libmv/transfer/transfer.h"
#include "libmv/work/work.h"

static const char *const usage[] = {
	"git model pull [--json] [<remote>]",
	NULL
};

/* fetch what the index needs, then put it into the work tree. */
int cmd_pull(int argc, const char **argv, struct cmd_env *env)
{
	struct mv_transfer_stats stats;
	struct mv_checkout_stats written;
	int json = 0, status;
	const struct opt opts[] = {
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 1, opts, usage))
		return CMD_USAGE;
	if (mv_transfer_fetch(env->repo, argc ? argv[0] : NULL, NULL, &stats,
			      &err))
		return out_fatal(&err);
	if (mv_work_checkout(env->repo, NULL, 0, &written, &err))
		return out_fatal(&err);
	status = transfer_end_fetch(env->repo, argc ? argv[0] : NULL, &stats,
				    json);
	if (!json)
		out_line("%llu file%s written",
			 (unsigned long long)written.files, out_s(written.files));
	if (written.failed)
		out_hint("`git model checkout` goes on when that is mended");
	return status == CMD_OK && (written.missing || written.failed) ?
	       CMD_NO : status;
}
