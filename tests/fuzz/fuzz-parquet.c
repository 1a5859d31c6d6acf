/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_file f = { data, size };
	struct mv_layout l;
	int rc = mv_parquet_list(&l, fuzz_read, &f, size, NULL);

	fuzz_listed(&l, rc, size);
	fuzz_hints(&mv_walker_parquet, data, size);
	return 0;
}
