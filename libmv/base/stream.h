/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_STREAM_H
#define MV_BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"

/*
 * The one stream type: any two parts can be joined, and each one tested in
 * memory. `read` puts up to `len` bytes into `data` and their number into
 * `*got`; 0 means the end. `write` takes all bytes or fails. A stream does
 * not own its payload.
 */
struct mv_reader {
	int (*read)(void *payload, void *data, size_t len, size_t *got,
		    struct mv_err *err);
	void *payload;
};

struct mv_writer {
	int (*write)(void *payload, const void *data, size_t len,
		     struct mv_err *err);
	void *payload;
};

/* Streams over an open file descriptor (EINTR and short writes handled). */
struct mv_reader mv_reader_fd(int *fd);
struct mv_writer mv_writer_fd(int *fd);

/* Streams over memory. The reader's state is caller-owned. */
struct mv_mem_reader {
	const char *data;
	size_t len;
	size_t pos;
};
struct mv_reader mv_reader_mem(struct mv_mem_reader *state);
struct mv_writer mv_writer_buf(struct mv_buf *buf);

/*
 * A stream that can be read once more from its beginning. Of a file, at an
 * offset of its own: nobody else's position moves, and neither does ours.
 */
struct mv_source {
	struct mv_reader in;
	void (*rewind)(void *payload);
};
struct mv_file_source {
	int fd;
	uint64_t pos;
	const char *path;	/* for messages */
};
struct mv_source mv_source_file(struct mv_file_source *state);

/* Read until `len` bytes are there or the stream ends. */
int mv_read_full(struct mv_reader *r, void *data, size_t len, size_t *got,
		 struct mv_err *err);

#endif
