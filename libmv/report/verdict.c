/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/report/ci.h"
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
#define POLICY_FILE ".gitmodel/policy"
enum { TEXT_MAX = 1 << 20, CELL_MAX = 300, MD_KEPT = 400 };

/* -- what is said alike everywhere ---------------------------------------- */

/* No decides; what only warns or is evaluated does not. */
enum weight { WEIGHT_FAIL, WEIGHT_WARN, WEIGHT_NOTE, WEIGHT_PASS };

static enum weight weight_of(const struct mv_finding *f)
{
	if (f->result == MV_RESULT_YES)
		return WEIGHT_PASS;
	if (f->result == MV_RESULT_OVERRIDDEN || f->mode == MV_MODE_EVALUATE)
		return WEIGHT_NOTE;
	return f->mode == MV_MODE_WARN ? WEIGHT_WARN : WEIGHT_FAIL;
}

static const char *result_of(const struct mv_verdict *v)
{
	return v->governed ? mv_result_name(v->result) : "ungoverned";
}

static const char *mode_of(const struct mv_finding *f)
{
	static const char *const modes[] = {
		[MV_MODE_ENFORCE] = "enforce", [MV_MODE_WARN] = "warn",
		[MV_MODE_EVALUATE] = "evaluate"
	};

	return modes[f->mode];
}

static const char *remark_on(const struct mv_finding *f)
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
	return 4 * (int)weight_of(f) + severity(f->result);
}

enum { RANKS = 16 };

/* "expected 2; found 1; do ..." */
static void put_reason(struct mv_pen *pen, const struct mv_finding *f)
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

/* The rule's key: what stands before the "=". */
static size_t key_len(const struct mv_finding *f)
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
	mv_pen_str(pen, remark_on(f));
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
	mv_json_set(o, "mode", mv_json_str(mode_of(f)));
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

static struct mv_pen piece_begin(struct mv_buf *piece)
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
	struct mv_pen pen = piece_begin(&piece);

	mv_pen_f(&pen, "| %s%s | ", mv_result_name(f->result), remark_on(f));
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
		rows += (weight_of(&v->v[i]) == WEIGHT_PASS) == pass;
	if (!rows)
		return;
	pen = piece_begin(&piece);
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
			    (weight_of(&v->v[i]) == WEIGHT_PASS) == pass)
				md_row(page, &v->v[i]);
	if (open)
		mv_pen_str(&page->pen, pass ? "\n</details>\n\n" : "\n");
}

static void md_verdict(struct page *page, const struct mv_judged *j)
{
	struct mv_buf piece;
	struct mv_pen pen = piece_begin(&piece);

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

/* -- JUnit XML ------------------------------------------------------------ */

/* What `pen` wrote becomes an attribute. Releases its buffer. */
static void put_attribute(struct mv_pen *pen, const char *name,
			  const struct mv_pen *text)
{
	pen->failed |= text->failed;
	mv_pen_f(pen, " %s=\"", name);
	mv_pen_xml(pen, text->out->data, text->out->len);
	mv_pen_str(pen, "\"");
	mv_buf_release(text->out);
}

static void put_attribute_text(struct mv_pen *pen, const char *name,
			       const char *s)
{
	struct mv_buf buf;
	struct mv_pen text = piece_begin(&buf);

	mv_pen_safe(&text, s);
	put_attribute(pen, name, &text);
}

static void put_case(struct mv_pen *pen, const struct mv_finding *f)
{
	enum weight weight = weight_of(f);
	struct mv_buf buf;
	struct mv_pen text;

	mv_pen_str(pen, "    <testcase");
	put_attribute_text(pen, "name", f->rule);
	put_attribute_text(pen, "classname", f->section);
	if (weight == WEIGHT_PASS) {
		mv_pen_str(pen, "/>\n");
		return;
	}
	text = piece_begin(&buf);
	put_reason(&text, f);
	mv_pen_str(&text, remark_on(f));
	if (weight == WEIGHT_FAIL)
		mv_pen_f(pen, ">\n      <failure type=\"%s\"",
			 mv_result_name(f->result));
	else
		mv_pen_str(pen, ">\n      <skipped");
	put_attribute(pen, "message", &text);
	mv_pen_str(pen, "/>\n    </testcase>\n");
}

static void put_counts(struct mv_pen *pen, const struct mv_judged *v,
		       size_t count, int suite)
{
	size_t tests = 0, failures = 0, skipped = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < v[i].verdict->count; j++) {
			enum weight w = weight_of(&v[i].verdict->v[j]);

			tests++;
			failures += w == WEIGHT_FAIL;
			skipped += w == WEIGHT_WARN || w == WEIGHT_NOTE;
		}
	mv_pen_f(pen, " tests=\"%zu\" failures=\"%zu\" errors=\"0\"", tests,
		 failures);
	if (suite)
		mv_pen_f(pen, " skipped=\"%zu\"", skipped);
}

