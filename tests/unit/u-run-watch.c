/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/run/priv.h"

static void test_repo_watch__names_suggest_params(void **state)
{
	static const char *const params[] = {
		"params.yaml", "a/params.json", "hyperparameters.yml",
		"PARAMS.YAML", "config.json", "train-config.yaml",
		"conf/config_a.yml", "eval_params.json", "dvclive/params.yaml"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		assert_int_equal(mv_run_watch_roles(params[i]),
				 MV_WATCH_PARAMS);
}

static void test_repo_watch__names_suggest_metrics(void **state)
{
	static const char *const metrics[] = {
		"metrics.json", "out/metrics.yaml", "results.csv", "eval.tsv",
		"test-scores.json", "a/dvclive/plots/metrics/loss.tsv",
		"dvclive/x.json", "metric_params.csv"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		assert_int_equal(mv_run_watch_roles(metrics[i]),
				 MV_WATCH_METRICS);
}

static void test_repo_watch__most_names_suggest_nothing(void **state)
{
	static const char *const others[] = {
		"", "params", "params.bin", ".params.yaml", "tsconfig.json",
		".github/config.yml", "a/.cache/metrics.json", "package.json",
		"metrics.jsonl", "metrics.json.bak", ".json", "data.csv",
		"config.csv", "notdvclive/x.json", "dvclive.json"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(mv_run_watch_roles(others[i]), 0);
}

static void from(const char *expected, const char *prefix, const char *path)
{
	char *out = mv_run_path_from(prefix, path);

	assert_non_null(out);
	assert_string_equal(out, expected);
	free(out);
}

static void test_repo_watch__paths_as_one_types_them(void **state)
{
	(void)state;
	from("a/b", "", "a/b");
	from("b", "a/", "a/b");
	from("../b", "a/", "b");
	from("../../c", "a/b/", "c");
	from("../c/d", "a/b/", "a/c/d");
	from("../ab", "a/", "ab");
	from("../a", "ab/", "a");
	from("/x", "a/", "/x");
	from("../../", "a/b/", "");
}

static void live(const char *expected, const char *path)
{
	char *out = mv_run_live_folder(path);

	if (expected)
		assert_string_equal(out, expected);
	else
		assert_null(out);
	free(out);
}

static void test_repo_watch__finds_dvclive_folders(void **state)
{
	(void)state;
	live("dvclive", "dvclive/metrics.json");
	live("a/dvclive", "a/dvclive/plots/metrics/x.tsv");
	live("xdvclive/dvclive", "xdvclive/dvclive/a");
	live(NULL, "xdvclive/a");
	live(NULL, "dvclive");
	live(NULL, "");
}

static void test_repo_watch__changes_are_seen(void **state)
{
	struct mv_watched f = { .was = 0, .is = 0 };

	(void)state;
	assert_false(mv_run_watch_changed(&f));
	f.is = 1;
	assert_true(mv_run_watch_changed(&f));
	f.was = 1;
	assert_false(mv_run_watch_changed(&f));
	f.after.st_mtim.tv_nsec = 1;
	assert_true(mv_run_watch_changed(&f));
	f.after.st_mtim.tv_nsec = 0;
	f.after.st_ino = 1;
	assert_true(mv_run_watch_changed(&f));
	f.is = 0;
	assert_true(mv_run_watch_changed(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repo_watch__names_suggest_params),
		cmocka_unit_test(test_repo_watch__names_suggest_metrics),
		cmocka_unit_test(test_repo_watch__most_names_suggest_nothing),
		cmocka_unit_test(test_repo_watch__paths_as_one_types_them),
		cmocka_unit_test(test_repo_watch__finds_dvclive_folders),
		cmocka_unit_test(test_repo_watch__changes_are_seen)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
