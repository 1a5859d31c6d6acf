/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-world.h"

#include "libmv/hook/hook.h"

/* What a server answers: yes, no with every reason, or that it cannot tell. */
#define ZERO "0000000000000000000000000000000000000000"
#define POLICY "policy-approvals = 1 from leads\n[group \"leads\"]\n" \
	       "member = a@example.org\n[branch \"main\"]\nmax-size = 1MiB\n"

static struct world w;
static char told[8192];
static int64_t now;

static void tell(void *payload, int warning, const char *message)
{
	size_t len = strlen(told);

	(void)payload;
	snprintf(told + len, sizeof(told) - len, "%s%s\n",
		 warning ? "warning: " : "", message);
}

static int64_t late(void)
{
	return now += 60 * 1000;
}

static int ask(int (*judge)(struct mv_repo *repo,
			    const struct mv_ref_update *updates, size_t count,
			    const struct mv_receive *receive,
			    struct mv_err *err),
	       const char *text, int64_t (*clock)(void))
{
	const struct mv_receive receive = {
		.now = 1700000000000, .clock = clock, .tell = tell
	};
	struct mv_ref_updates u;
	int rc;

	*told = '\0';
	world_open(&w, NULL);
	assert_ok(&w, mv_hook_updates_parse(&u, text, strlen(text), 0,
					    &w.err));
	rc = judge(w.repo, u.v, u.count, &receive, &w.err);
	if (rc)
		assert_int_equal(w.err.code, rc);
	mv_hook_updates_release(&u);
	return rc;
}

/* "old:new:ref ...", names of commits as git takes them; "" is none. */
static char *updates(const char *spec)
{
	return sh(&w.r, "for u in %s; do old=${u%%%%:*} ref=${u##*:} "
		  "new=${u#*:} new=${new%%%%:*}; echo "
		  "\"$(git rev-parse -q --verify \"$old\" || echo " ZERO ") "
		  "$(git rev-parse -q --verify \"$new\" || echo " ZERO ") "
		  "$ref\"; done", spec);
}

static int receive(const char *spec)
{
	char *text = updates(spec);
	int rc = ask(mv_hook_pre_receive, text, NULL);

	free(text);
	return rc;
}

static void expect(const char *words)
{
	if (!strstr(told, words))
		fail_msg("not told: %s\nbut: %s", words, told);
}

/* main has a policy; `next` and others are on their way. */
static void begin(void)
{
	world_new(&w, "-b main");
	run(&w.r, "mkdir .gitmodel");
	put_file(&w.r, ".gitmodel/policy", POLICY, strlen(POLICY));
	run(&w.r, "echo '[repository]' >.gitmodel/config && "
	    "echo 'id = 6b7a1f0e' >>.gitmodel/config && git add . && "
	    "git commit -qm policy && git checkout -q --detach && "
	    "git commit -q --allow-empty -m next && git tag next && "
	    "echo '# more' >>.gitmodel/policy && git commit -qam change && "
	    "git tag change && git checkout -q next && "
	    "echo '[stage' >.gitmodel/policy && git commit -qam broken && "
	    "git tag broken && git checkout -q main");
	world_open(&w, NULL);
}

/* -- the answers ---------------------------------------------------------- */

static void test_hook_server__yes(void **state)
{
	(void)state;
	begin();
	assert_ok(&w, receive("main:next:refs/heads/main"));
	assert_string_equal(told, "");
	assert_ok(&w, receive("none:next:refs/heads/topic none:next:refs/x/y"));
	assert_ok(&w, ask(mv_hook_pre_receive, "", NULL));
	world_drop(&w);
}

static void test_hook_server__no_with_every_reason(void **state)
{
	static const struct {
		const char *spec, *why;
	} cases[] = {
		{ "main::refs/heads/main", "it is not deleted" },
		{ "main:main~1:refs/heads/main", "only goes forward" },
		{ "main:change:refs/heads/main", "policy-approvals" },
		{ "main:broken:refs/heads/main", "nobody could push any more" },
		{ "none:main:refs/replace/abc", "replacements" },
		{ "none:main:refs/heads/refs/heads/x", "would be taken for" },
		{ "none:main:refs/notes/model", "refs/notes/model" },
		{ "none:main^{tree}:refs/heads/x", "is not a commit" },
		{ "none:main:refs/tags/main", "would be taken for" },
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int rc = receive(cases[i].spec);

		if (rc != MV_EDENIED)
			fail_msg("%s: %d %s", cases[i].spec, rc, w.err.msg);
		expect(cases[i].why);
	}
	assert_int_equal(receive("none:main:refs/replace/abc "
				 "none:main:refs/heads/refs/heads/x"),
			 MV_EDENIED);
	expect("replacements");
	expect("would be taken for");
	assert_non_null(strstr(w.err.msg, "2 reasons"));
	world_drop(&w);
}

