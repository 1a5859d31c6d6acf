/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Rules about who. A vote counts when its signature is good, the signer is
 * who the statement says, every binding of the statement is the state that
 * is being judged, it is in time, and nobody took it back. All of that can
 * only be lost by removing votes of the same person or of others, never
 * gained: a test enumerates it.
 */

static int same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* -- is one vote valid ---------------------------------------------------- */

static int dismissed_by(const struct mv_deciding *d, const char *cause)
{
	return mv_dismissed_by(d->section, cause);
}

/* Does it speak of this content, for this place, in this repository? */
static const char *misses_subject(const struct mv_deciding *d,
				  const struct mv_statement *s)
{
	const struct mv_policy_facts *f = d->facts;

	/* "Not known" must not equal "none". */
	if (!f->repo || !*f->repo)
		return "it is not known which repository this is";
	if (!same_text(s->repo, f->repo))
		return "given in another repository";
	if (!same_text(s->artifact, f->artifact))
		return "given for another artifact";
	if (!same_text(s->version, f->version))
		return "given for another version";
	if (!same_text(s->stage, f->stage))
		return "given for another stage";
	if (!mv_oid_eq(&s->content, &f->content) || s->size != f->size)
		return "given for other content";
	return NULL;
}

/*
 * The same holder may come back: v1, v2, v1 again. What was said before must
 * not bring v2 back a second time.
 */
static const char *misses_holder(const struct mv_deciding *d,
				 const struct mv_statement *s)
{
	const struct mv_policy_facts *f = d->facts;
	const struct mv_answer *since;

	if (!same_text(s->displaces, f->displaces))
		return f->displaces && *f->displaces ?
		       "another version holds the stage now" :
		       "what held the stage then holds it no more";
	if (!same_text(s->from_stage, f->from_stage))
		return f->from_stage && *f->from_stage ?
		       "given before the version was on the stage that it has "
		       "to come from" :
		       "the version is not on the stage that it came from";
	if (!*d->kind)
		return NULL;
	since = mv_known(f, "since-last-event", NULL);
	if (!since)
		return "it is not known when the stage changed last";
	if (since->number >= 0 &&
	    mv_seconds_since(d->now, s->issued_at) > since->number)
		return "the stage has changed since";
	return NULL;
}

static const char *misses_state(const struct mv_deciding *d,
				const struct mv_statement *s)
{
	const struct mv_policy_facts *f = d->facts;

	if (!same_text(s->path, f->path) || !same_text(s->commit, f->commit) ||
	    !same_text(s->pointer, f->pointer))
		return "given for another commit or path";
	if (dismissed_by(d, "policy") &&
	    !same_text(s->policy, d->policy->digest))
		return "the policy has changed since";
	if (dismissed_by(d, "metrics") && !f->records && *d->kind)
		return "it is not known what evidence there is";
	if (dismissed_by(d, "metrics") && !same_text(s->records, f->records))
		return "the evidence has changed since";
	return dismissed_by(d, "holder") ? misses_holder(d, s) : NULL;
}

static const char *misses_time(const struct mv_deciding *d,
			       const struct mv_statement *s)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *max;

	if (mv_is_future(d, s->issued_at))
		return "it is from the future";
	if (s->not_after && d->now > s->not_after)
		return "it has expired";
	while ((max = mv_next_setting(d, MV_RULE_APPROVAL_MAX_AGE, &at)))
		if (mv_seconds_since(d->now, s->issued_at) > max->args->seconds)
			return "it is too old";
	return NULL;
}

static int is_signed(const struct mv_vote *v)
{
	return !v->malformed && v->signature.state == MV_SIGNATURE_GOOD &&
	       v->signature.principal && v->signature.fingerprint &&
	       v->statement.signer &&
	       !strcmp(v->signature.principal, v->statement.signer);
}

/* Signed by somebody, but nobody could look whether it is good. */
static int is_unchecked(const struct mv_vote *v)
{
	return !v->malformed && v->signature.state == MV_SIGNATURE_UNCHECKED;
}

/* Whose it is, or would be if it were good. */
static const char *voter(const struct mv_vote *v)
{
	return v->signature.principal ? v->signature.principal :
	       v->statement.signer ? v->statement.signer : "";
}

