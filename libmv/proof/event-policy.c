/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/git/objects.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/proving.h"

/* Which policy an event was decided by, and whether it was the one in force. */
static int check_in_force(struct proving *x)
{
	const char *policy = mv_proof_said(&x->trailers, "Model-Policy");
	const struct mv_past_commit *c;
	char a[32], b[32];

	if (x->receipt && !strcmp(x->receipt->s.policy, policy))
		return 0;
	if (x->receipt)
		return BAD(x, "the server judged it by policy %.17s, the tag "
			   "says %.17s", *x->receipt->s.policy ?
			   x->receipt->s.policy : "(none)",
			   *policy ? policy : "(none)");
	c = mv_gate_past_overtaken(x->past, x->policy, x->said);
	if (!c)
		return 0;
	return BAD(x, "an old policy was used, that of %.10s: .gitmodel/ was "
		   "changed by %.10s on %s, and this was decided on %s",
		   x->policy->hex, c->hex, mv_proof_moment(a, c->when),
		   mv_proof_moment(b, x->said));
}

/* Data of the trusted commit that the policy compares with. */
struct paths {
	const char **v;
	size_t count, alloc;
};

static int add_path(void *payload, const char *question, struct mv_err *err)
{
	struct paths *paths = payload;

	if (strncmp(question, "content ", 8))
		return 0;
	if (MV_GROW(paths->v, paths->alloc, paths->count + 2, err) < 0)
		return MV_ENOMEM;
	paths->v[paths->count] = strdup(question + 8);
	paths->v[paths->count + 1] = NULL;
	return paths->v[paths->count++] ? 0 : mv_nomem(err);
}

static int list_paths(struct paths *out, const struct proving *x,
		      struct mv_err *err)
{
	const struct mv_tag *t = &x->event->tag;

	if (!x->then->gate.has_policy)
		return 0;
	return mv_policy_each_question(&x->then->gate.policy,
				       t->kind == MV_EVENT_ASSIGN ?
				       "promote" : "demote", t->artifact,
				       t->stage, add_path, out, err);
}

/*
 * What a server witnessed it had judged by this policy. Nobody else knows
 * what the branch was at that moment.
 */
static int vouched(const struct proving *x)
{
	const char *digest = x->receipt ? x->receipt->s.policy : NULL;

	return digest && *digest &&
	       !strcmp(digest, mv_proof_said(&x->trailers, "Model-Policy")) &&
	       x->then->gate.has_policy &&
	       !strcmp(digest, x->then->gate.policy.digest);
}

static int find_place(struct proving *x, const char *commit,
		      const struct mv_past_commit *brought,
		      struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gates->repo);
	struct paths paths = { .v = NULL };
	int rc = list_paths(&paths, x, err);

	if (!rc)
		rc = mv_gate_past_place(&x->policy, x->past, git, commit,
					paths.v,
					err);
	for (size_t i = 0; i < paths.count; i++)
		free((void *)(uintptr_t)paths.v[i]);
	free(paths.v);
	if (!rc && !x->policy && vouched(x))
		x->policy = brought;
	return rc;
}

static int take_date(void *payload, size_t i,
		     const struct mv_git_object_info *commit,
		     struct mv_err *err)
{
	(void)i;
	(void)err;
	*(int64_t *)payload = commit ? commit->committer.when : 0;
	return 0;
}

static int never_was(struct proving *x, const char *commit)
{
	if (x->past->shallow)
		return UNKNOWN(x, "history is cut off before the policy's "
			       "commit %.10s; git fetch --unshallow brings it",
			       commit);
	return BAD(x, "it was decided by the policy of %.10s, which "
		   "never was %s", commit, x->gates->today->trusted_name);
}

int mv_proof_check_policy(struct proving *x, struct mv_err *err)
{
	const char *commit = mv_proof_said(&x->trailers, "Model-Policy-Commit");
	const char *digest = mv_proof_said(&x->trailers, "Model-Policy");
	struct mv_git *git = mv_repo_git(x->gates->repo);
	const struct mv_past_commit *brought = NULL;
	struct mv_err why = { MV_OK, "" };
	int64_t when = 0;
	int rc = 0;

	if (!*commit)
		return mv_proof_governed(x->gates->today, x->event) ?
			BAD(x, "it does not say which policy was asked") : 0;
	if (!mv_proof_is_name(commit))
		return BAD(x, "Model-Policy-Commit is no name of a commit");
	if (!mv_gate_past_find(&x->past->branch, commit))
		rc = mv_gate_past_brought(&brought, x->past, git, commit, err);
	if (rc)
		return rc;
	if (!brought && !mv_gate_past_find(&x->past->branch, commit))
		return never_was(x, commit);
	rc = mv_proof_gates_at(&x->then, x->gates, commit, &why);
	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			BAD(x, "its policy cannot be read: %s", why.msg);
	rc = find_place(x, commit, brought, err);
	if (rc)
		return rc;
	if (!x->policy) {
		x->then = NULL;
		return never_was(x, commit);
	}
	mv_gate_past_name(x->p->policy_commit, x->policy->hex);
	x->p->governed_then = mv_proof_governed(&x->then->gate, x->event);
	if (strcmp(digest, x->then->gate.has_policy ?
		   x->then->gate.policy.digest : ""))
		return BAD(x, "the policy of %.10s is another than the tag "
			   "says (%.17s)", commit, *digest ? digest : "none");
	rc = mv_git_objects(git, &commit, 1, take_date, &when, err);
	if (!rc)
		rc = mv_proof_check_date(x, when, "a policy");
	return rc ? rc : check_in_force(x);
}
