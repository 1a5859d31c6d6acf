/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/time.h"
#include "libmv/gate/judge.h"
#include "libmv/gate/past.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/proof/priv.h"
#include "libmv/subject/subject.h"

/*
 * One tag: does it hold? What it names is looked at first (policy, notes,
 * content); then the decision is made again from that. Everything that is
 * wrong is said, not only the first.
 */

void mv_proof_release(struct mv_proof *p)
{
	for (size_t i = 0; i < p->problem_count; i++)
		free(p->problems[i]);
	free(p->problems);
	free(p->version);
	free(p->promoter);
	free(p->debt);
	free(p->records);
	free(p->policy);
	if (p->has_verdict)
		mv_verdict_release(&p->verdict);
	memset(p, 0, sizeof(*p));
}

int mv_proof_add(struct mv_proof *p, enum mv_verify_state state,
		 const char *fmt, ...)
{
	char **more = realloc(p->problems,
			      (p->problem_count + 2) * sizeof(*more));
	char *text = NULL;
	va_list ap;

	if (!more)
		return MV_ENOMEM;
	p->problems = more;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text)
		return MV_ENOMEM;
	more[p->problem_count++] = text;
	more[p->problem_count] = NULL;
	if (p->state != MV_VERIFY_BAD)
		p->state = state;
	return 0;
}

/* -- one event being looked at -------------------------------------------- */

struct proving {
	struct mv_proof *p;
	struct mv_gates *gates;
	const struct mv_past *past;
	const struct mv_event *event;	/* of today's registry */
	struct mv_facts trailers;
	int ours;			/* it has trailers */
	char *tagger;			/* e-mail */
	int64_t said;			/* the tagger's date */
	const struct mv_past_statement *receipt;
	struct mv_gate_then *then;
	/* Where the policy's commit stands on the branch's line. */
	const struct mv_past_commit *policy, *notes;
};

#define BAD(x, ...) mv_proof_add((x)->p, MV_VERIFY_BAD, __VA_ARGS__)
#define UNKNOWN(x, ...) mv_proof_add((x)->p, MV_VERIFY_UNKNOWN, __VA_ARGS__)

static const char *said(const struct proving *x, const char *key)
{
	const struct mv_value *v = mv_facts_get(&x->trailers, key);

	return v && v->text ? v->text : "";
}

/* "2026-11-21 08:15:00 UTC"; `text` has room for 32. */
static const char *moment(char *text, int64_t s)
{
	mv_time_print(text, s > INT64_MAX / 1000 || s < INT64_MIN / 1000 ? 0 :
		      s * 1000);
	text[10] = ' ';
	memcpy(text + 19, " UTC", 5);
	return text;
}

static int is_stage(const struct mv_event *e)
{
	return e->tag.kind == MV_EVENT_ASSIGN ||
	       e->tag.kind == MV_EVENT_UNASSIGN;
}

/* -- the tag object ------------------------------------------------------- */

static int event_take_tag(void *payload, size_t i,
			  const struct mv_git_object_info *tag, struct mv_err *err)
{
	struct proving *x = payload;
	struct mv_err why = { MV_OK, "" };

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
	if (mv_tag_trailers(&x->trailers, tag->message, &why))
		return why.code == MV_ENOMEM ? MV_ENOMEM :
			BAD(x, "its trailers cannot be read: %s", why.msg);
	x->ours = x->trailers.count > 0;
	return 0;
}

