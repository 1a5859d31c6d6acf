/* SPDX-License-Identifier: MIT */
#include "tests/unit/store.h"

/* A recipe of `count` entries of `len` each. */
static size_t make_recipe(uint8_t *out, int depth, uint32_t count,
			  uint32_t len)
{
	struct mv_oid oid = { { 9 } };
	struct mv_buf buf;
	size_t n;

	mv_buf_init(&buf, 1 << 20);
	assert_int_equal(mv_recipe_begin(&buf, &oid, (uint64_t)count * len,
					 depth, count), 0);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t e[MV_RECIPE_PART] = { (uint8_t)(i + 1) };

		mv_put_le32(e + 32, depth ? 2 * MV_RECIPE_ENTRY : len);
		mv_put_le64(e + 36, len);
		assert_int_equal(mv_buf_add(&buf, e, depth ? MV_RECIPE_PART :
					    MV_RECIPE_ENTRY), 0);
	}
	n = buf.len;
	memcpy(out, buf.data, n);
	mv_buf_release(&buf);
	return n;
}

static int parse(const uint8_t *data, size_t len)
{
	struct mv_recipe r;
	uint8_t *copy = malloc(len ? len : 1);	/* exactly: for ASan */
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len);
	rc = mv_recipe_parse(&r, copy, len, NULL);
	free(copy);
	return rc;
}

static void test_store_recipe__what_was_made_is_read(void **state)
{
	uint8_t data[4096];
	struct mv_recipe r;
	size_t len;

	(void)state;
	for (int depth = 0; depth < 2; depth++) {
		len = make_recipe(data, depth, 5, 1000);
		assert_ok(mv_recipe_parse(&r, data, len, err));
		assert_int_equal(r.depth, depth);
		assert_int_equal(r.count, 5);
		assert_int_equal(r.size, 5000);
		assert_int_equal(r.oid.b[0], 9);
		assert_ptr_equal(r.entries, data + MV_RECIPE_HEAD);
		assert_int_equal(mv_recipe_id(r.entries)->b[0], 1);
	}
}

static void test_store_recipe__every_truncation_is_refused(void **state)
{
	uint8_t data[4096];

	(void)state;
	for (int depth = 0; depth < 2; depth++) {
		size_t len = make_recipe(data, depth, 5, 1000);

		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(parse(data, cut), MV_ECORRUPT);
		data[len] = 0;
		assert_int_equal(parse(data, len + 1), MV_ECORRUPT);
	}
}

static void test_store_recipe__lengths_that_do_not_add_up_are_refused(void **state)
{
	uint8_t data[4096];
	size_t len;

	(void)state;
	len = make_recipe(data, 0, 5, 1000);
	mv_put_le64(data + 32, 5001);			/* the size */
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	mv_put_le64(data + 32, (uint64_t)5000 + ((uint64_t)1 << 32));
	assert_int_equal(parse(data, len), MV_ECORRUPT);

	make_recipe(data, 0, 5, 1000);
	mv_put_le32(data + 44, 4);			/* the count */
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	mv_put_le32(data + 44, 0);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	assert_int_equal(parse(data, MV_RECIPE_HEAD), MV_ECORRUPT);
	mv_put_le32(data + 44, UINT32_MAX);
	assert_int_equal(parse(data, len), MV_ECORRUPT);

	make_recipe(data, 0, 5, 1000);			/* a chunk */
	mv_put_le32(data + MV_RECIPE_HEAD + 32, 0);
	mv_put_le32(data + MV_RECIPE_HEAD + MV_RECIPE_ENTRY + 32, 2000);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	len = make_recipe(data, 0, 5, MV_CHUNK_MAX + 1);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	len = make_recipe(data, 0, 5, MV_CHUNK_MAX);
	assert_int_equal(parse(data, len), 0);
}

static void test_store_recipe__parts_cover_no_more_than_they_can(void **state)
{
	uint8_t data[4096];
	size_t len = make_recipe(data, 1, 3, 2 * MV_CHUNK_MAX);

	(void)state;
	assert_int_equal(parse(data, len), 0);
	len = make_recipe(data, 1, 3, 2 * MV_CHUNK_MAX + 1);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	make_recipe(data, 1, 3, 1000);
	mv_put_le32(data + MV_RECIPE_HEAD + 32, MV_RECIPE_ENTRY + 1);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	make_recipe(data, 1, 3, 1000);
	mv_put_le32(data + MV_RECIPE_HEAD + 32, 0);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
	make_recipe(data, 1, 3, 1000);		/* a sum that wraps around */
	mv_put_le64(data + MV_RECIPE_HEAD + 36, UINT64_MAX);
	mv_put_le64(data + MV_RECIPE_HEAD + MV_RECIPE_PART + 36, 2001);
	assert_int_equal(parse(data, len), MV_ECORRUPT);
}

static void test_store_recipe__unknown_depths_are_not_supported(void **state)
{
	uint8_t data[4096];
	size_t len = make_recipe(data, 0, 5, 1000);

	(void)state;
	for (unsigned depth = 2; depth < 256; depth++) {
		data[40] = (uint8_t)depth;
		assert_int_equal(parse(data, len), MV_ENOTSUP);
	}
	data[40] = 0;
	for (size_t at = 41; at < 44; at++) {
		data[at] = 1;
		assert_int_equal(parse(data, len), MV_ECORRUPT);
		data[at] = 0;
	}
}

static void test_store_recipe__parts_are_checked_when_they_are_read(void **state)
{
	uint8_t e[3 * MV_RECIPE_ENTRY] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		mv_put_le32(e + i * MV_RECIPE_ENTRY + 32, 100);
	assert_int_equal(mv_recipe_check_part(e, sizeof(e), 300, NULL), 0);
	assert_int_equal(mv_recipe_check_part(e, sizeof(e), 299, NULL),
			 MV_ECORRUPT);
	assert_int_equal(mv_recipe_check_part(e, sizeof(e) - 1, 300, NULL),
			 MV_ECORRUPT);
	assert_int_equal(mv_recipe_check_part(e, 0, 0, NULL), MV_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_recipe__what_was_made_is_read),
		cmocka_unit_test(test_store_recipe__every_truncation_is_refused),
		cmocka_unit_test(test_store_recipe__lengths_that_do_not_add_up_are_refused),
		cmocka_unit_test(test_store_recipe__parts_cover_no_more_than_they_can),
		cmocka_unit_test(test_store_recipe__unknown_depths_are_not_supported),
		cmocka_unit_test(test_store_recipe__parts_are_checked_when_they_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
