/* SPDX-License-Identifier: MIT */
#include "libmv/base/statcache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/buf.h"
#include "libmv/base/bytes.h"
#include "libmv/base/fs.h"

#define RECORD		104u
#define MAGIC		"MVs1"
#define AT_KEY		8
#define AT_STAT		24	/* device, inode, size, mtime, ctime */
#define AT_OID		64
#define AT_SUM		96
#define KEY_LEN		16
#define STAT_LEN	(AT_OID - AT_STAT)

#define FILE_MAX	(256u << 20)	/* then it begins anew */
#define COMPACT_MIN	4096
/* Nobody comes near it by chance; names made to collide find a short chain. */
#define PROBE_MAX	512
#define NS		1000000000ll

struct mv_statcache {
	char *path;
	int loaded;

	struct mv_buf raw;	/* the file, then what was put since */
	size_t saved;		/* so much of it is in the file */
	int rewrite;		/* the file is not what `raw` begins with */
	uint32_t *slot;		/* offset in `raw`, plus 1; 0: empty */
	size_t slots;		/* a power of two */
	size_t live;		/* slots in use */
};

/* -- the table: newest record of each key --------------------------------- */

static uint8_t *record_at(const struct mv_statcache *c, uint32_t slot)
{
	return (uint8_t *)c->raw.data + slot - 1;
}

/* Where the key is or would be; NULL when the chain is too long. */
static uint32_t *statcache_find(const struct mv_statcache *c,
				const uint8_t *key)
{
	size_t at = (size_t)mv_le64(key);

	for (size_t n = 0; n < PROBE_MAX; n++, at++) {
		uint32_t *slot = &c->slot[at & (c->slots - 1)];

		if (!*slot || !memcmp(record_at(c, *slot) + AT_KEY, key,
				      KEY_LEN))
			return slot;
	}
	return NULL;
}

static int resize(struct mv_statcache *c, size_t slots)
{
	struct mv_statcache old = *c;
	uint32_t *at;

	c->slot = calloc(slots, sizeof(*c->slot));
	if (!c->slot) {
		c->slot = old.slot;
		return MV_ENOMEM;
	}
	c->slots = slots;
	c->live = 0;
	for (size_t i = 0; i < old.slots; i++) {
		if (!old.slot[i])
			continue;
		at = statcache_find(c, record_at(c, old.slot[i]) + AT_KEY);
		if (at) {
			*at = old.slot[i];
			c->live++;
		}
	}
	free(old.slot);
	return 0;
}

/* The record at `off` of raw is the newest of its key. */
static int enter(struct mv_statcache *c, size_t off)
{
	uint32_t *slot;

	if (2 * (c->live + 1) > c->slots &&
	    resize(c, c->slots ? 2 * c->slots : 256))
		return MV_ENOMEM;
	slot = statcache_find(c, (uint8_t *)c->raw.data + off + AT_KEY);
	if (!slot)
		return 0;	/* this one is not remembered, no more */
	c->live += !*slot;
	*slot = (uint32_t)off + 1;
	return 0;
}

static void forget_all(struct mv_statcache *c)
{
	free(c->slot);
	c->slot = NULL;
	c->slots = c->live = 0;
	mv_buf_release(&c->raw);
	c->saved = 0;
	c->rewrite = 1;
}

/* -- the file ------------------------------------------------------------- */

static uint64_t sum_of(const uint8_t *record)
{
	return mv_checksum64(record, AT_SUM, 0);
}

static int is_record(const uint8_t *p)
{
	return !memcmp(p, MAGIC, 4) && mv_le64(p + AT_SUM) == sum_of(p);
}

/*
 * Records stand back to back, but for a torn one, where a process or a disk
 * stopped in the middle: then the next is looked for byte by byte.
 */
static int index_records(struct mv_statcache *c)
{
	const uint8_t *data = (const uint8_t *)c->raw.data;
	const uint8_t *next;
	size_t off = 0;

	while (c->raw.len - off >= RECORD) {
		if (is_record(data + off)) {
			if (enter(c, off))
				return MV_ENOMEM;
			off += RECORD;
			continue;
		}
		next = memmem(data + off + 1, c->raw.len - off - 1, MAGIC, 4);
		if (!next)
			break;
		off = (size_t)(next - data);
	}
	return 0;
}

static size_t table_size(size_t records)
{
	size_t slots = 256;

	while (slots < 2 * (records + 1))
		slots *= 2;
	return slots;
}

/* Whatever goes wrong, the cache is empty then and is written anew. */
static void statcache_load(struct mv_statcache *c)
{
	int rc;

	if (c->loaded)
		return;
	c->loaded = 1;
	rc = mv_read_file(&c->raw, c->path, NULL);
	if (!rc)
		rc = resize(c, table_size(c->raw.len / RECORD));
	if (!rc)
		rc = index_records(c);
	c->saved = c->raw.len;
	if (rc)
		forget_all(c);
	if (rc == MV_ENOENT)
		c->rewrite = 0;
}

/* -- questions and answers ------------------------------------------------ */

int mv_statcache_open(struct mv_statcache **out, const char *path,
		      struct mv_err *err)
{
	struct mv_statcache *c;
	int rc;

