/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/report/html.h"
#include "libmv/report/pages.h"
#include "libmv/report/views.h"
#include "report-views.h"

/* What a stranger may call things. No part of it may show as markup. */
#define HOSTILE "</script><script>window.__pwned=1</script>" \
	"\" onload=\"window.__pwned=1\" '`<img src=x onerror=1>" \
	"javascript:1 \xe2\x80\xae\xe2\x80\xa8&amp;&#60;\x1b[31m"

/* -- pages that are kept -------------------------------------------------- */

struct pages {
	char *names[16], *texts[16];
	size_t count;
};

static int keep(void *payload, const char *name, const char *data, size_t len,
		struct mv_err *err)
{
	struct pages *p = payload;

	(void)err;
	assert_true(p->count < 16);
	assert_int_equal(strlen(data), len);
	p->names[p->count] = dup(name);
	p->texts[p->count++] = dup(data);
	return 0;
}

static void pages_release(struct pages *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->names[i]);
		free(p->texts[i]);
	}
}

static const char *page(const struct pages *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->names[i], name))
			return p->texts[i];
	fail_msg("no page %s", name);
	return NULL;
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void check_has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("not found: %s", what);
}

/* -- a small reader of HTML: is every tag closed, every attribute quoted? -- */

static int is_void(const char *tag)
{
	return !strcmp(tag, "meta") || !strcmp(tag, "link") ||
	       !strcmp(tag, "line") || !strcmp(tag, "input");
}

/* Addresses are ours: never made of data. */
static void check_address(const char *value, size_t len)
{
	static const char *const known[] = {
		"#main", "index.html", "compare.html", "data:,"
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i]) == len && !strncmp(value, known[i], len))
			return;
	if (strncmp(value, "artifact-", 9) && strncmp(value, "#a", 2))
		fail_msg("a foreign address: %.*s", (int)len, value);
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.#",
			    value[i]))
			fail_msg("a foreign address: %.*s", (int)len, value);
}

/* From behind the name to behind ">". */
static const char *read_attributes(const char *p)
{
	while (*p != '>') {
		const char *name, *value;

		p += strspn(p, " /\n");
		if (*p == '>')
			break;
		name = p;
		p += strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGH"
			    "IJKLMNOPQRSTUVWXYZ0123456789-_");
		assert_true(p > name);
		assert_false(!strncmp(name, "on", 2));
		assert_false(!strncmp(name, "style", 5));
		assert_false(!strncmp(name, "src", 3));
		if (*p != '=')
			continue;
		assert_int_equal(p[1], '"');
		value = p + 2;
		p = strchr(value, '"');
		assert_non_null(p);
		if (!strncmp(name, "href", 4))
			check_address(value, (size_t)(p - value));
		for (const char *s = value; s < p; s++)
			assert_false(*s == '<' || *s == '>');
		p++;
	}
	return p + 1;
}

struct seen {
	size_t scripts, json, tables, captions, canvases;
};

static const char *read_text(const char *p, const char *tag)
{
	char end[32];
	const char *stop;

	snprintf(end, sizeof(end), "</%s>", tag);
	stop = strstr(p, end);
	assert_non_null(stop);
	return stop;
}

static void check_json(const char *from, const char *to)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_json *json = NULL;

	assert_null(memchr(from, '<', (size_t)(to - from)));
	assert_null(memchr(from, '&', (size_t)(to - from)));
	assert_null(memmem(from, (size_t)(to - from), "\xe2\x80\xa8", 3));
	if (mv_json_parse(&json, from, (size_t)(to - from), &err))
		fail_msg("%s", err.msg);
	mv_json_free(json);
}

static void note_tag(struct seen *seen, const char *tag, const char *begin,
		     const char *end)
{
	seen->tables += !strcmp(tag, "table");
	seen->captions += !strcmp(tag, "caption");
	if (!strcmp(tag, "canvas")) {
		seen->canvases++;
		assert_non_null(memmem(begin, (size_t)(end - begin),
				       "role=\"img\" aria-label=\"", 23));
	}
}

static struct seen check_page(const char *text)
{
	enum { DEPTH = 64 };
	char stack[DEPTH][16];
	struct seen seen = { 0 };
	size_t depth = 0, len;
	const char *p = text, *end;
	char tag[16];

