/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/words.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/refs.h"
#include "libmv/meta/tags.h"
#include "libmv/release/release.h"
#include "libmv/repo/state.h"
#include "libmv/transfer/asked.h"
#include "libmv/transfer/transfer.h"

/*
 * All tags of the registry that a remote has. `git fetch` and `git pull` bring
 * those of commits that they bring: after a squash-merge a version's commit is
 * on no branch, and without its tags the one before it seems to hold the stage.
 */
#define OUT_MAX ((size_t)64 << 20)
#define TAG "refs/tags/"

/* "http.lowSpeedTime=60" and its like, where nobody has said otherwise: a
   server that sends nothing for so long is not waited for. */
static int add_low_speed(const char **args, size_t *n, struct mv_repo *repo,
			 struct mv_err *err)
{
	const char *limit = NULL, *time = NULL;
	int rc = mv_git_config(&limit, repo->git, "http.lowspeedlimit", err);

	if (!rc)
		rc = mv_git_config(&time, repo->git, "http.lowspeedtime", err);
	if (rc || limit || time)
		return rc;
	args[(*n)++] = "-c";
	args[(*n)++] = "http.lowSpeedLimit=1";
	args[(*n)++] = "-c";
	args[(*n)++] = "http.lowSpeedTime=60";
	return 0;
}

/*
 * `git fetch` of nothing but what is said: a clone's own refspecs often mean
 * every branch. `how` (--depth=1) and `specs` may end early, with a NULL.
 */
int mv_release_git_fetch(struct mv_repo *repo, const char *remote,
			 const char *how, const char *const *specs,
			 const struct mv_buf *in, struct mv_err *err)
{
	static const char *const first[] = {
		"fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
		"--no-recurse-submodules", "--no-auto-maintenance",
		"--no-prune"
	};
	const char *args[24];
	size_t n = 0;
	int limit;
	int rc = add_low_speed(args, &n, repo, err);

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		args[n++] = first[i];
	if (specs || in)
		args[n++] = "--refmap=";
	if (how)
		args[n++] = how;
	if (in)
		args[n++] = "--stdin";
	args[n++] = remote;
	for (; specs && *specs; specs++)
		args[n++] = *specs;
	args[n] = NULL;
	if (!rc)
		rc = mv_repo_fetch_limit(&limit, repo, err);
	if (rc)
		return rc;
	mv_git_limit(repo->git, limit);
	rc = mv_git_run(repo->git, args, in ? in->data : NULL,
			in ? in->len : 0, NULL, err);
	mv_git_limit(repo->git, 0);
	return rc != MV_EBUSY ? rc :
	       mv_fail(err, MV_EBUSY, "git fetch from '%s' was stopped after "
		       "%d seconds (model.fetchTimeout)", remote, limit / 1000);
}

/* -- tags of the registry ------------------------------------------------- */

/* Tags whose commit is here already, and those that bring theirs along. */
struct tags {
	struct mv_repo *repo;
	const char *remote;
	struct mv_registry_fetched *out;
	void (*say)(void *payload, const char *text);
	void *payload;
	struct mv_buf near, far;
	char last[65];		/* what the tag before, if missing, is at */
	char name[MV_TAG_MAX + 1];
	int pending;
	int force;	/* what is here under that name is no event */
	int any;	/* the remote has some, whatever they are */
};

/* The name is a stranger's, and becomes a refspec. */
static int fetch_is_ours(const char *name)
{
	struct mv_tag tag;

	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr(":*?[\\^~\177", *p))
			return 0;
	if (strlen(name) > MV_TAG_MAX || mv_tag_parse(&tag, name, NULL))
		return 0;
	mv_tag_release(&tag);
	return 1;
}

/* The tag before this line is complete: its commit is `commit`. */
static int fetch_settle(struct tags *tags, const char *commit,
			struct mv_err *err)
{
	char hex[65];
	struct mv_buf *to;

	if (!tags->pending)
		return 0;
	tags->pending = 0;
	tags->out->tags++;
	to = mv_git_commit(hex, tags->repo->git, commit, NULL) ?
	     &tags->far : &tags->near;
	return mv_buf_addf(to, "%s" TAG "%s:" TAG "%s\n",
			   tags->force ? "+" : "",
			   tags->name, tags->name) ? mv_nomem(err) : 0;
}

