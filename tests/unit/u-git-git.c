/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-git-help.h"

#include "libmv/base/fs.h"
#include "libmv/git/config.h"
#include "libmv/git/git.h"
#include "libmv/git/objects.h"
#include "libmv/git/refs.h"

/* Compare with "<root>/<rest>"; git resolves symlinks, so do we. */
static void assert_below(const struct repo *r, const char *path,
			 const char *rest)
{
	char *root = realpath(r->root, NULL);
	char want[600];

	assert_non_null(root);
	snprintf(want, sizeof(want), "%s/%s", root, rest);
	assert_non_null(path);
	assert_string_equal(path, want);
	free(root);
}

static int try_open(struct repo *r, const char *dir)
{
	char path[600];
	int rc;

	mv_git_close(r->git);
	r->git = NULL;
	snprintf(path, sizeof(path), "%s/%s", r->root, dir);
	rc = mv_git_open(&r->git, path, &r->env, &r->err);
	if (rc)
		assert_null(r->git);
	return rc;
}

static void test_git_git__finds_the_repository(void **state)
{
	const struct mv_git_info *info;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "mkdir -p a/b");
	assert_int_equal(try_open(&r, "r/a/b"), 0);
	info = mv_git_info(r.git);
	assert_below(&r, info->git_dir, "r/.git");
	assert_below(&r, info->common_dir, "r/.git");
	assert_below(&r, info->work_tree, "r");
	assert_below(&r, info->index_path, "r/.git/index");
	assert_string_equal(info->prefix, "a/b/");
	assert_int_equal(info->sha256, 0);
	assert_int_equal(info->hex_len, 40);
	assert_int_equal(try_open(&r, "r"), 0);
	assert_string_equal(mv_git_info(r.git)->prefix, "");
	repo_drop(&r);
}

static void test_git_git__worktree_submodule_and_sha256(void **state)
{
	const struct mv_git_info *info;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "git commit -q --allow-empty -m x; git worktree add -q ../w;"
	    "git init -q ../m; (cd ../m; git commit -q --allow-empty -m m);"
	    "git submodule --quiet add ../m sub 2>/dev/null;"
	    "git init -q --object-format=sha256 ../s");
	assert_int_equal(try_open(&r, "w"), 0);
	info = mv_git_info(r.git);
	assert_below(&r, info->git_dir, "r/.git/worktrees/w");
	assert_below(&r, info->common_dir, "r/.git");
	assert_below(&r, info->work_tree, "w");
	assert_below(&r, info->index_path, "r/.git/worktrees/w/index");
	assert_int_equal(try_open(&r, "r/sub"), 0);
	assert_below(&r, mv_git_info(r.git)->git_dir, "r/.git/modules/sub");
	assert_below(&r, mv_git_info(r.git)->work_tree, "r/sub");
	assert_int_equal(try_open(&r, "s"), 0);
	assert_int_equal(mv_git_info(r.git)->sha256, 1);
	assert_int_equal(mv_git_info(r.git)->hex_len, 64);
	repo_drop(&r);
}

static void test_git_git__bare_has_no_work_tree(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "--bare");
	assert_int_equal(try_open(&r, "r"), 0);
	assert_null(mv_git_info(r.git)->work_tree);
	assert_below(&r, mv_git_info(r.git)->git_dir, "r");
	run(&r, "git init -q ../n");
	/* Server hooks run there, also when there is a work tree. */
	assert_int_equal(try_open(&r, "n/.git"), 0);
	assert_null(mv_git_info(r.git)->work_tree);
	assert_below(&r, mv_git_info(r.git)->index_path, "n/.git/index");
	repo_drop(&r);
}

static void test_git_git__paths_with_newlines(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "mkdir '../n\n--l' && cd '../n\n--l' && git init -q . &&"
	    "mkdir 'd\n'");
	assert_int_equal(try_open(&r, "n\n--l/d\n"), 0);
	assert_below(&r, mv_git_info(r.git)->git_dir, "n\n--l/.git");
	assert_below(&r, mv_git_info(r.git)->work_tree, "n\n--l");
	assert_string_equal(mv_git_info(r.git)->prefix, "d\n/");
	repo_drop(&r);
}

