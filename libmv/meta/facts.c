/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libmv/base/grow.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/utf8.h"
#include "libmv/base/yaml.h"
#include "libmv/meta/facts.h"
#include "libmv/meta/priv.h"

#define KEY_MAX 512

/* -- values --------------------------------------------------------------- */

static void value_release(struct mv_value *v)
{
	free(v->text);
	memset(v, 0, sizeof(*v));
}

static int value_text(struct mv_value *out, const char *text, size_t len,
		      struct mv_err *err)
{
	out->text = strndup(text, len);
	return out->text ? 0 : mv_nomem(err);
}

static int value_copy(struct mv_value *out, const struct mv_value *v,
		      struct mv_err *err)
{
	*out = *v;
	return value_text(out, v->text, strlen(v->text), err);
}

static int value_int(struct mv_value *out, int64_t i, struct mv_err *err)
{
	char text[32];

	memset(out, 0, sizeof(*out));
	out->type = MV_VALUE_INT;
	out->i = i;
	out->r = (double)i;
	snprintf(text, sizeof(text), "%" PRId64, i);
	return value_text(out, text, strlen(text), err);
}

static int value_real(struct mv_value *out, double r, struct mv_err *err)
{
	char text[32];

	memset(out, 0, sizeof(*out));
	out->type = MV_VALUE_REAL;
	out->r = r;
	mv_print_real(text, r);
	return value_text(out, text, strlen(text), err);
}

static int value_word(struct mv_value *out, enum mv_value_type type,
		      int64_t i, const char *text, struct mv_err *err)
{
	memset(out, 0, sizeof(*out));
	out->type = type;
	out->i = i;
	return value_text(out, text, strlen(text), err);
}

static size_t facts_digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* [-+] digits [. digits] [e digits], with digits before or behind the dot. */
static int is_number(const char *s, int *real)
{
	size_t whole, part = 0;

	*real = 0;
	s += *s == '-' || *s == '+';
	whole = facts_digits(s);
	s += whole;
	if (*s == '.') {
		*real = 1;
		part = facts_digits(s + 1);
		s += part + 1;
	}
	if (!whole && !part)
		return 0;
	if (*s == 'e' || *s == 'E') {
		*real = 1;
		s++;
		s += *s == '-' || *s == '+';
		if (!facts_digits(s))
			return 0;
		s += facts_digits(s);
	}
	return !*s;
}

/* Not-a-number and the infinities, as JSON text and people spell them. */
static int is_special(double *r, const char *s)
{
	int minus = *s == '-';

	if (!strcasecmp(s, "nan")) {
		*r = NAN;
		return 1;
	}
	s += minus || *s == '+';
	if (strcasecmp(s, "inf") && strcasecmp(s, "infinity"))
		return 0;
	*r = minus ? -INFINITY : INFINITY;
	return 1;
}

/* "nan", "inf", "-inf", or digits that neither int64 nor double can hold. */
static int number_from_text(struct mv_value *out, const char *text,
			    struct mv_err *err)
{
	double r;
	int real, rc;

	if (is_special(&r, text))
		return value_real(out, r, err);
	if (!is_number(text, &real) || strlen(text) > 4000)
		return MV_EINVALID;
	r = strtod(text, NULL);
	errno = 0;
	if (real ? isfinite(r) : (strtoll(text, NULL, 10), errno != ERANGE))
		return MV_EINVALID;
	rc = value_word(out, MV_VALUE_NUMBER, 0, text, err);
	out->r = r;
	return rc;
}

/* "007" is a name, not a seven. */
static int leading_zero(const char *s)
{
	s += *s == '-' || *s == '+';
	return *s == '0' && s[1] >= '0' && s[1] <= '9';
}

