/* SPDX-License-Identifier: MIT */
#include "libmv/base/pull.h"

#include <string.h>

#define PIECE ((size_t)64 << 10)

void mv_pull_init(struct mv_pull *p, struct mv_reader in, size_t max)
{
	memset(p, 0, sizeof(*p));
	p->in = in;
	p->max = max;
	mv_buf_init(&p->held, max + PIECE);
}

void mv_pull_release(struct mv_pull *p)
{
	mv_buf_release(&p->held);
	p->at = 0;
}

void mv_pull_reset(struct mv_pull *p)
{
	mv_buf_clear(&p->held);
	p->at = 0;
	p->ended = 0;
}

const char *mv_pull_data(const struct mv_pull *p)
{
	return p->held.data + p->at;
}

size_t mv_pull_len(const struct mv_pull *p)
{
	return p->held.len - p->at;
}

void mv_pull_skip(struct mv_pull *p, size_t len)
{
	p->at += len;
}

static void drop_used(struct mv_pull *p)
{
	if (!p->at)
		return;
	memmove(p->held.data, p->held.data + p->at, p->held.len - p->at);
	p->held.len -= p->at;
	p->at = 0;
}

int mv_pull_need(struct mv_pull *p, size_t len, struct mv_err *err)
{
	while (mv_pull_len(p) < len && !p->ended) {
		size_t got = 0;
		int rc;

		if (mv_pull_len(p) >= p->max)
			return mv_fail(err, MV_ENOMEM, "more than %zu bytes in "
				       "one piece", p->max);
		drop_used(p);
		if (mv_buf_reserve(&p->held, PIECE))
			return mv_nomem(err);
		rc = p->in.read(p->in.payload, p->held.data + p->held.len,
				PIECE, &got, err);
		if (rc)
			return rc;
		p->held.len += got;
		p->held.data[p->held.len] = '\0';
		p->ended = !got;
	}
	return 0;
}

int mv_pull_line(const char **line, size_t *len, struct mv_pull *p,
		 struct mv_err *err)
{
	size_t seen = 0;

	for (;;) {
		const char *data, *lf;
		int rc = mv_pull_need(p, seen + 1, err);

		if (rc)
			return rc;
		data = mv_pull_data(p);
		lf = memchr(data + seen, '\n', mv_pull_len(p) - seen);
		seen = mv_pull_len(p);
		if (!lf && !p->ended)
			continue;
		*line = data;
		*len = lf ? (size_t)(lf - data) : seen;
		if (*len > p->max)
			return mv_fail(err, MV_ENOMEM, "more than %zu bytes in "
				       "one piece", p->max);
		mv_pull_skip(p, lf ? *len + 1 : seen);
		return lf || seen;
	}
}
