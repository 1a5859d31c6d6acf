/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_TIME_H
#define MV_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * Moments are milliseconds since 1970 UTC, so that they can be handed down
 * from the door: the library asks no clock. Text is RFC 3339 in UTC with
 * milliseconds, "2026-11-21T08:15:00.123Z", whose byte order is time order.
 */
int64_t mv_now_ms(void);		/* for doors */
#define MV_TIME_LEN 24
/* `text` has room for 32. Years outside 0000..9999 are clamped. Returns text. */
char *mv_time_print(char *text, int64_t ms);
/* Exactly our form, or any RFC 3339 moment (offset and fraction allowed);
   also "2026-11-21" (midnight UTC). MV_EINVALID. */
int mv_time_parse(int64_t *ms, const char *text, struct mv_err *err);
/* "3 days ago", "in 2 hours": for people. `text` has room for 32. */
char *mv_time_relative(char *text, int64_t ms, int64_t now_ms);

#endif
