/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/project.h"
#include "libmv/meta/tags.h"

/* The same for a client, which is told before it pushes. */

/* Of a client: what it last saw of the remote's own branch. */
static int find_remote_branch(struct mv_push *push, const char *remote,
			      struct mv_err *err)
{
	char *head = mv_strf("refs/remotes/%s/HEAD", remote);
	const char *args[] = { "symbolic-ref", "-q", head, NULL };
	static const char *const guesses[] = { "main", "master" };
	size_t prefix = strlen("refs/remotes/") + strlen(remote) + 1;
	struct mv_buf out;
	int status, rc = head ? 0 : mv_nomem(err);

	mv_buf_init(&out, 65536);
	if (!rc && !mv_hook_is_remote_name(remote)) {
		free(head);
		return MV_ENOENT;	/* of a URL nothing is kept here */
	}
	if (!rc)
		rc = mv_git_ask(&status, push->git, args, 1, &out, err);
	if (!rc && !status && out.len > prefix) {
		out.data[strcspn(out.data, "\n")] = '\0';
		push->branch = mv_strf(HEADS "%s", out.data + prefix);
		rc = mv_git_ref_get(push->trusted, push->git, out.data, err);
	} else {
		rc = rc ? rc : MV_ENOENT;
	}
	for (size_t i = 0; rc == MV_ENOENT && i < 2; i++) {
		char *ref = mv_strf("refs/remotes/%s/%s", remote, guesses[i]);

		free(push->branch);
		push->branch = mv_strf(HEADS "%s", guesses[i]);
		rc = ref ? mv_git_ref_get(push->trusted, push->git, ref,
					  err) : mv_nomem(err);
		free(ref);
	}
	mv_buf_release(&out);
	free(head);
	return rc || push->branch ? rc : mv_nomem(err);
}

/* What a move of a branch changes: is any of it ours? Asked before the gate is
   opened, which reads every tag. */
enum { LOOKED_AT_MAX = 500 };
struct glance {
	const struct mv_policy *policy;
	char *blobs[LOOKED_AT_MAX];
	size_t count;
	int yes;
};

static int look_over(void *payload, const struct mv_git_delta *d,
		     struct mv_err *err)
{
	struct glance *g = payload;
	const char *path = d->new_path ? d->new_path : d->old_path;

	if (g->yes)
		return 0;
	if (!strncmp(path, ".gitmodel/", 10) || g->count == LOOKED_AT_MAX ||
	    mv_project_by_path(&g->policy->project, path)) {
		g->yes = 1;
		return 0;
	}
	if (!d->new_blob)
		return 0;
	g->blobs[g->count] = strdup(d->new_blob);
	if (!g->blobs[g->count])
		return mv_nomem(err);
	g->count++;
	return 0;
}

static int look_into(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct mv_pointer p;

	(void)i;
	(void)hex;
	(void)err;
	if (data && mv_pointer_parse(&p, data, len, NULL) != MV_ENOENT)
		*(int *)payload = 1;
	return 0;
}

/* When that cannot be told, it is. */
static int moves_ours(struct mv_push *push, const struct mv_ref_update *u,
		      const struct mv_policy *policy)
{
	const char *old = mv_hook_is_zero(u->old) ? "" : u->old;
	struct glance g = { .policy = policy };
	int rc = mv_git_diff(push->git, old, u->new, 0, NULL, look_over, &g,
			     NULL);

	if (!rc && !g.yes && g.count)
		rc = mv_git_read_many(push->git, (const char *const *)g.blobs,
				      g.count, MV_POINTER_MAX, look_into,
				      &g.yes, NULL);
	for (size_t i = 0; i < g.count; i++)
		free(g.blobs[i]);
	return rc || g.yes;
}

/* A branch that no section names is looked at only for its .gitmodel/. */
static int is_of_interest(struct mv_push *push, const struct mv_ref_update *u,
			  const struct mv_policy *policy)
{
	int governed, yes = 0;
	struct mv_tag tag;

	if (!strncmp(u->ref, TAGS, strlen(TAGS))) {
		yes = !mv_tag_parse(&tag, u->ref + strlen(TAGS), NULL);
		if (yes)
			mv_tag_release(&tag);
		return yes;
	}
	if (strncmp(u->ref, HEADS, strlen(HEADS)))
		return 0;
	governed = mv_policy_governs(policy, "branch", NULL,
				     u->ref + strlen(HEADS));
	if (!governed && strcmp(u->ref, push->branch))
		return 0;
	if (mv_hook_is_zero(u->new))
		return 1;
	if (governed)
		return moves_ours(push, u, policy);
	/* When that cannot be told, it does. */
	return mv_hook_changes_policy(&yes, push, u, NULL) || yes;
}

struct texts {
	struct mv_buf text[2];		/* policy, config */
	int there[2];
};

