/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"

/*
 * The directory of a zip, which stands at its end. Readers of zips differ in
 * whom they believe, the directory or the header before each member; here
 * both must say the same (docs/format/layouts.md).
 */
#define MEMBERS_MAX 65536u
#define DIRECTORY_MAX (64u * 1024 * 1024)
#define END_SIZE 22u
#define END64_SIZE 56u
#define LOCATOR_SIZE 20u
#define ENTRY_SIZE 46u
#define TAIL_MAX (65535u + END_SIZE + LOCATOR_SIZE)

struct reading {
	struct mv_zip *zip;
	mv_read_at_fn fn;
	void *payload;
	uint64_t size;
	uint64_t dir_at, dir_len, count;
	uint8_t *local;			/* a local header */
	struct mv_err *err;
};

static int zip_bad(const struct reading *r, const char *what)
{
	return mv_fail(r->err, MV_EINVALID, "the zip archive is damaged: %s",
		       what);
}

static int bad_member(const struct reading *r, const struct mv_zip_member *m,
		      const char *what)
{
	char shown[MV_SHOWN];

	return mv_fail(r->err, MV_EINVALID,
		       "the zip archive is damaged: member '%s' %s",
		       mv_name_shown(shown, m->name, m->name_len), what);
}

/* -- the end -------------------------------------------------------------- */

/* "PK\5\6" whose comment ends where the file does. */
static const uint8_t *find_end(const uint8_t *tail, size_t len)
{
	for (size_t i = len; i-- >= END_SIZE;) {
		const uint8_t *at = tail + i + 1 - END_SIZE;

		if (!memcmp(at, "PK\5\6", 4) &&
		    mv_le16(at + 20) == (size_t)(tail + len - at) - END_SIZE)
			return at;
	}
	return NULL;
}

static int read_end64(struct reading *r, uint64_t locator_at,
		      const uint8_t *locator, uint64_t *end_at)
{
	uint64_t at = mv_le64(locator + 8);
	uint8_t end[END64_SIZE];
	int rc;

	if (at > locator_at || locator_at - at < END64_SIZE)
		return zip_bad(r, "its end is not where it says");
	rc = mv_read_exactly(r->fn, r->payload, r->size, at, end, sizeof(end),
			     r->err);
	if (rc < 0)
		return rc;
	if (memcmp(end, "PK\6\6", 4) ||
	    mv_le64(end + 4) != locator_at - at - 12)
		return zip_bad(r, "its end is not where it says");
	if (mv_le32(end + 16) || mv_le32(end + 20) ||
	    mv_le64(end + 24) != mv_le64(end + 32))
		return zip_bad(r, "it has several parts");
	r->count = mv_le64(end + 32);
	r->dir_len = mv_le64(end + 40);
	r->dir_at = mv_le64(end + 48);
	*end_at = at;
	return 0;
}

static int read_end(struct reading *r)
{
	size_t len = r->size < TAIL_MAX ? (size_t)r->size : TAIL_MAX;
	uint64_t begin = r->size - len, end_at;
	uint8_t *tail = malloc(len ? len : 1);
	const uint8_t *end;
	int rc;

	if (!tail)
		return mv_nomem(r->err);
	rc = mv_read_exactly(r->fn, r->payload, r->size, begin, tail, len,
			     r->err);
	end = rc < 0 ? NULL : find_end(tail, len);
	if (!rc && !end)
		rc = zip_bad(r, "its directory is missing");
	if (rc < 0)
		goto out;
	if (mv_le16(end + 4) || mv_le16(end + 6) ||
	    mv_le16(end + 8) != mv_le16(end + 10)) {
		rc = zip_bad(r, "it has several parts");
		goto out;
	}
	r->count = mv_le16(end + 10);
	r->dir_len = mv_le32(end + 12);
	r->dir_at = mv_le32(end + 16);
	end_at = begin + (uint64_t)(end - tail);
	if (end - tail >= (ptrdiff_t)LOCATOR_SIZE &&
	    !memcmp(end - LOCATOR_SIZE, "PK\6\7", 4))
		rc = read_end64(r, end_at - LOCATOR_SIZE, end - LOCATOR_SIZE,
				&end_at);
	if (!rc && (r->dir_at > end_at || end_at - r->dir_at != r->dir_len))
		rc = zip_bad(r, "its directory is not where it says");
	if (!rc && (r->dir_len > DIRECTORY_MAX || r->count > MEMBERS_MAX))
		rc = mv_fail(r->err, MV_EINVALID, "more than %u members",
			     MEMBERS_MAX);
out:
	free(tail);
	return rc;
}

