/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/meta/curves.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/record.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

/* A card on one screen: what it is, how good, made of what, by whom. */
enum {
	INDENT = 2,
	GAP = 3,		/* between columns of facts */
	MANY = 8,		/* facts beyond this go side by side */
	FACTS_MAX = 30,
	KEY_MAX = 40,
	VALUE_MAX = 36,
	SPARK_WIDTH = 24,
	REFS_MAX = 8
};

static void put_heading(struct mv_pen *pen, const char *title)
{
	mv_pen_str(pen, "\n");
	mv_pen_toned(pen, MV_TONE_BOLD, title);
	mv_pen_str(pen, "\n");
}

static void put_more(struct mv_pen *pen, size_t more)
{
	if (!more)
		return;
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_begin(pen, MV_TONE_DIM);
	mv_pen_f(pen, "(%zu more; --all)", more);
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

/* -- what it is ----------------------------------------------------------- */

static void put_also(struct mv_pen *pen, const char *s, enum mv_tone tone)
{
	if (!s || !*s)
		return;
	mv_pen_str(pen, "  ");
	mv_pen_begin(pen, tone);
	mv_pen_safe(pen, s);
	mv_pen_end(pen, tone);
}

static void put_line(struct mv_pen *pen, const char *s)
{
	if (!s || !*s)
		return;
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_safe(pen, s);
	mv_pen_str(pen, "\n");
}

static void put_size(struct mv_pen *pen, const struct mv_card *card)
{
	char text[8 + MV_OID_HEX] = "sha256:";

	mv_oid_hex(text + 7, &card->oid);
	mv_pen_repeat(pen, " ", INDENT);
	mv_words_size(pen, card->logical);
	if (card->is_directory) {
		mv_pen_str(pen, " in ");
		mv_words_plural(pen, card->members, "file", "files");
	}
	if (card->stored == UINT64_MAX) {
		mv_pen_str(pen, ", content is not here");
	} else {
		mv_pen_str(pen, ", stored in ");
		mv_words_size(pen, card->stored);
	}
	mv_pen_str(pen, "\n");
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_begin(pen, MV_TONE_DIM);
	mv_pen_safe_cut(pen, text, (size_t)pen->style.width - INDENT);
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

static void put_commit(struct mv_pen *pen, const struct mv_card *card)
{
	if (!card->commit)
		return;
	mv_pen_repeat(pen, " ", INDENT);
	mv_pen_str(pen, "commit ");
	mv_words_commit(pen, card->commit);
	if (card->when) {
		mv_pen_str(pen, ", ");
		mv_words_date(pen, card->when * 1000);
	}
	if (card->author) {
		mv_pen_str(pen, ", ");
		mv_pen_safe_cut(pen, card->author, 40);
	}
	if (card->subject_line) {
		mv_pen_str(pen, ": ");
		mv_pen_safe_cut(pen, card->subject_line, 72);
	}
	mv_pen_str(pen, "\n");
}

static void put_identity(struct mv_pen *pen, const struct mv_card *card)
{
	const char *title = card->title ? card->title : "";

	mv_pen_begin(pen, MV_TONE_BOLD);
	mv_pen_safe(pen, title);
	mv_pen_end(pen, MV_TONE_BOLD);
	put_also(pen, card->version, MV_TONE_PLAIN);
	put_also(pen, card->stages, MV_TONE_GOOD);
	put_also(pen, card->type, MV_TONE_DIM);
	if (card->path && strcmp(card->path, title))
		put_also(pen, card->path, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
	put_line(pen, card->description);
	put_line(pen, card->format);
	put_size(pen, card);
	put_commit(pen, card);
}

/* -- facts ---------------------------------------------------------------- */

static const struct mv_series *curve_of(const struct mv_card *card,
					const char *key)
{
	for (size_t i = 0; i < card->curve_count; i++)
		if (!strcmp(card->curves[i].name, key))
			return &card->curves[i];
	return NULL;
}

static void put_metrics(struct mv_pen *pen, const struct mv_card *card)
{
	const struct mv_facts *facts = &card->evidence.metrics;
	struct mv_table t;

	if (!facts->count)
		return;
	put_heading(pen, "Metrics");
	mv_table_init(&t);
	mv_table_column(&t, MV_COLUMN_SHRINK, "", 0);
	mv_table_column(&t, MV_COLUMN_RIGHT, "", 0);
	mv_table_column(&t, 0, "", 0);
	mv_table_column(&t, 0, "", 0);
	for (size_t i = 0; i < facts->count; i++) {
		const struct mv_fact *f = &facts->v[i];
		const struct mv_metric_rule *rule =
			mv_project_metric(&card->project, card->artifact,
					  f->key);
		const struct mv_series *curve = curve_of(card, f->key);
		struct mv_pen *cell;

		mv_pen_safe_cut(mv_table_foreign(&t, MV_TONE_PLAIN), f->key,
				KEY_MAX);
		mv_words_value(mv_table_foreign(&t, MV_TONE_PLAIN), &f->value,
			       rule ? rule->precision : -1);
		mv_pen_safe_cut(mv_table_foreign(&t, MV_TONE_DIM),
				rule ? rule->unit : NULL, 20);
		cell = mv_table_cell(&t, MV_TONE_DIM);
		if (curve && pen->style.flags & MV_STYLE_UNICODE)
			cell->failed |= mv_sparkline(cell->out, curve->points,
					curve->count, SPARK_WIDTH) != 0;
	}
	mv_table_print(pen, &t, INDENT, 0);
	mv_table_release(&t);
}

/* Two columns of the table for each column of facts, read downwards. */
static void fill_grid(struct mv_table *t, const struct mv_facts *facts,
		      size_t count, size_t columns, int environment)
{
	size_t rows = (count + columns - 1) / columns;

	for (size_t c = 0; c < columns; c++) {
		mv_table_column(t, MV_COLUMN_SHRINK | MV_COLUMN_KEEP, "", 0);
		mv_table_column(t, MV_COLUMN_SHRINK | MV_COLUMN_KEEP, "", 0);
	}
	for (size_t i = 0; i < rows * columns; i++) {
		size_t n = i % columns * rows + i / columns;
		struct mv_pen *cell = mv_table_foreign(t, MV_TONE_DIM);

		if (n < count)
			mv_pen_safe_cut(cell, facts->v[n].key, KEY_MAX);
		cell = mv_table_foreign(t, MV_TONE_PLAIN);
		if (n < count && environment &&
		    facts->v[n].value.type == MV_VALUE_INT)
			mv_words_environment(cell, facts->v[n].key,
					     &facts->v[n].value);
		else if (n < count && facts->v[n].value.type == MV_VALUE_REAL)
			mv_words_value(cell, &facts->v[n].value, -1);
		else if (n < count)
			mv_pen_safe_cut(cell, facts->v[n].value.text,
					VALUE_MAX);
	}
}

static size_t widest(const struct mv_facts *facts, size_t count)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++) {
		size_t k = strlen(facts->v[i].key);
		size_t v = strlen(facts->v[i].value.text);
		size_t w = (k < KEY_MAX ? k : KEY_MAX) +
			   (v < VALUE_MAX ? v : VALUE_MAX);

		most = w > most ? w : most;
	}
	return most;
}

static void put_facts(struct mv_pen *pen, const char *title,
		      const struct mv_facts *facts, int environment)
{
	size_t count = facts->count, columns = 1, each;
	struct mv_table t;

	if (!count)
		return;
	put_heading(pen, title);
	if (!mv_pen_all(pen) && count > FACTS_MAX)
		count = FACTS_MAX;
	if (count > MANY) {
		each = widest(facts, count) + 2 + GAP;
		columns = ((size_t)pen->style.width - INDENT + GAP) / each;
		columns = columns < 1 ? 1 : columns > 4 ? 4 : columns;
	}
	mv_table_init(&t);
	fill_grid(&t, facts, count, columns, environment);
	mv_table_print(pen, &t, INDENT, 0);
	mv_table_release(&t);
	put_more(pen, facts->count - count);
}

/* -- data, run, records --------------------------------------------------- */

static void fill_ref(struct mv_table *t, const struct mv_ref *ref,
		     const char *role)
{
	const char *name = ref->name ? ref->name : ref->path;
	struct mv_pen *cell;

	mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_DIM),
			ref->role && *ref->role ? ref->role : role, 20);
	mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_PLAIN), name, 80);
	cell = mv_table_foreign(t, MV_TONE_DIM);
	if (ref->has_oid)
		mv_words_oid(cell, &ref->oid);
	else
		mv_pen_safe_cut(cell, ref->digest, 20);
	cell = mv_table_cell(t, MV_TONE_DIM);
	if (ref->size != UINT64_MAX)
		mv_words_size(cell, ref->size);
}

