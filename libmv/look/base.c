/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/evidence/evidence.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/look/comparing.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/* Which two revisions are compared, and in which words they are called. */

static const char *short_ref(const char *ref)
{
	static const char *const prefixes[] = {
		"refs/heads/", "refs/remotes/", "refs/tags/"
	};

	for (size_t i = 0; i < 3; i++)
		if (!strncmp(ref, prefixes[i], strlen(prefixes[i])))
			return ref + strlen(prefixes[i]);
	return ref;
}

static int use_index(struct mv_comparing *w, struct mv_err *err)
{
	w->head = NULL;
	return mv_look_take(&w->out->head_name, strdup("the index"), err);
}

static int before_head(struct mv_comparing *w, const char *because,
		       struct mv_err *err)
{
	char *rev = mv_strf("%s~1", w->head_hex);
	int rc = rev ? mv_git_commit(w->base_hex, w->repo->git, rev, err) :
		       mv_nomem(err);

	free(rev);
	if (rc == MV_ENOENT && mv_git_is_shallow(w->repo->git, NULL) > 0)
		return mv_fail(err, MV_ENOENT, "what came before %.7s is cut "
			       "off in this clone: 'git fetch --deepen=50' "
			       "brings some of it, or name a base", w->head_hex);
	if (rc == MV_ENOENT)
		return mv_fail(err, MV_EINVALID, "%.7s is the first commit: "
			       "there is nothing before it to compare with; "
			       "name a base", w->head_hex);
	if (!rc)
		rc = mv_look_take(&w->out->base_name, mv_strf("%.7s",
							      w->base_hex), err);
	if (!rc)
		rc = mv_look_take(&w->out->why,
				  mv_strf("the commit before, because %s",
					       because), err);
	return rc;
}

/* Where our history left that of the default branch. */
static int fork_point(struct mv_comparing *w, struct mv_err *err)
{
	char hex[65], *branch = NULL;
	int rc = mv_git_default_branch(&branch, w->repo->git, err);

	if (rc == MV_ENOENT)
		return before_head(w, "there is no default branch", err);
	if (rc == MV_ENOTSUP)	/* only shown, and it says why */
		return before_head(w, "the trusted branch is not here", err);
	if (!rc)
		rc = mv_git_merge_base(hex, w->repo->git, branch, w->head_hex,
				       err);
	if (rc == MV_ENOENT && mv_git_is_shallow(w->repo->git, NULL) > 0) {
		rc = mv_fail(err, MV_ENOENT, "where this left '%s' is cut off "
			     "in this clone: 'git fetch --deepen=50' brings "
			     "some of it, or name a base", short_ref(branch));
	} else if (rc == MV_ENOENT) {
		rc = before_head(w, "it has nothing in common with the default "
				 "branch", err);
	} else if (!rc && w->head && !strcmp(hex, w->head_hex)) {
		rc = before_head(w, "this is in the default branch", err);
	} else if (!rc) {
		mv_look_hex(w->base_hex, hex);
		rc = mv_look_take(&w->out->base_name, mv_strf("%.7s", hex),
				  err);
		if (!rc)
			rc = mv_look_take(&w->out->why,
					  mv_strf("where it left '%s'",
				 short_ref(branch)), err);
	}
	free(branch);
	return rc;
}

static int anything_holds(const struct mv_comparing *w, const char *stage)
{
	size_t n;
	const struct mv_event *const *v = mv_registry_holders(&w->registry,
							      NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i]->tag.stage && !strcmp(v[i]->tag.stage, stage) &&
		    *v[i]->commit)
			return 1;
	return 0;
}

/* Whose base would it be? Of one that cannot be told, no other is taken. */
static int check_known(const struct mv_comparing *w, const char *stage,
		       struct mv_err *err)
{
	size_t at = 0;
	const struct mv_event *e = mv_registry_in_doubt(&w->registry, NULL,
							stage, &at);

	return e ? mv_registry_refuse_ignored(e, err) : 0;
}

static int choose_stage(struct mv_comparing *w, const char *stage,
			struct mv_err *err)
{
	static const char *const usual[] = { "production", "staging" };
	char words[MV_NEAREST_WORDS];
	int rc = mv_registry_load(&w->registry, w->repo->git, NULL, err);

	if (rc)
		return rc;
	if (stage) {
		w->stage = stage;
		w->stage_only = 1;
		rc = check_known(w, stage, err);
		if (rc || anything_holds(w, stage))
			return rc;
		return mv_fail(err, MV_ENOENT, "nothing holds the stage '%s'%s "
			       "(a clone made without tags knows none: git "
			       "fetch --tags)", stage, mv_registry_near_stage(
			       words, &w->registry, NULL, stage));
	}
	for (size_t i = 0; i < 2 && !w->stage && !rc; i++) {
		rc = check_known(w, usual[i], err);
		if (!rc && anything_holds(w, usual[i]))
			w->stage = usual[i];
	}
	return rc;
}

static int named_base(struct mv_comparing *w, const char *base, int symmetric,
		      struct mv_err *err)
{
	char hex[65];
	int rc = mv_look_commit(w->base_hex, w->repo, base, err);

	if (!rc && symmetric) {
		rc = mv_git_merge_base(hex, w->repo->git, w->base_hex,
				       w->head_hex, err);
		if (rc == MV_ENOENT)
			return mv_fail(err, MV_ENOENT, "'%s' and '%s' have no "
				       "commit in common%s", base,
				       w->out->head_name,
				       mv_git_is_shallow(w->repo->git, NULL) > 0
				       ? " here; 'git fetch --unshallow' brings "
				       "the rest of the history" : "");
		if (!rc)
			mv_look_hex(w->base_hex, hex);
	}
	if (!rc)
		rc = mv_look_take(&w->out->base_name, symmetric ?
			 mv_strf("%.7s", w->base_hex) : strdup(base), err);
	if (!rc && symmetric)
		rc = mv_look_take(&w->out->why,
				  mv_strf("where '%s' and '%s' parted",
					       base, w->out->head_name), err);
	return rc;
}

/* Said, not hidden: everything will be the same. */
static int same_commit(struct mv_comparing *w, struct mv_err *err)
{
	if (!w->head || strcmp(w->base_hex, w->head_hex))
		return 0;
	return mv_look_take(&w->out->why,
			    mv_strf("'%s' and '%s' are the same commit: "
					 "nothing to compare",
					 w->out->base_name, w->out->head_name),
		   err);
}

int mv_look_comparing_choose(struct mv_comparing *w, const char *base,
			     const char *head, const char *stage, int symmetric,
			     struct mv_err *err)
{
	int differs = 0;
	int rc = mv_look_commit(w->head_hex, w->repo, head ? head : "HEAD",
				err);

	if (rc)
		return rc;
	w->head = w->head_hex;
	rc = mv_look_take(&w->out->head_name, strdup(head ? head : "HEAD"),
			  err);
	if (!rc && base)
		rc = named_base(w, base, symmetric, err);
	/* Staged work is what is meant when nothing was named, or when the
	   only other thing to compare with HEAD were HEAD itself. */
	if (!rc && !head && (!base || !strcmp(w->base_hex, w->head_hex)) &&
	    w->repo->info->work_tree)
		rc = mv_look_comparing_index_differs(&differs, w, w->head_hex,
						     err);
	if (!rc && differs)
		rc = use_index(w, err);
	if (!rc && !base)
		rc = choose_stage(w, stage, err);
	if (!rc && !base && !w->stage_only)
		rc = fork_point(w, err);
	w->has_base = !w->stage_only;
	if (!rc && base)
		rc = same_commit(w, err);
	return rc;
}
