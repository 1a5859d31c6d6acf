/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_BUF_H
#define MV_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * A byte buffer that grows, up to a maximum that it must be told.
 *
 * `data` is always NUL-terminated once anything was added (the NUL is not
 * counted in `len`) and never NULL after mv_buf_init(): it points to a
 * static empty string until the first byte is added. The adding functions
 * return 0 or MV_ENOMEM (no memory, or `max` would be passed) and leave the
 * buffer as it was on failure. Not for use by two threads at once.
 */
struct mv_buf {
	char *data;
	size_t len;
	size_t alloc;
	size_t max;
};

void mv_buf_init(struct mv_buf *buf, size_t max);
void mv_buf_clear(struct mv_buf *buf);		/* len = 0, memory kept */
void mv_buf_release(struct mv_buf *buf);	/* memory freed, reusable */
char *mv_buf_detach(struct mv_buf *buf);	/* yours to free(); NULL on ENOMEM */
/* By their bytes, as memcmp(); what only goes on longer comes later. */
int mv_buf_cmp(const struct mv_buf *a, const struct mv_buf *b);

/* Make room for `extra` more bytes after `len`. */
int mv_buf_reserve(struct mv_buf *buf, size_t extra);
int mv_buf_add(struct mv_buf *buf, const void *data, size_t len);
int mv_buf_addstr(struct mv_buf *buf, const char *s);
int mv_buf_addch(struct mv_buf *buf, char c);
/* A word for a shell, in quotes: 'it'\''s'. */
int mv_buf_add_shell(struct mv_buf *buf, const char *text);
__attribute__((format(printf, 2, 3)))
int mv_buf_addf(struct mv_buf *buf, const char *fmt, ...);

/*
 * Add untrusted text for a terminal or a log: control characters, DEL, C1,
 * invalid UTF-8 and bidirectional controls become \xNN (bytes) or \u{NNNN};
 * a backslash is doubled. The result is one printable line.
 */
int mv_buf_add_safe(struct mv_buf *buf, const char *s, size_t len);

/* "%s" of printf style, into fresh memory; NULL when there is none. */
__attribute__((format(printf, 1, 2)))
char *mv_strf(const char *fmt, ...);

/*
 * A copy of `s` (NULL: of nothing) takes the place of *out, which is freed.
 * 0 or MV_ENOMEM, and *out is as it was. `s` may lie in *out.
 */
int mv_set_str(char **out, const char *s, struct mv_err *err);

#endif
