/* SPDX-License-Identifier: MIT */
/*
 * Run a command and let one system call go wrong: be the last one (kill), be
 * cut short, or fail. Calls are counted over all processes and threads that
 * belong to it, so that 1, 2, 3, ... are all the places there are:
 *
 *	mv-fault [-p PROGRAM] [-b FOLDER] [-o OUT] WHAT CALLS N COMMAND...
 *
 * WHAT	 kill		SIGKILL to the process, before the Nth call
 *	 killall	to every process that the command started
 *	 short		the Nth write or read gets half the bytes it asked for
 *	 ENOSPC, ...	the Nth call is not made and fails so
 * CALLS "all"; "changing": what can leave a trace outside of the process;
 *	 or names, comma between them ("create": an open that may make a file)
 * N	 0: only count; "5+": from the fifth on
 * -p	 count only in processes that have started a program of this name
 * -b	 count only calls about files below this folder
 * -o	 gets how many calls were counted and, when it came to that, which
 *	 call was hit: "12 rename /store/tmp/x"
 *
 * The exit code is the command's, or 128 + signal; 77: this machine has no
 * ptrace for us.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	fputs("mv-fault: knows the registers of x86_64 only\n", stderr);
	return 77;
}
#else
#include <sys/user.h>

enum { MAX_TASKS = 4096 };

/* Which argument tells the file, and how. */
enum where { NOWHERE, FD, PATH, AT };
struct call {
	const char *name;
	long nr;
	enum where where;
	int arg;
	int changing;
};

static const struct call calls[] = {
	{ "write", SYS_write, FD, 0, 1 },
	{ "pwrite64", SYS_pwrite64, FD, 0, 1 },
	{ "writev", SYS_writev, FD, 0, 1 },
	{ "pwritev", SYS_pwritev, FD, 0, 1 },
	{ "pwritev2", SYS_pwritev2, FD, 0, 1 },
	{ "read", SYS_read, FD, 0, 0 },
	{ "pread64", SYS_pread64, FD, 0, 0 },
	{ "copy_file_range", SYS_copy_file_range, FD, 2, 1 },
	{ "sendfile", SYS_sendfile, FD, 0, 1 },
	{ "splice", SYS_splice, FD, 2, 1 },
	{ "fsync", SYS_fsync, FD, 0, 1 },
	{ "fdatasync", SYS_fdatasync, FD, 0, 1 },
	{ "sync_file_range", SYS_sync_file_range, FD, 0, 1 },
	{ "syncfs", SYS_syncfs, FD, 0, 1 },
	{ "ftruncate", SYS_ftruncate, FD, 0, 1 },
	{ "fallocate", SYS_fallocate, FD, 0, 1 },
	{ "fchmod", SYS_fchmod, FD, 0, 1 },
	{ "flock", SYS_flock, FD, 0, 1 },
	{ "ioctl", SYS_ioctl, FD, 0, 1 },
	{ "close", SYS_close, FD, 0, 0 },
	{ "fstat", SYS_fstat, FD, 0, 0 },
	{ "getdents64", SYS_getdents64, FD, 0, 0 },
	{ "open", SYS_open, PATH, 0, 0 },
	{ "creat", SYS_creat, PATH, 0, 1 },
	{ "rename", SYS_rename, PATH, 1, 1 },
	{ "link", SYS_link, PATH, 1, 1 },
	{ "symlink", SYS_symlink, PATH, 1, 1 },
	{ "unlink", SYS_unlink, PATH, 0, 1 },
	{ "mkdir", SYS_mkdir, PATH, 0, 1 },
	{ "rmdir", SYS_rmdir, PATH, 0, 1 },
	{ "truncate", SYS_truncate, PATH, 0, 1 },
	{ "chmod", SYS_chmod, PATH, 0, 1 },
	{ "utime", SYS_utime, PATH, 0, 1 },
	{ "openat", SYS_openat, AT, 0, 0 },
	{ "openat2", SYS_openat2, AT, 0, 0 },
	{ "renameat", SYS_renameat, AT, 2, 1 },
	{ "renameat2", SYS_renameat2, AT, 2, 1 },
	{ "linkat", SYS_linkat, AT, 2, 1 },
	{ "symlinkat", SYS_symlinkat, AT, 1, 1 },
	{ "unlinkat", SYS_unlinkat, AT, 0, 1 },
	{ "mkdirat", SYS_mkdirat, AT, 0, 1 },
	{ "fchmodat", SYS_fchmodat, AT, 0, 1 },
	{ "utimensat", SYS_utimensat, AT, 0, 1 },
	{ "mmap", SYS_mmap, FD, 4, 0 },
	{ "exit_group", SYS_exit_group, NOWHERE, 0, 1 },
	{ "execve", SYS_execve, NOWHERE, 0, 1 },
	{ "kill", SYS_kill, NOWHERE, 0, 1 },
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static const struct { const char *name; int value; } errors[] = {
	{ "EPERM", EPERM }, { "EIO", EIO }, { "EACCES", EACCES },
	{ "ENFILE", ENFILE }, { "EMFILE", EMFILE }, { "EFBIG", EFBIG },
	{ "ENOSPC", ENOSPC }, { "EROFS", EROFS }, { "EMLINK", EMLINK },
	{ "EDQUOT", EDQUOT }, { "ENOMEM", ENOMEM }, { "EINTR", EINTR },
	{ "EXDEV", EXDEV }, { "ESTALE", ESTALE },
};

enum what { KILL, KILL_ALL, SHORT, FAIL };
struct task {
	pid_t tid;
	int ours;		/* counted */
	int result;		/* what to return at the exit; 0: nothing */
};
struct fault {
	enum what what;
	int error;
	int all, changing, create;
	char named[CALLS];
	unsigned long at, count;
	int onwards, fired;
	const char *program, *below, *out;
	struct task *tasks;
	size_t task_count;
	char hit[PATH_MAX + 64];
};

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("mv-fault: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(125);
}

/* -- which processes ------------------------------------------------------ */

static int runs_program(const struct fault *f, pid_t tid)
{
	char link[64], exe[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)tid);
	n = readlink(link, exe, sizeof(exe) - 1);
	if (n < 0)
		return 0;
	exe[n] = '\0';
	name = strrchr(exe, '/');
	return !strcmp(name ? name + 1 : exe, f->program);
}

