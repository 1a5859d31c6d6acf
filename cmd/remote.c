/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/json.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/repo/repo.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model remote [--json]",
	"git model remote add <name> <path>",
	"git model remote remove <name>",
	NULL
};

/* modelremote.<name>.url; a name must not bring other keys in. */
static int remote_key_of(char **key, const char *name, struct mv_err *err)
{
	*key = NULL;
	if (!name[0] || name[0] == '-' || strpbrk(name, "\n\r\"\\ \t"))
		return mv_fail(err, MV_EINVALID,
			       "'%s' cannot be the name of a remote", name);
	*key = mv_strf("modelremote.%s.url", name);
	return *key ? 0 : mv_nomem(err);
}

/* "host:path", as git takes it: no slash before the colon. */
static int is_host(const char *path)
{
	return path[strcspn(path, ":/")] == ':';
}

/* A relative path is meant from where the person stands. */
static char *absolute(const char *path)
{
	char *cwd, *out;

	if (path[0] == '/' || strstr(path, "://") || is_host(path))
		return strdup(path);
	cwd = getcwd(NULL, 0);
	out = cwd ? mv_strf("%s/%s", cwd, path) : NULL;
	free(cwd);
	return out;
}

static int remote_add(const char *name, const char *path, struct cmd_env *env)
{
	struct mv_git *git = mv_repo_git(env->repo);
	char *key, *url = absolute(path);
	const char *there = NULL;
	struct mv_err err;
	int rc = remote_key_of(&key, name, &err);

	if (!rc && !url)
		rc = mv_nomem(&err);
	if (!rc && (is_host(url) || strstr(url, "://")) &&
	    strncmp(url, "file://", 7))
		rc = mv_fail(&err, MV_ENOTSUP,
			     "'%s': a remote is a directory for now; give its path",
			     url);
	if (!rc)
		rc = mv_git_config(&there, git, key, &err);
	/* The same again is how a store is made that was never there. */
	if (!rc && there && strcmp(there, url))
		rc = mv_fail(&err, MV_EEXISTS,
			     "there is a remote '%s' already; remove it first",
			     name);
	if (!rc)
		rc = mv_transfer_remote_make(env->repo, url, &err);
	if (!rc && !there)
		rc = mv_git_config_set(git, &env->proc, "--local", key, url,
				       &err);
	free(key);
	free(url);
	return rc ? out_fatal(&err) : CMD_OK;
}

static int drop(const char *name, struct cmd_env *env)
{
	struct mv_git *git = mv_repo_git(env->repo);
	const char *there = NULL;
	struct mv_err err;
	char *key;
	int rc = remote_key_of(&key, name, &err);

	if (!rc)
		rc = mv_git_config(&there, git, key, &err);
	if (!rc && !there)
		rc = mv_fail(&err, MV_ENOENT, "there is no remote '%s'", name);
	if (!rc)
		rc = mv_git_config_set(git, &env->proc, "--local", key, NULL,
				       &err);
	free(key);
	return rc ? out_fatal(&err) : CMD_OK;
}

struct show {
	struct mv_repo *repo;
	struct mv_json *list;
	int count;
};

static void show_one(struct show *show, const char *name, const char *url,
		     const char *how)
{
	struct mv_json *o;

	show->count++;
	if (!show->list) {
		out_line("%s  %s (%s)", name, url, how);
		return;
	}
	o = mv_json_object();
	mv_json_set(o, "name", mv_json_str(name));
	mv_json_set(o, "url", mv_json_str(url));
	mv_json_set(o, "how", mv_json_str(how));
	mv_json_push(show->list, o);
}

/* Configured ones, and git remotes that need no configuration. */
static int show_key(void *payload, const char *key, const char *value,
		    struct mv_err *err)
{
	int ours = !strncmp(key, "modelremote.", 12);
	const char *from = key + (ours ? 12 : 7);
	size_t len = strlen(key);
	struct show *show = payload;
	char *name, *url = NULL, *own;
	const char *said = NULL;
	int rc = 0;

	if ((!ours && strncmp(key, "remote.", 7)) || len < 5 ||
	    strcmp(key + len - 4, ".url") || key + len - 4 <= from)
		return 0;
	name = strndup(from, (size_t)(key + len - 4 - from));
	own = name ? mv_strf("modelremote.%s.url", name) : NULL;
	if (!own) {
		free(name);
		return mv_nomem(err);
	}
	if (!ours)
		rc = mv_git_config(&said, mv_repo_git(show->repo), own, err);
	if (ours)
		show_one(show, name, value ? value : "", "configured");
	else if (!rc && !said &&
		 !mv_transfer_remote_url(&url, show->repo, name, NULL))
		show_one(show, name, url, "beside the git remote");
	free(url);
	free(own);
	free(name);
	return rc;
}

static int remote_list(int json, struct cmd_env *env)
{
	struct show show = { env->repo, json ? mv_json_array() : NULL, 0 };
	struct mv_err err;

	if (mv_git_config_each(mv_repo_git(env->repo), show_key, &show,
			       &err)) {
		mv_json_free(show.list);
		return out_fatal(&err);
	}
	if (json)
		return out_json(show.list);
	if (!show.count)
		out_hint("there is no remote yet; 'git model remote add <name> "
			 "<path>' names a directory");
	return CMD_OK;
}

int cmd_remote(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0;
	const struct opt opts[] = { OPT_JSON(&json), OPT_END };

	argc = opt_parse(argc, argv, opts, usage);
	if (!argc)
		return remote_list(json, env);
	if (!strcmp(argv[0], "add") && argc == 3)
		return remote_add(argv[1], argv[2], env);
	if (!strcmp(argv[0], "remove") && argc == 2)
		return drop(argv[1], env);
	if (strcmp(argv[0], "add") && strcmp(argv[0], "remove"))
		return opt_usage_error(opts, usage, "'%s' is neither add nor "
				       "remove", argv[0]);
	return opt_usage_error(opts, usage, argc < 3 ? "a name or a path is "
			       "missing after '%s'" :
			       "'%s' is one argument too many",
			       argv[argc - 1]);
}
