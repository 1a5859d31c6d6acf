/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/judge.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/proof/proving.h"
#include "libmv/subject/subject.h"

/*
 * One tag: does it hold? What it names is looked at first (policy, notes,
 * content); then the decision is made again from that. Everything that is
 * wrong is said, not only the first.
 */
static int is_stage(const struct mv_event *e)
{
	return e->tag.kind == MV_EVENT_ASSIGN ||
	       e->tag.kind == MV_EVENT_UNASSIGN;
}

/* -- the tag object ------------------------------------------------------- */

static int event_take_tag(void *payload, size_t i,
			  const struct mv_git_object_info *tag,
			  struct mv_err *err)
{
	struct proving *x = payload;
	struct mv_err why = { MV_OK, "" };
	int rc;

	(void)i;
	if (!tag)
		return UNKNOWN(x, "the tag object %.10s cannot be read here; "
			       "git fetch --tags brings it", x->event->oid);
	x->said = x->p->when = tag->author.when;
	if (mv_gate_set(&x->tagger, tag->author.email, err))
		return MV_ENOMEM;
	if (!mv_event_is(x->event, tag))
		return BAD(x, "the tag object says that it is '%s': somebody "
			   "put it under another name", tag->name);
	rc = mv_tag_trailers(&x->trailers, tag->message, &why);
	if (rc == MV_ENOMEM)
		return MV_ENOMEM;
	if (rc)
		return BAD(x, "its trailers cannot be read: %s", why.msg);
	x->ours = x->trailers.count > 0;
	return 0;
}

/* What the name says and what the message says is one thing said twice. */
static int event_check_name(struct proving *x, const char *key,
			    const char *name)
{
	const char *value = mv_proof_said(&x->trailers, key);

	if (!*value || !name || !strcmp(value, name))
		return 0;
	return BAD(x, "its message says %s: %s, its name %s", key, value, name);
}

static int check_names(struct proving *x)
{
	const struct mv_tag *t = &x->event->tag;
	const char *counter = strrchr(x->event->ref, '#');
	int rc = event_check_name(x, "Model-Artifact", t->artifact);

	if (!rc)
		rc = event_check_name(x, "Model-Version", t->version);
	if (!rc)
		rc = event_check_name(x, "Model-Stage", t->stage);
	if (!rc && t->counter >= 0 && counter && counter[1] == '0')
		rc = BAD(x, "its number begins with 0; git-model makes no "
			 "such tags, and nobody should");
	return rc;
}

/* -- when ----------------------------------------------------------------- */

static int find_receipt(struct proving *x, struct mv_err *err)
{
	size_t count;
	const struct mv_past_statement *r =
		mv_gate_past_receipts(x->past, x->event->oid, &count);
	int rc = mv_proof_witness(&x->receipt, x->gates->today, r, count,
				  x->event, err);

	if (x->receipt) {
		x->p->witnessed = 1;
		x->p->when = x->receipt->s.issued_at;
	} else if (!rc && x->event->tag.stage) {
		rc = mv_proof_unwitnessed(&x->p->unwitnessed, x->gates->today,
					  r, count, x->past->receipts.count,
					  x->event, err);
	}
	return rc;
}

static int check_future(struct proving *x)
{
	char a[32];

	if (x->p->when <= x->gates->today->now / 1000 + mv_proof_skew(x))
		return 0;
	return BAD(x, "it says it was made on %s, which is still to come",
		   mv_proof_moment(a, x->p->when));
}

static int no_record(struct proving *x)
{
	if (mv_proof_governed(x->gates->today, x->event))
		return BAD(x, "there is no record of a decision in it, and the "
			   "policy speaks of %s; if it is older than the "
			   "policy, promote %s again", x->event->tag.stage,
			   x->event->tag.artifact);
	return 0;
}

/* -- content -------------------------------------------------------------- */

