/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libmv/policy/priv.h"
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

/* -- which sections count ------------------------------------------------- */

static void test_policy_decide__all_sections_that_speak_of_it(void **state)
{
	static const char text[] =
		"[stage \"production\"]\nmax-size = 2000\n"
		"[stage \"fraud#production\"]\nmax-size = 10\n"
		"[stage \"fr*#production\"]\nmax-size = 3000\n"
		"[stage \"spam#production\"]\nmax-size = 1\n"
		"[stage \"staging\"]\nmax-size = 1\n"
		"[branch \"production\"]\nmax-size = 1\n";

	(void)state;
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	assert_int_equal(w.verdict.count, 3);
	assert_true(w.verdict.governed);
	assert_string_equal(w.verdict.v[0].section, "stage production");
	assert_string_equal(w.verdict.v[1].section, "stage fraud#production");
	assert_string_equal(w.verdict.v[2].section, "stage fr*#production");
	assert_int_equal(w.verdict.v[0].result, MV_RESULT_YES);
	assert_int_equal(w.verdict.v[1].result, MV_RESULT_NO);
	assert_int_equal(w.verdict.v[1].line, 4);
}

static void test_policy_decide__nothing_speaks_of_it(void **state)
{
	(void)state;
	assert_int_equal(decide(&w, "[stage \"staging\"]\nmax-size = 1\n"),
			 MV_RESULT_YES);
	assert_false(w.verdict.governed);
	assert_int_equal(w.verdict.count, 0);
	/* Settings alone govern, and find nothing. */
	assert_int_equal(decide_stage(&w, "same-eval = true\n"
				      "aggregate = auc mean\n"
				      "approval-max-age = 1d\n"
				      "dismiss-on = policy\n"
				      "forbid-self-approval = author\n"
				      "override = 1 ttl 1d"), MV_RESULT_YES);
	assert_true(w.verdict.governed);
	assert_int_equal(w.verdict.count, 0);
}

static void test_policy_decide__branches(void **state)
{
	static const char text[] = "[branch \"main\"]\nmax-size = 10\n"
		"[branch \"release/1.*\"]\nmax-size = 20\n"
		"[stage \"main\"]\nmax-size = 1\n";

	(void)state;
	w.f.action = "change";
	set(&w.f.branch, "main");
	set(&w.f.stage, NULL);
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	assert_int_equal(w.verdict.count, 1);
	assert_string_equal(w.verdict.v[0].section, "branch main");
	set(&w.f.branch, "refs/heads/release/1.2");
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
	assert_string_equal(w.verdict.v[0].section, "branch release/1.*");
	set(&w.f.branch, "topic");
	assert_int_equal(decide(&w, text), MV_RESULT_YES);
	/* An artifact without a name is on a branch, too. */
	set(&w.f.branch, "main");
	set(&w.f.artifact, NULL);
	assert_int_equal(decide(&w, text), MV_RESULT_NO);
}

static void test_policy_decide__only_enforced_sections_decide(void **state)
{
	char text[128];

	(void)state;
	for (int mode = 0; mode < 3; mode++) {
		static const char *const names[] = { "enforce", "warn",
						     "evaluate" };

		snprintf(text, sizeof(text), "mode = %s\nmax-size = 10",
			 names[mode]);
		assert_int_equal(decide_stage(&w, text), mode ?
				 MV_RESULT_YES : MV_RESULT_NO);
		assert_int_equal(w.verdict.v[0].result, MV_RESULT_NO);
		assert_int_equal(w.verdict.v[0].mode, mode);
		assert_true(w.verdict.governed);
	}
}

