/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/base/utf8.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/facts.h"
#include "libmv/report/md.h"
#include "libmv/report/views.h"
#include "report-views.h"

static void print(struct mv_buf *out, struct mv_comparison *c, size_t max)
{
	struct mv_err err = { MV_OK, "" };

	mv_buf_init(out, 1 << 20);
	if (mv_comparison_md(out, c, "diff", max, &err))
		fail_msg("%s", err.msg);
	mv_comparison_release(c);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void test_report_md__verdict_first_worse_before_better(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_full(&c);
	print(&out, &c, MV_MARKDOWN_MAX);
	check_text(&out,
		   "<!-- git-model: diff -->\n"
		   "### git-model: 1 metric worse, 1 better, in 1 artifact; 3 "
		   "not measured on the same data\n"
		   "\n"
		   "<code>production</code> (<code>v1.2.0</code>, "
		   "<code>3f2a91c</code>) .. <code>HEAD</code> "
		   "(<code>9b1c2d3</code>)<br>base: <code>what holds the stage "
		   "production</code>\n"
		   "\n"
		   "#### <code>fraud</code>\n"
		   "\n"
		   "<code>models/fraud.safetensors</code>, 12.0 MiB → 12.5 MiB\n"
		   "\n"
		   "> **Warning**: <code>not measured on the same evaluation "
		   "data&#58; auc, latency, note&#58; holdout (aaaaaaa) against "
		   "holdout (bbbbbbb)</code>\n"
		   "\n"
		   "| Metric | <code>production</code> | <code>HEAD</code> | "
		   "Change | Relative | Verdict |\n"
		   "|---|---:|---:|---:|---:|---|\n"
		   "| <code>latency (ms)</code> | 12 | 14 | +2 | +16.7% | worse "
		   "(other data) |\n"
		   "| <code>auc</code> | 0.9120 | 0.9310 | +0.0190 | +2.1% | "
		   "better (other data) |\n"
		   "| <code>note</code> | <code>ok</code> | <code>better</code> "
		   "|  |  | (other data) |\n"
		   "| <code>recall</code> | - | 0.5 |  |  | new |\n"
		   "\n"
		   "| Param | <code>production</code> | <code>HEAD</code> |\n"
		   "|---|---|---|\n"
		   "| <code>epochs</code> | - | 20 |\n"
		   "| <code>lr</code> | 0.01 | 0.003 |\n"
		   "\n"
		   "| Data | Name | <code>production</code> | <code>HEAD</code> |\n"
		   "|---|---|---|---|\n"
		   "| <code>eval</code> | <code>holdout</code> | <code>aaaaaaa  "
		   "2.0 KiB</code> | <code>bbbbbbb  2.0 KiB</code> |\n"
		   "\n"
		   "<details><summary>Environment (1)</summary>\n"
		   "\n"
		   "| Environment | <code>production</code> | <code>HEAD</code> "
		   "|\n"
		   "|---|---|---|\n"
		   "| <code>python</code> | <code>3.10</code> | "
		   "<code>3.11</code> |\n"
		   "\n"
		   "</details>\n"
		   "\n"
		   "<details><summary>Content (2)</summary>\n"
		   "\n"
		   "<pre>\n"
		   "+ head.bias  F32 &#91;2&#93;\n"
		   "&#126; head.weight  F32 &#91;2, 64&#93; -&#62; F32 &#91;2, "
		   "128&#93;\n"
		   "</pre>\n"
		   "</details>\n"
		   "\n"
		   "| Path | Size |\n"
		   "|---|---|\n"
		   "| <code>models/tiny.bin</code> | new, 900 B |\n"
		   "\n");
}

static void add_judged(struct mv_comparison *c, size_t i, const char *name,
		       const char *old, const char *new)
{
	init_pair(&c->v[i], name, "m.bin");
	add_facts(&c->v[i].old_evidence.metrics, old, NULL);
	add_facts(&c->v[i].new_evidence.metrics, new, NULL);
	compare_pair(c, i);
}

static void test_report_md__the_worst_artifact_leads(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	const char *a, *b, *d, *e;

	(void)state;
	init_comparison(&c, 4);
	add_judged(&c, 0, "unknown", "x=1", "x=2");
	add_judged(&c, 1, "better", "auc=0.1", "auc=0.2");
	add_judged(&c, 2, "worse", "auc=0.2", "auc=0.1");
	init_pair(&c.v[3], "plain", "plain.bin");
	print(&out, &c, MV_MARKDOWN_MAX);
	a = strstr(out.data, "#### <code>worse");
	b = strstr(out.data, "#### <code>better");
	d = strstr(out.data, "#### <code>unknown");
	e = strstr(out.data, "\n| <code>plain</code> | <code>plain.bin</code> "
		   "| 12.0 MiB → 12.5 MiB |\n");
	assert_true(a && b && d && e && a < b && b < d && d < e);
	mv_buf_release(&out);
}

static void test_report_md__many_rows_are_folded_but_never_the_worse(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	char arg[32], key[32];
	const char *fold;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], "a", "a.bin");
	for (int i = 0; i < 30; i++) {
		struct mv_value v = { .type = MV_VALUE_INT, .text = arg };

		for (int n = 0; n < 2; n++) {
			snprintf(key, sizeof(key), "%s%02d",
				 i < 15 ? "latency" : "other", i);
			snprintf(arg, sizeof(arg), "%d", n);
			v.i = n;
			v.r = n;
			assert_int_equal(mv_facts_set(n ?
				&c.v[0].new_evidence.metrics :
				&c.v[0].old_evidence.metrics, key, &v, 0,
				NULL), 0);
		}
		snprintf(arg, sizeof(arg), "p%d=1", i);
		add_facts(&c.v[0].new_evidence.params, arg, NULL);
	}
	free(c.project.metrics[2].name);
	c.project.metrics[2].name = dup("latency*");
	compare_pair(&c, 0);
	print(&out, &c, MV_MARKDOWN_MAX);
	fold = strstr(out.data, "<details><summary>More metrics (15)");
	assert_non_null(fold);
	assert_null(strstr(fold, "worse"));
	assert_int_equal(count(out.data, "worse |"), 15);
	assert_int_equal(count(out.data, "<details><summary>Params (30)"), 1);
	assert_int_equal(count(out.data, "</details>"), 2);
	mv_buf_release(&out);
}

