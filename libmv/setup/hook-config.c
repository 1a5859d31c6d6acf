/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/git/config.h"
#include "libmv/setup/priv.h"

/*
 * Since 2.54 git knows hooks as configuration, several for one event, whatever
 * core.hooksPath says and whoever has the file: hook.<name>.command and
 * hook.<name>.event. <name> may not be that of an event. Older versions do not
 * know them and say nothing: so the version counts, and not only what is set.
 */
#define PREFIX "hook.git-model-"

const struct mv_setting mv_hook_settings[] = {
	{ PREFIX "pre-push.command", "hook --alone pre-push", 1, 0, 0 },
	{ PREFIX "pre-push.event", "pre-push", 0, 0, 0 },
	{ PREFIX "pre-commit.command", "hook --alone pre-commit", 1, 0, 0 },
	{ PREFIX "pre-commit.event", "pre-commit", 0, 0, 0 },
	{ NULL, NULL, 0, 0, 0 }
};

int mv_setup_knows_hooks(int *yes, const char *git,
			 const struct mv_proc_env *env, struct mv_err *err)
{
	const char *argv[] = { git, "version", NULL };
	int status = 0, major = 0, minor = 0, rc;
	struct mv_buf out;

	*yes = 0;
	mv_buf_init(&out, 4096);
	rc = mv_proc_run(&status, argv, NULL, env, NULL, 0, &out, NULL, err);
	if (!rc && (status || sscanf(out.data, "git version %d.%d", &major,
				     &minor) != 2))
		rc = mv_fail(err, MV_EIO, "the version of '%s' cannot be told",
			     git);
	*yes = !rc && (major > 2 || (major == 2 && minor >= 54));
	mv_buf_release(&out);
	return rc;
}

/* hook.git-model-<name>.<what>, borrowed or NULL. */
static int setting(const char **value, struct mv_repo *repo, const char *name,
		   const char *what, struct mv_err *err)
{
	char *key = mv_strf(PREFIX "%s.%s", name, what);
	int rc = key ? mv_git_config(value, repo->git, key, err) :
		       mv_nomem(err);

	free(key);
	return rc;
}

/* Neither this hook nor all of its event are switched off. */
static int is_on(int *on, struct mv_repo *repo, const char *name,
		 struct mv_err *err)
{
	static const char *const prefixes[] = { PREFIX, "hook." };
	int rc = 0;

	*on = 1;
	for (size_t i = 0; !rc && *on && i < 2; i++) {
		char *key = mv_strf("%s%s.enabled", prefixes[i], name);

		rc = key ? mv_git_config_bool(on, repo->git, key, 1, err) :
			   mv_nomem(err);
		free(key);
	}
	return rc;
}

int mv_setup_hook_configured(int *yes, struct mv_repo *repo, const char *name,
			     struct mv_err *err)
{
	const char *command, *event = NULL;
	char *git = NULL;
	int on = 0, rc = setting(&command, repo, name, "command", err);

	*yes = 0;
	if (!rc && command)
		rc = setting(&event, repo, name, "event", err);
	if (!rc && event && !strcmp(event, name))
		rc = is_on(&on, repo, name, err);
	if (rc || !on)
		return rc;
	rc = mv_proc_find(&git, "git", repo->env.search_path, err);
	if (!rc)
		rc = mv_setup_knows_hooks(yes, git, &repo->env, err);
	free(git);
	return rc;
}
