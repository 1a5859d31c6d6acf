/* SPDX-License-Identifier: MIT */
#include "libmv/git/files.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "tests/unit/u-git-help.h"

/* Rows as lines "<mode> <stage> <S or -> <has blob> <path>", in order. */
static int add_row(void *payload, const struct mv_git_entry *e,
		   struct mv_err *err)
{
	struct mv_buf *out = payload;

	(void)err;
	assert_true(!*e->blob || strlen(e->blob) == 40);
	return mv_buf_addf(out, "%o %d %c%c %s\n", e->mode, e->stage,
			   e->skip_worktree ? 'S' : '-', *e->blob ? 'b' : '-',
			   e->path);
}

static void assert_ls(struct repo *r, unsigned flags,
		      const char *const *specs, const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_git_ls(r->git, flags, specs, add_row, &out,
				   &r->err), 0);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

#define BOTH (MV_GIT_LS_CACHED | MV_GIT_LS_OTHERS)
#define OURS MV_GIT_LS_FILTERED

static void make_tree(struct repo *r)
{
	repo_new(r, "");
	run(r, "printf '%%s\\n' '*.bin filter=model' '*.big filter=lfs'"
	    " '*.txt filter=other' 's[0-9] filter' '/u filter=lfs'"
	    " >.gitattributes;"
	    "echo '*.ign' >.gitignore; git config filter.model.clean cat;"
	    "mkdir -p d/e new/deep; echo 1 >d/a.bin; echo 2 >d/e/b.big;"
	    "echo 3 >d/c.txt; echo 4 >plain; ln -s x d/l.bin; chmod +x plain;"
	    "git add .; echo 5 >d/n.bin; echo 6 >new/deep/m.bin;"
	    "echo 7 >x.ign; echo 8 >new/t.txt");
	repo_open(r, NULL);
}

static void test_git_ls__lists_index_and_untracked(void **state)
{
	struct repo r;

	(void)state;
	make_tree(&r);
	assert_ls(&r, MV_GIT_LS_CACHED, NULL,
		  "100644 0 -b .gitattributes\n100644 0 -b .gitignore\n"
		  "100644 0 -b d/a.bin\n100644 0 -b d/c.txt\n"
		  "100644 0 -b d/e/b.big\n120000 0 -b d/l.bin\n"
		  "100755 0 -b plain\n");
	assert_ls(&r, MV_GIT_LS_OTHERS, NULL,
		  "0 0 -- d/n.bin\n0 0 -- new/deep/m.bin\n"
		  "0 0 -- new/t.txt\n");
	assert_ls(&r, 0, NULL, "");
	repo_drop(&r);
}

static void test_git_ls__only_with_our_filter(void **state)
{
	static const char *const d[] = { "d", NULL };
	static const char *const not_e[] = { "d", ":!d/e", NULL };
	static const char *const none[] = { NULL };
	struct repo r;

	(void)state;
	make_tree(&r);
	assert_ls(&r, MV_GIT_LS_CACHED | OURS, NULL,
		  "100644 0 -b d/a.bin\n100644 0 -b d/e/b.big\n"
		  "120000 0 -b d/l.bin\n");
	assert_ls(&r, MV_GIT_LS_OTHERS | OURS, NULL,
		  "0 0 -- d/n.bin\n0 0 -- new/deep/m.bin\n");
	assert_ls(&r, BOTH | OURS, d, "0 0 -- d/n.bin\n100644 0 -b d/a.bin\n"
		  "100644 0 -b d/e/b.big\n120000 0 -b d/l.bin\n");
	assert_ls(&r, MV_GIT_LS_CACHED | OURS, not_e,
		  "100644 0 -b d/a.bin\n120000 0 -b d/l.bin\n");
	assert_ls(&r, BOTH | OURS, none, "");
	repo_drop(&r);
}

