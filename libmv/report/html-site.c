/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/version.h"
#include "libmv/report/html.h"
#include "libmv/report/pages.h"
#include "libmv/report/views.h"

/* The pages of a site, and those that stand alone. */
enum { STAGES_MAX = 12, OVERVIEW_METRICS = 4 };

/* -- the overview: artifacts ---------------------------------------------- */

struct overview {
	const struct mv_site *site;
	const struct mv_fact *metrics[OVERVIEW_METRICS];
	size_t metric_count;
	int typed;		/* does any say what it is? */
	struct mv_facts keys, stages;
};

static const struct mv_project *project_of(const struct mv_site *site)
{
	return site->card_count ? &site->cards[0].project :
	       site->board ? &site->board->project : NULL;
}

/* Metrics with a direction, then others; of those the ones that most have. */
static void choose_metrics(struct overview *o)
{
	const struct mv_project *project = project_of(o->site);

	for (int judged = 1; judged >= 0; judged--)
		for (size_t i = 0; i < o->keys.count; i++) {
			const struct mv_fact *f = &o->keys.v[i];
			const struct mv_metric_rule *rule = project ?
				mv_project_metric(project, NULL, f->key) : NULL;
			int known = rule &&
				    rule->direction != MV_DIRECTION_NONE;

			if (known == judged &&
			    o->metric_count < OVERVIEW_METRICS)
				o->metrics[o->metric_count++] = f;
		}
}

static int take_stages(struct mv_facts *stages, const char *list)
{
	struct mv_value v = { .type = MV_VALUE_STRING, .text = (char *)"" };
	int rc = 0;

	while (list && *list && !rc) {
		size_t len = strcspn(list, ",");
		char *stage = strndup(list, len);

		rc = stage ? mv_facts_set(stages, stage, &v, 0, NULL)
			   : MV_ENOMEM;
		if (rc == MV_EINVALID)
			rc = 0;		/* no stage's name: not one of ours */
		free(stage);
		list += len;
		list += strspn(list, ", ");
	}
	return rc;
}

static int overview_init(struct overview *o, const struct mv_site *site)
{
	int rc = 0;

	memset(o, 0, sizeof(*o));
	o->site = site;
	for (size_t i = 0; i < site->card_count && !rc; i++) {
		const struct mv_facts *f = &site->cards[i].evidence.metrics;

		o->typed |= site->cards[i].type && *site->cards[i].type;
		for (size_t j = 0; j < f->count && !rc; j++)
			if (mv_value_is_number(&f->v[j].value))
				rc = mv_facts_set(&o->keys, f->v[j].key,
						  &f->v[j].value, 0, NULL);
	}
	for (size_t i = 0; site->board && i < site->board->count && !rc; i++)
		rc = take_stages(&o->stages, site->board->v[i].stages);
	choose_metrics(o);
	return rc;
}

static void overview_release(struct overview *o)
{
	mv_facts_release(&o->keys);
	mv_facts_release(&o->stages);
}

static void put_link(struct mv_html *h, const struct mv_site *site, size_t i)
{
	mv_html_raw(h, "<th scope=\"row\"><a href=\"");
	mv_html_page_name(h, i, site->cards[i].title);
	mv_html_raw(h, "\">");
	mv_html_name(h, site->cards[i].title);
	mv_html_raw(h, "</a></th>");
}

/* The greatest version of an artifact, wherever its work tree stands. */
static const char *last_version(const struct mv_site *site,
				const struct mv_card *card)
{
	const char *best = NULL;

	for (size_t i = 0; site->board && i < site->board->count; i++) {
		const struct mv_row *row = &site->board->v[i];

		if (!card->artifact || !row->artifact || !row->version ||
		    strcmp(row->artifact, card->artifact) ||
		    !mv_version_ok(row->version))
			continue;
		if (!best || mv_version_cmp(row->version, best) > 0)
			best = row->version;
	}
	return best ? best : card->version;
}

static void put_artifact(struct mv_html *h, const struct overview *o, size_t i)
{
	const struct mv_card *card = &o->site->cards[i];

	mv_html_raw(h, "<tr>");
	put_link(h, o->site, i);
	if (o->typed)
		mv_html_td_text(h, card->type);
	mv_html_td_text(h, last_version(o->site, card));
	for (size_t j = 0; j < o->metric_count; j++) {
		const char *key = o->metrics[j]->key;
		const struct mv_metric_rule *rule =
			mv_project_metric(&card->project, card->artifact, key);

		mv_html_td_value(h, mv_facts_get(&card->evidence.metrics, key),
				 rule ? rule->precision : -1, 0);
	}
	mv_html_td_size(h, card->logical);
	mv_html_td_date(h, card->when);
	mv_html_raw(h, "</tr>\n");
}

