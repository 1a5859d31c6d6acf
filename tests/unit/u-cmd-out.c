/* SPDX-License-Identifier: MIT */
/* cmd/out.c: quoting, safety, and what the progress meter draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/cmd.h"
#include "cmd/out.h"

static void check_quoted(const char *path, const char *want)
{
	struct mv_buf buf;

	mv_buf_init(&buf, 4096);
	assert_int_equal(out_quote_path(&buf, path), 0);
	assert_string_equal(buf.data, want);
	mv_buf_release(&buf);
}

static void test_cmd_out__plain_paths_stay(void **state)
{
	(void)state;
	check_quoted("a/b c.bin", "a/b c.bin");
	check_quoted("m\xc3\xb6""del", "m\xc3\xb6""del");
	check_quoted("-n", "-n");
	check_quoted("it's", "it's");
}

static void test_cmd_out__others_are_quoted_as_git_does(void **state)
{
	(void)state;
	check_quoted("a\nb\t", "\"a\\nb\\t\"");
	check_quoted("a\"b\\c", "\"a\\\"b\\\\c\"");
	check_quoted("\x1b[31m", "\"\\033[31m\"");
	check_quoted("\x7f", "\"\\177\"");
	/* Not UTF-8, and a bidirectional override, which is. */
	check_quoted("\xff", "\"\\377\"");
	check_quoted("a\xe2\x80\xae""b", "\"a\\342\\200\\256b\"");
}

/* Standard error goes into a file until it is read. */
struct capture {
	int saved;
	FILE *file;
};

static void capture_begin(struct capture *c)
{
	fflush(stderr);
	c->saved = dup(2);
	c->file = tmpfile();
	assert_non_null(c->file);
	assert_true(dup2(fileno(c->file), 2) == 2);
}

static void capture_end(struct capture *c, char text[4096])
{
	size_t len;

	fflush(stderr);
	assert_true(dup2(c->saved, 2) == 2);
	close(c->saved);
	rewind(c->file);
	len = fread(text, 1, 4095, c->file);
	text[len] = '\0';
	fclose(c->file);
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void test_cmd_out__messages_are_one_safe_line(void **state)
{
	struct mv_err err = { MV_EIO, "cannot open 'a\nfatal: b\x1b[0m'" };
	struct capture c;
	char text[4096];

	(void)state;
	capture_begin(&c);
	assert_int_equal(out_fatal(&err), CMD_FATAL);
	capture_end(&c, text);
	assert_int_equal(strncmp(text, "fatal: cannot open 'a", 21), 0);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_null(strchr(text, '\x1b'));
}

/* Two calls far enough apart that the second one is drawn. */
static void show(char text[4096], int shown, const char *what, uint64_t done,
		 uint64_t total)
{
	struct out_meter meter;
	struct capture c;

	capture_begin(&c);
	out_meter_init(&meter, &shown);
	mv_progress_update(&meter.progress, what, 0, total);
	sleep_ms(320);
	mv_progress_update(&meter.progress, what, done, total);
	out_meter_release(&meter);
	capture_end(&c, text);
}

static void test_cmd_out__meter_counts_bytes(void **state)
{
	char text[4096];

	(void)state;
	show(text, 1, "Storing", 1u << 20, 4u << 20);
	assert_non_null(strstr(text, "\rStoring:  25%, 1.0 MiB of 4.0 MiB, "));
	assert_non_null(strstr(text, "iB/s\r"));
	/* What was drawn is wiped out at the end. */
	assert_int_equal(text[strlen(text) - 1], '\r');
	assert_int_equal(text[strlen(text) - 2], ' ');
}

static void test_cmd_out__meter_counts_things(void **state)
{
	char text[4096];

	(void)state;
	show(text, 1, "Checking packs", 3, 12);
	assert_non_null(strstr(text, "\rChecking packs:  25%, 3/12\r"));
	show(text, 1, "Checking packs", 3, 0);
	assert_non_null(strstr(text, "\rChecking packs: 3\r"));
}

static void test_cmd_out__meter_is_silent_when_not_asked(void **state)
{
	char text[4096];

	(void)state;
	show(text, 0, "Storing", 1u << 20, 4u << 20);
	assert_string_equal(text, "");
}

static void test_cmd_out__meter_draws_seldom(void **state)
{
	struct out_meter meter;
	struct capture c;
	char text[4096];
	const int shown = 1;
	long took, drawn = 0;

	(void)state;
	took = now_ms();
	capture_begin(&c);
	out_meter_init(&meter, &shown);
	for (uint64_t i = 0; i < 450; i++) {
		mv_progress_update(&meter.progress, "Storing", i, 450);
		sleep_ms(1);
	}
	out_meter_release(&meter);
	capture_end(&c, text);
	took = now_ms() - took;
	for (char *at = text; (at = strstr(at, "\rStoring")); at++)
		drawn++;
	/* Nothing in the first 300 ms, then ten times a second. */
	assert_in_range(drawn, 1, (took - 300) / 100 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmd_out__plain_paths_stay),
		cmocka_unit_test(test_cmd_out__others_are_quoted_as_git_does),
		cmocka_unit_test(test_cmd_out__messages_are_one_safe_line),
		cmocka_unit_test(test_cmd_out__meter_counts_bytes),
		cmocka_unit_test(test_cmd_out__meter_counts_things),
		cmocka_unit_test(test_cmd_out__meter_is_silent_when_not_asked),
		cmocka_unit_test(test_cmd_out__meter_draws_seldom),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
