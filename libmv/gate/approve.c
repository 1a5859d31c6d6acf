/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/registry.h"
#include "libmv/store/pointer.h"

/*
 * Approvals and the like: what decide() will compare is filled in from the
 * same facts, signed with the person's own key, checked as others will check
 * it, and only then written down.
 */
#define WAIT_MS (60 * 1000)	/* for others who write notes */
#define TEXT_MAX ((size_t)64 << 10)

struct approving {
	struct mv_gate *gate;
	const struct mv_approve_options *options;
	struct mv_policy_facts facts;
	struct mv_statement *s;
	struct mv_signing_key key;
	struct mv_signature signature;	/* as it was checked */
};

/* -- the key -------------------------------------------------------------- */

static int unknown_signer(const struct approving *x, struct mv_err *err)
{
	const char *where = x->gate->trusted_name, *who = x->s->signer;
	const char *print = x->signature.fingerprint;
	int ssh = x->key.format && !strcmp(x->key.format, "ssh");
	char *key = NULL;
	int rc;

	if (!ssh)
		return mv_fail(err, MV_EDENIED, "%s does not know your OpenPGP "
			       "key; have this line added to "
			       ".gitmodel/allowed_gpg there: %s %s, and the "
			       "key itself (gpg --armor --export) to "
			       ".gitmodel/gpg_keys", where, who,
			       print ? print : "FINGERPRINT");
	if (mv_gate_signer_public(&key, x->gate->repo, x->key.key, NULL))
		key = NULL;
	if (key && strlen(key) > 250) {
		free(key);
		key = NULL;
	}
	rc = mv_fail(err, MV_EDENIED, "%s does not know your key %s; have "
		     "this line added to .gitmodel/allowed_signers there: "
		     "%s namespaces=\"%s\" %s", where, print ? print : "",
		     who, MV_TRUST_NS_APPROVAL, key ? key :
		     "KEY (of your public key's file, without the comment)");
	free(key);
	return rc;
}

static int bad_signer(const struct approving *x, struct mv_err *err)
{
	const struct mv_signature *s = &x->signature;

	if (s->state == MV_SIGNATURE_UNKNOWN)
		return unknown_signer(x, err);
	if (s->state == MV_SIGNATURE_NAMESPACE)
		return mv_fail(err, MV_EDENIED, "the key of %s may not sign "
			       "approvals: its line in "
			       ".gitmodel/allowed_signers of %s needs "
			       "namespaces=\"%s\"", s->principal ?
			       s->principal : x->s->signer,
			       x->gate->trusted_name, MV_TRUST_NS_APPROVAL);
	return mv_fail(err, MV_EDENIED, "your signature would not count: %s",
		       s->why);
}

/* -- signing -------------------------------------------------------------- */

static int sign_once(struct approving *x, struct mv_buf *sig,
		     struct mv_err *err)
{
	struct mv_gate *g = x->gate;
	struct mv_buf payload;
	int rc;

	mv_signature_release(&x->signature);
	mv_buf_init(&payload, TEXT_MAX);
	rc = mv_statement_sign(&payload, sig, &x->key, x->s, &g->repo->env,
			       err);
	if (!rc)
		rc = mv_statement_verify(&x->signature, g->trust,
					 x->s->decision, &payload, sig,
					 g->now / 1000, err);
	mv_buf_release(&payload);
	return rc;
}

/*
 * Whose key it is says the trusted list, not the person: first with the
 * address that git knows; if the key is somebody else's by the list, again
 * with that name in the statement.
 */
static int sign(struct approving *x, struct mv_buf *sig, struct mv_err *err)
{
	int rc = sign_once(x, sig, err);

	if (!rc && x->signature.state == MV_SIGNATURE_GOOD &&
	    strcmp(x->signature.principal, x->s->signer)) {
		rc = mv_gate_set(&x->s->signer, x->signature.principal, err);
		if (!rc)
			rc = sign_once(x, sig, err);
	}
	if (rc)
		return rc;
	return x->signature.state == MV_SIGNATURE_GOOD ? 0 :
		bad_signer(x, err);
}

