/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/base/near.h"

static void test_base_near__counts_changes_additions_drops_and_swaps(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} known[] = {
		{ "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 },
		{ "kitten", "sitting", 3 }, { "flaw", "lawn", 2 },
		{ "status", "statsu", 1 }, { "auc", "auc", 0 },
		{ "auc", "acu", 1 }, { "ca", "abc", 3 }, { "ab", "ba", 1 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		assert_int_equal(mv_edit_distance(known[i].a, known[i].b),
				 known[i].distance);
		assert_int_equal(mv_edit_distance(known[i].b, known[i].a),
				 known[i].distance);
	}
}

static void test_base_near__long_words_are_far_from_all(void **state)
{
	char longer[50];

	(void)state;
	memset(longer, 'x', 49);
	longer[49] = '\0';
	assert_int_equal(mv_edit_distance(longer, longer), MV_FAR);
	longer[48] = '\0';
	assert_int_equal(mv_edit_distance(longer, longer), 0);
}

static const char *nearest(const char *word, const char *const *candidates)
{
	struct mv_nearest n = MV_NEAREST_INIT(word);

	for (; *candidates; candidates++)
		mv_nearest_try(&n, *candidates);
	return n.best;
}

static void test_base_near__the_nearest_is_found(void **state)
{
	static const char *const stages[] = {
		"staging", "production", "prod", NULL
	};
	static const char *const none[] = { NULL };

	(void)state;
	assert_string_equal(nearest("produciton", stages), "production");
	assert_string_equal(nearest("PRODUCTION", stages), "production");
	assert_string_equal(nearest("pord", (const char *const []){
			"prd", "prod", NULL }), "prd");
	/* Short for it; and what is only the first of two names is not. */
	assert_string_equal(nearest("pro", stages), "prod");
	assert_string_equal(nearest("prod", (const char *const []){
			"produce-all", "production", NULL }), "production");
	assert_string_equal(nearest("STAG", stages), "staging");
	assert_null(nearest("p", stages));
	assert_null(nearest("", stages));
	assert_null(nearest("v1", (const char *const []){ "v1.0.1", NULL }));
	assert_null(nearest("eu", (const char *const []){ "eu-west", NULL }));
	assert_null(nearest("canary", stages));
	assert_null(nearest("ab", (const char *const []){ "cd", NULL }));
	assert_null(nearest("a", (const char *const []){ "b", NULL }));
	assert_null(nearest("production", none));
}

static void test_base_near__the_first_of_equals_stays(void **state)
{
	(void)state;
	assert_string_equal(nearest("cat", (const char *const []){
			"bat", "rat", NULL }), "bat");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_near__counts_changes_additions_drops_and_swaps),
		cmocka_unit_test(test_base_near__long_words_are_far_from_all),
		cmocka_unit_test(test_base_near__the_nearest_is_found),
		cmocka_unit_test(test_base_near__the_first_of_equals_stays),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
