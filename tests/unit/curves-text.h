/* SPDX-License-Identifier: MIT */
#ifndef CURVES_TEXT_H
#define CURVES_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "libmv/base/buf.h"
#include "libmv/meta/curves.h"

/* Curves to and from text, and text as a source: files are streamed. */

static inline int curves_print(struct mv_buf *out, const struct mv_curves *c)
{
	struct mv_curves_reader state;
	struct mv_reader in = mv_curves_reader(&state, c);
	char part[1000];
	size_t got = 1;
	int rc = 0;

	while (!rc && got) {
		rc = in.read(in.payload, part, sizeof(part), &got, NULL);
		if (!rc)
			rc = mv_buf_add(out, part, got);
	}
	mv_curves_reader_release(&state);
	return rc;
}

static inline int curves_parse(struct mv_curves *out, const char *data,
			       size_t len, struct mv_err *err)
{
	struct mv_curves_writer state;
	struct mv_writer to = mv_curves_writer(&state, out);

	return mv_curves_writer_end(&state, to.write(to.payload, data, len,
						     err), err);
}

static inline void mem_rewind(void *payload)
{
	((struct mv_mem_reader *)payload)->pos = 0;
}

static inline struct mv_source source_mem(struct mv_mem_reader *state)
{
	return (struct mv_source){ mv_reader_mem(state), mem_rewind };
}

#endif
