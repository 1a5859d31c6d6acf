/* SPDX-License-Identifier: MIT */
#include "libmv/trust/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/base/utf8.h"
#include "libmv/trust/priv.h"
#include "libmv/base/json-read.h"

/*
 * Statements as canonical bytes (docs/format/statement.md). Reading is
 * printing what was read and comparing: whatever a parser would forgive, a
 * second key, a blank, an escape, another order, is refused so.
 */
#define STATEMENT_MAX ((size_t)16 << 10)
enum { FIELD_MAX = 2048 };

static const char *const decisions[] = {
	"approve", "reject", "revoke", "override", "receipt"
};

const char *mv_decision_name(enum mv_decision d)
{
	return decisions[d];
}

/* -- the fields that are text, once --------------------------------------- */

static const struct field {
	const char *key;
	size_t at;
} fields[] = {
	{ "artifact", offsetof(struct mv_statement, artifact) },
	{ "commit", offsetof(struct mv_statement, commit) },
	{ "displaces", offsetof(struct mv_statement, displaces) },
	{ "from_stage", offsetof(struct mv_statement, from_stage) },
	{ "nonce", offsetof(struct mv_statement, nonce) },
	{ "path", offsetof(struct mv_statement, path) },
	{ "pointer", offsetof(struct mv_statement, pointer) },
	{ "policy", offsetof(struct mv_statement, policy) },
	{ "reason", offsetof(struct mv_statement, reason) },
	{ "records", offsetof(struct mv_statement, records) },
	{ "repo", offsetof(struct mv_statement, repo) },
	{ "revokes", offsetof(struct mv_statement, revokes) },
	{ "rules", offsetof(struct mv_statement, rules) },
	{ "signer", offsetof(struct mv_statement, signer) },
	{ "stage", offsetof(struct mv_statement, stage) },
	{ "tag", offsetof(struct mv_statement, tag) },
	{ "version", offsetof(struct mv_statement, version) },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static char **field(struct mv_statement *s, size_t i)
{
	return (char **)((char *)s + fields[i].at);
}

static const char *field_text(const struct mv_statement *s, size_t i)
{
	const char *const *p = (const char *const *)(const void *)
		((const char *)s + fields[i].at);

	return *p ? *p : "";
}

void mv_statement_release(struct mv_statement *s)
{
	for (size_t i = 0; i < FIELDS; i++)
		free(*field(s, i));
	memset(s, 0, sizeof(*s));
}

/* -- printing ------------------------------------------------------------- */

/* What a terminal or a parser could take for something else has no place in
   what a person signs. */
static int text_ok(const char *s)
{
	size_t len = strlen(s);

	if (len > FIELD_MAX)
		return 0;
	while (len) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		if (!n || cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) ||
		    (cp >= 0x202a && cp <= 0x202e) ||
		    (cp >= 0x2066 && cp <= 0x2069))
			return 0;
		s += n;
		len -= n;
	}
	return 1;
}

int mv_statement_print(struct mv_buf *out, const struct mv_statement *s,
		       struct mv_err *err)
{
	struct mv_json *o, *content;
	char oid[80], hex[MV_OID_HEX + 1];
	int rc;

	for (size_t i = 0; i < FIELDS; i++)
		if (!text_ok(field_text(s, i)))
			return mv_fail(err, MV_EINVALID,
				       "the %s of a statement "
				       "is too long or has characters that "
				       "cannot be signed", fields[i].key);
	if (s->size > INT64_MAX || s->issued_at < 0 || s->not_after < 0)
		return mv_fail(err, MV_EINVALID, "a number of the statement "
			       "is out of range");
	o = mv_json_object();
	for (size_t i = 0; i < FIELDS; i++)
		mv_json_set(o, fields[i].key, mv_json_str(field_text(s, i)));
	content = mv_json_object();
	snprintf(oid, sizeof(oid), "sha256:%s", mv_oid_hex(hex, &s->content));
	mv_json_set(content, "oid", mv_json_str(oid));
	mv_json_set(content, "size", mv_json_int((int64_t)s->size));
	mv_json_set(o, "content", content);
	mv_json_set(o, "decision", mv_json_str(decisions[s->decision]));
	mv_json_set(o, "issued_at", mv_json_int(s->issued_at));
	mv_json_set(o, "not_after", mv_json_int(s->not_after));
	mv_json_set(o, "v", mv_json_int(1));
	rc = mv_json_print_canonical(out, o, NULL, err);
	mv_json_free(o);
	return rc;
}

/* -- parsing -------------------------------------------------------------- */

static int statement_take_text(char **out, const struct mv_json *o,
			       const char *key,
			       struct mv_err *err)
{
	const char *s = mv_json_get_str(mv_json_get(o, key), NULL);

	if (!s)
		return mv_fail(err, MV_EINVALID, "the statement says no %s",
			       key);
	return mv_set_str(out, s, err);
}

