/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/report/html.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/* What is in the tables is the same as in a terminal and in a comment:
   words.c makes it. */

static void put_side(struct mv_html *h, const char *name, const char *version,
		     const char *commit)
{
	mv_html_raw(h, "<strong>");
	mv_html_name(h, name ? name : commit ? commit : "the index");
	mv_html_raw(h, "</strong>");
	if (version && (!name || strcmp(name, version))) {
		mv_html_raw(h, " <span class=\"tag\">");
		mv_html_text(h, version);
		mv_html_raw(h, "</span>");
	}
	if (commit && *commit) {
		mv_html_raw(h, " <code>");
		mv_words_commit(mv_html_words(h), commit);
		mv_html_say(h);
		mv_html_raw(h, "</code>");
	}
}

static void put_head(struct mv_html *h, const struct mv_comparison *c)
{
	const char *tone = mv_html_tone(mv_words_verdict_tone(c));

	mv_html_raw(h, "<h1>Comparison</h1>\n<p class=\"lead\">");
	put_side(h, c->base_name, c->base_version, c->base);
	mv_html_raw(h, " with ");
	put_side(h, c->head_name, c->head_version, c->head);
	mv_html_raw(h, "</p>\n");
	if (c->why && *c->why) {
		mv_html_raw(h, "<p class=\"lead\">Base: ");
		mv_html_name(h, c->why);
		mv_html_raw(h, "</p>\n");
	}
	mv_html_f(h, "<p class=\"note verdict %s\">", tone);
	mv_words_verdict(mv_html_words(h), c);
	mv_html_say(h);
	mv_html_raw(h, "</p>\n");
	if (c->skipped_lines)
		mv_html_f(h, "<p class=\"more\">%zu lines of the notes could "
			  "not be read.</p>\n", c->skipped_lines);
}

static void put_sizes(struct mv_pen *pen, const struct mv_pair *pair)
{
	if (!pair->has_old)
		mv_pen_str(pen, "new, ");
	else
		mv_words_size(pen, pair->old.size);
	if (mv_pair_same_content(pair)) {
		mv_pen_str(pen, ", same content");
		return;
	}
	mv_pen_str(pen, !pair->has_old ? "" : pair->has_new ? " → " : ", gone");
	if (pair->has_new)
		mv_words_size(pen, pair->new.size);
}

/* -- all of them at a glance ---------------------------------------------- */

static void put_count(struct mv_html *h, size_t n, const char *tone)
{
	mv_html_f(h, "<td class=\"num %s\" data-v=\"%zu\">%zu</td>",
		  n ? tone : "dim", n, n);
}

static void put_summary_row(struct mv_html *h, const struct mv_pair *pair,
			    size_t i)
{
	struct mv_tally t = { 0 };

	mv_pair_count(&t, pair);
	mv_html_f(h, "<tr><th scope=\"row\"><a href=\"#a%zu\">", i + 1);
	mv_html_text(h, mv_pair_title(pair));
	mv_html_raw(h, "</a></th>");
	put_count(h, t.worse, "bad");
	put_count(h, t.better, "good");
	put_count(h, t.incomparable, "warn");
	mv_html_f(h, "<td class=\"num\" data-v=\"%llu\">",
		  (unsigned long long)(pair->has_new ? pair->new.size : 0));
	put_sizes(mv_html_words(h), pair);
	mv_html_say(h);
	mv_html_raw(h, "</td></tr>\n");
}

