/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/gate/priv.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/subject/subject.h"

/*
 * From a promotion to the facts of decide(). Content is what stands at the
 * version's commit, evidence and votes are what the notes of the judged
 * state say of it.
 */

/* Is the commit one of the trusted branch, as it was, is, or would be? */
static int is_trusted(struct mv_gate *gate, const char *commit,
		      struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(gate->repo);
	char *name = mv_strf("refs/heads/%s", gate->trusted_name);
	int yes = name ? mv_git_is_ancestor(git, commit, gate->trusted, err) :
		mv_nomem(err);

	if (!yes && gate->today)
		yes = mv_git_is_ancestor(git, commit, gate->today, err);
	for (size_t i = 0; !yes && i < gate->ref_count; i++)
		if (!strcmp(gate->refs[i].name, name) && *gate->refs[i].oid)
			yes = mv_git_is_ancestor(git, commit,
						 gate->refs[i].oid, err);
	free(name);
	return yes;
}

/*
 * Whoever may push a branch can say in its .gitmodel/config that an artifact
 * is at another path; then what is promoted is not what stands at the path
 * that everybody knows. Where the trusted branch once had that commit, it is
 * an artifact that has moved since.
 */
static int check_path(struct mv_gate *gate, const struct mv_promotion *p,
		      const struct mv_subject *s, struct mv_err *err)
{
	struct mv_project project;
	const struct mv_artifact *a;
	int rc, yes = 1;

	if (strcmp(p->action, "promote") || !gate->has_policy ||
	    !*gate->trusted)
		return 0;
	rc = mv_subject_project(&project, gate->repo, gate->trusted, err);
	if (rc)
		return rc;
	a = mv_project_by_name(&project, p->artifact);
	if (a && strcmp(a->path, s->path))
		yes = is_trusted(gate, p->commit, err);
	if (yes < 0)
		rc = yes;
	else if (!yes)
		rc = mv_fail(err, MV_EDENIED, "'%s' is at '%s' by %s and at "
			     "'%s' by %.10s, which %s has never had; merge "
			     "that first", p->artifact, a->path,
			     gate->trusted_name, s->path, p->commit,
			     gate->trusted_name);
	mv_project_release(&project);
	return rc;
}

/* -- people --------------------------------------------------------------- */

static int set_person(char **out, const char *email, struct mv_err *err)
{
	return email && *email ? mv_gate_set(out, email, err) : 0;
}

static int facts_take_commit(void *payload, size_t i,
			     const struct mv_git_object_info *info,
			     struct mv_err *err)
{
	struct mv_policy_facts *f = payload;
	int rc;

	(void)i;
	if (!info)
		return 0;
	rc = set_person(&f->author, info->author.email, err);
	return rc ? rc : set_person(&f->committer, info->committer.email,
				    err);
}

static int set_runner(struct mv_policy_facts *f, struct mv_err *err)
{
	char *email = mv_gate_email(f->evidence.run ? f->evidence.run->by :
				    NULL);
	int rc = set_person(&f->runner, email, err);

	free(email);
	return rc;
}

struct tag_check {
	struct mv_gate *gate;
	const struct mv_event *tag;
	struct mv_policy_facts *facts;
};

/* A tag object under another name than its own says nothing. */
static int facts_take_tag(void *payload, size_t i,
			  const struct mv_git_object_info *info,
			  struct mv_err *err)
{
	struct tag_check *c = payload;
	struct mv_policy_facts *f = c->facts;
	int rc;

	(void)i;
	if (!info || !mv_event_is(c->tag, info))
		return mv_fail(err, MV_EDENIED, "the tag object of '%s' does "
			       "not say that name", c->tag->ref);
	rc = mv_trust_verify(&f->tag_signature, c->gate->trust,
			     MV_TRUST_NS_GIT, info->payload,
			     info->payload_len, info->signature,
			     info->signature ? strlen(info->signature) : 0,
			     c->gate->now / 1000, err);
	if (rc)
		return rc;
	/* A tagger's address is a claim, and so is a key that did not sign
	   this: then it is not known who promotes. */
	return f->tag_signature.state == MV_SIGNATURE_GOOD ?
		set_person(&f->promoter, f->tag_signature.principal, err) : 0;
}

/*
 * The tag is not there yet: whose it would be says the key that would sign it,
 * by the list, as when it is there. Without a key, or one that is not here to
 * be looked at, it is what the person says.
 */
