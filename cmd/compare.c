/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/look.h"
#include "cmd/out.h"
#include "libmv/base/time.h"
#include "libmv/look/look.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/pages.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

static const char *const usage[] = {
	"git model compare [<options>] [--branches | --all] [--] [<name>]",
	NULL
};

static const char *const formats[] = { "text", "md", "json", "csv", "html", NULL };

/* -- CSV ------------------------------------------------------------------ */

/*
 * Text in quotes, made safe for a terminal; with ' in front of what a
 * spreadsheet would take for a formula. Numbers stand as they are.
 */
static int add_cell(struct mv_buf *out, const char *text)
{
	struct mv_buf safe;
	int bad = mv_buf_addch(out, '"');

	mv_buf_init(&safe, LOOK_MAX);
	bad |= mv_buf_add_safe(&safe, text, strlen(text));
	if (strchr("=+-@", *safe.data) && *safe.data)
		bad |= mv_buf_addch(out, '\'');
	for (const char *p = safe.data; *p && !bad; p++) {
		if (*p == '"')
			bad |= mv_buf_addch(out, '"');
		bad |= mv_buf_addch(out, *p);
	}
	mv_buf_release(&safe);
	return bad | mv_buf_addch(out, '"');
}

static int compare_add_text(struct mv_buf *out, const char *text)
{
	int bad = mv_buf_addch(out, ',');

	return bad | (text ? add_cell(out, text) : 0);
}

static int compare_add_value(struct mv_buf *out, const struct mv_value *v)
{
	int bad = mv_buf_addch(out, ',');

	if (!v || v->type == MV_VALUE_NULL)
		return bad;
	return bad | (mv_value_is_number(v) ? mv_buf_addstr(out, v->text)
					    : add_cell(out, v->text));
}

/* Keys that some row has, sorted, each once. */
static int keys_of(struct mv_facts *keys, const struct mv_board *b,
		   int params, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct mv_evidence *e = &b->v[i].evidence;
		const struct mv_facts *f = params ? &e->params : &e->metrics;

		for (size_t j = 0; !rc && j < f->count; j++)
			if (!mv_facts_get(keys, f->v[j].key))
				rc = mv_facts_set(keys, f->v[j].key,
						  &f->v[j].value, 0, err);
	}
	return rc;
}

static int add_header(struct mv_buf *out, const struct mv_facts *metrics,
		      const struct mv_facts *params)
{
	int bad = mv_buf_addstr(out, "label,artifact,path,commit,when,author,"
				"version,stages,run");

	for (size_t i = 0; i < metrics->count + params->count; i++) {
		int param = i >= metrics->count;
		const char *key = param ?
			params->v[i - metrics->count].key : metrics->v[i].key;
		char *name = mv_strf("%s.%s", param ? "params" : "metrics",
				     key);

		bad |= !name || compare_add_text(out, name);
		free(name);
	}
	return bad | mv_buf_addch(out, '\n');
}

static int compare_add_row(struct mv_buf *out, const struct mv_row *row,
			   const struct mv_facts *metrics,
			   const struct mv_facts *params)
{
	char when[32];
	int bad = add_cell(out, row->label ? row->label : "");

	bad |= compare_add_text(out, row->artifact);
	bad |= compare_add_text(out, row->path);
	bad |= compare_add_text(out, row->commit);
	bad |= compare_add_text(out, mv_time_print(when, row->when * 1000));
	bad |= compare_add_text(out, row->author);
	bad |= compare_add_text(out, row->version);
	bad |= compare_add_text(out, row->stages);
	bad |= compare_add_text(out, row->run);
	for (size_t i = 0; i < metrics->count; i++)
		bad |= compare_add_value(out,
					 mv_facts_get(&row->evidence.metrics,
							   metrics->v[i].key));
	for (size_t i = 0; i < params->count; i++)
		bad |= compare_add_value(out,
					 mv_facts_get(&row->evidence.params,
							   params->v[i].key));
	return bad | mv_buf_addch(out, '\n');
}

static int csv(struct mv_buf *out, const struct mv_board *b,
	       struct mv_err *err)
{
	struct mv_facts metrics = MV_FACTS_INIT, params = MV_FACTS_INIT;
	int rc = keys_of(&metrics, b, 0, err), bad = 0;

