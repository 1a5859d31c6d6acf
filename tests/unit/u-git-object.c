/* SPDX-License-Identifier: MIT */
#include "libmv/git/objects.h"
#include "tests/unit/u-git-help.h"

/* From which source: git-process reads come first, libgit2 after many. */
enum source { FROM_GIT, FROM_LIBGIT2 };

static void use(struct repo *r, enum source source)
{
	repo_open(r, NULL);
	r->git->reads = source == FROM_LIBGIT2 ? 1000000 : 0;
}

static void assert_blob(struct repo *r, const char *spec, const char *expected)
{
	struct mv_buf out;
	char hex[65] = "";
	char want[66];
	char *s;
	int rc;

	mv_buf_init(&out, 100000);
	rc = mv_git_read_blob(r->git, spec, &out, hex, &r->err);
	if (rc)
		fail_msg("%s: %s", spec, r->err.msg);
	assert_string_equal(out.data, expected);
	assert_int_equal(out.len, strlen(expected));
	put_file(r, "../blob", expected, strlen(expected));
	s = sh(r, "git hash-object ../blob");
	snprintf(want, sizeof(want), "%s\n", hex);
	assert_string_equal(s, want);
	free(s);
	mv_buf_release(&out);
}

static int read_code(struct repo *r, const char *spec, size_t max)
{
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, max);
	rc = mv_git_read_blob(r->git, spec, &out, NULL, &r->err);
	assert_true(!rc || !out.len);
	mv_buf_release(&out);
	return rc;
}

static void check_blobs(const char *init, enum source source)
{
	struct repo r;
	char *hex, *tree;

	repo_new(&r, init);
	run(&r, "mkdir d; printf one >d/f; printf x >'new\nline'; : >empty;"
	    "git add .; git commit -qm 1; git gc -q; printf two >d/f;"
	    "git add .; git commit -qm 2; printf three >d/f; git add d/f");
	hex = sh(&r, "git rev-parse HEAD~1:d/f | tr -d '\\n'");
	tree = sh(&r, "git rev-parse HEAD:d | tr -d '\\n'");
	use(&r, source);
	assert_blob(&r, hex, "one");
	assert_blob(&r, "HEAD:d/f", "two");
	assert_blob(&r, "HEAD~1:d/f", "one");
	assert_blob(&r, ":d/f", "three");
	assert_blob(&r, "HEAD:new\nline", "x");
	assert_blob(&r, "HEAD:empty", "");
	/* The index is not what it was when the process began. */
	run(&r, "printf four >d/f; git add d/f");
	assert_blob(&r, ":d/f", "four");

	assert_int_equal(read_code(&r, "HEAD:nope", 10), MV_ENOENT);
	assert_int_equal(read_code(&r, ":nope", 10), MV_ENOENT);
	assert_int_equal(read_code(&r, "HEAD:no\npe", 10), MV_ENOENT);
	assert_int_equal(read_code(&r, "--batch-all-objects", 10), MV_EINVALID);
	assert_int_equal(read_code(&r, "", 10), MV_EINVALID);
	assert_int_equal(read_code(&r, tree, 10), MV_EINVALID);
	assert_int_equal(read_code(&r, hex, 2), MV_ENOMEM);
	hex[5] ^= 1;
	assert_int_equal(read_code(&r, hex, 10), MV_ENOENT);
	hex[5] ^= 1;
	/* And after all of that it still answers. */
	assert_blob(&r, hex, "one");
	assert_blob(&r, "HEAD:d/f", "two");
	assert_int_equal(!!r.git->libgit2,
			 source == FROM_LIBGIT2 && !*init);
	free(hex);
	free(tree);
	repo_drop(&r);
}

static void test_git_object__reads_blobs(void **state)
{
	(void)state;
	check_blobs("", FROM_GIT);
	check_blobs("", FROM_LIBGIT2);
	check_blobs("--object-format=sha256", FROM_LIBGIT2);
}

static void test_git_object__huge_blob_is_refused_quickly(void **state)
{
	struct repo r;
	char *hex;

	(void)state;
	repo_new(&r, "");
	run(&r, "truncate -s 5M big; printf small >s; git add .;"
	    "git commit -qm 1");
	hex = sh(&r, "git rev-parse HEAD:big | tr -d '\\n'");
	for (int i = 0; i < 2; i++) {
		use(&r, i ? FROM_LIBGIT2 : FROM_GIT);
		assert_int_equal(read_code(&r, hex, 1000), MV_ENOMEM);
		assert_blob(&r, "HEAD:s", "small");
	}
	free(hex);
	repo_drop(&r);
}

