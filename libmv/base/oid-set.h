/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_OID_SET_H
#define MV_BASE_OID_SET_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"
#include "libmv/base/hash.h"

/*
 * A set of ids that only grows, in memory: 32 bytes an id and 8 to 16 more to find
 * it. It begins as zeros. For hashes: the first bytes choose the place. Who
 * shares one between threads locks it.
 */
struct mv_oid_set {
	struct mv_oid *ids;	/* in the order in which they came */
	size_t count, alloc;
	uint32_t *slots;	/* open addressing: number in `ids` + 1 */
	size_t slot_count;
};

int mv_oid_set_has(const struct mv_oid_set *set, const struct mv_oid *id);

/* 1: it is new; 0: it was there; or MV_ENOMEM, also at 2^32 ids. */
int mv_oid_set_add(struct mv_oid_set *set, const struct mv_oid *id,
		   struct mv_err *err);

/* Empty again; the memory stays. */
void mv_oid_set_clear(struct mv_oid_set *set);

void mv_oid_set_release(struct mv_oid_set *set);

#endif
