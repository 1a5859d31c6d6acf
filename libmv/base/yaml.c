/* SPDX-License-Identifier: MIT */
#include "libmv/base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "libmv/base/words.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"

/*
 * By events, not by yaml_parser_load(): a loaded document does not say whether
 * a plain scalar was tagged `!!str` (12 or "12"), has lost where an alias stood,
 * which messages name, and refuses an anchor that is set again.
 */
#define DEPTH_MAX 63	/* as mv_json_parse_loose() */
#define EXPANDED_MAX 100000
#define ANCHORS_MAX 1000

struct anchor {
	char *name;
	const struct mv_json *value;	/* NULL while it is being read */
};

struct reader {
	yaml_parser_t parser;
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
	size_t expanded;	/* nodes that aliases stood for, so far */
	struct mv_json *kept;	/* merged mappings, for anchors in them */
	struct mv_err *err;
};

__attribute__((format(printf, 3, 4)))
static int yaml_fail_at(struct reader *r, const yaml_mark_t *mark,
			const char *fmt,
			...)
{
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	mv_vwords(what, sizeof(what), fmt, ap);
	va_end(ap);
	return mv_fail(r->err, MV_EINVALID, "YAML line %zu column %zu: %s",
		       mark->line + 1, mark->column + 1, what);
}

static int next_event(yaml_event_t *event, struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	if (yaml_parser_parse(&r->parser, event))
		return 0;
	if (p->error == YAML_MEMORY_ERROR)
		return mv_nomem(r->err);
	/* The reader knows no lines: the mark is of what came before. */
	return yaml_fail_at(r, p->error == YAML_READER_ERROR ? &p->mark :
			    &p->problem_mark, "%s",
			    p->problem ? p->problem : "syntax error");
}

/* -- scalars: the YAML 1.2 core schema ------------------------------------ */

static int is_any(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return 1;
	return 0;
}

static size_t yaml_digits(const char *s)
{
	return strspn(s, "0123456789");
}

static int is_float(const char *s)
{
	size_t whole, part = 0;

	s += *s == '-' || *s == '+';
	whole = yaml_digits(s);
	s += whole;
	if (*s == '.') {
		part = yaml_digits(++s);
		s += part;
	}
	if (!whole && !part)
		return 0;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (!yaml_digits(s))
			return 0;
		s += yaml_digits(s);
	}
	return !*s;
}

/* NULL: it is no number. */
static struct mv_json *number(const char *s)
{
	static const char *const nan[] = { ".nan", ".NaN", ".NAN", NULL };
	static const char *const inf[] = { ".inf", ".Inf", ".INF", NULL };
	const char *body = s + (*s == '-' || *s == '+');
	int based = s[0] == '0' && (s[1] == 'x' || s[1] == 'o') && s[2];
	long long whole;
	double real;

	if (based && s[2 + strspn(s + 2, s[1] == 'x' ?
				  "0123456789abcdefABCDEF" : "01234567")])
		return NULL;
	errno = 0;
	if (based) {
		whole = strtoll(s + 2, NULL, s[1] == 'x' ? 16 : 8);
		/* Longer ones are digests, not quantities. */
		return errno ? NULL : mv_json_int(whole);
	}
	if (is_any(s, nan))
		return mv_json_number("nan");
	if (is_any(body, inf))
		return mv_json_number(*s == '-' ? "-inf" : "inf");
	if (*body && !body[yaml_digits(body)]) {
		whole = strtoll(s, NULL, 10);
		return errno ? mv_json_number(s + (*s == '+')) :
			       mv_json_int(whole);
	}
	if (!is_float(s))
		return NULL;
	real = strtod(s, NULL);
	if (real <= 1.7976931348623157e308 && real >= -1.7976931348623157e308)
		return mv_json_real(real);
	return mv_json_number(s + (*s == '+'));
}

static struct mv_json *plain(const char *s)
{
	static const char *const null[] = {
		"", "~", "null", "Null", "NULL", NULL
	};
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	struct mv_json *v;

	if (is_any(s, null))
		return mv_json_null();
	if (is_any(s, yes) || is_any(s, no))
		return mv_json_bool(is_any(s, yes));
	v = number(s);
	return v ? v : mv_json_str(s);
}

static int fail_tag(struct reader *r, const yaml_event_t *e, const char *tag)
{
	return yaml_fail_at(r, &e->start_mark, "tag '%.80s' is not known here",
			    tag);
}

/* What `!!int` and its like promise. */
static int tag_fits(const char *name, enum mv_json_type type)
{
	if (!strcmp(name, "int"))
		return type == MV_JSON_INT || type == MV_JSON_NUMBER;
	if (!strcmp(name, "float"))
		return type == MV_JSON_REAL || type == MV_JSON_INT ||
		       type == MV_JSON_NUMBER;
	if (!strcmp(name, "bool"))
		return type == MV_JSON_BOOL;
	return !strcmp(name, "null") && type == MV_JSON_NULL;
}

