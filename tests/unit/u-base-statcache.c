/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "libmv/base/fs.h"
#include "libmv/base/statcache.h"

#define RECORD 104

static char dir[64];
static char file[80];
static const struct mv_fs_clock later = { 1, { 2000000000, 0 }, 1 };

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%.40s/mv-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/stat", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

static struct mv_statcache *cache_open(void)
{
	struct mv_statcache *c;

	assert_int_equal(mv_statcache_open(&c, file, NULL), 0);
	return c;
}

static struct stat a_stat(unsigned n)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	st.st_dev = 1;
	st.st_ino = n;
	st.st_size = 1000 + n;
	st.st_mtim.tv_sec = 1000000000 + n;
	st.st_mtim.tv_nsec = 5;
	st.st_ctim.tv_sec = 1100000000 + n;
	st.st_ctim.tv_nsec = 7;
	return st;
}

static struct mv_oid an_oid(unsigned n)
{
	struct mv_oid oid;

	memset(&oid, 0, sizeof(oid));
	memcpy(oid.b, &n, sizeof(n));
	oid.b[31] = 0xee;
	return oid;
}

static void put(struct mv_statcache *c, unsigned n)
{
	struct stat st = a_stat(n);
	struct mv_oid oid = an_oid(n);
	char path[32];

	snprintf(path, sizeof(path), "dir/file-%u", n);
	assert_int_equal(mv_statcache_put(c, path, &st, &oid, &later), 0);
}

static int has(struct mv_statcache *c, unsigned n)
{
	struct stat st = a_stat(n);
	struct mv_oid want = an_oid(n), oid;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "dir/file-%u", n);
	rc = mv_statcache_get(&oid, c, path, &st);
	if (rc) {
		assert_int_equal(rc, MV_ENOENT);
		return 0;
	}
	assert_true(mv_oid_eq(&oid, &want));
	return 1;
}

static off_t file_size(void)
{
	struct stat st;

	return stat(file, &st) ? -1 : st.st_size;
}

static void make_file(unsigned from, unsigned to)
{
	struct mv_statcache *c = cache_open();

	for (unsigned n = from; n < to; n++)
		put(c, n);
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	mv_statcache_close(c);
}

static unsigned count(unsigned from, unsigned to)
{
	struct mv_statcache *c = cache_open();
	unsigned found = 0;

	for (unsigned n = from; n < to; n++)
		found += (unsigned)has(c, n);
	mv_statcache_close(c);
	return found;
}

static void write_raw(const void *data, size_t len)
{
	assert_int_equal(mv_write_file(file, data, len, 0600, MV_TMP_NO_SYNC,
				       NULL), 0);
}

static void test_base_statcache__missing_file_is_empty(void **state)
{
	struct mv_statcache *c = cache_open();

	(void)state;
	assert_false(has(c, 1));
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	assert_int_equal(file_size(), -1);	/* nothing to say, no file */
	mv_statcache_close(c);
	mv_statcache_close(NULL);
}

static void test_base_statcache__remembers(void **state)
{
	struct mv_statcache *c = cache_open();

	(void)state;
	put(c, 1);
	put(c, 2);
	assert_true(has(c, 1));			/* before it is saved, too */
	assert_false(has(c, 3));
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	assert_int_equal(file_size(), 2 * RECORD);
	put(c, 3);
	put(c, 2);				/* nothing new */
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	assert_int_equal(file_size(), 3 * RECORD);
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	assert_int_equal(file_size(), 3 * RECORD);
	mv_statcache_close(c);
	assert_int_equal(count(0, 10), 3);
}

static void test_base_statcache__close_forgets(void **state)
{
	struct mv_statcache *c = cache_open();

	(void)state;
	put(c, 1);
	mv_statcache_close(c);
	assert_int_equal(count(0, 10), 0);
}

static void test_base_statcache__any_change_of_stat_is_a_miss(void **state)
{
	struct mv_statcache *c = cache_open();
	struct stat st;
	struct mv_oid oid;

	(void)state;
	put(c, 1);
	for (int i = 0; i < 7; i++) {
		st = a_stat(1);
		st.st_dev += i == 0;
		st.st_ino += i == 1;
		st.st_size += i == 2;
		st.st_mtim.tv_sec += i == 3;
		st.st_mtim.tv_nsec += i == 4;
		st.st_ctim.tv_sec += i == 5;
		st.st_ctim.tv_nsec += i == 6;
		assert_int_equal(mv_statcache_get(&oid, c, "dir/file-1", &st),
				 MV_ENOENT);
	}
	st = a_stat(1);
	assert_int_equal(mv_statcache_get(&oid, c, "dir/file-1", &st), 0);
	assert_int_equal(mv_statcache_get(&oid, c, "dir/file-", &st),
			 MV_ENOENT);
	mv_statcache_close(c);
}

