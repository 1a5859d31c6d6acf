/* SPDX-License-Identifier: MIT */
#ifndef MV_REMOTE_REMOTE_H
#define MV_REMOTE_REMOTE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/hash.h"
#include "libmv/store/part.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * Move content there and back. A remote is opened by URL; a table of
 * transports (remote.c) bids for it. Today there is one: a directory that
 * is itself a store ("/path", "file:///path"). Nothing above asks which.
 *
 * Everything is verified where it arrives: by the store on the way in.
 */
struct mv_remote;

/* READ: nothing is ever written there (push: MV_EDENIED). WRITE: for push.
   MAKE: the same, and a directory that is missing is made. */
enum mv_remote_mode { MV_REMOTE_READ, MV_REMOTE_MAKE, MV_REMOTE_WRITE };
/*
 * MV_ENOENT: nothing there yet; MV_ENOTSUP: no transport for this URL;
 * MV_EINVALID: malformed, or a relative path, which only the caller can
 * resolve. `options` are for the store that a directory remote is; of its
 * flags, those of opening are chosen here. Messages never repeat a URL.
 */
int mv_remote_open(struct mv_remote **out, const char *url,
		   enum mv_remote_mode mode,
		   const struct mv_store_options *options,
		   struct mv_err *err);
void mv_remote_close(struct mv_remote *remote);
/*
 * The path of a "file:" URL, each %XX decoded once; yours. MV_ENOENT: it is no
 * such URL; MV_EINVALID: it names another host, or nothing printable.
 */
int mv_remote_file_path(char **path, const char *url, struct mv_err *err);

/* `has` gets one byte per oid. */
int mv_remote_has(struct mv_remote *remote, const struct mv_oid *oids,
		  size_t count, uint8_t *has, struct mv_err *err);

/* Contents that are there are needed by options->owner, too: mv_store_keep(). */
int mv_remote_keep(struct mv_remote *remote, const struct mv_oid *oids,
		   size_t count, struct mv_err *err);

/*
 * Upload what is missing there, in one transaction: all of it or nothing.
 * `from` must hold what the remote has not (MV_ENOENT names the first that
 * neither has). `stats` may be NULL.
 */
int mv_remote_push(struct mv_remote *remote, struct mv_store *from,
		   const struct mv_oid *oids, size_t count,
		   struct mv_tx_stats *stats, struct mv_err *err);

/* Download into an open transaction; `found` as in mv_tx_copy(). */
int mv_remote_fetch(struct mv_remote *remote, struct mv_tx *into,
		    const struct mv_oid *oids, size_t count, uint8_t *found,
		    struct mv_err *err);

/* Download what holds these ranges of one content; MV_ENOENT where it is not
   there whole; `size` and MV_ECORRUPT as mv_tx_copy_part() has them. */
int mv_remote_fetch_part(struct mv_remote *remote, struct mv_tx *into,
			 const struct mv_oid *oid, uint64_t size,
			 const struct mv_range *ranges, size_t count,
			 struct mv_err *err);

#endif
