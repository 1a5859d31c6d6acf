/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_HTML_H
#define MV_REPORT_HTML_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/report/parts.h"
#include "libmv/report/views.h"

/*
 * What the HTML files of this part share (private to it). A page is written
 * body first, so that its head knows what it needs. Everything from outside
 * goes through mv_html_text() or mv_html_say(): made safe as for a terminal
 * (so that nothing invisible changes the direction of a line), then escaped,
 * which is right for text and for attributes in double quotes. No address is
 * ever made of data.
 */

/* -- assets.c: files that are built into the program ---------------------- */

struct mv_asset {
	const char *data;
	size_t len;
};
struct mv_asset mv_asset_css(void);
struct mv_asset mv_asset_script(void);
struct mv_asset mv_asset_chart(void);	/* Chart.js */

/* -- html-write.c: text, and tables --------------------------------------- */

/* How a script or style is named in a Content-Security-Policy. */
enum { MV_HTML_HASH = 52 };
struct mv_html_hashes {
	char css[MV_HTML_HASH], script[MV_HTML_HASH], chart[MV_HTML_HASH];
};
int mv_html_hashes(struct mv_html_hashes *out, struct mv_err *err);

struct mv_html {
	struct mv_buf body;
	struct mv_pen pen;	/* our own markup, into the body */
	struct mv_buf scrap;
	struct mv_pen words;
	size_t charts;		/* so far */
};
void mv_html_init(struct mv_html *h);
void mv_html_release(struct mv_html *h);
void mv_html_raw(struct mv_html *h, const char *markup);
__attribute__((format(printf, 2, 3)))
void mv_html_f(struct mv_html *h, const char *fmt, ...);	/* markup */
/* From outside; NULL is "". */
void mv_html_text(struct mv_html *h, const char *s);
/* The same between <bdi> and </bdi>: a name within our own words. */
void mv_html_name(struct mv_html *h, const char *s);
/* 1. A pen for what is safe for a terminal; 2. all of it, escaped. */
struct mv_pen *mv_html_words(struct mv_html *h);
void mv_html_say(struct mv_html *h);
/* A tone's class: "good", "bad" ... or "". */
const char *mv_html_tone(enum mv_tone tone);

/* <table> and <thead><tr>; then a mv_html_th() for each column; then
   mv_html_tbody(); then the rows; then mv_html_table_end(). */
enum mv_th_flags {
	MV_TH_NUMBER = 1 << 0,
	MV_TH_SORT = 1 << 1,
	MV_TH_DOWN = 1 << 2,	/* the first click: the greatest first */
	MV_TH_DATE = 1 << 3	/* sorts as a number, looks like text */
};
void mv_html_table_begin(struct mv_html *h, const char *caption, int sortable,
			 int show_caption);
void mv_html_th(struct mv_html *h, unsigned flags, const char *title,
		const char *unit);
void mv_html_tbody(struct mv_html *h);
void mv_html_table_end(struct mv_html *h);
/* <td> of a number or text with what sorts it; NULL: none. */
enum mv_td_mark { MV_TD_BEST = 1, MV_TD_OTHER };	/* measured on other data */
void mv_html_td_value(struct mv_html *h, const struct mv_value *v,
		      int precision, int mark);
void mv_html_td_date(struct mv_html *h, int64_t s);
void mv_html_td_size(struct mv_html *h, uint64_t bytes);
void mv_html_td_text(struct mv_html *h, const char *s);
void mv_html_td_long(struct mv_html *h, const char *s);	/* a sentence */
/* The whole of such a table, but of nothing where it has no rows. Releases
   it. */
void mv_html_table(struct mv_html *h, struct mv_table *t, const char *caption,
		   const char *fold);

/* -- html-page.c ---------------------------------------------------------- */

#define MV_HTML_MARK "<meta name=\"generator\" content=\"git-model report\">"
struct mv_html_frame {
	const char *title;
	int64_t now;		/* ms; 0: not said */
	int index, compare;	/* there are such pages beside this one */
	const char *here;	/* file name of this page, or NULL */
	const struct mv_html_hashes *hashes;	/* or NULL */
};
/* Adds the page to `out`. */
int mv_html_page(struct mv_buf *out, struct mv_html *h,
		 const struct mv_html_frame *frame, struct mv_err *err);
/* "artifact-3-fraud.html"; only [a-z0-9-.]. */
void mv_html_page_name(struct mv_html *h, size_t n, const char *title);

/* -- html-board.c --------------------------------------------------------- */

/* Rows of a board, in the order in which they are shown: newest first. */
struct mv_html_rows {
	const struct mv_project *project;
	const struct mv_row **v;
	size_t count;
	const char *artifact;	/* that all of them are of; or NULL */
};
/* Those of one artifact (by name, else by path; both NULL: all); of rows with
   the same content, HEAD's is left out. */
int mv_html_rows_of(struct mv_html_rows *out, const struct mv_board *b,
		    const char *artifact, const char *path);
void mv_html_rows_release(struct mv_html_rows *rows);
/* Keys that the rows have, each once; with `differing`, those that are not
   the same in all. mv_html_is_judged(): has it a direction? */
int mv_html_keys(struct mv_facts *out, const struct mv_html_rows *rows,
		 int metrics, int differing);
int mv_html_is_judged(const struct mv_html_rows *rows, const char *key);
void mv_html_board(struct mv_html *h, const struct mv_html_rows *rows,
		   const char *caption, int artifacts);
/* Its parts, for others. */
void mv_html_row_label(struct mv_buf *out, const struct mv_row *row);

/* -- html-charts.c -------------------------------------------------------- */

/* One chart a metric, with the lines of all who have it. */
void mv_html_curves(struct mv_html *h, const struct mv_plot *p);
void mv_html_metrics_over(struct mv_html *h, const struct mv_html_rows *rows);
void mv_html_parallel(struct mv_html *h, const struct mv_html_rows *rows);
/* Is there anything to draw? */
int mv_html_can_curves(const struct mv_plot *p);
int mv_html_can_metrics_over(const struct mv_html_rows *rows);
int mv_html_can_parallel(const struct mv_html_rows *rows);

/* -- html-compare.c, html-card.c, html-lineage.c -------------------------- */

void mv_html_comparison(struct mv_html *h, const struct mv_comparison *c);
void mv_html_card(struct mv_html *h, const struct mv_card *card,
		  const struct mv_html_rows *rows);
/* html-weights.c; nothing for NULL. */
void mv_html_weights(struct mv_html *h, const struct mv_tensor_diff *d,
		     size_t top);
void mv_html_lineage(struct mv_html *h, const struct mv_lineage *l);

#endif
