/* SPDX-License-Identifier: MIT */
#include "libmv/release/release.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "libmv/work/work.h"
#include "tests/unit/u-world.h"

/* Versions of real files: named, taken back, and put into the work tree. */
static void put(struct world *w, const char *text)
{
	const char *paths[] = { "m.bin", NULL };
	const struct mv_add_options options = { 0 };
	struct mv_add_stats stats;

	put_file(&w->r, "m.bin", text, strlen(text));
	world_open(w, NULL);
	assert_ok(w, mv_work_add(w->repo, paths, &options, &stats, &w->err));
	run(&w->r, "git commit -qm '%.1s'", text);
	world_open(w, NULL);
}

/* One commit, where fraud is m.bin, with its content in the store. */
static void begin(struct world *w)
{
	world_new(w, "");
	/* What our filter says of a file, for git to compare with. */
	run(&w->r, "{ echo 'cat >\"$ROOT/in.$$\"; set -- "
	    "$(sha256sum \"$ROOT/in.$$\")';"
	    "echo 'printf \"git-model/1\\noid sha256:%%s\\nsize %%s\\n\" "
	    "$1 $(wc -c <\"$ROOT/in.$$\")'; } >\"$ROOT/clean\"; "
	    "git config filter.model.clean 'sh \"$ROOT/clean\"'");
	run(&w->r, "mkdir .gitmodel && printf '[artifact \"fraud\"]\\npath = "
	    "m.bin\\n' >.gitmodel/config && "
	    "echo '*.bin filter=model -text' >.gitattributes && git add "
	    ".gitmodel .gitattributes && git commit -qm config");
	put(w, "one\n");
}

static int reg(struct world *w, const char *artifact, const char *version,
	       const char *rev, unsigned flags, const char *expected)
{
	const struct mv_register ask = { .artifact = artifact,
					 .version = version, .rev = rev,
					 .flags = flags };
	struct mv_registered r;
	int rc = mv_release_register(&r, w->repo, &ask, &w->err);

	if (!rc && expected) {
		assert_string_equal(r.tag, expected);
		assert_string_equal(r.path, "m.bin");
		assert_int_equal(r.pointer.size, 4);
	}
	if (!rc)
		mv_release_registered_clear(&r);
	return rc;
}

/* -- register, and what takes it back ------------------------------------- */

static void test_release_register__names_what_is_there(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, "fraud@v1.0.0"));
	assert_string_equal(w.warned, "");
	assert_prints(&w.r, "Model-Size: 4\n", "git cat-file tag fraud@v1.0.0 "
		      "| grep Model-Size");
	put(&w, "two\n");
	/* The next after the greatest. */
	assert_ok(&w, reg(&w, "fraud", NULL, NULL, 0, "fraud@v1.0.1"));
	assert_prints(&w.r, "", "test $(git rev-parse HEAD) = "
		      "$(git rev-parse fraud@v1.0.1^{})");
	world_drop(&w);
}

static void test_release_register__is_refused_as_the_header_says(void **state)
{
	struct world w;
	char *tag;

	(void)state;
	begin(&w);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	assert_int_equal(reg(&w, "fraud", "v1.0.0", NULL, 0, NULL),
			 MV_EEXISTS);
	/* A second one at one commit. */
	assert_int_equal(reg(&w, "fraud", "v1.1.0", NULL, 0, NULL),
			 MV_EEXISTS);
	assert_ok(&w, reg(&w, "fraud", "v1.1.0", NULL, MV_TAG_FORCE, NULL));
	/* One that was taken back is not given again. */
	assert_ok(&w, mv_release_deregister(&tag, w.repo, "fraud", "v1.0.0",
					    NULL, 0, &w.err));
	free(tag);
	assert_int_equal(reg(&w, "fraud", "v1.0.0", NULL, MV_TAG_FORCE, NULL),
			 MV_EEXISTS);
	assert_int_equal(reg(&w, "churn", "v1.0.0", NULL, 0, NULL),
			 MV_EINVALID);
	assert_non_null(strstr(w.err.msg, "churn"));
	/* The path is not there, or not ours. */
	run(&w.r, "git rm -q --cached m.bin && git commit -qm gone");
	world_open(&w, NULL);
	assert_int_equal(reg(&w, "fraud", "v2.0.0", NULL, 0, NULL),
			 MV_EINVALID);
	run(&w.r, "echo '*.bin -filter' >.gitattributes && git add . && "
	    "git commit -qm plain");
	world_open(&w, NULL);
	assert_int_equal(reg(&w, "fraud", "v2.0.0", NULL, 0, NULL),
			 MV_EINVALID);
	assert_int_not_equal(reg(&w, "fraud", "v2.0.0", "nosuch", 0, NULL), 0);
	assert_int_equal(reg(&w, "fraud", "2.0", NULL, 0, NULL), MV_EINVALID);
	assert_prints(&w.r, "3\n", "git tag | wc -l");
	world_drop(&w);
}

