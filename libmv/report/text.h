/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_TEXT_H
#define MV_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/report/views.h"

/*
 * text: views for a terminal. Names, keys and values are made safe for it
 * (mv_buf_add_safe).
 *
 * Everything in a view may come from strangers. Output is the same for the same
 * view, on every machine.
 */
enum mv_style_flags {
	MV_STYLE_COLOR = 1 << 0,	/* ANSI colours of our own */
	MV_STYLE_UNICODE = 1 << 1,	/* else plain ASCII */
	MV_STYLE_ALL = 1 << 2		/* long lists are not cut */
};
struct mv_style {
	unsigned flags;
	int width;		/* columns; 0: 80 */
	int64_t now;		/* ms, for "3 days ago"; 0: dates only */
};
int mv_card_text(struct mv_buf *out, const struct mv_card *card,
		 const struct mv_style *style, struct mv_err *err);
int mv_comparison_text(struct mv_buf *out, const struct mv_comparison *c,
		       const struct mv_style *style, struct mv_err *err);
/* Columns NULL: those that differ. With `log`, newest first with date and
   subject; without, a leaderboard. */
int mv_board_text(struct mv_buf *out, const struct mv_board *b,
		  const char *const *columns, int log,
		  const struct mv_style *style, struct mv_err *err);
int mv_lineage_text(struct mv_buf *out, const struct mv_lineage *l,
		    const struct mv_style *style, struct mv_err *err);
int mv_lineage_dot(struct mv_buf *out, const struct mv_lineage *l,
		   struct mv_err *err);
/* Braille (or ASCII) curves with axes and a legend, `height` lines high. */
int mv_plot_text(struct mv_buf *out, const struct mv_plot *p, int height,
		 const struct mv_style *style, struct mv_err *err);
/* At most `width` of the eight block characters; "" for no points. */
int mv_sparkline(struct mv_buf *out, const struct mv_point *points,
		 size_t count, int width);

/*
 * One line of text into lines of at most `width` columns (0: no limit), the
 * further ones behind `hang` blanks. Ends no line within a word, nor within
 * what stands in quotes or brackets as long as a line can hold that; colours
 * take no room. 0 or MV_ENOMEM.
 */
int mv_wrap(struct mv_buf *out, const char *text, size_t len, size_t width,
	    size_t hang);
/* The same of many lines, each going on behind its label ("ok   ...") or two
   columns behind where it began: tables that fit stay as they are. */
int mv_wrap_lines(struct mv_buf *out, const char *text, size_t len,
		  size_t width);

/* A number as people read it: `precision` digits after the point (-1: at
   most six significant ones), thousands not grouped. */
int mv_buf_add_number(struct mv_buf *out, const struct mv_value *value,
		      int precision);

enum mv_list_flags {
	MV_LIST_RIGHT = 1 << 0,		/* numbers */
	MV_LIST_CUT = 1 << 1,		/* may be cut at its end, */
	MV_LIST_PATH = 1 << 2,		/* or at its front */
	MV_LIST_SPARE = 1 << 3,		/* without room it goes before any is
					   cut, */
	MV_LIST_EARLY = 1 << 4,		/* as the first afterwards, */
	MV_LIST_LATE = 1 << 5		/* or last */
};
struct mv_list_column {
	const char *title;
	unsigned flags;
};
/* Cells row by row; NULL and "" are "-". Says beneath how many columns had no
   room. Nothing at all without a row. */
int mv_list_text(struct mv_buf *out, const struct mv_list_column *columns,
		 size_t column_count, const char *const *cells,
		 size_t cell_count, const struct mv_style *style,
		 struct mv_err *err);

/* What does not hold, the worst first; with `explain` every rule, with what
   was expected, what was found, what that rests on, and what to do. */
int mv_verdicts_text(struct mv_buf *out, const struct mv_judged *v,
		     size_t count, int explain, const struct mv_style *style,
		     struct mv_err *err);

#endif
