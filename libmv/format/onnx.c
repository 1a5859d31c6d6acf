/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"

/*
 * ONNX: a tree of protobuf messages, read along. A message is a list of
 * fields (tag, then a number or a length and bytes); those that lead to
 * tensors are entered, all others are stepped over. The way back is kept in
 * `level`, never on the C stack. Weights in other files are told, and those
 * files are never opened.
 */
#define DEPTH_MAX 64u
#define RANK_MAX 64u
#define TEXT_MAX 4096u		/* names and the like that are kept */
#define CONSTANT_MIN 4096u	/* bytes, to be listed */
#define FIELD_ROOM 20u		/* a tag and a length, at most */

enum kind {
	SKIP,			/* not entered */
	MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, SPARSE, ENTRY, OPSET, TRAINING,
	FUNCTION
};

static const struct {
	uint8_t in, field, enters;
} ways[] = {
	{ MODEL, 7, GRAPH }, { MODEL, 8, OPSET }, { MODEL, 14, ENTRY },
	{ MODEL, 20, TRAINING }, { MODEL, 25, FUNCTION },
	{ TRAINING, 1, GRAPH }, { TRAINING, 2, GRAPH },
	{ FUNCTION, 7, NODE },
	{ GRAPH, 1, NODE }, { GRAPH, 5, TENSOR }, { GRAPH, 15, SPARSE },
	{ SPARSE, 1, TENSOR }, { SPARSE, 2, TENSOR },
	{ NODE, 5, ATTRIBUTE },
	{ ATTRIBUTE, 5, TENSOR }, { ATTRIBUTE, 6, GRAPH },
	{ ATTRIBUTE, 10, TENSOR }, { ATTRIBUTE, 11, GRAPH },
	{ ATTRIBUTE, 22, SPARSE }, { ATTRIBUTE, 23, SPARSE },
	{ TENSOR, 13, ENTRY },
};

static const struct {
	const char *name;
	enum mv_dtype dtype;
	unsigned bits;
} types[] = {
	[1] = { "F32", MV_DTYPE_F32, 32 }, [2] = { "U8", MV_DTYPE_U8, 8 },
	[3] = { "I8", MV_DTYPE_I8, 8 }, [4] = { "U16", MV_DTYPE_U16, 16 },
	[5] = { "I16", MV_DTYPE_I16, 16 }, [6] = { "I32", MV_DTYPE_I32, 32 },
	[7] = { "I64", MV_DTYPE_I64, 64 },
	[8] = { "STRING", MV_DTYPE_UNKNOWN, 0 },
	[9] = { "BOOL", MV_DTYPE_BOOL, 8 }, [10] = { "F16", MV_DTYPE_F16, 16 },
	[11] = { "F64", MV_DTYPE_F64, 64 }, [12] = { "U32", MV_DTYPE_U32, 32 },
	[13] = { "U64", MV_DTYPE_U64, 64 }, [14] = { "C64", MV_DTYPE_C64, 64 },
	[15] = { "C128", MV_DTYPE_C128, 128 },
	[16] = { "BF16", MV_DTYPE_BF16, 16 },
	[17] = { "F8_E4M3", MV_DTYPE_F8_E4M3, 8 },
	[18] = { "F8_E4M3FNUZ", MV_DTYPE_F8_OTHER, 8 },
	[19] = { "F8_E5M2", MV_DTYPE_F8_E5M2, 8 },
	[20] = { "F8_E5M2FNUZ", MV_DTYPE_F8_OTHER, 8 },
	[21] = { "U4", MV_DTYPE_BLOCK, 4 }, [22] = { "I4", MV_DTYPE_BLOCK, 4 },
	[23] = { "F4_E2M1", MV_DTYPE_BLOCK, 4 },
	[24] = { "F8_E8M0", MV_DTYPE_F8_OTHER, 8 },
	[25] = { "U2", MV_DTYPE_BLOCK, 2 }, [26] = { "I2", MV_DTYPE_BLOCK, 2 },
	[27] = { "F6_E2M3", MV_DTYPE_BLOCK, 6 },
	[28] = { "F6_E3M2", MV_DTYPE_BLOCK, 6 },
};
#define TYPES (sizeof(types) / sizeof(*types))

struct text {
	char s[TEXT_MAX + 1];
	size_t len;
};

struct tensor {
	struct text name;
	uint64_t dims[RANK_MAX];
	uint32_t rank;
	uint64_t type;
	uint64_t at, length;	/* of its bytes here; at 0: there are none */
	int raw;
	int external;
	struct text location;
	uint64_t ext_offset, ext_length;
	int has_ext_length;
};

