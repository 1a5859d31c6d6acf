/* SPDX-License-Identifier: MIT */
#ifndef MV_FILTER_PKTLINE_H
#define MV_FILTER_PKTLINE_H

#include <stddef.h>
#include <stdint.h>

#include "libmv/base/buf.h"
#include "libmv/base/err.h"
#include "libmv/base/stream.h"

/*
 * Git's packets over the two streams of a conversation (private to filter).
 *
 *	packet = 4 hex digits: length of the whole packet, 0004 .. fff0
 *		 then length - 4 bytes
 *	flush  = "0000", the end of a list
 *
 * Reading is buffered, so that a small request costs one read of the stream
 * below; long content goes past the buffer straight into the memory of the
 * one who asked. Writing is buffered until mv_pkt_send(). A packet of the
 * other side that is not as above is MV_EINVALID.
 */
#define MV_PKT_MAX	65520u		/* with its four digits */
#define MV_PKT_DATA_MAX	(MV_PKT_MAX - 4)

struct mv_pkt_reader {
	struct mv_reader *in;
	uint8_t *buf;		/* buf[pos .. len) is not used yet */
	size_t pos;
	size_t len;
	size_t rest;		/* content bytes of the packet begun */
};

enum mv_pkt { MV_PKT_DATA, MV_PKT_FLUSH, MV_PKT_END };

int mv_pkt_reader_init(struct mv_pkt_reader *r, struct mv_reader *in,
		       struct mv_err *err);
void mv_pkt_reader_release(struct mv_pkt_reader *r);

/*
 * The next packet as a whole. `*data` is borrowed until the next call and
 * not NUL-terminated. MV_PKT_END only where a packet could have begun.
 */
int mv_pkt_next(enum mv_pkt *kind, const char **data, size_t *len,
		struct mv_pkt_reader *r, struct mv_err *err);

/* Up to `len` bytes of a list of packets; *got 0 at its flush. */
int mv_pkt_content(struct mv_pkt_reader *r, void *data, size_t len,
		   size_t *got, struct mv_err *err);

struct mv_pkt_writer {
	struct mv_writer *out;
	struct mv_buf buf;
	size_t open;		/* offset of the packet being filled, or none */
	int hold;		/* keep all: the other side does not read yet */
	int failed;		/* the stream below did not take it */
};

void mv_pkt_writer_init(struct mv_pkt_writer *w, struct mv_writer *out);
void mv_pkt_writer_release(struct mv_pkt_writer *w);

/* One packet with this text and a newline. */
int mv_pkt_line(struct mv_pkt_writer *w, const char *text, struct mv_err *err);
int mv_pkt_flush(struct mv_pkt_writer *w, struct mv_err *err);
/* Bytes of a stream, cut into packets as full as possible. */
int mv_pkt_bytes(struct mv_pkt_writer *w, const void *data, size_t len,
		 struct mv_err *err);
/* Hand everything to the stream below. */
int mv_pkt_send(struct mv_pkt_writer *w, struct mv_err *err);

#endif
