/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * Version 1 named chunks by SHA-256; its records, recipes and codecs are those
 * of version 2. So all that changes are names:
 *
 *  1. Read every old pack: each chunk is decoded, and gets its new name. Packs
 *     of writers that were killed (tmp/) count, too.
 *  2. Read the recipes: which chunks do they name? One that no recipe names is
 *     a content of its own: a whole. One that some recipe names may be a
 *     content as well, which nobody here can know: it gets a recipe of one
 *     entry, which costs 0.1 % and goes with the next gc where no pointer
 *     names it.
 *  3. Write all records to new packs, in one transaction under the exclusive
 *     lock, which finds what an upgrade that was killed has written.
 *  4. When it is on the disk: remove old indexes and packs, then say in
 *     `format` what the store is now. Until then nobody else opens it.
 */
struct old_chunk {
	struct mv_oid old, new;
	uint64_t off;
	uint32_t pack;		/* which of the old ones, by place */
	uint8_t used;		/* some recipe names it */
};

struct old_pack {
	char *path;
	int orphan;		/* in tmp/: ends where its writer was killed */
	int keep;		/* not all of it was understood: to bad/ */
};

struct upgrade {
	struct mv_store *store;
	mv_fsck_fn fn;
	void *payload;
	uint64_t bad;
	struct old_pack *packs;
	size_t pack_count, pack_alloc;
	struct old_chunk *chunks;	/* sorted by old id from step 2 on */
	size_t chunk_count, chunk_alloc;
	struct mv_scratch *scratch;
	struct mv_tx *tx;
	struct mv_buf record, recipe;
	uint64_t copied;		/* records since the last flush */
	uint32_t pack;			/* that is being read */
	int fd;
};

#define FLUSH_RECORDS (256u * 1024)

static void upgrade_tell(struct upgrade *u, enum mv_fsck_kind kind,
			 const char *subject, const char *message)
{
	if (u->fn)
		u->fn(u->payload, kind, subject, message);
	u->bad += kind == MV_FSCK_BAD_FILE || kind == MV_FSCK_BAD_CONTENT;
}

static void keep_pack(struct upgrade *u, struct old_pack *p, const char *why)
{
	if (!p->keep)
		upgrade_tell(u, MV_FSCK_BAD_FILE, p->path, why);
	p->keep = 1;
}

/* -- which files are old -------------------------------------------------- */

/* 1, 0 or an error. In a store that is old, so is a pack with a bad header. */
static int is_old(const struct upgrade *u, int fd, const char *path,
		  struct mv_err *err)
{
	uint8_t head[MV_PACK_HEADER];
	struct mv_oid id;
	size_t got = 0;
	int rc = mv_pack_is_old(fd, path, err);

	if (rc || !u->store->old)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), 0, &got, path, err);
	if (rc)
		return rc;
	rc = mv_pack_check_header(head, got, path, NULL);
	if (rc != MV_ENOTSUP)
		return rc == MV_ECORRUPT;
	/* Of a newer version, if what its name says does not hold. */
	if (mv_oid_parse(&id, strrchr(path, '/') + 1, MV_OID_HEX))
		return 0;
	rc = mv_pack_check_old(fd, path, &id, err);
	if (!rc)
		return 1;
	return rc == MV_ECORRUPT ? 0 : rc;
}

static int add_pack(struct upgrade *u, const char *dir, const char *name,
		    struct mv_err *err)
{
	const int orphan = dir == u->store->tmp_dir;
	char *path = mv_path_join(dir, name);
	struct old_pack *p;
	int fd, rc = 0;

