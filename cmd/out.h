/* SPDX-License-Identifier: MIT */
#ifndef CMD_OUT_H
#define CMD_OUT_H

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/json.h"
#include "libmv/base/progress.h"

/*
 * The only printer. Answers go to standard output, everything else to
 * standard error, as git has it. File names, tensor names and the like come
 * from strangers: text is made safe for a terminal before it is printed
 * (mv_buf_add_safe), except by out_raw().
 */

/*
 * How wide lines may be that go to a file descriptor: what COLUMNS says, else
 * the terminal; 0 where it is none and any line will do.
 */
size_t out_columns(int fd);

/* -- messages, one line each on standard error ---------------------------- */
int out_fatal(const struct mv_err *err);	/* CMD_FATAL */
__attribute__((format(printf, 1, 2)))
int out_fatalf(const char *fmt, ...);		/* CMD_FATAL */
__attribute__((format(printf, 1, 2)))
void out_error(const char *fmt, ...);
__attribute__((format(printf, 1, 0)))
void out_verror(const char *fmt, va_list ap);
__attribute__((format(printf, 1, 2)))
void out_warn(const char *fmt, ...);
__attribute__((format(printf, 1, 2)))
void out_hint(const char *fmt, ...);
/* Without a word in front. */
__attribute__((format(printf, 1, 2)))
void out_note(const char *fmt, ...);
/* The same, of what the library tells on its way. */
void out_tell(void *payload, const char *message);

/* -- answers, on standard output ------------------------------------------ */
/* One line; the newline is added. Where it is wider than out_columns() it
   goes on between words (mv_wrap_lines). */
__attribute__((format(printf, 1, 2)))
void out_line(const char *fmt, ...);
/* The same, going on behind `hang` blanks. */
__attribute__((format(printf, 2, 3)))
void out_hanging(size_t hang, const char *fmt, ...);
/* The same, not made safe and no newline: only for our own words. */
__attribute__((format(printf, 1, 2)))
void out_raw(const char *fmt, ...);
/* Lines that are safe already, wrapped like out_line()'s. */
void out_text(const struct mv_buf *text);
/* Content, or names that a program reads (-z). */
void out_bytes(const void *data, size_t len);
/* A path as git prints it: in quotes, with escapes, if it needs them. */
void out_path(const char *path);
/* The same into a buffer; 0 or MV_ENOMEM. */
int out_quote_path(struct mv_buf *out, const char *path);
/* "s" but of one: out_line("%zu file%s", n, out_s(n)). */
const char *out_s(uint64_t count);
/* Print one JSON value and a newline, and free it. CMD_OK or CMD_FATAL. */
int out_json(struct mv_json *value);
/* The same of an object that is not empty and goes on with a list `key`,
   whose `count` values are made one by one: it may be a long one. */
int out_json_list(struct mv_json *object, const char *key, size_t count,
		  struct mv_json *(*make)(void *payload, size_t i),
		  void *payload);

/*
 * The last thing before the end: was all of standard output written? A full
 * disk must not look like success. Returns `status`, or CMD_FATAL.
 */
int out_finish(int status);
/* Is standard output a pipe that nobody reads any more? Then end by SIGPIPE. */
void out_pipe_gone(void);

/*
 * -- a progress meter on standard error --
 * Give &meter.progress to the library. Nothing is drawn unless *show, in the
 * first moments, or more often than ten times a second. A `what` of one word
 * ("Storing") counts bytes, one of several counts its last word ("Checking
 * packs"). Messages may be printed meanwhile.
 */
struct out_meter {
	struct mv_progress progress;
	pthread_mutex_t lock;
	const int *show;
	const char *what;
	uint64_t started;	/* ms, of this `what` */
	uint64_t drawn;		/* ms, of the last drawing */
	uint64_t most;		/* of `done`: threads may report out of order */
	int width;		/* of what stands on the line now */
};

void out_meter_init(struct out_meter *meter, const int *show);
/* Clears the line. */
void out_meter_release(struct out_meter *meter);

#endif
