/* SPDX-License-Identifier: MIT */
#include "libmv/repo-judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What the notes say of one content: evidence as it adds up, and signed
 * statements with their signatures checked, several at once.
 */
#define PAYLOAD_MAX ((size_t)64 << 10)

void mv_votes_release(struct mv_vote *votes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mv_statement_release(&votes[i].statement);
		mv_signature_release(&votes[i].signature);
	}
	free(votes);
}

void mv_testimony_release(struct mv_testimony *t)
{
	mv_evidence_release(&t->evidence);
	mv_votes_release(t->votes, t->count);
	memset(t, 0, sizeof(*t));
}

/* -- which line is what ------------------------------------------------------------ */

enum line_kind { LINE_OTHER, LINE_EVIDENCE, LINE_STATEMENT };

/* A line about another content is of no interest, whatever it says. One that
   there was no memory to read may be a no. */
static int kind_of(enum line_kind *kind, const char *line,
		   const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_record r;
	int ret = mv_record_parse(&r, line, strlen(line), err);

	*kind = LINE_OTHER;
	if (ret)
		return ret == MV_ENOMEM ? ret : 0;
	if (!mv_oid_eq(&r.content, oid))
		*kind = LINE_OTHER;
	else if (!strcmp(r.kind, "approval") || !strcmp(r.kind, "receipt"))
		*kind = LINE_STATEMENT;
	else
		*kind = LINE_EVIDENCE;
	mv_record_release(&r);
	return 0;
}

static int digest_lines(char *out, const struct mv_lines *lines,
			const enum line_kind *kind, struct mv_err *err)
{
	struct mv_hasher *h = NULL;
	struct mv_oid oid;
	char hex[MV_OID_HEX + 1];
	int ret = mv_hasher_new(&h, MV_HASH_SHA256, err);

	for (size_t i = 0; i < lines->count && !ret; i++) {
		if (kind[i] != LINE_EVIDENCE)
			continue;
		ret = mv_hasher_update(h, lines->v[i], strlen(lines->v[i]),
				       err);
		if (!ret)
			ret = mv_hasher_update(h, "\n", 1, err);
	}
	if (!ret)
		ret = mv_hasher_final(oid.b, h, err);
	mv_hasher_free(h);
	if (!ret)
		snprintf(out, 72, "sha256:%s", mv_oid_hex(hex, &oid));
	return ret;
}

int mv_gate_evidence_digest(char *out, const struct mv_lines *lines,
			    const struct mv_oid *content, struct mv_err *err)
{
	enum line_kind *kind = calloc(lines->count + 1, sizeof(*kind));
	int ret = kind ? 0 : mv_nomem(err);

	for (size_t i = 0; !ret && i < lines->count; i++)
		ret = kind_of(&kind[i], lines->v[i], content, err);
	if (!ret)
		ret = digest_lines(out, lines, kind, err);
	free(kind);
	return ret;
}

static int fold_evidence(struct mv_testimony *out,
			 const struct mv_lines *lines,
			 const enum line_kind *kind, const char *artifact,
			 struct mv_err *err)
{
	struct mv_lines some = { NULL, 0, NULL };
	int ret;

	some.v = calloc(lines->count + 1, sizeof(*some.v));
	if (!some.v)
		return mv_nomem(err);
	for (size_t i = 0; i < lines->count; i++)
		if (kind[i] == LINE_EVIDENCE)
			some.v[some.count++] = lines->v[i];
	ret = mv_evidence_fold_for(&out->evidence, &some, artifact, err);
	free(some.v);
	return ret;
}

/* -- signatures ------------------------------------------------------------------------ */

struct check {
	struct mv_trust *trust;
	struct mv_vote *vote;
	const char *line;
	int64_t at;
};

static int check_signature(struct check *c, const struct mv_buf *payload,
			   const struct mv_buf *sig, struct mv_err *err)
{
	const char *ns = c->vote->statement.decision == MV_DECISION_RECEIPT ?
		MV_TRUST_NS_RECEIPT : MV_TRUST_NS_APPROVAL;
	struct mv_buf pae;
	int ret;

	mv_buf_init(&pae, 2 * PAYLOAD_MAX);
	ret = mv_dsse_pae(&pae, MV_STATEMENT_TYPE, payload->data,
			  payload->len) ? mv_nomem(err) :
		mv_trust_verify(&c->vote->signature, c->trust, ns, pae.data,
				pae.len, sig->data, sig->len, c->at, err);
	mv_buf_release(&pae);
	return ret;
}

