/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "libmv/work/priv.h"

int mv_work_twin_init(struct mv_twin *twin, struct mv_reader *in, int fd,
		      const struct stat *st, const char *path, struct mv_err *err)
{
	memset(twin, 0, sizeof(*twin));
	twin->in = in;
	twin->fd = fd;
	twin->path = path;
	twin->differs = fd < 0;
	if (fd < 0)
		return 0;
	twin->st = *st;
	twin->ours = malloc(MV_TWIN_BLOCK);
	return twin->ours ? 0 : mv_nomem(err);
}

void mv_work_twin_release(struct mv_twin *twin)
{
	free(twin->ours);
	twin->ours = NULL;
}

/* An unreadable file is a file that differs: `in` is what counts. */
static int agrees(struct mv_twin *twin, const char *data, size_t len)
{
	size_t got = 0;

	while (len) {
		size_t part = len < MV_TWIN_BLOCK ? len : MV_TWIN_BLOCK;

		if (mv_pread_full(twin->fd, twin->ours, part, twin->agreed,
				  &got, twin->path, NULL) ||
		    got != part || memcmp(twin->ours, data, part))
			return 0;
		twin->agreed += part;
		data += part;
		len -= part;
	}
	return 1;
}

static int stands_still(const struct mv_twin *twin)
{
	struct stat now;

	return !fstat(twin->fd, &now) && mv_repo_same_stat(&now, &twin->st);
}

int mv_work_twin_equal(const struct mv_twin *twin)
{
	return !twin->differs && twin->ended &&
	       twin->agreed == (uint64_t)twin->st.st_size &&
	       stands_still(twin);
}

static int twin_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct mv_twin *twin = payload;
	int rc = twin->in->read(twin->in->payload, data, len, got, err);

	if (rc)
		return rc;
	twin->ended = !*got && len;
	if (!twin->differs && !agrees(twin, data, *got))
		twin->differs = 1;
	return 0;
}

struct mv_reader mv_work_twin_reader(struct mv_twin *twin)
{
	return (struct mv_reader){ twin_read, twin };
}
