/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "libmv/base/worktree.h"
#include "tests/unit/base-tmp.h"

/*
 * The attacks of strangers' trees. Each test starts with a work tree `wt`
 * and a sentinel outside of it, and ends with the sentinel looked at. All
 * run again with openat2 forbidden, where the walk must do.
 */
static int root = -1;
static struct stat sentinel;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void is(const char *path, const char *text)
{
	char b[100];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, b, sizeof(b) - 1);
	close(fd);
	assert_true(n >= 0);
	b[n] = '\0';
	assert_string_equal(b, text);
}

static void clear(const char *dir)
{
	nftw(dir, tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int set_up(void **state)
{
	(void)state;
	mkdir("outside", 0755);
	mkdir("wt", 0755);
	mkdir("wt/.git", 0755);
	mkdir("wt/.git/hooks", 0755);
	mkdir("wt/dir", 0755);
	put("wt/dir/file", "old");
	put("outside/sentinel", "safe");
	root = open("wt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 ? stat("outside/sentinel", &sentinel) : -1;
}

static int count(const char *dir)
{
	DIR *d = opendir(dir);
	int n = -2;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int tear_down(void **state)
{
	struct stat st;

	(void)state;
	close(root);
	is("outside/sentinel", "safe");
	assert_int_equal(stat("outside/sentinel", &st), 0);
	assert_int_equal(st.st_ino, sentinel.st_ino);
	assert_true(st.st_mtim.tv_sec == sentinel.st_mtim.tv_sec &&
		    st.st_mtim.tv_nsec == sentinel.st_mtim.tv_nsec);
	assert_int_equal(count("outside"), 1);
	assert_int_equal(count("wt/.git/hooks"), 0);
	clear("wt");
	clear("outside");
	return 0;
}

/* Replace a file, as checkout does; the code of the step that failed. */
static int write_path(const char *path, int mkdirs)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;
	struct mv_err err = { MV_OK, "" };
	int rc;

	rc = mv_wt_replace(&f, root, path, 0, mkdirs, &err);
	if (!rc) {
		assert_int_equal(write(f.fd, "new", 3), 3);
		rc = mv_wt_commit(&f, NULL, &err);
	}
	assert_int_equal(f.fd, -1);
	assert_int_equal(f.dirfd, -1);
	assert_null(f.tmp);
	assert_null(f.name);
	if (rc)
		assert_int_equal(err.code, rc);
	return rc;
}

static int read_path(const char *path)
{
	struct mv_err err;
	struct stat st;
	int fd = 99;
	int rc = mv_wt_open_read(&fd, &st, root, path, &err);

	if (rc)
		assert_int_equal(fd, -1);
	else
		close(fd);
	return rc;
}

static void refused(const char *path)
{
	assert_int_equal(mv_wt_check_path(path, NULL), MV_EDENIED);
	assert_int_equal(read_path(path), MV_EDENIED);
	assert_int_equal(write_path(path, 1), MV_EDENIED);
}

static void test_base_worktree__refuses_paths_that_lead_elsewhere(void **state)
{
	(void)state;
	refused("");
	refused("/");
	refused("/tmp/x");
	refused("a/../../x");
	refused("..");
	refused("../outside/sentinel");
	refused("dir/..");
	refused("./file");
	refused("dir/./file");
	refused("dir//file");
	refused("dir/");
	refused("dir/file/");
}

static void test_base_worktree__refuses_all_that_could_mean_dot_git(void **state)
{
	(void)state;
	refused(".git");
	refused(".git/hooks/x");
	refused(".GIT/hooks/x");
	refused(".gIt");
	refused("dir/.git/config");
	refused("dir/.Git");
	refused("git~1/hooks/x");
	refused("GIT~1");
	refused(".git./x");
	refused(".git /x");
	refused(".git . ./x");
	refused("GIT~1 .");
	refused(".git::$INDEX_ALLOCATION/hooks/x");
	refused(".git:stream");
	refused(".git . :x");
	refused("dir\\.git\\hooks");
	refused(".git\\hooks\\x");
	refused(".g\xe2\x80\x8cit/hooks/x");		/* U+200C */
	refused("\xef\xbb\xbf.git");			/* U+FEFF */
	refused(".git\xe2\x80\xaa/x");			/* U+202A */
	refused(".gi\xe2\x81\xaft");			/* U+206F */
	refused("\xc2\xad.Git\xc2\xad .");		/* U+00AD */
}

static void test_base_worktree__accepts_names_that_only_look_odd(void **state)
{
	static const char *const good[] = {
		".gitignore", ".gitmodules", ".git-model", ".gitx", "git",
		"git~10", "git~2", "x.git", "...", "a..b", "..a", ".g", "~1",
		".git\xff", "\xff\xfe", "a:b", " ", "-rf", "a\nb", ".gi",
		"dir.git/x", ".git_/x", ".gi\xcc\x81t", "a\\b", "\\"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct mv_err err;

		assert_int_equal(mv_wt_check_path(good[i], &err), 0);
		assert_int_equal(read_path(good[i]), MV_ENOENT);
		assert_int_equal(write_path(good[i], 1), 0);
		assert_int_equal(read_path(good[i]), 0);
	}
}

static void test_base_worktree__replaces_and_makes_folders(void **state)
{
	(void)state;
	assert_int_equal(write_path("dir/file", 0), 0);
	is("wt/dir/file", "new");
	assert_int_equal(write_path("a/b/c/file", 0), MV_ENOENT);
	assert_int_equal(access("wt/a", F_OK), -1);
	assert_int_equal(write_path("a/b/c/file", 1), 0);
	assert_int_equal(write_path("a/b/c/file", 1), 0);
	is("wt/a/b/c/file", "new");
	assert_int_equal(count("wt/a/b/c"), 1);
	assert_int_equal(read_path("a/b/x/file"), MV_ENOENT);
	/* A file where a folder is needed. */
	assert_int_equal(write_path("dir/file/x", 1), MV_ENOENT);
	assert_int_equal(read_path("dir/file/x"), MV_ENOENT);
	is("wt/dir/file", "new");
	assert_int_equal(count("wt/dir"), 1);
}

static void test_base_worktree__follows_no_link_to_a_folder(void **state)
{
	(void)state;
	assert_int_equal(symlink("../outside", "wt/out"), 0);
	assert_int_equal(symlink("dir", "wt/in"), 0);
	assert_int_equal(symlink(".git/hooks", "wt/hooks"), 0);
	assert_int_equal(symlink("absent", "wt/dangling"), 0);
	assert_int_equal(symlink("../../outside", "wt/dir/out"), 0);
	for (int mkdirs = 0; mkdirs < 2; mkdirs++) {
		assert_int_equal(write_path("out/sentinel", mkdirs),
				 MV_EDENIED);
		assert_int_equal(write_path("out/new/deep", mkdirs),
				 MV_EDENIED);
		assert_int_equal(write_path("dir/out/sentinel", mkdirs),
				 MV_EDENIED);
		assert_int_equal(write_path("in/file", mkdirs), MV_EDENIED);
		assert_int_equal(write_path("hooks/pre-commit", mkdirs),
				 MV_EDENIED);
		assert_int_equal(write_path("dangling/x", mkdirs), MV_EDENIED);
	}
	assert_int_equal(read_path("out/sentinel"), MV_EDENIED);
	assert_int_equal(read_path("in/file"), MV_EDENIED);
	assert_int_equal(access("wt/absent", F_OK), -1);
	is("wt/dir/file", "old");
}

static void test_base_worktree__neither_reads_nor_replaces_a_link(void **state)
{
	char to[100] = "";

	(void)state;
	assert_int_equal(symlink("../../outside/sentinel", "wt/dir/link"), 0);
	assert_int_equal(symlink("../../outside/made", "wt/dir/dangling"), 0);
	assert_int_equal(read_path("dir/link"), MV_EDENIED);
	assert_int_equal(write_path("dir/link", 1), MV_EDENIED);
	assert_int_equal(write_path("dir/dangling", 1), MV_EDENIED);
	assert_true(readlink("wt/dir/link", to, sizeof(to) - 1) > 0);
	assert_string_equal(to, "../../outside/sentinel");
	assert_int_equal(count("wt/dir"), 3);
}

static void test_base_worktree__replaces_no_folder_and_no_fifo(void **state)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;
	struct mv_err err;
	struct stat st;
	size_t len;
	char b[4];

	(void)state;
	assert_int_equal(mkdir("wt/dir/sub", 0755), 0);
	assert_int_equal(mkfifo("wt/dir/fifo", 0644), 0);
	assert_int_equal(write_path("dir/sub", 0), MV_EDENIED);
	assert_int_equal(write_path("dir/fifo", 0), MV_EDENIED);
	assert_int_equal(read_path("dir/sub"), MV_EDENIED);
	assert_int_equal(read_path("dir/fifo"), MV_EDENIED);
	assert_int_equal(mv_wt_replace(&f, root, "dir/sub", 0, 0, &err), 0);
	assert_int_equal(mv_wt_current(&f, b, 4, &len, &st, &err), MV_EDENIED);
	mv_wt_discard(&f);
	assert_int_equal(count("wt/dir"), 3);
}

static void test_base_worktree__a_hard_link_keeps_the_old_bytes(void **state)
{
	(void)state;
	assert_int_equal(link("outside/sentinel", "wt/dir/hard"), 0);
	assert_int_equal(write_path("dir/hard", 0), 0);
	is("wt/dir/hard", "new");
	is("outside/sentinel", "safe");
}

static void test_base_worktree__current_reads_the_held_folder(void **state)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;
	struct stat st;
	size_t len = 99;
	char b[10];

	(void)state;
	assert_int_equal(mv_wt_replace(&f, root, "dir/file", 0, 0, NULL), 0);
	assert_int_equal(mv_wt_current(&f, b, sizeof(b), &len, &st, NULL), 0);
	assert_int_equal(len, 3);
	assert_int_equal(st.st_size, 3);
	assert_memory_equal(b, "old", 3);
	assert_int_equal(mv_wt_current(&f, b, 2, &len, NULL, NULL), 0);
	assert_int_equal(len, 3);
	assert_int_equal(unlink("wt/dir/file"), 0);
	assert_int_equal(mv_wt_current(&f, b, 2, &len, NULL, NULL),
			 MV_ENOENT);
	assert_int_equal(symlink("../../outside/sentinel", "wt/dir/file"), 0);
	assert_int_equal(mv_wt_current(&f, b, 2, &len, NULL, NULL),
			 MV_EDENIED);
	mv_wt_discard(&f);
	mv_wt_discard(&f);
}

static void test_base_worktree__a_swapped_folder_does_not_matter(void **state)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;

	(void)state;
	assert_int_equal(mv_wt_replace(&f, root, "dir/sentinel", 0, 0, NULL),
			 0);
	assert_int_equal(rename("wt/dir", "wt/moved"), 0);
	assert_int_equal(symlink("../outside", "wt/dir"), 0);
	assert_int_equal(write(f.fd, "new", 3), 3);
	assert_int_equal(mv_wt_commit(&f, NULL, NULL), 0);
	is("wt/moved/sentinel", "new");
}

