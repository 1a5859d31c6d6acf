/* SPDX-License-Identifier: MIT */
/*
 * usage: peaks OUT CMD...
 *
 * Run a command and write the peak of the resident memory of each process
 * among it and all that it starts: one line "KiB name" each. getrusage()
 * knows only the largest of a tree, and a poll of /proc misses what is
 * short; so every process is stopped where it exits (ptrace) and asked then.
 * bench.sh compiles this; it is no part of git-model.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "peaks: %s: %s\n", what, strerror(errno));
	exit(128);
}

/* "git add" for what was started as /usr/bin/git -C x add y. */
static void print_name(FILE *out, pid_t pid)
{
	char path[64], text[256], *base;
	size_t len, at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	f = fopen(path, "r");
	len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[len] = 0;
	base = strrchr(text, '/');
	fputs(base ? base + 1 : text, out);
	for (at = strlen(text) + 1; at < len && text[at] == '-';
	     at += strlen(text + at) + 1)
		if (!strcmp(text + at, "-C") || !strcmp(text + at, "-c"))
			at += 3;
	fprintf(out, " %s\n", at < len ? text + at : "");
}

/* `task` is about to exit; its process is reported by its first thread. */
static void record(FILE *out, pid_t task)
{
	char path[64], line[256];
	long peak = -1;
	int leader = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)task);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Tgid:", 5))
			leader = atoi(line + 5) == task;
		if (!strncmp(line, "VmHWM:", 6))
			peak = atol(line + 6);
	}
	if (f)
		fclose(f);
	if (!leader || peak < 0)
		return;
	fprintf(out, "%ld ", peak);
	print_name(out, task);
}

/* Let one stopped task go on; what was a signal to it stays one. */
static void go_on(FILE *out, pid_t task, int status)
{
	int event = status >> 16, sig = 0;

	if (event == PTRACE_EVENT_EXIT)
		record(out, task);
	else if (!event)
		sig = WSTOPSIG(status);
	ptrace(PTRACE_CONT, task, NULL, (void *)(long)sig);
}

int main(int argc, char **argv)
{
	int status, go[2], result = 128;
	pid_t child, task;
	FILE *out;
	char c = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: peaks OUT CMD...\n");
		return 129;
	}
	out = fopen(argv[1], "w");
	if (!out || pipe(go))
		die(argv[1]);
	child = fork();
	if (!child) {
		close(go[1]);
		if (read(go[0], &c, 1) == 1) {
			close(go[0]);
			fclose(out);
			execvp(argv[2], argv + 2);
		}
		fprintf(stderr, "peaks: cannot run '%s'\n", argv[2]);
		_exit(127);
	}
	if (child < 0 ||
	    ptrace(PTRACE_SEIZE, child, NULL,
		   (void *)(long)(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
				  PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
				  PTRACE_O_TRACEEXIT)))
		die("cannot trace");
	close(go[0]);
	if (write(go[1], &c, 1) != 1)
		die("cannot start");
	close(go[1]);
	while ((task = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (task > 0 && WIFSTOPPED(status))
			go_on(out, task, status);
		else if (task == child)
			result = WIFEXITED(status) ? WEXITSTATUS(status) :
				 128 + WTERMSIG(status);
	}
	return fclose(out) ? 128 : result;
}