/* -- the directory -------------------------------------------------------- */

int mv_zip_wide(const uint8_t *extra, size_t len, uint64_t *size,
		uint64_t *packed, uint64_t *header)
{
	uint64_t *fields[] = { size, packed, header };

	while (len >= 4) {
		size_t n = mv_le16(extra + 2);
		const uint8_t *at = extra + 4;

		if (n > len - 4)
			break;
		if (mv_le16(extra) != 1) {
			extra += 4 + n;
			len -= 4 + n;
			continue;
		}
		for (int i = 0; i < 3; i++) {
			if (!fields[i] || *fields[i] != UINT32_MAX)
				continue;
			if (n < 8)
				return 0;
			*fields[i] = mv_le64(at);
			at += 8;
			n -= 8;
		}
		return 1;
	}
	return *size != UINT32_MAX && *packed != UINT32_MAX &&
		(!header || *header != UINT32_MAX);
}

/* The header that stands before the member's data. */
static int check_local(struct reading *r, struct mv_zip_member *m,
		       unsigned flags, unsigned method)
{
	uint8_t *h = r->local;
	size_t extra_len;
	uint64_t size, packed;
	int rc;

	rc = mv_read_exactly(r->fn, r->payload, r->dir_at, m->header, h,
			     MV_ZIP_LOCAL + m->name_len, r->err);
	if (rc < 0)
		return rc == MV_EINVALID ?
			bad_member(r, m, "is not where the directory says") :
			rc;
	if (memcmp(h, "PK\3\4", 4))
		return bad_member(r, m, "is not where the directory says");
	if (mv_le16(h + 26) != m->name_len ||
	    memcmp(h + MV_ZIP_LOCAL, m->name, m->name_len))
		return bad_member(r, m, "has another name in its own header");
	if (mv_le16(h + 8) != method || (mv_le16(h + 6) & 0x2041) !=
	    (flags & 0x2041))
		return bad_member(r, m, "is packed otherwise in its own header");
	extra_len = mv_le16(h + 28);
	m->data = m->header + MV_ZIP_LOCAL + m->name_len + extra_len;
	if (m->data > r->dir_at || m->packed > r->dir_at - m->data)
		return bad_member(r, m, "reaches into the directory");
	rc = mv_read_exactly(r->fn, r->payload, r->dir_at,
			     m->data - extra_len, h + MV_ZIP_LOCAL, extra_len,
			     r->err);
	if (rc < 0)
		return rc;
	packed = mv_le32(h + 18);
	size = mv_le32(h + 22);
	if (mv_le16(h + 6) & 8 && !packed && !size)
		return 0;	/* told behind the data */
	if (!mv_zip_wide(h + MV_ZIP_LOCAL, extra_len, &size, &packed, NULL) ||
	    ((size != m->size || packed != m->packed) &&
	     (size || packed || !(mv_le16(h + 6) & 8))))
		return bad_member(r, m, "has another size in its own header");
	return 0;
}

static int one_entry(struct reading *r, const uint8_t *at, size_t left,
		     size_t *used)
{
	struct mv_zip_member *m = &r->zip->members[r->zip->count];
	size_t name_len, extra_len;
	unsigned flags, method;

	if (left < ENTRY_SIZE || memcmp(at, "PK\1\2", 4))
		return zip_bad(r, "its directory is too short");
	name_len = mv_le16(at + 28);
	extra_len = mv_le16(at + 30);
	*used = ENTRY_SIZE + name_len + extra_len + mv_le16(at + 32);
	if (*used > left)
		return zip_bad(r, "its directory is too short");
	m->name = (const char *)at + ENTRY_SIZE;
	m->name_len = name_len;
	if (!name_len || memchr(m->name, 0, name_len))
		return zip_bad(r, "a member's name cannot be one");
	flags = mv_le16(at + 8);
	method = mv_le16(at + 10);
	m->method = method;
	m->packed = mv_le32(at + 20);
	m->size = mv_le32(at + 24);
	m->header = mv_le32(at + 42);
	if (!mv_zip_wide(at + ENTRY_SIZE + name_len, extra_len, &m->size,
			 &m->packed, &m->header))
		return bad_member(r, m, "has no size");
	if (flags & 0x2041)
		return bad_member(r, m, "is encrypted");
	if (!method && m->size != m->packed)
		return bad_member(r, m, "is stored, but has two sizes");
	if (m->header > INT64_MAX || m->packed > INT64_MAX ||
	    m->size > INT64_MAX)
		return bad_member(r, m, "has no possible size");
	r->zip->count++;
	return check_local(r, m, flags, method);
}

