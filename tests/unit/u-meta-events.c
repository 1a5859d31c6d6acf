/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"
#include "libmv/meta/curves.h"
#include "tests/unit/curves-text.h"

/*
 * Event files of two writers of others, and what TensorBoard's own reader
 * finds in them (tests/data/README.md); frozen.
 */
static const struct {
	const char *name;
	size_t skipped;		/* an image, a histogram, a text */
} files[] = {
	{ "tensorboard.tfevents", 0 },
	{ "tensorboardx.tfevents", 3 }
};

static void read_data(struct mv_buf *out, const char *name, const char *suffix)
{
	struct mv_err err;
	char path[100];

	mv_buf_init(out, 1 << 20);
	snprintf(path, sizeof(path), "tests/data/%s%s", name, suffix);
	if (mv_read_file(out, path, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Gives a few bytes at a time, as a pipe may. */
static int sip(void *payload, void *data, size_t len, size_t *got,
	       struct mv_err *err)
{
	struct mv_mem_reader *m = payload;
	struct mv_reader in = mv_reader_mem(m);

	return in.read(m, data, len < 7 ? len : 7, got, err);
}

static int read_events(struct mv_curves *c, const char *data, size_t len,
		       int sipping, size_t *skipped, struct mv_err *err)
{
	struct mv_mem_reader mem = { data, len, 0 };
	struct mv_source in = source_mem(&mem);

	memset(c, 0, sizeof(*c));
	if (sipping)
		in.in.read = sip;
	return mv_curves_read_events(c, "f", "", &in, skipped, err);
}

static void test_meta_events__others_files_mean_what_their_reader_says(
	void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(files) / sizeof(*files); i++) {
		struct mv_err err = { MV_OK, "" };
		struct mv_buf data, expected, text;
		struct mv_curves c;
		size_t skipped = 0;

		read_data(&data, files[i / 2].name, "");
		read_data(&expected, files[i / 2].name, ".curves");
		mv_buf_init(&text, 1 << 20);
		if (read_events(&c, data.data, data.len, i % 2, &skipped, &err))
			fail_msg("%s", err.msg);
		mv_curves_sort(&c);
		assert_int_equal(curves_print(&text, &c), 0);
		assert_string_equal(text.data, expected.data);
		assert_int_equal(skipped, files[i / 2].skipped);
		assert_int_equal(c.restarts, 0);
		mv_curves_release(&c);
		mv_buf_release(&text);
		mv_buf_release(&expected);
		mv_buf_release(&data);
	}
}

/* One that is cut short is being written: what there is of it counts. */
static void test_meta_events__cut_anywhere(void **state)
{
	struct mv_buf data;
	size_t last = 0;

	(void)state;
	read_data(&data, files[0].name, "");
	for (size_t len = 12; len <= data.len; len++) {
		struct mv_err err = { MV_OK, "" };
		struct mv_curves c;

		if (read_events(&c, data.data, len, 0, NULL, &err))
			fail_msg("%zu bytes: %s", len, err.msg);
		assert_true(c.points >= last);
		last = c.points;
		mv_curves_release(&c);
	}
	assert_int_equal(last, 20 * 5 + 3);
	mv_buf_release(&data);
}

static void test_meta_events__no_changed_byte_goes_unseen(void **state)
{
	struct mv_buf data;

	(void)state;
	read_data(&data, files[0].name, "");
	for (size_t at = 0; at < data.len; at++) {
		struct mv_err err = { MV_OK, "" };
		struct mv_curves c;

		data.data[at] ^= (char)(1 << at % 8);
		assert_int_equal(read_events(&c, data.data, data.len, 0, NULL,
					     &err), MV_EINVALID);
		assert_non_null(strstr(err.msg, "damaged"));
		mv_curves_release(&c);
		data.data[at] ^= (char)(1 << at % 8);
	}
	mv_buf_release(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meta_events__others_files_mean_what_their_reader_says),
		cmocka_unit_test(test_meta_events__cut_anywhere),
		cmocka_unit_test(test_meta_events__no_changed_byte_goes_unseen)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
