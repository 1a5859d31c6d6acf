/* SPDX-License-Identifier: MIT */
/*
 * One directory has one manifest: what is read prints as the very same bytes,
 * and differs in nothing from itself.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int never(void *payload, const struct mv_member *old,
		 const struct mv_member *new, struct mv_err *err)
{
	(void)payload;
	(void)old;
	(void)new;
	(void)err;
	abort();
}

static int count(void *payload, const struct mv_member *old,
		 const struct mv_member *new, struct mv_err *err)
{
	(void)err;
	if (old || !new)
		abort();
	++*(size_t *)payload;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct mv_manifest m, none = { NULL, 0, 0 };
	struct mv_buf out;
	struct mv_err err;
	size_t members = 0;

	if (mv_manifest_parse(&m, s, size, &err) < 0) {
		if (m.v || m.count)
			abort();
		return 0;
	}
	mv_buf_init(&out, size + 1);
	if (!mv_manifest_is(s, size) ||
	    mv_manifest_print(&out, &m, &err) < 0 || out.len != size ||
	    memcmp(out.data, s, size) ||
	    mv_manifest_diff(&m, &m, never, NULL, &err) < 0 ||
	    mv_manifest_diff(&none, &m, count, &members, &err) < 0 ||
	    members != m.count)
		abort();
	mv_buf_release(&out);
	mv_manifest_release(&m);
	return 0;
}
