/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libmv/base/statcache.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/repo/files.h"
#include "libmv/store/lfsdir.h"
#include "libmv/transfer/priv.h"

/*
 * What git-lfs is told by its configuration and by .lfsconfig, which comes
 * with the commit and is therefore data: it may name what not to fetch and
 * where a server is, and no more is read from it.
 */
#define LFSCONFIG ".lfsconfig"
#define LFSCONFIG_MAX ((size_t)1 << 20)

struct mv_repo_lfs {
	struct mv_buf file;	/* of .lfsconfig: "key\nvalue\0" */
	char **include, **exclude;
	int skip;		/* GIT_LFS_SKIP_SMUDGE */
};

/* -- settings ------------------------------------------------------------- */

static int lfs_read_file(struct mv_buf *text, struct mv_repo *repo,
			 struct mv_err *err)
{
	static const char *const blobs[] = { ":0:" LFSCONFIG,
					     "HEAD:" LFSCONFIG };
	char *path;
	int rc = MV_ENOENT;

	if (repo->info->work_tree) {
		path = mv_path_join(repo->info->work_tree, LFSCONFIG);
		rc = path ? mv_read_file(text, path, err) : mv_nomem(err);
		free(path);
	}
	for (size_t i = 0; i < 2 && rc == MV_ENOENT; i++)
		rc = mv_git_read_blob(repo->git, blobs[i], text, NULL, err);
	return rc;
}

/* Git reads its own format best. */
static int load_file(struct mv_buf *out, struct mv_repo *repo,
		     struct mv_err *err)
{
	static const char *const args[] = { "config", "--file", "-", "--null",
					    "--list", NULL };
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, LFSCONFIG_MAX);
	rc = lfs_read_file(&text, repo, err);
	if (rc == MV_ENOENT)
		rc = 0;
	else if (!rc && text.len)
		rc = mv_git_run(repo->git, args, text.data, text.len, out,
				err);
	if (rc)
		mv_err_prefix(err, LFSCONFIG);
	mv_buf_release(&text);
	return rc;
}

static const char *in_file(const struct mv_repo_lfs *lfs, const char *key)
{
	const size_t len = strlen(key);
	const char *value = NULL;

	for (size_t pos = 0; pos < lfs->file.len;
	     pos += strlen(lfs->file.data + pos) + 1) {
		const char *entry = lfs->file.data + pos;

		if (!strncasecmp(entry, key, len) && entry[len] == '\n')
			value = entry + len + 1;
	}
	return value;
}

/* Borrowed; NULL: nobody says. */
static int setting(const char **out, struct mv_repo *repo,
		   const struct mv_repo_lfs *lfs, const char *key,
		   struct mv_err *err)
{
	int rc = mv_git_config(out, repo->git, key, err);

	if (!rc && !*out)
		*out = in_file(lfs, key);
	return rc;
}