struct onnx_walk {
	struct mv_walk walk;
	struct level {
		uint64_t end;
		enum kind kind;
	} level[DEPTH_MAX];
	unsigned depth;
	struct tensor tensor;
	struct text key, value;		/* of an ENTRY */
	struct text output;		/* of a NODE: names its constant */
	struct text domain;		/* of an OPSET */
	uint64_t version, nodes;
	struct mv_err *err;
};

/* A field, and where its bytes are. */
struct field {
	uint32_t number;
	unsigned wire;
	uint64_t value;		/* a number, or a length */
	uint64_t at;		/* of the bytes, in the file */
	const uint8_t *bytes;	/* the same, as far as they are in the window */
	size_t here;
};

static int onnx_bad(struct onnx_walk *o, const char *what)
{
	return mv_fail(o->err, MV_EINVALID, "the ONNX file is malformed at "
		       "offset %" PRIu64 ": %s", o->walk.at, what);
}

static int bad_onnx_tensor(struct onnx_walk *o, const char *what)
{
	char shown[MV_SHOWN];

	return mv_fail(o->err, MV_EINVALID, "tensor '%s': %s",
		       mv_name_shown(shown, o->tensor.name.s,
				     o->tensor.name.len), what);
}

/*
 * There is no magic: it begins with ir_version, then come producer_name or
 * other fields of a model.
 */
static int onnx_bid(const uint8_t *data, size_t len)
{
	size_t i = 4, n;
	uint64_t length;

	if (len < 16 || data[0] != 0x08 || !data[1] || data[1] > 0x20)
		return 0;
	switch (data[2]) {
	case 0x12:		/* producer_name: text of some letters */
		n = mv_varint(&length, data + 3, 2);
		if (!n || length > 200 || 3 + n + length + 1 > len)
			return 0;
		for (i = 3 + n; i < 3 + n + length; i++)
			if (data[i] < 0x20 || data[i] == 0x7f)
				return 0;
		return strchr("\x1a\x22\x28\x32\x3a\x42\x72", data[i]) &&
			data[i] ? 30 : 0;
	case 0x3a:		/* a graph, which begins with a node */
		n = mv_varint(&length, data + 3, 10);
		return n && 3 + n < len && length > 16 &&
			(data[3 + n] == 0x0a || data[3 + n] == 0x12) ? 20 : 0;
	case 0x42:		/* an opset, which is short */
		return data[3] < 64 && (data[4] == 0x0a || data[4] == 0x10) ?
			20 : 0;
	default:
		return 0;
	}
}

/* -- tensors -------------------------------------------------------------- */

static void keep(struct text *t, const struct field *f)
{
	t->len = f->value < TEXT_MAX ? (size_t)f->value : TEXT_MAX;
	if (t->len)
		memcpy(t->s, f->bytes, t->len);
	t->s[t->len] = '\0';
	t->len = strlen(t->s);
}

static int add_dim(struct onnx_walk *o, uint64_t dim)
{
	struct tensor *t = &o->tensor;

	if (t->rank == RANK_MAX)
		return bad_onnx_tensor(o, "it has more than 64 dimensions");
	if (dim > INT64_MAX)
		return bad_onnx_tensor(o, "a dimension is negative");
	t->dims[t->rank++] = dim;
	return 0;
}

static int add_dims(struct onnx_walk *o, const struct field *f)
{
	size_t at = 0, n;
	uint64_t dim;
	int rc = 0;

	if (f->wire == 0)
		return add_dim(o, f->value);
	while (!rc && at < f->value) {
		n = mv_varint(&dim, f->bytes + at, (size_t)f->value - at);
		if (!n)
			return onnx_bad(o, "a number is too long");
		at += n;
		rc = add_dim(o, dim);
	}
	return rc;
}

/* Bytes of its numbers here: at once told to the cutter. */
static int data_found(struct onnx_walk *o, const struct field *f, int raw,
		      uint64_t type)
{
	struct mv_tensor t = { .offset = f->at, .length = f->value,
			       .unit = 1 };

	o->tensor.at = f->at;
	o->tensor.length = f->value;
	o->tensor.raw = raw;
	if (o->walk.layout)
		return 0;
	if (type < TYPES && types[type].name) {
		t.dtype = types[type].dtype;
		if (types[type].bits >= 8)
			t.unit = types[type].bits / 8;
	}
	return o->walk.found(o->walk.payload, &t, o->err);
}

