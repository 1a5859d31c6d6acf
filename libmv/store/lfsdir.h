/* SPDX-License-Identifier: MIT */
#ifndef MV_STORE_LFSDIR_H
#define MV_STORE_LFSDIR_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/base/stream.h"

/*
 * The directory where Git LFS keeps content: one file for each, named by its
 * sha256. `dir` is what lfs.storage names, "<common dir>/lfs" unless set.
 *
 *	<dir>/objects/ab/cd/abcd...	the bytes, 64 lower-case hex digits
 *	<dir>/tmp/			files being written; git-lfs removes
 *					what is left there after an hour
 *	<dir>/incomplete/		what has come of objects so far
 *
 * It belongs to git-lfs as much as to us: nothing here ever removes or
 * changes an object, with one exception: a put of the same content replaces
 * an object that is damaged. The empty content has no object.
 *
 * Threads and processes may do anything at once; files appear complete.
 */

/* 0 or MV_ENOENT. Does not verify; compare `*size` with the pointer's. */
int mv_lfsdir_has(const char *dir, const struct mv_oid *oid, uint64_t *size,
		  struct mv_err *err);

/*
 * Stream all bytes. They are hashed on the way; the last piece of up to
 * 1 MiB is written only after the whole was verified, so that content of up
 * to that size leaves verified or not at all, and longer content is never
 * complete when it is wrong. MV_ENOENT expected, MV_ECORRUPT for damage.
 */
int mv_lfsdir_read(const char *dir, const struct mv_oid *oid,
		   struct mv_writer *out, struct mv_err *err);

/*
 * Up to `len` bytes at `off`; *got is less only at the end. NOT verified,
 * because that takes reading everything: for looking at a header, never for
 * bytes that go on to a work tree or to the store.
 */
int mv_lfsdir_read_at(const char *dir, const struct mv_oid *oid, uint64_t off,
		      void *data, size_t len, size_t *got,
		      struct mv_err *err);

/*
 * Store everything that `in` yields: temporary file, fsync, rename, fsync of
 * the folders. Durable when it returns 0.
 */
int mv_lfsdir_put(struct mv_oid *oid, uint64_t *size, const char *dir,
		  struct mv_reader *in, struct mv_err *err);

/*
 * An object that comes piece by piece, perhaps over several runs: what has come
 * stays in <dir>/incomplete/<oid>-git-model.part (<oid>.part is git-lfs's, which
 * takes no lock). Where another of ours is writing that, a file of its own
 * takes its place, and nothing of it stays.
 */
struct mv_lfsdir_part;

/* *have: bytes that are there already, never all of them: what is whole and
   wrong has been thrown away, what is whole and right is MV_EEXISTS. */
int mv_lfsdir_part_open(struct mv_lfsdir_part **out, uint64_t *have,
			const char *dir, const struct mv_oid *oid,
			uint64_t size, struct mv_err *err);
int mv_lfsdir_part_write(struct mv_lfsdir_part *part, const void *data,
			 size_t len, struct mv_err *err);
/* Begin anew. */
int mv_lfsdir_part_restart(struct mv_lfsdir_part *part, struct mv_err *err);
/* It gets its name, durably, if it is what its name says; MV_ECORRUPT, and it
   is thrown away. */
int mv_lfsdir_part_finish(struct mv_lfsdir_part *part, struct mv_err *err);
/* NULL is fine. */
void mv_lfsdir_part_close(struct mv_lfsdir_part *part);

#endif