static int set_signer(struct mv_policy_facts *f, struct mv_gate *gate,
		      const struct mv_promotion *p, struct mv_err *err)
{
	struct mv_signing_key key;
	char *line = NULL;
	int rc = p->self ? mv_gate_signer_key(&key, mv_repo_git(gate->repo),
					      err) :
			   0;
	int ssh = p->self && !rc && key.key && *key.key && key.format &&
		  !strcmp(key.format, "ssh");

	if (ssh && mv_gate_signer_public(&line, gate->repo, key.key, NULL))
		line = NULL;
	if (!line)
		return rc ? rc : set_person(&f->promoter, p->promoter, err);
	rc = mv_trust_key(&f->tag_signature, gate->trust, MV_TRUST_NS_GIT,
			  line, gate->now / 1000, err);
	free(line);
	if (rc || f->tag_signature.state != MV_SIGNATURE_GOOD)
		return rc;
	return set_person(&f->promoter, f->tag_signature.principal, err);
}

static int set_people(struct mv_policy_facts *f, struct mv_gate *gate,
		      const struct mv_promotion *p, struct mv_err *err)
{
	struct tag_check check = { gate, p->tag, f };
	struct mv_git *git = mv_repo_git(gate->repo);
	const char *commit = f->commit;
	int rc = mv_git_objects(git, &commit, 1, facts_take_commit, f, err);

	if (!rc)
		rc = set_runner(f, err);
	if (!rc)
		rc = set_person(&f->pusher, gate->pusher, err);
	f->hypothetical = !p->tag;
	if (!rc && p->tag) {
		const char *oid = p->tag->oid;

		rc = mv_git_objects(git, &oid, 1, facts_take_tag, &check, err);
	} else if (!rc) {
		rc = set_signer(f, gate, p, err);
	}
	return rc;
}

/* -- the place ------------------------------------------------------------ */

/* The stage that a policy wants it to come from, when it holds that. */
static int set_from_stage(void *payload, const char *question,
			  struct mv_err *err)
{
	struct mv_asked *q = payload;
	struct mv_stage h;
	int rc;

	if (strncmp(question, "held ", 5) || *q->facts->from_stage)
		return 0;
	rc = mv_gate_stage(&h, q->gate, q->facts->artifact, question + 5,
			   q->promotion->tag, q->facts->commit, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < h.count && !rc; i++)
		if (h.v[i].event->tag.kind == MV_EVENT_ASSIGN &&
		    !strcmp(h.v[i].version, q->facts->version) &&
		    !*q->facts->from_stage)
			rc = mv_gate_set(&q->facts->from_stage, question + 5,
					 err);
	mv_gate_stage_release(&h);
	return rc;
}

static int set_place(struct mv_policy_facts *f, struct mv_gate *gate,
		     const struct mv_promotion *p, struct mv_err *err)
{
	struct mv_asked asked = { gate, p, NULL, NULL, f };
	struct mv_stage h;
	int rc = mv_gate_stage(&h, gate, p->artifact, p->stage, p->tag, "",
			       err);

	if (rc)
		return rc;
	rc = mv_gate_set(&f->displaces, h.holder ? h.holder->version : "",
			 err);
	mv_gate_stage_release(&h);
	if (!rc)
		rc = mv_gate_set(&f->from_stage, "", err);
	if (!rc && gate->has_policy)
		rc = mv_policy_each_question(&gate->policy, p->action,
					     p->artifact, p->stage,
					     set_from_stage, &asked, err);
	return rc;
}

/* Was it ever? Before `tag`, when there is one. */
static int was_registered(const struct mv_gate *gate,
			  const struct mv_promotion *p)
{
	const struct mv_registry *r = &gate->registry;

	for (size_t i = 0; i < r->count; i++) {
		const struct mv_event *e = &r->v[i];

		if ((!p->tag || e->order < p->tag->order) &&
		    e->tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(e->tag.artifact, p->artifact) &&
		    !strcmp(e->tag.version, p->version) &&
		    !strcmp(e->commit, p->commit))
			return 1;
	}
	return 0;
}

/* The version must be registered, at this commit and no other. Only what is to
   be taken off a stage may have been taken back since it came there. */
static int check_version(const struct mv_gate *gate,
			 const struct mv_promotion *p, struct mv_err *err)
{
	const struct mv_event *e = mv_gate_version(gate, p->artifact,
						   p->version, p->tag);

	if (!e && !strcmp(p->action, "demote") && was_registered(gate, p))
		return 0;
	if (!e)
		return mv_fail(err, MV_ENOENT, "%s@%s is not registered; git "
			       "model register does that", p->artifact,
			       p->version);
	if (strcmp(e->commit, p->commit))
		return mv_fail(err, MV_EDENIED, "%s@%s is %.10s, not %.10s",
			       p->artifact, p->version, e->commit, p->commit);
	return 0;
}

