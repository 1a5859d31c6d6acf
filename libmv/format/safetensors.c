/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/base/json.h"
#include "libmv/base/json-read.h"

/*
 * safetensors: u64le N | N bytes of JSON | data (docs/format/layouts.md).
 * Refuses all that the reference reader refuses, and duplicate keys.
 */
#define RANK_MAX 16u
#define METAS_MAX MV_TENSORS_MAX
/* What is said of one tensor: no longer than all that runs are made of. */
#define ENTRY_MAX MV_SAFETENSORS_RUNS_MAX

static const struct {
	const char *name;
	enum mv_dtype dtype;
	unsigned bits;
	unsigned unit;
} dtypes[] = {
	{ "BF16", MV_DTYPE_BF16, 16, 2 },
	{ "F32", MV_DTYPE_F32, 32, 4 },
	{ "F16", MV_DTYPE_F16, 16, 2 },
	{ "BOOL", MV_DTYPE_BOOL, 8, 1 },
	{ "U8", MV_DTYPE_U8, 8, 1 },
	{ "I8", MV_DTYPE_I8, 8, 1 },
	{ "F8_E4M3", MV_DTYPE_F8_E4M3, 8, 1 },
	{ "F8_E5M2", MV_DTYPE_F8_E5M2, 8, 1 },
	{ "F8_E8M0", MV_DTYPE_F8_OTHER, 8, 1 },
	{ "F8_E4M3FNUZ", MV_DTYPE_F8_OTHER, 8, 1 },
	{ "F8_E5M2FNUZ", MV_DTYPE_F8_OTHER, 8, 1 },
	{ "F4", MV_DTYPE_BLOCK, 4, 1 },
	{ "F6_E2M3", MV_DTYPE_BLOCK, 6, 3 },
	{ "F6_E3M2", MV_DTYPE_BLOCK, 6, 3 },
	{ "U16", MV_DTYPE_U16, 16, 2 },
	{ "I16", MV_DTYPE_I16, 16, 2 },
	{ "U32", MV_DTYPE_U32, 32, 4 },
	{ "I32", MV_DTYPE_I32, 32, 4 },
	{ "U64", MV_DTYPE_U64, 64, 8 },
	{ "I64", MV_DTYPE_I64, 64, 8 },
	{ "F64", MV_DTYPE_F64, 64, 8 },
	{ "C64", MV_DTYPE_C64, 64, 8 },
};

struct walk {
	struct mv_layout *out;
	const struct mv_head *head;
	const char *text;	/* the header */
	uint64_t data_start;
	struct mv_buf one;	/* the member in work, as an object */
	struct mv_name *metas;	/* keys of the metadata */
	size_t meta_count, meta_alloc;
	int has_meta;
	char shown[MV_SHOWN];
	struct mv_err *err;
};

/* A member of an object, as text: "key": value. */
struct member {
	const char *text;
	size_t len;
	size_t key;		/* bytes of the key, quotes included; 0: none */
	const char *value;
	size_t value_len;
};

typedef int (*member_fn)(struct walk *w, const struct member *m);

static int bid(const uint8_t *data, size_t len)
{
	uint64_t n;

	if (len < 10 || data[8] != '{')
		return 0;
	n = mv_le64(data);
	return n >= 2 && n <= MV_SAFETENSORS_HEAD_MAX ? 50 : 0;
}

/*
 * Before a tree is made of untrusted text, see whether it can be a header
 * at all: a tree takes up to 75 times the memory of text like "[{},{},{}",
 * while real entries are at least 40 bytes long. Also finds what the JSON
 * parser takes and the reference does not: "-0", and a NUL behind a number.
 */
static int plausible(const char *s, size_t len, struct mv_err *err)
{
	size_t objects = 0, arrays = 0, commas = 0, depth = 0;
	int in_string = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (!c)
			return mv_fail(err, MV_EINVALID,
				       "the header holds a NUL");
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = 0;
			continue;
		}
		in_string = c == '"';
		objects += c == '{';
		arrays += c == '[';
		depth += c == '[';
		depth -= c == ']' && depth;
		commas += c == ',' && depth;
		if (c == '-')
			return mv_fail(err, MV_EINVALID,
				       "the header holds a negative number");
	}
	if (objects > len / 40 + 4 || arrays > 4 * objects + 16 ||
	    commas > (RANK_MAX + 2) * objects + 16)
		return mv_fail(err, MV_EINVALID,
			       "the header is not a list of tensors");
	return 0;
}

