/* SPDX-License-Identifier: MIT */
#ifndef MV_META_FACTS_H
#define MV_META_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/json.h"

/*
 * facts: typed values by key, as params, metrics and environments are, and the
 * files that they stand in.
 *
 * All bytes from notes, tags and files are hostile: bounded, escaped by who
 * prints them. Structs are plain; each _release() frees what is inside and
 * leaves an empty struct. Not for use by two threads at once.
 */
enum mv_value_type {
	MV_VALUE_STRING,
	MV_VALUE_INT,
	MV_VALUE_REAL,		/* finite, or NaN and infinities */
	MV_VALUE_BOOL,
	MV_VALUE_NULL,
	MV_VALUE_NUMBER,	/* digits beyond int64 and double, as text */
	MV_VALUE_LIST		/* JSON text of an array */
};
struct mv_value {
	enum mv_value_type type;
	int64_t i;		/* INT, BOOL */
	double r;		/* INT, REAL, and the nearest of NUMBER */
	char *text;		/* always: as it is printed, never NULL */
};
/* Is it a number (INT, REAL, NUMBER)? */
int mv_value_is_number(const struct mv_value *v);
/* The same type and the same value; NaN equals NaN. */
int mv_value_eq(const struct mv_value *a, const struct mv_value *b);
/* Numbers by size (NaN last), then the rest by text. */
int mv_value_cmp(const struct mv_value *a, const struct mv_value *b);

struct mv_fact {
	char *key;		/* flattened: "optimizer.lr" */
	struct mv_value value;
	uint32_t from;		/* index of its record in mv_evidence.records */
};
/* Sorted by the keys' bytes, each once. */
struct mv_facts {
	struct mv_fact *v;
	size_t count, alloc;
};
#define MV_FACTS_INIT { NULL, 0, 0 }
void mv_facts_release(struct mv_facts *facts);
const struct mv_value *mv_facts_get(const struct mv_facts *facts,
				    const char *key);
/* Replaces an older value. A key is 1..512 bytes of UTF-8 (MV_EINVALID);
   control characters are allowed and escaped by who prints. */
int mv_facts_set(struct mv_facts *facts, const char *key,
		 const struct mv_value *value, uint32_t from,
		 struct mv_err *err);
/* "k=v" from a command line: int, real, bool ("true", "false"), null by how
   it looks; k="v" in double quotes is a string. */
int mv_facts_set_arg(struct mv_facts *facts, const char *arg,
		     struct mv_err *err);
/*
 * Flatten a tree with dots (below `prefix` when not ""). Lists become one
 * LIST value. With `numbers_only` set, values other than numbers, strings
 * and bools are left out and counted in *skipped (may be NULL), as DVC does
 * with metrics.
 */
int mv_facts_from_json(struct mv_facts *facts, const struct mv_json *tree,
		       const char *prefix, int numbers_only, size_t *skipped,
		       struct mv_err *err);
/* {"key":value,...}; numbers JSON cannot carry as {"number":"nan"}. The
   reverse of _from_json for flat objects, exactly. */
struct mv_json *mv_facts_to_json(const struct mv_facts *facts);
struct mv_json *mv_value_to_json(const struct mv_value *v);

/*
 * A file of params or metrics by the suffix of `name`: .json, .yaml/.yml
 * (and no suffix), .ini/.env/.cfg/.properties (k = v lines; sections become
 * prefixes). .toml is MV_ENOTSUP: says to convert it. Messages are
 * "<name>:<line>:<column>: ...".
 */
int mv_facts_read(struct mv_facts *facts, const char *name, const char *data,
		  size_t len, int metrics, size_t *skipped,
		  struct mv_err *err);

#endif
