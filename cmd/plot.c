/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/fs.h"
#include "libmv/base/stream.h"
#include "libmv/look/look.h"
#include "libmv/report/json.h"
#include "libmv/report/pages.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

static const char *const usage[] = {
	"git model plot [<options>] [--] <name>...",
	NULL
};

static const char *const formats[] = { "text", "json", "html", NULL };

enum { HEIGHT = 20 };

struct drawing {
	struct look look;
	struct opt_list metrics;
	const char *over, *output;
	int terminal, html;
	int versions;
};

/* The page has the versions of the artifact beside its curves. */
static int draw_html(struct mv_buf *out, struct cmd_env *env,
		     const struct mv_plot *plot, const char *const *names,
		     size_t count, struct mv_err *err)
{
	struct mv_board board;
	int rc;

	if (count != 1 || mv_look_board(&board, env->repo, names[0],
					MV_BOARD_FOLLOW, 0, NULL))
		return mv_plot_html(out, plot, NULL, err);
	rc = mv_plot_html(out, plot, &board, err);
	mv_board_release(&board);
	return rc;
}

/* An answer goes to a file, the pager or standard output. */
static int plot_put(const struct drawing *d, struct cmd_env *env,
		    const struct mv_buf *text)
{
	struct mv_err err;

	if (!d->output)
		return look_print(&d->look, env, text, CMD_OK,
				  look_is(&d->look, "text"));
	return mv_write_file(d->output, text->data, text->len, 0644,
			     0, &err) ? out_fatal(&err) : CMD_OK;
}

static int write_out(void *payload, const void *data, size_t len,
		     struct mv_err *err)
{
	(void)payload;
	(void)err;
	out_bytes(data, len);	/* what went wrong is said at the end */
	return 0;
}

static int plot_print(const struct drawing *d, struct cmd_env *env,
		      const struct mv_plot *plot, const char *const *names,
		      size_t count)
{
	struct mv_writer to = { write_out, NULL };
	struct mv_buf text;
	struct mv_err err;
	int rc, status;

	mv_buf_init(&text, LOOK_MAX);
	if (look_is(&d->look, "json")) {
		if (d->output)
			to = mv_writer_buf(&text);
		rc = mv_plot_json(&to, plot, &err);
	} else if (look_is(&d->look, "html")) {
		rc = draw_html(&text, env, plot, names, count, &err);
	} else {
		rc = mv_plot_text(&text, plot, HEIGHT, &d->look.style, &err);
	}
	status = rc ? out_fatal(&err) : plot_put(d, env, &text);
	mv_buf_release(&text);
	return status;
}

/* CMD_OK, or CMD_USAGE when told so. */
static int plot_choose(struct drawing *d, struct cmd_env *env,
		       const struct opt *opts)
{
	if (d->terminal + d->html + d->look.json > 1)
		return opt_usage_error(opts, usage, "one of --terminal, --html "
				       "and --json");
	if (d->html)
		d->look.format = "html";
	if (d->output && !d->look.color)
		d->look.color = "never";
	d->versions = d->over && !strcmp(d->over, "versions");
	if (d->over && !d->versions && strcmp(d->over, "steps"))
		return opt_usage_error(opts, usage, "--over is steps or "
				       "versions, not '%s'", d->over);
	return look_begin(&d->look, env, formats, opts, usage);
}

int cmd_plot(int argc, const char **argv, struct cmd_env *env)
{
	struct drawing d = { .metrics = OPT_LIST_INIT };
	const struct opt opts[] = {
		OPT_LIST(0, "metric", &d.metrics, "name",
			 "only this one; may be given several times"),
		OPT_STRING(0, "over", &d.over, "what",
			   "steps: training curves (default); versions: "
			   "metrics over the history"),
		OPT_BOOL(0, "terminal", &d.terminal, "as text (default)"),
		OPT_BOOL(0, "html", &d.html, "as a page that needs nothing "
			 "else"),
		OPT_STRING(0, "output", &d.output, "file",
			   "write to this file, not to standard output"),
		OPT_JSON(&d.look.json),
		OPT_LOOK_COLOR(&d.look),
		OPT_END
	};
	struct registry_names names = { NULL, 0 };
	struct mv_plot plot;
	struct mv_err err;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	status = opt_count(argc, argv, 1, OPT_ANY, opts, usage);
	if (!status)
		status = plot_choose(&d, env, opts);
	if (status)
		goto out;
	status = registry_names(&names, argc, argv, env);
	if (status)
		goto out;
	if (mv_look_plot(&plot, env->repo, names.v, names.count, d.metrics.v,
			 d.versions ? MV_PLOT_VERSIONS : 0, &err)) {
		status = out_fatal(&err);
		goto out;
	}
	status = plot_print(&d, env, &plot, names.v, names.count);
	mv_plot_release(&plot);
out:
	registry_names_release(&names);
	opt_list_release(&d.metrics);
	return status;
}
