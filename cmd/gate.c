/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/gate.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/gate/gate.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/report/ci.h"
#include "libmv/report/json.h"
#include "libmv/report/md.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

#define VIEWS_MAX ((size_t)64 << 20)

/* -- what is asked -------------------------------------------------------- */

static int gate_split(struct gate_ask *ask, const char *spec)
{
	const char *at = strchr(spec, '@');
	char *sign;

	ask->artifact = at ? strndup(spec, (size_t)(at - spec)) : strdup(spec);
	ask->version = at ? strdup(at + 1) : NULL;
	if (!ask->artifact || (at && !ask->version))
		return out_fatalf("out of memory");
	sign = strchr(ask->artifact, '=');	/* as it stands in a tag */
	if (sign && !strchr(ask->artifact, ':'))
		*sign = ':';
	if (!mv_artifact_name_ok(ask->artifact))
		return out_fatalf("'%s' cannot be the name of an artifact",
				  ask->artifact);
	if (at && !mv_version_ok(ask->version) &&
	    strcmp(ask->version, "latest"))
		return out_fatalf("'%s' is not a version like v1.2.3",
				  ask->version);
	return CMD_OK;
}

int gate_ask(struct gate_ask *ask, struct cmd_env *env, const char *spec,
	     const char *stage, const char *trusted)
{
	struct mv_gate_options options = { .trusted = trusted,
					   .now = mv_now_ms() };
	struct mv_err err;
	char *ident = NULL;
	const struct gate_ask asked = *ask;
	int status, new_stage = ask->new_stage;

	*ask = (struct gate_ask){ .new_stage = new_stage, .make = asked.make };
	status = gate_split(ask, spec);
	if (status)
		return status;
	if (!mv_stage_ok(stage))
		return out_fatalf("'%s' cannot be the name of a stage", stage);
	options.artifact = ask->artifact;
	/* Whoever decides here is taken for who will push it. */
	if (mv_git_config(&options.pusher, mv_repo_git(env->repo),
			  "user.email", &err))
		return out_fatal(&err);
	if (mv_gate_open(&ask->gate, env->repo, &options, &err))
		return out_fatal(&err);
	ask->open = 1;
	if (!new_stage && mv_gate_check_artifact(&ask->gate, ask->artifact,
						 &err)) {
		status = out_fatal(&err);
		out_hint("are the tags here? git fetch --tags");
		return status;
	}
	if (!new_stage && mv_gate_check_stage(&ask->gate, ask->artifact, stage,
					      ask->make, &err))
		return out_fatal(&err);
	/* Who would sign: that they are who they say is seen later. */
	if (!mv_git_ident(&ident, mv_repo_git(env->repo), NULL) &&
	    strchr(ident, '<')) {
		ask->who = strdup(strrchr(ident, '<') + 1);
		if (ask->who)
			ask->who[strcspn(ask->who, ">")] = '\0';
	}
	free(ident);
	ask->p = (struct mv_promotion){ .action = "promote",
		.artifact = ask->artifact, .version = ask->version,
		.stage = stage, .promoter = ask->who, .self = 1 };
	return CMD_OK;
}

static int no_version(const struct gate_ask *ask)
{
	char words[MV_NEAREST_WORDS];

	return out_fatalf("%s@%s is not registered%s (git model register "
			  "does that; are the tags here? git fetch --tags)",
			  ask->artifact, ask->version, mv_registry_near_version(
			  words, &ask->gate.registry, ask->artifact,
			  ask->version));
}

int gate_find_version(struct gate_ask *ask)
{
	const struct mv_registry *r = &ask->gate.registry;
	int latest = !strcmp(ask->version, "latest");
	const struct mv_event *e;
	struct mv_err err;

	if (mv_registry_which(&e, r, ask->artifact, latest ? NULL :
			      ask->version, &err))
		return out_fatal(&err);
	if (!e)
		return no_version(ask);
	ask->p.version = e->tag.version;
	ask->p.commit = e->commit;
	if (latest) {
		free(ask->version);
		ask->version = strdup(e->tag.version);
		if (!ask->version)
			return out_fatalf("out of memory");
	}
	/* The registry may be read again, so nothing points into it. */
	ask->p.version = ask->version;
	free(ask->commit);
	ask->commit = strdup(e->commit);
	ask->p.commit = ask->commit;
	return ask->commit ? CMD_OK : out_fatalf("out of memory");
}

void gate_done(struct gate_ask *ask)
{
	if (ask->open)
		mv_gate_close(&ask->gate);
	free(ask->artifact);
	free(ask->version);
	free(ask->commit);
	free(ask->who);
	memset(ask, 0, sizeof(*ask));
}

