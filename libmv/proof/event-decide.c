/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/gate/judge.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/proving.h"
#include "libmv/subject/subject.h"

/* The decision, again: from the policy, the records and the clock of then. */
static int say_findings(struct proving *x, const struct mv_verdict *v)
{
	int rc = 0;

	for (size_t i = 0; i < v->count && !rc; i++) {
		const struct mv_finding *f = &v->v[i];

		if (f->mode != MV_MODE_ENFORCE ||
		    (f->result != MV_RESULT_NO &&
		     f->result != MV_RESULT_UNKNOWN))
			continue;
		rc = BAD(x, "%s: %s: expected %s, found %s", f->section,
			 f->rule, f->expected, *f->actual ? f->actual :
			 "nothing");
	}
	return rc;
}

static int check_verdict(struct proving *x, const struct mv_verdict *v)
{
	const char *text = mv_proof_said(&x->trailers, "Model-Verdict");
	size_t n = strcspn(text, " ");
	const char *word = v->governed ? mv_result_name(v->result) :
					 "ungoverned";

	if (!strncmp(text, "no", n) && n == 2)
		return BAD(x, "it was made although the verdict was no; the "
			   "hooks were skipped, or there was no server to "
			   "refuse it");
	if (!mv_proof_is_yes(v)) {
		int rc = BAD(x, "by the policy and the records of that moment "
			     "the verdict is no%s", n ?
			     ", but the tag says yes" : "");

		return rc ? rc : say_findings(x, v);
	}
	if (strlen(word) != n || strncmp(text, word, n))
		return BAD(x, "the verdict is %s, but the tag says %.*s", word,
			   n ? (int)n : 7, n ? text : "nothing");
	return 0;
}

static int check_facts(struct proving *x, const struct mv_policy_facts *f,
		       struct mv_err *err)
{
	const char *records = mv_proof_said(&x->trailers, "Model-Records");
	const char *from = mv_proof_said(&x->trailers, "Model-From");
	int rc = 0;

	if (f->promoter)
		rc = mv_gate_set(&x->p->promoter, f->promoter, err);
	if (!rc && *records && strcmp(records, f->records))
		rc = BAD(x, "its evidence was altered: the records of that "
			 "moment have digest %.17s, the tag says %.17s",
			 f->records, records);
	if (!rc && strcmp(from, f->displaces ? f->displaces : ""))
		rc = BAD(x, "it says that %s held the stage before, but by "
			 "the tags that are here %s did: a tag was deleted, "
			 "added or moved", *from ? from : "nobody",
			 f->displaces && *f->displaces ? f->displaces :
			 "nobody");
	return rc;
}

/* Who pushed it says the receipt; before there is one, the server knows. */
static const char *pusher_of(const struct proving *x)
{
	return x->receipt ? x->receipt->s.reason : x->gates->today->pusher;
}

int mv_proof_decide_then(struct replay *out, struct mv_gate *gate,
			 const struct proving *x, const struct mv_event *tag,
			 struct mv_err *err)
{
	const struct mv_promotion p = {
		.action = tag->tag.kind == MV_EVENT_ASSIGN ? "promote" :
							     "demote",
		.artifact = tag->tag.artifact, .version = x->p->version,
		.stage = tag->tag.stage, .commit = tag->commit, .tag = tag
	};

