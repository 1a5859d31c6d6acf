/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_JSON_READ_H
#define MV_BASE_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/json.h"

/*
 * json-read: JSON from strangers becomes a tree (base/json.h), and what is in it.
 */
/*
 * Parse untrusted text. Duplicate keys, trailing bytes, depth over 64,
 * integers beyond int64, NUL bytes and \u0000 are MV_EINVALID; the message has
 * line and column ("JSON line 2 column 3: ...").
 */
int mv_json_parse(struct mv_json **out, const char *data, size_t len,
		  struct mv_err *err);
/*
 * The same for what other programs write: NaN, Infinity and -Infinity (as
 * Python's json has them) and numbers that neither int64 nor double can hold
 * become values of type MV_JSON_NUMBER: their text ("nan", "inf", "-inf", or
 * the digits as they stood). A byte order mark is skipped. Depth is at most
 * 63, so that what is printed can be parsed.
 */
int mv_json_parse_loose(struct mv_json **out, const char *data, size_t len,
			struct mv_err *err);
/* Borrowed; NULL when it is no such number. */
const char *mv_json_number_text(const struct mv_json *v);

enum mv_json_type {
	MV_JSON_OBJECT, MV_JSON_ARRAY, MV_JSON_STRING, MV_JSON_INT,
	MV_JSON_REAL, MV_JSON_BOOL, MV_JSON_NULL, MV_JSON_NUMBER
};
/*
 * Reading asks no questions: NULL, a missing value or one of another type
 * has type null, size 0, string NULL, number 0, is false.
 */
enum mv_json_type mv_json_type(const struct mv_json *v);
/* Borrowed; NULL when missing or of another type. */
const struct mv_json *mv_json_get(const struct mv_json *object,
				  const char *key);
size_t mv_json_size(const struct mv_json *v);	/* array or object */
const struct mv_json *mv_json_at(const struct mv_json *array, size_t i);
const char *mv_json_get_str(const struct mv_json *v, size_t *len);
int64_t mv_json_get_int(const struct mv_json *v);
double mv_json_get_real(const struct mv_json *v);
int mv_json_get_bool(const struct mv_json *v);
/* In insertion order; a non-zero return stops and is returned. */
typedef int (*mv_json_fn)(void *payload, const char *key,
			  const struct mv_json *value);
int mv_json_each(const struct mv_json *object, mv_json_fn fn, void *payload);

#endif
