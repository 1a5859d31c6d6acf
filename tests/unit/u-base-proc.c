/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/proc.h"
#include "tests/unit/base-tmp.h"

static char *const some_env[] = { (char *)"GREETING=hello", NULL };
static const struct mv_proc_env env = { "/usr/bin:/bin", some_env };

static void program(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int find(const char *name, const char *path)
{
	char *out = (char *)"x";
	int rc = mv_proc_find(&out, name, path, NULL);

	if (rc)
		assert_null(out);
	else
		assert_int_equal(*out, '/');
	free(out);
	return rc;
}

static void test_base_proc__finds_nothing_in_the_current_folder(void **state)
{
	static const char *const paths[] = {
		"", ":", ":/usr/bin", "/usr/bin:", ".:/usr/bin",
		"/usr/bin:.", "bin:/usr/bin", "./bin", "::"
	};
	char all[1100];

	(void)state;
	assert_int_equal(mkdir("bin", 0755), 0);
	program("evil", "#!/bin/sh\ntouch marker\n");
	program("bin/evil", "#!/bin/sh\ntouch marker\n");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(find("evil", paths[i]), MV_ENOENT);
	assert_int_equal(find("evil", NULL), MV_ENOENT);
	assert_int_equal(find("./evil", "/bin"), MV_EINVALID);
	assert_int_equal(find("bin/evil", "/bin"), MV_EINVALID);
	assert_int_equal(find("", "/bin"), MV_EINVALID);
	snprintf(all, sizeof(all), ":%s/none:%s/bin", tmp_dir, tmp_dir);
	assert_int_equal(find("evil", all), 0);
}

static void test_base_proc__finds_executable_files_only(void **state)
{
	char all[1100];

	(void)state;
	assert_int_equal(mkdir("p1", 0755), 0);
	assert_int_equal(mkdir("p1/dir", 0755), 0);
	program("p1/plain", "x");
	assert_int_equal(chmod("p1/plain", 0644), 0);
	snprintf(all, sizeof(all), "%s/p1", tmp_dir);
	assert_int_equal(find("dir", all), MV_ENOENT);
	assert_int_equal(find("plain", all), MV_ENOENT);
	assert_int_equal(find("sh", "/usr/bin:/bin"), 0);
	assert_int_equal(find("/bin/sh", ""), 0);
	assert_int_equal(find("/bin/absent", "/bin"), MV_ENOENT);
}

static int sh(const char *script, const void *in, size_t in_len,
	      struct mv_buf *out, struct mv_buf *errout, struct mv_err *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	int status = -1;
	int rc;

	rc = mv_proc_run(&status, argv, NULL, &env, in, in_len, out, errout,
			 err);
	return rc ? rc : status;
}

static void test_base_proc__gives_status_and_output(void **state)
{
	struct mv_buf out, errout;

	(void)state;
	mv_buf_init(&out, 1000);
	mv_buf_init(&errout, 3);
	assert_int_equal(sh("cat; echo $GREETING; echo oops >&2; exit 7",
			    "in ", 3, &out, &errout, NULL), 7);
	assert_string_equal(out.data, "in hello\n");
	assert_string_equal(errout.data, "oop");
	assert_int_equal(sh("kill -TERM $$", NULL, 0, NULL, NULL, NULL),
			 128 + SIGTERM);
	mv_buf_clear(&out);
	/* No input is an end at once; unwanted output goes nowhere. */
	assert_int_equal(sh("cat", NULL, 0, &out, NULL, NULL), 0);
	assert_int_equal(sh("cat", "", 0, &out, NULL, NULL), 0);
	assert_int_equal(sh("echo lost", NULL, 0, NULL, NULL, NULL), 0);
	assert_int_equal(out.len, 0);
	mv_buf_release(&out);
	mv_buf_release(&errout);
}

static void path_of_child(const char *want, const char *path)
{
	static const char *const argv[] = { "/usr/bin/env", NULL };
	char *const list[] = { (char *)"A=1", (char *)(uintptr_t)path,
			       (char *)"Z=2", NULL };
	const struct mv_proc_env own = { "/usr/bin:/bin", list };
	struct mv_buf out;
	int status;

	mv_buf_init(&out, 1000);
	assert_int_equal(mv_proc_run(&status, argv, NULL, &own, NULL, 0, &out,
				     NULL, NULL), 0);
	assert_string_equal(out.data, want);
	mv_buf_release(&out);
}

static void test_base_proc__child_searches_absolute_folders_only(void **state)
{
	(void)state;
	path_of_child("A=1\nPATH=/a:/b\nZ=2\n", "PATH=/a:/b");
	path_of_child("A=1\nPATH=/a:/b\nZ=2\n", "PATH=:.:/a::./x:bin:/b:");
	/* An empty one would be the current folder. */
	path_of_child("A=1\nZ=2\n", "PATH=.:bin:");
	path_of_child("A=1\nZ=2\n", "PATH=");
	path_of_child("A=1\nPATHS=.\nZ=2\n", "PATHS=.");
}

static void test_base_proc__moves_both_directions_at_once(void **state)
{
	size_t len = 3 << 20;
	char *data = malloc(len);
	struct mv_buf out, errout;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 31 >> 3);
	mv_buf_init(&out, len);
	mv_buf_init(&errout, 10);
	/* More than any pipe holds, on all three. */
	assert_int_equal(sh("head -c 300000 /dev/zero >&2; exec cat", data,
			    len, &out, &errout, NULL), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, data, len);
	assert_int_equal(errout.len, 10);
	mv_buf_release(&out);
	mv_buf_release(&errout);
	free(data);
}

