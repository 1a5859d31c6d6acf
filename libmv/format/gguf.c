/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"

/*
 * GGUF versions 2 and 3 (docs/format/layouts.md):
 *
 *   "GGUF" u32 version u64 n_tensors u64 n_kv
 *   n_kv x (string key, u32 type, value)
 *   n_tensors x (string name, u32 n_dims, u64 ne[], u32 type, u64 offset)
 *   pad to general.alignment | data
 *
 * The header does not say how long it is. Counts are believed only as far
 * as there are bytes: nothing is allocated by a count.
 */
#define STRING_MAX (64u * 1024 * 1024)
#define ARRAY_MAX (64u * 1024 * 1024)
#define KV_MAX (1u << 20)
#define NAME_MAX_LEN 64u	/* with the reference's NUL */
#define ALIGNMENT_MAX (1u << 20)
#define ELEMENTS_SHOWN 8u

enum kv_type {
	KV_U8, KV_I8, KV_U16, KV_I16, KV_U32, KV_I32, KV_F32, KV_BOOL,
	KV_STRING, KV_ARRAY, KV_U64, KV_I64, KV_F64, KV_TYPES
};

static const struct {
	const char *name;
	uint32_t size;		/* 0: its own length */
} kv_types[KV_TYPES] = {
	{ "u8", 1 }, { "i8", 1 }, { "u16", 2 }, { "i16", 2 }, { "u32", 4 },
	{ "i32", 4 }, { "f32", 4 }, { "bool", 1 }, { "string", 0 },
	{ "array", 0 }, { "u64", 8 }, { "i64", 8 }, { "f64", 8 },
};

/* Tensor types by id; no name: removed, nobody may use it. */
static const struct {
	const char *name;
	uint32_t block;		/* elements */
	uint32_t bytes;
	enum mv_dtype dtype;
} types[] = {
	{ "F32", 1, 4, MV_DTYPE_F32 },
	{ "F16", 1, 2, MV_DTYPE_F16 },
	{ "Q4_0", 32, 18, MV_DTYPE_BLOCK },
	{ "Q4_1", 32, 20, MV_DTYPE_BLOCK },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ "Q5_0", 32, 22, MV_DTYPE_BLOCK },
	{ "Q5_1", 32, 24, MV_DTYPE_BLOCK },
	{ "Q8_0", 32, 34, MV_DTYPE_BLOCK },
	{ "Q8_1", 32, 36, MV_DTYPE_BLOCK },
	{ "Q2_K", 256, 84, MV_DTYPE_BLOCK },
	{ "Q3_K", 256, 110, MV_DTYPE_BLOCK },
	{ "Q4_K", 256, 144, MV_DTYPE_BLOCK },
	{ "Q5_K", 256, 176, MV_DTYPE_BLOCK },
	{ "Q6_K", 256, 210, MV_DTYPE_BLOCK },
	{ "Q8_K", 256, 292, MV_DTYPE_BLOCK },
	{ "IQ2_XXS", 256, 66, MV_DTYPE_BLOCK },
	{ "IQ2_XS", 256, 74, MV_DTYPE_BLOCK },
	{ "IQ3_XXS", 256, 98, MV_DTYPE_BLOCK },
	{ "IQ1_S", 256, 50, MV_DTYPE_BLOCK },
	{ "IQ4_NL", 32, 18, MV_DTYPE_BLOCK },
	{ "IQ3_S", 256, 110, MV_DTYPE_BLOCK },
	{ "IQ2_S", 256, 82, MV_DTYPE_BLOCK },
	{ "IQ4_XS", 256, 136, MV_DTYPE_BLOCK },
	{ "I8", 1, 1, MV_DTYPE_I8 },
	{ "I16", 1, 2, MV_DTYPE_I16 },
	{ "I32", 1, 4, MV_DTYPE_I32 },
	{ "I64", 1, 8, MV_DTYPE_I64 },
	{ "F64", 1, 8, MV_DTYPE_F64 },
	{ "IQ1_M", 256, 56, MV_DTYPE_BLOCK },
	{ "BF16", 1, 2, MV_DTYPE_BF16 },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ "TQ1_0", 256, 54, MV_DTYPE_BLOCK },
	{ "TQ2_0", 256, 66, MV_DTYPE_BLOCK },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ NULL, 0, 0, MV_DTYPE_UNKNOWN },
	{ "MXFP4", 32, 17, MV_DTYPE_BLOCK },
};
#define TYPES (sizeof(types) / sizeof(*types))

