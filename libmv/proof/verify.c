/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/pool.h"
#include "libmv/gate/judge.h"
#include "libmv/gate/names.h"
#include "libmv/gate/past.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/proof/priv.h"

/*
 * All events: each processor proves its share, in a repository of its own;
 * then what only several of them together show is looked at, in order.
 */
static const char *tag_name(const struct mv_event *e)
{
	return e->ref + strlen("refs/tags/");
}

/* -- in parallel ---------------------------------------------------------- */

struct shared {
	const struct mv_gate *today;
	const struct mv_past *past;
	struct mv_proof *proofs;	/* as today's registry */
	size_t count;
	atomic_size_t next;
};

static int open_again(struct mv_repo **out, const struct mv_repo *repo,
		      struct mv_err *err)
{
	const struct mv_repo_options o = {
		.dir = repo->info->work_tree ? repo->info->work_tree :
					       repo->info->git_dir,
		.env = repo->env, .threads = 1
	};

	return mv_repo_open(out, &o, err);
}

static int work(void *arg, unsigned worker, struct mv_err *err)
{
	struct shared *s = arg;
	struct mv_gates gates = { .today = s->today };
	size_t i;
	int rc = open_again(&gates.repo, s->today->repo, err);

	(void)worker;
	while (!rc && (i = atomic_fetch_add(&s->next, 1)) < s->count)
		rc = mv_proof_event(&s->proofs[i], &gates, s->past,
				    &s->today->registry.v[i], err);
	mv_proof_gates_release(&gates);
	mv_repo_close(gates.repo);
	return rc;
}

static int prove_all(struct shared *s, struct mv_err *err)
{
	struct mv_pool *pool = mv_repo_pool(s->today->repo, err);
	struct mv_group *group = NULL;
	size_t n;
	int rc;

	if (!pool)
		return MV_ENOMEM;
	n = mv_pool_threads(pool);
	rc = mv_group_new(&group, pool, err);
	if (rc)
		return rc;
	/* A repository to open takes as long as an event. */
	for (size_t i = 0; i < n && 2 * i < s->count; i++)
		mv_group_submit(group, work, NULL, s);
	rc = mv_group_wait(group, err);
	mv_group_free(group);
	return rc;
}

/* -- what several events show together ------------------------------------ */

/* Of each stage of one artifact: the newest policy and records named so far. */
struct seen {
	const char *stage;
	const struct mv_past_commit *policy, *notes;
	const struct mv_event *policy_by, *notes_by;
};
struct sequence {
	const struct mv_past *past;
	struct seen *v;
	size_t count;
	int64_t counter;
};

static struct seen *seen_of(struct sequence *q, const char *stage)
{
	struct seen *more;

