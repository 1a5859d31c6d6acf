/* SPDX-License-Identifier: MIT */
/*
 * Curves as they are stored, and tables of points: what is accepted prints as
 * curves that are accepted again and print the same.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/meta/curves.h"
#include "tests/unit/curves-text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct mv_curves *curves)
{
	struct mv_curves again;
	struct mv_buf a, b;

	mv_buf_init(&a, 64u << 20);
	mv_buf_init(&b, 64u << 20);
	mv_curves_sort(curves);
	if (curves_print(&a, curves) ||
	    curves_parse(&again, a.data, a.len, NULL) ||
	    curves_print(&b, &again) || a.len != b.len ||
	    memcmp(a.data, b.data, a.len))
		abort();
	mv_curves_release(&again);
	mv_buf_release(&b);
	mv_buf_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "t.csv", "t.tsv" };
	struct mv_err err = { MV_OK, "" };
	struct mv_mem_reader mem = { (const char *)data, size, 0 };
	const struct mv_source in = source_mem(&mem);
	struct mv_curves c;
	int rc;

	rc = curves_parse(&c, (const char *)data, size, &err);
	if (rc && (c.count || err.code != rc || !*err.msg))
		abort();
	check(&c);
	mv_curves_release(&c);
	for (size_t i = 0; i < 2; i++) {
		rc = mv_curves_read_table(&c, names[i], "p.", &in, NULL,
					  &err);
		if (rc && (err.code != rc ||
			   strncmp(err.msg, names[i], strlen(names[i]))))
			abort();
		check(&c);
		mv_curves_release(&c);
	}
	return 0;
}
