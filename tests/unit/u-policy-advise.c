/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy-world.h"

/* What a person is told to do about a no; what is said by heart here is what
   they would copy into a shell. */

#define ALICE "alice@example.com"
#define BOB "bob@example.com"
#define CAROL "carol@example.com"
#define APPROVE MV_DECISION_APPROVE
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

/* -- about people --------------------------------------------------------- */

#define APPROVE_IT "git model approve fraud@v1.2.0 --stage production"
#define AGAIN " (again: the stage changed after the approval was given)"

static void test_policy_advise__who_reads_it_may_approve(void **state)
{
	struct mv_signature *s = &w.f.tag_signature;

	(void)state;
	set(&w.f.promoter, BOB);
	ADVICE_IS(check(&w, ONE, NO, "0 of 1"), APPROVE_IT);
	ADVICE_IS(check(&w, "forbid-self-approval = author\n" ONE, NO, NULL),
		  APPROVE_IT);
	ADVICE_IS(check(&w, "forbid-self-approval = promoter\n" ONE, NO, NULL),
		  "somebody else of leads must approve: " APPROVE_IT);
	set(&w.f.promoter, "");
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	set(&w.f.promoter, NULL);
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	/* Their key is on no list. */
	s->state = MV_SIGNATURE_UNKNOWN;
	ADVICE_IS(check(&w, ONE, NO, NULL),
		  "somebody else of leads must approve: " APPROVE_IT);
	ADVICE_IS(check(&w, "approvals = 1", NO, NULL),
		  "somebody else must approve: " APPROVE_IT);
	s->state = MV_SIGNATURE_BAD;
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	/* Whoever reads of a tag that there is need not have made it. */
	w.f.hypothetical = 0;
	s->state = MV_SIGNATURE_UNKNOWN;
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	s->state = MV_SIGNATURE_GOOD;
	set(&s->principal, CAROL);
	ADVICE_IS(check(&w, ONE, NO, NULL),
		  "somebody else of leads must approve: " APPROVE_IT);
	set(&s->principal, ALICE);
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
}

/* The author approved: so must somebody else, whoever reads it. */
static void test_policy_advise__it_was_their_own(void **state)
{
	(void)state;
	set(&w.f.promoter, BOB);
	set(&w.f.author, ALICE);
	vote(&w, APPROVE, ALICE);
	ADVICE_IS(check(&w, "forbid-self-approval = author\n" ONE, NO,
			"not counted: " ALICE " (it is their own); 0 of 1"),
		  "somebody else of leads must approve: " APPROVE_IT);
	ADVICE_IS(check(&w, "forbid-self-approval = author\napprovals = 1",
			NO, NULL),
		  "somebody else must approve: " APPROVE_IT);
	/* One that is void is nobody's own. */
	said(0)->size++;
	ADVICE_IS(check(&w, "forbid-self-approval = author\n" ONE, NO, NULL),
		  APPROVE_IT);
}

static void test_policy_advise__approve_again(void **state)
{
	(void)state;
	set(&w.f.promoter, BOB);
	vote(&w, APPROVE, ALICE);
	set(&said(0)->displaces, "v0.9.0");
	ADVICE_IS(check(&w, ONE, NO, "not counted: " ALICE " (another version "
			"holds the stage now); 0 of 1"), APPROVE_IT AGAIN);
	set(&w.f.promoter, CAROL);
	ADVICE_IS(check(&w, ONE, NO, NULL), "somebody else of leads must "
		  "approve: " APPROVE_IT AGAIN);
	ADVICE_IS(check(&w, "approvals = 1", NO, NULL), APPROVE_IT AGAIN);
	set(&w.f.promoter, BOB);
	/* Whatever else is wrong with it by now. */
	set(&said(0)->policy, "old");
	ADVICE_IS(check(&w, ONE, NO, "not counted: " ALICE " (the policy has "
			"changed since); 0 of 1"), APPROVE_IT AGAIN);
	/* It is not the stage that made it void. */
	ADVICE_IS(check(&w, "dismiss-on = policy\n" ONE, NO, NULL),
		  APPROVE_IT);
	set(&said(0)->displaces, w.f.displaces);
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	set(&said(0)->policy, "");
	set(&said(0)->displaces, "v0.9.0");
	said(0)->size++;
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	said(0)->size--;
	w.f.votes[0].signature.state = MV_SIGNATURE_BAD;
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT);
	w.f.votes[0].signature.state = MV_SIGNATURE_GOOD;
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT AGAIN);
	/* The stage changed, and who holds it is the same. */
	set(&said(0)->displaces, w.f.displaces);
	answer(&w, "since-last-event", 1, NULL);
	ADVICE_IS(check(&w, ONE, NO, NULL), APPROVE_IT AGAIN);
}

