/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/store/store.h"

/*
 * What a killed writer leaves behind, and how it is found again.
 *
 * Every file in tmp/ is flocked by the process that writes it. One that can
 * be locked by us has no owner any more:
 *
 * - a pack: its records up to the first that is not whole are good (they
 *   carry checksums); they become a proper pack. That is how small contents
 *   survive whose pointer git already has while the disk sync was still to
 *   come at the end of the filter process;
 * - an index: its owner was about to publish packs; some may be in packs/
 *   without an index. The listing below finds and indexes them. We keep one
 *   in tmp/ ourselves while we do this, because we may be killed, too.
 *
 * A recipe may have reached the disk without the last of its chunks (they
 * can be in another pack). It is left out, so that mv_store_has() does not
 * promise what cannot be given, and the next put stores all of it.
 */

int mv_store_tmp(struct mv_tmp *out, struct mv_store *store,
		 const char *prefix, struct mv_err *err)
{
	for (int tries = 0; tries < 100; tries++) {
		struct stat st;
		int rc = mv_tmp_open(out, store->tmp_dir, prefix, err);

		if (rc == MV_ENOENT && !mv_store_make_dirs(store, NULL))
			rc = mv_tmp_open(out, store->tmp_dir, prefix, err);
		if (rc)
			return rc;
		mv_store_share_file(store, out->fd);
		/* A recovery may have taken it for an orphan just now. */
		if (!flock(out->fd, LOCK_EX | LOCK_NB) &&
		    !fstat(out->fd, &st) && st.st_nlink)
			return 0;
		mv_tmp_discard(out);
	}
	return mv_fail(err, MV_EBUSY, "cannot keep a temporary file in '%s'",
		       store->tmp_dir);
}

/* -- reading a pack's records into index entries -------------------------- */

struct collect {
	struct mv_entries *entries;
	struct mv_scratch *scratch;
	uint32_t number;
};

static int collect_leaning(struct mv_entries *x, uint32_t pack, uint64_t off,
			   unsigned int depth, struct mv_err *err)
{
	struct mv_leaning *one;

	if (MV_GROW(x->leaning, x->leaning_alloc, x->leaning_count + 1,
		    err) < 0)
		return MV_ENOMEM;
	one = &x->leaning[x->leaning_count++];
	one->pack = pack;
	one->off = off;
	one->depth = depth;
	return 0;
}

static int collect_record(void *payload, uint64_t off,
			  const struct mv_pack_record *record, const uint8_t *head,
			  const uint8_t *stored, struct mv_err *err)
{
	struct collect *c = payload;
	struct mv_scratch *s = c->scratch;
	struct mv_index_entry e = { .pack = c->number, .off = off };
	struct mv_recipe recipe;
	unsigned int depth;
	int rc;

	(void)head;
	if (record->kind == MV_RECORD_RECIPE) {
		rc = mv_recipe_parse(&recipe, stored, record->stored_len, err);
		if (rc)
			return rc;
		e.id = recipe.oid;
		return mv_entries_add(c->entries, MV_INDEX_CONTENTS, &e, err);
	}
	depth = mv_codec_depth(record->codec, record->param);
	if (depth && record->kind == MV_RECORD_CHUNK) {
		rc = mv_codec_base(&e.id, &depth, record->codec,
				   record->param, stored, record->stored_len,
				   err);
		return rc < 0 ? rc : collect_leaning(c->entries, c->number,
						     off, depth, err);
	}
	rc = mv_decode(s->raw, record->raw_len, s->decoder, record->codec,
		       record->param, stored, record->stored_len, err);
	if (!rc)
		rc = mv_record_name(&e.id, record->kind, s->raw,
				    record->raw_len, err);
	return rc ? rc : mv_entries_add(c->entries, MV_INDEX_CHUNKS, &e, err);
}

int mv_pack_collect(struct mv_entries *entries, struct mv_store *store,
		    int fd, const char *path, const struct mv_oid *expect,
		    uint32_t number, uint64_t *end, struct mv_err *err)
{
	struct collect c = { entries, NULL, number };
	int rc = mv_scratch_get(&c.scratch, store, err);

	if (rc)
		return rc;
	rc = mv_scratch_decoder(c.scratch, err);
	if (!rc)
		rc = mv_pack_walk(fd, path, expect, end, collect_record, &c,
				  err);
	mv_scratch_put(store, c.scratch);
	return rc;
}

/* -- records that lean on others ------------------------------------------ */

struct settle {
	struct mv_entries *entries;
	struct mv_store *store;
	const struct mv_index_pack *packs;
	struct mv_scratch *scratch;
};