/*
 * A yes that was not checked does not count, and a no that was not checked
 * does: it may be a good one.
 */
static int speaks(const struct mv_vote *v)
{
	return is_signed(v) || is_unchecked(v);
}

/* As mail compares addresses. */
static int same_person(const struct mv_vote *a, const struct mv_vote *b)
{
	return !strcasecmp(voter(a), voter(b));
}

/* Withdrawn by the same person, by name. */
static int is_revoked(const struct mv_deciding *d, const struct mv_vote *v)
{
	for (size_t i = 0; i < d->facts->vote_count; i++) {
		const struct mv_vote *w = &d->facts->votes[i];

		/* Neither may what is unchecked void a no. */
		if (w->statement.decision == MV_DECISION_REVOKE &&
		    (v->statement.decision == MV_DECISION_REJECT ?
		     is_signed(w) : speaks(w)) && same_person(v, w) &&
		    same_text(w->statement.repo, v->statement.repo) &&
		    w->statement.revokes && *w->statement.revokes &&
		    same_text(w->statement.revokes, v->statement.nonce))
			return 1;
	}
	return 0;
}

/*
 * A later no voids what was said before, also when it is taken back: then the
 * yes must be said again. What is later is said by the signed moments: lines
 * can be written again, in another order. At the same moment, a no that was
 * not taken back counts as later.
 */
static int is_rejected(const struct mv_deciding *d, const struct mv_vote *v)
{
	if (v->statement.decision == MV_DECISION_REJECT)
		return 0;
	for (size_t i = 0; i < d->facts->vote_count; i++) {
		const struct mv_vote *w = &d->facts->votes[i];
		int64_t since = mv_seconds_since(w->statement.issued_at,
						 v->statement.issued_at);

		if (w->statement.decision == MV_DECISION_REJECT &&
		    since >= 0 && speaks(w) && same_person(v, w) &&
		    !misses_subject(d, &w->statement) &&
		    (since || !is_revoked(d, w)))
			return 1;
	}
	return 0;
}

static const char *taken_back(const struct mv_deciding *d,
			      const struct mv_vote *v)
{
	if (is_revoked(d, v))
		return "it was revoked";
	return is_rejected(d, v) ? "its signer rejected this later" : NULL;
}

/* NULL: it counts; else why it does not. */
static const char *why_not(const struct mv_deciding *d,
			   const struct mv_vote *v)
{
	const char *why;

	if (v->malformed)
		return "it cannot be read";
	if (v->signature.state != MV_SIGNATURE_GOOD)
		return v->signature.why[0] ? v->signature.why :
			mv_signature_state_name(v->signature.state);
	if (!is_signed(v))
		return "its signer is not who it says";
	why = misses_subject(d, &v->statement);
	if (!why)
		why = misses_state(d, &v->statement);
	if (!why)
		why = misses_time(d, &v->statement);
	return why ? why : taken_back(d, v);
}

/* -- whose signature ------------------------------------------------------ */

/* What would make it known who promotes: the list's line, or the signature. */
static void advise_signing(const struct mv_deciding *d, struct mv_found *f)
{
	const struct mv_signature *s = &d->facts->tag_signature;
	const char *who = s->principal ? s->principal : "whoever promotes";

	switch (s->state) {
	case MV_SIGNATURE_NAMESPACE:
		mv_advice(f, "have \"git\" added to namespaces= of the line of "
			  "%s in .gitmodel/allowed_signers: that key may not "
			  "sign tags", who);
		break;
	case MV_SIGNATURE_UNKNOWN:
		mv_advice(f, "have the key %s that signs the tag added to the "
			  "list of signers, with namespaces=\"git\"",
			  s->fingerprint ? s->fingerprint : "");
		break;
	case MV_SIGNATURE_EXPIRED:
	case MV_SIGNATURE_REVOKED:
		mv_advice(f, "the tag needs another key: that of %s is %s",
			  who, s->state == MV_SIGNATURE_REVOKED ? "revoked" :
			  "not valid at that moment");
		break;
	default:
		mv_advice(f, "make the tag with git model promote --sign");
		break;
	}
}

