/* SPDX-License-Identifier: MIT */
/* work/work.h: files become pointers, and pointers files. */
#include "libmv/store/pointer.h"
#include "libmv/work/work.h"
#include "tests/unit/u-world.h"

static void anew(struct world *w, const char *lines)
{
	run(&w->r, "%s", lines);
	world_open(w, NULL);
}

/* *.bin is ours; git's own filter lets everything through. */
static void begin(struct world *w)
{
	world_new(w, "");
	anew(w, "printf '*.bin filter=model\\n' >.gitattributes;"
	     "git config filter.model.clean cat; git add .gitattributes;"
	     "git commit -qm attributes");
}

static int add(struct world *w, const char *path, unsigned flags,
	       struct mv_add_stats *stats)
{
	const struct mv_add_options options = { .flags = flags };
	const char *const paths[] = { path, NULL };

	return mv_work_add(w->repo, paths, &options, stats, &w->err);
}

/* -- add ------------------------------------------------------------------- */

static void test_work_work__add_stores_and_stages(void **state)
{
	struct mv_add_stats stats;
	struct world w;

	(void)state;
	begin(&w);
	anew(&w, "mkdir d; echo one >d/a.bin; echo plain >d/b.txt");
	assert_ok(&w, add(&w, "d", MV_ADD_DRY_RUN, &stats));
	assert_int_equal(stats.files, 1);
	run(&w.r, "test -z \"$(git ls-files d)\" && test ! -e .git/model");
	assert_ok(&w, add(&w, "d", 0, &stats));
	assert_int_equal(stats.files, 1);
	assert_int_equal(stats.plain, 1);
	run(&w.r, "git cat-file -p :d/a.bin | grep -q '^git-model/1$';"
	    "test \"$(git cat-file -p :d/b.txt)\" = plain");
	world_open(&w, NULL);
	assert_ok(&w, add(&w, "d", 0, &stats));
	assert_int_equal(stats.files, 0);
	assert_int_equal(stats.unchanged, 1);
	run(&w.r, "rm d/a.bin");
	assert_ok(&w, add(&w, "d/a.bin", 0, &stats));
	assert_int_equal(stats.removed, 1);
	run(&w.r, "test \"$(git ls-files d)\" = d/b.txt");
	world_drop(&w);
}

static void test_work_work__what_is_not_added(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	anew(&w, "echo text >notes.md; echo '*.ign' >.gitignore; : >x.ign");
	assert_int_equal(add(&w, "nosuch", 0, NULL), MV_ENOENT);
	assert_int_equal(add(&w, "*.nosuch", 0, NULL), MV_ENOENT);
	assert_int_equal(add(&w, ":(glob)**/no", 0, NULL), MV_ENOENT);
	/* A small text that no pattern names; what git must read. */
	assert_int_equal(add(&w, "notes.md", 0, NULL), MV_EDENIED);
	assert_int_equal(add(&w, "x.ign", 0, NULL), MV_EDENIED);
	anew(&w, "echo '* filter=model' >.gitattributes");
	assert_int_equal(add(&w, ".", 0, NULL), MV_EDENIED);
	run(&w.r, "test -z \"$(git diff --cached --name-only)\"");
	assert_int_not_equal(add(&w, "../outside", 0, NULL), 0);
	assert_non_null(strstr(w.err.msg, "outside"));
	world_drop(&w);
}

static void keep_path(void *payload, const char *path)
{
	(void)mv_buf_addf(payload, "%s\n", path);
}

static void test_work_work__a_file_that_is_named_is_tracked(void **state)
{
	static const char *const paths[] = { "w[1] x.dat", NULL };
	struct mv_add_options options = { .tracked = keep_path };
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	anew(&w, "head -c 5000 /dev/zero >'w[1] x.dat'");
	mv_buf_init(&out, 4096);
	options.payload = &out;
	assert_ok(&w, mv_work_add(w.repo, paths, &options, NULL, &w.err));
	assert_string_equal(out.data, "w[1] x.dat\n");
	run(&w.r, "git cat-file -p ':w[1] x.dat' | grep -q '^git-model/1$';"
	    "test \"$(git check-attr filter 'w[1] x.dat')\" = "
	    "'w[1] x.dat: filter: model';"
	    "git check-attr filter 'w1 x.dat' | grep -q unspecified");
	mv_buf_release(&out);
	world_drop(&w);
}

