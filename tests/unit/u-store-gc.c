/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

#define KIB ((size_t)1024)
#define DAY ((int64_t)24 * 3600)

struct roots {
	const struct mv_oid *oid;
	size_t count;
	int fail;
};

static int give_roots(void *payload,
		      int (*add)(void *sink, const struct mv_oid *oid),
		      void *sink, struct mv_err *err)
{
	struct roots *r = payload;
	int rc = r->fail ? mv_fail(err, MV_ECANCELLED, "no roots") : 0;

	for (size_t i = 0; !rc && i < r->count; i++)
		rc = add(sink, &r->oid[i]);
	return rc;
}

static int try_gc(struct mv_store *store, const struct mv_oid *roots,
		  size_t count, int64_t grace, int dry_run,
		  struct mv_gc_stats *stats, struct mv_err *err)
{
	struct roots r = { roots, count, 0 };
	struct mv_gc_options options = { .dry_run = dry_run, .grace_s = grace,
					 .now = time(NULL),
					 .roots = give_roots, .payload = &r };

	return mv_store_gc(store, &options, stats, err);
}

static struct mv_gc_stats gc(struct mv_store *store,
			     const struct mv_oid *roots, size_t count,
			     int64_t grace)
{
	struct mv_gc_stats stats;

	assert_ok(try_gc(store, roots, count, grace, 0, &stats, err));
	return stats;
}

