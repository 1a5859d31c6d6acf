/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libmv/policy/policy.h"

#define PROTECTED "policy-approvals = 1\n"
static const char config[] = "[metric \"auc\"]\ndirection = up\n"
	"[metric \"flat\"]\ndirection = none\n";

static int collect(void *payload, int line, int serious, const char *message,
		   struct mv_err *err)
{
	char *text = payload;
	size_t len = strlen(text);

	(void)err;
	snprintf(text + len, 4096 - len, "%d%s %s\n", line, serious ? "!" : "",
		 message);
	return 0;
}

static void check_with(const char *policy, const char *const *principals,
		       const char *expected)
{
	char text[4096] = "";
	struct mv_policy p;
	struct mv_err err;

	if (mv_policy_parse(&p, policy, strlen(policy), config,
			    strlen(config), &err))
		fail_msg("%s", err.msg);
	assert_int_equal(mv_policy_lint(&p, principals, collect, text, &err),
			 0);
	assert_string_equal(text, expected);
	mv_policy_release(&p);
}

/* Of [stage "s"], from line 3 on, in a policy that protects itself. */
static void check(const char *rules, const char *expected)
{
	char text[1024];

	snprintf(text, sizeof(text), PROTECTED "[stage \"s\"]\n%s\n", rules);
	check_with(text, NULL, expected);
}

static void test_policy_lint__nothing_to_say(void **state)
{
	static const char *const known[] = { "a@x", "b@x", NULL };

	(void)state;
	check_with("policy-approvals = 1 from g\n[group \"g\"]\n"
		   "member = a@x\nmember = b@x\n[stage \"production\"]\n"
		   "approvals = 2 from g\nno-regression = auc\n"
		   "metric = auc >= 0.9\nmetric = auc <= 1\n"
		   "require-stage = staging\nmin-soak = 1d\n"
		   "approval-max-age = 1d\nformat = safetensors NPZ\n"
		   "forbid-format = npy\nmin-runs = 2\n"
		   "aggregate = auc mean\nany = auc | y >= 1\n"
		   "[stage \"staging\"]\nmax-size = 1\n", known, "");
}

static void test_policy_lint__protect_yourself(void **state)
{
	(void)state;
	check_with("[stage \"s\"]\nmax-size = 1\n", NULL,
		   "1 the policy does not protect itself: policy-approvals, "
		   "before the first section, would\n");
}

static void test_policy_lint__groups(void **state)
{
	static const char *const known[] = { "a@x", "A@x", "c@x", NULL };

	(void)state;
	check_with(PROTECTED "[group \"empty\"]\n[group \"g\"]\nmember = a@x\n"
		   "member = b@x\n[stage \"s\"]\napprovals = 1 from empty\n",
		   known,
		   "0 the lists of signers spell one address in two ways: "
		   "'a@x' and 'A@x'\n"
		   "2! group 'empty' has no members\n"
		   "3 group 'g' is used by no rule\n"
		   "3! 'b@x' of group 'g' is on no list of signers, so "
		   "nothing that they sign counts\n"
		   "7! approvals asks for 1 people, but group 'empty' has 0\n");
}

static void test_policy_lint__more_people_than_there_are(void **state)
{
	static const char *const one[] = { "a@x", NULL };
	static const char *const rules[] = {
		"approvals = 2", "veto = 2", "override = 2",
		"rollback = previously-held within 1d approvals 2",
	};
	static const char *const keys[] = { "approvals", "veto", "override",
					    "rollback" };
	char policy[256], rule[128], expected[256];

	(void)state;
	for (int i = 0; i < 4; i++) {
		const char *end = i == 2 ? " ttl 1d" : "";

		snprintf(rule, sizeof(rule), "%s from g%s", rules[i], end);
		snprintf(policy, sizeof(policy), PROTECTED "[stage \"s\"]\n%s\n"
			 "[group \"g\"]\nmember = a@x\n", rule);
		snprintf(expected, sizeof(expected), "3! %s asks for 2 people, "
			 "but group 'g' has 1\n", keys[i]);
		check_with(policy, NULL, expected);
		snprintf(rule, sizeof(rule), "%s%s", rules[i], end);
		snprintf(policy, sizeof(policy), PROTECTED "[stage \"s\"]\n%s\n",
			 rule);
		check_with(policy, NULL, "");
		snprintf(expected, sizeof(expected), "3! %s asks for 2 people, "
			 "but the lists of signers name 1\n", keys[i]);
		check_with(policy, one, expected);
	}
	check_with("policy-approvals = 2\n", one, "1! policy-approvals asks "
		   "for 2 people, but the lists of signers name 1\n");
}

