/* SPDX-License-Identifier: MIT */
/*
 * Stands as `git` in front of the real one and lets one process go wrong.
 * Everything that is asked of git then gets no answer, or half of one, in
 * turn. By its environment:
 *
 *	MV_BADGIT_REAL	 the real git
 *	MV_BADGIT_LOG	 every process appends a line: what it was asked
 *	MV_BADGIT_AT	 the process of this number (1, 2, ...) goes wrong; 0:
 *			 none, so that they can be counted
 *	MV_BADGIT_HOW	 fail	 it says a word and exits with 128
 *			 kill	 it is killed before it does anything
 *			 cut	 it is killed in the middle of what it prints
 *			 short	 it prints half, and exits with 0 (one that
 *				 prints nothing ends as it would)
 *			 mute	 it prints nothing, and exits with 0
 *	MV_BADGIT_CHUNK	 of one that is talked with, the answer in which that
 *			 happens (1)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

static void die(const char *what)
{
	fprintf(stderr, "mv-badgit: %s: %s\n", what, strerror(errno));
	exit(99);
}

static const char *given(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* How many were there before? Processes may start at the same time. */
static long number(int argc, char **argv)
{
	const char *log = given("MV_BADGIT_LOG", NULL);
	char block[BUFFER];
	long lines = 0;
	ssize_t n;
	int fd;

	if (!log)
		return 0;
	fd = open(log, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0666);
	if (fd < 0 || flock(fd, LOCK_EX))
		die(log);
	while ((n = read(fd, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += block[i] == '\n';
	n = snprintf(block, sizeof(block), "%ld", ++lines);
	for (int i = 1; i < argc; i++)
		n += snprintf(block + n, sizeof(block) - (size_t)n - 2,
			      " %.60s", argv[i]);
	for (ssize_t i = 0; i < n; i++)
		if (block[i] == '\n')
			block[i] = ' ';
	block[n++] = '\n';
	if (write(fd, block, (size_t)n) != n)
		die(log);
	close(fd);
	return lines;
}

static void put(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(1, data, len);

		if (n <= 0)
			_exit(1);
		data += n;
		len -= (size_t)n;
	}
}

static void end(const char *how)
{
	if (!strcmp(how, "short"))
		exit(0);
	kill(getpid(), SIGKILL);
}

static int is_talk(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--batch"))
			return 1;
	return 0;
}

/* Half of all that it says; of who is talked with, half of one answer. */
static void half(int argc, char **argv, const char *real, const char *how)
{
	long chunk = atol(given("MV_BADGIT_CHUNK", "1"));
	const int talk = is_talk(argc, argv);
	size_t len = 0, room = BUFFER;
	char *data = malloc(room);
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (!data || pipe(ends))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execv(real, argv);
		_exit(99);
	}
	close(ends[1]);
	while ((n = read(ends[0], data + len, room - len)) > 0) {
		if (talk && !--chunk) {
			put(data, (size_t)n / 2);
			break;
		}
		if (talk) {
			put(data, (size_t)n);
			continue;
		}
		len += (size_t)n;
		if (len == room && !(data = realloc(data, room *= 2)))
			die("memory");
	}
	if (!talk)
		put(data, len / 2);
	kill(pid, talk ? SIGKILL : 0);
	waitpid(pid, &status, 0);
	if (!talk && !len && !strcmp(how, "short"))
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	end(how);
}

int main(int argc, char **argv)
{
	const char *real = given("MV_BADGIT_REAL", "/usr/bin/git");
	const char *how = given("MV_BADGIT_HOW", "fail");
	const long at = atol(given("MV_BADGIT_AT", "0"));

	if (number(argc, argv) == at && at) {
		if (!strcmp(how, "fail")) {
			fputs("fatal: no such luck\n", stderr);
			return 128;
		}
		if (!strcmp(how, "kill"))
			kill(getpid(), SIGKILL);
		if (!strcmp(how, "mute"))
			return 0;
		half(argc, argv, real, how);
	}
	execv(real, argv);
	die(real);
}