/* What was just met, or else what the store knows already. */
static int settle_find(void *payload, struct mv_pack_record *record,
		       uint8_t *head, uint8_t *stored, const struct mv_oid *id,
		       struct mv_err *err)
{
	struct settle *s = payload;
	const struct mv_index_entry *e =
		mv_entries_find(s->entries, MV_INDEX_CHUNKS, id);
	struct mv_place place;
	int rc;

	if (!e)
		return mv_record_find(record, head, stored, s->store,
				      MV_INDEX_CHUNKS, id, err);
	place.off = e->off;
	rc = mv_store_pack_file(&place.file, s->store, &s->packs[e->pack].id,
				err);
	return rc ? rc : mv_place_record(record, head, stored, MV_CHUNK_MAX,
					 s->store, &place, err);
}

static int settle_one(struct settle *s, const struct mv_leaning *l,
		      struct mv_err *err)
{
	const struct mv_base_source source = { settle_find, s };
	struct mv_index_entry e = { .pack = l->pack, .off = l->off,
				    .about = (uint16_t)l->depth };
	struct mv_place place = { .off = l->off };
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc = mv_store_pack_file(&place.file, s->store, &s->packs[l->pack].id,
				    err);

	if (!rc)
		rc = mv_place_record(&record, head, s->scratch->stored,
				     MV_CHUNK_MAX, s->store, &place, err);
	if (!rc) {
		rc = mv_record_decode(s->scratch->raw, &record,
				      s->scratch->stored, s->store, s->scratch,
				      &source, err);
		if (rc)
			mv_err_prefix(err, "pack '%s' at offset %llu",
				      place.file->path,
				      (unsigned long long)l->off);
	}
	if (!rc)
		rc = mv_record_name(&e.id, record.kind, s->scratch->raw,
				    record.raw_len, err);
	return rc ? rc : mv_entries_add(s->entries, MV_INDEX_CHUNKS, &e, err);
}

static int by_depth(const void *a, const void *b)
{
	const struct mv_leaning *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->pack != y->pack)
		return x->pack < y->pack ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
}

int mv_entries_settle(struct mv_entries *x, struct mv_store *store,
		      const struct mv_index_pack *packs, struct mv_err *err)
{
	struct settle s = { x, store, packs, NULL };
	unsigned int depth = 0;
	size_t left = 0;
	int rc = mv_scratch_get(&s.scratch, store, err);

	if (!rc)
		rc = mv_scratch_decoder(s.scratch, err);
	if (x->leaning_count)
		qsort(x->leaning, x->leaning_count, sizeof(*x->leaning),
		      by_depth);
	for (size_t i = 0; !rc && i < x->leaning_count; i++) {
		/* What is less deep, bases among it, has its name by now. */
		if (x->leaning[i].depth != depth)
			mv_entries_sort(x);
		depth = x->leaning[i].depth;
		rc = settle_one(&s, &x->leaning[i], err);
		if (rc == MV_ECORRUPT || rc == MV_ENOENT) {
			x->leaning[left++] = x->leaning[i];
			rc = 0;
		}
	}
	mv_scratch_put(store, s.scratch);
	if (!rc)
		x->leaning_count = left;
	mv_entries_sort(x);
	return rc;
}

/* -- orphans -------------------------------------------------------------- */

struct headers {
	struct mv_hasher *hasher;
	uint64_t count;
};

static int hash_header(void *payload, uint64_t off,
		       const struct mv_pack_record *record, const uint8_t *head,
		       const uint8_t *stored, struct mv_err *err)
{
	struct headers *h = payload;

	(void)off;
	(void)record;
	(void)stored;
	h->count++;
	return mv_hasher_update(h->hasher, head, MV_RECORD_HEADER, err);
}

/* Its owner may have been killed after it took away the right to write. */
static int open_again(int fd, const char *path)
{
	int rw = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (rw < 0 && errno == EACCES && !fchmod(fd, 0600))
		rw = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return rw;
}

static int write_trailer(struct mv_store *store, int fd, const char *path,
			 uint64_t end, const struct mv_oid *id, uint64_t count,
			 struct mv_err *err)
{
	uint8_t trailer[MV_PACK_TRAILER];
	int rc;

	mv_pack_trailer(trailer, count, id);
	if (ftruncate(fd, (off_t)end) < 0)
		return mv_fail_errno(err, errno, "cannot recover '%s'", path);
	rc = mv_pwrite_full(fd, trailer, sizeof(trailer), end, path, err);
	/* Another one of the group may have begun it: only they may. */
	if (!rc && ((fchmod(fd, mv_store_file_mode(store)) < 0 &&
		     errno != EPERM) || fsync(fd) < 0))
		rc = mv_fail_errno(err, errno, "cannot sync '%s'", path);
	return rc;
}

