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
 * Verify everything, from the outside in: temporary files, indexes (their
 * hash, order, ranges), packs (every byte, every chunk against the id
 * that the index gives it), contents (streamed and hashed whole).
 *
 * Repair moves what is damaged to bad/ and never deletes it: good records
 * of a damaged pack are first copied into a new one, indexes are made anew
 * from packs, and recipes whose chunks are lost are left out of them, so
 * that the content counts as missing and can be fetched again. Doing it
 * twice changes nothing more. Only what is surely damaged is touched: not
 * what a newer version wrote, nor what could just not be read.
 */
struct fsck {
	struct mv_store *store;
	unsigned flags;
	mv_fsck_fn fn;
	void *payload;
	pthread_mutex_t mutex;		/* around fn and all below */
	uint64_t bad;			/* all told */
	uint64_t stay;			/* those that repair cannot touch */
	char **bad_packs;		/* paths */
	size_t bad_count;
	int bad_indexes;
	int unindexed;
	struct mv_oid *lost;		/* contents that cannot be given back */
	size_t lost_count, lost_alloc;
	uint64_t done, total;
};

static void fsck_tell(struct fsck *f, enum mv_fsck_kind kind,
		      const char *subject,
		      const char *message)
{
	pthread_mutex_lock(&f->mutex);
	if (f->fn)
		f->fn(f->payload, kind, subject, message);
	if (kind == MV_FSCK_BAD_FILE || kind == MV_FSCK_BAD_CONTENT ||
	    kind == MV_FSCK_LOST)
		f->bad++;
	pthread_mutex_unlock(&f->mutex);
}

static int repairing(const struct fsck *f)
{
	return f->flags & MV_FSCK_REPAIR;
}

/* -- temporary files ------------------------------------------------------ */

static int fsck_tmp(void *payload, const char *name, struct mv_err *err)
{
	struct fsck *f = payload;
	char *path = mv_path_join(f->store->tmp_dir, name);
	int fd;

	if (!path)
		return mv_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		if (!flock(fd, LOCK_SH | LOCK_NB))
			fsck_tell(f, MV_FSCK_TEMPORARY, path,
				  "left by a writer that was killed; the next writer recovers or removes it");
		close(fd);
	}
	free(path);
	return 0;
}

/* -- indexes -------------------------------------------------------------- */

static int has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && !strcmp(name + len - n, suffix);
}

/* A name in packs/ or index/ that is not one of ours. */
static int fsck_stranger(struct fsck *f, const char *dir, const char *name,
			 struct mv_err *err)
{
	char *path = mv_path_join(dir, name);

	if (!path)
		return mv_nomem(err);
	fsck_tell(f, MV_FSCK_TEMPORARY, path,
		  "not a file of this store; ignored");
	free(path);
	return 0;
}

/* Damaged for sure: repair may act. Otherwise it stays as it is. */
static int is_damage(struct fsck *f, int rc)
{
	if (rc == MV_ECORRUPT)
		return 1;
	pthread_mutex_lock(&f->mutex);
	f->stay++;
	pthread_mutex_unlock(&f->mutex);
	return 0;
}

static int fsck_index(void *payload, const char *name, struct mv_err *err)
{
	struct fsck *f = payload;
	struct mv_index *x = NULL;
	struct mv_err why = { 0 };
	char *path;
	int rc;

	if (!has_suffix(name, ".idx"))
		return fsck_stranger(f, f->store->index_dir, name, err);
	path = mv_path_join(f->store->index_dir, name);
	if (!path)
		return mv_nomem(err);
	rc = mv_index_open(&x, path, &why);
	if (!rc)
		rc = mv_index_verify(x, &why);
	mv_index_free(x);
	if (rc == MV_ENOENT)
		rc = 0;	/* merged away meanwhile */
	if (rc) {
		fsck_tell(f, MV_FSCK_BAD_FILE, path, why.msg);
		if (!is_damage(f, rc)) {
			rc = 0;
		} else {
			f->bad_indexes++;
			rc = repairing(f) ?
			     mv_store_put_aside(f->store, path, 0, err) : 0;
		}
	}
	free(path);
	return rc;
}

/* -- packs ---------------------------------------------------------------- */

