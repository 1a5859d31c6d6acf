/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd/look.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/repo-evidence.h"

static const char *const usage[] = {
	"git model plot [<options>] [--] <name>...",
	NULL
};

static const char *const formats[] = { "text", "json", NULL };

enum { HEIGHT = 20 };

static int print(const struct look *look, struct cmd_env *env,
		 const struct mv_plot *plot)
{
	struct mv_buf text;
	struct mv_err err;
	int rc, status;

	if (look_is(look, "json"))
		return out_json(mv_plot_json(plot));
	mv_buf_init(&text, LOOK_MAX);
	rc = mv_plot_text(&text, plot, HEIGHT, &look->style, &err);
	status = rc ? out_fatal(&err) : look_print(look, env, &text, CMD_OK, 1);
	mv_buf_release(&text);
	return status;
}

/* --terminal and --format text are the same. */
static int choose(struct look *look, int terminal)
{
	if (terminal && look->format && strcmp(look->format, "text"))
		return -1;
	if (terminal)
		look->format = "text";
	return 0;
}

int cmd_plot(int argc, const char **argv, struct cmd_env *env)
{
	struct look look = { .color = NULL };
	struct opt_list metrics = OPT_LIST_INIT;
	const char *over = NULL;
	int terminal = 0;
	const struct opt opts[] = {
		OPT_LIST(0, "metric", &metrics, "name",
			 "only this one; may be given several times"),
		OPT_STRING(0, "over", &over, "what",
			   "steps: training curves (default); versions: "
			   "metrics over the history"),
		OPT_BOOL(0, "terminal", &terminal, "as text (default)"),
		OPT_JSON(&look.json),
		OPT_LOOK_COLOR(&look),
		OPT_END
	};
	struct mv_plot plot;
	struct mv_err err;
	int status = CMD_USAGE, versions;

	argc = opt_parse(argc, argv, opts, usage);
	if (argc < 1 || choose(&look, terminal)) {
		status = opt_usage(opts, usage);
		goto out;
	}
	versions = over && !strcmp(over, "versions");
	if (over && !versions && strcmp(over, "steps")) {
		status = opt_usage_error(opts, usage, "--over is steps or "
					 "versions, not '%s'", over);
		goto out;
	}
	status = look_begin(&look, env, formats, opts, usage);
	if (status)
		goto out;
	if (mv_repo_plot(&plot, env->repo, argv, (size_t)argc, metrics.v,
			 versions ? MV_PLOT_VERSIONS : 0, &err)) {
		status = out_fatal(&err);
		goto out;
	}
	status = print(&look, env, &plot);
	mv_plot_release(&plot);
out:
	opt_list_release(&metrics);
	return status;
}
