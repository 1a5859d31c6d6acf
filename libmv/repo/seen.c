/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libmv/repo/files.h"
#include "libmv/repo/repo.h"
#include "libmv/repo/state.h"

/* What an open file looks like, and what time it is where it lies. */

int mv_repo_same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

#define MS 1000000l
/* What git hands over and we hash, a little less where a disk is slow. */
#define READ_PER_MS (512ull * 1024 * 1024 / 1000)
#define HASH_BLOCK ((size_t)1 << 20)
#define CLOCK_AGE_MS 500	/* how long a clock that was read will do */

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / MS;
}

/*
 * An older reading is as safe: it only calls fewer files quiet. So thousands
 * of small files share one.
 */
void mv_repo_clock(struct mv_fs_clock *out, struct mv_repo *repo)
{
	const int64_t now = monotonic_ms();
	int rootfd;

	memset(out, 0, sizeof(*out));
	if (!repo)
		return;
	pthread_mutex_lock(&repo->clock_lock);
	if (!repo->clock.known || now - repo->clock_at > CLOCK_AGE_MS) {
		if (!mv_repo_root(&rootfd, repo, NULL))
			mv_fs_clock_read(&repo->clock, rootfd,
					 repo->info->git_dir);
		repo->clock_at = now;
	}
	*out = repo->clock;
	pthread_mutex_unlock(&repo->clock_lock);
}

static void forget_clock(struct mv_repo *repo)
{
	pthread_mutex_lock(&repo->clock_lock);
	repo->clock.known = 0;
	pthread_mutex_unlock(&repo->clock_lock);
}

int mv_repo_outwait(struct mv_repo *repo, uint64_t bytes)
{
	struct mv_fs_clock clock;
	struct timespec pause = { 0, 0 };
	uint64_t ms;

	forget_clock(repo);
	mv_repo_clock(&clock, repo);
	if (!clock.known)
		return 0;
	/* Some milliseconds more: stamps are those of the last tick. */
	ms = 1000 - (uint64_t)(clock.now.tv_nsec / MS) + 10;
	if (bytes / READ_PER_MS < ms)
		return 0;
	pause.tv_sec = (time_t)(ms / 1000);
	pause.tv_nsec = (long)(ms % 1000) * MS;
	nanosleep(&pause, NULL);
	forget_clock(repo);
	return 1;
}

int mv_repo_see(struct mv_repo_seen *out, struct mv_repo *repo, int fd,
		const char *path, int patient, struct mv_err *err)
{
	for (;;) {
		mv_repo_clock(&out->clock, repo);
		if (fstat(fd, &out->st))
			return mv_fail_errno(err, errno, "cannot stat '%s'",
					     path);
		if (!patient-- || mv_is_quiet(&out->st, &out->clock) ||
		    out->st.st_dev != out->clock.dev ||
		    !mv_repo_outwait(repo, (uint64_t)out->st.st_size))
			return 0;
		patient = 0;
	}
}

int mv_repo_hash_file(struct mv_oid *oid, uint64_t *size, int fd,
		      const char *file, struct mv_err *err)
{
	struct mv_hasher *hasher = NULL;
	uint8_t *block = malloc(HASH_BLOCK);
	size_t got = 1;
	int rc = block ? mv_hasher_new(&hasher, MV_HASH_SHA256, err) :
			 mv_nomem(err);

	for (*size = 0; !rc && got; *size += got) {
		rc = mv_pread_full(fd, block, HASH_BLOCK, *size, &got, file,
				   err);
		if (!rc)
			rc = mv_hasher_update(hasher, block, got, err);
	}
	if (!rc)
		rc = mv_hasher_final(oid->b, hasher, err);
	mv_hasher_free(hasher);
	free(block);
	return rc;
}
