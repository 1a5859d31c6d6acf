/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/care/care.h"
#include "libmv/store/store.h"

#define GRACE_DEFAULT (14 * 24 * 3600)

static const char *const usage[] = {
	"git model gc [-n] [--grace <age>] [--no-delta | --aggressive] [--json]",
	NULL
};

static int gc_print_json(const struct mv_gc_stats *s)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "freed", mv_json_int((int64_t)s->freed));
	mv_json_set(top, "dropped_contents",
		    mv_json_int((int64_t)s->dropped_contents));
	mv_json_set(top, "dropped_chunks",
		    mv_json_int((int64_t)s->dropped_chunks));
	mv_json_set(top, "packs_removed",
		    mv_json_int((int64_t)s->packs_removed));
	mv_json_set(top, "packs_rewritten",
		    mv_json_int((int64_t)s->packs_rewritten));
	mv_json_set(top, "kept_young", mv_json_int((int64_t)s->kept_young));
	mv_json_set(top, "kept_foreign",
		    mv_json_int((int64_t)s->kept_foreign));
	mv_json_set(top, "deltas", mv_json_int((int64_t)s->leaning));
	mv_json_set(top, "delta_saved",
		    mv_json_int((int64_t)s->lean_saved));
	return out_json(top);
}

int cmd_gc(int argc, const char **argv, struct cmd_env *env)
{
	int64_t grace = GRACE_DEFAULT;
	int dry_run = 0, json = 0, no_delta = 0, aggressive = 0;
	unsigned flags = 0;
	const struct opt opts[] = {
		OPT_BOOL('n', "dry-run", &dry_run,
			 "only say what would be dropped"),
		OPT_DURATION(0, "grace", &grace, "age",
			     "keep what is younger; 14d unless given"),
		OPT_BOOL(0, "no-delta", &no_delta,
			 "store nothing as a difference that is not already"),
		OPT_BOOL(0, "aggressive", &aggressive,
			 "differences that are smaller and slower to read"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_gc_stats stats;
	char size[32];
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	if (no_delta && aggressive)
		return opt_usage_error(opts, usage, "--no-delta and "
				       "--aggressive exclude each other");
	flags |= dry_run ? MV_CARE_GC_DRY_RUN : 0;
	flags |= no_delta ? MV_CARE_GC_NO_DELTA : 0;
	flags |= aggressive ? MV_CARE_GC_AGGRESSIVE : 0;
	if (mv_care_gc(env->repo, flags, grace, (int64_t)time(NULL), &stats,
		       &err))
		return out_fatal(&err);
	if (json)
		return gc_print_json(&stats);
	out_line("%s %s: %llu %s that nothing in git points to%s",
		 dry_run ? "would free" : "freed",
		 mv_print_size(size, stats.freed),
		 (unsigned long long)stats.dropped_chunks,
		 stats.dropped_chunks == 1 ? "chunk" : "chunks",
		 dry_run && !no_delta ? "; differences are not counted" :
		 stats.leaning ? ", and differences" : "");
	if (stats.leaning)
		out_line("stored %llu %s as differences to newer ones, %s less",
			 (unsigned long long)stats.leaning,
			 stats.leaning == 1 ? "chunk" : "chunks",
			 mv_print_size(size, stats.lean_saved));
	if (stats.kept_young)
		out_line("kept %s that nothing points to but that is younger than the grace period",
			 mv_print_size(size, stats.kept_young));
	if (stats.kept_foreign)
		out_line("kept %s that was written for repositories which do not share this store",
			 mv_print_size(size, stats.kept_foreign));
	return CMD_OK;
}
