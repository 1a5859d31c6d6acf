/* SPDX-License-Identifier: MIT */
#include "tests/unit/gate-world.h"

/* -- the branch that a server trusts -------------------------------------- */

static int setting(char **ref, struct world *w)
{
	*ref = (char *)(uintptr_t)"untouched";
	world_open(w, NULL);
	return mv_gate_trusted_setting(ref, mv_repo_git(w->repo), &w->err);
}

static void test_gate_trusted__not_set_is_no_branch(void **state)
{
	struct world w;
	char *ref;

	(void)state;
	world_new(&w, "");
	assert_ok(&w, setting(&ref, &w));
	assert_null(ref);
	world_drop(&w);
}

static void test_gate_trusted__by_either_name(void **state)
{
	static const char *const said[] = { "rel/1", "refs/heads/rel/1" };
	struct world w;
	char *ref;

	(void)state;
	world_new(&w, "");
	for (size_t i = 0; i < 2; i++) {
		run(&w.r, "git config model.trustedBranch %s", said[i]);
		assert_ok(&w, setting(&ref, &w));
		assert_string_equal(ref, "refs/heads/rel/1");
		free(ref);
	}
	world_drop(&w);
}

/* Who wrote it wanted a policy to count. */
static void test_gate_trusted__what_names_none_is_refused(void **state)
{
	static const char *const said[] = { "", "refs/tags/x", "a..b", "a b",
					    "refs/heads/" };
	struct world w;
	char *ref;

	(void)state;
	world_new(&w, "");
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		run(&w.r, "git config model.trustedBranch '%s'", said[i]);
		assert_int_equal(setting(&ref, &w), MV_EINVALID);
		assert_null(ref);
		assert_said(&w, "model.trustedBranch");
	}
	run(&w.r, "git config --unset-all model.trustedBranch\n"
	    "printf '[model]\\n\\ttrustedBranch\\n' >>.git/config");
	assert_int_equal(setting(&ref, &w), MV_EINVALID);
	assert_null(ref);
	world_drop(&w);
}

static void test_gate_trusted__absent_in_three_ways(void **state)
{
	enum mv_trusted_absence a;
	struct world w;

	(void)state;
	memset(&w, 0, sizeof(w));
	repo_new(&w.r, "");
	world_open(&w, NULL);
	assert_ok(&w, mv_gate_trusted_absent(&a, w.repo, &w.err));
	assert_int_equal(a, MV_TRUSTED_FRESH);
	run(&w.r, "git commit -q --allow-empty -m one");
	world_open(&w, NULL);
	assert_ok(&w, mv_gate_trusted_absent(&a, w.repo, &w.err));
	assert_int_equal(a, MV_TRUSTED_LATE);
	gate_policy(&w, GATE_POLICY);
	assert_ok(&w, mv_gate_trusted_absent(&a, w.repo, &w.err));
	assert_int_equal(a, MV_TRUSTED_INSTEAD);
	gate_policy(&w, "[stage\n");
	assert_ok(&w, mv_gate_trusted_absent(&a, w.repo, &w.err));
	assert_int_equal(a, MV_TRUSTED_INSTEAD);
	world_drop(&w);
}

/* HEAD names a branch, whose commit is lost: what it said is not "nothing". */
static void test_gate_trusted__absent_where_head_cannot_be_read(void **state)
{
	enum mv_trusted_absence a = MV_TRUSTED_FRESH;
	struct world w;
	int rc;

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_lose(&w, "HEAD");
	rc = mv_gate_trusted_absent(&a, w.repo, &w.err);
	assert_true(rc || a == MV_TRUSTED_INSTEAD);
	world_drop(&w);
}

/* -- the state that is judged --------------------------------------------- */

static void test_gate_open__without_a_policy(void **state)
{
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_false(g.has_policy);
	assert_string_equal(g.trusted_name, "main");
	assert_int_equal(g.registry.count, 2);
	assert_true(*g.notes);
	assert_false(g.no_records);
	assert_null(g.fetched);
	mv_gate_close(&g);
	world_drop(&w);
}

