/* SPDX-License-Identifier: MIT */
#include "libmv/git/priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Configuration is what the `git` program says it is: only it knows
 * `git -c`, GIT_CONFIG_COUNT, GIT_CONFIG_GLOBAL, config.worktree and every
 * kind of include (docs/design/git.md).
 */

/* "key\nvalue\0" or, for a variable without "=", "key\0": true. */
static int split_vars(struct mv_git *git, struct mv_err *err)
{
	static const char yes[] = "true";
	char *p = git->config.data;
	char *end = p + git->config.len;
	size_t n = 0;

	for (const char *q = p; q < end; q++)
		n += !*q;
	git->var = calloc(n ? n : 1, sizeof(*git->var));
	if (!git->var)
		return mv_nomem(err);
	while (p < end) {
		char *stop = memchr(p, '\0', (size_t)(end - p));
		char *nl = memchr(p, '\n', strlen(p));

		if (!stop)
			return mv_fail(err, MV_EIO,
				       "git config ended in the middle");
		if (nl)
			*nl = '\0';
		git->var[git->var_count].key = p;
		git->var[git->var_count++].value = nl ? nl + 1 : yes;
		p = stop + 1;
	}
	return 0;
}

static void forget(struct mv_git *git)
{
	free(git->var);
	git->var = NULL;
	git->var_count = 0;
	git->config_read = 0;
	mv_buf_clear(&git->config);
	mv_git_ahead_drop(&git->config_ahead);
}

const char *const mv_git_config_args[] = {
	"config", "--null", "--list", NULL
};

static int load(struct mv_git *git, struct mv_err *err)
{
	const struct mv_buf *ahead;
	int rc;

	if (git->config_read)
		return 0;
	ahead = mv_git_ahead_take(&git->config_ahead);
	if (!ahead)
		rc = mv_git_run(git, mv_git_config_args, NULL, 0, &git->config,
				err);
	else
		rc = mv_buf_add(&git->config, ahead->data, ahead->len) ?
		     mv_nomem(err) : 0;
	mv_git_ahead_drop(&git->config_ahead);
	if (!rc)
		rc = split_vars(git, err);
	if (rc)
		forget(git);
	else
		git->config_read = 1;
	return rc;
}

const char *mv_git_config(struct mv_git *git, const char *key,
			  struct mv_err *err)
{
	if (load(git, err))
		return NULL;
	for (size_t i = git->var_count; i-- > 0;)
		if (!strcmp(git->var[i].key, key))
			return git->var[i].value;
	return NULL;
}

int mv_git_config_off(struct mv_git *git, const char *key, struct mv_err *err)
{
	static const char *const off[] = { "false", "no", "off", "0", "" };
	const char *value = mv_git_config(git, key, err);

	for (size_t i = 0; value && i < sizeof(off) / sizeof(*off); i++)
		if (!strcasecmp(value, off[i]))
			return 1;
	return 0;
}

int mv_git_config_each(struct mv_git *git, mv_git_config_fn fn, void *payload,
		       struct mv_err *err)
{
	int rc = load(git, err);

	for (size_t i = 0; !rc && i < git->var_count; i++)
		rc = fn(payload, git->var[i].key, git->var[i].value, err);
	return rc;
}

/* `git config --unset-all` of what is not there. */
#define EXIT_UNSET_NOTHING 5

int mv_git_config_set(struct mv_git *git, const struct mv_proc_env *env,
		      const char *scope, const char *key, const char *value,
		      struct mv_err *err)
{
	const char *args[] = {
		"config", scope, value ? "--replace-all" : "--unset-all", key,
		value, NULL
	};
	struct mv_git none = { .env = env };
	struct mv_buf errout;
	char words[320];
	int status = 0;
	int rc = 0;

	if (*key == '-' || strncmp(scope, "--", 2))
		return mv_fail(err, MV_EINVALID, "'%s %s' is not a variable",
			       scope, key);
	mv_buf_init(&errout, 4096);
	if (!git) {
		rc = mv_proc_find(&none.program, "git", env->search_path, err);
		git = &none;
	}
	if (!rc)
		rc = mv_git_spawn(&status, &errout, git, args, NULL, 0, NULL,
				  err);
	if (!rc && status && (value || status != EXIT_UNSET_NOTHING)) {
		mv_git_words(words, sizeof(words), &errout);
		rc = mv_fail(err, MV_EIO, "cannot set '%s' in the %s "
			     "configuration: %s", key, scope + 2, words);
	}
	if (git != &none)
		forget(git);
	free(none.program);
	mv_buf_release(&errout);
	return rc;
}
