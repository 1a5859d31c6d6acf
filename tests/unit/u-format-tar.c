/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

#define BLOCK 512u

/* One member; the checksum is right. */
static size_t tar_add(struct mv_buf *b, const char *name, char type,
		      const void *data, size_t len, const char *size)
{
	uint8_t h[BLOCK] = { 0 };
	unsigned sum = 0;
	char octal[16];

	memcpy(h, name, strlen(name));
	snprintf(octal, sizeof(octal), "%011zo", len);
	memcpy(h + 124, size ? size : octal, 12);
	memset(h + 148, ' ', 8);
	h[156] = (uint8_t)type;
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += h[i];
	snprintf(octal, sizeof(octal), "%06o", sum);
	memcpy(h + 148, octal, 7);
	mv_buf_add(b, h, BLOCK);
	assert_int_equal(mv_buf_add(b, data, len), 0);
	while (b->len % BLOCK)
		mv_buf_addch(b, 0);
	return b->len - (len + BLOCK - 1) / BLOCK * BLOCK;
}

static void tar_end(struct mv_buf *b)
{
	static const uint8_t zeros[2 * BLOCK];

	assert_int_equal(mv_buf_add(b, zeros, sizeof(zeros)), 0);
}

static void test_format_tar__archives_of_others_are_listed(void **state)
{
	(void)state;
	check_golden("samples.tar");
	check_golden("pax.tar");
	check_golden("gnu.tar");
}

static void test_format_tar__sizes_and_names(void **state)
{
	static const char base256[12] = "\x80\0\0\0\0\0\0\0\0\0\0\5";
	struct mv_layout l;
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	mv_buf_init(&b, 1u << 20);
	tar_add(&b, "dir", '5', "", 0, NULL);
	tar_add(&b, "link", '2', "", 0, "00000000777");	/* has no data */
	tar_add(&b, "x", 'x', "18 path=other\xc3\xa9/n\n", 18, NULL);
	tar_add(&b, "plain", '0', "hello", 5, base256);
	tar_add(&b, "./@LongLink", 'L', "a long one", 10, NULL);
	tar_add(&b, "a lo", 0, "hello", 5, NULL);
	tar_add(&b, "x", 'x', "10 size=5\n", 10, NULL);
	tar_add(&b, "sized", '0', "hello", 5, "00000000001");
	tar_end(&b);
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_int_equal(l.count, 3);
	assert_string_equal(l.tensors[0].name, "other\xc3\xa9/n");
	assert_int_equal(l.tensors[0].length, 5);
	assert_memory_equal(b.data + l.tensors[0].offset, "hello", 5);
	assert_string_equal(l.tensors[1].name, "a long one");
	assert_string_equal(l.tensors[2].name, "sized");
	assert_int_equal(l.tensors[2].length, 5);
	mv_layout_release(&l);
	/* without its end it is whole, too */
	assert_int_equal(list_verdict(b.data, b.len - 2 * BLOCK, &err), 0);
	mv_buf_release(&b);
}

static void refuse_one(const char *name, char type, const char *data,
		       size_t len, const char *size, const char *words)
{
	struct mv_buf b;

	mv_buf_init(&b, 1u << 20);
	tar_add(&b, "first", '0', "x", 1, NULL);
	tar_add(&b, name, type, data, len, size);
	tar_end(&b);
	refuse(b.data, b.len, words);
	mv_buf_release(&b);
}

static void test_format_tar__what_cannot_be_is_refused(void **state)
{
	static const char minus[12] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	static const char huge[12] = "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff";
	struct mv_buf b;

	(void)state;
	refuse_one("a", '0', "x", 1, minus, "has no size");
	refuse_one("a", '0', "x", 1, huge, "ends behind the file");
	refuse_one("a", '0', "x", 1, "77777777777", "ends behind the file");
	refuse_one("a", '0', "x", 1, "12x45678901", "has no size");
	refuse_one("a", 'x', "99 path=x\n", 10, NULL, "extended header");
	refuse_one("a", 'x', "10 path:x\n", 10, NULL, "extended header");
	refuse_one("a", 'x', "10 size=x\n", 10, NULL, "extended header");
	refuse_one("a", 'x', "x", 1, "77777777777", "name is too long");
	mv_buf_init(&b, 1u << 20);
	tar_add(&b, "first", '0', "x", 1, NULL);
	mv_buf_addstr(&b, "neither a header nor its end, but text");
	while (b.len % BLOCK)
		mv_buf_addch(&b, 'x');
	refuse(b.data, b.len, "another checksum");
	refuse(b.data, b.len - 1, "ends in a header");
	mv_buf_release(&b);
}

