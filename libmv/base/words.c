/* SPDX-License-Identifier: MIT */
#include "libmv/base/words.h"

#include <stdio.h>
#include <string.h>

static const char dots[] = "...";

/* Where the last word that is whole within `room` bytes ends; 0: there is
   none. A very long one, or of half the room, is worth cutting. */
static size_t end_of_word(const char *text, size_t room)
{
	const size_t longest = room / 2 < 256 ? room / 2 : 256;
	size_t n = room;

	while (n > room - longest && text[n] != ' ')
		n--;
	if (text[n] != ' ')
		return 0;
	while (n && text[n - 1] == ' ')
		n--;
	return n;
}

static size_t end_of_character(const char *text, size_t n)
{
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

char *mv_vwords(char *out, size_t size, const char *fmt, va_list ap)
{
	int all = vsnprintf(out, size, fmt, ap);
	size_t room, n;

	if (all < 0 && size)
		*out = '\0';
	if (all < 0 || (size_t)all < size || size <= sizeof(dots))
		return out;
	room = size - sizeof(dots);
	n = end_of_word(out, room);
	if (!n)
		n = end_of_character(out, room);
	memcpy(out + n, dots, sizeof(dots));
	return out;
}

char *mv_words(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mv_vwords(out, size, fmt, ap);
	va_end(ap);
	return out;
}

void mv_vtell(mv_tell_fn tell, void *payload, const char *fmt, va_list ap)
{
	char text[2048];

	if (tell)
		tell(payload, mv_vwords(text, sizeof(text), fmt, ap));
}

void mv_tell(mv_tell_fn tell, void *payload, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mv_vtell(tell, payload, fmt, ap);
	va_end(ap);
}
