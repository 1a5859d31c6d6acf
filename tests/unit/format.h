/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_FORMAT_H
#define TESTS_UNIT_FORMAT_H

/* What the tests of the format part share. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "libmv/base/buf.h"
#include "libmv/base/bytes.h"
#include "libmv/base/fs.h"
#include "libmv/format/format.h"

#define UNKNOWN_SIZE UINT64_MAX

static inline void load(struct mv_buf *out, const char *name)
{
	struct mv_err err;
	char path[512];

	snprintf(path, sizeof(path), "tests/data/%s", name);
	mv_buf_init(out, 16u << 20);
	if (mv_read_file(out, path, &err) < 0)
		fail_msg("%s", err.msg);
}

/*
 * Parse from memory of exactly the right size, so that ASan sees a read past
 * the end; on success look at all that is promised of a layout.
 */
static inline int parse_bytes(struct mv_layout *out, const void *data,
			      size_t len, uint64_t file_size,
			      struct mv_err *err)
{
	uint8_t *copy = malloc(len ? len : 1);
	uint64_t need = 0, end = 0;
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len);
	rc = mv_format_parse(out, &need, copy, len, file_size, err);
	free(copy);
	if (rc == MV_EBUSY) {
		assert_true(need > len);
		assert_true(need <= file_size);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < out->count; i++) {
		const struct mv_tensor *t = &out->tensors[i];

		assert_non_null(t->name);
		assert_non_null(t->dtype_name);
		assert_true(t->unit >= 1);
		assert_true(t->offset >= end);
		end = t->offset + t->length;
		assert_true(end >= t->offset);
		assert_true(end <= file_size);
	}
	return 0;
}

/* The code only. */
static inline int verdict(const void *data, size_t len, uint64_t file_size,
			  struct mv_err *err)
{
	struct mv_layout layout;
	int rc = parse_bytes(&layout, data, len, file_size, err);

	if (!rc)
		mv_layout_release(&layout);
	return rc;
}

/* Every truncation: never taken for the whole, and no crash. */
static inline void sweep_truncations(const struct mv_buf *file, size_t upto)
{
	struct mv_err err;

	for (size_t len = 0; len < upto; len++) {
		int rc = verdict(file->data, len, len, &err);

		assert_true(rc == MV_EINVALID || rc == MV_ENOENT);
		rc = verdict(file->data, len, file->len, &err);
		assert_int_equal(rc, MV_EBUSY);
	}
}

/* Every byte below `upto` flipped: a clean answer, whatever it is. */
static inline size_t sweep_flips(const struct mv_buf *file, size_t upto,
				 const uint8_t *masks, size_t count)
{
	uint8_t *copy = malloc(file->len);
	size_t refused = 0;
	struct mv_err err;

	assert_non_null(copy);
	memcpy(copy, file->data, file->len);
	for (size_t i = 0; i < upto * count; i++) {
		int rc;

		copy[i / count] ^= masks[i % count];
		rc = verdict(copy, upto, file->len, &err);
		copy[i / count] ^= masks[i % count];
		assert_true(!rc || rc == MV_EINVALID || rc == MV_ENOENT ||
			    rc == MV_EBUSY);
		refused += rc != 0;
	}
	free(copy);
	return refused;
}

static inline int read_fd(void *payload, uint64_t off, void *data, size_t len,
			  size_t *got, struct mv_err *err)
{
	return mv_pread_full(*(int *)payload, data, len, off, got, "input",
			     err);
}

/* -- files in memory, of exactly the right size --------------------------- */

struct memory {
	const uint8_t *data;
	size_t len;
	size_t fail_after;	/* reads; 0: never */
	size_t reads;
};

static inline int read_at(void *payload, uint64_t off, void *data, size_t len,
			  size_t *got, struct mv_err *err)
{
	struct memory *m = payload;

	if (m->fail_after && ++m->reads > m->fail_after)
		return mv_fail(err, MV_ENETWORK, "the line is cut");
	*got = off >= m->len ? 0 : len < m->len - off ? len : m->len - off;
	memcpy(data, m->data + (off < m->len ? off : 0), *got);
	return 0;
}

static inline int list(const void *data, size_t len, struct mv_layout *l,
		       struct mv_err *err)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct memory m = { copy, len, 0, 0 };
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len);
	rc = mv_format_parse_at(l, read_at, &m, len, err);
	free(copy);
	for (size_t i = 0; !rc && i < l->count; i++) {
		const struct mv_tensor *t = &l->tensors[i];

		assert_non_null(t->name);
		assert_non_null(t->dtype_name);
		assert_true(!t->offset || t->elsewhere ||
			    (t->offset <= len && t->length <= len - t->offset));
	}
	return rc;
}

