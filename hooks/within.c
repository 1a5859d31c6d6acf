/* SPDX-License-Identifier: MIT */
#include "hooks/within.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libmv/base/time.h"

/*
 * The one who waits. A time that is only looked at between steps ends no step
 * that runs for hours, be it ours or a git's. So the work is done by another
 * process, and whatever it has started is in one group with it, which can be
 * ended at once.
 */

/* 1: there is something to be read (or the end), 0: the time is up. */
static int wait_for(int fd, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - mv_now_ms();
		int n;

		if (left <= 0)
			return 0;
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return 0;
	}
}

/* What it says first is how long it may take, in ms; 0: as long as it likes.
   The end of the pipe is the end of the process. */
static int watch(int fd)
{
	int64_t ms = 0;
	ssize_t n;
	char c;

	do
		n = read(fd, &ms, sizeof(ms));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(ms) || ms <= 0)
		return 1;
	if (!wait_for(fd, mv_now_ms() + ms))
		return 0;
	return read(fd, &c, 1) <= 0;
}

enum { GRACE_MS = 1000, STEP_MS = 10 };

static void reap(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

/*
 * A git that is killed leaves its locks, and then nobody could push any more:
 * so all of them are asked first. The group is there until its last process is
 * gone; ours is only gone when it was waited for.
 */
static void end_all(pid_t pid, int *status)
{
	int64_t until = mv_now_ms() + GRACE_MS;
	int gone = 0;

	kill(-pid, SIGTERM);
	while (!kill(-pid, 0) && mv_now_ms() < until) {
		gone = gone || waitpid(pid, status, WNOHANG) == pid;
		poll(NULL, 0, STEP_MS);
	}
	kill(-pid, SIGKILL);
	if (!gone)
		reap(pid, status);
}

enum mv_within mv_within_begin(struct mv_within_work *work, int *status,
			       struct mv_err *err)
{
	int fd[2], done = 0;
	pid_t pid, parent = getpid();

	if (pipe2(fd, O_CLOEXEC)) {
		mv_fail_errno(err, errno, "cannot make a pipe");
		return MV_WITHIN_FAILED;
	}
	pid = fork();
	if (pid < 0) {
		mv_fail_errno(err, errno, "cannot start another process");
		close(fd[0]);
		close(fd[1]);
		return MV_WITHIN_FAILED;
	}
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		close(fd[0]);
		work->fd = fd[1];
		return MV_WITHIN_WORK;
	}
	setpgid(pid, pid);
	close(fd[1]);
	done = watch(fd[0]);
	if (!done)
		end_all(pid, status);
	else
		reap(pid, status);
	close(fd[0]);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : 1;
	return done ? MV_WITHIN_DONE : MV_WITHIN_LATE;
}

int mv_within_limit(const struct mv_within_work *work, int64_t ms,
		    struct mv_err *err)
{
	ssize_t n;

	do
		n = write(work->fd, &ms, sizeof(ms));
	while (n < 0 && errno == EINTR);
	return n == sizeof(ms) ? 0 :
		mv_fail_errno(err, errno, "cannot say how long this may take");
}
