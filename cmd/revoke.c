/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/gate.h"
#include "cmd/opt.h"

static const char *const usage[] = {
	GATE_USAGE_ABOUT("revoke"), NULL
};

int cmd_revoke(int argc, const char **argv, struct cmd_env *env)
{
	struct gate_vote vote = { 0 };
	const struct opt opts[] = {
		GATE_OPT_ABOUT(&vote),
		OPT_STRING(0, "reason", &vote.reason, "text", "why"),
		OPT_STRING(0, "nonce", &vote.nonce, "nonce",
			   "which one; without, the newest of your own"),
		OPT_JSON(&vote.json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (gate_vote_usage(argc, argv, &vote, opts, usage))
		return CMD_USAGE;
	return gate_vote(argc, argv, env, MV_DECISION_REVOKE, &vote);
}
