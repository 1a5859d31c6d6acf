/* SPDX-License-Identifier: MIT */
#include "libmv/tensor/diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/tensor/tensor.h"

/*
 * Both sides are sorted by name and walked together. What has the same shape
 * is cut into segments, which threads compare; what they found is added up in
 * the order of the segments, so that rounding is always the same.
 */
#define SEGMENT ((uint64_t)1 << 20)
#define BATCH 1024

struct item {
	const struct mv_tensor *t;
	const struct mv_tensor_source *from;
};

/* One segment of a pair: its place in the batch, and what came of it. */
struct segment {
	struct differ *d;
	size_t change;
	const struct item *a, *b;
	uint64_t off[2], len[2];
	size_t numbers;		/* 0: bytes */
	struct mv_number_delta delta;
};

struct differ {
	struct mv_tensor_diff *out;
	struct mv_pool *pool;
	struct mv_group *group;
	unsigned flags;
	const struct mv_progress *progress;
	size_t alloc;
	uint8_t **room;		/* of each worker: two segments */
	struct segment *batch;
	size_t used;
	uint64_t total;
};

/* -- the list ------------------------------------------------------------- */

const char *mv_tensor_change_word(enum mv_tensor_change_kind kind)
{
	static const char *const words[] = {
		"added", "removed", "reshaped", "retyped", "changed", "unknown"
	};

	return words[kind];
}

int mv_tensor_diff_differs(const struct mv_tensor_diff *diff)
{
	return diff->count > 0;
}

static int copy_form(struct mv_tensor_form_of *to, const struct mv_tensor *t,
		     struct mv_err *err)
{
	if (!t)
		return 0;
	to->dtype = strdup(t->dtype_name);
	to->shape = calloc(t->rank + 1, sizeof(*to->shape));
	if (!to->dtype || !to->shape)
		return mv_nomem(err);
	if (t->rank)
		memcpy(to->shape, t->shape, t->rank * sizeof(*to->shape));
	to->rank = t->rank;
	to->bytes = t->length;
	return 0;
}

static int add_change(struct differ *d, enum mv_tensor_change_kind kind,
		      const struct item *a, const struct item *b,
		      struct mv_err *err)
{
	struct mv_tensor_change *c;
	int rc;

	if (MV_GROW(d->out->v, d->alloc, d->out->count + 1, err))
		return MV_ENOMEM;
	c = &d->out->v[d->out->count++];
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->name = strdup(a ? a->t->name : b->t->name);
	rc = c->name ? copy_form(&c->old, a ? a->t : NULL, err) :
		       mv_nomem(err);
	return rc ? rc : copy_form(&c->new, b ? b->t : NULL, err);
}

static void release_change(struct mv_tensor_change *c)
{
	free(c->name);
	free(c->old.dtype);
	free(c->old.shape);
	free(c->new.dtype);
	free(c->new.shape);
}

void mv_tensor_diff_release(struct mv_tensor_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		release_change(&diff->v[i]);
	for (size_t i = 0; i < diff->layer_count; i++)
		free(diff->layers[i].name);
	free(diff->v);
	free(diff->layers);
	memset(diff, 0, sizeof(*diff));
}

/* -- a segment ------------------------------------------------------------ */

static int read_both(struct segment *s, uint8_t *room, struct mv_err *err)
{
	int rc = mv_tensor_read_exact(s->a->from->read, s->a->from->payload,
				      s->off[0], room, s->len[0], err);

	return rc ? rc : mv_tensor_read_exact(s->b->from->read,
					      s->b->from->payload, s->off[1],
					      room + SEGMENT, s->len[1], err);
}

/* Blocks of a quantised tensor, or bytes, that are others. */
static void count_units(struct mv_number_delta *out, const uint8_t *a,
			const uint8_t *b, uint64_t len, uint32_t unit)
{
	for (uint64_t i = 0; i < len; i += unit) {
		uint64_t n = len - i < unit ? len - i : unit;

		out->changed += !!memcmp(a + i, b + i, n);
		out->count++;
	}
}

