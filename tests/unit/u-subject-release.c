/* SPDX-License-Identifier: MIT */
#include "libmv/meta/registry.h"
#include "libmv/subject/release.h"
#include "libmv/subject/subject.h"
#include "tests/unit/u-world.h"

/* What tags say of versions and stages, and what a person means by them. */
static void put_pointer(struct world *w, const char *path, char digit)
{
	char text[160], oid[65];

	memset(oid, digit, 64);
	oid[64] = '\0';
	snprintf(text, sizeof(text), "git-model/1\noid sha256:%s\nsize 1000\n",
		 oid);
	put_file(&w->r, path, text, strlen(text));
}

/* v1.0.0 and v2.0.0, of which v1.0.0 holds prod, at a commit each. */
static void begin(struct world *w)
{
	world_new(w, "");
	put_pointer(w, "m.bin", '1');
	run(&w->r, "mkdir .gitmodel && printf '[artifact \"fraud\"]\\npath = "
	    "m.bin\\n' >.gitmodel/config && git add . && git commit -qm two &&"
	    "git tag -a -m x fraud@v1.0.0 &&"
	    "git tag -a -m 'Assign\n\nModel-Version: v1.0.0' 'fraud#prod#1'");
	put_pointer(w, "m.bin", '2');
	run(&w->r, "git commit -qam three && git tag -a -m x fraud@v2.0.0");
	world_open(w, NULL);
}

static int version(struct mv_release *r, struct world *w, const char *spec)
{
	return mv_subject_version(r, w->repo, spec, &w->err);
}

static void assert_version(struct world *w, const char *spec,
			   const char *expected, const char *tag)
{
	struct mv_release r;

	assert_ok(w, version(&r, w, spec));
	assert_string_equal(r.artifact, "fraud");
	assert_string_equal(r.version, expected);
	assert_string_equal(r.tag, tag);
	assert_int_equal(r.stage != NULL, strchr(spec, '#') != NULL);
	assert_prints(&w->r, "", "test $(git rev-parse '%s^{commit}') = %s && "
		      "test $(git rev-parse '%s') = %s", tag, r.commit, tag,
		      r.tag_oid);
	mv_subject_version_clear(&r);
}

/* -- one name ------------------------------------------------------------- */

static void test_subject_version__is_what_the_tags_say(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_version(&w, "fraud@v1.0.0", "v1.0.0", "fraud@v1.0.0");
	assert_version(&w, "fraud@latest", "v2.0.0", "fraud@v2.0.0");
	assert_version(&w, "fraud@greatest", "v2.0.0", "fraud@v2.0.0");
	assert_version(&w, "fraud#prod", "v1.0.0", "fraud#prod#1");
	world_drop(&w);
}

static void test_subject_version__three_kinds_of_no(void **state)
{
	static const char *const odd[] = {
		"fraud", "m.bin", "fraud@", "fraud@main", "fraud@v1", "@v1.0.0",
		"fraud#", "fraud#a b", "fr aud@v1.0.0", ""
	};
	static const char *const none[] = {
		"fraud@v9.0.0", "fraud#nobody", "churn@v1.0.0", "churn@latest"
	};
	struct mv_release r;
	struct world w;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_int_equal(mv_subject_version_spec_ok(odd[i]), 0);
		assert_int_equal(version(&r, &w, odd[i]), MV_EINVALID);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		assert_int_equal(mv_subject_version_spec_ok(none[i]), 1);
		assert_int_equal(version(&r, &w, none[i]), MV_ENOENT);
		assert_null(r.artifact);
	}
	/* A tag object under another name, or with a torn trailer. */
	run(&w.r, "git tag -f x fraud@v1.0.0 && git update-ref "
	    "refs/tags/fraud@v3.0.0 $(git rev-parse fraud@v2.0.0)");
	world_open(&w, NULL);
	assert_int_equal(version(&r, &w, "fraud@v3.0.0"), MV_EDENIED);
	assert_non_null(strstr(w.err.msg, "another name"));
	/* Nothing older is taken in its place. */
	assert_int_equal(version(&r, &w, "fraud@latest"), MV_EDENIED);
	/* The stage is at a version that was taken back. */
	run(&w.r, "git tag -a -m x 'fraud@v1.0.0!' fraud@v1.0.0^{}");
	world_open(&w, NULL);
	assert_int_equal(version(&r, &w, "fraud#prod"), MV_ECORRUPT);
	assert_int_equal(version(&r, &w, "fraud@v1.0.0"), MV_ENOENT);
	assert_non_null(strstr(w.err.msg, "taken back"));
	world_drop(&w);
}

