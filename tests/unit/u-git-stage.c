/* SPDX-License-Identifier: MIT */
#include "libmv/git/files.h"
#include "tests/unit/u-git-help.h"

/* Make a file of `len` bytes and the pointer that the filter would make. */
static void make_entry(struct repo *r, struct mv_git_stage *s, char *pointer,
		       const char *path, size_t len)
{
	char *data = calloc(1, len + 1);

	put_file(r, path, data, len);
	free(data);
	make_old(r, path, 10);
	memset(s, 0, sizeof(*s));
	s->path = path;
	s->len = (size_t)sprintf(pointer, "pointer %zu\n", len);
	s->data = pointer;
	s->st = stat_file(r, path);
	s->settled = 1;
}

/* ctime cannot be set: wait until it is older than the index to come. */
static void next_second(void)
{
	time_t t = time(NULL);

	while (time(NULL) == t)
		usleep(5000);
}

static const char *const names[] = {
	"a.bin", "with space.bin", "new\nline.bin", "-dash.bin",
	"bad\xff\xfe.bin", "d/e/f.bin", ":colon.bin", "\"q\".bin"
};
#define NAMES 8

struct clean_case {
	const char *init;
	const char *setup;
	struct repo r;
	struct mv_git_stage s[NAMES];
	char pointer[NAMES][32];
};

static void prepare_clean(struct clean_case *c)
{
	repo_new(&c->r, c->init);
	log_filter(&c->r);
	run(&c->r, "mkdir -p d/e; %s", c->setup);
	for (size_t i = 0; i < NAMES; i++)
		make_entry(&c->r, &c->s[i], c->pointer[i], names[i], 1000 + i);
	repo_open(&c->r, NULL);
}

static void check_clean(struct clean_case *c)
{
	struct repo *r = &c->r;

	assert_int_equal(mv_git_stage(r->git, c->s, NAMES, &r->err), 0);
	assert_prints(r, "8\n", "git ls-files -z '*.bin' | tr '\\n' _ |"
		      "tr '\\0' '\\n' | wc -l");
	assert_prints(r, "pointer 1005\n", "git show :d/e/f.bin");
	run(r, "git status >/dev/null; git add .gitattributes;"
	    "git commit -qm x; git status >/dev/null");
	assert_prints(r, "", "git status --porcelain; cat \"$ROOT/log\"");
	run(r, "git fsck --strict 2>&1");
	/* The filter is there: it runs when a file did change. */
	put_file(r, "a.bin", "xy", 2);
	run(r, "git add a.bin");
	assert_prints(r, "ran\npointer 2\n",
		      "head -n1 \"$ROOT/log\"; git show :a.bin");
	repo_drop(r);
}

static void test_git_stage__status_runs_no_filter(void **state)
{
	static struct clean_case cases[] = {
		{ .init = "", .setup = ":" },
		{ .init = "--object-format=sha256",
		  .setup = "git config index.version 4" },
		{ .init = "", .setup = "git config core.splitIndex true;"
		  "git config splitIndex.maxPercentChange 100;"
		  "echo 1 >x; git add x; git update-index --split-index" },
		{ .init = "", .setup = "git config index.skipHash true;"
		  "git config core.untrackedCache true;"
		  "git config index.threads 2; git status" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		prepare_clean(&cases[i]);
	next_second();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_clean(&cases[i]);
}

/*
 * Changed in the second in which it was read: the index is dated back to the
 * file, or is told nothing of a file whose mtime was set back.
 */
static void test_git_stage__young_files_are_asked_for(void **state)
{
	struct mv_git_stage s[2];
	char pointer[2][32];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	log_filter(&r);
	repo_open(&r, NULL);
	for (int i = 0; i < 2; i++)
		make_entry(&r, &s[i], pointer[i], names[i], 1000);
	run(&r, "touch a.bin");
	s[0].st = stat_file(&r, "a.bin");
	s[0].settled = s[1].settled = 0;
	next_second();
	assert_int_equal(mv_git_stage(r.git, s, 2, &r.err), 0);
	assert_prints(&r, "  size: 1000\n  size: 0\n",
		      "git ls-files --debug '*.bin' |"
		      "sed -n 's/\\(size: [0-9]*\\).*/\\1/p'");
	run(&r, "git status >/dev/null");
	assert_prints(&r, "2\n", "wc -l <\"$ROOT/log\"");
	/* Flags of what is there already are kept. */
	run(&r, "git update-index --assume-unchanged a.bin");
	s[0].same = s[0].settled = 1;
	assert_int_equal(mv_git_stage(r.git, s, 1, &r.err), 0);
	assert_prints(&r, "h a.bin\n", "git ls-files -v a.bin");
	repo_drop(&r);
}

static void test_git_stage__many_become_one_pack(void **state)
{
	enum { N = 300 };
	static struct mv_git_stage s[N];
	static char pointer[N][32], name[N][16];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	put_file(&r, "f", "f", 1);
	for (int i = 0; i < N; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		sprintf(name[i], "n%03d", (i * 7) % N);
		s[i].path = name[i];
		/* Names with equal contents: one object. */
		s[i].len = (size_t)sprintf(pointer[i], "pointer %d\n", i / 2);
		s[i].data = pointer[i];
		s[i].st = stat_file(&r, "f");
	}
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, s, N, &r.err), 0);
	assert_prints(&r, "300\n", "git ls-files | wc -l");
	assert_prints(&r, "count: 0\nin-pack: 150\n",
		      "git count-objects -v | grep -E '^(count|in-pack):'");
	assert_prints(&r, "pointer 49\n", "git show :n093");
	run(&r, "git fsck --strict 2>&1");
	/* Once more with one that is new: only that is written. */
	s[0].len = (size_t)sprintf(pointer[0], "pointer %d\n", N);
	assert_int_equal(mv_git_stage(r.git, s, N, &r.err), 0);
	assert_prints(&r, "count: 1\npacks: 1\n",
		      "git count-objects -v | grep -E '^(count|packs):'");
	repo_drop(&r);
}