/* "<hex>\trefs/tags/<name>", after an annotated one the same with "^{}". */
static int fetch_take_line(struct tags *tags, char *line,
			   struct mv_err *err)
{
	const size_t n = tags->repo->info->hex_len;
	const size_t skip = n + 1 + strlen(TAG);
	char here[65], commit[65], *name;
	size_t len = strlen(line);
	int rc;

	if (len <= skip || strncmp(line + n, "\t" TAG, skip - n) ||
	    strspn(line, "0123456789abcdef") != n)
		return 0;
	line[n] = '\0';
	name = line + skip;
	tags->any |= strpbrk(name, "@#") != NULL;
	if (len > skip + 3 && !strcmp(line + len - 3, "^{}"))
		return fetch_settle(tags, line, err);
	rc = fetch_settle(tags, tags->last, err);
	if (rc || !fetch_is_ours(name))
		return rc;
	tags->force = 0;
	rc = mv_git_ref_get(here, tags->repo->git, line + n + 1, err);
	if (!rc && strcmp(here, line) &&
	    !mv_git_commit(commit, tags->repo->git, here, NULL) &&
	    !strcmp(commit, here)) {
		/* A bare commit, as some CI checkouts leave: it says nothing. */
		tags->force = 1;
		tags->out->mended++;
		rc = MV_ENOENT;
	} else if (!rc && strcmp(here, line)) {
		tags->out->differing++;
		mv_tell(tags->say, tags->payload,
			"tag '%s' is not what it is at '%s'; left as it is. "
			"If that one counts, take it and do yours again, which "
			"gets the next number: git tag -d '%s' && git model fetch "
			"%s", name, tags->remote, name, tags->remote);
	}
	if (rc != MV_ENOENT)
		return rc;
	tags->pending = 1;
	snprintf(tags->name, sizeof(tags->name), "%s", name);
	memcpy(tags->last, line, n + 1);
	return 0;
}

static int list_tags(struct tags *tags, struct mv_err *err)
{
	const char *args[] = { "ls-remote", "--tags", tags->remote, NULL };
	char *save = NULL;
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, OUT_MAX);
	rc = mv_repo_talk(tags->repo, args, &text, err);
	/* That there are none is kept, so what is said by saying nothing is
	   asked twice. */
	if (!rc && !text.len)
		rc = mv_repo_talk(tags->repo, args, &text, err);
	if (!rc && text.len)
		for (char *line = strtok_r(text.data, "\n", &save);
		     !rc && line; line = strtok_r(NULL, "\n", &save))
			rc = fetch_take_line(tags, line, err);
	if (!rc)
		rc = fetch_settle(tags, tags->last, err);
	mv_buf_release(&text);
	return rc;
}

/*
 * A tag of an old commit would bring all that is between. Cut off at the
 * commit it is enough: who holds a stage is in names and counters. A tag
 * whose commit is here must not cut there.
 */
static int fetch_all(struct mv_registry_fetched *out, int *any,
		     struct mv_repo *repo, const char *remote,
		     void (*say_fn)(void *payload, const char *text),
		     void *payload, struct mv_err *err)
{
	struct tags tags = { .repo = repo, .remote = remote, .out = out,
			     .say = say_fn, .payload = payload };
	int shallow = mv_git_is_shallow(repo->git, err);
	int rc = shallow < 0 ? shallow : 0;

	mv_buf_init(&tags.near, OUT_MAX);
	mv_buf_init(&tags.far, OUT_MAX);
	if (!rc)
		rc = list_tags(&tags, err);
	if (!rc && out->tags)
		mv_tell(say_fn, payload, "fetching %zu tag%s of the registry",
			  out->tags,
			  out->tags == 1 ? "" : "s");
	if (!rc && tags.near.len)
		rc = mv_release_git_fetch(repo, remote, NULL, NULL, &tags.near,
					  err);
	if (!rc && tags.far.len)
		rc = mv_release_git_fetch(repo, remote, shallow ? "--depth=1" :
					  NULL, NULL, &tags.far, err);
	mv_buf_release(&tags.near);
	mv_buf_release(&tags.far);
	*any = tags.any;
	return rc;
}

/* Does the configuration of this remote bring the branch there, and without
   force? Pattern and place have one star at most, as git reads them. */
struct refspecs {
	const char *key;		/* remote.<name>.fetch */
	const char *from, *to;		/* full names */
	int unforced;
};

