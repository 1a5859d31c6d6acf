/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/base/path.h"

static void test_base_path__joins_with_one_slash(void **state)
{
	static const char *const known[][3] = {
		{ "a", "b", "a/b" }, { "/", "b", "/b" }, { "a/", "b", "a/b" },
		{ "", "b", "/b" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		char *s = mv_path_join(known[i][0], known[i][1]);

		assert_string_equal(s, known[i][2]);
		free(s);
	}
}

static void test_base_path__one_below_another(void **state)
{
	static const struct {
		const char *path, *folder, *rest;
	} known[] = {
		{ "a/b", "a", "b" }, { "a/b/c", "a", "b/c" },
		{ "a/b/c", "a/b", "c" }, { "a/b", "a/", "b" },
		{ "/a/b", "/", "a/b" }, { "/a", "/a", "" },
		{ "a", "a", "" }, { "a/", "a", "" }, { "a", "", "a" },
		{ "", "", "" },
		{ "ab", "a", NULL }, { "a", "a/b", NULL }, { "a", "ab", NULL },
		{ "b/a", "a", NULL }, { "a", "a/", NULL }, { "", "a", NULL }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const char *rest = mv_path_below(known[i].path,
						 known[i].folder);

		if (!rest || !known[i].rest)
			assert_true(rest == known[i].rest);
		else
			assert_string_equal(rest, known[i].rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_path__joins_with_one_slash),
		cmocka_unit_test(test_base_path__one_below_another),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base_path", tests, NULL, NULL);
}