	if (!rc)
		rc = keys_of(&params, b, 1, err);
	if (!rc)
		bad = add_header(out, &metrics, &params);
	for (size_t i = 0; !rc && !bad && i < b->count; i++)
		bad = compare_add_row(out, &b->v[i], &metrics, &params);
	mv_facts_release(&metrics);
	mv_facts_release(&params);
	return bad ? mv_nomem(err) : rc;
}

/* -- the command ---------------------------------------------------------- */

static int compare_print(const struct look *look, struct cmd_env *env,
			 const struct mv_board *board, const char *columns)
{
	char **list = columns ? look_list(columns) : NULL;
	const char *const *keys = (const char *const *)list;
	struct mv_buf text;
	struct mv_err err;
	int rc, status;

	mv_buf_init(&text, LOOK_MAX);
	if (columns && !list)
		rc = mv_nomem(&err);
	else if (look_is(look, "md"))
		rc = mv_board_md(&text, board, keys, &err);
	else if (look_is(look, "html"))
		rc = mv_board_html(&text, board, &err);
	else if (look_is(look, "csv"))
		rc = csv(&text, board, &err);
	else
		rc = mv_board_text(&text, board, keys, 0, &look->style, &err);
	status = rc ? out_fatal(&err) : look_print(look, env, &text, CMD_OK, 1);
	mv_buf_release(&text);
	look_list_free(list);
	return status;
}

struct choice {
	const char *where, *sort, *pareto;
};

/* Keys are asked for while all rows are there. */
static int compare_choose(struct mv_board *board, const struct choice *c,
			  const char *columns, struct mv_err *err)
{
	int rc = c->where ? mv_board_knows_where(board, c->where, err) : 0;

	if (!rc && c->sort)
		rc = mv_board_knows(board, c->sort, err);
	if (!rc && columns)
		rc = mv_board_knows(board, columns, err);
	if (!rc && c->where)
		rc = mv_board_where(board, c->where, err);
	if (!rc && c->pareto)
		rc = mv_board_pareto(board, c->pareto, err);
	if (!rc && c->sort)
		rc = mv_board_sort(board, c->sort, err);
	return rc;
}

int cmd_compare(int argc, const char **argv, struct cmd_env *env)
{
	struct look look = { .color = NULL };
	struct choice choice = { NULL, NULL, NULL };
	const char *columns = NULL;
	unsigned limit = UINT_MAX;
	int branches = 0, all = 0;
	const struct opt opts[] = {
		OPT_BOOL(0, "branches", &branches, "the tips of all branches"),
		OPT_BOOL(0, "all", &all, "every commit and every run"),
		OPT_STRING(0, "where", &choice.where, "expression",
			   "only those for which this holds"),
		OPT_STRING(0, "sort", &choice.sort, "keys",
			   "by these, '-' in front: the greatest first"),
		OPT_STRING(0, "pareto", &choice.pareto, "keys",
			   "only those that none beats in all of these"),
		OPT_STRING(0, "columns", &columns, "keys",
			   "metrics and params to show, separated by commas"),
		OPT_UINT('n', "max-count", &limit, "count",
			 "only so many, after all else"),
		OPT_STRING(0, "format", &look.format, "format",
			   "text, md, json, csv or html"),
		OPT_JSON(&look.json),
		OPT_LOOK_COLOR(&look),
		OPT_END
	};
	struct mv_board board;
	struct mv_err err;
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 1, opts, usage))
		return CMD_USAGE;
	if (branches && all)
		return opt_usage_error(opts, usage, "either --branches or "
				       "--all");
	status = look_begin(&look, env, formats, opts, usage);
	if (status)
		return status;
	if (mv_look_board(&board, env->repo, argc ? argv[0] : NULL,
			  (branches ? MV_BOARD_BRANCHES : 0) |
			  (all ? MV_BOARD_ALL : 0), 0, &err))
		return out_fatal(&err);
	if (!look_records(&board))
		look_hint_notes(env);
	status = compare_choose(&board, &choice, columns, &err) ?
		 out_fatal(&err) : CMD_OK;
	if (!status)
		mv_board_first(&board, limit);
	if (status)
		;	/* said */
	else if (look_is(&look, "json"))
		status = out_json(mv_board_json(&board));
	else if (limit)
		status = compare_print(&look, env, &board, columns);
	mv_board_release(&board);
	return status;
}