static void test_gate_open__what_it_finds(void **state)
{
	const struct mv_gate_options none = { .trusted = "", .now = GATE_NOW };
	const struct mv_gate_options lost = { .trusted = "gone",
					      .now = GATE_NOW };
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, GATE_POLICY);
	assert_ok(&w, gate_open(&g, &w));
	assert_true(g.has_policy);
	assert_string_equal(g.trusted, gate_commit(&w, "main"));
	assert_false(g.chosen);
	assert_memory_equal(g.repo_id, "root:", 5);
	mv_gate_close(&g);
	assert_ok(&w, mv_gate_open(&g, w.repo, &none, &w.err));
	assert_false(g.has_policy);
	assert_string_equal(g.trusted, "");
	assert_true(g.chosen);
	mv_gate_close(&g);
	assert_int_equal(mv_gate_open(&g, w.repo, &lost, &w.err), MV_ENOENT);
	world_drop(&w);
}

static void test_gate_open__a_policy_that_cannot_be_read_is_none_of_it(void **state)
{
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, "[stage \"production\"]\nmetric = \n");
	assert_int_equal(gate_open(&g, &w), MV_EINVALID);
	assert_said(&w, "main (");
	assert_said(&w, ".gitmodel/policy:2");
	run(&w.r, "rm .gitmodel/policy && ln -s allowed_signers "
	    ".gitmodel/policy");
	look_commit(&w, "link");
	assert_int_equal(gate_open(&g, &w), MV_EINVALID);
	assert_said(&w, ".gitmodel/policy is no regular file");
	run(&w.r, "rm .gitmodel/policy && mkdir .gitmodel/policy && "
	    "echo x >.gitmodel/policy/x");
	look_commit(&w, "folder");
	assert_int_equal(gate_open(&g, &w), MV_EINVALID);
	run(&w.r, "git rm -rqf .gitmodel && echo x >.gitmodel");
	look_commit(&w, "file");
	assert_int_equal(gate_open(&g, &w), MV_EINVALID);
	assert_said(&w, ".gitmodel is no folder");
	world_drop(&w);
}

/* In the tree, and not here: that is no policy's absence. */
static void test_gate_open__a_lost_file_is_an_error(void **state)
{
	static const char *const files[] = { "policy", "allowed_signers",
					     "config" };
	struct mv_gate g;
	struct world w;
	char rev[60];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		gate_world(&w, GATE_POLICY);
		snprintf(rev, sizeof(rev), "HEAD:.gitmodel/%s", files[i]);
		look_lose(&w, rev);
		assert_int_equal(gate_open(&g, &w), MV_ECORRUPT);
		assert_said(&w, files[i]);
		world_drop(&w);
	}
}

static void test_gate_open__refs_as_they_would_be(void **state)
{
	struct mv_git_ref refs[] = {
		{ .name = "refs/tags/fraud@v1.0.0", .oid = "", .type = "",
		  .commit = "" },
		{ .name = "refs/tags/fraud@v3.0.0", .type = "tag" },
		{ .name = "refs/notes/model", .oid = "", .type = "",
		  .commit = "" },
	};
	struct mv_gate_options o = { .now = GATE_NOW, .refs = refs,
				     .ref_count = 3, .artifact = "fraud",
				     .pusher = "p", .records_known = 1 };
	struct mv_gate g;
	struct world w;
	char *oid;

	(void)state;
	gate_world(&w, GATE_POLICY);
	oid = sh(&w.r, "git rev-parse fraud@v2.0.0 | tr -d '\\n'");
	refs[1].oid = oid;
	refs[1].commit = gate_commit(&w, "main");
	assert_ok(&w, mv_gate_open(&g, w.repo, &o, &w.err));
	assert_int_equal(g.registry.count, 2);
	assert_null(mv_registry_version(&g.registry, "fraud", "v1.0.0"));
	assert_non_null(mv_registry_version(&g.registry, "fraud", "v3.0.0"));
	assert_string_equal(g.notes, "");
	assert_string_equal(g.pusher, "p");
	mv_gate_close(&g);
	free(oid);
	world_drop(&w);
}