int mv_verdicts_junit(struct mv_buf *out, const struct mv_judged *v,
		      size_t count, struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, &md_style);
	mv_pen_str(&pen, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<testsuites name=\"git-model\"");
	put_counts(&pen, v, count, 0);
	mv_pen_str(&pen, ">\n");
	for (size_t i = 0; i < count; i++) {
		mv_pen_str(&pen, "  <testsuite");
		put_attribute_text(&pen, "name", v[i].subject);
		put_counts(&pen, &v[i], 1, 1);
		mv_pen_str(&pen, ">\n");
		for (size_t j = 0; j < v[i].verdict->count; j++)
			put_case(&pen, &v[i].verdict->v[j]);
		mv_pen_str(&pen, "  </testsuite>\n");
	}
	mv_pen_str(&pen, "</testsuites>\n");
	return mv_pen_done(&pen, err);
}

/* -- SARIF 2.1.0 ---------------------------------------------------------- */

/* What `pen` wrote as a value. Releases its buffer. */
static struct mv_json *json_of(const struct mv_pen *pen)
{
	struct mv_json *v = pen->failed ? NULL :
		mv_json_strn(pen->out->data, pen->out->len);

	mv_buf_release(pen->out);
	return v;
}

/* "git-model/<key>": the same from release to release. */
static struct mv_json *rule_id(const struct mv_finding *f)
{
	struct mv_buf buf;
	struct mv_pen pen = piece_begin(&buf);

	mv_pen_f(&pen, "git-model/%.*s", (int)key_len(f), f->rule);
	return json_of(&pen);
}

static struct mv_json *message_of(struct mv_json *text)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "text", text);
	return o;
}

static int same_key(const struct mv_finding *a, const struct mv_finding *b)
{
	return key_len(a) == key_len(b) &&
	       !strncmp(a->rule, b->rule, key_len(a));
}

/* The first finding of each key describes its rule. */
struct keys {
	const struct mv_finding **v;
	size_t count;
};

static int collect_keys(struct keys *keys, const struct mv_judged *v,
			size_t count)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++)
		most += v[i].verdict->count;
	keys->count = 0;
	keys->v = calloc(most + 1, sizeof(*keys->v));
	for (size_t i = 0; keys->v && i < count; i++)
		for (size_t j = 0; j < v[i].verdict->count; j++) {
			const struct mv_finding *f = &v[i].verdict->v[j];
			size_t k = 0;

			while (k < keys->count && !same_key(keys->v[k], f))
				k++;
			if (k == keys->count)
				keys->v[keys->count++] = f;
		}
	return keys->v ? 0 : -1;
}

static struct mv_json *sarif_driver(const struct keys *keys)
{
	struct mv_json *driver = mv_json_object(), *rules = mv_json_array();

	mv_json_set(driver, "name", mv_json_str("git-model"));
	for (size_t i = 0; i < keys->count; i++) {
		struct mv_json *rule = mv_json_object();
		struct mv_buf buf;
		struct mv_pen pen = piece_begin(&buf);

		mv_pen_f(&pen, "rule '%.*s' of " POLICY_FILE,
			 (int)key_len(keys->v[i]), keys->v[i]->rule);
		mv_json_set(rule, "id", rule_id(keys->v[i]));
		mv_json_set(rule, "shortDescription",
			    message_of(json_of(&pen)));
		mv_json_push(rules, rule);
	}
	mv_json_set(driver, "rules", rules);
	return driver;
}

static struct mv_json *sarif_location(const struct mv_finding *f)
{
	struct mv_json *list = mv_json_array(), *one = mv_json_object(),
		*place = mv_json_object(), *file = mv_json_object(),
		*region = mv_json_object();

	mv_json_set(file, "uri", mv_json_str(POLICY_FILE));
	mv_json_set(place, "artifactLocation", file);
	/* Line 0: no rule of the file says it. */
	mv_json_set(region, "startLine",
		    mv_json_int(f->line > 0 ? f->line : 1));
	mv_json_set(place, "region", region);
	mv_json_set(one, "physicalLocation", place);
	mv_json_push(list, one);
	return list;
}

