/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/*
 * Verdicts for people and for machines. All of a finding may come from
 * strangers: rules from a branch, actual values from records, names from
 * signatures.
 */
enum { TEXT_MAX = 1 << 20, CELL_MAX = 300, MD_KEPT = 400 };

/* -- what is said alike everywhere ---------------------------------------- */

enum mv_weight mv_finding_weight(const struct mv_finding *f)
{
	if (f->result == MV_RESULT_YES)
		return MV_WEIGHT_PASS;
	if (f->result == MV_RESULT_OVERRIDDEN || f->mode == MV_MODE_EVALUATE)
		return MV_WEIGHT_NOTE;
	return f->mode == MV_MODE_WARN ? MV_WEIGHT_WARN : MV_WEIGHT_FAIL;
}

static const char *result_of(const struct mv_verdict *v)
{
	return v->governed ? mv_result_name(v->result) : "ungoverned";
}

const char *mv_finding_mode(const struct mv_finding *f)
{
	static const char *const modes[] = {
		[MV_MODE_ENFORCE] = "enforce", [MV_MODE_WARN] = "warn",
		[MV_MODE_EVALUATE] = "evaluate"
	};

	return modes[f->mode];
}

const char *mv_finding_remark(const struct mv_finding *f)
{
	static const char *const remarks[] = {
		[MV_MODE_ENFORCE] = "", [MV_MODE_WARN] = " (only a warning)",
		[MV_MODE_EVALUATE] = " (only evaluated)"
	};

	return remarks[f->mode];
}

static int severity(enum mv_result r)
{
	static const int order[] = {
		[MV_RESULT_NO] = 0, [MV_RESULT_UNKNOWN] = 1,
		[MV_RESULT_OVERRIDDEN] = 2, [MV_RESULT_YES] = 3
	};

	return order[r];
}

/* By weight, then by result; those that are alike as the policy has them. */
static int verdict_rank(const struct mv_finding *f)
{
	return 4 * (int)mv_finding_weight(f) + severity(f->result);
}

enum { RANKS = 16 };

void mv_finding_reason(struct mv_pen *pen, const struct mv_finding *f)
{
	mv_pen_str(pen, "expected ");
	mv_pen_safe(pen, f->expected);
	mv_pen_str(pen, "; found ");
	mv_pen_safe(pen, *f->actual ? f->actual : "nothing");
	if (f->advice && f->result != MV_RESULT_YES) {
		mv_pen_str(pen, "; do: ");
		mv_pen_safe(pen, f->advice);
	}
}

size_t mv_finding_key_len(const struct mv_finding *f)
{
	return strcspn(f->rule, " =");
}

/* -- text ----------------------------------------------------------------- */

static enum mv_tone tone_of(enum mv_result r)
{
	return r == MV_RESULT_YES ? MV_TONE_GOOD :
	       r == MV_RESULT_NO ? MV_TONE_BAD : MV_TONE_WARN;
}

static void put_line(struct mv_pen *pen, const char *what, const char *text)
{
	if (!text || !*text)
		return;
	mv_pen_f(pen, "           %-9s ", what);
	mv_pen_safe(pen, text);
	mv_pen_str(pen, "\n");
}

static void put_finding(struct mv_pen *pen, const struct mv_finding *f)
{
	mv_pen_str(pen, "  ");
	mv_pen_begin(pen, tone_of(f->result));
	mv_pen_f(pen, "%-8s", mv_result_name(f->result));
	mv_pen_end(pen, tone_of(f->result));
	mv_pen_str(pen, " ");
	mv_pen_safe(pen, f->section);
	mv_pen_str(pen, ": ");
	mv_pen_safe(pen, f->rule);
	mv_pen_str(pen, mv_finding_remark(f));
	mv_pen_str(pen, "\n");
	put_line(pen, "expected:", f->expected);
	put_line(pen, "actual:", f->actual);
	put_line(pen, "rests on:", f->evidence);
	if (f->result != MV_RESULT_YES)
		put_line(pen, "do:", f->advice);
}

