/* SPDX-License-Identifier: MIT */
#include "tests/unit/zip.h"

/*
 * PyTorch files made by hand: data.pkl by a few words of assembler, storages
 * as members. Those of tests/data are by torch itself.
 */
struct pkl {
	struct mv_buf b;
};

static void op(struct pkl *p, const char *bytes, size_t len)
{
	assert_int_equal(mv_buf_add(&p->b, bytes, len), 0);
}

static void text(struct pkl *p, const char *s)
{
	op(p, "X", 1);
	zip_le(&p->b, strlen(s), 4);
	op(p, s, strlen(s));
}

static void number(struct pkl *p, int64_t n)
{
	op(p, "\x8a\x08", 2);
	zip_le(&p->b, (uint64_t)n, 8);
}

static void numbers(struct pkl *p, const int64_t *n, size_t count)
{
	op(p, "(", 1);
	for (size_t i = 0; i < count; i++)
		number(p, n[i]);
	op(p, "t", 1);
}

static void pkl_begin(struct pkl *p)
{
	mv_buf_init(&p->b, 1u << 20);
	op(p, "\x80\x02}(", 4);
}

static void storage(struct pkl *p, const char *type, const char *key,
		    int64_t numel)
{
	op(p, "(", 1);
	text(p, "storage");
	op(p, type, strlen(type));
	text(p, key);
	text(p, "cpu");
	number(p, numel);
	op(p, "tQ", 2);
}

/* name: _rebuild_tensor_v2(storage, offset, size, stride, False, ()) */
static void tensor(struct pkl *p, const char *name, const char *key,
		   int64_t numel, int64_t offset, const int64_t *size,
		   const int64_t *stride, size_t rank)
{
	static const char call[] = "ctorch._utils\n_rebuild_tensor_v2\n(";

	text(p, name);
	op(p, call, sizeof(call) - 1);
	storage(p, "ctorch\nFloatStorage\n", key, numel);
	number(p, offset);
	numbers(p, size, rank);
	numbers(p, stride, rank);
	op(p, "\x89)tR", 4);
}

static void pkl_end(struct pkl *p)
{
	op(p, "u.", 2);
}

static const char *byteorder = "little";

/* The file: data.pkl and one storage "0" of `bytes`. Where that begins. */
static size_t pt(struct zip *z, struct pkl *p, const char *key, size_t bytes)
{
	uint8_t *data = malloc(bytes + 1);
	size_t at;

	assert_non_null(data);
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(i * 7);
	zip_begin(z);
	z->flags = ZIP_BEHIND;
	z->align = 64;
	zip_add(z, "archive/data.pkl", p->b.data, p->b.len);
	zip_add(z, "archive/byteorder", byteorder, strlen(byteorder));
	at = zip_add(z, key, data, bytes);
	zip_add(z, "archive/version", "3\n", 2);
	zip_end(z);
	mv_buf_release(&p->b);
	free(data);
	return at;
}

static void one_tensor(struct zip *z, int64_t numel, int64_t offset,
		       int64_t size, int64_t stride, size_t bytes)
{
	struct pkl p;

	pkl_begin(&p);
	tensor(&p, "w", "0", numel, offset, &size, &stride, 1);
	pkl_end(&p);
	pt(z, &p, "archive/data/0", bytes);
}

static void test_format_torch__files_of_torch_are_listed(void **state)
{
	(void)state;
	check_golden("stored.pt");
	check_golden("checkpoint.pt");
}

