/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_UTF8_H
#define MV_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode one code point: its length in bytes (1..4), or 0 when `s` does not
 * begin with one. Strict: no overlong forms, no surrogates, nothing above
 * U+10FFFF. `len` must not be 0.
 */
static inline size_t mv_utf8_next(uint32_t *cp, const char *s, size_t len)
{
	const uint8_t *b = (const uint8_t *)s;
	uint32_t min, c;
	size_t n;

	if (b[0] < 0x80) {
		*cp = b[0];
		return 1;
	}
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	n = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	min = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
	c = b[0] & (0x7fu >> n);
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

/* Is all of it code points? */
static inline int mv_utf8_ok(const char *s, size_t len)
{
	uint32_t cp;

	for (size_t i = 0, n; i < len; i += n) {
		n = mv_utf8_next(&cp, s + i, len - i);
		if (!n)
			return 0;
	}
	return 1;
}

/*
 * May this code point not reach a terminal as it is? C0, DEL, C1, line and
 * paragraph separators, and all that changes the direction of text.
 */
static inline int mv_utf8_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c ||
	       cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

#endif