struct reader {
	struct mv_layout *out;
	struct mv_head *head;
	uint64_t cap;
	uint64_t pos;
	uint32_t alignment;
	struct mv_name *names;	/* keys, then tensor names */
	size_t names_count;
	size_t names_alloc;
	char shown[MV_SHOWN];
	struct mv_err *err;
};

static int bid(const uint8_t *data, size_t len)
{
	return len >= 4 && !memcmp(data, "GGUF", 4) ? 90 : 0;
}

static int gguf_take(struct reader *r, const uint8_t **out, uint64_t len)
{
	int rc = mv_head_need(r->head, r->pos, len, r->cap, 1, r->err);

	if (rc < 0)
		return rc;
	*out = r->head->data + r->pos;
	r->pos += len;
	return 0;
}

static int take_u32(struct reader *r, uint32_t *out)
{
	const uint8_t *p;
	int rc = gguf_take(r, &p, 4);

	if (!rc)
		*out = mv_le32(p);
	return rc;
}

static int take_u64(struct reader *r, uint64_t *out)
{
	const uint8_t *p;
	int rc = gguf_take(r, &p, 8);

	if (!rc)
		*out = mv_le64(p);
	return rc;
}

static int take_string(struct reader *r, struct mv_name *out)
{
	const uint8_t *p;
	uint64_t len;
	int rc = take_u64(r, &len);

	if (rc < 0)
		return rc;
	if (len > STRING_MAX)
		return mv_fail(r->err, MV_EINVALID,
			       "a string claims %" PRIu64 " bytes", len);
	rc = gguf_take(r, &p, len);
	if (rc < 0)
		return rc;
	out->s = (const char *)p;
	out->len = (size_t)len;
	return 0;
}

static int gguf_remember(struct reader *r, const struct mv_name *name)
{
	if (MV_GROW(r->names, r->names_alloc, r->names_count + 1, r->err) < 0)
		return MV_ENOMEM;
	r->names[r->names_count++] = *name;
	return 0;
}

static int check_twice(struct reader *r, const char *what)
{
	const struct mv_name *n = mv_names_twice(r->names, r->names_count);

	r->names_count = 0;
	if (!n)
		return 0;
	return mv_fail(r->err, MV_EINVALID, "%s '%s' is there twice", what,
		       mv_name_shown(r->shown, n->s, n->len));
}

/* Where in the header, and in which entry of a list, something is wrong. `name`
   has no text where it was not read yet. */
static int gguf_in(struct reader *r, int rc, const char *what, uint64_t i,
		   uint64_t n, uint64_t start, const struct mv_name *name)
{
	char shown[MV_SHOWN] = "";

	if (rc != MV_EINVALID)
		return rc;
	if (name->s)
		mv_name_shown(shown, name->s, name->len);
	mv_err_prefix(r->err, "%s %" PRIu64 " of %" PRIu64 "%s%s%s at offset %"
		      PRIu64, what, i + 1, n, name->s ? " ('" : "", shown,
		      name->s ? "')" : "", start);
	return rc;
}

/* -- values --------------------------------------------------------------- */

/* As few digits as read back as the same number, but not "1e+04". */
static int add_real(struct mv_buf *out, double v, int is_float)
{
	char text[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (is_float ? strtof(text, NULL) == (float)v :
		    strtod(text, NULL) == v)
			break;
	}
	return mv_buf_addstr(out, text);
}

static int add_scalar(struct mv_buf *out, uint32_t type, const uint8_t *p)
{
	uint32_t u32;
	uint64_t u64;
	double d;
	float f;

	switch (type) {
	case KV_U8:
		return mv_buf_addf(out, "%u", p[0]);
	case KV_I8:
		return mv_buf_addf(out, "%d", (int8_t)p[0]);
	case KV_U16:
		return mv_buf_addf(out, "%u", mv_le16(p));
	case KV_I16:
		return mv_buf_addf(out, "%d", (int16_t)mv_le16(p));
	case KV_U32:
		return mv_buf_addf(out, "%" PRIu32, mv_le32(p));
	case KV_I32:
		return mv_buf_addf(out, "%" PRId32, (int32_t)mv_le32(p));
	case KV_U64:
		return mv_buf_addf(out, "%" PRIu64, mv_le64(p));
	case KV_I64:
		return mv_buf_addf(out, "%" PRId64, (int64_t)mv_le64(p));
	case KV_BOOL:
		return mv_buf_addstr(out, p[0] ? "true" : "false");
	case KV_F32:
		u32 = mv_le32(p);
		memcpy(&f, &u32, sizeof(f));
		return add_real(out, (double)f, 1);
	default:
		u64 = mv_le64(p);
		memcpy(&d, &u64, sizeof(d));
		return add_real(out, d, 0);
	}
}

