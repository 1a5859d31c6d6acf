/* SPDX-License-Identifier: MIT */
#ifndef MV_FORMAT_THRIFT_H
#define MV_FORMAT_THRIFT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Thrift's compact protocol, as far as Parquet uses it: a struct is a list
 * of fields (type and number, then the value) and ends in a zero byte. The
 * reader is told when to go in and out; whatever is not wanted is stepped
 * over with a stack of its own, 64 deep.
 */
enum mv_thrift_type {
	MV_THRIFT_TRUE = 1, MV_THRIFT_FALSE, MV_THRIFT_I8, MV_THRIFT_I16,
	MV_THRIFT_I32, MV_THRIFT_I64, MV_THRIFT_DOUBLE, MV_THRIFT_BINARY,
	MV_THRIFT_LIST, MV_THRIFT_SET, MV_THRIFT_MAP, MV_THRIFT_STRUCT,
	MV_THRIFT_UUID
};

#define MV_THRIFT_DEPTH 64u

struct mv_thrift {
	const uint8_t *p, *end;
	int bad;		/* something did not fit; nothing more is read */
	unsigned depth;		/* structs that were entered */
	int32_t last[MV_THRIFT_DEPTH];	/* field number in each */
};

void mv_thrift_begin(struct mv_thrift *t, const uint8_t *data, size_t len);

/* Go into a struct; its fields follow. */
void mv_thrift_enter(struct mv_thrift *t);
/*
 * The next field of the struct: its type, its number in *field. 0: the struct
 * is over, and was left. The value must be read or skipped.
 */
int mv_thrift_field(struct mv_thrift *t, int32_t *field);
/* A list: the type of its elements, *count of them, at most one per byte that
   is left. */
int mv_thrift_list(struct mv_thrift *t, uint32_t *count);

int64_t mv_thrift_int(struct mv_thrift *t);	/* i16, i32, i64 */
const uint8_t *mv_thrift_binary(struct mv_thrift *t, size_t *len);
void mv_thrift_skip(struct mv_thrift *t, int type);

#endif
