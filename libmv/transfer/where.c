/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/remote/remote.h"
#include "libmv/transfer/priv.h"

/*
 * Which store goes with which git remote, and moving content there and back.
 *
 * A git remote that is a path on this machine needs no configuration: its
 * store is <its common dir>/model, or what model.store in its own
 * configuration says. Its Git LFS objects are in <its common dir>/lfs.
 */

/* The one that was named, model.remote, "origin", or the only one; yours. */
static int choose_remote(char **name, struct mv_repo *repo, const char *said,
			 struct mv_err *err)
{
	const char *origin = NULL, *chosen = NULL;
	int rc = 0;

	*name = NULL;
	if (!said)
		rc = mv_git_config(&chosen, repo->git, "model.remote", err);
	if (!rc && chosen)
		rc = mv_transfer_check_chosen(repo, chosen, err);
	if (!rc && chosen)
		said = chosen;
	if (!rc && !said)
		rc = mv_transfer_configured_url(&origin, repo, "origin", err);
	if (!rc && !said && !origin)
		rc = mv_transfer_choose_remote(name, repo, err);
	if (!rc && !*name && !(*name = strdup(said ? said : "origin")))
		rc = mv_nomem(err);
	return rc;
}

/* What was configured for this one or, where nothing was, for model.remote. */
static int find_url(const char **url, struct mv_repo *repo, const char *name,
		    const char *fallback, struct mv_err *err)
{
	int rc = mv_transfer_configured_url(url, repo, name, err);

	if (!rc && !*url && fallback)
		rc = mv_transfer_configured_url(url, repo, fallback, err);
	return rc;
}

void mv_transfer_destination_release(struct mv_destination *d)
{
	free(d->store);
	free(d->git_dir);
	memset(d, 0, sizeof(*d));
}

/*
 * A path that is a git repository means that repository's own store: in its
 * root nobody would look for one. Any other is a store itself, and `remote
 * add` has made it.
 */
static int configured_place(struct mv_destination *out, struct mv_repo *repo,
			    const char *url, struct mv_err *err)
{
	char *path = mv_transfer_local_path(&out->git_dir, repo, url);

	if (out->git_dir) {
		free(path);
		return mv_repo_store_of(&out->store, repo, out->git_dir, err);
	}
	out->store = path ? path : strdup(url);
	return out->store ? 0 : mv_nomem(err);
}

/*
 * `url`: of the push that is under way, which may be one of several, or of no
 * remote at all; NULL: ask git what it is.
 */
static int find_place(struct mv_destination *out, struct mv_repo *repo,
		      const char *name, const char *url, struct mv_err *err)
{
	const char *configured, *fallback;
	int rc = mv_git_config(&fallback, repo->git, "model.remote", err);

	if (rc)
		return rc;
	if (name[0] == '-')
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	rc = find_url(&configured, repo, name, fallback, err);
	if (rc)
		return rc;
	if (configured) {
		out->configured = 1;
		return configured_place(out, repo, configured, err);
	}
	rc = mv_transfer_git_dir_at(&out->git_dir, repo, name, url, err);
	return rc ? rc : mv_repo_store_of(&out->store, repo, out->git_dir, err);
}

int mv_transfer_remote_make(struct mv_repo *repo, const char *url,
			    struct mv_err *err)
{
	struct mv_destination place = { NULL, NULL, 1 };
	struct mv_remote *remote = NULL;
	int rc = configured_place(&place, repo, url, err);

	if (!rc && !place.git_dir)
		rc = mv_remote_open(&remote, place.store, MV_REMOTE_MAKE, NULL,
				    err);
	mv_remote_close(remote);
	mv_transfer_destination_release(&place);
	return rc;
}

int mv_transfer_destination(struct mv_destination *out, struct mv_repo *repo,
			    const char *name, const char *url, struct mv_err *err)
{
	char *chosen;
	int rc = choose_remote(&chosen, repo, name, err);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = find_place(out, repo, chosen, url, err);
	if (rc)
		mv_transfer_destination_release(out);
	free(chosen);
	return rc;
}

int mv_transfer_push_urls(char **out, struct mv_repo *repo, const char *name,
			  struct mv_err *err)
{
	const char *configured = NULL, *fallback;
	char *chosen = NULL;
	int rc = mv_git_config(&fallback, repo->git, "model.remote", err);

	*out = NULL;
	if (!rc)
		rc = choose_remote(&chosen, repo, name, err);
	if (!rc)
		rc = find_url(&configured, repo, chosen, fallback, err);
	/* What is wrong with the name, finding its place will say. */
	if (!rc && !configured && chosen[0] != '-')
		rc = mv_transfer_git_urls(out, repo, chosen, 1, err);
	free(chosen);
	return rc;
}

int mv_transfer_remote_url(char **out, struct mv_repo *repo, const char *name,
			   struct mv_err *err)
{
	struct mv_destination d;
	int rc = mv_transfer_destination(&d, repo, name, NULL, err);

	*out = NULL;
	if (!rc) {
		*out = d.store;
		d.store = NULL;
		mv_transfer_destination_release(&d);
	}
	return rc;
}

int mv_transfer_pushed_dir(char **out, struct mv_repo *repo, const char *name,
			   const char *url, struct mv_err *err)
{
	struct mv_err why;
	char *chosen;
	int rc = choose_remote(&chosen, repo, name, err);

	*out = NULL;
	if (rc)
		return rc;
	rc = mv_transfer_git_dir_at(out, repo, chosen, url, &why);
	free(chosen);
	if (rc && rc != MV_ENOENT)
		return mv_fail(err, rc, "%s", why.msg);
	return 0;
}

int mv_transfer_store_beside(char **out, struct mv_repo *repo, const char *url,
			     struct mv_err *err)
{
	char *git_dir = NULL;
	int rc = mv_transfer_git_dir_at(&git_dir, repo, url, url, err);

	if (!rc)
		rc = mv_repo_store_of(out, repo, git_dir, err);
	free(git_dir);
	return rc;
}
