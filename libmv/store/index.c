/* SPDX-License-Identifier: MIT */
#include "libmv/store/index.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/bytes.h"

#define INDEX_HEAD 32
#define LOC_SIZE 12
#define ID_SIZE 32
#define LEN_SIZE 8
#define INDEX_VERSION 2
#define INDEX_HASH_BLAKE3 2
#define ABOUT_SHIFT 48
#define ABOUT_KNOWN (MV_ABOUT_DEPTH | MV_ABOUT_TRIED)
#define OFF_MASK ((1ull << ABOUT_SHIFT) - 1)

static int is_old(const uint8_t *head)
{
	return !memcmp(head, "MVIX\1\1", 6);
}

/* Lay the tables over the map; every count is checked against its size. */
static int index_layout(struct mv_index *x, struct mv_err *err)
{
	const uint8_t *p = x->map.data;
	uint64_t room = x->map.len, packs;

	if (room < INDEX_HEAD + 32 || memcmp(p, "MVIX", 4))
		return mv_fail(err, MV_ECORRUPT, "'%s' is not an index",
			       x->path);
	if (is_old(p))
		return mv_fail(err, MV_ENOTSUP,
			       "index '%s' was written by an older git-model; 'git model fsck --upgrade' brings the store to this version",
			       x->path);
	if (p[4] != INDEX_VERSION || p[5] != INDEX_HASH_BLAKE3)
		return mv_fail(err, MV_ENOTSUP,
			       "index '%s' has version %u with hash %u; this program knows version 2 with hash 2",
			       x->path, p[4], p[5]);
	room -= INDEX_HEAD + 32;
	packs = mv_le32(p + 8);
	x->count[0] = mv_le64(p + 16);
	x->count[1] = mv_le64(p + 24);
	if (p[6] || p[7] || mv_le32(p + 12) ||
	    packs > room / (ID_SIZE + LEN_SIZE))
		goto corrupt;
	room -= packs * (ID_SIZE + LEN_SIZE);
	for (int t = 0; t < 2; t++) {
		if (x->count[t] > room / (ID_SIZE + LOC_SIZE))
			goto corrupt;
		room -= x->count[t] * (ID_SIZE + LOC_SIZE);
	}
	if (room)
		goto corrupt;

	x->packs = (uint32_t)packs;
	p += INDEX_HEAD;
	x->pack_ids = (const struct mv_oid *)(const void *)p;
	p += packs * ID_SIZE;
	x->pack_lens = p;
	p += packs * LEN_SIZE;
	for (int t = 0; t < 2; t++) {
		x->ids[t] = (const struct mv_oid *)(const void *)p;
		p += x->count[t] * ID_SIZE;
		x->locs[t] = p;
		p += x->count[t] * LOC_SIZE;
	}
	return 0;
corrupt:
	return mv_fail(err, MV_ECORRUPT,
		       "index '%s' has another size than it says", x->path);
}

/* Of every version since the second: BLAKE3 of the rest at the end, and the
   file's name. Before that it was a SHA-256. */
static int verify_sum(const struct mv_index *x, struct mv_err *err)
{
	const char *name = strrchr(x->path, '/');
	struct mv_oid sum;
	char hex[MV_OID_HEX + 1];
	int rc;

	rc = mv_hash(sum.b, is_old(x->map.data) ? MV_HASH_SHA256 :
						  MV_HASH_BLAKE3,
		     x->map.data, x->map.len - 32, err);
	if (rc)
		return rc;
	name = name ? name + 1 : x->path;
	if (memcmp(sum.b, x->map.data + x->map.len - 32, 32) ||
	    strncmp(mv_oid_hex(hex, &sum), name, MV_OID_HEX))
		return mv_fail(err, MV_ECORRUPT,
			       "index '%s' does not match its checksum", x->path);
	return 0;
}