/* -- separation of duties ------------------------------------------------- */

/* Whom a tag names who nobody signed can be anybody's word. */
static const char *promoter_of(const struct mv_policy_facts *f)
{
	if (f->hypothetical)
		return f->promoter;
	return f->tag_signature.state == MV_SIGNATURE_GOOD ?
	       f->tag_signature.principal : NULL;
}

static const char *person_of(const struct mv_policy_facts *f,
			     const char *role)
{
	if (!strcmp(role, "author"))
		return f->author;
	if (!strcmp(role, "committer"))
		return f->committer;
	if (!strcmp(role, "pusher"))
		return f->pusher;
	if (!strcmp(role, "runner"))
		return f->runner;
	return promoter_of(f);
}

/* "a@b", or "Name <a@b>". */
static int is_person(const char *person, const char *who)
{
	const char *open = strrchr(person, '<');
	size_t len = strlen(who);

	return !strcasecmp(person, who) ||
	       (open && !strncasecmp(open + 1, who, len) &&
		open[1 + len] == '>');
}

/* The role that makes it one's own approval; "?": a role that nobody knows
   may be anybody's. */
static const char *own_role(const struct mv_deciding *d, const char *who,
			    const char **nobody)
{
	struct mv_cursor at = { 0, 0 };
	const struct mv_rule *r;

	while ((r = mv_next_setting(d, MV_RULE_FORBID_SELF, &at)))
		for (char **role = r->args->words; *role; role++) {
			const char *person = person_of(d->facts, *role);

			if (!person || !*person) {
				*nobody = *role;
				return "?";
			}
			if (is_person(person, who))
				return *role;
		}
	return NULL;
}

/* -- counting ------------------------------------------------------------- */

/*
 * People and keys are two sides of a graph, votes its edges: the greatest
 * matching counts each person and each key once, and grows with the votes.
 * Counting greedily would not: a vote could then spoil two others.
 */
struct match {
	const struct mv_vote **v;
	size_t count;
	const char **key_of, **owner;	/* matched key, and by whom */
	size_t matched;
	char *seen;
};

static int augment(struct match *m, const char *who)
{
	for (size_t i = 0; i < m->count; i++) {
		const char *key = m->v[i]->signature.fingerprint;
		size_t slot = 0;

		if (strcasecmp(m->v[i]->signature.principal, who))
			continue;
		while (slot < m->matched && strcmp(m->key_of[slot], key))
			slot++;
		if (slot == m->matched) {
			m->key_of[slot] = key;
			m->owner[slot] = who;
			m->matched++;
			return 1;
		}
		if (m->seen[slot])
			continue;
		m->seen[slot] = 1;
		if (augment(m, m->owner[slot])) {
			m->owner[slot] = who;
			return 1;
		}
	}
	return 0;
}

static int first_of_person(const struct match *m, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (same_person(m->v[j], m->v[i]))
			return 0;
	return 1;
}

/* -1: no memory. */
static int distinct(size_t *out, struct match *m)
{
	size_t people = 0;
	int ok;

	m->key_of = mv_zeroed(m->count, sizeof(*m->key_of));
	m->owner = mv_zeroed(m->count, sizeof(*m->owner));
	m->seen = mv_zeroed(m->count, sizeof(*m->seen));
	ok = m->key_of && m->owner && m->seen;
	for (size_t i = 0; ok && i < m->count; i++) {
		if (!first_of_person(m, i))
			continue;
		memset(m->seen, 0, m->count);
		people += (size_t)augment(m, m->v[i]->signature.principal);
	}
	free(m->key_of);
	free(m->owner);
	free(m->seen);
	*out = people;
	return ok ? 0 : -1;
}

/* Once: who approved each time that the stage changed is one person still. */
static void say_dismissed(const struct mv_vote *v, const char *why,
			  struct mv_found *f)
{
	const char *who = v->statement.signer && *v->statement.signer ?
			  v->statement.signer : "somebody";
	char *text, *said = NULL;

