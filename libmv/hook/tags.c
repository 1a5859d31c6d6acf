/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/gate/judge.h"
#include "libmv/gate/names.h"
#include "libmv/git/config.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/hook/priv.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/manifest.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/subject/subject.h"
#include "libmv/transfer/transfer.h"

/*
 * Tags of the registry only grow, in order: a decision is never replaced,
 * never taken away, and never slipped in before another (docs/format/tags.md,
 * "What can be tried"). Then each stage event is judged on the state that
 * there would be, in the order in which they happened.
 */

/* -- tag objects ---------------------------------------------------------- */

struct found {
	char name[MV_TAG_MAX + 1], target[65];
	struct mv_facts trailers;
	int64_t when;		/* s: what the tagger says */
	int is_tag, unreadable;
};

static int take_object(void *payload, size_t i,
		       const struct mv_git_object_info *info,
		       struct mv_err *err)
{
	struct found *f = payload;

	(void)i;
	if (!info || !*info->target || strlen(info->name) > MV_TAG_MAX)
		return 0;
	f->is_tag = 1;
	f->when = info->author.when;
	memcpy(f->name, info->name, strlen(info->name) + 1);
	memcpy(f->target, info->target, sizeof(f->target));
	f->unreadable = mv_tag_trailers(&f->trailers, info->message, err);
	return f->unreadable == MV_ENOMEM ? MV_ENOMEM : 0;
}

static int read_tag(struct found *out, struct mv_push *push, const char *oid,
		    struct mv_err *err)
{
	memset(out, 0, sizeof(*out));
	return mv_git_objects(push->git, &oid, 1, take_object, out, err);
}

static const char *trailer(const struct mv_facts *trailers, const char *key)
{
	const struct mv_value *v = mv_facts_get(trailers, key);

	return v ? v->text : NULL;
}

/* Tags outside the grammar are none of our business, whatever they hold. */
int mv_hook_look_at_tag(struct mv_push *push, size_t i, struct mv_err *err)
{
	const struct mv_ref_update *u = &push->updates[i];
	const char *name = u->ref + strlen(TAGS);
	struct mv_tag tag;
	struct found f;
	char hex[65];
	int rc = mv_tag_parse(&tag, name, err);

	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	mv_tag_release(&tag);
	rc = read_tag(&f, push, u->new, err);
	if (!rc && !f.is_tag)
		mv_hook_refuse(push, "%s is not an annotated tag", name);
	else if (!rc && strcmp(f.name, name))
		mv_hook_refuse(push, "%s: the tag object calls itself '%s'",
			       name, f.name);
	else if (!rc && f.unreadable)
		mv_hook_refuse(push, "%s: its trailers are malformed", name);
	else if (!rc)
		rc = mv_git_commit(hex, push->git, u->new, err);
	if (!rc && !push->refused && strcmp(hex, f.target))
		mv_hook_refuse(push, "%s does not lead to a commit", name);
	mv_facts_release(&f.trailers);
	if (rc == MV_ENOENT)
		return mv_hook_refuse(push, "%s does not lead to a commit",
				      name);
	if (rc || push->refused)
		return rc;
	push->refs[i].commit = strdup(hex);
	if (!push->refs[i].commit) {
		push->refs[i].commit = "";
		return mv_nomem(err);
	}
	push->refs[i].type = "tag";
	return 0;
}

/* -- the names that were pushed ------------------------------------------- */

struct pushed {
	size_t i;		/* into push->updates */
	struct mv_tag tag;
	int blocks;		/* it keeps others from being made */
};
struct batch {
	struct pushed *v;
	size_t count;
	struct mv_registry before;
};

static void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		mv_tag_release(&b->v[i].tag);
	free(b->v);
	mv_registry_release(&b->before);
}

/* "fraud#production#99999999999999999999" is no event to us, but one to
   other readers of these tags. */