static int check_one(void *arg, unsigned worker, struct mv_err *err)
{
	struct check *c = arg;
	struct mv_buf payload, sig;
	struct mv_hasher *h = NULL;
	struct mv_oid oid;
	char hex[MV_OID_HEX + 1];
	int ret;

	(void)worker;
	mv_buf_init(&payload, PAYLOAD_MAX);
	mv_buf_init(&sig, PAYLOAD_MAX);
	ret = mv_statement_from_line(&c->vote->statement, &payload, &sig,
				     c->line, strlen(c->line), err);
	c->vote->malformed = ret != 0;
	if (!ret)
		ret = check_signature(c, &payload, &sig, err);
	else if (ret != MV_ENOMEM)
		ret = 0;
	if (!ret)
		ret = mv_hasher_new(&h, MV_HASH_SHA256, err);
	if (!ret)
		ret = mv_hasher_once(oid.b, h, c->line, strlen(c->line), err);
	mv_hasher_free(h);
	if (!ret)
		snprintf(c->vote->line_digest, sizeof(c->vote->line_digest),
			 "sha256:%s", mv_oid_hex(hex, &oid));
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return ret;
}

static int check_all(struct check *c, size_t count, struct mv_repo *repo,
		     struct mv_err *err)
{
	struct mv_group *group = NULL;
	struct mv_pool *pool;
	int ret = 0;

	if (count < 2)
		return count ? check_one(c, 0, err) : 0;
	pool = mv_repo_pool(repo, err);
	if (!pool)
		return MV_ENOMEM;
	ret = mv_group_new(&group, pool, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < count; i++)
		mv_group_submit(group, check_one, NULL, &c[i]);
	ret = mv_group_wait(group, err);
	mv_group_free(group);
	return ret;
}

static int take_votes(struct mv_testimony *out, struct mv_gate *gate,
		      const struct mv_lines *lines,
		      const enum line_kind *kind, int64_t at,
		      struct mv_err *err)
{
	struct check *c = calloc(lines->count + 1, sizeof(*c));
	int ret;

	out->votes = calloc(lines->count + 1, sizeof(*out->votes));
	if (!c || !out->votes) {
		free(c);
		return mv_nomem(err);
	}
	for (size_t i = 0; i < lines->count; i++) {
		if (kind[i] != LINE_STATEMENT)
			continue;
		c[out->count] = (struct check){ gate->trust,
			&out->votes[out->count], lines->v[i], at };
		out->votes[out->count].order = out->count;
		out->count++;
	}
	ret = check_all(c, out->count, gate->repo, err);
	free(c);
	return ret;
}

int mv_gate_testimony(struct mv_testimony *out, struct mv_gate *gate,
		      const char *blob, const struct mv_pointer *pointer,
		      const char *artifact, int64_t at, struct mv_err *err)
{
	struct mv_lines lines = { NULL, 0, NULL };
	enum line_kind *kind = NULL;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	if (*gate->notes)
		ret = mv_ledger_read(&lines, mv_repo_git(gate->repo),
				     gate->notes, &blob, 1, err);
	if (!ret)
		kind = calloc(lines.count + 1, sizeof(*kind));
	if (!ret && !kind)
		ret = mv_nomem(err);
	for (size_t i = 0; i < lines.count && !ret; i++)
		ret = kind_of(&kind[i], lines.v[i], &pointer->oid, err);
	if (!ret)
		ret = digest_lines(out->records, &lines, kind, err);
	if (!ret)
		ret = fold_evidence(out, &lines, kind, artifact, err);
	if (!ret)
		ret = take_votes(out, gate, &lines, kind, at, err);
	if (ret)
		mv_testimony_release(out);
	free(kind);
	mv_lines_release(&lines);
	return ret;
}

int mv_gate_votes(struct mv_vote **votes, size_t *count, struct mv_gate *gate,
		  const char *blob, struct mv_err *err)
{
	struct mv_testimony t;
	struct mv_pointer pointer;
	struct mv_buf text;
	int ret;

	mv_buf_init(&text, MV_POINTER_MAX);
	ret = mv_git_read_blob(mv_repo_git(gate->repo), blob, &text, NULL, err);
	if (!ret)
		ret = mv_pointer_parse(&pointer, text.data, text.len, err);
	mv_buf_release(&text);
	if (!ret)
		ret = mv_gate_testimony(&t, gate, blob, &pointer, NULL,
					gate->now / 1000, err);
	if (ret)
		return ret;
	*votes = t.votes;
	*count = t.count;
	t.votes = NULL;
	t.count = 0;
	mv_testimony_release(&t);
	return 0;
}
