/* SPDX-License-Identifier: MIT */
#include "libmv/base/sqlite.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/buf.h"
#include "libmv/base/fs.h"
#include "libmv/base/library.h"

/*
 * The door to libsqlite3, loaded on first need, as most commands have none.
 * The pointers have the types of the header that we compile with; the ABI of
 * libsqlite3.so.0 only grows.
 *
 * Nothing may be written beside the database, not even for a moment, and
 * what SQLite writes there depends on how the file was written:
 *
 *	rollback journal	read-only is enough: locks only
 *	WAL, no -wal file	immutable=1: SQLite would make -wal and -shm.
 *				It then takes no locks, so we look afterwards
 *				whether the file changed meanwhile
 *	WAL, -wal and -shm	readonly_shm=1: whether somebody has it open
 *				or died, the log is read, and -shm stays
 *	WAL, -wal, no -shm	refused: without the log it would be old news
 */
#define SONAME "libsqlite3.so.0"
#define COLUMNS_MAX 64
#define CELL_BYTES_MAX (16 << 20)
#define STEPS_PER_CALL 100000	/* some milliseconds */
#define TIMEOUT_MS 60000
#define ROWS_MAX 20000000

#define FUNCTIONS(X) \
	X(sqlite3_open_v2) \
	X(sqlite3_close_v2) \
	X(sqlite3_errmsg) \
	X(sqlite3_db_config) \
	X(sqlite3_limit) \
	X(sqlite3_progress_handler) \
	X(sqlite3_busy_timeout) \
	X(sqlite3_prepare_v2) \
	X(sqlite3_bind_text) \
	X(sqlite3_step) \
	X(sqlite3_finalize) \
	X(sqlite3_column_count) \
	X(sqlite3_column_type) \
	X(sqlite3_column_int64) \
	X(sqlite3_column_double) \
	X(sqlite3_column_text) \
	X(sqlite3_column_bytes)

#define MEMBER(name) __typeof__(&name) name;

struct mv_sqlite {
	void *handle;
	FUNCTIONS(MEMBER)
	sqlite3 *db;
	char *path;
	struct stat st;
	int immutable;
	int64_t until_ms;	/* when it is enough */
};

static int sqlite_load(struct mv_sqlite *db, struct mv_err *err)
{
	static const char *const name[] = {
#define NAME(n) #n,
		FUNCTIONS(NAME)
	};
	void **to[] = {
#define PLACE(n) (void **)&db->n,
		FUNCTIONS(PLACE)
	};

	return mv_library_open(&db->handle, SONAME, 0, "install libsqlite3-0",
			       name, to, sizeof(name) / sizeof(*name), err);
}

/* Is there a file that holds anything? */
static int beside(const char *path, const char *suffix, int *there,
		  struct mv_err *err)
{
	char *name = mv_strf("%s%s", path, suffix);
	struct stat st;

	if (!name)
		return mv_nomem(err);
	*there = !lstat(name, &st) && st.st_size > 0;
	free(name);
	return 0;
}

/* The parameters of the URI; see the table above. */
static int choose_mode(const char **out, struct mv_sqlite *db,
		       const unsigned char *header, struct mv_err *err)
{
	int wal, shm, rc;

	*out = "mode=ro";
	/* Version numbers for writing and reading: 2 is WAL. */
	if (header[18] != 2 && header[19] != 2)
		return 0;
	rc = beside(db->path, "-wal", &wal, err);
	if (!rc)
		rc = beside(db->path, "-shm", &shm, err);
	if (rc)
		return rc;
	db->immutable = !wal;
	*out = wal ? "mode=ro&readonly_shm=1" : "mode=ro&immutable=1";
	if (wal && !shm)
		return mv_fail(err, MV_EBUSY, "'%s' has a write-ahead log that "
			       "must be merged first: sqlite3 '%s' 'pragma "
			       "wal_checkpoint'", db->path, db->path);
	return 0;
}

static int sqlite_look(const char **mode, struct mv_sqlite *db,
		       const char *path,
		       struct mv_err *err)
{
	unsigned char header[100];
	size_t got = 0;
	int fd, rc;