/* -- strangers ------------------------------------------------------------ */

/* Everything that a renderer takes for more than text. */
static const char *const hostile[] = {
	"a|b", "`code`", "<script>alert(1)</script>", "@mention", "#123",
	"https://evil.example/x", "www.evil.example", "line\nfeed",
	"--> end", "[link](http://x)", "![img](x)", "*bold* _it_ ~~s~~",
	"&lt;b&gt;", "\xe2\x80\xae bidi", "\xff\xfe", "$x$", ":tada:",
	"</code></td>", "\\| \\`", "user@example.com", "a\r\n\r\n# b",
	"{{ x }}", "\033[31m", "GH-12", "</details>"
};
enum { HOSTILE = sizeof(hostile) / sizeof(*hostile) };

/* Only our own tags, no sign with a meaning outside of them, and one table
   row a line. */
static void check_harmless(const char *s)
{
	static const char *const ours[] = {
		"<code>", "</code>", "<details>", "</details>", "<summary>",
		"</summary>", "<br>", "<pre>", "</pre>", "<!-- git-model: "
	};

	for (const char *at = s; (at = strchr(at, '<')); at++) {
		size_t i = 0;

		while (i < 10 && strncmp(at, ours[i], strlen(ours[i])))
			i++;
		if (i == 10)
			fail_msg("a tag: %.40s", at);
	}
	assert_int_equal(count(s, "<code>"), count(s, "</code>"));
	assert_int_equal(count(s, "<details>"), count(s, "</details>"));
	assert_int_equal(count(s, "-->"), 1);
	assert_null(strpbrk(s, "@`[]\\~$\033\r\t"));
	assert_null(strstr(s, "://"));
	assert_null(strstr(s, "www."));
	for (size_t len = strlen(s), n; len; s += n, len -= n) {
		uint32_t cp = 0;

		n = mv_utf8_next(&cp, s, len);
		assert_true(n);
		assert_true(cp == '\n' || !mv_utf8_unsafe(cp));
	}
}

static void test_report_md__no_name_leaves_its_place(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	struct mv_pair *p;

	(void)state;
	for (size_t i = 0; i < HOSTILE; i++) {
		const char *bad = hostile[i];

		init_comparison(&c, 2);
		free(c.base_name);
		free(c.base_version);
		free(c.head);
		free(c.why);
		c.base_name = dup(bad);
		c.base_version = dup(bad);
		c.head = dup(bad);
		c.why = dup(bad);
		p = &c.v[0];
		init_pair(p, bad, bad);
		p->old_path = dup(bad);
		init_evidence(&p->old_evidence, bad, 1);
		init_evidence(&p->new_evidence, bad, 2);
		p->data_changed = 1;
		offer_text(&p->old_evidence.metrics, &p->new_evidence.metrics,
			   "m", bad);
		offer_text(&p->old_evidence.metrics, &p->new_evidence.metrics,
			   bad, "m");
		offer_text(&p->new_evidence.params, &p->old_evidence.params,
			   bad, bad);
		p->content = dup(bad);
		compare_pair(&c, 0);
		init_pair(&c.v[1], bad, bad);
		print(&out, &c, MV_MARKDOWN_MAX);
		check_harmless(out.data);
		mv_buf_release(&out);
	}
}