static void test_base_proc__survives_a_child_that_does_not_read(void **state)
{
	size_t len = 1 << 20;
	char *data = calloc(1, len);
	sigset_t pending;

	(void)state;
	assert_non_null(data);
	/* SIGPIPE has its default action here: it would end this program. */
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(sh("exit 3", data, len, NULL, NULL, NULL), 3);
	assert_int_equal(sh("exec <&-; sleep 0.02", data, len, NULL, NULL,
			    NULL), 0);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	free(data);
}

static void test_base_proc__too_much_output_is_an_error(void **state)
{
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	mv_buf_init(&out, 100000);
	assert_int_equal(sh("exec cat /dev/zero", NULL, 0, &out, NULL, &err),
			 MV_ENOMEM);
	assert_int_equal(err.code, MV_ENOMEM);
	mv_buf_release(&out);
}

static void test_base_proc__child_has_default_signals(void **state)
{
	struct mv_buf out;
	sigset_t set, old;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	mv_buf_init(&out, 1000);
	assert_int_equal(sh("grep -E 'Sig(Blk|Ign)' /proc/self/status", NULL,
			    0, &out, NULL, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_non_null(strstr(out.data, "SigBlk:\t0000000000000000"));
	/* SIGPIPE is number 13: bit 12. */
	assert_int_equal(strtoull(strstr(out.data, "SigIgn:") + 7, NULL, 16) &
			 0x1000, 0);
	mv_buf_release(&out);
}

static void test_base_proc__runs_in_a_folder(void **state)
{
	const char *const argv[] = { "pwd", NULL };
	const char *const absent[] = { "no-such-program", NULL };
	struct mv_buf out;
	struct mv_err err;
	int status;

	(void)state;
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_proc_run(&status, argv, "/usr", &env, NULL, 0,
				     &out, NULL, &err), 0);
	assert_string_equal(out.data, "/usr\n");
	assert_int_equal(mv_proc_run(&status, argv, "/no/such", &env, NULL, 0,
				     &out, NULL, &err), MV_ENOENT);
	assert_non_null(strstr(err.msg, "'/no/such'"));
	assert_int_equal(mv_proc_run(&status, absent, NULL, &env, NULL, 0,
				     &out, NULL, &err), MV_ENOENT);
	assert_non_null(strstr(err.msg, "'no-such-program'"));
	mv_buf_release(&out);
}

static void test_base_proc__works_without_standard_streams(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		const char *const argv[] = { "cat", NULL };
		struct mv_proc p = MV_PROC_INIT;
		struct mv_buf out, errout;
		int bad;

		close(0);
		close(1);
		close(2);
		mv_buf_init(&out, 100);
		mv_buf_init(&errout, 100);
		bad = sh("cat; echo err >&2", "in", 2, &out, &errout, NULL) ||
		      strcmp(out.data, "in") || strcmp(errout.data, "err\n");
		mv_buf_release(&out);
		mv_buf_release(&errout);
		/* What we print must not reach the child. */
		bad |= mv_proc_open(&p, argv, NULL, &env, NULL) ||
		       p.in < 3 || p.out < 3;
		bad |= mv_proc_close(&status, &p, NULL);
		_exit(bad ? 1 : 42);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_base_proc__talks_with_a_child(void **state)
{
	const char *const argv[] = { "cat", NULL };
	const char *const absent[] = { "no-such-program", NULL };
	struct mv_proc p = MV_PROC_INIT;
	int status = 9;
	char b[3];

	(void)state;
	assert_int_equal(mv_proc_open(&p, argv, NULL, &env, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(p.in, "abc", 3), 3);
		assert_int_equal(read(p.out, b, 3), 3);
		assert_memory_equal(b, "abc", 3);
	}
	assert_int_equal(mv_proc_close(&status, &p, NULL), 0);
	assert_int_equal(status, 0);
	assert_int_equal(p.pid, -1);
	assert_int_equal(mv_proc_close(&status, &p, NULL), 0);
	assert_int_equal(mv_proc_open(&p, absent, NULL, &env, NULL),
			 MV_ENOENT);
	assert_int_equal(p.in, -1);
	assert_int_equal(p.out, -1);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_base_proc__leaks_no_descriptor(void **state)
{
	const char *const argv[] = { "sh", "-c", "ls /proc/self/fd | wc -l",
				     NULL };
	int before = open_fds();
	struct mv_buf out;
	int status;

	(void)state;
	mv_buf_init(&out, 100);
	assert_int_equal(mv_proc_run(&status, argv, NULL, &env, "x", 1, &out,
				     NULL, NULL), 0);
	assert_int_equal(open_fds(), before);
	/* ls has 0, 1, 2, and the folder that it reads; what this program
	 * was given by others without close-on-exec may come on top. */
	assert_true(atoi(out.data) <= before + 1);
	mv_buf_release(&out);
}

static void test_base_proc__collects_an_answer_later(void **state)
{
	const char *const argv[] = {
		"sh", "-c", "echo noise >&2; cat; echo \"$GREETING\"; exit 3",
		NULL
	};
	struct mv_proc p;
	struct mv_buf out;
	int status, before = open_fds();

	(void)state;
	mv_buf_init(&out, 100);
	assert_int_equal(mv_proc_start(&p, argv, NULL, &env, NULL), 0);
	assert_int_equal(getpgid(p.pid), p.pid);
	assert_int_equal(mv_proc_collect(&status, &p, &out, 20000, NULL), 0);
	assert_int_equal(status, 3);
	assert_string_equal(out.data, "hello\n");
	assert_int_equal(p.pid, -1);
	assert_int_equal(open_fds(), before);
	/* Again: there is nothing left. */
	assert_int_equal(mv_proc_collect(&status, &p, &out, 0, NULL), 0);
	mv_buf_release(&out);
}

static void test_base_proc__kills_who_does_not_answer(void **state)
{
	/* One keeps the pipe open in a child, one closes it and stays. */
	static const char *const stays[] = {
		"echo begun; sleep 60 & wait", "echo begun; exec >&-; sleep 60"
	};
	struct mv_proc p;
	struct mv_buf out;
	struct mv_err err;
	int status;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *const argv[] = { "sh", "-c", stays[i], NULL };
		struct pollfd end = { -1, POLLIN, 0 };
		int held[2];

		/* Whoever of that group lives holds the other end. */
		assert_int_equal(pipe(held), 0);
		fcntl(held[0], F_SETFD, FD_CLOEXEC);
		mv_buf_init(&out, 100);
		assert_int_equal(mv_proc_start(&p, argv, NULL, &env, NULL), 0);
		close(held[1]);
		assert_int_equal(mv_proc_collect(&status, &p, &out, 200, &err),
				 MV_EBUSY);
		assert_int_equal(status, 128 + SIGKILL);
		assert_string_equal(out.data, "begun\n");
		end.fd = held[0];
		assert_int_equal(poll(&end, 1, 5000), 1);
		close(held[0]);
		mv_buf_release(&out);
	}
}

static int pass(const char *script, const char *dir, unsigned flags,
		int64_t *peak)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	int status;

	assert_int_equal(mv_proc_pass(&status, peak, argv, dir, &env, flags,
				      NULL), 0);
	return status;
}

static void test_base_proc__passes_the_streams_on(void **state)
{
	const char *const here[] = { "./tool", "a b", NULL };
	const char *const absent[] = { "./absent", NULL };
	int64_t peak;
	int status, saved[2], fd;
	char text[64] = "";

	(void)state;
	assert_int_equal(mkdir("p2", 0755), 0);
	program("p2/tool", "#!/bin/sh\necho \"$1\"; exit 5\n");
	fd = open("said", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd > 2);
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		saved[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
	dup2(fd, 1);
	status = pass("echo out; exit 4", NULL, 0, &peak);
	dup2(saved[0], 1);
	dup2(fd, 2);
	pass("echo err", NULL, MV_PROC_TO_STDERR, &peak);
	dup2(saved[1], 2);
	assert_int_equal(status, 4);
	/* A shell takes some memory, but no gigabyte. */
	assert_in_range(peak, 100000, 1000000000);
	dup2(fd, 1);
	assert_int_equal(mv_proc_pass(&status, &peak, here, "p2", &env, 0,
				      NULL), 0);
	dup2(saved[0], 1);
	assert_int_equal(status, 5);
	assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), 12);
	assert_string_equal(text, "out\nerr\na b\n");
	assert_int_equal(mv_proc_pass(&status, &peak, absent, "p2", &env, 0,
				      NULL), MV_ENOENT);
	assert_int_equal(status, -1);
	close(saved[0]);
	close(saved[1]);
	close(fd);
}

