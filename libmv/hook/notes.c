/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/gate/past.h"
#include "libmv/git/history.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"

/*
 * Notes only grow. That the new commit descends from the old one says
 * nothing: a commit on top can have any tree. So that must be all notes and
 * nothing else, whatever was there before; every line that was there must be
 * there still, of every object whose note changed; and a line that is new must
 * be one that readers read. What was no note before need not stay: so a push
 * can mend what came in when nobody looked.
 */
enum { CHANGED_MAX = 20000, BATCH = 64, TOLD_MAX = 20 };
#define OLD_MAX (16 * MV_NOTE_MAX)	/* of a note that nobody can read */

/* -- which notes changed -------------------------------------------------- */

struct moved {
	char object[65];
	char old[65], new[65];	/* blobs; "" where there is none */
};
struct changes {
	struct mv_push *push;
	struct moved *v;
	size_t count, alloc;
	size_t hex_len;
	uint64_t max;
};

/* "ab/cdef.." is an object's name, cut up by folders. */
static int notes_object_of(char *out, const char *path, size_t hex_len)
{
	size_t n = 0;

	for (; *path; path++) {
		if (*path == '/')
			continue;
		if (n == hex_len || !strchr("0123456789abcdef", *path))
			return -1;
		out[n++] = *path;
	}
	out[n] = '\0';
	return n == hex_len ? 0 : -1;
}

static int on_delta(void *payload, const struct mv_git_delta *d,
		    struct mv_err *err)
{
	struct changes *c = payload;
	const char *path = d->new_path ? d->new_path : d->old_path;
	struct moved *m;

	/* A note that moves is two paths. Nothing that is walked to its end
	   may depend on how much somebody wants to push. */
	if (c->count > 4 * c->max + 4096)
		return mv_fail(err, MV_EDENIED, MV_NOTES_REF ": too many "
			       "notes at once; model.receiveNotes of the server "
			       "allows %llu", (unsigned long long)c->max);
	if (MV_GROW(c->v, c->alloc, c->count + 1, err))
		return MV_ENOMEM;
	m = &c->v[c->count];
	memset(m, 0, sizeof(*m));
	/* The new tree is all notes, so this was none before. */
	if (notes_object_of(m->object, path, c->hex_len))
		return mv_hook_in_time(c->push, err);
	if (d->old_blob)
		snprintf(m->old, sizeof(m->old), "%s", d->old_blob);
	if (d->new_blob)
		snprintf(m->new, sizeof(m->new), "%s", d->new_blob);
	c->count++;
	return 0;
}

static int by_object(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;

	return strcmp(x->object, y->object);
}

/* A note that only went into another folder, as git does when there are
   more of them, has not changed. */
static int same_blob(const struct moved *m, size_t n)
{
	const char *old = NULL, *new = NULL;

	for (size_t i = 0; i < n; i++) {
		if (*m[i].old) {
			if (old)
				return 0;
			old = m[i].old;
		}
		if (*m[i].new) {
			if (new)
				return 0;
			new = m[i].new;
		}
	}
	return old && new && !strcmp(old, new);
}

/* Names of the objects whose notes changed, into c->v[0..n), each once. */
static size_t notes_settle(struct changes *c)
{
	size_t n = 0, next;

	qsort(c->v, c->count, sizeof(*c->v), by_object);
	for (size_t i = 0; i < c->count; i = next) {
		next = i + 1;
		while (next < c->count &&
		       !strcmp(c->v[next].object, c->v[i].object))
			next++;
		if (!same_blob(&c->v[i], next - i))
			memmove(&c->v[n++], &c->v[i], sizeof(*c->v));
	}
	return n;
}

/* -- lines ---------------------------------------------------------------- */

static void text_release(struct mv_push_text *t)
{
	free(t->data);
	free(t->v);
	memset(t, 0, sizeof(*t));
}

/* Who unites notes writes equal lines once: that one of them is gone is no
   loss. */
static void count_once(struct mv_push_text *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (!kept || mv_hook_by_bytes(&t->v[kept - 1], &t->v[i]))
			t->v[kept++] = t->v[i];
	t->copies = t->count - kept;
	t->count = kept;
}

