/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

static int compare(struct mv_comparison *c, struct world *w, const char *base,
		   const char *head, const char *stage, unsigned flags)
{
	memset(&w->err, 0, sizeof(w->err));
	return mv_look_compare(c, w->repo, base, head, stage, flags, &w->err);
}

#define assert_compares(c, w, ...) \
	assert_ok(w, compare(c, w, __VA_ARGS__))

/* Nothing is left in `out` of what failed: releasing it twice is fine. */
static void assert_refused(struct world *w, int code, const char *word,
			   const char *base, const char *head,
			   const char *stage)
{
	struct mv_comparison c;
	int rc = compare(&c, w, base, head, stage, 0);

	if (rc != code || !strstr(w->err.msg, word))
		fprintf(stderr, "# %d: %s\n", rc, w->err.msg);
	assert_int_equal(rc, code);
	assert_int_equal(w->err.code, code);
	assert_non_null(strstr(w->err.msg, word));
	mv_comparison_release(&c);
}

static void test_look_compare__two_revisions(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	look_add(&w, "n.bin", "new");
	look_commit(&w, "third");
	assert_compares(&c, &w, "fraud@v1.0.0", "HEAD", NULL, 0);
	assert_string_equal(c.base_name, "fraud@v1.0.0");
	assert_string_equal(c.head_name, "HEAD");
	assert_int_equal(strlen(c.base), 40);
	assert_int_equal(strlen(c.head), 40);
	assert_int_equal(c.count, 2);
	assert_string_equal(c.v[0].path, "m.bin");
	assert_string_equal(c.v[0].artifact, "fraud");
	assert_true(c.v[0].has_old && c.v[0].has_new);
	assert_int_equal(c.v[0].better, 1);
	assert_int_equal(c.better, 1);
	assert_int_equal(c.worse, 0);
	assert_string_equal(c.v[1].path, "n.bin");
	assert_true(!c.v[1].has_old && c.v[1].has_new);
	mv_comparison_release(&c);
	/* The other way round, and both in one word. */
	assert_compares(&c, &w, "HEAD..HEAD~1", NULL, NULL, 0);
	assert_int_equal(c.count, 1);
	assert_true(c.v[0].has_old && !c.v[0].has_new);
	mv_comparison_release(&c);
	assert_compares(&c, &w, "HEAD~1...", NULL, NULL, MV_COMPARE_ALL);
	assert_int_equal(c.count, 2);
	assert_non_null(strstr(c.why, "parted"));
	mv_comparison_release(&c);
	world_drop(&w);
}

static void test_look_compare__renamed(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git mv m.bin k.bin");
	look_config(&w, "[artifact \"fraud\"]\n\tpath = k.bin\n");
	run(&w.r, "echo '*.bin filter=model -text' >.gitattributes");
	look_commit(&w, "moved");
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, 0);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.v[0].path, "k.bin");
	assert_string_equal(c.v[0].old_path, "m.bin");
	assert_string_equal(c.v[0].artifact, "fraud");
	mv_comparison_release(&c);
	world_drop(&w);
}

/* NULL, NULL: as the header lists it. */
static void test_look_compare__base_of_its_own(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	/* In the default branch: the commit before. */
	assert_compares(&c, &w, NULL, NULL, NULL, 0);
	assert_non_null(strstr(c.why, "commit before"));
	assert_int_equal(c.count, 1);
	mv_comparison_release(&c);
	/* Off it: where it left. */
	run(&w.r, "git checkout -q -b side");
	world_open(&w, NULL);
	look_add(&w, "m.bin", "three");
	look_commit(&w, "third");
	assert_compares(&c, &w, NULL, NULL, NULL, 0);
	assert_non_null(strstr(c.why, "where it left 'main'"));
	mv_comparison_release(&c);
	/* What holds a stage goes before all; `staging` only without it. */
	run(&w.r, "git tag -a -m x fraud#staging#1 main~1");
	world_open(&w, NULL);
	assert_compares(&c, &w, NULL, NULL, NULL, 0);
	assert_string_equal(c.base_name, "staging");
	mv_comparison_release(&c);
	run(&w.r, "git tag -a -m x fraud#production#1 main");
	world_open(&w, NULL);
	assert_compares(&c, &w, NULL, NULL, NULL, 0);
	assert_string_equal(c.base_name, "production");
	mv_comparison_release(&c);
	assert_compares(&c, &w, NULL, NULL, "staging", 0);
	assert_string_equal(c.why, "what holds 'staging'");
	assert_int_equal(c.count, 1);
	mv_comparison_release(&c);
	world_drop(&w);
}