/* To approve once more helps nobody when it is not known whose word it is. */
static void test_policy_advise__whose_own_must_be_known(void **state)
{
	struct mv_signature *s = &w.f.tag_signature;
	const char *forbid = "forbid-self-approval = promoter\n" ONE;

	(void)state;
	vote(&w, APPROVE, ALICE);
	set(&w.f.author, NULL);
	ADVICE_IS(check(&w, "forbid-self-approval = author\n" ONE, NO, NULL),
		  "it must be known who is the author: an approval that may "
		  "be their own does not count");
	ADVICE_IS(check(&w, "forbid-self-approval = runner author\n" ONE, NO,
			NULL), "it must be known who is the author: an "
		  "approval that may be their own does not count");
	set(&w.f.promoter, NULL);
	ADVICE_IS(check(&w, forbid, NO, "not counted: " ALICE " (it is not "
			"known whose own this is); 0 of 1"),
		  "make the tag with git model promote --sign");
	w.f.hypothetical = 0;
	s->state = MV_SIGNATURE_NAMESPACE;
	ADVICE_IS(check(&w, forbid, NO, NULL), "have \"git\" added to "
		  "namespaces= of the line of whoever promotes in "
		  ".gitmodel/allowed_signers: that key may not sign tags");
}

/* What the signature of the tag lacks. */
static void test_policy_advise__signing_the_tag(void **state)
{
	static const struct {
		enum mv_signature_state state;
		const char *who, *key, *advice;
	} rows[] = {
		{ MV_SIGNATURE_NONE, NULL, NULL,
		  "make the tag with git model promote --sign" },
		{ MV_SIGNATURE_BAD, ALICE, "SHA256:a",
		  "make the tag with git model promote --sign" },
		{ MV_SIGNATURE_UNCHECKED, ALICE, "SHA256:a",
		  "make the tag with git model promote --sign" },
		{ MV_SIGNATURE_NAMESPACE, ALICE, "SHA256:a",
		  "have \"git\" added to namespaces= of the line of " ALICE
		  " in .gitmodel/allowed_signers: that key may not sign tags" },
		{ MV_SIGNATURE_UNKNOWN, NULL, "SHA256:a",
		  "have the key SHA256:a that signs the tag added to the list "
		  "of signers, with namespaces=\"git\"" },
		{ MV_SIGNATURE_UNKNOWN, NULL, NULL,
		  "have the key  that signs the tag added to the list "
		  "of signers, with namespaces=\"git\"" },
		{ MV_SIGNATURE_EXPIRED, ALICE, "SHA256:a",
		  "the tag needs another key: that of " ALICE " is not valid "
		  "at that moment" },
		{ MV_SIGNATURE_REVOKED, ALICE, "SHA256:a",
		  "the tag needs another key: that of " ALICE " is revoked" },
		{ MV_SIGNATURE_REVOKED, NULL, "SHA256:a",
		  "the tag needs another key: that of whoever promotes is "
		  "revoked" },
	};
	struct mv_signature *s = &w.f.tag_signature;
	const struct mv_finding *f;

	(void)state;
	w.f.hypothetical = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s->state = rows[i].state;
		set(&s->principal, rows[i].who);
		set(&s->fingerprint, rows[i].key);
		f = check(&w, "require-signature = tag", NO, NULL);
		ADVICE_IS(f, rows[i].advice);
		assert_int_equal(!f->evidence, !rows[i].key);
		ADVICE_IS(check(&w, "promoter = leads", UNKNOWN, NULL),
			  rows[i].advice);
	}
}

/* -- about rules ---------------------------------------------------------- */

#define ANOTHER ": git model add models/fraud.bin, git commit, " \
	"git model register fraud"
#define SHOW "whoever looks after .gitmodel/policy can change the rule; " \
	"git model policy show prints it"