static void test_policy_lint__directions(void **state)
{
	(void)state;
	check("no-regression = x", "3! nobody can say whether x got better: "
	      "no direction for it in .gitmodel/config\n");
	check("improve = flat", "3! nobody can say whether flat got better: "
	      "no direction for it in .gitmodel/config\n");
	check("any = auc | x | y >= 1", "3! nobody can say whether x got "
	      "better: no direction for it in .gitmodel/config\n");
	check("no-regression = auc margin 100%", "3 a margin of 100% and more "
	      "allows nearly everything for auc\n");
	check("no-regression = auc margin 99%", "");
	check("no-regression = auc margin 100", "");
}

static void test_policy_lint__contradictions(void **state)
{
	static const struct {
		const char *a, *b;
		int contradict;
	} rows[] = {
		{ "auc >= 0.9", "auc < 0.9", 1 },
		{ "auc >= 0.9", "auc <= 0.9", 0 },
		{ "auc > 0.9", "auc <= 0.9", 1 },
		{ "auc > 0.9", "auc < 0.9", 1 },
		{ "auc < 0.9", "auc < 0.8", 0 },
		{ "auc > 0.9", "auc > 0.8", 0 },
		{ "auc >= 0.9", "auc <= 0.8", 1 },
		{ "auc <= 0.8", "auc >= 0.9", 1 },
		{ "auc == 1", "auc == 2", 1 },
		{ "auc == 1", "auc == 1", 0 },
		{ "auc == 1", "auc != 1", 1 },
		{ "auc != 1", "auc == 1", 1 },
		{ "auc != 1", "auc == 2", 0 },
		{ "auc != 1", "auc != 1", 0 },
		{ "auc == 1", "auc < 1", 1 },
		{ "auc == 1", "auc <= 1", 0 },
		{ "auc in 0..1", "auc > 1", 1 },
		{ "auc in 0..1", "auc >= 1", 0 },
		{ "auc in 0..1", "auc in 2..3", 1 },
		{ "auc in 0..1", "auc < 5", 0 },
		{ "auc in 0..1", "auc != 0", 0 },
		{ "auc >= 0.9", "f1 < 0.9", 0 },
		{ "p.* >= 0.9", "p.* < 0.9", 1 },
	};
	char rules[128], expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(rules, sizeof(rules), "metric = %s\nmetric = %s",
			 rows[i].a, rows[i].b);
		snprintf(expected, sizeof(expected), "4! 'metric = %s' "
			 "contradicts line 3\n", rows[i].b);
		check(rules, rows[i].contradict ? expected : "");
	}
}

static void test_policy_lint__contradictions_between_sections(void **state)
{
	static const struct {
		const char *a, *b;
		int overlap;
	} rows[] = {
		{ "[stage \"s\"]", "[stage \"f#s\"]", 1 },
		{ "[stage \"f#s\"]", "[stage \"s\"]", 1 },
		{ "[stage \"f#s\"]", "[stage \"*#s\"]", 1 },
		{ "[stage \"f*#s\"]", "[stage \"fr#s\"]", 1 },
		{ "[stage \"f#s\"]", "[stage \"g#s\"]", 0 },
		{ "[stage \"s\"]", "[stage \"t\"]", 0 },
		{ "[stage \"s\"]", "[branch \"s\"]", 0 },
		{ "[branch \"v*\"]", "[branch \"v1\"]", 1 },
		{ "[branch \"v1\"]", "[branch \"v*\"]", 1 },
		{ "[branch \"a\"]", "[branch \"b\"]", 0 },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), PROTECTED "%s\nmetric = x > 1\n"
			 "%s\nmetric = x < 1\n", rows[i].a, rows[i].b);
		check_with(text, NULL, rows[i].overlap ?
			   "5! 'metric = x < 1' contradicts line 3\n" : "");
	}
}

static void test_policy_lint__order_of_stages(void **state)
{
	(void)state;
	check("require-stage = s", "3! nothing can hold 's' before 's': that "
	      "needs it first\n");
	check_with(PROTECTED "[stage \"a\"]\nrequire-stage = b\n"
		   "[stage \"x#b\"]\nrequire-stage = c\n"
		   "[stage \"c\"]\nrequire-stage = a\n", NULL,
		   "3! nothing can hold 'b' before 'a': that needs it first\n"
		   "5! nothing can hold 'c' before 'b': that needs it first\n"
		   "7! nothing can hold 'a' before 'c': that needs it first\n");
	check_with(PROTECTED "[stage \"a\"]\nrequire-stage = b\n"
		   "require-stage = c\n[stage \"b\"]\nrequire-stage = c\n"
		   "[stage \"c\"]\nmax-size = 1\n[branch \"c\"]\n"
		   "max-size = 1\n", NULL, "");
	check("min-soak = 1d",
	      "3! min-soak needs a require-stage beside it\n");
}

