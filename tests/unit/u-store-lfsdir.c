/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "libmv/base/fs.h"
#include "libmv/store/lfsdir.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char top[64];
static char dir[80];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(top, sizeof(top), "%.40s/mv-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(top))
		return -1;
	snprintf(dir, sizeof(dir), "%s/lfs", top);
	return 0;
}

static int drop_one(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int drop_dir(void **state)
{
	(void)state;
	return nftw(top, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int put(struct mv_oid *oid, uint64_t *size, const char *data,
	       size_t len)
{
	struct mv_mem_reader mem = { data, len, 0 };
	struct mv_reader in = mv_reader_mem(&mem);

	return mv_lfsdir_put(oid, size, dir, &in, NULL);
}

/* The file of an object; the text is overwritten by the next call. */
static const char *file_of(const struct mv_oid *oid)
{
	static char path[256];
	char hex[MV_OID_HEX + 1];

	mv_oid_hex(hex, oid);
	snprintf(path, sizeof(path), "%s/objects/%.2s/%.2s/%s", dir, hex,
		 hex + 2, hex);
	return path;
}

static int count_one(void *payload, const char *name, struct mv_err *err)
{
	(void)name;
	(void)err;
	++*(int *)payload;
	return 0;
}

static int temporaries(void)
{
	char path[100];
	int n = 0;

	snprintf(path, sizeof(path), "%s/tmp", dir);
	assert_int_equal(mv_each_entry(path, count_one, &n, NULL), 0);
	return n;
}

/* 2.5 MiB: longer than what is held back, and not a multiple of it. */
static char *make_long(size_t *len)
{
	uint32_t x = 7;
	char *data;

	*len = 5 << 19;
	data = malloc(*len);
	assert_non_null(data);
	for (size_t i = 0; i < *len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (char)(x >> 24);
	}
	return data;
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static int read_all(struct mv_buf *out, const struct mv_oid *oid,
		    struct mv_err *err)
{
	struct mv_writer w = mv_writer_buf(out);

	mv_buf_clear(out);
	return mv_lfsdir_read(dir, oid, &w, err);
}

static void test_store_lfsdir__put_names_content_by_its_sha256(void **state)
{
	struct mv_oid oid, want;
	uint64_t size = 0;
	struct mv_buf buf;
	struct stat st;

	(void)state;
	mv_buf_init(&buf, 100);
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	assert_int_equal(mv_oid_parse(&want, ABC, MV_OID_HEX), 0);
	assert_true(mv_oid_eq(&oid, &want));
	assert_int_equal(size, 3);
	assert_non_null(strstr(file_of(&oid), "/lfs/objects/ba/78/" ABC));
	assert_int_equal(mv_read_file(&buf, file_of(&oid), NULL), 0);
	assert_string_equal(buf.data, "abc");
	assert_int_equal(stat(file_of(&oid), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(temporaries(), 0);
	mv_buf_release(&buf);
}

static void test_store_lfsdir__has(void **state)
{
	struct mv_oid oid, other;
	uint64_t size = 99;

	(void)state;
	assert_int_equal(mv_oid_parse(&other, ABC, MV_OID_HEX), 0);
	assert_int_equal(mv_lfsdir_has(dir, &other, &size, NULL), MV_ENOENT);
	assert_int_equal(size, 99);
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	size = 99;
	assert_int_equal(mv_lfsdir_has(dir, &oid, &size, NULL), 0);
	assert_int_equal(size, 3);
	assert_int_equal(mv_lfsdir_has(dir, &oid, NULL, NULL), 0);
	other.b[31] ^= 1;
	assert_int_equal(mv_lfsdir_has(dir, &other, &size, NULL), MV_ENOENT);
}

static void test_store_lfsdir__gives_back_what_was_put(void **state)
{
	size_t len, lens[] = { 1, 4096, 1 << 20, (1 << 20) + 1, 2 << 20, 0 };
	char *data = make_long(&len);
	struct mv_buf buf;
	struct mv_oid oid;
	uint64_t size;

	(void)state;
	lens[5] = len;
	mv_buf_init(&buf, 10 << 20);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(put(&oid, &size, data, lens[i]), 0);
		assert_int_equal(size, lens[i]);
		assert_int_equal(read_all(&buf, &oid, NULL), 0);
		assert_int_equal(buf.len, lens[i]);
		assert_memory_equal(buf.data, data, lens[i]);
	}
	mv_buf_release(&buf);
	free(data);
}

static void test_store_lfsdir__read_at(void **state)
{
	struct mv_oid oid;
	uint64_t size;
	char mem[10];
	size_t got;

	(void)state;
	assert_int_equal(put(&oid, &size, "0123456789", 10), 0);
	assert_int_equal(mv_lfsdir_read_at(dir, &oid, 3, mem, 4, &got, NULL),
			 0);
	assert_int_equal(got, 4);
	assert_memory_equal(mem, "3456", 4);
	assert_int_equal(mv_lfsdir_read_at(dir, &oid, 8, mem, 10, &got, NULL),
			 0);
	assert_int_equal(got, 2);
	assert_int_equal(mv_lfsdir_read_at(dir, &oid, 10, mem, 10, &got, NULL),
			 0);
	assert_int_equal(got, 0);
	oid.b[0] ^= 1;
	assert_int_equal(mv_lfsdir_read_at(dir, &oid, 0, mem, 1, &got, NULL),
			 MV_ENOENT);
}

static void test_store_lfsdir__empty_content_has_no_object(void **state)
{
	struct mv_oid oid;
	uint64_t size = 1;

	(void)state;
	assert_int_equal(put(&oid, &size, "", 0), 0);
	assert_int_equal(size, 0);
	assert_int_equal(oid.b[0], 0xe3);
	assert_int_equal(mv_lfsdir_has(dir, &oid, NULL, NULL), MV_ENOENT);
	assert_int_equal(temporaries(), 0);
}

/* Short content: not a byte leaves. Long content: never complete. */
static void test_store_lfsdir__damage_does_not_leave(void **state)
{
	struct mv_err err;
	struct mv_buf buf;
	struct mv_oid oid;
	uint64_t size;
	size_t len;
	char *data = make_long(&len);

	(void)state;
	mv_buf_init(&buf, 10 << 20);
	for (off_t at = 0; at < 3; at++) {
		assert_int_equal(put(&oid, &size, "abc", 3), 0);
		flip(file_of(&oid), at);
		assert_int_equal(read_all(&buf, &oid, &err), MV_ECORRUPT);
		assert_int_equal(buf.len, 0);
		assert_non_null(strstr(err.msg, ABC));
	}
	assert_int_equal(put(&oid, &size, data, len), 0);
	flip(file_of(&oid), 5);
	assert_int_equal(read_all(&buf, &oid, NULL), MV_ECORRUPT);
	assert_int_equal(buf.len, 2 << 20);

	assert_int_equal(put(&oid, &size, data, len), 0);
	assert_int_equal(truncate(file_of(&oid), 100), 0);
	assert_int_equal(read_all(&buf, &oid, NULL), MV_ECORRUPT);
	assert_int_equal(buf.len, 0);
	mv_buf_release(&buf);
	free(data);
}

static void test_store_lfsdir__put_keeps_good_and_replaces_bad(void **state)
{
	struct stat before, after;
	struct mv_buf buf;
	struct mv_oid oid;
	uint64_t size;

	(void)state;
	mv_buf_init(&buf, 100);
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	assert_int_equal(stat(file_of(&oid), &before), 0);
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	assert_int_equal(stat(file_of(&oid), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(temporaries(), 0);

	flip(file_of(&oid), 1);			/* same size, wrong bytes */
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	assert_int_equal(read_all(&buf, &oid, NULL), 0);
	assert_string_equal(buf.data, "abc");
	assert_int_equal(truncate(file_of(&oid), 1), 0);
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	assert_int_equal(read_all(&buf, &oid, NULL), 0);
	assert_string_equal(buf.data, "abc");
	mv_buf_release(&buf);
}

static int failing_read(void *payload, void *data, size_t len, size_t *got,
			struct mv_err *err)
{
	int *calls = payload;

	if ((*calls)++)
		return mv_fail(err, MV_ENETWORK, "the line is dead");
	memset(data, 'x', len);
	*got = len;
	return 0;
}

static void test_store_lfsdir__failed_put_leaves_nothing(void **state)
{
	int calls = 0;
	struct mv_reader in = { failing_read, &calls };
	struct mv_oid oid;
	struct mv_err err;
	uint64_t size;
	char path[100];

	(void)state;
	assert_int_equal(mv_lfsdir_put(&oid, &size, dir, &in, &err),
			 MV_ENETWORK);
	assert_string_equal(err.msg, "the line is dead");
	assert_int_equal(temporaries(), 0);
	snprintf(path, sizeof(path), "%s/objects", dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_store_lfsdir__links_are_not_followed(void **state)
{
	struct mv_buf buf;
	struct mv_oid oid;
	uint64_t size;
	char path[100];

	(void)state;
	mv_buf_init(&buf, 100);
	assert_int_equal(put(&oid, &size, "abc", 3), 0);
	snprintf(path, sizeof(path), "%s/moved", top);
	assert_int_equal(rename(file_of(&oid), path), 0);
	assert_int_equal(symlink(path, file_of(&oid)), 0);
	assert_int_equal(mv_lfsdir_has(dir, &oid, &size, NULL), MV_EDENIED);
	assert_int_equal(read_all(&buf, &oid, NULL), MV_EDENIED);
	mv_buf_release(&buf);
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
	test_store_lfsdir__##name, make_dir, drop_dir)

/* -- piece by piece -------------------------------------------------------- */

static const char *part_file(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/incomplete/" ABC "-git-model.part",
		 dir);
	return path;
}

static struct mv_lfsdir_part *part_of_abc(uint64_t have)
{
	struct mv_lfsdir_part *part = NULL;
	struct mv_oid oid;
	uint64_t there = 99;

	assert_int_equal(mv_oid_parse(&oid, ABC, MV_OID_HEX), 0);
	assert_int_equal(mv_lfsdir_part_open(&part, &there, dir, &oid, 3,
					     NULL), 0);
	assert_int_equal(there, have);
	return part;
}

static void test_store_lfsdir__a_part_goes_on_where_it_ended(void **state)
{
	struct mv_lfsdir_part *part = part_of_abc(0), *second;
	struct mv_oid oid;
	uint64_t size;

	(void)state;
	assert_int_equal(mv_lfsdir_part_write(part, "ab", 2, NULL), 0);
	/* Somebody else meanwhile begins a file of its own. */
	second = part_of_abc(0);
	assert_int_equal(mv_lfsdir_part_write(second, "a", 1, NULL), 0);
	mv_lfsdir_part_close(second);
	mv_lfsdir_part_close(part);
	part = part_of_abc(2);
	assert_int_equal(mv_lfsdir_part_write(part, "cd", 2, NULL),
			 MV_ECORRUPT);
	assert_int_equal(mv_lfsdir_part_write(part, "c", 1, NULL), 0);
	assert_int_equal(mv_lfsdir_part_finish(part, NULL), 0);
	mv_lfsdir_part_close(part);
	assert_int_equal(mv_oid_parse(&oid, ABC, MV_OID_HEX), 0);
	assert_int_equal(mv_lfsdir_has(dir, &oid, &size, NULL), 0);
	assert_int_equal(size, 3);
	assert_int_equal(access(part_file(), F_OK), -1);
}

static void test_store_lfsdir__a_wrong_part_gets_no_name(void **state)
{
	struct mv_lfsdir_part *part = part_of_abc(0);
	struct mv_oid oid;
	uint64_t have;

	(void)state;
	assert_int_equal(mv_lfsdir_part_write(part, "abx", 3, NULL), 0);
	assert_int_equal(mv_lfsdir_part_finish(part, NULL), MV_ECORRUPT);
	mv_lfsdir_part_close(part);
	assert_int_equal(access(part_file(), F_OK), -1);
	/* Whole and wrong, or too long, from an earlier run. */
	assert_int_equal(mv_write_file(part_file(), "xyz", 3, 0600, 0, NULL),
			 0);
	mv_lfsdir_part_close(part_of_abc(0));
	assert_int_equal(mv_write_file(part_file(), "abcd", 4, 0600, 0, NULL),
			 0);
	mv_lfsdir_part_close(part_of_abc(0));
	/* Too short is not all of it. */
	part = part_of_abc(0);
	assert_int_equal(mv_lfsdir_part_write(part, "ab", 2, NULL), 0);
	assert_int_equal(mv_lfsdir_part_finish(part, NULL), MV_ECORRUPT);
	assert_int_equal(mv_lfsdir_part_restart(part, NULL), 0);
	mv_lfsdir_part_close(part);
	/* Whole and right: it has its name at once. */
	assert_int_equal(mv_write_file(part_file(), "abc", 3, 0600, 0, NULL),
			 0);
	assert_int_equal(mv_oid_parse(&oid, ABC, MV_OID_HEX), 0);
	assert_int_equal(mv_lfsdir_part_open(&part, &have, dir, &oid, 3, NULL),
			 MV_EEXISTS);
	assert_null(part);
	assert_int_equal(mv_lfsdir_has(dir, &oid, NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(put_names_content_by_its_sha256),
		TEST(has),
		TEST(gives_back_what_was_put),
		TEST(read_at),
		TEST(empty_content_has_no_object),
		TEST(damage_does_not_leave),
		TEST(put_keeps_good_and_replaces_bad),
		TEST(failed_put_leaves_nothing),
		TEST(links_are_not_followed),
		TEST(a_part_goes_on_where_it_ended),
		TEST(a_wrong_part_gets_no_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
