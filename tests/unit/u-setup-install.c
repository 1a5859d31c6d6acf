/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-world.h"

#include "libmv/setup/setup.h"

/* install and uninstall: configuration, and hook files of whoever. */
static struct world w;
static char told[16384];

static void tell(void *payload, int warning, const char *message)
{
	size_t len = strlen(told);

	(void)payload;
	snprintf(told + len, sizeof(told) - len, "%s%s\n",
		 warning ? "warning: " : "", message);
}

static int install(const char *scope, unsigned flags)
{
	const struct mv_install in = {
		.scope = scope, .flags = flags, .program = "/x/git-model",
		.tell = tell
	};

	*told = '\0';
	return mv_setup_install(w.repo, &w.r.env, &in, &w.err);
}

/* A PATH with git, and no git-model but that of the test: /x/git-model is not
   there, so it is called by that path. */
static void begin(const char *init)
{
	world_new(&w, init);
	assert_int_equal(chdir(w.r.root), 0);	/* never where we are built */
	run(&w.r, "mkdir \"$ROOT/bin\" && ln -s \"$(command -v git)\" "
	    "\"$ROOT/bin/git\"");
	w.r.env.search_path = mv_strf("%s/bin", w.r.root);
	world_open(&w, NULL);
}

static void finish(void)
{
	free((char *)(uintptr_t)w.r.env.search_path);
	w.r.env.search_path = getenv("PATH");
	world_drop(&w);
}

/* Everything that a set-up may write, as one text. */
static char *all(void)
{
	return sh(&w.r, "cat \"$ROOT/.gitconfig\"; find .git/config .git/hooks "
		  "\"$ROOT/shared\" -not -name '*.sample' -printf '%%p %%M %%l\\n' "
		  "2>/dev/null | sort; find .git/config .git/hooks "
		  "\"$ROOT/shared\" -type f -not -name '*.sample' "
		  "2>/dev/null | sort | xargs -r cat");
}

/* -- configuration -------------------------------------------------------- */

static void test_setup_install__only_scopes_that_git_has(void **state)
{
	(void)state;
	begin("-b main");
	assert_int_equal(install("--worktree", 0), MV_EINVALID);
	assert_int_equal(install("global", 0), MV_EINVALID);
	mv_repo_close(w.repo);
	w.repo = NULL;
	assert_int_equal(install("--local", 0), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "needs a git repository"));
	assert_ok(&w, install("--global", 0));
	assert_prints(&w.r, "'/x/git-model' filter-process\n",
		      "git config --global filter.model.process");
	finish();
}

static void test_setup_install__a_second_run_changes_nothing(void **state)
{
	char *before, *after;

	(void)state;
	begin("-b main");
	before = all();
	assert_ok(&w, install("--global", 0));
	assert_non_null(strstr(told, "global configuration: written"));
	after = all();
	assert_string_not_equal(before, after);
	free(before);
	before = after;
	assert_ok(&w, install("--global", 0));
	assert_non_null(strstr(told, "nothing to change"));
	after = all();
	assert_string_equal(before, after);
	free(before);
	free(after);
	finish();
}

/* All that stood there before is there again, byte for byte. */
static void test_setup_install__uninstall_leaves_what_was_there(void **state)
{
	static const unsigned ways[] = { 0, MV_INSTALL_LFS };
	char *before, *after;

	(void)state;
	begin("-b main");
	run(&w.r, "git config --global filter.lfs.process mine && "
	    "git config --global notes.displayRef refs/notes/other && "
	    "printf '#!/usr/bin/python\\n' >.git/hooks/pre-push && "
	    "chmod 750 .git/hooks/pre-push && ln -s /x .git/hooks/pre-commit");
	for (size_t i = 0; i < 2; i++) {
		before = all();
		assert_ok(&w, install("--global", ways[i]));
		assert_ok(&w, install("--global", MV_INSTALL_REMOVE));
		after = all();
		/* Git leaves the heads of sections that are empty. */
		if (i)
			assert_string_equal(strstr(before, ".git/hooks"),
					    strstr(after, ".git/hooks"));
		assert_prints(&w.r, "mine\n",
			      "git config --global filter.lfs.process");
		assert_prints(&w.r, "refs/notes/other\n",
			      "git config --global --get-all notes.displayRef");
		free(before);
		free(after);
	}
	finish();
}

