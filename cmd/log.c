/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdlib.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/look/look.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

static const char *const usage[] = {
	"git model log [--all] [-n <count>] [--columns <keys>] "
	"[--format <format>] [--json] [--color <when>] [--] "
	"<what> | <name> <stage>",
	NULL
};

static const char *const formats[] = { "text", "json", "md", NULL };

static int log_print(const struct look *look, struct cmd_env *env,
		     const struct mv_board *board, const char *columns)
{
	char **list = NULL;
	const char *const *keys;
	struct mv_buf text;
	struct mv_err err;
	int rc = 0, status;

	if (columns && mv_board_knows(board, columns, &err))
		return out_fatal(&err);
	list = columns ? look_list(columns) : NULL;
	keys = (const char *const *)list;
	if (look_is(look, "json")) {
		look_list_free(list);
		return out_json(mv_board_json(board));
	}
	mv_buf_init(&text, LOOK_MAX);
	if (columns && !list)
		rc = mv_nomem(&err);
	else if (look_is(look, "md"))
		rc = mv_board_md(&text, board, keys, &err);
	else
		rc = mv_board_text(&text, board, keys, 1, &look->style, &err);
	status = rc ? out_fatal(&err) : look_print(look, env, &text, CMD_OK, 1);
	mv_buf_release(&text);
	look_list_free(list);
	return status;
}

int cmd_log(int argc, const char **argv, struct cmd_env *env)
{
	struct look look = { .color = NULL };
	const char *columns = NULL;
	unsigned limit = UINT_MAX;
	int all = 0;
	const struct opt opts[] = {
		OPT_BOOL(0, "all", &all, "of every branch and tag, not of HEAD "
			 "only"),
		OPT_UINT('n', "max-count", &limit, "count",
			 "only so many, the newest"),
		OPT_STRING(0, "columns", &columns, "keys",
			   "metrics and params to show, separated by commas"),
		OPT_STRING(0, "format", &look.format, "format",
			   "text, json or md"),
		OPT_JSON(&look.json),
		OPT_LOOK_COLOR(&look),
		OPT_END
	};
	struct mv_board board;
	struct mv_err err;
	char *spec;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (!status)
		status = look_begin(&look, env, formats, opts, usage);
	if (!status && mv_look_board(&board, env->repo, spec, MV_BOARD_FOLLOW |
				     (all ? MV_BOARD_ALL : 0), limit ? limit :
				     1, &err))
		status = out_fatal(&err);
	if (status) {
		free(spec);
		return status;
	}
	if (!look_records(&board))
		look_hint_notes(env);
	if (!board.count)
		status = out_fatalf("'%s' has no version that is committed",
				    spec);
	mv_board_first(&board, limit);
	/* Of git's -n 0 nothing but an empty list is printed. */
	if (!status && (limit || look_is(&look, "json")))
		status = log_print(&look, env, &board, columns);
	mv_board_release(&board);
	free(spec);
	return status;
}