static pid_t process_of(pid_t tid)
{
	char path[64], line[128];
	int pid = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	if (in)
		fclose(in);
	return pid;
}

/* A thread belongs to its process; a new process shows when it executes. */
static int is_counted(const struct fault *f, pid_t tid)
{
	const pid_t pid = process_of(tid);

	if (!f->program)
		return 1;
	for (size_t i = 0; i < f->task_count; i++)
		if (f->tasks[i].tid == pid && pid != tid)
			return f->tasks[i].ours;
	return 0;
}

static struct task *task_of(struct fault *f, pid_t tid)
{
	struct task *t = NULL;

	for (size_t i = 0; i < f->task_count; i++) {
		if (f->tasks[i].tid == tid)
			return &f->tasks[i];
		if (!f->tasks[i].tid)
			t = &f->tasks[i];
	}
	if (!t) {
		if (f->task_count == MAX_TASKS)
			die("too many threads");
		t = &f->tasks[f->task_count++];
	}
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	t->ours = is_counted(f, tid);
	return t;
}

/* -- which calls ---------------------------------------------------------- */

static const struct call *call_of(long nr)
{
	for (size_t i = 0; i < CALLS; i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

static unsigned long long arg_of(const struct user_regs_struct *r, int arg)
{
	const unsigned long long args[] = {
		r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9
	};

	return args[arg];
}

/* Page by page, because what follows the string may not be there. */
static void read_text(char *out, size_t size, pid_t tid,
		      unsigned long long at)
{
	size_t len = 0, step;
	struct iovec here, there;
	ssize_t n;

	while (len + 1 < size) {
		step = 4096 - ((at + len) & 4095);
		if (step > size - 1 - len)
			step = size - 1 - len;
		here.iov_base = out + len;
		there.iov_base = (void *)(uintptr_t)(at + len);
		here.iov_len = there.iov_len = step;
		n = process_vm_readv(tid, &here, 1, &there, 1, 0);
		if (n <= 0)
			break;
		if (memchr(out + len, '\0', (size_t)n))
			return;
		len += (size_t)n;
	}
	out[len] = '\0';
}

static void fd_path(char *out, size_t size, pid_t tid, long long fd)
{
	char link[64];
	ssize_t n;

	if ((int)fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid,
			 (int)fd);
	n = readlink(link, out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
}

static void file_of(char *out, size_t size, pid_t tid, const struct call *c,
		    const struct user_regs_struct *r)
{
	char name[PATH_MAX];
	int arg = c->arg;

	out[0] = '\0';
	if (c->where == FD)
		fd_path(out, size, tid, (long long)arg_of(r, arg));
	if (c->where != PATH && c->where != AT)
		return;
	read_text(name, sizeof(name), tid,
		  arg_of(r, arg + (c->where == AT)));
	if (name[0] == '/') {
		snprintf(out, size, "%s", name);
		return;
	}
	fd_path(out, size, tid, c->where == AT ?
		(long long)arg_of(r, arg) : AT_FDCWD);
	if (strlen(out) + 2 + strlen(name) < size) {
		strcat(out, "/");
		strcat(out, name);
	}
}

static int may_create(const struct call *c, pid_t tid,
		      const struct user_regs_struct *r)
{
	unsigned long long flags = 0;
	struct iovec here = { &flags, sizeof(flags) }, there;

	switch (c->nr) {
	case SYS_open:
		flags = r->rsi;
		break;
	case SYS_openat:
		flags = r->rdx;
		break;
	case SYS_openat2:
		there.iov_base = (void *)(uintptr_t)r->rdx;
		there.iov_len = sizeof(flags);
		if (process_vm_readv(tid, &here, 1, &there, 1, 0) < 0)
			return 0;
		break;
	case SYS_creat:
		return 1;
	default:
		return 0;
	}
	return (flags & (O_CREAT | O_TRUNC)) ||
	       (flags & O_TMPFILE) == O_TMPFILE;
}

static int wanted(const struct fault *f, pid_t tid, const struct call *c,
		  const struct user_regs_struct *r, const char *file)
{
	size_t len = f->below ? strlen(f->below) : 0;

	if (!c)
		return f->all && !f->below;
	if (f->below && (strncmp(file, f->below, len) ||
			 (file[len] && file[len] != '/')))
		return 0;
	if (f->all || f->named[c - calls])
		return 1;
	if (f->changing && c->changing)
		return 1;
	return (f->changing || f->create) && may_create(c, tid, r);
}

/* -- making it go wrong --------------------------------------------------- */

static void kill_all(struct fault *f)
{
	for (size_t i = 0; i < f->task_count; i++)
		if (f->tasks[i].tid)
			kill(f->tasks[i].tid, SIGKILL);
}

static void fire(struct fault *f, struct task *t, const struct call *c,
		 struct user_regs_struct *r, const char *file)
{
	const long nr = (long)r->orig_rax;

	if (!f->fired++)
		snprintf(f->hit, sizeof(f->hit), " %s%s%s", c ? c->name :
			 "other", *file ? " " : "", file);
	if (f->what == SHORT) {
		if (r->rdx < 2 || (nr != SYS_write && nr != SYS_pwrite64 &&
				   nr != SYS_read && nr != SYS_pread64))
			return;
		r->rdx /= 2;
	} else {
		/* No such call: the kernel does nothing. */
		r->orig_rax = (unsigned long long)-1;
		t->result = f->what == FAIL ? -f->error : 0;
	}
	if (ptrace(PTRACE_SETREGS, t->tid, NULL, r) && errno != ESRCH)
		die("cannot change registers: %s", strerror(errno));
	if (f->what == KILL)
		kill(t->tid, SIGKILL);
	else if (f->what == KILL_ALL)
		kill_all(f);
}

static void at_entry(struct fault *f, struct task *t)
{
	struct user_regs_struct r;
	const struct call *c;
	char file[PATH_MAX] = "";

	if (!t->ours || ptrace(PTRACE_GETREGS, t->tid, NULL, &r))
		return;
	c = call_of((long)r.orig_rax);
	if (c)
		file_of(file, sizeof(file), t->tid, c, &r);
	if (!wanted(f, t->tid, c, &r, file))
		return;
	f->count++;
	if (f->at && (f->onwards ? f->count >= f->at : f->count == f->at))
		fire(f, t, c, &r, file);
}

static void at_exit(struct task *t)
{
	struct user_regs_struct r;

	if (!t->result || ptrace(PTRACE_GETREGS, t->tid, NULL, &r))
		return;
	r.rax = (unsigned long long)(long long)t->result;
	t->result = 0;
	ptrace(PTRACE_SETREGS, t->tid, NULL, &r);
}

/* -- watching ------------------------------------------------------------- */

static int is_entry(pid_t tid)
{
	struct __ptrace_syscall_info info = { 0 };

	ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info);
	return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

static void stopped(struct fault *f, pid_t tid, int status)
{
	struct task *t = task_of(f, tid);
	int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		if (is_entry(tid))
			at_entry(f, t);
		else
			at_exit(t);
		sig = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		t->ours = !f->program || runs_program(f, tid);
		sig = 0;
	} else if (event || sig == SIGSTOP || sig == SIGTRAP) {
		/* A new thread begins with a stop. */
		sig = 0;
	}
	ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)sig);
}

