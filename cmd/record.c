/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/evidence.h"
#include "cmd/newer.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/json.h"
#include "libmv/subject/subject.h"

static const char *const usage[] = {
	"git model record [<options>] [--] <path|name|oid>[@<revision>]...",
	NULL
};

static int find_subjects(struct mv_subject *out, struct mv_repo *repo,
			 const struct registry_names *names, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < names->count; i++)
		rc = mv_subject_find(&out[i], repo, names->v[i], err);
	return rc;
}

static int record(struct evidence *e, struct cmd_env *env,
		  const struct registry_names *names, struct mv_json *list,
		  struct mv_err *err)
{
	struct mv_repo *repo = env->repo;
	const size_t count = names->count;
	struct mv_subject *subjects = calloc(count, sizeof(*subjects));
	int rc;

	if (!subjects)
		return mv_nomem(err);
	rc = find_subjects(subjects, repo, names, err);
	if (!rc)
		rc = evidence_read(e, repo, 0, err);
	if (!rc)
		rc = evidence_record(e, repo, subjects, count, list, err);
	/* Who names a commit or a version means that. */
	for (size_t i = 0; !rc && i < count; i++)
		if (!subjects[i].commit && subjects[i].path)
			newer_warn(env, subjects[i].path, 0,
				   "and record again");
	mv_subject_list_release(subjects, count);
	return rc;
}

int cmd_record(int argc, const char **argv, struct cmd_env *env)
{
	struct evidence e = { .artifact = NULL };
	struct registry_names names;
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
	if (registry_names(&names, argc, argv, env)) {
		evidence_release(&e);
		return CMD_FATAL;
	}
	if (json)
		list = mv_json_array();
	rc = record(&e, env, &names, list, &err);
	registry_names_release(&names);
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
