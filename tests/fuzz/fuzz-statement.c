/* SPDX-License-Identifier: MIT */
/* A statement, or a line with one in it: what is accepted has one form. */
#include <stdlib.h>
#include <string.h>

#include "libmv/trust/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct mv_statement *s, const char *bytes, size_t len)
{
	struct mv_buf again;

	mv_buf_init(&again, 1 << 20);
	if (mv_statement_print(&again, s, NULL) || again.len != len ||
	    memcmp(again.data, bytes, len))
		abort();
	mv_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_statement s;
	struct mv_buf payload, sig;

	if (!mv_statement_parse(&s, (const char *)data, size, NULL)) {
		same(&s, (const char *)data, size);
		mv_statement_release(&s);
	}
	mv_buf_init(&payload, 1 << 16);
	mv_buf_init(&sig, 1 << 16);
	if (!mv_statement_from_line(&s, &payload, &sig, (const char *)data,
				    size, NULL)) {
		same(&s, payload.data, payload.len);
		mv_statement_release(&s);
	}
	mv_buf_release(&payload);
	mv_buf_release(&sig);
	return 0;
}
