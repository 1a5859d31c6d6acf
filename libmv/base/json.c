/* SPDX-License-Identifier: MIT */
#include "libmv/base/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/base/utf8.h"
#include "libmv/base/json-read.h"

#define DEPTH_MAX 64	/* one less where numbers may become objects */

/*
 * `struct mv_json` is a json_t of jansson that our callers cannot look into.
 *
 * A value that could not be made is this one: it has a type that jansson
 * cannot print, so that a tree that holds it fails as a whole, and a
 * reference count that jansson never touches.
 */
#define TYPE_FAILED ((json_type)99)
static const json_t failed = { TYPE_FAILED, (size_t)-1 };

/*
 * A number that is kept as text is an object with this one key. Its first
 * byte is a NUL, which neither parsed text nor a C string can put into a key,
 * so nobody else can make one.
 */
static const char number_key[] = "\0number";
#define NUMBER_KEY_LEN (sizeof(number_key) - 1)

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

/* The text of a number in its box; NULL for anything else. */
static const char *boxed(const json_t *v)
{
	if (!json_is_object(v) || json_object_size(v) != 1)
		return NULL;
	return json_string_value(json_object_getn(v, number_key,
						  NUMBER_KEY_LEN));
}

/* -- building ------------------------------------------------------------- */

struct mv_json *mv_json_object(void)
{
	return wrap(json_object());
}

struct mv_json *mv_json_array(void)
{
	return wrap(json_array());
}

/* A copy with U+FFFD for each byte that is not UTF-8. */
static int replace_bad(struct mv_buf *out, const char *s, size_t len)
{
	int rc = 0;

	while (len && !rc) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		rc = n ? mv_buf_add(out, s, n) :
			 mv_buf_add(out, "\xef\xbf\xbd", 3);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	return rc;
}

struct mv_json *mv_json_strn(const char *s, size_t len)
{
	struct mv_buf copy;
	json_t *v = NULL;

	if (!s)
		return wrap(json_null());
	if (mv_utf8_ok(s, len))
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

struct mv_json *mv_json_number(const char *text)
{
	json_t *box = json_object();
	json_t *s = json_string(text);

	if (box && s && !json_object_setn_new_nocheck(box, number_key,
						      NUMBER_KEY_LEN, s))
		return wrap(box);
	/* A set that fails has let go of what it was given. */
	if (!box)
		json_decref(s);
	json_decref(box);
	return wrap(NULL);
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
	int rc;

	if (mv_utf8_ok(key, strlen(key)))
		return json_object_set_nocheck(o, key, value);
	mv_buf_init(&copy, SIZE_MAX);
	rc = replace_bad(&copy, key, strlen(key));
	if (!rc)
		rc = json_object_set_nocheck(o, copy.data, value);
	mv_buf_release(&copy);
	return rc;
}

void mv_json_set(struct mv_json *object, const char *key, struct mv_json *v)
{
	json_t *o = unwrap(object);
	json_t *value = given(v);

	if (has_failed(o))
		return;
	if (json_is_object(o) && !boxed(o) && set_key(o, key, value))
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

/* -- printing ------------------------------------------------------------- */

char *mv_print_real(char *text, double v)
{
	/* 15 digits always survive, 17 always suffice; what is below the
	   normal numbers may need fewer. */
	int precision = fabs(v) < 2.2250738585072014e-308 ? 1 : 15;

	if (isnan(v))
		return memcpy(text, "nan", 4);
	if (isinf(v))
		return memcpy(text, v < 0 ? "-inf" : "inf\0", 5);
	for (; precision <= 17; precision++) {
		const int len = snprintf(text, 32, "%.*g", precision, v);

		if (len > 0 && len < 32 && strtod(text, NULL) == v)
			break;
	}
	if (!strpbrk(text, ".e"))
		memcpy(text + strlen(text), ".0", 3);
	return text;
}

struct printer {
	struct mv_buf *out;
	int indent;
	int sorted;
	const char *const *first;	/* of the outermost object; or NULL */
};

static int print_value(struct printer *p, const json_t *v, int depth);

/* What a terminal might obey is escaped, not only what JSON asks for. */
static int add_escaped(struct mv_buf *out, uint32_t cp)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *l = letters; *l; l += 2)
		if (cp == (uint32_t)*l)
			return mv_buf_addf(out, "\\%c", l[1]);
	return mv_buf_addf(out, "\\u%04X", (unsigned)cp);
}

