/* SPDX-License-Identifier: MIT */
#include "libmv/repo-ci.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/meta.h"
#include "libmv/repo-evidence.h"
#include "libmv/repo-internal.h"

#define OUT_MAX ((size_t)64 << 20)
#define FIRST_STEP 64		/* commits; each step takes four times more */
#define TAG "refs/tags/"

struct ci {
	struct mv_repo *repo;
	const struct mv_ci_fetch *ask;
	struct mv_ci_fetched *out;
	unsigned left;		/* commits that we may deepen by */
};

__attribute__((format(printf, 2, 3)))
static void tell(struct ci *ci, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!ci->ask->tell)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ci->ask->tell(ci->ask->payload, text);
}

/*
 * `git fetch` of nothing but what is said: a clone's own refspecs often mean
 * every branch. `how` (--depth=1) and `specs` may end early, with a NULL.
 */
static int fetch(struct ci *ci, const char *how, const char *const *specs,
		 const struct mv_buf *in, struct mv_err *err)
{
	const char *args[16] = {
		"fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
		"--no-recurse-submodules", "--no-auto-maintenance",
		"--no-prune"
	};
	size_t n = 7;

	if (specs || in)
		args[n++] = "--refmap=";
	if (how)
		args[n++] = how;
	if (in)
		args[n++] = "--stdin";
	args[n++] = ci->out->remote;
	for (; specs && *specs; specs++)
		args[n++] = *specs;
	args[n] = NULL;
	return mv_git_run(ci->repo->git, args, in ? in->data : NULL,
			  in ? in->len : 0, NULL, err);
}

/* -- tags of the registry ------------------------------------------------------ */

/* Tags whose commit is here already, and those that bring theirs along. */
struct tags {
	struct mv_buf near, far;
	char last[65];		/* what the tag before, if missing, is at */
	char name[MV_TAG_MAX + 1];
	int pending;
};

/* The name is a stranger's, and becomes a refspec. */
static int is_ours(const char *name)
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
static int settle(struct ci *ci, struct tags *tags, const char *commit,
		  struct mv_err *err)
{
	char hex[65];
	struct mv_buf *to;

	if (!tags->pending)
		return 0;
	tags->pending = 0;
	ci->out->tags++;
	to = mv_git_commit(hex, ci->repo->git, commit, NULL) ?
	     &tags->far : &tags->near;
	return mv_buf_addf(to, TAG "%s:" TAG "%s\n", tags->name, tags->name) ?
	       mv_nomem(err) : 0;
}

/* "<hex>\trefs/tags/<name>", after an annotated one the same with "^{}". */
static int take_line(struct ci *ci, struct tags *tags, char *line,
		     struct mv_err *err)
{
	const size_t n = ci->repo->info->hex_len;
	const size_t skip = n + 1 + strlen(TAG);
	char here[65], *name;
	size_t len = strlen(line);
	int rc;

	if (len <= skip || strncmp(line + n, "\t" TAG, skip - n) ||
	    strspn(line, "0123456789abcdef") != n)
		return 0;
	line[n] = '\0';
	name = line + skip;
	if (len > skip + 3 && !strcmp(line + len - 3, "^{}"))
		return settle(ci, tags, line, err);
	rc = settle(ci, tags, tags->last, err);
	if (rc || !is_ours(name))
		return rc;
	rc = mv_git_ref_get(here, ci->repo->git, line + n + 1, err);
	if (!rc && strcmp(here, line)) {
		ci->out->differing++;
		tell(ci, "tag '%s' is not what it is at '%s'; left as it is",
		     name, ci->out->remote);
	}
	if (rc != MV_ENOENT)
		return rc;
	tags->pending = 1;
	snprintf(tags->name, sizeof(tags->name), "%s", name);
	memcpy(tags->last, line, n + 1);
	return 0;
}

static int list_tags(struct ci *ci, struct tags *tags, struct mv_err *err)
{
	const char *args[] = { "ls-remote", "--tags", ci->out->remote, NULL };
	char *save = NULL;
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, OUT_MAX);
	rc = mv_git_run(ci->repo->git, args, NULL, 0, &text, err);
	if (!rc && text.len)
		for (char *line = strtok_r(text.data, "\n", &save);
		     !rc && line; line = strtok_r(NULL, "\n", &save))
			rc = take_line(ci, tags, line, err);
	if (!rc)
		rc = settle(ci, tags, tags->last, err);
	mv_buf_release(&text);
	return rc;
}

