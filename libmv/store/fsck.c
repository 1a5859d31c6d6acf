/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"

/*
 * Verify everything, from the outside in: temporary files, indexes (their
 * SHA-256, order, ranges), packs (every byte, every chunk against the id
 * that the index gives it), contents (streamed and hashed whole).
 *
 * Repair moves what is damaged to bad/ and never deletes it: good records
 * of a damaged pack are first copied into a new one, indexes are made anew
 * from packs. Doing it twice changes nothing more.
 */
struct fsck {
	struct mv_store *store;
	unsigned flags;
	mv_fsck_fn fn;
	void *payload;
	pthread_mutex_t mutex;		/* around fn and bad */
	uint64_t bad;
	char **bad_packs;		/* paths */
	size_t bad_count;
	int bad_indexes;
	int unindexed;
};

static void tell(struct fsck *f, enum mv_fsck_kind kind, const char *subject,
		 const char *message)
{
	pthread_mutex_lock(&f->mutex);
	if (f->fn)
		f->fn(f->payload, kind, subject, message);
	if (kind == MV_FSCK_BAD_FILE || kind == MV_FSCK_BAD_CONTENT)
		f->bad++;
	pthread_mutex_unlock(&f->mutex);
}

static int repairing(const struct fsck *f)
{
	return f->flags & MV_FSCK_REPAIR;
}

/* bad/<name>; a name that is taken gets a number. */
static int put_aside(struct fsck *f, const char *path, struct mv_err *err)
{
	const char *name = strrchr(path, '/') + 1;
	char *dir = mv_path_join(f->store->dir, "bad"), *target = NULL;
	int ret;

	ret = dir ? mv_mkdirs(dir, err) : mv_nomem(err);
	for (int i = 0; !ret && i < 1000; i++) {
		free(target);
		target = i ? mv_strf("%s/%s.%d", dir, name, i)
			   : mv_path_join(dir, name);
		if (!target) {
			ret = mv_nomem(err);
			break;
		}
		if (access(target, F_OK))
			break;
	}
	if (!ret && rename(path, target) < 0)
		ret = mv_fail(err, MV_EIO, "cannot move '%s' to '%s'", path,
			      target);
	if (!ret)
		ret = mv_fsync_dir(dir, err);
	free(target);
	free(dir);
	return ret;
}

/* -- temporary files -- */

static int fsck_tmp(void *payload, const char *name, struct mv_err *err)
{
	struct fsck *f = payload;
	char *path = mv_path_join(f->store->tmp_dir, name);
	int fd;

	if (!path)
		return mv_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			tell(f, MV_FSCK_TEMPORARY, path,
			     "left by a writer that was killed; the next writer recovers or removes it");
		close(fd);
	}
	free(path);
	return 0;
}

/* -- indexes -- */

static int fsck_index(void *payload, const char *name, struct mv_err *err)
{
	struct fsck *f = payload;
	char *path = mv_path_join(f->store->index_dir, name);
	struct mv_index *x = NULL;
	struct mv_err why;
	int ret;

	if (!path)
		return mv_nomem(err);
	ret = mv_index_open(&x, path, &why);
	if (!ret)
		ret = mv_index_verify(x, &why);
	mv_index_free(x);
	if (ret == MV_ENOENT)
		ret = 0;	/* merged away meanwhile */
	if (ret) {
		f->bad_indexes++;
		tell(f, MV_FSCK_BAD_FILE, path, why.msg);
		ret = repairing(f) ? put_aside(f, path, err) : 0;
	}
	free(path);
	return ret;
}

/* -- packs -- */

/* Does the index lead to exactly these records? */
static int compare_entries(struct fsck *f, const struct mv_entries *entries,
			   const struct mv_oid *pack, int *known,
			   struct mv_err *err)
{
	struct mv_snapshot *s;
	int ret = mv_store_snapshot(&s, f->store, err);

