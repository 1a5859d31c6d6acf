/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy-world.h"

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

/* -- the file ------------------------------------------------------------- */

static void test_policy_decide_state__formats(void **state)
{
	(void)state;
	check(&w, "format = safetensors", UNKNOWN,
	      "the file's format is not known");
	check(&w, "forbid-format = pickle", UNKNOWN, NULL);
	answer(&w, "format", 1, NULL);
	check(&w, "forbid-format = pickle", UNKNOWN, NULL);
	answer(&w, "format", 1, "");
	check(&w, "forbid-format = pickle", UNKNOWN, NULL);
	check(&w, "format = safetensors", UNKNOWN, NULL);
	answer(&w, "format", 1, "GGUF");
	check(&w, "format = safetensors gguf", YES, "GGUF");
	check(&w, "format = gguf safetensors", YES, NULL);
	check(&w, "format = safetensors", NO, "GGUF");
	check(&w, "forbid-format = safetensors", YES, NULL);
	check(&w, "forbid-format = gguf safetensors", NO, "GGUF");
	check(&w, "forbid-format = safetensors gguf", NO, NULL);
	/* a PyTorch file is a pickle in a zip, whatever else it is called */
	answer(&w, "format", 1, "pytorch");
	check(&w, "forbid-format = pickle", NO, "pytorch");
	check(&w, "forbid-format = zip", NO, NULL);
	check(&w, "forbid-format = npz", YES, NULL);
	check(&w, "format = zip pickle", NO, NULL);
	check(&w, "format = pytorch", YES, NULL);
}

static void test_policy_decide_state__sizes(void **state)
{
	(void)state;
	EXPECTED_IS(check(&w, "max-size = 1000", YES, "1000 B"),
		    "at most 1000 B");
	check(&w, "max-size = 999", NO, "1000 B");
	w.f.size = 0;
	check(&w, "max-size = 0", YES, NULL);
	w.f.size = UINT64_MAX;
	check(&w, "max-size = 999", UNKNOWN, "the size is not known");
}

static void test_policy_decide_state__parameters(void **state)
{
	(void)state;
	check(&w, "max-params = 7e9", UNKNOWN,
	      "the number of parameters is not known");
	answer(&w, "parameters", -1, NULL);
	check(&w, "max-params = 7e9", UNKNOWN, NULL);
	answer(&w, "parameters", 7000000000, NULL);
	check(&w, "max-params = 7e9", YES, "7000000000 parameters");
	answer(&w, "parameters", 7000000001, NULL);
	check(&w, "max-params = 7e9", NO, NULL);
	answer(&w, "parameters", 0, NULL);
	check(&w, "max-params = 7e9", YES, "0 parameters");
}

static void test_policy_decide_state__cards(void **state)
{
	(void)state;
	check(&w, "card = CARD.md", UNKNOWN, "CARD.md is not known");
	answer(&w, "card CARD.md", 0, NULL);
	check(&w, "card = CARD.md", NO, "there is none");
	answer(&w, "card CARD.md", 1, "12 lines");
	check(&w, "card = CARD.md", YES, "it is there: 12 lines");
	check(&w, "card = CARD.md sections use", UNKNOWN,
	      "it is there: 12 lines; CARD.md use is not known");
	answer(&w, "card-section CARD.md use", 1, NULL);
	check(&w, "card = CARD.md sections use", YES,
	      "it is there: 12 lines; use");
	check(&w, "card = CARD.md sections use limits", UNKNOWN, NULL);
	answer(&w, "card-section CARD.md limits", 0, NULL);
	check(&w, "card = CARD.md sections limits use", NO,
	      "it is there: 12 lines; no section; use");
}

/* -- stages --------------------------------------------------------------- */