static int take_decision(struct mv_statement *s, const struct mv_json *o,
			 struct mv_err *err)
{
	const char *name = mv_json_get_str(mv_json_get(o, "decision"), NULL);

	for (int i = 0; name && i <= MV_DECISION_RECEIPT; i++)
		if (!strcmp(name, decisions[i])) {
			s->decision = i;
			return 0;
		}
	return mv_fail(err, MV_EINVALID, "the statement has no decision that "
		       "is known here");
}

static int take_content(struct mv_statement *s, const struct mv_json *o,
			struct mv_err *err)
{
	const struct mv_json *content = mv_json_get(o, "content");
	size_t len = 0;
	const char *oid = mv_json_get_str(mv_json_get(content, "oid"), &len);
	int64_t size = mv_json_get_int(mv_json_get(content, "size"));

	if (!oid || len != 7 + MV_OID_HEX || strncmp(oid, "sha256:", 7) ||
	    mv_oid_parse(&s->content, oid + 7, MV_OID_HEX) || size < 0)
		return mv_fail(err, MV_EINVALID, "the statement names no "
			       "content");
	s->size = (uint64_t)size;
	return 0;
}

static int take_all(struct mv_statement *s, const struct mv_json *o,
		    struct mv_err *err)
{
	int rc = take_decision(s, o, err);

	if (!rc)
		rc = take_content(s, o, err);
	for (size_t i = 0; i < FIELDS && !rc; i++)
		rc = statement_take_text(field(s, i), o, fields[i].key, err);
	s->issued_at = mv_json_get_int(mv_json_get(o, "issued_at"));
	s->not_after = mv_json_get_int(mv_json_get(o, "not_after"));
	return rc;
}

int mv_statement_parse(struct mv_statement *out, const char *data, size_t len,
		       struct mv_err *err)
{
	struct mv_json *o = NULL;
	struct mv_buf again;
	int rc;

	memset(out, 0, sizeof(*out));
	if (len > STATEMENT_MAX)
		return mv_fail(err, MV_EINVALID, "the statement is too long");
	rc = mv_json_parse(&o, data, len, err);
	if (rc)
		return rc == MV_ENOMEM ? rc : MV_EINVALID;
	mv_buf_init(&again, 2 * STATEMENT_MAX);
	rc = take_all(out, o, err);
	mv_json_free(o);
	if (!rc)
		rc = mv_statement_print(&again, out, err);
	if (!rc && (again.len != len || memcmp(again.data, data, len)))
		rc = mv_fail(err, MV_EINVALID, "the statement is not in "
			     "canonical form");
	mv_buf_release(&again);
	if (rc)
		mv_statement_release(out);
	return rc;
}

/* -- the line in a note --------------------------------------------------- */

int mv_statement_nonce(char *nonce, struct mv_err *err)
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return mv_fail_errno(err, errno, "no random numbers");
	mv_hex(nonce, bytes, sizeof(bytes));
	return 0;
}

int mv_dsse_pae(struct mv_buf *out, const char *type, const void *payload,
		size_t len)
{
	int bad = mv_buf_addf(out, "DSSEv1 %zu %s %zu ", strlen(type), type,
			      len);

	return bad ? bad : mv_buf_add(out, payload, len);
}

static const char *namespace_of(enum mv_decision decision)
{
	return decision == MV_DECISION_RECEIPT ? MV_TRUST_NS_RECEIPT :
						 MV_TRUST_NS_APPROVAL;
}

int mv_statement_verify(struct mv_signature *out, struct mv_trust *trust,
			enum mv_decision decision, const struct mv_buf *payload,
			const struct mv_buf *sig, int64_t at,
			struct mv_err *err)
{
	struct mv_buf pae;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&pae, 4 * STATEMENT_MAX);
	rc = mv_dsse_pae(&pae, MV_STATEMENT_TYPE, payload->data, payload->len) ?
		mv_nomem(err) :
		mv_trust_verify(out, trust, namespace_of(decision), pae.data,
				pae.len, sig->data, sig->len, at, err);
	mv_buf_release(&pae);
	return rc;
}

int mv_statement_sign(struct mv_buf *payload, struct mv_buf *sig,
		      const struct mv_signing_key *key,
		      const struct mv_statement *s,
		      const struct mv_proc_env *env, struct mv_err *err)
{
	struct mv_buf pae;
	int rc = mv_statement_print(payload, s, err);

	mv_buf_init(&pae, 4 * STATEMENT_MAX);
	if (!rc && mv_dsse_pae(&pae, MV_STATEMENT_TYPE, payload->data,
			       payload->len))
		rc = mv_nomem(err);
	if (!rc)
		rc = mv_trust_sign(sig, key, namespace_of(s->decision),
				   pae.data, pae.len, env, err);
	mv_buf_release(&pae);
	return rc;
}

