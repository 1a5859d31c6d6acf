/* SPDX-License-Identifier: MIT */
#include "libmv/trust/priv.h"

#include <string.h>

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int mv_base64(struct mv_buf *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	int bad = 0;

	for (size_t i = 0; i < len && !bad; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;
		char four[4];

		v |= i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < len ? p[i + 2] : 0;
		four[0] = digits[v >> 18];
		four[1] = digits[v >> 12 & 63];
		four[2] = i + 1 < len ? digits[v >> 6 & 63] : '=';
		four[3] = i + 2 < len ? digits[v & 63] : '=';
		bad = mv_buf_add(out, four, 4);
	}
	return bad;
}

static int digit(char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

int mv_unbase64(struct mv_buf *out, const char *text, size_t len)
{
	size_t pad = 0;

	if (len % 4)
		return -1;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		size_t end = i + 4 == len ? 4 - pad : 4;
		uint8_t three[3];
		uint32_t v = 0;

		for (size_t j = 0; j < 4; j++) {
			int d = j < end ? digit(text[i + j]) : 0;

			if (d < 0)
				return -1;
			v = v << 6 | (uint32_t)d;
		}
		three[0] = (uint8_t)(v >> 16);
		three[1] = (uint8_t)(v >> 8);
		three[2] = (uint8_t)v;
		/* Bits that nobody reads would be a second spelling. */
		if ((end < 4 && three[2]) || (end < 3 && three[1]))
			return -1;
		if (mv_buf_add(out, three, end - 1))
			return -1;
	}
	return 0;
}
