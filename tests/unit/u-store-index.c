/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

/* -- an index from a list ------------------------------------------------- */

struct list {
	const struct mv_index_entry *e[2];
	uint64_t count[2];
	enum mv_index_table table;
	uint64_t pos;
	int lie;		/* give one too few */
};

static int list_rewind(void *payload, enum mv_index_table table,
		       struct mv_err *err)
{
	struct list *l = payload;

	(void)err;
	l->table = table;
	l->pos = 0;
	return 0;
}

static int list_next(void *payload, struct mv_index_entry *out,
		     struct mv_err *err)
{
	struct list *l = payload;

	(void)err;
	if (l->pos + (unsigned)l->lie >= l->count[l->table])
		return 0;
	*out = l->e[l->table][l->pos++];
	return 1;
}

static int write_list(char *path, size_t room, struct list *l,
		      const struct mv_index_pack *packs, uint32_t count,
		      struct mv_err *err)
{
	struct mv_index_source source = { list_rewind, list_next, l };
	struct mv_tmp tmp = MV_TMP_INIT;
	char hex[MV_OID_HEX + 1];
	struct mv_oid id;
	int rc;

	rc = mv_tmp_open(&tmp, ".", "x", err);
	if (!rc)
		rc = mv_index_write(&id, &tmp, packs, count, l->count, &source,
				    err);
	if (!rc) {
		snprintf(path, room, "./%s.idx", mv_oid_hex(hex, &id));
		rc = mv_tmp_commit(&tmp, path, 0644, 0, err);
	}
	mv_tmp_discard(&tmp);
	return rc;
}

static int by_id(const void *a, const void *b)
{
	const struct mv_index_entry *x = a, *y = b;

	return mv_oid_cmp(&x->id, &y->id);
}

/* `spread` says how ids are made: uniform, or as unkind as can be. */
static struct mv_index_entry *make_entries(size_t count, int spread)
{
	struct mv_index_entry *e = calloc(count + 1, sizeof(*e));
	uint64_t random = count;

	assert_non_null(e);
	for (size_t i = 0; i < count; i++) {
		if (spread == 0)
			for (int k = 0; k < 4; k++)
				mv_put_le64(e[i].id.b + 8 * k,
					    next_random(&random));
		else if (spread == 1)	/* all alike but for the end */
			mv_put_be32(e[i].id.b + 28, (uint32_t)(2 * i));
		else			/* 1, 2, 4, ...: bad for guessing */
			e[i].id.b[i / 8 % 32] = (uint8_t)(1 << i % 8);
		e[i].pack = (uint32_t)(i % 3);
		e[i].off = 16 + 1000 * i;
	}
	qsort(e, count, sizeof(*e), by_id);
	return e;
}

static void check_index(size_t count, int spread)
{
	struct mv_index_entry *e = make_entries(count, spread);
	struct mv_index_pack packs[3] = { { { { 1 } }, 64 },
					  { { { 2 } }, 1 },
					  { { { 3 } }, (uint64_t)1 << 40 } };
	struct list l = { { e, e }, { count, count / 2 }, 0, 0, 0 };
	struct mv_index *x;
	char path[128];

	assert_ok(write_list(path, sizeof(path), &l, packs, 3, err));
	assert_ok(mv_index_open(&x, path, err));
	assert_ok(mv_index_verify(x, err));
	assert_int_equal(x->packs, 3);
	assert_int_equal(x->map.len, 32 + 120 + 44 * (count + count / 2) + 32);
	for (uint32_t k = 0; k < 3; k++) {
		struct mv_index_pack p = mv_index_pack(x, k);

		assert_true(mv_oid_eq(&p.id, &packs[k].id));
		assert_int_equal(p.len, packs[k].len);
	}
	for (int t = 0; t < 2; t++) {
		enum mv_index_table table = (enum mv_index_table)t;

		assert_int_equal(x->count[t], l.count[t]);
		for (size_t i = 0; i < count; i++) {
			int64_t pos = mv_index_find(x, table, &e[i].id);
			struct mv_oid near = e[i].id;
			uint32_t pack;
			uint64_t off;

			if (i >= l.count[t]) {
				assert_int_equal(pos, -1);
				continue;
			}
			assert_int_equal(pos, i);
			assert_ok(mv_index_locate(&pack, &off, x, table,
						  (uint64_t)pos, err));
			assert_int_equal(pack, e[i].pack);
			assert_int_equal(off, e[i].off);
			near.b[31] ^= 1;
			pos = mv_index_find(x, table, &near);
			assert_true(pos < 0 ||
				    mv_oid_eq(&e[pos].id, &near));
		}
	}
	mv_index_free(x);
	unlink(path);
	free(e);
}

static void test_store_index__every_id_is_found_and_no_other(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7, 8, 9, 10, 64, 255 };

	(void)state;
	for (int spread = 0; spread < 3; spread++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
			check_index(counts[i], spread);
	check_index(20000, 0);
	check_index(20000, 1);
}

static void test_store_index__a_source_must_keep_its_word(void **state)
{
	struct mv_index_entry *e = make_entries(5, 0);
	struct mv_index_pack pack = { { { 1 } }, 100 };
	struct list l = { { e, e }, { 5, 0 }, 0, 0, 1 };
	char path[128];

	(void)state;
	assert_int_equal(write_list(path, sizeof(path), &l, &pack, 1, NULL),
			 MV_EINVALID);
	assert_int_equal(count_files("."), 0);
	free(e);
}

