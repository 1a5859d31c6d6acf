/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/out.h"
#include "cmd/registry.h"
#include "libmv/base/json.h"
#include "libmv/base/time.h"
#include "libmv/git/config.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/holding.h"
#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"
#include "libmv/repo/repo.h"
#include "libmv/transfer/transfer.h"

/* -- tags ----------------------------------------------------------------- */

const char *registry_remote(struct cmd_env *env)
{
	static char only[256];	/* a command asks about one repository */
	const char *name;
	char *found = NULL;

	if (!mv_git_config(&name, mv_repo_git(env->repo),
			   "checkout.defaultremote", NULL) && name)
		return name;
	snprintf(only, sizeof(only), "origin");
	if (!mv_transfer_default_remote(&found, env->repo, NULL) && found)
		snprintf(only, sizeof(only), "%s", found);
	free(found);
	return only;
}

void registry_made(struct cmd_env *env, const char *tag)
{
	const char *quote = strpbrk(tag, "#!") ? "'" : "";
	const char *remote = registry_remote(env);

	out_line("%s", tag);
	out_hint("to share it (when the name is taken there, git model fetch "
		 "says what to do): git push %s %s%s%s", remote, quote, tag,
		 quote);
}

char *registry_split(const char *name)
{
	const char *at = strchr(name, '@');

	return at ? strndup(name, (size_t)(at - name)) : strdup(name);
}

/* -- what people type ----------------------------------------------------- */

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
		mv_subject_join(argv[0], bare_stage(argv[1], argv[0]));
	return *spec ? 0 : out_fatalf("out of memory");
}

void registry_names_release(struct registry_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free((char *)names->v[i]);
	free(names->v);
	memset(names, 0, sizeof(*names));
}

int registry_names(struct registry_names *out, int argc, const char **argv,
		   struct cmd_env *env)
{
	struct mv_err err;
	char *name;
	int rc = 0;

	out->count = 0;
	out->v = calloc((size_t)argc + 1, sizeof(*out->v));
	if (!out->v)
		return out_fatalf("out of memory");
	for (int i = 0; !rc && i < argc; i++) {
		name = NULL;
		if (i + 1 < argc)
			rc = mv_subject_two_words(&name, env->repo, argv[i],
						  argv[i + 1], &err);
		i += name != NULL;
		if (!rc && !name && !(name = strdup(argv[i])))
			rc = mv_nomem(&err);
		if (!rc)
			out->v[out->count++] = name;
	}
	if (rc)
		registry_names_release(out);
	return rc ? out_fatal(&err) : CMD_OK;
}

/* "NAME@latest" in place of what it is now. */
static int name_latest(char **spec, struct cmd_env *env)
{
	const char *at = strchr(*spec, '@');
	struct mv_release release;
	struct mv_err err;
	char *name;

	if (!at || mv_version_ok(at + 1) || !mv_subject_version_spec_ok(*spec))
		return 0;
	if (mv_subject_version(&release, env->repo, *spec, &err))
		return out_fatal(&err);
	name = mv_subject_join(release.artifact, release.version);
	mv_subject_version_clear(&release);
	free(*spec);
	*spec = name;
	return name ? 0 : out_fatalf("out of memory");
}

int registry_named(struct registry_name *out, struct cmd_env *env, int argc,
		   const char **argv, const struct opt *opts,
		   const char *const *usage)
{
	char *sign;
	int status;

	memset(out, 0, sizeof(*out));
	if (!argc)
		return 0;
	status = registry_spec(&out->artifact, argc, argv, opts, usage);
	if (!status)
		status = name_latest(&out->artifact, env);
	if (status)
		return status;
	sign = strpbrk(out->artifact, "@#");
	if (sign && *sign == '@')
		out->version = sign + 1;
	else if (sign)
		out->stage = sign + 1;
	if (sign)
		*sign = '\0';
	if (out->version && !mv_version_ok(out->version))
		return out_fatalf("'%s' is not a version like v1.2.3",
				  out->version);
	if (out->stage && !mv_stage_ok(out->stage))
		return out_fatalf("'%s' cannot be the name of a stage",
				  out->stage);
	return 0;
}

int registry_is_named(const struct registry_name *name, const char *version,
		      const char *stage)
{
	return (!name->version ||
		(version && !strcmp(version, name->version))) &&
	       (!name->stage || (stage && !strcmp(stage, name->stage)));
}

/* -- events --------------------------------------------------------------- */

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

/* A tag with the name of an event that is no annotated tag of a commit; the
   others in `ignored` have a number that is too large. */
static int is_lightweight(const struct mv_event *e)
{
	struct mv_tag tag;

	if (mv_tag_parse(&tag, e->ref + strlen("refs/tags/"), NULL))
		return 0;
	mv_tag_release(&tag);
	return 1;
}

int registry_doubt(const struct mv_registry *registry)
{
	const struct mv_event *e;
	struct mv_err why;
	size_t at = 0;
	int found = 0;

	while ((e = mv_registry_in_doubt(registry, NULL, NULL, &at))) {
		mv_registry_refuse_ignored(e, &why);
		found = 1;
		out_warn("who holds '%s#%s' cannot be told: %s",
			 e->tag.artifact, e->tag.stage, why.msg);
	}
	return found;
}

void registry_note(const struct mv_registry *registry)
{
	enum { NAMED = 3 };
	size_t named = 0, count = registry->lightweight;
	struct mv_buf names;

	if (!count)
		return;
	mv_buf_init(&names, 1 << 20);
	for (size_t i = 0; i < registry->ignored_count && named < NAMED; i++) {
		const struct mv_event *e = &registry->ignored[i];

		if (is_lightweight(e))
			mv_buf_addf(&names, "%s'%s'", named++ ? ", " : "",
				    e->ref + strlen("refs/tags/"));
	}
	if (count > named)
		mv_buf_addf(&names, " and %zu more", count - named);
	out_note("%zu tag%s left out: only annotated tags of commits "
		 "(git tag -a) are versions and stages, and not %s", count,
		 count == 1 ? " is" : "s are", names.len ? names.data : "they");
	mv_buf_release(&names);
}

/* -- lists ---------------------------------------------------------------- */

static void registry_warn(const struct mv_events *events)
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

int registry_list_read(struct registry_list *list, struct cmd_env *env,
		       int argc, const char **argv, const struct opt *opts,
		       const char *const *usage)
{
	struct mv_err err;
	int status = registry_named(&list->name, env, argc, argv, opts, usage);

	if (!status && mv_subject_events(&list->events, env->repo,
					 list->name.artifact, &err))
		status = out_fatal(&err);
	if (status)
		free(list->name.artifact);
	else
		registry_warn(&list->events);
	return status;
}

void registry_list_release(struct registry_list *list)
{
	mv_subject_events_release(&list->events);
	free(list->name.artifact);
}

void registry_list_add_tag(struct table *table,
			   const struct registry_list *list,
			   const struct mv_event *event)
{
	char commit[8];

	/* 7 digits, as GTO and git show them. */
	snprintf(commit, sizeof(commit), "%.7s", event->commit);
	table_add(table, list->plain ? event->commit : commit);
	table_add(table, event->ref + strlen("refs/tags/"));
}