static int looks_like_ours(const struct mv_push *push, const char *name)
{
	const struct mv_registry *r = &push->gate.registry;
	size_t n = strcspn(name, "@#");
	char *artifact;
	int yes = 0;

	if (!name[n] || !n)
		return 0;
	artifact = strndup(name, n);
	if (!artifact)
		return 1;
	if (strchr(artifact, '='))
		*strchr(artifact, '=') = ':';
	yes = mv_registry_knows(r, artifact);
	if (!yes && push->gate.has_policy)
		yes = mv_project_by_name(&push->gate.policy.project,
					 artifact) != NULL;
	free(artifact);
	return yes;
}

/* "#03" beside "#3" would be a second decision of the same number. */
static int is_canonical(const struct mv_tag *tag, const char *name)
{
	struct mv_buf again;
	int yes;

	mv_buf_init(&again, 4096);
	yes = !mv_tag_print(&again, tag, NULL) && !strcmp(again.data, name);
	mv_buf_release(&again);
	return yes;
}

static void refuse_blocking(struct mv_push *push, const char *name,
			    const char *what)
{
	mv_hook_refuse(push, "%s would stand in the way of the tag%s %s", name,
		       strpbrk(what, "@#") ? "" : "s of", what);
}

/* What is none of ours, and would keep one of ours from being made. */
static int check_foreign(struct mv_push *push,
			 const struct mv_tag_names *names, const char *name,
			 struct mv_err *err)
{
	char *what = NULL;
	int rc;

	if (looks_like_ours(push, name))
		return mv_hook_refuse(push, "%s begins like a tag of an "
				       "artifact and is none", name);
	if (mv_gate_names_have(names, name))
		return mv_hook_refuse(push, "%s is the name of an artifact: "
				      "give the tag another one", name);
	rc = mv_gate_tag_blocks(&what, names, name, err);
	if (!rc && what)
		refuse_blocking(push, name, what);
	free(what);
	return rc;
}

/* One of ours that keeps others of ours from being made: who takes it away
   decides nothing, and helps. */
static int check_blocking(struct pushed *p, struct mv_push *push,
			  const struct mv_tag_names *names, struct mv_err *err)
{
	const struct mv_ref_update *u = &push->updates[p->i];
	const char *name = u->ref + strlen(TAGS);
	char *what;
	int rc = mv_gate_tag_blocks(&what, names, name, err);

	p->blocks = !rc && what;
	if (p->blocks && !mv_hook_is_zero(u->new))
		refuse_blocking(push, name, what);
	free(what);
	return rc;
}

static int tags_collect(struct batch *b, struct mv_push *push,
			const struct mv_tag_names *names, struct mv_err *err)
{
	b->v = calloc(push->count + 1, sizeof(*b->v));
	if (!b->v)
		return mv_nomem(err);
	for (size_t i = 0; i < push->count; i++) {
		const struct mv_ref_update *u = &push->updates[i];
		const char *name = u->ref + strlen(TAGS);
		int rc;

		if (strncmp(u->ref, TAGS, strlen(TAGS)))
			continue;
		rc = mv_tag_parse(&b->v[b->count].tag, name, err);
		if (!rc) {
			b->v[b->count].i = i;
			rc = check_blocking(&b->v[b->count++], push, names,
					    err);
			if (rc)
				return rc;
			continue;
		}
		if (rc == MV_ENOENT)
			rc = mv_hook_is_zero(u->new) ? 0 :
				check_foreign(push, names, name, err);
		if (!rc)
			rc = mv_hook_in_time(push, err);
		if (rc)
			return rc;
	}
	return 0;
}

static void tags_check_name(struct mv_push *push, const struct pushed *p)
{
	const struct mv_ref_update *u = &push->updates[p->i];
	const char *name = u->ref + strlen(TAGS);

	/* No event takes back a deprecation without a number. */
	if (mv_hook_is_zero(u->new) &&
	    (p->blocks || (p->tag.kind == MV_EVENT_DEPRECATE &&
			   p->tag.counter < 0)))
		return;
	if (!mv_hook_is_zero(u->old) && mv_hook_rule(push, "immutable-tags")) {
		mv_hook_refuse(push, mv_hook_is_zero(u->new) ?
			       "%s is not deleted: what was decided stays; "
			       "take it back with a new event" :
			       "%s does not move: what was decided stays",
			       name);
		return;
	}
	if (!mv_hook_is_zero(u->new) && !is_canonical(&p->tag, name))
		mv_hook_refuse(push, "%s is another way to write a tag that "
			       "has one name only", name);
}

