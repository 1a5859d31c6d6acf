/* SPDX-License-Identifier: MIT */
#include "tests/unit/zip.h"

static void one_member(struct zip *z, int flags)
{
	zip_begin(z);
	z->flags = flags;
	zip_add(z, "a.txt", "hello", 5);
	z->flags = 0;
	zip_add(z, "b.txt", "hello", 5);
	zip_end(z);
}

static void refuse_flags(int flags, const char *words)
{
	struct zip z;

	one_member(&z, flags);
	refuse(z.file.data, z.file.len, words);
	mv_buf_release(&z.file);
}

static void test_format_zip__members_are_listed(void **state)
{
	struct mv_layout l;
	struct mv_err err;
	struct zip z;
	size_t at, packed;

	(void)state;
	zip_begin(&z);
	at = zip_add(&z, "b/two.bin", "12345678", 8);
	z.flags = ZIP_DEFLATED;
	packed = zip_add(&z, "one.txt", "???", 3);
	z.flags = ZIP_WIDE | ZIP_BEHIND;
	zip_add(&z, "wide", "x", 1);
	zip_end(&z);
	assert_true(packed > at);
	assert_int_equal(list(z.file.data, z.file.len, &l, &err), 0);
	assert_string_equal(l.format, "zip");
	assert_int_equal(mv_layout_members(&l), 3);
	assert_int_equal(mv_layout_elements(&l), 0);
	assert_string_equal(l.tensors[0].name, "one.txt");
	assert_int_equal(l.tensors[0].offset, 0);	/* packed */
	assert_string_equal(l.tensors[1].name, "b/two.bin");
	assert_int_equal(l.tensors[1].offset, at);
	assert_int_equal(l.tensors[1].length, 8);
	mv_layout_release(&l);
	mv_buf_release(&z.file);
}

/* Who believes the directory and who believes the headers would see two
   different archives. */
static void test_format_zip__directory_and_headers_must_agree(void **state)
{
	(void)state;
	refuse_flags(ZIP_OTHER_NAME, "another name");
	refuse_flags(ZIP_OTHER_SIZE, "another size");
	refuse_flags(ZIP_OTHER_METHOD, "packed otherwise");
	refuse_flags(ZIP_ENCRYPTED, "' is encrypted");
}

static void test_format_zip__members_may_not_share_bytes(void **state)
{
	struct zip z;

	(void)state;
	zip_begin(&z);
	zip_add(&z, "a", "hello", 5);
	zip_add(&z, "b", "hello", 5);
	zip_end(&z);
	/* the second entry of the directory says what the first does */
	memset(z.file.data + z.file.len - 22 - 1 - 4, 0, 4);
	z.file.data[z.file.len - 22 - 1] = 'a';
	refuse(z.file.data, z.file.len, "overlaps");
	mv_buf_release(&z.file);
}

static void test_format_zip__nothing_stands_before_or_behind(void **state)
{
	struct mv_buf with;
	struct zip z;

	(void)state;
	one_member(&z, 0);
	mv_buf_init(&with, 1000);
	mv_buf_add(&with, z.file.data, z.file.len);
	mv_buf_addstr(&with, "more");
	refuse(with.data, with.len, "directory is missing");
	/* a comment of that length makes it one again */
	with.data[z.file.len - 2] = 4;
	assert_int_equal(list_verdict(with.data, with.len, NULL), 0);
	with.len = 0;
	mv_buf_addstr(&with, "PK\3\4");
	mv_buf_add(&with, z.file.data, z.file.len);
	refuse(with.data, with.len, "not where it says");
	mv_buf_release(&with);
	mv_buf_release(&z.file);
}