static const char *variable(const struct mv_repo *repo, const char *name)
{
	const size_t len = strlen(name);

	for (char *const *e = repo->env.env; e && *e; e++)
		if (!strncmp(*e, name, len) && (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

/* As git-lfs reads it: yes, on, true and numbers but 0. */
int mv_transfer_lfs_variable_on(const struct mv_repo *repo, const char *name)
{
	const char *value = variable(repo, name);
	int on = 0;

	return value && !mv_git_parse_bool(&on, value) && on;
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/* "a, b/c,*.d" */
static int lfs_split(char ***out, const char *text, struct mv_err *err)
{
	size_t count = 1, n = 0;
	char **list;

	*out = NULL;
	if (!text)
		return 0;
	for (const char *p = text; *p; p++)
		count += *p == ',';
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return mv_nomem(err);
	*out = list;
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, ","), from = strspn(p, " \t"), to;

		for (to = len; to > from && strchr(" \t", p[to - 1]); to--)
			;
		if (to > from && !(list[n++] = strndup(p + from, to - from)))
			return mv_nomem(err);
		p += len + (p[len] == ',');
	}
	return 0;
}

static int load_lists(struct mv_repo_lfs *lfs, struct mv_repo *repo,
		      struct mv_err *err)
{
	const char *include, *exclude;
	int rc = setting(&include, repo, lfs, "lfs.fetchinclude", err);

	if (!rc)
		rc = setting(&exclude, repo, lfs, "lfs.fetchexclude", err);
	if (!rc)
		rc = lfs_split(&lfs->include, include, err);
	return rc ? rc : lfs_split(&lfs->exclude, exclude, err);
}

static int lfs_load(struct mv_repo_lfs **out, struct mv_repo *repo,
		    struct mv_err *err)
{
	struct mv_repo_lfs *lfs = repo->lfs;
	int rc = 0;

	if (!lfs) {
		lfs = calloc(1, sizeof(*lfs));
		if (!lfs)
			return mv_nomem(err);
		mv_buf_init(&lfs->file, LFSCONFIG_MAX);
		repo->lfs = lfs;
		mv_repo_at_close(repo, mv_transfer_lfs_release);
		lfs->skip = mv_transfer_lfs_variable_on(
			repo, "GIT_LFS_SKIP_SMUDGE");
		rc = load_file(&lfs->file, repo, err);
		if (!rc)
			rc = load_lists(lfs, repo, err);
		if (rc)
			mv_transfer_lfs_release(repo);
	}
	*out = repo->lfs;
	return rc;
}

void mv_transfer_lfs_release(struct mv_repo *repo)
{
	if (!repo->lfs)
		return;
	mv_buf_release(&repo->lfs->file);
	free_list(repo->lfs->include);
	free_list(repo->lfs->exclude);
	free(repo->lfs);
	repo->lfs = NULL;
}

int mv_transfer_lfs_setting(const char **out, struct mv_repo *repo,
			    const char *key, struct mv_err *err)
{
	struct mv_repo_lfs *lfs = NULL;
	int rc = lfs_load(&lfs, repo, err);

	*out = NULL;
	return rc ? rc : setting(out, repo, lfs, key, err);
}

/* -- which files are wanted ----------------------------------------------- */

static const char *next_part(const char *path)
{
	path += strcspn(path, "/");
	return *path ? path + 1 : NULL;
}

static int part_matches(const char *pattern, const char *path)
{
	char *p = strndup(pattern, strcspn(pattern, "/"));
	char *t = strndup(path, strcspn(path, "/"));
	int yes = p && t && !fnmatch(p, t, 0);

	free(p);
	free(t);
	return yes;
}

/* Folder by folder. A pattern that ends earlier means all that is below. */
static int parts_match(const char *pattern, const char *path)
{
	for (; pattern; pattern = next_part(pattern)) {
		if (!path)
			return 0;
		if (!strncmp(pattern, "**", 2) &&
		    (!pattern[2] || pattern[2] == '/')) {
			const char *rest = next_part(pattern);

			for (; rest && path; path = next_part(path))
				if (parts_match(rest, path))
					return 1;
			return !rest;
		}
		if (!part_matches(pattern, path))
			return 0;
		path = next_part(path);
	}
	return 1;
}

/*
 * As a line of .gitignore: with a slash in it, from the top; else any part of
 * the path.
 */
int mv_transfer_lfs_pattern_matches(const char *pattern, const char *path)
{
	char *name = strdup(pattern);
	size_t len = name ? strlen(name) : 0;
	const char *from_top = name;
	int yes = 0;

	while (len && name[len - 1] == '/')
		name[--len] = '\0';
	if (len && strchr(name, '/')) {
		from_top += *name == '/';
		yes = parts_match(from_top, path);
	} else if (len) {
		for (; path && !yes; path = next_part(path))
			yes = part_matches(name, path);
	}
	free(name);
	return yes;
}

static int any(char *const *list, const char *path)
{
	for (; list && *list; list++)
		if (mv_transfer_lfs_pattern_matches(*list, path))
			return 1;
	return 0;
}

int mv_transfer_lfs_wants(int *wanted, struct mv_repo *repo, const char *path,
			  struct mv_err *err)
{
	struct mv_repo_lfs *lfs = NULL;
	int rc = lfs_load(&lfs, repo, err);

	*wanted = 0;
	if (!rc && !lfs->skip)
		*wanted = !any(lfs->exclude, path) &&
			  (!lfs->include || !*lfs->include ||
			   any(lfs->include, path));
	return rc;
}

/* -- objects -------------------------------------------------------------- */

static int to_nowhere(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	(void)payload;
	(void)data;
	(void)len;
	(void)err;
	return 0;
}

int mv_transfer_lfs_verify(struct mv_repo *repo, const char *dir,
			   const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_writer nowhere = { to_nowhere, NULL };
	struct mv_statcache *cache = NULL;
	struct mv_repo_seen seen;
	char hex[MV_OID_HEX + 1], *path;
	struct mv_oid known;
	int fd = -1, rc;

	if (mv_oid_eq(oid, &repo->lfs_verified))
		return 0;
	mv_oid_hex(hex, oid);
	path = mv_strf("%s/objects/%.2s/%.2s/%s", dir, hex, hex + 2, hex);
	rc = path ? mv_open_read(&fd, NULL, path, err) : mv_nomem(err);
	if (!rc)
		rc = mv_repo_see(&seen, repo, fd, path, 0, err);
	if (fd >= 0)
		close(fd);
	if (!rc && !mv_repo_cache(&cache, repo, NULL) &&
	    !mv_statcache_get(&known, cache, path, &seen.st) &&
	    mv_oid_eq(&known, oid))
		goto good;
	if (!rc)
		rc = mv_lfsdir_read(dir, oid, &nowhere, err);
	if (!rc && cache)
		mv_statcache_put(cache, path, &seen.st, oid, &seen.clock);
good:
	if (!rc)
		repo->lfs_verified = *oid;
	free(path);
	return rc;
}
