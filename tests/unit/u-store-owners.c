/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

/*
 * For whom a pack was written: what gc keeps because nobody can be asked.
 */
#define LEN ((size_t)40000)
#define OWNER "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"

static int no_roots(void *payload,
		    int (*add)(void *sink, const struct mv_oid *oid),
		    void *sink, struct mv_err *err)
{
	(void)payload;
	(void)add;
	(void)sink;
	(void)err;
	return 0;
}

/* Nothing is named any more, and nothing is young. */
static struct mv_gc_stats gc(struct mv_store *store)
{
	struct mv_gc_options options = { .now = time(NULL) + 1,
					 .roots = no_roots };
	struct mv_gc_stats stats;

	assert_ok(mv_store_gc(store, &options, &stats, err));
	return stats;
}

static struct mv_store *open_for(const char *owner)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .owner = owner };

	return open_with("s", options);
}

/* As a repository enters itself: the whole hash, of which an owner is half. */
static void enter(const char *owner)
{
	char path[256];
	FILE *f;

	mkdir("s/clients", 0777);
	snprintf(path, sizeof(path), "s/clients/%s%s", owner, OTHER);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static void test_store_owners__nobody_in_particular_is_as_before(void **state)
{
	struct mv_store *store = open_for(NULL);
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, store, LEN, 1);
	assert_int_equal(access("s/owners", F_OK), -1);
	assert_true(gc(store).freed > LEN / 2);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_owners__whom_nobody_asks_loses_nothing(void **state)
{
	struct mv_store *store = open_for(OWNER);
	struct mv_gc_stats stats;
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, store, LEN, 2);
	assert_int_equal(count_files("s/owners"), 1);
	mv_store_close(store);
	store = open_for(NULL);
	stats = gc(store);
	assert_int_equal(stats.freed, 0);
	assert_true(stats.kept_foreign > LEN);
	assert_int_equal(stats.kept_young, 0);	/* and said once */
	check_seed(store, &oid, LEN, 2);
	enter(OTHER);			/* somebody else */
	assert_int_equal(gc(store).freed, 0);
	enter(OWNER);			/* asked, and has no pointer */
	assert_true(gc(store).freed > LEN / 2);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	assert_int_equal(count_files("s/owners"), 0);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_owners__what_was_there_already_can_be_claimed(void **state)
{
	struct mv_store *store = open_for(NULL);
	struct mv_oid oid[3];

	(void)state;
	add_seed(&oid[0], store, LEN, 3);
	add_seed(&oid[1], store, 900000, 4);	/* a recipe, and chunks */
	add_seed(&oid[2], store, LEN, 5);
	mv_store_close(store);
	store = open_for(OWNER);
	name_seed(&oid[2], LEN, 6);		/* not there: passed over */
	assert_ok(mv_store_keep(store, oid, 3, err));
	assert_ok(mv_store_keep(store, oid, 3, err));
	assert_int_equal(count_files("s/owners"), 2);
	mv_store_close(store);
	store = open_for(NULL);
	gc(store);
	check_seed(store, &oid[0], LEN, 3);
	check_seed(store, &oid[1], 900000, 4);
	name_seed(&oid[2], LEN, 5);
	assert_int_equal(mv_store_has(store, &oid[2], NULL, NULL), MV_ENOENT);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_owners__who_is_asked_need_not_claim(void **state)
{
	struct mv_store *store = open_for(NULL);
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, store, LEN, 7);
	mv_store_close(store);
	enter(OWNER);
	store = open_for(OWNER);
	assert_ok(mv_store_keep(store, &oid, 1, err));
	assert_int_equal(access("s/owners", F_OK), -1);
	mv_store_close(store);
	remove_tree("s");
}

/* A killed writer's pack is adopted by whoever comes next, with its owner. */
static void test_store_owners__an_orphan_keeps_its_owner(void **state)
{
	struct mv_store *store = open_for(OWNER);
	struct mv_tx *tx = begin(store);
	struct mv_oid oid;

	(void)state;
	put_seed(&oid, tx, LEN, 8);
	assert_ok(mv_tx_flush(tx, 0, err));
	mv_tx_abort(tx);			/* what was flushed stays */
	mv_store_close(store);
	assert_int_equal(access("s/owners", F_OK), -1);
	store = open_for(NULL);
	assert_ok(mv_store_recover(store, err));
	assert_int_equal(count_files("s/owners"), 1);
	assert_int_equal(gc(store).freed, 0);
	check_seed(store, &oid, LEN, 8);
	mv_store_close(store);
	remove_tree("s");
}

struct all {
	const struct mv_oid *oid;
	size_t count;
};

static int all_roots(void *payload,
		     int (*add)(void *sink, const struct mv_oid *oid),
		     void *sink, struct mv_err *err)
{
	struct all *all = payload;
	int rc = 0;

	(void)err;
	for (size_t i = 0; !rc && i < all->count; i++)
		rc = add(sink, &all->oid[i]);
	return rc;
}

static void test_store_owners__a_pack_written_anew_keeps_them(void **state)
{
	struct mv_store *store = open_for(OWNER);
	struct mv_oid oid[20];
	struct all all = { oid, 20 };
	struct mv_gc_options options = { .now = time(NULL) + 1,
					 .roots = all_roots, .payload = &all };
	struct mv_gc_stats stats;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add_seed(&oid[i], store, 5000, 100 + i);
	mv_store_close(store);
	enter(OWNER);
	store = open_for(NULL);
	assert_ok(mv_store_gc(store, &options, &stats, err));
	assert_int_equal(stats.packs_rewritten, 20);
	assert_int_equal(count_files("s/packs"), 1);
	assert_int_equal(count_files("s/owners"), 1);
	/* Who was asked is not there any more, and nobody names anything. */
	remove_tree("s/clients");
	assert_int_equal(gc(store).freed, 0);
	for (unsigned i = 0; i < 20; i++)
		check_seed(store, &oid[i], 5000, 100 + i);
	mv_store_close(store);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_owners__nobody_in_particular_is_as_before),
		cmocka_unit_test(test_store_owners__whom_nobody_asks_loses_nothing),
		cmocka_unit_test(test_store_owners__what_was_there_already_can_be_claimed),
		cmocka_unit_test(test_store_owners__who_is_asked_need_not_claim),
		cmocka_unit_test(test_store_owners__an_orphan_keeps_its_owner),
		cmocka_unit_test(test_store_owners__a_pack_written_anew_keeps_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, store_enter, tmp_leave);
}
