/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "libmv/base/buf.h"
#include "libmv/base/fs.h"
#include "libmv/remote/remote.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

static char top[64];
static struct mv_pool *pool;

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(top, sizeof(top), "%.40s/mv-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(top))
		return -1;
	return mv_pool_new(&pool, 2, NULL);
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
	mv_pool_free(pool);
	return nftw(top, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct mv_store *store_open(const char *name)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE,
					    .pool = pool };
	struct mv_store *store;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mv_store_open(&store, path, &options, NULL), 0);
	return store;
}

/* "/remote" or "/some%20where" below the test's folder, after a prefix. */
static int try_open(struct mv_remote **out, const char *prefix,
		    const char *tail, int create, struct mv_err *err)
{
	struct mv_store_options options = { .pool = pool };
	char url[256];

	snprintf(url, sizeof(url), "%s%s%s", prefix, top, tail);
	return mv_remote_open(out, url, create, &options, err);
}

static struct mv_remote *remote_open(int create)
{
	struct mv_remote *remote;

	assert_int_equal(try_open(&remote, "", "/remote", create, NULL), 0);
	return remote;
}

/* Content number n: `len` bytes that no other one shares. */
static char *content(unsigned n, size_t len)
{
	char *data = malloc(len);
	uint32_t x = n * 2654435761u + 1;

	assert_non_null(data);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (char)(x >> 24);
	}
	return data;
}

static const size_t lens[] = { 10, 70000, 3 << 20 };

static void put_all(struct mv_store *store, struct mv_oid *oids,
		    unsigned count)
{
	struct mv_tx *tx;

	assert_int_equal(mv_tx_begin(&tx, store, NULL), 0);
	for (unsigned i = 0; i < count; i++) {
		char *data = content(i, lens[i]);
		struct mv_mem_reader mem = { data, lens[i], 0 };
		struct mv_reader in = mv_reader_mem(&mem);
		uint64_t size;

		assert_int_equal(mv_tx_put(&oids[i], &size, tx, &in, lens[i],
					   NULL), 0);
		free(data);
	}
	assert_int_equal(mv_tx_commit(tx, NULL, NULL), 0);
}

static void check_content(struct mv_store *store, const struct mv_oid *oid,
			  unsigned n)
{
	char *want = content(n, lens[n]);
	struct mv_writer out;
	struct mv_buf buf;

	mv_buf_init(&buf, 8 << 20);
	out = mv_writer_buf(&buf);
	assert_int_equal(mv_store_read(store, oid, &out, NULL), 0);
	assert_int_equal(buf.len, lens[n]);
	assert_memory_equal(buf.data, want, lens[n]);
	mv_buf_release(&buf);
	free(want);
}

