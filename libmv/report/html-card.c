/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/report/html.h"
#include "libmv/report/views.h"

enum { TILES_MAX = 6 };

static void html_card_put_title(struct mv_html *h, const struct mv_card *card)
{
	mv_html_raw(h, "<div class=\"head\"><h1>");
	mv_html_name(h, card->title);
	mv_html_raw(h, "</h1>");
	if (card->version) {
		mv_html_raw(h, "<span class=\"tag\">");
		mv_html_name(h, card->version);
		mv_html_raw(h, "</span>");
	}
	if (card->stages) {
		mv_html_raw(h, "<span class=\"tag stage\">");
		mv_html_name(h, card->stages);
		mv_html_raw(h, "</span>");
	}
	if (card->type) {
		mv_html_raw(h, "<span class=\"tag\">");
		mv_html_name(h, card->type);
		mv_html_raw(h, "</span>");
	}
	mv_html_raw(h, "</div>\n");
	if (card->description) {
		mv_html_raw(h, "<p class=\"lead\">");
		mv_html_name(h, card->description);
		mv_html_raw(h, "</p>\n");
	}
}

/* -- the metrics that matter, against the version before ------------------ */

/* The row that comes after the one with this content: newest are first. */
static const struct mv_row *row_before(const struct mv_card *card,
				       const struct mv_html_rows *rows)
{
	int found = 0;

	for (size_t i = 0; i < rows->count; i++) {
		int same = mv_oid_eq(&rows->v[i]->pointer.oid, &card->oid);

		if (found && !same && rows->v[i]->evidence.metrics.count)
			return rows->v[i];
		found |= same;
	}
	return NULL;
}

/* "+0.019, better than v1.1.0" */
static void put_change(struct mv_html *h, const struct mv_change *change,
		       const struct mv_row *before)
{
	int judged = change->judgement == MV_JUDGE_BETTER ||
		     change->judgement == MV_JUDGE_WORSE;
	struct mv_pen *words = mv_html_words(h);

	mv_html_f(h, "<span class=\"change %s\">",
		  mv_html_tone(mv_words_tone(change)));
	if (mv_change_is_same(change)) {
		mv_pen_str(words, "same as ");
	} else {
		mv_words_diff(words, change);
		if (judged)
			mv_pen_f(words, ", %s than ",
				 change->judgement == MV_JUDGE_BETTER ?
				 "better" : "worse");
		else
			mv_pen_str(words, " since ");
	}
	mv_html_row_label(words->out, before);
	if (change->incomparable)
		mv_pen_str(words, " (other data)");
	mv_html_say(h);
	mv_html_raw(h, "</span>");
}

static const struct mv_change *find_change(const struct mv_changes *changes,
					   const char *key)
{
	for (size_t i = 0; i < changes->count; i++)
		if (!strcmp(changes->v[i].key, key))
			return &changes->v[i];
	return NULL;
}

static void put_tile(struct mv_html *h, const struct mv_fact *f,
		     const struct mv_metric_rule *rule,
		     const struct mv_change *change,
		     const struct mv_row *before)
{
	mv_html_raw(h, "<div class=\"tile\"><dt>");
	mv_html_name(h, f->key);
	mv_html_raw(h, "</dt><dd><span class=\"value\">");
	mv_words_value(mv_html_words(h), &f->value,
		       rule ? rule->precision : -1);
	mv_html_say(h);
	if (rule && rule->unit && *rule->unit) {
		mv_html_raw(h, " <span class=\"unit\">");
		mv_html_text(h, rule->unit);
		mv_html_raw(h, "</span>");
	}
	mv_html_raw(h, "</span></dd>");
	if (change && before && change->has_old) {
		mv_html_raw(h, "<dd>");
		put_change(h, change, before);
		mv_html_raw(h, "</dd>");
	}
	mv_html_raw(h, "</div>\n");
}

static int has_direction(const struct mv_metric_rule *rule)
{
	return rule && rule->direction != MV_DIRECTION_NONE;
}

static void put_tiles(struct mv_html *h, const struct mv_card *card,
		      const struct mv_html_rows *rows)
{
	const struct mv_facts *metrics = &card->evidence.metrics;
	const struct mv_row *before = row_before(card, rows);
	struct mv_changes changes = { NULL, 0 };
	size_t shown = 0;

	if (!metrics->count)
		return;
	if (before && mv_compare_metrics(&changes, &before->evidence,
					 &card->evidence, &card->project,
					 card->artifact, 1,
					 NULL))
		h->pen.failed = 1;
	mv_html_raw(h, "<dl class=\"tiles\">\n");
	for (int judged = 1; judged >= 0; judged--)
		for (size_t i = 0; i < metrics->count; i++) {
			const struct mv_fact *f = &metrics->v[i];
			const struct mv_metric_rule *rule =
				mv_project_metric(&card->project,
						  card->artifact,
					  f->key);

			if (has_direction(rule) != judged ||
			    !mv_value_is_number(&f->value) ||
			    ++shown > TILES_MAX)
				continue;
			put_tile(h, f, rule, find_change(&changes, f->key),
				 before);
		}
	mv_html_raw(h, "</dl>\n");
	mv_changes_release(&changes);
}