static void set_base64(struct mv_json *o, const char *key, const void *data,
		       size_t len, int *bad)
{
	struct mv_buf text;

	mv_buf_init(&text, 4 * STATEMENT_MAX);
	*bad |= mv_base64(&text, data, len);
	mv_json_set(o, key, mv_json_strn(text.data, text.len));
	mv_buf_release(&text);
}

int mv_statement_line(struct mv_buf *out, int64_t now_ms,
		      const struct mv_statement *s, const void *sig,
		      size_t sig_len, struct mv_err *err)
{
	static const char *const first[] = { "t", "kind", NULL };
	char t[32], oid[80], hex[MV_OID_HEX + 1];
	struct mv_buf payload;
	struct mv_json *o;
	int rc, bad = 0;

	mv_buf_init(&payload, STATEMENT_MAX);
	rc = mv_statement_print(&payload, s, err);
	if (rc) {
		mv_buf_release(&payload);
		return rc;
	}
	o = mv_json_object();
	snprintf(oid, sizeof(oid), "sha256:%s", mv_oid_hex(hex, &s->content));
	mv_json_set(o, "t", mv_json_str(mv_time_print(t, now_ms)));
	mv_json_set(o, "kind", mv_json_str(s->decision == MV_DECISION_RECEIPT ?
					   "receipt" : "approval"));
	mv_json_set(o, "content", mv_json_str(oid));
	mv_json_set(o, "payloadType", mv_json_str(MV_STATEMENT_TYPE));
	set_base64(o, "payload", payload.data, payload.len, &bad);
	set_base64(o, "sig", sig, sig_len, &bad);
	rc = bad ? mv_nomem(err) : mv_json_print_canonical(out, o, first, err);
	mv_json_free(o);
	mv_buf_release(&payload);
	return rc;
}

static int take_base64(struct mv_buf *out, const struct mv_json *o,
		       const char *key, struct mv_err *err)
{
	size_t len = 0;
	const char *text = mv_json_get_str(mv_json_get(o, key), &len);

	if (!text || mv_unbase64(out, text, len))
		return mv_fail(err, MV_EINVALID, "'%s' is no base64", key);
	return 0;
}

static int statement_is_statement(const struct mv_json *o, int *receipt)
{
	const char *kind = mv_json_get_str(mv_json_get(o, "kind"), NULL);

	*receipt = kind && !strcmp(kind, "receipt");
	return kind && (*receipt || !strcmp(kind, "approval"));
}

static int statement_read_line(struct mv_statement *out, struct mv_buf *payload,
			       struct mv_buf *sig, const struct mv_json *o,
			       struct mv_err *err)
{
	const char *type = mv_json_get_str(mv_json_get(o, "payloadType"), NULL);
	int receipt, rc;

	if (!statement_is_statement(o, &receipt))
		return mv_fail(err, MV_ENOENT, "this line is no statement");
	if (!type || strcmp(type, MV_STATEMENT_TYPE))
		return mv_fail(err, MV_EINVALID, "the payload's type is not "
			       "known here");
	rc = take_base64(payload, o, "payload", err);
	if (!rc)
		rc = take_base64(sig, o, "sig", err);
	if (!rc)
		rc = mv_statement_parse(out, payload->data, payload->len, err);
	if (!rc && receipt != (out->decision == MV_DECISION_RECEIPT)) {
		mv_statement_release(out);
		rc = mv_fail(err, MV_EINVALID, "the line's kind is not what "
			     "its payload says");
	}
	return rc;
}

/* Nothing but "t" is free in a line: what is not signed must follow from what
   is, so that the same signature cannot come in many shapes. */
static int line_again(const struct mv_statement *s, const struct mv_buf *sig,
		      const struct mv_json *o, const char *line, size_t len,
		      struct mv_err *err)
{
	const char *t = mv_json_get_str(mv_json_get(o, "t"), NULL);
	struct mv_buf again;
	int64_t ms;
	int rc;

	if (!t || mv_time_parse(&ms, t, NULL))
		return mv_fail(err, MV_EINVALID, "the line has no time");
	mv_buf_init(&again, 8 * STATEMENT_MAX);
	rc = mv_statement_line(&again, ms, s, sig->data, sig->len, err);
	if (!rc && (again.len != len || memcmp(again.data, line, len)))
		rc = mv_fail(err, MV_EINVALID, "the line is not in canonical "
			     "form, or says more than was signed");
	mv_buf_release(&again);
	return rc;
}

int mv_statement_from_line(struct mv_statement *out, struct mv_buf *payload,
			   struct mv_buf *sig, const char *line, size_t len,
			   struct mv_err *err)
{
	struct mv_json *o = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	mv_buf_clear(payload);
	mv_buf_clear(sig);
	rc = mv_json_parse(&o, line, len, err);
	if (rc)
		return rc == MV_ENOMEM ? rc : MV_EINVALID;
	rc = statement_read_line(out, payload, sig, o, err);
	if (!rc) {
		rc = line_again(out, sig, o, line, len, err);
		if (rc)
			mv_statement_release(out);
	}
	mv_json_free(o);
	return rc;
}