/* 1: it is new. */
static int note_bad_pack(struct fsck *f, const char *path, struct mv_err *err)
{
	char **one, *copy = strdup(path);
	int rc = 1;

	if (!copy)
		return mv_nomem(err);
	pthread_mutex_lock(&f->mutex);
	for (size_t i = 0; rc && i < f->bad_count; i++)
		rc = strcmp(f->bad_packs[i], path) != 0;
	if (rc) {
		one = MV_GROW_ONE(f->bad_packs, f->bad_count, err);
		if (one) {
			*one = copy;
			copy = NULL;
		} else {
			rc = MV_ENOMEM;
		}
	}
	pthread_mutex_unlock(&f->mutex);
	free(copy);
	return rc;
}

static int read_pack(struct fsck *f, const char *path, const struct mv_oid *id,
		     struct mv_err *err)
{
	struct mv_entries entries = MV_ENTRIES_INIT;
	struct mv_index_pack pack = { *id, 0 };
	int fd, known = 1, rc;
	uint64_t end;

	rc = mv_open_read(&fd, NULL, path, err);
	if (rc)
		return rc;
	rc = mv_pack_collect(&entries, f->store, fd, path, id, 0, &end, err);
	if (!rc)
		rc = mv_entries_settle(&entries, f->store, &pack, err);
	if (!rc && entries.leaning_count)
		rc = mv_fsck_left(f->store, &entries, id, err);
	if (rc == MV_ENOTSUP && !end &&
	    !mv_pack_check_body(fd, path, id, NULL))
		rc = mv_fail(err, MV_ECORRUPT,
			     "pack '%s' has a damaged header", path);
	close(fd);
	if (!rc) {
		pack.len = end + MV_PACK_TRAILER;
		rc = mv_fsck_entries(f->store, &entries, &pack, &known, err);
	}
	mv_entries_release(&entries);
	if (!rc && !known) {
		pthread_mutex_lock(&f->mutex);
		f->unindexed++;
		pthread_mutex_unlock(&f->mutex);
		fsck_tell(f, MV_FSCK_TEMPORARY, path,
			  "no index names this pack; repair will");
	}
	return rc;
}

struct pack_job {
	struct fsck *f;
	struct mv_oid id;
};

static int pack_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct pack_job *job = arg;
	struct fsck *f = job->f;
	char *path = mv_store_pack_path(f->store, &job->id);
	struct mv_err why = { 0 };
	uint64_t done;
	int rc;

	(void)worker;
	rc = path ? read_pack(f, path, &job->id, &why) : mv_nomem(&why);
	if (rc == MV_ENOENT)
		rc = 0;	/* gc was faster */
	if (rc == MV_ENOMEM) {
		if (err)
			*err = why;
	} else if (rc) {
		fsck_tell(f, MV_FSCK_BAD_FILE, path, why.msg);
		rc = is_damage(f, rc) ? note_bad_pack(f, path, err) : 0;
	}
	pthread_mutex_lock(&f->mutex);
	done = ++f->done;
	pthread_mutex_unlock(&f->mutex);
	mv_progress_update(f->store->options.progress, "Checking packs", done,
			   f->total);
	free(path);
	free(job);
	return rc < 0 ? rc : 0;
}

struct pack_list {
	struct fsck *f;
	struct mv_oid *ids;
	size_t count, alloc;
};

static int list_pack(void *payload, const char *name, struct mv_err *err)
{
	struct pack_list *l = payload;

	if (MV_GROW(l->ids, l->alloc, l->count + 1, err) < 0)
		return MV_ENOMEM;
	if (strlen(name) != MV_OID_HEX + 5 || !has_suffix(name, ".pack") ||
	    mv_oid_parse(&l->ids[l->count], name, MV_OID_HEX))
		return fsck_stranger(l->f, l->f->store->packs_dir, name, err);
	l->count++;
	return 0;
}

/* In the pool where there is one. Takes over `arg`. */
static int run_job(struct mv_group *group, mv_job_fn run, void *arg,
		   struct mv_err *err)
{
	if (!group)
		return run(arg, 0, err);
	mv_group_submit(group, run, free, arg);
	return 0;
}

static int end_jobs(struct mv_group *group, int rc, struct mv_err *err)
{
	int waited = group ? mv_group_wait(group, rc ? NULL : err) : 0;

	mv_group_free(group);
	return rc ? rc : waited;
}