static void test_format_torch__tensors_share_a_storage(void **state)
{
	static const int64_t flat[] = { 100 }, square[] = { 50, 50 };
	static const int64_t one[] = { 1 }, rows[] = { 50, 1 };
	static const int64_t turned[] = { 1, 50 };
	struct mv_layout l;
	struct mv_err err;
	struct pkl p;
	struct zip z;
	size_t at;

	(void)state;
	pkl_begin(&p);
	tensor(&p, "all", "0", 2500, 0, square, rows, 2);
	tensor(&p, "turned", "0", 2500, 0, square, turned, 2);
	tensor(&p, "part", "0", 2500, 2400, flat, one, 1);
	tensor(&p, "scalar", "0", 2500, 7, NULL, NULL, 0);
	pkl_end(&p);
	at = pt(&z, &p, "archive/data/0", 10000);
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_string_equal(l.format, "pytorch");
	assert_int_equal(l.count, 4);
	assert_string_equal(l.tensors[0].name, "all");
	assert_int_equal(l.tensors[0].offset, at);
	assert_int_equal(l.tensors[0].length, 10000);
	assert_null(l.tensors[0].stride);
	assert_string_equal(l.tensors[1].name, "turned");
	assert_non_null(l.tensors[1].stride);
	assert_int_equal(l.tensors[1].stride[1], 50);
	assert_string_equal(l.tensors[2].name, "scalar");
	assert_int_equal(l.tensors[2].offset, at + 28);
	assert_int_equal(l.tensors[2].length, 4);
	assert_string_equal(l.tensors[3].name, "part");
	assert_int_equal(l.tensors[3].offset, at + 9600);
	mv_layout_release(&l);
	mv_buf_release(&z.file);
}

static void test_format_torch__what_leaves_its_storage_is_refused(void **state)
{
	static const struct { int64_t numel, offset, size, stride; } bad[] = {
		{ 10, 0, 11, 1 }, { 10, 1, 10, 1 }, { 10, 0, 2, 10 },
		{ 10, 11, 0, 1 }, { 10, INT64_MAX, 1, 1 },
		{ 10, 0, INT64_MAX, INT64_MAX }, { 10, 0, 3, INT64_MAX },
	};
	struct zip z;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		one_tensor(&z, bad[i].numel, bad[i].offset, bad[i].size,
			   bad[i].stride, 40);
		refuse(z.file.data, z.file.len, "does not fit into its storage");
		mv_buf_release(&z.file);
	}
	one_tensor(&z, 10, -1, 1, 1, 40);
	refuse(z.file.data, z.file.len, "no valid shape");
	mv_buf_release(&z.file);
	one_tensor(&z, 10, 0, 1, -1, 40);
	refuse(z.file.data, z.file.len, "no valid shape");
	mv_buf_release(&z.file);
	one_tensor(&z, -10, 0, 1, 1, 40);
	refuse(z.file.data, z.file.len, "no valid key or size");
	mv_buf_release(&z.file);
	one_tensor(&z, INT64_MAX, 0, 1, 1, 40);
	refuse(z.file.data, z.file.len, "too large");
	mv_buf_release(&z.file);
}

static void test_format_torch__storages_must_be_there(void **state)
{
	static const int64_t n = 10, one = 1;
	struct pkl p;
	struct zip z;

	(void)state;
	one_tensor(&z, 10, 0, 10, 1, 39);
	refuse(z.file.data, z.file.len, "not as long as data.pkl says");
	mv_buf_release(&z.file);
	pkl_begin(&p);
	tensor(&p, "w", "0", 10, 0, &n, &one, 1);
	pkl_end(&p);
	pt(&z, &p, "archive/data/1", 40);
	refuse(z.file.data, z.file.len, "storage '0' is missing");
	mv_buf_release(&z.file);
	pkl_begin(&p);
	tensor(&p, "w", "0", 10, 0, &n, &one, 1);
	tensor(&p, "v", "0", 9, 0, &one, &one, 1);
	pkl_end(&p);
	pt(&z, &p, "archive/data/0", 40);
	refuse(z.file.data, z.file.len, "two sizes");
	mv_buf_release(&z.file);
}

/* The loader looks for data/0 without regard to case. */
static void test_format_torch__names_differ_by_more_than_case(void **state)
{
	struct pkl p;
	struct zip z;

	(void)state;
	pkl_begin(&p);
	pkl_end(&p);
	pt(&z, &p, "archive/DATA.PKL", 40);
	refuse(z.file.data, z.file.len, "but for case");
	mv_buf_release(&z.file);
}

static void refuse_pkl(const char *ops, size_t len, const char *words)
{
	struct pkl p;
	struct zip z;

	mv_buf_init(&p.b, 1u << 20);
	op(&p, ops, len);
	pt(&z, &p, "archive/data/0", 40);
	refuse(z.file.data, z.file.len, words);
	mv_buf_release(&z.file);
}

