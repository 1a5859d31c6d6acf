/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"

/*
 * A notes tree holds a blob for each object, under the object's name, of
 * which two digits at a time may be folders: "ab/cd/ef...". How many is the
 * note's depth; different depths in one tree are legal. Where a note stands
 * is therefore the object and the depth, and nothing else. Anything that is
 * no note is an error: git would carry along "abc/def..", which no reader
 * finds, and with it lines that were taken away from where they counted. See
 * docs/design/notes.md.
 */
#define FAN 256			/* entries of a tree before it fans out */
#define TREE_MAX ((size_t)512 << 20)
#define NOTES_MAX ((size_t)4 << 20)
#define LINE_MAX_BYTES (1 << 16)

struct slot {
	uint8_t oid[32];
	size_t i;		/* in the caller's list */
	uint32_t at;		/* a bit for each depth where a note is */
	unsigned depth;		/* where a new one belongs */
};

struct hit {
	size_t i;		/* in the caller's list */
	unsigned depth;
	uint8_t blob[32];
};

struct search {
	struct mv_git *git;
	size_t oid_len;
	struct slot *slot;	/* by oid, then i */
	size_t count;
	struct hit *hit;
	size_t hit_count, hit_alloc;
	int loose;		/* what is no note is passed over; 2: but links */
};

static int git_notes_by_oid(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;
	int c = memcmp(x->oid, y->oid, sizeof(x->oid));

	return c ? c : (x->i > y->i) - (x->i < y->i);
}

static int by_place(const void *a, const void *b)
{
	const struct hit *x = a;
	const struct hit *y = b;

	if (x->i != y->i)
		return x->i < y->i ? -1 : 1;
	return (x->depth > y->depth) - (x->depth < y->depth);
}

/* -- names in a notes tree ------------------------------------------------ */

enum kind {
	KIND_NOTE, KIND_FOLDER, KIND_OTHER,
	KIND_LINK		/* a link with the name of a note */
};

/* `oid` has the bytes of the folders above, and gets those of the name. */
static enum kind classify(uint8_t *oid, unsigned depth, size_t oid_len,
			  const struct mv_git_tree_entry *e)
{
	const size_t left = oid_len - depth;
	const unsigned type = e->mode & 0170000;
	size_t n = strnlen(e->name, 65);

	if ((n != 2 && n != 2 * left) || !mv_is_hex(e->name, n))
		return KIND_OTHER;
	mv_unhex(oid + depth, e->name, n / 2);
	if (n == 2 * left && type == 0100000)
		return KIND_NOTE;
	if (n == 2 * left && type == 0120000)
		return KIND_LINK;
	return n == 2 && n != 2 * left && type == 0040000 ? KIND_FOLDER :
							    KIND_OTHER;
}

int mv_git_notes_odd(struct mv_err *err, const char *path)
{
	return mv_fail(err, MV_ECORRUPT, "'%.200s' among the notes is no note, "
		       "so none of them is believed; git model fsck --repair "
		       "takes it out, and git model push then mends the "
		       "remote", path);
}

/* Of an entry below the folders that the first bytes of `oid` name. */
static int odd_entry(const uint8_t *oid, unsigned depth, const char *name,
		     struct mv_err *err)
{
	char path[96 + 256];
	size_t n = 0;

	for (unsigned i = 0; i < depth; i++, n += 3)
		snprintf(path + n, sizeof(path) - n, "%02x/", oid[i]);
	snprintf(path + n, sizeof(path) - n, "%s", name);
	return mv_git_notes_odd(err, path);
}

/* The note's path, "ab/cd/ef..."; `path` has room for 96. */
static void print_path(char *path, const char *hex, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		*path++ = *hex++;
		*path++ = *hex++;
		*path++ = '/';
	}
	memcpy(path, hex, strlen(hex) + 1);
}

/* -- finding notes -------------------------------------------------------- */

