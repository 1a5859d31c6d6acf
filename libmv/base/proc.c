/* SPDX-License-Identifier: MIT */
#include "libmv/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/buf.h"
#include "libmv/base/fs.h"

#define PIECE (64u * 1024)

/* -- finding -------------------------------------------------------------- */

static int is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) &&
	       !faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

static int find_in(char **out, const char *dir, size_t len, const char *name,
		   struct mv_err *err)
{
	char *path = mv_strf("%.*s/%s", (int)len, dir, name);

	if (!path)
		return mv_nomem(err);
	if (is_program(path)) {
		*out = path;
		return 0;
	}
	free(path);
	return MV_ENOENT;
}

const char *mv_proc_getenv(const struct mv_proc_env *env, const char *name)
{
	const size_t n = strlen(name);

	for (char *const *p = env->env; p && *p; p++)
		if (!strncmp(*p, name, n) && (*p)[n] == '=')
			return *p + n + 1;
	return NULL;
}

int mv_proc_find(char **out, const char *name, const char *search_path,
		 struct mv_err *err)
{
	const char *s = search_path ? search_path : "";

	*out = NULL;
	if (*name == '/') {
		if (!is_program(name))
			return mv_fail(err, MV_ENOENT,
				       "'%s' is not a program", name);
		return mv_set_str(out, name, err);
	}
	if (!*name || strchr(name, '/'))
		return mv_fail(err, MV_EINVALID,
			       "'%s' is neither a name nor an absolute path",
			       name);
	for (;;) {
		size_t n = strcspn(s, ":");
		int rc = MV_ENOENT;

		/* An empty or relative entry would be the repository's. */
		if (*s == '/' && n < 4096)
			rc = find_in(out, s, n, name, err);
		if (rc != MV_ENOENT)
			return rc;
		if (!s[n])
			return mv_fail(err, MV_ENOENT,
				       "'%s' is not in PATH", name);
		s += n + 1;
	}
}

/* -- starting ------------------------------------------------------------- */

/* The child's end of each stream, or -1 to inherit it. */
struct ends {
	int fd[3];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Above 2: when we were started without standard streams, a pipe would take
 * their numbers, and what anybody here prints would reach the child.
 */
static int lift(int *fd)
{
	int up;

	if (*fd > 2)
		return 0;
	up = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (up < 0)
		return -1;
	close(*fd);
	*fd = up;
	return 0;
}

static int make_pipe(int *reader, int *writer, struct mv_err *err)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return mv_fail_errno(err, errno, "cannot make a pipe");
	*reader = fd[0];
	*writer = fd[1];
	if (lift(reader) < 0 || lift(writer) < 0)
		return mv_fail_errno(err, errno, "cannot make a pipe");
	return 0;
}

static int open_null(int *fd, struct mv_err *err)
{
	*fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (*fd < 0 || lift(fd) < 0)
		return mv_fail_errno(err, errno, "cannot open '/dev/null'");
	return 0;
}

/* Our own threads block signals, and programs of ours ignore SIGPIPE: the
 * child starts with neither. */
static int set_signals(posix_spawnattr_t *attr, int own_group)
{
	sigset_t none, reset;
	int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	int e;

	sigemptyset(&none);
	sigemptyset(&reset);
	sigaddset(&reset, SIGPIPE);
	e = posix_spawnattr_setsigmask(attr, &none);
	if (!e)
		e = posix_spawnattr_setsigdefault(attr, &reset);
	if (!e && own_group) {
		flags |= POSIX_SPAWN_SETPGROUP;
		e = posix_spawnattr_setpgroup(attr, 0);
	}
	if (!e)
		e = posix_spawnattr_setflags(attr, (short)flags);
	return e;
}

