/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/words.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/meta/ledger.h"
#include "libmv/transfer/priv.h"

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

/* The git remotes of the configuration, each once. */
struct remotes {
	char **name;
	size_t count;
};

static int note_remote(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct remotes *r = payload;
	size_t len = strlen(key);
	char **name;

	(void)value;
	if (len <= 11 || strncmp(key, "remote.", 7) ||
	    strcmp(key + len - 4, ".url"))
		return 0;
	len -= 11;
	for (size_t i = 0; i < r->count; i++)
		if (!strncmp(r->name[i], key + 7, len) && !r->name[i][len])
			return 0;
	name = MV_GROW_ONE(r->name, r->count, err);
	if (!name)
		return MV_ENOMEM;
	*name = strndup(key + 7, len);
	return *name ? 0 : mv_nomem(err);
}

static void remotes_release(struct remotes *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->name[i]);
	free(r->name);
}

int mv_transfer_check_chosen(struct mv_repo *repo, const char *name,
			     struct mv_err *err)
{
	const char *known;
	char *url = NULL;
	int rc = mv_transfer_configured_url(&known, repo, name, err);

	if (!rc && !known)
		rc = remote_config(&known, repo, name, "url", err);
	if (rc || known)
		return rc;
	rc = mv_transfer_git_urls(&url, repo, name, 0, err);
	free(url);
	if (rc == MV_ENOENT)
		rc = mv_fail(err, MV_EINVALID, "model.remote is '%s', and "
			     "there is no such remote: `git config "
			     "model.remote NAME` chooses another one, `git "
			     "model remote` shows them", name);
	return rc;
}

int mv_transfer_default_remote(char **out, struct mv_repo *repo,
			       struct mv_err *err)
{
	const char *name, *url = NULL;
	struct remotes all = { NULL, 0 };
	int rc = mv_git_config(&name, repo->git, "model.remote", err);

	*out = NULL;
	if (!rc && name)
		rc = remote_config(&url, repo, name, "url", err);
	if (!rc && name && !url)
		rc = mv_transfer_check_chosen(repo, name, err);
	if (!rc && !url) {
		name = "origin";
		rc = remote_config(&url, repo, name, "url", err);
	}
	if (rc)
		return rc;
	if (url)
		return mv_set_str(out, name, err);
	rc = mv_git_config_each(repo->git, note_remote, &all, err);
	if (!rc && all.count == 1)
		rc = mv_set_str(out, all.name[0], err);
	remotes_release(&all);
	return rc;
}

/* As many names as a line has room for. */
static int say_which(const struct remotes *all, struct mv_err *err)
{
	char names[200], line[400] = "";

	for (size_t i = 0; i < all->count && strlen(line) < sizeof(names); i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 "%s%s", i ? ", " : "", all->name[i]);
	return mv_fail(err, MV_EINVALID, "which remote? There are %zu (%s), "
		       "and none is origin: name one, or let `git config "
		       "model.remote NAME` choose", all->count,
		       mv_words(names, sizeof(names), "%s", line));
}

int mv_transfer_choose_remote(char **out, struct mv_repo *repo,
			      struct mv_err *err)
{
	struct remotes all = { NULL, 0 };
	int rc = mv_transfer_default_remote(out, repo, err);

	if (rc || *out)
		return rc;
	rc = mv_git_config_each(repo->git, note_remote, &all, err);
	if (!rc && all.count)
		rc = say_which(&all, err);
	remotes_release(&all);
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
		rc = mv_transfer_choose_remote(&out->name, repo, err);
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
