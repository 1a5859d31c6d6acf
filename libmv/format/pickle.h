/* SPDX-License-Identifier: MIT */
#ifndef MV_FORMAT_PICKLE_H
#define MV_FORMAT_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * What would a pickle make? All opcodes of protocols 0 to 5 are followed on a
 * stack of symbols: a global is a name, a call is a callable and its
 * arguments, and neither is ever looked up, imported or done. The values stay
 * readable until mv_pickle_free(), those too that the pickle has dropped, so
 * that nothing it names can be hidden. Values may contain each other in a
 * circle: whoever walks them bounds the walk.
 *
 * Bounded by what the caller allows: values (and as many memo entries, items
 * and stack places), 64 MiB of text, 64 million opcodes; nothing recurses.
 */
enum mv_pickle_kind {
	MV_PICKLE_NONE,
	MV_PICKLE_BOOL,		/* number */
	MV_PICKLE_INT,		/* number; OPAQUE if it does not fit */
	MV_PICKLE_FLOAT,	/* its value is not kept */
	MV_PICKLE_TEXT,		/* text, count bytes */
	MV_PICKLE_BYTES,	/* text, count bytes */
	MV_PICKLE_TUPLE,	/* items, count of them */
	MV_PICKLE_LIST,		/* items */
	MV_PICKLE_DICT,		/* items: key, value, key, value ... */
	MV_PICKLE_SET,		/* items */
	MV_PICKLE_GLOBAL,	/* text: module, line feed, name */
	MV_PICKLE_CALL,		/* items: callable, arguments, then states */
	MV_PICKLE_PERSID,	/* items: the id */
	MV_PICKLE_EXT,		/* number: a code of copyreg's */
	MV_PICKLE_OPAQUE	/* something else */
};

#define MV_PICKLE_TEXT_MAX 4096u	/* bytes of a text that are kept */

struct mv_pickle_value {
	uint8_t kind;
	uint8_t cut;		/* the text was longer */
	uint32_t count;
	union {
		int64_t number;
		const char *text;	/* ends in NUL, may hold others */
		struct { uint32_t first, last; } items;	/* of nodes */
	} u;
};

struct mv_pickle;

int mv_pickle_new(struct mv_pickle **out, uint32_t values_max,
		  struct mv_err *err);
void mv_pickle_free(struct mv_pickle *p);

/*
 * Go on with the `len` bytes behind what was used so far.
 * 0            *used bytes are done with: come again with those behind, and
 *              with more than `len` if *used is 0. May be beyond `len`: the
 *              rest of a long text is not looked at. At most 64 KiB are needed
 * 1            the pickle is over, behind *used bytes
 * MV_EINVALID  this is no pickle, or more than is allowed
 * MV_ENOMEM
 */
int mv_pickle_feed(struct mv_pickle *p, const uint8_t *data, size_t len,
		   uint64_t *used, struct mv_err *err);

/* Values are numbered from 0 in the order in which they were made. */
uint32_t mv_pickle_count(const struct mv_pickle *p);
uint32_t mv_pickle_root(const struct mv_pickle *p);	/* once it is over */
const struct mv_pickle_value *mv_pickle_at(const struct mv_pickle *p,
					   uint32_t value);

/* The items of a value: nodes, 0 is the end. */
uint32_t mv_pickle_first(const struct mv_pickle *p, uint32_t value);
uint32_t mv_pickle_next(const struct mv_pickle *p, uint32_t node);
uint32_t mv_pickle_item(const struct mv_pickle *p, uint32_t node);

/* Item number `i` of `value`: 1 and *item, or 0 when there is none. */
int mv_pickle_nth(uint32_t *item, const struct mv_pickle *p, uint32_t value,
		  uint32_t i);
/* Is `value` the global of this module and name? */
int mv_pickle_is_global(const struct mv_pickle *p, uint32_t value,
			const char *module, const char *name);

#endif
