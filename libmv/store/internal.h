/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_INTERNAL_H
#define MV_STORE_INTERNAL_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "libmv/base/buf.h"
#include "libmv/base/fs.h"
#include "libmv/store/chunker.h"
#include "libmv/store/codec.h"
#include "libmv/store/index.h"
#include "libmv/store/pack.h"
#include "libmv/store/recipe.h"
#include "libmv/store/store.h"

/*
 * What the files of the store share. store.c owns the set of indexes, open
 * packs and scratch memory; find.c reads records; tx.c writes packs;
 * ingest.c turns bytes into chunks; read.c turns chunks into bytes.
 *
 *	<dir>/format		"git-model store 1\n"
 *	<dir>/lock		flock: shared by writers, exclusive for gc
 *	<dir>/compact.lock	flock: merging of indexes
 *	<dir>/packs/<id>.pack	immutable
 *	<dir>/index/<id>.idx	immutable, merged now and then
 *	<dir>/recent/<random>	oids that a writer found present (gc keeps)
 *	<dir>/clients/<hash>	git directories that share the store
 *	<dir>/tmp/		what is being written; its owner holds a flock
 *	<dir>/bad/		damaged files that fsck --repair put aside
 */
#define STORE_SEGMENT	(1024u * 1024)	/* unit of work in the pipelines */
#define STORE_SEGMENT_ROOM (STORE_SEGMENT + MV_CHUNK_MAX)
#define STORE_SEGMENT_CHUNKS 2048u	/* at most; chunks can be tiny */

/* A pack that some index names. Lives until the store is closed. */
struct mv_pack_file {
	struct mv_oid id;
	char *path;
	int fd;			/* -1 when closed */
	int users;		/* under mutex: do not close now */
	uint64_t used;		/* clock value, for closing the oldest */
};

/* A consistent set of indexes. */
struct mv_snapshot {
	int refs;
	size_t count;
	struct mv_index **index;
};

/* Memory and contexts for one thread at work. */
struct mv_scratch {
	struct mv_scratch *next;
	struct mv_encoder *encoder;	/* made when first needed */
	struct mv_decoder *decoder;
	struct mv_hasher *hasher;
	uint8_t *stored;		/* one stored record: MV_CHUNK_MAX */
	uint8_t *raw;			/* STORE_SEGMENT_ROOM */
	uint8_t *out;			/* encoded records of a segment */
};

#define STORE_OUT_SIZE \
	(STORE_SEGMENT_ROOM + STORE_SEGMENT_CHUNKS * MV_RECORD_HEADER)

struct mv_store {
	char *dir;
	char *packs_dir, *index_dir, *tmp_dir;
	struct mv_store_options options;
	pthread_mutex_t mutex;
	struct mv_snapshot *snapshot;
	struct timespec index_mtime;	/* of index/, when it was read */
	struct mv_pack_file **files;	/* sorted by id */
	size_t file_count, file_alloc;
	size_t open_files;
	uint64_t clock;
	struct mv_scratch *scratch;	/* free ones */
	struct mv_lock hold;		/* shared: this process writes */
	pthread_mutex_t put_mutex;	/* one pipelined put at a time */
};

/* store.c */
int mv_store_snapshot(struct mv_snapshot **out, struct mv_store *store,
		      struct mv_err *err);
void mv_snapshot_release(struct mv_store *store, struct mv_snapshot *snapshot);
/* List index/ again; *changed (may be NULL) says whether that helped. */
int mv_store_refresh(struct mv_store *store, int *changed,
		     struct mv_err *err);
/* Descriptor of a pack, until mv_pack_done(). MV_ENOENT: gone (gc). */
int mv_pack_use(int *fd, struct mv_store *store, struct mv_pack_file *file,
		struct mv_err *err);
void mv_pack_done(struct mv_store *store, struct mv_pack_file *file);
int mv_scratch_get(struct mv_scratch **out, struct mv_store *store,
		   struct mv_err *err);
void mv_scratch_put(struct mv_store *store, struct mv_scratch *scratch);
int mv_scratch_encoder(struct mv_scratch *scratch, struct mv_err *err);
int mv_scratch_decoder(struct mv_scratch *scratch, struct mv_err *err);
/* Keep gc out until the store is closed. */
int mv_store_hold(struct mv_store *store, struct mv_err *err);
char *mv_store_pack_path(struct mv_store *store, const struct mv_oid *id);
char *mv_store_index_path(struct mv_store *store, const struct mv_oid *id);

/* find.c */
struct mv_place {
	struct mv_pack_file *file;
	uint64_t off;
};
int mv_snapshot_find(struct mv_place *out, struct mv_snapshot *snapshot,
		     enum mv_index_table table, const struct mv_oid *id,
		     struct mv_err *err);
/* Read the header and, with `stored`, the stored bytes (at most `room`). */
int mv_place_record(struct mv_record *record, uint8_t *head, uint8_t *stored,
		    size_t room, struct mv_store *store,
		    const struct mv_place *place, struct mv_err *err);
/* A verified chunk of exactly `len` bytes (0: any) into `out`. */
int mv_chunk_load(uint8_t *out, uint32_t *len, struct mv_store *store,
		  struct mv_scratch *scratch, const struct mv_oid *id,
		  struct mv_err *err);
