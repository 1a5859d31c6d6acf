/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/meta/project.h"

static int parse(struct mv_project *p, const char *text, struct mv_err *err)
{
	return mv_project_parse(p, ".gitmodel/config", text, strlen(text),
				err);
}

static void test_meta_project__reads_artifacts_and_metrics(void **state)
{
	static const char text[] =
		"[filter]\nsmudge-limit = 1m\n"
		"[artifact \"fraud\"]\npath = models/fraud.pt\ntype = model\n"
		"description = finds \"fraud\"; mostly\nlabel = nn\n"
		"label = prod\nfuture = yes\nmerge = average\n"
		"[metric \"loss\"]\ndirection = down\nunit = nats\n"
		"precision = 4\n"
		"[artifact \"models/nn:data\"]\npath = data/\n"
		"[metric \"*.auc\"]\ndirection = up\n"
		"[artifact \"later\"]\nfuture = only\n"
		"[metric \"seen\"]\nprecision = 17\n";
	struct mv_project p;
	struct mv_err err;

	(void)state;
	assert_int_equal(parse(&p, text, &err), 0);
	assert_int_equal(p.artifact_count, 2);
	assert_string_equal(p.artifacts[0].name, "fraud");
	assert_string_equal(p.artifacts[0].path, "models/fraud.pt");
	assert_string_equal(p.artifacts[0].type, "model");
	assert_string_equal(p.artifacts[0].description,
			    "finds \"fraud\"; mostly");
	assert_string_equal(p.artifacts[0].labels[0], "nn");
	assert_string_equal(p.artifacts[0].labels[1], "prod");
	assert_null(p.artifacts[0].labels[2]);
	assert_string_equal(p.artifacts[0].merge, "average");
	assert_null(p.artifacts[1].merge);
	assert_int_equal(p.artifacts[0].line, 4);
	assert_string_equal(p.artifacts[1].name, "models/nn:data");
	assert_string_equal(p.artifacts[1].path, "data");
	assert_null(p.artifacts[1].type);
	assert_non_null(p.artifacts[1].labels);
	assert_null(p.artifacts[1].labels[0]);
	assert_int_equal(p.metric_count, 3);
	assert_string_equal(p.metrics[0].name, "loss");
	assert_int_equal(p.metrics[0].direction, MV_DIRECTION_DOWN);
	assert_string_equal(p.metrics[0].unit, "nats");
	assert_int_equal(p.metrics[0].precision, 4);
	assert_int_equal(p.metrics[1].direction, MV_DIRECTION_UP);
	assert_int_equal(p.metrics[1].precision, -1);
	assert_null(p.metrics[1].unit);
	assert_int_equal(p.metrics[2].direction, MV_DIRECTION_NONE);
	assert_int_equal(p.metrics[2].precision, 17);
	mv_project_release(&p);
	assert_int_equal(parse(&p, "", &err), 0);
	assert_int_equal(p.artifact_count + p.metric_count, 0);
	mv_project_release(&p);
}

