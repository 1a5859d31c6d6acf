/* SPDX-License-Identifier: MIT */
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/priv.h"
#include "libmv/git/refs.h"

#include <stdlib.h>
#include <string.h>

/*
 * The branch others merge into. It decides whose policy is trusted, so what
 * this clone happens to have is no answer: one that was made of a single
 * branch, or by a CI system, has only what is to be judged.
 */
struct finding {
	struct mv_git *git;
	char *remote;		/* "origin", or else the first one; NULL: none */
	int fetches;		/* it has remote.<name>.fetch */
	int fetches_all;	/* and that brings every branch */
	int bare;
};

static int see_remote(void *payload, const char *key, const char *value,
		      struct mv_err *err)
{
	struct finding *f = payload;
	const char *end = strrchr(key, '.');

	(void)value;
	if (strncmp(key, "remote.", 7) || !end || end <= key + 7 ||
	    strcmp(end, ".url") || (f->remote && !strcmp(f->remote, "origin")))
		return 0;
	if (f->remote && strncmp(key + 7, "origin.url", 11))
		return 0;
	free(f->remote);
	f->remote = strndup(key + 7, (size_t)(end - key - 7));
	return f->remote ? 0 : mv_nomem(err);
}

static int see_refspec(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct finding *f = payload;
	size_t n = strlen(f->remote);

	(void)err;
	if (strncmp(key, "remote.", 7) || strncmp(key + 7, f->remote, n) ||
	    strcmp(key + 7 + n, ".fetch") || !value)
		return 0;
	f->fetches = 1;
	value += *value == '+';
	f->fetches_all |= !strncmp(value, "refs/heads/*:", 13) ||
			  !strncmp(value, "refs/*:", 7);
	return 0;
}

/* What a symbolic ref is another name of; MV_ENOENT: of nothing. */
static int target_of(char **out, struct mv_git *git, const char *ref,
		     struct mv_err *err)
{
	const char *args[] = { "symbolic-ref", "--quiet", ref, NULL };
	struct mv_buf text;
	int status;
	int rc;

	mv_buf_init(&text, 1 << 16);
	rc = mv_git_ask(&status, git, args, 1, &text, err);
	if (!rc && status)
		rc = MV_ENOENT;
	/* With nothing, or half a name, another branch would be asked instead. */
	if (!rc && (!text.len || text.data[text.len - 1] != '\n'))
		rc = mv_fail(err, MV_EIO, "git symbolic-ref does not say what "
			     "%s leads to", ref);
	if (!rc) {
		*out = strndup(text.data, text.len - 1);
		if (!*out)
			rc = mv_nomem(err);
	}
	mv_buf_release(&text);
	return rc;
}

