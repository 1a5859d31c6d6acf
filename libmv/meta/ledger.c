/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "libmv/base/fs.h"
#include "libmv/base/grow.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"

/*
 * Records in notes (README.md says how several writers get along). A note is
 * a set of lines, here always bytes with a length: foreign notes may hold
 * anything, and what nobody understands is kept as it is.
 */

/* -- lines ---------------------------------------------------------------- */

struct span {
	const char *s;
	size_t len;
};

static int span_cmp(const void *va, const void *vb)
{
	const struct span *a = va, *b = vb;
	size_t n = a->len < b->len ? a->len : b->len;
	int cmp = memcmp(a->s, b->s, n);

	return cmp ? cmp : (a->len > b->len) - (a->len < b->len);
}

/* Lines that are not blank; only counts when `v` is NULL. */
static size_t ledger_split(struct span *v, const char *s, size_t len)
{
	const char *end = s + len;
	size_t count = 0;

	while (s < end) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((lf ? lf : end) - s);

		if (n && v)
			v[count] = (struct span){ s, n };
		count += n != 0;
		s = lf ? lf + 1 : end;
	}
	return count;
}

/* Sort, each once; what is sorted already (it mostly is) costs a look. */
static size_t sort_spans(struct span *v, size_t count)
{
	size_t n = 0, i = 1;

	while (i < count && span_cmp(&v[i - 1], &v[i]) < 0)
		i++;
	if (i >= count)
		return count;
	qsort(v, count, sizeof(*v), span_cmp);
	for (i = 0; i < count; i++)
		if (!n || span_cmp(&v[n - 1], &v[i]))
			v[n++] = v[i];
	return n;
}

/*
 * The union of two texts of lines. `*lines` of them are in it, `*added` (may
 * be NULL) of which are not in `a`.
 */
static int unite(struct mv_buf *out, size_t *lines, size_t *added,
		 const char *a, size_t a_len, const char *b, size_t b_len,
		 struct mv_err *err)
{
	size_t room = ledger_split(NULL, a, a_len) + ledger_split(NULL, b,
								  b_len);
	size_t bytes = 0, count, a_count;
	struct span *v;
	int rc = 0;

	*lines = 0;
	if (added)
		*added = 0;
	if (!room)
		return 0;
	v = calloc(room, sizeof(*v));
	if (!v)
		return mv_nomem(err);
	ledger_split(v, a, a_len);
	a_count = sort_spans(v, ledger_split(NULL, a, a_len));
	count = a_count + ledger_split(v + a_count, b, b_len);
	count = sort_spans(v, count);
	for (size_t i = 0; i < count; i++)
		bytes += v[i].len + 1;
	if (mv_buf_reserve(out, bytes) < 0)
		rc = mv_fail(err, MV_ENOMEM, "out of memory for lines, or "
			     "more than %zu bytes of them", out->max);
	for (size_t i = 0; i < count && !rc; i++) {
		mv_buf_add(out, v[i].s, v[i].len);
		mv_buf_addch(out, '\n');
	}
	free(v);
	*lines = count;
	if (added)
		*added = count - a_count;
	return rc;
}

int mv_lines_unite(struct mv_buf *out, const char *a, size_t a_len,
		   const char *b, size_t b_len, struct mv_err *err)
{
	size_t lines;

	return unite(out, &lines, NULL, a, a_len, b, b_len, err);
}

int mv_lines_missing(struct mv_missing *out, const char *a, size_t a_len,
		     const char *b, size_t b_len, struct mv_err *err)
{
	size_t a_count = ledger_split(NULL, a,
				      a_len), b_count = ledger_split(NULL, b,
								     b_len);
	struct span *v, *have;

	memset(out, 0, sizeof(*out));
	if (!a_count)
		return 0;
	v = calloc(a_count + b_count, sizeof(*v));
	if (!v)
		return mv_nomem(err);
	have = v + a_count;
	ledger_split(v, a, a_len);
	ledger_split(have, b, b_len);
	b_count = sort_spans(have, b_count);
	for (size_t i = 0; i < a_count; i++)
		if (!bsearch(&v[i], have, b_count, sizeof(*v), span_cmp) &&
		    !out->count++) {
			out->first = v[i].s;
			out->first_len = v[i].len;
		}
	free(v);
	return 0;
}