/* Neither yes nor no: the hook takes it for no. */
static void test_hook_server__what_cannot_be_told_is_no_yes(void **state)
{
	struct mv_ref_update *many;
	const struct mv_receive receive_many = {
		.now = 1700000000000, .tell = tell
	};

	(void)state;
	begin();
	assert_int_equal(receive("main:next:refs/heads/main "
				 "main:change:refs/heads/main"), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "there twice"));
	many = calloc(100001, sizeof(*many));
	assert_non_null(many);
	for (size_t i = 0; i < 100001; i++)
		many[i] = (struct mv_ref_update){ ZERO, ZERO, "refs/x" };
	assert_int_equal(mv_hook_pre_receive(w.repo, many, 100001,
					     &receive_many, &w.err),
			 MV_EINVALID);
	free(many);
	/* A policy that came in by no push. */
	run(&w.r, "git update-ref refs/heads/main broken");
	assert_int_equal(receive("broken:main~1:refs/heads/main"),
			 MV_EINVALID);
	run(&w.r, "git update-ref refs/heads/main next && "
	    "git config model.receiveTimeout often");
	assert_int_equal(receive("none:next:refs/heads/x"), MV_EINVALID);
	run(&w.r, "git config --unset model.receiveTimeout && "
	    "git config model.trustedBranch ''");
	assert_int_equal(receive("none:next:refs/heads/x"), MV_EINVALID);
	world_drop(&w);
}

static void test_hook_server__time_is_up(void **state)
{
	char *text;

	(void)state;
	begin();
	text = updates("main:next:refs/heads/main");
	assert_int_equal(ask(mv_hook_pre_receive, text, late), MV_EBUSY);
	assert_non_null(strstr(w.err.msg, "model.receiveTimeout"));
	run(&w.r, "git config model.receiveTimeout 0");
	assert_ok(&w, ask(mv_hook_pre_receive, text, late));
	free(text);
	world_drop(&w);
}

/* How somebody's git reads pathspecs says nothing about a policy. */
static void test_hook_server__a_pushers_pathspecs_change_nothing(void **state)
{
	static const char *const variables[] = {
		"GIT_LITERAL_PATHSPECS=1", "GIT_ICASE_PATHSPECS=1",
		"GIT_GLOB_PATHSPECS=1", "GIT_NOGLOB_PATHSPECS=1"
	};
	size_t n = 0;

	(void)state;
	begin();
	run(&w.r, "git checkout -q next && mkdir .GITMODEL && "
	    "echo x >.GITMODEL/policy && git add -A && git commit -qm other && "
	    "git tag other && git checkout -q main");
	while (w.r.list[n])
		n++;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		repo_env(&w.r, "%s", variables[i]);
		assert_int_equal(receive("main:change:refs/heads/main"),
				 MV_EDENIED);
		expect("policy-approvals");
		assert_ok(&w, receive("main:other:refs/heads/main"));
		w.r.list[n] = NULL;
	}
	world_drop(&w);
}

static void test_hook_server__nothing_is_written_before_refs_move(void **state)
{
	char *before, *after;

	(void)state;
	begin();
	before = sh(&w.r, "find .git -printf '%%p %%s\\n' | sort");
	assert_ok(&w, receive("main:next:refs/heads/main"));
	assert_int_equal(receive("main:change:refs/heads/main"), MV_EDENIED);
	after = sh(&w.r, "find .git -printf '%%p %%s\\n' | sort");
	assert_string_equal(before, after);
	free(before);
	free(after);
	world_drop(&w);
}

/* -- afterwards ----------------------------------------------------------- */

static void test_hook_server__no_receipts_without_a_key_or_a_decision(void **state)
{
	char *text;

	(void)state;
	begin();
	run(&w.r, "git tag -a -m x other#prod#1 main");
	text = updates("none:other#prod#1:refs/tags/other#prod#1 "
		       "main:next:refs/heads/main");
	assert_ok(&w, ask(mv_hook_post_receive, text, NULL));
	run(&w.r, "git config model.receiptKey /nowhere");
	assert_ok(&w, ask(mv_hook_post_receive, text, NULL));
	assert_prints(&w.r, "", "git for-each-ref refs/notes");
	free(text);
	world_drop(&w);
}