static int check_bools(struct reader *r, const uint8_t *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (p[i] > 1)
			return mv_fail(r->err, MV_EINVALID,
				       "a bool is neither 0 nor 1");
	return 0;
}

/* One more than is kept shows that it was cut. */
static int add_string(struct mv_buf *out, const struct mv_name *s)
{
	return mv_buf_add(out, s->s, s->len <= MV_META_TEXT_MAX ? s->len :
			  MV_META_TEXT_MAX + 1);
}

static int array_of_strings(struct reader *r, struct mv_buf *text, uint64_t n)
{
	struct mv_name s;
	int bad = 0;
	int rc;

	for (uint64_t i = 0; i < n; i++) {
		rc = take_string(r, &s);
		if (rc < 0)
			return rc;
		if (i < ELEMENTS_SHOWN && text->len <= MV_META_TEXT_MAX) {
			bad |= mv_buf_addstr(text, i ? ", " : " ");
			bad |= add_string(text, &s);
		}
	}
	return bad ? mv_nomem(r->err) : 0;
}

static int array_of_scalars(struct reader *r, struct mv_buf *text,
			    uint32_t type, uint64_t n)
{
	uint32_t size = kv_types[type].size;
	const uint8_t *p;
	int bad = 0;
	int rc;

	rc = gguf_take(r, &p, n * size);	/* n <= ARRAY_MAX */
	if (rc < 0)
		return rc;
	if (type == KV_BOOL) {
		rc = check_bools(r, p, n);
		if (rc < 0)
			return rc;
	}
	for (uint64_t i = 0; i < n && i < ELEMENTS_SHOWN; i++) {
		bad |= mv_buf_addstr(text, i ? ", " : " ");
		bad |= add_scalar(text, type, p + i * size);
	}
	return bad ? mv_nomem(r->err) : 0;
}

static int array_value(struct reader *r, struct mv_buf *text)
{
	uint32_t type;
	uint64_t n;
	int rc;

	rc = take_u32(r, &type);
	if (!rc)
		rc = take_u64(r, &n);
	if (rc < 0)
		return rc;
	if (type >= KV_TYPES || type == KV_ARRAY)
		return mv_fail(r->err, MV_EINVALID,
			       "an array of type %" PRIu32 " is not allowed",
			       type);
	if (n > ARRAY_MAX)
		return mv_fail(r->err, MV_EINVALID,
			       "an array claims %" PRIu64 " elements", n);
	if (mv_buf_addf(text, "[%" PRIu64 " x %s]", n, kv_types[type].name))
		return mv_nomem(r->err);
	rc = type == KV_STRING ? array_of_strings(r, text, n) :
		array_of_scalars(r, text, type, n);
	if (!rc && n > ELEMENTS_SHOWN && mv_buf_addstr(text, ", ..."))
		return mv_nomem(r->err);
	return rc;
}

static int plain_value(struct reader *r, struct mv_buf *text, uint32_t type,
		       const uint8_t **raw)
{
	struct mv_name s;
	int rc;

	if (type == KV_STRING) {
		rc = take_string(r, &s);
		if (!rc && add_string(text, &s))
			rc = mv_nomem(r->err);
		return rc;
	}
	rc = gguf_take(r, raw, kv_types[type].size);
	if (!rc && type == KV_BOOL)
		rc = check_bools(r, *raw, 1);
	if (!rc && add_scalar(text, type, *raw))
		rc = mv_nomem(r->err);
	return rc;
}

static int check_alignment(struct reader *r, uint32_t type,
			   const uint8_t *raw)
{
	uint32_t a = type == KV_U32 ? mv_le32(raw) : 0;

	if (!a || a & (a - 1) || a > ALIGNMENT_MAX)
		return mv_fail(r->err, MV_EINVALID,
			       "general.alignment is not a power of two up to %u",
			       ALIGNMENT_MAX);
	r->alignment = a;
	return 0;
}

static int gguf_check_key(struct reader *r, const struct mv_name *key)
{
	size_t i;

	for (i = 0; i < key->len; i++) {
		char c = key->s[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    c != '_' && c != '.')
			break;
	}
	if (key->len && memchr(key->s, 0, key->len))
		return mv_fail(r->err, MV_EINVALID, "a key holds a NUL");
	if ((i < key->len || key->len > 65535 || !key->len) &&
	    mv_layout_note(r->out, "a key is not lower-case ASCII", r->err) < 0)
		return MV_ENOMEM;
	return gguf_remember(r, key);
}

