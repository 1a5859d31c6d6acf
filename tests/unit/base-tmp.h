/* SPDX-License-Identifier: MIT */
#ifndef MV_TESTS_BASE_TMP_H
#define MV_TESTS_BASE_TMP_H

/* A private folder for a test program, made in its group's set-up. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmp_dir[512];

static inline int tmp_enter(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(tmp_dir, sizeof(tmp_dir), "%s/git-model-unit-XXXXXX",
		 base && *base ? base : "/tmp");
	return mkdtemp(tmp_dir) && !chdir(tmp_dir) ? 0 : -1;
}

static inline int tmp_remove_one(const char *path, const struct stat *st,
				 int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int tmp_leave(void **state)
{
	(void)state;
	if (chdir("/") < 0)
		return -1;
	return nftw(tmp_dir, tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