	assert_int_equal(strncmp(p, "<!DOCTYPE html>\n<html lang", 26), 0);
	p += 16;
	while ((p = strchr(p, '<'))) {
		int closes = p[1] == '/';

		p += 1 + closes;
		len = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789");
		assert_true(len > 0 && len < sizeof(tag));
		memcpy(tag, p, len);
		tag[len] = '\0';
		end = read_attributes(p + len);
		if (closes) {
			assert_true(depth > 0);
			if (strcmp(stack[depth - 1], tag))
				fail_msg("</%s> where <%s> is open", tag,
					 stack[depth - 1]);
			depth--;
			p = end;
			continue;
		}
		note_tag(&seen, tag, p, end);
		if (!is_void(tag)) {
			assert_true(depth < DEPTH);
			strcpy(stack[depth++], tag);
		}
		if (!strcmp(tag, "script")) {
			const char *stop = read_text(end, tag);

			if (memmem(p, (size_t)(end - p), "json", 4)) {
				seen.json++;
				check_json(end, stop);
			} else {
				seen.scripts++;
			}
			end = stop;
		} else if (!strcmp(tag, "style")) {
			end = read_text(end, tag);
		}
		p = end;
	}
	assert_int_equal(depth, 0);
	assert_int_equal(seen.tables, seen.captions);
	assert_int_equal(seen.canvases, seen.json);
	return seen;
}

/* -- views ---------------------------------------------------------------- */

static void add_curve(struct mv_plot *p, const char *label, const char *metric,
		      size_t count)
{
	struct mv_plot_line *l;

	p->v = realloc(p->v, (p->count + 1) * sizeof(*p->v));
	assert_non_null(p->v);
	l = &p->v[p->count++];
	l->label = dup(label);
	l->metric = dup(metric);
	l->points = zeroed(count + 1, sizeof(*l->points));
	l->count = count;
	for (size_t i = 0; i < count; i++) {
		l->points[i].step = (int64_t)i;
		l->points[i].value = 1.0 / (double)(i + 1);
	}
}

static void init_row(struct mv_row *row, const char *label, int oid,
		     const char *auc, const char *lr)
{
	memset(row, 0, sizeof(*row));
	row->label = dup(label);
	row->artifact = dup("fraud");
	row->path = dup("models/fraud.st");
	row->commit = dup(HEAD_COMMIT);
	row->subject_line = dup("train");
	row->version = dup(label);
	row->when = 1700000000 + oid;
	memset(row->blob, '0' + oid % 10, 40);
	set_oid(&row->pointer.oid, oid);
	init_evidence(&row->evidence, "holdout", 0xaa);
	add_facts(&row->evidence.metrics, auc, "latency=12", NULL);
	add_facts(&row->evidence.params, lr, "optimizer=adam", NULL);
}

static void init_board(struct mv_board *b)
{
	memset(b, 0, sizeof(*b));
	b->v = zeroed(3, sizeof(*b->v));
	b->count = 3;
	init_project(&b->project);
	init_row(&b->v[0], "v1.2.0", 3, "auc=0.95", "lr=0.001");
	init_row(&b->v[1], "v1.1.0", 2, "auc=0.93", "lr=0.01");
	init_row(&b->v[2], "v1.0.0", 1, "auc=0.90", "lr=0.1");
	b->v[1].stages = dup("production");
}

static void init_card(struct mv_card *card, const char *title)
{
	memset(card, 0, sizeof(*card));
	card->title = dup(title);
	card->artifact = dup("fraud");
	card->path = dup("models/fraud.st");
	card->version = dup("v1.2.0");
	card->commit = dup(HEAD_COMMIT);
	card->subject_line = dup(title);
	card->author = dup(title);
	card->description = dup(title);
	card->logical = 1 << 20;
	card->stored = 1 << 19;
	set_oid(&card->oid, 3);
	init_project(&card->project);
	init_evidence(&card->evidence, title, 0xaa);
	add_facts(&card->evidence.metrics, "auc=0.95", "latency=12", NULL);
	add_text(&card->evidence.params, "name", title);
	add_text(&card->evidence.tags, "tag", title);
}