/* Damage is an error from either source, never other bytes. */
static void test_git_object__damage_is_not_content(void **state)
{
	struct repo r;
	char *hex;

	(void)state;
	repo_new(&r, "");
	run(&r, "printf good >f; printf evil >g; git add .");
	hex = sh(&r, "git rev-parse :f | tr -d '\\n'");
	run(&r, "f=$(git rev-parse :f | sed 's,^..,&/,');"
	    "g=$(git rev-parse :g | sed 's,^..,&/,');"
	    "cd .git/objects; rm -f $f; cp $g $f");
	for (int i = 0; i < 2; i++) {
		use(&r, i ? FROM_LIBGIT2 : FROM_GIT);
		assert_int_equal(read_code(&r, hex, 100), MV_ECORRUPT);
	}
	free(hex);
	repo_drop(&r);
}

static void test_git_object__alternates_of_the_environment(void **state)
{
	struct repo r;
	char *hex;

	(void)state;
	repo_new(&r, "");
	run(&r, "git init -q ../o; cd ../o; printf there >f; git add f");
	hex = sh(&r, "cd ../o; git rev-parse :f | tr -d '\\n'");
	use(&r, FROM_LIBGIT2);
	assert_int_equal(read_code(&r, hex, 100), MV_ENOENT);
	repo_env(&r, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/o/.git/objects",
		 r.root);
	use(&r, FROM_LIBGIT2);
	assert_blob(&r, hex, "there");
	free(hex);
	repo_drop(&r);
}

static void test_git_object__promised_blobs_are_fetched(void **state)
{
	struct repo r;
	char *hex;

	(void)state;
	repo_new(&r, "");
	run(&r, "printf far >f; git add f; git commit -qm 1; git config "
	    "uploadpack.allowFilter true; git config "
	    "uploadpack.allowAnySHA1InWant true; git clone -q --bare "
	    "--filter=blob:none \"file://$ROOT/r\" ../p");
	hex = sh(&r, "git rev-parse :f | tr -d '\\n'");
	strcat(r.dir, "/../p");
	use(&r, FROM_LIBGIT2);
	run(&r, "git cat-file --batch-all-objects --batch-check |"
	    "{ ! grep blob; }");
	assert_blob(&r, hex, "far");
	free(hex);
	repo_drop(&r);
}

/* -- trees ---------------------------------------------------------------- */

static int add_path(void *payload, const struct mv_git_entry *e,
		    struct mv_err *err)
{
	(void)err;
	assert_true(strlen(e->blob) == 40 || strlen(e->blob) == 64);
	return mv_buf_addf(payload, "%o %s\n", e->mode, e->path);
}

static void assert_walk(struct repo *r, const char *rev, const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 100000);
	assert_int_equal(mv_git_walk_tree(r->git, rev, add_path, &out,
					  &r->err), 0);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

/* 0: it is not there. */
static void assert_mode(struct repo *r, const char *path, unsigned expected)
{
	unsigned mode = 0;
	int rc = mv_git_mode_at(&mode, r->git, "HEAD", path, &r->err);

	if (expected)
		assert_int_equal(rc, 0);
	else
		assert_true(rc == MV_ENOENT || rc == MV_EINVALID);
	assert_int_equal(mode, expected);
}

static void check_walk(const char *init, enum source source)
{
	struct repo r;

	repo_new(&r, init);
	run(&r, "mkdir -p a/b; echo 1 >a/b/c; echo 2 >a/d; ln -s x l;"
	    "echo 3 >'sp ace'; echo 4 >'new\nline'; chmod +x a/d;"
	    "git init -q %s ../m; (cd ../m;"
	    "git commit -q --allow-empty -m m);"
	    "git submodule --quiet add ../m sub 2>/dev/null; git rm -q "
	    "--cached .gitmodules; git commit -qm 1; git add a 'sp ace' new* "
	    "l; git commit -qm 2; git tag -m t v1", init);
	use(&r, source);
	assert_walk(&r, "HEAD", "100644 a/b/c\n100755 a/d\n120000 l\n"
		    "100644 new\nline\n100644 sp ace\n160000 sub\n");
	assert_walk(&r, "v1", "100644 a/b/c\n100755 a/d\n120000 l\n"
		    "100644 new\nline\n100644 sp ace\n160000 sub\n");
	assert_walk(&r, "HEAD:a", "100644 b/c\n100755 d\n");
	assert_walk(&r, "HEAD~1", "160000 sub\n");
	assert_mode(&r, "a/d", 0100755);
	assert_mode(&r, "l", 0120000);
	assert_mode(&r, "a", 0040000);
	assert_mode(&r, "sub", 0160000);
	assert_mode(&r, "sp ace", 0100644);
	assert_mode(&r, "nope", 0);
	assert_mode(&r, "a/d/e", 0);
	assert_mode(&r, "nope/e", 0);
	repo_drop(&r);
}

