/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/gate/gate.h"
#include "libmv/git/git.h"
#include "libmv/report/json.h"
#include "libmv/report/text.h"
#include "libmv/report/views.h"

#define TEXT_MAX ((size_t)16 << 20)

static const char *const usage[] = {
	"git model policy lint [--json] [<revision> | <file>]",
	"git model policy test [--json] [<revision> | <file>]",
	"git model policy show [--policy <revision>] [--stage <stage>] "
	"[--json] [<name>]",
	"git model policy init [--member <principal>] [--key <key> | --no-key]",
	NULL
};

static const char *mode_name(enum mv_mode mode)
{
	static const char *const names[] = {
		[MV_MODE_ENFORCE] = "enforce", [MV_MODE_WARN] = "warn",
		[MV_MODE_EVALUATE] = "evaluate"
	};

	return names[mode];
}

/* -- lint ----------------------------------------------------------------- */

struct lint {
	const char *name;
	struct mv_json *list;	/* NULL: text */
	size_t serious, count;
};

static int complain(void *payload, int line, int serious, const char *message,
		    struct mv_err *err)
{
	struct lint *l = payload;
	struct mv_json *o;

	(void)err;
	l->count++;
	l->serious += serious != 0;
	if (!l->list) {
		out_line("%s:%d: %s: %s", l->name, line,
			 serious ? "error" : "warning", message);
		return 0;
	}
	o = mv_json_object();
	mv_json_set(o, "file", mv_json_str(l->name));
	mv_json_set(o, "line", mv_json_int(line));
	mv_json_set(o, "serious", mv_json_bool(serious));
	mv_json_set(o, "message", mv_json_str(message));
	mv_json_push(l->list, o);
	return 0;
}

static int print_lint(struct lint *l, int json)
{
	struct mv_json *o;

	if (!json) {
		if (!l->count)
			out_line("%s: nothing to complain of", l->name);
		return l->serious ? CMD_NO : CMD_OK;
	}
	o = mv_json_object();
	mv_json_set(o, "policy", mv_json_str(l->name));
	mv_json_set(o, "problems", l->list);
	if (out_json(o))
		return CMD_FATAL;
	return l->serious ? CMD_NO : CMD_OK;
}

/* What cannot be read is an answer, too. */
static int lint(const char *where, int json, struct cmd_env *env)
{
	struct lint l = { where ? where : ".gitmodel/policy",
			  json ? mv_json_array() : NULL, 0, 0 };
	struct mv_policy_draft draft;
	struct mv_err err;
	int rc = mv_gate_draft_read(&draft, env->repo, where, &err), status;

	if (rc == MV_EINVALID) {
		if (json)
			complain(&l, 0, 1, err.msg, NULL);
		else
			out_line("%s", err.msg);
		l.serious = l.count = 1;
		return print_lint(&l, json);
	}
	if (rc) {
		mv_json_free(l.list);
		return out_fatal(&err);
	}
	l.name = draft.name;
	rc = mv_policy_lint(&draft.policy,
			    (const char *const *)draft.principals, complain,
			    &l, &err);
	if (!rc)
		rc = mv_policy_lint_names(&draft.policy,
					  (const char *const *)draft.stages,
					  complain, &l, &err);
	l.name = ".gitmodel/config";
	if (!rc && draft.config)
		rc = mv_policy_lint_config(draft.config, draft.config_len,
					   complain, &l, &err);
	l.name = draft.name;
	if (rc)
		mv_json_free(l.list);
	status = rc ? out_fatal(&err) : print_lint(&l, json);
	mv_gate_draft_release(&draft);
	return status;
}

/* -- test ----------------------------------------------------------------- */

struct cases {
	struct mv_json *list;	/* NULL: text */
	size_t passed, failed;
};

