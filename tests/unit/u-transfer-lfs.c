/* SPDX-License-Identifier: MIT */
/* transfer/lfs.h: what Git LFS was told, and its folders of objects. */
#include "libmv/store/lfsdir.h"
#include "libmv/store/pointer.h"
#include "libmv/transfer/priv.h"
#include "tests/unit/u-world.h"

static void anew(struct world *w, const char *lines)
{
	run(&w->r, "%s", lines);
	world_open(w, NULL);
}

static struct mv_pointer pointer_of(const char *data)
{
	struct mv_pointer p = { .size = strlen(data), .canonical = 1,
				.dialect = MV_DIALECT_LFS };

	assert_int_equal(mv_sha256(&p.oid, data, strlen(data), NULL), 0);
	return p;
}

static int put(struct world *w, const char *dir, const char *data,
	       const struct mv_pointer *p)
{
	struct mv_mem_reader mem = { data, strlen(data), 0 };
	struct mv_reader in = mv_reader_mem(&mem);

	return mv_transfer_lfs_put(dir, &in, p, &w->err);
}

/* As git-lfs 3.3.0 was seen to do. */
static void test_repo_lfs__patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		int matches;
	} rows[] = {
		{ "*.bin", "a.bin", 1 }, { "*.bin", "sub/deep/a.bin", 1 },
		{ "*.bin", "a.bin.txt", 0 }, { "sub", "sub/deep/y.bin", 1 },
		{ "sub/", "sub/y.bin", 1 }, { "/sub", "sub/y.bin", 1 },
		{ "/sub", "a/sub/y.bin", 0 }, { "sub", "a/sub/y.bin", 1 },
		{ "sub", "subs/y.bin", 0 }, { "a*", "a.bin", 1 },
		{ "a*", "sub/y.bin", 0 }, { "sub/*.bin", "sub/y.bin", 1 },
		{ "sub/*.bin", "sub/deep/y.bin", 0 },
		{ "sub/**", "sub/deep/y.bin", 1 }, { "sub/**", "sub", 0 },
		{ "**/y.bin", "sub/deep/y.bin", 1 }, { "**/y.bin", "y.bin", 1 },
		{ "a/**/z", "a/z", 1 }, { "a/**/z", "a/b/c/z", 1 },
		{ "a/**/z", "b/a/z", 0 }, { "a/b/c", "a/b", 0 },
		{ "y.bin", "sub/y.bin", 1 }, { "x/*", "sub/y.bin", 0 },
		{ "[ab].bin", "b.bin", 1 }, { "", "a", 0 }, { "/", "a", 0 },
		{ "**", "a/b", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mv_transfer_lfs_pattern_matches(rows[i].pattern,
						    rows[i].path) !=
		    rows[i].matches)
			fail_msg("%s, %s", rows[i].pattern, rows[i].path);
}

/* -- settings -------------------------------------------------------------- */

#define assert_wants(w, path, yes) do { \
	int wanted_ = -1; \
	assert_ok(w, mv_transfer_lfs_wants(&wanted_, (w)->repo, path, \
					   &(w)->err)); \
	assert_int_equal(wanted_, yes); \
} while (0)

static void test_transfer_lfs__which_files_are_wanted(void **state)
{
	struct world w;
	int wanted = -1;

	(void)state;
	world_new(&w, "");
	assert_wants(&w, "any/a.bin", 1);
	anew(&w, "printf '[lfs]\nfetchexclude = old , *.tmp\n"
	     "fetchinclude = data,\n' >.lfsconfig");
	assert_wants(&w, "data/a.bin", 1);
	assert_wants(&w, "data/old/a.bin", 0);
	assert_wants(&w, "data/a.tmp", 0);
	assert_wants(&w, "a.bin", 0);
	/* A path that is there only now counts once it is forgotten. */
	run(&w.r, "rm .lfsconfig");
	assert_wants(&w, "a.bin", 0);
	mv_transfer_lfs_release(w.repo);
	assert_wants(&w, "a.bin", 1);
	/* What is staged or committed counts where no file is; git's own
	   configuration before both. */
	anew(&w, "printf '[lfs]\nfetchexclude = old\n' >.lfsconfig;"
	     "git add .lfsconfig; rm .lfsconfig");
	assert_wants(&w, "old/a.bin", 0);
	anew(&w, "git config lfs.fetchexclude new");
	assert_wants(&w, "old/a.bin", 1);
	assert_wants(&w, "new/a.bin", 0);
	repo_env(&w.r, "GIT_LFS_SKIP_SMUDGE=1");
	world_open(&w, NULL);
	assert_wants(&w, "old/a.bin", 0);
	/* What cannot be read does not say that all is wanted. */
	anew(&w, "git config --unset lfs.fetchexclude; echo '[' >.lfsconfig");
	assert_true(mv_transfer_lfs_wants(&wanted, w.repo, "a", &w.err) < 0);
	assert_int_equal(wanted, 0);
	assert_non_null(strstr(w.err.msg, ".lfsconfig"));
	world_drop(&w);
}

