/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * A board as a table: the same for a terminal and for Markdown. The best of
 * a metric whose direction is known has a star, of those that were measured on
 * the same data; the others have a mark.
 */
enum { DIFFERENT = -1 };	/* of mv_fact.from, see below */

struct column {
	char *key;		/* as mv_row_value() takes it */
	const char *title;	/* into key */
};
/* What is to be said of the values in a column. */
struct judged {
	const struct mv_metric_rule *rule;
	const struct mv_value *best;
	unsigned char *other;	/* a row: measured on other data */
	int marks;		/* some are */
};
struct columns {
	struct column v[MV_TABLE_COLUMNS];
	size_t count, left;	/* shown; without room */
};

static void columns_release(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++)
		free(columns->v[i].key);
}

static int add_column(struct columns *columns, const char *prefix,
		      const char *key)
{
	struct column *c = &columns->v[columns->count];

	if (columns->count == MV_TABLE_COLUMNS - 8) {
		columns->left++;
		return 0;
	}
	c->key = mv_strf("%s%s", prefix, key);
	if (!c->key)
		return MV_ENOMEM;
	c->title = c->key + strlen(prefix);
	columns->count++;
	return 0;
}

/* -- which columns -------------------------------------------------------- */

static const struct mv_facts *row_facts(const struct mv_row *row, int metrics)
{
	return metrics ? &row->evidence.metrics : &row->evidence.params;
}

/* Every key with its first value; `from` counts the rows that agree. */
static int board_text_collect(struct mv_facts *all, const struct mv_board *b,
			      int metrics)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct mv_facts *facts = row_facts(&b->v[i], metrics);

		for (size_t j = 0; j < facts->count; j++) {
			const struct mv_fact *f = &facts->v[j];
			struct mv_fact *known = (struct mv_fact *)
				mv_fact_find(all, f->key);

			if (!known && mv_facts_set(all, f->key, &f->value, 1,
						   NULL))
				return MV_ENOMEM;
			if (!known)
				continue;
			if (known->from != (uint32_t)DIFFERENT &&
			    mv_value_eq(&known->value, &f->value))
				known->from++;
			else
				known->from = (uint32_t)DIFFERENT;
		}
	}
	return 0;
}

static int is_judged(const struct mv_board *b, const char *metric)
{
	const struct mv_metric_rule *rule =
		mv_project_metric(&b->project, mv_board_artifact(b), metric);

	return rule && rule->direction != MV_DIRECTION_NONE;
}

static int metric_place(const struct mv_board *b, const struct mv_fact *metric)
{
	if (is_judged(b, metric->key))
		return 0;
	return metric->from != b->count ? 1 : 2;
}

/* All of them: a table without a number says nothing. Where there is no room
   for all, those that are judged come first, then those that differ. */
static int add_metrics(struct columns *columns, const struct mv_board *b)
{
	struct mv_facts all = MV_FACTS_INIT;
	int rc = board_text_collect(&all, b, 1);

	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; !rc && i < all.count; i++)
			if (metric_place(b, &all.v[i]) == pass)
				rc = add_column(columns, "metrics.",
						all.v[i].key);
	mv_facts_release(&all);
	return rc;
}

static int add_params(struct columns *columns, const struct mv_board *b)
{
	struct mv_facts all = MV_FACTS_INIT;
	int rc = board_text_collect(&all, b, 0);

	for (size_t i = 0; !rc && i < all.count; i++)
		if (all.v[i].from != b->count || b->count == 1)
			rc = add_column(columns, "params.", all.v[i].key);
	mv_facts_release(&all);
	return rc;
}

static int board_text_choose(struct columns *columns, const struct mv_board *b,
			     const char *const *wanted, int log)
{
	int rc = 0;

	memset(columns, 0, sizeof(*columns));
	for (size_t i = 0; wanted && wanted[i] && !rc; i++)
		rc = add_column(columns, "", wanted[i]);
	if (wanted)
		return rc;
	rc = add_metrics(columns, b);
	return rc || log ? rc : add_params(columns, b);
}

/* -- the best ------------------------------------------------------------- */

static const struct mv_metric_rule *rule_of(const struct mv_board *b,
					    const char *key)
{
	const char *metric = NULL;

	for (size_t i = 0; i < b->count && !metric; i++)
		metric = mv_row_metric(&b->v[i], key);
	return metric ? mv_project_metric(&b->project, mv_board_artifact(b),
					  metric) : NULL;
}

static int better(const struct mv_value *a, const struct mv_value *b,
		  enum mv_direction direction)
{
	int cmp = mv_value_cmp(a, b);

	return direction == MV_DIRECTION_UP ? cmp > 0 : cmp < 0;
}

/* NULL where there is nothing to be best of. NaN is never best: it is less
   than nothing and orders last. */
