/* SPDX-License-Identifier: MIT */
#include "libmv/report/weights.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "libmv/report/parts.h"

/* What a comparison of tensors says, in words, a table and as JSON. */

/* -- words ---------------------------------------------------------------- */

static void put_number(struct mv_pen *pen, double v)
{
	char text[MV_NUMBER_MAX];

	mv_number_print(text, v, v == 0 ? 0 : fabs(v) < 1e-4 ? 2 : -1);
	mv_pen_str(pen, text);
}

static void put_digits(struct mv_pen *pen, double v)
{
	if (isnan(v))
		mv_pen_str(pen, "-");
	else if (isinf(v))
		mv_pen_str(pen, v < 0 ? "-inf" : "inf");
	else
		mv_pen_f(pen, "%.3g", v);
}

static void put_kind(struct mv_pen *pen, size_t n, const char *word)
{
	if (n)
		mv_pen_f(pen, ", %zu %s", n, word);
}

/* The measures of all that changed, as far as there are numbers. */
static void put_measures(struct mv_pen *pen, const struct mv_tensor_diff *d)
{
	if (d->brief || !d->delta.finite)
		return;
	mv_pen_str(pen, " (relative L2 ");
	put_digits(pen, mv_number_relative_l2(&d->delta));
	mv_pen_str(pen, ", cosine ");
	put_number(pen, mv_number_cosine(&d->delta));
	mv_pen_str(pen, ", at most ");
	put_digits(pen, d->delta.max_abs);
	mv_pen_str(pen, ")");
}

void mv_weights_words(struct mv_pen *pen, const struct mv_tensor_diff *d)
{
	if (!mv_tensor_diff_differs(d)) {
		mv_pen_f(pen, "all %zu tensor%s the same", d->new_count,
			 d->new_count == 1 ? " is" : "s are");
		return;
	}
	mv_pen_f(pen, "%zu of %zu tensors changed", d->changed, d->new_count);
	put_measures(pen, d);
	put_kind(pen, d->added, "added");
	put_kind(pen, d->removed, "removed");
	put_kind(pen, d->reshaped, "reshaped");
	put_kind(pen, d->retyped, "retyped");
	put_kind(pen, d->unknown, "not comparable");
	put_kind(pen, d->same, "the same");
}

/* Numbers that are none, on either side: worth a line of its own. */
void mv_weights_odd_words(struct mv_pen *pen, const struct mv_tensor_diff *d)
{
	const struct mv_number_delta *x = &d->delta;

	if (x->nan[0] || x->nan[1])
		mv_pen_f(pen, "NaN: %" PRIu64 " before, %" PRIu64 " after",
			 x->nan[0], x->nan[1]);
	if ((x->nan[0] || x->nan[1]) && (x->inf[0] || x->inf[1]))
		mv_pen_str(pen, "; ");
	if (x->inf[0] || x->inf[1])
		mv_pen_f(pen, "Inf: %" PRIu64 " before, %" PRIu64 " after",
			 x->inf[0], x->inf[1]);
}

/* -- the table ------------------------------------------------------------ */

static void put_shape(struct mv_pen *pen, const struct mv_tensor_form_of *f)
{
	mv_pen_str(pen, "[");
	for (uint32_t i = 0; i < f->rank; i++)
		mv_pen_f(pen, "%s%" PRIu64, i ? "," : "", f->shape[i]);
	mv_pen_str(pen, "]");
}

static int same_shapes(const struct mv_tensor_change *c)
{
	return c->old.rank == c->new.rank &&
	       (!c->old.rank || !memcmp(c->old.shape, c->new.shape,
					c->old.rank * sizeof(uint64_t)));
}

/* "BF16 [4096,4096]", "F32 -> BF16", "[2,3] -> [2,4]" */
static void put_form(struct mv_table *t, const struct mv_tensor_change *c)
{
	const struct mv_tensor_form_of *f = c->new.dtype ? &c->new : &c->old;
	struct mv_pen *pen = mv_table_foreign(t, MV_TONE_DIM);

	if (c->kind == MV_TENSOR_RETYPED && strcmp(c->old.dtype, c->new.dtype)) {
		mv_pen_safe(pen, c->old.dtype);
		mv_pen_str(pen, " -> ");
	}
	mv_pen_safe(pen, f->dtype);
	mv_pen_str(pen, " ");
	if (c->kind == MV_TENSOR_RESHAPED && !same_shapes(c)) {
		put_shape(pen, &c->old);
		mv_pen_str(pen, " -> ");
	}
	put_shape(pen, f);
}

