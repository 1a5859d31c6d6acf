/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/policy/policy.h"
#include "tests/unit/pace.h"

/*
 * Every small world there is: all multisets of up to four votes out of a
 * catalogue of good, bad and hostile ones, against policies with thresholds
 * of 1 to 3, groups, veto, override and self-approval. An oracle that shares
 * no code with the decision, and counts people by trying all ways to pair
 * them with keys, must agree; and no vote that is taken away may turn a no
 * into a yes.
 */
#define NOW INT64_C(1795248000)
#ifndef MOST_VOTES	/* scripts/mutate.sh is content with less */
#define MOST_VOTES (MV_PACE > 1 ? 3 : 4)
#endif
enum { VOTES = MOST_VOTES };

/* Two leads, one of risk, one of neither; alice has two keys, bob may use
   alice's first (a list would refuse it; a bug might not). */
enum person { ALICE, BOB, CAROL, MALLORY, PEOPLE };
static const char *const names[PEOPLE] = { "alice@x", "bob@x", "carol@x",
					   "mallory@x" };
enum fault {
	FINE, EXPIRED, FUTURE, KEY_REVOKED, BAD_SIGNATURE, SOMEBODY_ELSES,
	MALFORMED, OTHER_VERSION, OTHER_STAGE, OTHER_REPO, OTHER_CONTENT,
	OTHER_POLICY, OTHER_HOLDER, OTHER_EVIDENCE, BEFORE_CHANGE
};

/* One vote, in the words of the oracle. */
struct token {
	enum mv_decision decision;
	enum person who;
	int key;
	enum fault fault;
	int at;			/* s after the earliest */
	int revokes;		/* nonce (of the token's number); -1 */
};
#define YES MV_DECISION_APPROVE
#define NO MV_DECISION_REJECT
#define BACK MV_DECISION_REVOKE
#define OVER MV_DECISION_OVERRIDE
static const struct token tokens[] = {
	{ YES, ALICE, 1, FINE, 10, -1 },		/* 0 */
	{ YES, ALICE, 2, FINE, 10, -1 },		/* a second key */
	{ YES, BOB, 3, FINE, 10, -1 },
	{ YES, BOB, 1, FINE, 10, -1 },			/* alice's key */
	{ YES, CAROL, 4, FINE, 10, -1 },
	{ YES, MALLORY, 5, FINE, 10, -1 },
	{ YES, ALICE, 1, FINE, 30, -1 },		/* 6: after the no */
	{ NO, ALICE, 1, FINE, 20, -1 },			/* 7 */
	{ NO, CAROL, 4, FINE, 5, -1 },			/* 8: before her yes */
	{ NO, CAROL, 4, FINE, 20, -1 },
	{ NO, MALLORY, 5, FINE, 20, -1 },
	{ NO, ALICE, 1, BAD_SIGNATURE, 20, -1 },
	{ NO, ALICE, 1, OTHER_STAGE, 20, -1 },
	{ BACK, ALICE, 1, FINE, 20, 0 },		/* 13 */
	{ BACK, MALLORY, 5, FINE, 20, 2 },		/* of somebody else */
	{ BACK, CAROL, 4, FINE, 20, 9 },		/* of her no */
	{ BACK, ALICE, 1, OTHER_REPO, 20, 0 },
	{ OVER, CAROL, 4, FINE, 10, -1 },		/* 17 */
	{ OVER, MALLORY, 5, FINE, 10, -1 },
	{ OVER, CAROL, 4, OTHER_VERSION, 10, -1 },
	{ YES, BOB, 3, EXPIRED, 10, -1 },		/* 20 */
	{ YES, BOB, 3, FUTURE, 10, -1 },
	{ YES, BOB, 3, KEY_REVOKED, 10, -1 },
	{ YES, BOB, 3, BAD_SIGNATURE, 10, -1 },
	{ YES, BOB, 3, SOMEBODY_ELSES, 10, -1 },
	{ YES, BOB, 3, MALFORMED, 10, -1 },
	{ YES, BOB, 3, OTHER_VERSION, 10, -1 },
	{ YES, BOB, 3, OTHER_STAGE, 10, -1 },
	{ YES, BOB, 3, OTHER_REPO, 10, -1 },
	{ YES, BOB, 3, OTHER_CONTENT, 10, -1 },
	{ YES, BOB, 3, OTHER_POLICY, 10, -1 },
	{ YES, BOB, 3, OTHER_HOLDER, 10, -1 },
	{ YES, BOB, 3, OTHER_EVIDENCE, 10, -1 },
	{ YES, BOB, 3, BEFORE_CHANGE, 10, -1 },
	{ YES, CAROL, 5, FINE, 10, -1 },		/* mallory's key */
	{ NO, ALICE, 1, FINE, 10, -1 },			/* 35: at once */
	{ BACK, ALICE, 2, FINE, 10, 35 },
};
enum { TOKENS = sizeof(tokens) / sizeof(tokens[0]) };

