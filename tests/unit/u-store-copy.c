/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

#define KIB ((size_t)1024)

static void copy_all(struct mv_pool *pool)
{
	struct mv_store *from = open_tiny("from", 3000, pool);
	struct mv_store *to = open_tiny("to", 5000, pool);
	static const size_t lens[] = { 0, 1, TINY, 3 * TINY, 900 * TINY,
				       (MV_RECIPE_FAN + 3) * TINY };
	enum { N = sizeof(lens) / sizeof(lens[0]) };
	struct mv_oid oid[N + 1];
	uint8_t found[N + 1];
	struct mv_tx_stats stats;
	struct mv_tx *tx;

	for (size_t i = 0; i < N; i++)
		add_seed(&oid[i], from, lens[i], i + 1);
	memset(&oid[N], 0x5a, sizeof(oid[N]));
	add_seed(&oid[3], to, lens[3], 4);	/* one is there already */
	tx = begin(to);
	assert_ok(mv_tx_copy(tx, from, oid, N + 1, found, err));
	assert_ok(mv_tx_commit(tx, &stats, err));
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(found[i], 1);
		check_seed(to, &oid[i], lens[i], i + 1);
	}
	assert_int_equal(found[N], 0);
	assert_int_equal(stats.contents, N);
	check_clean(to);

	tx = begin(to);				/* again: nothing new */
	assert_ok(mv_tx_copy(tx, from, oid, N, NULL, err));
	assert_ok(mv_tx_commit(tx, &stats, err));
	assert_int_equal(stats.new_chunks, 0);
	assert_int_equal(stats.new_stored, 0);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void test_store_copy__everything_arrives(void **state)
{
	struct mv_pool *pool;

	(void)state;
	copy_all(NULL);
	assert_ok(mv_pool_new(&pool, 3, err));
	copy_all(pool);
	mv_pool_free(pool);
}

/* -- an evil source ------------------------------------------------------- */

