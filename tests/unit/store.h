/* SPDX-License-Identifier: MIT */
#ifndef MV_TESTS_STORE_H
#define MV_TESTS_STORE_H

/* What the tests of the store share: stores, contents and checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/store/internal.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"
#include "tests/unit/base-tmp.h"

#define UNUSED __attribute__((unused))

/*
 * Tests of the store sync a lot, thousands of small stores: in memory that
 * takes seconds instead of minutes.
 */
static UNUSED int store_enter(void **state)
{
	struct stat st;

	if (!getenv("TMPDIR") && !stat("/dev/shm", &st) &&
	    S_ISDIR(st.st_mode) && !access("/dev/shm", W_OK))
		setenv("TMPDIR", "/dev/shm", 0);
	return tmp_enter(state);
}

#define assert_ok(call) do { \
	struct mv_err err_ = { 0 }; \
	struct mv_err *const err UNUSED = &err_; \
	int ret_ = (call); \
	if (ret_) \
		fail_msg("%s: %d %s", #call, ret_, err_.msg); \
} while (0)

static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Random bytes; a seed names them. */
static UNUSED uint8_t *make_data(size_t len, uint64_t seed)
{
	uint8_t *data = malloc(len + 8);

	assert_non_null(data);
	for (size_t i = 0; i < len; i += 8)
		mv_put_le64(data + i, next_random(&seed));
	return data;
}

static UNUSED void name_data(struct mv_oid *oid, const uint8_t *data,
			     size_t len)
{
	assert_ok(mv_sha256(oid, data, len, err));
}

static UNUSED void name_seed(struct mv_oid *oid, size_t len, uint64_t seed)
{
	uint8_t *data = make_data(len, seed);

	name_data(oid, data, len);
	free(data);
}

static UNUSED struct mv_store *open_with(const char *dir,
					 struct mv_store_options options)
{
	struct mv_store *store = NULL;

	assert_ok(mv_store_open(&store, dir, &options, err));
	return store;
}

static UNUSED struct mv_store *open_store(const char *dir, uint64_t pack_size)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .pack_size = pack_size };

	return open_with(dir, options);
}

static UNUSED struct mv_tx *begin(struct mv_store *store)
{
	struct mv_tx *tx = NULL;

	assert_ok(mv_tx_begin(&tx, store, err));
	return tx;
}

static UNUSED int try_put(struct mv_oid *oid, struct mv_tx *tx,
			  const uint8_t *data, size_t len, struct mv_err *err)
{
	struct mv_mem_reader mem = { (const char *)data, len, 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	uint64_t size = 0;
	int rc = mv_tx_put(oid, &size, tx, &in, len, err);

	if (!rc && size != len)
		rc = mv_fail(err, MV_EINVALID, "wrong size");
	return rc;
}

static UNUSED void put_data(struct mv_oid *oid, struct mv_tx *tx,
			    const uint8_t *data, size_t len)
{
	struct mv_oid want;

	assert_ok(try_put(oid, tx, data, len, err));
	name_data(&want, data, len);
	assert_true(mv_oid_eq(oid, &want));
}

static UNUSED void put_seed(struct mv_oid *oid, struct mv_tx *tx, size_t len,
			    uint64_t seed)
{
	uint8_t *data = make_data(len, seed);

	put_data(oid, tx, data, len);
	free(data);
}

/* One transaction with one content. */
static UNUSED void add_seed(struct mv_oid *oid, struct mv_store *store,
			    size_t len, uint64_t seed)
{
	struct mv_tx *tx = begin(store);

	put_seed(oid, tx, len, seed);
	assert_ok(mv_tx_commit(tx, NULL, err));
}

static UNUSED int try_read(struct mv_store *store, const struct mv_oid *oid,
			   const uint8_t *data, size_t len, struct mv_err *err)
{
	struct mv_buf buf;
	struct mv_writer out;
	int rc;

	mv_buf_init(&buf, (size_t)1 << 30);
	out = mv_writer_buf(&buf);
	rc = mv_store_read(store, oid, &out, err);
	/* Whatever came out must be right, also before a failure. */
	assert_true(buf.len <= len);
	assert_memory_equal(buf.data, data, buf.len);
	if (!rc)
		assert_int_equal(buf.len, len);
	mv_buf_release(&buf);
	return rc;
}

static UNUSED int try_seed(struct mv_store *store, const struct mv_oid *oid,
			   size_t len, uint64_t seed)
{
	uint8_t *data = make_data(len, seed);
	int rc = try_read(store, oid, data, len, NULL);

	free(data);
	return rc;
}

static UNUSED void check_data(struct mv_store *store, const struct mv_oid *oid,
			      const uint8_t *data, size_t len)
{
	uint64_t size = 1;

	assert_ok(mv_store_has(store, oid, NULL, err));
	assert_ok(mv_store_has(store, oid, &size, err));
	assert_int_equal(size, len);
	assert_ok(try_read(store, oid, data, len, err));
}

static UNUSED void check_seed(struct mv_store *store, const struct mv_oid *oid,
			      size_t len, uint64_t seed)
{
	uint8_t *data = make_data(len, seed);

	check_data(store, oid, data, len);
	free(data);
}

/* What fsck says, per kind. */
struct told {
	unsigned kind[MV_FSCK_BROKEN + 1];
	uint64_t bad;
	char last[600];
};

static UNUSED void note_told(void *payload, enum mv_fsck_kind kind,
			     const char *subject, const char *message)
{
	struct told *told = payload;

	told->kind[kind]++;
	snprintf(told->last, sizeof(told->last), "%s: %s", subject, message);
}

static UNUSED struct told fsck(struct mv_store *store, unsigned flags)
{
	struct told told = { { 0 }, 0, "" };

	assert_ok(mv_store_fsck(store, flags, note_told, &told, &told.bad,
				err));
	return told;
}

static UNUSED void check_clean(struct mv_store *store)
{
	struct told told = fsck(store, 0);

	if (told.bad || told.kind[MV_FSCK_TEMPORARY])
		fail_msg("fsck: %s", told.last);
}

/* -- files ---------------------------------------------------------------- */

static UNUSED unsigned count_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	if (!d)
		return 0;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The only file in a folder. */
static UNUSED const char *only_file(char *path, size_t room, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	assert_non_null(d);
	assert_int_equal(count_files(dir), 1);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(path, room, "%s/%s", dir, e->d_name);
	closedir(d);
	return path;
}

static UNUSED uint8_t *load_file(const char *path, size_t *len)
{
	struct stat st;
	uint8_t *data;
	size_t got;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && !fstat(fd, &st));
	data = malloc((size_t)st.st_size + 1);
	assert_non_null(data);
	assert_ok(mv_pread_full(fd, data, (size_t)st.st_size, 0, &got, path,
				err));
	close(fd);
	*len = got;
	return data;
}

