/* SPDX-License-Identifier: MIT */
#include "tests/unit/lean.h"

#define DAY 86400

/* Which versions are named, and which may lean on which. */
struct series {
	unsigned first, last;
	const unsigned (*pair)[2];	/* { 0, 0 } ends it; NULL: each on the next */
	int newer;
	unsigned asked;			/* contents that wanted it */
	uint64_t base_off;
};

static int series_roots(void *payload,
			int (*add)(void *sink, const struct mv_oid *oid),
			void *sink, struct mv_err *err)
{
	const struct series *s = payload;
	int rc = 0;

	(void)err;
	for (unsigned v = s->first; !rc && v <= s->last; v++) {
		struct mv_oid oid;

		lean_oid(&oid, v);
		rc = add(sink, &oid);
	}
	return rc;
}

static int one_pair(struct series *s, struct mv_gc_leaner *leaner, unsigned v,
		    unsigned on, struct mv_err *err)
{
	struct mv_lean_run run = { 0, s->base_off, LEAN_LEN, MV_NUMBERS_I8 };
	struct mv_oid oid, base;
	int rc;

	lean_oid(&oid, v);
	lean_oid(&base, on);
	rc = mv_gc_wants(leaner, &oid, s->newer, err);
	if (rc != 1)
		return rc;
	s->asked++;
	return mv_gc_may_lean(leaner, &oid, &base, &run, 1, s->newer, err);
}

static int series_leans(void *payload, struct mv_gc_leaner *leaner,
			struct mv_err *err)
{
	struct series *s = payload;
	int rc = 0;

	for (size_t i = 0; !rc && s->pair && s->pair[i][0] != s->pair[i][1];
	     i++)
		rc = one_pair(s, leaner, s->pair[i][0], s->pair[i][1], err);
	for (unsigned v = s->last; !rc && !s->pair && v-- > s->first;)
		rc = one_pair(s, leaner, v, v + 1, err);
	return rc;
}

static struct mv_gc_stats gc_series(struct mv_store *store, struct series *s)
{
	struct mv_gc_options options = {
		.grace_s = DAY, .now = (int64_t)time(NULL),
		.roots = series_roots, .leans = series_leans, .payload = s
	};
	struct mv_gc_stats stats;

	s->asked = 0;
	assert_ok(mv_store_gc(store, &options, &stats, err));
	return stats;
}

/* How deep the index says that the version's chunk leans. */
static unsigned depth_of(struct mv_store *store, unsigned v)
{
	struct mv_snapshot *s;
	struct mv_oid id;
	unsigned depth;
	int64_t pos;

	lean_id(&id, v);
	assert_ok(mv_store_snapshot(&s, store, err));
	assert_int_equal(s->count, 1);
	pos = mv_index_find(s->index[0], MV_INDEX_CHUNKS, &id);
	assert_true(pos >= 0);
	depth = mv_index_about(s->index[0], MV_INDEX_CHUNKS, (uint64_t)pos) &
		MV_ABOUT_DEPTH;
	mv_snapshot_release(store, s);
	return depth;
}

static void check_all(struct mv_store *store, unsigned first, unsigned last)
{
	for (unsigned v = first; v <= last; v++)
		lean_check(store, v);
	check_clean(store);
}

static void add_all(struct mv_store *store, unsigned first, unsigned last)
{
	for (unsigned v = first; v <= last; v++)
		lean_add(store, v, v, 0);
}

static void test_store_gc_lean__all_but_the_newest_lean(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 12, .newer = 1 };
	struct mv_gc_stats stats;

	(void)state;
	add_all(store, 1, 12);
	stats = gc_series(store, &s);
	assert_int_equal(s.asked, 11);
	assert_int_equal(stats.leaning, 11);
	assert_true(stats.lean_saved > 11 * LEAN_LEN / 2);
	assert_true(stats.freed > 11 * LEAN_LEN / 3);
	assert_int_equal(depth_of(store, 12), 0);
	for (unsigned v = 1; v < 12; v++)
		assert_in_range(depth_of(store, v), 1, MV_DEPTH_MAX);
	assert_int_equal(depth_of(store, 1), MV_DEPTH_MAX);
	check_all(store, 1, 12);
	/* Again: nobody wants anything, nothing is written. */
	stats = gc_series(store, &s);
	assert_int_equal(s.asked, 0);
	assert_int_equal(stats.leaning, 0);
	assert_int_equal(stats.packs_rewritten, 0);
	assert_int_equal(stats.freed, 0);
	check_all(store, 1, 12);
	mv_store_close(store);
	remove_tree("s");
}

/* Young packs are rewritten for it, and what nobody names stays in them. */
static void test_store_gc_lean__the_young_lose_nothing(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 3, .newer = 1 };
	struct mv_tx *tx = begin(store);
	struct mv_oid whole;

	(void)state;
	for (unsigned v = 1; v <= 8; v++) {
		lean_chunk(tx, v, v, 0);
		lean_recipe(tx, v);
	}
	put_seed(&whole, tx, 500, 1);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(gc_series(store, &s).leaning, 2);
	check_all(store, 1, 8);
	check_seed(store, &whole, 500, 1);
	mv_store_close(store);
	remove_tree("s");
}