/* First slot of [lo, hi), all alike before, whose byte is not below `b`. */
static size_t lower(const struct search *s, size_t lo, size_t hi,
		    unsigned depth, unsigned b)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->slot[mid].oid[depth] < b)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int add_hit(struct search *s, struct slot *slot, unsigned depth,
		   const uint8_t *blob, struct mv_err *err)
{
	if (slot->at & 1u << depth)
		return 0;
	if (MV_GROW(s->hit, s->hit_alloc, s->hit_count + 1, err) < 0)
		return MV_ENOMEM;
	slot->at |= 1u << depth;
	s->hit[s->hit_count].i = slot->i;
	s->hit[s->hit_count].depth = depth;
	memcpy(s->hit[s->hit_count++].blob, blob, s->oid_len);
	return 0;
}

static int add_hits(struct search *s, size_t lo, size_t hi, unsigned depth,
		    const uint8_t *oid, const uint8_t *blob,
		    struct mv_err *err)
{
	int rc = 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(s->slot[mid].oid, oid, s->oid_len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; !rc && lo < s->count &&
	     !memcmp(s->slot[lo].oid, oid, s->oid_len); lo++)
		rc = add_hit(s, &s->slot[lo], depth, blob, err);
	return rc;
}

/* Without a tree: deeper only as far as this many need it. */
static void choose_new(struct search *s, size_t lo, size_t hi, unsigned depth)
{
	if (hi - lo > FAN && depth + 1 < s->oid_len) {
		while (lo < hi) {
			size_t next = lower(s, lo, hi, depth,
					    s->slot[lo].oid[depth] + 1u);

			choose_new(s, lo, next, depth + 1);
			lo = next;
		}
	}
	for (; lo < hi; lo++)
		s->slot[lo].depth = depth;
}

/* What one tree says about the slots of a range. */
struct level {
	size_t lo, hi;
	unsigned depth;
	size_t notes, folders;
	uint8_t taken[256];	/* by a folder */
};

/* Slots for which there is no folder yet: below a new one, or here. */
static void notes_choose(struct search *s, const struct level *l)
{
	const int fan = (l->folders || l->notes + (l->hi - l->lo) > FAN) &&
			l->depth + 1 < s->oid_len;
	size_t lo = l->lo;

	while (lo < l->hi) {
		const unsigned b = s->slot[lo].oid[l->depth];
		size_t next = lower(s, lo, l->hi, l->depth, b + 1);

		if (!l->taken[b] && fan)
			choose_new(s, lo, next, l->depth + 1);
		for (; lo < next; lo++)
			if (!fan)
				s->slot[lo].depth = l->depth;
	}
}

static int search_tree(struct search *s, const char *tree, unsigned depth,
		       size_t lo, size_t hi, struct mv_err *err);

static int search_entry(struct search *s, struct level *l,
			const struct mv_git_tree_entry *e, uint8_t *oid,
			struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	unsigned b;
	size_t from, to;

	switch (classify(oid, l->depth, s->oid_len, e)) {
	case KIND_LINK:
		if (s->loose < 2)
			break;
		/* fall through */
	case KIND_NOTE:
		l->notes++;
		return add_hits(s, l->lo, l->hi, l->depth, oid, e->oid, err);
	case KIND_FOLDER:
		l->folders++;
		b = oid[l->depth];
		from = lower(s, l->lo, l->hi, l->depth, b);
		to = lower(s, from, l->hi, l->depth, b + 1);
		/* Twice the same name is damage; git takes one, too. */
		if (l->taken[b] || from == to)
			return 0;
		l->taken[b] = 1;
		mv_hex(hex, e->oid, s->oid_len);
		return search_tree(s, hex, l->depth + 1, from, to, err);
	case KIND_OTHER:
		break;
	}
	return s->loose ? 0 : odd_entry(oid, l->depth, e->name, err);
}

