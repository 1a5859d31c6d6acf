/* SPDX-License-Identifier: MIT */
#include "tests/unit/look-world.h"

/* What was told, one step a line. */
static char told[2000];

static void tell(void *payload, const char *message)
{
	size_t len = strlen(told);

	(void)payload;
	snprintf(told + len, sizeof(told) - len, "%s\n", message);
}

static int ci_fetch(struct mv_ci_fetched *f, struct world *w,
		    const char *remote, const char *base, const char *head,
		    unsigned depth)
{
	const struct mv_ci_fetch ask = {
		.remote = remote, .base = base, .head = head,
		.max_depth = depth, .tell = tell
	};

	*told = '\0';
	memset(&w->err, 0, sizeof(w->err));
	return mv_look_ci_fetch(f, w->repo, &ask, &w->err);
}

static void assert_refused(struct world *w, int code, const char *word,
			   const char *remote, const char *base,
			   const char *head, unsigned depth)
{
	struct mv_ci_fetched f;
	int rc = ci_fetch(&f, w, remote, base, head, depth);

	if (rc != code || !strstr(w->err.msg, word))
		fprintf(stderr, "# %d: %s\n", rc, w->err.msg);
	assert_int_equal(rc, code);
	assert_non_null(strstr(w->err.msg, word));
	assert_null(f.remote);
}

/*
 * $ROOT/r has main and, ten commits below its tip, side; what is opened is a
 * clone of the last commit of side, as CI systems make them.
 */
static void ci_world(struct world *w)
{
	char dir[300];

	look_world(w);
	run(&w->r, "git checkout -qf -b side; git commit -q --allow-empty -m s;"
	    "git checkout -qf main;"
	    "for i in 1 2 3 4 5 6 7 8 9 10; do git commit -q --allow-empty "
	    "-m $i; done;"
	    "git clone -q --depth=1 --no-tags -b side file://$PWD ../clone");
	snprintf(dir, sizeof(dir), "%s/clone", w->r.root);
	world_open(w, dir);
}

#define in_clone(w, ...) run(&(w)->r, "cd ../clone && " __VA_ARGS__)

static void test_look_ci__brings_what_is_missing(void **state)
{
	struct mv_ci_fetched f;
	struct world w;

	(void)state;
	ci_world(&w);
	assert_ok(&w, ci_fetch(&f, &w, NULL, "main", NULL, 0));
	assert_string_equal(f.remote, "origin");
	assert_int_equal(f.tags, 1);
	assert_int_equal(f.records, 1);
	assert_int_equal(f.commits, 1);
	assert_true(f.deepened > 0);
	assert_int_equal(strlen(f.base), 40);
	assert_int_equal(strlen(f.merge_base), 40);
	assert_string_not_equal(f.base, f.merge_base);
	assert_non_null(strstr(told, "deepening"));
	in_clone(&w, "test $(git rev-parse origin/main~10) = %s", f.merge_base);
	in_clone(&w, "test $(git rev-parse refs/model-ci/base) = %s", f.base);
	in_clone(&w, "test $(git rev-parse refs/model-ci/head) = %s", f.head);
	mv_look_ci_fetched_release(&f);
	assert_null(f.remote);
	/* And nothing when all is here. */
	assert_ok(&w, ci_fetch(&f, &w, NULL, "main", NULL, 0));
	assert_int_equal(f.tags + f.records + f.commits + f.deepened, 0);
	assert_string_equal(told, "");
	mv_look_ci_fetched_release(&f);
	world_drop(&w);
}

static void test_look_ci__without_a_base(void **state)
{
	struct mv_ci_fetched f;
	struct world w;

	(void)state;
	ci_world(&w);
	assert_ok(&w, ci_fetch(&f, &w, "origin", NULL, NULL, 0));
	assert_string_equal(f.base, "");
	assert_string_equal(f.merge_base, "");
	assert_int_equal(f.commits, 0);
	assert_int_equal(f.tags, 1);
	assert_true(f.shallow);
	mv_look_ci_fetched_release(&f);
	world_drop(&w);
}