static void test_subject_version__git_that_cannot_be_asked_is_no_no(void **state)
{
	struct mv_release r;
	struct mv_events events;
	struct world w;
	int rc;

	(void)state;
	begin(&w);
	run(&w.r, "o=$(git rev-parse fraud@v1.0.0) && rm -f .git/objects/$(echo "
	    "$o | cut -c1-2)/$(echo $o | cut -c3-)");
	world_open(&w, NULL);
	rc = version(&r, &w, "fraud@v1.0.0");
	assert_true(rc && rc != MV_ENOENT && rc != MV_EINVALID);
	run(&w.r, "mv .git/HEAD .git/gone");
	rc = version(&r, &w, "fraud@v2.0.0");
	assert_true(rc && rc != MV_ENOENT && rc != MV_EINVALID);
	assert_int_not_equal(mv_subject_events(&events, w.repo, NULL, &w.err),
			     0);
	world_drop(&w);
}

/* -- its content ---------------------------------------------------------- */

static int content(struct mv_subject *s, struct world *w, const char *spec)
{
	struct mv_release r;
	int rc;

	assert_ok(w, version(&r, w, spec));
	rc = mv_subject_of_version(s, w->repo, &r, &w->err);
	mv_subject_version_clear(&r);
	return rc;
}

static void test_subject_of_version__is_that_of_its_commit(void **state)
{
	struct mv_subject s;
	struct world w;

	(void)state;
	begin(&w);
	assert_ok(&w, content(&s, &w, "fraud#prod"));
	assert_int_equal(s.pointer.oid.b[0], 0x11);
	assert_string_equal(s.artifact, "fraud");
	assert_string_equal(s.path, "m.bin");
	assert_string_equal(s.version, "v1.0.0");
	assert_string_equal(s.stage, "prod");
	mv_subject_release(&s);
	/* The file went elsewhere since, and the config with it. */
	run(&w.r, "git mv m.bin n.bin && sed -i s/m.bin/n.bin/ "
	    ".gitmodel/config && git commit -qam moved");
	world_open(&w, NULL);
	assert_ok(&w, content(&s, &w, "fraud@v2.0.0"));
	assert_string_equal(s.path, "m.bin");
	assert_int_equal(s.pointer.oid.b[0], 0x22);
	mv_subject_release(&s);
	world_drop(&w);
}

static void test_subject_of_version__the_tag_has_the_last_word(void **state)
{
	struct mv_subject s;
	struct world w;

	(void)state;
	begin(&w);
	run(&w.r, "git tag -a -m 'x\n\nModel-Content: sha256:%064d' "
	    "fraud@v3.0.0", 2);
	world_open(&w, NULL);
	assert_int_equal(content(&s, &w, "fraud@v3.0.0"), MV_EDENIED);
	assert_non_null(strstr(w.err.msg, "fraud@v3.0.0"));
	assert_null(s.path);
	world_drop(&w);
}

/* -- events and holders --------------------------------------------------- */

