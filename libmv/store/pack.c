/* SPDX-License-Identifier: MIT */
#include "libmv/store/pack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libmv/base/bytes.h"
#include "libmv/base/fs.h"
#include "libmv/store/chunker.h"
#include "libmv/store/recipe.h"

#define PACK_MAGIC "MVPK"
#define TRAILER_MAGIC "MVPE"
#define PACK_VERSION 2
#define PACK_HASH_BLAKE3 2

int mv_record_name(struct mv_oid *out, uint8_t kind, const void *data,
		   size_t len, struct mv_err *err)
{
	return kind == MV_RECORD_WHOLE ? mv_sha256(out, data, len, err) :
					 mv_blake3(out, data, len, err);
}

void mv_pack_header(uint8_t out[MV_PACK_HEADER])
{
	memset(out, 0, MV_PACK_HEADER);
	memcpy(out, PACK_MAGIC, 4);
	out[4] = PACK_VERSION;
	out[5] = PACK_HASH_BLAKE3;
}

static int is_old(const uint8_t head[MV_PACK_HEADER])
{
	static const uint8_t old[MV_PACK_HEADER] = PACK_MAGIC "\1\1";

	return !memcmp(head, old, sizeof(old));
}

int mv_pack_is_old(int fd, const char *path, struct mv_err *err)
{
	uint8_t head[MV_PACK_HEADER];
	size_t got = 0;
	int rc = mv_pread_full(fd, head, sizeof(head), 0, &got, path, err);

	return rc ? rc : got == sizeof(head) && is_old(head);
}

int mv_pack_check_header(const uint8_t *head, size_t len, const char *path,
			 struct mv_err *err)
{
	static const uint8_t zero[10];

	if (len < MV_PACK_HEADER || memcmp(head, PACK_MAGIC, 4))
		return mv_fail(err, MV_ECORRUPT, "'%s' is not a pack", path);
	if (is_old(head))
		return mv_fail(err, MV_ENOTSUP,
			       "pack '%s' was written by an older git-model; 'git model fsck --upgrade' brings it to this version",
			       path);
	if (head[4] != PACK_VERSION || head[5] != PACK_HASH_BLAKE3)
		return mv_fail(err, MV_ENOTSUP,
			       "pack '%s' has version %u with hash %u; this program knows version 2 with hash 2",
			       path, head[4], head[5]);
	if (memcmp(head + 6, zero, sizeof(zero)))
		return mv_fail(err, MV_ECORRUPT,
			       "pack '%s' has a damaged header", path);
	return 0;
}

void mv_pack_trailer(uint8_t out[MV_PACK_TRAILER], uint64_t count,
		     const struct mv_oid *id)
{
	memset(out, 0, MV_PACK_TRAILER);
	memcpy(out, TRAILER_MAGIC, 4);
	mv_put_le64(out + 8, count);
	memcpy(out + 16, id->b, sizeof(id->b));
}

/* The checksum covers the header, too: its first bytes are the seed. */
static uint64_t record_checksum(const uint8_t *head, const uint8_t *stored,
				size_t len)
{
	return mv_checksum64(stored, len, mv_checksum64(head, 12, 0));
}

void mv_pack_record_seal(uint8_t out[MV_RECORD_HEADER],
			 struct mv_pack_record *record,
		    const uint8_t *stored)
{
	out[0] = record->kind;
	out[1] = record->codec;
	out[2] = record->param;
	out[3] = 0;
	mv_put_le32(out + 4, record->raw_len);
	mv_put_le32(out + 8, record->stored_len);
	record->checksum = record_checksum(out, stored, record->stored_len);
	mv_put_le64(out + 12, record->checksum);
}

int mv_pack_record_parse(struct mv_pack_record *out, const uint8_t *head,
			 uint64_t room,
		    struct mv_err *err)
{
	uint32_t max;

	out->kind = head[0];
	out->codec = head[1];
	out->param = head[2];
	out->raw_len = mv_le32(head + 4);
	out->stored_len = mv_le32(head + 8);
	out->checksum = mv_le64(head + 12);
	if (out->kind == MV_RECORD_CHUNK || out->kind == MV_RECORD_WHOLE)
		max = MV_CHUNK_MAX;
	else if (out->kind == MV_RECORD_RECIPE)
		max = MV_RECIPE_MAX;
	else
		return mv_fail(err, MV_ECORRUPT, "unknown kind of record (%u)",
			       out->kind);
	if (head[3] || !out->raw_len || out->raw_len > max ||
	    out->stored_len > out->raw_len || out->stored_len > room)
		return mv_fail(err, MV_ECORRUPT, "damaged record header");
	if (out->kind == MV_RECORD_RECIPE &&
	    (out->codec || out->param || out->stored_len != out->raw_len))
		return mv_fail(err, MV_ECORRUPT, "damaged recipe header");
	return 0;
}

