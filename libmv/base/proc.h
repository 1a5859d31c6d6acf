/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_PROC_H
#define MV_BASE_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"

/*
 * Running other programs: posix_spawn, never a shell (but for hooks that are
 * for one), never a program found through an empty or relative PATH entry (git-lfs CVE-2020-27955).
 *
 * `search_path` is the PATH to search, handed down from the door that read
 * the environment. `env` is a NULL-terminated environment for the child,
 * which gets the absolute entries of the PATH in it only.
 */
struct mv_proc_env {
	const char *search_path;
	char *const *env;
};

/* What it gives the name, borrowed; NULL: it does not know it. */
const char *mv_proc_getenv(const struct mv_proc_env *env, const char *name);

/* Absolute path of an executable, in fresh memory. MV_ENOENT is expected. */
int mv_proc_find(char **out, const char *name, const char *search_path,
		 struct mv_err *err);

/*
 * Run to the end. `in`/`in_len` is fed to stdin (NULL: /dev/null), stdout is
 * collected in `out` (NULL: /dev/null), and the head of stderr in `errout`
 * (NULL: inherited). Input and output are moved concurrently, so neither
 * side can block the other. Not starting is an error; a non-zero exit is
 * not: look at `*status` (exit code, or 128 + signal).
 */
int mv_proc_run(int *status, const char *const *argv, const char *dir,
		const struct mv_proc_env *env, const void *in, size_t in_len,
		struct mv_buf *out, struct mv_buf *errout, struct mv_err *err);

/*
 * The same, but it must have ended after `limit_ms` (0: no limit): else it is
 * ended (asked first, then killed), and the answer is MV_EBUSY with its name. For programs that may
 * wait for something that never comes: an agent, a card, a network.
 */
int mv_proc_run_for(int limit_ms, int *status, const char *const *argv,
		    const char *dir, const struct mv_proc_env *env,
		    const void *in, size_t in_len, struct mv_buf *out,
		    struct mv_buf *errout, struct mv_err *err);

/*
 * Run a hook as git does: what has no "#!" is for the shell, standard input is
 * a file with these bytes, from its beginning, and what it prints goes where
 * ours goes, or the head of it into `said`.
 */
int mv_proc_run_hook(int *status, const char *const *argv,
		     const struct mv_proc_env *env, const void *in,
		     size_t in_len, struct mv_buf *said, struct mv_err *err);

/*
 * A child to talk with: write to `in`, read from `out`, then close. SIGPIPE
 * must be ignored by the process. stderr is inherited.
 */
struct mv_proc {
	pid_t pid;
	int in;
	int out;
};
#define MV_PROC_INIT { -1, -1, -1 }
int mv_proc_open(struct mv_proc *out, const char *const *argv,
		 const char *dir, const struct mv_proc_env *env,
		 struct mv_err *err);
/* Close both ends and wait; an empty one is fine (status 0). */
int mv_proc_close(int *status, struct mv_proc *proc, struct mv_err *err);

/*
 * A program that answers while we do something else: standard input and
 * error are /dev/null, and it is a process group of its own, so that ^C is
 * not for it. `p->in` stays -1. What it prints waits in the pipe until it is
 * collected.
 */
int mv_proc_start(struct mv_proc *out, const char *const *argv,
		  const char *dir, const struct mv_proc_env *env,
		  struct mv_err *err);
/*
 * Read its answer to the end and wait for it. After `timeout_ms` its whole
 * group is killed: MV_EBUSY. MV_ENOMEM: it says more than fits; killed, too.
 * Either way `out` has what was read and the process is gone. An empty one
 * is fine (status 0).
 */
int mv_proc_collect(int *status, struct mv_proc *proc, struct mv_buf *out,
		    int timeout_ms, struct mv_err *err);

/*
 * Run the user's own command in our place: our standard streams, our process
 * group, every signal at its default (what was ignored stays ignored, but
 * SIGPIPE). A name without a slash is looked for as always; one with a slash
 * is relative to `dir`.
 *
 * Signals that would end us are waited for meanwhile instead, and handed on
 * when somebody sent them to us alone; what a terminal sends, the command
 * gets from there itself. So the caller lives on to say how it ended. All
 * other threads must block these signals.
 */
enum mv_proc_flags {
	MV_PROC_TO_STDERR = 1 << 0	/* its standard output is our stderr */
};
int mv_proc_pass(int *status, int64_t *peak_bytes, const char *const *argv,
		 const char *dir, const struct mv_proc_env *env,
		 unsigned flags, struct mv_err *err);

#endif
