/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_INTERNAL_H
#define MV_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
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
#include "libmv/store/tx.h"

/*
 * What the files of the store share. store.c owns the set of indexes, open
 * packs and scratch memory; find.c reads records; tx.c writes packs;
 * ingest.c turns bytes into chunks; read.c turns chunks into bytes.
 *
 *	<dir>/format		"git-model store 2\n"
 *	<dir>/lock		flock: shared by writers, exclusive for gc
 *	<dir>/compact.lock	flock: merging of indexes
 *	<dir>/packs/<id>.pack	immutable
 *	<dir>/index/<id>.idx	immutable, merged now and then
 *	<dir>/recent/<random>.oids  what a writer found present (gc keeps it)
 *	<dir>/clients/<hash>	git directories that share the store
 *	<dir>/owners/<id>.<hash>  for whom a pack was written, if not for the
 *				repository around the store
 *	<dir>/tmp/		what is being written; its owner holds a flock
 *	<dir>/bad/		damaged files that fsck --repair put aside
 */
#define STORE_SEGMENT	(1024u * 1024)	/* unit of work in the pipelines */
#define STORE_SEGMENT_ROOM (STORE_SEGMENT + MV_CHUNK_MAX)
#define STORE_SEGMENT_CHUNKS 2048u	/* at most; chunks can be tiny */

/* A pack that some index names. Lives until the store is closed. */
struct mv_pack_file {
	struct mv_store *store;
	struct mv_oid id;
	uint32_t number;	/* 0, 1, ... in order of appearance */
	char *path;
	int fd;			/* -1 when closed */
	int users;		/* under mutex: do not close now */
	uint64_t used;		/* clock value, for closing the oldest */
	atomic_int sound;	/* mv_pack_sound() has said so */
};

/* A consistent set of indexes. */
struct mv_snapshot {
	int refs;
	size_t count;
	struct mv_index **index;
	atomic_int whole;	/* 1: all packs are, -1: not, 0: ask */
};

/* Memory and contexts for one thread at work. */
struct mv_scratch {
	struct mv_scratch *next;
	struct mv_encoder *encoder;	/* made when first needed */
	struct mv_decoder *decoder;
	uint8_t *stored;		/* one stored record: MV_CHUNK_MAX */
	uint8_t *raw;			/* STORE_SEGMENT_ROOM */
	uint8_t *out;			/* encoded records of a segment */
	uint8_t *bases;			/* MV_SCRATCH_BASES; when needed */
};
/* What a chunk leans on, as it is stored, and two of them decoded. */
#define MV_SCRATCH_BASES ((MV_DEPTH_MAX + 2) * MV_CHUNK_MAX)

#define STORE_OUT_SIZE \
	(STORE_SEGMENT_ROOM + STORE_SEGMENT_CHUNKS * MV_RECORD_HEADER)

struct mv_store {
	char *dir;
	char *packs_dir, *index_dir, *tmp_dir;
	struct mv_store_options options;
	char owner[MV_OWNER_HEX + 1];	/* "": nobody in particular */
	int old;			/* `format` is an older version's */
	pthread_mutex_t mutex;
	struct mv_snapshot *snapshot;
	struct timespec index_mtime;	/* of index/, when it was listed */
	time_t listed_at;
	struct mv_pack_file **files;	/* sorted by id */
	size_t file_count, file_alloc;
	size_t open_files;
	uint64_t clock;
	struct mv_scratch *scratch;	/* free ones */
	pthread_mutex_t hold_mutex;	/* taken before `mutex` */
	struct mv_lock hold;		/* shared: this process writes */
	unsigned writers;		/* transactions under way */
	struct mv_ahead *ahead;		/* NULL unless asked for */
	void (*ahead_free)(struct mv_ahead *ahead);	/* by who made it */
	pthread_mutex_t put_mutex;	/* one pipelined put at a time */
};

/* store.c */
int mv_store_snapshot(struct mv_snapshot **out, struct mv_store *store,
		      struct mv_err *err);
void mv_snapshot_release(struct mv_store *store, struct mv_snapshot *snapshot);
/* Ids of all packs that it names, sorted, for mv_ids_find(); free() it. */
int mv_snapshot_packs(struct mv_oid **out, size_t *count,
		      const struct mv_snapshot *snapshot, struct mv_err *err);
