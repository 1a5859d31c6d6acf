/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

/* -- a writer that can lie ------------------------------------------------ */

static void u32(struct mv_buf *b, uint32_t v)
{
	uint8_t le[4];

	mv_put_le32(le, v);
	assert_int_equal(mv_buf_add(b, le, 4), 0);
}

static void u64(struct mv_buf *b, uint64_t v)
{
	uint8_t le[8];

	mv_put_le64(le, v);
	assert_int_equal(mv_buf_add(b, le, 8), 0);
}

static void str(struct mv_buf *b, const char *s)
{
	u64(b, strlen(s));
	assert_int_equal(mv_buf_addstr(b, s), 0);
}

static void begin(struct mv_buf *b, uint64_t tensors, uint64_t kv)
{
	mv_buf_init(b, 32u << 20);
	assert_int_equal(mv_buf_addstr(b, "GGUF"), 0);
	u32(b, 3);
	u64(b, tensors);
	u64(b, kv);
}

static void kv_u32(struct mv_buf *b, const char *key, uint32_t v)
{
	str(b, key);
	u32(b, 4);
	u32(b, v);
}

static void tensor(struct mv_buf *b, const char *name, uint32_t rank,
		   const uint64_t *ne, uint32_t type, uint64_t offset)
{
	str(b, name);
	u32(b, rank);
	for (uint32_t i = 0; i < rank; i++)
		u64(b, ne[i]);
	u32(b, type);
	u64(b, offset);
}

static void zeros(struct mv_buf *b, size_t n, size_t align)
{
	while (b->len % align)
		assert_int_equal(mv_buf_addch(b, 0), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(mv_buf_addch(b, 0), 0);
}

static void refused(struct mv_buf *b, const char *because)
{
	struct mv_err err = { MV_OK, "" };

	assert_int_equal(verdict(b->data, b->len, b->len, &err), MV_EINVALID);
	if (!strstr(err.msg, because))
		fail_msg("'%s' does not say '%s'", err.msg, because);
	mv_buf_release(b);
}

static void accepted(struct mv_buf *b)
{
	struct mv_err err = { MV_OK, "" };

	if (verdict(b->data, b->len, b->len, &err) < 0)
		fail_msg("%s", err.msg);
	mv_buf_release(b);
}

/* One tensor of that type and inner dimension, with `data` bytes. */
static void one(struct mv_buf *b, uint32_t type, uint64_t ne, size_t data)
{
	begin(b, 1, 0);
	tensor(b, "t", 1, &ne, type, 0);
	zeros(b, data, 32);
}

/* -- tests ---------------------------------------------------------------- */

static void test_format_gguf__real_files_are_as_frozen(void **state)
{
	(void)state;
	check_golden("tiny-final-Q8_0.gguf");
}

/* This one went through something that took it for text. */
static void test_format_gguf__a_mangled_real_file_is_refused(void **state)
{
	struct mv_buf b;

	(void)state;
	load(&b, "llama-vocab-damaged-head.gguf");
	refused(&b, "key 10 of 22 at offset 399: a string claims");
}

static void test_format_gguf__what_is_wrong_says_where(void **state)
{
	struct mv_buf b;

	(void)state;
	begin(&b, 0, 2);
	kv_u32(&b, "a.b", 1);
	str(&b, "flag");
	u32(&b, 7);
	assert_int_equal(mv_buf_addch(&b, 5), 0);
	refused(&b, "key 2 of 2 ('flag') at offset 43: a bool is");
	begin(&b, 0, 1);
	str(&b, "list");
	u32(&b, 9);
	u32(&b, 9);
	zeros(&b, 8, 1);
	refused(&b, "key 1 of 1 ('list') at offset 24: an array of type 9");
	one(&b, 8, 33, 300);
	refused(&b, "tensor 1 of 1 ('t') at offset 24: it is not a whole "
		"number of Q8_0 blocks");
	begin(&b, 1, 0);
	assert_int_equal(mv_buf_addstr(&b, "12345"), 0);
	refused(&b, "tensor 1 of 1 at offset 24: the file ends inside");
}

static void test_format_gguf__fields_are_read(void **state)
{
	const uint64_t ne[2] = { 64, 3 };
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;
	uint64_t start;

	(void)state;
	begin(&b, 2, 2);
	kv_u32(&b, "general.alignment", 64);
	str(&b, "general.name");
	u32(&b, 8);
	str(&b, "x");
	tensor(&b, "q", 2, ne, 8, 0);		/* Q8_0: 6 blocks, 204 bytes */
	tensor(&b, "f", 1, ne, 30, 256);	/* BF16 */
	start = (b.len + 63) / 64 * 64;
	zeros(&b, 256 + 128, 64);
	assert_int_equal(parse_bytes(&l, b.data, b.len, b.len, &err), 0);
	assert_int_equal(l.header_len, start);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.tensors[0].dtype_name, "Q8_0");
	assert_int_equal(l.tensors[0].dtype, MV_DTYPE_BLOCK);
	assert_int_equal(l.tensors[0].unit, 34);
	assert_int_equal(l.tensors[0].shape[0], 3);
	assert_int_equal(l.tensors[0].shape[1], 64);
	assert_int_equal(l.tensors[0].offset, start);
	assert_int_equal(l.tensors[0].length, 204);
	assert_int_equal(l.tensors[1].offset, start + 256);
	assert_int_equal(l.tensors[1].length, 128);
	assert_int_equal(l.meta_count, 2);
	assert_string_equal(l.meta_values[0], "64");
	assert_string_equal(l.meta_values[1], "x");
	mv_layout_release(&l);
	mv_buf_release(&b);
}

