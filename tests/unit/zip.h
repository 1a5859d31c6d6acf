/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_ZIP_H
#define TESTS_UNIT_ZIP_H

/* Zips in memory, member by member, with the lies that a test asks for. */
#include "tests/unit/format.h"

enum {
	ZIP_BEHIND = 1,		/* sizes in a descriptor behind the data */
	ZIP_OTHER_NAME = 2,	/* in the directory */
	ZIP_OTHER_SIZE = 4,
	ZIP_OTHER_METHOD = 8,
	ZIP_ENCRYPTED = 16,
	ZIP_WIDE = 32,		/* sizes of 64 bits */
	ZIP_DEFLATED = 64	/* says so; the data is what it is */
};

struct zip {
	struct mv_buf file, directory;
	unsigned count;
	int flags;		/* for the members that follow */
	unsigned align;		/* of data, as PyTorch does; 0: none */
};

static inline void zip_le(struct mv_buf *b, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		assert_int_equal(mv_buf_addch(b, i < 8 ?
					      (char)(v >> (8 * i)) : 0), 0);
}

static inline void zip_begin(struct zip *z)
{
	memset(z, 0, sizeof(*z));
	mv_buf_init(&z->file, 16u << 20);
	mv_buf_init(&z->directory, 1u << 20);
}

static inline void zip_sizes(struct zip *z, size_t len, int here)
{
	uint32_t shown = z->flags & ZIP_WIDE ? UINT32_MAX : (uint32_t)len;

	zip_le(&z->file, here ? shown : 0, 4);
	zip_le(&z->file, here ? shown : 0, 4);
}

/* Where its data begins. */
static inline size_t zip_add(struct zip *z, const char *name, const void *data,
			     size_t len)
{
	struct mv_buf *d = &z->directory;
	size_t at = z->file.len, begin, pad = 0;
	size_t n = strlen(name), wide = z->flags & ZIP_WIDE ? 20 : 0;
	int behind = z->flags & ZIP_BEHIND;
	unsigned flag = (behind ? 8 : 0) | (z->flags & ZIP_ENCRYPTED ? 1 : 0);
	unsigned method = z->flags & ZIP_DEFLATED ? 8 : 0;

	if (z->align)
		pad = z->align - (at + 30 + n + wide + 4) % z->align;
	mv_buf_add(&z->file, "PK\3\4\24\0", 6);
	zip_le(&z->file, flag, 2);
	zip_le(&z->file, z->flags & ZIP_OTHER_METHOD ? 8 - method : method, 2);
	zip_le(&z->file, 0, 8);		/* time, crc */
	zip_sizes(z, len, !behind);
	zip_le(&z->file, n, 2);
	zip_le(&z->file, wide + (z->align ? pad + 4 : 0), 2);
	mv_buf_add(&z->file, name, n);
	if (wide) {
		zip_le(&z->file, 1, 2);
		zip_le(&z->file, 16, 2);
		zip_le(&z->file, behind ? 0 : len, 8);
		zip_le(&z->file, behind ? 0 : len, 8);
	}
	if (z->align) {
		zip_le(&z->file, 0x4246, 2);
		zip_le(&z->file, pad, 2);
		for (size_t i = 0; i < pad; i++)
			mv_buf_addch(&z->file, 'Z');
	}
	begin = z->file.len;
	assert_int_equal(mv_buf_add(&z->file, data, len), 0);
	if (behind) {
		mv_buf_add(&z->file, "PK\7\10crc_", 8);
		zip_le(&z->file, len, wide ? 8 : 4);
		zip_le(&z->file, len, wide ? 8 : 4);
	}
	mv_buf_add(d, "PK\1\2\24\0\24\0", 8);
	zip_le(d, flag, 2);
	zip_le(d, method, 2);
	zip_le(d, 0, 8);
	len += z->flags & ZIP_OTHER_SIZE ? 1 : 0;
	zip_le(d, len, 4);
	zip_le(d, len, 4);
	zip_le(d, n, 2);
	zip_le(d, 0, 2 + 2 + 2 + 2 + 4);
	zip_le(d, at, 4);
	mv_buf_add(d, name, n);
	if (z->flags & ZIP_OTHER_NAME)
		d->data[d->len - 1] ^= 1;
	z->count++;
	return begin;
}

static inline void zip_end(struct zip *z)
{
	size_t at = z->file.len;

	mv_buf_add(&z->file, z->directory.data, z->directory.len);
	mv_buf_add(&z->file, "PK\5\6\0\0\0\0", 8);
	zip_le(&z->file, z->count, 2);
	zip_le(&z->file, z->count, 2);
	zip_le(&z->file, z->directory.len, 4);
	zip_le(&z->file, at, 4);
	assert_int_equal(mv_buf_add(&z->file, "\0\0", 2), 0);
	mv_buf_release(&z->directory);
}

#endif