static void test_format_torch__a_pickle_that_is_none_is_refused(void **state)
{
	static const char deep[] = "\x80\x02";
	struct mv_layout l;
	struct mv_err err;
	struct pkl p;
	struct zip z;

	(void)state;
	refuse_pkl("\x80\x02}", 3, "data.pkl ends early");
	refuse_pkl("\x80\x02}.more", 8, "goes on behind its end");
	refuse_pkl("\x80\x02\xff.", 4, "malformed");
	/* a list in itself is walked once around, not for ever */
	refuse_pkl("\x80\x02]q\0h\0a.", 9, "nested too deeply");
	/* lists within lists, a billion times if each were walked */
	mv_buf_init(&p.b, 1u << 20);
	op(&p, deep, 2);
	op(&p, "]", 1);
	for (int i = 0; i < 30; i++)
		op(&p, "q\0]h\0ah\0a", 9);
	op(&p, ".", 1);
	pt(&z, &p, "archive/data/0", 40);
	refuse(z.file.data, z.file.len, "too many values");
	mv_buf_release(&z.file);
	/* code is a name, and not a tensor */
	mv_buf_init(&p.b, 1u << 20);
	op(&p, "\x80\x02}X\1\0\0\0kcos\nsystem\nX\2\0\0\0id\x85Rs.", 31);
	pt(&z, &p, "archive/data/0", 40);
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_int_equal(l.count, 0);
	mv_layout_release(&l);
	mv_buf_release(&z.file);
}

/* A whole object says what it is; its own dicts add nothing to names. */
static void test_format_torch__objects_have_a_class(void **state)
{
	static const char begin[] = "cmine.nets\nNet\n)\x81}(X\x0b\0\0\0"
				    "_parameters}(";
	static const int64_t ten = 10, one = 1;
	struct mv_layout l;
	struct mv_err err;
	struct pkl p;
	struct zip z;

	(void)state;
	mv_buf_init(&p.b, 1u << 20);
	op(&p, begin, sizeof(begin) - 1);
	tensor(&p, "w", "0", 10, 0, &ten, &one, 1);
	op(&p, "uub.", 4);
	pt(&z, &p, "archive/data/0", 40);
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.tensors[0].name, "w");
	assert_int_equal(l.meta_count, 1);
	assert_string_equal(l.meta_keys[0], "class");
	assert_string_equal(l.meta_values[0], "mine.nets.Net");
	mv_layout_release(&l);
	mv_buf_release(&z.file);
}

static void test_format_torch__byteorder_is_one_of_two(void **state)
{
	static const char *const bad[] = { "", "bi", "bag", "bigger", "Little" };
	struct mv_layout l;
	struct mv_err err;
	struct zip z;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		byteorder = bad[i];
		one_tensor(&z, 10, 0, 10, 1, 40);
		refuse(z.file.data, z.file.len, "byteorder is unknown");
		mv_buf_release(&z.file);
	}
	byteorder = "big";
	one_tensor(&z, 10, 0, 10, 1, 40);
	byteorder = "little";
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_int_equal(l.count, 1);
	assert_true(l.tensors[0].big_endian);
	mv_layout_release(&l);
	mv_buf_release(&z.file);
}

/* A sparse tensor is made by a function that is not known here. */
static void test_format_torch__data_that_is_not_listed_is_noted(void **state)
{
	static const char call[] = "ctorch._utils\n_rebuild_sparse_tensor\n(";
	static const int64_t ten = 10, one = 1;
	struct mv_layout l;
	struct mv_err err;
	struct pkl p;
	struct zip z;

	(void)state;
	pkl_begin(&p);
	text(&p, "sparse");
	op(&p, call, sizeof(call) - 1);
	op(&p, "(", 1);
	tensor(&p, "values", "0", 10, 0, &ten, &one, 1);
	op(&p, "ttR", 3);
	pkl_end(&p);
	pt(&z, &p, "archive/data/0", 40);
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_int_equal(l.count, 0);
	assert_int_equal(l.note_count, 1);
	assert_non_null(strstr(l.notes[0], "no tensor here"));
	mv_layout_release(&l);
	mv_buf_release(&z.file);
	one_tensor(&z, 10, 0, 10, 1, 40);
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_int_equal(l.note_count, 0);
	mv_layout_release(&l);
	mv_buf_release(&z.file);
}