static void test_remote_dir__push_then_fetch(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_store *there = store_open("there");
	struct mv_remote *remote = remote_open(1);
	struct mv_tx_stats stats;
	struct mv_tx *tx;
	struct mv_oid oids[4];
	uint8_t flags[4];

	(void)state;
	put_all(here, oids, 3);
	memset(&oids[3], 5, sizeof(oids[3]));
	memset(flags, 9, sizeof(flags));
	assert_int_equal(mv_remote_has(remote, oids, 4, flags, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(flags[i], 0);

	assert_int_equal(mv_remote_push(remote, here, oids, 3, &stats, NULL),
			 0);
	assert_int_equal(stats.contents, 3);
	assert_true(stats.new_stored > lens[2]);
	assert_int_equal(mv_remote_has(remote, oids, 4, flags, NULL), 0);
	assert_int_equal(flags[0] + flags[1] + flags[2], 3);
	assert_int_equal(flags[3], 0);

	/* again: nothing is new, nothing is stored */
	assert_int_equal(mv_remote_push(remote, here, oids, 3, &stats, NULL),
			 0);
	assert_int_equal(stats.new_chunks, 0);
	mv_remote_close(remote);

	remote = remote_open(0);
	assert_int_equal(mv_tx_begin(&tx, there, NULL), 0);
	assert_int_equal(mv_remote_fetch(remote, tx, oids, 4, flags, NULL), 0);
	assert_int_equal(flags[0] + flags[1] + flags[2], 3);
	assert_int_equal(flags[3], 0);
	assert_int_equal(mv_tx_commit(tx, NULL, NULL), 0);
	for (unsigned i = 0; i < 3; i++)
		check_content(there, &oids[i], i);
	mv_remote_close(remote);
	mv_store_close(there);
	mv_store_close(here);
}

static void test_remote_dir__nothing_to_do(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_remote *remote = remote_open(1);
	struct mv_tx_stats stats = { .contents = 7 };

	(void)state;
	assert_int_equal(mv_remote_push(remote, here, NULL, 0, &stats, NULL),
			 0);
	assert_int_equal(stats.contents, 0);
	assert_int_equal(mv_remote_push(remote, here, NULL, 0, NULL, NULL), 0);
	assert_int_equal(mv_remote_fetch(remote, NULL, NULL, 0, NULL, NULL),
			 0);
	assert_int_equal(mv_remote_has(remote, NULL, 0, NULL, NULL), 0);
	mv_remote_close(remote);
	mv_remote_close(NULL);
	mv_store_close(here);
}

/* One content is missing here: the remote gets none of them. */
static void test_remote_dir__push_is_all_or_nothing(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_remote *remote = remote_open(1);
	struct mv_oid oids[3];
	uint8_t flags[3];
	struct mv_err err;
	char hex[MV_OID_HEX + 1];

	(void)state;
	put_all(here, oids, 2);
	oids[2] = oids[1];
	oids[2].b[7] ^= 1;
	assert_int_equal(mv_remote_push(remote, here, oids, 3, NULL, &err),
			 MV_ENOENT);
	assert_non_null(strstr(err.msg, mv_oid_hex(hex, &oids[2])));
	assert_int_equal(mv_remote_has(remote, oids, 3, flags, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(flags[i], 0);
	mv_remote_close(remote);
	mv_store_close(here);
}

/* What the remote has need not be here: a clone knows only pointers of it. */
static void test_remote_dir__push_of_what_is_there_already(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_store *empty = store_open("empty");
	struct mv_remote *remote = remote_open(1);
	struct mv_oid oids[2];

	(void)state;
	put_all(here, oids, 2);
	assert_int_equal(mv_remote_push(remote, here, oids, 2, NULL, NULL), 0);
	assert_int_equal(mv_remote_push(remote, empty, oids, 2, NULL, NULL),
			 0);
	mv_remote_close(remote);
	mv_store_close(empty);
	mv_store_close(here);
}

/* What a folder looks like: changes when a file comes, goes or is written. */
static uint64_t look;

static int look_one(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	(void)type;
	(void)ftw;
	look += mv_checksum64(path, strlen(path), 0) ^
		((uint64_t)st->st_mtim.tv_sec << 30) ^
		(uint64_t)st->st_mtim.tv_nsec ^
		(uint64_t)st->st_size << 50;
	return 0;
}

static uint64_t look_at(const char *path)
{
	look = 0;
	assert_int_equal(nftw(path, look_one, 8, FTW_PHYS), 0);
	return look;
}

/* Opened to read: no folder appears, and nothing can be pushed. */
static void test_remote_dir__reading_never_writes(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_remote *remote;
	struct mv_oid oids[1];
	struct mv_err err;
	struct mv_tx *tx;
	char path[128];
	uint64_t before;
	uint8_t flag;

	(void)state;
	put_all(here, oids, 1);
	assert_int_equal(try_open(&remote, "", "/remote", 0, &err), MV_ENOENT);
	assert_null(remote);
	snprintf(path, sizeof(path), "%s/remote", top);
	assert_int_equal(access(path, F_OK), -1);

	mv_remote_close(remote_open(1));
	before = look_at(path);
	remote = remote_open(0);
	assert_int_equal(mv_remote_has(remote, oids, 1, &flag, NULL), 0);
	assert_int_equal(flag, 0);
	assert_int_equal(mv_remote_push(remote, here, oids, 1, NULL, &err),
			 MV_EDENIED);
	assert_non_null(strstr(err.msg, path));
	assert_int_equal(mv_tx_begin(&tx, here, NULL), 0);
	oids[0].b[0] ^= 1;
	assert_int_equal(mv_remote_fetch(remote, tx, oids, 1, &flag, NULL), 0);
	assert_int_equal(flag, 0);
	mv_tx_abort(tx);
	mv_remote_close(remote);
	assert_true(look_at(path) == before);
	mv_store_close(here);
}

/* A push that was killed after it had handed its content to the kernel. */
static void killed_push(void)
{
	struct mv_store_options options = { .flags = MV_STORE_CREATE };
	struct mv_mem_reader mem = { "content", 7, 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	struct mv_store *store;
	struct mv_oid oid;
	struct mv_tx *tx;
	uint64_t size;
	char path[128];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/remote", top);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(mv_store_open(&store, path, &options, NULL) ||
		      mv_tx_begin(&tx, store, NULL) ||
		      mv_tx_put(&oid, &size, tx, &in, 7, NULL) ||
		      mv_tx_flush(tx, 0, NULL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Mending what is left over there is for those who write there. */
static void test_remote_dir__fetch_does_not_recover(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_remote *remote;
	struct mv_oid oid;
	struct mv_tx *tx;
	char path[128];
	uint64_t before;
	uint8_t found = 9;

	(void)state;
	killed_push();
	snprintf(path, sizeof(path), "%s/remote", top);
	before = look_at(path);
	assert_int_equal(mv_oid_parse(&oid, "ed7002b439e9ac845f22357d822bac14"
				      "44730fbdb6016d3ec9432297b9ec9f73", 64),
			 0);
	remote = remote_open(0);
	assert_int_equal(mv_tx_begin(&tx, here, NULL), 0);
	assert_int_equal(mv_remote_fetch(remote, tx, &oid, 1, &found, NULL),
			 0);
	assert_int_equal(found, 0);
	mv_tx_abort(tx);
	mv_remote_close(remote);
	assert_true(look_at(path) == before);

	/* whoever pushes finds it */
	remote = remote_open(1);
	assert_int_equal(mv_remote_push(remote, here, &oid, 1, NULL, NULL), 0);
	assert_int_equal(mv_remote_has(remote, &oid, 1, &found, NULL), 0);
	assert_int_equal(found, 1);
	mv_remote_close(remote);
	mv_store_close(here);
}

static int damage_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	int fd;
	char c;

	(void)ftw;
	if (type != FTW_F || st->st_size < 100000)
		return 0;
	if (chmod(path, 0600))
		return -1;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, &c, 1, st->st_size / 2) != 1)
		return -1;
	c ^= 1;
	if (pwrite(fd, &c, 1, st->st_size / 2) != 1)
		return -1;
	return close(fd);
}

static void test_remote_dir__damage_there_does_not_arrive(void **state)
{
	struct mv_store *here = store_open("here");
	struct mv_store *there = store_open("there");
	struct mv_remote *remote = remote_open(1);
	struct mv_oid oids[3];
	struct mv_tx *tx;
	char path[128];
	int rc;

	(void)state;
	put_all(here, oids, 3);
	assert_int_equal(mv_remote_push(remote, here, oids, 3, NULL, NULL), 0);
	mv_remote_close(remote);
	snprintf(path, sizeof(path), "%s/remote", top);
	assert_int_equal(nftw(path, damage_one, 8, FTW_PHYS), 0);

	remote = remote_open(0);
	assert_int_equal(mv_tx_begin(&tx, there, NULL), 0);
	rc = mv_remote_fetch(remote, tx, &oids[2], 1, NULL, NULL);
	assert_int_equal(rc, MV_ECORRUPT);
	mv_tx_abort(tx);
	assert_int_equal(mv_store_has(there, &oids[2], NULL, NULL), MV_ENOENT);
	mv_remote_close(remote);
	mv_store_close(there);
	mv_store_close(here);
}

static void test_remote_dir__urls_that_name_a_directory(void **state)
{
	static const struct {
		const char *prefix, *tail, *made;
	} cases[] = {
		{ "", "/plain", "/plain" },
		{ "", "/a%20b", "/a%20b" },		/* a path is no URL */
		{ "file://", "/url", "/url" },
		{ "file://", "/c%20d%2521", "/c d%21" },	/* once */
		{ "file://localhost", "/local", "/local" },
		{ "FILE://LocalHost", "/case", "/case" },
		{ "file://", "/q?x#y", "/q?x#y" },
		{ "file://", "/%c3%A4", "/\xc3\xa4" },
		{ "", "/\xc3\xa4" "2", "/\xc3\xa4" "2" },
	};
	struct mv_remote *remote;
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(try_open(&remote, cases[i].prefix,
					  cases[i].tail, 1, NULL), 0);
		mv_remote_close(remote);
		snprintf(path, sizeof(path), "%s%s", top, cases[i].made);
		assert_int_equal(access(path, F_OK), 0);
	}
}

static void test_remote_dir__urls_that_are_refused(void **state)
{
	static const struct {
		const char *url;
		int code;
		const char *says;
	} cases[] = {
		{ "", MV_EINVALID, "empty" },
		{ "models", MV_EINVALID, "relative" },
		{ "../models", MV_EINVALID, "relative" },
		{ "./a:b", MV_EINVALID, "relative" },
		{ "a/b://c", MV_EINVALID, "relative" },
		{ "://x", MV_ENOTSUP, "ssh" },
		{ "https://u:secret@h/x", MV_ENOTSUP, "'https'" },
		{ "s3://bucket", MV_ENOTSUP, "'s3'" },
		{ "git+ssh://h/x", MV_ENOTSUP, "'git+ssh'" },
		{ "u:secret@host:models", MV_ENOTSUP, "'ssh'" },
		{ "host:models", MV_ENOTSUP, "'ssh'" },
		{ "file:models", MV_EINVALID, "file:///" },
		{ "file:/models", MV_EINVALID, "file:///" },
		{ "file://models", MV_EINVALID, "host" },
		{ "file://host/models", MV_EINVALID, "host" },
		{ "file://localhost", MV_EINVALID, "host" },
		{ "file://localhostx/y", MV_EINVALID, "host" },
		{ "file://", MV_EINVALID, "host" },
		{ "file:///a%00b", MV_EINVALID, "'%'" },
		{ "file:///a%0ab", MV_EINVALID, "'%'" },
		{ "file:///a%1Fb", MV_EINVALID, "'%'" },
		{ "file:///a%7fb", MV_EINVALID, "'%'" },
		{ "file:///a%", MV_EINVALID, "'%'" },
		{ "file:///a%4", MV_EINVALID, "'%'" },
		{ "file:///a%4g", MV_EINVALID, "'%'" },
		{ "file:///a%%20", MV_EINVALID, "'%'" },
		{ "/a\nb", MV_EINVALID, "control" },
		{ "/a\033[1mb", MV_EINVALID, "control" },
		{ "file:///a\x7f", MV_EINVALID, "control" },
	};
	struct mv_remote *remote;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		remote = (struct mv_remote *)top;
		assert_int_equal(mv_remote_open(&remote, cases[i].url, 1, NULL,
						&err), cases[i].code);
		assert_null(remote);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.msg, cases[i].says));
		assert_null(strstr(err.msg, "secret"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown( \
	test_remote_dir__##name, make_dir, drop_dir)

static void test_remote_dir__only_who_may_make_a_folder_does(void **state)
{
	struct mv_remote *remote = NULL;
	struct stat st;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/away", top);
	assert_int_equal(try_open(&remote, "", "/away", MV_REMOTE_WRITE, NULL),
			 MV_ENOENT);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(mkdir(path, 0777), 0);	/* an empty mount point */
	assert_int_equal(try_open(&remote, "", "/away", MV_REMOTE_WRITE, NULL),
			 MV_ENOENT);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(try_open(&remote, "", "/away", MV_REMOTE_MAKE, NULL),
			 0);
	mv_remote_close(remote);
	assert_int_equal(try_open(&remote, "", "/away", MV_REMOTE_WRITE, NULL),
			 0);
	mv_remote_close(remote);
}

static void test_remote_dir__file_urls_are_decoded_once(void **state)
{
	char *path = NULL;

	(void)state;
	assert_int_equal(mv_remote_file_path(&path, "file:///a%20b%2520", NULL),
			 0);
	assert_string_equal(path, "/a b%20");
	free(path);
	assert_int_equal(mv_remote_file_path(&path, "FILE://localhost/x", NULL),
			 0);
	assert_string_equal(path, "/x");
	free(path);
	assert_int_equal(mv_remote_file_path(&path, "/a%20b", NULL), MV_ENOENT);
	assert_int_equal(mv_remote_file_path(&path, "file://host/x", NULL),
			 MV_EINVALID);
	assert_int_equal(mv_remote_file_path(&path, "file:///a%0ab", NULL),
			 MV_EINVALID);
	assert_int_equal(mv_remote_file_path(&path, "file:///a%2", NULL),
			 MV_EINVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(push_then_fetch),
		TEST(nothing_to_do),
		TEST(push_is_all_or_nothing),
		TEST(push_of_what_is_there_already),
		TEST(reading_never_writes),
		TEST(fetch_does_not_recover),
		TEST(damage_there_does_not_arrive),
		TEST(urls_that_name_a_directory),
		TEST(urls_that_are_refused),
		TEST(only_who_may_make_a_folder_does),
		TEST(file_urls_are_decoded_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
