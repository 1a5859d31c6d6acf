/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

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

int mv_work_stays_plain(const char *path)
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

/* -- does a pattern match? gitattributes(5) ------------------------------- */

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

/* Does a pattern of gitattributes(5) match a path below its folder? */
static int pattern_matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!strchr(pattern, '/'))
		return matches_path(pattern, slash ? slash + 1 : path);
	return matches_path(pattern + (*pattern == '/'), path);
}

/* -- what a new pattern would catch --------------------------------------- */

#define PLACES (PLAIN_NAMES + 1)	/* what must be taken out: names, a folder */

struct catching {
	struct mv_repo *repo;
	const char *pattern;
	size_t below;		/* length of the folder that it counts in */
	const char *folder;
	char *path;		/* the first that it catches; or NULL */
	/* Patterns, each once, that take all of it out again. */
	char *place[PLACES];
	size_t places;
};

static void catching_release(struct catching *c)
{
	for (size_t i = 0; i < c->places; i++)
		free(c->place[i]);
	free(c->path);
}

/* A name is taken out wherever it is, other files by their folder. */
static int keep_place(struct catching *c, const char *path, struct mv_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *place = slash ? slash + 1 : path;

	if (!strncmp(path, TEAM_DIR, strlen(TEAM_DIR)))
		place = TEAM_DIR "**";
	for (size_t i = 0; i < c->places; i++)
		if (!strcmp(c->place[i], place))
			return 0;
	if (c->places == PLACES)
		return 0;
	c->place[c->places] = strdup(place);
	return c->place[c->places++] ? 0 : mv_nomem(err);
}

static int caught(void *payload, const struct mv_git_entry *e,
		  struct mv_err *err)
{
	struct catching *c = payload;

	if (strncmp(e->path, c->folder, c->below) ||
	    !mv_work_stays_plain(e->path) ||
	    !pattern_matches(c->pattern, e->path + c->below))
		return 0;
	if (!c->path && !(c->path = strdup(e->path)))
		return mv_nomem(err);
	return keep_place(c, e->path, err);
}

/* A path from the top that need not be there yet. */
static int catches(struct catching *c, const char *folder, const char *name,
		   struct mv_err *err)
{
	char *path = mv_strf("%s%s", folder, name);
	const struct mv_git_entry e = { .path = path };
	int rc = path ? caught(c, &e, err) : mv_nomem(err);

	free(path);
	return rc;
}

/* Of all that may come to stand in the team's folder only some names are
   known, but a pattern that begins with it means nothing else. */
static int catches_team(struct catching *c, struct mv_err *err)
{
	static const char *const names[] = {
		"config", "policy", "policy-tests", "allowed_signers",
		"allowed_gpg", "gpg_keys"
	};
	const char *pattern = c->pattern + (*c->pattern == '/');
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(names) / sizeof(*names); i++)
		rc = catches(c, TEAM_DIR, names[i], err);
	if (rc || c->path || strncmp(pattern, TEAM_DIR, strlen(TEAM_DIR)))
		return rc;
	c->path = strdup(TEAM_DIR);
	return c->path ? keep_place(c, TEAM_DIR, err) : mv_nomem(err);
}

/* Those that the folder need not have yet. */
static int caught_by_name(struct catching *c, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < PLAIN_NAMES; i++)
		rc = catches(c, c->folder, plain_names[i], err);
	return rc || c->below ? rc : catches_team(c, err);
}

static int find_caught(struct catching *c, struct mv_err *err)
{
	static const char *const specs[] = {
		":(top,glob)**/.git*", ":(top,glob)**/.lfsconfig",
		":(top,glob)**/.mailmap", ":(top)" TEAM_DIR, NULL
	};
	int rc = caught_by_name(c, err);

	return rc ? rc : mv_git_ls(c->repo->git, MV_GIT_LS_CACHED |
				   MV_GIT_LS_OTHERS, specs, caught, c, err);
}

static int is_fine(struct mv_repo *repo, const char *folder,
		   const char *pattern)
{
	struct catching c = { .repo = repo, .pattern = pattern,
			      .below = strlen(folder), .folder = folder };
	int yes = !find_caught(&c, NULL) && !c.path;

	catching_release(&c);
	return yes;
}

/* -- and what to say instead: nothing that would be refused, too ---------- */

