/* SPDX-License-Identifier: MIT */
#include "libmv/store/pointer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NATIVE_START "git-model/"
#define NATIVE_VERSION "git-model/1"
#define LFS_VERSION "https://git-lfs.github.com/spec/v1"
#define OID_TYPE "sha256:"

enum { MAX_TEXT = 160 };	/* the longest text that we write, and more */

/* A part of the text. Nothing in here is NUL-terminated. */
struct slice {
	const char *data;
	size_t len;
};

static int slice_is(struct slice s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.data, text, s.len);
}

/* Remove `text` from the front, if that is how it begins. */
static int skip(struct slice *s, const char *text)
{
	size_t n = strlen(text);

	if (s->len < n || memcmp(s->data, text, n))
		return 0;
	s->data += n;
	s->len -= n;
	return 1;
}

/* The next line, without its LF; 0 at the end. */
static int pointer_next_line(struct slice *line, struct slice *rest)
{
	const char *lf;

	if (!rest->len)
		return 0;
	lf = memchr(rest->data, '\n', rest->len);
	line->data = rest->data;
	line->len = lf ? (size_t)(lf - rest->data) : rest->len;
	rest->data += line->len + !!lf;
	rest->len -= line->len + !!lf;
	return 1;
}

static void drop_cr(struct slice *line)
{
	if (line->len && line->data[line->len - 1] == '\r')
		line->len--;
}

/* "sha256:" and 64 lower-case digits, nothing else. */
static int parse_oid(struct mv_oid *oid, struct slice s)
{
	return skip(&s, OID_TYPE) && s.len == MV_OID_HEX &&
	       !mv_oid_parse(oid, s.data, s.len);
}

/* Digits, at least one, that fit a signed 64-bit integer. */
static int parse_digits(uint64_t *out, struct slice s)
{
	uint64_t v = 0;

	if (!s.len)
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		unsigned int digit = (unsigned char)s.data[i] - (unsigned)'0';

		if (digit > 9 || v > ((uint64_t)INT64_MAX - digit) / 10)
			return 0;
		v = v * 10 + digit;
	}
	*out = v;
	return 1;
}

/* The canonical text, which has no NUL at its end; returns its length. */
static size_t format(char *out, const struct mv_pointer *pointer)
{
	char hex[MV_OID_HEX + 1];

	if (!pointer->size)
		return 0;
	return (size_t)snprintf(out, MAX_TEXT,
				"%s\noid " OID_TYPE "%s\nsize %" PRIu64 "\n",
				pointer->dialect == MV_DIALECT_LFS ?
					"version " LFS_VERSION :
					NATIVE_VERSION,
				mv_oid_hex(hex, &pointer->oid), pointer->size);
}

/* -- the native dialect: one possible text for one content ---------------- */

static int bad_native(struct mv_err *err, const char *why)
{
	return mv_fail(err, MV_ECORRUPT, "malformed pointer: %s", why);
}

static int bad_version(struct mv_err *err, struct slice line)
{
	uint64_t version;

	if (skip(&line, NATIVE_START) && parse_digits(&version, line) &&
	    version > 1)
		return mv_fail(err, MV_ECORRUPT, "pointer is of version %"
			       PRIu64 ", which this git-model does not know",
			       version);
	return bad_native(err, "the first line is not '" NATIVE_VERSION "'");
}

/* Git's own conversion of line ends may have been there before us. */
static int next_native_line(struct slice *line, struct slice *rest)
{
	int found = pointer_next_line(line, rest);

	if (found)
		drop_cr(line);
	return found;
}

static int parse_native(struct mv_pointer *out, struct slice text,
			struct mv_err *err)
{
	struct slice rest = text, line = { text.data, 0 };

