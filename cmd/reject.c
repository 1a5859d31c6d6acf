/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/gate.h"

static const char *const usage[] = { GATE_USAGE_ABOUT("reject"), NULL };

int cmd_reject(int argc, const char **argv, struct cmd_env *env)
{
	return gate_yes_or_no(argc, argv, env, MV_DECISION_REJECT, usage);
}
