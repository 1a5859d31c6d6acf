/* SPDX-License-Identifier: MIT */
#ifndef POLICY_WORLD_H
#define POLICY_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmv/meta/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/policy/policy.h"

/*
 * A world in which something is to be decided: fraud@v1.2.0 is to take the
 * place of v1.1.0 in production. Tests change one thing of it and look at one
 * rule. World, policy and clock are the same for all of them.
 */
#define NOW INT64_C(1795248000)		/* 2026-11-21T08:00:00Z, a Saturday */
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define HEX(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define OID(c) "sha256:" HEX(c)
#define HOLDOUT OID("aa")
#define EASY OID("bb")
#define CONTENT OID("cc")
enum { VOTES_MAX = 16, LINES_MAX = 16 };

struct world {
	struct mv_policy_facts f;
	char *lines[LINES_MAX], *base[LINES_MAX];
	size_t line_count, base_count;
	int has_base;
	struct mv_verdict verdict;	/* of the last decision */
};

static const char config_text[] =
	"[metric \"auc\"]\ndirection = up\n"
	"[metric \"loss\"]\ndirection = down\n"
	"[metric \"rounded\"]\ndirection = up\nprecision = 2\n"
	"[metric \"neutral\"]\ndirection = none\n";
static const char groups_text[] =
	"[group \"leads\"]\nmember = alice@example.com\n"
	"member = bob@example.com\n"
	"[group \"risk\"]\nmember = carol@example.com\n";

static inline void set(char **out, const char *s)
{
	free(*out);
	*out = s ? strdup(s) : NULL;
}

static inline void world_init(struct world *w)
{
	struct mv_policy_facts *f = &w->f;

	memset(w, 0, sizeof(*w));
	f->action = "promote";
	f->hypothetical = 1;
	set(&f->repo, "11111111-2222-3333-4444-555555555555");
	set(&f->artifact, "fraud");
	set(&f->version, "v1.2.0");
	set(&f->path, "models/fraud.bin");
	set(&f->commit, "dddddddddddddddddddddddddddddddddddddddd");
	set(&f->pointer, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
	set(&f->stage, "production");
	set(&f->from_stage, "");
	set(&f->displaces, "v1.1.0");
	set(&f->records, "sha256:records");
	set(&f->author, "dora@example.com");
	set(&f->committer, "dora@example.com");
	set(&f->pusher, "paul@example.com");
	set(&f->runner, "robot@example.com");
	set(&f->promoter, "pia@example.com");
	memset(f->content.b, 0xcc, sizeof(f->content.b));
	f->size = 1000;
	f->votes = calloc(VOTES_MAX + 1, sizeof(*f->votes));
	mv_policy_answer(f, "since-last-event", 1, 10 * DAY, NULL, NULL);
}

static inline void world_release(struct world *w)
{
	mv_policy_facts_release(&w->f);
	for (size_t i = 0; i < LINES_MAX; i++) {
		free(w->lines[i]);
		free(w->base[i]);
	}
	mv_verdict_release(&w->verdict);
}

/* What is written down of the candidate, `at` seconds before now:
   "\"metrics\":{\"auc\":0.9}". */
static inline char *line_at(int64_t at, size_t n, const char *members)
{
	time_t t = (time_t)(NOW - at);
	struct tm tm;
	char text[64], *line = NULL;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	if (asprintf(&line, "{\"t\":\"%s\",\"kind\":\"evidence\",\"by\":"
		     "\"R <r@example.com>\",\"content\":\"" CONTENT
		     "\",\"id\":\"%016zx\",%s}", text, n, members) < 0)
		abort();
	return line;
}

static inline void record_at(struct world *w, int64_t at, const char *members)
{
	w->lines[w->line_count] = line_at(at, w->line_count + 1, members);
	w->line_count++;
}

/* One second after the other, an hour ago. */
static inline void record(struct world *w, const char *members)
{
	record_at(w, HOUR - (int64_t)w->line_count, members);
}

static inline void base_record(struct world *w, const char *members)
{
	w->base[w->base_count] = line_at(DAY - (int64_t)w->base_count,
					 w->base_count + 0xb0, members);
	w->base_count++;
	w->has_base = 1;
}

static inline void fold(struct mv_evidence *e, char **lines, size_t count)
{
	struct mv_lines all = { (const char **)lines, count, NULL };

	mv_evidence_release(e);
	if (mv_evidence_fold(e, &all, NULL) || e->count != count ||
	    e->skipped)
		abort();
}

static inline struct mv_other *other(struct world *w, const char *name)
{
	struct mv_policy_facts *f = &w->f;
	struct mv_other *o;

	for (size_t i = 0; i < f->other_count; i++)
		if (!strcmp(f->others[i].name, name))
			return &f->others[i];
	if (!f->others)
		f->others = calloc(8, sizeof(*f->others));
	o = &f->others[f->other_count++];
	o->name = strdup(name);
	return o;
}

static inline void answer(struct world *w, const char *question,
			  int64_t number, const char *text)
{
	struct mv_policy_facts *f = &w->f;

	for (size_t i = 0; i < f->answer_count; i++) {
		if (strcmp(f->answers[i].question, question))
			continue;
		f->answers[i].number = number;
		set(&f->answers[i].text, text);
		f->answers[i].known = 1;
		return;
	}
	mv_policy_answer(f, question, 1, number, text, NULL);
}

static inline void forget(struct world *w, const char *question)
{
	for (size_t i = 0; i < w->f.answer_count; i++)
		if (!strcmp(w->f.answers[i].question, question))
			w->f.answers[i].known = 0;
}

/* A vote that counts: signed with the person's own key, bound to the state,
   100 s ago; each a second after the one before. */
static inline struct mv_vote *vote(struct world *w, enum mv_decision decision,
				   const char *who)
{
	struct mv_policy_facts *f = &w->f;
	struct mv_vote *v = &f->votes[f->vote_count];
	struct mv_statement *s = &v->statement;

	memset(v, 0, sizeof(*v));
	v->order = f->vote_count++;
	s->decision = decision;
	set(&s->repo, f->repo);
	set(&s->artifact, f->artifact);
	set(&s->version, f->version);
	set(&s->path, f->path);
	set(&s->commit, f->commit);
	set(&s->pointer, f->pointer);
	set(&s->stage, f->stage);
	set(&s->from_stage, f->from_stage);
	set(&s->displaces, f->displaces);
	set(&s->records, f->records);
	set(&s->policy, "");	/* decide() below fills it in */
	set(&s->signer, who);
	set(&s->reason, "because");
	set(&s->rules, "");
	set(&s->revokes, "");
	s->content = f->content;
	s->size = f->size;
	s->issued_at = NOW - 100 + (int64_t)v->order;
	if (asprintf(&s->nonce, "%032zx", v->order + 1) < 0 ||
	    asprintf(&v->signature.fingerprint, "SHA256:%s", who) < 0)
		abort();
	set(&v->signature.principal, who);
	snprintf(v->line_digest, sizeof(v->line_digest), "sha256:line%zu",
		 v->order);
	return v;
}

static inline void parse(struct mv_policy *p, const char *text)
{
	struct mv_err err;

	if (mv_policy_parse(p, text, strlen(text), config_text,
			    strlen(config_text), &err)) {
		fprintf(stderr, "%s\n%s\n", text, err.msg);
		abort();
	}
}

/* With this policy; groups are added to it. Votes whose policy is "" are
   about this one. */
static inline enum mv_result decide(struct world *w, const char *text)
{
	struct mv_policy policy;
	char *whole = NULL;

	if (asprintf(&whole, "%s%s", text, groups_text) < 0)
		abort();
	parse(&policy, whole);
	free(whole);
	fold(&w->f.evidence, w->lines, w->line_count);
	if (w->has_base)
		fold(&other(w, "current")->evidence, w->base, w->base_count);
	for (size_t i = 0; i < w->f.vote_count; i++)
		if (w->f.votes[i].statement.policy &&
		    !*w->f.votes[i].statement.policy)
			set(&w->f.votes[i].statement.policy, policy.digest);
	/* Whoever looks at one vote too many falls, whatever it is. */
	for (int d = MV_DECISION_APPROVE; d <= MV_DECISION_OVERRIDE; d++) {
		struct mv_vote *v = &w->f.votes[w->f.vote_count];

		memset(v, 0, sizeof(*v));
		v->statement.decision = (enum mv_decision)d;
		v->signature.principal = v->signature.fingerprint =
			v->statement.signer = (char *)1;
		mv_verdict_release(&w->verdict);
		if (mv_decide(&w->verdict, &w->f, &policy, NOW, NULL))
			abort();
	}
	for (size_t i = 0; i < w->f.vote_count; i++)
		if (w->f.votes[i].statement.policy &&
		    !strcmp(w->f.votes[i].statement.policy, policy.digest))
			set(&w->f.votes[i].statement.policy, "");
	mv_policy_release(&policy);
	return w->verdict.result;
}

/* Rules of [stage "production"]; lines joined with "\n". */
static inline enum mv_result decide_stage(struct world *w, const char *rules)
{
	enum mv_result result;
	char *text = NULL;

	if (asprintf(&text, "[stage \"production\"]\n%s\n", rules) < 0)
		abort();
	result = decide(w, text);
	free(text);
	return result;
}

/*
 * The last finding of these rules of [stage "production"]: its result and,
 * unless NULL, what it saw. Tests say everything that a person would read.
 */
static inline const struct mv_finding *check_at(struct world *w,
		const char *rules, enum mv_result result, const char *actual,
		const char *file, int line)
{
	const struct mv_finding *f;

	decide_stage(w, rules);
	if (!w->verdict.count) {
		fprintf(stderr, "%s:%d: %s: nothing found\n", file, line, rules);
		abort();
	}
	f = &w->verdict.v[w->verdict.count - 1];
	if (f->result != result || (actual && strcmp(f->actual, actual))) {
		fprintf(stderr, "%s:%d: %s\nexpected %s: %s\ngot      %s: %s\n",
			file, line, rules, mv_result_name(result),
			actual ? actual : "", mv_result_name(f->result),
			f->actual);
		abort();
	}
	return f;
}
#define check(w, rules, result, actual) \
	check_at(w, rules, MV_RESULT_##result, actual, __FILE__, __LINE__)

#define ACTUAL_IS(f, text) assert_string_equal((f)->actual, text)
#define EXPECTED_IS(f, text) assert_string_equal((f)->expected, text)
#define ADVICE_IS(f, text) assert_string_equal((f)->advice, text)
#define EVIDENCE_IS(f, text) assert_string_equal((f)->evidence, text)

#endif