static int print_string(struct mv_buf *out, const char *s, size_t len)
{
	size_t plain = 0;
	int bad = mv_buf_addch(out, '"');

	for (size_t at = 0; at < len && !bad;) {
		uint32_t cp = (uint8_t)s[at];
		size_t n = cp < 0x80 ? 1 : mv_utf8_next(&cp, s + at, len - at);

		n = n ? n : 1;
		if (cp == '"' || cp == '\\' || mv_utf8_unsafe(cp)) {
			bad = mv_buf_add(out, s + plain, at - plain) ||
			      add_escaped(out, cp);
			plain = at + n;
		}
		at += n;
	}
	return bad || mv_buf_add(out, s + plain, len - plain) ||
	       mv_buf_addch(out, '"') ? MV_ENOMEM : 0;
}

static int break_line(struct printer *p, int depth)
{
	int bad = 0;

	if (p->indent > 0) {
		bad = mv_buf_addch(p->out, '\n');
		for (int i = 0; i < depth * p->indent && !bad; i++)
			bad = mv_buf_addch(p->out, ' ');
	}
	return bad;
}

static int print_array(struct printer *p, const json_t *v, int depth)
{
	size_t count = json_array_size(v);
	int bad = mv_buf_addch(p->out, '[');

	for (size_t i = 0; i < count && !bad; i++)
		bad = (i && mv_buf_addch(p->out, ',')) ||
		      break_line(p, depth + 1) ||
		      print_value(p, json_array_get(v, i), depth + 1);
	return bad || (count && break_line(p, depth)) ||
	       mv_buf_addch(p->out, ']') ? MV_ENOMEM : 0;
}

struct member {
	const char *key;
	size_t len;
	const json_t *value;
};

static int by_bytes(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int cmp = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	return cmp ? cmp : (x->len > y->len) - (x->len < y->len);
}

/* Members in the order of their keys; NULL and *count > 0: no memory. */
static struct member *sort_members(size_t *count, const json_t *object)
{
	json_t *o = (json_t *)object;
	struct member *all;
	size_t n = 0;

	*count = json_object_size(o);
	all = *count ? malloc(*count * sizeof(*all)) : NULL;
	if (!all)
		return NULL;
	for (void *it = json_object_iter(o); it;
	     it = json_object_iter_next(o, it)) {
		all[n].key = json_object_iter_key(it);
		all[n].len = json_object_iter_key_len(it);
		all[n++].value = json_object_iter_value(it);
	}
	qsort(all, n, sizeof(*all), by_bytes);
	return all;
}

static int print_member(struct printer *p, const char *key, size_t len,
			const json_t *value, int depth, size_t *printed)
{
	return ((*printed)++ && mv_buf_addch(p->out, ',')) ||
	       break_line(p, depth + 1) || print_string(p->out, key, len) ||
	       mv_buf_addstr(p->out, p->indent > 0 ? ": " : ":") ||
	       print_value(p, value, depth + 1);
}

static int leads(const char *const *first, const struct member *m)
{
	for (; first && *first; first++)
		if (strlen(*first) == m->len && !memcmp(*first, m->key, m->len))
			return 1;
	return 0;
}

static int print_sorted(struct printer *p, const json_t *v, int depth,
			size_t *printed)
{
	const char *const *first = depth ? NULL : p->first;
	size_t count;
	struct member *all = sort_members(&count, v);
	int bad = count && !all;

	for (const char *const *f = first; f && *f && !bad; f++) {
		const json_t *value = json_object_get(v, *f);

		if (value)
			bad = print_member(p, *f, strlen(*f), value, depth,
					   printed);
	}
	for (size_t i = 0; i < count && !bad; i++)
		if (!leads(first, &all[i]))
			bad = print_member(p, all[i].key, all[i].len,
					   all[i].value, depth, printed);
	free(all);
	return bad;
}

