/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/base/utf8.h"
#include "libmv/meta/compare.h"
#include "libmv/report/ci.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * The findings of a comparison for machines that run tests: what got worse
 * is a failure, what cannot be compared is skipped (JUnit) or a warning
 * (annotations).
 */

/* -- what is found -------------------------------------------------------- */

static int is_finding(const struct mv_change *change)
{
	return change->judgement == MV_JUDGE_WORSE || change->incomparable;
}

/* "auc: 0.91 -> 0.88, -0.03 (-3.3%)" */
static void put_change(struct mv_pen *pen, const struct mv_change *change)
{
	int precision = mv_change_precision(change);
	size_t before;

	mv_words_metric(pen, change);
	mv_pen_str(pen, ": ");
	if (change->has_old)
		mv_words_value(pen, &change->old, precision);
	mv_pen_str(pen, " -> ");
	if (change->has_new)
		mv_words_value(pen, &change->new, precision);
	mv_pen_str(pen, change->has_diff ? ", " : "");
	mv_words_diff(pen, change);
	before = pen->out->len;
	mv_words_relative(pen, change);
	if (pen->out->len > before) {
		pen->out->len = before;
		mv_pen_str(pen, " (");
		mv_words_relative(pen, change);
		mv_pen_str(pen, ")");
	}
	if (change->judgement == MV_JUDGE_WORSE)
		mv_pen_str(pen, ", worse");
}

static void put_incomparable(struct mv_pen *pen, const struct mv_pair *pair,
			     const struct mv_change *change)
{
	mv_pen_str(pen, "not measured on the same evaluation data: ");
	mv_words_eval_data(pen, &pair->old_evidence, change->key);
	mv_pen_str(pen, " against ");
	mv_words_eval_data(pen, &pair->new_evidence, change->key);
}

/* -- JUnit XML ------------------------------------------------------------ */

/* Text is safe for a terminal already, so it has no control characters; the
   two code points beside them that XML 1.0 has no place for are escaped here. */
void mv_pen_xml(struct mv_pen *pen, const char *s, size_t len)
{
	for (size_t i = 0, n; i < len && !pen->failed; i += n) {
		uint32_t cp = 0;

		n = mv_utf8_next(&cp, s + i, len - i);
		n = n ? n : 1;
		if (cp == '&' || cp == '<' || cp == '>' || cp == '"' ||
		    cp == '\'')
			mv_pen_f(pen, "&#%u;", (unsigned)cp);
		else if (cp == 0xfffe || cp == 0xffff)
			mv_pen_f(pen, "\\u{%04x}", (unsigned)cp);
		else
			pen->failed |= mv_buf_add(pen->out, s + i, n) != 0;
	}
}

/* One attribute; what `fill` writes is escaped. */
struct words {
	struct mv_buf buf;
	struct mv_pen pen;
};

static struct mv_pen *words_begin(struct words *w)
{
	static const struct mv_style style = { .flags = MV_STYLE_UNICODE };

	mv_buf_init(&w->buf, 64 << 10);
	mv_pen_init(&w->pen, &w->buf, &style);
	return &w->pen;
}

static void put_attribute(struct mv_pen *pen, const char *name,
			  struct words *w)
{
	pen->failed |= w->pen.failed;
	mv_pen_f(pen, " %s=\"", name);
	mv_pen_xml(pen, w->buf.data, w->buf.len);
	mv_pen_str(pen, "\"");
	mv_buf_release(&w->buf);
}

static void put_case(struct mv_pen *pen, const struct mv_pair *pair,
		     const struct mv_change *change)
{
	struct words w;

	mv_pen_str(pen, "    <testcase");
	mv_pen_safe(words_begin(&w), change->key);
	put_attribute(pen, "name", &w);
	mv_pen_safe(words_begin(&w), mv_pair_title(pair));
	put_attribute(pen, "classname", &w);
	if (!is_finding(change)) {
		mv_pen_str(pen, "/>\n");
		return;
	}
	words_begin(&w);
	if (change->judgement == MV_JUDGE_WORSE) {
		mv_pen_str(pen, ">\n      <failure type=\"worse\"");
		put_change(&w.pen, change);
		if (change->incomparable)
			mv_pen_str(&w.pen, "; ");
	} else {
		mv_pen_str(pen, ">\n      <skipped");
	}
	if (change->incomparable)
		put_incomparable(&w.pen, pair, change);
	put_attribute(pen, "message", &w);
	mv_pen_str(pen, "/>\n    </testcase>\n");
}

