/* SPDX-License-Identifier: MIT */
#ifndef MV_REPORT_CI_H
#define MV_REPORT_CI_H

#include <stddef.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/report/views.h"

/*
 * ci: findings of a comparison (worse metrics, incomparable ones) and verdicts, in
 * the files and lines that CI systems read.
 *
 * Everything in a view may come from strangers. Output is the same for the same
 * view, on every machine.
 */
int mv_comparison_junit(struct mv_buf *out, const struct mv_comparison *c,
			struct mv_err *err);
/* "::error file=...::..." lines, escaped as GitHub reads them. */
int mv_comparison_annotations(struct mv_buf *out,
			      const struct mv_comparison *c,
			      struct mv_err *err);
int mv_verdicts_junit(struct mv_buf *out, const struct mv_judged *v,
		      size_t count, struct mv_err *err);
/* SARIF 2.1.0; the ids of rules are "git-model/<key>". */
int mv_verdicts_sarif(struct mv_buf *out, const struct mv_judged *v,
		      size_t count, struct mv_err *err);
int mv_verdicts_annotations(struct mv_buf *out, const struct mv_judged *v,
			    size_t count, struct mv_err *err);

#endif
