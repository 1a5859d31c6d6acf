/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <stdlib.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/repo.h"

static const char *const usage[] = {
	"git model doctor [--json]",
	NULL
};

static const char *const levels[] = { "ok", "warn", "bad" };

struct visit {
	struct mv_json *findings;	/* with --json */
	int bad;
};

static void found(void *payload, enum mv_doctor_level level,
		  const char *check, const char *message, const char *mend)
{
	struct visit *visit = payload;
	struct mv_json *o;

	visit->bad |= level == MV_DOCTOR_BAD;
	if (!visit->findings) {
		out_line("%-4s %s: %s%s%s", levels[level], check, message,
			 mend ? " -> mend: " : "", mend ? mend : "");
		return;
	}
	o = mv_json_object();
	mv_json_set(o, "level", mv_json_str(levels[level]));
	mv_json_set(o, "check", mv_json_str(check));
	mv_json_set(o, "message", mv_json_str(message));
	mv_json_set(o, "mend", mend ? mv_json_str(mend) : mv_json_null());
	mv_json_push(visit->findings, o);
}

static int print_json(const struct visit *visit)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "ok", mv_json_bool(!visit->bad));
	mv_json_set(top, "findings", visit->findings);
	return out_json(top);
}

static int examine(struct cmd_env *env, int json)
{
	struct visit visit = { NULL, 0 };
	struct mv_doctor doctor = { .fn = found, .payload = &visit };
	char *program = setup_program();
	int status = CMD_OK;
	struct mv_err err;

	doctor.program = program ? program : "git-model";
	if (json)
		visit.findings = mv_json_array();
	if (setup_open_repo(env, &err))
		found(&visit, MV_DOCTOR_BAD, "repository", err.msg, NULL);
	else if (!env->repo)
		found(&visit, MV_DOCTOR_OK, "repository", "none here; only the "
		      "configuration is looked at", NULL);
	if (mv_repo_doctor(env->repo, &env->proc, &doctor, &err)) {
		mv_json_free(visit.findings);
		status = out_fatal(&err);
	} else if (json) {
		status = print_json(&visit);
	}
	free(program);
	return status ? status : visit.bad ? CMD_NO : CMD_OK;
}

int cmd_doctor(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0, status;
	const struct opt opts[] = {
		OPT_JSON(&json),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 0, opts, usage))
		return CMD_USAGE;
	status = examine(env, json);
	mv_repo_close(env->repo);
	env->repo = NULL;
	return status;
}
