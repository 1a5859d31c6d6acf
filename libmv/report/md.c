/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/report/md.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * Markdown for a comment, as GitHub and GitLab render it: with HTML. What
 * comes from outside is made safe for a terminal first, stands in <code>
 * (where neither makes links of mentions, issues, addresses or commits), and
 * has every character with a meaning as an entity: it cannot end its cell,
 * its tag or its line.
 *
 * The page is built of whole pieces (a row, a heading), each added only if it
 * fits, and what closes it has its place kept: a cut page is a whole page.
 */
enum {
	CELL_MAX = 200,		/* columns of text */
	OPEN_ROWS = 12,		/* more are folded */
	OPEN_FACTS = 8,
	CONTENT_LINES = 200,
	KEPT = 400,		/* for the closing tags and the note */
	PIECE_MAX = 1 << 20,
	FOREIGN_MAX = 4096,	/* bytes; far more than CELL_MAX columns */
	SPARK_WIDTH = 24,
	SHORT_COMMIT = 7
};

struct md {
	struct mv_pen pen;
	size_t limit;		/* of out->len */
	int full;
	size_t rows, artifacts;	/* that found no place */
	struct mv_buf piece;
};

static const struct mv_style md_style = { .flags = MV_STYLE_UNICODE };

static void md_init(struct md *md, struct mv_buf *out, size_t max)
{
	memset(md, 0, sizeof(*md));
	mv_pen_init(&md->pen, out, &md_style);
	md->limit = out->len + max - KEPT;
	mv_buf_init(&md->piece, PIECE_MAX);
}

/* Write the next piece with this pen, then md_add() it. */
static struct mv_pen md_begin(struct md *md)
{
	struct mv_pen pen;

	mv_buf_clear(&md->piece);
	mv_pen_init(&pen, &md->piece, &md_style);
	return pen;
}

static int md_add(struct md *md, const struct mv_pen *piece)
{
	md->pen.failed |= piece->failed;
	if (md->full || md->pen.failed)
		return 0;
	if (md->pen.out->len + md->piece.len > md->limit) {
		md->full = 1;
		return 0;
	}
	md->pen.failed |= mv_buf_add(md->pen.out, md->piece.data,
				     md->piece.len) != 0;
	return 1;
}

/* -- escaping ------------------------------------------------------------- */

static int is_plain(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || strchr(" ,()/+-%=", c);
}

/* A dot is plain but in "www.", of which a renderer would make a link. */
void mv_pen_html(struct mv_pen *pen, const char *s, size_t len)
{
	for (size_t i = 0; i < len && !pen->failed; i++) {
		unsigned char c = (unsigned char)s[i];

		if (is_plain(c) ||
		    (c == '.' && !(i && (s[i - 1] | 0x20) == 'w')))
			pen->failed |= mv_buf_addch(pen->out, s[i]) != 0;
		else
			mv_pen_f(pen, "&#%u;", c);
	}
}

static void put_code(struct mv_pen *pen, const char *s, size_t len)
{
	if (!len)
		return;
	mv_pen_str(pen, "<code>");
	mv_pen_html(pen, s, len);
	mv_pen_str(pen, "</code>");
}

/* Straight from outside. */
static void put_foreign_n(struct mv_pen *pen, const char *s, size_t len,
			  int code)
{
	struct mv_buf safe;
	size_t fit;

	mv_buf_init(&safe, FOREIGN_MAX * 10);
	fit = len > FOREIGN_MAX ? FOREIGN_MAX : len;
	pen->failed |= mv_buf_add_safe(&safe, s, fit) != 0;
	fit = mv_width_fit(safe.data, safe.len, CELL_MAX);
	if (code)
		mv_pen_str(pen, "<code>");
	mv_pen_html(pen, safe.data, fit);
	mv_pen_str(pen, fit < safe.len ? "…" : "");
	if (code)
		mv_pen_str(pen, "</code>");
	mv_buf_release(&safe);
}

static void put_foreign(struct mv_pen *pen, const char *s)
{
	if (s && *s)
		put_foreign_n(pen, s, strlen(s), 1);
}

/* -- tables --------------------------------------------------------------- */

