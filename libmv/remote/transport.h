/* SPDX-License-Identifier: MIT */
#ifndef MV_REMOTE_TRANSPORT_H
#define MV_REMOTE_TRANSPORT_H

#include "libmv/remote/remote.h"
#include "libmv/store/store.h"
#include "libmv/store/tx.h"

/*
 * What a way of reaching a remote has to offer (private to remote). A new
 * transport is one file with one of these, and one row of the table in
 * remote.c.
 *
 * bid     0 with *where (fresh memory: what open wants instead of the URL),
 *         MV_ENOENT: not mine; another code: mine, but malformed
 * open    *state is handed to the others
 * has, keep, push, fetch, fetch_part	as in remote.h
 */
struct mv_transport {
	const char *name;
	int (*bid)(char **where, const char *url, struct mv_err *err);
	int (*open)(void **state, const char *where, enum mv_remote_mode mode,
		    const struct mv_store_options *options,
		    struct mv_err *err);
	void (*close)(void *state);
	int (*has)(void *state, const struct mv_oid *oids, size_t count,
		   uint8_t *has, struct mv_err *err);
	int (*keep)(void *state, const struct mv_oid *oids, size_t count,
		    struct mv_err *err);
	int (*push)(void *state, struct mv_store *from,
		    const struct mv_oid *oids, size_t count,
		    struct mv_tx_stats *stats, struct mv_err *err);
	int (*fetch)(void *state, struct mv_tx *into,
		     const struct mv_oid *oids, size_t count, uint8_t *found,
		     struct mv_err *err);
	int (*fetch_part)(void *state, struct mv_tx *into,
			  const struct mv_oid *oid, uint64_t size,
			  const struct mv_range *ranges, size_t count,
			  struct mv_err *err);
};

extern const struct mv_transport mv_transport_dir;

#endif