static int fsck_packs(struct fsck *f, struct mv_err *err)
{
	struct pack_list l = { .f = f };
	struct mv_group *group = NULL;
	int rc;

	rc = mv_each_entry(f->store->packs_dir, list_pack, &l, err);
	if (rc == MV_ENOENT)
		rc = 0;
	f->total = l.count;
	if (!rc && f->store->options.pool)
		rc = mv_group_new(&group, f->store->options.pool, err);
	for (size_t i = 0; !rc && i < l.count; i++) {
		struct pack_job *job = malloc(sizeof(*job));

		if (!job) {
			rc = mv_nomem(err);
			break;
		}
		job->f = f;
		job->id = l.ids[i];
		rc = run_job(group, pack_job, job, err);
	}
	rc = end_jobs(group, rc, err);
	free(l.ids);
	return rc;
}

/* Packs that an index names but that are not there. */
static int fsck_missing(struct fsck *f, struct mv_err *err)
{
	struct mv_snapshot *s;
	int rc = mv_store_snapshot(&s, f->store, err);

	if (rc)
		return rc;
	for (size_t i = 0; rc >= 0 && i < s->count; i++)
		for (uint32_t k = 0; rc >= 0 && k < s->index[i]->packs; k++) {
			const char *path = s->index[i]->files[k]->path;

			if (!access(path, F_OK) || errno != ENOENT)
				continue;
			rc = note_bad_pack(f, path, err);
			if (rc == 1)
				fsck_tell(f, MV_FSCK_BAD_FILE, path,
					  "this pack is missing");
		}
	mv_snapshot_release(f->store, s);
	return rc < 0 ? rc : 0;
}

/* -- contents ------------------------------------------------------------- */

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

static int note_lost(struct fsck *f, const struct mv_oid *oid,
		     struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&f->mutex);
	rc = MV_GROW(f->lost, f->lost_alloc, f->lost_count + 1, err);
	if (!rc)
		f->lost[f->lost_count++] = *oid;
	pthread_mutex_unlock(&f->mutex);
	return rc;
}

static int fsck_check_content(struct fsck *f, const struct mv_oid *oid,
			      struct mv_err *err)
{
	struct sum sum = { NULL, 0 };
	struct mv_writer out = { sum_write, &sum };
	struct mv_oid have;
	int rc;

	rc = mv_hasher_new(&sum.hasher, MV_HASH_SHA256, err);
	if (rc)
		return rc;
	rc = mv_store_read(f->store, oid, &out, err);
	if (!rc)
		rc = mv_hasher_final(have.b, sum.hasher, err);
	if (!rc && !mv_oid_eq(&have, oid))
		rc = mv_fail(err, MV_ECORRUPT,
			     "its bytes have another SHA-256");
	mv_hasher_free(sum.hasher);
	return rc;
}

static int content_job(void *arg, unsigned worker, struct mv_err *err)
{
	struct content_job *job = arg;
	struct fsck *f = job->f;
	char hex[MV_OID_HEX + 1];
	struct mv_err why = { 0 };
	uint64_t done;
	int rc;

	(void)worker;
	rc = fsck_check_content(f, &job->oid, &why);
	if (rc == MV_ENOMEM) {
		if (err)
			*err = why;
	} else if (rc) {
		fsck_tell(f, MV_FSCK_BAD_CONTENT, mv_oid_hex(hex, &job->oid),
			  why.msg);
		rc = rc == MV_ECORRUPT ? note_lost(f, &job->oid, err) : 0;
	}
	pthread_mutex_lock(&f->mutex);
	done = ++f->done;
	pthread_mutex_unlock(&f->mutex);
	mv_progress_update(f->store->options.progress, "Checking contents",
			   done, f->total);
	free(job);
	return rc;
}

static int is_seen(const struct mv_snapshot *s, size_t before,
		   enum mv_index_table t, const struct mv_oid *id)
{
	for (size_t i = 0; i < before; i++)
		if (mv_index_find(s->index[i], t, id) >= 0)
			return 1;
	return 0;
}

static int submit_contents(struct fsck *f, const struct mv_snapshot *s,
			   size_t i, struct mv_group *group,
			   struct mv_err *err)
{
	const struct mv_index *x = s->index[i];
	int rc = 0;

	for (uint64_t k = 0; !rc && k < x->count[MV_INDEX_CONTENTS]; k++) {
		const struct mv_oid *oid = &x->ids[MV_INDEX_CONTENTS][k];
		struct content_job *job;

		if (is_seen(s, i, MV_INDEX_CONTENTS, oid))
			continue;
		job = malloc(sizeof(*job));
		if (!job)
			return mv_nomem(err);
		job->f = f;
		job->oid = *oid;
		rc = run_job(group, content_job, job, err);
	}
	return rc;
}