/* Policies, and what the oracle knows of each. */
struct form {
	unsigned need;		/* approvals */
	int group;		/* from the leads only */
	unsigned veto;		/* rejections of risk, 0: no such rule */
	unsigned over;		/* overrides of risk, 0: no such rule */
	int author;		/* a person whose own it is; -1: nobody */
	int enforced;
};
static const struct form forms[] = {
	{ 1, 0, 0, 0, -1, 1 }, { 2, 0, 0, 0, -1, 1 }, { 3, 0, 0, 0, -1, 1 },
	{ 1, 1, 0, 0, -1, 1 }, { 2, 1, 0, 0, -1, 1 },
	{ 1, 0, 1, 0, -1, 1 }, { 2, 1, 1, 0, -1, 1 },
	{ 2, 0, 0, 1, -1, 1 }, { 1, 1, 1, 1, -1, 1 },
	{ 1, 0, 0, 0, ALICE, 1 }, { 2, 1, 0, 1, CAROL, 1 },
	{ 3, 0, 1, 0, -1, 0 },
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

/* -- the oracle ----------------------------------------------------------- */

static int is_signed(const struct token *t)
{
	return t->fault != KEY_REVOKED && t->fault != BAD_SIGNATURE &&
	       t->fault != SOMEBODY_ELSES && t->fault != MALFORMED;
}

/* About this repository, version, stage and content? */
static int is_about_it(const struct token *t)
{
	return t->fault != OTHER_VERSION && t->fault != OTHER_STAGE &&
	       t->fault != OTHER_REPO && t->fault != OTHER_CONTENT;
}

struct set {
	int v[VOTES];
	int count;
};

static int is_revoked(const struct set *s, int which)
{
	for (int i = 0; i < s->count; i++) {
		const struct token *t = &tokens[s->v[i]];

		if (t->decision == BACK && is_signed(t) &&
		    t->fault != OTHER_REPO && t->revokes == which &&
		    t->who == tokens[which].who)
			return 1;
	}
	return 0;
}

static int counts(const struct set *s, int which)
{
	const struct token *t = &tokens[which];

	if (t->fault != FINE || is_revoked(s, which))
		return 0;
	for (int i = 0; i < s->count; i++) {
		const struct token *no = &tokens[s->v[i]];

		if (no->decision == NO && no->fault == FINE &&
		    no->who == t->who &&
		    (no->at > t->at ||
		     (no->at == t->at && !is_revoked(s, s->v[i]))))
			return 0;
	}
	return 1;
}

/* The most people that can be given different keys: tries everything. */
static unsigned most(const struct token *const *v, int count,
		     unsigned people, unsigned keys)
{
	unsigned best, n;

	if (!count)
		return 0;
	best = most(v + 1, count - 1, people, keys);
	if (people & 1u << v[0]->who || keys & 1u << v[0]->key)
		return best;
	n = 1 + most(v + 1, count - 1, people | 1u << v[0]->who,
		     keys | 1u << v[0]->key);
	return n > best ? n : best;
}

static unsigned count(const struct form *f, const struct set *s,
		      enum mv_decision decision)
{
	const struct token *v[VOTES];
	int n = 0;

	for (int i = 0; i < s->count; i++) {
		const struct token *t = &tokens[s->v[i]];
		int in = decision == YES ? !f->group || t->who <= BOB :
					   t->who == CAROL;

		if (t->decision == decision && in && counts(s, s->v[i]) &&
		    (int)t->who != f->author)
			v[n++] = t;
	}
	return most(v, n, 0, 0);
}

static unsigned standing_rejections(const struct set *s)
{
	for (int i = 0; i < s->count; i++) {
		const struct token *t = &tokens[s->v[i]];
		int answered = 0;

		if (t->decision != NO || t->who != CAROL || !is_signed(t) ||
		    !is_about_it(t) || is_revoked(s, s->v[i]))
			continue;
		for (int j = 0; j < s->count; j++) {
			const struct token *yes = &tokens[s->v[j]];

			answered |= yes->decision == YES && yes->who == CAROL &&
				    yes->at > t->at && counts(s, s->v[j]);
		}
		if (!answered)
			return 1;
	}
	return 0;
}

static enum mv_result oracle(const struct form *f, const struct set *s)
{
	int overridden = f->over && count(f, s, OVER) >= f->over;
	enum mv_result result = MV_RESULT_YES;

	if (!f->enforced)
		return MV_RESULT_YES;
	if (count(f, s, YES) < f->need)
		result = overridden ? MV_RESULT_OVERRIDDEN : MV_RESULT_NO;
	if (f->veto && standing_rejections(s) >= f->veto)
		result = MV_RESULT_NO;
	return result;
}

/* -- the world ------------------------------------------------------------ */

struct model {
	struct mv_policy policy[FORMS];
	struct mv_vote votes[FORMS][TOKENS];
	unsigned decided;
};

static void parse(struct mv_policy *p, const struct form *f)
{
	char text[512], *s = text;

	s += sprintf(s, "[stage \"production\"]\n%sapprovals = %u%s\n",
		     f->enforced ? "" : "mode = warn\n", f->need,
		     f->group ? " from leads" : "");
	if (f->veto)
		s += sprintf(s, "veto = %u from risk\n", f->veto);
	if (f->over)
		s += sprintf(s, "override = %u from risk ttl 1d\n", f->over);
	if (f->author >= 0)
		s += sprintf(s, "forbid-self-approval = author\n");
	sprintf(s, "[group \"leads\"]\nmember = alice@x\nmember = bob@x\n"
		"[group \"risk\"]\nmember = carol@x\n");
	assert_int_equal(mv_policy_parse(p, text, strlen(text), NULL, 0, NULL),
			 0);
}

#define W(s) ((char *)(uintptr_t)(s))
#define REPO "r"
#define RECORDS "sha256:e"

static void fill(struct mv_vote *v, int which, const char *digest)
{
	static const char *const nonces[] = {
		"n00", "n01", "n02", "n03", "n04", "n05", "n06", "n07", "n08",
		"n09", "n10", "n11", "n12", "n13", "n14", "n15", "n16", "n17",
		"n18", "n19", "n20", "n21", "n22", "n23", "n24", "n25", "n26",
		"n27", "n28", "n29", "n30", "n31", "n32", "n33", "n34",
		"n35", "n36"
	};
	static const char *const keys[] = { "", "k1", "k2", "k3", "k4", "k5" };
	const struct token *t = &tokens[which];
	struct mv_statement *s = &v->statement;

	memset(v, 0, sizeof(*v));
	s->decision = t->decision;
	s->repo = W(t->fault == OTHER_REPO ? "fork" : REPO);
	s->artifact = W("fraud");
	s->version = W(t->fault == OTHER_VERSION ? "v1.1.0" : "v1.2.0");
	s->stage = W(t->fault == OTHER_STAGE ? "staging" : "production");
	s->policy = W(t->fault == OTHER_POLICY ? "sha256:old" : digest);
	s->records = W(t->fault == OTHER_EVIDENCE ? "sha256:f" : RECORDS);
	s->displaces = W(t->fault == OTHER_HOLDER ? "v1.0.0" : "v1.1.0");
	s->signer = W(names[t->who]);
	s->reason = W("why");
	s->rules = W("approvals veto");
	s->nonce = W(nonces[which]);
	s->revokes = W(t->revokes < 0 ? "" : nonces[t->revokes]);
	s->content.b[0] = t->fault == OTHER_CONTENT;
	s->issued_at = NOW - 100 + t->at;
	if (t->fault == FUTURE)
		s->issued_at = NOW + 601;
	if (t->fault == BEFORE_CHANGE)
		s->issued_at = NOW - 1001;
	s->not_after = t->fault == EXPIRED ? NOW - 1 : 0;
	v->malformed = t->fault == MALFORMED;
	v->signature.state = t->fault == BAD_SIGNATURE ? MV_SIGNATURE_BAD :
		t->fault == KEY_REVOKED ? MV_SIGNATURE_REVOKED :
		MV_SIGNATURE_GOOD;
	v->signature.principal = W(names[t->fault == SOMEBODY_ELSES ?
					 MALLORY : t->who]);
	v->signature.fingerprint = W(keys[t->key]);
	snprintf(v->line_digest, sizeof(v->line_digest), "line%d", which);
}

static void decide(struct mv_verdict *out, struct model *m, int form,
		   const struct set *s)
{
	static const struct mv_answer since = { W("since-last-event"), 1, 1000,
						NULL };
	struct mv_vote votes[VOTES];
	struct mv_policy_facts f = {
		.action = "promote", .hypothetical = 1, .repo = W(REPO),
		.artifact = W("fraud"), .version = W("v1.2.0"),
		.stage = W("production"), .displaces = W("v1.1.0"),
		.records = W(RECORDS), .votes = votes,
		.vote_count = (size_t)s->count,
		.answers = (struct mv_answer *)(uintptr_t)&since,
		.answer_count = 1,
	};

	if (forms[form].author >= 0)
		f.author = W(names[forms[form].author]);
	for (int i = 0; i < s->count; i++)
		votes[i] = m->votes[form][s->v[i]];
	if (mv_decide(out, &f, &m->policy[form], NOW, NULL))
		abort();
	m->decided++;
}

static enum mv_result result_of(struct model *m, int form,
				const struct set *s)
{
	struct mv_verdict v;
	enum mv_result result;

	decide(&v, m, form, s);
	result = v.result;
	mv_verdict_release(&v);
	return result;
}

static void say(const char *what, int form, const struct set *s)
{
	fprintf(stderr, "%s: policy %d, votes", what, form);
	for (int i = 0; i < s->count; i++)
		fprintf(stderr, " %d", s->v[i]);
	fprintf(stderr, "\n");
	abort();
}

static int passes(enum mv_result r)
{
	return r == MV_RESULT_YES || r == MV_RESULT_OVERRIDDEN;
}

/* Votes that can count for nothing at all, wherever they stand. */
static int is_noise(const struct token *t)
{
	return (t->fault != FINE && t->decision != NO) ||
	       (t->decision == NO && (!is_signed(t) || !is_about_it(t)));
}

/* Every way to take one away, against the whole. */
static void check_without(int form, const struct set *s, enum mv_result whole)
{
	for (int i = 0; i < s->count; i++) {
		const struct token *t = &tokens[s->v[i]];
		struct set less = *s;
		enum mv_result r;

		memmove(&less.v[i], &less.v[i + 1],
			(size_t)(s->count - i - 1) * sizeof(less.v[0]));
		less.count--;
		r = oracle(&forms[form], &less);
		/* The oracle was compared with decide() for smaller sets. */
		if ((t->decision == YES || t->decision == OVER) &&
		    passes(r) && !passes(whole))
			say("taking a yes away made a yes", form, s);
		if (is_noise(t) && r != whole)
			say("what cannot count did", form, s);
	}
}

/* -- all of them ---------------------------------------------------------- */

static void init(struct model *m)
{
	m->decided = 0;
	for (int i = 0; i < FORMS; i++) {
		parse(&m->policy[i], &forms[i]);
		for (int j = 0; j < TOKENS; j++)
			fill(&m->votes[i][j], j, m->policy[i].digest);
	}
}

static void release(struct model *m)
{
	for (int i = 0; i < FORMS; i++)
		mv_policy_release(&m->policy[i]);
	printf("# %u decisions\n", m->decided);
	free(m);
}

static void visit(struct model *m, struct set *s, int from, int most_votes)
{
	for (int form = 0; form < FORMS; form++) {
		enum mv_result expected = oracle(&forms[form], s);

		if (result_of(m, form, s) != expected)
			say("the oracle says something else", form, s);
		check_without(form, s, expected);
	}
	if (s->count == most_votes)
		return;
	/* Not >: the same line twice is a case, too. */
	for (int i = from; i < TOKENS; i++) {
		s->v[s->count++] = i;
		visit(m, s, i, most_votes);
		s->count--;
	}
}

static void test_policy_enumerate__an_oracle_agrees_on_up_to_four_votes(
		void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct set s = { { 0 }, 0 };

	(void)state;
	init(m);
	visit(m, &s, 0, VOTES);
	release(m);
}

/* Whoever writes lines chooses their order. */
static void test_policy_enumerate__order_of_lines_says_nothing(void **state)
{
	static const int orders[][3] = { { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
					 { 2, 0, 1 }, { 2, 1, 0 } };
	struct model *m = malloc(sizeof(*m));
	struct set s = { { 0 }, 3 }, other = { { 0 }, 3 };

	(void)state;
	init(m);
	for (int a = 0; a < 20; a++)
		for (int b = a; b < 20; b++)
			for (int c = b; c < 20; c++)
				for (int f = 0; f < FORMS; f += 2)
					for (int o = 0; o < 5; o++) {
						s.v[0] = a;
						s.v[1] = b;
						s.v[2] = c;
						for (int i = 0; i < 3; i++)
							other.v[i] = s.v[
								orders[o][i]];
						if (result_of(m, f, &other) !=
						    oracle(&forms[f], &s))
							say("order", f,
							    &other);
					}
	release(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_enumerate__an_oracle_agrees_on_up_to_four_votes),
		cmocka_unit_test(test_policy_enumerate__order_of_lines_says_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
