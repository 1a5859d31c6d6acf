/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <stdlib.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/registry.h"

static const char *const usage[] = {
	"git model deprecate [<options>] <name>",
	NULL
};

int cmd_deprecate(int argc, const char **argv, struct cmd_env *env)
{
	const char *message = NULL;
	int sign = 0;
	const struct opt opts[] = {
		OPT_STRING('m', "message", &message, "text",
			   "what the tag says"),
		OPT_BOOL('s', "sign", &sign, "sign it, as git tag -s does"),
		OPT_END
	};
	struct mv_err err;
	char *tag = NULL;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 1, opts, usage))
		return CMD_USAGE;
	if (mv_repo_deprecate(&tag, env->repo, argv[0], message,
			      sign ? MV_TAG_SIGN : 0, &err))
		return out_fatal(&err);
	registry_made(env, tag);
	free(tag);
	return CMD_OK;
}
