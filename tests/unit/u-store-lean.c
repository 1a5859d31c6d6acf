/* SPDX-License-Identifier: MIT */
#include "tests/unit/lean.h"

#define DAY 86400

static void test_store_lean__a_chain_is_followed_to_its_end(void **state)
{
	struct mv_store *store = open_store("s", 0);

	(void)state;
	lean_tower(store);
	for (unsigned v = 0; v < 5; v++)
		lean_check(store, v);
	check_clean(store);
	mv_store_close(store);
	/* Nothing is remembered but what is on the disk. */
	store = open_store("s", 0);
	lean_check(store, 4);
	mv_store_close(store);
	remove_tree("s");
}

/* As deep as itself, on itself, around: never followed, always said. */
static void test_store_lean__a_chain_must_become_less_deep(void **state)
{
	static const struct {
		unsigned on, depth;
	} bad[][2] = {
		{ { 2, 2 }, { 0, 2 } },		/* 1 on 2, 2 on 0 */
		{ { 2, 1 }, { 0, 4 } },
		{ { 1, 1 }, { 0, 0 } },		/* on itself */
		{ { 2, 3 }, { 1, 3 } },		/* around */
		{ { 2, 4 }, { 1, 3 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mv_store *store = open_store("s", 0);
		struct told told;

		lean_add(store, 0, 0, 0);
		if (bad[i][0].on != 1) {
			lean_add(store, 2, bad[i][1].on, bad[i][1].depth);
			lean_add(store, 1, 2, bad[i][0].depth);
		} else {
			uint8_t *data = lean_data(1);
			struct mv_pack_record record = {
				.kind = MV_RECORD_CHUNK,
				.codec = MV_CODEC_SPARSE, .param = 1,
				.raw_len = LEAN_LEN, .stored_len = 100
			};
			struct mv_tx *tx = begin(store);
			struct mv_oid id;

			lean_id(&id, 1);
			memcpy(data, id.b, 32);
			lean_append(tx, &record, &id, data);
			lean_recipe(tx, 1);
			assert_ok(mv_tx_commit(tx, NULL, err));
			free(data);
		}
		assert_int_equal(lean_try(store, 1), MV_ECORRUPT);
		told = fsck(store, 0);
		assert_true(told.bad);
		/* And repair comes to an end. */
		fsck(store, MV_FSCK_REPAIR);
		assert_int_equal(lean_try(store, 1), MV_ENOENT);
		lean_check(store, 0);
		check_clean(store);
		mv_store_close(store);
		remove_tree("s");
	}
}

static void test_store_lean__a_base_of_another_kind_or_length_is_refused(
	void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_pack_record record = { .kind = MV_RECORD_CHUNK,
					 .codec = MV_CODEC_SPARSE, .param = 1,
					 .raw_len = 3000, .stored_len = 100 };
	struct mv_tx *tx = begin(store);
	struct mv_oid whole, id;
	uint8_t stored[100] = { 0 };

	(void)state;
	put_seed(&whole, tx, 3000, 1);		/* a whole of that length */
	memcpy(stored, whole.b, 32);
	stored[32] = MV_NUMBERS_I8;
	mv_put_le32(stored + 40, 0);
	lean_id(&id, 1);
	lean_append(tx, &record, &id, stored);
	lean_recipe(tx, 1);
	/* A chunk, of another length. */
	lean_chunk(tx, 0, 0, 0);
	lean_id(&id, 0);
	memcpy(stored, id.b, 32);
	record.raw_len = 2998;
	lean_id(&id, 2);
	lean_append(tx, &record, &id, stored);
	lean_recipe(tx, 2);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(lean_try(store, 1), MV_ECORRUPT);
	assert_int_equal(lean_try(store, 2), MV_ECORRUPT);
	assert_true(fsck(store, 0).bad);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_lean__a_missing_base_is_named_and_found_by_fsck(
	void **state)
{
	struct mv_store *store = open_store("s", 0);
	char hex[MV_OID_HEX + 1];
	struct mv_err why = { 0 };
	struct mv_oid oid, id;
	struct told told;
	uint8_t byte;
	size_t got;

	(void)state;
	lean_tower(store);
	lean_id(&id, 1);
	lean_move_pack(store, 1, "gone");
	mv_store_close(store);
	store = open_store("s", 0);
	lean_check(store, 0);
	lean_oid(&oid, 4);
	assert_int_equal(mv_store_read_at(store, &oid, 0, &byte, 1, &got,
					  &why), MV_ECORRUPT);
	assert_non_null(strstr(why.msg, mv_oid_hex(hex, &id)));
	/* Nobody is told that it is here, who could rely on that. */
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	told = fsck(store, 0);
	/* Three packs that lean on it, itself, and four contents. */
	assert_int_equal(told.bad, 8);
	fsck(store, MV_FSCK_REPAIR);
	for (unsigned v = 1; v < 5; v++)
		assert_int_equal(lean_try(store, v), MV_ENOENT);
	lean_check(store, 0);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
	unlink("gone");
}

/* Whoever stores it again writes all of it: what is there is of no use. */
static void test_store_lean__without_its_base_a_chunk_is_stored_again(
	void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx;
	struct mv_oid id;

	(void)state;
	lean_tower(store);
	lean_move_pack(store, 0, "gone");
	mv_store_close(store);
	store = open_store("s", 0);
	lean_id(&id, 2);
	tx = begin(store);
	assert_int_equal(mv_tx_claim(tx, MV_RECORD_CHUNK, &id, NULL), 1);
	mv_tx_abort(tx);
	mv_store_close(store);
	remove_tree("s");
	unlink("gone");
}

static void test_store_lean__indexes_are_made_anew_in_any_order(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid oid;

	(void)state;
	lean_tower(store);
	mv_store_close(store);
	empty_dir("s/index");
	store = open_store("s", 0);
	assert_ok(mv_store_recover_force(store, err));
	assert_int_equal(count_files("s/index"), 1);
	for (unsigned v = 0; v < 5; v++)
		lean_check(store, v);
	check_clean(store);
	/* What leans on something says so in the new index, too. */
	lean_move_pack(store, 0, "gone");
	mv_store_close(store);
	store = open_store("s", 0);
	lean_oid(&oid, 3);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
	unlink("gone");
}

/* Only what lacks its base is left out when indexes are made anew. */
static void test_store_lean__what_lacks_its_base_gets_no_name(void **state)
{
	struct mv_store *store = open_store("s", 0);

	(void)state;
	lean_tower(store);
	lean_move_pack(store, 2, "gone");
	mv_store_close(store);
	empty_dir("s/index");
	store = open_store("s", 0);
	assert_ok(mv_store_recover_force(store, err));
	lean_check(store, 0);
	lean_check(store, 1);
	for (unsigned v = 2; v < 5; v++)
		assert_int_equal(lean_try(store, v), MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
	unlink("gone");
}

struct seen {
	unsigned count, depth;
	struct mv_oid base;
	uint32_t stored;
};

static int see_how(void *payload, const struct mv_chunk_how *how,
		   struct mv_err *err)
{
	struct seen *seen = payload;

	(void)err;
	seen->count++;
	assert_int_equal(how->raw, LEAN_LEN);
	assert_int_equal(how->base != NULL, how->held >= MV_HELD_DELTA);
	seen->depth = how->base != NULL;
	if (how->base)
		seen->base = *how->base;
	seen->stored = how->stored;
	return 0;
}

static void test_store_lean__one_is_told_how_a_chunk_is_held(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct seen seen = { 0 };
	struct mv_oid oid, id;

	(void)state;
	lean_tower(store);
	lean_oid(&oid, 3);
	lean_id(&id, 2);
	assert_ok(mv_store_each_how(store, &oid, see_how, &seen, err));
	assert_int_equal(seen.count, 1);
	assert_true(seen.depth && mv_oid_eq(&seen.base, &id));
	assert_true(seen.stored < LEAN_LEN / 2);
	lean_oid(&oid, 0);
	assert_ok(mv_store_each_how(store, &oid, see_how, &seen, err));
	assert_false(seen.depth);
	assert_int_equal(seen.stored, LEAN_LEN + MV_RECORD_HEADER);
	lean_oid(&oid, 9);
	assert_int_equal(mv_store_each_how(store, &oid, see_how, &seen, NULL),
			 MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_lean__a_copy_stands_alone(void **state)
{
	struct mv_store *from = open_store("s", 0), *to = open_store("t", 0);
	struct mv_tx *tx;
	struct mv_oid oid;
	uint8_t found = 0;

	(void)state;
	lean_tower(from);
	lean_oid(&oid, 4);
	tx = begin(to);
	assert_ok(mv_tx_copy(tx, from, &oid, 1, &found, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(found, 1);
	mv_store_close(from);
	remove_tree("s");
	lean_check(to, 4);
	assert_int_equal(lean_try(to, 3), MV_ENOENT);
	check_clean(to);
	mv_store_close(to);
	remove_tree("t");
}

/* -- gc ------------------------------------------------------------------- */

struct keep {
	unsigned from, to;
};

static int keep_roots(void *payload,
		      int (*add)(void *sink, const struct mv_oid *oid),
		      void *sink, struct mv_err *err)
{
	const struct keep *keep = payload;
	int rc = 0;

	(void)err;
	for (unsigned v = keep->from; !rc && v <= keep->to; v++) {
		struct mv_oid oid;

		lean_oid(&oid, v);
		rc = add(sink, &oid);
	}
	return rc;
}

static struct mv_gc_stats gc_keep(struct mv_store *store, unsigned from,
				  unsigned to)
{
	struct keep keep = { from, to };
	struct mv_gc_options options = { .grace_s = DAY,
					 .now = (int64_t)time(NULL),
					 .roots = keep_roots,
					 .payload = &keep };
	struct mv_gc_stats stats;

	assert_ok(mv_store_gc(store, &options, &stats, err));
	return stats;
}

static void test_store_lean__gc_keeps_what_something_leans_on(void **state)
{
	struct mv_store *store = open_store("s", 0);

	(void)state;
	lean_tower(store);
	age_packs("s", 2 * DAY);
	gc_keep(store, 4, 4);
	/* Their recipes went, their chunks did not. */
	for (unsigned v = 0; v < 4; v++)
		assert_int_equal(lean_try(store, v), MV_ENOENT);
	lean_check(store, 4);
	check_clean(store);
	age_packs("s", 2 * DAY);
	gc_keep(store, 4, 4);
	lean_check(store, 4);
	age_packs("s", 2 * DAY);
	gc_keep(store, 9, 9);
	assert_int_equal(count_files("s/packs"), 0);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/* A young pack may be relied on before anybody names it: all of it. */
static void test_store_lean__gc_keeps_the_base_of_what_is_young(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx;

	(void)state;
	lean_add(store, 0, 0, 0);
	age_packs("s", 2 * DAY);
	tx = begin(store);
	lean_chunk(tx, 1, 0, 1);		/* without a recipe */
	assert_ok(mv_tx_commit(tx, NULL, err));
	gc_keep(store, 9, 9);
	tx = begin(store);
	lean_recipe(tx, 1);
	assert_ok(mv_tx_commit(tx, NULL, err));
	lean_check(store, 1);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/* Dead, in a pack that stays: it is not offered for dedup any more. */
static void test_store_lean__gc_forgets_what_leans_and_is_dead(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx = begin(store);
	struct mv_oid id;

	(void)state;
	for (unsigned v = 5; v < 9; v++) {
		lean_chunk(tx, v, v, 0);
		lean_recipe(tx, v);
	}
	lean_chunk(tx, 1, 0, 1);
	lean_recipe(tx, 1);
	assert_ok(mv_tx_commit(tx, NULL, err));
	lean_add(store, 0, 0, 0);
	age_packs("s", 2 * DAY);
	gc_keep(store, 5, 8);
	assert_int_equal(count_files("s/packs"), 1);
	lean_id(&id, 1);
	tx = begin(store);
	assert_int_equal(mv_tx_claim(tx, MV_RECORD_CHUNK, &id, NULL), 1);
	mv_tx_abort(tx);
	/* Its record is still in the pack, and no damage. */
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/* Two records of one chunk: the one that leans is preferred, and complete. */
static void test_store_lean__of_doubles_the_smaller_one_is_named(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_snapshot *s;
	struct mv_oid id;
	int64_t pos;

	(void)state;
	lean_add(store, 0, 0, 0);
	lean_add(store, 1, 1, 0);
	lean_add(store, 1, 0, 4);
	assert_ok(mv_store_compact(store, 1, err));
	assert_ok(mv_store_snapshot(&s, store, err));
	lean_id(&id, 1);
	pos = mv_index_find(s->index[0], MV_INDEX_CHUNKS, &id);
	assert_true(pos >= 0);
	assert_int_equal(mv_index_about(s->index[0], MV_INDEX_CHUNKS,
					(uint64_t)pos), 4);
	mv_snapshot_release(store, s);
	lean_check(store, 1);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/* The pack of version `v`, with its name, which must be right. */
static void move_pack_into(const char *dir, struct mv_store *store, unsigned v)
{
	struct mv_snapshot *s;
	struct mv_place place;
	struct mv_oid id;
	char to[200];

	lean_id(&id, v);
	assert_ok(mv_store_snapshot(&s, store, err));
	assert_ok(mv_snapshot_find(&place, s, MV_INDEX_CHUNKS, &id, err));
	snprintf(to, sizeof(to), "%s%s", dir, strrchr(place.file->path, '/'));
	mv_snapshot_release(store, s);
	lean_move_pack(store, v, to);
}

/*
 * 1 stands alone, and 2 leans on it as deep as 3. In a pack that no index names
 * gc has forgotten a record of 1 that is 4 deep, on which 2 cannot lean.
 */
static struct mv_store *forgotten_double(void)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_store *other = open_store("other", 0);

	lean_add(other, 0, 0, 0);
	lean_add(other, 1, 0, 4);
	lean_add(store, 0, 0, 0);
	lean_add(store, 1, 1, 0);
	lean_add(store, 2, 1, 3);
	move_pack_into("s/packs", other, 1);
	mv_store_close(other);
	remove_tree("other");
	return store;
}

static void check_with_double(struct mv_store *store)
{
	assert_ok(mv_store_recover_force(store, err));
	/* Afterwards, and when all is one index. */
	for (int i = 0; i < 2; i++) {
		for (unsigned v = 0; v < 3; v++)
			lean_check(store, v);
		check_clean(store);
		assert_ok(mv_store_compact(store, 1, err));
	}
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_lean__a_forgotten_double_is_not_in_the_way(void **state)
{
	(void)state;
	check_with_double(forgotten_double());
}

static void test_store_lean__nor_when_all_indexes_are_lost(void **state)
{
	struct mv_store *store = forgotten_double();

	(void)state;
	mv_store_close(store);
	empty_dir("s/index");
	check_with_double(open_store("s", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_lean__a_chain_is_followed_to_its_end),
		cmocka_unit_test(test_store_lean__a_chain_must_become_less_deep),
		cmocka_unit_test(
			test_store_lean__a_base_of_another_kind_or_length_is_refused),
		cmocka_unit_test(
			test_store_lean__a_missing_base_is_named_and_found_by_fsck),
		cmocka_unit_test(
			test_store_lean__without_its_base_a_chunk_is_stored_again),
		cmocka_unit_test(
			test_store_lean__indexes_are_made_anew_in_any_order),
		cmocka_unit_test(
			test_store_lean__what_lacks_its_base_gets_no_name),
		cmocka_unit_test(
			test_store_lean__one_is_told_how_a_chunk_is_held),
		cmocka_unit_test(test_store_lean__a_copy_stands_alone),
		cmocka_unit_test(
			test_store_lean__gc_keeps_what_something_leans_on),
		cmocka_unit_test(
			test_store_lean__gc_keeps_the_base_of_what_is_young),
		cmocka_unit_test(
			test_store_lean__gc_forgets_what_leans_and_is_dead),
		cmocka_unit_test(
			test_store_lean__of_doubles_the_smaller_one_is_named),
		cmocka_unit_test(
			test_store_lean__a_forgotten_double_is_not_in_the_way),
		cmocka_unit_test(
			test_store_lean__nor_when_all_indexes_are_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, store_enter, tmp_leave);
}