/* The same, and also the record as it is stored. */
int mv_chunk_load_record(uint8_t *out, struct mv_record *record, uint8_t *head,
			 struct mv_store *store, struct mv_scratch *scratch,
			 const struct mv_oid *id, struct mv_err *err);

/*
 * The chunk list of a content, part by part. A content that is one chunk
 * looks like a recipe with one entry.
 */
struct mv_recipe_reader {
	struct mv_store *store;
	struct mv_buf bytes;		/* the recipe */
	struct mv_recipe recipe;
	uint32_t next_part;
	uint8_t *part;			/* MV_CHUNK_MAX; only for depth 1 */
	uint8_t single[MV_RECIPE_ENTRY];
	const uint8_t *entries;		/* the current run of entries */
	uint32_t count, pos;
	struct mv_scratch *scratch;
};
/* MV_ENOENT when the content is unknown. */
int mv_recipe_open(struct mv_recipe_reader *out, struct mv_store *store,
		   const struct mv_oid *oid, struct mv_err *err);
/* 1: *entry is the next chunk; 0 at the end. */
int mv_recipe_next(const uint8_t **entry, struct mv_recipe_reader *reader,
		   struct mv_err *err);
void mv_recipe_close(struct mv_recipe_reader *reader);

/* tx.c */
struct mv_new_record {
	struct mv_oid id;
	uint8_t kind;
	uint32_t off;		/* in the batch */
};
/* 1: nobody has it, store it now; 0: it is there. */
int mv_tx_claim(struct mv_tx *tx, const struct mv_oid *id,
		struct mv_err *err);
/* Append a batch of sealed records to the current pack. */
int mv_tx_append(struct mv_tx *tx, const uint8_t *data, size_t len,
		 const struct mv_new_record *records, size_t count,
		 struct mv_err *err);
int mv_tx_append_recipe(struct mv_tx *tx, const struct mv_buf *recipe,
			const struct mv_oid *oid, struct mv_err *err);
struct mv_store *mv_tx_store(struct mv_tx *tx);
/* Around every put or copy: publishing waits until none is under way. */
int mv_tx_put_enter(struct mv_tx *tx, struct mv_err *err);
void mv_tx_put_leave(struct mv_tx *tx);
/* Inside a put, none of its chunks under way: publish if there are many. */
int mv_tx_put_pause(struct mv_tx *tx, int force, struct mv_err *err);
int mv_tx_crowded(struct mv_tx *tx);
void mv_tx_count_content(struct mv_tx *tx, const struct mv_oid *oid,
			 uint64_t size, int present);
void mv_tx_count_raw(struct mv_tx *tx, uint64_t chunks, uint64_t raw);
/* Content or chunk of this transaction: 0, or MV_ENOENT. */
int mv_tx_find(struct mv_place *out, struct mv_tx *tx,
	       enum mv_index_table table, const struct mv_oid *id);

/* An index over `packs` from records that were met in them. */
struct mv_entries {
	struct mv_index_entry *e[2];
	size_t count[2], alloc[2];
};
int mv_entries_add(struct mv_entries *entries, enum mv_index_table table,
		   const struct mv_oid *id, uint32_t pack, uint64_t off,
		   struct mv_err *err);
void mv_entries_release(struct mv_entries *entries);
/* Sorts, drops doubles, writes and publishes index/<id>.idx. */
int mv_entries_publish(struct mv_store *store, struct mv_entries *entries,
		       const struct mv_oid *packs, uint32_t count,
		       struct mv_err *err);
/* Sort and drop doubles, then write into tmp; the caller commits it. */
int mv_entries_write(struct mv_oid *id, struct mv_tmp *tmp,
		     struct mv_entries *entries, const struct mv_oid *packs,
		     uint32_t count, struct mv_err *err);
/* fsync, rename to index/<id>.idx, fsync of the folder. */
int mv_store_commit_index(struct mv_store *store, struct mv_tmp *tmp,
			  const struct mv_oid *id, struct mv_err *err);
/* Merge small indexes so that few remain. */
int mv_store_compact(struct mv_store *store, int all, struct mv_err *err);

/* A transaction for somebody who holds the store's lock already. */
int mv_tx_new(struct mv_tx **out, struct mv_store *store, struct mv_err *err);

/* reindex.c */
/*
 * Replace all indexes by one that leaves out what `wanted` refuses, and
 * packs of which nothing is left. `wanted` must always answer alike.
 */
typedef int (*mv_wanted_fn)(void *payload, const struct mv_index *index,
			    enum mv_index_table table, uint64_t pos,
			    uint32_t pack);
int mv_store_reindex(struct mv_store *store, mv_wanted_fn wanted,
		     void *payload, struct mv_err *err);

/* recover.c */
/* Entries of one pack file, by decoding it. */
int mv_pack_collect(struct mv_entries *entries, struct mv_store *store,
		    int fd, const char *path, const struct mv_oid *expect,
		    uint32_t number, uint64_t *end, struct mv_err *err);
/* A locked temporary file in tmp/; MV_EBUSY never. */
int mv_store_tmp(struct mv_tmp *out, struct mv_store *store,
		 const char *prefix, struct mv_err *err);
int mv_store_recover_force(struct mv_store *store, struct mv_err *err);

#endif