static void md_put_row(struct mv_pen *pen, const struct mv_table *t, size_t row)
{
	const struct mv_cell *cell;
	const char *s;
	size_t len;

	mv_pen_str(pen, "|");
	for (size_t c = 0; c < t->columns; c++) {
		if (mv_table_is_empty(t, c))
			continue;
		s = mv_table_at(t, row, c, &len, &cell);
		while (len && s[len - 1] == ' ')
			len--;
		mv_pen_str(pen, " ");
		if (cell && cell->foreign)
			put_code(pen, s, len);
		else
			mv_pen_html(pen, s, len);
		mv_pen_str(pen, " |");
	}
	mv_pen_str(pen, "\n");
}

static void put_rule(struct mv_pen *pen, const struct mv_table *t)
{
	mv_pen_str(pen, "|");
	for (size_t c = 0; c < t->columns; c++)
		if (!mv_table_is_empty(t, c))
			mv_pen_str(pen, t->flags[c] & MV_COLUMN_RIGHT ?
				   "---:|" : "---|");
	mv_pen_str(pen, "\n");
}

static void put_fold(struct mv_pen *pen, size_t n, const char *what)
{
	mv_pen_f(pen, "<details><summary>%s (%zu)</summary>\n\n", what, n);
}

/* Rows from..to (1 is the first); folded under a summary when there is one.
   A heading without a row would say nothing, so both go in as one piece. */
static void add_rows(struct md *md, const struct mv_table *t, size_t from,
		     size_t to, const char *fold)
{
	struct mv_pen pen = md_begin(md);
	size_t row = from;

	if (from > to)
		return;
	if (fold)
		put_fold(&pen, to - from + 1, fold);
	md_put_row(&pen, t, 0);
	put_rule(&pen, t);
	md_put_row(&pen, t, row);
	if (!md_add(md, &pen)) {
		md->rows += to - from + 1;
		return;
	}
	while (++row <= to && !md->full) {
		pen = md_begin(md);
		md_put_row(&pen, t, row);
		md->rows += !md_add(md, &pen);
	}
	md->rows += to + 1 - row;
	mv_pen_str(&md->pen, fold ? "\n</details>\n\n" : "\n");
}

/* Releases it. More than `open` rows are folded, from the first on where
   `all`, else those beyond. */
static void add_table(struct md *md, struct mv_table *t, size_t open, int all,
		      const char *fold)
{
	size_t rows = mv_table_rows(t);

	md->pen.failed |= t->pen.failed;
	if (rows <= open)
		open = rows;
	else if (all)
		open = 0;
	add_rows(md, t, 1, open, NULL);
	add_rows(md, t, open + 1, rows, fold);
	mv_table_release(t);
}

/* -- a comparison --------------------------------------------------------- */

/* Only what cannot end a comment: "--" and ">" neither. */
void mv_pen_marker(struct mv_pen *pen, const char *marker)
{
	char last = '-';

	mv_pen_str(pen, "<!-- git-model: ");
	for (size_t i = 0; marker && marker[i] && i < 200; i++) {
		char c = marker[i];
		int ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			 (c >= 'A' && c <= 'Z') || strchr("._/ ", c) ||
			 (c == '-' && last != '-');

		last = ok ? c : '_';
		pen->failed |= mv_buf_addch(pen->out, last) != 0;
	}
	mv_pen_str(pen, " -->\n");
}

static void put_side(struct mv_pen *pen, const char *name, const char *version,
		     const char *commit)
{
	put_foreign(pen, name ? name : commit ? commit : "the index");
	if (!version && !commit)
		return;
	mv_pen_str(pen, " (");
	put_foreign(pen, version);
	mv_pen_str(pen, version && commit ? ", " : "");
	if (commit)
		put_foreign_n(pen, commit, strnlen(commit, SHORT_COMMIT), 1);
	mv_pen_str(pen, ")");
}

static void add_head(struct md *md, const struct mv_comparison *c,
		     const char *marker)
{
	struct mv_pen pen = md_begin(md);

	mv_pen_marker(&pen, marker);
	mv_pen_str(&pen, "### git-model: ");
	mv_words_verdict(&pen, c);
	mv_pen_str(&pen, "\n\n");
	md_add(md, &pen);
	pen = md_begin(md);
	put_side(&pen, c->base_name, c->base_version, c->base);
	mv_pen_str(&pen, " .. ");
	put_side(&pen, c->head_name, c->head_version, c->head);
	if (c->why && *c->why) {
		mv_pen_str(&pen, "<br>base: ");
		put_foreign(&pen, c->why);
	}
	mv_pen_str(&pen, "\n\n");
	md_add(md, &pen);
}

