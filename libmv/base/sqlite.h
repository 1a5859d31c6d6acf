/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_SQLITE_H
#define MV_BASE_SQLITE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/err.h"

/*
 * Reading SQLite databases of strangers: the only user of libsqlite3, which
 * is opened (dlopen) at the first use. Databases are opened read-only and
 * defensively (SQLITE_DBCONFIG_DEFENSIVE, trusted_schema off, no extensions,
 * limits on lengths, on rows and on time); nothing is ever written beside
 * them. A view that never ends is MV_EINVALID when the time is over, a minute
 * in all unless set, whatever was asked and however often.
 *
 * A database in WAL mode that somebody has open is read with its log. One
 * whose log lies there without its -shm file cannot be read without writing:
 * MV_EBUSY says what to do. Expected, too: MV_ENOENT, MV_EINVALID (not a
 * database), MV_EDENIED (a symlink, or no regular file), MV_ECORRUPT, MV_EBUSY
 * (locked, or written meanwhile), MV_ENOTSUP (no libsqlite3).
 */
struct mv_sqlite;

int mv_sqlite_open(struct mv_sqlite **out, const char *path,
		   struct mv_err *err);
void mv_sqlite_close(struct mv_sqlite *db);	/* NULL is fine */
/* From now on, for all that will be asked. */
void mv_sqlite_set_timeout(struct mv_sqlite *db, int64_t ms);

/* One cell, valid during the call. Blobs and text that holds a NUL are NULL;
   text is NULL for those, and the value as text for all others. */
struct mv_sqlite_cell {
	const char *text;
	int64_t i;
	double r;
	enum { MV_SQLITE_NULL, MV_SQLITE_INT, MV_SQLITE_REAL, MV_SQLITE_TEXT }
		type;
};
typedef int (*mv_sqlite_fn)(void *payload, const struct mv_sqlite_cell *row,
			    size_t columns, struct mv_err *err);
/* `sql` is ours; `args` are bound to ?1, ?2 ... as text, NULL-terminated. */
int mv_sqlite_each(struct mv_sqlite *db, const char *sql,
		   const char *const *args, mv_sqlite_fn fn, void *payload,
		   struct mv_err *err);
/* Is there a table (or view) of that name, with that column (NULL: any)?
   1, 0, or an error code below 0. */
int mv_sqlite_has(struct mv_sqlite *db, const char *table, const char *column,
		  struct mv_err *err);

#endif
