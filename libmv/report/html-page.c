/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/report/html.h"

/*
 * One page: nothing is loaded, from nowhere, and a policy says so to the
 * browser: only our own style and scripts, named by their hashes, may run,
 * whatever a name in the data should turn out to be.
 */
enum { SLUG_MAX = 40 };

void mv_html_page_name(struct mv_html *h, size_t n, const char *title)
{
	size_t len = 0;
	int gap = 0;

	mv_html_f(h, "artifact-%zu-", n + 1);
	for (; *title && len < SLUG_MAX; title++) {
		char c = *title;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
			gap = len > 0;
			continue;
		}
		mv_html_f(h, "%s%c", gap ? "-" : "", c);
		len += 1 + (size_t)gap;
		gap = 0;
	}
	mv_html_f(h, "%s.html", len ? "" : "x");
}

static void put_asset(struct mv_html *h, const char *before,
		      struct mv_asset asset, const char *after)
{
	mv_html_raw(h, before);
	h->pen.failed |= mv_buf_add(&h->body, asset.data, asset.len) != 0;
	mv_html_raw(h, after);
}

static void put_policy(struct mv_html *h, const struct mv_html_hashes *hashes,
		       int charts)
{
	mv_html_f(h, "<meta http-equiv=\"Content-Security-Policy\" content=\""
		  "default-src 'none'; style-src '%s'; script-src '%s'",
		  hashes->css, hashes->script);
	if (charts)
		mv_html_f(h, " '%s'", hashes->chart);
	mv_html_raw(h, "; img-src data:; base-uri 'none'; form-action 'none'"
		    "\">\n");
}

static void put_head(struct mv_html *h, const struct mv_html_frame *frame,
		     const struct mv_html_hashes *hashes, int charts)
{
	mv_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		    "<meta charset=\"utf-8\">\n");
	put_policy(h, hashes, charts);
	mv_html_raw(h, "<meta name=\"viewport\" content=\""
		    "width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n"
		    MV_HTML_MARK "\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n"
		    "<title>");
	mv_html_text(h, frame->title);
	mv_html_raw(h, "</title>\n<link rel=\"icon\" href=\"data:,\">\n");
	put_asset(h, "<style>", mv_asset_css(), "</style>\n");
	mv_html_raw(h, "</head>\n<body>\n"
		    "<a class=\"skip\" href=\"#main\">Skip to content</a>\n");
}

static void put_link(struct mv_html *h, const struct mv_html_frame *frame,
		     const char *name, const char *text)
{
	int here = frame->here && !strcmp(frame->here, name);

	mv_html_f(h, "<li><a href=\"%s\"%s>%s</a></li>", name,
		  here ? " aria-current=\"page\"" : "", text);
}

static void put_top(struct mv_html *h, const struct mv_html_frame *frame)
{
	mv_html_raw(h, "<header class=\"top\"><div class=\"wrap\">"
		    "<span class=\"mark\">git-model</span>\n");
	if (frame->index) {
		mv_html_raw(h, "<nav aria-label=\"Pages\"><ul>");
		put_link(h, frame, "index.html", "Overview");
		if (frame->compare)
			put_link(h, frame, "compare.html", "Comparison");
		mv_html_raw(h, "</ul></nav>");
	}
	mv_html_raw(h, "</div></header>\n"
		    "<main id=\"main\" tabindex=\"-1\"><div class=\"wrap\">\n");
}

static void put_end(struct mv_html *h, const struct mv_html_frame *frame,
		    int charts)
{
	char text[32];

	mv_html_raw(h, "</div></main>\n<footer><div class=\"wrap\">"
		    "Made by git-model");
	if (frame->now) {
		mv_time_print(text, frame->now);
		mv_html_f(h, " on %.10s at %.5s UTC", text, text + 11);
	}
	mv_html_raw(h, "</div></footer>\n");
	if (charts)
		put_asset(h, "<script>", mv_asset_chart(), "</script>\n");
	put_asset(h, "<script>", mv_asset_script(), "</script>\n");
	mv_html_raw(h, "</body>\n</html>\n");
}

int mv_html_page(struct mv_buf *out, struct mv_html *body,
		 const struct mv_html_frame *frame, struct mv_err *err)
{
	struct mv_html_hashes own;
	const struct mv_html_hashes *hashes = frame->hashes;
	struct mv_html h;
	int rc = 0, charts = body->charts > 0;

	if (!hashes) {
		rc = mv_html_hashes(&own, err);
		hashes = &own;
	}
	if (rc)
		return rc;
	mv_html_init(&h);
	put_head(&h, frame, hashes, charts);
	put_top(&h, frame);
	h.pen.failed |= body->pen.failed;
	h.pen.failed |= mv_buf_add(&h.body, body->body.data,
				   body->body.len) != 0;
	put_end(&h, frame, charts);
	if (h.pen.failed || mv_buf_add(out, h.body.data, h.body.len))
		rc = mv_nomem(err);
	mv_html_release(&h);
	return rc;
}