/* -- checkout -------------------------------------------------------------- */

/* a.bin and b.bin as pointers in the work tree. */
static void pointers(struct world *w)
{
	begin(w);
	anew(w, "echo one >a.bin; echo two >b.bin");
	assert_ok(w, add(w, ".", 0, NULL));
	anew(w, "git commit -qm files; git cat-file -p :a.bin >a.bin; "
	     "git cat-file -p :b.bin >b.bin; git update-index --refresh "
	     ">../out || :");
}

static void test_work_work__checkout_writes_what_is_named(void **state)
{
	static const char *const a[] = { "a.bin", NULL };
	static const char *const no[] = { "nosuch", NULL };
	struct mv_checkout_stats stats;
	struct world w;

	(void)state;
	pointers(&w);
	assert_ok(&w, mv_work_checkout(w.repo, a, 0, &stats, &w.err));
	assert_int_equal(stats.files, 1);
	assert_int_equal(stats.bytes, 4);
	assert_prints(&w.r, "one\n", "cat a.bin");
	run(&w.r, "grep -q git-model b.bin");
	assert_int_equal(mv_work_checkout(w.repo, no, 0, &stats, &w.err),
			 MV_ENOENT);
	run(&w.r, "rm a.bin");
	assert_int_equal(mv_work_checkout(w.repo, a, 0, &stats, &w.err),
			 MV_ENOENT);
	assert_ok(&w, mv_work_checkout(w.repo, a, MV_CHECKOUT_FORCE, &stats,
				       &w.err));
	assert_prints(&w.r, "one\n", "cat a.bin");
	/* What somebody wrote is not overwritten. */
	run(&w.r, "echo mine >b.bin");
	world_open(&w, NULL);
	assert_ok(&w, mv_work_checkout(w.repo, NULL, 0, &stats, &w.err));
	assert_prints(&w.r, "mine\n", "cat b.bin");
	world_drop(&w);
}

static void test_work_work__checkout_of_what_is_not_here(void **state)
{
	struct mv_checkout_stats stats;
	struct world w;

	(void)state;
	pointers(&w);
	mv_repo_close(w.repo);
	w.repo = NULL;
	anew(&w, "rm -r .git/model");
	assert_ok(&w, mv_work_checkout(w.repo, NULL, 0, &stats, &w.err));
	assert_int_equal(stats.missing, 2);
	assert_int_equal(stats.files, 0);
	run(&w.r, "grep -q git-model a.bin && grep -q git-model b.bin");
	world_drop(&w);
}

static void write_one(struct world *w, struct mv_materialize *m,
		      struct mv_checkout_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	world_open(w, NULL);
	assert_ok(w, mv_work_materialize(w->repo, m, 1, stats, &w->err));
}

static void test_work_work__materialize_writes_over_its_pointer_only(
							void **state)
{
	struct mv_materialize m = { .path = "a.bin", .executable = -1 };
	struct mv_checkout_stats stats;
	char *blob, *text;
	struct world w;

	(void)state;
	pointers(&w);
	blob = sh(&w.r, "git rev-parse :a.bin | tr -d '\\n'");
	text = sh(&w.r, "cat a.bin");
	m.blob = blob;
	assert_ok(&w, mv_pointer_parse(&m.pointer, text, strlen(text),
				       &w.err));
	run(&w.r, "echo mine >a.bin");
	write_one(&w, &m, &stats);
	assert_int_equal(stats.files, 0);
	assert_int_equal(stats.skipped, 1);
	assert_prints(&w.r, "mine\n", "cat a.bin");
	/* A link is not followed to what looks like the pointer. */
	put_file(&w.r, "../outside", text, strlen(text));
	run(&w.r, "rm a.bin; ln -s ../outside a.bin");
	write_one(&w, &m, &stats);
	assert_int_equal(stats.files, 0);
	run(&w.r, "test -L a.bin; grep -q git-model ../outside; rm a.bin");
	write_one(&w, &m, &stats);
	assert_int_equal(stats.files, 0);
	run(&w.r, "test ! -e a.bin");
	m.absent_ok = 1;
	m.executable = 1;
	write_one(&w, &m, &stats);
	assert_int_equal(stats.files, 1);
	assert_int_equal(stats.bytes, 4);
	assert_prints(&w.r, "one\n", "test -x a.bin; cat a.bin");
	/* The file keeps the bits that it has. */
	m.executable = -1;
	put_file(&w.r, "a.bin", text, strlen(text));
	write_one(&w, &m, &stats);
	assert_int_equal(stats.files, 1);
	assert_prints(&w.r, "one\n", "test -x a.bin; cat a.bin");
	free(blob);
	free(text);
	world_drop(&w);
}