static void put_artifacts(struct mv_html *h, const struct overview *o)
{
	const struct mv_site *site = o->site;
	const struct mv_project *project = project_of(site);

	mv_html_raw(h, "<section aria-labelledby=\"artifacts\">"
		    "<h2 id=\"artifacts\">Artifacts</h2>\n");
	if (!site->card_count) {
		mv_html_raw(h, "<p class=\"empty\">There are none yet: "
			    "<code>git model add</code> makes the first."
			    "</p></section>\n");
		return;
	}
	mv_html_table_begin(h, "Artifacts", 1, 0);
	mv_html_th(h, MV_TH_SORT, "Artifact", NULL);
	if (o->typed)
		mv_html_th(h, MV_TH_SORT, "Type", NULL);
	mv_html_th(h, MV_TH_SORT, "Version", NULL);
	for (size_t j = 0; j < o->metric_count; j++) {
		const char *key = o->metrics[j]->key;
		const struct mv_metric_rule *rule = project ?
			mv_project_metric(project, NULL, key) : NULL;

		mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | (rule &&
			   rule->direction == MV_DIRECTION_UP ? MV_TH_DOWN : 0),
			   key, rule ? rule->unit : NULL);
	}
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Size", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_DATE | MV_TH_DOWN, "Date", NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < site->card_count && !h->pen.failed; i++)
		put_artifact(h, o, i);
	mv_html_table_end(h);
	mv_html_raw(h, "</section>\n");
}

/* What nothing is recorded of has no page. */
static void put_groups(struct mv_html *h, const struct mv_site *site)
{
	if (!site->group_count)
		return;
	mv_html_raw(h, "<section aria-labelledby=\"others\">"
		    "<h2 id=\"others\">Files without a name and without "
		    "evidence</h2>\n");
	mv_html_table_begin(h, "Other files, by folder", 1, 0);
	mv_html_th(h, MV_TH_SORT, "Folder", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Files", NULL);
	mv_html_th(h, MV_TH_SORT | MV_TH_NUMBER | MV_TH_DOWN, "Size", NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < site->group_count && !h->pen.failed; i++) {
		const struct mv_file_group *g = &site->groups[i];
		char count[32];

		snprintf(count, sizeof(count), "%zu", g->files);
		mv_html_raw(h, "<tr>");
		mv_html_td_text(h, *g->folder ? g->folder : "./");
		mv_html_raw(h, "<td class=\"n\">");
		mv_html_raw(h, count);
		mv_html_raw(h, "</td>");
		mv_html_td_size(h, g->bytes);
		mv_html_raw(h, "</tr>\n");
	}
	mv_html_table_end(h);
	mv_html_raw(h, "</section>\n");
}

/* -- the overview: stages ------------------------------------------------- */

static int lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, ",");

		if (n == len && !strncmp(list, word, len))
			return 1;
		list += n;
		list += strspn(list, ", ");
	}
	return 0;
}

static void put_holder(struct mv_html *h, const struct mv_site *site,
		       const struct mv_card *card, const char *stage)
{
	const struct mv_row *held = NULL;

	for (size_t i = 0; !held && i < site->board->count; i++) {
		const struct mv_row *row = &site->board->v[i];

		if (row->artifact && card->artifact &&
		    !strcmp(row->artifact, card->artifact) &&
		    lists(row->stages, stage))
			held = row;
	}
	if (!held) {
		mv_html_raw(h, "<td class=\"dim\"><span aria-hidden=\"true\">–"
			    "</span><span class=\"sr\">nothing</span></td>");
		return;
	}
	mv_html_raw(h, "<td>");
	if (held->version) {
		mv_html_text(h, held->version);
	} else {
		mv_html_row_label(mv_html_words(h)->out, held);
		mv_html_say(h);
	}
	mv_html_raw(h, "</td>");
}

static int holds_any(const struct mv_site *site, const struct mv_card *card)
{
	for (size_t i = 0; card->artifact && i < site->board->count; i++) {
		const struct mv_row *row = &site->board->v[i];

		if (row->artifact && row->stages && *row->stages &&
		    !strcmp(row->artifact, card->artifact))
			return 1;
	}
	return 0;
}

