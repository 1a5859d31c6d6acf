/* SPDX-License-Identifier: MIT */
#include "libmv/gate/judge.h"
#include "libmv/gate/past.h"
#include "libmv/subject/subject.h"
#include "tests/unit/gate-world.h"

/* What proof and the hooks ask of the gate: judge.h, and past.h. */

static void test_gate_check__facts_and_verdict(void **state)
{
	struct mv_promotion p = { .action = "promote", .artifact = "fraud",
				  .version = "v2.0.0", .stage = "production" };
	struct mv_policy_facts facts;
	struct mv_verdict v;
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, GATE_POLICY);
	assert_ok(&w, gate_open(&g, &w));
	p.commit = gate_commit(&w, "fraud@v2.0.0");
	assert_ok(&w, mv_gate_check(&v, &facts, &g, &p, &w.err));
	assert_int_equal(v.result, MV_RESULT_YES);
	assert_true(v.governed);
	assert_string_equal(facts.path, "m.bin");
	assert_int_equal(facts.size, 4);
	mv_verdict_release(&v);
	mv_policy_facts_release(&facts);
	p.version = "v1.0.0";
	assert_int_equal(mv_gate_check(&v, &facts, &g, &p, &w.err),
			 MV_EDENIED);
	p.version = "v9.0.0";
	assert_int_equal(mv_gate_check(&v, &facts, &g, &p, &w.err),
			 MV_ENOENT);
	p.version = "v2.0.0";
	p.stage = "elsewhere";
	assert_ok(&w, mv_gate_check(&v, &facts, &g, &p, &w.err));
	assert_false(v.governed);
	mv_verdict_release(&v);
	mv_policy_facts_release(&facts);
	mv_gate_close(&g);
	world_drop(&w);
}

static void test_gate_votes__by_whom_and_about_what(void **state)
{
	struct mv_vote *votes = NULL;
	struct mv_testimony t;
	struct mv_subject s;
	struct mv_gate g;
	struct world w;
	size_t count;

	(void)state;
	gate_world(&w, GATE_POLICY);
	assert_ok(&w, gate_open(&g, &w));
	gate_receipt(&w, &g, "alice", "fraud@v2.0.0", "production");
	gate_receipt(&w, &g, "bob", "fraud@v2.0.0", "production");
	mv_gate_close(&g);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_subject(&s, &g, "fraud",
				      gate_commit(&w, "fraud@v2.0.0"),
				      &w.err));
	/* A receipt is about a tag; it says nothing of this content. */
	assert_ok(&w, mv_gate_testimony(&t, &g, s.blob, &s.pointer, "fraud",
					GATE_NOW / 1000, &w.err));
	assert_int_equal(t.evidence.count, 1);
	assert_memory_equal(t.records, "sha256:", 7);
	mv_gate_testimony_release(&t);
	assert_null(t.votes);
	assert_ok(&w, mv_gate_votes(&votes, &count, &g, s.blob, &w.err));
	mv_gate_votes_release(votes, count);
	/* What is no pointer has no votes. */
	assert_true(mv_gate_votes(&votes, &count, &g, gate_commit(&w, "main"),
				  &w.err));
	mv_gate_close(&g);
	look_lose(&w, "refs/notes/model^{tree}");
	assert_ok(&w, gate_open(&g, &w));
	assert_true(mv_gate_testimony(&t, &g, s.blob, &s.pointer, "fraud",
				      GATE_NOW / 1000, &w.err));
	assert_true(mv_gate_votes(&votes, &count, &g, s.blob, &w.err));
	mv_gate_close(&g);
	mv_subject_release(&s);
	world_drop(&w);
}

static void test_gate_tags__none_and_none_that_are_known(void **state)
{
	struct mv_gate g;
	struct world w;
	int none, elsewhere;

	(void)state;
	gate_world(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_no_tags(&none, &elsewhere, &g, &w.err));
	assert_false(none);
	mv_gate_close(&g);
	run(&w.r, "git tag -d fraud@v1.0.0 fraud@v2.0.0 && git tag v1");
	world_open(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_no_tags(&none, &elsewhere, &g, &w.err));
	assert_true(none);
	assert_false(elsewhere);
	mv_gate_close(&g);
	run(&w.r, "git remote add up ../nowhere && "
	    "git update-ref refs/remotes/up/main main");
	world_open(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_no_tags(&none, &elsewhere, &g, &w.err));
	assert_true(none);
	assert_true(elsewhere);
	mv_gate_close(&g);
	world_drop(&w);
}

