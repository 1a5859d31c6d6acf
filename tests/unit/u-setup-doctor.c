/* SPDX-License-Identifier: MIT */
#include "tests/unit/u-world.h"

#include "libmv/setup/setup.h"

/* The doctor: each fault once, with its cause and what mends it. */
static struct world w;
static char said[32768];
static int levels[3];

static void found(void *payload, enum mv_doctor_level level,
		  const char *check, const char *message, const char *mend)
{
	static const char *const words[] = { "ok", "warn", "bad" };
	size_t len = strlen(said);

	assert_ptr_equal(payload, &w);
	levels[level]++;
	snprintf(said + len, sizeof(said) - len, "%s %s: %s => %s\n",
		 words[level], check, message, mend ? mend : "-");
}

static int visit(void)
{
	const struct mv_doctor doctor = { "/x/git-model", found, &w };

	*said = '\0';
	memset(levels, 0, sizeof(levels));
	return mv_setup_doctor(w.repo, &w.r.env, &doctor, &w.err);
}

static void expect(const char *words)
{
	if (!strstr(said, words))
		fail_msg("not said: %s\nbut: %s", words, said);
}

static void install(void)
{
	const struct mv_install in = {
		.scope = "--local", .program = "/x/git-model"
	};

	assert_ok(&w, mv_setup_install(w.repo, &w.r.env, &in, &w.err));
	world_open(&w, NULL);
}

/* A PATH of git and what git-model is here: a script that says a version. */
static void begin(void)
{
	world_new(&w, "-b main");
	assert_int_equal(chdir(w.r.root), 0);	/* never where we are built */
	run(&w.r, "mkdir \"$ROOT/bin\" && ln -s \"$(command -v git)\" "
	    "\"$ROOT/bin/git\" && printf '#!/bin/sh\\necho 1\\n' "
	    ">\"$ROOT/bin/git-model\" && chmod +x \"$ROOT/bin/git-model\"");
	w.r.env.search_path = mv_strf("%s/bin", w.r.root);
	world_open(&w, NULL);
}

static void finish(void)
{
	free((char *)(uintptr_t)w.r.env.search_path);
	w.r.env.search_path = getenv("PATH");
	world_drop(&w);
}

static void test_setup_doctor__names_what_is_missing_and_what_mends_it(void **state)
{
	(void)state;
	begin();
	assert_ok(&w, visit());
	expect("bad configuration: filter.model.process is not set => "
	       "git model install");
	expect("bad hooks: there is no pre-push hook => git model install");
	expect("bad hooks: there is no pre-commit hook");
	expect("warn attributes: no pattern gives files");
	install();
	assert_ok(&w, visit());
	expect("ok configuration: filter, diff and merge driver are set");
	expect("ok hooks: pre-push");
	finish();
}

static void test_setup_doctor__records_that_nobody_can_read(void **state)
{
	(void)state;
	begin();
	run(&w.r, "echo x >x && git add x && git commit -q -m x && git notes "
	    "--ref=model add -m '{}' HEAD:x");
	world_open(&w, NULL);
	assert_ok(&w, visit());
	assert_null(strstr(said, " records: "));
	run(&w.r, "B=$(git notes --ref=model list | cut -d ' ' -f 1) && rm -f "
	    ".git/objects/$(echo $B | cut -c1-2)/$(echo $B | cut -c3-)");
	world_open(&w, NULL);
	assert_ok(&w, visit());
	expect("bad records: refs/notes/model: blob ");
	run(&w.r, "git update-ref refs/notes/model HEAD");
	world_open(&w, NULL);
	assert_ok(&w, visit());
	expect("is no note");
	expect("=> git model fsck --repair");
	finish();
}

static void test_setup_doctor__without_a_repository(void **state)
{
	(void)state;
	begin();
	mv_repo_close(w.repo);
	w.repo = NULL;
	assert_ok(&w, visit());
	expect("configuration: filter.model.process is not set");
	assert_null(strstr(said, " hooks: "));
	assert_null(strstr(said, " store: "));
	finish();
}

/* Nothing can be found out then, which is no health. */
static void test_setup_doctor__git_that_cannot_be_asked(void **state)
{
	(void)state;
	begin();
	run(&w.r, "rm \"$ROOT/bin/git\"");
	assert_int_equal(visit(), MV_ENOENT);
	assert_string_equal(said, "");
	run(&w.r, "printf '#!/bin/sh\\nexit 128\\n' >\"$ROOT/bin/git\" && "
	    "chmod +x \"$ROOT/bin/git\"");
	assert_int_equal(visit(), MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "git config --list"));
	finish();
}