static void test_policy_decide__the_worst_finding_is_the_verdict(void **state)
{
	(void)state;
	assert_int_equal(decide_stage(&w, "max-size = 2000"), MV_RESULT_YES);
	assert_int_equal(decide_stage(&w, "max-size = 2000\n"
				      "metric = auc > 0"),
			 MV_RESULT_UNKNOWN);
	assert_int_equal(decide_stage(&w, "metric = auc > 0\nmax-size = 10\n"
				      "metric = loss > 0"), MV_RESULT_NO);
	set(&vote(&w, MV_DECISION_OVERRIDE, "carol@example.com")
	    ->statement.rules, "max-size");
	assert_int_equal(decide_stage(&w, "override = 1 ttl 1d\n"
				      "max-size = 10"),
			 MV_RESULT_OVERRIDDEN);
	assert_int_equal(decide_stage(&w, "override = 1 ttl 1d\n"
				      "max-size = 10\nmetric = auc > 0"),
			 MV_RESULT_UNKNOWN);
	assert_int_equal(decide_stage(&w, "override = 1 ttl 1d\n"
				      "metric = auc > 0\nmax-size = 10"),
			 MV_RESULT_UNKNOWN);
}

/* -- what is not named ---------------------------------------------------- */

static void check_not_named(const char *what)
{
	char text[64];

	assert_int_equal(decide_stage(&w, "max-size = 9000"),
			 MV_RESULT_UNKNOWN);
	assert_true(w.verdict.governed);
	assert_int_equal(w.verdict.count, 1);
	snprintf(text, sizeof(text), "%s is known", what);
	EXPECTED_IS(&w.verdict.v[0], text);
	ACTUAL_IS(&w.verdict.v[0], "nobody said");
	assert_string_equal(w.verdict.v[0].section, "policy");
	assert_string_equal(w.verdict.v[0].rule, "built-in");
	assert_int_equal(w.verdict.v[0].line, 0);
	assert_int_equal(w.verdict.v[0].mode, MV_MODE_ENFORCE);
}

static void test_policy_decide__what_is_not_named_is_no(void **state)
{
	(void)state;
	set(&w.f.stage, NULL);
	check_not_named("stage");
	w.f.action = "demote";
	check_not_named("stage");
	set(&w.f.stage, "");
	check_not_named("stage");
	set(&w.f.stage, "production");
	set(&w.f.artifact, "");
	check_not_named("artifact");
	set(&w.f.artifact, NULL);
	check_not_named("artifact");
	w.f.action = "change";
	check_not_named("branch");
	set(&w.f.branch, "refs/heads/");
	check_not_named("branch");
	set(&w.f.artifact, "fraud");
	w.f.action = "Promote";
	check_not_named("what is to be done");
	w.f.action = "";
	check_not_named("what is to be done");
	w.f.action = NULL;
	check_not_named("what is to be done");
	w.f.action = "policy";
	set(&w.f.stage, NULL);
	assert_int_equal(decide_stage(&w, "max-size = 9"), MV_RESULT_YES);
	assert_false(w.verdict.governed);
}

/* -- demoting ------------------------------------------------------------- */

static void test_policy_decide__demoting_needs_person_and_moment(void **state)
{
	static const char rules[] = "metric = auc > 0\nmax-size = 1\n"
		"approvals = 2\nveto = 1\npromoter = leads\n"
		"freeze = Sat 07:00..Sat 09:00\nrequire-signature = tag\n"
		"rollback = previously-held within 90d\nmonotonic = true";

	(void)state;
	w.f.action = "demote";
	decide_stage(&w, rules);
	assert_int_equal(w.verdict.count, 3);
	assert_string_equal(w.verdict.v[0].rule, "promoter = leads");
	assert_string_equal(w.verdict.v[1].rule,
			    "freeze = Sat 07:00..Sat 09:00");
	assert_string_equal(w.verdict.v[2].rule, "require-signature = tag");
	assert_int_equal(w.verdict.result, MV_RESULT_NO);
	w.f.action = "promote";
	decide_stage(&w, rules);
	assert_int_equal(w.verdict.count, 9);
}

/* -- rolling back --------------------------------------------------------- */

#define BACK "rollback = previously-held within 90d"

static void back_to(const char *version)
{
	set(&w.f.version, version);
	answer(&w, "previously-held", 90 * DAY, NULL);
}

