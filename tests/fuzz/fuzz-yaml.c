/* SPDX-License-Identifier: MIT */
/*
 * Whatever the YAML door accepts is a tree that JSON can carry: printed, it
 * is accepted there and prints the same.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_give(int rc, struct mv_json *v, const char *expected)
{
	struct mv_buf b;

	mv_buf_init(&b, 64u << 20);
	if (rc || mv_json_print(&b, v, 0, NULL) || strcmp(b.data, expected))
		abort();
	mv_buf_release(&b);
	mv_json_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_json *v;
	struct mv_buf once;
	int rc = mv_yaml_parse(&v, (const char *)data, size, &err);

	if (rc) {
		if (v || err.code != rc || !*err.msg)
			abort();
		return 0;
	}
	mv_buf_init(&once, 64u << 20);
	if (mv_json_print(&once, v, 0, &err))
		abort();
	mv_json_free(v);
	rc = mv_json_parse(&v, once.data, once.len, &err);
	must_give(rc, v, once.data);
	mv_buf_release(&once);
	return 0;
}