int mv_index_open(struct mv_index **out, const char *path, struct mv_err *err)
{
	struct mv_index *x = calloc(1, sizeof(*x));
	struct stat st;
	int rc;

	if (!x)
		return mv_nomem(err);
	x->refs = 1;
	x->path = strdup(path);
	if (!x->path) {
		free(x);
		return mv_nomem(err);
	}
	/* Before mapping: if it is replaced in between, we just look again. */
	if (!stat(path, &st)) {
		x->dev = st.st_dev;
		x->ino = st.st_ino;
	}
	rc = mv_map_open(&x->map, path, err);
	if (rc) {
		free(x->path);
		free(x);
		return rc;
	}
	rc = index_layout(x, err);
	/* A newer version must stop us; one flipped byte must not. */
	if (rc == MV_ENOTSUP && verify_sum(x, NULL) == MV_ECORRUPT)
		rc = mv_fail(err, MV_ECORRUPT,
			     "index '%s' does not match its checksum", path);
	if (rc) {
		mv_index_free(x);
		return rc;
	}
	x->files = calloc(x->packs ? x->packs : 1, sizeof(*x->files));
	if (!x->files) {
		mv_index_free(x);
		return mv_nomem(err);
	}
	*out = x;
	return 0;
}

int mv_index_is_old(const char *path, struct mv_err *err)
{
	uint8_t head[6];
	size_t got = 0;
	int fd, rc = mv_open_read(&fd, NULL, path, err);

	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), 0, &got, path, err);
	close(fd);
	return rc ? rc : got == sizeof(head) && is_old(head);
}

void mv_index_free(struct mv_index *x)
{
	if (!x)
		return;
	mv_map_close(&x->map);
	free(x->files);
	free(x->path);
	free(x);
}

static int verify_table(const struct mv_index *x, enum mv_index_table t,
			struct mv_err *err)
{
	for (uint64_t i = 0; i < x->count[t]; i++) {
		if (i && mv_oid_cmp(&x->ids[t][i - 1], &x->ids[t][i]) >= 0)
			return mv_fail(err, MV_ECORRUPT,
				       "index '%s' is not sorted", x->path);
		if (mv_le32(x->locs[t] + i * LOC_SIZE) >= x->packs)
			return mv_fail(err, MV_ECORRUPT,
				       "index '%s' names a pack that it does not list",
				       x->path);
		if (mv_index_about(x, t, i) & ~ABOUT_KNOWN)
			return mv_fail(err, MV_ECORRUPT,
				       "index '%s' says of a record what cannot be",
				       x->path);
	}
	return 0;
}

int mv_index_verify(const struct mv_index *x, struct mv_err *err)
{
	int rc = verify_sum(x, err);

	if (!rc)
		rc = verify_table(x, MV_INDEX_CHUNKS, err);
	return rc ? rc : verify_table(x, MV_INDEX_CONTENTS, err);
}

static uint64_t prefix(const struct mv_oid *id)
{
	return mv_be64(id->b);
}

static int index_by_oid(const void *a, const void *b)
{
	return mv_oid_cmp(a, b);
}

void mv_ids_sort(struct mv_oid *ids, size_t count)
{
	if (count)
		qsort(ids, count, sizeof(*ids), index_by_oid);
}

