/* SPDX-License-Identifier: MIT */
#include "libmv/policy/priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/config.h"
#include "libmv/base/grow.h"
#include "libmv/base/time.h"
#include "libmv/meta/evidence.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/ledger.h"
#include "libmv/meta/record.h"

/*
 * Example cases beside the policy: each section describes a state in a few
 * words, which becomes facts as a real one would (records are printed and
 * folded again, votes are bound to the state), and says what must come out.
 */
#define CASE_TIME "2026-01-02T03:04:05.000Z"
#define CASE_REPO "case"
#define CASE_COMMIT "cccccccccccccccccccccccccccccccccccccccc"
enum { NAME_MAX_LEN = 64, LINE_MAX_LEN = 256 << 10 };

struct example {
	const struct mv_policy *policy;
	char name[NAME_MAX_LEN];
	int line, begun;
	struct mv_policy_facts facts;
	struct mv_record record, base;	/* of the candidate, of "current" */
	char *eval, *base_eval;
	int has_base;
	int64_t now;
	char *expect, *because;
	mv_case_fn fn;
	void *payload;
};

static int cases_bad(const char *file, int line, const char *what,
		     const char *value, struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID, "%s:%d: %s '%s'", file, line, what,
		       value);
}

/* -- what a case can say -------------------------------------------------- */

/* "KEY VALUE" */
static int set_fact(struct mv_facts *facts, const char *value,
		    struct mv_err *err)
{
	char *arg = strdup(value), *space = arg ? strchr(arg, ' ') : NULL;
	int rc;

	if (!arg)
		return mv_nomem(err);
	if (space) {
		*space = '=';
		rc = mv_facts_set_arg(facts, arg, err);
	} else {
		rc = mv_fail(err, MV_EINVALID, "'%s': expected KEY VALUE",
			     value);
	}
	free(arg);
	return rc;
}

static int vote(struct example *x, enum mv_decision decision,
		const char *value, struct mv_err *err)
{
	struct mv_policy_facts *f = &x->facts;
	struct mv_vote *v = MV_GROW_ONE(f->votes, f->vote_count, err);
	size_t len = strcspn(value, " ");

	if (!v)
		return MV_ENOMEM;
	v->order = f->vote_count - 1;
	v->statement.decision = decision;
	v->statement.signer = strndup(value, len);
	v->statement.nonce = mv_strf("%032zx", v->order);
	v->statement.reason = strdup("case");
	v->statement.rules = strdup(value[len] ? value + len + 1 : "");
	v->signature.state = MV_SIGNATURE_GOOD;
	v->signature.principal = strndup(value, len);
	v->signature.fingerprint = mv_strf("key of %.*s", (int)len, value);
	snprintf(v->line_digest, sizeof(v->line_digest), "case:%zu",
		 v->order);
	return v->statement.signer && v->statement.nonce &&
	       v->statement.reason && v->statement.rules &&
	       v->signature.principal && v->signature.fingerprint ?
	       0 : mv_nomem(err);
}

/* "WORD NUMBER", "WORD DURATION" or "WORD": an answer about WORD. */
static int answer(struct example *x, const char *question, const char *value,
		  int64_t otherwise, struct mv_err *err)
{
	size_t len = strcspn(value, " ");
	int64_t number = otherwise;
	char *whole;
	int rc;

	if (value[len] && mv_parse_duration(&number, value + len + 1, err))
		return MV_EINVALID;
	whole = mv_strf("%s %.*s", question, (int)len, value);
	rc = whole ? mv_policy_answer(&x->facts, whole, 1, number, NULL, err) :
		     mv_nomem(err);
	free(whole);
	return rc;
}

static int plain_answer(struct example *x, const char *question,
			const char *value, struct mv_err *err)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	return mv_policy_answer(&x->facts, question, 1, *end ? 1 : n, value,
				err);
}

static int duration_answer(struct example *x, const char *question,
			   const char *value, struct mv_err *err)
{
	int64_t s;
	int rc = mv_parse_duration(&s, value, err);

	return rc ? rc : mv_policy_answer(&x->facts, question, 1, s, NULL,
					  err);
}

static int set_person(struct example *x, const char *key, const char *value,
		      struct mv_err *err)
{
	struct mv_policy_facts *f = &x->facts;

	if (!strcmp(key, "author"))
		return mv_set_str(&f->author, value, err);
	if (!strcmp(key, "committer"))
		return mv_set_str(&f->committer, value, err);
	if (!strcmp(key, "pusher"))
		return mv_set_str(&f->pusher, value, err);
	if (!strcmp(key, "runner"))
		return mv_set_str(&f->runner, value, err);
	if (!strcmp(key, "promoter"))
		return mv_set_str(&f->promoter, value, err);
	return MV_ENOENT;
}

