/* SPDX-License-Identifier: MIT */
/* filters/asker.c: what a git command wants, by its command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "filters/asker.h"

#define L MV_ASKER_LOOKS
#define M (MV_ASKER_LOOKS | MV_ASKER_MOVES)
#define X MV_ASKER_EXPORTS
#define B (MV_ASKER_LOOKS | MV_ASKER_BLAMES)

/* The words of `line` as a command line. */
static unsigned ask(const char *line, int external_diff)
{
	const char *argv[32];
	char words[256], *save = NULL, *word;
	size_t argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return asker_of(argc, argv, external_diff);
}

static void test_filters_asker__commands(void **state)
{
	static const struct {
		const char *line;
		unsigned plain, with_external;
	} rows[] = {
		{ "git status", L, L },
		{ "git status --porcelain", L, L },
		{ "git diff", L, L | X },
		{ "git diff --no-ext-diff", L, L },
		{ "git log -p", 0, 0 },
		{ "git log -p --ext-diff", 0, X },
		{ "git difftool", L | X, L | X },
		{ "git archive HEAD", X, X },
		{ "git-archive HEAD", X, X },
		{ "/usr/lib/git-core/git archive HEAD", X, X },
		{ "git -C /tmp -c a.b=c --no-pager archive HEAD", X, X },
		{ "git --git-dir /x --work-tree=/y cat-file --filters a", X,
		  X },
		{ "git cat-file --textconv HEAD:a", 0, 0 },
		{ "git cat-file --batch --filters", X, X },
		{ "git cat-file --filter=blob:none --batch", 0, 0 },
		{ "git checkout-index -a", L, L },
		{ "git checkout-index --prefix=/x/ -a", L | X, L | X },
		{ "git checkout-index --temp a", L | X, L | X },
		{ "git checkout-index -- --temp", L, L },
		{ "git checkout main", M, M },
		{ "git rebase -i main", M, M },
		{ "git reset", M, M },
		{ "git update-index --refresh", L, L },
		{ "git update-index --add a", 0, 0 },
		{ "git blame a", B, B },
		{ "git annotate a", B, B },
		{ "git-blame --porcelain a", B, B },
		{ "git add blame", 0, 0 },
		{ "git add .", 0, 0 },
		{ "git commit -a", 0, 0 },
		{ "git stash", 0, 0 },
		{ "git add status", 0, 0 },
		{ "git -C status add .", 0, 0 },
		{ "git", 0, 0 },
		{ "git -c", 0, 0 },
		{ "git-model status", 0, 0 },
		{ "git-model-status", 0, 0 },
		{ "sh -c git archive", 0, 0 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (ask(rows[i].line, 0) != rows[i].plain ||
		    ask(rows[i].line, 1) != rows[i].with_external)
			fail_msg("%s: %u, %u", rows[i].line,
				 ask(rows[i].line, 0), ask(rows[i].line, 1));
	}
}

static int patches(const char *line)
{
	const char *argv[32];
	char words[256], *save = NULL, *word;
	size_t argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return asker_patches_of(argc, argv);
}

static void test_filters_asker__patches(void **state)
{
	static const char *const yes[] = {
		"git diff --binary", "git diff --cached --bin a",
		"git show --binary", "git -C x stash show -p --binary",
		"/usr/lib/git-core/git log -p --binary -- a",
	};
	static const char *const no[] = {
		"git diff", "git diff -- --binary", "git diff --no-binary",
		"git diff --b", "git -c --binary diff", "git log -p -a",
		"sh -c git --binary", "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (!patches(yes[i]))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (patches(no[i]))
			fail_msg("%s", no[i]);
}

static enum mv_merge_favor favor(const char *line)
{
	const char *argv[32];
	char words[256], *save = NULL, *word;
	size_t argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return asker_favor_of(argc, argv);
}

static void test_filters_asker__favored_side(void **state)
{
	static const struct {
		const char *line;
		enum mv_merge_favor favor;
	} rows[] = {
		{ "git merge side", MV_FAVOR_NONE },
		{ "git merge -X ours side", MV_FAVOR_OURS },
		{ "git merge -Xtheirs side", MV_FAVOR_THEIRS },
		{ "git -c a.b=-Xours merge --strategy-option=theirs side",
		  MV_FAVOR_THEIRS },
		{ "git merge --strategy-option ours -X patience x",
		  MV_FAVOR_OURS },
		{ "git merge -Xours -Xtheirs x", MV_FAVOR_THEIRS },
		{ "git merge x -- -Xours", MV_FAVOR_NONE },
		{ "git merge -m -Xpatience x", MV_FAVOR_NONE },
		{ "git merge-recursive --theirs a -- b c", MV_FAVOR_THEIRS },
		{ "git merge --ours x", MV_FAVOR_NONE },
		{ "git rebase -X theirs main", MV_FAVOR_THEIRS },
		{ "git rebase --continue", MV_FAVOR_NOTED },
		{ "git cherry-pick x", MV_FAVOR_NOTED },
		{ "git stash pop", MV_FAVOR_NONE },
		{ "sh -c git", MV_FAVOR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (favor(rows[i].line) != rows[i].favor)
			fail_msg("%s: %d", rows[i].line, favor(rows[i].line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_asker__favored_side),
		cmocka_unit_test(test_filters_asker__commands),
		cmocka_unit_test(test_filters_asker__patches),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