/* -- names ---------------------------------------------------------------- */

static void test_gate_stage__which_there_are(void **state)
{
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_tag(&w, "fraud#shelf#1");
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_check_stage(&g, "fraud", "production", 1, &w.err));
	assert_ok(&w, mv_gate_check_stage(&g, "fraud", "shelf", 1, &w.err));
	assert_int_equal(mv_gate_check_stage(&g, "fraud", "produciton", 0,
					     &w.err), MV_EINVALID);
	assert_said(&w, "production");
	assert_null(strstr(w.err.msg, "--new-stage"));
	assert_int_equal(mv_gate_check_stage(&g, "other", "shelf", 1, &w.err),
			 MV_EINVALID);
	assert_said(&w, "--new-stage");
	mv_gate_close(&g);
	world_drop(&w);
}

static void test_gate_stage__without_a_policy_only_a_slip(void **state)
{
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, NULL);
	look_tag(&w, "fraud#shelf#1");
	world_open(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_check_stage(&g, "fraud", "dev", 1, &w.err));
	assert_int_equal(mv_gate_check_stage(&g, "fraud", "shefl", 1, &w.err),
			 MV_EINVALID);
	assert_said(&w, "shelf");
	mv_gate_close(&g);
	world_drop(&w);
}

static void test_gate_artifact__which_there_are(void **state)
{
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_tag(&w, "tagged@v1.0.0");
	run(&w.r, "git tag bare@v1.0.0");
	world_open(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_check_artifact(&g, "fraud", &w.err));
	assert_ok(&w, mv_gate_check_artifact(&g, "tagged", &w.err));
	assert_ok(&w, mv_gate_check_artifact(&g, "bare", &w.err));
	/* That another one has a bare tag says nothing of this. */
	assert_int_equal(mv_gate_check_artifact(&g, "frauf", &w.err),
			 MV_ENOENT);
	assert_said(&w, "'fraud'");
	mv_gate_close(&g);
	world_drop(&w);
}

/* -- deciding ------------------------------------------------------------- */

static void test_gate_promote__as_the_policy_says(void **state)
{
	struct world w;
	char tag[100];

	(void)state;
	gate_world(&w, GATE_POLICY);
	assert_ok(&w, gate_promote(tag, &w, "v2.0.0", "production", 0));
	assert_string_equal(tag, "fraud#production#1");
	assert_prints(&w.r, "1\n", "git cat-file tag '%s' | "
		      "grep -c '^Model-Verdict: yes sha256:'", tag);
	assert_int_equal(gate_promote(tag, &w, "v2.0.0", "production", 0),
			 MV_EEXISTS);
	assert_int_equal(gate_promote(tag, &w, "v1.0.0", "production", 0),
			 MV_EDENIED);
	assert_string_equal(tag, "");
	assert_prints(&w.r, "fraud#production#1\n",
		      "git tag -l 'fraud#*'");
	assert_ok(&w, gate_promote(tag, &w, "v1.0.0", "production", 1));
	assert_prints(&w.r, "1\n", "git cat-file tag '%s' | "
		      "grep -c '^Model-Verdict: no '", tag);
	world_drop(&w);
}

static void test_gate_promote__ungoverned_says_so(void **state)
{
	struct world w;
	char tag[100];

	(void)state;
	gate_world(&w, NULL);
	assert_ok(&w, gate_promote(tag, &w, "v1.0.0", "production", 0));
	assert_prints(&w.r, "1\n", "git cat-file tag '%s' | "
		      "grep -c '^Model-Verdict: ungoverned$'", tag);
	world_drop(&w);
}