static void test_meta_project__mistakes_have_a_line(void **state)
{
	static const struct {
		const char *text, *why;
	} v[] = {
		{ "[artifact \"a b\"]\npath = x\n", ":2: 'a b' is no name" },
		{ "[artifact]\npath = x\n", ":2: '' is no name" },
		{ "[artifact \"a\"]\ntype = model\n", ":2: 'a' has no path" },
		{ "[artifact \"a\"]\npath =\n", ":2: 'path' has no value" },
		{ "[artifact \"a\"]\npath = x\npath = y\n",
		  ":3: 'path' stands there twice" },
		{ "[artifact \"a\"]\npath = x\ntype = m\ntype = m\n",
		  ":4: 'type' stands there twice" },
		{ "[artifact \"a\"]\npath = /x\n", ":2: '/x' is no path" },
		{ "[artifact \"a\"]\npath = x/../y\n", "is no path" },
		{ "[artifact \"a\"]\npath = .git/x\n", "is no path" },
		{ "[artifact \"a\"]\npath = /\n", "is no path" },
		{ "[artifact \"a\"]\npath = x\n[artifact \"b\"]\npath = x/\n",
		  ":4: 'x' is the path of two artifacts" },
		{ "[artifact \"a\"]\npath = x\nlabel =\n",
		  ":3: 'label' has no value" },
		{ "[artifact \"a\"]\npath = x\nmerge = median\n",
		  ":3: 'median' is no rule for a merge" },
		{ "[artifact \"a\"]\npath = x\nmerge = ours\nmerge = ours\n",
		  ":4: 'merge' stands there twice" },
		{ "[metric]\ndirection = up\n", ":2: 'metric' needs a name" },
		{ "[metric \"m\"]\ndirection = Up\n",
		  ":2: 'Up' is no direction" },
		{ "[metric \"m\"]\nprecision = 18\n",
		  ":2: '18' is no precision" },
		{ "[metric \"m\"]\nprecision = -1\n", "is no precision" },
		{ "[metric \"m\"]\nprecision = 1x\n", "is no precision" },
		{ "[metric \"m\"]\nprecision =\n", "is no precision" },
		{ "[metric \"m\"]\nprecision = 0001\n", "is no precision" },
		{ "[metric \"m\"]\nunit = a\nunit = b\n",
		  ":3: 'unit' stands there twice" },
		{ "[metric \"m\"\n", ":1: " },
		{ "[metric \"m\"]\ndirection = \xe2\x80\xae\n",
		  ":2: line separators and characters that turn" },
	};
	struct mv_project p;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		assert_int_equal(parse(&p, v[i].text, &err), MV_EINVALID);
		if (!strstr(err.msg, v[i].why) ||
		    strncmp(err.msg, ".gitmodel/config:", 17))
			fail_msg("%s: %s", v[i].text, err.msg);
		assert_int_equal(p.artifact_count, 0);
		assert_null(p.artifacts);
		assert_null(p.metrics);
	}
}

static void test_meta_project__too_many_are_refused(void **state)
{
	struct mv_project p;
	struct mv_buf text;
	struct mv_err err;

	(void)state;
	mv_buf_init(&text, 1 << 20);
	for (int i = 0; i < 1000; i++)
		mv_buf_addf(&text, "[metric \"%d\"]\nunit=x\n", i);
	assert_int_equal(parse(&p, text.data, &err), 0);
	assert_int_equal(p.metric_count, 1000);
	mv_project_release(&p);
	mv_buf_addstr(&text, "[metric \"x\"]\nunit=x\n");
	assert_int_equal(parse(&p, text.data, &err), MV_EINVALID);
	mv_buf_clear(&text);
	for (int i = 0; i < 10001; i++)
		mv_buf_addf(&text, "[artifact \"%d\"]\npath=%d\n", i, i);
	assert_int_equal(parse(&p, text.data, &err), MV_EINVALID);
	mv_buf_clear(&text);
	mv_buf_addstr(&text, "[artifact \"x\"]\npath=x\n");
	for (int i = 0; i < 101; i++)
		mv_buf_addstr(&text, "label=x\n");
	assert_int_equal(parse(&p, text.data, &err), MV_EINVALID);
	mv_buf_release(&text);
}

