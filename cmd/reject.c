/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/gate.h"
#include "cmd/opt.h"

static const char *const usage[] = {
	"git model reject [<options>] <name>@<version> <stage>|<name>#<stage>",
	"git model reject [<options>] --stage <stage> <name>@<version>",
	"git model reject [<options>] --policy [<revision>]",
	NULL
};

int cmd_reject(int argc, const char **argv, struct cmd_env *env)
{
	struct gate_vote vote = { 0 };
	const struct opt opts[] = {
		OPT_STRING(0, "stage", &vote.stage, "stage", "for this stage"),
		OPT_BOOL(0, "policy", &vote.policy,
			 "what stands in .gitmodel of the revision (HEAD)"),
		OPT_STRING(0, "reason", &vote.reason, "text", "why"),
		OPT_DURATION(0, "expires", &vote.expires, "time",
			     "how long it counts: 14d; without, for ever"),
		OPT_JSON(&vote.json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (gate_vote_usage(argc, argv, &vote, opts, usage))
		return CMD_USAGE;
	return gate_vote(argc, argv, env, MV_DECISION_REJECT, &vote);
}