/* Twenty storeys with ten stages each, every one needs all of the next. */
static void test_policy_lint__many_stages_take_no_time(void **state)
{
	static char text[64 << 10];
	char out[4096] = "";
	size_t n = 0;
	struct mv_policy p;

	(void)state;
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 10; j++) {
			n += (size_t)sprintf(text + n, "[stage \"s%d-%d\"]\n",
					     i, j);
			for (int k = 0; k < 10; k++)
				n += (size_t)sprintf(text + n, "require-stage "
						     "= s%d-%d\n", i + 1, k);
		}
	assert_int_equal(mv_policy_parse(&p, text, n, NULL, 0, NULL), 0);
	assert_int_equal(mv_policy_lint(&p, NULL, collect, out, NULL), 0);
	assert_null(strstr(out, "!"));
	mv_policy_release(&p);
}

static void test_policy_lint__settings_without_effect(void **state)
{
	static const char *const settings[] = {
		"approval-max-age = 1d", "forbid-self-approval = author"
	};
	static const char *const makes_sense[] = {
		"approvals = 1", "override = 1 ttl 1d",
		"rollback = previously-held within 1d"
	};
	char rules[128], expected[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(expected, sizeof(expected), "3 %.*s changes nothing: "
			 "no approvals are asked for in this section\n",
			 (int)strcspn(settings[i], " "), settings[i]);
		check(settings[i], expected);
		for (int j = 0; j < 3; j++) {
			snprintf(rules, sizeof(rules), "%s\n%s", settings[i],
				 makes_sense[j]);
			check(rules, "");
		}
	}
	check("approvals = 1\ndismiss-on = content", "4 approvals survive all "
	      "changes that are not named here\n");
	check("same-eval = false", "3 values measured on different data are "
	      "compared\n");
	check("same-eval = true", "");
	check("aggregate = auc mean", "3 aggregate without min-runs is "
	      "satisfied by one run\n");
	check_with(PROTECTED "append-only = false\nimmutable-tags = false\n",
		   NULL,
		   "2 append-only = false: what was decided can be taken out "
		   "of history\n"
		   "3 immutable-tags = false: what was decided can be taken "
		   "out of history\n");
	check_with(PROTECTED "append-only = true\n", NULL, "");
}

static void test_policy_lint__formats(void **state)
{
	(void)state;
	check("format = npy\nforbid-format = gguf NPY", "4! format 'npy' is "
	      "allowed in line 3 and forbidden here\n");
	check("forbid-format = pickle", "");
	check("forbid-format = picle", "3 no file is ever found to be "
	      "'picle': safetensors, gguf, npy, npz, pytorch, onnx and "
	      "others are known (git help model-inspect), and what is not "
	      "known is no\n");
}

static void test_policy_lint__sections(void **state)
{
	(void)state;
	check("", "2 stage 's' has no rules: everything passes\n");
	check("mode = warn\nmax-size = 1", "2 stage 's' stops nothing: its "
	      "mode is warn\n");
	check("mode = evaluate\nmax-size = 1", "2 stage 's' stops nothing: its "
	      "mode is evaluate\n");
	check("mode = enforce\nmax-size = 1", "");
	check_with(PROTECTED "[stage \"fra ud#s\"]\nmax-size = 1\n", NULL,
		   "2! no artifact can be called like 'fra ud#s'\n");
	check_with(PROTECTED "[stage \"fra*d#s\"]\nmax-size = 1\n"
		   "[branch \"a b#c\"]\nmax-size = 1\n", NULL, "");
}

static int stop(void *payload, int line, int serious, const char *message,
		struct mv_err *err)
{
	(void)line;
	(void)serious;
	(void)message;
	++*(int *)payload;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_policy_lint__who_listens_may_stop(void **state)
{
	static const char text[] = "[stage \"s\"]\n[stage \"t\"]\n";
	struct mv_policy p;
	int calls = 0;

	(void)state;
	mv_policy_parse(&p, text, strlen(text), NULL, 0, NULL);
	assert_int_equal(mv_policy_lint(&p, NULL, stop, &calls, NULL),
			 MV_ECANCELLED);
	assert_int_equal(calls, 1);
	mv_policy_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_lint__nothing_to_say),
		cmocka_unit_test(test_policy_lint__protect_yourself),
		cmocka_unit_test(test_policy_lint__groups),
		cmocka_unit_test(test_policy_lint__more_people_than_there_are),
		cmocka_unit_test(test_policy_lint__directions),
		cmocka_unit_test(test_policy_lint__contradictions),
		cmocka_unit_test(test_policy_lint__contradictions_between_sections),
		cmocka_unit_test(test_policy_lint__order_of_stages),
		cmocka_unit_test(test_policy_lint__many_stages_take_no_time),
		cmocka_unit_test(test_policy_lint__settings_without_effect),
		cmocka_unit_test(test_policy_lint__formats),
		cmocka_unit_test(test_policy_lint__sections),
		cmocka_unit_test(test_policy_lint__who_listens_may_stop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