	if (ret)
		return ret;
	*known = 0;
	for (size_t i = 0; i < s->count && !*known; i++)
		for (uint32_t k = 0; k < s->index[i]->packs && !*known; k++)
			*known = mv_oid_eq(&s->index[i]->pack_ids[k], pack);
	for (int t = 0; *known && !ret && t < 2; t++)
		for (size_t i = 0; !ret && i < entries->count[t]; i++) {
			const struct mv_index_entry *e = &entries->e[t][i];
			struct mv_place place;

			ret = mv_snapshot_find(&place, s,
					       (enum mv_index_table)t, &e->id,
					       err);
			/* gc forgets dead recipes: not finding one is fine */
			if (ret == MV_ENOENT)
				ret = 0;
			else if (!ret && mv_oid_eq(&place.file->id, pack) &&
				 place.off != e->off) {
				/* doubles inside one pack are fine */
				int twin = 0;

				for (size_t k = 0; k < entries->count[t]; k++)
					twin |= entries->e[t][k].off ==
						place.off &&
						mv_oid_eq(&entries->e[t][k].id,
							  &e->id);
				if (!twin)
					ret = mv_fail(err, MV_ECORRUPT,
						      "the index leads to the wrong place");
			}
		}
	mv_snapshot_release(f->store, s);
	return ret;
}

static int note_bad_pack(struct fsck *f, const char *path, struct mv_err *err)
{
	char **list = realloc(f->bad_packs,
			      (f->bad_count + 1) * sizeof(*list));

	if (!list)
		return mv_nomem(err);
	f->bad_packs = list;
	list[f->bad_count] = strdup(path);
	if (!list[f->bad_count])
		return mv_nomem(err);
	f->bad_count++;
	return 0;
}

static int fsck_pack(void *payload, const char *name, struct mv_err *err)
{
	struct mv_entries entries = { { NULL, NULL }, { 0, 0 }, { 0, 0 } };
	struct fsck *f = payload;
	struct mv_err why = { 0 };
	struct mv_oid id;
	struct stat st;
	uint64_t end;
	char *path;
	int fd = -1, known = 1, ret;

	path = mv_path_join(f->store->packs_dir, name);
	if (!path)
		return mv_nomem(err);
	if (strlen(name) != MV_OID_HEX + 5 ||
	    mv_oid_parse(&id, name, MV_OID_HEX) ||
	    strcmp(name + MV_OID_HEX, ".pack")) {
		ret = mv_fail(&why, MV_ECORRUPT, "not the name of a pack");
		goto report;
	}
	ret = mv_open_read(&fd, &st, path, &why);
	if (!ret)
		ret = mv_pack_collect(&entries, f->store, fd, path, &id, 0,
				      &end, &why);
	if (!ret)
		ret = compare_entries(f, &entries, &id, &known, &why);
	if (!ret && !known) {
		f->unindexed++;
		tell(f, MV_FSCK_TEMPORARY, path,
		     "no index names this pack; repair will");
	}
report:
	if (fd >= 0)
		close(fd);
	mv_entries_release(&entries);
	if (ret == MV_ENOENT)
		ret = 0;	/* gc was faster */
	if (ret) {
		tell(f, MV_FSCK_BAD_FILE, path, why.msg);
		ret = note_bad_pack(f, path, err);
	}
	free(path);
	return ret;
}

/* Packs that an index names but that are not there. */
static int fsck_missing(struct fsck *f, struct mv_err *err)
{
	struct mv_snapshot *s;
	int ret = mv_store_snapshot(&s, f->store, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < s->count; i++)
		for (uint32_t k = 0; k < s->index[i]->packs; k++) {
			const char *path = s->index[i]->files[k]->path;

			if (access(path, F_OK)) {
				tell(f, MV_FSCK_BAD_FILE, path,
				     "this pack is missing");
				ret = note_bad_pack(f, path, err);
				if (ret)
					break;
			}
		}
	mv_snapshot_release(f->store, s);
	return ret;
}

/* -- contents -- */

struct content_job {
	struct fsck *f;
	struct mv_oid oid;
};

struct sum {
	struct mv_hasher *hasher;
	uint64_t size;
};

static int sum_write(void *payload, const void *data, size_t len,
		     struct mv_err *err)
{
	struct sum *sum = payload;

	sum->size += len;
	return mv_hasher_update(sum->hasher, data, len, err);
}