static int fsck_contents(struct fsck *f, struct mv_err *err)
{
	struct mv_group *group = NULL;
	struct mv_snapshot *s;
	int rc;

	rc = mv_store_refresh(f->store, err);
	if (!rc)
		rc = mv_store_snapshot(&s, f->store, err);
	if (rc)
		return rc;
	f->done = f->total = 0;
	for (size_t i = 0; i < s->count; i++)
		f->total += s->index[i]->count[MV_INDEX_CONTENTS];
	if (f->store->options.pool)
		rc = mv_group_new(&group, f->store->options.pool, err);
	for (size_t i = 0; !rc && i < s->count; i++)
		rc = submit_contents(f, s, i, group, err);
	rc = end_jobs(group, rc, err);
	mv_snapshot_release(f->store, s);
	return rc;
}

/* -- repair --------------------------------------------------------------- */

struct salvage {
	struct fsck *f;
	struct mv_tx *tx;
	struct mv_scratch *scratch;
	struct mv_buf record;
};

/* An intact record, if it also means something. */
static int save_record(void *payload, uint64_t off,
		       const struct mv_pack_record *record, const uint8_t *head,
		       const uint8_t *stored, struct mv_err *err)
{
	struct mv_new_record new = { .kind = record->kind };
	struct salvage *v = payload;
	struct mv_scratch *s = v->scratch;
	struct mv_recipe recipe;
	int rc;

	(void)off;
	if (record->kind == MV_RECORD_RECIPE) {
		if (mv_recipe_parse(&recipe, stored, record->stored_len, NULL))
			return 0;
		new.id = recipe.oid;
	} else {
		if (mv_record_decode(s->raw, record, stored, v->f->store, s,
				     NULL, NULL))
			return 0;
		rc = mv_record_name(&new.id, record->kind, s->raw,
				    record->raw_len, err);
		if (rc)
			return rc;
	}
	mv_buf_clear(&v->record);
	if (mv_buf_add(&v->record, head, MV_RECORD_HEADER) ||
	    mv_buf_add(&v->record, stored, record->stored_len))
		return mv_nomem(err);
	return mv_tx_append(v->tx, (uint8_t *)v->record.data, v->record.len,
			    &new, 1, err);
}

static int save_records(struct salvage *v, const char *path,
			struct mv_err *err)
{
	struct mv_oid id;
	int fd, rc = 0;

