/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/report/html.h"
#include "libmv/report/views.h"

/* A board as a table that sorts: a column for each metric, and for each param
   that is not the same in all rows. */
enum { COLUMNS_MAX = 40 };

/* -- which rows ----------------------------------------------------------- */

static int is_of(const struct mv_row *row, const char *artifact,
		 const char *path)
{
	if (artifact)
		return row->artifact && !strcmp(row->artifact, artifact);
	if (path)
		return !row->artifact && row->path && !strcmp(row->path, path);
	return 1;
}

/* HEAD says nothing new where a version, or a commit, has its content. */
static int is_shadow(const struct mv_board *b, size_t i)
{
	const struct mv_row *row = &b->v[i];

	if (!row->label || strcmp(row->label, "HEAD") || !*row->blob)
		return 0;
	for (size_t j = 0; j < b->count; j++)
		if (j != i && !strcmp(b->v[j].blob, row->blob) &&
		    b->v[j].label && strcmp(b->v[j].label, "HEAD") &&
		    is_of(&b->v[j], row->artifact, row->path))
			return 1;
	return 0;
}

int mv_html_rows_of(struct mv_html_rows *out, const struct mv_board *b,
		    const char *artifact, const char *path)
{
	memset(out, 0, sizeof(*out));
	out->project = &b->project;
	out->artifact = artifact;
	out->v = calloc(b->count + 1, sizeof(*out->v));
	if (!out->v)
		return MV_ENOMEM;
	for (size_t i = 0; i < b->count; i++)
		if (is_of(&b->v[i], artifact, path) && !is_shadow(b, i))
			out->v[out->count++] = &b->v[i];
	return 0;
}

void mv_html_rows_release(struct mv_html_rows *rows)
{
	free(rows->v);
	memset(rows, 0, sizeof(*rows));
}

void mv_html_row_label(struct mv_buf *out, const struct mv_row *row)
{
	const char *label = row->label ? row->label : row->version ?
			    row->version : row->commit ? row->commit : "";

	/* A failure shows where the buffer is used: the text is short. */
	mv_buf_add_safe(out, label, strnlen(label, 80));
}

/* -- which columns -------------------------------------------------------- */

static const struct mv_facts *facts_of(const struct mv_row *row, int metrics)
{
	return metrics ? &row->evidence.metrics : &row->evidence.params;
}

static int differs(const struct mv_html_rows *rows, int metrics,
		   const char *key)
{
	const struct mv_value *first, *v;

	for (size_t i = 1; i < rows->count; i++) {
		first = mv_facts_get(facts_of(rows->v[0], metrics), key);
		v = mv_facts_get(facts_of(rows->v[i], metrics), key);
		if (!first != !v || (v && !mv_value_eq(v, first)))
			return 1;
	}
	return 0;
}

int mv_html_keys(struct mv_facts *out, const struct mv_html_rows *rows,
		 int metrics, int differing)
{
	struct mv_facts all = MV_FACTS_INIT;
	int rc = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct mv_facts *f = facts_of(rows->v[i], metrics);

		for (size_t j = 0; !rc && j < f->count; j++)
			if (!mv_facts_get(&all, f->v[j].key))
				rc = mv_facts_set(&all, f->v[j].key,
						  &f->v[j].value, 0, NULL);
	}
	for (size_t i = 0; !rc && i < all.count; i++)
		if (!differing || differs(rows, metrics, all.v[i].key))
			rc = mv_facts_set(out, all.v[i].key, &all.v[i].value,
					  0, NULL);
	mv_facts_release(&all);
	return rc;
}

struct column {
	const char *key;
	int metric;
	const struct mv_metric_rule *rule;	/* of a metric; or NULL */
	const struct mv_value *best;
	unsigned char *other;		/* a row: measured on other data */
	int marks;			/* some are */
	int numbers;			/* in every row that has it */
};
struct columns {
	struct mv_facts metrics, params;
	struct column v[COLUMNS_MAX];
	size_t count, left;
	int artifacts, stages, subjects, dates;
};

