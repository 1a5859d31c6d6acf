/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_PARTS_H
#define MV_REPORT_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * What the printers of this part share (private to it): a pen, which writes
 * into a buffer and remembers the first failure, so that a page of text is
 * not a page of checks; a table; and the words and numbers that text,
 * Markdown and CI say alike.
 */

/* -- pen.c ---------------------------------------------------------------- */

enum mv_tone {
	MV_TONE_PLAIN, MV_TONE_BOLD, MV_TONE_DIM, MV_TONE_GOOD, MV_TONE_BAD,
	MV_TONE_WARN
};
enum mv_glyph {
	MV_GLYPH_ARROW, MV_GLYPH_ELLIPSIS, MV_GLYPH_DOT, MV_GLYPH_TEE,
	MV_GLYPH_ELBOW, MV_GLYPH_BAR, MV_GLYPH_WARN, MV_GLYPH_AXIS_UP,
	MV_GLYPH_AXIS_TICK, MV_GLYPH_AXIS_ORIGIN, MV_GLYPH_AXIS_RIGHT,
	MV_GLYPH_AXIS_DOWN
};
struct mv_pen {
	struct mv_buf *out;
	size_t from;		/* where we began */
	struct mv_style style;
	int failed;
};
/* `style` NULL: plain ASCII, 80 columns. */
void mv_pen_init(struct mv_pen *pen, struct mv_buf *out,
		 const struct mv_style *style);
/* 0, or MV_ENOMEM with everything that was written taken back. */
int mv_pen_done(struct mv_pen *pen, struct mv_err *err);
void mv_pen_str(struct mv_pen *pen, const char *s);	/* our own words */
__attribute__((format(printf, 2, 3)))
void mv_pen_f(struct mv_pen *pen, const char *fmt, ...);
/* What comes from outside: made safe for a terminal. NULL is "". */
void mv_pen_safe(struct mv_pen *pen, const char *s);
/* The same, cut to so many columns. */
void mv_pen_safe_cut(struct mv_pen *pen, const char *s, size_t columns);
void mv_pen_trim(struct mv_pen *pen);	/* blanks at the end */
void mv_pen_repeat(struct mv_pen *pen, const char *s, size_t times);
void mv_pen_glyph(struct mv_pen *pen, enum mv_glyph glyph);
void mv_pen_begin(struct mv_pen *pen, enum mv_tone tone);
void mv_pen_end(struct mv_pen *pen, enum mv_tone tone);
void mv_pen_toned(struct mv_pen *pen, enum mv_tone tone, const char *s);
/* md.c: what is safe for a terminal, for a renderer of Markdown, too; and the
   marker by which a comment is found again. */
void mv_pen_html(struct mv_pen *pen, const char *s, size_t len);
void mv_pen_marker(struct mv_pen *pen, const char *marker);
/* ci.c: the same for text and attributes of XML, and for a command of
   GitHub's (a property of it ends earlier). */
void mv_pen_xml(struct mv_pen *pen, const char *s, size_t len);
void mv_pen_command(struct mv_pen *pen, const char *s, size_t len,
		    int property);
static inline int mv_pen_all(const struct mv_pen *pen)
{
	return (pen->style.flags & MV_STYLE_ALL) != 0;
}

/* -- width.c -------------------------------------------------------------- */

/* Columns that a terminal gives a text: 0, 1 or 2 a code point. Asks no
   locale. */
size_t mv_width(const char *s, size_t len);
/* How many bytes of `s` fit into so many columns. */
size_t mv_width_fit(const char *s, size_t len, size_t columns);

/* -- table.c -------------------------------------------------------------- */

enum { MV_TABLE_COLUMNS = 48 };
enum mv_column_flags {
	MV_COLUMN_RIGHT = 1 << 0,
	MV_COLUMN_SHRINK = 1 << 1,	/* may be cut when there is no room */
	MV_COLUMN_KEEP = 1 << 2,	/* stays, even with nothing in it */
	MV_COLUMN_TAIL = 1 << 3,	/* a path: cut at its front, and later */
	/* Without room it goes before any is cut, as the first afterwards, or
	   only when no other is left: what the table is about, a verdict. */
	MV_COLUMN_SPARE = 1 << 4,
	MV_COLUMN_EARLY = 1 << 5,
	MV_COLUMN_LATE = 1 << 6
};
struct mv_cell {
	size_t off;		/* in `text` */
	enum mv_tone tone;
	int foreign;		/* text from outside: a name, a value */
};
/*
 * Cells are written one after the other, row by row; the column titles are
 * the first row. A column that is empty below its title is not printed.
 */