static void test_subject_events__all_with_what_is_not_believed(void **state)
{
	struct mv_events e;
	struct world w;
	size_t problems = 0, active = 0;

	(void)state;
	begin(&w);
	run(&w.r, "git update-ref refs/tags/fraud@v3.0.0 "
	    "$(git rev-parse fraud@v2.0.0) && git tag fraud@v4.0.0");
	world_open(&w, NULL);
	assert_ok(&w, mv_subject_events(&e, w.repo, "fraud", &w.err));
	assert_int_equal(e.registry.count, 4);
	assert_int_equal(e.registry.lightweight, 1);
	for (size_t i = 0; i < e.registry.count; i++) {
		problems += e.info[i].problem != NULL;
		active += e.info[i].active != 0;
		assert_non_null(e.info[i].name);
		assert_int_equal(e.info[i].when, 1700000000);
	}
	assert_int_equal(problems, 1);
	assert_int_equal(active, 3);
	assert_int_equal(mv_subject_was_registered(&e.registry, "fraud",
						   "v3.0.0"), 1);
	assert_int_equal(mv_subject_was_registered(&e.registry, "fraud",
						   "v4.0.0"), 0);
	mv_subject_events_release(&e);
	assert_ok(&w, mv_subject_events(&e, w.repo, "churn", &w.err));
	assert_int_equal(e.registry.count, 0);
	mv_subject_events_release(&e);
	world_drop(&w);
}

static void holders(struct world *w, int stands, const char *expected)
{
	struct mv_registry r;
	struct mv_holders h;

	world_open(w, NULL);
	assert_ok(w, mv_registry_load(&r, mv_repo_git(w->repo), "fraud",
				      &w->err));
	assert_ok(w, mv_subject_holders(&h, w->repo, &r, "fraud", &w->err));
	assert_int_equal(h.count, 1);
	assert_int_equal(!!h.v[0].stands, stands);
	assert_int_equal(h.v[0].version != NULL, expected != NULL);
	if (expected)
		assert_string_equal(h.v[0].version->tag.version, expected);
	mv_subject_holders_release(&h);
	mv_registry_release(&r);
}

static void test_subject_holders__another_version_does_not_step_in(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	holders(&w, 1, "v1.0.0");
	/* Two at one commit, and the one that was promoted is taken back. */
	run(&w.r, "git tag -a -m x fraud@v1.1.0 fraud@v1.0.0^{} && "
	    "git tag -a -m x 'fraud@v1.0.0!' fraud@v1.0.0^{}");
	holders(&w, 0, NULL);
	/* One that names none (GTO's) is of whatever is there. */
	run(&w.r, "git tag -a -m x 'fraud#prod#2' fraud@v1.0.0^{}");
	holders(&w, 1, "v1.1.0");
	world_drop(&w);
}

/* -- two words ------------------------------------------------------------ */

static void two(struct world *w, const char *name, const char *word,
		const char *expected)
{
	char *spec;

	assert_ok(w, mv_subject_two_words(&spec, w->repo, name, word,
					  &w->err));
	if (expected)
		assert_string_equal(spec, expected);
	else
		assert_null(spec);
	free(spec);
}

static void test_subject_words__are_one_only_where_they_are_nothing_else(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	two(&w, "fraud", "prod", "fraud#prod");
	two(&w, "fraud", "v1.0.0", "fraud@v1.0.0");
	two(&w, "fraud", "@v1.0.0", "fraud@v1.0.0");
	two(&w, "fraud", "@latest", "fraud@latest");
	two(&w, "fraud", "staging", NULL);
	two(&w, "fraud", "v9.0.0", NULL);
	two(&w, "fraud", "m.bin", NULL);
	two(&w, "churn", "prod", NULL);
	two(&w, "m.bin", "prod", NULL);
	run(&w.r, "mkdir prod");
	two(&w, "fraud", "prod", NULL);
	run(&w.r, "rmdir prod && echo >prod && git add prod && rm prod");
	two(&w, "fraud", "prod", NULL);
	run(&w.r, "git rm -q --cached prod && echo >fraud");
	two(&w, "fraud", "prod", NULL);
	world_drop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subject_version__is_what_the_tags_say),
		cmocka_unit_test(test_subject_version__three_kinds_of_no),
		cmocka_unit_test(
		   test_subject_version__git_that_cannot_be_asked_is_no_no),
		cmocka_unit_test(
			test_subject_of_version__is_that_of_its_commit),
		cmocka_unit_test(
			test_subject_of_version__the_tag_has_the_last_word),
		cmocka_unit_test(
			test_subject_events__all_with_what_is_not_believed),
		cmocka_unit_test(
			test_subject_holders__another_version_does_not_step_in),
		cmocka_unit_test(
		 test_subject_words__are_one_only_where_they_are_nothing_else)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