/* -- what it is ----------------------------------------------------------- */

static void begin_fact(struct mv_html *h, const char *name)
{
	mv_html_f(h, "<dt>%s</dt><dd>", name);
}

static void put_fact(struct mv_html *h, const char *name, const char *value,
		     int code)
{
	if (!value || !*value)
		return;
	begin_fact(h, name);
	mv_html_raw(h, code ? "<code>" : "");
	mv_html_name(h, value);
	mv_html_raw(h, code ? "</code></dd>\n" : "</dd>\n");
}

static void put_size(struct mv_html *h, const struct mv_card *card)
{
	struct mv_pen *words;

	begin_fact(h, "Size");
	words = mv_html_words(h);
	mv_words_size(words, card->logical);
	if (card->is_directory) {
		mv_pen_str(words, " in ");
		mv_words_plural(words, card->members, "file", "files");
	}
	if (card->stored == UINT64_MAX) {
		mv_pen_str(words, ", not here");
	} else {
		mv_pen_str(words, ", stored in ");
		mv_words_size(words, card->stored);
	}
	mv_html_say(h);
	mv_html_raw(h, "</dd>\n");
}

static void put_commit(struct mv_html *h, const struct mv_card *card)
{
	char text[32];

	if (!card->commit)
		return;
	begin_fact(h, "Commit");
	mv_html_raw(h, "<code>");
	mv_words_commit(mv_html_words(h), card->commit);
	mv_html_say(h);
	mv_html_raw(h, "</code> ");
	mv_html_name(h, card->subject_line);
	mv_html_raw(h, "</dd>\n");
	if (!card->author && !card->when)
		return;
	begin_fact(h, "Author");
	mv_html_name(h, card->author);
	if (card->when)
		mv_html_f(h, ", %.10s", mv_time_print(text, card->when * 1000));
	mv_html_raw(h, "</dd>\n");
}

static void html_card_put_run(struct mv_html *h, const struct mv_record *record)
{
	const struct mv_execution *run = &record->run;
	struct mv_pen *words;

	if (!run->command)
		return;
	begin_fact(h, "Command");
	mv_html_raw(h, "<code>");
	for (size_t i = 0; run->command[i]; i++) {
		mv_html_raw(h, i ? " " : "");
		mv_html_text(h, run->command[i]);
	}
	mv_html_raw(h, "</code></dd>\n");
	begin_fact(h, "Run");
	words = mv_html_words(h);
	mv_words_duration(words, run->duration_ms);
	mv_pen_f(words, ", exit %d", run->exit_code);
	if (run->peak_bytes > 0) {
		mv_pen_str(words, ", at most ");
		mv_words_size(words, (uint64_t)run->peak_bytes);
		mv_pen_str(words, " of memory");
	}
	mv_html_say(h);
	mv_html_raw(h, "</dd>\n");
}

static void put_facts(struct mv_html *h, const struct mv_card *card)
{
	const struct mv_evidence *e = &card->evidence;
	char hex[MV_OID_HEX + 1];

	mv_html_raw(h, "<dl class=\"facts\">\n");
	if (card->path && strcmp(card->path, card->title ? card->title : ""))
		put_fact(h, "Path", card->path, 1);
	put_fact(h, "Content", mv_oid_hex(hex, &card->oid), 1);
	put_size(h, card);
	put_fact(h, "Inside", card->format, 0);
	put_commit(h, card);
	if (e->run)
		html_card_put_run(h, e->run);
	if (e->count)
		put_fact(h, "Recorded by", e->records[e->count - 1].by, 0);
	for (size_t i = 0; card->verified && card->verified[i]; i++)
		put_fact(h, i ? "" : "Checks", card->verified[i], 0);
	mv_html_raw(h, "</dl>\n");
	if (e->skipped)
		mv_html_f(h, "<p class=\"more\">%zu lines of the notes could "
			  "not be read.</p>\n", e->skipped);
}

/* -- tables --------------------------------------------------------------- */