/* -- what was decided ----------------------------------------------------- */

int gate_status(const struct mv_verdict *verdict)
{
	switch (verdict->result) {
	case MV_RESULT_YES:
	case MV_RESULT_OVERRIDDEN:
		return CMD_OK;
	case MV_RESULT_UNKNOWN:
		return CMD_INCONCLUSIVE;
	default:
		return CMD_NO;
	}
}

void gate_note(const struct mv_gate *gate, const struct mv_verdict *verdict,
	       const char *stage)
{
	if (!gate->has_policy)
		out_note("there is no policy in %s: nothing was checked",
			 *gate->trusted ? gate->trusted_name :
					  "this repository");
	else if (!verdict->governed)
		out_note("the policy of %s says nothing of %s: nothing was "
			 "checked", gate->trusted_name, stage);
}

/* "yes fraud@v1.2.0 for production", and what did not hold. */
static int say_verdict(const char *subject, const struct mv_verdict *verdict)
{
	const struct mv_judged one = { subject, verdict };
	struct mv_buf text;
	struct mv_err err;
	int rc;

	mv_buf_init(&text, VIEWS_MAX);
	rc = mv_verdicts_text(&text, &one, 1, 0, NULL, &err);
	if (!rc)
		out_text(&text);	/* made safe by the report */
	mv_buf_release(&text);
	return rc ? out_fatal(&err) : CMD_OK;
}

/* -- several verdicts ----------------------------------------------------- */

int gate_view_add(struct gate_views *views, const char *subject,
		  struct mv_verdict *verdict)
{
	struct gate_view *v = MV_GROW_ONE(views->v, views->count, NULL);

	if (!v) {
		mv_verdict_release(verdict);
		return out_fatalf("out of memory");
	}
	v->verdict = *verdict;
	v->subject = subject ? strdup(subject) : NULL;
	return v->subject ? CMD_OK : out_fatalf("out of memory");
}

static char *copy_text(const char *s, int *failed)
{
	char *copy = s ? strdup(s) : NULL;

	*failed |= s && !copy;
	return copy;
}

int gate_view_copy(struct gate_views *views, const char *subject,
		   const struct mv_verdict *verdict, struct mv_err *err)
{
	struct mv_verdict copy = *verdict;
	int failed = 0;

	copy.v = calloc(verdict->count + 1, sizeof(*copy.v));
	if (!copy.v)
		return mv_nomem(err);
	for (size_t i = 0; i < verdict->count; i++) {
		const struct mv_finding *from = &verdict->v[i];
		struct mv_finding *to = &copy.v[i];

		*to = *from;
		to->section = copy_text(from->section, &failed);
		to->rule = copy_text(from->rule, &failed);
		to->expected = copy_text(from->expected, &failed);
		to->actual = copy_text(from->actual, &failed);
		to->evidence = copy_text(from->evidence, &failed);
		to->advice = copy_text(from->advice, &failed);
	}
	if (failed) {
		mv_verdict_release(&copy);
		return mv_nomem(err);
	}
	return gate_view_add(views, subject, &copy) ? mv_nomem(err) : 0;
}

void gate_views_release(struct gate_views *views)
{
	for (size_t i = 0; i < views->count; i++) {
		free(views->v[i].subject);
		mv_verdict_release(&views->v[i].verdict);
	}
	free(views->v);
	memset(views, 0, sizeof(*views));
}

static const char *const formats[] = { "text", "json", "md", "junit", "sarif",
				       "annotations" };
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

int gate_format_ok(const char *format)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i], format))
			return 1;
	return 0;
}

static int print_as(struct mv_buf *text, const char *format,
		    const struct mv_judged *v, size_t count, int explain,
		    struct mv_err *err)
{
	if (!strcmp(format, "md"))
		return mv_verdicts_md(text, v, count, "check",
				      MV_MARKDOWN_MAX, err);
	if (!strcmp(format, "junit"))
		return mv_verdicts_junit(text, v, count, err);
	if (!strcmp(format, "sarif"))
		return mv_verdicts_sarif(text, v, count, err);
	if (!strcmp(format, "annotations"))
		return mv_verdicts_annotations(text, v, count, err);
	return mv_verdicts_text(text, v, count, explain, NULL, err);
}

