/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "libmv/git/git.h"
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/priv.h"
#include "libmv/transfer/server.h"

/* Objects of Git LFS that come here. */

/* What came, or was here; why not for the first that did not come. */
static void take_items(const struct mv_transfer_item *items, size_t count,
		       uint8_t *present, struct mv_repo *repo)
{
	const struct mv_transfer_item *first = NULL;
	char hex[MV_OID_HEX + 1];
	size_t missing = 0;

	for (size_t i = 0; i < count; i++) {
		if (items[i].done)
			present[items[i].index] = 1;
		else if (!missing++)
			first = &items[i];
	}
	if (missing && !repo->filter.lfs_told++)
		mv_repo_warn(repo, "%zu Git LFS object%s not come from the LFS "
			     "server, the first is %s: %s", missing,
			     missing == 1 ? " has" : "s have",
			     mv_oid_hex(hex, &first->pointer->oid),
			     first->err.code ? first->err.msg :
			     "it was not asked for any more");
}

/* Nothing to be fetched is never an error: what is not here is said so. */
static int fetch_from_server(struct mv_repo *repo, const char *remote,
			     const struct mv_pointer *p, size_t count,
			     uint8_t *present, struct mv_err *err)
{
	struct mv_transfer_item *items = calloc(count + 1, sizeof(*items));
	struct mv_transfer_server server = { 0 };
	struct mv_err why;
	const char *own;
	size_t n = 0;
	int rc = items ? mv_repo_lfs_dir(&own, repo, err) : mv_nomem(err);
	int bad;

	if (rc) {
		free(items);
		return rc;
	}
	for (size_t i = 0; i < count; i++)
		if (p[i].dialect == MV_DIALECT_LFS && !present[i])
			items[n++] = (struct mv_transfer_item){
				.pointer = &p[i], .index = i, .dir = own };
	bad = mv_transfer_server_open(&server, repo, remote, NULL, 0, &why);
	if (!bad)
		bad = mv_transfer_server_get(&server, items, n, &why);
	if (bad && !repo->filter.lfs_told++)
		mv_repo_warn(repo, "Git LFS objects could not be fetched: %s",
			     why.msg);
	take_items(items, n, present, repo);
	for (size_t i = 0; i < n; i++)
		mv_transfer_item_release(&items[i]);
	mv_transfer_server_close(&server);
	free(items);
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
