/* SPDX-License-Identifier: MIT */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "libmv/base/proc.h"
#include "libmv/base/progress.h"

/*
 * What every command shares. A command is `cmd_<name>()` in cmd/<name>.c (or
 * in filters/ or hooks/, for those that git calls), a row of the table in
 * cmd/git-model.c, a manual page and a test; scripts/check-commands.sh
 * compares them.
 *
 * It gets its arguments with its own name in argv[0], parses them by
 * opt_parse(), asks the library, prints through out.h, and returns one of
 * these. Nothing else is ever returned, and they mean the same everywhere.
 */
enum cmd_status {
	CMD_OK = 0,		/* done; or: the answer is yes */
	CMD_NO = 1,		/* the answer is no */
	CMD_INCONCLUSIVE = 3,	/* there is no answer */
	CMD_FATAL = 128,	/* it could not be done */
	CMD_USAGE = 129		/* that is not how it is called */
};

/* What a row of the table asks of the dispatcher. */
enum cmd_flags {
	CMD_REPO = 1 << 0,	/* env->repo is open; outside of one: fatal */
	CMD_WORK_TREE = 1 << 1,	/* the same, and it has a work tree */
	CMD_HIDDEN = 1 << 2,	/* git calls it, not people: no manual page */
	CMD_READS = 1 << 3	/* always reads objects, and soon */
};

struct interrupt;
struct mv_progress;
struct mv_repo;

struct cmd_env {
	struct mv_repo *repo;		/* NULL unless the row's flags ask */
	const char *prefix;		/* from the work tree's top: "" or "a/b/" */
	struct mv_proc_env proc;	/* PATH and environment, for the library */
	struct mv_progress *meter;	/* for what a person waits for */
	int progress;			/* does the meter show? OPT_PROGRESS() */
	struct interrupt *interrupt;	/* with a repo: who waits for ^C */
};

/*
 * Checkout holds two descriptors for each of many files. Allow as many, and
 * make room for them now: with threads, the kernel takes 20 ms for each
 * doubling of the table.
 */
void cmd_allow_files(void);

/* Lines that people type, NULL-terminated; none of a command that git calls. */
const char *const *cmd_examples(const char *name);

int cmd_add(int argc, const char **argv, struct cmd_env *env);
int cmd_approve(int argc, const char **argv, struct cmd_env *env);
int cmd_audit(int argc, const char **argv, struct cmd_env *env);
int cmd_cat(int argc, const char **argv, struct cmd_env *env);
int cmd_check(int argc, const char **argv, struct cmd_env *env);
int cmd_checkout(int argc, const char **argv, struct cmd_env *env);
int cmd_ci(int argc, const char **argv, struct cmd_env *env);
int cmd_compare(int argc, const char **argv, struct cmd_env *env);
int cmd_demote(int argc, const char **argv, struct cmd_env *env);
int cmd_deprecate(int argc, const char **argv, struct cmd_env *env);
int cmd_deregister(int argc, const char **argv, struct cmd_env *env);
int cmd_diff(int argc, const char **argv, struct cmd_env *env);
int cmd_diff_text(int argc, const char **argv, struct cmd_env *env);
int cmd_doctor(int argc, const char **argv, struct cmd_env *env);
int cmd_du(int argc, const char **argv, struct cmd_env *env);
int cmd_fetch(int argc, const char **argv, struct cmd_env *env);
int cmd_filter_process(int argc, const char **argv, struct cmd_env *env);
int cmd_fsck(int argc, const char **argv, struct cmd_env *env);
int cmd_gc(int argc, const char **argv, struct cmd_env *env);
int cmd_history(int argc, const char **argv, struct cmd_env *env);
int cmd_hook(int argc, const char **argv, struct cmd_env *env);
int cmd_import(int argc, const char **argv, struct cmd_env *env);
int cmd_inspect(int argc, const char **argv, struct cmd_env *env);
int cmd_install(int argc, const char **argv, struct cmd_env *env);
int cmd_lineage(int argc, const char **argv, struct cmd_env *env);
int cmd_log(int argc, const char **argv, struct cmd_env *env);
int cmd_ls(int argc, const char **argv, struct cmd_env *env);
int cmd_merge_driver(int argc, const char **argv, struct cmd_env *env);
int cmd_override(int argc, const char **argv, struct cmd_env *env);
int cmd_plot(int argc, const char **argv, struct cmd_env *env);
int cmd_policy(int argc, const char **argv, struct cmd_env *env);
int cmd_promote(int argc, const char **argv, struct cmd_env *env);
int cmd_pull(int argc, const char **argv, struct cmd_env *env);
int cmd_push(int argc, const char **argv, struct cmd_env *env);
int cmd_record(int argc, const char **argv, struct cmd_env *env);
int cmd_register(int argc, const char **argv, struct cmd_env *env);
int cmd_reject(int argc, const char **argv, struct cmd_env *env);
int cmd_remote(int argc, const char **argv, struct cmd_env *env);
int cmd_report(int argc, const char **argv, struct cmd_env *env);
int cmd_reproduce(int argc, const char **argv, struct cmd_env *env);
int cmd_revoke(int argc, const char **argv, struct cmd_env *env);
int cmd_rollback(int argc, const char **argv, struct cmd_env *env);
int cmd_run(int argc, const char **argv, struct cmd_env *env);
int cmd_show(int argc, const char **argv, struct cmd_env *env);
int cmd_stages(int argc, const char **argv, struct cmd_env *env);
int cmd_status(int argc, const char **argv, struct cmd_env *env);
int cmd_track(int argc, const char **argv, struct cmd_env *env);
int cmd_uninstall(int argc, const char **argv, struct cmd_env *env);
int cmd_untrack(int argc, const char **argv, struct cmd_env *env);
int cmd_verify(int argc, const char **argv, struct cmd_env *env);
int cmd_version(int argc, const char **argv, struct cmd_env *env);
int cmd_versions(int argc, const char **argv, struct cmd_env *env);
int cmd_which(int argc, const char **argv, struct cmd_env *env);

#endif
