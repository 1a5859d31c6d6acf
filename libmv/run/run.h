/* SPDX-License-Identifier: MIT */
#ifndef MV_RUN_H
#define MV_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/meta/compare.h"
#include "libmv/meta/record.h"

/*
 * run: how was it made? Starts a command, watches what it reads and writes,
 * masks what looks like a secret, and records it all; and does it again, in a
 * work tree of its own, to see whether the same comes out.
 */
struct mv_repo;

/* -- running (run/run.c, run/environment.c) ------------------------------- */

/* What a door does while a command runs; all but `now` may be NULL. */
struct mv_run_hooks {
	int64_t (*now)(void);			/* ms */
	/* Told before the command starts, and at the end. */
	void (*tell)(void *payload, const char *message);
	/* Just before (`on`) and after: ^C is the command's in between, and
	   other threads must block signals. */
	void (*running)(void *payload, int on);
	void *payload;
	int stdout_to_stderr;			/* of the command */
};

struct mv_run_options {
	const char *name;
	const char *const *inputs, *const *outputs;	/* NULL-terminated */
	const char *const *command;
	const char *const *eval_data;	/* that its metrics are measured on */
	const char *const *params_files, *const *metrics_files;	/* more of them */
	int no_environment;
	struct mv_run_hooks hooks;
};

struct mv_run_result {
	int exit_code;
	struct mv_record record;	/* as it was recorded */
	size_t recorded;		/* on how many contents */
};

void mv_run_result_release(struct mv_run_result *r);

/*
 * Run it with our own standard streams, then store and stage the outputs as
 * mv_work_add() does, and record. That the command failed is no error here:
 * it is recorded, too.
 */
int mv_run_execute(struct mv_run_result *out, struct mv_repo *repo,
		   const struct mv_run_options *options, struct mv_err *err);

struct mv_reproduced {
	struct mv_run_result run;	/* recorded 0: of this time */
	int exit_code;			/* as recorded */
	struct mv_refs expected;	/* outputs as recorded */
	struct mv_refs actual;		/* in the same order; has_oid 0: missing */
	size_t equal, different, missing;
	struct mv_changes metrics;	/* recorded against measured */
	char **differences;	/* of each output: where bytes differ, for a
				   person; or NULL */
	char *doubt;		/* why a difference says nothing: uncommitted
				   changes, missing inputs ...; or NULL */
	char *worktree;		/* where it ran, when kept; or NULL */
};

void mv_run_reproduced_release(struct mv_reproduced *r);

/*
 * In a temporary work tree (git worktree) at the recorded commit with the
 * recorded inputs; nothing is recorded. `keep` leaves it there. MV_ENOENT: no
 * run is recorded; MV_ENOTSUP: it can not be run again, and why.
 */
int mv_run_reproduce(struct mv_reproduced *out, struct mv_repo *repo,
		     const char *spec, int keep,
		     const struct mv_run_hooks *hooks, struct mv_err *err);

#endif