static int line_cmp(const void *key, const void *line)
{
	return strcmp(key, *(const char *const *)line);
}

int mv_lines_have(const struct mv_lines *lines, const char *line)
{
	return lines->count && bsearch(line, lines->v, lines->count,
				       sizeof(*lines->v), line_cmp);
}

void mv_lines_release(struct mv_lines *lines)
{
	free(lines->v);
	free(lines->text);
	*lines = (struct mv_lines){ NULL, 0, NULL };
}

/*
 * NUL cannot be in a string: it is shown as the control character 1, with
 * which no line is a record either. What is rewritten comes from the bytes,
 * not from here.
 */
static int hide_nul(struct mv_buf *out, const char *data, size_t len)
{
	if (mv_buf_add(out, data, len) < 0)
		return MV_ENOMEM;
	for (size_t i = 0; i < len; i++)
		if (!out->data[i])
			out->data[i] = 1;
	return 0;
}

static int lines_from(struct mv_lines *out, const char *data, size_t len,
		      struct mv_err *err)
{
	struct mv_buf plain, text;
	size_t count = 0;
	int rc = 0;

	mv_buf_init(&plain, len);
	mv_buf_init(&text, len + 1);
	if (memchr(data, '\0', len)) {
		if (hide_nul(&plain, data, len) < 0)
			rc = mv_nomem(err);
		data = plain.data;
	}
	if (!rc)
		rc = unite(&text, &count, NULL, data, len, "", 0, err);
	if (rc < 0 || !count)
		goto out;
	out->v = calloc(count, sizeof(*out->v));
	out->text = mv_buf_detach(&text);
	if (!out->v || !out->text) {
		mv_lines_release(out);
		rc = mv_nomem(err);
		goto out;
	}
	for (char *s = out->text; out->count < count; s++) {
		out->v[out->count++] = s;
		s = strchr(s, '\n');
		*s = '\0';
	}
out:
	mv_buf_release(&plain);
	mv_buf_release(&text);
	return rc;
}

/* -- reading -------------------------------------------------------------- */

static int fail_large(struct mv_err *err, const char *blob, const char *what)
{
	return mv_fail(err, MV_ENOMEM, "the note of object '%s' %s %zu KiB or "
		       "%d lines; nothing of it was read or changed", blob,
		       what, MV_NOTE_MAX >> 10, MV_NOTE_LINES);
}

/* Whole notes, one buffer for each blob. */
struct texts {
	const char *const *blobs;
	struct mv_buf *v;
	size_t count;
	size_t left;		/* bytes that may still be read in all */
};
#define TEXTS_MAX ((size_t)1 << 30)

static void texts_release(struct texts *t)
{
	for (size_t i = 0; t->v && i < t->count; i++)
		mv_buf_release(&t->v[i]);
	free(t->v);
	t->v = NULL;
}

static int ledger_take_text(void *payload, size_t i, const char *hex,
			    const void *data, size_t len, struct mv_err *err)
{
	struct texts *t = payload;

	(void)hex;
	if (len > MV_NOTE_MAX)
		return fail_large(err, t->blobs[i], "has more than");
	if (!data || !len)
		return 0;
	if (len > t->left)
		return mv_fail(err, MV_ENOMEM, "the notes of %zu objects have "
			       "more than %zu MiB together", t->count,
			       TEXTS_MAX >> 20);
	t->left -= len;
	if (mv_buf_add(&t->v[i], data, len) < 0)
		return mv_nomem(err);
	return 0;
}