/* What the name says and what the message says is one thing said twice. */
static int event_check_name(struct proving *x, const char *key,
			    const char *name)
{
	const char *value = said(x, key);

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

int mv_proof_statement(struct mv_signature *out, struct mv_trust *trust,
		       const struct mv_past_statement *s, struct mv_err *err)
{
	return mv_statement_verify(out, trust, s->s.decision, &s->payload,
				   &s->sig, s->s.issued_at, err);
}

int mv_proof_receipt(int *good, struct mv_trust *trust, const char *repo_id,
		     const struct mv_past_statement *r, struct mv_err *err)
{
	struct mv_signature s;
	int rc;

	*good = 0;
	if (strcmp(r->s.repo ? r->s.repo : "", repo_id))
		return 0;
	rc = mv_proof_statement(&s, trust, r, err);
	if (rc)
		return rc;
	*good = s.state == MV_SIGNATURE_GOOD && s.principal && r->s.signer &&
		!strcmp(s.principal, r->s.signer);
	mv_signature_release(&s);
	return 0;
}

static int speaks_of(const struct mv_past_statement *r,
		     const struct mv_event *e)
{
	return !strcmp(r->s.tag, e->oid) &&
	       !strcmp(r->s.artifact, e->tag.artifact) &&
	       !strcmp(r->s.stage, e->tag.stage ? e->tag.stage : "");
}

int mv_proof_witness(const struct mv_past_statement **out,
		     const struct mv_gate *today,
		     const struct mv_past_statement *r, size_t count,
		     const struct mv_event *e, struct mv_err *err)
{
	int good, rc = 0;

	*out = NULL;
	for (size_t i = 0; i < count && !rc; i++) {
		if (!speaks_of(&r[i], e) ||
		    (*out && (*out)->s.issued_at <= r[i].s.issued_at))
			continue;
		rc = mv_proof_receipt(&good, today->trust, today->repo_id,
				      &r[i], err);
		if (!rc && good)
			*out = &r[i];
	}
	return rc;
}

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
	}
	return rc;
}

/* By the policy that it was decided by, as the server that took it. */
static int64_t skew(const struct proving *x)
{
	return mv_gate_clock_skew(x->then && x->then->gate.has_policy ?
				  &x->then->gate : x->gates->today);
}

/* A tag cannot be older than what it names. */
static int check_date(struct proving *x, int64_t when, const char *what)
{
	char a[32], b[32];

	if (x->receipt || x->said >= INT64_MAX - skew(x) ||
	    when <= x->said + skew(x))
		return 0;
	return BAD(x, "it says it was made on %s, but names %s of %s: the date "
		   "was put back", moment(a, x->said), what,
		   moment(b, when));
}

static int check_future(struct proving *x)
{
	char a[32];

	if (x->p->when <= x->gates->today->now / 1000 + skew(x))
		return 0;
	return BAD(x, "it says it was made on %s, which is still to come",
		   moment(a, x->p->when));
}

/* A whole name: a short one, or a branch's, means something else later. */
static int is_name(const char *hex)
{
	size_t n = strspn(hex, "0123456789abcdef");

	return !hex[n] && (n == 40 || n == 64);
}

/* -- which policy --------------------------------------------------------- */

static int governed(const struct mv_gate *gate, const struct mv_event *e)
{
	return gate->has_policy &&
	       mv_policy_governs(&gate->policy, "stage", e->tag.artifact,
				 e->tag.stage);
}

static int no_record(struct proving *x)
{
	if (governed(x->gates->today, x->event))
		return BAD(x, "there is no record of a decision in it, and the "
			   "policy speaks of %s; if it is older than the "
			   "policy, promote %s again", x->event->tag.stage,
			   x->event->tag.artifact);
	return 0;
}

static int check_in_force(struct proving *x)
{
	const struct mv_past_commit *c;
	char a[32], b[32];

	if (x->receipt)
		return strcmp(x->receipt->s.policy ? x->receipt->s.policy : "",
			      said(x, "Model-Policy")) ?
			BAD(x, "the server judged it by policy %.17s, the tag "
			    "says %.17s", *x->receipt->s.policy ?
			    x->receipt->s.policy : "(none)",
			    *said(x, "Model-Policy") ?
			    said(x, "Model-Policy") : "(none)") : 0;
	c = mv_gate_past_overtaken(x->past, x->policy, x->said);
	if (!c)
		return 0;
	return BAD(x, "an old policy was used, that of %.10s: .gitmodel/ was "
		   "changed by %.10s on %s, and this was decided on %s",
		   x->policy->hex, c->hex, moment(a, c->when),
		   moment(b, x->said));
}

/* Data of the trusted commit that the policy compares with. */
struct paths {
	const char **v;
	size_t count;
};