static int print_why(const struct mv_verdict *verdict, const char *name,
		     struct mv_err *err)
{
	const struct mv_judged one = { name, verdict };
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, TEXT_MAX);
	rc = mv_verdicts_text(&text, &one, 1, 0, NULL, err);
	if (!rc)
		out_bytes(text.data, text.len);
	mv_buf_release(&text);
	return rc;
}

static int on_case(void *payload, const char *name, int line, int passed,
		   const struct mv_verdict *verdict, const char *message,
		   struct mv_err *err)
{
	struct cases *c = payload;
	struct mv_json *o;

	c->passed += passed != 0;
	c->failed += !passed;
	if (!c->list) {
		out_line("%s: %s%s%s", passed ? "ok" : "failed", name,
			 *message ? ": " : "", message);
		return passed ? 0 : print_why(verdict, name, err);
	}
	o = mv_json_object();
	mv_json_set(o, "name", mv_json_str(name));
	mv_json_set(o, "line", mv_json_int(line));
	mv_json_set(o, "passed", mv_json_bool(passed));
	mv_json_set(o, "message", mv_json_str(message));
	mv_json_set(o, "verdict", mv_verdict_json(verdict));
	mv_json_push(c->list, o);
	return 0;
}

static int test(const char *where, int json, struct cmd_env *env)
{
	struct cases c = { json ? mv_json_array() : NULL, 0, 0 };
	struct mv_policy_draft draft;
	struct mv_err err;
	int rc = mv_gate_draft_read(&draft, env->repo, where, &err);

	if (!rc && draft.cases)
		rc = mv_policy_run_cases(&draft.policy,
					 ".gitmodel/policy-tests",
					 draft.cases, draft.cases_len,
					 on_case, &c, &err);
	mv_gate_draft_release(&draft);
	if (rc) {
		mv_json_free(c.list);
		return out_fatal(&err);
	}
	if (json && out_json(c.list))
		return CMD_FATAL;
	if (!json && c.passed + c.failed)
		out_line("%zu of %zu cases as expected", c.passed,
			 c.passed + c.failed);
	if (!(c.passed + c.failed)) {
		out_note("there are no cases: .gitmodel/policy-tests beside "
			 "the policy would have them");
		return CMD_INCONCLUSIVE;
	}
	return c.failed ? CMD_NO : CMD_OK;
}

/* -- show ----------------------------------------------------------------- */

/* May this section have a say in it? NULL: whatever artifact, or stage. */
static int counts(const struct mv_section *s, const char *artifact,
		  const char *stage)
{
	struct mv_section copy = *s;
	const struct mv_policy one = { .sections = &copy, .section_count = 1 };
	const char *hash = strrchr(s->name, '#');
	const char *own = hash ? hash + 1 : s->name;

	if (strcmp(s->kind, "stage"))
		return !artifact && !stage;
	if (stage && strcmp(own, stage))
		return 0;
	return !artifact || mv_policy_governs(&one, "stage", artifact, own);
}

static void show_section(const struct mv_section *s)
{
	if (*s->kind)
		out_line("[%s \"%s\"] line %d, %s", s->kind, s->name, s->line,
			 mode_name(s->mode));
	else
		out_line("the whole repository");
	for (size_t i = 0; i < s->count; i++)
		out_line("    %-5d %s = %s", s->rules[i].line,
			 s->rules[i].key, s->rules[i].value);
}

static void show_group(const struct mv_policy_group *g)
{
	out_line("[group \"%s\"] line %d", g->name, g->line);
	for (size_t i = 0; i < g->count; i++)
		out_line("          %s", g->members[i]);
}

static struct mv_json *section_json(const struct mv_section *s)
{
	struct mv_json *o = mv_json_object(), *rules = mv_json_array();