int mv_value_guess(struct mv_value *out, const char *s, struct mv_err *err)
{
	double r;
	int real, rc;

	if (!strcmp(s, "true") || !strcmp(s, "false"))
		return value_word(out, MV_VALUE_BOOL, *s == 't', s, err);
	if (!strcmp(s, "null"))
		return value_word(out, MV_VALUE_NULL, 0, s, err);
	if (is_special(&r, s))
		return value_real(out, r, err);
	if (!is_number(s, &real) || leading_zero(s))
		return mv_value_string(out, s, err);
	rc = number_from_text(out, s + (*s == '+'), err);
	if (rc != MV_EINVALID)
		return rc;
	return real ? value_real(out, strtod(s, NULL), err) :
		      value_int(out, strtoll(s, NULL, 10), err);
}

int mv_value_string(struct mv_value *out, const char *s, struct mv_err *err)
{
	return value_word(out, MV_VALUE_STRING, 0, s, err);
}

int mv_value_real(struct mv_value *out, double r, struct mv_err *err)
{
	return value_real(out, r, err);
}

void mv_value_release(struct mv_value *v)
{
	value_release(v);
}

int mv_value_is_number(const struct mv_value *v)
{
	return v->type == MV_VALUE_INT || v->type == MV_VALUE_REAL ||
	       v->type == MV_VALUE_NUMBER;
}

int mv_value_eq(const struct mv_value *a, const struct mv_value *b)
{
	if (a->type != b->type)
		return 0;
	if (a->type == MV_VALUE_INT || a->type == MV_VALUE_BOOL)
		return a->i == b->i;
	if (a->type == MV_VALUE_REAL)
		return a->r == b->r || (isnan(a->r) && isnan(b->r));
	return !strcmp(a->text, b->text);
}

static int cmp_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Exactly: a double cannot hold every int64. */
static int cmp_int_real(int64_t i, double r)
{
	int whole;

	if (r >= 9223372036854775808.0)
		return -1;
	if (r < -9223372036854775808.0)
		return 1;
	whole = cmp_int(i, (int64_t)r);
	return whole ? whole : (0 > r - (double)(int64_t)r) -
			       (0 < r - (double)(int64_t)r);
}

static int cmp_number(const struct mv_value *a, const struct mv_value *b)
{
	int a_int = a->type == MV_VALUE_INT, b_int = b->type == MV_VALUE_INT;

	if (isnan(a->r) || isnan(b->r))
		return !!isnan(a->r) - !!isnan(b->r);
	if (a_int && b_int)
		return cmp_int(a->i, b->i);
	if (a_int)
		return cmp_int_real(a->i, b->r);
	if (b_int)
		return -cmp_int_real(b->i, a->r);
	return (a->r > b->r) - (a->r < b->r);
}

int mv_value_cmp(const struct mv_value *a, const struct mv_value *b)
{
	int number = mv_value_is_number(a);

	if (number != mv_value_is_number(b))
		return number ? -1 : 1;
	return number ? cmp_number(a, b) : strcmp(a->text, b->text);
}

/* -- facts ---------------------------------------------------------------- */

static void fact_release(struct mv_fact *f)
{
	free(f->key);
	value_release(&f->value);
	f->key = NULL;
}

void mv_facts_release(struct mv_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		fact_release(&facts->v[i]);
	free(facts->v);
	memset(facts, 0, sizeof(*facts));
}