static void test_format_tar__damage_is_survived(void **state)
{
	struct mv_buf b;

	(void)state;
	mv_buf_init(&b, 1u << 20);
	tar_add(&b, "first", '0', "x", 1, NULL);
	tar_add(&b, "x", 'x', "10 size=5\n", 10, NULL);
	tar_add(&b, "second.npy", '0', "hello", 5, NULL);
	tar_end(&b);
	assert_true(sweep_list(&b, 3) > 100);
	mv_buf_release(&b);
}

/* Members are cut by content, each anew; arrays at their numbers. */
static void test_format_tar__members_have_runs(void **state)
{
	char *data = calloc(1, 6000);
	struct mv_runs runs;
	struct mv_buf b, npy;
	size_t large, array;

	(void)state;
	assert_non_null(data);
	load(&npy, "f8-big-endian.npy");
	mv_buf_init(&b, 1u << 20);
	tar_add(&b, "small", '0', data, 4095, NULL);
	large = tar_add(&b, "large", '0', data, 6000, NULL);
	array = tar_add(&b, "a.npy", '0', npy.data, npy.len, NULL);
	tar_end(&b);
	all_runs(&runs, b.data, b.len);
	assert_int_equal(runs.count, 2);
	assert_int_equal(runs.run[0].offset, large);
	assert_int_equal(runs.run[0].length, 6000);
	assert_int_equal(runs.run[0].unit, 0);
	assert_int_equal(runs.run[1].offset, array + npy.len - 5600);
	assert_int_equal(runs.run[1].length, 5600);
	assert_int_equal(runs.run[1].plane, MV_PLANE_B64);
	mv_runs_release(&runs);
	b.data[large - BLOCK] ^= 1;	/* no more behind a wrong header */
	all_runs(&runs, b.data, b.len);
	assert_int_equal(runs.count, 0);
	mv_runs_release(&runs);
	mv_buf_release(&b);
	mv_buf_release(&npy);
	free(data);
}

/* The first bytes of a tar are a name, whatever that begins like. */
static void test_format_tar__a_name_is_not_a_magic(void **state)
{
	char *data = calloc(1, 6000);
	struct mv_runs runs;
	struct mv_layout l;
	struct mv_err err;
	struct mv_buf b;
	size_t need = 0;

	(void)state;
	assert_non_null(data);
	mv_buf_init(&b, 1u << 20);
	tar_add(&b, "GGUF-models/large.bin", '0', data, 6000, NULL);
	tar_end(&b);
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_string_equal(l.format, "tar");
	mv_layout_release(&l);
	all_runs(&runs, b.data, b.len);
	assert_int_equal(runs.count, 1);
	mv_runs_release(&runs);
	/* whatever is offered of it */
	assert_int_equal(mv_format_runs(&runs, &need, (uint8_t *)b.data, 100,
					0, &err), MV_EBUSY);
	assert_true(need > 100 && need <= 512);
	mv_runs_release(&runs);
	mv_buf_release(&b);
	free(data);
}

/* Members beyond one window, near and far; names that are there twice. */
static void test_format_tar__large_archives_are_listed(void **state)
{
	uint8_t *data = calloc(1, 300000);
	struct mv_layout l;
	struct mv_err err;
	struct mv_buf b;
	char name[32];

	(void)state;
	assert_non_null(data);
	mv_buf_init(&b, 8u << 20);
	for (unsigned i = 0; i < 900; i++) {
		snprintf(name, sizeof(name), "m%u", i % 899);
		tar_add(&b, name, '0', data, i % 100 ? i : 300000, NULL);
	}
	tar_end(&b);
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_int_equal(l.count, 900);
	assert_int_equal(l.note_count, 1);
	assert_string_equal(l.notes[0], "a name is there twice");
	for (size_t i = 0; i < l.count; i++)
		if (!strcmp(l.tensors[i].name, "m898"))
			assert_int_equal(l.tensors[i].length, 898);
	mv_layout_release(&l);
	mv_buf_release(&b);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_tar__archives_of_others_are_listed),
		cmocka_unit_test(test_format_tar__sizes_and_names),
		cmocka_unit_test(test_format_tar__what_cannot_be_is_refused),
		cmocka_unit_test(test_format_tar__damage_is_survived),
		cmocka_unit_test(test_format_tar__members_have_runs),
		cmocka_unit_test(test_format_tar__a_name_is_not_a_magic),
		cmocka_unit_test(test_format_tar__large_archives_are_listed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
