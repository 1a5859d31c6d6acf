/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/utf8.h"
#include "libmv/report/ci.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

#define S(s) ((char *)(uintptr_t)(s))

/* One of each kind, as the policy has them. */
static struct mv_finding findings[] = {
	{ MV_RESULT_YES, MV_MODE_ENFORCE, S("stage production"),
	  S("metric = auc >= 0.9"), 3, S("auc >= 0.9"), S("auc = 0.95"),
	  S("00112233"), NULL },
	{ MV_RESULT_UNKNOWN, MV_MODE_WARN, S("stage fraud#production"),
	  S("metric = f1 >= 0.5"), 4, S("f1 >= 0.5"), S("f1 is not recorded"),
	  NULL, S("record it") },
	{ MV_RESULT_OVERRIDDEN, MV_MODE_ENFORCE, S("stage production"),
	  S("max-size = 1KiB"), 5, S("at most 1 KiB"),
	  S("2 KiB; overridden by carol@example.com"), S("sha256:1"), NULL },
	{ MV_RESULT_UNKNOWN, MV_MODE_ENFORCE, S("stage production"),
	  S("format = gguf"), 6, S("gguf"), S(""), NULL, NULL },
	{ MV_RESULT_NO, MV_MODE_ENFORCE, S("stage production"),
	  S("approvals = 1"), 7, S("1"), S("0 of 1"), NULL,
	  S("git model approve fraud") },
	{ MV_RESULT_NO, MV_MODE_EVALUATE, S("stage new"),
	  S("approvals = 9"), 0, S("9"), S("0 of 9"), NULL, NULL },
};
static const struct mv_verdict refused = { MV_RESULT_NO, findings, 6, 1 };
static const struct mv_verdict allowed = { MV_RESULT_YES, findings, 1, 1 };
static const struct mv_verdict nothing = { MV_RESULT_YES, NULL, 0, 0 };
static const struct mv_judged both[] = {
	{ "spam@v1.0.0 to staging", &allowed },
	{ "fraud@v1.2.0 to production", &refused },
};

/* Terminal, Markdown, XML, workflow commands, and what is no UTF-8. */
#define EVIL "\033[31m<b>&\"']]>--> | `x` *y* [z](http://w) @all \n::error::\r%" \
	"\xff\xe2\x80\xae"
static struct mv_finding evil_finding = {
	MV_RESULT_NO, MV_MODE_ENFORCE, S(EVIL), S("metric = " EVIL), 2,
	S(EVIL), S(EVIL), S(EVIL), S(EVIL)
};
static const struct mv_verdict evil_verdict = { MV_RESULT_NO, &evil_finding,
						1, 1 };
static const struct mv_judged evil = { EVIL, &evil_verdict };

static void check(struct mv_buf *out, const char *expected)
{
	assert_string_equal(out->data, expected);
	mv_buf_release(out);
}

/* -- text ----------------------------------------------------------------- */

static void test_report_verdict__text_of_what_does_not_hold(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_text(&out, both, 2, 0, NULL, NULL), 0);
	check(&out,
	      "yes: spam@v1.0.0 to staging\n"
	      "no: fraud@v1.2.0 to production\n"
	      "  no       stage production: approvals = 1\n"
	      "           expected: 1\n"
	      "           actual:   0 of 1\n"
	      "           do:       git model approve fraud\n"
	      "  unknown  stage production: format = gguf\n"
	      "           expected: gguf\n"
	      "  unknown  stage fraud#production: metric = f1 >= 0.5 (only a "
	      "warning)\n"
	      "           expected: f1 >= 0.5\n"
	      "           actual:   f1 is not recorded\n"
	      "           do:       record it\n"
	      "  no       stage new: approvals = 9 (only evaluated)\n"
	      "           expected: 9\n"
	      "           actual:   0 of 9\n"
	      "  overridden stage production: max-size = 1KiB\n"
	      "           expected: at most 1 KiB\n"
	      "           actual:   2 KiB; overridden by carol@example.com\n"
	      "           rests on: sha256:1\n");
}

static void test_report_verdict__text_that_explains(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_text(&out, both, 1, 1, NULL, NULL), 0);
	check(&out,
	      "yes: spam@v1.0.0 to staging\n"
	      "  yes      stage production: metric = auc >= 0.9\n"
	      "           expected: auc >= 0.9\n"
	      "           actual:   auc = 0.95\n"
	      "           rests on: 00112233\n");
}

