/* SPDX-License-Identifier: MIT */
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Configuration is what the `git` program says it is: only it knows
 * `git -c`, GIT_CONFIG_COUNT, GIT_CONFIG_GLOBAL, config.worktree and every
 * kind of include (docs/design/git.md).
 */

/*
 * What the command line says comes last: so a list that was cut short, which
 * would read as "not set", is told from a whole one.
 */

/* "key\nvalue\0" or, for a variable without "=", "key\0". */
static int split_vars(struct mv_git *git, struct mv_err *err)
{
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
		git->var[git->var_count++].value = nl ? nl + 1 : NULL;
		p = stop + 1;
	}
	if (!git->var_count ||
	    strcmp(git->var[git->var_count - 1].key, MV_GIT_LAST_KEY))
		return mv_fail(err, MV_EIO, "git config ended too early");
	git->var_count--;
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

static int config_load(struct mv_git *git, struct mv_err *err)
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

/* NULL in *out: it is not set. */
static int find_var(const struct mv_git_var **out, struct mv_git *git,
		    const char *key, struct mv_err *err)
{
	int rc = config_load(git, err);

	*out = NULL;
	for (size_t i = rc ? 0 : git->var_count; i-- > 0;)
		if (!strcmp(git->var[i].key, key)) {
			*out = &git->var[i];
			break;
		}
	return rc;
}

int mv_git_config(const char **value, struct mv_git *git, const char *key,
		  struct mv_err *err)
{
	const struct mv_git_var *var;
	int rc = find_var(&var, git, key, err);

	*value = NULL;
	if (rc || !var)
		return rc;
	if (!var->value)
		return mv_fail(err, MV_EINVALID, "configuration '%s' has no "
			       "value: write %s = VALUE", key, key);
	*value = var->value;
	return 0;
}

/* As git reads a number: any base that C knows, then k, m or g; an int. */
static int is_number(int *zero, const char *text)
{
	static const char units[] = "kKmMgG";
	const char *unit;
	intmax_t n, scale = 1;
	char *end;

	errno = 0;
	n = strtoimax(text, &end, 0);
	if (errno || end == text)
		return 0;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return 0;
		scale = (intmax_t)1 << (10 * (1 + (unit - units) / 2));
	}
	*zero = !n;
	return n <= INT32_MAX / scale && n >= -(INT32_MAX / scale);
}

int mv_git_parse_bool(int *value, const char *text)
{
	static const char *const no[] = { "false", "no", "off", "" };
	static const char *const yes[] = { "true", "yes", "on" };
	int zero;

	*value = 0;
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (!strcasecmp(text, no[i]))
			return 0;
	*value = 1;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (!strcasecmp(text, yes[i]))
			return 0;
	if (!is_number(&zero, text))
		return MV_EINVALID;
	*value = !zero;
	return 0;
}

int mv_git_config_bool(int *value, struct mv_git *git, const char *key,
		       int otherwise, struct mv_err *err)
{
	const struct mv_git_var *var;
	int rc = find_var(&var, git, key, err);

	*value = otherwise;
	if (rc || !var)
		return rc;
	if (!var->value) {
		*value = 1;
		return 0;
	}
	if (mv_git_parse_bool(value, var->value)) {
		*value = otherwise;
		return mv_fail(err, MV_EINVALID, "configuration '%s' is '%s', "
			       "but it must be true or false", key,
			       var->value);
	}
	return 0;
}

int mv_git_config_each(struct mv_git *git, mv_git_config_fn fn, void *payload,
		       struct mv_err *err)
{
	int rc = config_load(git, err);

	for (size_t i = 0; !rc && i < git->var_count; i++)
		rc = fn(payload, git->var[i].key, git->var[i].value ?
			git->var[i].value : "true", err);
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
	char words[640];
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
