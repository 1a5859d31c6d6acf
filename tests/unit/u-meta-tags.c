/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/meta/facts.h"
#include "libmv/meta/project.h"
#include "libmv/meta/tags.h"
#include "libmv/meta/version.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* -- names of tags -------------------------------------------------------- */

static void test_meta_tags__gtos_forms_are_read_and_printed(void **state)
{
	static const struct {
		const char *name;
		enum mv_event_kind kind;
		const char *artifact, *version, *stage;
		int64_t counter;
	} rows[] = {
		{ "rf@v1.2.3", MV_EVENT_REGISTER, "rf", "v1.2.3", NULL, -1 },
		{ "rf@v1.2.3#7", MV_EVENT_REGISTER, "rf", "v1.2.3", NULL, 7 },
		{ "rf@v1.2.3!", MV_EVENT_DEREGISTER, "rf", "v1.2.3", NULL,
		  -1 },
		{ "rf@v1.2.3!#8", MV_EVENT_DEREGISTER, "rf", "v1.2.3", NULL,
		  8 },
		{ "rf#prod#3", MV_EVENT_ASSIGN, "rf", NULL, "prod", 3 },
		{ "rf#prod", MV_EVENT_ASSIGN, "rf", NULL, "prod", -1 },
		{ "rf#prod!#4", MV_EVENT_UNASSIGN, "rf", NULL, "prod", 4 },
		{ "rf#prod!", MV_EVENT_UNASSIGN, "rf", NULL, "prod", -1 },
		{ "rf@deprecated", MV_EVENT_DEPRECATE, "rf", NULL, NULL, -1 },
		{ "rf@deprecated#9", MV_EVENT_DEPRECATE, "rf", NULL, NULL,
		  9 },
		{ "rf@created", MV_EVENT_CREATE, "rf", NULL, NULL, -1 },
		{ "rf@created#1", MV_EVENT_CREATE, "rf", NULL, NULL, 1 },
		{ "classification/dvclive=models/nn@v0.0.1",
		  MV_EVENT_REGISTER, "classification/dvclive:models/nn",
		  "v0.0.1", NULL, -1 },
		{ "a.b/c_d-=nn#dev#1", MV_EVENT_ASSIGN, "a.b/c_d-:nn", NULL,
		  "dev", 1 },
		{ "a@v1.2.3-rc.1", MV_EVENT_REGISTER, "a", "v1.2.3-rc.1",
		  NULL, -1 },
		{ "1@v1.2.3-0a.--+b5.007!#0", MV_EVENT_DEREGISTER, "1",
		  "v1.2.3-0a.--+b5.007", NULL, 0 },
		{ "Rf_x/Y-2#Prod/EU_1", MV_EVENT_ASSIGN, "Rf_x/Y-2", NULL,
		  "Prod/EU_1", -1 },
		{ "rf#3", MV_EVENT_ASSIGN, "rf", NULL, "3", -1 },
		{ "rf#v1", MV_EVENT_ASSIGN, "rf", NULL, "v1", -1 },
		{ "rf#deprecated!", MV_EVENT_UNASSIGN, "rf", NULL,
		  "deprecated", -1 },
		{ "rf#p#999999999999999999", MV_EVENT_ASSIGN, "rf", NULL, "p",
		  MV_COUNTER_MAX },
		{ "rf@v18446744073709551616.0.99999999999999999999999",
		  MV_EVENT_REGISTER, "rf",
		  "v18446744073709551616.0.99999999999999999999999", NULL,
		  -1 },
	};
	struct mv_tag tag;
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (mv_tag_parse(&tag, rows[i].name, NULL))
			fail_msg("%s is refused", rows[i].name);
		assert_int_equal(tag.kind, rows[i].kind);
		assert_string_equal(tag.artifact, rows[i].artifact);
		assert_true(!tag.version == !rows[i].version);
		if (tag.version)
			assert_string_equal(tag.version, rows[i].version);
		assert_true(!tag.stage == !rows[i].stage);
		if (tag.stage)
			assert_string_equal(tag.stage, rows[i].stage);
		assert_true(tag.counter == rows[i].counter);
		mv_buf_clear(&out);
		assert_int_equal(mv_tag_print(&out, &tag, NULL), 0);
		assert_string_equal(out.data, rows[i].name);
		mv_tag_release(&tag);
		assert_null(tag.artifact);
	}
	mv_buf_release(&out);
}

