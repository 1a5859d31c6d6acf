/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/meta/compare.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"
#include "libmv/report/parts.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

enum {
	VALUE_WIDTH = 200,	/* of a text in a table */
	SHORT_OID = 7,
	WARNING_MAX = 16 << 10
};

/* -- numbers -------------------------------------------------------------- */

void mv_words_size(struct mv_pen *pen, uint64_t bytes)
{
	static const char *const units[] = {
		"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	uint64_t tenths, whole = bytes;
	size_t u = 0;

	if (bytes < 1024) {
		mv_pen_f(pen, "%llu B", (unsigned long long)bytes);
		return;
	}
	for (; whole >= (uint64_t)1024 * 1024; whole /= 1024)
		u++;
	/* Rounded in integers: the same on every machine. */
	tenths = (whole * 10 + 512) / 1024;
	if (tenths >= 10240 && u < 5) {
		tenths = 10;
		u++;
	}
	if (tenths < 1000)
		mv_pen_f(pen, "%llu.%llu %s",
			 (unsigned long long)(tenths / 10),
			 (unsigned long long)(tenths % 10), units[u]);
	else
		mv_pen_f(pen, "%llu %s",
			 (unsigned long long)((tenths + 5) / 10), units[u]);
}

void mv_words_oid(struct mv_pen *pen, const struct mv_oid *oid)
{
	char hex[MV_OID_HEX + 1];

	mv_pen_f(pen, "%.*s", SHORT_OID, mv_oid_hex(hex, oid));
}

void mv_words_commit(struct mv_pen *pen, const char *commit)
{
	size_t len = strspn(commit, "0123456789abcdef");

	if (commit[len])
		mv_pen_safe_cut(pen, commit, SHORT_OID * 2);
	else
		mv_pen_f(pen, "%.*s", SHORT_OID, commit);
}

void mv_words_date(struct mv_pen *pen, int64_t ms)
{
	char text[32];

	if (pen->style.now)
		mv_pen_str(pen, mv_time_relative(text, ms, pen->style.now));
	else
		mv_pen_f(pen, "%.10s", mv_time_print(text, ms));
}

void mv_words_duration(struct mv_pen *pen, int64_t ms)
{
	long long s = ms > 0 ? ms / 1000 : 0;

	if (ms > 0 && ms < 10000)
		mv_pen_f(pen, "%lld.%lld s", s, (long long)(ms % 1000 / 100));
	else if (s < 60)
		mv_pen_f(pen, "%lld s", s);
	else if (s < 3600)
		mv_pen_f(pen, "%lld min %lld s", s / 60, s % 60);
	else if (s < 48 * 3600)
		mv_pen_f(pen, "%lld h %lld min", s / 3600, s / 60 % 60);
	else
		mv_pen_f(pen, "%lld d %lld h", s / 86400, s / 3600 % 24);
}

void mv_words_value(struct mv_pen *pen, const struct mv_value *v,
		    int precision)
{
	if (v->type == MV_VALUE_INT || v->type == MV_VALUE_REAL)
		pen->failed |= mv_buf_add_number(pen->out, v, precision) != 0;
	else
		mv_pen_safe_cut(pen, v->text, VALUE_WIDTH);
}

void mv_words_environment(struct mv_pen *pen, const char *key,
			  const struct mv_value *v)
{
	if (!strcmp(key, "memory") && v->type == MV_VALUE_INT && v->i > 0)
		mv_words_size(pen, (uint64_t)v->i);
	else
		mv_words_value(pen, v, -1);
}

void mv_words_plural(struct mv_pen *pen, size_t n, const char *one,
		     const char *many)
{
	mv_pen_f(pen, "%zu %s", n, n == 1 ? one : many);
}

void mv_words_left_out(struct mv_pen *pen, size_t columns)
{
	if (!columns)
		return;
	mv_pen_begin(pen, MV_TONE_DIM);
	mv_pen_str(pen, "(");
	mv_words_plural(pen, columns,
			"more column: a wider terminal, or --json",
			"more columns: a wider terminal, or --json");
	mv_pen_str(pen, ")");
	mv_pen_end(pen, MV_TONE_DIM);
	mv_pen_str(pen, "\n");
}

/* -- one change ----------------------------------------------------------- */

int mv_change_precision(const struct mv_change *change)
{
	return change->rule ? change->rule->precision : -1;
}

int mv_change_is_same(const struct mv_change *change)
{
	return change->has_old && change->has_new &&
	       mv_value_eq(&change->old, &change->new);
}

void mv_words_diff(struct mv_pen *pen, const struct mv_change *change)
{
	char text[MV_NUMBER_MAX];
	int64_t diff;

	if (!change->has_diff || mv_change_is_same(change))
		return;
	if (change->old.type == MV_VALUE_INT &&
	    change->new.type == MV_VALUE_INT &&
	    !__builtin_sub_overflow(change->new.i, change->old.i, &diff)) {
		mv_pen_f(pen, "%+lld", (long long)diff);
		return;
	}
	mv_number_print(text, change->diff, mv_change_precision(change));
	mv_pen_f(pen, "%s%s", change->diff >= 0 ? "+" : "", text);
}

/* Three digits say enough of a proportion. */
void mv_words_relative(struct mv_pen *pen, const struct mv_change *change)
{
	double p = change->relative * 100, a = fabs(p);
	char text[MV_NUMBER_MAX];

	if (!change->has_diff || !isfinite(p) || mv_change_is_same(change))
		return;
	if (a > 9999.5) {
		mv_pen_str(pen, p < 0 ? "<-9999%" : ">+9999%");
		return;
	}
	if (a < 0.01) {
		mv_pen_str(pen, p < 0 ? ">-0.01%" : "<+0.01%");
		return;
	}
	mv_number_print(text, p, a >= 99.95 ? 0 : a >= 0.095 ? 1 : 2);
	mv_pen_f(pen, "%s%s%%", p >= 0 ? "+" : "", text);
}

/* With "(other data)" where that is so. */
static const char *judgement_word(const struct mv_change *change)
{
	static const char *const words[][2] = {
		[MV_JUDGE_NONE] = { "", "(other data)" },
		[MV_JUDGE_SAME] = { "same", "same (other data)" },
		[MV_JUDGE_BETTER] = { "better", "better (other data)" },
		[MV_JUDGE_WORSE] = { "worse", "worse (other data)" }
	};

	if (!change->has_old)
		return "new";
	if (!change->has_new)
		return "gone";
	return words[change->judgement][!!change->incomparable];
}

enum mv_tone mv_words_tone(const struct mv_change *change)
{
	if (change->judgement == MV_JUDGE_BETTER)
		return MV_TONE_GOOD;
	if (change->judgement == MV_JUDGE_WORSE)
		return MV_TONE_BAD;
	return mv_change_is_same(change) ? MV_TONE_DIM : MV_TONE_PLAIN;
}

void mv_words_metric(struct mv_pen *pen, const struct mv_change *change)
{
	mv_pen_safe_cut(pen, change->key, VALUE_WIDTH);
	if (change->rule && change->rule->unit && *change->rule->unit) {
		mv_pen_str(pen, " (");
		mv_pen_safe_cut(pen, change->rule->unit, 20);
		mv_pen_str(pen, ")");
	}
}

/* -- a pair, and all of them ---------------------------------------------- */

const char *mv_pair_title(const struct mv_pair *pair)
{
	return pair->artifact ? pair->artifact :
	       pair->path ? pair->path : "";
}

int mv_pair_same_content(const struct mv_pair *pair)
{
	return pair->has_old && pair->has_new &&
	       mv_oid_eq(&pair->old.oid, &pair->new.oid);
}

static int changes_differ(const struct mv_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		if (!mv_change_is_same(&changes->v[i]))
			return 1;
	return 0;
}

void mv_pair_count(struct mv_tally *t, const struct mv_pair *pair)
{
	size_t judged = t->better + t->worse;

	for (size_t i = 0; i < pair->metrics.count; i++) {
		const struct mv_change *c = &pair->metrics.v[i];

		t->better += c->judgement == MV_JUDGE_BETTER;
		t->worse += c->judgement == MV_JUDGE_WORSE;
		t->incomparable += c->incomparable != 0;
		t->changed += !mv_change_is_same(c);
	}
	t->judged_in += t->better + t->worse > judged;
	t->differ += !mv_pair_same_content(pair) || pair->data_changed ||
		     changes_differ(&pair->metrics) ||
		     changes_differ(&pair->params) ||
		     changes_differ(&pair->environment);
}

void mv_comparison_count(struct mv_tally *t, const struct mv_comparison *c)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < c->count; i++)
		mv_pair_count(t, &c->v[i]);
}