/* A proper pack of `count` records that end at `end`. */
static int finish_pack(struct mv_store *store, int fd, const char *path,
		       uint64_t end, const struct mv_oid *id, uint64_t count,
		       struct mv_err *err)
{
	char *target = mv_store_pack_path(store, id);
	int rw, rc;

	if (!target)
		return mv_nomem(err);
	rw = open_again(fd, path);
	if (rw < 0) {
		free(target);
		return 0;	/* not ours: its owner can do it */
	}
	rc = write_trailer(store, rw, path, end, id, count, err);
	if (!rc)
		rc = mv_store_make_way(store, rw, target, err);
	if (rc >= 0)
		rc = 0;
	if (!rc && rename(path, target) < 0)
		rc = mv_fail_errno(err, errno, "cannot rename '%s'", path);
	if (!rc)
		rc = mv_fsync_dir(store->packs_dir, err);
	close(rw);
	free(target);
	return rc;
}

/* "pack-<owner>-XXXXXX.tmp" says for whom it was written. */
static int name_owner(struct mv_store *store, const char *path,
		      const struct mv_oid *id, struct mv_err *err)
{
	const char *name = strrchr(path, '/') + 1 + strlen("pack-");
	char owner[MV_OWNER_HEX + 1];

	snprintf(owner, sizeof(owner), "%s", name);
	return mv_owner_ok(owner) && name[MV_OWNER_HEX] == '-' ?
	       mv_store_own_pack(store, id, owner, err) : 0;
}

/* Cut behind the last whole record, write the trailer, name it. */
static int adopt_pack(struct mv_store *store, int fd, const char *path,
		      struct mv_err *err)
{
	struct headers h = { NULL, 0 };
	struct mv_oid id;
	uint64_t end = 0;
	int rc;

	rc = mv_hasher_new(&h.hasher, MV_HASH_BLAKE3, err);
	if (rc)
		return rc;
	rc = mv_pack_walk(fd, path, NULL, &end, hash_header, &h, err);
	if (rc == MV_ENOTSUP)
		goto out;	/* a newer version's: it knows what to do */
	if (rc == MV_ECORRUPT)
		rc = 0;	/* the torn end; what came before is kept */
	if (!rc && !h.count)
		unlink(path);
	if (!rc && h.count)
		rc = mv_hasher_final(id.b, h.hasher, err);
	if (!rc && h.count)
		rc = name_owner(store, path, &id, err);
	if (!rc && h.count)
		rc = finish_pack(store, fd, path, end, &id, h.count, err);
out:
	mv_hasher_free(h.hasher);
	return rc == MV_ENOTSUP ? 0 : rc;
}

/* Locked by us now, and still the file of that name? */
static int is_orphan(int fd, const char *path)
{
	struct stat st, named;

	return !flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &st) &&
	       !lstat(path, &named) && st.st_dev == named.st_dev &&
	       st.st_ino == named.st_ino && S_ISREG(st.st_mode);
}

struct orphans {
	struct mv_store *store;
	int peek;		/* only look whether there are any */
	int found;
};

static int each_orphan(void *payload, const char *name, struct mv_err *err)
{
	struct orphans *o = payload;
	char *path = mv_path_join(o->store->tmp_dir, name);
	int fd, rc = 0;

	if (!path)
		return mv_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && is_orphan(fd, path)) {
		o->found = 1;
		if (o->peek)
			rc = 1;
		else if (!strncmp(name, "pack-", 5))
			rc = adopt_pack(o->store, fd, path, err);
		else
			unlink(path);
	}
	if (fd >= 0)		/* else just gone, or not ours to open */
		close(fd);
	free(path);
	return rc;
}

/* -- packs that no index names -------------------------------------------- */

struct unindexed {
	struct mv_store *store;
	struct mv_snapshot *snapshot;
	struct mv_oid *known;		/* sorted */
	size_t known_count;
	struct mv_entries entries;
	struct mv_index_pack *packs;
	size_t count, alloc;
	struct mv_scratch *scratch;
};

static int collect_pack(struct unindexed *u, const char *path,
			const struct mv_oid *id, struct mv_err *err)
{
	size_t chunks = u->entries.count[0];
	size_t contents = u->entries.count[1];
	size_t leaning = u->entries.leaning_count;
	uint64_t end;
	int fd, rc;

	rc = mv_open_read(&fd, NULL, path, err);
	if (rc)
		return rc;
	rc = mv_pack_collect(&u->entries, u->store, fd, path, id,
			     (uint32_t)u->count, &end, err);
	close(fd);
	if (!rc) {
		u->packs[u->count++] = (struct mv_index_pack){
			*id, end + MV_PACK_TRAILER };
	} else {	/* damaged: fsck's business, not ours */
		u->entries.count[0] = chunks;
		u->entries.count[1] = contents;
		u->entries.leaning_count = leaning;
	}
	return rc;
}

