/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/proof/proof.h"
#include "libmv/transfer/transfer.h"

static const char *const usage[] = {
	"git model verify [--trusted <revision>] [--since <date>] [--json] "
	"[--all | <name>|<name>@<version>|<name>#<stage>...]",
	NULL
};

struct group {
	char *name;			/* "fraud, production" */
	struct mv_buf lines;
};
struct answer {
	struct mv_json *events;		/* with --json */
	struct group *groups;		/* without */
	size_t group_count;
	const char *trusted;
	const struct registry_name *name;	/* what of it is asked for */
	size_t found;				/* of that */
	struct mv_repo *repo;
	int64_t since, now;
	size_t promotions, others, bad, unknown, overdue;
	int receipts;		/* are there any here? */
	size_t hidden;		/* wrong or not known, and before `since` */
	int no_notes, has_policy, tagless;
	char root[65];		/* from which on policies counted */
	char *branch;
};

/* -- words ---------------------------------------------------------------- */

/* A commit that changed .gitmodel/. */
static int is_change(const struct mv_verified *v)
{
	return v->artifact && !v->event && !v->stage;
}

/* Where there is no policy, and never was one, it is no change of it. */
static const char *action_of(const struct answer *a,
			     const struct mv_verified *v)
{
	if (v->event)
		return mv_proof_decided_word(v->event->tag.kind);
	if (v->stage)
		return "lost";
	if (v->artifact)
		return a->has_policy || *a->root ? "policy" : "config";
	return v->version ? "tag" : "records";
}

static const char *state_word(enum mv_verify_state state)
{
	return state == MV_VERIFY_OK ? "ok" : state == MV_VERIFY_BAD ? "BAD" :
		"?";
}

/* Seconds of a stranger's tag may be anything. */
static const char *moment(char *text, int64_t s)
{
	mv_time_print(text, s > INT64_MAX / 1000 || s < INT64_MIN / 1000 ? 0 :
		      s * 1000);
	memcpy(text + 19, "Z", 2);
	return text;
}

/* -- JSON ----------------------------------------------------------------- */

static struct mv_json *str_or_null(const char *s)
{
	return s && *s ? mv_json_str(s) : mv_json_null();
}

static struct mv_json *findings_json(const struct mv_verdict *verdict)
{
	struct mv_json *all = mv_json_array();

	for (size_t i = 0; i < verdict->count; i++) {
		const struct mv_finding *f = &verdict->v[i];
		struct mv_json *o = mv_json_object();

		mv_json_set(o, "section", mv_json_str(f->section));
		mv_json_set(o, "rule", mv_json_str(f->rule));
		mv_json_set(o, "result",
			    mv_json_str(mv_result_name(f->result)));
		mv_json_set(o, "expected", str_or_null(f->expected));
		mv_json_set(o, "actual", str_or_null(f->actual));
		mv_json_push(all, o);
	}
	return all;
}

static struct mv_json *event_json(const struct answer *a,
				  const struct mv_verified *v)
{
	static const char *const states[] = { "ok", "bad", "unknown" };
	struct mv_json *o = mv_json_object(), *problems = mv_json_array();
	const char *verdict = NULL;
	char when[32];

	if (v->verdict)
		verdict = v->verdict->governed ?
			  mv_result_name(v->verdict->result) : "ungoverned";

	mv_json_set(o, "state", mv_json_str(states[v->state]));
	mv_json_set(o, "event", mv_json_str(action_of(a, v)));
	mv_json_set(o, "artifact", str_or_null(v->artifact));
	mv_json_set(o, "version", str_or_null(v->version));
	mv_json_set(o, "stage", str_or_null(v->stage));
	mv_json_set(o, "tag", mv_json_str(v->event ? v->event->ref +
					  strlen("refs/tags/") : NULL));
	mv_json_set(o, "by", str_or_null(v->promoter));
	mv_json_set(o, "when", mv_json_str(moment(when, v->when)));
	mv_json_set(o, "witnessed", mv_json_bool(v->witnessed));
	if (v->unwitnessed)
		mv_json_set(o, "unwitnessed", mv_json_str(v->unwitnessed));
	mv_json_set(o, "verdict", str_or_null(verdict));
	if (v->verdict)
		mv_json_set(o, "findings", findings_json(v->verdict));
	for (size_t i = 0; v->problems[i]; i++)
		mv_json_push(problems, mv_json_str(v->problems[i]));
	mv_json_set(o, "problems", problems);
	if (v->debt) {
		mv_json_set(o, "debt", mv_json_str(v->debt));
		mv_json_set(o, "overdue", mv_json_bool(v->overdue));
	}
	return o;
}