static int tensor_field(struct onnx_walk *o, const struct field *f)
{
	struct tensor *t = &o->tensor;

	switch (f->number) {
	case 1:
		return add_dims(o, f);
	case 2:
		if (f->wire == 0)
			t->type = f->value;
		return 0;
	case 4:			/* float_data, when packed */
	case 10:		/* double_data */
		return f->wire == 2 ? data_found(o, f, 0, f->number == 4 ? 1 :
						 11) : 0;
	case 8:
		if (f->wire == 2)
			keep(&t->name, f);
		return 0;
	case 9:
		return f->wire == 2 ? data_found(o, f, 1, t->type) : 0;
	case 14:
		t->external = f->wire == 0 && f->value == 1;
		return 0;
	default:
		return 0;
	}
}

/* Decimal. */
static int onnx_number(uint64_t *out, const struct text *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->s[i] < '0' || t->s[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(t->s[i] - '0'), &n))
			return 0;
	}
	*out = n;
	return t->len && n <= INT64_MAX;
}

static int external_entry(struct onnx_walk *o)
{
	struct tensor *t = &o->tensor;

	if (!strcmp(o->key.s, "location")) {
		t->location = o->value;
	} else if (!strcmp(o->key.s, "offset")) {
		if (!onnx_number(&t->ext_offset, &o->value))
			return bad_onnx_tensor(o, "its offset is no number");
	} else if (!strcmp(o->key.s, "length")) {
		if (!onnx_number(&t->ext_length, &o->value))
			return bad_onnx_tensor(o, "its length is no number");
		t->has_ext_length = 1;
	}
	return 0;
}

/* Bytes that shape and type make; 0: no such thing. */
static int size_of(uint64_t *out, const struct tensor *t)
{
	uint64_t n = types[t->type].bits;
	int over = 0;

	for (uint32_t i = 0; i < t->rank; i++)
		if (!t->dims[i])
			n = 0;
	for (uint32_t i = 0; n && i < t->rank; i++)
		over |= __builtin_mul_overflow(n, t->dims[i], &n);
	*out = n / 8 + (n % 8 != 0);
	return !over;
}

static int place_external(struct onnx_walk *o, struct mv_tensor *out)
{
	struct tensor *t = &o->tensor;

	if (!mv_path_stays(t->location.s))
		return bad_onnx_tensor(o, "its data lies outside of the folder");
	if (t->has_ext_length && t->ext_length != out->length)
		return bad_onnx_tensor(o, "its shape and type do not make its length");
	out->elsewhere = t->location.s;
	out->offset = t->ext_offset;
	return 0;
}

/* An attribute of a node is a number of the graph's, unless it is large. */
static int is_small_constant(const struct onnx_walk *o)
{
	return o->level[o->depth - 1].kind == ATTRIBUTE &&
		o->tensor.length < CONSTANT_MIN && !o->tensor.external;
}

/* What its type says. One that is newer than we are is as long as its data. */
static int set_type(struct onnx_walk *o, struct mv_tensor *out, char *name,
		    size_t room)
{
	struct tensor *t = &o->tensor;

	if (t->type < TYPES && types[t->type].name) {
		out->dtype = types[t->type].dtype;
		out->dtype_name = types[t->type].name;
		if (types[t->type].bits >= 8)
			out->unit = types[t->type].bits / 8;
		return size_of(&out->length, t) && out->length <= INT64_MAX ?
			0 : bad_onnx_tensor(o, "it is too large");
	}
	if (!t->type || t->type > INT32_MAX)
		return bad_onnx_tensor(o, "its type is unknown");
	snprintf(name, room, "TYPE%" PRIu64, t->type);
	out->dtype_name = name;
	if (t->external && t->has_ext_length)
		out->length = t->ext_length;
	else if (!t->external && t->at && t->raw)
		out->length = t->length;
	return mv_layout_note(o->walk.layout, "a dtype is unknown", o->err);
}

static int end_tensor(struct onnx_walk *o)
{
	struct tensor *t = &o->tensor;
	struct mv_tensor out = { .shape = t->dims, .rank = t->rank,
				 .unit = 1 };
	char type[24];
	int rc = 0;

	if (!o->walk.layout || is_small_constant(o))
		return 0;
	if (!t->name.len)
		t->name = o->output;
	out.name = t->name.s;
	rc = set_type(o, &out, type, sizeof(type));
	if (rc < 0)
		return rc;
	if (t->external)
		rc = place_external(o, &out);
	else if (t->at && t->raw && t->length != out.length)
		rc = bad_onnx_tensor(o, "its shape and type do not make its length");
	else if (t->at && t->length == out.length)
		out.offset = t->at;
	return rc ? rc : o->walk.found(o->walk.payload, &out, o->err);
}