static void test_format_gguf__block_sizes(void **state)
{
	static const uint16_t types[][3] = {	/* id, block, bytes */
		{ 0, 1, 4 }, { 1, 1, 2 }, { 2, 32, 18 }, { 3, 32, 20 },
		{ 6, 32, 22 }, { 7, 32, 24 }, { 8, 32, 34 }, { 9, 32, 36 },
		{ 10, 256, 84 }, { 11, 256, 110 }, { 12, 256, 144 },
		{ 13, 256, 176 }, { 14, 256, 210 }, { 15, 256, 292 },
		{ 16, 256, 66 }, { 17, 256, 74 }, { 18, 256, 98 },
		{ 19, 256, 50 }, { 20, 32, 18 }, { 21, 256, 110 },
		{ 22, 256, 82 }, { 23, 256, 136 }, { 24, 1, 1 }, { 25, 1, 2 },
		{ 26, 1, 4 }, { 27, 1, 8 }, { 28, 1, 8 }, { 29, 256, 56 },
		{ 30, 1, 2 }, { 34, 256, 54 }, { 35, 256, 66 }, { 39, 32, 17 },
	};
	struct mv_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		one(&b, types[i][0], types[i][1], types[i][2]);
		accepted(&b);
		one(&b, types[i][0], types[i][1], types[i][2] - 1u);
		refused(&b, "file ends before");
		if (types[i][1] == 1)
			continue;
		one(&b, types[i][0], types[i][1] + 1u, 1000);
		refused(&b, "whole number");
	}
}

static void test_format_gguf__types_removed_and_unknown(void **state)
{
	static const uint32_t removed[] = { 4, 5, 31, 32, 33, 36, 37, 38 };
	const uint64_t ne = 32;
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(removed) / sizeof(*removed); i++) {
		one(&b, removed[i], 32, 100);
		refused(&b, "removed");
	}
	/* what cannot be measured ends where the next one begins */
	begin(&b, 3, 0);
	tensor(&b, "u", 1, &ne, 41, 0);
	tensor(&b, "f", 1, &ne, 24, 96);
	tensor(&b, "v", 1, &ne, 999, 128);
	zeros(&b, 150, 32);
	assert_int_equal(parse_bytes(&l, b.data, b.len, b.len, &err), 0);
	assert_string_equal(l.tensors[0].dtype_name, "type 41");
	assert_int_equal(l.tensors[0].length, 96);
	assert_int_equal(l.tensors[1].length, 32);
	assert_int_equal(l.tensors[2].length, 22);
	assert_int_equal(l.note_count, 1);
	mv_layout_release(&l);
	/* and without the size of the file, nowhere */
	assert_int_equal(parse_bytes(&l, b.data, b.len, UNKNOWN_SIZE, &err), 0);
	assert_int_equal(l.tensors[2].length, 0);
	mv_layout_release(&l);
	mv_buf_release(&b);
}

