/* SPDX-License-Identifier: MIT */
#include "cmd/registry.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/out.h"
#include "libmv/base/time.h"

/* -- a table --------------------------------------------------------------------- */

void table_add(struct table *table, const char *text)
{
	size_t alloc = 2 * table->alloc + 64;
	char **cell;

	if (table->count == table->alloc) {
		cell = realloc(table->cell, alloc * sizeof(*cell));
		if (!cell) {
			table->failed = 1;
			return;
		}
		table->cell = cell;
		table->alloc = alloc;
	}
	cell = &table->cell[table->count];
	*cell = strdup(text && *text ? text : "-");
	if (*cell)
		table->count++;
	else
		table->failed = 1;
}

/* Cells are names of tags and numbers: a letter is a byte. */
static size_t width(const struct table *table, size_t column)
{
	size_t len, most = strlen(table->head[column]);

	for (size_t i = column; i < table->count; i += table->columns) {
		len = strlen(table->cell[i]);
		most = len > most ? len : most;
	}
	return most;
}

static void print_row(const struct table *table, const char *const *cell,
		      const size_t *widths)
{
	struct mv_buf line;

	mv_buf_init(&line, 1 << 20);
	for (size_t i = 0; i < table->columns; i++) {
		if (!widths)
			mv_buf_addf(&line, "%s%s", i ? "\t" : "", cell[i]);
		else if (i + 1 < table->columns)
			mv_buf_addf(&line, "%-*s  ", (int)widths[i], cell[i]);
		else
			mv_buf_addstr(&line, cell[i]);
	}
	if (widths)
		out_line("%s", line.data);
	else
		out_raw("%s\n", line.data);
	mv_buf_release(&line);
}

int table_print(struct table *table, int plain)
{
	size_t *widths = calloc(table->columns, sizeof(*widths));
	int failed = table->failed || !widths;

	for (size_t i = 0; !failed && i < table->columns; i++)
		widths[i] = width(table, i);
	if (!failed && !plain && table->count)
		print_row(table, table->head, widths);
	for (size_t i = 0; !failed && i + table->columns <= table->count;
	     i += table->columns)
		print_row(table, (const char *const *)table->cell + i,
			  plain ? NULL : widths);
	for (size_t i = 0; i < table->count; i++)
		free(table->cell[i]);
	free(table->cell);
	free(widths);
	return failed ? out_fatalf("out of memory") : CMD_OK;
}

/* -- tags --------------------------------------------------------------------------- */

const char *registry_remote(struct cmd_env *env)
{
	const char *name;

	if (mv_git_config(&name, mv_repo_git(env->repo),
			  "checkout.defaultremote", NULL) || !name)
		return "origin";
	return name;
}

void registry_made(struct cmd_env *env, const char *tag)
{
	const char *quote = strpbrk(tag, "#!") ? "'" : "";
	const char *remote = registry_remote(env);

	out_line("%s", tag);
	out_hint("to share it: git push %s %s%s%s", remote, quote, tag, quote);
}

char *registry_split(const char *name)
{
	const char *at = strchr(name, '@');

	return at ? strndup(name, (size_t)(at - name)) : strdup(name);
}

/* -- what people type ------------------------------------------------------------------ */

/* The stage in "NAME#STAGE" when that is of this artifact; else the word. */
static const char *bare_stage(const char *typed, const char *spec)
{
	size_t len = strcspn(spec, "@");

	return !strncmp(typed, spec, len) && typed[len] == '#' ?
	       typed + len + 1 : typed;
}

int registry_move(const char **stage, int argc, const char **argv,
		  const struct opt *opts, const char *const *usage)
{
	int status = opt_count(argc, argv, 1, *stage ? 1 : 2, opts, usage);

	if (status)
		return status;
	if (!strchr(argv[0], '@'))
		return opt_usage_error(opts, usage, "'%s' names no version; "
				       "one is '%.*s@<version>'", argv[0],
				       (int)strcspn(argv[0], "#"), argv[0]);
	if (argc < 2 && !*stage)
		return opt_usage_error(opts, usage, "the stage is missing "
				       "after '%s'", argv[0]);
	*stage = bare_stage(argc > 1 ? argv[1] : *stage, argv[0]);
	if (strchr(*stage, '#'))
		return opt_usage_error(opts, usage, "'%s' is a stage of "
				       "another artifact", *stage);
	return 0;
}