static int watch(struct fault *f, pid_t first)
{
	int status, code = 125;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return code;
		if (WIFSTOPPED(status)) {
			stopped(f, tid, status);
			continue;
		}
		task_of(f, tid)->tid = 0;
		if (tid == first)
			code = WIFEXITED(status) ? WEXITSTATUS(status) :
			       128 + WTERMSIG(status);
	}
}

static pid_t start(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(77);
		raise(SIGSTOP);
		execvp(argv[0], argv);
		fprintf(stderr, "mv-fault: cannot run '%s': %s\n", argv[0],
			strerror(errno));
		_exit(127);
	}
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) {
		fputs("mv-fault: ptrace is not permitted here\n", stderr);
		exit(77);
	}
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options))
		die("cannot trace: %s", strerror(errno));
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	return pid;
}

/* -- what was asked for --------------------------------------------------- */

static void parse_what(struct fault *f, const char *text)
{
	f->what = !strcmp(text, "kill") ? KILL :
		  !strcmp(text, "killall") ? KILL_ALL :
		  !strcmp(text, "short") ? SHORT : FAIL;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(text, errors[i].name))
			f->error = errors[i].value;
	if (f->what == FAIL && !f->error)
		die("'%s' is no error that I know", text);
}

static void parse_calls(struct fault *f, char *text)
{
	for (char *s = strtok(text, ","); s; s = strtok(NULL, ",")) {
		int known = 1;

		if (!strcmp(s, "all"))
			f->all = 1;
		else if (!strcmp(s, "changing"))
			f->changing = 1;
		else if (!strcmp(s, "create"))
			f->create = 1;
		else
			known = 0;
		for (size_t i = 0; i < CALLS; i++) {
			if (!strcmp(s, calls[i].name))
				known = f->named[i] = 1;
		}
		if (!known)
			die("'%s' is no call that I know", s);
	}
}