static int add_path(void *payload, const char *question, struct mv_err *err)
{
	struct paths *paths = payload;
	const char **more;

	if (strncmp(question, "content ", 8))
		return 0;
	more = realloc(paths->v, (paths->count + 2) * sizeof(*more));
	if (!more)
		return mv_nomem(err);
	paths->v = more;
	more[paths->count] = strdup(question + 8);
	more[paths->count + 1] = NULL;
	return more[paths->count++] ? 0 : mv_nomem(err);
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

	return digest && *digest && !strcmp(digest, said(x, "Model-Policy")) &&
	       x->then->gate.has_policy &&
	       !strcmp(digest, x->then->gate.policy.digest);
}

static int find_place(struct proving *x, const char *commit,
		      const struct mv_past_commit *brought,
		      struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gates->repo);
	struct paths paths = { NULL, 0 };
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

static int check_policy(struct proving *x, struct mv_err *err)
{
	const char *commit = said(x, "Model-Policy-Commit");
	const char *digest = said(x, "Model-Policy");
	struct mv_git *git = mv_repo_git(x->gates->repo);
	const struct mv_past_commit *brought = NULL;
	struct mv_err why = { MV_OK, "" };
	int64_t when = 0;
	int rc = 0;

	if (!*commit)
		return governed(x->gates->today, x->event) ?
			BAD(x, "it does not say which policy was asked") : 0;
	if (!is_name(commit))
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
	x->p->governed_then = governed(&x->then->gate, x->event);
	if (strcmp(digest, x->then->gate.has_policy ?
		   x->then->gate.policy.digest : ""))
		return BAD(x, "the policy of %.10s is another than the tag "
			   "says (%.17s)", commit, *digest ? digest : "none");
	rc = mv_git_objects(git, &commit, 1, take_date, &when, err);
	if (!rc)
		rc = check_date(x, when, "a policy");
	return rc ? rc : check_in_force(x);
}

/* -- which notes ---------------------------------------------------------- */

static int check_notes(struct proving *x)
{
	const char *commit = said(x, "Model-Notes");

	if (!*commit)
		return 0;
	if (!is_name(commit))
		return BAD(x, "Model-Notes is no name of a commit");
	if (!*x->gates->today->notes)
		return UNKNOWN(x, "there are no records here; git model fetch "
			       "brings them");
	x->notes = mv_gate_past_find(&x->past->notes, commit);
	if (!x->notes && x->past->shallow)
		return UNKNOWN(x,
			       "the history of the records is cut off before "
			       "%.10s; git fetch --unshallow brings it",
			       commit);
	if (!x->notes)
		return BAD(x, "the records that it was decided on (%.10s) are "
			   "not in the history of today's: notes were "
			   "rewritten, or not all are here (git model fetch)",
			   commit);
	mv_gate_past_name(x->p->notes, commit);
	return check_date(x, x->notes->when, "records");
}

/* Notes only grow: every line that was there is there today. */
static int check_grown(struct proving *x, const char *blob,
		       struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gates->repo);
	struct mv_lines then = { NULL, 0, NULL }, now = { NULL, 0, NULL };
	size_t gone = 0, first = 0;
	int rc;

	if (!x->notes)
		return 0;
	rc = mv_ledger_read(&then, git, x->notes->hex, &blob, 1, err);
	if (!rc)
		rc = mv_ledger_read(&now, git, x->gates->today->notes, &blob,
				    1, err);
	for (size_t i = 0; i < then.count && !rc; i++)
		if (!mv_lines_have(&now, then.v[i]))
			first = gone++ ? first : i;
	if (!rc && gone)
		rc = BAD(x, "%zu line%s that it was decided on %s not in the "
			 "records any more, such as %.60s...", gone,
			 gone == 1 ? "" : "s", gone == 1 ? "is" : "are",
			 then.v[first]);
	mv_lines_release(&then);
	mv_lines_release(&now);
	return rc;
}

/* -- content -------------------------------------------------------------- */