int gate_views_print(const struct gate_views *views, const char *format,
		     int explain)
{
	struct mv_judged *v = calloc(views->count + 1, sizeof(*v));
	struct mv_buf text;
	struct mv_err err;
	int status;

	if (!v)
		return out_fatalf("out of memory");
	for (size_t i = 0; i < views->count; i++)
		v[i] = (struct mv_judged){ views->v[i].subject,
					   &views->v[i].verdict };
	mv_buf_init(&text, VIEWS_MAX);
	if (!strcmp(format, "json"))
		status = out_json(mv_verdicts_json(v, views->count));
	else
		status = print_as(&text, format, v, views->count, explain,
				  &err) ? out_fatal(&err) : CMD_OK;
	if (!status && !strcmp(format, "text"))
		out_text(&text);
	else if (!status)
		out_bytes(text.data, text.len);
	mv_buf_release(&text);
	free(v);
	return status;
}

/* -- what was made -------------------------------------------------------- */

static int gate_print_json(const struct gate_ask *ask, const char *tag,
			   const struct mv_verdict *verdict)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "tag", tag ? mv_json_str(tag) : mv_json_null());
	mv_json_set(o, "action", mv_json_str(ask->p.action));
	mv_json_set(o, "artifact", mv_json_str(ask->p.artifact));
	mv_json_set(o, "version", mv_json_str(ask->p.version));
	mv_json_set(o, "stage", mv_json_str(ask->p.stage));
	mv_json_set(o, "commit", mv_json_str(ask->p.commit));
	mv_json_set(o, "policy", ask->gate.has_policy ?
		    mv_json_str(ask->gate.policy.digest) : mv_json_null());
	mv_json_set(o, "verdict", mv_verdict_json(verdict));
	return out_json(o);
}

/* The tag says which notes were read, so both travel together; those of others
   come in between, a server's receipts among them. So does the version that is
   put there: nobody here knows whether the other side has it. */
static void say_push(struct cmd_env *env, const struct gate_ask *ask,
		     const char *tag)
{
	const char *remote = registry_remote(env);
	const int notes = *ask->gate.notes != 0;
	const struct mv_event *v = !strcmp(ask->p.action, "demote") ? NULL :
		mv_registry_version(&ask->gate.registry, ask->p.artifact,
				    ask->p.version);

	out_hint("to share it (when the name is taken there, git model fetch "
		 "says what to do): %sgit push %s %s%s%s'%s'%s",
		 notes ? "git model push; " : "", remote, v ? "'" : "",
		 v ? v->ref + strlen("refs/tags/") : "", v ? "' " : "", tag,
		 notes ? " refs/notes/model" : "");
}

int gate_promote(struct gate_ask *ask, struct cmd_env *env,
		 const struct mv_promote_options *options, int json)
{
	struct mv_verdict verdict;
	struct mv_err err = { MV_OK, "" };
	char *tag = NULL, *subject;
	int rc, status;

	subject = mv_strf("%s %s@%s %s %s", ask->p.called ? ask->p.called :
			  ask->p.action, ask->p.artifact,
			  ask->p.version, strcmp(ask->p.action, "demote") ?
			  "to" : "from", ask->p.stage);
	if (!subject)
		return out_fatalf("out of memory");
	rc = mv_gate_promote(&tag, &verdict, &ask->gate, &ask->p, options,
			     &err);
	if (!rc)
		status = CMD_OK;
	else if (rc == MV_EDENIED && verdict.count)
		status = CMD_NO;
	else
		status = out_fatal(&err);
	if (status != CMD_FATAL && (json ? gate_print_json(ask, tag, &verdict) :
				    say_verdict(subject, &verdict)))
		status = CMD_FATAL;
	else if (status != CMD_FATAL && !json)
		gate_note(&ask->gate, &verdict, ask->p.stage);
	if (status == CMD_NO)
		out_error("%s", err.msg);
	if (tag && !json)
		out_line("%s", tag);
	if (tag)
		say_push(env, ask, tag);
	if (tag && gate_status(&verdict) != CMD_OK)
		out_hint("the verdict was no: a server may refuse the tag, and "
			 "with it every push of all tags; git tag -d '%s' "
			 "takes it away", tag);
	mv_verdict_release(&verdict);
	free(subject);
	free(tag);
	return status;
}

/* -- signed statements ---------------------------------------------------- */