/* What git does not say about one thing is a finding of its own. */
static void test_setup_doctor__each_question_that_nobody_answers(void **state)
{
	static const struct {
		const char *words, *finding;
	} cases[] = {
		{ "--others", "bad files: files that killed processes left" },
		{ "--git-path", "bad hooks: " }
	};

	(void)state;
	begin();
	install();
	run(&w.r, "git=$(readlink \"$ROOT/bin/git\") && "
	    "rm \"$ROOT/bin/git\" && printf '#!/bin/sh\n"
	    "case \"$*\" in *\"$(cat \"$ROOT/broken\")\"*) exit 1; esac\n"
	    "exec %%s \"$@\"\n' \"$git\" >\"$ROOT/bin/git\" && "
	    "chmod +x \"$ROOT/bin/git\" && echo nothing >\"$ROOT/broken\"");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_open(&w, NULL);
		put_file(&w.r, "../broken", cases[i].words,
			 strlen(cases[i].words));
		assert_ok(&w, visit());
		expect(cases[i].finding);
		run(&w.r, "echo nothing >\"$ROOT/broken\"");
	}
	finish();
}

static void test_setup_doctor__hooks_of_somebody_else(void **state)
{
	(void)state;
	begin();
	install();
	run(&w.r, "printf '#!/bin/sh\\n' >.git/hooks/pre-push && "
	    "chmod +x .git/hooks/pre-push && mkdir \"$ROOT/shared\" && "
	    "mkdir .git/hooks/pre-commit.model-chained");
	assert_ok(&w, visit());
	expect("pre-push' does not call git-model => git model install");
	run(&w.r, "git config core.hooksPath \"$ROOT/shared\" && "
	    "printf '#!/usr/bin/perl\\n' >\"$ROOT/shared/pre-push\" && "
	    "chmod +x \"$ROOT/shared/pre-push\"");
	world_open(&w, NULL);
	assert_ok(&w, visit());
	expect("shared/pre-push' does not call git-model: it is no shell "
	       "script");
	expect("=> let it call `git-model hook --alone NAME");
	finish();
}

static void test_setup_doctor__values_that_make_no_sense(void **state)
{
	(void)state;
	begin();
	install();
	run(&w.r, "git config model.threads many && "
	    "git config model.lockTimeout soon && "
	    "git config filter.model.process other && "
	    "mkdir .gitmodel && echo '[' >.gitmodel/config");
	world_open(&w, NULL);
	assert_ok(&w, visit());
	expect("=> git config model.threads VALUE");
	expect("=> git config model.lockTimeout VALUE");
	expect("bad configuration: filter.model.process is 'other' => "
	       "git config --local --unset-all filter.model.process");
	finish();
}

/* A server whose key was lost signs nothing, and nobody would know. */
static void test_setup_doctor__a_server_without_its_key(void **state)
{
	(void)state;
	begin();
	run(&w.r, "git config model.server true && "
	    "git config model.receiptKey \"$ROOT/key\"");
	world_open(&w, NULL);
	assert_ok(&w, visit());
	expect("there is no pre-receive hook => git model install --server .");
	expect("warn receipts: ");
	expect("key' cannot be read");
	run(&w.r, ": >\"$ROOT/key\"");
	assert_ok(&w, visit());
	assert_null(strstr(said, "receipts"));
	finish();
}

/* Every file, folder and link, and when it was changed. */
static char *all(void)
{
	return sh(&w.r, "find \"$ROOT\" -printf '%%p %%s %%M %%T@ %%l\\n' | "
		  "sort");
}

static void test_setup_doctor__changes_nothing(void **state)
{
	char *before, *after;

	(void)state;
	begin();
	install();
	run(&w.r, "echo '*.bin filter=model' >.gitattributes && git add . && "
	    "echo bytes >a.bin && mkdir -p .git/model/packs && "
	    "git config remote.o.url \"$ROOT/none\"");
	world_open(&w, NULL);
	before = all();
	assert_ok(&w, visit());
	after = all();
	assert_string_equal(before, after);
	free(before);
	free(after);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_doctor__names_what_is_missing_and_what_mends_it),
		cmocka_unit_test(test_setup_doctor__records_that_nobody_can_read),
		cmocka_unit_test(test_setup_doctor__without_a_repository),
		cmocka_unit_test(test_setup_doctor__git_that_cannot_be_asked),
		cmocka_unit_test(test_setup_doctor__each_question_that_nobody_answers),
		cmocka_unit_test(test_setup_doctor__hooks_of_somebody_else),
		cmocka_unit_test(test_setup_doctor__values_that_make_no_sense),
		cmocka_unit_test(test_setup_doctor__a_server_without_its_key),
		cmocka_unit_test(test_setup_doctor__changes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