static int set_files(posix_spawn_file_actions_t *files, const char *dir,
		     const struct ends *ends)
{
	int e = 0;

	for (int i = 0; i < 3 && !e; i++)
		if (ends->fd[i] >= 0)
			e = posix_spawn_file_actions_adddup2(files,
							     ends->fd[i], i);
	if (!e && dir)
		e = posix_spawn_file_actions_addchdir_np(files, dir);
	return e;
}

/* Appends to `out` the entries of `path` that are absolute. */
static void keep_absolute(char *out, const char *path)
{
	char *end = out;

	for (;;) {
		size_t n = strcspn(path, ":");

		if (*path == '/') {
			if (end > out)
				*end++ = ':';
			memcpy(end, path, n);
			end += n;
		}
		*end = '\0';
		if (!path[n])
			return;
		path += n + 1;
	}
}

/*
 * What we start looks for programs, too, and would take those of the
 * repository for an empty or relative entry of PATH. Nothing left: no PATH
 * at all, because an empty one means the current directory. Free both.
 */
static int safe_env(char ***list, char **path, char *const *env)
{
	size_t n = 0, used = 0;

	while (env && env[n])
		n++;
	*list = malloc((n + 1) * sizeof(**list));
	if (!*list)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strncmp(env[i], "PATH=", 5)) {
			(*list)[used++] = env[i];
			continue;
		}
		if (*path)
			continue;
		*path = malloc(strlen(env[i]) + 1);
		if (!*path)
			return -1;
		memcpy(*path, "PATH=", 5);
		keep_absolute(*path + 5, env[i] + 5);
		if ((*path)[5])
			(*list)[used++] = *path;
	}
	(*list)[used] = NULL;
	return 0;
}

enum { OWN_GROUP = 1 << 0, BY_SHELL = 1 << 1 };

/* As execvp(3) and git do it: what the kernel does not know is a script. */
static int spawn_shell(pid_t *pid, const char *program,
		       const char *const *argv,
		       const posix_spawn_file_actions_t *files,
		       const posix_spawnattr_t *attr, char **env)
{
	size_t n = 1;
	const char **args;
	int e;

	while (argv[n])
		n++;
	args = calloc(n + 2, sizeof(*args));
	if (!args)
		return ENOMEM;
	args[0] = "/bin/sh";
	args[1] = program;
	memcpy(args + 2, argv + 1, (n - 1) * sizeof(*args));
	e = posix_spawn(pid, args[0], files, attr, (char *const *)args, env);
	free(args);
	return e;
}

/* `program` is an absolute path, or relative to `dir`. */
static int spawn_program(pid_t *pid, const char *program,
			 const char *const *argv, const char *dir,
			 const struct mv_proc_env *env,
			 const struct ends *ends, int how,
			 struct mv_err *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char *path = NULL, **list = NULL;
	int rc = 0;
	int e;

	if (safe_env(&list, &path, env->env))
		rc = mv_nomem(err);
	if (rc < 0)
		goto out;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	e = set_signals(&attr, how & OWN_GROUP);
	if (!e)
		e = set_files(&files, dir, ends);
	if (!e)
		e = posix_spawn(pid, program, &files, &attr,
				(char *const *)argv, list);
	if (e == ENOEXEC && how & BY_SHELL)
		e = spawn_shell(pid, program, argv, &files, &attr, list);
	if (e && dir && access(dir, X_OK))
		rc = mv_fail_errno(err, errno, "cannot enter '%s'", dir);
	else if (e && dir)
		rc = mv_fail_errno(err, e, "cannot run '%s' in '%s'", program,
				   dir);
	else if (e)
		rc = mv_fail_errno(err, e, "cannot run '%s'", program);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
out:
	free(list);
	free(path);
	return rc;
}

static int spawn(pid_t *pid, const char *const *argv, const char *dir,
		 const struct mv_proc_env *env, const struct ends *ends,
		 int how, struct mv_err *err)
{
	char *program;
	int rc;

	rc = mv_proc_find(&program, argv[0], env->search_path, err);
	if (!rc)
		rc = spawn_program(pid, program, argv, dir, env, ends,
				   how, err);
	free(program);
	return rc;
}

