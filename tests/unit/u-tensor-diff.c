/* SPDX-License-Identifier: MIT */
/* tensor/diff.h: which tensors are others, and by how much. */
#include <math.h>

#include "libmv/tensor/diff.h"
#include "tests/unit/format.h"

/* One file in memory, put together tensor after tensor. */
struct file {
	uint8_t *data;
	size_t len, reads;
	struct mv_tensor t[16];
	uint64_t shape[16][2];
	struct mv_layout layout;
	int named;		/* says what is the same without reading */
	const char *away;	/* the tensor that is not to be had */
	int fails;
};

static int read_file(void *payload, uint64_t off, void *data, size_t len,
		     size_t *got, struct mv_err *err)
{
	struct file *f = payload;

	if (f->fails)
		return mv_fail(err, MV_EIO, "no disk");
	*got = off < f->len ? f->len - (size_t)off : 0;
	*got = *got < len ? *got : len;
	memcpy(data, f->data + off, *got);
	__atomic_add_fetch(&f->reads, 1, __ATOMIC_RELAXED);
	return 0;
}

static int names(struct mv_buf *out, void *payload, uint64_t off, uint64_t len,
		 struct mv_err *err)
{
	struct file *f = payload;

	if (!f->named)
		return MV_ENOENT;
	return mv_buf_add(out, f->data + off, len) ? mv_nomem(err) : 0;
}

static int has(void *payload, uint64_t off, uint64_t len)
{
	struct file *f = payload;

	(void)len;
	for (size_t i = 0; f->away && i < f->layout.count; i++)
		if (f->t[i].offset == off && !strcmp(f->t[i].name, f->away))
			return 0;
	return 1;
}

static void begin(struct file *f)
{
	memset(f, 0, sizeof(*f));
	f->data = malloc(64u << 20);
	assert_non_null(f->data);
	f->len = 8;
	f->layout.tensors = f->t;
	f->layout.format = "test";
}

static struct mv_tensor *add(struct file *f, const char *name,
			     enum mv_dtype dtype, uint64_t rows, uint64_t columns,
			     const void *data)
{
	struct mv_tensor *t = &f->t[f->layout.count];
	const unsigned parts = mv_number_parts(dtype);

	t->name = (char *)(uintptr_t)name;
	t->dtype = dtype;
	t->dtype_name = mv_dtype_name(dtype);
	t->unit = parts ? (uint32_t)(parts * mv_number_size(dtype)) : 18;
	t->rank = 2;
	t->shape = f->shape[f->layout.count++];
	t->shape[0] = rows;
	t->shape[1] = columns;
	t->offset = f->len;
	t->length = rows * columns * t->unit;
	memcpy(f->data + f->len, data, t->length);
	f->len += t->length;
	return t;
}

static int diff(struct mv_tensor_diff *out, struct file *a, struct file *b,
		unsigned threads, unsigned flags, struct mv_err *err)
{
	const struct mv_tensor_source x = { &a->layout, read_file, a, names,
					    has };
	const struct mv_tensor_source y = { &b->layout, read_file, b, names,
					    has };
	struct mv_pool *pool;
	int rc;

	assert_int_equal(mv_pool_new(&pool, threads, err), 0);
	rc = mv_tensor_diff_run(out, &x, 1, &y, 1, pool, flags, NULL, err);
	mv_pool_free(pool);
	return rc;
}

static const struct mv_tensor_change *of(const struct mv_tensor_diff *d,
					 const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->v[i].name, name))
			return &d->v[i];
	return NULL;
}

static const float one[] = { 1, 2, 3, 4 }, two[] = { 1, 2, 3, 5 };