static void compare_room(struct segment *s, const uint8_t *a,
			 const uint8_t *b)
{
	const struct mv_tensor *x = s->a->t, *y = s->b->t;

	memset(&s->delta, 0, sizeof(s->delta));
	if (s->numbers)
		mv_number_compare(&s->delta, x->dtype, x->big_endian, a,
				  y->dtype, y->big_endian, b, s->numbers);
	else
		count_units(&s->delta, a, b, s->len[0],
			    x->unit && x->unit <= SEGMENT ? x->unit : 1);
}

static uint8_t *room_of(struct differ *d, unsigned worker)
{
	if (!d->room[worker])
		d->room[worker] = malloc(2 * SEGMENT);
	return d->room[worker];
}

static int run_segment(void *arg, unsigned worker, struct mv_err *err)
{
	struct segment *s = arg;
	uint8_t *room = room_of(s->d, worker);
	int rc = room ? read_both(s, room, err) : mv_nomem(err);

	if (!rc)
		compare_room(s, room, room + SEGMENT);
	return rc;
}

/* Whether at all: until the first difference. */
static int run_brief(void *arg, unsigned worker, struct mv_err *err)
{
	struct segment *s = arg, part = *s;
	uint8_t *room = room_of(s->d, worker);
	const uint64_t len = s->a->t->length;
	int rc = room ? 0 : mv_nomem(err);

	memset(&s->delta, 0, sizeof(s->delta));
	for (uint64_t at = 0; !rc && at < len && !s->delta.changed;
	     at += SEGMENT) {
		part.off[0] = s->off[0] + at;
		part.off[1] = s->off[1] + at;
		part.len[0] = len - at < SEGMENT ? len - at : SEGMENT;
		part.len[1] = part.len[0];
		rc = read_both(&part, room, err);
		s->delta.changed = !rc && memcmp(room, room + SEGMENT,
						 part.len[0]);
	}
	return rc;
}

/* In the order in which they were cut; afterwards the batch is empty. */
static int finish_batch(struct differ *d, struct mv_err *err)
{
	int rc = d->used ? mv_group_wait(d->group, err) : 0;

	for (size_t i = 0; !rc && i < d->used; i++) {
		struct mv_tensor_change *c = &d->out->v[d->batch[i].change];

		mv_number_add(&c->delta, &d->batch[i].delta);
		d->out->read += d->batch[i].len[0] + d->batch[i].len[1];
	}
	d->used = 0;
	mv_progress_update(d->progress, "Comparing", d->out->read, d->total);
	return rc;
}

static struct segment *next_segment(struct differ *d, const struct item *a,
				    const struct item *b, struct mv_err *err)
{
	struct segment *s;

	if (d->used == BATCH && finish_batch(d, err))
		return NULL;
	s = &d->batch[d->used++];
	memset(s, 0, sizeof(*s));
	s->d = d;
	s->change = d->out->count - 1;
	s->a = a;
	s->b = b;
	return s;
}

/* -- a pair --------------------------------------------------------------- */

static int diff_same_shape(const struct mv_tensor *a,
			   const struct mv_tensor *b)
{
	return a->rank == b->rank &&
	       (!a->rank || !memcmp(a->shape, b->shape,
				    a->rank * sizeof(*a->shape)));
}

static int diff_same_type(const struct mv_tensor *a,
			  const struct mv_tensor *b)
{
	return !strcmp(a->dtype_name, b->dtype_name) &&
	       a->big_endian == b->big_endian;
}

/* Numbers of it that lie one behind the other; 0: it has none, or not so. */
static uint64_t plain_numbers(const struct mv_tensor *t)
{
	const unsigned parts = mv_number_parts(t->dtype);
	const uint64_t n = mv_tensor_elements(t);

	if (!parts || t->stride || !t->unit || n > UINT64_MAX / t->unit ||
	    n * t->unit != t->length ||
	    t->unit != parts * mv_number_size(t->dtype))
		return 0;
	return n * parts;
}