int mv_record_intact(const uint8_t *head, const uint8_t *stored, size_t len)
{
	return mv_le64(head + 12) == record_checksum(head, stored, len);
}

/* A window of the file, read in large steps. */
struct window {
	int fd;
	const char *path;
	uint64_t size;
	uint8_t *data;
	size_t alloc;
	uint64_t off;		/* of data[0] in the file */
	size_t len;
};

#define WINDOW_STEP (1024u * 1024)

/* Pointer to `len` bytes at `off`, which must lie inside the file. */
static int window_at(const uint8_t **out, struct window *w, uint64_t off,
		     size_t len, struct mv_err *err)
{
	size_t want = len > WINDOW_STEP ? len : WINDOW_STEP;
	int rc;

	if (off >= w->off && off + len <= w->off + w->len) {
		*out = w->data + (off - w->off);
		return 0;
	}
	if (want > w->alloc) {
		uint8_t *data = realloc(w->data, want);

		if (!data)
			return mv_nomem(err);
		w->data = data;
		w->alloc = want;
	}
	if (want > w->size - off)
		want = (size_t)(w->size - off);
	w->len = 0;
	rc = mv_pread_full(w->fd, w->data, want, off, &w->len, w->path, err);
	if (rc)
		return rc;
	w->off = off;
	if (w->len < len)
		return mv_fail(err, MV_ECORRUPT,
			       "'%s' shrank while it was read",
			       w->path);
	*out = w->data;
	return 0;
}

static int check_trailer(struct window *w, uint64_t off, uint64_t count,
			 struct mv_hasher *hasher, const struct mv_oid *expect,
			 struct mv_err *err)
{
	uint8_t want[MV_PACK_TRAILER];
	const uint8_t *have;
	struct mv_oid id;
	int rc;

	rc = mv_hasher_final(id.b, hasher, err);
	if (rc)
		return rc;
	if (!mv_oid_eq(&id, expect))
		return mv_fail(err, MV_ECORRUPT,
			       "pack '%s' is not what its name says", w->path);
	if (w->size - off != MV_PACK_TRAILER)
		return mv_fail(err, MV_ECORRUPT,
			       "pack '%s' does not end where it should", w->path);
	rc = window_at(&have, w, off, MV_PACK_TRAILER, err);
	if (rc)
		return rc;
	mv_pack_trailer(want, count, &id);
	if (memcmp(want, have, sizeof(want)))
		return mv_fail(err, MV_ECORRUPT,
			       "pack '%s' has a damaged trailer", w->path);
	return 0;
}

/* One record at *off; moves *off behind it. */
static int walk_one(struct window *w, uint64_t *off, struct mv_hasher *hasher,
		    mv_record_fn fn, void *payload, struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	const uint8_t *p;
	int rc;

	rc = window_at(&p, w, *off, MV_RECORD_HEADER, err);
	if (rc)
		return rc;
	memcpy(head, p, sizeof(head));
	rc = mv_pack_record_parse(&record, head, w->size - *off - sizeof(head),
				  err);
	if (!rc)
		rc = window_at(&p, w, *off + sizeof(head), record.stored_len,
			       err);
	if (!rc && !mv_record_intact(head, p, record.stored_len))
		rc = mv_fail(err, MV_ECORRUPT, "damaged record");
	if (rc) {
		mv_err_prefix(err, "pack '%s' at offset %llu", w->path,
			      (unsigned long long)*off);
		return rc;
	}
	rc = mv_hasher_update(hasher, head, sizeof(head), err);
	if (!rc && fn)
		rc = fn(payload, *off, &record, head, p, err);
	if (!rc)
		*off += sizeof(head) + record.stored_len;
	return rc;
}