static void init_lineage(struct mv_lineage *l, const char *label)
{
	memset(l, 0, sizeof(*l));
	l->nodes = zeroed(2, sizeof(*l->nodes));
	l->edges = zeroed(2, sizeof(*l->edges));
	l->node_count = l->edge_count = 2;
	for (size_t i = 0; i < 2; i++) {
		l->nodes[i].id = dup("sha256:0123456789abcdef");
		l->nodes[i].label = dup(label);
	}
	/* Each of the other. */
	l->edges[0].from = 1;
	l->edges[0].label = dup("train");
	l->edges[1].to = 1;
	l->edges[1].label = dup("train");
}

struct views {
	struct mv_board board;
	struct mv_card card;
	struct mv_plot plot;
	struct mv_lineage lineage;
	struct mv_comparison comparison;
	struct mv_site site;
};

static void views_init(struct views *v, const char *name)
{
	memset(v, 0, sizeof(*v));
	init_board(&v->board);
	init_card(&v->card, name);
	add_curve(&v->plot, name, name, 30);
	add_curve(&v->plot, "v1.1.0", name, 20);
	init_lineage(&v->lineage, name);
	init_full(&v->comparison);
	v->site = (struct mv_site){
		.title = name, .now = INT64_C(1700000000000),
		.board = &v->board, .cards = &v->card, .card_count = 1,
		.lineages = &v->lineage, .plots = &v->plot,
		.comparison = &v->comparison
	};
}

static void views_release(struct views *v)
{
	mv_board_release(&v->board);
	mv_card_release(&v->card);
	mv_plot_release(&v->plot);
	mv_lineage_release(&v->lineage);
	mv_comparison_release(&v->comparison);
}

static void make(struct pages *pages, const struct views *v)
{
	struct mv_err err = { MV_OK, "" };

	memset(pages, 0, sizeof(*pages));
	if (mv_site_html(&v->site, keep, pages, &err))
		fail_msg("%s", err.msg);
}

/* -- tests ---------------------------------------------------------------- */

static void test_report_html__pages_are_well_formed(void **state)
{
	struct pages pages;
	struct views v;
	struct seen seen;

	(void)state;
	views_init(&v, "fraud");
	make(&pages, &v);
	assert_int_equal(pages.count, 3);
	/* The overview is the last, so that its links lead somewhere. */
	assert_string_equal(pages.names[2], "index.html");
	for (size_t i = 0; i < pages.count; i++)
		seen = check_page(pages.texts[i]);
	seen = check_page(page(&pages, "artifact-1-fraud.html"));
	assert_int_equal(seen.scripts, 2);
	/* Two metrics over versions, one metric's curves, parallel ones. */
	assert_int_equal(seen.canvases, 4);
	/* No charts: only our own script. */
	assert_int_equal(check_page(page(&pages, "index.html")).scripts, 1);
	check_has(page(&pages, "index.html"),
		  "<a href=\"artifact-1-fraud.html\"><bdi>fraud</bdi></a>");
	check_has(page(&pages, "index.html"), "v1.1.0</td>");
	pages_release(&pages);
	views_release(&v);
}

static void test_report_html__hostile_names_stay_text(void **state)
{
	struct pages pages;
	struct views v;

	(void)state;
	views_init(&v, HOSTILE);
	free(v.board.v[0].label);
	v.board.v[0].label = dup(HOSTILE);
	free(v.board.v[1].stages);
	v.board.v[1].stages = dup(HOSTILE);
	add_text(&v.board.v[0].evidence.params, HOSTILE, HOSTILE);
	add_real(&v.board.v[0].evidence.metrics, HOSTILE, 1);
	add_real(&v.board.v[1].evidence.metrics, HOSTILE, 2);
	free(v.comparison.v[0].artifact);
	v.comparison.v[0].artifact = dup(HOSTILE);
	free(v.comparison.v[0].content);
	v.comparison.v[0].content = dup("+ <script>1</script>\n");
	free(v.comparison.head_name);
	v.comparison.head_name = dup(HOSTILE);
	make(&pages, &v);
	for (size_t i = 0; i < pages.count; i++) {
		check_page(pages.texts[i]);
		assert_int_equal(count_of(pages.texts[i], "<img"), 0);
		assert_int_equal(count_of(pages.texts[i], "\x1b"), 0);
		assert_int_equal(count_of(pages.texts[i], "\xe2\x80\xae"), 0);
		assert_int_equal(count_of(pages.texts[i], "<script>window"),
				 0);
		check_has(pages.texts[i], "&#60;img src=x onerror=1&#62;");
	}
	/* A name of nothing but signs is still a file's name. */
	assert_string_equal(pages.names[0], "artifact-1-"
			    "script-script-window-pwned-1-script-onlo.html");
	pages_release(&pages);
	views_release(&v);
}