static void test_base_worktree__a_link_put_in_place_late_is_kept(void **state)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;

	(void)state;
	assert_int_equal(mv_wt_replace(&f, root, "dir/file", 0, 0, NULL), 0);
	assert_int_equal(unlink("wt/dir/file"), 0);
	assert_int_equal(symlink("../../outside/sentinel", "wt/dir/file"), 0);
	assert_int_equal(mv_wt_commit(&f, NULL, NULL), MV_EDENIED);
	assert_int_equal(count("wt/dir"), 1);
}

static void test_base_worktree__mode_comes_from_umask(void **state)
{
	mode_t old = umask(027);
	struct stat st;

	(void)state;
	for (int x = 0; x < 2; x++) {
		struct mv_wt_file f = MV_WT_FILE_INIT;

		assert_int_equal(mv_wt_replace(&f, root, "m/file", x, 1, NULL),
				 0);
		assert_int_equal(mv_wt_commit(&f, &st, NULL), 0);
		assert_int_equal(st.st_mode & 07777, x ? 0750 : 0640);
	}
	assert_int_equal(stat("wt/m", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	umask(old);
}

static void test_base_worktree__commit_tells_the_stat_that_git_will_see(void **state)
{
	const struct timespec old[2] = { { 0, UTIME_OMIT }, { 1000, 0 } };
	struct mv_wt_file f = MV_WT_FILE_INIT;
	struct stat before, st, now;

	(void)state;
	assert_int_equal(mv_wt_replace(&f, root, "dir/file", 0, 0, NULL), 0);
	assert_int_equal(write(f.fd, "newer", 5), 5);
	assert_int_equal(futimens(f.fd, old), 0);
	assert_int_equal(fstat(f.fd, &before), 0);
	assert_int_equal(mv_wt_commit(&f, &st, NULL), 0);
	assert_int_equal(lstat("wt/dir/file", &now), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_ino, now.st_ino);
	assert_memory_equal(&st.st_mtim, &now.st_mtim, sizeof(st.st_mtim));
	assert_memory_equal(&st.st_ctim, &now.st_ctim, sizeof(st.st_ctim));
	/* When it came to be there, not when its bytes were written. */
	assert_true(st.st_mtim.tv_sec > before.st_mtim.tv_sec);
}

static void test_base_worktree__writes_a_whole_file_at_once(void **state)
{
	struct stat st;
	struct mv_err err;

	(void)state;
	assert_int_equal(mv_wt_write(root, "dir/file", 0, "new", 3, NULL), 0);
	is("wt/dir/file", "new");
	assert_int_equal(mv_wt_write(root, "a/b/tool", 1, "tool", 4, NULL), 0);
	is("wt/a/b/tool", "tool");
	assert_int_equal(stat("wt/a/b/tool", &st), 0);
	assert_true(st.st_mode & S_IXUSR);
	assert_int_equal(mv_wt_write(root, ".git/hooks/x", 0, "x", 1, &err),
			 MV_EDENIED);
	assert_int_equal(mv_wt_write(root, "dir", 0, "x", 1, &err),
			 MV_EDENIED);
	assert_int_equal(count("wt/dir"), 1);	/* no temporary */
}

static void test_base_worktree__discard_leaves_nothing(void **state)
{
	struct mv_wt_file f = MV_WT_FILE_INIT;

	(void)state;
	assert_int_equal(mv_wt_replace(&f, root, "dir/file", 0, 0, NULL), 0);
	assert_int_equal(count("wt/dir"), 2);
	mv_wt_discard(&f);
	assert_int_equal(count("wt/dir"), 1);
	is("wt/dir/file", "old");
}

/* What a killed writer left goes; what is written now, or is not ours, stays. */
static void test_base_worktree__sweeps_what_nobody_writes(void **state)
{
	static const char *const not_ours[] = {
		"wt/dir/.git-model-0123456789abcdef.tmp.keep",
		"wt/dir/.git-model-0123456789abcdeg.tmp",
		"wt/dir/.git-model-012345678.tmp",
		"wt/.git-model-0123456789abcdef.tmp"
	};
	struct mv_wt_file f = MV_WT_FILE_INIT;

	(void)state;
	put("wt/dir/.git-model-0123456789abcdef.tmp", "half a fi");
	for (size_t i = 0; i < 4; i++)
		put(not_ours[i], "mine");
	assert_int_equal(mv_wt_replace(&f, root, "dir/file", 0, 0, NULL), 0);
	assert_int_equal(count("wt/dir"), 6);
	mv_wt_sweep(root, "dir/any");
	assert_int_equal(count("wt/dir"), 5);
	for (size_t i = 0; i < 4; i++)
		is(not_ours[i], "mine");
	assert_int_equal(mv_wt_commit(&f, NULL, NULL), 0);
	assert_int_equal(count("wt/dir"), 4);
	mv_wt_sweep(root, "link/any");
	mv_wt_sweep(root, "../any");
	mv_wt_sweep(root, "nowhere/any");
	is(not_ours[3], "mine");
	mv_wt_sweep(root, "any");
	assert_int_equal(access(not_ours[3], F_OK), -1);
}

/* -- a thread that swaps a folder with a link as fast as it can ----------- */

#define SWAPS 2000
static atomic_int racing, swaps;

static void *swap(void *arg)
{
	(void)arg;
	while (racing)
		swaps += !renameat2(AT_FDCWD, "wt/dir", AT_FDCWD, "wt/evil",
				    RENAME_EXCHANGE);
	return NULL;
}

static void test_base_worktree__wins_the_race_against_swapped_links(void **state)
{
	int written = 0, denied = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(symlink("../outside", "wt/evil"), 0);
	racing = 1;
	swaps = 0;
	assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
	for (int i = 0; i < SWAPS || swaps < SWAPS; i++) {
		int rc = write_path("dir/sentinel", i & 1);

		/* ENOENT: the walk's look at what was no folder came late. */
		if (rc && rc != MV_EDENIED && rc != MV_ENOENT) {
			racing = 0;
			fail();
		}
		written += !rc;
		denied += rc != 0;
		rc = read_path("dir/sentinel");
		if (rc && rc != MV_EDENIED && rc != MV_ENOENT) {
			racing = 0;
			fail();
		}
	}
	racing = 0;
	pthread_join(thread, NULL);
	assert_true(written > 0 && denied > 0);
}

/* From here on openat2 fails, as it does on old kernels and in sandboxes. */
static void forbid_openat2(int errnum)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (unsigned)errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog prog = { 4, code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
	assert_int_equal(syscall(SYS_openat2, AT_FDCWD, ".", NULL, (size_t)0),
			 -1);
	assert_int_equal(errno, errnum);
}

static void test_base_worktree__now_the_kernel_has_no_openat2(void **state)
{
	(void)state;
	forbid_openat2(ENOSYS);
}

static void test_base_worktree__now_a_sandbox_denies_openat2(void **state)
{
	(void)state;
	forbid_openat2(EPERM);
}

#define T(name) cmocka_unit_test_setup_teardown(test_base_worktree__##name, \
						set_up, tear_down)
#define ATTACKS \
	T(refuses_paths_that_lead_elsewhere), \
	T(refuses_all_that_could_mean_dot_git), \
	T(accepts_names_that_only_look_odd), \
	T(replaces_and_makes_folders), \
	T(follows_no_link_to_a_folder), \
	T(neither_reads_nor_replaces_a_link), \
	T(replaces_no_folder_and_no_fifo), \
	T(a_hard_link_keeps_the_old_bytes), \
	T(current_reads_the_held_folder), \
	T(a_swapped_folder_does_not_matter), \
	T(a_link_put_in_place_late_is_kept), \
	T(mode_comes_from_umask), \
	T(commit_tells_the_stat_that_git_will_see), \
	T(writes_a_whole_file_at_once), \
	T(discard_leaves_nothing), \
	T(sweeps_what_nobody_writes), \
	T(wins_the_race_against_swapped_links)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ATTACKS,
		cmocka_unit_test(test_base_worktree__now_the_kernel_has_no_openat2),
		ATTACKS,
		cmocka_unit_test(test_base_worktree__now_a_sandbox_denies_openat2),
		ATTACKS
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, tmp_enter, tmp_leave);
}
