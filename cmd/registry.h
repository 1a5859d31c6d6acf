/* SPDX-License-Identifier: MIT */
#ifndef CMD_REGISTRY_H
#define CMD_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/cmd.h"
#include "cmd/opt.h"
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

/* 7 digits of a commit, as GTO and git show them. */
const char *registry_commit(char out[8], const char *hex);

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
/* Tags that somebody may take for events; nothing when there are none. */
/* Warns of each stage whose holder cannot be told; was there one? */
int registry_doubt(const struct mv_registry *registry);
void registry_note(const struct mv_registry *registry);
/* Events whose tags are not believed, as warnings. */
void registry_warn(const struct mv_events *events);

#endif
