/* SPDX-License-Identifier: MIT */
#include "libmv/base/config.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/utf8.h"

#define BYTES_MAX (1024u * 1024)
#define LINES_MAX 100000
#define VALUE_MAX_LEN 4096
/* inih's buffers as Debian compiles it: 200 for a line with a blank before it,
 * its LF and NUL; 50 for the inside of the brackets, with NUL. */
#define LINE_MAX_LEN 197
#define NAME_MAX_LEN 49

/*
 * inih reads line by line through config_next_line(), which refuses what inih
 * would cut or take for something else. A pair waits for the lines that go on
 * with it; fn is called when the next line does not.
 */
struct parse {
	const char *name;
	const char *pos, *end;
	unsigned flags;
	int line;
	int returned;			/* what fn returned, or our own error */
	int owed;			/* inih has yet to report the line */
	int goes_on;			/* the line is more of the pair */
	int pair_line;			/* of the pair that waits; 0: none */
	char key[NAME_MAX_LEN + 1];
	struct mv_buf value;
	char section[NAME_MAX_LEN + 1];
	char subname[NAME_MAX_LEN + 1];
	mv_config_fn fn;
	void *payload;
	struct mv_err *err;
};

/* -- checking one line ---------------------------------------------------- */

static int config_bad(struct parse *p, const char *why)
{
	return mv_fail(p->err, MV_EINVALID, "%s:%d: %s", p->name, p->line, why);
}

static int check_text(struct parse *p, const char *s, size_t len)
{
	if (len > LINE_MAX_LEN)
		return config_bad(p, "the line is longer than 197 bytes");
	if (p->line == 1 && len >= 3 && !memcmp(s, "\xef\xbb\xbf", 3))
		return config_bad(p, "the file begins with a byte order mark; "
				  "save it without");
	while (len) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		if (!n)
			return config_bad(p, "not valid UTF-8");
		if (cp == '\t')
			return config_bad(p,
					  "tab characters are only allowed before "
					  "a key");
		if (cp == '\r')
			return config_bad(p,
					  "lines must end with LF, not CR LF");
		if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
			return config_bad(p,
					  "control characters are not allowed");
		/* What an editor shows as a line of its own, or in another
		   order than it is read. */
		if ((cp >= 0x2028 && cp <= 0x202e) ||
		    (cp >= 0x2066 && cp <= 0x2069))
			return config_bad(p,
					  "line separators and characters that "
					  "turn the direction of text are not "
					  "allowed");
		s += n;
		len -= n;
	}
	return 0;
}

static int is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static size_t word_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && is_word(s[n]))
		n++;
	return n;
}

static void copy_str(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	to[len] = '\0';
}

/* Brackets and what is between them. */
static int take_section(struct parse *p, const char *s, size_t len)
{
	const char *sub = "";
	size_t n, sublen = 0;

	if (s[len - 1] != ']')
		return config_bad(p,
				  "a section ends with ']', and nothing "
				  "follows it");
	s++;
	len -= 2;
	n = word_len(s, len);
	if (len > NAME_MAX_LEN)
		return config_bad(p,
				  "the section name is longer than 49 bytes");
	if (!n)
		return config_bad(p, "a section name is missing");
	if (n < len) {
		/* SP DQUOTE subname DQUOTE */
		if (len - n < 4 || s[n] != ' ' || s[n + 1] != '"' ||
		    s[len - 1] != '"')
			return config_bad(p,
					  "a section is [name] or [name \"subname\"]");
		sub = s + n + 2;
		sublen = len - n - 3;
		if (memchr(sub, '"', sublen) || memchr(sub, ']', sublen))
			return config_bad(p,
					  "a subname cannot hold '\"' or ']'");
	}
	copy_str(p->section, s, n);
	copy_str(p->subname, sub, sublen);
	return p->flags & MV_CONFIG_HEADS ?
		p->fn(p->payload, p->section, p->subname, NULL, NULL, p->line,
		      p->err) : 0;
}

/* inih takes ':' for '=', too. */
static int check_pair(struct parse *p, const char *s, size_t len)
{
	const char *eq = memchr(s, '=', len);

	if (!eq || memchr(s, ':', (size_t)(eq - s)))
		return config_bad(p, "expected 'key = value'");
	return 0;
}

/* Of "key = ..." and "key: ...", where the sign between them is. */
static size_t behind_key(const char *s, size_t len)
{
	size_t n = word_len(s, len);

	while (n < len && s[n] == ' ')
		n++;
	return n;
}

/* "key = ...", also without a key; but not "key == ..." */
static int looks_like_pair(const char *s, size_t len)
{
	size_t n = behind_key(s, len);

	return n < len && s[n] == '=' && (n + 1 == len || s[n + 1] != '=');
}

/* "key: ...", which inih takes for a pair, too; but not "16:00" */
static int looks_like_other_pair(const char *s, size_t len)
{
	size_t n = behind_key(s, len);

	return n < len && s[n] == ':' && (n + 1 == len || s[n + 1] == ' ');
}