static void put_sizes(struct mv_pen *pen, const struct mv_pair *pair)
{
	if (pair->has_old)
		mv_words_size(pen, pair->old.size);
	if (mv_pair_same_content(pair)) {
		mv_pen_str(pen, ", same content");
		return;
	}
	mv_pen_str(pen, !pair->has_old ? "new, " : pair->has_new ? " → " :
		   ", gone");
	if (pair->has_new)
		mv_words_size(pen, pair->new.size);
}

static int add_title(struct md *md, const struct mv_pair *pair)
{
	struct mv_pen pen = md_begin(md);

	mv_pen_str(&pen, "#### ");
	put_foreign(&pen, mv_pair_title(pair));
	mv_pen_str(&pen, "\n\n");
	if (pair->artifact && pair->path) {
		put_foreign(&pen, pair->path);
		mv_pen_str(&pen, ", ");
	}
	if (pair->old_path) {
		mv_pen_str(&pen, "was ");
		put_foreign(&pen, pair->old_path);
		mv_pen_str(&pen, ", ");
	}
	put_sizes(&pen, pair);
	mv_pen_str(&pen, "\n\n");
	return md_add(md, &pen);
}

static void put_warning(struct mv_pen *pen, const char *text)
{
	size_t len = strlen(text), fit = mv_width_fit(text, len, 1000);

	mv_pen_str(pen, "> **Warning**: ");
	put_code(pen, text, fit);
	mv_pen_str(pen, fit < len ? "…\n\n" : "\n\n");
}

/* Each curve as a word that any renderer shows, first and last value. */
static void add_curves(struct md *md, const struct mv_curves *curves)
{
	char text[MV_NUMBER_MAX];
	struct mv_table t;

	mv_table_init(&t);
	mv_table_column(&t, 0, "Curve", 0);
	mv_table_column(&t, MV_COLUMN_RIGHT, "First", 0);
	mv_table_column(&t, 0, "Shape", 0);
	mv_table_column(&t, MV_COLUMN_RIGHT, "Last", 0);
	for (size_t i = 0; i < curves->count; i++) {
		const struct mv_series *s = &curves->series[i];
		struct mv_pen *cell;

		if (!s->count)
			continue;
		mv_pen_safe_cut(mv_table_foreign(&t, MV_TONE_PLAIN), s->name,
				CELL_MAX);
		mv_number_print(text, s->points[0].value, -1);
		mv_pen_str(mv_table_cell(&t, MV_TONE_PLAIN), text);
		cell = mv_table_cell(&t, MV_TONE_PLAIN);
		cell->failed |= mv_sparkline(cell->out, s->points, s->count,
					     SPARK_WIDTH) != 0;
		mv_number_print(text, s->points[s->count - 1].value, -1);
		mv_pen_str(mv_table_cell(&t, MV_TONE_PLAIN), text);
	}
	add_table(md, &t, OPEN_FACTS, 0, "More curves");
}

static void add_content(struct md *md, const char *content)
{
	struct mv_pen pen = md_begin(md);
	size_t lines = 0, shown = 0;

	if (!content || !*content)
		return;
	for (const char *s = content; *s; lines++)
		s += strcspn(s, "\n") + (s[strcspn(s, "\n")] == '\n');
	put_fold(&pen, lines, "Content");
	mv_pen_str(&pen, "<pre>\n");
	if (!md_add(md, &pen)) {
		md->rows += lines;
		return;
	}
	while (*content && shown < CONTENT_LINES && !md->full) {
		size_t len = strcspn(content, "\n");

		pen = md_begin(md);
		put_foreign_n(&pen, content, len, 0);
		mv_pen_str(&pen, "\n");
		shown += md_add(md, &pen) != 0;
		content += len + (content[len] == '\n');
	}
	md->rows += lines - shown;
	mv_pen_str(&md->pen, "</pre>\n</details>\n\n");
}

static void add_weights(struct md *md, const struct mv_tensor_diff *d,
			size_t top)
{
	struct mv_table t;
	struct mv_pen pen;

	if (!d)
		return;
	pen = md_begin(md);
	mv_pen_str(&pen, "Weights: ");
	mv_weights_words(&pen, d);
	mv_pen_str(&pen, "\n\n");
	md_add(md, &pen);
	if (d->brief)
		return;
	mv_table_init(&t);
	mv_weights_table(&t, d, mv_weights_top(top, &md->pen));
	add_table(md, &t, OPEN_ROWS, 1, "Tensors");
}