static int event_check_content(struct proving *x, struct mv_subject *s,
			       struct mv_gate *gate, struct mv_err *err)
{
	const char *content = said(x, "Model-Content");
	struct mv_err why = { MV_OK, "" };
	char hex[8 + MV_OID_HEX] = "sha256:", size[32];
	int rc = mv_gate_subject(s, gate, x->event->tag.artifact,
				 x->event->commit, &why);

	if (rc == MV_ENOMEM)
		return mv_nomem(err);
	if (rc)
		memset(s, 0, sizeof(*s));
	if (rc && x->past->shallow)
		return UNKNOWN(x, "its content cannot be told: %s; git fetch "
			       "--unshallow may bring it", why.msg);
	if (rc)
		return *content || x->p->governed_then ?
			BAD(x, "its content cannot be told: %s", why.msg) : 0;
	mv_oid_hex(hex + 7, &s->pointer.oid);
	snprintf(size, sizeof(size), "%" PRIu64, s->pointer.size);
	if (*content && strcmp(content, hex))
		return BAD(x, "%s at %.10s is %.17s, but the tag says %.17s: "
			   "the content was swapped", x->event->tag.artifact,
			   x->event->commit, hex, content);
	if (*said(x, "Model-Size") && strcmp(said(x, "Model-Size"), size))
		return BAD(x, "%s at %.10s has %s bytes, the tag says %s",
			   x->event->tag.artifact, x->event->commit, size,
			   said(x, "Model-Size"));
	return *said(x, "Model-Path") && strcmp(said(x, "Model-Path"),
						s->path) ?
		BAD(x, "the tag says path %s, .gitmodel/config of %.10s says "
		    "%s", said(x, "Model-Path"), x->event->commit, s->path) : 0;
}

/* -- the decision, again -------------------------------------------------- */

static int say_findings(struct proving *x, const struct mv_verdict *v)
{
	int rc = 0;

	for (size_t i = 0; i < v->count && !rc; i++) {
		const struct mv_finding *f = &v->v[i];

		if (f->mode != MV_MODE_ENFORCE ||
		    (f->result != MV_RESULT_NO &&
		     f->result != MV_RESULT_UNKNOWN))
			continue;
		rc = BAD(x, "%s: %s: expected %s, found %s", f->section,
			 f->rule, f->expected, *f->actual ? f->actual :
			 "nothing");
	}
	return rc;
}

static int is_yes(const struct mv_verdict *v)
{
	return v->result == MV_RESULT_YES ||
	       v->result == MV_RESULT_OVERRIDDEN;
}

static int check_verdict(struct proving *x, const struct mv_verdict *v)
{
	const char *text = said(x, "Model-Verdict");
	size_t n = strcspn(text, " ");
	const char *word = !v->governed ? "ungoverned" : !is_yes(v) ? "no" :
		mv_result_name(v->result);

	if (!strncmp(text, "no", n) && n == 2)
		return BAD(x, "it was made although the verdict was no; the "
			   "hooks were skipped, or there was no server to "
			   "refuse it");
	if (!is_yes(v)) {
		int rc = BAD(x, "by the policy and the records of that moment "
			     "the verdict is no%s", n ?
			     ", but the tag says yes" : "");

		return rc ? rc : say_findings(x, v);
	}
	if (strlen(word) != n || strncmp(text, word, n))
		return BAD(x, "the verdict is %s, but the tag says %.*s", word,
			   n ? (int)n : 7, n ? text : "nothing");
	return 0;
}

static int check_facts(struct proving *x, const struct mv_policy_facts *f,
		       struct mv_err *err)
{
	const char *records = said(x, "Model-Records");
	const char *from = said(x, "Model-From");
	int rc = 0;

	if (f->promoter)
		rc = mv_gate_set(&x->p->promoter, f->promoter, err);
	if (!rc && *records && strcmp(records, f->records))
		rc = BAD(x, "its evidence was altered: the records of that "
			 "moment have digest %.17s, the tag says %.17s",
			 f->records, records);
	if (!rc && strcmp(from, f->displaces ? f->displaces : ""))
		rc = BAD(x, "it says that %s held the stage before, but by "
			 "the tags that are here %s did: a tag was deleted, "
			 "added or moved", *from ? from : "nobody",
			 f->displaces && *f->displaces ? f->displaces :
			 "nobody");
	return rc;
}

