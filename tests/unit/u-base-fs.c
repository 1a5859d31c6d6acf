/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "libmv/base/fs.h"
#include "tests/unit/base-tmp.h"

static void put(const char *path, const char *text)
{
	assert_int_equal(mv_write_file(path, text, strlen(text), 0644,
				       MV_TMP_NO_SYNC, NULL), 0);
}

static void is(const char *path, const char *text)
{
	struct mv_buf b;

	mv_buf_init(&b, 1000);
	assert_int_equal(mv_read_file(&b, path, NULL), 0);
	assert_string_equal(b.data, text);
	mv_buf_release(&b);
}

static int count_one(void *payload, const char *name, struct mv_err *err)
{
	(void)err;
	assert_true(strcmp(name, ".") && strcmp(name, ".."));
	return ++*(int *)payload == 1000 ? 77 : 0;
}

static int entries(const char *dir)
{
	int n = 0;

	assert_int_equal(mv_each_entry(dir, count_one, &n, NULL), 0);
	return n;
}

static void test_base_fs__read_file_is_bounded(void **state)
{
	struct mv_err err;
	struct mv_buf b;

	(void)state;
	put("five", "12345");
	mv_buf_init(&b, 5);
	assert_int_equal(mv_read_file(&b, "five", &err), 0);
	assert_int_equal(b.len, 5);
	mv_buf_release(&b);
	mv_buf_init(&b, 4);
	assert_int_equal(mv_read_file(&b, "five", &err), MV_ENOMEM);
	assert_non_null(strstr(err.msg, "'five'"));
	assert_int_equal(b.len, 0);
	assert_int_equal(mv_read_file(&b, "absent", &err), MV_ENOENT);
	assert_non_null(strstr(err.msg, "'absent'"));
	assert_int_equal(mv_read_file(&b, ".", &err), MV_EDENIED);
	mv_buf_release(&b);
	/* A file whose size the system does not know. */
	mv_buf_init(&b, 1 << 20);
	assert_int_equal(mv_read_file(&b, "/proc/self/status", &err), 0);
	assert_non_null(strstr(b.data, "Pid:"));
	mv_buf_release(&b);
}

static void test_base_fs__read_file_reads_large_ones_whole(void **state)
{
	static char data[300000];
	struct mv_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	assert_int_equal(mv_write_file("large", data, sizeof(data), 0600,
				       MV_TMP_NO_SYNC, NULL), 0);
	mv_buf_init(&b, sizeof(data));
	assert_int_equal(mv_read_file(&b, "large", NULL), 0);
	assert_int_equal(b.len, sizeof(data));
	assert_memory_equal(b.data, data, sizeof(data));
	mv_buf_release(&b);
}

