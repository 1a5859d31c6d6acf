/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/pace.h"
#include "tests/unit/store.h"

#define KIB ((size_t)1024)

static void test_store_read__any_part_can_be_read(void **state)
{
	enum { LEN = 50 * TINY + 5 };
	struct mv_store *store = open_tiny("s", 0, NULL);
	uint8_t *data = make_data(LEN, 1), part[LEN + 10];
	struct mv_oid oid;
	struct mv_tx *tx = begin(store);
	size_t got;

	(void)state;
	put_data(&oid, tx, data, LEN);
	assert_ok(mv_tx_commit(tx, NULL, err));
	for (size_t off = 0; off <= LEN + 2; off += 5)
		for (size_t len = 0; len <= LEN + 10; len += 13 * MV_PACE) {
			size_t want = off >= LEN ? 0 :
				      len < LEN - off ? len : LEN - off;

			assert_ok(mv_store_read_at(store, &oid, off, part, len,
						   &got, err));
			assert_int_equal(got, want);
			if (want)
				assert_memory_equal(part, data + off, want);
		}
	assert_ok(mv_store_read_at(store, &oid, UINT64_MAX, part, 10, &got,
				   err));
	assert_int_equal(got, 0);
	free(data);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_read__no_bytes_are_in_every_store(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid oid;
	uint8_t byte;
	size_t got = 1;

	(void)state;
	name_seed(&oid, 0, 0);
	check_seed(store, &oid, 0, 0);
	assert_ok(mv_store_read_at(store, &oid, 0, &byte, 1, &got, err));
	assert_int_equal(got, 0);
	mv_store_close(store);
	remove_tree("s");
}

static int fail_write(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	(void)data;
	(void)len;
	if ((*(int *)payload)--)
		return 0;
	return mv_fail(err, MV_EIO, "the pipe is closed");
}

static void test_store_read__who_cannot_write_stops_it(void **state)
{
	struct mv_store *store = open_tiny("s", 0, NULL);
	struct mv_err why = { 0 };
	struct mv_oid oid;
	int left = 3;
	struct mv_writer out = { fail_write, &left };

	(void)state;
	add_seed(&oid, store, 10 * TINY, 1);
	assert_int_equal(mv_store_read(store, &oid, &out, &why), MV_EIO);
	assert_string_equal(why.msg, "the pipe is closed");
	assert_int_equal(left, -1);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_read__a_full_disk_is_said(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE };
	struct mv_err why = { 0 };
	struct mv_store *store;
	struct mv_oid oid;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	if (fd < 0)
		skip();
	assert_ok(mv_pool_new(&options.pool, 2, err));
	store = open_with("s", options);
	add_seed(&oid, store, 3000 * KIB, 1);
	assert_int_equal(mv_store_restore(store, &oid, fd, "out", &why),
			 MV_EIO);
	assert_non_null(strstr(why.msg, "out"));
	close(fd);
	mv_store_close(store);
	mv_pool_free(options.pool);
	remove_tree("s");
}

/* A damaged chunk: nothing of it comes out, and the message helps. */
static void test_store_read__a_damaged_chunk_does_not_come_out(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE };
	struct mv_err why = { 0 };
	struct mv_store *store;
	struct mv_oid oid;
	uint8_t *data = make_data(3000 * KIB, 1), part[10];
	char path[512];
	size_t got;
	int fd;

	(void)state;
	assert_ok(mv_pool_new(&options.pool, 2, err));
	store = open_with("s", options);
	add_seed(&oid, store, 3000 * KIB, 1);
	mv_store_close(store);
	flip_byte(only_file(path, sizeof(path), "s/packs"), 1500 * KIB, 1);
	store = open_with("s", options);
	assert_int_equal(try_read(store, &oid, data, 3000 * KIB, &why),
			 MV_ECORRUPT);
	assert_non_null(strstr(why.msg, "git model fsck"));
	fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(mv_store_restore(store, &oid, fd, "out", NULL),
			 MV_ECORRUPT);
	close(fd);
	/* What is elsewhere in it can still be had. */
	assert_ok(mv_store_read_at(store, &oid, 100, part, 10, &got, err));
	assert_memory_equal(part, data + 100, 10);
	free(data);
	mv_store_close(store);
	mv_pool_free(options.pool);
	remove_tree("s");
}