/* The slots of [lo, hi) have the same first `depth` bytes: the tree's. */
static int search_tree(struct search *s, const char *tree, unsigned depth,
		       size_t lo, size_t hi, struct mv_err *err)
{
	struct level l = { .lo = lo, .hi = hi, .depth = depth };
	const char *p, *end;
	struct mv_buf data;
	uint8_t oid[32];
	int rc;

	memcpy(oid, s->slot[lo].oid, sizeof(oid));
	mv_buf_init(&data, TREE_MAX);
	rc = mv_git_tree(s->git, tree, &data, err);
	p = data.data;
	end = p + data.len;
	while (!rc && p < end) {
		struct mv_git_tree_entry e = { 0 };

		if (mv_git_parse_tree(&e, &p, end, s->oid_len))
			rc = mv_fail(err, MV_ECORRUPT, "tree '%s' of the "
				     "notes is damaged", tree);
		else
			rc = search_entry(s, &l, &e, oid, err);
	}
	if (!rc)
		notes_choose(s, &l);
	mv_buf_release(&data);
	return rc;
}

static void search_release(struct search *s)
{
	free(s->slot);
	free(s->hit);
}

/* `object` is one of `count`, `stride` bytes apart. */
static int search_init(struct search *s, struct mv_git *git,
		       const void *object, size_t stride, size_t count,
		       struct mv_err *err)
{
	memset(s, 0, sizeof(*s));
	s->git = git;
	s->oid_len = git->info.hex_len / 2;
	s->count = count;
	/* As many trees as that will be read, one by one. */
	if (count > MV_GIT_PATIENCE && git->reads < MV_GIT_PATIENCE)
		git->reads = MV_GIT_PATIENCE;
	s->slot = calloc(count ? count : 1, sizeof(*s->slot));
	if (!s->slot)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++) {
		const char *hex = *(const char *const *)
			((const char *)object + i * stride);

		if (!mv_is_hex(hex, git->info.hex_len))
			return mv_fail(err, MV_EINVALID, "'%s' is not the "
				       "full name of an object", hex);
		mv_unhex(s->slot[i].oid, hex, s->oid_len);
		s->slot[i].i = i;
	}
	qsort(s->slot, count, sizeof(*s->slot), git_notes_by_oid);
	return 0;
}

/* Tree of a ref or commit. MV_ENOENT: no such ref. */
static int find_tree(char *tree, struct mv_git *git, const char *ref,
		     struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX] = "";
	char spec[MV_GIT_HEX_MAX + 8];
	char type[8];
	int rc = 0;

	if (mv_is_hex(ref, git->info.hex_len))
		memcpy(hex, ref, git->info.hex_len + 1);
	else
		rc = mv_git_ref_get(hex, git, ref, err);
	if (rc)
		return rc;
	snprintf(spec, sizeof(spec), "%s^{tree}", hex);
	rc = mv_git_batch_name(git, tree, type, spec, err);
	if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_ECORRUPT, "'%s' cannot be read, or is "
			     "not a commit", ref);
	return rc;
}

/* -- reading -------------------------------------------------------------- */

struct reader {
	const char *const *objects;
	const struct hit *hit;
	size_t hit_count;
	size_t next;		/* object to be given next */
	size_t max_len;
	struct mv_buf text;	/* of notes at several depths */
	mv_git_data_fn fn;
	void *payload;
};

/* Objects without a note, up to `end`. */
static int give_none(struct reader *r, size_t end, struct mv_err *err)
{
	int rc = 0;

	for (; !rc && r->next < end; r->next++)
		rc = r->fn(r->payload, r->next, r->objects[r->next], NULL, 0,
			   err);
	return rc;
}

static int too_large(const char *object, size_t max_len, struct mv_err *err)
{
	return mv_fail(err, MV_ENOMEM, "the note of '%s' has more than %zu "
		       "bytes", object, max_len);
}

/* More of one text; each part ends with its own line. */
static int notes_join(struct reader *r, const struct mv_git_answer *a,
		      struct mv_err *err)
{
	struct mv_buf *t = &r->text;

	if ((t->len && t->data[t->len - 1] != '\n' && mv_buf_addch(t, '\n')) ||
	    mv_buf_add(t, a->data, (size_t)a->size))
		return too_large(r->objects[r->next], r->max_len, err);
	return 0;
}

