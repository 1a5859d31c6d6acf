/* SPDX-License-Identifier: MIT */
#include "tests/unit/gate-world.h"

/* The policy as it is edited, and the key of who edits it. */

static void test_gate_draft__none_is_said(void **state)
{
	static const char *const where[] = { NULL, "HEAD", "no-file" };
	struct mv_policy_draft d;
	struct world w;

	(void)state;
	world_new(&w, "");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(mv_gate_draft_read(&d, w.repo, where[i],
						    &w.err), MV_ENOENT);
		assert_true(*w.err.msg);
	}
	world_drop(&w);
}

static void test_gate_draft__of_three_places(void **state)
{
	struct mv_policy_draft d;
	struct world w;
	char path[400];

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_tag(&w, "fraud#shelf#1");
	world_open(&w, NULL);
	assert_ok(&w, mv_gate_draft_read(&d, w.repo, "HEAD", &w.err));
	assert_string_equal(d.name, "HEAD:.gitmodel/policy");
	assert_non_null(strstr(d.config, "fraud"));
	assert_string_equal(d.principals[0], "alice@example.com");
	assert_null(d.principals[1]);
	assert_string_equal(d.stages[0], "shelf");
	assert_null(d.stages[1]);
	assert_null(d.cases);
	mv_gate_draft_release(&d);
	/* It is the work tree's that is edited. */
	run(&w.r, "echo '[stage \"new\"]' >.gitmodel/policy\n"
	    "rm .gitmodel/config .gitmodel/allowed_signers\n"
	    "echo '[case]' >.gitmodel/policy-tests");
	assert_ok(&w, mv_gate_draft_read(&d, w.repo, NULL, &w.err));
	assert_string_equal(d.name, ".gitmodel/policy");
	assert_int_equal(d.policy.section_count, 1);
	assert_null(d.config);
	assert_null(d.principals);
	assert_string_equal(d.cases, "[case]\n");
	assert_int_equal(d.cases_len, 7);
	mv_gate_draft_release(&d);
	put_file(&w.r, "../mine", "[stage \"x\"]\n[stage \"y\"]\n", 24);
	snprintf(path, sizeof(path), "%s/mine", w.r.root);
	assert_ok(&w, mv_gate_draft_read(&d, w.repo, path, &w.err));
	assert_string_equal(d.name, path);
	assert_int_equal(d.policy.section_count, 2);
	mv_gate_draft_release(&d);
	world_drop(&w);
}

static void test_gate_draft__malformed_names_the_line(void **state)
{
	struct mv_policy_draft d;
	struct world w;

	(void)state;
	gate_world(&w, "[stage \"production\"]\n\nmetric =\n");
	assert_int_equal(mv_gate_draft_read(&d, w.repo, NULL, &w.err),
			 MV_EINVALID);
	assert_said(&w, ".gitmodel/policy:3");
	assert_int_equal(mv_gate_draft_read(&d, w.repo, "HEAD", &w.err),
			 MV_EINVALID);
	assert_said(&w, "HEAD: .gitmodel/policy:3");
	world_drop(&w);
}

/* What is in the tree and lost is not what is not there. */
static void test_gate_draft__lost_is_not_absent(void **state)
{
	struct mv_policy_draft d;
	struct world w;
	int rc;

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_lose(&w, "HEAD:.gitmodel/policy");
	rc = mv_gate_draft_read(&d, w.repo, "HEAD", &w.err);
	assert_true(rc);
	assert_int_not_equal(rc, MV_ENOENT);
	world_drop(&w);
	gate_world(&w, GATE_POLICY);
	look_lose(&w, "HEAD:.gitmodel/allowed_signers");
	assert_true(mv_gate_draft_read(&d, w.repo, "HEAD", &w.err));
	world_drop(&w);
}

