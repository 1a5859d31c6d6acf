/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/hook/priv.h"

/* What the server decided, when it did, signed: after the refs have moved. */

static int fill_receipt(struct mv_statement *s, struct mv_push *push,
			const struct mv_event *event,
			const struct mv_policy_facts *f,
			const struct mv_verdict *verdict, struct mv_err *err)
{
	const char *signer;
	char nonce[33];
	int ret = mv_git_config(&signer, push->git, "model.receiptsigner",
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

	if (!ret)
		ret = mv_statement_nonce(nonce, err);
	memset(s, 0, sizeof(*s));
	s->decision = MV_DECISION_RECEIPT;
	s->content = f->content;
	s->size = f->size;
	s->issued_at = push->receive->now / 1000;
	for (size_t i = 0; !ret && i < sizeof(texts) / sizeof(texts[0]); i++)
		ret = mv_gate_set(texts[i].to, texts[i].text, err);
	return ret;
}

static int sign_receipt(struct mv_buf *sig, struct mv_push *push,
			const struct mv_statement *s, struct mv_err *err)
{
	struct mv_signing_key key = { "ssh", NULL, NULL, 0 };
	struct mv_buf payload, pae;
	int ret = mv_git_config(&key.key, push->git, "model.receiptkey", err);

	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&pae, 1 << 17);
	if (!ret)
		ret = mv_statement_print(&payload, s, err);
	if (!ret && mv_dsse_pae(&pae, MV_STATEMENT_TYPE, payload.data,
				payload.len))
		ret = mv_nomem(err);
	if (!ret)
		ret = mv_trust_sign(sig, &key, MV_TRUST_NS_RECEIPT, pae.data,
				    pae.len, &push->repo->env, err);
	mv_buf_release(&payload);
	mv_buf_release(&pae);
	return ret;
}

static int append_line(struct mv_push *push, const char *blob,
		       const char *line, struct mv_err *err)
{
	const struct mv_entry entry = { blob, line };
	char *lock = NULL;
	int ret = mv_repo_notes_lock(&lock, push->repo, err);

	if (!ret)
		ret = mv_ledger_append(push->git, lock, &entry, 1,
				       "git-model: receipt", 10000, err);
	free(lock);
	return ret;
}

static int write_receipt(struct mv_push *push, const struct mv_event *event,
			 const struct mv_facts *trailers,
			 const struct mv_policy_facts *facts,
			 const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_statement s;
	struct mv_buf sig, line;
	int ret;

	(void)trailers;
	mv_buf_init(&sig, 1 << 16);
	mv_buf_init(&line, 1 << 18);
	ret = fill_receipt(&s, push, event, facts, verdict, err);
	if (!ret)
		ret = sign_receipt(&sig, push, &s, err);
	if (!ret)
		ret = mv_statement_line(&line, push->receive->now, &s, sig.data,
					sig.len, err);
	if (!ret)
		ret = append_line(push, facts->pointer, line.data, err);
	mv_statement_release(&s);
	mv_buf_release(&sig);
	mv_buf_release(&line);
	return ret;
}

/* The refs have moved: what was trusted may be among them. */
static const char *trusted_before(const struct mv_push *push)
{
	for (size_t i = 0; i < push->count; i++)
		if (!strcmp(push->updates[i].ref, push->branch))
			return mv_push_is_zero(push->updates[i].old) ? "" :
				push->updates[i].old;
	return push->trusted;
}

int mv_repo_post_receive(struct mv_repo *repo,
			 const struct mv_ref_update *updates, size_t count,
			 const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive };
	const char *key = NULL;
	int ret = 0, tags = 0;

	for (size_t i = 0; i < count; i++)
		tags |= !strncmp(updates[i].ref, TAGS, strlen(TAGS));
	if (tags)
		ret = mv_git_config(&key, mv_repo_git(repo),
				    "model.receiptkey", err);
	if (ret || !key)
		return ret;
	ret = mv_push_begin(&push, err);
	push.deadline = 0;	/* it is done already */
	if (!ret)
		ret = mv_push_find_trusted(&push, err);
	for (size_t i = 0; !ret && i < push.count; i++)
		ret = mv_push_look_at(&push, i, err);
	if (!ret)
		ret = mv_push_open_gate(&push, trusted_before(&push), err);
	if (!ret)
		ret = mv_push_each_stage(&push, write_receipt, err);
	mv_push_end(&push);
	return ret;
}
