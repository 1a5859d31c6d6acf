/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/gate/priv.h"
#include "libmv/git/objects.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/ledger.h"
#include "libmv/repo/state.h"
#include "libmv/store/pointer.h"

/*
 * What the notes say of one content: evidence as it adds up, and signed
 * statements with their signatures checked, several at once.
 */
#define PAYLOAD_MAX ((size_t)64 << 10)

void mv_gate_votes_release(struct mv_vote *votes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mv_statement_release(&votes[i].statement);
		mv_signature_release(&votes[i].signature);
	}
	free(votes);
}

void mv_gate_testimony_release(struct mv_testimony *t)
{
	mv_evidence_release(&t->evidence);
	mv_gate_votes_release(t->votes, t->count);
	memset(t, 0, sizeof(*t));
}

/* -- which line is what --------------------------------------------------- */

static int fold_evidence(struct mv_testimony *out,
			 const struct mv_lines *lines,
			 const enum mv_evidence_line_kind *kind, const char *artifact,
			 struct mv_err *err)
{
	struct mv_lines some = { NULL, 0, NULL };
	int rc;

	some.v = calloc(lines->count + 1, sizeof(*some.v));
	if (!some.v)
		return mv_nomem(err);
	for (size_t i = 0; i < lines->count; i++)
		if (kind[i] == MV_LINE_EVIDENCE)
			some.v[some.count++] = lines->v[i];
	rc = mv_evidence_fold_for(&out->evidence, &some, NULL, artifact,
				  err);
	free(some.v);
	return rc;
}

/* -- signatures ----------------------------------------------------------- */

struct check {
	struct mv_trust *trust;
	struct mv_vote *vote;
	const char *line;
	int64_t at;
	struct mv_buf payload, sig;
	int is_copy;
};

/* What the line says, and which line it is; no signature is looked at. */
static int votes_read_line(struct check *c, struct mv_err *err)
{
	int rc;

	mv_buf_init(&c->payload, PAYLOAD_MAX);
	mv_buf_init(&c->sig, PAYLOAD_MAX);
	rc = mv_statement_from_line(&c->vote->statement, &c->payload, &c->sig,
				    c->line, strlen(c->line), err);
	c->vote->malformed = rc != 0;
	return rc == MV_ENOMEM ? rc :
		mv_gate_digest(c->vote->line_digest, c->line, strlen(c->line),
			       err);
}

static int votes_check_one(void *arg, unsigned worker, struct mv_err *err)
{
	struct check *c = arg;

	(void)worker;
	return c->vote->malformed ? 0 :
		mv_statement_verify(&c->vote->signature, c->trust,
				    c->vote->statement.decision, &c->payload,
				    &c->sig, c->at, err);
}

static void check_release(struct check *c, size_t count)
{
	for (size_t i = 0; c && i < count; i++) {
		mv_buf_release(&c[i].payload);
		mv_buf_release(&c[i].sig);
	}
	free(c);
}

/* -- one statement, many lines -------------------------------------------- */

/* Those that cannot be read say nothing: none is the copy of another. */
static int by_words(const void *va, const void *vb)
{
	const struct check *const *pa = va, *const *pb = vb;
	const struct check *a = *pa, *b = *pb;
	int d = b->vote->malformed - a->vote->malformed;

	if (!d && !a->vote->malformed)
		d = mv_buf_cmp(&a->payload, &b->payload);
	if (!d && !a->vote->malformed)
		d = mv_buf_cmp(&a->sig, &b->sig);
	return d ? d : (a > b) - (a < b);
}

static int same_words(const struct check *a, const struct check *b)
{
	return !a->vote->malformed && !b->vote->malformed &&
	       !mv_buf_cmp(&a->payload, &b->payload) &&
	       !mv_buf_cmp(&a->sig, &b->sig);
}

static void move_up(struct check *c, size_t to, size_t from)
{
	struct mv_vote *vote = c[to].vote;

	if (to == from)
		return;
	*vote = *c[from].vote;
	memset(c[from].vote, 0, sizeof(*vote));
	c[to] = c[from];
	c[to].vote = vote;
	mv_buf_init(&c[from].payload, PAYLOAD_MAX);
	mv_buf_init(&c[from].sig, PAYLOAD_MAX);
}

/* A line's "t" is not signed, so anybody can write what somebody said once
   more: it counts once, and its signature is checked once. */
