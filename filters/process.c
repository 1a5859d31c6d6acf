/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/interrupt.h"
#include "cmd/opt.h"
#include "cmd/out.h"
#include "filters/asker.h"
#include "libmv/filter/filter.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/setup.h"
#include "libmv/work/work.h"

/*
 * Git starts this for every command that might have a file to convert, most
 * often for nothing: so nothing is opened before the first request.
 */
static const char *const usage[] = {
	"git model filter-process [--lfs]",
	NULL
};

struct door {
	struct cmd_env *env;
	enum mv_dialect dialect;
	struct mv_repo *repo;
	struct interrupt interrupt;
	int stores;		/* something will have to be pushed */
	int looks;		/* git only compares, or moves */
};

static void process_warn(void *payload, const char *message)
{
	(void)payload;
	out_warn("%s", message);
}

static int open_repo(struct door *door, struct mv_err *err)
{
	struct mv_repo_options options = { 0 };
	unsigned asker;
	int rc;

	if (door->repo)
		return 0;
	options.env = door->env->proc;
	options.progress = door->env->meter;
	options.warn = process_warn;
	rc = mv_repo_open(&door->repo, &options, err);
	if (!rc) {
		asker = asker_find(getenv("GIT_EXTERNAL_DIFF") ||
				   mv_work_has_external_diff(door->repo));
		mv_work_filter_asker(door->repo, asker);
		door->looks = asker != 0;
		cmd_allow_files();
		interrupt_begin(&door->interrupt, door->repo);
	}
	return rc;
}

static int clean(void *payload, const char *path, struct mv_reader *in,
		 struct mv_buf *out, struct mv_err *err)
{
	struct door *door = payload;
	int rc = open_repo(door, err);

	door->stores |= door->dialect == MV_DIALECT_NATIVE && !door->looks;
	return rc ? rc : mv_work_clean(door->repo, path, door->dialect, in,
				       out, err);
}

static int smudge(void *payload, const char *path, const char *blob,
		  struct mv_reader *in, struct mv_writer *out,
		  struct mv_err *err)
{
	struct door *door = payload;
	int rc = open_repo(door, err);

	return rc ? rc : mv_work_smudge(door->repo, path, blob, in, out, err);
}

static int kept(void *payload, struct mv_writer *out, struct mv_err *err)
{
	struct door *door = payload;

	return mv_work_clean_kept(door->repo, out, err);
}

static void complain(void *payload, const char *path, const struct mv_err *err)
{
	(void)payload;
	out_error("'%s': %s", path, err->msg);
}

int cmd_filter_process(int argc, const char **argv, struct cmd_env *env)
{
	int lfs = 0, in_fd = 0, out_fd = 1, rc, status = CMD_OK;
	const struct opt opts[] = {
		OPT_BOOL(0, "lfs", &lfs, "for files under filter=lfs"),
		OPT_END
	};
	struct door door = { .env = env };
	const struct mv_filter_ops ops = { clean, smudge, complain, &door, kept };
	struct mv_reader in = mv_reader_fd(&in_fd);
	struct mv_writer out = mv_writer_fd(&out_fd);
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	door.dialect = lfs ? MV_DIALECT_LFS : MV_DIALECT_NATIVE;

	rc = mv_filter_run(&in, &out, &ops, &err);
	if (rc)
		status = out_fatal(&err);
	/* A broken conversation is no reason to lose what was said before. */
	if (door.repo && mv_work_filter_finish(door.repo, &err))
		status = out_fatal(&err);
	/* A clone comes without hooks; nothing depends on it just now. */
	if (door.repo) {
		mv_setup_hooks_ensure(door.repo, door.stores, NULL);
		interrupt_end(&door.interrupt);
	}
	mv_repo_close(door.repo);
	return status;
}