static int read_scalar(struct mv_json **out, struct reader *r,
		       const yaml_event_t *e)
{
	static const char core[] = "tag:yaml.org,2002:";
	const char *text = (const char *)e->data.scalar.value;
	const char *tag = (const char *)e->data.scalar.tag;
	size_t len = e->data.scalar.length;

	if (strlen(text) != len)
		return yaml_fail_at(r, &e->start_mark,
				    "NUL character in a string");
	if (!tag && e->data.scalar.plain_implicit) {
		*out = plain(text);
		return 0;
	}
	if (!tag || !strcmp(tag, "!") || !strcmp(tag,
						 "tag:yaml.org,2002:str")) {
		*out = mv_json_strn(text, len);
		return 0;
	}
	if (strncmp(tag, core, sizeof(core) - 1))
		return fail_tag(r, e, tag);
	*out = plain(text);
	if (tag_fits(tag + sizeof(core) - 1, mv_json_type(*out)))
		return 0;
	mv_json_free(*out);
	*out = NULL;
	return fail_tag(r, e, tag);
}

/* -- aliases -------------------------------------------------------------- */

static int add_anchor(size_t *at, struct reader *r, const yaml_event_t *e,
		      const yaml_char_t *name)
{
	struct anchor *a = &r->anchors[r->anchor_count];

	if (r->anchor_count == ANCHORS_MAX)
		return yaml_fail_at(r, &e->start_mark, "more than %d anchors",
				    ANCHORS_MAX);
	a->name = strdup((const char *)name);
	if (!a->name)
		return mv_nomem(r->err);
	a->value = NULL;
	*at = r->anchor_count++;
	return 0;
}

static int find_anchor(const struct mv_json **out, struct reader *r,
		       const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	size_t i = r->anchor_count;

	while (i && strcmp(r->anchors[i - 1].name, name))
		i--;
	if (!i)
		return yaml_fail_at(r, &e->start_mark, "no anchor '%.80s'",
				    name);
	*out = r->anchors[i - 1].value;
	if (!*out)
		return yaml_fail_at(r, &e->start_mark,
				    "alias '%.80s' stands for what it is in", name);
	return 0;
}

struct copying {
	struct reader *r;
	const yaml_mark_t *mark;
	struct mv_json *into;
	int depth;
	int merge;		/* leave what is there already */
};

static int yaml_copy(struct mv_json **out, const struct copying *c,
		     const struct mv_json *v, int depth);

static int copy_member(void *payload, const char *key,
		       const struct mv_json *value)
{
	struct copying *c = payload;
	struct mv_json *one;
	int rc;

	if (c->merge && mv_json_get(c->into, key))
		return 0;
	rc = yaml_copy(&one, c, value, c->depth + 1);
	if (!rc)
		mv_json_set(c->into, key, one);
	return rc;
}

static int copy_object(struct mv_json *into, const struct copying *from,
		       const struct mv_json *v, int merge, int depth)
{
	struct copying c = *from;

	c.into = into;
	c.depth = depth;
	c.merge = merge;
	return mv_json_each(v, copy_member, &c);
}

static int copy_array(struct mv_json *into, const struct copying *c,
		      const struct mv_json *v, int depth)
{
	int rc = 0;

	for (size_t i = 0; i < mv_json_size(v) && !rc; i++) {
		struct mv_json *one;

		rc = yaml_copy(&one, c, mv_json_at(v, i), depth + 1);
		if (!rc)
			mv_json_push(into, one);
	}
	return rc;
}

static struct mv_json *copy_scalar(const struct mv_json *v)
{
	const char *text;
	size_t len;

	switch (mv_json_type(v)) {
	case MV_JSON_STRING:
		text = mv_json_get_str(v, &len);
		return mv_json_strn(text, len);
	case MV_JSON_INT:
		return mv_json_int(mv_json_get_int(v));
	case MV_JSON_REAL:
		return mv_json_real(mv_json_get_real(v));
	case MV_JSON_BOOL:
		return mv_json_bool(mv_json_get_bool(v));
	case MV_JSON_NUMBER:
		return mv_json_number(mv_json_number_text(v));
	default:
		return mv_json_null();
	}
}

