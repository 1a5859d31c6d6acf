/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

/* Messages are made from the inside out. */
static void varint(struct mv_buf *b, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		mv_buf_addch(b, (char)(n | 0x80));
	assert_int_equal(mv_buf_addch(b, (char)n), 0);
}

static void put_number(struct mv_buf *b, unsigned field, uint64_t n)
{
	varint(b, field << 3);
	varint(b, n);
}

static void put_bytes(struct mv_buf *b, unsigned field, const void *data,
		      size_t len)
{
	varint(b, field << 3 | 2);
	varint(b, len);
	assert_int_equal(mv_buf_add(b, data, len), 0);
}

static void put_text(struct mv_buf *b, unsigned field, const char *s)
{
	put_bytes(b, field, s, strlen(s));
}

/* `inner` as a field of `b`; it is released. */
static void put(struct mv_buf *b, unsigned field, struct mv_buf *inner)
{
	put_bytes(b, field, inner->data, inner->len);
	mv_buf_release(inner);
}

static struct mv_buf message(void)
{
	struct mv_buf b;

	mv_buf_init(&b, 8u << 20);
	return b;
}

static struct mv_buf tensor(const char *name, uint64_t type,
			    const uint64_t *dims, size_t rank, size_t bytes)
{
	struct mv_buf b = message();
	uint8_t *data = calloc(1, bytes + 1);

	assert_non_null(data);
	for (size_t i = 0; i < rank; i++)
		put_number(&b, 1, dims[i]);
	put_number(&b, 2, type);
	put_text(&b, 8, name);
	if (bytes)
		put_bytes(&b, 9, data, bytes);
	free(data);
	return b;
}

/* A model around a graph that has this initialiser. */
static struct mv_buf model(struct mv_buf *initialiser)
{
	struct mv_buf m = message(), graph = message();

	put_text(&graph, 2, "main");
	put(&graph, 5, initialiser);
	put_number(&m, 1, 8);
	put_text(&m, 2, "maker");
	put(&m, 7, &graph);
	return m;
}

static void refuse_tensor(struct mv_buf t, const char *words)
{
	struct mv_buf m = model(&t);

	refuse(m.data, m.len, words);
	mv_buf_release(&m);
}

static void test_format_onnx__files_of_onnx_are_listed(void **state)
{
	(void)state;
	check_golden("stored.onnx");
	check_golden("external.onnx");
}

static void test_format_onnx__tensors_have_a_place(void **state)
{
	static const uint64_t dims[] = { 3, 0x80000000 >> 24, 1 };
	static const struct { uint64_t type, bytes; } types[] = {
		{ 1, 4 * 384 }, { 16, 2 * 384 }, { 3, 384 }, { 22, 192 },
		{ 15, 16 * 384 }
	};
	struct mv_layout l;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct mv_buf t = tensor("w", types[i].type, dims, 3,
					 types[i].bytes);
		struct mv_buf m = model(&t);

		assert_int_equal(list(m.data, m.len, &l, &err), 0);
		assert_int_equal(l.count, 1);
		assert_string_equal(l.tensors[0].name, "w");
		assert_int_equal(l.tensors[0].rank, 3);
		assert_int_equal(l.tensors[0].shape[1], 128);
		assert_int_equal(l.tensors[0].length, types[i].bytes);
		assert_int_equal(l.tensors[0].offset, m.len - types[i].bytes);
		mv_layout_release(&l);
		mv_buf_release(&m);
	}
}

/* Dims in one field, numbers in float_data, tensors in attributes. */
static void test_format_onnx__other_ways_to_hold_them(void **state)
{
	static const uint64_t n[] = { 2048 };
	struct mv_buf t = message(), m = message(), g = message();
	struct mv_buf inner, node = message(), attribute = message();
	uint8_t *data = calloc(1, 8192);
	struct mv_layout l;
	struct mv_err err;

	(void)state;
	assert_non_null(data);
	put_bytes(&t, 1, "\x80\x10\x01", 3);	/* [2048, 1] */
	put_number(&t, 2, 1);
	put_text(&t, 8, "floats");
	put_bytes(&t, 4, data, 8192);
	free(data);
	put(&g, 5, &t);
	inner = tensor("", 1, n, 1, 8192);
	put(&attribute, 5, &inner);
	put_text(&node, 2, "output");
	put(&node, 5, &attribute);
	put(&g, 1, &node);
	put_number(&m, 1, 8);
	put_text(&m, 2, "maker");
	put(&m, 7, &g);
	assert_int_equal(list(m.data, m.len, &l, &err), 0);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.tensors[0].name, "floats");
	assert_int_equal(l.tensors[0].shape[0], 2048);
	assert_int_equal(l.tensors[0].length, 8192);
	assert_true(l.tensors[0].offset > 0);
	assert_string_equal(l.tensors[1].name, "output");
	mv_layout_release(&l);
	mv_buf_release(&m);
}

