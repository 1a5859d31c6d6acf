/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/gate.h"
#include "cmd/opt.h"

static const char *const usage[] = {
	"git model override [<options>] --rules <rules> --reason <text> "
	"<name>@<version> <stage>|<name>#<stage>",
	"git model override [<options>] --stage <stage> --rules <rules> "
	"--reason <text> <name>@<version>",
	NULL
};

int cmd_override(int argc, const char **argv, struct cmd_env *env)
{
	struct gate_vote vote = { 0 };
	const struct opt opts[] = {
		OPT_STRING(0, "stage", &vote.stage, "stage", "for this stage"),
		OPT_STRING(0, "rules", &vote.rules, "rules",
			   "keys of the rules: \"metric min-soak\""),
		OPT_STRING(0, "reason", &vote.reason, "text",
			   "why; it stays in the records"),
		OPT_DURATION(0, "expires", &vote.expires, "time",
			     "how long it counts: 8h; without, as long as the "
			     "policy lets it"),
		OPT_JSON(&vote.json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (gate_vote_usage(argc, argv, &vote, opts, usage))
		return CMD_USAGE;
	if (!vote.rules || !*vote.rules || !vote.reason || !*vote.reason)
		return opt_usage_error(opts, usage, "an override names the "
				       "rules and has a reason");
	return gate_vote(argc, argv, env, MV_DECISION_OVERRIDE, &vote);
}
