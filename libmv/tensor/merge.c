/* SPDX-License-Identifier: MIT */
#include "libmv/tensor/merge.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/tensor/tensor.h"

#define STEP ((size_t)1 << 18)

enum { BASE, OURS, THEIRS };

int mv_tensor_merges(const char *format)
{
	static const char *const formats[] = { "safetensors", "gguf", "npy" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (format && !strcmp(format, formats[i]))
			return 1;
	return 0;
}

static const char *const rules[] = { "none", "ours", "theirs", "average" };

int mv_tensor_rule_parse(enum mv_tensor_rule *out, const char *word)
{
	for (int i = MV_TENSOR_RULE_OURS; i <= MV_TENSOR_RULE_AVERAGE; i++)
		if (!strcmp(word, rules[i])) {
			*out = (enum mv_tensor_rule)i;
			return 0;
		}
	return MV_EINVALID;
}

const char *mv_tensor_rule_word(enum mv_tensor_rule rule)
{
	return rules[rule];
}

/* -- equal bytes ---------------------------------------------------------- */

/* 1: the same, 0: not, or an error. */
static int same_range(const struct mv_tensor_merge_file *a, uint64_t a_off,
		      const struct mv_tensor_merge_file *b, uint64_t b_off,
		      uint64_t len, struct mv_err *err)
{
	uint8_t *room = len ? malloc(2 * STEP) : NULL;
	int rc = room || !len ? 0 : mv_nomem(err), same = 1;

	for (uint64_t at = 0; !rc && same && at < len; at += STEP) {
		size_t n = len - at < STEP ? (size_t)(len - at) : STEP;

		rc = mv_tensor_read_exact(a->source.read, a->source.payload,
					  a_off + at, room, n, err);
		if (!rc)
			rc = mv_tensor_read_exact(b->source.read,
						  b->source.payload,
						  b_off + at, room + STEP, n,
						  err);
		same = !rc && !memcmp(room, room + STEP, n);
	}
	free(room);
	return rc ? rc : same;
}

static int same_names(const struct mv_tensor_merge_file *a,
		      const struct mv_tensor *x,
		      const struct mv_tensor_merge_file *b,
		      const struct mv_tensor *y)
{
	struct mv_buf p, q;
	int same;

	if (!a->source.names || !b->source.names)
		return 0;
	mv_buf_init(&p, (size_t)256 << 20);
	mv_buf_init(&q, (size_t)256 << 20);
	same = !a->source.names(&p, a->source.payload, x->offset, x->length,
				NULL) &&
	       !b->source.names(&q, b->source.payload, y->offset, y->length,
				NULL) &&
	       p.len && !mv_buf_cmp(&p, &q);
	mv_buf_release(&p);
	mv_buf_release(&q);
	return same;
}

static int same_strides(const struct mv_tensor *x, const struct mv_tensor *y)
{
	if (!x->stride || !y->stride)
		return !x->stride && !y->stride;
	return !x->rank || !memcmp(x->stride, y->stride,
				   x->rank * sizeof(*x->stride));
}

/* Would its bytes fit in the other's place, and mean the same there? */
static int same_form(const struct mv_tensor *x, const struct mv_tensor *y)
{
	return !strcmp(x->dtype_name, y->dtype_name) &&
	       x->big_endian == y->big_endian && x->unit == y->unit &&
	       x->rank == y->rank && x->length == y->length &&
	       (!x->rank || !memcmp(x->shape, y->shape,
				    x->rank * sizeof(*x->shape))) &&
	       same_strides(x, y);
}

/* Of two that may be missing. */
static int same_tensor(const struct mv_tensor_merge *m, int a,
		       const struct mv_tensor *x, int b,
		       const struct mv_tensor *y, struct mv_err *err)
{
	if (!x || !y)
		return !x && !y;
	if (!same_form(x, y))
		return 0;
	if (!x->length || same_names(&m->side[a], x, &m->side[b], y))
		return 1;
	return same_range(&m->side[a], x->offset, &m->side[b], y->offset,
			  x->length, err);
}

/* -- frames --------------------------------------------------------------- */

static const struct mv_layout *layout_of(const struct mv_tensor_merge *m,
					 int side)
{
	return m->side[side].source.layout;
}

/* The end of the tensor before number `i`; behind the last one for the count. */
static uint64_t gap_begin(const struct mv_layout *l, size_t i)
{
	return i ? l->tensors[i - 1].offset + l->tensors[i - 1].length : 0;
}

static uint64_t gap_end(const struct mv_tensor_merge_file *f, size_t i)
{
	const struct mv_layout *l = f->source.layout;

	return i < l->count ? l->tensors[i].offset : f->size;
}

static int same_gap(const struct mv_tensor_merge_file *a,
		    const struct mv_tensor_merge_file *b, size_t i,
		    struct mv_err *err)
{
	const uint64_t x = gap_begin(a->source.layout, i);
	const uint64_t y = gap_begin(b->source.layout, i);
	const uint64_t len = gap_end(a, i) - x;

	if (gap_end(b, i) - y != len)
		return 0;
	return same_range(a, x, b, y, len, err);
}

static int same_frame(const struct mv_tensor_merge *m, int a, int b,
		      struct mv_err *err)
{
	const struct mv_layout *x = layout_of(m, a), *y = layout_of(m, b);
	int rc = 1;

	if (x->count != y->count)
		return 0;
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->tensors[i].name, y->tensors[i].name) ||
		    !same_form(&x->tensors[i], &y->tensors[i]))
			return 0;
	for (size_t i = 0; rc == 1 && i <= x->count; i++)
		rc = same_gap(&m->side[a], &m->side[b], i, err);
	return rc;
}

