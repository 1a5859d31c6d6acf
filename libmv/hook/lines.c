/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/git/config.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/subject/subject.h"

/*
 * A line that is new in a note: it must be one that readers read, about the
 * content that the note hangs on, and not from the future. And a note must
 * keep room: who fills one with records, or signs without end, would keep a
 * veto out of it for good.
 */
enum {
	SIGNER_BYTES = 64 << 10,	/* of one signer, in one note */
	SIGNER_LINES = 128
};

/* -- what it speaks of ---------------------------------------------------- */

static int hangs_on(const struct mv_push_note *note, struct mv_push *push,
		    const struct mv_oid *content, uint64_t size)
{
	/* One that is not written as we would is known by what it says. */
	if (note->has_pointer)
		return mv_oid_eq(&note->pointer.oid, content) &&
		       note->pointer.size == size;
	return mv_subject_is_pointer_to(push->repo, note->object, content,
					size);
}

/* Later than our clock allows? It would win over all that is honest. */
static int is_early(struct mv_push *push, const char *object, int64_t ms,
		    const char *what)
{
	char text[32];

	if (ms <= push->gate.now + mv_hook_skew(push))
		return 0;
	mv_hook_refuse(push, "note %.10s: %s is dated %s, which has not been "
		       "yet; the clock there is fast (max-clock-skew)", object,
		       what, mv_time_print(text, ms));
	return 1;
}

/* -- statements ----------------------------------------------------------- */

static int look_at_signature(struct mv_signature *out, struct mv_push *push,
			     const struct mv_statement *s,
			     const struct mv_buf *payload,
			     const struct mv_buf *sig, struct mv_err *err)
{
	return mv_statement_verify(out, push->gate.trust, s->decision, payload,
				   sig, push->gate.now / 1000, err);
}

static int is_signed_by(const struct mv_signature *signature, const char *who)
{
	return signature->state == MV_SIGNATURE_GOOD && signature->principal &&
	       who && !strcmp(signature->principal, who);
}

/*
 * Who pushes to two servers brings each the other's receipts. They witness
 * nothing here, as nobody can tell whose they are, and have the room of records.
 */
static int is_of_another_server(const struct mv_statement *s,
				const struct mv_signature *signature)
{
	return s->decision == MV_DECISION_RECEIPT &&
	       signature->state == MV_SIGNATURE_UNKNOWN;
}

static int check_signature(struct mv_push *push, const char *object,
			   const struct mv_statement *s,
			   const struct mv_buf *payload,
			   const struct mv_buf *sig, struct mv_err *err)
{
	struct mv_signature signature;
	int rc = look_at_signature(&signature, push, s, payload, sig, err);

	if (rc)
		return rc;
	if (signature.state == MV_SIGNATURE_GOOD &&
	    !is_signed_by(&signature, s->signer))
		mv_hook_refuse(push, "note %.10s: %s of %s %s: it says that %s "
			       "signed it, and %s did", object,
			       mv_decision_name(s->decision), s->signer,
			       s->version, s->signer, signature.principal ?
			       signature.principal : "nobody who is listed");
	else if (signature.state != MV_SIGNATURE_GOOD &&
		 !is_of_another_server(s, &signature))
		mv_hook_refuse(push, "note %.10s: %s of %s %s: %s (%s%s%s)",
			       object, mv_decision_name(s->decision),
			       s->signer, s->version,
			       mv_signature_state_name(signature.state),
			       signature.why, signature.fingerprint ? ", " : "",
			       signature.fingerprint ? signature.fingerprint :
			       "");
	mv_signature_release(&signature);
	return 0;
}