static void test_tensor_diff__every_kind_of_change(void **state)
{
	const uint16_t brain[] = { 0x3f80, 0x4000, 0x4040, 0x4080 };
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	add(&a, "m.layers.0.q", MV_DTYPE_F32, 2, 2, one);
	add(&b, "m.layers.0.q", MV_DTYPE_F32, 2, 2, two);
	add(&a, "m.layers.0.k", MV_DTYPE_F32, 2, 2, one);
	add(&b, "m.layers.0.k", MV_DTYPE_F32, 2, 2, one);
	add(&a, "m.layers.10.q", MV_DTYPE_F32, 2, 2, one);
	add(&b, "m.layers.10.q", MV_DTYPE_BF16, 2, 2, brain);
	add(&a, "m.layers.2.q", MV_DTYPE_F32, 1, 4, one);
	add(&b, "m.layers.2.q", MV_DTYPE_F32, 2, 2, one);
	add(&a, "old", MV_DTYPE_F32, 2, 2, one);
	add(&b, "new.weight", MV_DTYPE_F32, 2, 2, one);
	assert_int_equal(diff(&d, &a, &b, 2, 0, &err), 0);
	assert_int_equal(d.old_count, 5);
	assert_int_equal(d.new_count, 5);
	assert_int_equal(d.same, 1);
	assert_int_equal(d.added, 1);
	assert_int_equal(d.removed, 1);
	assert_int_equal(d.reshaped, 1);
	assert_int_equal(d.retyped, 1);
	assert_int_equal(d.changed, 1);
	assert_int_equal(d.unknown, 0);
	assert_int_equal(d.count, 5);
	assert_true(mv_tensor_diff_differs(&d));
	assert_string_equal(mv_tensor_change_word(of(&d, "old")->kind),
			    "removed");
	assert_null(of(&d, "old")->new.dtype);
	assert_int_equal(of(&d, "new.weight")->kind, MV_TENSOR_ADDED);
	assert_int_equal(of(&d, "m.layers.2.q")->old.shape[1], 4);
	assert_int_equal(of(&d, "m.layers.10.q")->kind, MV_TENSOR_RETYPED);
	assert_int_equal(of(&d, "m.layers.10.q")->delta.changed, 0);
	assert_int_equal(of(&d, "m.layers.0.q")->delta.changed, 1);
	assert_true(of(&d, "m.layers.0.q")->delta.max_abs == 1);
	assert_true(mv_number_relative_l2(&of(&d, "m.layers.0.q")->delta) ==
		    1 / sqrt(30));
	/* Layers in the order of their numbers. */
	assert_int_equal(d.layer_count, 4);
	assert_string_equal(d.layers[0].name, "m.layers.0");
	assert_string_equal(d.layers[1].name, "m.layers.2");
	assert_string_equal(d.layers[2].name, "m.layers.10");
	assert_string_equal(d.layers[3].name, "new");
	assert_int_equal(d.layers[0].tensors, 2);
	assert_int_equal(d.layers[0].changed, 1);
	assert_int_equal(d.layers[0].delta.finite, 4);
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
}

static void test_tensor_diff__what_is_known_is_not_read(void **state)
{
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	add(&a, "t", MV_DTYPE_F32, 2, 2, one);
	add(&b, "t", MV_DTYPE_F32, 2, 2, one);
	a.named = b.named = 1;
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(d.same, 1);
	assert_false(mv_tensor_diff_differs(&d));
	assert_int_equal(d.read, 0);
	assert_int_equal(d.skipped, 32);
	assert_int_equal(a.reads + b.reads, 0);
	mv_tensor_diff_release(&d);
	b.named = 0;
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(d.same, 1);
	assert_int_equal(d.read, 32);
	assert_true(a.reads > 0);
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
}

static void test_tensor_diff__blocks_by_their_bytes(void **state)
{
	const uint8_t x[36] = { 1 }, y[36] = { 1, [20] = 7 };
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	add(&a, "q", MV_DTYPE_BLOCK, 1, 2, x);
	add(&b, "q", MV_DTYPE_BLOCK, 1, 2, y);
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(d.changed, 1);
	assert_int_equal(d.v[0].numbers, 0);
	assert_int_equal(d.v[0].delta.count, 2);
	assert_int_equal(d.v[0].delta.changed, 1);
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
}

static void test_tensor_diff__what_cannot_be_read(void **state)
{
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	add(&a, "packed", MV_DTYPE_F32, 2, 2, one)->offset = 0;
	add(&b, "packed", MV_DTYPE_F32, 2, 2, one);
	add(&a, "beside", MV_DTYPE_F32, 2, 2, one);
	add(&b, "beside", MV_DTYPE_F32, 2, 2, one)->elsewhere = "x.bin";
	add(&a, "away", MV_DTYPE_F32, 2, 2, one);
	add(&b, "away", MV_DTYPE_F32, 2, 2, one);
	b.away = "away";
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(d.unknown, 3);
	assert_int_equal(d.same, 0);
	assert_string_equal(of(&d, "packed")->why, "packed");
	assert_string_equal(of(&d, "beside")->why, "in another file");
	assert_string_equal(of(&d, "away")->why, "not here");
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
}