	int rc = mv_gate_set(&gate->pusher, pusher_of(x), err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	return mv_gate_check(&out->verdict, &out->facts, gate, &p, err);
}

void mv_proof_replay_release(struct replay *r)
{
	mv_verdict_release(&r->verdict);
	mv_policy_facts_release(&r->facts);
}

/*
 * Nobody witnessed it, so keys that were revoked since do not count. When
 * that is what makes the difference, it is said so, and not as if somebody
 * had made a mistake then.
 */
static int decide_strictly(struct replay *out, struct proving *x,
			   const struct mv_event *tag, struct mv_err *err)
{
	struct mv_gate *gate = &x->then->gate;
	struct replay strict;
	int rc = mv_proof_decide_then(out, gate, x, tag, err);

	if (rc || x->receipt || !x->then->strict ||
	    !mv_proof_is_yes(&out->verdict))
		return rc;
	gate->trust = x->then->strict;
	rc = mv_proof_decide_then(&strict, gate, x, tag, err);
	gate->trust = x->then->then;
	if (rc) {
		mv_proof_replay_release(out);
		return rc;
	}
	if (!mv_proof_is_yes(&strict.verdict)) {
		rc = BAD(x, "it rests on a key that was revoked since, and no "
			 "receipt of a server says that it was signed "
			 "before");
		if (!rc)
			rc = say_findings(x, &strict.verdict);
	}
	mv_proof_replay_release(&strict);
	return rc;
}

/* -- a no that was left out ----------------------------------------------- */

static int is_no(const struct mv_vote *v, const struct proving *x)
{
	return !v->malformed && v->signature.state == MV_SIGNATURE_GOOD &&
	       v->statement.issued_at <= x->p->when &&
	       (v->statement.decision == MV_DECISION_REJECT ||
		v->statement.decision == MV_DECISION_REVOKE);
}

static int was_read(const struct mv_vote *v, const struct mv_policy_facts *f)
{
	for (size_t i = 0; i < f->vote_count; i++)
		if (!strcmp(f->votes[i].line_digest, v->line_digest))
			return 1;
	return 0;
}

/*
 * Who promotes chooses which notes are read, and could choose such as have
 * no rejection yet. What was signed before, and is known now, counts.
 */
static int check_left_out(struct proving *x, const struct mv_subject *s,
			  struct replay *done, struct mv_err *err)
{
	struct mv_gate *gate = &x->then->gate;
	struct mv_policy_facts *f = &done->facts;
	struct mv_testimony t;
	struct mv_verdict v;
	const struct mv_vote *no = NULL;
	size_t room = f->vote_count;
	char a[32];
	int rc = mv_gate_testimony(&t, gate, s->blob, &s->pointer,
				   x->event->tag.artifact, x->p->when, err);

	if (rc)
		return rc;
	rc = MV_GROW(f->votes, room, f->vote_count + t.count, err);
	for (size_t i = 0; !rc && i < t.count; i++) {
		if (!is_no(&t.votes[i], x) || was_read(&t.votes[i], f))
			continue;
		no = &f->votes[f->vote_count];
		f->votes[f->vote_count++] = t.votes[i];
		memset(&t.votes[i], 0, sizeof(t.votes[i]));
	}
	mv_gate_testimony_release(&t);
	if (!no)
		return rc;
	rc = mv_decide(&v, f, &gate->policy, x->p->when, err);
	if (!rc && !mv_proof_is_yes(&v))
		rc = BAD(x, "it was decided without what %s had said on %s "
			 "(%s: %s), which makes the verdict no",
			 no->signature.principal,
			 mv_proof_moment(a, no->statement.issued_at),
			 mv_decision_name(no->statement.decision),
			 no->statement.reason && *no->statement.reason ?
			 no->statement.reason : "no reason given");
	if (!rc)
		mv_verdict_release(&v);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

int mv_proof_decide_again(struct proving *x, const struct mv_subject *s,
			  const struct mv_event *tag, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	const struct mv_event *doubt;
	struct replay r;
	int more = 0;
	int rc = decide_strictly(&r, x, tag, &why);

	doubt = rc == MV_EDENIED ? mv_proof_in_doubt(x, NULL) : NULL;
	if (doubt)
		return mv_proof_say_doubt(x, doubt);
	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			BAD(x, "it cannot be decided again: %s", why.msg);
	rc = check_facts(x, &r.facts, err);
	if (!rc)
		rc = check_verdict(x, &r.verdict);
	if (!rc && !x->receipt && r.verdict.governed &&
	    mv_proof_is_yes(&r.verdict))
		rc = more = mv_proof_has_more(x, s->blob, err);
	if (more > 0) {
		rc = mv_gate_set(&x->then->gate.notes,
				 x->gates->today->notes, err);
		if (!rc)
			rc = check_left_out(x, s, &r, err);
	}
	x->p->verdict = r.verdict;
	x->p->has_verdict = 1;
	memset(&r.verdict, 0, sizeof(r.verdict));
	mv_proof_replay_release(&r);
	return rc;
}