/* Lines as bytes, sorted; what a string would cut off must not be lost. */
static int cut_up(struct mv_push_text *t, const char *data, size_t len,
		  struct mv_err *err)
{
	size_t lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += data[i] == '\n';
	t->data = malloc(len + 1);
	t->v = calloc(lines, sizeof(*t->v));
	if (!t->data || !t->v)
		return mv_nomem(err);
	if (len)
		memcpy(t->data, data, len);
	t->data[len] = '\0';
	t->len = len;
	for (size_t at = 0; at < len;) {
		const char *lf = memchr(t->data + at, '\n', len - at);
		size_t n = lf ? (size_t)(lf - t->data) - at : len - at;

		if (n)
			t->v[t->count++] = (struct mv_push_line){ t->data + at, n };
		at += n + 1;
	}
	qsort(t->v, t->count, sizeof(*t->v), mv_hook_by_bytes);
	count_once(t);
	return 0;
}

struct reading {
	struct mv_push_text *texts;
};

static int notes_take_text(void *payload, size_t i, const char *hex,
			   const void *data, size_t len, struct mv_err *err)
{
	struct reading *r = payload;

	(void)hex;
	return cut_up(&r->texts[i], data ? data : "", data ? len : 0, err);
}

/* -- one note ------------------------------------------------------------- */

/* Both sorted: what is only on the left was taken away, on the right is new. */
static int notes_compare(struct mv_push *push, const struct mv_push_note *note,
			 const struct mv_push_text *old,
			 const struct mv_push_text *new, struct mv_err *err)
{
	size_t i = 0, j = 0, gone = 0, added = 0;
	int rc = 0;

	if (new->count > MV_NOTE_LINES)
		return mv_hook_refuse(push, "note %.10s has more than %d "
				      "lines", note->object, MV_NOTE_LINES);
	if (new->copies > old->copies)
		mv_hook_refuse(push, "note %.10s has a line twice: git model "
			       "fetch writes it once", note->object);
	while (!rc && (i < old->count || j < new->count)) {
		int d = 1;

		if (i < old->count)
			d = j == new->count ? -1 :
			    mv_hook_by_bytes(&old->v[i], &new->v[j]);
		if (d < 0)
			gone += (size_t)mv_hook_must_stay(push, note, old,
							  &old->v[i]);
		if (d > 0)
			rc = mv_hook_check_line(push, note, &new->v[j], err);
		added += d > 0;
		i += d <= 0;
		j += d >= 0;
	}
	if (!rc && added)
		rc = mv_hook_check_room(push, note->object, old, new, err);
	if (gone && mv_hook_rule(push, "append-only"))
		mv_hook_refuse(push, "note %.10s lost %zu line%s: notes only "
			       "grow (git model pull brings them back)",
			       note->object, gone, gone == 1 ? "" : "s");
	return rc;
}

/* What the notes hang on, where that is here: a folder's manifest is not. */
static int take_pointer(void *payload, size_t i, const char *hex,
			const void *data, size_t len, struct mv_err *err)
{
	struct mv_push_note *note = (struct mv_push_note *)payload + i;

	(void)hex;
	(void)err;
	note->has_pointer = data && !mv_pointer_parse(&note->pointer, data,
						      len, NULL);
	return 0;
}

static int check_batch(struct mv_push *push, const struct mv_ref_update *u,
		       const char *const *objects, size_t n,
		       struct mv_err *err)
{
	struct mv_push_text old[BATCH], new[BATCH];
	struct mv_push_note note[BATCH];
	struct reading r = { old };
	int rc;

	memset(old, 0, sizeof(old));
	memset(new, 0, sizeof(new));
	memset(note, 0, sizeof(note));
	for (size_t i = 0; i < n; i++)
		note[i].object = objects[i];
	rc = mv_git_read_many(push->git, objects, n, MV_POINTER_MAX,
			      take_pointer, note, err);
	if (!rc && !mv_hook_is_zero(u->old))
		rc = mv_git_notes_read_loose(push->git, u->old, 1, objects,
					     n, OLD_MAX, notes_take_text, &r, err);
	r.texts = new;
	if (!rc)
		rc = mv_git_notes_read(push->git, u->new, objects, n,
				       MV_NOTE_MAX, notes_take_text, &r, err);
	for (size_t i = 0; i < n; i++) {
		if (!rc && push->refused <= TOLD_MAX)
			rc = notes_compare(push, &note[i], &old[i], &new[i],
					   err);
		text_release(&old[i]);
		text_release(&new[i]);
	}
	return rc ? rc : mv_hook_in_time(push, err);
}

static int check_changed(struct mv_push *push, const struct mv_ref_update *u,
			 const struct changes *c, size_t count,
			 struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i += BATCH) {
		const char *objects[BATCH];
		size_t n = 0;

		for (; n < BATCH && i + n < count; n++)
			objects[n] = c->v[i + n].object;
		rc = check_batch(push, u, objects, n, err);
	}
	return rc;
}

