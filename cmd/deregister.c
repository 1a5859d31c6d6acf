/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/release/release.h"

static const char *const usage[] = {
	"git model deregister [<options>] <name>@<version>",
	NULL
};

int cmd_deregister(int argc, const char **argv, struct cmd_env *env)
{
	const char *message = NULL;
	int force = 0, sign = 0, rc;
	const struct opt opts[] = {
		OPT_MESSAGE(&message),
		OPT_BOOL('s', "sign", &sign, "sign it, as git tag -s does"),
		OPT_BOOL('f', "force", &force,
			 "also a version that holds a stage"),
		OPT_END
	};
	char *name, *tag = NULL;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 1, opts, usage))
		return CMD_USAGE;
	if (!strchr(argv[0], '@'))
		return opt_usage_error(opts, usage, "'%s' names no version; "
				       "one is '%s@<version>'", argv[0],
				       argv[0]);
	name = registry_split(argv[0]);
	if (!name)
		return out_fatalf("out of memory");
	rc = mv_release_deregister(&tag, env->repo, name,
				   strchr(argv[0], '@') + 1, message,
				   (force ? MV_TAG_FORCE : 0) |
				   (sign ? MV_TAG_SIGN : 0), &err);
	free(name);
	if (rc)
		return out_fatal(&err);
	registry_made(env, tag);
	free(tag);
	return CMD_OK;
}