	rc = mv_open_read(&fd, &db->st, path, err);
	if (rc)
		return rc;
	rc = mv_pread_full(fd, header, sizeof(header), 0, &got, path, err);
	/* Closing it later would drop SQLite's locks on the same file. */
	close(fd);
	if (rc)
		return rc;
	if (got < sizeof(header) ||
	    memcmp(header, "SQLite format 3", 16))
		return mv_fail(err, MV_EINVALID, "'%s' is no SQLite database",
			       path);
	db->path = realpath(path, NULL);
	if (!db->path)
		return mv_fail(err, MV_EIO, "cannot resolve '%s'", path);
	return choose_mode(mode, db, header, err);
}

static int make_uri(struct mv_buf *out, const char *path, const char *mode)
{
	int bad = mv_buf_addstr(out, "file:");

	for (const char *p = path; *p && !bad; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f || strchr("?#%", c))
			bad = mv_buf_addf(out, "%%%02X", c);
		else
			bad = mv_buf_addch(out, (char)c);
	}
	return bad || mv_buf_addf(out, "?%s", mode) ? MV_ENOMEM : 0;
}

static int code_of(int code)
{
	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return MV_EBUSY;
	case SQLITE_NOMEM:
		return MV_ENOMEM;
	default:
		return MV_ECORRUPT;
	}
}

static int fail(struct mv_sqlite *db, int code, struct mv_err *err)
{
	const char *why = db->db ? db->sqlite3_errmsg(db->db) : "no memory";

	if (code == SQLITE_INTERRUPT)
		return mv_fail(err, MV_EINVALID, "reading '%s' takes too long, "
			       "as a view that never ends would; --timeout "
			       "gives it more time", db->path);
	return mv_fail(err, code_of(code), "cannot read '%s': %s", db->path,
		       why);
}

/* A schema can hold expressions that a query then runs, and lengths that
   take all memory. */
static int defend(struct mv_sqlite *db, struct mv_err *err)
{
	static const int on[] = { SQLITE_DBCONFIG_DEFENSIVE };
	static const int off[] = {
		SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
		SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION
	};
	static const struct {
		int what, max;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, CELL_BYTES_MAX },
		{ SQLITE_LIMIT_SQL_LENGTH, 1 << 20 },
		{ SQLITE_LIMIT_COLUMN, 500 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 20 },
		{ SQLITE_LIMIT_VDBE_OP, 100000 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 10 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 }
	};
	int code = 0;

	for (size_t i = 0; i < sizeof(on) / sizeof(*on) && !code; i++)
		code = db->sqlite3_db_config(db->db, on[i], 1, (int *)NULL);
	for (size_t i = 0; i < sizeof(off) / sizeof(*off) && !code; i++)
		code = db->sqlite3_db_config(db->db, off[i], 0, (int *)NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		db->sqlite3_limit(db->db, limits[i].what, limits[i].max);
	db->sqlite3_busy_timeout(db->db, 2000);
	return code ? fail(db, code, err) : 0;
}

static int64_t ticks_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_enough(void *payload)
{
	const struct mv_sqlite *db = payload;

	return ticks_ms() > db->until_ms;
}

void mv_sqlite_set_timeout(struct mv_sqlite *db, int64_t ms)
{
	db->until_ms = ticks_ms() + ms;
}

int mv_sqlite_open(struct mv_sqlite **out, const char *path,
		   struct mv_err *err)
{
	struct mv_sqlite *db = calloc(1, sizeof(*db));
	const char *mode = NULL;
	struct mv_buf uri;
	int rc, code;

	*out = NULL;
	if (!db)
		return mv_nomem(err);
	mv_sqlite_set_timeout(db, TIMEOUT_MS);
	mv_buf_init(&uri, 64 << 10);
	rc = sqlite_look(&mode, db, path, err);
	if (!rc)
		rc = sqlite_load(db, err);
	if (!rc && make_uri(&uri, db->path, mode))
		rc = mv_nomem(err);
	if (!rc) {
		code = db->sqlite3_open_v2(uri.data, &db->db,
					   SQLITE_OPEN_READONLY |
					   SQLITE_OPEN_URI |
					   SQLITE_OPEN_NOFOLLOW |
					   SQLITE_OPEN_NOMUTEX, NULL);
		rc = code ? fail(db, code, err) : defend(db, err);
	}
	if (!rc)
		db->sqlite3_progress_handler(db->db, STEPS_PER_CALL,
					     is_enough, db);
	mv_buf_release(&uri);
	if (rc) {
		mv_sqlite_close(db);
		return rc;
	}
	*out = db;
	return 0;
}

void mv_sqlite_close(struct mv_sqlite *db)
{
	if (!db)
		return;
	if (db->db)
		(void)db->sqlite3_close_v2(db->db);
	if (db->handle)
		dlclose(db->handle);
	free(db->path);
	free(db);
}

