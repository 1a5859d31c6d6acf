/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/path.h"
#include "libmv/meta/evidence.h"

/*
 * What is to be found out before deciding. Each rule says here what its
 * evaluation asks mv_known() and mv_other_of(); a rule that forgets to is
 * told "not known", which is no.
 */
struct asking {
	struct mv_deciding d;	/* only what it is about */
	char **asked;
	size_t count;
	mv_question_fn fn;
	void *payload;
	struct mv_err *err;
};

static int questions_ask(struct asking *q, const char *word, const char *rest)
{
	char *question = mv_strf("%s%s%s", word, rest ? " " : "",
				 rest ? rest : "");
	char **one;

	if (!question)
		return mv_nomem(q->err);
	for (size_t i = 0; i < q->count; i++)
		if (!strcmp(q->asked[i], question)) {
			free(question);
			return 0;
		}
	one = MV_GROW_ONE(q->asked, q->count, q->err);
	if (!one) {
		free(question);
		return MV_ENOMEM;
	}
	*one = question;
	return q->fn(q->payload, question, q->err);
}

static int ask_card(struct asking *q, const struct mv_rule_args *a)
{
	int rc = questions_ask(q, "card", a->text);

	for (char **s = a->words; !rc && s && *s; s++) {
		char *rest = mv_strf("%s %s", a->text, *s);

		rc = rest ? questions_ask(q, "card-section",
					  rest) : mv_nomem(q->err);
		free(rest);
	}
	return rc;
}

static int ask_others(struct asking *q, const struct mv_rule_args *a)
{
	int rc = 0;

	for (; a && !rc; a = a->next)
		if (a->vs)
			rc = questions_ask(q, "other", a->vs);
	return rc;
}

/* In all sections that speak of it, as mv_next_setting() finds them. */
static int ask_soak(struct asking *q)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *r;
	int rc = 0;

	while (!rc && (r = mv_next_setting(&q->d, MV_RULE_REQUIRE_STAGE, &at)))
		rc = questions_ask(q, "soak", r->args->text);
	return rc;
}

/* Were they given before the stage changed? See misses_state(). */
static int ask_votes(struct asking *q)
{
	return mv_dismissed_by(q->d.section, "holder") ?
		questions_ask(q, "since-last-event", NULL) : 0;
}

static int ask_rollback(struct asking *q)
{
	int rc = questions_ask(q, "previously-held", NULL);

	if (!rc)
		rc = questions_ask(q, "other", "current");
	return rc ? rc : ask_votes(q);
}

static int ask_lineage(struct asking *q, const struct mv_rule_args *a)
{
	int rc = 0;

	for (char **word = a->words; *word && !rc; word++) {
		if (!strcmp(*word, "data"))
			rc = questions_ask(q, "lineage-data", NULL);
		else if (!strcmp(*word, "code"))
			rc = questions_ask(q, "lineage-code", NULL);
	}
	return rc;
}

static int ask_rule(struct asking *q, const struct mv_rule *rule)
{
	const struct mv_rule_args *a = rule->args;

	switch ((enum mv_rule_kind)rule->kind) {
	case MV_RULE_NO_REGRESSION:
	case MV_RULE_IMPROVE:
	case MV_RULE_ANY:
		return ask_others(q, a);
	case MV_RULE_EVAL_ON:
		return strncmp(a->text, "sha256:", 7) ?
			questions_ask(q, "content", a->text) : 0;
	case MV_RULE_REQUIRE_LINEAGE:
		return ask_lineage(q, a);
	case MV_RULE_DATA_IN_REPO:
		return questions_ask(q, "data-in-repo", NULL);
	case MV_RULE_FORMAT:
	case MV_RULE_FORBID_FORMAT:
		return questions_ask(q, "format", NULL);
	case MV_RULE_MAX_PARAMS:
		return questions_ask(q, "parameters", NULL);
	case MV_RULE_CARD:
		return ask_card(q, a);
	case MV_RULE_REQUIRE_STAGE:
		return questions_ask(q, "held", a->text);
	case MV_RULE_MIN_SOAK:
		return ask_soak(q);
	case MV_RULE_MIN_INTERVAL:
		return questions_ask(q, "since-last-event", NULL);
	case MV_RULE_REQUIRES_HOLDER:
		return questions_ask(q, "holder", a->text);
	case MV_RULE_REACHABLE_FROM:
		return questions_ask(q, "reachable-from", a->text);
	case MV_RULE_FREEZE:
		return a->window->zone ? questions_ask(q, "utc-offset",
						       a->window->zone) :
					 0;
	case MV_RULE_ROLLBACK:
		return ask_rollback(q);
	case MV_RULE_MONOTONIC:
		return questions_ask(q, "other", "current");
	case MV_RULE_APPROVALS:
	case MV_RULE_OVERRIDE:
		return ask_votes(q);
	default:
		return 0;
	}
}