static void put_stages(struct mv_html *h, const struct overview *o)
{
	size_t count = o->stages.count;

	if (!count)
		return;
	count = count > STAGES_MAX ? STAGES_MAX : count;
	mv_html_raw(h, "<section aria-labelledby=\"stages\">"
		    "<h2 id=\"stages\">Stages</h2>\n");
	mv_html_table_begin(h, "What holds each stage", 1, 0);
	mv_html_th(h, MV_TH_SORT, "Artifact", NULL);
	for (size_t j = 0; j < count; j++)
		mv_html_th(h, MV_TH_SORT, o->stages.v[j].key, NULL);
	mv_html_tbody(h);
	for (size_t i = 0; i < o->site->card_count && !h->pen.failed; i++) {
		if (!holds_any(o->site, &o->site->cards[i]))
			continue;
		mv_html_raw(h, "<tr>");
		put_link(h, o->site, i);
		for (size_t j = 0; j < count; j++)
			put_holder(h, o->site, &o->site->cards[i],
				   o->stages.v[j].key);
		mv_html_raw(h, "</tr>\n");
	}
	mv_html_table_end(h);
	mv_html_raw(h, "</section>\n");
}

static void put_last_comparison(struct mv_html *h,
				const struct mv_comparison *c)
{
	mv_html_f(h, "<p class=\"note %s\"><a href=\"compare.html\">",
		  mv_html_tone(mv_words_verdict_tone(c)));
	mv_html_name(h, c->base_name ? c->base_name : "old");
	mv_html_raw(h, " with ");
	mv_html_name(h, c->head_name ? c->head_name : "the index");
	mv_html_raw(h, "</a>: ");
	mv_words_verdict(mv_html_words(h), c);
	mv_html_say(h);
	mv_html_raw(h, "</p>\n");
}

/* -- pages of a site ------------------------------------------------------ */

struct making {
	const struct mv_site *site;
	struct mv_html_hashes hashes;
	mv_page_fn fn;
	void *payload;
};

static int give(struct making *m, struct mv_html *h, const char *name,
		const char *title, struct mv_err *err)
{
	struct mv_html_frame frame = {
		.title = title, .now = m->site->now, .index = 1,
		.compare = m->site->comparison != NULL, .here = name,
		.hashes = &m->hashes
	};
	struct mv_buf page;
	int rc;

	mv_buf_init(&page, (size_t)1 << 30);
	rc = mv_html_page(&page, h, &frame, err);
	if (!rc)
		rc = m->fn(m->payload, name, page.data, page.len, err);
	mv_buf_release(&page);
	return rc;
}

static int give_index(struct making *m, struct mv_err *err)
{
	const char *title = m->site->title ? m->site->title : "Models";
	struct overview o;
	struct mv_html h;
	int rc;

	mv_html_init(&h);
	h.pen.failed |= overview_init(&o, m->site) != 0;
	mv_html_raw(&h, "<h1>");
	mv_html_name(&h, title);
	mv_html_raw(&h, "</h1>\n");
	if (m->site->comparison)
		put_last_comparison(&h, m->site->comparison);
	put_artifacts(&h, &o);
	put_stages(&h, &o);
	put_groups(&h, o.site);
	if (m->site->board && m->site->board->skipped_lines)
		mv_html_f(&h, "<p class=\"more\">%zu lines of the notes could "
			  "not be read.</p>\n", m->site->board->skipped_lines);
	rc = give(m, &h, "index.html", title, err);
	overview_release(&o);
	mv_html_release(&h);
	return rc;
}

static void put_versions(struct mv_html *h, const struct mv_html_rows *rows)
{
	if (!rows->count)
		return;
	mv_html_raw(h, "<section aria-labelledby=\"versions\">"
		    "<h2 id=\"versions\">Versions</h2>\n");
	mv_html_board(h, rows, "Versions", 0);
	mv_html_raw(h, "</section>\n");
	if (mv_html_can_metrics_over(rows)) {
		mv_html_raw(h, "<section aria-labelledby=\"over\"><h2 id=\""
			    "over\">Metrics over versions</h2>\n");
		mv_html_metrics_over(h, rows);
		mv_html_raw(h, "</section>\n");
	}
}

static void put_curves(struct mv_html *h, const struct mv_plot *plot)
{
	if (!mv_html_can_curves(plot))
		return;
	mv_html_raw(h, "<section aria-labelledby=\"curves\">"
		    "<h2 id=\"curves\">Training curves</h2>\n");
	mv_html_curves(h, plot);
	mv_html_raw(h, "</section>\n");
}

static void put_parallel(struct mv_html *h, const struct mv_html_rows *rows)
{
	if (!mv_html_can_parallel(rows))
		return;
	mv_html_raw(h, "<section aria-labelledby=\"parallel\"><h2 id=\""
		    "parallel\">Params and metrics</h2>\n");
	mv_html_parallel(h, rows);
	mv_html_raw(h, "</section>\n");
}

