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
	"git model gc [-n] [--grace <age>] [--json]",
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
	return out_json(top);
}

int cmd_gc(int argc, const char **argv, struct cmd_env *env)
{
	int64_t grace = GRACE_DEFAULT;
	int dry_run = 0, json = 0;
	const struct opt opts[] = {
		OPT_BOOL('n', "dry-run", &dry_run,
			 "only say what would be dropped"),
		OPT_DURATION(0, "grace", &grace, "age",
			     "keep what is younger; 14d unless given"),
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
	if (mv_care_gc(env->repo, dry_run, grace, (int64_t)time(NULL), &stats,
		       &err))
		return out_fatal(&err);
	if (json)
		return gc_print_json(&stats);
	out_line("%s %s: %llu %s that nothing in git points to",
		 dry_run ? "would free" : "freed",
		 mv_print_size(size, stats.freed),
		 (unsigned long long)stats.dropped_chunks,
		 stats.dropped_chunks == 1 ? "chunk" : "chunks");
	if (stats.kept_young)
		out_line("kept %s that nothing points to but that is younger than the grace period",
			 mv_print_size(size, stats.kept_young));
	if (stats.kept_foreign)
		out_line("kept %s that was written for repositories which do not share this store",
			 mv_print_size(size, stats.kept_foreign));
	return CMD_OK;
}
