/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/look/look.h"
#include "libmv/repo/files.h"
#include "libmv/repo/state.h"
#include "libmv/subject/subject.h"

/*
 * Lineage goes by content ids, so that neither renames nor branches matter.
 * All notes are read, but only the lines that mention a content which was
 * reached are parsed: a scan that knows no more of JSON than strings and
 * depth notes who is mentioned where. What it gets wrong in a malformed line
 * does not matter, because that will not be parsed either. Of the text nothing
 * is kept: a note that is needed again is read again.
 * From what was asked for the walk goes up (what it was made of) and down
 * (what was made of it), never up and down again: that would be everything
 * that ever shared a data set.
 */
#define NODES_MAX 10000u
#define EDGES_MAX 100000u
#define NOTES_MAX ((size_t)1 << 20)
#define LINES_MAX ((size_t)2000000)
#define MENTIONS_MAX ((size_t)2000000)
#define GROUPS 1024u		/* notes that are asked for at once */
#define MARK "sha256:"
#define MARK_LEN (sizeof(MARK) - 1)

enum direction { UP = 1, DOWN = 2 };

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

/* What is known of a node besides what is shown. */
struct extra {
	struct mv_oid oid;
	int has_oid;
	unsigned seen;		/* directions it was reached in */
	int made, used;		/* by something, in something */
	int by_run;		/* a run that made it is recorded */
	int named;		/* its label is the best there is */
};

struct step {
	size_t node;
	enum direction direction;
};

/* The pointer that a note is on; it may be nowhere: a folder's. */
struct about {
	int is_here;
	struct mv_pointer pointer;
};

struct walk {
	struct mv_repo *repo;
	struct mv_lineage *out;
	char *notes;			/* names of their blobs, and of what they
					   are on, NUL behind each */
	size_t note_count, note_alloc, name_size;
	struct line *lines;
	size_t line_count, line_alloc;
	struct mention *mentions;
	size_t mention_count, mention_alloc;
	struct extra *extras;
	size_t node_alloc, edge_alloc;
	size_t *table;		/* node + 1 by hash of id */
	size_t table_size;
	struct step *steps;
	size_t step_count, step_alloc, step_at;
	struct mv_buf last;	/* the text of the note that was asked last, */
	size_t last_note;	/* and which that is, + 1, */
	struct about last_about;	/* and what it is on */
};

/* -- all lines, and who mentions what -- */

/* The list with room for one more than `count`; NULL: no memory, and the old
   one is as it was. */
static void *room(void *v, size_t *alloc, size_t count, size_t size)
{
	size_t wanted = *alloc ? 2 * *alloc : 64;
	void *grown;

	if (count < *alloc)
		return v;
	grown = realloc(v, wanted * size);
	if (grown)
		*alloc = wanted;
	return grown;
}

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

static uint64_t key_of(const struct mv_oid *oid)
{
	uint64_t key;

	memcpy(&key, oid->b, sizeof(key));
	return key;
}

static int add_mention(struct walk *w, const struct mv_oid *oid, int made,
		       struct mv_err *err)
{
	struct mention *m;