static int max_changed(uint64_t *out, struct mv_push *push,
		       struct mv_err *err)
{
	return mv_repo_config_size(out, push->repo, "model.receivenotes",
				   CHANGED_MAX, err);
}

int mv_hook_check_notes_tree(struct mv_push *push,
			     const struct mv_ref_update *u, struct mv_err *err)
{
	struct mv_err why;
	int rc = mv_hook_is_zero(u->new) ? 0 :
	       mv_git_notes_check(push->git, u->new, MV_NOTE_MAX, &why);

	if (rc == MV_ECORRUPT)
		return mv_hook_refuse(push, "%s: %s", u->ref, why.msg);
	return rc ? mv_fail(err, rc, "%s: %s", u->ref, why.msg) : 0;
}

/* -- what stands between the old notes and the new ones ------------------- */

enum { HISTORY_MAX = 64 << 20 };	/* bytes of what its commits change */

static void refuse_losses(struct mv_push *push, const struct mv_past *past)
{
	for (size_t i = 0; i < past->loss_count && i < TOLD_MAX; i++) {
		const struct mv_past_loss *l = &past->losses[i];

		mv_hook_refuse(push, MV_NOTES_REF ": on the way %.10s takes "
			       "%zu line%s out of the note %.10s, and everybody "
			       "would see that for ever: begin again from what "
			       "is here (git fetch origin +" MV_NOTES_REF ":"
			       MV_NOTES_REF "), and record what is yours again",
			       l->commit, l->lines, l->lines == 1 ? "" : "s",
			       l->object);
	}
}

/*
 * Lines that are gone and come back in one push, or a history that is none of
 * notes: verify looks at every commit, and would call it BAD for ever. Notes
 * that nobody can read as they are get mended by taking something out.
 */
static int check_history(struct mv_push *push, const char *old,
			 const char *new, struct mv_err *err)
{
	struct mv_past past;
	struct mv_err why;
	int rc;

	if (!*old || !mv_hook_rule(push, "append-only"))
		return 0;
	memset(&past, 0, sizeof(past));
	rc = mv_gate_past_read_losses(&past, push->git, old, new, HISTORY_MAX,
				      &why);
	if (rc == MV_ENOMEM) {
		mv_hook_refuse(push, MV_NOTES_REF ": its new commits change "
			       "more than anybody can look at: %s", why.msg);
		rc = 0;
	} else if (rc) {
		rc = mv_fail(err, rc, "%s", why.msg);
	} else if (past.loss_count) {
		rc = mv_git_notes_check(push->git, old, MV_NOTE_MAX, &why);
		if (!rc)
			refuse_losses(push, &past);
		else
			rc = rc == MV_ECORRUPT ? 0 :
				mv_fail(err, rc, "%s", why.msg);
	}
	mv_gate_past_release(&past);
	return rc ? rc : mv_hook_in_time(push, err);
}

int mv_hook_check_notes(struct mv_push *push, const struct mv_ref_update *u,
			struct mv_err *err)
{
	const char *old = mv_hook_is_zero(u->old) ? "" : u->old;
	struct changes c = { .push = push };
	const size_t before = push->refused;
	size_t n;
	int rc;

	if (mv_hook_is_zero(u->new))
		return !mv_hook_rule(push, "append-only") ? 0 :
			mv_hook_refuse(push, MV_NOTES_REF " is not deleted");
	c.hex_len = strlen(u->new);
	rc = *old ? mv_git_is_ancestor(push->git, old, u->new, err) : 1;
	if (rc < 0)
		return rc;
	if (!rc)
		return mv_hook_refuse(push, MV_NOTES_REF ": %.10s does not "
				      "come after %.10s; git model pull unites "
				      "them", u->new, old);
	rc = mv_hook_check_notes_tree(push, u, err);
	/* All that is new is walked, here and by everybody who verifies. */
	if (!rc && push->refused == before)
		rc = mv_hook_bound_history(push, old, u->new, err);
	if (rc || push->refused > before)
		return rc;
	rc = max_changed(&c.max, push, err);
	if (!rc)
		rc = mv_git_diff(push->git, old, u->new, 0, NULL, on_delta, &c,
				 err);
	n = !rc && c.count ? notes_settle(&c) : 0;
	if (!rc && n > c.max)
		mv_hook_refuse(push, MV_NOTES_REF ": %zu notes at once; "
			       "model.receiveNotes of the server allows %llu",
			       n, (unsigned long long)c.max);
	else if (!rc && !push->refused)
		rc = check_changed(push, u, &c, n, err);
	free(c.v);
	return rc || push->refused ? rc : check_history(push, old, u->new,
							err);
}
