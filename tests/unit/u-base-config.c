/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/base/config.h"

/* inih's settings, which any part of a process may change. */
extern bool ini_allow_multiline;
extern char *ini_start_comment_prefixes;
extern int ini_max_line;

static int note(void *payload, const char *section, const char *subname,
		const char *key, const char *value, int line,
		struct mv_err *err)
{
	if (!strcmp(key, "fail"))
		return mv_fail(err, MV_ENOTSUP, "asked to");
	mv_buf_addf(payload, "%d|%s|%s|%s|%s\n", line, section, subname, key,
		    value);
	return 0;
}

static int parse(struct mv_buf *out, const char *data, size_t len,
		 struct mv_err *err)
{
	err->code = MV_OK;
	err->msg[0] = '\0';
	return mv_config_parse("conf", data, len, note, out, err);
}

static void accepts(const char *text, const char *expected)
{
	struct mv_err err;
	struct mv_buf out;

	mv_buf_init(&out, 100000);
	if (parse(&out, text, strlen(text), &err))
		fail_msg("refused: %s", err.msg);
	assert_string_equal(out.data, expected);
	mv_buf_release(&out);
}

/* `what` begins the message; nothing may be reported from that line on. */
static void rejects_bytes(const char *text, size_t len, const char *what)
{
	struct mv_err err;
	struct mv_buf out;

	mv_buf_init(&out, 100000);
	assert_int_equal(parse(&out, text, len, &err), MV_EINVALID);
	if (strncmp(err.msg, what, strlen(what)))
		fail_msg("'%s' does not begin with '%s'", err.msg, what);
	assert_null(strstr(out.data, "BAD"));
	mv_buf_release(&out);
}

static void rejects(const char *text, const char *what)
{
	rejects_bytes(text, strlen(text), what);
}

static void test_base_config__reads_sections_and_pairs(void **state)
{
	(void)state;
	accepts("", "");
	accepts("\n  \n# a = b\n;[x]\n", "");
	accepts("[a]\nk = v\n\n# note\n[b \"sub name\"]\nk=v w\n"
		"k.2-_X = a;b#c = [d]\nlast =",
		"2|a||k|v\n6|b|sub name|k|v w\n7|b|sub name|k.2-_X|a;b#c = [d]\n"
		"8|b|sub name|last|\n");
	accepts("[a]  \nk  =   v  \n", "2|a||k|v\n");
	accepts("[a]\nmember = x\nmember = y\n",
		"2|a||member|x\n3|a||member|y\n");
}

static void test_base_config__keeps_bytes_of_text(void **state)
{
	(void)state;
	accepts("[a \"\xc3\xbc \xe2\x80\x94\"]\nk = \xc2\xa0x\xc2\xa0\n",
		"2|a|\xc3\xbc \xe2\x80\x94|k|\xc2\xa0x\xc2\xa0\n");
	accepts("[a \"\\\\x#\"]\nk = \"v\\n\"\n", "2|a|\\\\x#|k|\"v\\n\"\n");
	accepts("[a]\nk = x:y=z\n", "2|a||k|x:y=z\n");
}

static int no_pair(void *payload, const char *section, const char *subname,
		   const char *key, const char *value, int line,
		   struct mv_err *err)
{
	(void)payload;
	(void)section;
	(void)subname;
	(void)value;
	(void)line;
	(void)err;
	assert_null(key);
	return 0;
}

/* As `git config -f` writes it. */
static void test_base_config__pairs_and_comments_may_be_indented(void **state)
{
	(void)state;
	accepts("[a]\n\tk = v\n  l = w\n \t # no\n\t\n",
		"2|a||k|v\n3|a||l|w\n");
	accepts("[a \"b\"]\n\tk = v\n[c]\n\tk = v", "2|a|b|k|v\n4|c||k|v\n");
	/* But not in files that decide, such as the policy. */
	assert_int_equal(mv_config_parse_with("conf", "[a]\n\tk = v\n", 11,
					      MV_CONFIG_HEADS, no_pair, NULL,
					      NULL), MV_EINVALID);
}