static void put_refs(struct mv_pen *pen, const struct mv_refs *refs,
		     const char *role)
{
	size_t count = refs->count;
	struct mv_table t;

	if (!mv_pen_all(pen) && count > REFS_MAX)
		count = REFS_MAX;
	mv_table_init(&t);
	mv_table_column(&t, 0, "", 0);
	mv_table_column(&t, MV_COLUMN_SHRINK, "", 0);
	mv_table_column(&t, 0, "", 0);
	mv_table_column(&t, MV_COLUMN_RIGHT, "", 0);
	for (size_t i = 0; i < count; i++)
		fill_ref(&t, &refs->v[i], role);
	mv_table_print(pen, &t, INDENT, 0);
	mv_table_release(&t);
	put_more(pen, refs->count - count);
}

static void card_text_put_run(struct mv_pen *pen,
			      const struct mv_record *record)
{
	const struct mv_execution *run = &record->run;

	put_heading(pen, "Run");
	mv_pen_repeat(pen, " ", INDENT);
	for (size_t i = 0; run->command && run->command[i] && i < 64; i++) {
		mv_pen_str(pen, i ? " " : "");
		mv_pen_safe_cut(pen, run->command[i], 120);
	}
	mv_pen_str(pen, "\n");
	mv_pen_repeat(pen, " ", INDENT);
	if (run->name) {
		mv_pen_safe_cut(pen, run->name, 40);
		mv_pen_str(pen, ": ");
	}
	mv_pen_begin(pen, run->exit_code ? MV_TONE_BAD : MV_TONE_PLAIN);
	if (run->exit_code)
		mv_pen_f(pen, "failed with %d", run->exit_code);
	else
		mv_pen_str(pen, "succeeded");
	mv_pen_end(pen, run->exit_code ? MV_TONE_BAD : MV_TONE_PLAIN);
	mv_pen_str(pen, " after ");
	mv_words_duration(pen, run->duration_ms);
	if (run->started_ms) {
		mv_pen_str(pen, ", ");
		mv_words_date(pen, run->started_ms);
	}
	if (run->peak_bytes > 0) {
		mv_pen_str(pen, ", peak memory ");
		mv_words_size(pen, (uint64_t)run->peak_bytes);
	}
	mv_pen_str(pen, "\n");
	put_refs(pen, &run->inputs, "input");
	put_refs(pen, &run->outputs, "output");
}