static int walk_records(struct window *w, enum mv_hash_kind kind,
			const struct mv_oid *expect, uint64_t *end,
			mv_record_fn fn, void *payload, struct mv_err *err)
{
	uint64_t stop = w->size - (expect ? MV_PACK_TRAILER : 0);
	uint64_t count = 0, off = MV_PACK_HEADER;
	struct mv_hasher *hasher;
	int rc;

	rc = mv_hasher_new(&hasher, kind, err);
	if (rc)
		return rc;
	*end = off;
	while (!rc && off < stop) {
		if (stop - off < MV_RECORD_HEADER)
			rc = mv_fail(err, MV_ECORRUPT,
				     "pack '%s' is truncated", w->path);
		else
			rc = walk_one(w, &off, hasher, fn, payload, err);
		if (!rc) {
			*end = off;
			count++;
		}
	}
	if (!rc && expect)
		rc = check_trailer(w, off, count, hasher, expect, err);
	mv_hasher_free(hasher);
	return rc;
}

static int window_open(struct window *w, int fd, const char *path,
		       size_t least, struct mv_err *err)
{
	struct stat st;

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->path = path;
	if (fstat(fd, &st) < 0)
		return mv_fail(err, MV_EIO, "cannot stat '%s'", path);
	w->size = (uint64_t)st.st_size;
	if (w->size < least)
		return mv_fail(err, MV_ECORRUPT, "pack '%s' is truncated",
			       path);
	return 0;
}

int mv_pack_walk(int fd, const char *path, const struct mv_oid *expect,
		 uint64_t *end, mv_record_fn fn, void *payload,
		 struct mv_err *err)
{
	const uint8_t *p;
	struct window w;
	int rc;

	*end = 0;
	rc = window_open(&w, fd, path,
			 MV_PACK_HEADER + (expect ? MV_PACK_TRAILER : 0), err);
	if (!rc)
		rc = window_at(&p, &w, 0, MV_PACK_HEADER, err);
	if (!rc)
		rc = mv_pack_check_header(p, MV_PACK_HEADER, path, err);
	if (!rc)
		rc = walk_records(&w, MV_HASH_BLAKE3, expect, end, fn, payload,
				  err);
	free(w.data);
	return rc;
}

static int check_body(int fd, const char *path, enum mv_hash_kind kind,
		      const struct mv_oid *expect, struct mv_err *err)
{
	struct window w;
	uint64_t end;
	int rc;

	rc = window_open(&w, fd, path, MV_PACK_HEADER + MV_PACK_TRAILER, err);
	if (!rc)
		rc = walk_records(&w, kind, expect, &end, NULL, NULL, err);
	free(w.data);
	return rc;
}

int mv_pack_check_body(int fd, const char *path, const struct mv_oid *expect,
		       struct mv_err *err)
{
	return check_body(fd, path, MV_HASH_BLAKE3, expect, err);
}

int mv_pack_check_old(int fd, const char *path, const struct mv_oid *expect,
		      struct mv_err *err)
{
	return check_body(fd, path, MV_HASH_SHA256, expect, err);
}

/* 1: an intact record is at `off`. */
static int record_at(struct window *w, uint64_t off,
		     struct mv_pack_record *record,
		     uint8_t *head, const uint8_t **stored, struct mv_err *err)
{
	const uint8_t *p;
	int rc;

	rc = window_at(&p, w, off, MV_RECORD_HEADER, err);
	if (rc)
		return rc;
	if (mv_pack_record_parse(record, p, w->size - off - MV_RECORD_HEADER,
				 NULL))
		return 0;
	memcpy(head, p, MV_RECORD_HEADER);
	rc = window_at(stored, w, off + MV_RECORD_HEADER, record->stored_len,
		       err);
	return rc ? rc : mv_record_intact(head, *stored, record->stored_len);
}

int mv_pack_salvage(int fd, const char *path, mv_record_fn fn, void *payload,
		    struct mv_err *err)
{
	uint64_t off = 0;
	struct window w;
	int rc;

	rc = window_open(&w, fd, path, 0, err);
	while (!rc && off < w.size && w.size - off >= MV_RECORD_HEADER) {
		uint8_t head[MV_RECORD_HEADER];
		struct mv_pack_record record;
		const uint8_t *stored = NULL;

		rc = record_at(&w, off, &record, head, &stored, err);
		if (rc == 1) {
			rc = fn(payload, off, &record, head, stored, err);
			off += MV_RECORD_HEADER + record.stored_len;
		} else {
			off++;
		}
	}
	free(w.data);
	return rc;
}