static void test_git_git__respects_the_environment(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "mkdir -p ../elsewhere/deep");
	repo_env(&r, "GIT_DIR=../r/.git");
	repo_env(&r, "GIT_WORK_TREE=%s/elsewhere", r.root);
	repo_env(&r, "GIT_INDEX_FILE=%s/my index", r.root);
	assert_int_equal(try_open(&r, "elsewhere"), 0);
	assert_below(&r, mv_git_info(r.git)->git_dir, "r/.git");
	assert_below(&r, mv_git_info(r.git)->work_tree, "elsewhere");
	assert_below(&r, mv_git_info(r.git)->index_path, "my index");
	repo_drop(&r);
}

static void test_git_git__refusals_are_clear(void **state)
{
	struct repo r;

	(void)state;
	repo_new(&r, NULL);
	repo_env(&r, "GIT_CEILING_DIRECTORIES=%s", r.root);
	repo_env(&r, "LANGUAGE=de");
	repo_env(&r, "LC_ALL=de_DE.UTF-8");
	assert_int_equal(try_open(&r, "r"), MV_ENOENT);
	assert_non_null(strstr(r.err.msg, "not a git repository"));
	assert_int_not_equal(try_open(&r, "no-such-folder"), 0);
	run(&r, "git init -q .; git config extensions.nonsense 1;"
	    "git config core.repositoryFormatVersion 1");
	assert_int_equal(try_open(&r, "r"), MV_EIO);
	assert_non_null(strstr(r.err.msg, "nonsense"));
	r.env.search_path = r.root;
	assert_int_equal(try_open(&r, "r"), MV_ENOENT);
	assert_non_null(strstr(r.err.msg, "'git'"));
	r.env.search_path = getenv("PATH");
	repo_drop(&r);
}

static void test_git_git__other_peoples_are_denied(void **state)
{
	struct repo r;

	(void)state;
	if (geteuid())
		skip();		/* only root can give files away */
	repo_new(&r, "");
	run(&r, "chown -R 12345 .");
	assert_int_equal(try_open(&r, "r"), MV_EDENIED);
	assert_non_null(strstr(r.err.msg, "dubious ownership"));
	run(&r, "git config --global safe.directory '*'");
	assert_int_equal(try_open(&r, "r"), 0);
	repo_drop(&r);
}

static void test_git_git__run_gives_gits_own_words(void **state)
{
	static const char *const hash[] = {
		"-c", "core.abbrev=8", "hash-object", "--stdin", NULL
	};
	static const char *const bad[] = { "-c", "a.b=c", "cat-file", "blob",
					   "no\033such", NULL };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	mv_buf_init(&out, 100);
	assert_int_equal(mv_git_run(r.git, hash, "x", 1, &out, &r.err), 0);
	assert_int_equal(out.len, 41);
	assert_int_equal(mv_git_run(r.git, bad, NULL, 0, NULL, &r.err),
			 MV_EIO);
	assert_non_null(strstr(r.err.msg, "git cat-file failed: Not a valid "
			       "object name"));
	assert_null(strchr(r.err.msg, '\033'));
	mv_buf_release(&out);
	repo_drop(&r);
}

/* -- configuration -------------------------------------------------------- */

static void assert_config(struct repo *r, const char *key, const char *value)
{
	const char *is = "stale";

	r->err.code = MV_OK;
	assert_int_equal(mv_git_config(&is, r->git, key, &r->err), 0);
	if (value)
		assert_string_equal(is, value);
	else
		assert_null(is);
}

/* -1: it is an error. */
static int bool_of(struct repo *r, const char *key, int otherwise)
{
	int yes = 5;

	return mv_git_config_bool(&yes, r->git, key, otherwise, &r->err) ?
		-1 : yes;
}

static int count_vars(void *payload, const char *key, const char *value,
		      struct mv_err *err)
{
	(void)err;
	if (!strcmp(key, "model.list"))
		mv_buf_addf(payload, "[%s]", value);
	return 0;
}

static void test_git_git__config_is_what_git_sees(void **state)
{
	const char *value = "stale";
	struct mv_err err = { 0 };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "git config --global model.store /global;"
	    "git config Model.Store '/a b\n=c'; printf '[model]\\n\\tyes\\n' "
	    ">>.git/config; git config remote.Big.url u;"
	    "git config --add model.list 1; git config --add model.list ''");
	repo_env(&r, "GIT_CONFIG_COUNT=1");
	repo_env(&r, "GIT_CONFIG_KEY_0=model.env");
	repo_env(&r, "GIT_CONFIG_VALUE_0=from the environment");
	repo_open(&r, NULL);
	assert_config(&r, "model.store", "/a b\n=c");
	assert_int_equal(bool_of(&r, "model.yes", 0), 1);
	assert_int_equal(mv_git_config(&value, r.git, "model.yes", &err),
			 MV_EINVALID);
	assert_non_null(strstr(err.msg, "model.yes"));
	assert_null(value);
	assert_config(&r, "remote.Big.url", "u");
	assert_config(&r, "model.env", "from the environment");
	assert_config(&r, "model.nothing", NULL);
	mv_buf_init(&out, 100);
	assert_int_equal(mv_git_config_each(r.git, count_vars, &out, &err), 0);
	assert_string_equal(out.data, "[1][]");
	mv_buf_release(&out);
	repo_drop(&r);
}

