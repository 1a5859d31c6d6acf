/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/pace.h"
#include "tests/unit/store.h"

#define KIB ((size_t)1024)

/* Contents of a small store: one chunk, several chunks, parts. */
enum { ONE = 300, SEVERAL = 20 * TINY, ALL = 2 };

struct small {
	struct mv_oid one, several;
	char pack[512], index[512];
};

static void make_small(struct small *s, const char *dir)
{
	struct mv_store *store = open_tiny(dir, 0, NULL);
	struct mv_tx *tx = begin(store);
	char sub[300];

	put_seed(&s->one, tx, TINY - 1, ONE);
	put_seed(&s->several, tx, SEVERAL, 2);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(store);
	snprintf(sub, sizeof(sub), "%s/packs", dir);
	only_file(s->pack, sizeof(s->pack), sub);
	snprintf(sub, sizeof(sub), "%s/index", dir);
	only_file(s->index, sizeof(s->index), sub);
}

static void restore_file(const char *path, const uint8_t *data, size_t len)
{
	save_file(path, data, len);
}

/* Reading gives what is right or fails; how many were right? */
static int read_small(struct mv_store *store, const struct small *s)
{
	return !try_seed(store, &s->one, TINY - 1, ONE) +
	       !try_seed(store, &s->several, SEVERAL, 2);
}

/* Damage of one file: found, and never given out. */
static void check_damaged(const struct small *s, const char *what, size_t at)
{
	struct mv_store *store = NULL;
	struct mv_err why = { 0 };
	struct told told;

	if (mv_store_open(&store, "s", NULL, &why))
		fail_msg("%s %zu: a damaged file keeps the store closed: %s",
			 what, at, why.msg);
	told = fsck(store, 0);
	if (!told.kind[MV_FSCK_BAD_FILE] || !told.bad)
		fail_msg("%s %zu: not found", what, at);
	read_small(store, s);
	mv_store_close(store);
}

static void damage_everywhere(const char *path, const struct small *s)
{
	size_t len;
	uint8_t *data = load_file(path, &len);

	for (size_t i = 0; i < len; i += MV_PACE) {
		data[i] ^= (uint8_t)(1 << i % 8);
		restore_file(path, data, len);
		data[i] ^= (uint8_t)(1 << i % 8);
		check_damaged(s, "flip", i);
		data[i] ^= 0xff;
		restore_file(path, data, len);
		data[i] ^= 0xff;
		check_damaged(s, "inversion", i);
		restore_file(path, data, i);
		check_damaged(s, "truncation", i);
	}
	data[len] = 0;
	restore_file(path, data, len + 1);
	check_damaged(s, "addition", len);
	restore_file(path, data, len);
	free(data);
}

static void test_store_fsck__every_damage_of_a_pack_is_found(void **state)
{
	struct small s;

	(void)state;
	make_small(&s, "s");
	damage_everywhere(s.pack, &s);
	remove_tree("s");
}

static void test_store_fsck__every_damage_of_an_index_is_found(void **state)
{
	struct small s;

	(void)state;
	make_small(&s, "s");
	damage_everywhere(s.index, &s);
	remove_tree("s");
}

/* -- repair --------------------------------------------------------------- */

/* Repair, then again: the second time there is nothing to say. */
static struct told repair_twice(const char *dir, int *right,
				const struct small *s)
{
	struct mv_store *store = open_tiny(dir, 0, NULL);
	struct told first = fsck(store, MV_FSCK_REPAIR), second;

	*right = read_small(store, s);
	second = fsck(store, MV_FSCK_REPAIR);
	for (int i = 0; i < 4; i++)
		if (second.kind[i])
			fail_msg("the second repair says: %s", second.last);
	assert_int_equal(read_small(store, s), *right);
	mv_store_close(store);

	store = open_tiny(dir, 0, NULL);
	check_clean(store);
	assert_int_equal(read_small(store, s), *right);
	mv_store_close(store);
	return first;
}