/* Each byte is in one tensor, or in the frame. */
static int is_sound(const struct mv_tensor_merge_file *f)
{
	const struct mv_layout *l = f->source.layout;

	for (size_t i = 0; i < l->count; i++) {
		const struct mv_tensor *t = &l->tensors[i];

		if (mv_tensor_readable(t, NULL) ||
		    t->dtype == MV_DTYPE_FILE || t->offset < gap_begin(l, i) ||
		    t->length > f->size || t->offset > f->size - t->length)
			return 0;
	}
	return l->count > 0;
}

/* -- names of all sides --------------------------------------------------- */

struct sorted {
	const struct mv_tensor **v[3];
	size_t count[3], at[3];
};

static int merge_by_name(const void *a, const void *b)
{
	const struct mv_tensor *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* MV_EEXISTS: a name stands there twice. */
static int sort_names(struct sorted *s, const struct mv_tensor_merge *m,
		      struct mv_err *err)
{
	memset(s, 0, sizeof(*s));
	for (int side = 0; side < 3; side++) {
		const struct mv_layout *l = layout_of(m, side);

		s->count[side] = l->count;
		s->v[side] = calloc(l->count + 1, sizeof(*s->v[side]));
		if (!s->v[side])
			return mv_nomem(err);
		for (size_t i = 0; i < l->count; i++)
			s->v[side][i] = &l->tensors[i];
		qsort(s->v[side], l->count, sizeof(*s->v[side]),
		      merge_by_name);
		for (size_t i = 1; i < l->count; i++)
			if (!strcmp(s->v[side][i - 1]->name,
				    s->v[side][i]->name))
				return MV_EEXISTS;
	}
	return 0;
}

/* The next name of any side, and its tensors: 0 at the end. */
static int next_name(const struct mv_tensor *t[3], struct sorted *s)
{
	const char *first = NULL;

	for (int i = 0; i < 3; i++)
		if (s->at[i] < s->count[i] &&
		    (!first || strcmp(s->v[i][s->at[i]]->name, first) < 0))
			first = s->v[i][s->at[i]]->name;
	for (int i = 0; i < 3; i++) {
		t[i] = NULL;
		if (first && s->at[i] < s->count[i] &&
		    !strcmp(s->v[i][s->at[i]]->name, first))
			t[i] = s->v[i][s->at[i]++];
	}
	return first != NULL;
}

/* Have both sides the same tensors, whatever is in them? */
static int same_sets(struct sorted *s)
{
	const struct mv_tensor *t[3];
	int same = 1;

	memset(s->at, 0, sizeof(s->at));
	while (same && next_name(t, s))
		same = (!t[OURS] && !t[THEIRS]) ||
		       (t[OURS] && t[THEIRS] && same_form(t[OURS], t[THEIRS]));
	memset(s->at, 0, sizeof(s->at));
	return same;
}

/* -- the plan ------------------------------------------------------------- */

static int add_clash(struct mv_tensor_merge *m, const char *name,
		     const char *why, struct mv_err *err)
{
	struct mv_tensor_clash *c = MV_GROW_ONE(m->clash, m->clashes, err);

	if (!c)
		return MV_ENOMEM;
	c->name = name;
	c->why = why;
	return 0;
}

/* Whose frame? 0 with m->refused where neither side's will do. */
static int choose_frame(struct mv_tensor_merge *m, struct sorted *s,
			enum mv_tensor_rule rule, struct mv_err *err)
{
	int same = same_frame(m, OURS, THEIRS, err);

	m->frame = MV_TENSOR_PICK_OURS;
	if (same)
		return same < 0 ? same : 0;
	same = same_frame(m, BASE, THEIRS, err);
	if (same)		/* ours alone changed it */
		return same < 0 ? same : 0;
	same = same_frame(m, BASE, OURS, err);
	if (same) {
		m->frame = MV_TENSOR_PICK_THEIRS;
		return same < 0 ? same : 0;
	}
	if ((rule == MV_TENSOR_RULE_OURS || rule == MV_TENSOR_RULE_THEIRS) &&
	    same_sets(s)) {
		m->frame = rule == MV_TENSOR_RULE_OURS ? MV_TENSOR_PICK_OURS :
							 MV_TENSOR_PICK_THEIRS;
		return 0;
	}
	m->refused = "header or metadata changed on both sides";
	return 0;
}

/* Both sides added or removed tensors: which? */
static int frame_clashes(struct mv_tensor_merge *m, struct sorted *s,
			 struct mv_err *err)
{
	const struct mv_tensor *t[3];
	int rc = 0;

	memset(s->at, 0, sizeof(s->at));
	while (!rc && next_name(t, s)) {
		const struct mv_tensor *b = t[BASE], *o = t[OURS];
		const struct mv_tensor *h = t[THEIRS];
		const char *name = o ? o->name : h ? h->name : b->name;

		if (!b && o && h && same_form(o, h))
			rc = add_clash(m, name, "added on both sides", err);
		else if (!b && o && h)
			rc = add_clash(m, name, "added on both sides, not "
				       "alike", err);
		else if (!b)
			rc = add_clash(m, name, o ? "added in ours" :
				       "added in theirs", err);
		else if (!o || !h)
			rc = add_clash(m, name, !o && !h ?
				       "removed on both sides" : !o ?
				       "removed in ours" :
				       "removed in theirs", err);
		else if (!same_form(b, o) || !same_form(b, h))
			rc = add_clash(m, name, same_form(b, h) ?
				       "reshaped in ours" : same_form(b, o) ?
				       "reshaped in theirs" :
				       "reshaped on both sides", err);
	}
	return rc;
}

static int can_average(const struct mv_tensor *x, const struct mv_tensor *y)
{
	uint8_t none[16] = { 0 };

	return x && y && same_form(x, y) && mv_number_parts(x->dtype) &&
	       x->unit == mv_number_parts(x->dtype) *
			  mv_number_size(x->dtype) &&
	       !(x->length % x->unit) &&
	       !mv_number_average(none, x->dtype, 0, none, none, 1);
}

/* Both changed it, and not alike. */
static int settle(struct mv_tensor_piece *p, enum mv_tensor_rule rule)
{
	if (rule == MV_TENSOR_RULE_OURS)
		p->pick = MV_TENSOR_PICK_OURS;
	else if (rule == MV_TENSOR_RULE_THEIRS)
		p->pick = MV_TENSOR_PICK_THEIRS;
	else if (rule == MV_TENSOR_RULE_AVERAGE &&
		 can_average(p->ours, p->theirs))
		p->pick = MV_TENSOR_PICK_AVERAGE;
	else
		return 0;
	p->ruled = 1;
	return 1;
}

static const char *why_clash(const struct mv_tensor_piece *p,
			     const struct mv_tensor *base,
			     enum mv_tensor_rule rule)
{
	if (!p->ours || !p->theirs)
		return p->ours ? "changed in ours, removed in theirs" :
				 "removed in ours, changed in theirs";
	if (!base)
		return "added on both sides";
	if (!same_form(p->ours, p->theirs))
		return "reshaped on one side, changed on the other";
	return rule == MV_TENSOR_RULE_AVERAGE ?
	       "changed on both sides, and has no mean" :
	       "changed on both sides";
}

/* What is chosen must fit into the place that the frame has for it. */
static int check_fit(const struct mv_tensor_piece *p)
{
	const struct mv_tensor *t = p->pick == MV_TENSOR_PICK_THEIRS ?
				    p->theirs : p->ours;

	if (p->pick == MV_TENSOR_PICK_SAME)
		return 1;
	return !p->frame ? !t : t && same_form(p->frame, t);
}

static int merge_name(struct mv_tensor_merge *m, struct mv_tensor_piece *p,
		      const struct mv_tensor *t[3], enum mv_tensor_rule rule,
		      struct mv_err *err)
{
	const char *name = t[OURS] ? t[OURS]->name : t[THEIRS] ?
			   t[THEIRS]->name : t[BASE]->name;
	int same = same_tensor(m, OURS, t[OURS], THEIRS, t[THEIRS], err);

	memset(p, 0, sizeof(*p));
	p->ours = t[OURS];
	p->theirs = t[THEIRS];
	p->frame = m->frame == MV_TENSOR_PICK_OURS ? p->ours : p->theirs;
	if (same)
		return same < 0 ? same : 0;
	p->pick = MV_TENSOR_PICK_THEIRS;
	same = same_tensor(m, BASE, t[BASE], OURS, t[OURS], err);
	if (!same) {
		p->pick = MV_TENSOR_PICK_OURS;
		same = same_tensor(m, BASE, t[BASE], THEIRS, t[THEIRS], err);
	}
	if (same < 0)
		return same;
	if (!same && !settle(p, rule))
		return add_clash(m, name, why_clash(p, t[BASE], rule), err);
	return check_fit(p) ? 0 : add_clash(m, name, "does not fit what the "
					    "other side made of the header",
					    err);
}

static int merge_by_place(const void *a, const void *b)
{
	const struct mv_tensor_piece *x = a, *y = b;

	/* Of empty ones at one place the order is the layout's. */
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static void count_pieces(struct mv_tensor_merge *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct mv_tensor_piece *p = &m->piece[i];

		m->same += p->pick == MV_TENSOR_PICK_SAME;
		m->ours += p->pick == MV_TENSOR_PICK_OURS;
		m->theirs += p->pick == MV_TENSOR_PICK_THEIRS;
		m->averaged += p->pick == MV_TENSOR_PICK_AVERAGE;
		m->ruled += !!p->ruled;
	}
}

static int plan_pieces(struct mv_tensor_merge *m, struct sorted *s,
		       enum mv_tensor_rule rule, struct mv_err *err)
{
	const int frame = m->frame == MV_TENSOR_PICK_OURS ? OURS : THEIRS;
	const struct mv_tensor *t[3];
	struct mv_tensor_piece p;
	int rc = 0;

	m->size = m->side[frame].size;
	m->piece = calloc(layout_of(m, frame)->count + 1, sizeof(*m->piece));
	if (!m->piece)
		return mv_nomem(err);
	while (!rc && next_name(t, s)) {
		rc = merge_name(m, &p, t, rule, err);
		if (!rc && p.frame)
			m->piece[m->count++] = p;
	}
	if (m->count)
		qsort(m->piece, m->count, sizeof(*m->piece), merge_by_place);
	count_pieces(m);
	return rc;
}

static const char *refuse(const struct mv_tensor_merge *m)
{
	for (int i = 0; i < 3; i++) {
		const char *format = layout_of(m, i)->format;

		if (!mv_tensor_merges(format))
			return "its format is not merged by tensors";
		if (strcmp(format, layout_of(m, BASE)->format))
			return "its format changed";
		if (!is_sound(&m->side[i]))
			return "its tensors do not lie side by side";
	}
	return NULL;
}

int mv_tensor_merge_plan(struct mv_tensor_merge *out,
			 const struct mv_tensor_merge_file *base,
			 const struct mv_tensor_merge_file *ours,
			 const struct mv_tensor_merge_file *theirs,
			 enum mv_tensor_rule rule, struct mv_err *err)
{
	struct sorted s;
	int rc;

	memset(out, 0, sizeof(*out));
	out->side[BASE] = *base;
	out->side[OURS] = *ours;
	out->side[THEIRS] = *theirs;
	out->refused = refuse(out);
	if (out->refused)
		return 0;
	rc = sort_names(&s, out, err);
	if (rc == MV_EEXISTS)
		out->refused = "it has two tensors of one name";
	if (!rc)
		rc = choose_frame(out, &s, rule, err);
	if (!rc && out->refused)
		rc = frame_clashes(out, &s, err);
	else if (!rc)
		rc = plan_pieces(out, &s, rule, err);
	for (int i = 0; i < 3; i++)
		free(s.v[i]);
	if (rc == MV_EEXISTS)
		return 0;
	if (rc)
		mv_tensor_merge_release(out);
	return rc;
}

void mv_tensor_merge_release(struct mv_tensor_merge *m)
{
	free(m->clash);
	free(m->piece);
	memset(m, 0, sizeof(*m));
}

/* -- the result ----------------------------------------------------------- */

static int read_side(const struct mv_tensor_merge *m, int side, uint64_t off,
		     void *data, size_t len, struct mv_err *err)
{
	const struct mv_tensor_source *s = &m->side[side].source;

	return mv_tensor_read_exact(s->read, s->payload, off, data, len, err);
}

/* The block of means that `at` (in the tensor) is in. */
static int fill_mean(struct mv_tensor_merge_reader *r,
		     const struct mv_tensor_piece *p, uint64_t at,
		     struct mv_err *err)
{
	const size_t size = mv_number_size(p->ours->dtype);
	const uint64_t from = at - at % STEP;
	const size_t len = p->ours->length - from < STEP ?
			   (size_t)(p->ours->length - from) : STEP;
	int rc = 0;

	if (!r->mean && !(r->mean = malloc(2 * STEP)))
		return mv_nomem(err);
	r->mean_len = 0;
	rc = read_side(r->merge, OURS, p->ours->offset + from, r->mean, len,
		       err);
	if (!rc)
		rc = read_side(r->merge, THEIRS, p->theirs->offset + from,
			       r->mean + STEP, len, err);
	if (!rc && mv_number_average(r->mean, p->ours->dtype,
				     p->ours->big_endian, r->mean,
				     r->mean + STEP, len / size))
		rc = mv_fail(err, MV_ENOTSUP, "'%s' has no mean",
			     p->ours->name);
	if (!rc) {
		r->mean_at = p->frame->offset + from;
		r->mean_len = len;
	}
	return rc;
}

static int read_mean(struct mv_tensor_merge_reader *r,
		     const struct mv_tensor_piece *p, void *data, size_t len,
		     size_t *got, struct mv_err *err)
{
	int rc = 0;

	if (!r->mean_len || r->pos < r->mean_at ||
	    r->pos >= r->mean_at + r->mean_len)
		rc = fill_mean(r, p, r->pos - p->frame->offset, err);
	if (rc)
		return rc;
	*got = (size_t)(r->mean_at + r->mean_len - r->pos);
	*got = *got < len ? *got : len;
	memcpy(data, r->mean + (r->pos - r->mean_at), *got);
	return 0;
}

static int read_piece(struct mv_tensor_merge_reader *r,
		      const struct mv_tensor_piece *p, void *data, size_t len,
		      size_t *got, struct mv_err *err)
{
	const uint64_t at = r->pos - p->frame->offset;
	const int theirs = p->pick == MV_TENSOR_PICK_THEIRS ||
			   (p->pick == MV_TENSOR_PICK_SAME && !p->ours);
	const struct mv_tensor *from = theirs ? p->theirs : p->ours;

	if (len > p->frame->length - at)
		len = (size_t)(p->frame->length - at);
	if (p->pick == MV_TENSOR_PICK_AVERAGE)
		return read_mean(r, p, data, len, got, err);
	*got = len;
	return read_side(r->merge, theirs ? THEIRS : OURS, from->offset + at,
			 data, len, err);
}

static int merge_read(void *payload, void *data, size_t len, size_t *got,
		      struct mv_err *err)
{
	struct mv_tensor_merge_reader *r = payload;
	const struct mv_tensor_merge *m = r->merge;
	const struct mv_tensor_piece *p;
	uint64_t end;
	int rc;

	*got = 0;
	while (r->piece < m->count &&
	       m->piece[r->piece].frame->offset +
	       m->piece[r->piece].frame->length <= r->pos)
		r->piece++;
	p = r->piece < m->count ? &m->piece[r->piece] : NULL;
	end = p ? p->frame->offset : m->size;
	if (p && end <= r->pos) {
		rc = read_piece(r, p, data, len, got, err);
	} else {		/* a gap, or the end */
		*got = end - r->pos < len ? (size_t)(end - r->pos) : len;
		rc = *got ? read_side(m, m->frame == MV_TENSOR_PICK_OURS ?
				      OURS : THEIRS, r->pos, data, *got,
				      err) : 0;
	}
	if (!rc)
		r->pos += *got;
	return rc;
}

struct mv_reader mv_tensor_merge_read(struct mv_tensor_merge_reader *state,
				      const struct mv_tensor_merge *merge)
{
	struct mv_reader reader = { merge_read, state };

	memset(state, 0, sizeof(*state));
	state->merge = merge;
	return reader;
}

void mv_tensor_merge_reader_release(struct mv_tensor_merge_reader *state)
{
	free(state->mean);
	state->mean = NULL;
}
