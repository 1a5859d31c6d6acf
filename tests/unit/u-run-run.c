/* SPDX-License-Identifier: MIT */
#include "libmv/run/run.h"
#include "tests/unit/u-world.h"

/* Commands that are run for real, and what is recorded of them. */
#define NOW 1700000000000LL

static int64_t clock_of(void)
{
	return NOW;
}

static void begin(struct world *w)
{
	world_new(w, "");
	run(&w->r, "echo '*.bin filter=model -text' >.gitattributes && "
	    "echo 1 >data.csv && git add . && git commit -qm two");
	/* A command is run where the person is. */
	assert_int_equal(chdir(w->r.dir), 0);
	world_open(w, NULL);
}

static int execute(struct mv_run_result *out, struct world *w,
		   const char *const *argv, const char *output)
{
	const char *const outputs[] = { output, NULL };
	const char *const inputs[] = { "data.csv", NULL };
	const struct mv_run_options o = {
		.command = argv, .outputs = output ? outputs : NULL,
		.inputs = inputs, .no_environment = 1,
		.hooks = { .now = clock_of, .stdout_to_stderr = 1 }
	};

	world_open(w, NULL);
	return mv_run_execute(out, w->repo, &o, &w->err);
}

static int shell(struct mv_run_result *out, struct world *w, const char *line,
		 const char *output)
{
	const char *const argv[] = { "sh", "-c", line, NULL };

	return execute(out, w, argv, output);
}

static void test_run_execute__records_what_it_wrote(void **state)
{
	struct mv_run_result r;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, shell(&r, &w, "echo model >m.bin; "
			    "echo '{\"auc\": 0.5}' >metrics.json", "m.bin"));
	assert_int_equal(r.exit_code, 0);
	assert_int_equal(r.recorded, 1);
	assert_string_equal(r.record.t, "2023-11-14T22:13:20.000Z");
	assert_int_equal(r.record.metrics.count, 1);
	assert_string_equal(r.record.metrics.v[0].key, "auc");
	mv_run_result_release(&r);
	/* Staged as a pointer, with a note on it. */
	assert_prints(&w.r, "git-model/1\n", "git cat-file blob :m.bin | "
		      "head -1");
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c data.csv");
	world_drop(&w);
}

static void test_run_execute__a_command_that_failed_is_recorded(void **state)
{
	struct mv_run_result r;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, shell(&r, &w, "echo model >m.bin; exit 7", "m.bin"));
	assert_int_equal(r.exit_code, 7);
	assert_int_equal(r.recorded, 1);
	mv_run_result_release(&r);
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c '\"exit\":7\\|"
		      "\"exit_code\":7\\|\"status\":7'");
	world_drop(&w);
}

static void test_run_execute__what_cannot_be_is_no_run(void **state)
{
	const char *const none[] = { "no-such-program-here", NULL };
	struct mv_run_result r;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_not_equal(execute(&r, &w, none, NULL), 0);
	assert_non_null(strstr(w.err.msg, "no-such-program-here"));
	/* Nothing was written, and nothing of ours was read. */
	assert_ok(&w, shell(&r, &w, "true", "m.bin"));
	assert_int_equal(r.recorded, 0);
	assert_non_null(strstr(w.warned, "'m.bin' is not there"));
	mv_run_result_release(&r);
	run(&w.r, "! git rev-parse -q --verify refs/notes/model");
	world_drop(&w);
}

static void test_run_execute__a_secret_is_not_recorded(void **state)
{
	struct mv_run_result r;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, shell(&r, &w, "echo model >m.bin; : --password "
			    "hunter2hunter2 API_TOKEN=hunter2hunter2",
			    "m.bin"));
	mv_run_result_release(&r);
	{
		const char *const argv[] = { "sh", "-c", "echo x >m.bin", "x",
					     "--password", "hunter2hunter2",
					     "--api-key=hunter2hunter2",
					     NULL };

		assert_ok(&w, execute(&r, &w, argv, "m.bin"));
		mv_run_result_release(&r);
	}
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c '\\*\\*\\*'");
	assert_prints(&w.r, "0\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | grep -c hunter2 || true");
	world_drop(&w);
}

/* -- again ---------------------------------------------------------------- */

static int again(struct mv_reproduced *out, struct world *w, const char *spec)
{
	const struct mv_run_hooks hooks = { .now = clock_of,
					    .stdout_to_stderr = 1 };

	world_open(w, NULL);
	return mv_run_reproduce(out, w->repo, spec, 0, &hooks, &w->err);
}

static void test_run_reproduce__the_same_and_not_the_same(void **state)
{
	struct mv_run_result r;
	struct mv_reproduced a;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, shell(&r, &w, "cat data.csv data.csv >m.bin", "m.bin"));
	mv_run_result_release(&r);
	run(&w.r, "git commit -qm model");
	assert_ok(&w, again(&a, &w, "m.bin"));
	assert_int_equal(a.exit_code, 0);
	assert_int_equal(a.run.exit_code, 0);
	assert_int_equal(a.run.recorded, 0);
	assert_int_equal(a.equal, 1);
	assert_int_equal(a.different + a.missing, 0);
	assert_null(a.worktree);
	mv_run_reproduced_release(&a);
	assert_prints(&w.r, "1\n", "git worktree list | wc -l");
	/* One that says something else each time. */
	assert_ok(&w, shell(&r, &w, "date +%s%N >m.bin", "m.bin"));
	mv_run_result_release(&r);
	run(&w.r, "git commit -qm 'another model'");
	assert_ok(&w, again(&a, &w, "m.bin"));
	assert_int_equal(a.equal, 0);
	assert_int_equal(a.different, 1);
	assert_int_equal(a.expected.count, a.actual.count);
	mv_run_reproduced_release(&a);
	/* Nothing of that was recorded. */
	assert_prints(&w.r, "1\n", "git notes --ref=model show "
		      "$(git rev-parse :m.bin) | wc -l");
	world_drop(&w);
}

static void test_run_reproduce__no_run_and_none_that_can_be_run(void **state)
{
	struct mv_run_result r;
	struct mv_reproduced a;
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(again(&a, &w, "nosuch"), MV_ENOENT);
	run(&w.r, "printf 'git-model/1\\noid sha256:%%064d\\nsize 4\\n' 1 "
	    ">n.bin && git add n.bin && git commit -qm n");
	assert_int_equal(again(&a, &w, "n.bin"), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "n.bin"));
	/* What was masked cannot be run again. */
	{
		const char *const argv[] = { "sh", "-c", "echo x >m.bin", "x",
					     "--password", "hunter2hunter2",
					     NULL };

		assert_ok(&w, execute(&r, &w, argv, "m.bin"));
		mv_run_result_release(&r);
	}
	run(&w.r, "git commit -qm model");
	assert_int_equal(again(&a, &w, "m.bin"), MV_ENOTSUP);
	assert_true(*w.err.msg);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_execute__records_what_it_wrote),
		cmocka_unit_test(
			test_run_execute__a_command_that_failed_is_recorded),
		cmocka_unit_test(test_run_execute__what_cannot_be_is_no_run),
		cmocka_unit_test(test_run_execute__a_secret_is_not_recorded),
		cmocka_unit_test(test_run_reproduce__the_same_and_not_the_same),
		cmocka_unit_test(
			test_run_reproduce__no_run_and_none_that_can_be_run)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