static void put_counts(struct mv_pen *pen, const struct mv_pair *pairs,
		       size_t count, int suite)
{
	size_t tests = 0, failures = 0, skipped = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < pairs[i].metrics.count; j++) {
			const struct mv_change *c = &pairs[i].metrics.v[j];
			int worse = c->judgement == MV_JUDGE_WORSE;

			tests++;
			failures += worse != 0;
			skipped += !worse && c->incomparable;
		}
	mv_pen_f(pen, " tests=\"%zu\" failures=\"%zu\" errors=\"0\"",
		 tests, failures);
	if (suite)
		mv_pen_f(pen, " skipped=\"%zu\"", skipped);
}

static void put_suite(struct mv_pen *pen, const struct mv_pair *pair)
{
	struct words w;

	mv_pen_str(pen, "  <testsuite");
	mv_pen_safe(words_begin(&w), mv_pair_title(pair));
	put_attribute(pen, "name", &w);
	put_counts(pen, pair, 1, 1);
	mv_pen_str(pen, ">\n");
	for (size_t i = 0; i < pair->metrics.count; i++)
		put_case(pen, pair, &pair->metrics.v[i]);
	mv_pen_str(pen, "  </testsuite>\n");
}

int mv_comparison_junit(struct mv_buf *out, const struct mv_comparison *c,
			struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, NULL);
	mv_pen_str(&pen, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<testsuites name=\"git-model\"");
	put_counts(&pen, c->v, c->count, 0);
	mv_pen_str(&pen, ">\n");
	for (size_t i = 0; i < c->count && !pen.failed; i++)
		if (c->v[i].metrics.count)
			put_suite(&pen, &c->v[i]);
	mv_pen_str(&pen, "</testsuites>\n");
	return mv_pen_done(&pen, err);
}

/* -- GitHub's annotations ------------------------------------------------- */

/* The message of a command ends with the line; a property also at ":" or
   ",". What a terminal might obey is escaped, too. */
void mv_pen_command(struct mv_pen *pen, const char *s, size_t len,
		    int property)
{
	for (size_t i = 0, n; i < len && !pen->failed; i += n) {
		uint32_t cp = 0;
		int escape;

		n = mv_utf8_next(&cp, s + i, len - i);
		escape = !n || mv_utf8_unsafe(cp) || cp == '%' ||
			 (property && (cp == ':' || cp == ','));
		n = n ? n : 1;
		for (size_t j = i; j < i + n && escape; j++)
			mv_pen_f(pen, "%%%02X", (unsigned char)s[j]);
		if (!escape)
			pen->failed |= mv_buf_add(pen->out, s + i, n) != 0;
	}
}

static void put_annotation(struct mv_pen *pen, const struct mv_pair *pair,
			   const struct mv_change *change)
{
	int worse = change->judgement == MV_JUDGE_WORSE;
	struct words w;

	mv_pen_f(pen, "::%s file=", worse ? "error" : "warning");
	/* As git has it, or the file would not be found. */
	if (pair->path)
		mv_pen_command(pen, pair->path, strlen(pair->path), 1);
	mv_pen_str(pen, ",title=");
	words_begin(&w);
	mv_pen_safe(&w.pen, mv_pair_title(pair));
	mv_pen_str(&w.pen, worse ? " is worse" : " cannot be compared");
	mv_pen_command(pen, w.buf.data, w.buf.len, 1);
	mv_buf_release(&w.buf);
	mv_pen_str(pen, "::");
	words_begin(&w);
	put_change(&w.pen, change);
	if (change->incomparable) {
		mv_pen_str(&w.pen, "; ");
		put_incomparable(&w.pen, pair, change);
	}
	mv_pen_command(pen, w.buf.data, w.buf.len, 0);
	pen->failed |= w.pen.failed;
	mv_buf_release(&w.buf);
	mv_pen_str(pen, "\n");
}

int mv_comparison_annotations(struct mv_buf *out,
			      const struct mv_comparison *c,
			      struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, NULL);
	for (size_t i = 0; i < c->count; i++)
		for (size_t j = 0; j < c->v[i].metrics.count; j++)
			if (is_finding(&c->v[i].metrics.v[j]))
				put_annotation(&pen, &c->v[i],
					       &c->v[i].metrics.v[j]);
	return mv_pen_done(&pen, err);
}