/* -- the past ------------------------------------------------------------- */

static void test_gate_past__the_line_of_policies(void **state)
{
	const struct mv_past_commit *c;
	struct mv_past past;
	struct mv_gate g;
	struct world w;

	(void)state;
	gate_world(&w, GATE_POLICY);
	run(&w.r, "git commit -q --allow-empty -m empty && "
	    "echo '# x' >>.gitmodel/policy && "
	    "GIT_COMMITTER_DATE='1700000050 +0000' git commit -qam more && "
	    "git commit -q --allow-empty -m last");
	world_open(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_past_read(&past, &g, &w.err));
	assert_string_equal(past.branch.v[0].hex, gate_commit(&w, "main"));
	assert_string_equal(past.changes.v[0].hex, gate_commit(&w, "main~1"));
	assert_string_equal(past.root, gate_commit(&w, "main~3"));
	assert_int_equal(past.beginning_count, 1);
	assert_false(past.pinned);
	assert_false(past.shallow);
	assert_true(past.notes.count >= 2);
	assert_int_equal(past.loss_count, 0);
	c = mv_gate_past_find(&past.branch, gate_commit(&w, "main~3"));
	assert_non_null(c);
	assert_int_equal(c->at, 3);
	assert_null(mv_gate_past_find(&past.branch, "1234"));
	/* Of two changes the one that came after it, and before the moment. */
	assert_null(mv_gate_past_overtaken(&past, c, 1700000050));
	assert_string_equal(mv_gate_past_overtaken(&past, c, 1700000051)->hex,
			    gate_commit(&w, "main~1"));
	assert_string_equal(mv_gate_past_in_force(&past, 1700000049)->hex,
			    past.root);
	assert_null(mv_gate_past_in_force(&past, 1));
	assert_int_equal(mv_gate_past_is_behind(&past.notes,
						&past.notes.v[1],
						&past.notes.v[0]), 1);
	assert_int_equal(mv_gate_past_is_behind(&past.notes,
						&past.notes.v[0],
						&past.notes.v[1]), 0);
	assert_int_equal(mv_gate_past_is_behind(&past.notes,
						&past.notes.v[0],
						&past.notes.v[0]), 0);
	mv_gate_past_release(&past);
	mv_gate_close(&g);
	world_drop(&w);
}

static void test_gate_past__what_a_merge_brought(void **state)
{
	const struct mv_past_commit *c;
	struct mv_past past;
	struct mv_gate g;
	struct world w;
	struct mv_git *git;

	(void)state;
	gate_world(&w, GATE_POLICY);
	run(&w.r, "git checkout -q -b side && git commit -q --allow-empty "
	    "-m side && echo '[stage \"x\"]' >>.gitmodel/policy && "
	    "git commit -qam draft && git revert --no-edit HEAD >/dev/null && "
	    "git checkout -q main && git commit -q --allow-empty -m m && "
	    "git merge -q --no-ff -m merge side && git branch -q away HEAD && "
	    "git checkout -q --orphan other && git commit -q -m other && "
	    "git checkout -q main");
	world_open(&w, NULL);
	git = mv_repo_git(w.repo);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_past_read_lines(&past, &g, g.trusted, &w.err));
	assert_int_equal(past.receipts.count, 0);
	/* Beside the line, with the policy that the line had. */
	assert_ok(&w, mv_gate_past_place(&c, &past, git,
					 gate_commit(&w, "side"), NULL,
					 &w.err));
	assert_string_equal(c->hex, gate_commit(&w, "main"));
	/* A draft never was the branch's; but it is behind it. */
	assert_ok(&w, mv_gate_past_place(&c, &past, git,
					 gate_commit(&w, "side~1"), NULL,
					 &w.err));
	assert_null(c);
	assert_ok(&w, mv_gate_past_brought(&c, &past, git,
					   gate_commit(&w, "side~1"), &w.err));
	assert_string_equal(c->hex, gate_commit(&w, "main"));
	assert_ok(&w, mv_gate_past_brought(&c, &past, git,
					   gate_commit(&w, "other"), &w.err));
	assert_null(c);
	mv_gate_past_release(&past);
	run(&w.r, "git config model.policyRoot nothing");
	world_open(&w, NULL);
	mv_gate_close(&g);
	assert_ok(&w, gate_open(&g, &w));
	assert_int_equal(mv_gate_past_read_lines(&past, &g, g.trusted, &w.err),
			 MV_EINVALID);
	assert_said(&w, "model.policyRoot");
	mv_gate_close(&g);
	world_drop(&w);
}