static void test_policy_decide_state__held_before(void **state)
{
	(void)state;
	check(&w, "require-stage = staging", UNKNOWN, "staging is not known");
	answer(&w, "held staging", 0, NULL);
	ADVICE_IS(check(&w, "require-stage = staging", NO,
			"it never held the stage"),
		  "git model promote fraud@v1.2.0 staging");
	answer(&w, "held staging", -1, NULL);
	check(&w, "require-stage = staging", NO, NULL);
	answer(&w, "held staging", 1, "since v1");
	check(&w, "require-stage = staging", YES, "it held the stage: since v1");
	forget(&w, "held staging");
	check(&w, "require-stage = staging", UNKNOWN, NULL);
	/* The answer about another stage is no answer. */
	answer(&w, "held staging2", 1, NULL);
	answer(&w, "heldstaging", 1, NULL);
	check(&w, "require-stage = staging", UNKNOWN, NULL);
}

static void test_policy_decide_state__others_hold(void **state)
{
	(void)state;
	check(&w, "requires-holder = champion", UNKNOWN, NULL);
	answer(&w, "holder champion", 0, NULL);
	ADVICE_IS(check(&w, "requires-holder = champion", NO,
			"nobody holds it"),
		  "somebody promotes a version to champion first");
	answer(&w, "holder champion", 1, "v1.0.0");
	check(&w, "requires-holder = champion", YES, "held: v1.0.0");
}

static void test_policy_decide_state__ancestry(void **state)
{
	(void)state;
	check(&w, "reachable-from = refs/heads/main", UNKNOWN,
	      "refs/heads/main is not known");
	answer(&w, "reachable-from refs/heads/main", 0, NULL);
	ADVICE_IS(check(&w, "reachable-from = refs/heads/main", NO,
			"it is not"),
		  "merge its commit into refs/heads/main, and git fetch that");
	answer(&w, "reachable-from refs/heads/main", 1, NULL);
	check(&w, "reachable-from = refs/heads/main", YES, "it is");
}