/* `ref` is a ref or a commit; one that does not exist has no notes. */
static int texts_read(struct texts *t, struct mv_git *git, const char *ref,
		      const char *const *blobs, size_t count,
		      struct mv_err *err)
{
	*t = (struct texts){ blobs, NULL, count, TEXTS_MAX };
	t->v = calloc(count ? count : 1, sizeof(*t->v));
	if (!t->v)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++)
		mv_buf_init(&t->v[i], MV_NOTE_MAX);
	if (!count || !*ref)
		return 0;
	return mv_git_notes_read(git, ref, blobs, count, MV_NOTE_MAX,
				 ledger_take_text, t, err);
}

int mv_ledger_read(struct mv_lines *out, struct mv_git *git, const char *ref,
		   const char *const *blobs, size_t count, struct mv_err *err)
{
	struct texts t = { 0 };
	char hex[65];
	int rc;

	memset(out, 0, count * sizeof(*out));
	/* A commit that is named must be there: without it, a no that somebody
	   wrote down would be as if it had never been said. */
	rc = strncmp(ref, "refs/", 5) ? mv_git_commit(hex, git, ref, err) :
		mv_git_ref_get(hex, git, ref, err);
	if (rc == MV_ENOENT && !strncmp(ref, "refs/", 5))
		return 0;
	if (!rc)
		rc = texts_read(&t, git, ref, blobs, count, err);
	for (size_t i = 0; i < count && !rc; i++) {
		rc = lines_from(&out[i], t.v[i].data, t.v[i].len, err);
		if (!rc && out[i].count > MV_NOTE_LINES)
			rc = fail_large(err, blobs[i], "has more than");
		mv_buf_release(&t.v[i]);
	}
	texts_release(&t);
	for (size_t i = 0; i < count && rc < 0; i++)
		mv_lines_release(&out[i]);
	return rc;
}

/* -- trying until nobody was faster --------------------------------------- */

struct attempt {
	int64_t end;		/* ms of the monotonic clock */
	int64_t pause;
};

static int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void attempt_init(struct attempt *a, int timeout_ms)
{
	*a = (struct attempt){ clock_ms() + timeout_ms, 2 };
}

/*
 * Wait before the next try: a random part of a time that doubles, so that
 * those who collided do not collide again. MV_EBUSY when time is up.
 */
static int attempt_wait(struct attempt *a, struct mv_err *err)
{
	struct timespec ts = { 0, 0 };
	uint32_t random = 0;
	int64_t us;

	if (clock_ms() >= a->end)
		return mv_fail(err, MV_EBUSY, "others kept writing '%s' all "
			       "the time; try again", MV_NOTES_REF);
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)clock_ms() * 2654435761u;
	us = a->pause * 500 + (int64_t)(random % (uint32_t)(a->pause * 500));
	ts.tv_sec = us / 1000000;
	ts.tv_nsec = us % 1000000 * 1000;
	nanosleep(&ts, NULL);
	if (a->pause < 500)
		a->pause *= 2;
	return 0;
}

/* The ref's object, or "" when there is no such ref. */
static int tip_of(char *hex, struct mv_git *git, const char *ref,
		  struct mv_err *err)
{
	int rc = mv_git_ref_get(hex, git, ref, err);

	if (rc != MV_ENOENT)
		return rc;
	*hex = '\0';
	return 0;
}

/* -- a change: new lines for several objects ------------------------------ */

struct change {
	const char **blobs;	/* sorted, each once; borrowed */
	struct mv_buf *lines;	/* to be added to each */
	size_t count;
};

static void change_release(struct change *c)
{
	for (size_t i = 0; c->lines && i < c->count; i++)
		mv_buf_release(&c->lines[i]);
	free(c->lines);
	free(c->blobs);
	*c = (struct change){ NULL, NULL, 0 };
}

enum kind { RECORD, RECEIPT, VOTE, KINDS };

/* What is no record at all takes the room of one. */
static enum kind ledger_kind_of(const char *line, size_t len)
{
	struct mv_record r;
	enum kind kind;

	if (memchr(line, '\0', len) || mv_record_parse(&r, line, len, NULL))
		return RECORD;
	kind = !strcmp(r.kind, "approval") ? VOTE :
	       !strcmp(r.kind, "receipt") ? RECEIPT : RECORD;
	mv_record_release(&r);
	return kind;
}