static int take_note(void *payload, size_t k, const struct mv_git_answer *a,
		     struct mv_err *err)
{
	struct reader *r = payload;
	const size_t i = r->hit[k].i;
	const char *object = r->objects[i];
	const int first = !k || r->hit[k - 1].i != i;
	const int last = k + 1 == r->hit_count || r->hit[k + 1].i != i;
	int rc = give_none(r, i, err);

	if (rc)
		return rc;
	if (!a->data && !strcmp(a->type, "blob"))
		return too_large(object, r->max_len, err);
	if (!a->data)
		return mv_fail(err, MV_ECORRUPT, "the note of '%s' cannot be "
			       "read; see git fsck", object);
	if (first && last) {
		r->next++;
		return r->fn(r->payload, i, object, a->data, (size_t)a->size,
			     err);
	}
	if (first)
		mv_buf_clear(&r->text);
	rc = notes_join(r, a, err);
	if (rc || !last)
		return rc;
	r->next++;
	return r->fn(r->payload, i, object, r->text.data, r->text.len, err);
}

static int read_hits(struct reader *r, struct search *s, struct mv_err *err)
{
	const size_t n = s->hit_count;
	char (*hex)[MV_GIT_HEX_MAX] = calloc(n ? n : 1, sizeof(*hex));
	const char **spec = calloc(n ? n : 1, sizeof(*spec));
	int rc = 0;

	if (!hex || !spec)
		rc = mv_nomem(err);
	if (!rc && n)
		qsort(s->hit, n, sizeof(*s->hit), by_place);
	for (size_t k = 0; !rc && k < n; k++)
		spec[k] = mv_hex(hex[k], s->hit[k].blob, s->oid_len);
	r->hit = s->hit;
	r->hit_count = n;
	if (!rc)
		rc = mv_git_batch_each(s->git, spec, n, MV_GIT_WANT_BLOB,
				       r->max_len, take_note, r, err);
	free(hex);
	free(spec);
	return rc;
}

static int notes_read_notes(struct mv_git *git, const char *ref, int loose,
			    const char *const *objects, size_t count,
			    size_t max_len, mv_git_data_fn fn, void *payload,
			    struct mv_err *err)
{
	struct reader r = { .objects = objects, .max_len = max_len, .fn = fn,
			    .payload = payload };
	char tree[MV_GIT_HEX_MAX];
	struct search s;
	int rc = search_init(&s, git, objects, sizeof(*objects), count, err);

	mv_buf_init(&r.text, max_len);
	s.loose = loose;
	if (!rc && count) {
		rc = find_tree(tree, git, ref, err);
		if (!rc)
			rc = search_tree(&s, tree, 0, 0, count, err);
		else if (rc == MV_ENOENT)
			rc = 0;
	}
	if (!rc)
		rc = read_hits(&r, &s, err);
	if (!rc)
		rc = give_none(&r, count, err);
	mv_buf_release(&r.text);
	search_release(&s);
	return rc;
}

int mv_git_notes_read(struct mv_git *git, const char *ref,
		      const char *const *objects, size_t count,
		      size_t max_len, mv_git_data_fn fn, void *payload,
		      struct mv_err *err)
{
	return notes_read_notes(git, ref, 0, objects, count, max_len, fn,
				payload,
				err);
}

int mv_git_notes_read_loose(struct mv_git *git, const char *ref, int links,
			    const char *const *objects, size_t count,
			    size_t max_len, mv_git_data_fn fn, void *payload,
			    struct mv_err *err)
{
	return notes_read_notes(git, ref, links ? 2 : 1, objects, count,
				max_len, fn, payload,
				err);
}

/* -- all of them ---------------------------------------------------------- */

struct pair {
	uint8_t oid[32];
	uint8_t blob[32];
	unsigned depth;
};

struct list {
	struct pair *v;
	size_t count, alloc;
	size_t oid_len;
};