/* Can it be seen without reading? */
static int known_same(const struct item *a, const struct item *b)
{
	struct mv_buf x, y;
	int same = 0;

	if (!a->from->names || !b->from->names || a->t->length != b->t->length)
		return 0;
	mv_buf_init(&x, (size_t)256 << 20);
	mv_buf_init(&y, (size_t)256 << 20);
	same = !a->from->names(&x, a->from->payload, a->t->offset,
			       a->t->length, NULL) &&
	       !b->from->names(&y, b->from->payload, b->t->offset,
			       b->t->length, NULL) &&
	       x.len && !mv_buf_cmp(&x, &y);
	mv_buf_release(&x);
	mv_buf_release(&y);
	return same;
}

static int submit_numbers(struct differ *d, const struct item *a,
			  const struct item *b, uint64_t numbers,
			  struct mv_err *err)
{
	const size_t size[2] = { mv_number_size(a->t->dtype),
				 mv_number_size(b->t->dtype) };
	const uint64_t step = SEGMENT / (size[0] > size[1] ? size[0] :
							     size[1]);

	for (uint64_t at = 0; at < numbers; at += step) {
		const uint64_t n = numbers - at < step ? numbers - at : step;
		struct segment *s = next_segment(d, a, b, err);

		if (!s)
			return err ? err->code : MV_EIO;
		s->numbers = n;
		s->off[0] = a->t->offset + at * size[0];
		s->off[1] = b->t->offset + at * size[1];
		s->len[0] = n * size[0];
		s->len[1] = n * size[1];
		mv_group_submit(d->group, run_segment, NULL, s);
	}
	return 0;
}

static int submit_bytes(struct differ *d, const struct item *a,
			const struct item *b, struct mv_err *err)
{
	const uint32_t unit = a->t->unit && a->t->unit <= SEGMENT ?
			      a->t->unit : 1;
	const uint64_t step = SEGMENT - SEGMENT % unit;

	for (uint64_t at = 0; at < a->t->length; at += step) {
		struct segment *s = next_segment(d, a, b, err);

		if (!s)
			return err ? err->code : MV_EIO;
		s->len[0] = a->t->length - at < step ? a->t->length - at :
						       step;
		s->len[1] = s->len[0];
		s->off[0] = a->t->offset + at;
		s->off[1] = b->t->offset + at;
		mv_group_submit(d->group, run_segment, NULL, s);
	}
	return 0;
}

static int submit_brief(struct differ *d, const struct item *a,
			const struct item *b, struct mv_err *err)
{
	struct segment *s = next_segment(d, a, b, err);

	if (!s)
		return err ? err->code : MV_EIO;
	s->off[0] = a->t->offset;
	s->off[1] = b->t->offset;
	mv_group_submit(d->group, run_brief, NULL, s);
	return 0;
}

/* Elements that do not lie in their order are brought into it first. */
static int compare_gathered(struct differ *d, const struct item *a,
			    const struct item *b, struct mv_err *err)
{
	struct mv_tensor_change *c = &d->out->v[d->out->count - 1];
	const struct mv_tensor *x = a->t, *y = b->t;
	uint8_t *one = NULL, *two = NULL;
	size_t len[2] = { 0, 0 };
	int rc = mv_tensor_gather(&one, &len[0], x, a->from->read,
				  a->from->payload, err);

	if (!rc)
		rc = mv_tensor_gather(&two, &len[1], y, b->from->read,
				      b->from->payload, err);
	if (rc == MV_ENOTSUP) {
		c->kind = MV_TENSOR_UNKNOWN;
		c->why = "too large for its order";
		rc = 0;
	} else if (!rc && mv_number_parts(x->dtype) &&
		   mv_number_parts(y->dtype)) {
		mv_number_compare(&c->delta, x->dtype, x->big_endian, one,
				  y->dtype, y->big_endian, two,
				  len[0] / mv_number_size(x->dtype));
		c->numbers = !(d->flags & MV_TENSOR_DIFF_BRIEF);
	} else if (!rc) {
		count_units(&c->delta, one, two, len[0] < len[1] ? len[0] :
			    len[1], x->unit ? x->unit : 1);
	}
	d->out->read += len[0] + len[1];
	free(one);
	free(two);
	return rc;
}