static void test_store_index__counts_that_overflow_are_refused(void **state)
{
	static const uint64_t bad[] = { 1, 2, UINT64_MAX, UINT64_MAX / 44,
					UINT64_MAX / 44 + 1,
					(uint64_t)1 << 63, UINT32_MAX };
	struct mv_index_entry *e = make_entries(4, 0);
	struct mv_index_pack pack = { { { 1 } }, 100 };
	struct list l = { { e, e }, { 4, 0 }, 0, 0, 0 };
	struct mv_index *x;
	char path[128];
	uint8_t *data;
	size_t len;

	(void)state;
	assert_ok(write_list(path, sizeof(path), &l, &pack, 1, err));
	data = load_file(path, &len);
	for (size_t at = 8; at <= 24; at += 8)
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			uint8_t saved[8];

			if (at == 8 && bad[i] == 1)
				continue;
			memcpy(saved, data + at, 8);
			mv_put_le64(data + at, bad[i]);
			save_file(path, data, len);
			memcpy(data + at, saved, 8);
			assert_int_equal(mv_index_open(&x, path, NULL),
					 MV_ECORRUPT);
		}
	for (size_t cut = 0; cut < len; cut++) {
		save_file(path, data, cut);
		assert_int_equal(mv_index_open(&x, path, NULL), MV_ECORRUPT);
	}
	unlink(path);
	assert_int_equal(mv_index_open(&x, path, NULL), MV_ENOENT);
	free(data);
	free(e);
}

/* -- the set of indexes of a store ---------------------------------------- */

static void test_store_index__many_commits_leave_few_indexes(void **state)
{
	struct mv_store *store = open_store("s", 0), *reader;
	struct mv_store_stats stats;
	struct mv_oid oid;
	unsigned most = 0;

	(void)state;
	reader = open_store("s", 0);
	for (uint64_t i = 0; i < 300; i++) {
		unsigned n;

		add_seed(&oid, store, 50, i);
		n = count_files("s/index");
		if (n > most)
			most = n;
	}
	assert_true(most <= 16);
	for (uint64_t i = 0; i < 300; i++) {
		name_seed(&oid, 50, i);
		check_seed(reader, &oid, 50, i);
	}
	assert_ok(mv_store_stats(reader, &stats, err));
	assert_int_equal(stats.chunks, 300);
	assert_int_equal(stats.packs, 300);
	assert_true(stats.indexes <= 16);
	check_clean(store);
	mv_store_close(reader);
	mv_store_close(store);
	remove_tree("s");
}

/* Flushes to the disk count like commits. */
static void test_store_index__many_flushes_leave_few_indexes(void **state)
{
	struct mv_store *store = open_store("s", 0);
	struct mv_tx *tx = begin(store);
	struct mv_oid oid;

	(void)state;
	for (uint64_t i = 0; i < 60; i++) {
		put_seed(&oid, tx, 50, i);
		assert_ok(mv_tx_flush(tx, MV_TX_SYNC, err));
		assert_true(count_files("s/index") <= 16);
	}
	assert_ok(mv_tx_commit(tx, NULL, err));
	for (uint64_t i = 0; i < 60; i++) {
		name_seed(&oid, 50, i);
		check_seed(store, &oid, 50, i);
	}
	mv_store_close(store);
	remove_tree("s");
}

/* What two indexes say is one thing. */
static void test_store_index__doubles_are_counted_once(void **state)
{
	struct mv_store *a = open_tiny("s", 0, NULL);
	struct mv_store *b = open_tiny("s", 0, NULL);
	struct mv_tx *x = begin(a), *y = begin(b);
	struct mv_store_stats stats;
	struct mv_oid oid;

	(void)state;
	put_seed(&oid, x, 10 * TINY, 1);
	put_seed(&oid, y, 10 * TINY, 1);
	put_seed(&oid, y, 10 * TINY, 2);
	assert_ok(mv_tx_commit(x, NULL, err));
	assert_ok(mv_tx_commit(y, NULL, err));
	assert_int_equal(count_files("s/index"), 2);
	for (int i = 0; i < 2; i++) {
		assert_ok(mv_store_stats(a, &stats, err));
		assert_int_equal(stats.chunks, 20);
		assert_int_equal(stats.contents, 2);
		assert_int_equal(stats.packs, 2);
		assert_int_equal(stats.temporary, 0);
		assert_ok(mv_store_compact(a, 1, err));
		assert_int_equal(count_files("s/index"), 1);
	}
	check_clean(b);
	mv_store_close(a);
	mv_store_close(b);
	remove_tree("s");
}

/*
 * An index that comes within the same tick of the clock as the listing
 * before it: the folder's time does not show it.
 */
static void test_store_index__a_change_without_a_new_time_is_seen(void **state)
{
	struct mv_store *a, *b = open_store("s", 0);
	struct timespec t[2] = { { time(NULL), 0 }, { time(NULL), 0 } };
	struct mv_oid oid;

	(void)state;
	assert_int_equal(utimensat(AT_FDCWD, "s/index", t, 0), 0);
	a = open_store("s", 0);
	add_seed(&oid, b, 50, 1);
	assert_int_equal(utimensat(AT_FDCWD, "s/index", t, 0), 0);
	sleep(2);
	check_seed(a, &oid, 50, 1);
	mv_store_close(a);
	mv_store_close(b);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_index__every_id_is_found_and_no_other),
		cmocka_unit_test(test_store_index__a_source_must_keep_its_word),
		cmocka_unit_test(test_store_index__counts_that_overflow_are_refused),
		cmocka_unit_test(test_store_index__many_commits_leave_few_indexes),
		cmocka_unit_test(test_store_index__many_flushes_leave_few_indexes),
		cmocka_unit_test(test_store_index__doubles_are_counted_once),
		cmocka_unit_test(test_store_index__a_change_without_a_new_time_is_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_index", tests, store_enter,
					   tmp_leave);
}
