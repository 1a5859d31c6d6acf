/* SPDX-License-Identifier: MIT */
#ifndef MV_SETUP_H
#define MV_SETUP_H

/*
 * setup: is it installed, and is it well? Configuration, hook files, a
 * server's part, and the doctor, who names each fault once, with its cause
 * and what mends it.
 */
struct mv_err;
struct mv_proc_env;
struct mv_repo;

/* -- set-up (setup/install.c, setup/hooks*.c; docs/design/hooks.md) ------- */

enum mv_install_flags {
	MV_INSTALL_REMOVE = 1 << 0,	/* take it away again */
	MV_INSTALL_LFS = 1 << 1,	/* files under filter=lfs, too */
	MV_INSTALL_NO_HOOKS = 1 << 2,
	MV_INSTALL_SERVER = 1 << 3,	/* hooks of a repository others push to */
	MV_INSTALL_NO_RECEIPTS = 1 << 4	/* a server that makes no key */
};

struct mv_install {
	const char *scope;	/* "--global", "--local" or "--system" */
	unsigned flags;
	const char *program;	/* absolute; for when PATH has no git-model */
	/* What was changed, and what could not be. */
	void (*tell)(void *payload, int warning, const char *message);
	void *payload;
};

/* `repo` NULL: there is none around us; then no hooks, and not --local. */
int mv_setup_install(struct mv_repo *repo, const struct mv_proc_env *env,
		     const struct mv_install *install, struct mv_err *err);

/*
 * Make of this repository one that judges what is pushed to it (setup/server.c;
 * docs/design/trust.md). `policy`: a file that counts until the branch has
 * one of its own; NULL: none. With MV_INSTALL_REMOVE, not any more. MV_EEXISTS:
 * one of its hooks is in the way of ours.
 */
int mv_setup_install_server(struct mv_repo *repo, const char *policy,
			    const struct mv_install *install,
			    struct mv_err *err);

/* Where git looks for hooks by default and finds none of that name, write
   ours (unless model.hooks is false). For clones in which nobody ran
   install: without the hook, a push would leave the content behind. Where that
   cannot be helped, `tell` warns of it and says what to run. */
int mv_setup_hooks_ensure(struct mv_repo *repo, int tell, struct mv_err *err);

/* The hook that stood there before ours and is run first; MV_ENOENT. */
int mv_setup_hook_chained(char **path, struct mv_repo *repo, const char *name,
			  struct mv_err *err);

/* -- what is wrong with the set-up ---------------------------------------- */

enum mv_doctor_level { MV_DOCTOR_OK, MV_DOCTOR_WARN, MV_DOCTOR_BAD };

struct mv_doctor {
	const char *program;	/* absolute path of who asks */
	/* `mend` is NULL when there is nothing to do. */
	void (*fn)(void *payload, enum mv_doctor_level level,
		   const char *check, const char *message, const char *mend);
	void *payload;
};

/* Nothing is changed. `repo` NULL: only what needs no repository. */
int mv_setup_doctor(struct mv_repo *repo, const struct mv_proc_env *env,
		    const struct mv_doctor *doctor, struct mv_err *err);

/* A hook that none of ours ever is, where git would run one; *path is yours,
   NULL: there is none. */
int mv_setup_hook_of_others(char **path, struct mv_repo *repo, const char *name,
			    struct mv_err *err);

#endif