	if (!mv_oid_parse(&id, strrchr(path, '/') + 1, MV_OID_HEX))
		rc = mv_tx_inherit(v->tx, &id, err);
	if (!rc)
		rc = mv_open_read(&fd, NULL, path, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	rc = mv_pack_salvage(fd, path, save_record, v, err);
	close(fd);
	return rc;
}

static int save_packs(struct fsck *f, struct mv_err *err)
{
	struct salvage v = { .f = f };
	int rc;

	mv_buf_init(&v.record, MV_RECIPE_MAX + 64);
	rc = mv_tx_new(&v.tx, f->store, err);
	if (!rc)
		rc = mv_scratch_get(&v.scratch, f->store, err);
	if (!rc)
		rc = mv_scratch_decoder(v.scratch, err);
	for (size_t i = 0; !rc && i < f->bad_count; i++)
		rc = save_records(&v, f->bad_packs[i], err);
	if (!rc)
		rc = mv_tx_flush(v.tx, MV_TX_SYNC, err);
	mv_scratch_put(f->store, v.scratch);
	mv_tx_abort(v.tx);
	mv_buf_release(&v.record);
	return rc;
}

/*
 * What is good again has a new file with the old name: then its damage was
 * outside of the records, and publishing has put the damaged one aside.
 */
static int is_mended(struct fsck *f, const char *path, struct mv_err *err)
{
	struct mv_entries entries = MV_ENTRIES_INIT;
	const char *name = strrchr(path, '/') + 1;
	struct mv_pack_file *file;
	struct mv_oid id;
	uint64_t end;
	int fd, rc;

	if (mv_oid_parse(&id, name, MV_OID_HEX))
		return 0;
	rc = mv_open_read(&fd, NULL, path, err);
	if (rc)
		return rc == MV_ENOENT ? 0 : rc;
	rc = mv_pack_collect(&entries, f->store, fd, path, &id, 0, &end, err);
	close(fd);
	if (!rc)
		rc = mv_entries_settle(&entries, f->store,
				       &(struct mv_index_pack){ id, 0 }, err);
	if (!rc && entries.leaning_count)
		rc = MV_ECORRUPT;
	mv_entries_release(&entries);
	if (rc == MV_ECORRUPT || rc == MV_ENOTSUP)
		return 0;
	if (!rc)
		rc = mv_store_pack_file(&file, f->store, &id, err);
	if (rc)
		return rc;	/* not known: then it stays where it is */
	mv_pack_forget(f->store, file);
	return 1;
}

static int is_good_pack(void *payload, const struct mv_index *index,
			uint32_t pack)
{
	struct fsck *f = payload;

	for (size_t i = 0; i < f->bad_count; i++)
		if (!strcmp(index->files[pack]->path, f->bad_packs[i]))
			return 0;
	return 1;
}

static int not_in_bad_pack(void *payload, const struct mv_index *index,
			   enum mv_index_table table, uint64_t pos,
			   uint32_t pack)
{
	(void)table;
	(void)pos;
	return is_good_pack(payload, index, pack);
}

static void each_lost_of(struct fsck *f, const struct mv_snapshot *before,
			 const struct mv_snapshot *now, enum mv_index_table t,
			 const char *say)
{
	char hex[MV_OID_HEX + 1];

	for (size_t i = 0; i < before->count; i++)
		for (uint64_t k = 0; k < before->index[i]->count[t]; k++) {
			const struct mv_oid *id = &before->index[i]->ids[t][k];

			if (!is_seen(before, i, t, id) &&
			    !is_seen(now, now->count, t, id))
				fsck_tell(f, MV_FSCK_LOST,
					  mv_oid_hex(hex, id), say);
		}
}

/* What some index named before and none names now. */
static void each_lost(struct fsck *f, const struct mv_snapshot *before,
		      const struct mv_snapshot *now)
{
	each_lost_of(f, before, now, MV_INDEX_CHUNKS,
		     "a chunk, or the content that it was by itself");
	each_lost_of(f, before, now, MV_INDEX_CONTENTS,
		     "the recipe of this content");
}

/*
 * From packs alone. A good pack may hold what no index needed it for so far,
 * and recipes may have been left out because of chunks that are back now.
 * The file in tmp/ makes others finish this if we are killed.
 */
static int rebuild_indexes(struct fsck *f, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	struct mv_snapshot *s;
	int rc = mv_store_snapshot(&s, f->store, err);

	if (rc)
		return rc;
	rc = mv_store_tmp(&tmp, f->store, "index", err);
	for (size_t i = 0; !rc && i < s->count; i++)
		unlink(s->index[i]->path);
	if (!rc)
		rc = mv_store_recover_force(f->store, err);
	mv_tmp_discard(&tmp);
	mv_snapshot_release(f->store, s);
	return rc;
}

static int tell_lost(struct fsck *f, const struct mv_snapshot *before,
		     struct mv_err *err)
{
	struct mv_snapshot *now;
	int rc = mv_store_snapshot(&now, f->store, err);

	if (rc)
		return rc;
	each_lost(f, before, now);
	mv_snapshot_release(f->store, now);
	return 0;
}

static int put_packs_aside(struct fsck *f, struct mv_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < f->bad_count; i++) {
		if (access(f->bad_packs[i], F_OK))
			continue;
		rc = mv_store_put_aside(f->store, f->bad_packs[i], 0, err);
		if (!rc)
			fsck_tell(f, MV_FSCK_REPAIRED, f->bad_packs[i],
				  "good records saved, the damaged pack moved to bad/");
	}
	return rc ? rc : mv_fsync_dir(f->store->packs_dir, err);
}

static int forget_bad_packs(struct fsck *f, struct mv_err *err)
{
	struct mv_wanted wanted = { not_in_bad_pack, is_good_pack, NULL, f };
	int rc = mv_store_reindex(f->store, &wanted, err);

	return rc ? rc : put_packs_aside(f, err);
}

/* What is good again drops out of the list. */
static int drop_mended(struct fsck *f, struct mv_err *err)
{
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < f->bad_count; i++) {
		if (rc >= 0)
			rc = is_mended(f, f->bad_packs[i], err);
		if (rc == 1) {
			fsck_tell(f, MV_FSCK_REPAIRED, f->bad_packs[i],
				  "written anew, the damaged one is in bad/");
			free(f->bad_packs[i]);
		} else {
			f->bad_packs[n++] = f->bad_packs[i];
		}
	}
	f->bad_count = n;
	return rc < 0 ? rc : 0;
}

