/* SPDX-License-Identifier: MIT */
#include "libmv/git/index.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/hash.h"

#define STAT_LEN 40
#define MODE_AT 24
#define SIZE_AT 36
#define INDEX_MAX ((size_t)4 << 30)
#define FLAG_EXTENDED 0x4000
#define FLAG_STAGE 0x3000
#define FLAG_LEN 0x0fff
#define FLAG_VALID 0x8000	/* assume-unchanged */
#define FLAG_SKIP 0x4000	/* of the second 16: skip-worktree */

void mv_git_index_init(struct mv_git_index *ix, size_t hash_len)
{
	memset(ix, 0, sizeof(*ix));
	ix->hash_len = hash_len;
	mv_buf_init(&ix->bytes, INDEX_MAX);
	mv_buf_init(&ix->names, INDEX_MAX);
}

void mv_git_index_release(struct mv_git_index *ix)
{
	mv_buf_release(&ix->bytes);
	mv_buf_release(&ix->names);
	free(ix->entry);
	ix->entry = NULL;
	ix->count = 0;
}

static const uint8_t *bytes(const struct mv_git_index *ix)
{
	return (const uint8_t *)ix->bytes.data;
}

static int damaged(struct mv_err *err, const char *what)
{
	return mv_fail(err, MV_ECORRUPT, "the index is damaged (%s); see "
		       "git fsck", what);
}

static unsigned flags_of(const struct mv_git_index *ix, size_t i)
{
	const uint8_t *p = bytes(ix) + ix->entry[i].at + STAT_LEN +
			   ix->hash_len;

	return (unsigned)p[0] << 8 | p[1];
}

/* -- parsing -------------------------------------------------------------- */

/* git's varint: big-endian, 7 bits each, with one added at every step. */
static int parse_varint(size_t *out, const uint8_t **p, const uint8_t *end)
{
	const uint8_t *q = *p;
	size_t v = 0;

	for (int n = 0; n < 5 && q < end; n++) {
		v = (v << 7) + (*q & 0x7f);
		if (!(*q++ & 0x80)) {
			*out = v;
			*p = q;
			return 0;
		}
		v++;
	}
	return -1;
}

/* Versions 2 and 3: the whole name, padded. `p` is at the name. */
static int parse_padded(struct mv_git_index *ix, struct mv_git_index_entry *e,
			unsigned flags, const uint8_t **p, const uint8_t *end)
{
	const uint8_t *nul = memchr(*p, 0, (size_t)(end - *p));
	size_t len, size;

	if (!nul)
		return -1;
	len = (size_t)(nul - *p);
	if ((flags & FLAG_LEN) == FLAG_LEN ? len < FLAG_LEN :
					     len != (flags & FLAG_LEN))
		return -1;
	if (len > UINT32_MAX)
		return -1;
	e->name = (size_t)(*p - bytes(ix));
	e->len = (uint32_t)len;
	size = (e->name - e->at + len + 8) & ~(size_t)7;
	if (size > (size_t)(end - bytes(ix)) - e->at)
		return -1;
	*p = bytes(ix) + e->at + size;
	return 0;
}

/* Version 4: what differs from the name before. */
static int parse_prefixed(struct mv_git_index *ix, struct mv_git_index_entry *e,
			  const struct mv_git_index_entry *before,
			  unsigned flags, const uint8_t **p,
			  const uint8_t *end)
{
	size_t before_len = before ? before->len : 0;
	const uint8_t *nul;
	size_t drop, len;

	if (parse_varint(&drop, p, end) || drop > before_len)
		return -1;
	nul = memchr(*p, 0, (size_t)(end - *p));
	if (!nul)
		return -1;
	len = before_len - drop + (size_t)(nul - *p);
	if ((flags & FLAG_LEN) == FLAG_LEN ? len < FLAG_LEN :
					     len != (flags & FLAG_LEN))
		return -1;
	if (len > UINT32_MAX || mv_buf_reserve(&ix->names, len + 1))
		return -1;
	e->name = ix->names.len;
	e->len = (uint32_t)len;
	if (before)
		(void)mv_buf_add(&ix->names, ix->names.data + before->name,
				 before_len - drop);
	(void)mv_buf_add(&ix->names, *p, (size_t)(nul - *p) + 1);
	*p = nul + 1;
	return 0;
}

