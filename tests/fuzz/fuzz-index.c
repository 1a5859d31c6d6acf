/* SPDX-License-Identifier: MIT */
/*
 * Input: an index file. If it opens, every id that it has is looked for, and
 * some that it has not; in an index that passes its verification each must
 * be found where it is. Tables that are not sorted must do no harm.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libmv/store/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct mv_index *x, enum mv_index_table t,
		    int sorted)
{
	for (uint64_t i = 0; i < x->count[t]; i++) {
		struct mv_oid id = x->ids[t][i];
		int64_t pos = mv_index_find(x, t, &id);
		uint32_t pack;
		uint64_t off;

		if (pos >= (int64_t)x->count[t] ||
		    (pos >= 0 && !mv_oid_eq(&x->ids[t][pos], &id)) ||
		    (sorted && pos != (int64_t)i))
			abort();
		if (!mv_index_locate(&pack, &off, x, t, i, NULL) &&
		    pack >= x->packs)
			abort();
		id.b[31] ^= 1;
		pos = mv_index_find(x, t, &id);
		if (pos >= 0 && !mv_oid_eq(&x->ids[t][pos], &id))
			abort();
	}
}

/* Ascending is what a search may count on; the rest is fsck's. */
static int is_sorted(const struct mv_index *x, enum mv_index_table t)
{
	for (uint64_t i = 1; i < x->count[t]; i++)
		if (mv_oid_cmp(&x->ids[t][i - 1], &x->ids[t][i]) >= 0)
			return 0;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_index *x;
	char path[64];
	int fd;

	fd = memfd_create("index", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!mv_index_open(&x, path, NULL)) {
		mv_index_verify(x, NULL);
		for (int t = 0; t < 2; t++)
			look_up(x, (enum mv_index_table)t,
				is_sorted(x, (enum mv_index_table)t));
		mv_index_free(x);
	}
	close(fd);
	return 0;
}