static void test_transfer_lfs__settings_and_variables(void **state)
{
	const char *value = "none";
	struct world w;
	int yes = -1;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_transfer_lfs_setting(&value, w.repo, "lfs.url",
					      &w.err));
	assert_null(value);
	assert_ok(&w, mv_transfer_lfs_may_lack(&yes, w.repo, &w.err));
	assert_int_equal(yes, 0);
	anew(&w, "printf '[lfs]\nurl = https://file.example\n"
	     "allowIncompletePush = true\n' >.lfsconfig");
	assert_ok(&w, mv_transfer_lfs_setting(&value, w.repo, "lfs.url",
					      &w.err));
	assert_string_equal(value, "https://file.example");
	assert_ok(&w, mv_transfer_lfs_may_lack(&yes, w.repo, &w.err));
	assert_int_equal(yes, 1);
	anew(&w, "git config lfs.url https://git.example;"
	     "git config lfs.allowIncompletePush maybe");
	assert_ok(&w, mv_transfer_lfs_setting(&value, w.repo, "lfs.url",
					      &w.err));
	assert_string_equal(value, "https://git.example");
	assert_int_equal(mv_transfer_lfs_may_lack(&yes, w.repo, &w.err),
			 MV_EINVALID);
	anew(&w, "git config model.allowIncompletePush true");
	assert_ok(&w, mv_transfer_lfs_may_lack(&yes, w.repo, &w.err));
	assert_int_equal(yes, 1);
	repo_env(&w.r, "V_ON=on");
	repo_env(&w.r, "V_ZERO=0");
	repo_env(&w.r, "V_WORD=word");
	repo_env(&w.r, "V_ONE=1");
	assert_int_equal(mv_transfer_lfs_variable_on(w.repo, "V_ON"), 1);
	assert_int_equal(mv_transfer_lfs_variable_on(w.repo, "V_ONE"), 1);
	assert_int_equal(mv_transfer_lfs_variable_on(w.repo, "V_ZERO"), 0);
	assert_int_equal(mv_transfer_lfs_variable_on(w.repo, "V_WORD"), 0);
	assert_int_equal(mv_transfer_lfs_variable_on(w.repo, "V"), 0);
	world_drop(&w);
}

/* -- folders of objects ---------------------------------------------------- */

static void test_transfer_lfs__objects_from_folder_to_folder(void **state)
{
	const struct mv_pointer p = pointer_of("data"), no = pointer_of("no");
	char a[300], b[300];
	struct world w;

	(void)state;
	world_new(&w, "");
	snprintf(a, sizeof(a), "%s/a", w.r.root);
	snprintf(b, sizeof(b), "%s/b", w.r.root);
	assert_ok(&w, put(&w, a, "data", &p));
	assert_int_equal(put(&w, a, "dada", &no), MV_ECORRUPT);
	assert_int_equal(mv_lfsdir_has(a, &no.oid, NULL, NULL), MV_ENOENT);
	assert_ok(&w, mv_transfer_lfs_copy(b, a, &p, &w.err));
	assert_ok(&w, mv_transfer_lfs_verify(w.repo, b, &p.oid, &w.err));
	assert_int_equal(mv_transfer_lfs_copy(b, a, &no, &w.err), MV_ENOENT);
	/* Damage does not travel under a good name. */
	run(&w.r, "o=$(find ../a/objects -type f -size -5c | xargs grep -lx "
	    "data); chmod u+w $o; printf dirt >$o; rm -r ../b");
	assert_int_equal(mv_transfer_lfs_copy(b, a, &p, &w.err), MV_ECORRUPT);
	assert_int_equal(mv_lfsdir_has(b, &p.oid, NULL, NULL), MV_ENOENT);
	world_open(&w, NULL);
	assert_int_equal(mv_transfer_lfs_verify(w.repo, a, &p.oid, &w.err),
			 MV_ECORRUPT);
	world_drop(&w);
}