static void test_format_gguf__versions(void **state)
{
	static const uint32_t bad[] = { 0, 1, 4, 0x03000000, UINT32_MAX };
	struct mv_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin(&b, 0, 0);
		mv_put_le32(b.data + 4, bad[i]);
		refused(&b, "not supported");
	}
	begin(&b, 0, 0);
	mv_put_le32(b.data + 4, 2);
	accepted(&b);
}

static void test_format_gguf__counts_are_not_believed(void **state)
{
	static const uint64_t lies[] = {
		1, 1000, 65537, (1u << 20) + 1, INT64_MAX, 1ull << 63,
		UINT64_MAX
	};
	struct mv_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		begin(&b, lies[i], 0);
		refused(&b, i < 3 ? "ends inside" : "claims");
		begin(&b, 0, lies[i]);
		refused(&b, i < 3 ? "ends inside" : "claims");
		begin(&b, 0, 1);	/* a key */
		u64(&b, lies[i]);
		refused(&b, i < 4 ? "ends inside" : "claims");
		begin(&b, 0, 1);	/* an array */
		str(&b, "k");
		u32(&b, 9);
		u32(&b, 10);
		u64(&b, lies[i]);
		refused(&b, i < 4 ? "ends inside" : "claims");
	}
}

static void test_format_gguf__values_are_shown(void **state)
{
	static const uint8_t half[4] = { 0, 0, 0, 0x3f };
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	begin(&b, 0, 6);
	str(&b, "a");
	u32(&b, 6);
	mv_buf_add(&b, half, 4);
	str(&b, "b");
	u32(&b, 7);
	mv_buf_addch(&b, 1);
	str(&b, "c");
	u32(&b, 11);
	u64(&b, UINT64_MAX);
	str(&b, "d");
	u32(&b, 9);
	u32(&b, 5);
	u64(&b, 2);
	u32(&b, 7);
	u32(&b, UINT32_MAX);
	str(&b, "e");
	u32(&b, 9);
	u32(&b, 8);
	u64(&b, 9);
	for (int i = 0; i < 9; i++)
		str(&b, "xy");
	str(&b, "f");
	u32(&b, 8);
	u64(&b, 300);
	for (int i = 0; i < 150; i++)
		mv_buf_addstr(&b, "\xc3\xa9");
	assert_int_equal(parse_bytes(&l, b.data, b.len, b.len, &err), 0);
	assert_string_equal(l.meta_values[0], "0.5");
	assert_string_equal(l.meta_values[1], "true");
	assert_string_equal(l.meta_values[2], "-1");
	assert_string_equal(l.meta_values[3], "[2 x i32] 7, -1");
	assert_string_equal(l.meta_values[4],
			    "[9 x string] xy, xy, xy, xy, xy, xy, xy, xy, ...");
	/* cut between characters, not inside one */
	assert_int_equal(strlen(l.meta_values[5]), 239);
	assert_string_equal(l.meta_values[5] + 234, "\xc3\xa9...");
	mv_layout_release(&l);
	mv_buf_release(&b);
}

static void test_format_gguf__bad_values_are_refused(void **state)
{
	struct mv_buf b;

	(void)state;
	begin(&b, 0, 1);
	str(&b, "a");
	u32(&b, 7);
	mv_buf_addch(&b, 2);
	refused(&b, "neither 0 nor 1");
	begin(&b, 0, 1);
	str(&b, "a");
	u32(&b, 9);
	u32(&b, 7);
	u64(&b, 2);
	mv_buf_add(&b, "\1\2", 2);
	refused(&b, "neither 0 nor 1");
	begin(&b, 0, 1);
	str(&b, "a");
	u32(&b, 13);
	refused(&b, "unknown type");
	begin(&b, 0, 1);
	str(&b, "a");
	u32(&b, 9);
	u32(&b, 9);
	u64(&b, 0);
	refused(&b, "not allowed");
	begin(&b, 0, 3);
	kv_u32(&b, "a", 1);
	kv_u32(&b, "b", 1);
	kv_u32(&b, "a", 1);
	refused(&b, "twice");
	begin(&b, 0, 1);
	u64(&b, 2);
	mv_buf_add(&b, "a", 2);
	u32(&b, 4);
	u32(&b, 0);
	refused(&b, "NUL");
}

