/* SPDX-License-Identifier: MIT */
#include "hooks/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libmv/base/time.h"

/*
 * Pre-receive ends before git moves a ref, and git moves them one by one, each
 * in a transaction of its own. So no process of ours is there all the time, and
 * one is left behind that is: it has the lock, and nothing else to do than to
 * see git-receive-pack end. Killed, or with the machine gone, it leaves no
 * lock.
 */
enum { STEP_MS = 20, GRACE_MS = 5000, ANCESTORS_MAX = 64 };

/* -- who is who (proc(5)) ------------------------------------------------- */

/* A field of /proc/<pid>/stat, from the third on; 0: there is no such process,
   or it is only waited for. */
static uint64_t stat_field(pid_t pid, int n)
{
	char path[64], text[1024], *s;
	ssize_t len = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (len <= 0)
		return 0;
	text[len] = '\0';
	s = strrchr(text, ')');	/* the name may hold anything */
	if (!s || !s[1] || s[2] == 'Z' || s[2] == 'X')
		return 0;
	for (int i = 2; s && i < n; i++)
		s = strchr(s + 1, ' ');
	return s ? strtoull(s + 1, NULL, 10) : 0;
}

static pid_t parent_of(pid_t pid)
{
	return (pid_t)stat_field(pid, 4);
}

/* With its number it names a process for good. */
static uint64_t start_of(pid_t pid)
{
	return stat_field(pid, 22);
}

static int is_called(const char *arg, const char *name)
{
	const char *slash = strrchr(arg, '/');

	return !strcmp(slash ? slash + 1 : arg, name);
}

/* "git-receive-pack <dir>" or "git <...> receive-pack <...>". */
static int is_pack(pid_t pid)
{
	char path[64], text[4096];
	size_t len = 0, at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	f = fopen(path, "re");
	if (f) {
		len = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[len] = '\0';
	if (is_called(text, "git-receive-pack"))
		return 1;
	if (!is_called(text, "git"))
		return 0;
	for (at = strlen(text) + 1; at < len; at += strlen(text + at) + 1)
		if (!strcmp(text + at, "receive-pack"))
			return 1;
	return 0;
}

pid_t mv_turn_find_pack(pid_t parent)
{
	/* Where nothing can be looked up: the hook's file is three lines, and
	   the last one puts us in its place. */
	if (!start_of(getpid()))
		return parent;
	for (int i = 0; i < ANCESTORS_MAX && parent > 1; i++) {
		if (is_pack(parent))
			return parent;
		parent = parent_of(parent);
	}
	return 0;
}

/* -- the one who holds it ------------------------------------------------- */

struct watch {
	pid_t pid;
	uint64_t start;		/* 0: not known */
	int fd;			/* of the process; -1: this kernel has none */
};

static int has_ended(const struct watch *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	if (w->fd >= 0)
		return poll(&p, 1, 0) > 0;
	if (w->start)
		return start_of(w->pid) != w->start;
	return kill(w->pid, 0) && errno == ESRCH;
}

/* 1: it has ended, 0: the time is up. */
static int wait_for(const struct watch *w, int64_t ms)
{
	const int64_t end = mv_now_ms() + ms;

	while (!has_ended(w)) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };
		int64_t left = ms ? end - mv_now_ms() : INT_MAX;

		if (left <= 0)
			return 0;
		if (w->fd < 0 && left > STEP_MS)
			left = STEP_MS;
		poll(&p, w->fd >= 0, left > INT_MAX ? INT_MAX : (int)left);
	}
	return 1;
}

/* Only what is still the process that was seen is sent a signal. */
static void end_it(const struct watch *w, int sig)
{
	if (w->fd >= 0)
		syscall(SYS_pidfd_send_signal, w->fd, sig, NULL, 0);
	else if (!has_ended(w))
		kill(w->pid, sig);
}

static void close_from(int from, int to)
{
	if (from > to || !close_range((unsigned)from, (unsigned)to, 0))
		return;
	for (int fd = from; fd <= to && fd < 65536; fd++)
		close(fd);
}

/* `b` may be -1. */
static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	close_from(0, low - 1);
	close_from(low + 1, high - 1);
	close_from(high + 1, INT_MAX);
}

/* What waits for the end of our output must not wait for us. */
static void hold(int lock, const struct watch *w, int64_t ms)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	setsid();
	sigaction(SIGTERM, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_all_but(lock, w->fd);
	if (!wait_for(w, ms)) {
		end_it(w, SIGTERM);
		if (!wait_for(w, GRACE_MS))
			end_it(w, SIGKILL);
		wait_for(w, GRACE_MS);
	}
	_exit(0);
}

/* Who holds it for whom, for mv_turn_over(). */
static int write_holder(int lock, pid_t pid, pid_t pack)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%ld %" PRIu64 " %ld\n",
			 (long)pid, start_of(pid), (long)pack);

	/* Another one's file can be locked and not written: then the turn
	   is over when git is. */
	return ftruncate(lock, 0) || pwrite(lock, text, (size_t)n, 0) != n;
}

/* -- taking turns --------------------------------------------------------- */

int mv_turn_take(struct mv_turn *turn, const char *path, int64_t ms,
		 struct mv_err *err)
{
	int rc = mv_lock_take(&turn->lock, path, MV_LOCK_EXCLUSIVE,
			      !ms || ms > INT_MAX / 2 ? INT_MAX / 2 : (int)ms,
			      err);

	if (rc == MV_EBUSY)
		rc = mv_fail(err, rc, "another push is being judged here, or "
			     "its refs are being moved; push again");
	return rc;
}

int mv_turn_keep(struct mv_turn *turn, pid_t pack, int64_t ms,
		 struct mv_err *err)
{
	struct watch w = { .pid = pack, .start = start_of(pack) };
	pid_t pid;

	if (!pack)
		return 0;
	w.fd = (int)syscall(SYS_pidfd_open, pack, 0);
	if (has_ended(&w))
		return mv_fail(err, MV_ECANCELLED,
			       "git-receive-pack has ended");
	pid = fork();
	if (!pid)
		hold(turn->lock.fd, &w, ms);
	if (w.fd >= 0)
		close(w.fd);
	if (pid < 0)
		return mv_fail_errno(err, errno,
				     "cannot start another process");
	write_holder(turn->lock.fd, pid, pack);
	return 0;
}

void mv_turn_over(const char *path, pid_t pack)
{
	char text[128] = "";
	long pid = 0, owner = 0;
	uint64_t start = 0;
	FILE *f = fopen(path, "re");
	struct watch w;

	if (f) {
		if (!fgets(text, sizeof(text), f))
			*text = '\0';
		fclose(f);
	}
	if (sscanf(text, "%ld %" SCNu64 " %ld", &pid, &start, &owner) != 3 ||
	    !pack || owner != pack || pid <= 1 || !start)
		return;
	w = (struct watch){ .pid = (pid_t)pid, .start = start };
	w.fd = (int)syscall(SYS_pidfd_open, w.pid, 0);
	/* Looked at after it was opened: it is that one, or none. */
	if (start_of(w.pid) == start)
		end_it(&w, SIGTERM);
	if (w.fd >= 0)
		close(w.fd);
}

void mv_turn_drop(struct mv_turn *turn)
{
	mv_lock_drop(&turn->lock);
}
