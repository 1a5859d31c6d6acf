/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/meta/ledger.h"
#include "libmv/repo/state.h"
#include "libmv/transfer/transfer.h"

/* The git remote that notes and tags travel to and from. */

void mv_transfer_peer_release(struct mv_git_peer *p)
{
	free(p->name);
	free(p->from);
	free(p->tracking);
}

/* NULL in *value: there is no such remote, or it does not say. */
static int remote_config(const char **value, struct mv_repo *repo,
			 const char *name, const char *key, struct mv_err *err)
{
	char *full = mv_strf("remote.%s.%s", name, key);
	int rc = full ? mv_git_config(value, repo->git, full, err) :
		 mv_nomem(err);

	free(full);
	return rc;
}

struct only {
	char *name;
	size_t count;
};

static int find_remote(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct only *only = payload;
	size_t len = strlen(key);

	(void)value;
	if (len <= 11 || strncmp(key, "remote.", 7) ||
	    strcmp(key + len - 4, ".url"))
		return 0;
	free(only->name);
	only->name = strndup(key + 7, len - 11);
	only->count++;
	return only->name ? 0 : mv_nomem(err);
}

int mv_transfer_default_remote(char **out, struct mv_repo *repo,
			       struct mv_err *err)
{
	const char *name, *url = NULL;
	struct only only = { NULL, 0 };
	int rc = mv_git_config(&name, repo->git, "model.remote", err);

	*out = NULL;
	if (!rc && name)
		rc = remote_config(&url, repo, name, "url", err);
	if (!rc && !url) {
		name = "origin";
		rc = remote_config(&url, repo, name, "url", err);
	}
	if (rc)
		return rc;
	if (url) {
		*out = strdup(name);
		return *out ? 0 : mv_nomem(err);
	}
	rc = mv_git_config_each(repo->git, find_remote, &only, err);
	if (!rc && only.count == 1) {
		*out = only.name;
		only.name = NULL;
	}
	free(only.name);
	return rc;
}

/* Most names are plain; what the others may be, git knows. */
static int is_ref(struct mv_repo *repo, const char *ref)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/";
	const char *args[] = { "check-ref-format", ref, NULL };
	size_t len = strlen(ref);

	if (strspn(ref, plain) == len && ref[len - 1] != '/' &&
	    !strstr(ref, "//"))
		return 1;
	return !mv_git_run(repo->git, args, NULL, 0, NULL, NULL);
}

int mv_transfer_peer_find(struct mv_git_peer *out, struct mv_repo *repo,
			  const char *name, struct mv_err *err)
{
	const char *push_url, *url;
	int rc;

	memset(out, 0, sizeof(*out));
	if (!name) {
		rc = mv_transfer_default_remote(&out->name, repo, err);
		if (rc || !out->name)
			return rc;
	} else if (*name == '-' || !*name) {
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	} else if (!(out->name = strdup(name))) {
		return mv_nomem(err);
	}
	name = out->name;
	rc = remote_config(&url, repo, name, "url", err);
	if (rc)
		return rc;
	/* A number that means a descriptor of some other program: whatever is
	   open under it here would be talked to, or waited for. */
	if (!strncmp(url ? url : name, "fd::", 4)) {
		free(out->name);
		out->name = NULL;
		return 0;
	}
	if (!url) {
		/* A URL; or a name that only our own remotes have. */
		if (!strchr(name, '/') && !strchr(name, ':') &&
		    strcmp(name, ".")) {
			free(out->name);
			out->name = NULL;
		}
		return 0;
	}
	out->tracking = mv_strf(MV_NOTES_REMOTES "%s", name);
	if (!out->tracking)
		return mv_nomem(err);
	if (!is_ref(repo, out->tracking)) {
		free(out->tracking);
		out->tracking = NULL;
	}
	rc = remote_config(&push_url, repo, name, "pushurl", err);
	if (!rc && push_url && !(out->from = strdup(push_url)))
		rc = mv_nomem(err);
	return rc;
}

int mv_transfer_peer(char **name, struct mv_repo *repo, const char *remote,
		     struct mv_err *err)
{
	struct mv_git_peer peer;
	int rc = mv_transfer_peer_find(&peer, repo, remote, err);

	*name = NULL;
	if (!rc && peer.name && !(*name = strdup(peer.name)))
		rc = mv_nomem(err);
	mv_transfer_peer_release(&peer);
	return rc;
}