/* -- metadata ------------------------------------------------------------- */

static int onnx_meta(struct onnx_walk *o, const char *key, const char *value,
		     size_t len)
{
	return o->walk.layout && len ?
		mv_layout_meta(o->walk.layout, key, strlen(key), value, len,
			       o->err) : 0;
}

static int number_meta(struct onnx_walk *o, const char *key, uint64_t n)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRIu64, n);

	return onnx_meta(o, key, text, (size_t)len);
}

static int model_field(struct onnx_walk *o, const struct field *f)
{
	static const char *const names[] = {
		NULL, "ir_version", "producer_name", "producer_version",
		"domain", "model_version"
	};

	if (f->number > 5)
		return 0;
	if (f->wire == 0 && (f->number == 1 || f->number == 5))
		return f->value ? number_meta(o, names[f->number], f->value) :
			0;
	if (f->wire != 2 || f->number == 1 || f->number == 5)
		return 0;
	keep(&o->value, f);
	return onnx_meta(o, names[f->number], o->value.s, o->value.len);
}

static int end_opset(struct onnx_walk *o)
{
	char key[TEXT_MAX + 16];

	snprintf(key, sizeof(key), "opset %s", o->domain.len ? o->domain.s :
		 "ai.onnx");
	return number_meta(o, key, o->version);
}

static int end_level(struct onnx_walk *o)
{
	enum kind in = o->depth > 1 ? o->level[o->depth - 2].kind : SKIP;

	switch (o->level[--o->depth].kind) {
	case TENSOR:
		return end_tensor(o);
	case OPSET:
		return end_opset(o);
	case ENTRY:
		return in == TENSOR ? external_entry(o) :
			onnx_meta(o, o->key.s, o->value.s, o->value.len);
	default:
		return 0;
	}
}

static void begin_level(struct onnx_walk *o, enum kind kind, uint64_t end)
{
	o->level[o->depth].kind = kind;
	o->level[o->depth++].end = end;
	if (kind == TENSOR)
		memset(&o->tensor, 0, sizeof(o->tensor));
	if (kind == ENTRY)
		o->key.len = o->value.len = o->key.s[0] = o->value.s[0] = 0;
	if (kind == OPSET)
		o->version = o->domain.len = o->domain.s[0] = 0;
	if (kind == NODE) {
		o->output.len = o->output.s[0] = 0;
		o->nodes++;
	}
}

/* -- fields --------------------------------------------------------------- */

static enum kind way(enum kind in, const struct field *f)
{
	for (size_t i = 0; f->wire == 2 &&
	     i < sizeof(ways) / sizeof(*ways); i++)
		if (ways[i].in == in && ways[i].field == f->number)
			return (enum kind)ways[i].enters;
	return SKIP;
}

/* Are the field's bytes read, and not only where they are? */
static int is_read(enum kind in, const struct field *f)
{
	switch (in) {
	case MODEL:
		return f->number >= 2 && f->number <= 4;
	case GRAPH:
		return f->number == 2;
	case TENSOR:
		return f->number == 1 || f->number == 8;
	case NODE:
		return f->number == 2;
	case OPSET:
	case ENTRY:
		return 1;
	default:
		return 0;
	}
}

static int use_field(struct onnx_walk *o, enum kind in, const struct field *f)
{
	int first = o->depth == 2;	/* the model's own graph */

	switch (in) {
	case MODEL:
		return model_field(o, f);
	case TENSOR:
		return tensor_field(o, f);
	case GRAPH:
		if (f->number == 2 && f->wire == 2 && first) {
			keep(&o->value, f);
			return onnx_meta(o, "graph", o->value.s,
					 o->value.len);
		}
		return 0;
	case NODE:
		if (f->number == 2 && f->wire == 2)
			keep(&o->output, f);
		return 0;
	case ENTRY:
		if (f->wire == 2 && f->number == 1)
			keep(&o->key, f);
		if (f->wire == 2 && f->number == 2)
			keep(&o->value, f);
		return 0;
	case OPSET:
		if (f->wire == 2 && f->number == 1)
			keep(&o->domain, f);
		if (f->wire == 0 && f->number == 2)
			o->version = f->value;
		return 0;
	default:
		return 0;
	}
}

