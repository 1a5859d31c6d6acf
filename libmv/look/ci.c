/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/words.h"
#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/look/priv.h"
#include "libmv/release/release.h"
#include "libmv/transfer/transfer.h"

#define OUT_MAX ((size_t)64 << 20)
#define FIRST_STEP 64		/* commits; each step takes four times more */
#define TAG "refs/tags/"

struct ci {
	struct mv_repo *repo;
	const struct mv_ci_fetch *ask;
	struct mv_ci_fetched *out;
	unsigned left;		/* commits that we may deepen by */
};

static int fetch(struct ci *ci, const char *how, const char *const *specs,
		 const struct mv_buf *in, struct mv_err *err)
{
	return mv_release_git_fetch(ci->repo, ci->out->remote, how, specs, in,
				    err);
}

/* -- tags of the registry ------------------------------------------------- */

static int fetch_tags(struct ci *ci, struct mv_err *err)
{
	struct mv_registry_fetched got;
	int rc = mv_release_fetch(&got, ci->repo, ci->out->remote, ci->ask->tell,
				  ci->ask->payload, err);

	ci->out->tags = got.tags;
	ci->out->differing = got.differing;
	return rc;
}

/* -- the two commits ------------------------------------------------------ */

static int is_hex(const struct ci *ci, const char *name)
{
	return strlen(name) == ci->repo->info->hex_len &&
	       strspn(name, "0123456789abcdef") == strlen(name);
}

/* "origin/main" of the remote origin: "main"; NULL: not so. */
static const char *remote_branch(const struct ci *ci, const char *name)
{
	size_t n = strlen(ci->out->remote);

	return !strncmp(name, ci->out->remote, n) && name[n] == '/' &&
	       name[n + 1] && !strpbrk(name, " :*?[\\^~\n") ?
	       name + n + 1 : NULL;
}

/*
 * Put what `source` (an id, or a full ref) is at the remote into the ref `to`.
 * What is new to a ref that is here joins its history; else one commit will
 * do, to begin with.
 */
static int bring(struct ci *ci, const char *name, const char *source,
		 const char *to, struct mv_err *err)
{
	char *spec = mv_strf("+%s:%s", source, to);
	const char *specs[] = { spec, NULL };
	char old[65] = "", new[65];
	struct mv_err why = { 0 };
	int shallow = mv_git_is_shallow(ci->repo->git, err);
	int rc = spec ? 0 : mv_nomem(err);

	if (!rc && shallow < 0)
		rc = shallow;
	if (!rc) {
		rc = mv_git_ref_get(old, ci->repo->git, to, err);
		if (rc)
			*old = '\0';
		rc = rc == MV_ENOENT ? 0 : rc;
	}
	if (!rc && fetch(ci, shallow && !*old ? "--depth=1" : NULL, specs,
			 NULL, &why))
		rc = mv_fail(err, MV_ENOENT, "'%s' cannot be had from '%s': "
			     "%s", name, ci->out->remote, why.msg);
	if (!rc)
		rc = mv_git_ref_get(new, ci->repo->git, to, err);
	if (!rc && strcmp(old, new)) {
		ci->out->commits++;
		mv_tell(ci->ask->tell, ci->ask->payload, "fetched %s", name);
	}
	free(spec);
	return rc;
}

/* A clone may be an old one, used again: branches are asked for anew. */
static int bring_branch(char *hex, struct ci *ci, const char *name,
			const char *branch, const char *keep,
			struct mv_err *err)
{
	/* Of a URL no branch is remembered. */
	char *to = strpbrk(ci->out->remote, ":/") ? strdup(keep) :
		   mv_strf("refs/remotes/%s/%s", ci->out->remote, branch);
	char *source = mv_strf("refs/heads/%s", branch);
	int rc = to && source ? bring(ci, name, source, to, err) :
		 mv_nomem(err);

	if (!rc)
		rc = mv_git_commit(hex, ci->repo->git, to, err);
	free(to);
	free(source);
	return rc;
}

/* A tag that came along is not to be taken for the remote's branch. */
static int check_tag(struct ci *ci, const char *name, struct mv_err *err)
{
	char *tag = mv_strf("refs/tags/%s", name);
	char *head = mv_strf("refs/heads/%s", name), hex[65];
	const char *args[] = { "ls-remote", "--exit-code", ci->out->remote,
			       head, NULL };
	struct mv_buf text;
	int status = 0, limit = 0, rc;

	mv_buf_init(&text, 1 << 20);
	rc = tag && head ? mv_git_ref_get(hex, ci->repo->git, tag, err) :
	     mv_nomem(err);
	if (!rc)
		rc = mv_repo_fetch_limit(&limit, ci->repo, err);
	mv_git_limit(ci->repo->git, limit);
	if (!rc)
		rc = mv_git_ask(&status, ci->repo->git, args, 2, &text, err);
	mv_git_limit(ci->repo->git, 0);
	if (!rc && !status)
		rc = mv_fail(err, MV_EINVALID, "'%s' is the name of a tag and "
			     "of a branch of '%s': say which, refs/tags/%s or "
			     "%s/%s", name, ci->out->remote, name,
			     ci->out->remote, name);
	mv_buf_release(&text);
	free(head);
	free(tag);
	return rc == MV_ENOENT ? 0 : rc;
}

/* A revision that is here; else a commit or a branch of the remote. */
static int ci_find(char *hex, struct ci *ci, const char *name, const char *keep,
		   struct mv_err *err)
{
	const char *branch = remote_branch(ci, name);
	int rc;