static int give_artifact(struct making *m, size_t i, struct mv_err *err)
{
	const struct mv_site *site = m->site;
	const struct mv_card *card = &site->cards[i];
	const char *title = card->title ? card->title : "artifact";
	const char *path = card->path ? card->path : title;
	struct mv_html_rows rows = { 0 };
	struct mv_html h, name;
	int rc;

	mv_html_init(&h);
	mv_html_init(&name);
	mv_html_page_name(&name, i, title);
	if (site->board)
		h.pen.failed |= mv_html_rows_of(&rows, site->board,
			card->artifact, card->artifact ? NULL : path) != 0;
	mv_html_card(&h, card, &rows);
	put_versions(&h, &rows);
	if (site->plots)
		put_curves(&h, &site->plots[i]);
	if (rows.count)
		put_parallel(&h, &rows);
	if (site->lineages)
		mv_html_lineage(&h, &site->lineages[i]);
	rc = name.pen.failed ? mv_nomem(err) :
	     give(m, &h, name.body.data, title, err);
	mv_html_rows_release(&rows);
	mv_html_release(&name);
	mv_html_release(&h);
	return rc;
}

/* The overview comes last: whoever looks meanwhile finds no dead links. */
int mv_site_html(const struct mv_site *site, mv_page_fn fn, void *payload,
		 struct mv_err *err)
{
	struct making m = { .site = site, .fn = fn, .payload = payload };
	struct mv_html h;
	int rc = mv_html_hashes(&m.hashes, err);

	for (size_t i = 0; !rc && i < site->card_count; i++)
		rc = give_artifact(&m, i, err);
	if (!rc && site->comparison) {
		mv_html_init(&h);
		mv_html_comparison(&h, site->comparison);
		rc = give(&m, &h, "compare.html", "Comparison", err);
		mv_html_release(&h);
	}
	return rc ? rc : give_index(&m, err);
}

/* -- pages that stand alone ----------------------------------------------- */

static int html_site_finish(struct mv_buf *out, struct mv_html *h,
			    const char *title,
			    struct mv_err *err)
{
	const struct mv_html_frame frame = { .title = title };
	int rc = mv_html_page(out, h, &frame, err);

	mv_html_release(h);
	return rc;
}

int mv_comparison_html(struct mv_buf *out, const struct mv_comparison *c,
		       struct mv_err *err)
{
	struct mv_html h;

	mv_html_init(&h);
	mv_html_comparison(&h, c);
	return html_site_finish(out, &h, "Comparison", err);
}

static int many_artifacts(const struct mv_html_rows *rows)
{
	for (size_t i = 1; i < rows->count; i++) {
		const struct mv_row *a = rows->v[0], *b = rows->v[i];

		if (!a->artifact != !b->artifact || (a->artifact &&
		    strcmp(a->artifact, b->artifact)) || (!a->artifact &&
		    a->path && b->path && strcmp(a->path, b->path)))
			return 1;
	}
	return 0;
}

int mv_plot_html(struct mv_buf *out, const struct mv_plot *p,
		 const struct mv_board *board, struct mv_err *err)
{
	struct mv_html_rows rows = { 0 };
	struct mv_html h;
	int rc;

	mv_html_init(&h);
	mv_html_raw(&h, "<h1>");
	mv_html_name(&h, p->title ? p->title : "Metrics");
	mv_html_raw(&h, "</h1>\n");
	put_curves(&h, p);
	if (board)
		h.pen.failed |= mv_html_rows_of(&rows, board, NULL, NULL) != 0;
	if (rows.count) {
		put_parallel(&h, &rows);
		put_versions(&h, &rows);
	}
	rc = html_site_finish(out, &h, p->title ? p->title : "Metrics", err);
	mv_html_rows_release(&rows);
	return rc;
}

int mv_board_html(struct mv_buf *out, const struct mv_board *b,
		  struct mv_err *err)
{
	struct mv_html_rows rows;
	struct mv_html h;
	int rc;

	if (mv_html_rows_of(&rows, b, NULL, NULL))
		return mv_nomem(err);
	mv_html_init(&h);
	mv_html_raw(&h, "<h1>Leaderboard</h1>\n<p class=\"lead\">");
	mv_words_plural(mv_html_words(&h), rows.count, "row", "rows");
	mv_html_say(&h);
	mv_html_raw(&h, "</p>\n<h2>Versions</h2>\n");
	mv_html_board(&h, &rows, "Leaderboard", many_artifacts(&rows));
	if (rows.count)
		put_parallel(&h, &rows);
	if (b->skipped_lines)
		mv_html_f(&h, "<p class=\"more\">%zu lines of the notes could "
			  "not be read.</p>\n", b->skipped_lines);
	rc = html_site_finish(out, &h, "Leaderboard", err);
	mv_html_rows_release(&rows);
	return rc;
}