/* -- text ----------------------------------------------------------------- */

static char *group_name(const struct answer *a, const struct mv_verified *v)
{
	if (!v->artifact)
		return strdup(v->version ? "tags" : "records");
	if (is_change(v))
		return strdup(action_of(a, v));
	return v->stage ? mv_strf("%s, %s", v->artifact, v->stage) :
			  strdup(v->artifact);
}

/* Events come artifact by artifact, in order; people look for a stage. So the
   lines are kept, and printed group by group. */
static struct mv_buf *group_of(struct answer *a, const struct mv_verified *v)
{
	char *name = group_name(a, v);
	struct group *more;

	for (size_t i = 0; name && i < a->group_count; i++)
		if (!strcmp(a->groups[i].name, name)) {
			free(name);
			return &a->groups[i].lines;
		}
	more = name ? MV_GROW_ONE(a->groups, a->group_count, NULL) : NULL;
	if (!more) {
		free(name);
		return NULL;
	}
	more->name = name;
	mv_buf_init(&more->lines, SIZE_MAX / 2);
	return &more->lines;
}

__attribute__((format(printf, 2, 3)))
static int verify_add_line(struct mv_buf *lines, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int bad;

	va_start(ap, fmt);
	bad = vasprintf(&text, fmt, ap) < 0;
	va_end(ap);
	if (bad)
		return MV_ENOMEM;
	/* A stranger's text stays one line. */
	bad = mv_buf_add_safe(lines, text, strlen(text)) ||
	      mv_buf_addch(lines, '\n');
	free(text);
	return bad ? MV_ENOMEM : 0;
}

static int add_head(struct mv_buf *lines, const struct answer *a,
		    const struct mv_verified *v)
{
	const char *what = v->event ? v->event->ref + strlen("refs/tags/") :
			   v->version ? v->version : "";
	int staged = v->event && v->stage && v->version;
	char when[32];

	return verify_add_line(lines, "  %-3s %-12s %.*s%s%s  %.10s%s  %s%s%s",
			       state_word(v->state), action_of(a, v),
			       is_change(v) ? 10 : 1024, what, staged ? " " : "",
			       staged ? v->version : "", moment(when, v->when),
			       v->event && !v->witnessed ? " not witnessed" : "",
			       v->promoter ? v->promoter : "",
			       v->verdict && v->verdict->result ==
			       MV_RESULT_OVERRIDDEN ? "  overridden" : "",
			       v->verdict && !v->verdict->governed ?
			       "  ungoverned" : "");
}

static int add_event(struct answer *a, const struct mv_verified *v)
{
	struct mv_buf *lines = group_of(a, v);
	int bad = !lines || add_head(lines, a, v);

	for (size_t i = 0; !bad && v->problems[i]; i++)
		bad = verify_add_line(lines, "      %s", v->problems[i]);
	if (!bad && v->unwitnessed)
		bad = verify_add_line(lines, "      not witnessed: %s",
				      v->unwitnessed);
	if (!bad && v->debt)
		bad = verify_add_line(lines,
				      "      %s: %s; git model approve %s@%s "
				      "--stage %s", v->overdue ? "overdue" : "owed",
				      v->debt, v->artifact, v->version, v->stage);
	return bad ? MV_ENOMEM : 0;
}