/* What is in the notes and cannot be read may be a no. */
static void test_gate_promote__with_unreadable_notes_it_is_no(void **state)
{
	struct world w;
	char tag[100];

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_lose(&w, "refs/notes/model^{tree}");
	assert_true(gate_promote(tag, &w, "v2.0.0", "production", 0));
	assert_string_equal(tag, "");
	assert_prints(&w.r, "", "git tag -l 'fraud#*'");
	world_drop(&w);
}

/* Whose key it is, is known when it has signed: then it is judged again. */
static void test_gate_promote__a_tag_by_nobody_is_taken_away(void **state)
{
	struct world w;
	char tag[100];

	(void)state;
	gate_world(&w, "[group \"leads\"]\nmember = alice@example.com\n"
		   "[stage \"production\"]\npromoter = leads\n");
	gate_as(&w, "bob");
	assert_int_equal(gate_promote(tag, &w, "v2.0.0", "production", 0),
			 MV_EDENIED);
	assert_prints(&w.r, "", "git tag -l 'fraud#*'");
	gate_as(&w, "alice");
	assert_ok(&w, gate_promote(tag, &w, "v2.0.0", "production", 0));
	world_drop(&w);
}

static int holder(struct world *w, const char *stage, const char *expected)
{
	char *version = NULL, *commit = NULL;
	struct mv_gate g;
	int rc;

	world_open(w, NULL);
	assert_ok(w, gate_open(&g, w));
	rc = mv_gate_stage_holder(&version, &commit, &g, "fraud", stage,
				  &w->err);
	if (rc) {
		assert_null(version);
		assert_null(commit);
	} else {
		assert_string_equal(version, expected);
		assert_string_equal(commit, gate_commit(w, expected[1] == '1' ?
				    "fraud@v1.0.0" : "fraud@v2.0.0"));
	}
	free(version);
	free(commit);
	mv_gate_close(&g);
	return rc;
}

static int target(struct world *w, const char *to, const char *expected)
{
	char *version = NULL;
	struct mv_gate g;
	int rc;

	world_open(w, NULL);
	assert_ok(w, gate_open(&g, w));
	rc = mv_gate_rollback_target(&version, &g, "fraud", "production", to,
				     &w->err);
	if (rc)
		assert_null(version);
	else
		assert_string_equal(version, expected);
	free(version);
	mv_gate_close(&g);
	return rc;
}

static void test_gate_stage__who_holds_it_and_who_did(void **state)
{
	struct world w;
	char tag[100];

	(void)state;
	gate_world(&w, NULL);
	assert_int_equal(holder(&w, "production", NULL), MV_ENOENT);
	assert_int_equal(target(&w, NULL, NULL), MV_ENOENT);
	assert_ok(&w, gate_promote(tag, &w, "v1.0.0", "production", 0));
	assert_int_equal(target(&w, NULL, NULL), MV_ENOENT);
	assert_said(&w, "no other version");
	assert_ok(&w, gate_promote(tag, &w, "v2.0.0", "production", 0));
	assert_ok(&w, holder(&w, "production", "v2.0.0"));
	assert_ok(&w, target(&w, NULL, "v1.0.0"));
	assert_ok(&w, target(&w, "v1.0.0", "v1.0.0"));
	assert_int_equal(target(&w, "v3.0.0", NULL), MV_EINVALID);
	/* What was taken back held it, and is no place to go back to. */
	look_tag(&w, "fraud@v1.0.0!#4");
	assert_int_equal(target(&w, NULL, NULL), MV_ENOENT);
	look_tag(&w, "fraud@v2.0.0!#5");
	assert_ok(&w, holder(&w, "production", "v2.0.0"));
	/* The newest as a bare commit: who holds it is not known. */
	run(&w.r, "git tag -d '%s' && git tag '%s' main", tag, tag);
	assert_int_equal(holder(&w, "production", NULL), MV_EDENIED);
	assert_int_equal(target(&w, NULL, NULL), MV_EDENIED);
	world_drop(&w);
}

/* -- approvals ------------------------------------------------------------ */