static void test_tensor_diff__a_disk_that_fails(void **state)
{
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	add(&a, "t", MV_DTYPE_F32, 2, 2, one);
	add(&b, "t", MV_DTYPE_F32, 2, 2, two);
	b.fails = 1;
	assert_int_equal(diff(&d, &a, &b, 2, 0, &err), MV_EIO);
	assert_int_equal(d.count, 0);
	b.fails = 0;
	b.len -= 4;		/* it ends within the tensor */
	assert_int_equal(diff(&d, &a, &b, 2, 0, &err), MV_EIO);
	free(a.data);
	free(b.data);
}

/* Its columns lie one behind the other: the same matrix. */
static void test_tensor_diff__in_another_order(void **state)
{
	const float turned[] = { 1, 3, 2, 4 };
	uint64_t stride[] = { 1, 2 };
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	add(&a, "t", MV_DTYPE_F32, 2, 2, one);
	add(&b, "t", MV_DTYPE_F32, 2, 2, turned)->stride = stride;
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(d.same, 1);
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
}

static void test_tensor_diff__nothing_on_a_side(void **state)
{
	struct mv_tensor_diff d;
	struct file a, b;
	struct mv_err err;

	(void)state;
	begin(&a);
	begin(&b);
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_false(mv_tensor_diff_differs(&d));
	mv_tensor_diff_release(&d);
	add(&b, "t", MV_DTYPE_F32, 0, 2, one);
	add(&a, "t", MV_DTYPE_F32, 0, 2, one);
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(d.same, 1);
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
}

/* More segments than fit into a batch would take a GiB: several are enough to
   see that threads do not change a bit. */
static void test_tensor_diff__the_same_bits_from_any_number_of_threads(void **state)
{
	const size_t n = 1500000;
	float *x = malloc(n * sizeof(*x)), *y = malloc(n * sizeof(*y));
	struct mv_tensor_diff d, e;
	struct file a, b;
	struct mv_err err;
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		x[i] = (float)(int32_t)seed * 1e-9f;
		y[i] = x[i] * 1.001f;
	}
	begin(&a);
	begin(&b);
	add(&a, "t", MV_DTYPE_F32, 1, n, x);
	add(&b, "t", MV_DTYPE_F32, 1, n, y);
	assert_int_equal(diff(&d, &a, &b, 1, 0, &err), 0);
	assert_int_equal(diff(&e, &a, &b, 5, 0, &err), 0);
	assert_memory_equal(&d.v[0].delta, &e.v[0].delta,
			    sizeof(d.v[0].delta));
	assert_true(fabs(mv_number_relative_l2(&d.delta) - 0.001) < 1e-6);
	mv_tensor_diff_release(&d);
	mv_tensor_diff_release(&e);
	/* Only whether: it stops at the first. */
	a.reads = 0;
	assert_int_equal(diff(&d, &a, &b, 3, MV_TENSOR_DIFF_BRIEF, &err), 0);
	assert_int_equal(d.changed, 1);
	assert_true(d.brief);
	assert_int_equal(d.v[0].numbers, 0);
	assert_int_equal(a.reads, 1);
	mv_tensor_diff_release(&d);
	free(a.data);
	free(b.data);
	free(x);
	free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tensor_diff__every_kind_of_change),
		cmocka_unit_test(test_tensor_diff__what_is_known_is_not_read),
		cmocka_unit_test(test_tensor_diff__blocks_by_their_bytes),
		cmocka_unit_test(test_tensor_diff__what_cannot_be_read),
		cmocka_unit_test(test_tensor_diff__a_disk_that_fails),
		cmocka_unit_test(test_tensor_diff__in_another_order),
		cmocka_unit_test(test_tensor_diff__nothing_on_a_side),
		cmocka_unit_test(test_tensor_diff__the_same_bits_from_any_number_of_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
