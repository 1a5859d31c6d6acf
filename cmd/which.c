/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/json.h"
#include "libmv/subject/subject.h"

static const char *const usage[] = {
	"git model which [--oid | --path | --commit] [--json] "
	"<name>#<stage> | <name> <stage> | <name>@<version>",
	NULL
};

struct asked {
	int oid, path, commit, json;
};

static int which_print_json(const struct mv_release *r,
			    const struct mv_subject *s)
{
	struct mv_json *o = mv_json_object(), *content = mv_json_object();
	char hex[MV_OID_HEX + 1];

	mv_json_set(o, "artifact", mv_json_str(r->artifact));
	mv_json_set(o, "version", mv_json_str(r->version));
	mv_json_set(o, "stage", mv_json_str(r->stage));
	mv_json_set(o, "commit", mv_json_str(r->commit));
	mv_json_set(o, "ref", mv_json_str(r->tag));
	mv_json_set(o, "path", mv_json_str(s->path));
	mv_json_set(content, "oid",
		    mv_json_str(mv_oid_hex(hex, &s->pointer.oid)));
	mv_json_set(content, "size", mv_json_int((int64_t)s->pointer.size));
	mv_json_set(o, "content", content);
	return out_json(o);
}

/* What the tags alone do not say. */
static int print_content(const struct asked *asked, struct cmd_env *env,
			 const struct mv_release *r)
{
	char hex[MV_OID_HEX + 1];
	struct mv_subject s;
	struct mv_err err;
	int status = CMD_OK;

	if (mv_subject_of_version(&s, env->repo, r, &err))
		return out_fatal(&err);
	if (asked->json)
		status = which_print_json(r, &s);
	else if (asked->oid)
		out_line("%s", mv_oid_hex(hex, &s.pointer.oid));
	else {
		out_path(s.path);
		out_raw("\n");
	}
	mv_subject_release(&s);
	return status;
}

int cmd_which(int argc, const char **argv, struct cmd_env *env)
{
	struct asked asked = { 0 };
	const struct opt opts[] = {
		OPT_BOOL(0, "oid", &asked.oid, "print the content's oid"),
		OPT_BOOL(0, "path", &asked.path, "print its path there"),
		OPT_BOOL(0, "commit", &asked.commit, "print the commit"),
		OPT_JSON(&asked.json),
		OPT_END
	};
	struct mv_release r;
	struct mv_err err;
	char *spec;
	int rc, status;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_spec(&spec, argc, argv, opts, usage);
	if (status)
		return status;
	if (asked.oid + asked.path + asked.commit + asked.json > 1) {
		free(spec);
		return opt_usage_error(opts, usage, "one of --oid, --path, "
				       "--commit and --json");
	}
	rc = mv_subject_version(&r, env->repo, spec, &err);
	free(spec);
	if (rc == MV_ENOENT) {
		out_error("%s", err.msg);
		return CMD_NO;
	}
	if (rc)
		return out_fatal(&err);
	if (asked.commit)
		out_line("%s", r.commit);
	else if (asked.oid || asked.path || asked.json)
		status = print_content(&asked, env, &r);
	else
		out_line("%s@%s", r.artifact, r.version);
	mv_subject_version_clear(&r);
	return status;
}