/* Where the key is, or belongs. */
static size_t facts_find(const struct mv_facts *facts, const char *key,
			 int *found)
{
	size_t low = 0, high = facts->count;

	*found = 0;
	/* Most keys come in order. */
	if (high && strcmp(facts->v[high - 1].key, key) < 0)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(facts->v[mid].key, key);

		if (!cmp) {
			*found = 1;
			return mid;
		}
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct mv_value *mv_facts_get(const struct mv_facts *facts,
				    const char *key)
{
	int found;
	size_t at = facts_find(facts, key, &found);

	return found ? &facts->v[at].value : NULL;
}

static int facts_check_key(const char *key, struct mv_err *err)
{
	size_t len = strlen(key);

	if (!len)
		return mv_fail(err, MV_EINVALID, "a value without a name");
	if (len > KEY_MAX)
		return mv_fail(err, MV_EINVALID, "key '%.40s...' is longer "
			       "than %d bytes", key, KEY_MAX);
	if (!mv_utf8_ok(key, len))
		return mv_fail(err, MV_EINVALID, "key '%.80s' is not UTF-8",
			       key);
	return 0;
}

int mv_facts_set(struct mv_facts *facts, const char *key,
		 const struct mv_value *value, uint32_t from,
		 struct mv_err *err)
{
	struct mv_fact f = { NULL, { 0 }, from };
	int found, rc = facts_check_key(key, err);
	size_t at;

	if (!rc && !mv_utf8_ok(value->text, strlen(value->text)))
		rc = mv_fail(err, MV_EINVALID, "value of '%.80s' is not "
			     "UTF-8", key);
	if (!rc)
		rc = value_copy(&f.value, value, err);
	if (rc)
		return rc;
	at = facts_find(facts, key, &found);
	if (found) {
		value_release(&facts->v[at].value);
		facts->v[at].value = f.value;
		facts->v[at].from = from;
		return 0;
	}
	rc = mv_set_str(&f.key, key, err);
	if (!rc)
		rc = MV_GROW(facts->v, facts->alloc, facts->count + 1, err);
	if (rc) {
		fact_release(&f);
		return rc;
	}
	memmove(&facts->v[at + 1], &facts->v[at],
		(facts->count - at) * sizeof(f));
	facts->v[at] = f;
	facts->count++;
	return 0;
}

int mv_facts_set_arg(struct mv_facts *facts, const char *arg,
		     struct mv_err *err)
{
	const char *eq = strchr(arg, '='), *text = eq ? eq + 1 : "";
	size_t len = strlen(text);
	struct mv_value v = { 0 };
	char *key, *inner;
	int rc;

	if (!eq || eq == arg)
		return mv_fail(err, MV_EINVALID,
			       "'%.200s' is not <key>=<value>",
			       arg);
	key = strndup(arg, (size_t)(eq - arg));
	if (!key)
		return mv_nomem(err);
	if (len >= 2 && *text == '"' && text[len - 1] == '"') {
		inner = strndup(text + 1, len - 2);
		rc = inner ? mv_value_string(&v, inner, err) : mv_nomem(err);
		free(inner);
	} else {
		rc = mv_value_guess(&v, text, err);
	}
	if (!rc)
		rc = mv_facts_set(facts, key, &v, 0, err);
	value_release(&v);
	free(key);
	return rc;
}

/* -- many at once: appended as they come, then sorted, then merged -------- */

int mv_facts_append(struct mv_facts *fresh, const char *key,
		    struct mv_value *value, uint32_t line, struct mv_err *err)
{
	struct mv_fact f = { NULL, *value, line };
	int rc = facts_check_key(key, err);

	memset(value, 0, sizeof(*value));
	if (!rc && !mv_utf8_ok(f.value.text, strlen(f.value.text)))
		rc = mv_fail(err, MV_EINVALID, "value of '%.80s' is not "
			     "UTF-8", key);
	if (!rc)
		rc = mv_set_str(&f.key, key, err);
	if (!rc)
		rc = MV_GROW(fresh->v, fresh->alloc, fresh->count + 1, err);
	if (rc)
		fact_release(&f);
	else
		fresh->v[fresh->count++] = f;
	return rc;
}

static int by_key(const void *a, const void *b)
{
	const struct mv_fact *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static int fail_twice(const struct mv_fact *a, const struct mv_fact *b,
		      struct mv_err *err)
{
	unsigned line = a->from > b->from ? a->from : b->from;

	if (line)
		return mv_fail(err, MV_EINVALID, "KEY line %u column 1: key "
			       "'%.200s' occurs twice", line, a->key);
	return mv_fail(err, MV_EINVALID, "key '%.200s' occurs twice", a->key);
}

int mv_facts_merge(struct mv_facts *facts, struct mv_facts *fresh,
		   struct mv_err *err)
{
	struct mv_facts all = MV_FACTS_INIT;
	size_t i = 0, j = 0;

	if (fresh->count)
		qsort(fresh->v, fresh->count, sizeof(*fresh->v), by_key);
	for (size_t k = 1; k < fresh->count; k++)
		if (!strcmp(fresh->v[k - 1].key, fresh->v[k].key))
			return fail_twice(&fresh->v[k - 1], &fresh->v[k], err);
	if (!fresh->count)
		return 0;
	all.alloc = facts->count + fresh->count;
	all.v = malloc(all.alloc * sizeof(*all.v));
	if (!all.v)
		return mv_nomem(err);
	while (i < facts->count || j < fresh->count) {
		int cmp = i == facts->count ? 1 : j == fresh->count ? -1 :
			  strcmp(facts->v[i].key, fresh->v[j].key);

		if (!cmp)
			fact_release(&facts->v[i++]);
		if (cmp >= 0)
			fresh->v[j].from = 0;
		all.v[all.count++] = cmp < 0 ? facts->v[i++] : fresh->v[j++];
	}
	free(facts->v);
	free(fresh->v);
	memset(fresh, 0, sizeof(*fresh));
	*facts = all;
	return 0;
}

/* -- trees ---------------------------------------------------------------- */

struct flattening {
	struct mv_facts fresh;
	struct mv_buf key;
	int numbers_only;
	int record;		/* {"number":...} and {"list":...} are ours */
	size_t skipped;
	struct mv_err *err;
};

static int list_value(struct mv_value *out, const struct mv_json *v,
		      struct mv_err *err)
{
	struct mv_buf text;
	int rc;

	mv_buf_init(&text, 16u << 20);
	rc = mv_json_print_canonical(&text, v, NULL, err);
	if (!rc)
		rc = value_word(out, MV_VALUE_LIST, 0, text.data, err);
	mv_buf_release(&text);
	return rc;
}

/* {"list":"[64,32]"}; MV_EINVALID: something else. */
static int list_from_text(struct mv_value *out, const struct mv_json *object,
			  struct mv_err *err)
{
	const char *text;
	struct mv_json *v;
	size_t len;
	int rc;

	text = mv_json_get_str(mv_json_get(object, "list"), &len);
	if (!text || mv_json_size(object) != 1 ||
	    mv_json_parse(&v, text, len, NULL))
		return MV_EINVALID;
	rc = mv_json_type(v) == MV_JSON_ARRAY ? list_value(out, v, err) :
	     MV_EINVALID;
	mv_json_free(v);
	return rc;
}

/* MV_EINVALID without a message: it is to be flattened. */
static int leaf(struct mv_value *out, struct flattening *f,
		const struct mv_json *v)
{
	const char *text;
	size_t len;
	int rc;

	memset(out, 0, sizeof(*out));
	switch (mv_json_type(v)) {
	case MV_JSON_STRING:
		text = mv_json_get_str(v, &len);
		if (strlen(text) != len)
			return mv_fail(f->err, MV_ENOTSUP, "a string with a "
				       "NUL character");
		return mv_value_string(out, text, f->err);
	case MV_JSON_INT:
		return value_int(out, mv_json_get_int(v), f->err);
	case MV_JSON_REAL:
		return value_real(out, mv_json_get_real(v), f->err);
	case MV_JSON_BOOL:
		return value_word(out, MV_VALUE_BOOL, mv_json_get_bool(v),
				  mv_json_get_bool(v) ? "true" : "false",
				  f->err);
	case MV_JSON_NULL:
		return value_word(out, MV_VALUE_NULL, 0, "null", f->err);
	case MV_JSON_ARRAY:
		return list_value(out, v, f->err);
	case MV_JSON_NUMBER:
		rc = number_from_text(out, mv_json_number_text(v), f->err);
		/* Whatever it is, it was written as a number. */
		return rc == MV_EINVALID ?
		       mv_value_guess(out, mv_json_number_text(v), f->err) :
		       rc;
	default:
		if (!f->record)
			return MV_EINVALID;
		if (mv_json_number_text(v))
			return number_from_text(out, mv_json_number_text(v),
						f->err);
		return list_from_text(out, v, f->err);
	}
}

static int flatten(struct flattening *f, const struct mv_json *v);

static int flatten_member(void *payload, const char *key,
			  const struct mv_json *value)
{
	struct flattening *f = payload;
	size_t before = f->key.len;
	int rc;

	if ((before && mv_buf_addch(&f->key, '.')) ||
	    mv_buf_addstr(&f->key, key))
		return mv_fail(f->err, MV_EINVALID, "key '%.40s...' is longer "
			       "than %d bytes", f->key.data, KEY_MAX);
	rc = flatten(f, value);
	f->key.len = before;
	if (f->key.alloc)
		f->key.data[before] = '\0';
	return rc;
}

static int flatten(struct flattening *f, const struct mv_json *v)
{
	struct mv_value value;
	int rc = leaf(&value, f, v);

	if (rc == MV_EINVALID)
		return mv_json_each(v, flatten_member, f);
	if (rc)
		return rc;
	if (f->numbers_only && (value.type == MV_VALUE_NULL ||
				value.type == MV_VALUE_LIST)) {
		f->skipped++;
		value_release(&value);
		return 0;
	}
	return mv_facts_append(&f->fresh, f->key.data, &value, 0, f->err);
}

int mv_facts_from_tree(struct mv_facts *facts, const struct mv_json *tree,
		       const char *prefix, int record, int numbers_only,
		       size_t *skipped, struct mv_err *err)
{
	struct flattening f = { .numbers_only = numbers_only,
				.record = record, .err = err };
	int rc = 0;

	mv_buf_init(&f.key, KEY_MAX + 2);
	if (mv_buf_addstr(&f.key, prefix))
		rc = mv_fail(err, MV_EINVALID, "prefix '%.40s...' is longer "
			     "than %d bytes", prefix, KEY_MAX);
	/* The outermost object is the facts, whatever it looks like. */
	if (!rc && mv_json_type(tree) == MV_JSON_OBJECT)
		rc = mv_json_each(tree, flatten_member, &f);
	else if (!rc && (mv_json_type(tree) != MV_JSON_NULL || *prefix))
		rc = flatten(&f, tree);
	if (!rc)
		rc = mv_facts_merge(facts, &f.fresh, err);
	if (!rc && skipped)
		*skipped += f.skipped;
	mv_facts_release(&f.fresh);
	mv_buf_release(&f.key);
	return rc;
}

int mv_facts_from_json(struct mv_facts *facts, const struct mv_json *tree,
		       const char *prefix, int numbers_only, size_t *skipped,
		       struct mv_err *err)
{
	return mv_facts_from_tree(facts, tree, prefix, 1, numbers_only,
				  skipped, err);
}

struct mv_json *mv_value_to_json(const struct mv_value *v)
{
	struct mv_json *list;

	switch (v->type) {
	case MV_VALUE_INT:
		return mv_json_int(v->i);
	case MV_VALUE_REAL:
		return isfinite(v->r) ? mv_json_real(v->r) :
					mv_json_number(v->text);
	case MV_VALUE_BOOL:
		return mv_json_bool(v->i != 0);
	case MV_VALUE_NULL:
		return mv_json_null();
	case MV_VALUE_NUMBER:
		return mv_json_number(v->text);
	case MV_VALUE_LIST:
		list = mv_json_object();
		mv_json_set(list, "list", mv_json_str(v->text));
		return list;
	default:
		return mv_json_str(v->text);
	}
}

struct mv_json *mv_facts_to_json(const struct mv_facts *facts)
{
	struct mv_json *o = mv_json_object();

	for (size_t i = 0; i < facts->count; i++)
		mv_json_set(o, facts->v[i].key,
			    mv_value_to_json(&facts->v[i].value));
	return o;
}

void mv_facts_put_name(struct mv_err *err, const char *name)
{
	size_t line, column;
	char was[sizeof(err->msg)];
	int at = 0;

	if (!err)
		return;
	memcpy(was, err->msg, sizeof(was));
	if (sscanf(was, "%*4[A-Z] line %zu column %zu: %n", &line, &column,
		   &at) >= 2 && at)
		mv_fail(err, err->code, "%s:%zu:%zu: %s", name, line, column,
			was + at);
	else
		mv_err_prefix(err, "%s", name);
}