static int index_one(void *payload, const char *name, struct mv_err *err)
{
	struct unindexed *u = payload;
	struct mv_oid id;
	char *path;
	int rc;

	if (strlen(name) != MV_OID_HEX + 5 ||
	    mv_oid_parse(&id, name, MV_OID_HEX) ||
	    strcmp(name + MV_OID_HEX, ".pack") ||
	    mv_ids_find(u->known, u->known_count, &id) >= 0)
		return 0;
	if (MV_GROW(u->packs, u->alloc, u->count + 1, err) < 0)
		return MV_ENOMEM;
	path = mv_path_join(u->store->packs_dir, name);
	if (!path)
		return mv_nomem(err);
	rc = collect_pack(u, path, &id, err);
	free(path);
	/* A pack that just cannot be read now must stop us: without it,
	   recipes would look incomplete, and be forgotten. */
	return rc == MV_ECORRUPT || rc == MV_ENOTSUP || rc == MV_ENOENT ?
		0 : rc;
}

/* -- are recipes complete? ------------------------------------------------ */

static int entry_place(struct mv_place *out, struct unindexed *u,
		       const struct mv_index_entry *e, struct mv_err *err)
{
	out->off = e->off;
	return mv_store_pack_file(&out->file, u->store, &u->packs[e->pack].id,
				  err);
}

static int has_chunk(struct unindexed *u, const struct mv_oid *id)
{
	struct mv_place place;

	return mv_entries_find(&u->entries, MV_INDEX_CHUNKS, id) ||
	       !mv_snapshot_rely(&place, u->snapshot, MV_INDEX_CHUNKS, id,
				 NULL);
}

static int has_chunks(struct unindexed *u, const uint8_t *entries,
		      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!has_chunk(u, mv_recipe_id(entries + i * MV_RECIPE_ENTRY)))
			return 0;
	return 1;
}

/* A recipe's part into scratch->raw. */
static int load_part(struct unindexed *u, const struct mv_oid *id,
		     uint32_t *len, struct mv_err *err)
{
	struct settle from = { &u->entries, u->store, u->packs, u->scratch };
	const struct mv_base_source source = { settle_find, &from };
	struct mv_scratch *s = u->scratch;
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	int rc;

	if (!mv_entries_find(&u->entries, MV_INDEX_CHUNKS, id))
		return mv_chunk_load(s->raw, len, u->store, s, id, err);
	/* Its bytes were checked against its id when it was collected. */
	rc = settle_find(&from, &record, head, s->stored, id, err);
	if (!rc && record.raw_len != *len)
		rc = mv_fail(err, MV_ECORRUPT, "a part has another length");
	if (!rc)
		rc = mv_scratch_decoder(s, err);
	return rc ? rc : mv_record_decode(s->raw, &record, s->stored, u->store,
					  s, &source, err);
}

/* 1, 0, or an error that says nothing about the content. */
static int is_complete(struct unindexed *u, const struct mv_recipe *recipe,
		       struct mv_err *err)
{
	int rc = 1;

	if (!recipe->depth)
		return has_chunks(u, recipe->entries, recipe->count);
	for (uint32_t i = 0; rc == 1 && i < recipe->count; i++) {
		const uint8_t *part = recipe->entries + i * MV_RECIPE_PART;
		uint32_t len = mv_le32(part + 32);

		rc = load_part(u, mv_recipe_id(part), &len, err);
		if (!rc)
			rc = has_chunks(u, u->scratch->raw,
					len / MV_RECIPE_ENTRY);
	}
	return rc == MV_ECORRUPT ? 0 : rc;
}

/* 1: all of its chunks are here. */
static int check_recipe(struct unindexed *u, const struct mv_index_entry *e,
			struct mv_err *err)
{
	uint8_t head[MV_RECORD_HEADER];
	struct mv_pack_record record;
	struct mv_recipe recipe;
	struct mv_place place;
	uint8_t *data = NULL;
	int rc;

	rc = entry_place(&place, u, e, err);
	if (!rc)
		rc = mv_place_record(&record, head, NULL, 0, u->store, &place,
				     err);
	if (rc)
		return rc;
	data = malloc(record.stored_len);
	if (!data)
		return mv_nomem(err);
	rc = mv_place_record(&record, head, data, record.stored_len, u->store,
			     &place, err);
	if (!rc)
		rc = mv_recipe_parse(&recipe, data, record.stored_len, err);
	if (!rc)
		rc = is_complete(u, &recipe, err);
	free(data);
	return rc;
}

