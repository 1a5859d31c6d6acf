/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/gate.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/repo-registry.h"

static const char *const usage[] = {
	"git model demote [<options>] <name>#<stage> | <name> <stage>",
	"git model demote [<options>] <name>@<version> "
	"<stage>|<name>#<stage>",
	NULL
};

/* Whatever holds the stage now. */
static int find_holder(struct gate_ask *ask)
{
	const struct mv_event *e;
	struct mv_release r;
	struct mv_err err;
	char *spec;
	int rc;

	e = mv_registry_holder(&ask->gate.registry, ask->artifact,
			       ask->p.stage);
	if (!e)
		return out_fatalf("nothing of '%s' holds %s", ask->artifact,
				  ask->p.stage);
	spec = mv_strf("%s#%s", ask->artifact, ask->p.stage);
	rc = spec ? mv_repo_release(&r, ask->gate.repo, spec, &err) :
		    mv_nomem(&err);
	free(spec);
	if (rc)
		return out_fatal(&err);
	ask->version = strdup(r.version);
	mv_release_clear(&r);
	return ask->version ? gate_find_version(ask) :
			      out_fatalf("out of memory");
}

int cmd_demote(int argc, const char **argv, struct cmd_env *env)
{
	struct mv_promote_options o = { .sign = -1 };
	const char *policy = NULL, *stage = NULL;
	int json = 0, status, version;
	const struct opt opts[] = {
		OPT_STRING('m', "message", &o.message, "text",
			   "what the tag says"),
		OPT_BOOL('s', "sign", &o.sign,
			 "sign the tag; without, when git or the policy asks"),
		OPT_BOOL('f', "force", &o.force,
			 "make the tag although the verdict is no"),
		OPT_STRING(0, "policy", &policy, "revision",
			   "whose policy; without, that of the default branch"),
		OPT_JSON(&json),
		OPT_END
	};
	struct gate_ask ask = { 0 };
	char *name = NULL;

	argc = opt_parse(argc, argv, opts, usage);
	version = argc && strchr(argv[0], '@');
	status = version ?
		 registry_move(&stage, argc, argv, opts, usage) :
		 registry_stage(&name, &stage, argc, argv, opts, usage);
	if (status)
		return status;
	status = gate_ask(&ask, env, version ? argv[0] : name, stage, policy);
	free(name);
	if (!status)
		status = version ? gate_find_version(&ask) :
				   find_holder(&ask);
	ask.p.action = "demote";
	if (!status)
		status = gate_promote(&ask, env, &o, json);
	gate_done(&ask);
	return status;
}
