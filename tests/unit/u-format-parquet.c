/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

#include "libmv/format/thrift.h"

static void test_format_parquet__files_of_arrow_are_listed(void **state)
{
	(void)state;
	check_golden("rows.parquet");
}

/* -- thrift --------------------------------------------------------------- */

static void test_format_parquet__thrift_is_read(void **state)
{
	/* 1: i32 -3, 2: "ab", 4: list<i32> [1, 300], 5: true, 20: i64 1 */
	static const uint8_t bytes[] = {
		0x15, 0x05, 0x18, 0x02, 'a', 'b', 0x29, 0x25, 0x02, 0xd8,
		0x04, 0x11, 0xf6, 0x02, 0
	};
	static const int kinds[] = { 5, 8, 9, 1 }, fields[] = { 1, 2, 4, 5 };
	struct mv_thrift t;
	int32_t field;
	uint32_t count;
	size_t len;

	(void)state;
	mv_thrift_begin(&t, bytes, sizeof(bytes));
	mv_thrift_enter(&t);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(mv_thrift_field(&t, &field), kinds[i]);
		assert_int_equal(field, fields[i]);
		if (i == 0)
			assert_int_equal(mv_thrift_int(&t), -3);
		if (i == 1)
			assert_memory_equal(mv_thrift_binary(&t, &len), "ab",
					    2);
		if (i == 2) {
			assert_int_equal(mv_thrift_list(&t, &count), 5);
			assert_int_equal(count, 2);
			assert_int_equal(mv_thrift_int(&t), 1);
			assert_int_equal(mv_thrift_int(&t), 300);
		}
		if (i == 3)
			mv_thrift_skip(&t, kinds[i]);
	}
	assert_false(t.bad);
	/* a field far away: its number follows */
	assert_int_equal(mv_thrift_field(&t, &field), 6);
	assert_int_equal(field, 5 + 15);
	assert_int_equal(mv_thrift_int(&t), 1);
	assert_int_equal(mv_thrift_field(&t, &field), 0);
	assert_false(t.bad);
	assert_ptr_equal(t.p, t.end);
}