static int one_kv(struct reader *r, struct mv_buf *text, struct mv_name *key)
{
	static const char alignment[] = "general.alignment";
	const uint8_t *raw = NULL;
	uint32_t type;
	int rc;

	mv_buf_clear(text);
	rc = take_string(r, key);
	if (!rc)
		rc = take_u32(r, &type);
	if (!rc)
		rc = gguf_check_key(r, key);
	if (rc < 0)
		return rc;
	if (type >= KV_TYPES)
		return mv_fail(r->err, MV_EINVALID,
			       "it has the unknown type %" PRIu32, type);
	rc = type == KV_ARRAY ? array_value(r, text) :
		plain_value(r, text, type, &raw);
	if (!rc && key->len == sizeof(alignment) - 1 &&
	    !memcmp(key->s, alignment, key->len))
		rc = check_alignment(r, type, raw);
	if (!rc && !r->head->for_runs)
		rc = mv_layout_meta(r->out, key->s, key->len, text->data,
				    text->len, r->err);
	return rc;
}

static int all_kv(struct reader *r, uint64_t n)
{
	struct mv_buf text;
	int rc = 0;

	if (n > KV_MAX)
		return mv_fail(r->err, MV_EINVALID,
			       "the file claims %" PRIu64 " keys", n);
	mv_buf_init(&text, 65536);
	for (uint64_t i = 0; i < n && !rc; i++) {
		struct mv_name key = { NULL, 0 };
		uint64_t start = r->pos;

		rc = gguf_in(r, one_kv(r, &text, &key), "key", i, n, start,
			     &key);
	}
	mv_buf_release(&text);
	return rc ? rc : check_twice(r, "key");
}

/* -- tensors -------------------------------------------------------------- */

static int tensor_shape(struct reader *r, struct mv_tensor *t)
{
	uint64_t product = 1;
	uint64_t ne;
	int over = 0;
	int rc;

	for (uint32_t i = 0; i < t->rank; i++) {
		rc = take_u64(r, &ne);
		if (rc < 0)
			return rc;
		t->shape[t->rank - 1 - i] = ne;	/* innermost comes first */
		if (ne)
			over |= __builtin_mul_overflow(product, ne, &product);
	}
	if (over || product >= INT64_MAX)
		return mv_fail(r->err, MV_EINVALID,
			       "it has too many elements");
	return 0;
}

static int tensor_type(struct reader *r, struct mv_tensor *t, uint32_t id)
{
	uint64_t inner = t->rank ? t->shape[t->rank - 1] : 1;
	char name[24];

	if (id >= TYPES) {
		snprintf(name, sizeof(name), "type %" PRIu32, id);
		t->dtype_name = mv_layout_strn(r->out, name, strlen(name));
		if (!t->dtype_name)
			return mv_nomem(r->err);
		return mv_layout_note(r->out, "a dtype is unknown", r->err);
	}
	if (!types[id].name)
		return mv_fail(r->err, MV_EINVALID,
			       "it has the removed type %" PRIu32, id);
	if (inner % types[id].block)
		return mv_fail(r->err, MV_EINVALID,
			       "it is not a whole number of %s blocks",
			       types[id].name);
	t->dtype = types[id].dtype;
	t->dtype_name = types[id].name;
	t->unit = types[id].bytes;
	if (__builtin_mul_overflow(mv_tensor_elements(t) / types[id].block,
				   types[id].bytes, &t->length))
		return mv_fail(r->err, MV_EINVALID, "it is too large");
	return 0;
}

static int one_tensor(struct reader *r, struct mv_name *name)
{
	struct mv_tensor *t;
	uint32_t rank, type;
	int rc;

	rc = take_string(r, name);
	if (!rc)
		rc = take_u32(r, &rank);
	if (rc < 0)
		return rc;
	if (name->len >= NAME_MAX_LEN ||
	    (name->len && memchr(name->s, 0, name->len)))
		return mv_fail(r->err, MV_EINVALID,
			       "that is not a tensor's name");
	if (rank > 4)
		return mv_fail(r->err, MV_EINVALID,
			       "it has %" PRIu32 " dimensions", rank);
	t = mv_layout_add(r->out, rank);
	if (!t)
		return mv_nomem(r->err);
	t->name = mv_layout_strn(r->out, name->s, name->len);
	if (!t->name)
		return mv_nomem(r->err);
	rc = gguf_remember(r, name);
	if (!rc)
		rc = tensor_shape(r, t);
	if (!rc)
		rc = take_u32(r, &type);
	if (!rc)
		rc = take_u64(r, &t->offset);
	if (!rc)
		rc = tensor_type(r, t, type);
	return rc;
}