static void test_store_fsck__an_index_is_healed_wherever_it_is_damaged(void **state)
{
	struct small s;
	size_t len;
	uint8_t *data;

	(void)state;
	make_small(&s, "s");
	data = load_file(s.index, &len);
	for (size_t i = 0; i < len; i += i < 32 ? 5 : 149) {
		int right;

		flip_byte(s.index, i, 0x81);
		assert_int_equal(repair_twice("s", &right, &s).bad, 0);
		assert_int_equal(right, ALL);
		assert_int_equal(count_files("s/bad"), 1);
		/* The same packs, so the same index, to the byte. */
		assert_int_equal(access(s.index, F_OK), 0);
		remove_tree("s/bad");
	}
	unlink(s.index);
	{
		int right;

		repair_twice("s", &right, &s);
		assert_int_equal(right, ALL);
	}
	free(data);
	remove_tree("s");
}

/*
 * One flipped byte of a pack costs at most the record that it is in; in the
 * header or the trailer it costs nothing.
 */
static void test_store_fsck__a_pack_is_healed_but_for_the_damaged_record(void **state)
{
	unsigned healed = 0;
	struct small s;
	char path[600];
	size_t len;
	uint8_t *data;

	(void)state;
	make_small(&s, "orig");
	data = load_file(s.pack, &len);
	for (size_t i = 0; i < len; i += i < 40 || len - i < 60 ? 6 : 41) {
		struct told told;
		int right;

		copy_tree("orig", "s");
		snprintf(path, sizeof(path), "s%s", strchr(s.pack, '/'));
		flip_byte(path, i, 0x40);
		told = repair_twice("s", &right, &s);
		healed += right == ALL;
		if (i < MV_PACK_HEADER || len - i <= MV_PACK_TRAILER) {
			assert_int_equal(right, ALL);
			assert_int_equal(told.bad, 0);
		} else {
			assert_true(right >= ALL - 1);
			assert_true(right == ALL || told.bad);
		}
		assert_int_equal(count_files("s/bad"), 1);
	}
	assert_true(healed >= (MV_PACK_HEADER + MV_PACK_TRAILER) / 6);
	free(data);
	remove_tree("s");
	remove_tree("orig");
}