	*out = NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return mv_nomem(err);
	mv_buf_init(&c->raw, FILE_MAX);
	rc = mv_set_str(&c->path, path, err);
	if (rc) {
		mv_statcache_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void mv_statcache_close(struct mv_statcache *c)
{
	if (!c)
		return;
	mv_buf_release(&c->raw);
	free(c->slot);
	free(c->path);
	free(c);
}

static uint64_t in_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * (uint64_t)NS + (uint64_t)t->tv_nsec;
}

static void put_stat(uint8_t *p, const struct stat *st)
{
	mv_put_le64(p, (uint64_t)st->st_dev);
	mv_put_le64(p + 8, (uint64_t)st->st_ino);
	mv_put_le64(p + 16, (uint64_t)st->st_size);
	mv_put_le64(p + 24, in_ns(&st->st_mtim));
	mv_put_le64(p + 32, in_ns(&st->st_ctim));
}

static int statcache_key_of(uint8_t *key, const char *path)
{
	struct mv_oid sum;
	int rc = mv_sha256(&sum, path, strlen(path), NULL);

	if (!rc)
		memcpy(key, sum.b, KEY_LEN);
	return rc;
}

int mv_statcache_get(struct mv_oid *oid, struct mv_statcache *c,
		     const char *path, const struct stat *st)
{
	uint8_t key[KEY_LEN], want[STAT_LEN];
	const uint8_t *record;
	uint32_t *slot;

	statcache_load(c);
	if (!c->live || statcache_key_of(key, path))
		return MV_ENOENT;
	slot = statcache_find(c, key);
	if (!slot || !*slot)
		return MV_ENOENT;
	record = record_at(c, *slot);
	put_stat(want, st);
	if (memcmp(record + AT_STAT, want, STAT_LEN))
		return MV_ENOENT;
	memcpy(oid->b, record + AT_OID, sizeof(oid->b));
	return 0;
}

static int append_record(struct mv_statcache *c, const char *path,
			 const struct stat *st, const struct mv_oid *oid)
{
	uint8_t record[RECORD] = MAGIC;

	if (statcache_key_of(record + AT_KEY, path))
		return MV_ENOMEM;
	put_stat(record + AT_STAT, st);
	memcpy(record + AT_OID, oid->b, sizeof(oid->b));
	mv_put_le64(record + AT_SUM, sum_of(record));
	if (c->raw.len + RECORD > FILE_MAX)
		forget_all(c);
	if (mv_buf_add(&c->raw, record, RECORD))
		return MV_ENOMEM;
	return enter(c, c->raw.len - RECORD);
}

int mv_statcache_put(struct mv_statcache *c, const char *path,
		     const struct stat *st, const struct mv_oid *oid,
		     const struct mv_fs_clock *clock)
{
	struct mv_oid known;

	if (!mv_is_quiet(st, clock))
		return MV_EBUSY;
	if (!mv_statcache_get(&known, c, path, st) && mv_oid_eq(&known, oid))
		return 0;
	return append_record(c, path, st, oid);
}

/* A later record wins: this one has the stat of no file. */
void mv_statcache_forget(struct mv_statcache *c, const char *path)
{
	static const struct mv_oid none;
	struct stat st;

	statcache_load(c);
	memset(&st, 0, sizeof(st));
	st.st_size = -1;
	if (c->live && append_record(c, path, &st, &none))
		forget_all(c);
}

/* -- saving --------------------------------------------------------------- */

static int statcache_append(struct mv_statcache *c, struct mv_err *err)
{
	int fd, rc;

	fd = open(c->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		  O_NOFOLLOW, 0666);
	if (fd < 0)
		return mv_fail_errno(err, errno, "cannot open '%s'", c->path);
	rc = mv_write_full(fd, c->raw.data + c->saved, c->raw.len - c->saved,
			   c->path, err);
	/* After half a write: what is there twice does no harm. */
	if (!rc)
		c->saved = c->raw.len;
	close(fd);
	return rc;
}

/* A new file of the live records, of the mode that the old one had. */
static int compact(struct mv_statcache *c, struct mv_err *err)
{
	struct mv_buf out;
	struct stat st;
	int rc = 0;

	mv_buf_init(&out, FILE_MAX);
	if (mv_buf_reserve(&out, c->live * RECORD))
		rc = mv_nomem(err);
	for (size_t i = 0; !rc && i < c->slots; i++)
		if (c->slot[i] && mv_buf_add(&out, record_at(c, c->slot[i]),
					     RECORD))
			rc = mv_nomem(err);
	if (!rc)
		rc = mv_write_file(c->path, out.data, out.len,
				   lstat(c->path, &st) ? 0644 :
				   st.st_mode & 0666, MV_TMP_NO_SYNC, err);
	if (rc) {
		mv_buf_release(&out);
		return rc;
	}
	mv_buf_release(&c->raw);
	c->raw = out;
	c->saved = out.len;
	c->rewrite = 0;
	memset(c->slot, 0, c->slots * sizeof(*c->slot));
	c->live = 0;
	return index_records(c) ? mv_nomem(err) : 0;
}

int mv_statcache_save(struct mv_statcache *c, struct mv_err *err)
{
	size_t records = c->raw.len / RECORD;

	if (c->raw.len == c->saved)
		return 0;
	if (c->rewrite || (records > COMPACT_MIN && records > 2 * c->live))
		return compact(c, err);
	return statcache_append(c, err);
}