static void test_policy_decide_state__soaked(void **state)
{
	(void)state;
	check(&w, "min-soak = 72h", UNKNOWN,
	      "the stage to soak in (require-stage) is not known");
	check(&w, "require-stage = staging\nmin-soak = 72h", UNKNOWN,
	      "staging is not known");
	answer(&w, "soak staging", -1, NULL);
	check(&w, "require-stage = staging\nmin-soak = 72h", UNKNOWN, NULL);
	answer(&w, "soak staging", 72 * HOUR - 1, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			"2 days in staging"), "wait 1 more minutes");
	answer(&w, "soak staging", DAY + 1, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 48 more hours");
	answer(&w, "soak staging", DAY, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 3 more days");
	answer(&w, "soak staging", 1, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 3 more days");
	answer(&w, "soak staging", 69 * HOUR + 1, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 3 more hours");
	answer(&w, "soak staging", 72 * HOUR - 119, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 2 more minutes");
	answer(&w, "soak staging", 70 * HOUR, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 3 more hours");
	answer(&w, "soak staging", 70 * HOUR + 1, NULL);
	ADVICE_IS(check(&w, "require-stage = staging\nmin-soak = 72h", NO,
			NULL), "wait 120 more minutes");
	answer(&w, "soak staging", 72 * HOUR, NULL);
	check(&w, "require-stage = staging\nmin-soak = 72h", YES,
	      "3 days in staging");
	check(&w, "require-stage = staging\nrequire-stage = qa\n"
	      "min-soak = 72h", UNKNOWN, "3 days in staging; qa is not known");
	answer(&w, "soak qa", 7200, NULL);
	check(&w, "require-stage = staging\nrequire-stage = qa\n"
	      "min-soak = 72h", NO, "3 days in staging; 2 hours in qa");
	answer(&w, "soak qa", 7199, NULL);
	check(&w, "require-stage = qa\nmin-soak = 0", YES, "7199 s in qa");
	answer(&w, "soak qa", 0, NULL);
	check(&w, "require-stage = qa\nmin-soak = 0", YES, "0 s in qa");
	answer(&w, "soak qa", 2 * DAY - 1, NULL);
	check(&w, "require-stage = qa\nmin-soak = 0", YES, "47 hours in qa");
	answer(&w, "soak qa", 2 * DAY, NULL);
	check(&w, "require-stage = qa\nmin-soak = 0", YES, "2 days in qa");
	assert_int_equal(decide(&w, "[stage \"production\"]\nmin-soak = 72h\n"
				"[stage \"fraud#production\"]\n"
				"require-stage = qa\n"), MV_RESULT_NO);
	ACTUAL_IS(&w.verdict.v[0], "2 days in qa");
}

static void test_policy_decide_state__not_too_often(void **state)
{
	(void)state;
	forget(&w, "since-last-event");
	check(&w, "min-interval = 24h", UNKNOWN,
	      "when this stage changed last is not known");
	answer(&w, "since-last-event", -1, NULL);
	check(&w, "min-interval = 24h", YES, "first");
	answer(&w, "since-last-event", 0, NULL);
	check(&w, "min-interval = 24h", NO, "0 s since the last change");
	answer(&w, "since-last-event", DAY - 1, NULL);
	ADVICE_IS(check(&w, "min-interval = 24h", NO,
			"23 hours since the last change"),
		  "wait 1 more minutes");
	answer(&w, "since-last-event", DAY, NULL);
	check(&w, "min-interval = 24h", YES, "24 hours since the last change");
}

/* -- moments -------------------------------------------------------------- */

static void test_policy_decide_state__frozen(void **state)
{
	(void)state;
	/* Saturday, 08:00 UTC */
	EXPECTED_IS(check(&w, "freeze = Sat 08:00..Sat 08:01", NO,
			  "inside of it"), "not in Sat 08:00..Sat 08:01");
	check(&w, "freeze = Sat 07:00..Sat 08:00", YES, "outside of it");
	check(&w, "freeze = 2026-11-21..2026-11-21 UTC", NO, NULL);
	check(&w, "freeze = 2026-11-22..2026-11-22", YES, NULL);
}

static void test_policy_decide_state__frozen_elsewhere(void **state)
{
	static const char rule[] = "freeze = Sat 09:00..Sat 10:00 Europe/Berlin";

	(void)state;
	check(&w, rule, UNKNOWN, "Europe/Berlin is not known");
	answer(&w, "utc-offset Europe/Berlin", 3600, NULL);
	check(&w, rule, NO, NULL);
	answer(&w, "utc-offset Europe/Berlin", 3599, NULL);
	check(&w, rule, YES, NULL);
	answer(&w, "utc-offset Europe/Berlin", 7200, NULL);
	check(&w, rule, YES, NULL);
	answer(&w, "utc-offset Europe/Berlin", -86400, NULL);
	check(&w, rule, YES, NULL);
	answer(&w, "utc-offset Europe/Berlin", 86400, NULL);
	check(&w, rule, YES, NULL);
	answer(&w, "utc-offset Europe/Berlin", -86401, NULL);
	check(&w, rule, UNKNOWN, NULL);
	answer(&w, "utc-offset Europe/Berlin", 86401, NULL);
	check(&w, rule, UNKNOWN, NULL);
	answer(&w, "utc-offset Europe/Berlin", INT64_MAX, NULL);
	check(&w, rule, UNKNOWN, NULL);
}

/* Clocks that say nothing sensible neither crash nor open a window. */
static void test_policy_decide_state__the_end_of_time(void **state)
{
	static const int64_t clocks[] = { INT64_MIN, -1, 0, INT64_MAX };
	static const char text[] = "[stage \"production\"]\n"
		"freeze = Mon 00:00..Sun 24:00\n"
		"freeze = Mon 00:00..Sun 24:00 Asia/Tokyo\n"
		"approvals = 1 from leads\neval-max-age = 1h\n"
		"[group \"leads\"]\nmember = alice@example.com\n";
	struct mv_policy policy;
	struct mv_verdict v;

	(void)state;
	parse(&policy, text);
	answer(&w, "utc-offset Asia/Tokyo", 9 * HOUR, NULL);
	vote(&w, MV_DECISION_APPROVE, "alice@example.com");
	set(&w.f.votes[0].statement.policy, policy.digest);
	record(&w, "\"metrics\":{\"auc\":1}");
	fold(&w.f.evidence, w.lines, w.line_count);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(mv_decide(&v, &w.f, &policy, clocks[i], NULL),
				 0);
		assert_int_equal(v.v[0].result, MV_RESULT_NO);
		assert_int_equal(v.v[1].result, i == 3 ? MV_RESULT_UNKNOWN :
				 MV_RESULT_NO);
		assert_int_equal(v.v[2].result, MV_RESULT_NO);
		assert_int_equal(v.v[3].result, MV_RESULT_NO);
		mv_verdict_release(&v);
	}
	mv_policy_release(&policy);
}

/* -- versions ------------------------------------------------------------- */

static void test_policy_decide_state__only_upwards(void **state)
{
	struct mv_other *o;

	(void)state;
	EXPECTED_IS(check(&w, "monotonic = true", YES,
			  "v1.2.0 after v1.1.0"),
		    "a greater version than the last one");
	check(&w, "monotonic = false", YES, "");
	set(&w.f.displaces, "v1.2.0");
	check(&w, "monotonic = true", NO, "v1.2.0 after v1.2.0");
	set(&w.f.displaces, "v1.10.0");
	check(&w, "monotonic = true", NO, NULL);
	set(&w.f.displaces, "other");
	check(&w, "monotonic = true", UNKNOWN,
	      "which version came before is not known");
	/* Nobody holds it: somebody may have. */
	set(&w.f.displaces, "");
	check(&w, "monotonic = true", UNKNOWN, NULL);
	set(&w.f.displaces, NULL);
	check(&w, "monotonic = true", UNKNOWN, NULL);
	o = other(&w, "current");
	check(&w, "monotonic = true", UNKNOWN, NULL);
	set(&o->version, "v1.3.0");
	ADVICE_IS(check(&w, "monotonic = true", NO, "v1.2.0 after v1.3.0"),
		  "register it by a number above v1.3.0: git model register "
		  "--force");
	o->nobody = 1;
	check(&w, "monotonic = true", YES, "first");
	o->nobody = 0;
	set(&o->version, "v1.0.0");
	check(&w, "monotonic = true", YES, NULL);
	set(&w.f.version, NULL);
	check(&w, "monotonic = true", UNKNOWN, NULL);
	set(&w.f.version, "1");
	check(&w, "monotonic = true", UNKNOWN, NULL);
}

static void test_policy_decide_state__no_prereleases(void **state)
{
	(void)state;
	EXPECTED_IS(check(&w, "prerelease = false", YES, "v1.2.0"),
		    "no pre-release");
	set(&w.f.version, "v1.2.0-rc.1");
	check(&w, "prerelease = false", NO, "v1.2.0-rc.1");
	check(&w, "prerelease = true", YES, "");
	set(&w.f.version, "v1.2.0+a-b");
	check(&w, "prerelease = false", YES, NULL);
	set(&w.f.version, "latest");
	check(&w, "prerelease = false", UNKNOWN, "the version is not known");
	set(&w.f.version, NULL);
	check(&w, "prerelease = false", UNKNOWN, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown( \
	test_policy_decide_state__##name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(formats),
		T(sizes),
		T(parameters),
		T(cards),
		T(held_before),
		T(others_hold),
		T(ancestry),
		T(soaked),
		T(not_too_often),
		T(frozen),
		T(frozen_elsewhere),
		T(the_end_of_time),
		T(only_upwards),
		T(no_prereleases),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
