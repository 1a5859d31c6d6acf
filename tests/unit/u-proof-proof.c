/* SPDX-License-Identifier: MIT */
#include "libmv/gate/past.h"
#include "libmv/proof/proof.h"
#include "tests/unit/gate-world.h"

struct said {
	size_t count, bad, unknown, witnessed;
	char text[4096];	/* problems, one a line */
	int fail;		/* return this */
};

static int hear(void *payload, const struct mv_verified *v, struct mv_err *err)
{
	struct said *s = payload;

	(void)err;
	s->count++;
	s->bad += v->state == MV_VERIFY_BAD;
	s->unknown += v->state == MV_VERIFY_UNKNOWN;
	s->witnessed += v->witnessed != 0;
	for (size_t i = 0; v->problems[i]; i++) {
		size_t len = strlen(s->text);

		snprintf(s->text + len, sizeof(s->text) - len, "%s\n",
			 v->problems[i]);
	}
	return s->fail;
}

static int verify(struct said *s, struct world *w, const char *artifact)
{
	const struct mv_gate_options open = { .artifact = artifact,
					      .now = GATE_NOW };
	int tagless = 7, fail = s->fail;
	char root[65] = "untouched";
	const struct mv_verify_options o = { artifact, &root, &tagless };
	struct mv_gate g;
	int rc;

	world_open(w, NULL);
	memset(s, 0, sizeof(*s));
	s->fail = fail;
	rc = mv_gate_open(&g, w->repo, &open, &w->err);
	if (rc)
		return rc;
	rc = mv_proof_verify(&g, &o, hear, s, &w->err);
	mv_gate_close(&g);
	if (s->bad || s->unknown)
		fprintf(stderr, "# %s", s->text);
	return rc ? rc : tagless;
}

#define assert_problem(s, words) do { \
	if (!strstr((s)->text, words)) \
		fail_msg("'%s' is not in: %s", words, (s)->text); \
} while (0)

static void promoted_world(struct world *w, const char *policy)
{
	char tag[100];

	gate_world(w, policy);
	assert_ok(w, gate_promote(tag, w, "v2.0.0", "production", 0));
}

static void test_proof_verify__what_was_decided_well_holds(void **state)
{
	struct said s = { 0 };
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	assert_int_equal(verify(&s, &w, NULL), 0);
	assert_int_equal(s.bad + s.unknown, 0);
	assert_int_equal(s.count, 5);	/* a config and a policy, too */
	assert_int_equal(verify(&s, &w, "fraud"), 0);
	assert_int_equal(s.count, 3);
	assert_int_equal(verify(&s, &w, "ghost"), MV_ENOENT);
	/* Who is told can end it. */
	s.fail = MV_EBUSY;
	assert_int_equal(verify(&s, &w, "fraud"), MV_EBUSY);
	assert_int_equal(s.count, 1);
	world_drop(&w);
}

static void test_proof_verify__against_the_verdict_is_bad(void **state)
{
	struct said s = { 0 };
	struct world w;
	char tag[100];

	(void)state;
	gate_world(&w, GATE_POLICY);
	assert_ok(&w, gate_promote(tag, &w, "v1.0.0", "production", 1));
	assert_int_equal(verify(&s, &w, NULL), 0);
	assert_int_equal(s.bad, 1);
	assert_problem(&s, "although the verdict was no");
	/* By hand, with no record of a decision. */
	look_tag(&w, "fraud#production#2");
	assert_int_equal(verify(&s, &w, NULL), 0);
	assert_int_equal(s.bad, 2);
	assert_problem(&s, "no record of a decision");
	world_drop(&w);
}

/* Records that cannot be read, and none: no answer is "it holds". */
static void test_proof_verify__without_records_it_cannot_be_told(void **state)
{
	struct said s = { 0 };
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	run(&w.r, "git update-ref refs/keep refs/notes/model && "
	    "git update-ref -d refs/notes/model");
	assert_int_equal(verify(&s, &w, "fraud"), 0);
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.unknown, 1);
	assert_problem(&s, "git model fetch");
	run(&w.r, "git update-ref refs/notes/model refs/keep");
	look_lose(&w, "refs/notes/model^{tree}");
	assert_true(verify(&s, &w, "fraud") || s.bad || s.unknown);
	world_drop(&w);
}

