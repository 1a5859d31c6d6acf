/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

/* Version `major`, this header and a line feed, `data` zero bytes. */
static void make(struct mv_buf *b, int major, const char *text, size_t len,
		 size_t data)
{
	uint8_t le[4];

	mv_buf_init(b, 1u << 20);
	mv_buf_addstr(b, "\x93NUMPY");
	mv_buf_addch(b, (char)major);
	mv_buf_addch(b, 0);
	mv_put_le32(le, (uint32_t)len + 1);
	mv_buf_add(b, le, major == 1 ? 2 : 4);
	mv_buf_add(b, text, len);
	mv_buf_addch(b, '\n');
	for (size_t i = 0; i < data; i++)
		assert_int_equal(mv_buf_addch(b, 0), 0);
}

static int try_with(int major, const char *text, size_t len, size_t data,
		    struct mv_err *err)
{
	struct mv_buf b;
	int rc;

	make(&b, major, text, len, data);
	rc = verdict(b.data, b.len, b.len, err);
	mv_buf_release(&b);
	return rc;
}

static void refused(const char *text, size_t data, const char *because)
{
	struct mv_err err = { MV_OK, "" };

	assert_int_equal(try_with(1, text, strlen(text), data, &err),
			 MV_EINVALID);
	if (!strstr(err.msg, because))
		fail_msg("%s: '%s' does not say '%s'", text, err.msg, because);
}

