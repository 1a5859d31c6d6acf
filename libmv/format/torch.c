/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/format/pickle.h"

/*
 * PyTorch: data.pkl is a tree of dicts whose leaves are calls that would
 * rebuild tensors from storages (docs/format/layouts.md). The tree is walked
 * without recursion, names are joined with dots.
 */
#define RANK_MAX 64u
#define DEPTH_MAX 64u
#define VISITS_MAX (4u * 1024 * 1024)
#define NAME_MAX_LEN 4096u
#define META_DEPTH 1u

static const struct {
	const char *storage;	/* of module torch */
	const char *dtype_name;	/* of module torch, in new files */
	enum mv_dtype dtype;
	uint32_t size;
} types[] = {
	{ "FloatStorage", "float32", MV_DTYPE_F32, 4 },
	{ "BFloat16Storage", "bfloat16", MV_DTYPE_BF16, 2 },
	{ "HalfStorage", "float16", MV_DTYPE_F16, 2 },
	{ "DoubleStorage", "float64", MV_DTYPE_F64, 8 },
	{ "LongStorage", "int64", MV_DTYPE_I64, 8 },
	{ "IntStorage", "int32", MV_DTYPE_I32, 4 },
	{ "ShortStorage", "int16", MV_DTYPE_I16, 2 },
	{ "CharStorage", "int8", MV_DTYPE_I8, 1 },
	{ "ByteStorage", "uint8", MV_DTYPE_U8, 1 },
	{ "BoolStorage", "bool", MV_DTYPE_BOOL, 1 },
	{ "ComplexFloatStorage", "complex64", MV_DTYPE_C64, 8 },
	{ "ComplexDoubleStorage", "complex128", MV_DTYPE_C128, 16 },
	{ "QInt32Storage", "qint32", MV_DTYPE_I32, 4 },
	{ "QInt8Storage", "qint8", MV_DTYPE_I8, 1 },
	{ "QUInt8Storage", "quint8", MV_DTYPE_U8, 1 },
	{ "QUInt4x2Storage", "quint4x2", MV_DTYPE_BLOCK, 1 },
	{ "QUInt2x4Storage", "quint2x4", MV_DTYPE_BLOCK, 1 },
	{ NULL, "uint16", MV_DTYPE_U16, 2 },
	{ NULL, "uint32", MV_DTYPE_U32, 4 },
	{ NULL, "uint64", MV_DTYPE_U64, 8 },
	{ NULL, "float8_e4m3fn", MV_DTYPE_F8_E4M3, 1 },
	{ NULL, "float8_e5m2", MV_DTYPE_F8_E5M2, 1 },
	{ NULL, "float8_e4m3fnuz", MV_DTYPE_F8_OTHER, 1 },
	{ NULL, "float8_e5m2fnuz", MV_DTYPE_F8_OTHER, 1 },
	{ NULL, "float8_e8m0fnu", MV_DTYPE_F8_OTHER, 1 },
};
#define TYPES (sizeof(types) / sizeof(*types))

struct frame {
	uint32_t node;		/* the next item */
	uint32_t index;		/* of a list */
	size_t prefix;		/* how much of the name is the container's */
	enum { FRAME_DICT, FRAME_LIST, FRAME_STATE } kind;
};

struct tree {
	struct mv_torch *out;
	const struct mv_pickle *p;
	struct frame frame[DEPTH_MAX];
	unsigned depth;
	char name[NAME_MAX_LEN];
	size_t name_len;
	uint32_t visits;
	size_t alloc;		/* of storage_of */
	struct mv_err *err;
};

/* -- storages ------------------------------------------------------------- */

static int torch_bad(struct mv_err *err, const char *what)
{
	return mv_fail(err, MV_EINVALID, "data.pkl: %s", what);
}

static int torch_is_text(const struct mv_pickle *p, uint32_t v, const char *text)
{
	const struct mv_pickle_value *value = mv_pickle_at(p, v);

	return value->kind == MV_PICKLE_TEXT &&
		value->count == strlen(text) &&
		!memcmp(value->u.text, text, value->count);
}