static void test_proof_verify__a_lost_tag_object_is_told(void **state)
{
	struct said s = { 0 };
	struct world w;
	int rc;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	look_lose(&w, "refs/tags/fraud#production#1");
	rc = verify(&s, &w, "fraud");
	assert_true(rc || s.bad || s.unknown);
	world_drop(&w);
}

/* A bare commit under the name of an event: what came after it was decided on
   what nobody knows. */
static void test_proof_verify__after_a_tag_that_is_none(void **state)
{
	struct said s = { 0 };
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	run(&w.r, "git cat-file tag 'fraud#production#1' | "
	    "sed 's/^tag .*/tag fraud#production#2/' | "
	    "git hash-object -t tag -w --stdin >../oid && "
	    "git update-ref 'refs/tags/fraud#production#2' $(cat ../oid) && "
	    "git update-ref 'refs/tags/fraud#production#1' main");
	assert_int_equal(verify(&s, &w, "fraud"), 0);
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.unknown, 1);
	assert_problem(&s, "fraud#production#1' is no annotated tag");
	world_drop(&w);
}

static void test_proof_verify__no_tags_are_no_proof(void **state)
{
	struct said s = { 0 };
	struct mv_gate g;
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	assert_ok(&w, gate_open(&g, &w));
	gate_receipt(&w, &g, "bob", "fraud#production#1", "production");
	run(&w.r, "git for-each-ref --format='delete %%(refname)' refs/tags | "
	    "git update-ref --stdin");
	/* Nobody lists bob, and there is no other place. */
	assert_int_equal(verify(&s, &w, NULL), 0);
	assert_int_equal(s.bad, 0);
	run(&w.r, "git remote add origin ../nowhere && "
	    "git update-ref refs/remotes/origin/main main");
	assert_int_equal(verify(&s, &w, NULL), 1);
	run(&w.r, "git remote rm origin");
	world_open(&w, NULL);
	gate_receipt(&w, &g, "alice", "main", "production");
	mv_gate_close(&g);
	assert_int_equal(verify(&s, &w, NULL), 1);
	assert_int_equal(s.bad, 1);
	assert_problem(&s, "no tag leads to it any more");
	world_drop(&w);
}

static void test_proof_verify__only_a_listed_key_witnesses(void **state)
{
	struct said s = { 0 };
	struct mv_gate g;
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	assert_ok(&w, gate_open(&g, &w));
	gate_receipt(&w, &g, "bob", "fraud#production#1", "production");
	gate_receipt(&w, &g, "alice", "fraud#production#1", "staging");
	assert_int_equal(verify(&s, &w, "fraud"), 0);
	assert_int_equal(s.witnessed, 0);
	gate_receipt(&w, &g, "alice", "fraud#production#1", "production");
	assert_int_equal(verify(&s, &w, "fraud"), 0);
	assert_int_equal(s.witnessed, 1);
	assert_int_equal(s.bad + s.unknown, 0);
	mv_gate_close(&g);
	world_drop(&w);
}

/* -- a push --------------------------------------------------------------- */

static int overtaken(struct said *s, struct world *w, const char *old)
{
	struct mv_past past;
	struct mv_gate g;
	int rc;

	world_open(w, NULL);
	memset(s, 0, sizeof(*s));
	assert_ok(w, gate_open(&g, w));
	assert_ok(w, mv_gate_past_read_lines(&past, &g, g.trusted, &w->err));
	rc = mv_proof_not_overtaken(&g, &past,
				    mv_gate_past_find(&past.branch,
						      gate_commit(w, old)),
				    hear, s, &w->err);
	mv_gate_past_release(&past);
	mv_gate_close(&g);
	return rc;
}