static inline int list_verdict(const void *data, size_t len,
			       struct mv_err *err)
{
	struct mv_layout l;
	int rc = list(data, len, &l, err);

	mv_layout_release(&l);	/* empty after a failure */
	return rc;
}

/* Refused, with these words. */
static inline void refuse(const void *data, size_t len, const char *words)
{
	struct mv_err err;

	assert_int_equal(list_verdict(data, len, &err), MV_EINVALID);
	if (!strstr(err.msg, words))
		fail_msg("'%s' says nothing of '%s'", err.msg, words);
}

/* Each truncation, and each byte changed: an answer, whatever it is. */
static inline size_t sweep_list(const struct mv_buf *file, size_t step)
{
	size_t refused = 0;
	struct mv_err err;

	for (size_t i = 0; i < file->len; i += step) {
		int rc = list_verdict(file->data, i, &err);

		assert_true(!rc || rc == MV_EINVALID || rc == MV_ENOENT);
		file->data[i] ^= 0x55;
		rc = list_verdict(file->data, file->len, &err);
		file->data[i] ^= 0x55;
		assert_true(!rc || rc == MV_EINVALID || rc == MV_ENOENT);
		refused += rc != 0;
	}
	return refused;
}

/* The runs of a whole file: those of its head, then those that the scout
   finds, which is shown memory of exactly the right size. */
static inline void all_runs(struct mv_runs *out, const void *data, size_t len)
{
	struct mv_err err;
	uint64_t end = 0;
	size_t need = 0;

	assert_int_equal(mv_format_runs(out, &need, data, len, 1, &err), 0);
	while (out->scout && out->scout->at < len) {
		uint64_t at = out->scout->at;
		size_t left = len - (size_t)at;
		size_t n = left < out->scout->want ? left : out->scout->want;
		uint8_t *copy = malloc(n);
		size_t before = out->count;

		assert_non_null(copy);
		memcpy(copy, (const uint8_t *)data + at, n);
		assert_int_equal(out->scout->look(out->scout, out, copy, n,
						  &err), 0);
		free(copy);
		for (size_t i = before; i < out->count; i++)
			assert_true(out->run[i].offset >= at);
		if (out->scout->at <= at)
			break;
	}
	for (size_t i = 0; i < out->count; i++) {
		assert_true(out->run[i].offset >= end);
		assert_true(out->run[i].length > 0);
		assert_true(out->run[i].unit <= 4096);
		end = out->run[i].offset + out->run[i].length;
		assert_true(end > out->run[i].offset);
	}
}

static inline void check_golden_runs(const char *name)
{
	struct mv_buf file, want, got;
	struct mv_runs runs;
	char path[256];

	load(&file, name);
	snprintf(path, sizeof(path), "%s.runs", name);
	load(&want, path);
	mv_buf_init(&got, 1u << 20);
	all_runs(&runs, file.data, file.len);
	for (size_t i = 0; i < runs.count; i++)
		mv_buf_addf(&got, "%" PRIu64 " %" PRIu64 " %" PRIu32 " %d\n",
			    runs.run[i].offset, runs.run[i].length,
			    runs.run[i].unit, (int)runs.run[i].plane);
	assert_string_equal(got.data, want.data);
	mv_runs_release(&runs);
	mv_buf_release(&file);
	mv_buf_release(&want);
	mv_buf_release(&got);
}

/* A frozen text beside the file: "<name>.layout". */
static inline void check_golden(const char *name)
{
	struct mv_layout layout;
	struct mv_buf want, got;
	struct stat st;
	struct mv_err err;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "tests/data/%s", name);
	assert_int_equal(mv_open_read(&fd, &st, path, &err), 0);
	if (mv_format_parse_at(&layout, read_fd, &fd, (uint64_t)st.st_size,
			       &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	close(fd);
	mv_buf_init(&got, 1u << 20);
	assert_int_equal(mv_layout_print(&got, &layout, &err), 0);
	mv_layout_release(&layout);
	snprintf(path, sizeof(path), "%s.layout", name);
	load(&want, path);
	assert_string_equal(got.data, want.data);
	mv_buf_release(&got);
	mv_buf_release(&want);
}

#endif