/* What the star of `pattern` stands for in `name`; NULL: it is not meant. */
static const char *star(size_t *len, const char *pattern, size_t n,
			const char *name)
{
	const char *mark = memchr(pattern, '*', n);
	const size_t head = mark ? (size_t)(mark - pattern) : n;
	const size_t tail = mark ? n - head - 1 : 0;
	const size_t all = strlen(name);

	if (all < head + tail || (!mark && all != n) ||
	    strncmp(name, pattern, head) ||
	    memcmp(name + all - tail, pattern + n - tail, tail))
		return NULL;
	*len = all - head - tail;
	return name + head;
}

static int note_refspec(void *payload, const char *key, const char *value,
			struct mv_err *err)
{
	struct refspecs *r = payload;
	const char *colon = value ? strchr(value, ':') : NULL;
	const char *from, *to;
	size_t n, m;

	(void)err;
	if (strcmp(key, r->key) || !colon || *value == '+' || *value == '^')
		return 0;
	from = star(&n, value, (size_t)(colon - value), r->from);
	to = star(&m, colon + 1, strlen(colon + 1), r->to);
	if (from && to && n == m && !memcmp(from, to, n))
		r->unforced = 1;
	return 0;
}

/*
 * A refspec of the configuration without "+" says that this branch must not be
 * rewound: then git refuses, and so do we. `branch` is refs/remotes/...
 */
static int branch_spec(char **spec, struct mv_repo *repo, const char *remote,
		       const char *name, const char *branch,
		       struct mv_err *err)
{
	char *key = mv_strf("remote.%s.fetch", remote);
	char *from = mv_strf("refs/heads/%s", name);
	struct refspecs r = { key, from, branch, 0 };
	int rc = key && from ? mv_git_config_each(repo->git, note_refspec, &r,
						  err) : mv_nomem(err);

	*spec = rc ? NULL : mv_strf("%s%s:%s", r.unforced ? "" : "+", from,
				    branch);
	free(from);
	free(key);
	return rc || *spec ? rc : mv_nomem(err);
}

/*
 * New decisions were taken by the policy of a branch that may have gone on:
 * without it they would look as if nobody had allowed them. Only where the
 * branch that is trusted here is the one that this remote has.
 */
static void fetch_branch(struct mv_repo *repo, const char *remote)
{
	char *prefix = mv_strf("refs/remotes/%s/", remote), *branch = NULL;
	const size_t len = prefix ? strlen(prefix) : 0;
	struct mv_err why = { .msg = "" };
	char *spec = NULL;
	int rc = prefix ? mv_git_default_branch(&branch, repo->git, &why) :
		 mv_nomem(&why);

	if (!rc && !strncmp(branch, prefix, len)) {
		rc = branch_spec(&spec, repo, remote, branch + len, branch,
				 &why);
		if (!rc) {
			const char *const specs[] = { spec, NULL };

			rc = mv_release_git_fetch(repo, remote, NULL, specs,
						  NULL, &why);
		}
		if (rc && spec && *spec != '+')
			mv_repo_warn(repo, "%s is as it was, and what was "
				     "decided since may look wrong: %s; "
				     "remote.%s.fetch has no '+' for it, so "
				     "one that was rewound stays; git fetch "
				     "%s says more", branch, why.msg, remote,
				     remote);
		else if (rc)
			mv_repo_warn(repo, "%s is as it was, and what was "
				     "decided since may look wrong: %s; git "
				     "fetch %s brings it", branch, why.msg,
				     remote);
	}
	free(spec);
	free(branch);
	free(prefix);
}

int mv_release_fetch(struct mv_registry_fetched *out,
		     struct mv_repo *repo, const char *remote,
		     void (*say_fn)(void *payload, const char *text),
		     void *payload, struct mv_err *err)
{
	struct mv_git_peer peer;
	int any = 0;
	int rc = mv_transfer_peer_find(&peer, repo, remote, err);

	memset(out, 0, sizeof(*out));
	if (!rc && peer.name)
		rc = fetch_all(out, &any, repo, peer.name, say_fn, payload,
			       err);
	/* Only of one with a name it is known later which was asked. */
	if (!rc && peer.tracking)
		rc = mv_transfer_asked(repo, MV_ASKED_TAGS, peer.name, !any,
				       err);
	if (!rc && peer.name && out->tags)
		fetch_branch(repo, peer.name);
	mv_transfer_peer_release(&peer);
	return rc;
}