/* "Nothing to change" would be a lie where nobody could look. */
static void test_setup_install__a_configuration_that_is_broken_is_no_empty_one(void **state)
{
	static const unsigned ways[] = { 0, MV_INSTALL_REMOVE,
					 MV_INSTALL_REMOVE | MV_INSTALL_LFS };

	(void)state;
	begin("-b main");
	assert_ok(&w, install("--global", 0));
	mv_repo_close(w.repo);
	w.repo = NULL;
	for (size_t j = 0; j < 2; j++) {
		/* Git reads on where it cannot read such a thing. */
		run(&w.r, "rm \"$ROOT/.gitconfig\" && %s", j ?
		    "mkdir \"$ROOT/.gitconfig\"" :
		    "echo '[broken' >\"$ROOT/.gitconfig\"");
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(install("--global", ways[i]), MV_EIO);
			assert_null(strstr(told, "nothing to change"));
		}
	}
	run(&w.r, "rmdir \"$ROOT/.gitconfig\"");
	assert_ok(&w, install("--global", MV_INSTALL_REMOVE));
	assert_non_null(strstr(told, "nothing to change"));
	finish();
}

static void test_setup_install__without_git_nothing_is_done(void **state)
{
	char *path, *empty;

	(void)state;
	begin("-b main");
	path = (char *)(uintptr_t)w.r.env.search_path;
	empty = mv_strf("%s/none", w.r.root);
	w.r.env.search_path = empty;
	assert_int_equal(install("--global", 0), MV_ENOENT);
	w.r.env.search_path = path;
	assert_prints(&w.r, "no\n", "git config --global "
		      "filter.model.process || echo no");
	free(empty);
	finish();
}

/* -- hook files ----------------------------------------------------------- */

static void test_setup_install__hooks_of_others_are_kept_and_named(void **state)
{
	char *path = NULL;

	(void)state;
	begin("-b main");
	assert_int_equal(mv_setup_hook_chained(&path, w.repo, "pre-push",
					       &w.err), MV_ENOENT);
	assert_null(path);
	run(&w.r, "printf 'echo theirs\\n' >.git/hooks/pre-push && "
	    "chmod +x .git/hooks/pre-push && "
	    "printf 'echo off\\n' >.git/hooks/pre-commit");
	assert_ok(&w, install("--local", 0));
	assert_ok(&w, mv_setup_hook_chained(&path, w.repo, "pre-push",
					    &w.err));
	assert_non_null(strstr(path, "/hooks/pre-push.model-chained"));
	free(path);
	/* Git did not run that one, and neither do we. */
	assert_int_equal(mv_setup_hook_chained(&path, w.repo, "pre-commit",
					       &w.err), MV_ENOENT);
	assert_null(path);
	assert_prints(&w.r, "echo theirs\n",
		      "cat .git/hooks/pre-push.model-chained");
	assert_ok(&w, install("--local", MV_INSTALL_REMOVE));
	assert_prints(&w.r, "echo theirs\necho off\n",
		      "cat .git/hooks/pre-push .git/hooks/pre-commit");
	finish();
}

static void test_setup_install__no_hooks_when_told_so(void **state)
{
	(void)state;
	begin("-b main");
	assert_ok(&w, install("--local", MV_INSTALL_NO_HOOKS));
	run(&w.r, "test ! -e .git/hooks/pre-push");
	assert_ok(&w, install("--local", 0));
	/* Taking --lfs back takes nothing else. */
	assert_ok(&w, install("--local", MV_INSTALL_REMOVE | MV_INSTALL_LFS));
	run(&w.r, "test -x .git/hooks/pre-push");
	assert_ok(&w, install("--local", MV_INSTALL_REMOVE));
	run(&w.r, "test ! -e .git/hooks/pre-push");
	finish();
}

