/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/priv.h"
#include "libmv/git/refs.h"

/*
 * A revision that somebody trusts. Of a short name git takes the tag before
 * the branch, and a tag may come with any fetch: so a tag "origin/main" would
 * decide in the place of refs/remotes/origin/main.
 */
struct naming {
	struct mv_git *git;
	const char *name;	/* without "~2", "^{}", "@{1}", ":path" */
	int theirs;		/* is it a branch of a remote, or like one? */
	int has_remote;
};

static size_t name_len(const char *rev)
{
	const char *at = strstr(rev, "@{");
	size_t n = strcspn(rev, "^~:");

	return at && (size_t)(at - rev) < n ? (size_t)(at - rev) : n;
}

/* 1, 0, or an error below 0. */
static int exists(struct mv_git *git, const char *before, const char *name,
		  const char *after, struct mv_err *err)
{
	char *ref = mv_strf("%s%s%s", before, name, after);
	char hex[MV_GIT_HEX_MAX];
	int rc = ref ? mv_git_ref_get(hex, git, ref, err) : mv_nomem(err);

	free(ref);
	return rc == MV_ENOENT ? 0 : rc ? rc : 1;
}

static int see_remote_branch(void *payload, const struct mv_git_ref *ref,
			     struct mv_err *err)
{
	struct naming *n = payload;
	size_t all = strlen(ref->name), len = strlen(n->name);

	(void)err;
	if (all > len && ref->name[all - len - 1] == '/' &&
	    !strcmp(ref->name + all - len, n->name))
		n->theirs = 1;
	return 0;
}

/* "remote.<name>.url": a tag "<name>/..." is no branch of it. */
static int see_remote(void *payload, const char *key, const char *value,
		      struct mv_err *err)
{
	struct naming *n = payload;
	const char *end = strrchr(key, '.');
	size_t len = end && end > key + 7 ? (size_t)(end - key - 7) : 0;

	(void)value;
	(void)err;
	if (strncmp(key, "remote.", 7) || !len || strcmp(end, ".url"))
		return 0;
	n->has_remote = 1;
	if (!strncmp(n->name, key + 7, len) && n->name[len] == '/')
		n->theirs = 1;
	return 0;
}

/* There is a tag of that name alone; would a branch be meant, were it here? */
static int only_tag(struct naming *n, struct mv_err *err)
{
	static const char *const remotes[] = { "refs/remotes/", NULL };
	const char *usual = NULL;
	size_t len = strlen(n->name);
	int rc = mv_git_each_ref(n->git, remotes, see_remote_branch, n, err);

	if (!rc)
		rc = mv_git_config_each(n->git, see_remote, n, err);
	if (!rc)
		rc = mv_git_config(&usual, n->git, "init.defaultbranch", err);
	if (!rc && n->has_remote &&
	    (!strcmp(n->name, "main") || !strcmp(n->name, "master") ||
	     (usual && !strcmp(n->name, usual))))
		n->theirs = 1;
	if (rc)
		return rc;
	if (n->theirs)
		return mv_fail(err, MV_EINVALID, "'%s' is only a tag here, "
			       "and a branch of that name is not: fetch the "
			       "branch and say refs/remotes/<remote>/<branch>, "
			       "or refs/tags/%s", n->name, n->name);
	if (len >= 7 && strspn(n->name, "0123456789abcdefABCDEF") == len)
		return mv_fail(err, MV_EINVALID, "'%s' is a tag, and may be "
			       "meant as the beginning of an id: say "
			       "refs/tags/%s, or the whole id", n->name,
			       n->name);
	return 0;
}

static int check_short(struct naming *n, struct mv_err *err)
{
	int tag = exists(n->git, "refs/tags/", n->name, "", err);
	int head = tag < 0 ? tag : exists(n->git, "refs/heads/", n->name, "",
					  err);
	int theirs = head < 0 ? head : exists(n->git, "refs/remotes/", n->name,
					      "", err);
	int first = theirs ? theirs : exists(n->git, "refs/remotes/", n->name,
					     "/HEAD", err);

	if (first < 0)
		return first;
	if (tag + head + first > 1)
		return mv_fail(err, MV_EINVALID, "'%s' is the name of %s: say "
			       "which, %s%s%s", n->name, !tag ?
			       "a branch here and of a remote's" :
			       "a tag and of a branch",
			       first ? "refs/remotes/" : "refs/heads/", n->name,
			       first && !theirs ? "/HEAD" : "");
	return tag ? only_tag(n, err) : 0;
}

/* A ref in full, and no tag "refs/heads/main" in its place. */
static int check_full(struct naming *n, const char *before, struct mv_err *err)
{
	int yes = exists(n->git, before, n->name, "", err);

	if (yes)
		return yes < 0 ? yes : 0;
	return mv_fail(err, MV_ENOENT, "there is no '%s%s'", before, n->name);
}

int mv_git_commit_sure(char *hex, struct mv_git *git, const char *rev,
		       struct mv_err *err)
{
	static const char *const folders[] = { "heads/", "remotes/", "tags/" };
	char *name = strndup(rev, name_len(rev));
	struct naming n = { .git = git, .name = name };
	size_t len = name ? strlen(name) : 0;
	const char *before = NULL;
	int rc = 0;

	if (!name)
		return mv_nomem(err);
	if (!strncmp(name, "refs/", 5))
		before = "";
	for (size_t i = 0; i < 3; i++)
		if (!strncmp(name, folders[i], strlen(folders[i])))
			before = "refs/";
	if (before)
		rc = check_full(&n, before, err);
	else if (len && strcmp(name, "HEAD") && strcmp(name, "@") &&
		 !((len == 40 || len == 64) &&
		   strspn(name, "0123456789abcdef") == len))
		rc = check_short(&n, err);
	free(name);
	return rc ? rc : mv_git_commit(hex, git, rev, err);
}
