/* SPDX-License-Identifier: MIT */
/*
 * Whatever the YAML door accepts is a tree that JSON can carry: printed, it
 * is accepted there and prints the same.
 */
#include <stdlib.h>
#include <string.h>

#include "libmv/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_give(int ret, struct mv_json *v, const char *expected)
{
	struct mv_buf b;

	mv_buf_init(&b, 64u << 20);
	if (ret || mv_json_print(&b, v, 0, NULL) || strcmp(b.data, expected))
		abort();
	mv_buf_release(&b);
	mv_json_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_err err = { MV_OK, "" };
	struct mv_json *v;
	struct mv_buf once;
	int ret = mv_yaml_parse(&v, (const char *)data, size, &err);

	if (ret) {
		if (v || err.code != ret || !*err.msg)
			abort();
		return 0;
	}
	mv_buf_init(&once, 64u << 20);
	if (mv_json_print(&once, v, 0, &err))
		abort();
	mv_json_free(v);
	ret = mv_json_parse(&v, once.data, once.len, &err);
	must_give(ret, v, once.data);
	mv_buf_release(&once);
	return 0;
}