static void test_policy_decide__rollback_spares_some_rules(void **state)
{
	static const struct {
		const char *rule;
		int spared;
	} rows[] = {
		{ "approvals = 2", 1 },
		{ "no-regression = auc", 1 },
		{ "improve = auc", 1 },
		{ "any = auc margin 1", 1 },
		{ "require-stage = staging", 1 },
		{ "min-soak = 1h", 1 },
		{ "min-interval = 20d", 1 },
		{ "eval-max-age = 1h", 1 },
		{ "monotonic = true", 1 },
		{ "metric = auc > 0", 0 },
		{ "eval-on = data/x", 0 },
		{ "min-runs = 3", 0 },
		{ "promoter = leads", 0 },
		{ "max-size = 1", 0 },
		{ "freeze = Sat 07:00..Sat 09:00", 0 },
		{ "license = mit", 0 },
		{ "format = gguf", 0 },
		{ "require-lineage = run", 0 },
		{ "reachable-from = main", 0 },
		{ "requires-holder = champion", 0 },
	};
	char text[128];

	(void)state;
	back_to("v1.0.0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), BACK "\n%s", rows[i].rule);
		decide_stage(&w, text);
		assert_int_equal(w.verdict.count, 2);
		assert_int_equal(w.verdict.v[0].result, MV_RESULT_YES);
		ACTUAL_IS(&w.verdict.v[0],
			  "a version that held this stage comes back");
		if (rows[i].spared) {
			assert_int_equal(w.verdict.v[1].result, MV_RESULT_YES);
			ACTUAL_IS(&w.verdict.v[1],
				  "not asked: v1.0.0 held this stage before");
		} else {
			assert_int_not_equal(w.verdict.v[1].result,
					     MV_RESULT_YES);
		}
	}
	vote(&w, MV_DECISION_REJECT, "carol@example.com");
	assert_int_equal(decide_stage(&w, BACK "\nveto = 1"), MV_RESULT_NO);
}

static void check_slow(const char *rules)
{
	assert_int_equal(decide_stage(&w, rules), MV_RESULT_NO);
	assert_int_equal(w.verdict.v[0].result, MV_RESULT_YES);
	ACTUAL_IS(&w.verdict.v[0], "no rollback, so all rules count");
}

#define SLOW BACK "\napprovals = 2"

static void test_policy_decide__when_it_is_a_rollback(void **state)
{
	struct mv_other *o;

	(void)state;
	back_to("v1.0.0");
	assert_int_equal(decide_stage(&w, SLOW), MV_RESULT_YES);
	/* No rule, no such path. */
	assert_int_equal(decide_stage(&w, "approvals = 2"), MV_RESULT_NO);
	answer(&w, "previously-held", 90 * DAY + 1, NULL);
	check_slow(SLOW);
	answer(&w, "previously-held", -1, NULL);
	check_slow(SLOW);
	answer(&w, "previously-held", 0, NULL);
	assert_int_equal(decide_stage(&w, SLOW), MV_RESULT_YES);
	forget(&w, "previously-held");
	check_slow(SLOW);
	/* Only back is back: what was rolled back does not return so. */
	back_to("v1.1.0");
	check_slow(SLOW);
	back_to("v1.2.0");
	check_slow(SLOW);
	back_to("1.0");
	check_slow(SLOW);
	back_to(NULL);
	check_slow(SLOW);
	back_to("v1.0.0");
	set(&w.f.displaces, "other");
	check_slow(SLOW);
	set(&w.f.displaces, "");
	check_slow(SLOW);
	o = other(&w, "current");
	check_slow(SLOW);
	set(&o->version, "v1.1.0");
	assert_int_equal(decide_stage(&w, SLOW), MV_RESULT_YES);
	o->nobody = 1;
	check_slow(SLOW);
}

static void test_policy_decide__a_rollback_may_need_approvals(void **state)
{
	(void)state;
	back_to("v1.0.0");
	check_slow(BACK " approvals 1 from leads\napprovals = 2");
	vote(&w, MV_DECISION_APPROVE, "carol@example.com");
	check_slow(BACK " approvals 1 from leads\napprovals = 2");
	assert_int_equal(decide_stage(&w, BACK " approvals 1\napprovals = 2"),
			 MV_RESULT_YES);
	check_slow(BACK " approvals 2\napprovals = 2");
	vote(&w, MV_DECISION_APPROVE, "alice@example.com");
	assert_int_equal(decide_stage(&w, BACK " approvals 1 from leads\n"
				      "approvals = 3"), MV_RESULT_YES);
}