static int content_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct content_job *job = arg;
	struct sum sum = { NULL, 0 };
	struct mv_writer out = { sum_write, &sum };
	char hex[MV_OID_HEX + 1];
	struct mv_err why = { 0 };
	struct mv_oid have;
	int ret;

	(void)worker;
	ret = mv_hasher_new(&sum.hasher, MV_HASH_SHA256, err);
	if (ret)
		goto out;
	ret = mv_store_read(job->f->store, &job->oid, &out, &why);
	if (!ret)
		ret = mv_hasher_final(have.b, sum.hasher, &why);
	if (!ret && !mv_oid_eq(&have, &job->oid))
		ret = mv_fail(&why, MV_ECORRUPT,
			      "its bytes have another SHA-256");
	if (ret == MV_ENOMEM) {
		if (err)
			*err = why;
	} else if (ret) {
		tell(job->f, MV_FSCK_BAD_CONTENT,
		     mv_oid_hex(hex, &job->oid), why.msg);
		ret = 0;
	}
out:
	mv_hasher_free(sum.hasher);
	free(job);
	return ret;
}

static int fsck_contents(struct fsck *f, struct mv_err *err)
{
	struct mv_group *group = NULL;
	struct mv_snapshot *s;
	int ret, waited;

	ret = mv_store_refresh(f->store, NULL, err);
	if (!ret)
		ret = mv_store_snapshot(&s, f->store, err);
	if (ret)
		return ret;
	if (f->store->options.pool)
		ret = mv_group_new(&group, f->store->options.pool, err);
	for (size_t i = 0; !ret && i < s->count; i++)
		for (uint64_t k = 0; !ret && k < s->index[i]->count[1]; k++) {
			struct content_job *job = malloc(sizeof(*job));

			if (!job) {
				ret = mv_nomem(err);
				break;
			}
			job->f = f;
			job->oid = s->index[i]->ids[1][k];
			if (group)
				mv_group_submit(group, content_job, free, job);
			else
				ret = content_job(job, 0, err);
			mv_progress_update(f->store->options.progress,
					   "Checking contents", k + 1,
					   s->index[i]->count[1]);
		}
	if (group) {
		waited = mv_group_wait(group, ret ? NULL : err);
		ret = ret ? ret : waited;
		mv_group_free(group);
	}
	mv_snapshot_release(f->store, s);
	return ret;
}

/* -- repair -- */

/* One record that can still be verified, into a new pack. */
static int save_record(struct mv_tx *tx, struct mv_scratch *scratch,
		       enum mv_index_table table, const struct mv_oid *id,
		       struct mv_err *err)
{
	struct mv_store *store = mv_tx_store(tx);
	struct mv_new_record new = { *id, MV_RECORD_CHUNK, 0 };
	struct mv_record record;
	struct mv_recipe_reader r;
	int ret;

	if (table == MV_INDEX_CONTENTS) {
		if (mv_recipe_open(&r, store, id, NULL))
			return 0;	/* lost */
		ret = r.bytes.len ? mv_tx_append_recipe(tx, &r.bytes, id, err)
				  : 0;
		mv_recipe_close(&r);
		return ret;
	}
	if (mv_chunk_load_record(scratch->raw, &record, scratch->out, store,
				 scratch, id, NULL))
		return 0;		/* lost */
	memcpy(scratch->out + MV_RECORD_HEADER, scratch->stored,
	       record.stored_len);
	mv_record_seal(scratch->out, &record,
		       scratch->out + MV_RECORD_HEADER);
	return mv_tx_append(tx, scratch->out,
			    MV_RECORD_HEADER + record.stored_len, &new, 1, err);
}

/* What is still good of a damaged pack, found through one index. */
static int save_indexed(struct mv_tx *tx, struct mv_scratch *scratch,
			const struct mv_index *x, enum mv_index_table table,
			const char *path, struct mv_err *err)
{
	uint32_t pack;
	uint64_t off;
	int ret = 0;

	for (uint64_t k = 0; !ret && k < x->count[table]; k++)
		if (!mv_index_locate(&pack, &off, x, table, k, NULL) &&
		    !strcmp(x->files[pack]->path, path))
			ret = save_record(tx, scratch, table,
					  &x->ids[table][k], err);
	return ret;
}

static int save_records(struct fsck *f, struct mv_tx *tx, const char *path,
			struct mv_err *err)
{
	struct mv_scratch *scratch;
	struct mv_snapshot *s;
	int ret;

	ret = mv_store_snapshot(&s, f->store, err);
	if (ret)
		return ret;
	ret = mv_scratch_get(&scratch, f->store, err);
	for (size_t i = 0; !ret && i < s->count; i++)
		for (int t = 0; !ret && t < 2; t++)
			ret = save_indexed(tx, scratch, s->index[i],
					   (enum mv_index_table)t, path, err);
	mv_scratch_put(f->store, scratch);
	mv_snapshot_release(f->store, s);
	return ret;
}