/* By git's own grammar: what `git config --type=bool` says of each. */
static void test_git_git__booleans_are_gits(void **state)
{
	static const struct {
		const char *text;
		int is;
	} cases[] = {
		{ "true", 1 }, { "Yes", 1 }, { "ON", 1 }, { "1", 1 },
		{ "2k", 1 }, { "-1", 1 }, { "0x10", 1 }, { "007", 1 },
		{ "false", 0 }, { "no", 0 }, { "Off", 0 }, { "0", 0 },
		{ "", 0 }, { "0x0", 0 }, { "0k", 0 }, { "00", 0 },
		{ "maybe", -1 }, { "yess", -1 }, { "1.5", -1 },
		{ "1kk", -1 }, { "t", -1 }, { "3g", -1 },
		{ "99999999999", -1 }, { "--", -1 }
	};
	struct repo r;

	(void)state;
	repo_new(&r, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char command[200];

		snprintf(command, sizeof(command), "git config model.t '%s';"
			 "git config --type=bool model.t 2>&1 | sed "
			 "s/^fatal.*/error/", cases[i].text);
		assert_prints(&r, cases[i].is < 0 ? "error\n" : cases[i].is ?
			      "true\n" : "false\n", "%s", command);
		repo_open(&r, NULL);
		assert_int_equal(bool_of(&r, "model.t", !cases[i].is),
				 cases[i].is);
		if (cases[i].is < 0)
			assert_non_null(strstr(r.err.msg, "'model.t' is '"));
	}
	assert_int_equal(bool_of(&r, "model.none", 1), 1);
	assert_int_equal(bool_of(&r, "model.none", 0), 0);
	repo_drop(&r);
}

/*
 * "Not set" is only said when git said so: not when it could not be started,
 * nor ended badly, nor stopped in the middle of what it said.
 */
static void test_git_git__unset_and_unknown_differ(void **state)
{
	static const char *const breaks[] = {
		"exit 1", "kill -9 $$", "exit 0",
		"\"$REAL\" \"$@\" | head -c 60", "\"$REAL\" config -lz"
	};
	const char *value;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "git config model.x 1; git config model.y 2");
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		char *script = mv_strf("#!/bin/sh\nREAL=$(command -v git)\n%s\n",
				       breaks[i]);
		char *path = mv_strf("%s/broken", r.dir), *git;

		repo_open(&r, NULL);
		git = r.git->program;
		assert_int_equal(mv_write_file(path, script, strlen(script),
					       0755, 0, &r.err), 0);
		r.git->program = path;
		for (int ahead = 0; ahead < 2; ahead++) {
			if (ahead)
				mv_git_ahead_config(r.git);
			value = "stale";
			assert_int_equal(mv_git_config(&value, r.git,
						       "model.x", &r.err),
					 MV_EIO);
			assert_null(value);
			assert_int_equal(bool_of(&r, "model.none", 0), -1);
		}
		r.git->program = git;
		assert_config(&r, "model.x", "1");
		assert_config(&r, "model.none", NULL);
		free(path);
		free(script);
	}
	repo_drop(&r);
}

static void test_git_git__config_can_be_set(void **state)
{
	const char *value;
	struct mv_err err = { 0 };
	struct repo r;

	(void)state;
	repo_new(&r, "");
	repo_open(&r, NULL);
	assert_config(&r, "model.x", NULL);
	assert_int_equal(mv_git_config_set(r.git, NULL, "--local", "model.x",
					   "-v w\n", &err), 0);
	assert_config(&r, "model.x", "-v w\n");
	run(&r, "git config --add model.x again");
	assert_int_equal(mv_git_config_set(r.git, NULL, "--local", "model.x",
					   "one", &err), 0);
	assert_prints(&r, "one\n", "git config --get-all model.x");
	assert_int_equal(mv_git_config_set(NULL, &r.env, "--global",
					   "model.g", "2", &err), 0);
	assert_prints(&r, "2\n", "git config --global model.g");
	for (int i = 0; i < 2; i++)
		assert_int_equal(mv_git_config_set(r.git, NULL, "--local",
						   "model.x", NULL, &err), 0);
	assert_config(&r, "model.x", NULL);
	assert_int_equal(mv_git_config_set(r.git, NULL, "--local", "nodot",
					   "1", &err), MV_EIO);
	assert_int_equal(mv_git_config_set(r.git, NULL, "--local", "--unset",
					   "1", &err), MV_EINVALID);
	run(&r, "echo '[broken' >>.git/config");
	value = "stale";
	assert_int_equal(mv_git_config(&value, r.git, "model.x", &err),
			 MV_EIO);
	assert_null(value);
	run(&r, ": >.git/config");
	repo_drop(&r);
}