static struct mv_json *sarif_result(const struct mv_judged *j,
				    const struct mv_finding *f,
				    const struct keys *keys)
{
	static const char *const levels[] = {
		[WEIGHT_FAIL] = "error", [WEIGHT_WARN] = "warning",
		[WEIGHT_NOTE] = "note", [WEIGHT_PASS] = "none"
	};
	enum weight weight = weight_of(f);
	struct mv_json *o = mv_json_object(), *more = mv_json_object();
	struct mv_buf buf;
	struct mv_pen pen = piece_begin(&buf);
	size_t k = 0;

	while (k < keys->count && !same_key(keys->v[k], f))
		k++;
	mv_pen_safe(&pen, j->subject);
	mv_pen_f(&pen, ": %s: ", mv_result_name(f->result));
	mv_pen_safe(&pen, f->rule);
	mv_pen_str(&pen, ": ");
	put_reason(&pen, f);
	mv_json_set(o, "ruleId", rule_id(f));
	mv_json_set(o, "ruleIndex", mv_json_int((int64_t)k));
	/* The schema: another kind than "fail" has no level. */
	mv_json_set(o, "kind", mv_json_str(weight == WEIGHT_PASS ? "pass" :
					   "fail"));
	mv_json_set(o, "level", mv_json_str(levels[weight]));
	mv_json_set(o, "message", message_of(json_of(&pen)));
	mv_json_set(o, "locations", sarif_location(f));
	mv_json_set(more, "subject", mv_json_str(j->subject));
	mv_json_set(more, "section", mv_json_str(f->section));
	mv_json_set(more, "result", mv_json_str(mv_result_name(f->result)));
	mv_json_set(more, "mode", mv_json_str(mode_of(f)));
	mv_json_set(more, "evidence", mv_json_str(f->evidence));
	mv_json_set(o, "properties", more);
	return o;
}

static struct mv_json *sarif_run(const struct mv_judged *v, size_t count,
				 const struct keys *keys)
{
	struct mv_json *run = mv_json_object(), *tool = mv_json_object(),
		*results = mv_json_array();

	mv_json_set(tool, "driver", sarif_driver(keys));
	mv_json_set(run, "tool", tool);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < v[i].verdict->count; j++)
			mv_json_push(results,
				     sarif_result(&v[i], &v[i].verdict->v[j],
						  keys));
	mv_json_set(run, "results", results);
	return run;
}

int mv_verdicts_sarif(struct mv_buf *out, const struct mv_judged *v,
		      size_t count, struct mv_err *err)
{
	struct mv_json *o, *runs;
	struct keys keys;
	int rc;

	if (collect_keys(&keys, v, count))
		return mv_nomem(err);
	o = mv_json_object();
	runs = mv_json_array();
	mv_json_set(o, "$schema", mv_json_str("https://json.schemastore.org/"
					      "sarif-2.1.0.json"));
	mv_json_set(o, "version", mv_json_str("2.1.0"));
	mv_json_push(runs, sarif_run(v, count, &keys));
	mv_json_set(o, "runs", runs);
	rc = mv_json_print(out, o, 2, err);
	mv_json_free(o);
	free(keys.v);
	if (!rc && mv_buf_addch(out, '\n'))
		rc = mv_nomem(err);
	return rc;
}

/* -- GitHub's annotations ------------------------------------------------- */

static void put_annotation(struct mv_pen *pen, const struct mv_judged *j,
			   const struct mv_finding *f)
{
	static const char *const words[] = {
		[WEIGHT_FAIL] = "error", [WEIGHT_WARN] = "warning",
		[WEIGHT_NOTE] = "notice"
	};
	struct mv_buf buf;
	struct mv_pen text = piece_begin(&buf);

	mv_pen_f(pen, "::%s file=" POLICY_FILE ",line=%d,title=",
		 words[weight_of(f)], f->line > 0 ? f->line : 1);
	mv_pen_f(&text, "%s: ", mv_result_name(f->result));
	mv_pen_safe(&text, j->subject);
	mv_pen_command(pen, buf.data, buf.len, 1);
	mv_pen_str(pen, "::");
	mv_buf_clear(&buf);
	mv_pen_safe(&text, f->rule);
	mv_pen_str(&text, ": ");
	put_reason(&text, f);
	mv_pen_str(&text, remark_on(f));
	mv_pen_command(pen, buf.data, buf.len, 0);
	mv_pen_str(pen, "\n");
	pen->failed |= text.failed;
	mv_buf_release(&buf);
}

int mv_verdicts_annotations(struct mv_buf *out, const struct mv_judged *v,
			    size_t count, struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, &md_style);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < v[i].verdict->count; j++)
			if (weight_of(&v[i].verdict->v[j]) != WEIGHT_PASS)
				put_annotation(&pen, &v[i],
					       &v[i].verdict->v[j]);
	return mv_pen_done(&pen, err);
}