struct shares {
	size_t bytes[KINDS], lines[KINDS];
};

static void add_up(struct shares *out, const char *text, size_t len)
{
	const char *s = text, *end = text + len;

	memset(out, 0, sizeof(*out));
	while (s < end) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((lf ? lf : end) - s);
		enum kind kind = ledger_kind_of(s, n);

		out->bytes[kind] += n ? n + 1 : 0;
		out->lines[kind] += n != 0;
		s += n + 1;
	}
}

/* More of what is no vote than a server takes? Who votes is not asked; nor is
   a merge: what others wrote is there. */
static int leaves_room(const struct mv_buf *text, size_t lines,
		       const struct mv_buf *new)
{
	struct shares all, more;

	if (text->len <= MV_NOTE_RECORDS && lines <= MV_NOTE_RECORD_LINES)
		return 1;
	add_up(&more, new->data, new->len);
	if (!more.lines[RECORD] && !more.lines[RECEIPT])
		return 1;
	add_up(&all, text->data, text->len);
	if (more.lines[RECORD] && (all.bytes[RECORD] > MV_NOTE_RECORDS ||
				   all.lines[RECORD] > MV_NOTE_RECORD_LINES))
		return 0;
	return all.bytes[RECORD] + all.bytes[RECEIPT] <= MV_NOTE_OTHERS &&
	       all.lines[RECORD] + all.lines[RECEIPT] <= MV_NOTE_OTHER_LINES;
}

/*
 * What the notes will be: for each blob whose note gets a line that it has
 * not yet. `notes` has room for all.
 */
static int unite_notes(struct mv_git_note *notes, size_t *count,
		       struct mv_buf *texts, const struct texts *have,
		       const struct change *change, int merge,
		       struct mv_err *err)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct mv_buf *old = &have->v[i];
		const struct mv_buf *new = &change->lines[i];
		size_t lines, added;
		int rc;

		mv_buf_init(&texts[i], 2 * MV_NOTE_MAX + 2);
		rc = unite(&texts[i], &lines, &added, old->data, old->len,
			   new->data, new->len, err);
		if (rc < 0)
			return rc;
		if (!added) {
			mv_buf_release(&texts[i]);
			continue;
		}
		if (lines > MV_NOTE_LINES || texts[i].len > MV_NOTE_MAX)
			return fail_large(err, change->blobs[i],
					  "would have more than");
		if (!merge && !leaves_room(&texts[i], lines, new))
			return mv_fail(err, MV_ENOMEM, "the note of object "
				       "'%s' is full of records and receipts "
				       "(%zu KiB, %d lines); the rest is kept "
				       "for votes", change->blobs[i],
				       MV_NOTE_RECORDS >> 10,
				       MV_NOTE_RECORD_LINES);
		notes[(*count)++] = (struct mv_git_note){
			change->blobs[i], texts[i].data, texts[i].len
		};
	}
	return 0;
}

/*
 * One try at a commit on top of `tip` ("" for none) with `second` (NULL for
 * none) as another parent, which is then made even if no note changes.
 * *changed says whether there was one. MV_EEXISTS: somebody was faster.
 */
static int write_change(int *changed, struct mv_git *git, const char *tip,
			const char *second, const struct change *change,
			const char *message, struct mv_err *err)
{
	struct mv_git_note *notes;
	struct mv_buf *texts;
	struct texts have = { 0 };
	size_t count = 0;
	int rc;

	*changed = 0;
	notes = calloc(change->count + 1, sizeof(*notes));
	texts = calloc(change->count + 1, sizeof(*texts));
	if (!notes || !texts) {
		rc = mv_nomem(err);
		goto out;
	}
	rc = texts_read(&have, git, tip, change->blobs, change->count, err);
	if (!rc)
		rc = unite_notes(notes, &count, texts, &have, change,
				 second != NULL, err);
	if (!rc && (count || second)) {
		rc = mv_git_notes_write(git, MV_NOTES_REF, tip, second, notes,
					count, message, err);
		*changed = !rc;
	}
out:
	for (size_t i = 0; texts && i < change->count; i++)
		mv_buf_release(&texts[i]);
	texts_release(&have);
	free(texts);
	free(notes);
	return rc;
}