static void test_gate_draft__the_first_one(void **state)
{
	struct mv_policy_draft d;
	struct world w;
	char *key;

	(void)state;
	world_new(&w, "");
	/* A list that cannot be read would be the end of all decisions. */
	assert_int_equal(mv_gate_draft_init(w.repo, "a@example.org",
					    "ssh-ed25519 AAAA", &w.err),
			 MV_EINVALID);
	assert_int_equal(mv_gate_draft_init(w.repo, "a b", NULL, &w.err),
			 MV_EINVALID);
	run(&w.r, "test ! -e .gitmodel/policy && "
	    "test ! -e .gitmodel/allowed_signers");
	key = sh(&w.r, "cut -d ' ' -f 1,2 '%s/alice.pub' | tr -d '\\n'",
		 gate_keys);
	assert_ok(&w, mv_gate_draft_init(w.repo, "a@example.org", key,
					 &w.err));
	assert_prints(&w.r, "1\n", "grep -c '^a@example.org .*%s$' "
		      ".gitmodel/allowed_signers", key);
	free(key);
	assert_prints(&w.r, "1\n", "grep -c '^id = ' .gitmodel/config || "
		      "grep -c 'id = ' .gitmodel/config");
	assert_int_equal(mv_gate_draft_init(w.repo, "b@example.org", NULL,
					    &w.err), MV_EEXISTS);
	assert_prints(&w.r, "member = a@example.org\n",
		      "grep '^member' .gitmodel/policy");
	run(&w.r, "rm .gitmodel/policy && cp .gitmodel/config ../c && "
	    "cp .gitmodel/allowed_signers ../s");
	assert_ok(&w, mv_gate_draft_init(w.repo, "b@example.org",
					 "not looked at", &w.err));
	/* What was there is left as it is. */
	run(&w.r, "cmp .gitmodel/config ../c && cmp .gitmodel/allowed_signers "
	    "../s");
	assert_ok(&w, mv_gate_draft_read(&d, w.repo, NULL, &w.err));
	mv_gate_draft_release(&d);
	world_drop(&w);
}

static void test_gate_signer__public_half(void **state)
{
	struct world w;
	char path[300], *out, *expected;

	(void)state;
	world_new(&w, "");
	expected = sh(&w.r, "cut -d ' ' -f 1,2 '%s/alice.pub' | tr -d '\\n'",
		      gate_keys);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/alice%s", gate_keys,
			 i ? ".pub" : "");
		assert_ok(&w, mv_gate_signer_public(&out, w.repo, path,
						    &w.err));
		assert_string_equal(out, expected);
		free(out);
	}
	assert_ok(&w, mv_gate_signer_public(&out, w.repo,
					    "key::ssh-ed25519 AAAA me",
					    &w.err));
	assert_string_equal(out, "ssh-ed25519 AAAA");
	free(out);
	assert_int_equal(mv_gate_signer_public(&out, w.repo, "/no/such",
					       &w.err), MV_ENOENT);
	assert_said(&w, "/no/such.pub");
	put_file(&w.r, "x.pub", "hello\n", 6);
	snprintf(path, sizeof(path), "%s/x", w.r.dir);
	assert_int_equal(mv_gate_signer_public(&out, w.repo, path, &w.err),
			 MV_EINVALID);
	free(expected);
	world_drop(&w);
}

static void test_gate_signer__found_or_said_how(void **state)
{
	struct world w;
	char *public, *from;

	(void)state;
	world_new(&w, "");
	assert_int_equal(mv_gate_signer_find(&public, &from, w.repo, &w.err),
			 MV_ENOENT);
	assert_said(&w, "ssh-keygen");
	assert_null(public);
	assert_null(from);
	run(&w.r, "mkdir ../.ssh && cp '%s/bob.pub' ../.ssh/id_ed25519.pub",
	    gate_keys);
	assert_ok(&w, mv_gate_signer_find(&public, &from, w.repo, &w.err));
	assert_string_equal(from, "~/.ssh/id_ed25519.pub");
	free(public);
	free(from);
	gate_as(&w, "alice");
	assert_ok(&w, mv_gate_signer_find(&public, &from, w.repo, &w.err));
	assert_null(from);
	free(public);
	run(&w.r, "git config --unset gpg.format && "
	    "git config user.signingkey 0123456789ABCDEF");
	world_open(&w, NULL);
	assert_int_equal(mv_gate_signer_find(&public, &from, w.repo, &w.err),
			 MV_ENOTSUP);
	assert_said(&w, "OpenPGP");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_draft__none_is_said),
		cmocka_unit_test(test_gate_draft__of_three_places),
		cmocka_unit_test(test_gate_draft__malformed_names_the_line),
		cmocka_unit_test(test_gate_draft__lost_is_not_absent),
		cmocka_unit_test(test_gate_draft__the_first_one),
		cmocka_unit_test(test_gate_signer__public_half),
		cmocka_unit_test(test_gate_signer__found_or_said_how),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, gate_keys_make, gate_keys_drop);
}