static void test_format_zip__names_are_names(void **state)
{
	struct zip z;

	(void)state;
	zip_begin(&z);
	zip_add(&z, "a", "x", 1);
	zip_add(&z, "a", "y", 1);
	zip_end(&z);
	refuse(z.file.data, z.file.len, "two members are called 'a'");
	mv_buf_release(&z.file);
	zip_begin(&z);
	zip_add(&z, "", "x", 1);
	zip_end(&z);
	refuse(z.file.data, z.file.len, "name cannot be one");
	mv_buf_release(&z.file);
}

/* A count or a length that is not there costs nothing. */
static void test_format_zip__counts_that_lie(void **state)
{
	static const size_t from_end[] = { 12, 10, 6, 18, 16 };
	struct zip z;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct mv_err err;

		one_member(&z, 0);
		memset(z.file.data + z.file.len - from_end[i], 0xff,
		       from_end[i] == 12 || from_end[i] == 10 ? 2 : 4);
		assert_int_equal(list_verdict(z.file.data, z.file.len, &err),
				 MV_EINVALID);
		mv_buf_release(&z.file);
	}
}

static void test_format_zip__damage_is_survived(void **state)
{
	struct zip z;

	(void)state;
	zip_begin(&z);
	zip_add(&z, "a.npy", "nothing", 7);
	z.flags = ZIP_WIDE | ZIP_BEHIND;
	zip_add(&z, "dir/b", "hello", 5);
	zip_end(&z);
	assert_true(sweep_list(&z.file, 1) > 50);
	mv_buf_release(&z.file);
}

/* Large members have a run each, whatever the header says of its size. */
static void test_format_zip__large_members_have_runs(void **state)
{
	static const int flags[] = { 0, ZIP_WIDE, ZIP_DEFLATED };
	uint8_t *data = calloc(1, 5000);
	struct mv_runs runs;
	struct zip z;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < 3; i++) {
		size_t at;

		zip_begin(&z);
		z.flags = flags[i];
		zip_add(&z, "small", data, 4095);
		at = zip_add(&z, "large", data, 5000);
		zip_end(&z);
		all_runs(&runs, z.file.data, z.file.len);
		assert_int_equal(runs.count, 1);
		assert_int_equal(runs.run[0].offset, at);
		assert_int_equal(runs.run[0].length, 5000);
		assert_int_equal(runs.run[0].unit, 0);
		mv_runs_release(&runs);
		mv_buf_release(&z.file);
	}
	free(data);
}

/* A header that is wrong ends the hints, and is no error. */
static void test_format_zip__runs_end_where_it_is_wrong(void **state)
{
	uint8_t *data = calloc(1, 5000);
	struct mv_runs runs;
	struct zip z;
	size_t second;

	(void)state;
	assert_non_null(data);
	zip_begin(&z);
	zip_add(&z, "a", data, 5000);
	second = z.file.len;
	zip_add(&z, "b", data, 5000);
	zip_end(&z);
	for (size_t i = second; i < second + 4; i++) {
		z.file.data[i] ^= 1;
		all_runs(&runs, z.file.data, z.file.len);
		assert_int_equal(runs.count, 1);
		mv_runs_release(&runs);
		z.file.data[i] ^= 1;
	}
	for (size_t len = 0; len < z.file.len; len += 97) {
		all_runs(&runs, z.file.data, len);
		assert_int_equal(runs.count, (len >= 30) + (len > second + 30));
		mv_runs_release(&runs);
	}
	mv_buf_release(&z.file);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_zip__members_are_listed),
		cmocka_unit_test(test_format_zip__directory_and_headers_must_agree),
		cmocka_unit_test(test_format_zip__members_may_not_share_bytes),
		cmocka_unit_test(test_format_zip__nothing_stands_before_or_behind),
		cmocka_unit_test(test_format_zip__names_are_names),
		cmocka_unit_test(test_format_zip__counts_that_lie),
		cmocka_unit_test(test_format_zip__damage_is_survived),
		cmocka_unit_test(test_format_zip__large_members_have_runs),
		cmocka_unit_test(test_format_zip__runs_end_where_it_is_wrong),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