/* -- alternates ----------------------------------------------------------- */

static int add_dir(void *payload, const char *dir, struct mv_err *err)
{
	struct mv_buf *out = payload;
	const char *p = strrchr(dir, '/');

	(void)err;
	assert_int_equal(*dir, '/');
	while (p > dir && p[-1] != '/')
		p--;
	return mv_buf_addf(out, "[%s]", p);
}

static void test_git_git__alternates_are_followed(void **state)
{
	struct mv_buf out;
	struct repo r;
	char *p;

	(void)state;
	repo_new(&r, "");
	run(&r, "cd ..; for i in 1 2 3 4 5 6 7; do mkdir -p $i/o/info; done;"
	    "printf '%%s\\n' '# a comment' ../../../1/o \"$ROOT/7/o/\" "
	    "'\"'\"$ROOT\"'/q\\t\\101\"' >r/.git/objects/info/alternates;"
	    "for i in 1 2 3 4 5; do echo $ROOT/$((i + 1))/o "
	    ">$i/o/info/alternates; done; echo ../../1/o "
	    ">7/o/info/alternates");
	repo_env(&r, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s/x/e:\"%s/y/e\"",
		 r.root, r.root);
	repo_open(&r, NULL);
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_git_each_alternate(r.git, add_dir, &out, &r.err),
			 0);
	/* Five deep and no deeper; what 7 names was there before. */
	p = strstr(out.data, "[7/o]");
	assert_non_null(p);
	assert_non_null(strstr(p, "/q\tA]"));
	p[5] = '\0';
	assert_string_equal(out.data, "[x/e][y/e][1/o][2/o][3/o][4/o][5/o]"
			    "[7/o]");
	mv_buf_release(&out);
	repo_drop(&r);
}

/* -- asking ahead --------------------------------------------------------- */

static void test_git_git__what_is_asked_ahead_is_the_same(void **state)
{
	const char *value;
	struct mv_err *err;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	err = &r.err;
	run(&r, "git config a.b one");
	assert_int_equal(mv_git_open_to_read(&r.git, r.dir, &r.env, err), 0);
	assert_true(r.git->batch.proc.pid > 0);
	mv_git_ahead_config(r.git);
	mv_git_ahead_config(r.git);
	assert_config(&r, "a.b", "one");
	/* It is not asked twice, and what we set ourselves is seen. */
	mv_git_ahead_config(r.git);
	assert_false(r.git->config_ahead.asked);
	assert_int_equal(mv_git_config_set(r.git, &r.env, "--local", "a.b",
					   "two", err), 0);
	mv_git_ahead_config(r.git);
	assert_int_equal(mv_git_config_set(r.git, &r.env, "--local", "a.b",
					   "three", err), 0);
	assert_config(&r, "a.b", "three");
	/* What cannot be read is an error with git's words all the same. */
	repo_open(&r, NULL);
	run(&r, "echo '[broken' >>.git/config");
	mv_git_ahead_config(r.git);
	err->code = MV_OK;
	assert_int_equal(mv_git_config(&value, r.git, "a.b", err), MV_EIO);
	assert_null(value);
	assert_non_null(strstr(err->msg, "bad config"));
	/* Never taken: nothing is left behind. */
	mv_git_ahead_config(r.git);
	repo_drop(&r);
}

static int add_ref(void *payload, const struct mv_git_ref *ref,
		   struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s %s %.4s|", ref->name, ref->type,
			   ref->commit);
}

static void assert_refs(struct repo *r, const char *const *prefixes,
			const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 10000);
	assert_int_equal(mv_git_each_ref(r->git, prefixes, add_ref, &out,
					 &r->err), 0);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