static int check_statement(struct mv_push *push,
			   const struct mv_push_note *note,
			   const struct mv_push_line *line, struct mv_err *err)
{
	struct mv_statement s;
	struct mv_buf payload, sig;
	struct mv_err why;
	int rc;

	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	rc = mv_statement_from_line(&s, &payload, &sig, line->s, line->len,
				    &why);
	if (rc == MV_ENOMEM) {
		mv_nomem(err);
	} else if (rc) {
		rc = mv_hook_refuse(push, "note %.10s: a statement that "
				    "cannot be read: %s", note->object,
				    why.msg);
	} else {
		if (!hangs_on(note, push, &s.content, s.size))
			mv_hook_refuse(push, "note %.10s: a statement about "
				       "another content", note->object);
		else if (!is_early(push, note->object, 1000 * s.issued_at,
				   "a statement") && push->gate.has_policy)
			rc = check_signature(push, note->object, &s, &payload,
					     &sig, err);
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return rc ? rc : mv_hook_in_time(push, err);
}

/* -- records -------------------------------------------------------------- */

/*
 * Not one fact, only somebody's name and a date: nobody's program writes that,
 * and thousands of them fill a note for the price of nothing.
 */
static int says_nothing(const struct mv_record *r)
{
	if (strcmp(r->kind, "evidence") && strcmp(r->kind, "run"))
		return 0;	/* of a later version */
	return !r->params.count && !r->metrics.count && !r->tags.count &&
	       !r->data.count && !r->environment.count && !r->source.count &&
	       !r->attached.count && !r->supersedes && !r->dirty &&
	       !r->run.command && !r->run.id && !r->run.name &&
	       !r->run.inputs.count && !r->run.outputs.count &&
	       !r->run.files.count;
}

/* Of a kind that is not known here, only the content is read. */
static int is_about(const struct mv_record *r, const struct mv_push_note *note,
		    struct mv_push *push)
{
	const int sized = !strcmp(r->kind, "evidence") ||
			  !strcmp(r->kind, "run");

	return hangs_on(note, push, &r->content,
			sized || !note->has_pointer ? r->size :
			note->pointer.size);
}

static void check_record(struct mv_push *push, const struct mv_push_note *note,
			 const struct mv_record *r)
{
	int64_t ms;

	if (says_nothing(r))
		mv_hook_refuse(push, "note %.10s: a record that says nothing",
			       note->object);
	else if (r->has_content && !is_about(r, note, push))
		mv_hook_refuse(push, "note %.10s: a record about another "
			       "content", note->object);
	else if (!mv_time_parse(&ms, r->t, NULL))
		is_early(push, note->object, ms, "a record");
}

static int lines_is_statement(const struct mv_record *r)
{
	return !strcmp(r->kind, "approval") || !strcmp(r->kind, "receipt");
}

/* MV_EINVALID: no record. */
static int lines_parse(struct mv_record *out, const struct mv_push_line *line,
		       struct mv_err *err)
{
	return memchr(line->s, '\0', line->len) ?
		mv_fail(err, MV_EINVALID, "it has a NUL in it") :
		mv_record_parse(out, line->s, line->len, err);
}

int mv_hook_check_line(struct mv_push *push, const struct mv_push_note *note,
		       const struct mv_push_line *line, struct mv_err *err)
{
	struct mv_record r;
	struct mv_err why;
	int rc = lines_parse(&r, line, &why);
	int foreign;

	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc) {
		rc = mv_git_config_bool(&foreign, push->git,
					"model.foreignlines", 0, err);
		return rc || foreign ? rc :
			mv_hook_refuse(push, "note %.10s: a line that is no "
				       "record: %s", note->object, why.msg);
	}
	if (lines_is_statement(&r))
		rc = check_statement(push, note, line, err);
	else
		check_record(push, note, &r);
	mv_record_release(&r);
	return rc;
}

/* -- room ----------------------------------------------------------------- */

/*
 * One statement can stand in any number of lines: "t" is not signed, and some
 * signatures can be written in many ways. Whoever repeats what somebody said
 * must not use up that one's share, so the first line of a payload is a vote,
 * or a receipt, and every further one takes the room of a record. (They are
 * not refused: who signed it may come second, with the line as it was.)
 */
enum kind { RECORD, RECEIPT, VOTE, KINDS };
struct share {
	enum kind kind;
	char *signer;		/* of a vote */
	struct mv_push_line said;	/* the payload, in base64 */
	const struct mv_push_line *line;
	size_t bytes;
	int new;
};
struct shares {
	size_t bytes[KINDS], lines[KINDS], added[KINDS];
	struct share *v;	/* statements: votes and receipts */
	size_t count;
};

