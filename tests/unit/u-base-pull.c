/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libmv/base/pull.h"

/* A stream that gives little at a time, and fails at a place. */
struct drip {
	const char *data;
	size_t len, pos, piece;
	size_t fails_at;
};

static int drip(void *payload, void *data, size_t len, size_t *got,
		struct mv_err *err)
{
	struct drip *d = payload;
	size_t n = d->len - d->pos < d->piece ? d->len - d->pos : d->piece;

	*got = 0;
	if (d->pos >= d->fails_at)
		return mv_fail(err, MV_EIO, "the disk is broken");
	*got = n < len ? n : len;
	memcpy(data, d->data + d->pos, *got);
	d->pos += *got;
	return 0;
}

static void test_base_pull__lines_however_they_come(void **state)
{
	static const char text[] = "one\n\nthree is longer\nlast";
	static const char *const lines[] = { "one", "", "three is longer",
					     "last" };

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct drip d = { text, sizeof(text) - 1, 0, piece, SIZE_MAX };
		struct mv_pull p;
		const char *line;
		size_t len;

		mv_pull_init(&p, (struct mv_reader){ drip, &d }, 100);
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(mv_pull_line(&line, &len, &p, NULL),
					 1);
			assert_int_equal(len, strlen(lines[i]));
			assert_memory_equal(line, lines[i], len);
		}
		assert_int_equal(mv_pull_line(&line, &len, &p, NULL), 0);
		assert_int_equal(mv_pull_line(&line, &len, &p, NULL), 0);
		mv_pull_release(&p);
	}
}

static void test_base_pull__a_line_that_is_too_long(void **state)
{
	struct mv_err err = { MV_OK, "" };
	char *text = malloc(300000);
	struct drip d = { text, 300000, 0, 4096, SIZE_MAX };
	struct mv_pull p;
	const char *line;
	size_t len;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 300000);
	text[1000] = '\n';
	text[299999] = '\n';
	mv_pull_init(&p, (struct mv_reader){ drip, &d }, 100000);
	assert_int_equal(mv_pull_line(&line, &len, &p, &err), 1);
	assert_int_equal(len, 1000);
	assert_int_equal(mv_pull_line(&line, &len, &p, &err), MV_ENOMEM);
	assert_non_null(strstr(err.msg, "100000 bytes"));
	/* It was not read to its end first. */
	assert_true(d.pos < 200000);
	mv_pull_release(&p);
	free(text);
}

static void test_base_pull__as_much_as_is_needed(void **state)
{
	struct mv_err err = { MV_OK, "" };
	struct drip d = { "0123456789", 10, 0, 3, SIZE_MAX };
	struct mv_pull p;

	(void)state;
	mv_pull_init(&p, (struct mv_reader){ drip, &d }, 8);
	assert_int_equal(mv_pull_need(&p, 4, &err), 0);
	assert_true(mv_pull_len(&p) >= 4);
	assert_memory_equal(mv_pull_data(&p), "0123", 4);
	mv_pull_skip(&p, 4);
	/* All that there is, which is less. */
	assert_int_equal(mv_pull_need(&p, 8, &err), 0);
	assert_int_equal(mv_pull_len(&p), 6);
	assert_memory_equal(mv_pull_data(&p), "456789", 6);
	d.pos = 0;
	mv_pull_reset(&p);
	assert_int_equal(mv_pull_need(&p, 1, &err), 0);
	assert_memory_equal(mv_pull_data(&p), "0", 1);
	assert_int_equal(mv_pull_need(&p, 20, &err), MV_ENOMEM);
	mv_pull_release(&p);
}

static void test_base_pull__a_stream_that_fails(void **state)
{
	struct mv_err err = { MV_OK, "" };
	struct drip d = { "ab\ncd\n", 6, 0, 3, 3 };
	struct mv_pull p;
	const char *line;
	size_t len;

	(void)state;
	mv_pull_init(&p, (struct mv_reader){ drip, &d }, 100);
	assert_int_equal(mv_pull_line(&line, &len, &p, &err), 1);
	assert_int_equal(mv_pull_line(&line, &len, &p, &err), MV_EIO);
	assert_string_equal(err.msg, "the disk is broken");
	mv_pull_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_pull__lines_however_they_come),
		cmocka_unit_test(test_base_pull__a_line_that_is_too_long),
		cmocka_unit_test(test_base_pull__as_much_as_is_needed),
		cmocka_unit_test(test_base_pull__a_stream_that_fails)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