	for (size_t i = 0; i < q->count; i++)
		if (!strcmp(q->v[i].stage, stage))
			return &q->v[i];
	more = realloc(q->v, (q->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	q->v = more;
	memset(&more[q->count], 0, sizeof(*more));
	more[q->count].stage = stage;
	return &more[q->count++];
}

#define GONE "a tag was deleted, or never came here (git fetch --tags); what " \
	"it decided is not known"

static int check_counter(struct sequence *q, const struct mv_event *e,
			 struct mv_proof *p)
{
	int64_t last = q->counter, missing = e->tag.counter - last - 1;

	if (e->tag.counter <= last)
		return 0;
	q->counter = e->tag.counter;
	if (missing <= 0)
		return 0;
	if (missing == 1)
		return mv_proof_add(p, MV_VERIFY_UNKNOWN, "number %lld is "
				    "missing before it: " GONE,
				    (long long)last + 1);
	return mv_proof_add(p, MV_VERIFY_UNKNOWN, "numbers %lld..%lld are "
			    "missing before it: " GONE, (long long)last + 1,
			    (long long)(last + missing));
}

static int check_policy_order(struct seen *s, const struct mv_event *e,
			      const struct mv_past_commit *c,
			      struct mv_proof *p)
{
	if (c && s->policy && c->at > s->policy->at)
		return mv_proof_add(p, MV_VERIFY_BAD, "an old policy was used: "
				    "%.10s is older than %.10s, by which '%s' "
				    "was decided before", c->hex,
				    s->policy->hex, tag_name(s->policy_by));
	if (c) {
		s->policy = c;
		s->policy_by = e;
	}
	return 0;
}

/* Two people may have read records that were united only later; but what lies
   behind what was read before was chosen. */
static int check_notes_order(struct sequence *q, struct seen *s,
			     const struct mv_event *e,
			     const struct mv_past_commit *c,
			     struct mv_proof *p)
{
	int behind = 0;

	if (c && s->notes)
		behind = mv_gate_past_is_behind(&q->past->notes, c, s->notes);
	if (behind < 0)
		return MV_ENOMEM;
	if (behind)
		return mv_proof_add(p, MV_VERIFY_BAD, "old records were read: "
				    "%.10s is behind %.10s, on which '%s' was "
				    "decided before", c->hex, s->notes->hex,
				    tag_name(s->notes_by));
	if (c) {
		s->notes = c;
		s->notes_by = e;
	}
	return 0;
}

static int check_order(struct sequence *q, const struct mv_event *e,
		       struct mv_proof *p)
{
	struct seen *s;
	int rc = check_counter(q, e, p);

	if (rc || !e->tag.stage)
		return rc;
	s = seen_of(q, e->tag.stage);
	if (!s)
		return MV_ENOMEM;
	rc = check_policy_order(s, e, mv_gate_past_find(&q->past->branch,
							p->policy_commit), p);
	return rc ? rc : check_notes_order(q, s, e,
					   mv_gate_past_find(&q->past->notes,
							     p->notes), p);
}

/*
 * Two events of one number were decided by two who did not know of each other.
 * That is fine as long as what the one takes away is not what the other one
 * means: then nobody decided what both together lead to.
 */
static int takes_from(const struct mv_event *a, const struct mv_proof *pa,
		      const struct mv_event *b)
{
	switch (b->tag.kind) {
	case MV_EVENT_UNASSIGN:
		return !strcmp(a->tag.stage, b->tag.stage);
	case MV_EVENT_DEREGISTER:
		return pa->version && !strcmp(pa->version, b->tag.version);
	case MV_EVENT_DEPRECATE:
		return 1;
	default:
		return 0;
	}
}

static int check_twins(const struct mv_gate *gate, size_t i,
		       struct mv_proof *proofs)
{
	const struct mv_registry *r = &gate->registry;
	const struct mv_event *b = &r->v[i];
	int rc = 0;

	/* What takes comes last among those of one number; what has none may
	   stand in between. */
	for (size_t k = i; k-- > 0 && !rc && b->tag.counter >= 0;) {
		const struct mv_event *a = &r->v[k];

		if (strcmp(a->tag.artifact, b->tag.artifact) ||
		    (a->tag.counter >= 0 && a->tag.counter != b->tag.counter))
			break;
		if (a->tag.kind != MV_EVENT_ASSIGN || a->tag.counter < 0 ||
		    !gate->has_policy ||
		    !mv_policy_governs(&gate->policy, "stage", a->tag.artifact,
				       a->tag.stage) ||
		    !takes_from(a, &proofs[k], b))
			continue;
		rc = mv_proof_add(&proofs[i], MV_VERIFY_BAD, "it takes away "
				  "what '%s' of the same number gave: each "
				  "was decided without the other", tag_name(a));
		if (!rc)
			rc = mv_proof_add(&proofs[k], MV_VERIFY_BAD, "'%s' of "
					  "the same number takes away what it "
					  "gave: each was decided without the "
					  "other", tag_name(b));
	}
	return rc;
}

int mv_proof_order(const struct mv_gate *gate, const struct mv_past *past,
		   struct mv_proof *proofs, struct mv_err *err)
{
	const struct mv_registry *r = &gate->registry;
	struct sequence q = { .past = past };
	int rc = 0;

	for (size_t i = 0; i < r->count && !rc; i++) {
		if (i && strcmp(r->v[i].tag.artifact,
				r->v[i - 1].tag.artifact)) {
			q.count = 0;
			q.counter = 0;
		}
		rc = check_order(&q, &r->v[i], &proofs[i]);
		if (!rc)
			rc = check_twins(gate, i, proofs);
	}
	free(q.v);
	return rc ? mv_nomem(err) : 0;
}

/* -- telling -------------------------------------------------------------- */

struct telling {
	struct mv_gate *gate;
	const struct mv_past *past;
	const struct mv_verify_options *options;
	mv_verify_fn fn;
	void *payload;
};

static int verify_tell(const struct telling *t, const struct mv_proof *p,
		       struct mv_verified *v, struct mv_err *err)
{
	static const char *const none[] = { NULL };

	v->state = p->state;
	v->problems = p->problem_count ? (const char *const *)p->problems :
					 none;
	return t->fn(t->payload, v, err);
}

static int tell_event(const struct telling *t, const struct mv_event *e,
		      const struct mv_proof *p, struct mv_err *err)
{
	struct mv_verified v = {
		.event = e, .artifact = e->tag.artifact,
		.version = p->version && *p->version ? p->version : NULL,
		.stage = e->tag.stage, .promoter = p->promoter,
		.when = p->when, .witnessed = p->witnessed,
		.verdict = p->has_verdict ? &p->verdict : NULL,
		.debt = p->debt, .overdue = p->overdue, .evidence = p->records,
		.policy = p->policy
	};

	return verify_tell(t, p, &v, err);
}

/* -- changes of the policy ------------------------------------------------ */

enum { MOMENTS_MAX = 256 };

struct changing {
	struct mv_proof *p;
	int no_records;		/* none are here, and may be elsewhere */
	/* When somebody who may said something of it after its date. */
	int64_t from, until;
	int64_t moments[MOMENTS_MAX];
	size_t count;
};

static void keep_moments(struct changing *c, const struct mv_policy_facts *f)
{
	for (size_t i = 0; i < f->vote_count; i++) {
		const struct mv_vote *v = &f->votes[i];

		if (!v->malformed && c->count < MOMENTS_MAX &&
		    v->signature.state == MV_SIGNATURE_GOOD &&
		    v->statement.issued_at > c->from &&
		    v->statement.issued_at <= c->until)
			c->moments[c->count++] = v->statement.issued_at;
	}
}

static int blame(const struct changing *c, const struct mv_finding *f)
{
	/* Who approved it stands in the records alone. */
	if (c->no_records && !strncmp(f->rule, "policy-approvals ", 17))
		return mv_proof_add(c->p, MV_VERIFY_UNKNOWN, ".gitmodel/ was "
				    "changed, and the policy before it asks "
				    "for %s: there are no records here; git "
				    "model fetch brings them", f->rule);
	return mv_proof_add(c->p, MV_VERIFY_BAD, ".gitmodel/ was changed "
			    "without what the policy before it asks for: %s: "
			    "expected %s, found %s", f->rule, f->expected,
			    f->actual);
}

static int on_change(void *payload, const char *subject,
		     const struct mv_policy_facts *facts,
		     const struct mv_verdict *verdict, struct mv_err *err)
{
	struct changing *c = payload;
	int rc = 0;

	(void)subject;
	if (strcmp(facts->action, "policy") ||
	    verdict->result == MV_RESULT_YES ||
	    verdict->result == MV_RESULT_OVERRIDDEN)
		return 0;
	keep_moments(c, facts);
	for (size_t i = 0; i < verdict->count && !rc; i++) {
		const struct mv_finding *f = &verdict->v[i];

		if (f->mode == MV_MODE_ENFORCE &&
		    f->result != MV_RESULT_YES &&
		    f->result != MV_RESULT_OVERRIDDEN)
			rc = blame(c, f);
	}
	return rc ? mv_nomem(err) : 0;
}

static const char *branch_of(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

static int judge_change(struct mv_proof *p, struct changing *changing,
			struct mv_gates *gates, struct mv_gate_then *g,
			const struct mv_past_commit *c,
			const struct mv_past_commit *parent, int64_t when,
			struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	int rc;

	changing->p = p;
	g->gate.registry = gates->today->registry;
	g->gate.now = when * 1000;
	rc = mv_gate_set(&g->gate.notes, gates->today->notes, err);
	if (!rc)
		rc = mv_gate_check_branch(&g->gate,
					  branch_of(gates->today->trusted_name),
					  parent->hex, c->hex, on_change,
					  changing, &why);
	memset(&g->gate.registry, 0, sizeof(g->gate.registry));
	if (rc && rc != MV_ENOMEM)
		rc = mv_proof_add(p, MV_VERIFY_BAD, "it cannot be judged: %s",
				  why.msg);
	return rc ? mv_nomem(err) : 0;
}

static int by_moment(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * People commit, then approve, then push: the date of the commit is not when
 * it came to be in force. When that was nobody knows; but it was good if it
 * would have been at any moment until it was made use of.
 */
static int judge_later(struct mv_proof *p, struct changing *found,
		       struct mv_gates *gates, struct mv_gate_then *g,
		       const struct mv_past_commit *c,
		       const struct mv_past_commit *parent,
		       struct mv_err *err)
{
	int rc = 0;

	qsort(found->moments, found->count, sizeof(*found->moments),
	      by_moment);
	for (size_t i = 0; i < found->count && !rc && p->problem_count; i++) {
		/* It says the same again, and collects nothing new. */
		struct changing again = { .no_records = found->no_records };
		struct mv_proof then;

		memset(&then, 0, sizeof(then));
		rc = judge_change(&then, &again, gates, g, c, parent,
				  found->moments[i], err);
		if (!rc && !then.problem_count) {
			for (size_t k = 0; k < p->problem_count; k++)
				free(p->problems[k]);
			p->problem_count = 0;
			p->state = MV_VERIFY_OK;
		}
		mv_proof_release(&then);
	}
	return rc;
}

int mv_proof_change(struct mv_proof *p, struct mv_gates *gates,
		    const struct mv_past_commit *c,
		    const struct mv_past_commit *parent, int64_t until,
		    struct mv_err *err)
{
	struct changing changing = { .no_records = gates->today->no_records,
				     .from = c->when, .until = until };
	struct mv_err why = { MV_OK, "" };
	struct mv_gate_then *g;
	int rc = mv_proof_gates_at(&g, gates, parent->hex, &why);

	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			mv_proof_add(p, MV_VERIFY_BAD, "the policy before it "
				     "cannot be read: %s", why.msg);
	if (!g->gate.has_policy)
		return 0;
	rc = judge_change(p, &changing, gates, g, c, parent, c->when, err);
	return rc ? rc : judge_later(p, &changing, gates, g, c, parent, err);
}

/* By when a change must have been approved: then the first decision was made
   by it, or by one that came after it. */
static int64_t used_from(const struct telling *t, const struct mv_proof *proofs,
			 const struct mv_past_commit *on)
{
	int64_t until = t->gate->now / 1000;
	const int64_t skew = mv_gate_clock_skew(t->gate);

	for (size_t i = 0; i < t->gate->registry.count; i++) {
		const struct mv_past_commit *by =
			mv_gate_past_find(&t->past->branch,
					  proofs[i].policy_commit);

		if (by && by->at <= on->at && proofs[i].when < until)
			until = proofs[i].when;
	}
	return until < INT64_MAX - skew ? until + skew : until;
}

static int take_author(void *payload, size_t i,
		       const struct mv_git_object_info *commit,
		       struct mv_err *err)
{
	struct mv_proof *p = payload;

	(void)i;
	return commit ? mv_gate_set(&p->promoter, commit->committer.email,
				    err) : 0;
}

/* Whoever may can still say yes to the last one, until it is made use of. */
static int judge_step(struct mv_proof *p, const struct telling *t,
		      const struct mv_proof *proofs, struct mv_gates *gates,
		      const struct mv_past_commit *c,
		      const struct mv_past_commit *on, struct mv_err *err)
{
	const int64_t until = used_from(t, proofs, on);
	int rc = mv_proof_change(p, gates, c, &t->past->branch.v[on->at + 1],
				 until, err);

	if (!rc && p->state == MV_VERIFY_BAD && c == t->past->changes.v &&
	    until > t->gate->now / 1000 &&
	    mv_proof_add(p, MV_VERIFY_BAD, "as long as nothing is decided by "
			 "it, who may can approve it: git model approve "
			 "--policy %.10s", c->hex))
		rc = mv_nomem(err);
	return rc;
}

static int tell_change(const struct telling *t, const struct mv_proof *proofs,
		       struct mv_gates *gates, const struct mv_past_commit *c,
		       struct mv_err *err)
{
	const struct mv_past_commit *on = mv_gate_past_find(&t->past->branch,
							    c->hex);
	const char *name = c->hex;
	struct mv_proof p;
	int rc;

	memset(&p, 0, sizeof(p));
	rc = mv_git_objects(mv_repo_git(gates->repo), &name, 1, take_author,
			    &p, err);
	if (!rc && on && on->at + 1 < t->past->branch.count)
		rc = judge_step(&p, t, proofs, gates, c, on, err);
	else if (!rc && t->past->shallow)
		rc = mv_proof_add(&p, MV_VERIFY_UNKNOWN, "history is cut off "
				  "before it; git fetch --unshallow brings "
				  "it");
	if (!rc) {
		struct mv_verified v = { .artifact = ".gitmodel",
					 .version = c->hex,
					 .promoter = p.promoter,
					 .when = c->when };

		rc = verify_tell(t, &p, &v, err);
	}
	mv_proof_release(&p);
	return rc;
}

/* Somebody merged another beginning in: which one is the branch's own nobody
   can tell from here. */
static int tell_beginnings(const struct telling *t, struct mv_err *err)
{
	const struct mv_past *past = t->past;
	struct mv_verified v = { .artifact = ".gitmodel" };
	struct mv_proof p;
	int rc;

	if (past->beginning_count < 2 || past->pinned)
		return 0;
	memset(&p, 0, sizeof(p));
	v.version = past->beginnings[0];
	rc = mv_proof_add(&p, MV_VERIFY_BAD, "the policy of %s begins twice, "
			  "at %.10s and at %.10s: a merge brought in a "
			  "history of its own; say which one is true: git "
			  "config model.policyRoot COMMIT",
			  t->gate->trusted_name, past->beginnings[0],
			  past->beginnings[1]) ? mv_nomem(err) : 0;
	v.when = t->gate->now / 1000;
	if (!rc)
		rc = verify_tell(t, &p, &v, err);
	mv_proof_release(&p);
	return rc;
}

static int tell_changes(const struct telling *t, const struct mv_proof *proofs,
			struct mv_err *err)
{
	struct mv_gates gates = { .repo = t->gate->repo, .today = t->gate };
	int rc = tell_beginnings(t, err);

	for (size_t i = t->past->changes.count; i-- > 0 && !rc;)
		rc = tell_change(t, proofs, &gates, &t->past->changes.v[i],
				 err);
	mv_proof_gates_release(&gates);
	return rc;
}

/* -- what is not there any more ------------------------------------------- */

static int tell_loss(const struct telling *t, const struct mv_past_loss *l,
		     struct mv_err *err)
{
	const struct mv_past_commit *c = mv_gate_past_find(&t->past->notes,
							   l->commit);
	const char *name = l->commit;
	struct mv_verified v = { .when = c ? c->when : 0 };
	struct mv_proof p;
	int rc;

	memset(&p, 0, sizeof(p));
	rc = mv_git_objects(mv_repo_git(t->gate->repo), &name, 1, take_author,
			    &p, err);
	if (!rc && mv_proof_add(&p, MV_VERIFY_BAD, "%.10s took %zu line%s out "
				"of the records of %.10s: %.80s...",
				l->commit, l->lines, l->lines == 1 ? "" : "s",
				l->object, l->line))
		rc = mv_nomem(err);
	v.promoter = p.promoter;
	if (!rc)
		rc = verify_tell(t, &p, &v, err);
	mv_proof_release(&p);
	return rc;
}

static int verify_is_there(const struct mv_registry *r, const char *oid)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->v[i].oid, oid))
			return 1;
	return 0;
}

static int tell_lost(const struct telling *t, const struct mv_past_statement *r,
		     struct mv_err *err)
{
	struct mv_verified v = { .artifact = r->s.artifact,
				 .version = r->s.version,
				 .stage = r->s.stage,
				 .promoter = r->s.signer,
				 .when = r->s.issued_at, .witnessed = 1 };
	struct mv_proof p;
	int good, rc;