static void test_release_register__content_that_is_nowhere_is_warned_of(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "chmod -R u+w .git/model && rm -rf .git/model");
	world_open(&w, NULL);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	assert_true(*w.warned);
	world_drop(&w);
}

static void test_release_deregister__what_is_not_active_is_not_there(void **state)
{
	struct world w;
	char *tag;

	(void)state;
	begin(&w);
	assert_int_equal(mv_release_deregister(&tag, w.repo, "fraud", "v1.0.0",
					       NULL, 0, &w.err), MV_ENOENT);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	run(&w.r, "git tag -a -m 'x\n\nModel-Version: v1.0.0' 'fraud#prod#1'");
	world_open(&w, NULL);
	assert_int_equal(mv_release_deregister(&tag, w.repo, "fraud", "v1.0.0",
					       NULL, 0, &w.err), MV_EEXISTS);
	assert_non_null(strstr(w.err.msg, "prod"));
	assert_ok(&w, mv_release_deregister(&tag, w.repo, "fraud", "v1.0.0",
					    "why", MV_TAG_FORCE, &w.err));
	assert_int_equal(strncmp(tag, "fraud@v1.0.0!#", 14), 0);
	free(tag);
	assert_int_equal(mv_release_deregister(&tag, w.repo, "fraud", "v1.0.0",
					       NULL, 0, &w.err), MV_ENOENT);
	world_drop(&w);
}

static void test_release_deprecate__once_and_only_what_is_registered(void **state)
{
	struct world w;
	char *tag;

	(void)state;
	begin(&w);
	assert_int_equal(mv_release_deprecate(&tag, w.repo, "fraud", NULL, 0,
					      &w.err), MV_ENOENT);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	assert_ok(&w, mv_release_deprecate(&tag, w.repo, "fraud", NULL, 0,
					   &w.err));
	free(tag);
	assert_int_equal(mv_release_deprecate(&tag, w.repo, "fraud", NULL, 0,
					      &w.err), MV_EEXISTS);
	put(&w, "two\n");
	assert_int_not_equal(reg(&w, "fraud", "v2.0.0", NULL, 0, NULL), 0);
	assert_non_null(strstr(w.err.msg, "deprecated"));
	assert_ok(&w, reg(&w, "fraud", "v2.0.0", NULL, MV_TAG_FORCE, NULL));
	world_drop(&w);
}

static void test_release_tag__a_trailer_is_one_line(void **state)
{
	struct mv_tag_event e;
	struct mv_err err;

	(void)state;
	mv_release_tag_init(&e);
	assert_int_equal(mv_release_tag_trailer(&e, "Model-Path", "a", &err),
			 0);
	assert_int_equal(mv_release_tag_trailer(&e, "Model-Path", "", &err),
			 MV_EINVALID);
	assert_int_equal(mv_release_tag_trailer(&e, "Model-Path", "a\nB: c",
						&err), MV_EINVALID);
	mv_release_tag_clear(&e);
}

/* -- into the work tree --------------------------------------------------- */

static size_t told;