/* Pack `k` of an index: 0; MV_ENOENT: gone; MV_ECORRUPT: of another length
   than it was written with; MV_EIO: nobody can tell. */
int mv_index_pack_state(const struct mv_index *index, uint32_t k);
/* List index/ again; the snapshot is another one if anything changed. */
int mv_store_refresh(struct mv_store *store, struct mv_err *err);
/* Descriptor of a pack, until mv_pack_done(). MV_ENOENT: gone (gc). */
int mv_pack_use(int *fd, struct mv_store *store, struct mv_pack_file *file,
		struct mv_err *err);
void mv_pack_done(struct mv_store *store, struct mv_pack_file *file);
/* scratch.c */
int mv_scratch_get(struct mv_scratch **out, struct mv_store *store,
		   struct mv_err *err);
void mv_scratch_put(struct mv_store *store, struct mv_scratch *scratch);
void mv_scratch_free(struct mv_scratch *scratch);
int mv_scratch_encoder(struct mv_scratch *scratch, struct mv_err *err);
int mv_scratch_decoder(struct mv_scratch *scratch, struct mv_err *err);
int mv_scratch_bases(struct mv_scratch *scratch, struct mv_err *err);
/* The descriptor may lead to a file that was replaced: open it anew. */
void mv_pack_forget(struct mv_store *store, struct mv_pack_file *file);

/* sound.c */
/*
 * Is the pack there, with the end that it was given? 0; MV_ENOENT: gone;
 * MV_ECORRUPT: cut, or no pack. Asks the disk until the answer was 0 once.
 */
int mv_pack_sound(struct mv_pack_file *file, struct mv_err *err);
/* 1: every pack that it names is there with its length; asked once per
   snapshot. */
int mv_snapshot_whole(struct mv_snapshot *snapshot);

/* The pack of that id, known to an index or not. */
int mv_store_pack_file(struct mv_pack_file **out, struct mv_store *store,
		       const struct mv_oid *id, struct mv_err *err);

/* Keep gc out for one more transaction; MV_EDENIED for a reader's store. */
int mv_store_hold(struct mv_store *store, struct mv_err *err);
void mv_store_unhold(struct mv_store *store);
/* For gc and repair: nobody writes, also in this process, until _shared(). */
int mv_store_alone(struct mv_lock *lock, struct mv_store *store,
		   struct mv_err *err);
void mv_store_shared(struct mv_lock *lock, struct mv_store *store);
/* Keep gc out for a moment, unless it runs just now. */
int mv_store_try_share(struct mv_lock *lock, struct mv_store *store);

int mv_store_make_dirs(struct mv_store *store, struct mv_err *err);
/* "This is a store of our version", in its file. */
int mv_store_write_format(struct mv_store *store, struct mv_err *err);
char *mv_store_pack_path(struct mv_store *store, const struct mv_oid *id);
char *mv_store_index_path(struct mv_store *store, const struct mv_oid *id);

/* publish.c */
int mv_store_mkdir(struct mv_store *store, const char *name,
		   struct mv_err *err);
int mv_store_make_lock(struct mv_store *store, const char *name,
		       struct mv_err *err);
/* A damaged file to bad/; with `stay` its name stays until replaced. */
int mv_store_put_aside(struct mv_store *store, const char *path, int stay,
		       struct mv_err *err);
/* A file that is being written: for whom the store's folder is, and theirs. */
void mv_store_share_file(const struct mv_store *store, int fd);
/* The store's folder, for whom core.sharedRepository says; `made`: just now. */
void mv_store_share_dir(struct mv_store *store, int made);
/* Is it ours, and closed to some of them (an older git-model's, or made before
   the repository was shared)? */
int mv_store_lacks_share(const struct mv_store *store);
/* Of files that are finished. */
mode_t mv_store_file_mode(const struct mv_store *store);
int mv_store_make_way(struct mv_store *store, int fd, const char *target,
		      struct mv_err *err);
/* Name a temporary file; one of that name stays if it has the same bytes. */
int mv_store_publish(struct mv_store *store, struct mv_tmp *tmp,
		     const char *target, unsigned flags, struct mv_err *err);