/* What is no text, or holds a NUL, is nothing. */
static void get_cell(struct mv_sqlite_cell *cell, struct mv_sqlite *db,
		     sqlite3_stmt *s, int i)
{
	int type = db->sqlite3_column_type(s, i);

	memset(cell, 0, sizeof(*cell));
	if (type == SQLITE_NULL || type == SQLITE_BLOB)
		return;
	cell->i = db->sqlite3_column_int64(s, i);
	cell->r = db->sqlite3_column_double(s, i);
	cell->text = (const char *)db->sqlite3_column_text(s, i);
	if (!cell->text ||
	    strlen(cell->text) != (size_t)db->sqlite3_column_bytes(s, i)) {
		memset(cell, 0, sizeof(*cell));
		return;
	}
	cell->type = MV_SQLITE_TEXT;
	if (type == SQLITE_INTEGER)
		cell->type = MV_SQLITE_INT;
	else if (type == SQLITE_FLOAT)
		cell->type = MV_SQLITE_REAL;
}

static int each_row(struct mv_sqlite *db, sqlite3_stmt *s, mv_sqlite_fn fn,
		    void *payload, struct mv_err *err)
{
	struct mv_sqlite_cell row[COLUMNS_MAX];
	int count = db->sqlite3_column_count(s), code, rc = 0;
	uint64_t rows = 0;

	if (count > COLUMNS_MAX)
		return mv_fail(err, MV_ENOTSUP, "more than %d columns",
			       COLUMNS_MAX);
	while ((code = db->sqlite3_step(s)) == SQLITE_ROW && !rc) {
		for (int i = 0; i < count; i++)
			get_cell(&row[i], db, s, i);
		rc = fn(payload, row, (size_t)count, err);
		if (!rc && ++rows == ROWS_MAX)
			rc = mv_fail(err, MV_EINVALID, "more than %d rows "
				     "in '%s'", ROWS_MAX, db->path);
		/* Few steps a row, and much to do with each. */
		if (!rc && !(rows & 0xfff) && is_enough(db))
			rc = fail(db, SQLITE_INTERRUPT, err);
		if (rc)
			return rc;
	}
	return code == SQLITE_DONE ? 0 : fail(db, code, err);
}

/* Without locks, somebody may have written while we read. */
static int check_still(const struct mv_sqlite *db, struct mv_err *err)
{
	struct stat now;
	int wal = 0, rc = 0;

	if (!db->immutable)
		return 0;
	rc = beside(db->path, "-wal", &wal, err);
	if (rc)
		return rc;
	if (wal || stat(db->path, &now) || now.st_size != db->st.st_size ||
	    now.st_mtim.tv_sec != db->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != db->st.st_mtim.tv_nsec)
		return mv_fail(err, MV_EBUSY, "'%s' was written while it was "
			       "read; try again", db->path);
	return 0;
}

int mv_sqlite_each(struct mv_sqlite *db, const char *sql,
		   const char *const *args, mv_sqlite_fn fn, void *payload,
		   struct mv_err *err)
{
	sqlite3_stmt *s = NULL;
	int code, rc = 0;

	if (is_enough(db))
		return fail(db, SQLITE_INTERRUPT, err);
	code = db->sqlite3_prepare_v2(db->db, sql, -1, &s, NULL);
	for (int i = 0; !code && args && args[i]; i++)
		code = db->sqlite3_bind_text(s, i + 1, args[i], -1,
					     SQLITE_STATIC);
	rc = code ? fail(db, code, err) : each_row(db, s, fn, payload, err);
	(void)db->sqlite3_finalize(s);
	return rc ? rc : check_still(db, err);
}

static int one_row(void *payload, const struct mv_sqlite_cell *row,
		   size_t columns, struct mv_err *err)
{
	(void)row;
	(void)columns;
	(void)err;
	*(int *)payload = 1;
	return 0;
}

int mv_sqlite_has(struct mv_sqlite *db, const char *table, const char *column,
		  struct mv_err *err)
{
	const char *args[] = { table, column, NULL };
	int found = 0, rc;

	rc = mv_sqlite_each(db, column ?
			    "select 1 from pragma_table_info(?1) "
			    "where name = ?2" :
			    "select 1 from sqlite_master where type in "
			    "('table', 'view') and name = ?1",
			    args, one_row, &found, err);
	return rc ? rc : found;
}
