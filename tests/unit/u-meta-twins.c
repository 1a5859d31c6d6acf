/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/meta/registry.h"
#include "libmv/meta/tags.h"

enum { MOST = 8 };

static int take(void *payload, const char *name, const char *other,
		struct mv_err *err)
{
	(void)err;
	return mv_buf_addf(payload, "%s~%s ", name, other);
}

/* What is told of these tags, where those are there. */
static void assert_twins(const char *const *there, const char *const *names,
			 const char *told)
{
	struct mv_event events[MOST];
	struct mv_registry r = { .v = events };
	struct mv_tag v[MOST];
	const struct mv_tag *tags[MOST];
	struct mv_buf out;
	size_t n = 0;

	memset(events, 0, sizeof(events));
	mv_buf_init(&out, 4096);
	for (; there[r.count]; r.count++)
		assert_int_equal(mv_tag_parse(&events[r.count].tag,
					      there[r.count], NULL), 0);
	for (; names[n]; n++) {
		assert_int_equal(mv_tag_parse(&v[n], names[n], NULL), 0);
		tags[n] = &v[n];
	}
	assert_int_equal(mv_registry_twins(&r, tags, n, take, &out, NULL), 0);
	assert_string_equal(out.len ? out.data : "", told);
	for (size_t i = 0; i < r.count; i++)
		mv_tag_release(&events[i].tag);
	for (size_t i = 0; i < n; i++)
		mv_tag_release(&v[i]);
	mv_buf_release(&out);
}
#define LIST(...) (const char *const []){ __VA_ARGS__, NULL }

static void test_meta_twins__artifacts_stages_versions_and_folders(void **state)
{
	const char *const *there = LIST("team/fraud@v1.0.0-rc1",
					"team/fraud#prod#1");

	(void)state;
	assert_twins(there, LIST("team/fraud#prod#2", "team/fraud@v1.0.0",
				 "spam#Prod#1", "fraud@v1.0.0"), "");
	assert_twins(there, LIST("team/Fraud@v2.0.0"),
		     "team/Fraud~team/fraud ");
	assert_twins(there, LIST("Team/spam@v2.0.0"), "Team/~team/ ");
	assert_twins(there, LIST("team/fraud#Prod#2", "team/fraud#Prod#3"),
		     "team/fraud#Prod~team/fraud#prod ");
	assert_twins(there, LIST("team/fraud@v1.0.0-RC1"),
		     "team/fraud@v1.0.0-RC1~team/fraud@v1.0.0-rc1 ");
}

static void test_meta_twins__what_is_there_stays(void **state)
{
	const char *const *there = LIST("a#x#1", "A#x#1", "a#X#2");

	(void)state;
	assert_twins(there, LIST("a#X#3", "A#x#2", "a#x!#4"), "");
	assert_twins(there, LIST("a#x#3", "A#X#2"), "A#X~A#x ");
}

static void test_meta_twins__two_that_come_together(void **state)
{
	(void)state;
	assert_twins((const char *const []){ NULL },
		     LIST("b@v1.0.0", "B@v1.0.0", "b@v2.0.0"), "b~B ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_twins__artifacts_stages_versions_and_folders),
		cmocka_unit_test(test_meta_twins__what_is_there_stays),
		cmocka_unit_test(test_meta_twins__two_that_come_together),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
