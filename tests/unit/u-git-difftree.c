/* SPDX-License-Identifier: MIT */
#include "libmv/git/history.h"
#include "tests/unit/u-git-help.h"

/* -- two trees ------------------------------------------------------------ */

static int add_delta(void *payload, const struct mv_git_delta *d,
		     struct mv_err *err)
{
	(void)err;
	assert_int_equal(!d->old_path, !d->old_blob);
	assert_int_equal(!d->new_path, !d->new_blob);
	return mv_buf_addf(payload, "%s%s %.4s > %s%s %.4s\n",
			   d->old_path ? d->old_path : "-",
			   d->old_odd ? "!" : "",
			   d->old_blob ? d->old_blob : "-",
			   d->new_path ? d->new_path : "-",
			   d->new_odd ? "!" : "",
			   d->new_blob ? d->new_blob : "-");
}

static void assert_diff(struct repo *r, const char *old, const char *new,
			int renames, const char *const *pathspecs,
			const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	if (mv_git_diff(r->git, old, new, renames, pathspecs, add_delta, &out,
			&r->err))
		fail_msg("%s", r->err.msg);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

static int diff_code(struct repo *r, const char *old, const char *new)
{
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 1 << 20);
	rc = mv_git_diff(r->git, old, new, 0, NULL, add_delta, &out, &r->err);
	mv_buf_release(&out);
	return rc;
}

/* "one" has d/f, gone, l (a link) and 'n\nl'; in "two" all of it differs. */
static void make_trees(struct repo *r, const char *init)
{
	repo_new(r, init);
	run(r, "git config diff.relative true; git config diff.renames copies;"
	    "git config color.ui always;"
	    "git config diff.noprefix true; git config diff.external false;"
	    "mkdir d; seq 9 >d/f; echo g >gone; ln -s x l; echo n >'n\nl';"
	    "echo m >mode; git add .; git commit -qm one; git tag -am t one;"
	    "git mv d/f d/g; echo 10 >>d/g; git rm -q gone l; echo l >l;"
	    "echo 2 >'n\nl'; chmod +x mode; ln -s y link;"
	    "echo s >-s; git add .; git commit -qm two;"
	    "git config diff.orderFile missing");
	repo_open(r, NULL);
}

static void test_git_difftree__two_trees(void **state)
{
	static const char *const in_d[] = { "d", NULL };
	static const char *const odd[] = { "l", "link", NULL };
	static const char *const glob[] = { "*g", ":!gone", NULL };
	static const char *const from_d[] = { "g", "../gone", NULL };
	struct repo r;
	char dir[300];

	(void)state;
	make_trees(&r, "");
	assert_diff(&r, "one", "HEAD", 0, NULL, "- - > -s b478\n"
		    "d/f 0719 > - -\n- - > d/g f00c\ngone 0105 > - -\n"
		    "- - > l 1f9d\nmode 28ce > mode 28ce\n"
		    "n\nl 8ba3 > n\nl 0cfb\n");
	assert_diff(&r, "one", "HEAD", 1, NULL, "- - > -s b478\n"
		    "d/f 0719 > d/g f00c\ngone 0105 > - -\n"
		    "- - > l 1f9d\nmode 28ce > mode 28ce\n"
		    "n\nl 8ba3 > n\nl 0cfb\n");
	/* Backwards a link takes the place of a file. */
	assert_diff(&r, "HEAD", "HEAD~1^{tree}", 0, NULL, "-s b478 > - -\n"
		    "- - > d/f 0719\nd/g f00c > - -\n- - > gone 0105\n"
		    "l 1f9d > - -\nmode 28ce > mode 28ce\n"
		    "n\nl 0cfb > n\nl 8ba3\n");
	/* One that is a link on both sides, or on one, when asked for. */
	assert_diff(&r, "one", "HEAD", MV_GIT_DIFF_ODD, odd,
		    "l! c1b0 > l 1f9d\n- - > link! e25f\n");
	assert_diff(&r, "one", "HEAD", 0, in_d, "d/f 0719 > - -\n"
		    "- - > d/g f00c\n");
	assert_diff(&r, "one", "HEAD", 0, glob, "- - > d/g f00c\n");
	assert_diff(&r, "HEAD", "HEAD", 1, NULL, "");
	assert_diff(&r, "one:d", "HEAD:d", 1, NULL, "f 0719 > g f00c\n");
	repo_open(&r, at(&r, dir, sizeof(dir), "d"));
	assert_diff(&r, "one", "HEAD", 0, from_d, "- - > d/g f00c\n"
		    "gone 0105 > - -\n");
	repo_drop(&r);
}

static void check_empty(const char *init, const char *expected)
{
	struct repo r;

	make_trees(&r, init);
	assert_diff(&r, "", "one", 1, NULL, expected);
	assert_diff(&r, "", "", 1, NULL, "");
	repo_drop(&r);
}

