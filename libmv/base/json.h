/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_JSON_H
#define MV_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"

/*
 * JSON: the only user of jansson. Values are trees; a value belongs to the
 * one who made it until it is put into another, which then owns it. Text
 * that is not UTF-8 is stored with its bad bytes as U+FFFD; callers that
 * must keep such names exactly add a "<key>_hex" beside it.
 *
 * Builders never fail at the call: an allocation failure is remembered and
 * reported by mv_json_print(). Pass NULL freely.
 */
struct mv_json;

struct mv_json *mv_json_object(void);
struct mv_json *mv_json_array(void);
struct mv_json *mv_json_str(const char *s);	/* NULL: null */
struct mv_json *mv_json_strn(const char *s, size_t len);
struct mv_json *mv_json_int(int64_t v);
struct mv_json *mv_json_real(double v);		/* NaN, Inf: null; printed as
						   mv_print_real() does */
struct mv_json *mv_json_bool(int v);
struct mv_json *mv_json_null(void);
void mv_json_free(struct mv_json *v);
/* Was there memory for all of it? For who reads a tree that was built. */
int mv_json_ok(const struct mv_json *v);

/*
 * Take ownership of `v`, which may still be filled afterwards (unless the
 * first parameter is NULL: then `v` is freed at once). Keys keep their order.
 */
void mv_json_set(struct mv_json *object, const char *key, struct mv_json *v);
void mv_json_push(struct mv_json *array, struct mv_json *v);

/*
 * One line (`indent` 0) or pretty with that many spaces. Adds no newline.
 * What a terminal might obey (C0, DEL, C1, bidirectional controls) is
 * escaped. On failure `out` is as it was.
 */
int mv_json_print(struct mv_buf *out, const struct mv_json *v, int indent,
		  struct mv_err *err);

/* Such a value. Printed, it is {"number":"<text>"}, which mv_json_parse()
   reads as that object; mv_json_number_text() knows both. */
struct mv_json *mv_json_number(const char *text);
/*
 * Canonical text: no blanks, keys sorted by bytes at every depth, but the
 * keys of `first` (NULL-terminated; may be NULL) lead the outermost object
 * in that order.
 */
int mv_json_print_canonical(struct mv_buf *out, const struct mv_json *v,
			    const char *const *first, struct mv_err *err);

/*
 * The shortest decimal text that reads back as the same double, with a "."
 * or an exponent in it so that it stays a real ("0.1", "1.0", "1e-05");
 * "nan", "inf", "-inf". `text` has room for 32. Returns text.
 */
char *mv_print_real(char *text, double v);

#endif