/* What reads like a line of its own must not hide in the one before it. */
static int check_goes_on(struct parse *p, const char *s, size_t len)
{
	if (!p->pair_line)
		return config_bad(p, "an indented line continues the one before "
				  "it, and there is none");
	if (looks_like_pair(s, len) || (!(p->flags & MV_CONFIG_INDENT) &&
					looks_like_other_pair(s, len)))
		return config_bad(p, "an indented line would continue the one "
				  "before it; begin at the left");
	return 0;
}

/* Nothing follows that goes on with the pair. */
static int deliver(struct parse *p)
{
	int line = p->pair_line;

	p->pair_line = 0;
	return line ? p->fn(p->payload, p->section, p->subname, p->key,
			    p->value.data, line, p->err) : 0;
}

/* `indented`: `s` begins behind the blanks. */
static int config_take_line(struct parse *p, const char *s, size_t len,
			    int indented)
{
	int comment = len && (*s == '#' || *s == ';');
	int rc = 0;

	p->goes_on = indented && len && !comment &&
		     !(p->flags & MV_CONFIG_INDENT && looks_like_pair(s, len));
	if (!p->goes_on && !comment)
		rc = deliver(p);
	if (!rc)
		rc = check_text(p, s, len);
	if (rc)
		return rc;
	while (len && s[len - 1] == ' ')
		len--;
	if (!len || comment)
		return 0;
	if (memmem(s, len, " ;", 2))
		return config_bad(p, "' ;' would begin a comment; "
				  "put it on a line of its own");
	if (*s == '[')
		return indented ? config_bad(p, "a section begins at the left") :
				  take_section(p, s, len);
	p->owed = 1;
	return p->goes_on ? check_goes_on(p, s, len) : check_pair(p, s, len);
}

/* -- sections that occur twice -------------------------------------------- */

struct head {
	const char *s;
	size_t len;
	int line;
};

static int head_cmp(const void *va, const void *vb)
{
	const struct head *a = va, *b = vb;
	int c = 0;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->len)
		c = memcmp(a->s, b->s, a->len);
	return c ? c : a->line - b->line;
}

/* Lines that begin with '['; counts only when `head` is NULL. */
static size_t find_heads(struct head *head, const struct parse *p)
{
	const char *s = p->pos;
	size_t count = 0;
	int line = 0;

	while (s < p->end) {
		const char *lf = memchr(s, '\n', (size_t)(p->end - s));
		const char *end = lf ? lf : p->end;

		line++;
		if (*s == '[' && head) {
			while (end[-1] == ' ')
				end--;
			head[count] = (struct head){ s, (size_t)(end - s), line };
		}
		count += *s == '[';
		s = lf ? lf + 1 : p->end;
	}
	return count;
}

/* Otherwise lines far away could widen what a section at the top says. */
static int check_sections(struct parse *p)
{
	size_t count = find_heads(NULL, p);
	struct head *head;
	int rc = 0;

	if (!count)
		return 0;
	head = calloc(count, sizeof(*head));
	if (!head)
		return mv_nomem(p->err);
	find_heads(head, p);
	qsort(head, count, sizeof(*head), head_cmp);
	for (size_t i = 1; i < count && !rc; i++)
		if (head[i].len == head[i - 1].len &&
		    !memcmp(head[i].s, head[i - 1].s, head[i].len))
			rc = mv_fail(p->err, MV_EINVALID,
				     "%s:%d: the section of line %d again",
				     p->name, head[i].line, head[i - 1].line);
	free(head);
	return rc;
}

/* -- what inih calls ------------------------------------------------------ */

static int stopped(const struct parse *p)
{
	return p->returned != 0;
}

/* So that no line is lost, however inih was compiled. */
static void check_reported(struct parse *p)
{
	if (p->owed)
		p->returned = config_bad(p, "the line was not understood");
}

/* An ini_reader: fgets() over memory that stops at the first bad line. */
static char *config_next_line(char *str, int num, void *stream)
{
	struct parse *p = stream;
	const char *lf, *start = p->pos;
	char *to = str;
	size_t len;

	if (!stopped(p))
		check_reported(p);
	if (stopped(p) || p->pos == p->end)
		return NULL;
	lf = memchr(p->pos, '\n', (size_t)(p->end - p->pos));
	while (start < p->end && (*start == ' ' || *start == '\t'))
		start++;
	len = (size_t)((lf ? lf : p->end) - start);
	p->line++;
	p->returned = p->line > LINES_MAX ? config_bad(p, "too many lines") :
		      config_take_line(p, start, len, start > p->pos);
	if (!stopped(p) && (num < 0 || len + 3 > (size_t)num))
		p->returned = config_bad(p, "the line is too long");
	if (stopped(p))
		return NULL;

	/* How git config indents pairs is not shown. */
	if (p->goes_on)
		*to++ = ' ';
	memcpy(to, start, len);
	memcpy(to + len, "\n", 2);
	p->pos = lf ? lf + 1 : p->end;
	return str;
}