static const struct mv_value *html_board_value_of(const struct mv_row *row,
						  const struct column *c)
{
	return mv_facts_get(facts_of(row, c->metric), c->key);
}

static int find_other(struct column *c, const struct mv_html_rows *rows)
{
	int rc;

	if (!c->metric)
		return 0;
	c->other = calloc(rows->count + 1, 1);
	rc = c->other ? mv_rows_other_data(c->other, rows->v, rows->count,
					   c->key) : MV_ENOMEM;
	for (size_t i = 0; !rc && i < rows->count; i++)
		c->marks |= c->other[i];
	return rc;
}

static void find_best(struct column *c, const struct mv_html_rows *rows)
{
	int up = c->rule && c->rule->direction == MV_DIRECTION_UP;
	int differ = 0;

	c->numbers = 1;
	for (size_t i = 0; i < rows->count; i++) {
		const struct mv_value *v = html_board_value_of(rows->v[i], c);
		int cmp;

		c->numbers &= !v || mv_value_is_number(v);
		if (!v || !mv_value_is_number(v) || isnan(v->r) || !c->rule ||
		    (c->other && c->other[i]) ||
		    c->rule->direction == MV_DIRECTION_NONE)
			continue;
		cmp = c->best ? mv_value_cmp(v, c->best) : 0;
		differ |= cmp != 0;
		if (!c->best || (up ? cmp > 0 : cmp < 0))
			c->best = v;
	}
	if (!differ)
		c->best = NULL;
}

int mv_html_is_judged(const struct mv_html_rows *rows, const char *key)
{
	const struct mv_metric_rule *rule =
		mv_project_metric(rows->project, rows->artifact, key);

	return rule && rule->direction != MV_DIRECTION_NONE;
}

static int add_columns(struct columns *columns,
		       const struct mv_html_rows *rows, int metric,
		       int judged)
{
	const struct mv_facts *keys = metric ? &columns->metrics
					     : &columns->params;
	int rc = 0;

	for (size_t i = 0; i < keys->count; i++) {
		struct column *c = &columns->v[columns->count];

		if (metric && judged != mv_html_is_judged(rows,
							  keys->v[i].key))
			continue;
		if (columns->count == COLUMNS_MAX) {
			columns->left++;
			continue;
		}
		memset(c, 0, sizeof(*c));
		c->key = keys->v[i].key;
		c->metric = metric;
		c->rule = metric ? mv_project_metric(rows->project,
						     rows->artifact, c->key)
				 : NULL;
		rc |= find_other(c, rows);
		find_best(c, rows);
		columns->count++;
	}
	return rc ? MV_ENOMEM : 0;
}

static int html_board_choose(struct columns *columns,
			     const struct mv_html_rows *rows)
{
	memset(columns, 0, sizeof(*columns));
	if (mv_html_keys(&columns->metrics, rows, 1, 0) ||
	    mv_html_keys(&columns->params, rows, 0, 1))
		return MV_ENOMEM;
	if (add_columns(columns, rows, 1, 1) ||
	    add_columns(columns, rows, 1, 0) ||
	    add_columns(columns, rows, 0, 0))
		return MV_ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const struct mv_row *row = rows->v[i];

		columns->stages |= row->stages && *row->stages;
		columns->subjects |= row->subject_line && *row->subject_line;
		columns->dates |= row->when != 0;
	}
	return 0;
}

/* -- the table ------------------------------------------------------------ */

static void put_titles(struct mv_html *h, const struct columns *columns)
{
	mv_html_th(h, MV_TH_SORT, "Version", NULL);
	if (columns->artifacts)
		mv_html_th(h, MV_TH_SORT, "Artifact", NULL);
	if (columns->stages)
		mv_html_th(h, MV_TH_SORT, "Stage", NULL);
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *c = &columns->v[i];
		int up = c->rule && c->rule->direction == MV_DIRECTION_UP;

		mv_html_th(h, MV_TH_SORT | (c->numbers ? MV_TH_NUMBER : 0) |
			   (up ? MV_TH_DOWN : 0), c->key,
			   c->rule ? c->rule->unit : NULL);
	}
	if (columns->dates)
		mv_html_th(h, MV_TH_SORT | MV_TH_DATE | MV_TH_DOWN, "Date",
			   NULL);
	if (columns->subjects)
		mv_html_th(h, MV_TH_SORT, "Commit", NULL);
}