static const struct mv_value *best_of(const struct mv_board *b,
				      const char *key,
				      const struct mv_metric_rule *rule,
				      const unsigned char *other)
{
	const struct mv_value *best = NULL;
	struct mv_value scratch;
	int differ = 0;

	if (!rule || rule->direction == MV_DIRECTION_NONE)
		return NULL;
	for (size_t i = 0; i < b->count; i++) {
		const struct mv_value *v = mv_row_value(&b->v[i], key,
							&scratch);

		if (!v || !mv_value_is_number(v) || v->r != v->r || other[i])
			continue;
		differ |= best && !mv_value_eq(v, best);
		if (!best || better(v, best, rule->direction))
			best = v;
	}
	return differ ? best : NULL;
}

static int board_text_judge(struct judged *j, const struct mv_board *b,
			    const struct mv_row *const *rows, const char *key)
{
	const char *metric = NULL;
	int rc = 0;

	memset(j, 0, sizeof(*j));
	j->rule = rule_of(b, key);
	j->other = calloc(b->count + 1, 1);
	if (!j->other)
		return MV_ENOMEM;
	for (size_t i = 0; i < b->count && !metric; i++)
		metric = mv_row_metric(&b->v[i], key);
	if (metric)
		rc = mv_rows_other_data(j->other, rows, b->count, metric);
	for (size_t i = 0; i < b->count; i++)
		j->marks |= j->other[i];
	j->best = best_of(b, key, j->rule, j->other);
	return rc;
}

static int judge_all(struct judged *j, const struct mv_board *b,
		     const struct columns *columns)
{
	const struct mv_row **rows = calloc(b->count + 1, sizeof(*rows));
	int rc = rows ? 0 : MV_ENOMEM;

	for (size_t i = 0; rows && i < b->count; i++)
		rows[i] = &b->v[i];
	for (size_t c = 0; !rc && c < columns->count; c++)
		rc = board_text_judge(&j[c], b, rows, columns->v[c].key);
	free(rows);
	return rc;
}

/* -- cells ---------------------------------------------------------------- */

static int some_differ(const struct mv_board *b, const char *key)
{
	struct mv_value sa, sb;
	const struct mv_value *first, *v;

	for (size_t i = 1; i < b->count; i++) {
		first = mv_row_value(&b->v[0], key, &sa);
		v = mv_row_value(&b->v[i], key, &sb);
		if (!first != !v || (v && strcmp(v->text, first->text)))
			return 1;
	}
	return 0;
}

static void value_column(struct mv_table *t, const struct mv_board *b,
			 const struct column *c)
{
	const struct mv_metric_rule *rule = rule_of(b, c->key);
	struct mv_value scratch;
	int numbers = 1;
	char *title;

	for (size_t i = 0; i < b->count && numbers; i++) {
		const struct mv_value *v = mv_row_value(&b->v[i], c->key,
							&scratch);

		numbers = !v || mv_value_is_number(v);
	}
	title = rule && rule->unit && *rule->unit ?
		mv_strf("%s (%s)", c->title, rule->unit) : strdup(c->title);
	if (!title) {
		t->pen.failed = 1;
		return;
	}
	mv_table_column(t, numbers ? MV_COLUMN_RIGHT | MV_COLUMN_KEEP :
			MV_COLUMN_SHRINK | MV_COLUMN_KEEP, title, 1);
	free(title);
}

static void value_cell(struct mv_table *t, const struct mv_row *row,
		       const char *key, const struct judged *j, int other)
{
	struct mv_value scratch;
	const struct mv_value *v = mv_row_value(row, key, &scratch);
	int is_best = v && j->best && !other && mv_value_eq(v, j->best);
	enum mv_tone tone = is_best ? MV_TONE_GOOD : MV_TONE_PLAIN;
	struct mv_pen *pen;

	if (!v) {
		pen = mv_table_cell(t, MV_TONE_DIM);
		mv_pen_str(pen, "-");
	} else {
		pen = v->type == MV_VALUE_INT || v->type == MV_VALUE_REAL ?
		      mv_table_cell(t, tone) : mv_table_foreign(t, tone);
		mv_words_value(pen, v, j->rule ? j->rule->precision : -1);
	}
	if (j->best || j->marks)
		mv_pen_str(pen, is_best ? "*" : other ? "~" : " ");
}

static void first_columns(struct mv_table *t, int artifacts, int log)
{
	mv_table_column(t, MV_COLUMN_SHRINK, "Version", 0);
	if (log)
		mv_table_column(t, MV_COLUMN_EARLY, "Date", 0);
	if (artifacts)
		mv_table_column(t, MV_COLUMN_SHRINK, "Artifact", 0);
	mv_table_column(t, MV_COLUMN_SHRINK, "Stage", 0);
	if (log)
		mv_table_column(t, MV_COLUMN_SHRINK | MV_COLUMN_EARLY,
				"Subject", 0);
}

/* Does any version hold a stage? */
static int some_staged(const struct mv_board *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->v[i].stages && *b->v[i].stages)
			return 1;
	return 0;
}

