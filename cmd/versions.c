/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "cmd/table.h"
#include "libmv/base/json.h"
#include "libmv/meta/registry.h"
#include "libmv/report/text.h"

static const char *const usage[] = {
	"git model versions [--plain] [--json] "
	"[<name>|<name>@<version>|<name>#<stage>]",
	NULL
};

/* Stages that a version holds, joined with `between`; is `wanted` one? */
static int add_stages(struct mv_buf *text, struct mv_json *list,
		      const char *between, const struct mv_events *events,
		      const struct mv_event *version, const char *wanted)
{
	const struct mv_event *const *holder;
	size_t count;
	int found = 0;

	holder = mv_registry_holders(&events->registry, version->tag.artifact,
				     &count);
	for (size_t i = 0; i < count; i++) {
		const struct mv_event_info *info =
			&events->info[holder[i]->order];

		if (!info->active ||
		    strcmp(holder[i]->commit, version->commit) ||
		    strcmp(info->version, version->tag.version))
			continue;
		mv_buf_addf(text, "%s%s", text->len ? between : "",
			    holder[i]->tag.stage);
		if (list)
			mv_json_push(list, mv_json_str(holder[i]->tag.stage));
		found |= wanted && !strcmp(holder[i]->tag.stage, wanted);
	}
	return found;
}

static struct mv_json *version_json(const struct mv_events *events,
				    const struct mv_event *e,
				    struct mv_json *stages)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "artifact", mv_json_str(e->tag.artifact));
	mv_json_set(o, "version", mv_json_str(e->tag.version));
	mv_json_set(o, "stages", stages);
	mv_json_set(o, "deprecated",
		    mv_json_bool(mv_registry_deprecated(&events->registry,
							e->tag.artifact) !=
				 NULL));
	registry_json_info(o, e, &events->info[e->order]);
	return o;
}

/* Of each artifact the greatest first. */
static int versions_print(struct registry_list *list, struct cmd_env *env)
{
	static const struct mv_list_column head[] = {
		{ "Artifact", MV_LIST_CUT }, { "Version", MV_LIST_LATE },
		{ "Stages", MV_LIST_CUT | MV_LIST_LATE }, { "Registered", 0 },
		{ "Commit", MV_LIST_SPARE }, { "Ref", MV_LIST_SPARE }
	};
	struct table table = TABLE_INIT(head);
	const struct mv_events *events = &list->events;
	const struct registry_name *name = &list->name;
	struct mv_json *all = list->json ? mv_json_array() : NULL, *held;
	const struct mv_event *const *v;
	size_t count, end, start;
	struct mv_buf stages;
	char when[32];
	int holds;

	mv_buf_init(&stages, 1 << 20);
	v = mv_registry_versions(&events->registry, NULL, &count);
	for (start = 0; start < count; start = end) {
		for (end = start; end < count &&
		     !strcmp(v[end]->tag.artifact, v[start]->tag.artifact);)
			end++;
		for (size_t i = end; i-- > start;) {
			held = list->json ? mv_json_array() : NULL;
			mv_buf_clear(&stages);
			holds = add_stages(&stages, held,
					   list->plain ? "," : ", ",
					   events, v[i], name->stage);
			if ((name->stage && !holds) ||
			    (name->version &&
			     strcmp(name->version, v[i]->tag.version))) {
				mv_json_free(held);
				continue;
			}
			list->shown++;
			if (list->json) {
				mv_json_push(all, version_json(events, v[i],
							       held));
				continue;
			}
			table_add(&table, v[i]->tag.artifact);
			table_add(&table, v[i]->tag.version);
			table_add(&table, stages.data);
			table_add(&table, registry_time(when,
					  &events->info[v[i]->order]));
			registry_list_add_tag(&table, list, v[i]);
		}
	}
	mv_buf_release(&stages);
	return list->json ? out_json(all) :
			    table_print(&table, list->plain, env);
}

/* Beside the table, not in it. */
static void note_deprecated(const struct mv_registry *r)
{
	const struct mv_event *e;

	for (size_t i = 0; i < r->count; i++) {
		if (i && !strcmp(r->v[i].tag.artifact,
				 r->v[i - 1].tag.artifact))
			continue;
		e = mv_registry_deprecated(r, r->v[i].tag.artifact);
		if (e)
			out_note("'%s' is deprecated (tag '%s')",
				 e->tag.artifact,
				 e->ref + strlen("refs/tags/"));
	}
}

int cmd_versions(int argc, const char **argv, struct cmd_env *env)
{
	struct registry_list list = { 0 };
	const struct registry_name *name = &list.name;
	const struct opt opts[] = { OPT_REGISTRY_LIST(&list), OPT_END };
	int status, doubt;

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_list_read(&list, env, argc, argv, opts, usage);
	if (status)
		return status;
	doubt = registry_doubt(&list.events.registry);
	status = versions_print(&list, env);
	/* Who holds that stage is what was asked. */
	if (!status && name->stage && doubt)
		status = CMD_FATAL;
	if (!list.json && !list.plain) {
		note_deprecated(&list.events.registry);
		registry_note(&list.events.registry);
	}
	if (!status && argc && !list.shown) {
		if (!list.json && name->stage)
			out_error("no version of '%s' holds the stage '%s'",
				  name->artifact, name->stage);
		else if (!list.json)
			out_error("no version of '%s' is registered%s%s",
				  name->artifact, name->version ? " as " : "",
				  name->version ? name->version : "");
		status = CMD_NO;
	}
	registry_list_release(&list);
	return status;
}