/* One gc after each version: what leans finds room to lean on the next. */
static void test_store_gc_lean__each_version_as_it_comes(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 1, .newer = 1 };
	unsigned alone = 0;

	(void)state;
	for (s.last = 1; s.last <= 11; s.last++) {
		lean_add(store, s.last, s.last, 0);
		age_packs("s", 2 * DAY);
		gc_series(store, &s);
		check_all(store, 1, s.last);
	}
	for (unsigned v = 1; v <= 11; v++)
		alone += !depth_of(store, v);
	assert_int_equal(alone, 3);		/* 5, 10 and the newest */
	assert_int_equal(depth_of(store, 1), 4);
	assert_int_equal(depth_of(store, 2), 3);
	assert_int_equal(depth_of(store, 4), 1);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_gc_lean__nothing_leans_on_itself(void **state)
{
	static const unsigned around[][2] = {
		{ 1, 2 }, { 2, 3 }, { 3, 1 }, { 2, 1 }, { 3, 2 }, { 0, 0 }
	};
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 3, .pair = around,
			    .newer = 1 };

	(void)state;
	add_all(store, 1, 3);
	assert_int_equal(gc_series(store, &s).leaning, 2);
	assert_int_equal(depth_of(store, 3), 0);
	check_all(store, 1, 3);
	/* Also when the way around is there already. */
	s.newer = 0;
	assert_int_equal(gc_series(store, &s).leaning, 0);
	check_all(store, 1, 3);
	mv_store_close(store);
	remove_tree("s");
}

/* Many on one, and that on another. */
static void test_store_gc_lean__a_base_of_many_may_lean_too(void **state)
{
	static const unsigned many[][2] = {
		{ 1, 5 }, { 2, 5 }, { 3, 5 }, { 5, 6 }, { 4, 3 }, { 0, 0 }
	};
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 6, .pair = many };

	(void)state;
	add_all(store, 1, 6);
	assert_int_equal(gc_series(store, &s).leaning, 5);
	assert_int_equal(depth_of(store, 6), 0);
	assert_true(depth_of(store, 5) < depth_of(store, 3));
	assert_true(depth_of(store, 3) < depth_of(store, 4));
	check_all(store, 1, 6);
	mv_store_close(store);
	remove_tree("s");
}

/* What did not pay is not tried again, unless there is a better reason. */
static void test_store_gc_lean__what_was_tried_is_remembered(void **state)
{
	static const unsigned far[][2] = { { 1, 200 }, { 0, 0 } };
	static const unsigned near[][2] = { { 1, 2 }, { 0, 0 } };
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 2, .pair = far };

	(void)state;
	add_all(store, 1, 2);
	lean_add(store, 200, 200, 0);		/* nothing is as it was */
	assert_int_equal(gc_series(store, &s).leaning, 0);
	assert_int_equal(s.asked, 1);
	mv_store_close(store);
	store = open_store("s", 0);
	gc_series(store, &s);
	assert_int_equal(s.asked, 0);
	/* The next version of its path is one. */
	s.pair = near;
	s.newer = 1;
	assert_int_equal(gc_series(store, &s).leaning, 1);
	assert_int_equal(s.asked, 1);
	check_all(store, 1, 2);
	mv_store_close(store);
	remove_tree("s");
}

/* The numbers stand elsewhere there: no chunk begins at that place. */
static void test_store_gc_lean__other_cuts_are_passed_over(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 2, .newer = 1,
			    .base_off = 100 };

	(void)state;
	add_all(store, 1, 2);
	assert_int_equal(gc_series(store, &s).leaning, 0);
	check_all(store, 1, 2);
	mv_store_close(store);
	remove_tree("s");
}

/* A gc that was killed: deltas beside what they replace. The next one ends it. */
static void test_store_gc_lean__doubles_of_a_killed_gc_go(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct series s = { .first = 1, .last = 3, .newer = 1 };
	struct mv_tx *tx = begin(store);

	(void)state;
	for (unsigned v = 1; v <= 3; v++) {
		lean_chunk(tx, v, v, 0);
		lean_recipe(tx, v);
	}
	assert_ok(mv_tx_commit(tx, NULL, err));
	tx = begin(store);
	lean_chunk(tx, 1, 2, 4);
	lean_chunk(tx, 2, 3, 3);
	assert_ok(mv_tx_commit(tx, NULL, err));
	age_packs("s", 2 * DAY);
	assert_int_equal(gc_series(store, &s).leaning, 0);
	assert_int_equal(depth_of(store, 1), 4);
	check_all(store, 1, 3);
	assert_int_equal(count_files("s/packs"), 2);
	assert_int_equal(gc_series(store, &s).packs_rewritten, 0);
	mv_store_close(store);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_gc_lean__all_but_the_newest_lean),
		cmocka_unit_test(test_store_gc_lean__the_young_lose_nothing),
		cmocka_unit_test(test_store_gc_lean__each_version_as_it_comes),
		cmocka_unit_test(test_store_gc_lean__nothing_leans_on_itself),
		cmocka_unit_test(
			test_store_gc_lean__a_base_of_many_may_lean_too),
		cmocka_unit_test(
			test_store_gc_lean__what_was_tried_is_remembered),
		cmocka_unit_test(
			test_store_gc_lean__other_cuts_are_passed_over),
		cmocka_unit_test(
			test_store_gc_lean__doubles_of_a_killed_gc_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, store_enter, tmp_leave);
}
