/* SPDX-License-Identifier: MIT */
#include "libmv/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/base/oid-set.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * A transaction writes records to packs in tmp/ and remembers where they
 * are. Order of commit: packs are sealed and fsynced; the index that names
 * them is written and fsynced in tmp/; packs are renamed, packs/ fsynced;
 * the index is renamed, index/ fsynced. As long as anything of it is left in
 * tmp/, somebody was killed half-way and recover.c finishes the job.
 *
 * After options.publish_after records everything is published on the way, so
 * that the table of new ids stays small for content of any size; what is
 * unreferenced afterwards is garbage like any other.
 */
#define WRITEBACK_STEP (8u * 1024 * 1024)

struct new_pack {
	struct mv_tmp tmp;
	struct mv_oid id;
	uint64_t len;
};

struct mv_tx {
	struct mv_store *store;
	pthread_mutex_t mutex;
	pthread_cond_t quiet;
	struct mv_snapshot *snapshot;
	unsigned puts;			/* puts under way */
	unsigned pooled;		/* those of them that use the pool */
	int draining;			/* one wants to publish: wait */
	int holds;			/* the store's lock, until freed */
	int flushed;			/* somebody relies on what is in tmp/ */

	/* the pack that grows */
	struct mv_tmp pack;
	struct mv_hasher *hasher;	/* over record headers */
	uint64_t off, count, written_back;

	/* sealed packs, not yet published */
	struct new_pack *packs;
	size_t pack_count, pack_alloc;

	struct mv_entries entries;	/* pack number: index into packs */
	/* Chunks and wholes claimed; contents: wholes claimed, recipes appended. */
	struct mv_oid_set claims[2];

	struct mv_pack_file **hits;	/* packs that were relied on */
	size_t hit_count, hit_alloc;
	uint8_t *hit_bits;		/* by their number */
	size_t hit_bytes;
	struct mv_buf recent;		/* contents found present */
	char (*owners)[MV_OWNER_HEX + 1];	/* for whom it writes */
	size_t owner_count;

	int failed;			/* sticky: an mv_code */
	struct mv_err why;
	struct mv_tx_stats stats;
};

void mv_tx_stats_add(struct mv_tx_stats *to, const struct mv_tx_stats *more)
{
	to->contents += more->contents;
	to->logical += more->logical;
	to->new_chunks += more->new_chunks;
	to->new_raw += more->new_raw;
	to->new_stored += more->new_stored;
}

struct mv_store *mv_tx_store(struct mv_tx *tx)
{
	return tx->store;
}

int mv_tx_new(struct mv_tx **out, struct mv_store *store, struct mv_err *err)
{
	struct mv_tx *tx = calloc(1, sizeof(*tx));
	int rc;

	if (!tx)
		return mv_nomem(err);
	tx->store = store;
	tx->pack.fd = -1;
	pthread_mutex_init(&tx->mutex, NULL);
	pthread_cond_init(&tx->quiet, NULL);
	mv_buf_init(&tx->recent, SIZE_MAX / 2);
	rc = mv_store_snapshot(&tx->snapshot, store, err);
	if (!rc)
		rc = mv_hasher_new(&tx->hasher, MV_HASH_BLAKE3, err);
	if (rc) {
		mv_tx_abort(tx);
		return rc;
	}
	*out = tx;
	return 0;
}

/* Programs that copy files only leave out folders without any. */
static int make_missing(struct mv_store *store, struct mv_err *err)
{
	const char *const dirs[] = { store->tmp_dir, store->packs_dir,
				     store->index_dir };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		if (access(dirs[i], F_OK) && errno == ENOENT)
			return mv_store_make_dirs(store, err);
	return 0;
}

int mv_tx_begin(struct mv_tx **out, struct mv_store *store,
		struct mv_err *err)
{
	int rc;

	rc = mv_store_hold(store, err);
	if (rc)
		return rc;
	rc = make_missing(store, err);
	if (!rc)
		rc = mv_store_recover(store, err);
	if (!rc)
		rc = mv_store_refresh(store, err);
	if (!rc)
		rc = mv_tx_new(out, store, err);
	if (rc)
		mv_store_unhold(store);
	else
		(*out)->holds = 1;
	return rc;
}