static void test_git_stage__large_blob_and_its_name(void **state)
{
	struct mv_git_stage s = { .path = "big" };
	char *data = malloc(100000);
	char hex[65];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	for (unsigned i = 0; i < 100000; i++)
		data[i] = (char)(i * i >> 5);
	put_file(&r, "big", data, 100000);
	s.data = data;
	s.len = 100000;
	s.st = stat_file(&r, "big");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), 0);
	run(&r, "git show :big | cmp - big");
	assert_int_equal(mv_git_blob_name(r.git, hex, data, 100000, &r.err),
			 0);
	strcat(hex, "\n");
	assert_prints(&r, hex, "git hash-object big");
	free(data);
	repo_drop(&r);
}

static void test_git_stage__removes_and_replaces(void **state)
{
	struct mv_git_stage s[3];
	char pointer[3][32];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "echo 1 >gone; mkdir dir; echo 2 >dir/x; git add .;"
	    "rm -r dir gone");
	make_entry(&r, &s[0], pointer[0], "dir", 5);
	memset(&s[1], 0, sizeof(s[1]));
	s[1].path = "gone";
	s[1].remove = 1;
	s[2] = s[1];
	s[2].path = "never-was";
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, s, 3, &r.err), 0);
	assert_prints(&r, "dir\n", "git ls-files");
	repo_drop(&r);
}

static void test_git_stage__mode_is_the_files_or_the_entrys(void **state)
{
	struct mv_git_stage s[3];
	char pointer[3][32];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	make_entry(&r, &s[0], pointer[0], "plain", 5);
	make_entry(&r, &s[1], pointer[1], "exe", 6);
	s[1].executable = 1;
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, s, 2, &r.err), 0);
	assert_prints(&r, "100755 exe\n100644 plain\n",
		      "git ls-files -s | sed 's/ .*\t/ /'");

	/* File systems that say "executable" of everything, or of nothing. */
	run(&r, "git config core.fileMode false");
	make_entry(&r, &s[2], pointer[2], "new", 7);
	s[0].executable = 1;
	s[1].executable = 0;
	s[2].executable = 1;
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, s, 3, &r.err), 0);
	assert_prints(&r, "100755 exe\n100644 new\n100644 plain\n",
		      "git ls-files -s | sed 's/ .*\t/ /'");
	repo_drop(&r);
}

static void test_git_stage__honours_git_index_file(void **state)
{
	struct mv_git_stage s;
	char pointer[32];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	make_entry(&r, &s, pointer, "a", 5);
	run(&r, "mkdir sub; git add a; git rm -q --cached a");
	repo_env(&r, "GIT_INDEX_FILE=other");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), 0);
	assert_prints(&r, "a\n", "git ls-files");
	assert_prints(&r, "", "env -u GIT_INDEX_FILE git ls-files");
	repo_drop(&r);
}

static void test_git_stage__works_from_below_and_in_worktrees(void **state)
{
	struct mv_git_stage s;
	char pointer[32], dir[600];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "git commit -q --allow-empty -m x; git worktree add -q ../w;"
	    "mkdir -p ../w/deep/er");
	make_entry(&r, &s, pointer, "../w/deep/er/f", 5);
	s.path = "deep/er/f";
	snprintf(dir, sizeof(dir), "%s/w/deep", r.root);
	repo_open(&r, dir);
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), 0);
	assert_prints(&r, "deep/er/f\n", "cd ../w; git ls-files");
	assert_prints(&r, "", "git ls-files");
	repo_drop(&r);
}

static void test_git_stage__held_lock_is_busy(void **state)
{
	struct mv_git_stage s;
	char pointer[32];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	make_entry(&r, &s, pointer, "a", 5);
	put_file(&r, ".git/index.lock", "", 0);
	repo_open(&r, NULL);
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), MV_EBUSY);
	assert_non_null(strstr(r.err.msg, "index.lock"));
	run(&r, "(sleep 0.2; rm .git/index.lock) >/dev/null 2>&1 &");
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), 0);
	repo_drop(&r);
}

static void test_git_stage__refuses_what_git_refuses(void **state)
{
	struct mv_git_stage s;
	char pointer[32];
	struct repo r;

	(void)state;
	repo_new(&r, "");
	make_entry(&r, &s, pointer, "a", 5);
	run(&r, "git update-index --force-write-index");
	repo_open(&r, NULL);
	s.path = ".git/hooks/pre-commit";
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), MV_EDENIED);
	s.path = "";
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), MV_EDENIED);
	s.path = "../a";
	assert_int_equal(mv_git_stage(r.git, &s, 1, &r.err), MV_EDENIED);
	assert_prints(&r, "", "git ls-files");
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_stage__status_runs_no_filter),
		cmocka_unit_test(test_git_stage__young_files_are_asked_for),
		cmocka_unit_test(test_git_stage__many_become_one_pack),
		cmocka_unit_test(test_git_stage__large_blob_and_its_name),
		cmocka_unit_test(test_git_stage__removes_and_replaces),
		cmocka_unit_test(
			test_git_stage__mode_is_the_files_or_the_entrys),
		cmocka_unit_test(test_git_stage__honours_git_index_file),
		cmocka_unit_test(
			test_git_stage__works_from_below_and_in_worktrees),
		cmocka_unit_test(test_git_stage__held_lock_is_busy),
		cmocka_unit_test(test_git_stage__refuses_what_git_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