static void test_store_fsck__what_was_lost_can_be_stored_again(void **state)
{
	struct mv_store *store;
	struct small s;
	struct told told;
	struct mv_tx *tx;

	(void)state;
	make_small(&s, "s");
	unlink(s.pack);
	store = open_tiny("s", 0, NULL);
	told = fsck(store, 0);
	assert_int_equal(told.kind[MV_FSCK_BAD_FILE], 1);
	assert_true(told.kind[MV_FSCK_BAD_CONTENT] >= 1);
	told = fsck(store, MV_FSCK_REPAIR);
	assert_true(told.bad >= 2);
	/* Not here any more is what makes others fetch it. */
	assert_int_equal(mv_store_has(store, &s.one, NULL, NULL), MV_ENOENT);
	assert_int_equal(mv_store_has(store, &s.several, NULL, NULL),
			 MV_ENOENT);
	check_clean(store);
	tx = begin(store);
	put_seed(&s.one, tx, TINY - 1, ONE);
	put_seed(&s.several, tx, SEVERAL, 2);
	assert_ok(mv_tx_commit(tx, NULL, err));
	assert_int_equal(read_small(store, &s), ALL);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

/* A content whose chunks are gone in part is not promised after repair. */
static void test_store_fsck__half_a_content_is_no_content(void **state)
{
	struct mv_store *store = open_tiny("s", 300, NULL);
	struct mv_oid oid, other;
	struct told told;
	char path[512] = "";
	DIR *d;
	struct dirent *e;
	size_t most = 0;

	(void)state;
	add_seed(&other, store, TINY - 1, 9);
	add_seed(&oid, store, 3000 * TINY, 2);
	mv_store_close(store);
	d = opendir("s/packs");		/* the largest holds the recipe */
	while ((e = readdir(d))) {
		char name[512];
		struct stat st;

		snprintf(name, sizeof(name), "s/packs/%s", e->d_name);
		if (e->d_name[0] != '.' && !stat(name, &st) &&
		    (size_t)st.st_size > most && st.st_size < 100 * 1024) {
			most = (size_t)st.st_size;
			memcpy(path, name, sizeof(path));
		}
	}
	closedir(d);
	assert_int_equal(unlink(path), 0);

	store = open_tiny("s", 300, NULL);
	told = fsck(store, MV_FSCK_REPAIR);
	assert_true(told.bad);
	assert_int_equal(mv_store_has(store, &oid, NULL, NULL), MV_ENOENT);
	check_seed(store, &other, TINY - 1, 9);
	check_clean(store);
	add_seed(&oid, store, 3000 * TINY, 2);
	check_seed(store, &oid, 3000 * TINY, 2);
	mv_store_close(store);
	remove_tree("s");
}

/* The good one of two equal records is found though no index led to it. */
static void test_store_fsck__a_double_in_another_pack_saves_the_content(void **state)
{
	struct mv_store *a, *store = open_store("s", 0);
	struct mv_tx *tx;
	struct mv_oid x, y, z;
	char pack[512], name[512];
	struct told told;
	int right;

	(void)state;
	/* Two writers at once, each with a content of its own and a shared
	   one: two packs with x. */
	a = open_store("s", 0);
	tx = begin(a);
	add_seed(&y, store, 500, 2);
	only_file(pack, sizeof(pack), "s/packs");
	put_seed(&x, tx, 400, 1);
	put_seed(&z, tx, 500, 3);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(a);
	mv_store_close(store);
	/* Merge, which keeps one place of x; then damage each pack in turn. */
	for (int which = 0; which < 2; which++) {
		DIR *d;
		struct dirent *e;
		int n = 0;

		copy_tree("s", "t");
		store = open_store("t", 0);
		tx = begin(store);
		mv_tx_abort(tx);
		{
			struct mv_tx *other;
			struct mv_new_record new = { x, MV_RECORD_WHOLE, 0, 0 };
			struct mv_pack_record record = { .kind = MV_RECORD_WHOLE,
						    .raw_len = 400,
						    .stored_len = 400 };
			uint8_t *raw = make_data(400, 1), out[420];

			assert_ok(mv_tx_new(&other, store, err));
			memcpy(out + MV_RECORD_HEADER, raw, 400);
			mv_pack_record_seal(out, &record, raw);
			assert_ok(mv_tx_append(other, out, sizeof(out), &new,
					       1, err));
			assert_ok(mv_tx_commit(other, NULL, err));
			free(raw);
		}
		assert_ok(mv_store_compact(store, 1, err));
		assert_int_equal(count_files("t/index"), 1);
		mv_store_close(store);
		/* Of the packs with x (all but y's) damage one. */
		d = opendir("t/packs");
		name[0] = '\0';
		while ((e = readdir(d))) {
			if (e->d_name[0] == '.' ||
			    strstr(pack, e->d_name))
				continue;
			if (n++ == which)
				snprintf(name, sizeof(name), "t/packs/%s",
					 e->d_name);
		}
		closedir(d);
		assert_int_equal(n, 2);
		assert_int_equal(unlink(name), 0);
		store = open_store("t", 0);
		told = fsck(store, MV_FSCK_REPAIR);
		check_seed(store, &x, 400, 1);
		check_seed(store, &y, 500, 2);
		right = !try_seed(store, &z, 500, 3);
		assert_true(right || told.bad);
		check_clean(store);
		mv_store_close(store);
		remove_tree("t");
	}
	remove_tree("s");
}

/*
 * Nothing names the packs any more, and one of them has a damaged header:
 * recipes that need it must not be forgotten before it is healed.
 */
static void test_store_fsck__lost_indexes_and_a_damaged_header_are_healed(void **state)
{
	struct mv_store *store = open_tiny("orig", 300, NULL);
	struct mv_oid oid[2];
	DIR *d;
	struct dirent *e;
	unsigned n = 0;

	(void)state;
	add_seed(&oid[0], store, 3000 * TINY, 1);
	add_seed(&oid[1], store, (MV_RECIPE_FAN + 9) * TINY, 2);
	mv_store_close(store);
	d = opendir("orig/packs");
	while ((e = readdir(d))) {
		char path[600];

		if (e->d_name[0] == '.' || n++ % MV_PACE)
			continue;
		copy_tree("orig", "s");
		empty_dir("s/index");
		snprintf(path, sizeof(path), "s/packs/%s", e->d_name);
		flip_byte(path, 7, 1);
		store = open_tiny("s", 300, NULL);
		assert_int_equal(fsck(store, MV_FSCK_REPAIR).bad, 0);
		check_seed(store, &oid[0], 3000 * TINY, 1);
		check_seed(store, &oid[1], (MV_RECIPE_FAN + 9) * TINY, 2);
		check_clean(store);
		mv_store_close(store);
		remove_tree("s");
	}
	closedir(d);
	assert_true(n > 6);
	remove_tree("orig");
}

/* -- what repair must leave alone ----------------------------------------- */

static void test_store_fsck__newer_versions_are_left_alone(void **state)
{
	struct mv_store *store;
	struct small s;
	struct told told;
	struct mv_err why;
	struct mv_oid sum;
	char hex[MV_OID_HEX + 1], path[512];
	size_t len;
	uint8_t *data;

	(void)state;
	make_small(&s, "s");
	/* A pack of version 3 whose other bytes mean something else, too. */
	data = load_file(s.pack, &len);
	data[4] = 3;
	data[len / 2] ^= 1;
	save_file("s/packs/"
		  "0000000000000000000000000000000000000000000000000000000000000002.pack",
		  data, len);
	free(data);
	store = open_tiny("s", 0, NULL);
	told = fsck(store, MV_FSCK_REPAIR);
	assert_int_equal(told.kind[MV_FSCK_BAD_FILE], 1);
	assert_int_equal(told.bad, 1);
	assert_int_equal(count_files("s/packs"), 2);
	assert_int_equal(count_files("s/bad"), 0);
	assert_int_equal(read_small(store, &s), ALL);
	mv_store_close(store);

	/* An index of version 3, whole: this program must not go on. */
	data = load_file(s.index, &len);
	data[4] = 3;
	assert_ok(mv_blake3(&sum, data, len - 32, err));
	memcpy(data + len - 32, sum.b, 32);
	snprintf(path, sizeof(path), "s/index/%s.idx", mv_oid_hex(hex, &sum));
	save_file(path, data, len);
	free(data);
	assert_int_equal(mv_store_open(&store, "s", NULL, &why), MV_ENOTSUP);
	assert_non_null(strstr(why.msg, "version 3"));
	remove_tree("s");
}

static void test_store_fsck__strange_files_are_told_and_left(void **state)
{
	struct mv_store *store;
	struct small s;
	struct told told;

	(void)state;
	make_small(&s, "s");
	save_file("s/packs/notes.txt", (const uint8_t *)"x", 1);
	save_file("s/index/.nfs0001", (const uint8_t *)"x", 1);
	store = open_tiny("s", 0, NULL);
	told = fsck(store, MV_FSCK_REPAIR);
	assert_int_equal(told.kind[MV_FSCK_TEMPORARY], 2);
	assert_int_equal(told.bad, 0);
	assert_int_equal(access("s/packs/notes.txt", F_OK), 0);
	assert_int_equal(access("s/index/.nfs0001", F_OK), 0);
	assert_int_equal(read_small(store, &s), ALL);
	mv_store_close(store);
	remove_tree("s");
}

/* Well-formed, with the right checksum: only the pack shows that it is wrong. */
static void test_store_fsck__an_index_with_another_length_is_found(void **state)
{
	struct mv_store_stats stats;
	struct mv_store *store;
	char hex[MV_OID_HEX + 1], path[512];
	struct mv_oid id;
	struct small s;
	uint8_t *data;
	size_t len;

	(void)state;
	make_small(&s, "s");
	data = load_file(s.index, &len);
	data[32 + 32]++;
	assert_ok(mv_blake3(&id, data, len - 32, err));
	memcpy(data + len - 32, id.b, 32);
	snprintf(path, sizeof(path), "s/index/%s.idx", mv_oid_hex(hex, &id));
	save_file(path, data, len);
	assert_int_equal(unlink(s.index), 0);
	free(data);

	store = open_tiny("s", 0, NULL);
	assert_ok(mv_store_stats(store, &stats, err));
	assert_int_equal(stats.cut, 1);
	assert_int_equal(stats.gone, 0);
	assert_int_equal(read_small(store, &s), ALL);
	assert_ok(mv_store_has(store, &s.several, NULL, err));
	assert_int_equal(fsck(store, 0).bad, 1);
	assert_int_equal(fsck(store, MV_FSCK_REPAIR).bad, 0);
	check_clean(store);
	assert_ok(mv_store_stats(store, &stats, err));
	assert_int_equal(stats.cut, 0);
	assert_int_equal(read_small(store, &s), ALL);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_fsck__repair_of_a_good_store_changes_nothing(void **state)
{
	struct mv_pool *pool;
	struct mv_store *store;
	struct small s;
	struct stat before, after;

	(void)state;
	make_small(&s, "s");
	assert_ok(mv_pool_new(&pool, 2, err));
	store = open_tiny("s", 0, pool);
	assert_int_equal(stat(s.pack, &before), 0);
	for (int i = 0; i < 2; i++) {
		struct told told = fsck(store, MV_FSCK_REPAIR);

		assert_int_equal(told.bad, 0);
		for (int k = 0; k < 4; k++)
			assert_int_equal(told.kind[k], 0);
	}
	assert_int_equal(stat(s.pack, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(count_files("s/index"), 1);
	assert_int_equal(access(s.index, F_OK), 0);
	mv_store_close(store);
	mv_pool_free(pool);
	remove_tree("s");
}

/* A recipe that leads to other bytes than its name says. */
static void test_store_fsck__a_recipe_of_other_bytes_is_found(void **state)
{
	struct mv_store *store = open_tiny("s", 0, NULL);
	struct mv_recipe_reader r;
	struct mv_oid oid, lie = { { 7 } };
	struct mv_buf forged;
	struct mv_tx *tx;
	struct told told;

	(void)state;
	add_seed(&oid, store, SEVERAL, 2);
	assert_ok(mv_recipe_open(&r, store, &oid, err));
	mv_buf_init(&forged, 4096);
	assert_int_equal(mv_buf_add(&forged, r.bytes.data, r.bytes.len), 0);
	memcpy(forged.data, lie.b, 32);
	mv_recipe_close(&r);
	tx = begin(store);
	assert_ok(mv_tx_append_recipe(tx, &forged, &lie, err));
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_buf_release(&forged);

	told = fsck(store, 0);
	assert_int_equal(told.kind[MV_FSCK_BAD_CONTENT], 1);
	assert_int_equal(told.bad, 1);
	fsck(store, MV_FSCK_REPAIR);
	assert_int_equal(mv_store_has(store, &lie, NULL, NULL), MV_ENOENT);
	check_seed(store, &oid, SEVERAL, 2);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_fsck__every_damage_of_a_pack_is_found),
		cmocka_unit_test(test_store_fsck__every_damage_of_an_index_is_found),
		cmocka_unit_test(test_store_fsck__an_index_is_healed_wherever_it_is_damaged),
		cmocka_unit_test(test_store_fsck__a_pack_is_healed_but_for_the_damaged_record),
		cmocka_unit_test(test_store_fsck__what_was_lost_can_be_stored_again),
		cmocka_unit_test(test_store_fsck__half_a_content_is_no_content),
		cmocka_unit_test(test_store_fsck__a_double_in_another_pack_saves_the_content),
		cmocka_unit_test(test_store_fsck__lost_indexes_and_a_damaged_header_are_healed),
		cmocka_unit_test(test_store_fsck__newer_versions_are_left_alone),
		cmocka_unit_test(test_store_fsck__strange_files_are_told_and_left),
		cmocka_unit_test(test_store_fsck__an_index_with_another_length_is_found),
		cmocka_unit_test(test_store_fsck__repair_of_a_good_store_changes_nothing),
		cmocka_unit_test(test_store_fsck__a_recipe_of_other_bytes_is_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_fsck", tests, store_enter,
					   tmp_leave);
}