static int refuse_twin(void *payload, const char *name, const char *other,
		       struct mv_err *err)
{
	(void)err;
	return mv_hook_refuse(payload, "%s differs from %s only in the case of "
			      "letters: where files do not, one of the two "
			      "would be lost; delete the tag, and take %s or "
			      "another name", name, other, other);
}

static int check_twins(struct mv_push *push, const struct batch *b,
		       struct mv_err *err)
{
	const struct mv_tag **tags = calloc(b->count + 1, sizeof(*tags));
	size_t n = 0;
	int rc;

	if (!tags)
		return mv_nomem(err);
	for (size_t i = 0; i < b->count; i++)
		if (!mv_hook_is_zero(push->updates[b->v[i].i].new))
			tags[n++] = &b->v[i].tag;
	rc = mv_registry_twins(&b->before, tags, n, refuse_twin, push, err);
	free(tags);
	return rc;
}

/* -- counters ------------------------------------------------------------- */

static int by_counter(const void *a, const void *b)
{
	const struct pushed *x = a, *y = b;
	int d = strcmp(x->tag.artifact, y->tag.artifact);

	if (d)
		return d;
	return (x->tag.counter > y->tag.counter) -
	       (x->tag.counter < y->tag.counter);
}

static int needs_counter(const struct mv_push *push, const struct mv_tag *tag)
{
	return tag->stage && push->gate.has_policy &&
	       mv_policy_governs(&push->gate.policy, "stage", tag->artifact,
				 tag->stage);
}

/* What takes something away counts from where it stands; without a number a
   deprecation would be the last word for ever, and a deregistration would be
   told as if it had been before everything else. */
static int takes_away(const struct mv_push *push, const struct mv_tag *tag)
{
	return push->gate.has_policy && (tag->kind == MV_EVENT_DEPRECATE ||
					 tag->kind == MV_EVENT_DEREGISTER ||
					 tag->kind == MV_EVENT_UNASSIGN);
}

/* Each is the next one: a gap would let history be told anew later, and a
   number far ahead would be the last there can be. */
static void check_counters(struct mv_push *push, struct batch *b)
{
	const char *artifact = "";
	int64_t next = 1;

	qsort(b->v, b->count, sizeof(*b->v), by_counter);
	for (size_t i = 0; i < b->count; i++) {
		const struct mv_tag *tag = &b->v[i].tag;
		const struct mv_ref_update *u = &push->updates[b->v[i].i];
		const char *name = u->ref + strlen(TAGS);

		if (mv_hook_is_zero(u->new))
			continue;
		if (strcmp(artifact, tag->artifact)) {
			artifact = tag->artifact;
			next = mv_registry_next(&b->before, artifact);
		}
		if (tag->counter < 0 && (needs_counter(push, tag) ||
					 takes_away(push, tag)))
			mv_hook_refuse(push, "%s needs a counter: %s#%lld",
				       name, name, (long long)next);
		if (tag->counter < 0)
			continue;
		if (tag->counter != next)
			mv_hook_refuse(push, "%s: the next counter of %s is "
				       "%lld; delete this tag, fetch, and "
				       "decide again", name, artifact,
				       (long long)next);
		else
			next++;
	}
}

/*
 * How long a version was in a stage is counted from the tag's date where no
 * receipt says better: so that must be now, or nearly. A date before that is
 * of no use to anybody where no rule asks.
 */
static int check_date(struct mv_push *push, const struct pushed *p,
		      struct mv_err *err)
{
	const int64_t now = push->gate.now / 1000;
	const int64_t skew = mv_hook_skew(push) / 1000;
	const char *name = push->updates[p->i].ref + strlen(TAGS);
	char when[32], by[32];
	struct found f;
	int rc;