struct mv_table {
	struct mv_buf text;
	struct mv_pen pen;
	struct mv_cell *cells;
	size_t count, alloc;
	unsigned flags[MV_TABLE_COLUMNS];
	size_t columns;
};
void mv_table_init(struct mv_table *t);
void mv_table_release(struct mv_table *t);
/* Before the first cell. Beyond MV_TABLE_COLUMNS it is left out: 0. */
int mv_table_column(struct mv_table *t, unsigned flags, const char *title,
		    int foreign);
/* The next cell is what is written with this pen until the one after. */
struct mv_pen *mv_table_cell(struct mv_table *t, enum mv_tone tone);
struct mv_pen *mv_table_foreign(struct mv_table *t, enum mv_tone tone);
size_t mv_table_rows(const struct mv_table *t);	/* without titles */
void mv_table_cut(struct mv_table *t, size_t rows);	/* keep the first */
/*
 * Each line behind `indent` blanks and at most the style's width wide:
 * columns that may are cut, at last titles, down to the values below them;
 * then columns are left out, the rightmost first but for SPARE, EARLY and
 * LATE. The first stays unless it is one of these. Returns how many were left
 * out.
 */
size_t mv_table_print(struct mv_pen *pen, const struct mv_table *t,
		      size_t indent, int titles);
/* Which columns that would leave out, 1 each (or has nothing to show in). */
void mv_table_left_out(unsigned char out[MV_TABLE_COLUMNS],
		       const struct mv_pen *pen, const struct mv_table *t,
		       size_t indent, int titles);
/* Text, tone of one cell; row 0 has the titles. */
const char *mv_table_at(const struct mv_table *t, size_t row, size_t column,
			size_t *len, const struct mv_cell **cell);
int mv_table_is_empty(const struct mv_table *t, size_t column);

/* -- number.c ------------------------------------------------------------- */

enum { MV_NUMBER_MAX = 64 };
/* `text` has room for MV_NUMBER_MAX. Asks no locale. */
void mv_number_print(char *text, double v, int precision);

/* -- words.c: what text, Markdown and CI say alike ------------------------ */

void mv_words_size(struct mv_pen *pen, uint64_t bytes);
/* 7 digits, each. */
void mv_words_commit(struct mv_pen *pen, const char *commit);
void mv_words_oid(struct mv_pen *pen, const struct mv_oid *oid);
void mv_words_date(struct mv_pen *pen, int64_t ms);	/* or "3 days ago" */
void mv_words_duration(struct mv_pen *pen, int64_t ms);
void mv_words_value(struct mv_pen *pen, const struct mv_value *v,
		    int precision);
/* A value of the environment: bytes of memory as people read them. */
void mv_words_environment(struct mv_pen *pen, const char *key,
			  const struct mv_value *v);
void mv_words_plural(struct mv_pen *pen, size_t n, const char *one,
		     const char *many);
/* "(3 more columns: ...)", a line of its own; nothing for none. */
void mv_words_left_out(struct mv_pen *pen, size_t columns);
/* "+0.019", "-3"; nothing where there is no difference to tell. */
void mv_words_diff(struct mv_pen *pen, const struct mv_change *change);
void mv_words_relative(struct mv_pen *pen, const struct mv_change *change);
enum mv_tone mv_words_tone(const struct mv_change *change);
int mv_change_precision(const struct mv_change *change);
int mv_change_is_same(const struct mv_change *change);
/* "auc", "latency (ms)" */
void mv_words_metric(struct mv_pen *pen, const struct mv_change *change);
/* Counted from the changes themselves. */
struct mv_tally {
	size_t better, worse, incomparable, changed;	/* metrics */
	size_t judged_in, differ;			/* artifacts */
};
void mv_pair_count(struct mv_tally *t, const struct mv_pair *pair);
void mv_comparison_count(struct mv_tally *t, const struct mv_comparison *c);
/* "1 metric worse, 2 better, in 2 artifacts" */
void mv_words_verdict(struct mv_pen *pen, const struct mv_comparison *c);
enum mv_tone mv_words_verdict_tone(const struct mv_comparison *c);
/* What a metric was measured on, by the names of the datasets. */
void mv_words_eval_data(struct mv_pen *pen, const struct mv_evidence *e,
			const char *key);