static int parse_entry(struct mv_git_index *ix, size_t i, int version,
		       const uint8_t **p, const uint8_t *end)
{
	struct mv_git_index_entry *e = &ix->entry[i];
	const size_t fixed = STAT_LEN + ix->hash_len + 2;
	unsigned flags;

	if ((size_t)(end - *p) < fixed + 2)
		return -1;
	e->at = (size_t)(*p - bytes(ix));
	flags = flags_of(ix, i);
	*p += fixed;
	if (flags & FLAG_EXTENDED) {
		if (version < 3)
			return -1;
		*p += 2;
	}
	if (version == 4)
		return parse_prefixed(ix, e, i ? e - 1 : NULL, flags, p, end);
	return parse_padded(ix, e, flags, p, end);
}

static int parse_entries(struct mv_git_index *ix, int version, size_t count,
			 const uint8_t **p, const uint8_t *end,
			 struct mv_err *err)
{
	/* The shortest entry that there can be bounds the number. */
	if (count > (size_t)(end - *p) / (STAT_LEN + ix->hash_len + 4))
		return damaged(err, "too many entries");
	ix->entry = calloc(count ? count : 1, sizeof(*ix->entry));
	if (!ix->entry)
		return mv_nomem(err);
	/*
	 * Names of version 4 expand. Real ones are at most 4096 bytes, their
	 * entries at least 64: more expansion than that is an attack.
	 */
	ix->names.max = ix->bytes.len < INDEX_MAX / 64 ? ix->bytes.len * 64 :
							 INDEX_MAX;
	for (size_t i = 0; i < count; i++) {
		if (parse_entry(ix, i, version, p, end))
			return damaged(err, "an entry");
		ix->count = i + 1;
		if (!ix->entry[i].len && ix->nameless == i)
			ix->nameless = i + 1;
		else if (!ix->entry[i].len)
			return damaged(err, "an entry without a name");
	}
	return 0;
}

static int parse_extensions(struct mv_git_index *ix, const uint8_t *p,
			    const uint8_t *end, struct mv_err *err)
{
	while (p < end) {
		size_t len;

		if (end - p < 8)
			return damaged(err, "an extension");
		len = mv_be32(p + 4);
		if (len > (size_t)(end - p) - 8)
			return damaged(err, "an extension");
		if (!memcmp(p, "link", 4) && len >= ix->hash_len) {
			ix->link = (size_t)(p + 8 - bytes(ix));
			ix->link_len = len;
		} else if (memcmp(p, "sdir", 4) && (*p < 'A' || *p > 'Z')) {
			return mv_fail(err, MV_ENOTSUP, "the index has an "
				       "extension that is not known here");
		}
		p += 8 + len;
	}
	return 0;
}

/* Re-hashing must not bless a file that was damaged before us. */
static int sum_of(uint8_t *out, const struct mv_git_index *ix,
		  struct mv_err *err)
{
	return mv_hash(out, ix->hash_len == 32 ? MV_HASH_SHA256 : MV_HASH_SHA1,
		       ix->bytes.data, ix->bytes.len - ix->hash_len, err);
}

static int check_trailer(struct mv_git_index *ix, struct mv_err *err)
{
	static const uint8_t zeros[32];
	const size_t len = ix->bytes.len - ix->hash_len;
	uint8_t hash[32];
	int rc;

	ix->unhashed = !memcmp(bytes(ix) + len, zeros, ix->hash_len);
	if (ix->unhashed)
		return 0;
	rc = sum_of(hash, ix, err);
	if (!rc && memcmp(hash, bytes(ix) + len, ix->hash_len))
		rc = damaged(err, "its checksum");
	return rc;
}

int mv_git_index_parse(struct mv_git_index *ix, struct mv_err *err)
{
	const uint8_t *p = bytes(ix);
	const uint8_t *end;
	uint32_t version;
	size_t count;
	int rc;

	if (ix->bytes.len < 12 + ix->hash_len || memcmp(p, "DIRC", 4))
		return damaged(err, "its header");
	version = mv_be32(p + 4);
	if (version < 2 || version > 4)
		return mv_fail(err, MV_ENOTSUP, "index version %u is not known",
			       (unsigned)version);
	rc = check_trailer(ix, err);
	if (rc)
		return rc;
	count = mv_be32(p + 8);
	end = p + ix->bytes.len - ix->hash_len;
	p += 12;
	rc = parse_entries(ix, (int)version, count, &p, end, err);
	if (!rc)
		rc = parse_extensions(ix, p, end, err);
	/* Only a split index may have entries that borrow their name. */
	if (!rc && ix->nameless && !ix->link)
		rc = damaged(err, "an entry without a name");
	return rc;
}