/*
 * A tag of an old commit would bring all that is between. Cut off at the
 * commit it is enough: who holds a stage is in names and counters. A tag
 * whose commit is here must not cut there.
 */
static int fetch_tags(struct ci *ci, struct mv_err *err)
{
	struct tags tags = { .pending = 0 };
	int shallow = mv_git_is_shallow(ci->repo->git, err);
	int rc = shallow < 0 ? shallow : 0;

	mv_buf_init(&tags.near, OUT_MAX);
	mv_buf_init(&tags.far, OUT_MAX);
	if (!rc)
		rc = list_tags(ci, &tags, err);
	if (!rc && ci->out->tags)
		tell(ci, "fetching %zu tag%s of the registry", ci->out->tags,
		     ci->out->tags == 1 ? "" : "s");
	if (!rc && tags.near.len)
		rc = fetch(ci, NULL, NULL, &tags.near, err);
	if (!rc && tags.far.len)
		rc = fetch(ci, shallow ? "--depth=1" : NULL, NULL, &tags.far,
			   err);
	mv_buf_release(&tags.near);
	mv_buf_release(&tags.far);
	return rc;
}

/* -- the two commits ------------------------------------------------------------ */

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
	int rc = !spec ? mv_nomem(err) : shallow < 0 ? shallow : 0;

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
		tell(ci, "fetched %s", name);
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

/* A revision that is here; else a commit or a branch of the remote. */
static int find(char *hex, struct ci *ci, const char *name, const char *keep,
		struct mv_err *err)
{
	const char *branch = remote_branch(ci, name);

	if (branch)
		return bring_branch(hex, ci, name, branch, keep, err);
	if (!mv_git_commit(hex, ci->repo->git, name, NULL))
		return 0;
	if (*name == '-' || strpbrk(name, " :*?[\\^~\n") || !*name)
		return mv_fail(err, MV_EINVALID, "'%s' is neither a commit "
			       "here nor the name of a branch", name);
	if (is_hex(ci, name)) {
		int rc = bring(ci, name, name, keep, err);

		return rc ? rc : mv_git_commit(hex, ci->repo->git, name, err);
	}
	return bring_branch(hex, ci, name, name, keep, err);
}

/* For what comes after, under one name whatever it was called. */
static int remember(struct ci *ci, const char *keep, const char *hex,
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

/* -- history ---------------------------------------------------------------------- */

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
		tell(ci, "base and head do not meet yet: deepening history by "
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
	tell(ci, "fetching all of history");
	return deepen(ci, "--unshallow", err);
}

static int find_both(struct ci *ci, struct mv_err *err)
{
	struct mv_ci_fetched *out = ci->out;
	const char *head = ci->ask->head ? ci->ask->head : "HEAD";
	int rc;

	if (!ci->ask->base)
		return 0;
	rc = find(out->base, ci, ci->ask->base, MV_CI_BASE, err);
	if (!rc)
		rc = find(out->head, ci, head, MV_CI_HEAD, err);
	if (!rc)
		rc = remember(ci, MV_CI_BASE, out->base, err);
	return rc ? rc : remember(ci, MV_CI_HEAD, out->head, err);
}

void mv_ci_fetched_release(struct mv_ci_fetched *f)
{
	free(f->remote);
	memset(f, 0, sizeof(*f));
}

static int find_remote(struct ci *ci, struct mv_err *err)
{
	const char *name = ci->ask->remote;
	int rc = 0;

	if (!name)
		rc = mv_repo_default_remote(&ci->out->remote, ci->repo, err);
	else if (*name == '-' || !*name)
		return mv_fail(err, MV_EINVALID,
			       "'%s' is not the name of a remote", name);
	else if (!(ci->out->remote = strdup(name)))
		rc = mv_nomem(err);
	if (!rc && !ci->out->remote)
		rc = mv_fail(err, MV_ENOENT, "there is no git remote to fetch "
			     "from, or several and none is 'origin'; name it "
			     "by --remote");
	return rc;
}

int mv_repo_ci_fetch(struct mv_ci_fetched *out, struct mv_repo *repo,
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
		rc = mv_repo_notes_fetch(repo, out->remote, &out->records, err);
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
		mv_ci_fetched_release(out);
	return rc;
}
