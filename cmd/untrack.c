/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "libmv/work/work.h"

static const char *const usage[] = {
	"git model untrack [--] <pattern>...",
	NULL
};

/* -- what git holds pointers of, still ------------------------------------ */

#define NAMED 3

static int note_stray(void *payload, const struct mv_file *file,
		      struct mv_err *err)
{
	uint64_t *count = payload;

	(void)err;
	if (++*count <= NAMED)
		out_hint("git holds a pointer of '%s', and no pattern gives "
			 "the file to git-model any more", file->path);
	return 0;
}

static int name_strays(struct cmd_env *env)
{
	uint64_t count = 0;
	struct mv_err err;

	if (mv_repo_strays(env->repo, 0, NULL, note_stray, &count, &err)) {
		mv_err_prefix(&err, "the pattern is gone, but not what git "
			      "holds pointers of");
		return out_fatal(&err);
	}
	if (count > NAMED)
		out_hint("... and of %llu more: `git model status` lists them",
			 (unsigned long long)(count - NAMED));
	if (count)
		out_hint("`git add --renormalize <path>` and a commit put the "
			 "bytes into git; a line '<path> -filter' in "
			 ".gitattributes says that the pointer is meant");
	return CMD_OK;
}

int cmd_untrack(int argc, const char **argv, struct cmd_env *env)
{
	const struct opt opts[] = { OPT_END };
	int changed, any = 0, status = CMD_OK;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, OPT_ANY, opts, usage))
		return CMD_USAGE;
	for (int i = 0; i < argc; i++) {
		if (mv_work_untrack(env->repo, argv[i], &changed, &err))
			return out_fatal(&err);
		any |= changed;
		if (changed) {
			out_line("Untracking '%s'", argv[i]);
			continue;
		}
		out_error("'%s' is not tracked by a line of its own; `git model "
			  "track` lists what is", argv[i]);
		status = CMD_NO;
	}
	if (any && name_strays(env) != CMD_OK)
		return CMD_FATAL;
	return status;
}