static void test_git_difftree__the_empty_tree(void **state)
{
	(void)state;
	check_empty("", "- - > d/f 0719\n- - > gone 0105\n- - > mode 28ce\n"
		    "- - > n\nl 8ba3\n");
	check_empty("--object-format=sha256", "- - > d/f 5c09\n"
		    "- - > gone 5e0b\n- - > mode 6ca8\n- - > n\nl 17f6\n");
}

static void test_git_difftree__bad_names(void **state)
{
	struct repo r;

	(void)state;
	make_trees(&r, "");
	assert_int_equal(diff_code(&r, "none", "HEAD"), MV_ENOENT);
	assert_int_equal(diff_code(&r, "HEAD", "none"), MV_ENOENT);
	assert_int_equal(diff_code(&r, "HEAD", "HEAD\n"), MV_ENOENT);
	assert_int_equal(diff_code(&r, "--cached", "HEAD"), MV_ENOENT);
	assert_int_equal(diff_code(&r, "HEAD", "HEAD:gone"), MV_ENOENT);
	assert_int_equal(diff_code(&r, "HEAD", "HEAD:mode"), MV_ENOENT);
	assert_non_null(strstr(r.err.msg, "HEAD:mode"));
	repo_drop(&r);
}

static int stop_delta(void *payload, const struct mv_git_delta *d,
		      struct mv_err *err)
{
	(void)d;
	++*(int *)payload;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_git_difftree__callback_stops(void **state)
{
	struct repo r;
	int calls = 0;

	(void)state;
	make_trees(&r, "");
	assert_int_equal(mv_git_diff(r.git, "one", "HEAD", 0, NULL, stop_delta,
				     &calls, &r.err), MV_ECANCELLED);
	assert_int_equal(calls, 1);
	repo_drop(&r);
}

/* -- one path ------------------------------------------------------------- */

static int add_step(void *payload, const char *commit, int64_t when,
		    const char *author, const char *subject, const char *path,
		    const char *blob, struct mv_err *err)
{
	(void)err;
	assert_true(strlen(commit) == 40 || strlen(commit) == 64);
	return mv_buf_addf(payload, "%lld %s|%s|%s|%.4s\n", (long long)when,
			   author, subject, path, blob);
}

static void assert_follow(struct repo *r, const char *rev, const char *path,
			  const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	if (mv_git_follow(r->git, rev, path, add_step, &out, &r->err))
		fail_msg("%s", r->err.msg);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

/* A commit each second, so that their order is certain. */
#define COMMIT(n) "export GIT_COMMITTER_DATE='1700000" #n " +0000';"

static void test_git_difftree__a_path_is_followed(void **state)
{
	struct repo r;
	char dir[300];

	(void)state;
	repo_new(&r, "");
	run(&r, "git config log.showSignature true; git config log.follow "
	    "false; git config diff.renames false; git config color.ui "
	    "always; git config log.decorate full; git config log.showRoot "
	    "false; git config diff.relative true; git config log.diffMerges "
	    "off; git config format.pretty oneline; "
	    "git config log.mailmap true;"
	    COMMIT(001) "mkdir d; seq 9 >a; echo o >other; git add .;"
	    "git commit -qm 'one\n\nbody';"
	    COMMIT(002) "echo x >other; git commit -qam unrelated;"
	    COMMIT(003) "git mv a 'd/b\nc'; git commit -qm "
	    "\"$(printf 'move \\001\\033[m :100644 100644')\";"
	    COMMIT(004) "seq 10 >'d/b\nc'; git commit -qam '' "
	    "--allow-empty-message --author='X <x@y>';"
	    COMMIT(005) "git rm -q 'd/b\nc'; git commit -qm gone;"
	    COMMIT(006) "mkdir -p d; seq 11 >'d/b\nc'; git add .;"
	    "git commit -qm back; git notes add -m n; git branch main2;"
	    COMMIT(007) "git checkout -q -b side HEAD~1; mkdir -p d;"
	    "seq 12 >'d/b\nc'; git add .; git commit -qm side;"
	    "git checkout -q main; git config diff.orderFile missing");
	repo_open(&r, NULL);
	assert_follow(&r, NULL, "d/b\nc",
		      "1700000006 A <a@example.org>|back|d/b\nc|3bb4\n"
		      "1700000005 A <a@example.org>|gone|d/b\nc|\n"
		      "1700000004 X <x@y>||d/b\nc|f00c\n"
		      "1700000003 A <a@example.org>|move \1\33[m :100644 "
		      "100644|d/b\nc|0719\n"
		      "1700000001 A <a@example.org>|one|a|0719\n");
	assert_follow(&r, "main2~2", "d/b\nc",
		      "1700000004 X <x@y>||d/b\nc|f00c\n"
		      "1700000003 A <a@example.org>|move \1\33[m :100644 "
		      "100644|d/b\nc|0719\n"
		      "1700000001 A <a@example.org>|one|a|0719\n");
	assert_follow(&r, "--all", "d/b\nc",
		      "1700000007 A <a@example.org>|side|d/b\nc|08fe\n"
		      "1700000006 A <a@example.org>|back|d/b\nc|3bb4\n"
		      "1700000005 A <a@example.org>|gone|d/b\nc|\n"
		      "1700000004 X <x@y>||d/b\nc|f00c\n"
		      "1700000003 A <a@example.org>|move \1\33[m :100644 "
		      "100644|d/b\nc|0719\n"
		      "1700000001 A <a@example.org>|one|a|0719\n");
	assert_follow(&r, "HEAD", "nothing", "");
	assert_follow(&r, "HEAD", "*", "");
	/* The path is from the top, wherever we were started. */
	repo_open(&r, at(&r, dir, sizeof(dir), "d"));
	assert_follow(&r, "HEAD", "other",
		      "1700000002 A <a@example.org>|unrelated|other|587b\n"
		      "1700000001 A <a@example.org>|one|other|13e7\n");
	repo_drop(&r);
}

static void test_git_difftree__merges_and_links(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, COMMIT(001) "echo 1 >a; ln -s x ./-l; git add .;"
	    "git commit -qm one;"
	    COMMIT(002) "git checkout -q -b side; echo side >a;"
	    "git commit -qam side; git checkout -q main;"
	    COMMIT(003) "echo main >a; git commit -qam main;"
	    COMMIT(004) "git merge -q side >/dev/null 2>&1 || :;"
	    "echo side >a; git commit -qam merge;"
	    "git checkout -q -b evil HEAD~1; git merge -q side >/dev/null "
	    "2>&1 || :; echo evil >a; git commit -qam evil;"
	    "git checkout -q main;"
	    COMMIT(005) "rm ./-l; echo l >-l; git add .; git commit -qm file;"
	    COMMIT(006) "rm ./-l; ln -s y ./-l; git add .; git commit -qm link");
	repo_open(&r, NULL);
	/* What a merge takes from a parent is that parent's. */
	assert_follow(&r, NULL, "a",
		      "1700000003 A <a@example.org>|main|a|ba29\n"
		      "1700000002 A <a@example.org>|side|a|2299\n"
		      "1700000001 A <a@example.org>|one|a|d004\n");
	/* What it has by itself, is its own. */
	assert_follow(&r, "evil", "a",
		      "1700000004 A <a@example.org>|evil|a|53c7\n"
		      "1700000003 A <a@example.org>|main|a|ba29\n"
		      "1700000002 A <a@example.org>|side|a|2299\n"
		      "1700000001 A <a@example.org>|one|a|d004\n");
	assert_follow(&r, NULL, "-l",
		      "1700000006 A <a@example.org>|link|-l|\n"
		      "1700000005 A <a@example.org>|file|-l|1f9d\n"
		      "1700000001 A <a@example.org>|one|-l|\n");
	repo_drop(&r);
}

static void test_git_difftree__no_history_and_shallow(void **state)
{
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "--object-format=sha256");
	repo_open(&r, NULL);
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_git_follow(r.git, NULL, "a", add_step, &out,
				       &r.err), MV_ENOENT);
	assert_int_equal(mv_git_follow(r.git, "--all", "a", add_step, &out,
				       &r.err), 0);
	assert_int_equal(out.len, 0);
	run(&r, "echo 1 >a; git add .; git commit -qm 1; echo 2 >a;"
	    "git commit -qam 2; echo 3 >a; git commit -qam 3;"
	    "git clone -q --depth=2 \"file://$ROOT/r\" ../s");
	assert_int_equal(mv_git_follow(r.git, "--not", "a", add_step, &out,
				       &r.err), MV_ENOENT);
	mv_buf_release(&out);
	strcat(r.dir, "/../s");
	repo_open(&r, NULL);
	assert_follow(&r, NULL, "a",
		      "1700000000 A <a@example.org>|3|a|b660\n"
		      "1700000000 A <a@example.org>|2|a|8446\n");
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_difftree__two_trees),
		cmocka_unit_test(test_git_difftree__the_empty_tree),
		cmocka_unit_test(test_git_difftree__bad_names),
		cmocka_unit_test(test_git_difftree__callback_stops),
		cmocka_unit_test(test_git_difftree__a_path_is_followed),
		cmocka_unit_test(test_git_difftree__merges_and_links),
		cmocka_unit_test(test_git_difftree__no_history_and_shallow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
