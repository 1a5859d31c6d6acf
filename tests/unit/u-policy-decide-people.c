/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy-world.h"

#define ALICE "alice@example.com"
#define BOB "bob@example.com"
#define CAROL "carol@example.com"
#define DORA "dora@example.com"
#define APPROVE MV_DECISION_APPROVE
#define REJECT MV_DECISION_REJECT
#define REVOKE MV_DECISION_REVOKE
#define OVERRIDE MV_DECISION_OVERRIDE
#define ONE "approvals = 1 from leads"

static struct world w;

static int begin(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

static int end(void **state)
{
	(void)state;
	world_release(&w);
	return 0;
}

static struct mv_statement *said(size_t i)
{
	return &w.f.votes[i].statement;
}

/* -- counting ------------------------------------------------------------- */

static void test_policy_decide_people__nobody_is_not_enough(void **state)
{
	const struct mv_finding *f;

	(void)state;
	f = check(&w, ONE, NO, "0 of 1");
	EXPECTED_IS(f, "1 from leads");
	/* Who promotes is nobody of that group. */
	ADVICE_IS(f, "somebody else of leads must approve: git model approve "
		  "fraud@v1.2.0 --stage production");
	ADVICE_IS(check(&w, "approvals = 1", NO, "0 of 1"),
		  "git model approve fraud@v1.2.0 --stage production");
	ADVICE_IS(check(&w, "approvals = 1\nforbid-self-approval = promoter",
			NO, "0 of 1"),
		  "somebody else must approve: git model approve "
		  "fraud@v1.2.0 --stage production");
	f = check(&w, ONE, NO, "0 of 1");
	assert_null(f->evidence);
	EXPECTED_IS(check(&w, "approvals = 3", NO, "0 of 3"), "3");
	set(&w.f.version, NULL);
	assert_null(check(&w, ONE, NO, NULL)->advice);
}

static void test_policy_decide_people__a_vote_counts(void **state)
{
	const struct mv_finding *f;

	(void)state;
	vote(&w, APPROVE, ALICE);
	f = check(&w, ONE, YES, ALICE "; 1 of 1");
	EVIDENCE_IS(f, "sha256:line0");
	assert_null(f->advice);
	check(&w, "approvals = 2 from leads", NO, ALICE "; 1 of 2");
	vote(&w, APPROVE, BOB);
	f = check(&w, "approvals = 2 from leads", YES,
		  ALICE "; " BOB "; 2 of 2");
	EVIDENCE_IS(f, "sha256:line0 sha256:line1");
	check(&w, "approvals = 3 from leads", NO, NULL);
}

static void test_policy_decide_people__only_of_the_group(void **state)
{
	(void)state;
	vote(&w, APPROVE, CAROL);
	check(&w, ONE, NO, "not counted: " CAROL " (not in the group); 0 of 1");
	check(&w, "approvals = 1 from risk", YES, NULL);
	check(&w, "approvals = 1", YES, CAROL "; 1 of 1");
	/* Groups are exact. */
	set(&w.f.votes[0].signature.principal, "Alice@example.com");
	set(&said(0)->signer, "Alice@example.com");
	check(&w, ONE, NO, "not counted: Alice@example.com (not in the "
	      "group); 0 of 1");
}

static void test_policy_decide_people__a_person_counts_once(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&vote(&w, APPROVE, ALICE)->signature.fingerprint, "SHA256:other");
	check(&w, "approvals = 2 from leads", NO,
	      ALICE "; " ALICE "; 1 of 2");
	vote(&w, APPROVE, BOB);
	check(&w, "approvals = 2 from leads", YES, NULL);
	check(&w, "approvals = 3", NO, NULL);
}

static void test_policy_decide_people__so_does_one_address(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	vote(&w, APPROVE, "ALICE@example.com");
	check(&w, "approvals = 2", NO, NULL);
}

static void test_policy_decide_people__a_key_counts_once(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&vote(&w, APPROVE, BOB)->signature.fingerprint,
	    "SHA256:" ALICE);
	check(&w, "approvals = 2 from leads", NO, ALICE "; " BOB "; 1 of 2");
	check(&w, ONE, YES, NULL);
}

/* Alice has keys 1 and 2, Bob only 1: both can be counted, in any order. */
static void test_policy_decide_people__keys_are_shared_out_well(void **state)
{
	(void)state;
	set(&vote(&w, APPROVE, ALICE)->signature.fingerprint, "1");
	set(&vote(&w, APPROVE, ALICE)->signature.fingerprint, "2");
	set(&vote(&w, APPROVE, BOB)->signature.fingerprint, "1");
	check(&w, "approvals = 2 from leads", YES, NULL);
	set(&w.f.votes[0].signature.fingerprint, "2");
	set(&w.f.votes[1].signature.fingerprint, "1");
	check(&w, "approvals = 2 from leads", YES, NULL);
	/* A chain: carol takes 1 from alice, who takes 2 from bob. */
	set(&vote(&w, APPROVE, BOB)->signature.fingerprint, "2");
	set(&vote(&w, APPROVE, BOB)->signature.fingerprint, "3");
	set(&w.f.votes[2].signature.fingerprint, "2");
	set(&vote(&w, APPROVE, CAROL)->signature.fingerprint, "1");
	check(&w, "approvals = 3", YES, NULL);
	/* Three people, two keys. */
	set(&w.f.votes[3].signature.fingerprint, "1");
	set(&w.f.votes[4].signature.fingerprint, "2");
	check(&w, "approvals = 3", NO, NULL);
	check(&w, "approvals = 2", YES, NULL);
}