	if (!f)
		return;
	text = mv_strf("not counted: %s (%s)", who, why);
	if (text)
		said = f->actual.len ? strstr(f->actual.data, text) : NULL;
	else
		f->nomem = 1;
	if (text && !said)
		mv_actual(f, "%s", text);
	free(text);
}

/* Why votes were not counted, for who asks what would help. */
struct tally {
	const char *nobody;	/* a role that is not known */
	size_t own, moved;
};
/* Which votes are asked for. */
struct ask {
	enum mv_decision decision;
	const char *group;	/* NULL: anybody on the lists */
	const char *rule;	/* of an override: the rule's key */
	int64_t ttl;		/* of an override */
	struct tally *tally;	/* or NULL */
};

/* Is the rule's key one of the words that an override names? */
static int names_rule(const char *rules, const char *key)
{
	size_t len = strlen(key);
	const char *s = rules;

	while (s && (s = strstr(s, key))) {
		if ((s == rules || s[-1] == ' ') &&
		    (!s[len] || s[len] == ' '))
			return 1;
		s += len;
	}
	return 0;
}

static const char *why_no_override(const struct mv_deciding *d,
				   const struct mv_statement *s,
				   const struct ask *ask)
{
	if (!names_rule(s->rules, ask->rule))
		return "it is about other rules";
	if (!s->reason || !*s->reason)
		return "it has no reason";
	return mv_seconds_since(d->now, s->issued_at) > ask->ttl ?
		"it is too old" : NULL;
}

static const char *why_not_here(const struct mv_deciding *d,
				const struct mv_vote *v,
				const struct ask *ask)
{
	const char *why = why_not(d, v), *role, *nobody = NULL;

	if (!why && ask->rule)
		why = why_no_override(d, &v->statement, ask);
	if (why && ask->tally)
		ask->tally->moved += is_signed(v) &&
			!misses_subject(d, &v->statement) &&
			dismissed_by(d, "holder") &&
			misses_holder(d, &v->statement);
	if (why)
		return why;
	if (!mv_policy_member(d->policy, ask->group, v->signature.principal))
		return "not in the group";
	role = own_role(d, v->signature.principal, &nobody);
	if (!role)
		return NULL;
	if (ask->tally && nobody)
		ask->tally->nobody = nobody;
	else if (ask->tally)
		ask->tally->own++;
	return *role == '?' ? "it is not known whose own this is" :
			      "it is their own";
}

static size_t count_votes(const struct mv_deciding *d, const struct ask *ask,
			  struct mv_found *f)
{
	const struct mv_policy_facts *facts = d->facts;
	struct match m;
	size_t n = 0;

	memset(&m, 0, sizeof(m));
	m.v = mv_zeroed(facts->vote_count, sizeof(*m.v));
	for (size_t i = 0; m.v && i < facts->vote_count; i++) {
		const struct mv_vote *v = &facts->votes[i];
		const char *why;

		if (!v->malformed && v->statement.decision != ask->decision)
			continue;
		why = why_not_here(d, v, ask);
		if (why) {
			say_dismissed(v, why, f);
			continue;
		}
		m.v[m.count++] = v;
	}
	/* Without memory nobody was counted, which is no. */
	if (m.v)
		distinct(&n, &m);
	for (size_t i = 0; f && i < m.count; i++) {
		mv_actual(f, "%s%s", ask->rule ? "overridden by " : "",
			  m.v[i]->signature.principal);
		mv_rests_on(f, m.v[i]->line_digest);
	}
	free(m.v);
	return n;
}

size_t mv_count_approvals(const struct mv_deciding *d, const char *group,
			  struct mv_found *f)
{
	const struct ask ask = { MV_DECISION_APPROVE, group, NULL, -1, NULL };

	return count_votes(d, &ask, f);
}

int mv_is_overridden(const struct mv_deciding *d, const struct mv_rule *over,
		     const char *key, struct mv_found *f)
{
	const struct ask ask = { MV_DECISION_OVERRIDE, over->args->text, key,
				 over->args->seconds, NULL };

	if (count_votes(d, &ask, NULL) < over->args->number)
		return 0;
	count_votes(d, &ask, f);
	return 1;
}

/* -- the rules ------------------------------------------------------------ */

