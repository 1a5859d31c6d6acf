/* SPDX-License-Identifier: MIT */
/*
 * A stat cache whose file holds anything. Whatever it is, it is no error;
 * and what is put now is found after save and open, behind whatever junk.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/fs.h"
#include "libmv/base/statcache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_found(const char *file, const struct stat *st,
			const struct mv_oid *oid)
{
	struct mv_statcache *c;
	struct mv_oid got;

	if (mv_statcache_open(&c, file, NULL))
		abort();
	if (mv_statcache_get(&got, c, "dir/file", st) ||
	    !mv_oid_eq(&got, oid))
		abort();
	mv_statcache_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mv_fs_clock now = { 0, { 2000000000, 0 }, 1 };
	char file[] = "/tmp/mv-fuzz-XXXXXX";
	struct mv_statcache *c;
	struct mv_oid oid, got;
	struct stat st;
	int fd = mkstemp(file);

	if (fd < 0 || mv_write_full(fd, data, size, file, NULL))
		abort();
	close(fd);
	memset(&st, 0, sizeof(st));
	memset(&oid, 7, sizeof(oid));
	st.st_size = (off_t)size;
	st.st_ino = size ? data[0] : 0;

	if (mv_statcache_open(&c, file, NULL))
		abort();
	mv_statcache_get(&got, c, "dir/file-1", &st);
	if (mv_statcache_put(c, "dir/file", &st, &oid, &now) ||
	    mv_statcache_save(c, NULL))
		abort();
	mv_statcache_close(c);
	check_found(file, &st, &oid);
	unlink(file);
	return 0;
}