static int print_object(struct printer *p, const json_t *v, int depth)
{
	json_t *o = (json_t *)v;
	size_t printed = 0;
	int bad = mv_buf_addch(p->out, '{');

	if (p->sorted && !bad)
		bad = print_sorted(p, v, depth, &printed);
	else
		for (void *it = json_object_iter(o); it && !bad;
		     it = json_object_iter_next(o, it))
			bad = print_member(p, json_object_iter_key(it),
					   json_object_iter_key_len(it),
					   json_object_iter_value(it), depth,
					   &printed);
	return bad || (printed && break_line(p, depth)) ||
	       mv_buf_addch(p->out, '}') ? MV_ENOMEM : 0;
}

static int print_number(struct printer *p, const char *text, int depth)
{
	size_t printed = 0;
	json_t *s = json_string(text);
	int bad;

	bad = !s || mv_buf_addch(p->out, '{') ||
	      print_member(p, "number", 6, s, depth, &printed) ||
	      break_line(p, depth) || mv_buf_addch(p->out, '}');
	json_decref(s);
	return bad;
}

static int print_value(struct printer *p, const json_t *v, int depth)
{
	char real[32];

	switch (v->type) {
	case JSON_OBJECT:
		if (boxed(v))
			return print_number(p, boxed(v), depth);
		return print_object(p, v, depth);
	case JSON_ARRAY:
		return print_array(p, v, depth);
	case JSON_STRING:
		return print_string(p->out, json_string_value(v),
				    json_string_length(v));
	case JSON_INTEGER:
		return mv_buf_addf(p->out, "%" JSON_INTEGER_FORMAT,
				   json_integer_value(v));
	case JSON_REAL:
		return mv_buf_addstr(p->out,
				     mv_print_real(real, json_real_value(v)));
	case JSON_TRUE:
		return mv_buf_addstr(p->out, "true");
	case JSON_FALSE:
		return mv_buf_addstr(p->out, "false");
	case JSON_NULL:
		return mv_buf_addstr(p->out, "null");
	default:
		return MV_ENOMEM;
	}
}

static int json_print(struct printer *p, const struct mv_json *v,
		      struct mv_err *err)
{
	size_t before = p->out->len;

	if (v && !print_value(p, unwrap(v), 0))
		return 0;
	p->out->len = before;
	if (p->out->alloc)
		p->out->data[before] = '\0';
	return mv_fail(err, MV_ENOMEM,
		       "out of memory for JSON, or more than %zu bytes",
		       p->out->max);
}

int mv_json_print(struct mv_buf *out, const struct mv_json *v, int indent,
		  struct mv_err *err)
{
	struct printer p = { out, indent < 31 ? indent : 31, 0, NULL };

	return json_print(&p, v, err);
}

int mv_json_print_canonical(struct mv_buf *out, const struct mv_json *v,
			    const char *const *first, struct mv_err *err)
{
	struct printer p = { out, 0, 1, first };

	return json_print(&p, v, err);
}

/* -- parsing -------------------------------------------------------------- */

/*
 * jansson's own bound on depth is 2048 and compiled in. Text that is not
 * JSON is none of our business here: jansson will say so.
 */
static int check_text(const char *s, size_t len, int depth_max,
		      struct mv_err *err)
{
	int depth = 0, in_string = 0;
	size_t line = 1, start = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (c == '\n') {
			line++;
			start = i + 1;
		}
		/* jansson takes one behind a number for the end. */
		if (!c)
			return mv_fail(err, MV_EINVALID, "JSON line %zu column "
				       "%zu: NUL byte", line, i - start + 1);
		if (in_string) {
			/* What it escapes cannot be what we look for. */
			if (c == '\\' && i + 1 < len && s[i + 1] >= ' ')
				i++;
			else if (c == '"')
				in_string = 0;
		} else if (c == '"') {
			in_string = 1;
		} else if (c == '[' || c == '{') {
			if (++depth > depth_max)
				return mv_fail(err, MV_EINVALID,
					       "JSON line %zu column %zu: "
					       "nested deeper than %d", line,
					       i - start + 1, depth_max);
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
	int rc;

	mv_buf_init(&safe, sizeof(err->msg));
	if (mv_buf_add_safe(&safe, e->text, strlen(e->text)) < 0)
		mv_buf_clear(&safe);
	rc = mv_fail(err, json_error_code(e) == json_error_out_of_memory ?
		     MV_ENOMEM : MV_EINVALID, "JSON line %d column %d: %s",
		     e->line, e->column, safe.data);
	mv_buf_release(&safe);
	return rc;
}

static int json_parse(json_t **out, const char *data, size_t len, int depth_max,
		      struct mv_err *err)
{
	json_error_t e;
	int rc;