static int is_there(const struct item *item)
{
	return !item->from->has ||
	       item->from->has(item->from->payload, item->t->offset,
			       item->t->length);
}

/* The change was added; what it is in numbers comes with the batch. */
static int measure(struct differ *d, const struct item *a,
		   const struct item *b, struct mv_err *err)
{
	struct mv_tensor_change *c = &d->out->v[d->out->count - 1];
	const uint64_t n = plain_numbers(a->t);
	const int brief = d->flags & MV_TENSOR_DIFF_BRIEF;

	if (mv_tensor_readable(a->t, NULL) || mv_tensor_readable(b->t, NULL)) {
		c->kind = MV_TENSOR_UNKNOWN;
		c->why = a->t->elsewhere || b->t->elsewhere ?
			 "in another file" : "packed";
		return 0;
	}
	if (!is_there(a) || !is_there(b)) {
		c->kind = MV_TENSOR_UNKNOWN;
		c->why = "not here";
		return 0;
	}
	if (n && plain_numbers(b->t) == n) {
		if (brief && diff_same_type(a->t, b->t))
			return submit_brief(d, a, b, err);
		if (brief)
			return 0;
		c->numbers = 1;
		return submit_numbers(d, a, b, n, err);
	}
	if (a->t->stride || b->t->stride)
		return compare_gathered(d, a, b, err);
	if (a->t->length != b->t->length) {
		c->delta.changed = 1;	/* by the length alone */
		return 0;
	}
	if (brief)
		return submit_brief(d, a, b, err);
	return diff_same_type(a->t, b->t) ? submit_bytes(d, a, b, err) : 0;
}

static int pair_up(struct differ *d, const struct item *a,
		   const struct item *b, struct mv_err *err)
{
	const int shaped = diff_same_shape(a->t, b->t) ||
			   a->t->dtype == MV_DTYPE_FILE;
	const int typed = diff_same_type(a->t, b->t);
	int rc;

	if (shaped && typed &&
	    ((!a->t->length && !b->t->length) || known_same(a, b))) {
		d->out->same++;
		d->out->skipped += a->t->length + b->t->length;
		return 0;
	}
	rc = add_change(d, !shaped ? MV_TENSOR_RESHAPED :
			   !typed ? MV_TENSOR_RETYPED : MV_TENSOR_CHANGED,
			a, b, err);
	return rc || !shaped ? rc : measure(d, a, b, err);
}

/* -- both sides ----------------------------------------------------------- */

static int diff_by_name(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = strcmp(x->t->name, y->t->name);

	if (c)
		return c;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->t > y->t) - (x->t < y->t);
}

static int all_tensors(struct item **out, size_t *count,
		       const struct mv_tensor_source *from, size_t sources,
		       struct mv_err *err)
{
	size_t n = 0;

	*count = 0;
	for (size_t i = 0; i < sources; i++)
		n += from[i].layout->count;
	*out = calloc(n + 1, sizeof(**out));
	if (!*out)
		return mv_nomem(err);
	for (size_t i = 0; i < sources; i++)
		for (size_t k = 0; k < from[i].layout->count; k++) {
			struct item *item = &(*out)[(*count)++];

			item->t = &from[i].layout->tensors[k];
			item->from = &from[i];
		}
	if (n)
		qsort(*out, n, sizeof(**out), diff_by_name);
	return 0;
}

static uint64_t all_bytes(const struct item *v, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += v[i].t->length;
	return sum;
}

static int walk_both(struct differ *d, const struct item *a, size_t a_count,
		     const struct item *b, size_t b_count, struct mv_err *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (!rc && (i < a_count || j < b_count)) {
		int c = i == a_count ? 1 : j == b_count ? -1 :
			strcmp(a[i].t->name, b[j].t->name);

		if (c < 0)
			rc = add_change(d, MV_TENSOR_REMOVED, &a[i++], NULL,
					err);
		else if (c > 0)
			rc = add_change(d, MV_TENSOR_ADDED, NULL, &b[j++],
					err);
		else
			rc = pair_up(d, &a[i++], &b[j++], err);
		if (!rc && mv_group_failed(d->group))
			break;
	}
	return rc;
}

