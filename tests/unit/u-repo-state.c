/* SPDX-License-Identifier: MIT */
/* repo/repo.h and state.h: opening, ending, and what settings say. */
#include "libmv/repo/state.h"
#include "tests/unit/u-world.h"

static char ended[16];

static void note_end(char what)
{
	size_t n = strlen(ended);

	assert_true(n + 1 < sizeof(ended));
	ended[n] = what;
	ended[n + 1] = '\0';
}

static void end_a(struct mv_repo *repo)
{
	(void)repo;
	note_end('a');
}

static void end_b(struct mv_repo *repo)
{
	(void)repo;
	note_end('b');
}

static void test_repo_state__what_began_last_ends_first_and_once(void **state)
{
	struct world w;

	(void)state;
	world_new(&w, "");
	*ended = '\0';
	mv_repo_at_close(w.repo, end_a);
	mv_repo_at_close(w.repo, end_b);
	mv_repo_at_close(w.repo, end_a);
	mv_repo_at_interrupt(w.repo, end_a);
	mv_repo_close(w.repo);
	w.repo = NULL;
	assert_string_equal(ended, "ba");
	mv_repo_close(NULL);
	world_open(&w, NULL);
	*ended = '\0';
	mv_repo_at_interrupt(w.repo, end_a);
	mv_repo_at_interrupt(w.repo, end_b);
	mv_repo_interrupt(w.repo);
	assert_string_equal(ended, "ba");
	world_drop(&w);
}

static void test_repo_state__no_repository_and_no_git(void **state)
{
	struct mv_repo_options options = { 0 };
	struct mv_repo *repo = (struct mv_repo *)&options;
	struct world w;

	(void)state;
	world_new(&w, "");
	repo_env(&w.r, "GIT_CEILING_DIRECTORIES=%s", w.r.root);
	options.env = w.r.env;
	options.dir = w.r.root;
	assert_int_equal(mv_repo_open(&repo, &options, &w.err), MV_ENOENT);
	assert_null(repo);
	options.dir = w.r.dir;
	options.env.search_path = "/nonexistent";
	assert_int_equal(mv_repo_open(&repo, &options, &w.err), MV_ENOENT);
	assert_null(repo);
	assert_non_null(strstr(w.err.msg, "git"));
	world_drop(&w);
}

static void test_repo_state__a_bare_one_has_no_top(void **state)
{
	struct mv_buf text;
	struct world w;
	char dir[300];
	int fd;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_repo_root(&fd, w.repo, &w.err));
	run(&w.r, "git init -q --bare ../b.git");
	snprintf(dir, sizeof(dir), "%s/b.git", w.r.root);
	world_open(&w, dir);
	assert_int_equal(mv_repo_root(&fd, w.repo, &w.err), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "b.git"));
	mv_buf_init(&text, 4096);
	assert_int_equal(mv_repo_team_file(&text, w.repo, "config", 4096,
					   &w.err), MV_ENOENT);
	mv_buf_release(&text);
	world_drop(&w);
}

static void test_repo_state__sizes_and_times(void **state)
{
	struct world w;
	uint64_t size;
	int ms;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_repo_config_size(&size, w.repo, "model.x", 7,
					  &w.err));
	assert_int_equal(size, 7);
	assert_ok(&w, mv_repo_program_limit(&ms, w.repo, &w.err));
	assert_int_equal(ms, 60000);
	assert_ok(&w, mv_repo_sign_limit(&ms, w.repo, &w.err));
	assert_int_equal(ms, 600000);
	run(&w.r, "git config model.x 3k; git config model.programTimeout 0;"
	    "git config model.fetchTimeout 9000h;"
	    "git config model.signTimeout soon");
	world_open(&w, NULL);
	assert_ok(&w, mv_repo_config_size(&size, w.repo, "model.x", 7,
					  &w.err));
	assert_int_equal(size, 3072);
	assert_ok(&w, mv_repo_program_limit(&ms, w.repo, &w.err));
	assert_int_equal(ms, 0);
	/* Within an int, and a week at most. */
	assert_ok(&w, mv_repo_fetch_limit(&ms, w.repo, &w.err));
	assert_int_equal(ms, 7 * 24 * 3600 * 1000);
	assert_int_equal(mv_repo_sign_limit(&ms, w.repo, &w.err),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "model.signtimeout"));
	run(&w.r, "git config model.x much");
	world_open(&w, NULL);
	assert_int_equal(mv_repo_config_size(&size, w.repo, "model.x", 7,
					     &w.err), MV_EINVALID);
	world_drop(&w);
}

static void test_repo_state__a_silent_helper_is_not_waited_for(void **state)
{
	static const char *const args[] = { "sleeps", NULL };
	struct mv_buf out;
	struct world w;

	(void)state;
	world_new(&w, "");
	run(&w.r, "git config alias.sleeps '!sleep 60';"
	    "git config model.remoteTimeout 1s");
	world_open(&w, NULL);
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_repo_talk(w.repo, args, &out, &w.err), MV_EBUSY);
	assert_non_null(strstr(w.err.msg, "git sleeps"));
	mv_buf_release(&out);
	world_drop(&w);
}

static void test_repo_state__what_a_team_says(void **state)
{
	uint64_t limit = 5;
	struct world w;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, mv_repo_team_limit(&limit, w.repo, &w.err));
	assert_int_equal(limit, 5);
	run(&w.r, "mkdir .gitmodel; printf '%%s\\n' '[filter]' "
	    "'smudge-limit = 2k' '[remote]' 'url = /elsewhere' "
	    ">.gitmodel/config");
	assert_ok(&w, mv_repo_team_limit(&limit, w.repo, &w.err));
	assert_int_equal(limit, 2048);
	assert_non_null(strstr(w.warned, ".gitmodel/config:4: "));
	run(&w.r, "printf '[filter]\\nsmudge-limit = much\\n' "
	    ">.gitmodel/config");
	assert_int_equal(mv_repo_team_limit(&limit, w.repo, &w.err),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, ".gitmodel/config:2: "));
	/* A link would lead somewhere, and a large one to memory. */
	run(&w.r, "rm .gitmodel/config; ln -s /dev/zero .gitmodel/config");
	assert_int_not_equal(mv_repo_team_limit(&limit, w.repo, &w.err), 0);
	run(&w.r, "rm .gitmodel/config; { echo '[filter]'; "
	    "yes '# much' | head -c 1100000; } >.gitmodel/config");
	assert_int_not_equal(mv_repo_team_limit(&limit, w.repo, &w.err), 0);
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		test_repo_state__what_began_last_ends_first_and_once),
		cmocka_unit_test(test_repo_state__no_repository_and_no_git),
		cmocka_unit_test(test_repo_state__a_bare_one_has_no_top),
		cmocka_unit_test(test_repo_state__sizes_and_times),
		cmocka_unit_test(
			test_repo_state__a_silent_helper_is_not_waited_for),
		cmocka_unit_test(test_repo_state__what_a_team_says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
