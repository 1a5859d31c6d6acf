/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/git/objects.h"
#include "libmv/git/refs.h"
#include "libmv/meta/registry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OID "4d7a214614ab2935c943f9e0ff69d22eadbb8f32"

/* A tag's name and the commit that it leads to; "-" in front: lightweight. */
struct row {
	const char *name, *commit;
};

static int load_n(struct mv_registry *r, const struct row *rows, size_t count,
		  const char *artifact, int backwards)
{
	struct mv_git_ref refs[32];
	char names[32][128];

	assert_true(count <= COUNT(refs));
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[backwards ? count - 1 - i : i];
		int light = *row->name == '-';

		snprintf(names[i], sizeof(names[i]), "refs/tags/%s",
			 row->name + light);
		refs[i].name = names[i];
		refs[i].oid = OID;
		refs[i].type = light ? "commit" : "tag";
		refs[i].commit = row->commit;
	}
	return mv_registry_from_refs(r, refs, count, artifact, NULL);
}

/* In whatever order the refs come. */
#define load(r, rows) load_n((r), (rows), COUNT(rows), NULL, 0)
#define load_backwards(r, rows) load_n((r), (rows), COUNT(rows), NULL, 1)

static void assert_order(const struct mv_registry *r, const char *expected)
{
	char text[1024] = "";

	for (size_t i = 0; i < r->count; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, r->v[i].ref + strlen("refs/tags/"));
		assert_int_equal(r->v[i].order, i);
	}
	assert_string_equal(text, expected);
}

static const char *ref_of(const struct mv_event *e)
{
	return e ? e->ref + strlen("refs/tags/") : "none";
}

#define assert_is(event, name) assert_string_equal(ref_of(event), (name))

/* -- order ---------------------------------------------------------------- */

static void test_meta_registry__counters_give_the_order(void **state)
{
	static const struct row rows[] = {
		{ "rf@v0.10.0", "c" }, { "rf@v0.2.0", "b" },
		{ "rf@v0.1.0", "a" }, { "rf#prod#3", "b" },
		{ "rf#staging#1", "a" }, { "rf#prod#2", "a" },
		{ "rf#staging!#10", "a" }, { "rf#prod!#9", "b" },
		{ "rf@deprecated#11", "c" },
	};
	struct mv_registry r;

	(void)state;
	for (int way = 0; way < 2; way++) {
		assert_int_equal(load_n(&r, rows, COUNT(rows), NULL, way), 0);
		assert_order(&r, "rf@v0.1.0 rf#staging#1 rf#prod#2 rf@v0.2.0 "
			     "rf#prod#3 rf#prod!#9 rf#staging!#10 rf@v0.10.0 "
			     "rf@deprecated#11");
		mv_registry_release(&r);
		assert_null(r.v);
	}
}