/* A script of somebody gets a block, and loses it to the byte. */
static void test_setup_install__a_script_elsewhere_gets_a_block(void **state)
{
	static const char *const scripts[] = {
		"#!/bin/sh", "#!/bin/sh\nexit 0\n", "exit 0",
		"#!/usr/bin/env -S bash -e\necho\n"
	};

	(void)state;
	begin("-b main");
	run(&w.r, "mkdir \"$ROOT/shared\" && "
	    "git config core.hooksPath \"$ROOT/shared\"");
	world_open(&w, NULL);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		char *before, *after;

		put_file(&w.r, "../shared/pre-push", scripts[i],
			 strlen(scripts[i]));
		run(&w.r, "chmod 755 \"$ROOT/shared/pre-push\"");
		before = sh(&w.r, "cd \"$ROOT/shared\" && cat pre-push && "
			    "stat -c %%a pre-push");
		assert_ok(&w, install("--local", 0));
		run(&w.r, "grep -q 'hook --alone pre-push' "
		    "\"$ROOT/shared/pre-push\" && "
		    "sh -n \"$ROOT/shared/pre-push\"");
		assert_ok(&w, install("--local", MV_INSTALL_REMOVE));
		after = sh(&w.r, "cd \"$ROOT/shared\" && cat pre-push && "
			   "stat -c %%a pre-push");
		if (strncmp(before, after, strlen(scripts[i])))
			fail_msg("'%s' became '%s'", before, after);
		free(before);
		free(after);
	}
	finish();
}

static void test_setup_install__what_cannot_be_changed_is_said(void **state)
{
	(void)state;
	begin("-b main");
	run(&w.r, "mkdir \"$ROOT/shared\" && "
	    "git config core.hooksPath \"$ROOT/shared\" && "
	    "printf '#!/usr/bin/python\\n' >\"$ROOT/shared/pre-push\" && "
	    "chmod +x \"$ROOT/shared/pre-push\"");
	world_open(&w, NULL);
	assert_ok(&w, install("--local", 0));
	assert_non_null(strstr(told, "warning: pre-push hook not installed: "));
	assert_non_null(strstr(told, "git-model hook --alone"));
	assert_prints(&w.r, "#!/usr/bin/python\n",
		      "cat \"$ROOT/shared/pre-push\"");
	run(&w.r, "git config core.hooksPath /dev/null");
	world_open(&w, NULL);
	assert_ok(&w, install("--local", 0));
	assert_non_null(strstr(told, "core.hooksPath is no folder"));
	finish();
}

/* A folder in the place of a hook, and one that is no folder. */
static void test_setup_install__a_place_that_cannot_be_written_fails(void **state)
{
	(void)state;
	begin("-b main");
	run(&w.r, "rm -rf .git/hooks && echo >.git/hooks");
	assert_true(install("--local", 0) < 0);
	assert_non_null(strstr(w.err.msg, "hooks"));
	run(&w.r, "rm .git/hooks && mkdir -p .git/hooks/pre-push");
	assert_ok(&w, install("--local", 0));
	assert_non_null(strstr(told, "it is a folder"));
	finish();
}

/* -- a clone in which nobody ran install ---------------------------------- */

static void test_setup_install__hooks_come_where_git_looks(void **state)
{
	(void)state;
	begin("-b main");
	run(&w.r, "rm -rf .git/hooks");
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 1, &w.err));
	run(&w.r, "test -x .git/hooks/pre-push && "
	    "test -x .git/hooks/pre-commit");
	assert_string_equal(w.warned, "");
	run(&w.r, "rm .git/hooks/pre-commit");
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 0, &w.err));
	run(&w.r, "test -x .git/hooks/pre-commit");
	finish();
}