/* -- text ----------------------------------------------------------------- */

static void found_init(struct mv_found *f)
{
	memset(f, 0, sizeof(*f));
	mv_buf_init(&f->expected, 64 << 10);
	mv_buf_init(&f->actual, 64 << 10);
	mv_buf_init(&f->evidence, 64 << 10);
	mv_buf_init(&f->advice, 64 << 10);
}

static void found_release(struct mv_found *f)
{
	mv_buf_release(&f->expected);
	mv_buf_release(&f->actual);
	mv_buf_release(&f->evidence);
	mv_buf_release(&f->advice);
}

static void test_policy_decide__what_is_said_first_stays(void **state)
{
	struct mv_found f;

	(void)state;
	found_init(&f);
	mv_expected(&f, "%d", 1);
	mv_expected(&f, "%d", 2);
	mv_advice(&f, "%d", 3);
	mv_advice(&f, "%d", 4);
	mv_actual(&f, "%d", 5);
	mv_actual(&f, "%d", 6);
	mv_rests_on(&f, NULL);
	mv_rests_on(&f, "");
	mv_rests_on(&f, "abc");
	mv_rests_on(&f, "ab");
	mv_rests_on(&f, "abc");
	mv_rests_on(&f, "c");
	mv_rests_on(&f, "ab");
	assert_string_equal(f.expected.data, "1");
	assert_string_equal(f.advice.data, "3");
	assert_string_equal(f.actual.data, "5; 6");
	assert_string_equal(f.evidence.data, "abc ab c");
	found_release(&f);
}

/* A note of thousands of lines must not make the decision fail. */
static void test_policy_decide__long_findings_are_cut(void **state)
{
	char word[1000];
	struct mv_found f;

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	found_init(&f);
	for (int i = 0; i < 200; i++) {
		word[0] = (char)('0' + i % 10);
		word[1] = (char)('0' + i / 10 % 10);
		word[2] = (char)('0' + i / 100);
		mv_actual(&f, "%s", word);
		mv_rests_on(&f, word);
	}
	for (int i = 0; i < 70000; i++)
		mv_actual(&f, "x");
	for (int i = 0; i < 3000; i++) {
		snprintf(word, sizeof(word), "w%d", i);
		mv_rests_on(&f, word);
	}
	assert_false(f.nomem);
	assert_in_range(f.actual.len, 60 << 10, 64 << 10);
	assert_in_range(f.evidence.len, 60 << 10, 64 << 10);
	found_release(&f);
}

static void test_policy_decide__findings_are_cut_at_the_end(void **state)
{
	enum { MOST = 64 << 10 };
	char *word = malloc(MOST + 2);
	struct mv_found f;

	(void)state;
	memset(word, 'x', MOST + 1);
	word[MOST + 1] = '\0';
	found_init(&f);
	mv_expected(&f, "%s", word);
	assert_int_equal(f.expected.len, 0);
	word[MOST] = '\0';
	mv_expected(&f, "%s", word);
	assert_int_equal(f.expected.len, MOST);
	word[MOST - 3] = '\0';
	mv_actual(&f, "%s", word);
	mv_actual(&f, "ab");
	assert_int_equal(f.actual.len, MOST - 3);
	mv_actual(&f, "a");
	assert_int_equal(f.actual.len, MOST);
	mv_actual(&f, "%s", "");
	assert_int_equal(f.actual.len, MOST);
	mv_rests_on(&f, word);
	mv_rests_on(&f, "abc");
	assert_int_equal(f.evidence.len, MOST - 3);
	mv_rests_on(&f, "ab");
	assert_int_equal(f.evidence.len, MOST);
	mv_advice(&f, "%s", "");
	assert_false(f.nomem);
	found_release(&f);
	free(word);
}