static void test_meta_registry__equal_counters_give_before_they_take(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf#prod!#3", "a" },
		{ "rf#prod#3", "a" }, { "rf@v1.0.0!#3", "a" },
		{ "rf@v1.0.0#3", "a" }, { "rf#prod#03", "a" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_order(&r, "rf@v1.0.0 rf#prod#03 rf#prod#3 rf@v1.0.0#3 "
		     "rf#prod!#3 rf@v1.0.0!#3");
	assert_is(mv_registry_holder(&r, "rf", "prod"), "none");
	assert_is(mv_registry_version(&r, "rf", "v1.0.0"), "none");
	mv_registry_release(&r);
}

static void test_meta_registry__without_counters(void **state)
{
	static const struct row rows[] = {
		{ "rf@created", "a" }, { "rf#prod#1", "b" },
		{ "rf#dev", "a" }, { "rf@v1.0.0", "a" },
		{ "rf@v1.1.0", "b" }, { "rf@v1.0.0!", "z" },
		{ "rf@deprecated", "a" }, { "rf@v1.2.0", "c" },
		{ "rf#dev!", "a" }, { "rf#qa!", "a" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load_backwards(&r, rows), 0);
	assert_order(&r, "rf#qa! rf@created rf@v1.0.0 rf#dev rf@v1.1.0 "
		     "rf#prod#1 rf@v1.2.0 rf@deprecated rf#dev! rf@v1.0.0!");
	mv_registry_release(&r);
}

/* What was decided between a version's registration and a tag without a
   counter that takes it back was decided while it was there. */
static void test_meta_registry__no_counter_rewrites_nothing(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf#prod#1", "a" },
		{ "rf@v1.1.0", "b" }, { "rf#prod#2", "b" },
		{ "rf@v1.0.0!", "a" }, { "rf#prod!", "a" },
		{ "rf@v1.0.0#5", "c" }, { "rf#prod#6", "a" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load_backwards(&r, rows), 0);
	assert_order(&r, "rf@v1.0.0 rf#prod#1 rf@v1.1.0 rf#prod#2 rf@v1.0.0! "
		     "rf@v1.0.0#5 rf#prod! rf#prod#6");
	assert_is(mv_registry_version(&r, "rf", "v1.0.0"), "rf@v1.0.0#5");
	assert_is(mv_registry_holder(&r, "rf", "prod"), "rf#prod#6");
	mv_registry_release(&r);
}

/* -- versions ------------------------------------------------------------- */

static void test_meta_registry__versions(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf@v1.10.0", "b" },
		{ "rf@v1.9.0", "c" }, { "rf@v2.0.0-rc.1", "d" },
		{ "rf@v2.0.0", "e" }, { "rf@v2.0.0!", "e" },
		{ "xx@v9.0.0", "f" },
	};
	const struct mv_event *const *v;
	struct mv_registry r;
	size_t count;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_is(mv_registry_version(&r, "rf", "v1.9.0"), "rf@v1.9.0");
	assert_string_equal(mv_registry_version(&r, "rf", "v1.9.0")->commit,
			    "c");
	assert_is(mv_registry_version(&r, "rf", "v2.0.0"), "none");
	assert_is(mv_registry_version(&r, "rf", "v9.0.0"), "none");
	assert_is(mv_registry_version(&r, "zz", "v1.0.0"), "none");
	assert_is(mv_registry_greatest(&r, "rf"), "rf@v2.0.0-rc.1");
	assert_is(mv_registry_greatest(&r, "aa"), "none");
	v = mv_registry_versions(&r, "rf", &count);
	assert_int_equal(count, 4);
	assert_is(v[0], "rf@v1.0.0");
	assert_is(v[1], "rf@v1.9.0");
	assert_is(v[2], "rf@v1.10.0");
	assert_is(v[3], "rf@v2.0.0-rc.1");
	mv_registry_versions(&r, NULL, &count);
	assert_int_equal(count, 5);
	mv_registry_versions(&r, "zz", &count);
	assert_int_equal(count, 0);
	mv_registry_release(&r);
}

static void test_meta_registry__a_version_comes_back(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf@v1.0.0!", "a" },
		{ "rf@v1.0.0#7", "b" }, { "rf@v2.0.0", "c" },
		{ "rf@v2.0.0!#8", "c" }, { "rf@v2.0.0#9", "c" },
		{ "rf@v2.0.0!#10", "c" },
		/* First registered with a counter, then taken back. */
		{ "rf@v3.0.0#11", "d" }, { "rf@v3.0.0!", "d" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load_backwards(&r, rows), 0);
	assert_is(mv_registry_version(&r, "rf", "v1.0.0"), "rf@v1.0.0#7");
	assert_is(mv_registry_version(&r, "rf", "v2.0.0"), "none");
	assert_is(mv_registry_version(&r, "rf", "v3.0.0"), "none");
	assert_is(mv_registry_greatest(&r, "rf"), "rf@v1.0.0#7");
	mv_registry_release(&r);
}

/* Nobody can let an active version mean another commit. */
static void test_meta_registry__a_version_is_not_redefined(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf@v1.0.0#1", "evil" },
		{ "rf@v1.0.0#50", "evil" }, { "rf@v2.0.0#2", "b" },
		{ "rf@v2.0.0#3", "evil" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_is(mv_registry_version(&r, "rf", "v1.0.0"), "rf@v1.0.0");
	assert_is(mv_registry_version(&r, "rf", "v2.0.0"), "rf@v2.0.0#2");
	assert_is(mv_registry_version_at(&r, "rf", "evil"), "none");
	mv_registry_release(&r);
}

static void test_meta_registry__two_versions_on_one_commit(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf@v1.2.0", "a" },
		{ "rf@v1.10.0", "a" }, { "rf@v1.10.0!", "a" },
		{ "rf@v2.0.0", "b" }, { "rf#prod#1", "a" },
		{ "xx@v5.0.0", "a" },
	};
	const struct mv_event *e;
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_is(mv_registry_version_at(&r, "rf", "a"), "rf@v1.2.0");
	e = mv_registry_holder(&r, "rf", "prod");
	assert_is(mv_registry_assigned(&r, e, NULL), "rf@v1.2.0");
	assert_is(mv_registry_assigned(&r, e, "v1.0.0"), "rf@v1.0.0");
	/* Not active, at another commit, never heard of. */
	assert_is(mv_registry_assigned(&r, e, "v1.10.0"), "none");
	assert_is(mv_registry_assigned(&r, e, "v2.0.0"), "none");
	assert_is(mv_registry_assigned(&r, e, "v7.0.0"), "none");
	mv_registry_release(&r);
}

/* -- stages --------------------------------------------------------------- */

static void test_meta_registry__holders(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf@v2.0.0", "b" },
		{ "rf#prod#1", "a" }, { "rf#prod#2", "b" },
		{ "rf#prod#3", "a" }, { "rf#staging#4", "b" },
		{ "rf#staging!#5", "b" },
		/* Speaks of what does not hold it any more. */
		{ "rf#qa#6", "a" }, { "rf#qa#7", "b" }, { "rf#qa!#8", "a" },
		{ "rf#old", "a" }, { "rf#gone", "a" }, { "rf#gone!", "a" },
		{ "rf#late#20", "a" }, { "rf#late", "b" },
		{ "rf#back#21", "a" }, { "rf#back!", "a" },
		{ "rf#back#22", "a" }, { "rf#left#23", "a" },
		{ "rf#left!", "a" }, { "xx#prod#9", "z" },
	};
	const struct mv_event *const *h;
	struct mv_registry r;
	size_t count;

	(void)state;
	assert_int_equal(load_backwards(&r, rows), 0);
	assert_is(mv_registry_holder(&r, "rf", "prod"), "rf#prod#3");
	assert_is(mv_registry_holder(&r, "rf", "staging"), "none");
	assert_is(mv_registry_holder(&r, "rf", "qa"), "rf#qa#7");
	assert_is(mv_registry_holder(&r, "rf", "old"), "rf#old");
	assert_is(mv_registry_holder(&r, "rf", "gone"), "none");
	assert_is(mv_registry_holder(&r, "rf", "late"), "rf#late#20");
	assert_is(mv_registry_holder(&r, "rf", "back"), "rf#back#22");
	assert_is(mv_registry_holder(&r, "rf", "left"), "none");
	assert_is(mv_registry_holder(&r, "rf", "never"), "none");
	h = mv_registry_holders(&r, "rf", &count);
	assert_int_equal(count, 5);
	assert_is(h[0], "rf#back#22");
	assert_is(h[4], "rf#qa#7");
	mv_registry_holders(&r, NULL, &count);
	assert_int_equal(count, 6);
	/* Nothing is registered at that commit. */
	assert_is(mv_registry_assigned(&r, mv_registry_holder(&r, "xx",
							      "prod"),
				       NULL), "none");
	mv_registry_release(&r);
}