static int wait_for(int *status, pid_t pid, struct mv_err *err)
{
	int st;

	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return mv_fail_errno(err, errno,
					     "cannot wait for a program");
	*status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	return 0;
}

/* -- time ----------------------------------------------------------------- */

static int64_t clock_ms(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One may close its output and stay. */
static int wait_until(pid_t pid, int64_t until, struct mv_err *err)
{
	siginfo_t info = { .si_pid = 0 };

	for (;;) {
		if (waitid(P_PID, (id_t)pid, &info,
			   WEXITED | WNOWAIT | WNOHANG) < 0 && errno != EINTR)
			return mv_fail_errno(err, errno,
					     "cannot wait for a program");
		if (info.si_pid == pid)
			return 0;
		if (clock_ms() >= until)
			return mv_fail(err, MV_EBUSY,
				       "a program did not end in time");
		poll(NULL, 0, 2);
	}
}

/* -- moving bytes both ways ----------------------------------------------- */

struct move {
	int in, out, errfd;	/* our ends; -1 when done */
	const char *data;
	size_t left;
	struct mv_buf *outbuf;
	struct mv_buf *errbuf;
	int64_t until;		/* of clock_ms(); -1: no limit */
};

static int feed(struct move *m, struct mv_err *err)
{
	ssize_t n = write(m->in, m->data, m->left < PIECE ? m->left : PIECE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != EPIPE)
		return mv_fail_errno(err, errno, "cannot write to a program");
	/* A child need not read all of its input. */
	m->left = n < 0 ? 0 : m->left - (size_t)n;
	m->data += n < 0 ? 0 : n;
	if (!m->left)
		close_fd(&m->in);
	return 0;
}

/* `whole`: every byte counts; otherwise what does not fit is dropped. */
static int drain(int *fd, struct mv_buf *buf, int whole, struct mv_err *err)
{
	char piece[4096];
	size_t len;
	ssize_t n;

	n = read(*fd, piece, sizeof(piece));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return mv_fail_errno(err, errno, "cannot read from a program");
	if (!n) {
		close_fd(fd);
		return 0;
	}
	len = (size_t)n;
	if (!whole && len > buf->max - buf->len)
		len = buf->max - buf->len;
	if (mv_buf_add(buf, piece, len) < 0)
		return mv_fail(err, MV_ENOMEM, "the output of a program is "
			       "larger than %zu bytes", buf->max);
	return 0;
}

/* For poll(): -1 is for ever. */
static int left_of(int64_t until)
{
	int64_t left = until - clock_ms();

	if (until < 0)
		return -1;
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int move_all(struct move *m, struct mv_err *err)
{
	int rc = 0, n;

	while (!rc && (m->in >= 0 || m->out >= 0 || m->errfd >= 0)) {
		struct pollfd p[3] = {
			{ m->in, POLLOUT, 0 },
			{ m->out, POLLIN, 0 },
			{ m->errfd, POLLIN, 0 }
		};

		n = poll(p, 3, left_of(m->until));
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return mv_fail_errno(err, errno, "cannot poll");
		}
		if (!n)
			return mv_fail(err, MV_EBUSY,
				       "a program did not answer in time");
		if (p[0].revents)
			rc = feed(m, err);
		if (!rc && p[1].revents)
			rc = drain(&m->out, m->outbuf, 1, err);
		if (!rc && p[2].revents)
			rc = drain(&m->errfd, m->errbuf, 0, err);
	}
	return rc;
}

/*
 * A child that closes its input early would kill us by SIGPIPE, and a
 * library cannot know whether the program ignores that: it is blocked here,
 * and one that we caused ourselves is taken back.
 */
static int move_without_sigpipe(struct move *m, struct mv_err *err)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t pipe_set, pending, old;
	int rc;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old);
	rc = move_all(m, err);
	if (!sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe_set, NULL, &at_once) < 0 &&
		       errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static int prepare(struct ends *ends, struct move *m, const void *in,
		   struct mv_err *err)
{
	int rc;