/* One that no text of a policy makes. */
static void check_rule(int kind, struct mv_rule_args *args,
		       enum mv_result result, const char *actual)
{
	struct mv_rule rule = { kind, strdup("future"), strdup("1"), 7, args };
	struct mv_section section = { .kind = strdup("stage"),
				      .name = strdup("production"),
				      .rules = &rule, .count = 1 };
	struct mv_policy policy = { .sections = &section,
				    .section_count = 1 };
	struct mv_verdict v;

	assert_int_equal(mv_decide(&v, &w.f, &policy, NOW, NULL), 0);
	assert_int_equal(v.result, result);
	assert_int_equal(v.count, 1);
	ACTUAL_IS(&v.v[0], actual);
	assert_int_equal(v.v[0].line, 7);
	mv_verdict_release(&v);
	free(rule.key);
	free(rule.value);
	free(section.kind);
	free(section.name);
}

/* A kind of rule that is in no table yet. */
static void test_policy_decide__a_rule_that_nobody_evaluates(void **state)
{
	struct mv_rule_args args = { .seconds = -1 };

	(void)state;
	check_rule(9999, &args, MV_RESULT_UNKNOWN, "future is not known");
}

/* Whatever else stands beside what a rule reads, it is none of another. */
static void test_policy_decide__one_rule_is_one_rule(void **state)
{
	char params[] = "params", *words[] = { params, NULL };
	struct mv_window window = { .weekly = 1, .from = 0, .to = 60 };
	struct mv_rule_args args = { .seconds = -1, .number = 1,
				     .words = words, .window = &window };

	(void)state;
	check_rule(MV_RULE_FREEZE, &args, MV_RESULT_YES, "outside of it");
	check_rule(MV_RULE_MONOTONIC, &args, MV_RESULT_YES,
		   "v1.2.0 after v1.1.0");
	check_rule(MV_RULE_PRERELEASE, &args, MV_RESULT_YES, "");
	check_rule(MV_RULE_REQUIRE_LINEAGE, &args, MV_RESULT_UNKNOWN,
		   "params: not recorded, or not to be found here");
	args.number = 0;
	check_rule(MV_RULE_MONOTONIC, &args, MV_RESULT_YES, "");
	check_rule(MV_RULE_REQUIRE_CLEAN, &args, MV_RESULT_YES, "");
	check_rule(MV_RULE_DATA_IN_REPO, &args, MV_RESULT_YES, "");
}

static void test_policy_decide__worse_results_win(void **state)
{
	/* As severe as the row, or less: stays. */
	static const enum mv_result order[] = {
		MV_RESULT_YES, MV_RESULT_OVERRIDDEN, MV_RESULT_UNKNOWN,
		MV_RESULT_NO
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 4; j++) {
			struct mv_found f = { .result = order[i] };

			mv_found_set(&f, order[j]);
			assert_int_equal(f.result, order[i > j ? i : j]);
		}
	assert_string_equal(mv_result_name(MV_RESULT_YES), "yes");
	assert_string_equal(mv_result_name(MV_RESULT_NO), "no");
	assert_string_equal(mv_result_name(MV_RESULT_UNKNOWN), "unknown");
	assert_string_equal(mv_result_name(MV_RESULT_OVERRIDDEN),
			    "overridden");
}

static void test_policy_decide__times_do_not_wrap(void **state)
{
	(void)state;
	assert_int_equal(mv_seconds_since(5, 3), 2);
	assert_int_equal(mv_seconds_since(3, 5), -2);
	assert_true(mv_seconds_since(INT64_MAX, -1) == INT64_MAX);
	assert_true(mv_seconds_since(INT64_MIN, 1) == INT64_MIN);
	assert_true(mv_seconds_since(0, INT64_MIN) == INT64_MAX);
}

