/* SPDX-License-Identifier: MIT */
/*
 * Whatever the JSON door accepts must be printed, without a byte that a
 * terminal obeys, as text that is accepted again and prints the same. What
 * is accepted strictly is the same where it is accepted loosely.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_safe(const char *s, size_t len)
{
	while (len) {
		uint32_t cp;
		size_t n = mv_utf8_next(&cp, s, len);

		if (!n || mv_utf8_unsafe(cp))
			abort();
		s += n;
		len -= n;
	}
}

typedef int (*parse_fn)(struct mv_json **out, const char *data, size_t len,
			struct mv_err *err);

static int reprint(struct mv_buf *out, parse_fn parse, const char *data,
		   size_t size)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_json *v;
	int rc;

	rc = parse(&v, data, size, &err);
	if (rc && (v || err.code != rc || !*err.msg))
		abort();
	if (!rc && mv_json_print(out, v, 0, &err))
		abort();
	mv_json_free(v);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_buf once, twice, loose;

	mv_buf_init(&once, 64u << 20);
	mv_buf_init(&twice, 64u << 20);
	mv_buf_init(&loose, 64u << 20);
	if (!reprint(&loose, mv_json_parse_loose, (const char *)data, size)) {
		check_safe(loose.data, loose.len);
		if (reprint(&twice, mv_json_parse, loose.data, loose.len) ||
		    strcmp(loose.data, twice.data))
			abort();
	}
	mv_buf_clear(&twice);
	if (!reprint(&once, mv_json_parse, (const char *)data, size)) {
		check_safe(once.data, once.len);
		if (reprint(&twice, mv_json_parse, once.data, once.len) ||
		    strcmp(once.data, twice.data) ||
		    (loose.len && strcmp(once.data, loose.data)))
			abort();
	}
	mv_buf_release(&loose);
	mv_buf_release(&twice);
	mv_buf_release(&once);
	return 0;
}
