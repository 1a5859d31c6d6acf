/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_PAGES_H
#define MV_REPORT_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/report/views.h"

/*
 * pages: views as HTML that needs nothing else. HTML, and the JSON inlined in it,
 * are safe for a browser: no name, key or value can leave its place.
 *
 * Everything in a view may come from strangers. Output is the same for the same
 * view, on every machine.
 */
/*
 * A site is a set of files that the caller writes; `fn` gets each one's name
 * ("index.html", "artifact-<n>-<slug>.html", "compare.html"). Chart.js is inlined (it
 * is built into the program); every chart has its data in a table beside it,
 * for those who use no script or no eyes.
 */
typedef int (*mv_page_fn)(void *payload, const char *name, const char *data,
			  size_t len, struct mv_err *err);
/* Files without a name and without evidence, of one folder. */
struct mv_file_group {
	char *folder;		/* "images/", or "": the top */
	size_t files;
	uint64_t bytes;
};
struct mv_site {
	const char *title;
	int64_t now;		/* ms */
	const struct mv_board *board;		/* all versions of everything */
	const struct mv_card *cards;		/* one page each */
	size_t card_count;
	const struct mv_lineage *lineages;	/* of each card; or NULL */
	const struct mv_plot *plots;		/* of each card; or NULL */
	const struct mv_comparison *comparison;	/* or NULL */
	const struct mv_file_group *groups;	/* what has no page */
	size_t group_count;
};
int mv_site_html(const struct mv_site *site, mv_page_fn fn, void *payload,
		 struct mv_err *err);
/* One page each, the same look. */
int mv_comparison_html(struct mv_buf *out, const struct mv_comparison *c,
		       struct mv_err *err);
/* Curves overlaid, metric over versions, parallel coordinates. `board` may
   be NULL: curves only. */
int mv_plot_html(struct mv_buf *out, const struct mv_plot *p,
		 const struct mv_board *board, struct mv_err *err);
int mv_board_html(struct mv_buf *out, const struct mv_board *b,
		  struct mv_err *err);

#endif
