/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_STORE_H
#define MV_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libmv/base/hash.h"
#include "libmv/base/pool.h"
#include "libmv/base/progress.h"
#include "libmv/base/runs.h"
#include "libmv/base/stream.h"

/*
 * The store: keep these bytes; give them back.
 *
 * Content of any size goes in and is named by the SHA-256 of its bytes (its
 * oid). What is hidden: content is cut into chunks (chunking.md), each named
 * by its BLAKE3 and stored once, compressed by what suits its bytes, in immutable packs
 * (pack.md) that sorted, mapped indexes find again (index.md); a recipe
 * (recipe.md) lists the chunks of a content. Formats: docs/format/.
 *
 * Invariants
 * - Nothing enters without the SHA-256 of the whole verified, nothing leaves
 *   without the hash of each of its chunks verified. No flag turns that off.
 *   Every function that gives bytes gives the right ones or fails.
 * - What was committed survives a crash, a kill and a full disk; what was
 *   not is invisible, except to mv_store_recover().
 * - Memory is bounded: about 8 MiB per pool thread plus 48 MiB, whatever the
 *   size of the content.
 * - No bytes at all is a content that every store has.
 *
 * Writing is a transaction: begin, put any number of times, commit. Readers
 * take no lock and see the store as it was or as it is. Several processes
 * and users may write at once.
 *
 * Threads: a `struct mv_store` may be used by many threads at once; a
 * `struct mv_tx` too (puts run side by side), except commit and abort.
 * Functions that take a pool use it; they must not be called from one of
 * its jobs unless they say so.
 */
struct mv_store;

#define MV_OWNER_HEX 32

enum mv_store_flags {
	MV_STORE_CREATE = 1 << 0,	/* make the directory if it is missing */
	MV_STORE_READ_ONLY = 1 << 1,	/* somebody else's: never write there */
	MV_STORE_MEND = 1 << 2,		/* write a damaged `format` again */
	MV_STORE_UPGRADE = 1 << 3	/* an older version's too, but only for
					   mv_store_upgrade() */
};

struct mv_store_options {
	unsigned flags;
	struct mv_pool *pool;		/* borrowed; needed for put and restore
					   of large content, gc, fsck, copy */
	mv_runs_fn plan;		/* cut hints; NULL: by content alone */
	const struct mv_progress *progress;	/* borrowed; may be NULL */
	uint64_t pack_size;		/* 0: 64 MiB; tests use small ones */
	size_t publish_after;		/* new chunks of a transaction; 0:
					   256 Ki; tests use small numbers */
	const char *owner;		/* for whom it is written: a name in
					   clients/, cut to MV_OWNER_HEX; NULL:
					   the repository around the store.
					   Only until it is open */
	mode_t share;			/* rights (0060, 0064 ...) that a store
					   which is made has for others,
					   whatever the umask says; 0: none */
};

/* MV_ENOENT (missing, without CREATE) and MV_ENOTSUP (of a newer version, or
   of an older one that needs mv_store_upgrade()) are expected. */
int mv_store_open(struct mv_store **out, const char *dir,
		  const struct mv_store_options *options, struct mv_err *err);
void mv_store_close(struct mv_store *store);
const char *mv_store_dir(const struct mv_store *store);	/* borrowed */

/*
 * These contents, which are there, are needed by options.owner: where that is
 * nobody whom gc asks (clients/), the packs that hold them are kept for good.
 * What is not there is passed over.
 */
int mv_store_keep(struct mv_store *store, const struct mv_oid *oids,
		  size_t count, struct mv_err *err);

/*
 * Publish what transactions of killed processes had flushed. Cheap when
 * there is nothing. Called by mv_tx_begin(), and by readers after a miss.
 */
int mv_store_recover(struct mv_store *store, struct mv_err *err);

/* -- reading -------------------------------------------------------------- */

/* 0 or MV_ENOENT. Does not verify. `size` may be NULL. */
int mv_store_has(struct mv_store *store, const struct mv_oid *oid,
		 uint64_t *size, struct mv_err *err);