/*
 * What was flushed may be pointed to already: when it could not be published
 * (a full disk, say), leave it to recovery rather than throw it away.
 */
static void drop_pack(struct mv_tx *tx, struct mv_tmp *tmp)
{
	if (tx->flushed)
		mv_tmp_leave(tmp);
	else
		mv_tmp_discard(tmp);
}

static void tx_free(struct mv_tx *tx)
{
	drop_pack(tx, &tx->pack);
	for (size_t i = 0; i < tx->pack_count; i++)
		drop_pack(tx, &tx->packs[i].tmp);
	free(tx->packs);
	mv_snapshot_release(tx->store, tx->snapshot);
	mv_hasher_free(tx->hasher);
	mv_entries_release(&tx->entries);
	mv_oid_set_release(&tx->claims[0]);
	mv_oid_set_release(&tx->claims[1]);
	free(tx->owners);
	free(tx->hits);
	free(tx->hit_bits);
	mv_buf_release(&tx->recent);
	pthread_cond_destroy(&tx->quiet);
	pthread_mutex_destroy(&tx->mutex);
	if (tx->holds)
		mv_store_unhold(tx->store);
	free(tx);
}

void mv_tx_abort(struct mv_tx *tx)
{
	if (tx)
		tx_free(tx);
}

/* Once something went wrong nothing of this transaction may be published. */
static int tx_fail(struct mv_tx *tx, int rc, const struct mv_err *err)
{
	if (rc && !tx->failed) {
		tx->failed = rc;
		if (err)
			tx->why = *err;
		else
			mv_fail(&tx->why, (enum mv_code)rc,
				"an earlier write failed");
	}
	return rc;
}

static int tx_check(struct mv_tx *tx, struct mv_err *err)
{
	if (tx->failed && err)
		*err = tx->why;
	return tx->failed;
}

void mv_tx_poison(struct mv_tx *tx, int rc, const struct mv_err *err)
{
	pthread_mutex_lock(&tx->mutex);
	tx_fail(tx, rc, err);
	pthread_mutex_unlock(&tx->mutex);
}

/* -- the tables of what is ours ------------------------------------------- */

static int grow_hits(struct mv_tx *tx, uint32_t number)
{
	const size_t had = tx->hit_bytes;

	if (MV_GROW(tx->hit_bits, tx->hit_bytes, number / 8 + 1, NULL) < 0)
		return MV_ENOMEM;
	memset(tx->hit_bits + had, 0, tx->hit_bytes - had);
	return MV_GROW(tx->hits, tx->hit_alloc, tx->hit_count + 1, NULL);
}

/* There are as many calls as chunks: a bit per pack says "known". */
static int add_hit(struct mv_tx *tx, struct mv_pack_file *file,
		   struct mv_err *err)
{
	uint32_t n = file->number;

	if (n / 8 < tx->hit_bytes && tx->hit_bits[n / 8] >> n % 8 & 1)
		return 0;
	if (grow_hits(tx, n))
		return mv_nomem(err);
	tx->hit_bits[n / 8] |= (uint8_t)(1 << n % 8);
	tx->hits[tx->hit_count++] = file;
	return 0;
}

static int claim(struct mv_tx *tx, enum mv_index_table t,
		 const struct mv_oid *id, struct mv_err *err)
{
	int rc = mv_oid_set_add(&tx->claims[t], id, err);

	return rc < 0 ? rc : 0;
}

int mv_tx_claim(struct mv_tx *tx, enum mv_record_kind kind,
		const struct mv_oid *id, struct mv_err *err)
{
	struct mv_place place;
	int rc;

	pthread_mutex_lock(&tx->mutex);
	rc = tx_check(tx, err);
	if (rc)
		goto out;
	if (mv_oid_set_has(&tx->claims[MV_INDEX_CHUNKS], id))
		goto out;		/* 0: somebody here has it */
	rc = mv_snapshot_rely(&place, tx->snapshot, MV_INDEX_CHUNKS, id, err);
	if (!rc) {
		rc = add_hit(tx, place.file, err);
	} else if (rc == MV_ENOENT) {
		rc = claim(tx, MV_INDEX_CHUNKS, id, err);
		if (!rc && kind == MV_RECORD_WHOLE)
			rc = claim(tx, MV_INDEX_CONTENTS, id, err);
		if (!rc)
			rc = 1;
	}
out:
	pthread_mutex_unlock(&tx->mutex);
	return rc;
}