	*out = NULL;
	rc = check_text(data, len, depth_max, err);
	if (rc < 0)
		return rc;
	*out = json_loadb(data, len,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	return *out ? 0 : fail_parse(&e, err);
}

int mv_json_parse(struct mv_json **out, const char *data, size_t len,
		  struct mv_err *err)
{
	json_t *v;
	int rc = json_parse(&v, data, len, DEPTH_MAX, err);

	*out = rc ? NULL : wrap(v);
	return rc;
}

/* -- parsing what others write -------------------------------------------- */

/*
 * Words that jansson refuses are replaced by "0" and blanks, as many bytes as
 * they had, so that lines and columns stay those of the original. Which of
 * the document's numbers they were is remembered, and the tree, which keeps
 * the document's order, gets them back.
 */
struct odd {
	size_t ordinal;		/* the how manieth number it is */
	size_t at, len;
};
struct loose {
	char *text;
	struct odd *v;
	size_t count, alloc;
	size_t next;		/* to be put back */
	size_t seen;		/* numbers so far */
};

static int in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.' ||
	       c == '_';
}

static size_t json_digits(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= '0' && s[n] <= '9')
		n++;
	return n;
}

enum word { NO_NUMBER, FITS, TOO_LARGE };

/* Is it a JSON number, and does it fit? `s` ends at a byte that is no part
   of a number, or at a NUL. */
static enum word classify(const char *s, size_t len)
{
	size_t i = s[0] == '-', n = json_digits(s + i, len - i);
	int real = 0;

	if (!n || (n > 1 && s[i] == '0'))
		return NO_NUMBER;
	i += n;
	if (i < len && s[i] == '.') {
		real = 1;
		n = json_digits(s + i + 1, len - i - 1);
		if (!n)
			return NO_NUMBER;
		i += n + 1;
	}
	if (i < len && (s[i] == 'e' || s[i] == 'E')) {
		real = 1;
		i++;
		if (i < len && (s[i] == '+' || s[i] == '-'))
			i++;
		n = json_digits(s + i, len - i);
		if (!n)
			return NO_NUMBER;
		i += n;
	}
	if (i < len)
		return NO_NUMBER;
	errno = 0;
	if (real)
		return isinf(strtod(s, NULL)) ? TOO_LARGE : FITS;
	(void)strtoll(s, NULL, 10);
	return errno == ERANGE ? TOO_LARGE : FITS;
}

static const char *word_name(const char *s, size_t len)
{
	static const char *const words[][2] = {
		{ "NaN", "nan" }, { "Infinity", "inf" },
		{ "-Infinity", "-inf" }
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i][0]) == len && !memcmp(s, words[i][0], len))
			return words[i][1];
	return NULL;
}

static int replace_word(struct loose *l, size_t at, size_t len)
{
	if (MV_GROW(l->v, l->alloc, l->count + 1, NULL) < 0)
		return MV_ENOMEM;
	l->v[l->count].ordinal = l->seen;
	l->v[l->count].at = at;
	l->v[l->count++].len = len;
	memset(l->text + at, ' ', len);
	l->text[at] = '0';
	return 0;
}

static size_t skip_string(const char *s, size_t i, size_t len)
{
	for (i++; i < len && s[i] != '"'; i++)
		if (s[i] == '\\')
			i++;
	return i + 1;
}

/* Find the words to be replaced in `data`, which ends with a NUL. */
static int find_words(struct loose *l, const char *data, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = 0;
		enum word w;

		if (data[i] == '"') {
			i = skip_string(data, i, len);
			continue;
		}
		while (i + n < len && in_word(data[i + n]))
			n++;
		if (!n) {
			i++;
			continue;
		}
		w = word_name(data + i, n) ? TOO_LARGE : classify(data + i, n);
		if (w == TOO_LARGE && replace_word(l, i, n))
			return MV_ENOMEM;
		l->seen += w != NO_NUMBER;
		i += n;
	}
	return 0;
}

