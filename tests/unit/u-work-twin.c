/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/work/priv.h"

/* A file of two blocks and a half, and a stream that may differ from it. */
#define SIZE (2 * (size_t)MV_TWIN_BLOCK + MV_TWIN_BLOCK / 2)

struct fixture {
	char path[64];
	int fd;
	struct stat st;
	char *file, *stream, *out;
	struct mv_mem_reader mem;
	struct mv_reader in;
	struct mv_twin twin;
	size_t piece;		/* what one read of the stream gives */
};

static int read_pieces(void *payload, void *data, size_t len, size_t *got,
		       struct mv_err *err)
{
	struct fixture *f = payload;
	struct mv_reader r = mv_reader_mem(&f->mem);

	return r.read(r.payload, data, len < f->piece ? len : f->piece, got,
		      err);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->path, "/tmp/u-repo-twin-XXXXXX");
	f->fd = mkstemp(f->path);
	assert_true(f->fd >= 0);
	f->file = malloc(SIZE);
	f->stream = malloc(SIZE + 1000);
	f->out = malloc(SIZE + 2000);
	for (size_t i = 0; i < SIZE + 1000; i++)
		f->stream[i] = (char)(i * 7 ^ i >> 9);
	memcpy(f->file, f->stream, SIZE);
	assert_int_equal(write(f->fd, f->file, SIZE), SIZE);
	assert_int_equal(fstat(f->fd, &f->st), 0);
	f->piece = 65516;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mv_work_twin_release(&f->twin);
	close(f->fd);
	unlink(f->path);
	free(f->file);
	free(f->stream);
	free(f->out);
	free(f);
	return 0;
}

static void begin(struct fixture *f, size_t len)
{
	f->mem = (struct mv_mem_reader){ f->stream, len, 0 };
	f->in = (struct mv_reader){ read_pieces, f };
	mv_work_twin_release(&f->twin);
	assert_int_equal(mv_work_twin_init(&f->twin, &f->in, f->fd, &f->st,
					   f->path,
					   NULL), 0);
}

/* What is read through the twin is the stream, whatever the file says. */
static void yields_the_stream(struct fixture *f, size_t len)
{
	struct mv_reader r = mv_work_twin_reader(&f->twin);
	size_t got;

	assert_int_equal(mv_read_full(&r, f->out, SIZE + 2000, &got, NULL), 0);
	assert_int_equal(got, len);
	assert_memory_equal(f->out, f->stream, len);
}

static void test_repo_twin__a_difference_anywhere_is_seen(void **state)
{
	static const size_t at[] = {
		0, 1, MV_TWIN_BLOCK - 1, MV_TWIN_BLOCK, 2 * MV_TWIN_BLOCK + 7,
		SIZE - 1
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		f->stream[at[i]] ^= 1;
		begin(f, SIZE);
		yields_the_stream(f, SIZE);
		assert_false(mv_work_twin_equal(&f->twin));
		f->stream[at[i]] ^= 1;
	}
}

static void test_repo_twin__shorter_and_longer_streams_differ(void **state)
{
	static const size_t len[] = {
		0, 5, MV_TWIN_BLOCK, SIZE - 1, SIZE + 1, SIZE + 1000
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(len) / sizeof(*len); i++) {
		begin(f, len[i]);
		yields_the_stream(f, len[i]);
		assert_false(mv_work_twin_equal(&f->twin));
	}
}

static void test_repo_twin__reading_through_compares_too(void **state)
{
	struct fixture *f = *state;

	begin(f, SIZE);
	yields_the_stream(f, SIZE);
	assert_true(mv_work_twin_equal(&f->twin));
}

static void test_repo_twin__not_equal_before_the_end_was_seen(void **state)
{
	struct fixture *f = *state;
	struct mv_reader r;
	size_t got;

	begin(f, SIZE);
	r = mv_work_twin_reader(&f->twin);
	assert_int_equal(mv_read_full(&r, f->out, SIZE, &got, NULL), 0);
	assert_false(mv_work_twin_equal(&f->twin));
}

static void test_repo_twin__a_file_that_changes_is_not_equal(void **state)
{
	struct fixture *f = *state;
	struct timespec t[2] = { { 0, UTIME_OMIT }, { 1, 0 } };

	begin(f, SIZE);
	yields_the_stream(f, SIZE);
	assert_true(mv_work_twin_equal(&f->twin));
	assert_int_equal(futimens(f->fd, t), 0);
	assert_false(mv_work_twin_equal(&f->twin));
}

static void test_repo_twin__a_truncated_file_changes_nothing_of_the_stream(
	void **state)
{
	struct fixture *f = *state;

	begin(f, SIZE);
	assert_int_equal(ftruncate(f->fd, 100), 0);
	yields_the_stream(f, SIZE);
	assert_false(mv_work_twin_equal(&f->twin));
}

static void test_repo_twin__without_a_file_it_only_hands_through(void **state)
{
	struct fixture *f = *state;

	f->mem = (struct mv_mem_reader){ f->stream, SIZE, 0 };
	f->in = (struct mv_reader){ read_pieces, f };
	assert_int_equal(mv_work_twin_init(&f->twin, &f->in, -1, NULL, f->path,
					   NULL), 0);
	yields_the_stream(f, SIZE);
	assert_false(mv_work_twin_equal(&f->twin));
}

#define T(name) cmocka_unit_test_setup_teardown(test_repo_twin__##name, \
						setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_difference_anywhere_is_seen),
		T(shorter_and_longer_streams_differ),
		T(reading_through_compares_too),
		T(not_equal_before_the_end_was_seen),
		T(a_file_that_changes_is_not_equal),
		T(a_truncated_file_changes_nothing_of_the_stream),
		T(without_a_file_it_only_hands_through),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
