/* SPDX-License-Identifier: MIT */
#include "libmv/git/git.h"
#include "libmv/git/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Questions that are asked before anybody needs the answer. A process of git
 * takes a millisecond, nearly all of it starting; those that are known to be
 * needed may as well start together. See docs/design/git.md.
 *
 * These say nothing on standard error, and what went wrong with one of them
 * is as if it had not been asked: whoever needs the answer asks aloud.
 */
#define LEVELS_MAX 64

static int ahead_begin(struct mv_git_ahead *a, struct mv_git *git,
		       const char *const *args)
{
	if (a->asked)
		return -1;
	mv_buf_init(&a->text, MV_GIT_OUT_MAX);
	a->asked = !mv_git_child_start(&a->child, git, args, NULL);
	return a->asked ? 0 : -1;
}

void mv_git_ahead_drop(struct mv_git_ahead *a)
{
	mv_git_child_abort(&a->child);
	mv_buf_release(&a->text);
	free(a->key);
	a->key = NULL;
	a->asked = a->got = 0;
}

const struct mv_buf *mv_git_ahead_take(struct mv_git_ahead *a)
{
	if (!a->asked)
		return NULL;
	if (!a->got && (mv_git_child_all(&a->child, &a->text, NULL) ||
			mv_git_child_finish(&a->child, NULL))) {
		mv_git_ahead_drop(a);
		return NULL;
	}
	a->got = 1;
	return &a->text;
}

void mv_git_ahead_config(struct mv_git *git)
{
	if (!git->config_read)
		ahead_begin(&git->config_ahead, git, mv_git_config_args);
}

/* The prefixes in one string, each with its NUL. */
static char *ahead_key_of(size_t *len, const char *const *prefixes)
{
	char *key;

	*len = 0;
	for (size_t i = 0; prefixes[i]; i++)
		*len += strlen(prefixes[i]) + 1;
	key = malloc(*len + 1);
	*len = 0;
	for (size_t i = 0; key && prefixes[i]; i++) {
		size_t n = strlen(prefixes[i]) + 1;

		memcpy(key + *len, prefixes[i], n);
		*len += n;
	}
	return key;
}

void mv_git_ahead_refs(struct mv_git *git, const char *const *prefixes)
{
	struct mv_git_ahead *a = &git->refs_ahead;
	struct mv_git_ref_args args;

	if (a->asked || mv_git_ref_args_init(&args, prefixes, NULL))
		return;
	if (args.any && !ahead_begin(a, git, args.argv)) {
		a->key = ahead_key_of(&a->key_len, prefixes);
		if (!a->key)
			mv_git_ahead_drop(a);
	}
	mv_git_ref_args_release(&args);
}

const struct mv_buf *mv_git_ahead_take_refs(struct mv_git *git,
					    const char *const *prefixes)
{
	struct mv_git_ahead *a = &git->refs_ahead;
	size_t len = 0;
	char *key = a->asked && prefixes ? ahead_key_of(&len, prefixes) : NULL;
	const int same = key && len == a->key_len &&
			 !memcmp(key, a->key, len);

	free(key);
	return same ? mv_git_ahead_take(a) : NULL;
}

/* -- will there be a repository? ------------------------------------------ */

static int is_mine(const char *dir, const char *name, struct stat *st)
{
	char *path = mv_strf("%s/%s", dir, name);
	int there = path && !stat(path, st);

	free(path);
	return there && st->st_uid == geteuid();
}

/*
 * Only a guess, before git has said so: a wrong yes costs a second copy of
 * git's complaint on standard error, a wrong no a millisecond.
 */
int mv_git_ahead_likely(const struct mv_git *git)
{
	const char *given = mv_proc_getenv(git->env, "GIT_DIR");
	const int up = !mv_proc_getenv(git->env, "GIT_CEILING_DIRECTORIES");
	char *dir = strdup(git->dir ? git->dir : ".");
	struct stat here, st, above;
	int likely = 0;

	if (given && dir)
		likely = *given == '/' ? is_mine(given, "HEAD", &st) : 0;
	for (int i = 0; dir && !given && i < LEVELS_MAX; i++) {
		char *next;

		likely = is_mine(dir, ".git", &st) ||
			 (is_mine(dir, "HEAD", &st) &&
			  is_mine(dir, "objects", &st) && S_ISDIR(st.st_mode));
		next = mv_strf("%s/..", dir);
		/* Not past the root, nor where another disk begins. */
		if (likely || !up || !next || stat(dir, &here) ||
		    stat(next, &above) || here.st_dev != above.st_dev ||
		    here.st_ino == above.st_ino) {
			free(next);
			break;
		}
		free(dir);
		dir = next;
	}
	free(dir);
	return likely;
}
