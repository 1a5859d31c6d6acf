/* SPDX-License-Identifier: MIT */
#include "libmv/git/history.h"
#include "libmv/git/notes.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "tests/unit/u-git-help.h"

/*
 * Not there, and there but not to be read, are two answers: of a ref, of what
 * it names, of the trees on the way to a path, and of what stands at the path.
 */
static int blob_code(struct repo *r, const char *spec)
{
	struct mv_buf out;
	int rc;

	mv_buf_init(&out, 100000);
	repo_open(r, NULL);
	rc = mv_git_read_blob(r->git, spec, &out, NULL, &r->err);
	mv_buf_release(&out);
	return rc;
}

static int count(void *payload, size_t i, const char *hex, const void *data,
		 size_t len, struct mv_err *err)
{
	(void)i;
	(void)hex;
	(void)len;
	(void)err;
	*(int *)payload += data != NULL;
	return 0;
}

/* The same of many specs: how many there are, or the error. */
static int many_code(struct repo *r, const char *spec)
{
	const char *specs[] = { "HEAD:top", spec };
	int there = 0, rc;

	repo_open(r, NULL);
	rc = mv_git_read_many(r->git, specs, 2, 1000, count, &there, &r->err);
	return rc ? rc : there;
}

static int commit_code(struct repo *r, const char *rev)
{
	char hex[MV_GIT_HEX_MAX];

	repo_open(r, NULL);
	return mv_git_commit(hex, r->git, rev, &r->err);
}

static int ref_code(struct repo *r, const char *ref)
{
	char hex[MV_GIT_HEX_MAX];

	repo_open(r, NULL);
	return mv_git_ref_get(hex, r->git, ref, &r->err);
}

static int ignore(void *payload, const struct mv_git_entry *e,
		  struct mv_err *err)
{
	(void)payload;
	(void)e;
	(void)err;
	return 0;
}

static int walk_code(struct repo *r, const char *rev)
{
	repo_open(r, NULL);
	return mv_git_walk_tree(r->git, rev, ignore, NULL, &r->err);
}

static void make(struct repo *r, const char *init)
{
	repo_new(r, init);
	run(r, "mkdir -p d/e; echo x >d/e/f; echo y >top; git add .;"
	    "git update-index --add --cacheinfo "
	    "160000,$(printf x | git hash-object --stdin | cut -c1-40)$("
	    "test %s = x || printf %%024d 0),sub;"
	    "git commit -qm 1", *init ? "y" : "x");
}

/* Away with the object that this names; "git" brings it back. */
static void lose(struct repo *r, const char *spec)
{
	run(r, "o=$(git rev-parse '%s'); d=$(echo $o | cut -c1-2);"
	    "mv .git/objects/$d/${o#??} ../lost; echo $d/${o#??} >../name",
	    spec);
}

static void find(struct repo *r)
{
	run(r, "mv ../lost .git/objects/$(cat ../name)");
}

static void check_paths(const char *init)
{
	static const char *const lost[] = {
		"HEAD:d/e/f", "HEAD:d/e", "HEAD:d", "HEAD^{tree}"
	};
	struct repo r;

	make(&r, init);
	assert_int_equal(blob_code(&r, "HEAD:d/e/f"), 0);
	assert_int_equal(blob_code(&r, "HEAD:d/e/g"), MV_ENOENT);
	assert_int_equal(blob_code(&r, "HEAD:top/e/f"), MV_ENOENT);
	assert_int_equal(blob_code(&r, "HEAD:none/e/f"), MV_ENOENT);
	assert_int_equal(blob_code(&r, "none:top"), MV_ENOENT);
	assert_int_equal(blob_code(&r, "HEAD:sub"), MV_ENOENT);
	assert_int_equal(many_code(&r, "HEAD:d/e/f"), 2);
	assert_int_equal(many_code(&r, "HEAD:d/e/g"), 1);
	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++) {
		lose(&r, lost[i]);
		assert_int_equal(blob_code(&r, "HEAD:d/e/f"), MV_ECORRUPT);
		assert_int_equal(blob_code(&r, "refs/heads/main:d/e/f"),
				 MV_ECORRUPT);
		assert_int_equal(blob_code(&r, "main:d/e/f"), MV_ECORRUPT);
		if (i < 3)
			assert_int_equal(many_code(&r, "HEAD:d/e/f"),
					 MV_ECORRUPT);
		if (i)
			assert_int_equal(walk_code(&r, "HEAD"), MV_ECORRUPT);
		find(&r);
	}
	repo_drop(&r);
}