	memset(&p, 0, sizeof(p));
	rc = mv_proof_receipt(&good, t->gate->trust, t->gate->repo_id, r,
			      err);
	if (!rc && good &&
	    mv_proof_add(&p, MV_VERIFY_BAD, "the server received tag %.10s, "
			 "%s@%s to %s, but no tag leads to it any more: it was "
			 "deleted or moved (or never came here: git fetch "
			 "--tags)", r->s.tag, r->s.artifact, r->s.version,
			 r->s.stage))
		rc = mv_nomem(err);
	if (!rc && good)
		rc = verify_tell(t, &p, &v, err);
	mv_proof_release(&p);
	return rc;
}

/* Named like an event, and none: what it stood for cannot be told. */
static int tell_ignored(const struct telling *t, const struct mv_event *e,
			struct mv_err *err)
{
	struct mv_verified v = { .artifact = e->tag.artifact,
				 .version = e->ref + strlen("refs/tags/"),
				 .stage = e->tag.stage,
				 .when = t->gate->now / 1000 };
	struct mv_err why;
	struct mv_proof p;
	int rc;

	if (!e->tag.stage || mv_registry_ignored(&t->gate->registry,
						 e->tag.artifact, e->tag.stage,
						 NULL) != e)
		return 0;
	memset(&p, 0, sizeof(p));
	mv_registry_refuse_ignored(e, &why);
	rc = mv_proof_add(&p, MV_VERIFY_UNKNOWN, "%s", why.msg) ?
	     mv_nomem(err) : 0;
	if (!rc)
		rc = verify_tell(t, &p, &v, err);
	mv_proof_release(&p);
	return rc;
}

/* -- tags that stand in the way ------------------------------------------- */

struct blocking {
	const struct telling *t;
	struct mv_tag_names names;
};

/* Nothing of it was decided here, but it is no accident either. */
static int tell_blocking(void *payload, const struct mv_git_ref *ref,
			 struct mv_err *err)
{
	const struct blocking *b = payload;
	const char *name = ref->name + strlen("refs/tags/");
	struct mv_verified v = { .version = name,
				 .when = b->t->gate->now / 1000 };
	struct mv_proof p;
	char *what = NULL;
	int bad = 0, rc;