static void put_verdict(struct mv_pen *pen, const struct mv_judged *j,
			int explain)
{
	const struct mv_verdict *v = j->verdict;
	enum mv_tone tone = tone_of(v->result);

	mv_pen_begin(pen, tone);
	mv_pen_str(pen, result_of(v));
	mv_pen_end(pen, tone);
	mv_pen_str(pen, ": ");
	mv_pen_safe(pen, j->subject);
	mv_pen_str(pen, "\n");
	for (int r = 0; r < RANKS; r++)
		for (size_t i = 0; i < v->count; i++)
			if (verdict_rank(&v->v[i]) == r &&
			    (explain || v->v[i].result != MV_RESULT_YES))
				put_finding(pen, &v->v[i]);
}

int mv_verdicts_text(struct mv_buf *out, const struct mv_judged *v,
		     size_t count, int explain, const struct mv_style *style,
		     struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, style);
	for (size_t i = 0; i < count; i++)
		put_verdict(&pen, &v[i], explain);
	return mv_pen_done(&pen, err);
}

/* -- JSON ----------------------------------------------------------------- */

static struct mv_json *finding_json(const struct mv_finding *f)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "result", mv_json_str(mv_result_name(f->result)));
	mv_json_set(o, "mode", mv_json_str(mv_finding_mode(f)));
	mv_json_set(o, "section", mv_json_str(f->section));
	mv_json_set(o, "rule", mv_json_str(f->rule));
	mv_json_set(o, "line", mv_json_int(f->line));
	mv_json_set(o, "expected", mv_json_str(f->expected));
	mv_json_set(o, "actual", mv_json_str(f->actual));
	mv_json_set(o, "evidence", mv_json_str(f->evidence));
	mv_json_set(o, "advice", mv_json_str(f->advice));
	return o;
}

struct mv_json *mv_verdict_json(const struct mv_verdict *v)
{
	struct mv_json *o = mv_json_object(), *all = mv_json_array();

	mv_json_set(o, "result", mv_json_str(mv_result_name(v->result)));
	mv_json_set(o, "governed", mv_json_bool(v->governed));
	for (size_t i = 0; i < v->count; i++)
		mv_json_push(all, finding_json(&v->v[i]));
	mv_json_set(o, "findings", all);
	return o;
}

struct mv_json *mv_verdicts_json(const struct mv_judged *v, size_t count)
{
	struct mv_json *all = mv_json_array();

	for (size_t i = 0; i < count; i++) {
		struct mv_json *o = mv_verdict_json(v[i].verdict);

		mv_json_set(o, "subject", mv_json_str(v[i].subject));
		mv_json_push(all, o);
	}
	return all;
}

/* -- Markdown ------------------------------------------------------------- */

/*
 * A page of whole pieces: what does not fit any more is counted, and the
 * place for saying so is kept.
 */
struct page {
	struct mv_pen pen;
	size_t limit, left_out;
};

static const struct mv_style md_style = { .flags = MV_STYLE_UNICODE };

/* Cut to a cell's width, then with every sign as an entity. */
static void verdict_put_cell(struct mv_pen *pen, const char *s)
{
	struct mv_buf safe;
	struct mv_pen cut;

	mv_buf_init(&safe, TEXT_MAX);
	mv_pen_init(&cut, &safe, &md_style);
	mv_pen_safe_cut(&cut, s, CELL_MAX);
	pen->failed |= cut.failed;
	if (safe.len) {
		mv_pen_str(pen, "<code>");
		mv_pen_html(pen, safe.data, safe.len);
		mv_pen_str(pen, "</code>");
	}
	mv_buf_release(&safe);
}

struct mv_pen mv_pen_piece(struct mv_buf *piece)
{
	struct mv_pen pen;

	mv_buf_init(piece, TEXT_MAX);
	mv_pen_init(&pen, piece, &md_style);
	return pen;
}

/* 1 when it found a place. Releases it. */
static int piece_add(struct page *page, const struct mv_pen *pen,
		     struct mv_buf *piece)
{
	int fits = !page->left_out &&
		   page->pen.out->len + piece->len <= page->limit;

