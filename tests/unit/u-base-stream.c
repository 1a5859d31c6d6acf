/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/runs.h"
#include "libmv/base/stream.h"

static void test_base_stream__memory_gives_all_then_the_end(void **state)
{
	struct mv_mem_reader m = { "hello", 5, 0 };
	struct mv_reader r = mv_reader_mem(&m);
	char b[8];
	size_t got;

	(void)state;
	assert_int_equal(r.read(r.payload, b, 2, &got, NULL), 0);
	assert_int_equal(got, 2);
	assert_int_equal(mv_read_full(&r, b, sizeof(b), &got, NULL), 0);
	assert_int_equal(got, 3);
	assert_memory_equal(b, "llo", 3);
	assert_int_equal(mv_read_full(&r, b, sizeof(b), &got, NULL), 0);
	assert_int_equal(got, 0);
}

/* One byte a call, and an error after three. */
static int trickle(void *payload, void *data, size_t len, size_t *got,
		   struct mv_err *err)
{
	int *left = payload;

	assert_true(len > 0);
	if (!(*left)--)
		return mv_fail(err, MV_EIO, "broken");
	*(char *)data = 'x';
	*got = 1;
	return 0;
}

static void test_base_stream__full_read_joins_pieces_and_passes_errors(void **state)
{
	int left = 3;
	struct mv_reader r = { trickle, &left };
	struct mv_err err;
	char b[8];
	size_t got;

	(void)state;
	assert_int_equal(mv_read_full(&r, b, 3, &got, &err), 0);
	assert_int_equal(got, 3);
	left = 3;
	assert_int_equal(mv_read_full(&r, b, 4, &got, &err), MV_EIO);
	assert_string_equal(err.msg, "broken");
}

static void test_base_stream__buffer_bound_is_an_error(void **state)
{
	struct mv_buf buf;
	struct mv_writer w;
	struct mv_err err;

	(void)state;
	mv_buf_init(&buf, 4);
	w = mv_writer_buf(&buf);
	assert_int_equal(w.write(w.payload, "abc", 3, &err), 0);
	assert_int_equal(w.write(w.payload, "de", 2, &err), MV_ENOMEM);
	assert_int_equal(err.code, MV_ENOMEM);
	assert_string_equal(buf.data, "abc");
	mv_buf_release(&buf);
}

static void test_base_stream__descriptors(void **state)
{
	struct mv_reader r;
	struct mv_writer w;
	struct mv_err err;
	char b[8];
	size_t got;
	int fd[2];

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	r = mv_reader_fd(&fd[0]);
	w = mv_writer_fd(&fd[1]);
	assert_int_equal(w.write(w.payload, "abc", 3, &err), 0);
	assert_int_equal(r.read(r.payload, b, sizeof(b), &got, &err), 0);
	assert_int_equal(got, 3);
	close(fd[1]);
	assert_int_equal(r.read(r.payload, b, sizeof(b), &got, &err), 0);
	assert_int_equal(got, 0);
	close(fd[0]);
	assert_int_equal(r.read(r.payload, b, 1, &got, &err), MV_EIO);
	assert_int_equal(w.write(w.payload, "x", 1, &err), MV_EIO);
}

static void test_base_stream__runs_release_leaves_none(void **state)
{
	struct mv_runs runs = {
		.run = calloc(2, sizeof(struct mv_run)), .count = 2
	};

	(void)state;
	mv_runs_release(&runs);
	assert_null(runs.run);
	assert_int_equal(runs.count, 0);
	mv_runs_release(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_stream__memory_gives_all_then_the_end),
		cmocka_unit_test(test_base_stream__full_read_joins_pieces_and_passes_errors),
		cmocka_unit_test(test_base_stream__buffer_bound_is_an_error),
		cmocka_unit_test(test_base_stream__descriptors),
		cmocka_unit_test(test_base_stream__runs_release_leaves_none)
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