	next_native_line(&line, &rest);
	if (!slice_is(line, NATIVE_VERSION))
		return bad_version(err, line);
	if (!next_native_line(&line, &rest) || !skip(&line, "oid ") ||
	    !parse_oid(&out->oid, line))
		return bad_native(err, "line 2 is not 'oid sha256:' and 64 "
				  "lower-case hex digits");
	if (!next_native_line(&line, &rest) || !skip(&line, "size ") ||
	    !parse_digits(&out->size, line) || line.data[0] == '0')
		return bad_native(err, "line 3 is not 'size' and a decimal "
				  "number from 1");
	if (rest.len)
		return bad_native(err, "something follows the size");
	if (text.data[text.len - 1] != '\n')
		return bad_native(err, "the last line has no end");
	out->dialect = MV_DIALECT_NATIVE;
	out->canonical = !memchr(text.data, '\r', text.len);
	return 0;
}

/*
 * -- Git LFS: what its own decoder takes --
 *
 * Keys in the order version, oid, size, with extension lines anywhere before
 * size. What that decoder refuses is content for git-lfs, so it must be
 * content for us.
 */

static int is_lfs_version(struct slice value)
{
	return slice_is(value, LFS_VERSION) ||
	       slice_is(value, "https://hawser.github.com/spec/v1") ||
	       slice_is(value, "http://git-media.io/v/2");
}

static int is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

/* "ext-<one digit>-<name> sha256:<64 hex>"; each digit only once. */
static int take_extension(unsigned int *seen, struct slice key,
			  struct slice value)
{
	struct mv_oid oid;
	unsigned int bit;

	if (!skip(&key, "ext-") || key.len < 3 || key.data[0] < '0' ||
	    key.data[0] > '9' || key.data[1] != '-' || !is_word(key.data[2]))
		return 0;
	bit = 1u << (key.data[0] - '0');
	if (*seen & bit)
		return 0;
	*seen |= bit;
	return parse_oid(&oid, value);
}

static int take_size(uint64_t *out, struct slice value)
{
	int minus = skip(&value, "-");

	if (!minus)
		skip(&value, "+");
	return parse_digits(out, value) && !(minus && *out);
}

static int take_lfs_key(struct mv_pointer *out, int which, struct slice value)
{
	switch (which) {
	case 0:
		return is_lfs_version(value);
	case 1:
		return parse_oid(&out->oid, value);
	default:
		return take_size(&out->size, value);
	}
}

/*
 * White space as git-lfs's language has it: Unicode's, in UTF-8. Longer first
 * is not needed: none is the end of another.
 */
static const struct slice spaces[] = {
	{ " ", 1 }, { "\t", 1 }, { "\n", 1 }, { "\v", 1 }, { "\f", 1 },
	{ "\r", 1 }, { "\302\205", 2 }, { "\302\240", 2 },
	{ "\341\232\200", 3 }, { "\342\200\200", 3 }, { "\342\200\201", 3 },
	{ "\342\200\202", 3 }, { "\342\200\203", 3 }, { "\342\200\204", 3 },
	{ "\342\200\205", 3 }, { "\342\200\206", 3 }, { "\342\200\207", 3 },
	{ "\342\200\210", 3 }, { "\342\200\211", 3 }, { "\342\200\212", 3 },
	{ "\342\200\250", 3 }, { "\342\200\251", 3 }, { "\342\200\257", 3 },
	{ "\342\201\237", 3 }, { "\343\200\200", 3 },
};

/* The bytes of the white space that the text begins or ends with; 0: none. */
static size_t space_at(struct slice s, int at_end)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t n = spaces[i].len;

		if (n <= s.len &&
		    !memcmp(s.data + (at_end ? s.len - n : 0), spaces[i].data,
			    n))
			return n;
	}
	return 0;
}

static struct slice trim(struct slice s)
{
	size_t n;

	while ((n = space_at(s, 0))) {
		s.data += n;
		s.len -= n;
	}
	while ((n = space_at(s, 1)))
		s.len -= n;
	return s;
}