static void test_format_onnx__shapes_that_lie_are_refused(void **state)
{
	static const uint64_t n[] = { 10 }, huge[] = { INT64_MAX, 3 };
	static const uint64_t minus[] = { UINT64_MAX };
	uint64_t many[65];

	(void)state;
	for (size_t i = 0; i < 65; i++)
		many[i] = 1;
	refuse_tensor(tensor("w", 1, n, 1, 39), "do not make its length");
	refuse_tensor(tensor("w", 1, n, 1, 41), "do not make its length");
	refuse_tensor(tensor("w", 1, huge, 2, 40), "too large");
	refuse_tensor(tensor("w", 1, huge, 1, 40), "too large");
	refuse_tensor(tensor("w", 1, minus, 1, 40), "negative");
	refuse_tensor(tensor("w", 1, many, 65, 4), "64 dimensions");
	refuse_tensor(tensor("w", UINT64_MAX, n, 1, 40), "type is unknown");
	refuse_tensor(tensor("w", 0, n, 1, 40), "type is unknown");
}

/* A type that is newer than we are is no reason to list nothing. */
static void test_format_onnx__newer_types_are_listed(void **state)
{
	static const uint64_t n[] = { 5 };
	static const struct {
		uint64_t type;
		const char *name;
		size_t bytes, notes;
	} cases[] = {
		{ 27, "F6_E2M3", 4, 0 }, { 28, "F6_E3M2", 4, 0 },
		{ 29, "TYPE29", 11, 1 }, { INT32_MAX, "TYPE2147483647", 0, 1 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mv_buf t = tensor("w", cases[i].type, n, 1,
					 cases[i].bytes);
		struct mv_buf m = model(&t);
		struct mv_layout l;
		struct mv_err err;

		assert_int_equal(list(m.data, m.len, &l, &err), 0);
		assert_int_equal(l.count, 1);
		assert_string_equal(l.tensors[0].dtype_name, cases[i].name);
		assert_int_equal(l.tensors[0].length, cases[i].bytes);
		assert_int_equal(l.note_count, cases[i].notes);
		mv_layout_release(&l);
		mv_buf_release(&m);
	}
}

static struct mv_buf external(const char *location, const char *offset,
			      const char *length)
{
	static const uint64_t n[] = { 10 };
	struct mv_buf t = tensor("w", 1, n, 1, 0);
	const char *const pairs[] = { "location", location, "offset", offset,
				      "length", length };

	for (size_t i = 0; i < 6; i += 2) {
		struct mv_buf entry = message();

		put_text(&entry, 1, pairs[i]);
		put_text(&entry, 2, pairs[i + 1]);
		put(&t, 13, &entry);
	}
	put_number(&t, 14, 1);
	return t;
}

/* Told, never opened; and not told when it would leave the folder. */
static void test_format_onnx__external_data_stays_in_its_folder(void **state)
{
	static const char *const bad[] = {
		"", "/etc/passwd", "../w.bin", "a/../../b", "a/..", "..",
		"c:\\x", "..\\w", "\\\\host\\x"
	};
	struct mv_layout l;
	struct mv_err err;
	struct mv_buf t = external("sub/a..b.bin", "4096", "40"), m;

	(void)state;
	m = model(&t);
	assert_int_equal(list(m.data, m.len, &l, &err), 0);
	assert_string_equal(l.tensors[0].elsewhere, "sub/a..b.bin");
	assert_int_equal(l.tensors[0].offset, 4096);
	assert_int_equal(l.tensors[0].length, 40);
	mv_layout_release(&l);
	mv_buf_release(&m);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse_tensor(external(bad[i], "0", "40"),
			      "outside of the folder");
	refuse_tensor(external("x", "-1", "40"), "offset is no number");
	refuse_tensor(external("x", "99999999999999999999", "40"),
		      "offset is no number");
	refuse_tensor(external("x", "0", "1125899906842624"),
		      "do not make its length");
}

static void test_format_onnx__malformed_messages_are_refused(void **state)
{
	static const uint64_t n[] = { 10 };
	struct mv_buf t = tensor("w", 1, n, 1, 40), m = model(&t);
	struct mv_buf deep = message();

	(void)state;
	/* graphs in attributes in nodes in graphs ... */
	for (int i = 0; i < 40; i++) {
		struct mv_buf attribute = message(), node = message();
		struct mv_buf outer = message();

		put(&attribute, 6, &deep);
		put(&node, 5, &attribute);
		put(&outer, 1, &node);
		deep = outer;
	}
	mv_buf_release(&m);
	m = message();
	put_number(&m, 1, 8);
	put_text(&m, 2, "maker");
	put(&m, 7, &deep);
	refuse(m.data, m.len, "nested too deeply");
	mv_buf_release(&m);
	t = tensor("w", 1, n, 1, 40);
	m = model(&t);
	m.data[m.len - 41] = 41;	/* longer than what it is in */
	refuse(m.data, m.len, "longer than what it is in");
	m.data[m.len - 41] = 39;	/* then a tag that is none */
	assert_int_equal(list_verdict(m.data, m.len, NULL), MV_EINVALID);
	m.data[m.len - 42] = 9 << 3 | 3;	/* a group */
	refuse(m.data, m.len, "unknown type");
	mv_buf_release(&m);
}

static void test_format_onnx__damage_is_survived(void **state)
{
	static const uint64_t n[] = { 3 };
	struct mv_buf t = tensor("w", 1, n, 1, 12), m = model(&t);

	(void)state;
	assert_true(sweep_list(&m, 1) > 15);
	mv_buf_release(&m);
	t = external("file.bin", "4096", "40");
	m = model(&t);
	assert_true(sweep_list(&m, 1) > 15);
	mv_buf_release(&m);
}

/* The same, wherever the windows of the scout fall. */
static void test_format_onnx__runs_far_into_the_file(void **state)
{
	static const uint64_t n[] = { 40000 };
	struct mv_buf m = message(), g = message();
	struct mv_runs runs;

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct mv_buf t;
		char name[4001];

		memset(name, 'n', sizeof(name));
		name[1000 + 333 * i] = '\0';
		t = tensor(name, i % 2 ? 1 : 10, n, 1, i % 2 ? 160000 : 80000);
		put(&g, 5, &t);
	}
	put_number(&m, 1, 8);
	put_text(&m, 2, "maker");
	put(&m, 7, &g);
	all_runs(&runs, m.data, m.len);
	assert_int_equal(runs.count, 9);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(runs.run[i].length, i % 2 ? 160000 : 80000);
		assert_int_equal(runs.run[i].plane, i % 2 ? MV_PLANE_F32 :
				 MV_PLANE_B16);
	}
	assert_int_equal(runs.run[8].offset, m.len - 80000);
	mv_runs_release(&runs);
	m.data[m.len - 80001] ^= 0x40;	/* a length: the last one is lost */
	all_runs(&runs, m.data, m.len);
	assert_in_range(runs.count, 8, 9);
	mv_runs_release(&runs);
	mv_buf_release(&m);
}

