/* SPDX-License-Identifier: MIT */
#ifndef HOOKS_TURN_H
#define HOOKS_TURN_H

#include <stdint.h>
#include <sys/types.h>

#include "libmv/base/fs.h"

/*
 * One push after the other: from before it is judged until its refs have moved,
 * no other push is judged. The lock is a file's (flock); it is held by the
 * judge, and after a yes by a process that watches git-receive-pack and ends
 * with it, however that ends.
 */
struct mv_turn {
	struct mv_lock lock;
};
#define MV_TURN_INIT { MV_LOCK_INIT }

/* Wait for it, at most that long (ms; 0: as long as it takes). `path` is the
   lock's file, whose folder is there. MV_EBUSY: it did not come. */
int mv_turn_take(struct mv_turn *turn, const char *path, int64_t ms,
		 struct mv_err *err);
/*
 * The judge says yes: hold it until `pack`, a process that is our ancestor, has
 * ended or mv_turn_over() is called. After `ms` (0: never) the process is
 * ended: what it has not done by then it must not do later, unseen by others.
 */
int mv_turn_keep(struct mv_turn *turn, pid_t pack, int64_t ms,
		 struct mv_err *err);
/* Give it back, if it is held for that process; of another process than the
   one that took it. */
void mv_turn_over(const char *path, pid_t pack);
void mv_turn_drop(struct mv_turn *turn);	/* an empty one is fine */

/* The git-receive-pack that runs a hook whose parent is `parent`: that, or what
   stands above it; 0: there is none. */
pid_t mv_turn_find_pack(pid_t parent);

#endif