/* -- writing packs -------------------------------------------------------- */

/* Recovery finds the owner in the name. */
static int pack_begin(struct mv_tx *tx, struct mv_err *err)
{
	char prefix[MV_OWNER_HEX + 8] = "pack";
	uint8_t head[MV_PACK_HEADER];
	int rc;

	if (*tx->store->owner)
		snprintf(prefix, sizeof(prefix), "pack-%s", tx->store->owner);
	rc = mv_store_tmp(&tx->pack, tx->store, prefix, err);
	if (rc)
		return rc;
	mv_pack_header(head);
	rc = mv_pwrite_full(tx->pack.fd, head, sizeof(head), 0, tx->pack.path,
			    err);
	if (!rc)
		rc = mv_hasher_reset(tx->hasher, err);
	tx->off = sizeof(head);
	tx->count = 0;
	tx->written_back = 0;
	return rc;
}

static int pack_seal(struct mv_tx *tx, struct mv_err *err)
{
	uint8_t trailer[MV_PACK_TRAILER];
	struct new_pack *p;
	int rc;

	if (tx->pack.fd < 0)
		return 0;
	if (MV_GROW(tx->packs, tx->pack_alloc, tx->pack_count + 1, err) < 0)
		return MV_ENOMEM;
	p = &tx->packs[tx->pack_count];
	rc = mv_hasher_final(p->id.b, tx->hasher, err);
	if (rc)
		return rc;
	mv_pack_trailer(trailer, tx->count, &p->id);
	rc = mv_pwrite_full(tx->pack.fd, trailer, sizeof(trailer), tx->off,
			    tx->pack.path, err);
	if (rc)
		return rc;
	/* Start writing it back now; commit waits. */
	(void)sync_file_range(tx->pack.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	p->len = tx->off + sizeof(trailer);
	tx->stats.new_stored += p->len;
	p->tmp = tx->pack;
	tx->pack.fd = -1;
	tx->pack.path = NULL;
	tx->pack_count++;
	return 0;
}

/* Reserve room and enter the records; the bytes are written outside. */
static int append_reserve(struct mv_tx *tx, int *fd, uint64_t *base,
			  const uint8_t *data, size_t len,
			  const struct mv_new_record *records, size_t count,
			  struct mv_err *err)
{
	int rc;

	if (tx->pack.fd >= 0 && tx->off > MV_PACK_HEADER &&
	    tx->off + len > tx->store->options.pack_size) {
		rc = pack_seal(tx, err);
		if (rc)
			return rc;
	}
	if (tx->pack.fd < 0) {
		rc = pack_begin(tx, err);
		if (rc)
			return rc;
	}
	*base = tx->off;
	*fd = tx->pack.fd;
	for (size_t i = 0; i < count; i++) {
		enum mv_index_table t = records[i].kind == MV_RECORD_RECIPE ?
			MV_INDEX_CONTENTS : MV_INDEX_CHUNKS;
		const uint8_t *head = data + records[i].off;
		struct mv_index_entry e = {
			records[i].id, (uint32_t)tx->pack_count,
			*base + records[i].off,
			(uint16_t)(records[i].tried |
				   mv_codec_depth(head[1], head[2]))
		};

		rc = mv_hasher_update(tx->hasher, head, MV_RECORD_HEADER, err);
		if (!rc)
			rc = mv_entries_add(&tx->entries, t, &e, err);
		if (!rc && t == MV_INDEX_CONTENTS)
			rc = claim(tx, t, &records[i].id, err);
		if (rc)
			return rc;
	}
	tx->off += len;
	tx->count += count;
	return 0;
}

int mv_tx_append(struct mv_tx *tx, const uint8_t *data, size_t len,
		 const struct mv_new_record *records, size_t count,
		 struct mv_err *err)
{
	uint64_t base = 0;
	int fd = -1, back = 0, rc;
	struct mv_err why = { 0 };

	pthread_mutex_lock(&tx->mutex);
	rc = tx_check(tx, &why);
	if (!rc)
		rc = append_reserve(tx, &fd, &base, data, len, records, count,
				    &why);
	/* Only this thread may seal now that it owes bytes to the file: so
	   keep a descriptor of our own. */
	if (!rc) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			rc = mv_fail_errno(&why, errno,
					   "cannot duplicate a descriptor");
		back = tx->off - tx->written_back > WRITEBACK_STEP;
		if (back)
			tx->written_back = tx->off;
	}
	tx_fail(tx, rc, &why);
	pthread_mutex_unlock(&tx->mutex);
	if (!rc) {
		rc = mv_pwrite_full(fd, data, len, base, tx->store->dir, &why);
		if (!rc && back)
			(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		close(fd);
		if (rc) {
			pthread_mutex_lock(&tx->mutex);
			tx_fail(tx, rc, &why);
			pthread_mutex_unlock(&tx->mutex);
		}
	}
	if (rc && err)
		*err = why;
	return rc;
}

int mv_tx_append_recipe(struct mv_tx *tx, const struct mv_buf *recipe,
			const struct mv_oid *oid, struct mv_err *err)
{
	struct mv_pack_record record = { .kind = MV_RECORD_RECIPE };
	struct mv_new_record new = { *oid, MV_RECORD_RECIPE, 0, 0 };
	struct mv_buf out;
	uint8_t head[MV_RECORD_HEADER];
	int rc;

	record.raw_len = record.stored_len = (uint32_t)recipe->len;
	mv_pack_record_seal(head, &record, (const uint8_t *)recipe->data);
	mv_buf_init(&out, MV_RECIPE_MAX + sizeof(head) + 1);
	rc = mv_buf_add(&out, head, sizeof(head));
	if (!rc)
		rc = mv_buf_add(&out, recipe->data, recipe->len);
	if (rc)
		mv_nomem(err);
	else
		rc = mv_tx_append(tx, (uint8_t *)out.data, out.len, &new, 1,
				  err);
	mv_buf_release(&out);
	return rc;
}

void mv_tx_count_content(struct mv_tx *tx, const struct mv_oid *oid,
			 uint64_t size, int present)
{
	pthread_mutex_lock(&tx->mutex);
	tx->stats.contents++;
	tx->stats.logical += size;
	if (present && mv_buf_add(&tx->recent, oid->b, sizeof(oid->b)))
		tx_fail(tx, MV_ENOMEM, NULL);
	pthread_mutex_unlock(&tx->mutex);
}

void mv_tx_count_raw(struct mv_tx *tx, uint64_t chunks, uint64_t raw)
{
	pthread_mutex_lock(&tx->mutex);
	tx->stats.new_chunks += chunks;
	tx->stats.new_raw += raw;
	pthread_mutex_unlock(&tx->mutex);
}

int mv_tx_find(struct mv_place *out, struct mv_tx *tx,
	       enum mv_index_table table, const struct mv_oid *id)
{
	int rc = 0;

	/* Places of our own records have no pack file yet: say only "here". */
	pthread_mutex_lock(&tx->mutex);
	out->file = NULL;
	if (!mv_oid_set_has(&tx->claims[table], id)) {
		rc = mv_snapshot_rely(out, tx->snapshot, table, id, NULL);
		if (!rc)
			tx_fail(tx, add_hit(tx, out->file, NULL), NULL);
	}
	pthread_mutex_unlock(&tx->mutex);
	return rc;
}

/* -- owners --------------------------------------------------------------- */

static int add_owner(struct mv_tx *tx, const char *owner, struct mv_err *err)
{
	char *one;

	for (size_t i = 0; i < tx->owner_count; i++)
		if (!strcmp(tx->owners[i], owner))
			return 0;
	one = MV_GROW_ONE(tx->owners, tx->owner_count, err);
	if (!one)
		return MV_ENOMEM;
	memcpy(one, owner, MV_OWNER_HEX + 1);
	return 0;
}

struct heir {
	struct mv_tx *tx;
	const struct mv_oid *pack;
};

static int inherit_one(void *payload, const struct mv_oid *pack,
		       const char *owner, struct mv_err *err)
{
	struct heir *h = payload;

	return mv_oid_eq(pack, h->pack) ? add_owner(h->tx, owner, err) : 0;
}

int mv_tx_inherit(struct mv_tx *tx, const struct mv_oid *pack,
		  struct mv_err *err)
{
	struct heir h = { tx, pack };

	return mv_store_each_owner(tx->store, inherit_one, &h, err);
}

static int own_packs(struct mv_tx *tx, struct mv_err *err)
{
	int rc = *tx->store->owner ? add_owner(tx, tx->store->owner, err) : 0;

	for (size_t i = 0; !rc && i < tx->pack_count; i++)
		for (size_t k = 0; !rc && k < tx->owner_count; k++)
			rc = mv_store_own_pack(tx->store, &tx->packs[i].id,
					       tx->owners[k], err);
	return rc;
}

/* -- publishing ----------------------------------------------------------- */

static int fsync_packs(struct mv_tx *tx, struct mv_err *err)
{
	for (size_t i = 0; i < tx->pack_count; i++)
		if (fsync(tx->packs[i].tmp.fd) < 0)
			return mv_fail_errno(err, errno, "cannot sync '%s'",
					     tx->packs[i].tmp.path);
	return 0;
}

static int rename_packs(struct mv_tx *tx, struct mv_err *err)
{
	/* Synced before; the folder is synced once for all. */
	const unsigned flags = MV_TMP_NO_SYNC |
			       (tx->flushed ? MV_TMP_LEAVE : 0);
	int rc = 0;

	for (size_t i = 0; !rc && i < tx->pack_count; i++) {
		struct new_pack *p = &tx->packs[i];
		char *path = mv_store_pack_path(tx->store, &p->id);

		if (!path)
			return mv_nomem(err);
		rc = mv_store_publish(tx->store, &p->tmp, path, flags, err);
		free(path);
	}
	return rc ? rc : mv_fsync_dir(tx->store->packs_dir, err);
}

/*
 * While packs have their names and no index names them yet, an index without
 * an owner in tmp/ tells recovery to look for them. When we are killed that
 * is the one we write; when we fail, that is the mark.
 */
static int publish_packs(struct mv_tx *tx, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT, mark = MV_TMP_INIT;
	struct mv_index_pack *packs;
	struct mv_oid id;
	struct stat st;
	int named = 0, rc;

	packs = calloc(tx->pack_count, sizeof(*packs));
	if (!packs)
		return mv_nomem(err);
	for (size_t i = 0; i < tx->pack_count; i++)
		packs[i] = (struct mv_index_pack){ tx->packs[i].id,
						   tx->packs[i].len };
	rc = fsync_packs(tx, err);
	if (!rc)
		rc = own_packs(tx, err);
	if (!rc)
		rc = mv_store_tmp(&tmp, tx->store, "index", err);
	if (!rc)
		rc = mv_entries_write(&id, &tmp, &tx->entries, packs,
				      (uint32_t)tx->pack_count, err);
	if (!rc && !fstat(tmp.fd, &st))
		tx->stats.new_stored += (uint64_t)st.st_size;
	if (!rc)
		rc = mv_store_tmp(&mark, tx->store, "index", err);
	if (!rc) {
		named = 1;
		rc = rename_packs(tx, err);
	}
	if (!rc)
		rc = mv_store_commit_index(tx->store, &tmp, &id, err);
	free(packs);
	mv_tmp_discard(&tmp);
	if (rc && named)
		mv_tmp_leave(&mark);
	mv_tmp_discard(&mark);
	return rc;
}

static int old_hits(struct mv_tx *tx)
{
	time_t now = time(NULL);
	struct stat st;

	for (size_t i = 0; i < tx->hit_count; i++)
		if (stat(tx->hits[i]->path, &st) < 0 ||
		    now - st.st_mtime > MV_RECENT_AGE_S)
			return 1;
	return 0;
}

/* Tell gc which old contents somebody is about to point to again. */
static int publish_recent(struct mv_tx *tx, struct mv_err *err)
{
	struct mv_tmp tmp = MV_TMP_INIT;
	const char *name;
	char *dir, *path = NULL;
	int rc;

	if (!tx->recent.len || !old_hits(tx))
		return 0;
	dir = mv_path_join(tx->store->dir, "recent");
	rc = dir ? mv_store_mkdir(tx->store, "recent", err) : mv_nomem(err);
	if (!rc)
		rc = mv_tmp_open(&tmp, dir, "r", err);
	if (!rc)
		rc = mv_write_full(tmp.fd, tx->recent.data, tx->recent.len,
				   tmp.path, err);
	if (!rc) {
		name = strrchr(tmp.path, '/') + 1;
		path = mv_strf("%s/%.*s.oids", dir, (int)(strlen(name) - 4),
			       name);
		rc = path ? mv_store_publish(tx->store, &tmp, path, 0, err)
			  : mv_nomem(err);
	}
	mv_tmp_discard(&tmp);
	free(path);
	free(dir);
	tx->recent.len = 0;
	return rc;
}

/* Forget what is now in the store, so that the next part starts small. */
static int tx_restart(struct mv_tx *tx, struct mv_err *err)
{
	struct mv_snapshot *fresh;
	int rc;

	for (size_t i = 0; i < tx->pack_count; i++)
		mv_tmp_discard(&tx->packs[i].tmp);
	tx->pack_count = 0;
	tx->flushed = 0;
	tx->entries.count[0] = tx->entries.count[1] = 0;
	mv_oid_set_clear(&tx->claims[0]);
	mv_oid_set_clear(&tx->claims[1]);
	rc = mv_store_refresh(tx->store, err);
	/* Merging indexes is housekeeping: it may fail or wait. */
	if (!rc && tx->holds)
		(void)mv_store_compact(tx->store, 0, NULL);
	if (!rc)
		rc = mv_store_snapshot(&fresh, tx->store, err);
	if (rc)
		return rc;
	mv_snapshot_release(tx->store, tx->snapshot);
	tx->snapshot = fresh;
	return 0;
}

/* No put may be under way: recipes must not appear before their chunks. */
static int publish(struct mv_tx *tx, struct mv_err *err)
{
	struct mv_err why = { 0 };
	int rc = tx_check(tx, err);

	if (rc)
		return rc;
	rc = pack_seal(tx, &why);
	if (!rc && tx->pack_count)
		rc = publish_packs(tx, &why);
	if (!rc)
		rc = publish_recent(tx, &why);
	if (rc) {
		tx_fail(tx, rc, &why);
		if (err)
			*err = why;
		return rc;
	}
	return 0;
}

/* Wait until no put is under way and keep new ones out. Mutex held. */
static void drain(struct mv_tx *tx)
{
	while (tx->draining)
		pthread_cond_wait(&tx->quiet, &tx->mutex);
	tx->draining = 1;
	while (tx->puts)
		pthread_cond_wait(&tx->quiet, &tx->mutex);
}

static void undrain(struct mv_tx *tx)
{
	tx->draining = 0;
	pthread_cond_broadcast(&tx->quiet);
}

static int publish_and_restart(struct mv_tx *tx, struct mv_err *err)
{
	int rc = publish(tx, err);

	return rc ? rc : tx_restart(tx, err);
}

static int is_crowded(const struct mv_tx *tx)
{
	return tx->claims[MV_INDEX_CHUNKS].count >=
	       tx->store->options.publish_after;
}

/*
 * A put that is under way and uses the pool needs its workers. While there
 * is one, no worker may wait for puts to end: so nobody else is kept out,
 * and publishing is left to the pooled put itself (see mv_tx_put_yield).
 */
static void wait_in(struct mv_tx *tx)
{
	while (tx->draining && !tx->pooled)
		pthread_cond_wait(&tx->quiet, &tx->mutex);
}

int mv_tx_put_enter(struct mv_tx *tx, int pooled, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&tx->mutex);
	wait_in(tx);
	rc = tx_check(tx, err);
	if (!rc && is_crowded(tx) && !tx->pooled) {
		drain(tx);
		rc = publish_and_restart(tx, err);
		undrain(tx);
	}
	if (!rc) {
		tx->puts++;
		tx->pooled += !!pooled;
	}
	pthread_mutex_unlock(&tx->mutex);
	return rc;
}

