/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_PROGRESS_H
#define MV_BASE_PROGRESS_H

#include <stdint.h>

/*
 * How the library tells a door that work goes on. The door decides whether
 * anything is shown. `what` is a constant like "Storing"; units are bytes
 * unless the call says otherwise; `total` 0 means unknown. May be called
 * from any thread, calls are not serialised: the receiver does that. A NULL
 * struct pointer or NULL `update` means nobody listens.
 */
struct mv_progress {
	void (*update)(void *payload, const char *what, uint64_t done,
		       uint64_t total);
	void *payload;
};

static inline void mv_progress_update(const struct mv_progress *p,
				      const char *what, uint64_t done,
				      uint64_t total)
{
	if (p && p->update)
		p->update(p->payload, what, done, total);
}

#endif