/* *out, if that branch is here; else MV_ENOENT, and nothing. */
static int keep_if_here(char **out, struct mv_git *git, struct mv_err *err)
{
	char hex[MV_GIT_HEX_MAX];
	int rc = *out ? mv_git_ref_get(hex, git, *out, err) : mv_nomem(err);

	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

/* -- could it not be known? ----------------------------------------------- */

static int see_any(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	(void)ref;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

/* Did what is here come from somewhere else? */
static int came_from_elsewhere(struct finding *f, struct mv_err *err)
{
	static const char *const remotes[] = { "refs/remotes/", NULL };
	char hex[MV_GIT_HEX_MAX];
	int any = 0;
	int rc = mv_git_is_shallow(f->git, err);

	if (rc || !f->remote)
		return rc;
	rc = mv_git_each_ref(f->git, remotes, see_any, &any, err);
	if (rc || any)
		return rc ? rc : 1;
	rc = mv_git_commit(hex, f->git, "FETCH_HEAD", err);
	return rc == MV_ENOENT ? 0 : rc ? rc : 1;
}

/* What to run; a branch that is only here may be what is missing there. */
static int branch_unknown(const struct finding *f, const char *ours,
			  struct mv_err *err)
{
	const char *r = f->remote;

	if (!r)
		return mv_fail(err, MV_ENOTSUP, "there is no branch that could "
			       "be trusted: this clone is cut off and has no "
			       "remote; git remote add origin <url>, and git "
			       "fetch it");
	return mv_fail(err, MV_ENOTSUP, "which branch of '%s' is trusted "
		       "cannot be told in this clone%s%s%s%s: run: git fetch "
		       "%s '+refs/heads/*:refs/remotes/%s/*' && git remote "
		       "set-head %s --auto", r,
		       ours ? " (if it never was there, git push " : "",
		       ours ? r : "", ours ? " " : "", ours ? ours : "", r, r,
		       r);
}

/* -- guessing ------------------------------------------------------------- */

enum { NAMES = 3 };

static int try_names(char **out, size_t *which, struct finding *f,
		     const char *const *names, const char *remote,
		     struct mv_err *err)
{
	int rc = MV_ENOENT;

	for (size_t i = 0; rc == MV_ENOENT && i < NAMES; i++) {
		*which = i;
		*out = remote ?
		       mv_strf("refs/remotes/%s/%s", remote, names[i]) :
		       mv_strf("refs/heads/%s", names[i]);
		rc = keep_if_here(out, f->git, err);
	}
	return rc;
}

/*
 * What others merge into is the remote's. Of a remote that was asked for some
 * branches only, the usual names say nothing; and what is here under such a
 * name counts only where nothing can have come from elsewhere.
 */
static int guess_branch(char **out, struct finding *f, struct mv_err *err)
{
	const char *names[NAMES] = { NULL, "main", "master" };
	size_t which = 0;
	int asked = f->remote && (f->fetches_all || !f->fetches);
	int elsewhere = 0;
	int rc = mv_git_config(&names[0], f->git, "init.defaultbranch", err);

	if (rc)
		return rc;
	if (!names[0])
		names[0] = "main";
	rc = MV_ENOENT;
	if (asked)
		rc = try_names(out, &which, f, names, f->remote, err);
	if (rc != MV_ENOENT)
		return rc;
	elsewhere = came_from_elsewhere(f, err);
	if (elsewhere < 0)
		return elsewhere;
	rc = try_names(out, &which, f, names, NULL, err);
	if (elsewhere && (!rc || rc == MV_ENOENT)) {
		free(*out);
		*out = NULL;
		return branch_unknown(f, rc || !asked ? NULL : names[which],
				      err);
	}
	if (rc == MV_ENOENT)
		rc = mv_fail(err, rc, "there is no branch main or master, and "
			     "init.defaultBranch names none");
	return rc;
}

/* -- what says so --------------------------------------------------------- */

/* "refs/remotes/origin/HEAD", or a bare repository's own: there it is what
   people get who clone it. */
static int said(char **out, struct finding *f, struct mv_err *err)
{
	char *head = f->bare ? strdup("HEAD") :
		     mv_strf("refs/remotes/%s/HEAD", f->remote);
	int rc = head ? target_of(out, f->git, head, err) : mv_nomem(err);

	free(head);
	if (rc)
		return rc;
	rc = keep_if_here(out, f->git, err);
	/* It has another name, so the usual ones are not it. */
	if (rc == MV_ENOENT && !f->bare)
		rc = branch_unknown(f, NULL, err);
	return rc;
}

int mv_git_default_branch(char **out, struct mv_git *git, struct mv_err *err)
{
	struct finding f = { .git = git };
	int rc = mv_git_config_each(git, see_remote, &f, err);

	*out = NULL;
	if (!rc && f.remote)
		rc = mv_git_config_each(git, see_refspec, &f, err);
	if (!rc)
		rc = mv_git_config_bool(&f.bare, git, "core.bare", 0, err);
	if (!rc)
		rc = f.bare || f.remote ? said(out, &f, err) : MV_ENOENT;
	if (rc == MV_ENOENT)
		rc = guess_branch(out, &f, err);
	free(f.remote);
	return rc;
}

int mv_git_head_branch(char **out, struct mv_git *git, struct mv_err *err)
{
	int rc = target_of(out, git, "HEAD", err);

	if (rc)
		*out = NULL;
	return rc == MV_ENOENT ? mv_fail(err, rc, "HEAD is on no branch") : rc;
}
