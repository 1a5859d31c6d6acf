/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_MD_H
#define MV_REPORT_MD_H

#include <stddef.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/report/views.h"

/*
 * md: views in Markdown, for a comment to a pull request. Safe in a renderer that
 * allows HTML.
 *
 * Everything in a view may come from strangers. Output is the same for the same
 * view, on every machine.
 */
#define MV_MARKDOWN_MAX 65000
#define MV_MARKDOWN_MIN 2000	/* less is MV_EINVALID */
/*
 * Verdict first, what got worse before what got better, tables folded in
 * <details>, sparklines for curves; begins with a hidden marker
 * "<!-- git-model: <marker> -->" by which the one comment is found again.
 * Never over `max` bytes: tables are cut, with a note that says so.
 */
int mv_comparison_md(struct mv_buf *out, const struct mv_comparison *c,
		     const char *marker, size_t max, struct mv_err *err);
int mv_board_md(struct mv_buf *out, const struct mv_board *b,
		const char *const *columns, struct mv_err *err);
int mv_card_md(struct mv_buf *out, const struct mv_card *card,
	       struct mv_err *err);
/* For a comment, as mv_comparison_md() does it. */
int mv_verdicts_md(struct mv_buf *out, const struct mv_judged *v,
		   size_t count, const char *marker, size_t max,
		   struct mv_err *err);

#endif