static void test_meta_registry__deprecation(void **state)
{
	static const struct row rows[] = {
		{ "a@v1.0.0", "a" }, { "a@deprecated#1", "a" },
		{ "b@v1.0.0", "a" }, { "b@deprecated#1", "a" },
		{ "b@v2.0.0#2", "b" },
		{ "c@v1.0.0", "a" }, { "c@deprecated", "a" },
		{ "c#prod#5", "a" },
		/* Neither a tag without a counter nor a clean-up revives. */
		{ "d@deprecated#1", "a" }, { "d@v3.0.0", "a" },
		{ "d#prod", "a" }, { "d#dev!#2", "a" },
		{ "e@v1.0.0", "a" }, { "e@created#3", "a" },
		{ "f@deprecated#1", "a" }, { "f#prod#2", "a" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_is(mv_registry_deprecated(&r, "a"), "a@deprecated#1");
	assert_is(mv_registry_deprecated(&r, "b"), "none");
	assert_is(mv_registry_deprecated(&r, "c"), "c@deprecated");
	assert_is(mv_registry_deprecated(&r, "d"), "d@deprecated#1");
	assert_is(mv_registry_deprecated(&r, "e"), "none");
	assert_is(mv_registry_deprecated(&r, "f"), "none");
	/* Its versions can still be had. */
	assert_is(mv_registry_greatest(&r, "a"), "a@v1.0.0");
	mv_registry_release(&r);
}

/* -- what is left out ----------------------------------------------------- */

static void test_meta_registry__lightweight_tags_are_left_out(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "-rf@v2.0.0", "b" },
		{ "-rf#prod#7", "a" }, { "rf#prod#3", "a" },
		{ "rf#prod#4", "" }, { "-v1.0.0", "a" },
		{ "-other", "a" }, { "rf#prod#99999999999999999999", "b" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_order(&r, "rf@v1.0.0 rf#prod#3");
	assert_int_equal(r.lightweight, 3);
	assert_is(mv_registry_greatest(&r, "rf"), "rf@v1.0.0");
	/* But the name #7 is taken. */
	assert_int_equal(mv_registry_next(&r, "rf"), 8);
	mv_registry_release(&r);
}

static void test_meta_registry__next_counter(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf#prod#3", "a" },
		{ "rf#staging!#7", "a" }, { "rf@v2.0.0!#5", "a" },
		{ "dir=rf#prod#11", "a" }, { "plain@v1.0.0", "a" },
		{ "end#prod#999999999999999999", "a" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_int_equal(mv_registry_next(&r, "rf"), 8);
	assert_int_equal(mv_registry_next(&r, "dir:rf"), 12);
	assert_int_equal(mv_registry_next(&r, "plain"), 1);
	assert_int_equal(mv_registry_next(&r, "new"), 1);
	assert_int_equal(mv_registry_next(&r, "end"), -1);
	mv_registry_release(&r);
}

static void test_meta_registry__one_artifact(void **state)
{
	static const struct row rows[] = {
		{ "rf@v1.0.0", "a" }, { "rf2@v1.0.0", "b" },
		{ "-rf2@v3.0.0", "b" }, { "rf/x@v1.0.0", "c" },
		{ "a/b=rf@v7.0.0", "d" }, { "a/b=rf#prod#1", "d" },
	};
	struct mv_registry r;

	(void)state;
	assert_int_equal(load_n(&r, rows, COUNT(rows), "rf", 0), 0);
	assert_order(&r, "rf@v1.0.0");
	assert_int_equal(r.lightweight, 0);
	mv_registry_release(&r);
	assert_int_equal(load_n(&r, rows, COUNT(rows), "a/b:rf", 0), 0);
	assert_order(&r, "a/b=rf@v7.0.0 a/b=rf#prod#1");
	assert_string_equal(r.v[0].tag.artifact, "a/b:rf");
	assert_is(mv_registry_holder(&r, "a/b:rf", "prod"), "a/b=rf#prod#1");
	mv_registry_release(&r);
	assert_int_equal(load_n(&r, rows, 0, NULL, 0), 0);
	assert_int_equal(r.count, 0);
	assert_is(mv_registry_greatest(&r, "rf"), "none");
	mv_registry_release(&r);
}

static void test_meta_registry__an_empty_one_has_nothing(void **state)
{
	struct mv_registry r = MV_REGISTRY_INIT;
	size_t count = 5;

	(void)state;
	assert_null(mv_registry_version(&r, "rf", "v1.0.0"));
	assert_null(mv_registry_greatest(&r, "rf"));
	assert_null(mv_registry_versions(&r, NULL, &count));
	assert_int_equal(count, 0);
	assert_null(mv_registry_holder(&r, "rf", "prod"));
	assert_null(mv_registry_version_at(&r, "rf", "a"));
	assert_null(mv_registry_deprecated(&r, "rf"));
	assert_int_equal(mv_registry_next(&r, "rf"), 1);
	mv_registry_release(&r);
}

/* A signed tag object under another name is not that event. */
static void test_meta_registry__a_tag_knows_its_name(void **state)
{
	static const struct row rows[] = { { "a=rf#prod#1", "a" } };
	char good[] = "a=rf#prod#1", bad[] = "a=rf#staging#1";
	struct mv_git_object_info info = { .name = good };
	struct mv_registry r;

	(void)state;
	assert_int_equal(load(&r, rows), 0);
	assert_true(mv_event_is(&r.v[0], &info));
	info.name = bad;
	assert_false(mv_event_is(&r.v[0], &info));
	info.name = NULL;
	assert_false(mv_event_is(&r.v[0], &info));
	mv_registry_release(&r);
}

/* -- many ----------------------------------------------------------------- */

enum { MANY = 20000 };

static void test_meta_registry__twenty_thousand_tags(void **state)
{
	struct mv_git_ref *refs = calloc(MANY, sizeof(*refs));
	char (*names)[64] = calloc(MANY, sizeof(*names));
	char (*commits)[16] = calloc(MANY, sizeof(*commits));
	const struct mv_event *e;
	struct mv_registry r;
	char version[32];

	(void)state;
	assert_true(refs && names && commits);
	for (size_t i = 0; i < MANY; i++) {
		size_t n = i * 7919 % MANY;	/* every number once, mixed */

		snprintf(commits[i], sizeof(commits[i]), "c%zu", n / 2);
		if (n % 2)
			snprintf(names[i], sizeof(names[i]),
				 "refs/tags/rf#prod#%zu", n);
		else
			snprintf(names[i], sizeof(names[i]),
				 "refs/tags/rf@v0.%zu.0", n / 2);
		refs[i].name = names[i];
		refs[i].oid = OID;
		refs[i].type = "tag";
		refs[i].commit = commits[i];
	}
	assert_int_equal(mv_registry_from_refs(&r, refs, MANY, NULL, NULL), 0);
	assert_int_equal(r.count, MANY);
	for (size_t i = 0; i < MANY / 2; i++) {
		snprintf(version, sizeof(version), "v0.%zu.0", i);
		e = mv_registry_version(&r, "rf", version);
		assert_non_null(e);
		assert_int_equal(e->order, 2 * i);
		assert_ptr_equal(mv_registry_assigned(&r, &r.v[2 * i + 1],
						      NULL), e);
	}
	assert_is(mv_registry_holder(&r, "rf", "prod"), "rf#prod#19999");
	assert_int_equal(mv_registry_next(&r, "rf"), MANY);
	mv_registry_release(&r);
	free(refs);
	free(names);
	free(commits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_registry__counters_give_the_order),
		cmocka_unit_test(test_meta_registry__equal_counters_give_before_they_take),
		cmocka_unit_test(test_meta_registry__without_counters),
		cmocka_unit_test(test_meta_registry__no_counter_rewrites_nothing),
		cmocka_unit_test(test_meta_registry__versions),
		cmocka_unit_test(test_meta_registry__a_version_comes_back),
		cmocka_unit_test(test_meta_registry__a_version_is_not_redefined),
		cmocka_unit_test(test_meta_registry__two_versions_on_one_commit),
		cmocka_unit_test(test_meta_registry__holders),
		cmocka_unit_test(test_meta_registry__deprecation),
		cmocka_unit_test(test_meta_registry__lightweight_tags_are_left_out),
		cmocka_unit_test(test_meta_registry__next_counter),
		cmocka_unit_test(test_meta_registry__one_artifact),
		cmocka_unit_test(test_meta_registry__an_empty_one_has_nothing),
		cmocka_unit_test(test_meta_registry__a_tag_knows_its_name),
		cmocka_unit_test(test_meta_registry__twenty_thousand_tags),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