/* Carol's second key is none for bob, who has only alice's. */
static void test_policy_decide_people__keys_of_others(void **state)
{
	(void)state;
	set(&vote(&w, APPROVE, ALICE)->signature.fingerprint, "1");
	set(&vote(&w, APPROVE, BOB)->signature.fingerprint, "1");
	set(&vote(&w, APPROVE, CAROL)->signature.fingerprint, "2");
	set(&vote(&w, APPROVE, CAROL)->signature.fingerprint, "3");
	check(&w, "approvals = 3", NO, NULL);
	check(&w, "approvals = 2", YES, NULL);
}

/* -- what makes a vote count ---------------------------------------------- */

static void check_void(const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "not counted: " ALICE " (%s); 0 of 1",
		 why);
	check(&w, ONE, NO, text);
}

static void test_policy_decide_people__the_signature_must_be_good(
		void **state)
{
	static const enum mv_signature_state bad[] = {
		MV_SIGNATURE_NONE, MV_SIGNATURE_BAD, MV_SIGNATURE_UNKNOWN,
		MV_SIGNATURE_NAMESPACE, MV_SIGNATURE_EXPIRED,
		MV_SIGNATURE_REVOKED, MV_SIGNATURE_UNCHECKED
	};
	struct mv_vote *v = vote(&w, APPROVE, ALICE);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		v->signature.state = bad[i];
		check_void(mv_signature_state_name(bad[i]));
	}
	snprintf(v->signature.why, sizeof(v->signature.why), "no such key");
	check_void("no such key");
	snprintf(v->signature.why, sizeof(v->signature.why), "x");
	check_void("x");
	v->signature.state = MV_SIGNATURE_GOOD;
	check(&w, ONE, YES, NULL);
	v->malformed = 1;
	check_void("it cannot be read");
	set(&v->statement.signer, "");
	check(&w, ONE, NO, "not counted: somebody (it cannot be read); 0 of 1");
	set(&v->statement.signer, NULL);
	check(&w, ONE, NO, "not counted: somebody (it cannot be read); 0 of 1");
}

static void test_policy_decide_people__by_who_it_says(void **state)
{
	struct mv_vote *v = vote(&w, APPROVE, ALICE);

	(void)state;
	set(&v->signature.principal, BOB);
	check_void("its signer is not who it says");
	set(&v->signature.principal, NULL);
	check_void("its signer is not who it says");
	set(&v->signature.principal, ALICE);
	set(&v->signature.fingerprint, NULL);
	check_void("its signer is not who it says");
	set(&v->signature.fingerprint, "x");
	set(&v->statement.signer, NULL);
	check(&w, ONE, NO, "not counted: somebody (its signer is not who it "
	      "says); 0 of 1");
}

static void test_policy_decide_people__every_binding_binds(void **state)
{
	static const struct {
		size_t offset;
		const char *why;
	} rows[] = {
#define ROW(field, why) { offsetof(struct mv_statement, field), why }
		ROW(repo, "given in another repository"),
		ROW(artifact, "given for another artifact"),
		ROW(version, "given for another version"),
		ROW(stage, "given for another stage"),
		ROW(path, "given for another commit or path"),
		ROW(commit, "given for another commit or path"),
		ROW(pointer, "given for another commit or path"),
		ROW(policy, "the policy has changed since"),
		ROW(records, "the evidence has changed since"),
		ROW(displaces, "another version holds the stage now"),
		ROW(from_stage, "the version is not on the stage that it came "
		    "from"),
	};

	(void)state;
	vote(&w, APPROVE, ALICE);
	check(&w, ONE, YES, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char **field = (char **)((char *)said(0) + rows[i].offset);
		char *saved = *field;

		*field = strdup("another");
		check_void(rows[i].why);
		free(*field);
		/* "None" is not the same, either (no policy: see decide()). */
		*field = NULL;
		if (rows[i].offset != offsetof(struct mv_statement, from_stage))
			check_void(rows[i].why);
		*field = saved;
	}
	/* Of a stage that nothing holds it is not said that another does. */
	set(&w.f.displaces, "");
	check_void("what held the stage then holds it no more");
	set(&w.f.displaces, said(0)->displaces);
	set(&w.f.from_stage, "staging");
	check_void("given before the version was on the stage that it has to "
		   "come from");
	set(&w.f.from_stage, "");
	check(&w, ONE, YES, NULL);
	said(0)->content.b[31] ^= 1;
	check_void("given for other content");
	said(0)->content.b[31] ^= 1;
	said(0)->size++;
	check_void("given for other content");
	said(0)->size--;
	check(&w, ONE, YES, NULL);
}

static void test_policy_decide_people__what_is_not_known_binds_nothing(
		void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&w.f.repo, "");
	set(&said(0)->repo, "");
	check_void("it is not known which repository this is");
	set(&w.f.repo, NULL);
	check_void("it is not known which repository this is");
	set(&w.f.repo, "r");
	set(&said(0)->repo, "r");
	check(&w, ONE, YES, NULL);
	set(&w.f.records, NULL);
	set(&said(0)->records, "");
	check_void("it is not known what evidence there is");
	check(&w, "dismiss-on = policy\n" ONE, YES, NULL);
	set(&w.f.records, "");
	check(&w, ONE, YES, NULL);
	forget(&w, "since-last-event");
	check_void("it is not known when the stage changed last");
	check(&w, "dismiss-on = policy\n" ONE, YES, NULL);
}

