/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/pool.h"
#include "libmv/gate/judge.h"
#include "libmv/gate/names.h"
#include "libmv/gate/past.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/proof/telling.h"

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
	struct seen *s;

	for (size_t i = 0; i < q->count; i++)
		if (!strcmp(q->v[i].stage, stage))
			return &q->v[i];
	s = MV_GROW_ONE(q->v, q->count, NULL);
	if (s)
		s->stage = stage;
	return s;
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

static int tell_event(const struct telling *t, const struct mv_event *e,
		      const struct mv_proof *p, struct mv_err *err)
{
	struct mv_verified v = {
		.event = e, .artifact = e->tag.artifact,
		.version = p->version && *p->version ? p->version : NULL,
		.stage = e->tag.stage, .promoter = p->promoter,
		.when = p->when, .witnessed = p->witnessed,
		.unwitnessed = p->unwitnessed,
		.verdict = p->has_verdict ? &p->verdict : NULL,
		.debt = p->debt, .overdue = p->overdue, .evidence = p->records,
		.policy = p->policy
	};

	return mv_proof_tell(t, p, &v, err);
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
	rc = mv_git_objects(mv_repo_git(t->gate->repo), &name, 1,
			    mv_proof_take_author, &p, err);
	if (!rc && mv_proof_add(&p, MV_VERIFY_BAD, "%.10s took %zu line%s out "
				"of the records of %.10s: %.80s...",
				l->commit, l->lines, l->lines == 1 ? "" : "s",
				l->object, l->line))
		rc = mv_nomem(err);
	v.promoter = p.promoter;
	if (!rc)
		rc = mv_proof_tell(t, &p, &v, err);
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
		rc = mv_proof_tell(t, &p, &v, err);
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
		rc = mv_proof_tell(t, &p, &v, err);
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
		rc = mv_proof_tell(b->t, &p, &v, err);
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
		rc = mv_proof_tell_changes(&t, s.proofs, err);
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