static int get_count(const struct mv_pickle *p, uint32_t v, uint64_t *out)
{
	const struct mv_pickle_value *value = mv_pickle_at(p, v);

	if (value->kind != MV_PICKLE_INT || value->u.number < 0)
		return 0;
	*out = (uint64_t)value->u.number;
	return 1;
}

/* ('storage', type, key, location, numel) */
static int is_storage(struct mv_storage *out, const struct mv_pickle *p,
		      uint32_t v, struct mv_err *err)
{
	const struct mv_pickle_value *key;
	uint32_t id, word, type, k, numel;
	uint64_t n;
	size_t i;

	if (!mv_pickle_nth(&id, p, v, 0) || !mv_pickle_nth(&word, p, id, 0) ||
	    !mv_pickle_nth(&type, p, id, 1) || !mv_pickle_nth(&k, p, id, 2) ||
	    !mv_pickle_nth(&numel, p, id, 4) || !torch_is_text(p, word, "storage"))
		return 0;
	key = mv_pickle_at(p, k);
	if (key->kind != MV_PICKLE_TEXT || key->cut || !key->count ||
	    !get_count(p, numel, &n))
		return torch_bad(err, "a storage has no valid key or size");
	memset(out, 0, sizeof(*out));
	out->key = key->u.text;
	out->key_len = key->count;
	out->dtype = MV_DTYPE_UNKNOWN;
	out->unit = 1;
	out->bytes = n;
	if (mv_pickle_is_global(p, type, "torch.storage", "UntypedStorage"))
		return 1;
	for (i = 0; i < TYPES; i++)
		if (types[i].storage && mv_pickle_is_global(p, type, "torch",
							    types[i].storage))
			break;
	if (i == TYPES)
		return torch_bad(err, "a storage is of an unknown type");
	out->dtype = types[i].dtype;
	out->unit = types[i].size;
	if (__builtin_mul_overflow(n, types[i].size, &out->bytes))
		return torch_bad(err, "a storage is too large");
	return 1;
}