int registry_stage(char **name, const char **stage, int argc,
		   const char **argv, const struct opt *opts,
		   const char *const *usage)
{
	const char *hash = argc ? strchr(argv[0], '#') : NULL;
	int status = opt_count(argc, argv, 1, hash ? 1 : 2, opts, usage);

	*name = NULL;
	if (status)
		return status;
	if (strchr(argv[0], '@'))
		return opt_usage_error(opts, usage, "'%s' is a version; a "
				       "stage is '%.*s#<stage>'", argv[0],
				       (int)strcspn(argv[0], "@"), argv[0]);
	if (!hash && argc < 2)
		return opt_usage_error(opts, usage, "the stage is missing "
				       "after '%s'", argv[0]);
	*stage = hash ? hash + 1 : bare_stage(argv[1], argv[0]);
	*name = hash ? strndup(argv[0], (size_t)(hash - argv[0])) :
		       strdup(argv[0]);
	return *name ? 0 : out_fatalf("out of memory");
}

int registry_spec(char **spec, int argc, const char **argv,
		  const struct opt *opts, const char *const *usage)
{
	int status = opt_count(argc, argv, 1,
			       argc && !strpbrk(argv[0], "@#:") ? 2 : 1, opts,
			       usage);

	*spec = NULL;
	if (status)
		return status;
	*spec = argc < 2 ? strdup(argv[0]) :
		mv_strf("%s#%s", argv[0], bare_stage(argv[1], argv[0]));
	return *spec ? 0 : out_fatalf("out of memory");
}

/* -- events ---------------------------------------------------------------------------- */

const char *registry_time(char *text, const struct mv_event_info *info)
{
	mv_time_print(text, info->when > INT64_MAX / 1000 ||
			    info->when < INT64_MIN / 1000 ? 0 :
			    info->when * 1000);
	text[10] = ' ';
	text[19] = '\0';
	return text;
}

void registry_json_info(struct mv_json *object, const struct mv_event *event,
			const struct mv_event_info *info)
{
	const struct mv_value *content = mv_facts_get(&info->trailers,
						      "Model-Content");
	char text[32];

	registry_time(text, info);
	text[10] = 'T';
	text[19] = 'Z';
	text[20] = '\0';
	mv_json_set(object, "timestamp", mv_json_str(text));
	mv_json_set(object, "author", mv_json_str(info->name));
	mv_json_set(object, "author_email", mv_json_str(info->email));
	mv_json_set(object, "message", mv_json_str(info->message));
	mv_json_set(object, "commit", mv_json_str(event->commit));
	mv_json_set(object, "ref",
		    mv_json_str(event->ref + strlen("refs/tags/")));
	if (content)
		mv_json_set(object, "content", mv_json_str(content->text));
	if (info->problem)
		mv_json_set(object, "problem", mv_json_str(info->problem));
}

void registry_note(const struct mv_registry *registry)
{
	if (registry->lightweight)
		out_note("%zu tag%s left out: only annotated tags of commits "
			 "(git tag -a) are versions and stages",
			 registry->lightweight,
			 registry->lightweight == 1 ? " is" : "s are");
}

void registry_warn(const struct mv_events *events)
{
	enum { MOST = 10 };
	size_t found = 0;

	for (size_t i = 0; i < events->registry.count; i++)
		if (events->info[i].problem && found++ < MOST)
			out_warn("tag '%s' is not believed: %s",
				 events->registry.v[i].ref +
				 strlen("refs/tags/"), events->info[i].problem);
	if (found > MOST)
		out_warn("%zu more tags are not believed", found - MOST);
}