static void test_base_config__indented_lines_go_on(void **state)
{
	(void)state;
	accepts("[a]\nk = v\n  w\n\tx  y\nl = w\n",
		"2|a||k|v w x  y\n5|a||l|w\n");
	accepts("[a]\nk =\n  v\n  w", "2|a||k|v w\n");
	accepts("[a]\nk = v\n  == w\n <= x\n l == 2\n l <= 3\n m: n\n",
		"2|a||k|v == w <= x l == 2 l <= 3 m: n\n");
	accepts("[a]\nk = v |\n w | \n x\n[b]\nl = w\n",
		"2|a||k|v | w | x\n6|b||l|w\n");
	/* Each key by itself; and a pair that git config wrote goes on, too. */
	accepts("[a]\nk = v\n  w\nk = v\n  w\n\tk = x\n\t  y\n",
		"2|a||k|v w\n4|a||k|v w\n6|a||k|x y\n");
}

/* What stands between: comments go, a blank line ends the value. */
static void test_base_config__comments_stand_between_blanks_end(void **state)
{
	(void)state;
	accepts("[a]\nk = v\n# no\n  w\n  # no = 1\n\t;no\n  x\n",
		"2|a||k|v w x\n");
	accepts("[a]\nk = v\n  w\n\n  l = x\n", "2|a||k|v w\n5|a||l|x\n");
	rejects("[a]\nk = v\n\n  BAD\n", "conf:4: an indented line continues");
	rejects("[a]\nk = v\n  \t\n  BAD\n", "conf:4:");
	rejects("[a]\n  BAD\n", "conf:2: an indented line continues");
	rejects("[a]\nk = v\n[b]\n  BAD\n", "conf:4:");
	rejects("  BAD\n", "conf:1:");
}

static void test_base_config__blanks_at_the_end_do_not_count(void **state)
{
	(void)state;
	accepts("[a \"b\"]   \nk = v  \n  w  \n   \nl=w \n",
		"2|a|b|k|v w\n5|a|b|l|w\n");
	rejects("[a]\nk = v\n[a] \nl = w\n", "conf:3: the section of line 1");
	rejects("[a]\t\n", "conf:1: tab");
}

/* Times, and names of artifacts in folders, have a colon of their own. */
static void test_base_config__a_colon_within_a_word_goes_on(void **state)
{
	static const char text[] = "[a]\nk = Fri 16:00..Mon\n  08:00 Europe\n"
				   "  models/nn:fraud\n  nn:fraud x\n";
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1000);
	assert_int_equal(mv_config_parse_with("conf", text, strlen(text), 0,
					      note, &out, NULL), 0);
	assert_string_equal(out.data, "2|a||k|Fri 16:00..Mon 08:00 Europe "
			    "models/nn:fraud nn:fraud x\n");
	mv_buf_release(&out);
}

static void test_base_config__what_goes_on_is_no_place_to_hide(void **state)
{
	static const char *const bad[] = {
		"  [b]", "  w ;BAD", " w\tBAD", " w\rBAD", " BAD\x1b[m",
		" BAD\xff", "\t[BAD"
	};
	static const char *const pairs[] = {
		" BAD = 1", "\tBAD=1", "  BAD  =", " BAD = = 1", "  =",
		" = 1", " BAD : 1 = 2", " BAD: 1", " BAD:", " : 1"
	};
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "[a]\nk = v\n w\n%s\n", bad[i]);
		rejects(text, "conf:4:");
	}
	rejects("[a]\nk = v\n  =\n", "conf:3: a key is made of");
	rejects("[a]\nk = v\n  = 1\n", "conf:3: a key is made of");
	/* In files that decide, such as the policy, also a pair. */
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct mv_err err;
		struct mv_buf out;

		mv_buf_init(&out, 1000);
		snprintf(text, sizeof(text), "[a]\nk = v\n w\n%s\n", pairs[i]);
		assert_int_equal(mv_config_parse_with("conf", text, strlen(text),
						      0, note, &out, &err),
				 MV_EINVALID);
		assert_memory_equal(err.msg, "conf:4: an indented line would", 30);
		assert_string_equal(out.data, "");
		mv_buf_release(&out);
	}
}