static int set_action(struct mv_policy_facts *f, const char *value,
		      struct mv_err *err)
{
	if (!strcmp(value, "promote"))
		f->action = "promote";
	else if (!strcmp(value, "demote"))
		f->action = "demote";
	else
		return mv_fail(err, MV_EINVALID, "'%s': action is promote or "
			       "demote", value);
	return 0;
}

static int set_subject(struct example *x, const char *key, const char *value,
		       struct mv_err *err)
{
	struct mv_policy_facts *f = &x->facts;
	int64_t ms;
	int rc;

	if (!strcmp(key, "artifact"))
		return mv_set_str(&f->artifact, value, err);
	if (!strcmp(key, "stage"))
		return mv_set_str(&f->stage, value, err);
	if (!strcmp(key, "version"))
		return mv_set_str(&f->version, value, err);
	if (!strcmp(key, "current")) {
		x->has_base = 1;
		return mv_set_str(&f->displaces, value, err);
	}
	if (!strcmp(key, "branch")) {
		f->action = "change";
		return mv_set_str(&f->branch, value, err);
	}
	if (!strcmp(key, "size"))
		return mv_parse_size(&f->size, value, err);
	if (!strcmp(key, "expect"))
		return mv_set_str(&x->expect, value, err);
	if (!strcmp(key, "because"))
		return mv_set_str(&x->because, value, err);
	if (!strcmp(key, "now")) {
		rc = mv_time_parse(&ms, value, err);
		if (!rc)
			x->now = ms / 1000;
		return rc;
	}
	if (!strcmp(key, "from"))
		return mv_set_str(&f->from_stage, value, err);
	if (!strcmp(key, "action"))
		return set_action(f, value, err);
	return MV_ENOENT;
}

static int set_evidence(struct example *x, const char *key, const char *value,
			struct mv_err *err)
{
	if (!strcmp(key, "metric"))
		return set_fact(&x->record.metrics, value, err);
	if (!strcmp(key, "param"))
		return set_fact(&x->record.params, value, err);
	if (!strcmp(key, "tag"))
		return set_fact(&x->record.tags, value, err);
	if (!strcmp(key, "eval"))
		return mv_set_str(&x->eval, value, err);
	if (!strcmp(key, "current.eval"))
		return mv_set_str(&x->base_eval, value, err);
	if (!strcmp(key, "current.metric")) {
		x->has_base = 1;
		return set_fact(&x->base.metrics, value, err);
	}
	if (!strcmp(key, "evaluated")) {
		int64_t ms;
		char text[32];

		return mv_time_parse(&ms, value, err) ? MV_EINVALID :
			mv_set_str(&x->record.t, mv_time_print(text, ms), err);
	}
	if (!strcmp(key, "dirty") && !strcmp(value, "true"))
		return mv_set_str(&x->record.dirty, "sha256:dirty", err);
	if (!strcmp(key, "dirty") && !strcmp(value, "false"))
		return 0;
	return MV_ENOENT;
}

static int set_answer(struct example *x, const char *key, const char *value,
		      struct mv_err *err)
{
	if (!strcmp(key, "format"))
		return mv_policy_answer(&x->facts, key, 1, 1, value, err);
	if (!strcmp(key, "parameters") || !strcmp(key, "data-in-repo") ||
	    !strcmp(key, "lineage-data") || !strcmp(key, "lineage-code"))
		return plain_answer(x, key, value, err);
	if (!strcmp(key, "held") || !strcmp(key, "holder") ||
	    !strcmp(key, "reachable-from") || !strcmp(key, "card") ||
	    !strcmp(key, "soak") || !strcmp(key, "utc-offset"))
		return answer(x, key, value, 1, err);
	if (!strcmp(key, "not-reachable-from"))
		return answer(x, "reachable-from", value, 0, err);
	if (!strcmp(key, "since-last-event") ||
	    !strcmp(key, "previously-held"))
		return duration_answer(x, key, value, err);
	if (!strcmp(key, "approval"))
		return vote(x, MV_DECISION_APPROVE, value, err);
	if (!strcmp(key, "reject"))
		return vote(x, MV_DECISION_REJECT, value, err);
	if (!strcmp(key, "override"))
		return vote(x, MV_DECISION_OVERRIDE, value, err);
	return MV_ENOENT;
}

/* -- from words to facts -------------------------------------------------- */

static int add_eval(struct mv_record *r, const char *name,
		    struct mv_policy_facts *facts, struct mv_err *err)
{
	char role[] = "eval", text[80], hex[MV_OID_HEX + 1];
	struct mv_ref ref;
	char *question;
	int rc;

