/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-world.h"

#include "libmv/setup/setup.h"

/* A repository that judges what is pushed to it, made and unmade. */
static struct world w;
static char told[16384];

static void tell(void *payload, int warning, const char *message)
{
	size_t len = strlen(told);

	(void)payload;
	snprintf(told + len, sizeof(told) - len, "%s%s\n",
		 warning ? "warning: " : "", message);
}

static int server(const char *policy, unsigned flags)
{
	const struct mv_install in = {
		.scope = "--local", .flags = flags, .program = "/x/git'model",
		.tell = tell
	};

	*told = '\0';
	world_open(&w, NULL);
	return mv_setup_install_server(w.repo, policy, &in, &w.err);
}

static void expect(const char *words)
{
	if (!strstr(told, words))
		fail_msg("not told: %s\nbut: %s", words, told);
}

/* w.r.dir is bare; what was the work tree is below $ROOT/work. */
static void begin(void)
{
	world_new(&w, "-b main");
	assert_int_equal(chdir(w.r.root), 0);	/* never where we are built */
	run(&w.r, "mkdir \"$ROOT/work\" && mv .git \"$ROOT/work\" && "
	    "git clone -q --bare \"$ROOT/work\" . && rm -rf hooks");
	world_open(&w, NULL);
}

static void test_setup_server__hooks_configuration_and_a_key(void **state)
{
	(void)state;
	begin();
	assert_ok(&w, server(NULL, 0));
	expect("pushes are judged now");
	expect("server namespaces=\"git-model-receipt@v1\" ssh-ed25519 ");
	assert_prints(&w.r, "true\ntrue\n", "git config model.server && "
		      "git config receive.fsckObjects");
	run(&w.r, "test -f model/receipt_key && test -x hooks/post-receive && "
	    "sh -n hooks/pre-receive && "
	    "grep -qF \"exec '/x/git'\\\\''model' hook pre-receive\" "
	    "hooks/pre-receive");
	assert_ok(&w, server(NULL, MV_INSTALL_REMOVE));
	expect("pushes are not judged any more");
	run(&w.r, "test ! -e hooks/pre-receive && "
	    "test ! -e hooks/post-receive && test -f model/receipt_key && "
	    "! git config model.server");
	world_drop(&w);
}

static void test_setup_server__no_key_for_who_wants_none(void **state)
{
	(void)state;
	begin();
	assert_ok(&w, server(NULL, MV_INSTALL_NO_RECEIPTS));
	run(&w.r, "test ! -e model/receipt_key && "
	    "! git config model.receiptKey");
	world_drop(&w);
}

static void test_setup_server__hooks_of_others_go_on(void **state)
{
	(void)state;
	begin();
	run(&w.r, "mkdir hooks && for h in pre-receive update "
	    "reference-transaction; do echo : >hooks/$h && "
	    "chmod +x hooks/$h; done");
	assert_ok(&w, server(NULL, MV_INSTALL_NO_RECEIPTS));
	expect("the pre-receive hook that was there is run first");
	expect("update' is asked beforehand");
	expect("warning: '");
	expect("reference-transaction' may refuse a part of a push");
	assert_ok(&w, server(NULL, MV_INSTALL_REMOVE));
	assert_prints(&w.r, ":\n", "cat hooks/pre-receive");
	world_drop(&w);
}

/* Whoever switches branches there would change the policy. */
static void test_setup_server__a_work_tree_names_its_branch(void **state)
{
	(void)state;
	world_new(&w, "-b main");
	assert_int_equal(chdir(w.r.root), 0);
	assert_int_equal(server(NULL, MV_INSTALL_NO_RECEIPTS), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "model.trustedBranch"));
	run(&w.r, "test ! -e .git/hooks/pre-receive && "
	    "! git config model.server");
	run(&w.r, "git config model.trustedBranch main");
	assert_ok(&w, server(NULL, MV_INSTALL_NO_RECEIPTS));
	expect("receive.denyCurrentBranch");
	world_drop(&w);
}

static void test_setup_server__a_policy_is_read_before_it_counts(void **state)
{
	char *file;

	(void)state;
	begin();
	file = mv_strf("%s/policy", w.r.root);
	assert_true(server(file, MV_INSTALL_NO_RECEIPTS) < 0);
	run(&w.r, "echo '[stage' >\"$ROOT/policy\"");
	assert_int_equal(server(file, MV_INSTALL_NO_RECEIPTS), MV_EINVALID);
	run(&w.r, "test ! -e model/policy && test ! -e hooks/pre-receive");
	run(&w.r, "echo '[stage \"production\"]' >\"$ROOT/policy\"");
	assert_ok(&w, server(file, MV_INSTALL_NO_RECEIPTS));
	run(&w.r, "cmp model/policy \"$ROOT/policy\"");
	free(file);
	world_drop(&w);
}

/* With it, nobody could push any more; who cannot be asked has no policy. */
static void test_setup_server__what_cannot_be_read_is_not_judged_by(void **state)
{
	(void)state;
	begin();
	run(&w.r, "cd \"$ROOT/work\" && mkdir .gitmodel && "
	    "echo '[stage' >.gitmodel/policy && git add . && "
	    "git commit -qm broken && git push -q \"$ROOT/r\" main");
	assert_int_equal(server(NULL, MV_INSTALL_NO_RECEIPTS), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "mend that first"));
	run(&w.r, "test ! -e hooks/pre-receive && ! git config model.server");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_server__hooks_configuration_and_a_key),
		cmocka_unit_test(test_setup_server__no_key_for_who_wants_none),
		cmocka_unit_test(test_setup_server__hooks_of_others_go_on),
		cmocka_unit_test(test_setup_server__a_work_tree_names_its_branch),
		cmocka_unit_test(test_setup_server__a_policy_is_read_before_it_counts),
		cmocka_unit_test(test_setup_server__what_cannot_be_read_is_not_judged_by),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