static void test_policy_decide_people__dismissed_by_what_is_named(
		void **state)
{
	static const char *const causes[] = { "content", "metrics", "policy",
					      "holder" };
	char text[64];

	(void)state;
	vote(&w, APPROVE, ALICE);
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "dismiss-on = %s\n" ONE,
			 causes[i]);
		set(&said(0)->records, "old");
		check_at(&w, text, i == 1 ? MV_RESULT_NO : MV_RESULT_YES, NULL,
			 __FILE__, __LINE__);
		set(&said(0)->records, w.f.records);
		set(&said(0)->policy, "old");
		check_at(&w, text, i == 2 ? MV_RESULT_NO : MV_RESULT_YES, NULL,
			 __FILE__, __LINE__);
		set(&said(0)->policy, "");
		set(&said(0)->displaces, "v1.0.0");
		check_at(&w, text, i == 3 ? MV_RESULT_NO : MV_RESULT_YES, NULL,
			 __FILE__, __LINE__);
		set(&said(0)->displaces, w.f.displaces);
		/* Other content is never the same. */
		said(0)->content.b[0] ^= 1;
		check_at(&w, text, MV_RESULT_NO, NULL, __FILE__, __LINE__);
		said(0)->content.b[0] ^= 1;
	}
}

/* v1, v2, rolled back to v1: the vote for v2 saw v1 before, too. */
static void test_policy_decide_people__the_same_holder_again(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);		/* 100 s ago */
	answer(&w, "since-last-event", 100, NULL);
	check(&w, ONE, YES, NULL);
	answer(&w, "since-last-event", 99, NULL);
	check_void("the stage has changed since");
	check(&w, "dismiss-on = content policy\n" ONE, YES, NULL);
	answer(&w, "since-last-event", 0, NULL);
	check_void("the stage has changed since");
	answer(&w, "since-last-event", -1, NULL);
	check(&w, ONE, YES, NULL);
}

static void test_policy_decide_people__in_time(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	said(0)->issued_at = NOW + 600;
	check(&w, ONE, YES, NULL);
	said(0)->issued_at = NOW + 601;
	check_void("it is from the future");
	said(0)->issued_at = INT64_MAX;
	check_void("it is from the future");
	said(0)->issued_at = NOW - 100;
	said(0)->not_after = NOW;
	check(&w, ONE, YES, NULL);
	said(0)->not_after = NOW - 1;
	check_void("it has expired");
	said(0)->not_after = -1;
	check_void("it has expired");
	said(0)->not_after = 0;
	said(0)->issued_at = NOW - 3600;
	check(&w, "approval-max-age = 1h\n" ONE, YES, NULL);
	said(0)->issued_at = NOW - 3601;
	check(&w, "approval-max-age = 1h\n" ONE, NO,
	      "not counted: " ALICE " (it is too old); 0 of 1");
	said(0)->issued_at = INT64_MIN;
	check(&w, "dismiss-on = content\napproval-max-age = 1h\n" ONE, NO,
	      NULL);
	check(&w, "dismiss-on = content\n" ONE, YES, NULL);
}

/* -- taking back ---------------------------------------------------------- */

static void test_policy_decide_people__revoked_by_oneself(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&vote(&w, REVOKE, ALICE)->statement.revokes, said(0)->nonce);
	check_void("it was revoked");
	/* However much else of the state has changed. */
	set(&said(1)->version, "v9.9.9");
	set(&said(1)->policy, "old");
	said(1)->not_after = 1;
	said(1)->issued_at = INT64_MAX;
	check_void("it was revoked");
	set(&said(1)->repo, "another");
	check(&w, ONE, YES, NULL);
}

static void test_policy_decide_people__not_revoked_by_others(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&vote(&w, REVOKE, BOB)->statement.revokes, said(0)->nonce);
	check(&w, ONE, YES, NULL);
	set(&w.f.votes[1].signature.principal, ALICE);
	check(&w, ONE, YES, NULL);		/* says it is bob */
	set(&said(1)->signer, ALICE);
	check(&w, ONE, NO, NULL);
	w.f.votes[1].signature.state = MV_SIGNATURE_BAD;
	check(&w, ONE, YES, NULL);
	w.f.votes[1].signature.state = MV_SIGNATURE_GOOD;
	w.f.votes[1].malformed = 1;
	check(&w, ONE, YES, NULL);
}

static void test_policy_decide_people__revoked_by_name(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&vote(&w, REVOKE, ALICE)->statement.revokes, "");
	check(&w, ONE, YES, NULL);
	set(&said(0)->nonce, "");
	check(&w, ONE, YES, NULL);		/* nothing is not a name */
	set(&said(1)->revokes, NULL);
	set(&said(0)->nonce, NULL);
	check(&w, ONE, YES, NULL);
	set(&said(0)->nonce, "n");
	set(&said(1)->revokes, "m");
	check(&w, ONE, YES, NULL);
	set(&said(1)->revokes, "n");
	check(&w, ONE, NO, NULL);
	/* Only a revoke revokes. */
	said(1)->decision = MV_DECISION_RECEIPT;
	check(&w, ONE, YES, NULL);
}