static int pad(const struct reader *r, uint64_t *n)
{
	uint64_t rest = *n % r->alignment;

	return rest && __builtin_add_overflow(*n, r->alignment - rest, n);
}

/*
 * Offsets must be the running sum of padded lengths. What is of a type that
 * we cannot measure ends where the next one begins.
 */
static int check_offsets(struct reader *r)
{
	uint64_t sum = 0;
	int known = 1;
	int over = 0;

	for (size_t i = 0; i < r->out->count; i++) {
		struct mv_tensor *t = &r->out->tensors[i];

		mv_name_shown(r->shown, t->name, strlen(t->name));
		if (known ? t->offset != sum :
		    t->offset < sum || t->offset % r->alignment)
			return mv_fail(r->err, MV_EINVALID,
				       "tensor '%s' is not where it must be: "
				       "it says %" PRIu64 ", and the one "
				       "before it ends at %" PRIu64,
				       r->shown, t->offset, sum);
		if (!known)
			t[-1].length = t->offset - t[-1].offset;
		known = t->dtype != MV_DTYPE_UNKNOWN;
		sum = t->offset;
		over |= __builtin_add_overflow(sum, t->length, &sum);
		over |= pad(r, &sum);
		/* the sum must stay a file offset when the header is added */
		if (over || sum > INT64_MAX)
			return mv_fail(r->err, MV_EINVALID,
				       "tensor '%s' is too large", r->shown);
	}
	return 0;
}

static int gguf_place(struct reader *r)
{
	uint64_t size = r->head->file_size;
	struct mv_layout *out = r->out;
	struct mv_tensor *last;
	uint64_t end;

	out->header_len = r->pos;
	if (!out->count)
		return 0;
	pad(r, &out->header_len);	/* far from overflow */
	for (size_t i = 0; i < out->count; i++)
		out->tensors[i].offset += out->header_len;
	if (size == UINT64_MAX)
		return 0;
	last = &out->tensors[out->count - 1];
	if (last->dtype == MV_DTYPE_UNKNOWN && last->offset < size)
		last->length = size - last->offset;
	end = last->offset + last->length;
	if (end > size)
		return mv_fail(r->err, MV_EINVALID,
			       "the file ends before its tensors do: '%s' ends "
			       "at %" PRIu64 ", the file at %" PRIu64,
			       mv_name_shown(r->shown, last->name,
					     strlen(last->name)), end, size);
	if (size - end >= r->alignment)
		return mv_layout_note(out,
				      "there are bytes behind the last tensor",
				      r->err);
	return 0;
}

static int parse_all(struct reader *r)
{
	const uint8_t *magic;
	uint64_t n_tensors, n_kv;
	uint32_t version;
	int rc;

	rc = gguf_take(r, &magic, 4);
	if (!rc)
		rc = take_u32(r, &version);
	if (rc < 0)
		return rc;
	if (!(version & 0xffff))
		return mv_fail(r->err, MV_EINVALID,
			       "GGUF in big-endian order is not supported");
	if (version < 2 || version > 3)
		return mv_fail(r->err, MV_EINVALID,
			       "GGUF version %" PRIu32 " is not supported",
			       version);
	rc = take_u64(r, &n_tensors);
	if (!rc)
		rc = take_u64(r, &n_kv);
	if (rc < 0)
		return rc;
	if (n_tensors > MV_TENSORS_MAX)
		return mv_fail(r->err, MV_EINVALID,
			       "the file claims %" PRIu64 " tensors",
			       n_tensors);
	rc = all_kv(r, n_kv);
	for (uint64_t i = 0; i < n_tensors && !rc; i++) {
		struct mv_name name = { NULL, 0 };
		uint64_t start = r->pos;

		rc = gguf_in(r, one_tensor(r, &name), "tensor", i, n_tensors,
			     start, &name);
	}
	if (!rc)
		rc = check_twice(r, "tensor");
	if (!rc)
		rc = check_offsets(r);
	return rc ? rc : gguf_place(r);
}

static int gguf_parse(struct mv_layout *out, struct mv_head *head,
		      struct mv_err *err)
{
	struct reader r = {
		.out = out,
		.head = head,
		.cap = head->for_runs ? MV_RUN_HEAD_MAX : MV_HEAD_MAX,
		.alignment = 32,
		.err = err
	};
	int rc = parse_all(&r);

	free(r.names);
	return rc;
}

const struct mv_format mv_format_gguf = { "gguf", bid, gguf_parse };