static int approve(struct mv_statement *s, struct world *w,
		   const struct mv_approve_options *o)
{
	struct mv_gate g;
	int rc;

	world_open(w, NULL);
	assert_ok(w, gate_open(&g, w));
	rc = mv_gate_approve(s, &g, o, &w->err);
	mv_gate_close(&g);
	return rc;
}

static void test_gate_approve__only_by_who_is_on_the_list(void **state)
{
	struct mv_approve_options o = { .artifact = "fraud",
					.version = "v2.0.0",
					.stage = "production", .reason = "ok" };
	struct mv_statement s;
	struct world w;
	char *before, *after;

	(void)state;
	gate_world(&w, GATE_POLICY);
	gate_as(&w, "bob");
	before = sh(&w.r, "git rev-parse refs/notes/model");
	assert_int_equal(approve(&s, &w, &o), MV_EDENIED);
	assert_said(&w, "have this line added to .gitmodel/allowed_signers");
	after = sh(&w.r, "git rev-parse refs/notes/model");
	assert_string_equal(before, after);
	free(before);
	free(after);
	gate_as(&w, "alice");
	assert_ok(&w, approve(&s, &w, &o));
	assert_string_equal(s.signer, "alice@example.com");
	assert_int_equal(strlen(s.nonce), 32);
	o.decision = MV_DECISION_REVOKE;
	o.revokes = s.nonce;
	{
		struct mv_statement back;

		assert_ok(&w, approve(&back, &w, &o));
		assert_string_equal(back.revokes, s.nonce);
		mv_statement_release(&back);
		o.revokes = NULL;	/* nothing of it is left */
		assert_int_equal(approve(&back, &w, &o), MV_ENOENT);
	}
	mv_statement_release(&s);
	o.version = "v9.0.0";
	assert_int_equal(approve(&s, &w, &o), MV_ENOENT);
	run(&w.r, "git config --unset user.signingkey");
	o.version = "v2.0.0";
	o.decision = MV_DECISION_APPROVE;
	assert_int_equal(approve(&s, &w, &o), MV_EINVALID);
	world_drop(&w);
}

static void test_gate_approve__a_step_that_is_in_force(void **state)
{
	static const char asks[] = "policy-approvals = 1 from leads\n"
		"[group \"leads\"]\nmember = alice@example.com\n"
		"[stage \"production\"]\n";
	const struct mv_approve_options o = { .policy_rev = "HEAD" };
	struct mv_statement s;
	struct world w;
	char text[300];

	(void)state;
	gate_world(&w, asks);
	assert_int_equal(approve(&s, &w, &o), MV_EINVALID);
	assert_said(&w, "in force already");
	snprintf(text, sizeof(text), "%s# more\n", asks);
	gate_policy(&w, text);
	assert_ok(&w, approve(&s, &w, &o));
	assert_string_equal(s.artifact, ".gitmodel");
	assert_string_equal(s.displaces, gate_commit(&w, "HEAD~1"));
	mv_statement_release(&s);
	/* It has its yes now. */
	assert_int_equal(approve(&s, &w, &o), MV_EINVALID);
	assert_said(&w, "in force already");
	world_drop(&w);
}

/* -- a branch ------------------------------------------------------------- */

struct told {
	int count, policy, no;
};

static int tell(void *payload, const char *subject,
		const struct mv_policy_facts *facts,
		const struct mv_verdict *verdict, struct mv_err *err)
{
	struct told *t = payload;

	(void)err;
	t->count++;
	t->policy += !strcmp(facts->action, "policy");
	t->no += verdict->result != MV_RESULT_YES;
	assert_non_null(subject);
	return 0;
}