static void test_policy_decide_people__a_later_no_takes_it_back(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	vote(&w, REJECT, ALICE);
	check_void("its signer rejected this later");
	said(1)->issued_at = said(0)->issued_at;
	check_void("its signer rejected this later");
	said(1)->issued_at = said(0)->issued_at - 1;
	check(&w, ONE, YES, NULL);
	/* Lines can be written again: their order says nothing. */
	w.f.votes[0].order = 9;
	said(1)->issued_at = said(0)->issued_at + 1;
	check_void("its signer rejected this later");
	set(&said(1)->stage, "staging");
	check(&w, ONE, YES, NULL);
	set(&said(1)->stage, "production");
	set(&said(1)->signer, BOB);
	check(&w, ONE, YES, NULL);
	set(&w.f.votes[1].signature.principal, BOB);
	check(&w, ONE, YES, NULL);
}

/* Yes, no, and the no taken back: the yes must be said again. */
static void test_policy_decide_people__a_no_taken_back_brings_no_yes_back(
		void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	vote(&w, REJECT, ALICE);
	set(&vote(&w, REVOKE, ALICE)->statement.revokes, said(1)->nonce);
	check_void("its signer rejected this later");
	vote(&w, APPROVE, ALICE);
	check(&w, ONE, YES, NULL);
	/* All within one second: what is left is the yes. */
	said(3)->issued_at = said(1)->issued_at;
	check(&w, ONE, YES, NULL);
	said(3)->issued_at = said(1)->issued_at - 1;
	check(&w, ONE, NO, NULL);
	said(3)->issued_at = said(1)->issued_at;
	set(&said(2)->revokes, "another");
	check(&w, ONE, NO, NULL);
	set(&said(2)->revokes, said(1)->nonce);
	set(&w.f.votes[2].signature.principal, BOB);
	set(&said(2)->signer, BOB);
	check(&w, ONE, NO, NULL);
}

/* -- one's own ------------------------------------------------------------ */

static void test_policy_decide_people__not_ones_own(void **state)
{
	static const char *const roles[] = { "author", "committer", "pusher",
					     "runner", "promoter" };
	char **who[] = { &w.f.author, &w.f.committer, &w.f.pusher,
			 &w.f.runner, &w.f.promoter };
	char text[96];

	(void)state;
	vote(&w, APPROVE, ALICE);
	for (size_t i = 0; i < 5; i++) {
		char *saved = strdup(*who[i]);

		snprintf(text, sizeof(text), "forbid-self-approval = %s\n" ONE,
			 roles[i]);
		check_at(&w, text, MV_RESULT_YES, NULL, __FILE__, __LINE__);
		set(who[i], ALICE);
		check_at(&w, text, MV_RESULT_NO, "not counted: " ALICE
			 " (it is their own); 0 of 1", __FILE__, __LINE__);
		check(&w, ONE, YES, NULL);
		set(who[i], "Alice@EXAMPLE.com");
		check_at(&w, text, MV_RESULT_NO, NULL, __FILE__, __LINE__);
		set(who[i], "Alice <ALICE@example.com>");
		check_at(&w, text, MV_RESULT_NO, NULL, __FILE__, __LINE__);
		set(who[i], "Alice <alice@example.com.org>");
		check_at(&w, text, MV_RESULT_YES, NULL, __FILE__, __LINE__);
		set(who[i], "Alice <not-alice@example.com>");
		check_at(&w, text, MV_RESULT_YES, NULL, __FILE__, __LINE__);
		set(who[i], NULL);
		check_at(&w, text, MV_RESULT_NO, "not counted: " ALICE " (it "
			 "is not known whose own this is); 0 of 1", __FILE__,
			 __LINE__);
		set(who[i], "");
		check_at(&w, text, MV_RESULT_NO, NULL, __FILE__, __LINE__);
		set(who[i], saved);
		free(saved);
	}
}

static void test_policy_decide_people__whose_tag_it_is(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	w.f.hypothetical = 0;
	/* "promoter" is only what somebody says; the tag is what counts. */
	set(&w.f.tag_signature.principal, ALICE);
	check(&w, "forbid-self-approval = promoter\n" ONE, NO, NULL);
	set(&w.f.tag_signature.principal, BOB);
	check(&w, "forbid-self-approval = promoter\n" ONE, YES, NULL);
	w.f.tag_signature.state = MV_SIGNATURE_BAD;
	check(&w, "forbid-self-approval = promoter\n" ONE, NO,
	      "not counted: " ALICE " (it is not known whose own this is); "
	      "0 of 1");
}

static void test_policy_decide_people__own_in_another_section(void **state)
{
	static const char text[] =
		"[stage \"fraud#production\"]\n" ONE "\n"
		"[stage \"production\"]\napproval-max-age = 1h\n"
		"forbid-self-approval = author\n";

	(void)state;
	vote(&w, APPROVE, ALICE);
	assert_int_equal(decide(&w, text), MV_RESULT_YES);
	set(&w.f.author, ALICE);
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	set(&w.f.author, DORA);
	said(0)->issued_at = NOW - 3601;
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
}

/* Whoever was void twice for the same reason is named once. */
static void test_policy_decide_people__void_votes_are_named_once(void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	vote(&w, APPROVE, ALICE);
	vote(&w, APPROVE, BOB);
	vote(&w, APPROVE, ALICE);
	for (size_t i = 0; i < 4; i++)
		set(&said(i)->version, "v1.1.9");
	set(&said(3)->version, w.f.version);
	set(&said(3)->policy, "old");
	check(&w, ONE, NO,
	      "not counted: " ALICE " (given for another version); "
	      "not counted: " BOB " (given for another version); "
	      "not counted: " ALICE " (the policy has changed since); "
	      "0 of 1");
}