static void test_format_torch__damage_is_survived(void **state)
{
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	load(&b, "stored.pt");
	for (size_t i = 0; i < 1024; i++) {	/* data.pkl */
		int rc;

		b.data[i] ^= 0x15;
		rc = list_verdict(b.data, b.len, &err);
		b.data[i] ^= 0x15;
		assert_true(!rc || rc == MV_EINVALID ||
			    (rc == MV_ENOENT && i < 4));
	}
	assert_int_equal(list_verdict(b.data, 1024, &err), MV_EINVALID);
	mv_buf_release(&b);
}

/* -- cut hints ------------------------------------------------------------ */

static void expect_run(const struct mv_run *r, uint64_t offset,
		       uint64_t length, uint32_t unit, enum mv_plane plane)
{
	assert_int_equal(r->offset, offset);
	assert_int_equal(r->length, length);
	assert_int_equal(r->unit, unit);
	assert_int_equal(r->plane, plane);
}

static void test_format_torch__storages_are_cut_at_tensors(void **state)
{
	static const int64_t half[] = { 2000 }, one[] = { 1 };
	static const int64_t all[] = { 4000 };
	struct mv_runs runs;
	struct pkl p;
	struct zip z;
	size_t at;

	(void)state;
	pkl_begin(&p);	/* side by side, one of them twice */
	tensor(&p, "b", "0", 4000, 2000, half, one, 1);
	tensor(&p, "a", "0", 4000, 0, half, one, 1);
	tensor(&p, "tied", "0", 4000, 0, half, one, 1);
	pkl_end(&p);
	at = pt(&z, &p, "archive/data/0", 16000);
	all_runs(&runs, z.file.data, z.file.len);
	assert_int_equal(runs.count, 2);
	expect_run(&runs.run[0], at, 8000, 4, MV_PLANE_F32);
	expect_run(&runs.run[1], at + 8000, 8000, 4, MV_PLANE_F32);
	mv_runs_release(&runs);
	mv_buf_release(&z.file);

	pkl_begin(&p);	/* one across the other: the storage as one */
	tensor(&p, "b", "0", 4000, 1000, half, one, 1);
	tensor(&p, "a", "0", 4000, 0, half, one, 1);
	pkl_end(&p);
	at = pt(&z, &p, "archive/data/0", 16000);
	all_runs(&runs, z.file.data, z.file.len);
	assert_int_equal(runs.count, 1);
	expect_run(&runs.run[0], at, 16000, 4, MV_PLANE_F32);
	mv_runs_release(&runs);
	mv_buf_release(&z.file);

	pkl_begin(&p);	/* a storage whose member is of another size */
	tensor(&p, "a", "0", 4000, 0, all, one, 1);
	pkl_end(&p);
	pt(&z, &p, "archive/data/0", 15999);
	all_runs(&runs, z.file.data, z.file.len);
	assert_in_range(runs.count, 0, 1);
	mv_runs_release(&runs);
	mv_buf_release(&z.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_torch__files_of_torch_are_listed),
		cmocka_unit_test(test_format_torch__tensors_share_a_storage),
		cmocka_unit_test(test_format_torch__what_leaves_its_storage_is_refused),
		cmocka_unit_test(test_format_torch__storages_must_be_there),
		cmocka_unit_test(test_format_torch__names_differ_by_more_than_case),
		cmocka_unit_test(test_format_torch__a_pickle_that_is_none_is_refused),
		cmocka_unit_test(test_format_torch__objects_have_a_class),
		cmocka_unit_test(test_format_torch__byteorder_is_one_of_two),
		cmocka_unit_test(test_format_torch__data_that_is_not_listed_is_noted),
		cmocka_unit_test(test_format_torch__damage_is_survived),
		cmocka_unit_test(test_format_torch__storages_are_cut_at_tensors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