	if (w->mention_count == MENTIONS_MAX) {
		w->out->truncated = 1;
		return 0;
	}
	m = room(w->mentions, &w->mention_alloc, w->mention_count, sizeof(*m));
	if (!m)
		return mv_nomem(err);
	w->mentions = m;
	m += w->mention_count++;
	m->key = key_of(oid);
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

static int add_mentions(struct walk *w, const char *p, const char *end,
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

static int add_lines(struct walk *w, size_t note, const char *data, size_t len,
		     struct mv_err *err)
{
	const char *at = data, *end = data + len, *lf;
	int rc = 0;

	for (; !rc && at < end; at = lf + 1) {
		struct line *lines;

		if (w->line_count == LINES_MAX) {
			w->out->truncated = 1;
			break;
		}
		lf = memchr(at, '\n', (size_t)(end - at));
		if (!lf)
			lf = end;
		lines = room(w->lines, &w->line_alloc, w->line_count,
			     sizeof(*lines));
		if (!lines)
			return mv_nomem(err);
		w->lines = lines;
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

static const char *note_name(const struct walk *w, size_t note)
{
	return w->notes + 2 * note * w->name_size;
}

/* What it is on. */
static const char *note_object(const struct walk *w, size_t note)
{
	return note_name(w, note) + w->name_size;
}

static int note_blob(void *payload, const char *object, const char *blob,
		     struct mv_err *err)
{
	struct walk *w = payload;
	char *names;

	if (w->note_count == NOTES_MAX || strlen(blob) >= w->name_size ||
	    strlen(object) >= w->name_size) {
		w->out->truncated = 1;
		return 0;
	}
	names = room(w->notes, &w->note_alloc, w->note_count,
		     2 * w->name_size);
	if (!names)
		return mv_nomem(err);
	w->notes = names;
	names += 2 * w->note_count++ * w->name_size;
	memcpy(names, blob, strlen(blob) + 1);
	memcpy(names + w->name_size, object, strlen(object) + 1);
	return 0;
}

struct batch {
	struct walk *w;
	size_t first;		/* the note that is its [0] */
};

static int note_text(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	const struct batch *b = payload;

	(void)hex;
	return data ? add_lines(b->w, b->first + i, data, len, err) : 0;
}

static int by_key(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;

	return x->key != y->key ? (x->key > y->key) - (x->key < y->key) :
				  (x->line > y->line) - (x->line < y->line);
}

static int read_notes(struct walk *w, struct mv_err *err)
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

/* -- records that mention a content -- */

typedef int (*record_fn)(void *payload, const struct mv_record *r,
			 struct mv_err *err);

/* The mentions of some notes, those of each side by side. */
struct asked {
	const struct walk *w;
	const struct mention *first[GROUPS], *end[GROUPS];
	struct about about[GROUPS];
	unsigned made;
	record_fn fn;
	void *payload;
};

/* Does the record speak of what its note is on? Anybody can write a line into
   the note of another content. */
static int is_about(const struct asked *a, const struct mv_record *r,
		    const struct about *about, size_t note)
{
	return about->is_here ?
		mv_oid_eq(&about->pointer.oid, &r->content) :
		mv_repo_is_pointer_to(a->w->repo, note_object(a->w, note),
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
	struct walk *w = payload;

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
static int give_one(struct asked *a, struct walk *w, size_t note,
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

static size_t first_mention(const struct walk *w, uint64_t key)
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

/*
 * Each record that mentions it as made, or as used, and some that mention what
 * begins like it; `fn` stops with what is not 0, which is returned.
 */
static int each_record(struct walk *w, const struct mv_oid *oid, unsigned made,
		       record_fn fn, void *payload, struct mv_err *err)
{
	struct asked a = { .w = w, .made = made, .fn = fn, .payload = payload };
	const char *names[GROUPS], *objects[GROUPS];
	const uint64_t key = key_of(oid);
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

/* -- nodes and edges -- */

static size_t slot_of(const struct walk *w, const char *id)
{
	size_t i = (size_t)mv_checksum64(id, strlen(id), 0) %
		   w->table_size;

	while (w->table[i] &&
	       strcmp(w->out->nodes[w->table[i] - 1].id, id))
		i = (i + 1) % w->table_size;
	return i;
}

/* The node of this id, made when there is none; MV_ENOENT: there are as many
   as we show. */
static int node_of(size_t *out, struct walk *w, enum mv_node_kind kind,
		   const char *id, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	size_t slot = slot_of(w, id);
	struct mv_node *node;

	if (w->table[slot]) {
		*out = w->table[slot] - 1;
		return 0;
	}
	if (l->node_count == NODES_MAX) {
		l->truncated = 1;
		return MV_ENOENT;
	}
	node = &l->nodes[l->node_count];
	memset(node, 0, sizeof(*node));
	memset(&w->extras[l->node_count], 0, sizeof(*w->extras));
	node->kind = kind;
	node->id = strdup(id);
	if (!node->id)
		return mv_nomem(err);
	*out = l->node_count++;
	w->table[slot] = l->node_count;
	return 0;
}

static int set_label(struct walk *w, size_t i, const char *label,
		     struct mv_err *err)
{
	struct mv_node *node = &w->out->nodes[i];

	if (node->label || !label || !*label)
		return 0;
	node->label = strdup(label);
	return node->label ? 0 : mv_nomem(err);
}

static int content_node(size_t *out, struct walk *w, const struct mv_oid *oid,
			const char *label, struct mv_err *err)
{
	char id[MARK_LEN + MV_OID_HEX + 1] = MARK;
	int rc;

	mv_oid_hex(id + MARK_LEN, oid);
	rc = node_of(out, w, MV_NODE_CONTENT, id, err);
	if (rc)
		return rc;
	w->extras[*out].oid = *oid;
	w->extras[*out].has_oid = 1;
	return set_label(w, *out, label, err);
}

/* MV_ENOENT: it names nothing that can be followed, or there are too many. */
static int ref_node(size_t *out, struct walk *w, const struct mv_ref *ref,
		    struct mv_err *err)
{
	const char *label = ref->name ? ref->name : ref->path;
	int rc;

	if (ref->has_oid)
		return content_node(out, w, &ref->oid, label, err);
	if (!ref->digest)
		return MV_ENOENT;
	rc = node_of(out, w, MV_NODE_CONTENT, ref->digest, err);
	return rc ? rc : set_label(w, *out, label, err);
}

static int add_edge(struct walk *w, size_t from, size_t to,
		    const char *label, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	struct mv_edge *e;

	if (l->edge_count == EDGES_MAX) {
		l->truncated = 1;
		return 0;
	}
	e = room(l->edges, &w->edge_alloc, l->edge_count, sizeof(*e));
	if (!e)
		return mv_nomem(err);
	l->edges = e;
	e += l->edge_count;
	e->from = from;
	e->to = to;
	e->label = strdup(label);
	if (!e->label)
		return mv_nomem(err);
	l->edge_count++;
	w->extras[from].used = 1;
	w->extras[to].made = 1;
	return 0;
}

static int go(struct walk *w, size_t node, enum direction direction,
	      struct mv_err *err)
{
	struct extra *x = &w->extras[node];
	struct step *steps;

	if (!x->has_oid || x->seen & direction)
		return 0;
	steps = room(w->steps, &w->step_alloc, w->step_count, sizeof(*steps));
	if (!steps)
		return mv_nomem(err);
	w->steps = steps;
	x->seen |= direction;
	w->steps[w->step_count++] = (struct step){ node, direction };
	return 0;
}

/* -- what a record says -- */

static int has_oid(const struct mv_refs *refs, const struct mv_oid *oid)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->v[i].has_oid && mv_oid_eq(&refs->v[i].oid, oid))
			return 1;
	return 0;
}

/* A run that names no outputs was recorded on what it made. */
static int is_output(const struct mv_record *r, const struct mv_oid *oid)
{
	if (has_oid(&r->run.outputs, oid))
		return 1;
	return !r->run.outputs.count && mv_oid_eq(&r->content, oid) &&
	       !has_oid(&r->run.inputs, oid);
}

static int run_label(struct walk *w, size_t node,
		     const struct mv_execution *run, struct mv_err *err)
{
	struct mv_buf text;
	int rc = 0;

	if (run->name || w->out->nodes[node].label)
		return set_label(w, node, run->name, err);
	mv_buf_init(&text, MV_RECORD_MAX);
	for (size_t i = 0; !rc && run->command[i] && text.len < 80; i++)
		rc = mv_buf_addf(&text, "%s%s", i ? " " : "",
				 run->command[i]);
	rc = rc ? mv_nomem(err) : set_label(w, node, text.data, err);
	mv_buf_release(&text);
	return rc;
}

static int run_node(size_t *out, struct walk *w, const struct mv_record *r,
		    struct mv_err *err)
{
	const char *id = r->run.id ? r->run.id : r->id;
	int rc = id ? node_of(out, w, MV_NODE_RUN, id, err) : MV_ENOENT;

	return rc ? rc : run_label(w, *out, &r->run, err);
}

static int code_of(struct walk *w, size_t node, const struct mv_record *r,
		   struct mv_err *err)
{
	size_t code;
	int rc;

	if (!r->commit)
		return 0;
	rc = node_of(&code, w, MV_NODE_COMMIT, r->commit, err);
	return rc ? rc : add_edge(w, code, node, "code", err);
}

/* Each of the refs as an edge to, or from, the node, and on from there. */
static int follow(struct walk *w, size_t node, const struct mv_refs *refs,
		  enum direction direction, const char *label,
		  struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < refs->count; i++) {
		const char *role = refs->v[i].role;
		size_t other;

		rc = ref_node(&other, w, &refs->v[i], err);
		if (rc == MV_ENOENT) {
			rc = 0;
			continue;
		}
		if (!rc)
			rc = add_edge(w, direction == UP ? other : node,
				      direction == UP ? node : other,
				      role && *role ? role : label, err);
		if (!rc)
			rc = go(w, other, direction, err);
	}
	return rc;
}

static int run_up(struct walk *w, size_t node, const struct mv_record *r,
		  struct mv_err *err)
{
	size_t run;
	int rc = run_node(&run, w, r, err);

	if (!rc)
		rc = add_edge(w, run, node, "output", err);
	if (!rc)
		rc = follow(w, run, &r->run.inputs, UP, "input", err);
	return rc ? rc : code_of(w, run, r, err);
}

static int run_down(struct walk *w, size_t node, const struct mv_record *r,
		    struct mv_err *err)
{
	size_t run, other;
	int rc = run_node(&run, w, r, err);

	if (!rc)
		rc = add_edge(w, node, run, "input", err);
	if (!rc)
		rc = follow(w, run, &r->run.outputs, DOWN, "output", err);
	if (rc || !is_output(r, &r->content) || r->run.outputs.count)
		return rc;
	rc = content_node(&other, w, &r->content, r->path, err);
	if (!rc)
		rc = add_edge(w, run, other, "output", err);
	return rc ? rc : go(w, other, DOWN, err);
}

static int says_how_made(const struct mv_record *r)
{
	return r->params.count || r->metrics.count || r->data.count;
}

static int up(struct walk *w, size_t node, const struct mv_record *r,
	      struct mv_err *err)
{
	const struct mv_oid oid = w->extras[node].oid;
	int rc = 0;

	if (mv_oid_eq(&r->content, &oid)) {
		rc = set_label(w, node, r->artifact ? r->artifact : r->path,
			       err);
		if (!rc)
			rc = follow(w, node, &r->data, UP, "data", err);
		/* A run knows the commit better than who measured later. */
		if (!rc && !w->extras[node].by_run && says_how_made(r))
			rc = code_of(w, node, r, err);
	}
	if (!rc && r->run.command && is_output(r, &oid))
		rc = run_up(w, node, r, err);
	return rc;
}

static int down(struct walk *w, size_t node, const struct mv_record *r,
		struct mv_err *err)
{
	const struct mv_oid oid = w->extras[node].oid;
	const char *label = r->artifact ? r->artifact : r->path;
	const char *role = "data";
	size_t other;
	int rc = 0;

	for (size_t i = 0; i < r->data.count; i++)
		if (r->data.v[i].has_oid && mv_oid_eq(&r->data.v[i].oid, &oid) &&
		    r->data.v[i].role && *r->data.v[i].role)
			role = r->data.v[i].role;
	if (has_oid(&r->data, &oid) && !mv_oid_eq(&r->content, &oid)) {
		rc = content_node(&other, w, &r->content, label, err);
		if (!rc)
			rc = add_edge(w, node, other, role, err);
		if (!rc)
			rc = go(w, other, DOWN, err);
	}
	if (!rc && r->run.command && has_oid(&r->run.inputs, &oid))
		rc = run_down(w, node, r, err);
	return rc;
}

static int is_full(const struct walk *w)
{
	return w->out->truncated && w->out->node_count == NODES_MAX;
}

struct taking {
	struct walk *w;
	const struct step *step;
};

/* 1: a run that made it is recorded. */
static int is_run_made(void *payload, const struct mv_record *r,
		       struct mv_err *err)
{
	const struct taking *t = payload;

	(void)err;
	return r->run.command && is_output(r, &t->w->extras[t->step->node].oid);
}

static int take_record(void *payload, const struct mv_record *r,
		       struct mv_err *err)
{
	const struct taking *t = payload;
	const int rc = t->step->direction == UP ?
		       up(t->w, t->step->node, r, err) :
		       down(t->w, t->step->node, r, err);

	/* A run without an id. */
	return rc == MV_ENOENT && !is_full(t->w) ? 0 : rc;
}

/* MV_ENOENT: there is no room for more. */
static int take_step(struct walk *w, const struct step *s, struct mv_err *err)
{
	const struct mv_oid oid = w->extras[s->node].oid;
	struct taking t = { w, s };
	int rc = 0;

	if (s->direction == UP) {
		rc = each_record(w, &oid, 1, is_run_made, &t, err);
		w->extras[s->node].by_run = rc > 0;
	}
	return rc < 0 ? rc : each_record(w, &oid, s->direction == UP,
					 take_record, &t, err);
}

/* -- names -- */

struct naming {
	struct walk *w;
	const struct mv_project *project;
};

static int name_file(void *payload, const struct mv_file *file,
		     struct mv_err *err)
{
	struct naming *n = payload;
	char id[MARK_LEN + MV_OID_HEX + 1] = MARK;
	const struct mv_artifact *a;
	struct mv_node *node;
	char *label;
	size_t slot;

	if (file->state == MV_FILE_CONFLICT || file->state == MV_FILE_RAW)
		return 0;
	mv_oid_hex(id + MARK_LEN, &file->pointer.oid);
	slot = slot_of(n->w, id);
	if (!n->w->table[slot])
		return 0;
	node = &n->w->out->nodes[n->w->table[slot] - 1];
	a = mv_project_by_path(n->project, file->path);
	if (a && a->type && !node->role)
		node->role = strdup(a->type);
	if (n->w->extras[n->w->table[slot] - 1].named)
		return 0;
	n->w->extras[n->w->table[slot] - 1].named = 1;
	label = strdup(a && !strcmp(a->path, file->path) ? a->name :
							   file->path);
	if (!label)
		return mv_nomem(err);
	free(node->label);
	node->label = label;
	return 0;
}

struct commits {
	struct walk *w;
	size_t *nodes;
};

static int name_commit(void *payload, size_t i,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct commits *c = payload;
	char *line;
	int rc;

	if (!info || !info->message)
		return 0;
	line = strndup(info->message, strcspn(info->message, "\n"));
	rc = line ? set_label(c->w, c->nodes[i], line, err) : mv_nomem(err);
	free(line);
	return rc;
}

static int name_commits(struct walk *w, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	const char **names = calloc(l->node_count + 1, sizeof(*names));
	struct commits c = { w, calloc(l->node_count + 1, sizeof(size_t)) };
	size_t n = 0;
	int rc = names && c.nodes ? 0 : mv_nomem(err);

	for (size_t i = 0; !rc && i < l->node_count; i++)
		if (l->nodes[i].kind == MV_NODE_COMMIT) {
			c.nodes[n] = i;
			names[n++] = l->nodes[i].id;
		}
	if (!rc && n)
		rc = mv_git_objects(w->repo->git, names, n, name_commit, &c,
				    err);
	free(names);
	free(c.nodes);
	return rc;
}

/* What nobody named is known by the beginning of its id. */
static int finish_nodes(struct walk *w, struct mv_err *err)
{
	struct mv_lineage *l = w->out;
	char text[13];

	for (size_t i = 0; i < l->node_count; i++) {
		struct mv_node *node = &l->nodes[i];
		const char *id = node->id;

		if (!strncmp(id, MARK, MARK_LEN))
			id += MARK_LEN;
		snprintf(text, sizeof(text), "%s", id);
		if (set_label(w, i, text, err))
			return MV_ENOMEM;
		if (node->role || node->kind != MV_NODE_CONTENT)
			continue;
		node->role = strdup(w->extras[i].made || !w->extras[i].used ?
				    "model" : "data");
		if (!node->role)
			return mv_nomem(err);
	}
	return 0;
}

static int name_nodes(struct walk *w, struct mv_err *err)
{
	struct mv_project project = { 0 };
	struct naming n = { w, &project };
	char head[65];
	int rc;

	/* A project file that cannot be read costs the names only. */
	if (mv_repo_project(&project, w->repo, NULL, NULL))
		memset(&project, 0, sizeof(project));
	rc = mv_repo_ls(w->repo, NULL, name_file, &n, err);
	if (!rc && !mv_git_commit(head, w->repo->git, "HEAD", NULL))
		rc = mv_repo_ls(w->repo, "HEAD", name_file, &n, err);
	if (!rc)
		rc = name_commits(w, err);
	mv_project_release(&project);
	return rc ? rc : finish_nodes(w, err);
}

/* -- all together -- */

static int by_ends(const void *a, const void *b)
{
	const struct mv_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return strcmp(x->label, y->label);
}

/* Several records may say the same. */
static void sort_edges(struct mv_lineage *l)
{
	size_t kept = 0;

	if (l->edge_count)
		qsort(l->edges, l->edge_count, sizeof(*l->edges), by_ends);
	for (size_t i = 0; i < l->edge_count; i++)
		if (kept && !by_ends(&l->edges[kept - 1], &l->edges[i]))
			free(l->edges[i].label);
		else
			l->edges[kept++] = l->edges[i];
	l->edge_count = kept;
}

static int prepare(struct walk *w, struct mv_err *err)
{
	w->table_size = 4 * NODES_MAX + 1;
	w->table = calloc(w->table_size, sizeof(*w->table));
	w->extras = calloc(NODES_MAX, sizeof(*w->extras));
	w->out->nodes = calloc(NODES_MAX, sizeof(*w->out->nodes));
	return w->table && w->extras && w->out->nodes ? 0 : mv_nomem(err);
}

static void walk_release(struct walk *w)
{
	free(w->notes);
	free(w->lines);
	free(w->mentions);
	free(w->extras);
	free(w->table);
	free(w->steps);
	mv_buf_release(&w->last);
}

int mv_repo_lineage(struct mv_lineage *out, struct mv_repo *repo,
		    const char *spec, struct mv_err *err)
{
	struct walk w = { .repo = repo, .out = out };
	struct mv_subject subject = { 0 };
	size_t first;
	int rc;

	mv_buf_init(&w.last, MV_NOTE_MAX);
	memset(out, 0, sizeof(*out));
	rc = mv_repo_subject(&subject, repo, spec, err);
	if (!rc)
		rc = prepare(&w, err);
	if (!rc)
		rc = read_notes(&w, err);
	if (!rc)
		rc = content_node(&first, &w, &subject.pointer.oid,
				  subject.artifact ? subject.artifact :
				  subject.path, err);
	if (!rc)
		rc = go(&w, first, UP, err);
	if (!rc)
		rc = go(&w, first, DOWN, err);
	while (!rc && w.step_at < w.step_count) {
		struct step s = w.steps[w.step_at++];

		rc = take_step(&w, &s, err);
	}
	if (rc == MV_ENOENT && is_full(&w))
		rc = 0;
	if (!rc) {
		/* Its own name is that by which it was asked for. */
		w.extras[first].named = subject.artifact || subject.path;
		rc = name_nodes(&w, err);
	}
	sort_edges(out);
	mv_subject_release(&subject);
	walk_release(&w);
	if (rc)
		mv_lineage_release(out);
	return rc;
}