const struct mv_fact *mv_fact_find(const struct mv_facts *facts,
				   const char *key);
const char *mv_pair_title(const struct mv_pair *pair);
int mv_pair_same_content(const struct mv_pair *pair);

/*
 * The warnings about metrics that were not measured on the same data: one
 * for each two sides, with the metrics' names. fn gets "not measured on the
 * same evaluation data: a, b: old against new".
 */
typedef void (*mv_warning_fn)(struct mv_pen *pen, const char *text);
void mv_words_incomparable(struct mv_pen *pen, const struct mv_pair *pair,
			   mv_warning_fn fn);

/* Tables of a comparison. The orders: 0 as the changes are, 1 worse first. */
void mv_metric_table(struct mv_table *t, const struct mv_comparison *c,
		     const struct mv_pair *pair, int worse_first);
void mv_fact_table(struct mv_table *t, const struct mv_comparison *c,
		   const struct mv_changes *changes, const char *title);
void mv_environment_table(struct mv_table *t, const struct mv_comparison *c,
			  const struct mv_pair *pair);
void mv_data_table(struct mv_table *t, const struct mv_comparison *c,
		   const struct mv_pair *pair);

/* -- weights.c ------------------------------------------------------------ */

/* "3 of 291 tensors changed (...), 288 the same"; and of NaN and Inf, or
   nothing. */
void mv_weights_words(struct mv_pen *pen, const struct mv_tensor_diff *d);
void mv_weights_odd_words(struct mv_pen *pen, const struct mv_tensor_diff *d);
/* At most `top` of them; returns how many more there are. */
size_t mv_weights_table(struct mv_table *t, const struct mv_tensor_diff *d,
			size_t top);
/* As many as weights.h says. */
size_t mv_weights_top(size_t top, const struct mv_pen *pen);

/* -- board.c, board-text.c ------------------------------------------------ */

/* What a row says to a key (see mv_board_where); `scratch` keeps what had to
   be made. NULL: nothing. */
const struct mv_value *mv_row_value(const struct mv_row *row, const char *key,
				    struct mv_value *scratch);
/* mv_board_knows() of one key. */
int mv_board_knows_key(const struct mv_board *b, const char *key,
		       struct mv_err *err);
/* Of "metrics.auc" and "auc", when it is a metric: "auc". */
const char *mv_row_metric(const struct mv_row *row, const char *key);
/* Which signs stand in a table: those are explained below it. */
#define MV_BOARD_BEST "best of its column"
#define MV_BOARD_OTHER "measured on other evaluation data, so not compared"
struct mv_board_marks {
	int best, other;
	/* The same by the columns of the table: 1 best, 2 other, 3 both. */
	unsigned char at[MV_TABLE_COLUMNS];
};
/* Returns how many columns had no place in it. */
size_t mv_board_table(struct mv_table *t, const struct mv_board *b,
		      const char *const *columns, int log,
		      const struct mv_pen *like, struct mv_board_marks *marks);

/* -- board-data.c --------------------------------------------------------- */

/*
 * other[i]: this row's value of the metric was measured on other evaluation
 * data than those that are compared: the ones that most rows have, or of as
 * many the first ones. MV_ENOMEM.
 */
int mv_rows_other_data(unsigned char *other, const struct mv_row *const *rows,
		       size_t count, const char *metric);
/* No, too, for want of memory: then nothing is called better. */
int mv_rows_same_data(const struct mv_row *a, const struct mv_row *b,
		      const char *metric);

/* -- verdict.c: what is said of a finding alike everywhere ---------------- */

/* No decides; what only warns or is evaluated does not. */
enum mv_weight {
	MV_WEIGHT_FAIL, MV_WEIGHT_WARN, MV_WEIGHT_NOTE, MV_WEIGHT_PASS
};
enum mv_weight mv_finding_weight(const struct mv_finding *f);
const char *mv_finding_mode(const struct mv_finding *f);
/* " (only a warning)", or "". */
const char *mv_finding_remark(const struct mv_finding *f);
/* "expected 2; found 1; do ..." */
void mv_finding_reason(struct mv_pen *pen, const struct mv_finding *f);
/* The rule's key: what stands before the "=". */
size_t mv_finding_key_len(const struct mv_finding *f);
/* For a piece that is to be looked at before it is added; yours to release. */
struct mv_pen mv_pen_piece(struct mv_buf *piece);

#endif
