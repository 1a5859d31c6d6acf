/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <string.h>

#include "cmd/opt.h"
#include "cmd/out.h"
#include "cmd/registry.h"

static const char *const usage[] = {
	"git model history [--plain] [--json] [<name>]",
	NULL
};

/* GTO's numbers, which sort events of one second. */
static int priority(enum mv_event_kind kind)
{
	switch (kind) {
	case MV_EVENT_CREATE:
		return 1;
	case MV_EVENT_DEPRECATE:
		return 2;
	case MV_EVENT_REGISTER:
		return 3;
	case MV_EVENT_DEREGISTER:
		return 4;
	case MV_EVENT_ASSIGN:
		return 5;
	case MV_EVENT_UNASSIGN:
		break;
	}
	return 6;
}

static struct mv_json *str_or_null(const char *s)
{
	return s ? mv_json_str(s) : mv_json_null();
}

static struct mv_json *event_json(const struct mv_event *e,
				  const struct mv_event_info *info)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "artifact", mv_json_str(e->tag.artifact));
	mv_json_set(o, "event", mv_json_str(mv_event_word(e->tag.kind)));
	mv_json_set(o, "priority", mv_json_int(priority(e->tag.kind)));
	mv_json_set(o, "version", str_or_null(info->version));
	mv_json_set(o, "stage", str_or_null(e->tag.stage));
	mv_json_set(o, "counter", e->tag.counter < 0 ? mv_json_null() :
				  mv_json_int(e->tag.counter));
	registry_json_info(o, e, info);
	return o;
}

/* 7 digits, as GTO and git show them. */
static const char *shorten(char *out, const char *hex)
{
	strncpy(out, hex, 7);
	out[7] = '\0';
	return out;
}

static void add_row(struct table *table, const struct mv_event *e,
		    const struct mv_event_info *info, int plain)
{
	char when[32], commit[8];

	table_add(table, registry_time(when, info));
	table_add(table, e->tag.artifact);
	table_add(table, mv_event_word(e->tag.kind));
	table_add(table, info->version);
	table_add(table, e->tag.stage);
	table_add(table, plain ? e->commit : shorten(commit, e->commit));
	table_add(table, e->ref + strlen("refs/tags/"));
}

/* Artifact by artifact, what came last first: see docs/format/tags.md. */
static int print(const struct mv_events *events, int json, int plain)
{
	static const char *const head[] = {
		"timestamp", "artifact", "event", "version", "stage",
		"commit", "ref"
	};
	const struct mv_registry *r = &events->registry;
	struct table table = { head, 7, NULL, 0, 0, 0 };
	struct mv_json *all = json ? mv_json_array() : NULL;
	size_t end;

	for (size_t start = 0; start < r->count; start = end) {
		for (end = start; end < r->count &&
		     !strcmp(r->v[end].tag.artifact,
			     r->v[start].tag.artifact);)
			end++;
		for (size_t i = end; i-- > start;) {
			if (json)
				mv_json_push(all, event_json(&r->v[i],
							     &events->info[i]));
			else
				add_row(&table, &r->v[i], &events->info[i],
					plain);
		}
	}
	return json ? out_json(all) : table_print(&table, plain);
}

int cmd_history(int argc, const char **argv, struct cmd_env *env)
{
	int json = 0, plain = 0, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "plain", &plain, "tabs and no heading, for scripts"),
		OPT_JSON(&json),
		OPT_END
	};
	struct mv_events events;
	struct mv_err err;

	argc = opt_parse(argc, argv, opts, usage);
	if (opt_count(argc, argv, 0, 1, opts, usage))
		return CMD_USAGE;
	if (mv_repo_events(&events, env->repo, argc ? argv[0] : NULL, &err))
		return out_fatal(&err);
	registry_warn(&events);
	status = print(&events, json, plain);
	if (!json && !plain)
		registry_note(&events.registry);
	if (!status && argc && !events.registry.count) {
		if (!json)
			out_error("nothing of '%s' was ever registered",
				  argv[0]);
		status = CMD_NO;
	}
	mv_events_release(&events);
	return status;
}