static void test_base_config__refuses_what_inih_would_change(void **state)
{
	(void)state;
	rejects("[a]\nk = v\n [BAD]\n", "conf:3:");
	rejects("[a]\nk = v\n\t[a]\nk = BAD\n", "conf:3:");
	rejects("[a]\nk = BAD ;comment\n", "conf:2:");
	rejects("[a]\nk = ;BAD\n", "conf:2:");
	rejects("[a \"x ;y\"]\nk=BAD\n", "conf:1:");
	rejects("[a]\nk:BAD = x\n", "conf:2:");
	rejects("[a]\nk : BAD\n", "conf:2:");
	rejects("[a]\nBAD\n", "conf:2:");
	rejects("[a]\n= BAD\n", "conf:2:");
	rejects("[a]\nk k = BAD\n", "conf:2:");
	rejects("[a]\nk\xc3\xbc = BAD\n", "conf:2:");
	rejects("BAD = x\n[a]\n", "conf:1:");
}

static void test_base_config__refuses_sections_of_another_form(void **state)
{
	static const char *const bad[] = {
		"[]", "[ a]", "[a ]", "[a", "[a] x", "[a] # x", "[a]]",
		"[a \"\"]", "[a \"]", "[a x]", "[a  \"x\"]", "[a\"x\"]",
		"[a \"x\"y]", "[a \"x\" ]", "[a \"x\"\"]", "[a \"x]y\"]",
		"[a/b]", "[a'x']", "[\"x\"]", "[", "[\xc3\xbc]"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[100];

		snprintf(text, sizeof(text), "\n%s\nk=BAD\n", bad[i]);
		rejects(text, "conf:2:");
	}
	rejects("[a]\nx=1\n[b]\n[a]  \nk=BAD\n", "conf:4:");
	rejects("[a \"s\"]\nx=1\n[a]\ny=2\n[a \"s\"]\nk=BAD\n", "conf:5:");
}

static void test_base_config__refuses_bytes_that_hide(void **state)
{
	(void)state;
	rejects_bytes("[a]\nk = v\0\nBAD=1\n", 17, "conf:2:");
	rejects_bytes("[a]\n\0BAD = 1\n", 13, "conf:2:");
	rejects("[a]\r\nk=BAD\r\n", "conf:1:");
	rejects("[a]\nk=x\rBAD=1\n", "conf:2:");
	rejects("[a]\nk=x\nBAD\t=1\n", "conf:3:");
	rejects("[a]\nk=BAD\tx\n", "conf:2:");
	rejects("[a]\nk=BAD\x1b[2J\n", "conf:2:");
	rejects("[a]\nk=BAD\x7f\n", "conf:2:");
	rejects("[a]\nk=BAD\xc2\x85\n", "conf:2:");
	rejects("[a]\nk=BAD\xff\n", "conf:2:");
	rejects("# \xff\n", "conf:1:");
	/* A line separator, and what turns the direction of text. */
	rejects("[a]\n# x\xe2\x80\xa8k=BAD\n", "conf:2:");
	rejects("[a]\n# x\xe2\x80\xa9k=BAD\n", "conf:2:");
	rejects("[a]\nk=BAD\xe2\x80\xae\n", "conf:2:");
	rejects("[a]\nk=BAD\xe2\x81\xa6\n", "conf:2:");
	rejects("\xef\xbb\xbf[a]\nk=BAD\n", "conf:1:");
}

static void fill(char *text, const char *head, char c, int n, const char *tail)
{
	text += sprintf(text, "%s", head);
	memset(text, c, (size_t)n);
	strcpy(text + n, tail);
}

static void test_base_config__limits_are_exact(void **state)
{
	char text[400], expected[400];

	(void)state;
	fill(text, "[a]\nk=", 'v', 195, "\nx=1\n");
	fill(expected, "2|a||k|", 'v', 195, "\n3|a||x|1\n");
	accepts(text, expected);
	fill(text, "[a]\nk=BAD", 'v', 193, "\nx=BAD\n");
	rejects(text, "conf:2:");
	/* The classic: a section that begins where the line is cut. */
	fill(text, "[a]\nk=", 'v', 192, "[BAD]\nk=BAD\n");
	rejects(text, "conf:2:");
	fill(text, "# ", 'v', 196, "\n");
	rejects(text, "conf:1:");

	fill(text, "[a]\nk=1\n\t", 'v', 197, "\nx=1\n");
	fill(expected, "2|a||k|1 ", 'v', 197, "\n4|a||x|1\n");
	accepts(text, expected);
	fill(text, "[a]\nk=BAD\n ", 'v', 198, "\nx=BAD\n");
	rejects(text, "conf:3:");

	fill(text, "[", 's', 49, "]\nk=1\n");
	fill(expected, "2|", 's', 49, "||k|1\n");
	accepts(text, expected);
	fill(text, "[", 's', 50, "]\nk=BAD\n");
	rejects(text, "conf:1:");
	fill(text, "[a]\n", 'k', 49, "=1\n");
	fill(expected, "2|a||", 'k', 49, "|1\n");
	accepts(text, expected);
	fill(text, "[a]\n", 'k', 50, "=BAD\n");
	rejects(text, "conf:2:");
}