static int by_pair(const void *a, const void *b)
{
	const struct pair *x = a;
	const struct pair *y = b;
	int c = memcmp(x->oid, y->oid, sizeof(x->oid));

	return c ? c : (x->depth > y->depth) - (x->depth < y->depth);
}

static int add_pair(struct list *l, const uint8_t *oid, const uint8_t *blob,
		    unsigned depth, struct mv_err *err)
{
	struct pair *p;

	if (l->count == NOTES_MAX)
		return mv_fail(err, MV_ENOMEM, "there are more than %zu notes",
			       NOTES_MAX);
	if (MV_GROW(l->v, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	p = &l->v[l->count++];
	memset(p, 0, sizeof(*p));
	memcpy(p->oid, oid, l->oid_len);
	memcpy(p->blob, blob, l->oid_len);
	p->depth = depth;
	return 0;
}

/* A small tree is read here; *fanned: it has folders, ask git for it all. */
static int list_flat(struct list *l, struct mv_git *git, const char *tree,
		     int *fanned, struct mv_err *err)
{
	struct mv_buf data;
	const char *p, *end;
	uint8_t oid[32];
	int rc;

	mv_buf_init(&data, TREE_MAX);
	rc = mv_git_tree(git, tree, &data, err);
	p = data.data;
	end = p + data.len;
	while (!rc && p < end && !*fanned) {
		struct mv_git_tree_entry e = { 0 };
		enum kind kind = KIND_OTHER;

		if (mv_git_parse_tree(&e, &p, end, l->oid_len))
			rc = mv_fail(err, MV_ECORRUPT, "tree '%s' of the "
				     "notes is damaged", tree);
		else
			kind = classify(oid, 0, l->oid_len, &e);
		if (!rc && kind == KIND_FOLDER)
			*fanned = 1;
		else if (!rc && kind == KIND_NOTE)
			rc = add_pair(l, oid, e.oid, 0, err);
		else if (!rc)
			rc = odd_entry(oid, 0, e.name, err);
	}
	mv_buf_release(&data);
	return rc;
}

int mv_git_note_path(uint8_t *oid, const char *path, size_t oid_len)
{
	int depth = 0;

	while ((size_t)depth + 1 < oid_len && strnlen(path, 3) == 3 &&
	       path[2] == '/') {
		if (strspn(path, "0123456789abcdef") != 2)
			return -1;
		mv_unhex(oid + depth++, path, 1);
		path += 3;
	}
	if (!mv_is_hex(path, 2 * (oid_len - (size_t)depth)))
		return -1;
	mv_unhex(oid + depth, path, oid_len - (size_t)depth);
	return depth;
}

/* "100644 blob <hex>\t<path>" */
static int notes_take_line(struct list *l, const struct mv_buf *line,
			   struct mv_err *err)
{
	const size_t head = strlen("100644 blob ");
	uint8_t oid[32], blob[32];
	int depth;

	if (line->len < head + 2 * l->oid_len + 1)
		return mv_git_notes_odd(err, line->data);
	depth = mv_git_note_path(oid, line->data + head + 2 * l->oid_len + 1,
				 l->oid_len);
	if (depth < 0 || strncmp(line->data, "100", 3) ||
	    mv_unhex(blob, line->data + head, l->oid_len))
		return mv_git_notes_odd(err, strchr(line->data, '\t') ?
					strchr(line->data, '\t') + 1 :
					line->data);
	return add_pair(l, oid, blob, (unsigned)depth, err);
}

static int list_all(struct list *l, struct mv_git *git, const char *tree,
		    struct mv_err *err)
{
	const char *args[] = {
		"ls-tree", "-r", "-z", "--full-tree",
		tree, NULL
	};
	struct mv_git_child child = MV_GIT_CHILD_INIT;
	struct mv_buf line;
	size_t lines = 0;
	int end = 0;
	int rc = mv_git_child_open(&child, git, args, err);

	mv_buf_init(&line, LINE_MAX_BYTES);
	if (!rc)
		mv_git_child_eof(&child);
	while (!rc) {
		mv_buf_clear(&line);
		rc = mv_git_child_until(&child, '\0', &line, &end, err);
		if (rc || end)
			break;
		/* A few trees that name each other can list without end. */
		rc = ++lines > 2 * NOTES_MAX ?
		     mv_fail(err, MV_ENOMEM, "the notes have more than %zu "
			     "files", 2 * NOTES_MAX) :
		     notes_take_line(l, &line, err);
	}
	if (!rc)
		rc = mv_git_child_finish(&child, err);
	mv_git_child_abort(&child);
	mv_buf_release(&line);
	return rc;
}

static void sort_list(struct list *l)
{
	for (size_t i = 1; i < l->count; i++) {
		if (by_pair(&l->v[i - 1], &l->v[i]) > 0) {
			qsort(l->v, l->count, sizeof(*l->v), by_pair);
			return;
		}
	}
}

int mv_git_notes_each(struct mv_git *git, const char *ref, mv_git_note_fn fn,
		      void *payload, struct mv_err *err)
{
	struct list l = { .oid_len = git->info.hex_len / 2 };
	char tree[MV_GIT_HEX_MAX], object[MV_GIT_HEX_MAX];
	char blob[MV_GIT_HEX_MAX];
	int fanned = 0;
	int rc = find_tree(tree, git, ref, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	rc = list_flat(&l, git, tree, &fanned, err);
	if (!rc && fanned) {
		l.count = 0;
		rc = list_all(&l, git, tree, err);
	}
	if (!rc)
		sort_list(&l);
	for (size_t i = 0; !rc && i < l.count; i++)
		rc = fn(payload, mv_hex(object, l.v[i].oid, l.oid_len),
			mv_hex(blob, l.v[i].blob, l.oid_len), err);
	free(l.v);
	return rc;
}

/* -- writing -------------------------------------------------------------- */

/*
 * The name of the commit that fast-import makes; a branch must have one. It
 * is reset to nothing in the same run, so no ref is ever written.
 */
#define IMPORT_REF "refs/model-import"

/* One object's note into place; its copies at other depths go. */
static int print_note(struct mv_buf *in, const struct slot *s,
		      const struct mv_git_note *note)
{
	unsigned depth = s->depth;
	char path[96];
	int rc = 0;

	if (s->at)
		depth = (unsigned)__builtin_ctz(s->at);
	for (unsigned d = 0; !rc && d < 32; d++) {
		if (d == depth || !(s->at & 1u << d))
			continue;
		print_path(path, note->object, d);
		rc = mv_buf_addf(in, "D %s\n", path);
	}
	print_path(path, note->object, depth);
	if (!rc)
		rc = mv_buf_addf(in, "M 100644 inline %s\ndata %zu\n", path,
				 note->len);
	if (!rc && note->len)
		rc = mv_buf_add(in, note->data, note->len);
	return rc ? rc : mv_buf_addch(in, '\n');
}

static int print_import(struct mv_buf *in, const struct search *s,
			const char *committer, const char *tip,
			const char *second, const struct mv_git_note *notes,
			const char *message)
{
	const size_t n = strlen(message);
	const int nl = !n || message[n - 1] != '\n';
	int rc = mv_buf_addf(in, "feature done\ncommit " IMPORT_REF "\n"
			     "mark :1\ncommitter %s\ndata %zu\n%s%s\n",
			     committer, n + (size_t)nl, message,
			     nl ? "\n" : "");

	if (!rc && *tip)
		rc = mv_buf_addf(in, "from %s\n", tip);
	if (!rc && second && *second)
		rc = mv_buf_addf(in, "%s %s\n", *tip ? "merge" : "from",
				 second);
	if (!rc && !*tip && second && *second)
		rc = mv_buf_addstr(in, "deleteall\n");
	for (size_t k = 0; !rc && k < s->count; k++) {
		/* Of an object that is given twice, the last one. */
		if (k + 1 < s->count &&
		    !memcmp(s->slot[k].oid, s->slot[k + 1].oid, s->oid_len))
			continue;
		rc = print_note(in, &s->slot[k], &notes[s->slot[k].i]);
	}
	return rc ? rc : mv_buf_addstr(in, "get-mark :1\nreset " IMPORT_REF
				       "\n\ndone\n");
}

/*
 * Where it fails, a full disk mostly, fast-import leaves a report of all that
 * it was told in the git directory, one for each time: a server would fill up
 * with them. Its own words say how the file is called.
 */
static void drop_report(const struct mv_git *git, const char *words)
{
	static const char name[] = "fast_import_crash_";
	const char *at = strstr(words, name);
	size_t digits = at ? strspn(at + sizeof(name) - 1, "0123456789") : 0;
	char *path;

	if (!digits)
		return;
	path = mv_strf("%s/%.*s", git->info.git_dir,
		       (int)(sizeof(name) - 1 + digits), at);
	if (path)
		unlink(path);
	free(path);
}

/* The commit, with everything below it, but without a ref. */
static int import(char *commit, struct mv_git *git, const struct mv_buf *in,
		  struct mv_err *err)
{
	static const char *const args[] = {
		"fast-import", "--quiet", NULL
	};
	const size_t n = git->info.hex_len;
	struct mv_err why;
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 1 << 16);
	rc = mv_git_run(git, args, in->data, in->len, &out, &why);
	if (rc) {
		drop_report(git, why.msg);
		mv_fail(err, rc, "%s", why.msg);
	}
	if (!rc && out.len == n + 1) {
		memcpy(commit, out.data, n);
		commit[n] = '\0';
	}
	if (!rc && (out.len != n + 1 || !mv_is_hex(commit, n)))
		rc = mv_fail(err, MV_EIO, "cannot understand what git "
			     "fast-import says");
	mv_buf_release(&out);
	return rc;
}

static int check_parents(struct mv_git *git, const char *ref, const char *tip,
			 const char *second, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX] = "";
	int rc;

	if (!mv_git_is_ref(ref) || strncmp(ref, "refs/", 5))
		return mv_fail(err, MV_EINVALID, "'%s' is not a ref", ref);
	if ((*tip && !mv_is_hex(tip, git->info.hex_len)) ||
	    (second && *second && !mv_is_hex(second, git->info.hex_len)))
		return mv_fail(err, MV_EINVALID, "'%s' is not the full name "
			       "of a commit", *tip ? tip : second);
	/* Nothing depends on it: a late loser only makes more garbage. */
	rc = mv_git_ref_get(hex, git, ref, err);
	if (rc && rc != MV_ENOENT)
		return rc;
	if (strcmp(rc ? "" : hex, tip))
		return mv_fail(err, MV_EEXISTS, "'%s' has moved", ref);
	return 0;
}

int mv_git_notes_write(struct mv_git *git, const char *ref, const char *tip,
		       const char *second, const struct mv_git_note *notes,
		       size_t count, const char *message, struct mv_err *err)
{
	char tree[MV_GIT_HEX_MAX], commit[MV_GIT_HEX_MAX];
	struct mv_buf who, in;
	struct search s;
	int rc = search_init(&s, git, notes ? &notes->object : NULL,
			     sizeof(*notes), count, err);

	mv_buf_init(&who, 1 << 16);
	mv_buf_init(&in, MV_GIT_OUT_MAX);
	if (!rc)
		rc = check_parents(git, ref, tip, second, err);
	if (!rc && *tip && count) {
		rc = find_tree(tree, git, tip, err);
		if (!rc)
			rc = search_tree(&s, tree, 0, 0, count, err);
	} else if (!rc) {
		choose_new(&s, 0, count, 0);
	}
	if (!rc)
		rc = mv_git_committer(&who, git, err);
	if (!rc && print_import(&in, &s, who.data, tip, second, notes,
				message))
		rc = mv_nomem(err);
	if (!rc)
		rc = import(commit, git, &in, err);
	if (!rc)
		rc = mv_git_ref_set(git, ref, commit, tip, message, err);
	search_release(&s);
	mv_buf_release(&who);
	mv_buf_release(&in);
	return rc;
}
