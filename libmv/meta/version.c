/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/meta/priv.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

/* Semantic Versioning 2.0.0 (semver.org) behind a "v". Pure; hostile input. */

/* "v" core ["-" pre] ["+" build]: where the parts are. */
struct parts {
	const char *number[3];
	size_t digits[3];
	const char *pre, *build;
	size_t pre_len, build_len;
};

/* Length of a number without leading zeros at `s`, or 0. */
static size_t number_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && mv_is_digit(s[n]))
		n++;
	return n > 1 && s[0] == '0' ? 0 : n;
}

/* Identifiers joined by "."; with `strict`, numbers have no leading zeros. */
static int identifiers_ok(const char *s, size_t len, int strict)
{
	size_t start = 0, digits = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i == len || s[i] == '.') {
			if (i == start)
				return 0;
			if (strict && digits == i - start && digits > 1 &&
			    s[start] == '0')
				return 0;
			start = i + 1;
			digits = 0;
		} else if (mv_is_digit(s[i])) {
			digits++;
		} else if (!mv_is_alnum(s[i]) && s[i] != '-') {
			return 0;
		}
	}
	return 1;
}

static int version_split(struct parts *out, const char *s, size_t len)
{
	const char *end = s + len;
	const char *plus;

	memset(out, 0, sizeof(*out));
	if (!len || *s++ != 'v')
		return -1;
	for (int i = 0; i < 3; i++) {
		if (i && (s == end || *s++ != '.'))
			return -1;
		out->number[i] = s;
		out->digits[i] = number_len(s, (size_t)(end - s));
		if (!out->digits[i])
			return -1;
		s += out->digits[i];
	}
	plus = memchr(s, '+', (size_t)(end - s));
	if (plus) {
		out->build = plus + 1;
		out->build_len = (size_t)(end - out->build);
		end = plus;
	}
	if (s < end) {
		if (*s != '-')
			return -1;
		out->pre = s + 1;
		out->pre_len = (size_t)(end - out->pre);
	}
	if (out->pre && !identifiers_ok(out->pre, out->pre_len, 1))
		return -1;
	if (out->build && !identifiers_ok(out->build, out->build_len, 0))
		return -1;
	return 0;
}

int mv_version_is(const char *s, size_t len)
{
	struct parts p;

	return !version_split(&p, s, len);
}

int mv_version_ok(const char *version)
{
	return mv_version_is(version, strlen(version));
}

/* Numbers of any size: without leading zeros, the longer one is greater. */
static int cmp_numbers(const char *a, size_t a_len, const char *b,
		       size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int cmp_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t len = a_len < b_len ? a_len : b_len;
	int d = len ? memcmp(a, b, len) : 0;

	return d ? d : (a_len > b_len) - (a_len < b_len);
}

static int cmp_identifiers(const char *a, size_t a_len, const char *b,
			   size_t b_len)
{
	int a_number = number_len(a, a_len) == a_len;
	int b_number = number_len(b, b_len) == b_len;

	if (a_number && b_number)
		return cmp_numbers(a, a_len, b, b_len);
	if (a_number != b_number)
		return a_number ? -1 : 1;
	return cmp_bytes(a, a_len, b, b_len);
}

static size_t identifier_len(const char *s, size_t len)
{
	const char *dot = memchr(s, '.', len);

	return dot ? (size_t)(dot - s) : len;
}

static int cmp_pre(const struct parts *a, const struct parts *b)
{
	const char *p = a->pre, *q = b->pre;
	size_t p_len = a->pre_len, q_len = b->pre_len, m, n;
	int d;

	if (!p || !q)
		return !p - !q;		/* a release is after its candidates */
	for (;;) {
		m = identifier_len(p, p_len);
		n = identifier_len(q, q_len);
		d = cmp_identifiers(p, m, q, n);
		if (d || m == p_len || n == q_len)
			break;
		p += m + 1;
		p_len -= m + 1;
		q += n + 1;
		q_len -= n + 1;
	}
	return d ? d : (m < p_len) - (n < q_len);
}

int mv_version_cmp(const char *a, const char *b)
{
	struct parts p, q;
	int d = 0;

	if (version_split(&p, a, strlen(a)) || version_split(&q, b, strlen(b)))
		return strcmp(a, b);
	for (int i = 0; i < 3 && !d; i++)
		d = cmp_numbers(p.number[i], p.digits[i], q.number[i],
				q.digits[i]);
	if (!d)
		d = cmp_pre(&p, &q);
	if (!d)
		d = !!p.build - !!q.build;
	if (!d && p.build)
		d = cmp_bytes(p.build, p.build_len, q.build, q.build_len);
	return d;
}

/* A number of any size plus one. */
static int add_next(struct mv_buf *out, const char *digits, size_t len)
{
	size_t start, i;

	if (mv_buf_add(out, digits, len))
		return MV_ENOMEM;
	start = out->len - len;
	for (i = out->len; i > start && out->data[i - 1] == '9'; i--)
		out->data[i - 1] = '0';
	if (i > start) {
		out->data[i - 1]++;
		return 0;
	}
	out->data[start] = '1';
	return mv_buf_addch(out, '0');
}

int mv_version_bump(char **out, const char *from, enum mv_bump bump,
		    struct mv_err *err)
{
	const int which = bump == MV_BUMP_MAJOR ? 0 :
			  bump == MV_BUMP_MINOR ? 1 : 2;
	struct mv_buf buf;
	struct parts p;
	int rc = 0;

	*out = NULL;
	if (!from)
		from = "v0.0.0";
	if (version_split(&p, from, strlen(from)))
		return mv_fail(err, MV_EINVALID, "'%s' is not a version like "
			       "v1.2.3", from);
	mv_buf_init(&buf, MV_TAG_MAX);
	for (int i = 0; !rc && i < 3; i++) {
		rc = mv_buf_addch(&buf, i ? '.' : 'v');
		if (!rc && i < which)
			rc = mv_buf_add(&buf, p.number[i], p.digits[i]);
		else if (!rc && i == which)
			rc = add_next(&buf, p.number[i], p.digits[i]);
		else if (!rc)
			rc = mv_buf_addch(&buf, '0');
	}
	if (rc)
		rc = mv_fail(err, MV_ENOMEM, "there is no version after '%s'",
			     from);
	else if (!(*out = mv_buf_detach(&buf)))
		rc = mv_nomem(err);
	mv_buf_release(&buf);
	return rc;
}
