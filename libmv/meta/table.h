/* SPDX-License-Identifier: MIT */
#ifndef MV_META_TABLE_H
#define MV_META_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* What tables and JSON Lines have in common; nobody else includes this. */

/* Names of the step, the first that is there counts; NULL-terminated. */
extern const char *const mv_step_names[];
/* Is it the name of a time? */
int mv_table_is_time(const char *name);
/* Seconds or milliseconds since 1970, or RFC 3339, as ms; 0: not known. */
int64_t mv_table_time(const char *s);

#endif