static void test_report_md__escapes_say_what_was_there(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 1);
	init_pair(&c.v[0], "a|b @you <b> #1 www.x", "p");
	print(&out, &c, MV_MARKDOWN_MAX);
	assert_non_null(strstr(out.data, "| <code>a&#124;b &#64;you &#60;b&#62; "
			       "&#35;1 www&#46;x</code> |"));
	mv_buf_release(&out);
}

static void test_report_md__the_marker_cannot_be_left(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_comparison(&c, 0);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_comparison_md(&out, &c, "a--> <b>\n-x-y", 5000,
					  NULL), 0);
	assert_memory_equal(out.data, "<!-- git-model: a-__ _b__-x-y -->\n###",
			    37);
	mv_comparison_release(&c);
	mv_buf_release(&out);
}

/* -- room ----------------------------------------------------------------- */

static void init_many(struct mv_comparison *c)
{
	char arg[64];

	init_comparison(c, 40);
	for (size_t i = 0; i < 40; i++) {
		struct mv_pair *p = &c->v[i];

		snprintf(arg, sizeof(arg), "artifact|%zu", i);
		init_pair(p, arg, "<path>");
		for (int k = 0; k < 30; k++) {
			snprintf(arg, sizeof(arg), "p%d=\"<v|%d>\"", k, k);
			add_facts(&p->new_evidence.params, arg, NULL);
		}
		add_facts(&p->old_evidence.metrics, "auc=0.5", NULL);
		add_facts(&p->new_evidence.metrics, "auc=0.4", NULL);
		p->content = dup("one\ntwo\nthree\n");
		compare_pair(c, i);
	}
}

/* At every size: not longer, whole rows, what is opened is closed. */
static void test_report_md__is_cut_between_pieces(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_many(&c);
	mv_buf_init(&out, 1 << 20);
	for (size_t max = MV_MARKDOWN_MIN; max < 20000; max += 37) {
		const char *line, *end;

		mv_buf_clear(&out);
		assert_int_equal(mv_comparison_md(&out, &c, "x", max, NULL),
				 0);
		assert_true(out.len <= max);
		assert_true(out.len + 800 > max);
		assert_non_null(strstr(out.data, "### git-model: 40 metrics "
				       "worse"));
		assert_non_null(strstr(out.data, " found no place here; `git "
				       "model diff --all`"));
		assert_int_equal(count(out.data, "<code>"),
				 count(out.data, "</code>"));
		assert_int_equal(count(out.data, "<details>"),
				 count(out.data, "</details>"));
		assert_int_equal(count(out.data, "<pre>"),
				 count(out.data, "</pre>"));
		for (line = out.data; *line; line = end + 1) {
			end = strchr(line, '\n');
			assert_non_null(end);
			if (*line == '|')
				assert_int_equal(end[-1], '|');
		}
	}
	mv_comparison_release(&c);
	mv_buf_release(&out);
}

static void test_report_md__counts_what_it_left_out(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;
	unsigned artifacts, rows;
	const char *cut;
	size_t shown;

	(void)state;
	init_many(&c);
	print(&out, &c, 20000);
	cut = strstr(out.data, "\n**Cut**: ");
	assert_non_null(cut);
	assert_int_equal(sscanf(cut, "\n**Cut**: %u artifacts and %u rows",
				&artifacts, &rows), 2);
	shown = count(out.data, "\n#### ");
	assert_int_equal(artifacts + shown, 40);
	assert_int_equal(rows + count(out.data, "\n| <code>p") +
			 count(out.data, "\n| <code>auc") +
			 count(out.data, "\none\n") + count(out.data, "\ntwo\n") +
			 count(out.data, "\nthree\n"),
			 (1 + 30 + 3) * shown);
	mv_buf_release(&out);
	init_many(&c);
	print(&out, &c, 1 << 20);
	assert_null(strstr(out.data, "Cut"));
	assert_int_equal(count(out.data, "\n| <code>p"), 40 * 30);
	mv_buf_release(&out);
}