static int set_signer(struct approving *x, struct mv_err *err)
{
	char *ident = NULL, *email = NULL;
	int rc = mv_git_ident(&ident, mv_repo_git(x->gate->repo), err);

	if (!rc) {
		email = mv_gate_email(ident);
		rc = mv_gate_set(&x->s->signer, email ? email : "", err);
	}
	free(ident);
	free(email);
	return rc;
}

/* -- what is signed ------------------------------------------------------- */

static int find_facts(struct approving *x, struct mv_err *err)
{
	const struct mv_approve_options *o = x->options;
	struct mv_promotion p = { .action = "promote", .artifact = o->artifact,
				  .version = o->version, .stage = o->stage };
	const struct mv_event *e;
	char hex[65];
	int rc;

	if (o->policy_rev) {
		rc = mv_git_commit_sure(hex, mv_repo_git(x->gate->repo),
					o->policy_rev, err);
		return rc ? rc : mv_gate_policy_facts(&x->facts, x->gate,
						      x->gate->trusted, hex,
						      err);
	}
	e = mv_registry_version(&x->gate->registry, o->artifact, o->version);
	if (!e)
		return mv_fail(err, MV_ENOENT, "%s@%s is not registered; git "
			       "model register does that", o->artifact,
			       o->version);
	p.commit = e->commit;
	return mv_gate_bindings(&x->facts, x->gate, &p, err);
}

static int approve_fill(struct approving *x, struct mv_err *err)
{
	const struct mv_policy_facts *f = &x->facts;
	const struct mv_approve_options *o = x->options;
	struct mv_statement *s = x->s;
	char nonce[33];
	const struct { char **to; const char *value; } all[] = {
		{ &s->repo, f->repo }, { &s->artifact, f->artifact },
		{ &s->version, f->version }, { &s->path, f->path },
		{ &s->commit, f->commit }, { &s->pointer, f->pointer },
		{ &s->stage, f->stage }, { &s->from_stage, f->from_stage },
		{ &s->displaces, f->displaces },
		{ &s->policy, x->gate->has_policy ? x->gate->policy.digest :
						    "" },
		{ &s->records, f->records }, { &s->reason, o->reason },
		{ &s->nonce, nonce }, { &s->revokes, o->revokes },
		{ &s->rules, o->rules }, { &s->tag, "" },
	};
	int rc = mv_statement_nonce(nonce, err);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !rc; i++)
		rc = mv_gate_set(all[i].to, all[i].value, err);
	s->decision = o->decision;
	s->content = f->content;
	s->size = f->size;
	s->issued_at = x->gate->now / 1000;
	s->not_after = o->ttl ? s->issued_at + o->ttl : 0;
	return rc;
}

/* -- taking back ---------------------------------------------------------- */

static int is_own(const struct approving *x, const struct mv_vote *v)
{
	return !v->malformed && v->signature.state == MV_SIGNATURE_GOOD &&
	       v->signature.principal &&
	       !strcmp(v->signature.principal, x->s->signer) &&
	       v->statement.decision != MV_DECISION_REVOKE &&
	       v->statement.decision != MV_DECISION_RECEIPT;
}

static int was_revoked(const struct approving *x, const char *nonce)
{
	for (size_t i = 0; i < x->facts.vote_count; i++) {
		const struct mv_vote *v = &x->facts.votes[i];

		if (!v->malformed && v->signature.principal &&
		    v->signature.state == MV_SIGNATURE_GOOD &&
		    v->statement.decision == MV_DECISION_REVOKE &&
		    !strcmp(v->signature.principal, x->s->signer) &&
		    !strcmp(v->statement.revokes, nonce))
			return 1;
	}
	return 0;
}