static int not_in_bad_pack(void *payload, const struct mv_index *index,
			   enum mv_index_table table, uint64_t pos,
			   uint32_t pack)
{
	struct fsck *f = payload;

	(void)table;
	(void)pos;
	for (size_t i = 0; i < f->bad_count; i++)
		if (!strcmp(index->files[pack]->path, f->bad_packs[i]))
			return 0;
	return 1;
}

static int repair_packs(struct fsck *f, struct mv_err *err)
{
	struct mv_tx *tx = NULL;
	int ret = mv_tx_new(&tx, f->store, err);

	for (size_t i = 0; !ret && i < f->bad_count; i++)
		ret = save_records(f, tx, f->bad_packs[i], err);
	if (!ret)
		ret = mv_tx_flush(tx, MV_TX_SYNC, err);
	mv_tx_abort(tx);
	if (!ret)
		ret = mv_store_reindex(f->store, not_in_bad_pack, f, err);
	for (size_t i = 0; !ret && i < f->bad_count; i++) {
		if (access(f->bad_packs[i], F_OK))
			continue;
		ret = put_aside(f, f->bad_packs[i], err);
		if (!ret)
			tell(f, MV_FSCK_REPAIRED, f->bad_packs[i],
			     "good records saved, the damaged pack moved to bad/");
	}
	return ret;
}

static int repair(struct fsck *f, struct mv_err *err)
{
	int ret = 0;

	/* An index was put aside, or packs had none: make it from them. */
	if (f->bad_indexes || f->unindexed)
		ret = mv_store_recover_force(f->store, err);
	if (!ret && (f->bad_indexes || f->unindexed))
		tell(f, MV_FSCK_REPAIRED, f->store->index_dir,
		     "index made anew from packs");
	if (!ret)
		ret = mv_store_refresh(f->store, NULL, err);
	if (!ret && f->bad_count)
		ret = repair_packs(f, err);
	if (!ret)
		f->bad = 0;	/* what stays damaged is counted from here */
	return ret ? ret : mv_store_refresh(f->store, NULL, err);
}

static int fsck_locked(struct fsck *f, struct mv_err *err)
{
	int ret;

	if (repairing(f))
		ret = mv_store_recover_force(f->store, err);
	else
		ret = mv_each_entry(f->store->tmp_dir, fsck_tmp, f, err);
	if (!ret)
		ret = mv_each_entry(f->store->index_dir, fsck_index, f, err);
	if (!ret)
		ret = mv_store_refresh(f->store, NULL, err);
	/* With an index put aside, its packs must be known again first. */
	if (!ret && repairing(f) && f->bad_indexes)
		ret = mv_store_recover_force(f->store, err);
	if (!ret)
		ret = mv_store_refresh(f->store, NULL, err);
	if (!ret)
		ret = mv_each_entry(f->store->packs_dir, fsck_pack, f, err);
	if (!ret)
		ret = fsck_missing(f, err);
	if (!ret && repairing(f))
		ret = repair(f, err);
	return ret ? ret : fsck_contents(f, err);
}

int mv_store_fsck(struct mv_store *store, unsigned flags, mv_fsck_fn fn,
		  void *payload, uint64_t *bad, struct mv_err *err)
{
	struct fsck f = { .store = store, .flags = flags, .fn = fn,
			  .payload = payload };
	struct mv_lock lock = MV_LOCK_INIT;
	int ret = 0;

	if (flags & MV_FSCK_REPAIR) {
		char *path = mv_path_join(store->dir, "lock");

		mv_lock_drop(&store->hold);
		ret = path ? mv_lock_take(&lock, path, MV_LOCK_EXCLUSIVE,
					  60000, err)
			   : mv_nomem(err);
		free(path);
	}
	pthread_mutex_init(&f.mutex, NULL);
	if (!ret)
		ret = fsck_locked(&f, err);
	pthread_mutex_destroy(&f.mutex);
	mv_lock_drop(&lock);
	for (size_t i = 0; i < f.bad_count; i++)
		free(f.bad_packs[i]);
	free(f.bad_packs);
	*bad = f.bad;
	return ret;
}