static void test_gate_past__receipts_and_lost_lines(void **state)
{
	struct mv_past_statements all;
	const struct mv_past_statement *r;
	struct mv_past past;
	struct mv_gate g;
	struct world w;
	char *oid;
	size_t count;

	(void)state;
	gate_world(&w, GATE_POLICY);
	assert_ok(&w, gate_open(&g, &w));
	gate_receipt(&w, &g, "alice", "fraud@v1.0.0", "production");
	gate_receipt(&w, &g, "bob", "fraud@v1.0.0", "production");
	gate_receipt(&w, &g, "bob", "fraud@v2.0.0", "production");
	mv_gate_close(&g);
	run(&w.r, "b=$(git rev-parse main:m.bin) && "
	    "git notes --ref=model show $b | sed '$d' >../n && "
	    "echo '{\"kind\":\"receipt\"' >>../n && "
	    "git notes --ref=model add -f -F ../n $b");
	world_open(&w, NULL);
	assert_ok(&w, gate_open(&g, &w));
	assert_ok(&w, mv_gate_past_read(&past, &g, &w.err));
	assert_int_equal(past.receipts.count, 2);
	oid = sh(&w.r, "git rev-parse fraud@v1.0.0 | tr -d '\\n'");
	r = mv_gate_past_receipts(&past, oid, &count);
	assert_true(r && count >= 1);
	assert_string_equal(r->s.tag, oid);
	assert_null(mv_gate_past_receipts(&past, "1234", &count));
	assert_int_equal(count, 0);
	assert_int_equal(past.loss_count, 1);
	assert_int_equal(past.losses[0].lines, 1);
	mv_gate_past_release(&past);
	assert_ok(&w, mv_gate_past_read_statements(&all, &g, 0, &w.err));
	assert_int_equal(all.count, 3);	/* one of them is none */
	mv_gate_past_statements_release(&all);
	assert_ok(&w, mv_gate_past_read_statements(&all, &g, 1, &w.err));
	assert_int_equal(all.count, 2);
	mv_gate_past_statements_release(&all);
	memset(&past, 0, sizeof(past));
	assert_int_equal(mv_gate_past_read_losses(&past, mv_repo_git(w.repo),
						  "", g.notes, 64, &w.err),
			 MV_ENOMEM);
	mv_gate_past_release(&past);
	/* Notes that cannot be read are not notes without receipts. */
	mv_gate_close(&g);
	look_lose(&w, "refs/notes/model^{tree}");
	assert_ok(&w, gate_open(&g, &w));
	assert_true(mv_gate_past_read(&past, &g, &w.err));
	assert_true(mv_gate_past_read_statements(&all, &g, 1, &w.err));
	mv_gate_close(&g);
	free(oid);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_check__facts_and_verdict),
		cmocka_unit_test(test_gate_votes__by_whom_and_about_what),
		cmocka_unit_test(test_gate_tags__none_and_none_that_are_known),
		cmocka_unit_test(test_gate_past__the_line_of_policies),
		cmocka_unit_test(test_gate_past__what_a_merge_brought),
		cmocka_unit_test(test_gate_past__receipts_and_lost_lines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, gate_keys_make, gate_keys_drop);
}
