/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/pace.h"
#include "tests/unit/store.h"

/* ThreadSanitizer finds nothing where there is one thread. */
#define ONLY_THREADS (MV_PACE > 10)

#define KIB ((size_t)1024)
#define MIB ((size_t)1024 * 1024)

static const size_t sizes[] = {
	0, 1, 2, 7, 8, 100, 4095, 4096, 32 * 1024 - 1, 32 * 1024,
	64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 128 * 1024, 256 * 1024 - 1,
	256 * 1024, 256 * 1024 + 1, 1024 * 1024 - 1, 1024 * 1024,
	1024 * 1024 + 1, 1280 * 1024 - 1, 1280 * 1024, 1280 * 1024 + 1,
	2560 * 1024, 3 * 1024 * 1024 + 7
};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void check_restored(struct mv_store *store, const struct mv_oid *oid,
			   const uint8_t *data, size_t len)
{
	int fd = open("restored", O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t got;
	uint8_t *back;

	assert_true(fd >= 0);
	assert_ok(mv_store_restore(store, oid, fd, "restored", err));
	close(fd);
	back = load_file("restored", &got);
	assert_int_equal(got, len);
	assert_memory_equal(back, data, len);
	free(back);
	unlink("restored");
}

static void roundtrip(struct mv_pool *pool, uint64_t pack_size)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .pool = pool,
					    .pack_size = pack_size };
	struct mv_store *store = open_with("s", options);
	struct mv_tx *tx = begin(store);
	struct mv_tx_stats stats;
	struct mv_oid oid[SIZES];
	uint64_t sum = 0;

	for (size_t i = 0; i < SIZES; i++) {
		put_seed(&oid[i], tx, sizes[i], i + 1);
		sum += sizes[i];
	}
	assert_ok(mv_tx_commit(tx, &stats, err));
	assert_int_equal(stats.contents, SIZES);
	assert_int_equal(stats.logical, sum);
	assert_true(stats.new_raw <= sum && stats.new_raw > sum - 100 * KIB);
	mv_store_close(store);

	store = open_with("s", options);
	for (size_t i = 0; i < SIZES; i++) {
		uint8_t *data = make_data(sizes[i], i + 1);

		check_data(store, &oid[i], data, sizes[i]);
		check_restored(store, &oid[i], data, sizes[i]);
		free(data);
	}
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__every_size_comes_back_without_a_pool(void **state)
{
	(void)state;
	if (!ONLY_THREADS)
		roundtrip(NULL, 0);
}

static void test_store_tx__every_size_comes_back_with_a_pool(void **state)
{
	struct mv_pool *pool;

	(void)state;
	assert_ok(mv_pool_new(&pool, 3, err));
	roundtrip(pool, 300 * KIB);
	mv_pool_free(pool);
}

