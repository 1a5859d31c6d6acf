/* SPDX-License-Identifier: MIT */
#ifndef MV_SETUP_PRIV_H
#define MV_SETUP_PRIV_H

#include <stdint.h>

#include "libmv/repo/state.h"
#include "libmv/setup/setup.h"

/* What the files of setup share. */

/* -- configuration -------------------------------------------------------- */
struct mv_setting {
	const char *key;
	const char *value;
	int calls_us;	/* `value` comes after the program's name */
	int several;	/* other people's values of this variable stay */
	int lfs;	/* only with MV_INSTALL_LFS */
};

/* Ends with a row without a key. */
extern const struct mv_setting mv_settings[];

/* Hooks as configuration, for a git that knows them. Ends
   with a row without a key. */
extern const struct mv_setting mv_hook_settings[];

/* Does this git? */
int mv_setup_knows_hooks(int *yes, const char *git,
			 const struct mv_proc_env *env, struct mv_err *err);

/* A word for the shell, in quotes; in fresh memory. */
int mv_setup_quote(char **out, const char *text, struct mv_err *err);

/*
 * How git shall call us, as a word for the shell: "git-model" where PATH has
 * it, else the quoted path of `program`. In fresh memory.
 */
int mv_setup_word(char **out, const char *program,
		  const struct mv_proc_env *env, struct mv_err *err);

/* -- what acts here ------------------------------------------------------- */
struct mv_said {
	char scope[16];		/* of the last word: "local", "command" ... */
	char ours[16];		/* the last one that names git-model; or "" */
	char *value;
};

/* In `dir` (NULL: here). MV_ENOENT: no scope says anything. */
int mv_setup_said(struct mv_said *out, const char *git, const char *dir,
		  const struct mv_proc_env *env, const char *key,
		  struct mv_err *err);

void mv_setup_said_release(struct mv_said *said);

/* Does this command line call git-model? NULL does not. */
int mv_setup_is_ours(const char *value);

/* Files of Git LFS that should be read-only until they are locked, where the
   hooks of git-lfs that make them so are not all called. */
struct mv_lockable {
	uint64_t count;		/* 0: none, or all is well */
	char *first;
	const char *hook;	/* one that does not call git-lfs; static */
};

int mv_setup_lockable(struct mv_lockable *out, struct mv_repo *repo,
		      struct mv_err *err);

void mv_setup_lockable_release(struct mv_lockable *lockable);

/* -- hooks ---------------------------------------------------------------- */
#define MV_HOOK_COUNT 2

extern const char *const mv_hook_names[MV_HOOK_COUNT];

extern const char *const mv_server_hook_names[MV_HOOK_COUNT];

enum mv_hook_state {
	MV_HOOK_OURS,		/* git will call us */
	MV_HOOK_ABSENT,
	MV_HOOK_FOREIGN,	/* somebody else's; install can chain it */
	MV_HOOK_STUCK,		/* install can not; `why` says why */
	MV_HOOK_OFF		/* ours is there, but husky runs none */
};

struct mv_hook {
	enum mv_hook_state state;
	char *path;		/* the file that is, or would be, changed */
	const char *why;	/* static; NULL unless STUCK */
	int configured;		/* git >= 2.54 is told by configuration */
};

/* Does git call our hook <name> by configuration, and know how to? */
int mv_setup_hook_configured(int *yes, struct mv_repo *repo, const char *name,
			     struct mv_err *err);

int mv_setup_hook_look(struct mv_hook *out, struct mv_repo *repo,
		       const char *name,
		       struct mv_err *err);

void mv_setup_hook_release(struct mv_hook *hook);

/* Does the hook that git calls, a script, have these words in it? */
int mv_setup_hook_mentions(int *yes, struct mv_repo *repo, const char *name,
			   const char *words, struct mv_err *err);

int mv_setup_hooks_install(struct mv_repo *repo,
			   const struct mv_install *install,
			   const char *word, struct mv_err *err);

