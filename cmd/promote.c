/* SPDX-License-Identifier: MIT */
#include "cmd/gate.h"
#include "cmd/registry.h"

static const char *const usage[] = {
	"git model promote [<options>] <name>@<version> <stage>|<name>#<stage>",
	NULL
};

int cmd_promote(int argc, const char **argv, struct cmd_env *env)
{
	struct mv_promote_options o = { .sign = -1 };
	const char *policy = NULL, *stage = NULL;
	int json = 0, new_stage = 0, status;
	const struct opt opts[] = {
		OPT_PROMOTE(&o, &policy),
		OPT_BOOL(0, "new-stage", &new_stage,
			 "let there be a stage that no policy or tag knows"),
		OPT_JSON(&json),
		OPT_END
	};
	struct gate_ask ask = { 0 };

	argc = opt_parse(argc, argv, opts, usage);
	if (registry_move(&stage, argc, argv, opts, usage))
		return CMD_USAGE;
	ask.new_stage = new_stage;
	ask.make = 1;
	status = gate_ask(&ask, env, argv[0], stage, policy);
	if (!status)
		status = gate_find_version(&ask);
	if (!status)
		status = gate_promote(&ask, env, &o, json);
	gate_done(&ask);
	return status;
}
