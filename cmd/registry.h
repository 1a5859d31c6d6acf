/* SPDX-License-Identifier: MIT */
#ifndef CMD_REGISTRY_H
#define CMD_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
#include "cmd/table.h"
#include "libmv/base/json.h"
#include "libmv/meta/registry.h"
#include "libmv/subject/release.h"

/*
 * What the commands of the registry share: the tag that was made and what to
 * do with it, what people type, and the JSON of one event.
 */

/* -- tags ----------------------------------------------------------------- */
/* The tag's name on standard output; how to share it beside it. */
void registry_made(struct cmd_env *env, const char *tag);
/* The git remote to name in a hint, where nothing hangs on it. */
const char *registry_remote(struct cmd_env *env);
/* "NAME@v1.2.3" or "NAME" "@v1.2.3" in place; NULL where nothing is said. */
char *registry_split(const char *name);

/* -- what people type ----------------------------------------------------- */
/*
 * A version and where it goes: "NAME@V" with --stage, "NAME@V" "STAGE" or
 * "NAME@V" "NAME#STAGE". `stage` has what --stage said, or NULL; afterwards
 * it points into argv. 0, or CMD_USAGE after saying what is wrong.
 */
int registry_move(const char **stage, int argc, const char **argv,
		  const struct opt *opts, const char *const *usage);
/* "NAME#STAGE", or "NAME" "STAGE"; *name is yours. As above. */
int registry_stage(char **name, const char **stage, int argc,
		   const char **argv, const struct opt *opts,
		   const char *const *usage);
/*
 * One name of whatever kind the command knows, or "NAME" "STAGE", "NAME" "V"
 * or "NAME" "@V" in two words; *spec ("NAME#STAGE", "NAME@V" then) is yours.
 * As above.
 */
int registry_spec(char **spec, int argc, const char **argv,
		  const struct opt *opts, const char *const *usage);

/*
 * Several of them, of which two words that only make sense together are one
 * (mv_subject_two_words). CMD_FATAL after saying what is wrong.
 */
struct registry_names {
	const char **v;		/* NULL-terminated */
	size_t count;
};
int registry_names(struct registry_names *out, int argc, const char **argv,
		   struct cmd_env *env);
void registry_names_release(struct registry_names *names);

/* Nothing (all), or one that registry_spec() takes: what of the artifact is
   asked for. `artifact` is yours, the others point into it. 0, or CMD_FATAL
   or CMD_USAGE after saying what is wrong. */
struct registry_name {
	char *artifact;
	const char *version, *stage;	/* NULL: every one */
};
int registry_named(struct registry_name *out, struct cmd_env *env, int argc,
		   const char **argv, const struct opt *opts,
		   const char *const *usage);
int registry_is_named(const struct registry_name *name, const char *version,
		      const char *stage);

/* -- events --------------------------------------------------------------- */
/* "2026-11-21 08:15:00", UTC; `text` has room for 32. */
const char *registry_time(char *text, const struct mv_event_info *info);
/* Who, when, and what the tag's message says. */
void registry_json_info(struct mv_json *object, const struct mv_event *event,
			const struct mv_event_info *info);
/* Warns of each stage whose holder cannot be told; was there one? */
int registry_doubt(const struct mv_registry *registry);
/* Tags that somebody may take for events; nothing when there are none. */
void registry_note(const struct mv_registry *registry);

/* -- lists: what `stages`, `versions` and `history` share ----------------- */
struct registry_list {
	int json, plain;
	struct registry_name name;
	struct mv_events events;
	size_t shown;		/* rows */
};
#define OPT_REGISTRY_LIST(list) \
	OPT_BOOL(0, "plain", &(list)->plain, \
		 "tabs and no heading, for scripts"), \
	OPT_JSON(&(list)->json)

/*
 * Reads the events of what is named (registry_named) into a list that was set
 * to zeros; warns of those whose tags are not believed. 0, or CMD_FATAL or
 * CMD_USAGE after saying what is wrong, and nothing to release.
 */
int registry_list_read(struct registry_list *list, struct cmd_env *env,
		       int argc, const char **argv, const struct opt *opts,
		       const char *const *usage);
void registry_list_release(struct registry_list *list);
/* The last columns of a row: the event's commit and tag. */
void registry_list_add_tag(struct table *table,
			   const struct registry_list *list,
			   const struct mv_event *event);

#endif
