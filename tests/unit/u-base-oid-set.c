/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/oid-set.h"

/* Every second one begins like the one before, and so wants the same place. */
static struct mv_oid nth(uint32_t n)
{
	struct mv_oid id;

	memset(&id, 0, sizeof(id));
	mv_put_le32(id.b, n / 2);
	mv_put_le32(id.b + 28, n);
	return id;
}

static void test_base_oid_set__has_what_was_added(void **state)
{
	struct mv_oid_set set = { 0 };

	(void)state;
	for (uint32_t n = 0; n < 5000; n++) {
		struct mv_oid id = nth(n);

		assert_int_equal(mv_oid_set_has(&set, &id), 0);
		assert_int_equal(mv_oid_set_add(&set, &id, NULL), 1);
		assert_int_equal(mv_oid_set_add(&set, &id, NULL), 0);
	}
	assert_int_equal(set.count, 5000);
	for (uint32_t n = 0; n < 6000; n++) {
		struct mv_oid id = nth(n);

		assert_int_equal(!!mv_oid_set_has(&set, &id), n < 5000);
		if (n < 5000)
			assert_memory_equal(&set.ids[n], &id, sizeof(id));
	}
	mv_oid_set_release(&set);
	assert_null(set.ids);
}

static void test_base_oid_set__can_be_cleared(void **state)
{
	struct mv_oid_set set = { 0 };
	struct mv_oid a = nth(1), b = nth(2);

	(void)state;
	mv_oid_set_clear(&set);
	assert_int_equal(mv_oid_set_add(&set, &a, NULL), 1);
	mv_oid_set_clear(&set);
	assert_int_equal(set.count, 0);
	assert_int_equal(mv_oid_set_has(&set, &a), 0);
	assert_int_equal(mv_oid_set_add(&set, &b, NULL), 1);
	assert_int_equal(mv_oid_set_has(&set, &a), 0);
	assert_int_not_equal(mv_oid_set_has(&set, &b), 0);
	mv_oid_set_release(&set);
	mv_oid_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_oid_set__has_what_was_added),
		cmocka_unit_test(test_base_oid_set__can_be_cleared),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