	page->pen.failed |= pen->failed;
	if (fits)
		mv_pen_str(&page->pen, piece->data);
	mv_buf_release(piece);
	return fits;
}

static void md_row(struct page *page, const struct mv_finding *f)
{
	struct mv_buf piece;
	struct mv_pen pen = mv_pen_piece(&piece);

	mv_pen_f(&pen, "| %s%s | ", mv_result_name(f->result),
		 mv_finding_remark(f));
	verdict_put_cell(&pen, f->rule);
	mv_pen_str(&pen, " | ");
	verdict_put_cell(&pen, f->expected);
	mv_pen_str(&pen, " | ");
	verdict_put_cell(&pen, f->actual);
	if (f->advice && f->result != MV_RESULT_YES) {
		mv_pen_str(&pen, "<br>do: ");
		verdict_put_cell(&pen, f->advice);
	}
	mv_pen_str(&pen, " |\n");
	if (!piece_add(page, &pen, &piece))
		page->left_out++;
}

/* All of these ranks: what does not hold, or what does. */
static void md_rows(struct page *page, const struct mv_verdict *v, int pass)
{
	struct mv_buf piece;
	struct mv_pen pen;
	size_t rows = 0;
	int open = 0;

	for (size_t i = 0; i < v->count; i++)
		rows += (mv_finding_weight(&v->v[i]) == MV_WEIGHT_PASS) == pass;
	if (!rows)
		return;
	pen = mv_pen_piece(&piece);
	if (pass)
		mv_pen_f(&pen, "<details><summary>%zu held</summary>\n\n",
			 rows);
	mv_pen_str(&pen, "| | Rule | Expected | Found |\n|---|---|---|---|\n");
	open = piece_add(page, &pen, &piece);
	if (!open)
		page->left_out += rows;
	for (int r = 0; open && r < RANKS; r++)
		for (size_t i = 0; i < v->count; i++)
			if (verdict_rank(&v->v[i]) == r &&
			    (mv_finding_weight(&v->v[i]) == MV_WEIGHT_PASS) == pass)
				md_row(page, &v->v[i]);
	if (open)
		mv_pen_str(&page->pen, pass ? "\n</details>\n\n" : "\n");
}

static void md_verdict(struct page *page, const struct mv_judged *j)
{
	struct mv_buf piece;
	struct mv_pen pen = mv_pen_piece(&piece);

	mv_pen_f(&pen, "**%s** ", result_of(j->verdict));
	verdict_put_cell(&pen, j->subject);
	mv_pen_str(&pen, "\n\n");
	if (!piece_add(page, &pen, &piece)) {
		page->left_out++;
		return;
	}
	md_rows(page, j->verdict, 0);
	md_rows(page, j->verdict, 1);
}

static enum mv_result worst(const struct mv_judged *v, size_t count)
{
	enum mv_result result = MV_RESULT_YES;

	for (size_t i = 0; i < count; i++)
		if (severity(v[i].verdict->result) < severity(result))
			result = v[i].verdict->result;
	return result;
}

int mv_verdicts_md(struct mv_buf *out, const struct mv_judged *v,
		   size_t count, const char *marker, size_t max,
		   struct mv_err *err)
{
	struct page page = { .left_out = 0 };

	if (max < MV_MARKDOWN_MIN)
		return mv_fail(err, MV_EINVALID, "a comment of less than %d "
			       "characters has no room for a verdict",
			       MV_MARKDOWN_MIN);
	mv_pen_init(&page.pen, out, &md_style);
	page.limit = out->len + max - MD_KEPT;
	mv_pen_marker(&page.pen, marker);
	mv_pen_f(&page.pen, "### git-model: %s\n\n", count ?
		 mv_result_name(worst(v, count)) : "nothing to decide");
	/* What stops first. */
	for (int s = 0; s < 4; s++)
		for (size_t i = 0; i < count; i++)
			if (severity(v[i].verdict->result) == s)
				md_verdict(&page, &v[i]);
	if (page.left_out)
		mv_pen_f(&page.pen, "%zu more had no place here: "
			 "<code>git model check --explain</code>\n",
			 page.left_out);
	return mv_pen_done(&page.pen, err);
}