	if (!needs_counter(push, &p->tag))
		return 0;
	rc = read_tag(&f, push, push->updates[p->i].new, err);
	if (rc)
		return rc;
	mv_facts_release(&f.trailers);
	mv_time_print(when, 1000 * f.when);
	mv_time_print(by, push->gate.now);
	if (f.when > now + skew || (f.when < now - skew &&
	    mv_policy_asks_moments(&push->gate.policy)))
		mv_hook_refuse(push, "%s is dated %s, and here it is %s; "
			       "max-clock-skew of the policy allows %lld "
			       "minutes: delete the tag, and decide again",
			       name, when, by, (long long)(skew / 60));
	return 0;
}

/* -- registrations -------------------------------------------------------- */

static int tags_check_content(struct mv_push *push, const char *name,
			      const char *artifact, const char *commit,
			      const struct mv_facts *trailers, struct mv_err *err)
{
	const char *said = trailer(trailers, "Model-Content");
	char oid[MV_OID_NAME];
	struct mv_subject s;
	struct mv_err why;
	int rc;

	if (!said)
		return 0;	/* made by somebody else's program */
	rc = mv_gate_subject(&s, &push->gate, artifact, commit, &why);
	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		return mv_hook_refuse(push, "%s: %s", name, why.msg);
	if (strcmp(mv_oid_name(oid, &s.pointer.oid), said))
		mv_hook_refuse(push, "%s says %.19s.., but %.10s has %.19s..",
			       name, said, commit, oid);
	mv_subject_release(&s);
	return 0;
}

/* Without a number it would stand before the events that named it, and what
   they meant would be at another commit. */
static int was_named(const struct mv_registry *before,
		     const struct mv_tag *tag)
{
	for (size_t i = 0; i < before->count; i++)
		if (before->v[i].tag.version &&
		    !strcmp(before->v[i].tag.version, tag->version) &&
		    !strcmp(before->v[i].tag.artifact, tag->artifact))
			return 1;
	return 0;
}

static int check_registration(struct mv_push *push, const struct batch *b,
			      const struct pushed *p, struct mv_err *err)
{
	const struct mv_ref_update *u = &push->updates[p->i];
	const char *name = u->ref + strlen(TAGS);
	const char *said;
	struct found f;
	int rc;

	if (mv_registry_version(&b->before, p->tag.artifact, p->tag.version) &&
	    mv_hook_is_zero(u->old))
		return mv_hook_refuse(push, "%s: %s is registered already",
				      name, p->tag.version);
	if (push->gate.has_policy && p->tag.counter < 0 &&
	    was_named(&b->before, &p->tag))
		mv_hook_refuse(push, "%s needs a counter, for there was that "
			       "version before: %s#%lld", name, name,
			       (long long)mv_registry_next(&b->before,
							   p->tag.artifact));
	rc = push->gate.has_policy ?
		mv_hook_check_meanings(push, &b->before, &p->tag,
				       push->refs[p->i].commit, name, err) : 0;
	if (!rc)
		rc = read_tag(&f, push, u->new, err);
	if (rc)
		return rc;
	said = trailer(&f.trailers, "Model-Version");
	if (said && strcmp(said, p->tag.version))
		mv_hook_refuse(push, "%s says that it is %s", name, said);
	said = trailer(&f.trailers, "Model-Artifact");
	if (said && strcmp(said, p->tag.artifact))
		mv_hook_refuse(push, "%s says that it is of %s", name, said);
	rc = tags_check_content(push, name, p->tag.artifact,
				push->refs[p->i].commit, &f.trailers, err);
	mv_facts_release(&f.trailers);
	return rc;
}

/* Two versions may be at one commit: the holder's tag says which it is. */
static int holds(struct mv_push *push, const struct mv_event *holder,
		 const struct mv_event *version, int *yes, struct mv_err *err)
{
	const char *said;
	struct found f;
	int rc;

	*yes = 0;
	if (strcmp(holder->commit, version->commit) ||
	    !mv_policy_governs(&push->gate.policy, "stage",
			       holder->tag.artifact, holder->tag.stage))
		return 0;
	rc = read_tag(&f, push, holder->oid, err);
	said = trailer(&f.trailers, "Model-Version");
	*yes = !rc && (!said || !strcmp(said, version->tag.version));
	mv_facts_release(&f.trailers);
	return rc;
}

