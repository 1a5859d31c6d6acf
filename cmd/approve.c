/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/gate.h"

static const char *const usage[] = { GATE_USAGE_ABOUT("approve"), NULL };

int cmd_approve(int argc, const char **argv, struct cmd_env *env)
{
	return gate_yes_or_no(argc, argv, env, MV_DECISION_APPROVE, usage);
}
