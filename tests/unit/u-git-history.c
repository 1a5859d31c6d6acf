/* SPDX-License-Identifier: MIT */
#include "libmv/git/history.h"
#include "libmv/git/objects.h"
#include "tests/unit/u-git-help.h"

/* -- small blobs ---------------------------------------------------------- */

static int add_blob(void *payload, const char *hex, const char *path,
		    const void *data, size_t len, struct mv_err *err)
{
	(void)err;
	assert_true(strlen(hex) == 40 || strlen(hex) == 64);
	assert_int_equal(((const char *)data)[len], '\0');
	return mv_buf_addf(payload, "%.*s=%s\n", (int)len, (const char *)data,
			   path ? path : "-");
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines in no particular order. */
static void assert_lines(char *text, const char *expected)
{
	char *line[600];
	struct mv_buf sorted;
	size_t n = 0;

	for (char *p = strtok(text, "\n"); p; p = strtok(NULL, "\n")) {
		assert_true(n < 600);
		line[n++] = p;
	}
	qsort(line, n, sizeof(*line), by_line);
	mv_buf_init(&sorted, 1 << 20);
	for (size_t i = 0; i < n; i++)
		mv_buf_addf(&sorted, "%s ", line[i]);
	assert_string_equal(sorted.data, expected);
	mv_buf_release(&sorted);
}

static void assert_small(struct repo *r, const char *const *args, size_t max,
			 const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_git_each_small_blob(r->git, args, max, add_blob,
						&out, &r->err), 0);
	assert_lines(out.data, expected);
	mv_buf_release(&out);
}

static void make_history(struct repo *r, const char *init)
{
	repo_new(r, init);
	run(r, "mkdir d; printf 1 >a; printf 22 >d/b; printf 12345 >five;"
	    ": >empty; git add .; git commit -qm one; git branch old;"
	    "printf 3 >d/b; printf 123456 >six; git add .;"
	    "git commit -qm two; printf unreachable | git hash-object -w "
	    "--stdin; printf 9 | git hash-object -w --stdin");
	repo_open(r, NULL);
}

static void check_small(const char *init)
{
	static const char *const head[] = { "HEAD", NULL };
	static const char *const since[] = { "main", "--not", "old", NULL };
	static const char *const all[] = { "--all", NULL };
	struct repo r;

	make_history(&r, init);
	assert_small(&r, NULL, 5, "12345=- 1=- 22=- 3=- 9=- ");
	assert_small(&r, NULL, 6, "123456=- 12345=- 1=- 22=- 3=- 9=- ");
	assert_small(&r, head, 5, "12345=five 1=a 22=d/b 3=d/b ");
	assert_small(&r, all, 1, "1=a 3=d/b ");
	assert_small(&r, since, 100, "123456=six 3=d/b ");
	run(&r, "git repack -qad; git tag blob $(printf 7 |"
	    "git hash-object -w --stdin)");
	assert_small(&r, all, 1, "1=a 3=d/b 7=- ");
	repo_drop(&r);
}

static void test_git_history__small_blobs(void **state)
{
	(void)state;
	check_small("");
	check_small("--object-format=sha256");
}

/* More than one window, of contents that do not fit into a pipe. */
static void test_git_history__many_and_large(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct mv_buf out;
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "i=0; while [ $i -lt 70 ]; do printf '%%05000d' $i >f$i;"
	    "i=$((i + 1)); done; git add .; git commit -qm 1");
	repo_open(&r, NULL);
	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_git_each_small_blob(r.git, head, 5000, add_blob,
						&out, &r.err), 0);
	assert_int_equal(out.len, 70 * 5000 + 10 * strlen("=f0\n") +
			 60 * strlen("=f00\n"));
	assert_non_null(strstr(out.data, "00069=f69\n"));
	mv_buf_clear(&out);
	assert_int_equal(mv_git_each_small_blob(r.git, NULL, 4999, add_blob,
						&out, &r.err), 0);
	assert_int_equal(out.len, 0);
	mv_buf_release(&out);
	repo_drop(&r);
}

/* -- large blobs ---------------------------------------------------------- */

static int add_large(void *payload, const char *path, uint64_t size,
		     struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s=%llu\n", path,
			   (unsigned long long)size);
}

static void check_large(const char *init)
{
	static const char *const all[] = { "HEAD", NULL };
	static const char *const late[] = { "HEAD", "^old", NULL };
	static const char *const bad[] = { "no-such-ref", NULL };
	struct mv_buf out;
	struct repo r;

	make_history(&r, init);
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_git_each_large_blob(r.git, all, 4, add_large, &out,
						&r.err), 0);
	assert_lines(out.data, "five=5 six=6 ");
	mv_buf_clear(&out);
	/* More than the limit, not as much; only what the revs reach. */
	assert_int_equal(mv_git_each_large_blob(r.git, late, 5, add_large,
						&out, &r.err), 0);
	assert_string_equal(out.data, "six=6\n");
	mv_buf_clear(&out);
	assert_int_equal(mv_git_each_large_blob(r.git, late, 6, add_large,
						&out, &r.err), 0);
	assert_int_equal(mv_git_each_large_blob(r.git, all, UINT64_MAX,
						add_large, &out, &r.err), 0);
	assert_int_equal(out.len, 0);
	assert_true(mv_git_each_large_blob(r.git, bad, 1, add_large, &out,
					   &r.err) < 0);
	mv_buf_release(&out);
	repo_drop(&r);
}