static void test_policy_decide__answers(void **state)
{
	(void)state;
	answer(&w, "a b", 7, "t");
	assert_int_equal(mv_known(&w.f, "a", "b")->number, 7);
	assert_null(mv_known(&w.f, "a", NULL));
	assert_null(mv_known(&w.f, "a b", "c"));
	assert_non_null(mv_known(&w.f, "a b", NULL));
	assert_null(mv_known(&w.f, "a", "bc"));
	assert_null(mv_known(&w.f, "", "b"));
	forget(&w, "a b");
	assert_null(mv_known(&w.f, "a", "b"));
	/* The first answer counts, also when it says "not known". */
	mv_policy_answer(&w.f, "a b", 1, 1, NULL, NULL);
	assert_null(mv_known(&w.f, "a", "b"));
	assert_null(mv_other_of(&w.f, "x"));
}

static void test_policy_decide__the_last_version(void **state)
{
	struct mv_other *o;
	int first = 7;

	(void)state;
	assert_string_equal(mv_last_version(&w.f, &first), "v1.1.0");
	assert_int_equal(first, 0);
	set(&w.f.displaces, "");
	first = 7;
	assert_null(mv_last_version(&w.f, &first));
	assert_int_equal(first, 0);
	set(&w.f.displaces, NULL);
	assert_null(mv_last_version(&w.f, &first));
	o = other(&w, "current");
	assert_null(mv_last_version(&w.f, &first));
	set(&o->version, "v1.0.0");
	assert_string_equal(mv_last_version(&w.f, &first), "v1.0.0");
	assert_int_equal(first, 0);
	o->nobody = 1;
	assert_null(mv_last_version(&w.f, &first));
	assert_int_equal(first, 1);
	set(&w.f.displaces, "v1.1.0");
	assert_string_equal(mv_last_version(&w.f, &first), "v1.1.0");
	assert_int_equal(first, 0);
}

static void test_policy_decide__how_a_version_is_written(void **state)
{
	char what[MV_WHAT_MAX];

	(void)state;
	assert_string_equal(mv_record_what(what, &w.f), "fraud@v1.2.0");
	set(&w.f.version, "");
	assert_string_equal(mv_record_what(what, &w.f), "fraud");
	set(&w.f.version, NULL);
	assert_string_equal(mv_record_what(what, &w.f), "fraud");
	set(&w.f.artifact, NULL);
	assert_string_equal(mv_record_what(what, &w.f), "PATH");
	set(&w.f.version, "v1.2.0");
	assert_string_equal(mv_record_what(what, &w.f), "PATH@v1.2.0");
}

/* -- what will be asked --------------------------------------------------- */

static int collect(void *payload, const char *question, struct mv_err *err)
{
	char *text = payload;
	size_t len = strlen(text);

	(void)err;
	snprintf(text + len, 1024 - len, "%s\n", question);
	return 0;
}

static void check_questions(const char *action, const char *name,
			    const char *policy, const char *expected)
{
	char text[1024] = "";
	struct mv_policy p;

	parse(&p, policy);
	assert_int_equal(mv_policy_each_question(&p, action, "fraud", name,
						 collect, text, NULL), 0);
	assert_string_equal(text, expected);
	mv_policy_release(&p);
}