static int by_key(const void *a, const void *b)
{
	const struct mv_storage *x = a, *y = b;
	size_t n = x->key_len < y->key_len ? x->key_len : y->key_len;
	int c = memcmp(x->key, y->key, n);

	return c ? c : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

/* All of them, each once. */
static int find_storages(struct mv_torch *out, const struct mv_pickle *p,
			 struct mv_err *err)
{
	size_t alloc = 0, n = 0;

	for (uint32_t v = 0; v < mv_pickle_count(p); v++) {
		struct mv_storage s;
		int rc;

		if (mv_pickle_at(p, v)->kind != MV_PICKLE_PERSID)
			continue;
		rc = is_storage(&s, p, v, err);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		if (MV_GROW(out->storages, alloc, out->storage_count + 1,
			    err) < 0)
			return MV_ENOMEM;
		out->storages[out->storage_count++] = s;
	}
	if (out->storage_count)
		qsort(out->storages, out->storage_count,
		      sizeof(*out->storages), by_key);
	for (size_t i = 0; i < out->storage_count; i++) {
		const struct mv_storage *s = &out->storages[i];
		struct mv_storage *last = n ? &out->storages[n - 1] : NULL;

		if (!last || by_key(last, s)) {
			out->storages[n++] = *s;
			continue;
		}
		if (last->bytes != s->bytes)
			return torch_bad(err, "a storage has two sizes");
		if (last->dtype == MV_DTYPE_UNKNOWN)
			*last = *s;
	}
	out->storage_count = n;
	for (size_t i = 0; i < n; i++) {	/* the pickle will be gone */
		struct mv_storage *s = &out->storages[i];

		s->key = mv_layout_strn(&out->layout, s->key, s->key_len);
		if (!s->key)
			return mv_nomem(err);
	}
	return 0;
}

size_t mv_torch_storage(const struct mv_torch *torch, const char *key,
			size_t len)
{
	struct mv_storage want = { .key = key, .key_len = len };
	const struct mv_storage *s = torch->storage_count ?
		bsearch(&want, torch->storages, torch->storage_count,
			sizeof(want), by_key) : NULL;

	return s ? (size_t)(s - torch->storages) : torch->storage_count;
}

/* -- tensors -------------------------------------------------------------- */

/* (a, b, c), or torch.Size((a, b, c)). */
static int get_counts(const struct mv_pickle *p, uint32_t v, uint64_t *out,
		      uint32_t *count)
{
	uint32_t inner, item;

	if (mv_pickle_at(p, v)->kind == MV_PICKLE_CALL &&
	    mv_pickle_nth(&inner, p, v, 0) &&
	    mv_pickle_is_global(p, inner, "torch", "Size") &&
	    mv_pickle_nth(&inner, p, v, 1) && mv_pickle_nth(&item, p, inner, 0))
		v = item;
	*count = 0;
	if (mv_pickle_at(p, v)->kind != MV_PICKLE_TUPLE ||
	    mv_pickle_at(p, v)->count > RANK_MAX)
		return 0;
	for (uint32_t n = mv_pickle_first(p, v); n; n = mv_pickle_next(p, n))
		if (!get_count(p, mv_pickle_item(p, n), &out[(*count)++]))
			return 0;
	return 1;
}

/* Of its first `rank` strides: does row follow row? */
static int is_plain(const uint64_t *shape, const uint64_t *stride,
		    uint32_t rank)
{
	uint64_t want = 1;

	for (uint32_t i = rank; i-- > 0;) {
		if (shape[i] != 1 && stride[i] != want)
			return 0;
		if (__builtin_mul_overflow(want, shape[i], &want))
			return 0;
	}
	return 1;
}

/* Elements from the first to the last. */
static int extent(uint64_t *out, const uint64_t *shape, const uint64_t *stride,
		  uint32_t rank)
{
	uint64_t last = 0, step;
	int over = 0;

	for (uint32_t i = 0; i < rank; i++) {
		if (!shape[i]) {
			*out = 0;
			return 1;
		}
		over |= __builtin_mul_overflow(shape[i] - 1, stride[i], &step);
		over |= __builtin_add_overflow(last, step, &last);
	}
	over |= __builtin_add_overflow(last, 1, out);
	return !over;
}

/* "float8_e4m3fn" of module torch, the seventh argument of version 3. */
static int dtype_of(size_t *type, const struct mv_pickle *p, uint32_t v)
{
	for (size_t i = 0; i < TYPES; i++) {
		if (mv_pickle_is_global(p, v, "torch", types[i].dtype_name)) {
			*type = i;
			return 1;
		}
	}
	return 0;
}

static int bad_tensor(struct tree *t, const char *what)
{
	char shown[MV_SHOWN];

	return mv_fail(t->err, MV_EINVALID, "tensor '%s': %s",
		       mv_name_shown(shown, t->name, t->name_len), what);
}

static int add_tensor(struct tree *t, const struct mv_storage *s, size_t type,
		      uint64_t begin, const uint64_t *shape, uint64_t *stride,
		      uint32_t rank)
{
	uint64_t size = types[type].size, length;
	struct mv_tensor tensor = { .rank = rank, .unit = (uint32_t)size };
	struct mv_torch *out = t->out;

	if (!extent(&length, shape, stride, rank) ||
	    __builtin_mul_overflow(length, size, &tensor.length) ||
	    __builtin_mul_overflow(begin, size, &tensor.offset) ||
	    tensor.offset > s->bytes ||
	    tensor.length > s->bytes - tensor.offset)
		return bad_tensor(t, "it does not fit into its storage");
	tensor.shape = (uint64_t *)shape;
	tensor.stride = is_plain(shape, stride, rank) ? NULL : stride;
	tensor.dtype = types[type].dtype;
	tensor.dtype_name = types[type].dtype == MV_DTYPE_BLOCK ||
		types[type].dtype == MV_DTYPE_F8_OTHER ?
		types[type].dtype_name : mv_dtype_name(tensor.dtype);
	if (MV_GROW(out->storage_of, t->alloc, out->layout.count + 1,
		    t->err) < 0)
		return MV_ENOMEM;
	out->storage_of[out->layout.count] = (size_t)(s - out->storages);
	return mv_layout_copy(&out->layout, &tensor, t->name, t->name_len,
			      t->err);
}

/* storage, offset, size, stride, ... [v3: dtype as the seventh] */
static int rebuild(struct tree *t, uint32_t arguments, int v3)
{
	uint64_t shape[RANK_MAX], stride[RANK_MAX], begin;
	uint32_t storage, offset, size, strides, seventh, rank, ranks;
	struct mv_storage s;
	size_t type, at;
	int rc;

	if (!mv_pickle_nth(&storage, t->p, arguments, 0) ||
	    !mv_pickle_nth(&offset, t->p, arguments, 1) ||
	    !mv_pickle_nth(&size, t->p, arguments, 2) ||
	    !mv_pickle_nth(&strides, t->p, arguments, 3) ||
	    mv_pickle_at(t->p, storage)->kind != MV_PICKLE_PERSID)
		return bad_tensor(t, "it has no storage");
	rc = is_storage(&s, t->p, storage, t->err);
	if (rc <= 0)
		return rc ? rc : bad_tensor(t, "it has no storage");
	at = mv_torch_storage(t->out, s.key, s.key_len);
	if (!get_count(t->p, offset, &begin) ||
	    !get_counts(t->p, size, shape, &rank) ||
	    !get_counts(t->p, strides, stride, &ranks) || rank != ranks)
		return bad_tensor(t, "it has no valid shape");
	for (type = 0; type < TYPES; type++)
		if (types[type].dtype == s.dtype && types[type].size == s.unit)
			break;
	if (v3 && (!mv_pickle_nth(&seventh, t->p, arguments, 6) ||
		   !dtype_of(&type, t->p, seventh)))
		type = TYPES;
	if (type == TYPES)
		return bad_tensor(t, "it is of an unknown type");
	return add_tensor(t, &t->out->storages[at], type, begin, shape, stride,
			  rank);
}

/* -- the tree ------------------------------------------------------------- */

/* A tensor within wrappers: *v is then the call that makes it. */
static int unwrap(const struct mv_pickle *p, uint32_t *v, uint32_t *arguments,
		  int *v3)
{
	for (int i = 0; i < 8; i++) {
		uint32_t f, a;

		if (mv_pickle_at(p, *v)->kind != MV_PICKLE_CALL ||
		    !mv_pickle_nth(&f, p, *v, 0) ||
		    !mv_pickle_nth(&a, p, *v, 1))
			return 0;
		if (mv_pickle_is_global(p, f, "torch._tensor",
					"_rebuild_from_type_v2") &&
		    (!mv_pickle_nth(&f, p, a, 0) ||
		     !mv_pickle_nth(&a, p, a, 2)))
			return 0;
		*arguments = a;
		*v3 = mv_pickle_is_global(p, f, "torch._utils",
					  "_rebuild_tensor_v3");
		if (*v3 || mv_pickle_is_global(p, f, "torch._utils",
					       "_rebuild_tensor_v2") ||
		    mv_pickle_is_global(p, f, "torch._utils",
					"_rebuild_tensor") ||
		    mv_pickle_is_global(p, f, "torch._utils",
					"_rebuild_qtensor"))
			return 1;
		if (!mv_pickle_is_global(p, f, "torch._utils",
					 "_rebuild_parameter") &&
		    !mv_pickle_is_global(p, f, "torch._utils",
					 "_rebuild_parameter_with_state"))
			return 0;
		if (!mv_pickle_nth(v, p, a, 0))
			return 0;
	}
	return 0;
}

static void enter(struct tree *t, uint32_t first, int kind)
{
	struct frame *f = &t->frame[t->depth++];

	f->node = first;
	f->index = 0;
	f->prefix = t->name_len;
	f->kind = kind;
}

/* Small facts near the root: epoch, learning rate and the like. */
static int add_meta(struct tree *t, const struct mv_pickle_value *v)
{
	char number[32];
	const char *text = number;
	size_t len;

	if (t->depth > META_DEPTH + 1 || !t->name_len)
		return 0;
	if (v->kind == MV_PICKLE_TEXT) {
		text = v->u.text;
		len = v->count;
	} else if (v->kind == MV_PICKLE_INT) {
		len = (size_t)snprintf(number, sizeof(number), "%" PRId64,
				       v->u.number);
	} else if (v->kind == MV_PICKLE_BOOL) {
		text = v->u.number ? "True" : "False";
		len = strlen(text);
	} else {
		return 0;
	}
	return mv_layout_meta(&t->out->layout, t->name, t->name_len, text, len,
			      t->err);
}

static int visit(struct tree *t, uint32_t v)
{
	const struct mv_pickle_value *value;
	uint32_t arguments, first;
	int v3, kind;

	if (++t->visits > VISITS_MAX)
		return torch_bad(t->err, "it has too many values");
	if (unwrap(t->p, &v, &arguments, &v3)) {
		if (!t->name_len)
			t->name_len = (size_t)snprintf(t->name, NAME_MAX_LEN,
						       "tensor");
		return rebuild(t, arguments, v3);
	}
	value = mv_pickle_at(t->p, v);
	first = mv_pickle_first(t->p, v);
	kind = FRAME_LIST;
	switch (value->kind) {
	case MV_PICKLE_DICT:
		kind = FRAME_DICT;
		break;
	case MV_PICKLE_CALL:	/* an object: its states */
		first = first ? mv_pickle_next(t->p, first) : 0;
		first = first ? mv_pickle_next(t->p, first) : 0;
		kind = FRAME_STATE;
		break;
	case MV_PICKLE_LIST:
	case MV_PICKLE_TUPLE:
		break;
	default:
		return add_meta(t, value);
	}
	if (!first)
		return 0;
	if (t->depth == DEPTH_MAX)
		return torch_bad(t->err, "it is nested too deeply");
	enter(t, first, kind);
	return 0;
}

/* 0: the name would be too long. */
static int add_name(struct tree *t, const char *s, size_t len)
{
	size_t dot = t->name_len != 0;

	if (t->name_len + dot + len >= NAME_MAX_LEN)
		return 0;
	if (dot)
		t->name[t->name_len++] = '.';
	memcpy(t->name + t->name_len, s, len);
	t->name_len += len;
	return 1;
}

static int key_name(struct tree *t, const struct frame *f, uint32_t key)
{
	const struct mv_pickle_value *k = mv_pickle_at(t->p, key);
	int in_object = f > t->frame && f[-1].kind == FRAME_STATE;
	char number[32];

	if (in_object && (torch_is_text(t->p, key, "_parameters") ||
			  torch_is_text(t->p, key, "_buffers") ||
			  torch_is_text(t->p, key, "_modules")))
		return 1;
	if (k->kind == MV_PICKLE_TEXT && !memchr(k->u.text, 0, k->count))
		return add_name(t, k->u.text, k->count);
	if (k->kind != MV_PICKLE_INT)
		return add_name(t, "?", 1);
	snprintf(number, sizeof(number), "%" PRId64, k->u.number);
	return add_name(t, number, strlen(number));
}

/* The next item of the innermost container, or out of it. */
static int advance(struct tree *t)
{
	struct frame *f = &t->frame[t->depth - 1];
	uint32_t item = f->node ? mv_pickle_item(t->p, f->node) : 0;
	char number[32];
	int named = 1;

	t->name_len = f->prefix;
	if (!f->node) {
		t->depth--;
		return 0;
	}
	f->node = mv_pickle_next(t->p, f->node);
	if (f->kind == FRAME_DICT) {
		named = key_name(t, f, item);
		if (!f->node)
			return 0;
		item = mv_pickle_item(t->p, f->node);
		f->node = mv_pickle_next(t->p, f->node);
	} else if (f->kind == FRAME_LIST) {
		snprintf(number, sizeof(number), "%" PRIu32, f->index++);
		named = add_name(t, number, strlen(number));
	}
	if (!named)
		return mv_layout_note(&t->out->layout,
				      "names that are too long are left out",
				      t->err);
	return visit(t, item);
}

/* -- pieces --------------------------------------------------------------- */

static int by_begin(const struct mv_tensor *x, const struct mv_tensor *y)
{
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->length < y->length ? -1 : x->length > y->length;
}

static int by_storage(const void *a, const void *b)
{
	const struct mv_torch_part *x = a, *y = b;

	if (x->storage != y->storage)
		return x->storage < y->storage ? -1 : 1;
	return by_begin(x->tensor, y->tensor);
}

/* So that a storage finds its tensors side by side. */
static int order_parts(struct mv_torch *torch, struct mv_err *err)
{
	size_t n = torch->layout.count;

	torch->parts = calloc(n ? n : 1, sizeof(*torch->parts));
	if (!torch->parts)
		return mv_nomem(err);
	for (size_t i = 0; i < n; i++) {
		torch->parts[i].storage = torch->storage_of[i];
		torch->parts[i].tensor = &torch->layout.tensors[i];
	}
	qsort(torch->parts, n, sizeof(*torch->parts), by_storage);
	for (size_t i = n; i-- > 0;) {
		struct mv_storage *s = &torch->storages[torch->parts[i].storage];

		s->first = i;
		s->count++;
	}
	return 0;
}

/* A file may be one object, whose class says what it is. */
static int class_meta(struct tree *t)
{
	uint32_t root = mv_pickle_root(t->p), class, dummy;
	const struct mv_pickle_value *value;
	char text[MV_PICKLE_TEXT_MAX];
	int v3;

	if (mv_pickle_at(t->p, root)->kind != MV_PICKLE_CALL ||
	    !mv_pickle_nth(&class, t->p, root, 0) ||
	    unwrap(t->p, &root, &dummy, &v3))
		return 0;
	value = mv_pickle_at(t->p, class);
	if (value->kind != MV_PICKLE_GLOBAL || value->cut)
		return 0;
	for (uint32_t i = 0; i < value->count; i++)
		text[i] = (char)(value->u.text[i] == '\n' ? '.' :
				 value->u.text[i]);
	return mv_layout_meta(&t->out->layout, "class", 5, text, value->count,
			      t->err);
}

int mv_torch_read(struct mv_torch *out, const struct mv_pickle *pickle,
		  struct mv_err *err)
{
	struct tree *t = calloc(1, sizeof(*t));
	int rc;

	memset(out, 0, sizeof(*out));
	if (!t)
		return mv_nomem(err);
	t->out = out;
	t->p = pickle;
	t->err = err;
	rc = find_storages(out, pickle, err);
	if (!rc)
		rc = class_meta(t);
	if (!rc)
		rc = visit(t, mv_pickle_root(pickle));
	while (!rc && t->depth)
		rc = advance(t);
	if (!rc)
		rc = order_parts(out, err);
	free(t);
	if (rc < 0)
		mv_torch_release(out);
	return rc;
}

void mv_torch_release(struct mv_torch *torch)
{
	mv_layout_release(&torch->layout);
	free(torch->storage_of);
	free(torch->storages);
	free(torch->parts);
	memset(torch, 0, sizeof(*torch));
}

/* Are its tensors apart? Those that are there twice count once. */
static int apart(const struct mv_torch_part *part, size_t count)
{
	const struct mv_tensor *last = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct mv_tensor *t = part[i].tensor;

		if (!t->length || (last && !by_begin(last, t)))
			continue;
		if (t->stride ||
		    (last && last->offset + last->length > t->offset))
			return 0;
		last = t;
	}
	return last != NULL;
}

int mv_torch_pieces(const struct mv_torch *torch, size_t storage,
		    int (*fn)(void *payload, const struct mv_tensor *piece,
			      struct mv_err *err), void *payload,
		    struct mv_err *err)
{
	const struct mv_storage *s = &torch->storages[storage];
	const struct mv_torch_part *part = torch->parts + s->first;
	struct mv_tensor whole = { .dtype = s->dtype, .unit = s->unit,
				   .length = s->bytes, .dtype_name = "?" };
	const struct mv_tensor *last = NULL;
	int rc = 0;

	if (apart(part, s->count)) {
		for (size_t i = 0; i < s->count && !rc; i++) {
			const struct mv_tensor *t = part[i].tensor;

			if (t->length && !(last && !by_begin(last, t)))
				rc = fn(payload, t, err);
			last = t;
		}
		return rc;
	}
	if (s->count && whole.dtype == MV_DTYPE_UNKNOWN) {
		whole.dtype = part->tensor->dtype;
		whole.unit = part->tensor->unit;
	}
	return fn(payload, &whole, err);
}
