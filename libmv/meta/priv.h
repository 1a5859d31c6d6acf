/* SPDX-License-Identifier: MIT */
#ifndef MV_META_PRIV_H
#define MV_META_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/json.h"
#include "libmv/meta/facts.h"

/* As ASCII has them, whatever the locale says. */
static inline int mv_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline int mv_is_alnum(char c)
{
	return mv_is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Is it a version? Of a text that may go on. */
int mv_version_is(const char *s, size_t len);

/* What makes facts shares this (facts.c, env.c, curves.c). */

/* int, real, bool, null or string, by how it looks. */
int mv_value_guess(struct mv_value *out, const char *s, struct mv_err *err);
int mv_value_string(struct mv_value *out, const char *s, struct mv_err *err);
int mv_value_real(struct mv_value *out, double r, struct mv_err *err);
void mv_value_release(struct mv_value *v);

/*
 * Many facts at once: append them as they come (the value is taken over, also
 * on failure), then merge: sorts, refuses a key that occurs twice (MV_EINVALID),
 * and replaces older values; `fresh` is empty then. Inserting 300,000 one by
 * one would move memory for minutes. `line` is for the message; 0: not known.
 */
int mv_facts_append(struct mv_facts *fresh, const char *key,
		    struct mv_value *value, uint32_t line, struct mv_err *err);
int mv_facts_merge(struct mv_facts *facts, struct mv_facts *fresh,
		   struct mv_err *err);

/* As mv_facts_from_json(); `record`: the tree stands in a record, where a list
   is one value and nothing needs to be guessed. */
int mv_facts_from_tree(struct mv_facts *facts, const struct mv_json *tree,
		       const char *prefix, int record, int numbers_only,
		       size_t *skipped, struct mv_err *err);

/* "JSON line 2 column 3: what" becomes "<name>:2:3: what", anything else
   "<name>: what". */
void mv_facts_put_name(struct mv_err *err, const char *name);

/*
 * Lines of `key = value` (env.c):
 *
 *	line    = [ "export " ] key ( "=" | ":" ) value | "[" section "]"
 *	comment = ("#" | ";" | "!") text, and " #" or " ;" behind a value
 *
 * Values in double quotes know \n \r \t \" \\ \$, those in single quotes
 * nothing; quoted ones are strings. "!" comments and no comments behind values
 * in .properties; ":" not in .env. Continued lines are refused.
 */
int mv_env_read(struct mv_facts *facts, const char *name, const char *data,
		size_t len, int metrics, size_t *skipped, struct mv_err *err);

/* What tables and JSON Lines have in common. */

/* Names of the step, the first that is there counts; NULL-terminated. */
extern const char *const mv_step_names[];
/* Is it the name of a time? */
int mv_table_is_time(const char *name);
/* Seconds or milliseconds since 1970, or RFC 3339, as ms; 0: not known. */
int64_t mv_table_time(const char *s);

/* -- the order of tags (registry-order.c) --------------------------------- */

struct mv_event;
struct mv_registry;
struct mv_registry_list {	/* sorted, into the registry's events */
	const struct mv_event **v;
	size_t count;
};
typedef int (*mv_registry_cmp_fn)(const struct mv_event *a,
				  const struct mv_event *b);
/* First of `list` that is not below `key`; with `after`, first above it. */
size_t mv_registry_bound(const struct mv_registry_list *list,
			 const struct mv_event *key, mv_registry_cmp_fn cmp,
			 int after);
int mv_registry_cmp_commit(const struct mv_event *a, const struct mv_event *b);
int mv_registry_cmp_version(const struct mv_event *a, const struct mv_event *b);
int mv_registry_by_order(const void *a, const void *b);	/* of events */
/* End of the artifact that begins at `start`. */
size_t mv_registry_group_end(const struct mv_registry *r, size_t start);
/* By artifact, within it by kind and counter. */
void mv_registry_rank(struct mv_registry *r);
/* From there to the order in which they count; each says its place. */
int mv_registry_order(struct mv_registry *r, struct mv_err *err);

#endif
