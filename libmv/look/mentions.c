/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/look/mentions.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

#define NOTES_MAX ((size_t)1 << 20)
#define LINES_MAX ((size_t)2000000)
#define MENTIONS_MAX ((size_t)2000000)
#define GROUPS 1024u		/* notes that are asked for at once */
#define MARK "sha256:"
#define MARK_LEN (sizeof(MARK) - 1)

struct line {
	uint32_t note, at;	/* where it begins in that */
};

struct mention {
	uint64_t key;		/* the beginning of the oid: a record that only
				   begins alike says nothing of ours */
	uint32_t line;
	uint32_t made;		/* it is what the record is about, or an output
				   of the run; else data or an input */
};

/* The pointer that a note is on; it may be nowhere: a folder's. */
struct about {
	int is_here;
	struct mv_pointer pointer;
};

struct mv_mentions {
	struct mv_repo *repo;
	int *truncated;			/* the caller's: there was too much */
	char *notes;			/* names of their blobs, and of what they
					   are on, NUL behind each */
	size_t note_count, note_alloc, name_size;
	struct line *lines;
	size_t line_count, line_alloc;
	struct mention *mentions;
	size_t mention_count, mention_alloc;
	struct mv_buf last;	/* the text of the note that was asked last, */
	size_t last_note;	/* and which that is, + 1, */
	struct about last_about;	/* and what it is on */
};

/* -- all lines, and who mentions what ------------------------------------- */

/* Where in a line: the keys at the two outermost depths. */
struct place {
	const char *key[2];	/* not terminated; NULL: none, or an array */
	size_t len[2];
	unsigned depth;
};

static int is_key(const struct place *p, unsigned depth, const char *key)
{
	return p->key[depth] && p->len[depth] == strlen(key) &&
	       !memcmp(p->key[depth], key, p->len[depth]);
}

/* 1: made; 0: used; -1: neither. `p` is that of a string. */
static int role_of(const struct place *p)
{
	if (p->depth == 1)
		return is_key(p, 0, "content") ? 1 : -1;
	if (is_key(p, 0, "data"))
		return 0;
	if (!is_key(p, 0, "run"))
		return -1;
	return is_key(p, 1, "outputs") ? 1 : is_key(p, 1, "inputs") ? 0 : -1;
}

static uint64_t mentions_key_of(const struct mv_oid *oid)
{
	uint64_t key;

	memcpy(&key, oid->b, sizeof(key));
	return key;
}

static int add_mention(struct mv_mentions *w, const struct mv_oid *oid,
		       int made,
		       struct mv_err *err)
{
	struct mention *m;

	if (w->mention_count == MENTIONS_MAX) {
		*w->truncated = 1;
		return 0;
	}
	if (MV_GROW(w->mentions, w->mention_alloc, w->mention_count + 1,
		    err) < 0)
		return MV_ENOMEM;
	m = &w->mentions[w->mention_count++];
	m->key = mentions_key_of(oid);
	m->line = (uint32_t)w->line_count;
	m->made = (uint32_t)made;
	return 0;
}

/* Behind the closing quote of the string that begins at p; `end` if none. */
static const char *string_end(const char *p, const char *end)
{
	while ((p = memchr(p, '"', (size_t)(end - p)))) {
		const char *back = p;

		while (back[-1] == '\\')	/* an opening quote comes first */
			back--;
		if ((p - back) % 2 == 0)
			return p + 1;
		p++;
	}
	return end;
}

static int add_mentions(struct mv_mentions *w, const char *p, const char *end,
			struct mv_err *err)
{
	struct place at = { { NULL, NULL }, { 0, 0 }, 0 };
	struct mv_oid oid;
	int rc = 0;

	while (!rc && p < end) {
		const char *s = p + 1;
		int role;

		if (*p == '{' || *p == '[')
			at.depth++;
		else if (*p == '}' || *p == ']')
			at.depth -= at.depth > 0;
		if (*p++ != '"')
			continue;
		p = string_end(p, end);
		if (p < end && *p == ':') {
			if (at.depth && at.depth <= 2) {
				at.key[at.depth - 1] = s;
				at.len[at.depth - 1] = (size_t)(p - 1 - s);
			}
			continue;
		}
		if ((size_t)(p - s) != MARK_LEN + MV_OID_HEX + 1 ||
		    memcmp(s, MARK, MARK_LEN) || (role = role_of(&at)) < 0 ||
		    mv_oid_parse(&oid, s + MARK_LEN, MV_OID_HEX))
			continue;
		rc = add_mention(w, &oid, role, err);
	}
	return rc;
}

