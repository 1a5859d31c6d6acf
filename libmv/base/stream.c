/* SPDX-License-Identifier: MIT */
#include "libmv/base/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"

static int fd_read(void *payload, void *data, size_t len, size_t *got,
		   struct mv_err *err)
{
	int fd = *(int *)payload;
	ssize_t n;

	do {
		n = read(fd, data, len);
	} while (n < 0 && errno == EINTR);
	*got = n < 0 ? 0 : (size_t)n;
	return n < 0 ? mv_fail_errno(err, errno,
				     "cannot read from a stream") : 0;
}

static int fd_write(void *payload, const void *data, size_t len,
		    struct mv_err *err)
{
	return mv_write_full(*(int *)payload, data, len, "(stream)", err);
}

struct mv_reader mv_reader_fd(int *fd)
{
	return (struct mv_reader){ fd_read, fd };
}

struct mv_writer mv_writer_fd(int *fd)
{
	return (struct mv_writer){ fd_write, fd };
}

static int mem_read(void *payload, void *data, size_t len, size_t *got,
		    struct mv_err *err)
{
	struct mv_mem_reader *m = payload;
	size_t left = m->len - m->pos;

	(void)err;
	*got = len < left ? len : left;
	if (*got)
		memcpy(data, m->data + m->pos, *got);
	m->pos += *got;
	return 0;
}

static int buf_write(void *payload, const void *data, size_t len,
		     struct mv_err *err)
{
	struct mv_buf *buf = payload;

	if (mv_buf_add(buf, data, len) < 0)
		return mv_fail(err, MV_ENOMEM,
			       "out of memory, or more than %zu bytes", buf->max);
	return 0;
}

struct mv_reader mv_reader_mem(struct mv_mem_reader *state)
{
	return (struct mv_reader){ mem_read, state };
}

struct mv_writer mv_writer_buf(struct mv_buf *buf)
{
	return (struct mv_writer){ buf_write, buf };
}

static int file_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct mv_file_source *f = payload;
	int rc = mv_pread_full(f->fd, data, len, f->pos, got, f->path, err);

	f->pos += *got;
	return rc;
}

static void file_rewind(void *payload)
{
	struct mv_file_source *f = payload;

	f->pos = 0;
}

struct mv_source mv_source_file(struct mv_file_source *state)
{
	return (struct mv_source){ { file_read, state }, file_rewind };
}

int mv_read_full(struct mv_reader *r, void *data, size_t len, size_t *got,
		 struct mv_err *err)
{
	char *p = data;

	*got = 0;
	while (*got < len) {
		size_t n = 0;
		int rc;

		rc = r->read(r->payload, p + *got, len - *got, &n, err);
		if (rc < 0)
			return rc;
		if (!n)
			break;
		*got += n;
	}
	return 0;
}