static void test_hook_server__how_long_it_may_take(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = { { "5", 5000 }, { "0", 0 }, { "1000000", 86400000 } };
	int64_t ms = -1;

	(void)state;
	world_new(&w, "-b main");
	assert_ok(&w, mv_hook_receive_limit(&ms, w.repo, &w.err));
	assert_int_equal(ms, 30000);
	for (size_t i = 0; i < 3; i++) {
		run(&w.r, "git config model.receiveTimeout %s",
		    cases[i].value);
		world_open(&w, NULL);
		assert_ok(&w, mv_hook_receive_limit(&ms, w.repo, &w.err));
		assert_int_equal(ms, cases[i].ms);
	}
	run(&w.r, "git config model.receiveTimeout soon");
	world_open(&w, NULL);
	assert_int_equal(mv_hook_receive_limit(&ms, w.repo, &w.err),
			 MV_EINVALID);
	world_drop(&w);
}

static void test_hook_server__whose_turn_it_is(void **state)
{
	char *path = NULL;
	int64_t ms = -1;

	(void)state;
	world_new(&w, "-b main");
	assert_ok(&w, mv_hook_receive_turn(&path, &ms, w.repo, &w.err));
	assert_int_equal(ms, 300000);
	assert_non_null(strstr(path, "/.git/model/receive.lock"));
	run(&w.r, "test -d .git/model");
	free(path);
	run(&w.r, "git config model.receiveLanding soon");
	world_open(&w, NULL);
	path = (char *)1;
	assert_int_equal(mv_hook_receive_turn(&path, &ms, w.repo, &w.err),
			 MV_EINVALID);
	assert_null(path);
	run(&w.r, "git config --unset model.receiveLanding && "
	    "rm -r .git/model && : >.git/model");
	world_open(&w, NULL);
	assert_true(mv_hook_receive_turn(&path, &ms, w.repo, &w.err) < 0);
	assert_null(path);
	world_drop(&w);
}

/* -- a client, before it pushes ------------------------------------------- */

static int advise(const char *remote, const char *spec)
{
	const struct mv_receive receive = {
		.now = 1700000000000, .tell = tell
	};
	struct mv_ref_updates u;
	char *text = updates(spec);
	int rc;

	*told = '\0';
	world_open(&w, NULL);
	assert_ok(&w, mv_hook_updates_parse(&u, text, strlen(text), 0,
					    &w.err));
	rc = mv_hook_advise_push(w.repo, remote, u.v, u.count, &receive,
				 &w.err);
	mv_hook_updates_release(&u);
	free(text);
	return rc;
}

static void test_hook_server__advice_by_what_the_remote_has(void **state)
{
	(void)state;
	begin();
	/* Nothing was fetched; a URL has no refs here. */
	assert_ok(&w, advise("origin", "main:change:refs/heads/main"));
	assert_ok(&w, advise("../o.git", "main:change:refs/heads/main"));
	assert_string_equal(told, "");
	run(&w.r, "git update-ref refs/remotes/origin/main main");
	assert_int_equal(advise("origin", "main:change:refs/heads/main"),
			 MV_EDENIED);
	expect("policy-approvals");
	assert_ok(&w, advise("origin", "main:next:refs/heads/main"));
	assert_string_equal(told, "");
	/* Another place than the one that was fetched from. */
	assert_ok(&w, advise("origin", "none:change:refs/heads/main"));
	expect("warning: what you push was not looked at: main is new there");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hook_server__yes),
		cmocka_unit_test(test_hook_server__no_with_every_reason),
		cmocka_unit_test(test_hook_server__what_cannot_be_told_is_no_yes),
		cmocka_unit_test(test_hook_server__time_is_up),
		cmocka_unit_test(test_hook_server__a_pushers_pathspecs_change_nothing),
		cmocka_unit_test(test_hook_server__nothing_is_written_before_refs_move),
		cmocka_unit_test(test_hook_server__no_receipts_without_a_key_or_a_decision),
		cmocka_unit_test(test_hook_server__how_long_it_may_take),
		cmocka_unit_test(test_hook_server__whose_turn_it_is),
		cmocka_unit_test(test_hook_server__advice_by_what_the_remote_has),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
