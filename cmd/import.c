/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/import/import.h"

static const char *const usage[] = {
	"git model import mlflow [<options>] [--] <folder|mlflow.db>",
	"git model import dvc [<options>] [--] [<folder>]",
	"git model import dvclive [<options>] [--] <folder>",
	NULL
};

static const struct {
	const char *name;
	const char *path;	/* unless one is given; or NULL */
	int (*run)(struct mv_repo *repo, const struct mv_import *import,
		   struct mv_import_stats *stats, struct mv_err *err);
} tools[] = {
	{ "mlflow", NULL, mv_import_mlflow },
	{ "dvc", ".", mv_import_dvc },
	{ "dvclive", NULL, mv_import_dvclive }
};

enum { TOOLS = sizeof(tools) / sizeof(tools[0]) };

static void import_say(void *payload, int unmapped, const char *message)
{
	(void)payload;
	out_line("%s%s", unmapped ? "not imported: " : "", message);
}

static void import_keep(void *payload, int unmapped, const char *message)
{
	struct mv_json **lists = payload;

	mv_json_push(lists[unmapped != 0], mv_json_str(message));
}

static int import_print_json(const struct mv_import_stats *s,
			     struct mv_json **lists)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "runs", mv_json_int((int64_t)s->runs));
	mv_json_set(top, "recorded", mv_json_int((int64_t)s->recorded));
	mv_json_set(top, "known", mv_json_int((int64_t)s->known));
	mv_json_set(top, "without_content", mv_json_int((int64_t)s->lost));
	mv_json_set(top, "messages", lists[0]);
	mv_json_set(top, "unmapped", lists[1]);
	return out_json(top);
}

static void print_sum(const struct mv_import_stats *s, int dry_run)
{
	out_line("%zu run%s read, %zu record%s %s, %zu known already, "
		 "%zu thing%s not imported", s->runs, s->runs == 1 ? "" : "s",
		 s->recorded, s->recorded == 1 ? "" : "s",
		 dry_run ? "would be written" : "written", s->known,
		 s->unmapped, s->unmapped == 1 ? "" : "s");
}

static int import_with(size_t tool, struct mv_import *import,
		       struct cmd_env *env, int json)
{
	struct mv_json *lists[2] = { NULL, NULL };
	struct mv_import_stats stats;
	struct mv_err err;
	int status = CMD_OK;

	if (json) {
		lists[0] = mv_json_array();
		lists[1] = mv_json_array();
	}
	import->now = mv_now_ms();
	import->tell = json ? import_keep : import_say;
	import->payload = lists;
	if (tools[tool].run(env->repo, import, &stats, &err)) {
		mv_json_free(lists[0]);
		mv_json_free(lists[1]);
		return out_fatal(&err);
	}
	if (json)
		status = import_print_json(&stats, lists);
	else
		print_sum(&stats, import->dry_run);
	if (status == CMD_OK && stats.lost == stats.runs && stats.runs)
		status = CMD_NO;
	return status;
}

int cmd_import(int argc, const char **argv, struct cmd_env *env)
{
	struct mv_import import = { .path = NULL };
	const char *timeout = NULL;
	struct mv_err err;
	int64_t seconds = 0;
	size_t tool = 0;
	int json = 0;
	const struct opt opts[] = {
		OPT_STRING(0, "run", &import.run, "id",
			   "only this run (mlflow) or stage (dvc)"),
		OPT_STRING(0, "experiment", &import.experiment, "name|id",
			   "only runs of this experiment (mlflow)"),
		OPT_STRING(0, "onto", &import.onto, "path|name|oid",
			   "what the runs are about"),
		OPT_STRING(0, "artifacts", &import.artifacts, "folder",
			   "look for artifacts here, too (mlflow)"),
		OPT_BOOL(0, "failed", &import.failed,
			 "runs that failed or were killed, too (mlflow)"),
		OPT_STRING(0, "timeout", &timeout, "time",
			   "how long a database may take (1m)"),
		OPT_BOOL('n', "dry-run", &import.dry_run,
			 "only say what would be recorded"),
		OPT_JSON(&json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, OPT_ANY, opts, usage))
		return CMD_USAGE;
	while (tool < TOOLS && strcmp(tools[tool].name, argv[0]))
		tool++;
	if (tool == TOOLS)
		return opt_usage_error(opts, usage, "'%s' is neither mlflow "
				       "nor dvc nor dvclive", argv[0]);
	import.path = argc > 1 ? argv[1] : tools[tool].path;
	if (argc > 2 || !import.path)
		return opt_usage_error(opts, usage, "name one %s",
				       tool ? "folder" :
				       "folder or mlflow.db");
	if (timeout && mv_parse_duration(&seconds, timeout, &err))
		return opt_usage_error(opts, usage, "--timeout: %s", err.msg);
	import.timeout_ms = seconds * 1000;
	if ((timeout || import.failed || import.artifacts) &&
	    strcmp(argv[0], "mlflow"))
		return opt_usage_error(opts, usage, "--artifacts, --failed and "
				       "--timeout are for mlflow");
	if (import.experiment && strcmp(argv[0], "mlflow"))
		return opt_usage_error(opts, usage, "only mlflow has "
				       "experiments");
	if (import.run && !strcmp(argv[0], "dvclive"))
		return opt_usage_error(opts, usage, "a folder of dvclive is "
				       "one run");
	return import_with(tool, &import, env, json);
}