/* -- veto ----------------------------------------------------------------- */

#define VETO "veto = 1 from risk"

static void test_policy_decide_people__a_veto_stands(void **state)
{
	const struct mv_finding *f;

	(void)state;
	f = check(&w, VETO, YES, "0");
	EXPECTED_IS(f, "less than 1 rejections");
	vote(&w, REJECT, ALICE);
	check(&w, VETO, YES, "0");
	vote(&w, REJECT, CAROL);
	f = check(&w, VETO, NO, CAROL ": because; 1");
	EVIDENCE_IS(f, "sha256:line1");
	ADVICE_IS(check(&w, "veto = 1", NO, ALICE ": because; " CAROL
			": because; 2"), "whoever said no says yes instead: "
		  "git model approve fraud@v1.2.0 --stage production");
	check(&w, "veto = 2", NO, NULL);
	check(&w, "veto = 3", YES, NULL);
	set(&said(1)->reason, "");
	check(&w, VETO, NO, CAROL ": no reason given; 1");
	set(&said(1)->reason, NULL);
	check(&w, VETO, NO, CAROL ": no reason given; 1");
	/* The same person twice is one. */
	vote(&w, REJECT, CAROL);
	check(&w, "veto = 2 from risk", YES, NULL);
}

/* What no version was made of yet can be stopped, too. */
static void test_policy_decide_people__a_veto_on_no_version(void **state)
{
	(void)state;
	set(&w.f.version, NULL);
	vote(&w, REJECT, CAROL);
	ADVICE_IS(check(&w, VETO, NO, NULL), "whoever said no says yes "
		  "instead: git model approve fraud --stage production");
	/* What is known to be a no stays one where records are missing. */
	w.f.no_records = 1;
	check(&w, VETO, NO, CAROL ": because; 1");
}

static void test_policy_decide_people__a_veto_outlives_changes(void **state)
{
	(void)state;
	vote(&w, REJECT, CAROL);
	set(&said(0)->policy, "old");
	set(&said(0)->records, "old");
	set(&said(0)->displaces, "v0.0.1");
	set(&said(0)->commit, "another");
	said(0)->issued_at = NOW - 1000 * DAY;
	check(&w, "approval-max-age = 1h\n" VETO, NO, NULL);
	said(0)->issued_at = INT64_MAX;
	check(&w, VETO, NO, NULL);
	set(&said(0)->version, "v1.1.9");
	check(&w, VETO, YES, NULL);
	set(&said(0)->version, "v1.2.0");
	said(0)->not_after = NOW;
	check(&w, VETO, NO, NULL);
	said(0)->not_after = NOW - 1;
	check(&w, VETO, YES, NULL);
}

static void test_policy_decide_people__a_veto_must_be_signed(void **state)
{
	(void)state;
	vote(&w, REJECT, CAROL);
	w.f.votes[0].signature.state = MV_SIGNATURE_BAD;
	check(&w, VETO, YES, NULL);
	w.f.votes[0].signature.state = MV_SIGNATURE_GOOD;
	said(0)->decision = OVERRIDE;
	check(&w, VETO, YES, NULL);
}

/* ssh-keygen could not be started, say: the no may be a good one. */
static void test_policy_decide_people__an_unchecked_veto_is_no_yes(
		void **state)
{
	const struct mv_finding *f;

	(void)state;
	vote(&w, REJECT, CAROL);
	w.f.votes[0].signature.state = MV_SIGNATURE_UNCHECKED;
	f = check(&w, VETO, UNKNOWN, CAROL ": because (its signature could "
		  "not be checked); 0");
	EVIDENCE_IS(f, "sha256:line0");
	check(&w, "veto = 1 from leads", YES, "0");
	check(&w, "veto = 2 from risk", YES, NULL);
	/* gpg does not say whose it is before it has looked. */
	set(&w.f.votes[0].signature.principal, NULL);
	check(&w, VETO, UNKNOWN, NULL);
	set(&said(0)->signer, ALICE);
	check(&w, VETO, YES, NULL);
	/* Nor may the no stand where nobody could look. */
	w.f.no_records = 1;
	f = check(&w, VETO, UNKNOWN, "0; there are no records here, and who "
		  "said no stands in them");
	ADVICE_IS(f, "git model fetch brings the records, or finds that there "
		  "are none");
	w.f.no_records = 0;
	set(&said(0)->signer, NULL);
	check(&w, VETO, YES, NULL);
	set(&said(0)->signer, CAROL);
	w.f.votes[0].malformed = 1;
	check(&w, VETO, YES, NULL);
	w.f.votes[0].malformed = 0;
	/* One that is good decides; and what is unchecked takes none back. */
	vote(&w, REJECT, CAROL);
	check(&w, VETO, NO, NULL);
	set(&vote(&w, REVOKE, CAROL)->statement.revokes, said(1)->nonce);
	w.f.votes[2].signature.state = MV_SIGNATURE_UNCHECKED;
	check(&w, VETO, NO, NULL);
	w.f.votes[2].signature.state = MV_SIGNATURE_GOOD;
	check(&w, VETO, UNKNOWN, NULL);
}

