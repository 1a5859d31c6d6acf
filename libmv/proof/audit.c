/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/pool.h"
#include "libmv/gate/past.h"
#include "libmv/meta/tags.h"
#include "libmv/proof/priv.h"

/*
 * Who did what, when: what `verify` proved of tags and of the policy, and
 * every signed statement in the notes, by the lists of signers that were in
 * force when it says it was made. All of it in one order, by time.
 */
struct entry {
	struct mv_audit_entry e;
	char *text[10];		/* what `e` points to */
	int rank;		/* of the same moment; see RANK_MATTER */
	size_t order;		/* as it came: the same rank keeps it */
};
/* What is there to decide about, what was said of it, what was decided on
   that, and who saw it: within a second, time does not tell. */
enum { RANK_MATTER, RANK_WORD, RANK_DEED, RANK_RECEIPT };
struct audit {
	struct mv_gate *gate;
	const struct mv_audit_options *options;
	struct entry *v;
	size_t count, alloc;
	int known;		/* something happened, whenever that was */
};

static int in_time(const struct audit *a, int64_t when)
{
	return when >= a->options->since &&
	       (!a->options->until || when < a->options->until);
}

static int audit_copy(struct entry *n, size_t i, const char **s)
{
	n->text[i] = strdup(*s ? *s : "");
	*s = n->text[i];
	return n->text[i] ? 0 : -1;
}

static int audit_add(struct audit *a, const struct mv_audit_entry *e, int rank,
		     struct mv_err *err)
{
	struct entry *n;
	int bad;

	a->known = 1;
	if (!in_time(a, e->when))
		return 0;
	if (MV_GROW(a->v, a->alloc, a->count + 1, err) < 0)
		return MV_ENOMEM;
	n = &a->v[a->count];
	memset(n, 0, sizeof(*n));
	n->e = *e;
	n->rank = rank;
	n->order = a->count++;
	bad = audit_copy(n, 0, &n->e.who) | audit_copy(n, 1, &n->e.action) |
	      audit_copy(n, 2, &n->e.artifact) | audit_copy(n, 3,
							    &n->e.version) |
	      audit_copy(n, 4, &n->e.stage) | audit_copy(n, 5, &n->e.object) |
	      audit_copy(n, 6, &n->e.evidence) | audit_copy(n, 7,
							    &n->e.policy) |
	      audit_copy(n, 8, &n->e.reason) | audit_copy(n, 9, &n->e.problem);
	return bad ? mv_nomem(err) : 0;
}

/* -- tags and the policy -------------------------------------------------- */

const char *mv_proof_decided_word(enum mv_event_kind kind)
{
	switch (kind) {
	case MV_EVENT_ASSIGN:
		return "promotion";
	case MV_EVENT_UNASSIGN:
		return "demotion";
	default:
		return mv_event_word(kind);
	}
}

static const char *action_of(const struct mv_verified *v)
{
	if (v->event)
		return mv_proof_decided_word(v->event->tag.kind);
	if (v->stage)
		return "tag lost";
	if (v->artifact)
		return "policy change";
	return v->version ? "tag in the way" : "records altered";
}

static int rank_of(const struct mv_verified *v)
{
	return !v->event || v->event->tag.kind == MV_EVENT_REGISTER ?
		RANK_MATTER : RANK_DEED;
}

static int audit_join(struct mv_buf *out, const struct mv_verified *v,
		      struct mv_err *err)
{
	for (size_t i = 0; v->problems[i]; i++)
		if (mv_buf_addf(out, "%s%s", out->len ? "; " : "",
				v->problems[i]))
			return mv_nomem(err);
	if (v->debt && mv_buf_addf(out, "%s%s", out->len ? "; " : "", v->debt))
		return mv_nomem(err);
	return 0;
}

static int on_event(void *payload, const struct mv_verified *v,
		    struct mv_err *err)
{
	struct audit *a = payload;
	int policy = !v->event && v->artifact && !v->stage;
	struct mv_audit_entry e = {
		.when = v->when, .witnessed = v->witnessed,
		.who = v->promoter, .action = action_of(v),
		.artifact = policy ? NULL : v->artifact,
		.version = policy ? NULL : v->version, .stage = v->stage,
		.evidence = v->evidence, .policy = v->policy,
		.state = v->state
	};
	struct mv_buf problem;
	int rc;

	if (v->event)
		e.object = v->event->ref + strlen("refs/tags/");
	else if (policy)
		e.object = v->version;
	if (v->verdict)
		e.reason = v->verdict->governed ?
			   mv_result_name(v->verdict->result) : "ungoverned";
	mv_buf_init(&problem, (size_t)1 << 24);
	rc = audit_join(&problem, v, err);
	e.problem = problem.data;
	if (!rc)
		rc = audit_add(a, &e, rank_of(v), err);
	mv_buf_release(&problem);
	return rc;
}

/* -- statements ----------------------------------------------------------- */

