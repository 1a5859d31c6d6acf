/* SPDX-License-Identifier: MIT */
#include "libmv/format/pickle-op.h"

#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/format/pickle.h"

#define LINE_MAX_LEN (32u * 1024)

/* What stands behind an opcode. */
enum arg {
	ARG_BAD, ARG_NONE, ARG_U1, ARG_U2, ARG_I4, ARG_U4, ARG_U8, ARG_F8,
	ARG_LINE, ARG_LINES,
	ARG_TEXT1, ARG_TEXT4, ARG_TEXT8, ARG_BYTES1, ARG_BYTES4, ARG_BYTES8,
	ARG_LONG1, ARG_LONG4
};

static const uint8_t args[256] = {
	['('] = ARG_NONE, ['.'] = ARG_NONE, ['0'] = ARG_NONE, ['1'] = ARG_NONE,
	['2'] = ARG_NONE, ['F'] = ARG_LINE, ['I'] = ARG_LINE, ['J'] = ARG_I4,
	['K'] = ARG_U1, ['L'] = ARG_LINE, ['M'] = ARG_U2, ['N'] = ARG_NONE,
	['P'] = ARG_LINE, ['Q'] = ARG_NONE, ['R'] = ARG_NONE, ['S'] = ARG_LINE,
	['T'] = ARG_BYTES4, ['U'] = ARG_BYTES1, ['V'] = ARG_LINE,
	['X'] = ARG_TEXT4, ['a'] = ARG_NONE, ['b'] = ARG_NONE,
	['c'] = ARG_LINES, ['d'] = ARG_NONE, ['}'] = ARG_NONE,
	['e'] = ARG_NONE, ['g'] = ARG_LINE, ['h'] = ARG_U1, ['i'] = ARG_LINES,
	['j'] = ARG_U4, ['l'] = ARG_NONE, [']'] = ARG_NONE, ['o'] = ARG_NONE,
	['p'] = ARG_LINE, ['q'] = ARG_U1, ['r'] = ARG_U4, ['s'] = ARG_NONE,
	['t'] = ARG_NONE, [')'] = ARG_NONE, ['u'] = ARG_NONE, ['G'] = ARG_F8,
	['B'] = ARG_BYTES4, ['C'] = ARG_BYTES1,
	[0x80] = ARG_U1, [0x81] = ARG_NONE, [0x82] = ARG_U1, [0x83] = ARG_U2,
	[0x84] = ARG_I4, [0x85] = ARG_NONE, [0x86] = ARG_NONE,
	[0x87] = ARG_NONE, [0x88] = ARG_NONE, [0x89] = ARG_NONE,
	[0x8a] = ARG_LONG1, [0x8b] = ARG_LONG4, [0x8c] = ARG_TEXT1,
	[0x8d] = ARG_TEXT8, [0x8e] = ARG_BYTES8, [0x8f] = ARG_NONE,
	[0x90] = ARG_NONE, [0x91] = ARG_NONE, [0x92] = ARG_NONE,
	[0x93] = ARG_NONE, [0x94] = ARG_NONE, [0x95] = ARG_U8,
	[0x96] = ARG_BYTES8, [0x97] = ARG_NONE, [0x98] = ARG_NONE,
};

/* Where the opcode stands, and who is told what is wrong with it. */
struct from {
	uint64_t pos;
	struct mv_err *err;
};

static int op_bad(const struct from *f, const char *what)
{
	return mv_fail(f->err, MV_EINVALID, "the pickle is malformed at offset "
		       "%llu: %s", (unsigned long long)f->pos, what);
}

/* 1: found; 0: not here yet; or MV_EINVALID. */
static int take_line(struct from *f, const uint8_t **at, size_t *left,
		     const char **text, size_t *len)
{
	const uint8_t *nl = *left ? memchr(*at, '\n', *left) : NULL;
	size_t n = nl ? (size_t)(nl - *at) : *left;

	if (n > LINE_MAX_LEN)
		return op_bad(f, "a line is too long");
	if (!nl)
		return 0;
	*text = (const char *)*at;
	*len = n;
	*left -= n + 1;
	*at = nl + 1;
	return 1;
}

static int take_lines(struct from *f, struct mv_pickle_op *op, int two,
		      const uint8_t *data, size_t len)
{
	const uint8_t *at = data + 1;
	size_t left = len - 1;
	int rc = take_line(f, &at, &left, &op->text, &op->text_len);

	if (rc == 1 && two)
		rc = take_line(f, &at, &left, &op->text2, &op->text2_len);
	op->size = (uint64_t)(at - data);
	return rc;
}

/* `width` bytes of length, then text: its beginning must be here. */
static int take_text(struct from *f, struct mv_pickle_op *op, unsigned width,
		     const uint8_t *data, size_t len)
{
	uint64_t n;

	if (len < 1 + width)
		return 0;
	n = width == 1 ? data[1] : width == 4 ? mv_le32(data + 1) :
		mv_le64(data + 1);
	if (n > INT64_MAX)
		return op_bad(f, "a text is too long");
	op->number = n;
	op->size = 1 + width + n;
	op->cut = n > MV_PICKLE_TEXT_MAX;
	op->text_len = op->cut ? MV_PICKLE_TEXT_MAX : (size_t)n;
	op->text = (const char *)data + 1 + width;
	return len - 1 - width >= op->text_len;
}

static int take_number(struct mv_pickle_op *op, unsigned width, const uint8_t *data,
		       size_t len)
{
	op->size = 1 + width;
	if (len < op->size)
		return 0;
	op->number = width == 1 ? data[1] : width == 2 ? mv_le16(data + 1) :
		width == 4 ? mv_le32(data + 1) : mv_le64(data + 1);
	return 1;
}

int mv_pickle_op_read(struct mv_pickle_op *op, const uint8_t *data, size_t len,
		      uint64_t pos, struct mv_err *err)
{
	struct from from = { pos, err }, *f = &from;

	memset(op, 0, sizeof(*op));
	if (!len)
		return 0;
	op->code = data[0];
	op->size = 1;
	switch ((enum arg)args[op->code]) {
	case ARG_NONE:
		op->bare = 1;
		return 1;
	case ARG_U1:
		return take_number(op, 1, data, len);
	case ARG_U2:
		return take_number(op, 2, data, len);
	case ARG_I4:
	case ARG_U4:
		return take_number(op, 4, data, len);
	case ARG_U8:
	case ARG_F8:
		return take_number(op, 8, data, len);
	case ARG_LINE:
		return take_lines(f, op, 0, data, len);
	case ARG_LINES:
		return take_lines(f, op, 1, data, len);
	case ARG_TEXT1:
	case ARG_BYTES1:
	case ARG_LONG1:
		return take_text(f, op, 1, data, len);
	case ARG_TEXT4:
	case ARG_BYTES4:
	case ARG_LONG4:
		return take_text(f, op, 4, data, len);
	case ARG_TEXT8:
	case ARG_BYTES8:
		return take_text(f, op, 8, data, len);
	case ARG_BAD:
		break;
	}
	return op_bad(f, "an opcode is unknown");
}