/* That of `remote` ends so; "": it has none. */
static void assert_dir(struct world *w, const char *end)
{
	char *dir = NULL;

	assert_ok(w, mv_transfer_lfs_find_dir(&dir, w->repo, "origin", NULL, 1,
					      &w->err));
	if (*end) {
		assert_non_null(dir);
		assert_true(strlen(dir) > strlen(end));
		assert_string_equal(dir + strlen(dir) - strlen(end), end);
	} else {
		assert_null(dir);
	}
	free(dir);
}

static void test_transfer_lfs__where_a_remote_has_its_objects(void **state)
{
	const struct mv_pointer p = pointer_of("data");
	char own[300], *dir = NULL;
	struct world w;
	int yes = -1;

	(void)state;
	world_new(&w, "");
	anew(&w, "git init -q --bare ../o.git; git remote add origin ../o.git");
	assert_dir(&w, "/o.git/lfs");
	/* Nothing of Git LFS is here: nobody has to bring it. */
	assert_ok(&w, mv_transfer_lfs_has_dir(&yes, w.repo, "origin", NULL,
					      &w.err));
	assert_int_equal(yes, 0);
	snprintf(own, sizeof(own), "%s/.git/lfs", w.r.dir);
	assert_ok(&w, put(&w, own, "data", &p));
	assert_ok(&w, mv_transfer_lfs_has_dir(&yes, w.repo, "origin", NULL,
					      &w.err));
	assert_int_equal(yes, 1);
	anew(&w, "git -C ../o.git config lfs.storage elsewhere");
	assert_dir(&w, "/o.git/elsewhere");
	/* A server beside a path, by either name; for a push only. */
	anew(&w, "git config remote.origin.lfspushurl https://x.example");
	assert_dir(&w, "");
	assert_ok(&w, mv_transfer_lfs_find_dir(&dir, w.repo, "origin", NULL, 0,
					       &w.err));
	assert_non_null(dir);
	free(dir);
	anew(&w, "git config remote.origin.url https://x.example/r.git");
	assert_dir(&w, "");
	/* Whose configuration cannot be read may have them anywhere. */
	anew(&w, "git config --unset remote.origin.lfspushurl;"
	     "git config remote.origin.url ../o.git;"
	     "echo '[' >../o.git/config");
	assert_true(mv_transfer_lfs_find_dir(&dir, w.repo, "origin", NULL, 1,
					     &w.err) < 0);
	assert_null(dir);
	assert_non_null(strstr(w.err.msg, "o.git"));
	world_drop(&w);
}

static void test_transfer_lfs__what_is_elsewhere(void **state)
{
	struct mv_pointer p[] = { pointer_of("data"), pointer_of("no"),
				  pointer_of("native"), pointer_of("here") };
	uint8_t at[] = { 0, 0, 0, 1 };
	struct world w;
	char dir[300];

	(void)state;
	p[2].dialect = MV_DIALECT_NATIVE;
	world_new(&w, "");
	assert_ok(&w, mv_transfer_lfs_elsewhere(w.repo, p, 4, at, &w.err));
	assert_memory_equal(at, "\0\0\0\1", 4);
	anew(&w, "git init -q --bare ../o.git; git init -q --bare ../p.git;"
	     "git remote add origin ../o.git; git remote add p ../p.git");
	snprintf(dir, sizeof(dir), "%s/p.git/lfs", w.r.root);
	assert_ok(&w, put(&w, dir, "data", &p[0]));
	assert_ok(&w, put(&w, dir, "native", &p[2]));
	assert_ok(&w, mv_transfer_lfs_elsewhere(w.repo, p, 4, at, &w.err));
	assert_memory_equal(at, "\1\0\0\1", 4);
	/* A server is believed. */
	anew(&w, "git config lfs.url https://x.example");
	assert_ok(&w, mv_transfer_lfs_elsewhere(w.repo, p, 4, at, &w.err));
	assert_memory_equal(at, "\1\1\0\1", 4);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repo_lfs__patterns),
		cmocka_unit_test(test_transfer_lfs__which_files_are_wanted),
		cmocka_unit_test(test_transfer_lfs__settings_and_variables),
		cmocka_unit_test(
			test_transfer_lfs__objects_from_folder_to_folder),
		cmocka_unit_test(
			test_transfer_lfs__where_a_remote_has_its_objects),
		cmocka_unit_test(test_transfer_lfs__what_is_elsewhere),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
