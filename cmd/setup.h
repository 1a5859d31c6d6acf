/* SPDX-License-Identifier: MIT */
#ifndef CMD_SETUP_H
#define CMD_SETUP_H

#include "cmd/cmd.h"

/* What install, uninstall and doctor have in common. */
struct setup_flags {
	int global, local, system, skip_repo, lfs;
};
int setup_run(const struct setup_flags *flags, int remove,
	      struct cmd_env *env);

/* A repository that judges what is pushed to it. `policy` may be NULL. */
int setup_server(const char *dir, const char *policy, unsigned flags,
		 struct cmd_env *env);

/*
 * The repository around us into env->repo, which is NULL when there is none.
 * Fails when there is one that cannot be opened.
 */
int setup_open_repo(struct cmd_env *env, struct mv_err *err);

/* Said once by who gives files to git-model or looks at them: git does not know
   of it, because nobody ran install. */
void setup_warn_filterless(struct mv_repo *repo);

/* Where this program lies, absolute, in fresh memory; NULL: nobody knows. */
char *setup_program(void);

#endif