static struct mv_json *make_odd(const char *data, const struct odd *odd)
{
	const char *name = word_name(data + odd->at, odd->len);
	struct mv_json *v;
	char *text;

	if (name)
		return mv_json_number(name);
	text = strndup(data + odd->at, odd->len);
	v = text ? mv_json_number(text) : wrap(NULL);
	free(text);
	return v;
}

static json_t *put_back(struct loose *l, json_t *v, const char *data)
{
	json_t *was, *is;

	if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v); i++) {
			was = json_array_get(v, i);
			is = put_back(l, was, data);
			if (is != was && json_array_set_new(v, i, is))
				spoil(v);
		}
	} else if (json_is_object(v)) {
		for (void *it = json_object_iter(v); it;
		     it = json_object_iter_next(v, it)) {
			was = json_object_iter_value(it);
			is = put_back(l, was, data);
			if (is != was)
				json_object_iter_set_new(v, it, is);
		}
	} else if (json_is_number(v)) {
		if (l->next < l->count && l->v[l->next].ordinal == l->seen++)
			return unwrap(make_odd(data, &l->v[l->next++]));
	}
	return v;
}

int mv_json_parse_loose(struct mv_json **out, const char *data, size_t len,
			struct mv_err *err)
{
	struct loose l = { NULL, NULL, 0, 0, 0, 0 };
	char *original = NULL;
	json_t *v, *top;
	int rc;

	*out = NULL;
	if (len >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
		data += 3;
		len -= 3;
	}
	original = malloc(len + 1);
	l.text = malloc(len + 1);
	if (!original || !l.text) {
		rc = mv_nomem(err);
		goto out;
	}
	memcpy(original, data, len);
	memcpy(l.text, data, len);
	original[len] = l.text[len] = '\0';
	rc = find_words(&l, original, len) ? mv_nomem(err) :
	     json_parse(&v, l.text, len, DEPTH_MAX - 1, err);
	if (rc)
		goto out;
	l.seen = 0;
	top = l.count ? put_back(&l, v, original) : v;
	if (top != v)
		json_decref(v);
	*out = wrap(top);
	if (!mv_json_ok(*out)) {
		mv_json_free(*out);
		*out = NULL;
		rc = mv_nomem(err);
	}
out:
	free(l.v);
	free(l.text);
	free(original);
	return rc;
}

/* -- reading -------------------------------------------------------------- */

enum mv_json_type mv_json_type(const struct mv_json *v)
{
	switch (v ? json_typeof(unwrap(v)) : JSON_NULL) {
	case JSON_OBJECT:
		return boxed(unwrap(v)) ? MV_JSON_NUMBER : MV_JSON_OBJECT;
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
	if (json_is_array(unwrap(v)))
		return json_array_size(unwrap(v));
	return boxed(unwrap(v)) ? 0 : json_object_size(unwrap(v));
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
	int rc = 0;

	if (boxed(o))
		return 0;
	for (void *it = json_object_iter(o); it && !rc;
	     it = json_object_iter_next(o, it))
		rc = fn(payload, json_object_iter_key(it),
			(const struct mv_json *)json_object_iter_value(it));
	return rc;
}

const char *mv_json_number_text(const struct mv_json *v)
{
	const json_t *o = v ? unwrap(v) : NULL;

	if (boxed(o))
		return boxed(o);
	if (!json_is_object(o) || json_object_size(o) != 1)
		return NULL;
	return json_string_value(json_object_get(o, "number"));
}

static int not_ok(void *payload, const char *key, const struct mv_json *value)
{
	(void)payload;
	(void)key;
	return !mv_json_ok(value);
}

int mv_json_ok(const struct mv_json *v)
{
	if (!v || has_failed(unwrap(v)))
		return 0;
	for (size_t i = 0; i < json_array_size(unwrap(v)); i++)
		if (!mv_json_ok(mv_json_at(v, i)))
			return 0;
	return !mv_json_each(v, not_ok, NULL);
}
