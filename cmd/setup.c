/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/out.h"
#include "cmd/setup.h"
#include "cmd/transfer.h"
#include "libmv/evidence/evidence.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/setup.h"
#include "libmv/work/work.h"

static void setup_warn(void *payload, const char *message)
{
	(void)payload;
	out_warn("%s", message);
}

static void setup_tell(void *payload, int warning, const char *message)
{
	(void)payload;
	if (warning)
		out_warn("%s", message);
	else
		out_line("%s", message);
}

char *setup_program(void)
{
	/* The links git-model-<name> lead to the one program. */
	return realpath("/proc/self/exe", NULL);
}

int setup_open_repo(struct cmd_env *env, struct mv_err *err)
{
	const struct mv_repo_options options = {
		.env = env->proc, .progress = env->meter, .warn = setup_warn
	};
	int rc = mv_repo_open(&env->repo, &options, err);

	return rc == MV_ENOENT ? 0 : rc;
}

/* A clone has none of the records; later fetches keep them up to date. */
static void bring_records(struct mv_repo *repo)
{
	struct mv_err err;
	int moved = 0;

	if (!mv_evidence_notes_hint(repo))
		return;
	if (mv_evidence_notes_fetch(repo, NULL, &moved, &err))
		out_warn("records were not fetched: %s", err.msg);
	else if (moved)
		out_line("fetched the records of this repository");
	if (moved)
		transfer_fetch_attached(repo);
}

void setup_warn_filterless(struct mv_repo *repo)
{
	struct mv_err err;
	int has;

	if (mv_work_has_filter(&has, repo, &err))
		out_warn("it is not known whether git calls git-model: %s",
			 err.msg);
	else if (!has)
		out_warn("git does not call git-model yet: `git add` would "
			 "put the bytes themselves into git, and a checkout "
			 "leaves pointers. `git model install` changes that");
}

/* By a configuration that is read anew: another one may still name us. */
static void warn_left(struct cmd_env *env)
{
	struct mv_left left = { 0, 0 };
	struct mv_err err;

	mv_repo_close(env->repo);
	env->repo = NULL;
	if (setup_open_repo(env, &err) ||
	    (env->repo && mv_work_left(&left, env->repo, &err))) {
		out_warn("it is not known whether files here still need "
			 "git-model: %s", err.msg);
		return;
	}
	if (!left.patterns && !left.pointers)
		return;
	out_warn("files here still need git-model: .gitattributes gives files "
		 "to it in %llu line%s, and git holds %llu pointer%s. From now "
		 "on `git add` puts the bytes themselves into git, and a "
		 "checkout leaves pointers",
		 (unsigned long long)left.patterns,
		 left.patterns == 1 ? "" : "s",
		 (unsigned long long)left.pointers,
		 left.pointers == 1 ? "" : "s");
	out_hint("`git model install` brings it back; to go on without it, "
		 "`git model untrack <pattern>` and `git add --renormalize .` "
		 "put the bytes into git");
}

int setup_run(const struct setup_flags *flags, int remove,
	      struct cmd_env *env)
{
	struct mv_install install = { .tell = setup_tell };
	char *program = setup_program();
	int status = CMD_OK;
	struct mv_err err;

	install.scope = flags->local ? "--local" :
			flags->system ? "--system" : "--global";
	install.flags = (remove ? MV_INSTALL_REMOVE : 0) |
			(flags->lfs ? MV_INSTALL_LFS : 0) |
			(flags->skip_repo ? MV_INSTALL_NO_HOOKS : 0);
	install.program = program ? program : "git-model";
	if (setup_open_repo(env, &err)) {
		/* The user's configuration does not depend on it. */
		if (flags->local)
			status = out_fatal(&err);
		else
			out_warn("no hooks: %s", err.msg);
	}
	if (!status && mv_setup_install(env->repo, &env->proc, &install, &err))
		status = out_fatal(&err);
	if (!status && !remove && !flags->skip_repo && env->repo)
		bring_records(env->repo);
	if (!status && remove && !flags->lfs && env->repo)
		warn_left(env);
	mv_repo_close(env->repo);
	env->repo = NULL;
	free(program);
	return status;
}

int setup_server(const char *dir, const char *policy, unsigned flags,
		 struct cmd_env *env)
{
	const struct mv_repo_options options = {
		.dir = dir, .env = env->proc, .warn = setup_warn
	};
	struct mv_install install = { .scope = "--local", .tell = setup_tell };
	char *program = setup_program();
	int status = CMD_OK;
	struct mv_err err;

	install.flags = flags;
	install.program = program ? program : "git-model";
	if (mv_repo_open(&env->repo, &options, &err) ||
	    mv_setup_install_server(env->repo, policy, &install, &err))
		status = out_fatal(&err);
	mv_repo_close(env->repo);
	env->repo = NULL;
	free(program);
	return status;
}