static void test_meta_tags__other_tags_are_none(void **state)
{
	static const char *const names[] = {
		"", "rf", "v1.0.0", "rf@", "rf#", "@v1.0.0", "#prod",
		"rf@1.0.0", "rf@v1", "rf@v1.2", "rf@v111", "rf@v1.2.3.4",
		"rf@V1.2.3", "rf@v01.2.3", "rf@v1.02.3", "rf@v1.2.03",
		"rf@v1.2.3-", "rf@v1.2.3-01", "rf@v1.2.3-a..b", "rf@v1.2.3+",
		"rf@v1.2.3+a_b", "rf@v1.2.3-a+b+c", "rf@v-1.2.3",
		"rf@latest", "rf@greatest", "rf@v1.2.3!!", "rf@v1.2.3#",
		"rf@v1.2.3#x", "rf@v1.2.3#-1", "rf@v1.2.3#1!", "rf@v1.2.3#1#2",
		"rf@v1.2.3 ", "rf@deprecated!", "rf@created!", "rf@Deprecated",
		"rf@deprecated#", "rf#prod#", "rf#prod#x", "rf#prod#1!",
		"rf#prod#1#2", "rf#prod!!", "rf#-prod", "rf#prod-", "rf#_",
		"rf#pr.od", "rf#prod@v1.0.0", "rf@v1.0.0#prod",
		"-rf@v1.0.0", "rf-@v1.0.0", "_rf@v1.0.0", "rf/@v1.0.0",
		"/rf@v1.0.0", "r.f@v1.0.0", "r//f@v1.0.0", "r f@v1.0.0",
		"r\xc3\xa9@v1.0.0", "r\nf@v1.0.0", "rf@v1.0.0\n",
		"a:rf@v1.0.0", "a=b=rf@v1.0.0", "=rf@v1.0.0", "a=@v1.0.0",
		"../a=rf@v1.0.0", "a//b=rf@v1.0.0", "/a=rf@v1.0.0",
		"-a=rf@v1.0.0", ".a=rf@v1.0.0",
		"a..b=rf@v1.0.0", "a.lock/b=rf@v1.0.0", "a b=rf@v1.0.0",
		/* A counter that would not fit is not cut. */
		"rf#prod#1000000000000000000", "rf#prod#9223372036854775807",
		"rf#prod#9223372036854775808", "rf#prod#18446744073709551617",
		"rf#prod#99999999999999999999999999999999999999",
	};
	struct mv_tag tag;
	struct mv_err err;
	char *large;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (mv_tag_parse(&tag, names[i], &err) != MV_ENOENT)
			fail_msg("'%s' is accepted", names[i]);
		assert_null(tag.artifact);
	}
	large = malloc(MV_TAG_MAX + 8);
	assert_non_null(large);
	memset(large, '7', MV_TAG_MAX + 8);
	memcpy(large, "a@v1.2.", 7);
	large[MV_TAG_MAX] = '\0';
	assert_int_equal(mv_tag_parse(&tag, large, NULL), 0);
	mv_tag_release(&tag);
	large[MV_TAG_MAX] = '7';
	large[MV_TAG_MAX + 1] = '\0';
	assert_int_equal(mv_tag_parse(&tag, large, NULL), MV_ENOENT);
	free(large);
}

static void test_meta_tags__counters_with_zeros_are_numbers(void **state)
{
	struct mv_tag tag;

	(void)state;
	assert_int_equal(mv_tag_parse(&tag, "rf#prod#007", NULL), 0);
	assert_int_equal(tag.counter, 7);
	mv_tag_release(&tag);
	assert_int_equal(mv_tag_parse(&tag,
				      "rf#prod#0000000000000000000000012",
				      NULL), 0);
	assert_int_equal(tag.counter, 12);
	mv_tag_release(&tag);
}