/* Would it count if whoever reads this approved? Where that is not known, they
   know it themselves. */
static int may_approve(const struct mv_deciding *d, const char *group)
{
	const char *reader = person_of(d->facts, "promoter");
	const char *nobody = NULL;

	/* Whose key is on no list can sign nothing that counts. */
	if (!reader || !*reader)
		return !d->facts->hypothetical ||
		       d->facts->tag_signature.state != MV_SIGNATURE_UNKNOWN;
	return (!group || mv_policy_member(d->policy, group, reader)) &&
	       !own_role(d, reader, &nobody);
}

/* The thing that is missing: to approve again does not help where it is not
   known whose word that is, nor the same person where it is their own. */
static void advise_approval(const struct mv_deciding *d, const char *group,
			    const struct tally *t, struct mv_found *f)
{
	const struct mv_policy_facts *p = d->facts;

	if (t->nobody && !strcmp(t->nobody, "promoter"))
		advise_signing(d, f);
	else if (t->nobody)
		mv_advice(f, "it must be known who is the %s: an approval that "
			  "may be their own does not count", t->nobody);
	else {
		int other = t->own || !may_approve(d, group);

		mv_advice(f, "%s%s%s%sgit model approve %s@%s --stage %s%s",
			  other ? "somebody else" : "", other && group ?
			  " of " : "", other && group ? group : "", other ?
			  " must approve: " : "", p->artifact, p->version,
			  p->stage, t->moved ? " (again: the stage changed "
			  "after the approval was given)" : "");
	}
}

/* Who reads this may be the author. */
static void advise_policy(const char *group, struct mv_found *f)
{
	mv_advice(f, "somebody%s%s approves it: git model approve --policy "
		  "REVISION", group ? " of " : "", group ? group : "");
}

static void approvals(const struct mv_deciding *d, const struct mv_rule *rule,
		      struct mv_found *f)
{
	const struct mv_rule_args *a = rule->args;
	struct tally tally = { NULL, 0, 0 };
	const struct ask ask = { MV_DECISION_APPROVE, a->text, NULL, -1,
				 &tally };
	size_t n = count_votes(d, &ask, f);

	mv_actual(f, "%zu of %llu", n, (unsigned long long)a->number);
	if (n >= a->number)
		return;
	mv_found_set(f, MV_RESULT_NO);
	if (rule->kind == MV_RULE_POLICY_APPROVALS)
		advise_policy(a->text, f);
	else if (d->facts->version)
		advise_approval(d, a->text, &tally, f);
}

/* Signed, about this content and stage, not taken back, and not followed by
   a yes of the same person, under exactly the same name. Other changes do
   not make a no go away. */
static int stands(const struct mv_deciding *d, const struct mv_vote *v)
{
	if (!speaks(v) || v->statement.decision != MV_DECISION_REJECT ||
	    misses_subject(d, &v->statement) || taken_back(d, v) ||
	    (v->statement.not_after && d->now > v->statement.not_after))
		return 0;
	for (size_t i = 0; i < d->facts->vote_count; i++) {
		const struct mv_vote *w = &d->facts->votes[i];

		/* One that counts is later: else this would take it back. */
		if (w->statement.decision == MV_DECISION_APPROVE &&
		    !why_not(d, w) &&
		    !strcmp(voter(v), w->signature.principal))
			return 0;
	}
	return 1;
}

/* Only their own word takes it back. */
static void advise_veto(const struct mv_deciding *d, struct mv_found *f)
{
	char what[MV_WHAT_MAX];

	mv_advice(f, "whoever said no says yes instead: git model approve %s "
		  "--stage %s", mv_record_what(what, d->facts),
		  d->facts->stage ? d->facts->stage : "STAGE");
}

static void veto(const struct mv_deciding *d, const struct mv_rule *rule,
		 struct mv_found *f)
{
	const struct mv_policy_facts *facts = d->facts;
	size_t n, unchecked = 0;
	struct match m;