static void put_records(struct mv_pen *pen, const struct mv_evidence *e)
{
	const struct mv_record *last;
	int64_t ms;

	mv_pen_str(pen, "\n");
	if (!e->count) {
		mv_pen_toned(pen, MV_TONE_DIM, "nothing is recorded");
		mv_pen_str(pen, "\n");
	} else {
		last = &e->records[e->count - 1];
		mv_pen_begin(pen, MV_TONE_DIM);
		mv_words_plural(pen, e->count, "record", "records");
		mv_pen_str(pen, ", the last ");
		if (last->t && !mv_time_parse(&ms, last->t, NULL))
			mv_words_date(pen, ms);
		if (last->by) {
			mv_pen_str(pen, " by ");
			mv_pen_safe_cut(pen, last->by, 60);
		}
		if (last->commit) {
			mv_pen_str(pen, " at ");
			mv_words_commit(pen, last->commit);
		}
		if (last->dirty)
			mv_pen_str(pen, " with uncommitted changes");
		mv_pen_end(pen, MV_TONE_DIM);
		mv_pen_str(pen, "\n");
	}
	if (!e->skipped)
		return;
	mv_words_plural(pen, e->skipped, "line of the notes could not be read",
			"lines of the notes could not be read");
	mv_pen_str(pen, "\n");
}

int mv_card_text(struct mv_buf *out, const struct mv_card *card,
		 const struct mv_style *style, struct mv_err *err)
{
	const struct mv_evidence *e = &card->evidence;
	struct mv_pen pen;

	mv_pen_init(&pen, out, style);
	put_identity(&pen, card);
	put_metrics(&pen, card);
	put_facts(&pen, "Params", &e->params, 0);
	if (e->data && e->data->data.count) {
		put_heading(&pen, "Data");
		put_refs(&pen, &e->data->data, "data");
	}
	if (e->run)
		card_text_put_run(&pen, e->run);
	if (e->environment)
		put_facts(&pen, "Environment", &e->environment->environment,
			  1);
	put_facts(&pen, "Tags", &e->tags, 0);
	if (card->verified && card->verified[0])
		put_heading(&pen, "Verified");
	for (size_t i = 0; card->verified && card->verified[i]; i++)
		put_line(&pen, card->verified[i]);
	put_records(&pen, e);
	return mv_pen_done(&pen, err);
}
