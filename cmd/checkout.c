/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model checkout [-f] [--json] [--] [<path>...]",
	NULL
};

static int print_json(const struct mv_checkout_stats *stats)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "files", mv_json_int((int64_t)stats->files));
	mv_json_set(top, "bytes", mv_json_int((int64_t)stats->bytes));
	mv_json_set(top, "missing", mv_json_int((int64_t)stats->missing));
	mv_json_set(top, "failed", mv_json_int((int64_t)stats->failed));
	mv_json_set(top, "skipped", mv_json_int((int64_t)stats->skipped));
	return out_json(top);
}

static const char *files(uint64_t n)
{
	return n == 1 ? "file" : "files";
}

static int print(const struct mv_checkout_stats *stats)
{
	char size[32];

	if (stats->files)
		out_line("%llu %s written (%s)",
			 (unsigned long long)stats->files,
			 files(stats->files),
			 mv_print_size(size, stats->bytes));
	else if (!stats->missing && !stats->failed)
		out_line("nothing to write");
	if (stats->missing) {
		out_error("the content of %llu %s is not here",
			  (unsigned long long)stats->missing,
			  files(stats->missing));
		out_hint("`git model fetch` gets it from the remote");
	}
	return CMD_OK;
}

int cmd_checkout(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0, force = 0, status;
	const struct opt opts[] = {
		OPT_BOOL('f', "force", &force,
			 "write files that are missing, too"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_checkout_stats stats;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (mv_repo_checkout(env->repo, argc ? argv : NULL,
			     force ? MV_CHECKOUT_FORCE : 0, &stats, &err))
		return out_fatal(&err);
	status = json ? print_json(&stats) : print(&stats);
	if (status)
		return status;
	return stats.missing || stats.failed ? CMD_NO : CMD_OK;
}
