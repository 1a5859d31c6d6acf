/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/config.h"
#include "libmv/format/format.h"
#include "libmv/look/priv.h"
#include "libmv/meta/manifest.h"

/*
 * What changed inside a file, from the headers of both contents; inside a
 * directory, from both manifests. One change a line: "+" added, "-" removed,
 * "~" changed, after a line that counts them. Names are the file's own:
 * made safe here, because a line break in one must not make two lines.
 */
#define TEXT_MAX ((size_t)256 << 10)
enum { LINES_MAX = 200 };

struct text {
	struct mv_buf head, lines;
	size_t printed, left_out;
	int bad;
};

static void text_init(struct text *t)
{
	memset(t, 0, sizeof(*t));
	mv_buf_init(&t->head, TEXT_MAX);
	mv_buf_init(&t->lines, TEXT_MAX);
}

/* Begin a line, if there is still room for it. */
static int line(struct text *t, char sign, const char *name)
{
	if (t->printed == LINES_MAX || t->lines.len > TEXT_MAX / 2) {
		t->left_out++;
		return 0;
	}
	t->printed++;
	t->bad |= mv_buf_addf(&t->lines, "%c ", sign);
	t->bad |= mv_buf_add_safe(&t->lines, name, strlen(name));
	return 1;
}

/* "tensors: 2 added, 1 removed" */
static void count(struct text *t, size_t *said, size_t n, const char *word)
{
	if (n)
		t->bad |= mv_buf_addf(&t->head, "%s%zu %s", *said ? ", " : "",
				      n, word);
	*said += n;
}

static int text_done(char **out, struct text *t, struct mv_err *err)
{
	if (t->left_out)
		t->bad |= mv_buf_addf(&t->lines, "... and %zu more\n",
				      t->left_out);
	t->bad |= mv_buf_add(&t->head, t->lines.data, t->lines.len);
	if (!t->bad)
		*out = mv_buf_detach(&t->head);
	mv_buf_release(&t->head);
	mv_buf_release(&t->lines);
	return t->bad || !*out ? mv_nomem(err) : 0;
}

/* -- tensors -------------------------------------------------------------- */