	if (branch)
		return bring_branch(hex, ci, name, branch, keep, err);
	rc = mv_git_commit_sure(hex, ci->repo->git, name, err);
	if (!rc)
		return check_tag(ci, name, err);
	if (rc != MV_ENOENT)
		return rc;
	if (*name == '-' || strpbrk(name, " :*?[\\^~\n") || !*name)
		return mv_fail(err, MV_EINVALID, "'%s' is neither a commit "
			       "here nor the name of a branch", name);
	if (is_hex(ci, name)) {
		rc = bring(ci, name, name, keep, err);
		return rc ? rc : mv_git_commit(hex, ci->repo->git, name, err);
	}
	return bring_branch(hex, ci, name, name, keep, err);
}

/* For what comes after, under one name whatever it was called. */
static int ci_remember(struct ci *ci, const char *keep, const char *hex,
		       struct mv_err *err)
{
	char old[65];
	int rc = mv_git_ref_get(old, ci->repo->git, keep, err);

	if (rc && rc != MV_ENOENT)
		return rc;
	if (rc)
		*old = '\0';
	return strcmp(old, hex) ?
	       mv_git_ref_set(ci->repo->git, keep, hex, old,
			      "git-model: ci fetch", err) : 0;
}

/* -- history -------------------------------------------------------------- */

/*
 * The server deepens every edge that its refs reach, whatever is asked for:
 * ask for as little as there is, the two. Where it will not give them by id
 * (protocol 0; a head that was made here), for what is configured.
 */
static int deepen(struct ci *ci, const char *how, struct mv_err *err)
{
	const char *specs[] = { ci->out->base, ci->out->head, NULL };

	if (*ci->out->base && !fetch(ci, how, specs, NULL, NULL))
		return 0;
	return fetch(ci, how, NULL, NULL, err);
}

static int no_common(struct ci *ci, int shallow, struct mv_err *err)
{
	if (shallow)
		return mv_fail(err, MV_ENOENT, "base and head have no common "
			       "commit within %u more commits of history; "
			       "allow more by --max-depth, or clone all of it",
			       ci->out->deepened);
	return mv_fail(err, MV_ENOENT, "base %.12s and head %.12s have no "
		       "history in common", ci->out->base, ci->out->head);
}

static int meet(struct ci *ci, struct mv_err *err)
{
	struct mv_ci_fetched *out = ci->out;
	unsigned step = FIRST_STEP;
	char how[32];
	int shallow, rc;

	for (;; step *= 4) {
		rc = mv_git_merge_base(out->merge_base, ci->repo->git,
				       out->base, out->head, err);
		if (rc != MV_ENOENT)
			return rc;
		shallow = mv_git_is_shallow(ci->repo->git, err);
		if (shallow < 0)
			return shallow;
		if (!shallow || !ci->left)
			return no_common(ci, shallow, err);
		if (step > ci->left)
			step = ci->left;
		mv_tell(ci->ask->tell, ci->ask->payload,
			"base and head do not meet yet: deepening history by "
			"%u commits", step);
		snprintf(how, sizeof(how), "--deepen=%u", step);
		rc = deepen(ci, how, err);
		if (rc)
			return rc;
		ci->left -= step;
		out->deepened += step;
	}
}

static int unshallow(struct ci *ci, struct mv_err *err)
{
	int shallow = mv_git_is_shallow(ci->repo->git, err);

	if (shallow <= 0)
		return shallow;
	mv_tell(ci->ask->tell, ci->ask->payload, "fetching all of history");
	return deepen(ci, "--unshallow", err);
}

static int find_both(struct ci *ci, struct mv_err *err)
{
	struct mv_ci_fetched *out = ci->out;
	const char *head = ci->ask->head ? ci->ask->head : "HEAD";
	int rc;

	if (!ci->ask->base)
		return 0;
	rc = ci_find(out->base, ci, ci->ask->base, MV_CI_BASE, err);
	if (!rc)
		rc = ci_find(out->head, ci, head, MV_CI_HEAD, err);
	if (!rc)
		rc = ci_remember(ci, MV_CI_BASE, out->base, err);
	return rc ? rc : ci_remember(ci, MV_CI_HEAD, out->head, err);
}

void mv_look_ci_fetched_release(struct mv_ci_fetched *f)
{
	free(f->remote);
	memset(f, 0, sizeof(*f));
}

static int find_remote(struct ci *ci, struct mv_err *err)
{
	const char *name = ci->ask->remote;
	int rc = 0;

	if (!name)
		rc = mv_transfer_choose_remote(&ci->out->remote, ci->repo,
					       err);
	else if (*name == '-' || !*name)
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	else if (!(ci->out->remote = strdup(name)))
		rc = mv_nomem(err);
	if (!rc && !ci->out->remote)
		rc = mv_fail(err, MV_ENOENT, "there is no git remote to fetch "
			     "from; name it by --remote");
	return rc;
}

int mv_look_ci_fetch(struct mv_ci_fetched *out, struct mv_repo *repo,
		     const struct mv_ci_fetch *ask, struct mv_err *err)
{
	struct ci ci = { repo, ask, out, ask->max_depth ? ask->max_depth :
			 MV_CI_DEPTH };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_remote(&ci, err);
	/* Tags first: what they cut off, deepening mends. */
	if (!rc)
		rc = fetch_tags(&ci, err);
	if (!rc)
		rc = mv_evidence_notes_fetch(repo, out->remote, &out->records,
					     err);
	if (!rc)
		rc = find_both(&ci, err);
	if (!rc && ask->whole)
		rc = unshallow(&ci, err);
	if (!rc && *out->base)
		rc = meet(&ci, err);
	if (!rc) {
		rc = mv_git_is_shallow(repo->git, err);
		out->shallow = rc > 0;
		rc = rc < 0 ? rc : 0;
	}
	if (rc)
		mv_look_ci_fetched_release(out);
	return rc;
}