static int drop_incomplete(struct unindexed *u, struct mv_err *err)
{
	struct mv_entries *x = &u->entries;
	size_t n = 0;
	int rc;

	mv_entries_sort(x);
	rc = mv_scratch_get(&u->scratch, u->store, err);
	for (size_t i = 0; rc >= 0 && i < x->count[MV_INDEX_CONTENTS]; i++) {
		rc = check_recipe(u, &x->e[MV_INDEX_CONTENTS][i], err);
		if (rc == 1)
			x->e[MV_INDEX_CONTENTS][n++] =
				x->e[MV_INDEX_CONTENTS][i];
	}
	x->count[MV_INDEX_CONTENTS] = n;
	mv_scratch_put(u->store, u->scratch);
	return rc < 0 ? rc : 0;
}

/*
 * What leans, and is in the store already, is a double that gc has forgotten, or
 * had not named yet when it was killed. What has come since may lean on the
 * one that is named, and not be able to lean on this one.
 */
static void drop_doubles(struct unindexed *u)
{
	struct mv_entries *x = &u->entries;
	struct mv_place place;
	size_t n = 0;

	for (size_t i = 0; i < x->count[MV_INDEX_CHUNKS]; i++) {
		const struct mv_index_entry *e = &x->e[MV_INDEX_CHUNKS][i];

		if (!(e->about & MV_ABOUT_DEPTH) ||
		    mv_snapshot_rely(&place, u->snapshot, MV_INDEX_CHUNKS,
				     &e->id, NULL))
			x->e[MV_INDEX_CHUNKS][n++] = *e;
	}
	x->count[MV_INDEX_CHUNKS] = x->sorted[MV_INDEX_CHUNKS] = n;
}

static int publish_unindexed(struct unindexed *u, struct mv_tmp *tmp,
			     struct mv_err *err)
{
	struct mv_oid id;
	int rc;

	if (!u->count)
		return 0;
	rc = mv_entries_settle(&u->entries, u->store, u->packs, err);
	if (!rc) {
		drop_doubles(u);
		rc = drop_incomplete(u, err);
	}
	if (!rc)
		rc = mv_entries_write(&id, tmp, &u->entries, u->packs,
				      (uint32_t)u->count, err);
	return rc ? rc : mv_store_commit_index(u->store, tmp, &id, err);
}

static int index_orphan_packs(struct mv_store *store, struct mv_tmp *tmp,
			      struct mv_err *err)
{
	struct unindexed u = { .store = store };
	int rc;

	rc = mv_store_refresh(store, err);
	if (!rc)
		rc = mv_store_snapshot(&u.snapshot, store, err);
	if (rc)
		return rc;
	rc = mv_snapshot_packs(&u.known, &u.known_count, u.snapshot, err);
	if (!rc)
		rc = mv_each_entry(store->packs_dir, index_one, &u, err);
	if (!rc)
		rc = publish_unindexed(&u, tmp, err);
	mv_entries_release(&u.entries);
	mv_snapshot_release(store, u.snapshot);
	free(u.known);
	free(u.packs);
	return rc ? rc : mv_store_refresh(store, err);
}

int mv_store_recover_force(struct mv_store *store, struct mv_err *err)
{
	struct orphans o = { store, 0, 0 };
	struct mv_tmp tmp = MV_TMP_INIT;
	int rc;

	rc = mv_store_make_dirs(store, err);
	if (!rc)
		rc = mv_store_tmp(&tmp, store, "index", err);
	if (!rc)
		rc = mv_each_entry(store->tmp_dir, each_orphan, &o, err);
	if (!rc)
		rc = index_orphan_packs(store, &tmp, err);
	mv_tmp_discard(&tmp);
	return rc;
}

int mv_store_recover(struct mv_store *store, struct mv_err *err)
{
	struct mv_lock lock = MV_LOCK_INIT;
	struct orphans o = { store, 1, 0 };
	int rc;

	rc = mv_each_entry(store->tmp_dir, each_orphan, &o, err);
	if (rc < 0 && rc != MV_ENOENT)
		return rc;
	/* Readers come here, too: but not while gc, which does the same, and
	   not where they may only read. */
	if (!o.found || access(store->tmp_dir, W_OK) ||
	    mv_store_try_share(&lock, store))
		return 0;
	rc = mv_store_recover_force(store, err);
	mv_lock_drop(&lock);
	return rc;
}