struct check {
	const struct mv_past_statement *s;
	struct mv_trust *trust;
	struct mv_signature signature;
};

static int audit_check_one(void *arg, unsigned worker, struct mv_err *err)
{
	struct check *c = arg;

	(void)worker;
	return mv_proof_statement(&c->signature, c->trust, c->s, err);
}

static const char *problem_of(const struct check *c, const char *repo_id)
{
	const struct mv_statement *s = &c->s->s;

	if (c->s->malformed)
		return "it cannot be read, or says more than was signed";
	if (c->signature.state != MV_SIGNATURE_GOOD)
		return c->signature.why[0] ? c->signature.why :
			mv_signature_state_name(c->signature.state);
	if (!c->signature.principal || !s->signer ||
	    strcmp(c->signature.principal, s->signer))
		return "its signer is not who it says";
	if (strcmp(s->repo ? s->repo : "", repo_id))
		return "it was given in another repository";
	if (s->pointer && *s->pointer && strcmp(s->pointer, c->s->object))
		return "it was moved here from another content";
	return "";
}

/*
 * Not every no is one: where the program that checks failed nobody was asked;
 * and a server that no list names may be the right one. Whoever votes, and is
 * on no list, has no vote.
 */
static enum mv_verify_state state_of(const struct check *c, const char *problem)
{
	enum mv_signature_state s = c->signature.state;

	if (!*problem)
		return MV_VERIFY_OK;
	if (c->s->malformed)
		return MV_VERIFY_BAD;
	if (s == MV_SIGNATURE_UNCHECKED ||
	    (s == MV_SIGNATURE_UNKNOWN &&
	     c->s->s.decision == MV_DECISION_RECEIPT))
		return MV_VERIFY_UNKNOWN;
	return MV_VERIFY_BAD;
}

/* What is to be done about it, as text in fresh memory; or NULL. */
static char *unknown_server(const struct check *c)
{
	const char *key = c->signature.fingerprint;

	return mv_strf("the server's key %s is on no list, so this witnesses "
		       "nothing; when it is yours: git model install --server "
		       "<folder> prints its line for "
		       ".gitmodel/allowed_signers", key ? key : "");
}

static const char *word_of(const struct mv_past_statement *s)
{
	static const struct {
		enum mv_decision decision;
		const char *word;
	} words[] = {
		{ MV_DECISION_APPROVE, "approval" },
		{ MV_DECISION_REJECT, "rejection" },
		{ MV_DECISION_REVOKE, "revocation" },
		{ MV_DECISION_OVERRIDE, "override" },
		{ MV_DECISION_RECEIPT, "receipt" },
	};

	for (size_t i = 0; !s->malformed && i < 5; i++)
		if (words[i].decision == s->s.decision)
			return words[i].word;
	return "statement";
}

static int add_entry(struct audit *a, const struct check *c,
		     enum mv_verify_state state, const char *problem,
		     struct mv_err *err)
{
	const struct mv_statement *s = &c->s->s;
	const struct mv_audit_entry e = {
		.when = s->issued_at, .who = s->signer,
		.witnessed = s->decision == MV_DECISION_RECEIPT && !*problem,
		.action = word_of(c->s), .artifact = s->artifact,
		.version = s->version, .stage = s->stage,
		.object = c->s->line, .evidence = s->records,
		.policy = s->policy, .reason = s->reason,
		.state = state, .problem = problem
	};

	return audit_add(a, &e,
			 s->decision == MV_DECISION_RECEIPT ? RANK_RECEIPT :
			 RANK_WORD, err);
}

static int add_statement(struct audit *a, const struct check *c,
			 struct mv_err *err)
{
	const struct mv_statement *s = &c->s->s;
	const char *problem = problem_of(c, a->gate->repo_id);
	enum mv_verify_state state = state_of(c, problem);
	char *more = NULL;
	int rc;

	if (a->options->artifact &&
	    strcmp(a->options->artifact, s->artifact ? s->artifact : ""))
		return 0;
	if (state == MV_VERIFY_UNKNOWN &&
	    c->signature.state == MV_SIGNATURE_UNKNOWN) {
		more = unknown_server(c);
		if (!more)
			return mv_nomem(err);
	}
	rc = add_entry(a, c, state, more ? more : problem, err);
	free(more);
	return rc;
}

/* Anybody can write the line of what somebody said once more, with another
   "t". Those stand side by side. */
static int is_copy(const struct mv_past_statement *a,
		   const struct mv_past_statement *b)
{
	return !a->malformed && !b->malformed &&
	       !strcmp(a->object, b->object) &&
	       !mv_buf_cmp(&a->payload, &b->payload) &&
	       !mv_buf_cmp(&a->sig, &b->sig);
}

/* Statements of one policy, by its lists, side by side. */
static int check_run(struct audit *a, struct check *c, size_t count,
		     struct mv_err *err)
{
	struct mv_pool *pool = mv_repo_pool(a->gate->repo, err);
	struct mv_group *group = NULL;
	int rc;

