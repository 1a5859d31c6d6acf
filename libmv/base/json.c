/* SPDX-License-Identifier: MIT */
#include "libmv/base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/utf8.h"

#define DEPTH_MAX 64

/*
 * `struct mv_json` is a json_t of jansson that our callers cannot look into.
 *
 * A value that could not be made is this one: it has a type that jansson
 * cannot print, so that a tree that holds it fails as a whole, and a
 * reference count that jansson never touches.
 */
#define TYPE_FAILED ((json_type)99)
static const json_t failed = { TYPE_FAILED, (size_t)-1 };

static struct mv_json *wrap(json_t *v)
{
	return (struct mv_json *)(v ? v : (json_t *)&failed);
}

static json_t *unwrap(const struct mv_json *v)
{
	return (json_t *)v;
}

/* A missing value counts as one that could not be made. */
static json_t *given(const struct mv_json *v)
{
	return v ? unwrap(v) : (json_t *)&failed;
}

/* -- building -- */

struct mv_json *mv_json_object(void)
{
	return wrap(json_object());
}

struct mv_json *mv_json_array(void)
{
	return wrap(json_array());
}

static int is_utf8(const char *s, size_t len)
{
	while (len) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		if (!n)
			return 0;
		s += n;
		len -= n;
	}
	return 1;
}

/* A copy with U+FFFD for each byte that is not UTF-8. */
static int replace_bad(struct mv_buf *out, const char *s, size_t len)
{
	int ret = 0;

	while (len && !ret) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		ret = n ? mv_buf_add(out, s, n) :
			  mv_buf_add(out, "\xef\xbf\xbd", 3);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	return ret;
}

struct mv_json *mv_json_strn(const char *s, size_t len)
{
	struct mv_buf copy;
	json_t *v = NULL;

	if (!s)
		return wrap(json_null());
	if (is_utf8(s, len))
		return wrap(json_stringn_nocheck(s, len));
	mv_buf_init(&copy, SIZE_MAX);
	if (!replace_bad(&copy, s, len))
		v = json_stringn_nocheck(copy.data, copy.len);
	mv_buf_release(&copy);
	return wrap(v);
}

struct mv_json *mv_json_str(const char *s)
{
	return mv_json_strn(s, s ? strlen(s) : 0);
}

struct mv_json *mv_json_int(int64_t v)
{
	return wrap(json_integer(v));
}

struct mv_json *mv_json_real(double v)
{
	return wrap(isfinite(v) ? json_real(v) : json_null());
}

struct mv_json *mv_json_bool(int v)
{
	return wrap(json_boolean(v));
}

struct mv_json *mv_json_null(void)
{
	return wrap(json_null());
}

void mv_json_free(struct mv_json *v)
{
	json_decref(unwrap(v));
}

/*
 * Remember that something could not be put in, without memory for it: an
 * entry that is there already becomes the failed value. An empty object has
 * none and gets the failed type itself. Its few bytes are never freed, nor
 * is what could not be put in: the caller may still be filling that.
 */
static void spoil(json_t *v)
{
	void *it;

	if (json_is_array(v) && json_array_size(v)) {
		json_array_set_new(v, 0, (json_t *)&failed);
		return;
	}
	it = json_is_object(v) ? json_object_iter(v) : NULL;
	if (it)
		json_object_iter_set_new(v, it, (json_t *)&failed);
	else if (v->refcount != (size_t)-1)
		v->type = TYPE_FAILED;
}

static int has_failed(const json_t *v)
{
	return v && v->type == TYPE_FAILED;
}

/* On failure `value` stays as it is. */
static int set_key(json_t *o, const char *key, json_t *value)
{
	struct mv_buf copy;
	int ret;

	if (is_utf8(key, strlen(key)))
		return json_object_set_nocheck(o, key, value);
	mv_buf_init(&copy, SIZE_MAX);
	ret = replace_bad(&copy, key, strlen(key));
	if (!ret)
		ret = json_object_set_nocheck(o, copy.data, value);
	mv_buf_release(&copy);
	return ret;
}

void mv_json_set(struct mv_json *object, const char *key, struct mv_json *v)
{
	json_t *o = unwrap(object);
	json_t *value = given(v);

	if (has_failed(o))
		return;
	if (json_is_object(o) && set_key(o, key, value))
		spoil(o);
	else
		json_decref(value);
}

void mv_json_push(struct mv_json *array, struct mv_json *v)
{
	json_t *a = unwrap(array);
	json_t *value = given(v);

	if (has_failed(a))
		return;
	if (json_is_array(a) && json_array_append(a, value))
		spoil(a);
	else
		json_decref(value);
}

/* -- printing -- */

static int add_text(const char *text, size_t len, void *payload)
{
	return mv_buf_add(payload, text, len);
}

/*
 * jansson escapes C0 only. The other characters that a terminal might obey
 * stand inside strings, nowhere else, and are escaped here.
 */