static void put_label(struct mv_html *h, const struct mv_row *row)
{
	mv_html_raw(h, "<th scope=\"row\">");
	mv_html_row_label(mv_html_words(h)->out, row);
	mv_html_say(h);
	if (row->version && row->label && strcmp(row->label, row->version)) {
		mv_html_raw(h, " <span class=\"dim\">");
		mv_html_text(h, row->version);
		mv_html_raw(h, "</span>");
	}
	if (row->head)
		mv_html_raw(h, " <span class=\"dim\">(HEAD)</span>");
	if (row->pareto)
		mv_html_raw(h, " <span class=\"tag\">front</span>");
	mv_html_raw(h, "</th>");
}

static void put_stages(struct mv_html *h, const struct mv_row *row)
{
	mv_html_raw(h, "<td>");
	if (row->stages && *row->stages) {
		mv_html_raw(h, "<span class=\"good\">");
		mv_html_text(h, row->stages);
		mv_html_raw(h, "</span>");
	}
	mv_html_raw(h, "</td>");
}

static void html_board_put_row(struct mv_html *h, const struct columns *columns,
			       const struct mv_row *row, size_t place)
{
	mv_html_raw(h, "<tr>");
	put_label(h, row);
	if (columns->artifacts)
		mv_html_td_text(h, row->artifact ? row->artifact : row->path);
	if (columns->stages)
		put_stages(h, row);
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *c = &columns->v[i];
		const struct mv_value *v = html_board_value_of(row, c);
		int mark = 0;

		if (c->other && c->other[place])
			mark = MV_TD_OTHER;
		else if (v && c->best && mv_value_eq(v, c->best))
			mark = MV_TD_BEST;
		mv_html_td_value(h, v, c->rule ? c->rule->precision : -1,
				 mark);
	}
	if (columns->dates)
		mv_html_td_date(h, row->when);
	if (columns->subjects)
		mv_html_td_long(h, row->subject_line);
	mv_html_raw(h, "</tr>\n");
}

static void html_board_put_legend(struct mv_html *h,
				  const struct columns *columns)
{
	int best = 0, other = 0;

	for (size_t i = 0; i < columns->count; i++) {
		best |= columns->v[i].best != NULL;
		other |= columns->v[i].marks;
	}
	if (best || other)
		mv_html_f(h, "<p class=\"more\">%s%s</p>\n", best ?
			  "Set off: " MV_BOARD_BEST ". " : "", other ?
			  "~ " MV_BOARD_OTHER "." : "");
}

void mv_html_board(struct mv_html *h, const struct mv_html_rows *rows,
		   const char *caption, int artifacts)
{
	struct columns columns;

	if (!rows->count) {
		mv_html_raw(h, "<p class=\"empty\">Nothing to show.</p>\n");
		return;
	}
	h->pen.failed |= html_board_choose(&columns, rows) != 0;
	columns.artifacts = artifacts;
	mv_html_table_begin(h, caption, 1, 0);
	put_titles(h, &columns);
	mv_html_tbody(h);
	for (size_t i = 0; i < rows->count && !h->pen.failed; i++)
		html_board_put_row(h, &columns, rows->v[i], i);
	mv_html_table_end(h);
	html_board_put_legend(h, &columns);
	if (columns.left)
		mv_html_f(h, "<p class=\"more\">%zu more columns: "
			  "<code>git model compare --json</code> has all.</p>\n",
			  columns.left);
	for (size_t i = 0; i < columns.count; i++)
		free(columns.v[i].other);
	mv_facts_release(&columns.metrics);
	mv_facts_release(&columns.params);
}