static size_t skip_space(const char *s, size_t len, size_t at)
{
	while (at < len && memchr(" \t\r\n", s[at], 4))
		at++;
	return at;
}

/* Behind the string that begins at `at`, or `len`. */
static size_t skip_string(const char *s, size_t len, size_t at)
{
	for (at++; at < len && s[at] != '"'; at++)
		at += s[at] == '\\';
	return at < len ? at + 1 : len;
}

/* Where the member that begins at `at` ends: at a comma or brace, or `len`. */
static size_t member_end(const char *s, size_t len, size_t at)
{
	size_t depth = 0;

	while (at < len) {
		char c = s[at];

		if (c == '"') {
			at = skip_string(s, len, at);
			continue;
		}
		if (!depth && (c == ',' || c == '}'))
			break;
		depth += c == '{' || c == '[';
		depth -= (c == '}' || c == ']') && depth;
		at++;
	}
	return at;
}

static int bad_json(struct walk *w, const char *at)
{
	return mv_fail(w->err, MV_EINVALID,
		       "the header is not valid JSON, at its byte %zu",
		       (size_t)(at - w->text));
}

/*
 * The members of an object, one by one: the tree of a whole header of 100 MB
 * would take more than a gigabyte. Only where a member ends is found here;
 * that it is valid is for the JSON parser to say, which gets each of them.
 */
static int each_member(struct walk *w, const char *s, size_t len,
		       member_fn fn)
{
	size_t at = skip_space(s, len, 0), end;
	int rc;

	if (at == len || s[at] != '{')
		return bad_json(w, s + at);
	end = skip_space(s, len, at + 1);
	if (end < len && s[end] == '}')
		at = end;
	while (s[at] != '}') {
		struct member m = { NULL, 0, 0, NULL, 0 };

		at = skip_space(s, len, at + 1);
		end = member_end(s, len, at);
		if (end == len || end == at)
			return bad_json(w, s + at);
		m.text = s + at;
		m.len = end - at;
		if (s[at] == '"')
			m.key = skip_string(m.text, m.len, 0);
		at = skip_space(m.text, m.len, m.key);
		m.value = m.text + at + (at < m.len);
		m.value_len = m.len - at - (at < m.len);
		rc = fn(w, &m);
		if (rc)
			return rc;
		at = end;
	}
	at = skip_space(s, len, at + 1);
	return at < len ? bad_json(w, s + at) : 0;
}

/* Parse one member, or the key alone, and say what it is. */
static int parse_text(struct walk *w, const struct member *m, size_t len,
		      const char *end, mv_json_fn fn)
{
	struct mv_json *root;
	int rc;

	w->one.len = 0;
	if (mv_buf_addch(&w->one, '{') ||
	    mv_buf_add(&w->one, m->text, len) ||
	    mv_buf_addstr(&w->one, end))
		return mv_nomem(w->err);
	rc = mv_json_parse(&root, w->one.data, w->one.len, w->err);
	if (rc < 0) {
		mv_err_prefix(w->err,
			      "the header is not valid JSON, in what begins at its byte %zu",
			      (size_t)(m->text - w->text));
		return rc;
	}
	rc = mv_json_each(root, fn, w);
	mv_json_free(root);
	return rc;
}

static int parse_member(struct walk *w, const struct member *m, mv_json_fn fn)
{
	return parse_text(w, m, m->len, "}", fn);
}

static int one_meta(void *payload, const char *key,
		    const struct mv_json *value)
{
	struct walk *w = payload;
	struct mv_name *name;
	const char *s;
	size_t len;

	if (mv_json_type(value) != MV_JSON_STRING)
		return mv_fail(w->err, MV_EINVALID,
			       "metadata '%s' is not a string",
			       mv_name_shown(w->shown, key, strlen(key)));
	if (w->meta_count == METAS_MAX)
		return mv_fail(w->err, MV_EINVALID, "more than %u metadata",
			       METAS_MAX);
	if (MV_GROW(w->metas, w->meta_alloc, w->meta_count + 1, w->err) < 0)
		return MV_ENOMEM;
	name = &w->metas[w->meta_count++];
	name->len = strlen(key);
	name->s = mv_layout_strn(w->out, key, name->len);
	if (!name->s)
		return mv_nomem(w->err);
	if (w->head->for_runs)
		return 0;
	s = mv_json_get_str(value, &len);
	return mv_layout_meta(w->out, key, strlen(key), s, len, w->err);
}

static int each_meta(struct walk *w, const struct member *m)
{
	return parse_member(w, m, one_meta);
}

