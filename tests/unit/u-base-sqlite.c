/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libmv/base/buf.h"
#include "libmv/base/fs.h"
#include "libmv/base/sqlite.h"
#include "tests/unit/base-tmp.h"

/* A writer of databases: libsqlite3 itself, opened as the door does. */
struct writer {
	void *lib, *db;
	int (*open)(const char *, void **);
	int (*exec)(void *, const char *, void *, void *, void *);
	int (*close)(void *);
};

static void writer_open(struct writer *w, const char *path)
{
	w->lib = dlopen("libsqlite3.so.0", RTLD_NOW);
	assert_non_null(w->lib);
	*(void **)&w->open = dlsym(w->lib, "sqlite3_open");
	*(void **)&w->exec = dlsym(w->lib, "sqlite3_exec");
	*(void **)&w->close = dlsym(w->lib, "sqlite3_close");
	assert_int_equal(w->open(path, &w->db), 0);
}

static void run(struct writer *w, const char *sql)
{
	assert_int_equal(w->exec(w->db, sql, NULL, NULL, NULL), 0);
}

static void writer_close(struct writer *w)
{
	assert_int_equal(w->close(w->db), 0);
	dlclose(w->lib);
}

static void make(const char *path, const char *sql)
{
	struct writer w;

	writer_open(&w, path);
	run(&w, sql);
	writer_close(&w);
}

static int collect(void *payload, const struct mv_sqlite_cell *row,
		   size_t columns, struct mv_err *err)
{
	(void)err;
	for (size_t i = 0; i < columns; i++)
		mv_buf_addf(payload, "%d:%s ", (int)row[i].type,
			    row[i].text ? row[i].text : "-");
	return 0;
}

