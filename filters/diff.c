/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "filters/asker.h"
#include "libmv/repo/repo.h"
#include "libmv/work/filter.h"

/*
 * `git diff`, `git log -p` and `git show` stop when this fails; so it only
 * does when the file that git gives us cannot be read.
 */
static const char *const usage[] = {
	"git model diff-text <file>",
	NULL
};

#define TEXT_MAX ((size_t)256 << 20)

int cmd_diff_text(int argc, const char **argv, struct cmd_env *env)
{
	const struct mv_repo_options options = { .env = env->proc };
	const struct opt opts[] = {
		OPT_END
	};
	struct mv_repo *repo = NULL;
	int status = CMD_OK;
	struct mv_buf text;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 1, opts, usage))
		return CMD_USAGE;
	mv_buf_init(&text, TEXT_MAX);
	/* Outside of a repository a pointer still says oid and size. */
	if (mv_repo_open(&repo, &options, NULL))
		repo = NULL;
	if (repo && asker_patches_find() ?
	    mv_work_diff_pointer(&text, repo, argv[0], &err) :
	    mv_work_diff_text(&text, repo, argv[0], &err))
		status = out_fatal(&err);
	else
		out_bytes(text.data, text.len);
	mv_repo_close(repo);
	mv_buf_release(&text);
	return status;
}