static void test_meta_tags__only_what_can_be_read_is_printed(void **state)
{
	char name[] = "rf", bad[] = "a=b", version[] = "v1.0.0",
	     one[] = "v1", stage[] = "prod", dot[] = "p.d";
	const struct mv_tag rows[] = {
		{ MV_EVENT_REGISTER, name, NULL, NULL, -1 },
		{ MV_EVENT_REGISTER, name, one, NULL, -1 },
		{ MV_EVENT_DEREGISTER, NULL, version, NULL, -1 },
		{ MV_EVENT_DEREGISTER, bad, version, NULL, -1 },
		{ MV_EVENT_ASSIGN, name, NULL, dot, -1 },
		{ MV_EVENT_UNASSIGN, name, version, NULL, 1 },
		{ MV_EVENT_ASSIGN, name, NULL, stage, -2 },
		{ MV_EVENT_ASSIGN, name, NULL, stage, MV_COUNTER_MAX + 1 },
	};
	struct mv_buf out;
	struct mv_err err;

	(void)state;
	mv_buf_init(&out, 4096);
	assert_int_equal(mv_buf_addstr(&out, "before"), 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(mv_tag_print(&out, &rows[i], &err),
				 MV_EINVALID);
	assert_string_equal(out.data, "before");
	mv_buf_release(&out);
}

static void test_meta_tags__names_are_gtos(void **state)
{
	static const char *const good[] = {
		"a", "1", "fraud", "models/nn:fraud", "a-b_c/D", "a.b:c",
		"a_:c", "x/y.z/w:m/n",
	};
	static const char *const bad[] = {
		"", "-", "a-", "_a", "a.b", "a:b:c", ":a", "a:", "a=b", "a@b",
		"a#b", "a b", "a//b", "../a:b", "a!", "A\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!mv_artifact_name_ok(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (mv_artifact_name_ok(bad[i]))
			fail_msg("%s", bad[i]);
	assert_true(mv_stage_ok("production"));
	assert_true(mv_stage_ok("eu/prod-1"));
	assert_false(mv_stage_ok("a:prod"));
	assert_false(mv_stage_ok(""));
}

/* -- versions ------------------------------------------------------------- */

/* In order; each pair is compared both ways. */
static const char *const ladder[] = {
	"v0.0.0-0", "v0.0.0", "v0.0.1", "v0.1.0", "v0.9.0", "v0.10.0",
	"v1.0.0-0", "v1.0.0-1", "v1.0.0-9", "v1.0.0-10",
	"v1.0.0-99999999999999999999", "v1.0.0-100000000000000000000",
	"v1.0.0--", "v1.0.0-A", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.1.0",
	"v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2",
	"v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0-rc.1+1", "v1.0.0-rc.1+a",
	"v1.0.0", "v1.0.0+0", "v1.0.0+00", "v1.0.0+a", "v1.0.0+a.b",
	"v1.0.1", "v2.0.0", "v10.0.0", "v9223372036854775807.0.0",
	"v9223372036854775808.0.0", "v18446744073709551616.0.0",
	"v99999999999999999999999999999999.0.0",
};

static int sign(int d)
{
	return (d > 0) - (d < 0);
}

static void test_meta_tags__versions_have_one_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ladder); i++) {
		assert_true(mv_version_ok(ladder[i]));
		for (size_t k = 0; k < COUNT(ladder); k++)
			if (sign(mv_version_cmp(ladder[i], ladder[k])) !=
			    (i > k) - (i < k))
				fail_msg("%s and %s", ladder[i], ladder[k]);
	}
}

static void test_meta_tags__next_versions(void **state)
{
	static const struct {
		const char *from;
		enum mv_bump bump;
		const char *next;
	} rows[] = {
		{ NULL, MV_BUMP_PATCH, "v0.0.1" },
		{ NULL, MV_BUMP_MINOR, "v0.1.0" },
		{ NULL, MV_BUMP_MAJOR, "v1.0.0" },
		{ "v1.2.3", MV_BUMP_PATCH, "v1.2.4" },
		{ "v1.2.3", MV_BUMP_MINOR, "v1.3.0" },
		{ "v1.2.3", MV_BUMP_MAJOR, "v2.0.0" },
		{ "v1.2.9", MV_BUMP_PATCH, "v1.2.10" },
		{ "v1.99.3", MV_BUMP_MINOR, "v1.100.0" },
		/* As GTO has it. */
		{ "v1.2.3-rc.1+b5", MV_BUMP_PATCH, "v1.2.4" },
		{ "v18446744073709551615.0.0", MV_BUMP_MAJOR,
		  "v18446744073709551616.0.0" },
		{ "v0.0.99999999999999999999", MV_BUMP_PATCH,
		  "v0.0.100000000000000000000" },
	};
	struct mv_err err;
	char *next;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(mv_version_bump(&next, rows[i].from,
						 rows[i].bump, NULL), 0);
		assert_string_equal(next, rows[i].next);
		free(next);
	}
	assert_int_equal(mv_version_bump(&next, "1.2.3", MV_BUMP_PATCH, &err),
			 MV_EINVALID);
	assert_null(next);
}