	if (!pool)
		return MV_ENOMEM;
	rc = mv_group_new(&group, pool, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (!c[i].s->malformed && !(i && is_copy(c[i - 1].s, c[i].s)))
			mv_group_submit(group, audit_check_one, NULL, &c[i]);
	rc = mv_group_wait(group, err);
	mv_group_free(group);
	for (size_t i = 0; i < count && !rc; i++)
		if (!i || !is_copy(c[i - 1].s, c[i].s))
			rc = add_statement(a, &c[i], err);
	return rc;
}

static int by_time(const void *va, const void *vb)
{
	const struct mv_past_statement *a = va, *b = vb;

	int d;

	if (a->s.issued_at != b->s.issued_at)
		return a->s.issued_at < b->s.issued_at ? -1 : 1;
	d = strcmp(a->object, b->object);
	if (!d)
		d = mv_buf_cmp(&a->payload, &b->payload);
	if (!d)
		d = mv_buf_cmp(&a->sig, &b->sig);
	return d ? d : strcmp(a->line, b->line);
}

/* Receipts are the server's: today's lists say who that is. */
static const char *commit_of(const struct mv_past *past,
			     const struct mv_past_statement *s,
			     const char *today)
{
	const struct mv_past_commit *c = NULL;

	if (!s->malformed && s->s.decision != MV_DECISION_RECEIPT)
		c = mv_gate_past_in_force(past, s->s.issued_at);
	return c ? c->hex : today;
}

static int set_trust(struct check *c, struct mv_gates *gates,
		     const char *commit, struct mv_err *err)
{
	struct mv_gate_then *g;
	int rc;

	c->trust = gates->today->trust;
	if (!*commit || !strcmp(commit, gates->today->trusted))
		return 0;
	rc = mv_proof_gates_at(&g, gates, commit, err);
	if (!rc)
		c->trust = g->strict ? g->strict : g->then;
	return rc;
}

static int check_statements(struct audit *a, struct mv_gates *gates,
			    const struct mv_past *past,
			    const struct mv_past_statements *l,
			    struct mv_err *err)
{
	struct check *c = calloc(l->count + 1, sizeof(*c));
	const char *today = a->gate->trusted;
	size_t end;
	int rc = c ? 0 : mv_nomem(err);

	for (size_t i = 0; i < l->count && !rc; i = end) {
		const char *commit = commit_of(past, &l->v[i], today);

		for (end = i; end < l->count && !rc &&
		     !strcmp(commit, commit_of(past, &l->v[end], today));
		     end++) {
			c[end].s = &l->v[end];
			rc = set_trust(&c[end], gates, commit, err);
		}
		if (!rc)
			rc = check_run(a, c + i, end - i, err);
	}
	for (size_t i = 0; c && i < l->count; i++)
		mv_signature_release(&c[i].signature);
	free(c);
	return rc;
}

static int add_statements(struct audit *a, const struct mv_past *past,
			  struct mv_err *err)
{
	struct mv_gates gates = { .repo = a->gate->repo, .today = a->gate };
	struct mv_past_statements l;
	int rc = mv_gate_past_read_statements(&l, a->gate, 0, err);

	if (!rc && l.count)
		qsort(l.v, l.count, sizeof(*l.v), by_time);
	if (!rc)
		rc = check_statements(a, &gates, past, &l, err);
	mv_gate_past_statements_release(&l);
	mv_proof_gates_release(&gates);
	return rc;
}

/* -- in one order --------------------------------------------------------- */

static int by_when(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;

	if (a->e.when != b->e.when)
		return a->e.when < b->e.when ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank - b->rank;
	return (a->order > b->order) - (a->order < b->order);
}

int mv_proof_audit(struct mv_gate *gate,
		   const struct mv_audit_options *options, mv_audit_fn fn,
		   void *payload, struct mv_err *err)
{
	const struct mv_verify_options verify = { options->artifact,
						  NULL, NULL };
	struct audit a = { .gate = gate, .options = options };
	struct mv_past past;
	int rc = mv_gate_past_read(&past, gate, err);

	if (rc)
		return rc;
	rc = mv_proof_verify_with(gate, &past, &verify, on_event, &a, err);
	if (!rc)
		rc = add_statements(&a, &past, err);
	mv_gate_past_release(&past);
	if (!rc && options->artifact && !a.known)
		rc = mv_gate_check_artifact(gate, options->artifact, err);
	if (!rc && a.count)
		qsort(a.v, a.count, sizeof(*a.v), by_when);
	for (size_t i = 0; i < a.count && !rc; i++)
		rc = fn(payload, &a.v[i].e, err);
	for (size_t i = 0; i < a.count; i++)
		for (size_t j = 0; j < 10; j++)
			free(a.v[i].text[j]);
	free(a.v);
	return rc;
}