/*
 * From now on mv_store_read() expects to be asked for small contents one
 * after the other, as they were added, and a thread decodes what comes next:
 * for a caller that must answer each before it learns of the next. Takes up
 * to 16 MiB. Call it before other threads use the store; twice is once.
 */
int mv_store_read_ahead(struct mv_store *store, struct mv_err *err);

/*
 * Stream all bytes, in order, in the caller's thread (fine in a pool job).
 * Nothing of a chunk is written before that chunk was verified.
 */
int mv_store_read(struct mv_store *store, const struct mv_oid *oid,
		  struct mv_writer *out, struct mv_err *err);

/* Up to `len` bytes at `off`; *got is less only at the end. */
int mv_store_read_at(struct mv_store *store, const struct mv_oid *oid,
		     uint64_t off, void *data, size_t len, size_t *got,
		     struct mv_err *err);

/*
 * Write all bytes to `fd` (a new, empty, regular file; `path` is for
 * messages) with the pool, chunks in any order, each verified. On failure
 * the file holds garbage and is the caller's to remove.
 */
int mv_store_restore(struct mv_store *store, const struct mv_oid *oid,
		     int fd, const char *path, struct mv_err *err);

/* -- looking after it ----------------------------------------------------- */

/*
 * The chunks of one content, in order; `stored` is what the chunk takes in
 * its pack, `raw` its length. For du: who shares what.
 */
typedef int (*mv_chunk_fn)(void *payload, const struct mv_oid *chunk,
			   uint32_t raw, uint32_t stored, struct mv_err *err);
int mv_store_each_chunk(struct mv_store *store, const struct mv_oid *oid,
			mv_chunk_fn fn, void *payload, struct mv_err *err);

/*
 * The same, and how each is held: as it is, as one frame, in planes, as a
 * difference to the chunk `base` or as the few changes to it.
 */
enum mv_held {
	MV_HELD_RAW, MV_HELD_ZSTD, MV_HELD_PLANES, MV_HELD_DELTA,
	MV_HELD_SPARSE, MV_HELD_KINDS
};
struct mv_chunk_how {
	const struct mv_oid *chunk;
	const struct mv_oid *base;	/* NULL: it stands alone */
	uint32_t raw, stored;
	enum mv_held held;
};
typedef int (*mv_how_fn)(void *payload, const struct mv_chunk_how *how,
			 struct mv_err *err);
int mv_store_each_how(struct mv_store *store, const struct mv_oid *oid,
		      mv_how_fn fn, void *payload, struct mv_err *err);

struct mv_store_stats {
	uint64_t packs, pack_bytes;
	uint64_t indexes, index_bytes;
	uint64_t chunks, contents;	/* contents that have a recipe */
	uint64_t temporary;		/* files left by killed writers */
	uint64_t gone;			/* packs that are named, not there */
	uint64_t cut;			/* there, of another length */
};
int mv_store_stats(struct mv_store *store, struct mv_store_stats *out,
		   struct mv_err *err);

/*
 * Read and verify everything: every byte of every pack and index, every
 * chunk against its id, every recipe against its content. Each thing that is
 * wrong is told to `fn` (code, path or oid, what). With MV_FSCK_REPAIR what
 * can be mended is: indexes are rebuilt, good records of a damaged pack are
 * saved into a new one, the damaged file moves to bad/ (never deleted), and
 * contents that cannot be given back are forgotten: missing from then on.
 * What a newer version wrote, or could only not be read, stays as it is.
 * Repair is idempotent. *bad counts contents and files that stay damaged, and
 * with repair what was lost. `fn` may be called by threads of the pool, one
 * at a time. MV_EBUSY: repair while this process has a transaction.
 */
enum mv_fsck_flags { MV_FSCK_REPAIR = 1 << 0 };
enum mv_fsck_kind {
	MV_FSCK_TEMPORARY,	/* harmless leftover */
	MV_FSCK_REPAIRED,
	MV_FSCK_BAD_FILE,	/* a pack or index is damaged */
	MV_FSCK_BAD_CONTENT,	/* a content cannot be given back */
	MV_FSCK_ELSEWHERE,	/* harmless: never fetched from a remote */
	MV_FSCK_STRAY,		/* a pointer in git that no pattern explains */
	MV_FSCK_RAW,		/* bytes in git under our filter */
	MV_FSCK_LOST,		/* repair: what could not be saved */
	MV_FSCK_BROKEN		/* a pointer in git that cannot be read */
};
typedef void (*mv_fsck_fn)(void *payload, enum mv_fsck_kind kind,
			   const char *subject, const char *message);