static int by_header(const void *a, const void *b)
{
	const struct mv_zip_member *x = *(const struct mv_zip_member *const *)a;
	const struct mv_zip_member *y = *(const struct mv_zip_member *const *)b;

	return (x->header > y->header) - (x->header < y->header);
}

/* Bytes belong to one member; the first begins the file. */
static int check_overlap(struct reading *r)
{
	const struct mv_zip_member **order;
	uint64_t end = 0;
	int rc = 0;

	order = calloc(r->zip->count ? r->zip->count : 1, sizeof(*order));
	if (!order)
		return mv_nomem(r->err);
	for (size_t i = 0; i < r->zip->count; i++)
		order[i] = &r->zip->members[i];
	qsort(order, r->zip->count, sizeof(*order), by_header);
	for (size_t i = 0; i < r->zip->count && !rc; i++) {
		if (order[i]->header < end)
			rc = bad_member(r, order[i], "overlaps another");
		if (!rc && !i && order[i]->header)
			rc = zip_bad(r, "something stands before it");
		end = order[i]->data + order[i]->packed;
	}
	free(order);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	const struct mv_zip_member *x = *(const struct mv_zip_member *const *)a;
	const struct mv_zip_member *y = *(const struct mv_zip_member *const *)b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int c = memcmp(x->name, y->name, n);

	return c ? c : (x->name_len > y->name_len) -
		(x->name_len < y->name_len);
}

static int check_names(struct reading *r)
{
	const struct mv_zip_member **names;
	struct mv_zip *zip = r->zip;
	char shown[MV_SHOWN];

	names = calloc(zip->count ? zip->count : 1, sizeof(*names));
	if (!names)
		return mv_nomem(r->err);
	zip->by_name = names;
	for (size_t i = 0; i < zip->count; i++)
		names[i] = &zip->members[i];
	qsort(names, zip->count, sizeof(*names), by_name);
	for (size_t i = 1; i < zip->count; i++)
		if (!by_name(&names[i - 1], &names[i]))
			return mv_fail(r->err, MV_EINVALID,
				       "two members are called '%s'",
				       mv_name_shown(shown, names[i]->name,
						     names[i]->name_len));
	return 0;
}

static int read_directory(struct reading *r)
{
	size_t at = 0, used = 0, len = (size_t)r->dir_len;
	uint8_t *dir = malloc(len ? len : 1);
	int rc;

	r->zip->directory = (char *)dir;
	r->zip->members = calloc(r->count ? (size_t)r->count : 1,
				 sizeof(*r->zip->members));
	r->local = malloc(MV_ZIP_LOCAL + 2 * 65536u);
	if (!dir || !r->zip->members || !r->local)
		return mv_nomem(r->err);
	rc = mv_read_exactly(r->fn, r->payload, r->size, r->dir_at, dir, len,
			     r->err);
	for (uint64_t i = 0; i < r->count && !rc; i++) {
		rc = one_entry(r, dir + at, len - at, &used);
		at += used;
	}
	if (!rc && at != len)
		rc = zip_bad(r, "its directory is too long");
	if (!rc)
		rc = check_overlap(r);
	return rc ? rc : check_names(r);
}

int mv_zip_read(struct mv_zip *zip, mv_read_at_fn fn, void *payload,
		uint64_t size, struct mv_err *err)
{
	struct reading r = { .zip = zip, .fn = fn, .payload = payload,
			     .size = size, .err = err };
	int rc;

	memset(zip, 0, sizeof(*zip));
	rc = read_end(&r);
	if (!rc)
		rc = read_directory(&r);
	free(r.local);
	if (rc < 0)
		mv_zip_release(zip);
	return rc;
}

void mv_zip_release(struct mv_zip *zip)
{
	free(zip->members);
	free(zip->by_name);
	free(zip->directory);
	memset(zip, 0, sizeof(*zip));
}

const struct mv_zip_member *mv_zip_find(const struct mv_zip *zip,
					const char *name, size_t len)
{
	const struct mv_zip_member want = { .name = name, .name_len = len };
	const struct mv_zip_member *key = &want;
	const struct mv_zip_member **found = zip->count ?
		bsearch(&key, zip->by_name, zip->count, sizeof(key), by_name) :
		NULL;

	return found ? *found : NULL;
}