static void test_report_html__the_same_view_is_the_same_page(void **state)
{
	struct pages a, b;
	struct views v;

	(void)state;
	views_init(&v, "fraud");
	make(&a, &v);
	make(&b, &v);
	for (size_t i = 0; i < a.count; i++)
		assert_string_equal(a.texts[i], b.texts[i]);
	check_has(a.texts[0], "on 2023-11-14 at 22:13 UTC");
	pages_release(&a);
	pages_release(&b);
	views_release(&v);
}

/* sha256 of what stands between, as the policy names it. */
static void check_hash(const char *text, const char *begin, const char *end)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *from = strstr(text, begin), *to;
	uint8_t sum[33] = { 0 };
	char wanted[64] = "'sha256-";
	size_t n = 8;

	assert_non_null(from);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	assert_int_equal(mv_hash(sum, MV_HASH_SHA256, from,
				 (size_t)(to - from), NULL), 0);
	for (size_t bit = 0; bit < 256; bit += 6) {
		unsigned v = (unsigned)sum[bit / 8] << 8 | sum[bit / 8 + 1];

		wanted[n++] = digits[v >> (10 - bit % 8) & 63];
	}
	strcpy(wanted + n, "='");
	check_has(text, wanted);
}

static void test_report_html__policy_names_our_scripts_only(void **state)
{
	const char *text, *policy;
	struct pages pages;
	struct views v;

	(void)state;
	views_init(&v, "fraud");
	make(&pages, &v);
	text = page(&pages, "artifact-1-fraud.html");
	check_hash(text, "<style>", "</style>");
	check_hash(text, "</footer>\n<script>", "</script>");
	text = page(&pages, "index.html");
	check_hash(text, "</footer>\n<script>", "</script>");
	policy = strstr(text, "Content-Security-Policy");
	assert_non_null(policy);
	assert_true(policy < strstr(text, "<style>"));
	check_has(policy, "content=\"default-src 'none'; style-src 'sha256-");
	assert_int_equal(count_of(text, "unsafe-"), 0);
	assert_int_equal(count_of(text, "http://"), 0);
	pages_release(&pages);
	views_release(&v);
}

static void test_report_html__assets_can_stand_in_a_page(void **state)
{
	const struct mv_asset assets[] = {
		mv_asset_css(), mv_asset_script(), mv_asset_chart()
	};
	static const char *const never[] = { "</script", "</style", "<!--",
					     "\r", "sourceMappingURL" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(assets[i].len > 1000);
		assert_null(memchr(assets[i].data, '\0', assets[i].len));
		for (size_t j = 0; j < sizeof(never) / sizeof(*never); j++)
			assert_null(memmem(assets[i].data, assets[i].len,
					   never[j], strlen(never[j])));
	}
	assert_non_null(memmem(assets[2].data, 200, "Released under the MIT",
			       22));
}

static void test_report_html__a_peak_of_a_long_curve_stays(void **state)
{
	struct mv_plot plot = { 0 };
	struct mv_buf out;
	const char *json;

	(void)state;
	plot.title = dup("loss");
	add_curve(&plot, "v1", "loss", 100000);
	plot.v[0].points[77777].value = 12345;
	plot.v[0].points[4].value = -1;
	mv_buf_init(&out, 1 << 24);
	assert_int_equal(mv_plot_html(&out, &plot, NULL, NULL), 0);
	check_page(out.data);
	json = strstr(out.data, "application/json");
	check_has(json, "[77777,12345.0]");
	check_has(json, "[0,1.0]");
	check_has(json, "[4,-1.0]");
	check_has(json, "[99999,");
	*strstr((char *)json, "</script>") = '\0';
	assert_true(count_of(json, "],[") < 245);
	mv_buf_release(&out);
	mv_plot_release(&plot);
}

