/* SPDX-License-Identifier: MIT */
#include "libmv/filter/pktline.h"

#include <stdlib.h>
#include <string.h>

/* Two whole packets: a packet that begins anywhere in the first half fits. */
#define IN_SIZE (2 * MV_PKT_MAX)
/* Answers are sent when this much has gathered, or when they are complete. */
#define OUT_SIZE (2 * MV_PKT_MAX)
/* Below this, a copy is cheaper than one more read of the stream. */
#define DIRECT_MIN 4096
#define NO_PACKET SIZE_MAX

int mv_pkt_reader_init(struct mv_pkt_reader *r, struct mv_reader *in,
		       struct mv_err *err)
{
	memset(r, 0, sizeof(*r));
	r->in = in;
	r->buf = malloc(IN_SIZE);
	return r->buf ? 0 : mv_nomem(err);
}

void mv_pkt_reader_release(struct mv_pkt_reader *r)
{
	free(r->buf);
	memset(r, 0, sizeof(*r));
}

/*
 * Have at least `need` bytes in the buffer; `*have` is less only when the
 * stream ended. Asks for as much as fits, takes what comes.
 */
static int pktline_fill(struct mv_pkt_reader *r, size_t need, size_t *have,
			struct mv_err *err)
{
	size_t got;
	int rc;

	if (r->pos == r->len)
		r->pos = r->len = 0;
	if (r->pos + need > IN_SIZE) {
		memmove(r->buf, r->buf + r->pos, r->len - r->pos);
		r->len -= r->pos;
		r->pos = 0;
	}
	while (r->len - r->pos < need) {
		rc = r->in->read(r->in->payload, r->buf + r->len,
				 IN_SIZE - r->len, &got, err);
		if (rc)
			return rc;
		if (!got)
			break;
		r->len += got;
	}
	*have = r->len - r->pos;
	return 0;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int cut_short(struct mv_err *err)
{
	return mv_fail(err, MV_EINVALID,
		       "git's filter protocol was cut short in the middle of a packet");
}

/* Take the four digits: how many bytes follow them. */
static int begin_packet(enum mv_pkt *kind, size_t *len,
			struct mv_pkt_reader *r, struct mv_err *err)
{
	size_t have, total = 0;
	int rc, digit;

	rc = pktline_fill(r, 4, &have, err);
	if (rc)
		return rc;
	*len = 0;
	*kind = MV_PKT_END;
	if (!have)
		return 0;
	if (have < 4)
		return cut_short(err);

	for (size_t i = 0; i < 4; i++) {
		digit = hex_digit(r->buf[r->pos + i]);
		if (digit < 0)
			return mv_fail(err, MV_EINVALID,
				       "git's filter protocol is broken: a packet does not begin with its length");
		total = total << 4 | (size_t)digit;
	}
	r->pos += 4;

	*kind = MV_PKT_FLUSH;
	if (!total)
		return 0;
	if (total < 4 || total > MV_PKT_MAX)
		return mv_fail(err, MV_EINVALID,
			       "git's filter protocol is broken: packet length %zu",
			       total);
	*kind = MV_PKT_DATA;
	*len = total - 4;
	return 0;
}

int mv_pkt_next(enum mv_pkt *kind, const char **data, size_t *len,
		struct mv_pkt_reader *r, struct mv_err *err)
{
	size_t have;
	int rc;

