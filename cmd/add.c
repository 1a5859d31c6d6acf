/* SPDX-License-Identifier: MIT */
#include "cmd/evidence.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/setup/setup.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"

static const char *const usage[] = {
	"git model add [-n] [-f] [-v] [--json] [<evidence>] [--] <path>...",
	NULL
};

struct show {
	int verbose, dry_run;
	struct mv_json *files;		/* with --json */
	struct mv_json *tracked;
	struct mv_json *recorded;	/* where evidence was given, too */
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

static int add_print_json(struct show *show, const struct mv_add_stats *stats)
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
	if (show->recorded)
		mv_json_set(top, "recorded", show->recorded);
	return out_json(top);
}

static const char *files(uint64_t n)
{
	return n == 1 ? "file" : "files";
}

static void cmd_add_print(const struct show *show,
			  const struct mv_add_stats *stats)
{
	char logical[32], stored[32];

	if (show->dry_run) {
		out_line("%llu %s would be added, %llu unchanged",
			 (unsigned long long)stats->files,
			 files(stats->files),
			 (unsigned long long)stats->unchanged);
		return;
	}
	/* Where git asked us before, or what is there is a pointer. */
	if (stats->files && !stats->tx.logical)
		out_line("%llu %s added (nothing new in the store), %llu "
			 "unchanged", (unsigned long long)stats->files,
			 files(stats->files),
			 (unsigned long long)stats->unchanged);
	else
		out_line("%llu %s added (%s, %s of them new in the store), "
			 "%llu unchanged", (unsigned long long)stats->files,
			 files(stats->files),
			 mv_print_size(logical, stats->tx.logical),
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
}

/* Of all that was named, also of what was staged before. */
static int record(struct evidence *e, struct mv_repo *repo, const char **paths,
		  struct mv_json *list, struct mv_err *err)
{
	struct mv_subject *subjects;
	size_t count;
	int rc = mv_subject_list(&subjects, &count, repo, paths, 1, err);

	if (!rc)
		rc = evidence_record(e, repo, subjects, count, list, err);
	mv_subject_list_release(subjects, count);
	if (rc)
		mv_err_prefix(err, "the files are staged, but nothing is "
			      "recorded");
	return rc;
}

static int add_add(struct show *show, struct evidence *e, struct mv_repo *repo,
		   const char **paths, const struct mv_add_options *options,
		   struct mv_add_stats *stats, struct mv_err *err)
{
	int rc = 0;

	/* What cannot be read must not leave half of the work done. */
	if (evidence_given(e))
		rc = evidence_read(e, repo, show->dry_run, err);
	if (!rc)
		rc = mv_work_add(repo, paths, options, stats, err);
	if (!rc && !show->dry_run)
		mv_setup_hooks_ensure(repo, 1, NULL);
	return rc;
}

int cmd_add(int argc, const char **argv, struct cmd_env *env)
{
	struct evidence evidence = { .artifact = NULL };
	struct show show = { 0 };
	struct mv_add_options options = { 0, tracked, staged, &show };
	struct mv_add_stats stats;
	int json = 0, force = 0, status, rc;
	const struct opt opts[] = {
		OPT_BOOL('n', "dry-run", &show.dry_run,
			 "only say what would be added"),
		OPT_BOOL('f', "force", &force, "add ignored files, too"),
		OPT_BOOL('v', "verbose", &show.verbose, "name each file"),
		EVIDENCE_OPTIONS(&evidence),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (argc < 1) {
		evidence_release(&evidence);
		return opt_usage_error(opts, usage, "nothing to add; "
				       "`git model add .` adds everything here");
	}
	show.verbose |= show.dry_run;
	options.flags = MV_ADD_TYPED | (show.dry_run ? MV_ADD_DRY_RUN : 0) |
			(force ? MV_ADD_FORCE : 0);
	if (json) {
		show.files = mv_json_array();
		show.tracked = mv_json_array();
		if (evidence_given(&evidence))
			show.recorded = mv_json_array();
	}
	rc = add_add(&show, &evidence, env->repo, argv, &options, &stats, &err);
	if (!rc && !json)
		cmd_add_print(&show, &stats);
	if (!rc && stats.files && !show.dry_run)
		setup_warn_filterless(env->repo);
	if (!rc && evidence_given(&evidence) && !show.dry_run)
		rc = record(&evidence, env->repo, argv, show.recorded, &err);
	evidence_release(&evidence);
	if (!rc)
		return json ? add_print_json(&show, &stats) : CMD_OK;
	status = out_fatal(&err);
	mv_json_free(show.files);
	mv_json_free(show.tracked);
	mv_json_free(show.recorded);
	return status;
}
