/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/gate.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/gate/gate.h"
#include "libmv/meta/registry.h"
#include "libmv/subject/release.h"

static const char *const usage[] = {
	"git model demote [<options>] <name>#<stage> | <name> <stage>",
	"git model demote [<options>] <name>@<version> "
	"<stage>|<name>#<stage>",
	NULL
};

/* The version that holds the stage, by what it meant when it was put there:
   one that was taken back since can be taken off the stage, too. */
static int take_holder(struct gate_ask *ask)
{
	char *version, *commit;
	struct mv_err err;
	int status = CMD_OK;

	if (mv_gate_stage_holder(&version, &commit, &ask->gate, ask->artifact,
				 ask->p.stage, &err))
		return out_fatal(&err);
	if (ask->version && strcmp(ask->version, version)) {
		status = gate_find_version(ask);
		free(version);
		free(commit);
		return status;
	}
	free(ask->version);
	ask->version = version;
	ask->commit = commit;
	ask->p.version = version;
	ask->p.commit = commit;
	return status;
}

/* A tag that would be the newest, and does not count, leaves it open what holds
   the stage. */
static int find_holder(struct gate_ask *ask)
{
	struct mv_release r;
	struct mv_err err;
	char *spec = mv_strf("%s#%s", ask->artifact, ask->p.stage);
	int rc = spec ? mv_subject_version(&r, ask->gate.repo, spec, &err) :
		 mv_nomem(&err);

	free(spec);
	if (!rc)
		mv_subject_version_clear(&r);
	if (rc && rc != MV_ECORRUPT)
		return out_fatal(&err);
	return take_holder(ask);
}

static int find_version(struct gate_ask *ask)
{
	if (!ask->version)
		return find_holder(ask);
	return strcmp(ask->version, "latest") &&
	       !mv_registry_version(&ask->gate.registry, ask->artifact,
				    ask->version) ?
	       take_holder(ask) : gate_find_version(ask);
}

int cmd_demote(int argc, const char **argv, struct cmd_env *env)
{
	struct mv_promote_options o = { .sign = -1 };
	const char *policy = NULL, *stage = NULL;
	int json = 0, status, version;
	const struct opt opts[] = {
		OPT_PROMOTE(&o, &policy),
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
		status = find_version(&ask);
	ask.p.action = "demote";
	if (!status)
		status = gate_promote(&ask, env, &o, json);
	gate_done(&ask);
	return status;
}