static void test_git_object__walks_trees(void **state)
{
	(void)state;
	check_walk("", FROM_GIT);
	check_walk("", FROM_LIBGIT2);
	check_walk("--object-format=sha256", FROM_LIBGIT2);
}

static void test_git_object__walk_says_what_is_no_revision(void **state)
{
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo 1 >f; git add f; git commit -qm 1");
	use(&r, FROM_GIT);
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_git_walk_tree(r.git, "nope", add_path, &out,
					  &r.err), MV_ENOENT);
	assert_string_equal(r.err.msg, "'nope' is not a revision");
	assert_int_equal(mv_git_walk_tree(r.git, "-x", add_path, &out,
					  &r.err), MV_EINVALID);
	assert_int_equal(mv_git_walk_tree(r.git, "HEAD:f", add_path, &out,
					  &r.err), MV_EINVALID);
	assert_int_equal(out.len, 0);
	repo_drop(&r);
}

/* Ten names for what is below, nine times: 10^9 paths, and no file. */
static void test_git_object__nothing_is_walked_that_has_no_end(void **state)
{
	struct mv_buf out;
	struct repo r;
	char *hex;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo 1 >f; git add f; git commit -qm 1");
	hex = sh(&r, "t=$(git rev-parse 'HEAD^{tree}');"
		 "for l in 1 2 3 4 5 6 7 8 9; do "
		 "t=$(for i in 0 1 2 3 4 5 6 7 8 9; do "
		 "printf '040000 tree %%s\\t%%s\\n' $t $i; done | git mktree);"
		 "done; git tag bomb $(git commit-tree -m bomb $t);"
		 "printf $t");
	mv_buf_init(&out, 1000);
	for (int i = 0; i < 2; i++) {
		use(&r, i ? FROM_LIBGIT2 : FROM_GIT);
		assert_int_equal(mv_git_walk_tree(r.git, "bomb", add_path,
						  &out, &r.err), MV_EINVALID);
		assert_non_null(strstr(r.err.msg, "more than 10000000 paths"));
		assert_int_equal(mv_git_walk_tree(r.git, "bomb:1/2", add_path,
						  &out, &r.err), MV_EINVALID);
		assert_int_equal(mv_git_walk_tree(r.git, hex, add_path, &out,
						  &r.err), MV_EINVALID);
		assert_int_equal(out.len, 0);
	}
	assert_walk(&r, "bomb:1/2/3/4/5/6/7/8/9", "100644 f\n");
	free(hex);
	repo_drop(&r);
}

/* Trees as an attacker would write them; git itself would not. */
static void check_bad_tree(const char *printf_arg)
{
	struct mv_buf out;
	struct repo r;
	char *hex;

	repo_new(&r, "");
	hex = sh(&r, "b=$(printf x | git hash-object -w --stdin | sed "
		 "'s/../\\\\\\\\x&/g'); printf \"%s\" |"
		 "git hash-object -w -t tree --literally --stdin |"
		 "tr -d '\\n'", printf_arg);
	for (int i = 0; i < 2; i++) {
		use(&r, i ? FROM_LIBGIT2 : FROM_GIT);
		mv_buf_init(&out, 1000);
		assert_true(mv_git_walk_tree(r.git, hex, add_path, &out,
					     &r.err) < 0);
		mv_buf_release(&out);
	}
	free(hex);
	repo_drop(&r);
}

static void test_git_object__bad_trees_are_refused(void **state)
{
	(void)state;
	check_bad_tree("100644 a\\\\000short");
	check_bad_tree("100644 no-nul");
	check_bad_tree("100644 \\\\00012345678901234567890");
	check_bad_tree("100644 a/b\\\\00012345678901234567890");
	check_bad_tree("x a\\\\00012345678901234567890");
	check_bad_tree("100644777777 a\\\\00012345678901234567890");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_object__reads_blobs),
		cmocka_unit_test(test_git_object__huge_blob_is_refused_quickly),
		cmocka_unit_test(test_git_object__damage_is_not_content),
		cmocka_unit_test(
			test_git_object__alternates_of_the_environment),
		cmocka_unit_test(test_git_object__promised_blobs_are_fetched),
		cmocka_unit_test(test_git_object__walks_trees),
		cmocka_unit_test(
			test_git_object__walk_says_what_is_no_revision),
		cmocka_unit_test(test_git_object__bad_trees_are_refused),
		cmocka_unit_test(
			test_git_object__nothing_is_walked_that_has_no_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