static UNUSED void save_file(const char *path, const uint8_t *data, size_t len)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_ok(mv_pwrite_full(fd, data, len, 0, path, err));
	close(fd);
}

static UNUSED void flip_byte(const char *path, size_t at, uint8_t mask)
{
	size_t len;
	uint8_t *data = load_file(path, &len);

	assert_true(at < len);
	data[at] ^= mask;
	save_file(path, data, len);
	free(data);
}

static UNUSED void remove_tree(const char *dir)
{
	nftw(dir, tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static UNUSED void empty_dir(const char *dir)
{
	remove_tree(dir);
	assert_int_equal(mkdir(dir, 0755), 0);
}

static UNUSED void copy_tree(const char *from, const char *to)
{
	char command[2048];

	remove_tree(to);
	snprintf(command, sizeof(command), "cp -a '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

/* Make everything in packs/ look `seconds` old. */
static UNUSED void age_packs(const char *store_dir, int64_t seconds)
{
	char path[600];
	DIR *d;
	struct dirent *e;

	snprintf(path, sizeof(path), "%s/packs", store_dir);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d))) {
		struct timespec t[2] = { { time(NULL) - seconds, 0 },
					 { time(NULL) - seconds, 0 } };

		if (e->d_name[0] != '.')
			assert_int_equal(utimensat(dirfd(d), e->d_name, t, 0),
					 0);
	}
	closedir(d);
}

/* -- a plan that makes many small chunks ---------------------------------- */

#define TINY 24u

static UNUSED int tiny_runs(struct mv_runs *out, size_t *need,
			    const uint8_t *head, size_t len, int eof,
			    struct mv_err *err)
{
	size_t count;

	(void)head;
	if (!eof) {
		*need = len < 4096 ? 4096 : 2 * len;
		return MV_EBUSY;
	}
	count = len / TINY;
	out->run = calloc(count ? count : 1, sizeof(*out->run));
	if (!out->run)
		return mv_nomem(err);
	for (size_t i = 0; i < count; i++) {
		out->run[i].offset = i * TINY;
		out->run[i].length = TINY;
		out->run[i].unit = 1;
	}
	out->count = count;
	return 0;
}

static UNUSED struct mv_store *open_tiny(const char *dir, uint64_t pack_size,
					 struct mv_pool *pool)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .pack_size = pack_size,
					    .plan = tiny_runs, .pool = pool };

	return open_with(dir, options);
}

#endif