static int stop(void *payload, const struct mv_sqlite_cell *row,
		size_t columns, struct mv_err *err)
{
	(void)row;
	(void)columns;
	++*(int *)payload;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void gives(struct mv_sqlite *db, const char *sql, const char *arg,
		  const char *expected)
{
	const char *args[] = { arg, NULL };
	struct mv_err err = { MV_OK, "" };
	struct mv_buf b;

	mv_buf_init(&b, 10000);
	if (mv_sqlite_each(db, sql, args, collect, &b, &err))
		fail_msg("%s: %s", sql, err.msg);
	assert_string_equal(b.data, expected);
	mv_buf_release(&b);
}

/* Names, sizes and times of all files of a folder: nothing may change. */
static int add_file(void *payload, const char *name, struct mv_err *err)
{
	struct { struct mv_buf *out; const char *dir; } *p = payload;
	char path[4200];
	struct stat st;

	(void)err;
	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(stat(path, &st), 0);
	return mv_buf_addf(p->out, "%s %ld %ld.%ld ", name, (long)st.st_size,
			   (long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec);
}

static char *listing(const char *dir)
{
	struct mv_buf b;
	struct { struct mv_buf *out; const char *dir; } p = { &b, dir };

	mv_buf_init(&b, 10000);
	assert_int_equal(mv_each_entry(dir, add_file, &p, NULL), 0);
	return mv_buf_detach(&b);
}

static struct mv_sqlite *opens(const char *path)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_sqlite *db = NULL;

	if (mv_sqlite_open(&db, path, &err))
		fail_msg("%s", err.msg);
	return db;
}

static void test_base_sqlite__reads_typed_cells(void **state)
{
	const char *path = "a ?#%b.db";
	struct mv_sqlite *db;
	struct mv_err err;
	int calls = 0;

	(void)state;
	make(path, "create table t (a, b); insert into t values"
	     " (1, 'x'), (0.5, null), (-9223372036854775808, x'00'),"
	     " ('n' || char(0), 'y');"
	     "create view v as select a from t");
	db = opens(path);
	gives(db, "select a, b from t order by rowid", NULL,
	      "1:1 3:x 2:0.5 0:- 1:-9223372036854775808 0:- 0:- 3:y ");
	gives(db, "select a from t where b = ?1", "x", "1:1 ");
	gives(db, "select a from t where b = ?1", "x' or 1 --", "");
	assert_int_equal(mv_sqlite_has(db, "t", NULL, NULL), 1);
	assert_int_equal(mv_sqlite_has(db, "v", NULL, NULL), 1);
	assert_int_equal(mv_sqlite_has(db, "t", "b", NULL), 1);
	assert_int_equal(mv_sqlite_has(db, "t", "c", NULL), 0);
	assert_int_equal(mv_sqlite_has(db, "gone", NULL, NULL), 0);
	assert_int_equal(mv_sqlite_each(db, "select a from t", NULL, stop,
					&calls, &err), MV_ECANCELLED);
	assert_int_equal(calls, 1);
	assert_int_equal(mv_sqlite_each(db, "select * from gone", NULL, stop,
					&calls, &err), MV_ECORRUPT);
	assert_non_null(strstr(err.msg, "no such table"));
	assert_int_equal(mv_sqlite_each(db, "insert into t values (1, 2)",
					NULL, stop, &calls, &err),
			 MV_ECORRUPT);
	mv_sqlite_close(db);
	mv_sqlite_close(NULL);
}

static void test_base_sqlite__a_log_is_read_and_nothing_is_written(void **state)
{
	const char *path = "w.db";
	char *before, *after;
	struct mv_sqlite *db;
	struct writer w;
	struct mv_buf b;

	(void)state;
	writer_open(&w, path);
	run(&w, "pragma journal_mode=wal; create table t (a);"
	    "insert into t values (1); pragma wal_checkpoint(truncate);"
	    "insert into t values (2)");
	/* Open in another program, with a log. */
	before = listing(".");
	assert_non_null(strstr(before, "w.db-wal"));
	db = opens(path);
	gives(db, "select a from t", NULL, "1:1 1:2 ");
	mv_sqlite_close(db);
	after = listing(".");
	assert_string_equal(before, after);
	free(before);
	free(after);
	writer_close(&w);
	/* Closed: the log is gone, and reading does not bring it back. */
	before = listing(".");
	assert_null(strstr(before, "w.db-wal"));
	db = opens(path);
	gives(db, "select a from t", NULL, "1:1 1:2 ");
	after = listing(".");
	assert_string_equal(before, after);
	/* Somebody writes while we read. */
	make(path, "insert into t values (3)");
	mv_buf_init(&b, 100);
	assert_int_equal(mv_sqlite_each(db, "select 1", NULL, collect, &b,
					NULL), MV_EBUSY);
	mv_buf_release(&b);
	mv_sqlite_close(db);
	free(before);
	free(after);
}

static void copy(const char *from, const char *to)
{
	struct mv_buf b;

	mv_buf_init(&b, 1u << 20);
	assert_int_equal(mv_read_file(&b, from, NULL), 0);
	assert_int_equal(mv_write_file(to, b.data, b.len, 0644, 0, NULL), 0);
	mv_buf_release(&b);
}

static void test_base_sqlite__a_copied_log_is_never_passed_over(void **state)
{
	const char *path = "o.db";
	const char *wal = "o.db-wal";
	const char *shm = "o.db-shm";
	const char *path2 = "c.db";
	const char *wal2 = "c.db-wal";
	const char *shm2 = "c.db-shm";
	struct mv_sqlite *db = NULL;
	struct mv_err err;
	struct writer w;

	(void)state;
	writer_open(&w, path);
	run(&w, "pragma journal_mode=wal; create table t (a);"
	    "insert into t values (1)");
	copy(path, path2);
	copy(wal, wal2);
	assert_int_equal(mv_sqlite_open(&db, path2, &err), MV_EBUSY);
	assert_non_null(strstr(err.msg, "wal_checkpoint"));
	assert_null(db);
	/* As a program that died leaves it. */
	copy(shm, shm2);
	db = opens(path2);
	gives(db, "select a from t", NULL, "1:1 ");
	mv_sqlite_close(db);
	writer_close(&w);
}

static void rejects(const char *path, int code)
{
	struct mv_sqlite *db = (struct mv_sqlite *)1;
	struct mv_err err = { MV_OK, "" };
	int rc = mv_sqlite_open(&db, path, &err);

	if (rc != code)
		fail_msg("%s: %d %s", path, rc, err.msg);
	assert_null(db);
	assert_non_null(strstr(err.msg, path));
}

static void test_base_sqlite__refuses_what_is_no_database(void **state)
{
	const char *path = "x.db";
	const char *link = "link.db";

	(void)state;
	rejects(path, MV_ENOENT);
	assert_int_equal(mv_write_file(path, "SQLite format 3", 15, 0644, 0,
				       NULL), 0);
	rejects(path, MV_EINVALID);
	assert_int_equal(symlink(path, link), 0);
	rejects(link, MV_EDENIED);
	rejects(".", MV_EDENIED);
}

static void test_base_sqlite__damage_is_an_error(void **state)
{
	const char *path = "d.db";
	struct mv_sqlite *db;
	struct mv_buf b;
	int rc;

	(void)state;
	make(path, "create table t (a); insert into t values (zeroblob(9000))");
	mv_buf_init(&b, 1u << 20);
	assert_int_equal(mv_read_file(&b, path, NULL), 0);
	memset(b.data + 100, 0xff, 300);
	assert_int_equal(mv_write_file(path, b.data, b.len, 0644, 0, NULL), 0);
	mv_buf_clear(&b);
	db = opens(path);
	rc = mv_sqlite_each(db, "select a from t", NULL, collect, &b, NULL);
	assert_int_equal(rc, MV_ECORRUPT);
	/* Not a no: it could not be asked. */
	assert_int_equal(mv_sqlite_has(db, "t", NULL, NULL), MV_ECORRUPT);
	mv_sqlite_close(db);
	mv_buf_release(&b);
}

static int count_rows(void *payload, const struct mv_sqlite_cell *row,
		      size_t columns, struct mv_err *err)
{
	(void)row;
	(void)columns;
	(void)err;
	++*(uint64_t *)payload;
	return 0;
}

/* A view without an end, that gives rows, and one that gives none. */
static void test_base_sqlite__time_has_an_end(void **state)
{
	const char *path = "e.db";
	struct mv_sqlite *db;
	uint64_t rows = 0;

	(void)state;
	make(path, "create table t (a); create view v as with recursive c(x) "
	     "as (select 1 union all select x + 1 from c) select x as a from c"
	     "; create view w as select a from v where a < 0");
	db = opens(path);
	mv_sqlite_set_timeout(db, 100);
	assert_int_equal(mv_sqlite_each(db, "select a from v", NULL,
					count_rows, &rows, NULL), MV_EINVALID);
	assert_true(rows > 0);
	/* The time is one for all: nothing is answered any more, not no. */
	assert_int_equal(mv_sqlite_has(db, "t", NULL, NULL), MV_EINVALID);
	mv_sqlite_set_timeout(db, 100);
	assert_int_equal(mv_sqlite_has(db, "t", NULL, NULL), 1);
	assert_int_equal(mv_sqlite_each(db, "select a from w", NULL,
					count_rows, &rows, NULL), MV_EINVALID);
	mv_sqlite_close(db);
}

static void test_base_sqlite__work_has_an_end(void **state)
{
	const char *path = "v.db";
	struct mv_sqlite *db;
	struct mv_buf b;

	(void)state;
	/* A view that asks for a gigabyte. */
	make(path, "create table t (a); create view v as"
	     " select zeroblob(1000000000) as a");
	mv_buf_init(&b, 1u << 20);
	db = opens(path);
	assert_int_equal(mv_sqlite_each(db, "select a from v", NULL, collect,
					&b, NULL), MV_ECORRUPT);
	mv_sqlite_close(db);
	mv_buf_release(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, tmp_enter, tmp_leave)
	const struct CMUnitTest tests[] = {
		T(test_base_sqlite__reads_typed_cells),
		T(test_base_sqlite__a_log_is_read_and_nothing_is_written),
		T(test_base_sqlite__a_copied_log_is_never_passed_over),
		T(test_base_sqlite__refuses_what_is_no_database),
		T(test_base_sqlite__damage_is_an_error),
		T(test_base_sqlite__time_has_an_end),
		T(test_base_sqlite__work_has_an_end)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