/* Each is a struct's only field; what is skipped is skipped exactly. */
static void test_format_parquet__thrift_is_skipped(void **state)
{
	static const struct { const char *bytes; size_t len; int bad; } of[] = {
		{ "\x11\0", 2, 0 },			/* true */
		{ "\x13\x07\0", 3, 0 },			/* i8 */
		{ "\x17" "12345678\0", 10, 0 },		/* double */
		{ "\x18\x03" "abc\0", 6, 0 },
		{ "\x19\x28\x01" "a\x02" "bc\0", 8, 0 },	/* list<binary> */
		{ "\x1a\x32\1\2\1\0", 6, 0 },		/* set<bool> */
		{ "\x1b\0\0", 3, 0 },			/* map, empty */
		{ "\x1b\x02\x58\x02\x01" "a\x04\x01" "b\0", 10, 0 },
		{ "\x1c\x15\x02\x1c\x15\x04\0\0\0", 9, 0 },
		{ "\x19\x1c\x1c\0\0\0", 6, 0 },		/* list<struct> */
		{ "\x1d" "0123456789abcdef\0", 18, 0 },	/* uuid */
		{ "\x1e\0", 2, 1 },			/* no such type */
		{ "\x18\x05" "abc\0", 6, 1 },
		{ "\x19\xf8\xff\xff\xff\xff\x0f\0", 8, 1 },
		{ "\x1b\xff\xff\xff\xff\x0f\x58\0", 8, 1 },
		{ "\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", 12, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		uint8_t *copy = malloc(of[i].len);
		struct mv_thrift t;
		int32_t field;

		assert_non_null(copy);
		memcpy(copy, of[i].bytes, of[i].len);
		mv_thrift_begin(&t, copy, of[i].len);
		mv_thrift_enter(&t);
		mv_thrift_skip(&t, mv_thrift_field(&t, &field));
		assert_int_equal(mv_thrift_field(&t, &field), 0);
		assert_int_equal(t.bad, of[i].bad);
		if (!t.bad)
			assert_ptr_equal(t.p, t.end);
		free(copy);
	}
}

static void test_format_parquet__thrift_nests_only_so_deep(void **state)
{
	uint8_t deep[200];
	struct mv_thrift t;
	int32_t field;

	(void)state;
	memset(deep, 0x1c, sizeof(deep));	/* structs */
	mv_thrift_begin(&t, deep, sizeof(deep));
	mv_thrift_enter(&t);
	mv_thrift_skip(&t, mv_thrift_field(&t, &field));
	assert_true(t.bad);
	memset(deep, 0x19, sizeof(deep));	/* lists of lists */
	mv_thrift_begin(&t, deep, sizeof(deep));
	mv_thrift_enter(&t);
	mv_thrift_skip(&t, mv_thrift_field(&t, &field));
	assert_true(t.bad);
}

/* -- footers -------------------------------------------------------------- */

static void test_format_parquet__footers_that_lie(void **state)
{
	struct mv_buf b;
	uint32_t len;

	(void)state;
	load(&b, "rows.parquet");
	len = mv_le32(b.data + b.len - 8);
	mv_put_le32(b.data + b.len - 8, UINT32_MAX);
	refuse(b.data, b.len, "longer than it may be");
	mv_put_le32(b.data + b.len - 8, (uint32_t)b.len - 11);
	refuse(b.data, b.len, "longer than it may be");
	mv_put_le32(b.data + b.len - 8, len - 1);
	assert_int_equal(list_verdict(b.data, b.len, NULL), MV_EINVALID);
	mv_put_le32(b.data + b.len - 8, len);
	refuse(b.data, b.len - 1, "it is missing");
	refuse(b.data, 12, "it is missing");
	/* a file that lost its beginning: chunks are behind its end */
	mv_buf_release(&b);
	load(&b, "rows.parquet");
	memmove(b.data + 4, b.data + 20004, b.len - 20004);
	refuse(b.data, b.len - 20000, "not in the file");
	mv_buf_release(&b);
}

static void test_format_parquet__damage_is_survived(void **state)
{
	struct mv_buf b;
	struct mv_err err;
	size_t refused = 0;

	(void)state;
	load(&b, "rows.parquet");
	for (size_t i = b.len - mv_le32(b.data + b.len - 8) - 8; i < b.len;
	     i++) {
		int rc;

		b.data[i] ^= 0x55;
		rc = list_verdict(b.data, b.len, &err);
		b.data[i] ^= 0x55;
		assert_true(!rc || rc == MV_EINVALID);
		refused += rc != 0;
	}
	assert_true(refused > 100);
	mv_buf_release(&b);
}

/* Pages lead to pages; what is none is the end, and not an error. */
static void test_format_parquet__runs_are_pages(void **state)
{
	struct mv_runs runs;
	struct mv_buf b;
	uint64_t first;

	(void)state;
	load(&b, "rows.parquet");
	all_runs(&runs, b.data, b.len);
	assert_true(runs.count > 1);
	first = runs.run[0].offset;
	mv_runs_release(&runs);
	b.data[first] ^= 0xff;
	all_runs(&runs, b.data, b.len);
	assert_int_equal(runs.count, 0);
	mv_runs_release(&runs);
	b.data[first] ^= 0xff;
	for (size_t len = 0; len < b.len; len += 501) {
		all_runs(&runs, b.data, len);
		mv_runs_release(&runs);
	}
	mv_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_parquet__files_of_arrow_are_listed),
		cmocka_unit_test(test_format_parquet__thrift_is_read),
		cmocka_unit_test(test_format_parquet__thrift_is_skipped),
		cmocka_unit_test(test_format_parquet__thrift_nests_only_so_deep),
		cmocka_unit_test(test_format_parquet__footers_that_lie),
		cmocka_unit_test(test_format_parquet__damage_is_survived),
		cmocka_unit_test(test_format_parquet__runs_are_pages),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