static void print_groups(struct answer *a, int print)
{
	for (size_t i = 0; i < a->group_count; i++) {
		struct group *g = &a->groups[i];

		if (print) {
			out_line("%s", g->name);
			out_text(&g->lines);
			out_raw("\n");
		}
		mv_buf_release(&g->lines);
		free(g->name);
	}
	free(a->groups);
}

/* -- all of it ------------------------------------------------------------ */

static int on_event(void *payload, const struct mv_verified *v,
		    struct mv_err *err)
{
	struct answer *a = payload;

	if (!registry_is_named(a->name, v->version, v->stage))
		return 0;
	a->found++;
	if (v->event && v->stage)
		a->promotions++;
	else
		a->others++;
	a->receipts |= v->witnessed || v->unwitnessed;
	a->bad += v->state == MV_VERIFY_BAD;
	a->unknown += v->state == MV_VERIFY_UNKNOWN;
	a->overdue += v->overdue != 0;
	/* What is not shown counts all the same. */
	if (v->when < a->since) {
		a->hidden += v->state != MV_VERIFY_OK || v->overdue;
		return 0;
	}
	if (a->events)
		mv_json_push(a->events, event_json(a, v));
	else if (add_event(a, v))
		return mv_nomem(err);
	return 0;
}

static int verify(struct answer *a, const struct registry_name *name,
		  struct mv_err *err)
{
	const struct mv_gate_options open = { .trusted = a->trusted,
					      .artifact = name->artifact,
					      .now = a->now };
	int tagless = 0;
	const struct mv_verify_options options = { name->artifact, &a->root,
						   &tagless };
	struct mv_gate gate;
	int rc = mv_gate_open(&gate, a->repo, &open, err);

	if (rc)
		return rc;
	a->has_policy |= gate.has_policy;
	a->no_notes |= !*gate.notes;
	if (!a->branch)
		a->branch = strdup(gate.trusted_name);
	a->name = name;
	a->found = 0;
	rc = mv_proof_verify(&gate, &options, on_event, a, err);
	a->tagless |= tagless;
	mv_gate_close(&gate);
	/* Nothing of it is no proof of it. */
	if (!rc && !a->found && (name->version || name->stage))
		rc = mv_fail(err, MV_ENOENT, "no tag and no receipt is known "
			     "of '%s%c%s'; are the tags here? (`git fetch "
			     "--tags`)", name->artifact,
			     name->stage ? '#' : '@', name->stage ?
			     name->stage : name->version);
	return rc;
}

/* Each of what was named, or everything. */
static int verify_named(struct answer *a, struct cmd_env *env, int argc,
			const char **argv, const struct opt *opts)
{
	struct registry_names names = { NULL, 0 };
	struct registry_name name = { NULL, NULL, NULL };
	struct mv_err err;
	int status;

	if (!argc)
		return verify(a, &name, &err) ? out_fatal(&err) : CMD_OK;
	status = registry_names(&names, argc, argv, env);
	for (size_t i = 0; !status && i < names.count; i++) {
		status = registry_named(&name, env, 1, names.v + i, opts,
					usage);
		if (!status && verify(a, &name, &err))
			status = out_fatal(&err);
		free(name.artifact);
	}
	registry_names_release(&names);
	return status;
}

static int has_remote(struct mv_repo *repo)
{
	char *name = NULL;
	int yes = !mv_transfer_default_remote(&name, repo, NULL) && name;

	free(name);
	return yes;
}