/* -- status ---------------------------------------------------------------- */

static int note_state(void *payload, const struct mv_file *f,
		      struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%d%s %s\n", (int)f->state,
			   f->staged ? "s" : "", f->path);
}

/* This line is among those that status has. */
static void assert_status(struct world *w, const char *want)
{
	struct mv_buf out;

	mv_buf_init(&out, 65536);
	assert_ok(w, mv_work_status(w->repo, NULL, 0, note_state, &out,
				    &w->err));
	assert_non_null(strstr(out.data, want));
	mv_buf_release(&out);
}

static void test_work_work__status_of_each_kind(void **state)
{
	struct world w;

	(void)state;
	pointers(&w);
	assert_status(&w, "2 a.bin\n2 b.bin\n");
	anew(&w, "rm a.bin; echo other >b.bin; echo new >c.bin");
	assert_ok(&w, add(&w, "c.bin", 0, NULL));
	world_open(&w, NULL);
	assert_status(&w, "4 a.bin\n1 b.bin\n");
	assert_status(&w, "s c.bin\n");
	anew(&w, "git rm -q --cached a.bin");
	assert_status(&w, "s c.bin\n4s a.bin\n");
	world_drop(&w);
}

/* -- tracking -------------------------------------------------------------- */

static int note_tracked(void *payload, const char *pattern,
			const char *filter, const char *file, int line)
{
	return mv_buf_addf(payload, "%s %s %s:%d\n", pattern, filter, file,
			   line);
}

static void assert_tracked(struct world *w, const char *want)
{
	struct mv_buf out;

	mv_buf_init(&out, 65536);
	assert_ok(w, mv_work_tracked(w->repo, note_tracked, &out, &w->err));
	assert_string_equal(out.data, want);
	mv_buf_release(&out);
}

static void test_work_work__track_and_untrack(void **state)
{
	struct world w;
	int changed = 0;

	(void)state;
	begin(&w);
	assert_ok(&w, mv_work_track(w.repo, "*.pt", &changed, &w.err));
	assert_int_equal(changed, 1);
	assert_ok(&w, mv_work_track(w.repo, "*.pt", &changed, &w.err));
	assert_int_equal(changed, 0);
	assert_tracked(&w, "*.bin model .gitattributes:1\n"
		       "*.pt model .gitattributes:2\n");
	assert_int_equal(mv_work_track(w.repo, "*", &changed, &w.err),
			 MV_EDENIED);
	assert_int_equal(mv_work_track(w.repo, ".git*", &changed, &w.err),
			 MV_EDENIED);
	assert_int_equal(mv_work_track(w.repo, "", &changed, &w.err),
			 MV_EINVALID);
	assert_ok(&w, mv_work_untrack(w.repo, "*.pt", &changed, &w.err));
	assert_int_equal(changed, 1);
	assert_ok(&w, mv_work_untrack(w.repo, "*.pt", &changed, &w.err));
	assert_int_equal(changed, 0);
	assert_tracked(&w, "*.bin model .gitattributes:1\n");
	world_drop(&w);
}

static void note_size(void *payload, const char *path, uint64_t size)
{
	(void)mv_buf_addf(payload, "%s %d\n", path, (int)size);
}