/* What is revoked must be one's own, and here: else it would have no effect
   and look as if it had. */
static int choose_revoked(struct approving *x, struct mv_err *err)
{
	const char *nonce = x->options->revokes;
	const struct mv_vote *best = NULL;

	for (size_t i = 0; i < x->facts.vote_count; i++) {
		const struct mv_vote *v = &x->facts.votes[i];

		if (!is_own(x, v) ||
		    (nonce ? strcmp(v->statement.nonce, nonce) :
		     strcmp(v->statement.stage, x->s->stage) ||
		     strcmp(v->statement.version, x->s->version) ||
		     was_revoked(x, v->statement.nonce)))
			continue;
		if (!best || v->statement.issued_at >= best->statement.issued_at)
			best = v;
	}
	if (!best)
		return mv_fail(err, MV_ENOENT, "%s signed nothing for %s %s "
			       "and %s that could be taken back",
			       x->s->signer, x->s->artifact, x->s->version,
			       x->s->stage);
	return mv_gate_set(&x->s->revokes, best->statement.nonce, err);
}

/* Whoever changes their mind within a second means the last word: what is
   later is told by seconds. */
static void set_later(struct approving *x)
{
	for (size_t i = 0; i < x->facts.vote_count; i++) {
		const struct mv_vote *v = &x->facts.votes[i];
		int64_t after = v->statement.issued_at - x->s->issued_at;

		if (is_own(x, v) && after >= 0 && after < 60)
			x->s->issued_at += after + 1;
	}
}

/* -- writing it down ------------------------------------------------------ */

static int approve_append(struct approving *x, const struct mv_buf *sig,
			  struct mv_err *err)
{
	struct mv_repo *repo = x->gate->repo;
	struct mv_pointer pointer = { .dialect = MV_DIALECT_NATIVE,
				      .oid = x->s->content,
				      .size = x->s->size, .canonical = 1 };
	struct mv_entry entry = { x->s->pointer, NULL };
	char *lock = NULL, *why, hex[65];
	struct mv_buf line;
	int rc;

	mv_buf_init(&line, 4 * TEXT_MAX);
	why = mv_strf("%s %s %s for %s", mv_decision_name(x->s->decision),
		      x->s->artifact, x->s->version, x->s->stage);
	rc = why ? mv_statement_line(&line, x->gate->now, x->s, sig->data,
				     sig->len, err) : mv_nomem(err);
	/* The pointer of a directory's manifest is in no tree. */
	if (!rc)
		rc = mv_repo_pointer_blob(hex, repo, &pointer, 0, err);
	if (!rc && !strcmp(hex, x->s->pointer))
		rc = mv_repo_pointer_blob(hex, repo, &pointer, 1, err);
	if (!rc)
		rc = mv_evidence_notes_lock(&lock, repo, err);
	entry.line = line.data;
	if (!rc)
		rc = mv_ledger_append(mv_repo_git(repo), lock, &entry, 1, why,
				      WAIT_MS, err);
	mv_buf_release(&line);
	free(lock);
	free(why);
	return rc;
}

/* -- a change of .gitmodel/ that is in force already ---------------------- */

/*
 * Where there is no remote, to commit is to put in force, and many forges merge
 * first: then what is to be approved is the step that the branch took last, and
 * who may is asked of the policy that stood there before it.
 */
struct last_step {
	char before[65], now[65];	/* commits of the branch; "": none */
};