/* A recipe of the right form and checksum for a content that it is not. */
static void forge_recipe(struct mv_store *from, const struct mv_oid *truth,
			 const struct mv_oid *lie, size_t change)
{
	struct mv_recipe_reader r;
	struct mv_buf forged;
	struct mv_tx *tx;

	assert_ok(mv_recipe_open(&r, from, truth, err));
	mv_buf_init(&forged, 1 << 20);
	assert_int_equal(mv_buf_add(&forged, r.bytes.data, r.bytes.len), 0);
	memcpy(forged.data, lie->b, 32);
	if (change) {	/* two chunks change places */
		uint8_t *e = (uint8_t *)forged.data + MV_RECIPE_HEAD;
		uint8_t one[MV_RECIPE_ENTRY];

		memcpy(one, e, sizeof(one));
		memcpy(e, e + MV_RECIPE_ENTRY, sizeof(one));
		memcpy(e + MV_RECIPE_ENTRY, one, sizeof(one));
	}
	mv_recipe_close(&r);
	tx = begin(from);
	assert_ok(mv_tx_append_recipe(tx, &forged, lie, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_buf_release(&forged);
}

static void test_store_copy__a_forged_recipe_is_refused(void **state)
{
	struct mv_store *from = open_tiny("from", 0, NULL);
	struct mv_store *to = open_tiny("to", 0, NULL);
	struct mv_oid truth, lie[2];
	uint8_t found[2] = { 0 };
	struct mv_tx *tx;

	(void)state;
	add_seed(&truth, from, 10 * TINY, 1);
	name_seed(&lie[0], 10 * TINY, 2);
	name_seed(&lie[1], 10 * TINY, 3);
	forge_recipe(from, &truth, &lie[0], 0);
	forge_recipe(from, &truth, &lie[1], 1);
	for (int i = 0; i < 2; i++) {
		tx = begin(to);
		assert_int_equal(mv_tx_copy(tx, from, &lie[i], 1, found, NULL),
				 MV_ECORRUPT);
		assert_int_equal(found[0], 0);
		/* What was claimed on the way is there, or is stored now. */
		put_seed(&truth, tx, 10 * TINY, 1);
		assert_ok(mv_tx_commit(tx, NULL, err));
		assert_int_equal(mv_store_has(to, &lie[i], NULL, NULL),
				 MV_ENOENT);
		check_seed(to, &truth, 10 * TINY, 1);
		check_clean(to);
	}
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

/* A record with a right checksum and other bytes, under our id. */
static void test_store_copy__wrong_bytes_of_a_chunk_are_refused(void **state)
{
	struct mv_store *from = open_tiny("from", 0, NULL);
	struct mv_store *to = open_tiny("to", 0, NULL);
	uint8_t *data = make_data(600, 1), out[MV_RECORD_HEADER + 600];
	struct mv_pack_record record = { .kind = MV_RECORD_WHOLE, .raw_len = 600,
				    .stored_len = 600 };
	struct mv_new_record new = { .kind = MV_RECORD_WHOLE };
	uint8_t found = 7;
	struct mv_tx *tx;

	(void)state;
	name_data(&new.id, data, 600);
	data[300] ^= 1;
	memcpy(out + MV_RECORD_HEADER, data, 600);
	mv_pack_record_seal(out, &record, data);
	tx = begin(from);
	assert_ok(mv_tx_append(tx, out, sizeof(out), &new, 1, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(try_read(from, &new.id, data, 0, NULL), MV_ECORRUPT);

	tx = begin(to);
	assert_int_equal(mv_tx_copy(tx, from, &new.id, 1, &found, NULL),
			 MV_ECORRUPT);
	assert_int_equal(found, 7);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(mv_store_has(to, &new.id, NULL, NULL), MV_ENOENT);
	free(data);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

/*
 * A copy that fails has claimed chunks: a later content of the transaction
 * that shares them must be whole all the same.
 */
static void test_store_copy__a_failed_copy_spoils_no_other_content(void **state)
{
	struct mv_store *from = open_tiny("from", 100, NULL);
	struct mv_store *to = open_tiny("to", 0, NULL);
	uint8_t *data = make_data(3000 * TINY, 1);
	struct mv_oid whole, half;
	struct mv_tx *tx;
	char path[512] = "";
	DIR *d;
	struct dirent *e;
	int i = 0;

	(void)state;
	tx = begin(from);
	put_data(&whole, tx, data, 3000 * TINY);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(from);
	/* Damage the pack of a chunk that comes late. */
	{
		struct mv_recipe_reader r;
		struct mv_snapshot *s;
		struct mv_place place;

		from = open_tiny("from", 100, NULL);
		assert_ok(mv_recipe_open(&r, from, &whole, err));
		assert_ok(mv_store_snapshot(&s, from, err));
		assert_ok(mv_snapshot_find(&place, s, MV_INDEX_CHUNKS,
					   mv_recipe_id(r.recipe.entries + 2100 *
							MV_RECIPE_ENTRY), err));
		snprintf(path, sizeof(path), "%s", place.file->path);
		mv_snapshot_release(from, s);
		mv_recipe_close(&r);
		mv_store_close(from);
	}
	d = opendir("from/packs");
	while ((e = readdir(d)))
		i++;
	closedir(d);
	assert_true(i > 4);
	flip_byte(path, 40, 1);

	from = open_tiny("from", 100, NULL);
	tx = begin(to);
	assert_int_equal(mv_tx_copy(tx, from, &whole, 1, NULL, NULL),
			 MV_ECORRUPT);
	put_data(&half, tx, data, 2040 * TINY);
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_data(to, &half, data, 2040 * TINY);
	assert_int_equal(mv_store_has(to, &whole, NULL, NULL), MV_ENOENT);
	check_clean(to);
	free(data);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

/* A recipe whose lengths are right in sum, wrong one by one. */
static void test_store_copy__shifted_lengths_are_refused(void **state)
{
	struct mv_store *from = open_tiny("from", 0, NULL);
	struct mv_store *to = open_tiny("to", 0, NULL);
	struct mv_oid truth, lie;
	struct mv_recipe_reader r;
	struct mv_buf forged;
	struct mv_tx *tx;
	uint8_t *e;

	(void)state;
	add_seed(&truth, from, 4 * TINY, 1);
	name_seed(&lie, 4 * TINY, 2);
	assert_ok(mv_recipe_open(&r, from, &truth, err));
	mv_buf_init(&forged, 1 << 20);
	assert_int_equal(mv_buf_add(&forged, r.bytes.data, r.bytes.len), 0);
	mv_recipe_close(&r);
	memcpy(forged.data, lie.b, 32);
	e = (uint8_t *)forged.data + MV_RECIPE_HEAD;
	mv_put_le32(e + 32, TINY + 1);
	mv_put_le32(e + MV_RECIPE_ENTRY + 32, TINY - 1);
	tx = begin(from);
	assert_ok(mv_tx_append_recipe(tx, &forged, &lie, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	tx = begin(to);
	assert_int_equal(mv_tx_copy(tx, from, &lie, 1, NULL, NULL),
			 MV_ECORRUPT);
	mv_tx_abort(tx);
	mv_buf_release(&forged);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_copy__everything_arrives),
		cmocka_unit_test(test_store_copy__a_forged_recipe_is_refused),
		cmocka_unit_test(test_store_copy__wrong_bytes_of_a_chunk_are_refused),
		cmocka_unit_test(test_store_copy__a_failed_copy_spoils_no_other_content),
		cmocka_unit_test(test_store_copy__shifted_lengths_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_copy", tests, store_enter,
					   tmp_leave);
}