static void test_base_statcache__the_last_one_counts(void **state)
{
	struct mv_statcache *c = cache_open();
	struct stat old = a_stat(1), now = a_stat(2);
	struct mv_oid a = an_oid(1), b = an_oid(2), got;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		if (!pass) {
			mv_statcache_put(c, "x", &old, &a, &later);
			mv_statcache_put(c, "x", &now, &b, &later);
		}
		assert_int_equal(mv_statcache_get(&got, c, "x", &old),
				 MV_ENOENT);
		assert_int_equal(mv_statcache_get(&got, c, "x", &now), 0);
		assert_true(mv_oid_eq(&got, &b));
		assert_int_equal(mv_statcache_save(c, NULL), 0);
		mv_statcache_close(c);
		c = cache_open();
	}
	/* same stat, other content: the caller knows better than we */
	assert_int_equal(mv_statcache_put(c, "x", &now, &a, &later), 0);
	assert_int_equal(mv_statcache_get(&got, c, "x", &now), 0);
	assert_true(mv_oid_eq(&got, &a));
	mv_statcache_close(c);
}

/* Both stamps and the clock in seconds: 0 recorded, or EBUSY. */
static int put_at(int64_t m, int64_t c, int64_t clock_sec, int known)
{
	struct mv_statcache *cache = cache_open();
	struct mv_fs_clock clock = { 0, { clock_sec, 5 }, known };
	struct stat st = a_stat(1);
	struct mv_oid oid = an_oid(1), got;
	int rc;

	clock.dev = st.st_dev;
	st.st_mtim.tv_sec = m;
	st.st_ctim.tv_sec = c;
	/* The last moment of the second. */
	st.st_mtim.tv_nsec = st.st_ctim.tv_nsec = 999999999;
	rc = mv_statcache_put(cache, "x", &st, &oid, &clock);
	assert_int_equal(mv_statcache_get(&got, cache, "x", &st),
			 rc ? MV_ENOENT : 0);
	clock.dev++;
	assert_int_equal(mv_statcache_put(cache, "y", &st, &oid, &clock),
			 MV_EBUSY);
	mv_statcache_close(cache);
	return rc;
}

static void test_base_statcache__what_is_not_quiet_is_not_recorded(void **state)
{
	(void)state;
	assert_int_equal(put_at(99, 99, 100, 1), 0);
	assert_int_equal(put_at(50, 99, 100, 1), 0);
	assert_int_equal(put_at(100, 50, 100, 1), MV_EBUSY);
	assert_int_equal(put_at(50, 100, 100, 1), MV_EBUSY);
	assert_int_equal(put_at(101, 50, 100, 1), MV_EBUSY);
	assert_int_equal(put_at(50, 2000, 100, 1), MV_EBUSY);
	assert_int_equal(put_at(99, 99, 100, 0), MV_EBUSY);
	assert_int_equal(put_at(INT64_MIN, INT64_MIN, INT64_MAX, 1), 0);
	assert_int_equal(put_at(INT64_MAX, INT64_MIN, INT64_MIN, 1), MV_EBUSY);
}

static void test_base_statcache__forgets_what_was_wrong(void **state)
{
	struct mv_statcache *c = cache_open();
	struct mv_oid oid;

	(void)state;
	mv_statcache_forget(c, "dir/file-1");
	put(c, 1);
	put(c, 2);
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	mv_statcache_close(c);
	c = cache_open();
	mv_statcache_forget(c, "dir/file-1");
	assert_false(has(c, 1));
	assert_true(has(c, 2));
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	mv_statcache_close(c);
	c = cache_open();
	assert_false(has(c, 1));
	assert_true(has(c, 2));
	put(c, 1);
	assert_true(has(c, 1));
	assert_int_equal(mv_statcache_get(&oid, c, "x", &(struct stat){ 0 }),
			 MV_ENOENT);
	mv_statcache_close(c);
}

static void test_base_statcache__every_truncation(void **state)
{
	struct mv_buf whole;

	(void)state;
	mv_buf_init(&whole, 1 << 20);
	make_file(0, 4);
	assert_int_equal(mv_read_file(&whole, file, NULL), 0);
	assert_int_equal(whole.len, 4 * RECORD);
	for (size_t len = 0; len <= whole.len; len++) {
		write_raw(whole.data, len);
		assert_int_equal(count(0, 4), len / RECORD);
		/* what is appended behind a torn record is found */
		make_file(10, 12);
		assert_int_equal(count(10, 12), 2);
		assert_int_equal(count(0, 4), len / RECORD);
	}
	mv_buf_release(&whole);
}

static void test_base_statcache__every_flipped_bit(void **state)
{
	struct mv_buf whole;

	(void)state;
	mv_buf_init(&whole, 1 << 20);
	make_file(0, 3);
	assert_int_equal(mv_read_file(&whole, file, NULL), 0);
	for (size_t bit = 0; bit < 8 * whole.len; bit++) {
		size_t hit = bit / 8 / RECORD;
		struct mv_statcache *c;

		whole.data[bit / 8] = (char)(whole.data[bit / 8] ^
					     1 << bit % 8);
		write_raw(whole.data, whole.len);
		c = cache_open();
		for (unsigned n = 0; n < 3; n++)
			assert_int_equal(has(c, n), n != hit);
		mv_statcache_close(c);
		whole.data[bit / 8] = (char)(whole.data[bit / 8] ^
					     1 << bit % 8);
	}
	mv_buf_release(&whole);
}

