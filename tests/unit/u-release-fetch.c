/* SPDX-License-Identifier: MIT */
/* release/fetch.c: what comes from a remote, and what it may not move. */
#include "libmv/release/release.h"
#include "tests/unit/u-world.h"

static void quiet(void *payload, const char *text)
{
	(void)payload;
	(void)text;
}

/*
 * ../srv.git has main, rewound since r has seen it, and a version that r has
 * not. `spec` is r's refspec.
 */
static void rewound(struct world *w, const char *spec)
{
	world_new(w, "");
	run(&w->r, "git init -q --bare ../srv.git; git remote add origin "
	    "../srv.git; git config remote.origin.fetch '%s';"
	    "git push -q origin main; git fetch -q origin; "
	    "git symbolic-ref refs/remotes/origin/HEAD "
	    "refs/remotes/origin/main;"
	    "git tag -a -m v1 m@v1.0.0 && git push -q origin m@v1.0.0;"
	    "git tag -d m@v1.0.0 >../out;"
	    "other=$(git commit-tree -m other 'HEAD^{tree}');"
	    "git push -q --force origin $other:main 2>../err;"
	    "git update-ref refs/remotes/origin/main HEAD", spec);
	world_open(w, NULL);
}

/* Did the remote's branch come? */
static int fetched(struct world *w, const char *remote)
{
	struct mv_registry_fetched out;
	char *same;
	int moved;

	assert_ok(w, mv_release_fetch(&out, w->repo, remote, quiet, NULL,
				      &w->err));
	assert_int_equal(out.tags, 1);
	run(&w->r, "git rev-parse -q --verify refs/tags/m@v1.0.0");
	same = sh(&w->r, "test $(git rev-parse origin/main) = "
		  "$(git rev-parse main) && echo same || :");
	moved = !*same;
	free(same);
	return moved;
}

static void test_release_fetch__a_plus_lets_the_branch_be_rewound(void **state)
{
	struct world w;

	(void)state;
	rewound(&w, "+refs/heads/*:refs/remotes/origin/*");
	assert_true(fetched(&w, "origin"));
	assert_string_equal(w.warned, "");
	world_drop(&w);
}

static void test_release_fetch__without_it_nobody_rewinds_it(void **state)
{
	static const char *const specs[] = {
		"refs/heads/*:refs/remotes/origin/*",
		"refs/heads/main:refs/remotes/origin/main",
		"refs/heads/m*n:refs/remotes/origin/m*n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		struct world w;

		rewound(&w, specs[i]);
		assert_false(fetched(&w, NULL));
		assert_non_null(strstr(w.warned, "origin/main is as it was"));
		assert_non_null(strstr(w.warned, "remote.origin.fetch has no "
				       "'+'"));
		world_drop(&w);
	}
}

/* They speak of other branches, or of other places. */
static void test_release_fetch__a_refspec_of_something_else(void **state)
{
	static const char *const specs[] = {
		"refs/heads/other:refs/remotes/origin/main",
		"refs/heads/main:refs/remotes/mirror/main",
		"refs/heads/maintenance/*:refs/remotes/origin/*",
		"^refs/heads/main",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		struct world w;

		rewound(&w, "+refs/heads/*:refs/remotes/origin/*");
		run(&w.r, "git config --add remote.origin.fetch '%s'",
		    specs[i]);
		world_open(&w, NULL);
		assert_true(fetched(&w, NULL));
		world_drop(&w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_release_fetch__a_plus_lets_the_branch_be_rewound),
		cmocka_unit_test(
			test_release_fetch__without_it_nobody_rewinds_it),
		cmocka_unit_test(
			test_release_fetch__a_refspec_of_something_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