/* owners.c */
int mv_owner_ok(const char *owner);
int mv_store_own_pack(struct mv_store *store, const struct mv_oid *pack,
		      const char *owner, struct mv_err *err);
typedef int (*mv_owner_fn)(void *payload, const struct mv_oid *pack,
			   const char *owner, struct mv_err *err);
int mv_store_each_owner(struct mv_store *store, mv_owner_fn fn, void *payload,
			struct mv_err *err);
/* Packs with an owner who is not in clients/, sorted; free() it. */
int mv_store_strangers(struct mv_oid **packs, size_t *count,
		       struct mv_store *store, struct mv_err *err);
/* Owners of packs that are gone, under the exclusive lock. */
int mv_store_drop_owners(struct mv_store *store, struct mv_err *err);

/* find.c */
struct mv_place {
	struct mv_pack_file *file;
	uint64_t off;
};
/* To read it: from a pack that is there, a sound one if there is a choice. */
int mv_snapshot_find(struct mv_place *out, struct mv_snapshot *snapshot,
		     enum mv_index_table table, const struct mv_oid *id,
		     struct mv_err *err);
/* To do without bytes that one has: only from a sound pack. */
int mv_snapshot_rely(struct mv_place *out, struct mv_snapshot *snapshot,
		     enum mv_index_table table, const struct mv_oid *id,
		     struct mv_err *err);
/* Read the header and, with `stored`, the stored bytes (at most `room`). */
int mv_place_record(struct mv_pack_record *record, uint8_t *head,
		    uint8_t *stored,
		    size_t room, struct mv_store *store,
		    const struct mv_place *place, struct mv_err *err);
/* Find an id and read its record; looks again when gc moved it. */
int mv_record_find(struct mv_pack_record *record, uint8_t *head,
		   uint8_t *stored,
		   struct mv_store *store, enum mv_index_table table,
		   const struct mv_oid *id, struct mv_err *err);
/* What the record at that place leans on: 1, or 0 when it stands alone. */
int mv_place_base(struct mv_oid *base, struct mv_store *store,
		  const struct mv_place *place, struct mv_err *err);
/*
 * Decode a record, and before it whatever it leans on, which `find` reads as
 * mv_record_find() does; NULL: from the store. The bytes are not compared with
 * any name: that is the caller's. MV_ECORRUPT: also when a base is missing, or
 * a chain is longer than it says.
 */
struct mv_base_source {
	int (*find)(void *payload, struct mv_pack_record *record,
		    uint8_t *head, uint8_t *stored, const struct mv_oid *id,
		    struct mv_err *err);
	void *payload;
};
int mv_record_decode(uint8_t *out, const struct mv_pack_record *record,
		     const uint8_t *stored, struct mv_store *store,
		     struct mv_scratch *scratch,
		     const struct mv_base_source *source, struct mv_err *err);
/* Times that gc may be faster than who looks for something. */
#define MV_LOOK_AGAIN 10
/* After MV_ENOENT: is there anything newer than `*s`? It is that, then. */
int mv_snapshot_newer(struct mv_snapshot **s, struct mv_store *store);
/* No bytes at all: every store has that content, and needs nothing for it. */
int mv_oid_is_empty(const struct mv_oid *oid);
/* A verified chunk or whole of exactly `len` bytes (0: any) into `out`. */
int mv_chunk_load(uint8_t *out, uint32_t *len, struct mv_store *store,
		  struct mv_scratch *scratch, const struct mv_oid *id,
		  struct mv_err *err);
