/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/utf8.h"

static void test_base_buf__is_always_a_string(void **state)
{
	struct mv_buf b;
	char *s;

	(void)state;
	mv_buf_init(&b, 100);
	assert_string_equal(b.data, "");
	assert_int_equal(mv_buf_add(&b, NULL, 0), 0);
	assert_int_equal(mv_buf_addstr(&b, "ab"), 0);
	assert_int_equal(mv_buf_addch(&b, 'c'), 0);
	assert_int_equal(mv_buf_addf(&b, "%d-%s", 7, "x"), 0);
	assert_string_equal(b.data, "abc7-x");
	assert_int_equal(b.len, 6);
	mv_buf_clear(&b);
	assert_string_equal(b.data, "");
	s = mv_buf_detach(&b);
	assert_string_equal(s, "");
	free(s);
	s = mv_buf_detach(&b);
	assert_string_equal(s, "");
	free(s);
	mv_buf_release(&b);
	mv_buf_release(&b);
}

static void test_base_buf__maximum_is_exact_and_failure_changes_nothing(void **state)
{
	struct mv_buf b;

	(void)state;
	mv_buf_init(&b, 5);
	assert_int_equal(mv_buf_addstr(&b, "abc"), 0);
	assert_int_equal(mv_buf_addstr(&b, "def"), MV_ENOMEM);
	assert_int_equal(mv_buf_addf(&b, "%s", "def"), MV_ENOMEM);
	assert_int_equal(mv_buf_add_safe(&b, "\n", 1), MV_ENOMEM);
	assert_int_equal(mv_buf_add_safe(&b, "de\n", 3), MV_ENOMEM);
	assert_int_equal(b.len, 3);
	assert_string_equal(b.data, "abc");
	assert_int_equal(mv_buf_addstr(&b, "de"), 0);
	assert_int_equal(mv_buf_addch(&b, 'f'), MV_ENOMEM);
	assert_int_equal(mv_buf_reserve(&b, SIZE_MAX), MV_ENOMEM);
	assert_true(b.alloc <= 6);
	mv_buf_release(&b);

	mv_buf_init(&b, SIZE_MAX);
	assert_int_equal(mv_buf_reserve(&b, SIZE_MAX), MV_ENOMEM);
	assert_int_equal(mv_buf_addch(&b, 'x'), 0);
	assert_int_equal(mv_buf_reserve(&b, SIZE_MAX - 1), MV_ENOMEM);
	assert_string_equal(b.data, "x");
	mv_buf_release(&b);
}

static void test_base_buf__growth_is_not_one_by_one(void **state)
{
	struct mv_buf b;
	size_t grown = 0, last = 0;

	(void)state;
	mv_buf_init(&b, 1 << 20);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(mv_buf_addch(&b, (char)i), 0);
		grown += b.alloc != last;
		last = b.alloc;
	}
	assert_true(grown < 30);
	for (int i = 0; i < 100000; i++)
		assert_int_equal((char)i, b.data[i]);
	mv_buf_release(&b);
}

static void safe(const char *in, size_t len, const char *expected)
{
	struct mv_buf b;

	mv_buf_init(&b, 1000);
	assert_int_equal(mv_buf_add_safe(&b, in, len), 0);
	assert_string_equal(b.data, expected);
	mv_buf_release(&b);
}