static void test_report_verdict__text_of_nothing(void **state)
{
	static const struct mv_judged j = { "x", &nothing };
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_text(&out, &j, 1, 1, NULL, NULL), 0);
	check(&out, "ungoverned: x\n");
	assert_int_equal(mv_verdicts_text(&out, NULL, 0, 1, NULL, NULL), 0);
	check(&out, "");
}

static void test_report_verdict__text_has_colours_where_asked(void **state)
{
	static const struct mv_style style = { .flags = MV_STYLE_COLOR };
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_text(&out, both, 2, 0, &style, NULL), 0);
	assert_non_null(strstr(out.data, "\033[32myes\033["));
	assert_non_null(strstr(out.data, "\033[31mno\033["));
	assert_non_null(strstr(out.data, "\033[33munknown \033["));
	mv_buf_release(&out);
}

/* -- JSON ----------------------------------------------------------------- */

static void test_report_verdict__json(void **state)
{
	struct mv_json *v = mv_verdicts_json(&both[1], 1);
	struct mv_verdict two = refused;
	struct mv_judged j = { "x", &two };
	struct mv_buf out;

	(void)state;
	mv_json_free(v);
	two.count = 2;
	v = mv_verdicts_json(&j, 1);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_json_print(&out, v, 0, NULL), 0);
	mv_json_free(v);
	check(&out,
	      "[{\"result\":\"no\",\"governed\":true,\"findings\":["
	      "{\"result\":\"yes\",\"mode\":\"enforce\",\"section\":"
	      "\"stage production\",\"rule\":\"metric = auc >= 0.9\"," 
	      "\"line\":3,\"expected\":\"auc >= 0.9\",\"actual\":"
	      "\"auc = 0.95\",\"evidence\":\"00112233\",\"advice\":null},"
	      "{\"result\":\"unknown\",\"mode\":\"warn\",\"section\":"
	      "\"stage fraud#production\",\"rule\":\"metric = f1 >= 0.5\"," 
	      "\"line\":4,\"expected\":\"f1 >= 0.5\",\"actual\":\"f1 is "
	      "not recorded\",\"evidence\":null,\"advice\":\"record it\"}"
	      "],\"subject\":\"x\"}]");
}

/* -- Markdown ------------------------------------------------------------- */

static void test_report_verdict__markdown_says_what_stops_first(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_md(&out, both, 2, "check", 60000, NULL),
			 0);
	check(&out,
	      "<!-- git-model: check -->\n"
	      "### git-model: no\n"
	      "\n"
	      "**no** <code>fraud&#64;v1.2.0 to production</code>\n"
	      "\n"
	      "| | Rule | Expected | Found |\n"
	      "|---|---|---|---|\n"
	      "| no | <code>approvals = 1</code> | <code>1</code> | <code>0"
	      " of 1</code><br>do: <code>git model approve fraud</code> |\n"
	      "| unknown | <code>format = gguf</code> | <code>gguf</code> |"
	      "  |\n"
	      "| unknown (only a warning) | <code>metric = f1 &#62;= 0.5</c"
	      "ode> | <code>f1 &#62;= 0.5</code> | <code>f1 is not recorded"
	      "</code><br>do: <code>record it</code> |\n"
	      "| no (only evaluated) | <code>approvals = 9</code> | <code>9"
	      "</code> | <code>0 of 9</code> |\n"
	      "| overridden | <code>max-size = 1KiB</code> | <code>at most "
	      "1 KiB</code> | <code>2 KiB&#59; overridden by carol&#64;exam"
	      "ple.com</code> |\n"
	      "\n"
	      "<details><summary>1 held</summary>\n"
	      "\n"
	      "| | Rule | Expected | Found |\n"
	      "|---|---|---|---|\n"
	      "| yes | <code>metric = auc &#62;= 0.9</code> | <code>auc &#6"
	      "2;= 0.9</code> | <code>auc = 0.95</code> |\n"
	      "\n"
	      "</details>\n"
	      "\n"
	      "**yes** <code>spam&#64;v1.0.0 to staging</code>\n"
	      "\n"
	      "<details><summary>1 held</summary>\n"
	      "\n"
	      "| | Rule | Expected | Found |\n"
	      "|---|---|---|---|\n"
	      "| yes | <code>metric = auc &#62;= 0.9</code> | <code>auc &#6"
	      "2;= 0.9</code> | <code>auc = 0.95</code> |\n"
	      "\n"
	      "</details>\n"
	      "\n");
}

