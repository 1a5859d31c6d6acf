/* SPDX-License-Identifier: MIT */
/* tensor/tensor.h: one tensor out of a file. */
#include "libmv/tensor/tensor.h"
#include "tests/unit/format.h"

/* A file in memory that notes what was read of it. */
struct file {
	const uint8_t *data;
	size_t len, most;	/* the end of what was read */
	size_t least;		/* its beginning */
	size_t step;		/* no more at once; 0: all */
};

static int read_file(void *payload, uint64_t off, void *data, size_t len,
		     size_t *got, struct mv_err *err)
{
	struct file *f = payload;

	(void)err;
	*got = off < f->len ? f->len - (size_t)off : 0;
	if (*got > len)
		*got = len;
	if (f->step && *got > f->step)
		*got = f->step;
	memcpy(data, f->data + off, *got);
	if (off < f->least)
		f->least = (size_t)off;
	if (off + *got > f->most)
		f->most = (size_t)off + *got;
	return 0;
}

static const uint8_t bytes[] = "....0123456789abcdef....";

static int write_tensor(struct mv_buf *out, const struct mv_tensor *t,
			enum mv_tensor_form form, struct mv_err *err)
{
	struct file f = { bytes, sizeof(bytes) - 1, 0, SIZE_MAX, 3 };
	struct mv_writer w;
	int rc;

	mv_buf_init(out, 1 << 20);
	w = mv_writer_buf(out);
	rc = mv_tensor_write(&w, t, form, read_file, &f, err);
	if (!rc && t->length) {
		assert_int_equal(f.least, t->offset);
		assert_int_equal(f.most, t->offset + t->length);
	}
	return rc;
}

#define TENSOR(kind, size, ...) { .name = (char *)"t", .dtype = (kind), \
	.dtype_name = "X", .unit = (size), .offset = 4, __VA_ARGS__ }

static void check_header(enum mv_dtype dtype, uint32_t unit, int big_endian,
			 uint32_t rank, uint64_t *shape, const char *want)
{
	struct mv_tensor t = TENSOR(dtype, unit, .rank = rank, .shape = shape,
				    .big_endian = big_endian);
	struct mv_buf out;
	size_t head;
	struct mv_err err;

	t.length = mv_tensor_elements(&t) * unit;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_NPY, &err), 0);
	assert_memory_equal(out.data, "\x93NUMPY\1\0", 8);
	head = 10 + mv_le16(out.data + 8);
	assert_int_equal(head % 64, 0);
	assert_int_equal(out.data[head - 1], '\n');
	assert_memory_equal(out.data + 10, want, strlen(want));
	assert_int_equal(out.len, head + t.length);
	assert_memory_equal(out.data + head, bytes + 4, t.length);
	mv_buf_release(&out);
}

static void test_tensor_tensor__a_npy_says_dtype_and_shape(void **state)
{
	uint64_t shape[] = { 2, 2, 1 }, none[] = { 0, 3 };

	(void)state;
	check_header(MV_DTYPE_F32, 4, 0, 3, shape, "{'descr': '<f4', "
		     "'fortran_order': False, 'shape': (2, 2, 1), }");
	check_header(MV_DTYPE_F32, 4, 1, 1, shape, "{'descr': '>f4', "
		     "'fortran_order': False, 'shape': (2,), }");
	check_header(MV_DTYPE_I64, 8, 0, 0, NULL, "{'descr': '<i8', "
		     "'fortran_order': False, 'shape': (), }");
	check_header(MV_DTYPE_BOOL, 1, 0, 2, shape, "{'descr': '|b1', "
		     "'fortran_order': False, 'shape': (2, 2), }");
	check_header(MV_DTYPE_C64, 8, 0, 1, shape, "{'descr': '<c8', ");
	check_header(MV_DTYPE_C128, 16, 0, 1, &shape[2], "{'descr': '<c16', ");
	check_header(MV_DTYPE_F16, 2, 0, 2, none, "{'descr': '<f2', "
		     "'fortran_order': False, 'shape': (0, 3), }");
}

static void test_tensor_tensor__what_numpy_has_not(void **state)
{
	static const enum mv_dtype none[] = {
		MV_DTYPE_BF16, MV_DTYPE_F8_E4M3, MV_DTYPE_F8_E5M2,
		MV_DTYPE_F8_OTHER, MV_DTYPE_BLOCK, MV_DTYPE_FILE,
		MV_DTYPE_UNKNOWN
	};
	uint64_t shape[] = { 4 };
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		struct mv_tensor t = TENSOR(none[i], 1, .rank = 1,
					    .shape = shape, .length = 4);

		assert_int_equal(write_tensor(&out, &t, MV_TENSOR_NPY, &err),
				 MV_ENOTSUP);
		assert_int_equal(out.len, 0);
		mv_buf_release(&out);
		assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err),
				 0);
		assert_int_equal(out.len, 4);
		mv_buf_release(&out);
	}
}

