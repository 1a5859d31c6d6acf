/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/project.h"
#include "libmv/policy/policy.h"

static void good_with(struct mv_policy *p, const char *text,
		      const char *config)
{
	struct mv_err err;

	if (mv_policy_parse(p, text, strlen(text), config,
			    config ? strlen(config) : 0, &err))
		fail_msg("%s", err.msg);
}

static void bad_with(const char *text, const char *config,
		     const char *message)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_policy p;

	memset(&p, 0xff, sizeof(p));
	if (mv_policy_parse(&p, text, strlen(text), config,
			    config ? strlen(config) : 0, &err) != MV_EINVALID)
		fail_msg("accepted: %s", text);
	if (message)
		assert_string_equal(err.msg, message);
	assert_null(p.sections);
	assert_null(p.groups);
	assert_int_equal(p.section_count, 0);
	mv_policy_release(&p);
}

static void bad(const char *text, const char *message)
{
	bad_with(text, NULL, message);
}

static void test_policy_parse__a_long_rule_goes_on(void **state)
{
	static const char text[] =
		"[stage \"s\"]\n"
		"any = auc margin 0.001\n"
		"    # one is enough\n"
		"    | f1 >= 0.9\n"
		"\t| loss == 2\n"
		"license = mit\n"
		"  bsd-3-clause\n";
	struct mv_policy p;

	(void)state;
	good_with(&p, text, NULL);
	assert_int_equal(p.sections[0].count, 2);
	assert_string_equal(p.sections[0].rules[0].value,
			    "auc margin 0.001 | f1 >= 0.9 | loss == 2");
	assert_int_equal(p.sections[0].rules[0].line, 2);
	assert_string_equal(p.sections[0].rules[1].value, "mit bsd-3-clause");
	assert_int_equal(p.sections[0].rules[1].line, 6);
	mv_policy_release(&p);
	/* The first line is what is told of; no rule hides in a list. */
	bad("[stage \"s\"]\n\nany = auc |\n  f1 ~ 1\n",
	    ".gitmodel/policy:3: 'auc | f1 ~ 1': expected KEY OPERATOR NUMBER, "
	    "such as auc >= 0.92");
	bad("[stage \"s\"]\nlicense = mit\n  approvals = 2\n",
	    ".gitmodel/policy:3: an indented line would continue the one before "
	    "it; begin at the left");
	bad("[group \"g\"]\nmember = a@b\n  c@d\n", NULL);
}

static void test_policy_parse__a_whole_policy(void **state)
{
	static const char text[] =
		"# protects itself\n"
		"policy-approvals = 2 from governance\n"
		"immutable-tags = true\n\n"
		"[group \"governance\"]\n"
		"member = alice@example.com\n"
		"member = bob@example.com\n"
		"[stage \"production\"]\n"
		"mode = warn\n"
		"metric = auc >= 0.92\n"
		"metric = loss <= 2\n"
		"[stage \"fraud#production\"]\n"
		"[branch \"main\"]\n"
		"mode = evaluate\n"
		"max-size = 2GiB\n";
	struct mv_policy p;

	(void)state;
	good_with(&p, text, "[metric \"auc\"]\ndirection = up\n");
	assert_int_equal(p.section_count, 4);
	assert_string_equal(p.sections[0].kind, "");
	assert_int_equal(p.sections[0].count, 2);
	assert_int_equal(p.sections[0].rules[1].line, 3);
	assert_string_equal(p.sections[1].kind, "stage");
	assert_string_equal(p.sections[1].name, "production");
	assert_int_equal(p.sections[1].mode, MV_MODE_WARN);
	assert_int_equal(p.sections[1].mode_line, 9);
	assert_int_equal(p.sections[1].line, 8);
	assert_int_equal(p.sections[1].count, 2);
	assert_string_equal(p.sections[1].rules[1].key, "metric");
	assert_string_equal(p.sections[1].rules[1].value, "loss <= 2");
	assert_int_equal(p.sections[1].rules[1].line, 11);
	assert_int_equal(p.sections[2].mode, MV_MODE_ENFORCE);
	assert_int_equal(p.sections[2].mode_line, 0);
	assert_int_equal(p.sections[2].count, 0);
	assert_int_equal(p.sections[3].mode, MV_MODE_EVALUATE);
	assert_int_equal(p.group_count, 1);
	assert_int_equal(p.groups[0].count, 2);
	assert_string_equal(p.groups[0].members[1], "bob@example.com");
	assert_int_equal(p.groups[0].line, 5);
	assert_int_equal(mv_project_metric(&p.project, NULL, "auc")->direction,
			 MV_DIRECTION_UP);
	mv_policy_release(&p);
	assert_null(p.sections);
	mv_policy_release(&p);
}

