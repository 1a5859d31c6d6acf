/* SPDX-License-Identifier: MIT */
#include "libmv/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "libmv/base/words.h"

/*
 * Formats beside the struct, because an argument may point into the very
 * message that is replaced ("%s", err->msg).
 */
__attribute__((format(printf, 2, 0)))
static void set_message(struct mv_err *err, const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)];

	mv_vwords(msg, sizeof(msg), fmt, ap);
	memcpy(err->msg, msg, strlen(msg) + 1);
}

/* What comes last says why: where both do not fit, the first half goes. */
static void err_append(struct mv_err *err, const char *text)
{
	const size_t size = sizeof(err->msg), n = strlen(text) + 2;
	const size_t least = n < size / 2 ? n : size / 2;
	char head[sizeof(err->msg)];

	mv_words(head, size - least, "%s", err->msg);
	mv_words(err->msg, size, "%s: %s", head, text);
}

int mv_fail(struct mv_err *err, enum mv_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;

	va_start(ap, fmt);
	set_message(err, fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

static enum mv_code code_of(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return MV_ENOENT;
	case EEXIST:
		return MV_EEXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return MV_EDENIED;
	case ENOMEM:
		return MV_ENOMEM;
	case EAGAIN:
		return MV_EBUSY;
	default:
		return MV_EIO;
	}
}

int mv_fail_errno(struct mv_err *err, int errnum, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	if (!err)
		return code_of(errnum);

	va_start(ap, fmt);
	set_message(err, fmt, ap);
	va_end(ap);
	err_append(err, strerror_r(errnum, text, sizeof(text)));
	err->code = code_of(errnum);
	return err->code;
}

void mv_err_prefix(struct mv_err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return;

	memcpy(old, err->msg, strlen(err->msg) + 1);
	va_start(ap, fmt);
	set_message(err, fmt, ap);
	va_end(ap);
	err_append(err, old);
}

int mv_nomem(struct mv_err *err)
{
	return mv_fail(err, MV_ENOMEM, "out of memory");
}