static void test_tensor_tensor__as_float32(void **state)
{
	static const uint8_t data[] = { 0x80, 0x3f, 0xc0, 0xbf };
	const float want[] = { 1, -1.5f };
	uint64_t shape[] = { 2 };
	struct file f = { data, 4, 0, SIZE_MAX, 0 };
	struct mv_tensor t = TENSOR(MV_DTYPE_BF16, 2, .rank = 1,
				    .shape = shape, .length = 4);
	struct mv_writer w;
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	t.offset = 0;
	mv_buf_init(&out, 1 << 20);
	w = mv_writer_buf(&out);
	/* An offset of 0 is none. */
	assert_int_equal(mv_tensor_write(&w, &t, MV_TENSOR_NPY_FLOAT32,
					 read_file, &f, &err), MV_ENOTSUP);
	t.offset = 4;
	f.data = data - 4;
	f.len = 8;
	assert_int_equal(mv_tensor_write(&w, &t, MV_TENSOR_NPY_FLOAT32,
					 read_file, &f, &err), 0);
	assert_non_null(strstr(out.data + 10, "'<f4'"));
	assert_memory_equal(out.data + out.len - 8, want, 8);
	mv_buf_release(&out);
	t.dtype = MV_DTYPE_F64;
	t.unit = 8;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_NPY_FLOAT32, &err),
			 MV_ENOTSUP);
	mv_buf_release(&out);
}

/* Its columns lie one behind the other. */
static void test_tensor_tensor__holes_and_other_orders(void **state)
{
	uint64_t shape[] = { 2, 3 }, turned[] = { 1, 2 }, holes[] = { 8, 2 };
	uint64_t still[] = { 0, 1 }, far[] = { 9, 2 };
	struct mv_tensor t = TENSOR(MV_DTYPE_U8, 1, .rank = 2, .shape = shape,
				    .stride = turned, .length = 6);
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err), 0);
	assert_string_equal(out.data, "024135");
	mv_buf_release(&out);
	t.stride = holes;
	t.length = 13;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err), 0);
	assert_string_equal(out.data, "0248ac");
	mv_buf_release(&out);
	t.stride = still;
	t.length = 3;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err), 0);
	assert_string_equal(out.data, "012012");
	mv_buf_release(&out);
	t.stride = far;
	t.length = 13;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err),
			 MV_EINVALID);
	assert_int_equal(out.len, 0);
	mv_buf_release(&out);
	t.stride = still;
	t.length = 3;
	shape[0] = MV_TENSOR_HOLES_MAX;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err),
			 MV_ENOTSUP);
	mv_buf_release(&out);
}

static void test_tensor_tensor__a_file_that_ends(void **state)
{
	uint64_t shape[] = { 40 };
	struct mv_tensor t = TENSOR(MV_DTYPE_U8, 1, .rank = 1, .shape = shape,
				    .length = 40);
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_RAW, &err), MV_EIO);
	mv_buf_release(&out);
	t.length = 16;		/* its shape says 40 */
	assert_int_equal(write_tensor(&out, &t, MV_TENSOR_NPY, &err),
			 MV_EINVALID);
	mv_buf_release(&out);
}

static void test_tensor_tensor__which_one(void **state)
{
	struct mv_tensor t[] = {
		{ .name = (char *)"model.layers.0.q", .offset = 1 },
		{ .name = (char *)"twice", .offset = 1 },
		{ .name = (char *)"twice", .offset = 1 },
		{ .name = (char *)"packed", .length = 1 },
		{ .name = (char *)"away", .offset = 1, .elsewhere = "b.bin" }
	};
	struct mv_layout layout = { .tensors = t, .count = 5 };
	const struct mv_tensor *found;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_tensor_find(&found, &layout, "model.layers.0.q",
					&err), 0);
	assert_ptr_equal(found, &t[0]);
	assert_int_equal(mv_tensor_find(&found, &layout, "model.layers.0.k",
					&err), MV_ENOENT);
	assert_non_null(strstr(err.msg, "did you mean 'model.layers.0.q'"));
	assert_int_equal(mv_tensor_find(&found, &layout, "twice", &err),
			 MV_EINVALID);
	assert_int_equal(mv_tensor_readable(&t[0], &err), 0);
	assert_int_equal(mv_tensor_readable(&t[3], &err), MV_ENOTSUP);
	assert_int_equal(mv_tensor_readable(&t[4], &err), MV_ENOTSUP);
	assert_non_null(strstr(err.msg, "b.bin"));
	assert_true(mv_tensor_matches(&t[0], "model.layers.0.*"));
	assert_true(mv_tensor_matches(&t[0], "*.q"));
	assert_true(mv_tensor_matches(&t[0], "model.layers.[0-3].?"));
	assert_false(mv_tensor_matches(&t[0], "layers.0.*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tensor_tensor__a_npy_says_dtype_and_shape),
		cmocka_unit_test(test_tensor_tensor__what_numpy_has_not),
		cmocka_unit_test(test_tensor_tensor__as_float32),
		cmocka_unit_test(test_tensor_tensor__holes_and_other_orders),
		cmocka_unit_test(test_tensor_tensor__a_file_that_ends),
		cmocka_unit_test(test_tensor_tensor__which_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
