/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "libmv/git/git.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/priv.h"

/* Objects of Git LFS that come here. */

/* git-lfs fetches what a tree names: so a tree of just these pointers. */
static int make_tree(char *hex, struct mv_repo *repo,
		     const struct mv_pointer *p, size_t count,
		     const uint8_t *present, struct mv_err *err)
{
	static const char *const args[] = { "mktree", "--missing", NULL };
	struct mv_buf list, out;
	char blob[65];
	int rc = 0;

	mv_buf_init(&list, SIZE_MAX / 2);
	mv_buf_init(&out, 128);
	for (size_t i = 0; !rc && i < count; i++) {
		struct mv_pointer plain = { .oid = p[i].oid, .size = p[i].size,
					    .dialect = MV_DIALECT_LFS,
					    .canonical = 1 };

		if (present[i] || p[i].dialect != MV_DIALECT_LFS)
			continue;
		rc = mv_repo_pointer_blob(blob, repo, &plain, 1, err);
		if (!rc && mv_buf_addf(&list, "100644 blob %s\t%010zu\n",
				       blob, i))
			rc = mv_nomem(err);
	}
	if (!rc)
		rc = mv_git_run(repo->git, args, list.data, list.len, &out,
				err);
	if (!rc)
		snprintf(hex, 65, "%.*s", (int)repo->info->hex_len, out.data);
	mv_buf_release(&out);
	mv_buf_release(&list);
	return rc;
}

/* Nothing to be fetched is never an error: what is not here is said so. */
static int fetch_from_server(struct mv_repo *repo, const char *remote,
			     const struct mv_pointer *p, size_t count,
			     uint8_t *present, struct mv_err *err)
{
	char tree[65];
	const char *args[] = { "lfs", "fetch", "--include=", "--exclude=",
			       remote, tree, NULL };
	struct mv_buf out;
	struct mv_err why;
	int rc;

	if (!mv_transfer_lfs_has_program(repo)) {
		if (!repo->filter.lfs_told++)
			mv_repo_warn(repo, "Git LFS objects are at an LFS "
				     "server, and git-lfs, which speaks to "
				     "it, is not installed: install git-lfs, "
				     "then `git model pull`");
		return 0;
	}
	rc = make_tree(tree, repo, p, count, present, err);
	if (rc)
		return rc;
	mv_buf_init(&out, SIZE_MAX / 2);
	if (mv_git_run(repo->git, args, NULL, 0, &out, &why) &&
	    !repo->filter.lfs_told++)
		mv_repo_warn(repo, "git-lfs could not fetch: %s", why.msg);
	mv_buf_release(&out);
	for (size_t i = 0; i < count; i++)
		if (p[i].dialect == MV_DIALECT_LFS && !present[i])
			present[i] = !mv_repo_has(repo, &p[i], NULL);
	return 0;
}

static int fetch_from_dir(struct mv_repo *repo, const char *from,
			  const struct mv_pointer *p, size_t count,
			  uint8_t *present, struct mv_err *err)
{
	const char *own;
	struct mv_err why;
	int rc = mv_repo_lfs_dir(&own, repo, err);

	for (size_t i = 0; !rc && i < count; i++) {
		if (p[i].dialect != MV_DIALECT_LFS || present[i] ||
		    mv_lfsdir_has(from, &p[i].oid, NULL, NULL))
			continue;
		if (mv_transfer_lfs_copy(own, from, &p[i], &why))
			mv_repo_warn(repo, "cannot fetch from '%s': %s", from,
				     why.msg);
		else
			present[i] = 1;
	}
	return rc;
}

static size_t count_missing(const struct mv_pointer *p, size_t count,
			    const uint8_t *present)
{
	size_t missing = 0;

	for (size_t i = 0; i < count; i++)
		missing += p[i].dialect == MV_DIALECT_LFS && !present[i];
	return missing;
}

static int dir_beside(char **out, struct mv_repo *repo, const char *url,
		      struct mv_err *err)
{
	char *git_dir = NULL;
	int rc = mv_transfer_git_dir_at(&git_dir, repo, url, url, err);

	if (!rc)
		rc = mv_transfer_lfs_dir_of(out, repo, git_dir, err);
	free(git_dir);
	return rc;
}

/* Servers are asked only where one of them is the default remote's. */
static int fetch_from_others(struct mv_repo *repo, const struct mv_pointer *p,
			     size_t count, uint8_t *present,
			     struct mv_err *err)
{
	struct mv_sources dirs;
	int rc = mv_transfer_all_beside(&dirs, repo, dir_beside, err);

	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < dirs.count &&
			   count_missing(p, count, present); i++)
		rc = fetch_from_dir(repo, dirs.url[i], p, count, present, err);
	mv_transfer_sources_release(&dirs);
	return rc;
}

/* From the remote of this name; NULL: there is none. */
static int fetch_from(struct mv_repo *repo, const char *remote,
		      const struct mv_pointer *p, size_t count,
		      uint8_t *present, struct mv_err *err)
{
	char *dir = NULL;
	int rc = remote ? mv_transfer_lfs_find_dir(&dir, repo, remote, NULL, 0,
						   err) : 0;

	if (!rc && remote)
		rc = dir ? fetch_from_dir(repo, dir, p, count, present, err) :
		     fetch_from_server(repo, remote, p, count, present, err);
	free(dir);
	return rc;
}

int mv_transfer_lfs_fetch(struct mv_repo *repo, const char *remote,
			  const struct mv_pointer *p, size_t count,
			  uint8_t *present, struct mv_err *err)
{
	char *name = NULL;
	int rc = 0;

	if (!count_missing(p, count, present))
		return 0;
	if (remote)
		return fetch_from(repo, remote, p, count, present, err);
	rc = mv_transfer_default_remote(&name, repo, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = fetch_from(repo, name, p, count, present, err);
	free(name);
	if (!rc && count_missing(p, count, present))
		rc = fetch_from_others(repo, p, count, present, err);
	return rc;
}

int mv_transfer_lfs_elsewhere(struct mv_repo *repo, const struct mv_pointer *p,
			      size_t count, uint8_t *elsewhere,
			      struct mv_err *err)
{
	struct mv_sources others = { NULL, 0 };
	char *dir = NULL, *name = NULL;
	int rc;

	if (!count_missing(p, count, elsewhere))
		return 0;
	rc = mv_transfer_default_remote(&name, repo, err);
	if (!rc && name)
		rc = mv_transfer_lfs_find_dir(&dir, repo, name, NULL, 0, err);
	for (size_t i = 0; !rc && name && i < count; i++)
		if (p[i].dialect == MV_DIALECT_LFS && !elsewhere[i])
			elsewhere[i] = !dir || !mv_lfsdir_has(dir, &p[i].oid,
							      NULL, NULL);
	if (!rc && count_missing(p, count, elsewhere))
		rc = mv_transfer_all_beside(&others, repo, dir_beside, err);
	for (size_t k = 0; k < others.count; k++)
		for (size_t i = 0; i < count; i++)
			if (p[i].dialect == MV_DIALECT_LFS && !elsewhere[i])
				elsewhere[i] = !mv_lfsdir_has(others.url[k],
							      &p[i].oid, NULL,
							      NULL);
	mv_transfer_sources_release(&others);
	free(dir);
	free(name);
	return rc;
}