/* What the rules themselves know no more of. */
static void test_policy_advise__advice_for_every_no(void **state)
{
	static const struct {
		const char *rule, *advice;
	} rows[] = {
		{ "format = npy", "save it in a format that is allowed"
		  ANOTHER },
		{ "forbid-format = gguf", "save it in a format that is allowed"
		  ANOTHER },
		{ "max-size = 10", "make it smaller" ANOTHER },
		{ "max-params = 10", "make it smaller" ANOTHER },
		{ "card = CARD.md", "write that into CARD.md, commit it, and "
		  "register a version that has it: git model register fraud" },
		{ "card = $(x)", "write that into PATH, commit it, and "
		  "register a version that has it: git model register fraud" },
		{ "freeze = Sat 07:00..Sat 09:00", "wait until it is over; git "
		  "model check fraud@v1.2.0-rc.1 --stage production says "
		  "whether it is" },
		{ "prerelease = false", "register it as what it is to be: git "
		  "model register --force fraud @v1.2.0 dddddddddddd" },
		{ "license = mit", "if it has another one, record that: git "
		  "model record fraud@v1.2.0-rc.1 --tag license=NAME" },
		{ "eval-max-age = 1s", "measure it again, and record it: git "
		  "model record fraud@v1.2.0-rc.1 --metric NAME=VALUE" },
		{ "min-runs = 2", "train it again with other seeds (git model "
		  "run), or record each run: git model record "
		  "fraud@v1.2.0-rc.1" },
		{ "metric = auc >= 1", "make one that measures better"
		  ANOTHER },
		{ "any = auc >= 1 | auc >= 2", "make one that measures better"
		  ANOTHER },
		{ "data-in-repo = true", SHOW },
	};

	(void)state;
	set(&w.f.version, "v1.2.0-rc.1");
	answer(&w, "format", 1, "gguf");
	answer(&w, "parameters", 11, NULL);
	answer(&w, "card CARD.md", 0, NULL);
	answer(&w, "card $(x)", 0, NULL);
	answer(&w, "data-in-repo", 0, NULL);
	record(&w, "\"metrics\":{\"auc\":0.5},\"tags\":{\"license\":\"gpl\"},"
	       "\"run\":{\"command\":[\"t\"],\"cwd\":\"\",\"duration_ms\":1,"
	       "\"exit\":0,\"id\":\"000000000000000a\",\"started\":"
	       "\"2026-11-21T00:00:00.000Z\"}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ADVICE_IS(check_at(&w, rows[i].rule, MV_RESULT_NO, NULL,
				   __FILE__, (int)i), rows[i].advice);
	/* A yes needs none. */
	assert_null(check(&w, "max-size = 1000", YES, NULL)->advice);
	/* What is not registered is not registered again. */
	set(&w.f.version, NULL);
	ADVICE_IS(check(&w, "max-size = 10", NO, NULL),
		  "make it smaller: git model add models/fraud.bin, "
		  "git commit");
	set(&w.f.path, "a b");
	ADVICE_IS(check(&w, "max-size = 10", NO, NULL),
		  "make it smaller: git model add PATH, git commit");
	assert_null(check(&w, "approvals = 1", NO, NULL)->advice);
}

/* What is not known: only a file of another format would make it known. */
static void test_policy_advise__advice_for_what_is_not_known(void **state)
{
	(void)state;
	assert_null(check(&w, "max-params = 1", UNKNOWN, NULL)->advice);
	assert_null(check(&w, "card = CARD.md", UNKNOWN, NULL)->advice);
	ADVICE_IS(check(&w, "format = npy", UNKNOWN, NULL),
		  "save it in a format that is allowed" ANOTHER);
	ADVICE_IS(check(&w, "forbid-format = npy", UNKNOWN, NULL),
		  "save it in a format that is allowed" ANOTHER);
}

#define OVERRULE(rule) " may overrule it: git model override --rules " rule \
	" --reason WHY fraud@v1.2.0 --stage production"

static void test_policy_advise__who_may_overrule_it(void **state)
{
	(void)state;
	ADVICE_IS(check(&w, "override = 2 from risk ttl 1d\nmax-size = 10", NO,
			NULL), "make it smaller" ANOTHER "; or 2 of risk"
		  OVERRULE("max-size"));
	ADVICE_IS(check(&w, "override = 1 ttl 1d\nmax-params = 10", UNKNOWN,
			NULL), "1 of all signers" OVERRULE("max-params"));
	/* What a rule knows itself is enough. */
	ADVICE_IS(check(&w, "override = 1 ttl 1d\nmonotonic = true\n"
			"metric = auc > 0", UNKNOWN, "auc is not recorded"),
		  "record it on the data that is asked for: git model "
		  "record ... --metric auc=VALUE --eval-data PATH; what was "
		  "recorded elsewhere (a fork) is not in refs/notes/model "
		  "here: git model fetch URL, then git model push");
	/* Nobody may overrule who promotes, nor what has no version. */
	w.f.hypothetical = 0;
	w.f.tag_signature.state = MV_SIGNATURE_NONE;
	ADVICE_IS(check(&w, "override = 1 ttl 1d\nrequire-signature = tag",
			NO, NULL),
		  "make the tag with git model promote --sign");
	set(&w.f.version, "");
	ADVICE_IS(check(&w, "override = 1 ttl 1d\nmax-size = 10", NO, NULL),
		  "make it smaller: git model add models/fraud.bin, "
		  "git commit");
	set(&w.f.version, NULL);
	assert_null(check(&w, "override = 1 ttl 1d\nmax-params = 10", UNKNOWN,
			  NULL)->advice);
}

#define T(name) cmocka_unit_test_setup_teardown( \
	test_policy_advise__##name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_reads_it_may_approve),
		T(it_was_their_own),
		T(approve_again),
		T(whose_own_must_be_known),
		T(signing_the_tag),
		T(advice_for_every_no),
		T(advice_for_what_is_not_known),
		T(who_may_overrule_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
