/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "cmd/table.h"
#include "libmv/base/json.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/report/text.h"

static const char *const usage[] = {
	"git model history [--by-counter] [--plain] [--json] "
	"[<name>|<name>@<version>|<name>#<stage>]",
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

static struct mv_json *event_json(const struct mv_event *e,
				  const struct mv_event_info *info)
{
	struct mv_json *o = mv_json_object();

	mv_json_set(o, "artifact", mv_json_str(e->tag.artifact));
	mv_json_set(o, "event", mv_json_str(mv_event_word(e->tag.kind)));
	mv_json_set(o, "priority", mv_json_int(priority(e->tag.kind)));
	mv_json_set(o, "version", mv_json_str(info->version));
	mv_json_set(o, "stage", mv_json_str(e->tag.stage));
	mv_json_set(o, "counter", e->tag.counter < 0 ? mv_json_null() :
				  mv_json_int(e->tag.counter));
	registry_json_info(o, e, info);
	return o;
}

/* One column for scripts; people do without the time first. */
static void add_when(struct table *table, const struct mv_event_info *info,
		     int plain)
{
	char when[32];

	registry_time(when, info);
	if (!plain)
		when[10] = '\0';
	table_add(table, when);
	if (!plain)
		table_add(table, when + 11);
}

static void history_add_row(struct table *table, const struct mv_event *e,
			    const struct mv_event_info *info,
			    const struct registry_list *list)
{
	add_when(table, info, list->plain);
	table_add(table, e->tag.artifact);
	table_add(table, mv_event_word(e->tag.kind));
	table_add(table, info->version);
	table_add(table, e->tag.stage);
	registry_list_add_tag(table, list, e);
}

/* Of one second, what comes later in docs/format/tags.md's order is newer. */
struct moment {
	int64_t when;
	size_t at;
};

static int newer(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? 1 : -1;
	return (x->at < y->at) - (x->at > y->at);
}

/* As the registry has them, what counts last first, artifact by artifact. */
static void by_counter(struct moment *order, const struct mv_registry *r)
{
	size_t end, k = 0;

	for (size_t start = 0; start < r->count; start = end) {
		for (end = start; end < r->count &&
		     !strcmp(r->v[end].tag.artifact,
			     r->v[start].tag.artifact);)
			end++;
		for (size_t i = end; i-- > start;)
			order[k++].at = i;
	}
}

static struct moment *newest_first(const struct mv_events *events, int counter)
{
	size_t count = events->registry.count;
	struct moment *order = calloc(count + 1, sizeof(*order));

	for (size_t i = 0; order && i < count; i++)
		order[i] = (struct moment){ events->info[i].when, i };
	if (order && counter)
		by_counter(order, &events->registry);
	else if (order)
		qsort(order, count, sizeof(*order), newer);
	return order;
}

static int history_print(struct registry_list *list, int counter,
			 struct cmd_env *env)
{
	const struct mv_list_column head[] = {
		{ "Date", MV_LIST_EARLY }, { "Time", MV_LIST_SPARE },
		/* One name is no news in every line. */
		{ "Artifact", MV_LIST_CUT |
			(list->name.artifact ? MV_LIST_SPARE : MV_LIST_LATE) },
		{ "Event", MV_LIST_CUT | MV_LIST_LATE },
		{ "Version", MV_LIST_LATE },
		{ "Stage", MV_LIST_CUT | MV_LIST_LATE },
		{ "Commit", MV_LIST_SPARE }, { "Ref", MV_LIST_SPARE }
	};
	const struct mv_registry *r = &list->events.registry;
	const struct mv_event_info *info = list->events.info;
	struct moment *order = newest_first(&list->events, counter);
	struct table table = TABLE_INIT(head);
	struct mv_json *all = list->json ? mv_json_array() : NULL;

	table.columns -= list->plain != 0;
	if (!order) {
		mv_json_free(all);
		return out_fatalf("out of memory");
	}
	for (size_t i = 0; i < r->count; i++) {
		size_t at = order[i].at;

		if (!registry_is_named(&list->name, info[at].version,
				       r->v[at].tag.stage))
			continue;
		list->shown++;
		if (list->json)
			mv_json_push(all, event_json(&r->v[at], &info[at]));
		else
			history_add_row(&table, &r->v[at], &info[at], list);
	}
	free(order);
	return list->json ? out_json(all) :
			    table_print(&table, list->plain, env);
}

int cmd_history(int argc, const char **argv, struct cmd_env *env)
{
	struct registry_list list = { 0 };
	int counter = 0, status;
	const struct opt opts[] = {
		OPT_BOOL(0, "by-counter", &counter, "in the order in which "
			 "they count, not by their times"),
		OPT_REGISTRY_LIST(&list),
		OPT_END
	};

	argc = opt_parse(argc, argv, opts, usage);
	status = registry_list_read(&list, env, argc, argv, opts, usage);
	if (status)
		return status;
	status = history_print(&list, counter, env);
	if (!list.json && !list.plain)
		registry_note(&list.events.registry);
	if (!status && argc && !list.shown) {
		if (!list.json)
			out_error("nothing of '%s' was ever registered",
				  argv[0]);
		status = CMD_NO;
	}
	registry_list_release(&list);
	return status;
}
