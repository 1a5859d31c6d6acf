/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/setup/priv.h"

/*
 * What acts here, whatever was written: git has five scopes of configuration,
 * and the last that speaks of a variable has it. Asked in the folder where the
 * command runs, as git itself is.
 */
#define SAID_MAX ((size_t)16 << 20)

int mv_setup_is_ours(const char *value)
{
	return value && strstr(value, "git-model") != NULL;
}

/* "scope\0value\0", the last one counts. */
static int take_said(struct mv_said *out, const struct mv_buf *text,
		     struct mv_err *err)
{
	size_t pos = 0;

	while (pos < text->len) {
		const char *scope = text->data + pos, *value;

		pos += strlen(scope) + 1;
		value = pos < text->len ? text->data + pos : "";
		pos += strlen(value) + 1;
		free(out->value);
		out->value = strdup(value);
		if (!out->value)
			return mv_nomem(err);
		snprintf(out->scope, sizeof(out->scope), "%s", scope);
		if (mv_setup_is_ours(value))
			snprintf(out->ours, sizeof(out->ours), "%s", scope);
	}
	return out->value ? 0 : mv_fail(err, MV_ENOENT, "nothing is said");
}

int mv_setup_said(struct mv_said *out, const char *git, const char *dir,
		  const struct mv_proc_env *env, const char *key,
		  struct mv_err *err)
{
	const char *argv[] = { git, "config", "--show-scope", "--null",
			       "--get-all", key, NULL };
	struct mv_buf text;
	int status = 0, rc;

	memset(out, 0, sizeof(*out));
	mv_buf_init(&text, SAID_MAX);
	rc = mv_proc_run(&status, argv, dir, env, NULL, 0, &text, NULL, err);
	if (!rc && status == 1)
		rc = mv_fail(err, MV_ENOENT, "%s is not set", key);
	else if (!rc && status)
		rc = mv_fail(err, MV_EIO, "git config does not say what %s is",
			     key);
	if (!rc)
		rc = take_said(out, &text, err);
	if (rc)
		mv_setup_said_release(out);
	mv_buf_release(&text);
	return rc;
}

void mv_setup_said_release(struct mv_said *said)
{
	free(said->value);
	said->value = NULL;
}

/* -- lockable files ------------------------------------------------------- */

/* Those that git-lfs installs to make files read-only. */
static const char *const locking[] = { "post-checkout", "post-commit",
				       "post-merge" };

/* The first of them that does not call git-lfs; NULL: all do. */
static int find_idle(const char **idle, struct mv_repo *repo,
		     struct mv_err *err)
{
	char words[2][40];
	int rc = 0;

	*idle = NULL;
	for (size_t i = 0; i < 3 && !rc && !*idle; i++) {
		const char *name = locking[i];
		int called = 0;

		snprintf(words[0], sizeof(words[0]), "git lfs %s", name);
		snprintf(words[1], sizeof(words[1]), "git-lfs %s", name);
		for (size_t j = 0; j < 2 && !rc && !called; j++)
			rc = mv_setup_hook_mentions(&called, repo, name,
						    words[j],
						    err);
		if (!rc && !called)
			*idle = name;
	}
	return rc;
}

static int list_lockable(struct mv_lockable *out, struct mv_repo *repo,
			 struct mv_err *err)
{
	static const char *const args[] = { "ls-files", "-z", "--full-name",
		"--", ":(top,attr:filter=lfs lockable)", NULL };
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, SIZE_MAX / 2);
	rc = mv_git_run(repo->git, args, NULL, 0, &text, err);
	for (size_t i = 0; !rc && i < text.len; i++)
		out->count += !text.data[i];
	if (!rc && out->count && !(out->first = strdup(text.data)))
		rc = mv_nomem(err);
	mv_buf_release(&text);
	return rc;
}

int mv_setup_lockable(struct mv_lockable *out, struct mv_repo *repo,
		      struct mv_err *err)
{
	int wanted = 1, rc;

	memset(out, 0, sizeof(*out));
	if (!repo->info->work_tree)
		return 0;
	rc = mv_git_config_bool(&wanted, repo->git,
				"lfs.setlockablereadonly", 1, err);
	if (!rc && wanted)
		rc = find_idle(&out->hook, repo, err);
	if (!rc && out->hook)
		rc = list_lockable(out, repo, err);
	if (rc)
		mv_setup_lockable_release(out);
	return rc;
}

void mv_setup_lockable_release(struct mv_lockable *lockable)
{
	free(lockable->first);
	lockable->first = NULL;
}