static void test_git_ls__pathspecs_are_relative_to_the_prefix(void **state)
{
	static const char *const e[] = { "e", NULL };
	static const char *const up[] = { "../new", "a.*", NULL };
	static const char *const dash[] = { "-x", NULL };
	struct repo r;
	char dir[300];

	(void)state;
	make_tree(&r);
	repo_open(&r, at(&r, dir, sizeof(dir), "d"));
	assert_string_equal(mv_git_info(r.git)->prefix, "d/");
	assert_ls(&r, MV_GIT_LS_CACHED, e, "100644 0 -b d/e/b.big\n");
	assert_ls(&r, BOTH | OURS, up,
		  "0 0 -- new/deep/m.bin\n100644 0 -b d/a.bin\n");
	/* Without any: all of the repository, not of the folder. */
	assert_ls(&r, MV_GIT_LS_OTHERS | OURS, NULL,
		  "0 0 -- d/n.bin\n0 0 -- new/deep/m.bin\n");
	assert_ls(&r, MV_GIT_LS_CACHED | OURS, dash, "");
	put_file(&r, "d/-x", "1", 1);
	assert_ls(&r, MV_GIT_LS_OTHERS, dash, "0 0 -- d/-x\n");
	repo_drop(&r);
}

static void test_git_ls__says_what_git_says(void **state)
{
	static const char *const out[] = { "../..", NULL };
	struct repo r;

	(void)state;
	make_tree(&r);
	assert_int_equal(mv_git_ls(r.git, MV_GIT_LS_CACHED, out, add_row, NULL,
				   &r.err), MV_EIO);
	assert_non_null(strstr(r.err.msg, "outside repository"));
	repo_drop(&r);
}

static void test_git_ls__any_name(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo '* filter=model' >.gitattributes; git add .git*;"
	    "git config filter.model.clean cat");
	put_file(&r, "new\nline", "1", 1);
	put_file(&r, "tab\there", "1", 1);
	put_file(&r, "bad\xff\xc3", "1", 1);
	put_file(&r, "-dash ?", "1", 1);
	put_file(&r, "\"q\"", "1", 1);
	repo_open(&r, NULL);
	assert_ls(&r, BOTH | OURS, NULL, "0 0 -- \"q\"\n0 0 -- -dash ?\n"
		  "0 0 -- bad\xff\xc3\n0 0 -- new\nline\n0 0 -- tab\there\n"
		  "100644 0 -b .gitattributes\n");
	run(&r, "git add .");
	assert_ls(&r, MV_GIT_LS_CACHED | OURS, NULL, "100644 0 -b \"q\"\n"
		  "100644 0 -b -dash ?\n100644 0 -b .gitattributes\n"
		  "100644 0 -b bad\xff\xc3\n100644 0 -b new\nline\n"
		  "100644 0 -b tab\there\n");
	repo_drop(&r);
}

static void test_git_ls__conflicts_submodules_and_sparse(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "mkdir x y; echo 1 >a; echo 1 >x/f; echo 1 >y/g; git add .;"
	    "git commit -qm 1; git checkout -qb s; echo 2 >a;"
	    "git commit -qam 2; git checkout -q main; echo 3 >a;"
	    "git commit -qam 3; git init -q ../m; (cd ../m;"
	    "git commit -q --allow-empty -m m);"
	    "git submodule --quiet add ../m m 2>/dev/null;"
	    "git commit -qm m; git sparse-checkout set --cone --sparse-index"
	    " x; git merge s >/dev/null || :");
	repo_open(&r, NULL);
	assert_ls(&r, MV_GIT_LS_CACHED, NULL, "100644 0 -b .gitmodules\n"
		  "100644 1 -b a\n100644 2 -b a\n100644 3 -b a\n"
		  "160000 0 -b m\n100644 0 -b x/f\n100644 0 Sb y/g\n");
	repo_drop(&r);
}

/* -- attributes ----------------------------------------------------------- */

static int add_filter(void *payload, size_t i, const char *filter,
		      struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%zu=%s\n", i, filter);
}

static void test_git_ls__filters_of_paths(void **state)
{
	static const char *const paths[] = {
		"d/a.bin", "d/none.big", "d/c.txt", "s1", "u", "plain",
		"no/such/dir/new\nline.bin"
	};
	struct mv_buf out;
	struct repo r;
	char dir[300];

	(void)state;
	make_tree(&r);
	for (int i = 0; i < 2; i++) {
		repo_open(&r, at(&r, dir, sizeof(dir), i ? "d/e" : "."));
		mv_buf_init(&out, 4096);
		assert_int_equal(mv_git_filters(r.git, paths, 7, add_filter,
						&out, &r.err), 0);
		assert_string_equal(out.data, "0=model\n1=lfs\n2=\n3=\n4=lfs\n"
				    "5=\n6=model\n");
		mv_buf_release(&out);
	}
	repo_drop(&r);
}

