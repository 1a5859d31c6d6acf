/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/interrupt.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/config.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/meta/record.h"
#include "libmv/run/run.h"
#include "libmv/setup/setup.h"

static const char *const usage[] = {
	"git model run [<options>] [--] <command> [<argument>]...",
	NULL
};

/* The record as it stands in the ledger; null when there is none. */
static struct mv_json *record_json(const struct mv_run_result *r)
{
	struct mv_json *json = NULL;
	struct mv_buf line;

	mv_buf_init(&line, 2 * MV_RECORD_MAX);
	if (r->recorded && !mv_record_print(&line, &r->record, NULL))
		mv_json_parse(&json, line.data, line.len, NULL);
	mv_buf_release(&line);
	return json ? json : mv_json_null();
}

static int run_print_json(const struct mv_run_result *r)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "exit", mv_json_int(r->exit_code));
	mv_json_set(top, "recorded", mv_json_int((int64_t)r->recorded));
	mv_json_set(top, "record", record_json(r));
	return out_json(top);
}

/* Of this role: "params from 'params.yaml' and 'more.yaml'". */
static void add_files(struct mv_buf *text, const struct mv_refs *files,
		      const char *role)
{
	size_t n = 0;

	for (size_t i = 0; i < files->count; i++)
		if (files->v[i].path && !strcmp(files->v[i].role, role))
			mv_buf_addf(text, "%s'%s'", n++ ? ", " : " from ",
				    files->v[i].path);
}

/* What was picked up, and from where: nobody should have to guess. */
static void print_found(const struct mv_record *record)
{
	size_t params = record->params.count, metrics = record->metrics.count;
	size_t curves = 0;
	struct mv_buf text;

	for (size_t i = 0; i < record->attached.count; i++)
		curves += !strcmp(record->attached.v[i].role, "curves");
	mv_buf_init(&text, 1 << 16);
	mv_buf_addf(&text, "found %zu param%s", params, out_s(params));
	add_files(&text, &record->run.files, "params");
	mv_buf_addf(&text, "; %zu metric%s", metrics, out_s(metrics));
	add_files(&text, &record->run.files, "metrics");
	if (curves)
		mv_buf_addstr(&text, ", with curves");
	out_note("%s", text.data);
	mv_buf_release(&text);
	if (!params && !metrics)
		out_hint("params and metrics are read from files that the "
			 "command writes or that are named: --params-file, "
			 "--metrics-file");
}

/* On standard error: the command's own output is on the other. */
static void run_print(const struct mv_run_result *r)
{
	const struct mv_execution *run = &r->record.run;
	char size[32], peak[32];

	if (!r->recorded)
		return;
	out_note("run %s: exit status %d after %.1f s, %s of memory", run->id,
		 run->exit_code, (double)run->duration_ms / 1000,
		 mv_print_size(peak, (uint64_t)run->peak_bytes));
	print_found(&r->record);
	for (size_t i = 0; i < run->outputs.count; i++)
		out_note("recorded on '%s' (%s)", run->outputs.v[i].path,
			 mv_print_size(size, run->outputs.v[i].size));
	if (!run->outputs.count)
		out_note("recorded on what it read, because it wrote nothing");
}

static int run(const struct mv_run_options *options, struct cmd_env *env,
	       int json)
{
	struct mv_run_result result;
	struct mv_err err;
	int status;

	if (mv_run_execute(&result, env->repo, options, &err)) {
		/* That it failed first matters more to who called. */
		status = out_fatal(&err);
		if (result.exit_code)
			status = result.exit_code;
	} else {
		mv_setup_hooks_ensure(env->repo, 1, NULL);
		status = json ? run_print_json(&result) : CMD_OK;
		if (!json)
			run_print(&result);
		if (status == CMD_OK)
			status = result.exit_code;
	}
	mv_run_result_release(&result);
	return status;
}

int cmd_run(int argc, const char **argv, struct cmd_env *env)
{
	struct opt_list in = OPT_LIST_INIT, out = OPT_LIST_INIT;
	struct opt_list params = OPT_LIST_INIT, metrics = OPT_LIST_INIT;
	struct opt_list eval = OPT_LIST_INIT;
	struct mv_run_options options = { .hooks = {
		.now = mv_now_ms, .tell = out_tell,
		.running = interrupt_running, .payload = env->interrupt
	} };
	int json = 0, status;
	const struct opt opts[] = {
		OPT_STRING(0, "name", &options.name, "name",
			   "what to call this run"),
		OPT_LIST(0, "in", &in, "path|oid",
			 "what the command reads: a file or a folder"),
		OPT_LIST(0, "out", &out, "path",
			 "what the command writes: a file or a folder"),
		OPT_LIST(0, "eval-data", &eval, "path|oid",
			 "what its metrics are measured on"),
		OPT_LIST(0, "params-file", &params, "file",
			 "its parameters: JSON, YAML or INI"),
		OPT_LIST(0, "metrics-file", &metrics, "file",
			 "what it measures: such a file, CSV, TSV or DVCLive"),
		OPT_BOOL(0, "no-environment", &options.no_environment,
			 "do not record system and packages"),
		OPT_JSON(&json),
		OPT_PROGRESS(env),
		OPT_END
	};

	argc = opt_parse_sub(argc, argv, opts, usage);
	if (argc < 1) {
		status = opt_usage_error(opts, usage,
					 "what is to be run?");
	} else {
		options.inputs = in.v;
		options.outputs = out.v;
		options.eval_data = eval.v;
		options.params_files = params.v;
		options.metrics_files = metrics.v;
		options.command = argv;
		options.hooks.stdout_to_stderr = json;
		status = run(&options, env, json);
	}
	opt_list_release(&in);
	opt_list_release(&out);
	opt_list_release(&eval);
	opt_list_release(&params);
	opt_list_release(&metrics);
	return status;
}
