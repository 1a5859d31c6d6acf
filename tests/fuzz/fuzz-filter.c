/* SPDX-License-Identifier: MIT */
/*
 * Git's filter protocol with anything on the other side. The first byte
 * chooses how the input arrives and what the callbacks do; the second, if
 * even, puts a good handshake in front. Whatever comes, the run ends, and
 * what was written is a list of packets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/filter/filter.h"
#include "libmv/filter/pktline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char hello[] =
	"0016git-filter-client\n" "000eversion=2\n" "0000"
	"0015capability=clean\n" "0016capability=smudge\n" "0000";

struct peer {
	const char *head;
	size_t head_len;
	const uint8_t *data;
	size_t len;
	size_t step;
	unsigned mode;
};

static int peer_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct peer *p = payload;
	const void *from = p->head_len ? (const void *)p->head : p->data;
	size_t n = p->head_len ? p->head_len : p->len;

	(void)err;
	if (n > p->step)
		n = p->step;
	if (n > len)
		n = len;
	if (n)
		memcpy(data, from, n);
	if (p->head_len) {
		p->head += n;
		p->head_len -= n;
	} else {
		p->data += n;
		p->len -= n;
	}
	*got = n;
	return 0;
}

/* Echo; or stop early; or fail, before or after having answered. */
static int serve(struct peer *p, struct mv_reader *in, struct mv_writer *out,
		 struct mv_err *err)
{
	static char mem[8192];
	size_t got = 1, ask = p->mode & 1 ? sizeof(mem) : 3;
	int rc = 0;

	while (got && !rc) {
		rc = in->read(in->payload, mem, ask, &got, err);
		if (!rc)
			rc = out->write(out->payload, mem, got, err);
		if (p->mode & 2)
			break;
	}
	if (!rc && p->mode & 4)
		return mv_fail(err, MV_EINVALID, "no");
	return rc;
}

static int on_clean(void *payload, const char *path, struct mv_reader *in,
		    struct mv_buf *out, struct mv_err *err)
{
	struct mv_writer w = mv_writer_buf(out);

	if (!*path)
		abort();
	return serve(payload, in, &w, err);
}

static int on_smudge(void *payload, const char *path, const char *blob,
		     struct mv_reader *in, struct mv_writer *out,
		     struct mv_err *err)
{
	if (!*path || (blob && strlen(blob) != 40 && strlen(blob) != 64))
		abort();
	return serve(payload, in, out, err);
}

static void check_packets(struct mv_buf *out)
{
	struct mv_mem_reader mem = { out->data, out->len, 0 };
	struct mv_reader in = mv_reader_mem(&mem);
	enum mv_pkt kind = MV_PKT_FLUSH;
	struct mv_pkt_reader r;
	const char *text;
	size_t len;

	if (mv_pkt_reader_init(&r, &in, NULL))
		return;
	while (kind != MV_PKT_END)
		if (mv_pkt_next(&kind, &text, &len, &r, NULL))
			abort();
	mv_pkt_reader_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { SIZE_MAX, 1, 5, 4096 };
	struct mv_filter_ops ops = { on_clean, on_smudge, NULL, NULL, NULL };
	struct peer p = { .len = 0 };
	struct mv_reader in = { peer_read, &p };
	struct mv_writer out;
	struct mv_buf buf;
	int rc;

	if (size < 2)
		return 0;
	p.mode = data[0] & 7;
	p.step = steps[data[0] >> 3 & 3];
	p.head = hello;
	p.head_len = data[1] & 1 ? 0 : sizeof(hello) - 1;
	p.data = data + 2;
	p.len = size - 2;
	ops.payload = &p;
	mv_buf_init(&buf, 64 << 20);
	out = mv_writer_buf(&buf);
	rc = mv_filter_run(&in, &out, &ops, NULL);
	if (rc && rc != MV_EINVALID && rc != MV_ENOMEM)
		abort();
	if (!rc && p.len)
		abort();
	check_packets(&buf);
	mv_buf_release(&buf);
	return 0;
}