	rc = in ? make_pipe(&ends->fd[0], &m->in, err) :
		  open_null(&ends->fd[0], err);
	if (!rc)
		rc = m->outbuf ? make_pipe(&m->out, &ends->fd[1], err) :
				 open_null(&ends->fd[1], err);
	if (!rc && m->errbuf)
		rc = make_pipe(&m->errfd, &ends->fd[2], err);
	if (!rc && m->in >= 0 && fcntl(m->in, F_SETFL, O_NONBLOCK) < 0)
		rc = mv_fail_errno(err, errno, "cannot set up a pipe");
	return rc;
}

#define GRACE_MS 2000		/* to clean up: git has its locks */

/* It did not end by itself, or its answer is lost. */
static void end_it(pid_t pid, int late)
{
	kill(pid, SIGTERM);
	if (late && wait_until(pid, clock_ms() + GRACE_MS, NULL))
		kill(pid, SIGKILL);
}

static void say_late(const char *program, int limit_ms, struct mv_err *err)
{
	const char *slash = strrchr(program, '/');

	mv_fail(err, MV_EBUSY, "'%s' did not end within %g seconds and was "
		"stopped", slash ? slash + 1 : program, limit_ms / 1000.0);
}

int mv_proc_run(int *status, const char *const *argv, const char *dir,
		const struct mv_proc_env *env, const void *in, size_t in_len,
		struct mv_buf *out, struct mv_buf *errout, struct mv_err *err)
{
	return mv_proc_run_for(0, status, argv, dir, env, in, in_len, out,
			       errout, err);
}

static void close_ends(struct ends *ends, struct move *m)
{
	for (int i = 0; i < 3; i++)
		close_fd(&ends->fd[i]);
	close_fd(&m->in);
	close_fd(&m->out);
	close_fd(&m->errfd);
}

static int run_prepared(int *status, int limit_ms, const char *const *argv,
			const char *dir, const struct mv_proc_env *env,
			struct ends *ends, struct move *m, int how,
			struct mv_err *err)
{
	pid_t pid = -1;
	int own, rc = spawn(&pid, argv, dir, env, ends, how, err);

	for (int i = 0; i < 3; i++)
		close_fd(&ends->fd[i]);
	if (limit_ms > 0)
		m->until = clock_ms() + limit_ms;
	if (!rc) {
		if (!m->left)
			close_fd(&m->in);
		rc = move_without_sigpipe(m, err);
		if (!rc && limit_ms > 0)
			rc = wait_until(pid, m->until, err);
	}
	close_ends(ends, m);
	if (pid <= 0)
		return rc;
	if (rc < 0)
		end_it(pid, rc == MV_EBUSY);
	if (rc == MV_EBUSY)
		say_late(argv[0], limit_ms, err);
	own = wait_for(status, pid, rc < 0 ? NULL : err);
	return rc ? rc : own;
}

int mv_proc_run_for(int limit_ms, int *status, const char *const *argv,
		    const char *dir, const struct mv_proc_env *env,
		    const void *in, size_t in_len, struct mv_buf *out,
		    struct mv_buf *errout, struct mv_err *err)
{
	struct move m = { -1, -1, -1, in, in_len, out, errout, -1 };
	struct ends ends = { { -1, -1, -1 } };
	int rc;

	*status = -1;
	rc = prepare(&ends, &m, in, err);
	if (!rc)
		rc = run_prepared(status, limit_ms, argv, dir, env, &ends, &m,
				  0, err);
	close_ends(&ends, &m);
	return rc;
}