static void put_summary(struct mv_html *h, const struct mv_comparison *c)
{
	if (c->count < 2)
		return;
	mv_html_raw(h, "<h2>Artifacts</h2>\n");
	mv_html_table_begin(h, "Artifacts that differ", 1, 0);
	mv_html_th(h, MV_TH_SORT, "Artifact", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Worse", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Better", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Other data",
		   NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Size", NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < c->count && !h->pen.failed; i++)
		put_summary_row(h, &c->v[i], i);
	mv_html_table_end(h);
}

/* -- one of them ---------------------------------------------------------- */

static void html_compare_put_title(struct mv_html *h,
				   const struct mv_pair *pair, size_t i)
{
	mv_html_f(h, "<section aria-labelledby=\"a%zu\">\n<h2 id=\"a%zu\">",
		  i + 1, i + 1);
	mv_html_name(h, mv_pair_title(pair));
	mv_html_raw(h, "</h2>\n<p class=\"lead\">");
	if (pair->artifact && pair->path) {
		mv_html_raw(h, "<code>");
		mv_html_name(h, pair->path);
		mv_html_raw(h, "</code>, ");
	}
	if (pair->old_path) {
		mv_html_raw(h, "was <code>");
		mv_html_name(h, pair->old_path);
		mv_html_raw(h, "</code>, ");
	}
	put_sizes(mv_html_words(h), pair);
	mv_html_say(h);
	mv_html_raw(h, "</p>\n");
}

/* Lines into the scrap; they become paragraphs afterwards. */
static void add_warning(struct mv_pen *pen, const char *text)
{
	mv_pen_str(pen, text);
	mv_pen_str(pen, "\n");
}

static void put_warnings(struct mv_html *h, const struct mv_pair *pair)
{
	static const struct mv_style style = { .flags = MV_STYLE_UNICODE };
	struct mv_buf text;
	struct mv_pen pen;

	mv_buf_init(&text, (size_t)64 << 20);
	mv_pen_init(&pen, &text, &style);
	mv_words_incomparable(&pen, pair, add_warning);
	h->pen.failed |= pen.failed;
	for (const char *s = text.data; *s && !h->pen.failed;) {
		size_t len = strcspn(s, "\n");

		mv_html_raw(h, "<p class=\"note warn\"><strong>Warning</strong>"
			    ": ");
		mv_html_words(h);
		h->words.failed |= mv_buf_add(h->words.out, s, len) != 0;
		mv_html_say(h);
		mv_html_raw(h, "</p>\n");
		s += len + (s[len] == '\n');
	}
	mv_buf_release(&text);
}

static void put_content(struct mv_html *h, const char *content)
{
	enum { LINES_MAX = 1000 };
	size_t lines = 0;

	if (!content || !*content)
		return;
	mv_html_raw(h, "<h3>Inside</h3>\n<pre tabindex=\"0\">");
	while (*content && lines++ < LINES_MAX && !h->pen.failed) {
		size_t len = strcspn(content, "\n");

		/* Safe already: made for a terminal. */
		mv_html_words(h);
		h->words.failed |= mv_buf_add(h->words.out, content, len) != 0;
		mv_html_say(h);
		mv_html_raw(h, "\n");
		content += len + (content[len] == '\n');
	}
	mv_html_raw(h, *content ? "…\n</pre>\n" : "</pre>\n");
}

static void put_pair(struct mv_html *h, const struct mv_comparison *c,
		     size_t i)
{
	const struct mv_pair *pair = &c->v[i];
	struct mv_table t;

	html_compare_put_title(h, pair, i);
	put_warnings(h, pair);
	mv_table_init(&t);
	mv_metric_table(&t, c, pair, 1);
	if (mv_table_rows(&t))
		mv_html_raw(h, "<h3>Metrics</h3>\n");
	mv_html_table(h, &t, "Metrics", NULL);
	mv_html_raw(h, "<div class=\"cols\"><div>\n");
	mv_fact_table(&t, c, &pair->params, "Param");
	if (mv_table_rows(&t))
		mv_html_raw(h, "<h3>Params</h3>\n");
	mv_html_table(h, &t, "Params that changed", NULL);
	mv_html_raw(h, "</div><div>\n");
	mv_data_table(&t, c, pair);
	if (mv_table_rows(&t))
		mv_html_raw(h, "<h3>Data</h3>\n");
	mv_html_table(h, &t, "Data that changed", NULL);
	mv_html_raw(h, "</div></div>\n");
	mv_environment_table(&t, c, pair);
	mv_html_table(h, &t, "Environment that changed",
		      "of the environment changed");
	put_content(h, pair->content);
	mv_html_weights(h, pair->weights, c->top);
	mv_html_raw(h, "</section>\n");
}

static int is_worse(const struct mv_pair *pair)
{
	struct mv_tally t = { 0 };

	mv_pair_count(&t, pair);
	return t.worse > 0;
}

void mv_html_comparison(struct mv_html *h, const struct mv_comparison *c)
{
	put_head(h, c);
	put_summary(h, c);
	for (int worse = 1; worse >= 0; worse--)
		for (size_t i = 0; i < c->count && !h->pen.failed; i++)
			if (is_worse(&c->v[i]) == worse)
				put_pair(h, c, i);
}