static void put_judged(struct mv_pen *pen, const struct mv_tally *t)
{
	if (t->worse)
		mv_words_plural(pen, t->worse, "metric worse",
				"metrics worse");
	else
		mv_pen_str(pen, "no metric worse");
	if (t->better)
		mv_pen_f(pen, ", %zu better", t->better);
	else
		mv_pen_str(pen, ", none better");
	mv_pen_str(pen, ", in ");
	mv_words_plural(pen, t->judged_in, "artifact", "artifacts");
}

void mv_words_verdict(struct mv_pen *pen, const struct mv_comparison *c)
{
	struct mv_tally t;

	mv_comparison_count(&t, c);
	if (!t.differ) {
		mv_pen_str(pen, "no artifact differs");
		return;
	}
	if (t.better || t.worse) {
		put_judged(pen, &t);
	} else {
		mv_words_plural(pen, t.differ, "artifact differs",
				"artifacts differ");
		mv_pen_str(pen, ", ");
		if (t.changed) {
			mv_words_plural(pen, t.changed, "metric changed",
					"metrics changed");
			mv_pen_str(pen, ", none judged");
		} else {
			mv_pen_str(pen, "no metric changed");
		}
	}
	if (t.incomparable)
		mv_pen_f(pen, "; %zu not measured on the same data",
			 t.incomparable);
}

