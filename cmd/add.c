/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model add [-n] [-f] [-v] [--json] [--] <path>...",
	NULL
};

struct show {
	int verbose, dry_run;
	struct mv_json *files;		/* with --json */
	struct mv_json *tracked;
};

static void tracked(void *payload, const char *path)
{
	struct show *show = payload;

	if (show->tracked)
		mv_json_push(show->tracked, mv_json_str(path));
	else
		out_hint("'%s' is tracked now (.gitattributes)", path);
}

static struct mv_json *describe(const char *path,
				const struct mv_pointer *pointer)
{
	struct mv_json *file = mv_json_object();
	char hex[MV_OID_HEX + 1];

	mv_json_set(file, "path", mv_json_str(path));
	if (pointer) {
		mv_json_set(file, "oid",
			    mv_json_str(mv_oid_hex(hex, &pointer->oid)));
		mv_json_set(file, "size",
			    mv_json_int((int64_t)pointer->size));
	}
	return file;
}

static void staged(void *payload, const char *path,
		   const struct mv_pointer *pointer)
{
	struct show *show = payload;

	if (show->files)
		mv_json_push(show->files, describe(path, pointer));
	else if (show->verbose)
		out_line("%s '%s'", pointer || show->dry_run ? "add" :
			 "remove", path);
}

static int print_json(struct show *show, const struct mv_add_stats *stats)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "files", mv_json_int((int64_t)stats->files));
	mv_json_set(top, "unchanged", mv_json_int((int64_t)stats->unchanged));
	mv_json_set(top, "plain", mv_json_int((int64_t)stats->plain));
	mv_json_set(top, "removed", mv_json_int((int64_t)stats->removed));
	mv_json_set(top, "bytes", mv_json_int((int64_t)stats->tx.logical));
	mv_json_set(top, "new_bytes", mv_json_int((int64_t)stats->tx.new_raw));
	mv_json_set(top, "stored_bytes",
		    mv_json_int((int64_t)stats->tx.new_stored));
	mv_json_set(top, "tracked", show->tracked);
	mv_json_set(top, "staged", show->files);
	return out_json(top);
}

static const char *files(uint64_t n)
{
	return n == 1 ? "file" : "files";
}

static int print(const struct show *show, const struct mv_add_stats *stats)
{
	char logical[32], stored[32];

	if (show->dry_run) {
		out_line("%llu %s would be added, %llu unchanged",
			 (unsigned long long)stats->files,
			 files(stats->files),
			 (unsigned long long)stats->unchanged);
		return CMD_OK;
	}
	out_line("%llu %s added (%s, %s of them new in the store), %llu "
		 "unchanged", (unsigned long long)stats->files,
		 files(stats->files), mv_print_size(logical, stats->tx.logical),
		 mv_print_size(stored, stats->tx.new_stored),
		 (unsigned long long)stats->unchanged);
	if (stats->removed)
		out_line("%llu %s removed",
			 (unsigned long long)stats->removed,
			 files(stats->removed));
	if (stats->plain)
		out_line("%llu %s without filter handed to git add",
			 (unsigned long long)stats->plain,
			 files(stats->plain));
	return CMD_OK;
}

int cmd_add(int argc, const char **argv, struct cmd_env *env)
{
	struct show show = { 0 };
	struct mv_add_options options = { 0, tracked, staged, &show };
	struct mv_add_stats stats;
	int json = 0, force = 0;
	const struct opt opts[] = {
		OPT_BOOL('n', "dry-run", &show.dry_run,
			 "only say what would be added"),
		OPT_BOOL('f', "force", &force, "add ignored files, too"),
		OPT_BOOL('v', "verbose", &show.verbose, "name each file"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (argc < 1)
		return opt_usage_error(opts, usage, "nothing to add; "
				       "`git model add .` adds everything here");
	show.verbose |= show.dry_run;
	options.flags = (show.dry_run ? MV_ADD_DRY_RUN : 0) |
			(force ? MV_ADD_FORCE : 0);
	if (json) {
		show.files = mv_json_array();
		show.tracked = mv_json_array();
	}
	if (mv_repo_add(env->repo, argv, &options, &stats, &err)) {
		mv_json_free(show.files);
		mv_json_free(show.tracked);
		return out_fatal(&err);
	}
	if (!show.dry_run)
		mv_repo_hooks_ensure(env->repo, NULL);
	return json ? print_json(&show, &stats) : print(&show, &stats);
}
