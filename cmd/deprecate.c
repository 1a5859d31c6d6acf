/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cmd/gate.h"
#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/time.h"
#include "libmv/gate/gate.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/project.h"
#include "libmv/meta/registry.h"
#include "libmv/release/release.h"

static const char *const usage[] = {
	"git model deprecate [<options>] <name>",
	NULL
};

/* A server refuses it while something is on a stage that the policy governs;
   and who reads tags as GTO does finds nothing there afterwards. */
static int check_stages(struct cmd_env *env, const char *artifact)
{
	const struct mv_gate_options o = { .artifact = artifact,
					   .now = mv_now_ms() };
	const struct mv_event *const *v;
	struct mv_gate gate;
	struct mv_err err;
	const struct mv_event *doubt;
	size_t n = 0, at = 0;
	int status = CMD_OK;

	if (mv_gate_open(&gate, env->repo, &o, &err))
		return out_fatal(&err);
	v = mv_registry_holders(&gate.registry, artifact, &n);
	for (size_t i = 0; i < n && !status && gate.has_policy; i++)
		if (mv_policy_governs(&gate.policy, "stage", artifact,
				      v[i]->tag.stage))
			status = out_fatalf("'%s' holds %s, and a server "
					    "would refuse this: git model "
					    "demote '%s#%s' first", artifact,
					    v[i]->tag.stage, artifact,
					    v[i]->tag.stage);
	doubt = mv_registry_in_doubt(&gate.registry, artifact, NULL, &at);
	if (!status && doubt) {
		mv_registry_refuse_ignored(doubt, &err);
		status = out_fatal(&err);
	}
	mv_gate_close(&gate);
	return status;
}

int cmd_deprecate(int argc, const char **argv, struct cmd_env *env)
{
	const char *message = NULL;
	int sign = 0, force = 0;
	const struct opt opts[] = {
		OPT_MESSAGE(&message),
		OPT_BOOL('s', "sign", &sign, "sign it, as git tag -s does"),
		OPT_BOOL('f', "force", &force,
			 "although it holds a stage that the policy governs"),
		OPT_END
	};
	struct mv_err err;
	char *tag = NULL;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 1, 1, opts, usage))
		return CMD_USAGE;
	if (!force && mv_artifact_name_ok(argv[0]) && check_stages(env,
								   argv[0]))
		return CMD_FATAL;
	if (mv_release_deprecate(&tag, env->repo, argv[0], message,
				 sign ? MV_TAG_SIGN : 0, &err))
		return out_fatal(&err);
	registry_made(env, tag);
	free(tag);
	return CMD_OK;
}