	memset(&ref, 0, sizeof(ref));
	ref.role = role;
	ref.has_oid = 1;
	ref.size = 1;
	rc = mv_sha256(&ref.oid, name, strlen(name), err);
	if (!rc)
		rc = mv_refs_add(&r->data, &ref, err);
	question = mv_strf("content %s", name);
	snprintf(text, sizeof(text), "sha256:%s", mv_oid_hex(hex, &ref.oid));
	if (!rc)
		rc = question ? mv_policy_answer(facts, question, 1, 1, text,
						 err) : mv_nomem(err);
	free(question);
	return rc;
}

static int cases_fold(struct mv_evidence *out, struct mv_record *r,
		      struct mv_err *err)
{
	struct mv_lines lines;
	const char *line;
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, LINE_MAX_LEN);
	rc = mv_record_print(&text, r, err);
	line = text.data;
	lines.v = &line;
	lines.count = 1;
	lines.text = NULL;
	if (!rc)
		rc = mv_evidence_fold(out, &lines, err);
	mv_buf_release(&text);
	return rc;
}

static int begin_record(struct mv_record *r, const char *content,
			struct mv_err *err)
{
	r->kind = strdup("evidence");
	r->id = strdup(content);
	r->by = strdup("Case <case@example.com>");
	r->t = strdup(CASE_TIME);
	r->commit = strdup(CASE_COMMIT);
	r->size = 1;
	return r->kind && r->id && r->by && r->t && r->commit ?
		mv_sha256(&r->content, content, strlen(content), err) :
		mv_nomem(err);
}

static int cases_begin(struct example *x, const char *name, int line,
		       struct mv_err *err)
{
	struct mv_policy_facts *f = &x->facts;
	int rc;

	x->begun = 1;
	x->line = line;
	snprintf(x->name, sizeof(x->name), "%s", name);
	f->action = "promote";
	f->hypothetical = 1;
	f->size = 1;
	mv_time_parse(&x->now, CASE_TIME, NULL);
	x->now = x->now / 1000 + 60;
	rc = begin_record(&x->record, "00000000000000ca", err);
	if (!rc)
		rc = begin_record(&x->base, "00000000000000ba", err);
	if (!rc)
		rc = mv_sha256(&f->content, "candidate", 9, err);
	if (!rc)
		rc = mv_set_str(&f->version, "v1.0.0", err);
	if (!rc)
		rc = mv_set_str(&f->commit, CASE_COMMIT, err);
	if (!rc)
		rc = mv_set_str(&f->records, "", err);
	return rc ? rc : mv_set_str(&f->repo, CASE_REPO, err);
}

static int add_base(struct example *x, struct mv_err *err)
{
	struct mv_other *o = calloc(1, sizeof(*o));

	if (!o)
		return mv_nomem(err);
	x->facts.others = o;
	x->facts.other_count = 1;
	o->name = strdup("current");
	o->nobody = !x->has_base;
	if (!o->name)
		return mv_nomem(err);
	if (!x->has_base)
		return 0;
	o->version = strdup(x->facts.displaces ? x->facts.displaces :
			    "v0.9.0");
	return o->version ? cases_fold(&o->evidence, &x->base,
				       err) : mv_nomem(err);
}

/* A vote speaks of the state as it is now. */
static int bind(struct example *x, struct mv_err *err)
{
	struct mv_policy_facts *f = &x->facts;

	for (size_t i = 0; i < f->vote_count; i++) {
		struct mv_statement *s = &f->votes[i].statement;
		int rc = mv_set_str(&s->repo, f->repo, err);

		if (!rc && f->artifact)
			rc = mv_set_str(&s->artifact, f->artifact, err);
		if (!rc)
			rc = mv_set_str(&s->version, f->version, err);
		if (!rc && f->stage)
			rc = mv_set_str(&s->stage, f->stage, err);
		if (!rc)
			rc = mv_set_str(&s->commit, f->commit, err);
		if (!rc)
			rc = mv_set_str(&s->policy, x->policy->digest, err);
		if (!rc)
			rc = mv_set_str(&s->records, f->records, err);
		if (!rc && f->displaces)
			rc = mv_set_str(&s->displaces, f->displaces, err);
		if (!rc && f->from_stage)
			rc = mv_set_str(&s->from_stage, f->from_stage, err);
		if (rc)
			return rc;
		s->content = f->content;
		s->size = f->size;
		/* In the order in which they stand. */
		s->issued_at = x->now - (int64_t)(f->vote_count - i);
	}
	return 0;
}

/* -- judging -------------------------------------------------------------- */

static const struct mv_finding *finding_of(const struct mv_verdict *verdict,
					   const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < verdict->count; i++)
		if (!strncmp(verdict->v[i].rule, key, len) &&
		    verdict->v[i].rule[len] == ' ' &&
		    verdict->v[i].mode == MV_MODE_ENFORCE &&
		    verdict->v[i].result != MV_RESULT_YES)
			return &verdict->v[i];
	return NULL;
}