static void test_gate_branch__what_changes_is_judged(void **state)
{
	struct told t = { 0, 0, 0 };
	char old[80], new[80];
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, "policy-approvals = 1\n[branch \"main\"]\n"
		   "max-size = 3B\n");
	snprintf(old, sizeof(old), "%s", gate_commit(&w, "HEAD"));
	run(&w.r, "git checkout -q -b side");
	look_add(&w, "m.bin", "three");
	run(&w.r, "echo '# x' >>.gitmodel/policy");
	look_commit(&w, "side");
	snprintf(new, sizeof(new), "%s", gate_commit(&w, "HEAD"));
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_check_branch(&g, "main", old, new, tell, &t,
					   &w.err));
	assert_int_equal(t.count, 2);
	assert_int_equal(t.policy, 1);
	assert_int_equal(t.no, 2);
	memset(&t, 0, sizeof(t));
	assert_ok(&w, mv_gate_check_branch(&g, "other", old, new, tell, &t,
					   &w.err));
	assert_int_equal(t.count, t.policy);
	memset(&t, 0, sizeof(t));
	assert_ok(&w, mv_gate_check_branch(&g, "main", new, new, tell, &t,
					   &w.err));
	assert_int_equal(t.count, 0);
	assert_true(mv_gate_check_branch(&g, "main", old,
					 "00000000000000000000000000000000"
					 "00000001", tell, &t, &w.err));
	mv_gate_close(&g);
	world_drop(&w);
}

/* -- a clone that does not know ------------------------------------------- */

static void test_gate_open__cut_off_history_is_told(void **state)
{
	struct mv_gate g;
	struct world w;
	char dir[300];

	(void)state;
	gate_world(&w, GATE_POLICY);
	run(&w.r, "git clone -q --depth 1 --branch main \"file://$PWD\" "
	    "../cut && git -C ../cut remote set-head -d origin && "
	    "git -C ../cut branch -m work");
	snprintf(dir, sizeof(dir), "%s/cut", w.r.root);
	world_open(&w, dir);
	assert_int_equal(gate_open(&g, &w), MV_ENOTSUP);
	world_open(&w, NULL);
	world_drop(&w);
}

static void test_gate_open__git_that_cannot_be_asked_is_no(void **state)
{
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, GATE_POLICY);
	look_mute(&w);
	assert_true(gate_open(&g, &w));
	run(&w.r, "mv .git/HEAD.away .git/HEAD");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_trusted__not_set_is_no_branch),
		cmocka_unit_test(test_gate_trusted__by_either_name),
		cmocka_unit_test(test_gate_trusted__what_names_none_is_refused),
		cmocka_unit_test(test_gate_trusted__absent_in_three_ways),
		cmocka_unit_test(
			test_gate_trusted__absent_where_head_cannot_be_read),
		cmocka_unit_test(test_gate_open__without_a_policy),
		cmocka_unit_test(test_gate_open__what_it_finds),
		cmocka_unit_test(
			test_gate_open__a_policy_that_cannot_be_read_is_none_of_it),
		cmocka_unit_test(test_gate_open__a_lost_file_is_an_error),
		cmocka_unit_test(test_gate_open__refs_as_they_would_be),
		cmocka_unit_test(test_gate_open__cut_off_history_is_told),
		cmocka_unit_test(
			test_gate_open__git_that_cannot_be_asked_is_no),
		cmocka_unit_test(test_gate_stage__which_there_are),
		cmocka_unit_test(test_gate_stage__without_a_policy_only_a_slip),
		cmocka_unit_test(test_gate_stage__who_holds_it_and_who_did),
		cmocka_unit_test(test_gate_artifact__which_there_are),
		cmocka_unit_test(test_gate_promote__as_the_policy_says),
		cmocka_unit_test(test_gate_promote__ungoverned_says_so),
		cmocka_unit_test(
			test_gate_promote__with_unreadable_notes_it_is_no),
		cmocka_unit_test(
			test_gate_promote__a_tag_by_nobody_is_taken_away),
		cmocka_unit_test(test_gate_approve__only_by_who_is_on_the_list),
		cmocka_unit_test(test_gate_approve__a_step_that_is_in_force),
		cmocka_unit_test(test_gate_branch__what_changes_is_judged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, gate_keys_make, gate_keys_drop);
}