/* -- all of it ------------------------------------------------------------ */

static int set_names(struct mv_policy_facts *f, struct mv_gate *gate,
		     const struct mv_promotion *p,
		     const struct mv_subject *s, struct mv_err *err)
{
	int rc = mv_gate_set(&f->repo, gate->repo_id, err);

	f->action = p->action;
	f->content = s->pointer.oid;
	f->size = s->pointer.size;
	if (!rc)
		rc = mv_gate_set(&f->artifact, p->artifact, err);
	if (!rc)
		rc = mv_gate_set(&f->version, p->version, err);
	if (!rc)
		rc = mv_gate_set(&f->stage, p->stage, err);
	if (!rc)
		rc = mv_gate_set(&f->commit, p->commit, err);
	if (!rc)
		rc = mv_gate_set(&f->path, s->path, err);
	return rc ? rc : mv_gate_set(&f->pointer, s->blob, err);
}

static int set_testimony(struct mv_policy_facts *f, struct mv_gate *gate,
			 const struct mv_subject *s, struct mv_err *err)
{
	struct mv_testimony t;
	int rc = mv_gate_testimony(&t, gate, s->blob, &s->pointer,
				   f->artifact, gate->now / 1000, err);

	if (rc)
		return rc;
	f->evidence = t.evidence;
	f->votes = t.votes;
	f->vote_count = t.count;
	f->no_records = gate->no_records;
	memset(&t.evidence, 0, sizeof(t.evidence));
	t.votes = NULL;
	t.count = 0;
	rc = mv_gate_set(&f->records, t.records, err);
	mv_gate_testimony_release(&t);
	return rc;
}

/* `subject` is yours when it succeeds. */
static int bind(struct mv_policy_facts *out, struct mv_subject *subject,
		struct mv_gate *gate, const struct mv_promotion *p,
		struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = mv_gate_stage_known(gate, p->artifact, p->stage, p->tag, err);
	if (!rc)
		rc = check_version(gate, p, err);
	if (!rc)
		rc = mv_gate_subject(subject, gate, p->artifact, p->commit,
				     err);
	if (rc)
		return rc;
	rc = check_path(gate, p, subject, err);
	if (rc) {
		mv_subject_release(subject);
		return rc;
	}
	rc = set_names(out, gate, p, subject, err);
	if (!rc)
		rc = set_testimony(out, gate, subject, err);
	if (!rc)
		rc = set_place(out, gate, p, err);
	if (rc) {
		mv_subject_release(subject);
		mv_policy_facts_release(out);
	}
	return rc;
}

int mv_gate_bindings(struct mv_policy_facts *out, struct mv_gate *gate,
		     const struct mv_promotion *p, struct mv_err *err)
{
	struct mv_subject subject;
	int rc = bind(out, &subject, gate, p, err);

	if (!rc)
		mv_subject_release(&subject);
	return rc;
}

/*
 * Content, evidence, votes and answers for decide(). Events of the tag itself
 * and later ones do not count as history. "current" is what held the stage
 * last, even when it was unassigned since: taking a version off must not make
 * the next one a first. A fact that cannot be had is left unknown; an error
 * is returned only when nothing can be said at all.
 */
static int find_facts(struct mv_policy_facts *out, struct mv_gate *gate,
		      const struct mv_promotion *p, struct mv_err *err)
{
	struct mv_subject subject;
	struct mv_asked asked = { gate, p, &subject, NULL, out };
	int rc = bind(out, &subject, gate, p, err);

	if (rc)
		return rc;
	rc = set_people(out, gate, p, err);
	if (!rc && gate->has_policy)
		rc = mv_policy_each_question(&gate->policy, p->action,
					     p->artifact, p->stage,
					     mv_gate_answer, &asked, err);
	mv_subject_release(&subject);
	if (rc)
		mv_policy_facts_release(out);
	return rc;
}

int mv_gate_check(struct mv_verdict *out, struct mv_policy_facts *facts,
		  struct mv_gate *gate, const struct mv_promotion *promotion,
		  struct mv_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = find_facts(facts, gate, promotion, err);
	if (rc)
		return rc;
	if (gate->has_policy)
		rc = mv_decide(out, facts, &gate->policy, gate->now / 1000,
			       err);
	if (rc)
		mv_policy_facts_release(facts);
	return rc;
}