static void accepted(const char *text, size_t data)
{
	struct mv_err err = { MV_OK, "" };

	if (try_with(1, text, strlen(text), data, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

#define D(descr, shape) \
	"{'descr': " descr ", 'fortran_order': False, 'shape': " shape ", }"

static void test_format_npy__real_files_are_as_frozen(void **state)
{
	(void)state;
	check_golden("f4-2x3.npy");
	check_golden("f8-big-endian.npy");
	check_golden("struct.npy");
	check_golden("object.npy");
}

static void check_stride(const char *dict, size_t bytes, const uint64_t *stride,
			 uint32_t rank)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	make(&b, 1, dict, strlen(dict), bytes);
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_int_equal(l.tensors[0].rank, rank);
	if (stride)
		assert_memory_equal(l.tensors[0].stride, stride,
				    rank * sizeof(*stride));
	else
		assert_null(l.tensors[0].stride);
	mv_layout_release(&l);
	mv_buf_release(&b);
}

/* Who takes the numbers row after row would get others. */
static void test_format_npy__fortran_order_has_strides(void **state)
{
	static const uint64_t two[] = { 1, 2 }, three[] = { 1, 2, 6 };

	(void)state;
#define F(shape) "{'descr':'<f4','fortran_order':True,'shape':" shape "}"
	check_stride(F("(2,3)"), 24, two, 2);
	check_stride(F("(2,3,4)"), 96, three, 3);
	check_stride(F("(3,)"), 12, NULL, 1);
	check_stride(F("(1,3)"), 12, NULL, 2);
	check_stride(F("(0,3)"), 0, NULL, 2);
	check_stride(D("'<f4'", "(2,3)"), 24, NULL, 2);
#undef F
}

static void test_format_npy__fields_are_read(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	make(&b, 2, D("'>i2'", "(3,2)"), strlen(D("'>i2'", "(3,2)")), 12);
	assert_int_equal(parse_bytes(&l, b.data, b.len, b.len, &err), 0);
	assert_string_equal(l.format, "npy");
	assert_int_equal(l.count, 1);
	assert_int_equal(l.header_len, b.len - 12);
	assert_int_equal(l.tensors[0].offset, b.len - 12);
	assert_int_equal(l.tensors[0].length, 12);
	assert_int_equal(l.tensors[0].dtype, MV_DTYPE_I16);
	assert_int_equal(l.tensors[0].unit, 2);
	assert_true(l.tensors[0].big_endian);
	assert_int_equal(l.tensors[0].rank, 2);
	assert_int_equal(l.tensors[0].shape[0], 3);
	assert_int_equal(l.tensors[0].shape[1], 2);
	assert_string_equal(l.meta_keys[0], "fortran_order");
	assert_string_equal(l.meta_values[0], "False");
	mv_layout_release(&l);
	mv_buf_release(&b);
}

static void test_format_npy__types_have_sizes(void **state)
{
	(void)state;
	accepted(D("'|b1'", "(3,)"), 3);
	accepted(D("'?'", "(3,)"), 3);
	accepted(D("'<u8'", "()"), 8);
	accepted(D("'<f2'", "(2,)"), 4);
	accepted(D("'<f16'", "(2,)"), 32);
	accepted(D("'<c8'", "(2,)"), 16);
	accepted(D("'|S5'", "(2,)"), 10);
	accepted(D("'<U5'", "(2,)"), 40);
	accepted(D("'|V7'", "(2,)"), 14);
	accepted(D("'<M8[ns]'", "(2,)"), 16);
	accepted(D("'<m8[25s]'", "(2,)"), 16);
	accepted(D("'|S0'", "(9,)"), 0);
	refused(D("'<i3'", "(1,)"), 3, "type is unknown");
	refused(D("'<f'", "(1,)"), 4, "no size");
	refused(D("'<x4'", "(1,)"), 4, "type is unknown");
	refused(D("''", "(1,)"), 4, "type is unknown");
	refused(D("'<f4 '", "(1,)"), 4, "type is unknown");
	refused(D("'<M8[xs]'", "(1,)"), 8, "type is unknown");
	refused(D("'<M8[0s]'", "(1,)"), 8, "type is unknown");
	refused(D("'<f4[s]'", "(1,)"), 4, "type is unknown");
	refused(D("'|S2147483648'", "(0,)"), 0, "too large");
	refused(D("'<U536870912'", "(0,)"), 0, "too large");
	refused(D("'|S18446744073709551616'", "(0,)"), 0, "too large");
}

static void test_format_npy__structured_types(void **state)
{
	(void)state;
	accepted(D("[('a','<f4'),('b','<i2',(2,3))]", "(2,)"), 32);
	accepted(D("[('a',[('b','|i1'),('c','|i1')]),]", "(2,)"), 4);
	accepted(D("[(('t','n'),'<f8')]", "(1,)"), 8);
	accepted(D("[('a','<f4',2)]", "(1,)"), 8);
	accepted(D("('<f4',(2,2))", "(1,)"), 16);
	accepted(D("[('a',('<f4',(2,)),(3,))]", "(1,)"), 24);
	accepted(D("[]", "(4,)"), 0);
	accepted(D("[('it\\'s','|i1')]", "(1,)"), 1);
	refused(D("[('a','<f4'", "(1,)"), 4, "malformed");
	refused(D("[('a')]", "(1,)"), 4, "no type");
	refused(D("[('a','<f4')", "(1,)"), 4, "malformed");
	refused(D("[('a','<f4',)", "(1,)"), 4, "malformed");
	refused(D("['<f4']", "(1,)"), 4, "field is missing");
	refused(D("('<f4')", "(1,)"), 4, "no shape");
	refused(D("{}", "(1,)"), 4, "string is missing");
	refused(D("[('a','<f4',(4294967296,4294967296))]", "(1,)"), 0,
		"too large");
	refused(D("[('a','|S2147483647'),('b','|S1')]", "(0,)"), 0,
		"too large");
	refused(D("[[[[", "(1,)"), 0, "field is missing");
}

static void test_format_npy__nesting_is_bounded(void **state)
{
	char text[4096] = "{'descr': ";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "[('a',");
	refused(text, 0, "nested too deeply");
	accepted(D("[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a','|i1')"
		   "])])])])])])])]", "(1,)"), 1);
	refused(D("[('a',[('a',[('a',[('a',[('a',[('a',[('a',[('a',"
		  "('|i1',1))])])])])])])])]", "(1,)"), 1, "nested too deeply");
	strcpy(text, "{'descr': ");
	for (int i = 0; i < 1000; i++)
		strcat(text, "(");
	refused(text, 0, "nested too deeply");
}

static void test_format_npy__objects_are_said_to_be_pickles(void **state)
{
	static const char *const texts[] = {
		D("'|O'", "(2,)"), D("[('a','<f4'),('b','|O')]", "(2,)"),
		D("[('b','|O'),('a','<f4')]", "(2,)"),
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mv_layout l;
		struct mv_buf b;
		struct mv_err err;

		make(&b, 1, texts[i], strlen(texts[i]), 77);
		assert_int_equal(parse_bytes(&l, b.data, b.len, b.len, &err),
				 0);
		assert_int_equal(l.note_count, 1);
		assert_string_equal(l.notes[0], "holds pickled Python objects");
		assert_int_equal(l.tensors[0].length, 77);
		assert_int_equal(l.tensors[0].dtype, MV_DTYPE_UNKNOWN);
		mv_layout_release(&l);
		mv_buf_release(&b);
	}
}

static void test_format_npy__the_dict_is_exact(void **state)
{
	(void)state;
	accepted("{\"shape\":(1,),\"descr\":\"<f4\",\"fortran_order\":True}",
		 4);
	accepted(D("'<f4'", "(2L, 3)"), 24);
	refused("{'descr':'<f4','shape':(1,)}", 4, "key is missing");
	refused("{'descr':'<f4','fortran_order':False,'shape':(1,),'x':1}", 4,
		"unknown or there twice");
	refused("{'descr':'<f4','descr':'<f4','fortran_order':False,"
		"'shape':(1,)}", 4, "unknown or there twice");
	refused("{'descr':'<f4','fortran_order':0,'shape':(1,)}", 4,
		"neither True nor False");
	refused("{'descr':'<f4' 'fortran_order':False,'shape':(1,)}", 4,
		"comma");
	refused("{'descr':'<f4','fortran_order':False,'shape':(1,)} x", 4,
		"behind the dict");
	refused("['descr']", 0, "not a dict");
	refused("", 0, "not a dict");
	refused("{'descr", 0, "not closed");
	refused("{'descr\\", 0, "not closed");
}

static void test_format_npy__shapes(void **state)
{
	char text[512] = "{'descr':'|u1','fortran_order':False,'shape':(";

	(void)state;
	accepted(D("'|u1'", "()"), 1);
	accepted(D("'|u1'", "(0,)"), 0);
	refused(D("'|u1'", "(1)"), 1, "needs a comma");
	refused(D("'|u1'", "1"), 1, "not a tuple");
	refused(D("'|u1'", "(-1,)"), 1, "number");
	refused(D("'|u1'", "(01,)"), 1, "number");
	refused(D("'|u1'", "(1_0,)"), 10, "malformed");
	refused(D("'|u1'", "(1 1)"), 1, "malformed");
	refused(D("'|u1'", "(9223372036854775808,)"), 0, "number");
	refused(D("'|u1'", "(4294967296,4294967296)"), 0, "too large");
	refused(D("'<f8'", "(2305843009213693952,)"), 0, "too large");
	refused(D("'|u1'", "(4,)"), 3, "3 bytes of data");
	refused(D("'|u1'", "(4,)"), 5, "5 bytes of data");
	for (int i = 0; i < 64; i++)
		strcat(text, "1,");
	strcat(text, "1)}");
	refused(text, 1, "64 dimensions");
	strcpy(strstr(text, "1,1)}"), "1)}");
	accepted(text, 1);
}

static void test_format_npy__versions(void **state)
{
	static const char text[] = D("'|u1'", "(1,)");
	static const char latin[] = "{'descr': [('\xe9','|u1')], "
		"'fortran_order': False, 'shape': (1,)}";
	static const char utf8[] = "{'descr': [('\xc3\xa9','|u1')], "
		"'fortran_order': False, 'shape': (1L,)}";
	struct mv_err err;

	(void)state;
	for (int v = 0; v < 6; v++)
		assert_int_equal(try_with(v, text, sizeof(text) - 1, 1, &err),
				 v >= 1 && v <= 3 ? 0 : MV_EINVALID);
	assert_int_equal(try_with(2, latin, sizeof(latin) - 1, 1, &err), 0);
	assert_int_equal(try_with(3, latin, sizeof(latin) - 1, 1, &err),
			 MV_EINVALID);
	/* 3L is Python 2, which never wrote version 3 */
	assert_int_equal(try_with(2, utf8, sizeof(utf8) - 1, 1, &err), 0);
	assert_int_equal(try_with(3, utf8, sizeof(utf8) - 1, 1, &err),
			 MV_EINVALID);
}

static void test_format_npy__header_length_is_bounded(void **state)
{
	static const char text[] = D("'|u1'", "(1,)");
	struct mv_err err = { MV_OK, "" };
	struct mv_buf b;

	(void)state;
	make(&b, 2, text, sizeof(text) - 1, 1);
	mv_put_le32(b.data + 8, 65536 + 1);
	assert_int_equal(verdict(b.data, b.len, UNKNOWN_SIZE, &err),
			 MV_EINVALID);
	assert_non_null(strstr(err.msg, "longer than"));
	mv_put_le32(b.data + 8, 65536);
	assert_int_equal(verdict(b.data, b.len, UNKNOWN_SIZE, &err), MV_EBUSY);
	assert_int_equal(verdict(b.data, b.len, b.len, &err), MV_EINVALID);
	mv_put_le32(b.data + 8, UINT32_MAX);
	assert_int_equal(verdict(b.data, b.len, UNKNOWN_SIZE, &err),
			 MV_EINVALID);
	mv_put_le32(b.data + 8, 0);
	assert_int_equal(verdict(b.data, b.len, b.len, &err), MV_EINVALID);
	/* without its line feed */
	mv_put_le32(b.data + 8, sizeof(text) - 1);
	assert_int_equal(verdict(b.data, b.len, b.len, &err), MV_EINVALID);
	mv_buf_release(&b);
}

static void test_format_npy__every_truncation_is_refused(void **state)
{
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	load(&b, "struct.npy");
	sweep_truncations(&b, b.len - 45);
	for (size_t len = b.len - 45; len < b.len; len++)
		assert_int_equal(verdict(b.data, len, len, &err), MV_EINVALID);
	mv_buf_release(&b);
}

static void test_format_npy__every_flip_is_survived(void **state)
{
	static const uint8_t masks[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255 };
	struct mv_buf b;

	(void)state;
	load(&b, "struct.npy");
	assert_true(sweep_flips(&b, b.len - 45, masks, 9) > 1000);
	mv_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_npy__real_files_are_as_frozen),
		cmocka_unit_test(test_format_npy__fortran_order_has_strides),
		cmocka_unit_test(test_format_npy__fields_are_read),
		cmocka_unit_test(test_format_npy__types_have_sizes),
		cmocka_unit_test(test_format_npy__structured_types),
		cmocka_unit_test(test_format_npy__nesting_is_bounded),
		cmocka_unit_test(test_format_npy__objects_are_said_to_be_pickles),
		cmocka_unit_test(test_format_npy__the_dict_is_exact),
		cmocka_unit_test(test_format_npy__shapes),
		cmocka_unit_test(test_format_npy__versions),
		cmocka_unit_test(test_format_npy__header_length_is_bounded),
		cmocka_unit_test(test_format_npy__every_truncation_is_refused),
		cmocka_unit_test(test_format_npy__every_flip_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