/* What holds one of its stages cannot be told: then it may hold this. */
static int refuse_doubt(struct mv_push *push, const char *artifact)
{
	size_t at = 0;
	const struct mv_event *e = mv_registry_in_doubt(&push->gate.registry,
							artifact, NULL, &at);
	struct mv_err why;

	if (!e)
		return 0;
	mv_registry_refuse_ignored(e, &why);
	mv_hook_refuse(push, "%s", why.msg);
	return 1;
}

/* The stage would be held by nothing, and nobody was asked. */
static int check_deregistration(struct mv_push *push, const struct batch *b,
				const struct pushed *p, struct mv_err *err)
{
	const struct mv_event *version =
		mv_registry_version(&b->before, p->tag.artifact,
				    p->tag.version);
	const struct mv_event *const *holders;
	size_t count = 0;
	int yes = 0, rc = 0;

	if (!version || !push->gate.has_policy)
		return 0;
	if (refuse_doubt(push, p->tag.artifact))
		return 0;
	holders = mv_registry_holders(&push->gate.registry, p->tag.artifact,
				      &count);
	for (size_t i = 0; !rc && !yes && i < count; i++) {
		rc = holds(push, holders[i], version, &yes, err);
		if (!rc && yes)
			mv_hook_refuse(push, "%s@%s holds %s: demote it first",
				       p->tag.artifact, p->tag.version,
				       holders[i]->tag.stage);
	}
	return rc;
}

/* Who reads these tags as GTO does finds nothing on any stage afterwards. */
static void check_deprecation(struct mv_push *push, const struct pushed *p)
{
	const struct mv_event *const *holders;
	size_t count = 0;

	if (!push->gate.has_policy)
		return;
	if (refuse_doubt(push, p->tag.artifact))
		return;
	holders = mv_registry_holders(&push->gate.registry, p->tag.artifact,
				      &count);
	for (size_t i = 0; i < count; i++) {
		if (!mv_policy_governs(&push->gate.policy, "stage",
				       p->tag.artifact,
				       holders[i]->tag.stage))
			continue;
		mv_hook_refuse(push, "%s holds %s: demote it first",
			       p->tag.artifact, holders[i]->tag.stage);
		return;
	}
}

int mv_hook_check_tags(struct mv_push *push, struct mv_err *err)
{
	struct batch b = { .before = MV_REGISTRY_INIT };
	struct mv_tag_names names;
	int rc = mv_gate_names_read(&names, &push->gate.registry,
				    push->gate.has_policy ?
				    &push->gate.policy : NULL, err);

	if (rc)
		return rc;
	rc = tags_collect(&b, push, &names, err);
	mv_gate_names_release(&names);
	if (!rc && b.count)
		rc = mv_registry_load(&b.before, push->git, NULL, err);
	for (size_t i = 0; !rc && i < b.count; i++)
		tags_check_name(push, &b.v[i]);
	if (!rc && b.count)
		rc = check_twins(push, &b, err);
	if (!rc)
		check_counters(push, &b);
	for (size_t i = 0; !rc && i < b.count && !push->refused; i++) {
		if (mv_hook_is_zero(push->updates[b.v[i].i].new))
			continue;
		rc = check_date(push, &b.v[i], err);
		if (rc)
			break;
		if (b.v[i].tag.kind == MV_EVENT_REGISTER)
			rc = check_registration(push, &b, &b.v[i], err);
		else if (b.v[i].tag.kind == MV_EVENT_DEREGISTER)
			rc = check_deregistration(push, &b, &b.v[i], err);
		else if (b.v[i].tag.kind == MV_EVENT_DEPRECATE)
			check_deprecation(push, &b.v[i]);
		if (!rc)
			rc = mv_hook_in_time(push, err);
	}
	batch_release(&b);
	return rc;
}

/* -- stages --------------------------------------------------------------- */

static const char *action_of(const struct mv_event *e)
{
	return e->tag.kind == MV_EVENT_ASSIGN ? "promote" : "demote";
}

