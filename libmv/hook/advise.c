/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/hook/priv.h"

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
	int status, ret = head ? 0 : mv_nomem(err);

	mv_buf_init(&out, 65536);
	if (!ret && !mv_repo_is_remote_name(remote)) {
		free(head);
		return MV_ENOENT;	/* of a URL nothing is kept here */
	}
	if (!ret)
		ret = mv_git_ask(&status, push->git, args, 1, &out, err);
	if (!ret && !status && out.len > prefix) {
		out.data[strcspn(out.data, "\n")] = '\0';
		push->branch = mv_strf(HEADS "%s", out.data + prefix);
		ret = mv_git_ref_get(push->trusted, push->git, out.data, err);
	} else {
		ret = ret ? ret : MV_ENOENT;
	}
	for (size_t i = 0; ret == MV_ENOENT && i < 2; i++) {
		char *ref = mv_strf("refs/remotes/%s/%s", remote, guesses[i]);

		free(push->branch);
		push->branch = mv_strf(HEADS "%s", guesses[i]);
		ret = ref ? mv_git_ref_get(push->trusted, push->git, ref,
					   err) : mv_nomem(err);
		free(ref);
	}
	mv_buf_release(&out);
	free(head);
	return ret || push->branch ? ret : mv_nomem(err);
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
	return g->blobs[g->count] ? (g->count++, 0) : mv_nomem(err);
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
	const char *old = mv_push_is_zero(u->old) ? "" : u->old;
	struct glance g = { .policy = policy };
	int ret = mv_git_diff(push->git, old, u->new, 0, NULL, look_over, &g,
			      NULL);

	if (!ret && !g.yes && g.count)
		ret = mv_git_read_many(push->git, (const char *const *)g.blobs,
				       g.count, MV_POINTER_MAX, look_into,
				       &g.yes, NULL);
	for (size_t i = 0; i < g.count; i++)
		free(g.blobs[i]);
	return ret || g.yes;
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
	if (mv_push_is_zero(u->new))
		return 1;
	if (governed)
		return moves_ours(push, u, policy);
	/* When that cannot be told, it does. */
	return mv_push_changes_policy(&yes, push, u, NULL) || yes;
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
	int ret = spec[0] && spec[1] ?
		mv_git_read_many(push->git, (const char *const *)spec, 2,
				 (size_t)4 << 20, keep_text, t, err) :
		mv_nomem(err);

	free(spec[0]);
	free(spec[1]);
	return ret;
}

/* Without a policy there is nothing to say. One that cannot be read is no
   reason to look at nothing. */
static int anything(struct mv_push *push, int *yes, struct mv_err *err)
{
	struct mv_policy policy;
	struct texts t;
	int ret;

	*yes = 0;
	memset(&t, 0, sizeof(t));
	memset(&policy, 0, sizeof(policy));
	mv_buf_init(&t.text[0], (size_t)4 << 20);
	mv_buf_init(&t.text[1], (size_t)4 << 20);
	ret = read_texts(&t, push, err);
	if (!ret && t.there[0]) {
		ret = mv_policy_parse(&policy, t.text[0].data, t.text[0].len,
				      t.there[1] ? t.text[1].data : NULL,
				      t.text[1].len, err);
		for (size_t i = 0; !ret && !*yes && i < push->count; i++)
			*yes = is_of_interest(push, &push->updates[i],
					      &policy);
	}
	if (ret && ret != MV_ENOMEM) {
		*yes = 1;
		ret = 0;
	}
	mv_policy_release(&policy);
	mv_buf_release(&t.text[0]);
	mv_buf_release(&t.text[1]);
	return ret;
}

/* A move from a commit that is not here would be refused by git anyway. */
static int advise_branches(struct mv_push *push, struct mv_err *err)
{
	char hex[65];
	int ret = 0;

	for (size_t i = 0; !ret && i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (!mv_push_is_protected(push, u->ref) ||
		    (!mv_push_is_zero(u->old) &&
		     mv_git_commit(hex, push->git, u->old, NULL)))
			continue;
		ret = mv_push_check_branch(push, u, err);
	}
	return ret;
}

static int advise(struct mv_push *push, struct mv_err *err)
{
	int yes = 0;
	int ret = anything(push, &yes, err);

	if (ret || !yes)
		return ret;
	for (size_t i = 0; !ret && i < push->count; i++)
		ret = mv_push_look_at(push, i, err);
	if (!ret && !push->refused)
		ret = mv_push_open_gate(push, push->trusted, err);
	if (!ret && push->is_open)
		ret = mv_push_judge_stages(push, err);
	if (!ret && push->is_open)
		ret = advise_branches(push, err);
	return ret;
}

int mv_repo_advise_push(struct mv_repo *repo, const char *remote,
			const struct mv_ref_update *updates, size_t count,
			const struct mv_receive *receive, struct mv_err *err)
{
	struct mv_push push = { .repo = repo, .updates = updates,
				.count = count, .receive = receive,
				.advice = 1 };
	int ret = mv_push_begin(&push, err);

	if (!ret)
		ret = find_remote_branch(&push, remote, err);
	if (!ret)
		ret = advise(&push, err);
	else if (ret == MV_ENOENT)
		ret = 0;	/* nothing was fetched from there yet */
	if (!ret)
		ret = mv_push_answer(&push, err);
	mv_push_end(&push);
	return ret;
}