static void test_policy_decide_people__a_yes_may_have_been_taken_back(
		void **state)
{
	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&vote(&w, REVOKE, ALICE)->statement.revokes, said(0)->nonce);
	check(&w, ONE, NO, NULL);
	w.f.votes[1].signature.state = MV_SIGNATURE_UNCHECKED;
	check(&w, ONE, NO, "not counted: " ALICE " (it was revoked); 0 of 1");
	w.f.votes[1].signature.state = MV_SIGNATURE_BAD;
	check(&w, ONE, YES, NULL);
	said(1)->decision = REJECT;
	check(&w, ONE, YES, NULL);
	w.f.votes[1].signature.state = MV_SIGNATURE_UNCHECKED;
	check(&w, ONE, NO, NULL);
	set(&w.f.votes[1].signature.principal, BOB);
	check(&w, ONE, YES, NULL);
}

static void test_policy_decide_people__a_veto_ends_by_a_later_yes(
		void **state)
{
	(void)state;
	vote(&w, REJECT, CAROL);
	vote(&w, APPROVE, CAROL);
	check(&w, VETO, YES, "0");
	said(1)->issued_at = said(0)->issued_at;
	check(&w, VETO, NO, NULL);
	said(1)->issued_at = said(0)->issued_at - 1;
	w.f.votes[1].order = 9;
	check(&w, VETO, NO, NULL);
	said(1)->issued_at = said(0)->issued_at + 1;
	said(1)->size++;			/* a yes that does not count */
	check(&w, VETO, NO, NULL);
	said(1)->size--;
	check(&w, VETO, YES, NULL);
	said(1)->decision = OVERRIDE;
	check(&w, VETO, NO, NULL);
	said(1)->decision = APPROVE;
	set(&w.f.votes[1].signature.principal, ALICE);
	set(&said(1)->signer, ALICE);
	check(&w, VETO, NO, NULL);
	/* Another spelling might be another person: not for a yes. */
	set(&w.f.votes[1].signature.principal, "Carol@example.com");
	set(&said(1)->signer, "Carol@example.com");
	check(&w, VETO, NO, NULL);
}

static void test_policy_decide_people__a_veto_ends_by_revoking_it(
		void **state)
{
	(void)state;
	vote(&w, REJECT, CAROL);
	set(&vote(&w, REVOKE, CAROL)->statement.revokes, said(0)->nonce);
	check(&w, VETO, YES, NULL);
	set(&said(1)->signer, ALICE);
	set(&w.f.votes[1].signature.principal, ALICE);
	check(&w, VETO, NO, NULL);
}

/* Reject, approve, revoke the approval: the no is back. */
static void test_policy_decide_people__a_revoked_yes_ends_no_veto(
		void **state)
{
	(void)state;
	vote(&w, REJECT, CAROL);
	vote(&w, APPROVE, CAROL);
	set(&vote(&w, REVOKE, CAROL)->statement.revokes, said(1)->nonce);
	check(&w, VETO, NO, NULL);
}

/* -- override ------------------------------------------------------------- */

#define OVER "override = 1 from risk ttl 48h\n"

static struct mv_vote *override(const char *who, const char *rules)
{
	struct mv_vote *v = vote(&w, OVERRIDE, who);

	set(&v->statement.rules, rules);
	return v;
}

static void test_policy_decide_people__an_override_covers_a_rule(void **state)
{
	const struct mv_finding *f;

	(void)state;
	override(CAROL, "max-size approvals");
	f = check(&w, OVER "max-size = 10", OVERRIDDEN,
		  "1000 B; overridden by " CAROL);
	EVIDENCE_IS(f, "sha256:line0");
	assert_int_equal(w.verdict.result, MV_RESULT_OVERRIDDEN);
	check(&w, OVER "max-size = 1000", YES, "1000 B");
	check(&w, "max-size = 10", NO, NULL);
	check(&w, OVER ONE, OVERRIDDEN, NULL);
	check(&w, OVER "metric = auc >= 1", UNKNOWN, NULL);
	set(&said(0)->rules, "metric");
	check(&w, OVER "metric = auc >= 1", OVERRIDDEN, NULL);
	check(&w, OVER "max-size = 10", NO, NULL);
	check(&w, "override = 2 from risk ttl 48h\nmetric = auc >= 1",
	      UNKNOWN, NULL);
}

static void test_policy_decide_people__an_override_names_whole_rules(
		void **state)
{
	static const struct {
		const char *rules;
		enum mv_result result;
	} rows[] = {
		{ "max-size", MV_RESULT_OVERRIDDEN },
		{ "metric max-size", MV_RESULT_OVERRIDDEN },
		{ "max-size metric", MV_RESULT_OVERRIDDEN },
		{ "xmax-size max-size", MV_RESULT_OVERRIDDEN },
		{ "max-sizes max-size", MV_RESULT_OVERRIDDEN },
		{ "", MV_RESULT_NO },
		{ NULL, MV_RESULT_NO },
		{ "max-siz", MV_RESULT_NO },
		{ "max-sizes", MV_RESULT_NO },
		{ "xmax-size", MV_RESULT_NO },
		{ "max", MV_RESULT_NO },
	};

	(void)state;
	override(CAROL, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(&said(0)->rules, rows[i].rules);
		check_at(&w, OVER "max-size = 10", rows[i].result, NULL,
			 __FILE__, (int)i);
	}
}

