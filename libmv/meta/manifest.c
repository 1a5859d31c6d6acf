/* SPDX-License-Identifier: MIT */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/grow.h"
#include "libmv/meta/manifest.h"

/*
 * Directories as one content (docs/format/manifest.md):
 *
 *	git-model-manifest/1 LF
 *	<64 hex> SP <size> SP <path> LF		... sorted by the paths' bytes
 *
 * In version 2, which only a directory with links or submodules has, those
 * lines begin with "link " or "module ". One directory has one manifest: whatever else would be read as the same
 * list is refused, because its digest would be another.
 */
#define MAGIC "git-model-manifest/"
#define HEAD MAGIC "1\n"
#define HEAD_ODD MAGIC "2\n"
#define PATH_LEN_MAX 4095

void mv_manifest_release(struct mv_manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->v[i].path);
	free(m->v);
	*m = (struct mv_manifest){ NULL, 0, 0 };
}

static int bad_path(struct mv_err *err, const char *path, const char *why)
{
	struct mv_buf safe;
	int rc;

	mv_buf_init(&safe, 4 * PATH_LEN_MAX);
	if (mv_buf_add_safe(&safe, path, strlen(path)) < 0)
		mv_buf_clear(&safe);
	rc = mv_fail(err, MV_EINVALID, "in a manifest: '%s' %s", safe.data,
		     why);
	mv_buf_release(&safe);
	return rc;
}