static void test_store_gc__what_nobody_names_goes_after_its_grace(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid keep, single, several;
	struct mv_gc_stats stats;

	(void)state;
	add_seed(&keep, store, 300 * KIB, 1);
	add_seed(&single, store, 10 * KIB, 2);
	add_seed(&several, store, 300 * KIB, 3);

	stats = gc(store, &keep, 1, 2 * DAY);	/* young: kept */
	assert_int_equal(stats.dropped_contents, 0);
	assert_int_equal(stats.freed, 0);
	assert_true(stats.kept_young > 300 * KIB &&
		    stats.kept_young < 330 * KIB);
	check_seed(store, &several, 300 * KIB, 3);

	age_packs("s", 3 * DAY);
	stats = gc(store, &keep, 1, 2 * DAY);
	assert_int_equal(stats.dropped_contents, 1);
	assert_true(stats.dropped_chunks >= 2);
	assert_int_equal(stats.packs_removed, 2);
	assert_int_equal(stats.kept_young, 0);
	assert_true(stats.freed > 300 * KIB);
	check_seed(store, &keep, 300 * KIB, 1);
	assert_int_equal(mv_store_has(store, &single, NULL, NULL), MV_ENOENT);
	assert_int_equal(mv_store_has(store, &several, NULL, NULL), MV_ENOENT);
	assert_int_equal(count_files("s/packs"), 1);
	check_clean(store);
	stats = gc(store, &keep, 1, 2 * DAY);	/* nothing more to do */
	assert_int_equal(stats.freed + stats.dropped_contents +
			 stats.dropped_chunks, 0);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc__without_roots_nothing_is_dropped(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct roots none = { NULL, 0, 1 };
	struct mv_gc_options options = { .now = time(NULL) + DAY,
					 .roots = give_roots,
					 .payload = &none };
	struct mv_gc_stats stats;
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, store, 300 * KIB, 1);
	assert_int_equal(mv_store_gc(store, &options, &stats, NULL),
			 MV_ECANCELLED);
	check_seed(store, &oid, 300 * KIB, 1);
	/* An empty store is fine, and so are roots that are not here. */
	mv_store_close(store);
	remove_tree("s");
	store = open_store("s", 0);
	gc(store, &oid, 1, 0);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc__a_dry_run_changes_nothing(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_gc_stats dry, real;
	struct mv_oid a, b;
	struct stat before, after;

	(void)state;
	add_seed(&a, store, 300 * KIB, 1);
	add_seed(&b, store, 300 * KIB, 2);
	age_packs("s", 2 * DAY);
	save_file("s/tmp/pack-orphan.tmp", (const uint8_t *)"x", 1);
	stat("s/index", &before);
	assert_ok(try_gc(store, &a, 1, DAY, 1, &dry, err));
	stat("s/index", &after);
	assert_memory_equal(&before.st_mtim, &after.st_mtim,
			    sizeof(before.st_mtim));
	assert_int_equal(count_files("s/index"), 2);
	assert_int_equal(count_files("s/packs"), 2);
	assert_int_equal(access("s/tmp/pack-orphan.tmp", F_OK), 0);
	check_seed(store, &b, 300 * KIB, 2);
	/* And says what the real one then does. */
	real = gc(store, &a, 1, DAY);
	assert_memory_equal(&dry, &real, sizeof(dry));
	assert_int_equal(real.dropped_contents, 1);
	mv_store_close(store);
	remove_tree("s");
}

/* A recipe of today whose chunks are all in old packs. */
static void test_store_gc__a_young_recipe_keeps_its_old_chunks(void **state)
{
	struct mv_store *store = open_tiny("s", 0, NULL);
	uint8_t *data = make_data(40 * TINY, 1);
	struct mv_oid old, young;
	struct mv_tx *tx;

	(void)state;
	add_seed(&old, store, 40 * TINY, 1);
	age_packs("s", 10 * DAY);
	tx = begin(store);
	put_data(&young, tx, data + TINY, 39 * TINY);
	assert_ok(mv_tx_commit(tx, NULL, err));
	gc(store, NULL, 0, DAY);
	check_data(store, &young, data + TINY, 39 * TINY);
	assert_int_equal(mv_store_has(store, &old, NULL, NULL), MV_ENOENT);
	check_clean(store);
	free(data);
	mv_store_close(store);
	remove_tree("s");
}

/* Found present by a put, a copy or a question: somebody will point to it. */
static void recent_is_kept(int how, size_t len)
{
	struct mv_store *store = open_store("s", 0), *other;
	struct mv_oid oid, more;
	struct mv_tx *tx;

	add_seed(&oid, store, len, 1);
	add_seed(&more, store, 100, 2);
	age_packs("s", 10 * DAY);
	tx = begin(store);
	if (how) {
		other = open_store("o", 0);
		add_seed(&oid, other, len, 1);
		assert_ok(mv_tx_copy(tx, other, &oid, 1, NULL, err));
		mv_store_close(other);
		remove_tree("o");
	} else {
		put_seed(&oid, tx, len, 1);
	}
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(count_files("s/recent"), 1);
	gc(store, NULL, 0, DAY);
	check_seed(store, &oid, len, 1);
	assert_int_equal(mv_store_has(store, &more, NULL, NULL), MV_ENOENT);
	check_clean(store);
	/* After its grace it goes, and so does the note. */
	gc(store, NULL, 0, 0);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	assert_int_equal(count_files("s/recent"), 0);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc__what_was_found_present_lately_is_kept(void **state)
{
	(void)state;
	recent_is_kept(0, 300 * KIB);
	recent_is_kept(0, 10);
	recent_is_kept(1, 300 * KIB);
	recent_is_kept(1, 10);
}

/* No word in recent/ is written for packs of a few minutes: they wait. */
static void test_store_gc__grace_counts_from_the_last_put(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, store, 10, 1);
	age_packs("s", MV_RECENT_AGE_S - 60);
	add_seed(&oid, store, 10, 1);		/* found present, not noted */
	assert_int_equal(count_files("s/recent"), 0);
	age_packs("s", DAY + 60);		/* not yet a day after the put */
	gc(store, NULL, 0, DAY);
	check_seed(store, &oid, 10, 1);
	age_packs("s", DAY + MV_RECENT_AGE_S + 60);
	gc(store, NULL, 0, DAY);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc__a_pack_with_much_dead_weight_is_rewritten(void **state)
{
	struct mv_store *store = open_store("s", 2000);
	struct mv_gc_stats stats;
	struct mv_oid oid[10], live[6];
	struct mv_tx *tx = begin(store);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		put_seed(&oid[i], tx, 150, i);
	assert_ok(mv_tx_commit(tx, NULL, err));
	age_packs("s", 2 * DAY);
	assert_int_equal(count_files("s/packs"), 1);
	stats = gc(store, oid, 8, DAY);		/* 20 % dead: not worth it */
	assert_int_equal(stats.packs_rewritten, 0);
	assert_int_equal(stats.freed, 0);
	check_seed(store, &oid[9], 150, 9);	/* still good for dedup */

	for (unsigned i = 0; i < 6; i++)	/* 40 % dead */
		live[i] = oid[i + 2];
	stats = gc(store, live, 6, DAY);
	assert_int_equal(stats.packs_rewritten, 1);
	assert_int_equal(stats.dropped_chunks, 4);
	assert_int_equal(stats.freed, 4 * (150 + MV_RECORD_HEADER));
	assert_int_equal(count_files("s/packs"), 1);
	for (unsigned i = 0; i < 6; i++)
		check_seed(store, &live[i], 150, i + 2);
	assert_int_equal(mv_store_has(store, &oid[0], NULL, NULL), MV_ENOENT);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc__small_packs_are_joined(void **state)
{
	struct mv_store *store = open_store("s", 10 * KIB);
	struct mv_gc_stats stats;
	struct mv_oid oid[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add_seed(&oid[i], store, 100, i);
	assert_int_equal(count_files("s/packs"), 20);
	age_packs("s", 2 * DAY);
	stats = gc(store, oid, 20, DAY);
	assert_int_equal(stats.packs_rewritten, 20);
	assert_int_equal(stats.dropped_chunks, 0);
	assert_int_equal(count_files("s/packs"), 1);
	assert_int_equal(count_files("s/index"), 1);
	for (unsigned i = 0; i < 20; i++)
		check_seed(store, &oid[i], 100, i);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/*
 * Rewriting can give a pack with the name that it had: the last small one
 * when the others just fill a pack. Whichever order they come in, each is
 * the last one once.
 */
static void test_store_gc__a_pack_that_comes_out_the_same_stays(void **state)
{
	enum { N = 9, EACH = 400 };
	struct mv_oid oid[N];

	(void)state;
	/* 8 records of 420 bytes and the header fit, the ninth does not. */
	for (unsigned seed = 0; seed < 4; seed++) {
		struct mv_store *store =
			open_store("s", MV_PACK_HEADER + 8 * (EACH + 20));

		for (unsigned i = 0; i < N; i++)
			add_seed(&oid[i], store, EACH, 100 * seed + i);
		age_packs("s", 2 * DAY);
		gc(store, oid, N, DAY);
		assert_int_equal(count_files("s/packs"), 2);
		for (unsigned i = 0; i < N; i++)
			check_seed(store, &oid[i], EACH, 100 * seed + i);
		check_clean(store);
		mv_store_close(store);
		remove_tree("s");
	}
}

/* Two packs with the same chunk, an old one and a young one. */
static void test_store_gc__a_double_in_a_young_pack_keeps_the_content(void **state)
{
	struct mv_store *a = open_store("s", 0), *b = open_store("s", 0);
	struct mv_tx *early = begin(a);
	struct mv_oid x, y, more;
	struct mv_gc_stats stats;

	(void)state;
	add_seed(&x, b, 500, 1);
	add_seed(&more, b, 400, 3);
	age_packs("s", 10 * DAY);
	put_seed(&x, early, 500, 1);	/* its snapshot did not show it */
	put_seed(&y, early, 500, 2);
	assert_ok(mv_tx_commit(early, NULL, err));
	mv_store_close(b);
	assert_int_equal(count_files("s/packs"), 3);
	gc(a, NULL, 0, DAY);
	check_seed(a, &x, 500, 1);
	check_seed(a, &y, 500, 2);
	check_clean(a);
	/* A pack of doubles goes once it is old. */
	age_packs("s", 10 * DAY);
	{
		const struct mv_oid both[2] = { x, y };

		stats = gc(a, both, 2, DAY);
		gc(a, both, 2, DAY);
	}
	(void)stats;
	check_seed(a, &x, 500, 1);
	check_seed(a, &y, 500, 2);
	check_clean(a);
	assert_true(count_files("s/packs") <= 2);
	mv_store_close(a);
	remove_tree("s");
}

/* A reader that opened before gc finds its chunks where they are now. */
static void test_store_gc__a_reader_does_not_notice(void **state)
{
	struct mv_store *writer = open_store("s", 0), *reader;
	struct mv_oid keep[2], drop;
	struct mv_tx *tx = begin(writer);

	(void)state;
	put_seed(&keep[0], tx, 300 * KIB, 1);
	put_seed(&drop, tx, 300 * KIB, 2);
	put_seed(&keep[1], tx, 10, 3);
	assert_ok(mv_tx_commit(tx, NULL, err));
	age_packs("s", 2 * DAY);
	reader = open_store("s", 0);
	gc(writer, keep, 2, DAY);
	check_seed(reader, &keep[0], 300 * KIB, 1);
	check_seed(reader, &keep[1], 10, 3);
	assert_int_equal(mv_store_has(reader, &drop, NULL, NULL), MV_ENOENT);
	mv_store_close(reader);
	mv_store_close(writer);
	remove_tree("s");
}

static void test_store_gc__waits_for_no_transaction_of_its_own(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx = begin(store);
	struct mv_gc_stats stats;
	struct mv_oid oid;

	(void)state;
	put_seed(&oid, tx, 10, 1);
	assert_int_equal(try_gc(store, NULL, 0, 0, 0, &stats, NULL), MV_EBUSY);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_ok(try_gc(store, &oid, 1, 0, 0, &stats, err));
	check_seed(store, &oid, 10, 1);
	tx = begin(store);
	mv_tx_abort(tx);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc__damage_stops_it(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_gc_stats stats;
	struct mv_oid oid[2];
	struct mv_tx *tx = begin(store);
	char path[512];

	(void)state;
	put_seed(&oid[0], tx, 5000, 1);
	put_seed(&oid[1], tx, 5000, 2);
	assert_ok(mv_tx_commit(tx, NULL, err));
	age_packs("s", 2 * DAY);
	mv_store_close(store);
	flip_byte(only_file(path, sizeof(path), "s/packs"), 3000, 1);
	age_packs("s", 2 * DAY);
	store = open_store("s", 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(try_gc(store, &oid[i], 1, DAY, 0, &stats,
					NULL), MV_ECORRUPT);
	assert_int_equal(count_files("s/packs"), 1);
	assert_true(!try_seed(store, &oid[0], 5000, 1) ||
		    !try_seed(store, &oid[1], 5000, 2));
	mv_store_close(store);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_gc__what_nobody_names_goes_after_its_grace),
		cmocka_unit_test(test_store_gc__without_roots_nothing_is_dropped),
		cmocka_unit_test(test_store_gc__a_dry_run_changes_nothing),
		cmocka_unit_test(test_store_gc__a_young_recipe_keeps_its_old_chunks),
		cmocka_unit_test(test_store_gc__what_was_found_present_lately_is_kept),
		cmocka_unit_test(test_store_gc__grace_counts_from_the_last_put),
		cmocka_unit_test(test_store_gc__a_pack_with_much_dead_weight_is_rewritten),
		cmocka_unit_test(test_store_gc__small_packs_are_joined),
		cmocka_unit_test(test_store_gc__a_pack_that_comes_out_the_same_stays),
		cmocka_unit_test(test_store_gc__a_double_in_a_young_pack_keeps_the_content),
		cmocka_unit_test(test_store_gc__a_reader_does_not_notice),
		cmocka_unit_test(test_store_gc__waits_for_no_transaction_of_its_own),
		cmocka_unit_test(test_store_gc__damage_stops_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_gc", tests, store_enter,
					   tmp_leave);
}