int64_t mv_ids_find(const struct mv_oid *ids, uint64_t count,
		    const struct mv_oid *id)
{
	uint64_t lo = 0, hi = count, want = prefix(id);
	int steps = 0;

	/* lo <= answer < hi. A few interpolation steps get close for uniform
	   ids; whoever crafts others pays with a binary search. */
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int cmp;

		if (hi - lo > 8 && steps++ < 8) {
			uint64_t a = prefix(&ids[lo]);
			uint64_t b = prefix(&ids[hi - 1]);

			if (want < a || want > b)
				return -1;
			if (b > a)
				mid = lo + (uint64_t)((unsigned __int128)(want - a) *
						      (hi - 1 - lo) / (b - a));
		}
		cmp = mv_oid_cmp(&ids[mid], id);
		if (!cmp)
			return (int64_t)mid;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

int64_t mv_index_find(const struct mv_index *x, enum mv_index_table table,
		      const struct mv_oid *id)
{
	return mv_ids_find(x->ids[table], x->count[table], id);
}

struct mv_index_pack mv_index_pack(const struct mv_index *x, uint32_t k)
{
	return (struct mv_index_pack){ x->pack_ids[k],
				       mv_le64(x->pack_lens + LEN_SIZE * k) };
}

unsigned int mv_index_about(const struct mv_index *x,
			    enum mv_index_table table, uint64_t pos)
{
	return mv_le16(x->locs[table] + pos * LOC_SIZE + 10);
}

int mv_index_locate(uint32_t *pack, uint64_t *off, const struct mv_index *x,
		    enum mv_index_table table, uint64_t pos,
		    struct mv_err *err)
{
	const uint8_t *loc = x->locs[table] + pos * LOC_SIZE;

	*pack = mv_le32(loc);
	*off = mv_le64(loc + 4) & OFF_MASK;
	if (*pack >= x->packs)
		return mv_fail(err, MV_ECORRUPT,
			       "index '%s' names a pack that it does not list; run 'git model fsck --repair'",
			       x->path);
	return 0;
}

/* -- writing -------------------------------------------------------------- */

#define OUT_SIZE (256u * 1024)

struct index_out {
	struct mv_tmp *tmp;
	struct mv_hasher *hasher;
	uint8_t *buf;
	size_t len;
};

static int out_flush(struct index_out *o, struct mv_err *err)
{
	int rc = mv_hasher_update(o->hasher, o->buf, o->len, err);

	if (!rc)
		rc = mv_write_full(o->tmp->fd, o->buf, o->len, o->tmp->path,
				   err);
	o->len = 0;
	return rc;
}

static int out_add(struct index_out *o, const void *data, size_t len,
		   struct mv_err *err)
{
	if (o->len + len > OUT_SIZE) {
		int rc = out_flush(o, err);

		if (rc)
			return rc;
	}
	memcpy(o->buf + o->len, data, len);	/* every item is small */
	o->len += len;
	return 0;
}

static int out_table(struct index_out *o, enum mv_index_table t, int locs,
		     uint64_t count, const struct mv_index_source *source,
		     struct mv_err *err)
{
	struct mv_index_entry e;
	uint64_t n = 0;
	int rc;

	rc = source->rewind(source->payload, t, err);
	if (rc)
		return rc;
	while ((rc = source->next(source->payload, &e, err)) == 1) {
		if (locs) {
			uint8_t loc[LOC_SIZE];

			mv_put_le32(loc, e.pack);
			mv_put_le64(loc + 4, (e.off & OFF_MASK) |
				    (uint64_t)e.about << ABOUT_SHIFT);
			rc = out_add(o, loc, sizeof(loc), err);
		} else {
			rc = out_add(o, e.id.b, ID_SIZE, err);
		}
		if (rc)
			return rc;
		n++;
	}
	if (!rc && n != count)
		rc = mv_fail(err, MV_EINVALID,
			     "index source gave another number of entries than announced");
	return rc;
}

int mv_index_write(struct mv_oid *id, struct mv_tmp *tmp,
		   const struct mv_index_pack *packs, uint32_t pack_count,
		   const uint64_t count[2],
		   const struct mv_index_source *source, struct mv_err *err)
{
	struct index_out o = { tmp, NULL, NULL, 0 };
	uint8_t head[INDEX_HEAD] = "MVIX\2\2", number[LEN_SIZE];
	int rc;

	o.buf = malloc(OUT_SIZE);
	if (!o.buf)
		return mv_nomem(err);
	rc = mv_hasher_new(&o.hasher, MV_HASH_BLAKE3, err);
	if (rc)
		goto out;
	mv_put_le32(head + 8, pack_count);
	mv_put_le64(head + 16, count[0]);
	mv_put_le64(head + 24, count[1]);
	rc = out_add(&o, head, sizeof(head), err);
	for (uint32_t i = 0; !rc && i < pack_count; i++)
		rc = out_add(&o, packs[i].id.b, ID_SIZE, err);
	for (uint32_t i = 0; !rc && i < pack_count; i++) {
		mv_put_le64(number, packs[i].len);
		rc = out_add(&o, number, sizeof(number), err);
	}
	for (int t = 0; !rc && t < 2; t++) {
		rc = out_table(&o, (enum mv_index_table)t, 0, count[t], source,
			       err);
		if (!rc)
			rc = out_table(&o, (enum mv_index_table)t, 1, count[t],
				       source, err);
	}
	if (!rc)
		rc = out_flush(&o, err);
	if (!rc)
		rc = mv_hasher_final(id->b, o.hasher, err);
	if (!rc)
		rc = mv_write_full(tmp->fd, id->b, ID_SIZE, tmp->path, err);
out:
	mv_hasher_free(o.hasher);
	free(o.buf);
	return rc;
}
