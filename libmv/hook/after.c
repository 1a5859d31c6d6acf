/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/setup/setup.h"

/*
 * A push is judged as one state, but after us git looks at each ref by itself
 * again: its own receive.deny..., what is checked out, and hooks of others
 * that see one ref at a time. What any of them refuses stays behind, and the
 * rest comes in without it. So with more than one ref that counts each of them
 * is asked first, or, where nobody can know before, the push is refused. One
 * ref alone is theirs to refuse.
 */
#define OBSERVE "model.hooksobserve"
#define TRANSACTION "reference-transaction"
enum { WORDS_MAX = 64 * 1024 };

struct after {
	struct mv_push *push;
	const struct mv_git_move *v;
	size_t count;
	int observe;	/* hooks of others only watch */
};

static int is_head(const struct mv_git_move *m)
{
	return !strncmp(m->ref, HEADS, strlen(HEADS));
}

static int is_gone(const struct mv_git_move *m)
{
	return mv_hook_is_zero(m->new) && !mv_hook_is_zero(m->old);
}

static int refuse_rule(struct mv_push *push, const char *ref, const char *why)
{
	return mv_hook_refuse(push, "%s: git may refuse it afterwards (%s), "
			      "and what is pushed together is judged as one; "
			      "push it by itself", ref, why);
}

/* -- receive.deny... ------------------------------------------------------ */

static int deny_deletes(struct after *a, struct mv_err *err)
{
	int deny, rc = mv_git_config_bool(&deny, a->push->git,
					  "receive.denydeletes", 0, err);

	for (size_t i = 0; !rc && deny && i < a->count; i++)
		if (is_head(&a->v[i]) && is_gone(&a->v[i]))
			rc = refuse_rule(a->push, a->v[i].ref,
					 "receive.denyDeletes");
	return rc;
}

static int deny_rewinds(struct after *a, struct mv_err *err)
{
	int deny, rc = mv_git_config_bool(&deny, a->push->git,
					  "receive.denynonfastforwards", 0,
					  err);

	for (size_t i = 0; !rc && deny && i < a->count; i++) {
		const struct mv_git_move *m = &a->v[i];

		if (!is_head(m) || mv_hook_is_zero(m->old) ||
		    mv_hook_is_zero(m->new))
			continue;
		rc = mv_git_is_ancestor(a->push->git, m->old, m->new, err);
		if (rc < 0)
			return rc;
		rc = rc ? 0 : refuse_rule(a->push, m->ref,
					  "receive.denyNonFastForwards");
	}
	return rc;
}

/* "ignore", "warn", or a no: nothing is refused. What git does not know, or
   does with the files of a work tree, may be. */
static int lets_pass(int *passes, struct mv_push *push, const char *key,
		     struct mv_err *err)
{
	const char *value;
	int yes = 1, rc = mv_git_config(&value, push->git, key, err);

	*passes = !rc && value &&
		  (!strcasecmp(value, "ignore") || !strcasecmp(value, "warn") ||
		   (!mv_git_parse_bool(&yes, value) && !yes));
	return rc;
}

/* -- what is checked out -------------------------------------------------- */

/* The branch that HEAD names, whatever model.trustedBranch says. */
static int head_of(struct mv_buf *out, struct mv_push *push,
		   struct mv_err *err)
{
	static const char *const args[] = { "symbolic-ref", "-q", "HEAD",
					    NULL };
	int status, rc = mv_git_ask(&status, push->git, args, 1, out, err);

	if (!rc && status)
		mv_buf_clear(out);
	else if (!rc && out->len)
		out->data[--out->len] = '\0';
	return rc;
}

static int has_steps(const char *git_dir)
{
	static const char *const steps[] = { "rebase-merge", "rebase-apply",
					     "BISECT_LOG" };
	int yes = 0;

	for (size_t i = 0; i < 3 && !yes; i++) {
		char *path = mv_path_join(git_dir, steps[i]);

		yes = !path || !access(path, F_OK);
		free(path);
	}
	return yes;
}