static void test_report_md__names_of_any_length(void **state)
{
	struct mv_comparison c;
	struct mv_err err = { MV_OK, "" };
	struct mv_buf out;
	char *name = zeroed(1, 60001);

	(void)state;
	memset(name, '|', 60000);
	init_comparison(&c, 1);
	free(c.base_name);
	c.base_name = dup(name);
	init_pair(&c.v[0], name, name);
	c.v[0].content = dup(name);
	mv_buf_init(&out, 1 << 20);
	for (size_t max = MV_MARKDOWN_MIN; max < 8000; max += 500) {
		mv_buf_clear(&out);
		assert_int_equal(mv_comparison_md(&out, &c, name, max, NULL),
				 0);
		assert_true(out.len <= max);
		assert_memory_equal(out.data, "<!-- git-model: ____", 20);
	}
	mv_buf_clear(&out);
	assert_int_equal(mv_comparison_md(&out, &c, "x", 1999, &err),
			 MV_EINVALID);
	assert_string_equal(out.data, "");
	free(name);
	mv_comparison_release(&c);
	mv_buf_release(&out);
}

/* -- cards and boards ----------------------------------------------------- */

static void test_report_md__a_card(void **state)
{
	struct mv_card card;
	struct mv_buf out;

	(void)state;
	memset(&card, 0, sizeof(card));
	card.title = dup("fraud");
	card.version = dup("v1.2.0");
	card.description = dup("<finds> fraud");
	card.logical = 12 << 20;
	set_oid(&card.oid, 0x12);
	init_project(&card.project);
	add_facts(&card.evidence.metrics, "auc=0.9312", "latency=12.5",
		  "note=ok", NULL);
	add_facts(&card.evidence.params, "lr=0.001", NULL);
	card.curves = zeroed(1, sizeof(*card.curves));
	card.curve_count = 1;
	card.curves[0].name = dup("auc");
	card.curves[0].points = zeroed(3, sizeof(struct mv_point));
	card.curves[0].points[2].value = 1;
	card.curves[0].count = 3;
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_card_md(&out, &card, NULL), 0);
	mv_card_release(&card);
	check_text(&out,
		   "### <code>fraud</code> <code>v1.2.0</code>\n"
		   "\n"
		   "<code>&#60;finds&#62; fraud</code><br>12.0 MiB, "
		   "<code>1212121</code>\n"
		   "\n"
		   "| Metric | Value | Curve |\n"
		   "|---|---:|---|\n"
		   "| <code>auc</code> | 0.9312 | ▁▁█ |\n"
		   "| <code>latency</code> | 12.5 ms |  |\n"
		   "| <code>note</code> | <code>ok</code> |  |\n"
		   "\n"
		   "| Param | Value |\n"
		   "|---|---|\n"
		   "| <code>lr</code> | 0.001 |\n"
		   "\n");
}

static void test_report_md__a_board(void **state)
{
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	memset(&b, 0, sizeof(b));
	b.v = zeroed(2, sizeof(*b.v));
	b.count = 2;
	init_project(&b.project);
	b.v[0].label = dup("v1|0");
	b.v[1].label = dup("HEAD");
	add_facts(&b.v[0].evidence.metrics, "auc=0.5", NULL);
	add_facts(&b.v[1].evidence.metrics, "auc=0.75", NULL);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_board_md(&out, &b, NULL, NULL), 0);
	mv_board_release(&b);
	check_text(&out,
		   "| Version | <code>auc</code> |\n"
		   "|---|---:|\n"
		   "| <code>v1&#124;0</code> | 0.5000 |\n"
		   "| <code>HEAD</code> | 0.7500&#42; |\n"
		   "\n\n`*`: best of its column\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_md__verdict_first_worse_before_better),
		cmocka_unit_test(test_report_md__the_worst_artifact_leads),
		cmocka_unit_test(test_report_md__many_rows_are_folded_but_never_the_worse),
		cmocka_unit_test(test_report_md__no_name_leaves_its_place),
		cmocka_unit_test(test_report_md__escapes_say_what_was_there),
		cmocka_unit_test(test_report_md__the_marker_cannot_be_left),
		cmocka_unit_test(test_report_md__is_cut_between_pieces),
		cmocka_unit_test(test_report_md__counts_what_it_left_out),
		cmocka_unit_test(test_report_md__names_of_any_length),
		cmocka_unit_test(test_report_md__a_card),
		cmocka_unit_test(test_report_md__a_board),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