static void test_git_history__large_blobs(void **state)
{
	(void)state;
	check_large("");
	check_large("--object-format=sha256");
}

static void test_git_history__promised_blobs_are_not_fetched(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct repo r;

	(void)state;
	repo_new(&r, "");
	run(&r, "printf 1 >a; printf 12345678 >big; git add .;"
	    "git commit -qm 1; git config uploadpack.allowFilter true;"
	    "git clone -q --no-checkout --filter=blob:limit=5 "
	    "\"file://$ROOT/r\" ../p");
	snprintf(r.dir, sizeof(r.dir), "%s/p", r.root);
	repo_open(&r, NULL);
	assert_small(&r, head, 100, "1=a ");
	assert_small(&r, NULL, 100, "1=- ");
	/* Once more, with a remote that is gone. */
	run(&r, "mv ../r ../gone");
	assert_small(&r, head, 100, "1=a ");
	run(&r, "mv ../gone ../r");
	repo_drop(&r);
}

static void test_git_history__errors_are_told(void **state)
{
	static const char *const bad[] = { "no-such-rev", "--", NULL };
	static const char *const head[] = { "HEAD", NULL };
	struct mv_buf out;
	struct repo r;

	(void)state;
	make_history(&r, "");
	assert_int_equal(mv_git_each_small_blob(r.git, bad, 10, add_blob,
						NULL, &r.err), MV_EIO);
	assert_non_null(strstr(r.err.msg, "rev-list"));
	run(&r, "rm -f .git/objects/$(git rev-parse HEAD:a |"
	    "sed 's,^..,&/,')");
	mv_buf_init(&out, 1000);
	assert_true(mv_git_each_small_blob(r.git, head, 10, add_blob, &out,
					   &r.err) < 0);
	mv_buf_release(&out);
	repo_drop(&r);
}

static int stop_blob(void *payload, const char *hex, const char *path,
		     const void *data, size_t len, struct mv_err *err)
{
	(void)hex;
	(void)path;
	(void)data;
	(void)len;
	++*(int *)payload;
	return mv_fail(err, MV_ECANCELLED, "enough");
}

static void test_git_history__callback_stops(void **state)
{
	struct repo r;
	int calls = 0;

	(void)state;
	make_history(&r, "");
	assert_int_equal(mv_git_each_small_blob(r.git, NULL, 10, stop_blob,
						&calls, &r.err),
			 MV_ECANCELLED);
	assert_int_equal(calls, 1);
	repo_drop(&r);
}

/* -- changes -------------------------------------------------------------- */

static int add_change(void *payload, const char *commit, const char *subject,
		      int64_t when, const char *path, const char *blob,
		      struct mv_err *err)
{
	(void)err;
	assert_int_equal(strlen(commit), strlen(blob));
	assert_int_equal(when, 1700000000);
	return mv_buf_addf(payload, "%s|%s|%.4s\n", subject, path, blob);
}