static void test_setup_install__a_hook_of_somebody_is_told_and_left(void **state)
{
	(void)state;
	begin("-b main");
	run(&w.r, "echo mine >.git/hooks/pre-push && "
	    "chmod +x .git/hooks/pre-push");
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 0, &w.err));
	assert_string_equal(w.warned, "");
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 1, &w.err));
	assert_non_null(strstr(w.warned, "will not bring content"));
	assert_non_null(strstr(w.warned, "git model install"));
	assert_prints(&w.r, "mine\n", "cat .git/hooks/pre-push");
	run(&w.r, "rm -f .git/hooks/pre-* && "
	    "git config core.hooksPath \"$ROOT/shared\"");
	world_open(&w, NULL);
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 1, &w.err));
	assert_non_null(strstr(w.warned, "there is no "));
	run(&w.r, "test ! -e .git/hooks/pre-push && test ! -e \"$ROOT/shared\"");
	run(&w.r, "git config model.hooks false");
	world_open(&w, NULL);
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 1, &w.err));
	assert_string_equal(w.warned, "");
	run(&w.r, "git config model.hooks perhaps");
	world_open(&w, NULL);
	assert_int_equal(mv_setup_hooks_ensure(w.repo, 1, &w.err), MV_EINVALID);
	finish();
}

/* The hooks cannot be written: `tell` says it, without it is an error. */
static void test_setup_install__where_nothing_can_be_written(void **state)
{
	(void)state;
	begin("-b main");
	run(&w.r, "rm -rf .git/hooks && ln -s \"$ROOT/none/deep\" .git/hooks");
	assert_true(mv_setup_hooks_ensure(w.repo, 0, &w.err) < 0);
	assert_string_equal(w.warned, "");
	assert_ok(&w, mv_setup_hooks_ensure(w.repo, 1, &w.err));
	assert_non_null(strstr(w.warned, "will not bring content"));
	finish();
}

static void test_setup_install__hooks_that_are_none_of_ours(void **state)
{
	char *path = (char *)1;

	(void)state;
	begin("-b main");
	assert_ok(&w, mv_setup_hook_of_others(&path, w.repo, "update",
					      &w.err));
	assert_null(path);
	run(&w.r, "echo >.git/hooks/update");
	assert_ok(&w, mv_setup_hook_of_others(&path, w.repo, "update",
					      &w.err));
	assert_null(path);
	run(&w.r, "chmod +x .git/hooks/update");
	assert_ok(&w, mv_setup_hook_of_others(&path, w.repo, "update",
					      &w.err));
	assert_non_null(path);
	assert_string_equal(strrchr(path, '/'), "/update");
	free(path);
	run(&w.r, "mv .git/hooks elsewhere && git config core.hooksPath elsewhere");
	world_open(&w, NULL);
	assert_ok(&w, mv_setup_hook_of_others(&path, w.repo, "update",
					      &w.err));
	assert_non_null(path);
	free(path);
	run(&w.r, "rm .git/HEAD");
	path = (char *)1;
	assert_true(mv_setup_hook_of_others(&path, w.repo, "update",
					    &w.err) < 0);
	assert_null(path);
	put_file(&w.r, ".git/HEAD", "ref: refs/heads/main\n", 21);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_install__only_scopes_that_git_has),
		cmocka_unit_test(test_setup_install__a_second_run_changes_nothing),
		cmocka_unit_test(test_setup_install__uninstall_leaves_what_was_there),
		cmocka_unit_test(test_setup_install__a_configuration_that_is_broken_is_no_empty_one),
		cmocka_unit_test(test_setup_install__without_git_nothing_is_done),
		cmocka_unit_test(test_setup_install__hooks_of_others_are_kept_and_named),
		cmocka_unit_test(test_setup_install__no_hooks_when_told_so),
		cmocka_unit_test(test_setup_install__a_script_elsewhere_gets_a_block),
		cmocka_unit_test(test_setup_install__what_cannot_be_changed_is_said),
		cmocka_unit_test(test_setup_install__a_place_that_cannot_be_written_fails),
		cmocka_unit_test(test_setup_install__hooks_come_where_git_looks),
		cmocka_unit_test(test_setup_install__a_hook_of_somebody_is_told_and_left),
		cmocka_unit_test(test_setup_install__where_nothing_can_be_written),
		cmocka_unit_test(test_setup_install__hooks_that_are_none_of_ours),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
