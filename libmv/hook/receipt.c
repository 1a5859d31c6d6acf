/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/git/config.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/registry.h"

/* What the server decided, when it did, signed: after the refs have moved. */

static int fill_receipt(struct mv_statement *s, struct mv_push *push,
			const struct mv_event *event,
			const struct mv_policy_facts *f,
			const struct mv_verdict *verdict, struct mv_err *err)
{
	const char *signer;
	char nonce[33];
	int rc = mv_git_config(&signer, push->git, "model.receiptsigner",
			       err);
	const struct {
		char **to;
		const char *text;
	} texts[] = {
		{ &s->repo, f->repo }, { &s->artifact, f->artifact },
		{ &s->version, f->version }, { &s->path, f->path },
		{ &s->commit, f->commit }, { &s->pointer, f->pointer },
		{ &s->stage, f->stage }, { &s->from_stage, f->from_stage },
		{ &s->displaces, f->displaces },
		{ &s->policy, push->gate.policy.digest },
		{ &s->records, f->records },
		{ &s->signer, signer ? signer : "server" },
		{ &s->reason, f->pusher }, { &s->nonce, nonce },
		{ &s->rules, mv_result_name(verdict->result) },
		{ &s->tag, event->oid },
	};

	if (!rc)
		rc = mv_statement_nonce(nonce, err);
	memset(s, 0, sizeof(*s));
	s->decision = MV_DECISION_RECEIPT;
	s->content = f->content;
	s->size = f->size;
	s->issued_at = push->receive->now / 1000;
	for (size_t i = 0; !rc && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = mv_gate_set(texts[i].to, texts[i].text, err);
	return rc;
}

static int sign_receipt(struct mv_buf *sig, struct mv_push *push,
			const struct mv_statement *s, struct mv_err *err)
{
	struct mv_signing_key key = { "ssh", NULL, NULL, 0 };
	struct mv_buf payload;
	int rc = mv_git_config(&key.key, push->git, "model.receiptkey", err);

	mv_buf_init(&payload, 1 << 16);
	if (!rc)
		rc = mv_statement_sign(&payload, sig, &key, s,
				       &push->repo->env, err);
	mv_buf_release(&payload);
	return rc;
}

static int append_line(struct mv_push *push, const char *blob,
		       const char *line, struct mv_err *err)
{
	const struct mv_entry entry = { blob, line };
	char *lock = NULL;
	int rc = mv_evidence_notes_lock(&lock, push->repo, err);

	if (!rc)
		rc = mv_ledger_append(push->git, lock, &entry, 1,
				      "git-model: receipt", 10000, err);
	free(lock);
	return rc;
}

static int write_receipt(struct mv_push *push, const struct mv_event *event,
			 const struct mv_facts *trailers,
			 const struct mv_policy_facts *facts,
			 const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_statement s;
	struct mv_buf sig, line;
	int rc;

	(void)trailers;
	mv_buf_init(&sig, 1 << 16);
	mv_buf_init(&line, 1 << 18);
	rc = fill_receipt(&s, push, event, facts, verdict, err);
	if (!rc)
		rc = sign_receipt(&sig, push, &s, err);
	if (!rc)
		rc = mv_statement_line(&line, push->receive->now, &s, sig.data,
				       sig.len, err);
	if (!rc)
		rc = append_line(push, facts->pointer, line.data, err);
	mv_statement_release(&s);
	mv_buf_release(&sig);
	mv_buf_release(&line);
	return rc;
}

/* One that cannot be written is no reason to write none of the others. */
static int try_receipt(struct mv_push *push, const struct mv_event *event,
		       const struct mv_facts *trailers,
		       const struct mv_policy_facts *facts,
		       const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_err why;

	(void)err;
	if (write_receipt(push, event, trailers, facts, verdict, &why))
		mv_hook_warn(push, "%s: no receipt was written: %s",
			     event->ref + strlen(TAGS), why.msg);
	return 0;
}

/* The refs have moved: what was trusted may be among them. */
static const char *trusted_before(const struct mv_push *push)
{
	for (size_t i = 0; i < push->count; i++)
		if (!strcmp(push->updates[i].ref, push->branch))
			return mv_hook_is_zero(push->updates[i].old) ? "" :
				push->updates[i].old;
	return push->trusted;
}

int mv_hook_post_receive(struct mv_repo *repo,
			 const struct mv_ref_update *updates, size_t count,
			 const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive };
	const char *key = NULL;
	int rc = 0, tags = 0;

	for (size_t i = 0; i < count; i++)
		tags |= !strncmp(updates[i].ref, TAGS, strlen(TAGS));
	if (tags)
		rc = mv_git_config(&key, mv_repo_git(repo),
				   "model.receiptkey", err);
	if (rc || !key)
		return rc;
	rc = mv_hook_begin(&push, err);
	push.deadline = 0;	/* it is done already */
	if (!rc)
		rc = mv_hook_find_trusted(&push, err);
	for (size_t i = 0; !rc && i < push.count; i++)
		rc = mv_hook_look_at(&push, i, err);
	if (!rc)
		rc = mv_hook_open_gate(&push, trusted_before(&push), err);
	if (!rc)
		rc = mv_hook_each_stage(&push, try_receipt, err);
	mv_hook_end(&push);
	return rc;
}