static void test_proof_push__a_change_that_says_it_is_older(void **state)
{
	struct said s = { 0 };
	struct mv_gate g;
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	assert_ok(&w, overtaken(&s, &w, "main"));
	assert_int_equal(s.count, 0);
	run(&w.r, "echo '# x' >>.gitmodel/policy && "
	    "GIT_COMMITTER_DATE='1600000000 +0000' git commit -qam older");
	assert_ok(&w, overtaken(&s, &w, "main~1"));
	assert_int_equal(s.bad, 1);
	assert_problem(&s, "says that it is older");
	/* A receipt by nobody's key says nothing of what came first. */
	assert_ok(&w, gate_open(&g, &w));
	gate_receipt(&w, &g, "bob", "fraud#production#1", "production");
	assert_ok(&w, overtaken(&s, &w, "main~1"));
	assert_int_equal(s.bad, 1);
	gate_receipt(&w, &g, "alice", "fraud#production#1", "production");
	assert_ok(&w, overtaken(&s, &w, "main~1"));
	assert_int_equal(s.count, 0);
	mv_gate_close(&g);
	world_drop(&w);
}

/* -- who did what --------------------------------------------------------- */

struct entries {
	size_t count, promotions, policies;
	int64_t last;
};

static int take_entry(void *payload, const struct mv_audit_entry *e,
		      struct mv_err *err)
{
	struct entries *x = payload;

	(void)err;
	x->count++;
	x->promotions += !strcmp(e->action, "promotion");
	x->policies += !strcmp(e->action, "policy change");
	assert_true(e->when >= x->last);
	x->last = e->when;
	assert_non_null(e->who);
	assert_non_null(e->problem);
	return 0;
}

static int audit(struct entries *x, struct world *w,
		 const struct mv_audit_options *o)
{
	struct mv_gate g;
	int rc;

	world_open(w, NULL);
	memset(x, 0, sizeof(*x));
	assert_ok(w, gate_open(&g, w));
	rc = mv_proof_audit(&g, o, take_entry, x, &w->err);
	mv_gate_close(&g);
	return rc;
}

static void test_proof_audit__everything_in_order(void **state)
{
	struct mv_audit_options o = { 0 };
	struct entries x;
	struct world w;

	(void)state;
	promoted_world(&w, GATE_POLICY);
	assert_ok(&w, audit(&x, &w, &o));
	assert_int_equal(x.promotions, 1);
	assert_int_equal(x.policies, 2);
	o.artifact = "fraud";
	assert_ok(&w, audit(&x, &w, &o));
	assert_int_equal(x.promotions, 1);
	assert_int_equal(x.policies, 0);
	o.since = 1900000000;
	assert_ok(&w, audit(&x, &w, &o));
	assert_int_equal(x.count, 0);
	o.since = 0;
	o.until = 1;
	assert_ok(&w, audit(&x, &w, &o));
	assert_int_equal(x.count, 0);
	world_drop(&w);
}

static void test_proof_words__of_each_event(void **state)
{
	(void)state;
	for (int k = MV_EVENT_REGISTER; k <= MV_EVENT_CREATE; k++)
		assert_true(*mv_proof_decided_word((enum mv_event_kind)k));
	assert_string_equal(mv_proof_decided_word(MV_EVENT_ASSIGN),
			    "promotion");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_proof_verify__what_was_decided_well_holds),
		cmocka_unit_test(test_proof_verify__against_the_verdict_is_bad),
		cmocka_unit_test(
			test_proof_verify__without_records_it_cannot_be_told),
		cmocka_unit_test(test_proof_verify__a_lost_tag_object_is_told),
		cmocka_unit_test(test_proof_verify__after_a_tag_that_is_none),
		cmocka_unit_test(test_proof_verify__no_tags_are_no_proof),
		cmocka_unit_test(
			test_proof_verify__only_a_listed_key_witnesses),
		cmocka_unit_test(
			test_proof_push__a_change_that_says_it_is_older),
		cmocka_unit_test(test_proof_audit__everything_in_order),
		cmocka_unit_test(test_proof_words__of_each_event),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, gate_keys_make, gate_keys_drop);
}