static void test_base_buf__safe_text_cannot_drive_a_terminal(void **state)
{
	(void)state;
	safe("plain \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", 17,
	     "plain \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
	safe("\x1b[2J\n\t\r\0\x7f", 9, "\\x1b[2J\\x0a\\x09\\x0d\\x00\\x7f");
	safe("a\\b", 3, "a\\\\b");
	safe("\xc2\x9b" "31m", 5, "\\u{009b}31m");
	safe("\xe2\x80\xae" "x\xe2\x81\xa6", 7, "\\u{202e}x\\u{2066}");
	safe("\xe2\x80\xa8", 3, "\\u{2028}");
	/* a bare C1 byte, overlong, surrogate, cut short, too large */
	safe("\x9b", 1, "\\x9b");
	safe("\xc0\xaf", 2, "\\xc0\\xaf");
	safe("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
	safe("\xe2\x82", 2, "\\xe2\\x82");
	safe("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
	safe("\xe2(\xa1", 3, "\\xe2(\\xa1");
}

static void test_base_buf__utf8_decodes_each_code_point(void **state)
{
	(void)state;
	for (uint32_t cp = 0x80; cp <= 0x10ffff; cp++) {
		char s[4];
		uint32_t got = 0;
		size_t n = 0;

		if (cp >= 0x800)
			s[n++] = (char)(cp < 0x10000 ? 0xe0 | cp >> 12 :
						       0xf0 | cp >> 18);
		if (cp >= 0x10000)
			s[n++] = (char)(0x80 | (cp >> 12 & 63));
		s[n++] = (char)(cp < 0x800 ? 0xc0 | cp >> 6 :
					     0x80 | (cp >> 6 & 63));
		s[n++] = (char)(0x80 | (cp & 63));
		if (cp >= 0xd800 && cp <= 0xdfff) {
			assert_int_equal(mv_utf8_next(&got, s, n), 0);
			continue;
		}
		assert_int_equal(mv_utf8_next(&got, s, n), n);
		assert_int_equal(got, cp);
		assert_int_equal(mv_utf8_next(&got, s, n - 1), 0);
	}
}

static void test_base_buf__strf_makes_a_string(void **state)
{
	char *s = mv_strf("%s/%05d", "a", 42);

	(void)state;
	assert_string_equal(s, "a/00042");
	free(s);
}

static void test_base_buf__set_str_replaces(void **state)
{
	char *s = NULL;

	(void)state;
	assert_int_equal(mv_set_str(&s, "one two", NULL), 0);
	assert_string_equal(s, "one two");
	assert_int_equal(mv_set_str(&s, s + 4, NULL), 0);
	assert_string_equal(s, "two");
	assert_int_equal(mv_set_str(&s, NULL, NULL), 0);
	assert_null(s);
}

static void test_base_buf__compared_by_their_bytes(void **state)
{
	struct mv_buf a, b;

	(void)state;
	mv_buf_init(&a, 10);
	mv_buf_init(&b, 10);
	assert_int_equal(mv_buf_cmp(&a, &b), 0);
	assert_int_equal(mv_buf_add(&a, "x\0y", 3), 0);
	assert_true(mv_buf_cmp(&a, &b) > 0 && mv_buf_cmp(&b, &a) < 0);
	assert_int_equal(mv_buf_add(&b, "x\0z", 3), 0);
	assert_true(mv_buf_cmp(&a, &b) < 0);
	mv_buf_clear(&b);
	assert_int_equal(mv_buf_add(&b, "x\0", 2), 0);
	assert_true(mv_buf_cmp(&a, &b) > 0);
	assert_int_equal(mv_buf_addch(&b, 'y'), 0);
	assert_int_equal(mv_buf_cmp(&a, &b), 0);
	mv_buf_release(&a);
	mv_buf_release(&b);
}

static void test_base_buf__a_word_for_a_shell(void **state)
{
	struct mv_buf b;

	(void)state;
	mv_buf_init(&b, 1000);
	assert_int_equal(mv_buf_add_shell(&b, "it's $HOME"), 0);
	assert_int_equal(mv_buf_addch(&b, ' '), 0);
	assert_int_equal(mv_buf_add_shell(&b, ""), 0);
	assert_string_equal(b.data, "'it'\\''s $HOME' ''");
	mv_buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_buf__is_always_a_string),
		cmocka_unit_test(test_base_buf__maximum_is_exact_and_failure_changes_nothing),
		cmocka_unit_test(test_base_buf__growth_is_not_one_by_one),
		cmocka_unit_test(test_base_buf__safe_text_cannot_drive_a_terminal),
		cmocka_unit_test(test_base_buf__utf8_decodes_each_code_point),
		cmocka_unit_test(test_base_buf__strf_makes_a_string),
		cmocka_unit_test(test_base_buf__set_str_replaces),
		cmocka_unit_test(test_base_buf__compared_by_their_bytes),
		cmocka_unit_test(test_base_buf__a_word_for_a_shell),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
