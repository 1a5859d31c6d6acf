/* SPDX-License-Identifier: MIT */
#include "libmv/format/thrift.h"

#include <string.h>

#include "libmv/base/bytes.h"

void mv_thrift_begin(struct mv_thrift *t, const uint8_t *data, size_t len)
{
	memset(t, 0, sizeof(*t));
	t->p = data;
	t->end = data + len;
}

static uint64_t thrift_number(struct mv_thrift *t)
{
	uint64_t n = 0;
	size_t used = mv_varint(&n, t->p, (size_t)(t->end - t->p));

	t->p += used;
	t->bad |= !used;
	return n;
}

/* 0, 1, 2, 3 are 0, -1, 1, -2. */
int64_t mv_thrift_int(struct mv_thrift *t)
{
	uint64_t n = thrift_number(t);

	return (int64_t)(n >> 1 ^ (~(n & 1) + 1));
}

static uint8_t byte(struct mv_thrift *t)
{
	if (t->p < t->end)
		return *t->p++;
	t->bad = 1;
	return 0;
}

static void advance(struct mv_thrift *t, uint64_t n)
{
	if (n > (uint64_t)(t->end - t->p))
		t->bad = 1;
	else
		t->p += n;
}

void mv_thrift_enter(struct mv_thrift *t)
{
	if (t->depth == MV_THRIFT_DEPTH) {
		t->bad = 1;
		return;
	}
	t->last[t->depth++] = 0;
}

int mv_thrift_field(struct mv_thrift *t, int32_t *field)
{
	uint8_t head = t->bad ? 0 : byte(t);
	int32_t *last = &t->last[t->depth - 1];
	int64_t n;

	if (t->bad || !(head & 15)) {
		t->depth--;
		return 0;
	}
	n = head >> 4 ? *last + (head >> 4) : mv_thrift_int(t);
	if (n < 0 || n > INT16_MAX) {
		t->bad = 1;
		t->depth--;
		return 0;
	}
	*field = *last = (int32_t)n;
	return head & 15;
}

int mv_thrift_list(struct mv_thrift *t, uint32_t *count)
{
	uint8_t head = byte(t);
	uint64_t n = head >> 4;

	if (n == 15)
		n = thrift_number(t);
	if (n > (uint64_t)(t->end - t->p))
		t->bad = 1;
	*count = t->bad ? 0 : (uint32_t)n;
	return head & 15;
}

const uint8_t *mv_thrift_binary(struct mv_thrift *t, size_t *len)
{
	uint64_t n = thrift_number(t);
	const uint8_t *p = t->p;

	advance(t, n);
	*len = t->bad ? 0 : (size_t)n;
	return p;
}

/* What is still to be stepped over, from the inside out. */
struct pending {
	int type;		/* of elements; MAP: of keys */
	int value;		/* of a map's values */
	uint64_t count;
};

static void skip_simple(struct mv_thrift *t, int type)
{
	switch (type) {
	case MV_THRIFT_TRUE:
	case MV_THRIFT_FALSE:
	case MV_THRIFT_I8:
		advance(t, 1);
		break;
	case MV_THRIFT_I16:
	case MV_THRIFT_I32:
	case MV_THRIFT_I64:
		thrift_number(t);
		break;
	case MV_THRIFT_DOUBLE:
		advance(t, 8);
		break;
	case MV_THRIFT_BINARY:
		advance(t, thrift_number(t));
		break;
	case MV_THRIFT_UUID:
		advance(t, 16);
		break;
	default:
		t->bad = 1;
	}
}

/* A container: what is in it comes next. */
static void skip_into(struct mv_thrift *t, int type, struct pending *out)
{
	uint32_t count;
	uint8_t types;

	out->value = 0;
	if (type == MV_THRIFT_STRUCT) {
		out->type = MV_THRIFT_STRUCT;
		out->value = -1;	/* until its end */
		out->count = 0;
		mv_thrift_enter(t);
		return;
	}
	if (type != MV_THRIFT_MAP) {
		out->type = mv_thrift_list(t, &count);
		out->count = count;
		return;
	}
	out->count = thrift_number(t);
	types = out->count ? byte(t) : 0;
	if (out->count > (uint64_t)(t->end - t->p))
		t->bad = 1;
	out->type = types >> 4;
	out->value = types & 15;
	out->count *= 2;
}

static int is_container(int type)
{
	return type >= MV_THRIFT_LIST && type <= MV_THRIFT_STRUCT;
}

/* The type of what comes next in `p`; 0: it is over. */
static int skip_next(struct mv_thrift *t, struct pending *p, int *in_field)
{
	int32_t field;

	*in_field = p->value == -1;
	if (*in_field)
		return mv_thrift_field(t, &field);
	if (!p->count)
		return 0;
	p->count--;
	return p->value && !(p->count & 1) ? p->value : p->type;
}

void mv_thrift_skip(struct mv_thrift *t, int type)
{
	struct pending stack[MV_THRIFT_DEPTH];
	unsigned depth = 0;
	int in_field;

	/* in a field, true and false are the type and have no byte */
	if (type == MV_THRIFT_TRUE || type == MV_THRIFT_FALSE)
		return;
	if (!is_container(type)) {
		skip_simple(t, type);
		return;
	}
	skip_into(t, type, &stack[depth++]);
	while (depth && !t->bad) {
		int next = skip_next(t, &stack[depth - 1], &in_field);

		if (!next) {
			depth--;
		} else if (is_container(next)) {
			if (depth == MV_THRIFT_DEPTH)
				t->bad = 1;
			else
				skip_into(t, next, &stack[depth++]);
		} else if (!in_field || next > MV_THRIFT_FALSE) {
			skip_simple(t, next);
		}
	}
}
