/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_BYTES_H
#define MV_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Integers from and to bytes, without alignment or byte-order assumptions.
 * Our own formats are little-endian; git's are big-endian.
 */
static inline uint16_t mv_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t mv_le32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static inline uint64_t mv_le64(const void *p)
{
	return (uint64_t)mv_le32(p) |
	       (uint64_t)mv_le32((const uint8_t *)p + 4) << 32;
}

static inline void mv_put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void mv_put_le32(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
	b[2] = (uint8_t)(v >> 16);
	b[3] = (uint8_t)(v >> 24);
}

static inline void mv_put_le64(void *p, uint64_t v)
{
	mv_put_le32(p, (uint32_t)v);
	mv_put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

/* A number in groups of 7 bits, the lowest first, as protobuf and Thrift write
   it: bytes used, or 0 (and *out is 0) when it does not end or has more than
   64 bits. */
static inline size_t mv_varint(uint64_t *out, const uint8_t *p, size_t len)
{
	uint64_t n = 0;

	*out = 0;
	for (size_t i = 0; i < len && i < 10; i++) {
		n |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if (i == 9 && p[i] > 1)
			return 0;
		if (!(p[i] & 0x80)) {
			*out = n;
			return i + 1;
		}
	}
	return 0;
}

static inline uint32_t mv_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

static inline uint64_t mv_be64(const void *p)
{
	return (uint64_t)mv_be32(p) << 32 |
	       mv_be32((const uint8_t *)p + 4);
}

static inline void mv_put_be32(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 24);
	b[1] = (uint8_t)(v >> 16);
	b[2] = (uint8_t)(v >> 8);
	b[3] = (uint8_t)v;
}

#endif