enum mv_tone mv_words_verdict_tone(const struct mv_comparison *c)
{
	struct mv_tally t;

	mv_comparison_count(&t, c);
	return t.worse ? MV_TONE_BAD : t.incomparable ? MV_TONE_WARN :
	       t.better ? MV_TONE_GOOD : MV_TONE_BOLD;
}

/* -- data ----------------------------------------------------------------- */

static const char *ref_name(const struct mv_ref *ref)
{
	return ref->name && *ref->name ? ref->name :
	       ref->path && *ref->path ? ref->path : NULL;
}

/* "holdout (3f2a91c)" */
static void put_ref(struct mv_pen *pen, const struct mv_ref *ref)
{
	const char *name = ref_name(ref);

	if (name)
		mv_pen_safe_cut(pen, name, 40);
	if (name && (ref->has_oid || ref->digest))
		mv_pen_str(pen, " (");
	if (ref->has_oid)
		mv_words_oid(pen, &ref->oid);
	else if (ref->digest)
		mv_pen_safe_cut(pen, ref->digest, 14);
	else if (!name)
		mv_pen_str(pen, "something unnamed");
	if (name && (ref->has_oid || ref->digest))
		mv_pen_str(pen, ")");
}

const struct mv_fact *mv_fact_find(const struct mv_facts *facts,
				   const char *key)
{
	size_t lo = 0, hi = facts->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(facts->v[mid].key, key);

		if (!cmp)
			return &facts->v[mid];
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static size_t put_refs(struct mv_pen *pen, const struct mv_refs *refs,
		       const char *role)
{
	size_t n = 0;

	for (size_t i = 0; i < refs->count; i++) {
		const char *r = refs->v[i].role ? refs->v[i].role : "";

		if (strcmp(r, role))
			continue;
		mv_pen_str(pen, n++ ? " + " : "");
		put_ref(pen, &refs->v[i]);
	}
	return n;
}

void mv_words_eval_data(struct mv_pen *pen, const struct mv_evidence *e,
			const char *key)
{
	const struct mv_fact *fact = mv_fact_find(&e->metrics, key);
	const struct mv_refs *data;

	if (fact && fact->from < e->count) {
		data = &e->records[fact->from].data;
		if (put_refs(pen, data, "eval") || put_refs(pen, data, ""))
			return;
	}
	mv_pen_str(pen, "nobody said which");
}

/* "A against B" for one metric; yours to free, NULL without memory. */
static char *sides_of(const struct mv_pair *pair, const char *key,
		      const struct mv_style *style)
{
	struct mv_buf buf;
	struct mv_pen pen;
	char *text;

	mv_buf_init(&buf, WARNING_MAX);
	mv_pen_init(&pen, &buf, style);
	mv_words_eval_data(&pen, &pair->old_evidence, key);
	mv_pen_str(&pen, " against ");
	mv_words_eval_data(&pen, &pair->new_evidence, key);
	text = pen.failed ? NULL : mv_buf_detach(&buf);
	mv_buf_release(&buf);
	return text;
}

/* All metrics with the same two sides as `i` go into one line. */
static void warn_of(struct mv_pen *pen, const struct mv_pair *pair,
		    char **sides, size_t i, mv_warning_fn fn)
{
	struct mv_buf buf;
	struct mv_pen line;
	size_t named = 0;

	mv_buf_init(&buf, WARNING_MAX * 2);
	mv_pen_init(&line, &buf, &pen->style);
	mv_pen_str(&line, "not measured on the same evaluation data: ");
	for (size_t j = i; j < pair->metrics.count; j++) {
		if (!sides[j] || (j > i && strcmp(sides[j], sides[i])))
			continue;
		if (named < 8) {
			mv_pen_str(&line, named ? ", " : "");
			mv_pen_safe_cut(&line, pair->metrics.v[j].key, 40);
		}
		named++;
		if (j > i) {
			free(sides[j]);
			sides[j] = NULL;
		}
	}
	if (named > 8)
		mv_pen_f(&line, " and %zu more", named - 8);
	mv_pen_f(&line, ": %s", sides[i]);
	pen->failed |= line.failed;
	if (!line.failed)
		fn(pen, buf.data);
	mv_buf_release(&buf);
}

void mv_words_incomparable(struct mv_pen *pen, const struct mv_pair *pair,
			   mv_warning_fn fn)
{
	char **sides = calloc(pair->metrics.count + 1, sizeof(*sides));

	if (!sides) {
		pen->failed = 1;
		return;
	}
	for (size_t i = 0; i < pair->metrics.count; i++)
		if (pair->metrics.v[i].incomparable)
			sides[i] = sides_of(pair, pair->metrics.v[i].key,
					    &pen->style);
	for (size_t i = 0; i < pair->metrics.count; i++)
		if (sides[i])
			warn_of(pen, pair, sides, i, fn);
	for (size_t i = 0; i < pair->metrics.count; i++)
		free(sides[i]);
	free(sides);
}

/* -- tables of a comparison ----------------------------------------------- */

static void side_titles(struct mv_table *t, const struct mv_comparison *c,
			unsigned flags)
{
	mv_table_column(t, flags, c->base_name ? c->base_name : "old", 1);
	mv_table_column(t, flags, c->head_name ? c->head_name :
			c->head ? "new" : "the index", 1);
}

/* Text among the metrics (a file's name, a digest) may not push the numbers
   beside it off the screen. */
enum { METRIC_TEXT_WIDTH = 18 };

static void metric_cell(struct mv_table *t, int there,
			const struct mv_value *v, int precision,
			enum mv_tone tone)
{
	if (!there)
		mv_pen_str(mv_table_cell(t, MV_TONE_DIM), "-");
	else if (v->type == MV_VALUE_INT || v->type == MV_VALUE_REAL)
		mv_words_value(mv_table_cell(t, tone), v, precision);
	else
		mv_pen_safe_cut(mv_table_foreign(t, tone), v->text,
				METRIC_TEXT_WIDTH);
}

static void value_cell(struct mv_table *t, int there, const char *key,
		       const struct mv_value *v, enum mv_tone tone)
{
	if (!there)
		mv_pen_str(mv_table_cell(t, MV_TONE_DIM), "-");
	else if (v->type == MV_VALUE_INT || v->type == MV_VALUE_REAL)
		mv_words_environment(mv_table_cell(t, tone), key, v);
	else
		mv_words_value(mv_table_foreign(t, tone), v, -1);
}

static void metric_row(struct mv_table *t, const struct mv_change *change)
{
	enum mv_tone tone = mv_words_tone(change);
	enum mv_tone dim = tone == MV_TONE_DIM ? tone : MV_TONE_PLAIN;
	int precision = mv_change_precision(change);

	mv_words_metric(mv_table_foreign(t, dim), change);
	metric_cell(t, change->has_old, &change->old, precision, dim);
	metric_cell(t, change->has_new, &change->new, precision, dim);
	mv_words_diff(mv_table_cell(t, tone), change);
	mv_words_relative(mv_table_cell(t, tone), change);
	mv_pen_str(mv_table_cell(t, tone), judgement_word(change));
}

static int words_rank(const struct mv_change *change)
{
	switch (change->judgement) {
	case MV_JUDGE_WORSE:
		return 0;
	case MV_JUDGE_BETTER:
		return 1;
	default:
		return mv_change_is_same(change) ? 3 : 2;
	}
}

void mv_metric_table(struct mv_table *t, const struct mv_comparison *c,
		     const struct mv_pair *pair, int worse_first)
{
	mv_table_column(t, MV_COLUMN_SHRINK, "Metric", 0);
	side_titles(t, c, MV_COLUMN_RIGHT | MV_COLUMN_KEEP);
	mv_table_column(t, MV_COLUMN_RIGHT, "Change", 0);
	mv_table_column(t, MV_COLUMN_RIGHT | MV_COLUMN_EARLY, "Relative", 0);
	mv_table_column(t, MV_COLUMN_SHRINK | MV_COLUMN_LATE, "Verdict", 0);
	for (int r = 0; r < (worse_first ? 4 : 1); r++)
		for (size_t i = 0; i < pair->metrics.count; i++)
			if (!worse_first || words_rank(&pair->metrics.v[i]) == r)
				metric_row(t, &pair->metrics.v[i]);
}

static void facts_rows(struct mv_table *t, const struct mv_comparison *c,
		       const struct mv_changes *changes, const char *title,
		       int environment)
{
	mv_table_column(t, MV_COLUMN_SHRINK, title, 0);
	side_titles(t, c, MV_COLUMN_SHRINK | MV_COLUMN_KEEP);
	for (size_t i = 0; i < changes->count; i++) {
		const struct mv_change *change = &changes->v[i];
		const char *key = environment ? change->key : "";
		enum mv_tone tone = mv_change_is_same(change) ?
				    MV_TONE_DIM : MV_TONE_PLAIN;

		mv_pen_safe_cut(mv_table_foreign(t, tone), change->key,
				VALUE_WIDTH);
		value_cell(t, change->has_old, key, &change->old, tone);
		value_cell(t, change->has_new, key, &change->new, tone);
	}
}

void mv_fact_table(struct mv_table *t, const struct mv_comparison *c,
		   const struct mv_changes *changes, const char *title)
{
	facts_rows(t, c, changes, title, 0);
}

void mv_environment_table(struct mv_table *t, const struct mv_comparison *c,
			  const struct mv_pair *pair)
{
	facts_rows(t, c, &pair->environment, "Environment", 1);
}

static int same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static const struct mv_ref *find_ref(const struct mv_refs *refs,
				     const struct mv_ref *like)
{
	for (size_t i = 0; refs && i < refs->count; i++) {
		const struct mv_ref *ref = &refs->v[i];

		if (same_text(ref->role, like->role) &&
		    same_text(ref_name(ref), ref_name(like)))
			return ref;
	}
	return NULL;
}

static int ref_eq(const struct mv_ref *a, const struct mv_ref *b)
{
	if (a->has_oid != b->has_oid)
		return 0;
	return a->has_oid ? mv_oid_eq(&a->oid, &b->oid) :
	       same_text(a->digest, b->digest);
}

static void ref_cell(struct mv_table *t, const struct mv_ref *ref)
{
	struct mv_pen *pen = mv_table_foreign(t, MV_TONE_PLAIN);

	if (!ref) {
		mv_pen_str(pen, "-");
		return;
	}
	if (ref->has_oid)
		mv_words_oid(pen, &ref->oid);
	else if (ref->digest)
		mv_pen_safe_cut(pen, ref->digest, 16);
	else
		mv_pen_str(pen, "named only");
	if (ref->size != UINT64_MAX) {
		mv_pen_str(pen, "  ");
		mv_words_size(pen, ref->size);
	}
}

static void data_row(struct mv_table *t, const struct mv_ref *old,
		     const struct mv_ref *new)
{
	const struct mv_ref *any = old ? old : new;

	mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_PLAIN),
			any->role && *any->role ? any->role : "data", 20);
	mv_pen_safe_cut(mv_table_foreign(t, MV_TONE_PLAIN), ref_name(any),
			VALUE_WIDTH);
	ref_cell(t, old);
	ref_cell(t, new);
}

void mv_data_table(struct mv_table *t, const struct mv_comparison *c,
		   const struct mv_pair *pair)
{
	const struct mv_record *old = pair->old_evidence.data;
	const struct mv_record *new = pair->new_evidence.data;

	mv_table_column(t, 0, "Data", 0);
	mv_table_column(t, MV_COLUMN_SHRINK, "Name", 0);
	side_titles(t, c, MV_COLUMN_KEEP);
	for (size_t i = 0; old && i < old->data.count; i++) {
		const struct mv_ref *ref = &old->data.v[i], *now;

		now = new ? find_ref(&new->data, ref) : NULL;
		if (!now || !ref_eq(ref, now))
			data_row(t, ref, now);
	}
	for (size_t i = 0; new && i < new->data.count; i++)
		if (!old || !find_ref(&old->data, &new->data.v[i]))
			data_row(t, NULL, &new->data.v[i]);
}