/*
 * Who copies a repository to another place pushes what was decided, and judged,
 * long ago. By the policy of today it could not have been made, and is no
 * mistake of this push.
 */
static int pass_over(struct mv_push *push, const struct mv_event *e,
		     const struct mv_facts *trailers)
{
	const char *policy = trailer(trailers, "Model-Policy");

	if (!push->advice || !policy ||
	    !strcmp(policy, push->gate.policy.digest))
		return 0;
	if (!push->older++)
		push->oldest = e->ref + strlen(TAGS);
	return 1;
}

static int judge_one(struct mv_push *push, const struct mv_event *e,
		     const struct mv_facts *trailers, mv_push_judged_fn fn,
		     struct mv_err *err)
{
	const char *said = trailer(trailers, "Model-Version");
	const struct mv_event *version =
		mv_registry_assigned(&push->gate.registry, e, said);
	struct mv_promotion p = {
		.action = action_of(e), .artifact = e->tag.artifact,
		.stage = e->tag.stage, .commit = e->commit, .tag = e
	};
	struct mv_policy_facts facts;
	struct mv_verdict verdict;
	struct mv_err why;
	int rc;

	if (pass_over(push, e, trailers))
		return 0;
	if (!version)
		return mv_hook_refuse(push, "%s names no version that is "
				      "registered at its commit",
				      e->ref + strlen(TAGS));
	p.version = version->tag.version;
	rc = mv_gate_check(&verdict, &facts, &push->gate, &p, &why);
	if (rc == MV_ENOENT || rc == MV_EDENIED || rc == MV_EINVALID)
		return mv_hook_refuse(push, "%s: %s", e->ref + strlen(TAGS),
				      why.msg);
	if (rc)
		return mv_fail(err, rc, "%s", why.msg);
	rc = fn(push, e, trailers, &facts, &verdict, err);
	mv_verdict_release(&verdict);
	mv_policy_facts_release(&facts);
	return rc ? rc : mv_hook_in_time(push, err);
}

static int tags_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the refs that are made or moved, sorted. */
static int pushed_refs(const char ***out, size_t *count,
		       const struct mv_push *push, struct mv_err *err)
{
	*count = 0;
	*out = calloc(push->count + 1, sizeof(**out));
	if (!*out)
		return mv_nomem(err);
	for (size_t i = 0; i < push->count; i++)
		if (!mv_hook_is_zero(push->updates[i].new))
			(*out)[(*count)++] = push->updates[i].ref;
	qsort(*out, *count, sizeof(**out), tags_by_name);
	return 0;
}

int mv_hook_each_stage(struct mv_push *push, mv_push_judged_fn fn,
		       struct mv_err *err)
{
	const struct mv_registry *r = &push->gate.registry;
	const char **refs = NULL;
	size_t count;
	int rc = pushed_refs(&refs, &count, push, err);

	for (size_t i = 0; !rc && count && i < r->count; i++) {
		const struct mv_event *e = &r->v[i];
		const char *ref = e->ref;
		struct found f;

		if (!needs_counter(push, &e->tag) ||
		    !bsearch(&ref, refs, count, sizeof(*refs), tags_by_name))
			continue;
		rc = read_tag(&f, push, e->oid, err);
		if (!rc)
			rc = judge_one(push, e, &f.trailers, fn, err);
		mv_facts_release(&f.trailers);
	}
	free(refs);
	return rc;
}

/* -- what a promotion needs besides the policy's yes ---------------------- */

static int absent(struct mv_push *push, const struct mv_pointer *pointers,
		  size_t count, size_t *missing, struct mv_err *err)
{
	uint8_t *elsewhere = calloc(count + 1, 1);
	int rc = elsewhere ? 0 : mv_nomem(err);
	int asked = 0;

	*missing = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		if (!pointers[i].size ||
		    !mv_repo_has(push->repo, &pointers[i], NULL))
			continue;
		if (!asked++)
			rc = mv_transfer_elsewhere(push->repo, pointers, count,
						   elsewhere, err);
		*missing += !elsewhere[i];
	}
	free(elsewhere);
	return rc;
}

