/* SPDX-License-Identifier: MIT */
#ifndef MV_REPO_DOCTOR_H
#define MV_REPO_DOCTOR_H

#include "libmv/repo-internal.h"
#include "libmv/repo-setup.h"

/*
 * What the repo-doctor*.c share: one visit of the doctor. Each question has
 * its function; what is found is said as it is found.
 */
struct checks {
	const struct mv_doctor *doctor;
	const struct mv_proc_env *env;
	struct mv_repo *repo;		/* may be NULL */
	char *git;
	char *word;			/* how install would call us */
	struct mv_buf config;		/* "key\nvalue\0", what is in force */
};

/* A finding; `mend` is NULL when there is nothing to do. */
#define say mv_doctor_say
__attribute__((format(printf, 5, 6)))
void say(const struct checks *c, enum mv_doctor_level level,
	 const char *check, const char *mend, const char *fmt, ...);
/* What git uses of a variable; borrowed, NULL: it is not set. */
const char *mv_doctor_config(const struct checks *c, const char *key);
/* What is no boolean ("input") is no yes. */
int mv_doctor_is_yes(const char *value);

/* Bare, and no work tree of others hangs on it: nobody commits here. */
int mv_doctor_is_bare(const struct checks *c);
/* Has it any remote of git? */
int mv_doctor_has_remote(const struct checks *c);

/* -- what acts here (repo-doctor-here.c) -- */
void mv_doctor_hooks(const struct checks *c);
/* A variable of ours with another value: what takes that away, in fresh
   memory; NULL: out of memory. */
char *mv_doctor_mend(const struct checks *c, const char *key);
/* Who serves the files of Git LFS; `patterns` give files to it. */
void mv_doctor_lfs(const struct checks *c, int patterns);

#endif
