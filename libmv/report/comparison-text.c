/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * A comparison on one screen: who against whom, the verdict in one line, then
 * each artifact that differs. Every judgement is a word before it is a
 * colour, so that it reads on paper and for those who see no red.
 */
enum {
	INDENT = 2,
	SHORT_COMMIT = 7,
	CONTENT_LINES = 12,
	FACT_ROWS = 12
};

static void put_side(struct mv_pen *pen, const char *name, const char *version,
		     const char *commit)
{
	int named = name && commit && !strncmp(name, commit, SHORT_COMMIT);

	mv_pen_begin(pen, MV_TONE_BOLD);
	mv_pen_safe_cut(pen, name ? name : commit ? commit : "the index", 60);
	mv_pen_end(pen, MV_TONE_BOLD);
	if (!version && (!commit || named))
		return;
	mv_pen_str(pen, " (");
	mv_pen_safe_cut(pen, version, 40);
	if (version && commit)
		mv_pen_str(pen, ", ");
	if (commit)
		mv_words_commit(pen, commit);
	mv_pen_str(pen, ")");
}

static void put_head(struct mv_pen *pen, const struct mv_comparison *c)
{
	put_side(pen, c->base_name, c->base_version, c->base);
	mv_pen_str(pen, " .. ");
	put_side(pen, c->head_name, c->head_version, c->head);
	mv_pen_str(pen, "\n");
	if (c->why && *c->why) {
		mv_pen_begin(pen, MV_TONE_DIM);
		mv_pen_str(pen, "base: ");
		mv_pen_safe(pen, c->why);
		mv_pen_end(pen, MV_TONE_DIM);
		mv_pen_str(pen, "\n");
	}
	mv_pen_begin(pen, mv_words_verdict_tone(c));
	mv_words_verdict(pen, c);
	mv_pen_end(pen, mv_words_verdict_tone(c));
	mv_pen_str(pen, "\n");
}

/* -- one artifact --------------------------------------------------------- */

static void put_sizes(struct mv_pen *pen, const struct mv_pair *pair)
{
	mv_pen_str(pen, "  ");
	if (!pair->has_old) {
		mv_pen_str(pen, "new, ");
		mv_words_size(pen, pair->new.size);
	} else if (!pair->has_new) {
		mv_pen_str(pen, "gone, was ");
		mv_words_size(pen, pair->old.size);
	} else if (mv_pair_same_content(pair)) {
		mv_pen_str(pen, "same content, ");
		mv_words_size(pen, pair->new.size);
	} else {
		mv_words_size(pen, pair->old.size);
		mv_pen_str(pen, " ");
		mv_pen_glyph(pen, MV_GLYPH_ARROW);
		mv_pen_str(pen, " ");
		mv_words_size(pen, pair->new.size);
	}
}