/* -- appending ------------------------------------------------------------ */

static int by_blob(const void *va, const void *vb)
{
	const struct mv_entry *const *a = va, *const *b = vb;

	return strcmp((*a)->blob, (*b)->blob);
}

static int check_entry(const struct mv_git_info *info,
		       const struct mv_entry *entry, struct mv_err *err)
{
	if (!mv_is_hex(entry->blob, info->hex_len))
		return mv_fail(err, MV_EINVALID,
			       "a note needs an object's full name");
	if (!*entry->line || strchr(entry->line, '\n'))
		return mv_fail(err, MV_EINVALID,
			       "a record is one line with something in it");
	return 0;
}

/* Entries gathered by object. */
static int change_from(struct change *out, struct mv_git *git,
		       const struct mv_entry *entries, size_t count,
		       struct mv_err *err)
{
	const struct mv_entry **order = calloc(count, sizeof(*order));
	int rc = 0;

	out->blobs = calloc(count, sizeof(*out->blobs));
	out->lines = calloc(count, sizeof(*out->lines));
	if (!order || !out->blobs || !out->lines)
		rc = mv_nomem(err);
	for (size_t i = 0; i < count && !rc; i++) {
		order[i] = &entries[i];
		rc = check_entry(mv_git_info(git), order[i], err);
	}
	if (!rc)
		qsort(order, count, sizeof(*order), by_blob);
	for (size_t i = 0; i < count && !rc; i++) {
		struct mv_buf *lines;

		if (!i || strcmp(order[i - 1]->blob, order[i]->blob)) {
			mv_buf_init(&out->lines[out->count], MV_NOTE_MAX);
			out->blobs[out->count++] = order[i]->blob;
		}
		lines = &out->lines[out->count - 1];
		if (mv_buf_addstr(lines, order[i]->line) < 0 ||
		    mv_buf_addch(lines, '\n') < 0)
			rc = fail_large(err, order[i]->blob,
					"would have more than");
	}
	free(order);
	return rc;
}

/* Pointers are shorter; what is longer is there all the same. */
#define LOOK_MAX 1024

static int check_there(void *payload, size_t i, const char *hex,
		       const void *data, size_t len, struct mv_err *err)
{
	const struct change *change = payload;

	(void)hex;
	if (data || len)
		return 0;
	return mv_fail(err, MV_ENOENT, "there is no blob '%s' in this "
		       "repository to keep a record on", change->blobs[i]);
}

int mv_ledger_append(struct mv_git *git, const char *lock_path,
		     const struct mv_entry *entries, size_t count,
		     const char *message, int timeout_ms, struct mv_err *err)
{
	struct change change = { NULL, NULL, 0 };
	struct mv_lock lock = MV_LOCK_INIT;
	struct attempt attempt;
	char tip[65];
	int rc, changed;

	if (!count)
		return 0;
	attempt_init(&attempt, timeout_ms);
	rc = change_from(&change, git, entries, count, err);
	if (!rc)
		rc = mv_git_read_many(git, change.blobs, change.count,
				      LOOK_MAX, check_there, &change, err);
	if (!rc)
		rc = mv_lock_take(&lock, lock_path, MV_LOCK_EXCLUSIVE,
				  timeout_ms, err);
	while (!rc) {
		rc = tip_of(tip, git, MV_NOTES_REF, err);
		if (!rc)
			rc = write_change(&changed, git, tip, NULL, &change,
					  message, err);
		if (rc != MV_EEXISTS)
			break;
		rc = attempt_wait(&attempt, err);
	}
	mv_lock_drop(&lock);
	change_release(&change);
	return rc;
}

/* -- merging -------------------------------------------------------------- */