/* The version's own registration, as it was before this tag. */
static const struct mv_event *own_tag(const struct mv_registry *r,
				      const struct mv_event *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->v[i].ref, e->ref))
			return &r->v[i];
	return NULL;
}

static int add_ref(struct mv_git_ref *ref, const struct mv_event *e)
{
	ref->name = e->ref;
	ref->oid = e->oid;
	ref->type = "tag";
	ref->commit = e->commit;
	return 1;
}

/*
 * An assignment without a number stands before all that have one, whenever it
 * was made. So it was there when this was decided only if this says so: what
 * it displaced is at that commit.
 */
static int slipped_in(const struct proving *x, const struct mv_event *e)
{
	const struct mv_registry *r = &x->gates->today->registry;
	const char *from = said(x, "Model-From");

	if (e->tag.kind != MV_EVENT_ASSIGN || e->tag.counter >= 0 ||
	    x->event->tag.counter < 0 ||
	    strcmp(e->tag.stage, x->event->tag.stage))
		return 0;
	for (size_t i = 0; i < x->event->order && *from; i++)
		if (r->v[i].tag.kind == MV_EVENT_REGISTER &&
		    !strcmp(r->v[i].tag.artifact, e->tag.artifact) &&
		    !strcmp(r->v[i].tag.version, from) &&
		    !strcmp(r->v[i].commit, e->commit))
			return 0;
	return 1;
}

/*
 * The artifact's events up to this one. Only a later event that takes a
 * version back, or one whose place is not known, makes a difference: then the
 * past must be built again.
 */
static int registry_then(struct mv_registry *out, const struct proving *x,
			 struct mv_err *err)
{
	const struct mv_registry *all = &x->gates->today->registry;
	struct mv_git_ref *refs;
	size_t n = 0;
	int again = 0, rc;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < all->count && !again; i++)
		again = !strcmp(all->v[i].tag.artifact,
				x->event->tag.artifact) &&
			(i <= x->event->order ? slipped_in(x, &all->v[i]) :
			 all->v[i].tag.kind == MV_EVENT_DEREGISTER);
	if (!again)
		return 0;
	refs = calloc(x->event->order + 1, sizeof(*refs));
	if (!refs)
		return mv_nomem(err);
	for (size_t i = 0; i <= x->event->order; i++)
		if (!strcmp(all->v[i].tag.artifact, x->event->tag.artifact) &&
		    !slipped_in(x, &all->v[i]))
			n += (size_t)add_ref(&refs[n], &all->v[i]);
	rc = mv_registry_from_refs(out, refs, n, x->event->tag.artifact, err);
	free(refs);
	return rc;
}

struct replay {
	struct mv_verdict verdict;
	struct mv_policy_facts facts;
};

static int decide_then(struct replay *out, struct mv_gate *gate,
		       const struct proving *x, const struct mv_event *tag,
		       struct mv_err *err)
{
	const struct mv_promotion p = {
		.action = tag->tag.kind == MV_EVENT_ASSIGN ? "promote" :
							     "demote",
		.artifact = tag->tag.artifact, .version = x->p->version,
		.stage = tag->tag.stage, .commit = tag->commit, .tag = tag
	};

	memset(out, 0, sizeof(*out));
	return mv_gate_check(&out->verdict, &out->facts, gate, &p, err);
}

static void replay_release(struct replay *r)
{
	mv_verdict_release(&r->verdict);
	mv_policy_facts_release(&r->facts);
}

/*
 * Nobody witnessed it, so keys that were revoked since do not count. When
 * that is what makes the difference, it is said so, and not as if somebody
 * had made a mistake then.
 */
