/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_ERR_H
#define MV_BASE_ERR_H

/*
 * Errors are values that the caller owns.
 *
 * A function that can fail returns 0 or one of the negative codes below and
 * takes a `struct mv_err *` as its last parameter. The code says what a
 * program may do about it; the message says to a person what went wrong and,
 * where there is something to be done, what to do. The two are always set
 * together, by mv_fail(), so that neither can be stale. `err` may be NULL
 * when the caller wants the code only.
 *
 * The message lives in the struct: reporting an error never allocates, never
 * locks, never touches a global, and needs no clean-up. Messages are lower
 * case, without a full stop, name what failed first and the path in quotes.
 */
enum mv_code {
	MV_OK = 0,
	MV_EIO = -1,		/* the operating system said no */
	MV_ENOENT = -2,		/* the named thing does not exist */
	MV_EEXISTS = -3,	/* it exists already, or changed under us */
	MV_ECORRUPT = -4,	/* stored bytes do not mean what they should */
	MV_EINVALID = -5,	/* the input or the request makes no sense */
	MV_EDENIED = -6,	/* refused for safety or for lack of rights */
	MV_EBUSY = -7,		/* somebody else holds the lock; try again */
	MV_ENOTSUP = -8,	/* well-formed, but not supported */
	MV_ENETWORK = -9,	/* a remote did not answer as it should */
	MV_ENOMEM = -10,	/* an allocation failed or a bound was reached */
	MV_ECANCELLED = -11	/* a callback asked to stop */
};

struct mv_err {
	enum mv_code code;
	char msg[1016];
};

/*
 * Record what went wrong and return `code`, so that a caller can write
 * `return mv_fail(err, MV_ECORRUPT, "pack '%s' is truncated", path);`.
 */
__attribute__((format(printf, 3, 4)))
int mv_fail(struct mv_err *err, enum mv_code code, const char *fmt, ...);

/*
 * The same for a failed system call: `errnum` chooses the code (ENOENT,
 * EEXIST, EACCES/EPERM/EROFS, ENOMEM, EAGAIN/EWOULDBLOCK, anything else is
 * MV_EIO) and its text is appended after a colon.
 */
__attribute__((format(printf, 3, 4)))
int mv_fail_errno(struct mv_err *err, int errnum, const char *fmt, ...);

/*
 * Put context in front of a message that is already set, which becomes
 * "<context>: <message>". Returns nothing on purpose: without an err it could
 * not know the code, and a caller that passed that on would call it success.
 */
__attribute__((format(printf, 2, 3)))
void mv_err_prefix(struct mv_err *err, const char *fmt, ...);

/* Out of memory, said the same way everywhere. */
int mv_nomem(struct mv_err *err);

#endif