	*data = "";
	rc = begin_packet(kind, len, r, err);
	if (rc || !*len)
		return rc;
	rc = pktline_fill(r, *len, &have, err);
	if (rc)
		return rc;
	if (have < *len)
		return cut_short(err);
	*data = (const char *)r->buf + r->pos;
	r->pos += *len;
	return 0;
}

/*
 * Read the rest of a packet into the caller's memory. Where there is room,
 * the four digits of the next packet are read with it: they land behind the
 * content, are put back into our buffer, and the next packet overwrites
 * them. So long content costs one read per packet and no copy.
 */
static int read_direct(struct mv_pkt_reader *r, uint8_t *data, size_t len,
		       size_t *got, struct mv_err *err)
{
	size_t want = len < r->rest ? len : r->rest;
	int rc;

	if (len >= r->rest + 4)
		want = r->rest + 4;
	rc = r->in->read(r->in->payload, data, want, got, err);
	if (rc)
		return rc;
	if (!*got)
		return cut_short(err);
	if (*got > r->rest) {
		r->pos = 0;
		r->len = *got - r->rest;
		memcpy(r->buf, data + r->rest, r->len);
		*got = r->rest;
	}
	r->rest -= *got;
	return 0;
}

int mv_pkt_content(struct mv_pkt_reader *r, void *data, size_t len,
		   size_t *got, struct mv_err *err)
{
	enum mv_pkt kind;
	size_t have;
	int rc;

	*got = 0;
	if (!len)
		return 0;
	while (!r->rest) {		/* empty packets are odd, not wrong */
		rc = begin_packet(&kind, &r->rest, r, err);
		if (rc)
			return rc;
		if (kind == MV_PKT_END)
			return mv_fail(err, MV_EINVALID,
				       "git's filter protocol was cut short in the middle of a content");
		if (kind == MV_PKT_FLUSH)
			return 0;
	}

	if (r->pos == r->len && len >= DIRECT_MIN && r->rest >= DIRECT_MIN)
		return read_direct(r, data, len, got, err);

	rc = pktline_fill(r, 1, &have, err);
	if (rc)
		return rc;
	if (!have)
		return cut_short(err);
	if (len > r->rest)
		len = r->rest;
	if (len > have)
		len = have;
	memcpy(data, r->buf + r->pos, len);
	r->pos += len;
	r->rest -= len;
	*got = len;
	return 0;
}

void mv_pkt_writer_init(struct mv_pkt_writer *w, struct mv_writer *out)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->open = NO_PACKET;
	/* Held output has no other bound than what its content implies. */
	mv_buf_init(&w->buf, SIZE_MAX / 4);
}

void mv_pkt_writer_release(struct mv_pkt_writer *w)
{
	mv_buf_release(&w->buf);
}

static void set_length(struct mv_pkt_writer *w, size_t at, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 4; i++)
		w->buf.data[at + i] = digits[len >> (12 - 4 * i) & 15];
}

static void close_packet(struct mv_pkt_writer *w)
{
	if (w->open == NO_PACKET)
		return;
	set_length(w, w->open, w->buf.len - w->open);
	w->open = NO_PACKET;
}

/* After a failed write nobody knows what arrived: never tried again. */
int mv_pkt_send(struct mv_pkt_writer *w, struct mv_err *err)
{
	int rc;

	close_packet(w);
	if (!w->buf.len)
		return 0;
	rc = w->out->write(w->out->payload, w->buf.data, w->buf.len, err);
	w->failed = !!rc;
	if (w->buf.alloc > 4 * OUT_SIZE)
		mv_buf_release(&w->buf);
	mv_buf_clear(&w->buf);
	return rc;
}

int mv_pkt_line(struct mv_pkt_writer *w, const char *text, struct mv_err *err)
{
	size_t len = strlen(text);

	close_packet(w);
	if (mv_buf_reserve(&w->buf, len + 5))
		return mv_nomem(err);
	mv_buf_addf(&w->buf, "%04zx%s\n", len + 5, text);
	return 0;
}

int mv_pkt_flush(struct mv_pkt_writer *w, struct mv_err *err)
{
	close_packet(w);
	return mv_buf_addstr(&w->buf, "0000") ? mv_nomem(err) : 0;
}

int mv_pkt_bytes(struct mv_pkt_writer *w, const void *data, size_t len,
		 struct mv_err *err)
{
	const char *p = data;
	size_t room, n;
	int rc;

	while (len) {
		if (w->open == NO_PACKET) {
			if (mv_buf_reserve(&w->buf, MV_PKT_MAX) ||
			    mv_buf_addstr(&w->buf, "0000"))
				return mv_nomem(err);
			w->open = w->buf.len - 4;
		}
		room = MV_PKT_MAX - (w->buf.len - w->open);
		n = len < room ? len : room;
		if (mv_buf_add(&w->buf, p, n))
			return mv_nomem(err);
		p += n;
		len -= n;
		if (n == room)
			close_packet(w);
		if (w->buf.len >= OUT_SIZE && !w->hold) {
			rc = mv_pkt_send(w, err);
			if (rc)
				return rc;
		}
	}
	return 0;
}