static void comparison_text_put_title(struct mv_pen *pen,
				      const struct mv_pair *pair)
{
	mv_pen_begin(pen, MV_TONE_BOLD);
	mv_pen_safe(pen, mv_pair_title(pair));
	mv_pen_end(pen, MV_TONE_BOLD);
	mv_pen_begin(pen, MV_TONE_DIM);
	if (pair->artifact && pair->path) {
		mv_pen_str(pen, "  ");
		mv_pen_safe(pen, pair->path);
	}
	if (pair->old_path) {
		mv_pen_str(pen, "  (was ");
		mv_pen_safe(pen, pair->old_path);
		mv_pen_str(pen, ")");
	}
	put_sizes(pen, pair);
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

static void put_warning(struct mv_pen *pen, const char *text)
{
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_begin(pen, MV_TONE_WARN);
	mv_pen_glyph(pen, MV_GLYPH_WARN);
	mv_pen_f(pen, " %s", text);
	mv_pen_end(pen, MV_TONE_WARN);
	mv_pen_str(pen, "\n");
}

static void put_more(struct mv_pen *pen, size_t more)
{
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_begin(pen, MV_TONE_DIM);
	mv_pen_f(pen, "(%zu more; --all)", more);
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

/* At most `rows` of it, unless everything was asked for; releases it. */
static void put_table(struct mv_pen *pen, struct mv_table *t, size_t rows,
		      int apart)
{
	size_t n = mv_table_rows(t), more = 0;

	if (n && apart)
		mv_pen_str(pen, "\n");
	if (!mv_pen_all(pen) && n > rows) {
		more = n - rows;
		mv_table_cut(t, rows);
	}
	mv_table_print(pen, t, INDENT, 1);
	if (more)
		put_more(pen, more);
	mv_table_release(t);
}

static void put_content(struct mv_pen *pen, const char *content, int apart)
{
	size_t shown = 0, more = 0;

	if (!content || !*content)
		return;
	mv_pen_str(pen, apart ? "\n" : "");
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_toned(pen, MV_TONE_DIM, "Content");
	mv_pen_str(pen, "\n");
	while (*content) {
		size_t len = strcspn(content, "\n");

		if (shown < CONTENT_LINES || mv_pen_all(pen)) {
			mv_pen_repeat(pen, " ", 2 * INDENT);
			pen->failed |= mv_buf_add_safe(pen->out, content,
						       len) != 0;
			mv_pen_str(pen, "\n");
			shown++;
		} else {
			more++;
		}
		content += len + (content[len] == '\n');
	}
	if (more)
		put_more(pen, more);
}

static void put_weights(struct mv_pen *pen, const struct mv_tensor_diff *d,
			size_t top, int apart)
{
	struct mv_table t;
	size_t more = 0, at;

	if (!d)
		return;
	mv_pen_str(pen, apart ? "\n" : "");
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_toned(pen, MV_TONE_DIM, "Weights");
	mv_pen_str(pen, "  ");
	mv_weights_words(pen, d);
	mv_pen_str(pen, "\n");
	at = pen->out->len;
	mv_pen_repeat(pen, " ", INDENT);
	mv_weights_odd_words(pen, d);
	if (pen->out->len > at + INDENT)
		mv_pen_str(pen, "\n");
	else
		pen->out->len = at;
	if (d->brief)		/* which they are, --tensors says */
		return;
	mv_table_init(&t);
	more = mv_weights_table(&t, d, mv_weights_top(top, pen));
	mv_table_print(pen, &t, INDENT, 1);
	if (more) {
		mv_pen_repeat(pen, " ", INDENT);
		mv_pen_f(pen, "(%zu more; --top)\n", more);
	}
	mv_table_release(&t);
}

static void put_pair(struct mv_pen *pen, const struct mv_comparison *c,
		     const struct mv_pair *pair)
{
	struct mv_table t;
	size_t before;

	mv_pen_str(pen, "\n");
	comparison_text_put_title(pen, pair);
	before = pen->out->len;
	mv_table_init(&t);
	mv_metric_table(&t, c, pair, 0);
	put_table(pen, &t, SIZE_MAX, 0);
	mv_words_incomparable(pen, pair, put_warning);
	mv_fact_table(&t, c, &pair->params, "Param");
	put_table(pen, &t, FACT_ROWS, pen->out->len > before);
	mv_data_table(&t, c, pair);
	put_table(pen, &t, FACT_ROWS, pen->out->len > before);
	mv_environment_table(&t, c, pair);
	put_table(pen, &t, FACT_ROWS, pen->out->len > before);
	put_content(pen, pair->content, pen->out->len > before);
	put_weights(pen, pair->weights, c->top, pen->out->len > before);
}

int mv_comparison_text(struct mv_buf *out, const struct mv_comparison *c,
		       const struct mv_style *style, struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, style);
	put_head(&pen, c);
	for (size_t i = 0; i < c->count; i++)
		put_pair(&pen, c, &c->v[i]);
	if (c->skipped_lines) {
		mv_pen_str(&pen, "\n");
		mv_words_plural(&pen, c->skipped_lines,
				"line of the notes could not be read",
				"lines of the notes could not be read");
		mv_pen_str(&pen, "\n");
	}
	return mv_pen_done(&pen, err);
}