static int cases_tell(struct example *x, const struct mv_verdict *verdict,
		      struct mv_err *err)
{
	const char *got = mv_result_name(verdict->result);
	int same = !strcmp(got, x->expect);
	char text[256] = "";

	/* In a gate, unknown is no. */
	if (!strcmp(x->expect, "no") && verdict->result == MV_RESULT_UNKNOWN)
		same = 1;
	if (!verdict->governed)
		snprintf(text, sizeof(text), "no section of the policy speaks "
			 "of this");
	else if (!same)
		snprintf(text, sizeof(text), "expected %s, got %s", x->expect,
			 got);
	else if (x->because && !finding_of(verdict, x->because))
		snprintf(text, sizeof(text), "it is not because of %s",
			 x->because);
	return x->fn(x->payload, x->name, x->line, !*text, verdict, text, err);
}

static int run_case(struct example *x, struct mv_err *err)
{
	const char *eval = x->eval ? x->eval : "case";
	struct mv_verdict verdict;
	int rc = add_eval(&x->record, eval, &x->facts, err);

	if (!rc)
		rc = add_eval(&x->base, x->base_eval ? x->base_eval : eval,
			      &x->facts, err);
	if (!rc)
		rc = cases_fold(&x->facts.evidence, &x->record, err);
	if (!rc)
		rc = add_base(x, err);
	if (!rc)
		rc = bind(x, err);
	/* Nothing happened to the stage, unless the case said so before. */
	if (!rc)
		rc = mv_policy_answer(&x->facts, "since-last-event", 1, -1,
				      NULL, err);
	if (rc)
		return rc;
	rc = mv_decide(&verdict, &x->facts, x->policy, x->now, err);
	if (!rc) {
		rc = cases_tell(x, &verdict, err);
		mv_verdict_release(&verdict);
	}
	return rc;
}

static void clear(struct example *x)
{
	mv_policy_facts_release(&x->facts);
	mv_record_release(&x->record);
	mv_record_release(&x->base);
	free(x->eval);
	free(x->base_eval);
	free(x->expect);
	free(x->because);
	x->eval = x->base_eval = x->expect = x->because = NULL;
	x->begun = x->has_base = 0;
}

struct reading {
	struct example x;
	const char *file;
};

static int cases_finish(struct reading *r, struct mv_err *err)
{
	struct example *x = &r->x;
	int rc;

	if (!x->begun)
		return 0;
	if (!x->expect)
		return cases_bad(r->file, x->line,
				 "nothing is expected of case",
				 x->name, err);
	if (strcmp(x->expect, "yes") && strcmp(x->expect, "no") &&
	    strcmp(x->expect, "unknown") && strcmp(x->expect, "overridden"))
		return cases_bad(r->file, x->line,
				 "expect is yes, no, unknown or "
				 "overridden, not", x->expect, err);
	if (!x->facts.artifact || (!x->facts.stage && !x->facts.branch))
		return cases_bad(r->file, x->line,
				 "artifact and stage (or branch) "
				 "are missing in case", x->name, err);
	rc = run_case(x, err);
	clear(x);
	return rc;
}

static int cases_on_pair(void *payload, const char *section, const char *name,
			 const char *key, const char *value, int line,
			 struct mv_err *err)
{
	struct reading *r = payload;
	int rc;

	if (!key) {
		if (strcmp(section, "case") || !*name)
			return cases_bad(r->file, line,
					 "a case is [case \"what it "
					 "shows\"], not", section, err);
		rc = cases_finish(r, err);
		return rc ? rc : cases_begin(&r->x, name, line, err);
	}
	rc = set_subject(&r->x, key, value, err);
	if (rc == MV_ENOENT)
		rc = set_person(&r->x, key, value, err);
	if (rc == MV_ENOENT)
		rc = set_evidence(&r->x, key, value, err);
	if (rc == MV_ENOENT)
		rc = set_answer(&r->x, key, value, err);
	if (rc == MV_ENOENT)
		return cases_bad(r->file, line, "a case cannot say", key, err);
	if (rc == MV_EINVALID && err)
		mv_err_prefix(err, "%s:%d", r->file, line);
	return rc;
}

int mv_policy_run_cases(const struct mv_policy *p, const char *name,
			const char *data, size_t len, mv_case_fn fn,
			void *payload, struct mv_err *err)
{
	struct reading r;
	int rc;

	memset(&r, 0, sizeof(r));
	r.file = name;
	r.x.policy = p;
	r.x.fn = fn;
	r.x.payload = payload;
	rc = mv_config_parse_with(name, data, len, MV_CONFIG_HEADS,
				  cases_on_pair,
				  &r, err);
	if (!rc)
		rc = cases_finish(&r, err);
	clear(&r.x);
	return rc;
}
