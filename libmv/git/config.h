/* SPDX-License-Identifier: MIT */
#ifndef MV_GIT_CONFIG_H
#define MV_GIT_CONFIG_H

#include "libmv/git/git.h"

/*
 * config: one variable of git's configuration, or all; read once, at the first
 * question.
 */
/*
 * One variable, as git would use it: the last one that was said. Three
 * answers, which nobody may take for one another: 0 with *value set ("" is a
 * value), 0 with *value NULL (it is not set), and an error: git could not be
 * asked, and nothing is known. `key` is in canonical form ("model.store"),
 * *value borrowed until the next _set. A variable without "=" is MV_EINVALID,
 * as for git: it is a boolean.
 */
MV_GIT_MUST_LOOK
int mv_git_config(const char **value, struct mv_git *git, const char *key,
		  struct mv_err *err);
/*
 * The same as a boolean, by git's grammar; `otherwise` where it is not set.
 * What is neither yes nor no is MV_EINVALID: never a guess.
 */
MV_GIT_MUST_LOOK
int mv_git_config_bool(int *value, struct mv_git *git, const char *key,
		       int otherwise, struct mv_err *err);
/* true, yes, on, a number but 0; false, no, off, 0 or "". Or MV_EINVALID,
   without a message. Pure. */
MV_GIT_MUST_LOOK
int mv_git_parse_bool(int *value, const char *text);
/* Every variable, in order, as `git config --list` gives it; one without "="
   is "true". */
typedef int (*mv_git_config_fn)(void *payload, const char *key,
				const char *value, struct mv_err *err);
int mv_git_config_each(struct mv_git *git, mv_git_config_fn fn, void *payload,
		       struct mv_err *err);
/* `scope` is "--local", "--global", "--system" or "--worktree". A NULL value
   unsets (missing is fine). Usable without a repository: git may be NULL
   when scope is not local, then `env` is needed. */
int mv_git_config_set(struct mv_git *git, const struct mv_proc_env *env,
		      const char *scope, const char *key, const char *value,
		      struct mv_err *err);

#endif
