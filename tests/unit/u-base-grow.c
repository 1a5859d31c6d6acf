/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"

struct three {
	char b[3];
};

static void test_base_grow__keeps_what_is_in_it(void **state)
{
	size_t count = 0, alloc = 0;
	uint64_t *v = NULL;

	(void)state;
	for (; count < 5000; count++) {
		assert_int_equal(MV_GROW(v, alloc, count + 1, NULL), 0);
		assert_true(alloc > count);
		v[count] = count * count;
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(v[i], i * i);
	free(v);
}

static void test_base_grow__is_rare(void **state)
{
	size_t alloc = 0, times = 0;
	struct three *v = NULL;

	(void)state;
	for (size_t want = 1; want <= 100000; want++) {
		const size_t before = alloc;

		assert_int_equal(MV_GROW(v, alloc, want, NULL), 0);
		times += alloc != before;
	}
	assert_in_range(times, 2, 17);
	assert_in_range(alloc, 100000, 200000);
	free(v);
}

static void test_base_grow__room_that_is_there_is_left_alone(void **state)
{
	size_t alloc = 0;
	char *v = NULL, *before;

	(void)state;
	assert_int_equal(MV_GROW(v, alloc, 0, NULL), 0);
	assert_null(v);
	assert_int_equal(MV_GROW(v, alloc, 1000, NULL), 0);
	assert_int_equal(alloc, 1000);
	before = v;
	assert_int_equal(MV_GROW(v, alloc, 1000, NULL), 0);
	assert_int_equal(MV_GROW(v, alloc, 1, NULL), 0);
	assert_ptr_equal(v, before);
	assert_int_equal(alloc, 1000);
	free(v);
}

/* The last is a size, but no memory has it. (The sanitizers' allocators end
   the program where malloc() says no.) */
static const size_t wants[] = {
	SIZE_MAX, SIZE_MAX / 3 + 1,
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
	!defined(__clang__)
	SIZE_MAX / 3,
#endif
};

static void test_base_grow__too_much_leaves_the_old_one(void **state)
{
	struct three *v = NULL, *before;
	size_t alloc = 0;

	(void)state;
	assert_int_equal(MV_GROW(v, alloc, 1, NULL), 0);
	memcpy(v[0].b, "abc", 3);
	before = v;
	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
		struct mv_err err = { 0, "" };
		const size_t had = alloc;

		assert_int_equal(MV_GROW(v, alloc, wants[i], &err), MV_ENOMEM);
		assert_int_equal(err.code, MV_ENOMEM);
		assert_string_equal(err.msg, "out of memory");
		assert_ptr_equal(v, before);
		assert_int_equal(alloc, had);
		assert_memory_equal(v[0].b, "abc", 3);
	}
	free(v);
}

static void test_base_grow__one_by_one(void **state)
{
	struct three *v = NULL, *one;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		one = MV_GROW_ONE(v, count, NULL);
		assert_ptr_equal(one, &v[i]);
		assert_int_equal(count, i + 1);
		assert_memory_equal(one->b, "\0\0", 3);
		memset(one->b, (int)i & 0xff, 3);
	}
	for (size_t i = 0; i < 300; i++)
		assert_int_equal((uint8_t)v[i].b[2], i & 0xff);
	free(v);
}

static void test_base_grow__one_too_many_leaves_the_old_ones(void **state)
{
	struct three one = { "abc" }, *v = &one;
	size_t count = SIZE_MAX / 3;
	struct mv_err err = { 0, "" };

	(void)state;
	assert_null(MV_GROW_ONE(v, count, &err));
	assert_int_equal(err.code, MV_ENOMEM);
	assert_int_equal(count, SIZE_MAX / 3);
	assert_ptr_equal(v, &one);
	assert_memory_equal(one.b, "abc", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_grow__keeps_what_is_in_it),
		cmocka_unit_test(test_base_grow__is_rare),
		cmocka_unit_test(test_base_grow__room_that_is_there_is_left_alone),
		cmocka_unit_test(test_base_grow__too_much_leaves_the_old_one),
		cmocka_unit_test(test_base_grow__one_by_one),
		cmocka_unit_test(test_base_grow__one_too_many_leaves_the_old_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