static int decide_strictly(struct replay *out, struct proving *x,
			   const struct mv_event *tag, struct mv_err *err)
{
	struct mv_gate *gate = &x->then->gate;
	struct replay strict;
	int rc = decide_then(out, gate, x, tag, err);

	if (rc || x->receipt || !x->then->strict || !is_yes(&out->verdict))
		return rc;
	gate->trust = x->then->strict;
	rc = decide_then(&strict, gate, x, tag, err);
	gate->trust = x->then->then;
	if (rc) {
		replay_release(out);
		return rc;
	}
	if (!is_yes(&strict.verdict)) {
		rc = BAD(x, "it rests on a key that was revoked since, and no "
			 "receipt of a server says that it was signed "
			 "before");
		if (!rc)
			rc = say_findings(x, &strict.verdict);
	}
	replay_release(&strict);
	return rc;
}

/* -- a no that was left out ----------------------------------------------- */

static int is_no(const struct mv_vote *v, const struct proving *x)
{
	return !v->malformed && v->signature.state == MV_SIGNATURE_GOOD &&
	       v->statement.issued_at <= x->p->when &&
	       (v->statement.decision == MV_DECISION_REJECT ||
		v->statement.decision == MV_DECISION_REVOKE);
}

static int was_read(const struct mv_vote *v, const struct mv_policy_facts *f)
{
	for (size_t i = 0; i < f->vote_count; i++)
		if (!strcmp(f->votes[i].line_digest, v->line_digest))
			return 1;
	return 0;
}

/*
 * Who promotes chooses which notes are read, and could choose such as have
 * no rejection yet. What was signed before, and is known now, counts.
 */
static int check_left_out(struct proving *x, const struct mv_subject *s,
			  struct replay *done, struct mv_err *err)
{
	struct mv_gate *gate = &x->then->gate;
	struct mv_policy_facts *f = &done->facts;
	struct mv_testimony t;
	struct mv_verdict v;
	const struct mv_vote *no = NULL;
	struct mv_vote *all;
	char a[32];
	int rc = mv_gate_testimony(&t, gate, s->blob, &s->pointer,
				   x->event->tag.artifact, x->p->when, err);

	if (rc)
		return rc;
	all = realloc(f->votes, (f->vote_count + t.count + 1) * sizeof(*all));
	if (!all) {
		mv_gate_testimony_release(&t);
		return mv_nomem(err);
	}
	f->votes = all;
	for (size_t i = 0; i < t.count; i++) {
		if (!is_no(&t.votes[i], x) || was_read(&t.votes[i], f))
			continue;
		all[f->vote_count++] = t.votes[i];
		memset(&t.votes[i], 0, sizeof(t.votes[i]));
		no = &all[f->vote_count - 1];
	}
	mv_gate_testimony_release(&t);
	if (!no)
		return 0;
	rc = mv_decide(&v, f, &gate->policy, x->p->when, err);
	if (!rc && !is_yes(&v))
		rc = BAD(x, "it was decided without what %s had said on %s "
			 "(%s: %s), which makes the verdict no",
			 no->signature.principal,
			 moment(a, no->statement.issued_at),
			 mv_decision_name(no->statement.decision),
			 no->statement.reason && *no->statement.reason ?
			 no->statement.reason : "no reason given");
	if (!rc)
		mv_verdict_release(&v);
	return rc;
}

/* Has the note of today anything that the one of then had not? */
static int has_more(struct proving *x, const char *blob, struct mv_err *err)
{
	struct mv_git *git = mv_repo_git(x->gates->repo);
	static const char word[] = "\"kind\":\"approval\"";
	struct mv_lines then = { NULL, 0, NULL }, now = { NULL, 0, NULL };
	int more = 0;
	int rc = x->notes ? mv_ledger_read(&then, git, x->notes->hex, &blob,
					   1, err) : 0;

	if (!rc && *x->gates->today->notes)
		rc = mv_ledger_read(&now, git, x->gates->today->notes, &blob,
				    1, err);
	for (size_t i = 0; i < now.count && !rc && !more; i++)
		more = strstr(now.v[i], word) && !mv_lines_have(&then,
								now.v[i]);
	mv_lines_release(&then);
	mv_lines_release(&now);
	return rc ? rc : more;
}

/* -- debt ----------------------------------------------------------------- */

