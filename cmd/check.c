/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/gate.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/time.h"
#include "libmv/gate/judge.h"
#include "libmv/git/git.h"
#include "libmv/git/history.h"
#include "libmv/git/refs.h"

static const char *const usage[] = {
	"git model check [<options>] <name>@<version> <stage>|<name>#<stage>",
	"git model check [<options>] --stage <stage> <name>@<version>",
	"git model check [<options>] <base>..<head>",
	NULL
};

struct checking {
	const char *stage, *policy, *branch, *promoter, *format;
	int explain;
	struct gate_views views;
	int status;
};

/* The worst of all: no, then inconclusive, then yes. */
static void add_status(struct checking *c, const struct mv_verdict *v)
{
	int status = gate_status(v);

	if (c->status != CMD_NO && status != CMD_OK)
		c->status = status;
}

/* -- one promotion -------------------------------------------------------- */

static int check_check_one(struct checking *c, struct cmd_env *env,
			   const char *spec)
{
	struct mv_policy_facts facts;
	struct mv_verdict verdict;
	struct gate_ask ask = { .make = 1 };
	struct mv_err err;
	char *subject;
	int status = gate_ask(&ask, env, spec, c->stage, c->policy);

	if (!status)
		status = gate_find_version(&ask);
	if (status)
		goto out;
	if (c->promoter) {
		ask.p.promoter = c->promoter;
		ask.p.self = 0;
	}
	if (mv_gate_check(&verdict, &facts, &ask.gate, &ask.p, &err)) {
		status = out_fatal(&err);
		goto out;
	}
	gate_note(&ask.gate, &verdict, c->stage);
	add_status(c, &verdict);
	subject = mv_strf("promote %s@%s to %s", ask.p.artifact,
			  ask.p.version, c->stage);
	status = gate_view_add(&c->views, subject, &verdict);
	free(subject);
	mv_policy_facts_release(&facts);
out:
	gate_done(&ask);
	return status;
}

/* -- what a branch brings ------------------------------------------------- */

struct range {
	char *base, *head;
	char old[65], new[65];
};

static int on_subject(void *payload, const char *subject,
		      const struct mv_policy_facts *facts,
		      const struct mv_verdict *verdict, struct mv_err *err)
{
	struct checking *c = payload;
	char *text = !strcmp(facts->action, "policy") ?
		mv_strf("change %s", subject) :
		mv_strf("change %s on %s", subject, facts->branch);
	int rc = text ? gate_view_copy(&c->views, text, verdict, err) :
			mv_nomem(err);

	free(text);
	add_status(c, verdict);
	return rc;
}

/* "A..B", "A...B"; an empty side is HEAD. */
static int split_range(struct range *r, const char *spec)
{
	const char *dots = strstr(spec, "..");
	const char *head = dots + 2 + (dots[2] == '.');

	r->base = dots == spec ? strdup("HEAD") :
		  strndup(spec, (size_t)(dots - spec));
	r->head = strdup(*head ? head : "HEAD");
	return r->base && r->head ? CMD_OK : out_fatalf("out of memory");
}

/*
 * A head that does not have all of its base brings what it changed since it
 * left it; the base's own news are not its doing.
 */
static int resolve(struct range *r, struct mv_git *git)
{
	struct mv_err err;
	char base[65];
	int rc = mv_git_commit_sure(r->old, git, r->base, &err);

	if (!rc)
		rc = mv_git_commit_sure(r->new, git, r->head, &err);
	if (!rc)
		rc = mv_git_merge_base(base, git, r->old, r->new, &err);
	if (rc == MV_ENOENT && mv_git_is_shallow(git, NULL) > 0)
		return out_fatalf("%s; history is shallow here: git fetch "
				  "--unshallow", err.msg);
	if (rc)
		return out_fatal(&err);
	memcpy(r->old, base, sizeof(base));
	return CMD_OK;
}

static const char *branch_of(const char *ref)
{
	const char *slash;

	if (!strncmp(ref, "refs/heads/", 11))
		return ref + 11;
	slash = !strncmp(ref, "refs/remotes/", 13) ? strchr(ref + 13, '/') :
						     NULL;
	return slash ? slash + 1 : ref;
}

static int check_range(struct checking *c, struct cmd_env *env,
		       const char *spec)
{
	struct mv_git *git = mv_repo_git(env->repo);
	struct mv_gate_options options = { .now = mv_now_ms() };
	struct range r = { NULL, NULL, "", "" };
	struct mv_gate gate;
	struct mv_err err;
	char *ref = NULL;
	int status = split_range(&r, spec);

	if (!status)
		status = resolve(&r, git);
	if (!status && !c->branch && mv_git_default_branch(&ref, git, &err)) {
		status = out_fatal(&err);
		out_hint("or name the branch with --branch");
	}
	if (status)
		goto out;
	if (!c->branch)
		c->branch = branch_of(ref);
	options.trusted = c->policy ? c->policy : r.base;
	if (mv_gate_open(&gate, env->repo, &options, &err)) {
		status = out_fatal(&err);
		goto out;
	}
	if (!gate.has_policy)
		out_note("there is no policy in %s: nothing was checked",
			 gate.trusted_name);
	else if (mv_gate_check_branch(&gate, c->branch, r.old, r.new,
				      on_subject, c, &err))
		status = out_fatal(&err);
	else if (!c->views.count)
		out_note("nothing that the policy of %s speaks of changes on "
			 "%s", gate.trusted_name, c->branch);
	mv_gate_close(&gate);
out:
	free(r.base);
	free(r.head);
	free(ref);
	return status;
}

int cmd_check(int argc, const char **argv, struct cmd_env *env)
{
	struct checking c = { .format = "text" };
	int json = 0, status;
	const struct opt opts[] = {
		OPT_STRING(0, "stage", &c.stage, "stage",
			   "may this version go there?"),
		OPT_STRING(0, "branch", &c.branch, "branch",
			   "where <head> goes; without, the default branch"),
		OPT_STRING(0, "policy", &c.policy, "revision",
			   "whose policy; without, the default branch's, or "
			   "that of <base>"),
		OPT_STRING(0, "promoter", &c.promoter, "principal",
			   "who would promote; without, you"),
		OPT_BOOL(0, "explain", &c.explain,
			 "all rules, and what each answer rests on"),
		OPT_STRING(0, "format", &c.format, "format",
			   "text, json, md, junit, sarif or annotations"),
		OPT_JSON(&json),
		OPT_END
	};
	int range;

	argc = opt_parse(argc, argv, opts, usage);
	range = argc == 1 && strstr(argv[0], "..") && !c.stage;
	if (!range && registry_move(&c.stage, argc, argv, opts, usage))
		return CMD_USAGE;
	if (json)
		c.format = "json";
	if (!gate_format_ok(c.format))
		return opt_usage_error(opts, usage, "there is no format '%s'",
				       c.format);
	status = range ? check_range(&c, env, argv[0]) :
			 check_check_one(&c, env, argv[0]);
	if (!status)
		status = gate_views_print(&c.views, c.format, c.explain);
	gate_views_release(&c.views);
	return status ? status : c.status;
}