/* In git's words, and as the index has it. */
static void test_git_ls__words_of_filters(void **state)
{
	static const char *const paths[] = { "a.x", "b.y", "c.z", "d" };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "printf '*.x filter=model\n*.y -filter\n*.z filter=other\n' "
	    ">.gitattributes; git add .; echo '* filter=lfs' >.gitattributes");
	repo_open(&r, NULL);
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_git_filter_words(r.git, 1, paths, 4, add_filter,
					     &out, &r.err), 0);
	assert_string_equal(out.data, "0=model\n1=unset\n2=other\n"
			    "3=unspecified\n");
	mv_buf_clear(&out);
	assert_int_equal(mv_git_filter_words(r.git, 0, paths, 4, add_filter,
					     &out, &r.err), 0);
	assert_string_equal(out.data, "0=lfs\n1=lfs\n2=lfs\n3=lfs\n");
	mv_buf_release(&out);
	repo_drop(&r);
}

static int stop(void *payload, const struct mv_git_entry *e,
		struct mv_err *err)
{
	(void)e;
	++*(int *)payload;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_git_ls__callback_stops(void **state)
{
	struct repo r;
	int calls = 0;

	(void)state;
	make_tree(&r);
	assert_int_equal(mv_git_ls(r.git, BOTH, NULL, stop, &calls, &r.err),
			 MV_ECANCELLED);
	assert_int_equal(mv_git_ls(r.git, BOTH | OURS, NULL, stop, &calls,
				   &r.err), MV_ECANCELLED);
	assert_int_equal(calls, 2);
	repo_drop(&r);
}

static void test_git_ls__variables_count_for_what_was_typed(void **state)
{
	static const char *const star[] = { "d/*.bin", NULL };
	static const char *const ours[] = { ":(top,glob)**/c.txt", NULL };
	static const char *const big[] = { "D/A.BIN", NULL };
	static const char *const typed_magic[] = { ":(top)d/a.bin", NULL };
	const unsigned typed = MV_GIT_LS_CACHED | MV_GIT_LS_TYPED;
	struct repo r;

	(void)state;
	make_tree(&r);
	repo_env(&r, "GIT_LITERAL_PATHSPECS=1");
	repo_open(&r, NULL);
	assert_ls(&r, MV_GIT_LS_CACHED, ours, "100644 0 -b d/c.txt\n");
	assert_ls(&r, MV_GIT_LS_CACHED, star,
		  "100644 0 -b d/a.bin\n120000 0 -b d/l.bin\n");
	assert_ls(&r, MV_GIT_LS_CACHED | OURS, star,
		  "100644 0 -b d/a.bin\n120000 0 -b d/l.bin\n");
	assert_ls(&r, typed, star, "");
	assert_ls(&r, typed, typed_magic, "");
	assert_ls(&r, typed | OURS, star, "");
	assert_ls(&r, typed | OURS, NULL,
		  "100644 0 -b d/a.bin\n100644 0 -b d/e/b.big\n"
		  "120000 0 -b d/l.bin\n");
	repo_drop(&r);
	make_tree(&r);
	repo_env(&r, "GIT_ICASE_PATHSPECS=1");
	repo_open(&r, NULL);
	assert_ls(&r, MV_GIT_LS_CACHED, big, "");
	assert_ls(&r, MV_GIT_LS_CACHED | OURS, big, "");
	assert_ls(&r, typed, big, "100644 0 -b d/a.bin\n");
	assert_ls(&r, typed | OURS, big, "100644 0 -b d/a.bin\n");
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_ls__lists_index_and_untracked),
		cmocka_unit_test(test_git_ls__words_of_filters),
		cmocka_unit_test(test_git_ls__only_with_our_filter),
		cmocka_unit_test(
			test_git_ls__pathspecs_are_relative_to_the_prefix),
		cmocka_unit_test(test_git_ls__says_what_git_says),
		cmocka_unit_test(test_git_ls__any_name),
		cmocka_unit_test(test_git_ls__conflicts_submodules_and_sparse),
		cmocka_unit_test(test_git_ls__filters_of_paths),
		cmocka_unit_test(test_git_ls__callback_stops),
		cmocka_unit_test(
			test_git_ls__variables_count_for_what_was_typed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