static void test_policy_parse__nothing_at_all(void **state)
{
	struct mv_policy p;

	(void)state;
	good_with(&p, "", NULL);
	assert_int_equal(p.section_count, 0);
	assert_int_equal(strlen(p.digest), 71);
	mv_policy_release(&p);
}

static void test_policy_parse__the_digest_covers_both_files(void **state)
{
	static const struct {
		const char *policy, *config;
	} rows[] = {
		{ "", NULL },
		{ "# a\n", NULL },
		{ "", "# a\n" },
		{ "# a\n", "# b\n" },
		{ "# a\n# b\n", NULL },
		{ "# a\n# b\n", "# b\n" },
		{ "# b\n", "# a\n" },
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct mv_policy p[ROWS], again;

	(void)state;
	for (int i = 0; i < ROWS; i++) {
		good_with(&p[i], rows[i].policy, rows[i].config);
		assert_memory_equal(p[i].digest, "sha256:", 7);
		good_with(&again, rows[i].policy, rows[i].config);
		assert_string_equal(p[i].digest, again.digest);
		mv_policy_release(&again);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(p[i].digest, p[j].digest);
	}
	for (int i = 0; i < ROWS; i++)
		mv_policy_release(&p[i]);
	/* printf 'git-model-policy/1\n4 4\n# a\n# b\n' | sha256sum */
	good_with(&again, "# a\n", "# b\n");
	assert_string_equal(again.digest, "sha256:"
			    "97d91eda887b015c743c61217d96c7ecf982f86f158f51af91a49ccb05f92c15");
	mv_policy_release(&again);
}

static void test_policy_parse__says_file_and_line(void **state)
{
	(void)state;
	bad("\n[stage \"s\"]\nmetric = auc\n", ".gitmodel/policy:3: 'auc': "
	    "expected KEY OPERATOR NUMBER, such as auc >= 0.92");
	bad("[stage \"s\"]\nmode = on\n",
	    ".gitmodel/policy:2: mode is enforce, warn or evaluate, not 'on'");
	bad("[stage \"s\"]\nmode = warn\nmode = warn\n",
	    ".gitmodel/policy:3: twice in this section: 'mode'");
	bad("mode = warn\n", ".gitmodel/policy:1: 'mode' is no rule that this "
	    "version knows; see git-model-policy(1)");
	bad("[stage \"s\"]\nmax-size = 1\nmax-size = 2\n",
	    ".gitmodel/policy:3: twice in this section: 'max-size'");
	bad("[stage \"s\"]\naggregate = auc min\naggregate = f1 min\n"
	    "aggregate = auc max\n",
	    ".gitmodel/policy:4: twice in this section: 'aggregate'");
	bad("[stage \"s\"]\napprovals = 1 from leads\n",
	    ".gitmodel/policy:2: there is no group 'leads'");
	bad_with("", "[metric \"auc\"]\ndirection = sideways\n", NULL);
}

static void test_policy_parse__every_rule_with_a_group_is_checked(
		void **state)
{
	static const char *const rules[] = {
		"approvals = 1 from g", "veto = 1 from g", "promoter = g",
		"override = 1 from g ttl 1d",
		"rollback = previously-held within 1d approvals 1 from g"
	};
	char text[128];
	struct mv_policy p;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "[stage \"s\"]\n%s\n", rules[i]);
		bad(text, ".gitmodel/policy:2: there is no group 'g'");
		snprintf(text, sizeof(text), "[stage \"s\"]\n%s\n"
			 "[group \"g\"]\n", rules[i]);
		good_with(&p, text, NULL);
		mv_policy_release(&p);
	}
	bad("policy-approvals = 1 from g\n",
	    ".gitmodel/policy:1: there is no group 'g'");
	/* Words of other rules are no groups. */
	good_with(&p, "[stage \"s\"]\nrequire-stage = g\n", NULL);
	mv_policy_release(&p);
}

