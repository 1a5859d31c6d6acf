/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/setup.h"
#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/repo/repo.h"
#include "libmv/setup/setup.h"

static const char *const usage[] = {
	"git model doctor [--json]",
	NULL
};

static const char *const levels[] = { "ok", "warn", "bad" };

/* Findings that one command mends are of one cause, and one line. */
struct cause {
	enum mv_doctor_level level;	/* the worst */
	char *checks;			/* "configuration, hooks" */
	char *message, *mend;		/* of the first; mend may be NULL */
	size_t count;
};
struct visit {
	struct mv_json *findings;	/* with --json: each by itself */
	struct cause *causes;
	size_t count;
	int bad, failed;
};

static void doctor_push_json(struct visit *visit, enum mv_doctor_level level,
			     const char *check, const char *message, const char *mend)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "level", mv_json_str(levels[level]));
	mv_json_set(o, "check", mv_json_str(check));
	mv_json_set(o, "message", mv_json_str(message));
	mv_json_set(o, "mend", mend ? mv_json_str(mend) : mv_json_null());
	mv_json_push(visit->findings, o);
}

static int doctor_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') &&
		    (!at[len] || at[len] == ','))
			return 1;
	return 0;
}

static int doctor_join(struct cause *cause, enum mv_doctor_level level,
		       const char *check)
{
	char *checks;

	cause->count++;
	if (level > cause->level)
		cause->level = level;
	if (doctor_has_word(cause->checks, check))
		return 0;
	checks = mv_strf("%s, %s", cause->checks, check);
	if (!checks)
		return -1;
	free(cause->checks);
	cause->checks = checks;
	return 0;
}

static int doctor_add(struct visit *visit, enum mv_doctor_level level,
		      const char *check, const char *message, const char *mend)
{
	struct cause *cause = visit->causes;

	for (size_t i = 0; mend && i < visit->count; i++)
		if (cause[i].mend && !strcmp(cause[i].mend, mend))
			return doctor_join(&cause[i], level, check);
	cause = MV_GROW_ONE(visit->causes, visit->count, NULL);
	if (!cause)
		return -1;
	*cause = (struct cause){ level, strdup(check), strdup(message),
				 mend ? strdup(mend) : NULL, 1 };
	return cause->checks && cause->message && (cause->mend || !mend) ? 0 :
	       -1;
}

static void found(void *payload, enum mv_doctor_level level,
		  const char *check, const char *message, const char *mend)
{
	struct visit *visit = payload;

	visit->bad |= level == MV_DOCTOR_BAD;
	if (visit->findings)
		doctor_push_json(visit, level, check, message, mend);
	else if (doctor_add(visit, level, check, message, mend))
		visit->failed = 1;
}

static void print_causes(struct visit *visit)
{
	char more[64];

	for (size_t i = 0; i < visit->count; i++) {
		struct cause *c = &visit->causes[i];

		snprintf(more, sizeof(more), ", and %zu more of this cause",
			 c->count - 1);
		out_hanging(5, "%-4s %s: %s%s%s%s", levels[c->level],
			    c->checks, c->message, c->count > 1 ? more : "",
			    c->mend ? " -> mend: " : "",
			    c->mend ? c->mend : "");
	}
}

static void release(struct visit *visit)
{
	for (size_t i = 0; i < visit->count; i++) {
		free(visit->causes[i].checks);
		free(visit->causes[i].message);
		free(visit->causes[i].mend);
	}
	free(visit->causes);
}

static int doctor_print_json(const struct visit *visit)
{
	struct mv_json *top = mv_json_object();

	mv_json_set(top, "ok", mv_json_bool(!visit->bad));
	mv_json_set(top, "findings", visit->findings);
	return out_json(top);
}

static int examine(struct cmd_env *env, int json)
{
	struct visit visit = { .causes = NULL };
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
	if (mv_setup_doctor(env->repo, &env->proc, &doctor, &err)) {
		mv_json_free(visit.findings);
		status = out_fatal(&err);
	} else if (json) {
		status = doctor_print_json(&visit);
	}
	if (visit.failed)
		status = out_fatalf("out of memory");
	else
		print_causes(&visit);
	release(&visit);
	free(program);
	return !status && visit.bad ? CMD_NO : status;
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