/* More chunks than one list of them holds: parts. */
static void many_chunks(size_t count, struct mv_pool *pool, size_t tail)
{
	struct mv_store *store = open_tiny("s", 64 * KIB, pool);
	size_t len = count * TINY + tail;
	uint8_t *data = make_data(len, count);
	struct mv_recipe_reader r;
	struct mv_oid oid;
	struct mv_tx *tx = begin(store);
	struct mv_mem_reader mem = { (const char *)data, len, 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	uint64_t size;
	uint8_t part[64];
	size_t got;

	assert_ok(mv_tx_put(&oid, &size, tx, &in, pool ? UINT64_MAX : 0, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_data(store, &oid, data, len);
	check_restored(store, &oid, data, len);
	assert_ok(mv_recipe_open(&r, store, &oid, err));
	assert_int_equal(r.recipe.depth, count + !!tail > MV_RECIPE_FAN);
	mv_recipe_close(&r);
	for (size_t off = 0; off < len; off += len / 37 + 1) {
		assert_ok(mv_store_read_at(store, &oid, off, part,
					   sizeof(part), &got, err));
		assert_true(got == sizeof(part) || off + got == len);
		assert_memory_equal(part, data + off, got);
	}
	free(data);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__many_chunks_make_parts(void **state)
{
	struct mv_pool *pool;

	(void)state;
	assert_ok(mv_pool_new(&pool, 2, err));
	many_chunks(MV_RECIPE_FAN, pool, 3);
	if (!ONLY_THREADS) {
		many_chunks(MV_RECIPE_FAN, NULL, 0);
		many_chunks(MV_RECIPE_FAN + 1, NULL, 0);
		many_chunks(2 * MV_RECIPE_FAN, pool, 0);
	}
	many_chunks(2 * MV_RECIPE_FAN + 5, pool, 7);
	mv_pool_free(pool);
}

static void test_store_tx__what_is_there_is_not_stored_again(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx = begin(store);
	struct mv_tx_stats first, stats;
	struct mv_oid a, b;
	uint64_t size = 0;

	(void)state;
	put_seed(&a, tx, 700 * KIB, 1);
	put_seed(&b, tx, 700 * KIB, 1);		/* twice in one */
	assert_true(mv_oid_eq(&a, &b));
	assert_ok(mv_tx_has(tx, &a, NULL, err));
	assert_ok(mv_tx_commit(tx, &first, err));
	assert_int_equal(first.contents, 2);
	assert_int_equal(first.new_raw, 700 * KIB);

	tx = begin(store);			/* and in another */
	put_seed(&b, tx, 700 * KIB, 1);
	assert_ok(mv_tx_has(tx, &a, &size, err));
	assert_int_equal(size, 700 * KIB);
	assert_ok(mv_tx_commit(tx, &stats, err));
	assert_int_equal(stats.new_chunks, 0);
	assert_int_equal(stats.new_stored, 0);
	assert_int_equal(count_files("s/packs"), 1);
	assert_int_equal(count_files("s/index"), 1);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__a_size_can_be_asked_before_commit(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx = begin(store);
	struct mv_oid small, large, none = { { 1 } };
	uint64_t size = 0;

	(void)state;
	put_seed(&small, tx, 5, 1);
	put_seed(&large, tx, 300 * KIB, 2);
	assert_ok(mv_tx_has(tx, &large, &size, err));
	assert_int_equal(size, 300 * KIB);
	assert_ok(mv_tx_has(tx, &small, &size, err));
	assert_int_equal(size, 5);
	assert_int_equal(mv_tx_has(tx, &none, NULL, NULL), MV_ENOENT);
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_seed(store, &large, 300 * KIB, 2);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__abort_leaves_nothing(void **state)
{
	struct mv_store *store = open_store("s", 100 * KIB);
	struct mv_tx *tx = begin(store);
	struct mv_oid oid;

	(void)state;
	put_seed(&oid, tx, 500 * KIB, 1);
	mv_tx_abort(tx);
	mv_tx_abort(NULL);
	assert_int_equal(count_files("s/tmp"), 0);
	assert_int_equal(count_files("s/packs"), 0);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	mv_store_close(store);
	remove_tree("s");
}

/* -- readers -------------------------------------------------------------- */

struct trickle {
	const uint8_t *data;
	size_t len, pos, fail_at;
	uint64_t random;
};

static int trickle_read(void *payload, void *data, size_t len, size_t *got,
			struct mv_err *err)
{
	struct trickle *t = payload;
	size_t n = 1 + next_random(&t->random) % 5000;

	if (t->pos >= t->fail_at)
		return mv_fail(err, MV_EIO, "no more of it");
	if (n > len)
		n = len;
	if (n > t->len - t->pos)
		n = t->len - t->pos;
	memcpy(data, t->data + t->pos, n);
	t->pos += n;
	*got = n;
	return 0;
}

static void test_store_tx__readers_may_give_little_at_a_time(void **state)
{
	struct mv_store *store = open_store("s", 0);
	uint8_t *data = make_data(2 * MIB, 3);
	struct trickle t = { data, 2 * MIB, 0, SIZE_MAX, 1 };
	struct mv_reader in = { trickle_read, &t };
	struct mv_tx *tx = begin(store);
	struct mv_oid oid, again;
	uint64_t size;
	struct mv_tx_stats stats;

	(void)state;
	assert_ok(mv_tx_put(&oid, &size, tx, &in, UINT64_MAX, err));
	put_data(&again, tx, data, 2 * MIB);
	assert_true(mv_oid_eq(&oid, &again));
	assert_ok(mv_tx_commit(tx, &stats, err));
	assert_int_equal(stats.new_raw, 2 * MIB);	/* cut alike */
	check_data(store, &oid, data, 2 * MIB);
	free(data);
	mv_store_close(store);
	remove_tree("s");
}

/* A put that fails half-way must not take along what others share with it. */
static void reader_fails(struct mv_pool *pool, size_t fail_at)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .pool = pool };
	struct mv_store *store = open_with("s", options);
	uint8_t *data = make_data(5 * MIB, 4);
	struct trickle t = { data, 5 * MIB, 0, fail_at, 2 };
	struct mv_reader in = { trickle_read, &t };
	struct mv_tx *tx = begin(store);
	struct mv_err why = { 0 };
	struct mv_oid oid;
	uint64_t size;

	assert_int_equal(mv_tx_put(&oid, &size, tx, &in, 5 * MIB, &why),
			 MV_EIO);
	assert_string_equal(why.msg, "no more of it");
	put_data(&oid, tx, data, 5 * MIB);
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_data(store, &oid, data, 5 * MIB);
	check_clean(store);
	free(data);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__a_reader_that_fails_spoils_nothing(void **state)
{
	const size_t step = (ONLY_THREADS ? 3 : 1) * (MIB + 12345);
	struct mv_pool *pool;

	(void)state;
	assert_ok(mv_pool_new(&pool, 2, err));
	for (size_t at = 0; at < 5 * MIB; at += step) {
		if (!ONLY_THREADS)
			reader_fails(NULL, at);
		reader_fails(pool, at);
	}
	mv_pool_free(pool);
}

/* -- plans ---------------------------------------------------------------- */

static int greedy_plan(struct mv_runs *out, size_t *need, const uint8_t *head,
		       size_t len, int eof, struct mv_err *err)
{
	(void)out;
	(void)head;
	(void)eof;
	(void)err;
	*need = len + 1;
	return MV_EBUSY;
}

static int huge_plan(struct mv_runs *out, size_t *need, const uint8_t *head,
		     size_t len, int eof, struct mv_err *err)
{
	(void)out;
	(void)head;
	(void)len;
	(void)eof;
	(void)err;
	*need = (size_t)MV_RUN_HEAD_MAX + 1;
	return MV_EBUSY;
}

static int stuck_plan(struct mv_runs *out, size_t *need, const uint8_t *head,
		      size_t len, int eof, struct mv_err *err)
{
	(void)out;
	(void)need;
	(void)head;
	(void)len;
	(void)eof;
	(void)err;
	return MV_EBUSY;
}

static int failing_plan(struct mv_runs *out, size_t *need,
			const uint8_t *head, size_t len, int eof,
			struct mv_err *err)
{
	(void)out;
	(void)need;
	(void)head;
	(void)len;
	(void)eof;
	return mv_nomem(err);
}

static void with_plan(mv_runs_fn plan, size_t len, int want)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .plan = plan };
	struct mv_store *store = open_with("s", options);
	uint8_t *data = make_data(len, 5);
	struct mv_tx *tx = begin(store);
	struct mv_oid oid;

	assert_int_equal(try_put(&oid, tx, data, len, NULL), want);
	assert_ok(mv_tx_commit(tx, NULL, err));
	if (!want)
		check_data(store, &oid, data, len);
	free(data);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__plans_are_only_hints(void **state)
{
	static const size_t lens[] = { 0, 1, 64 * 1024 - 1, 64 * 1024,
				       64 * 1024 + 1, 64 * 1024 + 40 };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		with_plan(greedy_plan, lens[i], 0);
		with_plan(huge_plan, lens[i], 0);
		with_plan(stuck_plan, lens[i], 0);
		with_plan(tiny_runs, lens[i], 0);
		with_plan(failing_plan, lens[i], MV_ENOMEM);
	}
}

/* -- names that are taken ------------------------------------------------- */

/* A damaged file must not be taken for the one that is about to be named. */
static void test_store_tx__a_damaged_index_does_not_hide_new_content(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid oid;
	char path[512];

	(void)state;
	add_seed(&oid, store, 200 * KIB, 6);
	mv_store_close(store);
	only_file(path, sizeof(path), "s/index");
	assert_int_equal(truncate(path, 100), 0);

	store = open_store("s", 0);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	add_seed(&oid, store, 200 * KIB, 6);
	check_seed(store, &oid, 200 * KIB, 6);
	assert_int_equal(count_files("s/bad"), 1);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__a_damaged_pack_does_not_hide_new_content(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid oid;
	char path[512];

	(void)state;
	add_seed(&oid, store, 200 * KIB, 6);
	mv_store_close(store);
	flip_byte(only_file(path, sizeof(path), "s/packs"), 5000, 1);
	empty_dir("s/index");

	store = open_store("s", 0);
	add_seed(&oid, store, 200 * KIB, 6);
	check_seed(store, &oid, 200 * KIB, 6);
	assert_int_equal(count_files("s/bad"), 1);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__files_may_do_what_the_folder_may(void **state)
{
	static const mode_t dir_modes[] = { 0700, 0750, 0755, 02775 };
	struct stat st;
	char path[512];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		mode_t want = dir_modes[i];
		struct mv_store *store;
		struct mv_oid oid;

		assert_int_equal(mkdir("s", 0700), 0);
		assert_int_equal(chmod("s", want), 0);
		store = open_store("s", 0);
		add_seed(&oid, store, 10, 1);
		assert_int_equal(stat("s/packs", &st), 0);
		assert_int_equal(st.st_mode & 07777, want);
		assert_int_equal(stat("s/lock", &st), 0);
		assert_int_equal(st.st_mode & 0777, want & 0666);
		stat(only_file(path, sizeof(path), "s/packs"), &st);
		assert_int_equal(st.st_mode & 0777, want & 0444);
		stat(only_file(path, sizeof(path), "s/index"), &st);
		assert_int_equal(st.st_mode & 0777, want & 0444);
		mv_store_close(store);
		remove_tree("s");
	}
}

static void test_store_tx__a_full_disk_is_an_error_and_no_more(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_oid oid, more;
	struct mv_err why = { 0 };
	struct mv_tx *tx;
	uint8_t *data = make_data(100 * KIB, 8);

	(void)state;
	add_seed(&oid, store, 100 * KIB, 7);
	tx = begin(store);
	put_data(&more, tx, data, 100 * KIB);
	/* The write under way fails: nothing of it may be published. */
	mv_tx_poison(tx, MV_EIO, NULL);
	assert_int_equal(try_put(&more, tx, data, 100 * KIB, &why), MV_EIO);
	assert_int_equal(mv_tx_flush(tx, MV_TX_SYNC, &why), MV_EIO);
	assert_int_equal(mv_tx_commit(tx, NULL, &why), MV_EIO);
	assert_int_equal(mv_store_has(store, &more, NULL, NULL), MV_ENOENT);
	check_seed(store, &oid, 100 * KIB, 7);
	check_clean(store);
	free(data);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_tx__a_readers_store_is_never_written(void **state)
{
	struct mv_store_options options = { .flags = MV_STORE_READ_ONLY };
	struct mv_gc_options gc = { 0 };
	struct mv_gc_stats stats;
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx;
	struct mv_oid oid;
	uint64_t bad;

	(void)state;
	add_seed(&oid, store, 100 * KIB, 7);
	mv_store_close(store);
	store = open_with("s", options);
	check_seed(store, &oid, 100 * KIB, 7);
	assert_int_equal(mv_tx_begin(&tx, store, NULL), MV_EDENIED);
	assert_int_equal(mv_store_gc(store, &gc, &stats, NULL), MV_EDENIED);
	assert_int_equal(mv_store_fsck(store, MV_FSCK_REPAIR, NULL, NULL, &bad,
				       NULL), MV_EDENIED);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_tx__every_size_comes_back_without_a_pool),
		cmocka_unit_test(test_store_tx__every_size_comes_back_with_a_pool),
		cmocka_unit_test(test_store_tx__many_chunks_make_parts),
		cmocka_unit_test(test_store_tx__what_is_there_is_not_stored_again),
		cmocka_unit_test(test_store_tx__a_size_can_be_asked_before_commit),
		cmocka_unit_test(test_store_tx__abort_leaves_nothing),
		cmocka_unit_test(test_store_tx__readers_may_give_little_at_a_time),
		cmocka_unit_test(test_store_tx__a_reader_that_fails_spoils_nothing),
		cmocka_unit_test(test_store_tx__plans_are_only_hints),
		cmocka_unit_test(test_store_tx__a_damaged_index_does_not_hide_new_content),
		cmocka_unit_test(test_store_tx__a_damaged_pack_does_not_hide_new_content),
		cmocka_unit_test(test_store_tx__files_may_do_what_the_folder_may),
		cmocka_unit_test(test_store_tx__a_full_disk_is_an_error_and_no_more),
		cmocka_unit_test(test_store_tx__a_readers_store_is_never_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_tx", tests, store_enter,
					   tmp_leave);
}
