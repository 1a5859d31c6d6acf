/* SPDX-License-Identifier: MIT */
#include "cmd/out.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "libmv/base/config.h"
#include "libmv/base/json.h"
#include "libmv/report/text.h"

enum {
	MAX_LINE = 1 << 20,
	METER_DELAY_MS = 300,
	METER_EVERY_MS = 100
};

size_t out_columns(int fd)
{
	const char *value = getenv("COLUMNS");
	struct winsize size;
	char *end;
	long n;

	if (value && *value) {
		n = strtol(value, &end, 10);
		if (!*end && n > 0 && n < 10000)
			return (size_t)n;
	}
	if (isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size))
		return size.ws_col;
	return 0;
}

/*
 * One write per message, so that lines of several processes do not mix; and
 * after what was answered so far, so that a hint comes behind its result also
 * where both go into one file. On a terminal the rest of the line is cleared:
 * a progress meter may stand there.
 */
static void out_say(const char *lead, const char *text)
{
	int tty = isatty(2), failed;
	struct mv_buf line, lines;

	mv_buf_init(&line, MAX_LINE);
	mv_buf_init(&lines, 2 * MAX_LINE);
	failed = mv_buf_addstr(&line, lead) ||
		 mv_buf_add_safe(&line, text, strlen(text)) ||
		 mv_wrap(&lines, line.data, line.len, tty ? out_columns(2) : 0,
			 strlen(lead)) ||
		 mv_buf_addstr(&lines, tty ? "\033[K\n" : "\n");
	fflush(stdout);
	if (failed)
		fprintf(stderr, "%s(a message too long to print)\n", lead);
	else
		fwrite(lines.data, 1, lines.len, stderr);
	mv_buf_release(&line);
	mv_buf_release(&lines);
}

__attribute__((format(printf, 2, 0)))
static void vsay(const char *lead, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		out_say(lead, fmt);
	else
		out_say(lead, text);
	free(text);
}

int out_fatal(const struct mv_err *err)
{
	out_say("fatal: ", err->msg);
	return CMD_FATAL;
}

int out_fatalf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("fatal: ", fmt, ap);
	va_end(ap);
	return CMD_FATAL;
}

void out_verror(const char *fmt, va_list ap)
{
	vsay("error: ", fmt, ap);
}

void out_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("error: ", fmt, ap);
	va_end(ap);
}

void out_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("warning: ", fmt, ap);
	va_end(ap);
}

void out_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("", fmt, ap);
	va_end(ap);
}

void out_tell(void *payload, const char *message)
{
	(void)payload;
	out_note("%s", message);
}

void out_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay("hint: ", fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 0)))
static void vline(size_t hang, const char *fmt, va_list ap)
{
	size_t width = out_columns(1);
	struct mv_buf line, lines;
	char *text = NULL;
	int len = vasprintf(&text, fmt, ap), bad;

	mv_buf_init(&line, MAX_LINE);
	mv_buf_init(&lines, SIZE_MAX / 2);
	if (len < 0 || mv_buf_add_safe(&line, text, (size_t)len) < 0)
		exit(out_fatalf("a line is too long to print"));
	bad = hang ? mv_wrap(&lines, line.data, line.len, width, hang) :
		     mv_wrap_lines(&lines, line.data, line.len, width);
	if (bad)
		exit(out_fatalf("out of memory"));
	puts(lines.data);
	free(text);
	mv_buf_release(&line);
	mv_buf_release(&lines);
}

void out_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(0, fmt, ap);
	va_end(ap);
}

void out_hanging(size_t hang, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(hang, fmt, ap);
	va_end(ap);
}

void out_text(const struct mv_buf *text)
{
	struct mv_buf lines;

	mv_buf_init(&lines, SIZE_MAX / 2);
	if (mv_wrap_lines(&lines, text->data, text->len, out_columns(1)) < 0)
		exit(out_fatalf("out of memory"));
	out_bytes(lines.data, lines.len);
	mv_buf_release(&lines);
}

void out_raw(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void out_bytes(const void *data, size_t len)
{
	fwrite(data, 1, len, stdout);
}

static int quote_byte(struct mv_buf *out, unsigned char c)
{
	static const char plain[] = "\a\b\t\n\v\f\r\"\\";
	static const char letter[] = "abtnvfr\"\\";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at)
		return mv_buf_addf(out, "\\%c", letter[at - plain]);
	if (c < 0x20 || c >= 0x7f)
		return mv_buf_addf(out, "\\%03o", c);
	return mv_buf_addch(out, (char)c);
}

/*
 * git's own quoting, with core.quotePath off: a name is quoted only when a
 * terminal or a parser could take it for something else; what is then not
 * printable ASCII becomes octal, so that git can read it back.
 */
int out_quote_path(struct mv_buf *out, const char *path)
{
	struct mv_buf safe;
	int rc;

	mv_buf_init(&safe, MAX_LINE);
	rc = mv_buf_add_safe(&safe, path, strlen(path));
	if (rc < 0)
		goto out;
	if (!strcmp(safe.data, path) && !strchr(path, '"')) {
		rc = mv_buf_addstr(out, path);
		goto out;
	}
	rc = mv_buf_addch(out, '"');
	for (; !rc && *path; path++)
		rc = quote_byte(out, (unsigned char)*path);
	if (!rc)
		rc = mv_buf_addch(out, '"');
out:
	mv_buf_release(&safe);
	return rc;
}