static int changes_by_name(const void *a, const void *b)
{
	const struct mv_tensor *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static const struct mv_tensor **sorted(const struct mv_layout *l)
{
	const struct mv_tensor **v = calloc(l->count + 1, sizeof(*v));

	for (size_t i = 0; v && i < l->count; i++)
		v[i] = &l->tensors[i];
	if (v && l->count)
		qsort(v, l->count, sizeof(*v), changes_by_name);
	return v;
}

static int same_shape(const struct mv_tensor *a, const struct mv_tensor *b)
{
	return a->rank == b->rank &&
	       (!a->rank || !memcmp(a->shape, b->shape,
				    a->rank * sizeof(*a->shape)));
}

static int same_type(const struct mv_tensor *a, const struct mv_tensor *b)
{
	return !strcmp(a->dtype_name, b->dtype_name) &&
	       a->big_endian == b->big_endian;
}

static void add_type(struct text *t, const struct mv_tensor *x)
{
	t->bad |= mv_buf_addch(&t->lines, ' ');
	t->bad |= mv_buf_add_safe(&t->lines, x->dtype_name,
				  strlen(x->dtype_name));
	t->bad |= mv_buf_addstr(&t->lines, x->big_endian ? "(big-endian)"
							 : "");
}

static void add_shape(struct text *t, const struct mv_tensor *x)
{
	t->bad |= mv_buf_addstr(&t->lines, " [");
	for (uint32_t i = 0; i < x->rank; i++)
		t->bad |= mv_buf_addf(&t->lines, "%s%" PRIu64, i ? ", " : "",
				      x->shape[i]);
	t->bad |= mv_buf_addch(&t->lines, ']');
}

static void end_line(struct text *t)
{
	t->bad |= mv_buf_addch(&t->lines, '\n');
}

static void one_side(struct text *t, char sign, const struct mv_tensor *x)
{
	if (!line(t, sign, x->name))
		return;
	add_type(t, x);
	add_shape(t, x);
	end_line(t);
}

static void both_sides(struct text *t, const struct mv_tensor *a,
		       const struct mv_tensor *b)
{
	if (!line(t, '~', a->name))
		return;
	add_type(t, a);
	add_shape(t, a);
	t->bad |= mv_buf_addstr(&t->lines, " ->");
	if (!same_type(a, b))
		add_type(t, b);
	if (!same_shape(a, b))
		add_shape(t, b);
	end_line(t);
}

struct tally {
	size_t added, removed, reshaped, retyped;
};

static void compare_tensors(struct text *t, struct tally *n,
			    const struct mv_tensor **a, size_t a_count,
			    const struct mv_tensor **b, size_t b_count)
{
	size_t i = 0, j = 0;

	while (i < a_count || j < b_count) {
		int cmp = i == a_count ? 1 : j == b_count ? -1 :
			  strcmp(a[i]->name, b[j]->name);

		if (cmp < 0) {
			n->removed++;
			one_side(t, '-', a[i++]);
		} else if (cmp > 0) {
			n->added++;
			one_side(t, '+', b[j++]);
		} else {
			n->reshaped += !same_shape(a[i], b[j]);
			n->retyped += !same_type(a[i], b[j]);
			if (!same_shape(a[i], b[j]) || !same_type(a[i], b[j]))
				both_sides(t, a[i], b[j]);
			i++;
			j++;
		}
	}
}

static void tensors_summary(struct text *t, const struct tally *n,
			    const struct mv_layout *a,
			    const struct mv_layout *b)
{
	uint64_t old = mv_layout_elements(a), new = mv_layout_elements(b);
	size_t said = 0;

	t->bad |= mv_buf_addstr(&t->head, "tensors: ");
	count(t, &said, n->added, "added");
	count(t, &said, n->removed, "removed");
	count(t, &said, n->reshaped, "reshaped");
	count(t, &said, n->retyped, "retyped");
	if (!said)
		t->bad |= mv_buf_addf(&t->head, "the same %zu, names, shapes "
				      "and types", b->count);
	t->bad |= mv_buf_addch(&t->head, '\n');
	if (old != new)
		t->bad |= mv_buf_addf(&t->head, "parameters: %" PRIu64
				      " -> %" PRIu64 "\n", old, new);
}

/* -- the file's own metadata ---------------------------------------------- */

static const char *meta_value(const struct mv_layout *l, const char *key)
{
	for (size_t i = 0; i < l->meta_count; i++)
		if (!strcmp(l->meta_keys[i], key))
			return l->meta_values[i];
	return NULL;
}

static void meta_line(struct text *t, char sign, const char *key,
		      const char *old, const char *new)
{
	if (!line(t, sign, key))
		return;
	t->bad |= mv_buf_addstr(&t->lines, ": ");
	if (old)
		t->bad |= mv_buf_add_safe(&t->lines, old, strlen(old));
	if (old && new)
		t->bad |= mv_buf_addstr(&t->lines, " -> ");
	if (new)
		t->bad |= mv_buf_add_safe(&t->lines, new, strlen(new));
	end_line(t);
}

/* Keys are few (a GGUF has dozens): looking each one up is fine; where
   somebody made them many, they are only counted. */
static void compare_metadata(struct text *t, const struct mv_layout *a,
			     const struct mv_layout *b)
{
	enum { KEYS_MAX = 4096 };
	size_t added = 0, removed = 0, changed = 0, said = 0, mark;

	if (a->meta_count > KEYS_MAX || b->meta_count > KEYS_MAX) {
		if (a->meta_count != b->meta_count)
			t->bad |= mv_buf_addf(&t->head, "metadata: %zu -> %zu "
					      "keys\n", a->meta_count,
					      b->meta_count);
		return;
	}
	for (size_t i = 0; i < a->meta_count; i++) {
		const char *key = a->meta_keys[i], *old = a->meta_values[i];
		const char *new = meta_value(b, key);

		removed += !new;
		changed += new && strcmp(old, new);
		if (!new || strcmp(old, new))
			meta_line(t, new ? '~' : '-', key, old, new);
	}
	for (size_t i = 0; i < b->meta_count; i++)
		if (!meta_value(a, b->meta_keys[i])) {
			added++;
			meta_line(t, '+', b->meta_keys[i], NULL,
				  b->meta_values[i]);
		}
	mark = t->head.len;
	t->bad |= mv_buf_addstr(&t->head, "metadata: ");
	count(t, &said, added, "added");
	count(t, &said, removed, "removed");
	count(t, &said, changed, "changed");
	t->bad |= mv_buf_addch(&t->head, '\n');
	if (!said && !t->bad)
		t->head.len = mark;
}

static int layouts(char **out, const struct mv_layout *a,
		   const struct mv_layout *b, struct mv_err *err)
{
	const struct mv_tensor **old = sorted(a), **new = sorted(b);
	struct tally n = { 0 };
	struct text t;
	int rc = old && new ? 0 : mv_nomem(err);

	text_init(&t);
	if (!rc) {
		if (strcmp(a->format, b->format))
			t.bad |= mv_buf_addf(&t.head, "format: %s -> %s\n",
					     a->format, b->format);
		compare_tensors(&t, &n, old, a->count, new, b->count);
		tensors_summary(&t, &n, a, b);
		compare_metadata(&t, a, b);
	}
	t.bad |= rc;
	if (text_done(out, &t, rc ? NULL : err) && !rc)
		rc = MV_ENOMEM;
	free(old);
	free(new);
	return rc;
}

/* What cannot be read is not an error here: there is nothing to be said. */
int mv_look_changes(char **out, struct mv_repo *repo,
		    const struct mv_pointer *old, const struct mv_pointer *new,
		    struct mv_err *err)
{
	struct mv_layout a, b;
	int rc;

	*out = NULL;
	if (mv_look_layout(&a, repo, old, NULL))
		return 0;
	if (mv_look_layout(&b, repo, new, NULL)) {
		mv_layout_release(&a);
		return 0;
	}
	rc = a.format && b.format ? layouts(out, &a, &b, err) : 0;
	mv_layout_release(&a);
	mv_layout_release(&b);
	return rc;
}

/* -- directories ---------------------------------------------------------- */

struct members {
	struct text t;
	size_t added, removed, changed;
};

static int member(void *payload, const struct mv_member *old,
		  const struct mv_member *new, struct mv_err *err)
{
	static const char *const kind[] = { "file", "link", "submodule" };
	struct members *m = payload;
	char a[32], b[32];

	(void)err;
	m->added += !old;
	m->removed += !new;
	m->changed += old && new;
	if (!line(&m->t, !old ? '+' : !new ? '-' : '~',
		  old ? old->path : new->path))
		return 0;
	if ((old && old->kind) || (new && new->kind)) {
		m->t.bad |= mv_buf_addf(&m->t.lines, " (%s%s%s)\n",
					old ? kind[old->kind] : "",
					old && new ? " -> " : "",
					new ? kind[new->kind] : "");
		return 0;
	}
	m->t.bad |= mv_buf_addf(&m->t.lines, " (%s%s%s)\n",
				old ? mv_print_size(a, old->size) : "",
				old && new ? " -> " : "",
				new ? mv_print_size(b, new->size) : "");
	return 0;
}

int mv_look_members(char **out, const struct mv_manifest *old,
		    const struct mv_manifest *new, struct mv_err *err)
{
	struct members m = { .added = 0 };
	size_t said = 0;
	int rc;

	*out = NULL;
	text_init(&m.t);
	rc = mv_manifest_diff(old, new, member, &m, err);
	m.t.bad |= mv_buf_addstr(&m.t.head, "files: ");
	count(&m.t, &said, m.added, "added");
	count(&m.t, &said, m.removed, "removed");
	count(&m.t, &said, m.changed, "changed");
	m.t.bad |= mv_buf_addstr(&m.t.head, said ? "\n" : "the same\n");
	m.t.bad |= rc;
	if (text_done(out, &m.t, rc ? NULL : err) && !rc)
		rc = MV_ENOMEM;
	return rc;
}
