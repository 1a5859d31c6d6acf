/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/past.h"
#include "libmv/git/history.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/registry.h"
#include "libmv/proof/proof.h"

/*
 * What `git model verify` would call BAD is not taken, and nothing is taken
 * that would make it call BAD what is there: asked by verify's own functions,
 * of the state that the push leads to.
 */
enum {
	CHANGES_MAX = 64,	/* of .gitmodel/, in one push */
	FIRST_MAX = 1000	/* in the one that makes the branch */
};

struct proving {
	struct mv_push *push;
	const char **refs;	/* tags that are made or moved, sorted */
	size_t count;
};

static int proof_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int is_pushed(void *payload, const struct mv_event *e)
{
	const struct proving *x = payload;
	const char *ref = e->ref;

	return bsearch(&ref, x->refs, x->count, sizeof(*x->refs),
		       proof_by_name) !=
	       NULL;
}

static int refuse_bad(void *payload, const struct mv_verified *v,
		      struct mv_err *err)
{
	struct mv_push *push = ((struct proving *)payload)->push;

	for (size_t i = 0; v->state != MV_VERIFY_OK && v->problems[i]; i++)
		mv_hook_refuse(push, "%s: %s", v->event->ref + strlen(TAGS),
			       v->problems[i]);
	return mv_hook_in_time(push, err);
}

static int refuse_turned(void *payload, const struct mv_verified *v,
			 struct mv_err *err)
{
	struct mv_push *push = ((struct proving *)payload)->push;

	(void)err;
	return mv_hook_refuse(push, "%s: %s", push->branch, v->problems[0]);
}

static int list_refs(struct proving *x, struct mv_err *err)
{
	const struct mv_push *push = x->push;

	x->refs = calloc(push->count + 1, sizeof(*x->refs));
	if (!x->refs)
		return mv_nomem(err);
	for (size_t i = 0; i < push->count; i++)
		if (!strncmp(push->updates[i].ref, TAGS, strlen(TAGS)) &&
		    !mv_hook_is_zero(push->updates[i].new))
			x->refs[x->count++] = push->updates[i].ref;
	qsort(x->refs, x->count, sizeof(*x->refs), proof_by_name);
	return 0;
}

/* Where the trusted branch would be; *moves: the push moves it, or (*creates)
   makes it. */
static const char *new_tip(const struct mv_push *push, int *moves,
			   int *creates)
{
	*moves = *creates = 0;
	for (size_t i = 0; i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];

		if (strcmp(u->ref, push->branch))
			continue;
		*moves = !mv_hook_is_zero(u->new) && *push->trusted;
		*creates = !mv_hook_is_zero(u->new) && !*push->trusted;
		return mv_hook_is_zero(u->new) ? "" : u->new;
	}
	return push->trusted;
}

/*
 * Every policy that the branch held must be found on its line afterwards:
 * a merge can put several of them where nobody would look for them.
 */
static int check_kept(struct mv_push *push, const struct mv_past *before,
		      const struct mv_past *after, struct mv_err *err)
{
	const struct mv_past_commit *place = NULL;
	int rc = 0;

	for (size_t i = 0; i < before->changes.count && !rc; i++) {
		const char *hex = before->changes.v[i].hex;

		if (mv_gate_past_find(&after->branch, hex))
			break;
		rc = mv_gate_past_place(&place, after, push->git, hex, NULL,
					err);
		if (!rc && !place)
			return mv_hook_refuse(push, "%s: after this merge "
				"nobody could tell that the policy of %.10s "
				"was in force; git pull --rebase, or merge "
				"your branch into %s and not the other way "
				"round", push->branch, hex, push->branch);
	}
	return rc;
}

static int check_change(struct mv_push *push, struct mv_gates *gates,
			const struct mv_past *after,
			const struct mv_past_commit *change,
			struct mv_err *err)
{
	const struct mv_past_commit *on = mv_gate_past_find(&after->branch,
							    change->hex);
	struct mv_proof p;
	int rc;

	if (!on || on->at + 1 >= after->branch.count)
		return 0;	/* the first of all */
	memset(&p, 0, sizeof(p));
	rc = mv_proof_change(&p, gates, change,
			     &after->branch.v[on->at + 1],
			     push->gate.now / 1000, err);
	for (size_t i = 0; !rc && i < p.problem_count; i++)
		mv_hook_refuse(push, "%s: %.10s: %s (every commit that "
			       "changes .gitmodel/ is judged by the policy "
			       "before it, also what is undone later: squash "
			       "them)", push->branch, change->hex,
			       p.problems[i]);
	mv_proof_release(&p);
	return rc ? rc : mv_hook_in_time(push, err);
}

/* What stands between the old tip and the new one was in force, too, for
   everybody who reads the branch's history. */