static int drop_copies(struct check *c, size_t *count, struct mv_err *err)
{
	struct check **sorted = calloc(*count + 1, sizeof(*sorted));
	size_t kept = 0;

	if (!sorted)
		return mv_nomem(err);
	for (size_t i = 0; i < *count; i++)
		sorted[i] = &c[i];
	qsort(sorted, *count, sizeof(*sorted), by_words);
	for (size_t i = 1; i < *count; i++)
		sorted[i]->is_copy = same_words(sorted[i - 1], sorted[i]);
	free(sorted);
	for (size_t i = 0; i < *count; i++) {
		if (!c[i].is_copy) {
			move_up(c, kept++, i);
			continue;
		}
		mv_statement_release(&c[i].vote->statement);
		mv_buf_release(&c[i].payload);
		mv_buf_release(&c[i].sig);
	}
	*count = kept;
	return 0;
}

static int check_all(struct check *c, size_t count, struct mv_repo *repo,
		     struct mv_err *err)
{
	struct mv_group *group = NULL;
	struct mv_pool *pool;
	int rc = 0;

	if (count < 2)
		return count ? votes_check_one(c, 0, err) : 0;
	pool = mv_repo_pool(repo, err);
	if (!pool)
		return MV_ENOMEM;
	rc = mv_group_new(&group, pool, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		mv_group_submit(group, votes_check_one, NULL, &c[i]);
	rc = mv_group_wait(group, err);
	mv_group_free(group);
	return rc;
}

static int take_votes(struct mv_testimony *out, struct mv_gate *gate,
		      const struct mv_lines *lines,
		      const enum mv_evidence_line_kind *kind, int64_t at,
		      struct mv_err *err)
{
	struct check *c = calloc(lines->count + 1, sizeof(*c));
	size_t count = 0;
	int rc = 0;

	out->votes = calloc(lines->count + 1, sizeof(*out->votes));
	if (!c || !out->votes) {
		free(c);
		return mv_nomem(err);
	}
	for (size_t i = 0; i < lines->count && !rc; i++) {
		if (kind[i] != MV_LINE_STATEMENT)
			continue;
		c[count] = (struct check){ .trust = gate->trust, .at = at,
			.vote = &out->votes[count], .line = lines->v[i] };
		rc = votes_read_line(&c[count++], err);
	}
	if (!rc)
		rc = drop_copies(c, &count, err);
	out->count = count;
	for (size_t i = 0; i < count; i++)
		out->votes[i].order = i;
	if (!rc)
		rc = check_all(c, count, gate->repo, err);
	check_release(c, count);
	return rc;
}

int mv_gate_testimony(struct mv_testimony *out, struct mv_gate *gate,
		      const char *blob, const struct mv_pointer *pointer,
		      const char *artifact, int64_t at, struct mv_err *err)
{
	struct mv_lines lines = { NULL, 0, NULL };
	enum mv_evidence_line_kind *kind = NULL;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (*gate->notes)
		rc = mv_ledger_read(&lines, mv_repo_git(gate->repo),
				    gate->notes, &blob, 1, err);
	if (!rc)
		kind = calloc(lines.count + 1, sizeof(*kind));
	if (!rc && !kind)
		rc = mv_nomem(err);
	for (size_t i = 0; i < lines.count && !rc; i++)
		rc = mv_evidence_line_kind(&kind[i], lines.v[i], &pointer->oid,
					   err);
	if (!rc)
		rc = mv_evidence_digest_lines(out->records, &lines, kind, err);
	if (!rc)
		rc = fold_evidence(out, &lines, kind, artifact, err);
	if (!rc)
		rc = take_votes(out, gate, &lines, kind, at, err);
	if (rc)
		mv_gate_testimony_release(out);
	free(kind);
	mv_lines_release(&lines);
	return rc;
}

int mv_gate_votes(struct mv_vote **votes, size_t *count, struct mv_gate *gate,
		  const char *blob, struct mv_err *err)
{
	struct mv_testimony t;
	struct mv_pointer pointer;
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, MV_POINTER_MAX);
	rc = mv_git_read_blob(mv_repo_git(gate->repo), blob, &text, NULL, err);
	if (!rc)
		rc = mv_pointer_parse(&pointer, text.data, text.len, err);
	mv_buf_release(&text);
	if (!rc)
		rc = mv_gate_testimony(&t, gate, blob, &pointer, NULL,
				       gate->now / 1000, err);
	if (rc)
		return rc;
	*votes = t.votes;
	*count = t.count;
	t.votes = NULL;
	t.count = 0;
	mv_gate_testimony_release(&t);
	return 0;
}
