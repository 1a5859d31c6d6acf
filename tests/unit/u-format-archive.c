/* SPDX-License-Identifier: MIT */
#include "tests/unit/format.h"

static void test_format_archive__npz_is_listed(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	check_golden("small.npz");
	load(&b, "small.npz");
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_string_equal(l.format, "npz");
	assert_int_equal(l.count, 3);
	assert_string_equal(l.tensors[0].name, "w");
	assert_int_equal(l.tensors[0].length, 8192);
	assert_int_equal(l.tensors[0].shape[1], 64);
	mv_layout_release(&l);
	mv_buf_release(&b);
}

/* The first reader to fail says why, not libarchive. */
static void test_format_archive__read_errors_are_passed_on(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	load(&b, "small.npz");
	for (size_t i = 1; ; i++) {
		struct memory m = { (uint8_t *)b.data, b.len, i, 0 };
		int rc = mv_format_parse_at(&l, read_at, &m, b.len, &err);

		mv_layout_release(&l);
		if (!rc) {
			assert_true(i > 2);
			break;
		}
		assert_int_equal(rc, MV_ENETWORK);
		assert_string_equal(err.msg, "the line is cut");
	}
	mv_buf_release(&b);
}

static void test_format_archive__a_file_that_shrinks_is_an_error(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;
	struct memory m;

	(void)state;
	load(&b, "f4-2x3.npy");
	m = (struct memory){ (uint8_t *)b.data, b.len, 0, 0 };
	assert_int_equal(mv_format_parse_at(&l, read_at, &m, b.len + 1, &err),
			 MV_EIO);
	mv_buf_release(&b);
}

static void test_format_archive__other_zips_are_members(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;
	char *at;

	(void)state;
	load(&b, "small.npz");
	/* the first member, in its own header and in the directory */
	for (int i = 0; i < 2; i++) {
		at = memmem(b.data, b.len, "w.npy", 5);
		assert_non_null(at);
		memcpy(at, "w.pkl", 5);
	}
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	assert_string_equal(l.format, "zip");
	assert_int_equal(mv_layout_members(&l), 3);
	assert_int_equal(mv_layout_elements(&l), 0);
	mv_layout_release(&l);
	mv_buf_release(&b);
	assert_int_equal(list_verdict("PK\3\4", 4, &err), MV_EINVALID);
}

static void test_format_archive__two_of_one_name_are_refused(void **state)
{
	struct mv_buf b;
	struct mv_err err;
	char *at;

	(void)state;
	load(&b, "small.npz");
	while ((at = memmem(b.data, b.len, "b.npy", 5)))
		memcpy(at, "w.npy", 5);
	assert_int_equal(list_verdict(b.data, b.len, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, "called 'w.npy'"));
	mv_buf_release(&b);
}

static void test_format_archive__what_cannot_be_unpacked_is_named(void **state)
{
	struct mv_layout l;
	struct mv_buf b;
	struct mv_err err;

	(void)state;
	load(&b, "small.npz");
	assert_int_equal(list(b.data, b.len, &l, &err), 0);
	mv_layout_release(&l);
	/* the first member's deflated bytes: a block of no possible kind */
	b.data[30 + b.data[26] + b.data[28]] |= 6;
	assert_int_equal(list_verdict(b.data, b.len, &err), MV_EINVALID);
	assert_non_null(strstr(err.msg, ".npy' cannot be unpacked"));
	mv_buf_release(&b);
}

static void test_format_archive__damage_is_survived(void **state)
{
	struct mv_buf b;
	struct mv_err err;
	size_t refused = 0;

	(void)state;
	load(&b, "small.npz");
	for (size_t len = 0; len < b.len; len += 7)
		assert_int_not_equal(list_verdict(b.data, len, &err), 0);
	for (size_t i = 0; i < b.len; i += 5) {
		int rc;

		b.data[i] ^= 0x55;
		rc = list_verdict(b.data, b.len, &err);
		b.data[i] ^= 0x55;
		assert_true(!rc || rc == MV_EINVALID || rc == MV_ENOENT);
		refused += rc != 0;
	}
	assert_true(refused > 30);
	mv_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_archive__npz_is_listed),
		cmocka_unit_test(test_format_archive__read_errors_are_passed_on),
		cmocka_unit_test(test_format_archive__a_file_that_shrinks_is_an_error),
		cmocka_unit_test(test_format_archive__other_zips_are_members),
		cmocka_unit_test(test_format_archive__two_of_one_name_are_refused),
		cmocka_unit_test(test_format_archive__what_cannot_be_unpacked_is_named),
		cmocka_unit_test(test_format_archive__damage_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
