/* SPDX-License-Identifier: MIT */
/* store/part.h: some bytes of a content, where the rest of it is not here. */
#include "libmv/store/part.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

#define MIB ((size_t)1 << 20)
#define DAY ((int64_t)24 * 3600)
#define LEN ((size_t)900 * TINY)

static int copy_part(struct mv_store *to, struct mv_store *from,
		     const struct mv_oid *oid, const struct mv_range *r,
		     size_t count, uint8_t *found, struct mv_tx_stats *stats)
{
	struct mv_tx *tx = begin(to);
	int rc = mv_tx_copy_part(tx, from, oid, LEN, r, count, found, NULL);

	if (rc)
		mv_tx_abort(tx);
	else
		assert_ok(mv_tx_commit(tx, stats, err));
	return rc;
}

static void bring_of(struct mv_store *to, struct mv_store *from,
		     const struct mv_oid *oid, uint64_t off, uint64_t len)
{
	const struct mv_range r = { off, len };
	struct mv_tx *tx = begin(to);
	uint8_t found = 0;

	assert_ok(mv_tx_copy_part(tx, from, oid, UINT64_MAX, &r, 1, &found,
				  err));
	assert_int_equal(found, 1);
	assert_ok(mv_tx_commit(tx, NULL, err));
}

static void bring(struct mv_store *to, struct mv_store *from,
		  const struct mv_oid *oid, uint64_t off, uint64_t len)
{
	const struct mv_range r = { off, len };
	uint8_t found = 0;

	assert_int_equal(copy_part(to, from, oid, &r, 1, &found, NULL), 0);
	assert_int_equal(found, 1);
}

static int reads(struct mv_store *store, const struct mv_oid *oid,
		 uint64_t seed, uint64_t off, size_t len)
{
	uint8_t *data = make_data(LEN, seed), *have = malloc(len + 1);
	size_t got = 99;
	int rc = mv_store_part_read_at(store, oid, off, have, len, &got, NULL);

	if (rc) {
		assert_int_equal(got, 0);
	} else {
		assert_int_equal(got, off + len <= LEN ? len :
				 off < LEN ? LEN - off : 0);
		assert_memory_equal(have, data + off, got);
	}
	free(have);
	free(data);
	return rc;
}