/* What is staged is meant where HEAD would be compared with itself. */
static void test_look_compare__the_index(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	assert_compares(&c, &w, "HEAD", NULL, NULL, 0);
	assert_int_equal(c.count, 0);
	assert_non_null(strstr(c.why, "same commit"));
	mv_comparison_release(&c);
	look_add(&w, "m.bin", "staged");
	assert_compares(&c, &w, "HEAD", NULL, NULL, 0);
	assert_null(c.head);
	assert_string_equal(c.head_name, "the index");
	assert_int_equal(c.count, 1);
	mv_comparison_release(&c);
	assert_compares(&c, &w, NULL, NULL, NULL, 0);
	assert_null(c.head);
	mv_comparison_release(&c);
	/* HEAD by its name is HEAD. */
	assert_compares(&c, &w, "HEAD", "HEAD", NULL, 0);
	assert_non_null(c.head);
	assert_int_equal(c.count, 0);
	mv_comparison_release(&c);
	world_drop(&w);
}

static void test_look_compare__what_is_inside(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	world_new(&w, "");
	look_config(&w, "[artifact \"set\"]\n\tpath = d\n");
	look_add(&w, "d/a.bin", "1");
	look_add(&w, "d/b.bin", "2");
	look_commit(&w, "data");
	look_add(&w, "d/b.bin", "3");
	look_add(&w, "d/c.bin", "4");
	look_commit(&w, "more");
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, 0);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.v[0].artifact, "set");
	assert_non_null(strstr(c.v[0].content, "+ c.bin"));
	assert_non_null(strstr(c.v[0].content, "~ b.bin"));
	mv_comparison_release(&c);
	/* Their contents not being here does not matter to what is asked. */
	look_drop_store(&w);
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, MV_COMPARE_CONTENT);
	assert_int_equal(c.count, 1);
	mv_comparison_release(&c);
	world_drop(&w);
}

static void test_look_compare__content_that_is_not_here(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	look_drop_store(&w);
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, MV_COMPARE_CONTENT);
	assert_int_equal(c.count, 1);
	assert_null(c.v[0].content);
	assert_int_equal(c.better, 1);
	mv_comparison_release(&c);
	/* To fetch it was asked for, and there is nowhere to. */
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, MV_COMPARE_FETCH);
	assert_null(c.v[0].content);
	assert_non_null(strstr(w.warned, "'m.bin' is not known"));
	mv_comparison_release(&c);
	world_drop(&w);
}

static void test_look_compare__refusals(void **state)
{
	struct world w;

	(void)state;
	look_world(&w);
	assert_refused(&w, MV_EINVALID, "name a base", NULL, "HEAD~2", NULL);
	assert_refused(&w, MV_EINVALID, "either", "HEAD~1", NULL, "staging");
	assert_refused(&w, MV_ENOENT, "holds", NULL, NULL, "staging");
	assert_refused(&w, MV_ENOENT, "nothing.such", "nothing.such", NULL,
		       NULL);
	assert_refused(&w, MV_ENOENT, "nothing.such", "HEAD", "nothing.such",
		       NULL);
	assert_refused(&w, MV_ENOENT, "HEAD~1..HEAD", "HEAD~1..HEAD", "HEAD",
		       NULL);
	run(&w.r, "git tag -a -m x fraud#staging#1");
	world_open(&w, NULL);
	assert_refused(&w, MV_EINVALID, "itself", NULL, NULL, "staging");
	world_drop(&w);
}

static void test_look_compare__nothing_is_committed(void **state)
{
	struct world w;

	(void)state;
	memset(&w, 0, sizeof(w));
	repo_new(&w.r, "");
	world_open(&w, NULL);
	assert_refused(&w, MV_ENOENT, "nothing is committed", NULL, NULL, NULL);
	assert_refused(&w, MV_ENOENT, "nothing is committed", "HEAD", NULL,
		       NULL);
	world_drop(&w);
}

static void test_look_compare__a_shallow_clone(void **state)
{
	struct world w;
	char dir[300];

	(void)state;
	look_world(&w);
	run(&w.r, "git clone -q --depth=1 file://$PWD ../clone");
	snprintf(dir, sizeof(dir), "%s/clone", w.r.root);
	world_open(&w, dir);
	assert_refused(&w, MV_ENOENT, "cut off", NULL, NULL, NULL);
	assert_refused(&w, MV_ENOENT, "cut off", "HEAD~1", NULL, NULL);
	world_drop(&w);
}