/* The same, and also the record as it is stored. */
int mv_chunk_load_record(uint8_t *out, struct mv_pack_record *record,
			 uint8_t *head,
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
/* The last step of opening, when the recipe was read and checked. */
int mv_recipe_enter(struct mv_recipe_reader *reader, struct mv_err *err);
/* 1: *entry is the next chunk; 0 at the end. */
int mv_recipe_next(const uint8_t **entry, struct mv_recipe_reader *reader,
		   struct mv_err *err);
/* After opening: pass over parts that end at or before `off`. */
void mv_recipe_skip(struct mv_recipe_reader *reader, uint64_t off,
		    uint64_t *pos);
void mv_recipe_close(struct mv_recipe_reader *reader);

/* part.c */
/* A recipe of partial/; its chunks may be missing, the parts of its list not:
   MV_ENOENT. */
int mv_part_open(struct mv_recipe_reader *out, struct mv_store *store,
		 const struct mv_oid *oid, struct mv_err *err);
int mv_part_publish(struct mv_store *store, const struct mv_buf *recipe,
		    const struct mv_oid *oid, struct mv_err *err);
/* Sorted; `kept` has a byte for each, for gc. */
struct mv_parts {
	struct mv_oid *oids;
	uint8_t *kept;
	size_t count, alloc;
};
int mv_part_list(struct mv_parts *out, struct mv_store *store,
		 struct mv_err *err);
void mv_part_list_release(struct mv_parts *parts);
/* When it came; 0: it is gone. */
int mv_part_time(time_t *out, struct mv_store *store,
		 const struct mv_oid *oid);
void mv_part_remove(struct mv_store *store, const struct mv_oid *oid);
/* What is not what it was when it was written; with `repair` it is removed. */
int mv_part_fsck(struct mv_store *store, int repair, mv_fsck_fn fn,
		 void *payload, struct mv_err *err);

/* ahead.c */
int mv_ahead_new(struct mv_ahead **out, struct mv_store *store,
		 struct mv_err *err);
void mv_ahead_free(struct mv_ahead *ahead);	/* NULL is fine */
/* 1: the chunk was ready, verified, and is now in `out`. *len as for
   mv_chunk_load(). */
int mv_ahead_take(uint8_t *out, uint32_t *len, struct mv_ahead *ahead,
		  const struct mv_oid *id);
/* A chunk was not ready; this is where it stands. */
void mv_ahead_missed(struct mv_ahead *ahead, const struct mv_place *place);

/* tx.c */
/* Packs younger than this need no word in recent/ when they are relied on. */
#define MV_RECENT_AGE_S 600

struct mv_new_record {
	struct mv_oid id;
	uint8_t kind;
	uint32_t off;		/* in the batch */
	uint16_t tried;		/* MV_ABOUT_TRIED of the index */
};
/* A chunk or a whole. 1: nobody has it, store it now; 0: it is there. */
int mv_tx_claim(struct mv_tx *tx, enum mv_record_kind kind,
		const struct mv_oid *id, struct mv_err *err);
/* Append a batch of sealed records to the current pack. */
int mv_tx_append(struct mv_tx *tx, const uint8_t *data, size_t len,
		 const struct mv_new_record *records, size_t count,
		 struct mv_err *err);
int mv_tx_append_recipe(struct mv_tx *tx, const struct mv_buf *recipe,
			const struct mv_oid *oid, struct mv_err *err);
struct mv_store *mv_tx_store(struct mv_tx *tx);
/*
 * Around every put or copy: publishing waits until none is under way. A
 * `pooled` one waits for jobs of the pool.
 */
int mv_tx_put_enter(struct mv_tx *tx, int pooled, struct mv_err *err);
void mv_tx_put_leave(struct mv_tx *tx, int pooled);
/*
 * Has so much been claimed that it should be published? Then a put brings
 * its chunks to rest, all appended, and yields. It is still inside after.
 */
int mv_tx_crowded(struct mv_tx *tx);
int mv_tx_put_yield(struct mv_tx *tx, int pooled, struct mv_err *err);
/* A chunk was claimed and could not be appended: nothing may be published. */
void mv_tx_poison(struct mv_tx *tx, int rc, const struct mv_err *err);
void mv_tx_count_content(struct mv_tx *tx, const struct mv_oid *oid,
			 uint64_t size, int present);
void mv_tx_count_raw(struct mv_tx *tx, uint64_t chunks, uint64_t raw);
/*
 * Content or chunk that is here or in the store: 0, or MV_ENOENT. Here:
 * out->file is NULL. What is found is protected from gc like a claim.
 */
int mv_tx_find(struct mv_place *out, struct mv_tx *tx,
	       enum mv_index_table table, const struct mv_oid *id);

/* A record that can be named only when what it leans on is known. */
struct mv_leaning {
	uint32_t pack;
	uint64_t off;
	unsigned int depth;
};
/* An index over `packs` from records that were met in them. */
struct mv_entries {
	struct mv_index_entry *e[2];
	size_t count[2], alloc[2];
	size_t sorted[2];		/* the first so many: what was added since
					   is not found yet */
	struct mv_leaning *leaning;	/* not yet among them */
	size_t leaning_count, leaning_alloc;
};
#define MV_ENTRIES_INIT \
	{ { NULL, NULL }, { 0, 0 }, { 0, 0 }, { 0, 0 }, NULL, 0, 0 }
int mv_entries_add(struct mv_entries *entries, enum mv_index_table table,
		   const struct mv_index_entry *entry, struct mv_err *err);
void mv_entries_release(struct mv_entries *entries);
/* Sort by id and drop doubles. */
void mv_entries_sort(struct mv_entries *entries);
/* The entry of that id among those that were there when it was sorted, or NULL. */
const struct mv_index_entry *mv_entries_find(const struct mv_entries *entries,
					     enum mv_index_table table,
					     const struct mv_oid *id);
/* Sorts, then writes into tmp; the caller commits it. */
int mv_entries_write(struct mv_oid *id, struct mv_tmp *tmp,
		     struct mv_entries *entries,
		     const struct mv_index_pack *packs, uint32_t count,
		     struct mv_err *err);
/* fsync, rename to index/<id>.idx, fsync of the folder. */
int mv_store_commit_index(struct mv_store *store, struct mv_tmp *tmp,
			  const struct mv_oid *id, struct mv_err *err);
/* Merge small indexes so that few remain. */
int mv_store_compact(struct mv_store *store, int all, struct mv_err *err);

/* What this transaction writes is also for the owners of that pack. */
int mv_tx_inherit(struct mv_tx *tx, const struct mv_oid *pack,
		  struct mv_err *err);
/* A transaction for somebody who holds the store's lock already. */
int mv_tx_new(struct mv_tx **out, struct mv_store *store, struct mv_err *err);

/* reindex.c */
/*
 * Replace all indexes by one that leaves out what is not wanted. A pack of
 * which nothing is left is named only if `pack` says so: what no index names
 * is indexed again some day. Both must always answer alike.
 */
struct mv_wanted {
	int (*entry)(void *payload, const struct mv_index *index,
		     enum mv_index_table table, uint64_t pos, uint32_t pack);
	int (*pack)(void *payload, const struct mv_index *index,
		    uint32_t pack);
	/* What it knows of an entry besides; may be NULL. */
	uint16_t (*about)(void *payload, const struct mv_index *index,
			  enum mv_index_table table, uint64_t pos);
	void *payload;
};
int mv_store_reindex(struct mv_store *store, const struct mv_wanted *wanted,
		     struct mv_err *err);
/* All of a snapshot's indexes as one that nobody else sees. */
int mv_store_merge_private(struct mv_index **out, struct mv_store *store,
			   struct mv_snapshot *snapshot, struct mv_err *err);

/* recover.c */
/*
 * Entries of one pack file, by decoding it; the last word on a record that
 * leans on another is mv_entries_settle()'s.
 */
int mv_pack_collect(struct mv_entries *entries, struct mv_store *store,
		    int fd, const char *path, const struct mv_oid *expect,
		    uint32_t number, uint64_t *end, struct mv_err *err);
/*
 * Name what leans on something, now that this is known: from the entries, whose
 * packs these are, or the store. What cannot be named, because something is
 * missing or wrong, stays in `leaning`, and the last of it is told in `err`,
 * though this returns 0. Sorts.
 */
int mv_entries_settle(struct mv_entries *entries, struct mv_store *store,
		      const struct mv_index_pack *packs, struct mv_err *err);
/* fsck-index.c */
/* Do the indexes lead to exactly these records? `known`: does one name it? */
int mv_fsck_entries(struct mv_store *store, const struct mv_entries *entries,
		    const struct mv_index_pack *pack, int *known,
		    struct mv_err *err);
/* After mv_entries_settle(): does an index lead to what is left there? */
int mv_fsck_left(struct mv_store *store, const struct mv_entries *entries,
		 const struct mv_oid *pack, struct mv_err *err);

/* A locked temporary file in tmp/; MV_EBUSY never. */
int mv_store_tmp(struct mv_tmp *out, struct mv_store *store,
		 const char *prefix, struct mv_err *err);
int mv_store_recover_force(struct mv_store *store, struct mv_err *err);

#endif