/* -- looking up ----------------------------------------------------------- */

const char *mv_git_index_name(const struct mv_git_index *ix, size_t i)
{
	const struct mv_buf *from = ix->names.len ? &ix->names : &ix->bytes;

	return from->data + ix->entry[i].name;
}

static int index_stage_of(const struct mv_git_index *ix, size_t i)
{
	return (int)((flags_of(ix, i) & FLAG_STAGE) >> 12);
}

size_t mv_git_index_find(const struct mv_git_index *ix, const char *path)
{
	size_t lo = ix->nameless;
	size_t hi = ix->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = strcmp(mv_git_index_name(ix, mid), path);

		if (!cmp)
			cmp = index_stage_of(ix, mid);
		if (!cmp)
			return mid;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return MV_GIT_INDEX_NONE;
}

int mv_git_index_is_blob(const struct mv_git_index *ix, size_t i,
			 const uint8_t *oid)
{
	const uint8_t *p = bytes(ix) + ix->entry[i].at;
	uint32_t type = mv_be32(p + MODE_AT) & 0170000;

	return type == 0100000 && !memcmp(p + STAT_LEN, oid, ix->hash_len);
}

/* -- changing ------------------------------------------------------------- */

/*
 * The size is cut to 32 bits. An exact multiple of 4 GiB becomes 0, which
 * git reads as "unknown, ask the content": git 2.43 and later would store
 * 0x80000000, but older ones take that for a changed file, for ever.
 */
void mv_git_index_set_stat(struct mv_git_index *ix, size_t i,
			   const struct stat *st, int settled)
{
	uint8_t *p = (uint8_t *)ix->bytes.data + ix->entry[i].at;

	mv_put_be32(p, (uint32_t)st->st_ctim.tv_sec);
	mv_put_be32(p + 4, (uint32_t)st->st_ctim.tv_nsec);
	mv_put_be32(p + 8, (uint32_t)st->st_mtim.tv_sec);
	mv_put_be32(p + 12, (uint32_t)st->st_mtim.tv_nsec);
	mv_put_be32(p + 16, (uint32_t)st->st_dev);
	mv_put_be32(p + 20, (uint32_t)st->st_ino);
	/* 24: mode, left as git wrote it */
	mv_put_be32(p + 28, (uint32_t)st->st_uid);
	mv_put_be32(p + 32, (uint32_t)st->st_gid);
	mv_put_be32(p + SIZE_AT, (uint32_t)st->st_size);
	ix->entry[i].set = 1;
	ix->entry[i].settled = settled;
	ix->dirty = 1;
}

void mv_git_index_look(struct mv_git_index_look *out,
		       const struct mv_git_index *ix, size_t i)
{
	const uint8_t *p = bytes(ix) + ix->entry[i].at;
	const unsigned flags = flags_of(ix, i);
	const uint8_t *more = p + STAT_LEN + ix->hash_len + 2;

	out->mtime = (int64_t)mv_be32(p + 8);
	out->size = mv_be32(p + SIZE_AT);
	out->mode = mv_be32(p + MODE_AT);
	out->stage = index_stage_of(ix, i);
	out->ignored = flags & FLAG_VALID ||
		       (flags & FLAG_EXTENDED && *more & FLAG_SKIP >> 8);
}

const uint8_t *mv_git_index_blob(const struct mv_git_index *ix, size_t i)
{
	return bytes(ix) + ix->entry[i].at + STAT_LEN;
}

int mv_git_index_seal(struct mv_git_index *ix, uint8_t *hash,
		      struct mv_err *err)
{
	const size_t len = ix->bytes.len - ix->hash_len;
	uint8_t own[32] = { 0 };
	int rc = ix->unhashed ? 0 : sum_of(own, ix, err);

	if (rc)
		return rc;
	memcpy(ix->bytes.data + len, own, ix->hash_len);
	if (hash)
		memcpy(hash, own, sizeof(own));
	return 0;
}
