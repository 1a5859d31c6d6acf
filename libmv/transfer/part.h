/* SPDX-License-Identifier: MIT */
#ifndef MV_TRANSFER_PART_H
#define MV_TRANSFER_PART_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/store/part.h"
#include "libmv/store/tx.h"

/*
 * part: reading some bytes of a content without having all of it. What is here
 * is read here, whole or not; what is not comes from a remote, chunk by chunk,
 * and stays (store/part.h says what that proves).
 */
struct mv_pointer;
struct mv_repo;
struct mv_transfer_part;

enum mv_transfer_part_flags {
	MV_PART_FETCH = 1 << 0	/* bring what is not here */
};

/*
 * `remote`: where it comes from; NULL: wherever it is. An object of Git LFS is
 * here whole, or MV_EINVALID with MV_PART_FETCH and MV_ENOENT without.
 */
int mv_transfer_part_open(struct mv_transfer_part **out, struct mv_repo *repo,
			  const struct mv_pointer *pointer, const char *remote,
			  unsigned flags, struct mv_err *err);
void mv_transfer_part_close(struct mv_transfer_part *part);

/* Of the content, also where its pointer does not say. */
int mv_transfer_part_size(uint64_t *size, struct mv_transfer_part *part,
			  struct mv_err *err);

/*
 * A mv_read_at_fn; `part` is a struct mv_transfer_part. MV_ENOENT: some of it
 * is not here, and not to be had. By several threads at once only where all
 * of it is here, which mv_transfer_part_bring() sees to.
 */
int mv_transfer_part_read_at(void *part, uint64_t off, void *data, size_t len,
			     size_t *got, struct mv_err *err);

/* Did the last reading fail? Whoever asked through a parser cannot tell. */
int mv_transfer_part_failed(const struct mv_transfer_part *part);

/* The same ranges give 0 in mv_transfer_part_read_at() afterwards. */
int mv_transfer_part_bring(struct mv_transfer_part *part,
			   const struct mv_range *ranges, size_t count,
			   struct mv_err *err);

/* mv_store_part_names(); MV_ENOENT: it has no chunks. */
int mv_transfer_part_names(struct mv_buf *out, struct mv_transfer_part *part,
			   const struct mv_range *range, struct mv_err *err);

/* What it is now: all of it here; proven to be of that content; and what came. */
struct mv_transfer_part_state {
	int whole, vouched;
	struct mv_tx_stats tx;
};
void mv_transfer_part_state(struct mv_transfer_part_state *out,
			    struct mv_transfer_part *part);

/*
 * Each content that `revs` (NULL: the index) need, once, with one of its paths:
 * what mv_transfer_fetch() would bring.
 */
typedef int (*mv_transfer_part_fn)(void *payload, const char *path,
				   const struct mv_pointer *pointer,
				   struct mv_err *err);
int mv_transfer_part_each(struct mv_repo *repo, const char *const *revs,
			  mv_transfer_part_fn fn, void *payload,
			  struct mv_err *err);

#endif