static const struct mv_finding *same_rule(const struct mv_verdict *v,
					  const struct mv_finding *f)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->v[i].rule, f->rule) &&
		    !strcmp(v->v[i].section, f->section))
			return &v->v[i];
	return NULL;
}

/*
 * What was overridden is owed, as long as it holds the stage: approvals that
 * came since, or evidence, make it good. Approvals are looked for as for a
 * promotion today, evidence as for the one that was.
 */
static int check_debt(struct proving *x, const struct mv_event *tag,
		      const struct mv_verdict *was, struct mv_err *err)
{
	const struct mv_gate *today = x->gates->today;
	struct mv_gate_then *now;
	struct replay again;
	struct mv_verdict fresh;
	struct mv_policy_facts facts;
	const struct mv_promotion p = {
		.action = "promote", .artifact = tag->tag.artifact,
		.version = x->p->version, .stage = tag->tag.stage,
		.commit = tag->commit, .promoter = x->p->promoter
	};
	int rc = mv_proof_gates_at(&now, x->gates, today->trusted, err);

	if (rc)
		return rc;
	now->gate.registry = today->registry;
	now->gate.now = today->now;
	rc = mv_gate_set(&now->gate.notes, today->notes, err);
	if (!rc)
		rc = decide_then(&again, &now->gate, x, tag, err);
	if (!rc) {
		rc = mv_gate_check(&fresh, &facts, &now->gate, &p, err);
		if (rc)
			replay_release(&again);
		else
			mv_policy_facts_release(&facts);
	}
	memset(&now->gate.registry, 0, sizeof(now->gate.registry));
	if (rc)
		return rc;
	for (size_t i = 0; i < was->count && !x->p->debt; i++) {
		const struct mv_finding *f = &was->v[i];
		int votes = !strncmp(f->rule, "approvals ", 10);
		const struct mv_finding *g;

		if (f->result != MV_RESULT_OVERRIDDEN)
			continue;
		g = same_rule(votes ? &fresh : &again.verdict, f);
		if (!g || g->result == MV_RESULT_YES)
			continue;
		g = same_rule(&again.verdict, f);
		x->p->overdue = !g || g->result != MV_RESULT_OVERRIDDEN;
		x->p->debt = mv_strf("%s: %s was overridden and is not made "
				     "good%s", f->section, f->rule,
				     x->p->overdue ? "; its time is up" : "");
		rc = x->p->debt ? 0 : mv_nomem(err);
	}
	mv_verdict_release(&fresh);
	replay_release(&again);
	return rc;
}

static int holds_now(const struct proving *x)
{
	const struct mv_event *h = mv_registry_holder(
		&x->gates->today->registry, x->event->tag.artifact,
		x->event->tag.stage);

	return h && !strcmp(h->ref, x->event->ref);
}

/* Of what no policy was asked about, only the content. */
static int check_plain(struct proving *x, struct mv_err *err)
{
	struct mv_gate where = { .repo = x->gates->repo };
	struct mv_subject s;
	int rc;

	if (!*said(x, "Model-Content"))
		return 0;
	memset(&s, 0, sizeof(s));
	rc = event_check_content(x, &s, &where, err);
	mv_subject_release(&s);
	return rc;
}

/* -- a stage event -------------------------------------------------------- */

/* A tag of this stage (NULL: of any of the artifact) that is none here, and so
   what was decided before cannot be told. */
static const struct mv_event *in_doubt(const struct proving *x,
				       const char *stage)
{
	const struct mv_registry *r = &x->gates->today->registry;
	const struct mv_event *found = NULL;

	for (size_t i = 0; i < r->ignored_count && !found; i++) {
		const struct mv_tag *t = &r->ignored[i].tag;

		if (t->stage && (!stage || !strcmp(t->stage, stage)))
			found = mv_registry_ignored_before(r, t->stage,
							   x->event);
	}
	return found;
}

static int say_doubt(struct proving *x, const struct mv_event *e)
{
	struct mv_err why;

	mv_registry_refuse_ignored(e, &why);
	return UNKNOWN(x, "%s", why.msg);
}