static double share(const struct mv_number_delta *d)
{
	return d->count ? 100.0 * (double)d->changed / (double)d->count : NAN;
}

static void put_share(struct mv_table *t, const struct mv_tensor_change *c)
{
	struct mv_pen *pen = mv_table_cell(t, MV_TONE_PLAIN);
	double v = share(&c->delta);

	if (!c->delta.count)
		return;
	if (v > 0 && v < 0.01)
		mv_pen_str(pen, "<0.01%");
	else
		mv_pen_f(pen, v < 10 ? "%.2f%%" : "%.1f%%", v);
}

static void put_odd(struct mv_table *t, const struct mv_tensor_change *c)
{
	struct mv_pen *pen = mv_table_cell(t, MV_TONE_WARN);
	const struct mv_number_delta *d = &c->delta;
	const uint64_t old = d->nan[0] + d->inf[0], new = d->nan[1] + d->inf[1];

	if (c->numbers && (old || new))
		mv_pen_f(pen, "%" PRIu64 " -> %" PRIu64, old, new);
}

static void put_measure(struct mv_table *t, const struct mv_tensor_change *c,
			double v)
{
	struct mv_pen *pen = mv_table_cell(t, MV_TONE_PLAIN);

	if (c->numbers)
		put_digits(pen, v);
}

static void put_cosine(struct mv_table *t, const struct mv_tensor_change *c)
{
	struct mv_pen *pen = mv_table_cell(t, MV_TONE_PLAIN);
	double v = mv_number_cosine(&c->delta);

	if (c->numbers && isnan(v))
		mv_pen_str(pen, "-");
	else if (c->numbers)
		mv_pen_f(pen, "%.5f", v);
}

static void put_row(struct mv_table *t, const struct mv_tensor_change *c)
{
	const struct mv_number_delta *d = &c->delta;

	mv_pen_safe(mv_table_foreign(t, MV_TONE_PLAIN), c->name);
	mv_pen_str(mv_table_cell(t, MV_TONE_PLAIN), c->why ? c->why :
		   c->kind == MV_TENSOR_CHANGED && c->numbers ? "" :
		   mv_tensor_change_word(c->kind));
	put_measure(t, c, mv_number_relative_l2(d));
	put_share(t, c);
	put_cosine(t, c);
	put_measure(t, c, d->max_abs);
	put_measure(t, c, mv_number_mean_abs(d));
	put_odd(t, c);
	put_form(t, c);
}

size_t mv_weights_table(struct mv_table *t, const struct mv_tensor_diff *d,
			size_t top)
{
	size_t n = d->count < top ? d->count : top;

	mv_table_column(t, MV_COLUMN_TAIL, "Tensor", 0);
	mv_table_column(t, 0, "", 0);
	mv_table_column(t, MV_COLUMN_RIGHT | MV_COLUMN_LATE, "rel. L2", 0);
	mv_table_column(t, MV_COLUMN_RIGHT, "differ", 0);
	mv_table_column(t, MV_COLUMN_RIGHT | MV_COLUMN_EARLY, "cosine", 0);
	mv_table_column(t, MV_COLUMN_RIGHT | MV_COLUMN_EARLY, "max", 0);
	mv_table_column(t, MV_COLUMN_RIGHT | MV_COLUMN_EARLY, "mean", 0);
	mv_table_column(t, MV_COLUMN_RIGHT, "NaN, Inf", 0);
	mv_table_column(t, MV_COLUMN_SPARE, "Type", 0);
	for (size_t i = 0; i < n; i++)
		put_row(t, &d->v[i]);
	return d->count - n;
}

size_t mv_weights_top(size_t top, const struct mv_pen *pen)
{
	if (top)
		return top;
	return mv_pen_all(pen) ? SIZE_MAX : MV_WEIGHTS_TOP;
}

int mv_weights_text(struct mv_buf *out, const struct mv_tensor_diff *d,
		    size_t top, const struct mv_style *style,
		    struct mv_err *err)
{
	struct mv_table t;
	struct mv_pen pen;
	size_t more, at;

	mv_pen_init(&pen, out, style);
	mv_weights_words(&pen, d);
	mv_pen_str(&pen, "\n");
	at = out->len;
	mv_weights_odd_words(&pen, d);
	if (out->len > at)
		mv_pen_str(&pen, "\n");
	mv_table_init(&t);
	more = mv_weights_table(&t, d, mv_weights_top(top, &pen));
	if (mv_table_rows(&t))
		mv_pen_str(&pen, "\n");
	mv_words_left_out(&pen, mv_table_print(&pen, &t, 0, 1));
	if (more)
		mv_pen_f(&pen, "(%zu more; --top)\n", more);
	mv_table_release(&t);
	return mv_pen_done(&pen, err);
}