static void test_policy_decide_people__an_override_has_a_reason_and_an_end(
		void **state)
{
	(void)state;
	override(CAROL, "max-size");
	set(&said(0)->reason, "");
	check(&w, OVER "max-size = 10", NO, NULL);
	set(&said(0)->reason, NULL);
	check(&w, OVER "max-size = 10", NO, NULL);
	set(&said(0)->reason, "fire");
	said(0)->issued_at = NOW - 48 * HOUR;
	check(&w, OVER "max-size = 10", OVERRIDDEN, NULL);
	said(0)->issued_at = NOW - 48 * HOUR - 1;
	check(&w, OVER "max-size = 10", NO, NULL);
	said(0)->issued_at = INT64_MIN;
	check(&w, OVER "dismiss-on = content\nmax-size = 10", NO, NULL);
}

static void test_policy_decide_people__an_override_is_no_approval(
		void **state)
{
	(void)state;
	override(ALICE, "approvals");
	check(&w, ONE, NO, "0 of 1");
	said(0)->decision = APPROVE;
	check(&w, "override = 1 from leads ttl 48h\nmax-size = 10", NO,
	      "1000 B");
}

static void test_policy_decide_people__an_override_must_count_as_a_vote(
		void **state)
{
	(void)state;
	override(CAROL, "max-size");
	set(&w.f.author, CAROL);
	check(&w, OVER "forbid-self-approval = author\nmax-size = 10", NO,
	      NULL);
	set(&said(0)->version, "v1.1.9");
	check(&w, OVER "max-size = 10", NO, NULL);
	set(&said(0)->version, "v1.2.0");
	check(&w, OVER "max-size = 10", OVERRIDDEN, NULL);
	set(&vote(&w, REVOKE, CAROL)->statement.revokes, said(0)->nonce);
	check(&w, OVER "max-size = 10", NO, NULL);
	said(1)->decision = REJECT;
	check(&w, OVER "max-size = 10", NO, NULL);
}

static void test_policy_decide_people__what_nobody_may_override(void **state)
{
	(void)state;
	override(CAROL, "require-signature veto promoter policy-approvals "
		 "rollback");
	vote(&w, REJECT, BOB);
	check(&w, OVER "veto = 1", NO, NULL);
	check(&w, OVER "promoter = leads", NO, NULL);
	w.f.hypothetical = 0;
	w.f.tag_signature.state = MV_SIGNATURE_NONE;
	check(&w, OVER "require-signature = tag", NO, NULL);
	check(&w, OVER "promoter = leads", UNKNOWN, NULL);
}

static void test_policy_decide_people__an_override_is_of_its_section(
		void **state)
{
	static const char text[] =
		"[stage \"fraud#production\"]\nmax-size = 10\n"
		"[stage \"production\"]\n" OVER "max-size = 20\n";

	(void)state;
	override(CAROL, "max-size");
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	assert_int_equal(w.verdict.v[0].result, MV_RESULT_NO);
	assert_int_equal(w.verdict.v[1].result, MV_RESULT_OVERRIDDEN);
}

/* -- tags ----------------------------------------------------------------- */

static void test_policy_decide_people__a_signed_tag(void **state)
{
	struct mv_signature *s = &w.f.tag_signature;
	const struct mv_finding *f;

	(void)state;
	f = check(&w, "require-signature = tag", YES,
		  "the tag is to be signed when it is made");
	EXPECTED_IS(f, "a tag with a good signature");
	check(&w, "require-signature = approval", YES,
	      "approvals count only when they are signed");
	w.f.hypothetical = 0;
	s->state = MV_SIGNATURE_NONE;
	f = check(&w, "require-signature = approval tag", NO, NULL);
	ADVICE_IS(f, "make the tag with git model promote --sign");
	check(&w, "require-signature = approval", YES, NULL);
	s->state = MV_SIGNATURE_GOOD;
	set(&s->principal, ALICE);
	set(&s->fingerprint, "SHA256:a");
	f = check(&w, "require-signature = tag", YES, "tag: good, " ALICE);
	EVIDENCE_IS(f, "SHA256:a");
	s->state = MV_SIGNATURE_EXPIRED;
	check(&w, "require-signature = tag", NO, "tag: key not valid at that "
	      "moment, " ALICE);
}

/* Before there is a tag: what git would sign it with is looked at. */
static void test_policy_decide_people__a_tag_that_is_to_be_signed(void **state)
{
	static const struct {
		enum mv_signature_state state;
		const char *who, *key;
		enum mv_result result;
	} rows[] = {
		{ MV_SIGNATURE_GOOD, ALICE, "SHA256:a", MV_RESULT_YES },
		{ MV_SIGNATURE_NONE, ALICE, "SHA256:a", MV_RESULT_YES },
		{ MV_SIGNATURE_NONE, NULL, NULL, MV_RESULT_YES },
		{ MV_SIGNATURE_UNKNOWN, NULL, NULL, MV_RESULT_YES },
		{ MV_SIGNATURE_UNCHECKED, NULL, NULL, MV_RESULT_YES },
		{ MV_SIGNATURE_UNKNOWN, NULL, "SHA256:a", MV_RESULT_NO },
		{ MV_SIGNATURE_EXPIRED, ALICE, NULL, MV_RESULT_NO },
		{ MV_SIGNATURE_REVOKED, ALICE, "SHA256:a", MV_RESULT_NO },
	};
	struct mv_signature *s = &w.f.tag_signature;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int yes = rows[i].result == MV_RESULT_YES;
		char text[64];

		s->state = rows[i].state;
		set(&s->principal, rows[i].who);
		set(&s->fingerprint, rows[i].key);
		snprintf(text, sizeof(text), "tag: %s%s%s",
			 mv_signature_state_name(s->state),
			 rows[i].who ? ", " : "",
			 rows[i].who ? rows[i].who : "");
		check_at(&w, "require-signature = tag", rows[i].result,
			 yes ? "the tag is to be signed when it is made" :
			 text, __FILE__, (int)i);
		/* A tag that is there is another matter. */
		w.f.hypothetical = 0;
		check_at(&w, "require-signature = tag",
			 s->state == MV_SIGNATURE_GOOD ? MV_RESULT_YES :
			 MV_RESULT_NO, text, __FILE__, (int)i);
		w.f.hypothetical = 1;
	}
}

