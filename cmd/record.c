/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/evidence.h"
#include "cmd/newer.h"
#include "cmd/out.h"
#include "libmv/base/json.h"
#include "libmv/subject/subject.h"

static const char *const usage[] = {
	"git model record [<options>] [--] <path|name|oid>[@<revision>]...",
	NULL
};

static int find_subjects(struct mv_subject *out, struct mv_repo *repo,
			 const char **argv, int argc, struct mv_err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < argc; i++)
		rc = mv_subject_find(&out[i], repo, argv[i], err);
	return rc;
}

static int record(struct evidence *e, struct cmd_env *env, const char **argv,
		  int argc, struct mv_json *list, struct mv_err *err)
{
	struct mv_repo *repo = env->repo;
	struct mv_subject *subjects = calloc((size_t)argc, sizeof(*subjects));
	int rc;

	if (!subjects)
		return mv_nomem(err);
	rc = find_subjects(subjects, repo, argv, argc, err);
	if (!rc)
		rc = evidence_read(e, repo, 0, err);
	if (!rc)
		rc = evidence_record(e, repo, subjects, (size_t)argc, list,
				     err);
	/* Who names a commit or a version means that. */
	for (int i = 0; !rc && i < argc; i++)
		if (!subjects[i].commit && subjects[i].path)
			newer_warn(env, subjects[i].path, 0,
				   "and record again");
	mv_subject_list_release(subjects, (size_t)argc);
	return rc;
}

int cmd_record(int argc, const char **argv, struct cmd_env *env)
{
	struct evidence e = { .artifact = NULL };
	struct mv_json *list = NULL, *top;
	int json = 0, rc;
	const struct opt opts[] = {
		EVIDENCE_OPTIONS(&e),
		OPT_STRING(0, "artifact", &e.artifact, "name",
			   "the name that it is known by"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (argc < 1 || !evidence_given(&e)) {
		evidence_release(&e);
		return opt_usage_error(opts, usage, argc < 1 ?
				       "on what? Name a file, a folder, an "
				       "artifact or a content" :
				       "nothing to record; say it with "
				       "--metric, --param, --data or a file");
	}
	if (json)
		list = mv_json_array();
	rc = record(&e, env, argv, argc, list, &err);
	evidence_release(&e);
	if (rc) {
		mv_json_free(list);
		return out_fatal(&err);
	}
	if (!json)
		return CMD_OK;
	top = mv_json_object();
	mv_json_set(top, "recorded", list);
	return out_json(top);
}
