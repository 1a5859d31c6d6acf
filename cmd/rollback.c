/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/gate.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/gate/gate.h"

static const char *const usage[] = {
	"git model rollback [<options>] <name>#<stage> | <name> <stage>",
	NULL
};

int cmd_rollback(int argc, const char **argv, struct cmd_env *env)
{
	struct mv_promote_options o = { .sign = -1 };
	const char *policy = NULL, *to = NULL, *stage;
	int json = 0, status;
	const struct opt opts[] = {
		OPT_STRING(0, "to", &to, "version",
			   "this one; without, what held the stage before"),
		OPT_PROMOTE(&o, &policy),
		OPT_JSON(&json),
		OPT_END
	};
	struct gate_ask ask = { 0 };
	struct mv_err err;
	char *name;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_stage(&name, &stage, argc, argv, opts, usage);
	if (status)
		return status;
	status = gate_ask(&ask, env, name, stage, policy);
	free(name);
	ask.p.called = "rollback";
	if (!status && mv_gate_rollback_target(&ask.version, &ask.gate,
					       ask.artifact, ask.p.stage, to,
					       &err))
		status = out_fatal(&err);
	if (!status)
		status = gate_find_version(&ask);
	if (!status)
		status = gate_promote(&ask, env, &o, json);
	gate_done(&ask);
	return status;
}
