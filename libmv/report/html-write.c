/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libmv/base/hash.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/meta/facts.h"
#include "libmv/report/html.h"
#include "libmv/report/text.h"

enum {
	TEXT_MAX = 4096,	/* columns of one name or value */
	BYTES_MAX = 64 << 10	/* that are looked at for them */
};

/* -- hashes for the policy ------------------------------------------------ */

static int hash(char *out, struct mv_asset asset, struct mv_err *err)
{
	struct mv_oid digest;
	struct mv_buf text;
	int rc = mv_sha256(&digest, asset.data, asset.len, err);

	mv_buf_init(&text, MV_HTML_HASH);
	if (!rc && mv_base64(&text, digest.b, sizeof(digest.b)))
		rc = mv_nomem(err);
	if (!rc)
		snprintf(out, MV_HTML_HASH, "sha256-%s", text.data);
	mv_buf_release(&text);
	return rc;
}

int mv_html_hashes(struct mv_html_hashes *out, struct mv_err *err)
{
	int rc = hash(out->css, mv_asset_css(), err);

	if (!rc)
		rc = hash(out->script, mv_asset_script(), err);
	return rc ? rc : hash(out->chart, mv_asset_chart(), err);
}

/* -- text ----------------------------------------------------------------- */

void mv_html_init(struct mv_html *h)
{
	static const struct mv_style style = { .flags = MV_STYLE_UNICODE };

	memset(h, 0, sizeof(*h));
	mv_buf_init(&h->body, (size_t)1 << 30);
	mv_buf_init(&h->scrap, (size_t)16 << 20);
	mv_pen_init(&h->pen, &h->body, &style);
	mv_pen_init(&h->words, &h->scrap, &style);
}

void mv_html_release(struct mv_html *h)
{
	mv_buf_release(&h->body);
	mv_buf_release(&h->scrap);
}

void mv_html_raw(struct mv_html *h, const char *markup)
{
	mv_pen_str(&h->pen, markup);
}

void mv_html_f(struct mv_html *h, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		h->pen.failed = 1;	/* our own mistake, never half a tag */
	else
		mv_html_raw(h, text);
}

static void put_escaped(struct mv_pen *pen, const char *s, size_t len)
{
	for (size_t i = 0; i < len && !pen->failed; i++) {
		size_t plain = i;

		while (plain < len && !strchr("&<>\"'`", s[plain]))
			plain++;
		pen->failed |= mv_buf_add(pen->out, s + i, plain - i) != 0;
		i = plain;
		if (i < len)
			mv_pen_f(pen, "&#%u;", (unsigned char)s[i]);
	}
}

struct mv_pen *mv_html_words(struct mv_html *h)
{
	mv_buf_clear(&h->scrap);
	h->words.from = 0;
	return &h->words;
}

void mv_html_say(struct mv_html *h)
{
	h->pen.failed |= h->words.failed;
	put_escaped(&h->pen, h->scrap.data, h->scrap.len);
	mv_buf_clear(&h->scrap);
}

void mv_html_text(struct mv_html *h, const char *s)
{
	struct mv_pen *words = mv_html_words(h);
	size_t len = s ? strnlen(s, BYTES_MAX) : 0, fit;

	words->failed |= mv_buf_add_safe(words->out, s ? s : "", len) != 0;
	fit = mv_width_fit(words->out->data, words->out->len, TEXT_MAX);
	if (fit < words->out->len) {
		words->out->len = fit;
		words->out->data[fit] = '\0';
		mv_pen_str(words, "…");
	}
	mv_html_say(h);
}

void mv_html_name(struct mv_html *h, const char *s)
{
	mv_html_raw(h, "<bdi>");
	mv_html_text(h, s);
	mv_html_raw(h, "</bdi>");
}

const char *mv_html_tone(enum mv_tone tone)
{
	static const char *const classes[] = {
		[MV_TONE_PLAIN] = "", [MV_TONE_BOLD] = "bold",
		[MV_TONE_DIM] = "dim", [MV_TONE_GOOD] = "good",
		[MV_TONE_BAD] = "bad", [MV_TONE_WARN] = "warn"
	};

	return classes[tone];
}

/* -- tables --------------------------------------------------------------- */

void mv_html_table_begin(struct mv_html *h, const char *caption, int sortable,
			 int show_caption)
{
	mv_html_f(h, "<div class=\"scroll\" role=\"region\" aria-label=\"");
	mv_html_text(h, caption);
	mv_html_f(h, "\"><table%s>\n<caption class=\"%s\">",
		  sortable ? " class=\"sortable\"" : "",
		  show_caption ? "shown" : "sr");
	mv_html_text(h, caption);
	mv_html_raw(h, "</caption>\n<thead><tr>");
}

void mv_html_th(struct mv_html *h, unsigned flags, const char *title,
		const char *unit)
{
	mv_html_raw(h, flags & MV_TH_NUMBER ? "<th scope=\"col\" class=\"num\""
					    : "<th scope=\"col\"");
	if (flags & MV_TH_SORT)
		mv_html_raw(h, flags & (MV_TH_NUMBER | MV_TH_DATE) ?
			    " data-sort=\"number\"" : " data-sort=\"text\"");
	if (flags & MV_TH_DOWN)
		mv_html_raw(h, " data-first=\"descending\"");
	mv_html_raw(h, ">");
	mv_html_text(h, title);
	if (unit && *unit) {
		mv_html_raw(h, " (");
		mv_html_text(h, unit);
		mv_html_raw(h, ")");
	}
	mv_html_raw(h, "</th>");
}