static int event_check_content(struct proving *x, struct mv_subject *s,
			       struct mv_gate *gate, struct mv_err *err)
{
	const char *content = mv_proof_said(&x->trailers, "Model-Content");
	const char *bytes = mv_proof_said(&x->trailers, "Model-Size");
	const char *path = mv_proof_said(&x->trailers, "Model-Path");
	struct mv_err why = { MV_OK, "" };
	char name[MV_OID_NAME], size[32];
	int rc = mv_gate_subject(s, gate, x->event->tag.artifact,
				 x->event->commit, &why);

	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		memset(s, 0, sizeof(*s));
	if (rc && x->past->shallow)
		return UNKNOWN(x, "its content cannot be told: %s; git fetch "
			       "--unshallow may bring it", why.msg);
	if (rc && !*content && !x->p->governed_then)
		return 0;
	if (rc)
		return BAD(x, "its content cannot be told: %s", why.msg);
	snprintf(size, sizeof(size), "%" PRIu64, s->pointer.size);
	if (*content && strcmp(content, mv_oid_name(name, &s->pointer.oid)))
		return BAD(x, "%s at %.10s is %.17s, but the tag says %.17s: "
			   "the content was swapped", x->event->tag.artifact,
			   x->event->commit, name, content);
	if (*bytes && strcmp(bytes, size))
		return BAD(x, "%s at %.10s has %s bytes, the tag says %s",
			   x->event->tag.artifact, x->event->commit, size,
			   bytes);
	if (*path && strcmp(path, s->path))
		return BAD(x, "the tag says path %s, .gitmodel/config of "
			   "%.10s says %s", path, x->event->commit, s->path);
	return 0;
}

/* Of what no policy was asked about, only the content. */
static int check_plain(struct proving *x, struct mv_err *err)
{
	struct mv_gate where = { .repo = x->gates->repo };
	struct mv_subject s;
	int rc;

	if (!*mv_proof_said(&x->trailers, "Model-Content"))
		return 0;
	memset(&s, 0, sizeof(s));
	rc = event_check_content(x, &s, &where, err);
	mv_subject_release(&s);
	return rc;
}

/* -- a stage event -------------------------------------------------------- */

static int holds_now(const struct proving *x)
{
	const struct mv_event *h = mv_registry_holder(
		&x->gates->today->registry, x->event->tag.artifact,
		x->event->tag.stage);

	return h && !strcmp(h->ref, x->event->ref);
}

static int is_registered_there(const struct proving *x)
{
	const struct mv_registry *r = &x->gates->today->registry;

	for (size_t i = 0; i < r->count; i++) {
		const struct mv_event *e = &r->v[i];

		if (e->tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(e->tag.version, x->p->version) &&
		    !strcmp(e->tag.artifact, x->event->tag.artifact) &&
		    !strcmp(e->commit, x->event->commit))
			return 1;
	}
	return 0;
}

static int prove_with(struct proving *x, const struct mv_registry *registry,
		      const struct mv_event *tag, struct mv_err *err)
{
	struct mv_gate *gate = &x->then->gate;
	struct mv_subject s;
	int rc;

	gate->registry = *registry;
	gate->now = x->p->when > INT64_MAX / 1000 ? INT64_MAX :
		x->p->when * 1000;
	rc = mv_gate_set(&gate->notes, x->notes ? x->notes->hex : "", err);
	memset(&s, 0, sizeof(s));
	if (!rc)
		rc = event_check_content(x, &s, gate, err);
	if (!rc && *s.blob)
		rc = mv_proof_check_grown(x, s.blob, err);
	if (!rc && x->past->shallow && !strncmp(gate->repo_id, "root:", 5))
		rc = UNKNOWN(x, "history is cut off, and without [repository] "
			     "id in .gitmodel/config its first commit says "
			     "which repository this is; git fetch --unshallow "
			     "brings it");
	else if (!rc && *s.blob && !is_registered_there(x))
		rc = BAD(x, "%s@%s is not registered at %.10s, which it says "
			 "it puts on the stage", tag->tag.artifact,
			 x->p->version, tag->commit);
	else if (!rc && *s.blob)
		rc = mv_proof_decide_again(x, &s, tag, err);
	if (!rc && x->p->has_verdict &&
	    x->p->verdict.result == MV_RESULT_OVERRIDDEN && holds_now(x))
		rc = mv_proof_check_debt(x, x->event, &x->p->verdict, err);
	mv_subject_release(&s);
	memset(&gate->registry, 0, sizeof(gate->registry));
	return rc;
}