static void test_policy_decide__questions(void **state)
{
	(void)state;
	check_questions("promote", "production",
		"[stage \"production\"]\n"
		"no-regression = auc\nimprove = auc vs staging\n"
		"any = auc vs v1.0.0 | loss >= 1 | loss vs current\n"
		"eval-on = data/x\neval-on = " HOLDOUT "\n"
		"require-lineage = params data code\ndata-in-repo = true\n"
		"format = gguf\nforbid-format = npy\nmax-params = 1\n"
		"card = C.md sections a b\nrequire-stage = qa\n"
		"min-soak = 1h\nmin-interval = 1h\n"
		"requires-holder = champion\nreachable-from = main\n"
		"freeze = Mon 00:00..Mon 01:00\n"
		"freeze = Mon 00:00..Mon 01:00 Asia/Tokyo\n"
		"[stage \"fraud#production\"]\nrequire-stage = lab\n",
		"other current\nother staging\nother v1.0.0\n"
		"content data/x\nlineage-data\nlineage-code\ndata-in-repo\n"
		"format\nparameters\ncard C.md\ncard-section C.md a\n"
		"card-section C.md b\nheld qa\nsoak qa\nsoak lab\n"
		"since-last-event\nholder champion\nreachable-from main\n"
		"utc-offset Asia/Tokyo\nheld lab\n");
	check_questions("promote", "production",
		"[stage \"production\"]\n" BACK "\n",
		"previously-held\nother current\nsince-last-event\n");
	check_questions("promote", "production",
		"[stage \"production\"]\nmonotonic = true\n",
		"other current\n");
	check_questions("promote", "production",
		"[stage \"production\"]\napprovals = 1\n",
		"since-last-event\n");
	check_questions("promote", "production",
		"[stage \"production\"]\noverride = 1 ttl 1h\n",
		"since-last-event\n");
	check_questions("promote", "production",
		"[stage \"production\"]\napprovals = 1\n"
		"override = 1 ttl 1h\ndismiss-on = policy\n", "");
	check_questions("promote", "production",
		"[stage \"production\"]\napprovals = 1\n"
		"dismiss-on = holder\n", "since-last-event\n");
	check_questions("promote", "production",
		"[stage \"production\"]\nmetric = auc > 1\nmax-size = 1\n"
		"license = mit\npromoter = g\nmin-runs = 1\n"
		"[group \"g\"]\nmember = a\n", "");
	check_questions("change", "refs/heads/main",
		"[branch \"main\"]\nformat = npy\n"
		"[stage \"main\"]\nmax-params = 1\n", "format\n");
	check_questions("policy", NULL, "policy-approvals = 1\n", "");
	check_questions("promote", NULL, "[stage \"x\"]\nformat = npy\n", "");
}

static int refuse(void *payload, const char *question, struct mv_err *err)
{
	(void)payload;
	(void)question;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_policy_decide__who_is_asked_may_stop(void **state)
{
	struct mv_policy p;
	int calls = 0;

	(void)state;
	parse(&p, "[stage \"s\"]\nformat = npy\nmax-params = 1\n");
	assert_int_equal(mv_policy_each_question(&p, "promote", "a", "s",
						 refuse, &calls, NULL),
			 MV_ECANCELLED);
	mv_policy_release(&p);
}

static void test_policy_decide__what_is_governed(void **state)
{
	struct mv_policy p;

	(void)state;
	parse(&p, "append-only = true\n[stage \"a*#s\"]\nmax-size = 1\n"
	      "[branch \"main\"]\nmax-size = 1\n");
	assert_true(mv_policy_governs(&p, "stage", "ab", "s"));
	assert_false(mv_policy_governs(&p, "stage", "ba", "s"));
	assert_false(mv_policy_governs(&p, "stage", NULL, "s"));
	assert_false(mv_policy_governs(&p, "stage", "ab", "t"));
	assert_true(mv_policy_governs(&p, "branch", NULL, "main"));
	assert_true(mv_policy_governs(&p, "branch", NULL, "refs/heads/main"));
	assert_false(mv_policy_governs(&p, "branch", NULL, "mai"));
	assert_true(mv_policy_governs(&p, "", NULL, ""));
	mv_policy_release(&p);
}

#define T(name) cmocka_unit_test_setup_teardown( \
	test_policy_decide__##name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_sections_that_speak_of_it),
		T(nothing_speaks_of_it),
		T(branches),
		T(only_enforced_sections_decide),
		T(the_worst_finding_is_the_verdict),
		T(what_is_not_named_is_no),
		T(demoting_needs_person_and_moment),
		T(rollback_spares_some_rules),
		T(when_it_is_a_rollback),
		T(a_rollback_may_need_approvals),
		T(what_is_said_first_stays),
		T(long_findings_are_cut),
		T(findings_are_cut_at_the_end),
		T(a_rule_that_nobody_evaluates),
		T(one_rule_is_one_rule),
		T(worse_results_win),
		T(times_do_not_wrap),
		T(answers),
		T(the_last_version),
		T(how_a_version_is_written),
		T(questions),
		T(who_is_asked_may_stop),
		T(what_is_governed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