static int add_lines(struct mv_mentions *w, size_t note, const char *data,
		     size_t len,
		     struct mv_err *err)
{
	const char *at = data, *end = data + len, *lf;
	int rc = 0;

	for (; !rc && at < end; at = lf + 1) {
		if (w->line_count == LINES_MAX) {
			*w->truncated = 1;
			break;
		}
		lf = memchr(at, '\n', (size_t)(end - at));
		if (!lf)
			lf = end;
		if (MV_GROW(w->lines, w->line_alloc, w->line_count + 1,
			    err) < 0)
			return MV_ENOMEM;
		w->lines[w->line_count] = (struct line){
			(uint32_t)note, (uint32_t)(at - data)
		};
		rc = add_mentions(w, at, lf, err);
		w->line_count++;
		if (lf == end)
			break;
	}
	return rc;
}

static const char *note_name(const struct mv_mentions *w, size_t note)
{
	return w->notes + 2 * note * w->name_size;
}

/* What it is on. */
static const char *note_object(const struct mv_mentions *w, size_t note)
{
	return note_name(w, note) + w->name_size;
}

static int note_blob(void *payload, const char *object, const char *blob,
		     struct mv_err *err)
{
	struct mv_mentions *w = payload;
	char *names;

	if (w->note_count == NOTES_MAX || strlen(blob) >= w->name_size ||
	    strlen(object) >= w->name_size) {
		*w->truncated = 1;
		return 0;
	}
	if (mv_grow(&w->notes, &w->note_alloc, w->note_count + 1,
		    2 * w->name_size, err) < 0)
		return MV_ENOMEM;
	names = w->notes + 2 * w->note_count++ * w->name_size;
	memcpy(names, blob, strlen(blob) + 1);
	memcpy(names + w->name_size, object, strlen(object) + 1);
	return 0;
}

struct batch {
	struct mv_mentions *w;
	size_t first;		/* the note that is its [0] */
};

static int note_text(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	const struct batch *b = payload;

	if (data)
		return add_lines(b->w, b->first + i, data, len, err);
	if (!*hex)
		return mv_fail(err, MV_ECORRUPT, "the note of '%s' cannot be "
			       "read; see git fsck", note_object(b->w, b->first
								 + i));
	*b->w->truncated = 1;		/* larger than a note may be */
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;

	return x->key != y->key ? (x->key > y->key) - (x->key < y->key) :
				  (x->line > y->line) - (x->line < y->line);
}

static int mentions_read_notes(struct mv_mentions *w, struct mv_err *err)
{
	const char *names[GROUPS];
	int rc;

	w->name_size = mv_git_info(w->repo->git)->hex_len + 1;
	rc = mv_git_notes_each(w->repo->git, MV_NOTES_REF, note_blob, w, err);
	if (rc == MV_ENOENT)
		rc = 0;
	for (size_t at = 0; !rc && at < w->note_count; at += GROUPS) {
		struct batch b = { w, at };
		size_t n = 0;

		for (; n < GROUPS && at + n < w->note_count; n++)
			names[n] = note_name(w, at + n);
		rc = mv_git_read_many(w->repo->git, names, n, MV_NOTE_MAX,
				      note_text, &b, err);
	}
	if (!rc && w->mention_count)
		qsort(w->mentions, w->mention_count, sizeof(*w->mentions),
		      by_key);
	return rc;
}

/* -- records that mention a content --------------------------------------- */

/* The mentions of some notes, those of each side by side. */
struct asked {
	const struct mv_mentions *w;
	const struct mention *first[GROUPS], *end[GROUPS];
	struct about about[GROUPS];
	unsigned made;
	mv_mention_fn fn;
	void *payload;
};

/* Does the record speak of what its note is on? Anybody can write a line into
   the note of another content. */
static int is_about(const struct asked *a, const struct mv_record *r,
		    const struct about *about, size_t note)
{
	return about->is_here ?
		mv_oid_eq(&about->pointer.oid, &r->content) :
		mv_subject_is_pointer_to(a->w->repo, note_object(a->w, note),
					 &r->content, r->size);
}

/* What cannot be read, is of another kind, or about another content, says
   nothing here. */
static int give_line(const struct asked *a, const struct about *about,
		     size_t note, const char *line, size_t len,
		     struct mv_err *err)
{
	struct mv_record r;
	int rc = 0;

	if (mv_record_parse(&r, line, len, NULL))
		return 0;
	if ((!strcmp(r.kind, "run") || !strcmp(r.kind, "evidence")) &&
	    is_about(a, &r, about, note))
		rc = a->fn(a->payload, &r, err);
	mv_record_release(&r);
	return rc;
}