/* A note that is not the same in two trees. */
struct differs {
	char object[65];
	char old[65], new[65];	/* blobs; "" on the side without one */
};
struct different {
	struct differs *v;
	size_t count, alloc;
	size_t hex_len;
};
#define DIFFERENT_MAX ((size_t)1 << 22)

/* The object's name is its path without the slashes; "" for other files. */
static void ledger_object_of(char *object, const char *path, size_t hex_len)
{
	size_t n = 0;

	for (; *path && n <= hex_len; path++) {
		if (*path == '/')
			continue;
		if (!strchr("0123456789abcdef", *path) || n == hex_len)
			break;
		object[n++] = *path;
	}
	object[*path || n != hex_len ? 0 : n] = '\0';
}

static int add_side(struct different *d, const char *path, const char *blob,
		    int new, struct mv_err *err)
{
	struct differs *e;

	if (!path || !blob || strlen(blob) > 64)
		return 0;
	if (d->count == DIFFERENT_MAX)
		return mv_fail(err, MV_ENOMEM, "more than %zu notes differ; "
			       "use 'git notes merge'", DIFFERENT_MAX);
	if (MV_GROW(d->v, d->alloc, d->count + 1, err) < 0)
		return MV_ENOMEM;
	e = &d->v[d->count];
	memset(e, 0, sizeof(*e));
	ledger_object_of(e->object, path, d->hex_len);
	if (!*e->object)
		return 0;
	memcpy(new ? e->new : e->old, blob, strlen(blob) + 1);
	d->count++;
	return 0;
}

static int on_delta(void *payload, const struct mv_git_delta *delta,
		    struct mv_err *err)
{
	struct different *d = payload;
	int rc = add_side(d, delta->old_path, delta->old_blob, 0, err);

	return rc ? rc : add_side(d, delta->new_path, delta->new_blob, 1,
				  err);
}

static int by_object(const void *va, const void *vb)
{
	const struct differs *a = va, *b = vb;
	int cmp = strcmp(a->object, b->object);

	return cmp ? cmp : strcmp(a->old, b->old);
}

/*
 * Objects that the other side has a note of that is not ours as it is: into
 * change->blobs, which are borrowed from `d`. A note that only moved to
 * another depth of folders is the same.
 */
static int ledger_gather(struct change *change, struct different *d,
			 struct mv_err *err)
{
	change->blobs = calloc(d->count + 1, sizeof(*change->blobs));
	if (!change->blobs)
		return mv_nomem(err);
	if (d->count)
		qsort(d->v, d->count, sizeof(*d->v), by_object);
	for (size_t i = 0, next; i < d->count; i = next) {
		const char *old = "", *new = "";
		size_t olds = 0, news = 0;

		for (next = i; next < d->count &&
		     !strcmp(d->v[i].object, d->v[next].object); next++) {
			const struct differs *e = &d->v[next];

			olds += *e->old != '\0';
			news += *e->new != '\0';
			old = *e->old ? e->old : old;
			new = *e->new ? e->new : new;
		}
		if (!news || (olds == 1 && news == 1 && !strcmp(old, new)))
			continue;
		change->blobs[change->count++] = d->v[i].object;
	}
	change->lines = calloc(change->count + 1, sizeof(*change->lines));
	for (size_t i = 0; change->lines && i < change->count; i++)
		mv_buf_init(&change->lines[i], MV_NOTE_MAX);
	return change->lines ? 0 : mv_nomem(err);
}

/* What `theirs` has that differs from `ours`, with their lines. */
static int change_between(struct change *out, struct different *d,
			  struct mv_git *git, const char *ours,
			  const char *theirs, struct mv_err *err)
{
	struct texts t = { 0 };
	int rc;

	d->hex_len = mv_git_info(git)->hex_len;
	rc = mv_git_diff(git, ours, theirs, 0, NULL, on_delta, d, err);
	if (!rc)
		rc = ledger_gather(out, d, err);
	if (!rc)
		rc = texts_read(&t, git, theirs, out->blobs, out->count, err);
	for (size_t i = 0; i < out->count && !rc; i++) {
		struct mv_buf swap = out->lines[i];

		out->lines[i] = t.v[i];
		t.v[i] = swap;
	}
	texts_release(&t);
	return rc;
}

