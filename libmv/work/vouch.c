/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libmv/base/worktree.h"
#include "libmv/git/files.h"
#include "libmv/git/objects.h"
#include "libmv/work/priv.h"

/*
 * Does a file hold what its index entry says? Asked for entries that git
 * would have to read, too, because they are as young as the index ("racy").
 * It is compared as it lies there: what a conversion (line ends, another
 * filter) made of it is not recognised, and git goes on to read it.
 */

#define BLOCK ((size_t)1 << 20)

struct sums {
	uint64_t size;
	uint8_t blob[32];	/* what git would call the bytes */
	struct mv_oid oid;	/* what a pointer calls them */
};

static int begin_blob(struct mv_hasher **h, const struct mv_repo *repo,
		      uint64_t size)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "blob %llu",
			 (unsigned long long)size);
	int rc = mv_hasher_new(h, repo->info->sha256 ? MV_HASH_SHA256 :
						       MV_HASH_SHA1, NULL);

	return rc ? rc : mv_hasher_update(*h, head, (size_t)n + 1, NULL);
}

static int sum_file(struct sums *out, const struct mv_repo *repo, int fd,
		    uint64_t size, const char *path)
{
	struct mv_hasher *blob = NULL, *oid = NULL;
	char *block = malloc(BLOCK);
	size_t got = 1;
	int rc = block ? begin_blob(&blob, repo, size) : MV_ENOMEM;

	if (!rc)
		rc = mv_hasher_new(&oid, MV_HASH_SHA256, NULL);
	for (out->size = 0; !rc && got; out->size += got) {
		rc = mv_pread_full(fd, block, BLOCK, out->size, &got, path,
				   NULL);
		if (!rc)
			rc = mv_hasher_update(blob, block, got, NULL);
		if (!rc)
			rc = mv_hasher_update(oid, block, got, NULL);
	}
	if (!rc)
		rc = mv_hasher_final(out->blob, blob, NULL);
	if (!rc)
		rc = mv_hasher_final(out->oid.b, oid, NULL);
	mv_hasher_free(blob);
	mv_hasher_free(oid);
	free(block);
	if (!rc && out->size != size)
		rc = MV_EBUSY;
	return rc;
}

static int is_blob(const struct sums *sums, const struct mv_repo *repo,
		   const char *blob)
{
	char hex[MV_OID_HEX + 1];

	mv_hex(hex, sums->blob, repo->info->hex_len / 2);
	return !strcmp(hex, blob);
}

static int is_content(const struct sums *sums, struct mv_repo *repo,
		      const char *blob)
{
	struct mv_pointer pointer;
	struct mv_buf text;
	int yes;

	mv_buf_init(&text, MV_POINTER_MAX);
	yes = !mv_git_read_blob(repo->git, blob, &text, NULL, NULL) &&
	      !mv_pointer_parse(&pointer, text.data, text.len, NULL) &&
	      pointer.size == sums->size &&
	      mv_oid_eq(&pointer.oid, &sums->oid);
	mv_buf_release(&text);
	return yes;
}

static int vouch_for_file(struct mv_repo *repo, int rootfd,
			  const struct mv_git_racy *e)
{
	struct mv_repo_seen seen;
	struct sums sums;
	int fd, yes;

	if (mv_wt_open_read(&fd, NULL, rootfd, e->path, NULL))
		return 0;
	yes = !mv_repo_see(&seen, repo, fd, e->path, 0, NULL) &&
	      mv_is_quiet(&seen.st, &seen.clock) &&
	      !sum_file(&sums, repo, fd, (uint64_t)seen.st.st_size, e->path) &&
	      (is_blob(&sums, repo, e->blob) ||
	       is_content(&sums, repo, e->blob));
	close(fd);
	return yes;
}

static int vouch_for_link(struct mv_repo *repo, int rootfd,
			  const struct mv_git_racy *e)
{
	char target[PATH_MAX], hex[MV_OID_HEX + 1];
	struct mv_fs_clock clock;
	struct stat st;
	ssize_t len;

	mv_repo_clock(&clock, repo);
	if (fstatat(rootfd, e->path, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISLNK(st.st_mode) || !mv_is_quiet(&st, &clock))
		return 0;
	len = readlinkat(rootfd, e->path, target, sizeof(target));
	return len >= 0 && (size_t)len < sizeof(target) &&
	       !mv_git_blob_name(repo->git, hex, target, (size_t)len, NULL) &&
	       !strcmp(hex, e->blob);
}

int mv_work_vouch(void *payload, const struct mv_git_racy *e)
{
	struct mv_repo *repo = payload;
	int rootfd;

	if (mv_repo_root(&rootfd, repo, NULL))
		return 0;
	switch (e->mode & 0170000) {
	case 0100000:
		return vouch_for_file(repo, rootfd, e);
	case 0120000:
		return vouch_for_link(repo, rootfd, e);
	default:
		return 0;
	}
}
