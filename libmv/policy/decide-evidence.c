/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <string.h>
#include <strings.h>

#include "libmv/base/time.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/record.h"

/* Rules about where the numbers come from. */
enum { EVAL_MAX = 1 << 16 };

/* -- measured on what, when, how often ------------------------------------ */

static void eval_on(const struct mv_deciding *d, const struct mv_rule *rule,
		    struct mv_found *f)
{
	const struct mv_evidence *e = &d->facts->evidence;
	const char *oid = mv_eval_content(d, rule);
	char what[MV_WHAT_MAX];
	struct mv_buf eval;

	mv_expected(f, "metrics measured on %s, and on nothing else",
		    rule->args->text);
	if (!oid) {
		mv_actual(f, "%s is no content of the trusted branch",
			  rule->args->text);
		mv_advice(f, "have it there: git add %s, commit, and merge "
			  "that", rule->args->text);
		mv_found_set(f, MV_RESULT_UNKNOWN);
		return;
	}
	mv_buf_init(&eval, EVAL_MAX);
	mv_found_set(f, MV_RESULT_UNKNOWN);
	for (size_t i = e->count; i-- > 0;) {
		const struct mv_fact fact = { .from = (uint32_t)i };

		mv_buf_clear(&eval);
		if (!e->records[i].metrics.count ||
		    mv_is_ahead(d, &e->records[i]) ||
		    mv_evidence_eval_data(&eval, e, &fact) ||
		    !mv_measured_as_demanded(d, eval.data))
			continue;
		f->result = MV_RESULT_YES;
		mv_actual(f, "%zu metrics measured on it",
			  e->records[i].metrics.count);
		mv_rests_on(f, e->records[i].id);
		break;
	}
	mv_buf_release(&eval);
	if (f->result == MV_RESULT_YES)
		return;
	mv_actual(f, "nothing is recorded that was measured on sha256:%s", oid);
	mv_advice(f, "evaluate it there: git model record %s --metric "
		  "NAME=VALUE --eval-data %s", mv_record_what(what, d->facts),
		  rule->args->text);
}

static void check_age(const struct mv_deciding *d, struct mv_found *f,
		      const struct mv_record *r, const char *key, int64_t max)
{
	int64_t ms;

	mv_rests_on(f, r->id);
	if (mv_time_parse(&ms, r->t, NULL)) {
		mv_actual(f, "%s has no moment that can be read", key);
		mv_found_set(f, MV_RESULT_UNKNOWN);
	} else if (mv_is_future(d, ms / 1000)) {
		mv_actual(f, "%s is from the future: %s", key, r->t);
		mv_found_set(f, MV_RESULT_NO);
	} else {
		mv_actual(f, "%s is from %s", key, r->t);
		if (mv_seconds_since(d->now, ms / 1000) > max)
			mv_found_set(f, MV_RESULT_NO);
	}
}

static void metric_age(const struct mv_deciding *d, const char *key,
		       int optional, int64_t max, struct mv_found *f)
{
	struct mv_reading reading;
	struct mv_buf eval;

	mv_buf_init(&eval, EVAL_MAX);
	mv_read_metric(&reading, d, &d->facts->evidence, key, &eval);
	mv_buf_release(&eval);
	if (reading.record) {
		check_age(d, f, reading.record, key, max);
	} else if (!optional) {
		mv_actual(f, "%s is not recorded", key);
		mv_found_set(f, MV_RESULT_UNKNOWN);
	}
}

/* Everything that a rule about metrics reads, be it a pattern. */
static void rule_age(const struct mv_deciding *d, const struct mv_rule *r,
		     int64_t max, struct mv_found *f)
{
	const struct mv_facts *all = &d->facts->evidence.metrics;

	for (const struct mv_rule_args *a = r->args; a; a = a->next) {
		/* Of alternatives, those that there are must be fresh. */
		int optional = a->optional || r->kind == MV_RULE_ANY;

		if (!strchr(a->metric, '*')) {
			metric_age(d, a->metric, optional, max, f);
			continue;
		}
		for (size_t i = 0; i < all->count; i++)
			if (mv_glob(a->metric, all->v[i].key))
				metric_age(d, all->v[i].key, optional, max, f);
	}
}

/* Of every metric that the rules ask for; when they ask for none, of the
   newest record that has any. */
static void eval_max_age(const struct mv_deciding *d,
			 const struct mv_rule *rule, struct mv_found *f)
{
	const struct mv_evidence *e = &d->facts->evidence;
	const struct mv_record *newest = NULL;
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *r;
	size_t asked = 0;

	while ((r = mv_next_rule(d, &at))) {
		if (r->kind != MV_RULE_METRIC && r->kind != MV_RULE_ANY &&
		    r->kind != MV_RULE_NO_REGRESSION &&
		    r->kind != MV_RULE_IMPROVE)
			continue;
		asked++;
		rule_age(d, r, rule->args->seconds, f);
	}
	for (size_t i = 0; i < e->count; i++)
		if (e->records[i].metrics.count)
			newest = &e->records[i];
	if (!newest) {
		mv_actual(f, "no metrics are recorded");
		mv_found_set(f, MV_RESULT_UNKNOWN);
	} else if (!asked) {
		check_age(d, f, newest, "the newest measurement",
			  rule->args->seconds);
	}
}

/* Equal but for seeds? */
static int same_params(const struct mv_facts *a, const struct mv_facts *b)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a->count && strcasestr(a->v[i].key, "seed"))
			i++;
		while (j < b->count && strcasestr(b->v[j].key, "seed"))
			j++;
		if (i == a->count || j == b->count)
			return i == a->count && j == b->count;
		if (strcmp(a->v[i].key, b->v[j].key) ||
		    !mv_value_eq(&a->v[i].value, &b->v[j].value))
			return 0;
		i++;
		j++;
	}
}