static void test_format_gguf__alignment_is_a_power_of_two(void **state)
{
	static const uint32_t bad[] = { 0, 3, 48, 2u << 20, UINT32_MAX };
	struct mv_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin(&b, 0, 1);
		kv_u32(&b, "general.alignment", bad[i]);
		refused(&b, "power of two");
	}
	begin(&b, 0, 1);
	str(&b, "general.alignment");
	u32(&b, 10);
	u64(&b, 32);
	refused(&b, "power of two");
	begin(&b, 0, 1);
	kv_u32(&b, "general.alignment", 1u << 20);
	accepted(&b);
}

static void test_format_gguf__tensors_are_checked(void **state)
{
	static const uint64_t ne[5] = { 8, 1, 1, 1, 1 };
	static const uint64_t huge[3] = { 1ull << 31, 1ull << 31, 2 };
	static const uint64_t negative[1] = { 1ull << 63 };
	static const uint64_t empty[2] = { 0, 5 };
	char name[66];
	struct mv_buf b;

	(void)state;
	begin(&b, 1, 0);
	tensor(&b, "t", 5, ne, 24, 0);
	zeros(&b, 8, 32);
	refused(&b, "5 dimensions");
	begin(&b, 1, 0);
	tensor(&b, "t", 3, huge, 24, 0);
	refused(&b, "too many elements");
	begin(&b, 1, 0);
	tensor(&b, "t", 1, negative, 24, 0);
	refused(&b, "too many elements");
	begin(&b, 1, 0);
	tensor(&b, "t", 2, huge, 28, 0);	/* 2^62 elements of 8 */
	refused(&b, "too large");
	memset(name, 'n', sizeof(name));
	name[64] = 0;
	begin(&b, 1, 0);
	tensor(&b, name, 1, ne, 24, 0);
	zeros(&b, 8, 32);
	refused(&b, "not a tensor's name");
	name[63] = 0;
	begin(&b, 1, 0);
	tensor(&b, name, 1, ne, 24, 0);
	zeros(&b, 8, 32);
	accepted(&b);
	begin(&b, 2, 0);
	tensor(&b, "t", 1, ne, 24, 0);
	tensor(&b, "t", 1, ne, 24, 32);
	zeros(&b, 40, 32);
	refused(&b, "twice");
	begin(&b, 2, 0);
	tensor(&b, "e", 2, empty, 0, 0);
	tensor(&b, "s", 0, NULL, 0, 0);
	zeros(&b, 4, 32);
	accepted(&b);
}

static void test_format_gguf__offsets_are_the_running_sum(void **state)
{
	static const uint64_t offsets[] = { 0, 8, 31, 33, 64, 1ull << 63 };
	const uint64_t ne = 8;
	struct mv_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		begin(&b, 2, 0);
		tensor(&b, "a", 1, &ne, 24, 0);
		tensor(&b, "b", 1, &ne, 24, offsets[i]);
		zeros(&b, 200, 32);
		refused(&b, "not where it must be");
	}
	begin(&b, 1, 0);
	tensor(&b, "a", 1, &ne, 24, 32);
	zeros(&b, 200, 32);
	refused(&b, "not where it must be");
	/* behind one that cannot be measured: at or after it, aligned */
	begin(&b, 2, 0);
	tensor(&b, "a", 1, &ne, 77, 0);
	tensor(&b, "b", 1, &ne, 24, 33);
	zeros(&b, 200, 32);
	refused(&b, "not where it must be");
}