static void test_report_html__axes_spread_and_say_which_is_best(void **state)
{
	struct mv_plot plot = { 0 };
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	mv_buf_init(&out, 1 << 24);
	assert_int_equal(mv_plot_html(&out, &plot, &b, NULL), 0);
	check_page(out.data);
	/* 0.001, 0.01 and 0.1 are equally far apart. */
	check_has(out.data, "\"high\":\"0.1\",\"log\":true");
	check_has(out.data, "\"label\":\"v1.1.0\",\"at\":[0.5,0.6");
	/* The best auc has the strongest colour, the worst the weakest. */
	check_has(out.data, "\"text\":[\"0.001\",\"0.9500\"],\"tone\":1.0");
	check_has(out.data, "\"text\":[\"0.1\",\"0.9000\"],\"tone\":0.0");
	/* The same everywhere: no axis, and no column. */
	assert_int_equal(count_of(out.data, "optimizer"), 0);
	mv_buf_release(&out);
	mv_board_release(&b);
}

static void test_report_html__tables_say_what_sorts_them(void **state)
{
	struct mv_board b;
	struct mv_buf out;

	(void)state;
	init_board(&b);
	mv_buf_init(&out, 1 << 24);
	assert_int_equal(mv_board_html(&out, &b, NULL), 0);
	check_page(out.data);
	check_has(out.data, "<th scope=\"col\" class=\"num\" data-sort=\""
		  "number\" data-first=\"descending\">auc</th>");
	check_has(out.data, "data-sort=\"number\">latency (ms)</th>");
	check_has(out.data, "<td class=\"num best\" data-v=\"0.95\">0.9500"
		  "<span class=\"sr\"> best</span></td>");
	mv_buf_release(&out);
	mv_board_release(&b);
}

static void test_report_html__a_comparison_judges_in_words(void **state)
{
	struct mv_comparison c;
	struct mv_buf out;

	(void)state;
	init_full(&c);
	mv_buf_init(&out, 1 << 24);
	assert_int_equal(mv_comparison_html(&out, &c, NULL), 0);
	check_page(out.data);
	check_has(out.data, "<p class=\"note verdict bad\">1 metric worse");
	check_has(out.data, "<td class=\" bad verdict\">worse (other data)</td>");
	check_has(out.data, "<td class=\" good verdict\">better (other data)</td>");
	check_has(out.data, "<strong>Warning</strong>: not measured on the "
		  "same evaluation data: auc");
	check_has(out.data, "+ head.bias  F32 [2]\n");
	mv_buf_release(&out);
	mv_comparison_release(&c);
}

static void test_report_html__nothing_is_a_page_too(void **state)
{
	struct mv_comparison c;
	struct mv_site site = { .title = "empty" };
	struct mv_board b = { 0 };
	struct mv_plot plot = { 0 };
	struct pages pages = { .count = 0 };
	struct mv_buf out;

	(void)state;
	assert_int_equal(mv_site_html(&site, keep, &pages, NULL), 0);
	assert_int_equal(pages.count, 1);
	check_page(pages.texts[0]);
	check_has(pages.texts[0], "There are none yet");
	pages_release(&pages);
	mv_buf_init(&out, 1 << 24);
	init_comparison(&c, 0);
	assert_int_equal(mv_comparison_html(&out, &c, NULL), 0);
	check_page(out.data);
	mv_comparison_release(&c);
	mv_buf_clear(&out);
	assert_int_equal(mv_board_html(&out, &b, NULL), 0);
	check_page(out.data);
	mv_buf_clear(&out);
	assert_int_equal(mv_plot_html(&out, &plot, NULL, NULL), 0);
	check_page(out.data);
	mv_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_html__pages_are_well_formed),
		cmocka_unit_test(test_report_html__hostile_names_stay_text),
		cmocka_unit_test(test_report_html__the_same_view_is_the_same_page),
		cmocka_unit_test(test_report_html__policy_names_our_scripts_only),
		cmocka_unit_test(test_report_html__assets_can_stand_in_a_page),
		cmocka_unit_test(test_report_html__a_peak_of_a_long_curve_stays),
		cmocka_unit_test(test_report_html__axes_spread_and_say_which_is_best),
		cmocka_unit_test(test_report_html__tables_say_what_sorts_them),
		cmocka_unit_test(test_report_html__a_comparison_judges_in_words),
		cmocka_unit_test(test_report_html__nothing_is_a_page_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