static void test_report_verdict__markdown_keeps_to_its_size(void **state)
{
	static struct mv_finding many[2000];
	struct mv_verdict v = { MV_RESULT_NO, many, 2000, 1 };
	const struct mv_judged j[3] = { { "a", &v }, { "b", &v }, { "c", &v } };
	struct mv_buf out;

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		many[i] = findings[i % 6];
	for (size_t max = MV_MARKDOWN_MIN; max < 60000; max += 977) {
		mv_buf_init(&out, 1 << 20);
		mv_buf_addstr(&out, "before\n");
		assert_int_equal(mv_verdicts_md(&out, j, 3, "m", max, NULL),
				 0);
		assert_true(out.len <= max + strlen("before\n"));
		assert_non_null(strstr(out.data, " more had no place here"));
		/* Every fold is closed. */
		assert_int_equal(!!strstr(out.data, "<details>"),
				 !!strstr(out.data, "</details>"));
		mv_buf_release(&out);
	}
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_md(&out, j, 1, "m", 1999, NULL),
			 MV_EINVALID);
	assert_int_equal(mv_verdicts_md(&out, j, 0, "m", 2000, NULL), 0);
	check(&out, "<!-- git-model: m -->\n### git-model: nothing to decide\n"
	      "\n");
}

/* -- JUnit ---------------------------------------------------------------- */

static void test_report_verdict__junit(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_junit(&out, both, 2, NULL), 0);
	check(&out,
	      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<testsuites name=\"git-model\" tests=\"7\" failures=\"2\" er"
	      "rors=\"0\">\n"
	      "  <testsuite name=\"spam@v1.0.0 to staging\" tests=\"1\" fai"
	      "lures=\"0\" errors=\"0\" skipped=\"0\">\n"
	      "    <testcase name=\"metric = auc &#62;= 0.9\" classname=\"s"
	      "tage production\"/>\n"
	      "  </testsuite>\n"
	      "  <testsuite name=\"fraud@v1.2.0 to production\" tests=\"6\""
	      " failures=\"2\" errors=\"0\" skipped=\"3\">\n"
	      "    <testcase name=\"metric = auc &#62;= 0.9\" classname=\"s"
	      "tage production\"/>\n"
	      "    <testcase name=\"metric = f1 &#62;= 0.5\" classname=\"st"
	      "age fraud#production\">\n"
	      "      <skipped message=\"expected f1 &#62;= 0.5; found f1 is"
	      " not recorded; do: record it (only a warning)\"/>\n"
	      "    </testcase>\n"
	      "    <testcase name=\"max-size = 1KiB\" classname=\"stage pro"
	      "duction\">\n"
	      "      <skipped message=\"expected at most 1 KiB; found 2 KiB"
	      "; overridden by carol@example.com\"/>\n"
	      "    </testcase>\n"
	      "    <testcase name=\"format = gguf\" classname=\"stage produ"
	      "ction\">\n"
	      "      <failure type=\"unknown\" message=\"expected gguf; fou"
	      "nd nothing\"/>\n"
	      "    </testcase>\n"
	      "    <testcase name=\"approvals = 1\" classname=\"stage produ"
	      "ction\">\n"
	      "      <failure type=\"no\" message=\"expected 1; found 0 of "
	      "1; do: git model approve fraud\"/>\n"
	      "    </testcase>\n"
	      "    <testcase name=\"approvals = 9\" classname=\"stage new\""
	      ">\n"
	      "      <skipped message=\"expected 9; found 0 of 9 (only eval"
	      "uated)\"/>\n"
	      "    </testcase>\n"
	      "  </testsuite>\n"
	      "</testsuites>\n");
}

/* -- SARIF ---------------------------------------------------------------- */

static const struct mv_json *get(const struct mv_json *v, const char *key)
{
	v = mv_json_get(v, key);
	assert_non_null(v);
	return v;
}

static const char *text(const struct mv_json *v, const char *key)
{
	const char *s = mv_json_get_str(get(v, key), NULL);

	assert_non_null(s);
	return s;
}