static int begin_pair(struct parse *p, const char *key)
{
	size_t len = strlen(key);

	if (!len || word_len(key, len) < len)
		return config_bad(p,
				  "a key is made of letters, digits, '-', '_', '.'");
	if (len > NAME_MAX_LEN)
		return config_bad(p, "the key is longer than 49 bytes");
	if (!*p->section && !(p->flags & MV_CONFIG_TOP))
		return config_bad(p, "text before the first section");
	copy_str(p->key, key, len);
	mv_buf_clear(&p->value);
	p->pair_line = p->line;
	return 0;
}

static int take_value(struct parse *p, const char *value)
{
	const char *blank = p->value.len ? " " : "";

	if (p->value.len + strlen(blank) + strlen(value) > VALUE_MAX_LEN)
		return config_bad(p, "the value is longer than 4096 bytes");
	return mv_buf_addstr(&p->value, blank) ||
	       mv_buf_addstr(&p->value, value) ? mv_nomem(p->err) : 0;
}

/* An ini_handler: 1 to go on. inih calls it for each line of a value. */
static int config_on_pair(void *user, const char *section, const char *key,
			  const char *value)
{
	struct parse *p = user;

	(void)section;
	if (stopped(p) || !p->owed)
		return 0;
	if (p->goes_on && strcmp(key, p->key))
		return 0;
	p->owed = 0;
	if (!p->goes_on)
		p->returned = begin_pair(p, key);
	if (!stopped(p))
		p->returned = take_value(p, value);
	return !stopped(p);
}

int mv_config_parse(const char *name, const char *data, size_t len,
		    mv_config_fn fn, void *payload, struct mv_err *err)
{
	return mv_config_parse_with(name, data, len, MV_CONFIG_INDENT, fn,
				    payload, err);
}

int mv_config_parse_with(const char *name, const char *data, size_t len,
			 unsigned flags, mv_config_fn fn, void *payload,
			 struct mv_err *err)
{
	struct parse p = {
		.name = name, .pos = data, .end = data + len, .flags = flags,
		.fn = fn, .payload = payload, .err = err
	};
	int rc;

	if (len > BYTES_MAX)
		return mv_fail(err, MV_EINVALID, "%s: larger than 1 MiB", name);
	rc = check_sections(&p);
	if (rc < 0)
		return rc;
	mv_buf_init(&p.value, VALUE_MAX_LEN + 1);
	rc = ini_parse_stream(config_next_line, &p, config_on_pair, &p);
	if (!stopped(&p))
		check_reported(&p);
	if (!stopped(&p))
		p.returned = rc ? mv_nomem(err) : deliver(&p);
	mv_buf_release(&p.value);
	return p.returned;
}

/* -- sizes and durations -------------------------------------------------- */

/* Decimal digits; *s is moved behind them. */
static int take_number(uint64_t *out, const char **s)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -1;
	*s = p;
	*out = v;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int mv_parse_size(uint64_t *out, const char *text, struct mv_err *err)
{
	static const char units[] = "kmgtpe";
	const char *s = text;
	const char *unit;
	unsigned shift = 0;
	uint64_t v;

	if (take_number(&v, &s) < 0)
		goto config_bad;
	while (*s == ' ')
		s++;
	unit = *s ? strchr(units, lower(*s)) : NULL;
	if (unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		s++;
		if (lower(*s) == 'i' && lower(s[1]) == 'b')
			s++;
	}
	if (lower(*s) == 'b')
		s++;
	if (*s || v > UINT64_MAX >> shift)
		goto config_bad;
	*out = v << shift;
	return 0;
config_bad:
	return mv_fail(err, MV_EINVALID,
		       "'%s' is not a size, such as 8M, 64 KiB or 512", text);
}

static int64_t seconds_of(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

int mv_parse_duration(int64_t *out, const char *text, struct mv_err *err)
{
	const char *s = text;
	int64_t unit;
	uint64_t v;

	if (!strcmp(text, "now") || !strcmp(text, "0")) {
		*out = 0;
		return 0;
	}
	if (take_number(&v, &s) < 0)
		goto config_bad;
	unit = seconds_of(lower(*s));
	if (!unit || s[1] || v > (uint64_t)(INT64_MAX / unit))
		goto config_bad;
	*out = (int64_t)v * unit;
	return 0;
config_bad:
	return mv_fail(err, MV_EINVALID,
		       "'%s' is not a duration, such as 14d, 36h, 90m or now",
		       text);
}

char *mv_print_size(char *text, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	unsigned unit = 0;
	uint64_t whole, tenths;

	if (bytes < 1024) {
		snprintf(text, 32, "%u B", (unsigned)bytes);
		return text;
	}
	/* 1023.95 KiB and more would print as 1024.0: that is one MiB. */
	while (unit < 5 && bytes >> (10 * unit) >= 1024 * 1024 - 51)
		unit++;
	whole = bytes >> (10 * unit);
	tenths = (whole * 10 + 512) / 1024;
	snprintf(text, 32, "%u.%u %ciB", (unsigned)(tenths / 10),
		 (unsigned)(tenths % 10), units[unit]);
	return text;
}