static void stage_cell(struct mv_table *t, const struct mv_row *row,
		       int staged)
{
	if (row->stages && *row->stages)
		mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_GOOD), row->stages,
				60);
	else
		mv_pen_str(mv_table_cell(t, MV_TONE_DIM), staged ? "-" : "");
}

static void first_cells(struct mv_table *t, const struct mv_row *row,
			int artifacts, int log, int staged,
			const struct mv_pen *like)
{
	const char *label = row->label ? row->label : row->version;
	struct mv_pen *pen = mv_table_foreign(t, MV_TONE_BOLD);

	mv_pen_safe_cut(pen, label, 40);
	if (row->version && label && strcmp(label, row->version)) {
		mv_pen_str(pen, " ");
		mv_pen_safe_cut(pen, row->version, 40);
	}
	if (row->head)
		mv_pen_str(pen, " (HEAD)");
	if (log) {
		pen = mv_table_cell(t, MV_TONE_DIM);
		pen->style.now = like->style.now;
		if (row->when)
			mv_words_date(pen, row->when * 1000);
	}
	if (artifacts)
		mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_PLAIN),
				row->artifact ? row->artifact : row->path, 60);
	stage_cell(t, row, staged);
	if (log)
		mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_PLAIN),
				row->subject_line, 72);
}

size_t mv_board_table(struct mv_table *t, const struct mv_board *b,
		      const char *const *wanted, int log,
		      const struct mv_pen *like, struct mv_board_marks *marks)
{
	struct judged judged[MV_TABLE_COLUMNS] = { { .rule = NULL } };
	int artifacts = (!log && b->mixed) || some_differ(b, "artifact") ||
			(!log && some_differ(b, "path"));
	int staged = some_staged(b);
	struct columns columns;

	memset(marks, 0, sizeof(*marks));
	if (board_text_choose(&columns, b, wanted, log) ||
	    judge_all(judged, b, &columns))
		t->pen.failed = 1;
	first_columns(t, artifacts, log);
	for (size_t c = 0; c < columns.count; c++) {
		marks->best |= judged[c].best != NULL;
		marks->other |= judged[c].marks;
		if (t->columns < MV_TABLE_COLUMNS)
			marks->at[t->columns] = (unsigned char)
				((judged[c].best != NULL) |
				 2 * (judged[c].marks != 0));
		value_column(t, b, &columns.v[c]);
	}
	for (size_t i = 0; i < b->count && !t->pen.failed; i++) {
		first_cells(t, &b->v[i], artifacts, log, staged, like);
		for (size_t c = 0; c < columns.count; c++)
			value_cell(t, &b->v[i], columns.v[c].key, &judged[c],
				   judged[c].other[i]);
	}
	for (size_t c = 0; c < columns.count; c++)
		free(judged[c].other);
	columns_release(&columns);
	return columns.left;
}

static void put_note(struct mv_pen *pen, size_t n, const char *one,
		     const char *many)
{
	if (!n)
		return;
	mv_pen_begin(pen, MV_TONE_DIM);
	mv_pen_str(pen, "(");
	mv_words_plural(pen, n, one, many);
	mv_pen_str(pen, ")");
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

/* A sign in a column that had no room is not to be explained. */
static void forget_left_out(struct mv_board_marks *marks,
			    const struct mv_pen *pen, const struct mv_table *t)
{
	unsigned char left[MV_TABLE_COLUMNS], seen = 0;

	mv_table_left_out(left, pen, t, 0, 1);
	for (size_t c = 0; c < MV_TABLE_COLUMNS; c++)
		seen |= left[c] ? 0 : marks->at[c];
	marks->best = seen & 1;
	marks->other = seen & 2;
}

static void board_text_put_legend(struct mv_pen *pen,
				  const struct mv_board_marks *marks)
{
	if (!marks->best && !marks->other)
		return;
	mv_pen_begin(pen, MV_TONE_DIM);
	if (marks->best)
		mv_pen_str(pen, "* " MV_BOARD_BEST);
	if (marks->other)
		mv_pen_str(pen, marks->best ? "; ~ " : "~ ");
	if (marks->other)
		mv_pen_str(pen, MV_BOARD_OTHER);
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

int mv_board_text(struct mv_buf *out, const struct mv_board *b,
		  const char *const *columns, int log,
		  const struct mv_style *style, struct mv_err *err)
{
	struct mv_board_marks marks;
	struct mv_table t;
	struct mv_pen pen;
	size_t left;

	mv_pen_init(&pen, out, style);
	mv_table_init(&t);
	left = mv_board_table(&t, b, columns, log, &pen, &marks);
	left += mv_table_print(&pen, &t, 0, 1);
	forget_left_out(&marks, &pen, &t);
	mv_table_release(&t);
	if (!b->count)
		mv_pen_str(&pen, "nothing to show\n");
	board_text_put_legend(&pen, &marks);
	mv_words_left_out(&pen, left);
	put_note(&pen, b->skipped_lines, "line of the notes could not be read",
		 "lines of the notes could not be read");
	return mv_pen_done(&pen, err);
}