static void test_base_proc__hands_signals_on_and_lives(void **state)
{
	sigset_t pending;
	int64_t peak;

	(void)state;
	/* The command's parent is this program. */
	assert_int_equal(pass("trap 'exit 7' TERM; (kill -TERM $PPID); "
			      "while :; do sleep 0.05; done", NULL, 0, &peak),
			 7);
	assert_int_equal(pass("kill -KILL $$", NULL, 0, &peak), 128 + SIGKILL);
	/* What it sends us itself does not come back to it. */
	assert_int_equal(pass("kill -USR1 $PPID; sleep 0.1; exit 2", NULL, 0,
			      &peak), 2);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGUSR1));
}

static int run_for(int limit_ms, const char *line, int *status,
		   struct mv_err *err)
{
	const char *argv[] = { "sh", "-c", line, NULL };
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 1 << 20);
	rc = mv_proc_run_for(limit_ms, status, argv, NULL, &env, NULL, 0,
			     &out, NULL, err);
	mv_buf_release(&out);
	return rc;
}

/* Silent, busy, deaf, or with a closed output: it is stopped, and named. */
static void test_base_proc__has_its_time(void **state)
{
	static const char *const slow[] = {
		"exec sleep 60", "while :; do echo x; sleep 0.02; done",
		"exec >&-; exec sleep 60",
	};
	struct mv_err err = { 0 };
	int status = 0;

	(void)state;
	assert_int_equal(run_for(20000, "exit 3", &status, &err), 0);
	assert_int_equal(status, 3);
	assert_int_equal(run_for(0, "sleep 0.1", &status, &err), 0);
	for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
		time_t before = time(NULL);

		assert_int_equal(run_for(100, slow[i], &status, &err),
				 MV_EBUSY);
		assert_non_null(strstr(err.msg, "'sh' did not end within 0.1 "
				       "seconds"));
		assert_true(time(NULL) - before < 20);
	}
	/* What it cleans up is waited for, a little. */
	assert_int_equal(run_for(100, "trap 'echo >cleaned; exit' TERM;"
				 "while :; do sleep 0.02; done", &status,
				 &err), MV_EBUSY);
	assert_int_equal(access("cleaned", F_OK), 0);
	assert_int_equal(run_for(100, "trap '' TERM; while :; do sleep 0.02;"
				 "done", &status, &err), MV_EBUSY);
}

