/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "libmv/report/parts.h"
#include "libmv/report/text.h"

/*
 * Lines of a terminal. A line ends between words; what stands in quotes or
 * in brackets is one word as long as a line can hold it, so that a command in
 * a hint is not torn. A word that no line can hold is left to the terminal.
 */

/* Bytes of an escape sequence for a colour at `s`, which takes no column. */
static size_t escape(const char *s, size_t len)
{
	size_t i = 2;

	if (len < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	while (i < len && (isdigit((unsigned char)s[i]) || s[i] == ';'))
		i++;
	return i < len && s[i] == 'm' ? i + 1 : 0;
}

static size_t width_of(const char *s, size_t len)
{
	size_t width = 0, from = 0, i = 0, n;

	while (i < len) {
		n = escape(s + i, len - i);
		if (!n) {
			i++;
			continue;
		}
		width += mv_width(s + from, i - from);
		i += n;
		from = i;
	}
	return width + mv_width(s + from, len - from);
}

/* What closes what opens at s[at]; 0: nothing opens there. */
static char closes(const char *s, size_t at)
{
	char c = s[at];

	if (at && s[at - 1] != ' ' && s[at - 1] != '(' && s[at - 1] != '[')
		return 0;
	return c == '[' ? ']' : c == '\'' || c == '`' ? c : 0;
}

/* Behind the group that opens at s[at], or `at` where it does not close. */
static size_t group_end(const char *s, size_t len, size_t at, char close)
{
	size_t depth = 0;

	for (size_t i = at + 1; i < len; i++) {
		depth += close == ']' && s[i] == '[';
		if (s[i] != close)
			continue;
		if (depth)
			depth--;
		else if (i + 1 == len || !isalnum((unsigned char)s[i + 1]))
			return i + 1;
	}
	return at;
}

/* Where the word at s[at] ends. */
static size_t word_end(const char *s, size_t len, size_t at, size_t room)
{
	size_t i = at, end;
	char close;

	while (i < len && s[i] != ' ') {
		close = closes(s, i);
		end = close ? group_end(s, len, i, close) : i;
		if (end > i && width_of(s + at, end - at) <= room)
			i = end;
		else
			i++;
	}
	return i;
}

int mv_wrap(struct mv_buf *out, const char *s, size_t len, size_t width,
	    size_t hang)
{
	size_t at = 0, used = 0, gap, end, w, in;
	int bad = 0;

	if (!width)
		return mv_buf_add(out, s, len);
	hang = hang > width / 2 ? width / 2 : hang;
	while (at < len && !bad) {
		for (gap = 0; at + gap < len && s[at + gap] == ' ';)
			gap++;
		end = word_end(s, len, at + gap, width - hang);
		w = width_of(s + at + gap, end - at - gap);
		/* A long word gets what it needs of the indent. */
		in = w < width ? width - w : 0;
		if (in > hang)
			in = hang;
		if (at && used + gap + w > width && end > at + gap) {
			bad = mv_buf_addch(out, '\n');
			for (size_t i = 0; i < in && !bad; i++)
				bad = mv_buf_addch(out, ' ');
			used = in + w;
			at += gap;
		} else {
			used += gap + w;
		}
		bad = bad || mv_buf_add(out, s + at, end - at);
		at = end;
	}
	return bad ? MV_ENOMEM : 0;
}

/* Behind the label that a line begins with ("ok   ", "actual:   "), if it is
   no wider than half of the room; else a little behind its indent. */
static size_t hang_of(const char *s, size_t len, size_t width)
{
	size_t indent = 0, at, gap;

	while (indent < len && s[indent] == ' ')
		indent++;
	for (at = indent; at < len && s[at] != ' ';)
		at++;
	for (gap = 0; at + gap < len && s[at + gap] == ' ';)
		gap++;
	return gap > 1 && at + gap <= width / 2 ? at + gap : indent + 2;
}

int mv_wrap_lines(struct mv_buf *out, const char *s, size_t len, size_t width)
{
	size_t n;
	int bad;

	for (; len; s += n, len -= n) {
		const char *end = memchr(s, '\n', len);

		n = end ? (size_t)(end - s) + 1 : len;
		bad = mv_wrap(out, s, n - (end != NULL), width,
			      hang_of(s, n, width)) ||
		      (end && mv_buf_addch(out, '\n'));
		if (bad)
			return MV_ENOMEM;
	}
	return 0;
}