void mv_tx_put_leave(struct mv_tx *tx, int pooled)
{
	pthread_mutex_lock(&tx->mutex);
	tx->puts--;
	tx->pooled -= !!pooled;
	pthread_cond_broadcast(&tx->quiet);
	pthread_mutex_unlock(&tx->mutex);
}

int mv_tx_put_yield(struct mv_tx *tx, int pooled, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&tx->mutex);
	rc = tx_check(tx, err);
	if (!rc && is_crowded(tx) && (pooled || !tx->pooled)) {
		tx->puts--;
		tx->pooled -= !!pooled;
		pthread_cond_broadcast(&tx->quiet);
		drain(tx);
		if (is_crowded(tx))	/* nobody did it while we waited */
			rc = publish_and_restart(tx, err);
		undrain(tx);
		tx->puts++;
		tx->pooled += !!pooled;
	}
	pthread_mutex_unlock(&tx->mutex);
	return rc;
}

int mv_tx_crowded(struct mv_tx *tx)
{
	int crowded;

	pthread_mutex_lock(&tx->mutex);
	crowded = is_crowded(tx);
	pthread_mutex_unlock(&tx->mutex);
	return crowded;
}

int mv_tx_flush(struct mv_tx *tx, unsigned flags, struct mv_err *err)
{
	int rc;

	pthread_mutex_lock(&tx->mutex);
	/*
	 * Every append has reached the kernel when it returned, in a pack
	 * that recovery can read. But a put that has returned may rely on
	 * chunks of one that has not: wait for those.
	 */
	drain(tx);
	rc = tx_check(tx, err);
	if (!rc)
		tx->flushed = tx->pack.fd >= 0 || tx->pack_count;
	if (!rc && (flags & MV_TX_SYNC))
		rc = publish_and_restart(tx, err);
	undrain(tx);
	pthread_mutex_unlock(&tx->mutex);
	return rc;
}