static void test_git_absent__paths(void **state)
{
	(void)state;
	check_paths("");
}

static void test_git_absent__paths_sha256(void **state)
{
	(void)state;
	check_paths("--object-format=sha256");
}

static void test_git_absent__refs(void **state)
{
	struct repo r;

	(void)state;
	make(&r, "");
	run(&r, "git branch b; git symbolic-ref refs/heads/s refs/heads/gone;"
	    "git branch folder/x");
	assert_int_equal(ref_code(&r, "refs/heads/b"), 0);
	assert_int_equal(ref_code(&r, "refs/heads/none"), MV_ENOENT);
	assert_int_equal(ref_code(&r, "refs/heads/folder"), MV_ENOENT);
	assert_int_equal(ref_code(&r, "refs/heads/b/x"), MV_ENOENT);
	/* A name that leads to one that is not there leads nowhere. */
	assert_int_equal(ref_code(&r, "refs/heads/s"), MV_ENOENT);
	assert_int_equal(commit_code(&r, "refs/heads/none"), MV_ENOENT);
	run(&r, "echo garbage >.git/refs/heads/b");
	assert_int_equal(ref_code(&r, "refs/heads/b"), MV_ECORRUPT);
	assert_int_equal(commit_code(&r, "refs/heads/b"), MV_ECORRUPT);
	assert_int_equal(blob_code(&r, "refs/heads/b:top"), MV_ECORRUPT);
	run(&r, "rm .git/refs/heads/b; ln -s /nowhere .git/refs/heads/b");
	assert_int_equal(ref_code(&r, "refs/heads/b"), MV_ENOENT);
	run(&r, "git symbolic-ref HEAD refs/heads/unborn");
	assert_int_equal(commit_code(&r, "HEAD"), MV_ENOENT);
	assert_int_equal(blob_code(&r, "HEAD:top"), MV_ENOENT);
	repo_drop(&r);
}

static void test_git_absent__what_a_ref_names(void **state)
{
	struct repo r;

	(void)state;
	make(&r, "");
	lose(&r, "HEAD");
	assert_true(commit_code(&r, "HEAD") < 0);
	assert_int_not_equal(commit_code(&r, "HEAD"), MV_ENOENT);
	assert_int_not_equal(commit_code(&r, "refs/heads/main"), MV_ENOENT);
	assert_int_not_equal(ref_code(&r, "refs/heads/main"), MV_ENOENT);
	assert_int_not_equal(blob_code(&r, "HEAD:top"), MV_ENOENT);
	assert_non_null(strstr(r.err.msg, "main") ? r.err.msg :
			strstr(r.err.msg, "HEAD"));
	find(&r);
	assert_int_equal(commit_code(&r, "HEAD"), 0);
	repo_drop(&r);
}

static int any_note(void *payload, const char *object, const char *blob,
		    struct mv_err *err)
{
	(void)object;
	(void)blob;
	(void)err;
	++*(int *)payload;
	return 0;
}

/* A no that was written down must not vanish with the tree that holds it. */
static void test_git_absent__notes(void **state)
{
	const char *object;
	struct repo r;
	char *hex;
	int seen = 0;

	(void)state;
	make(&r, "");
	run(&r, "git notes --ref=model add -m no HEAD");
	object = hex = sh(&r, "git rev-parse HEAD | tr -d '\\n'");
	lose(&r, "refs/notes/model^{tree}");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_notes_read(r.git, "refs/notes/model", &object,
					   1, 1000, count, &seen, &r.err),
			 MV_ECORRUPT);
	assert_int_equal(mv_git_notes_each(r.git, "refs/notes/model", any_note,
					   &seen, &r.err), MV_ECORRUPT);
	assert_int_equal(seen, 0);
	find(&r);
	lose(&r, "refs/notes/model");
	repo_open(&r, NULL);
	assert_true(mv_git_notes_each(r.git, "refs/notes/model", any_note,
				      &seen, &r.err) < 0);
	assert_int_equal(seen, 0);
	free(hex);
	repo_drop(&r);
}