static int keep_text(void *payload, size_t i, const char *hex,
		     const void *data, size_t len, struct mv_err *err)
{
	struct texts *t = payload;

	(void)hex;
	t->there[i] = data != NULL || len;
	return data && mv_buf_add(&t->text[i], data, len) ? mv_nomem(err) : 0;
}

static int read_texts(struct texts *t, struct mv_push *push,
		      struct mv_err *err)
{
	char *spec[2] = {
		mv_strf("%s:.gitmodel/policy", push->trusted),
		mv_strf("%s:.gitmodel/config", push->trusted)
	};
	int rc = spec[0] && spec[1] ?
	       mv_git_read_many(push->git, (const char *const *)spec, 2,
				(size_t)4 << 20, keep_text, t, err) :
		mv_nomem(err);

	free(spec[0]);
	free(spec[1]);
	return rc;
}

/* Without a policy there is nothing to say. One that cannot be read is no
   reason to look at nothing. */
static int anything(struct mv_push *push, int *yes, struct mv_err *err)
{
	struct mv_policy policy;
	struct texts t;
	int rc;

	*yes = 0;
	memset(&t, 0, sizeof(t));
	memset(&policy, 0, sizeof(policy));
	mv_buf_init(&t.text[0], (size_t)4 << 20);
	mv_buf_init(&t.text[1], (size_t)4 << 20);
	rc = read_texts(&t, push, err);
	if (!rc && t.there[0]) {
		rc = mv_policy_parse(&policy, t.text[0].data, t.text[0].len,
				     t.there[1] ? t.text[1].data : NULL,
				     t.text[1].len, err);
		for (size_t i = 0; !rc && !*yes && i < push->count; i++)
			*yes = is_of_interest(push, &push->updates[i],
					      &policy);
	}
	if (rc && rc != MV_ENOMEM) {
		*yes = 1;
		rc = 0;
	}
	mv_policy_release(&policy);
	mv_buf_release(&t.text[0]);
	mv_buf_release(&t.text[1]);
	return rc;
}

/* A move from a commit that is not here would be refused by git anyway. */
static int advise_branches(struct mv_push *push, struct mv_err *err)
{
	char hex[65];
	int rc = 0;

	for (size_t i = 0; !rc && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!mv_hook_is_protected(push, u->ref) ||
		    (!mv_hook_is_zero(u->old) &&
		     mv_git_commit(hex, push->git, u->old, NULL)))
			continue;
		rc = mv_hook_check_branch(push, u, err);
	}
	return rc;
}

/*
 * What git says of the branch there is newer than what was fetched. Where it
 * says that there is none, this is another place than the one that was fetched
 * from, and has no policy yet. What is not here cannot be read.
 */
static int see_branch(struct mv_push *push)
{
	char hex[65];
	int gone = 0;

	for (size_t i = 0; i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (strcmp(u->ref, push->branch))
			continue;
		gone = mv_hook_is_zero(u->old);
		if (!mv_git_commit(hex, push->git, u->old, NULL))
			memcpy(push->trusted, hex, sizeof(hex));
	}
	return gone;
}

static void tell_older(struct mv_push *push)
{
	if (push->older)
		mv_hook_warn(push, "not looked at: %zu decision%s by another "
			     "policy than %s has there, %s first; a server "
			     "that judges takes such only where %s is new",
			     push->older, push->older == 1 ? "" : "s",
			     push->branch + strlen(HEADS), push->oldest,
			     push->branch + strlen(HEADS));
}

static int advise(struct mv_push *push, const char *remote, struct mv_err *err)
{
	const int gone = see_branch(push);
	int yes = 0;
	int rc = anything(push, &yes, err);

	if (rc || !yes)
		return rc;
	if (gone) {
		mv_hook_warn(push, "what you push was not looked at: %s is new "
			     "there, and with it the policy", push->branch +
			     strlen(HEADS));
		return 0;
	}
	for (size_t i = 0; !rc && i < push->count; i++)
		rc = mv_hook_look_at(push, i, err);
	if (!rc && !push->refused)
		rc = mv_hook_open_gate(push, push->trusted, err);
	/* Branches that are not pushed are there what they were. */
	if (!rc && push->is_open) {
		push->gate.fetched = mv_strf("refs/remotes/%s/", remote);
		rc = push->gate.fetched ? 0 : mv_nomem(err);
	}
	if (!rc && push->is_open)
		rc = mv_hook_judge_stages(push, err);
	if (!rc && push->is_open)
		rc = advise_branches(push, err);
	if (!rc)
		tell_older(push);
	return rc;
}

int mv_hook_advise_push(struct mv_repo *repo, const char *remote,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive,
				.advice = 1 };
	int rc = mv_hook_begin(&push, err);

	if (!rc)
		rc = find_remote_branch(&push, remote, err);
	if (!rc)
		rc = advise(&push, remote, err);
	else if (rc == MV_ENOENT)
		rc = 0;	/* nothing was fetched from there yet */
	if (!rc)
		rc = mv_hook_answer(&push, err);
	mv_hook_end(&push);
	return rc;
}