static int sum_up(const struct answer *a)
{
	size_t wrong = a->bad + a->overdue;

	if (a->events)
		goto out;
	if (*a->root && a->branch && (a->promotions || a->others))
		out_line("by the policies of %s, the first of them %.10s",
			 a->branch, a->root);
	if (a->tagless && !wrong)
		out_note("nothing was proved: there are no tags of versions "
			 "and stages here, though the policy or what people "
			 "signed speaks of them");
	else if (!a->promotions && !a->others)
		out_note("nothing was ever registered or promoted here");
	else if (!wrong && !a->unknown && !a->promotions)
		out_line("nothing was promoted yet; all that is here holds");
	else if (!wrong && !a->unknown)
		out_line("%zu promotion%s verified, all of them hold",
			 a->promotions, a->promotions == 1 ? "" : "s");
	else if (!wrong)
		out_line("%zu promotion%s verified, nothing that does not hold; "
			 "some cannot be told from here", a->promotions,
			 a->promotions == 1 ? "" : "s");
	else
		out_line("%zu promotion%s verified, %zu thing%s not hold%s",
			 a->promotions, a->promotions == 1 ? "" : "s", wrong,
			 wrong == 1 ? " does" : "s do",
			 a->unknown ? "; some cannot be told from here" : "");
	if (!a->has_policy)
		out_note("there is no .gitmodel/policy on the trusted branch%s",
			 *a->root ? " any more" : "; nothing was asked for");
	if (a->hidden)
		out_note("%zu of what does not hold, or cannot be told, %s "
			 "before --since and not shown", a->hidden,
			 a->hidden == 1 ? "is" : "are");
	if (wrong && has_remote(a->repo))
		out_hint("a clone that lies behind looks like this, too: git "
			 "fetch, git model fetch, and verify again");
	if (a->promotions && !a->receipts && has_remote(a->repo))
		out_hint("no receipt of a server is in refs/notes/model here, "
			 "so nothing is witnessed; git model fetch brings "
			 "those that it wrote");
	if (a->tagless)
		out_hint("git model fetch brings tags and records");
	else if (a->no_notes && a->unknown)
		out_hint("git model fetch brings the records");
out:
	if (wrong)
		return CMD_NO;
	return a->unknown || a->tagless ? CMD_INCONCLUSIVE : CMD_OK;
}

int cmd_verify(int argc, const char **argv, struct cmd_env *env)
{
	struct answer a = { .repo = env->repo, .now = mv_now_ms() };
	const char *since = NULL;
	int all = 0, json = 0, failed, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "all", &all, "every artifact (so it is without "
			 "names)"),
		OPT_STRING(0, "trusted", &a.trusted, "revision",
			   "whose history of .gitmodel/ counts"),
		OPT_STRING(0, "since", &since, "date",
			   "show only what happened since (2026-11-21)"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;
	int64_t ms = 0;

	argc = opt_parse(argc, argv, opts, usage);
	if (all && argc)
		return opt_usage_error(opts, usage,
				       "--all, or names: not both");
	if (since && mv_time_parse(&ms, since, &err))
		return opt_usage_error(opts, usage, "--since: %s", err.msg);
	a.since = since ? ms / 1000 : INT64_MIN;
	a.events = json ? mv_json_array() : NULL;
	failed = verify_named(&a, env, argc, argv, opts);
	print_groups(&a, !failed);
	status = failed ? failed : sum_up(&a);
	if (!failed && json) {
		struct mv_json *o = mv_json_object();

		mv_json_set(o, "promotions",
			    mv_json_int((int64_t)a.promotions));
		mv_json_set(o, "bad", mv_json_int((int64_t)a.bad));
		mv_json_set(o, "unknown", mv_json_int((int64_t)a.unknown));
		mv_json_set(o, "overdue", mv_json_int((int64_t)a.overdue));
		mv_json_set(o, "tagless", mv_json_bool(a.tagless));
		mv_json_set(o, "has_policy", mv_json_bool(a.has_policy));
		mv_json_set(o, "policy_root", str_or_null(*a.root ? a.root :
							  NULL));
		mv_json_set(o, "events", a.events);
		if (out_json(o) != CMD_OK)
			status = CMD_FATAL;
	} else {
		mv_json_free(a.events);
	}
	free(a.branch);
	return status;
}