/* What the schema of SARIF 2.1.0 demands of what we use. */
static void check_sarif(const struct mv_json *o, size_t count)
{
	const struct mv_json *run, *rules, *results;

	assert_string_equal(text(o, "version"), "2.1.0");
	assert_int_equal(mv_json_size(get(o, "runs")), 1);
	run = mv_json_at(get(o, "runs"), 0);
	assert_string_equal(text(get(get(run, "tool"), "driver"), "name"),
			    "git-model");
	rules = get(get(get(run, "tool"), "driver"), "rules");
	results = get(run, "results");
	assert_int_equal(mv_json_size(results), count);
	for (size_t i = 0; i < count; i++) {
		const struct mv_json *r = mv_json_at(results, i), *place;
		size_t rule = (size_t)mv_json_get_int(get(r, "ruleIndex"));

		assert_true(*text(get(r, "message"), "text"));
		assert_true(rule < mv_json_size(rules));
		assert_string_equal(text(mv_json_at(rules, rule), "id"),
				    text(r, "ruleId"));
		assert_true(*text(get(mv_json_at(rules, rule),
				      "shortDescription"), "text"));
		place = get(mv_json_at(get(r, "locations"), 0),
			    "physicalLocation");
		assert_string_equal(text(get(place, "artifactLocation"),
					 "uri"), ".gitmodel/policy");
		assert_true(mv_json_get_int(get(get(place, "region"),
						"startLine")) >= 1);
		/* 3.27.10: level is "none" exactly when kind is not "fail" */
		assert_int_equal(!strcmp(text(r, "level"), "none"),
				 !!strcmp(text(r, "kind"), "fail"));
	}
	/* No id twice. */
	for (size_t i = 0; i < mv_json_size(rules); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
				text(mv_json_at(rules, i), "id"),
				text(mv_json_at(rules, j), "id"));
}

static void test_report_verdict__sarif(void **state)
{
	static const char *const ids[] = {
		"git-model/metric", "git-model/metric", "git-model/metric",
		"git-model/max-size", "git-model/format",
		"git-model/approvals", "git-model/approvals"
	};
	static const char *const levels[] = { "none", "none", "warning",
					      "note", "error", "error",
					      "note" };
	const struct mv_json *results;
	struct mv_json *o;
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_sarif(&out, both, 2, NULL), 0);
	assert_int_equal(mv_json_parse(&o, out.data, out.len, NULL), 0);
	check_sarif(o, 7);
	results = get(mv_json_at(get(o, "runs"), 0), "results");
	for (size_t i = 0; i < 7; i++) {
		const struct mv_json *r = mv_json_at(results, i);

		assert_string_equal(text(r, "ruleId"), ids[i]);
		assert_string_equal(text(r, "level"), levels[i]);
	}
	assert_string_equal(text(get(mv_json_at(results, 5), "message"),
				 "text"),
			    "fraud@v1.2.0 to production: no: approvals = 1: "
			    "expected 1; found 0 of 1; do: git model approve "
			    "fraud");
	assert_string_equal(text(get(mv_json_at(results, 4), "message"),
				 "text"),
			    "fraud@v1.2.0 to production: unknown: format = "
			    "gguf: expected gguf; found nothing");
	mv_json_free(o);
	mv_buf_release(&out);
	assert_int_equal(mv_verdicts_sarif(&out, NULL, 0, NULL), 0);
	assert_int_equal(mv_json_parse(&o, out.data, out.len, NULL), 0);
	check_sarif(o, 0);
	mv_json_free(o);
	mv_buf_release(&out);
}

/* -- annotations ---------------------------------------------------------- */

static void test_report_verdict__annotations(void **state)
{
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_annotations(&out, both, 2, NULL), 0);
	check(&out,
	      "::warning file=.gitmodel/policy,line=4,title=unknown%3A frau"
	      "d@v1.2.0 to production::metric = f1 >= 0.5: expected f1 >= 0"
	      ".5; found f1 is not recorded; do: record it (only a warning)"
	      "\n"
	      "::notice file=.gitmodel/policy,line=5,title=overridden%3A fr"
	      "aud@v1.2.0 to production::max-size = 1KiB: expected at most "
	      "1 KiB; found 2 KiB; overridden by carol@example.com\n"
	      "::error file=.gitmodel/policy,line=6,title=unknown%3A fraud@"
	      "v1.2.0 to production::format = gguf: expected gguf; found no"
	      "thing\n"
	      "::error file=.gitmodel/policy,line=7,title=no%3A fraud@v1.2."
	      "0 to production::approvals = 1: expected 1; found 0 of 1; do"
	      ": git model approve fraud\n"
	      "::notice file=.gitmodel/policy,line=1,title=no%3A fraud@v1.2"
	      ".0 to production::approvals = 9: expected 9; found 0 of 9 (o"
	      "nly evaluated)\n");
}