/* The files of a directory; else the one content. */
static int check_present(struct mv_push *push, const char *name,
			 const struct mv_event *e, struct mv_err *err)
{
	struct mv_pointer *pointers;
	struct mv_subject s;
	size_t n = 0, missing = 0;
	int rc = mv_gate_subject(&s, &push->gate, e->tag.artifact, e->commit,
				 err);

	if (rc)
		return rc;
	pointers = calloc(s.members.count + 1, sizeof(*pointers));
	if (!pointers)
		rc = mv_nomem(err);
	if (!rc && !s.is_directory)
		pointers[n++] = s.pointer;
	for (size_t i = 0; !rc && s.is_directory && i < s.members.count; i++) {
		const struct mv_member *m = &s.members.v[i];

		/* Git has the bytes of some, and of a link there are none. */
		if (m->in_git || m->kind != MV_MEMBER_FILE)
			continue;
		pointers[n] = s.pointer;
		pointers[n].oid = m->oid;
		pointers[n++].size = m->size;
	}
	if (!rc)
		rc = absent(push, pointers, n, &missing, err);
	if (!rc && missing)
		mv_hook_refuse(push, "%s: %zu content%s of %zu %s not here; "
			       "git model push brings %s", name, missing,
			       missing == 1 ? "" : "s", n,
			       missing == 1 ? "is" : "are",
			       missing == 1 ? "it" : "them");
	free(pointers);
	mv_subject_release(&s);
	return rc;
}

/* What the tag says of how it was decided must be so, or nobody can replay
   it from a clone. */
static int check_claims(struct mv_push *push, const char *name,
			const struct mv_event *e,
			const struct mv_facts *trailers,
			const struct mv_policy_facts *facts,
			struct mv_err *err)
{
	const char *policy = trailer(trailers, "Model-Policy");
	const char *notes = trailer(trailers, "Model-Notes");
	char hex[65];
	int rc = mv_hook_check_claims(push, e, trailers, facts, err);

	if (rc)
		return rc;
	if (policy && strcmp(policy, push->gate.policy.digest))
		mv_hook_refuse(push, "%s was decided by another policy than "
			       "%s has now: delete the tag, git fetch, and "
			       "decide again; or, to fill a server with what "
			       "was decided elsewhere, push the branch, all "
			       "tags and refs/notes/model at once", name,
			       push->gate.trusted_name);
	if (!notes || strspn(notes, "0123456789abcdef") < 40)
		return 0;
	rc = mv_git_commit(hex, push->git, notes, NULL);
	if (!rc && *push->gate.notes)
		rc = mv_git_is_ancestor(push->git, notes, push->gate.notes,
					NULL) != 1;
	else
		rc = 1;
	return !rc ? 0 : mv_hook_refuse(push, "%s: the notes that it was "
					"decided on are not here; git model "
					"push brings them", name);
}

static int refuse_no(struct mv_push *push, const struct mv_event *e,
		     const struct mv_facts *trailers,
		     const struct mv_policy_facts *facts,
		     const struct mv_verdict *verdict, struct mv_err *err)
{
	const char *name = e->ref + strlen(TAGS);
	size_t before = push->refused;
	int rc = 0, need;

	mv_hook_tell_verdict(push, name, verdict);
	if (verdict->result != MV_RESULT_YES &&
	    verdict->result != MV_RESULT_OVERRIDDEN && push->refused == before)
		mv_hook_refuse(push, "%s: the policy says no", name);
	if (push->advice)
		return 0;
	rc = check_claims(push, name, e, trailers, facts, err);
	if (!rc)
		rc = mv_git_config_bool(&need, push->git,
					"model.requirecontent", 1, err);
	if (!rc && e->tag.kind == MV_EVENT_ASSIGN && need)
		rc = check_present(push, name, e, err);
	return rc;
}

int mv_hook_judge_stages(struct mv_push *push, struct mv_err *err)
{
	int rc = push->gate.has_policy ?
	       mv_hook_each_stage(push, refuse_no, err) : 0;

	return rc || push->refused || push->advice ? rc :
		mv_hook_prove(push, err);
}