static int is_count(const struct mv_json *v)
{
	return v && mv_json_type(v) == MV_JSON_INT && mv_json_get_int(v) >= 0;
}

static int is_counts(const struct mv_json *v, size_t min, size_t max)
{
	if (!v || mv_json_type(v) != MV_JSON_ARRAY)
		return 0;
	if (mv_json_size(v) < min || mv_json_size(v) > max)
		return 0;
	for (size_t i = 0; i < mv_json_size(v); i++)
		if (!is_count(mv_json_at(v, i)))
			return 0;
	return 1;
}

/* Does the length fit the shape? A dtype that we do not know does. */
static int check_size(struct walk *w, struct mv_tensor *t, const char *dtype,
		      size_t dtype_len)
{
	uint64_t bits = 1;
	int over = 0;

	for (size_t i = 0; i < sizeof(dtypes) / sizeof(*dtypes); i++) {
		if (strcmp(dtypes[i].name, dtype))
			continue;
		for (uint32_t d = 0; d < t->rank; d++)
			over |= __builtin_mul_overflow(bits, t->shape[d],
						       &bits);
		over |= __builtin_mul_overflow(bits, dtypes[i].bits, &bits);
		if (over || bits % 8 || bits / 8 != t->length)
			return mv_fail(w->err, MV_EINVALID,
				       "tensor '%s': its shape and dtype do not make its length",
				       w->shown);
		t->dtype = dtypes[i].dtype;
		t->dtype_name = dtypes[i].name;
		t->unit = dtypes[i].unit;
		return 0;
	}
	t->dtype_name = mv_layout_strn(w->out, dtype, dtype_len);
	if (!t->dtype_name)
		return mv_nomem(w->err);
	return mv_layout_note(w->out, "a dtype is unknown", w->err);
}

static int one_tensor(struct walk *w, const char *name,
		      const struct mv_json *v)
{
	const struct mv_json *shape = mv_json_get(v, "shape");
	const struct mv_json *offsets = mv_json_get(v, "data_offsets");
	const struct mv_json *dtype = mv_json_get(v, "dtype");
	struct mv_tensor *t;
	uint64_t begin, end;
	const char *s;
	size_t len;

	mv_name_shown(w->shown, name, strlen(name));
	if (!dtype || mv_json_type(dtype) != MV_JSON_STRING)
		return mv_fail(w->err, MV_EINVALID, "tensor '%s' has no dtype",
			       w->shown);
	if (!is_counts(shape, 0, RANK_MAX))
		return mv_fail(w->err, MV_EINVALID,
			       "tensor '%s' has no valid shape", w->shown);
	if (!is_counts(offsets, 2, 2))
		return mv_fail(w->err, MV_EINVALID,
			       "tensor '%s' has no valid offsets", w->shown);
	begin = (uint64_t)mv_json_get_int(mv_json_at(offsets, 0));
	end = (uint64_t)mv_json_get_int(mv_json_at(offsets, 1));
	if (end < begin)
		return mv_fail(w->err, MV_EINVALID,
			       "tensor '%s' ends before it begins", w->shown);
	if (w->out->count == MV_TENSORS_MAX)
		return mv_fail(w->err, MV_EINVALID, "more than %u tensors",
			       MV_TENSORS_MAX);
	t = mv_layout_add(w->out, (uint32_t)mv_json_size(shape));
	if (!t)
		return mv_nomem(w->err);
	t->name = mv_layout_strn(w->out, name, strlen(name));
	if (!t->name)
		return mv_nomem(w->err);
	for (uint32_t i = 0; i < t->rank; i++)
		t->shape[i] = (uint64_t)mv_json_get_int(mv_json_at(shape, i));
	t->offset = w->data_start + begin;
	t->length = end - begin;
	s = mv_json_get_str(dtype, &len);
	if (mv_json_size(v) > 3 &&
	    mv_layout_note(w->out, "a tensor has unknown fields", w->err) < 0)
		return MV_ENOMEM;
	return check_size(w, t, s, len);
}

static int one_entry(void *payload, const char *key,
		     const struct mv_json *value)
{
	struct walk *w = payload;

	if (mv_json_type(value) != MV_JSON_OBJECT)
		return mv_fail(w->err, MV_EINVALID, "'%s' is not an object",
			       mv_name_shown(w->shown, key, strlen(key)));
	return one_tensor(w, key, value);
}

/* Is this the key "__metadata__", however it is written? */
static int is_meta(void *payload, const char *key, const struct mv_json *value)
{
	(void)payload;
	(void)value;
	return !strcmp(key, "__metadata__");
}