/*
 * Whose vote it is, as far as the line says so. What is no statement takes the
 * room of a record, whatever it is; and so does a receipt by a key that nobody
 * listed, as anybody can make those.
 */
static enum kind lines_kind_of(const struct mv_push *push,
			       const struct mv_push_line *line, char **signer)
{
	struct mv_buf payload, sig;
	struct mv_statement s;
	enum kind kind = RECORD;

	*signer = NULL;
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	if (!mv_statement_from_line(&s, &payload, &sig, line->s, line->len,
				    NULL)) {
		if (s.decision != MV_DECISION_RECEIPT)
			kind = VOTE;
		else if (mv_trust_lists_key(push->gate.trust, sig.data,
					    sig.len))
			kind = RECEIPT;
		if (kind == VOTE)
			*signer = strdup(s.signer ? s.signer : "");
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return kind;
}

/* Of a line that is canonical. */
static struct mv_push_line payload_of(const struct mv_push_line *line)
{
	static const char key[] = ",\"payload\":\"";
	const char *at = memmem(line->s, line->len, key, sizeof(key) - 1);
	const char *end = line->s + line->len, *quote;

	if (!at)
		return *line;
	at += sizeof(key) - 1;
	quote = memchr(at, '"', (size_t)(end - at));
	return (struct mv_push_line){ at, (size_t)((quote ? quote : end) - at) };
}

static void count_in(struct shares *out, enum kind kind, size_t bytes, int new)
{
	out->bytes[kind] += bytes;
	out->lines[kind]++;
	out->added[kind] += (size_t)new;
}

static int by_words(const void *a, const void *b)
{
	const struct share *x = a, *y = b;
	size_t n = x->said.len < y->said.len ? x->said.len : y->said.len;
	int d = memcmp(x->said.s, y->said.s, n);

	if (!d)
		d = (x->said.len > y->said.len) - (x->said.len < y->said.len);
	/* The shortest is the vote: what was blown up is somebody's copy. */
	return d ? d : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int same_words(const struct share *x, const struct share *y)
{
	return x->said.len == y->said.len &&
	       !memcmp(x->said.s, y->said.s, x->said.len);
}

static void add_up(struct shares *out, const struct mv_push *push,
		   const struct mv_push_text *old,
		   const struct mv_push_text *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->count; i++) {
		const struct mv_push_line *l = &text->v[i];
		char *signer;
		enum kind kind = lines_kind_of(push, l, &signer);
		int new = !mv_hook_has_line(old, l);

		if (kind == RECORD)
			count_in(out, RECORD, l->len + 1, new);
		else
			out->v[out->count++] = (struct share){ kind,
				signer, payload_of(l), l, l->len + 1, new };
	}
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), by_words);
	for (size_t i = 0; i < out->count; i++) {
		struct share *s = &out->v[i];

		if (kept && same_words(&out->v[kept - 1], s)) {
			count_in(out, RECORD, s->bytes, s->new);
			free(s->signer);
		} else {
			count_in(out, s->kind, s->bytes, s->new);
			out->v[kept++] = *s;
		}
	}
	out->count = kept;
}

static int by_signer(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return strcmp(x->signer ? x->signer : "", y->signer ? y->signer : "");
}

static int is_full(size_t bytes, size_t lines)
{
	return bytes > SIGNER_BYTES || lines > SIGNER_LINES;
}

/* Is the line of whom it names? What came when there was no policy yet is
   anybody's. */
static int is_his(int *his, struct mv_push *push, const struct share *v,
		  struct mv_err *err)
{
	struct mv_signature signature;
	struct mv_buf payload, sig;
	struct mv_statement s;
	int rc;