/* -- what it says --------------------------------------------------------- */

/* The ones that turned out to be the same go. */
static void drop_same(struct mv_tensor_diff *out)
{
	size_t n = 0;

	for (size_t i = 0; i < out->count; i++) {
		struct mv_tensor_change *c = &out->v[i];

		if (c->kind == MV_TENSOR_CHANGED && !c->delta.changed) {
			out->same++;
			release_change(c);
			continue;
		}
		out->added += c->kind == MV_TENSOR_ADDED;
		out->removed += c->kind == MV_TENSOR_REMOVED;
		out->reshaped += c->kind == MV_TENSOR_RESHAPED;
		out->retyped += c->kind == MV_TENSOR_RETYPED;
		out->changed += c->kind == MV_TENSOR_CHANGED;
		out->unknown += c->kind == MV_TENSOR_UNKNOWN;
		if (c->numbers)
			mv_number_add(&out->delta, &c->delta);
		out->v[n++] = *c;
	}
	out->count = n;
}

/* What is worth looking at first: what cannot be measured, then the most. */
static double weight(const struct mv_tensor_change *c)
{
	double l2 = mv_number_relative_l2(&c->delta);

	if (!c->numbers)
		return c->kind == MV_TENSOR_CHANGED ? -1 : INFINITY;
	return isnan(l2) ? INFINITY : l2;
}

static int heavier(const void *a, const void *b)
{
	const struct mv_tensor_change *x = a, *y = b;
	double u = weight(x), v = weight(y);

	if (u != v)
		return u > v ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* -- layers --------------------------------------------------------------- */

/* "model.layers.3" of "model.layers.3.mlp.up"; "model.norm" of
   "model.norm.weight": to the first number, else without the last word. */
static size_t layer_len(const char *name)
{
	const char *last = strrchr(name, '.');

	for (const char *p = name; *p;) {
		size_t len = strcspn(p, "./_"), digits = strspn(p, "0123456789");

		if (len && digits == len)
			return (size_t)(p + len - name);
		p += len + (p[len] != '\0');
	}
	return last && last != name ? (size_t)(last - name) : strlen(name);
}

static int numbers_as_numbers(const char *a, const char *b)
{
	while (*a && *b) {
		size_t m = strspn(a, "0123456789");
		size_t n = strspn(b, "0123456789");

		if (m && n) {
			while (m > 1 && *a == '0')
				a++, m--;
			while (n > 1 && *b == '0')
				b++, n--;
			if (m != n)
				return m < n ? -1 : 1;
		}
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		a++;
		b++;
	}
	return (*a != 0) - (*b != 0);
}

static int by_layer(const void *a, const void *b)
{
	const struct mv_tensor_layer *x = a, *y = b;

	return numbers_as_numbers(x->name, y->name);
}

static int find_layer(const void *key, const void *layer)
{
	const struct mv_tensor_layer *y = layer;

	return numbers_as_numbers(key, y->name);
}

static int each_layer(struct mv_tensor_diff *out, const struct item *v,
		      size_t count, struct mv_err *err)
{
	struct mv_tensor_layer *l;
	size_t alloc = 0, len, n = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = v[i].t->name;

		len = layer_len(name);
		if (out->layer_count &&
		    !strncmp(out->layers[out->layer_count - 1].name, name,
			     len) &&
		    !out->layers[out->layer_count - 1].name[len])
			continue;	/* they are sorted: nearly all */
		if (MV_GROW(out->layers, alloc, out->layer_count + 1, err))
			return MV_ENOMEM;
		l = &out->layers[out->layer_count++];
		memset(l, 0, sizeof(*l));
		l->name = strndup(name, len);
		if (!l->name)
			return mv_nomem(err);
	}
	if (out->layer_count)
		qsort(out->layers, out->layer_count, sizeof(*out->layers),
		      by_layer);
	for (size_t i = 0; i < out->layer_count; i++) {
		if (n && !by_layer(&out->layers[n - 1], &out->layers[i]))
			free(out->layers[i].name);
		else
			out->layers[n++] = out->layers[i];
	}
	out->layer_count = n;
	return 0;
}