/* Is there more to say than that the bytes are others? */
static int has_details(const struct mv_pair *pair)
{
	return pair->metrics.count || pair->params.count ||
	       pair->environment.count || pair->data_changed ||
	       (pair->content && *pair->content) || pair->weights;
}

static void add_pair(struct md *md, const struct mv_comparison *c,
		     const struct mv_pair *pair)
{
	struct mv_tally tally = { 0 };
	struct mv_table t;
	struct mv_pen pen;
	size_t open;

	if (!add_title(md, pair)) {
		md->artifacts++;
		return;
	}
	mv_pair_count(&tally, pair);
	pen = md_begin(md);
	mv_words_incomparable(&pen, pair, put_warning);
	md_add(md, &pen);
	/* What got worse is never folded away. */
	open = tally.worse > OPEN_ROWS ? tally.worse : OPEN_ROWS;
	mv_table_init(&t);
	mv_metric_table(&t, c, pair, 1);
	add_table(md, &t, open, 0, "More metrics");
	add_curves(md, &pair->curves);
	mv_fact_table(&t, c, &pair->params, "Param");
	add_table(md, &t, OPEN_FACTS, 1, "Params");
	mv_data_table(&t, c, pair);
	add_table(md, &t, OPEN_FACTS, 1, "Data");
	mv_environment_table(&t, c, pair);
	add_table(md, &t, 0, 1, "Environment");
	add_content(md, pair->content);
	add_weights(md, pair->weights, c->top);
}

static int md_rank(const struct mv_pair *pair)
{
	struct mv_tally t = { 0 };

	if (!has_details(pair))
		return 4;
	mv_pair_count(&t, pair);
	return t.worse ? 0 : t.incomparable ? 1 : t.better ? 2 : 3;
}

/* Those of which there is nothing else to say, in one table. */
static void add_rest(struct md *md, const struct mv_comparison *c)
{
	struct mv_table t;

	mv_table_init(&t);
	mv_table_column(&t, 0, "Artifact", 0);
	mv_table_column(&t, 0, "Path", 0);
	mv_table_column(&t, 0, "Size", 0);
	for (size_t i = 0; i < c->count; i++) {
		const struct mv_pair *pair = &c->v[i];

		if (md_rank(pair) != 4)
			continue;
		mv_pen_safe_cut(mv_table_foreign(&t, MV_TONE_PLAIN),
				pair->artifact, CELL_MAX);
		mv_pen_safe_cut(mv_table_foreign(&t, MV_TONE_PLAIN),
				pair->path, CELL_MAX);
		put_sizes(mv_table_cell(&t, MV_TONE_PLAIN), pair);
	}
	add_table(md, &t, OPEN_FACTS, 1, "Without evidence");
}

/* Into the place that was kept for it. */
static void put_end(struct md *md, size_t skipped)
{
	struct mv_pen *pen = &md->pen;

	if (skipped) {
		mv_words_plural(pen, skipped, "line", "lines");
		mv_pen_str(pen, " of the notes could not be read.\n");
	}
	if (!md->full)
		return;
	mv_pen_str(pen, "\n**Cut**: ");
	if (md->artifacts) {
		mv_words_plural(pen, md->artifacts, "artifact", "artifacts");
		mv_pen_str(pen, md->rows ? " and " : "");
	}
	if (md->rows || !md->artifacts)
		mv_words_plural(pen, md->rows, "row", "rows");
	mv_pen_str(pen, " found no place here; "
		   "`git model diff --all` shows everything.\n");
}

static int md_done(struct md *md, struct mv_err *err)
{
	mv_buf_release(&md->piece);
	return mv_pen_done(&md->pen, err);
}

int mv_comparison_md(struct mv_buf *out, const struct mv_comparison *c,
		     const char *marker, size_t max, struct mv_err *err)
{
	unsigned char *ranks;
	struct md md;

	if (max < MV_MARKDOWN_MIN)
		return mv_fail(err, MV_EINVALID,
			       "a comment of less than %d characters has no "
			       "room for a comparison", MV_MARKDOWN_MIN);
	ranks = malloc(c->count + 1);
	if (!ranks)
		return mv_nomem(err);
	for (size_t i = 0; i < c->count; i++)
		ranks[i] = (unsigned char)md_rank(&c->v[i]);
	md_init(&md, out, max);
	add_head(&md, c, marker);
	for (int r = 0; r < 4; r++)
		for (size_t i = 0; i < c->count; i++)
			if (ranks[i] == r)
				add_pair(&md, c, &c->v[i]);
	add_rest(&md, c);
	put_end(&md, c->skipped_lines);
	free(ranks);
	return md_done(&md, err);
}