static void put_metrics(struct mv_html *h, const struct mv_card *card)
{
	static const char *const better[] = {
		[MV_DIRECTION_NONE] = "", [MV_DIRECTION_UP] = "higher",
		[MV_DIRECTION_DOWN] = "lower"
	};
	const struct mv_evidence *e = &card->evidence;

	if (!e->metrics.count)
		return;
	mv_html_raw(h, "<section aria-labelledby=\"metrics\">"
		    "<h2 id=\"metrics\">Metrics</h2>\n");
	mv_html_table_begin(h, "Metrics", 1, 0);
	mv_html_th(h, MV_TH_SORT, "Metric", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Value", NULL);
	mv_html_th(h, 0, "Better when", NULL);
	mv_html_th(h, 0, "Measured on", NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < e->metrics.count && !h->pen.failed; i++) {
		const struct mv_fact *f = &e->metrics.v[i];
		const struct mv_metric_rule *rule =
			mv_project_metric(&card->project, card->artifact,
					  f->key);

		mv_html_raw(h, "<tr><th scope=\"row\">");
		mv_html_text(h, f->key);
		if (rule && rule->unit && *rule->unit) {
			mv_html_raw(h, " (");
			mv_html_text(h, rule->unit);
			mv_html_raw(h, ")");
		}
		mv_html_raw(h, "</th>");
		mv_html_td_value(h, &f->value, rule ? rule->precision : -1, 0);
		mv_html_f(h, "<td>%s</td><td class=\"dim\">",
			  better[rule ? rule->direction : MV_DIRECTION_NONE]);
		mv_words_eval_data(mv_html_words(h), e, f->key);
		mv_html_say(h);
		mv_html_raw(h, "</td></tr>\n");
	}
	mv_html_table_end(h);
	mv_html_raw(h, "</section>\n");
}

static void put_map(struct mv_html *h, const char *title, const char *key,
		    const struct mv_facts *facts, int fold)
{
	if (!facts->count)
		return;
	if (fold)
		mv_html_f(h, "<details class=\"fold\"><summary>%s</summary>\n",
			  title);
	else
		mv_html_f(h, "<section><h2>%s</h2>\n", title);
	mv_html_table_begin(h, title, !fold, 0);
	mv_html_th(h, fold ? 0 : MV_TH_SORT, key, NULL);
	mv_html_th(h, 0, "Value", NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < facts->count && !h->pen.failed; i++) {
		mv_html_raw(h, "<tr><th scope=\"row\">");
		mv_html_text(h, facts->v[i].key);
		mv_html_raw(h, "</th><td>");
		/* What is folded is the environment. */
		mv_words_environment(mv_html_words(h), fold ?
				     facts->v[i].key : "", &facts->v[i].value);
		mv_html_say(h);
		mv_html_raw(h, "</td></tr>\n");
	}
	mv_html_table_end(h);
	mv_html_raw(h, fold ? "</details>\n" : "</section>\n");
}

static void put_data(struct mv_html *h, const struct mv_record *record)
{
	if (!record->data.count)
		return;
	mv_html_raw(h, "<section><h2>Data</h2>\n");
	mv_html_table_begin(h, "Data", 1, 0);
	mv_html_th(h, MV_TH_SORT, "For", NULL);
	mv_html_th(h, MV_TH_SORT, "Name", NULL);
	mv_html_th(h, 0, "Content", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Size", NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < record->data.count && !h->pen.failed; i++) {
		const struct mv_ref *ref = &record->data.v[i];
		const char *name = ref->name ? ref->name : ref->path;

		mv_html_raw(h, "<tr>");
		mv_html_td_text(h, ref->role && *ref->role ? ref->role :
				"data");
		mv_html_raw(h, "<th scope=\"row\">");
		mv_html_text(h, name ? name : "unnamed");
		mv_html_raw(h, "</th><td class=\"id\">");
		if (ref->has_oid) {
			mv_words_oid(mv_html_words(h), &ref->oid);
			mv_html_say(h);
		} else {
			mv_html_text(h, ref->digest);
		}
		mv_html_raw(h, "</td>");
		if (ref->size != UINT64_MAX)
			mv_html_td_size(h, ref->size);
		else
			mv_html_raw(h, "<td class=\"num\"></td>");
		mv_html_raw(h, "</tr>\n");
	}
	mv_html_table_end(h);
	mv_html_raw(h, "</section>\n");
}

void mv_html_card(struct mv_html *h, const struct mv_card *card,
		  const struct mv_html_rows *rows)
{
	const struct mv_evidence *e = &card->evidence;

	html_card_put_title(h, card);
	put_tiles(h, card, rows);
	put_facts(h, card);
	mv_html_raw(h, "<div class=\"cols\">\n");
	put_metrics(h, card);
	put_map(h, "Params", "Param", &e->params, 0);
	if (e->data)
		put_data(h, e->data);
	put_map(h, "Tags", "Tag", &e->tags, 0);
	mv_html_raw(h, "</div>\n");
	if (e->environment)
		put_map(h, "Environment", "What", &e->environment->environment,
			1);
}
