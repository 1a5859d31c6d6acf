/* SPDX-License-Identifier: MIT */
#include "libmv/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/utf8.h"

/* What `data` points to before the first byte; nothing ever writes here. */
static const char empty[1];

void mv_buf_init(struct mv_buf *buf, size_t max)
{
	buf->data = (char *)empty;
	buf->len = 0;
	buf->alloc = 0;
	buf->max = max;
}

void mv_buf_clear(struct mv_buf *buf)
{
	buf->len = 0;
	if (buf->alloc)
		buf->data[0] = '\0';
}

void mv_buf_release(struct mv_buf *buf)
{
	if (buf->alloc)
		free(buf->data);
	mv_buf_init(buf, buf->max);
}

char *mv_buf_detach(struct mv_buf *buf)
{
	char *data;

	if (mv_buf_reserve(buf, 0) < 0)
		return NULL;
	data = buf->data;
	data[buf->len] = '\0';
	mv_buf_init(buf, buf->max);
	return data;
}

/* Grows by half, so that adding bytes one by one stays linear. */
static size_t next_alloc(const struct mv_buf *buf, size_t need)
{
	size_t want = buf->alloc < 64 ? 64 : buf->alloc;

	if (want < SIZE_MAX / 2)
		want += want / 2;
	if (buf->max < SIZE_MAX && want > buf->max + 1)
		want = buf->max + 1;
	return want < need ? need : want;
}

int mv_buf_reserve(struct mv_buf *buf, size_t extra)
{
	size_t need, want;
	char *data;

	if (buf->len > buf->max || extra > buf->max - buf->len ||
	    __builtin_add_overflow(buf->len + extra, 1, &need))
		return MV_ENOMEM;
	if (need <= buf->alloc)
		return 0;

	want = next_alloc(buf, need);
	data = realloc(buf->alloc ? buf->data : NULL, want);
	if (!data)
		return MV_ENOMEM;
	data[buf->len] = '\0';
	buf->data = data;
	buf->alloc = want;
	return 0;
}

int mv_buf_add(struct mv_buf *buf, const void *data, size_t len)
{
	if (!len)
		return 0;
	if (mv_buf_reserve(buf, len) < 0)
		return MV_ENOMEM;

	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int mv_buf_addstr(struct mv_buf *buf, const char *s)
{
	return mv_buf_add(buf, s, strlen(s));
}

int mv_buf_addch(struct mv_buf *buf, char c)
{
	return mv_buf_add(buf, &c, 1);
}

int mv_buf_addf(struct mv_buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || mv_buf_reserve(buf, (size_t)n) < 0)
		return MV_ENOMEM;

	va_start(ap, fmt);
	vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
	return 0;
}

static int add_safe_one(struct mv_buf *buf, const char *s, size_t n,
			uint32_t cp)
{
	if (!n || (n == 1 && mv_utf8_unsafe(cp)))
		return mv_buf_addf(buf, "\\x%02x", (unsigned)(uint8_t)*s);
	if (mv_utf8_unsafe(cp))
		return mv_buf_addf(buf, "\\u{%04x}", (unsigned)cp);
	if (cp == '\\')
		return mv_buf_add(buf, "\\\\", 2);
	return mv_buf_add(buf, s, n);
}

int mv_buf_add_safe(struct mv_buf *buf, const char *s, size_t len)
{
	size_t before = buf->len;

	while (len) {
		uint32_t cp = 0;
		size_t n = mv_utf8_next(&cp, s, len);

		if (add_safe_one(buf, s, n, cp) < 0) {
			buf->len = before;
			if (buf->alloc)
				buf->data[before] = '\0';
			return MV_ENOMEM;
		}
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	return 0;
}

int mv_buf_cmp(const struct mv_buf *a, const struct mv_buf *b)
{
	const size_t n = a->len < b->len ? a->len : b->len;
	int d = n ? memcmp(a->data, b->data, n) : 0;

	return d ? d : (a->len > b->len) - (a->len < b->len);
}

char *mv_strf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;

	s = malloc((size_t)n + 1);
	if (!s)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

int mv_set_str(char **out, const char *s, struct mv_err *err)
{
	char *copy = s ? strdup(s) : NULL;

	if (s && !copy)
		return mv_nomem(err);
	free(*out);
	*out = copy;
	return 0;
}

int mv_buf_add_shell(struct mv_buf *buf, const char *text)
{
	int rc = mv_buf_addch(buf, '\'');

	for (; !rc && *text; text++)
		rc = *text == '\'' ? mv_buf_addstr(buf, "'\\''") :
				     mv_buf_addch(buf, *text);
	return rc ? rc : mv_buf_addch(buf, '\'');
}