static void test_policy_parse__sections(void **state)
{
	struct mv_policy p;

	(void)state;
	bad("[metric \"auc\"]\ndirection = up\n", ".gitmodel/policy:1: "
	    "directions of metrics belong into .gitmodel/config, not 'auc'");
	bad("[artifact \"a\"]\n", ".gitmodel/policy:1: unknown section "
	    "'artifact'");
	bad("[stage]\nmax-size = 1\n", NULL);
	bad("[stage \"#production\"]\n", NULL);
	bad("[stage \"a#\"]\n", NULL);
	bad("[stage \"a b\"]\n", NULL);
	bad("[stage \"a#b c\"]\n", NULL);
	bad("[branch \"refs/heads/main\"]\n", ".gitmodel/policy:1: a branch "
	    "is named without refs/heads/, not 'refs/heads/main'");
	bad("[branch]\n", NULL);
	bad("[group]\nmember = a\n", NULL);
	bad("[group \"a b\"]\n", NULL);
	/* What inih would do to it. */
	bad("[stage \"s\"]\n[stage \"s\"]\n", NULL);
	bad("[stage \"s\"]\n  metric = auc >= 1\n", NULL);
	bad("[stage \"s\"]\nmax-size = 1 ; 2\n", NULL);
	good_with(&p, "[stage \"dir/x:a*#b\"]\n[branch \"v/*\"]\n", NULL);
	assert_int_equal(p.section_count, 2);
	mv_policy_release(&p);
}

static void test_policy_parse__members(void **state)
{
	(void)state;
	bad("[group \"g\"]\nperson = a\n", ".gitmodel/policy:2: a group has "
	    "members, not 'person'");
	bad("[group \"g\"]\nmember = a b\n", ".gitmodel/policy:2: a member is "
	    "one principal, such as alice@example.com, not 'a b'");
	bad("[group \"g\"]\nmember = *@x\n", NULL);
	bad("[group \"g\"]\nmember = a?x\n", NULL);
	bad("[group \"g\"]\nmember = a,b\n", NULL);
	bad("[group \"g\"]\nmember =\n", NULL);
	bad("[group \"g\"]\nmember = a\nmember = a\n",
	    ".gitmodel/policy:3: twice in this group: 'a'");
	bad("[group \"g\"]\nmember = a@x\nmember = A@X\n",
	    ".gitmodel/policy:3: twice in this group: 'A@X'");
}

/* `n` times a line behind a head, with the number where a "%" is. */
static char *repeated(const char *head, const char *line, int n)
{
	size_t size = strlen(head) + (size_t)n * (strlen(line) + 8) + 1;
	char *text = malloc(size), *s = text;

	s += sprintf(s, "%s", head);
	for (int i = 0; i < n; i++)
		s += sprintf(s, "%.*s%d%s", (int)strcspn(line, "%"), line, i,
			     strchr(line, '%') + 1);
	return text;
}

static void test_policy_parse__bounds(void **state)
{
	static const struct {
		const char *head, *line;
		int most;
	} rows[] = {
		{ "", "[stage \"s%\"]\n", 256 },
		{ "", "[group \"s%\"]\n", 256 },
		{ "[stage \"s\"]\n", "metric = m% > 1\n", 256 },
		{ "[group \"g\"]\n", "member = m%\n", 1024 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = repeated(rows[i].head, rows[i].line,
				      rows[i].most);
		struct mv_policy p;

		good_with(&p, text, NULL);
		mv_policy_release(&p);
		free(text);
		text = repeated(rows[i].head, rows[i].line, rows[i].most + 1);
		bad(text, NULL);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_parse__a_long_rule_goes_on),
		cmocka_unit_test(test_policy_parse__a_whole_policy),
		cmocka_unit_test(test_policy_parse__nothing_at_all),
		cmocka_unit_test(test_policy_parse__the_digest_covers_both_files),
		cmocka_unit_test(test_policy_parse__says_file_and_line),
		cmocka_unit_test(test_policy_parse__every_rule_with_a_group_is_checked),
		cmocka_unit_test(test_policy_parse__sections),
		cmocka_unit_test(test_policy_parse__members),
		cmocka_unit_test(test_policy_parse__bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