int mv_store_fsck(struct mv_store *store, unsigned flags, mv_fsck_fn fn,
		  void *payload, uint64_t *bad, struct mv_err *err);

/*
 * A store that an older version wrote becomes one of this version: every chunk
 * gets its new name, every recipe names them, packs and indexes are written
 * anew, old packs go when the new ones are on the disk, and `format` says so
 * last. The store was opened with MV_STORE_UPGRADE. Nothing is lost: a damaged
 * pack gives what is good in it and moves to bad/, and so does one with a
 * content whose chunks are gone; both are told to `fn` and counted in *bad.
 * Killed, it is done again from the start; twice changes nothing. MV_EBUSY:
 * somebody writes. Takes 80 bytes of memory a chunk.
 */
int mv_store_upgrade(struct mv_store *store, mv_fsck_fn fn, void *payload,
		     uint64_t *bad, struct mv_err *err);

/*
 * Numbers of one content that stand in another one, too, and may differ a
 * little: what is at `off` leans on what is at `base_off`.
 */
struct mv_lean_run {
	uint64_t off, base_off, len;
	unsigned int numbers;	/* enum mv_numbers */
};
/*
 * What may lean on what. Called by options.leans, as often as it likes, for
 * newer contents first. `newer`: the base is the next version; else it only has
 * the same tensors. mv_gc_wants(): 1 when the content has chunks with which
 * that was not tried yet, 0, or an error. mv_gc_may_lean(): runs in order of
 * `off`; without any, nothing of it leans on that base. Where it pays, chunks
 * of `oid` are stored as differences; otherwise they stay as they are, and
 * either way they are not tried again. Nothing ever leans on itself, and no
 * chain gets longer than it may.
 */
struct mv_gc_leaner;
int mv_gc_wants(struct mv_gc_leaner *leaner, const struct mv_oid *oid,
		int newer, struct mv_err *err);
int mv_gc_may_lean(struct mv_gc_leaner *leaner, const struct mv_oid *oid,
		   const struct mv_oid *base, const struct mv_lean_run *runs,
		   size_t count, int newer, struct mv_err *err);

/*
 * Drop what no root needs and is older than `grace_s` seconds. `roots` is
 * called under the store's exclusive lock and calls `add` for every oid
 * that somebody still names; if it fails, nothing is dropped. Packs younger
 * than the grace period, and contents that a transaction found already
 * present within it, are kept whole. `now` is seconds since 1970. MV_EBUSY:
 * somebody writes, or this process has a transaction on this store.
 */
struct mv_gc_options {
	int dry_run;
	int aggressive;		/* differences that are slower to read */
	int64_t grace_s;
	int64_t now;
	int (*roots)(void *payload,
		     int (*add)(void *sink, const struct mv_oid *oid),
		     void *sink, struct mv_err *err);
	/* NULL: nothing is stored as a difference that is not already. */
	int (*leans)(void *payload, struct mv_gc_leaner *leaner,
		     struct mv_err *err);
	void *payload;
};
struct mv_gc_stats {
	uint64_t dropped_chunks, dropped_contents;
	uint64_t freed;		/* bytes of files that went away, net */
	uint64_t packs_removed, packs_rewritten;
	uint64_t kept_young;	/* unreferenced bytes inside the grace period */
	uint64_t kept_foreign;	/* bytes in packs of owners whom nobody asks */
	uint64_t leaning;	/* chunks stored as differences from now on */
	uint64_t lean_saved;	/* bytes that this is less */
};
int mv_store_gc(struct mv_store *store, const struct mv_gc_options *options,
		struct mv_gc_stats *stats, struct mv_err *err);

#endif
