/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json.h"
#include "libmv/report/ci.h"
#include "libmv/report/parts.h"

/*
 * Verdicts in the files and lines that CI systems read: JUnit XML, SARIF,
 * GitHub's annotations.
 */
#define POLICY_FILE ".gitmodel/policy"
static const struct mv_style ci_style = { .flags = MV_STYLE_UNICODE };

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
	struct mv_pen text = mv_pen_piece(&buf);

	mv_pen_safe(&text, s);
	put_attribute(pen, name, &text);
}

static void put_case(struct mv_pen *pen, const struct mv_finding *f)
{
	enum mv_weight weight = mv_finding_weight(f);
	struct mv_buf buf;
	struct mv_pen text;

	mv_pen_str(pen, "    <testcase");
	put_attribute_text(pen, "name", f->rule);
	put_attribute_text(pen, "classname", f->section);
	if (weight == MV_WEIGHT_PASS) {
		mv_pen_str(pen, "/>\n");
		return;
	}
	text = mv_pen_piece(&buf);
	mv_finding_reason(&text, f);
	mv_pen_str(&text, mv_finding_remark(f));
	if (weight == MV_WEIGHT_FAIL)
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
			enum mv_weight w = mv_finding_weight(&v[i].verdict->v[j]);

			tests++;
			failures += w == MV_WEIGHT_FAIL;
			skipped += w == MV_WEIGHT_WARN || w == MV_WEIGHT_NOTE;
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

	mv_pen_init(&pen, out, &ci_style);
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
	struct mv_pen pen = mv_pen_piece(&buf);

	mv_pen_f(&pen, "git-model/%.*s", (int)mv_finding_key_len(f), f->rule);
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
	return mv_finding_key_len(a) == mv_finding_key_len(b) &&
	       !strncmp(a->rule, b->rule, mv_finding_key_len(a));
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
		struct mv_pen pen = mv_pen_piece(&buf);

		mv_pen_f(&pen, "rule '%.*s' of " POLICY_FILE,
			 (int)mv_finding_key_len(keys->v[i]), keys->v[i]->rule);
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
		[MV_WEIGHT_FAIL] = "error", [MV_WEIGHT_WARN] = "warning",
		[MV_WEIGHT_NOTE] = "note", [MV_WEIGHT_PASS] = "none"
	};
	enum mv_weight weight = mv_finding_weight(f);
	struct mv_json *o = mv_json_object(), *more = mv_json_object();
	struct mv_buf buf;
	struct mv_pen pen = mv_pen_piece(&buf);
	size_t k = 0;

	while (k < keys->count && !same_key(keys->v[k], f))
		k++;
	mv_pen_safe(&pen, j->subject);
	mv_pen_f(&pen, ": %s: ", mv_result_name(f->result));
	mv_pen_safe(&pen, f->rule);
	mv_pen_str(&pen, ": ");
	mv_finding_reason(&pen, f);
	mv_json_set(o, "ruleId", rule_id(f));
	mv_json_set(o, "ruleIndex", mv_json_int((int64_t)k));
	/* The schema: another kind than "fail" has no level. */
	mv_json_set(o, "kind", mv_json_str(weight == MV_WEIGHT_PASS ? "pass" :
					   "fail"));
	mv_json_set(o, "level", mv_json_str(levels[weight]));
	mv_json_set(o, "message", message_of(json_of(&pen)));
	mv_json_set(o, "locations", sarif_location(f));
	mv_json_set(more, "subject", mv_json_str(j->subject));
	mv_json_set(more, "section", mv_json_str(f->section));
	mv_json_set(more, "result", mv_json_str(mv_result_name(f->result)));
	mv_json_set(more, "mode", mv_json_str(mv_finding_mode(f)));
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
		[MV_WEIGHT_FAIL] = "error", [MV_WEIGHT_WARN] = "warning",
		[MV_WEIGHT_NOTE] = "notice"
	};
	struct mv_buf buf;
	struct mv_pen text = mv_pen_piece(&buf);

	mv_pen_f(pen, "::%s file=" POLICY_FILE ",line=%d,title=",
		 words[mv_finding_weight(f)], f->line > 0 ? f->line : 1);
	mv_pen_f(&text, "%s: ", mv_result_name(f->result));
	mv_pen_safe(&text, j->subject);
	mv_pen_command(pen, buf.data, buf.len, 1);
	mv_pen_str(pen, "::");
	mv_buf_clear(&buf);
	mv_pen_safe(&text, f->rule);
	mv_pen_str(&text, ": ");
	mv_finding_reason(&text, f);
	mv_pen_str(&text, mv_finding_remark(f));
	mv_pen_command(pen, buf.data, buf.len, 0);
	mv_pen_str(pen, "\n");
	pen->failed |= text.failed;
	mv_buf_release(&buf);
}

int mv_verdicts_annotations(struct mv_buf *out, const struct mv_judged *v,
			    size_t count, struct mv_err *err)
{
	struct mv_pen pen;

	mv_pen_init(&pen, out, &ci_style);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < v[i].verdict->count; j++)
			if (mv_finding_weight(&v[i].verdict->v[j]) !=
			    MV_WEIGHT_PASS)
				put_annotation(&pen, &v[i],
					       &v[i].verdict->v[j]);
	return mv_pen_done(&pen, err);
}