static int key_is_meta(struct walk *w, const struct member *m)
{
	static const char plain[] = "\"__metadata__\"";

	if (!memchr(m->text, '\\', m->key))
		return m->key == sizeof(plain) - 1 &&
			!memcmp(m->text, plain, m->key);
	return parse_text(w, m, m->key, ":0}", is_meta);
}

static int each_entry(struct walk *w, const struct member *m)
{
	size_t at;
	int rc = key_is_meta(w, m);

	if (rc < 0)
		return rc;
	if (!rc && m->len > ENTRY_MAX)
		return mv_fail(w->err, MV_EINVALID,
			       "the entry of '%s' is too long",
			       mv_name_shown(w->shown, m->text, m->key));
	if (!rc)
		return parse_member(w, m, one_entry);
	at = skip_space(m->value, m->value_len, 0);
	if (at == m->value_len || m->value[at] != '{')
		return mv_fail(w->err, MV_EINVALID,
			       "'__metadata__' is not an object");
	if (w->has_meta)
		return mv_fail(w->err, MV_EINVALID,
			       "'__metadata__' is there twice");
	w->has_meta = 1;
	return each_member(w, m->value, m->value_len, each_meta);
}

static int check_twice(struct walk *w, const char *what,
		       struct mv_name *names, size_t count)
{
	const struct mv_name *twice = mv_names_twice(names, count);

	if (!twice)
		return 0;
	return mv_fail(w->err, MV_EINVALID, "%s '%s' is there twice", what,
		       mv_name_shown(w->shown, twice->s, twice->len));
}

static int check_names(struct walk *w)
{
	struct mv_name *names;
	int rc;

	rc = check_twice(w, "metadata", w->metas, w->meta_count);
	if (rc < 0 || !w->out->count)
		return rc;
	names = calloc(w->out->count, sizeof(*names));
	if (!names)
		return mv_nomem(w->err);
	for (size_t i = 0; i < w->out->count; i++) {
		names[i].s = w->out->tensors[i].name;
		names[i].len = strlen(names[i].s);
	}
	rc = check_twice(w, "tensor", names, w->out->count);
	free(names);
	return rc;
}

static int by_offset(const void *a, const void *b)
{
	const struct mv_tensor *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* No holes, no overlap, nothing behind the last one. */
static int check_order(struct walk *w)
{
	struct mv_layout *out = w->out;
	uint64_t end = w->data_start;

	if (out->count)
		qsort(out->tensors, out->count, sizeof(*out->tensors),
		      by_offset);
	for (size_t i = 0; i < out->count; i++) {
		const struct mv_tensor *t = &out->tensors[i];

		if (t->offset != end)
			return mv_fail(w->err, MV_EINVALID,
				       "tensor '%s' does not begin where the one before it ends",
				       mv_name_shown(w->shown, t->name,
						     strlen(t->name)));
		end += t->length;
	}
	if (w->head->file_size != UINT64_MAX && end > w->head->file_size)
		return mv_fail(w->err, MV_EINVALID,
			       "the file ends before its tensors do");
	if (w->head->file_size != UINT64_MAX && end < w->head->file_size)
		return mv_fail(w->err, MV_EINVALID,
			       "there are bytes behind the last tensor");
	return 0;
}

static int safetensors_parse(struct mv_layout *out, struct mv_head *head,
			     struct mv_err *err)
{
	uint64_t cap = 8 + (head->for_runs ? MV_SAFETENSORS_RUNS_MAX :
			    MV_SAFETENSORS_HEAD_MAX);
	struct walk w = { .out = out, .head = head, .err = err };
	const char *text;
	uint64_t n;
	int rc;

	n = mv_le64(head->data);
	rc = mv_head_need(head, 8, n, cap, 0, err);
	if (rc < 0)
		return rc;
	text = w.text = (const char *)head->data + 8;
	w.data_start = 8 + n;
	out->header_len = w.data_start;
	rc = plausible(text, (size_t)n, err);
	if (rc < 0)
		return rc;
	mv_buf_init(&w.one, MV_SAFETENSORS_HEAD_MAX + 8);
	rc = each_member(&w, text, (size_t)n, each_entry);
	if (!rc)
		rc = check_names(&w);
	if (!rc)
		rc = check_order(&w);
	mv_buf_release(&w.one);
	free(w.metas);
	return rc;
}

const struct mv_format mv_format_safetensors = { "safetensors", bid, safetensors_parse };