static void report(const struct fault *f)
{
	FILE *out = f->out ? fopen(f->out, "w") : NULL;

	if (!f->out)
		return;
	if (!out || fprintf(out, "%lu%s\n", f->count, f->hit) < 0 ||
	    fclose(out))
		die("cannot write '%s'", f->out);
}

int main(int argc, char **argv)
{
	struct fault f = { 0 };
	char *end;
	int opt, code;

	while ((opt = getopt(argc, argv, "+p:b:o:")) != -1) {
		if (opt == 'p')
			f.program = optarg;
		else if (opt == 'b')
			f.below = optarg;
		else if (opt == 'o')
			f.out = optarg;
		else
			return 129;
	}
	argv += optind;
	if (argc - optind < 4)
		die("usage: mv-fault [-p PROGRAM] [-b FOLDER] [-o OUT] "
		    "WHAT CALLS N COMMAND...");
	parse_what(&f, argv[0]);
	parse_calls(&f, argv[1]);
	f.at = strtoul(argv[2], &end, 10);
	f.onwards = *end == '+';
	if (end == argv[2] || end[f.onwards])
		die("'%s' is no number", argv[2]);
	f.tasks = calloc(MAX_TASKS, sizeof(*f.tasks));
	if (!f.tasks)
		die("out of memory");
	code = watch(&f, start(argv + 3));
	free(f.tasks);
	report(&f);
	return code;
}
#endif