static int said_json(const struct mv_statement *s)
{
	struct mv_json *o = mv_json_object();
	char text[8 + MV_OID_HEX] = "sha256:", when[32];

	mv_oid_hex(text + 7, &s->content);
	mv_json_set(o, "decision", mv_json_str(mv_decision_name(s->decision)));
	mv_json_set(o, "artifact", mv_json_str(s->artifact));
	mv_json_set(o, "version", mv_json_str(s->version));
	mv_json_set(o, "stage", mv_json_str(s->stage));
	mv_json_set(o, "signer", mv_json_str(s->signer));
	mv_json_set(o, "nonce", mv_json_str(s->nonce));
	mv_json_set(o, "content", mv_json_str(text));
	mv_json_set(o, "commit", mv_json_str(s->commit));
	mv_json_set(o, "policy", mv_json_str(s->policy));
	mv_json_set(o, "records", mv_json_str(s->records));
	mv_json_set(o, "reason", mv_json_str(s->reason));
	mv_json_set(o, "revokes", mv_json_str(s->revokes));
	mv_json_set(o, "rules", mv_json_str(s->rules));
	mv_time_print(when, s->issued_at * 1000);
	mv_json_set(o, "issued_at", mv_json_str(when));
	mv_time_print(when, s->not_after * 1000);
	mv_json_set(o, "not_after", s->not_after ? mv_json_str(when) :
						   mv_json_null());
	return out_json(o);
}

static int say_vote(const struct mv_statement *s, const struct mv_gate *gate,
		    struct cmd_env *env)
{
	static const char *const did[] = {
		[MV_DECISION_APPROVE] = "approved",
		[MV_DECISION_REJECT] = "rejected",
		[MV_DECISION_REVOKE] = "took back a word on",
		[MV_DECISION_OVERRIDE] = "overrode rules for",
		[MV_DECISION_RECEIPT] = "received"
	};
	const char *remote = registry_remote(env);
	char hex[MV_OID_HEX + 1], when[32];

	out_line("%s %s %s%s%s for %s", s->signer, did[s->decision],
		 s->artifact, *s->version ? "@" : "", s->version, s->stage);
	out_line("  content  sha256:%s", mv_oid_hex(hex, &s->content));
	if (*s->commit)
		out_line("  commit   %s", s->commit);
	if (*s->records)
		out_line("  evidence %s", s->records);
	out_line("  policy   %s", *s->policy ? s->policy : "none");
	if (s->not_after) {
		mv_time_print(when, s->not_after * 1000);
		when[16] = '\0';
		when[10] = ' ';
		out_line("  until    %s UTC", when);
	}
	if (*s->revokes)
		out_line("  revokes  %s", s->revokes);
	out_line("  nonce    %s", s->nonce);
	if (!gate->has_policy)
		out_note("there is no policy in %s: nothing asks for this",
			 gate->trusted_name);
	out_hint("to share it: git model push, which unites it with others' "
		 "first; or git push %s refs/notes/model", remote);
	return CMD_OK;
}

int gate_vote(int argc, const char **argv, struct cmd_env *env,
	      enum mv_decision decision, const struct gate_vote *vote)
{
	struct mv_approve_options o = { .decision = decision,
		.reason = vote->reason, .rules = vote->rules,
		.revokes = vote->nonce, .stage = vote->stage,
		.ttl = vote->expires };
	struct mv_statement said;
	struct gate_ask ask = { .new_stage = vote->policy };
	struct mv_err err;
	int status;

	/* Nothing of the registry is asked for a policy. */
	status = gate_ask(&ask, env, vote->policy ? "policy" : argv[0],
			  vote->policy ? "policy" : vote->stage, NULL);
	if (!status && !vote->policy)
		status = gate_find_version(&ask);
	if (!status) {
		o.artifact = ask.artifact;
		o.version = ask.version;
		if (vote->policy)
			o.policy_rev = argc ? argv[0] : "HEAD";
		if (mv_gate_approve(&said, &ask.gate, &o, &err))
			status = out_fatal(&err);
		else {
			status = vote->json ? said_json(&said) :
				 say_vote(&said, &ask.gate, env);
			mv_statement_release(&said);
		}
	}
	gate_done(&ask);
	return status;
}

int gate_vote_usage(int argc, const char **argv, struct gate_vote *vote,
		    const struct opt *opts, const char *const *usage)
{
	if (!vote->policy)
		return registry_move(&vote->stage, argc, argv, opts, usage);
	if (vote->stage)
		return opt_usage_error(opts, usage, "either --policy or "
				       "--stage");
	return opt_count(argc, argv, 0, 1, opts, usage);
}

int gate_yes_or_no(int argc, const char **argv, struct cmd_env *env,
		   enum mv_decision decision, const char *const *usage)
{
	struct gate_vote vote = { 0 };
	const struct opt opts[] = {
		GATE_OPT_ABOUT(&vote),
		OPT_STRING(0, "reason", &vote.reason, "text", "why"),
		OPT_DURATION(0, "expires", &vote.expires, "time",
			     "how long it counts: 14d; without, for ever"),
		OPT_JSON(&vote.json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (gate_vote_usage(argc, argv, &vote, opts, usage))
		return CMD_USAGE;
	return gate_vote(argc, argv, env, decision, &vote);
}