static int repair_packs(struct fsck *f, struct mv_err *err)
{
	struct mv_snapshot *before;
	int rc = mv_store_snapshot(&before, f->store, err);

	if (rc)
		return rc;
	rc = save_packs(f, err);
	if (!rc)
		rc = drop_mended(f, err);
	if (!rc)
		rc = forget_bad_packs(f, err);
	if (!rc)
		rc = rebuild_indexes(f, err);
	if (!rc)
		rc = tell_lost(f, before, err);
	mv_snapshot_release(f->store, before);
	return rc;
}

static int repair(struct fsck *f, struct mv_err *err)
{
	int rc = 0;

	/* An index was put aside, or packs had none: make it from them. */
	if (f->bad_indexes || f->unindexed)
		rc = mv_store_recover_force(f->store, err);
	if (!rc && (f->bad_indexes || f->unindexed))
		fsck_tell(f, MV_FSCK_REPAIRED, f->store->index_dir,
			  "index made anew from packs");
	f->bad = f->stay;	/* what stays damaged is counted from here */
	if (!rc && f->bad_count)
		rc = repair_packs(f, err);
	return rc ? rc : mv_store_refresh(f->store, err);
}

static int not_lost(void *payload, const struct mv_index *index,
		    enum mv_index_table table, uint64_t pos, uint32_t pack)
{
	struct fsck *f = payload;

	(void)pack;
	return table != MV_INDEX_CONTENTS ||
	       mv_ids_find(f->lost, f->lost_count,
			   &index->ids[table][pos]) < 0;
}

static int any_pack(void *payload, const struct mv_index *index,
		    uint32_t pack)
{
	(void)payload;
	(void)index;
	(void)pack;
	return 1;
}

/* What cannot be given back is not here: say so from now on. */
static int forget_lost(struct fsck *f, struct mv_err *err)
{
	struct mv_wanted wanted = { not_lost, any_pack, NULL, f };

	mv_ids_sort(f->lost, f->lost_count);
	return mv_store_reindex(f->store, &wanted, err);
}

static void fsck_of_part(void *payload, enum mv_fsck_kind kind,
			 const char *subject, const char *message)
{
	fsck_tell(payload, kind, subject, message);
}

static int fsck_locked(struct fsck *f, struct mv_err *err)
{
	int rc;

	if (repairing(f))
		rc = mv_store_recover_force(f->store, err);
	else
		rc = mv_each_entry(f->store->tmp_dir, fsck_tmp, f, err);
	if (rc == MV_ENOENT)
		rc = 0;
	if (!rc)
		rc = mv_each_entry(f->store->index_dir, fsck_index, f, err);
	if (rc == MV_ENOENT)
		rc = 0;
	/* With an index put aside, its packs must be known again first. */
	if (!rc && repairing(f) && f->bad_indexes)
		rc = mv_store_recover_force(f->store, err);
	if (!rc)
		rc = mv_store_refresh(f->store, err);
	if (!rc)
		rc = fsck_packs(f, err);
	if (!rc)
		rc = fsck_missing(f, err);
	if (!rc && repairing(f))
		rc = repair(f, err);
	if (!rc)
		rc = fsck_contents(f, err);
	if (!rc && repairing(f) && f->lost_count)
		rc = forget_lost(f, err);
	return rc ? rc : mv_part_fsck(f->store, repairing(f), fsck_of_part, f,
				      err);
}

int mv_store_fsck(struct mv_store *store, unsigned flags, mv_fsck_fn fn,
		  void *payload, uint64_t *bad, struct mv_err *err)
{
	struct fsck f = { .store = store, .flags = flags, .fn = fn,
			  .payload = payload };
	struct mv_lock lock = MV_LOCK_INIT;
	int rc = 0;

	*bad = 0;
	if (flags & MV_FSCK_REPAIR) {
		rc = mv_store_alone(&lock, store, err);
		if (rc)
			return rc;
	}
	pthread_mutex_init(&f.mutex, NULL);
	rc = fsck_locked(&f, err);
	pthread_mutex_destroy(&f.mutex);
	if (flags & MV_FSCK_REPAIR)
		mv_store_shared(&lock, store);
	for (size_t i = 0; i < f.bad_count; i++)
		free(f.bad_packs[i]);
	free(f.bad_packs);
	free(f.lost);
	*bad = f.bad;
	return rc;
}