/* -- what somebody put in the place of objects ---------------------------- */

static void test_git_absent__nothing_is_replaced(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo old >f; git add f; git commit -qm 1; git branch one;"
	    "echo new >f; git commit -qam 2; git branch two;"
	    "git checkout -q --orphan other; echo bad >f; git commit -qam 3;"
	    "git checkout -q two;"
	    "git replace two other; git replace two^{tree} other^{tree};"
	    "git replace two:f other:f");
	for (int graft = 0; graft < 2; graft++) {
		struct mv_buf out;

		mv_buf_init(&out, 1000);
		repo_open(&r, NULL);
		assert_int_equal(mv_git_is_ancestor(r.git, "one", "two",
						    &r.err), 1);
		assert_int_equal(mv_git_is_ancestor(r.git, "other", "two",
						    &r.err), 0);
		assert_int_equal(mv_git_read_blob(r.git, "two:f", &out, NULL,
						  &r.err), 0);
		assert_string_equal(out.data, "new\n");
		mv_buf_release(&out);
		run(&r, "git replace -d two two^{tree} two:f >/dev/null || :;"
		    "mkdir -p .git/info; echo $(git rev-parse two other) "
		    ">.git/info/grafts");
	}
	repo_drop(&r);
}

/* Whoever set these variables meant another git. */
static void test_git_absent__nor_by_the_environment(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo a >f; git add f; git commit -qm 1; git branch one;"
	    "git commit -q --allow-empty -m 2; git branch two;"
	    "git checkout -q --orphan other; git commit -qm 3;"
	    "git update-ref refs/mine/$(git rev-parse two) other;"
	    "echo $(git rev-parse two other) >grafts");
	repo_env(&r, "GIT_REPLACE_REF_BASE=refs/mine/");
	repo_env(&r, "GIT_GRAFT_FILE=%s/grafts", r.dir);
	repo_open(&r, NULL);
	assert_int_equal(mv_git_is_ancestor(r.git, "one", "two", &r.err), 1);
	assert_int_equal(mv_git_is_ancestor(r.git, "other", "two", &r.err), 0);
	repo_drop(&r);
}

static void test_git_absent__cut_off_is_not_no(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "for i in 1 2 3; do git commit -q --allow-empty -m $i;"
	    "git tag t$i; done; git checkout -q --orphan other;"
	    "git commit -q --allow-empty -m x; git tag x;"
	    "git clone -q --no-local --depth 1 -b t3 . ../s 2>/dev/null;"
	    "git -C ../s fetch -q --depth 1 origin tag t1 2>/dev/null;"
	    "git -C ../s fetch -q origin tag x 2>/dev/null");
	snprintf(r.dir, sizeof(r.dir), "%s/s", r.root);
	repo_open(&r, NULL);
	/* It is one, but nobody here can tell. */
	assert_int_equal(mv_git_is_ancestor(r.git, "t1", "t3", &r.err),
			 MV_ENOTSUP);
	assert_non_null(strstr(r.err.msg, "--unshallow"));
	/* All that comes before x is here: x alone. */
	assert_int_equal(mv_git_is_ancestor(r.git, "t1", "x", &r.err), 0);
	assert_int_equal(mv_git_is_ancestor(r.git, "t3", "t3", &r.err), 1);
	repo_drop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_absent__paths),
		cmocka_unit_test(test_git_absent__paths_sha256),
		cmocka_unit_test(test_git_absent__refs),
		cmocka_unit_test(test_git_absent__what_a_ref_names),
		cmocka_unit_test(test_git_absent__notes),
		cmocka_unit_test(test_git_absent__nothing_is_replaced),
		cmocka_unit_test(test_git_absent__nor_by_the_environment),
		cmocka_unit_test(test_git_absent__cut_off_is_not_no),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