static int find_last_step(struct last_step *out, struct mv_gate *gate,
			  const char *rev, struct mv_err *err)
{
	char is[72], becomes[72];
	const struct mv_past_commit *change;
	struct mv_past past;
	int rc = mv_git_commit_sure(out->now, mv_repo_git(gate->repo), rev,
				    err);

	*out->before = '\0';
	if (!rc)
		rc = mv_gate_policy_digest(is, gate, gate->trusted, err);
	if (!rc)
		rc = mv_gate_policy_digest(becomes, gate, out->now, err);
	if (rc || strcmp(is, becomes))
		return rc;
	rc = mv_gate_past_read_lines(&past, gate, gate->trusted, err);
	if (rc)
		return rc;
	change = past.changes.count ?
		 mv_gate_past_find(&past.branch, past.changes.v[0].hex) : NULL;
	if (change && change->at + 1 < past.branch.count) {
		mv_gate_past_name(out->now, change->hex);
		mv_gate_past_name(out->before, change[1].hex);
	}
	mv_gate_past_release(&past);
	return 0;
}

static int take_no(void *payload, const char *subject,
		   const struct mv_policy_facts *facts,
		   const struct mv_verdict *verdict, struct mv_err *err)
{
	(void)subject;
	(void)facts;
	(void)err;
	*(int *)payload = verdict->result != MV_RESULT_YES;
	return 0;
}

/* The gate of that commit, on the records of today's. *asks: its policy has not
   said yes to the step; the first policy is nobody's to judge. */
static int open_before(struct mv_gate *out, int *asks,
		       const struct mv_gate *gate,
		       const struct last_step *step, struct mv_err *err)
{
	const struct mv_gate_options o = { .trusted = step->before,
					   .artifact = "x", .now = gate->now,
					   .records_known = 1 };
	int rc = mv_gate_open(out, gate->repo, &o, err);

	*asks = 0;
	if (rc)
		return rc;
	rc = mv_gate_set(&out->notes, gate->notes, err);
	if (!rc && out->has_policy)
		rc = mv_gate_check_policy(out, step->before, step->now,
					  take_no, asks, err);
	if (rc)
		mv_gate_close(out);
	return rc;
}

static int approve_by(struct mv_statement *out, struct mv_gate *gate,
		      const struct mv_approve_options *options,
		      struct mv_err *err)
{
	struct approving x = { .gate = gate, .options = options, .s = out };
	struct mv_buf sig;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&sig, TEXT_MAX);
	rc = mv_gate_signer_key(&x.key, mv_repo_git(gate->repo), err);
	if (!rc)
		rc = mv_repo_sign_limit(&x.key.limit_ms, gate->repo, err);
	if (!rc && !x.key.limit_ms)
		x.key.limit_ms = -1;
	if (!rc)
		rc = find_facts(&x, err);
	/* What would count for nothing is not signed. */
	if (!rc && options->decision == MV_DECISION_OVERRIDE &&
	    gate->has_policy)
		rc = mv_policy_check_override(&gate->policy, options->artifact,
					      options->stage, options->rules,
					      err);
	if (!rc)
		rc = approve_fill(&x, err);
	if (!rc)
		rc = set_signer(&x, err);
	if (!rc && options->decision == MV_DECISION_REVOKE)
		rc = choose_revoked(&x, err);
	if (!rc)
		set_later(&x);
	if (!rc)
		rc = sign(&x, &sig, err);
	if (!rc)
		rc = approve_append(&x, &sig, err);
	mv_buf_release(&sig);
	mv_signature_release(&x.signature);
	mv_policy_facts_release(&x.facts);
	if (rc)
		mv_statement_release(out);
	return rc;
}

int mv_gate_approve(struct mv_statement *out, struct mv_gate *gate,
		    const struct mv_approve_options *options,
		    struct mv_err *err)
{
	struct last_step step = { "", "" };
	struct mv_gate before;
	int asks, rc = 0;

	memset(out, 0, sizeof(*out));
	if (options->policy_rev && *gate->trusted)
		rc = find_last_step(&step, gate, options->policy_rev, err);
	if (rc || !*step.before)
		return rc ? rc : approve_by(out, gate, options, err);
	rc = open_before(&before, &asks, gate, &step, err);
	if (rc)
		return rc;
	rc = approve_by(out, asks ? &before : gate, options, err);
	mv_gate_close(&before);
	return rc;
}