static void test_git_git__refs_asked_ahead_are_of_one_moment(void **state)
{
	static const char *const a[] = { "refs/tags/a@", NULL };
	static const char *const b[] = { "refs/tags/b@", NULL };
	static const char one[] = "refs/tags/a@1 commit 2678|";
	static const char both[] = "refs/tags/a@1 commit 2678|"
				   "refs/tags/a@2 tag 2678|";
	char *hex;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "git commit -q --allow-empty -m 1; git tag a@1");
	hex = sh(&r, "git rev-parse HEAD");
	hex[40] = '\0';
	assert_memory_equal(hex, "2678", 4);
	repo_open(&r, NULL);
	mv_git_ahead_refs(r.git, a);
	assert_refs(&r, a, one);
	run(&r, "git tag -m x a@2; git tag b@1");
	assert_refs(&r, a, one);
	assert_refs(&r, b, "refs/tags/b@1 commit 2678|");
	/* Others ask anew, and so does whoever has moved one. */
	assert_int_equal(mv_git_ref_set(r.git, "refs/tags/c", hex, "", "",
					&r.err), 0);
	assert_refs(&r, a, both);
	mv_git_ahead_refs(r.git, b);
	assert_refs(&r, a, both);
	free(hex);
	repo_drop(&r);
}

/* A guess that was wrong must not make git complain twice. */
static void test_git_git__nothing_is_started_where_nothing_is(void **state)
{
	struct mv_git probe = { .dir = NULL };
	struct repo r;
	char dir[300];

	(void)state;
	repo_new(&r, "");
	repo_env(&r, "GIT_CEILING_DIRECTORIES=%s", r.root);
	run(&r, "mkdir sub; git init -q --bare ../bare; mkdir ../none");
	probe.env = &r.env;
	probe.dir = r.dir;
	assert_true(mv_git_ahead_likely(&probe));
	probe.dir = dir;
	snprintf(dir, sizeof(dir), "%s/bare", r.root);
	assert_true(mv_git_ahead_likely(&probe));
	snprintf(dir, sizeof(dir), "%s/none", r.root);
	assert_false(mv_git_ahead_likely(&probe));
	assert_int_equal(mv_git_open_to_read(&r.git, dir, &r.env, &r.err),
			 MV_ENOENT);
	assert_null(r.git);
	/* Not above a ceiling; without one, from below. */
	snprintf(dir, sizeof(dir), "%s/sub", r.dir);
	assert_false(mv_git_ahead_likely(&probe));
	for (size_t i = 0; r.list[i]; i++)
		if (!strncmp(r.list[i], "GIT_CEILING", 11))
			r.list[i] = NULL;
	assert_true(mv_git_ahead_likely(&probe));
	repo_env(&r, "GIT_DIR=%s/nowhere", r.root);
	assert_false(mv_git_ahead_likely(&probe));
	repo_drop(&r);
}

/* Who hung up too early is connected again. */
static void test_git_git__hanging_up_is_not_the_end(void **state)
{
	char hex[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "git commit -q --allow-empty -m 1");
	repo_open(&r, NULL);
	mv_git_hang_up(r.git);
	assert_int_equal(mv_git_commit(hex, r.git, "HEAD", &r.err), 0);
	mv_git_hang_up(r.git);
	assert_int_equal(mv_git_commit(hex, r.git, "HEAD", &r.err), 0);
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_git__finds_the_repository),
		cmocka_unit_test(test_git_git__worktree_submodule_and_sha256),
		cmocka_unit_test(test_git_git__bare_has_no_work_tree),
		cmocka_unit_test(test_git_git__paths_with_newlines),
		cmocka_unit_test(test_git_git__respects_the_environment),
		cmocka_unit_test(test_git_git__refusals_are_clear),
		cmocka_unit_test(test_git_git__other_peoples_are_denied),
		cmocka_unit_test(test_git_git__run_gives_gits_own_words),
		cmocka_unit_test(test_git_git__config_is_what_git_sees),
		cmocka_unit_test(test_git_git__booleans_are_gits),
		cmocka_unit_test(test_git_git__unset_and_unknown_differ),
		cmocka_unit_test(test_git_git__config_can_be_set),
		cmocka_unit_test(test_git_git__alternates_are_followed),
		cmocka_unit_test(test_git_git__what_is_asked_ahead_is_the_same),
		cmocka_unit_test(test_git_git__refs_asked_ahead_are_of_one_moment),
		cmocka_unit_test(test_git_git__nothing_is_started_where_nothing_is),
		cmocka_unit_test(test_git_git__hanging_up_is_not_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
