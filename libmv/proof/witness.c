/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libmv/gate/past.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/priv.h"

/* Who signed a statement, and which receipt of a tag counts. */
int mv_proof_statement(struct mv_signature *out, struct mv_trust *trust,
		       const struct mv_past_statement *s, struct mv_err *err)
{
	return mv_statement_verify(out, trust, s->s.decision, &s->payload,
				   &s->sig, s->s.issued_at, err);
}

int mv_proof_receipt(int *good, struct mv_trust *trust, const char *repo_id,
		     const struct mv_past_statement *r, struct mv_err *err)
{
	struct mv_signature s;
	int rc;

	*good = 0;
	if (strcmp(r->s.repo ? r->s.repo : "", repo_id))
		return 0;
	rc = mv_proof_statement(&s, trust, r, err);
	if (rc)
		return rc;
	*good = s.state == MV_SIGNATURE_GOOD && s.principal && r->s.signer &&
		!strcmp(s.principal, r->s.signer);
	mv_signature_release(&s);
	return 0;
}

static int speaks_of(const struct mv_past_statement *r,
		     const struct mv_event *e)
{
	return !strcmp(r->s.tag, e->oid) &&
	       !strcmp(r->s.artifact, e->tag.artifact) &&
	       !strcmp(r->s.stage, e->tag.stage ? e->tag.stage : "");
}

int mv_proof_witness(const struct mv_past_statement **out,
		     const struct mv_gate *today,
		     const struct mv_past_statement *r, size_t count,
		     const struct mv_event *e, struct mv_err *err)
{
	int good, rc = 0;

	*out = NULL;
	for (size_t i = 0; i < count && !rc; i++) {
		if (!speaks_of(&r[i], e) ||
		    (*out && (*out)->s.issued_at <= r[i].s.issued_at))
			continue;
		rc = mv_proof_receipt(&good, today->trust, today->repo_id,
				      &r[i], err);
		if (!rc && good)
			*out = &r[i];
	}
	return rc;
}

/* What keeps one that names the tag from witnessing it. */
static char *fault_of(const struct mv_gate *today,
		      const struct mv_past_statement *r,
		      const struct mv_event *e, const struct mv_signature *s)
{
	const char *repo = r->s.repo ? r->s.repo : "";
	const char *signer = r->s.signer ? r->s.signer : "server";

	if (!speaks_of(r, e))
		return mv_strf("a receipt names this tag, but for %s to %s",
			       r->s.artifact, r->s.stage);
	if (strcmp(repo, today->repo_id))
		return mv_strf("its receipt is of another repository ('%s', "
			       "and this is '%s')", repo, today->repo_id);
	if (s->state == MV_SIGNATURE_UNKNOWN)
		return mv_strf("its receipt is by a key that is on no list; "
			       "git model install --server says which line "
			       "'%s' needs in .gitmodel/allowed_signers",
			       signer);
	if (s->state == MV_SIGNATURE_GOOD)
		return mv_strf("its receipt calls its signer '%s', and the key "
			       "is that of '%s'", signer,
			       s->principal ? s->principal : "");
	return mv_strf("its receipt does not count: %s", s->why);
}

int mv_proof_unwitnessed(char **why, const struct mv_gate *today,
			 const struct mv_past_statement *r, size_t count,
			 size_t others, const struct mv_event *e,
			 struct mv_err *err)
{
	struct mv_signature s;
	int rc;

	*why = NULL;
	if (!count && !others)
		return 0;
	if (count) {
		rc = mv_proof_statement(&s, today->trust, r, err);
		if (rc)
			return rc;
		*why = fault_of(today, r, e, &s);
		mv_signature_release(&s);
	} else {
		*why = mv_strf("no receipt in %s names tag object %.10s: git "
			       "model fetch brings what the server wrote "
			       "since; what was pushed before it had a key, or "
			       "had no room, has none", MV_NOTES_REF, e->oid);
	}
	return *why ? 0 : mv_nomem(err);
}