static void test_store_part__what_was_brought_is_read_and_no_more(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	const struct mv_range wants[] = { { 500, 30 }, { 0, 10 }, { 505, 9 },
					  { 7, 0 } };
	struct mv_tx_stats stats;
	struct mv_oid oid;
	uint64_t size;
	uint8_t found;
	int vouched = 1;

	(void)state;
	add_seed(&oid, from, LEN, 1);
	assert_int_equal(mv_store_part_has(to, &oid, &size, &vouched, NULL),
			 MV_ENOENT);
	assert_int_equal(copy_part(to, from, &oid, wants, 4, &found, &stats),
			 0);
	assert_int_equal(found, 1);
	/* 0..23, 480..503, 504..527, 528..551 */
	assert_int_equal(stats.new_chunks, 4);
	assert_int_equal(stats.contents, 0);
	assert_ok(mv_store_part_has(to, &oid, &size, &vouched, err));
	assert_int_equal(size, LEN);
	assert_int_equal(vouched, 0);
	assert_int_equal(reads(to, &oid, 1, 0, 24), 0);
	assert_int_equal(reads(to, &oid, 1, 480, 72), 0);
	assert_int_equal(reads(to, &oid, 1, 0, 25), MV_ENOENT);
	assert_int_equal(reads(to, &oid, 1, 479, 2), MV_ENOENT);
	assert_int_equal(reads(to, &oid, 1, 551, 2), MV_ENOENT);
	assert_int_equal(reads(to, &oid, 1, LEN, 2), 0);	/* the end */

	/* To everybody else it is not here. */
	assert_int_equal(mv_store_has(to, &oid, NULL, NULL), MV_ENOENT);
	assert_int_equal(try_seed(to, &oid, LEN, 1), MV_ENOENT);
	check_clean(to);

	/* More of it, then all of it. */
	bring(to, from, &oid, 24, 24);
	assert_int_equal(reads(to, &oid, 1, 0, 48), 0);
	assert_int_equal(reads(to, &oid, 1, 480, 72), 0);
	bring(to, from, &oid, 0, LEN);
	check_seed(to, &oid, LEN, 1);
	assert_ok(mv_store_part_has(to, &oid, NULL, &vouched, err));
	assert_int_equal(vouched, 1);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void test_store_part__the_whole_comes_beside_a_part(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	struct mv_tx_stats stats;
	struct mv_oid oid;
	uint8_t found;
	struct mv_tx *tx;

	(void)state;
	add_seed(&oid, from, LEN, 1);
	bring(to, from, &oid, 0, 240);
	tx = begin(to);
	assert_ok(mv_tx_copy(tx, from, &oid, 1, &found, err));
	assert_ok(mv_tx_commit(tx, &stats, err));
	assert_int_equal(stats.new_chunks, 890);
	check_seed(to, &oid, LEN, 1);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void test_store_part__one_chunk_and_a_list_of_lists(void **state)
{
	const size_t many = (MV_RECIPE_FAN + 300) * TINY;
	struct mv_store *from = open_tiny("from", 300000, NULL);
	struct mv_store *to = open_tiny("to", 300000, NULL);
	uint8_t *data = make_data(many, 2), have[50];
	struct mv_oid one, deep;
	size_t got;

	(void)state;
	add_seed(&one, from, TINY, 1);
	add_seed(&deep, from, many, 2);
	bring_of(to, from, &one, 3, 1);
	check_seed(to, &one, TINY, 1);		/* it came whole */
	bring_of(to, from, &deep, many - 50, 50);
	assert_ok(mv_store_part_read_at(to, &deep, many - 50, have, 50, &got,
					err));
	assert_int_equal(got, 50);
	assert_memory_equal(have, data + many - 50, 50);
	assert_int_equal(mv_store_part_read_at(to, &deep, 0, have, 1, &got,
					       NULL), MV_ENOENT);
	assert_int_equal(mv_store_has(to, &deep, NULL, NULL), MV_ENOENT);
	free(data);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void test_store_part__a_part_gives_no_part(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	struct mv_store *more = open_tiny("more", 5000, NULL);
	const struct mv_range r = { 0, 24 };
	uint8_t found = 1;
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, from, LEN, 1);
	bring(to, from, &oid, 0, 24);
	assert_int_equal(copy_part(more, to, &oid, &r, 1, &found, NULL), 0);
	assert_int_equal(found, 0);
	assert_int_equal(mv_store_part_has(more, &oid, NULL, NULL, NULL),
			 MV_ENOENT);
	mv_store_close(more);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
	remove_tree("more");
}

/* The pointer says how many bytes there are; a store that says otherwise leaves
   nothing here. */
static void test_store_part__of_another_size_nothing_stays(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	const struct mv_range r = { 0, 24 };
	uint8_t found = 1;
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, from, LEN + TINY, 1);
	assert_int_equal(copy_part(to, from, &oid, &r, 1, &found, NULL),
			 MV_ECORRUPT);
	assert_int_equal(found, 0);
	assert_int_equal(mv_store_part_has(to, &oid, NULL, NULL, NULL),
			 MV_ENOENT);
	assert_int_equal(count_files("to/partial"), 0);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void test_store_part__ranges_that_are_nonsense(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	const struct mv_range r[] = { { UINT64_MAX, 1 }, { LEN, 5 },
				      { LEN - 1, UINT64_MAX } };
	struct mv_tx_stats stats;
	struct mv_oid oid;
	uint8_t found;

	(void)state;
	add_seed(&oid, from, LEN, 1);
	assert_int_equal(copy_part(to, from, &oid, r, 3, &found, &stats), 0);
	assert_int_equal(stats.new_chunks, 1);
	assert_int_equal(reads(to, &oid, 1, LEN - 24, 24), 0);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void names(struct mv_buf *out, struct mv_store *store,
		  const struct mv_oid *oid, uint64_t off, uint64_t len)
{
	const struct mv_range r = { off, len };

	mv_buf_clear(out);
	assert_ok(mv_store_part_names(out, store, oid, &r, err));
}

static void test_store_part__the_same_chunks_are_the_same_bytes(void **state)
{
	struct mv_store *store = open_tiny("from", 3000, NULL);
	uint8_t *data = make_data(LEN, 1);
	struct mv_oid a, b;
	struct mv_buf x, y;
	struct mv_tx *tx;

	(void)state;
	mv_buf_init(&x, 1 << 20);
	mv_buf_init(&y, 1 << 20);
	add_seed(&a, store, LEN, 1);
	data[100] ^= 1;		/* in the fifth */
	tx = begin(store);
	put_data(&b, tx, data, LEN);
	assert_ok(mv_tx_commit(tx, NULL, err));
	names(&x, store, &a, 0, 96);
	names(&y, store, &b, 0, 96);
	assert_int_equal(x.len, 8 + 4 * 32);
	assert_int_equal(mv_buf_cmp(&x, &y), 0);
	names(&x, store, &a, 90, 20);
	names(&y, store, &b, 90, 20);
	assert_int_not_equal(mv_buf_cmp(&x, &y), 0);
	/* The same chunk, but other bytes of it. */
	names(&x, store, &a, 25, 4);
	names(&y, store, &a, 26, 4);
	assert_int_not_equal(mv_buf_cmp(&x, &y), 0);
	mv_buf_release(&x);
	mv_buf_release(&y);
	free(data);
	mv_store_close(store);
	remove_tree("from");
}

/* -- looking after it ----------------------------------------------------- */

static int give_root(void *payload,
		     int (*add)(void *sink, const struct mv_oid *oid),
		     void *sink, struct mv_err *err)
{
	(void)err;
	return payload ? add(sink, payload) : 0;
}

static int collect(struct mv_store *store, struct mv_oid *root, int dry_run)
{
	struct mv_gc_stats stats;
	struct mv_gc_options options = { .grace_s = DAY, .now = time(NULL),
					 .roots = give_root, .payload = root,
					 .dry_run = dry_run };

	return mv_store_gc(store, &options, &stats, NULL);
}

static void age_part(const char *dir, const struct mv_oid *oid)
{
	struct timespec t[2] = { { time(NULL) - 3 * DAY, 0 },
				 { time(NULL) - 3 * DAY, 0 } };
	char path[300], hex[MV_OID_HEX + 1];

	snprintf(path, sizeof(path), "%s/partial/%s", dir,
		 mv_oid_hex(hex, oid));
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void test_store_part__gc_keeps_it_as_long_as_a_content(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	struct mv_oid oid;

	(void)state;
	add_seed(&oid, from, LEN, 1);
	bring(to, from, &oid, 0, 24);
	age_packs("to", 3 * DAY);
	assert_int_equal(collect(to, NULL, 0), 0);	/* the part is young */
	assert_int_equal(reads(to, &oid, 1, 0, 24), 0);
	age_part("to", &oid);
	age_packs("to", 3 * DAY);
	assert_int_equal(collect(to, &oid, 0), 0);	/* it has a root */
	assert_int_equal(reads(to, &oid, 1, 0, 24), 0);
	age_packs("to", 3 * DAY);
	assert_int_equal(collect(to, NULL, 1), 0);	/* only looked at */
	assert_int_equal(reads(to, &oid, 1, 0, 24), 0);
	age_packs("to", 3 * DAY);
	assert_int_equal(collect(to, NULL, 0), 0);
	assert_int_equal(reads(to, &oid, 1, 0, 24), MV_ENOENT);
	assert_int_equal(count_files("to/partial"), 0);
	assert_int_equal(count_files("to/packs"), 0);

	/* What is here whole needs no part. */
	bring(to, from, &oid, 0, 24);
	bring(to, from, &oid, 0, LEN);
	assert_int_equal(count_files("to/partial"), 1);
	assert_int_equal(collect(to, &oid, 0), 0);
	assert_int_equal(count_files("to/partial"), 0);
	check_seed(to, &oid, LEN, 1);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

static void test_store_part__a_damaged_list(void **state)
{
	struct mv_store *from = open_tiny("from", 3000, NULL);
	struct mv_store *to = open_tiny("to", 5000, NULL);
	char path[600];
	struct told told;
	struct mv_oid oid;
	size_t got;
	uint8_t b;

	(void)state;
	add_seed(&oid, from, LEN, 1);
	bring(to, from, &oid, 0, 24);
	flip_byte(only_file(path, sizeof(path), "to/partial"), 60, 1);
	assert_int_equal(mv_store_part_read_at(to, &oid, 0, &b, 1, &got, NULL),
			 MV_ECORRUPT);
	assert_int_equal(collect(to, &oid, 0), MV_ECORRUPT);
	told = fsck(to, 0);
	assert_int_equal(told.bad, 1);
	assert_non_null(strstr(told.last, "partial/"));
	told = fsck(to, MV_FSCK_REPAIR);
	assert_int_equal(told.bad, 0);
	assert_int_equal(told.kind[MV_FSCK_REPAIRED], 1);
	assert_int_equal(mv_store_part_has(to, &oid, NULL, NULL, NULL),
			 MV_ENOENT);
	check_clean(to);
	mv_store_close(to);
	mv_store_close(from);
	remove_tree("from");
	remove_tree("to");
}

/* How many chunks are read without the pack `name`; -1: the list went, too. */
static int left_without(const char *name, const struct mv_oid *oid)
{
	char path[600];
	struct mv_store *store;
	int vouched = 0, there = -1;

	snprintf(path, sizeof(path), "s/packs/%s", name);
	assert_int_equal(rename(path, "away"), 0);
	store = open_store("s", MIB);
	assert_int_equal(mv_store_has(store, oid, NULL, NULL), MV_ENOENT);
	if (!mv_store_part_has(store, oid, NULL, &vouched, NULL)) {
		assert_int_equal(vouched, 1);
		there = 0;
		for (size_t i = 0; i < 4 * MIB; i += MIB / 4) {
			const struct mv_range r = { i, 1 };

			there += !mv_store_part_holds(store, oid, &r, 1, NULL);
		}
	}
	mv_store_close(store);
	assert_int_equal(rename("away", path), 0);
	return there;
}

/* A whole of which packs are gone says what is still there. */
static void test_store_part__a_content_that_lost_packs(void **state)
{
	struct mv_store *store = open_store("s", MIB);
	int some = 0, left;
	struct mv_oid oid;
	struct dirent **names;
	int n;

	(void)state;
	add_seed(&oid, store, 4 * MIB, 1);
	mv_store_close(store);
	n = scandir("s/packs", &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			left = left_without(names[i]->d_name, &oid);
			assert_true(left < 16);
			some += left > 0;
		}
		free(names[i]);
	}
	free(names);
	assert_true(some >= 3);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_part__what_was_brought_is_read_and_no_more),
		cmocka_unit_test(test_store_part__the_whole_comes_beside_a_part),
		cmocka_unit_test(test_store_part__one_chunk_and_a_list_of_lists),
		cmocka_unit_test(test_store_part__a_part_gives_no_part),
		cmocka_unit_test(test_store_part__of_another_size_nothing_stays),
		cmocka_unit_test(test_store_part__ranges_that_are_nonsense),
		cmocka_unit_test(test_store_part__the_same_chunks_are_the_same_bytes),
		cmocka_unit_test(test_store_part__gc_keeps_it_as_long_as_a_content),
		cmocka_unit_test(test_store_part__a_damaged_list),
		cmocka_unit_test(test_store_part__a_content_that_lost_packs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, store_enter, tmp_leave);
}