struct trees {
	const char *dir;
	int found;
};

static int see_tree(void *payload, const char *name, struct mv_err *err)
{
	struct trees *t = payload;
	char *path = mv_path_join(t->dir, name);

	if (!path)
		return mv_nomem(err);
	t->found |= has_steps(path);
	free(path);
	return 0;
}

/* Git takes the branch that is rebased or bisected for checked out as well. */
static int in_steps(int *yes, const char *common_dir, const char *dir,
		    struct mv_err *err)
{
	struct trees t = { dir, has_steps(common_dir) };
	int rc = mv_each_entry(dir, see_tree, &t, err);

	*yes = t.found;
	return rc == MV_ENOENT ? 0 : rc;
}

/* "branch refs/heads/main", a line for each work tree. */
static int names_branch(const struct mv_buf *list, const char *ref)
{
	const size_t len = strlen(ref);

	for (const char *s = list->len ? list->data : NULL; s; s = *s ? s : NULL) {
		if (!strncmp(s, "branch ", 7) && !strncmp(s + 7, ref, len) &&
		    (s[7 + len] == '\n' || !s[7 + len]))
			return 1;
		s += strcspn(s, "\n");
		s += *s == '\n';
	}
	return 0;
}

static int deny_current(struct after *a, const struct mv_buf *list,
			const char *head, int steps, struct mv_err *err)
{
	struct mv_push *push = a->push;
	int update = 0, gone = 0;
	int rc = lets_pass(&update, push, "receive.denycurrentbranch", err);

	if (!rc)
		rc = lets_pass(&gone, push, "receive.denydeletecurrent", err);
	for (size_t i = 0; !rc && i < a->count; i++) {
		const struct mv_git_move *m = &a->v[i];
		int out = is_head(m) && (names_branch(list, m->ref) || steps);

		if (out && !update)
			rc = refuse_rule(push, m->ref, names_branch(list,
					 m->ref) ? "the branch is checked out"
					 ", receive.denyCurrentBranch" :
					 "a rebase or bisect is under way on "
					 "the server");
		else if ((out || !strcmp(m->ref, head)) && is_gone(m) && !gone)
			rc = refuse_rule(push, m->ref,
					 "receive.denyDeleteCurrent");
	}
	return rc;
}

static int check_current(struct after *a, struct mv_err *err)
{
	static const char *const args[] = { "worktree", "list", "--porcelain",
					    NULL };
	const char *common = a->push->repo->info->common_dir;
	char *dir = mv_path_join(common, "worktrees");
	int bare = 0, heads = 0, steps = 0, rc = dir ? 0 : mv_nomem(err);
	struct mv_buf list, head;

	mv_buf_init(&list, (size_t)16 << 20);
	mv_buf_init(&head, 65536);
	for (size_t i = 0; i < a->count; i++)
		heads |= is_head(&a->v[i]);
	if (!rc && heads)
		rc = mv_git_config_bool(&bare, a->push->git, "core.bare", 0,
					err);
	if (!rc && heads && (!bare || !access(dir, F_OK))) {
		rc = mv_git_run(a->push->git, args, NULL, 0, &list, err);
		if (!rc)
			rc = in_steps(&steps, common, dir, err);
	}
	if (!rc && heads)
		rc = head_of(&head, a->push, err);
	if (!rc && heads)
		rc = deny_current(a, &list, head.len ? head.data : "", steps,
				  err);
	mv_buf_release(&list);
	mv_buf_release(&head);
	free(dir);
	return rc;
}

/* -- hooks of others ------------------------------------------------------ */

/* "refs/for", "ad:refs/notes", "!:refs/heads": for which refs proc-receive is
   asked. Where a value takes something out, it is taken for all. */
static int gives_away(const char *value, const char *ref)
{
	const char *colon = strchr(value, ':');
	const char *prefix = colon ? colon + 1 : value;
	size_t len = strlen(prefix);

	while (len && prefix[len - 1] == '/')
		len--;
	if (colon && memchr(value, '!', (size_t)(colon - value)))
		return 1;
	return !strncmp(ref, prefix, len) && (!ref[len] || ref[len] == '/');
}