static int replay(struct proving *x, const struct mv_subject *s,
		  const struct mv_event *tag, struct mv_err *err)
{
	struct mv_err why = { MV_OK, "" };
	const struct mv_event *doubt;
	struct replay r;
	int more = 0;
	int rc = decide_strictly(&r, x, tag, &why);

	doubt = rc == MV_EDENIED ? in_doubt(x, NULL) : NULL;
	if (doubt)
		return say_doubt(x, doubt);
	if (rc)
		return rc == MV_ENOMEM ? mv_nomem(err) :
			BAD(x, "it cannot be decided again: %s", why.msg);
	rc = check_facts(x, &r.facts, err);
	if (!rc)
		rc = check_verdict(x, &r.verdict);
	if (!rc && !x->receipt && is_yes(&r.verdict) && r.verdict.governed)
		rc = more = has_more(x, s->blob, err);
	if (more > 0) {
		rc = mv_gate_set(&x->then->gate.notes,
				 x->gates->today->notes, err);
		if (!rc)
			rc = check_left_out(x, s, &r, err);
	}
	x->p->verdict = r.verdict;
	x->p->has_verdict = 1;
	memset(&r.verdict, 0, sizeof(r.verdict));
	replay_release(&r);
	if (!rc && x->p->verdict.result == MV_RESULT_OVERRIDDEN &&
	    holds_now(x))
		rc = check_debt(x, x->event, &x->p->verdict, err);
	return rc;
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
		rc = check_grown(x, s.blob, err);
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
		rc = replay(x, &s, tag, err);
	mv_subject_release(&s);
	memset(&gate->registry, 0, sizeof(gate->registry));
	return rc;
}

static int prove_stage(struct proving *x, struct mv_err *err)
{
	struct mv_registry past;
	const struct mv_event *tag = x->event;
	const struct mv_event *doubt = in_doubt(x, tag->tag.stage);
	int rc;

	if (!x->ours)
		return no_record(x);
	rc = check_policy(x, err);
	if (!rc)
		rc = check_notes(x);
	if (!rc)
		rc = check_future(x);
	if (!*x->p->version && !rc)
		rc = BAD(x, "it does not say which version it means");
	/* Without the policy or the records nothing can be decided again. */
	if (!rc && !*said(x, "Model-Policy-Commit"))
		return check_plain(x, err);
	if (rc || !x->then || !*x->p->version ||
	    (*said(x, "Model-Notes") && !x->notes))
		return rc;
	if (doubt)
		return say_doubt(x, doubt);
	rc = registry_then(&past, x, err);
	if (rc)
		return rc;
	if (past.count)
		tag = own_tag(&past, x->event);
	rc = tag ? prove_with(x, past.count ? &past :
			      &x->gates->today->registry, tag, err) :
		mv_fail(err, MV_ECORRUPT, "'%s' is lost in its own past",
			x->event->ref);
	mv_registry_release(&past);
	return rc;
}

/* -- all of it ------------------------------------------------------------ */

static int set_names(struct proving *x, struct mv_err *err)
{
	const struct mv_registry *r = &x->gates->today->registry;
	const struct mv_event *v = NULL;
	const char *version = said(x, "Model-Version");
	int rc;

	if (is_stage(x->event) && !*version)
		v = mv_registry_version_at(r, x->event->tag.artifact,
					   x->event->commit);
	rc = mv_gate_set(&x->p->version, x->event->tag.version ?
			 x->event->tag.version : *version ? version :
			 v ? v->tag.version : "", err);
	if (!rc && *said(x, "Model-Records"))
		rc = mv_gate_set(&x->p->records, said(x, "Model-Records"),
				 err);
	if (!rc && *said(x, "Model-Policy"))
		rc = mv_gate_set(&x->p->policy, said(x, "Model-Policy"), err);
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
	if (!rc && out->state == MV_VERIFY_OK)
		rc = is_stage(event) ? prove_stage(&x, err) :
				       check_plain(&x, err);
	mv_facts_release(&x.trailers);
	free(x.tagger);
	if (rc == MV_ENOMEM)
		mv_nomem(err);
	if (rc)
		mv_proof_release(out);
	return rc;
}