static void test_base_fs__open_read_takes_regular_files_only(void **state)
{
	struct mv_err err;
	struct stat st;
	int fd = 99;

	(void)state;
	put("file", "x");
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mv_open_read(&fd, &st, "link", &err), MV_EDENIED);
	assert_int_equal(fd, -1);
	assert_int_equal(mv_open_read(&fd, &st, "fifo", &err), MV_EDENIED);
	assert_int_equal(mv_open_read(&fd, &st, ".", &err), MV_EDENIED);
	assert_int_equal(mv_open_read(&fd, &st, "absent", &err), MV_ENOENT);
	assert_int_equal(mv_open_read(&fd, NULL, "file", &err), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void test_base_fs__pread_and_pwrite_check_offsets(void **state)
{
	struct mv_tmp t = MV_TMP_INIT;
	struct mv_err err;
	size_t got;
	char b[4];

	(void)state;
	assert_int_equal(mv_tmp_open(&t, ".", "t", &err), 0);
	assert_int_equal(mv_pwrite_full(t.fd, "ab", 2, 3, "t", &err), 0);
	assert_int_equal(mv_pread_full(t.fd, b, 4, 2, &got, "t", &err), 0);
	assert_int_equal(got, 3);
	assert_memory_equal(b, "\0ab", 3);
	assert_int_equal(mv_pread_full(t.fd, b, 4, UINT64_MAX, &got, "t", &err),
			 MV_EINVALID);
	assert_int_equal(mv_pwrite_full(t.fd, b, 4, INT64_MAX, "t", &err),
			 MV_EINVALID);
	mv_tmp_discard(&t);
	mv_tmp_discard(&t);
}

static void test_base_fs__mkdirs_makes_all_and_refuses_files(void **state)
{
	struct mv_err err;
	struct stat st;

	(void)state;
	assert_int_equal(mv_mkdirs("d/e//f/", &err), 0);
	assert_int_equal(stat("d/e/f", &st), 0);
	assert_int_equal(mv_mkdirs("d/e/f", &err), 0);
	put("d/file", "x");
	assert_true(mv_mkdirs("d/file/g", &err) < 0);
	assert_true(mv_mkdirs("d/file", &err) < 0);
	is("d/file", "x");
}

static void test_base_fs__each_entry_stops_when_asked(void **state)
{
	int n = 999;

	(void)state;
	assert_int_equal(mv_mkdirs("many", NULL), 0);
	put("many/a", "");
	put("many/b", "");
	assert_int_equal(entries("many"), 2);
	assert_int_equal(mv_each_entry("many", count_one, &n, NULL), 77);
	assert_int_equal(mv_each_entry("absent", count_one, &n, NULL),
			 MV_ENOENT);
}

static void test_base_fs__commit_replaces_or_keeps(void **state)
{
	struct mv_tmp t = MV_TMP_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(mv_mkdirs("c", NULL), 0);
	put("c/target", "old");
	assert_int_equal(mv_tmp_open(&t, "c", "new", NULL), 0);
	assert_non_null(strstr(t.path, "c/new-"));
	assert_string_equal(t.path + strlen(t.path) - 4, ".tmp");
	assert_int_equal(fstat(t.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(mv_write_full(t.fd, "new", 3, "t", NULL), 0);
	assert_int_equal(mv_tmp_commit(&t, "c/target", 0444,
				       MV_TMP_KEEP_EXISTING, NULL), 0);
	assert_null(t.path);
	assert_int_equal(t.fd, -1);
	is("c/target", "old");
	assert_int_equal(entries("c"), 1);

	assert_int_equal(mv_tmp_open(&t, "c", "new", NULL), 0);
	assert_int_equal(mv_write_full(t.fd, "new", 3, "t", NULL), 0);
	assert_int_equal(mv_tmp_commit(&t, "c/target", 0444, 0, NULL), 0);
	is("c/target", "new");
	assert_int_equal(stat("c/target", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(mv_write_file("c/fresh", "f", 1, 0644,
				       MV_TMP_KEEP_EXISTING, NULL), 0);
	is("c/fresh", "f");
	assert_int_equal(entries("c"), 2);
}

static void test_base_fs__failed_commit_leaves_nothing(void **state)
{
	struct mv_tmp t = MV_TMP_INIT;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_mkdirs("g/target", NULL), 0);
	assert_int_equal(mv_tmp_open(&t, "g", "new", NULL), 0);
	assert_int_equal(mv_tmp_commit(&t, "g/target", 0644, 0, &err), MV_EIO);
	assert_non_null(strstr(err.msg, "'g/target'"));
	assert_null(t.path);
	assert_int_equal(entries("g"), 1);
	assert_int_equal(mv_tmp_open(&t, "absent", "new", &err), MV_ENOENT);
	assert_null(t.path);
	mv_tmp_discard(&t);
}

/* A full disk, as a file size limit: the error is seen, nothing appears. */
static void test_base_fs__short_writes_are_errors(void **state)
{
	static char data[100000];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(mv_mkdirs("full", NULL), 0);
	pid = fork();
	if (!pid) {
		struct rlimit limit = { 50000, 50000 };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(mv_write_file("full/f", data, sizeof(data), 0644, 0,
				    NULL) == MV_EIO ? 42 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 42);
	assert_int_equal(entries("full"), 0);
}

static void test_base_fs__maps(void **state)
{
	struct mv_map m = { NULL, 0 };

	(void)state;
	put("map", "bytes");
	assert_int_equal(mv_map_open(&m, "map", NULL), 0);
	assert_int_equal(m.len, 5);
	assert_memory_equal(m.data, "bytes", 5);
	mv_map_close(&m);
	mv_map_close(&m);
	put("none", "");
	assert_int_equal(mv_map_open(&m, "none", NULL), 0);
	assert_non_null(m.data);
	assert_int_equal(m.len, 0);
	mv_map_close(&m);
	assert_int_equal(mv_map_open(&m, "absent", NULL), MV_ENOENT);
	assert_int_equal(mv_map_open(&m, ".", NULL), MV_EDENIED);
}

static void *drop_later(void *arg)
{
	const struct timespec t = { 0, 30000000 };

	nanosleep(&t, NULL);
	mv_lock_drop(arg);
	return NULL;
}

static void test_base_fs__locks_exclude_each_other(void **state)
{
	struct mv_lock a = MV_LOCK_INIT, b = MV_LOCK_INIT, c = MV_LOCK_INIT;
	struct mv_err err;
	pthread_t thread;

	(void)state;
	assert_int_equal(mv_lock_take(&a, "lock", MV_LOCK_SHARED, 0, &err), 0);
	assert_int_equal(mv_lock_take(&b, "lock", MV_LOCK_SHARED, 0, &err), 0);
	assert_int_equal(mv_lock_take(&c, "lock", MV_LOCK_EXCLUSIVE, 0, &err),
			 MV_EBUSY);
	assert_int_equal(c.fd, -1);
	assert_int_equal(mv_lock_take(&c, "lock", MV_LOCK_EXCLUSIVE, 20, &err),
			 MV_EBUSY);
	mv_lock_drop(&a);
	/* Waiting ends when the last one goes. */
	assert_int_equal(pthread_create(&thread, NULL, drop_later, &b), 0);
	assert_int_equal(mv_lock_take(&c, "lock", MV_LOCK_EXCLUSIVE, 5000,
				      &err), 0);
	pthread_join(thread, NULL);
	assert_int_equal(mv_lock_take(&a, "lock", MV_LOCK_SHARED, 0, &err),
			 MV_EBUSY);
	mv_lock_drop(&c);
	mv_lock_drop(&c);
	assert_int_equal(mv_lock_take(&a, "absent/lock", MV_LOCK_SHARED, 0,
				      &err), MV_ENOENT);
}

static void test_base_fs__a_lock_dies_with_its_process(void **state)
{
	struct mv_lock a = MV_LOCK_INIT;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		if (mv_lock_take(&a, "mortal", MV_LOCK_EXCLUSIVE, 0, NULL))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(mv_lock_take(&a, "mortal", MV_LOCK_EXCLUSIVE, 0,
				      NULL), 0);
	mv_lock_drop(&a);
}

/* Where none can be made, that is why; not that it is not there. */
static void test_base_fs__a_lock_that_cannot_be_made(void **state)
{
	struct mv_lock lock;
	int rc;

	(void)state;
	if (access("/sys", F_OK))
		skip();
	rc = mv_lock_take(&lock, "/sys/git-model-test.lock", MV_LOCK_SHARED, 0,
			  NULL);
	assert_true(rc == MV_EDENIED || rc == MV_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_fs__read_file_is_bounded),
		cmocka_unit_test(test_base_fs__read_file_reads_large_ones_whole),
		cmocka_unit_test(test_base_fs__open_read_takes_regular_files_only),
		cmocka_unit_test(test_base_fs__pread_and_pwrite_check_offsets),
		cmocka_unit_test(test_base_fs__mkdirs_makes_all_and_refuses_files),
		cmocka_unit_test(test_base_fs__each_entry_stops_when_asked),
		cmocka_unit_test(test_base_fs__commit_replaces_or_keeps),
		cmocka_unit_test(test_base_fs__failed_commit_leaves_nothing),
		cmocka_unit_test(test_base_fs__short_writes_are_errors),
		cmocka_unit_test(test_base_fs__maps),
		cmocka_unit_test(test_base_fs__locks_exclude_each_other),
		cmocka_unit_test(test_base_fs__a_lock_dies_with_its_process),
		cmocka_unit_test(test_base_fs__a_lock_that_cannot_be_made)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, tmp_enter, tmp_leave);
}