	mv_json_set(o, "kind", mv_json_str(*s->kind ? s->kind : "repository"));
	mv_json_set(o, "name", mv_json_str(s->name));
	mv_json_set(o, "mode", mv_json_str(mode_name(s->mode)));
	mv_json_set(o, "line", mv_json_int(s->line));
	for (size_t i = 0; i < s->count; i++) {
		struct mv_json *rule = mv_json_object();

		mv_json_set(rule, "key", mv_json_str(s->rules[i].key));
		mv_json_set(rule, "value", mv_json_str(s->rules[i].value));
		mv_json_set(rule, "line", mv_json_int(s->rules[i].line));
		mv_json_push(rules, rule);
	}
	mv_json_set(o, "rules", rules);
	return o;
}

static struct mv_json *groups_json(const struct mv_policy *p)
{
	struct mv_json *groups = mv_json_object();

	for (size_t i = 0; i < p->group_count; i++) {
		struct mv_json *members = mv_json_array();

		for (size_t j = 0; j < p->groups[i].count; j++)
			mv_json_push(members,
				     mv_json_str(p->groups[i].members[j]));
		mv_json_set(groups, p->groups[i].name, members);
	}
	return groups;
}

static int policy_print_json(const struct mv_gate *gate, const char *artifact,
			     const char *stage)
{
	struct mv_json *o = mv_json_object(), *list = mv_json_array();
	const struct mv_policy *p = &gate->policy;

	mv_json_set(o, "from", mv_json_str(gate->trusted_name));
	mv_json_set(o, "commit", mv_json_str(gate->trusted));
	mv_json_set(o, "digest", mv_json_str(p->digest));
	for (size_t i = 0; i < p->section_count; i++)
		if (counts(&p->sections[i], artifact, stage))
			mv_json_push(list, section_json(&p->sections[i]));
	mv_json_set(o, "sections", list);
	mv_json_set(o, "groups", groups_json(p));
	return out_json(o);
}

static int print_text(const struct mv_gate *gate, const char *artifact,
		      const char *stage)
{
	const struct mv_policy *p = &gate->policy;
	size_t shown = 0;

	out_line("policy of %s (%.10s)", gate->trusted_name, gate->trusted);
	out_line("%s", p->digest);
	for (size_t i = 0; i < p->section_count; i++)
		if (counts(&p->sections[i], artifact, stage)) {
			show_section(&p->sections[i]);
			shown++;
		}
	for (size_t i = 0; !artifact && !stage && i < p->group_count; i++)
		show_group(&p->groups[i]);
	if (!shown)
		out_note("no rule speaks of it");
	return CMD_OK;
}

static int speaks_of(const struct mv_gate *gate, const char *artifact,
		     const char *stage)
{
	const struct mv_policy *p = &gate->policy;

	for (size_t i = 0; i < p->section_count; i++)
		if (counts(&p->sections[i], artifact, stage))
			return 1;
	return 0;
}

/* A policy speaks of names that may come, so any artifact can be asked for. */
static int show(const char *artifact, const char *stage, const char *rev,
		int json, struct cmd_env *env)
{
	const struct mv_gate_options options = { .trusted = rev,
						 .now = mv_now_ms() };
	struct mv_gate gate;
	struct mv_err err;
	int status;

	if (mv_gate_open(&gate, env->repo, &options, &err))
		return out_fatal(&err);
	if (!gate.has_policy) {
		out_error("there is no policy in %s", *gate.trusted ?
			  gate.trusted_name : "this repository");
		status = CMD_NO;
	} else if (stage && !speaks_of(&gate, artifact, stage)) {
		out_error("no rule of %s speaks of the stage '%s'%s%s",
			  gate.trusted_name, stage, artifact ? " of " : "",
			  artifact ? artifact : "");
		status = CMD_NO;
	} else {
		status = json ? policy_print_json(&gate, artifact, stage) :
				print_text(&gate, artifact, stage);
	}
	mv_gate_close(&gate);
	return status;
}

/* -- init ----------------------------------------------------------------- */