static int prove_stage(struct proving *x, struct mv_err *err)
{
	struct mv_registry past;
	const struct mv_registry *registry = &x->gates->today->registry;
	const struct mv_event *tag = x->event;
	const struct mv_event *doubt = mv_proof_in_doubt(x, tag->tag.stage);
	int rc;

	if (!x->ours)
		return no_record(x);
	rc = mv_proof_check_policy(x, err);
	if (!rc)
		rc = mv_proof_check_notes(x);
	if (!rc)
		rc = check_future(x);
	if (!*x->p->version && !rc)
		rc = BAD(x, "it does not say which version it means");
	/* Without the policy or the records nothing can be decided again. */
	if (!rc && !*mv_proof_said(&x->trailers, "Model-Policy-Commit"))
		return check_plain(x, err);
	if (rc || !x->then || !*x->p->version ||
	    (*mv_proof_said(&x->trailers, "Model-Notes") && !x->notes))
		return rc;
	if (doubt)
		return mv_proof_say_doubt(x, doubt);
	rc = mv_proof_registry_then(&past, x, err);
	if (rc)
		return rc;
	if (past.count)
		tag = mv_proof_own_tag(&past, x->event);
	if (past.count)
		registry = &past;
	if (tag)
		rc = prove_with(x, registry, tag, err);
	else
		rc = mv_fail(err, MV_ECORRUPT, "'%s' is lost in its own past",
			     x->event->ref);
	mv_registry_release(&past);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

static int set_names(struct proving *x, struct mv_err *err)
{
	const struct mv_registry *r = &x->gates->today->registry;
	const struct mv_event *v = NULL;
	const char *version = mv_proof_said(&x->trailers, "Model-Version");
	int rc;

	if (is_stage(x->event) && !*version)
		v = mv_registry_version_at(r, x->event->tag.artifact,
					   x->event->commit);
	if (v)
		version = v->tag.version;
	if (x->event->tag.version)
		version = x->event->tag.version;
	rc = mv_gate_set(&x->p->version, version, err);
	if (!rc && *mv_proof_said(&x->trailers, "Model-Records"))
		rc = mv_gate_set(&x->p->records,
				 mv_proof_said(&x->trailers, "Model-Records"),
				 err);
	if (!rc && *mv_proof_said(&x->trailers, "Model-Policy"))
		rc = mv_gate_set(&x->p->policy,
				 mv_proof_said(&x->trailers, "Model-Policy"),
				 err);
	return rc ? rc : mv_gate_set(&x->p->promoter, x->tagger ? x->tagger :
				     "", err);
}

int mv_proof_event(struct mv_proof *out, struct mv_gates *gates,
		   const struct mv_past *past, const struct mv_event *event,
		   struct mv_err *err)
{
	struct proving x = { .p = out, .gates = gates, .past = past,
			     .event = event, .trailers = MV_FACTS_INIT };
	const char *oid = event->oid;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_git_objects(mv_repo_git(gates->repo), &oid, 1, event_take_tag,
			    &x,
			    err);
	if (!rc)
		rc = find_receipt(&x, err);
	if (!rc)
		rc = set_names(&x, err);
	if (!rc && out->state == MV_VERIFY_OK)
		rc = check_names(&x);
	if (!rc && out->state == MV_VERIFY_OK && is_stage(event))
		rc = prove_stage(&x, err);
	else if (!rc && out->state == MV_VERIFY_OK)
		rc = check_plain(&x, err);
	mv_facts_release(&x.trailers);
	free(x.tagger);
	if (rc == MV_ENOMEM)
		mv_nomem(err);
	if (rc)
		mv_proof_release(out);
	return rc;
}
