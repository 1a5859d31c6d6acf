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
 *   without an index. The listing below finds and indexes them.
 */

int mv_store_tmp(struct mv_tmp *out, struct mv_store *store,
		 const char *prefix, struct mv_err *err)
{
	for (int tries = 0; tries < 100; tries++) {
		struct stat st;
		int ret = mv_tmp_open(out, store->tmp_dir, prefix, err);

		if (ret)
			return ret;
		/* A recovery may have taken it for an orphan just now. */
		if (!flock(out->fd, LOCK_EX | LOCK_NB) &&
		    !fstat(out->fd, &st) && st.st_nlink)
			return 0;
		mv_tmp_discard(out);
	}
	return mv_fail(err, MV_EBUSY, "cannot keep a temporary file in '%s'",
		       store->tmp_dir);
}

/* -- reading a pack's records into index entries -- */

struct collect {
	struct mv_entries *entries;
	struct mv_scratch *scratch;
	uint32_t number;
	uint64_t count;
	struct mv_hasher *headers;
};

static int collect_record(void *payload, uint64_t off,
			  const struct mv_record *record, const uint8_t *head,
			  const uint8_t *stored, struct mv_err *err)
{
	struct collect *c = payload;
	struct mv_scratch *s = c->scratch;
	struct mv_recipe recipe;
	struct mv_oid id;
	int ret;

	if (record->kind == MV_RECORD_RECIPE) {
		ret = mv_recipe_parse(&recipe, stored, record->stored_len, err);
		if (!ret)
			ret = mv_entries_add(c->entries, MV_INDEX_CONTENTS,
					     &recipe.oid, c->number, off, err);
	} else {
		ret = mv_decode(s->raw, record->raw_len, s->decoder,
				record->codec, record->param, stored,
				record->stored_len, err);
		if (!ret)
			ret = mv_hasher_once(id.b, s->hasher, s->raw,
					     record->raw_len, err);
		if (!ret)
			ret = mv_entries_add(c->entries, MV_INDEX_CHUNKS, &id,
					     c->number, off, err);
	}
	if (!ret && c->headers)
		ret = mv_hasher_update(c->headers, head, MV_RECORD_HEADER, err);
	if (!ret)
		c->count++;
	return ret;
}

static int collect(struct collect *c, struct mv_store *store, int fd,
		   const char *path, const struct mv_oid *expect,
		   uint64_t *end, struct mv_err *err)
{
	int ret = mv_scratch_get(&c->scratch, store, err);

	if (ret)
		return ret;
	ret = mv_scratch_decoder(c->scratch, err);
	if (!ret)
		ret = mv_pack_walk(fd, path, expect, end, collect_record, c,
				   err);
	mv_scratch_put(store, c->scratch);
	return ret;
}

int mv_pack_collect(struct mv_entries *entries, struct mv_store *store,
		    int fd, const char *path, const struct mv_oid *expect,
		    uint32_t number, uint64_t *end, struct mv_err *err)
{
	struct collect c = { entries, NULL, number, 0, NULL };

	return collect(&c, store, fd, path, expect, end, err);
}

/* -- orphans -- */

/* The index is in tmp/ before the pack leaves it: see publish_packs(). */
static int publish_adopted(struct mv_store *store, struct mv_entries *entries,
			   const char *path, const struct mv_oid *pack,
			   struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	char *target = mv_store_pack_path(store, pack);
	struct mv_oid id;
	int ret;

	if (!target)
		return mv_nomem(err);
	ret = mv_store_tmp(&tmp, store, "index", err);
	if (!ret)
		ret = mv_entries_write(&id, &tmp, entries, pack, 1, err);
	if (!ret && rename(path, target) < 0)
		ret = mv_fail_errno(err, errno, "cannot rename '%s'", path);
	if (!ret)
		ret = mv_fsync_dir(store->packs_dir, err);
	if (!ret)
		ret = mv_store_commit_index(store, &tmp, &id, err);
	mv_tmp_discard(&tmp);
	free(target);
	return ret;
}

/* Cut behind the last whole record, write the trailer, publish. */
static int adopt_records(struct mv_store *store, int fd, const char *path,
			 struct mv_err *err)
{
	struct mv_entries entries = { { NULL, NULL }, { 0, 0 }, { 0, 0 } };
	struct collect c = { &entries, NULL, 0, 0, NULL };
	uint8_t trailer[MV_PACK_TRAILER];
	struct mv_oid id;
	uint64_t end = 0;
	int ret;