static int give_note(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	const struct asked *a = payload;
	uint32_t last = UINT32_MAX;
	int rc = 0;

	(void)hex;
	for (const struct mention *m = a->first[i]; data && !rc &&
	     m < a->end[i]; m++) {
		const size_t at = a->w->lines[m->line].at;
		const char *line = (const char *)data + at, *lf;

		if (m->line == last || m->made != a->made || at >= len)
			continue;
		last = m->line;
		lf = memchr(line, '\n', len - at);
		rc = give_line(a, &a->about[i], a->w->lines[m->line].note,
			       line, lf ? (size_t)(lf - line) : len - at,
			       err);
	}
	return rc;
}

static int keep_about(void *payload, size_t i, const char *hex,
		      const void *data, size_t len, struct mv_err *err)
{
	struct about *about = (struct about *)payload + i;

	(void)hex;
	(void)err;
	about->is_here = data && !mv_pointer_parse(&about->pointer, data, len,
						   NULL);
	return 0;
}

static int keep_text(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mv_mentions *w = payload;

	if (i)
		return keep_about(&w->last_about, 0, hex,
				  len <= MV_POINTER_MAX ? data : NULL, len,
				  err);
	mv_buf_clear(&w->last);
	return data && mv_buf_add(&w->last, data, len) ? mv_nomem(err) : 0;
}

/*
 * A note that names ten thousand contents is asked once for each of them: the
 * last one is kept. It is taken away while it is read, because what reads it
 * may ask for others.
 */
static int give_one(struct asked *a, struct mv_mentions *w, size_t note,
		    struct mv_err *err)
{
	const char *names[] = { note_name(w, note), note_object(w, note) };
	struct mv_buf text;
	int rc = 0;

	if (w->last_note != note + 1) {
		w->last_note = 0;
		rc = mv_git_read_many(w->repo->git, names, 2, MV_NOTE_MAX,
				      keep_text, w, err);
	}
	if (rc)
		return rc;
	text = w->last;
	a->about[0] = w->last_about;
	w->last_note = 0;
	mv_buf_init(&w->last, MV_NOTE_MAX);
	rc = give_note(a, 0, "", text.data, text.len, err);
	mv_buf_release(&w->last);
	w->last = text;
	w->last_note = note + 1;
	return rc;
}

static size_t first_mention(const struct mv_mentions *w, uint64_t key)
{
	size_t lo = 0, hi = w->mention_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (w->mentions[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int mv_look_mentions_each(struct mv_mentions *w, const struct mv_oid *oid,
			  unsigned made, mv_mention_fn fn, void *payload,
			  struct mv_err *err)
{
	struct asked a = { .w = w, .made = made, .fn = fn, .payload = payload };
	const char *names[GROUPS], *objects[GROUPS];
	const uint64_t key = mentions_key_of(oid);
	const struct mention *m = w->mentions + first_mention(w, key);
	const struct mention *end = w->mentions + w->mention_count;
	int rc = 0;

	while (!rc && m < end && m->key == key) {
		size_t n = 0;

		for (; n < GROUPS && m < end && m->key == key; n++) {
			const uint32_t note = w->lines[m->line].note;

			a.first[n] = m;
			while (m < end && m->key == key &&
			       w->lines[m->line].note == note)
				m++;
			a.end[n] = m;
			names[n] = note_name(w, note);
			objects[n] = note_object(w, note);
		}
		if (n == 1)
			rc = give_one(&a, w, w->lines[a.first[0]->line].note,
				      err);
		else
			rc = mv_git_read_many(w->repo->git, objects, n,
					      MV_POINTER_MAX, keep_about,
					      a.about, err);
		if (!rc && n > 1)
			rc = mv_git_read_many(w->repo->git, names, n,
					      MV_NOTE_MAX, give_note, &a, err);
	}
	return rc;
}

int mv_look_mentions_read(struct mv_mentions **out, struct mv_repo *repo,
			  int *truncated, struct mv_err *err)
{
	struct mv_mentions *m = calloc(1, sizeof(*m));

	*out = m;
	if (!m)
		return mv_nomem(err);
	m->repo = repo;
	m->truncated = truncated;
	mv_buf_init(&m->last, MV_NOTE_MAX);
	return mentions_read_notes(m, err);
}

void mv_look_mentions_free(struct mv_mentions *m)
{
	if (!m)
		return;
	free(m->notes);
	free(m->lines);
	free(m->mentions);
	mv_buf_release(&m->last);
	free(m);
}