static void test_store_read__a_missing_pack_is_damage_not_absence(void **state)
{
	struct mv_store *store = open_tiny("s", 100, NULL);
	struct mv_oid oid, none = { { 1 } };
	char path[600] = "";
	struct mv_recipe_reader r;
	struct mv_snapshot *s;
	struct mv_place place;

	(void)state;
	add_seed(&oid, store, 3000 * TINY, 1);
	assert_ok(mv_recipe_open(&r, store, &oid, err));
	assert_ok(mv_store_snapshot(&s, store, err));
	assert_ok(mv_snapshot_find(&place, s, MV_INDEX_CHUNKS,
				   mv_recipe_id(r.recipe.entries + 2500 *
						MV_RECIPE_ENTRY), err));
	snprintf(path, sizeof(path), "%s", place.file->path);
	mv_snapshot_release(store, s);
	mv_recipe_close(&r);
	mv_store_close(store);
	assert_int_equal(unlink(path), 0);
	store = open_tiny("s", 100, NULL);
	assert_int_equal(try_seed(store, &oid, 3000 * TINY, 1), MV_ECORRUPT);
	assert_int_equal(try_seed(store, &none, 10, 1), MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
}

struct sum {
	uint64_t raw, stored;
	unsigned count;
};

static int add_chunk(void *payload, const struct mv_oid *chunk, uint32_t raw,
		     uint32_t stored, struct mv_err *err)
{
	struct sum *sum = payload;

	(void)chunk;
	if (sum->count == 7)
		return mv_fail(err, MV_ECANCELLED, "enough");
	sum->raw += raw;
	sum->stored += stored;
	sum->count++;
	return 0;
}

static void test_store_read__chunks_can_be_listed(void **state)
{
	struct mv_store *store = open_tiny("s", 0, NULL);
	struct sum sum = { 0, 0, 0 };
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, store, 5 * TINY + 1, 1);
	assert_ok(mv_store_each_chunk(store, &oid, add_chunk, &sum, err));
	assert_int_equal(sum.count, 6);
	assert_int_equal(sum.raw, 5 * TINY + 1);
	assert_int_equal(sum.stored, sum.raw + 6 * MV_RECORD_HEADER);
	add_seed(&oid, store, 1, 2);		/* one that is a chunk */
	sum.count = 0;
	assert_ok(mv_store_each_chunk(store, &oid, add_chunk, &sum, err));
	assert_int_equal(sum.count, 1);
	add_seed(&oid, store, 9 * TINY, 3);
	sum.count = 0;
	assert_int_equal(mv_store_each_chunk(store, &oid, add_chunk, &sum,
					     NULL), MV_ECANCELLED);
	mv_store_close(store);
	remove_tree("s");
}

/* More packs than there may be open files. */
static void test_store_read__many_packs_need_few_descriptors(void **state)
{
	struct mv_store *store = open_tiny("s", 50, NULL);
	struct mv_tx *tx = begin(store);
	struct mv_oid oid;

	(void)state;
	for (uint64_t i = 0; i < 450; i++)
		put_seed(&oid, tx, TINY - 1, i);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(count_files("s/packs"), 450);
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 450; i++) {
			name_seed(&oid, TINY - 1, i);
			check_seed(store, &oid, TINY - 1, i);
		}
	assert_true(count_files("/proc/self/fd") < 250);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_read__other_formats_are_refused(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE };
	struct mv_store *store;
	static const char newer[] = "git-model store 3\n";

	(void)state;
	assert_int_equal(mv_store_open(&store, "nowhere", NULL, NULL),
			 MV_ENOENT);
	mv_store_close(open_store("s", 0));
	save_file("s/format", (const uint8_t *)newer, sizeof(newer) - 1);
	assert_int_equal(mv_store_open(&store, "s", NULL, NULL), MV_ENOTSUP);
	assert_int_equal(mv_store_open(&store, "s", &options, NULL),
			 MV_ENOTSUP);
	remove_tree("s");
}

static void name_first_chunk(struct mv_oid *out, size_t len, uint64_t seed)
{
	uint8_t *data = make_data(len, seed);

	assert_ok(mv_blake3(out, data, TINY, err));
	free(data);
}

/*
 * A pointer can say anything: what names a chunk of some content is no content,
 * neither in the store nor in a transaction, nor for a copy.
 */
static void test_store_read__a_chunk_is_no_content(void **state)
{
	struct mv_store *store = open_tiny("s", 0, NULL);
	struct mv_store *to = open_tiny("t", 0, NULL);
	struct mv_recipe_reader r;
	struct mv_oid oid, chunk;
	const uint8_t *entry;
	struct mv_tx *tx = begin(store);
	uint8_t found = 7;
	uint64_t size;

	(void)state;
	put_seed(&oid, tx, 10 * TINY, 1);
	name_first_chunk(&chunk, 10 * TINY, 1);
	assert_ok(mv_tx_has(tx, &oid, NULL, err));
	assert_int_equal(mv_tx_has(tx, &chunk, NULL, NULL), MV_ENOENT);
	assert_int_equal(mv_tx_has(tx, &chunk, &size, NULL), MV_ENOENT);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_ok(mv_recipe_open(&r, store, &oid, err));
	assert_int_equal(mv_recipe_next(&entry, &r, NULL), 1);
	assert_true(mv_oid_eq(mv_recipe_id(entry), &chunk));
	mv_recipe_close(&r);

	assert_int_equal(mv_store_has(store, &chunk, NULL, NULL), MV_ENOENT);
	assert_int_equal(mv_store_has(store, &chunk, &size, NULL), MV_ENOENT);
	assert_int_equal(try_seed(store, &chunk, TINY, 1), MV_ENOENT);
	tx = begin(store);
	assert_int_equal(mv_tx_has(tx, &chunk, NULL, NULL), MV_ENOENT);
	mv_tx_abort(tx);
	tx = begin(to);
	assert_ok(mv_tx_copy(tx, store, &chunk, 1, &found, err));
	assert_int_equal(found, 0);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(to);
	mv_store_close(store);
	remove_tree("s");
	remove_tree("t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_read__any_part_can_be_read),
		cmocka_unit_test(test_store_read__no_bytes_are_in_every_store),
		cmocka_unit_test(test_store_read__who_cannot_write_stops_it),
		cmocka_unit_test(test_store_read__a_full_disk_is_said),
		cmocka_unit_test(test_store_read__a_damaged_chunk_does_not_come_out),
		cmocka_unit_test(test_store_read__a_missing_pack_is_damage_not_absence),
		cmocka_unit_test(test_store_read__chunks_can_be_listed),
		cmocka_unit_test(test_store_read__many_packs_need_few_descriptors),
		cmocka_unit_test(test_store_read__other_formats_are_refused),
		cmocka_unit_test(test_store_read__a_chunk_is_no_content),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_read", tests, store_enter,
					   tmp_leave);
}
