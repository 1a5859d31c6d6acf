/* SPDX-License-Identifier: MIT */
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/store.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#define KIB ((size_t)1024)

/* Fork; the child does its work in the store and kills itself. */
static pid_t start_writer(void (*work)(struct mv_tx *tx))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct mv_store *store = open_tiny("s", 3000, NULL);

		work(begin(store));
		kill(getpid(), SIGKILL);
	}
	return pid;
}

static void run_writer(void (*work)(struct mv_tx *tx))
{
	pid_t pid = start_writer(work);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void put_and_flush(struct mv_tx *tx)
{
	struct mv_oid oid;

	put_seed(&oid, tx, 10, 1);
	put_seed(&oid, tx, 300 * TINY, 2);
	put_seed(&oid, tx, (MV_RECIPE_FAN + 10) * TINY, 3);
	assert_ok(mv_tx_flush(tx, 0, err));
}

static void check_put(struct mv_store *store)
{
	struct mv_oid oid;

	name_seed(&oid, 10, 1);
	check_seed(store, &oid, 10, 1);
	name_seed(&oid, 300 * TINY, 2);
	check_seed(store, &oid, 300 * TINY, 2);
	name_seed(&oid, (MV_RECIPE_FAN + 10) * TINY, 3);
	check_seed(store, &oid, (MV_RECIPE_FAN + 10) * TINY, 3);
}

static void test_store_recover__what_a_killed_writer_flushed_is_found(void **state)
{
	struct mv_store *store = open_tiny("s", 0, NULL), *reader;
	struct mv_tx *tx;

	(void)state;
	reader = open_tiny("s", 0, NULL);
	run_writer(put_and_flush);
	assert_true(count_files("s/tmp") > 1);
	check_put(reader);		/* a miss looks for it */
	assert_int_equal(count_files("s/tmp"), 0);
	check_put(store);
	check_clean(store);

	run_writer(put_and_flush);	/* all there: nothing is left behind */
	tx = begin(store);
	mv_tx_abort(tx);
	assert_int_equal(count_files("s/tmp"), 0);
	check_clean(store);
	mv_store_close(reader);
	mv_store_close(store);
	remove_tree("s");
}

/* Who failed or gave up after a flush leaves what was flushed. */
static void test_store_recover__a_flush_outlives_the_transaction(void **state)
{
	struct mv_store *store = open_tiny("s", 3000, NULL);
	struct mv_tx *tx = begin(store);

	(void)state;
	put_and_flush(tx);
	mv_tx_abort(tx);
	check_put(store);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

static void test_store_recover__a_living_writer_is_left_alone(void **state)
{
	struct mv_store *store = open_tiny("s", 3000, NULL);
	struct mv_store *other = open_tiny("s", 3000, NULL);
	struct mv_tx *tx = begin(store);
	struct mv_oid oid;
	unsigned files;

	(void)state;
	put_and_flush(tx);
	files = count_files("s/tmp");
	name_seed(&oid, 10, 1);
	assert_int_equal(mv_store_has(other, &oid, NULL, NULL), MV_ENOENT);
	assert_ok(mv_store_recover(other, err));
	assert_int_equal(count_files("s/tmp"), files);
	assert_ok(mv_tx_commit(tx, NULL, err));
	check_put(other);
	check_clean(other);
	mv_store_close(other);
	mv_store_close(store);
	remove_tree("s");
}

/* Finished, and taken away the right to write, but not yet renamed. */
static void test_store_recover__a_pack_without_write_permission(void **state)
{
	struct mv_store *store;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(chmod(".", 0755), 0);
	store = open_tiny("s", 3000, NULL);
	mv_store_close(store);
	if (!geteuid()) {	/* root may do everything: be somebody else */
		struct stat st;

		assert_int_equal(system("chown -R 65534 s"), 0);
		assert_int_equal(stat("s", &st), 0);
	}
	pid = fork();
	if (!pid) {
		struct mv_tx *tx;

		if (!geteuid() && (setgid(65534) || setuid(65534)))
			_exit(2);
		store = open_tiny("s", 1 << 20, NULL);
		tx = begin(store);
		put_and_flush(tx);
		mv_tx_abort(tx);
		if (system("chmod 0444 s/tmp/*"))
			_exit(3);
		check_put(store);
		if (count_files("s/tmp"))
			_exit(4);
		mv_store_close(store);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	remove_tree("s");
}

/* Files of others that we may not open are no reason to fail. */
static void test_store_recover__files_of_others_are_passed_over(void **state)
{
	struct mv_store *store;
	pid_t pid;
	int status;

	(void)state;
	if (geteuid())
		skip();
	store = open_tiny("s", 0, NULL);
	save_file("s/tmp/pack-theirs.tmp", (const uint8_t *)"MVPK", 4);
	assert_int_equal(chmod("s/tmp/pack-theirs.tmp", 0600), 0);
	mv_store_close(store);
	assert_int_equal(system("chmod -R o+w s; chmod o+rwx s/tmp s/packs s/index; chmod 0600 s/tmp/*"), 0);
	pid = fork();
	if (!pid) {
		struct mv_oid oid;

		if (setgid(65534) || setuid(65534))
			_exit(2);
		store = open_tiny("s", 0, NULL);
		add_seed(&oid, store, 1000, 1);
		check_seed(store, &oid, 1000, 1);
		mv_store_close(store);
		_exit(access("s/tmp/pack-theirs.tmp", F_OK) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	remove_tree("s");
}

/* -- torn packs ----------------------------------------------------------- */

/*
 * A pack in tmp/ cut at every byte: whole records are adopted, the rest is
 * dropped, and no content is promised that is not all there.
 */
static void test_store_recover__a_torn_pack_keeps_its_good_prefix(void **state)
{
	struct mv_store *store = open_tiny("orig", 0, NULL);
	struct mv_oid one, several;
	struct mv_tx *tx = begin(store);
	unsigned found_one = 0, found_several = 0;
	char path[512];
	size_t len;
	uint8_t *data;

	(void)state;
	put_seed(&one, tx, 20, 1);
	put_seed(&several, tx, 5 * TINY, 2);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(store);
	data = load_file(only_file(path, sizeof(path), "orig/packs"), &len);
	remove_tree("orig");

	for (size_t cut = 0; cut <= len; cut++) {
		store = open_tiny("s", 0, NULL);
		save_file("s/tmp/pack-torn.tmp", data, cut);
		assert_ok(mv_store_recover(store, err));
		assert_int_equal(count_files("s/tmp"), 0);
		if (cut >= MV_PACK_HEADER + MV_RECORD_HEADER + 20) {
			check_seed(store, &one, 20, 1);
			found_one++;
		} else {
			assert_int_equal(mv_store_has(store, &one, NULL, NULL),
					 MV_ENOENT);
			assert_int_equal(count_files("s/packs"), 0);
		}
		if (!mv_store_has(store, &several, NULL, NULL)) {
			check_seed(store, &several, 5 * TINY, 2);
			found_several++;
		}
		check_clean(store);
		mv_store_close(store);
		remove_tree("s");
	}
	assert_true(found_one > len / 2);
	assert_int_equal(found_several, MV_PACK_TRAILER + 1);
	free(data);
}

/* One flipped byte anywhere: what comes before it is kept. */
static void test_store_recover__a_damaged_pack_keeps_its_good_prefix(void **state)
{
	struct mv_store *store = open_tiny("orig", 0, NULL);
	struct mv_oid one, several;
	struct mv_tx *tx = begin(store);
	char path[512];
	size_t len;
	uint8_t *data;

	(void)state;
	put_seed(&one, tx, 20, 1);
	put_seed(&several, tx, 5 * TINY, 2);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(store);
	data = load_file(only_file(path, sizeof(path), "orig/packs"), &len);
	remove_tree("orig");
	for (size_t at = 0; at < len; at += 3) {
		store = open_tiny("s", 0, NULL);
		data[at] ^= 0x11;
		save_file("s/tmp/pack-torn.tmp", data, len);
		data[at] ^= 0x11;
		assert_ok(mv_store_recover(store, err));
		if (at >= 56)
			check_seed(store, &one, 20, 1);
		if (!mv_store_has(store, &several, NULL, NULL))
			check_seed(store, &several, 5 * TINY, 2);
		else
			assert_true(at < len - MV_PACK_TRAILER);
		mv_store_close(store);
		remove_tree("s");
	}
	free(data);
}

enum { MANY = MV_RECIPE_FAN + 10 };

/* The recipe's pack reached the disk, that of its chunks did not. */
static void test_store_recover__a_recipe_without_its_chunks_is_no_content(void **state)
{
	struct mv_store *store = open_tiny("orig", 1500, NULL);
	struct mv_oid oid;
	DIR *d;
	struct dirent *e;
	unsigned packs, n = 0;

	(void)state;
	add_seed(&oid, store, MANY * TINY, 2);
	mv_store_close(store);
	packs = count_files("orig/packs");
	assert_true(packs > 4);
	d = opendir("orig/packs");
	while ((e = readdir(d))) {
		struct mv_oid again;
		char from[512], to[512];
		DIR *rest;
		struct dirent *f;
		unsigned k = 0;

		if (e->d_name[0] == '.')
			continue;
		/* All but this one are in tmp/. */
		store = open_tiny("s", 0, NULL);
		rest = opendir("orig/packs");
		while ((f = readdir(rest))) {
			size_t len;
			uint8_t *data;

			if (f->d_name[0] == '.' ||
			    !strcmp(f->d_name, e->d_name))
				continue;
			snprintf(from, sizeof(from), "orig/packs/%s",
				 f->d_name);
			snprintf(to, sizeof(to), "s/tmp/pack-%u.tmp", k++);
			data = load_file(from, &len);
			save_file(to, data, len);
			free(data);
		}
		closedir(rest);
		assert_int_equal(mv_store_has(store, &oid, NULL, NULL),
				 MV_ENOENT);
		assert_int_equal(count_files("s/packs"), packs - 1);
		check_clean(store);
		add_seed(&again, store, MANY * TINY, 2);
		check_seed(store, &oid, MANY * TINY, 2);
		check_clean(store);
		mv_store_close(store);
		remove_tree("s");
		n++;
	}
	closedir(d);
	assert_int_equal(n, packs);
	remove_tree("orig");
}

/* -- the windows of a commit ---------------------------------------------- */

static void test_store_recover__a_commit_may_stop_anywhere(void **state)
{
	struct mv_store *store = open_tiny("orig", 1500, NULL);
	struct mv_oid oid, old;
	char index[512];
	unsigned packs;

	(void)state;
	add_seed(&old, store, 15, 9);
	empty_dir("orig/index");	/* only the second one counts */
	add_seed(&oid, store, 3000 * TINY, 2);
	mv_store_close(store);
	only_file(index, sizeof(index), "orig/index");
	packs = count_files("orig/packs");

	/* k of the packs are named, the index is still in tmp/ (whole, or a
	   part of it, or its name only). */
	for (unsigned k = 0; k <= packs; k++)
		for (unsigned part = 0; part < 3; part++) {
			size_t len;
			uint8_t *data = load_file(index, &len);
			DIR *d = opendir("orig/packs");
			struct dirent *e;
			unsigned n = 0;

			store = open_tiny("s", 0, NULL);
			mv_store_close(store);
			while ((e = readdir(d))) {
				char from[600], to[600];
				size_t plen;
				uint8_t *pack;

				if (e->d_name[0] == '.')
					continue;
				snprintf(from, sizeof(from), "orig/packs/%s",
					 e->d_name);
				if (n < k)
					snprintf(to, sizeof(to), "s/packs/%s",
						 e->d_name);
				else
					snprintf(to, sizeof(to),
						 "s/tmp/pack-%u.tmp", n);
				n++;
				pack = load_file(from, &plen);
				save_file(to, pack, plen);
				free(pack);
			}
			closedir(d);
			save_file("s/tmp/index-x.tmp", data, len / 2 * part);
			free(data);
			store = open_tiny("s", 0, NULL);
			check_seed(store, &oid, 3000 * TINY, 2);
			check_seed(store, &old, 15, 9);
			assert_int_equal(count_files("s/tmp"), 0);
			check_clean(store);
			mv_store_close(store);
			remove_tree("s");
		}
	remove_tree("orig");
}

/* Everything that is not a pack can be made anew from packs. */
static void test_store_recover__packs_alone_are_enough(void **state)
{
	struct mv_store *store = open_tiny("s", 3000, NULL);
	struct mv_tx *tx = begin(store);
	struct told told;

	(void)state;
	put_and_flush(tx);
	assert_ok(mv_tx_commit(tx, NULL, err));
	mv_store_close(store);
	remove_tree("s/index");
	remove_tree("s/tmp");
	remove_tree("s/recent");
	unlink("s/lock");
	store = open_tiny("s", 3000, NULL);
	told = fsck(store, MV_FSCK_REPAIR);
	assert_int_equal(told.bad, 0);
	check_put(store);
	check_clean(store);
	mv_store_close(store);
	remove_tree("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_recover__what_a_killed_writer_flushed_is_found),
		cmocka_unit_test(test_store_recover__a_flush_outlives_the_transaction),
		cmocka_unit_test(test_store_recover__a_living_writer_is_left_alone),
		cmocka_unit_test(test_store_recover__a_pack_without_write_permission),
		cmocka_unit_test(test_store_recover__files_of_others_are_passed_over),
		cmocka_unit_test(test_store_recover__a_torn_pack_keeps_its_good_prefix),
		cmocka_unit_test(test_store_recover__a_damaged_pack_keeps_its_good_prefix),
		cmocka_unit_test(test_store_recover__a_recipe_without_its_chunks_is_no_content),
		cmocka_unit_test(test_store_recover__a_commit_may_stop_anywhere),
		cmocka_unit_test(test_store_recover__packs_alone_are_enough),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store_recover", tests, store_enter,
					   tmp_leave);
}