static void test_meta_project__names_are_gtos(void **state)
{
	static const char *const good[] = {
		"a", "fraud", "models/nn", "a-b_c", "1", "A/B/c9",
		"classification/dvclive:models/nn", "a.b:c", "_x:c",
		"x/:c", "lock:c",
	};
	static const char *const bad[] = {
		"", "-a", "a-", "_a", "a_", "/a", "a/", "a b", "a.b", "a@b",
		"a#b", "a=b", "a!", "a:b:c", ":a", "a:", "a//b", "a..b:c",
		".a:c", "a/.b:c", "-a:c", "a.lock/b:c", "/a:c", "a\nb",
		"\xc3\xa9", "a*",
	};
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!mv_artifact_name_ok(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (mv_artifact_name_ok(bad[i]))
			fail_msg("taken: %s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	assert_true(mv_artifact_name_ok(longest));
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	assert_false(mv_artifact_name_ok(longest));
}

static void assert_path(const struct mv_project *p, const char *path,
			const char *name)
{
	const struct mv_artifact *a = mv_project_by_path(p, path);

	if (name)
		assert_non_null(a);
	else
		assert_null(a);
	if (a)
		assert_string_equal(a->name, name);
}

static void test_meta_project__finds_by_name_and_path(void **state)
{
	struct mv_project p;

	(void)state;
	assert_int_equal(parse(&p, "[artifact \"all\"]\npath = data\n"
			       "[artifact \"part\"]\npath = data/part\n"
			       "[artifact \"file\"]\npath = data/part/f.pt\n",
			       NULL), 0);
	assert_path(&p, "data", "all");
	assert_path(&p, "data/x", "all");
	assert_path(&p, "data/part", "part");
	assert_path(&p, "data/part2", "all");
	assert_path(&p, "data/part/f.pt", "file");
	assert_path(&p, "data/part/f.pt2", "part");
	assert_path(&p, "data2", NULL);
	assert_path(&p, "", NULL);
	assert_ptr_equal(mv_project_by_name(&p, "part"), &p.artifacts[1]);
	assert_null(mv_project_by_name(&p, "par"));
	assert_null(mv_project_by_name(&p, "data"));
	mv_project_release(&p);
}

static void assert_rule(const struct mv_project *p, const char *key,
			const char *name)
{
	const struct mv_metric_rule *m = mv_project_metric(p, NULL, key);

	if (!name) {
		assert_null(m);
		return;
	}
	if (!m || strcmp(m->name, name))
		fail_msg("%s: not by %s", key, name);
}

static void test_meta_project__exact_before_longest_glob(void **state)
{
	struct mv_project p;

	(void)state;
	assert_int_equal(parse(&p, "[metric \"*\"]\nunit = 1\n"
			       "[metric \"val.*\"]\nunit = 2\n"
			       "[metric \"*.loss\"]\nunit = 3\n"
			       "[metric \"val.*.lo*s\"]\nunit = 4\n"
			       "[metric \"x.loss\"]\nunit = 5\n"
			       "[metric \"a.loss\"]\nunit = 6\n", NULL), 0);
	assert_rule(&p, "x.loss", "x.loss");
	assert_rule(&p, "y.loss", "*.loss");
	assert_rule(&p, "val.auc", "val.*");
	assert_rule(&p, "val.loss", "*.loss");
	assert_rule(&p, "val.a.b.loss", "val.*.lo*s");
	assert_rule(&p, "val.a.lost", "val.*");
	assert_rule(&p, "anything", "*");
	assert_rule(&p, "", "*");
	mv_project_release(&p);
	assert_int_equal(parse(&p, "[metric \"val.*\"]\nunit = 2\n"
			       "[metric \"?x\"]\nunit = 3\n"
			       "[metric \"a*\"]\nunit = 4\n"
			       "[metric \"*b\"]\nunit = 5\n", NULL), 0);
	assert_rule(&p, "ab", "a*");
	assert_rule(&p, "val", NULL);
	assert_rule(&p, "val.", "val.*");
	assert_rule(&p, "yx", NULL);
	mv_project_release(&p);
}

static void test_meta_project__a_metric_of_one_artifact(void **state)
{
	struct mv_project p;

	(void)state;
	assert_int_equal(parse(&p, "[artifact \"a\"]\npath = a\n"
			       "[artifact \"d:a\"]\npath = b\n"
			       "[metric \"loss\"]\ndirection = up\n"
			       "[metric \"a:l*\"]\ndirection = down\n"
			       "[metric \"d:a.loss\"]\ndirection = none\n"
			       "[metric \"x:loss\"]\ndirection = down\n"
			       "[metric \"a:\"]\nunit = s\n", NULL), 0);
	assert_ptr_equal(mv_project_metric(&p, NULL, "loss"), &p.metrics[0]);
	assert_ptr_equal(mv_project_metric(&p, "b", "loss"), &p.metrics[0]);
	assert_ptr_equal(mv_project_metric(&p, "a", "loss"), &p.metrics[1]);
	assert_ptr_equal(mv_project_metric(&p, "d:a", "loss"), &p.metrics[2]);
	assert_null(mv_project_metric(&p, NULL, "lost"));
	/* Keys of other tools. */
	assert_ptr_equal(mv_project_metric(&p, "a", "x:loss"), &p.metrics[3]);
	assert_ptr_equal(mv_project_metric(&p, "a", "a:"), &p.metrics[4]);
	mv_project_release(&p);
	assert_int_equal(parse(&p, "[artifact \"d:a\"]\npath = b\n"
			       "[metric \"d:a.loss\"]\ndirection = none\n"
			       "[metric \"d:a:loss\"]\ndirection = up\n",
			       NULL), MV_EINVALID);
}

static void test_meta_project__hostile_globs_are_quick(void **state)
{
	struct mv_project p;
	char key[512];

	(void)state;
	assert_int_equal(parse(&p, "[metric \"*a*a*a*a*a*a*a*a*a*a*a*a*b\"]\n"
			       "unit = x\n", NULL), 0);
	memset(key, 'a', sizeof(key));
	key[511] = '\0';
	for (int i = 0; i < 1000; i++)
		assert_null(mv_project_metric(&p, NULL, key));
	key[510] = 'b';
	assert_non_null(mv_project_metric(&p, NULL, key));
	mv_project_release(&p);
}

static void knows(const char *section, const char *subname, const char *key,
		  enum mv_known expected, const char *expected_near)
{
	const char *near = "unset";

	assert_int_equal(mv_project_knows(&near, section, subname, key),
			 expected);
	if (expected_near)
		assert_string_equal(near, expected_near);
	else
		assert_null(near);
}

static void test_meta_project__knows_its_keys(void **state)
{
	(void)state;
	knows("artifact", "a", "label", MV_KNOWN, NULL);
	knows("metric", "a", "precision", MV_KNOWN, NULL);
	knows("filter", "", "smudge-limit", MV_KNOWN, NULL);
	knows("repository", "", "id", MV_KNOWN, NULL);
	knows("artifact", "a", "merge", MV_KNOWN, NULL);
	knows("artifact", "a", "labl", MV_UNKNOWN_KEY, "label");
	knows("artifact", "a", "unit", MV_UNKNOWN_KEY, NULL);
	knows("filter", "", "zzzz", MV_UNKNOWN_KEY, NULL);
	knows("artefact", "a", "label", MV_UNKNOWN_SECTION, "artifact");
	knows("zzzz", "", "id", MV_UNKNOWN_SECTION, NULL);
	/* A section of another kind: with a name where none is, or without. */
	knows("filter", "x", "smudge-limit", MV_UNKNOWN_SECTION, NULL);
	knows("metric", "", "unit", MV_UNKNOWN_SECTION, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_project__reads_artifacts_and_metrics),
		cmocka_unit_test(test_meta_project__mistakes_have_a_line),
		cmocka_unit_test(test_meta_project__too_many_are_refused),
		cmocka_unit_test(test_meta_project__names_are_gtos),
		cmocka_unit_test(test_meta_project__finds_by_name_and_path),
		cmocka_unit_test(test_meta_project__exact_before_longest_glob),
		cmocka_unit_test(test_meta_project__a_metric_of_one_artifact),
		cmocka_unit_test(test_meta_project__hostile_globs_are_quick),
		cmocka_unit_test(test_meta_project__knows_its_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