/* -- what comes from strangers -------------------------------------------- */

static void check_printable(const struct mv_buf *out)
{
	const char *s = out->data;

	while (*s) {
		uint32_t cp = 0;
		size_t n = mv_utf8_next(&cp, s, strlen(s));

		assert_true(n);
		assert_true(cp == '\n' || !mv_utf8_unsafe(cp));
		s += n;
	}
}

static size_t lines(const struct mv_buf *out)
{
	size_t n = 0;

	for (const char *s = out->data; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

static void test_report_verdict__hostile_text_stays_in_its_place(void **state)
{
	struct mv_json *o;
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_verdicts_text(&out, &evil, 1, 1, NULL, NULL), 0);
	check_printable(&out);
	assert_int_equal(lines(&out), 6);
	mv_buf_release(&out);

	assert_int_equal(mv_verdicts_annotations(&out, &evil, 1, NULL), 0);
	check_printable(&out);
	assert_int_equal(lines(&out), 1);
	assert_null(strstr(out.data, "\n::error::"));
	mv_buf_release(&out);

	assert_int_equal(mv_verdicts_md(&out, &evil, 1, "-->" EVIL, 60000,
					NULL), 0);
	check_printable(&out);
	/* One marker that ends once, one row, no markup of theirs. */
	assert_null(strstr(strstr(out.data, "-->") + 3, "-->"));
	assert_null(strstr(out.data, "<b>"));
	assert_null(strstr(out.data, "`x`"));
	assert_null(strstr(out.data, "@all"));
	assert_null(strstr(out.data, "[z]"));
	mv_buf_release(&out);

	assert_int_equal(mv_verdicts_junit(&out, &evil, 1, NULL), 0);
	check_printable(&out);
	assert_null(strstr(out.data, "<b>"));
	assert_null(strstr(out.data, "]]>"));
	assert_int_equal(lines(&out), 8);
	mv_buf_release(&out);

	assert_int_equal(mv_verdicts_sarif(&out, &evil, 1, NULL), 0);
	check_printable(&out);
	assert_int_equal(mv_json_parse(&o, out.data, out.len, NULL), 0);
	check_sarif(o, 1);
	mv_json_free(o);
	mv_buf_release(&out);
}

/* Whatever the room: all of it or nothing. */
static void test_report_verdict__no_room(void **state)
{
	(void)state;
	for (size_t max = 0; max < 4000; max += 7) {
		struct mv_buf out;
		int rc[5];

		for (int i = 0; i < 5; i++) {
			mv_buf_init(&out, max);
			rc[i] = i == 0 ? mv_verdicts_text(&out, both, 2, 1,
							  NULL, NULL) :
				i == 1 ? mv_verdicts_md(&out, both, 2, "m",
							60000, NULL) :
				i == 2 ? mv_verdicts_junit(&out, both, 2,
							   NULL) :
				i == 3 ? mv_verdicts_sarif(&out, both, 2,
							   NULL) :
				mv_verdicts_annotations(&out, both, 2, NULL);
			if (rc[i])
				assert_int_equal(rc[i], MV_ENOMEM);
			if (rc[i])
				assert_true(!out.len || i == 3);
			mv_buf_release(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_verdict__text_of_what_does_not_hold),
		cmocka_unit_test(test_report_verdict__text_that_explains),
		cmocka_unit_test(test_report_verdict__text_of_nothing),
		cmocka_unit_test(test_report_verdict__text_has_colours_where_asked),
		cmocka_unit_test(test_report_verdict__json),
		cmocka_unit_test(test_report_verdict__markdown_says_what_stops_first),
		cmocka_unit_test(test_report_verdict__markdown_keeps_to_its_size),
		cmocka_unit_test(test_report_verdict__junit),
		cmocka_unit_test(test_report_verdict__sarif),
		cmocka_unit_test(test_report_verdict__annotations),
		cmocka_unit_test(test_report_verdict__hostile_text_stays_in_its_place),
		cmocka_unit_test(test_report_verdict__no_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