	*his = 0;
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	rc = mv_statement_from_line(&s, &payload, &sig, v->line->s,
				    v->line->len, err);
	if (!rc) {
		rc = look_at_signature(&signature, push, &s, &payload, &sig,
				       err);
		if (!rc) {
			*his = is_signed_by(&signature, v->signer);
			mv_signature_release(&signature);
		}
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return rc ? rc : mv_hook_in_time(push, err);
}

/* What one signer has in the note, of which something is new. */
static int check_signer(struct mv_push *push, const char *object,
			const struct share *v, size_t count,
			struct mv_err *err)
{
	size_t bytes = 0, lines = 0, added = 0;
	int his, rc = 0;

	for (size_t i = 0; i < count; i++) {
		bytes += v[i].bytes;
		added += (size_t)v[i].new;
	}
	if (!added || !is_full(bytes, count))
		return 0;
	bytes = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		his = 1;
		if (push->gate.has_policy)
			rc = is_his(&his, push, &v[i], err);
		bytes += his ? v[i].bytes : 0;
		lines += (size_t)his;
	}
	if (!rc && is_full(bytes, lines))
		mv_hook_refuse(push, "note %.10s: more than %d statements or "
			       "%d KiB of %s: others need room, too", object,
			       SIGNER_LINES, SIGNER_BYTES >> 10, v->signer);
	return rc;
}

static int check_signers(struct mv_push *push, const char *object,
			 struct share *v, size_t count, struct mv_err *err)
{
	size_t next;
	int rc = 0;

	if (count)
		qsort(v, count, sizeof(*v), by_signer);
	for (size_t i = 0; !rc && i < count; i = next) {
		for (next = i; next < count && !by_signer(&v[next], &v[i]);
		     next++)
			;
		if (v[i].signer)
			rc = check_signer(push, object, v + i, next - i, err);
	}
	return rc;
}

/* Notes that had more before there were these limits get votes all the same. */
static void check_others(struct mv_push *push, const char *object,
			 const struct shares *s)
{
	if (s->added[RECORD] && (s->bytes[RECORD] > MV_NOTE_RECORDS ||
				 s->lines[RECORD] > MV_NOTE_RECORD_LINES))
		mv_hook_refuse(push, "note %.10s: records of more than %zu KiB "
			       "or %d lines; the rest of a note is kept for "
			       "votes", object, MV_NOTE_RECORDS >> 10,
			       MV_NOTE_RECORD_LINES);
	else if ((s->added[RECORD] || s->added[RECEIPT]) &&
		 (s->bytes[RECORD] + s->bytes[RECEIPT] > MV_NOTE_OTHERS ||
		  s->lines[RECORD] + s->lines[RECEIPT] > MV_NOTE_OTHER_LINES))
		mv_hook_refuse(push, "note %.10s: records and receipts of more "
			       "than %zu KiB or %d lines; the rest of a note "
			       "is kept for votes", object, MV_NOTE_OTHERS >> 10,
			       MV_NOTE_OTHER_LINES);
}

int mv_hook_check_room(struct mv_push *push, const char *object,
		       const struct mv_push_text *old,
		       const struct mv_push_text *text, struct mv_err *err)
{
	struct shares s = { .count = 0 };
	int rc;

	if (text->len <= SIGNER_BYTES && text->count <= SIGNER_LINES)
		return 0;
	s.v = calloc(text->count + 1, sizeof(*s.v));
	if (!s.v)
		return mv_nomem(err);
	add_up(&s, push, old, text);
	check_others(push, object, &s);
	rc = check_signers(push, object, s.v, s.count, err);
	for (size_t i = 0; i < s.count; i++)
		free(s.v[i].signer);
	free(s.v);
	return rc;
}

/* Nobody could read a note over the limits, so most of it was never there;
   but what somebody signed must be in what mends it. */
int mv_hook_must_stay(struct mv_push *push, const struct mv_push_note *note,
		      const struct mv_push_text *old,
		      const struct mv_push_line *line)
{
	struct mv_buf payload, sig;
	struct mv_statement s;
	int stays = 0;

	if (old->len <= MV_NOTE_MAX && old->count <= MV_NOTE_LINES)
		return 1;
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	if (!mv_statement_from_line(&s, &payload, &sig, line->s, line->len,
				    NULL)) {
		stays = hangs_on(note, push, &s.content, s.size);
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return stays;
}