static void test_look_compare__notes_and_git(void **state)
{
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	run(&w.r, "git update-ref refs/keep " NOTES "; "
	    "git update-ref -d " NOTES);
	world_open(&w, NULL);
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, 0);
	assert_int_equal(c.v[0].new_evidence.count, 0);
	mv_comparison_release(&c);
	run(&w.r, "git update-ref " NOTES " refs/keep");
	look_lose(&w, NOTES "^{tree}");
	assert_int_not_equal(compare(&c, &w, "HEAD~1", "HEAD", NULL, 0), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	look_mute(&w);
	assert_int_not_equal(compare(&c, &w, NULL, NULL, NULL, 0), 0);
	assert_int_not_equal(w.err.code, MV_ENOENT);
	world_drop(&w);
}

/* A pointer that git has lost is not "gone". */
static void test_look_compare__a_pointer_is_missing(void **state)
{
	struct world w;

	(void)state;
	look_world(&w);
	look_lose(&w, "HEAD:m.bin");
	assert_refused(&w, MV_ECORRUPT, "missing", "HEAD~1", "HEAD", NULL);
	look_lose(&w, "HEAD~1^{tree}");
	assert_refused(&w, MV_ECORRUPT, "git fsck", "HEAD~1", "HEAD",
		       NULL);
	world_drop(&w);
}

/* Eleven trees that stand for 10^11 files, or for as many empty folders. */
static void test_look_compare__a_tree_without_end(void **state)
{
	static const char *const leaves[] = {
		"printf '100644 blob %s\\tf\\n' $(git rev-parse HEAD:m.bin)",
		":"
	};
	struct world w;

	(void)state;
	look_world(&w);
	for (size_t i = 0; i < 2; i++) {
		run(&w.r, "t=$(%s | git mktree); for l in 1 2 3 4 5 6 7 8 9 10 "
		    "11\ndo\nt=$(for n in 0 1 2 3 4 5 6 7 8 9\ndo\n"
		    "printf '040000 tree %%s\\t%%s\\n' $t $n\ndone | git mktree)\n"
		    "done\nt=$({ git ls-tree HEAD; printf '040000 tree %%s\\tz\\n' "
		    "$t; } | git mktree); git update-ref refs/bomb "
		    "$(git commit-tree -p HEAD -m bomb $t)", leaves[i]);
		world_open(&w, NULL);
		assert_refused(&w, MV_EINVALID, "paths", "HEAD", "refs/bomb",
			       NULL);
		assert_refused(&w, MV_EINVALID, "paths", "refs/bomb", "HEAD",
			       NULL);
		assert_refused(&w, MV_EINVALID, "paths", "refs/bomb", NULL,
			       NULL);
	}
	world_drop(&w);
}

static void test_look_compare__curves_of_the_new_side(void **state)
{
	struct mv_curves curves;
	struct mv_comparison c;
	struct world w;

	(void)state;
	look_world(&w);
	look_curve(&curves, "loss", 3);
	look_record(&w, "fraud", "f1=0.5", &curves);
	look_record(&w, "fraud@v1.0.0", "f1=0.5", &curves);
	mv_curves_release(&curves);
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, 0);
	assert_int_equal(c.v[0].curves.count, 0);
	assert_ok(&w, mv_look_compare_curves(&c, w.repo, &w.err));
	assert_int_equal(c.v[0].curves.count, 1);
	assert_int_equal(c.v[0].curves.series[0].count, 3);
	assert_ok(&w, mv_look_compare_curves(&c, w.repo, &w.err));
	assert_int_equal(c.v[0].curves.count, 1);
	mv_comparison_release(&c);
	look_drop_store(&w);
	assert_compares(&c, &w, "HEAD~1", "HEAD", NULL, 0);
	assert_ok(&w, mv_look_compare_curves(&c, w.repo, &w.err));
	assert_int_equal(c.v[0].curves.count, 0);
	mv_comparison_release(&c);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_compare__two_revisions),
		cmocka_unit_test(test_look_compare__renamed),
		cmocka_unit_test(test_look_compare__base_of_its_own),
		cmocka_unit_test(test_look_compare__the_index),
		cmocka_unit_test(test_look_compare__what_is_inside),
		cmocka_unit_test(test_look_compare__content_that_is_not_here),
		cmocka_unit_test(test_look_compare__refusals),
		cmocka_unit_test(test_look_compare__nothing_is_committed),
		cmocka_unit_test(test_look_compare__a_shallow_clone),
		cmocka_unit_test(test_look_compare__notes_and_git),
		cmocka_unit_test(test_look_compare__a_pointer_is_missing),
		cmocka_unit_test(test_look_compare__a_tree_without_end),
		cmocka_unit_test(test_look_compare__curves_of_the_new_side),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