/* 41 lines of 98 bytes, each after a blank but the first, and one more byte. */
static void test_base_config__a_value_is_bounded(void **state)
{
	char text[5000] = "[a]\nBAD =\n", line[101];
	struct mv_err err;
	struct mv_buf out;

	(void)state;
	fill(line, " ", 'v', 98, "\n");
	for (int i = 0; i < 41; i++)
		strcat(text, line);
	strcpy(line + 37, "\n");	/* 40 * 99 + 98 + 37 = 4095 */
	mv_buf_init(&out, 5000);
	strcat(text, line);
	assert_int_equal(parse(&out, text, strlen(text), &err), 0);
	assert_int_equal(out.len, strlen("2|a||BAD|") + 4095 + 1);
	mv_buf_release(&out);
	strcat(text, "\tw\n");
	rejects(text, "conf:45: the value is longer than 4096 bytes");
}

static void test_base_config__size_is_bounded(void **state)
{
	size_t len = (1 << 20) + 1;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	rejects_bytes(text, len, "conf: larger");
	rejects_bytes(text, 100001, "conf:100001:");
	rejects_bytes(text, len - 1, "conf:100001:");
	text[99999] = '\0';
	accepts(text, "");
	free(text);
}

static void test_base_config__the_callback_can_stop(void **state)
{
	static const char text[] = "[a]\nk=1\nfail=1\nlate=1\n[b]\nlate=2\n";
	struct mv_err err;
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 1000);
	assert_int_equal(parse(&out, text, sizeof(text) - 1, &err),
			 MV_ENOTSUP);
	assert_string_equal(err.msg, "asked to");
	assert_string_equal(out.data, "2|a||k|1\n");
	mv_buf_release(&out);
}

/* A line that inih was told to pass over is not lost. */
static void test_base_config__no_line_is_lost_to_globals_of_inih(void **state)
{
	static const char text[] = "[a]\nkey = a value that is long enough\n";
	char *prefixes = ini_start_comment_prefixes;

	(void)state;
	ini_start_comment_prefixes = (char *)"k";
	rejects(text, "conf:2:");
	ini_start_comment_prefixes = prefixes;
	ini_max_line = 20;
	rejects(text, "conf:2:");
	ini_max_line = 200;
	ini_allow_multiline = false;
	rejects("[a]\nk = v\n BAD\n", "conf:3:");
	rejects("[a]\nk = v\n BAD <= 1\n", "conf:3:");
	ini_allow_multiline = true;
	accepts(text, "2|a||key|a value that is long enough\n");
}

static void size_is(const char *text, uint64_t expected)
{
	uint64_t v = 1;

	assert_int_equal(mv_parse_size(&v, text, NULL), 0);
	assert_true(v == expected);
}

static int note_with_heads(void *payload, const char *section,
			   const char *subname, const char *key,
			   const char *value, int line, struct mv_err *err)
{
	(void)err;
	mv_buf_addf(payload, "%d|%s|%s|%s|%s\n", line, section, subname,
		    key ? key : "-", value ? value : "-");
	return 0;
}

static void test_base_config__top_and_heads_when_asked_for(void **state)
{
	static const char text[] = "a = 1\n[s \"x\"]\n[t]\nb = 2\n";
	struct mv_err err;
	struct mv_buf out;

	(void)state;
	mv_buf_init(&out, 100000);
	assert_int_equal(mv_config_parse_with("conf", text, strlen(text),
					      MV_CONFIG_TOP | MV_CONFIG_HEADS,
					      note_with_heads, &out, &err), 0);
	assert_string_equal(out.data, "1|||a|1\n2|s|x|-|-\n3|t||-|-\n"
			    "4|t||b|2\n");
	mv_buf_clear(&out);
	assert_int_equal(mv_config_parse_with("conf", text, strlen(text),
					      MV_CONFIG_HEADS, note_with_heads,
					      &out, &err), MV_EINVALID);
	assert_string_equal(err.msg, "conf:1: text before the first section");
	mv_buf_release(&out);
}

