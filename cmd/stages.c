/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "cmd/table.h"
#include "libmv/base/json.h"
#include "libmv/meta/registry.h"
#include "libmv/report/text.h"
#include "libmv/subject/release.h"

static const char *const usage[] = {
	"git model stages [--plain] [--json] "
	"[<name>|<name>@<version>|<name>#<stage>]",
	NULL
};

static struct mv_json *stage_json(const struct mv_event *e,
				  const struct mv_event_info *info)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "artifact", mv_json_str(e->tag.artifact));
	mv_json_set(o, "stage", mv_json_str(e->tag.stage));
	mv_json_set(o, "version", info->active ? mv_json_str(info->version) :
						 mv_json_null());
	registry_json_info(o, e, info);
	return o;
}

static int stages_print(const struct mv_events *events,
			const struct registry_name *name, size_t *shown,
			int json, int plain, struct cmd_env *env)
{
	static const struct mv_list_column head[] = {
		{ "Artifact", MV_LIST_CUT },
		{ "Stage", MV_LIST_CUT | MV_LIST_LATE },
		{ "Version", MV_LIST_LATE }, { "Assigned", 0 },
		{ "Commit", MV_LIST_SPARE }, { "Ref", MV_LIST_SPARE }
	};
	struct table table = TABLE_INIT(head);
	struct mv_json *all = json ? mv_json_array() : NULL;
	const struct mv_event *const *v;
	size_t count;
	char when[32], commit[8];

	*shown = 0;
	v = mv_registry_holders(&events->registry, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		const struct mv_event_info *info = &events->info[v[i]->order];

		if (!registry_is_named(name, info->active ? info->version :
				       NULL, v[i]->tag.stage))
			continue;
		++*shown;
		if (json) {
			mv_json_push(all, stage_json(v[i], info));
			continue;
		}
		table_add(&table, v[i]->tag.artifact);
		table_add(&table, v[i]->tag.stage);
		table_add(&table, info->active ? info->version : NULL);
		table_add(&table, registry_time(when, info));
		table_add(&table, plain ? v[i]->commit :
			  registry_commit(commit, v[i]->commit));
		table_add(&table, v[i]->ref + strlen("refs/tags/"));
	}
	return json ? out_json(all) : table_print(&table, plain, env);
}

int cmd_stages(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0, plain = 0, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "plain", &plain,
			 "tabs and no heading, for scripts"),
		OPT_JSON(&json),
		OPT_END
	};
	struct registry_name name;
	struct mv_events events;
	struct mv_err err;
	size_t shown;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_named(&name, env, argc, argv, opts, usage);
	if (!status && mv_subject_events(&events, env->repo, name.artifact,
					 &err))
		status = out_fatal(&err);
	if (status) {
		free(name.artifact);
		return status;
	}
	registry_warn(&events);
	status = stages_print(&events, &name, &shown, json, plain, env);
	if (registry_doubt(&events.registry) && !status)
		status = CMD_FATAL;
	if (!json && !plain)
		registry_note(&events.registry);
	if (!status && argc && !shown) {
		if (!json && name.stage)
			out_error("nothing of '%s' holds the stage '%s'",
				  name.artifact, name.stage);
		else if (!json)
			out_error("'%s%s%s' holds no stage", name.artifact,
				  name.version ? "@" : "",
				  name.version ? name.version : "");
		status = CMD_NO;
	}
	mv_subject_events_release(&events);
	free(name.artifact);
	return status;
}