	memset(&p, 0, sizeof(p));
	rc = mv_gate_tag_blocks(&what, &b->names, name, err);
	if (!rc && !strncmp(name, "refs/", 5))
		bad = mv_proof_add(&p, MV_VERIFY_UNKNOWN, "the tag '%s' is "
				   "taken for %s by git where that is not; "
				   "delete it (git tag -d, git push origin "
				   ":refs/tags/%s)", name, name, name);
	else if (!rc && what)
		bad = mv_proof_add(&p, MV_VERIFY_UNKNOWN, "the tag '%s' keeps "
				   "%s from being made; delete it (git tag -d, "
				   "git push origin :refs/tags/%s)", name, what,
				   name);
	if (!rc && bad)
		rc = mv_nomem(err);
	if (!rc && p.problem_count)
		rc = verify_tell(b->t, &p, &v, err);
	mv_proof_release(&p);
	free(what);
	return rc;
}

static int tell_all_blocking(const struct telling *t, struct mv_err *err)
{
	static const char *const tags[] = { "refs/tags/", NULL };
	struct blocking b = { .t = t };
	int rc = mv_gate_names_read(&b.names, &t->gate->registry,
				    t->gate->has_policy ?
				    &t->gate->policy : NULL, err);

	if (!rc)
		rc = mv_git_each_ref(mv_repo_git(t->gate->repo), tags,
				     tell_blocking, &b, err);
	mv_gate_names_release(&b.names);
	return rc;
}

static int tell_missing(const struct telling *t, struct mv_err *err)
{
	const char *only = t->options->artifact;
	int rc = 0;

	for (size_t i = 0; i < t->gate->registry.ignored_count && !rc; i++)
		rc = tell_ignored(t, &t->gate->registry.ignored[i], err);
	for (size_t i = 0; i < t->past->receipts.count && !rc; i++) {
		const struct mv_past_statement *r = &t->past->receipts.v[i];

		if (*r->s.tag && (!only || !strcmp(only, r->s.artifact)) &&
		    !verify_is_there(&t->gate->registry, r->s.tag))
			rc = tell_lost(t, r, err);
	}
	for (size_t i = 0; i < t->past->loss_count && !rc && !only; i++)
		rc = tell_loss(t, &t->past->losses[i], err);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

int mv_proof_verify_with(struct mv_gate *gate, const struct mv_past *past,
			 const struct mv_verify_options *options,
			 mv_verify_fn fn, void *payload, struct mv_err *err)
{
	struct shared s = { .today = gate, .past = past };
	const struct telling t = { gate, past, options, fn, payload };
	int rc = 0;

	s.count = gate->registry.count;
	s.proofs = calloc(s.count + 1, sizeof(*s.proofs));
	if (!s.proofs)
		rc = mv_nomem(err);
	if (!rc && s.count)
		rc = prove_all(&s, err);
	if (!rc)
		rc = mv_proof_order(gate, past, s.proofs, err);
	if (!rc && !options->artifact)
		rc = tell_changes(&t, s.proofs, err);
	for (size_t i = 0; i < s.count && !rc; i++)
		rc = tell_event(&t, &gate->registry.v[i], &s.proofs[i], err);
	if (!rc)
		rc = tell_missing(&t, err);
	if (!rc && !options->artifact)
		rc = tell_all_blocking(&t, err);
	for (size_t i = 0; s.proofs && i < s.count; i++)
		mv_proof_release(&s.proofs[i]);
	free(s.proofs);
	return rc;
}

/* A line that nobody on the lists signed, or about another repository, says
   nothing here. What cannot be checked may be one that does. */
static int is_vouched_for(int *yes, const struct mv_gate *gate,
			  const struct mv_past_statement *r,
			  struct mv_err *err)
{
	struct mv_signature s;
	int rc;

	*yes = 0;
	if (strcmp(r->s.repo, gate->repo_id))
		return 0;
	rc = mv_proof_statement(&s, gate->trust, r, err);
	if (rc)
		return rc;
	*yes = s.state == MV_SIGNATURE_UNCHECKED ||
	       (s.state == MV_SIGNATURE_GOOD && s.principal &&
		!strcmp(s.principal, r->s.signer));
	mv_signature_release(&s);
	return 0;
}

/* A name that nothing here knows was mistyped: that nothing was found of it says
   nothing. What the server received is known, though its tag is lost. */
static int verify_check_name(const struct mv_gate *gate,
			     const struct mv_past *past,
			     const char *artifact, struct mv_err *err)
{
	int known = 0, rc = 0;

	for (size_t i = 0; i < past->receipts.count && !known && !rc; i++)
		if (!strcmp(past->receipts.v[i].s.artifact, artifact))
			rc = is_vouched_for(&known, gate,
					    &past->receipts.v[i], err);
	return rc || known ? rc : mv_gate_check_artifact(gate, artifact, err);
}

static int has_stages(const struct mv_gate *gate)
{
	for (size_t i = 0; gate->has_policy && i < gate->policy.section_count;
	     i++)
		if (!strcmp(gate->policy.sections[i].kind, "stage"))
			return 1;
	return 0;
}

/* Did anybody on the lists sign something about a version? Of a change of
   .gitmodel/ there are no tags. */
static int find_signed(int *yes, struct mv_gate *gate, struct mv_err *err)
{
	struct mv_past_statements all;
	int rc = mv_gate_past_read_statements(&all, gate, 0, err);

	*yes = 0;
	for (size_t i = 0; !rc && !*yes && i < all.count; i++)
		if (!all.v[i].malformed &&
		    strcmp(all.v[i].s.artifact, ".gitmodel"))
			rc = is_vouched_for(yes, gate, &all.v[i], err);
	mv_gate_past_statements_release(&all);
	return rc;
}

/* A clone without tags, or a fetch that brought none, has nothing to be wrong. */
static int find_tagless(int *tagless, struct mv_gate *gate, struct mv_err *err)
{
	int none, elsewhere;
	int rc = mv_gate_no_tags(&none, &elsewhere, gate, err);

	*tagless = !rc && none && elsewhere && has_stages(gate);
	return rc || !none || *tagless ? rc : find_signed(tagless, gate, err);
}

int mv_proof_verify(struct mv_gate *gate,
		    const struct mv_verify_options *options,
		    mv_verify_fn fn, void *payload, struct mv_err *err)
{
	struct mv_past past;
	int rc = mv_gate_past_read(&past, gate, err);

	if (rc)
		return rc;
	if (options->root)
		memcpy(*options->root, past.root, sizeof(*options->root));
	if (options->artifact)
		rc = verify_check_name(gate, &past, options->artifact, err);
	if (!rc && options->tagless)
		rc = find_tagless(options->tagless, gate, err);
	if (!rc)
		rc = mv_proof_verify_with(gate, &past, options, fn, payload,
					  err);
	mv_gate_past_release(&past);
	return rc;
}