int mv_tx_commit(struct mv_tx *tx, struct mv_tx_stats *stats,
		 struct mv_err *err)
{
	struct mv_store *store = tx->store;
	int published, rc;

	pthread_mutex_lock(&tx->mutex);
	drain(tx);
	rc = publish(tx, err);
	published = tx->pack_count > 0;
	undrain(tx);
	pthread_mutex_unlock(&tx->mutex);
	if (!rc && stats)
		*stats = tx->stats;
	/* It is published: what fails from here on is only housekeeping. */
	if (!rc && published && !mv_store_refresh(store, NULL))
		(void)mv_store_compact(store, 0, NULL);
	tx_free(tx);
	return rc;
}

int mv_tx_has(struct mv_tx *tx, const struct mv_oid *oid, uint64_t *size,
	      struct mv_err *err)
{
	struct mv_place place;

	if (mv_oid_is_empty(oid))
		return mv_store_has(tx->store, oid, size, err);
	if (!mv_tx_find(&place, tx, MV_INDEX_CONTENTS, oid) && !place.file)
		goto ours;
	/* One in the store is kept from gc; our chunks are no contents. */
	(void)mv_tx_find(&place, tx, MV_INDEX_CHUNKS, oid);
	return mv_store_has(tx->store, oid, size, err);
ours:
	/* The size of a content of our own is known once it is published. */
	if (size) {
		int rc = mv_tx_flush(tx, MV_TX_SYNC, err);

		return rc ? rc : mv_store_has(tx->store, oid, size, err);
	}
	return 0;
}