static int see_setting(void *payload, const char *key, const char *value,
		       struct mv_err *err)
{
	struct after *a = payload;
	const char *dot = strrchr(key, '.');

	(void)err;
	for (size_t i = 0; i < a->count &&
			   !strcmp(key, "receive.procreceiverefs"); i++)
		if (gives_away(value, a->v[i].ref))
			return refuse_rule(a->push, a->v[i].ref,
					   "receive.procReceiveRefs gives it "
					   "to a hook");
	if (!a->observe && !strncmp(key, "hook.", 5) && dot &&
	    !strcmp(dot, ".event") && (!strcmp(value, "update") ||
				       !strcmp(value, TRANSACTION)))
		return refuse_rule(a->push, a->v[0].ref, "a configured hook "
				   "may, unless model.hooksObserve says that "
				   "those of this server only watch");
	return 0;
}

/* As git calls it; what it prints is for who pushes. */
static int ask_hook(const char *path, struct after *a,
		    const struct mv_git_move *m, struct mv_err *err)
{
	const char *argv[] = { path, m->ref, m->old, m->new, NULL };
	struct mv_buf out;
	int status = 0, rc;

	mv_buf_init(&out, WORDS_MAX);
	rc = mv_proc_run_hook(&status, argv, &a->push->repo->env, "", 0, &out,
			      err);
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	if (!rc && status)
		mv_hook_refuse(a->push, "%s: the hook update of the server "
			       "refuses it, and with it what is pushed "
			       "together%s%.300s", m->ref, out.len ? ": " : "",
			       out.len ? out.data : "");
	mv_buf_release(&out);
	return rc ? rc : mv_hook_in_time(a->push, err);
}

static int ask_hooks(struct after *a, struct mv_err *err)
{
	char *update = NULL, *transaction = NULL;
	int rc = mv_setup_hook_of_others(&update, a->push->repo, "update", err);

	if (!rc)
		rc = mv_setup_hook_of_others(&transaction, a->push->repo,
					     TRANSACTION, err);
	if (!rc && transaction)
		rc = refuse_rule(a->push, a->v[0].ref, "the hook "
				 TRANSACTION " may, unless "
				 "model.hooksObserve says that it only "
				 "watches");
	for (size_t i = 0; !rc && update && i < a->count; i++)
		rc = ask_hook(update, a, &a->v[i], err);
	free(transaction);
	free(update);
	return rc;
}

/* Hooks hear the names that are pushed, of whatever these are aliases. */
static int check_hooks(struct mv_push *push, const struct mv_git_move *v,
		       size_t count, struct mv_err *err)
{
	struct after a = { push, v, count, 0 };
	struct mv_git_move *all = NULL;
	int rc = mv_git_config_bool(&a.observe, push->git, OBSERVE, 0, err);

	if (!rc && push->own) {
		all = calloc(push->count + 1, sizeof(*all));
		if (!all)
			return mv_nomem(err);
		for (size_t i = 0; i < push->count; i++)
			all[i] = (struct mv_git_move){ push->updates[i].ref,
				push->updates[i].old, push->updates[i].new };
		a.v = all;
		a.count = push->count;
	}
	if (!rc && !a.observe)
		rc = ask_hooks(&a, err);
	if (!rc)
		rc = mv_git_config_each(push->git, see_setting, &a, err);
	free(all);
	return rc;
}

int mv_hook_check_after(struct mv_push *push, const struct mv_git_move *v,
			size_t count, struct mv_err *err)
{
	struct after a = { push, v, count, 0 };
	int rc;

	if (count < 2)
		return 0;
	rc = deny_deletes(&a, err);
	if (!rc)
		rc = deny_rewinds(&a, err);
	if (!rc)
		rc = check_current(&a, err);
	return rc ? rc : check_hooks(push, v, count, err);
}
