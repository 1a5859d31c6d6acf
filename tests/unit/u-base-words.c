/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/base/words.h"

static void test_base_words__what_fits_stays(void **state)
{
	char out[16];

	(void)state;
	assert_ptr_equal(mv_words(out, sizeof(out), "%s %d", "number", 7), out);
	assert_string_equal(out, "number 7");
	assert_string_equal(mv_words(out, sizeof(out), "%s", "fifteen letters"),
			    "fifteen letters");
	assert_string_equal(mv_words(out, sizeof(out), "%s", ""), "");
}

static void test_base_words__cut_at_the_end_of_a_word(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(mv_words(out, sizeof(out), "%s",
				     "git model fetch again"), "git model...");
	assert_string_equal(mv_words(out, sizeof(out), "%s",
				     "git model   fetching"), "git model...");
	/* A word that ends just there is whole. */
	assert_string_equal(mv_words(out, sizeof(out), "%s",
				     "twelve signs and more"),
			    "twelve signs...");
}

static void test_base_words__a_long_word_is_cut_between_characters(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(mv_words(out, sizeof(out), "%s",
				     "/a/path/without/blanks"),
			    "/a/path/with...");
	assert_string_equal(mv_words(out, sizeof(out), "%s",
				     "elf-bytes-x\xc3\xbc-and-more"),
			    "elf-bytes-x...");
	assert_string_equal(mv_words(out, sizeof(out), "%s",
				     "ten-bytes-\xc3\xbc-and-more"),
			    "ten-bytes-\xc3\xbc...");
}

static void test_base_words__no_room(void **state)
{
	char out[4] = "xxx";

	(void)state;
	assert_string_equal(mv_words(out, sizeof(out), "%s", "longer"), "lon");
	assert_string_equal(mv_words(out, 1, "%s", "longer"), "");
}

static void hear(void *payload, const char *message)
{
	char **heard = payload;

	assert_null(*heard);
	*heard = strdup(message);
}

static void test_base_words__told_to_who_listens(void **state)
{
	static char filler[3000];
	char *heard = NULL;

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	mv_tell(NULL, NULL, "%s", filler);
	mv_tell(hear, &heard, "%d of %s", 3, "them");
	assert_string_equal(heard, "3 of them");
	free(heard);
	heard = NULL;
	mv_tell(hear, &heard, "%s", filler);
	assert_int_equal(strlen(heard), 2047);
	assert_string_equal(heard + 2044, "...");
	free(heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_words__what_fits_stays),
		cmocka_unit_test(test_base_words__cut_at_the_end_of_a_word),
		cmocka_unit_test(test_base_words__a_long_word_is_cut_between_characters),
		cmocka_unit_test(test_base_words__told_to_who_listens),
		cmocka_unit_test(test_base_words__no_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