#define KINDS 64

struct kinds {
	const struct catching *c;
	int rootfd;
	struct {
		char end[16];		/* ".bin" */
		uint64_t bytes;
	} v[KINDS];
	size_t count;
};

static int see_kind(void *payload, const struct mv_git_entry *e,
		    struct mv_err *err)
{
	struct kinds *k = payload;
	const char *slash = strrchr(e->path, '/');
	const char *name = slash ? slash + 1 : e->path;
	const char *dot = strrchr(name, '.');
	struct stat st;
	size_t i = 0;

	(void)err;
	if (!dot || dot == name || strlen(dot) < 2 ||
	    strlen(dot) >= sizeof(k->v[0].end) || strpbrk(dot, "*?[]\\\" \t") ||
	    strncmp(e->path, k->c->folder, k->c->below) ||
	    mv_work_stays_plain(e->path) ||
	    !pattern_matches(k->c->pattern, e->path + k->c->below) ||
	    fstatat(k->rootfd, e->path, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	while (i < k->count && strcmp(k->v[i].end, dot))
		i++;
	if (i == KINDS)
		return 0;
	if (i == k->count) {
		k->count++;
		memcpy(k->v[i].end, dot, strlen(dot) + 1);
	}
	k->v[i].bytes += (uint64_t)st.st_size + 1;
	return 0;
}

/* The same folder, and of what the pattern means there the kind of file that
   takes most; NULL: nothing can be told. */
static char *narrower(const struct catching *c)
{
	struct kinds k = { .c = c };
	const char *slash = strrchr(c->pattern, '/');
	const int len = slash ? (int)(slash - c->pattern) + 1 : 0;
	const char *end = NULL;
	uint64_t most = 0;
	char *pattern;

	if (!mv_repo_root(&k.rootfd, c->repo, NULL))
		(void)mv_git_ls(c->repo->git, MV_GIT_LS_CACHED |
				MV_GIT_LS_OTHERS, NULL, see_kind, &k, NULL);
	for (size_t i = 0; i < k.count; i++)
		if (k.v[i].bytes > most) {
			most = k.v[i].bytes;
			end = k.v[i].end;
		}
	if (!end)
		return NULL;
	pattern = len ? mv_strf("%.*s**/*%s", len, c->pattern, end) :
			mv_strf("*%s", end);
	if (pattern && is_fine(c->repo, c->folder, pattern))
		return pattern;
	free(pattern);
	return NULL;
}

/* Other files than those, or is it one of them that is named? */
static int may_mean_more(const struct catching *c)
{
	const char *p = c->pattern + (*c->pattern == '/');

	return strpbrk(p, "*?[") &&
	       (c->below || strncmp(p, TEAM_DIR, strlen(TEAM_DIR)));
}

static int pattern_refuse(const struct catching *c, struct mv_err *err)
{
	char *less = narrower(c);
	struct mv_buf lines;
	int rc = 0;

	mv_buf_init(&lines, 4096);
	for (size_t i = 0; !rc && i < c->places; i++)
		rc = mv_buf_addf(&lines, "%s'%s'", i ? ", " : "",
				 c->place[i]);
	if (rc)
		rc = mv_nomem(err);
	else if (!may_mean_more(c))
		rc = mv_fail(err, MV_EDENIED, "'%s' would also catch '%s', "
			     "which must stay readable in git, or every clone "
			     "is broken", c->pattern, c->path);
	else
		rc = mv_fail(err, MV_EDENIED, "'%s' would also catch '%s', "
			     "which must stay readable in git, or every clone "
			     "is broken: %s%s%swrite the line into "
			     ".gitattributes by hand, and below it, for %s, "
			     "'<name> !filter !diff !merge !text'", c->pattern,
			     c->path, less ? "name less ('" : "",
			     less ? less : "", less ? "'), or " : "",
			     lines.data);
	mv_buf_release(&lines);
	free(less);
	return rc;
}

int mv_work_check_pattern(struct mv_repo *repo, const char *folder,
			  const char *pattern, struct mv_err *err)
{
	struct catching c = { .repo = repo, .pattern = pattern,
			      .below = strlen(folder), .folder = folder };
	int rc = find_caught(&c, err);

	if (!rc && c.path)
		rc = pattern_refuse(&c, err);
	catching_release(&c);
	return rc;
}