/* -- trailers ------------------------------------------------------------- */

#define HEX "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"

static void test_meta_tags__trailers_are_the_last_paragraph(void **state)
{
	static const char message[] =
		"Promote fraud\n\nModel-Version: v9.9.9\n\nBecause.\n\n"
		"Signed-off-by: A <a@example.org>\n"
		"Signed-off-by: B <b@example.org>\n"
		"\tof the team\n"
		"Model-Content: sha256:" HEX "\r\n"
		"model-verdict: no\n"
		"Model-Version:   v1.2.3 \n\n \n";
	struct mv_facts f = MV_FACTS_INIT;

	(void)state;
	assert_int_equal(mv_tag_trailers(&f, message, NULL), 0);
	assert_int_equal(f.count, 2);
	assert_string_equal(mv_facts_get(&f, "Model-Content")->text,
			    "sha256:" HEX);
	assert_string_equal(mv_facts_get(&f, "Model-Version")->text,
			    "v1.2.3");
	assert_int_equal(mv_facts_get(&f, "Model-Version")->type,
			 MV_VALUE_STRING);
	mv_facts_release(&f);
}

static void test_meta_tags__what_is_no_trailer_is_none(void **state)
{
	static const char *const messages[] = {
		"", "\n\n", "Subject\n", "Model-Version: v1.0.0\n",
		"\n\nModel-Version: v1.0.0\n",
		"Subject\nModel-Version: v1.0.0\n",
		"Subject\n\nModel-Version: v1.0.0\n\nMore text.\n",
		"Subject\n\nText, then\nModel-Version: v1.0.0\n",
		"Subject\n\nModel-Version: v1.0.0\nthen text\n",
		"Subject\n\nModel-Version:v1.0.0\n",
		"Subject\n\n Model-Version: v1.0.0\n",
		"Subject\n\nModel Version: v1.0.0\n",
	};
	struct mv_facts f = MV_FACTS_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++)
		if (mv_tag_trailers(&f, messages[i], NULL) || f.count)
			fail_msg("%zu", i);
	mv_facts_release(&f);
}

static void test_meta_tags__doubtful_trailers_are_refused(void **state)
{
	static const char *const messages[] = {
		"S\n\nModel-Version: v1.0.0\nModel-Version: v2.0.0",
		"S\n\nModel-Version: v1.0.0\nA: b\nModel-Version: v1.0.0\n",
		"S\n\nModel-Version: v1.0.0\n .5\n",
		"S\n\nA: b\nModel-Version:  \n",
	};
	struct mv_facts f = MV_FACTS_INIT;
	struct mv_err err;

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		assert_int_equal(mv_tag_trailers(&f, messages[i], &err),
				 MV_EINVALID);
		assert_int_equal(f.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_tags__gtos_forms_are_read_and_printed),
		cmocka_unit_test(test_meta_tags__other_tags_are_none),
		cmocka_unit_test(test_meta_tags__counters_with_zeros_are_numbers),
		cmocka_unit_test(test_meta_tags__only_what_can_be_read_is_printed),
		cmocka_unit_test(test_meta_tags__names_are_gtos),
		cmocka_unit_test(test_meta_tags__versions_have_one_order),
		cmocka_unit_test(test_meta_tags__next_versions),
		cmocka_unit_test(test_meta_tags__trailers_are_the_last_paragraph),
		cmocka_unit_test(test_meta_tags__what_is_no_trailer_is_none),
		cmocka_unit_test(test_meta_tags__doubtful_trailers_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
