/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "cmd/setup.h"
#include "cmd/transfer.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/release/release.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"

static const char *const usage[] = {
	"git model checkout [-f] [--json] [--] [<path>...]",
	"git model checkout [-f] [--json] <name>@<version>|<name>#<stage>...",
	"git model checkout [-f] [--json] --stage <stage>",
	NULL
};

static int checkout_print_json(const struct mv_checkout_stats *stats)
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

static int checkout_print(struct cmd_env *env,
			  const struct mv_checkout_stats *stats)
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
		transfer_say_where(env->repo, NULL);
	}
	return CMD_OK;
}

/* -- versions and stages -------------------------------------------------- */

static void checkout_tell(void *payload, const struct mv_release *r,
			  const struct mv_subject *s, size_t left)
{
	(void)payload;
	out_note("%s@%s: '%s' of %.12s", r->artifact, r->version, s->path,
		 r->commit);
	if (left)
		out_warn("%zu %s in '%s' not of that version %s left there",
			 left, files(left), s->path, left == 1 ? "is" : "are");
}

/* Is an argument a version or stage, and no file of that name here? */
static int is_release(const char *arg)
{
	return mv_subject_version_spec_ok(arg) && access(arg, F_OK);
}

/* "--" was eaten by the options' parser; behind it are paths only. */
static int has_dashes(int argc, const char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return 1;
	return 0;
}

static int checkout_finish(struct cmd_env *env,
			   const struct mv_checkout_stats *stats,
			   int json)
{
	int status = json ? checkout_print_json(stats) : checkout_print(env, stats);

	if (stats->files)
		setup_warn_filterless(env->repo);
	if (status)
		return status;
	return stats->missing || stats->failed ? CMD_NO : CMD_OK;
}

static int check_out_releases(struct cmd_env *env,
			      const struct registry_names *names,
			      const char *stage, int force, int json)
{
	const struct mv_checkout_release options = {
		force ? MV_CHECKOUT_FORCE : 0, checkout_tell, NULL
	};
	struct mv_checkout_stats stats;
	struct mv_err err;
	size_t count;
	int rc;

	if (stage)
		rc = mv_release_checkout_stage(env->repo, stage, &options,
					       &stats,
					       &count, &err);
	else
		rc = mv_release_checkout(env->repo, names->v, names->count,
					 &options, &stats, &err);
	return rc ? out_fatal(&err) : checkout_finish(env, &stats, json);
}

static int check_out_paths(struct cmd_env *env, const char **paths, int force,
			   int json)
{
	struct mv_checkout_stats stats;
	struct mv_err err;

	if (mv_work_checkout(env->repo, paths, force ? MV_CHECKOUT_FORCE : 0,
			     &stats, &err))
		return out_fatal(&err);
	return checkout_finish(env, &stats, json);
}

int cmd_checkout(int argc, const char **argv, struct cmd_env *env)
{
	const int only_paths = has_dashes(argc, argv);
	const char *stage = NULL;
	struct registry_names names;
	size_t releases = 0;
	int json = 0, force = 0, status;
	const struct opt opts[] = {
		OPT_BOOL('f', "force", &force,
			 "write files that are missing, too; with versions, "
			 "overwrite changes"),
		OPT_STRING(0, "stage", &stage, "stage",
			   "of every artifact what holds this stage"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (only_paths || !argc)
		names = (struct registry_names){ NULL, 0 };
	else if (registry_names(&names, argc, argv, env))
		return CMD_FATAL;
	for (size_t i = 0; i < names.count; i++)
		releases += is_release(names.v[i]);
	if ((stage && argc) || (releases && releases != names.count))
		status = opt_usage_error(opts, usage, "paths, versions and "
					 "--stage exclude each other");
	else if (stage || releases)
		status = check_out_releases(env, &names, stage, force, json);
	else
		status = check_out_paths(env, argc ? argv : NULL, force, json);
	registry_names_release(&names);
	return status;
}