/* One in conflict is in the index three times, and one file. */
static void test_work_work__track_above(void **state)
{
	struct mv_buf out;
	struct world w;

	(void)state;
	begin(&w);
	anew(&w, "echo base >c.txt; git add .; git commit -qm base;"
	     "git checkout -qb side; yes s | head -c 300 >c.txt; "
	     "git commit -qam side; git checkout -q main; "
	     "yes m | head -c 300 >c.txt; git commit -qam main; "
	     "git merge -q side >../out 2>&1 || :; "
	     "yes | head -c 500 >large.txt; yes | head -c 90 >small.txt");
	mv_buf_init(&out, 4096);
	assert_ok(&w, mv_work_track_above(w.repo, 100, NULL, note_size, &out,
					  &w.err));
	assert_non_null(strstr(out.data, "large.txt 500\n"));
	assert_null(strstr(out.data, "small.txt"));
	assert_null(strstr(strstr(out.data, "c.txt") + 1, "c.txt"));
	run(&w.r, "test $(grep -c '^/*c.txt' .gitattributes) = 1");
	mv_buf_release(&out);
	world_drop(&w);
}

static int note_caught(void *payload, const char *path, struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s\n", path);
}

static void test_work_work__what_a_pattern_catches(void **state)
{
	struct mv_left left;
	struct mv_buf out;
	struct world w;
	int yes;

	(void)state;
	begin(&w);
	mv_buf_init(&out, 4096);
	assert_ok(&w, mv_work_caught(w.repo, note_caught, &out, &w.err));
	assert_string_equal(out.data, "");
	anew(&w, "echo '* filter=model' >.gitattributes");
	assert_ok(&w, mv_work_caught(w.repo, note_caught, &out, &w.err));
	assert_string_equal(out.data, ".gitattributes\n");
	assert_ok(&w, mv_work_has_filter(&yes, w.repo, &w.err));
	assert_int_equal(yes, 1);
	assert_ok(&w, mv_work_left(&left, w.repo, &w.err));
	assert_int_equal(left.patterns + left.pointers, 0);
	anew(&w, "git config --unset filter.model.clean");
	assert_ok(&w, mv_work_has_filter(&yes, w.repo, &w.err));
	assert_int_equal(yes, 0);
	assert_ok(&w, mv_work_left(&left, w.repo, &w.err));
	assert_int_equal(left.patterns, 1);
	mv_buf_release(&out);
	world_drop(&w);
}

static void test_work_work__bytes_that_git_holds_are_woken(void **state)
{
	struct mv_buf out;
	struct world w;

	(void)state;
	world_new(&w, "");
	anew(&w, "echo bytes >a.bin; git add .; git commit -qm raw;"
	     "echo '*.bin filter=model' >.gitattributes;"
	     "git config filter.model.clean 'echo pointer; cat >/dev/null #'");
	mv_buf_init(&out, 4096);
	assert_ok(&w, mv_work_wake_raw(w.repo, note_size, &out, &w.err));
	assert_string_equal(out.data, "a.bin 6\n");
	assert_prints(&w.r, "bytes\n", "cat a.bin");
	run(&w.r, "git status --porcelain | grep -q '^ M a.bin$'");
	mv_buf_release(&out);
	world_drop(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_work__add_stores_and_stages),
		cmocka_unit_test(test_work_work__what_is_not_added),
		cmocka_unit_test(
			test_work_work__a_file_that_is_named_is_tracked),
		cmocka_unit_test(
			test_work_work__checkout_writes_what_is_named),
		cmocka_unit_test(
			test_work_work__checkout_of_what_is_not_here),
		cmocka_unit_test(
			test_work_work__materialize_writes_over_its_pointer_only),
		cmocka_unit_test(test_work_work__status_of_each_kind),
		cmocka_unit_test(test_work_work__track_and_untrack),
		cmocka_unit_test(test_work_work__track_above),
		cmocka_unit_test(test_work_work__what_a_pattern_catches),
		cmocka_unit_test(
			test_work_work__bytes_that_git_holds_are_woken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
