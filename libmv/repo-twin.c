/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/base/fs.h"
#include "libmv/repo-internal.h"

int mv_same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The stat cache refuses what is younger than 20 ms. */
#define YOUNG_NS (21 * 1000 * 1000)

static int64_t age_ns(const struct timespec *then, const struct timespec *now)
{
	return (int64_t)(now->tv_sec - then->tv_sec) * 1000000000 +
	       (now->tv_nsec - then->tv_nsec);
}

int mv_repo_see(struct mv_repo_seen *out, int fd, const char *path,
		int patient, struct mv_err *err)
{
	const struct timespec pause = { 0, YOUNG_NS };
	int64_t age;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &out->now);
		if (fstat(fd, &out->st))
			return mv_fail_errno(err, errno, "cannot stat '%s'",
					     path);
		age = age_ns(&out->st.st_ctim, &out->now);
		if (!patient-- || age < 0 || age > YOUNG_NS)
			return 0;
		nanosleep(&pause, NULL);
	}
}

int mv_twin_init(struct mv_twin *twin, struct mv_reader *in, int fd,
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
	twin->ours = malloc(2 * (size_t)MV_TWIN_BLOCK);
	if (!twin->ours)
		return mv_nomem(err);
	twin->theirs = twin->ours + MV_TWIN_BLOCK;
	return 0;
}

void mv_twin_release(struct mv_twin *twin)
{
	free(twin->ours);
	twin->ours = twin->theirs = NULL;
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

int mv_twin_match(struct mv_twin *twin, struct mv_err *err)
{
	size_t got;
	int rc;

	while (!twin->differs && !twin->ended) {
		rc = mv_read_full(twin->in, twin->theirs, MV_TWIN_BLOCK, &got,
				  err);
		if (rc)
			return rc;
		twin->ended = got < MV_TWIN_BLOCK;
		if (agrees(twin, twin->theirs, got))
			continue;
		twin->differs = 1;
		twin->len = got;
	}
	return 0;
}

int mv_twin_moved(const struct mv_twin *twin)
{
	struct stat now;

	return twin->fd >= 0 &&
	       (fstat(twin->fd, &now) || !mv_same_stat(&now, &twin->st));
}

int mv_twin_equal(const struct mv_twin *twin)
{
	return !twin->differs && twin->ended &&
	       twin->agreed == (uint64_t)twin->st.st_size &&
	       !mv_twin_moved(twin);
}

static int replay(struct mv_twin *twin, void *data, size_t len, size_t *got,
		  struct mv_err *err)
{
	uint64_t left = twin->agreed - twin->replayed;
	int rc;

	if (len > left)
		len = (size_t)left;
	rc = mv_pread_full(twin->fd, data, len, twin->replayed, got,
			   twin->path, err);
	if (!rc && *got != len)
		rc = mv_fail(err, MV_EEXISTS,
			     "'%s' changed while it was being read",
			     twin->path);
	twin->replayed += *got;
	return rc;
}

static int twin_read(void *payload, void *data, size_t len, size_t *got,
		     struct mv_err *err)
{
	struct mv_twin *twin = payload;
	int rc;

	*got = 0;
	if (twin->replayed < twin->agreed)
		return replay(twin, data, len, got, err);
	if (twin->pos < twin->len) {
		*got = twin->len - twin->pos < len ? twin->len - twin->pos :
						     len;
		memcpy(data, twin->theirs + twin->pos, *got);
		twin->pos += *got;
		return 0;
	}
	if (twin->ended || !len)
		return 0;
	rc = twin->in->read(twin->in->payload, data, len, got, err);
	if (rc)
		return rc;
	twin->ended = !*got;
	if (!twin->differs && !agrees(twin, data, *got))
		twin->differs = 1;
	/* These bytes have been given out just now: nothing to replay. */
	twin->replayed = twin->agreed;
	return 0;
}

struct mv_reader mv_twin_reader(struct mv_twin *twin)
{
	return (struct mv_reader){ twin_read, twin };
}