	if (!path)
		return mv_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	/* What cannot be looked at must stop us: it may be all there is. */
	if (fd < 0 && errno != ENOENT)
		rc = mv_fail_errno(err, errno, "cannot open '%s'", path);
	else if (fd >= 0)
		rc = is_old(u, fd, path, err);
	if (rc == 1) {
		rc = MV_GROW(u->packs, u->pack_alloc, u->pack_count + 1, err);
		if (!rc) {
			p = &u->packs[u->pack_count++];
			p->path = path;
			p->orphan = orphan;
			p->keep = 0;
			path = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

static int has_end(const char *name, const char *end)
{
	const size_t len = strlen(name), n = strlen(end);

	return len > n && !strcmp(name + len - n, end);
}

static int see_pack(void *payload, const char *name, struct mv_err *err)
{
	struct upgrade *u = payload;

	return has_end(name, ".pack") ?
	       add_pack(u, u->store->packs_dir, name, err) : 0;
}

/* Nobody writes: we have the lock alone. */
static int see_orphan(void *payload, const char *name, struct mv_err *err)
{
	struct upgrade *u = payload;

	return !strncmp(name, "pack-", 5) ?
	       add_pack(u, u->store->tmp_dir, name, err) : 0;
}

static int find_packs(struct upgrade *u, struct mv_err *err)
{
	int rc = mv_each_entry(u->store->packs_dir, see_pack, u, err);

	if (!rc || rc == MV_ENOENT)
		rc = mv_each_entry(u->store->tmp_dir, see_orphan, u, err);
	return rc == MV_ENOENT ? 0 : rc;
}

/* -- reading -------------------------------------------------------------- */

static int read_packs(struct upgrade *u, mv_record_fn fn, struct mv_err *err)
{
	int rc = 0;

	for (u->pack = 0; !rc && u->pack < u->pack_count; u->pack++) {
		const char *path = u->packs[u->pack].path;

		rc = mv_open_read(&u->fd, NULL, path, err);
		if (!rc) {
			rc = mv_pack_salvage(u->fd, path, fn, u, err);
			close(u->fd);
		}
		mv_progress_update(u->store->options.progress, "Upgrading",
				   u->pack + 1, u->pack_count);
	}
	return rc;
}

/* Into scratch->raw; what cannot be decoded stays in its pack. */
static int decode_record(struct upgrade *u, const struct mv_pack_record *r,
			 const uint8_t *stored, struct mv_err *err)
{
	int rc = mv_decode(u->scratch->raw, r->raw_len, u->scratch->decoder,
			   r->codec, r->param, stored, r->stored_len, err);

	if (rc != MV_ECORRUPT && rc != MV_ENOTSUP)
		return rc;
	keep_pack(u, &u->packs[u->pack],
		  "a record of it cannot be decoded; the pack moves to bad/");
	return MV_ECORRUPT;
}

static int name_chunk(void *payload, uint64_t off,
		      const struct mv_pack_record *record, const uint8_t *head,
		      const uint8_t *stored, struct mv_err *err)
{
	struct upgrade *u = payload;
	struct old_chunk *c;
	int rc;

	(void)head;
	if (record->kind != MV_RECORD_CHUNK)
		return 0;
	rc = decode_record(u, record, stored, err);
	if (rc)
		return rc == MV_ECORRUPT ? 0 : rc;
	rc = MV_GROW(u->chunks, u->chunk_alloc, u->chunk_count + 1, err);
	if (rc)
		return rc;
	c = &u->chunks[u->chunk_count];
	c->off = off;
	c->pack = u->pack;
	c->used = 0;
	rc = mv_sha256(&c->old, u->scratch->raw, record->raw_len, err);
	if (!rc)
		rc = mv_blake3(&c->new, u->scratch->raw, record->raw_len, err);
	u->chunk_count += !rc;
	return rc;
}

static int by_old_name(const void *a, const void *b)
{
	const struct old_chunk *x = a, *y = b;

	return mv_oid_cmp(&x->old, &y->old);
}

static void sort_chunks(struct upgrade *u)
{
	size_t n = 0;

	if (u->chunk_count)
		qsort(u->chunks, u->chunk_count, sizeof(*u->chunks),
		      by_old_name);
	for (size_t i = 0; i < u->chunk_count; i++)
		if (!n || by_old_name(&u->chunks[n - 1], &u->chunks[i]))
			u->chunks[n++] = u->chunks[i];
	u->chunk_count = n;
}

static struct old_chunk *find_chunk(const struct upgrade *u,
				    const struct mv_oid *old)
{
	struct old_chunk key = { .old = *old };

	return u->chunk_count ? bsearch(&key, u->chunks, u->chunk_count,
					sizeof(key), by_old_name) : NULL;
}

/* -- recipes -------------------------------------------------------------- */

/* A part, which is a chunk of some old pack, into scratch->raw. */
static int load_part(struct upgrade *u, const struct old_chunk *c,
		     const uint8_t *entry, struct mv_err *err)
{
	const char *path = u->packs[c->pack].path;
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	size_t got = 0;
	int fd, rc = mv_open_read(&fd, NULL, path, err);

	if (rc)
		return rc;
	rc = mv_pread_full(fd, head, sizeof(head), c->off, &got, path, err);
	if (!rc)
		rc = mv_pack_record_parse(&record, head, MV_CHUNK_MAX, err);
	if (!rc)
		rc = mv_pread_full(fd, u->scratch->stored, record.stored_len,
				   c->off + sizeof(head), &got, path, err);
	close(fd);
	if (!rc && (got != record.stored_len ||
		    record.raw_len != mv_le32(entry + 32)))
		rc = mv_fail(err, MV_ECORRUPT, "a part has another length");
	if (!rc)
		rc = mv_decode(u->scratch->raw, record.raw_len,
			       u->scratch->decoder, record.codec, record.param,
			       u->scratch->stored, record.stored_len, err);
	return rc ? rc : mv_recipe_check_part(u->scratch->raw, record.raw_len,
					      mv_le64(entry + 36), err);
}

/* Give `count` entries of `step` bytes their new ids. MV_ENOENT: one is gone. */
static int rename_entries(const struct upgrade *u, uint8_t *entries,
			  uint32_t count, size_t step)
{
	for (uint32_t i = 0; i < count; i++) {
		struct old_chunk *c = find_chunk(u, mv_recipe_id(entries +
								 i * step));

		if (!c)
			return MV_ENOENT;
		c->used = 1;
		memcpy(entries + i * step, c->new.b, sizeof(c->new.b));
	}
	return 0;
}

static int append(struct upgrade *u, struct mv_pack_record *record,
		  const struct mv_oid *id, const uint8_t *stored,
		  struct mv_err *err)
{
	struct mv_new_record new = { *id, record->kind, 0, 0 };
	uint8_t head[MV_RECORD_HEADER];

	mv_pack_record_seal(head, record, stored);
	mv_buf_clear(&u->record);
	if (mv_buf_add(&u->record, head, sizeof(head)) ||
	    mv_buf_add(&u->record, stored, record->stored_len))
		return mv_nomem(err);
	u->copied++;
	return mv_tx_append(u->tx, (uint8_t *)u->record.data, u->record.len,
			    &new, 1, err);
}

/* Claimed first: nothing is written twice, nor what is there already. */
static int append_chunk(struct upgrade *u, struct mv_pack_record *record,
			const struct mv_oid *id, const uint8_t *stored,
			struct mv_err *err)
{
	int rc = mv_tx_claim(u->tx, record->kind, id, err);

	return rc == 1 ? append(u, record, id, stored, err) : rc;
}

static int append_recipe(struct upgrade *u, const uint8_t *data, size_t len,
			 const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_pack_record record = { .kind = MV_RECORD_RECIPE };
	struct mv_place place;

	if (!mv_tx_find(&place, u->tx, MV_INDEX_CONTENTS, oid))
		return 0;
	record.raw_len = record.stored_len = (uint32_t)len;
	return append(u, &record, oid, data, err);
}

/* A part with new ids, as a chunk; the entry that leads to it follows. */
static int renew_part(struct upgrade *u, uint8_t *entry, int write,
		      struct mv_err *err)
{
	struct old_chunk *c = find_chunk(u, mv_recipe_id(entry));
	struct mv_pack_record record = { .kind = MV_RECORD_CHUNK };
	uint32_t len = mv_le32(entry + 32);
	struct mv_oid id;
	int rc;

	if (!c)
		return MV_ENOENT;
	c->used = 1;
	rc = load_part(u, c, entry, err);
	if (!rc)
		rc = rename_entries(u, u->scratch->raw, len / MV_RECIPE_ENTRY,
				    MV_RECIPE_ENTRY);
	if (!rc)
		rc = mv_blake3(&id, u->scratch->raw, len, err);
	if (rc)
		return rc;
	memcpy(entry, id.b, sizeof(id.b));
	record.raw_len = record.stored_len = len;
	return write ? append_chunk(u, &record, &id, u->scratch->raw, err) : 0;
}

/* The recipe in u->recipe. MV_ENOENT, MV_ECORRUPT: it cannot be had. */
static int renew_recipe(struct upgrade *u, const struct mv_recipe *recipe,
			int write, struct mv_err *err)
{
	uint8_t *entries = (uint8_t *)u->recipe.data + MV_RECIPE_HEAD;
	int rc = 0;

	if (!recipe->depth)
		return rename_entries(u, entries, recipe->count,
				      MV_RECIPE_ENTRY);
	for (uint32_t i = 0; !rc && i < recipe->count; i++)
		rc = renew_part(u, entries + i * MV_RECIPE_PART, write, err);
	return rc;
}

static int lost_recipe(struct upgrade *u, const struct mv_oid *oid,
		       struct mv_err *err)
{
	struct mv_place place;
	char hex[MV_OID_HEX + 1];

	(void)err;
	/* An upgrade that was killed while it removed packs has it already. */
	if (!mv_tx_find(&place, u->tx, MV_INDEX_CONTENTS, oid))
		return 0;
	upgrade_tell(u, MV_FSCK_BAD_CONTENT, mv_oid_hex(hex, oid),
		     "chunks of it are gone");
	keep_pack(u, &u->packs[u->pack],
		  "it has a content whose chunks are gone; the pack moves to bad/");
	return 0;
}

static int do_recipe(struct upgrade *u, const uint8_t *stored, size_t len,
		     int write, struct mv_err *err)
{
	struct mv_recipe recipe;
	struct mv_err why = { 0 };
	int rc;

	mv_buf_clear(&u->recipe);
	if (mv_buf_add(&u->recipe, stored, len))
		return mv_nomem(err);
	rc = mv_recipe_parse(&recipe, (uint8_t *)u->recipe.data, len, &why);
	if (rc) {
		if (write)
			keep_pack(u, &u->packs[u->pack],
				  "a recipe of it is damaged; the pack moves to bad/");
		return 0;
	}
	rc = renew_recipe(u, &recipe, write, &why);
	if (rc == MV_ENOENT || rc == MV_ECORRUPT)
		return write ? lost_recipe(u, &recipe.oid, err) : 0;
	if (rc) {
		if (err)
			*err = why;
		return rc;
	}
	return write ? append_recipe(u, (uint8_t *)u->recipe.data, len,
				     &recipe.oid, err) : 0;
}

static int mark_used(void *payload, uint64_t off,
		     const struct mv_pack_record *record, const uint8_t *head,
		     const uint8_t *stored, struct mv_err *err)
{
	(void)off;
	(void)head;
	return record->kind == MV_RECORD_RECIPE ?
	       do_recipe(payload, stored, record->stored_len, 0, err) : 0;
}

/* -- writing -------------------------------------------------------------- */

/* The content, if it is one, that a chunk of recipes is by itself. */
static int write_single(struct upgrade *u, const struct old_chunk *c,
			uint32_t len, struct mv_err *err)
{
	uint8_t entry[MV_RECIPE_ENTRY];

	memcpy(entry, c->new.b, sizeof(c->new.b));
	mv_put_le32(entry + 32, len);
	mv_buf_clear(&u->recipe);
	if (mv_recipe_begin(&u->recipe, &c->old, len, 0, 1) ||
	    mv_buf_add(&u->recipe, entry, sizeof(entry)))
		return mv_nomem(err);
	return append_recipe(u, (uint8_t *)u->recipe.data, u->recipe.len,
			     &c->old, err);
}

static int write_chunk(struct upgrade *u, const struct mv_pack_record *old,
		       const uint8_t *stored, struct mv_err *err)
{
	struct mv_pack_record record = *old;
	const struct old_chunk *c;
	struct mv_place place;
	struct mv_oid id;
	int rc = decode_record(u, old, stored, err);

	if (!rc)
		rc = mv_sha256(&id, u->scratch->raw, old->raw_len, err);
	if (rc)
		return rc == MV_ECORRUPT ? 0 : rc;
	c = find_chunk(u, &id);
	if (!c)		/* the file changed under us */
		return mv_fail(err, MV_EBUSY, "'%s' changed while it was read",
			       u->packs[u->pack].path);
	/* Its recipe can be in a pack that a killed upgrade has removed. */
	if (!c->used && !mv_tx_find(&place, u->tx, MV_INDEX_CONTENTS, &c->old))
		return 0;
	record.kind = c->used ? MV_RECORD_CHUNK : MV_RECORD_WHOLE;
	rc = append_chunk(u, &record, c->used ? &c->new : &c->old, stored,
			  err);
	if (!rc && c->used)
		rc = write_single(u, c, old->raw_len, err);
	return rc;
}

static int write_record(void *payload, uint64_t off,
			const struct mv_pack_record *record,
			const uint8_t *head, const uint8_t *stored,
			struct mv_err *err)
{
	struct upgrade *u = payload;
	int rc = 0;

	(void)off;
	(void)head;
	if (record->kind == MV_RECORD_CHUNK)
		rc = write_chunk(u, record, stored, err);
	else if (record->kind == MV_RECORD_RECIPE)
		rc = do_recipe(u, stored, record->stored_len, 1, err);
	else
		keep_pack(u, &u->packs[u->pack],
			  "a record of it is of no kind that there was; the pack moves to bad/");
	if (!rc && u->copied >= FLUSH_RECORDS) {
		rc = mv_tx_flush(u->tx, MV_TX_SYNC, err);
		u->copied = 0;
	}
	return rc;
}

/* What is written is also for the owners of the old packs. */
static int inherit(struct upgrade *u, struct mv_err *err)
{
	struct mv_oid id;
	int rc = 0;

	for (size_t i = 0; !rc && i < u->pack_count; i++) {
		const char *name = strrchr(u->packs[i].path, '/') + 1;

		if (!u->packs[i].orphan && !mv_oid_parse(&id, name, MV_OID_HEX))
			rc = mv_tx_inherit(u->tx, &id, err);
	}
	return rc;
}

/* -- the old ones go ------------------------------------------------------ */

/* Every byte of it was understood, or it is kept. */
static int check_pack(struct upgrade *u, struct old_pack *p,
		      struct mv_err *err)
{
	struct mv_err why = { 0 };
	struct mv_oid id;
	int fd, rc;

	if (p->orphan || mv_oid_parse(&id, strrchr(p->path, '/') + 1,
				      MV_OID_HEX))
		return 0;
	rc = mv_open_read(&fd, NULL, p->path, err);
	if (rc)
		return rc;
	rc = mv_pack_check_old(fd, p->path, &id, &why);
	close(fd);
	if (rc == MV_ECORRUPT) {
		keep_pack(u, p, why.msg);
		return 0;
	}
	if (rc && err)
		*err = why;
	return rc;
}

static int drop_index(void *payload, const char *name, struct mv_err *err)
{
	struct upgrade *u = payload;
	char *path = mv_path_join(u->store->index_dir, name);
	int rc = path ? 0 : mv_nomem(err);

	if (!rc && has_end(name, ".idx"))
		rc = mv_index_is_old(path, err);
	if (rc == 1)
		rc = unlink(path) < 0 ?
		     mv_fail_errno(err, errno, "cannot remove '%s'", path) : 0;
	free(path);
	return rc;
}

static int drop_old(struct upgrade *u, struct mv_err *err)
{
	int rc = mv_each_entry(u->store->index_dir, drop_index, u, err);

	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = mv_fsync_dir(u->store->index_dir, err);
	for (size_t i = 0; !rc && i < u->pack_count; i++) {
		if (u->packs[i].keep)
			rc = mv_store_put_aside(u->store, u->packs[i].path, 0,
						err);
		else if (unlink(u->packs[i].path) < 0 && errno != ENOENT)
			rc = mv_fail_errno(err, errno, "cannot remove '%s'",
					   u->packs[i].path);
	}
	return rc ? rc : mv_fsync_dir(u->store->packs_dir, err);
}

static int upgrade_locked(struct upgrade *u, struct mv_err *err)
{
	int rc;

	rc = mv_store_make_dirs(u->store, err);
	if (!rc)	/* what a killed upgrade has written is there already */
		rc = mv_store_recover_force(u->store, err);
	if (!rc)
		rc = find_packs(u, err);
	if (!rc)
		rc = mv_scratch_get(&u->scratch, u->store, err);
	if (!rc)
		rc = mv_scratch_decoder(u->scratch, err);
	if (!rc)
		rc = mv_tx_new(&u->tx, u->store, err);
	if (!rc)
		rc = read_packs(u, name_chunk, err);
	if (rc)
		return rc;
	sort_chunks(u);
	rc = read_packs(u, mark_used, err);
	if (!rc)
		rc = inherit(u, err);
	if (!rc)
		rc = read_packs(u, write_record, err);
	for (size_t i = 0; !rc && i < u->pack_count; i++)
		rc = check_pack(u, &u->packs[i], err);
	if (!rc) {
		rc = mv_tx_commit(u->tx, NULL, err);
		u->tx = NULL;
	}
	if (!rc)
		rc = drop_old(u, err);
	if (!rc && u->store->old)
		rc = mv_store_write_format(u->store, err);
	if (!rc && u->pack_count)
		upgrade_tell(u, MV_FSCK_REPAIRED, mv_store_dir(u->store),
			     "the store of an older git-model is one of this version now");
	return rc ? rc : mv_store_refresh(u->store, err);
}

int mv_store_upgrade(struct mv_store *store, mv_fsck_fn fn, void *payload,
		     uint64_t *bad, struct mv_err *err)
{
	struct upgrade u = { .store = store, .fn = fn, .payload = payload };
	struct mv_lock lock = MV_LOCK_INIT;
	int rc = mv_store_alone(&lock, store, err);

	*bad = 0;
	if (rc)
		return rc;
	mv_buf_init(&u.record, MV_RECIPE_MAX + 64);
	mv_buf_init(&u.recipe, MV_RECIPE_MAX + 64);
	rc = upgrade_locked(&u, err);
	mv_tx_abort(u.tx);
	mv_scratch_put(store, u.scratch);
	mv_store_shared(&lock, store);
	for (size_t i = 0; i < u.pack_count; i++)
		free(u.packs[i].path);
	free(u.packs);
	free(u.chunks);
	mv_buf_release(&u.record);
	mv_buf_release(&u.recipe);
	*bad = u.bad;
	return rc;
}