void out_path(const char *path)
{
	struct mv_buf quoted;

	mv_buf_init(&quoted, MAX_LINE);
	if (out_quote_path(&quoted, path) < 0)
		exit(out_fatalf("a path is too long to print"));
	out_bytes(quoted.data, quoted.len);
	mv_buf_release(&quoted);
}

const char *out_s(uint64_t count)
{
	return count == 1 ? "" : "s";
}

int out_json(struct mv_json *value)
{
	int status = CMD_OK;
	struct mv_buf text;
	struct mv_err err;

	mv_buf_init(&text, (size_t)1 << 30);
	if (mv_json_print(&text, value, 2, &err) < 0)
		status = out_fatal(&err);
	else
		puts(text.data);
	mv_buf_release(&text);
	mv_json_free(value);
	return status;
}

/* A value within a list within an object: each of its lines goes further in. */
static int print_item(struct mv_buf *text, struct mv_json *value, int first,
		      struct mv_err *err)
{
	const char *line, *end;
	int rc;

	text->len = 0;
	rc = mv_json_print(text, value, 2, err);
	mv_json_free(value);
	if (rc < 0)
		return rc;
	fputs(first ? "\n" : ",\n", stdout);
	for (line = text->data; (end = strchr(line, '\n')); line = end + 1)
		printf("    %.*s\n", (int)(end - line), line);
	printf("    %s", line);
	return 0;
}

int out_json_list(struct mv_json *object, const char *key, size_t count,
		  struct mv_json *(*make)(void *payload, size_t i),
		  void *payload)
{
	int status = CMD_OK;
	struct mv_buf text;
	struct mv_err err;
	int rc;

	mv_buf_init(&text, (size_t)1 << 30);
	rc = mv_json_print(&text, object, 2, &err);
	mv_json_free(object);
	if (rc < 0) {
		status = out_fatal(&err);
		goto out;
	}
	/* All but the newline and the brace at its end. */
	out_bytes(text.data, text.len - 2);
	printf(",\n  \"%s\": [", key);
	for (size_t i = 0; i < count; i++)
		if (print_item(&text, make(payload, i), !i, &err) < 0) {
			status = out_fatal(&err);
			goto out;
		}
	printf("%s]\n}\n", count ? "\n  " : "");
out:
	mv_buf_release(&text);
	return status;
}

void out_pipe_gone(void)
{
	struct pollfd fd = { .fd = 1, .events = POLLOUT };
	struct stat st;

	if (fstat(1, &st) || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ||
	    poll(&fd, 1, 0) < 1 || !(fd.revents & POLLERR))
		return;
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

int out_finish(int status)
{
	int failed = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !failed)
		return status;
	/* Who closed the pipe (head, less) does not want to hear of it: as git
	   and everybody else we end by the signal. */
	failed = errno;
	out_pipe_gone();
	errno = failed;
	if (errno != EPIPE)
		out_fatalf("cannot write to standard output%s%s",
			   errno ? ": " : "", errno ? strerror(errno) : "");
	return CMD_FATAL;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void print_amount(char *text, size_t size, uint64_t done,
			 uint64_t total, uint64_t ms, int bytes)
{
	char a[32], b[32], rate[32];

	mv_print_size(a, done);
	mv_print_size(b, total);
	mv_print_size(rate, ms ? done * 1000 / ms : done);
	if (bytes && total)
		snprintf(text, size, "%s of %s, %s/s", a, b, rate);
	else if (bytes)
		snprintf(text, size, "%s, %s/s", a, rate);
	else if (total)
		snprintf(text, size, "%" PRIu64 "/%" PRIu64, done, total);
	else
		snprintf(text, size, "%" PRIu64, done);
}

static void draw(struct out_meter *m, uint64_t total, uint64_t ms)
{
	char amount[128], percent[16] = "", line[256];
	int width;

	print_amount(amount, sizeof(amount), m->most, total, ms,
		     !strchr(m->what, ' '));
	if (total)
		snprintf(percent, sizeof(percent), " %3u%%,",
			 (unsigned)((double)m->most * 100 / (double)total));
	width = snprintf(line, sizeof(line), "%s:%s %s", m->what, percent,
			 amount);
	fprintf(stderr, "\r%s%*s\r", line,
		m->width > width ? m->width - width : 0, "");
	m->width = width;
}

static void meter_update(void *payload, const char *what, uint64_t done,
			 uint64_t total)
{
	struct out_meter *m = payload;
	uint64_t now;

	/* Who finds another thread here need not wait: that one draws. */
	if (!*m->show || pthread_mutex_trylock(&m->lock))
		return;
	now = now_ms();
	if (m->what != what) {
		m->what = what;
		m->started = now;
		m->most = 0;
	}
	if (done > m->most)
		m->most = total && done > total ? total : done;
	if (now - m->started >= METER_DELAY_MS &&
	    now - m->drawn >= METER_EVERY_MS) {
		draw(m, total, now - m->started);
		m->drawn = now;
	}
	pthread_mutex_unlock(&m->lock);
}

void out_meter_init(struct out_meter *meter, const int *show)
{
	memset(meter, 0, sizeof(*meter));
	meter->progress.update = meter_update;
	meter->progress.payload = meter;
	meter->show = show;
	pthread_mutex_init(&meter->lock, NULL);
}

void out_meter_release(struct out_meter *meter)
{
	if (meter->width)
		fprintf(stderr, "\r%*s\r", meter->width, "");
	meter->width = 0;
	pthread_mutex_destroy(&meter->lock);
}
