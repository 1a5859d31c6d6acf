/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"
#include "tests/unit/store.h"

static struct mv_index_entry entry(uint8_t id, uint32_t pack, uint16_t about)
{
	struct mv_index_entry e = { .pack = pack, .off = 16, .about = about };

	memset(e.id.b, id, sizeof(e.id.b));
	return e;
}

static void add(struct mv_entries *x, uint8_t id, uint32_t pack,
		uint16_t about)
{
	struct mv_index_entry e = entry(id, pack, about);

	assert_int_equal(mv_entries_add(x, MV_INDEX_CHUNKS, &e, NULL), 0);
}

static const struct mv_index_entry *find(const struct mv_entries *x,
					 uint8_t id)
{
	struct mv_index_entry e = entry(id, 0, 0);

	return mv_entries_find(x, MV_INDEX_CHUNKS, &e.id);
}

/* Whatever leans on it may lean on that one, and not on a deeper one. */
static void test_store_entries__of_doubles_the_least_deep_stays(void **state)
{
	struct mv_entries x = MV_ENTRIES_INIT;

	(void)state;
	add(&x, 1, 7, 4);
	add(&x, 1, 8, 0);
	add(&x, 1, 9, 3);
	add(&x, 2, 7, 3);
	add(&x, 2, 8, 4);
	mv_entries_sort(&x);
	assert_int_equal(x.count[MV_INDEX_CHUNKS], 2);
	assert_int_equal(find(&x, 1)->pack, 8);
	assert_int_equal(find(&x, 2)->pack, 7);
	mv_entries_release(&x);
}

static void test_store_entries__what_was_sorted_is_found(void **state)
{
	struct mv_entries x = MV_ENTRIES_INIT;

	(void)state;
	assert_null(find(&x, 1));
	for (uint8_t i = 200; i > 100; i--)
		add(&x, i, i, 0);
	mv_entries_sort(&x);
	/* What comes after it does not hide any of it. */
	for (uint8_t i = 1; i <= 100; i++)
		add(&x, i, i, 0);
	for (uint8_t i = 101; i <= 200; i++)
		assert_int_equal(find(&x, i)->pack, i);
	assert_null(find(&x, 50));
	mv_entries_sort(&x);
	assert_int_equal(find(&x, 50)->pack, 50);
	mv_entries_release(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_entries__of_doubles_the_least_deep_stays),
		cmocka_unit_test(test_store_entries__what_was_sorted_is_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