static void tell(void *payload, const struct mv_release *release,
		 const struct mv_subject *subject, size_t left)
{
	(void)payload;
	assert_string_equal(release->version, "v1.0.0");
	assert_string_equal(subject->path, "m.bin");
	assert_int_equal(left, 0);
	told++;
}

static int check_out(struct world *w, const char *spec, unsigned flags)
{
	const struct mv_checkout_release o = { flags, tell, NULL };
	struct mv_checkout_stats stats;

	world_open(w, NULL);
	told = 0;
	return mv_release_checkout(w->repo, &spec, 1, &o, &stats, &w->err);
}

static void test_release_checkout__all_or_nothing(void **state)
{
	const char *both[] = { "fraud@v1.0.0", "fraud@v9.0.0" };
	const struct mv_checkout_release o = { 0, tell, NULL };
	struct mv_checkout_stats stats;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	put(&w, "two\n");
	assert_int_equal(mv_release_checkout(w.repo, both, 2, &o, &stats,
					     &w.err), MV_ENOENT);
	assert_prints(&w.r, "two\n", "cat m.bin");
	put_file(&w.r, "m.bin", "mine", 4);
	assert_int_equal(check_out(&w, "fraud@v1.0.0", 0), MV_EEXISTS);
	assert_prints(&w.r, "mine", "cat m.bin");
	assert_int_equal(told, 0);
	assert_ok(&w, check_out(&w, "fraud@v1.0.0", MV_CHECKOUT_FORCE));
	assert_prints(&w.r, "one\n", "cat m.bin");
	assert_int_equal(told, 1);
	assert_prints(&w.r, "", "test $(git rev-parse :m.bin) = "
		      "$(git rev-parse fraud@v1.0.0:m.bin)");
	assert_int_equal(check_out(&w, "m.bin", 0), MV_EINVALID);
	world_drop(&w);
}

static void test_release_checkout__missing_content_touches_nothing(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	put(&w, "two\n");
	run(&w.r, "chmod -R u+w .git/model && rm -rf .git/model");
	assert_int_equal(check_out(&w, "fraud@v1.0.0", 0), MV_ENOENT);
	assert_prints(&w.r, "two\n", "cat m.bin");
	assert_prints(&w.r, "", "test $(git rev-parse :m.bin) = "
		      "$(git rev-parse HEAD:m.bin)");
	world_drop(&w);
}

static void test_release_checkout__of_what_holds_the_stage(void **state)
{
	const struct mv_checkout_release o = { 0, tell, NULL };
	struct mv_checkout_stats stats;
	struct world w;
	size_t count;

	(void)state;
	begin(&w);
	assert_ok(&w, reg(&w, "fraud", "v1.0.0", NULL, 0, NULL));
	assert_int_equal(mv_release_checkout_stage(w.repo, "prod", &o, &stats,
						   &count, &w.err), MV_ENOENT);
	run(&w.r, "git tag -a -m 'x\n\nModel-Version: v1.0.0' 'fraud#prod#1'");
	put(&w, "two\n");
	told = 0;
	assert_ok(&w, mv_release_checkout_stage(w.repo, "prod", &o, &stats,
						&count, &w.err));
	assert_int_equal(count, 1);
	assert_int_equal(told, 1);
	assert_prints(&w.r, "one\n", "cat m.bin");
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_register__names_what_is_there),
		cmocka_unit_test(
			test_release_register__is_refused_as_the_header_says),
		cmocka_unit_test(
		   test_release_register__content_that_is_nowhere_is_warned_of),
		cmocka_unit_test(
		      test_release_deregister__what_is_not_active_is_not_there),
		cmocka_unit_test(
		      test_release_deprecate__once_and_only_what_is_registered),
		cmocka_unit_test(test_release_tag__a_trailer_is_one_line),
		cmocka_unit_test(test_release_checkout__all_or_nothing),
		cmocka_unit_test(
			test_release_checkout__missing_content_touches_nothing),
		cmocka_unit_test(test_release_checkout__of_what_holds_the_stage)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