/* -- a board, a card ------------------------------------------------------ */

int mv_board_md(struct mv_buf *out, const struct mv_board *b,
		const char *const *columns, struct mv_err *err)
{
	struct mv_board_marks marks;
	struct mv_table t;
	struct md md;

	md_init(&md, out, MV_MARKDOWN_MAX);
	mv_table_init(&t);
	mv_board_table(&t, b, columns, 0, &md.pen, &marks);
	if (!b->count)
		mv_pen_str(&md.pen, "nothing to show\n");
	add_table(&md, &t, SIZE_MAX, 0, NULL);
	if (marks.best)
		mv_pen_str(&md.pen, "\n`*`: " MV_BOARD_BEST "\n");
	if (marks.other)
		mv_pen_str(&md.pen, "\n`~`: " MV_BOARD_OTHER "\n");
	put_end(&md, b->skipped_lines);
	return md_done(&md, err);
}

static void add_card_title(struct md *md, const struct mv_card *card)
{
	struct mv_pen pen = md_begin(md);
	const char *also[] = { card->version, card->stages, card->type };

	mv_pen_str(&pen, "### ");
	put_foreign(&pen, card->title);
	for (size_t i = 0; i < sizeof(also) / sizeof(*also); i++)
		if (also[i] && *also[i]) {
			mv_pen_str(&pen, " ");
			put_foreign(&pen, also[i]);
		}
	mv_pen_str(&pen, "\n\n");
	if (card->description) {
		put_foreign(&pen, card->description);
		mv_pen_str(&pen, "<br>");
	}
	if (card->format) {
		put_foreign(&pen, card->format);
		mv_pen_str(&pen, "<br>");
	}
	mv_words_size(&pen, card->logical);
	mv_pen_str(&pen, ", <code>");
	mv_words_oid(&pen, &card->oid);
	mv_pen_str(&pen, "</code>\n\n");
	md_add(md, &pen);
}

static void add_facts(struct md *md, const char *title,
		      const struct mv_facts *facts,
		      const struct mv_card *card, const char *fold)
{
	struct mv_table t;

	mv_table_init(&t);
	mv_table_column(&t, 0, title, 0);
	mv_table_column(&t, card ? MV_COLUMN_RIGHT : 0, "Value", 0);
	mv_table_column(&t, 0, "Curve", 0);
	for (size_t i = 0; i < facts->count; i++) {
		const struct mv_fact *f = &facts->v[i];
		const struct mv_metric_rule *rule = card ?
			mv_project_metric(&card->project, card->artifact,
					  f->key) : NULL;
		struct mv_pen *cell;

		mv_pen_safe_cut(mv_table_foreign(&t, MV_TONE_PLAIN), f->key,
				CELL_MAX);
		cell = mv_value_is_number(&f->value) ?
		       mv_table_cell(&t, MV_TONE_PLAIN) :
		       mv_table_foreign(&t, MV_TONE_PLAIN);
		if (!card && !strcmp(title, "Environment"))
			mv_words_environment(cell, f->key, &f->value);
		else
			mv_words_value(cell, &f->value,
				       rule ? rule->precision : -1);
		if (rule && rule->unit) {
			mv_pen_str(cell, " ");
			mv_pen_safe_cut(cell, rule->unit, 20);
		}
		cell = mv_table_cell(&t, MV_TONE_PLAIN);
		for (size_t k = 0; card && k < card->curve_count; k++)
			if (!strcmp(card->curves[k].name, f->key))
				cell->failed |= mv_sparkline(cell->out,
					card->curves[k].points,
					card->curves[k].count,
					SPARK_WIDTH) != 0;
	}
	add_table(md, &t, OPEN_ROWS, 1, fold);
}

int mv_card_md(struct mv_buf *out, const struct mv_card *card,
	       struct mv_err *err)
{
	const struct mv_evidence *e = &card->evidence;
	struct md md;

	md_init(&md, out, MV_MARKDOWN_MAX);
	add_card_title(&md, card);
	add_facts(&md, "Metric", &e->metrics, card, "Metrics");
	add_facts(&md, "Param", &e->params, NULL, "Params");
	if (e->environment)
		add_facts(&md, "Environment", &e->environment->environment,
			  NULL, "Environment");
	put_end(&md, e->skipped);
	return md_done(&md, err);
}
