/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/json.h"
#include "libmv/base/json-read.h"

/*
 * safetensors: u64le N | N bytes of JSON | data (docs/format/layouts.md).
 * Refuses all that the reference reader refuses, and duplicate keys.
 */
#define RANK_MAX 16u

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
	uint64_t data_start;
	char shown[MV_SHOWN];
	struct mv_err *err;
};

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

static int one_meta(void *payload, const char *key,
		    const struct mv_json *value)
{
	struct walk *w = payload;
	const char *s;
	size_t len;

	if (mv_json_type(value) != MV_JSON_STRING)
		return mv_fail(w->err, MV_EINVALID,
			       "metadata '%s' is not a string",
			       mv_name_shown(w->shown, key, strlen(key)));
	if (w->head->for_runs)
		return 0;
	s = mv_json_get_str(value, &len);
	return mv_layout_meta(w->out, key, strlen(key), s, len, w->err);
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
	if (!strcmp(key, "__metadata__"))
		return mv_json_each(value, one_meta, w);
	return one_tensor(w, key, value);
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
	struct mv_json *root = NULL;
	const char *text;
	uint64_t n;
	int rc;

	n = mv_le64(head->data);
	rc = mv_head_need(head, 8, n, cap, 0, err);
	if (rc < 0)
		return rc;
	text = (const char *)head->data + 8;
	w.data_start = 8 + n;
	out->header_len = w.data_start;
	rc = plausible(text, (size_t)n, err);
	if (rc < 0)
		goto out;
	rc = mv_json_parse(&root, text, (size_t)n, err);
	if (rc < 0) {
		mv_err_prefix(err, "the header is not valid JSON");
		goto out;
	}
	rc = mv_json_each(root, one_entry, &w);
	if (!rc)
		rc = check_order(&w);
out:
	mv_json_free(root);
	return rc;
}

const struct mv_format mv_format_safetensors = { "safetensors", bid, safetensors_parse };