static void test_policy_decide_people__who_may_promote(void **state)
{
	struct mv_signature *s = &w.f.tag_signature;
	const struct mv_finding *f;

	(void)state;
	f = check(&w, "promoter = leads", NO, "pia@example.com");
	EXPECTED_IS(f, "a tag signed by one of leads");
	assert_null(f->evidence);
	set(&w.f.promoter, ALICE);
	check(&w, "promoter = leads", YES, ALICE);
	set(&w.f.promoter, NULL);
	f = check(&w, "promoter = leads", UNKNOWN,
		  "it is not known who promotes: good");
	ADVICE_IS(f, "make the tag with git model promote --sign");
	/* Once there is a tag, only its signature says who it was. */
	w.f.hypothetical = 0;
	set(&w.f.promoter, ALICE);
	s->state = MV_SIGNATURE_NONE;
	check(&w, "promoter = leads", UNKNOWN, NULL);
	s->state = MV_SIGNATURE_GOOD;
	set(&s->principal, BOB);
	set(&s->fingerprint, "SHA256:b");
	f = check(&w, "promoter = leads", YES, BOB);
	EVIDENCE_IS(f, "SHA256:b");
	s->state = MV_SIGNATURE_REVOKED;
	check(&w, "promoter = leads", UNKNOWN, NULL);
	s->state = MV_SIGNATURE_GOOD;
	set(&s->principal, CAROL);
	ADVICE_IS(check(&w, "promoter = leads", NO, CAROL),
		  "somebody of leads does it: git model promote fraud@v1.2.0 "
		  "production");
}

/* -- the policy itself ---------------------------------------------------- */

static void test_policy_decide_people__the_policy_protects_itself(
		void **state)
{
	static const char text[] = "policy-approvals = 1 from leads\n";
	const struct mv_finding *f;

	(void)state;
	w.f.action = "policy";
	set(&w.f.artifact, NULL);
	set(&w.f.stage, NULL);
	set(&w.f.records, NULL);
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	f = &w.verdict.v[0];
	ADVICE_IS(f, "somebody of leads approves it: git model approve "
		  "--policy REVISION");
	assert_string_equal(f->section, "policy");
	assert_string_equal(f->rule, "policy-approvals = 1 from leads");
	assert_int_equal(decide(&w, "policy-approvals = 1\n"), MV_RESULT_NO);
	ADVICE_IS(&w.verdict.v[0], "somebody approves it: git model approve "
		  "--policy REVISION");
	vote(&w, APPROVE, ALICE);
	forget(&w, "since-last-event");
	assert_int_equal(decide(&w, text), MV_RESULT_YES);
	/* A vote on a model is none on the policy. */
	set(&said(0)->stage, "production");
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	set(&said(0)->stage, "");
	said(0)->content.b[0]++;
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	said(0)->content.b[0]--;
	set(&said(0)->displaces, "other");
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	set(&said(0)->displaces, w.f.displaces);
	set(&w.f.author, ALICE);
	assert_int_equal(decide(&w, text), MV_RESULT_YES);
	assert_int_equal(decide(&w, "forbid-self-approval = author\n"
				"policy-approvals = 1 from leads\n"),
			 MV_RESULT_NO);
}

#define T(name) cmocka_unit_test_setup_teardown( \
	test_policy_decide_people__##name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_is_not_enough),
		T(a_vote_counts),
		T(only_of_the_group),
		T(a_person_counts_once),
		T(so_does_one_address),
		T(a_key_counts_once),
		T(keys_are_shared_out_well),
		T(keys_of_others),
		T(the_signature_must_be_good),
		T(by_who_it_says),
		T(every_binding_binds),
		T(what_is_not_known_binds_nothing),
		T(dismissed_by_what_is_named),
		T(the_same_holder_again),
		T(in_time),
		T(revoked_by_oneself),
		T(not_revoked_by_others),
		T(revoked_by_name),
		T(a_later_no_takes_it_back),
		T(a_no_taken_back_brings_no_yes_back),
		T(not_ones_own),
		T(whose_tag_it_is),
		T(own_in_another_section),
		T(void_votes_are_named_once),
		T(a_veto_stands),
		T(a_veto_on_no_version),
		T(a_veto_outlives_changes),
		T(a_veto_must_be_signed),
		T(an_unchecked_veto_is_no_yes),
		T(a_yes_may_have_been_taken_back),
		T(a_veto_ends_by_a_later_yes),
		T(a_veto_ends_by_revoking_it),
		T(a_revoked_yes_ends_no_veto),
		T(an_override_covers_a_rule),
		T(an_override_names_whole_rules),
		T(an_override_has_a_reason_and_an_end),
		T(an_override_is_no_approval),
		T(an_override_must_count_as_a_vote),
		T(what_nobody_may_override),
		T(an_override_is_of_its_section),
		T(a_signed_tag),
		T(a_tag_that_is_to_be_signed),
		T(who_may_promote),
		T(the_policy_protects_itself),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
