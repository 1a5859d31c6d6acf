/* SPDX-License-Identifier: MIT */
/*
 * A policy and its config come with every commit, also from strangers (the
 * hooks read what a push brings, to say what it would mean). Whatever parses
 * is linted, asked for its questions, and decided on: without facts, and with
 * some that look as real ones do. A decision is never a yes for a stage that
 * is not named, and a second one says the same.
 *
 * Input: the policy, a line "---", the config.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1795248000)
#define W(s) ((char *)(uintptr_t)(s))

static int on_complaint(void *payload, int line, int serious,
			const char *message, struct mv_err *err)
{
	(void)payload;
	(void)serious;
	(void)err;
	if (line < 0 || !*message)
		abort();
	return 0;
}

/* Answers every question as the number of its letters would have it. */
static int on_question(void *payload, const char *question,
		       struct mv_err *err)
{
	struct mv_policy_facts *f = payload;
	size_t len = strlen(question);

	if (!len)
		abort();
	return mv_policy_answer(f, question, len % 5 != 0,
				(int64_t)(len % 7) - 1, len % 3 ? "gguf" :
				NULL, err);
}

static void fill(struct mv_policy_facts *f, struct mv_vote *votes,
		 struct mv_other *other, const struct mv_policy *p)
{
	f->action = "promote";
	f->hypothetical = 1;
	f->repo = W("r");
	f->artifact = W("fraud");
	f->version = W("v1.0.0");
	f->stage = W("production");
	f->records = W("");
	f->author = W("a@x");
	f->votes = votes;
	f->vote_count = 2;
	f->others = other;
	f->other_count = 1;
	other->name = W("current");
	for (int i = 0; i < 2; i++) {
		struct mv_statement *s = &votes[i].statement;

		s->decision = i ? MV_DECISION_OVERRIDE : MV_DECISION_APPROVE;
		s->repo = f->repo;
		s->artifact = f->artifact;
		s->version = f->version;
		s->stage = f->stage;
		s->policy = W(p->digest);
		s->reason = W("r");
		s->nonce = W("n");
		s->rules = W("metric approvals");
		s->signer = votes[i].signature.principal = W(i ? "a@x" :
							       "b@x");
		votes[i].signature.fingerprint = W(i ? "1" : "2");
		s->issued_at = NOW - 10;
	}
}

static enum mv_result decide(const struct mv_policy_facts *f,
			     const struct mv_policy *p, size_t *count)
{
	struct mv_verdict v;
	enum mv_result result;

	if (mv_decide(&v, f, p, NOW, NULL))
		abort();
	for (size_t i = 0; i < v.count; i++)
		if (!v.v[i].section || !v.v[i].rule || !v.v[i].expected ||
		    !v.v[i].actual)
			abort();
	if (!v.governed && (v.count || v.result != MV_RESULT_YES))
		abort();
	*count = v.count;
	result = v.result;
	mv_verdict_release(&v);
	return result;
}

static void decide_all(const struct mv_policy *p)
{
	static const char *const actions[] = { "promote", "demote", "change",
					       "policy" };
	struct mv_policy_facts facts, answers;
	struct mv_other other;
	struct mv_vote votes[2];
	size_t n, m;

	memset(&facts, 0, sizeof(facts));
	memset(&answers, 0, sizeof(answers));
	memset(&other, 0, sizeof(other));
	memset(votes, 0, sizeof(votes));
	if (decide(&facts, p, &n) == MV_RESULT_YES)
		abort();
	fill(&facts, votes, &other, p);
	facts.branch = W("main");
	for (int i = 0; i < 4; i++) {
		enum mv_result with, without;

		facts.action = actions[i];
		if (mv_policy_each_question(p, actions[i], "fraud", i == 2 ?
					    "main" : "production", on_question,
					    &answers, NULL))
			abort();
		facts.answers = answers.answers;
		facts.answer_count = answers.answer_count;
		facts.vote_count = 2;
		with = decide(&facts, p, &n);
		if (with != decide(&facts, p, &m) || n != m)
			abort();
		/* Nobody says no here: less votes, no more of a yes. */
		facts.vote_count = 0;
		without = decide(&facts, p, &m);
		if (without == MV_RESULT_YES && with != MV_RESULT_YES)
			abort();
		mv_policy_facts_release(&answers);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const known[] = { "a@x", "b@x", NULL };
	const char *text = (const char *)data, *cut;
	struct mv_policy p, again;
	struct mv_err err;
	size_t len = size;

	cut = size ? memmem(text, size, "\n---\n", 5) : NULL;
	if (cut)
		len = (size_t)(cut - text) + 1;
	if (mv_policy_parse(&p, text, len, cut ? cut + 5 : NULL,
			    cut ? size - len - 4 : 0, &err)) {
		if (!*err.msg || p.sections || p.groups)
			abort();
		return 0;
	}
	if (mv_policy_lint(&p, NULL, on_complaint, NULL, NULL) ||
	    mv_policy_lint(&p, known, on_complaint, NULL, NULL))
		abort();
	decide_all(&p);
	if (mv_policy_parse(&again, text, len, cut ? cut + 5 : NULL,
			    cut ? size - len - 4 : 0, &err) ||
	    strcmp(p.digest, again.digest))
		abort();
	mv_policy_release(&again);
	mv_policy_release(&p);
	return 0;
}