void mv_html_tbody(struct mv_html *h)
{
	mv_html_raw(h, "</tr></thead>\n<tbody>\n");
}

void mv_html_table_end(struct mv_html *h)
{
	mv_html_raw(h, "</tbody></table></div>\n");
}

static void put_none(struct mv_html *h)
{
	mv_html_raw(h, "<span aria-hidden=\"true\">–</span>"
		    "<span class=\"sr\">none</span></td>");
}

void mv_html_td_value(struct mv_html *h, const struct mv_value *v,
		      int precision, int mark)
{
	char text[32];

	if (!v) {
		mv_html_raw(h, "<td class=\"num dim\" data-v=\"nan\">");
		put_none(h);
		return;
	}
	if (!mv_value_is_number(v)) {
		mv_html_td_text(h, v->text);
		return;
	}
	mv_html_f(h, "<td class=\"num%s\" data-v=\"%s\">",
		  mark == MV_TD_BEST ? " best" : "",
		  mv_print_real(text, v->r));
	mv_words_value(mv_html_words(h), v, precision);
	mv_html_say(h);
	if (mark == MV_TD_BEST)
		mv_html_raw(h, "<span class=\"sr\"> best</span>");
	else if (mark == MV_TD_OTHER)
		mv_html_raw(h, "<span aria-hidden=\"true\">~</span>"
			       "<span class=\"sr\"> on other data</span>");
	mv_html_raw(h, "</td>");
}

void mv_html_td_date(struct mv_html *h, int64_t s)
{
	char text[32];

	if (s)
		mv_html_f(h, "<td class=\"date\" data-v=\"%lld\">%.10s</td>",
			  (long long)s, mv_time_print(text, s * 1000));
	else
		mv_html_raw(h, "<td class=\"date\" data-v=\"0\"></td>");
}

void mv_html_td_size(struct mv_html *h, uint64_t bytes)
{
	mv_html_f(h, "<td class=\"num\" data-v=\"%llu\">",
		  (unsigned long long)bytes);
	mv_words_size(mv_html_words(h), bytes);
	mv_html_say(h);
	mv_html_raw(h, "</td>");
}

void mv_html_td_text(struct mv_html *h, const char *s)
{
	if (!s || !*s) {
		mv_html_raw(h, "<td class=\"dim\">");
		put_none(h);
		return;
	}
	mv_html_raw(h, "<td>");
	mv_html_text(h, s);
	mv_html_raw(h, "</td>");
}

void mv_html_td_long(struct mv_html *h, const char *s)
{
	mv_html_raw(h, "<td class=\"long\">");
	mv_html_text(h, s);
	mv_html_raw(h, "</td>");
}

/* Cells of mv_table are safe already, and say their tone. A column without a
   title has no heading, for those who hear them. */
static void html_write_put_cell(struct mv_html *h, const struct mv_table *t,
				size_t row,
				size_t column, int heading)
{
	const struct mv_cell *cell;
	size_t len;
	const char *s = mv_table_at(t, row, column, &len, &cell);
	const char *tag = heading && len ? "th" : "td";
	const char *phone = "", *scope = "";

	/* On a phone the one gives way, and the other stays in sight. */
	if (t->flags[column] & MV_COLUMN_EARLY)
		phone = " spare";
	else if (t->flags[column] & MV_COLUMN_LATE)
		phone = " verdict";
	if (tag[1] == 'h')
		scope = row ? " scope=\"row\"" : " scope=\"col\"";
	mv_html_f(h, "<%s class=\"%s %s%s\"%s>", tag,
		  t->flags[column] & MV_COLUMN_RIGHT ? "num" : "",
		  row && cell ? mv_html_tone(cell->tone) : "", phone, scope);
	put_escaped(&h->pen, s, len);
	mv_html_f(h, "</%s>", tag);
}

static void html_write_put_row(struct mv_html *h, const struct mv_table *t,
			       size_t row)
{
	int first = 1;

	for (size_t c = 0; c < t->columns; c++) {
		if (mv_table_is_empty(t, c))
			continue;
		html_write_put_cell(h, t, row, c, !row || first);
		first = 0;
	}
}

void mv_html_table(struct mv_html *h, struct mv_table *t, const char *caption,
		   const char *fold)
{
	size_t rows = mv_table_rows(t);

	h->pen.failed |= t->pen.failed;
	if (rows) {
		if (fold)
			mv_html_f(h, "<details class=\"fold\"><summary>%zu %s"
				  "</summary>\n", rows, fold);
		mv_html_table_begin(h, caption, 0, 0);
		html_write_put_row(h, t, 0);
		mv_html_tbody(h);
		for (size_t row = 1; row <= rows && !h->pen.failed; row++) {
			mv_html_raw(h, "<tr>");
			html_write_put_row(h, t, row);
			mv_html_raw(h, "</tr>\n");
		}
		mv_html_table_end(h);
		if (fold)
			mv_html_raw(h, "</details>\n");
	}
	mv_table_release(t);
}
