/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model cat <revision>:<path> | :<path> | <oid>",
	NULL
};

int cmd_cat(int argc, const char **argv, struct cmd_env *env)
{
	const struct opt opts[] = { OPT_END };
	int fd = 1;
	struct mv_writer out = mv_writer_fd(&fd);
	struct mv_pointer pointer;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (argc != 1)
		return opt_usage(opts, usage);
	if (mv_repo_resolve(&pointer, env->repo, argv[0], &err))
		return out_fatal(&err);
	if (pointer.size && mv_repo_read(env->repo, &pointer, &out, &err))
		return out_fatal(&err);
	return CMD_OK;
}
