/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/remote/remote.h"
#include "libmv/transfer/priv.h"

/* Which URLs a name has, and which repository on this machine one reaches. */

static int is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int is_git_dir(const char *path)
{
	char *objects = mv_path_join(path, "objects");
	char *head = mv_path_join(path, "HEAD");
	int yes = objects && head && is_dir(objects) && !access(head, F_OK);

	free(objects);
	free(head);
	return yes;
}

/* First line of a small file, after `prefix`; NULL when it is not there. */
static char *where_read_line(const char *path, const char *prefix)
{
	struct mv_buf text;
	char *line = NULL, *end;

	mv_buf_init(&text, 64 * 1024);
	if (!mv_read_file(&text, path, NULL) &&
	    !strncmp(text.data, prefix, strlen(prefix))) {
		end = strchr(text.data, '\n');
		if (end)
			*end = '\0';
		line = strdup(text.data + strlen(prefix));
	}
	mv_buf_release(&text);
	return line;
}

/* The common dir behind a git dir that may belong to a linked work tree. */
static char *common_of(char *git_dir)
{
	char *file = mv_path_join(git_dir, "commondir");
	char *line = file ? where_read_line(file, "") : NULL;
	char *common = NULL;

	free(file);
	if (!line)
		return git_dir;
	common = line[0] == '/' ? strdup(line) : mv_path_join(git_dir, line);
	free(line);
	free(git_dir);
	return common;
}

/* The places that git itself tries for a path, in its order. */
static char *git_dir_at(const char *path)
{
	static const char *const suffixes[] = { "/.git", "", ".git/.git",
						".git" };
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *candidate = mv_strf("%.*s%s", (int)len, path,
					  suffixes[i]);
		char *line, *target;

		if (!candidate)
			return NULL;
		if (is_git_dir(candidate))
			return common_of(candidate);
		line = where_read_line(candidate, "gitdir: ");
		if (line) {
			target = line[0] == '/' ? strdup(line)
						: mv_path_join(path, line);
			free(line);
			free(candidate);
			return target ? common_of(target) : NULL;
		}
		free(candidate);
	}
	return NULL;
}

/*
 * Git takes such a path from where it stands: at the top of the work tree, but
 * where it was told of a repository (--git-dir) or has no work tree, wherever
 * it was called. What is not there may be meant from the top all the same.
 */
static char *relative_path(struct mv_repo *repo, const char *url)
{
	const char *top = repo->info->work_tree ? repo->info->work_tree
						: repo->info->git_dir;
	char *here = *repo->info->prefix ? NULL : getcwd(NULL, 0);
	char *path = here ? mv_path_join(here, url) : NULL;
	char *git_dir = path ? git_dir_at(path) : NULL;

	if (!git_dir) {
		free(path);
		path = mv_path_join(top, url);
	}
	free(git_dir);
	free(here);
	return path;
}

/* The path of "file:///x" (where %20 is a blank, as for git) or of a plain
   path; NULL for anything with a host. "host:path" is one unless a slash comes
   before the colon, as in git. */
static char *local_path(struct mv_repo *repo, const char *url)
{
	const char *colon, *slash;
	char *path;

	if (!strncasecmp(url, "file:", 5))
		return mv_remote_file_path(&path, url, NULL) ? NULL : path;
	if (url[0] == '/')
		return strdup(url);
	if (url[0] == '~')
		return mv_repo_expand_path(&path, repo, ".", "url", url,
					   NULL) ? NULL : path;
	colon = strchr(url, ':');
	slash = strchr(url, '/');
	if (colon && (!slash || colon < slash))
		return NULL;
	return relative_path(repo, url);
}

char *mv_transfer_local_path(char **git_dir, struct mv_repo *repo,
			     const char *url)
{
	char *path = local_path(repo, url);

	*git_dir = path ? git_dir_at(path) : NULL;
	return path;
}

/* What `git remote get-url` ends with then. */
#define NO_SUCH_REMOTE 2

/* `git push bare1`: a name that no remote has is a path, for git too. */
static int is_repository(struct mv_repo *repo, const char *name)
{
	char *git_dir;
	char *path = mv_transfer_local_path(&git_dir, repo, name);
	int yes = git_dir != NULL;

	free(git_dir);
	free(path);
	return yes;
}

/*
 * `git remote get-url` knows insteadOf; a name may also be a URL itself. With
 * `push`, every place that `git push <name>` would go to, one a line.
 */
int mv_transfer_git_urls(char **out, struct mv_repo *repo, const char *name,
			 int push, struct mv_err *err)
{
	const char *fetch[] = { "remote", "get-url", "--", name, NULL };
	const char *all[] = { "remote", "get-url", "--push", "--all", "--",
			      name, NULL };
	struct mv_buf text;
	int rc, status;

	if (strchr(name, '/') || strchr(name, ':')) {
		*out = strdup(name);
		return *out ? 0 : mv_nomem(err);
	}
	mv_buf_init(&text, 64 * 1024);
	rc = mv_git_ask(&status, repo->git, push ? all : fetch, NO_SUCH_REMOTE,
			&text, err);
	if (!rc && status == NO_SUCH_REMOTE) {
		mv_buf_clear(&text);
		if (!is_repository(repo, name))
			rc = mv_fail(err, MV_ENOENT, "there is no remote '%s'; "
				     "git remote add, or git model remote add, "
				     "makes one", name);
		else if (mv_buf_addstr(&text, name))
			rc = mv_nomem(err);
	} else if (!rc && status) {
		rc = mv_fail(err, MV_EIO, "git remote get-url failed with "
			     "exit code %d", status);
	}
	if (!rc) {
		while (text.len && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
		*out = mv_buf_detach(&text);
		if (!*out)
			rc = mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

/* The repository that a URL reaches on this machine; MV_ENOENT. */
static int git_dir_of(char **out, struct mv_repo *repo, const char *name,
		      const char *url, struct mv_err *err)
{
	char *path = mv_transfer_local_path(out, repo, url);
	int rc = 0;

	if (!*out)
		rc = mv_fail(err, MV_ENOENT,
			     "git remote '%s' is not a path on this machine: say where its content goes with 'git model remote add %s PATH'",
			     name, name);
	free(path);
	return rc;
}

int mv_transfer_git_dir_at(char **out, struct mv_repo *repo, const char *remote,
			   const char *url, struct mv_err *err)
{
	char *asked = NULL;
	int rc = url ? 0 : mv_transfer_git_urls(&asked, repo, remote, 0, err);

	if (!rc)
		rc = git_dir_of(out, repo, remote, url ? url : asked, err);
	free(asked);
	return rc;
}

/* modelremote.<name>.url, borrowed, or NULL; git lower-cases only the outer
   parts. */
int mv_transfer_configured_url(const char **url, struct mv_repo *repo,
			       const char *name, struct mv_err *err)
{
	char *key = mv_strf("modelremote.%s.url", name);
	int rc = key ? mv_git_config(url, repo->git, key, err) : mv_nomem(err);

	free(key);
	return rc;
}
