/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/look/look.h"
#include "libmv/report/json.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

static const char *const usage[] = {
	"git model lineage [--dot | --json] [--color <when>] [--] "
	"<what> | <name> <stage>",
	NULL
};

static const char *const formats[] = { "text", "json", NULL };

static int lineage_print(const struct look *look, struct cmd_env *env,
			 const struct mv_lineage *lineage, int dot)
{
	struct mv_buf text;
	struct mv_err err;
	int rc, status;

	if (look->json)
		return out_json(mv_lineage_json(lineage));
	mv_buf_init(&text, LOOK_MAX);
	rc = dot ? mv_lineage_dot(&text, lineage, &err) :
		   mv_lineage_text(&text, lineage, &look->style, &err);
	status = rc ? out_fatal(&err) :
		 look_print(look, env, &text, CMD_OK, !dot);
	mv_buf_release(&text);
	return status;
}

int cmd_lineage(int argc, const char **argv, struct cmd_env *env)
{
	struct look look = { .color = NULL };
	int dot = 0, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "dot", &dot, "print a graph for Graphviz"),
		OPT_JSON(&look.json),
		OPT_LOOK_COLOR(&look),
		OPT_END
	};
	struct mv_lineage lineage;
	struct mv_err err;
	char *spec;

	argc = opt_parse(argc, argv, opts, usage);
	if (dot && look.json)
		return opt_usage_error(opts, usage,
				       "--dot and --json exclude each other");
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (!status)
		status = look_begin(&look, env, formats, opts, usage);
	if (!status && mv_look_lineage(&lineage, env->repo, spec, &err))
		status = out_fatal(&err);
	free(spec);
	if (status)
		return status;
	if (lineage.truncated)
		out_warn("there is more of it than can be shown");
	if (!lineage.edge_count)
		look_hint_notes(env);
	status = lineage_print(&look, env, &lineage, dot);
	mv_lineage_release(&lineage);
	return status;
}