static int check_changes(struct mv_push *push, const struct mv_past *before,
			 const struct mv_past *after, struct mv_err *err)
{
	struct mv_gates gates = { .repo = push->repo, .today = &push->gate };
	size_t new = 0;
	int rc = 0;

	for (size_t i = 0; i < after->changes.count; i++)
		new += !mv_gate_past_find(&before->branch,
					  after->changes.v[i].hex);
	if (new > CHANGES_MAX)
		return mv_hook_refuse(push, "%s: %zu commits that change "
				      ".gitmodel/ at once; no more than %d are "
				      "judged: squash them", push->branch, new,
				      CHANGES_MAX);
	/* A single one, too: check_branch judges the step from what was to what
	   will be, and verify that from the commit before it on the line. */
	for (size_t i = after->changes.count; i-- > 0 && !rc;)
		if (!mv_gate_past_find(&before->branch,
				       after->changes.v[i].hex))
			rc = check_change(push, &gates, after,
					  &after->changes.v[i], err);
	mv_proof_gates_release(&gates);
	return rc;
}

static int check_move(struct proving *x, const struct mv_past *after,
		      const char *new, struct mv_err *err)
{
	struct mv_push *push = x->push;
	const struct mv_past_commit *old;
	struct mv_past before;
	int rc = mv_git_is_ancestor(push->git, push->trusted, new, err);

	if (rc < 1)	/* not forward: that is refused elsewhere */
		return rc;
	rc = mv_gate_past_read_lines(&before, &push->gate, push->trusted, err);
	if (rc)
		return rc;
	if (after->beginning_count > 1 && !after->pinned &&
	    after->beginning_count > before.beginning_count)
		mv_hook_refuse(push, "%s: this brings in a second beginning "
			       "of the policy, %.10s beside %.10s", push->branch,
			       after->beginnings[0], after->beginnings[1]);
	else
		rc = check_kept(push, &before, after, err);
	if (!rc && !push->refused)
		rc = mv_gate_past_place(&old, after, push->git, push->trusted,
					NULL, err);
	if (!rc && !push->refused && old)
		rc = mv_proof_not_overtaken(&push->gate, after, old,
					    refuse_turned, x, err);
	if (!rc && !push->refused)
		rc = check_changes(push, &before, after, err);
	mv_gate_past_release(&before);
	return rc ? rc : mv_hook_in_time(push, err);
}

/* -- the push that makes the branch --------------------------------------- */

static int check_first_changes(struct mv_push *push, const struct mv_past *past,
			       struct mv_gate *gate, struct mv_err *err)
{
	struct mv_gates gates = { .repo = push->repo, .today = gate };
	const size_t before = push->refused;
	int rc = 0;

	for (size_t i = past->changes.count; i-- > 0 && !rc;)
		rc = check_change(push, &gates, past, &past->changes.v[i],
				  err);
	mv_proof_gates_release(&gates);
	if (!rc && push->refused > before)
		mv_hook_refuse(push, "%s: who approved what stands in "
			       MV_NOTES_REF ": push that together with the "
			       "branch", push->branch);
	return rc;
}

/* Nothing is there that could judge it; but everybody who reads the branch's
   history judges each of its policies by the one before. */
static int check_creation(struct mv_push *push, const struct mv_past *past,
			  const char *tip, struct mv_err *err)
{
	struct mv_gate_options o = {
		.trusted = tip, .refs = push->refs, .ref_count = push->count,
		.now = push->gate.now, .records_known = !push->advice
	};
	struct mv_gate gate;
	int rc;

	if (past->beginning_count > 1 && !past->pinned)
		return mv_hook_refuse(push, "%s: its policy begins twice, at "
				      "%.10s and at %.10s; say here which one "
				      "is true: git config model.policyRoot "
				      "COMMIT", push->branch,
				      past->beginnings[0],
				      past->beginnings[1]);
	if (past->changes.count < 2)
		return 0;
	if (past->changes.count > FIRST_MAX)
		return mv_hook_refuse(push, "%s: %zu commits that change "
				      ".gitmodel/; no more than %d are judged",
				      push->branch, past->changes.count,
				      FIRST_MAX);
	rc = mv_gate_open(&gate, push->repo, &o, err);
	if (rc)
		return rc;
	rc = mv_gate_set(&gate.trusted_name, push->gate.trusted_name, err);
	if (!rc)
		rc = check_first_changes(push, past, &gate, err);
	mv_gate_close(&gate);
	return rc;
}

int mv_hook_prove(struct mv_push *push, struct mv_err *err)
{
	struct proving x = { .push = push };
	struct mv_past past;
	int moves, creates;
	const char *tip = new_tip(push, &moves, &creates);
	int rc = list_refs(&x, err);

	if (rc || !*tip || (!moves && !creates && !x.count)) {
		free(x.refs);
		return rc;
	}
	rc = mv_gate_past_read_lines(&past, &push->gate, tip, err);
	if (!rc) {
		if (moves)
			rc = check_move(&x, &past, tip, err);
		if (creates)
			rc = check_creation(push, &past, tip, err);
		if (!rc && x.count && !push->refused)
			rc = mv_proof_some(&push->gate, &past, is_pushed,
					   refuse_bad, &x, err);
		mv_gate_past_release(&past);
	}
	free(x.refs);
	return rc;
}