/* Tag and number or length. Bytes used, or MV_EINVALID. */
static int take_field(struct onnx_walk *o, struct field *f, const uint8_t *p,
		      size_t len)
{
	size_t used = mv_varint(&f->value, p, len), n = 0;

	if (!used || f->value >> 32 || f->value < 8)
		return onnx_bad(o, "a tag cannot be one");
	f->number = (uint32_t)(f->value >> 3);
	f->wire = f->value & 7;
	if (f->wire == 0 || f->wire == 2) {
		n = mv_varint(&f->value, p + used, len - used);
		if (!n)
			return onnx_bad(o, "a number is too long");
	} else if (f->wire == 1 || f->wire == 5) {
		f->value = f->wire == 1 ? 8 : 4;	/* stepped over */
	} else {
		return onnx_bad(o, "a field is of an unknown type");
	}
	return (int)(used + n);
}

/*
 * One field at `pos`. 1: *next is behind it; 0: its bytes are read, and not
 * all here.
 */
static int one_field(struct onnx_walk *o, uint64_t pos, const uint8_t *p,
		     size_t len, uint64_t *next)
{
	struct level *in = &o->level[o->depth - 1];
	struct field f = { 0 };
	int used = take_field(o, &f, p, len), rc;
	enum kind kind;

	if (used < 0)
		return used;
	f.at = pos + (uint64_t)used;
	f.bytes = p + used;
	f.here = len - (size_t)used;
	*next = f.at;
	if (f.wire) {
		if (f.value > INT64_MAX - f.at || f.at + f.value > in->end)
			return onnx_bad(o, "a field is longer than what it is in");
		*next = f.at + f.value;
	} else if (f.at > in->end) {
		return onnx_bad(o, "a field is longer than what it is in");
	}
	kind = way(in->kind, &f);
	if (kind) {
		if (o->depth == DEPTH_MAX)
			return onnx_bad(o, "it is nested too deeply");
		begin_level(o, kind, *next);
		*next = f.at;
		return 1;
	}
	if (f.wire == 2 && is_read(in->kind, &f)) {
		if (f.value > TEXT_MAX)
			return in->kind == TENSOR ?
				onnx_bad(o, "a name is too long") : 1;
		if (f.value > f.here)
			return 0;
	}
	rc = f.wire == 1 || f.wire == 5 ? 0 : use_field(o, in->kind, &f);
	return rc ? rc : 1;
}

static int onnx_over(struct onnx_walk *o)
{
	int rc = 0;

	while (!rc && o->walk.layout && o->depth) {
		if (o->level[o->depth - 1].end != o->walk.file_size &&
		    o->depth > 1)
			return onnx_bad(o, "it ends early");
		rc = end_level(o);
	}
	o->walk.at = UINT64_MAX;
	return rc || !o->walk.layout ? rc :
	       number_meta(o, "nodes", o->nodes);
}

static int onnx_step(struct mv_walk *walk, const uint8_t *data, size_t len,
		     struct mv_err *err)
{
	struct onnx_walk *o = (struct onnx_walk *)walk;
	uint64_t base = walk->at, pos = base;
	int last = len < MV_LOOK_MAX;	/* nothing comes behind these */
	int rc = 0;

	o->err = err;
	if (!o->depth)
		begin_level(o, MODEL, walk->file_size);
	for (;;) {
		uint64_t next;
		size_t off;

		while (!rc && o->depth > 1 &&
		       pos >= o->level[o->depth - 1].end)
			rc = end_level(o);
		if (rc < 0)
			return rc;
		walk->at = pos;
		if (pos == walk->file_size ||
		    (last && pos - base >= len))
			return onnx_over(o);
		if (pos - base >= len)
			return 0;
		off = (size_t)(pos - base);
		if (len - off < FIELD_ROOM && !last &&
		    base + len != walk->file_size)
			return 0;
		rc = one_field(o, pos, data + off, len - off, &next);
		if (rc < 0)
			return rc;
		if (!rc)
			return last || !off ? onnx_bad(o, "it ends early") : 0;
		rc = 0;
		pos = next;
	}
}

static void onnx_free(struct mv_walk *walk)
{
	free(walk);
}

static int onnx_open(struct mv_walk **out, struct mv_err *err)
{
	struct onnx_walk *o = calloc(1, sizeof(*o));

	if (!o)
		return mv_nomem(err);
	o->walk.step = onnx_step;
	o->walk.free = onnx_free;
	*out = &o->walk;
	return 0;
}

const struct mv_walker mv_walker_onnx = { "onnx", onnx_bid, onnx_open };