static void test_base_config__sizes(void **state)
{
	static const char *const bad[] = {
		"", " ", "x", "-1", "+1", "1.5G", "8 Q", "8MM", "8Mi", "8iB",
		"1 0", "16E", "18446744073709551616", "M", " 8M", "8MiBx",
		"0x10", "8Kb8"
	};
	struct mv_err err;
	uint64_t v = 77;

	(void)state;
	size_is("0", 0);
	size_is("512", 512);
	size_is("512B", 512);
	size_is("8M", 8u << 20);
	size_is("64 KiB", 64 << 10);
	size_is("1g", 1u << 30);
	size_is("2tb", (uint64_t)2 << 40);
	size_is("3pib", (uint64_t)3 << 50);
	size_is("15E", (uint64_t)15 << 60);
	size_is("18446744073709551615", UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(mv_parse_size(&v, bad[i], &err), MV_EINVALID);
		assert_true(v == 77);
	}
}

static void test_base_config__durations(void **state)
{
	static const struct { const char *text; int64_t seconds; } good[] = {
		{ "now", 0 }, { "0", 0 }, { "0d", 0 }, { "30s", 30 },
		{ "90m", 5400 }, { "36h", 129600 }, { "14d", 1209600 },
		{ "2w", 1209600 }, { "14D", 1209600 },
		{ "9223372036854775807s", INT64_MAX }
	};
	static const char *const bad[] = {
		"", "5", "-1d", "d", "1 d", "1dd", "1y", "9223372036854775808s",
		"9223372036854775807m", "99999999999999999999s", "Now", "1.5h"
	};
	struct mv_err err;
	int64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		v = 77;
		assert_int_equal(mv_parse_duration(&v, good[i].text, &err), 0);
		assert_true(v == good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mv_parse_duration(&v, bad[i], &err),
				 MV_EINVALID);
}

static void prints(uint64_t bytes, const char *expected)
{
	char text[32];

	assert_string_equal(mv_print_size(text, bytes), expected);
}

static void test_base_config__printed_sizes(void **state)
{
	(void)state;
	prints(0, "0 B");
	prints(1023, "1023 B");
	prints(1024, "1.0 KiB");
	prints(1536, "1.5 KiB");
	prints(1048524, "1023.9 KiB");
	prints(1048525, "1.0 MiB");
	prints((uint64_t)1 << 20, "1.0 MiB");
	prints(1288490189, "1.2 GiB");
	prints(((uint64_t)1 << 40) - 1, "1.0 TiB");
	prints((uint64_t)5 << 50, "5.0 PiB");
	prints(UINT64_MAX, "16.0 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_config__reads_sections_and_pairs),
		cmocka_unit_test(test_base_config__keeps_bytes_of_text),
		cmocka_unit_test(
			test_base_config__pairs_and_comments_may_be_indented),
		cmocka_unit_test(test_base_config__indented_lines_go_on),
		cmocka_unit_test(
			test_base_config__comments_stand_between_blanks_end),
		cmocka_unit_test(
			test_base_config__blanks_at_the_end_do_not_count),
		cmocka_unit_test(
			test_base_config__a_colon_within_a_word_goes_on),
		cmocka_unit_test(
			test_base_config__what_goes_on_is_no_place_to_hide),
		cmocka_unit_test(test_base_config__refuses_what_inih_would_change),
		cmocka_unit_test(test_base_config__refuses_sections_of_another_form),
		cmocka_unit_test(test_base_config__refuses_bytes_that_hide),
		cmocka_unit_test(test_base_config__limits_are_exact),
		cmocka_unit_test(test_base_config__a_value_is_bounded),
		cmocka_unit_test(test_base_config__size_is_bounded),
		cmocka_unit_test(test_base_config__the_callback_can_stop),
		cmocka_unit_test(
			test_base_config__no_line_is_lost_to_globals_of_inih),
		cmocka_unit_test(test_base_config__top_and_heads_when_asked_for),
		cmocka_unit_test(test_base_config__sizes),
		cmocka_unit_test(test_base_config__durations),
		cmocka_unit_test(test_base_config__printed_sizes)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