/* The key before the first space; the line keeps what comes after it. */
static int split_key(struct slice *key, struct slice *line)
{
	const char *space = memchr(line->data, ' ', line->len);

	if (!space)
		return 0;
	key->data = line->data;
	key->len = (size_t)(space - line->data);
	line->data += key->len + 1;
	line->len -= key->len + 1;
	return 1;
}

static int is_lfs(struct mv_pointer *out, struct slice text)
{
	static const char *const keys[] = { "version", "oid", "size" };
	struct slice rest = trim(text), line, key;
	unsigned int extensions = 0;
	int done = 0;

	while (pointer_next_line(&line, &rest)) {
		drop_cr(&line);
		if (!line.len)
			continue;
		if (done == 3 || !split_key(&key, &line))
			return 0;
		if (slice_is(key, keys[done])) {
			if (!take_lfs_key(out, done++, line))
				return 0;
		} else if (!take_extension(&extensions, key, line)) {
			return 0;
		}
	}
	out->extended = extensions != 0;
	return done == 3;
}

static int parse_lfs(struct mv_pointer *out, struct slice text,
		     struct mv_err *err)
{
	char canonical[MAX_TEXT];
	size_t len;

	if (!is_lfs(out, text))
		return mv_fail(err, MV_ENOENT, "not a pointer");
	out->dialect = MV_DIALECT_LFS;
	len = format(canonical, out);
	out->canonical = len == text.len && !memcmp(canonical, text.data, len);
	return 0;
}

/* -- pointers that git merged as text ------------------------------------- */

static int is_conflict_marker(struct slice line)
{
	return slice_is(line, "=======") || skip(&line, "<<<<<<< ") ||
	       skip(&line, "||||||| ") || skip(&line, ">>>>>>> ");
}

static int is_pointer_line(struct slice line)
{
	struct mv_oid oid;
	uint64_t version;

	if (skip(&line, "oid "))
		return parse_oid(&oid, line);
	if (skip(&line, "version "))
		return is_lfs_version(line);
	return skip(&line, NATIVE_START) && parse_digits(&version, line);
}

/* The number of the first line with a marker, or 0. */
static unsigned int find_conflict(struct slice text)
{
	unsigned int n = 0, marker = 0;
	int is_pointer = 0;
	struct slice line;

	while (pointer_next_line(&line, &text)) {
		n++;
		drop_cr(&line);
		if (!marker && is_conflict_marker(line))
			marker = n;
		is_pointer |= is_pointer_line(line);
	}
	return is_pointer ? marker : 0;
}

int mv_pointer_parse(struct mv_pointer *out, const void *data, size_t len,
		     struct mv_err *err)
{
	struct slice text = { data, len }, start = text;
	unsigned int line;

	memset(out, 0, sizeof(*out));
	if (!len || len >= MV_POINTER_MAX)
		return mv_fail(err, MV_ENOENT, "not a pointer");
	line = find_conflict(text);
	if (line)
		return mv_fail(err, MV_ECORRUPT, "pointer has a conflict "
			       "marker in line %u: keep one side of it", line);
	if (skip(&start, NATIVE_START))
		return parse_native(out, text, err);
	return parse_lfs(out, text, err);
}

int mv_pointer_print(struct mv_buf *out, const struct mv_pointer *pointer,
		     struct mv_err *err)
{
	char text[MAX_TEXT];

	if (pointer->size > INT64_MAX)
		return mv_fail(err, MV_EINVALID,
			       "no file has %" PRIu64 " bytes", pointer->size);
	if (mv_buf_add(out, text, format(text, pointer)))
		return mv_nomem(err);
	return 0;
}

void mv_pointer_of_empty(struct mv_pointer *out, enum mv_dialect dialect)
{
	static const struct mv_oid of_nothing = { {
		0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
		0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
		0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
		0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
	} };

	memset(out, 0, sizeof(*out));
	out->oid = of_nothing;
	out->dialect = dialect;
	out->canonical = 1;
}
