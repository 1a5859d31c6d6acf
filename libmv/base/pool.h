/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_POOL_H
#define MV_BASE_POOL_H

#include <stddef.h>

#include "libmv/base/err.h"

/*
 * A fixed set of worker threads that run jobs in the order submitted.
 *
 * Jobs are grouped: a group counts its unfinished jobs and keeps the first
 * error. After a job of a group failed, its jobs that have not begun are
 * skipped (their `skip` function runs instead, so that memory is not lost).
 * Submitting blocks while `2 * threads` jobs wait, which bounds memory. A
 * job must not submit to its own pool, nor wait for a group.
 *
 * A pool is shared freely between threads. Signals are blocked in workers.
 */
struct mv_pool;

/* `threads` 0 means one per available processor (affinity respected). */
int mv_pool_new(struct mv_pool **out, unsigned threads, struct mv_err *err);
void mv_pool_free(struct mv_pool *pool);	/* waits; NULL is fine */
unsigned mv_pool_threads(const struct mv_pool *pool);

struct mv_group;
int mv_group_new(struct mv_group **out, struct mv_pool *pool,
		 struct mv_err *err);
/* `worker` is 0 .. threads-1: an index for per-thread scratch memory. */
typedef int (*mv_job_fn)(void *arg, unsigned worker, struct mv_err *err);
/* Never fails. `skip` may be NULL. */
void mv_group_submit(struct mv_group *group, mv_job_fn run,
		     void (*skip)(void *arg), void *arg);
/* Has a job failed already? A reader can stop early. */
int mv_group_failed(struct mv_group *group);
/* Wait for all; the first error, or 0. The group can then be used again. */
int mv_group_wait(struct mv_group *group, struct mv_err *err);
void mv_group_free(struct mv_group *group);	/* waits; NULL is fine */

#endif