/* A file, and no pipe: nobody has to be there until it is read. */
static int open_input(int *fd, const void *in, size_t len, struct mv_err *err)
{
	int rc;

	*fd = memfd_create("standard-input", MFD_CLOEXEC);
	if (*fd < 0 || lift(fd) < 0)
		return mv_fail_errno(err, errno, "cannot keep standard input");
	rc = mv_write_full(*fd, in, len, "standard input", err);
	if (!rc && lseek(*fd, 0, SEEK_SET))
		rc = mv_fail_errno(err, errno, "cannot rewind");
	return rc;
}

int mv_proc_run_hook(int *status, const char *const *argv,
		     const struct mv_proc_env *env, const void *in,
		     size_t in_len, struct mv_buf *said, struct mv_err *err)
{
	struct move m = { -1, -1, -1, NULL, 0, NULL, said, -1 };
	struct ends ends = { { -1, -1, -1 } };
	int rc;

	*status = -1;
	rc = open_input(&ends.fd[0], in, in_len, err);
	if (!rc && said) {
		rc = make_pipe(&m.errfd, &ends.fd[2], err);
		ends.fd[1] = rc ? -1 : fcntl(ends.fd[2], F_DUPFD_CLOEXEC, 3);
		if (!rc && ends.fd[1] < 0)
			rc = mv_fail_errno(err, errno, "cannot make a pipe");
	}
	if (!rc)
		rc = run_prepared(status, 0, argv, NULL, env, &ends, &m,
				  BY_SHELL, err);
	close_ends(&ends, &m);
	return rc;
}

/* -- a child to talk with ------------------------------------------------- */

int mv_proc_open(struct mv_proc *out, const char *const *argv,
		 const char *dir, const struct mv_proc_env *env,
		 struct mv_err *err)
{
	struct mv_proc p = MV_PROC_INIT;
	struct ends ends = { { -1, -1, -1 } };
	int rc;

	*out = p;
	rc = make_pipe(&ends.fd[0], &p.in, err);
	if (!rc)
		rc = make_pipe(&p.out, &ends.fd[1], err);
	if (!rc)
		rc = spawn(&p.pid, argv, dir, env, &ends, 0, err);
	close_fd(&ends.fd[0]);
	close_fd(&ends.fd[1]);
	if (!rc) {
		*out = p;
		return 0;
	}
	close_fd(&p.in);
	close_fd(&p.out);
	return rc;
}

int mv_proc_close(int *status, struct mv_proc *proc, struct mv_err *err)
{
	int rc = 0;

	*status = 0;
	close_fd(&proc->in);
	close_fd(&proc->out);
	if (proc->pid > 0)
		rc = wait_for(status, proc->pid, err);
	proc->pid = -1;
	return rc;
}

/* -- a program that answers later ----------------------------------------- */

int mv_proc_start(struct mv_proc *out, const char *const *argv,
		  const char *dir, const struct mv_proc_env *env,
		  struct mv_err *err)
{
	struct mv_proc p = MV_PROC_INIT;
	struct ends ends = { { -1, -1, -1 } };
	int rc;

	*out = p;
	rc = open_null(&ends.fd[0], err);
	if (!rc)
		rc = open_null(&ends.fd[2], err);
	if (!rc)
		rc = make_pipe(&p.out, &ends.fd[1], err);
	if (!rc)
		rc = spawn(&p.pid, argv, dir, env, &ends, OWN_GROUP, err);
	for (int i = 0; i < 3; i++)
		close_fd(&ends.fd[i]);
	if (!rc)
		*out = p;
	else
		close_fd(&p.out);
	return rc;
}

/* Until its end; a child of it that keeps the pipe open counts, too. */
static int read_answer(int *fd, struct mv_buf *out, int64_t until,
		       struct mv_err *err)
{
	int rc = 0;

	while (!rc && *fd >= 0) {
		struct pollfd p = { *fd, POLLIN, 0 };
		int64_t left = until - clock_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n < 0 && errno != EINTR)
			return mv_fail_errno(err, errno, "cannot poll");
		if (!n)
			return mv_fail(err, MV_EBUSY,
				       "a program did not answer in time");
		if (n > 0)
			rc = drain(fd, out, 1, err);
	}
	return rc;
}