/* The file that a person names when asked; yours. NULL: none. */
static char *ask_key(void)
{
	char line[4096];

	if (!isatty(0) || !isatty(2))
		return NULL;
	fputs("There is no key to sign approvals with. File of a public key "
	      "(empty: stop here): ", stderr);
	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return *line ? strdup(line) : NULL;
}

/* *public: what is written down; *from: what git must still be told. */
static int find_key(char **public, char **from, const char *key,
		    struct cmd_env *env, struct mv_err *err)
{
	char *typed = NULL;
	int rc;

	*public = *from = NULL;
	if (key)
		return mv_gate_signer_public(public, env->repo, key, err);
	rc = mv_gate_signer_find(public, from, env->repo, err);
	if (rc == MV_ENOENT && (typed = ask_key())) {
		rc = mv_gate_signer_public(public, env->repo, typed, err);
		*from = typed;
	}
	return rc;
}

static void say_key(const char *public, const char *from)
{
	if (!public)
		out_hint("nobody's signature counts before "
			 ".gitmodel/allowed_signers names their key: "
			 "git-model-approve(1)");
	if (from)
		out_hint("to sign with this key: git config --global "
			 "gpg.format ssh && git config --global "
			 "user.signingkey %s", from);
}

static int init(const char *member, const char *key, int no_key,
		struct cmd_env *env)
{
	struct mv_err err;
	char *ident = NULL, *open, *public = NULL, *from = NULL;
	int rc = no_key ? 0 : find_key(&public, &from, key, env, &err);

	if (!rc && !member) {
		rc = mv_git_ident(&ident, mv_repo_git(env->repo), &err);
		open = rc ? NULL : strrchr(ident, '<');
		if (open)
			open[strcspn(open, ">")] = '\0';
		member = open ? open + 1 : "";
	}
	if (!rc)
		rc = mv_gate_draft_init(env->repo, member, public, &err);
	free(ident);
	if (!rc) {
		out_line("wrote .gitmodel/policy%s", public ?
			 ", .gitmodel/allowed_signers" : "");
		say_key(public, from);
		out_hint("edit it, then: git model policy lint; it counts "
			 "once it is on the default branch");
	}
	free(public);
	free(from);
	return rc ? out_fatal(&err) : CMD_OK;
}

int cmd_policy(int argc, const char **argv, struct cmd_env *env)
{
	const char *stage = NULL, *rev = NULL, *member = NULL, *key = NULL;
	int json = 0, no_key = 0;
	const struct opt opts[] = {
		OPT_STRING(0, "policy", &rev, "revision",
			   "whose policy is shown; without, the default "
			   "branch's"),
		OPT_STRING(0, "stage", &stage, "stage",
			   "only what counts for this stage"),
		OPT_STRING(0, "member", &member, "principal",
			   "who is in the first group; without, you"),
		OPT_STRING(0, "key", &key, "key",
			   "the public key that signs for them, or its file; "
			   "without, yours"),
		OPT_BOOL(0, "no-key", &no_key, "write no list of signers"),
		OPT_JSON(&json),
		OPT_END
	};
	const char *arg;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 2, opts, usage))
		return CMD_USAGE;
	arg = argc > 1 ? argv[1] : NULL;
	if (!strcmp(argv[0], "show") && !member && !key && !no_key)
		return show(arg, stage, rev, json, env);
	if (!strcmp(argv[0], "init") && !arg && !stage && !rev && !json)
		return key && no_key ?
		       opt_usage_error(opts, usage, "either --key or --no-key")
		       : init(member, key, no_key, env);
	if (stage || rev || member || key || no_key)
		return opt_usage_error(opts, usage, "that option is not for "
				       "'%s'", argv[0]);
	if (!strcmp(argv[0], "lint"))
		return lint(arg, json, env);
	if (!strcmp(argv[0], "test"))
		return test(arg, json, env);
	return opt_usage_error(opts, usage, "'%s' is none of lint, test, show "
			       "and init", argv[0]);
}