static void test_base_proc__getenv_wants_the_whole_name(void **state)
{
	static char *const two[] = { (char *)"AB=1", (char *)"A=2=3", NULL };
	const struct mv_proc_env e = { NULL, two }, none = { NULL, NULL };

	(void)state;
	assert_string_equal(mv_proc_getenv(&e, "AB"), "1");
	assert_string_equal(mv_proc_getenv(&e, "A"), "2=3");
	assert_null(mv_proc_getenv(&e, "B"));
	assert_null(mv_proc_getenv(&e, "ABC"));
	assert_null(mv_proc_getenv(&none, "A"));
}

/* Arguments, standard input from its beginning, both ways to speak; with "#!"
   and without. */
static void test_base_proc__hooks_run_as_git_runs_them(void **state)
{
	static const char *const scripts[] = {
		"#!/bin/sh\necho \"$1 $# $GREETING\"; cat; echo err >&2; exit 3\n",
		"echo \"$1 $# $GREETING\"; cat; echo err >&2; exit 3\n"
	};
	char path[4096];
	const char *argv[] = { path, "one two", "three", NULL };
	struct mv_buf said;
	int status;

	(void)state;
	assert_non_null(getcwd(path, sizeof(path) - 10));
	strcat(path, "/script");
	for (size_t i = 0; i < 2; i++) {
		program("script", scripts[i]);
		mv_buf_init(&said, 4096);
		assert_int_equal(mv_proc_run_hook(&status, argv, &env, "in\n",
						  3, &said, NULL), 0);
		assert_int_equal(status, 3);
		assert_string_equal(said.data,
				    "one two 2 hello\nin\nerr\n");
		mv_buf_release(&said);
	}
	/* Nobody reads it, and nobody minds. */
	program("script", "#!/bin/sh\nexit 0\n");
	mv_buf_init(&said, (size_t)1 << 20);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(mv_buf_addf(&said, "refs/heads/%060d\n", i),
				 0);
	assert_int_equal(mv_proc_run_hook(&status, argv, &env, said.data,
					  said.len, NULL, NULL), 0);
	assert_int_equal(status, 0);
	mv_buf_release(&said);
	assert_int_equal(unlink("script"), 0);
	assert_int_equal(mv_proc_run_hook(&status, argv, &env, "", 0, NULL,
					  NULL), MV_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_proc__getenv_wants_the_whole_name),
		cmocka_unit_test(test_base_proc__finds_nothing_in_the_current_folder),
		cmocka_unit_test(test_base_proc__finds_executable_files_only),
		cmocka_unit_test(test_base_proc__gives_status_and_output),
		cmocka_unit_test(test_base_proc__child_searches_absolute_folders_only),
		cmocka_unit_test(test_base_proc__moves_both_directions_at_once),
		cmocka_unit_test(test_base_proc__survives_a_child_that_does_not_read),
		cmocka_unit_test(test_base_proc__too_much_output_is_an_error),
		cmocka_unit_test(test_base_proc__child_has_default_signals),
		cmocka_unit_test(test_base_proc__runs_in_a_folder),
		cmocka_unit_test(test_base_proc__works_without_standard_streams),
		cmocka_unit_test(test_base_proc__talks_with_a_child),
		cmocka_unit_test(test_base_proc__leaks_no_descriptor),
		cmocka_unit_test(test_base_proc__collects_an_answer_later),
		cmocka_unit_test(test_base_proc__kills_who_does_not_answer),
		cmocka_unit_test(test_base_proc__passes_the_streams_on),
		cmocka_unit_test(test_base_proc__hooks_run_as_git_runs_them),
		cmocka_unit_test(test_base_proc__hands_signals_on_and_lives),
		cmocka_unit_test(test_base_proc__has_its_time)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, tmp_enter, tmp_leave);
}