static void test_base_statcache__other_files_are_empty(void **state)
{
	static const char junk[] = "MVs1MVs1MVs1 not a cache at all, "
		"but long enough to hold a record or two of it: "
		"MVs1 0123456789 0123456789 0123456789 0123456789 0123456789 "
		"0123456789 0123456789 0123456789 0123456789 0123456789";

	(void)state;
	write_raw(junk, sizeof(junk));
	assert_int_equal(count(0, 3), 0);
	make_file(0, 3);
	assert_int_equal(count(0, 3), 3);

	/* not even a file: empty, and saving says so */
	unlink(file);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(count(0, 3), 0);
	{
		struct mv_statcache *c = cache_open();
		struct mv_err err;

		put(c, 1);
		assert_true(mv_statcache_save(c, &err) < 0);
		assert_non_null(strstr(err.msg, file));
		assert_true(has(c, 1));
		mv_statcache_close(c);
	}
	assert_int_equal(rmdir(file), 0);
}

static void test_base_statcache__folder_must_exist(void **state)
{
	struct mv_statcache *c;
	struct mv_err err;
	char path[120];

	(void)state;
	snprintf(path, sizeof(path), "%s/none/stat", dir);
	assert_int_equal(mv_statcache_open(&c, path, NULL), 0);
	put(c, 1);
	assert_int_equal(mv_statcache_save(c, &err), MV_ENOENT);
	mv_statcache_close(c);
}

static void test_base_statcache__compacts_what_is_dead(void **state)
{
	struct mv_statcache *c = cache_open();
	struct stat st;
	struct mv_oid oid = an_oid(1), got;
	char path[32];

	(void)state;
	/* 100 names, 41 generations: 4100 records, of which 100 live */
	for (unsigned gen = 0; gen < 41; gen++) {
		for (unsigned n = 0; n < 100; n++) {
			snprintf(path, sizeof(path), "%u", n);
			st = a_stat(1000 * gen + n);
			assert_int_equal(mv_statcache_put(c, path, &st, &oid,
							  &later), 0);
		}
		if (gen == 39) {
			assert_int_equal(mv_statcache_save(c, NULL), 0);
			assert_int_equal(file_size(), 4000 * RECORD);
			assert_int_equal(chmod(file, 0640), 0);
		}
	}
	assert_int_equal(mv_statcache_save(c, NULL), 0);
	assert_int_equal(file_size(), 100 * RECORD);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned n = 0; n < 100; n++) {
			snprintf(path, sizeof(path), "%u", n);
			st = a_stat(40000 + n);
			assert_int_equal(mv_statcache_get(&got, c, path, &st),
					 0);
		}
		mv_statcache_close(c);
		c = cache_open();
	}
	mv_statcache_close(c);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void test_base_statcache__live_records_are_not_compacted(void **state)
{
	(void)state;
	make_file(0, 5000);
	make_file(4000, 9000);
	assert_int_equal(file_size(), 9000 * RECORD);
	assert_int_equal(count(0, 9001), 9000);
}

/* Several processes append at once; nobody's records are lost. */
static void test_base_statcache__appenders_side_by_side(void **state)
{
	enum { CHILDREN = 4, ROUNDS = 25, EACH = 20 };
	pid_t pid[CHILDREN];
	int status;

	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i])
			continue;
		for (unsigned r = 0; r < ROUNDS; r++) {
			unsigned from = (i * ROUNDS + r) * EACH;

			make_file(from, from + EACH);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(file_size(), CHILDREN * ROUNDS * EACH * RECORD);
	assert_int_equal(count(0, CHILDREN * ROUNDS * EACH),
			 CHILDREN * ROUNDS * EACH);
}

static void test_base_statcache__odd_paths(void **state)
{
	static const char *const paths[] = {
		"", "a", "a\nb", "\xff\xfe", "a/../b", "b", "A",
	};
	struct mv_statcache *c = cache_open();
	struct stat st = a_stat(1);
	struct mv_oid oid, got;

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		oid = an_oid(i);
		assert_int_equal(mv_statcache_put(c, paths[i], &st, &oid,
						  &later), 0);
	}
	for (unsigned i = 0; i < 7; i++) {
		oid = an_oid(i);
		assert_int_equal(mv_statcache_get(&got, c, paths[i], &st), 0);
		assert_true(mv_oid_eq(&got, &oid));
	}
	mv_statcache_close(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
	test_base_statcache__##name, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(missing_file_is_empty),
		TEST(remembers),
		TEST(close_forgets),
		TEST(any_change_of_stat_is_a_miss),
		TEST(the_last_one_counts),
		TEST(what_is_not_quiet_is_not_recorded),
		TEST(forgets_what_was_wrong),
		TEST(every_truncation),
		TEST(every_flipped_bit),
		TEST(other_files_are_empty),
		TEST(folder_must_exist),
		TEST(compacts_what_is_dead),
		TEST(live_records_are_not_compacted),
		TEST(appenders_side_by_side),
		TEST(odd_paths),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