static struct mv_tensor_layer *layer_of(struct mv_tensor_diff *out,
					const char *name, char *room)
{
	size_t len = layer_len(name);

	memcpy(room, name, len);
	room[len] = '\0';
	return bsearch(room, out->layers, out->layer_count,
		       sizeof(*out->layers), find_layer);
}

/* Of the new side, where a layer has any tensor there. */
static int sum_layers(struct mv_tensor_diff *out, const struct item *b,
		      size_t b_count, struct mv_err *err)
{
	size_t most = 0;
	struct mv_tensor_layer *l;
	char *room;
	int rc = each_layer(out, b, b_count, err);

	for (size_t i = 0; i < b_count; i++)
		if (strlen(b[i].t->name) > most)
			most = strlen(b[i].t->name);
	for (size_t i = 0; i < out->count; i++)
		if (strlen(out->v[i].name) > most)
			most = strlen(out->v[i].name);
	room = malloc(most + 1);
	if (!rc && !room)
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < b_count; i++)
		if ((l = layer_of(out, b[i].t->name, room)))
			l->tensors++;
	for (size_t i = 0; !rc && i < out->count; i++) {
		const struct mv_tensor_change *c = &out->v[i];

		l = layer_of(out, c->name, room);
		if (!l || c->kind == MV_TENSOR_REMOVED)
			continue;
		l->changed++;
		if (c->numbers)
			mv_number_add(&l->delta, &c->delta);
	}
	free(room);
	return rc;
}

/* -- the verb ------------------------------------------------------------- */

static int differ_begin(struct differ *d, struct mv_err *err)
{
	d->room = calloc(mv_pool_threads(d->pool), sizeof(*d->room));
	d->batch = calloc(BATCH, sizeof(*d->batch));
	return d->room && d->batch ? mv_group_new(&d->group, d->pool, err) :
				     mv_nomem(err);
}

static void differ_end(struct differ *d)
{
	mv_group_free(d->group);
	for (unsigned i = 0; d->room && i < mv_pool_threads(d->pool); i++)
		free(d->room[i]);
	free(d->room);
	free(d->batch);
}

static int differ_run(struct differ *d, const struct item *x, size_t x_count,
		      const struct item *y, size_t y_count, struct mv_err *err)
{
	struct mv_err why = { 0 };
	int waited, rc = walk_both(d, x, x_count, y, y_count, err);

	/* Also after a failure: threads are at work on what is ours. */
	waited = finish_batch(d, &why);
	if (!rc && waited && err)
		*err = why;
	if (rc || waited)
		return rc ? rc : waited;
	drop_same(d->out);
	/* Before they are sorted by weight: sums go by name. */
	rc = sum_layers(d->out, y, y_count, err);
	if (d->out->count)
		qsort(d->out->v, d->out->count, sizeof(*d->out->v), heavier);
	return rc;
}

int mv_tensor_diff_run(struct mv_tensor_diff *out,
		       const struct mv_tensor_source *a, size_t a_count,
		       const struct mv_tensor_source *b, size_t b_count,
		       struct mv_pool *pool, unsigned flags,
		       const struct mv_progress *progress, struct mv_err *err)
{
	struct differ d = { .out = out, .pool = pool, .flags = flags,
			    .progress = progress };
	struct item *x = NULL, *y = NULL;
	struct mv_err why;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!err)
		err = &why;
	out->brief = !!(flags & MV_TENSOR_DIFF_BRIEF);
	rc = all_tensors(&x, &out->old_count, a, a_count, err);
	if (!rc)
		rc = all_tensors(&y, &out->new_count, b, b_count, err);
	if (!rc) {
		d.total = all_bytes(x, out->old_count) +
			  all_bytes(y, out->new_count);
		rc = differ_begin(&d, err);
	}
	if (!rc)
		rc = differ_run(&d, x, out->old_count, y, out->new_count, err);
	differ_end(&d);
	free(x);
	free(y);
	if (rc)
		mv_tensor_diff_release(out);
	return rc;
}