static void assert_changes(struct repo *r, const char *const *args,
			   const char *expected)
{
	struct mv_buf out;

	mv_buf_init(&out, 1 << 20);
	assert_int_equal(mv_git_each_change(r->git, args, add_change, &out,
					    &r->err), 0);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

static void test_git_history__changes_oldest_first(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	static const char *const paths[] = { "HEAD", "--", "d", NULL };
	static const char *const from_below[] = { "HEAD", "--", "../s", NULL };
	struct repo r;
	char dir[300];

	(void)state;
	repo_new(&r, "");
	run(&r, "git config log.showSignature true; git config diff.relative "
	    "true; git config diff.renames copies; git config color.ui always;"
	    "git config log.decorate full; git config log.showRoot false;"
	    "mkdir d; echo 1 >d/f; echo 1 >'n\nl'; ln -s f d/l; git add .;"
	    "git commit -qm 'one: a'; git mv d/f d/g; git rm -q d/l;"
	    "git commit -qm 'two\n\nbody'; git checkout -qb side HEAD~1;"
	    "echo s >s; git add .; git commit -qm side; git checkout -q main;"
	    "git merge -q --no-commit side 2>/dev/null; echo evil >d/g;"
	    "git add .;"
	    "git commit -qm merge; chmod +x s; git add s;"
	    "git commit -q --allow-empty-message -m ''; git commit -qm e "
	    "--allow-empty");
	repo_open(&r, NULL);
	assert_changes(&r, head, "one: a|d/f|d004\none: a|n\nl|d004\n"
		       "two|d/g|d004\nside|s|b478\nmerge|d/g|53c7\n"
		       "|s|b478\n");
	repo_open(&r, at(&r, dir, sizeof(dir), "d"));
	assert_changes(&r, from_below, "side|s|b478\n|s|b478\n");
	repo_open(&r, NULL);
	assert_changes(&r, paths, "one: a|d/f|d004\ntwo|d/g|d004\n"
		       "merge|d/g|53c7\n");
	repo_drop(&r);
}

static void test_git_history__changes_in_sha256_and_shallow(void **state)
{
	static const char *const head[] = { "HEAD", NULL };
	struct repo r;

	(void)state;
	repo_new(&r, "--object-format=sha256");
	run(&r, "echo 1 >f; git add .; git commit -qm 1; echo 2 >f;"
	    "git commit -qam 2; echo 3 >f; git commit -qam 3;"
	    "git clone -q --depth=2 \"file://$ROOT/r\" ../s");
	repo_open(&r, NULL);
	assert_changes(&r, head, "1|f|b323\n2|f|8446\n3|f|b660\n");
	strcat(r.dir, "/../s");
	repo_open(&r, NULL);
	assert_changes(&r, head, "2|f|8446\n3|f|b660\n");
	repo_drop(&r);
}

/* Ten names for what is below, twelve times: 10^12 paths, and no file. */
static void make_bomb(struct repo *r)
{
	repo_new(r, "");
	run(r, "echo 1 >a; git add a; git commit -qm one;"
	    "t=$(git mktree </dev/null);"
	    "for l in 1 2 3 4 5 6 7 8 9 10 11 12; do "
	    "t=$(for i in 0 1 2 3 4 5 6 7 8 9; do "
	    "printf '040000 tree %%s\\t%%s\\n' $t $i; done | git mktree); done;"
	    "git tag bomb $(git commit-tree -p HEAD -m bomb $t);"
	    "git tag gone $(git commit-tree -p bomb -m gone 'HEAD^{tree}')");
	repo_open(r, NULL);
}

static int no_change(void *payload, const char *commit, const char *subject,
		     int64_t when, const char *path, const char *blob,
		     struct mv_err *err)
{
	(void)commit;
	(void)subject;
	(void)when;
	(void)path;
	(void)blob;
	(void)err;
	++*(int *)payload;
	return 0;
}

static void test_git_history__nothing_is_walked_that_has_no_end(void **state)
{
	static const char *const all[] = { "--all", NULL };
	static const char *const one[] = { "main", NULL };
	struct repo r;
	int calls = 0;

	(void)state;
	make_bomb(&r);
	assert_int_equal(mv_git_each_change(r.git, all, no_change, &calls,
					    &r.err), MV_EINVALID);
	assert_int_equal(calls, 0);
	assert_non_null(strstr(r.err.msg, "more than 10000000 paths"));
	assert_int_equal(mv_git_each_change(r.git, one, no_change, &calls,
					    &r.err), 0);
	assert_int_equal(calls, 1);
	/* Both ways: what goes is walked as well. */
	assert_int_equal(mv_git_bound_diff(r.git, "", "bomb", 1000, &r.err),
			 MV_EINVALID);
	assert_int_equal(mv_git_bound_diff(r.git, "bomb", "gone", 1000,
					   &r.err), MV_EINVALID);
	assert_int_equal(mv_git_bound_diff(r.git, "gone", "bomb", 1000,
					   &r.err), MV_EINVALID);
	assert_int_equal(mv_git_bound_diff(r.git, "bomb", "bomb", 1000,
					   &r.err), 0);
	assert_int_equal(mv_git_bound_diff(r.git, "main", "gone", 0, &r.err),
			 0);
	assert_int_equal(mv_git_bound_diff(r.git, "nosuch", "main", 9,
					   &r.err), MV_ENOENT);
	repo_drop(&r);
}

static void test_git_history__a_bound_is_of_each_commit(void **state)
{
	static const char *const all[] = { "--all", NULL };
	struct repo r;

	(void)state;
	make_history(&r, "");
	repo_open(&r, NULL);
	assert_int_equal(mv_git_bound_changes(r.git, all, 9, &r.err), 0);
	assert_int_equal(mv_git_bound_changes(r.git, all, 1, &r.err),
			 MV_EINVALID);
	repo_drop(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_git_history__small_blobs),
		cmocka_unit_test(test_git_history__many_and_large),
		cmocka_unit_test(test_git_history__large_blobs),
		cmocka_unit_test(
			test_git_history__promised_blobs_are_not_fetched),
		cmocka_unit_test(test_git_history__errors_are_told),
		cmocka_unit_test(test_git_history__callback_stops),
		cmocka_unit_test(test_git_history__changes_oldest_first),
		cmocka_unit_test(
			test_git_history__changes_in_sha256_and_shallow),
		cmocka_unit_test(
			test_git_history__nothing_is_walked_that_has_no_end),
		cmocka_unit_test(test_git_history__a_bound_is_of_each_commit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
