/* SPDX-License-Identifier: MIT */
/* transfer/lfs.c: what lfs.fetchinclude and lfs.fetchexclude mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "libmv/transfer/priv.h"

/* As git-lfs 3.3.0 was seen to do. */
static void test_repo_lfs__patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		int matches;
	} rows[] = {
		{ "*.bin", "a.bin", 1 }, { "*.bin", "sub/deep/a.bin", 1 },
		{ "*.bin", "a.bin.txt", 0 }, { "sub", "sub/deep/y.bin", 1 },
		{ "sub/", "sub/y.bin", 1 }, { "/sub", "sub/y.bin", 1 },
		{ "/sub", "a/sub/y.bin", 0 }, { "sub", "a/sub/y.bin", 1 },
		{ "sub", "subs/y.bin", 0 }, { "a*", "a.bin", 1 },
		{ "a*", "sub/y.bin", 0 }, { "sub/*.bin", "sub/y.bin", 1 },
		{ "sub/*.bin", "sub/deep/y.bin", 0 },
		{ "sub/**", "sub/deep/y.bin", 1 }, { "sub/**", "sub", 0 },
		{ "**/y.bin", "sub/deep/y.bin", 1 }, { "**/y.bin", "y.bin", 1 },
		{ "a/**/z", "a/z", 1 }, { "a/**/z", "a/b/c/z", 1 },
		{ "a/**/z", "b/a/z", 0 }, { "a/b/c", "a/b", 0 },
		{ "y.bin", "sub/y.bin", 1 }, { "x/*", "sub/y.bin", 0 },
		{ "[ab].bin", "b.bin", 1 }, { "", "a", 0 }, { "/", "a", 0 },
		{ "**", "a/b", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mv_transfer_lfs_pattern_matches(rows[i].pattern,
						    rows[i].path) !=
		    rows[i].matches)
			fail_msg("%s, %s", rows[i].pattern, rows[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repo_lfs__patterns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