/* Text, and other messages, are not taken for it. */
static void test_format_onnx__others_are_others(void **state)
{
	static const char saved[] = "\x08\x01\x12\x20\x0a\x1e 1.15 and more of it";
	static const char text[] = "\x08\x01 some text that begins like it";
	struct mv_layout l;
	struct mv_err err;

	(void)state;
	assert_int_equal(list(saved, sizeof(saved), &l, &err), 0);
	assert_string_equal(l.format, "savedmodel");
	assert_int_equal(l.not_listed, 1);
	mv_layout_release(&l);
	assert_int_equal(list_verdict(text, sizeof(text), &err), MV_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_onnx__files_of_onnx_are_listed),
		cmocka_unit_test(test_format_onnx__tensors_have_a_place),
		cmocka_unit_test(test_format_onnx__other_ways_to_hold_them),
		cmocka_unit_test(test_format_onnx__shapes_that_lie_are_refused),
		cmocka_unit_test(test_format_onnx__newer_types_are_listed),
		cmocka_unit_test(test_format_onnx__external_data_stays_in_its_folder),
		cmocka_unit_test(test_format_onnx__malformed_messages_are_refused),
		cmocka_unit_test(test_format_onnx__damage_is_survived),
		cmocka_unit_test(test_format_onnx__runs_far_into_the_file),
		cmocka_unit_test(test_format_onnx__others_are_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