int mv_proc_collect(int *status, struct mv_proc *proc, struct mv_buf *out,
		    int timeout_ms, struct mv_err *err)
{
	int64_t until = clock_ms() + timeout_ms;
	int rc, own;

	*status = 0;
	if (proc->pid <= 0)
		return 0;
	rc = read_answer(&proc->out, out, until, err);
	if (!rc)
		rc = wait_until(proc->pid, until, err);
	if (rc < 0)
		kill(-proc->pid, SIGKILL);
	own = mv_proc_close(status, proc, rc < 0 ? NULL : err);
	return rc ? rc : own;
}

/* -- the user's own command ----------------------------------------------- */

static const int passed_on[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2
};

/*
 * A parent that waits for us (git, a shell) may hand on what the terminal has
 * sent to all of us: the echo is not for the command, which has it already.
 */
#define ECHO_MS 200
struct relay {
	sigset_t set;
	pid_t pid;
	int sent;		/* by the terminal, its echo not heard yet */
};

static void *hand_on(void *arg)
{
	struct relay *relay = arg;
	siginfo_t info;

	for (;;) {
		int sig = sigwaitinfo(&relay->set, &info);

		if (sig <= 0 || info.si_pid == relay->pid)
			continue;
		if (info.si_code == SI_KERNEL)
			relay->sent = sig;
		else if (sig == relay->sent && info.si_pid == getppid())
			relay->sent = 0;
		else
			kill(relay->pid, sig);
	}
	return NULL;
}

/* Whoever presses ^C twice means the command both times. */
static void forget_pending(const struct relay *relay)
{
	struct timespec wait = { 0, relay->sent ? ECHO_MS * 1000000L : 0 };

	while (sigtimedwait(&relay->set, NULL, &wait) > 0)
		wait.tv_nsec = 0;
}

static int wait_and_relay(struct relay *relay, int *status, int64_t *peak,
			  struct mv_err *err)
{
	struct rusage usage;
	siginfo_t info;
	pthread_t thread;
	int st = 0, rc = 0;
	int running = !pthread_create(&thread, NULL, hand_on, relay);

	/* It stays a zombie, so that no signal can reach a stranger. */
	while (waitid(P_PID, (id_t)relay->pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR) {
			rc = mv_fail_errno(err, errno,
					   "cannot wait for a program");
			break;
		}
	if (running) {
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	while (!rc && wait4(relay->pid, &st, 0, &usage) < 0)
		if (errno != EINTR)
			rc = mv_fail_errno(err, errno,
					   "cannot wait for a program");
	if (rc < 0)
		return rc;
	*status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	*peak = (int64_t)usage.ru_maxrss * 1024;
	return 0;
}

int mv_proc_pass(int *status, int64_t *peak_bytes, const char *const *argv,
		 const char *dir, const struct mv_proc_env *env,
		 unsigned flags, struct mv_err *err)
{
	const struct ends ends = {
		{ -1, flags & MV_PROC_TO_STDERR ? 2 : -1, -1 }
	};
	struct relay relay = { .pid = -1 };
	char *program = NULL;
	sigset_t old;
	int rc;

	*status = -1;
	*peak_bytes = 0;
	rc = strchr(argv[0], '/') ?
	     mv_set_str(&program, argv[0], err) :
	     mv_proc_find(&program, argv[0], env->search_path, err);
	if (rc < 0)
		return rc;
	sigemptyset(&relay.set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&relay.set, passed_on[i]);
	pthread_sigmask(SIG_BLOCK, &relay.set, &old);
	rc = spawn_program(&relay.pid, program, argv, dir, env, &ends, 0,
			   err);
	if (!rc) {
		rc = wait_and_relay(&relay, status, peak_bytes, err);
		forget_pending(&relay);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	free(program);
	return rc;
}