static int escape_from(struct mv_buf *out, size_t start)
{
	struct mv_buf tail;
	const char *s = out->data + start;
	size_t left = out->len - start;
	int ret = 0;

	mv_buf_init(&tail, out->max);
	while (left && !ret) {
		uint32_t cp = 0;
		size_t n = mv_utf8_next(&cp, s, left);

		n = n ? n : 1;
		if (cp >= 0x7f && mv_utf8_unsafe(cp))
			ret = mv_buf_addf(&tail, "\\u%04X", (unsigned)cp);
		else
			ret = mv_buf_add(&tail, s, n);
		s += n;
		left -= n;
	}
	if (!ret)
		ret = mv_buf_reserve(out, tail.len > out->len - start ?
				     tail.len - (out->len - start) : 0);
	if (!ret) {
		out->len = start;
		ret = mv_buf_add(out, tail.data, tail.len);
	}
	mv_buf_release(&tail);
	return ret;
}

static int needs_escape(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t b = (uint8_t)s[i];

		/* The first bytes of U+0080.., U+061C, U+2000.. */
		if (b == 0x7f || b == 0xc2 || b == 0xd8 || b == 0xe2)
			return 1;
	}
	return 0;
}

int mv_json_print(struct mv_buf *out, const struct mv_json *v, int indent,
		  struct mv_err *err)
{
	size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(17);
	size_t before = out->len;
	int ret = -1;

	flags |= indent > 0 ? JSON_INDENT(indent < 31 ? (size_t)indent : 31) :
			      JSON_COMPACT;
	if (v)
		ret = json_dump_callback(unwrap(v), add_text, out, flags);
	if (!ret && needs_escape(out->data + before, out->len - before))
		ret = escape_from(out, before);
	if (!ret)
		return 0;
	out->len = before;
	if (out->alloc)
		out->data[before] = '\0';
	return mv_fail(err, MV_ENOMEM,
		       "out of memory for JSON, or more than %zu bytes",
		       out->max);
}

/* -- parsing -- */

/*
 * jansson's own bound on depth is 2048 and compiled in. Text that is not
 * JSON is none of our business here: jansson will say so.
 */
static int check_depth(const char *s, size_t len, struct mv_err *err)
{
	int depth = 0, in_string = 0;
	size_t line = 1, start = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (c == '\n') {
			line++;
			start = i + 1;
		}
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = 0;
		} else if (c == '"') {
			in_string = 1;
		} else if (c == '[' || c == '{') {
			if (++depth > DEPTH_MAX)
				return mv_fail(err, MV_EINVALID,
					       "JSON line %zu column %zu: "
					       "nested deeper than %d", line,
					       i - start + 1, DEPTH_MAX);
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return 0;
}

/* jansson quotes the text around the error, which may be anything. */
static int fail_parse(const json_error_t *e, struct mv_err *err)
{
	struct mv_buf safe;
	int ret;

	mv_buf_init(&safe, sizeof(err->msg));
	if (mv_buf_add_safe(&safe, e->text, strlen(e->text)) < 0)
		mv_buf_clear(&safe);
	ret = mv_fail(err, json_error_code(e) == json_error_out_of_memory ?
		      MV_ENOMEM : MV_EINVALID, "JSON line %d column %d: %s",
		      e->line, e->column, safe.data);
	mv_buf_release(&safe);
	return ret;
}

int mv_json_parse(struct mv_json **out, const char *data, size_t len,
		  struct mv_err *err)
{
	json_error_t e;
	json_t *v;
	int ret;

	*out = NULL;
	ret = check_depth(data, len, err);
	if (ret < 0)
		return ret;
	v = json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!v)
		return fail_parse(&e, err);
	*out = wrap(v);
	return 0;
}

/* -- reading -- */

enum mv_json_type mv_json_type(const struct mv_json *v)
{
	switch (v ? json_typeof(unwrap(v)) : JSON_NULL) {
	case JSON_OBJECT:
		return MV_JSON_OBJECT;
	case JSON_ARRAY:
		return MV_JSON_ARRAY;
	case JSON_STRING:
		return MV_JSON_STRING;
	case JSON_INTEGER:
		return MV_JSON_INT;
	case JSON_REAL:
		return MV_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return MV_JSON_BOOL;
	default:
		return MV_JSON_NULL;
	}
}

const struct mv_json *mv_json_get(const struct mv_json *object,
				  const char *key)
{
	return (const struct mv_json *)json_object_get(unwrap(object), key);
}

size_t mv_json_size(const struct mv_json *v)
{
	return json_is_array(unwrap(v)) ? json_array_size(unwrap(v)) :
					  json_object_size(unwrap(v));
}

const struct mv_json *mv_json_at(const struct mv_json *array, size_t i)
{
	return (const struct mv_json *)json_array_get(unwrap(array), i);
}

const char *mv_json_get_str(const struct mv_json *v, size_t *len)
{
	if (len)
		*len = json_string_length(unwrap(v));
	return json_string_value(unwrap(v));
}

int64_t mv_json_get_int(const struct mv_json *v)
{
	return json_integer_value(unwrap(v));
}

double mv_json_get_real(const struct mv_json *v)
{
	return json_number_value(unwrap(v));
}

int mv_json_get_bool(const struct mv_json *v)
{
	return json_is_true(unwrap(v));
}

int mv_json_each(const struct mv_json *object, mv_json_fn fn, void *payload)
{
	json_t *o = unwrap(object);
	int ret = 0;

	for (void *it = json_object_iter(o); it && !ret;
	     it = json_object_iter_next(o, it))
		ret = fn(payload, json_object_iter_key(it),
			 (const struct mv_json *)json_object_iter_value(it));
	return ret;
}
