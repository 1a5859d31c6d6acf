/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/newer.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/json.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/release/release.h"
#include "libmv/subject/subject.h"

static const char *const usage[] = {
	"git model register [<options>] <name> [@<version>] [<revision>]",
	"git model register [--json] <name> <path>",
	NULL
};

static int register_print_json(const struct mv_registered *r)
{
	struct mv_json *o = mv_json_object(), *content = mv_json_object();
	char hex[MV_OID_HEX + 1];

	mv_json_set(o, "tag", mv_json_str(r->tag));
	mv_json_set(o, "artifact", mv_json_str(r->artifact));
	mv_json_set(o, "version", mv_json_str(r->version));
	mv_json_set(o, "commit", mv_json_str(r->commit));
	mv_json_set(o, "path", mv_json_str(r->path));
	mv_json_set(content, "oid",
		    mv_json_str(mv_oid_hex(hex, &r->pointer.oid)));
	mv_json_set(content, "size", mv_json_int((int64_t)r->pointer.size));
	mv_json_set(o, "content", content);
	return out_json(o);
}

static int parse_bump(enum mv_bump *out, const char *text)
{
	static const char *const names[] = { "patch", "minor", "major" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(text, names[i])) {
			*out = (enum mv_bump)i;
			return 0;
		}
	return -1;
}

/* "name@v1", or the next argument is "@v1"; what is left may be a revision. */
static int parse_args(struct mv_register *ask, char **name, int argc,
		      const char **argv)
{
	const char *at = strchr(argv[0], '@');
	int i = 1;

	*name = registry_split(argv[0]);
	ask->artifact = *name;
	if (at)
		ask->version = at + 1;
	else if (i < argc && !strncmp(argv[i], "@v", 2))
		ask->version = argv[i++] + 1;
	if (i < argc)
		ask->rev = argv[i++];
	return i == argc ? 0 : -1;
}

/* "register fraud v1.0.0": taken for a revision, it would be none, or a tag of
   somebody's that is called so. */
static const char *bare_version(const struct mv_register *ask)
{
	return ask->rev && !ask->version && mv_version_ok(ask->rev) ?
	       ask->rev : NULL;
}

/* A name for a file: what the next commit has, a version needs. */
static int print_named(const struct mv_register *ask, int json)
{
	struct mv_json *o = json ? mv_json_object() : NULL;

	if (json) {
		mv_json_set(o, "artifact", mv_json_str(ask->artifact));
		mv_json_set(o, "file", mv_json_str(".gitmodel/config"));
		return out_json(o);
	}
	out_line("'%s' is the name of '%s' now, in .gitmodel/config",
		 ask->artifact, ask->rev);
	out_hint("`git add .gitmodel/config` and a commit make it count; then "
		 "`git model register %s` makes the first version",
		 ask->artifact);
	return CMD_OK;
}

int cmd_register(int argc, const char **argv, struct cmd_env *env)
{
	const char *bump = NULL;
	struct mv_register ask = { 0 };
	int json = 0, force = 0, sign = 0, status;
	const struct opt opts[] = {
		OPT_STRING(0, "bump", &bump, "part",
			   "count up patch (the default), minor or major"),
		OPT_MESSAGE(&ask.message),
		OPT_BOOL('s', "sign", &sign, "sign it, as git tag -s does"),
		OPT_BOOL('f', "force", &force,
			 "a second version at one commit, or of what is "
			 "deprecated"),
		OPT_JSON(&json),
		OPT_END
	};
	enum mv_naming naming = MV_NAMING_NONE;
	struct mv_registered made;
	struct mv_err err;
	char *name = NULL;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 3, opts, usage))
		return CMD_USAGE;
	if (parse_args(&ask, &name, argc, argv)) {
		free(name);
		return opt_usage_error(opts, usage, "'%s' is one argument too "
				       "many", argv[argc - 1]);
	}
	if (bare_version(&ask)) {
		status = opt_usage_error(opts, usage, "a version is written "
					 "with @: git model register %s @%s "
					 "(of a tag '%s': refs/tags/%s)", name,
					 ask.rev, ask.rev, ask.rev);
		free(name);
		return status;
	}
	if (bump && (ask.version || parse_bump(&ask.bump, bump))) {
		free(name);
		return opt_usage_error(opts, usage, ask.version ?
				       "--bump and a version exclude each "
				       "other" :
				       "--bump is patch, minor or major");
	}
	if (ask.rev && mv_subject_name_artifact(&naming, env->repo, name,
						ask.rev,
						!ask.version && !bump &&
						!ask.message && !sign && !force,
						&err)) {
		free(name);
		return out_fatal(&err);
	}
	if (naming == MV_NAMING_NEW) {
		status = print_named(&ask, json);
		free(name);
		return status;
	}
	if (naming == MV_NAMING_SAME)
		ask.rev = NULL;
	ask.flags = (force ? MV_TAG_FORCE : 0) | (sign ? MV_TAG_SIGN : 0);
	status = mv_release_register(&made, env->repo, &ask, &err) ?
		 out_fatal(&err) : CMD_OK;
	if (!status && json)
		status = register_print_json(&made);
	else if (!status)
		registry_made(env, made.tag);
	if (!status && !ask.rev)
		newer_warn(env, made.path, 1, "and register again");
	if (!status)
		mv_release_registered_clear(&made);
	free(name);
	return status;
}
