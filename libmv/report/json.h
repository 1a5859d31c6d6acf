/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_JSON_H
#define MV_REPORT_JSON_H

#include <stddef.h>

#include "libmv/base/json.h"
#include "libmv/base/stream.h"
#include "libmv/report/views.h"

/*
 * json: views for programs; stable, documented in docs/format/json.md.
 */
struct mv_json *mv_card_json(const struct mv_card *card);
/* {"metrics":{path:{key:{old,new,diff}}},"params":...} as DVC's `metrics
   diff` and `params diff`, and "artifacts" with all the rest. */
struct mv_json *mv_comparison_json(const struct mv_comparison *c);
struct mv_json *mv_board_json(const struct mv_board *b);
struct mv_json *mv_lineage_json(const struct mv_lineage *l);
/* As text, a point a line and an LF behind it all: there may be millions of
   points, and a tree of them takes many times their room. */
int mv_plot_json(struct mv_writer *to, const struct mv_plot *p,
		 struct mv_err *err);
/* An array; docs/format/json.md. Of one: the object without "subject". */
struct mv_json *mv_verdicts_json(const struct mv_judged *v, size_t count);
struct mv_json *mv_verdict_json(const struct mv_verdict *verdict);

#endif