/*
 * May the ref simply move from `ours` on to `theirs`? Not if that would lose
 * a line: their history may come after ours, and still have dropped some.
 */
static int loses_nothing(int *yes, struct mv_git *git, const char *ours,
			 const char *theirs, struct mv_err *err)
{
	struct different d = { 0 };
	struct change change = { NULL, NULL, 0 };
	struct texts have = { 0 };
	struct mv_buf text;
	int rc;

	*yes = 1;
	mv_buf_init(&text, 2 * MV_NOTE_MAX + 2);
	/* The other way round: what we have that they might lack. */
	rc = change_between(&change, &d, git, theirs, ours, err);
	if (!rc)
		rc = texts_read(&have, git, theirs, change.blobs,
				change.count, err);
	for (size_t i = 0; i < change.count && !rc && *yes; i++) {
		size_t lines, added;

		mv_buf_clear(&text);
		rc = unite(&text, &lines, &added, have.v[i].data,
			   have.v[i].len, change.lines[i].data,
			   change.lines[i].len, err);
		*yes = !added;
	}
	mv_buf_release(&text);
	texts_release(&have);
	change_release(&change);
	free(d.v);
	return rc;
}

static int make_merge(int *changed, struct mv_git *git, const char *ours,
		      const char *theirs, const char *other,
		      struct mv_err *err)
{
	struct different d = { 0 };
	struct change change = { NULL, NULL, 0 };
	char *message = mv_strf("notes: unite with %s", other);
	int rc;

	rc = message ? change_between(&change, &d, git, ours, theirs, err) :
		       mv_nomem(err);
	if (!rc)
		rc = write_change(changed, git, ours, theirs, &change,
				  message, err);
	change_release(&change);
	free(d.v);
	free(message);
	return rc;
}

static int try_merge(int *changed, struct mv_git *git, const char *theirs,
		     const char *other, struct mv_err *err)
{
	char ours[65];
	int rc, forward = 1;

	*changed = 0;
	rc = tip_of(ours, git, MV_NOTES_REF, err);
	if (rc < 0 || !strcmp(ours, theirs))
		return rc;
	if (*ours) {
		rc = mv_git_is_ancestor(git, theirs, ours, err);
		if (rc)
			return rc < 0 ? rc : 0;
	}
	/* A note that moved to where nobody reads it is no note that went
	   into another folder. */
	rc = mv_git_notes_check(git, theirs, MV_NOTE_MAX, err);
	if (rc < 0) {
		mv_err_prefix(err, "%s", other);
		return rc;
	}
	if (*ours) {
		forward = mv_git_is_ancestor(git, ours, theirs, err);
		rc = forward < 0 ? forward : 0;
		if (forward > 0)
			rc = loses_nothing(&forward, git, ours, theirs, err);
		if (rc < 0)
			return rc;
	}
	if (!forward)
		return make_merge(changed, git, ours, theirs, other, err);
	rc = mv_git_ref_set(git, MV_NOTES_REF, theirs, ours,
			    "notes: fast-forward", err);
	*changed = !rc;
	return rc;
}

int mv_ledger_merge(struct mv_git *git, const char *lock_path,
		    const char *other, int *changed, int timeout_ms,
		    struct mv_err *err)
{
	struct mv_lock lock = MV_LOCK_INIT;
	struct attempt attempt;
	char theirs[65];
	int moved = 0;
	int rc;

	attempt_init(&attempt, timeout_ms);
	rc = mv_git_commit(theirs, git, other, err);
	if (!rc)
		rc = mv_lock_take(&lock, lock_path, MV_LOCK_EXCLUSIVE,
				  timeout_ms, err);
	while (!rc) {
		rc = try_merge(&moved, git, theirs, other, err);
		if (rc != MV_EEXISTS)
			break;
		rc = attempt_wait(&attempt, err);
	}
	mv_lock_drop(&lock);
	if (changed)
		*changed = !rc && moved;
	return rc;
}