static void test_look_ci__all_of_history(void **state)
{
	struct mv_ci_fetch ask = { .whole = 1 };
	struct mv_ci_fetched f;
	struct world w;

	(void)state;
	ci_world(&w);
	assert_ok(&w, mv_look_ci_fetch(&f, w.repo, &ask, &w.err));
	assert_false(f.shallow);
	mv_look_ci_fetched_release(&f);
	in_clone(&w, "test $(git rev-list --count HEAD) = 4");
	world_drop(&w);
}

/* Both by id, which only the remote has. */
static void test_look_ci__commits_by_their_ids(void **state)
{
	struct mv_ci_fetched f;
	struct world w;
	char *base, *head;

	(void)state;
	ci_world(&w);
	base = sh(&w.r, "git rev-parse main~3 | tr -d '\\n'");
	head = sh(&w.r, "git rev-parse main~1 | tr -d '\\n'");
	assert_ok(&w, ci_fetch(&f, &w, "origin", base, head, 0));
	assert_string_equal(f.base, base);
	assert_string_equal(f.head, head);
	assert_string_equal(f.merge_base, base);
	assert_int_equal(f.commits, 2);
	mv_look_ci_fetched_release(&f);
	free(base);
	free(head);
	world_drop(&w);
}

static void test_look_ci__refusals(void **state)
{
	struct world w;

	(void)state;
	ci_world(&w);
	assert_refused(&w, MV_ENOENT, "nowhere", "nowhere", "main", NULL, 0);
	assert_refused(&w, MV_ENOENT, "cannot be had", NULL, "nothing", NULL,
		       0);
	assert_refused(&w, MV_ENOENT, "cannot be had", NULL, "main",
		       "1111111111111111111111111111111111111111", 0);
	assert_refused(&w, MV_EINVALID, "--upload-pack=x", "--upload-pack=x",
		       NULL, NULL, 0);
	assert_refused(&w, MV_EINVALID, "--x", NULL, "--x", NULL, 0);
	assert_refused(&w, MV_EINVALID, "a b", NULL, "a b", NULL, 0);
	assert_refused(&w, MV_ENOENT, "--max-depth", NULL, "main", NULL, 3);
	in_clone(&w, "git remote remove origin");
	{
		char dir[300];

		snprintf(dir, sizeof(dir), "%s/clone", w.r.root);
		world_open(&w, dir);
	}
	assert_refused(&w, MV_ENOENT, "no git remote", NULL, NULL, NULL, 0);
	world_drop(&w);
}

static void test_look_ci__histories_apart(void **state)
{
	struct world w;

	(void)state;
	ci_world(&w);
	run(&w.r, "git checkout -q --orphan alone; "
	    "git commit -q --allow-empty -m alone");
	assert_refused(&w, MV_ENOENT, "no history in common", NULL, "alone",
		       NULL, 0);
	world_drop(&w);
}

/* A remote that does not answer is none that has nothing. */
static void test_look_ci__the_remote_is_away(void **state)
{
	struct mv_ci_fetched f;
	struct world w;

	(void)state;
	ci_world(&w);
	run(&w.r, "mv .git/HEAD .git/HEAD.away");
	assert_int_not_equal(ci_fetch(&f, &w, NULL, NULL, NULL, 0), 0);
	assert_true(*w.err.msg);
	assert_null(f.remote);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_ci__brings_what_is_missing),
		cmocka_unit_test(test_look_ci__without_a_base),
		cmocka_unit_test(test_look_ci__all_of_history),
		cmocka_unit_test(test_look_ci__commits_by_their_ids),
		cmocka_unit_test(test_look_ci__refusals),
		cmocka_unit_test(test_look_ci__histories_apart),
		cmocka_unit_test(test_look_ci__the_remote_is_away),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