static void test_format_gguf__trailing_bytes_are_noted(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	one(&b, 24, 8, 8 + 24);		/* padding is no news */
	mv_buf_addch(&b, 0);
	assert_int_equal(parse_bytes(&l, b.data, b.len - 2, b.len - 2, &err),
			 0);
	assert_int_equal(l.note_count, 0);
	mv_layout_release(&l);
	assert_int_equal(parse_bytes(&l, b.data, b.len, b.len + 99,
				     &err), 0);
	assert_int_equal(l.note_count, 1);
	mv_layout_release(&l);
	mv_buf_release(&b);
}

/* A vocabulary as large as real ones, read piece by piece. */
static void test_format_gguf__large_arrays_grow_the_head(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;
	uint64_t need = 16;
	int rounds = 0;
	int rc;

	(void)state;
	begin(&b, 0, 1);
	str(&b, "tokenizer.ggml.tokens");
	u32(&b, 9);
	u32(&b, 8);
	u64(&b, 128000);
	for (int i = 0; i < 128000; i++)
		str(&b, "token");
	do {
		size_t len = need < b.len ? (size_t)need : b.len;

		rc = mv_format_parse(&l, &need, (uint8_t *)b.data, len,
				     UNKNOWN_SIZE, &err);
		rounds++;
	} while (rc == MV_EBUSY && rounds < 100);
	assert_int_equal(rc, 0);
	assert_true(rounds < 24);
	mv_layout_release(&l);
	mv_buf_release(&b);
}

static void test_format_gguf__every_truncation_is_refused(void **state)
{
	struct mv_buf b;
	struct mv_layout l;
	struct mv_err err;

	(void)state;
	load(&b, "tiny-final-Q8_0.gguf");
	assert_int_equal(parse_bytes(&l, b.data, b.len, b.len, &err), 0);
	/* the padding before the data need not be read */
	sweep_truncations(&b, l.header_len - 32);
	for (size_t len = l.header_len; len < b.len; len += 1021)
		assert_int_equal(verdict(b.data, len, len, &err), MV_EINVALID);
	assert_int_equal(verdict(b.data, b.len - 1, b.len - 1, &err),
			 MV_EINVALID);
	mv_layout_release(&l);
	mv_buf_release(&b);
}

static void test_format_gguf__every_flip_is_survived(void **state)
{
	static const uint8_t masks[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255 };
	const uint64_t ne[2] = { 32, 2 };
	struct mv_buf b;

	(void)state;
	begin(&b, 2, 2);
	kv_u32(&b, "general.alignment", 32);
	str(&b, "n");
	u32(&b, 9);
	u32(&b, 8);
	u64(&b, 2);
	str(&b, "x");
	str(&b, "y");
	tensor(&b, "q", 2, ne, 8, 0);
	tensor(&b, "f", 1, ne, 0, 96);
	zeros(&b, 96 + 128, 32);
	assert_true(sweep_flips(&b, b.len - 224, masks, 9) > 1000);
	mv_buf_release(&b);
	load(&b, "tiny-final-Q8_0.gguf");
	sweep_flips(&b, 3000, masks + 8, 1);
	mv_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_gguf__real_files_are_as_frozen),
		cmocka_unit_test(test_format_gguf__a_mangled_real_file_is_refused),
		cmocka_unit_test(test_format_gguf__what_is_wrong_says_where),
		cmocka_unit_test(test_format_gguf__fields_are_read),
		cmocka_unit_test(test_format_gguf__block_sizes),
		cmocka_unit_test(test_format_gguf__types_removed_and_unknown),
		cmocka_unit_test(test_format_gguf__versions),
		cmocka_unit_test(test_format_gguf__counts_are_not_believed),
		cmocka_unit_test(test_format_gguf__values_are_shown),
		cmocka_unit_test(test_format_gguf__bad_values_are_refused),
		cmocka_unit_test(test_format_gguf__alignment_is_a_power_of_two),
		cmocka_unit_test(test_format_gguf__tensors_are_checked),
		cmocka_unit_test(test_format_gguf__offsets_are_the_running_sum),
		cmocka_unit_test(test_format_gguf__trailing_bytes_are_noted),
		cmocka_unit_test(test_format_gguf__large_arrays_grow_the_head),
		cmocka_unit_test(test_format_gguf__every_truncation_is_refused),
		cmocka_unit_test(test_format_gguf__every_flip_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