/* -- JSON ----------------------------------------------------------------- */

static struct mv_json *number_json(double v)
{
	return isfinite(v) ? mv_json_real(v) : mv_json_null();
}

static void set_count(struct mv_json *o, const char *key, uint64_t n)
{
	mv_json_set(o, key, n > INT64_MAX ? mv_json_null() :
			    mv_json_int((int64_t)n));
}

static struct mv_json *form_json(const struct mv_tensor_form_of *f)
{
	struct mv_json *o, *shape;

	if (!f->dtype)
		return mv_json_null();
	o = mv_json_object();
	shape = mv_json_array();
	for (uint32_t i = 0; i < f->rank; i++)
		mv_json_push(shape, f->shape[i] > INT64_MAX ? mv_json_null() :
			     mv_json_int((int64_t)f->shape[i]));
	mv_json_set(o, "dtype", mv_json_str(f->dtype));
	mv_json_set(o, "shape", shape);
	set_count(o, "size", f->bytes);
	return o;
}

static struct mv_json *delta_json(const struct mv_number_delta *d)
{
	struct mv_json *o = mv_json_object();

	set_count(o, "elements", d->count);
	set_count(o, "changed", d->changed);
	mv_json_set(o, "max_abs", number_json(d->max_abs));
	mv_json_set(o, "mean_abs", number_json(mv_number_mean_abs(d)));
	mv_json_set(o, "relative_l2", number_json(mv_number_relative_l2(d)));
	mv_json_set(o, "cosine", number_json(mv_number_cosine(d)));
	set_count(o, "old_nan", d->nan[0]);
	set_count(o, "new_nan", d->nan[1]);
	set_count(o, "old_inf", d->inf[0]);
	set_count(o, "new_inf", d->inf[1]);
	return o;
}

/* What is compared by its bytes has units (blocks, bytes), and no numbers. */
static struct mv_json *units_json(const struct mv_number_delta *d)
{
	struct mv_json *o;

	if (!d->count)
		return mv_json_null();
	o = mv_json_object();
	set_count(o, "units", d->count);
	set_count(o, "changed", d->changed);
	return o;
}

static struct mv_json *change_json(const struct mv_tensor_change *c)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "name", mv_json_str(c->name));
	mv_json_set(o, "change", mv_json_str(mv_tensor_change_word(c->kind)));
	mv_json_set(o, "why", c->why ? mv_json_str(c->why) : mv_json_null());
	mv_json_set(o, "old", form_json(&c->old));
	mv_json_set(o, "new", form_json(&c->new));
	mv_json_set(o, "numbers", c->numbers ? delta_json(&c->delta) :
					       mv_json_null());
	mv_json_set(o, "bytes", c->numbers ? mv_json_null() :
					     units_json(&c->delta));
	return o;
}

static struct mv_json *layer_json(const struct mv_tensor_layer *l)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "name", mv_json_str(l->name));
	set_count(o, "tensors", l->tensors);
	set_count(o, "changed", l->changed);
	mv_json_set(o, "relative_l2", l->changed ?
		    number_json(mv_number_relative_l2(&l->delta)) :
		    mv_json_int(0));
	return o;
}

struct mv_json *mv_weights_json(const struct mv_tensor_diff *d, size_t top)
{
	struct mv_json *o = mv_json_object(), *list = mv_json_array();
	struct mv_json *layers = mv_json_array();
	const size_t n = top && top < d->count ? top : d->count;

	set_count(o, "old_tensors", d->old_count);
	set_count(o, "new_tensors", d->new_count);
	set_count(o, "same", d->same);
	set_count(o, "added", d->added);
	set_count(o, "removed", d->removed);
	set_count(o, "reshaped", d->reshaped);
	set_count(o, "retyped", d->retyped);
	set_count(o, "changed", d->changed);
	set_count(o, "unknown", d->unknown);
	set_count(o, "bytes_read", d->read);
	set_count(o, "bytes_skipped", d->skipped);
	mv_json_set(o, "numbers", d->brief ? mv_json_null() :
					     delta_json(&d->delta));
	for (size_t i = 0; i < n; i++)
		mv_json_push(list, change_json(&d->v[i]));
	mv_json_set(o, "tensors", list);
	for (size_t i = 0; i < d->layer_count; i++)
		mv_json_push(layers, layer_json(&d->layers[i]));
	mv_json_set(o, "layers", layers);
	return o;
}