	memset(&m, 0, sizeof(m));
	m.v = mv_zeroed(facts->vote_count, sizeof(*m.v));
	if (!m.v) {
		f->nomem = 1;
		return;
	}
	for (size_t i = 0; i < facts->vote_count; i++) {
		const struct mv_vote *v = &facts->votes[i];

		if (!stands(d, v) ||
		    !mv_policy_member(d->policy, rule->args->text, voter(v)))
			continue;
		mv_actual(f, "%s: %s%s", voter(v),
			  v->statement.reason && *v->statement.reason ?
			  v->statement.reason : "no reason given",
			  is_unchecked(v) ? " (its signature could not be "
			  "checked)" : "");
		if (is_unchecked(v))
			unchecked++;
		else
			m.v[m.count++] = v;
		mv_rests_on(f, v->line_digest);
	}
	f->nomem |= distinct(&n, &m) != 0;
	free(m.v);
	mv_expected(f, "less than %llu rejections",
		    (unsigned long long)rule->args->number);
	mv_actual(f, "%zu", n);
	if (n >= rule->args->number) {
		mv_found_set(f, MV_RESULT_NO);
		advise_veto(d, f);
	} else if (n + unchecked >= rule->args->number) {
		mv_found_set(f, MV_RESULT_UNKNOWN);
	} else if (facts->no_records) {
		mv_found_set(f, MV_RESULT_UNKNOWN);
		mv_actual(f, "there are no records here, and who said no "
			  "stands in them");
		mv_advice(f, "git model fetch brings the records, or finds "
			  "that there are none");
	}
}

static void tag_signed(const struct mv_deciding *d, struct mv_found *f)
{
	const struct mv_signature *s = &d->facts->tag_signature;

	mv_expected(f, "a tag with a good signature");
	if (d->facts->hypothetical && (s->state == MV_SIGNATURE_GOOD ||
				       s->state == MV_SIGNATURE_NONE ||
				       (!s->fingerprint && !s->principal))) {
		mv_actual(f, "the tag is to be signed when it is made");
		return;
	}
	mv_actual(f, "tag: %s%s%s", mv_signature_state_name(s->state),
		  s->principal ? ", " : "", s->principal ? s->principal : "");
	mv_rests_on(f, s->fingerprint);
	if (s->state == MV_SIGNATURE_GOOD)
		return;
	mv_found_set(f, MV_RESULT_NO);
	advise_signing(d, f);
}

static void promoter(const struct mv_deciding *d, const struct mv_rule *rule,
		     struct mv_found *f)
{
	const struct mv_signature *s = &d->facts->tag_signature;
	const char *who = promoter_of(d->facts);
	char what[MV_WHAT_MAX];

	mv_expected(f, "a tag signed by one of %s", rule->args->text);
	if (!who) {
		mv_actual(f, "it is not known who promotes: %s",
			  mv_signature_state_name(s->state));
		mv_found_set(f, MV_RESULT_UNKNOWN);
		advise_signing(d, f);
		return;
	}
	mv_actual(f, "%s", who);
	mv_rests_on(f, s->fingerprint);
	if (mv_policy_member(d->policy, rule->args->text, who))
		return;
	mv_found_set(f, MV_RESULT_NO);
	mv_advice(f, "somebody of %s does it: git model %s %s %s",
		  rule->args->text, d->facts->action,
		  mv_record_what(what, d->facts),
		  d->facts->stage ? d->facts->stage : "STAGE");
}

void mv_decide_people(const struct mv_deciding *d, const struct mv_rule *rule,
		      struct mv_found *f)
{
	switch ((enum mv_rule_kind)rule->kind) {
	case MV_RULE_VETO:
		veto(d, rule, f);
		break;
	case MV_RULE_REQUIRE_SIGNATURE:
		for (char **word = rule->args->words; *word; word++)
			if (!strcmp(*word, "tag"))
				tag_signed(d, f);
			else
				mv_actual(f, "approvals count only when they "
					  "are signed");
		break;
	case MV_RULE_PROMOTER:
		promoter(d, rule, f);
		break;
	case MV_RULE_ROLLBACK:
		mv_actual(f, d->fast ? "a version that held this stage comes "
			  "back" : "no rollback, so all rules count");
		break;
	default:
		approvals(d, rule, f);
		break;
	}
}