/* What an alias stands for, counted: ten of ten of ten ... are too many. */
static int yaml_copy(struct mv_json **out, const struct copying *c,
		     const struct mv_json *v, int depth)
{
	enum mv_json_type type = mv_json_type(v);
	int rc = 0;

	*out = NULL;
	if (++c->r->expanded > EXPANDED_MAX)
		return yaml_fail_at(c->r, c->mark,
				    "aliases stand for more than %d nodes",
				    EXPANDED_MAX);
	if (depth >= DEPTH_MAX &&
	    (type == MV_JSON_OBJECT || type == MV_JSON_ARRAY))
		return yaml_fail_at(c->r, c->mark, "nested deeper than %d",
				    DEPTH_MAX);
	if (type == MV_JSON_OBJECT) {
		*out = mv_json_object();
		rc = copy_object(*out, c, v, 0, depth);
	} else if (type == MV_JSON_ARRAY) {
		*out = mv_json_array();
		rc = copy_array(*out, c, v, depth);
	} else {
		*out = copy_scalar(v);
	}
	if (rc) {
		mv_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* -- nodes ---------------------------------------------------------------- */

static int read_node(struct mv_json **out, struct reader *r, yaml_event_t *e,
		     int depth);

static int read_sequence(struct mv_json *into, struct reader *r, int depth)
{
	struct mv_json *one;
	yaml_event_t e;
	int rc;

	for (;;) {
		rc = next_event(&e, r);
		if (rc)
			return rc;
		if (e.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&e);
			return 0;
		}
		rc = read_node(&one, r, &e, depth + 1);
		yaml_event_delete(&e);
		if (rc)
			return rc;
		mv_json_push(into, one);
	}
}

/* `<<: *a` and `<<: [*a, *b]`: what is here, then a, then b counts. The
   sources wait in `merges` until all that is here has been read. */
static int take_merge(struct mv_json *merges, struct reader *r,
		      struct mv_json *value, const yaml_mark_t *mark)
{
	size_t count = mv_json_type(value) == MV_JSON_ARRAY ?
		       mv_json_size(value) : 0;
	int bad = !count && mv_json_type(value) != MV_JSON_OBJECT;

	for (size_t i = 0; i < count && !bad; i++)
		bad = mv_json_type(mv_json_at(value, i)) != MV_JSON_OBJECT;
	mv_json_push(merges, value);
	return bad ? yaml_fail_at(r, mark, "'<<' takes mappings") : 0;
}

static int do_merges(struct mv_json *into, struct reader *r,
		     const struct mv_json *merges, const yaml_mark_t *mark,
		     int depth)
{
	const struct copying c = { r, mark, NULL, 0, 0 };
	int rc = 0;

	for (size_t i = 0; i < mv_json_size(merges) && !rc; i++) {
		const struct mv_json *m = mv_json_at(merges, i);

		if (mv_json_type(m) == MV_JSON_OBJECT)
			rc = copy_object(into, &c, m, 1, depth);
		for (size_t j = 0; mv_json_type(m) == MV_JSON_ARRAY &&
		     j < mv_json_size(m) && !rc; j++)
			rc = copy_object(into, &c, mv_json_at(m, j), 1, depth);
	}
	return rc;
}

static int yaml_check_key(struct reader *r, const yaml_event_t *e,
			  const struct mv_json *into, int is_merge)
{
	const char *key = (const char *)e->data.scalar.value;

	if (e->type != YAML_SCALAR_EVENT)
		return yaml_fail_at(r, &e->start_mark,
				    e->type == YAML_ALIAS_EVENT ?
				    "an alias as a key" :
				    "a key that is no scalar");
	if (e->data.scalar.anchor || (e->data.scalar.tag &&
	    strcmp((const char *)e->data.scalar.tag, "tag:yaml.org,2002:str")))
		return yaml_fail_at(r, &e->start_mark,
				    "a key with a tag or anchor");
	if (strlen(key) != e->data.scalar.length)
		return yaml_fail_at(r, &e->start_mark,
				    "NUL character in a key");
	if (!is_merge && mv_json_get(into, key))
		return yaml_fail_at(r, &e->start_mark,
				    "key '%.80s' occurs twice",
				    key);
	return 0;
}

static int read_pair(struct mv_json *into, struct reader *r,
		     const yaml_event_t *key, struct mv_json *merges,
		     int depth)
{
	const char *name = (const char *)key->data.scalar.value;
	int is_merge = key->type == YAML_SCALAR_EVENT &&
		       key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		       !strcmp(name, "<<");
	struct mv_json *value;
	yaml_event_t e;
	int rc = yaml_check_key(r, key, into, is_merge);

	if (!rc && is_merge && mv_json_size(merges))
		rc = yaml_fail_at(r, &key->start_mark, "key '<<' occurs twice");
	if (rc)
		return rc;
	rc = next_event(&e, r);
	if (rc)
		return rc;
	rc = read_node(&value, r, &e, depth + 1);
	yaml_event_delete(&e);
	if (rc)
		return rc;
	if (is_merge)
		return take_merge(merges, r, value, &key->start_mark);
	mv_json_set(into, name, value);
	return 0;
}

static int read_mapping(struct mv_json *into, struct reader *r,
			const yaml_mark_t *mark, int depth)
{
	struct mv_json *merges = mv_json_array();
	yaml_event_t e;
	int rc, end = 0;

	do {
		rc = next_event(&e, r);
		if (rc)
			break;
		end = e.type == YAML_MAPPING_END_EVENT;
		if (!end)
			rc = read_pair(into, r, &e, merges, depth);
		yaml_event_delete(&e);
	} while (!rc && !end);
	if (!rc)
		rc = do_merges(into, r, merges, mark, depth);
	/* Anchors in what was merged may still be asked for. */
	mv_json_push(r->kept, merges);
	return rc;
}

static int read_collection(struct mv_json **out, struct reader *r,
			   yaml_event_t *e, int depth)
{
	int is_map = e->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag = is_map ? e->data.mapping_start.tag :
					  e->data.sequence_start.tag;
	int rc;

	if (depth >= DEPTH_MAX)
		return yaml_fail_at(r, &e->start_mark, "nested deeper than %d",
				    DEPTH_MAX);
	if (tag && strcmp((const char *)tag, is_map ?
			  "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq"))
		return fail_tag(r, e, (const char *)tag);
	*out = is_map ? mv_json_object() : mv_json_array();
	rc = is_map ? read_mapping(*out, r, &e->start_mark, depth) :
		      read_sequence(*out, r, depth);
	if (rc) {
		mv_json_free(*out);
		*out = NULL;
	}
	return rc;
}

static int read_alias(struct mv_json **out, struct reader *r,
		      const yaml_event_t *e, int depth)
{
	const struct copying c = { r, &e->start_mark, NULL, 0, 0 };
	const struct mv_json *v;
	int rc = find_anchor(&v, r, e);

	return rc ? rc : yaml_copy(out, &c, v, depth);
}

static const yaml_char_t *anchor_of(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static int read_node(struct mv_json **out, struct reader *r, yaml_event_t *e,
		     int depth)
{
	const yaml_char_t *name = anchor_of(e);
	size_t at = 0;
	int rc = 0;

	*out = NULL;
	if (name)
		rc = add_anchor(&at, r, e, name);
	if (rc)
		return rc;
	if (e->type == YAML_ALIAS_EVENT)
		rc = read_alias(out, r, e, depth);
	else if (e->type == YAML_SCALAR_EVENT)
		rc = read_scalar(out, r, e);
	else
		rc = read_collection(out, r, e, depth);
	if (!rc && name)
		r->anchors[at].value = *out;
	return rc;
}

/* -- the stream ----------------------------------------------------------- */

static int expect(struct reader *r, yaml_event_type_t type)
{
	yaml_event_t e;
	int rc = next_event(&e, r);

	if (rc)
		return rc;
	if (e.type != type)
		rc = yaml_fail_at(r, &e.start_mark, "a second document");
	yaml_event_delete(&e);
	return rc;
}

static int read_stream(struct mv_json **out, struct reader *r)
{
	yaml_event_t e;
	int rc, empty;

	rc = expect(r, YAML_STREAM_START_EVENT);
	if (!rc)
		rc = next_event(&e, r);
	if (rc)
		return rc;
	empty = e.type == YAML_STREAM_END_EVENT;
	yaml_event_delete(&e);
	if (empty) {
		*out = mv_json_null();
		return 0;
	}
	rc = next_event(&e, r);
	if (rc)
		return rc;
	rc = read_node(out, r, &e, 0);
	yaml_event_delete(&e);
	if (!rc)
		rc = expect(r, YAML_DOCUMENT_END_EVENT);
	if (!rc)
		rc = expect(r, YAML_STREAM_END_EVENT);
	return rc;
}

int mv_yaml_parse(struct mv_json **out, const char *data, size_t len,
		  struct mv_err *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (!r || !yaml_parser_initialize(&r->parser)) {
		free(r);
		return mv_nomem(err);
	}
	if (len >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
		data += 3;
		len -= 3;
	}
	r->err = err;
	r->kept = mv_json_array();
	/* Said, so that a byte order mark does not make it UTF-16. */
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)data,
				     len);
	rc = read_stream(out, r);
	if (!rc && !mv_json_ok(*out))
		rc = mv_nomem(err);
	if (rc) {
		mv_json_free(*out);
		*out = NULL;
	}
	mv_json_free(r->kept);
	for (size_t i = 0; i < r->anchor_count; i++)
		free(r->anchors[i].name);
	yaml_parser_delete(&r->parser);
	free(r);
	return rc;
}