int mv_setup_hooks_remove(struct mv_repo *repo,
			  const struct mv_install *install,
			  struct mv_err *err);

#define MV_SETUP_CHAINED ".model-chained"
#define MV_SETUP_SCRIPT_MAX ((size_t)4 << 20)
#define MV_SETUP_BEGIN "# git-model: begin (git model uninstall takes it away)\n"
#define MV_SETUP_END "# git-model: end"

enum place_kind { PLACE_OWN, PLACE_HUSKY, PLACE_SHARED };

/* One hook, and what stands there now. */
struct place {
	enum place_kind kind;
	const char *name;
	char *dir;
	char *path;		/* links followed, but in PLACE_OWN */
	char *chained;		/* PLACE_OWN only */
	int exists, is_chained;
	struct stat st;
	struct mv_buf text;	/* of a regular file that is not too long */
};

int mv_setup_place_find(struct place *p, struct mv_repo *repo, const char *name,
			struct mv_err *err);

void mv_setup_place_release(struct place *p);

/* Is it a file of ours, whatever it was told to call? */
int mv_setup_place_is_ours(const struct place *p);

/* Is the file of that name and `suffix` one, and executable? */
int mv_setup_place_is_beside(const struct place *p, const char *suffix);

/* Somebody else's hook that git runs, and that runs us? */
int mv_setup_place_calls_us(const struct place *p);

/* Where our block is in the text, see mv_setup_place_is_unended(); 0: nowhere.
   What is cut there gives back, byte for byte, what was there before. */
int mv_setup_place_block(const struct place *p, size_t *from, size_t *to);

/* Does a script end at `at`, and without a newline? */
int mv_setup_place_is_unended(const struct place *p, size_t at);

/* Why install cannot have us called here; static, NULL: it can. */
const char *mv_setup_place_stuck(const struct place *p);

/* Tell what was done; `warning`: what could not be. */
__attribute__((format(printf, 3, 4)))
void mv_setup_tell(const struct mv_install *install, int warning,
		   const char *fmt, ...);

/*
 * What the doctor*.c share: one visit of the doctor. Each question has
 * its function; what is found is said as it is found.
 */
struct checks {
	const struct mv_doctor *doctor;
	const struct mv_proc_env *env;
	struct mv_repo *repo;		/* may be NULL */
	const char *dir;		/* of the repository; NULL: here */
	char *git;
	char *word;			/* how install would call us */
	struct mv_buf config;		/* "key\nvalue\0", what is in force */
};

/* A finding; `mend` is NULL when there is nothing to do. */
__attribute__((format(printf, 5, 6)))
void mv_setup_say(const struct checks *c, enum mv_doctor_level level,
		  const char *check, const char *mend, const char *fmt, ...);
/* Said so often that the long name would hide what is said. */
#define say mv_setup_say

/* What git uses of a variable; borrowed, NULL: it is not set. */
const char *mv_setup_doctor_config(const struct checks *c, const char *key);

/* What is no boolean ("input") is no yes. */
int mv_setup_doctor_is_yes(const char *value);

/* Bare, and no work tree of others hangs on it: nobody commits here. */
int mv_setup_doctor_is_bare(const struct checks *c);

/* Has it any remote of git? */
int mv_setup_doctor_has_remote(const struct checks *c);

/* What is asked of each; doctor.c asks the rest. */
void mv_setup_doctor_store(const struct checks *c);

void mv_setup_doctor_remotes(struct checks *c);

void mv_setup_doctor_work_tree(const struct checks *c);

void mv_setup_doctor_hooks(const struct checks *c);

/* A variable of ours with another value: what takes that away, in fresh
   memory; NULL: out of memory. */
char *mv_setup_doctor_mend(const struct checks *c, const char *key);

/* Who serves the files of Git LFS; `patterns` give files to it. */
void mv_setup_doctor_lfs(const struct checks *c, int patterns);

#endif
