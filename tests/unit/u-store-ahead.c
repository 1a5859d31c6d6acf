/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

/* Reading ahead changes when bytes are decoded, never which bytes come. */

enum { COUNT = 300 };

static size_t len_of(uint64_t i)
{
	return 2000 + 137 * (size_t)i % 9000;
}

static struct mv_store *filled_store(struct mv_oid *oid)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx = begin(store);

	for (uint64_t i = 0; i < COUNT; i++) {
		uint8_t *data = make_data(len_of(i), i + 1);

		put_data(&oid[i], tx, data, len_of(i));
		free(data);
	}
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_ok(mv_store_read_ahead(store, err));
	assert_ok(mv_store_read_ahead(store, err));
	return store;
}

static void drop_store(struct mv_store *store)
{
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_ahead__in_order(void **state)
{
	struct mv_oid oid[COUNT];
	struct mv_store *store = filled_store(oid);

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < COUNT; i++)
			check_seed(store, &oid[i], len_of(i), i + 1);
	drop_store(store);
}

static void test_store_ahead__what_follows_is_ready(void **state)
{
	struct mv_oid oid[COUNT];
	struct mv_store *store = filled_store(oid);
	uint8_t *out = malloc(MV_CHUNK_MAX);
	uint32_t len = 0;
	int ready = 0;

	(void)state;
	check_seed(store, &oid[0], len_of(0), 1);
	check_seed(store, &oid[1], len_of(1), 2);
	for (int tries = 0; !ready && tries < 5000; tries++) {
		ready = mv_ahead_take(out, &len, store->ahead, &oid[20]);
		if (!ready)
			usleep(1000);
	}
	assert_true(ready);
	assert_int_equal(len, len_of(20));
	free(out);
	drop_store(store);
}

static void test_store_ahead__in_any_order(void **state)
{
	struct mv_oid oid[COUNT];
	struct mv_store *store = filled_store(oid);
	uint64_t seed = 7;

	(void)state;
	for (int n = 0; n < 3 * COUNT; n++) {
		uint64_t i = next_random(&seed) % COUNT;

		check_seed(store, &oid[i], len_of(i), i + 1);
	}
	for (uint64_t i = COUNT; i--;)
		check_seed(store, &oid[i], len_of(i), i + 1);
	for (uint64_t i = 0; i < COUNT; i += 40)	/* beyond the lag */
		check_seed(store, &oid[i], len_of(i), i + 1);
	drop_store(store);
}

static void test_store_ahead__closing_in_the_middle(void **state)
{
	struct mv_oid oid[COUNT];
	struct mv_store *store = filled_store(oid);

	(void)state;
	for (uint64_t i = 0; i < 5; i++)
		check_seed(store, &oid[i], len_of(i), i + 1);
	drop_store(store);
}

static void test_store_ahead__damage_is_reported_by_the_reader(void **state)
{
	struct mv_oid oid[COUNT];
	struct mv_store *store = filled_store(oid);
	struct mv_pack_file *file = store->files[0];
	struct mv_buf out;
	struct mv_writer writer;
	uint64_t bad = 0;
	struct stat st;
	uint8_t byte;
	int fd;

	(void)state;
	mv_buf_init(&out, MV_CHUNK_MAX);
	writer = mv_writer_buf(&out);
	assert_int_equal(stat(file->path, &st), 0);
	chmod(file->path, 0644);
	fd = open(file->path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, st.st_size / 2), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size / 2), 1);
	close(fd);
	for (uint64_t i = 0; i < COUNT; i++) {
		uint8_t *data = make_data(len_of(i), i + 1);
		int rc;

		mv_buf_clear(&out);
		rc = mv_store_read(store, &oid[i], &writer, NULL);
		if (rc) {
			assert_int_equal(rc, MV_ECORRUPT);
			assert_int_equal(out.len, 0);
			bad++;
		} else {
			assert_int_equal(out.len, len_of(i));
			assert_memory_equal(out.data, data, out.len);
		}
		free(data);
	}
	assert_int_equal(bad, 1);
	mv_buf_release(&out);
	drop_store(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_ahead__in_order),
		cmocka_unit_test(test_store_ahead__what_follows_is_ready),
		cmocka_unit_test(test_store_ahead__in_any_order),
		cmocka_unit_test(test_store_ahead__closing_in_the_middle),
		cmocka_unit_test(test_store_ahead__damage_is_reported_by_the_reader),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store-ahead", tests, store_enter,
					   tmp_leave);
}