	ret = mv_hasher_new(&c.headers, MV_HASH_SHA256, err);
	if (ret)
		return ret;
	ret = collect(&c, store, fd, path, NULL, &end, err);
	if (ret == MV_ECORRUPT || ret == MV_ENOTSUP)
		ret = 0;	/* the torn end; what came before is kept */
	if (ret || !c.count)
		goto out;
	ret = mv_hasher_final(id.b, c.headers, err);
	if (ret)
		goto out;
	mv_pack_trailer(trailer, c.count, &id);
	if (ftruncate(fd, (off_t)end) < 0 || fchmod(fd, 0444) < 0) {
		ret = mv_fail_errno(err, errno, "cannot recover '%s'", path);
		goto out;
	}
	ret = mv_pwrite_full(fd, trailer, sizeof(trailer), end, path, err);
	if (!ret && fsync(fd) < 0)
		ret = mv_fail_errno(err, errno, "cannot sync '%s'", path);
	if (ret)
		goto out;
	ret = publish_adopted(store, &entries, path, &id, err);
out:
	if (!ret)
		unlink(path);	/* nothing in it, or renamed already */
	mv_hasher_free(c.headers);
	mv_entries_release(&entries);
	return ret;
}

struct orphans {
	struct mv_store *store;
	int found;
};

static int adopt_one(void *payload, const char *name, struct mv_err *err)
{
	struct orphans *o = payload;
	char *path;
	int fd, ret = 0;

	path = mv_path_join(o->store->tmp_dir, name);
	if (!path)
		return mv_nomem(err);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		free(path);
		return 0;	/* just gone, or not ours to open */
	}
	if (!flock(fd, LOCK_EX | LOCK_NB)) {
		o->found = 1;
		if (!strncmp(name, "pack-", 5))
			ret = adopt_records(o->store, fd, path, err);
		else
			unlink(path);
	}
	close(fd);
	free(path);
	return ret;
}

/* -- packs that no index names -- */

struct unindexed {
	struct mv_store *store;
	struct mv_entries entries;
	struct mv_oid *packs;
	size_t count, alloc;
};

static int is_indexed(struct mv_store *store, const struct mv_oid *id)
{
	struct mv_snapshot *s = store->snapshot;

	for (size_t i = 0; i < s->count; i++)
		for (uint32_t k = 0; k < s->index[i]->packs; k++)
			if (mv_oid_eq(&s->index[i]->pack_ids[k], id))
				return 1;
	return 0;
}

static int index_one(void *payload, const char *name, struct mv_err *err)
{
	struct unindexed *u = payload;
	struct mv_oid id;
	struct stat st;
	uint64_t end;
	char *path;
	int fd, ret;

	if (strlen(name) != MV_OID_HEX + 5 ||
	    mv_oid_parse(&id, name, MV_OID_HEX) ||
	    strcmp(name + MV_OID_HEX, ".pack") || is_indexed(u->store, &id))
		return 0;
	if (u->count == u->alloc) {
		size_t alloc = u->alloc ? 2 * u->alloc : 16;
		struct mv_oid *packs = realloc(u->packs,
					       alloc * sizeof(*packs));

		if (!packs)
			return mv_nomem(err);
		u->packs = packs;
		u->alloc = alloc;
	}
	path = mv_path_join(u->store->packs_dir, name);
	if (!path)
		return mv_nomem(err);
	ret = mv_open_read(&fd, &st, path, err);
	if (!ret) {
		size_t chunks = u->entries.count[0];
		size_t contents = u->entries.count[1];

		ret = mv_pack_collect(&u->entries, u->store, fd, path, &id,
				      (uint32_t)u->count, &end, err);
		close(fd);
		if (!ret) {
			u->packs[u->count++] = id;
		} else {	/* damaged: fsck's business, not ours */
			u->entries.count[0] = chunks;
			u->entries.count[1] = contents;
		}
	}
	free(path);
	return ret == MV_ENOMEM ? ret : 0;
}

static int index_orphan_packs(struct mv_store *store, struct mv_err *err)
{
	struct unindexed u = { .store = store };
	int ret;

	ret = mv_store_refresh(store, NULL, err);
	if (!ret)
		ret = mv_each_entry(store->packs_dir, index_one, &u, err);
	if (!ret && u.count)
		ret = mv_entries_publish(store, &u.entries, u.packs,
					 (uint32_t)u.count, err);
	mv_entries_release(&u.entries);
	free(u.packs);
	return ret;
}

int mv_store_recover_force(struct mv_store *store, struct mv_err *err)
{
	struct orphans o = { store, 0 };
	int ret;

	ret = mv_each_entry(store->tmp_dir, adopt_one, &o, err);
	if (ret == MV_ENOENT)
		ret = 0;
	return ret ? ret : index_orphan_packs(store, err);
}

static int note_entry(void *payload, const char *name, struct mv_err *err)
{
	(void)name;
	(void)err;
	*(int *)payload = 1;
	return 1;
}

int mv_store_recover(struct mv_store *store, struct mv_err *err)
{
	struct orphans o = { store, 0 };
	int any = 0, ret;

	ret = mv_each_entry(store->tmp_dir, note_entry, &any, err);
	if (ret < 0 && ret != MV_ENOENT)
		return ret;
	if (!any)
		return 0;
	ret = mv_each_entry(store->tmp_dir, adopt_one, &o, err);
	if (!ret && o.found)
		ret = index_orphan_packs(store, err);
	if (!ret && o.found)
		ret = mv_store_refresh(store, NULL, err);
	return ret;
}
