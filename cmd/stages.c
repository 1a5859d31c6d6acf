/* SPDX-License-Identifier: MIT */
#include "cmd/out.h"
#include "cmd/registry.h"
#include "cmd/table.h"
#include "libmv/base/json.h"
#include "libmv/meta/registry.h"
#include "libmv/report/text.h"

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
	mv_json_set(o, "version",
		    mv_json_str(info->active ? info->version : NULL));
	registry_json_info(o, e, info);
	return o;
}

static int stages_print(struct registry_list *list, struct cmd_env *env)
{
	static const struct mv_list_column head[] = {
		{ "Artifact", MV_LIST_CUT },
		{ "Stage", MV_LIST_CUT | MV_LIST_LATE },
		{ "Version", MV_LIST_LATE }, { "Assigned", 0 },
		{ "Commit", MV_LIST_SPARE }, { "Ref", MV_LIST_SPARE }
	};
	struct table table = TABLE_INIT(head);
	struct mv_json *all = list->json ? mv_json_array() : NULL;
	const struct mv_event *const *v;
	size_t count;
	char when[32];

	v = mv_registry_holders(&list->events.registry, NULL, &count);
	for (size_t i = 0; i < count; i++) {
		const struct mv_event_info *info =
			&list->events.info[v[i]->order];
		const char *version = info->active ? info->version : NULL;

		if (!registry_is_named(&list->name, version, v[i]->tag.stage))
			continue;
		list->shown++;
		if (list->json) {
			mv_json_push(all, stage_json(v[i], info));
			continue;
		}
		table_add(&table, v[i]->tag.artifact);
		table_add(&table, v[i]->tag.stage);
		table_add(&table, version);
		table_add(&table, registry_time(when, info));
		registry_list_add_tag(&table, list, v[i]);
	}
	return list->json ? out_json(all) :
			    table_print(&table, list->plain, env);
}

int cmd_stages(int argc, const char **argv, struct cmd_env *env)
{
	struct registry_list list = { 0 };
	const struct registry_name *name = &list.name;
	const struct opt opts[] = { OPT_REGISTRY_LIST(&list), OPT_END };
	int status;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_list_read(&list, env, argc, argv, opts, usage);
	if (status)
		return status;
	status = stages_print(&list, env);
	if (registry_doubt(&list.events.registry) && !status)
		status = CMD_FATAL;
	if (!list.json && !list.plain)
		registry_note(&list.events.registry);
	if (!status && argc && !list.shown) {
		if (!list.json && name->stage)
			out_error("nothing of '%s' holds the stage '%s'",
				  name->artifact, name->stage);
		else if (!list.json)
			out_error("'%s%s%s' holds no stage", name->artifact,
				  name->version ? "@" : "",
				  name->version ? name->version : "");
		status = CMD_NO;
	}
	registry_list_release(&list);
	return status;
}