static int seen_before(const struct mv_evidence *e, size_t i)
{
	for (size_t j = i + 1; j < e->count; j++) {
		const char *id = mv_run_id(&e->records[j]);

		if (id && !strcmp(id, mv_run_id(&e->records[i])))
			return 1;
	}
	return 0;
}

static void min_runs(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f)
{
	const struct mv_evidence *e = &d->facts->evidence;
	const struct mv_record *newest = NULL;
	size_t runs = 0;

	for (size_t i = e->count; i-- > 0;) {
		if (!mv_run_id(&e->records[i]) || seen_before(e, i))
			continue;
		if (!newest)
			newest = &e->records[i];
		if (!same_params(&newest->params, &e->records[i].params))
			continue;
		runs++;
		mv_rests_on(f, e->records[i].id);
	}
	mv_expected(f, "%llu or more runs with the same parameters",
		    (unsigned long long)rule->args->number);
	mv_actual(f, "%zu", runs);
	if (runs < rule->args->number)
		mv_found_set(f, runs ? MV_RESULT_NO : MV_RESULT_UNKNOWN);
}

/* -- lineage -------------------------------------------------------------- */

static int resolved(const struct mv_deciding *d, const char *question)
{
	const struct mv_answer *a = mv_known(d->facts, question, NULL);

	return a && a->number > 0;
}

static int has_lineage(const struct mv_deciding *d, const char *what)
{
	const struct mv_evidence *e = &d->facts->evidence;

	if (!strcmp(what, "data"))
		return e->data && resolved(d, "lineage-data");
	if (!strcmp(what, "code"))
		return resolved(d, "lineage-code");
	if (!strcmp(what, "params"))
		return e->params.count > 0;
	if (!strcmp(what, "env"))
		return e->environment && e->environment->environment.count;
	return e->run && e->run->run.command;
}

static void require_lineage(const struct mv_deciding *d,
			    const struct mv_rule *rule, struct mv_found *f)
{
	for (char **what = rule->args->words; *what; what++) {
		int has = has_lineage(d, *what);

		mv_actual(f, "%s: %s", *what, has ? "recorded" :
			  "not recorded, or not to be found here");
		if (!has)
			mv_found_set(f, MV_RESULT_UNKNOWN);
	}
	if (f->result != MV_RESULT_YES)
		mv_advice(f, "train with git model run, or record what is "
			  "missing with git model record");
}

static void require_clean(const struct mv_deciding *d, struct mv_found *f)
{
	const struct mv_evidence *e = &d->facts->evidence;
	const struct mv_record *r = e->run;

	for (size_t i = e->count; !r && i-- > 0;)
		if (e->records[i].commit && e->records[i].metrics.count)
			r = &e->records[i];
	if (!r || !r->commit) {
		mv_actual(f, "nobody recorded from which commit it comes");
		mv_found_set(f, MV_RESULT_UNKNOWN);
		return;
	}
	mv_rests_on(f, r->id);
	mv_actual(f, r->dirty ? "commit %.10s with uncommitted changes" :
		  "commit %.10s", r->commit);
	if (!r->dirty)
		return;
	mv_found_set(f, MV_RESULT_NO);
	mv_advice(f, "commit what has changed, and train it again: git model "
		  "run");
}

static void data_in_repo(const struct mv_deciding *d, struct mv_found *f)
{
	const struct mv_answer *a = mv_known(d->facts, "data-in-repo", NULL);
	const char *text = "no data is recorded, or it is not to be found";

	if (!a)
		mv_found_set(f, MV_RESULT_UNKNOWN);
	else if (a->number <= 0)
		mv_found_set(f, MV_RESULT_NO);
	else
		text = "all data is in the code's commit";
	mv_actual(f, "%s", a && a->text ? a->text : text);
}

static void license(const struct mv_deciding *d, const struct mv_rule *rule,
		    struct mv_found *f)
{
	const struct mv_value *v = mv_facts_get(&d->facts->evidence.tags,
						"license");
	char what[MV_WHAT_MAX];

	if (!v) {
		mv_actual(f, "no licence is recorded");
		mv_advice(f, "git model record %s --tag license=NAME",
			  mv_record_what(what, d->facts));
		mv_found_set(f, MV_RESULT_UNKNOWN);
		return;
	}
	mv_actual(f, "%s", v->text);
	for (char **word = rule->args->words; *word; word++)
		if (!strcasecmp(*word, v->text))
			return;
	mv_found_set(f, MV_RESULT_NO);
}

void mv_decide_evidence(const struct mv_deciding *d,
			const struct mv_rule *rule, struct mv_found *f)
{
	switch ((enum mv_rule_kind)rule->kind) {
	case MV_RULE_EVAL_ON:
		eval_on(d, rule, f);
		break;
	case MV_RULE_EVAL_MAX_AGE:
		eval_max_age(d, rule, f);
		break;
	case MV_RULE_MIN_RUNS:
		min_runs(d, rule, f);
		break;
	case MV_RULE_REQUIRE_LINEAGE:
		require_lineage(d, rule, f);
		break;
	case MV_RULE_REQUIRE_CLEAN:
		if (rule->args->number)
			require_clean(d, f);
		break;
	case MV_RULE_DATA_IN_REPO:
		if (rule->args->number)
			data_in_repo(d, f);
		break;
	default:
		license(d, rule, f);
		break;
	}
}