/* Relative, and nothing in it that a file system takes for another place. */
static int check_path(const char *path, struct mv_err *err)
{
	const char *s = path;

	if (strlen(path) > PATH_LEN_MAX)
		return mv_fail(err, MV_EINVALID, "in a manifest: a path of "
			       "%zu bytes", strlen(path));
	for (;;) {
		size_t n = strcspn(s, "/");

		if (!n || (n == 1 && *s == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return bad_path(err, path, "is not a path below it");
		if (!s[n])
			return 0;
		s += n + 1;
	}
}

/* What a line of the kind begins with. */
static const char *const kind_word[] = { "", "link ", "module " };

/* Takes `path`, also on failure. */
static int manifest_take(struct mv_manifest *m, enum mv_member_kind kind,
			 char *path,
			 const struct mv_oid *oid, uint64_t size, struct mv_err *err)
{
	if (MV_GROW(m->v, m->alloc, m->count + 1, err) < 0) {
		free(path);
		return MV_ENOMEM;
	}
	m->v[m->count++] = (struct mv_member){ path, *oid, size, kind, 0 };
	return 0;
}

int mv_manifest_add_kind(struct mv_manifest *m, enum mv_member_kind kind,
			 const char *path, const struct mv_oid *oid,
			 uint64_t size, struct mv_err *err)
{
	char *copy;
	int rc = check_path(path, err);

	if (rc < 0)
		return rc;
	if (size > INT64_MAX)
		return bad_path(err, path, "is too large");
	copy = strdup(path);
	return copy ? manifest_take(m, kind, copy, oid, size,
				    err) : mv_nomem(err);
}

int mv_manifest_add(struct mv_manifest *m, const char *path,
		    const struct mv_oid *oid, uint64_t size,
		    struct mv_err *err)
{
	return mv_manifest_add_kind(m, MV_MEMBER_FILE, path, oid, size, err);
}

/*
 * Folders on the way down may be links themselves; those stay inside, too, or
 * they are what is reported. But what is above such a folder is not what is
 * above its name, so that a ".." behind a name may lead anywhere.
 */
int mv_manifest_link_stays(const char *path, const char *target)
{
	size_t depth = 0;
	int down = 0;

	for (const char *s = path; *s; s++)
		depth += *s == '/';
	if (!*target || *target == '/')
		return 0;
	for (const char *s = target; *s; s += strspn(s, "/")) {
		size_t n = strcspn(s, "/");

		if (n == 2 && s[0] == '.' && s[1] == '.') {
			if (down || !depth)
				return 0;
			depth--;
		} else if (n != 1 || *s != '.') {
			down = 1;
		}
		s += n;
	}
	return 1;
}

/* -- order ---------------------------------------------------------------- */

static int manifest_by_path(const void *va, const void *vb)
{
	const struct mv_member *a = va, *b = vb;

	return strcmp(a->path, b->path);
}

/* Is the folder that `path` is in also there as a file? */
static int check_folders(const struct mv_manifest *m, const char *path,
			 struct mv_err *err)
{
	struct mv_member folder = { .path = strdup(path) };
	int rc = 0;
	char *slash;

	if (!folder.path)
		return mv_nomem(err);
	while (!rc && (slash = strrchr(folder.path, '/'))) {
		*slash = '\0';
		if (bsearch(&folder, m->v, m->count, sizeof(*m->v),
			    manifest_by_path))
			rc = bad_path(err, folder.path,
				      "is a file and a folder");
	}
	free(folder.path);
	return rc;
}

/* Of a sorted list. */
static int check_order(const struct mv_manifest *m, struct mv_err *err)
{
	const char *last = NULL;	/* its folders were looked at */
	int rc = 0;

	for (size_t i = 0; i < m->count && !rc; i++) {
		const char *path = m->v[i].path;
		const char *slash = strrchr(path, '/');
		size_t n = slash ? (size_t)(slash - path) + 1 : 0;
		int cmp = i ? strcmp(m->v[i - 1].path, path) : -1;

		if (!cmp)
			rc = bad_path(err, path, "occurs twice");
		else if (cmp > 0)
			rc = bad_path(err, path, "is not in its place");
		else if (n && (!last || strncmp(last, path, n)))
			rc = check_folders(m, path, err);
		if (n)
			last = path;
	}
	return rc;
}

/* -- text ----------------------------------------------------------------- */

static int add_path(struct mv_buf *out, const char *path)
{
	int rc = 0;

	for (const char *s = path; *s && !rc; s++) {
		unsigned c = (uint8_t)*s;

		if (c < 0x20 || c == '\\')
			rc = mv_buf_addf(out, "\\%03o", c);
		else
			rc = mv_buf_addch(out, *s);
	}
	return rc;
}

/* Has it members that version 1 cannot hold? */
static int is_odd(const struct mv_manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->v[i].kind != MV_MEMBER_FILE)
			return 1;
	return 0;
}

int mv_manifest_print(struct mv_buf *out, struct mv_manifest *m,
		      struct mv_err *err)
{
	size_t before = out->len;
	char hex[MV_OID_HEX + 1];
	int rc;

	if (m->count)
		qsort(m->v, m->count, sizeof(*m->v), manifest_by_path);
	rc = check_order(m, err);
	if (rc < 0)
		return rc;
	rc = mv_buf_addstr(out, is_odd(m) ? HEAD_ODD : HEAD);
	for (size_t i = 0; i < m->count && !rc; i++) {
		mv_oid_hex(hex, &m->v[i].oid);
		rc = mv_buf_addf(out, "%s%s %" PRIu64 " ",
				 kind_word[m->v[i].kind], hex, m->v[i].size);
		if (!rc)
			rc = add_path(out, m->v[i].path);
		if (!rc)
			rc = mv_buf_addch(out, '\n');
	}
	if (!rc)
		return 0;
	out->len = before;
	if (out->alloc)
		out->data[before] = '\0';
	return mv_fail(err, MV_ENOMEM, "out of memory for a manifest, or one "
		       "of more than %zu bytes", out->max);
}

int mv_manifest_is(const char *data, size_t len)
{
	return len > strlen(MAGIC) && !memcmp(data, MAGIC, strlen(MAGIC)) &&
	       data[strlen(MAGIC)] >= '1' && data[strlen(MAGIC)] <= '9';
}

static int octal(unsigned *out, const char *s, const char *end)
{
	unsigned v = 0;

	if (end - s < 3)
		return -1;
	for (int i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -1;
		v = v * 8 + (unsigned)(s[i] - '0');
	}
	*out = v;
	/* Only what must be escaped; NUL is in no path. */
	return v && (v < 0x20 || v == '\\') ? 0 : -1;
}

/* The path in fresh memory; NULL: malformed, or *rc is MV_ENOMEM. */
static char *take_path(const char *s, const char *end, int *rc)
{
	char *path = malloc((size_t)(end - s) + 1);
	char *to = path;
	unsigned c;

	*rc = path ? MV_EINVALID : MV_ENOMEM;
	while (path && s < end) {
		c = (uint8_t)*s++;
		if (c == '\\') {
			if (octal(&c, s, end) < 0)
				goto bad;
			s += 3;
		} else if (c < 0x20) {
			goto bad;
		}
		*to++ = (char)c;
	}
	if (path)
		*to = '\0';
	return path;
bad:
	free(path);
	return NULL;
}

/* Decimal digits without leading zeros, then a space: what follows it. */
static const char *take_size(uint64_t *out, const char *s, const char *end)
{
	uint64_t v = 0;
	const char *p = s;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return NULL;
	if (p == s || (*s == '0' && p - s > 1) || p == end || *p != ' ' ||
	    v > INT64_MAX)
		return NULL;
	*out = v;
	return p + 1;
}

/* What the line is of; *s is what follows its word. */
static enum mv_member_kind take_kind(const char **s, const char *end)
{
	for (int k = MV_MEMBER_LINK; k <= MV_MEMBER_MODULE; k++) {
		size_t n = strlen(kind_word[k]);

		if ((size_t)(end - *s) > n && !memcmp(*s, kind_word[k], n)) {
			*s += n;
			return (enum mv_member_kind)k;
		}
	}
	return MV_MEMBER_FILE;
}

static int manifest_take_line(struct mv_manifest *m, const char *s,
			      const char *end,
			      size_t line, int odd, struct mv_err *err)
{
	enum mv_member_kind kind = odd ? take_kind(&s, end) : MV_MEMBER_FILE;
	const char *p = NULL;
	char *path = NULL;
	struct mv_oid oid;
	uint64_t size;
	int rc = MV_EINVALID;

	if (end - s > MV_OID_HEX && s[MV_OID_HEX] == ' ' &&
	    !mv_oid_parse(&oid, s, MV_OID_HEX))
		p = take_size(&size, s + MV_OID_HEX + 1, end);
	if (p)
		path = take_path(p, end, &rc);
	if (!path && rc == MV_ENOMEM)
		return mv_nomem(err);
	if (!path)
		return mv_fail(err, MV_EINVALID,
			       "line %zu of a manifest is malformed", line);
	rc = check_path(path, err);
	if (rc < 0) {
		free(path);
		return rc;
	}
	return manifest_take(m, kind, path, &oid, size, err);
}

int mv_manifest_parse(struct mv_manifest *out, const char *data, size_t len,
		      struct mv_err *err)
{
	const char *end = data + len;
	const char *s = data + strlen(HEAD);
	size_t line = 1;
	int rc = 0, odd;

	*out = (struct mv_manifest){ NULL, 0, 0 };
	if (!mv_manifest_is(data, len))
		return mv_fail(err, MV_EINVALID, "this is not a manifest");
	odd = len >= strlen(HEAD) && !memcmp(data, HEAD_ODD, strlen(HEAD));
	if (!odd && (len < strlen(HEAD) || memcmp(data, HEAD, strlen(HEAD))))
		return mv_fail(err, MV_ENOTSUP, "a manifest of a version that "
			       "is not known; a newer git-model reads it");
	while (s < end && !rc) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));

		line++;
		if (!lf)
			rc = mv_fail(err, MV_EINVALID,
				     "line %zu of a manifest is cut short",
				     line);
		else
			rc = manifest_take_line(out, s, lf, line, odd, err);
		s = lf ? lf + 1 : end;
	}
	if (!rc)
		rc = check_order(out, err);
	if (!rc && odd && !is_odd(out))
		rc = mv_fail(err, MV_EINVALID, "a manifest of version 2 "
			     "without links and submodules");
	if (rc < 0)
		mv_manifest_release(out);
	return rc;
}

int mv_manifest_diff(const struct mv_manifest *old,
		     const struct mv_manifest *new, mv_member_fn fn,
		     void *payload, struct mv_err *err)
{
	size_t i = 0, j = 0;
	int rc = check_order(old, err);

	if (!rc)
		rc = check_order(new, err);
	while (!rc && (i < old->count || j < new->count)) {
		const struct mv_member *a = i < old->count ? &old->v[i] : NULL;
		const struct mv_member *b = j < new->count ? &new->v[j] : NULL;
		int cmp = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);

		i += cmp <= 0;
		j += cmp >= 0;
		if (cmp || !mv_oid_eq(&a->oid, &b->oid) ||
		    a->size != b->size || a->kind != b->kind)
			rc = fn(payload, cmp <= 0 ? a : NULL,
				cmp >= 0 ? b : NULL, err);
	}
	return rc;
}