int mv_policy_each_question(const struct mv_policy *p, const char *action,
			    const char *artifact, const char *name,
			    mv_question_fn fn, void *payload,
			    struct mv_err *err)
{
	struct mv_policy_facts facts = {
		.artifact = (char *)(uintptr_t)artifact
	};
	struct asking q = { .d = { .policy = p, .facts = &facts },
			    .fn = fn, .payload = payload, .err = err };
	int rc = 0;

	q.d.kind = mv_action_kind(action);
	q.d.name = mv_plain_name(name);

	for (size_t i = 0; i < p->section_count && !rc; i++) {
		const struct mv_section *s = &p->sections[i];

		if (!mv_section_applies(s, q.d.kind, artifact, q.d.name))
			continue;
		q.d.section = s;
		for (size_t j = 0; j < s->count && !rc; j++)
			rc = ask_rule(&q, &s->rules[j]);
	}
	for (size_t i = 0; i < q.count; i++)
		free(q.asked[i]);
	free(q.asked);
	return rc;
}

/* -- facts ---------------------------------------------------------------- */

int mv_policy_answer(struct mv_policy_facts *facts, const char *question,
		     int known, int64_t number, const char *text,
		     struct mv_err *err)
{
	struct mv_answer a = { .known = known, .number = number }, *one = NULL;

	if (!mv_set_str(&a.question, question, err) &&
	    !mv_set_str(&a.text, text, err))
		one = MV_GROW_ONE(facts->answers, facts->answer_count, err);
	if (!one) {
		free(a.question);
		free(a.text);
		return MV_ENOMEM;
	}
	*one = a;
	return 0;
}

void mv_policy_facts_release(struct mv_policy_facts *f)
{
	free(f->repo);
	free(f->artifact);
	free(f->version);
	free(f->path);
	free(f->commit);
	free(f->pointer);
	free(f->stage);
	free(f->from_stage);
	free(f->branch);
	free(f->displaces);
	free(f->records);
	mv_evidence_release(&f->evidence);
	for (size_t i = 0; i < f->other_count; i++) {
		free(f->others[i].name);
		free(f->others[i].version);
		mv_evidence_release(&f->others[i].evidence);
	}
	free(f->others);
	for (size_t i = 0; i < f->vote_count; i++) {
		mv_statement_release(&f->votes[i].statement);
		mv_signature_release(&f->votes[i].signature);
	}
	free(f->votes);
	mv_signature_release(&f->tag_signature);
	free(f->author);
	free(f->committer);
	free(f->pusher);
	free(f->runner);
	free(f->promoter);
	for (size_t i = 0; i < f->answer_count; i++) {
		free(f->answers[i].question);
		free(f->answers[i].text);
	}
	free(f->answers);
	memset(f, 0, sizeof(*f));
}

int mv_policy_measures_on(const struct mv_policy *p, const char *path)
{
	for (size_t i = 0; i < p->section_count; i++) {
		const struct mv_section *s = &p->sections[i];

		for (size_t j = 0; j < s->count; j++) {
			const char *data = s->rules[j].kind ==
				MV_RULE_EVAL_ON ? s->rules[j].args->text : "";

			if (*data && mv_path_below(path, data))
				return 1;
		}
	}
	return 0;
}
