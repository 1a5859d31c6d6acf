/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/repo-internal.h"

/*
 * Files that git, or we, must be able to read as they stand in a tree. A
 * pointer in the place of a .gitattributes breaks every clone: nobody there
 * knows any more which files have a filter.
 */
#define TEAM_DIR ".gitmodel/"

static const char *const plain_names[] = {
	".gitattributes", ".gitignore", ".gitmodules", ".lfsconfig",
	".mailmap", ".git-blame-ignore-revs"
};
#define PLAIN_NAMES (sizeof(plain_names) / sizeof(*plain_names))

int mv_repo_stays_plain(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (!strncmp(path, TEAM_DIR, strlen(TEAM_DIR)))
		return 1;
	for (size_t i = 0; i < PLAIN_NAMES; i++)
		if (!strcmp(base, plain_names[i]))
			return 1;
	return 0;
}

/* -- does a pattern match? gitattributes(5) ---------------------------------- */

/* One component; only between slashes "**" is more than "*". */
static int matches_name(const char *pattern, size_t len, const char *name,
			size_t name_len)
{
	char *p = strndup(pattern, len), *n = strndup(name, name_len);
	/* Without memory it counts as a match: then the pattern is refused. */
	int yes = !p || !n || !fnmatch(p, n, 0);

	free(p);
	free(n);
	return yes;
}

static int matches_path(const char *pattern, const char *path)
{
	size_t len = strcspn(pattern, "/"), name = strcspn(path, "/");
	const char *rest = pattern + len + (pattern[len] == '/');

	if (len == 2 && !strncmp(pattern, "**", 2)) {
		if (!*rest)
			return *path != '\0';
		for (; *path; path += strcspn(path, "/"), path += *path == '/')
			if (matches_path(rest, path))
				return 1;
		return 0;
	}
	if (!matches_name(pattern, len, path, name))
		return 0;
	if (!pattern[len] || !path[name])
		return !pattern[len] && !path[name];
	return matches_path(rest, path + name + 1);
}

int mv_repo_pattern_matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!strchr(pattern, '/'))
		return matches_path(pattern, slash ? slash + 1 : path);
	return matches_path(pattern + (*pattern == '/'), path);
}

/* -- what a new pattern would catch ------------------------------------------- */

struct catching {
	const char *pattern;
	size_t below;		/* length of the folder that it counts in */
	const char *folder;
	char *path;		/* the first that it catches; or NULL */
};

static int caught(void *payload, const struct mv_git_entry *e,
		  struct mv_err *err)
{
	struct catching *c = payload;

	if (c->path || strncmp(e->path, c->folder, c->below) ||
	    !mv_repo_stays_plain(e->path) ||
	    !mv_repo_pattern_matches(c->pattern, e->path + c->below))
		return 0;
	c->path = strdup(e->path);
	return c->path ? 0 : mv_nomem(err);
}

/* Those that the folder need not have yet. */
static int caught_by_name(struct catching *c, struct mv_err *err)
{
	static const char *const at_top[] = {
		".gitmodel/config", ".gitmodel/policy"
	};
	char *path;
	int rc = 0;

	for (size_t i = 0; !rc && !c->path && i < PLAIN_NAMES + 2; i++) {
		const char *name = i < PLAIN_NAMES ? plain_names[i] :
				   at_top[i - PLAIN_NAMES];
		const struct mv_git_entry e = { .path = path = mv_strf("%.*s%s",
						(int)c->below, c->folder,
						name) };

		if (i >= PLAIN_NAMES && c->below)
			;
		else
			rc = path ? caught(c, &e, err) : mv_nomem(err);
		free(path);
	}
	return rc;
}

int mv_repo_check_pattern(struct mv_repo *repo, const char *folder,
			  const char *pattern, struct mv_err *err)
{
	static const char *const specs[] = {
		":(top,glob)**/.git*", ":(top,glob)**/.lfsconfig",
		":(top,glob)**/.mailmap", ":(top)" TEAM_DIR, NULL
	};
	struct catching c = { pattern, strlen(folder), folder, NULL };
	int rc = caught_by_name(&c, err);

	if (!rc && !c.path)
		rc = mv_git_ls(repo->git, MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS,
			       specs, caught, &c, err);
	if (!rc && c.path)
		rc = mv_fail(err, MV_EDENIED, "'%s' would also catch '%s', "
			     "which must stay readable in git, or every clone "
			     "is broken: name less ('*.bin', 'data/**'), or "
			     "write the line into .gitattributes by hand and "
			     "below it '%s !filter !diff !merge !text'",
			     pattern, c.path, c.path + c.below);
	free(c.path);
	return rc;
}
