/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libmv/base/utf8.h"

static void decodes(const char *s, size_t len, uint32_t expected)
{
	uint32_t cp = 0;

	assert_int_equal(mv_utf8_next(&cp, s, strlen(s)), len);
	if (len)
		assert_int_equal(cp, expected);
	assert_int_equal(mv_utf8_ok(s, strlen(s)), len == strlen(s));
}

static void test_base_utf8__one_code_point(void **state)
{
	(void)state;
	decodes("a", 1, 'a');
	decodes("\x7f", 1, 0x7f);
	decodes("\xc2\x80", 2, 0x80);
	decodes("\xdf\xbf", 2, 0x7ff);
	decodes("\xe0\xa0\x80", 3, 0x800);
	decodes("\xed\x9f\xbf", 3, 0xd7ff);
	decodes("\xee\x80\x80", 3, 0xe000);
	decodes("\xef\xbf\xbf", 3, 0xffff);
	decodes("\xf0\x90\x80\x80", 4, 0x10000);
	decodes("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
}

static void test_base_utf8__what_is_none(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2" "a",
		"\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf1\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		decodes(bad[i], 0, 0);
}

static void test_base_utf8__all_of_it(void **state)
{
	(void)state;
	assert_true(mv_utf8_ok("", 0));
	assert_true(mv_utf8_ok("a\0b\xc3\xbc", 5));
	assert_false(mv_utf8_ok("a\xc3\xbc", 2));	/* cut */
	assert_false(mv_utf8_ok("\xc3\xbc\xff" "a", 4));
}

static void test_base_utf8__what_no_terminal_gets(void **state)
{
	static const uint32_t bad[] = {
		0, 0x1b, 0x1f, 0x7f, 0x9f, 0x61c, 0x200e, 0x200f, 0x2028,
		0x202e, 0x2066, 0x2069
	};
	static const uint32_t good[] = {
		' ', '~', 0xa0, 0x61b, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065,
		0x206a, 0x10ffff
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(mv_utf8_unsafe(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_false(mv_utf8_unsafe(good[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_utf8__one_code_point),
		cmocka_unit_test(test_base_utf8__what_is_none),
		cmocka_unit_test(test_base_utf8__all_of_it),
		cmocka_unit_test(test_base_utf8__what_no_terminal_gets)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
