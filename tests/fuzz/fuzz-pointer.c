/* SPDX-License-Identifier: MIT */
/*
 * Any text is a pointer, content or damage. A pointer that is printed must be
 * read again as the same one, and be canonical.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/store/pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mv_pointer *p, const uint8_t *data, size_t size)
{
	struct mv_pointer again;
	struct mv_buf text;
	int same;

	mv_buf_init(&text, MV_POINTER_MAX);
	if (mv_pointer_print(&text, p, NULL))
		abort();
	same = text.len == size && !memcmp(text.data, data, size);
	if (same != p->canonical || (p->extended && same))
		abort();
	if (p->size && (mv_pointer_parse(&again, text.data, text.len, NULL) ||
			!again.canonical || again.size != p->size ||
			again.dialect != p->dialect ||
			!mv_oid_eq(&again.oid, &p->oid)))
		abort();
	mv_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_pointer p;
	int rc = mv_pointer_parse(&p, data, size, NULL);

	if (rc && rc != MV_ENOENT && rc != MV_ECORRUPT)
		abort();
	if (!rc)
		check(&p, data, size);
	return 0;
}
